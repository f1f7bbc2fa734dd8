"""Corrections of one place and kind, from one file or several: the later word counts, and contradictions count not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from coverage.sources.addresses import plain_address, plain_code
from coverage.sources.batch import Batch

# What each kind of correction is about; not inhabited and in use are two answers to one question.
ABOUT: Final = {
    "not_inhabited": "use", "in_use": "use", "wrong_kind": "kind", "wrong_speed": "speed", "missing_address": "address",
}  # fmt: skip
# What a correction says is right. Who says so and in which words makes no difference.
SAID: Final = ("correction", "kind", "down_mbps", "up_mbps", "technology", "provider", "weight")
USED: Final = {
    "use": ("correction",),
    "kind": ("kind",),
    "speed": ("down_mbps", "up_mbps", "technology", "provider"),
    "address": ("weight",),
}

CONTRADICTED: Final = "is contradicted by a correction of the same day; expected one of them, or a later one"
REPEATED: Final = "says what another correction says"
OVERTAKEN: Final = "is not the last word: a later correction counts"


def settle(batches: Sequence[Batch]) -> None:
    """Reject every correction but the one that counts, of each place and what is said of it, over all files.

    The later date counts, and any date counts over none. Of those that say the same on one day one is kept. Those
    that say different things on one day are all rejected, and so are the earlier ones: nobody guesses what is right.
    The order of the rows and of the files makes no difference to what is kept, but for the row that tells it. The value
    of a rejected row names the one that speaks against it.
    """
    table = _stacked(batches)
    if table.empty:
        return
    reason, other = np.full((2, len(table)), "", dtype=object)
    crowded = table[table.duplicated("about", keep=False)]
    for _, rows in crowded.groupby("about", sort=False):
        for at, why, row in _judged(rows):
            reason[at], other[at] = why, f"{row.correction} (row {row.row} of {row.source}: {row.day})"
    for number, batch in enumerate(batches):
        mine = (table["batch"] == number).to_numpy()
        batch.reject(
            reason[mine].astype(bool), field=batch.named.get("correction", "correction"),
            values=pd.Series(other[mine], index=batch.frame.index), reason=reason[mine],
        )  # fmt: skip


def _stacked(batches: Sequence[Batch]) -> pd.DataFrame:
    parts = []
    for number, batch in enumerate(batches):
        frame = batch.geo
        if frame.empty:
            continue
        topic = frame["correction"].map(ABOUT)
        about = topic + "|" + frame["place_id"]
        where = [f"{x:.1f} {y:.1f}" for x, y in zip(frame.geometry.x, frame.geometry.y, strict=True)]
        named = plain_address(frame["address"]).fillna("") + "|" + plain_code(frame["postcode"]).fillna("")
        new = topic + "|" + named + "|" + frame["name"].fillna("") + "|" + frame["kind"].fillna("") + "|" + where
        said = [
            "|".join("" if pd.isna(row[name]) else str(row[name]) for name in USED[subject])
            for subject, row in zip(topic, frame[list(SAID)].to_dict("records"), strict=True)
        ]
        parts.append(
            pd.DataFrame(
                {
                    "batch": number, "row": frame.index.to_numpy(), "source": batch.spec.id, "date": frame["date"],
                    "correction": frame["correction"], "day": frame["date"].dt.strftime("%Y-%m-%d").fillna("no date"),
                    "about": about.where(topic != "address", new).to_numpy(), "said": said,
                    "told": (frame["office"] + "|" + frame["comment"]).to_numpy(),
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _judged(rows: pd.DataFrame) -> Iterator[tuple[int, str, Any]]:
    """Yield each correction of one thing that does not count: its position, why, and the row that speaks against it."""
    last = rows["date"].max()
    latest = rows[(rows["date"] == last) | pd.isna(last)].sort_values(["told", "source", "row"])
    first, *others = latest.itertuples()
    contrary = next((row for row in others if row.said != first.said), None)
    if contrary is not None:
        for own in (first, *others):
            yield own.Index, CONTRADICTED, contrary if own.said == first.said else first
    else:
        yield from ((own.Index, REPEATED, first) for own in others)
    for at in rows.index.difference(latest.index):
        yield at, OVERTAKEN, first
