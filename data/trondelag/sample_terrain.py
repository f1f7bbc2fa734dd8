"""A made-up elevation model of the sample county, terrain.tif.

    python data/trondelag/sample_terrain.py DIR    from the committed boundaries and roads.parquet

Heights are drawn, not measured: 0 on the sea; on land a valley floor that rises away from it, hills along the noise
that the roads avoid, and low ground along every road. No hill of it stands where a real one does.
"""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import rasterio.features
import shapely
from sample_land import CELL_M, CRS, SEA, SEED, Land, make_land, smooth_noise, valley_noise
from scipy import ndimage

HERE = Path(__file__).parent
NODATA = -32768
# The sea and the fjords lie in here (kilometres, EPSG:25833, rough); water of no municipality elsewhere is abroad.
SEAWARD_KM = ((149, 7243), (370, 7243), (358, 7225), (362, 7212), (370, 7208), (380, 7202), (382, 7192), (364, 7178),
              (347, 7112), (330, 7072), (300, 7032), (240, 7028), (219, 7026), (202, 7012), (199, 7004),
              (149, 7004))  # fmt: skip
SEA_REACH_CELLS = 40  # as far out as the mobile signals go
ABROAD_CELLS = 4  # heights go on beyond a border on land, so that those just inside it can be read between cells
FLOOR_M_PER_KM = 4.2  # how fast the valley floors rise away from the sea
RELIEF_M, RELIEF_M_PER_KM, RELIEF_REACH_KM = 220.0, 6.0, 80.0  # hills above the floors: at the coast, and inland
ROAD_SHARE = 0.35  # of a hill, where a road runs over it
ROAD_REACH_KM = 1.0  # the hill is whole again some way from the road
SHORE_KM = 0.6  # over such a distance the ground rises from the shore of the sea or of a lake


def make_heights(land: Land, roads: gpd.GeoDataFrame) -> np.ndarray:
    """Return whole metres on the grid of the land (row 0 in the south), NODATA where there is no model."""
    shape = land.shape
    noise = np.random.default_rng([SEED, 5])
    hills = np.abs(valley_noise(np.random.default_rng([SEED, 1]), shape))
    broad, rough = smooth_noise(noise, shape, 40), smooth_noise(noise, shape, 2)
    place = rasterio.Affine(CELL_M, 0, land.x0, 0, CELL_M, land.y0)
    county = land.centre_owner != SEA
    seaward = rasterio.features.rasterize(
        [shapely.Polygon(1000 * np.array(SEAWARD_KM))], shape, transform=place, all_touched=True, dtype="uint8"
    )
    sea = ~county & (seaward > 0)
    on_land = roads.loc[roads["ferry"] == 0, "geometry"]
    road = rasterio.features.rasterize(on_land, shape, transform=place, all_touched=True, dtype="uint8") > 0
    water = land.lake & ~sea
    sea_km, road_km, lake_km = (ndimage.distance_transform_edt(~near) * CELL_M / 1000 for near in (sea, road, water))

    floor = FLOOR_M_PER_KM * sea_km * (1 + 0.25 * np.tanh(broad)) + 6
    relief = (RELIEF_M + RELIEF_M_PER_KM * np.minimum(sea_km, RELIEF_REACH_KM)) * (1 + 0.3 * np.tanh(broad))
    away = ROAD_SHARE + (1 - ROAD_SHARE) * (1 - np.exp(-((road_km / ROAD_REACH_KM) ** 1.5)))
    away *= 1 - np.exp(-lake_km / SHORE_KM)
    raw = floor + relief * (1.5 * np.tanh(hills / 1.35)) ** 1.2 * away + 9 * rough * road_km / (road_km + 1)
    raw = ndimage.gaussian_filter(raw * (1 - np.exp(-sea_km / SHORE_KM)), 0.7)
    heights = np.maximum(np.rint(raw), 1)
    lakes, count = ndimage.label(water)
    for number in range(1, count + 1):
        lake = lakes == number
        heights[lake] = heights[ndimage.binary_dilation(lake) & ~sea].min()
    heights[sea] = 0
    out = ndimage.distance_transform_edt(~county)
    known = county | (sea & (out <= SEA_REACH_CELLS)) | (~sea & (out <= ABROAD_CELLS))
    return np.where(known, heights, NODATA).astype(np.int16)


def write_terrain(folder: Path, out: Path, land: Land) -> None:
    """Write terrain.tif into `out` from the roads of `folder`."""
    heights = make_heights(land, gpd.read_parquet(folder / "roads.parquet"))
    rows, columns = land.shape
    place = rasterio.Affine(CELL_M, 0, land.x0, 0, -CELL_M, land.y0 + rows * CELL_M)
    with rasterio.open(
        out / "terrain.tif", "w", driver="GTiff", height=rows, width=columns, count=1, dtype="int16", crs=CRS,
        transform=place, nodata=NODATA, compress="deflate", predictor=2, zlevel=9, tiled=True, blockxsize=256,
        blockysize=256,
    ) as target:  # fmt: skip
        target.write(heights[::-1], 1)
        target.set_band_description(1, "height, m, synthetic")


if __name__ == "__main__":
    write_terrain(HERE, Path(sys.argv[1]) if len(sys.argv) > 1 else HERE, make_land())
