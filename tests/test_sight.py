"""Who sees whom over drawn ridges whose answer is visible; and over real terrain, against a slow second way."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from coverage import sight
from coverage.errors import DataError
from coverage.heights import heights_at
from coverage.inputs import TerrainLayer
from coverage.radio import Radio, load_radio
from coverage.sight import Sight, in_sight
from coverage.sources.area import StudyArea
from tests.hills import CRS, VOID, andorra, flat, model

BOOK = load_radio()
WEST, EAST = (1000.0, 1000.0), (9000.0, 1000.0)  # 8 km apart


def look(terrain: list[TerrainLayer], a: Any, a_up: Any, b: Any, b_up: Any, **how: Any) -> Sight:
    a_xy, b_xy = (np.array(xy, dtype=float).reshape(-1, 2) for xy in (a, b))
    return in_sight(a_xy, a_up, b_xy, b_up, terrain=terrain, **{"crs": CRS, "radio": BOOK} | how)


def sees(terrain: list[TerrainLayer], a: Any, a_up: Any, b: Any, b_up: Any, **how: Any) -> bool:
    found = look(terrain, a, a_up, b, b_up, **how)
    assert found.known.tolist() == [True]
    return bool(found.clear[0])


def book(**values: float) -> Radio:
    return Radio(tuple(replace(row, value=values.get(row.item, row.value)) for row in BOOK.items))


FLAT_EARTH = book(earth_radius_factor=1e6)


def plain(folder: Path, *, wall: float = 0.0, at: int = 50) -> TerrainLayer:
    """Return 10 km x 2 km, flat but for one wall of cells from south to north."""
    ground = flat(100, 20)
    ground[:, at] = wall
    return model(folder / f"wall-{wall:g}-{at}.tif", ground)


def test_over_a_plain_all_see_each_other(tmp_path: Path) -> None:
    assert sees([plain(tmp_path)], WEST, 30, EAST, 1.5)
    assert sees([plain(tmp_path)], WEST, 30, WEST, 1.5)


def test_a_wall_between_hides_what_is_behind_it(tmp_path: Path) -> None:
    # Half-way the line from 30 m to 2 m is at 16 m.
    assert not sees([plain(tmp_path, wall=17)], WEST, 30, EAST, 2, radio=FLAT_EARTH)
    assert sees([plain(tmp_path, wall=15)], WEST, 30, EAST, 2, radio=FLAT_EARTH)
    assert not sees([plain(tmp_path, wall=15)], WEST, 30, EAST, 2)  # with the bulge of the Earth, 0.94 m there
    assert sees([plain(tmp_path, wall=17)], WEST, 30, (4800, 1000), 2, radio=FLAT_EARTH)  # before the wall
    assert sees([plain(tmp_path, wall=500, at=95)], WEST, 30, EAST, 2)  # behind both


def test_a_ridge_hides_a_valley_and_not_the_hill_behind_it(tmp_path: Path) -> None:
    # A ridge of 100 m in the middle; behind it a valley, then a slope up to 200 m.
    ground = flat(100, 20)
    ground[:, 48:53] = [50, 80, 100, 80, 50]
    ground[:, 70:] = np.linspace(0, 200, 30)
    layer = model(tmp_path / "valley.tif", ground)
    mast = (1000.0, 1000.0)
    behind = [(4000.0, 1000.0), (6000.0, 1000.0), (7000.0, 1000.0), (9900.0, 1000.0)]
    found = look([layer], [mast] * 4, 30, behind, 1.5)
    assert found.known.all()
    assert found.clear.tolist() == [True, False, False, True]
    # From the ridge itself everything is seen.
    assert look([layer], [(5050.0, 1000.0)] * 4, 30, behind, 1.5).clear.all()


def test_the_bulge_of_the_earth_hides_what_is_far(tmp_path: Path) -> None:
    # Horizon of 30 m on 8,500 km: 22.6 km; of 1.5 m: 5.0 km.
    layer = model(tmp_path / "sea.tif", flat(200, 5), cell=200)
    assert sees([layer], (1000, 500), 30, (28_000, 500), 1.5)
    assert not sees([layer], (1000, 500), 30, (29_400, 500), 1.5)
    assert sees([layer], (1000, 500), 30, (29_400, 500), 1.5, radio=FLAT_EARTH)


def test_the_fresnel_zone_needs_room(tmp_path: Path) -> None:
    # 3.6 GHz, 8 km: 0.6 of the first zone is 7.7 m half-way; the line from 30 m to 5 m is at 17.5 m, the bulge 0.9 m.
    radius = 0.6 * math.sqrt(299_792_458 / 3.6e9 * 4000 * 4000 / 8000)
    assert radius == pytest.approx(7.74, abs=0.01)
    tight, loose = plain(tmp_path, wall=9), plain(tmp_path, wall=8)
    assert not sees([tight], WEST, 30, EAST, 5, band="fwa")
    assert sees([loose], WEST, 30, EAST, 5, band="fwa")
    assert sees([tight], WEST, 30, EAST, 5, band="mobile")  # the straight line alone
    assert not sees([tight], WEST, 30, EAST, 5, band="mobile", radio=book(mobile_fresnel_share=0.6))


def test_what_is_not_known_is_neither_clear_nor_hidden(tmp_path: Path) -> None:
    ground = flat(100, 20)
    ground[:, 40] = VOID
    hole = model(tmp_path / "hole.tif", ground)
    found = look([hole], [WEST] * 3, 30, [EAST, (3000, 1000), (20_000, 1000)], 1.5)
    assert found.clear.tolist() == [False, True, False]
    assert found.known.tolist() == [False, True, False]
    ground[:, 70] = 300
    walled = model(tmp_path / "walled.tif", ground)
    found = look([walled], WEST, 30, EAST, 1.5)  # whatever is in the hole, the wall is there
    assert (found.clear[0], found.known[0]) == (False, True)
    found = look([], WEST, 30, EAST, 1.5)
    assert (found.clear[0], found.known[0]) == (False, False)


def test_a_second_model_fills_the_hole_of_the_first(tmp_path: Path) -> None:
    ground = flat(100, 20)
    ground[:, 40] = VOID
    hole, whole = model(tmp_path / "hole.tif", ground), plain(tmp_path)
    assert sees([hole, whole], WEST, 30, EAST, 1.5)
    assert not sees([hole, plain(tmp_path, wall=40, at=40)], WEST, 30, EAST, 1.5)
    assert sees([hole, plain(tmp_path, wall=40, at=60)], WEST, 30, EAST, 1.5)  # where the first knows, it counts
    tiles = [model(tmp_path / "w.tif", flat(50, 20)), model(tmp_path / "e.tif", flat(50, 20), west=5000)]
    assert sees(tiles, WEST, 30, EAST, 1.5)


def test_no_pairs_and_wrong_pairs(tmp_path: Path) -> None:
    assert look([plain(tmp_path)], [], 30, [], 1.5).clear.tolist() == []
    with pytest.raises(DataError, match="2 points on one end and 1 on the other; expected pairs"):
        look([plain(tmp_path)], [WEST, EAST], 30, [EAST], 1.5)
    beyond = look([plain(tmp_path)], [WEST, (np.inf, 0)], 30, [(np.nan, 0), EAST], 1.5)
    assert not beyond.known.any()


# What must always hold


def rough(folder: Path, seed: int) -> tuple[np.random.Generator, TerrainLayer]:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 120, (6, 6))
    ground = np.kron(coarse, np.ones((5, 5))) + rng.integers(0, 30, (30, 30))
    ground[rng.random((30, 30)) < rng.choice([0, 0.01])] = VOID
    return rng, model(folder / f"rough-{seed}.tif", ground)


SEEDS = st.integers(0, 1_000_000)


@settings(max_examples=40)
@given(SEEDS, st.sampled_from(["mobile", "fwa"]))
def test_sight_is_mutual_and_the_order_of_pairs_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, seed: int, band: str
) -> None:
    rng, layer = rough(tmp_path_factory.mktemp("r"), seed)
    a, b = rng.uniform(-200, 3200, (2, 60, 2))
    a_up, b_up = rng.uniform(1, 60, (2, 60))
    there, back = look([layer], a, a_up, b, b_up, band=band), look([layer], b, b_up, a, a_up, band=band)
    np.testing.assert_array_equal(there.clear, back.clear)
    np.testing.assert_array_equal(there.known, back.known)
    assert (there.known | ~there.clear).all()
    order = rng.permutation(60)[:41]
    some = look([layer], a[order], a_up[order], b[order], b_up[order], band=band)
    np.testing.assert_array_equal(some.clear, there.clear[order])
    np.testing.assert_array_equal(some.known, there.known[order])


@settings(max_examples=40)
@given(SEEDS, st.floats(0, 100))
def test_a_longer_mast_never_loses_sight(tmp_path_factory: pytest.TempPathFactory, seed: int, more: float) -> None:
    rng, layer = rough(tmp_path_factory.mktemp("r"), seed)
    a, b = rng.uniform(0, 3000, (2, 60, 2))
    up = rng.uniform(1, 60, 60)
    short, long = look([layer], a, up, b, 1.5), look([layer], a, up + more, b, 1.5)
    assert (long.clear | ~short.clear).all()
    assert (short.known & ~short.clear | ~(long.known & ~long.clear)).all()  # nor is what it sees hidden


@settings(max_examples=20)
@given(SEEDS)
def test_higher_ground_between_never_opens_sight(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    folder = tmp_path_factory.mktemp("r")
    rng = np.random.default_rng(seed)
    ground = rng.integers(0, 60, (30, 30)).astype(float)
    raised = ground.copy()
    raised[:, 12:18] += rng.integers(0, 40, (30, 6))  # away from both ends
    one, two = model(folder / "one.tif", ground), model(folder / "two.tif", raised)
    a = np.column_stack([rng.uniform(0, 1000, 40), rng.uniform(0, 3000, 40)])
    b = np.column_stack([rng.uniform(2000, 3000, 40), rng.uniform(0, 3000, 40)])
    assert (look([one], a, 30, b, 5).clear | ~look([two], a, 30, b, 5).clear).all()


def slowly(
    terrain: list[TerrainLayer], a: np.ndarray, a_up: float, b: np.ndarray, b_up: float, *, crs: str, step: float,
    share: float, mhz: float,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return the clearance of each pair, in metres, point by point along each line; NaN where a height is missing."""
    share_of = [np.linspace(0, 1, int(math.dist(*ends) / step) + 2) for ends in zip(a, b, strict=True)]
    points = np.vstack([one + (two - one) * t[:, None] for one, two, t in zip(a, b, share_of, strict=True)])
    heights = np.split(heights_at(points, terrain, crs)[0], np.cumsum([len(t) for t in share_of])[:-1])
    least = np.full(len(a), np.nan)
    for number, (one, two, t, height) in enumerate(zip(a, b, share_of, heights, strict=True)):
        length = math.dist(one, two)
        line = (height[0] + a_up) * (1 - t) + (height[-1] + b_up) * t
        bulge = (length * t) * (length * (1 - t)) / (2 * 8_492_543)
        zone = share * np.sqrt(299.792458 / mhz * length * t * (1 - t))
        least[number] = (line - height - bulge - zone)[1:-1].min()  # NaN where a height is missing
    return least, ~np.isnan(least)


