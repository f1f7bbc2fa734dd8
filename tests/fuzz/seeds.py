"""Small valid files of every format that is read, as bytes, to be damaged by the fuzzer."""

from __future__ import annotations

import gzip
import io
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import rasterio
from rasterio import Affine
from shapely.geometry import LineString, MultiPolygon, Point, box

from tests import studymaker
from tests.studymaker import CRS, X0, Y0

# name of the seed: (role, kind, file to read, {file name: bytes})
Seed = tuple[str, str, str, dict[str, bytes]]


def seeds() -> dict[str, Seed]:
    """Return every seed; those of a format that GDAL cannot write here are left out."""
    return dict(sorted([*_tables(), *_vectors(), *_rasters()]))


def _tables() -> Iterator[tuple[str, Seed]]:
    lines = [
        "id;type;count;east;north;employees;navn",
        f"a;B;1;{X0 + 5};{Y0 + 5};7;Bø",
        f'b;H;2,5;{X0 + 9};{Y0 + 9};;"x;y"',
    ]
    text = "\r\n".join(lines) + "\r\n"
    plain = {
        "semicolon": text.encode("utf-8-sig"),
        "comma": text.replace(";", ",").replace("2,5", "2.5").encode(),
        "tab": text.replace(";", "\t").encode(),
        "cp1252": text.encode("cp1252"),
        "utf16": b"\xff\xfe" + text.encode("utf-16-le"),
    }
    for name, data in plain.items():
        yield f"csv-{name}", ("premises", "table", "t.csv", {"t.csv": data})
    yield "csv-gz", ("premises", "table", "t.csv.gz", {"t.csv.gz": gzip.compress(text.encode(), mtime=0)})
    yield "csv-zip", ("premises", "table", "t.zip", {"t.zip": packed({"t.csv": text.encode()})})
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append([float(cell) if cell.replace(".", "").isdigit() else cell for cell in line.split(";")])
    out = io.BytesIO()
    book.save(out)
    yield "xlsx", ("premises", "table", "t.xlsx", {"t.xlsx": out.getvalue()})


def _vectors() -> Iterator[tuple[str, Seed]]:
    squares = studymaker.municipalities().rename(columns={"kommunenummer": "nr", "kommunenavn": "label"})
    squares = squares.set_geometry(
        [squares.geometry[0], MultiPolygon([squares.geometry[1], box(X0 - 9, Y0, X0 - 5, Y0 + 4)])]
    )
    points = gpd.GeoDataFrame(
        {
            "type": ["H", "B"],
            "navn": ["Bø", None],
            "n": [1.0, 2.0],
            "day": np.array(["2024-01-01", "NaT"], "datetime64[ms]"),
        },
        geometry=[Point(X0 + 5, Y0 + 5), Point(X0 + 9, Y0 + 7)],
        crs=CRS,
    )
    lines = gpd.GeoDataFrame(
        {"type": ["ferry"]}, geometry=[LineString([(X0, Y0), (X0 + 9, Y0), (X0 + 9, Y0 + 9)])], crs=CRS
    )
    shapes = (("municipalities", squares), ("premises", points), ("roads", lines))
    for suffix, driver in (
        (".gpkg", "GPKG"),
        (".geojson", "GeoJSON"),
        (".shp", None),
        (".fgb", "FlatGeobuf"),
        (".kml", "KML"),
    ):
        for role, frame in shapes:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"v{suffix}"
                there = frame.to_crs("EPSG:4326") if suffix in (".geojson", ".kml") else frame
                there = there.drop(columns="day", errors="ignore") if suffix == ".shp" else there
                there.to_file(path, driver=driver) if driver else there.to_file(path)
                files = {item.name: item.read_bytes() for item in sorted(Path(folder).iterdir())}
            yield f"{suffix[1:]}-{role}", (role, "vector", path.name, files)
            if role == "municipalities":
                yield f"{suffix[1:]}-zip", (role, "vector", "v.zip", {"v.zip": packed(files)})
            if role == "roads" and suffix == ".kml":
                yield "kmz", (role, "vector", "v.kmz", {"v.kmz": packed({"doc.kml": files["v.kml"]})})
    for role, frame in shapes:
        out = io.BytesIO()
        frame.to_parquet(out)
        yield f"parquet-{role}", (role, "vector", "v.parquet", {"v.parquet": out.getvalue()})
    with tempfile.TemporaryDirectory() as folder:
        points.to_file(Path(folder) / "v.gdb", driver="OpenFileGDB")
        inside = {
            item.relative_to(folder).as_posix(): item.read_bytes()
            for item in sorted(Path(folder).rglob("*.*"))
            if item.is_file()
        }
    yield "gdb", ("premises", "vector", "v.gdb", inside)
    yield "gdb-zip", ("premises", "vector", "v.zip", {"v.zip": packed(inside)})


def _rasters() -> Iterator[tuple[str, Seed]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        studymaker.write_raster(folder / "r.tif")
        yield "tif", ("mobile", "raster", "r.tif", {"r.tif": (folder / "r.tif").read_bytes()})
        classes = np.array([[0, 1], [2, 3]], dtype="uint8")
        profile = {"driver": "GTiff", "height": 2, "width": 2, "count": 1, "dtype": "uint8", "nodata": 255}
        place = {"crs": "EPSG:25832", "transform": Affine(4000, 0, 563_000, 0, -4000, 7_040_000)}
        with rasterio.open(folder / "c.tif", "w", compress="deflate", **profile, **place) as out:
            out.write(classes, 1)
            out.write_colormap(1, {0: (0, 0, 0), 1: (9, 9, 9)})
        yield "tif-classes", ("mobile", "raster", "c.tif", {"c.tif": (folder / "c.tif").read_bytes()})
        yield "tif-zip", ("mobile", "raster", "r.zip", {"r.zip": packed({"r.tif": (folder / "r.tif").read_bytes()})})
        crs = gpd.GeoSeries([], crs=CRS).crs.to_wkt("WKT1_ESRI")
        grid = f"ncols 2\nnrows 2\nxllcorner {X0}\nyllcorner {Y0}\ncellsize 4000\nNODATA_value -9999\n"
        grid += "-80 -90\n-100 -9999\n"
        yield "asc", ("mobile", "raster", "r.asc", {"r.asc": grid.encode(), "r.prj": crs.encode()})


def packed(files: dict[str, bytes]) -> bytes:
    """Return a zip file of the files, the same bytes each time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
