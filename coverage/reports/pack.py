"""Packs: every report in every format, in one folder for each municipality, from one assessment.

Municipalities are written side by side by as many processes as there are cores. A worker takes over the assessment
once: by a fork, which copies nothing, or else handed over as it starts.
"""

from __future__ import annotations

import io
import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pandas as pd

from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.errors import CoverageError, DataError
from coverage.kinds import is_mobile
from coverage.reports import change, delimited, folder, single
from coverage.reports.outputs import replacing, write_run
from coverage.reports.selection import Selection, cut
from coverage.reports.wording import load_wording
from coverage.side_by_side import cores, each

ALL: Final = "all"  # every report
NAMES: Final = {"gap": "gap-report", "priority": "priority-list", "addresses": "address-list"}
MAP: Final = "map.html"
INTERNAL: Final = frozenset({"addresses"})  # addresses of homes, which only the internal audience may have
INDEX: Final = "index.csv"
LONGEST: Final = 48  # characters of a municipality's name in that of its folder
LETTERS: Final = str.maketrans({"æ": "ae", "ø": "o", "å": "a", "ß": "ss", "ð": "d", "þ": "th", "ł": "l", "đ": "d"})

Report = tuple[str, str]  # and its format
Writer = Callable[[Assessment, Path], None]
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Order:
    """Hold what one pack is of, a municipality, and the name of its folder."""

    code: str
    name: str
    folder: str

    def __str__(self) -> str:
        """Return what a message calls it."""
        return f"{self.name} ({self.code})"


@dataclass(frozen=True)
class Desk:
    """Hold what is needed to write any pack: it is made once, and each worker has it."""

    assessment: Assessment
    reports: tuple[Report, ...]
    language: str
    writers: Mapping[str, Writer]  # of formats that are drawn elsewhere
    into: Path

    def serve(self, order: Order) -> None:
        """Write the pack of one municipality. Raises CoverageError that names it and the file that failed."""
        selection = cut(self.assessment, municipality=[order.code])
        (self.into / order.folder).mkdir()
        self.fill(self.into / order.folder, selection, of=str(order))

    def fill(self, folder: Path, selection: Selection, *, of: str) -> None:
        """Write every report of a selection into a folder. Raises CoverageError with whose and which file failed."""
        wording = load_wording(self.language)
        for report, kind in self.reports:
            path = folder / file_name(report, kind)
            try:
                if kind in self.writers:
                    self.writers[kind](selection.assessment, path)
                else:
                    single.write(selection, report, format=kind, path=path, wording=wording)
            except Exception as error:
                reason = str(error) or type(error).__name__
                raise CoverageError(f"{of}: {path.name} cannot be written: {reason}") from error


def asked_for(
    report: str,
    format: str | None,  # noqa: A002 - the command line's own word
    audience: Audience,
    *,
    chosen: bool = True,
) -> tuple[Report, ...]:
    """Return the reports and formats that `report`, or `all`, and a format, or none, stand for.

    Of `all`, address lists are left out for an audience that may not have them, and where they would be of the whole
    study, that is where no municipality or area is `chosen`. Raises DataError where nothing is left to write.
    """
    if report != ALL:
        single.require_format(report, format or single.FORMATS.get(report, ("",))[0])
        return tuple((report, kind) for kind in single.FORMATS[report] if format in (None, kind))
    may = {
        name: kinds for name, kinds in single.FORMATS.items() if (audience.internal and chosen) or name not in INTERNAL
    }
    found = tuple((name, kind) for name, kinds in may.items() for kind in kinds if format in (None, kind))
    if not found:
        known = dict.fromkeys(kind for kinds in may.values() for kind in kinds)
        raise DataError(f"there is no report as {format!r}; expected one of {', '.join(known)}")
    return found


def write_packs(
    assessment: Assessment,
    into: Path,
    *,
    reports: Sequence[Report],
    municipality: Collection[str] = (),
    language: str = "en",
    writers: Mapping[str, Writer] = MappingProxyType({}),
    workers: int | None = None,
    progress: Progress,
) -> pd.DataFrame:
    """Write one folder of reports for each municipality, or each of those named; return the index of the files.

    All or nothing, in place of what an earlier run wrote. `writers` hold those of formats that are drawn elsewhere
    (html). `progress` is called as each municipality is done. Raises DataError for an unknown code and where the
    folder holds other people's files, CoverageError that names municipality and file where one cannot be written.
    """
    ordered = orders(assessment, municipality)
    with replacing(into) as made:
        desk = Desk(assessment, tuple(reports), language, writers, made)
        _prepare(desk)
        sizes = assessment.places["municipality_code"].value_counts()
        largest_first = sorted(ordered, key=lambda order: -int(sizes.get(order.code, 0)))  # none is alone at the end
        served = each(Desk.serve, largest_first, shared=desk, workers=workers or cores())
        for number, order in enumerate(served, start=1):
            progress(f"{order.code} {order.name} ({number}/{len(ordered)})")
        index = _index(assessment, ordered, made)
        delimited.write_csv(index, made / INDEX)
        _write_run(desk)
    return index


