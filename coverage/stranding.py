"""The stranding price: what each place would cost alone if it were left out of its area and joined to it later."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage.bill import make_bill
from coverage.costbook import CostBook
from coverage.parts import base_levels
from coverage.roads import DETOUR, FERRY, Attached, grow_trees
from coverage.roads.graph import Floats, Ints

TECHNOLOGY = "fibre"
MEASURED = ("trench_m", "subsea_m", "drop_m")


def measure_branches(
    areas: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    routes: pd.DataFrame,
    *,
    attached: Attached,
    detour: float = DETOUR,
) -> pd.DataFrame:
    """Measure what each eligible place needs if its area is built without it and it is joined to that later.

    Returns trench_m, subsea_m and drop_m on the index of `places`, NaN at places without an area. The route of the
    area is a tree; what of it serves one place alone is the branch from the place to the next fork, the next place or
    the network: those metres would be left out with the place, and dug for it later. A place that trench passes on the
    way to another, or that shares its point of the road with another, needs its drop alone; the only place of an area
    needs the whole route.

    It is the price of leaving out one place while all others are built: two neighbours at the end of a long branch have
    a low one each, since the other pays for the branch. The branch follows the route as it was planned; a shorter way
    to what is built is not looked for. Straight links to parts without a road count `detour` times, and metres are
    multiplied by the route's `build_share`, as in `routes.route`.
    """
    ids = pd.Index(areas["area_id"].sort_values())
    eligible = places["eligible"].to_numpy(dtype=float)
    rows = np.flatnonzero(places["area_id"].isin(ids).to_numpy() & (eligible > 0) & (attached.place_node >= 0))
    group = ids.get_indexer(places["area_id"].iloc[rows]).astype(np.int64)
    node = attached.place_node[rows]
    slot, trench, subsea = _branches(attached, group, node, len(ids), detour)
    share = routes.set_index("area_id")["build_share"].reindex(ids).to_numpy(dtype=float)[group]
    buildings = places["buildings"].to_numpy(dtype=float)[rows]
    found = np.full((len(places), len(MEASURED)), np.nan)
    found[rows, 0] = trench[slot] * share
    found[rows, 1] = subsea[slot] * share
    found[rows, 2] = attached.place_drop_m[rows] * buildings * eligible[rows]
    return pd.DataFrame(np.round(found, 3), columns=list(MEASURED), index=places.index)


def price_branches(places: gpd.GeoDataFrame, branches: pd.DataFrame, *, book: CostBook) -> pd.Series[float]:
    """Return what each place would cost alone later, in the book's currency without VAT; NaN at places without an area.

    The bill of a fibre area that holds this place alone (`bill.make_bill`): its branch as trench mixed over surfaces
    and sub-sea cable with two landings, its share of a splitter, and drop, port and equipment for as many of its
    premises as the book's take-up expects to connect, with the book's overhead for design. Prices are today's: that
    machines come back for one place costs extra, which is not in it.
    """
    rows = np.flatnonzero(branches["trench_m"].notna().to_numpy())
    premises = (places["weight"] * places["eligible"]).to_numpy(dtype=float)[rows]
    kind = places["kind"].to_numpy(dtype=object)[rows]
    ids = pd.RangeIndex(len(rows))
    alone = pd.DataFrame(
        {
            "area_id": ids,
            "premises": premises,
            "businesses": premises * (kind == "business"),
            "public": premises * (kind == "public"),
        }
    )
    routes = branches.iloc[rows].assign(area_id=ids)
    bill = make_bill(alone, routes, technology=TECHNOLOGY, book=book)
    total = np.zeros(len(rows))
    for _, amounts in bill.amounts(base_levels(book), book):
        total += amounts[:, 0]
    price = np.full(len(places), np.nan)
    price[rows] = np.round(total, 2)
    return pd.Series(price, index=places.index)


def sum_up(areas: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Add `stranding_capex_median` and `stranding_capex_max` over the places of each area; a row counts as one place.

    Both are NaN where the area is not to be built in fibre: wireless and vouchers strand nobody behind a trench.
    """
    by_area = places.groupby("area_id")["stranding_capex"].agg(["median", "max"]).reindex(areas["area_id"])
    trenched = (areas["technology"] == TECHNOLOGY).to_numpy()
    return areas.assign(
        **{f"stranding_capex_{name}": np.where(trenched, by_area[name].to_numpy(), np.nan) for name in by_area}
    )


def _branches(attached: Attached, group: Ints, node: Ints, groups: int, detour: float) -> tuple[Ints, Floats, Floats]:
    """Return the slot of each place, and metres on land and in the sea of the branch at each slot."""
    graph = attached.graph
    trees = grow_trees(attached, group, node, groups)
    is_network = np.zeros(graph.nodes, dtype=bool)
    is_network[attached.network_nodes] = True

    def keys(by: Ints, at: Ints) -> Ints:
        # The network is one node of each group, beyond every (group, node).
        return np.where(is_network[at], groups * graph.nodes + by, by * graph.nodes + at)

    line = trees.crow_line
    straight = np.hypot(line[:, 0] - line[:, 2], line[:, 1] - line[:, 3]) * detour
    sea = graph.kind[trees.edge] == FERRY
    length = graph.length_m[trees.edge]
    land_m = np.append(np.where(sea, 0.0, length), straight)
    sea_m = np.append(np.where(sea, length, 0.0), np.zeros(len(straight)))
    by = np.append(trees.group, trees.crow_group)
    start = keys(by, np.append(graph.u[trees.edge], trees.crow_nodes[:, 0]))
    end = keys(by, np.append(graph.v[trees.edge], trees.crow_nodes[:, 1]))
    mine = keys(group, node)
    known, slots = np.unique(np.concatenate([start, end, mine]), return_inverse=True)
    a, b, slot = np.split(slots, [len(start), 2 * len(start)])

    degree = np.bincount(np.append(a, b), minlength=len(known))
    stop = (np.bincount(slot, minlength=len(known)) > 0) | (known >= groups * graph.nodes) | (degree != 2)
    around = np.zeros(len(known), dtype=np.int64)  # the sum of a node's edges: at a mere bend, less one is the other
    np.add.at(around, a, np.arange(len(a)))
    np.add.at(around, b, np.arange(len(b)))
    leaf = np.flatnonzero(
        (degree == 1) & (np.bincount(slot, minlength=len(known)) == 1) & (known < groups * graph.nodes)
    )
    trench, subsea = np.zeros(len(known)), np.zeros(len(known))
    step = around[leaf]
    tip = a[step] + b[step] - leaf
    while len(leaf):
        trench[leaf] += land_m[step]
        subsea[leaf] += sea_m[step]
        onward = ~stop[tip]
        leaf, step, tip = leaf[onward], step[onward], tip[onward]
        step = around[tip] - step
        tip = a[step] + b[step] - tip
    return slot, trench, subsea
