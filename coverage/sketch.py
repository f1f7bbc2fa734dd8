"""An area drawn on a map: who is inside, what serving them would take, and where it would stand in the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage import pricing, status
from coverage.areas import PLURALS
from coverage.costs import load_costs
from coverage.crs import GEOGRAPHIC_CRS, to_crs
from coverage.drawn import Ground, lay_alone
from coverage.errors import DataError
from coverage.layout import with_traits
from coverage.lots import OUTSIDE, digest, lot_ids
from coverage.policy import Policy
from coverage.preparation import Prepared
from coverage.priority import Standing, place_among
from coverage.scenario import Scenario
from coverage.study import Study

MOST_CORNERS: Final = 500
WHOLE: Final = 1.0 - 1e-9  # of an area: all of it
PREFIX: Final = "drawn-"
# Why an outline cannot be used, and the same in a sentence.
REFUSED: Final = {
    "no_polygon": "outline: it is no polygon of one ring; expected corners with longitude and latitude",
    "too_many_corners": f"outline: it has more than {MOST_CORNERS} corners; expected fewer",
    "no_area": "outline: it encloses nothing; expected three corners or more that are not in one line",
    "crossing": "outline: its edges cross; expected a ring that meets itself nowhere",
    "outside": "outline: it lies outside the study; expected one that meets a municipality",
}
OVERLAP_COLUMNS: Final = ("area_id", "name", "premises", "share_of_area", "share_of_drawn")
LEFT_OUT_COLUMNS: Final = ("reason_code", "premises", *PLURALS.values())
# Of an area, what its outline carries away.
FIGURES: Final = (
    "premises", "businesses", "households", "public", "employees", "technology", "route_m", "capex",
    "capex_per_premises", "funding_gap_p10", "funding_gap_p50", "funding_gap_p90", "grant", "state_share",
    "county_share", "municipal_share", "private_share",
)  # fmt: skip

Ints = npt.NDArray[np.intp]


class OutlineError(DataError):
    """An outline that cannot be used; `code` is one of REFUSED."""

    def __init__(self, code: str) -> None:
        """Say the sentence of the code."""
        super().__init__(REFUSED[code])
        self.code = code


@dataclass(frozen=True, eq=False)
class Estimate:
    """Hold what serving the eligible premises of an outline would take, as the study says it of its own areas.

    `area` has the columns of an area that was priced, `routes` those of its route; `options` are what each technology
    costs (`costs.price`), `lines` the bill of the proposed one. `standing` is the place among the present areas, but
    for those whose eligible premises are all inside the outline: it would stand in their place.
    """

    area: pd.Series[Any]
    routes: gpd.GeoDataFrame  # one row
    options: pd.DataFrame
    lines: pd.DataFrame
    standing: Standing


@dataclass(frozen=True, eq=False)
class Sketch:
    """Hold one drawn area: the lot that it would be (schemas.LOTS), and what it would take; None if nobody is eligible.

    `towns` are the eligible premises by municipality, most first: the area is counted under the first of them.
    `overlaps` tells which present areas hold the same premises (OVERLAP_COLUMNS).
    """

    lot: gpd.GeoDataFrame
    towns: pd.Series[float]
    overlaps: pd.DataFrame
    estimate: Estimate | None


def read_outline(feature: object, *, crs: Any, municipalities: gpd.GeoDataFrame) -> shapely.Polygon:
    """Return the polygon of a GeoJSON feature (RFC 7946: longitude and latitude) in the study's system.

    Raises OutlineError if it is no polygon of one ring, crosses itself, encloses nothing or lies outside the study.
    """
    corners = corners_of(feature)
    located = gpd.GeoDataFrame(geometry=[shapely.Polygon(corners)], crs=GEOGRAPHIC_CRS)
    outline: shapely.Polygon = to_crs(located, crs, where="outline").geometry.iloc[0]
    if not np.isfinite(shapely.get_coordinates(outline)).all():
        raise OutlineError("outside")
    require_outline(outline, municipalities)
    return outline


def corners_of(feature: object) -> npt.NDArray[np.float64]:
    """Return the corners (longitude, latitude) of a feature, whoever sent it; raises OutlineError."""
    geometry = feature.get("geometry") if isinstance(feature, Mapping) else None
    rings = geometry.get("coordinates") if isinstance(geometry, Mapping) else None
    if not isinstance(geometry, Mapping) or geometry.get("type") != "Polygon" or not isinstance(rings, list):
        raise OutlineError("no_polygon")
    if len(rings) != 1 or not isinstance(rings[0], list):
        raise OutlineError("no_polygon")
    if len(rings[0]) > MOST_CORNERS + 1:  # the first is there twice
        raise OutlineError("too_many_corners")
    try:
        corners = np.array([[float(lon), float(lat)] for lon, lat, *_ in rings[0]], dtype=float).reshape(-1, 2)
    except (TypeError, ValueError):
        raise OutlineError("no_polygon") from None
    if not np.isfinite(corners).all() or (np.abs(corners) > (180.0, 90.0)).any():
        raise OutlineError("no_polygon")
    if len(np.unique(corners, axis=0)) < 3:
        raise OutlineError("no_area")
    return corners


def require_outline(outline: shapely.Polygon, municipalities: gpd.GeoDataFrame) -> None:
    """Raise OutlineError if a polygon in the study's system crosses itself, encloses nothing or lies outside."""
    if not shapely.is_ring(outline.exterior):
        raise OutlineError("crossing" if shapely.get_num_coordinates(outline) > 4 else "no_area")
    if not shapely.is_valid(outline) or outline.area <= 0:
        raise OutlineError("no_area")
    if not shapely.intersects(np.asarray(municipalities.geometry.array, dtype=object), outline).any():
        raise OutlineError("outside")


