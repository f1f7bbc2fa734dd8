"""What each area would be built of: metres by surface, the ground under its route, and what leaving a place out costs.

The figures that a builder, a planner or a GIS asks for, beside the list that a council votes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage.assessment import Assessment
from coverage.reports.once import once

# Metres that the proposed technology digs, hangs or pulls through, by items of the cost book.
SURFACES: Final = ("verge_trench_m", "soil_trench_m", "rock_trench_m", "aerial_m", "existing_duct_m")
LENGTHS: Final = ("trench_m", "subsea_m", "drop_m", "backhaul_m")
# Of the fibre route whatever is proposed, where the study tells them: what its metres run through, and the terrain.
GROUND: Final = (
    "in_duct_m", "on_poles_m", "verge_dug_m", "steep_dug_m", "field_dug_m", "climb_m", "steep_m", "terrain_m",
)  # fmt: skip
# Of fixed areas, where the terrain was read: which masts wireless would need, and how far they carry.
WIRELESS: Final = (
    "fwa_basis", "fwa_sites_new", "fwa_sites_existing", "fwa_reach_share", "fwa_furthest_m", "fwa_edge_mbps",
    "fwa_power_m", "fwa_backhaul_m",
)  # fmt: skip
STRANDING: Final = ("stranding_capex_median", "stranding_capex_max")
WHY: Final = "ineligible_because"  # of areas that cannot be funded
DRAWN: Final = "drawn"  # of areas, where a planner has drawn any
FIRST: Final = (
    "rank", "area_id", "kind", "municipality_code", "municipality", "name", "decision", "technology", "premises",
    "route_m",
)  # fmt: skip
STAMP: Final = ("policy", "as_of", "data_status")


def surface_metres(assessment: Assessment, items: Sequence[str] = SURFACES) -> pd.DataFrame:
    """Return metres of the proposed technology on each surface, by area_id; 0 where it needs none.

    They are the quantities of the cost lines, so they are priced as they stand here.
    """
    lines = assessment.cost_lines
    proposed = assessment.areas.set_index("area_id")["technology"]
    mine = lines["item"].isin(items) & (lines["technology"] == lines["area_id"].map(proposed))
    found = lines[mine].pivot_table(index="area_id", columns="item", values="quantity", aggfunc="sum", observed=True)
    whole = found.reindex(index=list(proposed.index), columns=list(items)).fillna(0.0).astype(float)
    return whole.rename_axis(index="area_id", columns=None)


def ground_columns(assessment: Assessment) -> list[str]:
    """List the columns of GROUND that the study tells of at least one route."""
    routes = assessment.routes
    return [name for name in GROUND if name in routes.columns and (routes[name] > 0).any()]


def with_metres(frame: gpd.GeoDataFrame, assessment: Assessment) -> gpd.GeoDataFrame:
    """Add to rows with an area_id the lengths of the route, the ground under it, and the metres on each surface.

    What the rows tell already stays: a run that is read back has no cost lines to add it up from.
    """
    routes = assessment.routes.set_index("area_id")
    added = {
        name: frame["area_id"].map(routes[name])
        for name in (*LENGTHS, *ground_columns(assessment))
        if name not in frame.columns and name in routes.columns
    }
    for name, metres in surface_metres(assessment).items():
        if name not in frame.columns:
            added[str(name)] = frame["area_id"].map(metres)
    return frame.assign(**added)


def metre_columns(assessment: Assessment) -> list[str]:
    """List the columns in metres that a table of areas holds beside `route_m`, in order."""
    return [*LENGTHS, *SURFACES, *ground_columns(assessment)]


@once
def technical_table(assessment: Assessment) -> pd.DataFrame:
    """Return one row per area in the order of rank: lengths, surfaces, ground, stranding prices, who drew it."""
    areas = assessment.areas.sort_values(["rank", "area_id"], kind="stable").reset_index(drop=True)
    names = dict(zip(assessment.municipalities["municipality_code"], assessment.municipalities["name"], strict=True))
    table = pd.DataFrame(with_metres(areas, assessment).drop(columns=areas.geometry.name))
    table["municipality"] = table["municipality_code"].map(names)
    for name in STRANDING:
        if name not in table:
            table[name] = np.nan
    drawn = [DRAWN] if DRAWN in table and table[DRAWN].any() else []
    seen = [name for name in WIRELESS if name in table and table["fwa_basis"].notna().any()]
    return table[[*FIRST, *metre_columns(assessment), *seen, *STRANDING, *drawn, *STAMP]]
