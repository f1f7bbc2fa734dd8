"""The ground under a route, on drawn hills whose answers are visible; and Andorra by SRTM."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio import Affine
from shapely.geometry import LineString, MultiLineString, Point

from coverage.errors import DataError
from coverage.inputs import SourceSpec, TerrainLayer
from coverage.pipeline import assess
from coverage.policy import load_policy
from coverage.preparation import prepare
from coverage.sources.area import StudyArea
from coverage.sources.layers import read_terrain
from coverage.study import Study
from coverage.terrain import describe
from tests.studymaker import CRS, SIDE, X0, Y0, tiny_study

CELL = 100.0
VOID = -32768


def model(path: Path, heights: np.ndarray, *, cell: float = CELL, west: float = 0.0, crs: str = CRS) -> TerrainLayer:
    """Write heights, the first row in the north, as a raster with its lower-left corner at (west, 0)."""
    rows, columns = heights.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=1, dtype="int16", crs=crs, nodata=VOID,
        transform=Affine(cell, 0, west, 0, -cell, rows * cell),
    ) as raster:  # fmt: skip
        raster.write(heights.astype(np.int16), 1)
    return TerrainLayer(path.stem, path)


def routes(*shapes: Any, share: float = 1.0) -> gpd.GeoDataFrame:
    lines = [shape if isinstance(shape, MultiLineString) else MultiLineString([shape]) for shape in shapes]
    frame = {"area_id": [f"a{n}" for n in range(len(lines))], "build_share": [share] * len(lines)}
    return gpd.GeoDataFrame(frame, geometry=lines, crs=CRS)


def slope_to_the_east(metres: float, *, size: int = 20) -> np.ndarray:
    """Return heights that rise by so many metres per cell; in the middle of the first column it is 0."""
    return np.tile(np.arange(size) * metres, (size, 1))


EAST = LineString([(550, 1000), (1550, 1000)])
NORTH = LineString([(1000, 550), (1000, 1550)])


def test_a_road_up_an_even_slope_climbs_what_it_climbs(tmp_path: Path) -> None:
    layer = model(tmp_path / "hill.tif", slope_to_the_east(20))  # 20 m in 100 m: 0.2
    found = describe(routes(EAST, NORTH), terrain=[layer], steep_slope=0.15)
    assert found["climb_m"].tolist() == pytest.approx([200, 0], abs=0.01)
    assert found["steep_m"].tolist() == pytest.approx([1000, 0], abs=0.01)
    assert found["terrain_m"].tolist() == pytest.approx([1000, 1000])
    assert found["terrain_basis"].tolist() == ["hill", "hill"]
    assert describe(routes(EAST), terrain=[layer], steep_slope=0.25)["steep_m"].item() == 0


def test_up_and_down_count_alike(tmp_path: Path) -> None:
    roof = np.minimum(slope_to_the_east(10), slope_to_the_east(10)[:, ::-1])  # a ridge of 90 m in the middle
    layer = model(tmp_path / "roof.tif", roof)
    found = describe(routes(LineString([(50, 1000), (1950, 1000)])), terrain=[layer], steep_slope=0.05)
    assert found["climb_m"].item() == pytest.approx(180, abs=0.01)
    assert found["steep_m"].item() == pytest.approx(1800, abs=60)  # all but the 100 m of the flat ridge


def test_each_part_of_a_route_is_walked_on_its_own(tmp_path: Path) -> None:
    layer = model(tmp_path / "hill.tif", slope_to_the_east(20))
    two = MultiLineString([[(550, 1000), (650, 1000)], [(1450, 400), (1550, 400)]])
    found = describe(routes(two), terrain=[layer], steep_slope=0.15)
    assert found["climb_m"].item() == pytest.approx(40, abs=0.01)  # nothing between the parts
    assert found["terrain_m"].item() == pytest.approx(200)


def test_a_bend_is_followed(tmp_path: Path) -> None:
    layer = model(tmp_path / "hill.tif", slope_to_the_east(20))
    found = describe(routes(LineString([(550, 1000), (550, 1330), (1050, 1330)])), terrain=[layer], steep_slope=0.15)
    assert found["climb_m"].item() == pytest.approx(100, abs=0.01)
    assert found["terrain_m"].item() == pytest.approx(830)
    assert found["steep_m"].item() == pytest.approx(500, abs=60)


def test_a_void_is_not_known_and_not_flat(tmp_path: Path) -> None:
    heights = slope_to_the_east(20)
    heights[:, 9:12] = VOID
    layer = model(tmp_path / "hole.tif", heights)
    found = describe(routes(EAST), terrain=[layer], steep_slope=0.15).iloc[0]
    assert found["terrain_m"] == 600  # from the middle of the last cell before the void to that of the first behind
    assert found["climb_m"] == pytest.approx(120)
    assert found["steep_m"] == pytest.approx(600)
    whole = model(tmp_path / "whole.tif", slope_to_the_east(20))
    both = describe(routes(EAST), terrain=[layer, whole], steep_slope=0.15).iloc[0]
    assert both["terrain_m"] == pytest.approx(1000)
    assert both["terrain_basis"] == "hole, whole"


def test_without_a_height_nothing_is_said(tmp_path: Path) -> None:
    far = model(tmp_path / "far.tif", slope_to_the_east(20), west=50_000)
    empty = MultiLineString()
    for layers in ([], [far]):
        found = describe(routes(EAST, empty), terrain=layers, steep_slope=0.15)
        assert found["climb_m"].isna().all()
        assert found["steep_m"].isna().all()
        assert found["terrain_m"].tolist() == [0, 0]
        assert found["terrain_basis"].isna().all()


def test_shares_build_their_share_of_the_climb(tmp_path: Path) -> None:
    layer = model(tmp_path / "hill.tif", slope_to_the_east(20))
    found = describe(routes(EAST, share=0.25), terrain=[layer], steep_slope=0.15).iloc[0]
    assert (found["climb_m"], found["steep_m"], found["terrain_m"]) == pytest.approx((50, 250, 250), abs=0.01)


def test_a_model_is_sampled_in_its_own_system(tmp_path: Path) -> None:
    hill = gpd.GeoSeries([Point(X0, Y0)], crs=CRS).to_crs("EPSG:4326").iloc[0]
    heights = slope_to_the_east(10, size=60)
    path = tmp_path / "degrees.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=60, height=60, count=1, dtype="int16", crs="EPSG:4326", nodata=VOID,
        transform=Affine(0.002, 0, hill.x - 0.06, 0, -0.001, hill.y + 0.03),
    ) as raster:  # fmt: skip
        raster.write(heights.astype(np.int16), 1)
    line = LineString([(hill.x - 0.04, hill.y), (hill.x + 0.04, hill.y)])
    drawn = gpd.GeoSeries([line.segmentize(0.001)], crs="EPSG:4326").to_crs(CRS)
    found = describe(routes(drawn.iloc[0]), terrain=[TerrainLayer("d", path)], steep_slope=1.0)
    assert found["climb_m"].item() == pytest.approx(400, abs=0.5)  # 40 columns of 10 m


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.01, 0.5))
def test_what_is_steep_is_part_of_the_route_and_the_way_round_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, seed: int, slope: float
) -> None:
    rng = np.random.default_rng(seed)
    layer = model(tmp_path_factory.mktemp("r") / "r.tif", rng.integers(0, 60, (20, 20)))
    line = LineString(rng.uniform(0, 2000, (int(rng.integers(2, 8)), 2)))
    there, back = routes(line), routes(line.reverse())
    one = describe(there, terrain=[layer], steep_slope=slope).iloc[0]
    two = describe(back, terrain=[layer], steep_slope=slope).iloc[0]
    assert one["terrain_m"] == pytest.approx(line.length, abs=0.01)
    assert 0 <= one["steep_m"] <= one["terrain_m"] + 0.01
    assert one["climb_m"] >= 0
    assert one["climb_m"] >= slope * one["steep_m"] - 0.01
    assert one["climb_m"] == pytest.approx(two["climb_m"], abs=0.01)


# In a study


def with_hill(folder: Path, heights: np.ndarray, **source: Any) -> Any:
    tiny = tiny_study(folder)
    model(tiny.folder / "hill.tif", heights, cell=SIDE / 10, west=X0)
    with rasterio.open(tiny.folder / "hill.tif", "r+") as raster:
        raster.transform = Affine(SIDE / 10, 0, X0, 0, -SIDE / 10, Y0 + SIDE)
    tiny.sources.append({"id": "hill", "role": "terrain", "kind": "raster", "path": "hill.tif", **source})
    tiny.settings["parameters"]["steep_slope"] = {
        "value": 0.01, "unit": "m per m", "source": "drawn by hand", "confidence": "assumed",
    }  # fmt: skip
    tiny.save()
    return tiny


def test_a_study_with_terrain_tells_the_climb_and_a_steep_trench_is_never_cheaper(tmp_path: Path) -> None:
    policy = load_policy("no-2024")
    plain = prepare(Study.open(tiny_study(tmp_path / "plain").folder), policy)
    assert plain.routes["terrain_basis"].isna().all()
    tiny = with_hill(tmp_path / "hill", slope_to_the_east(30, size=20))
    study = Study.open(tiny.folder)
    found = assess(study, study.default_scenario())
    assert (found.routes["terrain_basis"] == "hill").any()
    assert found.routes["climb_m"].max() > 0
    assert found.routes["steep_m"].max() > 0
    assert (found.routes["terrain_m"] <= found.routes["route_m"] + 1).all()
    before = Study.open(tmp_path / "plain")
    fixed = found.areas[found.areas["kind"].eq("fixed")].set_index("area_id")
    without = assess(before, before.default_scenario()).areas.set_index("area_id").loc[fixed.index]
    fibre = fixed["technology"].eq("fibre") & without["technology"].eq("fibre")
    assert fibre.any()
    assert (fixed.loc[fibre, "capex"] > without.loc[fibre, "capex"]).all()


def test_terrain_without_a_threshold_is_refused(tmp_path: Path) -> None:
    tiny = with_hill(tmp_path / "t", slope_to_the_east(30))
    tiny.settings["parameters"]["steep_slope"]["value"] = 0.0
    tiny.save()
    with pytest.raises(DataError, match="'steep_slope' is 0; expected more than 0"):
        Study.open(tiny.folder)
    del tiny.settings["parameters"]["steep_slope"]
    tiny.save()
    with pytest.raises(DataError, match="the parameter 'steep_slope' is missing"):
        Study.open(tiny.folder)


def test_what_is_no_height_is_refused(tmp_path: Path) -> None:
    tiny = with_hill(tmp_path / "t", np.full((20, 20), -9999))
    with pytest.raises(DataError, match=r"hill.tif: holds -9999 to -9999 where heights in metres are expected"):
        Study.open(tiny.folder).load()
    tiny = with_hill(tmp_path / "u", np.full((20, 20), VOID))
    with pytest.raises(DataError, match="every cell is nodata"):
        Study.open(tiny.folder).load()


def test_a_model_in_a_zip_file_is_read(tmp_path: Path) -> None:
    tiny = with_hill(tmp_path / "t", slope_to_the_east(30))
    with zipfile.ZipFile(tiny.folder / "hill.zip", "w") as archive:
        archive.write(tiny.folder / "hill.tif", "hill.tif")
    tiny.source("hill")["path"] = "hill.zip"
    tiny.save()
    inputs = Study.open(tiny.folder).load()
    assert [layer.source for layer in inputs.terrain] == ["hill"]
    (report,) = [report for report in inputs.reports if report.role == "terrain"]
    assert "400 of 400 cells hold a height, 0 to 570 m" in report.notes[0]


# Andorra by SRTM: real heights with voids


def test_the_road_over_the_pyrenees_climbs(data_root: Path) -> None:
    utm = "EPSG:25831"
    square = gpd.GeoDataFrame(
        {"municipality_code": ["AD"], "name": ["Andorra"]}, geometry=[Point(1.58, 42.54).buffer(0.3)], crs="EPSG:4326"
    )
    area = StudyArea(utm, square.to_crs(utm))
    path = data_root / "andorra" / "N42E001.hgt.zip"
    report, layer = read_terrain(SourceSpec(id="srtm", role="terrain", kind="raster", path=path), area=area)
    assert report.crs_found == "EPSG:4326"
    assert "nodata -32768" in report.notes[0]
    # From Andorra la Vella (about 1,020 m) in a line to Pas de la Casa (about 2,080 m) and back down.
    towns = gpd.GeoSeries.from_xy([1.5218, 1.7335], [42.5075, 42.5425], crs="EPSG:4326").to_crs(utm)
    line = gpd.GeoDataFrame({"build_share": [1.0]}, geometry=[MultiLineString([LineString(list(towns))])], crs=utm)
    found = describe(line, terrain=[layer], steep_slope=0.2).iloc[0]
    assert found["terrain_basis"] == "srtm"
    assert found["terrain_m"] > 0.9 * line.length.item()
    assert 2_000 < found["climb_m"] < 12_000  # over ridge and valley, as the crow flies
    assert 0.3 * found["terrain_m"] < found["steep_m"] < found["terrain_m"]
    valley = gpd.GeoSeries.from_xy([1.5218, 1.5340], [42.5075, 42.5110], crs="EPSG:4326").to_crs(utm)
    floor = gpd.GeoDataFrame({"build_share": [1.0]}, geometry=[MultiLineString([LineString(list(valley))])], crs=utm)
    flat = describe(floor, terrain=[layer], steep_slope=0.2).iloc[0]
    assert flat["climb_m"] / flat["terrain_m"] < found["climb_m"] / found["terrain_m"]
