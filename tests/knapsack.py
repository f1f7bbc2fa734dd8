"""A knapsack solved exactly, to compare with: by all subsets, or by scipy's solver; and a made-up county."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

SCALE = 1e4  # the budget in the solver's units


@dataclass(frozen=True)
class Best:
    chosen: Any
    benefit: float


def best_by_force(benefit: Any, grant: Any, budget: float) -> float:
    subsets = itertools.product([False, True], repeat=len(benefit))
    masks = np.array(list(subsets))
    return float((masks @ benefit)[masks @ grant <= budget].max())


def optimum(benefit: Any, grant: Any, *, budget: float) -> Best:
    """Return the set with the most benefit whose grants stay within the budget, by scipy's solver to a gap of 0."""
    chosen = grant <= 0
    open_ = np.flatnonzero(~chosen & (grant <= budget) & (benefit > 0))
    limit = budget
    while len(open_):
        result = milp(
            -benefit[open_] / benefit[open_].max(),
            constraints=LinearConstraint(grant[open_][None, :] / budget * SCALE, ub=limit / budget * SCALE),
            integrality=np.ones(len(open_)),
            bounds=Bounds(0, 1),
            options={"mip_rel_gap": 0.0},
        )
        picked = open_[result.x > 0.5]
        over = math.fsum(grant[picked]) - budget
        if over <= 0:
            chosen[picked] = True
            break
        limit -= over + 1e-9 * budget  # the solver's tolerance let a few cents through
    return Best(chosen, math.fsum(benefit[chosen]))


def county(areas: int, draws: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(6)
    premises = np.maximum(2, rng.lognormal(3, 1, areas)).round()
    grant = premises * rng.lognormal(np.log(120_000), 0.6, areas) / 1.3
    benefit = 25 * premises / 150 + 15 * premises * rng.lognormal(-1, 1, areas) / 200
    spread = np.exp(rng.normal(0, 0.1, draws) + rng.normal(0, 0.1, (areas, draws)))
    return benefit, grant, grant[:, None] * spread
