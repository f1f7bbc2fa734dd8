"""Eligible places become project areas: neighbours along the road that would share a trench."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage.clusters import cluster
from coverage.crs import require_metric
from coverage.errors import DataError
from coverage.lots import NO_LOT, OUTSIDE, digest, find_lots, lot_ids
from coverage.policy import Policy
from coverage.roads import Attached, add_up
from coverage.schemas import KINDS, SHARE_PREFIX

MARGIN_M: Final = 120.0  # drawn around places
SIMPLIFY_M: Final = 30.0
NO_LOTS: Final = gpd.GeoDataFrame(
    {name: pd.Series(dtype="str") for name in ("lot_id", "name", "municipality_code")}, geometry=[]
)
PLURALS: Final = {"business": "businesses", "household": "households", "public": "public", "holiday": "holiday"}

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def delineate(
    places: gpd.GeoDataFrame,
    *,
    attached: Attached,
    policy: Policy,
    municipalities: gpd.GeoDataFrame,
    lots: gpd.GeoDataFrame | None = None,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Put every eligible place into exactly one project area; return the places with `area_id`, and the areas.

    Every eligible place in a drawn lot (schemas.LOTS) is in the area of that lot, of several the first; no rule of
    size, distance or municipality parts it. The others are grouped by `clusters.cluster` as if the lots and theirs were
    not there.

    The id of a lot rests on its `lot_id` (`lots.lot_ids`). Any other rests on the smallest place id inside: it stays
    whatever happens elsewhere, and whoever comes or leaves inside unless that one leaves or a smaller one comes.
    Give an area back as a lot to keep its id for good. Premises are Σ weight × eligible, also where eligibility is a
    share.

    Areas are sorted by `area_id`: kind, municipality_code, name, status, premises, businesses, households, public,
    holiday, employees, places (rows), mean_log2_down, deliver_down_mbps, deliver_up_mbps (the most that any tier of its
    places asks for, in speed or as a factor of the best offer there), business_need (Σ over eligible businesses of
    min(cap, max(1, employees)) × `upload_dependence`, if there), area_km2, municipality_short_share (of all premises of
    its municipality), drawn (by a planner), geometry (of a lot as it is drawn).

    Raises DataError if an eligible place is not on the road graph.
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
    lots = NO_LOTS if lots is None or lots.empty else lots
    label, lot = _label(inside, rows, premises, attached=attached, policy=policy, lots=lots)
    drawn = np.flatnonzero(lot != NO_LOT)

    areas = _describe(inside, label, premises, policy)
    drawing = outlines(np.asarray(inside.geometry.array, dtype=object), label)
    if len(drawn):
        codes = areas["municipality_code"].to_numpy(dtype=object, copy=True)
        codes[drawn] = lots["municipality_code"].fillna(OUTSIDE).to_numpy(dtype=object)[lot[drawn]]
        areas["municipality_code"] = pd.array(codes, dtype="str")
        drawing[drawn] = np.asarray(lots.geometry.array, dtype=object)[lot[drawn]]
    short = areas["municipality_code"].map(short_share(places))
    areas["municipality_short_share"] = short.fillna(0.0).to_numpy(dtype=float)
    areas["drawn"] = lot != NO_LOT
    areas.insert(0, "area_id", _ids(inside, label, areas["municipality_code"], lot, lots))
    areas.insert(3, "name", _names(inside, label, areas, municipalities, lot, lots))
    shapes = gpd.GeoSeries(drawing, crs=places.crs)
    made = gpd.GeoDataFrame(areas.assign(area_km2=shapes.area.to_numpy() / 1e6), geometry=shapes, crs=places.crs)

    area_of_row = np.full(len(places), None, dtype=object)
    area_of_row[rows] = areas["area_id"].to_numpy(dtype=object)[label]
    marked = places.assign(area_id=pd.array(area_of_row, dtype="str"))
    return marked, made.sort_values("area_id", ignore_index=True)


def _label(
    inside: gpd.GeoDataFrame,
    rows: Ints,
    premises: Floats,
    *,
    attached: Attached,
    policy: Policy,
    lots: gpd.GeoDataFrame,
) -> tuple[Ints, Ints]:
    """Return the area of each place, numbered in the order of the first place of each, and the lot of each area."""
    lot = find_lots(inside, lots)
    free = lot == NO_LOT
    codes = inside["municipality_code"].fillna(OUTSIDE).to_numpy(dtype=object)
    label = np.empty(len(rows), dtype=np.int64)
    label[free] = cluster(codes[free], rows[free], premises[free], attached=attached, rules=policy.areas)
    first = int(label[free].max(initial=-1)) + 1
    label[~free] = first + lot[~free]
    numbered, found = pd.factorize(label)
    return numbered.astype(np.int64), np.where(found >= first, found - first, NO_LOT)


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
                main_value(inside["municipality_code"].fillna(OUTSIDE).to_numpy(dtype=object), label, premises),
                dtype="str",
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


def short_share(places: gpd.GeoDataFrame) -> pd.Series[float]:
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


def main_value(values: npt.NDArray[np.object_], label: Ints, weight: Floats) -> list[str]:
    """Return the value with the most weight in each area, ties to the first in the alphabet."""
    sums: dict[tuple[int, str], float] = {}
    for key, amount in zip(zip(label.tolist(), values.tolist(), strict=True), weight.tolist(), strict=True):
        sums[key] = sums.get(key, 0.0) + amount
    best: dict[int, str] = {}
    for area, value in sorted(sums, key=lambda key: (key[0], -sums[key], key[1])):
        best.setdefault(area, value)
    return [best[area] for area in sorted(best)]


def _ids(
    inside: gpd.GeoDataFrame, label: Ints, codes: pd.Series[str], lot: Ints, lots: gpd.GeoDataFrame
) -> pd.Series[str]:
    """Name each area by its lot, else by its municipality and a digest of its smallest place id.

    Where two would be equal, theirs and no others are longer.
    """
    first = pd.Series(inside["place_id"].to_numpy()).groupby(label).min()
    given = lot_ids(lots)
    length = np.full(len(lot), 6)
    while True:
        made = pd.Series(
            [
                given[number] if number != NO_LOT else f"{code}-{digest(text, length=signs)}"
                for number, code, text, signs in zip(lot, codes, first, length, strict=True)
            ],
            dtype="str",
        )
        equal = made.duplicated(keep=False).to_numpy() & (lot == NO_LOT)
        if not equal.any():
            return made
        length[equal] += 2


def _names(
    inside: gpd.GeoDataFrame,
    label: Ints,
    areas: pd.DataFrame,
    municipalities: gpd.GeoDataFrame,
    lot: Ints,
    lots: gpd.GeoDataFrame,
) -> list[str]:
    """Name each area as its planner does, else by its municipality and its most frequent locality.

    Where names repeat, those of planners have their lot_id after them and the others are numbered by size.
    """
    locality = inside["locality"].to_numpy(dtype=object)
    known = ~pd.isna(locality)
    spoken = {str(name).casefold() for name in locality[known]}
    official = dict(zip(municipalities["municipality_code"], municipalities["name"], strict=True))
    known_label = label[known]
    most = main_value(locality[known], known_label, np.ones(len(known_label)))
    main = dict(zip(np.unique(known_label).tolist(), most, strict=True))
    given = _given_names(lot, lots)
    names = []
    for area, code in enumerate(areas["municipality_code"]):
        town = short_name(official.get(code, code), spoken)
        names.append(given.get(area) or (f"{town}, {main[area]}" if area in main else town))
    size, ids = areas["premises"].tolist(), areas["area_id"].tolist()
    repeats = pd.Series(names, dtype="str").duplicated(keep=False)
    taken = set(given.values())
    number: dict[str, int] = {}
    for area in sorted(range(len(names)), key=lambda area: (-size[area], ids[area])):
        plain = names[area]
        while area not in given and repeats[area] and (names[area] == plain or names[area] in taken):
            number[plain] = number.get(plain, 0) + 1
            names[area] = f"{plain} {number[plain]}"
    return names


def _given_names(lot: Ints, lots: gpd.GeoDataFrame) -> dict[int, str]:
    """Return the planner's name of each drawn area that has one."""
    drawn = {area: number for area, number in enumerate(lot.tolist()) if number != NO_LOT}
    names = {area: lots["name"].iloc[number] for area, number in drawn.items()}
    names = {area: name for area, name in names.items() if pd.notna(name)}
    again = pd.Series(names, dtype="str").duplicated(keep=False)
    return {
        area: f"{name} ({lots['lot_id'].iloc[drawn[area]]})" if again[area] else name for area, name in names.items()
    }


def short_name(name: str, spoken: set[str]) -> str:
    """Shorten an official name in two languages to the part that is also a locality; else keep it whole.

    Either language may come first (Trondheim - Tråante, Snåase - Snåsa), so position says nothing.
    """
    return next((part for part in name.split(" - ") if part.casefold() in spoken), name)


def outlines(points: npt.NDArray[np.object_], label: Ints) -> npt.NDArray[np.object_]:
    """Draw a polygon around the points of each area, numbered from 0."""
    order = np.argsort(label, kind="stable")
    clouds = shapely.multipoints(points[order], indices=label[order]) if len(points) else np.empty(0, dtype=object)
    hulls = shapely.concave_hull(clouds, ratio=0.2)
    return np.asarray(shapely.simplify(shapely.buffer(hulls, MARGIN_M, quad_segs=2), SIMPLIFY_M), dtype=object)
