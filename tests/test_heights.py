"""Heights at points, on drawn cells whose answers are visible, and where real models hold known ground."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio import Affine
from shapely.geometry import Point, box

from coverage import heights
from coverage.errors import CrsError, DataError
from coverage.heights import between, heights_at, open_elevation
from coverage.inputs import TerrainLayer
from coverage.sources.area import StudyArea
from tests.hills import CRS, VOID, andorra, flat, model

FOUR = [[10, 20], [30, 40]]  # middles at (50, 150), (150, 150), (50, 50), (150, 50)


def at(layers: list[TerrainLayer], *points: tuple[float, float], crs: str = CRS) -> list[float]:
    return heights_at(np.array(points, dtype=float).reshape(-1, 2), layers, crs)[0].tolist()


def test_a_height_is_read_between_four_cells(tmp_path: Path) -> None:
    layer = model(tmp_path / "four.tif", FOUR)
    assert at([layer], (50, 150), (150, 150), (50, 50), (150, 50)) == [10, 20, 30, 40]
    assert at([layer], (100, 150), (100, 100), (75, 50)) == [15, 25, 32.5]


def test_the_outermost_half_cell_holds_the_nearest_height_and_beyond_is_none(tmp_path: Path) -> None:
    layer = model(tmp_path / "four.tif", FOUR)
    assert at([layer], (0, 200), (200, 0), (0, 100)) == [10, 40, 20]
    assert np.isnan(at([layer], (-0.01, 100), (200.01, 100), (100, 200.01), (np.inf, 0), (np.nan, 0))).all()


def test_tiles_side_by_side_leave_no_gap(tmp_path: Path) -> None:
    west, east = model(tmp_path / "w.tif", flat(2, 2, height=7)), model(tmp_path / "e.tif", flat(2, 2), west=200)
    height, by = heights_at(np.array([[190.0, 50], [200, 50], [210, 50], [410, 50]]), [west, east], CRS)
    assert height[:3].tolist() == [7, 7, 0]
    assert by.tolist() == [0, 0, 1, -1]


def test_beside_a_void_only_the_line_between_known_cells_is_known(tmp_path: Path) -> None:
    layer = model(tmp_path / "hole.tif", [[10, VOID, 30], [10, 20, 30]])
    assert at([layer], (50, 150), (50, 100), (100, 50), (250, 100)) == [10, 10, 15, 30]
    assert np.isnan(at([layer], (51, 150), (150, 51), (150, 150))).all()


def test_of_several_models_the_first_with_a_height_counts(tmp_path: Path) -> None:
    hole = model(tmp_path / "hole.tif", [[VOID, 5], [5, 5]])
    whole = model(tmp_path / "whole.tif", FOUR)
    height, by = heights_at(np.array([[50.0, 150], [150, 150]]), [hole, whole], CRS)
    assert height.tolist() == [10, 5]
    assert by.tolist() == [1, 0]


def test_one_cell_one_row_and_no_point_are_no_trouble(tmp_path: Path) -> None:
    one, row = model(tmp_path / "one.tif", [[8]]), model(tmp_path / "row.tif", [[0, 10]], west=1000)
    assert at([one], (50, 50), (0, 0), (100, 100)) == [8, 8, 8]
    assert at([row], (1100, 20)) == [5]
    assert at([one]) == []
    assert np.isnan(at([], (0, 0))).all()


def test_scale_and_offset_of_a_model_are_applied(tmp_path: Path) -> None:
    layer = model(tmp_path / "dm.tif", np.array(FOUR) * 10, dtype="int16", scale=0.1, offset=100)
    assert at([layer], (50, 150), (150, 50)) == pytest.approx([110, 140])


def test_a_model_in_degrees_is_asked_in_its_own_system(tmp_path: Path) -> None:
    heights = np.tile(np.arange(60) * 10.0, (60, 1))
    layer = model(tmp_path / "deg.tif", heights, cell=0.01, west=12.0, south=63.0, crs="EPSG:4326")
    point = gpd.GeoSeries([Point(12.305, 63.3)], crs="EPSG:4326").to_crs(CRS).iloc[0]
    assert at([layer], (point.x, point.y)) == pytest.approx([300], abs=0.01)
    cell = open_elevation(layer).cell_m
    assert cell == pytest.approx(0.01 * 111_320 * np.cos(np.radians(63.3)), rel=1e-3)


def test_strips_give_what_the_whole_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    layer = model(tmp_path / "r.tif", rng.integers(0, 900, (50, 40)))
    xy = rng.uniform(-100, 5100, (500, 2))
    whole = heights_at(xy, [layer], CRS)[0]
    monkeypatch.setattr(heights, "MAX_CELLS", 100)
    np.testing.assert_array_equal(heights_at(xy, [layer], CRS)[0], whole)


@settings(max_examples=30)
@given(st.integers(0, 100_000))
def test_a_height_lies_between_its_cells_whatever_block_it_is_read_from(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    layer = model(tmp_path_factory.mktemp("r") / "r.tif", rng.integers(-50, 900, (9, 12)))
    elevation = open_elevation(layer)
    column, row = rng.uniform(0, 11, 40), rng.uniform(0, 8, 40)
    whole = elevation.read(0, 0, 11, 8)
    found = between(whole, column, row)
    left, top = column.astype(int), row.astype(int)
    around = np.stack([whole.cells[top + i, left + j] for i in (0, 1) for j in (0, 1)])
    assert (found >= around.min(axis=0) - 1e-9).all()
    assert (found <= around.max(axis=0) + 1e-9).all()
    for number in range(40):
        part = elevation.read(left[number], top[number], min(left[number] + 1, 11), min(top[number] + 1, 8))
        assert between(part, column[number : number + 1], row[number : number + 1])[0] == found[number]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "no.tif").write_text("no raster")
    with pytest.raises(DataError, match=r"no: the raster .*no\.tif cannot be read"):
        at([TerrainLayer("no", tmp_path / "no.tif")], (0, 0))
    path = tmp_path / "nowhere.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=2, height=2, count=1, dtype="int16", transform=Affine(1, 0, 0, 0, -1, 2)
    ) as raster:
        raster.write(np.zeros((2, 2), dtype="int16"), 1)
    with pytest.raises(CrsError, match=r"nowhere: the raster .* is not a known coordinate system"):
        at([TerrainLayer("nowhere", path)], (0, 0))


# Real models


def test_real_models_hold_known_ground(data_root: Path) -> None:
    folder = data_root / "norway" / "terrain"
    finse = TerrainLayer("aster", folder / "ASTER_Finse.tif")
    nea = TerrainLayer("nea", folder / "neanidelv_dtm_1km_25832.tif")
    # Finse station stands at 1,222 m; Sylene rises to 1,762 m, in a model of 1 km cells to about 1,600 m.
    points = gpd.GeoSeries([Point(7.5044, 60.6017), Point(12.187, 63.020)], crs="EPSG:4326").to_crs(CRS)
    xy = np.column_stack([points.x, points.y])
    height, by = heights_at(xy, [finse, nea], CRS)
    assert by.tolist() == [0, 1]
    assert 1180 < height[0] < 1300
    assert 1100 < height[1] < 1700
    assert open_elevation(finse).cell_m == pytest.approx(100)


def test_two_tiles_of_srtm_join_in_andorra(data_root: Path) -> None:
    square = gpd.GeoDataFrame(
        {"municipality_code": ["AD"], "name": ["Andorra"]}, geometry=[box(1.3, 41.9, 1.9, 42.8)], crs="EPSG:4326"
    )
    layers = andorra(data_root, StudyArea("EPSG:25831", square.to_crs("EPSG:25831")))
    # The border of the tiles, latitude 42: both hold its row of cells.
    border = np.column_stack([np.full(21, 1.5), np.linspace(41.99, 42.01, 21)])
    height, by = heights_at(border, layers, "EPSG:4326")
    assert not np.isnan(height).any()
    assert set(by.tolist()) == {0, 1}
    assert np.abs(np.diff(height)).max() < 150  # no step of a wall between them
    assert open_elevation(layers[0]).cell_m == pytest.approx(69, abs=1)  # three arc seconds of longitude
