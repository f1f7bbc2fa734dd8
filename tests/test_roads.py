from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point, Polygon, box

from coverage.errors import CrsError, DataError
from coverage.roads import (
    FERRY,
    PRIVATE,
    ROAD,
    SPUR,
    RoadGraph,
    attach,
    build_graph,
    remarks,
    span,
    spanning_forest,
    steiner_tree,
    walk_to_sources,
)
from tests.roadside import as_networkx, network, places, random_town, roads

STREET = roads([(0, 0), (100, 0)])
FAR_END = network(Point(0, 0))


def every(frame) -> np.ndarray:
    return np.ones(len(frame), dtype=bool)


def same(one: RoadGraph, other: RoadGraph) -> None:
    for name in ("xy", "u", "v", "length_m", "kind", "start", "line_xy"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def test_lines_that_share_a_vertex_meet_there() -> None:
    graph = build_graph(roads([(-10, 0), (0, 0), (10, 0)], [(0, -10), (0, 0), (0, 10)]))
    assert (graph.nodes, graph.edges) == (5, 4)
    assert graph.component.max() == 0


def test_lines_that_cross_without_a_vertex_are_a_bridge() -> None:
    graph = build_graph(roads([(-10, 0), (10, 0)], [(0, -10), (0, 10)]))
    assert (graph.nodes, graph.edges) == (4, 2)
    assert graph.component.max() == 1


@pytest.mark.parametrize(("gap", "parts"), [(0.0, 1), (0.9, 1), (1.1, 2)])
def test_ends_meet_within_the_tolerance(gap: float, parts: int) -> None:
    graph = build_graph(roads([(0, 0), (100, 0)], [(100 + gap, 0), (200, 0)]), tolerance_m=1.0)
    assert graph.component.max() + 1 == parts


@pytest.mark.parametrize(("gap", "edges"), [(0.0, 3), (0.9, 3), (1.1, 2)])
def test_an_end_that_touches_a_line_between_its_vertices_cuts_it(gap: float, edges: int) -> None:
    graph = build_graph(roads([(0, 0), (100, 0)], [(30, gap), (30, 80)]), tolerance_m=1.0)
    assert graph.edges == edges
    assert graph.length_m.sum() == pytest.approx(180 - gap, abs=0.1)


def test_an_edge_keeps_its_bends() -> None:
    graph = build_graph(roads([(0, 0), (30, 0), (30, 40)]))
    assert (graph.nodes, graph.edges) == (2, 1)
    assert graph.length_m.tolist() == [70.0]
    assert graph.lines()[0].equals(LineString([(0, 0), (30, 0), (30, 40)]))


def test_a_ring_keeps_its_length() -> None:
    graph = build_graph(roads([(0, 0), (30, 0), (30, 40), (0, 0)]))
    assert graph.length_m.tolist() == [120.0]
    assert graph.u.tolist() == graph.v.tolist()


def test_close_vertices_of_one_line_do_not_collapse_into_a_node() -> None:
    dense = [(x * 0.4, 0.0) for x in range(251)]
    graph = build_graph(roads(dense, [(0, 0), (0, 50)]), tolerance_m=1.0)
    assert graph.length_m.sum() == pytest.approx(150, abs=1)


def test_a_ferry_is_marked_and_parts_of_a_line_are_lines() -> None:
    frame = roads([(0, 0), (100, 0)], [(100, 0), (300, 0)], ferry=[False, True])
    frame.loc[0, "geometry"] = MultiLineString([[(0, 0), (50, 0)], [(50, 0), (100, 0)]])
    graph = build_graph(frame)
    assert graph.length_m[graph.kind == FERRY].tolist() == [200.0]
    assert graph.length_m[graph.kind == ROAD].tolist() == [50.0, 50.0]


def test_a_private_road_is_marked_and_places_lie_along_it() -> None:
    frame = roads([(0, 0), (100, 0)], [(100, 0), (300, 0)]).assign(private=[False, True])
    graph = build_graph(frame)
    assert graph.length_m[graph.kind == PRIVATE].tolist() == [200.0]
    houses = places((200, 10))
    attached = attach(graph, houses, mask=every(houses), network=FAR_END)
    assert attached.graph.xy[attached.place_node[0]].tolist() == [200, 0]
    # A private ferry is a ferry.
    assert build_graph(frame.assign(ferry=True)).kind.tolist() == [FERRY, FERRY]


def test_parts_that_do_not_hang_together_are_told() -> None:
    assert remarks(build_graph(STREET)) == ()
    (said,) = remarks(build_graph(roads([(0, 0), (3000, 0)], [(0, 500), (1000, 500)])))
    assert said.startswith("roads: 2 parts do not hang together; the largest has 75.0% of 4 km")


def test_of_parallel_roads_the_shortest_counts() -> None:
    graph = build_graph(roads([(0, 0), (50, 50), (100, 0)], [(0, 0), (100, 0)]))
    assert graph.edges == 2
    assert graph.matrix[0, 1] == 100.0
    assert graph.length_m[graph.edge_between(np.array([0]), np.array([1]))].tolist() == [100.0]


def test_roads_without_lines_are_refused() -> None:
    with pytest.raises(DataError, match="holds no line"):
        build_graph(STREET.iloc[:0])
    with pytest.raises(DataError, match="holds no line"):
        build_graph(roads([(5, 5), (5, 5)]))


def test_a_road_that_is_an_area_is_refused_by_its_row() -> None:
    frame = roads([(0, 0), (1, 0)], [(0, 0), (5, 5)])
    frame.loc[1, "geometry"] = box(0, 0, 1, 1)
    with pytest.raises(DataError, match="row 2 is a Polygon"):
        build_graph(frame)


def test_roads_in_degrees_are_refused() -> None:
    with pytest.raises(CrsError):
        build_graph(STREET.set_crs("EPSG:4326", allow_override=True))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_the_graph_does_not_depend_on_the_order_of_rows(seed: int) -> None:
    town = random_town(seed)
    same(build_graph(town), build_graph(town.sample(frac=1, random_state=seed % 97)))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_no_metre_of_road_is_lost(seed: int) -> None:
    town = random_town(seed)
    graph = build_graph(town)
    assert graph.length_m.sum() == pytest.approx(town.length.sum(), abs=0.01)
    rng = np.random.default_rng(seed)
    houses = places(*map(tuple, rng.uniform(-50, 600, (15, 2))))
    attached = attach(graph, houses, mask=every(houses), network=network(Point(town.geometry.iloc[0].coords[0])))
    assert attached.graph.length_m.sum() == pytest.approx(town.length.sum(), abs=0.1)
    foot = shapely.points(attached.graph.xy[attached.place_node])
    np.testing.assert_allclose(shapely.distance(houses.geometry.array, foot), attached.place_drop_m, atol=0.02)
    np.testing.assert_allclose(attached.place_drop_m, houses.distance(town.union_all()), atol=0.02)


def test_places_meet_the_road_at_their_foot() -> None:
    houses = places((30, 10), (70, -5), (30, -20), (100.0, 3))
    attached = attach(build_graph(STREET), houses, mask=every(houses), network=FAR_END)
    assert attached.graph.xy[attached.place_node].tolist() == [[30, 0], [70, 0], [30, 0], [100, 0]]
    assert attached.place_drop_m.tolist() == [10, 5, 20, 3]
    assert attached.place_node[0] == attached.place_node[2]
    assert sorted(attached.graph.length_m) == [30, 30, 40]
    assert not attached.unreachable.any()


def test_a_place_that_is_not_asked_for_is_not_attached() -> None:
    houses = places((30, 10), (70, -5))
    attached = attach(build_graph(STREET), houses, mask=np.array([False, True]), network=FAR_END)
    assert attached.place_node[0] == -1
    assert np.isnan(attached.place_drop_m[0])
    assert attached.graph.edges == 2


def test_a_place_never_meets_a_ferry() -> None:
    graph = build_graph(roads([(0, 0), (100, 0)], [(100, 0), (500, 0)], ferry=[False, True]))
    houses = places((300, 10))
    attached = attach(graph, houses, mask=every(houses), network=FAR_END)
    assert attached.graph.xy[attached.place_node[0]].tolist() == [100, 0]


def test_a_network_point_is_joined_by_a_spur_of_its_true_length() -> None:
    houses = places((30, 0))
    attached = attach(build_graph(STREET), houses, mask=every(houses), network=network(Point(60, 40)))
    graph = attached.graph
    assert graph.xy[attached.network_nodes].tolist() == [[60, 40]]
    assert graph.length_m[graph.kind == SPUR].tolist() == [40.0]
    distance, _ = attached.to_network()
    assert distance[attached.place_node[0]] == 70


def test_a_network_area_cuts_roads_at_its_border_and_serves_what_is_inside() -> None:
    houses = places((70, 5), (90, 5))
    attached = attach(build_graph(STREET), houses, mask=every(houses), network=network(box(80, -50, 200, 50)))
    assert attached.graph.xy[attached.network_nodes].tolist() == [[100, 0], [80, 0], [90, 0]]
    distance, _ = attached.to_network()
    assert distance[attached.place_node].tolist() == [10, 0]


def test_a_network_line_serves_the_roads_beside_it() -> None:
    crossing = LineString([(40, -60), (40, 60)])
    beside = LineString([(90, 20), (200, 20)])
    houses = places((95, 0), (66, 0))
    attached = attach(build_graph(STREET), houses, mask=every(houses), network=network(crossing, beside), reach_m=25)
    distance, _ = attached.to_network()
    assert distance[attached.place_node].tolist() == [0, 24]
    assert [40, 0] in attached.graph.xy[attached.network_nodes].tolist()


def test_a_start_is_a_stand_in_only_where_nothing_surer_stands() -> None:
    stand_in = box(80, -50, 200, 50)
    houses = places((30, 0))
    sure_too = network(stand_in, Point(100, 0), flagged=[True, False])
    attached = attach(build_graph(STREET), houses, mask=every(houses), network=sure_too)
    flagged = dict(zip(attached.graph.xy[attached.network_nodes][:, 0].tolist(), attached.network_flagged, strict=True))
    assert flagged == {100.0: False, 80.0: True}


def test_places_without_a_road_to_a_network_are_reported() -> None:
    graph = build_graph(roads([(0, 0), (100, 0)], [(0, 500), (100, 500)]))
    houses = places((50, 5), (50, 495), (60, 495))
    attached = attach(graph, houses, mask=np.array([True, True, False]), network=FAR_END)
    assert attached.unreachable.tolist() == [False, True, False]
    assert attached.components == 2


def test_networks_far_from_every_road_are_counted() -> None:
    houses = places((50, 5))
    far = network(Point(0, 0), Point(0, 9000))
    assert attach(build_graph(STREET), houses, mask=every(houses), network=far).network_apart == 1
    with pytest.raises(DataError, match="within 2000 m of a road"):
        attach(build_graph(STREET), houses, mask=every(houses), network=far.iloc[1:])


def test_no_network_at_all_is_refused() -> None:
    houses = places((50, 5))
    for empty in (FAR_END.iloc[:0], network(Polygon())):
        with pytest.raises(DataError, match="where fibre is today"):
            attach(build_graph(STREET), houses, mask=every(houses), network=empty)


def test_frames_in_different_systems_are_refused() -> None:
    houses = places((50, 5)).set_crs("EPSG:25832", allow_override=True)
    with pytest.raises(CrsError, match="places"):
        attach(build_graph(STREET), houses, mask=every(houses), network=FAR_END)


def test_only_ferries_are_refused() -> None:
    graph = build_graph(roads([(0, 0), (100, 0)], ferry=[True]))
    houses = places((50, 5))
    with pytest.raises(DataError, match="every line is a ferry"):
        attach(graph, houses, mask=every(houses), network=FAR_END)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_span_is_the_spanning_tree_of_all_road_distances(seed: int, count: int) -> None:
    graph = build_graph(random_town(seed))
    count = min(count, graph.nodes)
    terminals = np.sort(np.random.default_rng(seed).choice(graph.nodes, count, replace=False))
    links = span(graph, terminals, paths=True)
    distances = dict(nx.all_pairs_dijkstra_path_length(as_networkx(graph)))
    closure = nx.Graph()
    closure.add_nodes_from(terminals.tolist())
    for a in terminals.tolist():
        closure.add_weighted_edges_from(
            (a, b, distances[a][b]) for b in terminals.tolist() if b > a and b in distances[a]
        )
    expected = nx.minimum_spanning_tree(closure).size(weight="weight")
    assert links.length_m.sum() == pytest.approx(expected)
    for number, (a, b, length) in enumerate(zip(links.s, links.t, links.length_m, strict=True)):
        path = links.path_edge[links.path_link == number]
        assert graph.length_m[path].sum() == pytest.approx(length)
        ends, degree = np.unique(np.concatenate([graph.u[path], graph.v[path]]), return_counts=True)
        assert sorted(ends[degree == 1].tolist()) == sorted([a, b])
    everything = np.arange(graph.nodes)
    assert span(graph, terminals, within=everything).length_m.sum() == pytest.approx(expected)
    limit = 150.0
    short = span(graph, terminals, limit_m=limit).length_m
    assert sorted(short) == pytest.approx(sorted(links.length_m[links.length_m <= limit]))


def test_a_spanning_forest_takes_the_shortest_of_parallels_and_no_loop() -> None:
    a, b = np.array([0, 1, 0, 2, 3, 1]), np.array([1, 0, 0, 1, 4, 2])
    length = np.array([5.0, 4.0, 1.0, 3.0, 9.0, 3.0])
    assert spanning_forest(a, b, length, size=6).tolist() == [1, 3, 4]
    none = np.empty(0, dtype=np.int64)
    assert spanning_forest(none, none, np.empty(0), size=0).tolist() == []


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 12))
def test_a_spanning_forest_is_as_short_as_that_of_networkx(seed: int, edges: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, size, edges), rng.integers(0, size, edges)
    length = rng.integers(1, 9, edges) / 1000  # in millimetres, so that many are equal
    chosen = spanning_forest(a, b, length, size=size)
    full = nx.MultiGraph()
    full.add_nodes_from(range(size))
    full.add_weighted_edges_from(zip(a.tolist(), b.tolist(), length.tolist(), strict=True))
    forest = nx.MultiGraph()
    forest.add_nodes_from(range(size))
    forest.add_edges_from(zip(a[chosen].tolist(), b[chosen].tolist(), strict=True))
    assert nx.is_forest(forest)
    assert nx.number_connected_components(forest) == nx.number_connected_components(full)
    assert length[chosen].sum() == pytest.approx(nx.minimum_spanning_tree(full).size(weight="weight"))


