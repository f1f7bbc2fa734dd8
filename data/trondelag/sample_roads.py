"""The roads of the sample: a county skeleton between the settlements, then each municipality's own tails.

Edges join neighbouring cells of the 250 m grid; each is two half edges over the 125 m lattice, so streets of a
town and country roads share their nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from sample_land import HALF_M, NEIGHBOURS, SEA, SEED, Land, half_xy
from sample_names import hamlet_name, road_name
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra, minimum_spanning_tree

MAIN, LOCAL, TRACK, FERRY = 0, 1, 2, 3
ROAD_TYPES = ("main", "local", "track", "ferry")
SEA_COST = 4.0
PORT_COST = 12.0
FERRY_REACH_CELLS = 40
BRIDGE_M = 700


def _grid_graph(land: Land, usable: np.ndarray) -> tuple[np.ndarray, csr_array]:
    """Return the flat ids of usable cells and the graph between neighbours."""
    ids = np.flatnonzero(usable)
    local = np.full(usable.size, -1, np.int32)
    local[ids] = np.arange(len(ids))
    local = local.reshape(usable.shape)
    sea = land.centre_owner == SEA
    price = np.where(sea, SEA_COST, land.cost)
    heads, tails, weights = [], [], []
    height, width = usable.shape
    for dr, dc in NEIGHBOURS:
        a = (slice(0, height - dr), slice(max(0, -dc), width - max(0, dc)))
        b = (slice(dr, height), slice(max(0, dc), width - max(0, -dc)))
        both = usable[a] & usable[b]
        step = np.hypot(dr, dc)
        weight = step * (price[a][both] + price[b][both]) / 2 + PORT_COST * (sea[a][both] != sea[b][both])
        heads.append(local[a][both])
        tails.append(local[b][both])
        weights.append(weight)
    u, v, w = np.concatenate(heads), np.concatenate(tails), np.concatenate(weights)
    n = len(ids)
    return ids, _sparse(np.r_[w, w], np.r_[u, v], np.r_[v, u], n)


def _sparse(weight: np.ndarray, u: np.ndarray, v: np.ndarray, n: int) -> csr_array:
    """Return the graph with 32-bit indices, which every version of the graph routines takes."""
    return coo_array((weight, (u.astype(np.int32), v.astype(np.int32))), shape=(n, n)).tocsr()


def _walk(pred: np.ndarray, node: int) -> list[int]:
    path = [node]
    while pred[path[-1]] >= 0:
        path.append(int(pred[path[-1]]))
    return path


def skeleton(land: Land) -> np.ndarray:
    """Return the county's main roads and ferries as unique pairs of flat cell ids."""
    usable = ((land.centre_owner != SEA) & ~land.lake) | (
        (land.centre_owner == SEA) & (land.sea_distance <= FERRY_REACH_CELLS)
    )
    ids, graph = _grid_graph(land, usable)
    width = land.shape[1]
    seats = np.unique(land.settlements["row"].to_numpy() * width + land.settlements["column"].to_numpy())
    start = np.searchsorted(ids, seats)
    distance, pred, source = dijkstra(graph, indices=start, min_only=True, return_predecessors=True, directed=True)
    links = graph.tocoo()
    u, v = links.coords
    cross = (u < v) & (source[u] != source[v]) & np.isfinite(distance[u]) & np.isfinite(distance[v])
    u, v, w = u[cross], v[cross], links.data[cross]
    total = distance[u] + w + distance[v]
    number = {int(s): i for i, s in enumerate(start)}
    a = np.array([number[int(s)] for s in source[u]])
    b = np.array([number[int(s)] for s in source[v]])
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((v, u, total, high, low))
    first = np.r_[True, (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)]
    best = order[first]
    n = len(start)
    tree = minimum_spanning_tree(_sparse(total[best], low[best], high[best], n)).tocoo()
    chosen = set(zip(tree.coords[0].tolist(), tree.coords[1].tolist(), strict=True))
    chosen |= {(q, p) for p, q in chosen}
    kept = [k for k in best if (int(low[k]), int(high[k])) in chosen]
    rest = [k for k in sorted(best, key=lambda k: (total[k], int(u[k]))) if (int(low[k]), int(high[k])) not in chosen]
    net = tree.tocsr().tolil()
    sea = land.centre_owner.ravel()[ids] == SEA
    for k in rest:
        path = _walk(pred, int(u[k])) + _walk(pred, int(v[k]))
        if sea[path].any() or total[k] > 260:
            continue
        now = dijkstra(net.tocsr(), indices=int(low[k]), directed=False)[int(high[k])]
        if now > 1.9 * total[k]:
            net[int(low[k]), int(high[k])] = total[k]
            kept.append(k)
    pairs = []
    for k in kept:
        left, right = _walk(pred, int(u[k])), _walk(pred, int(v[k]))
        chain = ids[np.array(left[::-1] + right)]
        pairs.append(np.stack([chain[:-1], chain[1:]], axis=1))
    edges = np.sort(np.concatenate(pairs), axis=1)
    return np.unique(edges, axis=0)


