"""Delimited text files: delimiter, byte order mark and decimal mark found out; broken rows set apart."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from coverage import schemas
from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.raw import RawTable, rejections

DELIMITERS: Final = (";", "\t", ",")  # of equal counts the first wins
MAX_BYTES: Final = 2_000_000_000  # of unpacked text: a larger one is more likely an attack than a register


def read_table(spec: SourceSpec) -> RawTable:
    """Read a CSV file (``.csv``, ``.csv.gz``, tab-separated too) as text columns.

    The delimiter is the one of ``;``, tab and ``,`` that is most frequent in the header; option ``delimiter``
    overrides. The decimal mark is the option ``decimal``, else a comma is understood too unless it is the
    delimiter. A row with another number of fields than the header is rejected. Raises DataError where the
    file is missing, empty, truncated, not in the encoding (option ``encoding``, default UTF-8) or without rows.
    """
    data = _as_utf8(_bytes(spec), spec)
    header = data.split(b"\n", 1)[0].decode("utf-8").strip("\r")
    if not header.strip():
        raise DataError(f"{spec.name}: the first line is empty; expected a header row with the column names")
    delimiter = str(spec.options.get("delimiter", "")) or max(DELIMITERS, key=header.count)
    decimal = str(spec.options.get("decimal", "")) or ("." if delimiter == "," else ",")
    table, rows, rejected = _parse(data, delimiter, spec)
    table, notes = _named_once(table)
    frame = pd.DataFrame(table.to_pandas())
    frame.index = pd.Index(rows, dtype="int64", name="row")
    if frame.empty and rejected.empty:
        raise DataError(f"{spec.name}: the file has a header but no rows; expected at least one row")
    return RawTable(frame, rejected, decimal=decimal, notes=notes)


def _bytes(spec: SourceSpec) -> bytes:
    try:
        if spec.path.suffix == ".gz":
            with gzip.open(spec.path) as file:
                data = file.read(MAX_BYTES + 1)
        else:
            with spec.path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise DataError(f"{spec.name}: the file does not exist; expected a table for source {spec.id!r}") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{spec.name}: the file cannot be read to its end ({error}); expected a whole file") from error
    if len(data) > MAX_BYTES:
        raise DataError(f"{spec.name}: more than {MAX_BYTES:,} bytes of text; expected a smaller table")
    return data


def _as_utf8(data: bytes, spec: SourceSpec) -> bytes:
    encoding = str(spec.options.get("encoding", "utf-8"))
    try:
        # Decoding proves the text whole; a byte order mark would otherwise become part of the first name.
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f'{spec.name}: line {line} is not {encoding} text; expected {encoding}, or options.encoding = "latin-1"'
        ) from error
    except LookupError as error:
        raise DataError(f"{spec.name}: encoding {encoding!r} is unknown; expected e.g. 'utf-8' or 'latin-1'") from error
    if not text.strip():
        raise DataError(f"{spec.name}: the file is empty; expected a header row and data rows")
    return text.encode("utf-8")


def _parse(data: bytes, delimiter: str, spec: SourceSpec) -> tuple[pa.Table, np.ndarray, pd.DataFrame]:
    """Return the whole rows as a table of text, their row numbers, and the broken rows."""
    if _quotes_close(data, delimiter):
        table, invalid = _arrow(data, delimiter, spec)
        rows = _numbers(table.num_rows + len(invalid), [number for number, _, _ in invalid])
        return table, rows, _broken(invalid, table.num_columns, spec)
    # A quotation that never closes would swallow the lines after it. Set apart the lines in which one is left open,
    # so that only they are lost. Row numbers are then line numbers.
    lines = data.split(b"\n")
    open_ = {n for n, line in enumerate(lines) if n and not _quotes_close(line, delimiter)}
    kept = [n for n, line in enumerate(lines) if n not in open_ and line.strip()]
    table, invalid = _arrow(b"\n".join(lines[n] for n in kept) + b"\n", delimiter, spec)
    numbers = np.array(kept, dtype="int64")[1:]  # without the header
    whole = _numbers(table.num_rows + len(invalid), [number for number, _, _ in invalid]) - 1
    invalid = [(int(numbers[number - 1]), count, text) for number, count, text in invalid]
    unclosed = rejections(
        spec.id,
        rows=sorted(open_),
        field="",
        values=[lines[n].decode("utf-8") for n in sorted(open_)],
        reason="a quotation mark is opened and not closed",
    )
    rejected = pd.concat([_broken(invalid, table.num_columns, spec), unclosed], ignore_index=True)
    return table, numbers[whole], rejected.sort_values("row", kind="stable", ignore_index=True)


def _quotes_close(data: bytes, delimiter: str) -> bool:
    """Return whether every quotation in the text closes, before a delimiter or the end of a row."""
    if b'"' not in data:
        return True
    if not any(line.count(b'"') % 2 for line in data.split(b"\n")):
        return True  # each line closes what it opens
    try:
        for _ in csv.reader(io.StringIO(data.decode("utf-8"), newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error:
        return False
    return True


def _arrow(data: bytes, delimiter: str, spec: SourceSpec) -> tuple[pa.Table, list[tuple[int, int, str]]]:
    """Parse with Arrow; invalid rows come back as (1-based data row, number of fields, text)."""
    invalid: list[tuple[int, int, str]] = []

    def note(row: pacsv.InvalidRow) -> str:
        invalid.append((row.number - 1, row.actual_columns, row.text))  # Arrow counts the header as record 1
        return "skip"

    try:
        # One thread: only then does Arrow number the invalid rows.
        reading = pacsv.ReadOptions(use_threads=False, block_size=8_000_000)
        parsing = pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note)
        names = pacsv.open_csv(io.BytesIO(data), reading, parsing).schema.names
        invalid.clear()
        converting = pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        )
        return pacsv.read_csv(io.BytesIO(data), reading, parsing, converting), invalid
    except (pa.ArrowInvalid, ValueError) as error:
        raise DataError(f"{spec.name}: not a readable table ({error}); expected text with {delimiter!r}") from error


def _numbers(count: int, without: list[int]) -> np.ndarray:
    keep = np.ones(count, dtype=bool)
    keep[np.array(without, dtype="int64") - 1] = False
    return np.flatnonzero(keep) + 1


def _broken(invalid: list[tuple[int, int, str]], width: int, spec: SourceSpec) -> pd.DataFrame:
    if not invalid:
        return schemas.empty_rejected()
    numbers, counts, texts = zip(*invalid, strict=True)
    reasons = [f"the row has {count} fields; expected {width}" for count in counts]
    return rejections(spec.id, rows=numbers, field="", values=list(texts), reason=reasons)


def _named_once(table: pa.Table) -> tuple[pa.Table, tuple[str, ...]]:
    """Give repeated column names a number (`name`, `name_2`), and unnamed ones `column_<n>`."""
    seen: dict[str, int] = {}
    names = []
    for position, raw in enumerate(table.column_names, start=1):
        name = raw.strip() or f"column_{position}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    twice = [name for name, count in seen.items() if count > 1]
    notes = tuple(f"column {name!r} occurs {seen[name]} times; read as {name}, {name}_2 …" for name in twice)
    return table.rename_columns(names), notes
