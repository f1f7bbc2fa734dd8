from __future__ import annotations

import io
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from coverage.inputs import MobileLayer
from coverage.policy import load_policy
from maps.style import MOBILE_LEVEL_COLOURS, rgba, tier_colours
from maps.themes import classes
from maps.tiles import mobile
from maps.tiles.places import PlaceTiles
from maps.tiles.pyramid import MAX_ZOOM, MIN_ZOOM, POINT_ZOOM, TILE, mercator, quadkey, tile_runs
from tests import toy

POLICY = load_policy("no-2024")


def places(lon: list[float], lat: list[float], **columns: object) -> gpd.GeoDataFrame:
    frame = pd.DataFrame({"kind": "household", "weight": 1.0, "tier": "below_30", "gap_kind": "fixed",
                          "short_fixed": 1.0, "short_mobile": 0.0}, index=range(len(lon)))  # fmt: skip
    return gpd.GeoDataFrame(frame.assign(**columns), geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")


def tile_at(lon: float, lat: float, zoom: int) -> tuple[int, int, int]:
    u, v = mercator(np.array([lon]), np.array([lat]))
    return zoom, int(u[0] * 2**zoom), int(v[0] * 2**zoom)


def colours_in(png: bytes) -> set[tuple[int, ...]]:
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    assert image.size == (TILE, TILE)
    return {tuple(pixel[:3]) for pixel in np.unique(np.asarray(image).reshape(-1, 4), axis=0) if pixel[3] > 0}


def test_one_place_is_drawn_in_its_colour_at_every_zoom() -> None:
    tiles = PlaceTiles.build(places([10.0], [63.5]), POLICY)
    expected = rgba(tier_colours([(tier.id, tier.eligible) for tier in POLICY.tiers])["below_30"])[:3]
    for zoom in range(MIN_ZOOM, MAX_ZOOM + 1):
        drawn = tiles.png(*tile_at(10.0, 63.5, zoom))
        assert drawn is not None
        assert expected in colours_in(drawn), zoom


def test_place_lies_where_the_map_expects_it() -> None:
    lon, lat = 10.4, 63.43
    zoom, x, y = tile_at(lon, lat, POINT_ZOOM + 3)
    drawn = PlaceTiles.build(places([lon], [lat]), POLICY).png(zoom, x, y)
    assert drawn is not None
    alpha = np.asarray(Image.open(io.BytesIO(drawn)).convert("RGBA"))[:, :, 3]
    rows, columns = np.nonzero(alpha)
    inside_x = ((lon + 180) / 360 * 2**zoom - x) * TILE
    inside_y = ((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**zoom - y) * TILE
    assert columns.mean() == pytest.approx(inside_x, abs=1.5)
    assert rows.mean() == pytest.approx(inside_y, abs=1.5)


def test_nothing_is_drawn_where_nothing_is() -> None:
    tiles = PlaceTiles.build(places([10.0], [63.5]), POLICY)
    zoom, x, y = tile_at(10.0, 63.5, 14)
    assert tiles.png(zoom, x + 3, y) is None
    assert tiles.png(MAX_ZOOM + 1, 0, 0) is None
    assert tiles.png(3, 0, 0) is None
    assert tiles.png(8, -1, 5) is None
    assert tiles.png(8, 256, 5) is None
    assert PlaceTiles.build(places([], []), POLICY).png(6, 33, 16) is None


def test_a_disc_on_a_border_shows_on_both_tiles() -> None:
    zoom = POINT_ZOOM + 2
    border = (2**zoom // 2 + 40) / 2**zoom * 360 - 180
    tiles = PlaceTiles.build(places([border + 1e-7], [63.5]), POLICY)
    _, x, y = tile_at(border + 1e-7, 63.5, zoom)
    assert tiles.png(zoom, x, y) is not None
    assert tiles.png(zoom, x - 1, y) is not None


@pytest.mark.parametrize("rows", [200_000])
def test_tiles_stay_small_with_many_places(rows: int) -> None:
    rng = np.random.default_rng(1)
    lon, lat = rng.normal(10.4, 0.4, rows), rng.normal(63.4, 0.15, rows)
    tier = np.where(rng.random(rows) < 0.3, "below_30", np.where(rng.random(rows) < 0.5, "below_100", "served"))
    gap = np.where(tier == "served", "none", "fixed")
    many = places(list(lon), list(lat), tier=tier, gap_kind=gap, short_fixed=(tier != "served").astype(float))
    tiles = PlaceTiles.build(many, POLICY)
    for zoom in range(MIN_ZOOM, MAX_ZOOM + 1):
        drawn = tiles.png(*tile_at(10.4, 63.4, zoom))
        assert drawn is None or len(drawn) < 40_000, zoom


def test_no_premises_are_lost_on_the_way_down() -> None:
    toy_places = toy.places()
    tiles = PlaceTiles.build(toy_places, POLICY)
    short = ((toy_places["short_fixed"] > 0) | (toy_places["short_mobile"] > 0)).sum()
    for zoom, marks in tiles.cells.items():
        assert marks.weight.sum() == pytest.approx(short), zoom


def test_layers_hold_their_kind_alone() -> None:
    business = PlaceTiles.build(toy.places(), POLICY, rows=(toy.places()["kind"] == "business").to_numpy())
    assert len(business.points.key) == (toy.places()["kind"] == "business").sum()


def test_a_share_that_is_short_is_not_drawn_as_served() -> None:
    shared = places([10.0], [63.5], tier="served", gap_kind="none", short_fixed=0.3, weight=50.0)
    tiles = PlaceTiles.build(shared, POLICY)
    assert classes(POLICY)[tiles.points.code[0] - 1] == POLICY.eligible_tiers[-1]
    assert tiles.cells[8].weight.sum() == pytest.approx(15.0)
    # Three tiers share the row: most is served, and yet more than half is short.
    mostly = PlaceTiles.build(places([10.0], [63.5], tier="served", gap_kind="fixed", short_fixed=0.55), POLICY)
    assert classes(POLICY)[mostly.points.code[0] - 1] == POLICY.eligible_tiers[-1]


@given(st.integers(5, 16), st.data())
def test_a_tile_and_its_neighbours_are_found_by_their_runs(zoom: int, data: st.DataObject) -> None:
    x, y = (data.draw(st.integers(0, 2**zoom - 1)) for _ in range(2))
    level = 24
    inside = [(x << (level - zoom)) + data.draw(st.integers(0, (1 << (level - zoom)) - 1)) for x in (x, y)]
    key = int(quadkey(np.array([inside[0]], np.uint64), np.array([inside[1]], np.uint64))[0])
    assert any(first <= key < last for first, last in tile_runs(zoom, x, y, level=level))


def test_mobile_picture_shows_levels_and_leaves_the_rest_clear(tmp_path) -> None:
    signal = np.full((20, 20), -120.0, np.float32)
    signal[:10], signal[:5], signal[15:] = -105.0, -85.0, -9999.0
    path = tmp_path / "mobile.tif"
    transform = rasterio.Affine(500, 0, toy.X0, 0, -500, toy.Y0 + 10_000)
    with rasterio.open(path, "w", driver="GTiff", width=20, height=20, count=1, dtype="float32", crs=toy.CRS,
                       transform=transform, nodata=-9999.0) as out:  # fmt: skip
        out.write(signal, 1)
    layer = MobileLayer("mobile", "North <Net>", "4g", raster=path)
    towns = toy.assessment().municipalities
    bounds = mobile.mercator_bounds(towns)
    grid = mobile.level_grid([layer], policy=POLICY, bounds=bounds)
    assert set(np.unique(grid)) == {0, 1, 3}
    image = Image.open(io.BytesIO(mobile.png([layer], policy=POLICY, bounds=bounds))).convert("RGBA")
    colours = {tuple(int(part) for part in pixel) for pixel in np.unique(np.asarray(image).reshape(-1, 4), axis=0)}
    clear = {colour for colour in colours if colour[3] == 0}
    assert clear
    assert colours - clear == {rgba(MOBILE_LEVEL_COLOURS["basic"]), rgba(MOBILE_LEVEL_COLOURS["very_good"])}


def test_mobile_polygons_show_the_best_level_of_overlapping_ones() -> None:
    towns = toy.assessment().municipalities
    polygons = gpd.GeoDataFrame({"level": ["very_good", "basic"]}, geometry=[towns.geometry[0]] * 2, crs=towns.crs)
    layer = MobileLayer("shapes", "South", "5g", polygons=polygons)
    grid = mobile.level_grid([layer], policy=POLICY, bounds=mobile.mercator_bounds(towns))
    assert set(np.unique(grid)) == {0, 3}
    south, west = mobile.geographic_bounds(mobile.mercator_bounds(towns))[0]
    assert (south, west) == pytest.approx((63.32, 10.39), abs=0.05)


def test_pictures_offered_are_best_per_technology_and_every_operator() -> None:
    given = [MobileLayer("a", "North", "4g"), MobileLayer("b", "South", "5g"), MobileLayer("c", "South", "2g")]
    found = mobile.choices(given, policy=POLICY)
    assert [choice.id for choice in found] == ["best", "best2g", "best4g", "best5g", "operator1", "operator2"]
    assert [layer.source for layer in found[0].layers] == ["a", "b"], "2G does not count"
    assert [layer.source for layer in found[-1].layers] == ["b", "c"]
    assert [choice.id for choice in mobile.choices(given[:1], policy=POLICY)] == ["best4g", "operator1"]
    assert "_" not in "".join(choice.id for choice in found), "the map component ignores changes after an underscore"
