"""Spreadsheets (.xlsx): one sheet as a table of text. Formulas are not run: the value that was saved counts."""

from __future__ import annotations

import datetime as dt
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Final
from xml.etree.ElementTree import ParseError

import openpyxl
import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException

from coverage import schemas
from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.archive import check_archive
from coverage.sources.filled_form import Form, filled_rows, form_of_book
from coverage.sources.headers import column_names, header_rows
from coverage.sources.limits import CHUNK, MAX_CELLS, MAX_COLUMNS, brief, check_count, check_unpacked
from coverage.sources.names import nearest
from coverage.sources.raw import NoRowsError, RawTable

SPREADSHEETS: Final = (".xlsx", ".xlsm")
# XML that defines its own entities can unpack to anything, or fetch it; no spreadsheet needs to.
_ENTITIES: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)

# openpyxl trusts the XML that it reads: a damaged file may fail at any step.
_BROKEN: Final = (
    InvalidFileException, zipfile.BadZipFile, ParseError, KeyError, ValueError, TypeError, AttributeError,
    IndexError, OSError, EOFError, OverflowError, AssertionError, zlib.error, RuntimeError,
)  # fmt: skip

Row = tuple[Any, ...]


def read_sheet(path: Path, spec: SourceSpec) -> RawTable:
    """Read one sheet as text columns; numbers are written with a decimal point, dates as 2025-06-30.

    Option `sheet` names it, and may be left out where there is one only. Header: see `header_rows`. Row 1 is the
    one below it; rows without any value are no rows. Of corrections without that option the address form is known, and
    only what was filled in is read (``sources.filled_form``). Columns without a name and without a value are left
    out. Raises DataError where the file is no spreadsheet, is damaged or too large, has no such sheet or no rows.
    """
    _check(path, spec)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
            try:
                raw = _read(book, spec)
            finally:
                book.close()
        said = tuple(dict.fromkeys(brief(item.message, length=200) for item in caught))
        return replace(raw, notes=(*raw.notes, *said))
    except _BROKEN as error:
        raise DataError(f"{spec.name}: not a readable spreadsheet ({brief(error)}); expected a whole .xlsx") from error


def sheet_names(path: Path, spec: SourceSpec) -> tuple[str, ...]:
    """Return the sheets of a spreadsheet, for a person to choose from: of the address form the one that is filled in.

    Raises DataError as `read_sheet` does.
    """
    _check(path, spec)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, keep_links=False)
        try:
            form = _form(book, spec)
            return (form.sheet,) if form else tuple(_sheets(book))
        finally:
            book.close()
    except _BROKEN as error:
        raise DataError(f"{spec.name}: not a readable spreadsheet ({brief(error)}); expected a whole .xlsx") from error


def refuse_entities(file: IO[bytes], spec: SourceSpec) -> int:
    """Read XML to its end and return its size. Raises DataError where it defines entities or is not in UTF-8."""
    total, tail = 0, b""
    while chunk := file.read(CHUNK):
        total += len(chunk)
        text = tail + chunk
        if b"\0" in text:  # UTF-16 would hide what is looked for
            raise DataError(f"{spec.name}: holds XML that is not UTF-8 text; expected UTF-8")
        if _ENTITIES.search(text):
            raise DataError(f"{spec.name}: holds XML that defines entities of its own; expected plain XML")
        tail = chunk[-16:]
    return total


def _check(path: Path, spec: SourceSpec) -> None:
    """Refuse a file that unpacks to too much, or whose XML could; nothing is kept while it is read through."""
    total, packed = 0, path.stat().st_size
    members = check_archive(path, spec)
    try:
        with zipfile.ZipFile(path) as archive:
            for info in members:
                if info.filename.lower().endswith((".xml", ".rels")):
                    with archive.open(info) as file:
                        total += refuse_entities(file, spec)
                    check_unpacked(total, packed, spec)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError) as error:
        raise DataError(f"{spec.name}: not a readable spreadsheet ({brief(error)}); expected a whole .xlsx") from error