def test_a_tree_joins_its_terminals_to_the_nearest_root() -> None:
    # A street of 100 m with a side street at 40; roots at both ends, a terminal at 30 and one up the side street.
    graph = build_graph(roads([(0, 0), (30, 0), (40, 0), (100, 0)], [(40, 0), (40, 20)], [(30, 0), (30, 5)]))
    node = {(x, y): number for number, (x, y) in enumerate(graph.xy.tolist())}
    chosen = steiner_tree(graph, np.array([node[30, 0], node[40, 20]]), roots=np.array([node[0, 0], node[100, 0]]))
    assert sorted(graph.length_m[chosen].tolist()) == [10, 20, 30]
    alone = np.array([node[100, 0]])
    assert steiner_tree(graph, np.empty(0, dtype=np.int64), roots=alone).tolist() == []


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 3))
def test_a_tree_is_one_piece_with_the_roots_and_ends_in_terminals(seed: int, count: int, starts: int) -> None:
    graph = build_graph(random_town(seed))
    chosen = np.random.default_rng(seed).choice(graph.nodes, min(count + starts, graph.nodes), replace=False)
    roots, terminals = np.sort(chosen[:starts]), np.sort(chosen[starts:])
    edges = steiner_tree(graph, terminals, roots=roots)
    ends = np.concatenate([graph.u[edges], graph.v[edges]])
    ends[np.isin(ends, roots)] = -1
    a, b = np.split(ends, 2)
    tree = nx.MultiGraph([(-1, -1)])
    tree.remove_edge(-1, -1)
    tree.add_nodes_from(terminals.tolist())
    tree.add_edges_from(zip(a.tolist(), b.tolist(), strict=True))
    assert nx.is_forest(tree)
    assert {node for node, degree in tree.degree if degree == 1} <= {-1, *terminals.tolist()}
    served = np.isin(graph.component, graph.component[roots])
    for terminal in terminals.tolist():
        assert nx.has_path(tree, -1, terminal) == served[terminal]
    distance = dict(nx.all_pairs_dijkstra_path_length(as_networkx(graph)))
    closure = nx.Graph()
    closure.add_nodes_from([-1, *terminals.tolist()])
    for node in terminals.tolist():
        closure.add_weighted_edges_from((node, t, m) for t, m in distance[node].items() if t in terminals)
        reach = [distance[node][root] for root in roots.tolist() if root in distance[node]]
        closure.add_weighted_edges_from((node, -1, min(reach)) for _ in reach)
    assert graph.length_m[edges].sum() <= nx.minimum_spanning_tree(closure).size(weight="weight") + 0.01


