"""Measure Steiner trees along roads against networkx and rustworkx on the same graphs in the same run.

Run from the project's root: python -m tests.benchmarks.bench_routes [--large] [--repeat N] [--data-root DIR]

All three get the same graph ready made, as each likes it best: the roads with the places on them, all network nodes
as one, in the part that hangs together with it; and the same terminals. Ours is `roads.steiner_tree`, which routes
are made by; networkx's is `steiner_tree` (method mehlhorn); rustworkx's is `steiner_tree`. They take turns, each as
often in a turn as fills a twentieth of a second; each one's time is the mean of its fastest of `--repeat` turns, since
other work on the machine only ever adds. `--large` adds a grid of 2.4 million edges with 200,000 places: areas and
their routes end to end, and the memory. Seeded, offline.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import rustworkx as rx
import shapely
from networkx.algorithms.approximation import steiner_tree

from coverage import areas, roads, routes
from coverage.policy import load_policy
from tests.roadside import CRS, network, places

TURN_S = 0.05

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


def main_roads(data: Path, part: str, houses: int, seed: int) -> Case:
    """Read N1000 roads with houses beside them; built-up areas stand for the network."""
    lines = gpd.read_file(data / f"norway/roads/kartverket_N1000_veglenke_{part}_25833.gpkg")
    lines["ferry"] = lines["typeVeg"].isin(["bilferje", "passasjerferje"])
    towns = gpd.read_file(data / "norway/population/kartverket_N1000_tettbebyggelse_25833.gpkg")
    rng = np.random.default_rng(seed)
    chance = lines.length.to_numpy() / lines.length.sum()
    chosen = lines.geometry.to_numpy()[rng.choice(len(lines), houses, p=chance)]
    on_road = shapely.get_coordinates(shapely.line_interpolate_point(chosen, rng.random(houses), normalized=True))
    return f"N1000 {part}", lines, settle(on_road + rng.normal(0, 200, (houses, 2))), towns


def settle(xy: np.ndarray) -> gpd.GeoDataFrame:
    """Make eligible homes at coordinates, all of one area until they are delineated."""
    return places(*map(tuple, xy), area_id="all")


def put_on(case: Case) -> tuple[gpd.GeoDataFrame, roads.Attached, float, float]:
    """Build the graph and attach the houses: the houses, the graph with them, and the seconds for either."""
    _, lines, houses, start = case
    clock = time.perf_counter()
    graph = roads.build_graph(lines)
    built_s = time.perf_counter() - clock
    clock = time.perf_counter()
    attached = roads.attach(graph, houses, mask=np.ones(len(houses), dtype=bool), network=start)
    return houses, attached, built_s, time.perf_counter() - clock


def compare(case: Case, *, repeat: int) -> None:
    """Print one line of the table."""
    _, attached, _, _ = put_on(case)
    graph, roots = attached.graph, attached.network_nodes
    reached = np.setdiff1d(attached.place_node[~attached.unreachable], roots)
    graph.matrix, graph.pairs  # noqa: B018 - the others get their graphs ready made, too

    # One node for all roots, and of parallel edges the shortest, since neither of the others can do it itself.
    fits = np.isin(graph.component, graph.component[roots])
    name = np.where(np.isin(np.arange(graph.nodes), roots), graph.nodes, np.arange(graph.nodes))
    x, y, length, _ = graph.pairs
    inside = fits[x] & (name[x] != name[y])
    low, high = np.minimum(name[x], name[y])[inside], np.maximum(name[x], name[y])[inside]
    _, number = np.unique(np.concatenate([low, high, reached]), return_inverse=True)
    u, v, terminals = np.split(number, [len(low), 2 * len(low)])
    order = np.lexsort((length[inside], v, u))
    u, v, step = u[order], v[order], length[inside][order]
    first = np.concatenate([[True], (np.diff(u) != 0) | (np.diff(v) != 0)])
    edges = list(zip(u[first].tolist(), v[first].tolist(), step[first].tolist(), strict=True))
    wanted = [*terminals.tolist(), int(number.max())]
    theirs = nx.Graph()
    theirs.add_weighted_edges_from(edges)
    rusty = rx.PyGraph(multigraph=False)
    rusty.add_nodes_from(range(int(number.max()) + 1))
    rusty.add_edges_from(edges)

    runs: dict[str, Callable[[], float]] = {
        "ours": lambda: float(graph.length_m[roads.steiner_tree(graph, reached, roots=roots)].sum()),
        "networkx": lambda: steiner_tree(theirs, wanted, method="mehlhorn").size(weight="weight"),
        "rustworkx": lambda: sum(rx.steiner_tree(rusty, wanted, float).edges()),
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    length_m: dict[str, float] = {}
    for _ in range(repeat):
        for name, run in runs.items():
            count, clock = 0, time.perf_counter()
            while (passed := time.perf_counter() - clock) < TURN_S:
                length_m[name] = run()
                count += 1
            seconds[name].append(passed / count)
    own_s = min(seconds["ours"])
    line = f"{case[0]:16} {graph.edges:9,} edges {len(wanted):6,} terminals | ours {own_s * 1000:8.2f} ms"
    line += f" {length_m['ours'] / 1000:10,.3f} km"
    for name in ("networkx", "rustworkx"):
        their_s = min(seconds[name])
        line += f" | {name} {their_s * 1000:9.2f} ms {their_s / own_s:6.1f}×"
        line += f" length {length_m['ours'] / length_m[name]:.4f}"
    print(line, flush=True)  # noqa: T201


def measure(case: Case) -> None:
    """Print what areas and routes of one case take, from road lines to the tree of every area."""
    houses, attached, built_s, attach_s = put_on(case)
    clock = time.perf_counter()
    marked, lots = areas.delineate(
        houses,
        attached=attached,
        policy=load_policy("no-2024"),
        municipalities=gpd.GeoDataFrame({"municipality_code": ["5001"], "name": ["Vik"]}, geometry=[None], crs=CRS),
    )
    lots_s = time.perf_counter() - clock
    clock = time.perf_counter()
    found = routes.route(lots, marked, attached=attached)
    routes_s = time.perf_counter() - clock
    clock = time.perf_counter()
    joint_m = routes.joint_length_m(lots, marked, attached=attached)
    joint_s = time.perf_counter() - clock
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(  # noqa: T201
        f"{case[0]}: {attached.graph.edges:,} edges, {len(houses):,} places | graph {built_s:.1f} s, places on it"
        f" {attach_s:.1f} s | {len(lots):,} areas {lots_s:.1f} s | their routes {routes_s:.1f} s,"
        f" {found['route_m'].sum() / 1000:,.0f} km | one route for all {joint_s:.1f} s, {joint_m / 1000:,.0f} km"
        f" | peak {peak:.2f} GB",
        flush=True,
    )


def main() -> None:
    """Run the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-root", type=Path, default=Path(__file__).parents[3] / "shared" / "data")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--repeat", type=int, default=9)
    options = parser.parse_args()
    if options.large:  # first, so that the peak of memory is its own
        measure(grid(1175, 200_000, 1))
    for side, houses in ((60, 300), (150, 2000), (300, 10_000)):
        compare(grid(side, houses, 1), repeat=options.repeat)
    if options.data_root.is_dir():
        for part, houses in (("trondelag", 500), ("trondelag", 5000), ("norge", 2000), ("norge", 20_000)):
            compare(main_roads(options.data_root, part, houses, 1), repeat=options.repeat)


if __name__ == "__main__":
    main()
