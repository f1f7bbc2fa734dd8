"""A file that somebody brings: its kind, its parts, its first rows, and guesses about its columns and words."""

from __future__ import annotations

import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point, box

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.offered import (
    ENDINGS,
    MOST_VALUES,
    SUPPLIED,
    fields_for,
    formats_for,
    guess_columns,
    guess_value,
    is_known,
    kind_of,
    parts_of,
    read_preview,
)
from coverage.sources.roles import ROLES, Field

CRS = "EPSG:25833"
POINTS = gpd.GeoDataFrame({"navn": ["a", "b"]}, geometry=[Point(0, 0), Point(1, 1)], crs=CRS)


def spec(path: Path, kind: str = "table", **options: object) -> SourceSpec:
    return SourceSpec("own", "premises", kind, path, file=path.name, options=options, uploaded="x")


def zipped(folder: Path, **files: bytes) -> Path:
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return path


@pytest.mark.parametrize(("name", "kind"), [("a.csv", "table"), ("a.CSV.GZ", "table"), ("a.gpkg", "vector")])
def test_the_ending_tells_the_kind(tmp_path: Path, name: str, kind: str) -> None:
    assert kind_of(tmp_path / name, spec(tmp_path / name)) == kind


def test_what_is_inside_tells_the_kind_of_zip_files_and_parquet(tmp_path: Path) -> None:
    POINTS.to_parquet(tmp_path / "geo.parquet")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "plain.parquet")
    assert kind_of(tmp_path / "geo.parquet", spec(tmp_path / "geo.parquet")) == "vector"
    assert kind_of(tmp_path / "plain.parquet", spec(tmp_path / "plain.parquet")) == "table"
    shape = zipped(tmp_path, x__shp=b"", x__dbf=b"", x__prj=b"")
    assert kind_of(shape, spec(shape)) == "vector"
    table = zipped(tmp_path, x__csv=b"a\n1\n")
    assert kind_of(table, spec(table)) == "table"


def test_what_is_no_source_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="all its parts in one"):
        kind_of(tmp_path / "a.shp", spec(tmp_path / "a.shp"))
    with pytest.raises(DataError, match=r"files that end in '\.exe' are not read"):
        kind_of(tmp_path / "a.exe", spec(tmp_path / "a.exe"))
    nothing = zipped(tmp_path, readme__md=b"x")
    with pytest.raises(DataError, match="holds no data set"):
        kind_of(nothing, spec(nothing))
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="not readable as Parquet"):
        kind_of(tmp_path / "bad.parquet", spec(tmp_path / "bad.parquet"))


def test_layers_sheets_and_members_are_named_where_there_are_several(tmp_path: Path) -> None:
    POINTS.to_file(tmp_path / "a.gpkg", layer="one")
    assert parts_of(spec(tmp_path / "a.gpkg", "vector")) == ("", ())
    POINTS.to_file(tmp_path / "a.gpkg", layer="two")
    assert parts_of(spec(tmp_path / "a.gpkg", "vector")) == ("layer", ("one", "two"))
    with pd.ExcelWriter(tmp_path / "a.xlsx") as book:
        for name in ("Ark1", "Ark2"):
            pd.DataFrame({"a": [1]}).to_excel(book, sheet_name=name)
    assert parts_of(spec(tmp_path / "a.xlsx")) == ("sheet", ("Ark1", "Ark2"))
    both = zipped(tmp_path, x__csv=b"a\n1\n", y__csv=b"b\n1\n", z__shp=b"")
    assert parts_of(spec(both)) == ("member", ("x.csv", "y.csv"))
    assert parts_of(spec(both, member="x.csv")) == ("", ())
    (tmp_path / "b.xlsx").write_bytes(b"no book")
    with pytest.raises(DataError, match="not a readable"):
        parts_of(spec(tmp_path / "b.xlsx"))
    (tmp_path / "b.gpkg").write_bytes(b"SQLite format 3\0")
    with pytest.raises(DataError, match="not a readable vector file"):
        parts_of(spec(tmp_path / "b.gpkg", "vector"))


def test_the_first_rows_are_shown_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("navn;antall\n" + "<b>x</b>;1\n" * 20 + "=1+1;2\n", encoding="utf-8")
    shown = read_preview(spec(path), crs=CRS)
    assert (shown.columns, shown.rows, len(shown.head), shown.family) == (("navn", "antall"), 21, 8, "")
    assert shown.head.iloc[0].tolist() == ["<b>x</b>", "1"]
    assert shown.values("navn") == ("<b>x</b>", "=1+1")
    path.write_text("n\n" + "\n".join(f"v{i}" for i in range(99)), encoding="utf-8")
    assert len(read_preview(spec(path), crs=CRS).values("n")) == MOST_VALUES


