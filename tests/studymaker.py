"""A complete tiny study drawn by hand, written to a folder and open to damage: for tests of every room.

Two square municipalities of 10 km side by side (west 5001 "Vestby", east 5002 "Østby - Nuortta"), forty
places in CSV on a lattice of 2 km, roads on every second kilometre, one fibre footprint over the south-west, a
5 × 5 mobile raster of 4 km cells that grows weaker towards the east, and one network point.

    study = tiny_study(tmp_path)
    study.source("premises")["columns"].pop("weight")
    study.save()
    inputs = Study.open(study.folder).load()
"""

from __future__ import annotations

import copy
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from rasterio import Affine
from shapely.geometry import LineString, MultiLineString, Point, box

CRS = "EPSG:25833"
X0, Y0 = 270_000.0, 7_030_000.0  # lower-left corner of the western square
SIDE = 10_000.0
PLACES = 40

SETTINGS: dict[str, Any] = {
    "id": "tiny",
    "name": "Tiny county",
    "country": "no",
    "crs": CRS,
    "currency": "NOK",
    "price_year": 2025,
    "as_of": dt.date(2024, 6, 30),
    "policy": "no-2024",
    "costs": "norway",
    "budget": 5_000_000,
    "data_status": "synthetic",
    "notes": ["SYNTHETIC: drawn by hand for tests."],
    "parameters": {
        "household_size": {
            "value": 2.0,
            "unit": "persons per household",
            "source": "drawn by hand",
            "confidence": "assumed",
        }
    },
}

SOURCES: list[dict[str, Any]] = [
    {
        "id": "municipalities",
        "role": "municipalities",
        "kind": "vector",
        "path": "municipalities.gpkg",
        "supplier": "Tiny mapping authority",
        "licence": "CC0-1.0",
        "as_of": dt.date(2024, 1, 1),
        "columns": {"municipality_code": "kommunenummer", "name": "kommunenavn"},
    },
    {
        "id": "premises",
        "role": "premises",
        "kind": "table",
        "path": "premises.csv",
        "crs": CRS,
        "data_status": "synthetic",
        "as_of": dt.date(2024, 3, 1),
        "columns": {"place_id": "id", "kind": "type", "weight": "count", "x": "east", "y": "north"},
        "values": {"kind": {"B": "business", "H": "household", "F": "holiday"}},
    },
    {
        "id": "fibre",
        "role": "offers",
        "kind": "vector",
        "path": "fibre.geojson",
        "as_of": dt.date(2024, 3, 1),
        "columns": {"down_mbps": "down", "up_mbps": "up"},
        "constants": {"provider": "Tiny Fibre", "technology": "fibre"},
        "options": {"shape": "polygon"},
    },
    {
        "id": "mobile",
        "role": "mobile",
        "kind": "raster",
        "path": "mobile.tif",
        "as_of": dt.date(2024, 3, 1),
        "options": {"operator": "Tiny Mobile", "technology": "4g"},
    },
    {
        "id": "roads",
        "role": "roads",
        "kind": "vector",
        "path": "roads.gpkg",
        "columns": {"ferry": "type"},
        "values": {"ferry": {"ferry": True}},
    },
    {"id": "network", "role": "network", "kind": "vector", "path": "network.geojson"},
]


