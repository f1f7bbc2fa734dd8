"""Vector files of every format that is read, with their oddities; and files that are not what their name says."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from shapely.geometry import LineString, Point

from coverage.errors import CrsError, DataError
from coverage.inputs import SourceSpec
from coverage.sources import geopackage
from coverage.sources.formats import FORMATS
from coverage.sources.layers import read_municipalities, read_roads
from coverage.sources.vector import read_vector
from tests import studymaker
from tests.studymaker import CRS, X0, Y0


def spec(path: Path, role: str = "premises", **changes: Any) -> SourceSpec:
    return SourceSpec(id="s", role=role, kind="vector", path=path, **changes)


def points(**columns: Any) -> gpd.GeoDataFrame:
    size = len(next(iter(columns.values()))) if columns else 2
    return gpd.GeoDataFrame(columns, geometry=[Point(X0 + n, Y0 + n) for n in range(size)], crs=CRS)


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "json", "shp", "fgb", "parquet", "geoparquet", "kml", "gdb"])
def test_every_format(tmp_path: Path, suffix: str) -> None:
    frame = points(navn=["Bø", "Å"], antall=[1.5, 2.5])
    path = tmp_path / f"v.{suffix}"
    if suffix in ("parquet", "geoparquet"):
        frame.to_parquet(path)
    else:
        there = frame.to_crs("EPSG:4326") if suffix in ("geojson", "json", "kml") else frame
        drivers = {"gdb": "OpenFileGDB", "kml": "KML", "json": "GeoJSON"}
        there.to_file(path, driver=drivers.get(suffix))
    raw = read_vector(spec(path))
    assert raw.frame.index.tolist() == [1, 2]
    found = raw.frame.sort_values("navn")
    assert found["navn"].tolist() == ["Bø", "Å"]
    assert found["antall"].astype(float).tolist() == [1.5, 2.5]
    # GeoJSON and KML are in longitude and latitude by their standards; nothing else is taken to be.
    assert raw.crs_found == ("EPSG:4326" if suffix in ("geojson", "json", "kml") else CRS)
    assert found.to_crs(CRS).geometry.x.tolist() == pytest.approx([X0, X0 + 1], abs=0.01)


def test_formats_cover_what_the_documentation_says() -> None:
    text = (Path(__file__).parent.parent / "data" / "README.md").read_text(encoding="utf-8")
    assert {suffix for suffix in FORMATS if f"`{suffix}`" not in text} == set()


# Shapefiles


def shapefile(folder: Path, *, encoding: str, cpg: bool, name: str = "Bø") -> Path:
    path = folder / "v.shp"
    points(navn=[name, "x"]).to_file(path, encoding=encoding)
    if not cpg:
        (folder / "v.cpg").unlink()
        table = bytearray((folder / "v.dbf").read_bytes())
        table[29] = 0
        (folder / "v.dbf").write_bytes(table)
    return path


@pytest.mark.parametrize(
    ("encoding", "cpg", "note"),
    [
        ("UTF-8", True, ""),
        ("ISO-8859-1", True, ""),
        ("UTF-8", False, "there is no .cpg file; the texts are read as UTF-8"),
        ("ISO-8859-1", False, "there is no .cpg file; the texts are read as Windows-1252"),
    ],
)
def test_encoding_of_a_shapefile(tmp_path: Path, encoding: str, cpg: bool, note: str) -> None:
    raw = read_vector(spec(shapefile(tmp_path, encoding=encoding, cpg=cpg)))
    assert raw.frame["navn"].tolist() == ["Bø", "x"]
    assert all(note in said for said in raw.notes)
    assert len(raw.notes) == bool(note)


def test_shapefile_in_two_encodings_or_a_stated_one(tmp_path: Path) -> None:
    path = shapefile(tmp_path, encoding="UTF-8", cpg=False)
    table = (tmp_path / "v.dbf").read_bytes()
    at = table.rindex(b"x ")
    (tmp_path / "v.dbf").write_bytes(table[:at] + b"\xf8" + table[at + 1 :])
    with pytest.raises(DataError, match="some texts are UTF-8 and some are not"):
        read_vector(spec(path))
    assert read_vector(spec(path, options={"encoding": "cp1252"})).frame["navn"].tolist() == ["BÃ¸", "ø"]


def test_shapefile_without_prj_states_no_crs_and_none_is_guessed(tmp_path: Path) -> None:
    path = shapefile(tmp_path, encoding="UTF-8", cpg=True)
    (tmp_path / "v.prj").unlink()
    with pytest.raises(CrsError, match=r'v\.shp: the layer states no coordinate system; write crs = "EPSG:…"'):
        read_vector(spec(path))
    assert read_vector(spec(path, crs=CRS)).crs_found == f"none; study.toml says {CRS}"


def test_shapefile_without_its_other_parts(tmp_path: Path) -> None:
    path = shapefile(tmp_path, encoding="UTF-8", cpg=True)
    (tmp_path / "v.shx").unlink()
    with pytest.raises(DataError, match=r"v\.shp: not a readable vector file \(Unable to open v\.shx"):
        read_vector(spec(path))


# Names and texts


def test_attribute_called_geometry_and_repeated_names(tmp_path: Path) -> None:
    feature = (
        '{"type":"Feature","properties":{"geometry":"g","a":1,"A":2},"geometry":{"type":"Point","coordinates":[10,63]}}'
    )
    (tmp_path / "v.geojson").write_text('{"type":"FeatureCollection","features":[' + feature + "]}")
    raw = read_vector(spec(tmp_path / "v.geojson"))
    assert sorted(raw.frame.columns) == ["A", "a", "geometry"]
    assert raw.frame.geometry.iloc[0] == Point(10, 63)
    assert raw.notes == ("the column 'geometry' is not read, because the name stands for the geometry itself",)
    points(geometry_of_theirs=[1, 2]).rename_geometry("shape").rename(
        columns={"geometry_of_theirs": "geometry"}
    ).to_parquet(tmp_path / "v.parquet")
    raw = read_vector(spec(tmp_path / "v.parquet"))
    assert raw.frame["geometry#2"].tolist() == [1, 2]
    assert raw.frame.geometry.iloc[0] == Point(X0, Y0)
    assert raw.notes == ("column 'geometry' occurs again; read as geometry#2",)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    points(navn=["Bø", "x"]).to_file(tmp_path / "v.gpkg", layer="v")
    with sqlite3.connect(tmp_path / "v.gpkg") as database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        database.execute("UPDATE v SET navn = CAST(x'ff41fe' AS TEXT) WHERE fid = 1")
    database.close()
    with pytest.raises(DataError, match=r"v\.gpkg: column 'navn' holds bytes that are no UTF-8 text"):
        read_vector(spec(tmp_path / "v.gpkg"))


# Hostile files


@pytest.mark.parametrize("suffix", sorted(set(FORMATS) - {".gdb"}))
@pytest.mark.parametrize(
    "content",
    [
        b"<OGRVRTDataSource><OGRVRTLayer name='v'><SrcDataSource>/etc/hosts</SrcDataSource></OGRVRTLayer>"
        b"</OGRVRTDataSource>",
        b'{"type": "gdal_streamed_alg", "command_line": "gdal vector convert /vsicurl/http://127.0.0.1:9/x v.gpkg"}',
        b'{"type":"Topology","objects":{"a":{"type":"Point","coordinates":[1,2]}},"arcs":[]}',
        b"<WFS><URL>http://127.0.0.1:9/</URL></WFS>",
        b"a;b\n1;2\n",
        b"",
    ],
    ids=["virtual", "pipeline", "topology", "service", "csv", "empty"],
)
def test_file_that_is_not_what_its_name_says(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"v{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"not a readable vector file|is a TopoJSON file; expected a GeoJSON"):
        read_vector(spec(path))


@pytest.mark.parametrize("suffix", [".vrt", ".gml", ".csv", ".xml", ".gpx", ".sqlite", "", ".tab"])
def test_other_formats_are_not_tried(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"v{suffix}"
    path.write_text("<OGRVRTDataSource/>")
    with pytest.raises(DataError, match=r"no known vector format; expected one of \*\.gpkg"):
        read_vector(spec(path))


def test_entities_in_kml_are_refused(tmp_path: Path) -> None:
    points(navn=["a", "b"]).to_crs("EPSG:4326").to_file(tmp_path / "v.kml", driver="KML")
    text = (tmp_path / "v.kml").read_bytes()
    bomb = b'<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    (tmp_path / "v.kml").write_bytes(text.replace(b"<kml", bomb + b"<kml", 1))
    with pytest.raises(DataError, match=r"expected a KML|defines entities"):
        read_vector(spec(tmp_path / "v.kml"))
    (tmp_path / "v.kml").write_bytes(text.replace(b"<Document", bomb + b"<Document", 1))
    with pytest.raises(DataError, match="defines entities"):
        read_vector(spec(tmp_path / "v.kml"))
    (tmp_path / "v.kml").write_bytes(text.decode().encode("utf-16"))
    with pytest.raises(DataError, match="not a readable vector file"):
        read_vector(spec(tmp_path / "v.kml"))


@pytest.mark.parametrize("depth", [2_000, 200_000])
def test_json_nested_without_end(tmp_path: Path, depth: int) -> None:
    deep = '{"type":"GeometryCollection","geometries":[' * depth + "]}" * depth
    for value in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
        text = '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":%s},"geometry":null}]}'
        (tmp_path / "v.geojson").write_text(text % value)
        with pytest.raises(DataError, match=r"not a readable vector file .*nested"):
            read_vector(spec(tmp_path / "v.geojson"))
    (tmp_path / "v.geojson").write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","geometry":' + deep + "}]}"
    )
    with pytest.raises(DataError, match="not a readable vector file"):
        read_vector(spec(tmp_path / "v.geojson"))


def test_endless_view_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points(a=[1, 2]).to_file(tmp_path / "v.gpkg", layer="v")
    with sqlite3.connect(tmp_path / "v.gpkg") as database:
        database.execute(
            "CREATE VIEW bomb AS WITH RECURSIVE n(fid) AS (SELECT 1 UNION ALL SELECT fid + 1 FROM n) "
            "SELECT n.fid AS fid, v.a AS a, v.geom AS geom FROM n CROSS JOIN v"
        )
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) "
            "SELECT 'bomb', 'features', 'bomb', srs_id FROM gpkg_contents WHERE table_name = 'v'"
        )
        database.execute(
            "INSERT INTO gpkg_geometry_columns SELECT 'bomb', column_name, geometry_type_name, srs_id, z, m "
            "FROM gpkg_geometry_columns WHERE table_name = 'v'"
        )
        database.execute("CREATE VIEW idle AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                         "SELECT i AS fid, a, geom FROM n, v WHERE i < 0")  # fmt: skip
    database.close()
    path = tmp_path / "v.gpkg"
    monkeypatch.setattr(geopackage, "MAX_STEPS", 3)
    with pytest.raises(DataError, match="the view 'idle' does not come to an end"):
        read_vector(spec(path, layer="v"))  # listing the layers would already run it
    with sqlite3.connect(path) as database:
        database.execute("DROP VIEW idle")
    database.close()
    with pytest.raises(DataError, match=r"1,001 rows in the view 'bomb'; expected no more than 1,000, or a higher opt"):
        read_vector(spec(path, layer="bomb", options={"max_rows": 1000}))
    with pytest.raises(DataError, match="the view 'bomb' does not come to an end"):
        read_vector(spec(path, layer="bomb"))
    assert len(read_vector(spec(path, layer="v")).frame) == 2


def test_limits_of_parquet_and_text(tmp_path: Path) -> None:
    points(a=[1, 2, 3]).to_parquet(tmp_path / "v.parquet")
    with pytest.raises(DataError, match="3 rows; expected no more than 2"):
        read_vector(spec(tmp_path / "v.parquet", options={"max_rows": 2}))
    with pytest.raises(DataError, match="bytes unpacked; expected no more than 20"):
        read_vector(spec(tmp_path / "v.parquet", options={"max_bytes": 20}))
    points(a=[1, 2, 3]).to_crs("EPSG:4326").to_file(tmp_path / "v.geojson")
    with pytest.raises(DataError, match="more than 20 bytes of text"):
        read_vector(spec(tmp_path / "v.geojson", options={"max_bytes": 20}))
    table = pa.table({"geometry": [b"\x01\x02"]}).replace_schema_metadata({b"geo": b"{}"})
    pq.write_table(table, tmp_path / "v.parquet")
    with pytest.raises(DataError, match="not readable as GeoParquet"):
        read_vector(spec(tmp_path / "v.parquet"))


@pytest.mark.parametrize("name", ["a!b.gpkg", "a;b.gpkg", "a?b.gpkg"])
def test_marks_that_the_library_would_take_apart(tmp_path: Path, name: str) -> None:
    points().to_file(tmp_path / "v.gpkg", layer="v")
    (tmp_path / "v.gpkg").rename(tmp_path / name)
    with pytest.raises(DataError, match=r"has one of ! ; . in it"):
        read_vector(spec(tmp_path / name))


def test_no_way_to_the_network() -> None:
    import pyogrio
    import rasterio

    with pytest.raises(pyogrio.errors.DataSourceError):
        pyogrio.read_info("/vsicurl/http://127.0.0.1:9/v.gpkg")
    with pytest.raises(rasterio.errors.RasterioIOError):
        rasterio.open("/vsicurl/http://127.0.0.1:9/v.tif")


# Real files


def test_openstreetmap_lines_and_points(data_root: Path) -> None:
    path = data_root / "andorra" / "andorra.osm.pbf"
    with pytest.raises(DataError, match="the file has the layers points, lines, multilinestrings"):
        read_vector(spec(path, "roads"))
    lines = read_vector(spec(path, "roads", layer="lines"))
    assert len(lines.frame) == 2081
    assert lines.frame["highway"].notna().sum() > 1000
    assert lines.crs_found == "EPSG:4326"
    assert len(read_vector(spec(path, layer="points")).frame) == 1650


def test_split_municipalities_bilingual_names_and_leading_zeros(data_root: Path) -> None:
    columns = {"municipality_code": "kommunenummer", "name": "kommunenavn"}
    path = data_root / "norway" / "boundaries" / "Kommuner-M.geojson"
    rows, found = read_municipalities(spec(path, "municipalities", columns=columns), crs=CRS)
    assert len(found) == 357
    names = found.set_index("municipality_code")["name"]
    assert names["5001"] == "Trondheim - Tråante"
    assert names["0301"] == "Oslo"
    assert found["municipality_code"].str.len().eq(4).all()
    assert found.geometry.is_valid.all()
    assert len(found) <= rows.report().rows_read


def test_real_roads_with_their_types(data_root: Path) -> None:
    path = data_root / "norway" / "roads" / "kartverket_N1000_veglenke_trondelag_25833.gpkg"
    raw = read_vector(spec(path, "roads"))
    assert len(raw.frame) == 1707
    assert raw.crs_found == CRS


def test_columns_renamed_between_files_of_one_supplier(data_root: Path) -> None:
    # The same attribute has another name in the file of tier 4: each source maps its own.
    for tier, column in ((3, "Street Name"), (4, "Street_Nam")):
        path = data_root / "maine" / f"Franklin_tier_{tier}.geojson"
        raw = read_vector(spec(path, "offers"))
        assert column in raw.frame
        assert raw.frame[column].notna().any()


def test_lines_of_a_shapefile_become_roads(tmp_path: Path) -> None:
    from tests.fuzz.harness import AREA

    lines = gpd.GeoDataFrame(geometry=[LineString([(X0, Y0), (X0 + 5, Y0)])] * 2, crs=CRS)
    lines.assign(a=[1.0, 2.0]).to_file(tmp_path / "r.shp")
    _, found = read_roads(spec(tmp_path / "r.shp", "roads"), area=AREA)
    assert shapely.length(found.geometry.to_numpy()).tolist() == [5, 5]
    assert isinstance(found["source_row"], pd.Series)
    assert found.crs.to_string() == studymaker.CRS
