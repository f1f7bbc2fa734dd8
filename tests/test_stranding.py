"""What a place would cost alone later: branches drawn by hand and by brute force, and their price against the bill."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from coverage.costbook import load_costs
from coverage.costs import price
from coverage.policy import load_policy
from coverage.roads import FERRY, attach, build_graph, grow_trees
from coverage.routes import route
from coverage.stranding import measure_branches, price_branches, sum_up
from tests.roadside import CRS, network, places, random_town, roads

BOOK = load_costs("norway", currency="NOK", price_year=2025)


def measure(houses: gpd.GeoDataFrame, lines: gpd.GeoDataFrame, start: tuple[float, float] = (0, 0)) -> pd.DataFrame:
    ids = sorted(houses["area_id"].dropna().unique())
    areas = gpd.GeoDataFrame({"area_id": ids}, geometry=[None] * len(ids), crs=CRS)
    attached = attach(build_graph(lines), houses, mask=houses["eligible"].to_numpy() > 0, network=network(Point(start)))
    return measure_branches(areas, houses, route(areas, houses, attached=attached), attached=attached)


def one_area(*points: tuple[float, float], **columns: object) -> gpd.GeoDataFrame:
    return places(*points, **columns).assign(area_id="A")


STREET = roads([(0, 0), (1000, 0)])
# A street with two side roads: up at 300, down at 700.
FORK = roads(
    [(0, 0), (300, 0)], [(300, 0), (700, 0)], [(700, 0), (1000, 0)], [(300, 0), (300, 500)], [(700, 0), (700, -250)]
)


def test_the_last_house_of_a_street_needs_the_way_to_the_one_before() -> None:
    found = measure(one_area((100, 5), (400, 10), (900, 15)), STREET)
    assert found["trench_m"].tolist() == [0, 0, 500]
    assert found["subsea_m"].tolist() == [0, 0, 0]
    assert found["drop_m"].tolist() == [5, 10, 15]


def test_a_side_road_is_dug_for_its_only_house() -> None:
    found = measure(one_area((300, 500), (700, -250), (900, 0)), FORK)
    assert found["trench_m"].tolist() == [500, 250, 200]


def test_the_only_place_of_an_area_needs_the_whole_route() -> None:
    assert measure(one_area((900, 0)), STREET)["trench_m"].tolist() == [900]


def test_two_at_the_end_of_a_branch_pay_for_each_other() -> None:
    found = measure(one_area((300, 400), (300, 450), (900, 0)), FORK)
    assert found["trench_m"].tolist() == [0, 50, 600]
    same = measure(one_area((300, 500), (300, 500), (900, 0)), FORK)
    assert same["trench_m"].tolist() == [0, 0, 600]


def test_each_area_has_its_own_branches_and_places_without_one_have_none() -> None:
    houses = places((400, 0), (500, 0), (900, 0), (950, 0), eligible=[1, 1, 1, 0]).assign(area_id=["A", "A", "B", None])
    found = measure(houses, STREET)
    assert found["trench_m"].fillna(-1).tolist() == [0, 100, 900, -1]


def test_a_place_in_the_network_needs_its_drop_alone() -> None:
    assert measure(one_area((0, 7), (900, 0)), STREET)["trench_m"].tolist() == [0, 900]


def test_a_ferry_is_a_cable_in_the_sea() -> None:
    lines = roads([(0, 0), (400, 0)], [(400, 0), (700, 0)], [(700, 0), (900, 0)], ferry=[False, True, False])
    found = measure(one_area((300, 0), (800, 0)), lines)
    assert found["trench_m"].tolist() == [0, 200]
    assert found["subsea_m"].tolist() == [0, 300]


def test_a_part_without_a_road_is_joined_by_its_straight_link() -> None:
    lines = roads([(0, 0), (600, 0)], [(600, 0), (1000, 0)], [(500, 200), (900, 200)])
    found = measure(one_area((100, 0), (600, 200)), lines)
    straight = 1.3 * 200
    assert found["trench_m"].tolist() == pytest.approx([0, straight + 500])  # lands at 600, 500 m beyond the first


def test_the_price_is_the_bill_of_an_area_with_this_place_alone() -> None:
    houses = places((900, 20), weight=3.0, kind="business", buildings=1.0).assign(area_id="A")
    found = measure(houses, STREET)
    areas = gpd.GeoDataFrame(
        {
            "area_id": ["A"],
            "premises": [3.0],
            "businesses": [3.0],
            "public": [0.0],
            "deliver_down_mbps": [100.0],
            "deliver_up_mbps": [10.0],
        },
        geometry=[Point(900, 20).buffer(100)],
        crs=CRS,
    )
    attached = attach(build_graph(STREET), houses, mask=np.array([True]), network=network(Point(0, 0)))
    options, _ = price(areas, route(areas, houses, attached=attached), book=BOOK, policy=load_policy("no-2024"))
    capex = options.set_index("technology")["capex"]["fibre"]
    assert price_branches(houses, found, book=BOOK).tolist() == pytest.approx([capex], abs=0.01)


def test_metres_cost_what_the_book_says() -> None:
    near, far = measure(one_area((100, 0), (200, 0)), STREET), measure(one_area((100, 0), (700, 0)), STREET)
    houses = one_area((100, 0), (200, 0))
    more = price_branches(houses, far, book=BOOK)[1] - price_branches(houses, near, book=BOOK)[1]
    shares = {
        "verge_trench_m": (1 - BOOK["soil_share"].value - BOOK["rock_share"].value) * (1 - BOOK["aerial_share"].value),
        "soil_trench_m": BOOK["soil_share"].value * (1 - BOOK["aerial_share"].value),
        "rock_trench_m": BOOK["rock_share"].value * (1 - BOOK["aerial_share"].value),
        "aerial_m": BOOK["aerial_share"].value,
    }
    metre = sum(share * BOOK[item].value for item, share in shares.items()) * (1 + BOOK["design_overhead"].value)
    assert more == pytest.approx(500 * metre)


def test_median_and_most_are_of_fibre_areas_alone() -> None:
    houses = one_area((1, 0), (2, 0), (3, 0), (4, 0)).assign(
        area_id=["A", "A", "A", "B"], stranding_capex=[10.0, 30.0, 80.0, 5.0]
    )
    areas = gpd.GeoDataFrame({"area_id": ["B", "A"], "technology": ["fwa", "fibre"]}, geometry=[None, None], crs=CRS)
    found = sum_up(areas, houses)
    assert found["stranding_capex_median"].fillna(-1).tolist() == [-1, 30]
    assert found["stranding_capex_max"].fillna(-1).tolist() == [-1, 80]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 25), st.integers(1, 3))
def test_a_branch_is_what_the_tree_loses_when_its_place_is_left_out(seed: int, count: int, parts: int) -> None:
    rng = np.random.default_rng(seed)
    houses = places(*map(tuple, np.round(rng.uniform(-20, 520, (count, 2)), 1)))
    houses["area_id"] = rng.choice(list("ABC")[:parts], count)
    lines = random_town(seed)
    lines["ferry"] = (rng.random(len(lines)) < 0.2) & (np.arange(len(lines)) > 0)
    start = lines.geometry.iloc[0].coords[0]
    found = measure(houses, lines, start)

    attached = attach(build_graph(lines), houses, mask=np.ones(count, dtype=bool), network=network(Point(start)))
    graph, roots = attached.graph, set(attached.network_nodes.tolist())
    ids = sorted(houses["area_id"].unique())
    group = houses["area_id"].map({name: at for at, name in enumerate(ids)}).to_numpy()
    trees = grow_trees(attached, group, attached.place_node, len(ids))
    for at in range(len(ids)):
        tree = nx.Graph()
        edges = trees.edge[trees.group == at]
        for u, v, length, kind in zip(
            graph.u[edges], graph.v[edges], graph.length_m[edges], graph.kind[edges], strict=True
        ):
            ends = ["net" if int(node) in roots else int(node) for node in (u, v)]
            tree.add_edge(*ends, land=length * (kind != FERRY), sea=length * (kind == FERRY))
        for (u, v), line in zip(
            trees.crow_nodes[trees.crow_group == at], trees.crow_line[trees.crow_group == at], strict=True
        ):
            ends = ["net" if int(node) in roots else int(node) for node in (u, v)]
            tree.add_edge(*ends, land=1.3 * np.hypot(line[0] - line[2], line[1] - line[3]), sea=0.0)
        mine = np.flatnonzero(group == at)
        terminal = {
            place: "net" if node in roots else node
            for place, node in zip(mine, attached.place_node[mine].tolist(), strict=True)
        }
        for place in mine:
            rest = {"net", *(node for other, node in terminal.items() if other != place)}
            left = tree.copy()
            while loose := [node for node in left if left.degree(node) <= 1 and node not in rest]:
                left.remove_nodes_from(loose)
            for name, column in (("land", "trench_m"), ("sea", "subsea_m")):
                lost = tree.size(weight=name) - left.size(weight=name)
                assert found[column].iloc[place] == pytest.approx(lost, abs=0.01)
    assert (found[["trench_m", "subsea_m"]].sum(axis=1) >= 0).all()
