"""Archives: one data set is read out of a zip file, and none of the tricks that zip files know does harm."""

from __future__ import annotations

import gzip
import io
import os
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources import archive, limits
from coverage.sources.archive import kept_file, local_file, split_archive
from coverage.sources.raster import inspect_raster
from coverage.sources.table import read_table
from coverage.sources.vector import read_vector
from coverage.study import Study
from tests import studymaker
from tests.studymaker import CRS, TinyStudy, tiny_study

CSV = b"a;b\n1;2\n"


def packed(folder: Path, files: dict[str, bytes], *, name: str = "a.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for member, data in files.items():
            out.writestr(member, data)
    return path


def spec(path: Path, kind: str = "table", **options: Any) -> SourceSpec:
    return SourceSpec(id="s", role="premises", kind=kind, path=path, options=options)


def refused(path: Path, *words: str, kind: str = "table", **options: Any) -> None:
    with pytest.raises(DataError) as caught, local_file(spec(path, kind, **options)):
        pass
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_only_table_in_an_archive_is_read_and_the_rest_left(tmp_path: Path) -> None:
    path = packed(tmp_path, {"les meg.pdf": b"%PDF", "data/t.csv": CSV})
    assert read_table(spec(path)).frame.to_dict("list") == {"a": ["1"], "b": ["2"]}
    with local_file(spec(path)) as there:
        assert there.name == "t.csv"
        assert [item.name for item in there.parent.iterdir()] == ["t.csv"]
    assert not there.exists()


def test_a_member_is_named_as_an_option_or_in_the_path(tmp_path: Path) -> None:
    path = packed(tmp_path, {"x/one.csv": CSV, "two.csv": b"c\n3\n"})
    refused(path, "a.zip: the archive holds two.csv, x/one.csv; name one as options.member")
    assert list(read_table(spec(path, member="two.csv")).frame) == ["c"]
    assert list(read_table(spec(path / "x" / "one.csv")).frame) == ["a", "b"]
    assert split_archive(path / "x" / "one.csv") == (path, "x/one.csv")
    refused(path, "no member 'three.csv'; expected one of two.csv, x/one.csv", member="three.csv")
    refused(path, "holds nothing that can be a raster", kind="raster", member="three.tif")
    refused(packed(tmp_path, {"a.doc": b""}), "the archive holds none; expected a table such as *.csv")


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "shp", "fgb", "parquet", "gdb", "kml", "kmz"])
def test_every_vector_format_is_read_out_of_an_archive(tmp_path: Path, suffix: str) -> None:
    frame = studymaker.municipalities().rename(columns={"kommunenummer": "nr", "kommunenavn": "label"})
    source = tmp_path / "made" / f"m.{suffix.replace('kmz', 'kml')}"
    source.parent.mkdir()
    if suffix == "parquet":
        frame.to_parquet(source)
    else:
        there = frame.to_crs("EPSG:4326") if suffix in ("geojson", "kml", "kmz") else frame
        there.to_file(source, driver={"gdb": "OpenFileGDB", "kml": "KML", "kmz": "KML"}.get(suffix))
    inside = {item.relative_to(source.parent).as_posix(): item.read_bytes()
              for item in sorted(source.parent.rglob("*")) if item.is_file()}  # fmt: skip
    path = packed(tmp_path, inside, name="m.kmz" if suffix == "kmz" else "m.zip")
    direct, zipped = read_vector(spec(source, "vector")), read_vector(spec(path, "vector"))
    assert zipped.frame.drop(columns="geometry").equals(direct.frame.drop(columns="geometry"))
    assert sorted(zipped.frame["nr"]) == ["5001", "5002"]
    assert sorted(zipped.frame["label"]) == ["Vestby", "Østby - Nuortta"]
    assert gpd.GeoSeries(zipped.frame.geometry).geom_equals(gpd.GeoSeries(direct.frame.geometry)).all()
    assert zipped.crs_found == ("EPSG:4326" if suffix in ("geojson", "kml", "kmz") else CRS)


