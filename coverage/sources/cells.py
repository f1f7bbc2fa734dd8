"""Ids of grid cells to their outlines: H3, web map tiles by quadkey, and the agency's squares in a metric grid."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import h3
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage.crs import GEOGRAPHIC_CRS

Floats = npt.NDArray[np.float64]

SSB_FALSE_EASTING_M: Final = 2_000_000  # added to the easting, so that every id has 14 digits
QUADKEY: Final = r"[0-3]{1,23}"  # one digit per zoom level
SSB_ID: Final = r"\d{14}"


def h3_outlines(ids: pd.Series) -> gpd.GeoSeries:
    """Return the outline of each H3 cell in longitude and latitude; missing where the text is no H3 cell.

    Its edges are great circles, drawn straight: at resolution 8 they part by less than a centimetre.
    """
    code, known = pd.factorize(ids.str.lower())
    shapes = np.empty(len(known) + 1, dtype=object)
    for number, cell in enumerate(known):
        if h3.is_valid_cell(str(cell)):
            shapes[number] = shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(str(cell))])
    return gpd.GeoSeries(shapes[code], index=ids.index, crs=GEOGRAPHIC_CRS)


def quadkey_outlines(ids: pd.Series) -> gpd.GeoSeries:
    """Return the outline of each web map tile in longitude and latitude; missing where the text is no quadkey.

    A quadkey has one digit 0 to 3 per zoom level: its low bit is the next bit of the column, its high bit of the row,
    counted from the upper left of the spherical Mercator square (Bing Maps tile system).
    """
    good = ids.str.fullmatch(QUADKEY).fillna(False).to_numpy(dtype=bool)
    shapes = np.full(len(ids), None, dtype=object)
    if good.any():
        west, south, east, north = quadkey_bounds(ids[good])
        shapes[good] = shapely.box(west, south, east, north)
    return gpd.GeoSeries(shapes, index=ids.index, crs=GEOGRAPHIC_CRS)


def quadkey_bounds(keys: pd.Series) -> tuple[Floats, Floats, Floats, Floats]:
    """Return west, south, east and north of well-formed quadkeys, in degrees."""
    column, row, tiles = (np.zeros(len(keys)) for _ in range(3))
    for length, part in keys.groupby(keys.str.len(), sort=True):
        digits = np.frombuffer("".join(part).encode(), dtype=np.uint8).reshape(len(part), int(str(length))) - ord("0")
        place = 2.0 ** np.arange(digits.shape[1] - 1, -1, -1)
        at = keys.index.get_indexer(part.index)
        column[at], row[at], tiles[at] = (digits & 1) @ place, (digits >> 1) @ place, 2.0 ** digits.shape[1]
    return _longitude(column / tiles), _latitude((row + 1) / tiles), _longitude((column + 1) / tiles), _latitude(
        row / tiles
    )  # fmt: skip


def ssb_corner(ids: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return easting and northing of the lower-left corner of well-formed ids of Statistics Norway's grids.

    Seven digits of easting plus 2,000,000 and seven of northing, whatever the size of the cell.
    """
    return ids.str[:7].astype("int64") - SSB_FALSE_EASTING_M, ids.str[7:].astype("int64")


def _longitude(fraction: Floats) -> Floats:
    return fraction * 360.0 - 180.0


def _latitude(fraction: Floats) -> Floats:
    return np.degrees(np.arctan(np.sinh(np.pi * (1.0 - 2.0 * fraction))))
