"""Lay coverage over places: which offer each place can buy, what is planned, which mobile level it has.

Every place keeps its row and its index. A place that no claim reaches is unserved (0 Mbit/s), not missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage.claims import Claims, standing
from coverage.crs import to_crs
from coverage.errors import CrsError, DataError
from coverage.inputs import MobileLayer, OfferLayer
from coverage.mobile import measure_levels, summarise_levels
from coverage.policy import Policy
from coverage.polygon_index import pair
from coverage.schemas import SHARE_PREFIX
from coverage.service import complete, no_offers, serve

Ints = npt.NDArray[np.intp]
Pairs = tuple[Ints, Ints]  # positions of places, positions of offers

# A published share may be rounded: a cumulative share that rises by less than this with the speed is levelled.
SHARE_ROUNDING: Final = 0.005


def overlay(
    places: gpd.GeoDataFrame,
    *,
    offers: Sequence[OfferLayer],
    mobile: Sequence[MobileLayer],
    shares: pd.DataFrame | None,
    policy: Policy,
    as_of: dt.date,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Add the service of every place, and return it with the long table of mobile levels.

    `places` holds schemas.PLACES. The first result is `places` with schemas.SERVICE and `service_basis` added: same
    rows, same index. The second holds schemas.MOBILE, rows with a level only.

    An offer that begins after `as_of` is planned, whatever its status says: nobody can buy it yet. What has lapsed or
    was withdrawn in a hearing reaches nobody, see ``coverage.claims``.

    Which offer is the best, what is planned and what was measured is told in ``coverage.service`` and
    ``coverage.measured``, the mobile levels in ``coverage.mobile``.

    A layer that `overrides` replaces what other layers say exists at the places that it reaches.

    Where no other layer brings an existing offer and `shares` is given, service is an expected share per tier:
    columns `share_<tier>` (sum 1) from the place's municipality, `service_basis` "expected_share", and no place
    is said to be covered; only where a layer overrides is it known: `service_basis` "offer". Raises DataError or
    CrsError naming the layer that cannot be used.
    """
    claims = standing(pair_offers(places, offers, as_of=as_of), policy=policy, as_of=as_of)
    columns = serve_fixed(places, claims, shares=shares, policy=policy, as_of=as_of, with_mobile=not mobile)
    levels = measure_levels(places, mobile, policy=policy)
    out = places.assign(**(columns | summarise_levels(levels, policy=policy)))
    return out, levels.table(places["place_id"])


def pair_offers(places: gpd.GeoDataFrame, offers: Sequence[OfferLayer], *, as_of: dt.date) -> Claims:
    """Stack the offers of all layers, and pair places with those that reach them, whether they stand or not."""
    points = _Points(places)
    frames, pairs, base = [], [_nothing()], 0
    for layer in offers:
        dated = _dated(layer, as_of)
        frames.append(complete(dated.frame).assign(overrides=layer.overrides))
        place, offer = _reach(points, dated)
        pairs.append((place, offer + base))
        base += len(layer.frame)
    none = no_offers().assign(overrides=pd.Series(dtype=bool))
    table = pd.concat([none, *(frame for frame in frames if len(frame))], ignore_index=True)
    place, offer = (np.concatenate([pair[way] for pair in pairs]) for way in (0, 1))
    return _overridden(Claims(table, place, offer), len(places))


def _overridden(claims: Claims, rows: int) -> Claims:
    """Return the claims without what other layers say exists where a layer that overrides them has a word."""
    table = claims.table
    over = table["overrides"].to_numpy(dtype=bool)
    if not over.any():
        return claims
    settled = np.bincount(claims.place[over[claims.offer]], minlength=rows) > 0
    there = np.asarray((table["status"] == "existing") & (table["basis"] != "measured"), dtype=bool)  # not plans.BUILT
    kept = ~(settled[claims.place] & (there & ~over)[claims.offer])
    return Claims(table, claims.place[kept], claims.offer[kept])


