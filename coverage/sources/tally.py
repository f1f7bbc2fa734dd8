"""Rejected rows of one source: every one counted, the first of each reason kept as examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage import schemas
from coverage.sources.raw import EXAMPLES, rejections

Positions = npt.NDArray[np.int64]
# Different reasons that one source can have; further ones share a line. Files have a few, hostile ones as many as rows.
REASONS: Final = 200
OTHER_REASONS: Final = "other reasons"


class Tally:
    """Collect the rejected rows of one source. Memory is bounded by EXAMPLES and REASONS, the counts are exact."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._counts: dict[tuple[str, str], int] = {}
        self._kept: dict[tuple[str, str], int] = {}
        self._frames: list[pd.DataFrame] = []

    def add(self, rows: pd.Index, *, field: str, reason: str, values: Callable[[Positions], Iterable[object]]) -> None:
        """Count rows rejected for one reason; `values` gives the values at chosen positions of `rows`."""
        field, reason = self._key(field, reason)
        room = EXAMPLES - self._kept.get((field, reason), 0)
        chosen = np.arange(min(room, len(rows)), dtype=np.int64)
        if len(chosen):
            part = rejections(self.source, rows=rows[chosen], field=field, values=values(chosen), reason=reason)
            self._frames.append(part)
        self._kept[field, reason] = self._kept.get((field, reason), 0) + len(chosen)
        self._counts[field, reason] = self._counts.get((field, reason), 0) + len(rows)

    def add_frame(self, rejected: pd.DataFrame, unlisted: Mapping[tuple[str, str], int]) -> None:
        """Take over rows that a reader rejected, and those that it counted only."""
        if len(rejected):
            for key, part in rejected.groupby(["field", "reason"], sort=False):
                field, reason = (str(item) for item in key)
                values = part["value"].to_numpy()
                self.add(pd.Index(part["row"]), field=field, reason=reason, values=values.take)
        for (field, reason), count in unlisted.items():
            field, reason = self._key(field, reason)
            self._counts[field, reason] = self._counts.get((field, reason), 0) + count

    @property
    def count(self) -> int:
        """Return how many rows were rejected, listed or not."""
        return sum(self._counts.values())

    @property
    def reasons(self) -> tuple[tuple[str, str, int], ...]:
        """Return (field, reason, rows) in the order in which they came up."""
        return tuple((field, reason, count) for (field, reason), count in self._counts.items())

    def table(self) -> pd.DataFrame:
        """Return the listed rows (schemas.REJECTED_COLUMNS) in the order of the file.

        Where a reason has more rows, the last one listed says how many.
        """
        whole = pd.concat([schemas.empty_rejected(), *self._frames], ignore_index=True)
        for (field, reason), count in self._counts.items():
            if count > (kept := self._kept.get((field, reason), 0)) > 0:
                last = np.flatnonzero((whole["field"] == field) & (whole["reason"] == reason))[-1]
                whole.loc[last, "reason"] = f"{reason}{unlisted_words(count - kept)}"
        return whole.sort_values("row", kind="stable", ignore_index=True)

    def _key(self, field: str, reason: str) -> tuple[str, str]:
        if (field, reason) in self._counts or len(self._counts) < REASONS:
            return field, reason
        return "", OTHER_REASONS


def unlisted_words(count: int) -> str:
    """Return what the last listed row says about those that are not."""
    return f" (and {count:,} more rows for this reason, which are not listed)"
