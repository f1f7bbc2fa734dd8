from __future__ import annotations

from itertools import combinations
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, box

from coverage.roads import Attached, attach, build_graph
from coverage.routes import joint_length_m, route
from tests.roadside import CRS, as_networkx, network, places, random_town, roads

STREET = roads([(0, 0), (10_000, 0)])
START = network(Point(0, 0))


def drawn(houses: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return areas as a planner would draw them: whatever ids the places carry."""
    ids = sorted(houses["area_id"].dropna().unique(), reverse=True)
    return gpd.GeoDataFrame({"area_id": ids}, geometry=[box(0, 0, 1, 1)] * len(ids), crs=CRS)


def attached_to(lines: gpd.GeoDataFrame, houses: gpd.GeoDataFrame, start: gpd.GeoDataFrame) -> Attached:
    return attach(build_graph(lines), houses, mask=houses["eligible"].to_numpy() > 0, network=start)


def run(houses: gpd.GeoDataFrame, *, lines: gpd.GeoDataFrame = STREET, start: gpd.GeoDataFrame = START):
    return route(drawn(houses), houses, attached=attached_to(lines, houses, start)).set_index("area_id")


def test_a_street_is_dug_from_the_network_to_the_last_house() -> None:
    found = run(places((300, 10), (500, 20), (400, 5), area_id="a")).loc["a"]
    assert found["route_m"] == found["trench_m"] == 500
    assert found["backhaul_m"] == 300
    assert found["drop_m"] == 35
    assert found["drops"] == 3
    assert found["subsea_m"] == found["crow_link_m"] == found["access_m"] == 0
    assert found["connected"]
    assert not found["stand_in"]
    assert found.geometry.equals(LineString([(0, 0), (300, 0), (400, 0), (500, 0)]))
    assert found.geometry.geom_type == "MultiLineString"


def test_a_shared_trench_is_dug_once() -> None:
    fork = roads([(0, 0), (100, 0)], [(100, 0), (100, 50)], [(100, 0), (100, -60)])
    found = run(places((100, 50), (100, -60), area_id="a"), lines=fork).loc["a"]
    assert found["route_m"] == 210
    assert found["backhaul_m"] == 100


def test_a_ferry_is_a_cable_in_the_sea() -> None:
    island = roads([(0, 0), (100, 0)], [(100, 0), (400, 0)], [(400, 0), (450, 0)], ferry=[False, True, False])
    found = run(places((450, 0), area_id="a"), lines=island).loc["a"]
    assert (found["trench_m"], found["subsea_m"], found["route_m"], found["backhaul_m"]) == (150, 300, 450, 450)


def test_metres_along_private_roads_are_told_apart() -> None:
    lane = roads([(0, 0), (100, 0)], [(100, 0), (100, 80)]).assign(private=[False, True])
    found = run(places((100, 60), area_id="a"), lines=lane).loc["a"]
    assert (found["trench_m"], found["private_m"], found["access_m"]) == (160, 60, 0)


def test_a_route_follows_the_bends() -> None:
    found = run(places((30, 40), area_id="a"), lines=roads([(0, 0), (30, 0), (30, 40)])).loc["a"]
    assert found["route_m"] == 70
    assert found.geometry.equals(LineString([(0, 0), (30, 0), (30, 40)]))


def test_each_area_stands_alone_and_sharing_is_told_apart() -> None:
    houses = places((1000, 0), (1500, 0), area_id=["a", "b"])
    attached = attached_to(STREET, houses, START)
    found = route(drawn(houses), houses, attached=attached)
    assert found["area_id"].tolist() == ["a", "b"]
    assert found["route_m"].tolist() == [1000, 1500]
    assert joint_length_m(drawn(houses), houses, attached=attached) == 1500


def test_each_part_of_an_area_joins_the_network_where_it_is_nearest() -> None:
    both_ends = network(Point(0, 0), Point(10_000, 0), flagged=[False, True])
    found = run(places((200, 0), (9_900, 0), (5_000, 0), area_id=["a", "a", "b"]), start=both_ends)
    assert found.loc["a", "route_m"] == 300
    assert found.loc["a", "stand_in"]
    assert found.loc["b", "route_m"] == 5000


def test_places_inside_a_network_area_need_no_trench_but_their_drop() -> None:
    found = run(places((300, 10), (500, 20), area_id="a"), start=network(box(-50, -50, 600, 50), flagged=[True])).loc[
        "a"
    ]
    assert found["route_m"] == found["backhaul_m"] == 0
    assert found["drop_m"] == 30
    assert found["connected"]
    assert found["stand_in"]
    assert found.geometry.is_empty


def test_roads_through_a_network_area_are_not_dug_again() -> None:
    middle = network(box(400, -50, 600, 50))
    found = run(places((300, 0), (700, 0), area_id="a"), start=middle).loc["a"]
    assert found["route_m"] == 200


def test_a_drop_is_shared_by_the_homes_of_a_building_and_counts_by_eligibility() -> None:
    found = run(places((300, 10), (400, 20), weight=[8.0, 1.0], eligible=[1.0, 0.5], area_id="a")).loc["a"]
    assert found["drop_m"] == 20
    assert found["drops"] == 1.5


def test_a_cell_of_many_buildings_needs_as_many_drops() -> None:
    found = run(places((300, 10), weight=6.0, buildings=6.0, area_id="a")).loc["a"]
    assert found["drops"] == 6
    assert found["drop_m"] == 60


def test_shares_build_their_share_of_the_metres() -> None:
    # The tree to both places is 400 m; a quarter of the 8 premises is eligible.
    found = run(places((300, 0), (400, 0), weight=[6.0, 2.0], eligible=[0.25, 0.25], area_id="a")).loc["a"]
    assert found["build_share"] == 0.25
    assert found["route_m"] == 100
    assert found["backhaul_m"] == 75
    whole = run(places((300, 0), (400, 0), weight=[6.0, 2.0], area_id="a")).loc["a"]
    assert whole["build_share"] == 1
    assert whole["route_m"] == 400


def test_shares_take_the_premises_to_build_to_lie_off_the_network_as_far_as_there_is_room() -> None:
    # 9 premises stand in the network and 3 at 300 m; a quarter of all 12 is eligible: as many as stand outside.
    town = network(box(-50, -50, 50, 50))
    found = run(places((0, 0), (350, 0), weight=[9.0, 3.0], eligible=0.25, area_id="a"), start=town).loc["a"]
    assert found["build_share"] == 1
    assert found["route_m"] == 300
    fewer = run(places((0, 0), (350, 0), weight=[9.0, 3.0], eligible=0.125, area_id="a"), start=town).loc["a"]
    assert fewer["build_share"] == 0.5
    assert fewer["route_m"] == 150
    inside = run(places((0, 0), weight=9.0, eligible=0.5, area_id="a"), start=town).loc["a"]
    assert (inside["build_share"], inside["route_m"]) == (1, 0)


def test_what_sharing_saves_counts_shares_too() -> None:
    houses = places((1000, 0), (1500, 0), area_id=["a", "b"], eligible=[0.5, 0.25])
    attached = attached_to(STREET, houses, START)
    assert route(drawn(houses), houses, attached=attached)["route_m"].tolist() == [500, 375]
    # 1,500 m in all; the mean share, weighed by 1,000 and 1,500 m, is 0.35.
    assert joint_length_m(drawn(houses), houses, attached=attached) == pytest.approx(1500 * 0.35)


def test_ways_to_cells_off_the_road_are_trench_and_told_apart() -> None:
    squares = places((1000, 300), (1000, 550), cell_m=250.0, buildings=2.0, area_id="a")
    found = run(squares).loc["a"]
    assert found["access_m"] == 390 + 325
    assert found["route_m"] == found["trench_m"] == 1000 + 715
    assert found["drops"] == 4
    assert found["drop_m"] == pytest.approx(4 * 95.65, abs=0.05)
    assert found["connected"]
    # On the map the ways are straight.
    assert found.geometry.length == pytest.approx(1550)
    assert run(squares.assign(eligible=0.5)).loc["a", "access_m"] == pytest.approx(715 / 2)


def test_places_outside_areas_or_not_eligible_do_not_pull_the_route() -> None:
    houses = places((300, 0), (800, 0), (900, 0), area_id=["a", "a", None], eligible=[1.0, 0.0, 1.0])
    assert run(houses)["route_m"].tolist() == [300]


def test_an_area_without_a_road_to_the_network_gets_a_straight_link_and_says_so() -> None:
    apart = roads([(0, 0), (1000, 0)], [(1000, 100), (1000, 500)])
    found = run(places((1000, 110), (500, 0), area_id=["island", "shore"]), lines=apart)
    island = found.loc["island"]
    assert not island["connected"]
    assert island["crow_link_m"] == pytest.approx(110 * 1.3)
    assert island["route_m"] == island["trench_m"] == pytest.approx(1143)
    assert island.geometry.distance(Point(1000, 55)) == 0
    assert found.loc["shore", "connected"]
    assert found.loc["shore", "crow_link_m"] == 0


def test_a_straight_link_lands_on_the_nearest_road_and_follows_it() -> None:
    winding = roads([(0, 0), (1000, 0)], [(1000, 0), (1000, 500)], [(0, 520), (900, 520)])
    found = run(places((900, 520), (100, 520), area_id="a"), lines=winding).loc["a"]
    straight = np.hypot(100, 20) * 1.3
    assert found["crow_link_m"] == pytest.approx(straight, abs=0.01)
    assert found["route_m"] == pytest.approx(1500 + straight + 800, abs=0.01)
    assert found["backhaul_m"] == pytest.approx(1500 + straight, abs=0.01)


def test_no_areas_make_no_routes() -> None:
    houses = places((300, 0), area_id=pd.array([None], dtype="str"))
    found = run(houses)
    assert len(found) == 0
    assert {"route_m", "drop_m", "geometry"} <= set(found.columns)
    attached = attached_to(STREET, houses, START)
    assert joint_length_m(drawn(houses), houses, attached=attached) == 0


def optimum(graph: nx.Graph, terminals: list[int]) -> float:
    """Return the length of the shortest Steiner tree, by trying all sets of at most len(terminals) - 2 forks."""
    distance = dict(nx.all_pairs_dijkstra_path_length(graph))
    forks = [node for node in graph if node not in terminals and graph.degree(node) > 2]
    best = np.inf
    for count in range(max(1, len(terminals) - 1)):
        for chosen in combinations(forks, count):
            nodes = [*terminals, *chosen]
            closure = nx.Graph()
            closure.add_nodes_from(nodes)
            closure.add_weighted_edges_from(
                (a, b, distance[a][b]) for a, b in combinations(nodes, 2) if b in distance[a]
            )
            if nx.is_connected(closure):
                best = min(best, nx.minimum_spanning_tree(closure).size(weight="weight"))
    return best


def contracted(attached: Attached) -> nx.Graph:
    """Return the graph with all network nodes as the one node -1."""
    made = nx.Graph([(-1, -1)])
    start = set(attached.network_nodes.tolist())
    for a, b, data in as_networkx(attached.graph).edges(data=True):
        a, b = (-1 if node in start else node for node in (a, b))
        if a != b and data["weight"] < made.get_edge_data(a, b, {"weight": np.inf})["weight"]:
            made.add_edge(a, b, weight=data["weight"])
    made.remove_edge(-1, -1)
    return made


def town_with(seed: int, count: int, *, side: int, missing: float):
    rng = np.random.default_rng(seed)
    town = random_town(seed, side=side, missing=missing)
    houses = places(*map(tuple, np.round(rng.uniform(-20, side * 100 - 80, (count, 2)), 1)), area_id="a")
    starts = [town.geometry.iloc[k].coords[0] for k in rng.choice(len(town), 2)]
    attached = attached_to(town, houses, network(*map(Point, starts)))
    return houses, attached


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_a_route_is_within_twice_the_shortest(seed: int, count: int) -> None:
    houses, attached = town_with(seed, count, side=4, missing=0.0)
    length = route(drawn(houses), houses, attached=attached)["route_m"].item()
    graph = contracted(attached)
    start = set(attached.network_nodes.tolist())
    terminals = sorted({-1, *(int(node) for node in attached.place_node if node not in start)})
    best = optimum(graph, terminals)
    assert best - 0.01 <= length <= 2 * best + 0.01


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_every_route_joins_all_its_places_and_is_no_longer_than_the_spanning_tree(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    houses, attached = town_with(seed, count, side=6, missing=0.2)
    houses["area_id"] = rng.choice(["a", "b", "c"], count)  # interwoven, as no clustering would make them
    areas = drawn(houses)
    found = route(areas, houses, attached=attached).set_index("area_id")
    graph = contracted(attached)
    distance = dict(nx.all_pairs_dijkstra_path_length(graph))
    start = set(attached.network_nodes.tolist())
    for area, part in houses.groupby("area_id"):
        here = attached.place_node[part.index]
        row = found.loc[area]
        assert row["connected"] == (not attached.unreachable[part.index].any())
        assert row["route_m"] == pytest.approx(row["trench_m"] + row["subsea_m"])
        assert row["backhaul_m"] <= row["route_m"] + 0.01
        if not row["connected"]:
            continue
        assert row.geometry.length == pytest.approx(row["route_m"], abs=0.05)
        terminals = sorted({-1, *(int(node) for node in here if node not in start)})
        closure = nx.Graph()
        closure.add_nodes_from(terminals)
        closure.add_weighted_edges_from((a, b, distance[a][b]) for a, b in combinations(terminals, 2))
        assert row["route_m"] <= nx.minimum_spanning_tree(closure).size(weight="weight") + 0.01
        # Dug lines and the network together are one piece, and every place's foot lies on it.
        dug = row.geometry.union(
            gpd.GeoSeries(gpd.points_from_xy(*attached.graph.xy[attached.network_nodes].T)).union_all()
        )
        feet = gpd.GeoSeries(gpd.points_from_xy(*attached.graph.xy[here].T))
        assert feet.distance(dug).max() < 1e-6
        pieces = gpd.GeoSeries([dug.buffer(0.01)]).explode()
        roots = gpd.GeoSeries(gpd.points_from_xy(*attached.graph.xy[attached.network_nodes].T))
        assert all(roots.distance(piece).min() < 0.05 for piece in pieces)
    if not attached.unreachable.any():
        together = joint_length_m(areas, houses, attached=attached)
        assert together <= found["route_m"].sum() + 0.01


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_routes_do_not_depend_on_the_order_of_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    town = random_town(seed)
    houses = places(*map(tuple, np.round(rng.uniform(0, 520, (25, 2)), 1)), area_id=rng.choice(["a", "b"], 25))
    start = network(Point(town.geometry.iloc[0].coords[0]), box(300, 300, 380, 420))
    one = run(houses, lines=town, start=start)
    mixed = {"random_state": seed % 91, "frac": 1}
    two = run(houses.sample(**mixed), lines=town.sample(**mixed), start=start.sample(**mixed))
    pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(two))


def test_routes_over_trondelag_are_as_short_as_those_of_networkx(data_root: Path) -> None:
    lines = gpd.read_file(data_root / "norway/roads/kartverket_N1000_veglenke_trondelag_25833.gpkg")
    towns = gpd.read_file(data_root / "norway/population/kartverket_N1000_tettbebyggelse_25833.gpkg")
    on_road = shapely.line_interpolate_point(lines.geometry.to_numpy()[::5], 0.37, normalized=True)
    houses = places(*map(tuple, shapely.get_coordinates(on_road)), area_id="a")
    attached = attached_to(lines, houses, towns.assign(flagged=True))
    reached = ~attached.unreachable
    assert reached.mean() > 0.9
    graph = contracted(attached)
    start = set(attached.network_nodes.tolist())
    terminals = sorted({-1, *(int(node) for node in attached.place_node[reached] if node not in start)})
    theirs = nx.algorithms.approximation.steiner_tree(
        graph.subgraph(nx.node_connected_component(graph, -1)), terminals, method="mehlhorn"
    )
    houses = houses[reached].reset_index(drop=True)
    found = route(drawn(houses), houses, attached=attached_to(lines, houses, towns.assign(flagged=True))).iloc[0]
    assert found["connected"]
    assert found["stand_in"]
    assert found["route_m"] <= theirs.size(weight="weight") * 1.001
    assert found["route_m"] == pytest.approx(found.geometry.length, abs=5)
