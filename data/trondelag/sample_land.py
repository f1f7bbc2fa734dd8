"""The ground of the sample: municipalities, a 250 m grid of land, lakes, a terrain noise, and the settlements.

Everything here is made once for the county from one seed, so that a single municipality can be made again
alone and come out the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio.features
import rasterio.transform
import shapely
from scipy import ndimage

HERE = Path(__file__).parent
CRS = "EPSG:25833"
CELL_M = 250
HALF_M = CELL_M // 2
SEED = 20_220_630
MARGIN_CELLS = 20
SEA = -1

# Rough outlines of the large lakes (a line, and its half width in metres), from general knowledge: good enough
# to keep houses and roads dry, and not for anything else.
LAKES = {
    "Snåsavatnet": ([(11.60, 64.08), (11.80, 64.15), (12.05, 64.20), (12.30, 64.24)], 1200),
    "Selbusjøen": ([(10.74, 63.22), (10.90, 63.25), (11.00, 63.24)], 1100),
    "Jonsvatnet": ([(10.55, 63.37), (10.62, 63.38)], 700),
    "Tunnsjøen": ([(13.28, 64.70), (13.45, 64.72)], 2600),
    "Limingen": ([(13.45, 64.80), (13.80, 64.78)], 1500),
    "Aursunden": ([(11.55, 62.67), (11.72, 62.70)], 1300),
    "Namsvatnet": ([(13.48, 65.00), (13.62, 65.02)], 1500),
    "Laksjøen": ([(13.45, 64.36), (13.58, 64.33)], 600),
    "Gjevillvatnet": ([(9.30, 62.65), (9.48, 62.63)], 500),
}

NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))


@dataclass(frozen=True)
class Land:
    """Hold the county's grid. Arrays are (rows, columns), row 0 in the south; cell (r, c) starts at x0, y0."""

    municipalities: gpd.GeoDataFrame
    codes: tuple[str, ...]
    union: shapely.Geometry
    x0: int
    y0: int
    centre_owner: np.ndarray  # index into codes of the municipality at the cell's centre, SEA elsewhere
    cell_owner: np.ndarray  # the same, and any cell that land touches
    exclusive: np.ndarray  # touched by exactly one municipality
    nearest_owner: np.ndarray  # centre_owner carried out to sea
    lake: np.ndarray
    sea_distance: np.ndarray  # cells to the sea
    cost: np.ndarray  # what a road costs per metre here, 1 = ordinary ground
    warp: np.ndarray  # (2, rows, columns) of a 500 m grid, metres
    settlements: pd.DataFrame

    @property
    def shape(self) -> tuple[int, int]:
        """Return (rows, columns) of the grid."""
        return self.centre_owner.shape

    def cell_of(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return row and column of the 250 m cell that holds each point."""
        return (
            np.floor((y - self.y0) / CELL_M).astype(np.int64),
            np.floor((x - self.x0) / CELL_M).astype(np.int64),
        )

    def window(self, index: int, pad: int = 1) -> tuple[slice, slice]:
        """Return the slices that hold one municipality and `pad` cells around it."""
        rows, columns = np.nonzero(self.cell_owner == index)
        return (
            slice(rows.min() - pad, rows.max() + 1 + pad),
            slice(columns.min() - pad, columns.max() + 1 + pad),
        )


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], sigma: float) -> np.ndarray:
    """Return smooth noise with unit variance and the given grain in cells."""
    step = max(1, int(sigma // 3))
    small = tuple(n // step + 8 for n in shape)
    field = ndimage.gaussian_filter(rng.standard_normal(small), sigma / step)
    field /= field.std()
    if step > 1:
        field = ndimage.zoom(field, step, order=1)
    return field[: shape[0], : shape[1]].astype(np.float32)


def valley_noise(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return noise whose zero lines are the valley floors: cheap for roads, low in the elevation model."""
    return 0.7 * smooth_noise(rng, shape, 18) + 0.5 * smooth_noise(rng, shape, 7)


def _transform(x0: int, y0: int) -> rasterio.Affine:
    return rasterio.Affine(CELL_M, 0, x0, 0, CELL_M, y0)


def read_municipalities() -> gpd.GeoDataFrame:
    """Read the committed boundaries, sorted by code."""
    frame = gpd.read_file(HERE / "municipalities.gpkg")
    return frame.sort_values("municipality_code", ignore_index=True)


def make_land() -> Land:
    """Lay the grid over the municipalities and put the settlements on it."""
    frame = read_municipalities()
    codes = tuple(frame["municipality_code"])
    west, south, east, north = frame.total_bounds
    x0 = (int(west) // CELL_M - MARGIN_CELLS) * CELL_M
    y0 = (int(south) // CELL_M - MARGIN_CELLS) * CELL_M
    shape = (
        int((north - y0) // CELL_M) + 1 + MARGIN_CELLS,
        int((east - x0) // CELL_M) + 1 + MARGIN_CELLS,
    )
    place = _transform(x0, y0)
    centre = rasterio.features.rasterize(
        [(g, i) for i, g in enumerate(frame.geometry)],
        shape,
        fill=SEA,
        transform=place,
        dtype="int16",
    )
    touches = np.zeros(shape, np.int8)
    first = np.full(shape, SEA, np.int16)
    for i, geometry in enumerate(frame.geometry):
        left, bottom, right, top = geometry.bounds
        r0, c0 = int((bottom - y0) // CELL_M) - 1, int((left - x0) // CELL_M) - 1
        size = (int((top - y0) // CELL_M) + 2 - r0, int((right - x0) // CELL_M) + 2 - c0)
        touched = rasterio.features.rasterize(
            [geometry],
            size,
            transform=_transform(x0 + c0 * CELL_M, y0 + r0 * CELL_M),
            all_touched=True,
            dtype="uint8",
        ).astype(bool)
        view = (slice(r0, r0 + size[0]), slice(c0, c0 + size[1]))
        touches[view] += touched
        first[view] = np.where(touched & (first[view] == SEA), i, first[view])
    # A polygon that is thinner than a cell may be missed at its very corner: widen by one cell for "exclusive".
    owner = np.where(centre != SEA, centre, first)
    sea = centre == SEA
    distance, nearest = ndimage.distance_transform_edt(sea, return_indices=True)
    del distance
    lakes = []
    for line, half_width in LAKES.values():
        where = gpd.GeoSeries([shapely.LineString(line)], crs="EPSG:4326").to_crs(CRS).iloc[0]
        lakes.append(where.buffer(half_width))
    lake = rasterio.features.rasterize(lakes, shape, transform=place, all_touched=True, dtype="uint8") > 0

    rng = np.random.default_rng([SEED, 1])
    valley = valley_noise(rng, shape)
    rough = smooth_noise(rng, shape, 1.1)
    land_distance = ndimage.distance_transform_edt(~sea)
    # Low along the ridge lines of the noise and along the shore: roads then run in valleys and by the fjord.
    cost = (0.4 + 1.9 * np.clip(np.abs(valley) / 0.9, 0, 1)) * np.exp(0.6 * rough)
    cost -= 0.5 * np.exp(-land_distance / 3.0) * np.clip(cost - 0.5, 0, None)
    warp = np.stack([80.0 * smooth_noise(rng, (shape[0] // 2 + 3, shape[1] // 2 + 3), 1.5) for _ in range(2)])
    land = Land(
        frame,
        codes,
        frame.union_all(),
        x0,
        y0,
        centre,
        owner,
        touches == 1,
        centre[tuple(nearest)],
        lake,
        land_distance,
        cost.astype(np.float32),
        np.clip(warp, -110, 110),
        pd.DataFrame(),
    )
    shapely.prepare(land.union)
    object.__setattr__(land, "settlements", _settle(land))
    return land


def _settle(land: Land) -> pd.DataFrame:
    """Put each settlement on the nearest usable cell of its own municipality."""
    table = pd.read_csv(HERE / "settlements.csv", dtype={"municipality_code": str, "postcode": str})
    points = gpd.GeoSeries(gpd.points_from_xy(table["lon"], table["lat"]), crs="EPSG:4326").to_crs(CRS)
    rows, columns = land.cell_of(points.x.to_numpy(), points.y.to_numpy())
    for i, code in enumerate(land.codes):
        mine = np.flatnonzero(table["municipality_code"] == code)
        ok = (land.centre_owner == i) & land.exclusive & ~land.lake
        rr, cc = np.nonzero(ok)
        for k in mine:
            best = np.argmin((rr - rows[k]) ** 2 + (cc - columns[k]) ** 2)
            rows[k], columns[k] = rr[best], cc[best]
    table["row"], table["column"] = rows, columns
    return table


def half_xy(land: Land, half_row: np.ndarray, half_column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return whole-metre coordinates of nodes on the 125 m lattice: bent and shaken, but never off the land.

    Cell (r, c) has its centre at node (2r+1, 2c+1).
    """
    x = land.x0 + HALF_M * half_column.astype(float)
    y = land.y0 + HALF_M * half_row.astype(float)
    at = np.stack([half_row / 4.0, half_column / 4.0])
    dx = ndimage.map_coordinates(land.warp[0], at, order=1, mode="nearest")
    dy = ndimage.map_coordinates(land.warp[1], at, order=1, mode="nearest")
    key = half_row.astype(np.uint64) * np.uint64(1 << 20) + half_column.astype(np.uint64)
    shake = np.stack([unit(key), unit(key ^ np.uint64(0x9E3779B9))]) * 44.0 - 22.0
    bent_x, bent_y = np.rint(x + dx + shake[0]), np.rint(y + dy + shake[1])
    rows, columns = land.cell_of(x, y)
    ashore = land.centre_owner[rows, columns] != SEA
    near = ashore & (land.sea_distance[rows, columns] <= 3)
    keep = ~near
    keep[near] = shapely.contains_xy(land.union, bent_x[near], bent_y[near])
    return np.where(keep, bent_x, x), np.where(keep, bent_y, y)


def unit(key: np.ndarray) -> np.ndarray:
    """Return a number in [0, 1) that depends on the key alone (splitmix64)."""
    with np.errstate(over="ignore"):
        z = key + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) / float(1 << 53)
