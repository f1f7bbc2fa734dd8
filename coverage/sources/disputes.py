"""Corrections of one place and kind, from one file or several: the later word counts, and contradictions count not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

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


def settle(batches: Sequence[Batch]) -> None:
    """Reject every correction but the one that counts, of each place and what is said of it, over all files.

    The later date counts, and any date counts over none. Of those that say the same on one day one is kept. Those
    that say different things on one day are all rejected, and so are the earlier ones: nobody guesses what is right.
    The order of the rows and of the files makes no difference to what is kept, but for the row that tells it.
    """
    table = _stacked(batches)
    reason = np.full(len(table), "", dtype=object)
    for _, rows in table.groupby("about", sort=False):
        if len(rows) > 1:
            for at, words in _judged(rows):
                reason[at] = words
    for number, batch in enumerate(batches):
        mine = (table["batch"] == number).to_numpy()
        reasons = reason[mine]
        batch.reject(
            reasons.astype(bool), field=batch.named.get("correction", "correction"),
            values=batch.frame["correction"], reason=reasons,
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
                    "about": about.where(topic != "address", new).to_numpy(), "said": said,
                    "told": (frame["office"] + "|" + frame["comment"]).to_numpy(),
                }
            )
        )  # fmt: skip
    columns = ("batch", "row", "source", "date", "about", "said", "told")
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns))


def _judged(rows: pd.DataFrame) -> list[tuple[int, str]]:
    """Return the positions of the corrections that do not count, of several of one thing, each with why."""
    last = rows["date"].max()
    latest = rows[(rows["date"] == last) | pd.isna(last)].sort_values(["told", "source", "row"])
    kept = latest.iloc[0]
    day = "without a date" if pd.isna(last) else f"of {last:%Y-%m-%d}"
    first = f"row {kept['row']} of {kept['source']}"
    found = []
    if (latest["said"] != kept["said"]).any():
        for at, own in zip(latest.index, latest.itertuples(), strict=True):
            other = latest[latest["said"] != own.said].iloc[0]
            words = f"contradicts row {other['row']} of {other['source']}, {day} too; expected one, or a later one"
            found.append((at, words))
    else:
        found += [(at, f"says what {first} says") for at in latest.index[1:]]
    earlier = rows.index.difference(latest.index)
    return found + [(at, f"is not the last word: {first} is {day}") for at in earlier]