def compare(
    terrain: list[TerrainLayer], a: np.ndarray, b: np.ndarray, *, crs: str, step: float, doubt_m: float
) -> None:
    """Hold the fast way against the slow one, but for pairs that miss by so little that the steps decide."""
    least, known = slowly(terrain, a, 40, b, 25, crs=crs, step=step, share=0.6, mhz=3600)
    found = look(terrain, a, 40, b, 25, crs=crs, band="fwa")
    assert found.known[known].all()
    sure = known & (np.abs(least) > doubt_m)
    np.testing.assert_array_equal(found.clear[sure], least[sure] > 0)
    assert sure.mean() > 0.5
    assert 0.03 < found.clear[sure].mean() < 0.97  # both answers are there


def pairs(bounds: tuple[float, float, float, float], count: int, *, reach: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    a = rng.uniform(bounds[:2], bounds[2:], (count, 2))
    angle, away = rng.uniform(0, 2 * np.pi, count), rng.uniform(200, reach, count)
    return a, a + np.column_stack([np.cos(angle), np.sin(angle)]) * away[:, None]


def test_pieces_blocks_and_regions_do_not_change_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [rough(tmp_path, 5)[1], model(tmp_path / "under.tif", flat(40, 40, height=20), west=-500, south=-500)]
    a, b = pairs((0, 0, 3000, 3000), 400, reach=3000)
    whole = look(layers, a, 20, b, 1.5)
    for name, value in (("REGION_CELLS", 3), ("MAX_SAMPLES", 50), ("MAX_CELLS", 30)):
        monkeypatch.setattr(sight, name, value)
        again = look(layers, a, 20, b, 1.5)
        np.testing.assert_array_equal(again.clear, whole.clear)
        np.testing.assert_array_equal(again.known, whole.known)


# Real terrain


@pytest.mark.parametrize(
    ("name", "crs", "bounds", "doubt_m"),
    [
        ("ASTER_Finse.tif", "EPSG:32632", (412_000, 6_712_000, 428_000, 6_726_000), 3.0),
        ("ASTER_Finse.tif", "EPSG:25833", (84_000, 6_740_000, 98_000, 6_752_000), 3.0),
        ("neanidelv_dtm_1km_25832.tif", "EPSG:25833", (260_000, 6_990_000, 340_000, 7_030_000), 12.0),
    ],
)
def test_the_fast_way_says_what_the_slow_way_says_in_norway(
    data_root: Path, name: str, crs: str, bounds: tuple[float, float, float, float], doubt_m: float
) -> None:
    a, b = pairs(bounds, 400, reach=9000)
    compare([TerrainLayer("dem", data_root / "norway" / "terrain" / name)], a, b, crs=crs, step=10, doubt_m=doubt_m)


def test_the_fast_way_says_what_the_slow_way_says_in_andorra(data_root: Path) -> None:
    utm = "EPSG:25831"
    square = gpd.GeoDataFrame(
        {"municipality_code": ["AD"], "name": ["Andorra"]}, geometry=[box(1.3, 41.9, 1.9, 42.8)], crs="EPSG:4326"
    )
    layers = andorra(data_root, StudyArea(utm, square.to_crs(utm)))
    a, b = pairs((370_000, 4_700_000, 400_000, 4_720_000), 400, reach=9000)
    compare(layers, a, b, crs=utm, step=10, doubt_m=8.0)  # half a step of 50 m on a slope of 1 in 3
    # From the top of Coma Pedrosa, 2,942 m, much is seen; from the floor of the valley at la Massana little.
    top, floor = (
        gpd.GeoSeries([Point(*place)], crs="EPSG:4326").to_crs(utm).get_coordinates().to_numpy()
        for place in ((1.4444, 42.5919), (1.5147, 42.5450))
    )
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    share = [
        look(layers, np.repeat(at, 72, axis=0), 30, at + 4000 * ring, 5, crs=utm).clear.mean() for at in (top, floor)
    ]
    assert share[0] > 2 * share[1]
