"""One workbook, written by XlsxWriter: a read-me sheet, tables with frozen headers, and what their columns mean.

Every text cell is written as a string, never as a formula or a link, so text from a register cannot run.
Above `MEMORY_ROWS` rows a sheet streams to disk; it then has a filter instead of a named table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import xlsxwriter

from coverage.policy import Policy
from coverage.reports.cells import cells, clipped
from coverage.reports.columns import Column, describe
from coverage.reports.tables import records
from coverage.reports.wording import Wording
from coverage.study import Study

SHEET_ROWS: Final = 1_048_576  # Excel's limit, header included
MEMORY_ROWS: Final = 120_000
HEADER_COLOUR: Final = "#1f3a4d"
READ_ME_WIDTHS: Final = (24, 30, 30, 14, 30, 14, 34)


@dataclass(frozen=True)
class Block:
    """Hold a small table of the read-me sheet."""

    title: str
    header: Sequence[str]
    table: pd.DataFrame


class Book:
    """Write one workbook on a study under a policy."""

    def __init__(self, path: Path, *, study: Study, policy: Policy, wording: Wording, title: str, rows: int) -> None:
        self.study, self.policy, self.wording, self.title = study, policy, wording, title
        self.streams = rows > MEMORY_ROWS
        self.book = xlsxwriter.Workbook(
            str(path),
            {
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "constant_memory": self.streams,
                "use_zip64": self.streams,
            },
        )
        # Excel knows no time zone; midnight of the as-of date keeps the file the same from run to run.
        created = dt.datetime.combine(self.study.as_of, dt.time())
        self.book.set_properties({"title": title, "subject": self.banner, "created": created})
        self._formats: dict[str, Any] = {}
        self.header = self.book.add_format(
            {"bold": True, "font_color": "white", "bg_color": HEADER_COLOUR, "text_wrap": True, "valign": "top"}
        )
        self.title_format = self.book.add_format({"bold": True, "font_size": 16})
        self.warn = self.book.add_format({"bold": True, "font_color": "#a33b00", "font_size": 12})
        self.strong = self.book.add_format({"bold": True, "valign": "top"})
        self.wrap = self.book.add_format({"text_wrap": True, "valign": "top"})
        self.described: dict[str, Column] = {}

    @property
    def banner(self) -> str:
        """Return the sentence that must stand on every page, or the plain data status."""
        status = self.study.data_status
        return self.wording.text("banner", status) or self.wording.text("status", status)

    def format(self, column: Column) -> Any:
        """Return the cell format of a column, made once."""
        if column.style not in self._formats:
            form = self.wording.texts["dates"]["excel"] if column.style == "date" else column.excel_format
            options = {"num_format": form, "valign": "top"}
            self._formats[column.style] = self.book.add_format(options)
        return self._formats[column.style]

    def add_table(
        self,
        table: pd.DataFrame,
        *,
        sheet: str,
        name: str,
        frozen: int,
        labels: Mapping[str, tuple[str, str]] | None = None,
    ) -> Any:
        """Write a table on one sheet, or on several where it is longer than a sheet, and return the last.

        `sheet` is a key of the texts of sheets; `labels` gives label and meaning of columns that have none there.
        """
        columns = describe(
            list(table.columns), wording=self.wording, study=self.study, policy=self.policy, own=labels or {}
        )
        self.described |= {column.name: column for column in columns}
        title = self.wording.text("sheets", sheet)
        held = SHEET_ROWS - 2  # header, and a note at the end
        parts = max(1, -(-len(table) // held))
        for part in range(parts):
            rows = table.iloc[part * held : (part + 1) * held]
            label, following = _part_name(title, part), _part_name(title, part + 1)
            worksheet = self._sheet(label, frozen=frozen)
            self._fill(worksheet, rows, columns, _part_name(name, part).replace(" ", "_"))
            if part + 1 < parts:
                note = self.wording.text("sheets", "continued", sheet=following, limit=self.wording.number(SHEET_ROWS))
                worksheet.write_string(len(rows) + 1, 0, note, self.strong)
        return worksheet

    def add_columns(self) -> None:
        """Write the sheet that explains the columns of the sheets before it."""
        worksheet = self._sheet(self.wording.text("sheets", "columns"), frozen=0)
        for at, width in enumerate((34, 26, 110)):
            worksheet.set_column(at, at, width)
        for at, text in enumerate(self.wording.lines("sheets", "columns_header")):
            worksheet.write_string(0, at, text, self.header)
        for row, column in enumerate(self.described.values(), start=1):
            for at, text in enumerate((column.label, column.name, column.meaning)):
                worksheet.write_string(row, at, text, self.wrap)

    def add_read_me(
        self, facts: Sequence[tuple[str, str]], *, notes: Sequence[str] = (), blocks: Sequence[Block] = ()
    ) -> None:
        """Write the first sheet: facts with their labels, notes, and small tables; empty ones are left out."""
        worksheet = self.book.add_worksheet(self.wording.text("sheets", "read_me"))
        self._print_setup(worksheet, landscape=False)
        worksheet.hide_gridlines(2)
        for at, width in enumerate(READ_ME_WIDTHS):
            worksheet.set_column(at, at, width)
        worksheet.write_string(0, 0, self.title, self.title_format)
        worksheet.write_string(1, 0, self.banner, self.warn)
        row, last = 3, len(READ_ME_WIDTHS) - 1
        for label, value in facts:
            if not value:
                continue
            worksheet.write_string(row, 0, label, self.strong)
            worksheet.merge_range(row, 1, row, last, "", self.wrap)
            worksheet.write_string(row, 1, clipped(value), self.wrap)
            lines = sum(1 + len(line) // 150 for line in value.split("\n"))
            if lines > 1:
                worksheet.set_row(row, 15.0 * lines)
            row += 1
        row += 1
        for note in notes:
            worksheet.merge_range(row, 0, row, last, "", self.wrap)
            worksheet.write_string(row, 0, clipped(note), self.wrap)
            worksheet.set_row(row, 15.0 * (1 + len(note) // 170))
            row += 1
        for block in blocks:
            if len(block.table):
                row = self._block(worksheet, row + 1, block)

    def carry(self, name: str, value: str) -> None:
        """Set a property of the file, which other programs can read without opening a sheet; nothing if empty."""
        if value:
            self.book.set_custom_property(name, value, "text")

    def close(self) -> None:
        """Finish the file."""
        self.book.close()

    def _sheet(self, label: str, *, frozen: int) -> Any:
        worksheet = self.book.add_worksheet(label)
        worksheet.freeze_panes(1, frozen)
        self._print_setup(worksheet, landscape=True)
        worksheet.repeat_rows(0)
        return worksheet

    def _print_setup(self, worksheet: Any, *, landscape: bool) -> None:
        worksheet.set_paper(9)  # A4
        if landscape:
            worksheet.set_landscape()
        worksheet.fit_to_pages(1, 0)
        worksheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.7)
        banner, name = (text.replace("&", "&&") for text in (self.banner, self.wording.said(self.study.name)))
        worksheet.set_header(f"&L{name}&R{banner}")
        worksheet.set_footer("&L&A&R&P / &N")

    def _fill(self, worksheet: Any, rows: pd.DataFrame, columns: Sequence[Column], name: str) -> None:
        worksheet.set_row(0, 45, self.header)
        for at, column in enumerate(columns):
            worksheet.set_column(at, at, column.width, self.format(column))
        held = [cells(rows[column.name], column, self.wording, self.policy) for column in columns]
        last = len(columns) - 1
        if len(rows) and not self.streams:
            header = [{"header": label, "header_format": self.header} for label in _unique(columns)]
            worksheet.add_table(
                0, 0, len(rows), last, {"name": name, "columns": header, "style": "Table Style Light 1"}
            )
        else:
            for at, label in enumerate(_unique(columns)):
                worksheet.write_string(0, at, label, self.header)
            worksheet.autofilter(0, 0, max(len(rows), 1), last)
        formats = [self.format(column) for column in columns]
        for number in range(len(rows)):
            for at, column in enumerate(columns):
                value = held[at][number]
                if value is None:
                    continue
                if column.is_text:
                    worksheet.write_string(number + 1, at, value, formats[at])
                elif column.style == "date":
                    worksheet.write_datetime(number + 1, at, value, formats[at])
                else:
                    worksheet.write_number(number + 1, at, value, formats[at])

    def _block(self, worksheet: Any, row: int, block: Block) -> int:
        worksheet.write_string(row, 0, block.title, self.strong)
        for at, label in enumerate(block.header):
            worksheet.write_string(row + 1, at, label, self.header)
        for number, record in enumerate(records(block.table), start=row + 2):
            for at, value in enumerate(record):
                if value is None:
                    continue
                if isinstance(value, float | int):
                    worksheet.write_number(number, at, value, self.wrap)
                else:
                    worksheet.write_string(number, at, clipped(str(value)), self.wrap)
        return row + 2 + len(block.table)


def _part_name(name: str, part: int) -> str:
    return name if part == 0 else f"{name} {part + 1}"


def _unique(columns: Sequence[Column]) -> list[str]:
    # Excel refuses a table in which two columns have the same header.
    seen: dict[str, int] = {}
    labels = []
    for column in columns:
        seen[column.label] = seen.get(column.label, 0) + 1
        labels.append(column.label if seen[column.label] == 1 else f"{column.label} ({column.name})")
    return labels