def _read(book: Any, spec: SourceSpec) -> RawTable:
    form = _form(book, spec)
    if form is None:
        return _table(_rows(book, spec), spec)
    options = {**spec.options, "sheet": form.sheet, "header_rows": [form.header_row]}
    there = replace(spec, options=options)
    return filled_rows(_table(_rows(book, there), there), form, spec)


def _form(book: Any, spec: SourceSpec) -> Form | None:
    return form_of_book(book, spec) if spec.role == "corrections" and "sheet" not in spec.options else None


def _sheets(book: Any) -> dict[str, Any]:
    return {sheet.title: sheet for sheet in book.worksheets if hasattr(sheet, "iter_rows")}


def _rows(book: Any, spec: SourceSpec) -> Iterator[Row]:
    sheets = _sheets(book)
    name = str(spec.options.get("sheet", ""))
    if name and name not in sheets:
        raise DataError(f"{spec.name}: no sheet {name!r}; {nearest(name, sheets)}")
    if not name and len(sheets) != 1:
        shown = ", ".join(sheets) or "none"
        raise DataError(f"{spec.name}: the file has the sheets {shown}; name one as options.sheet in study.toml")
    sheet = sheets[name] if name else next(iter(sheets.values()))
    # What the file says of its own size is not to be trusted; rows come as long as they are.
    sheet.reset_dimensions()
    return iter(sheet.iter_rows(values_only=True))


def _table(rows: Iterator[Row], spec: SourceSpec) -> RawTable:
    wanted = header_rows(spec)
    head: list[list[str]] = []
    for number, row in enumerate(rows, start=1):
        _check_width(row, spec)
        if number in wanted:
            head.append([_text(value) or "" for value in row])
        if number == wanted[-1]:
            break
    if len(head) < len(wanted) or not any(head[-1]):
        raise DataError(f"{spec.name}: header row {wanted[-1]} is empty; expected column names, or options.header_rows")
    records, numbers, cells = [], [], 0
    width = max(len(row) for row in head)
    for number, row in enumerate(rows, start=1):
        # Rows that the file leaves out come as empty ones.
        check_count(number, spec, "max_rows", "rows")
        if any(value is not None for value in row):
            _check_width(row, spec)
            values = [_text(value) for value in row]
            if any(values):
                width = max(width, len(values))
                cells += len(values)
                if cells > MAX_CELLS:
                    raise DataError(f"{spec.name}: more than {MAX_CELLS:,} cells; expected a smaller sheet, or CSV")
                records.append(values)
                numbers.append(number)
    if not records:
        raise NoRowsError(f"{spec.name}: the sheet has a header but no rows; expected at least one row")
    head = [row + [""] * (width - len(row)) for row in head]
    names, notes = column_names(head, spec)
    columns = {
        name: pd.array([row[at] if at < len(row) else None for row in records], dtype="str")
        for at, name in enumerate(names)
    }
    frame = pd.DataFrame(columns, index=pd.Index(numbers, dtype="int64", name="row"))
    spare = [name for at, name in enumerate(names) if not any(row[at] for row in head) and frame[name].isna().all()]
    return RawTable(frame.drop(columns=spare), schemas.empty_rejected(), decimal=_decimal(spec), notes=notes)


def _decimal(spec: SourceSpec) -> str:
    return str(spec.options.get("decimal", "")) or ","


def _check_width(row: Sequence[Any], spec: SourceSpec) -> None:
    if len(row) > MAX_COLUMNS:
        raise DataError(f"{spec.name}: a row has {len(row):,} columns; expected no more than {MAX_COLUMNS:,}")


def _text(value: Any) -> str | None:
    """Return a cell as text: null where it is empty, numbers without loss, days as 2025-06-30."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
        case dt.datetime():
            return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
        case _:
            return str(value).strip() or None
