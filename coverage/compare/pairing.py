"""Find the areas of one run in another: by area_id, then by the premises that both hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

# Two areas are the same in other hands only if they share at least this part of the smaller one's premises;
# below it, one has been split off from the other or taken up by it. A convention, not a published figure.
LEAST_SHARED: Final = 0.5


def shared_premises(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Count the premises that areas of two runs have in common.

    Both frames hold place_id, area (null: in none) and weight; of a place whose weight changed the smaller one
    counts. Returns `before`, `after`, `shared`, one row per pair of areas with a place in common, sorted by both.
    """
    inside = [table[table["area"].notna()] for table in (before, after)]
    both = inside[0].merge(inside[1], on="place_id", suffixes=("_before", "_after"), validate="one_to_one")
    both["shared"] = both[["weight_before", "weight_after"]].min(axis=1)
    summed = both.groupby(["area_before", "area_after"], sort=True)["shared"].sum().reset_index()
    return summed.rename(columns={"area_before": "before", "area_after": "after"})


def pair_areas(
    before: Mapping[str, float], after: Mapping[str, float], shared: pd.DataFrame
) -> list[tuple[str | None, str | None]]:
    """Pair the areas of two runs, each with at most one of the other; None stands where there is no partner.

    `before` and `after` give the premises of each area by its id, `shared` comes from `shared_premises`. Areas of the
    same id belong together. Of the others the pair with most shared premises comes first, as long as it has
    LEAST_SHARED of the smaller area; ties go to the ids that sort first. Swapping the runs swaps the pairs. The
    pairs come sorted by the later id, then those without one by the earlier.
    """
    same = before.keys() & after.keys()
    partner: dict[str, str] = {area: area for area in same}
    taken = set(same)
    columns = zip(shared["shared"].tolist(), shared["before"].tolist(), shared["after"].tolist(), strict=True)
    candidates = [
        (float(count), str(old), str(new))
        for count, old, new in columns
        if old not in same
        and new not in same
        and count > 0
        and count >= LEAST_SHARED * min(before[str(old)], after[str(new)])
    ]
    for _, old, new in sorted(candidates, key=_first):
        if old not in partner and new not in taken:
            partner[old] = new
            taken.add(new)
    earlier = {new: old for old, new in partner.items()}
    pairs: list[tuple[str | None, str | None]] = [(earlier.get(new), new) for new in sorted(after)]
    return [*pairs, *((old, None) for old in sorted(before.keys() - partner.keys()))]


def _first(candidate: tuple[float, str, str]) -> tuple[float, str, str]:
    shared, old, new = candidate
    return -shared, min(old, new), max(old, new)
