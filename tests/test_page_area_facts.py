"""What the panels tell of an area's outline, its route by surface and slope, and of leaving places out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from coverage.assessment import Assessment
from maps import language, style
from maps.pages import area_facts, why
from maps.picking import Index, pick
from tests import toy

AREA = "5001-A00000"


def told(given: Assessment, area_id: str = AREA) -> dict[str, str]:
    row = given.areas[given.areas["area_id"] == area_id].iloc[0]
    return {name: text.replace(style.THIN, " ") for name, text in area_facts.pairs(given, row) if text}


def changed(given: Assessment, frame: str, **columns: object) -> Assessment:
    return dataclasses.replace(given, **{frame: getattr(given, frame).assign(**columns)})


def with_lines(given: Assessment, *rows: tuple[str, float, str]) -> Assessment:
    first = given.cost_lines.iloc[0].to_dict() | {"area_id": AREA}
    lines = [first | {"item": item, "quantity": quantity, "unit": unit} for item, quantity, unit in rows]
    return dataclasses.replace(given, cost_lines=pd.DataFrame(lines))


def test_without_lots_terrain_or_stranding_only_the_metres_are_told() -> None:
    assert list(told(toy.assessment())) == ["by surface"]


def test_metres_are_told_by_surface_and_drops_are_not_of_the_route() -> None:
    given = with_lines(
        toy.assessment(),
        ("verge_trench_m", 1200.0, "NOK per m"),
        ("rock_trench_m", 300.0, "NOK per m"),
        ("drop_m", 900.0, "NOK per m"),
        ("aerial_m", 0.0, "NOK per m"),
        ("cpe", 12.0, "NOK per connection"),
    )
    assert told(given)["by surface"] == "Cable ploughed in along the road 1.2 km; Trench in rock 300 m"
    assert area_facts.metres_of(given, given.areas.iloc[0]) == {"verge_trench_m": 1200.0, "rock_trench_m": 300.0}


def test_slopes_are_told_with_how_much_of_the_route_has_heights() -> None:
    given = toy.assessment()
    route_m = given.routes["route_m"]
    whole = changed(given, "routes", climb_m=120.0, steep_m=400.0, terrain_m=route_m, terrain_basis="dem")
    assert told(whole)["slopes"] == "120 m up and down in all, 400 m of the route steep"
    level = changed(whole, "routes", steep_m=0.0)
    assert told(level)["slopes"] == "120 m up and down in all, nowhere steep"
    half = changed(whole, "routes", terrain_m=route_m / 2)
    assert told(half)["slopes"].endswith("; heights known on 50 % of it")
    unknown = changed(whole, "routes", climb_m=np.nan, steep_m=np.nan, terrain_m=0.0)
    assert "slopes" not in told(unknown)


def test_a_drawn_area_and_what_leaving_out_costs() -> None:
    given = changed(toy.assessment(), "areas", drawn=True, stranding_capex_median=25e3, stranding_capex_max=1.2e6)
    assert told(given)["outline"] == "drawn by a planner"
    assert told(given)["if left out"] == "a place joined alone later costs 25 k NOK in the middle, 1.2 M NOK at most"
    wireless = changed(given, "areas", stranding_capex_median=np.nan, stranding_capex_max=np.nan)
    assert "if left out" not in told(wireless)
    with language.using("nb"):
        assert told(given)["omriss"] == "tegnet av en planlegger"


def test_a_place_is_told_what_it_costs_alone() -> None:
    given = changed(toy.assessment(), "places", stranding_capex=42_000.0, stranding_route_m=180.0)

    def text(of: Assessment) -> str:
        at = of.places.to_crs(4326).geometry.iloc[0]
        panel = why.panel(of, pick(of, Index.build(of.places), lat=at.y, lon=at.x))
        return panel.replace(style.THIN, " ")

    assert "<dt>if left out</dt><dd>42 k NOK to join it alone later, with 180 m of route</dd>" in text(given)
    passed = changed(given, "places", stranding_route_m=0.0)
    assert "42 k NOK to join it alone later; the route passes it anyway" in text(passed)
    assert "join it alone" not in text(changed(given, "places", stranding_capex=np.nan))
    assert "join it alone" not in text(changed(given, "areas", technology="fwa")), "wireless strands nobody"
