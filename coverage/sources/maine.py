"""Maine's broadband map: project areas, and premises stood along its road segments.

The state publishes road segments by speed tier and clusters of locations without service, but no premises.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage.crs import parse_metric_crs
from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.raw import RawTable
from coverage.sources.vector import read_vector

Floats = npt.NDArray[np.float64]

AREA_NAME: Final = "Proj_Area"
CLUSTER: Final = "CLUSTER_ID"
LOCATIONS: Final = "Service Locations"
CLUSTER_M2: Final = "Area"  # of the whole cluster, in square metres
STREETS: Final = ("Street Name", "Street_Nam")  # the latter in the file of tier 4

RULES: Final = ("clusters", "segments", "length")
SPACING_M: Final = 200.0

AREA_COLUMNS: Final = {"municipality_code": "code", "name": "town"}
PREMISES_COLUMNS: Final = {"weight": "premises", "locality": "street"}
EXCHANGE_COLUMNS: Final = {"name": "town"}


def read_project_areas(spec: SourceSpec) -> RawTable:
    """Read the project areas, which tile the county, with a `code` and the name of the `town`.

    ``Coplin Plt - 1`` gets the code ``coplin-plt-1`` and the town ``Coplin Plt``. Raises DataError where the
    column with their names is missing.
    """
    raw = read_vector(spec)
    _need(raw.frame, (AREA_NAME,), spec)
    name = raw.frame[AREA_NAME].astype("str").str.strip()
    code = name.str.lower().str.replace(r"[^0-9a-z]+", "-", regex=True).str.strip("-")
    return replace(raw, frame=raw.frame.assign(code=code, town=name.str.replace(r"\s+-\s+\d+$", "", regex=True)))


def read_road_premises(spec: SourceSpec) -> RawTable:
    """Stand premises along road segments, as many as the counts of the clusters say.

    The source's file holds the clusters: polygons with an id, a count of service locations (repeated on every
    polygon of the cluster) and the area of the whole cluster. The option `segments` lists the files of road
    segments beside it; `metric_crs` is the projected CRS to measure in. A segment runs from one junction to the
    next, so that short ones mean dense settlement. The option `rule` decides how many premises it gets:

    - ``clusters`` (default): inside a cluster its count is shared equally among its segments; elsewhere a
      segment gets the clusters' mean per segment.
    - ``segments``: every segment gets that mean.
    - ``length``: every metre gets the clusters' mean per metre.

    A segment that lies partly in a cluster counts by the part of its length there; a cluster of which the file
    holds only a part counts by that part of its area. Points stand `spacing_m` metres (200) apart or closer, each
    in the middle of its piece of road; `premises` is the number it stands for. No service class is looked
    at. A row here is a point, not a row of the file. Raises DataError or CrsError.
    """
    raw = read_vector(spec)
    _need(raw.frame, (CLUSTER, LOCATIONS, CLUSTER_M2), spec)
    crs = parse_metric_crs(spec.options.get("metric_crs"), where=f"study.toml: source {spec.id!r}, metric_crs")
    rule = spec.options.get("rule", RULES[0])
    if rule not in RULES:
        raise DataError(f"study.toml: source {spec.id!r}: rule is {rule!r}; expected one of {', '.join(RULES)}")
    points = _points(_segments(spec, crs), float(spec.options.get("spacing_m", SPACING_M)))
    counts, member = _clusters(gpd.GeoDataFrame(raw.frame).to_crs(crs), points)
    # What a point stands for: its part of a segment, or its metres of road.
    unit = points["metres"].to_numpy() if rule == "length" else points["part"].to_numpy()
    inside = member >= 0
    total = float(counts[np.unique(member[inside])].sum())
    if not total > 0:
        raise DataError(f"{spec.name}: no cluster with a count touches a road segment; expected counts of locations")
    mean = total / float(unit[inside].sum())
    premises = unit * mean
    if rule == "clusters":
        held = np.bincount(member[inside], weights=unit[inside], minlength=len(counts))
        premises[inside] = unit[inside] * (counts / np.where(held > 0, held, 1.0))[member[inside]]
    frame = points.assign(premises=premises.round(6))
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    per = "km of road" if rule == "length" else "segment"
    note = (
        f"premises modelled: {premises.sum():,.0f} stood along the road segments by the rule {rule!r} "
        f"({total:,.0f} of them counted in clusters; {mean * (1000 if rule == 'length' else 1):.2f} per {per})"
    )
    return replace(raw, frame=frame, notes=(*raw.notes, note))


def read_exchanges(spec: SourceSpec) -> RawTable:
    """Assume one exchange per project area that has fast segments: a start for routes, where none is published.

    The source's file holds the project areas; the option `segments` lists the files of the fast segments,
    `metric_crs` is the projected CRS to measure in. The exchange stands on the segment nearest to the middle of
    those in the area (the mean of their midpoints, weighted by length). A segment belongs to the area that holds
    its midpoint.
    A row here is an exchange. Raises DataError or CrsError.
    """
    areas = read_project_areas(spec)
    crs = parse_metric_crs(spec.options.get("metric_crs"), where=f"study.toml: source {spec.id!r}, metric_crs")
    polygons = gpd.GeoDataFrame(areas.frame).to_crs(crs)
    lines = _segments(spec, crs).geometry.to_numpy()
    length = shapely.length(lines)
    middle = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    row, towns = [], []
    for town, polygon in zip(polygons["town"], polygons.geometry, strict=True):
        mine = np.flatnonzero(shapely.intersects(polygon, middle))
        if len(mine):
            x, y = np.average(shapely.get_coordinates(middle[mine]), axis=0, weights=length[mine])
            centre = shapely.Point(x, y)
            nearest = lines[mine[np.argmin(shapely.distance(lines[mine], centre))]]
            row.append(shapely.get_point(shapely.shortest_line(nearest, centre), 0))
            towns.append(town)
    if not row:
        raise DataError(f"{spec.name}: no segment lies in a project area; expected segments inside them")
    index = pd.RangeIndex(1, len(row) + 1, name="row")
    frame = gpd.GeoDataFrame({"town": pd.array(towns, dtype="str")}, geometry=row, crs=crs, index=index)
    note = f"{len(row)} exchanges assumed, one per project area with fast segments"
    return replace(areas, frame=frame, notes=(*areas.notes, note))


def _need(frame: pd.DataFrame, names: tuple[str, ...], spec: SourceSpec) -> None:
    missing = [name for name in names if name not in frame]
    if missing:
        raise DataError(f"{spec.name}: column {missing[0]!r} is missing; expected {', '.join(names)}")


def _segments(spec: SourceSpec, crs: Any) -> gpd.GeoDataFrame:
    files = spec.options.get("segments")
    if not isinstance(files, list | tuple) or not files:
        raise DataError(f"study.toml: source {spec.id!r}: option segments is missing; expected a list of files")
    parts = []
    for file in files:
        path = spec.path.parent / str(file)
        read = read_vector(replace(spec, path=path, file=str(Path(spec.file or spec.path.name).parent / str(file))))
        frame = gpd.GeoDataFrame(read.frame).to_crs(crs)
        street = next((name for name in STREETS if name in frame), None)
        names = frame[street].astype("str") if street else pd.array([None] * len(frame), dtype="str")
        parts.append(gpd.GeoDataFrame({"file": str(file), "street": names, "geometry": frame.geometry}, crs=crs))
    lines = pd.concat(parts, ignore_index=True)
    kinds = lines.geometry.geom_type
    if not (kinds == "LineString").all():
        raise DataError(f"{spec.name}: a road segment is a {kinds[kinds != 'LineString'].iloc[0]}; expected lines")
    return gpd.GeoDataFrame(lines, crs=crs)


def _points(lines: gpd.GeoDataFrame, spacing_m: float) -> gpd.GeoDataFrame:
    """Cut every line into equal pieces no longer than the spacing, and mark the middle of each."""
    length = lines.length.to_numpy()
    pieces = np.maximum(1, np.ceil(length / spacing_m)).astype(np.int64)
    line = np.repeat(np.arange(len(lines)), pieces)
    number = np.arange(len(line)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    middle = (number + 0.5) / pieces[line]
    return gpd.GeoDataFrame(
        {
            "file": lines["file"].to_numpy()[line],
            "street": lines["street"].array.take(line),
            "part": 1.0 / pieces[line],
            "metres": (length / pieces)[line],
        },
        geometry=shapely.line_interpolate_point(lines.geometry.to_numpy()[line], middle, normalized=True),
        crs=lines.crs,
    )


def _clusters(polygons: gpd.GeoDataFrame, points: gpd.GeoDataFrame) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return the count of each cluster, and for each point the position of its cluster (-1: in none)."""
    number, ids = pd.factorize(polygons[CLUSTER], sort=True)
    area = polygons.area.groupby(number).sum().to_numpy()
    first = polygons.groupby(number).first()
    whole = pd.to_numeric(first[CLUSTER_M2]).to_numpy(dtype=float)
    counts = pd.to_numeric(first[LOCATIONS]).to_numpy(dtype=float) * np.minimum(1.0, area / whole)
    # Polygons touch at most; a point on a common edge goes to the lower id.
    point, polygon = polygons.sindex.query(points.geometry, predicate="intersects")
    member = np.full(len(points), len(ids), dtype=np.int64)
    np.minimum.at(member, point, number[polygon])
    return counts, np.where(member == len(ids), -1, member)
