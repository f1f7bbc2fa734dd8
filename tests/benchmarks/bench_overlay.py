"""Measure points in polygons against geopandas sjoin, and raster values against rasterio.sample: time, memory, answers.

Run from the project's root: python -m tests.benchmarks.bench_overlay [--quick] [--full] [--data-root DIR]

Every measurement runs in a process of its own. Peak memory is the most that was resident while the work ran, above
the loaded inputs, over the size of those inputs (points as shapely objects, polygons). sjoin of 5 million points with
polygons of 20,000 vertices takes minutes: it is run on the first million and its time taken five times (marked ×5),
while all pairs are compared with those of GEOS's tree over the points; `--full` runs it whole. Seeded, offline.
"""

# ruff: noqa: T201 - it prints its table
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine

from coverage.inputs import MobileLayer
from coverage.mobile import sample
from coverage.polygon_index import PolygonIndex

CRS = "EPSG:25833"
SIDE = 500_000.0
ORIGIN = np.array([100_000.0, 6_900_000.0])
REAL = "norway/boundaries/Kommuner-M.geojson"


def coasts(count: int, vertices: int, seed: int) -> Any:
    """Make polygons with ragged outlines (60 waves, falling, and noise), side by side; neighbours overlap."""
    rng = np.random.default_rng(seed)
    across = int(np.ceil(np.sqrt(count)))
    step = SIDE / across
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    waves = np.arange(1, 61)[:, None]
    shapes = []
    for number in range(count):
        height = rng.normal(size=(60, 1)) / waves**1.2
        ripple = (height * np.cos(waves * angle + rng.uniform(0, 2 * np.pi, (60, 1)))).sum(axis=0)
        radius = np.clip(1 + 0.25 * ripple + rng.normal(0, 0.01, vertices), 0.2, 2) * step * 0.45
        middle = ORIGIN + (np.array(divmod(number, across)) + 0.5) * step + rng.uniform(-0.2, 0.2, 2) * step
        shapes.append(shapely.Polygon(middle + np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None]))
    return np.array(shapes, dtype=object)


def scatter(count: int, polygons: Any, seed: int) -> Any:
    """Make points all over the polygons' extent; one in a hundred is a vertex of a polygon."""
    rng = np.random.default_rng(seed)
    west, south, east, north = shapely.total_bounds(polygons)
    xy = np.column_stack([rng.uniform(west, east, count), rng.uniform(south, north, count)])
    corners = shapely.get_coordinates(polygons)
    xy[::100] = corners[rng.integers(0, len(corners), len(xy[::100]))]
    return shapely.points(xy)


def resident(name: str) -> float:
    """Read one line of this process's memory status, in MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1000


class Peak:
    """Measure the most memory resident during a block, above what was there before it, in MB."""

    def __enter__(self) -> Peak:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the high-water mark starts anew
        self.before = resident("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        self.mb = resident("VmHWM") - self.before


def load(case: dict[str, Any]) -> tuple[Any, Any, float]:
    """Make the polygons and points of a case, and measure their size in MB."""
    before = resident("VmRSS")
    if case.get("file"):
        frame = gpd.read_file(case["file"]).to_crs(CRS)
        polygons = np.asarray(frame.geometry.array, dtype=object)
    else:
        polygons = coasts(case["polygons"], case["vertices"], 1)
    points = scatter(case["points"], polygons, 2)
    return polygons, points, resident("VmRSS") - before


def run_index(case: dict[str, Any]) -> dict[str, Any]:
    polygons, points, inputs = load(case)
    with Peak() as peak:
        clock = time.perf_counter()
        index = PolygonIndex(polygons)
        build = time.perf_counter() - clock
        queries = []
        for _ in range(3):
            clock = time.perf_counter()
            place, polygon = index.query(points)
            queries.append(time.perf_counter() - clock)
    np.savez(case["out"], place=place.astype(np.int32), polygon=polygon.astype(np.int32))
    vertices = int(shapely.get_num_coordinates(polygons).sum())
    return {
        "build": build, "first": queries[0], "again": min(queries[1:]), "peak": peak.mb, "inputs": inputs,
        "polygons": len(polygons), "vertices": vertices // len(polygons),
    }  # fmt: skip


def run_sjoin(case: dict[str, Any]) -> dict[str, Any]:
    polygons, points, inputs = load(case)
    right = gpd.GeoDataFrame(geometry=polygons, crs=CRS)
    left = gpd.GeoDataFrame(geometry=points[: case["sjoin_points"]], crs=CRS)
    with Peak() as peak:
        clock = time.perf_counter()
        pairs = gpd.sjoin(left, right, predicate="intersects")
        seconds = time.perf_counter() - clock
    save_sorted(case["out"], pairs.index.to_numpy(), pairs["index_right"].to_numpy())
    return {"seconds": seconds, "peak": peak.mb, "inputs": inputs}


def run_tree(case: dict[str, Any]) -> dict[str, Any]:
    polygons, points, _ = load(case)
    clock = time.perf_counter()
    polygon, place = shapely.STRtree(points).query(polygons, predicate="intersects")
    seconds = time.perf_counter() - clock
    save_sorted(case["out"], place, polygon)
    return {"seconds": seconds}


def save_sorted(path: str, place: Any, polygon: Any) -> None:
    order = np.lexsort((polygon, place))
    np.savez(path, place=place[order].astype(np.int32), polygon=polygon[order].astype(np.int32))


def run_raster(case: dict[str, Any]) -> dict[str, Any]:
    """Sample a compressed, tiled raster of 20 million cells with nodata at points inside and outside it."""
    rng = np.random.default_rng(3)
    path = Path(case["out"]).with_suffix(".tif")
    grid = rng.integers(-130, -60, (4000, 5000)).astype("int16")
    grid[rng.random(grid.shape) < 0.2] = -999
    profile = {"driver": "GTiff", "height": 4000, "width": 5000, "count": 1, "dtype": "int16", "crs": CRS}
    profile |= {"nodata": -999, "tiled": True, "compress": "deflate", "transform": Affine(50, 0, 1e5, 0, -50, 7.1e6)}
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(grid, 1)
    del grid
    count = case["points"]
    xy = np.column_stack([rng.uniform(0.9e5, 3.6e5, count), rng.uniform(6.89e6, 7.11e6, count)])
    xy[::50] = np.round(xy[::50] / 50) * 50  # on the lines between cells
    before = resident("VmRSS")
    places = gpd.GeoDataFrame(geometry=shapely.points(xy), crs=CRS)
    inputs = resident("VmRSS") - before + path.stat().st_size / 1e6
    with Peak() as peak:
        clock = time.perf_counter()
        found = sample(places, MobileLayer("r", "A", "4g", raster=path))
        ours = time.perf_counter() - clock
    clock = time.perf_counter()
    with rasterio.open(path) as raster:
        theirs = [value[0] if not value.mask[0] else np.nan for value in raster.sample(xy, masked=True)]
    seconds = time.perf_counter() - clock
    different = int((~((found == theirs) | (np.isnan(found) & np.isnan(theirs)))).sum())
    return {"ours": ours, "theirs": seconds, "peak": peak.mb, "inputs": inputs, "different": different}


RUNS = {"index": run_index, "sjoin": run_sjoin, "tree": run_tree, "raster": run_raster}


def apart(kind: str, case: dict[str, Any]) -> dict[str, Any]:
    """Run one measurement in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_overlay", "--run", kind, json.dumps(case)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ)
    return dict(json.loads(done.stdout))


