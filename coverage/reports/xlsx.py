"""Workbooks: gap-report.xlsx and priority-list.xlsx, written by XlsxWriter.

Every text cell is written as a string, never as a formula or a link, so text from a register cannot run.
Above `MEMORY_ROWS` rows a sheet streams to disk; it then has a filter instead of a named table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xlsxwriter

from coverage.policy import Policy
from coverage.reports import tables
from coverage.reports.columns import Column, describe, rounded, words
from coverage.reports.corrections import correction_table
from coverage.reports.evidence import in_language
from coverage.reports.selection import Selection, share_notes
from coverage.reports.wording import Wording

SHEET_ROWS: Final = 1_048_576  # Excel's limit, header included
MEMORY_ROWS: Final = 120_000
CELL_CHARACTERS: Final = 32_767  # Excel's limit
HEADER_COLOUR: Final = "#1f3a4d"


class Book:
    """Write one workbook: a read-me sheet, tables, and a sheet that explains the columns."""

    def __init__(self, path: Path, selection: Selection, wording: Wording, *, title: str, rows: int) -> None:
        self.selection, self.wording = selection, wording
        self.study, self.policy = selection.assessment.study, selection.assessment.policy
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
        self.written: list[tuple[str, int]] = []

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

    def add_table(self, table: pd.DataFrame, *, sheet: str, name: str, frozen: int) -> None:
        """Write a table on one sheet, or on several where it is longer than a sheet."""
        columns = describe(list(table.columns), wording=self.wording, study=self.study, policy=self.policy)
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
            self.written.append((label, len(rows)))

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
        cells = [_cells(rows[column.name], column, self.wording, self.policy) for column in columns]
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
                value = cells[at][number]
                if value is None:
                    continue
                if column.is_text:
                    worksheet.write_string(number + 1, at, value, formats[at])
                elif column.style == "date":
                    worksheet.write_datetime(number + 1, at, value, formats[at])
                else:
                    worksheet.write_number(number + 1, at, value, formats[at])

    def add_corrections(self) -> None:
        """Write the sheet of what a municipality corrected, where something was."""
        table = correction_table(self.selection.assessment, self.wording)
        if len(table):
            self.add_table(table, sheet="corrections", name="corrections", frozen=1)

    def add_columns(self) -> None:
        """Write the sheet that explains the columns of the sheets before it."""
        worksheet = self._sheet(self.wording.text("sheets", "columns"), frozen=0)
        worksheet.set_column(0, 0, 34)
        worksheet.set_column(1, 1, 26)
        worksheet.set_column(2, 2, 110)
        for at, text in enumerate(self.wording.lines("sheets", "columns_header")):
            worksheet.write_string(0, at, text, self.header)
        for row, column in enumerate(self.described.values(), start=1):
            for at, text in enumerate((column.label, column.name, column.meaning)):
                worksheet.write_string(row, at, text, self.wrap)

    def add_read_me(self, what: str, *, title: str, fingerprint: str, notes: Sequence[str]) -> None:
        """Write the first sheet: what this is, how real, under which rules, from which sources."""
        wording = self.wording
        worksheet = self.book.add_worksheet(wording.text("sheets", "read_me"))
        self._print_setup(worksheet, landscape=False)
        worksheet.hide_gridlines(2)
        for at, width in enumerate((24, 30, 30, 14, 30, 14, 34)):
            worksheet.set_column(at, at, width)
        worksheet.write_string(0, 0, title, self.title_format)
        worksheet.write_string(1, 0, self.banner, self.warn)
        row = 3
        for key, value in self._facts(what, fingerprint):
            worksheet.write_string(row, 0, wording.text("read_me", key), self.strong)
            worksheet.merge_range(row, 1, row, 6, "", self.wrap)
            worksheet.write_string(row, 1, _clipped(value), self.wrap)
            if len(value) > 150:
                worksheet.set_row(row, 15.0 * (1 + len(value) // 150))
            row += 1
        row += 1
        for note in notes:
            worksheet.merge_range(row, 0, row, 6, "", self.wrap)
            worksheet.write_string(row, 0, _clipped(note), self.wrap)
            worksheet.set_row(row, 15.0 * (1 + len(note) // 170))
            row += 1
        row = self._block(
            worksheet, row + 1, "sources", "source_header", tables.source_table(self.selection.assessment, wording)
        )
        where = wording.text("read_me", "where_policy", id=self.policy.id)
        assumed = tables.assumption_table(self.selection.assessment, wording)
        assumed["figure"] = assumed["figure"] + " (" + assumed["item"] + ")"
        marks = [(name, wording.value("confidence", mark)) for name, mark in tables.rule_marks(self.policy, wording)]
        rules = pd.DataFrame(
            [(where, name, None, None, None, mark) for name, mark in marks],
            columns=["where", "figure", "value", "unit", "source", "confidence"],
            dtype=object,
        )
        shown = [rules, assumed.drop(columns=["item", "low", "high"])]
        joined = pd.concat([part for part in shown if len(part)] or [rules], ignore_index=True)
        self._block(worksheet, row + 1, "assumed", "assumed_header", joined)

    def _facts(self, what: str, fingerprint: str) -> list[tuple[str, str]]:
        scenario, wording = self.selection.assessment.scenario, self.wording
        warnings = [wording.said(str(item)) for item in self.selection.assessment.provenance.get("warnings", [])]
        facts = [
            ("what", what),
            ("status", self.banner),
            ("study", f"{wording.said(self.study.name)} ({self.study.id})"),
            ("scope", self.selection.describe(wording)),
            ("as_of", wording.date(self.study.as_of)),
            ("policy", f"{wording.said(self.policy.name)} ({self.policy.id})"),
            ("legal_basis", wording.said(self.policy.legal_basis)),
            ("currency", f"{self.study.currency}, {self.study.price_year}"),
            ("budget", f"{wording.number(scenario.budget)} {self.study.currency}"),
            ("seed", f"{scenario.seed}; {wording.number(scenario.draws)}"),
            ("crs", self.study.crs),
            ("notes", "\n".join(map(wording.said, self.study.notes))),
            ("warnings", "\n".join(warnings)),
            ("fingerprint", fingerprint),
        ]
        return [(key, value) for key, value in facts if value]

    def _block(self, worksheet: Any, row: int, title: str, header: str, table: pd.DataFrame) -> int:
        if table.empty:
            return row
        worksheet.write_string(row, 0, self.wording.text("read_me", title), self.strong)
        for at, label in enumerate(self.wording.lines("read_me", header)):
            worksheet.write_string(row + 1, at, label, self.header)
        for number, record in enumerate(tables.records(table), start=row + 2):
            for at, value in enumerate(record):
                if value is None:
                    continue
                if isinstance(value, float | int):
                    worksheet.write_number(number, at, value, self.wrap)
                else:
                    worksheet.write_string(number, at, _clipped(str(value)), self.wrap)
        return row + 2 + len(table)

    def close(self) -> None:
        """Finish the file."""
        self.book.close()


def write_gap_report(selection: Selection, path: Path, *, wording: Wording, fingerprint: str) -> None:
    """Write gap-report.xlsx: read-me, areas, places short of service, cost lines, columns."""
    said = {"assumed": tables.assumed_text(selection.assessment, wording)}
    areas = tables.area_table(selection.assessment).assign(**said)
    listed = tables.short_places(selection.assessment)
    places = in_language(listed.drop(columns=listed.geometry.name), wording)
    costs = tables.cost_table(selection.assessment)
    title = wording.text("read_me", "gap_title", study=selection.title(wording))
    book = Book(path, selection, wording, title=title, rows=len(places) + len(costs) + len(areas))
    notes = [*share_notes(selection, wording), *wording.lines("read_me", "gap_notes")]
    book.add_read_me(wording.text("read_me", "gap_what"), title=title, fingerprint=fingerprint, notes=notes)
    book.add_table(areas, sheet="areas", name="areas", frozen=2)
    book.add_table(pd.DataFrame(places), sheet="addresses", name="places", frozen=1)
    book.add_table(costs, sheet="cost_lines", name="cost_lines", frozen=1)
    book.add_corrections()
    book.add_columns()
    book.close()


def write_priority_list(selection: Selection, path: Path, *, wording: Wording, fingerprint: str) -> None:
    """Write priority-list.xlsx: read-me, the list, columns."""
    said = {"assumed": tables.assumed_text(selection.assessment, wording)}
    table = tables.priority_table(selection.assessment).assign(**said)
    title = wording.text("read_me", "priority_title", study=selection.title(wording))
    book = Book(path, selection, wording, title=title, rows=len(table))
    notes = [*tables.no_grant_notes(table, wording), *wording.lines("read_me", "priority_notes")]
    book.add_read_me(wording.text("read_me", "priority_what"), title=title, fingerprint=fingerprint, notes=notes)
    book.add_table(table, sheet="priority", name="priority_list", frozen=2)
    book.add_corrections()
    book.add_columns()
    book.close()


def _cells(values: pd.Series, column: Column, wording: Wording, policy: Policy) -> list[Any]:
    if column.style == "flag":
        return [None if pd.isna(value) else wording.value("flag", str(bool(value)).lower()) for value in values]
    if column.style == "date":
        return [None if pd.isna(value) else dt.date.fromisoformat(str(value)) for value in values]
    if not column.is_text:
        # Excel has no NaN, and a number is shown rounded by its format but kept as finely as the CSV has it.
        return [rounded(value, column.style) for value in values.to_numpy(dtype=float, na_value=np.nan)]
    read = _reader(column.name, wording, policy)
    shown = {value: _clipped(read(str(value))) for value in values.dropna().unique()}
    missing = values.isna().to_numpy()
    return [None if gone else shown[value] for value, gone in zip(values.to_numpy(dtype=object), missing, strict=True)]


def _reader(name: str, wording: Wording, policy: Policy) -> Callable[[str], str]:
    """Return what turns the text in a column's cells into the words that a reader sees."""
    if name == "item":
        return lambda item: f"{wording.item(item)} ({item})"
    if name in ("unit", "source", "line_of_business"):
        return wording.said
    known = words(name, wording=wording, policy=policy)
    if name == "correction":  # of a place that was corrected more than once: several
        return lambda text: ", ".join(known.get(part, part) for part in text.split(", "))
    return lambda text: known.get(text, text)


def _clipped(text: str) -> str:
    return text if len(text) <= CELL_CHARACTERS else f"{text[: CELL_CHARACTERS - 1]}…"


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
