"""The life of an area: which applications and awards hold its premises, and what follows for it.

An area is modelled; applied for, once most of its eligible premises are in open applications; awarded and built, once
most are in awards that are. What an award outlines is taken off before areas are made (`take_off`): an area is then
made of what is left. Awards that only name an area leave it in the list, awarded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage.crs import require_metric
from coverage.errors import CrsError
from coverage.schemas import APPLIED, AREA_STATUSES

MOST: Final = 0.5  # of an area's eligible premises
OPEN: Final = "applied"
GIVEN: Final = ("awarded", "built")  # money that is given leaves the next round
BASES: Final = ("list", "outline", "area")
LOT_COLUMNS: Final = ("lot_id", "name", "municipality_code", "source", "source_row", "geometry")
NONE_LISTED: Final = pd.DataFrame({name: pd.Series(dtype="str") for name in APPLIED.columns})

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def members(
    places: gpd.GeoDataFrame, frame: pd.DataFrame, *, by: str, listed: pd.DataFrame = NONE_LISTED
) -> pd.DataFrame:
    """Return which places each row of `frame` (applications or awards, with the id `by`) holds, sorted by both.

    Columns `by`, place (a row of `places`), basis: list where it lists premises, else outline where it draws one (the
    places that intersect it), else area where it names one and the places have their `area_id`.
    """
    empty = pd.DataFrame(
        {name: pd.Series(dtype="int64" if name == "place" else "str") for name in (by, "place", "basis")}
    )
    if not len(frame):
        return empty
    ids = frame[by].to_numpy(dtype=object)
    named = listed[listed[by].isin(ids)] if by in listed else pd.DataFrame({by: [], "place_id": []}, dtype="str")
    at = pd.Index(places["place_id"]).get_indexer(pd.Index(named["place_id"]))
    parts = [empty, pd.DataFrame({by: named[by].to_numpy()[at >= 0], "place": at[at >= 0], "basis": "list"})]
    drawn = frame[(frame["geometry"].notna() & ~frame[by].isin(named[by])).to_numpy()]
    if len(drawn):
        shapes = gpd.GeoDataFrame(drawn, geometry="geometry", crs=getattr(frame, "crs", None))
        if require_metric(shapes, where="outlines").crs != places.crs:
            raise CrsError("outlines: the coordinate system differs from that of the places; expected one for all")
        points = np.asarray(places.geometry.array, dtype=object)
        row, place = shapely.STRtree(points).query(np.asarray(drawn["geometry"], dtype=object), predicate="intersects")
        parts.append(pd.DataFrame({by: drawn[by].to_numpy()[row], "place": place, "basis": "outline"}))
    told = frame.loc[_by_name(frame, by=by, listed=listed), [by, "area_id"]]
    if "area_id" in places and len(told):
        inside = pd.DataFrame({"area_id": places["area_id"].to_numpy(), "place": np.arange(len(places))})
        pairs = told.merge(inside[inside["area_id"].notna()], on="area_id")
        parts.append(pairs[[by, "place"]].assign(basis="area"))
    whole = pd.concat([part for part in parts if len(part)] or [empty], ignore_index=True)
    return whole.astype({"place": "int64"}).sort_values([by, "place"], ignore_index=True)


def take_off(
    places: gpd.GeoDataFrame, *, awards: pd.DataFrame, applications: pd.DataFrame, applied: pd.DataFrame
) -> gpd.GeoDataFrame:
    """Return the places with `funded_earlier` true where an award outlines them, and `funded_by` which (the first id).

    Applications that were awarded or built are awards as well: of the premises that they list, else outline. The clause
    earlier_funded_area of a policy then lets these places out; a policy without it keeps them, and their area is
    awarded (`advance`). What was funded earlier before stays so. Without awards nothing is added.
    """
    ours = members(places, _of(applications, GIVEN), by="application_id", listed=applied)
    ours = ours.rename(columns={"application_id": "award_id"})
    found = pd.concat([members(places, awards, by="award_id"), ours], ignore_index=True)
    found = found[found["basis"] != "area"]
    if found.empty:
        return places
    first = found.sort_values(["place", "award_id"]).drop_duplicates("place")
    by = np.full(len(places), None, dtype=object)
    by[first["place"].to_numpy(dtype=np.int64)] = first["award_id"].to_numpy(dtype=object)
    earlier = places["funded_earlier"].to_numpy(dtype=bool) if "funded_earlier" in places else False
    return places.assign(funded_earlier=earlier | pd.notna(by), funded_by=pd.array(by, dtype="str"))


def advance(
    areas: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    *,
    applications: pd.DataFrame,
    applied: pd.DataFrame,
    awards: pd.DataFrame,
) -> gpd.GeoDataFrame:
    """Return the areas with their `status`, and who made it so; `places` have `area_id`, `eligible` and `weight`.

    applied_share, awarded_share: of the area's eligible premises, those that open applications hold, and those that
    awards hold (built ones and applications that were awarded included); 1 where the area is named. `status` is the
    last of AREA_STATUSES that holds MOST of them. `application_id` and `award_id` name all that hold any, ", " between;
    null for none. Areas of kind mobile are what they are named.
    """
    given = _awards_of(areas, places, awards, applications, applied)
    pairs = {
        "applied": _held(areas, places, _of(applications, (OPEN,)), by="application_id", listed=applied),
        "awarded": given,
        "built": given[given["status"] == "built"],
    }
    share = {name: _share(areas, places, found) for name, found in pairs.items()}
    status = np.full(len(areas), AREA_STATUSES[0], dtype=object)
    for name in AREA_STATUSES[1:]:
        status[share[name] >= MOST] = name
    return areas.assign(
        status=pd.array(status, dtype="str"),
        applied_share=share["applied"],
        awarded_share=share["awarded"],
        application_id=_names(areas, places, pairs["applied"]),
        award_id=_names(areas, places, pairs["awarded"]),
    )


def committed(
    areas: gpd.GeoDataFrame, places: gpd.GeoDataFrame, *, applications: pd.DataFrame, applied: pd.DataFrame
) -> dict[str, float]:
    """Return the confirmed municipal money by area_id, of areas that an open application with a told sum mostly holds.

    An application's money is spread over the areas of which it holds MOST of the eligible premises (or names), by the
    premises that it holds there. Two applications for one area bring the larger sum, not both: they compete, and the
    municipality pays one. 0 is a told sum: then the municipality gives nothing. An area that no application holds is
    not in the answer, and the policy's default stands.
    """
    open_ones = _of(applications, (OPEN,))
    money = open_ones["municipal_money"] if len(open_ones) else pd.Series(dtype=float)
    return _spread(areas, places, open_ones, money, applied=applied, of_several="max")


def requested(
    areas: gpd.GeoDataFrame, places: gpd.GeoDataFrame, *, applications: pd.DataFrame, applied: pd.DataFrame
) -> dict[str, float]:
    """Return the grant that open applications ask for by area_id: the vendor's cost less its share and municipal money.

    Spread over areas as `committed` does; municipal money that is not told is none. Of two applications for one area
    the smaller sum stands: a county would take it. An application that tells no cost or no share asks for nothing that
    is known, and its areas are not in the answer.
    """
    open_ones = _of(applications, (OPEN,))
    if not len(open_ones):
        return {}
    ask = open_ones["vendor_cost"] - open_ones["vendor_share"] - open_ones["municipal_money"].fillna(0.0)
    return _spread(areas, places, open_ones, ask.clip(lower=0.0), applied=applied, of_several="min")


def _spread(
    areas: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    open_ones: pd.DataFrame,
    money: pd.Series[float],
    *,
    applied: pd.DataFrame,
    of_several: Literal["min", "max"],
) -> dict[str, float]:
    """Spread the money of each application over the areas that it mostly holds, by its premises there."""
    told = open_ones[money.notna()]
    found = _per_area(areas, places, _held(areas, places, told, by="application_id", listed=applied))
    found = found[found["share"] >= MOST]
    if found.empty:
        return {}
    # An area of kind mobile has no eligible premises: it takes a share by number.
    part = found["premises"].where(found["premises"] > 0, 1.0)
    part = part / part.groupby(found["id"]).transform("sum")
    whole = pd.Series(money.to_numpy(dtype=float), index=open_ones["application_id"]).reindex(found["id"])
    amounts = (part * whole.to_numpy()).groupby(found["area_id"]).agg(of_several).sort_index()
    return {str(area): float(amount) for area, amount in amounts.items()}


def with_lots(lots: gpd.GeoDataFrame, applications: pd.DataFrame, places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the drawn areas of open applications as lots (schemas.LOTS) before those of the planner.

    So every drawn application is an area of its own in the list. Its lot_id is its `area_id` where it has one, else its
    `application_id`; a planner's lot of the same id gives way. Of two that overlap the earlier by date comes first,
    then by id. Where no municipality is told, it is that with most premises inside (by `weight`; the smallest code of
    equals).
    """
    open_ones = _of(applications, (OPEN,))
    drawn = open_ones[open_ones["geometry"].notna()] if len(open_ones) else open_ones
    if not len(drawn):
        return lots
    drawn = drawn.sort_values(["date", "application_id"], na_position="last", kind="stable")
    ids = drawn["area_id"].fillna(drawn["application_id"])
    inside = members(places, drawn.assign(area_id=None), by="application_id")
    facts = pd.DataFrame(
        {
            "application_id": inside["application_id"],
            "code": places["municipality_code"].to_numpy()[inside["place"]],
            "weight": places["weight"].to_numpy(dtype=float)[inside["place"]],
        }
    )
    sums = facts.groupby(["application_id", "code"])["weight"].sum().reset_index()
    best = sums.sort_values(["application_id", "weight", "code"], ascending=[True, False, True])
    main = best.drop_duplicates("application_id").set_index("application_id")["code"]
    codes = drawn["municipality_code"].fillna(drawn["application_id"].map(main))
    ours = drawn.assign(lot_id=ids, municipality_code=codes.astype("str")).drop_duplicates("lot_id")
    whole = [ours[list(LOT_COLUMNS)]]
    if len(lots):
        whole.append(lots.loc[~lots["lot_id"].isin(ids), list(LOT_COLUMNS)])
    return gpd.GeoDataFrame(pd.concat(whole, ignore_index=True), geometry="geometry", crs=places.crs)


