"""Eligible places become project areas: neighbours along the road that would share a trench."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components

from coverage.crs import require_metric
from coverage.errors import DataError
from coverage.policy import Policy
from coverage.roads import Attached, add_up, span
from coverage.schemas import KINDS, SHARE_PREFIX

OUTSIDE: Final = "outside"  # stands for the code of a municipality where there is none
MERGE_FACTOR: Final = 3  # a tiny area joins a neighbour within this many times the cut
MARGIN_M: Final = 120.0  # drawn around places
SIMPLIFY_M: Final = 30.0
PLURALS: Final = {"business": "businesses", "household": "households", "public": "public", "holiday": "holiday"}

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def delineate(
    places: gpd.GeoDataFrame, *, attached: Attached, policy: Policy, municipalities: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Put every eligible place into exactly one project area; return the places with `area_id`, and the areas.

    Places are linked by the shortest tree of their road distances, in each municipality if the policy splits by
    it. Links longer than `cut_m` are cut; an area above `max_premises` is halved at the long link that leaves much on
    both sides; one below `min_premises` joins the nearest within three times `cut_m`, unless that grows too
    large. The id rests on the smallest place id inside, so it stays when data elsewhere change. Premises are
    Σ weight × eligible, also where eligibility is a share.

    Areas are sorted by `area_id`: kind, municipality_code, name, status, premises, businesses, households, public,
    holiday, employees, places (rows), mean_log2_down, deliver_down_mbps, deliver_up_mbps (the most that any tier of its
    places asks for, in speed or as a factor of the best offer there), business_need (Σ over eligible businesses of
    min(cap, max(1, employees)) × `upload_dependence`, if there), area_km2, municipality_short_share (of all premises of
    its municipality), geometry. Raises DataError if an eligible place is not on the road graph.
    """
    require_metric(places, where="places")
    eligible = places["eligible"].to_numpy(dtype=float)
    rows = np.flatnonzero(eligible > 0)
    if (attached.place_node[rows] < 0).any():
        at = places["place_id"].iloc[rows[attached.place_node[rows] < 0][0]]
        raise DataError(f"areas: the eligible place {at!r} is not on the road graph; attach every eligible place first")
    rows = rows[np.argsort(places["place_id"].to_numpy(dtype=object)[rows], kind="stable")]
    inside = places.iloc[rows]
    premises = inside["weight"].to_numpy(dtype=float) * eligible[rows]
    codes = inside["municipality_code"].fillna(OUTSIDE).to_numpy(dtype=object)
    label = _cluster(codes, attached.place_node[rows], premises, attached, policy)

    areas = _describe(inside, label, premises, policy)
    areas["municipality_short_share"] = areas["municipality_code"].map(_short_share(places)).to_numpy(dtype=float)
    areas.insert(0, "area_id", _ids(inside, label, areas["municipality_code"]))
    areas.insert(3, "name", _names(inside, label, areas, municipalities))
    shapes = gpd.GeoSeries(_outlines(inside, label), crs=places.crs)
    drawn = gpd.GeoDataFrame(areas.assign(area_km2=shapes.area.to_numpy() / 1e6), geometry=shapes, crs=places.crs)

    area_of_row = np.full(len(places), None, dtype=object)
    area_of_row[rows] = areas["area_id"].to_numpy(dtype=object)[label]
    marked = places.assign(area_id=pd.array(area_of_row, dtype="str"))
    return marked, drawn.sort_values("area_id", ignore_index=True)


def _cluster(codes: npt.NDArray[np.object_], node: Ints, premises: Floats, attached: Attached, policy: Policy) -> Ints:
    """Return the area of each place, numbered in the order of the first place of each."""
    rules = policy.areas
    names = np.unique(codes) if rules.split_by_municipality else np.array([None])
    label = np.zeros(len(codes), dtype=np.int64)
    used = 0
    for name in names:
        here = np.flatnonzero(codes == name) if name is not None else np.arange(len(codes))
        terminals, at = np.unique(node[here], return_inverse=True)
        weight = add_up(premises[here], by=at, size=len(terminals))
        links = span(attached.graph, terminals, limit_m=MERGE_FACTOR * rules.cut_m)
        a, b = np.searchsorted(terminals, links.s), np.searchsorted(terminals, links.t)
        kept = _halve(a, b, links.length_m, links.length_m <= rules.cut_m, weight, rules.max_premises)
        label[here] = used + _join_tiny(a, b, links.length_m, kept, weight, rules.min_premises, rules.max_premises)[at]
        used = int(label[here].max(initial=-1)) + 1
    return np.asarray(pd.factorize(label)[0], dtype=np.int64)


def _links(a: Ints, b: Ints, size: int) -> csr_matrix[np.float64]:
    each: Floats = np.ones(len(a))
    return coo_matrix((each, (a, b)), shape=(size, size)).tocsr()


def _parts(a: Ints, b: Ints, size: int) -> Ints:
    matrix = _links(a, b, size)
    return np.asarray(connected_components(matrix, directed=False)[1], dtype=np.int64)


