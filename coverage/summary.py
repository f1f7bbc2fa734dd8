"""The county in figures: what summary.json says. Premises are counted by weight, never by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy.typing as npt
import pandas as pd

from coverage.gaps import gap_weights, tier_weights
from coverage.policy import Policy
from coverage.schemas import GAP_KINDS, KINDS

COUNTED = {"businesses": "business", "households": "household"}


def summarise_places(places: gpd.GeoDataFrame, *, municipalities: gpd.GeoDataFrame, policy: Policy) -> dict[str, Any]:
    """Count places, gaps, tiers and eligible premises for the study and for each municipality.

    `places` holds schemas.PLACES and VERDICT. Returns plain JSON-able values, one decimal where shares make
    counts fractional.
    """
    kind = places["kind"].to_numpy()
    weight = places["weight"].to_numpy(dtype=float)
    columns = {
        "places": pd.DataFrame({name: weight * (kind == name) for name in KINDS}, index=places.index),
        "gaps": _by_kind(gap_weights(places), kind),
        "tiers": _by_kind(tier_weights(places, policy), kind),
        "eligible": _by_kind(
            pd.DataFrame({"eligible": weight * places["eligible"].to_numpy(dtype=float)}, index=places.index), kind
        ),
    }
    table = pd.concat(columns, axis=1)
    code = places["municipality_code"].fillna("")
    per_municipality = table.groupby(code.to_numpy()).sum()
    names = dict(zip(municipalities["municipality_code"], municipalities["name"], strict=True))
    listed = []
    for municipality in sorted(names):
        row = per_municipality.loc[municipality] if municipality in per_municipality.index else table.iloc[:0].sum()
        listed.append({"code": municipality, "name": names[municipality], **_nested(row, policy)})
    return {**_nested(table.sum(), policy), "municipalities": listed}


def summarise_areas(areas: gpd.GeoDataFrame, *, funding_gap: Mapping[str, float], budget: float) -> dict[str, Any]:
    """Sum capital cost and what the budget funds; `funding_gap` holds p10, p50 and p90 of the draws' totals."""
    funded = areas[areas["decision"] == "fund"]
    return {
        "areas": len(areas),
        "capex": _count(areas["capex"].sum(), 0),
        "funding_gap": {name: _count(value, 0) for name, value in funding_gap.items()},
        "budget": _count(budget, 0),
        "funded": {
            "areas": len(funded),
            "areas_without_gap": int((funded["grant"] <= 0).sum()),  # on the list, but asking for nothing
            "businesses": _count(funded["businesses"].sum()),
            "households": _count(funded["households"].sum()),
            "grant": _count(funded["grant"].sum(), 0),
            "funding_gap": _count(funded["funding_gap_p50"].sum(), 0),
        },
    }


def _by_kind(weights: pd.DataFrame, kind: npt.NDArray[Any]) -> pd.DataFrame:
    parts = {
        f"{column}|{label}": weights[column].to_numpy(dtype=float) * (kind == name)
        for column in weights.columns
        for label, name in COUNTED.items()
    }
    return pd.DataFrame(parts, index=weights.index)


def _nested(row: pd.Series, policy: Policy) -> dict[str, Any]:
    def counts(group: str, column: str) -> dict[str, float]:
        return {label: _count(row[(group, f"{column}|{label}")]) for label in COUNTED}

    return {
        "places": {name: _count(row[("places", name)]) for name in KINDS},
        "gaps": {name: counts("gaps", name) for name in GAP_KINDS},
        "tiers": {name: counts("tiers", name) for name in policy.tier_ids},
        "eligible": counts("eligible", "eligible"),
    }


def _count(value: float, digits: int = 1) -> float | int:
    rounded = round(float(value), digits)
    return int(rounded) if rounded.is_integer() else rounded
