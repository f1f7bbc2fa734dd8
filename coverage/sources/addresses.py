"""Which premises a row of a list is about: by their id, by their address, or by where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage.errors import DataError
from coverage.sources.batch import Batch
from coverage.sources.matching import match_names

Ints = npt.NDArray[np.intp]

# Premises of one address stand no farther apart than this; farther apart they are two addresses of the same words.
ONE_ADDRESS_M: Final = 500.0


@dataclass(frozen=True)
class Matches:
    """Pair the rows that are left of a batch with premises: positions in both, sorted by row, then by place."""

    row: Ints
    place: Ints


def match_places(
    batch: Batch,
    places: gpd.GeoDataFrame,
    *,
    municipalities: pd.DataFrame,
    points: gpd.GeoSeries | None = None,
    within_m: float = 0.0,
) -> Matches:
    """Pair each row of a mapped batch (roles.PLACE_FIELDS) with the premises that it names; reject one that names none.

    A row names premises by the first of these that it has: `place_id`; `address` with `postcode`, `municipality_code`
    or `municipality` (a name) where these are given; or its point in `points` (on the batch's index, in the CRS of
    `places`), then the nearest within `within_m`, all of them where several are equally near. An address stands for
    all premises that have it. One that premises in several municipalities or postcodes have, or premises more than
    ONE_ADDRESS_M apart, is ambiguous, and its row is rejected: nobody guesses which was meant.
    """
    frame = batch.frame
    has_id = _there(frame, "place_id")
    has_address = _there(frame, "address") & ~has_id
    has_point = np.zeros(len(frame), dtype=bool) if points is None else points.notna().to_numpy(dtype=bool)
    has_point = has_point & ~has_id & ~has_address
    reasons = np.full(len(frame), "", dtype=object)
    reasons[~(has_id | has_address | has_point)] = "names no premises: expected a place_id, an address or coordinates"
    found = [_by_id(frame, places, has_id, reasons)]
    if has_address.any():
        found.append(_by_address(frame, places, has_address, reasons, _codes(frame, municipalities)))
    if points is not None and has_point.any():
        if not within_m > 0:
            where = f"study.toml: source {batch.spec.id!r}"
            raise DataError(f"{where} has rows with coordinates but no within_m; expected metres above 0")
        found.append(_by_point(points, places, has_point, reasons, within_m))
    row = np.concatenate([pair[0] for pair in found])
    place = np.concatenate([pair[1] for pair in found])
    bad = reasons.astype(bool)
    _reject(batch, bad, reasons, has_id, has_address)
    after = np.cumsum(~bad) - 1
    kept = ~bad[row]
    row, place = after[row[kept]], place[kept]
    order = np.lexsort((place, row))
    return Matches(row[order], place[order])


def plain_address(text: pd.Series) -> pd.Series:
    """Return addresses as they are compared: small letters, single spaces, no commas or points, 24 B as 24b."""
    words = text.str.normalize("NFKC").str.casefold().str.replace(r"[,.;]", " ", regex=True)
    words = words.str.replace(r"\s+", " ", regex=True).str.strip()
    lettered = (words.str.slice(-2, -1) == " ").fillna(False)  # the pattern below is slow, and few end like this
    return words.mask(lettered, words[lettered].str.replace(r"(\d) (?=[^\W\d_]$)", r"\1", regex=True))


def plain_code(codes: pd.Series) -> pd.Series:
    """Return postcodes and municipality codes as they are compared: without spaces and leading zeros."""
    return codes.str.replace(" ", "", regex=False).str.upper().str.lstrip("0")


def _there(frame: pd.DataFrame, name: str) -> npt.NDArray[np.bool_]:
    return frame[name].notna().to_numpy() if name in frame else np.zeros(len(frame), dtype=bool)


def _codes(frame: pd.DataFrame, municipalities: pd.DataFrame) -> pd.Series:
    """Return the municipality that each row names, by code or else by name; "?" where it names none that is known."""
    given = frame["municipality_code"] if "municipality_code" in frame else pd.Series(index=frame.index, dtype="str")
    if "municipality" not in frame:
        return given
    named = given.isna() & frame["municipality"].notna()
    return given.mask(named, match_names(frame["municipality"].where(named, ""), municipalities).fillna("?"))


def _by_id(
    frame: pd.DataFrame, places: gpd.GeoDataFrame, mine: npt.NDArray[np.bool_], reasons: npt.NDArray[np.object_]
) -> tuple[Ints, Ints]:
    row = np.flatnonzero(mine)
    if not len(row):
        return row, row
    at = pd.Index(places["place_id"]).get_indexer(pd.Index(frame["place_id"].to_numpy()[row]))
    reasons[row[at < 0]] = "is the place_id of no premises in the study"
    return row[at >= 0], at[at >= 0]


def _by_address(
    frame: pd.DataFrame,
    places: gpd.GeoDataFrame,
    mine: npt.NDArray[np.bool_],
    reasons: npt.NDArray[np.object_],
    codes: pd.Series,
) -> tuple[Ints, Ints]:
    row = np.flatnonzero(mine)
    asked = pd.DataFrame({"row": row, "address": plain_address(frame["address"].iloc[row]).to_numpy()})
    theirs = plain_address(places["address"])
    known = pd.DataFrame({"place": np.arange(len(places)), "address": theirs.to_numpy()})
    known = known[theirs.notna().to_numpy()]
    pairs = asked.merge(known[known["address"].isin(asked["address"])], on="address").sort_values(["row", "place"])
    reasons[row[~np.isin(row, pairs["row"])]] = "is the address of no premises in the study"
    told = {"postcode": frame.get("postcode"), "municipality_code": codes}
    for name, given in told.items():
        if given is None:
            continue
        ours = plain_code(given).to_numpy(dtype=object)[pairs["row"]]
        other = plain_code(places[name]).to_numpy(dtype=object)[pairs["place"]]
        fits = pd.isna(ours) | (ours == other)
        lost = np.setdiff1d(pairs["row"], pairs["row"][fits])
        word = "postcode" if name == "postcode" else "municipality"
        reasons[lost] = f"is the address of premises, but none in the {word} that is given"
        pairs = pairs[fits]
    for number, places_of in _doubtful(pairs, places):
        reasons[number] = _ambiguous(places.iloc[places_of])
    return pairs["row"].to_numpy(dtype=np.intp), pairs["place"].to_numpy(dtype=np.intp)


def _doubtful(pairs: pd.DataFrame, places: gpd.GeoDataFrame) -> list[tuple[int, Ints]]:
    """Return the rows whose address stands for premises that cannot be one address, with those premises."""
    at = pairs["place"].to_numpy()
    district = places["municipality_code"].fillna("") + " " + places["postcode"].fillna("")
    facts = pd.DataFrame({"x": places.geometry.x.to_numpy()[at], "y": places.geometry.y.to_numpy()[at]})
    facts = facts.assign(district=pd.factorize(district.iloc[at])[0])
    row = pairs["row"].to_numpy()
    grouped = facts.groupby(row)
    spread = (grouped.max() - grouped.min()).astype(float)
    doubtful = (np.hypot(spread["x"], spread["y"]) > ONE_ADDRESS_M) | (spread["district"] > 0)
    return [(int(number), at[row == number]) for number in spread.index[np.asarray(doubtful, dtype=bool)]]


def _ambiguous(found: gpd.GeoDataFrame) -> str:
    districts = (found["postcode"].fillna("?") + " " + found["municipality_code"].fillna("?")).drop_duplicates()
    where = f"in {len(districts)} districts ({', '.join(districts.sort_values().head(3))})"
    if len(districts) == 1:
        west, south, east, north = found.total_bounds
        where = f"up to {np.hypot(east - west, north - south):,.0f} m apart"
    return f"is ambiguous: {len(found)} premises {where} have it; expected a postcode, a municipality or a place_id"


def _by_point(
    points: gpd.GeoSeries,
    places: gpd.GeoDataFrame,
    mine: npt.NDArray[np.bool_],
    reasons: npt.NDArray[np.object_],
    within_m: float,
) -> tuple[Ints, Ints]:
    row = np.flatnonzero(mine)
    standing = np.flatnonzero(_precise(places))
    tree = shapely.STRtree(np.asarray(places.geometry.array, dtype=object)[standing])
    shapes = np.asarray(points.array, dtype=object)[row]
    asked, place = tree.query_nearest(shapes, max_distance=within_m, all_matches=True)
    reasons[np.delete(row, np.unique(asked))] = f"has no premises within {within_m:g} m"
    return row[asked], standing[place]


def _precise(places: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Say which premises stand where they are: not those that stand for a cell or at the point of their postcode."""
    precise = np.ones(len(places), dtype=bool)
    if "cell_m" in places:
        precise &= (places["cell_m"] == 0).to_numpy()
    if "position_basis" in places:
        precise &= (places["position_basis"] == "given").to_numpy()
    return precise


def _reject(
    batch: Batch,
    bad: npt.NDArray[np.bool_],
    reasons: npt.NDArray[np.object_],
    has_id: npt.NDArray[np.bool_],
    has_address: npt.NDArray[np.bool_],
) -> None:
    """Reject each row under the column by which it names its premises."""
    frame = batch.frame
    whole = frame["address"] if has_address.any() else pd.Series("", index=frame.index, dtype="str")
    for name in ("postcode", "municipality_code", "municipality"):
        if name in frame:
            whole = whole + (", " + frame[name]).fillna("")
    ids = frame["place_id"] if has_id.any() else whole
    where = pd.Series("", index=frame.index, dtype="str")
    left = np.arange(len(frame))
    for way, name, values in (
        (has_id, "place_id", ids),
        (has_address, "address", whole),
        (~has_id & ~has_address, batch.position, where),
    ):
        chosen = (bad & way)[left]
        batch.reject(chosen, field=batch.named.get(name, name), values=values.iloc[left], reason=reasons[left])
        left = left[~chosen]
