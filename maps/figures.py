"""Count premises for the screen: in total, by tier, by municipality, by line of business.

Places may be whole rows, or the columns that `filters.facts` keeps of them.
Premises are rows times weight; where service is known only as a share, times that share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from coverage.assessment import Assessment
from coverage.policy import Policy
from coverage.schemas import SHARE_PREFIX
from maps.language import N_, _

PLURALS: Final = {
    "business": N_("businesses"),
    "household": N_("homes"),
    "holiday": N_("holiday homes"),
    "public": N_("public buildings"),
}


def not_stated() -> str:
    """Return what stands for a line of business that the data leave out."""
    return _("not stated")


@dataclass(frozen=True)
class Figures:
    """Hold the figures of a set of places; every count is in premises."""

    businesses: float
    homes: float
    businesses_short: float  # of fixed service
    homes_short: float
    businesses_mobile: float  # short of mobile service
    homes_mobile: float
    businesses_eligible: float
    homes_eligible: float
    mobile_known: bool
    expected_share: bool  # some rows rest on a municipality's share


def figures(places: pd.DataFrame) -> Figures:
    """Count the premises of a set of places."""
    weight = places["weight"].to_numpy(float)
    business, home = ((places["kind"] == kind).to_numpy() * weight for kind in ("business", "household"))
    fixed, mobile, eligible = (places[name].to_numpy(float) for name in ("short_fixed", "short_mobile", "eligible"))
    basis = places["service_basis"] if "service_basis" in places else pd.Series(dtype=str)
    return Figures(
        businesses=float(business.sum()),
        homes=float(home.sum()),
        businesses_short=float(business @ fixed),
        homes_short=float(home @ fixed),
        businesses_mobile=float(business @ mobile),
        homes_mobile=float(home @ mobile),
        businesses_eligible=float(business @ eligible),
        homes_eligible=float(home @ eligible),
        mobile_known=bool(places["mobile_level"].notna().any()),
        expected_share=bool((basis == "expected_share").any()),
    )


def tier_weights(places: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Return premises per row (index of `places`) and tier (columns)."""
    weight = places["weight"].to_numpy(float)
    columns = {}
    for tier in policy.tier_ids:
        exact = (places["tier"] == tier).to_numpy(float)
        share = f"{SHARE_PREFIX}{tier}"
        if share in places:
            exact = np.where(places[share].notna(), places[share].to_numpy(float), exact)
        columns[tier] = exact * weight
    return pd.DataFrame(columns, index=places.index)


def by_tier(places: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Return premises by kind (businesses, homes, in words) and tier, long: kind, tier, premises."""
    weights = tier_weights(places, policy)
    counted = weights.groupby(places["kind"], observed=True).sum()
    kinds = [kind for kind in ("business", "household") if kind in counted.index]
    rows = [(_(PLURALS[kind]), tier, float(counted.loc[kind, tier])) for kind in kinds for tier in policy.tier_ids]
    return pd.DataFrame(rows, columns=["kind", "tier", "premises"])


def by_municipality(assessment: Assessment, *, kind: str) -> pd.DataFrame:
    """Return premises short of fixed service by municipality and eligible tier, long, with shares."""
    chosen = assessment.places[assessment.places["kind"] == kind]
    weights = tier_weights(chosen, assessment.policy)
    counted = weights.groupby(chosen["municipality_code"], observed=True).sum()
    towns = assessment.municipalities
    twice = towns["name"].duplicated(keep=False)
    labels = towns["name"].where(~twice, towns["name"] + " (" + towns["municipality_code"] + ")")
    names = dict(zip(towns["municipality_code"], labels, strict=True))
    tiers = list(assessment.policy.eligible_tiers)
    frame = pd.DataFrame(
        {
            "municipality": np.repeat([names.get(code, str(code)) for code in counted.index], len(tiers)),
            "tier": np.tile(tiers, len(counted)),
            "premises": counted[tiers].to_numpy(float).ravel(),
            "all": np.repeat(counted.sum(axis=1).to_numpy(float), len(tiers)),
        }
    )
    frame["share"] = frame["premises"] / frame["all"].where(frame["all"] > 0)
    return frame


def by_line_of_business(assessment: Assessment, *, most: int = 12) -> pd.DataFrame:
    """Return businesses short of fixed service by line of business, largest first."""
    chosen = assessment.places[assessment.places["kind"] == "business"]
    short = chosen["weight"].to_numpy(float) * chosen["short_fixed"].to_numpy(float)
    lines = chosen["line_of_business"].astype("str").fillna(not_stated())
    frame = (
        pd.DataFrame({"line of business": lines, "businesses": short}).groupby("line of business", as_index=False).sum()
    )
    frame = frame[frame["businesses"] > 0].sort_values(["businesses", "line of business"], ascending=[False, True])
    return frame.head(most).reset_index(drop=True)


def largest(frame: pd.DataFrame, *, value: str, most: int) -> tuple[pd.DataFrame, int]:
    """Keep the municipalities with the largest sum of `value`; return them and how many were left out."""
    totals = frame.groupby("municipality")[value].sum().sort_values(ascending=False, kind="stable")
    return frame[frame["municipality"].isin(totals.index[:most])], max(0, len(totals) - most)
