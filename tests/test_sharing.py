"""Trenches shared as backhaul: a street whose answer one can count, and what sharing never does."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point

from coverage import roads
from coverage.routes import route
from coverage.sharing import share_backhaul
from tests import drawn

# A road of 10 km from the network at its west end, and one of 2 km to the north at kilometre 8.
STREETS = [LineString([(0, 0), (8000, 0)]), LineString([(8000, 0), (10_000, 0)]), LineString([(8000, 0), (8000, 2000)])]


def lines() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"ferry": False, "private": False}, index=range(3), geometry=STREETS, crs=drawn.CRS)


NETWORK = gpd.GeoDataFrame({"flagged": [False]}, geometry=[Point(0, 0)], crs=drawn.CRS)


def spots(at: dict[str, tuple[float, float]]) -> gpd.GeoDataFrame:
    frame = pd.DataFrame({"area_id": pd.Series(list(at), dtype="str"), "place_id": list(at)})
    frame = frame.assign(eligible=1.0, weight=1.0, buildings=0.0)
    return gpd.GeoDataFrame(frame, geometry=[Point(xy) for xy in at.values()], crs=drawn.CRS)


def routed(at: dict[str, tuple[float, float]]) -> gpd.GeoDataFrame:
    graph = roads.build_graph(lines())
    places = spots(at)
    attached = roads.attach(graph, places, mask=np.ones(len(places), dtype=bool), network=NETWORK)
    return route(places[["area_id", "geometry"]], places, attached=attached)


def shared(masts: dict[str, tuple[float, float]], areas: dict[str, tuple[float, float]]) -> pd.DataFrame:
    sites = spots(masts)
    return share_backhaul(
        sites[["area_id", "geometry"]],
        sites,
        routed(masts),
        routed(areas) if areas else routed({"none": (0, 0)}).iloc[:0],
        graph=roads.build_graph(lines()),
        network=NETWORK,
    )


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
