"""Draw the relief of the ground as one picture in web Mercator: slopes lit from the north-west, flat ground clear."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rasterio.features import geometry_mask
from rasterio.warp import Resampling

from coverage.crs import to_crs
from coverage.inputs import TerrainLayer
from maps.tiles.mobile import WEB_MERCATOR, Bounds, grid_of, mercator_bounds, warped

MAX_SIDE: Final = 1000  # pixels of the longer side
AZIMUTH: Final = 315.0  # degrees from the north that light comes from
ALTITUDE: Final = 45.0  # degrees above the horizon
RELIEF: Final = 0.6  # what a slope is raised to, so that hills are seen beside mountains
STEPS: Final = 12  # of shadow, and of light
SHADOW: Final = (29, 39, 48, 96)  # red, green, blue, alpha of the deepest
LIGHT: Final = (255, 255, 255, 150)

Heights = NDArray[np.float32]
Codes = NDArray[np.uint8]


def heights(terrain: Sequence[TerrainLayer], *, bounds: Bounds, most: int = MAX_SIDE) -> Heights:
    """Return the heights in metres per pixel of the picture, NaN where none is known; the first layer that tells is it.

    Raises rasterio's RasterioError where a model cannot be read.
    """
    found = np.full(grid_of(bounds, most=most)[0], np.nan, np.float32)
    for layer in terrain:
        own = warped(layer.raster, bounds, most=most, resampling=Resampling.bilinear)
        found = np.where(np.isnan(found), own, found)
    return found


def shade(ground: Heights, *, bounds: Bounds) -> NDArray[np.float64]:
    """Return how much lighter (up to 1) or darker (down to -1) than flat ground a pixel is; 0 where nothing is known.

    Slopes are those of the ground, not of the map, which stretches with the latitude. Raised to RELIEF.
    """
    rows, columns = ground.shape
    west, south, east, north = bounds
    middle = (np.arange(rows) + 0.5) / rows * (south - north) + north
    true = 1 / np.cosh(middle / 6_378_137.0)  # metres of ground to a metre of web Mercator
    side_x, side_y = (east - west) / columns * true[:, None], (north - south) / rows * true[:, None]
    down, right = np.gradient(np.pad(ground.astype(np.float64), 1, mode="edge"))
    rise_east, rise_north = right[1:-1, 1:-1] / side_x, -down[1:-1, 1:-1] / side_y
    steep = np.hypot(rise_east, rise_north)
    with np.errstate(invalid="ignore", divide="ignore"):
        raised = np.where(steep > 0, steep**RELIEF / steep, 0.0)
    rise_east, rise_north = rise_east * raised, rise_north * raised
    azimuth, altitude = np.radians(AZIMUTH), np.radians(ALTITUDE)
    toward = np.cos(altitude) * (np.sin(azimuth) * rise_east + np.cos(azimuth) * rise_north)
    lit = (np.sin(altitude) - toward) / np.sqrt(1 + rise_east**2 + rise_north**2)
    flat = np.sin(altitude)
    change = np.where(lit < flat, (lit - flat) / flat, (lit - flat) / (1 - flat))
    return np.nan_to_num(np.clip(change, -1, 1), nan=0.0)


def png(terrain: Sequence[TerrainLayer], *, land: gpd.GeoDataFrame, most: int = MAX_SIDE) -> bytes:
    """Return the picture over the bounds of `land`; what is not land is clear. At most `most` pixels a side."""
    bounds = mercator_bounds(land)
    change = shade(heights(terrain, bounds=bounds, most=most), bounds=bounds)
    outside = geometry_mask(
        to_crs(land, WEB_MERCATOR, where="municipalities").geometry,
        out_shape=change.shape,
        transform=grid_of(bounds, most=most)[1],
    )
    return _encode(np.where(outside, 0.0, change))


def _encode(change: NDArray[np.float64]) -> bytes:
    """Write shadow and light as steps of transparency over whatever lies below."""
    level = np.round(change * STEPS).astype(np.int64)
    palette = np.zeros((256, 4), np.uint8)
    for number in range(1, STEPS + 1):
        palette[number], palette[STEPS + number] = SHADOW, LIGHT
        for code, most in ((number, SHADOW[3]), (STEPS + number, LIGHT[3])):
            palette[code, 3] = round(most * number / STEPS)
    image = Image.fromarray(np.where(level < 0, -level, np.where(level > 0, STEPS + level, 0)).astype(np.uint8), "P")
    image.putpalette(palette[:, :3].tobytes())
    out = io.BytesIO()
    image.save(out, "PNG", transparency=palette[:, 3].tobytes(), optimize=True)
    return out.getvalue()