def test_geometry_without_a_coordinate_system_asks_for_one(tmp_path: Path) -> None:
    POINTS.to_file(tmp_path / "a.gpkg")
    stated = read_preview(spec(tmp_path / "a.gpkg", "vector"), crs="EPSG:32633")
    assert (stated.crs, stated.needs_crs, stated.family) == (CRS, False, "point")
    assert stated.head["geometry"].tolist() == ["Point", "Point"]
    gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)]).assign(n=1).to_parquet(tmp_path / "b.parquet")
    silent = read_preview(spec(tmp_path / "b.parquet", "vector"), crs=CRS)
    assert (silent.crs, silent.needs_crs, silent.family) == ("", True, "polygon")


def guessed(columns: list[str], role: str, shape: str = "", kind: str = "table") -> dict[str, str]:
    return guess_columns(columns, fields_for(role, kind=kind, shape=shape))


def test_columns_are_guessed_by_what_registers_call_them() -> None:
    assert guessed(["Adresse", "POSTNR", "Feil", "Kommentar", "kontor", "dato", "komnr", "xyz"], "corrections") == {
        "address": "Adresse", "postcode": "POSTNR", "correction": "Feil", "comment": "Kommentar", "office": "kontor",
        "date": "dato", "municipality_code": "komnr",
    }  # fmt: skip
    assert guessed(["Org. nr.", "Navn", "Antall ansatte", "Lengdegrad", "Breddegrad", "Kommunenavn"], "premises") == {
        "org_number": "Org. nr.", "name": "Navn", "employees": "Antall ansatte", "lon": "Lengdegrad",
        "lat": "Breddegrad",
    }  # fmt: skip
    assert guessed(["tilbyder", "teknologi", "ned", "opp", "ferdig"], "offers", shape="place") == {
        "provider": "tilbyder", "technology": "teknologi", "down_mbps": "ned", "up_mbps": "opp",
        "available_from": "ferdig",
    }  # fmt: skip


def test_no_column_is_guessed_twice_and_spelling_comes_last() -> None:
    found = guessed(["comments", "comment", "offce"], "corrections")
    assert found["comment"] == "comment"
    assert found["office"] == "offce"
    assert len(set(found.values())) == len(found)


def test_geometry_leaves_no_columns_of_position() -> None:
    names = {field.name for field in fields_for("premises", kind="vector", shape="")}
    assert not names & {"x", "y", "lon", "lat", "cell_id"}
    assert {"x", "lon"} <= {field.name for field in fields_for("premises", kind="table", shape="")}
    assert "cell_x" in {field.name for field in fields_for("offers", kind="table", shape="cell")}
    assert "place_id" in {field.name for field in fields_for("hearing", kind="vector", shape="address")}


def test_words_are_guessed_and_those_that_readers_know_are_left_alone() -> None:
    kinds, technology = (Field(name, allowed=allowed) for name, allowed in (
        ("kind", ("business", "household")), ("technology", ("fibre", "fwa")),
    ))  # fmt: skip
    assert guess_value(kinds, " Bolig ") == "household"
    assert guess_value(kinds, "hytte") is None, "holiday is not allowed here"
    assert guess_value(technology, "FTB") == "fwa"
    assert guess_value(technology, "fibre") == "fibre"
    assert is_known(kinds, "business", role="premises")
    assert not is_known(kinds, "bolig", role="premises")
    assert is_known(kinds, "Bolig", role="corrections")
    assert is_known(Field("flag", "flag"), "JA", role="offers")
    assert not is_known(Field("flag", "flag"), "kanskje", role="offers")
    assert is_known(Field("name"), "anything", role="premises")


def test_formats_are_those_of_the_role_and_the_kind() -> None:
    assert formats_for("offers", "table") == ("", "fcc_availability", "nkom_fbb", "ookla_table")
    assert formats_for("offers", "vector") == ("", "ookla")
    assert formats_for("corrections", "table") == ("",)
    assert {name for role in ROLES for kind in ("table", "vector") for name in formats_for(role, kind)} == {
        "",
        *SUPPLIED,
    }
    assert set(ENDINGS.values()) <= {"table", "vector", ""}
