"""Wireless access over the terrain: which masts see the places of each area, what they carry and what they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from coverage.crs import require_metric
from coverage.errors import CrsError
from coverage.inputs import TerrainLayer
from coverage.radio import Radio, sector_mbps
from coverage.roads import DETOUR, Attached, RoadGraph, add_up, attach, grow_trees
from coverage.roads.graph import distinct, is_among, ranges
from coverage.sight import in_sight
from coverage.sites import candidate_sites

TERRAIN: Final = "terrain"
MAST: Final = "mast"
MEASURES: Final = (
    "fwa_sites_new", "fwa_sites_existing", "fwa_reach_share", "fwa_furthest_m", "fwa_edge_mbps", "fwa_power_m",
    "fwa_backhaul_m",
)  # fmt: skip
DIGITS: Final = 9  # of premises: with no more, two masts that add the same are equal

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def plan_wireless(
    areas: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    *,
    masts: gpd.GeoDataFrame,
    terrain: Sequence[TerrainLayer],
    graph: RoadGraph,
    network: gpd.GeoDataFrame,
    radio: Radio,
    crs: Any,
) -> pd.DataFrame:
    """Choose the masts that serve the eligible places of each area over the air; one row per area, in their order.

    A mast serves a place that it sees over the terrain (`sight.in_sight`, up to the receiver on the house), within
    `fwa_range_m`, where a sector still carries something (`radio.sector_mbps`). Existing masts are taken first, each
    time the one that adds most premises, as long as one adds any: using one costs less than building one. New sites
    (`sites.candidate_sites` within `site_near_m` of a place of the area) then do the same for who is left. Of masts
    that add the same, the one with the shortest ways to power and network is taken, then the one nearest to whom it
    adds, then the first by id. Each place is a customer of the mast that carries most to it, and a mast whose customers
    all have a better one is given up. No area knows of another: a mast that two of them take is in both. Columns:

    - `area_id`;
    - `fwa_basis`: "terrain"; null, and all others NaN, where the terrain is not known well enough to say of every
      place whether a mast sees it, or where the area has no eligible premises;
    - `fwa_sites_new`, `fwa_sites_existing`: the masts taken;
    - `fwa_reach_share`: the share of the eligible premises (Σ weight × eligible) that they serve, 1 where it is all;
    - `fwa_edge_mbps`: the Mbit/s downwards that one sector carries in all if its customers all stand where the worst
      served one stands; `fwa_furthest_m`: the longest straight way of a customer to its mast. Both are NaN where
      nobody is served;
    - `fwa_power_m`: Σ straight way from each new site to the nearest of all places, as for mobile masts;
    - `fwa_backhaul_m`: the tree along roads and ferries that joins the area's new sites to the nearest network, with
      the straight ways × DETOUR from a site to its road, and to one that leads to a network where its own does not.

    Existing masts are taken to have room, power and backhaul, and backhaul to be a cable, not a radio link:
    assumptions. Raises DataError where a raster cannot be read or no network is near a road, CrsError if the systems
    differ.
    """
    if require_metric(places, where="places").crs != graph.crs:
        raise CrsError("places: the coordinate system differs from that of the roads; expected one for all")
    demand = _find_demand(areas, places)
    count = len(areas)
    values, known = dict.fromkeys(MEASURES, np.full(count, np.nan)), np.zeros(count, dtype=bool)
    if terrain and len(demand.area):
        sites = candidate_sites(masts, graph=graph, terrain=terrain, near=demand.xy, radio=radio, crs=crs)
        ways = _find_ways(sites, places, graph, network)
        plan = choose_masts(demand, sites, ways.total_m, terrain=terrain, radio=radio, crs=crs)
        values, known = plan.measures(demand), plan.known
        values["fwa_power_m"] = np.round(add_up(ways.power_m[plan.new.site], by=plan.new.area, size=count), 3)
        values["fwa_backhaul_m"] = ways.backhaul_m(plan.new, count)
    return pd.DataFrame(
        {
            "area_id": pd.array(areas["area_id"].to_numpy(dtype=object), dtype="str"),
            "fwa_basis": pd.array([TERRAIN if there else None for there in known.tolist()], dtype="str"),
            **{name: np.where(known, values[name], np.nan) for name in MEASURES},
        }
    )


@dataclass(frozen=True, eq=False)
class Demand:
    """Hold where eligible premises are: one row per area (its position) and point, sorted by area, x, y."""

    area: Ints
    xy: Floats
    premises: Floats
    areas: int


@dataclass(frozen=True, eq=False)
class Pairs:
    """Hold pairs of a site and a row of the demand that it could serve, sorted by both."""

    site: Ints
    point: Ints
    distance_m: Floats
    mbps: Floats

    def take(self, rows: Ints | Bools) -> Pairs:
        """Return some of the pairs."""
        return Pairs(self.site[rows], self.point[rows], self.distance_m[rows], self.mbps[rows])


@dataclass(frozen=True, eq=False)
class Taken:
    """Hold the masts that areas take: the position of the area and of the site, sorted by both."""

    area: Ints
    site: Ints

    def only(self, used: Ints, sites: int) -> Taken:
        """Return those that are among `used`, each the number of the area × `sites` + that of the site; sorted."""
        kept = is_among(self.area * sites + self.site, used)
        return Taken(self.area[kept], self.site[kept])


@dataclass(frozen=True, eq=False)
class Plan:
    """Hold the masts taken, who is served and by which mast, and of which areas that is known."""

    existing: Taken
    new: Taken
    reached: Bools  # one per row of the demand
    customers: Pairs  # of each row that is reached the best mast
    known: Bools  # one per area

    def measures(self, demand: Demand) -> dict[str, Floats]:
        """Return what of MEASURES follows from the masts alone, one value per area."""
        count = demand.areas
        whole = add_up(demand.premises, by=demand.area, size=count)
        part = add_up(demand.premises * self.reached, by=demand.area, size=count)
        area = demand.area[self.customers.point]
        edge, furthest = np.full(count, np.nan), np.full(count, np.nan)
        np.fmin.at(edge, area, self.customers.mbps)
        np.fmax.at(furthest, area, self.customers.distance_m)
        return {
            "fwa_sites_new": np.bincount(self.new.area, minlength=count).astype(float),
            "fwa_sites_existing": np.bincount(self.existing.area, minlength=count).astype(float),
            "fwa_reach_share": np.divide(part, whole, out=np.full(count, np.nan), where=whole > 0),
            "fwa_furthest_m": np.round(furthest, 3),
            "fwa_edge_mbps": np.round(edge, 3),
        }


def choose_masts(
    demand: Demand, sites: gpd.GeoDataFrame, way_m: Floats, *, terrain: Sequence[TerrainLayer], radio: Radio, crs: Any
) -> Plan:
    """Choose masts for each area among sites (as of `sites.candidate_sites`), as `plan_wireless` says.

    `way_m`: metres to power and network of each site.
    """
    eye = _Eye(demand, _xy(sites), sites["mast_m"].to_numpy(dtype=float), tuple(terrain), radio, crs)
    is_mast = (sites["basis"] == MAST).to_numpy()
    doubt = np.zeros(len(demand.area), dtype=bool)
    over_masts, unsure = eye.look(eye.pairs(np.flatnonzero(is_mast), np.arange(len(demand.area))))
    existing, reached = _take(over_masts, demand, way_m, np.zeros(len(demand.area), dtype=bool))
    doubt |= unsure & ~reached
    over_new, unsure = eye.look(eye.near(eye.pairs(np.flatnonzero(~is_mast), np.flatnonzero(~reached))))
    new, reached = _take(over_new, demand, way_m, reached)
    left = np.flatnonzero(~reached)
    doubt |= unsure & ~reached
    doubt[left] |= ~eye.grounded(left)
    both = Taken(np.append(existing.area, new.area), np.append(existing.site, new.site))
    customers = _best(eye.look(eye.around(both))[0])
    known = np.bincount(demand.area, minlength=demand.areas) > 0
    known[demand.area[doubt]] = False
    used = distinct(demand.area[customers.point] * len(sites) + customers.site)
    existing, new = existing.only(used, len(sites)), new.only(used, len(sites))
    return Plan(existing, new, reached, customers, known)


@dataclass(frozen=True, eq=False)
class _Eye:
    """Tell which sites could serve which rows of the demand, and which of them see each other."""

    demand: Demand
    site_xy: Floats
    mast_m: Floats
    terrain: tuple[TerrainLayer, ...]
    radio: Radio
    crs: Any

    def pairs(self, site: Ints, point: Ints) -> Pairs:
        """Return the pairs of sites and rows within range."""
        reach = self.radio["fwa_range_m"].value
        found = cKDTree(self.site_xy[site]).sparse_distance_matrix(
            cKDTree(self.demand.xy[point]), reach, output_type="ndarray"
        )
        return self._of(site[found["i"]], point[found["j"]])

    def around(self, taken: Taken) -> Pairs:
        """Return the pairs of the masts taken with every row of the area that takes them."""
        first = np.searchsorted(self.demand.area, np.arange(self.demand.areas + 1))
        size = np.diff(first)[taken.area]
        return self._of(np.repeat(taken.site, size), ranges(first[taken.area], size))

    def near(self, pairs: Pairs) -> Pairs:
        """Return the pairs whose site is near a place of the row's area, whatever other areas there are.

        As near as `candidate_sites` asks for: by the middle of the site's lattice cell.
        """
        lattice = self.radio["site_lattice_m"].value
        reach = max(self.radio["site_near_m"].value, lattice * np.sqrt(0.5))
        site = distinct(pairs.site)
        middle = (np.floor(self.site_xy[site] / lattice) + 0.5) * lattice
        found = cKDTree(middle).sparse_distance_matrix(cKDTree(self.demand.xy), reach, output_type="ndarray")
        close = distinct(site[found["i"]] * self.demand.areas + self.demand.area[found["j"]])
        return pairs.take(is_among(pairs.site * self.demand.areas + self.demand.area[pairs.point], close))

    def look(self, pairs: Pairs) -> tuple[Pairs, Bools]:
        """Return the pairs that see each other; and, per row of the demand, whether of some that is not known."""
        sight = in_sight(
            self.site_xy[pairs.site],
            self.mast_m[pairs.site],
            self.demand.xy[pairs.point],
            self.radio["fwa_receiver_m"].value,
            terrain=self.terrain,
            crs=self.crs,
            radio=self.radio,
            band="fwa",
        )
        unsure = np.zeros(len(self.demand.area), dtype=bool)
        unsure[pairs.point[~sight.known]] = True
        return pairs.take(sight.clear), unsure

    def grounded(self, point: Ints) -> Bools:
        """Say of which rows the ground's own height is known: a line of no length is in sight if it is."""
        xy = self.demand.xy[point]
        up = self.radio["fwa_receiver_m"].value
        return in_sight(xy, up, xy, up, terrain=self.terrain, crs=self.crs, radio=self.radio, band="fwa").known

    def _of(self, site: Ints, point: Ints) -> Pairs:
        order = np.lexsort((point, site))
        site, point = site[order], point[order]
        distance = np.hypot(*(self.site_xy[site] - self.demand.xy[point]).T)
        mbps = sector_mbps(distance, sight=True, radio=self.radio, mast_m=self.mast_m[site])
        return Pairs(site, point, distance, mbps).take((mbps > 0) & (distance <= self.radio["fwa_range_m"].value))


