"""Hold every place's service against a policy: its tier, what it is short of, whether it is eligible, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.policy import ALLOWING, EXPECTED_SHARE, Policy
from coverage.reasons import explain
from coverage.schemas import GAP_KINDS, SHARE_PREFIX

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def judge(places: gpd.GeoDataFrame, *, policy: Policy, as_of: dt.date) -> gpd.GeoDataFrame:
    """Add the verdict on every place: schemas.VERDICT, `area_id` still null. Same rows, same index.

    `places` holds schemas.PLACES and SERVICE. `tier` is the first tier that the best existing offer does not reach,
    `tier_best` the same with every speed class read at its upper end. A place is short of fixed service if its tier
    is eligible for support, and eligible if besides no clause excludes it, in whatever order a pack names its clauses.
    The first clause that excludes it is its `reason_code`, the others that do are `also_excluded_by`; where none does,
    it is the first clause that allows support. `reason` says so in English (coverage/reasons.py).

    A plan excludes a place only if it is dated within the horizon, fast enough to count, and lifts the place above its
    tier; a plan without a date is not credible.

    Where service is a share (`service_basis` "expected_share"), `tier` is the tier with the largest share (the lower
    of equals), `short_fixed` and `eligible` are shares, and the reason code of those not excluded is
    "expected-share". Without mobile data nobody is said to be short of mobile service.
    """
    case = _Case(places, policy, as_of)
    clauses = sorted(policy.clauses, key=lambda clause: clause.rule in ALLOWING)  # those that exclude stand first
    holds = np.stack([RULES[clause.rule](case) for clause in clauses])
    decided = holds.argmax(axis=0)
    allowed = np.array([clause.rule in ALLOWING for clause in clauses])[decided]
    codes = pd.Series([clause.id for clause in clauses], dtype="str").array.take(decided)
    names = pd.Series(policy.tier_ids, dtype="str").array
    both = (case.short_fixed >= 0.5) * 1 + (case.short_mobile >= 0.5) * 2
    excluding = [number for number, clause in enumerate(clauses) if clause.rule not in ALLOWING]
    further = holds[excluding] & (np.array(excluding)[:, None] > decided)
    judged = places.assign(
        tier=names.take(case.tier),
        tier_best=names.take(case.tier_best),
        gap_kind=pd.Series(GAP_KINDS, dtype="str").array.take(both),
        short_fixed=case.short_fixed,
        short_mobile=case.short_mobile,
        eligible=np.where(allowed, case.short_fixed, 0.0),
        reason_code=pd.Series(codes).mask(case.by_share & allowed, EXPECTED_SHARE).array,
        also_excluded_by=_listed(further, [clauses[number].id for number in excluding]),
    )
    return judged.assign(
        reason=explain(judged, policy=policy, as_of=as_of)["reason"],
        area_id=pd.array([None] * len(places), dtype="str"),
    )


def tier_weights(places: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Count the premises of each place in each tier: the index of `places`, one column per tier of the policy.

    The one way to count tiers: `weight` in the place's tier, or spread by `share_<tier>` where service is a share.
    """
    weight = places["weight"].to_numpy(dtype=float)
    return pd.DataFrame(
        _tier_shares(places, policy) * weight[:, None], index=places.index, columns=list(policy.tier_ids)
    )


def gap_weights(places: pd.DataFrame) -> pd.DataFrame:
    """Count the premises of each place by gap: the index of `places`, one column per schemas.GAP_KINDS.

    Where the shortfalls are shares, fixed and mobile are taken as independent of each other.
    """
    weight = places["weight"].to_numpy(dtype=float)
    fixed, mobile = places["short_fixed"].to_numpy(dtype=float), places["short_mobile"].to_numpy(dtype=float)
    parts = {
        "none": (1 - fixed) * (1 - mobile),
        "fixed": fixed * (1 - mobile),
        "mobile": (1 - fixed) * mobile,
        "both": fixed * mobile,
    }
    return pd.DataFrame({name: weight * parts[name] for name in GAP_KINDS}, index=places.index)


def _listed(holds: Bools, names: list[str]) -> Any:
    """Join the names of the clauses that hold at each place; `holds` is clauses × places."""
    patterns, number = np.unique(holds.T, axis=0, return_inverse=True)
    texts = [", ".join(name for name, held in zip(names, pattern, strict=True) if held) for pattern in patterns]
    return pd.Series(texts, dtype="str").array.take(number.reshape(-1))


def _by_share(places: pd.DataFrame) -> Bools:
    if "service_basis" not in places:
        return np.zeros(len(places), dtype=bool)
    return np.asarray(places["service_basis"] == "expected_share", dtype=bool)