def inside(places: gpd.GeoDataFrame, outline: shapely.Polygon) -> Ints:
    """Return the rows of the places inside an outline or on its border, as a lot takes them, in their order."""
    return np.sort(np.asarray(places.sindex.query(outline, predicate="intersects"), dtype=np.intp))


def left_out(places: gpd.GeoDataFrame) -> pd.DataFrame:
    """Count premises that are not eligible by the clause that says so (LEFT_OUT_COLUMNS), most first."""
    lost = places["weight"].to_numpy(dtype=float) * (1.0 - places["eligible"].to_numpy(dtype=float))
    kind = places["kind"].to_numpy(dtype=object)
    each = {"premises": lost} | {plural: lost * (kind == name) for name, plural in PLURALS.items()}
    table = pd.DataFrame({"reason_code": places["reason_code"].to_numpy(dtype=object), **each})[lost > 0]
    sums: pd.DataFrame = table.groupby("reason_code", sort=True).sum().reset_index()
    return sums.sort_values(["premises", "reason_code"], ascending=[False, True], ignore_index=True)


def estimate_drawn(
    prepared: Prepared,
    outline: shapely.Polygon,
    scenario: Scenario,
    *,
    ground: Ground,
    ranked: gpd.GeoDataFrame,
    seen: gpd.GeoDataFrame | None = None,
) -> Sketch:
    """Estimate an area with this outline (in the study's system) as the study would if it were one of its drawn lots.

    All eligible premises inside are one area, counted under the municipality with most of them. Its id, and
    with it its draws, rest on who they are; where they are those of a present area it keeps the id of that area, and
    every figure is the same. `ground` is `Ground.of(prepared)`, and `ranked` the areas of the list under the same
    scenario. `seen` are the places, row by row, as the reader may see them: who is inside is then told by where they
    stand there, and no outline can find out where a home is. Raises OutlineError if the outline cannot be used,
    PolicyError if nothing in the cost book delivers what these premises must be given.
    """
    require_outline(outline, prepared.inputs.municipalities)
    places = prepared.places
    ranked = ranked.copy(deep=False)
    ranked.attrs = {}  # what the list says of its choice would be copied at every step
    rows = inside(places if seen is None else seen, outline)
    part = np.zeros(len(places))
    part[rows] = places["eligible"].to_numpy(dtype=float)[rows]
    held = part[rows] * places["weight"].to_numpy(dtype=float)[rows]
    codes = places["municipality_code"].fillna(OUTSIDE).to_numpy(dtype=object)[rows]
    towns = pd.Series(held[held > 0], index=codes[held > 0], dtype=float).groupby(level=0).sum()
    towns = towns.sort_index().sort_values(ascending=False, kind="stable")
    found = _overlaps(places, rows, held, ranked)
    same = found.loc[found[["share_of_area", "share_of_drawn"]].min(axis=1) >= WHOLE, "area_id"]
    made = same.iloc[0] if len(same) else PREFIX + digest(_who(places, rows[held > 0], outline))
    lot = _lot(outline, made, towns.index[0] if len(towns) else None, crs=places.crs)
    if towns.empty:
        return Sketch(lot, towns, found, None)
    points = np.asarray(places.geometry.array, dtype=object)[rows[held > 0]]
    laid = lot if shapely.intersects(points, outline).all() else lot.set_geometry([shapely.multipoints(points)])
    placed, areas, routes = lay_alone(prepared, laid, part=part, graph=ground.graph, attached=ground.attached)
    estimate = _price(prepared, scenario, placed, areas, routes, _without(ranked, found))
    return Sketch(lot, towns, found, estimate)