def _halve(
    a: Ints, b: Ints, length: Floats, kept: npt.NDArray[np.bool_], weight: Floats, most: float
) -> npt.NDArray[np.bool_]:
    """Drop links until no part holds more than `most`, each time the one with the largest length × smaller side."""
    kept = kept.copy()
    while True:
        part = _parts(a[kept], b[kept], len(weight))
        total = np.bincount(part, weight)
        links = np.flatnonzero(kept & (total[part[a]] > most))
        if not len(links):
            return kept
        below = _below(a[links], b[links], weight)
        smaller = np.minimum(below, total[part[a[links]]] - below)
        worth = length[links] * smaller
        # The best link of each part; ties fall to the first, which is fixed by where the places lie.
        order = np.lexsort((links, -worth, part[a[links]]))
        owner = part[a[links]][order]
        kept[links[order[np.concatenate([[True], np.diff(owner) > 0])]]] = False


def _below(a: Ints, b: Ints, weight: Floats) -> Floats:
    """Return, for each link of a forest, the weight on its far side, seen from the first node of its part."""
    size = len(weight)
    part = _parts(a, b, size)
    roots = np.unique(part, return_index=True)[1]
    # One extra node above all roots makes the forest a tree that is walked once.
    up, down = np.append(a, np.full(len(roots), size)), np.append(b, roots)
    matrix = _links(up, down, size + 1)
    order, before = breadth_first_order(matrix, size, directed=False)
    sums = np.append(weight, 0.0)
    for node in order[:0:-1].tolist():
        sums[before[node]] += sums[node]
    return np.where(before[b] == a, sums[b], sums[a])


def _join_tiny(
    a: Ints, b: Ints, length: Floats, kept: npt.NDArray[np.bool_], weight: Floats, least: float, most: float
) -> Ints:
    """Join parts below `least` to a neighbour, shortest link first, and return the part of each terminal."""
    part = _parts(a[kept], b[kept], len(weight))
    total = np.bincount(part, weight).tolist()
    owner = list(range(len(total)))

    def head(item: int) -> int:
        while owner[item] != item:
            owner[item] = owner[owner[item]]
            item = owner[item]
        return item

    spare = np.flatnonzero(~kept)
    for link in spare[np.lexsort((spare, length[spare]))].tolist():
        one, two = head(int(part[a[link]])), head(int(part[b[link]]))
        together = total[one] + total[two]
        if one != two and min(total[one], total[two]) < least and together <= most:
            owner[two] = one
            total[one] = together
    return np.array([head(item) for item in range(len(total))], dtype=np.int64)[part]


def _describe(inside: gpd.GeoDataFrame, label: Ints, premises: Floats, policy: Policy) -> pd.DataFrame:
    """Sum up what each area holds, in the order of the labels."""
    count = int(label.max(initial=-1)) + 1

    def total(values: Floats) -> Floats:
        return add_up(values, by=label, size=count)

    kind = inside["kind"].to_numpy(dtype=object)
    eligible = inside["eligible"].to_numpy(dtype=float)
    employees = inside["employees"].fillna(0).to_numpy(dtype=float)
    weight = inside["weight"].to_numpy(dtype=float)
    each = np.divide(employees, weight, out=np.zeros_like(employees), where=weight > 0)
    need = np.minimum(policy.employees_cap, np.maximum(1.0, each)) * premises * (kind == "business")
    if "upload_dependence" in inside:
        need = need * inside["upload_dependence"].to_numpy(dtype=float)
    down, up = np.zeros(count), np.zeros(count)
    by_share = np.zeros(len(inside), dtype=bool)
    tier_floor = [0.0, *(tier.down_mbps for tier in policy.tiers)]
    log2 = np.log2(np.maximum(1.0, inside["fixed_down_mbps"].to_numpy(dtype=float)))
    shares = _eligible_shares(inside, policy)
    if shares is not None:
        floors = np.concatenate([[1.0], [max(1.0, tier.down_mbps) for tier in policy.tiers]])[: len(policy.tiers)]
        some = shares.sum(axis=1)
        expected = np.divide(shares @ np.log2(floors), some, out=np.zeros(len(some)), where=some > 0)
        is_share = inside["service_basis"].eq("expected_share").to_numpy() if "service_basis" in inside else some > 0
        by_share = np.asarray(is_share, dtype=bool)
        log2 = np.where(by_share, expected, log2)
    for position, tier in enumerate(policy.tiers):
        if tier.eligible:
            there = inside["tier"].eq(tier.id).to_numpy()
            if shares is not None:
                there = there | (shares[:, position] > 0)
            # A factor applies to the best offer of the area's places in this tier; of a share only the floor is known.
            for asked, least, factor, now, floor in (
                (down, tier.deliver_down_mbps, tier.deliver_down_factor, "fixed_down_mbps", tier_floor[position]),
                (up, tier.deliver_up_mbps, tier.deliver_up_factor, "fixed_up_mbps", 0.0),
            ):
                offer = np.where(by_share, floor, inside[now].to_numpy(dtype=float))[there] if factor else 0.0
                np.maximum.at(asked, label[there], np.maximum(least, factor * offer))
    held = total(premises)
    return pd.DataFrame(
        {
            "kind": pd.array(["fixed"] * count, dtype="str"),
            "municipality_code": pd.array(
                _main(inside["municipality_code"].fillna(OUTSIDE).to_numpy(dtype=object), label, premises), dtype="str"
            ),
            "status": pd.array(["modelled"] * count, dtype="str"),
            "premises": held,
            **{PLURALS[name]: total(premises * (kind == name)) for name in KINDS},
            "employees": total(employees * eligible),
            "places": np.bincount(label, minlength=count),
            "mean_log2_down": np.divide(total(premises * log2), held, out=np.zeros(count), where=held > 0),
            "deliver_down_mbps": down,
            "deliver_up_mbps": up,
            "business_need": total(need),
        }
    )


