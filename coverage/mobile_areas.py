"""Areas of kind "mobile": one new or existing mast each, and what it newly gives the policy's mobile level.

What is assumed, and said wherever such areas are shown:

- a mast carries as many operators as the policy asks for, so what it serves is short no more;
- an existing mast can be fitted out anew, also where an operator on it does not reach what the model says it could;
- sites are weighed by stated ratios, before anything is priced: an existing mast takes `effort_existing` of a new site
  at a road, and each km off the road `effort_off_road` more;
- power for a new mast follows buildings, so `power_m` is the straight way to the nearest place of the register;
- levels are medians of a path loss model, outdoors, over bare terrain. A site is a question to operators, not a plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from coverage.areas import PLURALS, main_value, outlines, short_name, short_share
from coverage.demand import mobile_demand
from coverage.inputs import Inputs
from coverage.lots import digest
from coverage.mobile import classify
from coverage.policy import Policy
from coverage.radio import Radio, signal_dbm
from coverage.roads import RoadGraph, add_up
from coverage.schemas import KINDS, MOBILE_LEVELS
from coverage.sight import in_sight
from coverage.sites import candidate_sites
from coverage.siting import Cover, greedy_cover

NONE: Final = -1
CHUNK: Final = 2_000_000  # pairs of a site and a demand looked at together
# The columns that areas.delineate gives, and those of mobile areas alone.
AREAS: Final = {
    "area_id": "str", "kind": "str", "municipality_code": "str", "name": "str", "status": "str",
    "premises": "float64", "businesses": "float64", "households": "float64", "holiday": "float64", "public": "float64",
    "employees": "float64", "places": "int64", "mean_log2_down": "float64", "deliver_down_mbps": "float64",
    "deliver_up_mbps": "float64", "business_need": "float64", "municipality_short_share": "float64", "drawn": "bool",
    "area_km2": "float64",
}  # fmt: skip
MOBILE_AREAS: Final = {
    "sites_new": "float64", "sites_existing": "float64", "power_m": "float64", "mobile_gain": "float64",
    "farmland_km2": "float64", "mobile_road_km": "float64", "mobile_only_premises": "float64", "site_basis": "str",
    "site_id": "str",
}  # fmt: skip
SITES: Final = ("area_id", "site_id", "basis", "mast_id", "operator", "mast_m", "ground_m", "road_m")

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MobilePlan:
    """Hold the areas of kind "mobile", their sites, and what of the demand is in which.

    `sites` are points with `area_id`, and `eligible`, `weight`, `buildings` of 1, so that `roads.attach` and
    `routes.route` take them as places. `demand` is that of `mobile_demand`, with `area_id` (null: nothing serves it).
    `mobile_area_id` is aligned to the places. `counts` sums up what was short and what is served.
    """

    areas: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    mobile_area_id: pd.Series
    demand: gpd.GeoDataFrame
    counts: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def plan_mobile(
    places: gpd.GeoDataFrame, inputs: Inputs, *, graph: RoadGraph, policy: Policy, radio: Radio
) -> MobilePlan:
    """Choose sites for what lacks the policy's mobile level; each chosen site is one area.

    `places` are judged, and all stay. Sites are chosen by what they add in weighted employees per effort
    (`greedy_cover`), ties to an existing mast and then by `site_id`, until the best adds less than `least_mobile_gain`
    for the effort of a new site at a road. A site serves what is within `mobile_range_m` and gets the policy's level:
    by the loss in sight where the terrain is known to leave it free, else by the loss out of sight. What has no gain
    (farmland, where the policy gives it none) pulls no site, and is counted with the first chosen one that serves it.

    `areas` are sorted by `area_id`, which is the municipality of most of the gain and a digest of the site: it stays as
    long as they do. They have the columns of `areas.delineate`, of what the site adds: each premises is in one area at
    most. `mobile_gain` is in weighted employees, `farmland_km2` and `mobile_road_km` are what it adds of these,
    `mobile_only_premises` the premises that are not short of fixed service; `sites_new` and `sites_existing` are 0 or
    1. Nothing fixed is delivered: speeds and `business_need` are 0, `mean_log2_down` is NaN.

    Without terrain, or without a mobile layer that counts, there are no areas, and a warning says why.
    """
    demand = mobile_demand(places, inputs.extents, inputs.mobile, policy=policy, municipalities=inputs.municipalities)
    missing = _missing(inputs, policy)
    pulling = demand["gain"].to_numpy(dtype=float) > 0
    near = shapely.get_coordinates(np.asarray(demand.geometry.array, dtype=object)[pulling & (not missing)])
    sites = candidate_sites(inputs.masts, graph=graph, terrain=inputs.terrain, near=near, radio=radio, crs=places.crs)
    # Numbered by preference: of sites that add as much, an existing mast comes first.
    order = np.lexsort((sites["site_id"].to_numpy(dtype=object).astype(str), sites["basis"].ne("mast")))
    sites = sites.iloc[order].reset_index(drop=True)
    cover = _cover(sites, demand, inputs, policy=policy, radio=radio)
    chosen = sites.iloc[cover.site].reset_index(drop=True)
    table = _describe(demand, cover.server, chosen, places, inputs.municipalities)
    ids = table["area_id"].to_numpy(dtype=object)
    of_demand = np.concatenate([ids, np.array([None], dtype=object)])[cover.server]
    of_place = np.full(len(places), None, dtype=object)
    row = demand["place_row"].to_numpy()
    of_place[row[row >= 0]] = of_demand[row >= 0]
    stand = chosen.assign(area_id=table["area_id"].array)[[*SITES, "geometry"]]
    return MobilePlan(
        areas=table.sort_values("area_id", ignore_index=True),
        sites=stand.assign(eligible=1.0, weight=1.0, buildings=1.0).sort_values("area_id", ignore_index=True),
        mobile_area_id=pd.Series(pd.array(of_place, dtype="str"), index=places.index, name="mobile_area_id"),
        demand=demand.assign(area_id=pd.array(of_demand, dtype="str")),
        counts=_counts(demand, cover.server, table, candidates=len(sites)),
        warnings=missing,
    )


def _missing(inputs: Inputs, policy: Policy) -> tuple[str, ...]:
    """Say why no site can be looked for; empty where one can."""
    said = []
    if not any(layer.technology in policy.mobile.technologies for layer in inputs.mobile):
        said.append(f"no mobile layer of {' or '.join(policy.mobile.technologies)}")
    if not inputs.terrain:
        said.append("no elevation model (role terrain)")
    return (f"mobile areas: none are made, for the study has {' and '.join(said)}",) if said else ()


def _cover(sites: gpd.GeoDataFrame, demand: gpd.GeoDataFrame, inputs: Inputs, *, policy: Policy, radio: Radio) -> Cover:
    """Choose among the sites for the demand with gain, then let the chosen serve the rest, the first of several."""
    gain = demand["gain"].to_numpy(dtype=float)
    pulls = np.flatnonzero(gain > 0)
    site, at = _served(sites, demand.iloc[pulls], inputs, policy=policy, radio=radio)
    off_road = 1.0 + radio["effort_off_road"].value * sites["road_m"].fillna(0.0).to_numpy(dtype=float) / 1e3
    effort = np.where(sites["basis"].eq("mast"), radio["effort_existing"].value, off_road)
    cover = greedy_cover(site, at, gain=gain[pulls], effort=effort, least_gain=radio["least_mobile_gain"].value)
    server = np.full(len(demand), NONE, dtype=np.int64)
    server[pulls] = cover.server
    rest = np.flatnonzero(gain <= 0)
    site, at = _served(sites.iloc[cover.site], demand.iloc[rest], inputs, policy=policy, radio=radio)
    first = np.full(len(rest), len(cover.site), dtype=np.int64)
    np.minimum.at(first, at, site)
    server[rest] = np.where(first < len(cover.site), first, NONE)
    return Cover(cover.site, cover.added, server)


def _served(
    sites: gpd.GeoDataFrame, demand: gpd.GeoDataFrame, inputs: Inputs, *, policy: Policy, radio: Radio
) -> tuple[Ints, Ints]:
    """Return every pair of positions of a site and of the demand to which it gives the policy's level."""
    stand, ask = (np.asarray(frame.geometry.array, dtype=object) for frame in (sites, demand))
    if not len(stand) or not len(ask):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    stand_xy, ask_xy = shapely.get_coordinates(stand), shapely.get_coordinates(ask)
    height = sites["mast_m"].to_numpy(dtype=float)
    wanted = MOBILE_LEVELS.index(policy.mobile.level)
    tree = shapely.STRtree(ask)
    found = []
    for block in _blocks(stand_xy, ask_xy, reach_m=radio["mobile_range_m"].value):
        site, at = tree.query(stand[block], predicate="dwithin", distance=radio["mobile_range_m"].value)
        site = block[site]
        a_xy, b_xy, mast_m = stand_xy[site], ask_xy[at], height[site]
        distance = np.hypot(*(a_xy - b_xy).T)
        served, clear = (
            classify(signal_dbm(distance, sight=free, radio=radio, mast_m=mast_m), policy=policy) >= wanted
            for free in (False, True)
        )
        # Only pairs that get the level in sight and not without it hang on the terrain.
        hang = np.flatnonzero(clear & ~served)
        up_m = radio["mobile_receiver_m"].value
        seen = in_sight(a_xy[hang], mast_m[hang], b_xy[hang], up_m, terrain=inputs.terrain, crs=sites.crs, radio=radio)
        served[hang] = seen.clear
        found.append((site[served], at[served].astype(np.int64)))
    sites_of, demand_of = (np.concatenate(column) for column in zip(*found, strict=True))
    return sites_of, demand_of


