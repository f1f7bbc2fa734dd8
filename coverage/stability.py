"""Say how firm the list is: rank intervals, how often each area is funded, and what turns the areas near the line.

Costs and weights are drawn together (coverage/redraw.py). In each draw the areas are scored, ranked and chosen again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.draws import Draws
from coverage.errors import DataError
from coverage.policy import Policy
from coverage.priority import SAFE_NO, SAFE_YES, criterion_weights
from coverage.redraw import CONCENTRATION, draw_benefit, draw_scores, draw_weights
from coverage.refinement import refine
from coverage.reselection import Limits, reselect
from coverage.scenario import Scenario
from coverage.selection import Reselection
from coverage.swaps import neighbour_swaps, pair_swaps
from coverage.templates import load_template

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Places above and below the line that get a sentence; so do all toss-ups.
NEAR: Final = 5
QUANTILES: Final = {"rank_p10": 0.1, "rank_p50": 0.5, "rank_p90": 0.9}
# What makes an area a toss-up: drawn costs alone, drawn weights alone, each of them, or only the two together.
DRIVERS: Final = ("costs", "weights", "each", "together")
TOSS_UP: Final = "toss-up"


@dataclass(frozen=True)
class Stability:
    """Hold how firm a ranked list is.

    `areas`, one row per area in rank order: area_id, rank; rank_p10, rank_p50, rank_p90 (each a rank that occurs);
    funded_share (of the draws in which it is in the chosen set) and certainty by it, as `priority` cuts it;
    ranked_funded_share (in the plain ranked cut); funded_share_costs and funded_share_weights (with only costs, only
    weights drawn); driver, one of DRIVERS for a toss-up, else null.

    `swaps`, one row per two neighbours: see `swaps.neighbour_swaps`.

    `line`, one row per area that stands within NEAR places of the line of the ranked cut or is a toss-up, in rank
    order: area_id, rank, rank_p10, rank_p90, decision, ranked_decision, funded_share, certainty, driver; `side`
    ("above" or "below" the line) and `code`, the sentence: its decision and certainty, as "fund: toss-up";
    `budget_change`: by how much the budget must rise for the ranked cut to reach it or, below 0, fall by more than
    for it to drop out, in the study's currency; `grant`, and `grant_limit`, above which the area brings less for its
    money than the edge of the best set does (null where the money reaches all); `against`, the area on the other side
    of the line, with `swap_code`, `criterion`, `weight`, `swap_weight`, `weight_share`, `swap_share` of the two, as
    `swaps` has them.
    """

    areas: pd.DataFrame
    swaps: pd.DataFrame
    line: pd.DataFrame
    draws: int
    concentration: float
    error_mean: float  # of the choice redone: a share of each draw's bound, proven
    error_max: float
    overspent_share: float  # of draws in which the areas that must be funded cost more than the budget

    def summary(self) -> dict[str, Any]:
        """Return the figures of the whole as plain JSON-able values."""
        counts = self.areas["certainty"].value_counts()
        return {
            "draws": self.draws,
            "concentration": self.concentration if math.isfinite(self.concentration) else None,
            "certainty": {word: int(counts.get(word, 0)) for word in ("safe yes", TOSS_UP, "safe no")},
            "drivers": {word: int((self.areas["driver"] == word).sum()) for word in DRIVERS},
            "redrawn_error_mean": self.error_mean,
            "redrawn_error_max": self.error_max,
            "overspent_share": self.overspent_share,
        }


def stability(
    areas: gpd.GeoDataFrame | pd.DataFrame,
    *,
    draws: Draws,
    policy: Policy,
    scenario: Scenario,
    concentration: float = CONCENTRATION,
    limits: Limits | None = None,
    exact: bool = False,
) -> Stability:
    """Score, rank and choose again in every draw of costs and weights.

    `areas` are ranked by `priority.prioritise` under the same policy and scenario. In a draw equal scores keep the
    order that they have in the list. Areas that cannot be funded stay last. `limits` are followed in the choice, not in
    the ranked cut. `concentration` inf: the weights are not drawn. The choice is a shortcut's; `error_mean` and
    `error_max` say what it may miss; `exact` turns it into each draw's best set (refinement.GAP), in minutes where the
    shortcut takes a second; what is drawn alone, and so `driver`, stays the shortcut's. Raises DataError if the draws
    are of other areas, PolicyError for a concentration below 1.
    """
    ranked = areas.sort_values("rank", kind="stable", ignore_index=True)
    able = (ranked["decision"] != "ineligible").to_numpy()
    at = pd.Index(draws.area_ids).get_indexer(pd.Index(ranked["area_id"]))
    if (at < 0).any() or len(draws.area_ids) != len(ranked):
        raise DataError(f"draws: they are of {len(draws.area_ids)} areas, not of the {len(ranked)} that are ranked")
    count = draws.funding_gap.shape[1]
    own = criterion_weights(policy, scenario)
    drawn = draw_weights(own, seed=scenario.seed, draws=count, concentration=concentration)
    fixed = draw_weights(own, seed=scenario.seed, draws=count, concentration=math.inf)

    template = load_template(scenario.template) if scenario.template else None
    rank = _ranks(draw_scores(ranked, draws, policy=policy, weights=drawn, template=template), able)
    place = np.argsort(rank, axis=0, kind="stable")
    grant = np.where(able[:, None], np.nan_to_num(draws.grant[at]), 0.0)
    cut = np.zeros(grant.shape, dtype=bool)
    along = np.take_along_axis(grant, place, axis=0)
    np.put_along_axis(cut, place, (np.cumsum(along, axis=0) <= scenario.budget) | (along <= 0), axis=0)

    chooser = _Chooser(ranked, able, policy, scenario.budget, limits)
    still = np.repeat(np.where(able, ranked["grant"].to_numpy(dtype=float, na_value=0.0), 0.0)[:, None], count, axis=1)
    again = chooser.choose(grant, drawn, exact=exact)
    costs = chooser.share(chooser.choose(grant, fixed))
    weights = chooser.share(chooser.choose(still, drawn))
    share = chooser.share(again)
    certainty = np.select([share >= SAFE_YES, share <= SAFE_NO], ["safe yes", "safe no"], TOSS_UP).astype(object)
    table = pd.DataFrame(
        {
            "area_id": ranked["area_id"],
            "rank": ranked["rank"],
            **{name: np.quantile(rank, at_, axis=1, method="inverted_cdf") for name, at_ in QUANTILES.items()},
            "funded_share": share,
            "certainty": pd.array(certainty, dtype="str"),
            "ranked_funded_share": np.where(able, cut.mean(axis=1), 0.0),
            "funded_share_costs": costs,
            "funded_share_weights": weights,
            "driver": _driver(certainty, costs, weights),
        }
    )
    return Stability(
        areas=table,
        swaps=neighbour_swaps(ranked, weights=own),
        line=_near_the_line(ranked, table, able, policy=policy, budget=scenario.budget, weights=own),
        draws=count,
        concentration=concentration,
        error_mean=float(again.error.mean()),
        error_max=float(again.error.max(initial=0.0)),
        overspent_share=chooser.overspent(again, grant),
    )


def _ranks(score: Floats, able: Bools) -> Ints:
    """Rank each draw from 1: the higher score first, equal ones in the order of the rows, those not able last."""
    rank = np.empty(score.shape, dtype=np.int64)
    start = 1
    for rows in (np.flatnonzero(able), np.flatnonzero(~able)):
        order = np.argsort(-score[rows], axis=0, kind="stable")
        places = np.repeat(np.arange(start, start + len(rows))[:, None], score.shape[1], axis=1)
        part = np.empty(order.shape, dtype=np.int64)
        np.put_along_axis(part, order, places, axis=0)
        rank[rows] = part
        start += len(rows)
    return rank


class _Chooser:
    """Choose the best set again in draws; areas in the order of their ids, as `priority` gives them."""

    def __init__(self, ranked: pd.DataFrame, able: Bools, policy: Policy, budget: float, limits: Limits | None) -> None:
        self._rows = np.flatnonzero(able)[np.argsort(ranked["area_id"].to_numpy()[able], kind="stable")]
        self._size = len(ranked)
        table = ranked.iloc[self._rows]
        self._ids = tuple(table["area_id"])
        self._municipalities = tuple(table["municipality_code"].fillna(""))
        self._table = table
        self._policy, self._budget = policy, budget
        # What cannot be funded is not chosen anyway.
        out = set(ranked["area_id"]) - set(self._ids)
        self._limits = limits and replace(limits, never=tuple(name for name in limits.never if name not in out))

    def choose(self, grant: Floats, weights: Mapping[str, Floats], *, exact: bool = False) -> Reselection:
        worth = draw_benefit(self._table, policy=self._policy, weights=weights)
        case: dict[str, Any] = {
            "budget": self._budget,
            "area_ids": self._ids,
            "municipalities": self._municipalities,
            "limits": self._limits,
        }
        found = reselect(worth, grant[self._rows], **case)
        return refine(found, worth, grant[self._rows], **case) if exact else found

    def share(self, again: Reselection) -> Floats:
        out = np.zeros(self._size)
        out[self._rows] = again.funded_share
        return out

    def overspent(self, again: Reselection, grant: Floats) -> float:
        spent = (grant[self._rows] * again.chosen).sum(axis=0)
        return float((spent > self._budget * (1 + 1e-9)).mean())


def _driver(certainty: Any, costs: Floats, weights: Floats) -> Any:
    by = [((share > SAFE_NO) & (share < SAFE_YES)) for share in (costs, weights)]
    toss = certainty == TOSS_UP
    words = np.select([by[0] & by[1], by[0], by[1]], ["each", "costs", "weights"], "together")
    return pd.Series(words.astype(object), dtype="str").where(toss)


def _grant_limit(
    ranked: pd.DataFrame, grant: Floats, *, policy: Policy, budget: float, weights: Mapping[str, float]
) -> Floats:
    """Return what each area's grant may be at the grant per benefit of the first area that the money cannot reach."""
    own = {name: np.array([weight]) for name, weight in weights.items()}
    gain = draw_benefit(ranked, policy=policy, weights=own)[:, 0]
    rate = np.divide(grant, gain, out=np.full(len(grant), np.inf), where=gain > 0)
    order = np.lexsort([ranked["area_id"].to_numpy(dtype=str), rate])
    beyond = order[np.cumsum(grant[order]) > budget]
    at = float(rate[beyond[0]]) if len(beyond) else math.inf
    return np.asarray(gain * at if math.isfinite(at) else np.full(len(gain), np.nan))