def _who(places: gpd.GeoDataFrame, rows: Ints, outline: shapely.Polygon) -> str:
    """Return what the id of an outline rests on: whom it holds, and if nobody, its corners to a decimetre."""
    if len(rows):
        return "\n".join(sorted(places["place_id"].iloc[rows]))
    return str(shapely.to_wkt(shapely.normalize(outline), rounding_precision=1))


def _lot(outline: shapely.Polygon, made: str, code: str | None, *, crs: Any) -> gpd.GeoDataFrame:
    """Return the outline as a lot with the id `made`, and with no name of its own."""
    columns = {"lot_id": made, "name": None, "municipality_code": None if code == OUTSIDE else code}
    return gpd.GeoDataFrame(
        {key: pd.array([text], dtype="str") for key, text in columns.items()} | {"source": "drawn", "source_row": 1},
        geometry=[outline],
        crs=crs,
    )


def _overlaps(places: gpd.GeoDataFrame, rows: Ints, held: Any, ranked: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return which areas hold premises of the outline, most first."""
    ids = places["area_id"].to_numpy(dtype=object)[rows]
    shared = pd.Series(held, index=ids)[held > 0]
    shared = shared[shared.index.notna()].groupby(level=0).sum().sort_index()
    there = ranked.set_index("area_id").loc[shared.index]
    table = pd.DataFrame(
        {
            "area_id": pd.array(shared.index.to_numpy(dtype=object), dtype="str"),
            "name": there["name"].array,
            "premises": shared.to_numpy(),
            "share_of_area": shared.to_numpy() / there["premises"].to_numpy(dtype=float),
            "share_of_drawn": shared.to_numpy() / held.sum() if len(shared) else shared.to_numpy(),
        }
    )
    return table.sort_values(["premises", "area_id"], ascending=[False, True], ignore_index=True)


def _without(ranked: gpd.GeoDataFrame, found: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the areas that would still be there: those of which the outline does not hold everything."""
    return ranked[~ranked["area_id"].isin(found.loc[found["share_of_area"] >= WHOLE, "area_id"])]


def _price(
    prepared: Prepared,
    scenario: Scenario,
    placed: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    routes: gpd.GeoDataFrame,
    others: gpd.GeoDataFrame,
) -> Estimate:
    study, policy, inputs = prepared.study, prepared.policy, prepared.inputs
    book = load_costs(study.costs, currency=study.currency, price_year=study.price_year, overrides=scenario.costs)
    # What municipalities tell of an area is told of all their places, and of no others.
    mine = placed["area_id"].notna()
    near = placed["municipality_code"].isin(placed.loc[mine, "municipality_code"]) | mine
    around = prepared.places[near.to_numpy()].assign(area_id=placed.loc[near, "area_id"].array)
    areas = with_traits(areas, around, inputs, study=study, policy=policy)
    told = {"applications": inputs.applications, "applied": inputs.applied}
    if len(inputs.applications) or len(inputs.awards):
        areas = status.advance(areas, placed, awards=inputs.awards, **told)
    priced, options, lines = pricing.propose(areas, routes, book=book, policy=policy)
    estimated, _ = pricing.estimate(priced, routes, placed, inputs=inputs, book=book, policy=policy, scenario=scenario)
    standing = place_among(others, estimated, policy=policy, scenario=scenario)
    return Estimate(estimated.iloc[0], routes, options, lines, standing)


def as_geojson(sketch: Sketch, *, study: Study, policy: Policy, name: str = "") -> dict[str, Any]:
    """Return the outline with its figures as GeoJSON (RFC 7946), ready to be a study's source of lots or applications.

    `lot_id`, `application_id`, `name`, `municipality_code` and `technology` are what these two roles read.
    """
    lot = sketch.lot
    located = to_crs(lot[["geometry"]], GEOGRAPHIC_CRS, where="outline").geometry.iloc[0]
    ring = np.round(shapely.get_coordinates(shapely.orient_polygons(located)), 7).tolist()
    code = lot["municipality_code"].iloc[0]
    names = {
        "lot_id": lot_ids(lot)[0], "application_id": lot["lot_id"].iloc[0], "name": name or None,
        "municipality_code": None if pd.isna(code) else code,
    }  # fmt: skip
    area = pd.Series(dtype=object) if sketch.estimate is None else sketch.estimate.area
    figures = {key: _plain(area[key]) for key in FIGURES if key in area}
    facts = {
        "policy": policy.id, "as_of": study.as_of.isoformat(), "currency": study.currency,
        "price_year": study.price_year, "data_status": study.data_status,
    }  # fmt: skip
    feature = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": names | figures | facts,
    }
    return {"type": "FeatureCollection", "features": [feature]}


def _plain(value: Any) -> Any:
    """Return a figure as JSON knows it: metres and amounts to the second decimal."""
    return round(float(value), 2) if isinstance(value, (float, np.floating)) else value
