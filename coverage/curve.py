"""Draw what money reaches, by the ranked list and by the best sets; and price one aim: every business at a speed.

Taken in the order of grant per benefit, the first areas together are the best set that their own grants can buy: no
set brings more for that money (the linear relaxation has no part of an area in it). So at these amounts the curve of
the optimum is exact, and, as each set holds the one before, nothing on it ever falls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.draws import QUANTILES, Draws
from coverage.errors import DataError
from coverage.kinds import is_mobile
from coverage.policy import Policy
from coverage.priority import criterion_weights
from coverage.redraw import draw_benefit
from coverage.scenario import Scenario
from coverage.schemas import SHARE_PREFIX

Floats = npt.NDArray[np.float64]

COUNTED: Final = ("premises", "businesses", "households", "employees")
SERIES: Final = ("ranked", "optimum")


def curve(areas: gpd.GeoDataFrame | pd.DataFrame, *, policy: Policy, scenario: Scenario) -> pd.DataFrame:
    """Say what each amount of grant money reaches, by the ranked cut and by the best set; from no money to all areas.

    `areas` are ranked by `priority.prioritise` under the same policy and scenario; those that cannot be funded are left
    out. One row per step, of which the first is what needs no grant: `series` (SERIES), `money` (public grant),
    `area_id` that comes in at the step (null at the first), `areas`, `benefit` (in the policy's weights), and COUNTED
    for fixed areas, `mobile_areas` and `mobile_` COUNTED for areas of kind mobile, whose premises may be the same.
    Between two steps the set of the lower holds. Wishes (caps, areas that must be funded) are not followed.
    """
    ranked = areas[areas["decision"] != "ineligible"].sort_values("rank", kind="stable")
    weights = {name: np.array([weight]) for name, weight in criterion_weights(policy, scenario).items()}
    gain = draw_benefit(ranked, policy=policy, weights=weights)[:, 0]
    ranked = ranked.assign(benefit=gain)
    rate = np.divide(ranked["grant"].to_numpy(dtype=float), gain, out=np.full(len(ranked), np.inf), where=gain > 0)
    best = ranked.assign(rate=rate).sort_values(["rate", "area_id"], kind="stable")
    return pd.concat(
        [_steps(table, series) for series, table in zip(SERIES, (ranked, best), strict=True)], ignore_index=True
    )


def at_money(steps: pd.DataFrame, money: float) -> pd.DataFrame:
    """Return the step of each series that an amount of money reaches; one row each."""
    return steps[steps["money"] <= money].groupby("series", sort=False).tail(1).reset_index(drop=True)


@dataclass(frozen=True)
class Reach:
    """Hold what it takes to bring every business that is short of a speed up to it, as far as areas can.

    `businesses` are short today (by weight); `reached` of them lie in areas that can be funded and whose network
    gives the speed, `outside` in no area, `slower` in areas whose proposed network gives less, `not_funded` in areas
    that cannot be funded. `grant` is the public grant of the `areas` that reach them, each built whole; p10, p50 and
    p90 are of its draws' totals, None without draws. `grant` adds up P50 of areas, so it is not `p50`.
    """

    mbps: float
    businesses: float
    reached: float
    outside: float
    slower: float
    not_funded: float
    areas: int
    grant: float
    p10: float | None = None
    p50: float | None = None
    p90: float | None = None


def budget_to_reach(
    areas: gpd.GeoDataFrame | pd.DataFrame,
    places: pd.DataFrame,
    mbps: float,
    *,
    policy: Policy,
    draws: Draws | None = None,
) -> Reach:
    """Say what grant money brings a download of `mbps` to every business that gets less today.

    `areas` are ranked, `places` judged under the same policy. Areas of kind mobile bring no fixed service. Where
    service is known as shares of tiers only, the share of a place's tiers up to `mbps` is short. Raises DataError for a
    speed that is not above 0, or, with shares, for one that is no tier's threshold: the shares do not tell it.
    """
    if not mbps > 0:
        raise DataError(f"curve: the speed is {mbps!r}; expected Mbit/s above 0")
    business = places[places["kind"] == "business"]
    short = business["weight"].to_numpy(dtype=float) * _short(business, mbps, policy)
    table = areas[~is_mobile(areas)].set_index("area_id")
    home = business["area_id"]
    known = home.isin(table.index).to_numpy()
    fundable = home.isin(table.index[table["decision"] != "ineligible"]).to_numpy()
    fast = home.isin(table.index[table["delivered_down_mbps"].fillna(0.0) >= mbps]).to_numpy()
    hit = fundable & fast & (short > 0)
    chosen = table.loc[sorted(set(home[hit]))]
    found: dict[str, float] = {}
    if draws is not None:
        rows = pd.Index(draws.area_ids).get_indexer(chosen.index)
        if (rows < 0).any():
            raise DataError("draws: they are of other areas than those that are ranked")
        totals = draws.grant[rows].sum(axis=0)
        found = {name: float(np.quantile(totals, share)) for name, share in QUANTILES.items()}
    return Reach(
        mbps=float(mbps),
        businesses=float(short.sum()),
        reached=float(short[hit].sum()),
        outside=float(short[~known].sum()),
        slower=float(short[fundable & ~fast].sum()),
        not_funded=float(short[known & ~fundable].sum()),
        areas=len(chosen),
        grant=float(chosen["grant"].sum()),
        **found,
    )


def _short(places: pd.DataFrame, mbps: float, policy: Policy) -> Floats:
    """Return the share of each place's premises that get less than a speed."""
    short = (places["fixed_down_mbps"] < mbps).to_numpy(dtype=float)
    if "service_basis" not in places:
        return np.asarray(short)
    shares = (places["service_basis"] == "expected_share").to_numpy()
    if not shares.any():
        return np.asarray(short)
    tiers = [tier for tier in policy.tiers if tier.down_mbps <= mbps]
    if not tiers or tiers[-1].down_mbps != mbps:
        known = ", ".join(f"{tier.down_mbps:g}" for tier in policy.tiers)
        raise DataError(f"curve: service is known as shares of tiers, up to {known} Mbit/s, and not at {mbps:g}")
    below = places[[f"{SHARE_PREFIX}{tier.id}" for tier in tiers]].sum(axis=1).to_numpy(dtype=float)
    return np.where(shares, np.nan_to_num(below), short)


def _steps(table: pd.DataFrame, series: str) -> pd.DataFrame:
    """Add areas one by one, those that need no grant first and all at once."""
    free = table["grant"] <= 0
    table = pd.concat([table[free], table[~free]])
    start = int(free.sum())
    mobile = is_mobile(table)

    def added(values: npt.ArrayLike) -> Floats:
        amounts: Floats = np.nan_to_num(np.asarray(values, dtype=float))
        return np.concatenate([[amounts[:start].sum()], amounts[:start].sum() + np.cumsum(amounts[start:])])

    columns: dict[str, Any] = {
        "series": series,
        "money": added(table["grant"]),
        "area_id": pd.array([None, *table["area_id"].iloc[start:]], dtype="str"),
        "areas": added(~mobile).astype(int),
        "benefit": added(table["benefit"]),
        **{name: added(np.where(mobile, 0.0, table[name])) for name in COUNTED},
        "mobile_areas": added(mobile).astype(int),
        **{f"mobile_{name}": added(np.where(mobile, table[name], 0.0)) for name in COUNTED},
    }
    return pd.DataFrame(columns)