@dataclass
class Network:
    """Hold one municipality's roads on the half lattice, and what premises need to know of them."""

    half: np.ndarray  # (n, 2) flat half node ids
    kind: np.ndarray
    chain: np.ndarray  # which line of `lines` a half edge is in
    xy: dict[int, tuple[int, int]]
    lines: pd.DataFrame  # geometry, road_type, private, name
    cell_of_edge: np.ndarray  # flat cell id of each half edge's middle
    town: pd.DataFrame  # flat cell id → settlement row, homes share
    hamlets: pd.DataFrame  # name, row, column
    remoteness: np.ndarray  # per half edge: cells from the skeleton


def half_ids(land: Land, pairs: np.ndarray) -> np.ndarray:
    """Split cell pairs into pairs of half-lattice nodes, flat."""
    width, wide = land.shape[1], 2 * land.shape[1] + 1
    (ra, ca), (rb, cb) = divmod(pairs[:, 0], width), divmod(pairs[:, 1], width)
    a = (2 * ra + 1) * wide + 2 * ca + 1
    b = (2 * rb + 1) * wide + 2 * cb + 1
    middle = (ra + rb + 1) * wide + ca + cb + 1
    return np.concatenate([np.stack([a, middle], 1), np.stack([middle, b], 1)])


def edge_owner(land: Land, pairs: np.ndarray) -> np.ndarray:
    """Return the municipality that keeps each skeleton edge: the owner of its first cell on land."""
    a = land.centre_owner.ravel()[pairs[:, 0]]
    b = land.centre_owner.ravel()[pairs[:, 1]]
    return np.where(a != SEA, a, np.where(b != SEA, b, land.nearest_owner.ravel()[pairs[:, 0]]))