def remarks(
    areas: gpd.GeoDataFrame, places: gpd.GeoDataFrame, *, applications: pd.DataFrame, applied: pd.DataFrame
) -> tuple[str, ...]:
    """Say which open applications hold nobody who is eligible, whose money finds no area, and which compete."""
    open_ones = _of(applications, (OPEN,))
    if not len(open_ones):
        return ()
    held = _held(areas, places, open_ones, by="application_id", listed=applied)
    weight = _eligible(places)
    held = held[(held["place"] < 0) | (weight[held["place"].to_numpy()] > 0)]
    found = _per_area(areas, places, held)
    homeless = ~open_ones["application_id"].isin(found.loc[found["share"] >= MOST, "id"])
    said = []
    brings = (open_ones["municipal_money"] > 0).to_numpy(dtype=bool)
    for name, lost in zip(open_ones["application_id"], homeless & brings, strict=True):
        if name not in set(held["id"]):
            said.append(f"applications: {name!r} holds no eligible premises of the study")
        elif lost:
            said.append(
                f"applications: {name!r} holds less than half of every area it touches, so its municipal money is not "
                "counted; draw it as an area of its own"
            )
    pairs = held[held["place"] >= 0].merge(held[held["place"] >= 0], on="place", suffixes=("", "_other"))
    pairs = pairs[pairs["id"] < pairs["id_other"]]
    both = pairs.assign(premises=weight[pairs["place"].to_numpy()]).groupby(["id", "id_other"])["premises"].sum()
    for (one, other), premises in both.sort_index().items():
        said.append(f"applications: {one!r} and {other!r} compete for {premises:,.0f} eligible premises")
    return tuple(said)