def serve_fixed(
    places: gpd.GeoDataFrame,
    claims: Claims,
    *,
    shares: pd.DataFrame | None,
    policy: Policy,
    as_of: dt.date,
    with_mobile: bool = False,
) -> dict[str, Any]:
    """Return the columns of fixed service that follow from claims that stand, as `overlay` adds them.

    Where service is a share, what a hearing says to exist lifts the share of its places that lies below it (and
    `with_mobile`, the shares hold mobile service too).
    """
    table = claims.table
    columns = serve(len(places), table, claims.place, claims.offer, policy=policy, as_of=as_of)
    over = table["overrides"].to_numpy(dtype=bool)
    existing = (table["status"] == "existing") & (table["basis"] != "measured") & table["claim"].isna() & ~over
    if shares is not None and not existing.any():
        least = policy.tier_index(columns["fixed_down_mbps"], columns["fixed_up_mbps"])
        exact = np.bincount(claims.place[over[claims.offer]], minlength=len(places)) > 0
        columns |= _expected(places, shares, least, exact, policy=policy, with_mobile=with_mobile)
    return columns


def reach(places: gpd.GeoDataFrame, layer: OfferLayer) -> Pairs:
    """Pair places with the offers of one layer that reach them, as positions in both frames, sorted.

    Polygon: exactly the pairs of ``geopandas.sjoin(predicate="intersects")``. Line: the nearest existing line
    within `within_m` metres and likewise the nearest planned one, all of them where several are equally near.
    Cell: the half-open square that holds the point. Place: equal `place_id`; ids that are no place's reach nobody.
    """
    return _reach(_Points(places), layer)


@dataclass(frozen=True)
class _Points:
    """Hold the places with their points, taken out of the frame once."""

    frame: gpd.GeoDataFrame

    @cached_property
    def shapes(self) -> npt.NDArray[np.object_]:
        return np.asarray(self.frame.geometry.array, dtype=object)


def _reach(points: _Points, layer: OfferLayer) -> Pairs:
    ways: dict[str, Callable[[_Points, OfferLayer], Pairs]] = {
        "polygon": _reach_polygons,
        "line": _reach_lines,
        "cell": _reach_cells,
        "place": _reach_ids,
    }
    if layer.shape not in ways:
        raise DataError(f"{layer.source}: shape {layer.shape!r} is none of {', '.join(ways)}")
    place, offer = ways[layer.shape](points, layer)
    order = np.lexsort((offer, place))
    return place[order], offer[order]


def _reach_polygons(points: _Points, layer: OfferLayer) -> Pairs:
    return pair(points.shapes, _shapes(points, layer))


def _reach_lines(points: _Points, layer: OfferLayer) -> Pairs:
    lines = _shapes(points, layer)
    planned = (layer.frame["status"] != "existing").to_numpy()
    found = []
    for chosen in (np.flatnonzero(~planned), np.flatnonzero(planned)):
        tree = shapely.STRtree(lines[chosen])
        if layer.within_m > 0:
            place, line = tree.query_nearest(points.shapes, max_distance=layer.within_m, all_matches=True)
        else:
            place, line = tree.query(points.shapes, predicate="intersects")
        found.append((place, chosen[line]))
    return np.concatenate([pair[0] for pair in found]), np.concatenate([pair[1] for pair in found])


def _reach_cells(points: _Points, layer: OfferLayer) -> Pairs:
    size = layer.cell_m
    if not size > 0:
        raise DataError(f"{layer.source}: cell_m is {size!r}; expected the side of a cell in metres")
    corners = layer.frame[["cell_x", "cell_y"]].to_numpy(dtype=float)
    if not len(corners):
        return _nothing()
    origin = corners[0] % size
    offset = (corners - origin) / size
    cells = np.rint(offset).astype(np.int64)
    astray = np.abs(offset - cells).max(axis=1) > 1e-6
    if astray.any():
        row = int(np.flatnonzero(astray)[0]) + 1
        raise DataError(f"{layer.source}: row {row}: the cell's corner does not lie on one grid of {size:g} m")
    xy = np.column_stack([points.frame.geometry.x, points.frame.geometry.y])
    at = (xy - origin) / size
    # A point on a corner with decimals may come out a rounding error before its cell.
    noise = 4 * np.finfo(float).eps * np.abs(xy).max(initial=1.0) / size
    nearest = np.rint(at)
    homes = np.where(np.abs(at - nearest) <= noise, nearest, np.floor(at)).astype(np.int64)
    low, high = cells.min(axis=0), cells.max(axis=0)
    width = high[1] - low[1] + 1
    near = ((homes >= low) & (homes <= high)).all(axis=1)
    keys, theirs = ((at[:, 0] - low[0]) * width + at[:, 1] - low[1] for at in (homes, cells))
    return _equal_keys(np.where(near, keys, -1), theirs)


