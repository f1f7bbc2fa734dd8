"""A sheet of a workbook whose rows are made, and written, only when the file is: piece by piece.

XlsxWriter keeps a sheet's cells in memory, or knows neither named tables nor texts that cells share. Here each distinct
value of a column in a piece is turned into XML once, and rows are put together of that. What XlsxWriter writes of a
sheet beside its rows stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final

import pandas as pd
from xlsxwriter.utility import xl_col_to_name, xl_range
from xlsxwriter.worksheet import Worksheet

from coverage.reports.pieces import Pieces, by_value

BLOCK_ROWS: Final = 2_000  # whose XML is in memory at a time
SHARED: Final = 4  # rows for each distinct text, on average, from which on cells share their texts
UTF16_BYTES: Final = 2 * 32_767  # Excel's limit of a cell


@dataclass(frozen=True)
class Cells:
    """Hold how the cells of one column are made: its name, its values as they are read, a cell's content, a format."""

    name: str
    read: Callable[[pd.Series], pd.Series]
    show: Callable[[Any], Any]  # of a value that is there: a number, a date or a text; None leaves the cell out
    format: Any


class LongSheet(Worksheet):  # type: ignore[misc]  # XlsxWriter tells no types
    """A sheet that can hold one long table below a header row."""

    _table: Pieces | None = None
    _columns: Sequence[Cells] = ()
    _height = 0.0

    def hold(self, table: Pieces, columns: Sequence[Cells], *, row_height: float, options: Mapping[str, Any]) -> None:
        """Take a table to be written below the header, as the named table that `options` describe to XlsxWriter.

        Every row is as high as `row_height`, in points: texts that are longer than their cells do not show whole.
        """
        self._table, self._columns, self._height = table, columns, row_height
        last = len(columns) - 1
        # XlsxWriter notes every cell of a table, a million rows of them too: it is told of the first row, then of all.
        self.add_table(0, 0, 1, last, {**options})
        whole = xl_range(0, 0, len(table), last)
        self.tables[-1].update({"range": whole, "a_range": whole, "autofilter": whole})
        self.dim_rowmax = len(table)

    def _write_rows(self) -> None:
        if self._table is None:
            super()._write_rows()
            return
        below, last = len(self._table) + 1, self.dim_rowmax
        self.dim_rowmax = 0
        super()._write_rows()
        strings: dict[str, int] = {}
        start = 2  # the header is the first row
        for part in self._table:
            ends = [self._ends(part[column.name], column, strings) for column in self._columns]
            for first in range(0, len(part), BLOCK_ROWS):
                self.fh.write(self._block(start + first, [column[first : first + BLOCK_ROWS] for column in ends]))
            start += len(part)
        self.dim_rowmax = last
        if last >= below:
            self.dim_rowmin, top = below, self.dim_rowmin
            super()._write_rows()
            self.dim_rowmin = top

    def _block(self, start: int, ends: Sequence[Sequence[str]]) -> str:
        """Return the XML of some rows from what follows the row's number in each of their cells."""
        numbers = [str(number) for number in range(start, start + len(ends[0]))]
        columns = [
            [f"{begin}{number}{end}" if end else "" for number, end in zip(numbers, column, strict=True)]
            for begin, column in ((f'<c r="{xl_col_to_name(at)}', column) for at, column in enumerate(ends))
        ]
        heads = [f'<row r="{number}" ht="{self._height:g}" customHeight="1">' for number in numbers]
        return "".join(map("".join, zip(heads, *columns, repeat("</row>"), strict=False)))

    def _ends(self, values: pd.Series, column: Cells, strings: dict[str, int]) -> list[str]:
        """Return for each value what its cell holds after the row's number; nothing where there is no cell."""
        read = column.read(values)
        style = f'" s="{column.format._get_xf_index()}"'
        shares = not pd.api.types.is_numeric_dtype(read) and read.nunique() * SHARED <= len(read)
        return by_value(read, lambda value: self._end(column.show(value), style, strings, shares), missing="")

    def _end(self, cell: Any, style: str, strings: dict[str, int], shares: bool) -> str:
        if cell is None:
            return ""
        if not isinstance(cell, str):
            number = cell if isinstance(cell, int | float) else self._convert_date_time(cell)
            return f"{style}><v>{number:.16G}</v></c>"
        text = cell
        if len(text) * 2 > UTF16_BYTES // 2:
            text = text.encode("utf-16-le")[:UTF16_BYTES].decode("utf-16-le", errors="ignore")
        if shares or text != self._escape_control_characters(text):  # not every reader undoes this within a cell
            return f'{style} t="s"><v>{self._shared(text, strings)}</v></c>'
        kept = ' xml:space="preserve"' if text != text.strip() else ""
        return f'{style} t="inlineStr"><is><t{kept}>{self._escape_data(text)}</t></is></c>'

    def _shared(self, text: str, strings: dict[str, int]) -> int:
        """Return a text's number among those of the workbook, which XlsxWriter writes after the sheets."""
        if text not in strings:
            strings[text] = len(self.str_table.string_array)
            self.str_table.string_array.append(text)
            self.str_table.unique_count += 1
            self.str_table.count += 1
        return strings[text]
