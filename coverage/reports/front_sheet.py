"""The first sheet of a workbook: what it is, in facts with their labels, notes, and small tables on one grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import pandas as pd

from coverage.reports.cells import clipped
from coverage.reports.sheet_look import points
from coverage.reports.tables import records

WIDTHS: Final = (28.0, *[14.0] * 10)  # of the columns; the first says what a fact is


@dataclass(frozen=True)
class Block:
    """Hold a small table, and how many of the sheet's columns each of its own takes; without, all take as many."""

    title: str
    header: Sequence[str]
    table: pd.DataFrame
    spans: Sequence[int] = ()


@dataclass(frozen=True)
class Front:
    """Hold the sheet while it is written from above, with the formats of its texts."""

    worksheet: Any
    plain: Any
    strong: Any
    header: Any
    heading: Any

    def facts(self, row: int, facts: Sequence[tuple[str, str]]) -> int:
        """Write facts with their labels from a row on; empty ones are left out. Return the next row."""
        for label, value in facts:
            if value:
                self._line(row, [label, value], [1, len(WIDTHS) - 1], [self.strong, self.plain])
                row += 1
        return row

    def notes(self, row: int, notes: Sequence[str]) -> int:
        """Write sentences over the whole width from a row on; return the next row."""
        for number, note in enumerate(notes):
            self._line(row + number, [note], [len(WIDTHS)], [self.plain])
        return row + len(notes)

    def block(self, row: int, block: Block) -> int:
        """Write a small table with its title from a row on; return the next row, the same where it is empty."""
        if not len(block.table):
            return row
        count = len(block.header)
        spans = block.spans or [max(1, len(WIDTHS) // count)] * count
        self.worksheet.write_string(row + 1, 0, block.title, self.heading)
        self._line(row + 2, block.header, spans, [self.header] * count)
        for number, record in enumerate(records(block.table), start=row + 3):
            self._line(number, record, spans, [self.plain] * count)
        return row + 3 + len(block.table)

    def _line(self, row: int, values: Sequence[Any], spans: Sequence[int], formats: Sequence[Any]) -> None:
        shown = [clipped(value) if isinstance(value, str) else value for value in values]
        ends = list(accumulate(spans))
        rooms = [sum(WIDTHS[end - span : end]) for end, span in zip(ends, spans, strict=True)]
        said = ["" if value is None else str(value) for value in shown]
        self.worksheet.set_row(row, points(zip(said, rooms, strict=True)))
        for value, end, span, form in zip(shown, ends, spans, formats, strict=True):
            at = end - span
            if span > 1:
                self.worksheet.merge_range(row, at, row, end - 1, "", form)
            if isinstance(value, float | int):
                self.worksheet.write_number(row, at, value, form)
            elif value is not None:
                self.worksheet.write_string(row, at, value, form)
