"""Served places as the start of routes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point

from coverage.errors import DataError
from coverage.policy import load_policy
from coverage.preparation import prepare, prepare_again
from coverage.roads import SERVED, SPUR, attach, build_graph, with_served
from coverage.study import Study
from tests.roadside import network, places, roads
from tests.studymaker import tiny_study

STREET = build_graph(roads([(0, 0), (1000, 0)], [(1000, 0), (1500, 0)], ferry=[False, True]))
NOTHING = network()


def homes(*points: tuple[float, float], technology: list[str | None]) -> gpd.GeoDataFrame:
    return places(*points, fixed_technology=pd.array(technology, dtype="str"))


def starts(found: gpd.GeoDataFrame) -> list[tuple[float, float]]:
    return [(point.x, point.y) for point in found.geometry]


def test_a_served_place_starts_in_the_road_and_others_do_not() -> None:
    served = homes((300, 40), (500, 10), (700, -10), technology=["fibre", "dsl", None])
    found = with_served(NOTHING, served, graph=STREET, technologies=["fibre"])
    assert starts(found) == [(300, 0)]
    assert found["source"].tolist() == [SERVED]
    assert not found["flagged"].any()
    attached = attach(STREET, served, mask=(served["fixed_technology"] != "fibre").to_numpy(), network=found)
    assert not (attached.graph.kind == SPUR).any(), "no metre from the house back to the road"
    distance, _ = attached.to_network()
    assert distance[attached.place_node[1:]].tolist() == [200, 400]


def test_served_places_join_a_network_and_those_of_one_spot_are_one_start() -> None:
    served = homes((300, 40), (300, -20), technology=["fibre", "cable"])
    found = with_served(network(Point(0, 0), flagged=[True]), served, graph=STREET, technologies=["fibre", "cable"])
    assert starts(found) == [(0, 0), (300, 0)]
    assert found["flagged"].tolist() == [True, False]


def test_a_served_place_never_starts_on_a_ferry_nor_far_from_every_road() -> None:
    served = homes((1250, 10), (500, 2001), technology=["fibre", "fibre"])
    assert starts(with_served(NOTHING, served, graph=STREET, technologies=["fibre"])) == [(1000, 0)]


def test_starts_follow_the_offers() -> None:
    before = with_served(
        network(Point(0, 0)).assign(source="hut"),
        homes((300, 40), technology=["fibre"]),
        graph=STREET,
        technologies=["fibre"],
    )
    after = with_served(before, homes((600, 40), technology=["fibre"]), graph=STREET, technologies=["fibre"])
    assert starts(after) == [(0, 0), (600, 0)]
    none = with_served(after, homes((600, 40), technology=[None]), graph=STREET, technologies=["fibre"])
    assert starts(none) == [(0, 0)]


def test_a_study_without_a_network_can_start_at_served_places(tmp_path: Path) -> None:
    tiny = tiny_study(tmp_path / "tiny")
    policy = load_policy("no-2024")
    with_hut = prepare(Study.open(tiny.folder), policy)
    tiny.drop("network")
    tiny.save()
    with pytest.raises(DataError, match="no source has the role 'network'"):
        Study.open(tiny.folder)
    tiny.settings["network_from"] = ["fibre"]
    tiny.save()
    study = Study.open(tiny.folder)
    prepared = prepare(study, policy)
    served = prepared.places["fixed_technology"].eq("fibre")
    assert 0 < len(prepared.inputs.network) <= served.sum()
    assert prepared.routes["connected"].all()
    assert not prepared.routes["stand_in"].any()
    assert prepared.routes["route_m"].sum() != with_hut.routes["route_m"].sum()

    # Without the fibre there is nowhere to start from, and that is said.
    with pytest.raises(DataError, match="no feature says where fibre is today"):
        prepare_again(prepared, replace(prepared.inputs, offers=()))


def test_a_technology_that_is_none_is_refused(tmp_path: Path) -> None:
    tiny = tiny_study(tmp_path / "tiny")
    tiny.settings["network_from"] = ["fiber"]
    tiny.save()
    with pytest.raises(DataError, match=r"network_from has 'fiber'; .*fibre"):
        Study.open(tiny.folder)
