"""What a trench runs through, on drawn roads, ducts, poles and hills whose answers are visible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio import Affine
from shapely.geometry import LineString, MultiLineString, MultiPoint, Point, box

from coverage.inputs import ReuseLayer, TerrainLayer
from coverage.roads import attach, build_graph
from coverage.routes import route
from coverage.surfaces import POLE_SPAN_M, SURFACES, split_by_surface
from coverage.terrain import describe
from tests.roadside import CRS, network, places, random_town, roads

STREET = LineString([(0, 0), (1000, 0)])


def layer(what: Any, *shapes: Any, within_m: float = 20.0) -> ReuseLayer:
    return ReuseLayer(f"the-{what}", what, gpd.GeoDataFrame(geometry=list(shapes), crs=CRS), within_m)


def split(*lines: LineString, off_road: bool = False, length_m: float | None = None, **given: Any) -> pd.DataFrame:
    """Return the metres of lines by surface."""
    shapes = np.array(lines, dtype=object)
    metres = shapely.length(shapes) if length_m is None else np.full(len(lines), length_m)
    return split_by_surface(
        shapes, metres, off_road=np.full(len(lines), off_road), **{"steep_slope": np.inf, "crs": CRS, **given}
    )


def of(*lines: LineString, **given: Any) -> dict[str, float]:
    """Return the metres by surface of all lines together, those that are not 0."""
    total = split(*lines, **given).sum().round(6)
    return {str(name): float(metres) for name, metres in total.items() if metres}


def hill(path: Path, *, foot: float, top: float) -> TerrainLayer:
    """Write ground that is level west of x = foot and rises 1 in 2 from there to x = top, then level again."""
    middle = np.arange(-45.0, 1200.0, 10.0)
    heights = np.clip((middle - foot) / 2, 0, (top - foot) / 2)
    with rasterio.open(
        path / "hill.tif", "w", driver="GTiff", width=len(middle), height=40, count=1, dtype="float32", crs=CRS,
        transform=Affine(10, 0, -50, 0, -10, 200),
    ) as raster:  # fmt: skip
        raster.write(np.tile(heights, (40, 1)).astype(np.float32), 1)
    return TerrainLayer("hill", path / "hill.tif")


def test_without_layers_a_road_is_a_verge_and_all_else_a_field() -> None:
    assert of(STREET) == {"verge_dug_m": 1000}
    assert of(STREET, off_road=True) == {"field_dug_m": 1000}
    assert split(STREET).columns.tolist() == list(SURFACES)


def test_a_duct_beside_the_road_counts_as_far_as_it_runs_along() -> None:
    # At 12 m from the road a disc of 20 m about either end reaches 16 m farther.
    duct = layer("ducts", LineString([(200, 12), (600, 12)]))
    assert of(STREET, reuse=[duct]) == {"in_duct_m": 432, "verge_dug_m": 568}
    bent = layer("ducts", LineString([(200, 500), (200, 12), (600, 12), (600, 500)]))
    assert of(STREET, reuse=[bent])["in_duct_m"] == 432


def test_a_duct_too_far_off_or_at_the_other_end_counts_nothing() -> None:
    assert of(STREET, reuse=[layer("ducts", LineString([(0, 21), (1000, 21)]))]) == {"verge_dug_m": 1000}
    assert of(STREET, reuse=[layer("ducts", LineString([(1021, -50), (1021, 50)]))]) == {"verge_dug_m": 1000}


def test_a_line_that_only_crosses_counts_its_few_metres() -> None:
    across = layer("ducts", LineString([(500, -300), (500, 300)]))
    assert of(STREET, reuse=[across]) == {"in_duct_m": 40, "verge_dug_m": 960}
    aslant = layer("poles", LineString([(100, -400), (900, 400)]))
    assert of(STREET, reuse=[aslant]) == {"on_poles_m": pytest.approx(40 * np.sqrt(2)), "verge_dug_m": pytest.approx(
        1000 - 40 * np.sqrt(2)
    )}  # fmt: skip


def test_a_duct_comes_before_poles_and_both_before_digging() -> None:
    duct, poles = layer("ducts", LineString([(0, 0), (400, 0)])), layer("poles", LineString([(300, 5), (800, 5)]))
    found = of(STREET, reuse=[poles, duct])
    reach = np.sqrt(20**2 - 5**2)
    assert found == {
        "in_duct_m": 420,
        "on_poles_m": pytest.approx(380 + reach),
        "verge_dug_m": pytest.approx(200 - reach),
    }


def test_two_ducts_side_by_side_are_used_once() -> None:
    one, two = LineString([(0, 3), (500, 3)]), LineString([(100, -3), (500, -3)])
    assert of(STREET, reuse=[layer("ducts", one), layer("ducts", two), layer("ducts", one)]) == of(
        STREET, reuse=[layer("ducts", MultiLineString([one, two]))]
    )


def test_a_cable_hangs_between_neighbouring_poles_only() -> None:
    row = [Point(x, 0) for x in (100, 150, 200, 250)]
    reach = 2 * 20
    assert of(STREET, reuse=[layer("poles", *row)])["on_poles_m"] == 150 + reach
    assert of(STREET, reuse=[layer("poles", MultiPoint(row))])["on_poles_m"] == 150 + reach
    # A pole alone carries nothing, and a gap is not spanned.
    assert of(STREET, reuse=[layer("poles", Point(500, 0))]) == {"verge_dug_m": 1000}
    far = POLE_SPAN_M + 1
    assert of(STREET, reuse=[layer("poles", Point(500, 0), Point(500 + far, 0))]) == {"verge_dug_m": 1000}
    near = layer("poles", Point(500, 0), Point(500 + POLE_SPAN_M, 0))
    assert of(STREET, reuse=[near])["on_poles_m"] == POLE_SPAN_M + reach


def test_a_steep_road_is_told_apart_unless_a_cable_needs_no_trench(tmp_path: Path) -> None:
    ground = hill(tmp_path, foot=400, top=600)
    assert of(STREET, terrain=[ground], steep_slope=0.3) == {"steep_dug_m": 200, "verge_dug_m": 800}
    assert of(STREET, terrain=[ground], steep_slope=0.6) == {"verge_dug_m": 1000}
    assert of(STREET, off_road=True, terrain=[ground], steep_slope=0.3) == {"steep_dug_m": 200, "field_dug_m": 800}
    duct = layer("ducts", LineString([(0, 0), (480, 0)]))
    assert of(STREET, terrain=[ground], steep_slope=0.3, reuse=[duct]) == {
        "in_duct_m": 500,
        "steep_dug_m": 100,
        "verge_dug_m": 400,
    }
    # A road along the slope is level.
    assert of(LineString([(500, -150), (500, 150)]), terrain=[ground], steep_slope=0.3) == {"verge_dug_m": 300}


def test_where_no_height_is_known_the_ground_is_not_steep(tmp_path: Path) -> None:
    beyond = LineString([(0, 5000), (1000, 5000)])
    assert of(beyond, terrain=[hill(tmp_path, foot=0, top=1000)], steep_slope=0.1) == {"verge_dug_m": 1000}


def test_parts_are_scaled_to_the_metres_to_dig() -> None:
    # As a way to a cell is: 1.3 times as long as it is drawn.
    duct = layer("ducts", LineString([(0, 0), (480, 0)]))
    assert of(STREET, off_road=True, length_m=1300, reuse=[duct]) == {"in_duct_m": 650, "field_dug_m": 650}


def test_a_line_of_no_length_is_dug_where_it_lies() -> None:
    speck = LineString([(5, 5), (5, 5)])
    assert of(speck, length_m=0.001, off_road=True) == {"field_dug_m": 0.001}
    assert of(speck, STREET, length_m=0.001) == {"verge_dug_m": 0.002}
    assert split().shape == (0, len(SURFACES))


@st.composite
def crooked(draw: st.DrawFn) -> LineString:
    xy = st.tuples(st.integers(0, 300), st.integers(0, 300))
    return LineString(draw(st.lists(xy, min_size=2, max_size=5, unique=True)))


@settings(deadline=None, max_examples=40)
@given(st.lists(crooked(), min_size=1, max_size=4), st.lists(crooked(), min_size=1, max_size=4), st.integers(1, 60))
def test_the_metres_beside_a_line_are_those_inside_its_buffer(
    lines: list[LineString], ducts: list[LineString], within: int
) -> None:
    around = shapely.union_all(shapely.buffer(ducts, within, quad_segs=256))
    expected = shapely.length(shapely.intersection(np.array(lines, dtype=object), around))
    found = split(*lines, reuse=[layer("ducts", *ducts, within_m=within)])
    # Shapely's circles are polygons, a hair too small: along a grazing line that is a metre or two.
    assert found["in_duct_m"].to_numpy() == pytest.approx(expected, abs=2.5)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(crooked(), min_size=1, max_size=5),
    st.lists(crooked(), max_size=4),
    st.lists(crooked(), max_size=4),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=12),
    st.randoms(),
)
def test_parts_sum_and_more_to_reuse_never_means_more_to_dig(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[LineString],
    ducts: list[LineString],
    poles: list[LineString],
    single: list[tuple[int, int]],
    random: Any,
) -> None:
    ground = hill(tmp_path_factory.getbasetemp(), foot=100, top=200)
    slope: dict[str, Any] = {"terrain": [ground], "steep_slope": 0.3}
    given = [layer("ducts", *ducts), layer("poles", *poles), layer("poles", *map(Point, single))]
    without, found = split(*lines, **slope), split(*lines, **slope, reuse=given)
    for parts in (without, found):
        assert (parts >= 0).all(axis=None)
        assert parts.sum(axis=1).to_numpy() == pytest.approx(shapely.length(lines))
    dug = ["steep_dug_m", "field_dug_m", "verge_dug_m"]
    for fewer in (given[:1], given[1:], given[:2]):
        assert (found[dug] <= split(*lines, **slope, reuse=fewer)[dug] + 1e-6).all(axis=None)
    np.testing.assert_allclose(found["in_duct_m"], split(*lines, **slope, reuse=given[:1])["in_duct_m"], atol=1e-6)
    mixed = [
        ReuseLayer(one.source, one.what, one.frame.sample(frac=1, random_state=random.randrange(99)), one.within_m)
        for one in random.sample(given, 3)
    ]
    np.testing.assert_allclose(split(*lines, **slope, reuse=mixed), found, atol=1e-6)
    order = random.sample(range(len(lines)), len(lines))
    np.testing.assert_allclose(split(*(lines[n] for n in order), **slope, reuse=given), found.iloc[order], atol=1e-6)


# Of routes


def routed(houses: gpd.GeoDataFrame, lines: gpd.GeoDataFrame, start: gpd.GeoDataFrame, **given: Any) -> pd.DataFrame:
    ids = sorted(houses["area_id"].unique())
    drawn = gpd.GeoDataFrame({"area_id": ids}, geometry=[box(0, 0, 1, 1)] * len(ids), crs=CRS)
    attached = attach(build_graph(lines), houses, mask=houses["eligible"].to_numpy() > 0, network=start)
    return route(drawn, houses, attached=attached, **given).set_index("area_id")


def parts_of(row: pd.Series) -> dict[str, float]:
    return {name: float(row[name]) for name in SURFACES if row[name]}


def test_a_route_tells_what_it_runs_through() -> None:
    street = roads([(0, 0), (2000, 0)])
    given = {
        "reuse": [layer("ducts", LineString([(0, 0), (380, 0)])), layer("poles", LineString([(620, 0), (780, 0)]))]
    }
    found = routed(places((1000, 0), (500, 0), area_id=["a", "b"]), street, network(Point(0, 0)), **given)
    assert parts_of(found.loc["a"]) == {"in_duct_m": 400, "on_poles_m": 200, "verge_dug_m": 400}
    assert parts_of(found.loc["b"]) == {"in_duct_m": 400, "verge_dug_m": 100}


def test_ways_to_cells_spurs_and_straight_links_are_dug_in_fields() -> None:
    squares = places((1000, 300), (1000, 550), cell_m=250.0, buildings=2.0, area_id="a")
    found = routed(squares, roads([(0, 0), (2000, 0)]), network(Point(0, 90))).loc["a"]
    assert found["access_m"] == 715
    assert parts_of(found) == {"field_dug_m": 90 + 715, "verge_dug_m": 1000}
    apart = roads([(0, 0), (1000, 0)], [(1000, 100), (1000, 500)])
    island = routed(places((1000, 110), area_id="a"), apart, network(Point(0, 0))).loc["a"]
    assert parts_of(island) == {"field_dug_m": pytest.approx(143), "verge_dug_m": 1000}


def test_a_cable_in_the_sea_is_no_trench_though_a_duct_may_end_there() -> None:
    island = roads([(0, 0), (100, 0)], [(100, 0), (400, 0)], [(400, 0), (450, 0)], ferry=[False, True, False])
    everywhere = layer("ducts", LineString([(-100, 0), (600, 0)]))
    found = routed(places((450, 0), area_id="a"), island, network(Point(0, 0)), reuse=[everywhere]).loc["a"]
    assert found["subsea_m"] == 300
    assert parts_of(found) == {"in_duct_m": 150}


def test_steep_metres_of_a_route_are_those_that_the_terrain_tells(tmp_path: Path) -> None:
    ground = hill(tmp_path, foot=400, top=600)
    lines, start = roads([(0, 0), (1000, 0)]), network(Point(0, 0))
    houses = places((1000, 0), area_id="a", weight=4.0, eligible=0.5)
    found = routed(houses, lines, start, terrain=[ground], steep_slope=0.3)
    told = describe(gpd.GeoDataFrame(found, crs=CRS), terrain=[ground], steep_slope=0.3).loc["a"]
    assert told["build_share"] == 0.5
    assert told["steep_dug_m"] == told["steep_m"] == 100
    assert parts_of(told) == {"steep_dug_m": 100, "verge_dug_m": 400}


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_surfaces_of_routes_sum_to_the_trench_whatever_the_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    town = random_town(seed, side=6, missing=0.3)
    xy = np.round(rng.uniform(-20, 520, (12, 2)), 1)
    area = rng.choice(["a", "b", "c"], 12)
    houses = places(*map(tuple, xy), area_id=area, eligible=rng.choice([0.5, 1.0], 12), weight=2.0)
    houses = houses.assign(cell_m=rng.choice([0.0, 100.0], 12))
    start = network(Point(town.geometry.iloc[0].coords[0]))
    poles = [Point(*one) for one in rng.uniform(0, 500, (60, 2))]
    ducts = list(random_town(seed + 1, side=4).geometry)
    one = routed(houses, town, start, reuse=[layer("ducts", *ducts, within_m=15.0), layer("poles", *poles)])
    np.testing.assert_allclose(one[list(SURFACES)].sum(axis=1), one["trench_m"], atol=0.003)
    assert (one[list(SURFACES)] >= 0).all(axis=None)
    mixed: dict[str, Any] = {"random_state": seed % 91, "frac": 1}
    shuffled = [layer("poles", *poles[::-1]), layer("ducts", *ducts[::-1], within_m=15.0)]
    two = routed(houses.sample(**mixed), town.sample(**mixed), start, reuse=shuffled)
    np.testing.assert_allclose(one[list(SURFACES)], two[list(SURFACES)], atol=0.0011)
