"""Classes, use indoors and single operators; sampling and thresholds are in test_overlay.py."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import xy as xy_of
from shapely.geometry import box

from coverage.errors import DataError
from coverage.inputs import MobileLayer
from coverage.mobile import LevelTable, classify, name_classes, operator_levels, sample
from coverage.overlay import overlay
from coverage.policy import Policy, load_policy
from coverage.schemas import MOBILE_LEVELS, SERVICE, check
from tests import drawn
from tests.test_overlay import cells, write_raster

NORWAY = load_policy("no-2024")
CLASSES = {0: "none", 1: "basic", 2: "good", 3: "very_good"}


def seen(columns: int, *layers: MobileLayer, policy: Policy = NORWAY) -> gpd.GeoDataFrame:
    places = drawn.places(cells(*range(columns)))
    out, _ = overlay(places, offers=(), mobile=layers, shares=None, policy=policy, as_of=dt.date(2022, 6, 30))
    return check(out, SERVICE, where="service")


def raster(path: Path, *values: int, **options: Any) -> Path:
    return write_raster(path, np.array([values], dtype="int16"), **options)


def agree(path: Path, *, points: int) -> int:
    """Hold sampled values against rasterio's at points all over a raster and on its cells' corners; count the known."""
    rng = np.random.default_rng(12)
    with rasterio.open(path) as file:
        west, south, east, north = file.bounds
        xy = np.column_stack([rng.uniform(west, east, points), rng.uniform(south, north, points)])
        columns, rows = rng.integers(0, file.width + 1, points), rng.integers(0, file.height + 1, points)
        xy = np.concatenate([xy, np.column_stack(xy_of(file.transform, rows, columns, offset="ul"))])
        expected = [float(value.astype(float).filled(np.nan)[0]) for value in file.sample(xy, masked=True)]
        places = gpd.GeoDataFrame(geometry=shapely.points(xy), crs=file.crs)
    found = sample(places, MobileLayer("r", "A", "4g", raster=path))
    np.testing.assert_array_equal(found, expected)
    return int(np.isfinite(found).sum())


@pytest.mark.parametrize("name", ["nordlurmobil_4g", "trollsignal_5g"])
def test_values_of_the_sample_are_those_of_rasterio(name: str) -> None:
    assert agree(Path(__file__).parent.parent / f"data/trondelag/mobile_{name}.tif", points=1000) > 300


@pytest.mark.parametrize("name", ["ASTER_Finse.tif", "neanidelv_dtm_1km_25832.tif"])
def test_values_of_real_rasters_are_those_of_rasterio(data_root: Path, name: str) -> None:
    assert agree(data_root / "norway/terrain" / name, points=1000) > 300


def test_a_raster_of_classes_names_its_levels(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif", 0, 1, 2, 3, -999)
    layer = MobileLayer("a", "A", "4g", raster=path, classes=CLASSES)
    assert seen(6, layer)["mobile_level"].tolist() == ["none", "basic", "good", "very_good", "none", "none"]
    places = drawn.places(cells(0, 3))
    _, table = overlay(places, offers=(), mobile=[layer], shares=None, policy=NORWAY, as_of=dt.date(2022, 6, 30))
    assert table["level"].tolist() == ["very_good"]
    assert table["signal_dbm"].isna().all(), "a class is no signal"


def test_a_class_without_a_name_is_an_error(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif", 0, 7, 2)
    with pytest.raises(DataError, match="a: the raster holds the class 7; expected one of 0, 1, 2, 3"):
        seen(3, MobileLayer("a", "A", "4g", raster=path, classes=CLASSES))
    with pytest.raises(DataError, match="class 1 is said to be 'fair'"):
        name_classes(np.array([1.0]), MobileLayer("a", "A", "4g", classes={1: "fair"}))


def test_indoors_a_signal_loses_what_the_walls_take(tmp_path: Path) -> None:
    #                                        -97 dBm less 13 dB is -110: basic
    path = raster(tmp_path / "a.tif", -110, -98, -97, -87, -77, -999)
    out = seen(6, MobileLayer("a", "A", "4g", raster=path))
    assert out["mobile_level"].tolist() == ["basic", "good", "good", "very_good", "very_good", "none"]
    assert out["mobile_level_indoor"].tolist() == ["none", "none", "basic", "good", "very_good", "none"]


def test_indoors_a_level_is_read_as_it_stands_and_nothing_is_taken_from_it(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif", 1, 2, 3)
    out = seen(3, MobileLayer("a", "A", "4g", raster=path, classes=CLASSES))
    assert out["mobile_level_indoor"].tolist() == ["none", "none", "basic"]
    polygons = gpd.GeoDataFrame({"level": ["very_good", "good"]}, geometry=[box(0, 0, 9, 9), box(10, 0, 19, 9)],
                                crs=drawn.CRS)  # fmt: skip
    shaped = MobileLayer("b", "A", "5g", polygons=polygons)
    assert seen(3, shaped)["mobile_level_indoor"].tolist() == ["basic", "none", "none"]


def test_without_a_rule_nothing_is_said_about_indoors(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif", -60)
    silent = replace(NORWAY, mobile=replace(NORWAY.mobile, indoor_loss_db=0.0, indoor_level=""))
    assert seen(1, MobileLayer("a", "A", "4g", raster=path), policy=silent)["mobile_level_indoor"].isna().all()
    by_level = replace(NORWAY, mobile=replace(NORWAY.mobile, indoor_loss_db=0.0))
    out = seen(2, MobileLayer("a", "A", "4g", raster=raster(tmp_path / "b.tif", -60, -95)), policy=by_level)
    assert out["mobile_level_indoor"].tolist() == ["basic", "none"], "by level alone"
    by_loss = replace(NORWAY, mobile=replace(NORWAY.mobile, indoor_level=""))
    classes = MobileLayer("c", "A", "4g", raster=raster(tmp_path / "c.tif", 3), classes=CLASSES)
    assert seen(1, classes, policy=by_loss)["mobile_level_indoor"].isna().all(), "levels cannot tell then"
    assert seen(1)["mobile_level_indoor"].isna().all()


def test_a_single_operator_is_flagged_at_the_level_of_the_policy(tmp_path: Path) -> None:
    first = MobileLayer("a", "A", "4g", raster=raster(tmp_path / "a.tif", -95, -95, -105, -999))
    again = MobileLayer("a5", "A", "5g", raster=raster(tmp_path / "a5.tif", -95, -999, -95, -999))
    second = MobileLayer("b", "B", "4g", raster=raster(tmp_path / "b.tif", -95, -105, -999, -999))
    out = seen(4, first, again, second)
    assert out["mobile_operators"].tolist() == [2, 1, 1, 0]
    assert out["mobile_single_operator"].tolist() == [False, True, True, False]
    assert not seen(4)["mobile_single_operator"].any(), "no data is not one operator"


def test_of_an_operator_the_best_of_the_technologies_that_count_is_told() -> None:
    series = (("Vidde", "4g"), ("Fjell", "4g"), ("Fjell", "5g"))
    level = np.array([[0, 1, 2], [3, 2, 1]], dtype=np.int8)
    table = LevelTable(series, level, np.full(level.shape, np.nan), np.full_like(level, -1))
    found = operator_levels(table, policy=NORWAY)
    assert {name: levels.tolist() for name, levels in found.items()} == {"Fjell": [2, 2], "Vidde": [0, 3]}
    assert list(found) == ["Fjell", "Vidde"]
    only = replace(NORWAY, mobile=replace(NORWAY.mobile, technologies=("5g",)))
    assert {name: levels.tolist() for name, levels in operator_levels(table, policy=only).items()} == {"Fjell": [2, 1]}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-140, -40), min_size=1, max_size=20), st.floats(0.1, 40))
def test_walls_never_improve_a_level(dbm: list[float], loss: float) -> None:
    outdoors, indoors = (classify(np.array(dbm) - less, policy=NORWAY) for less in (0.0, loss))
    assert (indoors <= outdoors).all()
    assert set(outdoors.tolist()) <= set(range(len(MOBILE_LEVELS)))