def test_a_walk_goes_back_to_its_source() -> None:
    before = np.array([-9999, 0, 1, 2])
    walk, here, there = walk_to_sources(np.array([3, 1]), before)
    assert sorted(zip(walk.tolist(), here.tolist(), there.tolist(), strict=True)) == [
        (0, 1, 0),
        (0, 2, 1),
        (0, 3, 2),
        (1, 1, 0),
    ]


def test_no_metre_of_the_roads_of_trondelag_is_lost(data_root: Path) -> None:
    lines = gpd.read_file(data_root / "norway/roads/kartverket_N1000_veglenke_trondelag_25833.gpkg")
    lines["ferry"] = lines["typeVeg"].isin(["bilferje", "passasjerferje"])
    graph = build_graph(lines)
    assert graph.length_m.sum() == pytest.approx(lines.length.sum(), abs=1)
    assert graph.length_m[graph.kind == FERRY].sum() == pytest.approx(lines[lines["ferry"]].length.sum(), abs=1)
    main = np.bincount(graph.component[graph.u], graph.length_m).max()
    assert main > 0.9 * graph.length_m.sum(), "the county's roads hang together"


def test_the_main_roads_of_norway_make_one_graph_with_its_ferries(data_root: Path) -> None:
    lines = gpd.read_file(data_root / "norway/roads/kartverket_N1000_veglenke_norge_25833.gpkg")
    lines["ferry"] = lines["typeVeg"].isin(["bilferje", "passasjerferje"])
    graph = build_graph(lines)
    assert graph.length_m.sum() == pytest.approx(lines.length.sum(), rel=1e-5)
    assert graph.length_m[graph.kind == FERRY].sum() == pytest.approx(lines[lines["ferry"]].length.sum(), rel=1e-4)
    part_m = np.bincount(graph.component[graph.u], graph.length_m)
    assert part_m.max() > 0.9 * part_m.sum()
    (said,) = remarks(graph)
    assert f"{len(part_m):,} parts" in said

    # From Trondheim to Oslo by road: 460 to 560 km (E6, Rv3); Trondheim and Tromsø are 1,100 km apart.
    towns = gpd.GeoSeries.from_xy([10.3951, 10.7522, 18.9553], [63.4305, 59.9139, 69.6492], crs="EPSG:4326")
    towns = towns.to_crs(lines.crs)
    homes = places(*[(point.x, point.y) for point in towns.iloc[1:]])
    attached = attach(graph, homes, mask=every(homes), network=network(towns.iloc[0]))
    distance, _ = attached.to_network()
    oslo_m, tromso_m = distance[attached.place_node].tolist()
    source = int(attached.network_nodes[0])
    theirs = nx.single_source_dijkstra_path_length(as_networkx(attached.graph), source)
    assert oslo_m == pytest.approx(theirs[int(attached.place_node[0])], abs=0.01)
    assert tromso_m == pytest.approx(theirs[int(attached.place_node[1])], abs=0.01)
    assert 450_000 < oslo_m < 560_000
    assert 1_000_000 < tromso_m < 1_250_000