def _near_the_line(
    ranked: pd.DataFrame,
    table: pd.DataFrame,
    able: Bools,
    *,
    policy: Policy,
    budget: float,
    weights: Mapping[str, float],
) -> pd.DataFrame:
    rows = int(able.sum())  # those that can be funded stand first
    grant = ranked["grant"].to_numpy(dtype=float, na_value=0.0)[:rows]
    total = np.cumsum(grant)
    line = int((total <= budget).sum())
    row = np.arange(rows)
    toss = (table["certainty"] == TOSS_UP).to_numpy()[:rows]
    chosen = row[((row >= line - NEAR) & (row < line + NEAR)) | toss]
    above = chosen < line
    other = np.where(above, line, line - 1)
    met = (other >= 0) & (other < rows)  # all is funded, or nothing: there is no other side
    other = np.where(met, other, chosen)
    pairs = pair_swaps(ranked, np.where(above, chosen, other), np.where(above, other, chosen), weights=weights)
    pairs = pairs.drop(columns=["above", "below"]).rename(columns={"code": "swap_code"})
    pairs = pd.DataFrame({name: pairs[name].where(met) for name in pairs})
    near = table.iloc[chosen].reset_index(drop=True)
    decisions = ranked.iloc[chosen].reset_index(drop=True)[["decision", "ranked_decision"]]
    out = pd.DataFrame(
        {
            **dict(near[["area_id", "rank", "rank_p10", "rank_p90"]]),
            **dict(decisions),
            **dict(near[["funded_share", "certainty", "driver"]]),
            "side": pd.array(np.where(above, "above", "below").astype(object), dtype="str"),
            "code": decisions["decision"] + ": " + near["certainty"],
            "budget_change": total[chosen] - budget,
            "grant": grant[chosen],
            "grant_limit": _grant_limit(ranked.iloc[:rows], grant, policy=policy, budget=budget, weights=weights)[
                chosen
            ],
            "against": ranked["area_id"].iloc[other].reset_index(drop=True).where(met),
        }
    )
    return pd.concat([out, pairs], axis=1)
