"""Ookla's tiles as an area and as places, where a study has nothing else; both say that they are no such thing."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from shapely.geometry import box

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.ookla import read_tile_area, read_tile_places

TILES = ["0223000300323212", "0223000302101222"]


def tiles(folder: Path, keys: list[str], **columns: list[int]) -> SourceSpec:
    # The reader goes by the keys: outlines in the file are as Ookla draws them, here a stand-in.
    frame = gpd.GeoDataFrame({"quadkey": keys, **columns}, geometry=[box(0, 0, 1, 1)] * len(keys), crs="EPSG:4326")
    frame.to_file(folder / "tiles.geojson")
    options = {"area_code": "island", "area_name": "An island"}
    return SourceSpec(id="t", role="premises", kind="vector", path=folder / "tiles.geojson", options=options)


def test_the_area_holds_every_tile(tmp_path: Path) -> None:
    raw = read_tile_area(tiles(tmp_path, TILES))
    (area,) = gpd.GeoDataFrame(raw.frame).itertuples(index=False)
    assert (area.code, area.name) == ("island", "An island")
    assert area.geometry.contains(shapely.Point(-155.860, 20.316))
    assert area.geometry.contains(shapely.Point(-155.871, 20.265))
    assert raw.notes[-1] == "the area is the convex hull of 2 tiles, no published boundary"


def test_places_stand_at_the_middles_and_are_told_to_be_modelled(tmp_path: Path) -> None:
    raw = read_tile_places(tiles(tmp_path, TILES, devices=[1, 4]))
    frame = gpd.GeoDataFrame(raw.frame)
    assert frame["devices"].tolist() == [1, 4]
    assert frame.geometry.x.tolist() == pytest.approx([-155.860290527, -155.871276855])
    assert frame.geometry.y.tolist() == pytest.approx([20.316296388, 20.264773606], abs=1e-6)
    assert raw.notes[-1].startswith("places modelled: 2 tiles")


def test_what_is_no_tile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 2: 'island' is no quadkey"):
        read_tile_area(tiles(tmp_path, [TILES[0], "island"]))
    with pytest.raises(DataError, match="no column 'devices'"):
        read_tile_places(tiles(tmp_path, TILES))
    spec = tiles(tmp_path, TILES)
    bare = SourceSpec(id="t", role="municipalities", kind="vector", path=spec.path)
    with pytest.raises(DataError, match="option area_code is missing"):
        read_tile_area(bare)
    gpd.GeoDataFrame({"name": ["a"]}, geometry=[box(0, 0, 1, 1)], crs="EPSG:4326").to_file(spec.path)
    with pytest.raises(DataError, match="no column 'quadkey'"):
        read_tile_area(spec)
