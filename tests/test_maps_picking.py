from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import Point

from coverage.assessment import Assessment
from maps.picking import Index, Picked, area_of, pick, place_of
from maps.themes import GAP
from maps.tiles.hit import disc_at
from maps.tiles.places import PlaceTiles
from maps.tiles.pyramid import POINT_ZOOM
from tests import toy, toy_masts

CLOSE, WIDE = 15.0, 9.0  # zooms


def at(x: float, y: float) -> dict[str, float]:
    point = gpd.GeoSeries([Point(x, y)], crs=toy.CRS).to_crs(4326).iloc[0]
    return {"lat": point.y, "lon": point.x}


def clicked(given: Assessment, x: float, y: float, zoom: float | None = CLOSE) -> Picked:
    return pick(given, Index.build(given.places), **at(x, y), zoom=zoom)


def spot_of(given: Assessment, row: int) -> tuple[float, float]:
    point = given.places.geometry.iloc[row]
    return point.x, point.y


def test_close_up_a_click_on_a_place_means_the_place() -> None:
    given = toy.assessment()
    x, y = spot_of(given, 0)
    found = clicked(given, x + 20, y)
    assert found.place is not None
    assert found.place["place_id"] == "p0000"
    assert found.area is not None
    assert found.area["area_id"] == "5001-A00000"
    assert not found.route


def with_route(given: Assessment) -> tuple[Assessment, float, float]:
    """Return the toy with one route, of the area 5058-A00000, that passes by no place, and a position beside it."""
    x, y = spot_of(given, 0)
    line = gpd.GeoSeries.from_wkt([f"MULTILINESTRING (({x + 240} {y - 400}, {x + 240} {y + 400}))"], crs=toy.CRS)
    routes = given.routes[given.routes["area_id"] == "5058-A00000"].set_geometry(line.to_numpy(), crs=toy.CRS)
    return dataclasses.replace(given, routes=routes), x + 250, y + 230


def test_a_click_on_a_route_means_the_area_that_it_is_built_for() -> None:
    given, x, y = with_route(toy.assessment())
    found = clicked(given, x, y)
    assert found.route
    assert found.place is None
    assert found.area is not None
    assert found.area["area_id"] == "5058-A00000"
    x0, y0 = spot_of(given, 0)
    assert not clicked(given, x0, y0).route, "a place that was hit comes before a route"


def test_close_up_a_click_inside_an_area_beside_its_places_means_the_area() -> None:
    given = toy.assessment()
    area = given.areas.iloc[0]
    beside = dataclasses.replace(given, places=given.places.set_geometry(given.places.translate(0, 1000)))
    inside = area.geometry.representative_point()
    far = float(beside.places.distance(inside).min())
    found = clicked(beside, inside.x, inside.y, zoom=17.0)
    assert far > 60
    assert found.place is None
    assert found.area is not None
    assert found.area["area_id"] == area["area_id"]
    assert found.mark.iloc[0].equals(area.geometry)


def test_in_a_wide_view_the_nearest_place_is_told_and_the_area_below() -> None:
    given = toy.assessment()
    inside = given.areas.geometry.iloc[0].representative_point()
    found = clicked(given, inside.x, inside.y, zoom=WIDE)
    assert found.place is not None
    assert found.area is not None


def test_what_a_filter_hides_is_never_meant() -> None:
    given = toy.assessment()
    shown = (given.places["kind"] == "household").to_numpy()
    index = Index.build(given.places, shown=shown)
    for row in range(0, 300, 7):
        found = index.nearest(*spot_of(given, row))
        assert found is not None
        assert shown[found[0]]
    assert Index.build(given.places, shown=np.zeros(300, dtype=bool)).nearest(*spot_of(given, 0)) is None


def test_what_was_searched_for_is_what_a_click_on_it_means() -> None:
    given = toy.assessment()
    for row in (0, 3, 6):
        found, hit = place_of(given, row), clicked(given, *spot_of(given, row))
        assert found.place is not None
        assert found.place.equals(hit.place)
        assert found.area is not None
        assert hit.area is not None
        assert found.area["area_id"] == hit.area["area_id"]
        assert found.municipality == hit.municipality
    area = area_of(given, "5058-A00003")
    assert area is not None
    assert area.place is None
    assert area.municipality == "Eastby - Austi"
    assert area_of(given, "5058-nothing") is None


def test_an_area_of_kind_mobile_is_found_as_one() -> None:
    given = toy_masts.masted()
    masted = given.areas[given.areas["kind"] == "mobile"].iloc[0]
    found = area_of(given, masted["area_id"])
    assert found is not None
    assert found.area is None
    assert found.mobile is not None
    assert found.mobile["area_id"] == masted["area_id"]


@pytest.mark.parametrize("zoom", [6.0, 8.5, 10.0, 11.4])
def test_a_disc_stands_for_the_premises_that_are_drawn_in_it(zoom: float) -> None:
    given = toy.assessment()
    tiles = PlaceTiles.build(given.places, given.policy)
    marks = tiles.cells[int(zoom + 0.5)]
    assert marks.weight.sum() == pytest.approx(GAP.paint(given.places, given.policy).weight.sum())
    for u, v in zip(marks.u, marks.v, strict=True):
        disc = disc_at(tiles, lat=latitude(v), lon=360 * (u - 0.5), zoom=zoom)
        assert disc is not None
        assert disc.premises in marks.weight
        assert disc.premises == pytest.approx(disc.by_class.sum()), "the classes of the cell add up to its disc"


def test_the_only_disc_stands_for_all_by_class() -> None:
    given = toy.assessment()
    one = np.arange(300) < 5  # 0 is short of both, 3 of fixed alone; the others of nothing
    tiles = PlaceTiles.build(given.places, given.policy, rows=one)
    point = given.places.to_crs(4326).geometry.iloc[1]
    disc = disc_at(tiles, lat=point.y, lon=point.x, zoom=6.0)
    assert disc is not None
    assert disc.premises == 2.0
    classes = [kind.id for kind in GAP.classes(given.policy)]
    found = {name: count for name, count in zip(classes, disc.by_class, strict=True) if count}
    assert found == {"below_30": 1.0, "below_100": 1.0}


def latitude(v: float) -> float:
    return float(np.degrees(2 * np.arctan(np.exp(2 * np.pi * (0.5 - v))) - np.pi / 2))


def test_close_up_and_in_the_sea_there_is_no_disc() -> None:
    given = toy.assessment()
    tiles = PlaceTiles.build(given.places, given.policy)
    point = given.places.to_crs(4326).geometry.iloc[0]
    assert disc_at(tiles, lat=point.y, lon=point.x, zoom=POINT_ZOOM - 0.5) is None, "drawn as single places already"
    assert disc_at(tiles, lat=50.0, lon=3.0, zoom=8.0) is None
    none = PlaceTiles.build(given.places, given.policy, rows=np.zeros(300, dtype=bool))
    assert disc_at(none, lat=point.y, lon=point.x, zoom=8.0) is None