def write_pack(
    assessment: Assessment,
    into: Path,
    *,
    reports: Sequence[Report],
    municipality: Collection[str] = (),
    area: Collection[str] = (),
    technology: str | None = None,
    language: str = "en",
    writers: Mapping[str, Writer] = MappingProxyType({}),
) -> None:
    """Write reports of one selection into one folder, all or nothing; see `write_packs`."""
    selection = cut(assessment, municipality=municipality, area=area, technology=technology)
    with replacing(into) as made:
        desk = Desk(assessment, tuple(reports), language, writers, made)
        desk.fill(made, selection, of=selection.title(load_wording(language)))
        _write_run(desk)


def zipped(
    assessment: Assessment,
    code: str,
    *,
    language: str = "en",
    writers: Mapping[str, Writer] = MappingProxyType({}),
) -> bytes:
    """Return the whole pack of one municipality as a zip; the same assessment gives the same bytes."""
    (order,) = orders(assessment, [code])
    stamp = (*assessment.study.as_of.timetuple()[:3], 0, 0, 0)
    held = io.BytesIO()
    with tempfile.TemporaryDirectory() as place, zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        Desk(assessment, asked_for(ALL, None, assessment.audience), language, writers, Path(place)).serve(order)
        for path in sorted((Path(place) / order.folder).iterdir()):
            entry = zipfile.ZipInfo(f"{order.folder}/{path.name}", date_time=stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return held.getvalue()


def orders(assessment: Assessment, codes: Collection[str] = ()) -> list[Order]:
    """Return what to write, by code: every municipality or those named, each with a folder's name of its own.

    Raises DataError for a code that the assessment does not have.
    """
    towns = assessment.municipalities
    names = dict(zip(towns["municipality_code"].astype(str), towns["name"].astype(str), strict=True))
    if unknown := sorted(set(codes) - set(names)):
        cut(assessment, municipality=unknown)  # says which are there
    found: list[Order] = []
    taken: set[str] = set()
    for code, name in sorted(names.items()):
        plain = "-".join(part for part in (slug(code), slug(name)) if part) or "municipality"
        own = plain
        while own in taken:  # two codes that differ in signs that no folder's name may hold
            own = f"{plain}-{len(taken)}"
        taken.add(own)
        found.append(Order(code, name, own))
    return [order for order in found if not codes or order.code in codes]


def slug(text: str) -> str:
    """Return a text as part of a name that every file system takes: a-z, 0-9 and hyphens, not too long."""
    letters = unicodedata.normalize("NFKD", text.lower().translate(LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters)[:LONGEST].strip("-")


def file_name(report: str, kind: str) -> str:
    """Return what a report is called in a pack."""
    return MAP if kind == "html" else f"{NAMES[report]}.{kind}"


def _prepare(desk: Desk) -> None:
    """Make what all municipalities share, before there are workers: each would make it again."""
    wanted = {report for report, _ in desk.reports}
    if "priority" in wanted:
        change.change_table(desk.assessment)
    if wanted - {"priority"}:
        folder.gap_fingerprint(desk.assessment)


def _index(assessment: Assessment, ordered: Sequence[Order], made: Path) -> pd.DataFrame:
    """Return one row per file, with how many areas and premises its municipality has and the grant they ask for."""
    areas = assessment.areas
    rows = []
    for order in ordered:
        mine = areas[areas["municipality_code"] == order.code]
        funded = mine[mine["decision"] == "fund"]
        counts = {
            "municipality_code": order.code,
            "municipality": order.name,
            "areas": len(mine),
            "premises": float(mine.loc[~is_mobile(mine), "premises"].sum()),
            "grant": round(float(mine["grant"].sum()), 2),
            "funded_areas": len(funded),
            "funded_grant": round(float(funded["grant"].sum()), 2),
        }
        files = sorted((made / order.folder).iterdir())
        rows += [{**counts, "file": f"{order.folder}/{path.name}", "bytes": path.stat().st_size} for path in files]
    return pd.DataFrame(rows).assign(
        policy=assessment.policy.id,
        as_of=assessment.study.as_of.isoformat(),
        currency=assessment.study.currency,
        data_status=assessment.study.data_status,
    )


def _write_run(desk: Desk) -> None:
    asked = [f"{report} {kind}" for report, kind in desk.reports]
    told = {"audience": str(desk.assessment.audience), "language": desk.language, "reports": asked}
    write_run(desk.assessment, desk.into, hashed=lambda name: True, more=told)
