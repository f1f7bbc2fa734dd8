"""Measure Steiner routes against networkx on the same graphs in the same run: time and length.

Run from the project's root: python -m tests.benchmarks.bench_routes [--large] [--data-root DIR]

Ours is `routes.joint_length_m`: all terminals and the network in one tree, the distances to the network included.
networkx gets its graph ready made, with all network nodes as one. `--large` adds a grid of 2.2 million edges with
200,000 places, without networkx. Seeded, offline.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely
from networkx.algorithms.approximation import steiner_tree

from coverage import areas, roads, routes
from coverage.policy import load_policy
from tests.roadside import CRS, as_networkx, network

Case = tuple[str, gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]


def grid(side: int, houses: int, seed: int) -> Case:
    """Make a crooked street grid with a fifth of the streets missing, houses beside it and five networks."""
    rng = np.random.default_rng(seed)
    index = np.arange(side * side).reshape(side, side)
    a = np.concatenate([index[:-1].ravel(), index[:, :-1].ravel()])
    b = np.concatenate([index[1:].ravel(), index[:, 1:].ravel()])
    xy = np.column_stack(np.divmod(np.arange(side * side), side)) * 150.0 + rng.uniform(-50, 50, (side * side, 2))
    kept = rng.random(len(a)) >= 0.2
    lines = shapely.linestrings(np.stack([xy[a[kept]], xy[b[kept]]], axis=1))
    start = network(*shapely.points(xy[rng.choice(len(xy), 5, replace=False)]))
    town = gpd.GeoDataFrame(geometry=lines, crs=CRS)
    return f"grid {side} × {side}", town, settle(rng.uniform(0, side * 150, (houses, 2))), start


def trondelag(data: Path, houses: int, seed: int) -> Case:
    """Read N1000 roads with houses beside them; built-up areas stand for the network."""
    lines = gpd.read_file(data / "norway/roads/kartverket_N1000_veglenke_trondelag_25833.gpkg")
    lines["ferry"] = lines["typeVeg"].isin(["bilferje", "passasjerferje"])
    towns = gpd.read_file(data / "norway/population/kartverket_N1000_tettbebyggelse_25833.gpkg")
    rng = np.random.default_rng(seed)
    chance = lines.length.to_numpy() / lines.length.sum()
    chosen = lines.geometry.to_numpy()[rng.choice(len(lines), houses, p=chance)]
    on_road = shapely.get_coordinates(shapely.line_interpolate_point(chosen, rng.random(houses), normalized=True))
    return "N1000 Trøndelag", lines, settle(on_road + rng.normal(0, 200, (houses, 2))), towns


def settle(xy: np.ndarray) -> gpd.GeoDataFrame:
    """Make eligible homes at coordinates, all of one area until they are delineated."""
    columns = {
        "place_id": [f"h{number:06d}" for number in range(len(xy))],
        "kind": "household",
        "weight": 1.0,
        "employees": np.nan,
        "municipality_code": "5001",
        "locality": "Vik",
        "fixed_down_mbps": 0.0,
        "tier": "below_30",
        "eligible": 1.0,
        "area_id": "all",
    }
    return gpd.GeoDataFrame(columns, geometry=shapely.points(xy), crs=CRS)


def measure(case: Case, *, against: bool) -> None:
    """Print one line of the table."""
    name, lines, houses, start = case
    clock = time.perf_counter()
    graph = roads.build_graph(lines)
    built = time.perf_counter() - clock
    clock = time.perf_counter()
    attached = roads.attach(graph, houses, mask=np.ones(len(houses), dtype=bool), network=start)
    attach_s = time.perf_counter() - clock
    reached = ~attached.unreachable
    houses = houses[reached].reset_index(drop=True)
    attached = roads.attach(graph, houses, mask=np.ones(len(houses), dtype=bool), network=start)
    attached.graph.matrix  # noqa: B018 - networkx gets its graph ready made, too
    one_area = gpd.GeoDataFrame({"area_id": ["all"]}, geometry=[None], crs=CRS)
    clock = time.perf_counter()
    ours_m = routes.joint_length_m(one_area, houses, attached=attached)
    ours_s = time.perf_counter() - clock
    line = f"{name:16} {attached.graph.nodes:9,} nodes {attached.graph.edges:9,} edges {len(houses):7,} places"
    line += f" | build {built:6.2f} s attach {attach_s:6.2f} s | tree {ours_s:7.3f} s {ours_m / 1000:11,.3f} km"
    if against:
        whole = as_networkx(attached.graph)
        on = set(attached.network_nodes.tolist())
        joined = nx.Graph()
        for a, b, data in whole.edges(data=True):
            a, b = (-1 if node in on else node for node in (a, b))
            if a != b and data["weight"] < joined.get_edge_data(a, b, {"weight": np.inf})["weight"]:
                joined.add_edge(a, b, weight=data["weight"])
        joined = joined.subgraph(nx.node_connected_component(joined, -1)).copy()  # it fails on the rest
        terminals = sorted({-1, *(node for node in attached.place_node.tolist() if node not in on)})
        clock = time.perf_counter()
        theirs = steiner_tree(joined, terminals, method="mehlhorn").size(weight="weight")
        theirs_s = time.perf_counter() - clock
        line += f" | networkx {theirs_s:7.3f} s {theirs / 1000:11,.3f} km"
        line += f" | {theirs_s / ours_s:5.1f}× faster, length {ours_m / theirs:.4f}"
    else:
        clock = time.perf_counter()
        marked, lots = areas.delineate(
            houses,
            attached=attached,
            policy=load_policy("no-2024"),
            municipalities=gpd.GeoDataFrame({"municipality_code": ["5001"], "name": ["Vik"]}, geometry=[None], crs=CRS),
        )
        lots_s = time.perf_counter() - clock
        clock = time.perf_counter()
        routes.route(lots, marked, attached=attached)
        line += f" | {len(lots):,} areas {lots_s:.1f} s, their routes {time.perf_counter() - clock:.1f} s"
        line += f" | peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB"
    print(line, flush=True)  # noqa: T201


def main() -> None:
    """Run the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-root", type=Path, default=Path(__file__).parents[3] / "shared" / "data")
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    for side, houses in ((60, 300), (150, 2000), (300, 10_000)):
        measure(grid(side, houses, 1), against=True)
    if options.data_root.is_dir():
        for houses in (500, 5000):
            measure(trondelag(options.data_root, houses, 1), against=True)
    if options.large:
        measure(grid(1175, 200_000, 1), against=False)


if __name__ == "__main__":
    main()
