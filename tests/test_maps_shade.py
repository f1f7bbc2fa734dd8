"""The relief: lit from the north-west, flat ground and sea clear, bounded whatever the elevation model."""

from __future__ import annotations

import io
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from PIL import Image
from shapely.geometry import box

from coverage.inputs import TerrainLayer
from maps.tiles import shade
from maps.tiles.mobile import mercator_bounds
from tests import toy

SIDE, CELL = 40, 100.0
LAND = gpd.GeoDataFrame(geometry=[box(toy.X0, toy.Y0, toy.X0 + SIDE * CELL, toy.Y0 + SIDE * CELL)], crs=toy.CRS)
BOUNDS = mercator_bounds(LAND)


def model(path: Path, heights: np.ndarray, *, cell: float = CELL, name: str = "dem") -> TerrainLayer:
    """Write heights, the first row in the north, over LAND."""
    rows, columns = heights.shape
    with rasterio.open(
        path / f"{name}.tif", "w", driver="GTiff", width=columns, height=rows, count=1, dtype="float32", crs=toy.CRS,
        transform=rasterio.Affine(cell, 0, toy.X0, 0, -cell, toy.Y0 + rows * cell), nodata=-9999.0,
    ) as out:  # fmt: skip
        out.write(heights.astype(np.float32), 1)
    return TerrainLayer(name, path / f"{name}.tif")


def slope(east: float, north: float) -> np.ndarray:
    """Return a plane that falls by so many metres a cell towards the east and the north."""
    down, right = np.mgrid[0:SIDE, 0:SIDE]
    return 1000.0 - east * right + north * down


def lightness(layer: TerrainLayer, *, most: int = 60) -> float:
    """Return how light the middle of the picture is beside flat ground."""
    change = shade.shade(shade.heights([layer], bounds=BOUNDS, most=most), bounds=BOUNDS)
    rows, columns = change.shape
    return float(change[rows // 3 : -rows // 3, columns // 3 : -columns // 3].mean())


def test_a_slope_to_the_north_west_is_lit_and_one_to_the_south_east_in_shadow(tmp_path: Path) -> None:
    toward = {
        name: lightness(model(tmp_path, slope(east, north), name=name))
        for name, (east, north) in {
            "nw": (-20, 20), "se": (20, -20), "ne": (20, 20), "sw": (-20, -20), "n": (0, 20), "s": (0, -20),
            "flat": (0, 0),
        }.items()
    }  # fmt: skip
    assert toward["nw"] > toward["n"] > toward["s"] > toward["se"]
    assert toward["nw"] > 0.3
    assert toward["se"] < -0.3
    assert toward["flat"] == pytest.approx(0.0, abs=1e-6)
    assert toward["ne"] == pytest.approx(toward["sw"], abs=0.1), "from the side, both nearly alike"


def test_a_steeper_slope_is_darker_whatever_the_size_of_the_picture(tmp_path: Path) -> None:
    gentle, steep = model(tmp_path, slope(4, -4), name="gentle"), model(tmp_path, slope(30, -30), name="steep")
    assert lightness(steep) < lightness(gentle) < 0
    assert lightness(steep, most=30) == pytest.approx(lightness(steep, most=60), abs=0.05)


def test_flat_ground_the_sea_and_what_is_not_known_are_clear(tmp_path: Path) -> None:
    heights = slope(20, -20)
    heights[:, 20:] = -9999.0  # nothing known in the east
    west = LAND.assign(geometry=[box(toy.X0, toy.Y0, toy.X0 + SIDE * CELL, toy.Y0 + SIDE * CELL / 2)])
    whole = gpd.GeoDataFrame(geometry=[*west.geometry, LAND.geometry[0].boundary.buffer(1)], crs=toy.CRS)
    alpha = alpha_of(shade.png([model(tmp_path, heights)], land=whole, most=60))
    rows, columns = alpha.shape
    assert (alpha[rows // 2 + 4 : -8, 8 : columns // 2 - 4] > 0).all(), "known land is in shadow"
    assert not alpha[4 : rows // 2 - 4, 4 : columns // 2 - 4].any(), "what is not land is clear"
    assert not alpha[4:-4, columns // 2 + 4 : -4].any(), "and so is land without heights"
    assert not alpha_of(shade.png([model(tmp_path, slope(0, 0), name="flat")], land=LAND, most=60)).any()


def test_of_several_models_the_first_that_holds_a_height_counts(tmp_path: Path) -> None:
    fine = np.full((SIDE, SIDE), -9999.0)
    fine[:, :20] = 5.0
    layers = [model(tmp_path, fine, name="fine"), model(tmp_path, np.full((SIDE, SIDE), 80.0), name="coarse")]
    found = shade.heights(layers, bounds=BOUNDS, most=60)
    rows, columns = found.shape
    assert found[rows // 2, columns // 4] == pytest.approx(5.0)
    assert found[rows // 2, -columns // 4] == pytest.approx(80.0)


def test_the_picture_is_bounded_whatever_the_model(tmp_path: Path) -> None:
    rough = np.random.default_rng(5).normal(300, 200, (1600, 1600))
    drawn = shade.png([model(tmp_path, rough, cell=2.5)], land=LAND)
    assert max(Image.open(io.BytesIO(drawn)).size) == shade.MAX_SIDE
    assert len(drawn) < 700_000, "noise is the worst there is"


def alpha_of(drawn: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(drawn)).convert("RGBA"))[:, :, 3]
