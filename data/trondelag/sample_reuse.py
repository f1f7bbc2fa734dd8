"""Made-up pole lines along rural roads and ducts by the towns of the sample county: poles.parquet, ducts.parquet.

    python data/trondelag/sample_reuse.py DIR    from the committed boundaries, premises.parquet and roads.parquet

They stand in patches, as an owner of poles or ducts would have them, some metres beside the middle of the road.
"""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from sample_land import CELL_M, CRS, SEED, Land, make_land, smooth_noise
from scipy import ndimage

HERE = Path(__file__).parent
RURAL_HOMES = 2.0  # a cell whose surroundings have fewer homes per cell is in the country
POLE_PATCH, POLE_BESIDE_M = 1.0, 9.0  # patches where the noise is above so many standard deviations
TOWN_RESIDENTS, TOWN_REACH_KM = 1500, 3.0
DUCT_PATCH, DUCT_BESIDE_M = 0.3, 4.0


def make_reuse(
    land: Land, premises: gpd.GeoDataFrame, roads: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the pole lines and the ducts, each as lines in the order of the roads."""
    homes = np.zeros(land.shape)
    row, column = land.cell_of(premises.geometry.x.to_numpy(), premises.geometry.y.to_numpy())
    np.add.at(homes, (row, column), premises["weight"].where(premises["kind"] == "household", 0.0).to_numpy())
    rural = ndimage.gaussian_filter(homes, 2) < RURAL_HOMES
    noise = np.random.default_rng([SEED, 9])
    pole_patch, duct_patch = (smooth_noise(noise, land.shape, grain) for grain in (14, 4))
    town = np.ones(land.shape, dtype=bool)
    large = land.settlements[land.settlements["residents"] >= TOWN_RESIDENTS]
    town[large["row"], large["column"]] = False
    near_town = ndimage.distance_transform_edt(town) * CELL_M / 1000 <= TOWN_REACH_KM

    middle = shapely.get_coordinates(shapely.line_interpolate_point(roads.geometry.to_numpy(), 0.5, normalized=True))
    row, column = land.cell_of(middle[:, 0], middle[:, 1])
    kind = roads["road_type"].to_numpy()
    poles = np.isin(kind, ["local", "track"]) & (rural & (pole_patch > POLE_PATCH))[row, column]
    ducts = np.isin(kind, ["main", "local"]) & (near_town & (duct_patch > DUCT_PATCH))[row, column]
    return _beside(roads[poles], POLE_BESIDE_M), _beside(roads[ducts], DUCT_BESIDE_M)


def _beside(roads: gpd.GeoDataFrame, metres: float) -> gpd.GeoDataFrame:
    """Return lines so far to the left of roads, to the whole metre; a bend that is too sharp for that gives none."""
    lines = shapely.offset_curve(roads.geometry.to_numpy(), metres, join_style="mitre")
    lines = shapely.set_precision(shapely.simplify(lines, 2.0), 1.0)
    lines = lines[(shapely.get_type_id(lines) == 1) & ~shapely.is_empty(lines)]
    return gpd.GeoDataFrame(geometry=lines, crs=CRS)


def write_reuse(folder: Path, out: Path, land: Land) -> None:
    """Write poles.parquet and ducts.parquet into `out` from the other files of `folder`."""
    premises, roads = (gpd.read_parquet(folder / name) for name in ("premises.parquet", "roads.parquet"))
    for name, frame in zip(("poles", "ducts"), make_reuse(land, premises, roads), strict=True):
        path = out / f"{name}.parquet"
        frame.to_parquet(path, compression="zstd", compression_level=15, schema_version="1.1.0")


if __name__ == "__main__":
    write_reuse(HERE, Path(sys.argv[1]) if len(sys.argv) > 1 else HERE, make_land())
