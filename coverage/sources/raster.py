"""Rasters: one band, a stated CRS, readable to the end. Values stay in the file until they are sampled."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import rasterio
from pyproj import CRS
from rasterio._err import CPLE_BaseError
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.warp import transform_bounds

from coverage import schemas
from coverage.crs import parse_crs
from coverage.errors import CrsError, DataError
from coverage.inputs import SourceSpec
from coverage.sources.archive import exists, kept_file
from coverage.sources.limits import MAX_BLOCK_PIXELS, brief, check_count
from coverage.sources.names import nearest

# GeoTIFF (cloud-optimised too), SRTM tiles and ASCII grids. GDAL is not let near any other: some of its formats are
# lists of further files, or addresses on the network.
DRIVERS: Final = {".tif": "GTiff", ".tiff": "GTiff", ".hgt": "SRTMHGT", ".asc": "AAIGrid"}
_DAMAGED: Final = (RasterioError, CPLE_BaseError, ValueError, OSError, OverflowError, RuntimeError, MemoryError)


@dataclass(frozen=True)
class RasterFacts:
    """Say what a raster holds. `bounds` are in the CRS that was asked for; values exclude nodata.

    `low` and `high` have scale and offset applied. `categorical`: it has a colour table, so its values are classes.
    `counts`: cells per class. `path` is the file to sample, unpacked where the source lies in an archive.
    """

    cells: int
    valid: int
    low: float
    high: float
    crs: str
    nodata: float | None
    bounds: tuple[float, float, float, float]
    categorical: bool
    counts: Mapping[float, int]
    path: Path


def inspect_raster(spec: SourceSpec, *, crs: str, classes: Mapping[float, str] | None = None) -> RasterFacts:
    """Read a raster once to its end, block by block, and return its facts with bounds in `crs`.

    With `classes`, every value must be one of them; they are counted. Raises DataError where the file is missing, no
    raster, truncated, too large or has several bands, and CrsError where it states no CRS, or another than study.toml.
    """
    with _opened(spec) as raster:
        cells = valid = 0
        low, high = np.inf, -np.inf
        counts = dict.fromkeys(classes or {}, 0)
        for block in _blocks(raster, spec):
            cells += block.size
            values = block.compressed().astype(np.float64)
            values = values[np.isfinite(values)] * raster.scales[0] + raster.offsets[0]
            valid += values.size
            if values.size:
                low, high = min(low, float(values.min())), max(high, float(values.max()))
            if classes:
                _count(values, counts, spec)
        if not valid:
            raise DataError(f"{spec.name}: every cell is nodata; expected cells that hold values")
        name = brief(raster.crs.to_string())
        bounds = _bounds(raster, crs, spec)
        return RasterFacts(
            cells, valid, low, high, name, raster.nodata, bounds, _has_colours(raster), counts, Path(raster.name)
        )


def class_levels(spec: SourceSpec) -> dict[float, str]:
    """Return option `classes` (raster value = level) with its keys as numbers. Raises DataError for what is none."""
    out = {}
    for key, level in spec.options.get("classes", {}).items():
        where = f"study.toml: source {spec.id!r}: classes.{key}"
        try:
            code = float(key)
        except ValueError as error:
            raise DataError(f"{where}: expected a value of the raster, such as 1") from error
        if level not in schemas.MOBILE_LEVELS:
            raise DataError(f"{where} is {level!r}; {nearest(str(level), schemas.MOBILE_LEVELS)}")
        out[code] = str(level)
    return out


def _count(values: npt.NDArray[np.float64], counts: dict[float, int], spec: SourceSpec) -> None:
    found, times = np.unique(values, return_counts=True)
    for value, count in zip(found.tolist(), times.tolist(), strict=True):
        if value not in counts:
            known = ", ".join(f"{code:g}" for code in counts)
            raise DataError(f"{spec.name}: holds the value {value:g}, which options.classes has not; it has {known}")
        counts[value] += count


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