def _town_cells(land: Land, mine: pd.DataFrame, ok: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Grow every settlement over the nearest free cells until it has room for its homes."""
    rr, cc = np.nonzero(ok)
    flat = rr * land.shape[1] + cc
    rough = rng.normal(0, 0.35, len(rr))
    offers = []
    for k, seat in enumerate(mine.itertuples()):
        need = max(1, int(np.ceil(seat.central_homes / seat.homes_per_cell)))
        radius = np.sqrt(need / np.pi)
        d = np.hypot(rr - seat.row, cc - seat.column)
        near = np.flatnonzero(d <= 2.2 * radius + 3)
        score = d[near] / radius * np.exp(rough[near] * 0.4) * land.cost.ravel()[flat[near]] ** 0.25
        offers.append(
            pd.DataFrame({"cell": flat[near], "seat": k, "score": score, "need": need, "d": d[near] / radius})
        )
    offer = pd.concat(offers).sort_values(["score", "cell", "seat"])
    left = {k: int(n) for k, n in offer.groupby("seat")["need"].first().items()}
    taken: dict[int, tuple[int, float]] = {}
    for row in offer.itertuples():
        if left[row.seat] > 0 and row.cell not in taken:
            taken[row.cell] = (row.seat, row.d)
            left[row.seat] -= 1
    town = pd.DataFrame([(c, s, d) for c, (s, d) in taken.items()], columns=["cell", "seat", "d"]).sort_values("cell")
    town["pull"] = np.exp(-0.9 * town["d"]) * np.exp(rng.normal(0, 0.45, len(town)))
    town["share"] = town["pull"] / town.groupby("seat")["pull"].transform("sum")
    return town.reset_index(drop=True)


def make_network(
    land: Land, main: np.ndarray, index: int, mine: pd.DataFrame, rural_homes: int, rng: np.random.Generator
) -> Network:
    """Grow one municipality's roads: the skeleton, streets in towns, hamlets, and tails to farms."""
    width, wide = land.shape[1], 2 * land.shape[1] + 1
    own = main[edge_owner(land, main) == index]
    inside = (land.centre_owner == index) & ~land.lake
    ids, graph = _grid_graph(land, inside)
    ends = np.unique(own)
    ends = ends[inside.ravel()[ends]]
    seats = mine["row"].to_numpy() * width + mine["column"].to_numpy()
    start = np.searchsorted(ids, np.union1d(ends, seats))
    distance, pred, _ = dijkstra(graph, indices=start, min_only=True, return_predecessors=True)
    reach = np.isfinite(distance)
    rows, columns = divmod(ids, width)

    # Targets: hamlets first, then single farms and tails. Near the main roads and on easy ground, but some far out.
    done = np.zeros(len(ids), bool)
    done[start] = True
    price = land.cost.ravel()[ids]
    seat_d = np.min(
        [np.hypot(rows - s.row, columns - s.column) / (4 + np.sqrt(s.residents) / 6) for s in mine.itertuples()], axis=0
    )
    pull = np.exp(-distance / 9.0) * np.exp(-price) * (0.15 + np.exp(-seat_d / 6.0))
    pull = np.where(reach & (distance > 0) & land.exclusive.ravel()[ids], pull, 0.0)
    far = np.where(reach & (distance > 12) & (distance < 45), np.exp(-distance / 25.0) * np.exp(-price), 0.0)
    far = np.where(land.exclusive.ravel()[ids], far, 0.0)
    want = int(rural_homes / 1.7) + 4
    edges, kinds = [], []
    hamlets = []
    count = 0
    names = set(mine["locality"])
    tries = 0
    while count < want and pull.sum() > 0 and tries < 60:
        tries += 1
        if tries > 1:  # the next tails leave from the roads that are there by now
            _, pred, _ = dijkstra(graph, indices=np.flatnonzero(done), min_only=True, return_predecessors=True)
        batch = max(6, (want - count) // 3)
        p = pull * ~done
        if (p > 0).sum() < batch:
            break
        targets = rng.choice(len(ids), batch, replace=False, p=p / p.sum())
        if far.sum() > 0:
            q = far * ~done
            if (q > 0).sum() > batch // 7 + 1:
                targets = np.r_[rng.choice(len(ids), batch // 7 + 1, replace=False, p=q / q.sum()), targets]
        for order, target in enumerate(targets):
            hamlet = tries == 1 and order < max(2, rural_homes // 55)
            if hamlet and not done[target]:
                name = hamlet_name(rng, names)
                hamlets.append((name, int(rows[target]), int(columns[target])))
            node = int(target)
            while not done[node]:
                done[node] = True
                count += 1
                back = int(pred[node])
                edges.append((ids[node], ids[back]))
                kinds.append(LOCAL if hamlet or (tries == 1 and order % 3 == 0) else TRACK)
                node = back
            if count >= want:
                break

    rural = np.sort(np.array(edges, np.int64).reshape(-1, 2), axis=1)
    parts = [half_ids(land, own), half_ids(land, rural)]
    kind = [np.zeros(len(parts[0]), np.int8), np.tile(np.array(kinds, np.int8), 2)]
    sea = land.centre_owner.ravel() == SEA
    kind[0][:] = np.where(np.tile(sea[own].any(axis=1), 2), FERRY, MAIN)

    ok = inside & land.exclusive
    ok.ravel()[ids[~reach]] = False
    town = _town_cells(land, mine, ok, rng)
    streets = _streets(land, town["cell"].to_numpy(), np.concatenate(parts), rng)
    parts.append(streets)
    kind.append(np.full(len(streets), LOCAL, np.int8))
    half, kinds_all = np.concatenate(parts), np.concatenate(kind)
    low = np.sort(half, axis=1)
    order = np.lexsort((kinds_all, low[:, 1], low[:, 0]))
    first = np.r_[True, np.any(np.diff(low[order], axis=0) != 0, axis=1)]
    half, kinds_all = low[order][first], kinds_all[order][first]

    # Drop what does not hang on the skeleton (a piece of town on the other side of a fjord).
    nodes, flat = np.unique(half, return_inverse=True)
    flat = flat.reshape(half.shape)
    _, label = connected_components(_sparse(np.ones(len(flat)), flat[:, 0], flat[:, 1], len(nodes)), directed=False)
    anchored = np.unique(label[flat[np.isin(kinds_all, (MAIN, FERRY))]])
    keep = np.isin(label[flat[:, 0]], anchored)
    half, kinds_all = half[keep], kinds_all[keep]

    nodes, flat = np.unique(half, return_inverse=True)
    flat = flat.reshape(half.shape)
    x, y = half_xy(land, nodes // wide, nodes % wide)
    others = half_ids(land, main[edge_owner(land, main) != index])
    met = np.isin(nodes, others)  # where a neighbour's road comes in, a line must end
    lines, chain = _chains(flat, kinds_all, np.stack([x, y], 1), met, rng)
    middle = (half // wide).sum(1) // 2 // 2, (half % wide).sum(1) // 2 // 2
    cell = middle[0] * width + middle[1]
    there = np.searchsorted(ids, cell)
    there = np.clip(there, 0, len(ids) - 1)
    remote = np.where(ids[there] == cell, distance[there], 0.0)
    xy = {int(n): (int(a), int(b)) for n, a, b in zip(nodes, x, y, strict=True)}
    table = pd.DataFrame(hamlets, columns=["locality", "row", "column"])
    return Network(half, kinds_all, chain, xy, lines, cell, town, table, np.where(np.isfinite(remote), remote, 0.0))


def _streets(land: Land, cells: np.ndarray, existing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lay streets on the 125 m lattice of the town's cells: a random tree that all cells hang on, and some loops."""
    width, wide = land.shape[1], 2 * land.shape[1] + 1
    rows, columns = divmod(cells, width)
    near = [((2 * rows + 1 + i) * wide + 2 * columns + 1 + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    nodes = np.unique(np.concatenate(near))
    r, c = nodes // wide // 2, nodes % wide // 2
    dry = (land.centre_owner[np.minimum(r, land.shape[0] - 1), c] != SEA) & ~land.lake[r, c]
    nodes = nodes[dry]
    pairs = np.concatenate([np.stack([nodes, nodes + 1], 1), np.stack([nodes, nodes + wide], 1)])
    pairs = pairs[np.isin(pairs[:, 1], nodes)]
    old = existing[np.isin(existing, nodes).all(axis=1)]
    everything = np.concatenate([old, pairs])
    index = np.searchsorted(nodes, everything)
    weight = np.r_[np.full(len(old), 1e-6), rng.random(len(pairs)) + 0.01]
    n = len(nodes)
    low, high = index.min(axis=1), index.max(axis=1)
    order = np.lexsort((weight, high, low))
    first = np.r_[True, (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)]
    pick = order[first]
    tree = minimum_spanning_tree(_sparse(weight[pick], low[pick], high[pick], n)).tocoo()
    grown = np.stack([nodes[tree.coords[0]], nodes[tree.coords[1]]], 1)
    loops = pairs[rng.random(len(pairs)) < 0.3]
    return np.concatenate([grown, loops])


def _chains(
    flat: np.ndarray, kind: np.ndarray, xy: np.ndarray, met: np.ndarray, rng: np.random.Generator
) -> tuple[pd.DataFrame, np.ndarray]:
    """Join half edges between junctions into lines; every line ends where another begins."""
    n = len(xy)
    degree = np.bincount(flat.ravel(), minlength=n)
    hang: list[list[int]] = [[] for _ in range(n)]
    for e, (a, b) in enumerate(flat.tolist()):
        hang[a].append(e)
        hang[b].append(e)
    low = np.full(n, 9)
    high = np.full(n, -1)
    np.minimum.at(low, flat.ravel(), np.repeat(kind, 2))
    np.maximum.at(high, flat.ravel(), np.repeat(kind, 2))
    stop = (degree != 2) | (low != high) | met
    chain = np.full(len(flat), -1)
    lines, kinds = [], []

    def follow(node: int, edge: int) -> None:
        path = [node]
        while True:
            chain[edge] = len(lines)
            a, b = flat[edge]
            node = int(b if a == node else a)
            path.append(node)
            if stop[node]:
                break
            ahead = [e for e in hang[node] if chain[e] < 0]
            if not ahead:
                break
            edge = ahead[0]
        line = shapely.LineString(xy[path])
        length = line.length
        code = int(kind[edge])
        if code == FERRY and length < BRIDGE_M:
            code = MAIN
        if code != FERRY:
            line = line.simplify(6)
        else:
            line = shapely.LineString([xy[path[0]], xy[path[-1]]]) if len(path) < 6 else line.simplify(60)
        lines.append(line)
        kinds.append(code)

    for node in np.flatnonzero(stop):
        for edge in hang[node]:
            if chain[edge] < 0:
                follow(int(node), edge)
    for edge in range(len(flat)):
        if chain[edge] < 0:
            follow(int(flat[edge, 0]), edge)
    frame = pd.DataFrame({"geometry": lines, "kind": kinds})
    frame["road_type"] = [ROAD_TYPES[k] for k in kinds]
    private = rng.random(len(frame))
    frame["private"] = ((frame["kind"] == TRACK) & (private < 0.55)).astype("int8")
    frame["name"] = road_name(rng, frame["kind"].to_numpy())
    return frame, chain


__all__ = ["FERRY", "HALF_M", "LOCAL", "MAIN", "ROAD_TYPES", "SEED", "TRACK", "Network", "make_network", "skeleton"]
