"""Draw mobile coverage as one picture in web Mercator: the level that the best of the chosen layers gives."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image
from rasterio.features import rasterize
from rasterio.warp import Resampling, reproject, transform_bounds

from coverage.crs import GEOGRAPHIC_CRS, to_crs
from coverage.inputs import MobileLayer
from coverage.policy import Policy
from coverage.schemas import MOBILE_LEVELS
from maps.language import _
from maps.style import MOBILE_LEVEL_COLOURS, rgba

WEB_MERCATOR: Final = "EPSG:3857"
MAX_SIDE: Final = 1100  # pixels of the longer side

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class Choice:
    """Name one picture: its id in the address, its label, and the layers it is made of."""

    id: str
    label: str
    layers: tuple[MobileLayer, ...]


def choices(layers: Sequence[MobileLayer], *, policy: Policy) -> tuple[Choice, ...]:
    """List the pictures that can be shown: the best of what counts, the best per technology, every operator."""
    technologies = sorted({layer.technology for layer in layers})
    operators = sorted({layer.operator for layer in layers})
    counted = tuple(layer for layer in layers if layer.technology in policy.mobile.technologies)
    found = [Choice("best", _("Mobile: best operator"), counted)] if counted and len(technologies) > 1 else []
    found += [
        Choice(
            f"best{tech}",
            _("Mobile: {technology}, best operator", technology=tech.upper()),
            tuple(layer for layer in layers if layer.technology == tech),
        )
        for tech in technologies
    ]
    found += [
        Choice(
            f"operator{number}",
            _("Mobile: {operator}", operator=name),
            tuple(layer for layer in layers if layer.operator == name),
        )
        for number, name in enumerate(operators, start=1)
    ]
    return tuple(found)


def mercator_bounds(municipalities: gpd.GeoDataFrame) -> Bounds:
    """Return the study's bounds in web Mercator metres."""
    west, south, east, north = transform_bounds(municipalities.crs, WEB_MERCATOR, *municipalities.total_bounds)
    return (float(west), float(south), float(east), float(north))


def geographic_bounds(bounds: Bounds) -> list[list[float]]:
    """Return web Mercator bounds as Leaflet wants them: [[south, west], [north, east]]."""
    west, south, east, north = transform_bounds(WEB_MERCATOR, GEOGRAPHIC_CRS, *bounds)
    return [[south, west], [north, east]]


def grid_of(bounds: Bounds, *, most: int) -> tuple[tuple[int, int], rasterio.Affine]:
    """Return the rows and columns of a picture of at most `most` pixels a side, and where its pixels lie."""
    west, south, east, north = bounds
    scale = most / max(east - west, north - south)
    shape = (max(1, round((north - south) * scale)), max(1, round((east - west) * scale)))
    return shape, rasterio.Affine((east - west) / shape[1], 0, west, 0, (south - north) / shape[0], north)


def warped(raster: Path, bounds: Bounds, *, most: int, resampling: Resampling) -> NDArray[np.float32]:
    """Return the first band of a raster per pixel of the picture, scaled as the file says; NaN where nothing is known.

    Raises rasterio's RasterioError where the raster cannot be read.
    """
    shape, transform = grid_of(bounds, most=most)
    values = np.full(shape, np.nan, np.float32)
    with rasterio.open(raster) as source:
        reproject(
            rasterio.band(source, 1),
            values,
            dst_transform=transform,
            dst_crs=WEB_MERCATOR,
            src_nodata=source.nodata,
            dst_nodata=np.nan,
            resampling=resampling,
        )
        return values * np.float32(source.scales[0]) + np.float32(source.offsets[0])


def level_grid(
    layers: Sequence[MobileLayer], *, policy: Policy, bounds: Bounds, most: int = MAX_SIDE
) -> NDArray[np.uint8]:
    """Return the best level (position in MOBILE_LEVELS) per pixel of the picture; 0 where nothing is known."""
    shape, transform = grid_of(bounds, most=most)
    best = np.zeros(shape, np.uint8)
    for layer in layers:
        if layer.raster is not None:
            signal = warped(layer.raster, bounds, most=most, resampling=Resampling.nearest)
            rules = policy.mobile
            level = sum(
                (signal >= dbm).astype(np.uint8) for dbm in (rules.basic_dbm, rules.good_dbm, rules.very_good_dbm)
            )
            if layer.classes:
                level = sum((signal == value) * MOBILE_LEVELS.index(name) for value, name in layer.classes.items())
            best = np.maximum(best, np.asarray(level, np.uint8))
        if layer.polygons is not None and len(layer.polygons):
            shapes = to_crs(layer.polygons, WEB_MERCATOR, where=layer.source)
            codes = shapes["level"].map({name: number for number, name in enumerate(MOBILE_LEVELS)})
            pairs = sorted(zip(codes, range(len(shapes)), strict=True))  # higher levels are burned last
            burned = rasterize(
                ((shapes.geometry.iloc[row], code) for code, row in pairs),
                out_shape=shape,
                transform=transform,
                dtype="uint8",
            )
            best = np.maximum(best, burned)
    return best


def png(layers: Sequence[MobileLayer], *, policy: Policy, bounds: Bounds, most: int = MAX_SIDE) -> bytes:
    """Return the picture; what has no signal is clear."""
    palette = np.array([rgba(MOBILE_LEVEL_COLOURS[name]) for name in MOBILE_LEVELS], np.uint8)
    image = Image.fromarray(level_grid(layers, policy=policy, bounds=bounds, most=most), mode="P")
    image.putpalette(palette[:, :3].tobytes())
    out = io.BytesIO()
    image.save(out, "PNG", transparency=palette[:, 3].tobytes())
    return out.getvalue()
