"""What a loaded study hands to the stages: frames and layers in the study's metric CRS, all checked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import pandas as pd

OfferShape = Literal["polygon", "line", "cell", "place"]


@dataclass(frozen=True)
class SourceSpec:
    """Describe one source as study.toml names it.

    `path` is absolute; `file` is the path as written, for messages. `columns` maps our column to theirs,
    `constants` our column to one value for all rows, `values` our column to {their value: our value}.
    `where` and `where_prefix` select rows by their columns. `uploaded` is the SHA-256 of a file that a reader of the
    dashboard brought, and empty for what study.toml names.
    """

    id: str
    role: str
    kind: str
    path: Path
    file: str = ""
    root: str = "study"
    layer: str = ""
    crs: str = ""
    format: str = ""
    supplier: str = ""
    licence: str = ""
    url: str = ""
    as_of: dt.date | None = None
    data_status: str = "real"
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    where_prefix: Mapping[str, str] = field(default_factory=dict)
    uploaded: str = ""

    @property
    def name(self) -> str:
        """Return the file's name for messages and fingerprints: as written, `data-root/…` under the data root.

        An uploaded file is `upload/…`, so that it is never taken for one of the study's own.
        """
        written = self.file or self.path.name
        if self.uploaded:
            return f"upload/{written}"
        return f"data-root/{written}" if self.root == "data" else written


@dataclass(frozen=True)
class OfferLayer:
    """Hold the offers of one source (schemas.OFFERS).

    `shape` says how an offer reaches a place: `polygon` (the place intersects the footprint), `line` (the
    nearest line within `within_m`), `cell` (a square of `cell_m` metres whose lower-left corner is in the
    columns `cell_x`, `cell_y`, half-open towards the upper right), `place` (the column `place_id` is equal).
    `overrides`: what it says of a place replaces what other layers say exists there; plans and measurements stay.
    """

    source: str
    shape: OfferShape
    frame: pd.DataFrame
    within_m: float = 0.0
    cell_m: float = 0.0
    overrides: bool = False


@dataclass(frozen=True)
class MobileLayer:
    """Hold one operator's mobile coverage in one technology: a raster in dBm or classes, or polygons with a `level`.

    `classes` names the level of each value of a raster of classes; without it the raster is in dBm.
    """

    source: str
    operator: str
    technology: str  # 4g, 5g
    raster: Path | None = None
    polygons: gpd.GeoDataFrame | None = None  # column `level`
    classes: Mapping[float, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TerrainLayer:
    """Hold one elevation model, in metres and in its own CRS."""

    source: str
    raster: Path


@dataclass(frozen=True)
class ReuseLayer:
    """Hold one source of what a cable can follow instead of a new trench: lines, or single poles as points.

    A road is beside it where it runs within `within_m`.
    """

    source: str
    what: Literal["poles", "ducts"]
    frame: gpd.GeoDataFrame
    within_m: float


@dataclass(frozen=True)
class ExtentLayer:
    """Hold what is counted by its extent, not by premises: polygons in km² (farmland) or lines in km (roads)."""

    source: str
    what: str  # what the reader is told it is: farmland, county roads
    frame: gpd.GeoDataFrame
    ground: str = ""  # polygons of the ground that farms (land) or fish farms (sea) work on; "": of no such use


@dataclass(frozen=True)
class SourceFacts:
    """Hold what a careful reader asks about one source beside its counts; `check` judges it."""

    extent: tuple[float, float, float, float] | None = None  # of the rows used, in the study's CRS
    unused: tuple[tuple[str, str], ...] = ()  # columns that nothing uses, and the expected name nearest to each, or ""
    duplicates: int = 0  # rows used that say what an earlier row says, in every column
    outside: int = 0  # places outside every municipality
    elsewhere: int = 0  # places whose given municipality does not hold their position
    elsewhere_far: int = 0  # those of them that are far from it
    elsewhere_examples: tuple[tuple[int, str], ...] = ()  # of these: row, what is wrong
    municipalities: int | None = None  # in how many of the study's any row lies; None where nothing says so
    doubt: str = ""  # why the whole source seems to lie elsewhere; "" where it does not


@dataclass(frozen=True)
class SourceReport:
    """Say what became of one source while it was read; `check` shows these."""

    source: str
    role: str
    path: str
    sha256: str
    supplier: str
    licence: str
    as_of: dt.date | None
    data_status: str
    rows_read: int  # data rows in the file
    rows_rejected: int
    geometries_repaired: int
    crs_found: str
    rows_left_out: int = 0  # by `where`, `where_prefix` or `clip`: not wanted, so neither used nor rejected
    notes: tuple[str, ...] = ()
    facts: SourceFacts = field(default_factory=SourceFacts)
    reasons: tuple[tuple[str, str, int], ...] = ()  # (field, reason, rows rejected for it)


@dataclass(frozen=True)
class Inputs:
    """Hold everything a study brings, each frame in the study's CRS."""

    municipalities: gpd.GeoDataFrame  # schemas.MUNICIPALITIES
    places: gpd.GeoDataFrame  # schemas.PLACES, points
    roads: gpd.GeoDataFrame  # LineStrings; columns `ferry` (bool), `private` (bool)
    network: gpd.GeoDataFrame  # where fibre is today: points, lines or polygons; column `flagged` (bool: a stand-in)
    offers: tuple[OfferLayer, ...] = ()
    hearing: tuple[OfferLayer, ...] = ()  # what operators said in the public hearing: plans and objections
    corrections: pd.DataFrame = field(default_factory=pd.DataFrame)  # schemas.CORRECTIONS, points; not yet applied
    hubs: gpd.GeoDataFrame = field(default_factory=gpd.GeoDataFrame)  # support hubs and business parks: schemas.HUBS
    water: gpd.GeoDataFrame = field(default_factory=gpd.GeoDataFrame)  # lakes and sea, polygons: for the map alone
    awards: gpd.GeoDataFrame = field(default_factory=gpd.GeoDataFrame)  # past awards: schemas.AWARDS, outline or null
    applications: gpd.GeoDataFrame = field(default_factory=gpd.GeoDataFrame)  # schemas.APPLICATIONS, outline or null
    applied: pd.DataFrame = field(default_factory=pd.DataFrame)  # the premises that their lists name: schemas.APPLIED
    lots: gpd.GeoDataFrame = field(default_factory=gpd.GeoDataFrame)  # areas that a planner has drawn: schemas.LOTS
    mobile: tuple[MobileLayer, ...] = ()
    masts: gpd.GeoDataFrame = field(default_factory=gpd.GeoDataFrame)  # schemas.MASTS, points
    reuse: tuple[ReuseLayer, ...] = ()  # ducts and poles
    terrain: tuple[TerrainLayer, ...] = ()  # of several, the first that holds a height counts
    extents: tuple[ExtentLayer, ...] = ()  # whose mobile coverage is told by area or length
    # One row per municipality_code: `fixed_<mbps>` and `mobile`, shares 0..1 of households.
    shares: pd.DataFrame | None = None
    # Published results to compare with: polygons with `served`, `underserved`, `unserved`, … counts.
    truth: gpd.GeoDataFrame | None = None
    # schemas.REJECTED_COLUMNS; of very many rows with one reason the first, and how many more (counts: see reports)
    rejected: pd.DataFrame = field(default_factory=pd.DataFrame)
    reports: tuple[SourceReport, ...] = ()
    warnings: tuple[str, ...] = ()
