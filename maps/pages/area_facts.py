"""What the panels tell of a fixed area beside rank and money: outline, route by surface, slopes, who is left out."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from coverage.assessment import Assessment
from maps import masts, style
from maps.language import _, ngettext
from maps.pages import parts

ASIDE: Final = ("drop_m", "power_m")  # to the wall, and electricity to a mast: not of the route
FIBRE: Final = "fibre"
LINK: Final = "microwave_link"

Pairs = list[tuple[str, str]]


def pairs(assessment: Assessment, area: pd.Series[Any]) -> Pairs:
    """Return labels and texts of what is known of an area's outline, its route, and what leaving places out costs."""
    return [
        (_("outline"), _("drawn by a planner") if area.get("drawn", False) else ""),
        (_("by surface"), _surfaces(assessment, area)),
        (_("slopes"), _slopes(assessment, area)),
        (_("if left out"), _stranded(area, assessment.study.currency)),
        (_("over the air"), _wireless(area)),
    ]


def of_mast(assessment: Assessment, area: pd.Series[Any]) -> Pairs:
    """Return labels and texts of a mobile area: what its mast serves, where it stands, power and backhaul."""
    return [
        (_("serves"), masts.serves(area)),
        (_("of them"), _of_them(area)),
        (_("mast"), masts.site(area)),
        (_("power"), style.length(area["power_m"]) if area["power_m"] else ""),
        (_("backhaul"), _backhaul(assessment, area)),
        (_("by surface"), _surfaces(assessment, area)),
        (_("shared trench"), _shared(assessment, area)),
    ]


def _of_them(area: pd.Series[Any]) -> str:
    """Tell how many premises lack mobile coverage only, and how many are businesses: never added to fixed ones."""
    said = []
    if area["mobile_only_premises"]:
        count = style.number(area["mobile_only_premises"], digits=3)
        said.append(_("{count} short of mobile alone", count=count))
    if area["businesses"]:
        count = style.number(area["businesses"], digits=3)
        said.append(ngettext("{count} business", "{count} businesses", area["businesses"], count=count))
    return ", ".join(said)


def _backhaul(assessment: Assessment, area: pd.Series[Any]) -> str:
    """Tell how a mast is joined to the network as it is priced: by cable, or by a radio link where that is cheaper."""
    if area["site_basis"] == masts.EXISTING:
        return _("taken to be there already")
    routes = assessment.routes[assessment.routes["area_id"] == area["area_id"]]
    cable = style.length(routes["route_m"].iloc[0]) if len(routes) else "–"
    link = area.get("link_to")
    if not isinstance(link, str) or not link:
        return _("{length} of fibre", length=cable)
    away = style.length(float(area["link_m"]))
    if LINK in items_of(assessment, area):
        return _(
            "a radio link to mast {mast}, {away} away; {length} of fibre would cost more",
            mast=link,
            away=away,
            length=cable,
        )
    return _(
        "{length} of fibre; a radio link to mast {mast}, {away} away, would cost more",
        mast=link,
        away=away,
        length=cable,
    )


def _shared(assessment: Assessment, area: pd.Series[Any]) -> str:
    """Name the fixed area whose trench would shorten the backhaul, and what that saves if both are built."""
    other, metres = area.get("backhaul_with"), area.get("backhaul_saving_m", 0.0)
    money = float(area.get("backhaul_saving", 0.0))
    if not isinstance(other, str) or not metres > 0:
        return ""
    found = assessment.areas.loc[assessment.areas["area_id"] == other, "name"]
    said = {"area": found.iloc[0] if len(found) else other, "length": style.length(float(metres))}
    if not money > 0:
        return _("with {area}, if both are built: {length} less to dig, but the radio link costs less still", **said)
    saved = style.money(money, assessment.study.currency)
    return _(
        "with {area}, if both are built: {length} less to dig, about {money} saved; not taken off here",
        money=saved,
        **said,
    )


def _wireless(area: pd.Series[Any]) -> str:
    """Tell what masts seen over the terrain would give an area: sites, reach, the furthest customer, capacity."""
    basis = area.get("fwa_basis")
    if not isinstance(basis, str):
        return ""
    sites = (float(area["fwa_sites_existing"]), float(area["fwa_sites_new"]))
    said = [
        _(
            "masts: {old} existing, {new} new; they see {share} of the premises",
            old=style.number(sites[0]),
            new=style.number(sites[1]),
            share=style.percent(area["fwa_reach_share"]),
        )
    ]
    if not pd.isna(area["fwa_furthest_m"]):
        said.append(
            _(
                "the furthest {length} away, where a sector carries {speed} Mbit/s in all",
                length=style.length(area["fwa_furthest_m"]),
                speed=style.number(area["fwa_edge_mbps"], digits=3),
            )
        )
    return "; ".join(said)


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
    mine = _lines(assessment, area)
    by_metre = mine["unit"].str.endswith(" per m") & ~mine["item"].isin(ASIDE) & (mine["quantity"] > 0)
    return {
        str(item): float(metres)
        for item, metres in mine[by_metre].groupby("item", sort=False)["quantity"].sum().items()
    }


def items_of(assessment: Assessment, area: pd.Series[Any]) -> set[str]:
    """Name the items of the cost book that an area's proposal needs."""
    mine = _lines(assessment, area)
    return set(mine.loc[mine["quantity"] > 0, "item"])


def _lines(assessment: Assessment, area: pd.Series[Any]) -> pd.DataFrame:
    lines = assessment.cost_lines
    return lines[(lines["area_id"] == area["area_id"]) & (lines["technology"] == area["technology"])]


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
    climb = style.length(route["climb_m"])
    text = (
        _("{climb} up and down in all, {steep} of the route steep", climb=climb, steep=style.length(route["steep_m"]))
        if route["steep_m"] > 0
        else _("{climb} up and down in all, nowhere steep", climb=climb)
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
