"""What the command `report` is asked for: held against what goes together before the work, and written after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coverage import reports
from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.errors import DataError
from coverage.reports import addresses, pack
from coverage.terminal import progress


@dataclass(frozen=True)
class Asked:
    """Hold the arguments of the command."""

    report: str  # one of reports.FORMATS, or all
    format: str | None
    out: Path | None
    municipality: tuple[str, ...] = ()
    area: tuple[str, ...] = ()
    technology: str | None = None
    each_municipality: bool = False
    verify: Path | None = None

    @property
    def parts(self) -> dict[str, Any]:
        """Return which part of an assessment is asked for."""
        return {"municipality": self.municipality, "area": self.area, "technology": self.technology}

    @property
    def chosen(self) -> bool:
        """Say whether what is written is of municipalities or areas, and not of the whole study."""
        return bool(self.each_municipality or self.municipality or self.area)

    @property
    def packed(self) -> bool:
        """Say whether a folder of reports is asked for, and not one file."""
        return self.each_municipality or self.report == pack.ALL

    def require(self, audience: Audience) -> None:
        """Raise DataError, or PolicyError, with one sentence where these do not go together."""
        if self.verify is not None:
            if self.report != "priority" or self.format or self.out or self.each_municipality:
                raise DataError(
                    "report: --verify is of one priority list, and writes nothing; "
                    "leave --format, --out and --each-municipality away"
                )
            return
        if self.each_municipality and (self.area or self.technology):
            raise DataError(
                "report: --each-municipality writes whole municipalities; leave --area and --technology away"
            )
        if self.packed and self.out is None:
            raise DataError("report: --out is needed; expected the folder that the reports go into")
        if not self.packed and (self.format is None or self.out is None):
            raise DataError("report: --format and --out are needed, or --verify with a list; expected one of the two")
        if self.report == "addresses":
            addresses.require_known(audience, chosen=self.chosen)
        pack.asked_for(self.report, self.format, audience, chosen=self.chosen)
        if self.packed:
            assert self.out is not None  # noqa: S101 - for the type checker; said above
            reports.check_folder(self.out)


def write(asked: Asked, assessment: Assessment, *, language: str, writers: Mapping[str, pack.Writer]) -> str:
    """Write what is asked for; return what to say of it. `writers` hold the formats that are drawn elsewhere."""
    assert asked.out is not None  # noqa: S101 - for the type checker; `require` came first
    chosen = pack.asked_for(asked.report, asked.format, assessment.audience, chosen=asked.chosen)
    if asked.each_municipality:
        ordered = pack.orders(assessment, asked.municipality)
        with progress(len(ordered) + 1) as step:
            step(f"writing {len(ordered)} municipalities")
            index = pack.write_packs(
                assessment, asked.out, reports=chosen, municipality=asked.municipality, language=language,
                writers=writers, progress=step,
            )  # fmt: skip
        size = index["bytes"].sum() / 1e6
        return f"wrote {len(index)} files for {len(ordered)} municipalities into {asked.out}, {size:.1f} MB"
    if asked.packed:
        pack.write_pack(assessment, asked.out, reports=chosen, language=language, writers=writers, **asked.parts)
        return f"wrote {asked.out}"
    ((report, kind),) = chosen
    if kind in writers:
        writers[kind](reports.select(assessment, **asked.parts), asked.out)
    else:
        reports.render(assessment, report, format=kind, path=asked.out, language=language, **asked.parts)
    return f"wrote {asked.out}"