@dataclass
class TinyStudy:
    """Hold the study's settings and sources as they will be written by `save`."""

    folder: Path
    settings: dict[str, Any]
    sources: list[dict[str, Any]]

    def source(self, name: str) -> dict[str, Any]:
        return next(source for source in self.sources if source["id"] == name)

    def drop(self, name: str) -> None:
        self.sources = [source for source in self.sources if source["id"] != name]

    def save(self) -> Path:
        """Write study.toml and return the folder."""
        lines = _table("study", self.settings)
        for source in self.sources:
            lines += ["", *_table("sources", source, array=True)]
        (self.folder / "study.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return self.folder


def tiny_study(folder: Path) -> TinyStudy:
    """Write every file of the study, and its study.toml, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if not _FILES:
        _write_files(folder)
        _FILES.update({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    for name, content in _FILES.items():
        (folder / name).write_bytes(content)
    study = TinyStudy(folder, copy.deepcopy(SETTINGS), copy.deepcopy(SOURCES))
    study.save()
    return study


# The files of one process: drawn once, then copied.
_FILES: dict[str, bytes] = {}


def _write_files(folder: Path) -> None:
    municipalities().to_file(folder / "municipalities.gpkg")
    premises().to_csv(folder / "premises.csv", sep=";", index=False)
    footprint().to_crs("EPSG:4326").to_file(folder / "fibre.geojson")
    write_raster(folder / "mobile.tif")
    roads().to_file(folder / "roads.gpkg")
    network().to_crs("EPSG:4326").to_file(folder / "network.geojson")


def municipalities() -> gpd.GeoDataFrame:
    squares = [box(X0 + i * SIDE, Y0, X0 + (i + 1) * SIDE, Y0 + SIDE) for i in range(2)]
    names = {"kommunenummer": ["5001", "5002"], "kommunenavn": ["Vestby", "Østby - Nuortta"]}
    return gpd.GeoDataFrame(names, geometry=squares, crs=CRS)


def premises() -> pd.DataFrame:
    """Return 40 places on a lattice of 2 km, 1 km from the edges: eight columns of five, none on a border."""
    number = np.arange(PLACES)
    kinds = np.array(["B", "H", "H", "F"])[number % 4]
    return pd.DataFrame(
        {
            "id": [f"p{i:02d}" for i in number],
            "type": kinds,
            "count": 1,
            "east": X0 + 1000 + 2500 * (number % 8),
            "north": Y0 + 1000 + 2000 * (number // 8),
            "employees": pd.array(np.where(kinds == "B", number, -1), dtype="Int64").copy(),
        }
    ).assign(employees=lambda frame: frame["employees"].where(frame["employees"] >= 0))


def footprint() -> gpd.GeoDataFrame:
    """Return one fibre footprint over the south-western quarter of the western square."""
    return gpd.GeoDataFrame({"down": [1000.0], "up": [1000.0]}, geometry=[box(X0, Y0, X0 + 5000, Y0 + 5000)], crs=CRS)


def roads() -> gpd.GeoDataFrame:
    """Return a grid of roads through the lattice, joined where they cross, and one ferry across the east."""
    ends = np.arange(1000.0, SIDE, 2000.0)
    lines = [LineString([(X0, Y0 + y), (X0 + 2 * SIDE, Y0 + y)]) for y in ends]
    lines += [LineString([(X0 + x, Y0), (X0 + x, Y0 + SIDE)]) for x in np.arange(1000.0, 2 * SIDE, 2500.0)]
    pieces = list(shapely.get_parts(shapely.node(MultiLineString(lines))))
    ferry = LineString([(X0 + 18_500, Y0 + 9000), (X0 + 19_500, Y0 + 9900)])
    return gpd.GeoDataFrame({"type": ["road"] * len(pieces) + ["ferry"]}, geometry=[*pieces, ferry], crs=CRS)


def network() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"name": ["Exchange"]}, geometry=[Point(X0 + 2500, Y0 + 3000)], crs=CRS)


def write_raster(path: Path, *, crs: str | None = CRS, bands: int = 1, left: float = X0) -> None:
    """Write 5 × 5 cells of 4 km over both squares: −80 dBm in the west to −120 in the east, nodata in one corner."""
    signal = np.tile(np.linspace(-80, -120, 5, dtype="float32"), (5, 1))
    signal[0, 4] = -9999
    profile = {"driver": "GTiff", "height": 5, "width": 5, "count": bands, "dtype": "float32", "nodata": -9999}
    with rasterio.open(path, "w", crs=crs, transform=Affine(4000, 0, left, 0, -4000, Y0 + 15_000), **profile) as out:
        for band in range(1, bands + 1):
            out.write(signal, band)


def _table(name: str, values: dict[str, Any], *, array: bool = False) -> list[str]:
    """Return a table as TOML lines, nested tables last."""
    lines = [f"[[{name}]]" if array else f"[{name}]"]
    lines += [f"{_key(key)} = {_value(value)}" for key, value in values.items() if not isinstance(value, dict)]
    for key, value in values.items():
        if isinstance(value, dict):
            lines += _table(f"{name}.{_key(key)}", value)
    return lines


def _key(key: str) -> str:
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _key(value)
        case list() | tuple():
            return "[" + ", ".join(_value(item) for item in value) + "]"
        case dt.date():
            return value.isoformat()
        case _:
            return repr(value)
