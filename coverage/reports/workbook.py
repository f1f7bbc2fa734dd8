"""One workbook, written by XlsxWriter: a read-me sheet, tables with frozen headers, and what their columns mean.

Every text cell is written as a string, never as a formula or a link, so text from a register cannot run.
A table in pieces is made and written piece by piece, and one that is longer than a sheet on several. Above
`STREAM_ROWS` rows a workbook streams to disk: its tables then have a filter each instead of a name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import pandas as pd
import xlsxwriter

from coverage.policy import Policy
from coverage.reports import front_sheet, sheet_look
from coverage.reports.cells import cells
from coverage.reports.columns import Column, describe
from coverage.reports.front_sheet import Block, Front
from coverage.reports.pieces import Pieces, in_pieces
from coverage.reports.wording import Wording
from coverage.study import Study

SHEET_ROWS: Final = 1_048_576  # Excel's limit, header included
STREAM_ROWS: Final = 60_000  # of all tables of a workbook, that may be in memory
SEEN_ROWS: Final = 1_000  # of a long table, which say how wide its columns are
HEADER_COLOUR: Final = "#1f3a4d"
COLUMN_WIDTHS: Final = (34, 26, 110)  # of the sheet that explains the columns


class Book:
    """Write one workbook on a study under a policy."""

    def __init__(self, path: Path, *, study: Study, policy: Policy, wording: Wording, title: str, rows: int) -> None:
        self.study, self.policy, self.wording, self.title = study, policy, wording, title
        self.streams = rows > STREAM_ROWS
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
        self.strong = self.book.add_format({"bold": True, "valign": "top", "text_wrap": True})
        self.plain = self.book.add_format({"text_wrap": True, "valign": "top", "align": "left"})
        self.line = self.book.add_format({"bottom": 1, "bottom_color": HEADER_COLOUR})
        self.heading = self.book.add_format({"bold": True, "font_size": 12, "font_color": HEADER_COLOUR})
        self.looks = sheet_look.looks(self.book)
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
            options = {"num_format": form, "valign": "top", "text_wrap": column.style in sheet_look.WRAPPED}
            if column.is_text:
                options["indent"] = 1  # apart from the figures to their left
            self._formats[column.style] = self.book.add_format(options)
        return self._formats[column.style]

    def add_table(
        self,
        table: pd.DataFrame | Pieces,
        *,
        sheet: str,
        name: str,
        frozen: int,
        labels: Mapping[str, tuple[str, str]] | None = None,
    ) -> Any:
        """Write a table on one sheet, or on several where it is longer than a sheet, and return the last.

        `sheet` is a key of the texts of sheets; `labels` gives label and meaning of columns that have none there.
        """
        names, frozen = sheet_look.in_reading_order(list(table.columns), frozen)
        columns = describe(names, wording=self.wording, study=self.study, policy=self.policy, own=labels or {})
        self.described |= {column.name: column for column in columns}
        title = self.wording.text("sheets", sheet)
        held = SHEET_ROWS - 2  # header, and a note at the end
        parts = max(1, -(-len(table) // held))
        for part in range(parts):
            rows = in_pieces(table).part(part * held, (part + 1) * held)
            label, following = _part_name(title, part), _part_name(title, part + 1)
            worksheet = self._sheet(label, frozen=frozen)
            self._fill(worksheet, rows, columns, _part_name(name, part).replace(" ", "_"), frozen=frozen)
            if part + 1 < parts:
                note = self.wording.text("sheets", "continued", sheet=following, limit=self.wording.number(SHEET_ROWS))
                worksheet.write_string(len(rows) + 1, 0, note, self.strong)
        return worksheet

    def draw_line(self, worksheet: Any, table: pd.DataFrame, budget: float) -> None:
        """Draw a line where the money ends, going down the ranking, on a sheet whose first column is the rank."""
        paid = table.loc[table["cumulative_grant"] <= budget, "rank"]
        if len(paid):
            rule = {"type": "formula", "criteria": f"=$A2={int(paid.max())}", "format": self.line}
            worksheet.conditional_format(1, 0, len(table), len(table.columns) - 1, rule)

    def add_columns(self) -> None:
        """Write the sheet that explains the columns of the sheets before it."""
        worksheet = self._sheet(self.wording.text("sheets", "columns"), frozen=0)
        for at, width in enumerate(COLUMN_WIDTHS):
            worksheet.set_column(at, at, width)
        for at, text in enumerate(self.wording.lines("sheets", "columns_header")):
            worksheet.write_string(0, at, text, self.header)
        for row, column in enumerate(self.described.values(), start=1):
            said = (column.label, column.name, column.meaning)
            worksheet.set_row(row, sheet_look.points(zip(said, COLUMN_WIDTHS, strict=True)))
            for at, text in enumerate(said):
                worksheet.write_string(row, at, text, self.plain)

    def add_read_me(
        self, facts: Sequence[tuple[str, str]], *, notes: Sequence[str] = (), blocks: Sequence[Block] = ()
    ) -> None:
        """Write the first sheet: facts with their labels, notes, and small tables; empty ones are left out."""
        worksheet = self.book.add_worksheet(self.wording.text("sheets", "read_me"))
        self._print_setup(worksheet, landscape=False)
        worksheet.hide_gridlines(2)
        for at, width in enumerate(front_sheet.WIDTHS):
            worksheet.set_column(at, at, width)
        worksheet.write_string(0, 0, self.title, self.title_format)
        worksheet.write_string(1, 0, self.banner, self.warn)
        front = Front(worksheet, plain=self.plain, strong=self.strong, header=self.header, heading=self.heading)
        row = front.notes(front.facts(3, facts) + 1, notes)
        for block in blocks:
            row = front.block(row, block)

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
        worksheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})  # codes are no numbers
        worksheet.set_header(sheet_look.page_header(self.wording.said(self.study.name), self.banner))
        page = self.wording.texts["pdf"]["page"].replace("{page}", "&P").replace("{pages}", "&N")
        worksheet.set_footer(f"&L&A&R{page}")

    def _fill(self, worksheet: Any, table: Pieces, columns: Sequence[Column], name: str, *, frozen: int) -> None:
        formats = [self.format(column) for column in columns]
        seen = self._held(table.part(0, SEEN_ROWS).together(), columns)
        labels = _unique(columns)
        widths = sheet_look.arrange(worksheet, columns, labels, formats, seen, header=self.header, frozen=frozen)
        sheet_look.emphasise(worksheet, columns, self.looks, rows=len(table), wording=self.wording)
        wraps = len(table) <= sheet_look.WRAPPED_ROWS
        if not wraps:
            worksheet.set_default_row(sheet_look.LINE_POINTS)
        last = len(columns) - 1
        if len(table) and not self.streams:
            header = [{"header": label, "header_format": self.header} for label in labels]
            options = {"name": name, "columns": header, "style": "Table Style Light 1"}
            worksheet.add_table(0, 0, len(table), last, options)
        else:
            for at, label in enumerate(labels):
                worksheet.write_string(0, at, label, self.header)
            worksheet.autofilter(0, 0, max(len(table), 1), last)
        writers = [_writer(worksheet, column) for column in columns]
        row = 1
        for part in table:
            for values in zip(*self._held(part, columns), strict=True):
                if wraps and (points := sheet_look.row_points(values, columns, widths)):
                    worksheet.set_row(row, points)
                for at, value in enumerate(values):
                    if value is not None:
                        writers[at](row, at, value, formats[at])
                row += 1

    def _held(self, rows: pd.DataFrame, columns: Sequence[Column]) -> list[list[Any]]:
        return [cells(rows[column.name], column, self.wording, self.policy) for column in columns]


def _writer(worksheet: Any, column: Column) -> Callable[..., Any]:
    """Return what writes a column's cells as what they are: a text never becomes a formula or a link."""
    if column.is_text:
        found = worksheet.write_string
    else:
        found = worksheet.write_datetime if column.style == "date" else worksheet.write_number
    return cast("Callable[..., Any]", found)


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
