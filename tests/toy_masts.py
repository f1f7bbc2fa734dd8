"""The toy with two areas of kind mobile: a new mast that would share a fibre trench, and an existing one."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import LineString, MultiLineString, Point

from coverage.assessment import Assessment
from tests import toy
from tests.kept import kept
from tests.reported import summarised, toy_assessment

NEW, OLD = "5001-mob-AAAAAA", "5058-mob-BBBBBB"
SHARES = "5001-A00000"  # the fixed area whose trench the new mast would share
AT = {NEW: Point(toy.X0 + 1200, toy.Y0 + 6900), OLD: Point(toy.X0 + 9200, toy.Y0 + 6900)}
SERVED = 0  # the row of a place that the new mast serves
AMOUNTS = ("sites_new", "sites_existing", "power_m", "mobile_gain", "farmland_km2", "mobile_road_km",
           "mobile_only_premises", "backhaul_saving_m")  # fmt: skip
WORDS = ("site_basis", "site_id", "backhaul_with", "link_to", "ineligible_because")


@kept
def masted(*, competing: bool = False) -> Assessment:
    """Return the toy with masts; `competing`: the new one is funded, else neither gets money."""
    plain = toy_assessment()
    fixed = plain.areas.assign(**dict.fromkeys(AMOUNTS, 0.0), **dict.fromkeys(WORDS), link_m=np.nan)
    like = fixed.iloc[0].to_dict() | {
        "kind": "mobile", "technology": "mobile_site", "route_m": 3000.0, "deliver_down_mbps": 0.0,
        "mean_log2_down": np.nan, "delivered_down_mbps": 0.0, "over_ceiling": False, "capex": 4e6,
        "funding_gap_p10": 5e6, "funding_gap_p50": 6e6, "funding_gap_p90": 7e6, "grant": 4e6, "state_share": 4e6,
        "municipal_share": 2e6, "pv_revenue": 0.0, "mobile_gain": 40.0,
        "ineligible_because": None if competing else "mobile_not_supported", "ranked_decision": "reserve",
        "decision": "reserve" if competing else "ineligible", "certainty": "safe no", "funded_share": 0.0,
    }  # fmt: skip
    first = like | {
        "area_id": NEW, "name": "Westby <i>Hill</i> (mobile)", "municipality_code": "5001", "premises": 25.0,
        "businesses": 5.0, "households": 20.0, "farmland_km2": 3.1, "mobile_road_km": 2.4, "sites_new": 1.0,
        "mobile_only_premises": 18.0, "site_basis": "high_ground", "site_id": "high-1", "power_m": 800.0,
        "backhaul_with": SHARES, "backhaul_saving_m": 1200.0, "backhaul_saving": 340e3,
        "link_to": "m7", "link_m": 5600.0, "rank": 13,
        "geometry": AT[NEW].buffer(900), "decision": "fund" if competing else "ineligible",
    }  # fmt: skip
    second = like | {
        "area_id": OLD, "name": "Eastby (mobile)", "municipality_code": "5058", "premises": 0.0, "businesses": 0.0,
        "households": 0.0, "farmland_km2": 0.0, "mobile_road_km": 6.0, "sites_existing": 1.0, "rank": 14,
        "mobile_only_premises": 0.0, "site_basis": "mast", "site_id": "mast-m9", "geometry": AT[OLD].buffer(900),
    }  # fmt: skip
    rows = gpd.GeoDataFrame([first, second], geometry="geometry", crs=toy.CRS)
    areas = gpd.GeoDataFrame(pd.concat([fixed, rows], ignore_index=True), geometry="geometry", crs=toy.CRS)
    areas[list(WORDS)] = areas[list(WORDS)].astype("str").where(areas[list(WORDS)].notna(), None)
    areas["cumulative_grant"] = areas["grant"].where(areas["decision"] != "ineligible", 0.0).cumsum()
    way = MultiLineString([LineString([AT[NEW], Point(AT[NEW].x, AT[NEW].y - 3000)])])
    backhaul = plain.routes.iloc[[0, 1]].assign(
        area_id=[NEW, OLD], route_m=[3000.0, 0.0], trench_m=[3000.0, 0.0], subsea_m=0.0, drop_m=0.0
    )
    backhaul = backhaul.set_geometry([way, MultiLineString()], crs=toy.CRS)
    routes = gpd.GeoDataFrame(pd.concat([plain.routes, backhaul], ignore_index=True), geometry="geometry", crs=toy.CRS)
    line = plain.cost_lines.iloc[0].to_dict() | {"area_id": NEW, "technology": "mobile_site"}
    lines = [line | {"item": "verge_trench_m", "quantity": 3000.0}, line | {"item": "power_m", "quantity": 800.0}]
    sites = gpd.GeoDataFrame(
        {"area_id": [NEW, OLD], "site_id": ["high-1", "mast-m9"], "basis": ["high_ground", "mast"]},
        geometry=[AT[NEW], AT[OLD]],
        crs=toy.CRS,
    )
    served = pd.Series([None] * len(plain.places), index=plain.places.index, dtype="object")
    served.iloc[SERVED] = NEW
    return summarised(
        dataclasses.replace(
            plain,
            areas=areas,
            routes=routes,
            sites=sites,
            places=plain.places.assign(mobile_area_id=served),
            # The store of the map tells assessments apart by their inputs.
            provenance=plain.provenance | {"inputs": {"masts": "competing" if competing else "left out"}},
            cost_lines=pd.concat([plain.cost_lines, pd.DataFrame(lines)], ignore_index=True),
        )
    )