def different(ours: str, theirs: str, *, below: int) -> int:
    """Count the pairs of points numbered under `below` that only one side has."""
    keys = []
    for path in (ours, theirs):
        pairs = np.load(path)
        kept = pairs["place"] < below
        keys.append(pairs["place"][kept].astype(np.int64) * 1_000_000 + pairs["polygon"][kept])
    return len(np.setxor1d(*keys))


def measure(case: dict[str, Any], folder: str) -> None:
    """Print one line of the table of polygons."""
    paths = {kind: str(Path(folder) / f"{kind}.npz") for kind in ("index", "sjoin", "tree")}
    ours = apart("index", case | {"out": paths["index"]})
    theirs = apart("sjoin", case | {"out": paths["sjoin"]})
    tree = apart("tree", case | {"out": paths["tree"]})
    factor = case["points"] / case["sjoin_points"]
    seconds = theirs["seconds"] * factor
    wrong = different(paths["index"], paths["sjoin"], below=case["sjoin_points"])
    wrong_tree = different(paths["index"], paths["tree"], below=case["points"])
    print(
        f"{case['points']:9,} | {ours['polygons']:5,} × {ours['vertices']:6,} | {ours['inputs']:6,.0f} |"
        f" {ours['build']:6.2f} {ours['first']:6.2f} {ours['again']:6.2f} |"
        f" {seconds:7.1f}{f'×{factor:.0f}' if factor > 1 else '  '} {tree['seconds']:6.2f} |"
        f" {seconds / ours['again']:6.1f}× {seconds / (ours['build'] + ours['first']):6.1f}× |"
        f" {ours['peak']:6,.0f} {ours['peak'] / ours['inputs']:5.2f} {theirs['peak']:6,.0f} |"
        f" {wrong:4} {wrong_tree:4}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-root", type=Path, default=Path(__file__).parents[3] / "shared" / "data")
    parser.add_argument("--quick", action="store_true", help="100,000 points and smaller polygons")
    parser.add_argument("--full", action="store_true", help="sjoin on all points of every case (12 minutes more)")
    parser.add_argument("--run", nargs=2, metavar=("KIND", "CASE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        kind, case = options.run
        print(json.dumps(RUNS[kind](json.loads(case))))
        return
    million = 1_000_000
    sizes = [(100_000, 2000, 800), (100_000, 100, 5000)] if options.quick else [
        (points, *size) for size in ((2000, 800), (300, 20_000)) for points in (million, 5 * million)
    ]  # fmt: skip
    cases: list[dict[str, Any]] = []
    for points, polygons, vertices in sizes:
        costly = points * vertices > 5e10 and not options.full
        cases.append({"points": points, "polygons": polygons, "vertices": vertices,
                      "sjoin_points": million if costly else points})  # fmt: skip
    if (options.data_root / REAL).is_file():
        points = 100_000 if options.quick else million
        cases.append({"points": points, "sjoin_points": points, "file": str(options.data_root / REAL)})
    print("   points | polygons × vert. | inputs |  build  query  again |    sjoin    tree |"
          "  again:  with   |   peak memory (MB)    | different")  # fmt: skip
    print("          |                  |   (MB) |    (s)    (s)    (s) |      (s)     (s) |"
          "  sjoin   build  |  ours  /inputs  sjoin | sjoin tree")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            measure(case, folder)
        count = 50_000 if options.quick else million
        raster = apart("raster", {"points": count, "out": str(Path(folder) / "raster")})
    print(
        f"raster, {count:,} points: ours {raster['ours']:.2f} s, rasterio.sample {raster['theirs']:.1f} s, "
        f"{raster['theirs'] / raster['ours']:.0f}× faster; peak {raster['peak']:.0f} MB, "
        f"{raster['peak'] / raster['inputs']:.2f} of the inputs; different values {raster['different']}"
    )


if __name__ == "__main__":
    main()
