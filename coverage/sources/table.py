"""Tables: delimited text with delimiter, encoding and decimal mark found out, and broken rows set apart."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from coverage import schemas
from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.archive import local_file
from coverage.sources.encoding import to_utf8
from coverage.sources.filled_form import filled_rows, form_of_list
from coverage.sources.headers import MAX_HEADER_ROW, column_names, header_rows
from coverage.sources.limits import brief, check_count, limit, read_bounded
from coverage.sources.raw import EXAMPLES, VALUE_LENGTH, NoRowsError, RawTable, rejections
from coverage.sources.spreadsheet import SPREADSHEETS, read_sheet

DELIMITERS: Final = (";", "\t", ",")  # of equal counts the first wins
FIELD_COUNTS: Final = 50  # different wrong numbers of fields that are told apart
UNCLOSED: Final = "a quotation mark is opened and not closed"
NUL: Final = "holds a NUL byte, which is no text"
BLOCK_BYTES: Final = 8_000_000  # that Arrow parses at a time, and no row may be longer

Numbers = npt.NDArray[np.int64]
TABLE_READER_OPTIONS: Final = ("header_rows", "sheet")


@dataclass
class _Broken:
    """Hold the rows that have another number of fields: all numbers, some texts."""

    numbers: array[int] = field(default_factory=lambda: array("q"))
    counts: dict[int, int] = field(default_factory=dict)
    texts: list[tuple[int, int, str]] = field(default_factory=list)  # (row, fields, text)

    def add(self, row: int, fields: int, text: str) -> None:
        self.numbers.append(row)
        if fields not in self.counts and len(self.counts) >= FIELD_COUNTS:
            fields = -1  # one of many
        self.counts[fields] = self.counts.get(fields, 0) + 1
        if self.counts[fields] <= EXAMPLES:
            self.texts.append((row, fields, text[: VALUE_LENGTH + 1]))


def read_table(spec: SourceSpec) -> RawTable:
    """Read a table as text columns: a CSV file (``.csv``, ``.csv.gz``, tab-separated too) or a spreadsheet (``.xlsx``).

    The delimiter is the one of ``;``, tab and ``,`` that is most frequent in the header; option ``delimiter``
    overrides. The decimal mark is the option ``decimal``, else a comma is understood too unless it is the
    delimiter. Header: see `header_rows`. A row with another number of fields than the header, with a quotation that
    does not close or with a NUL byte is rejected. Raises DataError where the file is missing, empty, truncated, too
    large, in no known encoding or without rows.
    """
    with local_file(spec) as path:
        if path.suffix.lower() in SPREADSHEETS:
            return read_sheet(path, spec)
        data, found = to_utf8(_bytes(path, spec), spec)
    if not data.strip():
        raise DataError(f"{spec.name}: the file is empty; expected a header row and data rows")
    check_count(max(data.count(b"\n"), data.count(b"\r")), spec, "max_rows", "lines")
    delimiter = _delimiter(data, spec)
    names, notes, start = _header(data, delimiter, spec)
    decimal = str(spec.options.get("decimal", "")) or ("." if delimiter == "," else ",")
    table, rows, rejected, unlisted = _parse(data[start:], names, delimiter, spec)
    frame = pd.DataFrame(table.to_pandas())
    frame.index = pd.Index(rows, dtype="int64", name="row")
    if frame.empty and rejected.empty:
        raise NoRowsError(f"{spec.name}: the file has a header but no rows; expected at least one row")
    raw = RawTable(frame, rejected, unlisted, decimal=decimal, notes=(*found, *notes))
    form = form_of_list(frame, spec) if spec.role == "corrections" else None
    return raw if form is None else filled_rows(raw, form, spec)


def _bytes(path: Path, spec: SourceSpec) -> bytes:
    try:
        packed = path.stat().st_size
        if path.suffix.lower() == ".gz":
            with gzip.open(path) as file:
                return read_bounded(file, spec, packed=packed)
        if packed > limit(spec, "max_bytes"):
            check_count(packed, spec, "max_bytes", "bytes of text")
        return path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        reason = brief(error.strerror if isinstance(error, OSError) and error.strerror else error)
        raise DataError(f"{spec.name}: the file cannot be read to its end ({reason}); expected a whole file") from error


def _delimiter(data: bytes, spec: SourceSpec) -> str:
    given = str(spec.options.get("delimiter", ""))
    if given:
        if len(given) != 1 or given in '"\r\n\0' or not given.isascii():
            raise DataError(f"{spec.name}: delimiter {given!r} cannot be used; expected one character such as ';'")
        return given
    lines = data[:BLOCK_BYTES].decode("utf-8", errors="ignore").splitlines()
    last = header_rows(spec)[-1]
    line = re.sub(r'"[^"]*"', "", lines[last - 1]) if len(lines) >= last else ""
    return max(DELIMITERS, key=line.count)


def _header(data: bytes, delimiter: str, spec: SourceSpec) -> tuple[list[str], tuple[str, ...], int]:
    """Return the column names, notes on them, and where the data begin."""
    wanted = header_rows(spec)
    lines = io.StringIO(data[:BLOCK_BYTES].decode("utf-8", errors="ignore"), newline="")
    used: list[int] = []

    def counted() -> object:
        for line in lines:
            used.append(len(line.encode("utf-8")))
            yield line

    records: list[list[str]] = []
    try:
        for record in csv.reader(counted(), delimiter=delimiter):  # type: ignore[arg-type]
            records.append(record)
            if len(records) == wanted[-1]:
                break
    except csv.Error as error:
        raise DataError(f"{spec.name}: no readable header ({brief(error)}); expected a row of column names") from error
    if len(records) < wanted[-1] or not any(text.strip() for text in records[-1]):
        where = "the first line" if wanted == (1,) else f"header row {wanted[-1]}"
        raise DataError(f"{spec.name}: {where} is empty; expected a header row with the column names")
    if len(used) > MAX_HEADER_ROW:
        raise DataError(f"{spec.name}: the header does not end; expected a quotation mark that closes it")
    chosen = [records[row - 1] for row in wanted]
    if any("\0" in text for row in chosen for text in row):
        raise DataError(f"{spec.name}: the header holds a NUL byte, so this is no text; expected a table as text")
    names, notes = column_names(chosen, spec)
    return names, notes, sum(used)


def _parse(
    data: bytes, names: list[str], delimiter: str, spec: SourceSpec
) -> tuple[pa.Table, Numbers, pd.DataFrame, Mapping[tuple[str, str], int]]:
    """Return the whole rows as a table of text, their row numbers, the broken rows, and how many more there are."""
    if b"\0" not in data and _quotes_close(data, delimiter):
        table, broken = _arrow(data, names, delimiter, spec)
        total = table.num_rows + len(broken.numbers)
        rejected, unlisted = _rejected(broken, len(names), spec)
        return table, _without(np.arange(1, total + 1), broken), rejected, unlisted
    # A quotation that never closes would swallow the lines after it. Set apart the lines in which one is left open,
    # so that only they are lost. Row numbers are then line numbers.
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    apart: dict[str, list[int]] = {NUL: [], UNCLOSED: []}
    kept = []
    for number, line in enumerate(lines):
        if b"\0" in line:
            apart[NUL].append(number)
        elif b'"' in line and not _quotes_close(line, delimiter):
            apart[UNCLOSED].append(number)
        elif line.strip():
            kept.append(number)
    table, broken = _arrow(b"\n".join(lines[n] for n in kept) + b"\n", names, delimiter, spec)
    numbers = np.array(kept, dtype="int64") + 1
    broken.texts = [(int(numbers[row - 1]), fields, text) for row, fields, text in broken.texts]
    rejected, unlisted = _rejected(broken, len(names), spec)
    parts = [rejected]
    for reason, found in apart.items():
        texts = [lines[n][: 4 * VALUE_LENGTH].decode("utf-8", errors="ignore") for n in found[:EXAMPLES]]
        rows = [n + 1 for n in found[:EXAMPLES]]
        parts.append(rejections(spec.id, rows=rows, field="", values=texts, reason=reason))
        if len(found) > EXAMPLES:
            unlisted[("", reason)] = len(found) - EXAMPLES
    whole = pd.concat(parts, ignore_index=True).sort_values("row", kind="stable", ignore_index=True)
    return table, _without(numbers, broken), whole, unlisted


def _quotes_close(data: bytes, delimiter: str) -> bool:
    """Return whether every quotation in the text closes, before a delimiter or the end of a row."""
    if b'"' not in data:
        return True
    mark = re.escape(delimiter.encode())
    # Take out the fields that are quoted as they should be, on one line. If that leaves no mark, all is well.
    proper = rb"(?:(?<=[\r\n])|(?<=" + mark + rb')|\A)"(?:[^"\r\n]|"")*+"(?=[\r\n]|' + mark + rb"|\Z)"
    if b'"' not in re.sub(proper, b"", data):
        return True
    try:
        for _ in csv.reader(io.StringIO(data.decode("utf-8"), newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error:
        return False
    return True


def _arrow(data: bytes, names: list[str], delimiter: str, spec: SourceSpec) -> tuple[pa.Table, _Broken]:
    """Parse with Arrow: the whole rows as text, and the rows with another number of fields."""
    broken = _Broken()
    if data.startswith(codecs.BOM_UTF8):
        data = codecs.BOM_UTF8 + data  # Arrow drops one, which here is part of a value
    types = dict.fromkeys(names, pa.string())
    if not data.strip(b"\r\n"):
        return pa.table({name: pa.array([], pa.string()) for name in names}), broken

    def note(row: pacsv.InvalidRow) -> str:
        broken.add(row.number, row.actual_columns, row.text)
        return "skip"

    try:
        # One thread: only then does Arrow number the invalid rows.
        reading = pacsv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, column_names=names)
        parsing = pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note)
        converting = pacsv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
        return pacsv.read_csv(io.BytesIO(data), reading, parsing, converting), broken
    except (pa.ArrowException, ValueError) as error:
        raise DataError(
            f"{spec.name}: not a readable table ({brief(error)}); expected text with {delimiter!r}"
        ) from error


def _without(numbers: Numbers, broken: _Broken) -> Numbers:
    keep = np.ones(len(numbers), dtype=bool)
    keep[np.frombuffer(broken.numbers, dtype="int64") - 1 if broken.numbers else []] = False
    return numbers[keep]


def _rejected(broken: _Broken, width: int, spec: SourceSpec) -> tuple[pd.DataFrame, dict[tuple[str, str], int]]:
    """Return the broken rows that are listed, and the number of those that are not, by reason."""
    if not broken.texts:
        return schemas.empty_rejected(), {}
    rows, fields, texts = zip(*broken.texts, strict=True)
    words = {
        count: f"the row has {f'{count}' if count >= 0 else 'another number of'} fields; expected {width}"
        for count in broken.counts
    }
    listed = rejections(spec.id, rows=rows, field="", values=texts, reason=[words[count] for count in fields])
    more = {("", words[count]): total - EXAMPLES for count, total in broken.counts.items() if total > EXAMPLES}
    return listed, more