def summarise(areas: gpd.GeoDataFrame, *, applications: pd.DataFrame) -> dict[str, Any]:
    """Count areas and eligible premises by status, and applications by theirs, as plain JSON-able values."""
    by_status = areas.groupby("status")["premises"].agg(["size", "sum"]).reindex(AREA_STATUSES).fillna(0.0)
    told = applications["status"].value_counts().sort_index() if len(applications) else pd.Series(dtype=int)
    return {
        "areas": {str(name): int(count) for name, count in by_status["size"].items()},
        "premises": {str(name): round(float(count), 1) for name, count in by_status["sum"].items()},
        "applications": {str(name): int(count) for name, count in told.items()},
    }


def _of(applications: pd.DataFrame, statuses: Sequence[str]) -> pd.DataFrame:
    return applications[applications["status"].isin(statuses)] if len(applications) else applications


def _by_name(frame: pd.DataFrame, *, by: str, listed: pd.DataFrame) -> Bools:
    """Say which rows tell of premises by the name of an area alone."""
    there = frame[by].isin(listed[by]) if by in listed else pd.Series(False, index=frame.index)
    return np.asarray(frame["area_id"].notna() & frame["geometry"].isna() & ~there, dtype=bool)


def _eligible(places: pd.DataFrame) -> Floats:
    return np.asarray(places["weight"].to_numpy(dtype=float) * places["eligible"].to_numpy(dtype=float))


