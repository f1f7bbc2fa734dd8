"""Find the weight of one criterion at which two ranked areas change places, in closed form.

A score is the weighted mean of an area's scores. With d the difference of two areas' scores in each criterion and D
the weighted sum of d, the two are equal when the weight of criterion k is w - D / d of k, all other weights kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.errors import DataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

# What becomes of two areas: a weight turns them; their scores are equal already, and any turn of the weight parts
# them; the upper is no worse in any criterion, so that no weight turns them; they are equal in all criteria.
CODES: Final = ("swap", "tied", "dominates", "same")
# Scores run to 100; a difference below this is rounding.
SMALL: Final = 1e-9
COLUMNS: Final = (
    "above", "below", "code", "criterion", "weight", "swap_weight", "weight_share", "swap_share",
)  # fmt: skip


def neighbour_swaps(areas: pd.DataFrame, *, weights: Mapping[str, float]) -> pd.DataFrame:
    """Say of every two neighbours in the ranking which weight turns them; one row each, down the ranking.

    `areas` are ranked by `priority.prioritise` under `weights` (`priority.criterion_weights`); those that cannot be
    funded have no neighbours. Columns as of `pair_swaps`. Raises DataError if a score is missing.
    """
    ranked = areas[areas["decision"] != "ineligible"].sort_values("rank", kind="stable", ignore_index=True)
    above = np.arange(max(0, len(ranked) - 1))
    return pair_swaps(ranked, above, above + 1, weights=weights)


def pair_swaps(areas: pd.DataFrame, above: Ints, below: Ints, *, weights: Mapping[str, float]) -> pd.DataFrame:
    """Say of pairs of rows of `areas`, the first ranked above the second, which weight turns them.

    Of the criteria that can turn a pair the one is named whose weight changes least, and of equals the first. Columns
    (COLUMNS): the two ids; `code`, one of CODES; `criterion`; its `weight`, and `swap_weight`, at which the two scores
    are equal and beyond which they have turned, in the policy's points; both as shares of all weights. The last five
    are null where no single weight turns the pair. Raises DataError if a score is missing.
    """
    names = list(weights)
    missing = [name for name in names if f"score_{name}" not in areas]
    if missing:
        raise DataError(f"areas: column 'score_{missing[0]}' is missing; expected ranked areas")
    table = areas[[f"score_{name}" for name in names]].to_numpy(dtype=float).reshape(len(areas), len(names))
    weight = np.array([weights[name] for name in names])
    apart = table[above] - table[below]
    apart = np.where(np.abs(apart) < SMALL, 0.0, apart)
    lead = np.maximum(0.0, apart @ weight)
    lead = np.where(lead < SMALL * weight.sum(), 0.0, lead)[:, None]
    turned = weight - np.divide(lead, apart, out=np.full(apart.shape, np.nan), where=apart != 0)
    # A weight may rise without end, but not fall to 0: what is beyond it would be below.
    able = (apart < 0) | ((apart > 0) & (turned > SMALL * weight.sum()))
    change = np.where(able, np.abs(turned - weight), np.inf)
    best = change.argmin(axis=1) if len(names) else np.zeros(len(above), dtype=np.intp)
    row = np.arange(len(above))
    found = able.any(axis=1)
    now, then = weight[best], turned[row, best]
    total = weight.sum()
    code = np.select(
        [found & (lead[:, 0] > 0), found, (apart != 0).any(axis=1)], ["swap", "tied", "dominates"], "same"
    ).astype(object)
    ids = areas["area_id"].to_numpy()
    columns: dict[str, Any] = {
        "above": pd.array(ids[above].astype(object), dtype="str"),
        "below": pd.array(ids[below].astype(object), dtype="str"),
        "code": pd.array(code, dtype="str"),
        "criterion": pd.Series(np.array(names, dtype=object)[best], dtype="str").where(found),
        "weight": np.where(found, now, np.nan),
        "swap_weight": np.where(found, then, np.nan),
        "weight_share": np.where(found, now / total, np.nan),
        # Of one criterion alone no weight turns anything, and its share is 0 of 0.
        "swap_share": np.divide(then, total - now + then, out=np.full(len(then), np.nan), where=found),
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(above)))[list(COLUMNS)]
