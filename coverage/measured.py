"""Set measured speed beside claimed speed. What is measured is what people bought, so it never decides a verdict."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.policy import MeasuredRules

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]


def compare_measured(
    rows: int, table: pd.DataFrame, place: Ints, offer: Ints, *, claimed_mbps: Floats, rules: MeasuredRules
) -> dict[str, Any]:
    """Return `measured_down_mbps`, `measured_up_mbps`, `measured_tests` and `measured_flag` of `rows` places.

    `place` and `offer` pair places with the measurements among the rows of `table` (tiles, cells, lines, places).
    Speeds are means over the tests of all measurements of a place: one that does not say how many tests it holds
    counts as one. `measured_tests` is their sum, null where none says. The flag is set where down is measured below
    the policy's share of the best claimed down speed, on enough tests if their number is known; without a claim there
    is nothing to flag.
    """
    tests = table["tests"].to_numpy(dtype=float)[offer]
    told = np.isfinite(tests) & (tests > 0)
    weight = np.where(told, tests, 1.0)
    total = np.bincount(place, weights=weight, minlength=rows)
    number = np.bincount(place[told], weights=tests[told], minlength=rows)
    number = np.where(np.bincount(place[told], minlength=rows) > 0, number, np.nan)

    def mean(name: str) -> Floats:
        values = table[name].to_numpy(dtype=float)[offer]
        summed = np.bincount(place, weights=weight * values, minlength=rows)
        return np.where(total > 0, summed / np.where(total > 0, total, 1.0), np.nan)

    down = mean("down_mbps")
    enough = ~(number < rules.min_tests)  # true where the number is not known
    return {
        "measured_down_mbps": down,
        "measured_up_mbps": mean("up_mbps"),
        "measured_tests": number,
        "measured_flag": (down < rules.flag_below * claimed_mbps) & enough,
    }
