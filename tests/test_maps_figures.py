from __future__ import annotations

import dataclasses

import geopandas as gpd
import pytest

from coverage.policy import load_policy
from maps import figures
from maps.picking import Index, pick
from tests import toy

POLICY = load_policy("no-2024")


def test_counts_follow_the_places() -> None:
    found = figures.figures(toy.places())
    assert (found.businesses, found.homes) == (60.0, 120.0)
    assert (found.businesses_short, found.homes_short) == (20.0, 40.0)
    assert found.mobile_known
    assert not found.expected_share


def test_every_premises_is_in_one_tier() -> None:
    counted = figures.by_tier(toy.places(), POLICY)
    assert counted.groupby("kind")["premises"].sum().to_dict() == {"businesses": 60.0, "homes": 120.0}


def test_shares_divide_a_row_among_the_tiers() -> None:
    places = (
        toy.places()
        .iloc[:1]
        .assign(weight=10.0, share_below_30=0.2, share_below_100=0.3, share_below_1000=0.1, share_served=0.4)
    )
    weights = figures.tier_weights(places, POLICY)
    assert weights.iloc[0].to_dict() == pytest.approx(
        {"below_30": 2.0, "below_100": 3.0, "below_1000": 1.0, "served": 4.0}
    )


def test_by_municipality_adds_up() -> None:
    assessment = toy.assessment()
    counted = figures.by_municipality(assessment, kind="household")
    assert counted["premises"].sum() == 40.0
    assert set(counted["municipality"]) == {"Westby", "Eastby - Austi"}
    lines = figures.by_line_of_business(assessment)
    assert lines.to_dict("records") == [{"line of business": "Agriculture", "businesses": 20.0}]


def test_a_click_finds_the_nearest_place_its_area_and_municipality() -> None:
    assessment = toy.assessment()
    index = Index.build(assessment.places)
    at = assessment.places[assessment.places["place_id"] == "p0000"].to_crs(4326).geometry.iloc[0]
    found = pick(assessment, index, lat=at.y, lon=at.x)
    assert found.place["place_id"] == "p0000"
    assert found.distance_m < 1
    assert found.area["area_id"] == found.place["area_id"] == "5001-A00000"
    assert found.municipality == "Westby"


def test_a_click_far_away_finds_nothing() -> None:
    assessment = toy.assessment()
    found = pick(assessment, Index.build(assessment.places), lat=50.0, lon=3.0)
    assert found.place is None
    assert found.area is None
    assert found.municipality is None


def test_a_place_short_of_service_is_preferred_unless_the_click_is_exact() -> None:
    places = toy.places().iloc[:3].copy()
    x, y = toy.X0, toy.Y0
    places.geometry = gpd.points_from_xy([x, x + 300, x + 300], [y, y, y], crs=toy.CRS)
    places["short_fixed"], places["gap_kind"] = [0.0, 0.0, 1.0], ["none", "none", "fixed"]
    index = Index.build(places)
    assert index.nearest(x + 10, y) == (0, 10.0), "an exact click means the place under it"
    assert index.nearest(x - 100, y)[0] == 2, "a rough click means the nearest that is short"
    assert index.nearest(x + 300, y)[0] == 2, "of two at one position, the one that is short"
    assert index.nearest(x - 2_000, y) is None
    assert Index.build(places.iloc[:0]).nearest(x, y) is None
    assert Index.build(places.iloc[:2]).nearest(x - 100, y)[0] == 0


def test_municipalities_of_one_name_stay_apart_and_the_largest_come_first() -> None:
    given = toy.assessment()
    towns = given.municipalities.assign(name="Merrill Strip")
    counted = figures.by_municipality(dataclasses.replace(given, municipalities=towns), kind="household")
    assert set(counted["municipality"]) == {"Merrill Strip (5001)", "Merrill Strip (5058)"}
    assert counted.groupby("municipality")["share"].sum().max() <= 1
    kept, left_out = figures.largest(counted, value="premises", most=1)
    assert (kept["municipality"].nunique(), left_out) == (1, 1)