def _blocks(stand_xy: Floats, ask_xy: Floats, *, reach_m: float) -> list[Ints]:
    """Split sites so that few have more than CHUNK pairs together: where much is short, all of them do not fit."""
    order = np.lexsort((stand_xy[:, 1], np.floor(stand_xy[:, 0] / reach_m)))  # neighbours together
    pairs = cKDTree(ask_xy).query_ball_point(stand_xy[order], reach_m, return_length=True)
    return np.split(order, np.flatnonzero(np.diff(np.cumsum(pairs) // CHUNK)) + 1)


def _describe(
    demand: gpd.GeoDataFrame,
    server: Ints,
    sites: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    municipalities: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    """Sum up what each chosen site serves, in the order of choice."""
    count = len(sites)
    inside = demand[server >= 0]
    label = server[server >= 0]
    kind = inside["kind"].to_numpy(dtype=object)
    weight, gain = (inside[name].to_numpy(dtype=float) for name in ("weight", "gain"))
    people = np.isin(kind, KINDS)

    def total(values: Any) -> Floats:
        return add_up(np.asarray(values, dtype=float), by=label, size=count)

    points = np.asarray(inside.geometry.array, dtype=object)
    masts = np.asarray(sites.geometry.array, dtype=object)
    shapes = gpd.GeoSeries(
        outlines(np.concatenate([points, masts]), np.concatenate([label, np.arange(count)])), crs=demand.crs
    )
    codes = main_value(inside["municipality_code"].to_numpy(dtype=object), label, gain)
    ids = _ids(codes, sites["site_id"].tolist())
    premises = total(weight * people)
    new = sites["basis"].ne("mast").to_numpy()
    columns: dict[str, Any] = {
        "area_id": ids,
        "kind": "mobile",
        "municipality_code": codes,
        "name": _names(inside, label, codes, ids, premises, places, municipalities),
        "status": "modelled",
        "premises": premises,
        **{PLURALS[name]: total(weight * (kind == name)) for name in KINDS},
        "employees": total(inside["employees"]),
        "places": total(people),
        "mean_log2_down": np.nan,
        "deliver_down_mbps": 0.0,
        "deliver_up_mbps": 0.0,
        "business_need": 0.0,
        "municipality_short_share": pd.Series(codes, dtype="str").map(short_share(places)).fillna(0.0).to_numpy(),
        "drawn": False,
        "area_km2": shapes.area.to_numpy() / 1e6,
        "sites_new": new,
        "sites_existing": ~new,
        "power_m": np.where(new, _nearest_m(masts, places), 0.0),
        "mobile_gain": total(gain),
        "farmland_km2": total(weight * (kind == "farmland")),
        "mobile_road_km": total(weight * (kind == "road")),
        "mobile_only_premises": total(weight * inside["mobile_only"].to_numpy()),
        "site_basis": sites["basis"].to_numpy(dtype=object),
        "site_id": sites["site_id"].to_numpy(dtype=object),
    }
    table = pd.DataFrame(columns, index=pd.RangeIndex(count)).astype(AREAS | MOBILE_AREAS)
    return gpd.GeoDataFrame(table, geometry=shapes.to_numpy(), crs=demand.crs)


def _nearest_m(points: npt.NDArray[np.object_], places: gpd.GeoDataFrame) -> Floats:
    tree = shapely.STRtree(np.asarray(places.geometry.array, dtype=object))
    (row, _), gap = tree.query_nearest(points, all_matches=False, return_distance=True)
    out = np.full(len(points), np.nan)
    out[row] = np.round(gap, 3)
    return out


def _ids(codes: list[str], sites: list[str]) -> list[str]:
    """Name each area by its municipality and a digest of its site; where two would be equal, theirs are longer."""
    length = np.full(len(sites), 6)
    while True:
        made = [f"{code}-mob-{digest(site, length=n)}" for code, site, n in zip(codes, sites, length, strict=True)]
        equal = pd.Series(made, dtype="str").duplicated(keep=False).to_numpy()
        if not equal.any():
            return made
        length[equal] += 2


def _names(
    inside: gpd.GeoDataFrame,
    label: Ints,
    codes: list[str],
    ids: list[str],
    premises: Floats,
    places: gpd.GeoDataFrame,
    municipalities: gpd.GeoDataFrame,
) -> list[str]:
    """Name each area by its municipality and the most frequent locality of its places, numbered where names repeat."""
    row = inside["place_row"].to_numpy()
    locality = places["locality"].to_numpy(dtype=object)[row]
    known = (row >= 0) & ~pd.isna(locality)
    spoken = {str(name).casefold() for name in locality[known]}
    most = main_value(locality[known], label[known], np.ones(int(known.sum())))
    main = dict(zip(np.unique(label[known]).tolist(), most, strict=True))
    official = dict(zip(municipalities["municipality_code"], municipalities["name"], strict=True))
    towns = [short_name(official.get(code, code), spoken) for code in codes]
    plain = [f"{town}, {main[area]}" if area in main else town for area, town in enumerate(towns)]
    repeats = pd.Series(plain, dtype="str").duplicated(keep=False)
    number: dict[str, int] = {}
    names = [f"{name} (mobile)" for name in plain]
    for area in sorted(range(len(plain)), key=lambda area: (-premises[area], ids[area])):
        if repeats[area]:
            number[plain[area]] = number.get(plain[area], 0) + 1
            names[area] = f"{plain[area]} {number[plain[area]]} (mobile)"
    return names


def _counts(demand: gpd.GeoDataFrame, server: Ints, areas: pd.DataFrame, *, candidates: int) -> dict[str, float]:
    """Sum up what is short and what of it the chosen sites serve: premises, km² of farmland, km of roads."""
    kind = demand["kind"].to_numpy(dtype=object)
    weight = demand["weight"].to_numpy(dtype=float)
    people = np.isin(kind, KINDS)
    counts: dict[str, float] = {
        "candidates": float(candidates),
        "sites_new": float(areas["sites_new"].sum()),
        "sites_existing": float(areas["sites_existing"].sum()),
    }
    for name, there in (
        ("premises", people),
        ("mobile_only_premises", demand["mobile_only"].to_numpy()),
        ("farmland_km2", kind == "farmland"),
        ("road_km", kind == "road"),
    ):
        counts[f"{name}_short"] = float(weight[there].sum())
        counts[f"{name}_served"] = float(weight[there & (server >= 0)].sum())
    return counts
