"""Roads and ferries from OpenStreetMap: which of its lines a cable can be dug along, and whom to ask."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import geopandas as gpd
import pandas as pd

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.raw import NoRowsError, RawTable
from coverage.sources.vector import read_vector

LAYER: Final = "lines"
# Values of `highway` that are roads for vehicles, as OpenStreetMap's wiki defines them (Key:highway); not footways,
# paths, steps, cycleways, bridleways, nor what is only planned or being built.
HIGHWAYS: Final = (
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link",
    "tertiary", "tertiary_link", "unclassified", "residential", "living_street", "pedestrian", "service", "road",
    "track",
)  # fmt: skip
# Of `highway=service`: nobody lives along these.
NOT_ALONG: Final = ("parking_aisle", "drive-through")
# Whose owner must be asked: access is private or barred, or that of vehicles is private. From `motor_vehicle=no`
# nothing follows: a pedestrian street is public.
BARRED: Final = ("private", "no")
VEHICLES: Final = ("vehicle", "motor_vehicle")


def read_osm_roads(spec: SourceSpec) -> RawTable:
    """Read the roads and ferries of an OpenStreetMap extract, with `highway`, `name`, `ferry` and `private`.

    A line is a road by its `highway` (option `highways`, a list; default HIGHWAYS), a ferry by `route=ferry` on the
    line itself: ferries that only a relation names are not found. Private is what says `access=private` or `no`, or
    `private` of vehicles. All other lines, and areas drawn as lines, are left out and counted. The CRS is EPSG:4326.
    Raises DataError where the file is no extract, or holds neither road nor ferry.
    """
    wanted = spec.options.get("highways", list(HIGHWAYS))
    if not isinstance(wanted, list) or not wanted or not all(isinstance(name, str) for name in wanted):
        raise DataError(
            f"study.toml: source {spec.id!r}: option highways is {wanted!r}; expected a list of values of highway, "
            'such as ["primary", "residential"]'
        )
    raw = read_vector(replace(spec, layer=spec.layer or LAYER))
    lines = raw.frame
    if not isinstance(lines, gpd.GeoDataFrame) or not {"highway", "other_tags"} <= set(lines.columns):
        raise DataError(
            f"{spec.name}: no columns highway and other_tags; expected an OpenStreetMap extract (*.osm.pbf)"
        )
    roads = pick_roads(lines, highways=wanted)
    if roads.empty:
        raise NoRowsError(f"{spec.name}: none of {len(lines):,} lines is a road or a ferry; expected roads")
    left_out = len(lines) - len(roads)
    note = (
        f"{len(roads):,} of {len(lines):,} lines are roads or ferries ({int(roads['ferry'].sum()):,} ferries, "
        f"{int(roads['private'].sum()):,} private); the others are left out"
    )
    return replace(raw, frame=roads, left_out=left_out, notes=(*raw.notes, note))


def pick_roads(lines: gpd.GeoDataFrame, *, highways: list[str]) -> gpd.GeoDataFrame:
    """Return the roads and ferries among OpenStreetMap's lines, with `highway`, `name`, `ferry` and `private`.

    `lines` has the columns `highway` and `other_tags` (the other tags as GDAL writes them: "key"=>"value","key"=>…).
    """
    tags = lines["other_tags"].astype("str")
    ferry = tag(tags, "route").eq("ferry")
    road = lines["highway"].isin(highways) & ~tag(tags, "service").isin(NOT_ALONG) & ~tag(tags, "area").eq("yes")
    private = tag(tags, "access").isin(BARRED)
    for key in VEHICLES:
        private |= tag(tags, key).eq("private")
    keep = road | ferry
    return gpd.GeoDataFrame(
        {
            "highway": lines["highway"][keep],
            "name": lines["name"][keep] if "name" in lines else pd.NA,
            "ferry": (ferry & ~road)[keep],
            "private": private[keep],
        },
        geometry=lines.geometry[keep],
        crs=lines.crs,
    )


def tag(tags: pd.Series, key: str) -> pd.Series:
    """Return the value of one tag from texts such as "access"=>"private","oneway"=>"yes"; null where it has none."""
    # Quotation marks inside keys and values are escaped, so this finds nothing inside a value.
    value = tags.str.extract(rf'(?:^|,)"{key}"=>"((?:[^"\\]|\\.)*)"', expand=False)
    return value.fillna("").astype("str").mask(value.isna())
