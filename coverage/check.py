"""What is wrong with the data of a study: per source rows, rejections with examples, repairs, CRS, dates, warnings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from coverage.inputs import Inputs, SourceReport
from coverage.study import Study, ignore

EXAMPLES: Final = 3

# Header, and whether the column holds numbers.
COLUMNS: Final = (
    ("source", False), ("role", False), ("rows", True), ("rejected", True), ("left out", True), ("repaired", True),
    ("CRS found", False), ("as of", False), ("status", False),
)  # fmt: skip


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
    sources: tuple[SourceReport, ...]
    rejections: tuple[Rejection, ...]
    warnings: tuple[str, ...]
    places: dict[str, Any]

    @classmethod
    def from_inputs(cls, inputs: Inputs, *, study: Study) -> CheckReport:
        """Sum up a loaded study."""
        places = inputs.places
        return cls(
            study=study.id,
            name=study.name,
            crs=study.crs,
            as_of=study.as_of,
            data_status=study.data_status,
            sources=inputs.reports,
            rejections=_rejections(inputs.rejected),
            warnings=inputs.warnings,
            places={
                "rows": len(places),
                "premises": {
                    kind: float(total) for kind, total in places.groupby("kind")["weight"].sum().sort_index().items()
                },
                "outside_every_municipality": int(places["municipality_code"].isna().sum()),
            },
        )

    @property
    def problems(self) -> tuple[str, ...]:
        """Return one sentence for each thing that someone should look at; none: the data are clean."""
        rejected = [
            f"{report.source}: {report.rows_rejected:,} of {report.rows_read:,} rows rejected"
            for report in self.sources
            if report.rows_rejected
        ]
        return (*rejected, *self.warnings)

    @property
    def dates(self) -> tuple[dt.date, dt.date] | None:
        """Return the first and the last as-of date of the sources, or None where no source has one."""
        known = [report.as_of for report in self.sources if report.as_of is not None]
        return (min(known), max(known)) if known else None

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
            "dates": None if span is None else {"first": span[0].isoformat(), "last": span[1].isoformat()},
            "places": self.places,
            "sources": [_source_mapping(report) for report in self.sources],
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
            "warnings": list(self.warnings),
        }

    def rows(self) -> list[tuple[str, ...]]:
        """Return one row of text per source, under COLUMNS."""
        return [
            (
                report.source,
                report.role,
                f"{report.rows_read:,}",
                f"{report.rows_rejected:,}",
                f"{report.rows_left_out:,}",
                f"{report.geometries_repaired:,}",
                report.crs_found or "–",
                report.as_of.isoformat() if report.as_of else "–",
                report.data_status,
            )
            for report in self.sources
        ]

    def print(self, console: Console) -> None:
        """Print the report as tables. Values from files are shown as they are, never as markup."""
        table = Table(
            title=Text(f"{self.name}: {len(self.sources)} sources, brought into {self.crs}"), title_justify="left"
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
                examples = "; ".join(f"row {row}: {value}" for row, value in item.examples)
                cells = (item.source, item.field, item.reason, f"{item.rows:,}", examples)
                rejected.add_row(*(Text(cell) for cell in cells))
            console.print(rejected)
        for report in self.sources:
            for note in report.notes:
                console.print(Text(f"{report.source}: {note}"))
        if (span := self.dates) is not None and span[0] != span[1]:
            console.print(
                Text(f"Dates of the sources run from {span[0]} to {span[1]}; the study is as of {self.as_of}.")
            )
        for warning in self.warnings:
            console.print(Text(f"Warning: {warning}"))
        count = len(self.problems)
        console.print(Text(f"Problems found: {count}." if count else "No problems found."))


def inspect(study: Study, *, progress: Callable[[str], None] = ignore) -> CheckReport:
    """Load a study and say what is wrong with its data. Raises DataError or CrsError where a source is unusable."""
    return CheckReport.from_inputs(study.load(progress=progress), study=study)


def _rejections(rejected: pd.DataFrame) -> tuple[Rejection, ...]:
    found = []
    for (source, field, reason), rows in rejected.groupby(["source", "field", "reason"], sort=False, dropna=False):
        first = rows.head(EXAMPLES)
        examples = tuple((int(row), str(value)) for row, value in zip(first["row"], first["value"], strict=True))
        found.append(Rejection(str(source), str(field), str(reason), len(rows), examples))
    return tuple(found)


def _source_mapping(report: SourceReport) -> dict[str, Any]:
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
        "notes": list(report.notes),
    }