def test_a_raster_in_an_archive_stays_where_stages_can_sample_it(tmp_path: Path) -> None:
    studymaker.write_raster(tmp_path / "m.tif")
    path = packed(tmp_path, {"m.tif": (tmp_path / "m.tif").read_bytes(), "m.tfw": b"", "other.txt": b""})
    facts = inspect_raster(spec(path, "raster"), crs=CRS)
    assert facts.valid == 24
    assert facts.path == kept_file(spec(path, "raster"))
    assert facts.path.is_file()
    assert sorted(item.name for item in facts.path.parent.iterdir()) == ["m.tfw", "m.tif"]
    studymaker.write_raster(tmp_path / "m.tif", crs="EPSG:25832")
    packed(tmp_path, {"m.tif": (tmp_path / "m.tif").read_bytes()})
    os.utime(path, ns=(1, 1))
    assert inspect_raster(spec(path, "raster"), crs=CRS).crs == "EPSG:25832"  # another version, unpacked anew


# Hostile archives


@pytest.mark.parametrize(
    "name", ["../t.csv", "/etc/t.csv", "a/../../t.csv", "..\\t.csv", "C:\\t.csv", "C:t.csv", "//host/t.csv"]
)
def test_paths_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path, {name: CSV, "t.csv": CSV})
    refused(path, "which leads out of it; expected plain file names", member="t.csv")
    assert not (tmp_path.parent / "t.csv").exists()


def test_links_passwords_and_archives_in_archives_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("t.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "l.zip", "w") as out:
        out.writestr(link, "/etc/passwd")
    refused(tmp_path / "l.zip", "holds the link 't.csv'")
    inner = packed(tmp_path, {"t.csv": CSV}, name="inner.zip").read_bytes()
    refused(packed(tmp_path, {"inner.zip": inner}), "only another archive, 'inner.zip'")
    refused(packed(tmp_path, {"inner.zip": inner}), "an archive in an archive", member="inner.zip")
    refused(packed(tmp_path, {"t.csv.gz": b""}), "only another archive")
    locked = bytearray(packed(tmp_path, {"t.csv": CSV}).read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + offset] |= 1
    (tmp_path / "a.zip").write_bytes(locked)
    refused(tmp_path / "a.zip", "is encrypted")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path, {"t.csv": b"a;b\n" + b"0" * 60_000_000})
    monkeypatch.setattr(archive, "copy_bounded", None)  # unpacking would fail in another way
    refused(path, "unpacks to more than 200 times its size")
    refused(packed(tmp_path, {"t.csv": b"1" * 5000}), "more than 4,000 bytes unpacked", max_bytes=4000)
    many = packed(tmp_path, {f"{number}.csv": CSV for number in range(20)})
    monkeypatch.setattr(archive, "MAX_MEMBERS", 10)
    refused(many, "the archive lists 20 files; expected no more than 10")


def test_a_bomb_that_lies_about_its_size_is_refused_while_it_is_unpacked(tmp_path: Path) -> None:
    path = packed(tmp_path, {"t.csv": b"0" * 100_000})
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(mark) + offset, 10)
    path.write_bytes(data)
    refused(path, "damaged")


def test_a_stream_is_counted_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHUNK", 10)
    source, target = io.BytesIO(b"0" * 1000), io.BytesIO()
    monkeypatch.setattr(archive, "CHUNK", 10)
    with pytest.raises(DataError, match="more than 55 bytes unpacked"):
        archive.copy_bounded(source, target, spec(Path("a.zip"), max_bytes=55), packed=1000)
    assert len(target.getvalue()) == 50
    with pytest.raises(DataError, match="more than 55 bytes unpacked"):
        limits.read_bounded(io.BytesIO(b"0" * 1000), spec(Path("a.gz"), max_bytes=55), packed=1000)
    monkeypatch.setattr(limits, "RATIO_FLOOR", 100)
    with pytest.raises(DataError, match="unpacks to more than 200 times"):
        limits.read_bounded(io.BytesIO(b"0" * 1000), spec(Path("a.gz")), packed=1)


