"""Nothing is guessed about a coordinate system."""

from __future__ import annotations

import geopandas as gpd
import pytest
from shapely.geometry import Point

from coverage.crs import parse_crs, parse_metric_crs, require_metric, to_crs
from coverage.errors import CrsError


def test_a_known_name_is_read() -> None:
    assert parse_crs("EPSG:25833", where="x").to_epsg() == 25833


@pytest.mark.parametrize("text", ["EPSG:999999", "utm somewhere", None, ""])
def test_an_unknown_name_is_refused(text: object) -> None:
    with pytest.raises(CrsError, match=r"study\.toml: .* is not a known coordinate system"):
        parse_crs(text, where="study.toml")


@pytest.mark.parametrize("text", ["EPSG:4326", "EPSG:2263"])  # degrees; feet
def test_metric_work_needs_metres(text: str) -> None:
    with pytest.raises(CrsError, match="not a projected coordinate system in metres"):
        parse_metric_crs(text, where="study.toml")


def test_a_layer_without_crs_is_an_error_not_a_guess() -> None:
    bare = gpd.GeoDataFrame(geometry=[Point(10, 63)])
    with pytest.raises(CrsError, match=r"a\.gpkg: the layer states no coordinate system"):
        to_crs(bare, "EPSG:25833", where="a.gpkg")
    with pytest.raises(CrsError, match="no coordinate system"):
        require_metric(bare, where="a.gpkg")


def test_trondheim_lands_where_it_should() -> None:
    degrees = gpd.GeoDataFrame(geometry=[Point(10.3951, 63.4305)], crs="EPSG:4326")
    metres = to_crs(degrees, "EPSG:25833", where="x")
    assert metres.geometry[0].distance(Point(270_000, 7_042_000)) < 2_000
    assert require_metric(metres, where="x") is metres
    assert to_crs(metres, "EPSG:25833", where="x") is metres
