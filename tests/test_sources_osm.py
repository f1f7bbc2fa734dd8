"""OpenStreetMap's lines: which are roads, which ferries, whose owner must be asked; and the roads of Andorra."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.roads import FERRY, PRIVATE, RoadGraph, attach, build_graph
from coverage.routes import route
from coverage.sources.area import StudyArea
from coverage.sources.layers import read_roads
from coverage.sources.osm import HIGHWAYS, pick_roads, read_osm_roads, tag
from tests.roadside import as_networkx, places

UTM = "EPSG:25831"


def lines(*rows: tuple[str | None, str | None]) -> gpd.GeoDataFrame:
    frame = pd.DataFrame(rows, columns=["highway", "other_tags"], index=range(1, len(rows) + 1))
    return gpd.GeoDataFrame(frame, geometry=[LineString([(0, n), (1, n)]) for n in range(len(rows))], crs="EPSG:4326")


def picked(*rows: tuple[str | None, str | None]) -> gpd.GeoDataFrame:
    return pick_roads(lines(*rows), highways=list(HIGHWAYS))


def spec(path: Path, **changes: Any) -> SourceSpec:
    return SourceSpec(id="osm", role="roads", kind="vector", path=path, format="osm", **changes)


def test_a_tag_is_found_by_its_whole_key_and_never_inside_a_value() -> None:
    tags = pd.Series(
        [
            '"access"=>"private","oneway"=>"yes"',
            '"bicycle"=>"no","access"=>"no"',
            '"note"=>"says \\",\\"access\\"=>\\"private\\"","name:ca"=>"Camí"',
            '"source:access"=>"private"',
            None,
        ],
        dtype="str",
    )
    assert tag(tags, "access").fillna("-").tolist() == ["private", "no", "-", "-", "-"]
    assert tag(tags, "note").iloc[2] == 'says \\",\\"access\\"=>\\"private\\"'


def test_roads_for_vehicles_are_roads_and_nothing_else_is() -> None:
    found = picked(
        ("residential", None),
        ("footway", None),
        (None, '"boundary"=>"administrative"'),
        ("track", '"surface"=>"gravel"'),
        ("construction", None),
        ("service", '"service"=>"driveway"'),
        ("service", '"service"=>"parking_aisle"'),
        ("pedestrian", '"area"=>"yes"'),
    )
    assert found.index.tolist() == [1, 4, 6]
    assert not found["ferry"].any()
    assert not found["private"].any()


def test_a_ferry_is_a_ferry_by_its_route() -> None:
    found = picked((None, '"duration"=>"00:20","route"=>"ferry"'), (None, '"route"=>"hiking"'), ("primary", None))
    assert found.index.tolist() == [1, 3]
    assert found["ferry"].tolist() == [True, False]


def test_a_road_is_private_by_its_access() -> None:
    found = picked(
        ("service", '"access"=>"private"'),
        ("track", '"access"=>"no"'),
        ("track", '"motor_vehicle"=>"private"'),
        ("living_street", '"motor_vehicle"=>"no"'),
        ("service", '"access"=>"permissive"'),
        ("primary", None),
    )
    assert found["private"].tolist() == [True, True, True, False, False, False]


def test_the_list_of_roads_can_be_the_studys_own(data_root: Path) -> None:
    path = data_root / "andorra" / "andorra.osm.pbf"
    raw = read_osm_roads(spec(path, options={"highways": ["primary"]}))
    assert set(raw.frame["highway"]) == {"primary"}
    assert len(raw.frame) == 309
    with pytest.raises(DataError, match="option highways is 'primary'; expected a list"):
        read_osm_roads(spec(path, options={"highways": "primary"}))
    with pytest.raises(DataError, match=r"none of 2,081 lines is a road or a ferry"):
        read_osm_roads(spec(path, options={"highways": ["primry"]}))


def test_what_is_no_extract_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "roads.gpkg"
    gpd.GeoDataFrame({"kind": ["road"]}, geometry=[LineString([(0, 0), (1, 1)])], crs=UTM).to_file(path, layer="lines")
    with pytest.raises(DataError, match="no columns highway and other_tags; expected an OpenStreetMap extract"):
        read_osm_roads(spec(path))


# Andorra: real roads and no ferry


@pytest.fixture(scope="module")
def andorra(data_root: Path) -> gpd.GeoDataFrame:
    square = gpd.GeoDataFrame(
        {"municipality_code": ["AD"], "name": ["Andorra"]},
        geometry=[Point(1.58, 42.54).buffer(0.3)],
        crs="EPSG:4326",
    ).to_crs(UTM)
    batch, roads = read_roads(spec(data_root / "andorra" / "andorra.osm.pbf"), area=StudyArea(UTM, square))
    report = batch.report()
    assert report.rows_read == 2081
    assert report.rows_left_out + len(batch.frame) == 2081
    assert any("lines are roads or ferries" in note for note in report.notes)
    return roads


@pytest.fixture(scope="module")
def graph(andorra: gpd.GeoDataFrame) -> RoadGraph:
    return build_graph(andorra)


def test_no_metre_of_the_roads_of_andorra_is_lost(andorra: gpd.GeoDataFrame, graph: RoadGraph) -> None:
    assert graph.length_m.sum() == pytest.approx(andorra.length.sum(), abs=5)
    private = andorra["private"]
    assert private.sum() > 5
    assert graph.length_m[graph.kind == PRIVATE].sum() == pytest.approx(andorra[private].length.sum(), abs=5)
    assert not (graph.kind == FERRY).any()
    part_m = np.bincount(graph.component[graph.u], graph.length_m)
    assert part_m.max() > 0.9 * part_m.sum(), "the country's roads hang together"
    assert len(part_m) > 1, "and some lanes do not: the extract ends at the border"


def test_the_way_between_two_towns_is_that_of_networkx(graph: RoadGraph) -> None:
    # Andorra la Vella and Pas de la Casa, about 20 km apart as the crow flies and some 30 km by road.
    towns = gpd.GeoSeries.from_xy([1.5218, 1.7335], [42.5075, 42.5425], crs="EPSG:4326").to_crs(UTM)
    home = places((towns.iloc[1].x, towns.iloc[1].y), area_id="a").set_crs(UTM, allow_override=True)
    start = gpd.GeoDataFrame({"flagged": [False]}, geometry=[towns.iloc[0]], crs=UTM)
    attached = attach(graph, home, mask=np.array([True]), network=start)
    lot = gpd.GeoDataFrame({"area_id": ["a"]}, geometry=[None], crs=UTM)
    found = route(lot, home, attached=attached).iloc[0]
    network = as_networkx(attached.graph)
    source, target = int(attached.network_nodes[0]), int(attached.place_node[0])
    assert found["route_m"] == pytest.approx(nx.dijkstra_path_length(network, source, target), abs=0.01)
    crow_m = towns.iloc[0].distance(towns.iloc[1])
    assert 1.2 * crow_m < found["route_m"] < 2 * crow_m
    assert 24_000 < found["route_m"] < 36_000
    assert found["connected"]
    assert found.geometry.length == pytest.approx(found["route_m"], abs=1)