def _tier_shares(places: pd.DataFrame, policy: Policy) -> Floats:
    if "tier" in places:
        number = pd.Index(policy.tier_ids).get_indexer(pd.Index(places["tier"]))
    else:
        number = policy.tier_index(places["fixed_down_mbps"], places["fixed_up_mbps"])
    shares: Floats = (number[:, None] == np.arange(len(policy.tier_ids))).astype(float)
    by_share = _by_share(places)
    if by_share.any():
        names = [f"{SHARE_PREFIX}{tier}" for tier in policy.tier_ids]
        shares[by_share] = places.loc[by_share, names].to_numpy(dtype=float)
    return shares


@dataclass(frozen=True)
class _Case:
    """Hold the places and what the clauses ask of them, as arrays."""

    places: gpd.GeoDataFrame
    policy: Policy
    as_of: dt.date

    @cached_property
    def by_share(self) -> Bools:
        return _by_share(self.places)

    @cached_property
    def tier(self) -> npt.NDArray[np.int64]:
        exact = self.policy.tier_index(self.places["fixed_down_mbps"], self.places["fixed_up_mbps"])
        if not self.by_share.any():
            return exact
        return np.where(self.by_share, self.shares.argmax(axis=1), exact)

    @cached_property
    def tier_best(self) -> npt.NDArray[np.int64]:
        best = self.policy.tier_index(self.places["fixed_down_max_mbps"], self.places["fixed_up_max_mbps"])
        return np.where(self.by_share, self.tier, best)

    @cached_property
    def shares(self) -> Floats:
        return _tier_shares(self.places.drop(columns="tier", errors="ignore"), self.policy)

    @cached_property
    def short_fixed(self) -> Floats:
        eligible = [tier in self.policy.eligible_tiers for tier in self.policy.tier_ids]
        # Rounded so that a sum of shares cannot pass 1 by its last bit.
        return np.asarray(np.clip(self.shares[:, eligible].sum(axis=1).round(12), 0.0, 1.0), dtype=float)

    @cached_property
    def short_mobile(self) -> Floats:
        known = self.places["mobile_level"].notna().to_numpy()
        few = self.places["mobile_operators"].to_numpy() < self.policy.mobile.operators
        short: Floats = np.asarray(known & few, dtype=float)
        if f"{SHARE_PREFIX}short_mobile" in self.places:
            return np.where(known, short, self.places[f"{SHARE_PREFIX}short_mobile"].to_numpy(dtype=float))
        return short

    @cached_property
    def plan_counts(self) -> Bools:
        # A share may lie in every eligible tier: there, a plan must lift the place above the highest of them.
        now = np.where(self.by_share, self.policy.highest_eligible, self.tier)
        plan = (self.places[f"planned_{name}"].to_numpy() for name in ("down_mbps", "up_mbps", "date"))
        return self.policy.plan_counts(*plan, above=now, as_of=self.as_of)

    @cached_property
    def networks(self) -> npt.NDArray[np.int64]:
        """Count the fast networks that are there or credibly planned; only those there where plans are not counted."""
        name = "fixed_networks_100_planned" if "fixed_networks_100_planned" in self.places else "fixed_networks_100"
        return np.asarray(self.places[name], dtype=np.int64)


def _outside_study(case: _Case) -> Bools:
    return np.asarray(case.places["municipality_code"].isna(), dtype=bool)


def _not_short(case: _Case) -> Bools:
    return np.asarray(case.short_fixed == 0)


def _holiday(case: _Case) -> Bools:
    return np.asarray(case.places["kind"] == "holiday", dtype=bool)


def _not_year_round(case: _Case) -> Bools:
    return ~np.asarray(case.places["year_round"], dtype=bool)


def _planned_within_horizon(case: _Case) -> Bools:
    return case.plan_counts


def _upgradeable(case: _Case) -> Bools:
    return np.asarray(case.places["upgradeable"], dtype=bool)


def _earlier_funded_area(case: _Case) -> Bools:
    if "funded_earlier" not in case.places:
        return np.zeros(len(case.places), dtype=bool)
    return np.asarray(case.places["funded_earlier"], dtype=bool)


def _black_area(case: _Case) -> Bools:
    return np.asarray(case.networks >= 2)


def _white_area(case: _Case) -> Bools:
    return np.asarray(case.networks == 0)


def _eligible(case: _Case) -> Bools:
    return np.ones(len(case.places), dtype=bool)


# One test per policy.RULES: does the clause hold at each place?
RULES: Final[dict[str, Callable[[_Case], Bools]]] = {
    "outside_study": _outside_study,
    "not_short": _not_short,
    "holiday": _holiday,
    "not_year_round": _not_year_round,
    "planned_within_horizon": _planned_within_horizon,
    "upgradeable": _upgradeable,
    "earlier_funded_area": _earlier_funded_area,
    "black_area": _black_area,
    "white_area": _white_area,
    "eligible": _eligible,
}
