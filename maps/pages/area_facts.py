"""What the panels tell of a fixed area beside rank and money: outline, route by surface, slopes, who is left out."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from coverage.assessment import Assessment
from maps import style
from maps.language import _
from maps.pages import parts

DROP: Final = "drop_m"  # from the road to the wall: not of the route
FIBRE: Final = "fibre"

Pairs = list[tuple[str, str]]


def pairs(assessment: Assessment, area: pd.Series[Any]) -> Pairs:
    """Return labels and texts of what is known of an area's outline, its route, and what leaving places out costs."""
    return [
        (_("outline"), _("drawn by a planner") if area.get("drawn", False) else ""),
        (_("by surface"), _surfaces(assessment, area)),
        (_("slopes"), _slopes(assessment, area)),
        (_("if left out"), _stranded(area, assessment.study.currency)),
    ]


def left_out(place: pd.Series[Any], assessment: Assessment) -> str:
    """Return what it would cost to join a place alone to its area later; "" where no trench passes it by."""
    price, metres = (place.get(name) for name in ("stranding_capex", "stranding_route_m"))
    areas = assessment.areas
    if price is None or pd.isna(price) or not areas["technology"][areas["area_id"] == place["area_id"]].eq(FIBRE).any():
        return ""
    money = style.money(float(price), assessment.study.currency)
    if metres is None or pd.isna(metres) or not metres:
        return _("{money} to join it alone later; the route passes it anyway", money=money)
    return _("{money} to join it alone later, with {length} of route", money=money, length=style.length(float(metres)))


def metres_of(assessment: Assessment, area: pd.Series[Any]) -> dict[str, float]:
    """Return the metres that an area's cost lines price, without its drops, by item of the cost book."""
    lines = assessment.cost_lines
    mine = lines[(lines["area_id"] == area["area_id"]) & (lines["technology"] == area["technology"])]
    by_metre = mine["unit"].str.endswith(" per m") & (mine["item"] != DROP) & (mine["quantity"] > 0)
    return {
        str(item): float(metres)
        for item, metres in mine[by_metre].groupby("item", sort=False)["quantity"].sum().items()
    }


def _surfaces(assessment: Assessment, area: pd.Series[Any]) -> str:
    found = metres_of(assessment, area)
    return "; ".join(f"{parts.item(item)} {style.length(metres)}" for item, metres in found.items())


def _slopes(assessment: Assessment, area: pd.Series[Any]) -> str:
    """Tell climb and steep metres of the route, and of how much of it the heights are known."""
    if area["technology"] != FIBRE or "terrain_m" not in assessment.routes:
        return ""
    routes = assessment.routes[assessment.routes["area_id"] == area["area_id"]]
    if routes.empty or not routes["terrain_m"].iloc[0] > 0:
        return ""
    route = routes.iloc[0]
    text = _(
        "{climb} up and down in all, {steep} of the route steep",
        climb=style.length(route["climb_m"]),
        steep=style.length(route["steep_m"]),
    )
    known = route["terrain_m"] / route["route_m"] if route["route_m"] else 1.0
    return text if known > 0.995 else text + _("; heights known on {share} of it", share=style.percent(known))


def _stranded(area: pd.Series[Any], currency: str) -> str:
    middle, most = (area.get(f"stranding_capex_{name}") for name in ("median", "max"))
    if middle is None or pd.isna(middle):
        return ""
    return _(
        "a place joined alone later costs {middle} in the middle, {most} at most",
        middle=style.money(float(middle), currency),
        most=style.money(float(most), currency),
    )
