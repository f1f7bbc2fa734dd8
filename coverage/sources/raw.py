"""What every reader of a file hands over: rows as they stand in the file, before any mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from coverage import schemas
from coverage.errors import DataError

VALUE_LENGTH: Final = 200  # a rejected value is quoted up to this many characters
# Rejected rows that are kept as examples of one reason; further ones are counted only. A person reads far fewer, and
# ten million bad rows must not fill the memory.
EXAMPLES: Final = 10_000


class NoRowsError(DataError):
    """Report a file that is as it should be, but has no data rows: for some roles that says something."""


@dataclass(frozen=True)
class RawTable:
    """Hold one file as it was read.

    `frame` has the file's own column names. Its index holds the 1-based number of the data row in the file.
    Columns from text files are `str`, trimmed or not, null where the file has nothing. It is a GeoDataFrame
    with its CRS set where the file (or a cell id) gives geometry. `rejected` (schemas.REJECTED_COLUMNS) holds
    rows that the reader could make nothing of; they are not in `frame`. Every data row is in exactly one of
    the two, or, where very many rows share a reason, counted in `unlisted`; or the format is about other things too,
    which are counted in `left_out` (and told in a note). `columns` (ours = theirs) is what the file itself says of its
    columns; study.toml wins.
    """

    frame: pd.DataFrame
    rejected: pd.DataFrame = field(default_factory=schemas.empty_rejected)
    unlisted: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (field, reason): rows beyond the examples
    left_out: int = 0
    crs_found: str = ""
    decimal: str = "."  # the decimal mark of numbers that are still text
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)


def rejections(
    source: str, *, rows: Iterable[int], field: str, values: Iterable[object], reason: str | Iterable[str]
) -> pd.DataFrame:
    """Make rows of `rejected` (schemas.REJECTED_COLUMNS), one per row number; `reason` may be one for all."""
    numbers = pd.Series(list(rows), dtype="int64")
    quoted = ["" if value is None or value is pd.NA or value != value else str(value) for value in values]
    reasons = [reason] * len(numbers) if isinstance(reason, str) else list(reason)
    return pd.DataFrame(
        {
            "source": pd.Series([source] * len(numbers), dtype="str"),
            "row": numbers,
            "field": pd.Series([field] * len(numbers), dtype="str"),
            "value": pd.Series([text[:VALUE_LENGTH] for text in quoted], dtype="str"),
            "reason": pd.Series(reasons, dtype="str"),
        }
    )
