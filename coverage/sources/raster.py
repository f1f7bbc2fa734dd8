"""Rasters: one band, a stated CRS, readable to the end. Values stay in the file until they are sampled."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from pyproj import CRS
from rasterio.enums import MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.features import shapes
from rasterio.warp import transform_bounds

from coverage import schemas
from coverage.crs import parse_crs, to_crs
from coverage.errors import CrsError, DataError
from coverage.inputs import SourceSpec
from coverage.sources.archive import exists, kept_file
from coverage.sources.limits import MAX_BLOCK_PIXELS, brief, check_count
from coverage.sources.names import nearest

# GeoTIFF (cloud-optimised too), SRTM tiles and ASCII grids. GDAL is not let near any other: some of its formats are
# lists of further files, or addresses on the network.
DRIVERS: Final = {".tif": "GTiff", ".tiff": "GTiff", ".hgt": "SRTMHGT", ".asc": "AAIGrid"}
_DAMAGED: Final = (RasterioError, ValueError, OSError, OverflowError, RuntimeError)


@dataclass(frozen=True)
class RasterFacts:
    """Say what a raster holds. `bounds` are in the CRS that was asked for; values exclude nodata.

    `low` and `high` have scale and offset applied. `categorical`: it has a colour table, so its values are classes.
    `path` is the file to sample, unpacked where the source lies in an archive.
    """

    cells: int
    valid: int
    low: float
    high: float
    crs: str
    nodata: float | None
    bounds: tuple[float, float, float, float]
    categorical: bool
    path: Path


def inspect_raster(spec: SourceSpec, *, crs: str) -> RasterFacts:
    """Read a raster once to its end, block by block, and return its facts with bounds in `crs`.

    Raises DataError where the file is missing, no raster, truncated, too large or has several bands, and CrsError
    where it states no CRS, or another than study.toml.
    """
    with _opened(spec) as raster:
        cells = valid = 0
        low, high = np.inf, -np.inf
        for block in _blocks(raster, spec):
            values = block.compressed()
            values = values[np.isfinite(values)]
            cells += block.size
            valid += values.size
            if values.size:
                low, high = min(low, float(values.min())), max(high, float(values.max()))
        if not valid:
            raise DataError(f"{spec.name}: every cell is nodata; expected signal levels in dBm")
        low, high = sorted(float(value * raster.scales[0] + raster.offsets[0]) for value in (low, high))
        bounds = _bounds(raster, crs, spec)
        name = brief(raster.crs.to_string())
        return RasterFacts(
            cells, valid, low, high, name, raster.nodata, bounds, _has_colours(raster), Path(raster.name)
        )


def class_polygons(spec: SourceSpec, classes: Mapping[str, str], *, crs: str) -> tuple[gpd.GeoDataFrame, str]:
    """Return the cells of a class raster as polygons with a `level`, in `crs`, and a note with the cells per class.

    `classes` maps the raster's values, as text, to schemas.MOBILE_LEVELS; "none" gets no polygon. Where the raster's
    CRS is another, edges bend with it: they get a vertex per cell. Raises DataError for a value that has no class.
    """
    wanted = _class_codes(classes, spec)
    with _opened(spec) as raster:
        counts: dict[float, int] = {}
        for block in _blocks(raster, spec):
            found, times = np.unique(block.compressed(), return_counts=True)
            for value, count in zip(found.tolist(), times.tolist(), strict=True):
                counts[value] = counts.get(value, 0) + count
                if value not in wanted:
                    raise DataError(f"{spec.name}: the value {value:g} has no level; add it to options.classes")
        if not set(raster.mask_flag_enums[0]) <= {MaskFlags.all_valid, MaskFlags.nodata}:
            raise DataError(f"{spec.name}: the class raster has a mask of its own; expected a nodata value instead")
        if raster.dtypes[0] not in ("uint8", "int16", "uint16", "int32", "float32"):
            raise DataError(f"{spec.name}: values of type {raster.dtypes[0]}; expected classes in whole numbers")
        try:
            # Cells that touch in a corner only are apart, as the cells themselves are.
            pairs = [
                pair for pair in shapes(rasterio.band(raster, 1), connectivity=4) if _shown(pair[1], raster, wanted)
            ]
        except _DAMAGED as error:
            raise DataError(f"{spec.name}: the raster is damaged ({brief(error)}); expected a whole file") from error
        cell = max(abs(raster.transform.a), abs(raster.transform.e))
        frame = gpd.GeoDataFrame(
            {"level": pd.Series([wanted[value] for _, value in pairs], dtype="str")},
            geometry=[shapely.geometry.shape(shape) for shape, _ in pairs],
            crs=raster.crs,
        )
    if frame.crs != CRS.from_user_input(crs):
        frame = to_crs(frame.set_geometry(frame.geometry.segmentize(cell)), crs, where=spec.name)
    note = ", ".join(f"{wanted[value]} {count:,}" for value, count in sorted(counts.items()))
    return frame, f"cells by level: {note}"


def _class_codes(classes: Mapping[str, str], spec: SourceSpec) -> dict[float, str]:
    out = {}
    for key, level in classes.items():
        try:
            code = float(key)
        except ValueError as error:
            raise DataError(
                f"study.toml: source {spec.id!r}: classes.{key}: expected a number of the raster"
            ) from error
        if level not in schemas.MOBILE_LEVELS:
            known = nearest(str(level), schemas.MOBILE_LEVELS)
            raise DataError(f"study.toml: source {spec.id!r}: classes.{key} is {level!r}; {known}")
        out[code] = str(level)
    return out


def _shown(value: float, raster: Any, wanted: Mapping[float, str]) -> bool:
    """Return whether cells of a value get a polygon: those with a level better than none."""
    return value != raster.nodata and wanted[value] != "none"


@contextmanager
def _opened(spec: SourceSpec) -> Iterator[Any]:
    """Open a raster that is fit to be read: one band, not too large, a CRS."""
    path = kept_file(spec)
    if not exists(path):
        raise DataError(f"{spec.name}: the file does not exist; expected a raster for source {spec.id!r}")
    if path.suffix.lower() not in DRIVERS:
        known = ", ".join(f"*{suffix}" for suffix in DRIVERS)
        raise DataError(f"{spec.name}: no known raster format; expected one of {known}, or one of them in a *.zip")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # said below, as an error
            raster = rasterio.open(path, driver=DRIVERS[path.suffix.lower()])
    except _DAMAGED as error:
        raise DataError(f"{spec.name}: not a readable raster ({brief(error)}); expected a GeoTIFF") from error
    with raster:
        if raster.count != 1:
            raise DataError(f"{spec.name}: the raster has {raster.count} bands; expected one")
        check_count(raster.width * raster.height, spec, "max_pixels", "cells")
        block = max((height * width for height, width in raster.block_shapes), default=0)
        if block > MAX_BLOCK_PIXELS:
            raise DataError(f"{spec.name}: blocks of {block:,} cells; expected no more than {MAX_BLOCK_PIXELS:,}")
        if np.dtype(raster.dtypes[0]).kind not in "iuf":
            raise DataError(f"{spec.name}: values of type {raster.dtypes[0]}; expected real numbers")
        _check_crs(raster, spec)
        yield raster


def _blocks(raster: Any, spec: SourceSpec) -> Iterator[Any]:
    try:
        for _, window in raster.block_windows(1):
            yield raster.read(1, window=window, masked=True)
    except _DAMAGED as error:
        raise DataError(
            f"{spec.name}: the raster is truncated or damaged; expected a file readable to its end"
        ) from error


def _bounds(raster: Any, crs: str, spec: SourceSpec) -> tuple[float, float, float, float]:
    try:
        left, bottom, right, top = transform_bounds(raster.crs, crs, *raster.bounds)
    except _DAMAGED as error:
        raise DataError(f"{spec.name}: the raster's extent cannot be brought into {crs} ({brief(error)})") from error
    if not np.isfinite([left, bottom, right, top]).all():
        raise DataError(f"{spec.name}: the raster's extent cannot be brought into {crs}; expected one that covers it")
    return left, bottom, right, top


def _has_colours(raster: Any) -> bool:
    try:
        return bool(raster.colormap(1))
    except ValueError:  # rasterio's way to say that there is none
        return False


def _check_crs(raster: Any, spec: SourceSpec) -> None:
    if raster.crs is None:
        # The stages sample the file itself, so a CRS in study.toml would not reach them.
        raise CrsError(f"{spec.name}: the raster states no coordinate system; expected a GeoTIFF with its CRS inside")
    if spec.crs:
        given = parse_crs(spec.crs, where=f"study.toml: source {spec.id!r}, crs")
        if given != CRS.from_user_input(raster.crs):
            found = brief(raster.crs.to_string())
            raise CrsError(f"{spec.name}: the raster states {found} but study.toml says {spec.crs}; expected the same")
