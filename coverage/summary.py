"""The county in figures: what summary.json says. Premises are counted by weight, never by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy.typing as npt
import pandas as pd

from coverage.gaps import gap_weights, tier_weights
from coverage.kinds import is_mobile
from coverage.policy import Policy
from coverage.schemas import GAP_KINDS, KINDS

LACKING = ("_short", "_served")
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


def summarise_areas(
    areas: gpd.GeoDataFrame,
    *,
    funding_gap: Mapping[str, Mapping[str, float]],
    budget: float,
    lacking: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Sum capital cost and what the budget funds; areas of kind mobile, where there are any, apart under `mobile`.

    `lacking` counts what lacks mobile coverage, and what of it the masts would serve. `funding_gap` holds p10, p50 and
    p90 of the draws' totals, per kind. Premises that a mast reaches may be those of a fixed area too, so the kinds are
    never added up but in money: `funded.grant` is of both.
    """
    mobile = is_mobile(areas)
    fixed = areas[~mobile]
    funded = areas["decision"] == "fund"
    found: dict[str, Any] = {
        "areas": len(fixed),
        "capex": _count(fixed["capex"].sum(), 0),
        "funding_gap": {name: _count(value, 0) for name, value in funding_gap["fixed"].items()},
        "budget": _count(budget, 0),
        "funded": _funded(areas[funded & ~mobile]),
    }
    if mobile.any():
        masts = areas[mobile]
        found["mobile"] = {
            "areas": len(masts),
            "supported": bool((masts["ineligible_because"] != "mobile_not_supported").all()),
            **_reached(masts),
            "lacking": {name: _count(value) for name, value in (lacking or {}).items() if name.endswith(LACKING)},
            "capex": _count(masts["capex"].sum(), 0),
            "funding_gap": {name: _count(value, 0) for name, value in funding_gap["mobile"].items()},
            "funded": _funded(areas[mobile & funded]) | _reached(areas[mobile & funded]),
        }
        found["funded"]["grant"] = _count(areas.loc[funded, "grant"].sum(), 0)
    return found


def summarise_firmness(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of `Stability.summary` with four decimals, as summary.json holds them."""
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}


def summarise_reach(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of one `curve.Reach`: premises with one decimal, money whole."""
    money = ("grant", "p10", "p50", "p90")
    return {
        name: value if value is None else _count(value, 0 if name in money else 1) for name, value in figures.items()
    }


def _funded(areas: gpd.GeoDataFrame) -> dict[str, Any]:
    return {
        "areas": len(areas),
        "areas_without_gap": int((areas["grant"] <= 0).sum()),  # on the list, but asking for nothing
        "businesses": _count(areas["businesses"].sum()),
        "households": _count(areas["households"].sum()),
        "grant": _count(areas["grant"].sum(), 0),
        "funding_gap": _count(areas["funding_gap_p50"].sum(), 0),
    }


def _reached(masts: gpd.GeoDataFrame) -> dict[str, Any]:
    return {
        "new_sites": int(masts["sites_new"].sum()),
        "existing_sites": int(masts["sites_existing"].sum()),
        "businesses": _count(masts["businesses"].sum()),
        "households": _count(masts["households"].sum()),
        "farmland_km2": _count(masts["farmland_km2"].sum()),
        "road_km": _count(masts["mobile_road_km"].sum()),
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
