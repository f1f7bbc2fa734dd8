"""How far an estimate was off, and by what to multiply it: ratios, their spread by class, and shrunk multipliers.

A room below `backcast`, of numbers alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.figure_files import read_rules

Floats = npt.NDArray[np.float64]

RULES_FILE: Final = Path(__file__).parent.parent / "data" / "backcast.csv"
# The median absolute deviation of a normal distribution is its standard deviation over this.
MAD_TO_SIGMA: Final = 1.4826
CLASS_COLUMNS: Final = ("technology", "by", "class", "awards", "median_ratio", "spread", "multiplier")
OVERALL: Final = "all"


@dataclass(frozen=True)
class Rules:
    """Hold the bounds of the classes and the weight of the cost book against awards; from `data/backcast.csv`."""

    credibility_awards: float
    size_small_below: float
    size_medium_below: float
    scattered_from: float
    remote_from: float
    fewest_comparable: float

    def size_class(self, premises: Floats) -> list[str]:
        """Name the size class of each award or area by its premises."""
        small, medium = self.size_small_below, self.size_medium_below
        names = (f"under {small:g} premises", f"{small:g} to {medium:g} premises", f"{medium:g} premises or more")
        return [names[int(at)] for at in np.searchsorted([small, medium], premises, side="right")]

    def terrain_class(self, metres_per_premises: Floats) -> list[str]:
        """Name the class of each award by metres of route per premises: what stands for terrain where none is told."""
        near, far = self.scattered_from, self.remote_from
        names = (f"under {near:g} m a premises", f"{near:g} to {far:g} m a premises", f"{far:g} m a premises or more")
        return [names[int(at)] for at in np.searchsorted([near, far], metres_per_premises, side="right")]


def load_rules(path: Path = RULES_FILE) -> Rules:
    """Read the rules; raises DataError naming the row that is missing or no number above 0."""
    return read_rules(Rules, path)


def multiplier(ratios: Floats, *, credibility: float, prior: float = 1.0) -> float:
    """Fit what to multiply an estimate by, from n ratios estimate / actual, shrunk towards `prior`.

    log m = (n x median(-log ratio) + K x log prior) / (n + K): the median, so that one odd award moves nothing by
    much, and the credibility weight n / (n + K) of Bühlmann (1967, "Experience rating and credibility", ASTIN
    Bulletin 4). K is how many awards weigh as much as the prior; it is fixed, not estimated, since a county has few
    awards. No awards give the prior; a thousand of one ratio r give almost 1 / r.
    """
    count = len(ratios)
    if not count:
        return prior
    middle = -float(np.median(np.log(np.sort(ratios))))
    return float(np.exp((count * middle + credibility * np.log(prior)) / (count + credibility)))


def spread(ratios: Floats) -> float:
    """Return the robust spread of ratios as a factor: about two of three lie within the median / and x it.

    exp(1.4826 x median absolute deviation of the logarithms); NaN of fewer than two.
    """
    if len(ratios) < 2:
        return float("nan")
    logs = np.log(np.sort(ratios))
    return float(np.exp(MAD_TO_SIGMA * np.median(np.abs(logs - np.median(logs)))))


def by_class(awards: pd.DataFrame, *, classes: Mapping[str, str], credibility: float) -> pd.DataFrame:
    """Tell the ratios of the awards (technology, cost_ratio = estimate / actual) over all and by each class column.

    `classes`: what a table calls it = the column. Each multiplier over all awards of a technology is shrunk towards 1,
    that of a class towards the one over all. Columns CLASS_COLUMNS; the order of the rows of `awards` changes nothing.
    """
    rows: list[tuple[object, ...]] = []
    for technology, mine in awards.groupby("technology", sort=True):
        ratios = mine["cost_ratio"].to_numpy(dtype=float)
        whole = multiplier(ratios, credibility=credibility)
        rows.append((technology, OVERALL, OVERALL, len(ratios), float(np.median(ratios)), spread(ratios), whole))
        for title, column in classes.items():
            for name, part in mine.groupby(column, sort=True):
                some = part["cost_ratio"].to_numpy(dtype=float)
                fitted = multiplier(some, credibility=credibility, prior=whole)
                rows.append((technology, title, name, len(some), float(np.median(some)), spread(some), fitted))
    return pd.DataFrame(rows, columns=list(CLASS_COLUMNS))
