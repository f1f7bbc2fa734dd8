"""Areas that a planner has drawn: which eligible place belongs to which, and what must be said about it."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage.crs import require_metric
from coverage.errors import CrsError

NO_LOT: Final = -1
OUTSIDE: Final = "outside"  # stands for the code of a municipality where there is none

Ints = npt.NDArray[np.int64]


def find_lots(places: gpd.GeoDataFrame, lots: gpd.GeoDataFrame) -> Ints:
    """Return the row in `lots` of every eligible place inside one or on its border, the first of several; else -1."""
    found = np.full(len(places), NO_LOT, dtype=np.int64)
    place, lot = _pairs(places, lots)
    # Written from the last lot to the first, so that the first stands.
    order = np.argsort(-lot, kind="stable")
    found[place[order]] = lot[order]
    return found


def lot_ids(lots: gpd.GeoDataFrame) -> list[str]:
    """Return the area_id of each lot: from its lot_id and municipality alone, whatever lies inside.

    `<municipality_code>-lot-<lot_id>`; signs other than letters, digits, "_" and "." become "-", and a digest of the
    lot_id keeps such ids apart. A lot_id that begins with its municipality's code and "-" is an area_id already, of an
    area that was exported, drawn anew and given back: it stays as it is.
    """
    made: list[str] = []
    codes = lots["municipality_code"].fillna(OUTSIDE).tolist()
    known = {lot for code, lot in zip(codes, lots["lot_id"], strict=True) if lot.startswith(f"{code}-")}
    for code, lot in zip(codes, lots["lot_id"], strict=True):
        plain = "".join(sign if sign.isalnum() or sign in "_.-" else "-" for sign in lot)
        own = plain if lot in known else f"{code}-lot-{plain}"
        made.append(own if plain == lot and (lot in known or own not in known) else f"{own}-{digest(lot)}")
    return made


def digest(text: str, *, length: int = 6) -> str:
    """Return the first signs of the SHA-256 of a text in base 32: letters and the digits 2 to 7."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:length]


def remarks(places: gpd.GeoDataFrame, lots: gpd.GeoDataFrame) -> tuple[str, ...]:
    """Say what a planner must know of the lots: places in two of them, lots of no use, lots across municipalities.

    `places` are judged. Every eligible place is in an area all the same.
    """
    if not len(lots):
        return ()
    said = []
    names = lots["lot_id"].tolist()
    place, lot = _pairs(places, lots)
    own = find_lots(places, lots)
    second = pd.DataFrame({"first": own[place], "other": lot})[own[place] != lot]
    for (first, other), count in second.value_counts(sort=False).sort_index().items():
        said.append(
            f"lots: eligible places in both {names[first]!r} and {names[other]!r}: {count:,}; "
            f"they belong to {names[first]!r}, which comes first"
        )
    codes = places["municipality_code"].fillna(OUTSIDE).to_numpy(dtype=object)
    for number, name in enumerate(names):
        inside = np.unique(codes[own == number]).tolist()
        told = lots["municipality_code"].fillna(OUTSIDE).iloc[number]
        if not inside:
            said.append(f"lots: no eligible place is left for {name!r}, so it makes no area")
        elif len(inside) > 1:
            said.append(
                f"lots: {name!r} holds eligible places of {', '.join(inside)}; it stays one area, counted under {told}"
            )
        elif inside != [told]:
            said.append(f"lots: {name!r} is counted under {told}, and its eligible places are all in {inside[0]}")
    return tuple(said)


def _pairs(places: gpd.GeoDataFrame, lots: gpd.GeoDataFrame) -> tuple[Ints, Ints]:
    """Return every (eligible place, lot) that meet, as rows."""
    none = np.empty(0, dtype=np.int64)
    rows = np.flatnonzero(places["eligible"].to_numpy(dtype=float) > 0)
    if not len(lots) or not len(rows):
        return none, none
    if require_metric(lots, where="lots").crs != places.crs:
        raise CrsError("lots: the coordinate system differs from that of the places; expected one for all")
    points = np.asarray(places.geometry.array, dtype=object)[rows]
    lot, place = shapely.STRtree(points).query(np.asarray(lots.geometry.array, dtype=object), predicate="intersects")
    return rows[place].astype(np.int64), lot.astype(np.int64)
