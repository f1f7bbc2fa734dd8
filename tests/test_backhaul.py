"""Backhaul of masts: a street whose answer one can count, what sharing saves, and a radio link over a ridge."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from shapely.geometry import LineString, Point

from coverage import roads
from coverage.backhaul import lay_backhaul, link_backhaul, share_backhaul
from coverage.inputs import TerrainLayer
from coverage.radio import load_radio
from coverage.routes import route
from coverage.surfaces import SURFACES
from tests import drawn

# A road of 10 km from the network at its west end, and one of 2 km to the north at kilometre 8.
STREETS = [LineString([(0, 0), (8000, 0)]), LineString([(8000, 0), (10_000, 0)]), LineString([(8000, 0), (8000, 2000)])]


def lines() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"ferry": False, "private": False}, index=range(3), geometry=STREETS, crs=drawn.CRS)


NETWORK = gpd.GeoDataFrame({"flagged": [False]}, geometry=[Point(0, 0)], crs=drawn.CRS)


def spots(at: dict[str, tuple[float, float]]) -> gpd.GeoDataFrame:
    frame = pd.DataFrame({"area_id": pd.Series(list(at), dtype="str"), "place_id": list(at)})
    frame = frame.assign(eligible=1.0, weight=1.0, buildings=1.0, basis="roadside", mast_m=30.0)
    return gpd.GeoDataFrame(frame, geometry=[Point(xy) for xy in at.values()], crs=drawn.CRS)


def routed(at: dict[str, tuple[float, float]]) -> gpd.GeoDataFrame:
    graph = roads.build_graph(lines())
    places = spots(at)
    attached = roads.attach(graph, places, mask=np.ones(len(places), dtype=bool), network=NETWORK)
    return route(places[["area_id", "geometry"]], places, attached=attached)


def shared(masts: dict[str, tuple[float, float]], areas: dict[str, tuple[float, float]]) -> pd.DataFrame:
    sites = spots(masts)
    laid = lay_backhaul(sites[["area_id", "geometry"]], sites, graph=roads.build_graph(lines()), network=NETWORK)
    return share_backhaul(
        sites[["area_id", "geometry"]],
        sites,
        laid,
        routed(areas) if areas else routed({"none": (0, 0)}).iloc[:0],
        graph=roads.build_graph(lines()),
        network=NETWORK,
    )


def laid(at: dict[str, tuple[float, float]], **bases: str) -> pd.DataFrame:
    sites = spots(at)
    sites["basis"] = [bases.get(name, "roadside") for name in sites["area_id"]]
    found = lay_backhaul(sites[["area_id", "geometry"]], sites, graph=roads.build_graph(lines()), network=NETWORK)
    assert found["trench_m"].to_numpy() == pytest.approx(found[list(SURFACES)].sum(axis=1).to_numpy(), abs=0.01)
    return found.set_index("area_id")


def test_a_mast_off_the_road_is_dug_to_it_and_then_along_it() -> None:
    found = laid({"mast": (5000, -200)}).loc["mast"]
    assert found["field_dug_m"] == pytest.approx(200 * roads.DETOUR)
    assert found["verge_dug_m"] == pytest.approx(5000)
    assert found["route_m"] == found["trench_m"] == pytest.approx(5000 + 200 * roads.DETOUR)
    assert found["drop_m"] == 0
    assert found.geometry.length == pytest.approx(5200)


def test_a_mast_that_stands_already_needs_no_cable() -> None:
    found = laid({"new": (1000, 0), "old": (9000, 0)}, old="mast")
    assert found["route_m"].to_dict() == pytest.approx({"new": 1000, "old": 0})
    assert found.geometry["old"].is_empty
    found = laid({"old": (9000, 0)}, old="mast")
    assert found["route_m"].to_dict() == {"old": 0}


def test_a_mast_beyond_a_fibre_area_starts_at_its_last_house() -> None:
    found = shared({"mast": (8000, 1500)}, {"village": (8000, 500), "end": (10_000, 0)})
    assert found["backhaul_with"].tolist() == ["village"]
    assert found["backhaul_saving_m"].tolist() == pytest.approx([8500])


def test_of_two_routes_the_nearer_counts() -> None:
    found = shared({"mast": (8000, 1500)}, {"near": (8000, 1400), "far": (8000, 100)})
    assert found["backhaul_with"].tolist() == ["near"]
    assert found["backhaul_saving_m"].tolist() == pytest.approx([9400])


def test_a_mast_beside_the_trench_needs_none_of_its_own() -> None:
    found = shared({"mast": (4000, 0)}, {"end": (10_000, 0)})
    assert found["backhaul_with"].tolist() == ["end"]
    assert found["backhaul_saving_m"].tolist() == pytest.approx([4000])


def test_no_route_nearer_than_the_network_saves_nothing() -> None:
    found = shared({"mast": (500, 0), "home": (0, 0)}, {})
    assert found["backhaul_with"].isna().all()
    assert found["backhaul_saving_m"].tolist() == [0, 0]


def test_the_order_of_masts_is_kept_and_none_is_shared_with_another() -> None:
    one = shared({"a": (8000, 1500), "b": (8000, 1600)}, {"village": (8000, 500)})
    other = shared({"b": (8000, 1600), "a": (8000, 1500)}, {"village": (8000, 500)})
    assert one["backhaul_saving_m"].tolist() == pytest.approx([8500, 8500])
    assert other["backhaul_saving_m"].tolist() == one["backhaul_saving_m"].tolist()[::-1]


# Radio links


def ridge(tmp_path: Path, height: float) -> TerrainLayer:
    """Write flat land of 12 by 12 km with a ridge from south to north at 5 km."""
    values = np.zeros((120, 120), dtype="float32")
    values[:, 49:51] = height
    path = tmp_path / f"ridge{height:g}.tif"
    place = rasterio.Affine(100, 0, -1000, 0, -100, 6000)
    with rasterio.open(
        path, "w", driver="GTiff", width=120, height=120, count=1, dtype="float32", crs=drawn.CRS, transform=place
    ) as raster:
        raster.write(values, 1)
    return TerrainLayer("ridge", path)


def linked(
    tmp_path: Path, *, height: float, existing: dict[str, tuple[float, float]], basis: str = "roadside"
) -> pd.Series:
    sites = spots({"new": (1000, 0)}).assign(basis=basis)
    old = gpd.GeoDataFrame(
        {"mast_id": list(existing), "height_m": np.nan}, geometry=[Point(xy) for xy in existing.values()], crs=drawn.CRS
    )
    found = link_backhaul(
        sites[["area_id", "geometry"]], sites, old, terrain=[ridge(tmp_path, height)], radio=load_radio(), crs=drawn.CRS
    )
    return found.iloc[0]


def test_a_link_goes_to_the_nearest_mast_in_sight(tmp_path: Path) -> None:
    both = {"behind": (8000, 0), "this_side": (1000, -5000)}
    assert linked(tmp_path, height=0, existing={**both, "next": (3000, 0)})["link_to"] == "next"
    found = linked(tmp_path, height=300, existing={"behind": (6000, 0), "this_side": (1000, -5500)})
    assert (found["link_to"], found["link_m"]) == ("this_side", 5500)


def test_no_mast_in_sight_no_link(tmp_path: Path) -> None:
    found = linked(tmp_path, height=300, existing={"behind": (8000, 0)})
    assert pd.isna(found["link_to"])
    assert np.isnan(found["link_m"])
    assert linked(tmp_path, height=0, existing={"behind": (8000, 0)})["link_m"] == 7000
    assert np.isnan(linked(tmp_path, height=0, existing={"behind": (8000, 0)}, basis="mast")["link_m"])
