"""What is wrong with the data of a study: per source what was read, rejected, repaired, and where and when it is of.

A *problem* is something that someone must look at before the result is trusted; a *note* only has to be known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from coverage import agreement
from coverage.findings import Box, Finding, date_span, find, shared_part
from coverage.inputs import Inputs, SourceReport, SourceSpec
from coverage.policy import load_policy
from coverage.study import Inspection, Study, ignore
from coverage.verdicts import judge_inputs

EXAMPLES: Final = 3

# Header, and whether the column holds numbers.
COLUMNS: Final = (
    ("source", False), ("role", False), ("rows", True), ("rejected", True), ("left out", True), ("repaired", True),
    ("CRS found", False), ("extent", False), ("as of", False), ("status", False),
)  # fmt: skip
FINDING_COLUMNS: Final = ("severity", "source", "finding")


@dataclass(frozen=True)
class Rejection:
    """Hold one reason for which rows of a source were rejected, with a few examples (row, value)."""

    source: str
    field: str
    reason: str
    rows: int
    examples: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class CheckReport:
    """Hold what `check` found. `crs` is the study's, into which every source was brought."""

    study: str
    name: str
    crs: str
    as_of: dt.date
    data_status: str
    specs: tuple[SourceSpec, ...]
    sources: tuple[SourceReport, ...]  # of those that could be read
    rejections: tuple[Rejection, ...]
    findings: tuple[Finding, ...]
    places: dict[str, Any]
    area: Box | None = None  # bounding box of the municipalities
    agreement: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_inputs(cls, inputs: Inputs, *, study: Study, agreement: Mapping[str, Any] | None = None) -> CheckReport:
        """Sum up a study that is loaded already; `agreement` as the assessment's summary has it."""
        west, south, east, north = (float(value) for value in inputs.municipalities.total_bounds)
        found = Inspection(
            inputs=inputs, area=(west, south, east, north), reports=inputs.reports, rejected=inputs.rejected,
            warnings=inputs.warnings,
        )  # fmt: skip
        return cls.from_inspection(found, study=study, agreement=agreement)

    @classmethod
    def from_inspection(
        cls, found: Inspection, *, study: Study, agreement: Mapping[str, Any] | None = None
    ) -> CheckReport:
        """Sum up what could be read of a study."""
        return cls(
            study=study.id,
            name=study.name,
            crs=study.crs,
            as_of=study.as_of,
            data_status=study.data_status,
            specs=study.sources,
            sources=found.reports,
            rejections=_rejections(found),
            findings=find(found, study),
            places={} if found.inputs is None else _places(found.inputs.places),
            area=found.area,
            agreement=dict(agreement or {}),
        )

    @property
    def problems(self) -> tuple[str, ...]:
        """Return one sentence for each thing that someone must look at; none: the data are clean."""
        return tuple(finding.sentence for finding in self.findings if finding.severity == "problem")

    @property
    def notes(self) -> tuple[str, ...]:
        """Return one sentence for each thing to be known about the data."""
        return tuple(finding.sentence for finding in self.findings if finding.severity == "note")

    @property
    def dates(self) -> tuple[dt.date, dt.date] | None:
        """Return the first and the last as-of date of the sources, or None where no source has one."""
        return date_span(self.specs)

    def to_mapping(self) -> dict[str, Any]:
        """Return the report as JSON-able values, in a fixed order."""
        span = self.dates
        return {
            "study": self.study,
            "name": self.name,
            "crs": self.crs,
            "as_of": self.as_of.isoformat(),
            "data_status": self.data_status,
            "problems": list(self.problems),
            "notes": list(self.notes),
            "dates": None if span is None else {"first": span[0].isoformat(), "last": span[1].isoformat()},
            "area": None if self.area is None else [round(value, 1) for value in self.area],
            "places": self.places,
            "sources": [_source_mapping(report, self.area) for report in self.sources],
            "rejected": [
                {
                    "source": item.source,
                    "field": item.field,
                    "reason": item.reason,
                    "rows": item.rows,
                    "examples": [{"row": row, "value": value} for row, value in item.examples],
                }
                for item in self.rejections
            ],
            "agreement": self.agreement,
        }

    def rows(self) -> list[tuple[str, ...]]:
        """Return one row of text per source, under COLUMNS."""
        read = {report.source: report for report in self.sources}
        return [_row(spec, read.get(spec.id), self.area) for spec in self.specs]

    def source_rows(self) -> list[dict[str, str]]:
        """Return the table of sources as records, for a page."""
        return [dict(zip((name for name, _ in COLUMNS), row, strict=True)) for row in self.rows()]

    def rejection_rows(self) -> list[dict[str, Any]]:
        """Return one record per reason for which rows were rejected, for a page."""
        return [
            {
                "source": item.source,
                "field": item.field,
                "reason": item.reason,
                "rows": item.rows,
                "for example": _examples(item),
            }
            for item in self.rejections
        ]

    def finding_rows(self) -> list[dict[str, str]]:
        """Return the problems, then the notes, as records under FINDING_COLUMNS, for a page."""
        return [
            dict(zip(FINDING_COLUMNS, (item.severity, item.source, item.text), strict=True)) for item in self.findings
        ]

    def print(self, console: Console) -> None:
        """Print the report as tables. Values from files are shown as they are, never as markup."""
        table = Table(
            title=Text(f"{self.name}: {len(self.specs)} sources, brought into {self.crs}"), title_justify="left"
        )
        for header, numeric in COLUMNS:
            table.add_column(header, justify="right" if numeric else "left")
        for row in self.rows():
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
        if self.rejections:
            rejected = Table(title="Rejected rows", title_justify="left")
            for header in ("source", "field", "reason", "rows", "for example"):
                rejected.add_column(header, justify="right" if header == "rows" else "left")
            for item in self.rejections:
                cells = (item.source, item.field, item.reason, f"{item.rows:,}", _examples(item))
                rejected.add_row(*(Text(cell) for cell in cells))
            console.print(rejected)
        for note in self.notes:
            console.print(Text(f"Note: {note}"))
        for line in agreement.lines(self.agreement):
            console.print(Text(line))
        for problem in self.problems:
            console.print(Text(f"Problem: {problem}"))
        count = len(self.problems)
        console.print(Text(f"Problems found: {count}." if count else "No problems found."))


