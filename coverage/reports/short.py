"""The list of places short of service that a report hands over: which rows, in which order, with which columns."""

from __future__ import annotations

from functools import partial
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.assessment import Assessment
from coverage.crs import GEOGRAPHIC_CRS
from coverage.reports import businesses
from coverage.reports.columns import STYLES, style_of
from coverage.reports.evidence import with_evidence
from coverage.reports.once import once
from coverage.reports.pieces import SIZE, Pieces, in_pieces

NAMED_KINDS: Final = ("business", "public")  # whose names and addresses a report may hold

ADDRESS_COLUMNS: Final = (
    "place_id", "kind", "weight", "name", "address", "municipality_code", "municipality", "x", "y", "lon", "lat",
    *businesses.COLUMNS, "fixed_down_mbps", "fixed_up_mbps", "fixed_technology", "fixed_provider",
    "fixed_source", "fixed_file", "fixed_source_row", "fixed_as_of", "fixed_closes",
    "planned_by", "planned_down_mbps", "planned_up_mbps", "planned_date",
    "planned_source", "planned_file", "planned_source_row", "planned_as_of",
    "measured_down_mbps", "measured_flag", "service_basis", "mobile_level", "mobile_operators",
    "tier", "gap_kind", "eligible", "reason_code", "reason", "reason_nb", "change", "change_nb",
    "area_id", "stranding_capex", "policy", "as_of", "data_status",
)  # fmt: skip
# Only where something was corrected, and where there was a hearing.
CORRECTED_COLUMNS: Final = ("correction", "corrected_by", "corrected_on")
HEARD_COLUMNS: Final = ("hearing", "hearing_removed_by", "hearing_lapsed_by", "hearing_lapsed_on")
DATES: Final = ("fixed_closes", "planned_date", "corrected_on", "hearing_lapsed_on")
# What a place says where its study says nothing of it.
OPTIONAL: Final[dict[str, object]] = {
    "service_basis": "offer", "fixed_closes": None, "measured_flag": False, "stranding_capex": np.nan,
}  # fmt: skip


def is_short(places: pd.DataFrame) -> pd.Series:
    """Say which rows are short of fixed or mobile service, or eligible for support with any part of their premises.

    So the eligible premises of the listed rows add up to those of the areas, also where service is an expected share.
    """
    return (places["gap_kind"] != "none") | (places["eligible"] > 0)


def short_rows(assessment: Assessment) -> npt.NDArray[np.int64]:
    """Return the positions of the places that are listed, in the order of the list: by area and place.

    Places in no area come last.
    """
    places = assessment.places
    at = np.flatnonzero(is_short(places))
    keys = pd.DataFrame({name: places[name].array[at] for name in ("area_id", "place_id")})
    order = keys.sort_values(["area_id", "place_id"], kind="stable", na_position="last").index
    return np.asarray(at[order.to_numpy()], dtype=np.int64)


def short_places(assessment: Assessment) -> gpd.GeoDataFrame:
    """Return the places short of service with the columns of a take-home list, ordered by area and place.

    Names and addresses of homes are left out; places in no area come last.
    """
    return _listed(assessment.places.iloc[short_rows(assessment)], assessment).reset_index(drop=True)


def pieces(assessment: Assessment, *, size: int = SIZE) -> Pieces:
    """Return the rows of `short_places` as frames of at most `size` rows, each made when it is asked for.

    Few rows are made once for all who ask.
    """
    if len(assessment.places) <= size:
        return in_pieces(_few(assessment), size=size)
    return Pieces(assessment.places, short_rows(assessment), partial(_listed, assessment=assessment), size)


_few = once(short_places)


def _listed(rows: gpd.GeoDataFrame, assessment: Assessment) -> gpd.GeoDataFrame:
    """Return rows of the assessment's places, in the order given, with the columns of the list."""
    places = with_evidence(rows, assessment)
    named = places["kind"].isin(NAMED_KINDS)
    for name in ("name", "address"):
        places[name] = places[name].where(named, None)
    names = dict(zip(assessment.municipalities["municipality_code"], assessment.municipalities["name"], strict=True))
    places["municipality"] = places["municipality_code"].map(names).astype("str")
    places["x"], places["y"] = places.geometry.x, places.geometry.y
    degrees = places.geometry.to_crs(GEOGRAPHIC_CRS)
    places["lon"], places["lat"] = degrees.x, degrees.y
    for name, value in OPTIONAL.items():
        if name not in places.columns:
            places[name] = value
    places = places.assign(**businesses.of_firms(places))
    extra = [name for name in (*CORRECTED_COLUMNS, *HEARD_COLUMNS) if name in places.columns]
    for name in places.columns.intersection(DATES):
        places[name] = pd.to_datetime(places[name]).dt.strftime("%Y-%m-%d").astype("str")
    places["policy"] = assessment.policy.id
    places["as_of"] = assessment.study.as_of.isoformat()
    places["data_status"] = assessment.study.data_status
    columns = list(ADDRESS_COLUMNS)
    columns[columns.index("area_id") : columns.index("area_id")] = extra
    return _typed(places.loc[:, [*columns, places.geometry.name]])


def _typed(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give columns that hold nothing in these rows the type that they have where they hold something."""
    untold = [name for name in places.columns if places[name].dtype == object]
    kinds = {name: "str" if STYLES[style_of(name)][1] == "@" or name in DATES else "float64" for name in untold}
    return places.astype(kinds)
