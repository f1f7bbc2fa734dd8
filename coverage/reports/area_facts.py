"""What one area is, in a few lines of words: its premises, today's service, what is built, its businesses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from coverage.assessment import Assessment
from coverage.reports import businesses, mobile, portrait
from coverage.reports.columns import words
from coverage.reports.once import once
from coverage.reports.outsiders import outsiders
from coverage.reports.wording import Wording
from coverage.schemas import MOBILE_LEVELS

LINES_NAMED: Final = 3  # sections of business
COUNTED: Final = ("businesses", "households", "public", "holiday")
OWN: Final = "area_pages"  # the section of the texts

Row = Mapping[Any, Any]
_inside = once(outsiders)


@dataclass(frozen=True)
class Known:
    """Hold what is known of some areas, each by its id."""

    assessment: Assessment
    groups: Mapping[str, pd.DataFrame]  # eligible places, or those that a mast serves, with `premises` and `line`
    portraits: Mapping[str, Row]  # who is left out inside the outline, and why, among others
    corrections: Mapping[str, pd.DataFrame]  # of places inside the outline
    routes: Mapping[str, Row]
    masts: Mapping[str, Row]


def gather(assessment: Assessment, areas: Iterable[str], wording: Wording) -> Known:
    """Gather what is known of the given areas."""
    wanted, places = set(areas), assessment.places
    fixed = places[(places["eligible"] > 0) & places["area_id"].isin(wanted)]
    groups = _grouped(fixed, "area_id", fixed["weight"] * fixed["eligible"], wording)
    if "mobile_area_id" in places:
        served = places[places["mobile_area_id"].isin(wanted)]
        groups |= _grouped(served, "mobile_area_id", served["weight"], wording)
    table, found = assessment.corrections, {}
    if len(table):
        mine = places[places["place_id"].isin(table["place_id"])]
        home = mine["area_id"]
        if assessment.audience.kind != "public":  # to whom a place outside an area is somewhere in its cell
            home = home.fillna(_inside(assessment).reindex(mine.index))
        found = dict(list(table.groupby(table["place_id"].map(dict(zip(mine["place_id"], home, strict=True))))))
    told = portrait.portrait(assessment)
    told = portrait.in_words(told[told.index.isin(wanted)].reset_index(), wording, assessment.policy)
    routes = pd.DataFrame(assessment.routes.drop(columns=assessment.routes.geometry.name))
    return Known(
        assessment=assessment,
        groups=groups,
        portraits=by_area(told),
        corrections=found,
        routes=by_area(routes[routes["area_id"].isin(wanted)]),
        masts=by_area(mobile.mobile_table(assessment)),
    )


def by_area(table: pd.DataFrame) -> dict[str, Row]:
    """Return the rows of a table by their area."""
    return {str(row["area_id"]): row for row in table.to_dict("records")}


def _grouped(places: pd.DataFrame, by: str, premises: pd.Series, wording: Wording) -> dict[str, pd.DataFrame]:
    told = businesses.in_words(places.assign(**businesses.of_firms(places)), wording)
    # A section's own letter says nothing to a council.
    named = told["line_of_business"].map(wording.said, na_action="ignore").astype("str")
    line = told["nace_section"].astype("str").str.slice(2).fillna(named).fillna(wording.text(OWN, "no_line"))
    return {str(area): rows for area, rows in places.assign(premises=premises, line=line).groupby(by)}


def facts(row: Row, known: Known, wording: Wording) -> list[list[str]]:
    """Return label and words of each fact of one area; what is not known is left out."""
    area = str(row["area_id"])
    mine = known.groups.get(area)
    if area in known.masts:
        mast = known.masts[area]
        found = [_gained(row, mast, wording), _levels(mine, wording), _mast(mast, wording)]
    else:
        route = known.routes.get(area, {})
        premises = _premises(row, known.portraits[area], wording)
        found = [premises, _tiers(mine, known, wording), _build(row, route, wording)]
    found.append(_firms(row, mine, wording))
    names = ("premises", "service", "build", "firms")
    return [[wording.text(OWN, f"fact_{name}"), said] for name, said in zip(names, found, strict=True) if said]


def _counts(row: Row, wording: Wording) -> str:
    known = [(name, row.get(name, 0.0)) for name in COUNTED]
    said = [wording.text(OWN, f"count_{name}", count=wording.number(count)) for name, count in known if count > 0]
    return ", ".join(said) or str(wording.texts["none"])


def _premises(row: Row, portrayed: Row, wording: Wording) -> str:
    count = wording.number(row["premises"])
    said = wording.text(OWN, "premises", premises=count, counts=_counts(row, wording))
    outside = portrayed["excluded_premises"]
    if not outside > 0:
        return said
    why = portrayed["excluded_because"]
    return f"{said} {wording.text(OWN, 'outside', count=wording.number(outside), why=why)}"


def _gained(row: Row, mast: Row, wording: Wording) -> str:
    count = wording.number(row["premises"])
    said = [wording.text(OWN, "gained", premises=count, counts=_counts(row, wording))]
    for key, name in (("farmland", "farmland_km2"), ("roads", "mobile_road_km")):
        if mast[name] > 0:
            said.append(wording.text(OWN, key, count=wording.number(mast[name], decimals=1)))
    return " ".join(said)


def _tiers(mine: pd.DataFrame | None, known: Known, wording: Wording) -> str:
    if mine is None:
        return ""
    if "service_basis" in mine and (mine["service_basis"] == "expected_share").any():
        return wording.text(OWN, "shares")
    count = mine["premises"].groupby(mine["tier"]).sum()
    names = words("tier", wording=wording, policy=known.assessment.policy)
    said = _listed(((name, count.get(tier, 0.0)) for tier, name in names.items()), wording)
    none = float(mine["premises"][mine["fixed_down_mbps"] == 0].sum())
    return f"{said} {wording.text(OWN, 'no_offer', count=wording.number(none))}" if none else said


def _levels(mine: pd.DataFrame | None, wording: Wording) -> str:
    if mine is None or mine["mobile_level"].isna().all():
        return ""
    count = mine["premises"].groupby(mine["mobile_level"]).sum()
    levels = ((wording.value("mobile_level", level), count.get(level, 0.0)) for level in MOBILE_LEVELS)
    return wording.text(OWN, "levels", levels=_listed(levels, wording))


def _listed(counts: Iterable[tuple[str, float]], wording: Wording) -> str:
    told = [wording.text(OWN, "counted", what=what, count=wording.number(count)) for what, count in counts if count]
    return f"{wording.joined(told)}." if told else ""


def _build(row: Row, route: Row, wording: Wording) -> str:
    technology, said = row["technology"], wording.value("technology", row["technology"])
    if technology == "fibre" and route:
        lengths = {"route": route["route_m"], "backhaul": route.get("backhaul_m", 0.0)}
        shown = {name: wording.number(metres / 1000, decimals=1) for name, metres in lengths.items()}
        said += wording.text(OWN, "route", **shown)
    elif technology == "fwa" and row.get("fwa_sites_new", 0) + row.get("fwa_sites_existing", 0) > 0:
        sites = {name: wording.number(row[f"fwa_sites_{name}"]) for name in ("new", "existing")}
        said += wording.text(OWN, "sites", **sites)
    down, up = (row.get(f"delivered_{way}_mbps", np.nan) for way in ("down", "up"))
    if down > 0:
        key = "delivers" if up > 0 else "delivers_down"
        said += wording.text(OWN, key, down=wording.number(down), up=wording.number(up))
    sentences = [f"{said[:1].upper()}{said[1:]}."]
    if not route.get("connected", True):
        sentences.append(wording.text(OWN, "straight"))
    if route.get("stand_in", False):
        sentences.append(wording.text(OWN, "stand_in"))
    return " ".join(sentences)


def _mast(mast: Row, wording: Wording) -> str:
    basis = wording.value("site_basis", mast["site_basis"])
    said = wording.text(OWN, "mast_new", basis=basis) if mast["sites_new"] > 0 else basis
    if mast["mast_m"] > 0:
        said += wording.text(OWN, "mast_height", metres=wording.number(mast["mast_m"]))
    if mast["power_m"] > 0:
        said += wording.text(OWN, "mast_power", km=wording.number(mast["power_m"] / 1000, decimals=1))
    how = mast["backhaul_by"]
    if how in mobile.BY:
        km = wording.number(mast[mobile.BY[how]] / 1000, decimals=1)
        said += wording.text(OWN, "mast_backhaul", by=wording.value("backhaul_by", how), km=km)
    return f"{said[:1].upper()}{said[1:]}."


def _firms(row: Row, mine: pd.DataFrame | None, wording: Wording) -> str:
    if mine is None or not row["businesses"] > 0:
        return ""
    staff = {"employees": wording.number(row["employees"]), "businesses": wording.number(row["businesses"])}
    said = wording.text(OWN, "employees", **staff) if row["employees"] > 0 else ""
    firms = mine[mine["kind"] == "business"]
    count = firms["premises"].groupby(firms["line"]).sum().sort_values(ascending=False, kind="stable")
    named = [(str(line), float(value)) for line, value in count.head(LINES_NAMED).items()]
    rest = float(count.iloc[LINES_NAMED:].sum())
    return f"{said} {_listed([*named, (wording.text(OWN, 'other_lines'), rest)], wording)}".strip()