def inspect(study: Study, *, progress: Callable[[str], None] = ignore) -> CheckReport:
    """Read a study and say what is wrong with its data; a source that is unusable is a problem among the others.

    Where the study brings published figures and all service could be read, the places are judged by the study's policy
    to compare with them. Raises PolicyError where that policy cannot be read.
    """
    found = study.inspect(progress=progress)
    return CheckReport.from_inspection(found, study=study, agreement=_agreement(found, study))


def _agreement(found: Inspection, study: Study) -> dict[str, Any]:
    inputs = found.inputs
    if inputs is None or found.failures or not (study.controls or inputs.truth is not None):
        return {}
    policy = load_policy(study.policy)
    judged = judge_inputs(inputs, policy=policy, as_of=study.as_of)
    return agreement.compare(judged, truth=inputs.truth, controls=study.controls, policy=policy, study=study)


def _rejections(found: Inspection) -> tuple[Rejection, ...]:
    items = []
    for report in found.reports:
        mine = found.rejected[found.rejected["source"] == report.source]
        for where, reason, count in sorted(report.reasons, key=lambda item: -item[2]):
            rows = mine[(mine["field"] == where) & (mine["reason"] == reason)].head(EXAMPLES)
            examples = tuple((int(row), str(value)) for row, value in zip(rows["row"], rows["value"], strict=True))
            items.append(Rejection(report.source, where, reason, count, examples))
    return tuple(items)


def _examples(item: Rejection) -> str:
    return "; ".join(f"row {row}: {value}" for row, value in item.examples)


def _places(places: pd.DataFrame) -> dict[str, Any]:
    outside = places["municipality_code"].isna()
    return {
        "rows": len(places),
        "premises": {kind: float(total) for kind, total in places.groupby("kind")["weight"].sum().sort_index().items()},
        "outside_every_municipality": int(outside.sum()),
        "share_outside": round(float(outside.mean()), 4),
    }


def _extent_words(extent: Box | None, area: Box | None) -> str:
    if extent is None or area is None:
        return "–"
    covered, beyond = shared_part(extent, area)
    if not covered:
        return f"{beyond / 1000:,.0f} km outside"
    part = f"{covered:.0%} of the area" if covered >= 0.005 else "under 1% of the area"
    return f"{part}, {beyond / 1000:,.0f} km beyond" if beyond >= 500 else part


def _row(spec: SourceSpec, report: SourceReport | None, area: Box | None) -> tuple[str, ...]:
    date = spec.as_of.isoformat() if spec.as_of else "–"
    if report is None:
        return (spec.id, spec.role, "–", "–", "–", "–", "unusable", "–", date, spec.data_status)
    return (
        report.source,
        report.role,
        f"{report.rows_read:,}",
        f"{report.rows_rejected:,}",
        f"{report.rows_left_out:,}",
        f"{report.geometries_repaired:,}",
        report.crs_found or "–",
        _extent_words(report.facts.extent, area),
        date,
        report.data_status,
    )


def _source_mapping(report: SourceReport, area: Box | None) -> dict[str, Any]:
    facts = report.facts
    overlap = shared_part(facts.extent, area) if facts.extent is not None and area is not None else None
    return {
        "source": report.source,
        "role": report.role,
        "path": report.path,
        "sha256": report.sha256,
        "supplier": report.supplier,
        "licence": report.licence,
        "as_of": report.as_of.isoformat() if report.as_of else None,
        "data_status": report.data_status,
        "rows_read": report.rows_read,
        "rows_rejected": report.rows_rejected,
        "rows_left_out": report.rows_left_out,
        "geometries_repaired": report.geometries_repaired,
        "crs_found": report.crs_found,
        "extent": None if facts.extent is None else [round(value, 1) for value in facts.extent],
        "share_of_area_covered": None if overlap is None else round(overlap[0], 4),
        "municipalities": facts.municipalities,
        "duplicates": facts.duplicates,
        "outside_every_municipality": facts.outside,
        "municipality_disagrees": facts.elsewhere,
        "municipality_disagrees_by_far": facts.elsewhere_far,
        "columns_not_used": [{"column": theirs, "nearest": ours or None} for theirs, ours in facts.unused],
        "notes": list(report.notes),
    }
