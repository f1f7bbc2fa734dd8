"""Grid cells off the road: a shared way to each, and a drop per building inside."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components
from shapely.geometry import Point, box

from coverage.roads import ACCESS, Attached, attach, build_graph
from coverage.roads.access import add_access, drop_in_cell
from tests.roadside import network, places, random_town, roads

STREET = roads([(0, 0), (10_000, 0)])
START = network(Point(0, 0))
SIDE = 250.0


def cells(*middles: tuple[float, float], lines=STREET, start=START, **columns) -> Attached:
    squares = places(*middles, **{"cell_m": SIDE, **columns})
    return attach(build_graph(lines), squares, mask=np.ones(len(squares), dtype=bool), network=start)


def ways(attached: Attached) -> list[float]:
    return sorted(attached.graph.length_m[attached.graph.kind == ACCESS].tolist())


def test_a_cell_is_joined_to_the_road_by_a_way_with_its_detours() -> None:
    found = cells((1000, 300))
    assert found.graph.xy[found.place_node].tolist() == [[1000, 300]]
    assert ways(found) == [390]  # 300 × 1.3
    distance, _ = found.to_network()
    assert distance[found.place_node].tolist() == [1390]


def test_cells_behind_each_other_share_their_way() -> None:
    found = cells((1000, 300), (1000, 550), (1000, 800))
    assert ways(found) == [325, 325, 390]  # 800 m × 1.3 in all, where three ways of their own would be 1,650 m × 1.3
    distance, _ = found.to_network()
    assert distance[found.place_node].tolist() == [1390, 1715, 2040]


def test_cells_nearer_to_the_road_than_to_each_other_have_ways_of_their_own() -> None:
    assert ways(cells((1000, 100), (1250, 100))) == [130, 130]


def test_homes_and_firms_of_one_cell_stand_in_one_place() -> None:
    found = cells((1000, 300), (1000, 300), buildings=[1.0, 9.0])
    assert ways(found) == [390]
    assert found.place_node[0] == found.place_node[1]
    assert found.place_drop_m[0] > found.place_drop_m[1]


def test_a_cell_on_the_road_needs_no_way() -> None:
    found = cells((1000, 0), (1000, 250))
    assert ways(found) == [325]
    assert found.graph.xy[found.place_node].tolist() == [[1000, 0], [1000, 250]]


def test_cells_between_two_roads_make_no_short_cut() -> None:
    two = roads([(0, 0), (2000, 0)], [(0, 1250), (2000, 1250)])
    found = cells((500, 240), (500, 490), (500, 760), (500, 1010), lines=two)
    assert found.components == 2
    assert ways(found) == [312, 312, 325, 325]  # the two in the middle, 270 m apart, are not joined
    assert found.unreachable.tolist() == [False, False, True, True]


def test_a_cell_farther_than_a_link_may_be_stays_apart_unless_a_network_is_there() -> None:
    found = cells((1000, 2001), (1000, 2251), (5000, 1999))
    assert found.unreachable.tolist() == [True, True, False]
    assert ways(found) == [325, pytest.approx(1999 * 1.3)]  # the two are joined to each other
    island = network(Point(0, 0), box(900, 1900, 1100, 2100))
    assert not cells((1000, 2001), (1000, 2251), start=island).unreachable.any()


def test_a_way_never_lands_on_a_ferry() -> None:
    crossing = roads([(0, 0), (100, 0)], [(100, 0), (1000, 0)], ferry=[False, True])
    found = cells((500, 300), lines=crossing)
    assert ways(found) == [pytest.approx(500 * 1.3)]  # 3-4-5 to the quay at (100, 0)


def test_a_network_area_starts_ways_at_its_border() -> None:
    found = cells((1000, 1000), (1000, 1250), start=network(box(875, 875, 1125, 1125)))
    distance, _ = found.to_network()
    assert distance[found.place_node].tolist() == [0, pytest.approx(125 * 1.3)]


def test_a_place_with_a_position_of_its_own_keeps_its_drop_to_the_road() -> None:
    found = cells((1000, 300), (1000, 290), cell_m=[SIDE, 0.0])
    assert found.place_drop_m[1] == 290
    assert found.graph.xy[found.place_node[1]].tolist() == [1000, 0]
    assert ways(found) == [390]


def test_places_that_are_not_asked_for_get_no_way() -> None:
    squares = places((1000, 300), (2000, 300), cell_m=SIDE)
    found = attach(build_graph(STREET), squares, mask=np.array([True, False]), network=START)
    assert ways(found) == [390]
    assert found.place_node[1] == -1
    assert np.isnan(found.place_drop_m[1])


def test_a_drop_inside_a_cell_is_the_mean_from_its_middle_or_its_part_of_one_path() -> None:
    middle = np.hypot(*np.meshgrid(*[(np.arange(500) + 0.5) / 2 - 125] * 2)).mean()
    one, three, four, hundred = drop_in_cell(np.full(4, SIDE), np.array([1.0, 3.0, 4.0, 100.0]))
    assert one == three == pytest.approx(middle, abs=0.01) == pytest.approx(95.65, abs=0.01)
    assert four == pytest.approx(0.7124 * SIDE / 2)
    assert hundred == pytest.approx(17.81)
    assert drop_in_cell(np.array([SIDE]), np.array([0.2])) == one  # a fraction of a building has no longer drop


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 25))
def test_the_ways_are_the_shortest_forest_and_meet_the_roads_once(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    town = random_town(seed)
    middle = np.round(rng.uniform(-600, 1200, (count, 2)), 1)
    limit = 200.0
    before = build_graph(town)
    graph, node = add_access(before, middle, limit_m=limit)
    np.testing.assert_allclose(graph.xy[node], middle, atol=0.02)

    lines = town.union_all()
    full = nx.Graph()
    full.add_nodes_from([*range(count), "road"])
    for i in range(count):
        full.add_edge(i, "road", weight=Point(middle[i]).distance(lines))
        full.add_weighted_edges_from((i, j, float(np.hypot(*(middle[i] - middle[j])))) for j in range(i))
    full.remove_edges_from([(a, b) for a, b, length in full.edges(data="weight") if length > limit])
    expected = nx.minimum_spanning_tree(full).size(weight="weight")
    assert graph.length_m[graph.kind == ACCESS].sum() == pytest.approx(expected, abs=0.02 * count)

    # A cell hangs on a road just where links within the limit lead to one; no two roads are joined by cells.
    reached = np.isin(graph.component[node], graph.component[: before.nodes])
    assert reached.tolist() == [nx.has_path(full, i, "road") for i in range(count)]
    parts = connected_components(graph.matrix, directed=False)[0]
    apart = len({graph.component[n] for n in node[~reached]})
    assert parts == connected_components(before.matrix, directed=False)[0] + apart


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_ways_do_not_depend_on_the_order_of_cells(seed: int) -> None:
    rng = np.random.default_rng(seed)
    town = random_town(seed)
    # On a lattice nearly all distances are equal to others.
    middle = [tuple(250.0 * rng.integers(-3, 6, 2)) for _ in range(20)]
    start = network(Point(town.geometry.iloc[0].coords[0]))
    one = cells(*middle, lines=town, start=start)
    order = rng.permutation(20)
    two = cells(*(middle[k] for k in order), lines=town, start=start)
    np.testing.assert_array_equal(one.place_node[order], two.place_node)
    np.testing.assert_array_equal(one.graph.length_m, two.graph.length_m)
    np.testing.assert_array_equal(one.graph.line_xy, two.graph.line_xy)