def test_overlapping_members_and_repeated_names(tmp_path: Path) -> None:
    # Many entries that share one compressed block: each looks small, the sum is not.
    path = packed(tmp_path, {"0.csv": b"0" * 30_000_000})
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    entry, end = data[start : data.index(b"PK\x05\x06")], bytearray(data[data.index(b"PK\x05\x06") :])
    struct.pack_into("<HHI", end, 8, 50, 50, 50 * len(entry))
    path.write_bytes(data[:start] + b"".join(entry.replace(b"0.csv", b"%d.csv" % (n % 10)) for n in range(50)) + end)
    refused(path, "unpacks to more than 200 times its size")
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("t.csv", CSV)
        with pytest.warns(UserWarning, match="Duplicate name"):
            out.writestr("t.csv", b"c\n3\n")
    refused(path, "holds 't.csv' twice")


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x05\x06", b"PK\x05\x06" + b"\xff" * 18, b"\0" * 99, b"PK\x03\x04" * 9]
)
def test_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    refused(tmp_path / "a.zip", "not a readable archive")


def test_truncated_and_damaged_archives(tmp_path: Path) -> None:
    whole = packed(tmp_path, {"t.csv": CSV * 100}).read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[:-30])
    refused(tmp_path / "a.zip", "not a readable archive")
    (tmp_path / "a.zip").write_bytes(whole[:45] + b"\xff\xff" + whole[47:])
    refused(tmp_path / "a.zip", "the archive is damaged")


def test_bomb_in_a_gzip_file(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a;b\n" + b"0" * 60_000_000))
    with pytest.raises(DataError, match=r"t\.csv\.gz: unpacks to more than 200 times its size"):
        read_table(spec(tmp_path / "t.csv.gz"))


# Through study.toml


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    return tiny_study(tmp_path / "tiny")


def test_archives_in_a_study(tiny: TinyStudy) -> None:
    names = ("premises.csv", "roads.gpkg", "mobile.tif")
    packed(tiny.folder, {name: (tiny.folder / name).read_bytes() for name in names}, name="all.zip")
    before = Study.open(tiny.folder).load()
    tiny.source("premises")["path"] = "all.zip/premises.csv"
    tiny.source("roads").update(path="all.zip", options={"member": "roads.gpkg"})
    tiny.source("mobile")["path"] = "all.zip"
    study = Study.open(tiny.save())
    after = study.load()
    assert after.places.equals(before.places)
    assert after.roads.geom_equals(before.roads).all()
    assert after.mobile[0].raster is not None
    assert after.mobile[0].raster.read_bytes() == (tiny.folder / "mobile.tif").read_bytes()
    assert "all.zip/premises.csv" in study.fingerprint()
    tiny.source("roads")["path"] = "all.zip/roads.gpkg"
    with pytest.raises(DataError, match=r"a member stands in the path and in options\.member"):
        Study.open(tiny.save())
    tiny.source("roads").update(path="roads.gpkg")
    with pytest.raises(DataError, match=r"roads\.gpkg is no archive"):
        Study.open(tiny.save())


@pytest.mark.parametrize(
    "path",
    ["http://host/roads.gpkg", "https://host/roads.gpkg", "/vsicurl/http://host/roads.gpkg", "vsicurl/http://host/x",
     "/vsizip/../roads.gpkg", "/vsimem/x.gpkg", "s3://bucket/x.gpkg", "file:///etc/passwd", "WFS:http://host",
     "PG:dbname=x",
     "zip+https://host/a.zip!x.gpkg", "roads\0.gpkg", "x" * 300, "../roads.gpkg", "/etc/passwd", "a/../../b.gpkg"],
)  # fmt: skip
def test_paths_that_are_no_file_of_the_study(tiny: TinyStudy, path: str) -> None:
    tiny.source("roads")["path"] = path
    text = (tiny.save() / "study.toml").read_text(encoding="utf-8").replace("\0", "\\u0000")
    (tiny.folder / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"source 'roads': path .*(no path of a file|leads outside)") as caught:
        Study.open(tiny.folder)
    assert "\n" not in str(caught.value)
