"""Small drawn landscapes for the tests of roads, areas and routes, in metres of EPSG:25833."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

from coverage.roads import RoadGraph

CRS = "EPSG:25833"
XY = tuple[float, float]


def roads(*lines: Sequence[XY], ferry: Sequence[bool] | None = None) -> gpd.GeoDataFrame:
    marks = list(ferry) if ferry is not None else [False] * len(lines)
    return gpd.GeoDataFrame({"ferry": marks}, geometry=[LineString(line) for line in lines], crs=CRS)


def places(*points: XY, **columns: object) -> gpd.GeoDataFrame:
    """Return eligible households of weight 1 in one municipality, unless columns say otherwise."""
    count = len(points)
    frame = pd.DataFrame(
        {
            "place_id": [f"p{number:03d}" for number in range(count)],
            "kind": "household",
            "weight": 1.0,
            "buildings": 1.0,
            "employees": np.nan,
            "municipality_code": "5001",
            "locality": "Vik",
            "fixed_down_mbps": 0.0,
            "fixed_up_mbps": 0.0,
            "tier": "below_30",
            "short_fixed": 1.0,
            "eligible": 1.0,
        },
        index=range(count),
    ).assign(**columns)
    return gpd.GeoDataFrame(frame, geometry=[Point(point) for point in points], crs=CRS)


def network(*shapes: BaseGeometry, flagged: Sequence[bool] | None = None) -> gpd.GeoDataFrame:
    marks = list(flagged) if flagged is not None else [False] * len(shapes)
    return gpd.GeoDataFrame({"flagged": marks}, geometry=list(shapes), crs=CRS)


def municipalities(**names: str) -> gpd.GeoDataFrame:
    """Return municipalities by code, written m5001="Vik"."""
    codes = [key.removeprefix("m") for key in names]
    frame = pd.DataFrame({"municipality_code": codes, "name": list(names.values())})
    return gpd.GeoDataFrame(frame, geometry=[None] * len(codes), crs=CRS)


def as_networkx(graph: RoadGraph) -> nx.Graph:
    made = nx.Graph()
    made.add_nodes_from(range(graph.nodes))
    for a, b, length in zip(graph.u.tolist(), graph.v.tolist(), graph.length_m.tolist(), strict=True):
        if a != b and length < made.get_edge_data(a, b, {"weight": np.inf})["weight"]:
            made.add_edge(a, b, weight=length)
    return made


def random_town(seed: int, *, side: int = 6, missing: float = 0.25) -> gpd.GeoDataFrame:
    """Return a crooked grid of streets, some of them missing; the corners are shared end points."""
    rng = np.random.default_rng(seed)
    corner = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), axis=-1) * 100.0
    corner = np.round(corner + rng.uniform(-30, 30, corner.shape), 1)
    lines = []
    for i in range(side):
        for j in range(side):
            lines += [
                [tuple(corner[i, j]), tuple(corner[k, m])] for k, m in ((i + 1, j), (i, j + 1)) if max(k, m) < side
            ]
    keep = rng.random(len(lines)) >= missing
    keep[0] = True
    return roads(*[line for line, kept in zip(lines, keep, strict=True) if kept])
