"""Made-up farmland of the sample county, farmland.parquet: fields in the lowland around the made-up farms.

    python data/trondelag/sample_farmland.py DIR    from the committed boundaries, premises.parquet and terrain.tif

Each municipality has as much of it as it has farms; it lies where they stand close together, low and level.
"""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import rasterio.features
import shapely
from sample_land import CELL_M, CRS, SEED, Land, make_land, smooth_noise
from scipy import ndimage

HERE = Path(__file__).parent
KM2_PER_FARM = 0.2  # the county's farmland, about 1,650 km² (general knowledge), by the 8,068 made-up farms
TREE_LINE_M, STEEP_M = 850, 80  # no field lies higher, or on a cell that differs more from the next ones
TOWN_HOMES = 12  # nor where so many homes stand on a cell
REACH_CELLS = 2.2  # how far a farm's fields reach
LEAST_CELLS = 2  # of a field
SMOOTH_M = 200.0


def make_farmland(land: Land, premises: gpd.GeoDataFrame, heights: np.ndarray) -> gpd.GeoDataFrame:
    """Return fields as polygons that do not overlap, from south to north; `heights` as of sample_terrain."""
    row, column = land.cell_of(premises.geometry.x.to_numpy(), premises.geometry.y.to_numpy())
    farms, homes = np.zeros(land.shape), np.zeros(land.shape)
    is_farm = (premises["line_of_business"] == "agriculture").to_numpy()
    np.add.at(farms, (row[is_farm], column[is_farm]), 1.0)
    np.add.at(homes, (row, column), premises["weight"].where(premises["kind"] == "household", 0.0).to_numpy())
    steep = ndimage.maximum_filter(heights, 3) - ndimage.minimum_filter(heights, 3)
    fit = (land.sea_distance > 1) & ~land.lake & (homes < TOWN_HOMES) & (heights < TREE_LINE_M) & (steep < STEEP_M)
    noise = smooth_noise(np.random.default_rng([SEED, 7]), land.shape, 2)
    pull = np.sqrt(ndimage.gaussian_filter(farms, REACH_CELLS)) * np.exp(0.4 * noise - heights / 400)
    field = np.zeros(land.shape, dtype=bool)
    for index in range(len(land.codes)):
        score = np.where(fit & (land.centre_owner == index), pull, 0.0).ravel()
        count = round(KM2_PER_FARM * farms[land.cell_owner == index].sum() * 1e6 / CELL_M**2)
        best = np.argsort(-score, kind="stable")[:count]
        field.ravel()[best[score[best] > 0]] = True
    parts, count = ndimage.label(field)
    size = np.bincount(parts.ravel(), minlength=count + 1)
    field &= size[parts] >= LEAST_CELLS
    place = rasterio.Affine(CELL_M, 0, land.x0, 0, CELL_M, land.y0)
    found = rasterio.features.shapes(field.astype(np.uint8), mask=field, transform=place)
    shapes = shapely.coverage_simplify(np.array([shapely.geometry.shape(shape) for shape, _ in found]), SMOOTH_M)
    shapes = shapely.normalize(shapely.set_precision(shapes, 1.0))
    centre = shapely.get_coordinates(shapely.centroid(shapes))
    order = np.lexsort((centre[:, 0], centre[:, 1]))
    return gpd.GeoDataFrame({"name": "synthetic field"}, index=range(len(shapes)), geometry=shapes[order], crs=CRS)


def write_farmland(folder: Path, out: Path, land: Land) -> None:
    """Write farmland.parquet into `out` from the other files of `folder`."""
    with rasterio.open(folder / "terrain.tif") as raster:
        heights = raster.read(1)[::-1].astype(np.int32)
    fields = make_farmland(land, gpd.read_parquet(folder / "premises.parquet"), heights)
    fields.to_parquet(out / "farmland.parquet", compression="zstd", compression_level=15, schema_version="1.1.0")


if __name__ == "__main__":
    write_farmland(HERE, Path(sys.argv[1]) if len(sys.argv) > 1 else HERE, make_land())