def _reach_ids(points: _Points, layer: OfferLayer) -> Pairs:
    if "place_id" not in layer.frame:
        raise DataError(f"{layer.source}: column 'place_id' is missing; offers per place need it")
    ids = pd.concat([points.frame["place_id"], layer.frame["place_id"]], ignore_index=True)
    code, _ = pd.factorize(ids)
    return _equal_keys(code[: len(points.frame)], code[len(points.frame) :])


def _equal_keys(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> Pairs:
    """Pair the positions of equal keys; a key of -1 (missing) equals nothing."""
    order = np.argsort(right, kind="stable")
    start = np.searchsorted(right[order], left, side="left")
    count = np.where(left < 0, 0, np.searchsorted(right[order], left, side="right") - start)
    place = np.repeat(np.arange(len(left)), count)
    within = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    return place, order[np.repeat(start, count) + within]


def _nothing() -> Pairs:
    return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)


def _shapes(points: _Points, layer: OfferLayer) -> npt.NDArray[np.object_]:
    if not isinstance(layer.frame, gpd.GeoDataFrame):
        raise DataError(f"{layer.source}: shape {layer.shape!r} needs geometry, and the layer has none")
    if to_crs(layer.frame, points.frame.crs, where=layer.source) is not layer.frame:
        raise CrsError(f"{layer.source}: the layer is in {layer.frame.crs}, the places in {points.frame.crs}")
    return np.asarray(layer.frame.geometry.array, dtype=object)


def _dated(layer: OfferLayer, as_of: dt.date) -> OfferLayer:
    later = layer.frame["available_from"] > pd.Timestamp(as_of)
    if not later.any():
        return layer
    return replace(layer, frame=layer.frame.assign(status=layer.frame["status"].mask(later, "planned")))


def _expected(
    places: gpd.GeoDataFrame,
    shares: pd.DataFrame,
    least: npt.NDArray[np.int64],
    exact: npt.NDArray[np.bool_],
    *,
    policy: Policy,
    with_mobile: bool,
) -> dict[str, Any]:
    """Return the share of each place's premises in every tier, from its municipality's cumulative shares.

    Only the download thresholds are known. Places outside every municipality have no statistic and no claim: they
    stand wholly in the lowest tier (and a clause of the policy excludes them). What would lie below the `least` tier
    of a place, which an offer of its own reaches, lies in that tier. An `exact` place lies wholly in it.
    """
    names = [f"fixed_{tier.down_mbps:g}" for tier in policy.tiers]
    wanted = [*names, "mobile"] if with_mobile and "mobile" in shares else names
    missing = [name for name in ("municipality_code", *wanted) if name not in shares]
    if missing:
        raise DataError(f"shares: column {missing[0]!r} is missing; policy {policy.id} needs {', '.join(names)}")
    table = shares.set_index("municipality_code")[wanted].astype(float)
    if not table.index.is_unique:
        raise DataError(f"shares: municipality {table.index[table.index.duplicated()][0]} has several rows")
    bad = ~((table >= 0) & (table <= 1)).all(axis=1) | (table[names].diff(axis=1) > SHARE_ROUNDING).any(axis=1)
    if bad.any():
        raise DataError(
            f"shares: municipality {table.index[bad][0]}: expected shares from 0 to 1 that fall as the speed rises"
        )
    code = places["municipality_code"]
    unknown = sorted(set(code.dropna()) - set(table.index))
    if unknown:
        raise DataError(f"shares: no row for municipality {', '.join(unknown[:5])}, where there are places")
    reached = table.reindex(code.to_numpy()).fillna(0.0)
    at_least = np.minimum.accumulate(reached[names].to_numpy(), axis=1)
    at_least = np.where(np.arange(len(names)) < least[:, None], 1.0, at_least)
    at_least = np.where(exact[:, None] & (np.arange(len(names)) >= least[:, None]), 0.0, at_least)
    edges = np.column_stack([np.ones(len(places)), at_least, np.zeros(len(places))])
    columns: dict[str, Any] = {
        f"{SHARE_PREFIX}{tier}": edges[:, number] - edges[:, number + 1] for number, tier in enumerate(policy.tier_ids)
    }
    if len(wanted) > len(names):
        columns["share_short_mobile"] = 1.0 - reached["mobile"].to_numpy()
    basis = np.where(exact, "offer", "expected_share")
    return columns | {"service_basis": pd.array(basis, dtype="str")}
