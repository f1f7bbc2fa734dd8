"""Draw the weights of the criteria, and score the areas again in every draw of weights and costs.

Weights come from a Dirichlet distribution around the scenario's own, so that their sum stays; costs are the draws of
the funding gap (coverage/draws.py). What a draw of costs changes in the score is the measures of money; the drawn
take-up moves them through the gap alone, not the operating surplus.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.criteria import benefit, brought, scale
from coverage.draws import Draws, generator
from coverage.errors import DataError, PolicyError
from coverage.policy import Policy
from coverage.scoring import price_points
from coverage.templates import REFERENCE_PERCENT, Template

Floats = npt.NDArray[np.float64]

# How close the drawn weights keep to the scenario's. The standard deviation of a share w is
# sqrt(w (1 - w) / (CONCENTRATION + 1)): for one criterion of six, a quarter of its weight, so that about 19 draws in
# 20 stay within half of it. Assumed, after the ±50 % that are usual in testing weights.
CONCENTRATION: Final = 79.0


def draw_weights(
    weights: Mapping[str, float], *, seed: int, draws: int, concentration: float = CONCENTRATION
) -> dict[str, Floats]:
    """Draw weights from the Dirichlet distribution around those given; they keep their sum, and a weight of 0 stays 0.

    Each criterion's numbers follow from the seed and its id, as areas' do. `concentration` inf: the weights themselves.
    Raises PolicyError for a concentration below 1.
    """
    if not concentration >= 1:
        raise PolicyError(f"stability: concentration is {concentration!r}; expected 1 or more")
    if math.isinf(concentration):
        return {name: np.full(draws, weight) for name, weight in weights.items()}
    total = math.fsum(weights.values())
    gamma = {
        name: generator(seed, f"weight {name}").standard_gamma(concentration * weight / total, draws)
        for name, weight in weights.items()
    }
    of_all = np.sum([gamma[name] for name in sorted(gamma)], axis=0)
    return {name: total * values / of_all for name, values in gamma.items()}


def draw_scores(
    areas: pd.DataFrame,
    draws: Draws,
    *,
    policy: Policy,
    weights: Mapping[str, Floats],
    template: Template | None = None,
) -> Floats:
    """Score every area in every draw: areas × draws, 0 to 100, in the order of the rows.

    `areas` have `score_<criterion>` from `priority.prioritise`, and are those of the draws, in any order. Added up
    criterion by criterion as `priority` does, so that a draw of the list's own weights and gap gives its own score to
    the last digit. `template` is what the areas are scored by, None for the policy; a drawn request above the highest
    price that it accepts scores 0. Raises DataError if the draws are of other areas.
    """
    at = pd.Index(draws.area_ids).get_indexer(pd.Index(areas["area_id"]))
    if (at < 0).any() or len(draws.area_ids) != len(areas):
        raise DataError(f"draws: they are of {len(draws.area_ids)} areas, not of the {len(areas)} that are ranked")
    gap, grant = draws.funding_gap[at], draws.grant[at]
    same = gap == areas["funding_gap_p50"].to_numpy(dtype=float)[:, None]
    total = np.zeros(gap.shape)
    for criterion in policy.criteria:
        scores = areas[f"score_{criterion.id}"].to_numpy(dtype=float)[:, None]
        if criterion.id == "cost_efficiency":
            drawn = _over(gap, areas["premises"])
        elif criterion.id == "local_cofunding":
            drawn = _local(gap, grant, draws.local_share)
        elif criterion.id == REFERENCE_PERCENT and "reference_grant" in areas:
            drawn = 100.0 * _over(_asked(grant, areas), areas["reference_grant"])
            if template is not None and template.prices is not None:  # points, not a straight line
                points = 100.0 * price_points(drawn, template.prices)[0] / template.max_points
                total = total + weights[criterion.id] * np.where(same, scores, points)
                continue
        else:
            total = total + weights[criterion.id] * scores
            continue
        total = total + weights[criterion.id] * np.where(same, scores, scale(drawn, criterion))
    return np.asarray(total / sum(weights[criterion.id] for criterion in policy.criteria))


def draw_benefit(areas: pd.DataFrame, *, policy: Policy, weights: Mapping[str, Floats]) -> Floats:
    """Return what every area brings in every draw of weights, as `priority` counts it for the choice: areas × draws.

    `areas` have `measure_<criterion>` from `priority.prioritise`. Where the policy has no criterion that adds up, an
    area brings its premises, and a mast its mobile gain, whatever the weights.
    """
    names = [criterion.id for criterion in policy.criteria]
    raw = {name: areas[f"measure_{name}"].to_numpy(dtype=float, na_value=np.nan)[:, None] for name in names}
    worth = benefit(raw, policy=policy, weights=dict[str, Any](weights), premises=brought(areas)[:, None])
    draws = len(next(iter(weights.values())))
    return np.array(np.broadcast_to(worth, (len(areas), draws)))


def _over(money: Floats, by: pd.Series[Any]) -> Floats:
    whole = by.to_numpy(dtype=float, na_value=np.nan)[:, None]
    return np.asarray(np.divide(money, whole, out=np.full(money.shape, np.nan), where=whole > 0))


def _local(gap: Floats, grant: Floats, local_share: float) -> Floats:
    """Take what residents and the municipality give, all that the grant does not, over the gap."""
    local = local_share / (1.0 + local_share)
    return np.asarray(np.divide(gap - grant, gap, out=np.full(gap.shape, local), where=gap > 0))


def _asked(grant: Floats, areas: pd.DataFrame) -> Floats:
    """Take what an application asks for, which no draw changes; the drawn grant where there is none."""
    if "requested_grant" not in areas:
        return grant
    asked = areas["requested_grant"].to_numpy(dtype=float, na_value=np.nan)[:, None]
    return np.where(np.isnan(asked), grant, asked)