def _find_demand(areas: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> Demand:
    area = pd.Index(areas["area_id"]).get_indexer(places["area_id"])
    premises = places["weight"].to_numpy(dtype=float) * places["eligible"].to_numpy(dtype=float)
    rows = np.flatnonzero((area >= 0) & (premises > 0))
    area, premises, xy = area[rows], premises[rows], _xy(places.iloc[rows])
    order = np.lexsort((premises, xy[:, 1], xy[:, 0], area))  # so that sums do not hang on the order of the rows
    area, premises, xy = area[order].astype(np.int64), premises[order], xy[order]
    fresh = np.ones(len(area), dtype=bool)
    fresh[1:] = (area[1:] != area[:-1]) | (xy[1:] != xy[:-1]).any(axis=1)
    together = np.add.reduceat(premises, np.flatnonzero(fresh)) if len(area) else premises
    return Demand(area[fresh], xy[fresh], together, len(areas))


def _take(pairs: Pairs, demand: Demand, way_m: Floats, reached: Bools) -> tuple[Taken, Bools]:
    """Let every area take the mast that adds most premises, again and again until none adds any."""
    reached = reached.copy()
    offers, of_pair = np.unique(demand.area[pairs.point] * len(way_m) + pairs.site, return_inverse=True)
    area, site, point = offers // len(way_m), offers % len(way_m), pairs.point
    pull = demand.premises[point] * pairs.distance_m
    taken = np.zeros(len(offers), dtype=bool)
    while True:
        left = ~reached[point]
        of_pair, point, pull = of_pair[left], point[left], pull[left]
        adds = np.bincount(of_pair, demand.premises[point], minlength=len(offers))
        apart = np.bincount(of_pair, pull, minlength=len(offers))
        order = np.lexsort((site, np.round(apart, 3), way_m[site], -np.round(adds, DIGITS), adds <= 0, area))
        best = order[np.diff(area[order], prepend=-1) != 0]
        best = best[adds[best] > 0]
        if not len(best):
            return Taken(area[taken], site[taken]), reached
        taken[best] = True
        reached[point[taken[of_pair]]] = True


def _best(pairs: Pairs) -> Pairs:
    """Return for each row of the demand its mast of most Mbit/s, of equal ones the nearest, then the first by id."""
    order = np.lexsort((pairs.site, pairs.distance_m, -pairs.mbps, pairs.point))
    return pairs.take(order[np.diff(pairs.point[order], prepend=-1) != 0])


@dataclass(frozen=True, eq=False)
class _Ways:
    """Hold how far each site is from power and network: metres, 0 for existing masts."""

    power_m: Floats
    total_m: Floats
    attached: Attached | None  # the new sites on the roads, in their order
    number: Ints  # of each site among them

    def backhaul_m(self, new: Taken, count: int) -> Floats:
        """Measure the tree of each area's new sites, as `routes.route` does that of its places."""
        if self.attached is None or not len(new.site):
            return np.zeros(count)
        at = self.number[new.site]
        trees = grow_trees(self.attached, new.area, self.attached.place_node[at], count)
        straight = np.hypot(*(trees.crow_line[:, :2] - trees.crow_line[:, 2:]).T)
        metres = add_up(self.attached.graph.length_m[trees.edge], by=trees.group, size=count)
        metres += add_up(straight * DETOUR, by=trees.crow_group, size=count)
        metres += add_up(self.attached.place_drop_m[at] * DETOUR, by=new.area, size=count)
        return np.round(metres, 3)


def _find_ways(sites: gpd.GeoDataFrame, places: gpd.GeoDataFrame, graph: RoadGraph, network: gpd.GeoDataFrame) -> _Ways:
    is_new = (sites["basis"] != MAST).to_numpy()
    power, total, number = np.zeros(len(sites)), np.zeros(len(sites)), np.cumsum(is_new) - 1
    if not is_new.any():
        return _Ways(power, total, None, number)
    xy = _xy(sites)[is_new]
    power[is_new] = np.asarray(cKDTree(_xy(places)).query(xy)[0])
    attached = attach(graph, sites[is_new], mask=np.ones(len(xy), dtype=bool), network=network)
    to_network = attached.to_network()[0]
    along = to_network[attached.place_node]
    joined = np.flatnonzero(np.isfinite(to_network))
    gap, landing = cKDTree(attached.graph.xy[joined]).query(xy)
    along = np.where(np.isfinite(along), along, to_network[joined[landing]] + gap * DETOUR)
    total[is_new] = np.round(power[is_new] + attached.place_drop_m * DETOUR + along, 3)
    return _Ways(power, total, attached, number)


def _xy(frame: gpd.GeoDataFrame) -> Floats:
    return np.asarray(shapely.get_coordinates(np.asarray(frame.geometry.array, dtype=object)), dtype=float)
