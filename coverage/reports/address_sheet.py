"""The sheet of the address form: by area, excluded and missing addresses last; locked but for what is yellow.

Lists to choose from stand in the hidden sheet (see address_form.py), so that a cell takes no other words.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from xlsxwriter.utility import xl_col_to_name

from coverage import form
from coverage.reports import addresses
from coverage.reports.cells import clipped
from coverage.reports.columns import Column
from coverage.reports.selection import Selection
from coverage.reports.workbook import Book

COLUMNS: Final = addresses.COLUMNS
FILLED: Final = tuple(COLUMNS.index(name) for name in form.FILLED)
AT: Final[Mapping[str, int]] = {name: at for at, name in enumerate(COLUMNS)}
HEADER: Final = 3  # the row of the labels; above it title, hint and bands
FROZEN: Final = 2  # columns: id and address
EMPTY_ROWS: Final = 40  # for missing addresses
# What is open in them beside what is filled in anywhere; the correction stands there already.
OPEN_BELOW: Final = ("address", "postcode", "locality", "name", *form.POSITION)
WIDTHS: Final[Mapping[str, float]] = {
    "place_id": 13, "address": 26, "postcode": 12.5, "locality": 15, "municipality": 19, "name": 24, "kind_now": 13,
    "year_round": 12, "fixed_down_mbps": 9, "fixed_up_mbps": 9, "fixed_technology": 22, "eligible": 16.5, "reason": 58,
    "correction": 17, "kind": 13, "down_mbps": 10, "up_mbps": 10, "technology": 16, "provider": 16, "comment": 34,
    "office": 18, "date": 11.5, "area": 24, "area_id": 13, "part": 19, "municipality_code": 10,
    "x": 10, "y": 10, "lon": 11, "lat": 11,
}  # fmt: skip
WRAPPED: Final = ("address", "locality", "municipality", "name", "fixed_technology", "reason", "comment")
SMALL: Final = "reason"  # in a smaller type
SMALL_SIZE, SMALL_LINE, LINE, LINES_MOST = 9, 12.0, 15.0, 6
PER_WIDTH: Final = 1.35  # characters of the smaller type in the width of one
TEXTS: Final = "@"  # Excel's format of text: a postcode keeps its zeros
FORMATS: Final[Mapping[str, str]] = {
    "fixed_down_mbps": "#,##0.##", "fixed_up_mbps": "#,##0.##", "down_mbps": "#,##0.##", "up_mbps": "#,##0.##",
    "x": "0.0", "y": "0.0", "lon": "0.000000", "lat": "0.000000",
}  # fmt: skip
YELLOW, OCHRE, ORANGE, GREY, RED = "#fff6d5", "#7a5c00", "#f4a259", "#e4e9ed", "#8c2d19"
BORDER: Final = {"border": 1, "border_color": "#c9c9c9"}
FIRST_DAY, LAST_DAY = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
FASTEST: Final = 1_000_000.0
A3: Final = 8
# What an office may do in the locked sheet.
ALLOWED: Final = {
    "autofilter": True, "format_columns": True, "format_rows": True, "select_locked_cells": True,
    "select_unlocked_cells": True,
}  # fmt: skip


class AddressSheet:
    """Write the sheet of addresses; `words` are those to choose from, by our column and our value."""

    def __init__(self, book: Book, columns: Sequence[Column], words: Mapping[str, Mapping[str, str]]) -> None:
        self.book, self.columns, self.words = book, columns, words
        self.sheet = book.book.add_worksheet(book.wording.text("address_list", "sheet"))
        self._format()

    def write(self, table: pd.DataFrame, selection: Selection) -> None:
        """Write the rows of `addresses.address_list` in blocks, then empty ones for missing addresses."""
        self._head()
        row, ranges = HEADER + 1, []
        shown, heights = list(zip(*self._shown(table), strict=True)), _heights(table)
        for title, style, rows in self._blocks(table):
            self._divider(row, title, style)
            ranges.append((row + 1, row + len(rows)))
            for number in rows:
                row += 1
                self._row(row, shown[number], heights[number])
            row += 1
        self._divider(row, self._say("missing"), self.strong)
        below = (row + 1, row + EMPTY_ROWS)
        for number in range(below[0], below[1] + 1):
            self._empty(number, selection)
        self._validate(ranges, below)
        self._look(below[1])

    def _say(self, key: str, **values: object) -> str:
        return self.book.wording.text("address_list", key, **values)

    def _format(self) -> None:
        add = self.book.book.add_format
        own = {"date": self.book.wording.texts["dates"]["excel"], **FORMATS}
        looks = [
            {
                "valign": "top", "num_format": own.get(name, TEXTS), "text_wrap": name in WRAPPED,
                **({"font_size": SMALL_SIZE} if name == SMALL else {}),
                **({} if name in own else {"align": "left", "indent": 1}),  # off the number to its left
            }
            for name in COLUMNS
        ]  # fmt: skip
        self.locked = [add(look) for look in looks]
        self.open = [add({**look, **BORDER, "bg_color": YELLOW, "locked": False}) for look in looks]
        bold = {"bold": True, "valign": "vcenter"}
        self.plain = add({**bold, "bg_color": GREY})
        self.strong = add({**bold, "bg_color": RED, "font_color": "white"})
        self.band = add({"bold": True, "bg_color": GREY})
        self.band_filled = add({"bold": True, "bg_color": YELLOW})
        self.header_filled = add(
            {"bold": True, "font_color": "white", "bg_color": OCHRE, "text_wrap": True, "valign": "top"}
        )
        self.needed = add({"bg_color": ORANGE})
        self.lined = add({"bottom": 1, "bottom_color": BORDER["border_color"]})

    def _head(self) -> None:
        sheet, wording = self.sheet, self.book.wording
        sheet.write_string(0, 0, f"{self.book.title} – {self.book.banner}", self.book.title_format)
        sheet.write_string(1, 0, self._say("hint", sheet=wording.text("sheets", "read_me")))
        starts = {0: "band_known", FILLED[0]: "band_filled", FILLED[-1] + 1: "band_reference"}
        for at, column in enumerate(self.columns):
            filled = at in FILLED
            look = self.band_filled if filled else self.band
            if at in starts:
                sheet.write_string(2, at, self._say(starts[at]), look)
            else:
                sheet.write_blank(2, at, None, look)
            sheet.write_string(HEADER, at, column.label, self.header_filled if filled else self.book.header)
            sheet.set_column(at, at, WIDTHS[column.name])
        sheet.set_row(HEADER, 45)

    def _blocks(self, table: pd.DataFrame) -> list[tuple[str, Any, list[int]]]:
        """Return the title, the look and the rows of each part of the list, from top to bottom."""
        number, blocks = self.book.wording.number, []
        part = table["part"]
        inside = table[part == addresses.AREA]
        for (name, area_id), rows in inside.groupby(["area", "area_id"], sort=False):
            title = self._say("area", name=name, id=area_id, count=number(len(rows)))
            blocks.append((title, self.plain, list(rows.index)))
        for key, style in ((addresses.NO_AREA, self.plain), (addresses.EXCLUDED, self.strong)):
            rows = table[part == key]
            if len(rows):
                blocks.append((self._say(key, count=number(len(rows))), style, list(rows.index)))
        return blocks

    def _shown(self, table: pd.DataFrame) -> list[list[Any]]:
        """Return what the cells hold, column by column: words for codes, None where nothing stands."""
        wording = self.book.wording
        worded = {"kind_now": "kind", "fixed_technology": "fixed_technology", "part": "address_part"}
        yes = {1.0: wording.value("flag", "true"), 0.0: wording.value("flag", "false")}
        told: list[list[Any]] = []
        for name in COLUMNS:
            values = table[name]
            gone = values.isna().to_numpy()
            if name == "year_round":
                held: list[Any] = [yes[float(value)] if value == value else None for value in values]
            elif name == "eligible":
                held = [yes.get(value) or wording.percent(value) for value in values.to_numpy(dtype=float)]
            elif name in worded:
                known = {value: wording.value(worded[name], value) for value in values.dropna().unique()}
                held = [known.get(value) for value in values.to_numpy(dtype=object)]
            elif name in FORMATS:
                held = list(values.to_numpy(dtype=float).round(7 if name in ("lon", "lat") else 2))
            else:
                held = [clipped(value) if isinstance(value, str) else None for value in values.to_numpy(dtype=object)]
            told.append([None if missing else value for value, missing in zip(held, gone, strict=True)])
        return told

    def _divider(self, row: int, title: str, look: Any) -> None:
        self.sheet.write_string(row, 0, title, look)
        for at in range(1, len(COLUMNS)):
            self.sheet.write_blank(row, at, None, look)
        self.sheet.set_row(row, 18)

    def _row(self, row: int, values: Sequence[Any], height: float) -> None:
        sheet = self.sheet
        sheet.set_row(row, height)
        for at, value in enumerate(values):
            if at in FILLED:
                sheet.write_blank(row, at, None, self.open[at])
            elif isinstance(value, str):
                sheet.write_string(row, at, value, self.locked[at])
            elif value is not None:
                sheet.write_number(row, at, value, self.locked[at])

    def _empty(self, row: int, selection: Selection) -> None:
        """Write a row for a missing address; the municipality stands in it where the form is of one alone."""
        towns = selection.municipality_names()
        code, town = next(iter(towns.items())) if len(towns) == 1 else ("", "")
        given = {"correction": self.words["correction"][form.MISSING], "municipality": town, "municipality_code": code}
        given["part"] = self.book.wording.value("address_part", "missing")
        for at, name in enumerate(COLUMNS):
            if given.get(name):
                self.sheet.write_string(row, at, given[name], self.locked[at])
            elif at in FILLED or name in OPEN_BELOW or name == "municipality":
                self.sheet.write_blank(row, at, None, self.open[at])

    def _validate(self, ranges: Sequence[tuple[int, int]], below: tuple[int, int]) -> None:
        """Let each cell to fill in take what is meant alone, and colour what is still needed."""
        start = 2  # of the words in the hidden sheet, counted from 1; they stand there in this order
        lists = {}
        for name, words in self.words.items():
            offered = len(words) - (name == "correction")  # a missing address is chosen by its place
            lists[name] = f"='{form.SHEET}'!$D${start}:$D${start + offered - 1}"
            start += len(words)
        number = {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": FASTEST}
        rules: dict[str, dict[str, Any]] = {
            name: {"validate": "list", "source": source, "error_message": self._say("choose_from_list")}
            for name, source in lists.items()
        }
        rules |= {name: {**number, "error_message": self._say("positive_number")} for name in addresses.NUMBERS}
        rules["date"] = {"validate": "date", "criteria": "between", "minimum": FIRST_DAY, "maximum": LAST_DAY}
        rules["date"]["error_message"] = self._say("a_date")
        every = [*ranges, below]
        for name, rule in rules.items():
            self._rule(name, rule, ranges if name == "correction" else every)
        degrees = {"error_message": self._say("degrees")}
        metres = {"error_message": self._say("metres", crs=self.book.study.crs)}
        for name, (low, high, said) in {
            "lon": (-180, 180, degrees), "lat": (-90, 90, degrees), "x": (-1e8, 1e8, metres), "y": (-1e8, 1e8, metres),
        }.items():  # fmt: skip
            self._rule(
                name, {"validate": "decimal", "criteria": "between", "minimum": low, "maximum": high, **said}, [below]
            )
        self._need(every)
        lined = {"type": "no_errors", "format": self.lined}  # also where nothing stands, and without a cell for it
        for first, last in ranges:
            self.sheet.conditional_format(first, 0, last, FILLED[0] - 1, lined)
            self.sheet.conditional_format(first, FILLED[-1] + 1, last, len(COLUMNS) - 1, lined)

    def _rule(self, name: str, rule: Mapping[str, Any], ranges: Sequence[tuple[int, int]]) -> None:
        at = AT[name]
        used = [(first, at, last, at) for first, last in ranges if last >= first]
        if not used:
            return
        more = [] if len(used) == 1 else [list(one) for one in used]
        options = {**rule, "other_cells": more} if more else dict(rule)
        self.sheet.data_validation(*used[0], options)

    def _need(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Colour a cell that is empty though the correction in its row needs it."""
        first, last = ranges[0][0], ranges[-1][1]
        words = {name: word.replace('"', '""') for name, word in self.words["correction"].items()}
        chosen, row = f"${xl_col_to_name(AT['correction'])}", first + 1
        needs = {
            "comment": f'AND({chosen}{row}<>"",{chosen}{row}<>"{words[form.RIGHT]}",{{told}})',
            "kind": f'AND(OR({chosen}{row}="{words["wrong_kind"]}",{chosen}{row}="{words[form.MISSING]}"),{{told}})',
            "down_mbps": f'AND({chosen}{row}="{words["wrong_speed"]}",{{told}})',
        }
        address = f"${xl_col_to_name(AT['address'])}{row}"
        for name, formula in needs.items():
            cell = f"${xl_col_to_name(AT[name])}{row}"
            told = f'{cell}="",{address}<>""'  # a row for a missing address is empty until it has one
            options = {"type": "formula", "criteria": f"={formula.format(told=told)}", "format": self.needed}
            self.sheet.conditional_format(first, AT[name], last, AT[name], options)

    def _look(self, last: int) -> None:
        """Set what holds for the whole sheet: filter, frozen header, protection, and how it prints."""
        sheet, end = self.sheet, len(COLUMNS) - 1
        sheet.freeze_panes(HEADER + 1, FROZEN)
        sheet.autofilter(HEADER, 0, last, end)
        sheet.protect("", ALLOWED)
        sheet.hide_gridlines(1)
        sheet.ignore_errors({"number_stored_as_text": f"A1:{xl_col_to_name(end)}{last + 1}"})  # a postcode is no number
        sheet.set_landscape()
        sheet.set_paper(A3)
        sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.7)
        sheet.fit_to_pages(1, 0)
        sheet.print_area(0, 0, last, FILLED[-1])
        sheet.repeat_rows(2, HEADER)
        name, banner = (text.replace("&", "&&") for text in (self.book.title, self.book.banner))
        sheet.set_header(f"&L{name[:100]}&R{banner[:100]}")
        sheet.set_footer("&L&A&R&P / &N")


def _heights(table: pd.DataFrame) -> list[float]:
    """Return how high each row must be for its texts to be read, up to LINES_MOST lines."""
    high = np.full(len(table), LINE)
    for name in WRAPPED:
        if name in form.FILLED:
            continue
        holds, line = (WIDTHS[name] * PER_WIDTH, SMALL_LINE) if name == SMALL else (WIDTHS[name] - 1, LINE)
        length = table[name].str.len().fillna(0).to_numpy(dtype=float)
        high = np.maximum(high, np.minimum(np.ceil(length / holds), LINES_MOST) * line)
    return [float(one) + 1.0 for one in high]
