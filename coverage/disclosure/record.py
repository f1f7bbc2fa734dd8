"""What goes with the frames as an audience may see it: the study's sources, the summary, the provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.disclosure.limits import Limits
from coverage.disclosure.names import Hidden, key_of
from coverage.inputs import SourceSpec
from coverage.study import Study

# What the provenance says of a source to everybody; its notes and examples quote rows.
OF_SOURCES: Final = (
    "source", "role", "supplier", "licence", "as_of", "data_status", "sha256", "rows_read", "rows_rejected",
    "rows_left_out", "geometries_repaired", "crs_found",
)  # fmt: skip
HEARING: Final = "hearing"
# Rooms whose warnings name applications and corrections, as those of a source begin with its id.
SPEAKERS: Final = ("applications", "awards", "corrections", "lots")
WITHHELD_WARNINGS: Final = "remarks about rows of the data are shown to internal readers only"


@dataclass(frozen=True)
class Sources:
    """Hold the study's sources, told without the names that are hidden, and what each was called before."""

    told: tuple[SourceSpec, ...]
    was: Mapping[str, str]  # id as the study has it -> as it is told

    @classmethod
    def of(cls, study: Study, hidden: Hidden) -> Sources:
        """Tell every source; one of a hearing, or whose id, file, address or supplier names an operator, by a number.

        How a source is read (columns, constants, options, where it lies on this machine) is told to nobody.
        """
        told, was = [], {}
        for number, spec in enumerate(study.sources, start=1):
            facts = (spec.id, spec.name, spec.path.name, spec.layer, spec.url, spec.supplier)
            named = spec.role == HEARING or any(map(hidden.within, facts))
            plain = replace(
                spec, path=Path(spec.path.name), columns={}, constants={}, values={}, options={}, where={},
                where_prefix={},
            )  # fmt: skip
            if named:
                new = f"{spec.role}-{number}"
                supplier = "" if hidden.within(spec.supplier) else spec.supplier
                plain = replace(plain, id=new, path=Path(new), file=new, root="study", layer="", url="")
                plain = replace(plain, supplier=supplier, uploaded="")
            told.append(plain)
            was[spec.id] = plain.id
        return cls(tuple(told), was)


def tell_study(study: Study, sources: Sources, hidden: Hidden) -> Study:
    """Return the study as it may be described: it can be told, and no longer be loaded."""
    notes = tuple(note for note in study.notes if not hidden.within(note))
    return replace(study, sources=sources.told, notes=notes, told=True)


def tell_summary(summary: Mapping[str, Any], *, audience: Audience, limits: Limits) -> dict[str, Any]:
    """Return the summary without what single operators did in the hearing, and without offices where they are hidden.

    Counts of the whole study stay. Mobile coverage by operator stays: the operators publish those maps.
    """
    told = dict(summary)
    if "hearing" in told:
        own = key_of(audience.operator) if audience.operator else None
        rows = [row for row in told["hearing"]["operators"] if key_of(str(row["operator"])) == own]
        told["hearing"] = told["hearing"] | {"operators": rows}
    if limits.offices and "corrections" in told:
        told["corrections"] = told["corrections"] | {"offices": {}}
    return told


def tell_provenance(assessment: Assessment, sources: Sources, hidden: Hidden) -> dict[str, Any]:
    """Return the provenance without the checks of rows, and without what the sources say of their rows."""
    told = {name: value for name, value in assessment.provenance.items() if name != "check"}
    files = {spec.name: new.name for spec, new in zip(assessment.study.sources, sources.told, strict=True)}
    told["inputs"] = _renamed(told.get("inputs", {}), files, hidden)
    told["sources"] = [
        {name: row[name] for name in OF_SOURCES if name in row}
        | {"source": sources.was.get(str(row.get("source")), "")}
        | ({"supplier": ""} if hidden.within(str(row.get("supplier", ""))) else {})
        for row in told.get("sources", [])
    ]
    if "notes" in told:
        told["notes"] = [note for note in told["notes"] if not hidden.within(str(note))]
    speakers = (*SPEAKERS, *(source.id for source in assessment.study.sources))
    warnings = [str(text) for text in told.get("warnings", [])]
    kept = [text for text in warnings if not (text.startswith(tuple(f"{name}:" for name in speakers)))]
    kept = [text for text in kept if not hidden.within(text)]
    told["warnings"] = [*kept, *([WITHHELD_WARNINGS] if len(kept) < len(warnings) else [])]
    return told


def _renamed(digests: Mapping[str, str], files: Mapping[str, str], hidden: Hidden) -> dict[str, str]:
    """Return the digests of the inputs under names that may be told."""
    told: dict[str, str] = {}
    for number, (name, mark) in enumerate(digests.items(), start=1):
        new = files.get(name, name)
        told[f"file-{number}" if hidden.within(new) else new] = mark
    return told
