"""Elevation models drawn by hand for the tests, in metres of EPSG:25833 unless they say otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio import Affine

from coverage.inputs import SourceSpec, TerrainLayer
from coverage.sources.area import StudyArea
from coverage.sources.layers import read_terrain

CRS = "EPSG:25833"
VOID = -32768


def model(
    path: Path, heights: Any, *, cell: float = 100.0, west: float = 0.0, south: float = 0.0, crs: str = CRS,
    dtype: str = "float32", scale: float = 1.0, offset: float = 0.0,
) -> TerrainLayer:  # fmt: skip
    """Write heights, the first row in the north, as a raster whose lower-left corner is at (west, south)."""
    heights = np.asarray(heights)
    rows, columns = heights.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=1, dtype=dtype, crs=crs, nodata=VOID,
        transform=Affine(cell, 0, west, 0, -cell, south + rows * cell),
    ) as raster:  # fmt: skip
        raster.write(heights.astype(dtype), 1)
        raster.scales, raster.offsets = (scale,), (offset,)
    return TerrainLayer(path.stem, path)


def flat(columns: int, rows: int, *, height: float = 0.0) -> np.ndarray:
    return np.full((rows, columns), height)


def andorra(data_root: Path, area: StudyArea) -> list[TerrainLayer]:
    """Return the two tiles of SRTM that hold Andorra, as a study reads them."""
    layers = []
    for name in ("N41E001", "N42E001"):
        spec = SourceSpec(id=name, role="terrain", kind="raster", path=data_root / "andorra" / f"{name}.hgt.zip")
        layers.append(read_terrain(spec, area=area)[1])
    return layers
