"""Rasters: one band, a stated CRS, readable to the end. Values stay in the file until they are sampled."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import rasterio
from pyproj import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError
from rasterio.warp import transform_bounds

from coverage.crs import parse_crs
from coverage.errors import CrsError, DataError
from coverage.inputs import SourceSpec


@dataclass(frozen=True)
class RasterFacts:
    """Say what a raster holds. `bounds` are in the CRS that was asked for; values exclude nodata."""

    cells: int
    valid: int
    low: float
    high: float
    crs: str
    nodata: float | None
    bounds: tuple[float, float, float, float]


def inspect_raster(spec: SourceSpec, *, crs: str) -> RasterFacts:
    """Read a raster once to its end, block by block, and return its facts with bounds in `crs`.

    Raises DataError where the file is missing, no raster, truncated or has several bands, and CrsError where it
    states no CRS, or another than study.toml.
    """
    if not spec.path.exists():
        raise DataError(f"{spec.name}: the file does not exist; expected a raster for source {spec.id!r}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # said below, as an error
            raster = rasterio.open(spec.path)
    except (RasterioIOError, RasterioError) as error:
        raise DataError(f"{spec.name}: not a readable raster ({_first(error)}); expected a GeoTIFF") from error
    with raster:
        if raster.count != 1:
            raise DataError(f"{spec.name}: the raster has {raster.count} bands; expected one")
        _check_crs(raster, spec)
        cells = valid = 0
        low, high = np.inf, -np.inf
        try:
            for _, window in raster.block_windows(1):
                block = raster.read(1, window=window, masked=True)
                values = block.compressed()
                values = values[np.isfinite(values)]
                cells += block.size
                valid += values.size
                if values.size:
                    low, high = min(low, float(values.min())), max(high, float(values.max()))
        except (RasterioIOError, RasterioError) as error:
            raise DataError(
                f"{spec.name}: the raster is truncated or damaged; expected a file readable to its end"
            ) from error
        if not valid:
            raise DataError(f"{spec.name}: every cell is nodata; expected signal levels in dBm")
        bounds = transform_bounds(raster.crs, crs, *raster.bounds)
        return RasterFacts(cells, valid, low, high, raster.crs.to_string(), raster.nodata, bounds)


def _check_crs(raster: rasterio.DatasetReader, spec: SourceSpec) -> None:
    if raster.crs is None:
        # The stages sample the file itself, so a CRS in study.toml would not reach them.
        raise CrsError(f"{spec.name}: the raster states no coordinate system; expected a GeoTIFF with its CRS inside")
    if spec.crs:
        given = parse_crs(spec.crs, where=f"study.toml: source {spec.id!r}, crs")
        if given != CRS.from_user_input(raster.crs):
            found = raster.crs.to_string()
            raise CrsError(f"{spec.name}: the raster states {found} but study.toml says {spec.crs}; expected the same")


def _first(error: Exception) -> str:
    return str(error).splitlines()[0]
