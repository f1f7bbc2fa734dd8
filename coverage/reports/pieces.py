"""A long table that is made piece by piece, so that writing a million rows takes no more memory than a piece or two."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

SIZE: Final = 50_000  # rows


@dataclass(frozen=True)
class Pieces:
    """Hold which rows of a frame a table is made of, in the table's order, and what makes its columns of them.

    `make` gets rows of `source` and returns as many, whatever their number, each by itself and with the same columns
    of the same types. The pieces can be gone through more than once, and are made anew each time.
    """

    source: Any  # pd.DataFrame or gpd.GeoDataFrame
    at: npt.NDArray[np.int64]  # positions in it
    make: Callable[[Any], Any]
    size: int = SIZE

    def __len__(self) -> int:
        """Return the number of rows of all pieces."""
        return len(self.at)

    def __iter__(self) -> Iterator[Any]:
        """Make one frame after the other, none for a table without rows."""
        for start in range(0, len(self.at), self.size):
            yield self.make(self.source.iloc[self.at[start : start + self.size]])

    @functools.cached_property
    def head(self) -> Any:
        """Return the table's columns and their types: a frame without rows."""
        return self.make(self.source.iloc[:0])

    @property
    def columns(self) -> list[str]:
        """Return the names of the table's columns."""
        return [str(name) for name in self.head.columns]

    def together(self) -> Any:
        """Return all rows as one frame."""
        return pd.concat([*self] or [self.head], ignore_index=True)

    def part(self, start: int, stop: int) -> Pieces:
        """Return some of the rows."""
        return replace(self, at=self.at[start:stop])

    def then(self, step: Callable[[Any], Any]) -> Pieces:
        """Return the table with a further step done to each piece."""
        make = self.make
        return replace(self, make=lambda rows: step(make(rows)))


def in_pieces(table: pd.DataFrame | Pieces, *, size: int = SIZE) -> Pieces:
    """Return a table in pieces: one that is made already is cut, one in pieces stays as it is."""
    if isinstance(table, Pieces):
        return table
    return Pieces(table, np.arange(len(table)), lambda rows: rows, size)


def by_value(column: pd.Series, say: Callable[[Any], Any], *, missing: Any = None) -> list[Any]:
    """Return what `say` makes of each value of a column; it is asked once for each distinct one."""
    if column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) != "string":
        # Python's 1, 1.0 and True are one value to a table of distinct ones, and not to a reader.
        return [missing if gone else say(value) for value, gone in zip(column, column.isna(), strict=True)]
    code, distinct = pd.factorize(column)
    said = np.empty(len(distinct) + 1, dtype=object)
    for number, value in enumerate(distinct.tolist()):
        said[number] = say(value)
    said[-1] = missing  # what is missing has the code -1
    found: list[Any] = said[code].tolist()
    return found
