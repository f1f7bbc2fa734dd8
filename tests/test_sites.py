"""Where antennas could stand: existing masts, road sides, high ground; ids that other data do not change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely.geometry import LineString, Point

from coverage import sites
from coverage.errors import CrsError
from coverage.inputs import TerrainLayer
from coverage.radio import Radio, load_radio
from coverage.roads import ACCESS, build_graph
from coverage.roads.split import add_straight
from coverage.sites import SITE_BASES, candidate_sites
from tests.hills import CRS, flat, model
from tests.roadside import roads

BOOK = load_radio()  # cells of 2 km, 5 km around what is to be covered
XY = tuple[float, float]
NEAR: list[XY] = [(5000.0, 5000.0)]  # the middle of cell e2n2
ROAD = roads([(0, 4000), (10_000, 4000)])


def book(**values: float) -> Radio:
    return Radio(tuple(replace(row, value=values.get(row.item, row.value)) for row in BOOK.items))


ONE_CELL = book(site_near_m=0)  # only the cell that holds the point


def masts(*points: XY, height: float | None = 24.0, crs: str = CRS) -> gpd.GeoDataFrame:
    frame = {
        "mast_id": pd.array([f"m{number}" for number in range(len(points))], dtype="str"),
        "operator": pd.array([None, *["A, B"] * len(points)][: len(points)], dtype="str"),
        "height_m": np.full(len(points), np.nan if height is None else height),
    }
    return gpd.GeoDataFrame(frame, geometry=[Point(point) for point in points], crs=crs)


def find(
    *, near: list[XY] = NEAR, stand: gpd.GeoDataFrame | None = None, road: gpd.GeoDataFrame = ROAD,
    terrain: tuple[TerrainLayer, ...] = (), radio: Radio = ONE_CELL, crs: str = CRS,
) -> gpd.GeoDataFrame:  # fmt: skip
    found = candidate_sites(
        masts() if stand is None else stand, graph=build_graph(road), terrain=terrain,
        near=np.array(near, dtype=float).reshape(-1, 2), radio=radio, crs=crs,
    )  # fmt: skip
    assert list(found.columns) == [
        "site_id", "basis", "mast_id", "operator", "mast_m", "ground_m", "road_m", "geometry",
    ]  # fmt: skip
    assert found["site_id"].is_unique
    assert found["site_id"].is_monotonic_increasing
    assert found["basis"].isin(SITE_BASES).all()
    assert found.crs == crs
    return found


def hill(folder: Path, *, peak: XY = (4650.0, 5350.0), height: float = 300.0) -> TerrainLayer:
    """Return 10 km x 10 km at 100 m height with one cone, 1 km wide."""
    side = np.arange(100) * 100 + 50.0
    x, y = np.meshgrid(side, side[::-1])
    cone = height * np.maximum(0, 1 - np.hypot(x - peak[0], y - peak[1]) / 500)
    return model(folder / f"hill-{peak[0]:g}-{peak[1]:g}-{height:g}.tif", 100 + cone)


def test_the_road_point_nearest_the_middle_of_a_cell_is_a_site() -> None:
    site = find().iloc[0]
    assert (site["site_id"], site["basis"]) == ("road-e2n2", "roadside")
    assert (site.geometry.x, site.geometry.y) == (5000, 4000)
    assert (site["mast_m"], site["road_m"]) == (30, 0)
    assert pd.isna([site["mast_id"], site["operator"], site["ground_m"]]).all()
    crooked = roads([(0, 4100), (4700, 4900), (10_000, 4100)])
    assert find(road=crooked).geometry.iloc[0].distance(crooked.geometry.iloc[0]) < 0.01


def test_a_cell_without_a_road_has_no_roadside_and_a_ferry_is_none() -> None:
    assert find(road=roads([(0, 3900), (10_000, 3900)])).empty
    assert find(road=roads([(0, 5000), (10_000, 5000)], [(0, 0), (100, 0)], ferry=[True, False])).empty


def test_an_assumed_way_is_no_road() -> None:
    graph = build_graph(roads([(0, 3900), (10_000, 3900)]))
    way = add_straight(graph, np.array([[5000.0, 5000.0]]), np.array([0]), np.array([graph.nodes]), kind=ACCESS)
    found = candidate_sites(masts(), graph=way, terrain=(), near=np.array(NEAR), radio=ONE_CELL, crs=CRS)
    assert found.empty
    beside = candidate_sites(masts((5000, 4900)), graph=way, terrain=(), near=np.array(NEAR), radio=ONE_CELL, crs=CRS)
    assert beside["road_m"].tolist() == [1000]


def test_cells_near_what_is_to_be_covered_are_looked_at() -> None:
    found = find(radio=BOOK)
    # Cells along the road whose middle, at y 3,000 or 5,000, is within 5 km: the road is their common border.
    assert found["site_id"].tolist() == [f"road-e{i}n{j}" for i in range(5) for j in (1, 2)]
    assert find(near=[(5000, 15_000)], radio=BOOK).empty


def test_west_and_south_of_the_origin_have_names_of_their_own() -> None:
    road = roads([(-10_000, 100), (10_000, 100)], [(-10_000, -100), (10_000, -100)])
    names = find(near=[(-500, -500), (-500, 500), (500, -500), (500, 500)], road=road)["site_id"].tolist()
    assert names == ["road-e0n0", "road-e0s1", "road-w1n0", "road-w1s1"]


def test_existing_masts_in_range_are_sites_with_their_own_height() -> None:
    stand = masts((5000, 14_900), (5000, 15_100), (5100, 5000))
    found = find(stand=stand, road=roads([(0, 90_000), (9000, 90_000)])).set_index("site_id")
    assert found.index.tolist() == ["mast-m0", "mast-m2"]
    assert found["mast_m"].tolist() == [24, 24]
    assert found["mast_id"].tolist() == ["m0", "m2"]
    assert pd.isna(found.loc["mast-m0", "operator"])
    assert found.loc["mast-m2", "operator"] == "A, B"
    assert found["road_m"].tolist() == [75_100, 85_000]
    unknown = find(stand=masts((5100, 5000), height=None))
    assert unknown["mast_m"].tolist() == [BOOK["mast_existing_m"].value, BOOK["mast_new_m"].value]


def test_the_top_of_a_hill_is_a_site(tmp_path: Path) -> None:
    found = find(terrain=(hill(tmp_path),)).set_index("site_id")
    assert found.index.tolist() == ["high-e2n2", "road-e2n2"]
    top = found.loc["high-e2n2"]
    assert top.geometry.distance(Point(4650, 5350)) < 12  # the peak, as near as is looked
    assert top["ground_m"] > 390
    assert top["road_m"] == pytest.approx(top.geometry.y - 4000)
    assert found.loc["road-e2n2", "ground_m"] == 100


def test_flat_ground_and_the_sea_are_no_high_ground(tmp_path: Path) -> None:
    assert find(terrain=(model(tmp_path / "sea.tif", flat(100, 100)),))["basis"].tolist() == ["roadside"]
    low = hill(tmp_path, height=15)
    assert find(terrain=(low,))["basis"].tolist() == ["roadside"]
    assert "high_ground" in find(terrain=(low,), radio=book(site_near_m=0, high_ground_gain_m=10))["basis"].tolist()
    assert find(terrain=(model(tmp_path / "far.tif", flat(9, 9), west=90_000),))["basis"].tolist() == ["roadside"]


def test_of_a_ridge_the_point_nearest_the_middle_counts(tmp_path: Path) -> None:
    ground = flat(100, 100)
    ground[:, 49:51] = 200
    top = find(terrain=(model(tmp_path / "ridge.tif", ground),)).iloc[0]
    assert top["basis"] == "high_ground"
    assert abs(top.geometry.x - 5000) <= 75
    assert abs(top.geometry.y - 5000) <= 75


def test_nothing_to_cover_needs_no_site(tmp_path: Path) -> None:
    assert find(near=[], stand=masts((5000, 5000)), terrain=(hill(tmp_path),)).empty
    assert find(near=[(np.nan, 0)]).empty
    assert find(road=roads([(0, 0), (9, 0)], ferry=[True]), terrain=(hill(tmp_path),))["road_m"].isna().all()


def test_other_systems_are_refused() -> None:
    with pytest.raises(CrsError, match="masts: the coordinate system differs from EPSG:25833"):
        find(stand=masts((0, 0), crs="EPSG:25832"))
    with pytest.raises(CrsError, match="roads: the coordinate system differs from EPSG:25832"):
        find(crs="EPSG:25832")
    with pytest.raises(CrsError, match="sites: 'EPSG:4326' is not a projected coordinate system in metres"):
        find(crs="EPSG:4326")


# What must always hold


def country(seed: int) -> tuple[np.random.Generator, gpd.GeoDataFrame, gpd.GeoDataFrame, list[XY]]:
    rng = np.random.default_rng(seed)
    lines = [LineString(rng.uniform(0, 20_000, (3, 2)).round(1)) for _ in range(8)]
    road = gpd.GeoDataFrame({"ferry": rng.random(8) < 0.2}, geometry=lines, crs=CRS)
    road.loc[0, "ferry"] = False
    near = [tuple(xy) for xy in rng.uniform(0, 20_000, (12, 2)).round(1).tolist()]
    return rng, road, masts(*[tuple(xy) for xy in rng.uniform(0, 20_000, (5, 2)).tolist()]), near


@settings(max_examples=25)
@given(st.integers(0, 1_000_000))
def test_the_order_of_rows_does_not_matter(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    rng, road, stand, near = country(seed)
    ground = model(tmp_path_factory.mktemp("r") / "r.tif", rng.integers(0, 300, (40, 40)), cell=500)
    one = find(near=near, stand=stand, road=road, terrain=(ground,), radio=BOOK)
    two = find(
        near=[near[i] for i in rng.permutation(len(near))] + near[:3],
        stand=stand.iloc[rng.permutation(len(stand))],
        road=road.iloc[rng.permutation(len(road))],
        terrain=(ground,),
        radio=BOOK,
    )
    assert_frame_equal(pd.DataFrame(one), pd.DataFrame(two))


@settings(max_examples=25)
@given(st.integers(0, 1_000_000))
def test_a_site_stays_when_other_data_change(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    rng, road, stand, near = country(seed)
    ground = model(tmp_path_factory.mktemp("r") / "r.tif", rng.integers(0, 300, (40, 40)), cell=500)
    before = find(near=near[:6], stand=stand.iloc[:3], road=road, terrain=(ground,), radio=BOOK).set_index("site_id")
    # More to cover, more masts, and a road far away: every site of before is there, and where it was.
    far = roads([(60_000, 60_000), (70_000, 61_000)])
    after = find(
        near=[*near, (65_000, 60_500)],
        stand=stand,
        road=pd.concat([road, far], ignore_index=True),
        terrain=(ground,),
        radio=BOOK,
    ).set_index("site_id")
    assert set(before.index) <= set(after.index)
    assert_frame_equal(pd.DataFrame(before), pd.DataFrame(after.loc[before.index]))


@settings(max_examples=25)
@given(st.integers(0, 1_000_000))
def test_every_new_site_is_in_the_cell_that_names_it(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    rng, road, stand, near = country(seed)
    ground = model(tmp_path_factory.mktemp("r") / "r.tif", rng.integers(0, 300, (40, 40)), cell=500)
    found = find(near=near, stand=stand, road=road, terrain=(ground,), radio=BOOK)
    new = found[found["basis"].ne("mast")]
    cell = new["site_id"].str.extract(r"e(\d+)n(\d+)$").dropna().astype(float)
    inside = new.loc[cell.index].get_coordinates().to_numpy() / 2000 - cell.to_numpy()
    assert (inside >= 0).all()
    assert (inside <= 1).all()
    land = shapely.union_all(road.loc[~road["ferry"], "geometry"].to_numpy())
    assert (found.loc[found["basis"].eq("roadside"), "road_m"] <= 0.01).all()
    np.testing.assert_allclose(found["road_m"], found.geometry.distance(land), atol=1)  # the tolerance of the graph
    around = cell.to_numpy() * 2000 + 1000
    gap = np.hypot(*(around[:, None] - np.array(near)).transpose(2, 0, 1)).min(axis=1)
    assert (gap <= 5000).all()


def test_cells_looked_at_in_parts_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = find(terrain=(hill(tmp_path),), radio=BOOK)
    monkeypatch.setattr(sites, "MAX_CELLS", 3)
    assert_frame_equal(pd.DataFrame(find(terrain=(hill(tmp_path),), radio=BOOK)), pd.DataFrame(whole))


def test_real_mountains_have_high_ground_above_the_railway_at_finse(data_root: Path) -> None:
    aster = TerrainLayer("aster", data_root / "norway" / "terrain" / "ASTER_Finse.tif")
    place = gpd.GeoSeries([Point(7.5044, 60.6017)], crs="EPSG:4326").to_crs("EPSG:32632").iloc[0]
    line = gpd.GeoDataFrame(
        geometry=[LineString([(place.x - 6000, place.y), (place.x + 6000, place.y)])], crs="EPSG:32632"
    )
    found = find(near=[(place.x, place.y)], road=line, terrain=(aster,), radio=BOOK, crs="EPSG:32632")
    high, low = found[found["basis"].eq("high_ground")], found[found["basis"].eq("roadside")]
    assert len(high) > 10
    assert len(low) >= 4
    assert high["ground_m"].between(1150, 1900).all()
    assert high["ground_m"].median() > low["ground_m"].median() + 50
