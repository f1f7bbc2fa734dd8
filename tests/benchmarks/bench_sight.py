"""Measure line of sight and candidate sites: a county on a made-up model, and Andorra by SRTM in degrees.

Run from the project's root: python -m tests.benchmarks.bench_sight [--pairs N] [--data-root DIR]

The county is 400 km x 400 km of cells of 250 m; pairs are 100 m to 10 km apart (5 km in the mean). The columns: time,
time of the processor (that of an idle machine), peak memory of the process so far. Seeded, offline.
"""

# ruff: noqa: T201 - it prints its table
from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import geopandas as gpd
import numpy as np
from scipy.ndimage import gaussian_filter
from shapely.geometry import LineString

from coverage.inputs import TerrainLayer
from coverage.radio import load_radio
from coverage.roads import build_graph
from coverage.sight import in_sight
from coverage.sites import candidate_sites
from tests.hills import CRS, model

SIDE, CELL = 400_000.0, 250.0
RADIO = load_radio()


def measured(name: str, act: Callable[[], str]) -> None:
    begin, spent = time.perf_counter(), time.process_time()
    found = act()
    took, spent = time.perf_counter() - begin, time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:<52}{took:7.2f} s {spent:7.2f} s {peak:7.0f} MB  {found}")


def county(folder: Path, rng: np.random.Generator) -> TerrainLayer:
    size = int(SIDE / CELL)
    ground = gaussian_filter(rng.standard_normal((size, size)), 3000 / CELL)
    return model(folder / "county.tif", ground / ground.std() * 250 + 400, cell=CELL)


def pairs(rng: np.random.Generator, count: int, low: list[float], high: list[float]) -> tuple[np.ndarray, np.ndarray]:
    a = rng.uniform(low, high, (count, 2))
    angle = rng.uniform(0, 2 * np.pi, count)
    return a, a + np.column_stack([np.cos(angle), np.sin(angle)]) * rng.uniform(100, 10_000, count)[:, None]


def streets(rng: np.random.Generator, count: int) -> gpd.GeoDataFrame:
    middle = rng.uniform(20_000, SIDE - 20_000, (count, 2))
    turn = rng.uniform(-800, 800, (count, 2))
    return gpd.GeoDataFrame(
        geometry=[LineString([m - t, m, m + t]) for m, t in zip(middle, turn, strict=True)], crs=CRS
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--pairs", type=int, default=1_000_000)
    arguments.add_argument("--data-root", type=Path, default=Path("../shared/data"))
    asked = arguments.parse_args()
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ground = [county(folder, rng)]
        a, b = pairs(rng, asked.pairs, [15_000] * 2, [SIDE - 15_000] * 2)

        def look(terrain: list[TerrainLayer], crs: str, band: str, a: np.ndarray, b: np.ndarray) -> str:
            found = in_sight(a, 30, b, 5, terrain=terrain, crs=crs, radio=RADIO, band=band)  # type: ignore[arg-type]
            return f"{found.clear.mean():.1%} see each other, {found.known.mean():.1%} known"

        measured(f"{asked.pairs:,} pairs, county", lambda: look(ground, CRS, "mobile", a, b))
        measured(f"{asked.pairs:,} pairs, county, Fresnel zone", lambda: look(ground, CRS, "fwa", a, b))
        graph = build_graph(streets(rng, 40_000))
        near = graph.xy[rng.choice(len(graph.xy), 5000, replace=False)] + rng.normal(0, 500, (5000, 2))
        none = gpd.GeoDataFrame({"mast_id": [], "operator": [], "height_m": []}, geometry=[], crs=CRS)

        def stand() -> str:
            found = candidate_sites(none, graph=graph, terrain=ground, near=near, radio=RADIO, crs=CRS)
            return ", ".join(f"{count:,} {basis}" for basis, count in found["basis"].value_counts().items())

        measured("sites near 5,000 points, 40,000 roads", stand)
        archive = asked.data_root / "andorra" / "N42E001.hgt.zip"
        if archive.is_file():
            with ZipFile(archive) as packed:
                packed.extractall(folder)
            srtm = [TerrainLayer("srtm", next(folder.rglob("*.hgt")))]
            a, b = pairs(rng, asked.pairs, [365_000, 4_700_000], [405_000, 4_725_000])
            measured(f"{asked.pairs:,} pairs, Andorra (SRTM, 69 m)", lambda: look(srtm, "EPSG:25831", "fwa", a, b))


if __name__ == "__main__":
    main()