def _held(
    areas: pd.DataFrame, places: gpd.GeoDataFrame, frame: pd.DataFrame, *, by: str, listed: pd.DataFrame = NONE_LISTED
) -> pd.DataFrame:
    """Return id, status, area_id and place (a row; -1: the area is named) of what the rows of `frame` hold in areas."""
    empty = pd.DataFrame({name: pd.Series(dtype="str") for name in ("id", "status", "area_id")} | {"place": []})
    if not len(frame):
        return empty.astype({"place": "int64"})
    found = members(places, frame, by=by, listed=listed)
    found = found.assign(area_id=places["area_id"].to_numpy(dtype=object)[found["place"].to_numpy(dtype=np.int64)])
    named = frame.loc[_by_name(frame, by=by, listed=listed), [by, "area_id"]]
    named = named[named["area_id"].isin(areas["area_id"])].assign(place=-1)
    whole = pd.concat([named, found[found["area_id"].notna()]], ignore_index=True).rename(columns={by: "id"})
    status = frame.set_index(by)["status"].reindex(whole["id"]).to_numpy(dtype=object)
    return whole.assign(status=status, place=whole["place"].astype("int64"))[["id", "status", "area_id", "place"]]


def _awards_of(
    areas: pd.DataFrame,
    places: gpd.GeoDataFrame,
    awards: pd.DataFrame,
    applications: pd.DataFrame,
    applied: pd.DataFrame,
) -> pd.DataFrame:
    """Return what awards hold, and applications that were awarded or built."""
    ours = _held(areas, places, _of(applications, GIVEN), by="application_id", listed=applied)
    return pd.concat([_held(areas, places, awards, by="award_id"), ours], ignore_index=True)


def _totals(areas: pd.DataFrame, places: pd.DataFrame, weight: Floats, rows: npt.NDArray[np.int64]) -> Floats:
    """Add up the weight of some places by area, in the order of the areas."""
    sums = pd.Series(weight[rows]).groupby(places["area_id"].to_numpy(dtype=object)[rows]).sum()
    return np.asarray(sums.reindex(areas["area_id"].to_numpy(dtype=object)).fillna(0.0), dtype=float)


def _share(areas: pd.DataFrame, places: pd.DataFrame, held: pd.DataFrame) -> Floats:
    """Return the share of each area's eligible premises that are held; 1 of an area that is named."""
    weight = _eligible(places)
    rows = np.unique(held.loc[held["place"] >= 0, "place"].to_numpy(dtype=np.int64))
    whole = _totals(areas, places, weight, np.flatnonzero(places["area_id"].notna().to_numpy()))
    part = np.divide(_totals(areas, places, weight, rows), whole, out=np.zeros(len(areas)), where=whole > 0)
    named = areas["area_id"].isin(held.loc[held["place"] < 0, "area_id"]).to_numpy(dtype=bool)
    return np.asarray(np.where(named, 1.0, np.minimum(1.0, part)))


def _per_area(areas: pd.DataFrame, places: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Return id, area_id, premises (eligible, of its own) and share for each that holds any of an area."""
    weight = _eligible(places)
    whole = pd.Series(
        _totals(areas, places, weight, np.flatnonzero(places["area_id"].notna().to_numpy())),
        index=areas["area_id"].to_numpy(dtype=object),
    )
    at = held["place"].to_numpy(dtype=np.int64)
    each = held.assign(premises=np.where(at >= 0, weight[at] if len(weight) else 0.0, 0.0), named=at < 0)
    sums = each.groupby(["id", "area_id"], as_index=False).agg({"premises": "sum", "named": "any"})
    total = whole.reindex(sums["area_id"]).to_numpy(dtype=float)
    part = np.divide(sums["premises"].to_numpy(), total, out=np.zeros(len(sums)), where=total > 0)
    return sums.assign(share=np.where(sums["named"], 1.0, part))[["id", "area_id", "premises", "share"]]


def _names(areas: pd.DataFrame, places: pd.DataFrame, held: pd.DataFrame) -> Any:
    """Name all that hold any eligible premises of each area, ", " between; null for none."""
    found = _per_area(areas, places, held)
    found = found[found["share"] > 0].sort_values(["area_id", "id"])
    listed = found.groupby("area_id")["id"].agg(", ".join)
    return pd.array(listed.reindex(areas["area_id"].to_numpy(dtype=object)).to_numpy(dtype=object), dtype="str")
