"""What every reader of a file hands over: rows as they stand in the file, before any mapping."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from coverage import schemas

VALUE_LENGTH = 200  # a rejected value is quoted up to this many characters


@dataclass(frozen=True)
class RawTable:
    """Hold one file as it was read.

    `frame` has the file's own column names. Its index holds the 1-based number of the data row in the file.
    Columns from text files are `str`, trimmed or not, null where the file has nothing. It is a GeoDataFrame
    with its CRS set where the file (or a cell id) gives geometry. `rejected` (schemas.REJECTED_COLUMNS) holds
    rows that the reader could make nothing of; they are not in `frame`. Every data row is in exactly one of
    the two.
    """

    frame: pd.DataFrame
    rejected: pd.DataFrame = field(default_factory=schemas.empty_rejected)
    crs_found: str = ""
    decimal: str = "."  # the decimal mark of numbers that are still text
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def rejections(source: str, *, rows: object, field: str, values: object, reason: object) -> pd.DataFrame:
    """Make rows of `rejected` (schemas.REJECTED_COLUMNS); `field`, `values` and `reason` may be one or many."""
    numbers = pd.Series(rows, dtype="int64").reset_index(drop=True)
    frame = pd.DataFrame({"source": source, "row": numbers, "field": field})
    frame["value"] = values if isinstance(values, str) else pd.Series(values).astype("str").to_numpy()
    frame["reason"] = reason
    frame["value"] = frame["value"].astype("str").fillna("").str.slice(0, VALUE_LENGTH)
    return frame.astype(dict.fromkeys(("source", "field", "value", "reason"), "str"))
