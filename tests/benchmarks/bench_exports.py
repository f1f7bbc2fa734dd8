"""Measure writing a very long list of places, piece by piece, against writers that take the whole table at once.

Run from the project's root: python -m tests.benchmarks.bench_exports [--rows N] [--sheet-rows N] [--peer-sheet-rows N]

Every file is written in a process of its own, which makes the same places first; the seconds are those of writing, the
memory is what the process needed at its peak above what it held before. The peers derive the same list and hand it to
geopandas or pandas as one frame; a workbook, which takes them minutes, at a smaller size, at which ours is written too.
Seeded, offline; Linux, whose /proc tells the peak.
"""

# ruff: noqa: T201 - it prints its table
from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage.assessment import Assessment
from coverage.reports import geo, short
from coverage.reports.selection import cut
from coverage.reports.single import write
from coverage.reports.wording import load_wording
from tests.reported import toy_assessment

EN = load_wording("en")
AREA_PLACES = 30


def grown(rows: int) -> Assessment:
    """Return the toy with `rows` places, all short of service, each with an id, a position and figures of its own."""
    toy = toy_assessment()
    rng = np.random.default_rng(2024)
    pattern = toy.places[toy.places["eligible"] > 0].reset_index(drop=True)
    number = np.arange(rows)
    taken = pattern.drop(columns="geometry").iloc[rng.integers(0, len(pattern), rows)].reset_index(drop=True)
    west, south, east, north = toy.municipalities.total_bounds
    firm = taken["kind"] == "business"
    frame = taken.assign(
        place_id=pd.array([f"p{at:07d}" for at in number], dtype="str"),
        name=pd.Series([f"Firm {at} AS" for at in number], dtype="str").where(firm),
        address=pd.array([f"Long road through the valley {at}" for at in number], dtype="str"),
        area_id=pd.array([f"5001-{at:06d}" for at in rng.permutation(number) // AREA_PLACES], dtype="str"),
        fixed_source_row=number + 1,
        measured_down_mbps=rng.uniform(1, 100, rows).round(2),
        hub_distance_m=pd.Series(rng.uniform(10, 50_000, rows)).where(firm),
        stranding_capex=rng.lognormal(11, 1, rows),
    )
    shapes = gpd.points_from_xy(rng.uniform(west, east, rows), rng.uniform(south, north, rows), crs=toy.places.crs)
    return replace(toy, places=gpd.GeoDataFrame(frame, geometry=shapes))


def ours(assessment: Assessment, kind: str, path: Path) -> None:
    """Write the gap report as the command line does."""
    write(cut(assessment), "gap", format=kind, path=path, wording=EN)


def ours_all(assessment: Assessment, kind: str, path: Path) -> None:
    """Write what `assess` writes of all places."""
    places = geo.every_place(assessment)
    if kind == "parquet":
        geo.write_parquet_pieces(places, path)
        return
    layers = geo.assessment_layers(assessment, places.then(lambda part: geo.brief_places(part, EN)))
    geo.write_geopackage(layers, path, as_of=assessment.study.as_of, wording=EN)


def at_once(assessment: Assessment, kind: str, path: Path) -> None:
    """Derive the list as one frame and hand it to geopandas or pandas."""
    places = short.short_places(assessment)
    if kind in ("gpkg", "geojson"):
        kept = places if kind == "gpkg" else places.to_crs("EPSG:4326")
        kept.to_file(path, driver={"gpkg": "GPKG", "geojson": "GeoJSON"}[kind])
        return
    table = pd.DataFrame(places.drop(columns="geometry"))
    if kind == "csv":
        table.to_csv(path, index=False)
        return
    with pd.ExcelWriter(path, engine="xlsxwriter") as book:
        table.to_excel(book, index=False)


def all_at_once(assessment: Assessment, kind: str, path: Path) -> None:
    """Derive all that is known of all places as one frame and hand it to geopandas."""
    places = geo.every_place(assessment).together()
    if kind == "parquet":
        places.to_parquet(path, index=False, compression="zstd")
    else:
        places.to_file(path, driver="GPKG")


WRITERS: dict[str, Callable[[Assessment, str, Path], None]] = {
    "ours": ours,
    "peer": at_once,
    "ours, all places": ours_all,
    "peer, all places": all_at_once,
}


def memory(what: str) -> float:
    """Return a figure of this process from /proc, in MB."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in told.splitlines() if line.startswith(what))
    return int(line.split()[1]) / 1024


def measured(writer: str, kind: str, rows: int, folder: Path) -> dict[str, Any]:
    """Write one file in this process and return seconds, the file's size and the peak of memory, in MB."""
    assessment = grown(rows)
    path = folder / f"{writer.replace(', ', '-').replace(' ', '-')}-{rows}.{kind}"
    path.unlink(missing_ok=True)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    held, start = memory("VmRSS"), time.perf_counter()
    WRITERS[writer](assessment, kind, path)
    seconds = time.perf_counter() - start
    found = {
        "seconds": seconds,
        "held": held,
        "peak": memory("VmHWM") - held,
        "size": path.stat().st_size / 1e6,
    }
    if writer.startswith("peer"):
        path.unlink()  # a million rows are some gigabytes
    return found


def apart(writer: str, kind: str, rows: int, folder: Path) -> dict[str, Any]:
    """Measure in a process of its own."""
    asked = ["--only", writer, kind, "--rows", str(rows), "--folder", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_exports", *asked], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compare(rows: int, sheet_rows: int, peer_sheet_rows: int, folder: Path) -> None:
    """Print a line for each file, ours beside its peer."""
    print(f"{'writer':18} {'file':8} {'rows':>9} {'seconds':>8} {'MB':>8} {'peak MB':>8}")
    pairs = [("", kind, rows) for kind in ("csv", "gpkg", "geojson")] + [("", "xlsx", peer_sheet_rows)]
    pairs += [(", all places", kind, rows) for kind in ("gpkg", "parquet")]
    for of, kind, count in pairs:
        mine, other = (told(f"{who}{of}", kind, count, folder) for who in ("ours", "peer"))
        seconds, peak = (mine[what] / max(other[what], 1e-3) for what in ("seconds", "peak"))
        print(f"{'of the peer':>36} {seconds:8.2f} {'':8} {peak:8.3f}")
    told("ours", "xlsx", sheet_rows, folder)


def told(writer: str, kind: str, rows: int, folder: Path) -> dict[str, Any]:
    """Measure and print."""
    found = apart(writer, kind, rows, folder)
    print(
        f"{writer:18} {kind:8} {rows:9,} {found['seconds']:8.1f} {found['size']:8.0f} {found['peak']:8.0f}"
        f"   above {found['held']:.0f} MB",
        flush=True,
    )
    return found


def main() -> None:
    """Read the options and measure."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--sheet-rows", type=int, default=1_100_000, help="more than a sheet of a workbook can hold")
    options.add_argument("--peer-sheet-rows", type=int, default=50_000)
    options.add_argument("--folder", type=Path, help="keep the files here")
    options.add_argument("--only", nargs=2, metavar=("WRITER", "FILE"), help="one file, in this process, as JSON")
    asked = options.parse_args()
    if asked.only:
        print(json.dumps(measured(*asked.only, asked.rows, asked.folder)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        compare(asked.rows, asked.sheet_rows, asked.peer_sheet_rows, asked.folder or Path(temporary))


if __name__ == "__main__":
    main()
