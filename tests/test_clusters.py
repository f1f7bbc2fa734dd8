"""Areas are contiguous along the road, and cut where a trench would not be shared: fjords, islands, private roads."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.roads import FERRY, attach, build_graph
from tests.roadside import as_networkx, network, places, random_town, roads
from tests.test_areas import groups, node_of, run

# Two shores 800 m apart with a hamlet on each, joined by a ferry alone; the network is on the west one.
FJORD = roads(
    [(0, 0), (2000, 0)],
    [(2000, 0), (2800, 0)],
    [(2800, 0), (4800, 0)],
    ferry=[False, True, False],
)
WEST = ((1900, 9), (1950, 9), (1990, 9))
EAST = ((2810, 9), (2850, 9), (2900, 9))


def test_two_hamlets_across_a_fjord_are_two_areas() -> None:
    marked, _ = run(places(*WEST, *EAST), lines=FJORD, min_premises=3.0)
    assert groups(marked) == {frozenset({"p000", "p001", "p002"}), frozenset({"p003", "p004", "p005"})}
    bridge = FJORD.assign(ferry=False)
    marked, _ = run(places(*WEST, *EAST), lines=bridge, min_premises=3.0)
    assert len(groups(marked)) == 1, "a bridge carries a trench"


def test_a_lonely_house_across_the_fjord_is_too_small_to_stand_alone() -> None:
    marked, _ = run(places(*WEST, EAST[0]), lines=FJORD, min_premises=2.0)
    assert len(groups(marked)) == 1
    marked, _ = run(places(*WEST, EAST[0]), lines=FJORD, min_premises=1.0)
    assert len(groups(marked)) == 2


def test_the_way_around_the_fjord_is_taken_where_it_is_shared_trench() -> None:
    # The ferry is 300 m, the road around 900 m: shorter than the cut, so the houses share its trench.
    around = roads(
        [(0, 0), (2000, 0)],
        [(2000, 0), (2300, 0)],
        [(2300, 0), (3000, 0)],
        [(2000, 0), (2000, 300), (2300, 300), (2300, 0)],
        ferry=[False, True, False, False],
    )
    marked, _ = run(places((1990, 9), (2310, 9)), lines=around)
    assert len(groups(marked)) == 1
    marked, _ = run(places((1990, 9), (2310, 9)), lines=around, cut_m=500.0)
    assert len(groups(marked)) == 2


def test_an_island_with_roads_of_its_own_is_an_area_of_its_own() -> None:
    island = roads([(0, 0), (2000, 0)], [(1000, 400), (1500, 400)])
    marked, _ = run(places((1000, 9), (1100, 9), (1000, 391), (1100, 391)), lines=island, min_premises=50.0)
    assert groups(marked) == {frozenset({"p000", "p001"}), frozenset({"p002", "p003"})}


def test_a_house_on_an_islet_without_a_road_shares_no_trench_with_the_shore() -> None:
    shore = roads([(0, 0), (20_000, 0)])
    marked, _ = run(places((100, 9), (200, 9), (150, 1200)), lines=shore)
    assert groups(marked) == {frozenset({"p000", "p001"}), frozenset({"p002"})}
    marked, _ = run(places((100, 9), (200, 9), (150, 900)), lines=shore)
    assert len(groups(marked)) == 1, "within the cut it is a long drop"


def test_a_private_road_carries_a_trench_as_others_do() -> None:
    # Fibre is laid along private roads with the owner's leave; whether it is private says nothing of who shares it.
    lines = roads([(0, 0), (2000, 0)], [(1000, 0), (1000, 800)]).assign(private=[False, True])
    marked, _ = run(places((1000, 0), (1009, 700)), lines=lines)
    assert len(groups(marked)) == 1


def with_ferries(town: gpd.GeoDataFrame, seed: int) -> gpd.GeoDataFrame:
    ferry = np.random.default_rng(seed).random(len(town)) < 0.2
    ferry[0] = False
    return town.assign(ferry=ferry)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(2, 30), st.sampled_from([80.0, 150.0, 400.0]))
def test_an_area_hangs_together_by_roads_within_the_cut_and_no_two_could_be_one(
    seed: int, count: int, cut: float
) -> None:
    rng = np.random.default_rng(seed)
    houses = places(*map(tuple, np.round(rng.uniform(-20, 520, (count, 2)), 1)))
    town = with_ferries(random_town(seed), seed)
    marked, _ = run(houses, lines=town, cut_m=cut, min_premises=0.0, max_premises=1e9)
    assert FERRY in set(build_graph(town).kind) or not town["ferry"].any()

    # The same by brute force: all pairs of road distances without the ferries, a link where it is within the cut.
    start = network(town.geometry.iloc[0].boundary.geoms[0])
    attached = attach(build_graph(town), houses, mask=np.ones(count, dtype=bool), network=start)
    graph = attached.graph
    dry = as_networkx(graph.take(np.flatnonzero(graph.kind != FERRY)))
    reach = nx.Graph()
    reach.add_nodes_from(range(count))
    node, drop = attached.place_node, attached.place_drop_m
    far = drop > cut
    for one in range(count):
        away = nx.single_source_dijkstra_path_length(dry, int(node[one]), cutoff=cut)
        for other in range(one + 1, count):
            if int(node[other]) in away and not far[one] and not far[other]:
                reach.add_edge(one, other)
    ids = houses["place_id"].to_numpy()
    assert groups(marked) == {frozenset(ids[list(part)]) for part in nx.connected_components(reach)}


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(4, 30), st.sampled_from(["add", "remove", "change"]))
def test_ids_stay_when_data_elsewhere_change(seed: int, count: int, what: str) -> None:
    rng = np.random.default_rng(seed)
    lines = pd.concat([random_town(seed), random_town(seed + 1).translate(50_000, 0).to_frame("geometry")])
    lines = gpd.GeoDataFrame(
        {"ferry": False}, geometry=lines.geometry.to_numpy(), crs=lines.crs, index=range(len(lines))
    )
    xy = np.round(rng.uniform(-20, 520, (count, 2)), 1)
    here, there = places(*map(tuple, xy)), places(*map(tuple, xy + np.array([50_000, 0])))
    there["place_id"] = "a" + there["place_id"] if seed % 2 else "z" + there["place_id"]
    rules = {"cut_m": 150.0, "min_premises": 2.0, "max_premises": 12.0}
    before, _ = run(pd.concat([here, there], ignore_index=True), lines=lines, **rules)
    other = {
        "add": pd.concat([there, there.assign(place_id="n" + there["place_id"])]),
        "remove": there.iloc[: count // 2],
        "change": there.assign(eligible=rng.choice([0.0, 0.5, 1.0], count), weight=3.0),
    }[what]
    changed = pd.concat([other, here], ignore_index=True).sample(frac=1, random_state=seed % 97)
    after, _ = run(changed, lines=lines.sample(frac=1, random_state=seed % 83), **rules)
    mine = set(here["place_id"])
    old = before[before["place_id"].isin(mine)].set_index("place_id")["area_id"].sort_index()
    new = after[after["place_id"].isin(mine)].set_index("place_id")["area_id"].sort_index()
    pd.testing.assert_series_equal(old, new)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(3, 20))
def test_an_id_stays_when_a_place_inside_leaves_unless_it_named_the_area(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    houses = places(*[(x, 9) for x in np.round(np.sort(rng.uniform(0, 900, count)), 1)])
    houses["place_id"] = rng.permutation(houses["place_id"].to_numpy())
    _, before = run(houses)
    gone = int(rng.integers(count))
    _, after = run(houses.drop(index=gone))
    assert len(before) == len(after) == 1
    assert (before["area_id"] == after["area_id"]).all() == (houses["place_id"][gone] != houses["place_id"].min())


def test_every_place_of_one_point_stays_in_one_area() -> None:
    houses = places(*[(100, 9)] * 6)
    assert len(set(node_of(houses, FJORD))) == 1
    marked, _ = run(houses, lines=FJORD, max_premises=2.0)
    assert len(groups(marked)) == 1