def _short_share(places: gpd.GeoDataFrame) -> pd.Series[float]:
    """Return the share of the premises of each municipality that are short of fixed service."""
    weight = places["weight"].to_numpy(dtype=float)
    sums = pd.DataFrame({"short": weight * places["short_fixed"].to_numpy(dtype=float), "all": weight})
    sums = sums.groupby(places["municipality_code"].fillna(OUTSIDE).to_numpy(dtype=object)).sum()
    return sums["short"].div(sums["all"]).where(sums["all"] > 0, 0.0)


def _eligible_shares(inside: gpd.GeoDataFrame, policy: Policy) -> Floats | None:
    """Return the shares of the policy's tiers, zero where a tier is not eligible; None where service is known."""
    names = [f"{SHARE_PREFIX}{tier.id}" for tier in policy.tiers]
    if not set(names) <= set(inside.columns):
        return None
    may = np.array([tier.eligible for tier in policy.tiers], dtype=float)
    return np.asarray(inside[names].fillna(0).to_numpy(dtype=float) * may)


def _main(values: npt.NDArray[np.object_], label: Ints, weight: Floats) -> list[str]:
    """Return the value with the most weight in each area, ties to the first in the alphabet."""
    sums: dict[tuple[int, str], float] = {}
    for key, amount in zip(zip(label.tolist(), values.tolist(), strict=True), weight.tolist(), strict=True):
        sums[key] = sums.get(key, 0.0) + amount
    best: dict[int, str] = {}
    for area, value in sorted(sums, key=lambda key: (key[0], -sums[key], key[1])):
        best.setdefault(area, value)
    return [best[area] for area in sorted(best)]


def _ids(inside: gpd.GeoDataFrame, label: Ints, codes: pd.Series[str]) -> pd.Series[str]:
    """Name each area by its municipality and a digest of its smallest place id, longer where two would be equal."""
    first = pd.Series(inside["place_id"].to_numpy()).groupby(label).min()
    digest = [base64.b32encode(hashlib.sha256(text.encode()).digest()).decode() for text in first]
    length = 6
    while True:
        made = pd.Series([f"{code}-{text[:length]}" for code, text in zip(codes, digest, strict=True)], dtype="str")
        if made.is_unique:
            return made
        length += 2


def _names(inside: gpd.GeoDataFrame, label: Ints, areas: pd.DataFrame, municipalities: gpd.GeoDataFrame) -> list[str]:
    """Name each area by its municipality and its most frequent locality, numbered by size where names repeat."""
    locality = inside["locality"].to_numpy(dtype=object)
    known = ~pd.isna(locality)
    spoken = {str(name).casefold() for name in locality[known]}
    official = dict(zip(municipalities["municipality_code"], municipalities["name"], strict=True))
    known_label = label[known]
    most = _main(locality[known], known_label, np.ones(len(known_label)))
    main = dict(zip(np.unique(known_label).tolist(), most, strict=True))
    names = []
    for area, code in enumerate(areas["municipality_code"]):
        town = _short(official.get(code, code), spoken)
        names.append(f"{town}, {main[area]}" if area in main else town)
    size, ids = areas["premises"].tolist(), areas["area_id"].tolist()
    repeats = pd.Series(names).duplicated(keep=False)
    number: dict[str, int] = {}
    for area in sorted(range(len(names)), key=lambda area: (-size[area], ids[area])):
        if repeats[area]:
            number[names[area]] = number.get(names[area], 0) + 1
            names[area] = f"{names[area]} {number[names[area]]}"
    return names


def _short(name: str, spoken: set[str]) -> str:
    """Shorten an official name in two languages to the part that is also a locality; else keep it whole.

    Either language may come first (Trondheim - Tråante, Snåase - Snåsa), so position says nothing.
    """
    return next((part for part in name.split(" - ") if part.casefold() in spoken), name)


def _outlines(inside: gpd.GeoDataFrame, label: Ints) -> npt.NDArray[np.object_]:
    """Draw a polygon around the places of each area."""
    order = np.argsort(label, kind="stable")
    points = np.asarray(inside.geometry.array, dtype=object)[order]
    clouds = shapely.multipoints(points, indices=label[order]) if len(points) else np.empty(0, dtype=object)
    hulls = shapely.concave_hull(clouds, ratio=0.2)
    return np.asarray(shapely.simplify(shapely.buffer(hulls, MARGIN_M, quad_segs=2), SIMPLIFY_M), dtype=object)
