"""Readers, and the steps that every source goes through: mapping, geometry, position, and what each role adds."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import GeometryCollection, LineString, MultiPoint, MultiPolygon, Point, Polygon, box

from coverage import schemas
from coverage.errors import CrsError, DataError
from coverage.inputs import SourceSpec
from coverage.sources import open_batch, reader_of
from coverage.sources.area import StudyArea, locate
from coverage.sources.batch import Batch, digest
from coverage.sources.geometry import clean, polygonal
from coverage.sources.layers import read_municipalities, read_network, read_roads, read_truth
from coverage.sources.mapping import as_number, as_text, map_fields
from coverage.sources.offers import read_offers
from coverage.sources.premises import read_premises
from coverage.sources.raster import inspect_raster
from coverage.sources.raw import RawTable
from coverage.sources.roles import Field
from coverage.sources.shares import match_names, merge_shares, read_shares
from coverage.sources.table import read_table
from tests import studymaker
from tests.studymaker import CRS, X0, Y0

AREA = StudyArea(
    CRS, studymaker.municipalities().rename(columns={"kommunenummer": "municipality_code", "kommunenavn": "name"})
)


def spec(path: Path, role: str = "premises", kind: str = "table", **changes: Any) -> SourceSpec:
    return SourceSpec(id="s", role=role, kind=kind, path=path, **changes)


def table(tmp_path: Path, content: str | bytes, *, name: str = "t.csv", **options: Any) -> RawTable:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_table(spec(path, options=options))


def batch(theirs: Mapping[str, Any], *, decimal: str = ".", **changes: Any) -> Batch:
    frame = pd.DataFrame(theirs)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return Batch(spec(Path("t.csv"), **changes), RawTable(frame, decimal=decimal))


def geo_batch(geometry: list[Any], **changes: Any) -> Batch:
    frame = gpd.GeoDataFrame(geometry=geometry, crs=CRS)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return Batch(spec(Path("t.gpkg"), kind="vector", **changes), RawTable(frame))


# Tables


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_delimiter_mark_and_line_ending_are_found_out(tmp_path: Path, delimiter: str, mark: str, ending: str) -> None:
    lines = [delimiter.join(row) for row in (("næring", "b"), ("Å", ""), ("x", "2"))]
    raw = table(tmp_path, mark + ending.join(lines) + ending)
    assert list(raw.frame.columns) == ["næring", "b"]
    assert raw.frame.index.tolist() == [1, 2]
    assert raw.frame["næring"].tolist() == ["Å", "x"]
    assert raw.frame["b"].isna().tolist() == [True, False]
    assert (raw.frame.dtypes == "str").all()
    assert raw.decimal == ("." if delimiter == "," else ",")


def test_gzip_quotes_and_line_breaks_in_quotes(tmp_path: Path) -> None:
    text = 'a;b\n"x;y";1\n"two\nlines";2\n"he said ""no""";3\n'
    raw = table(tmp_path, gzip.compress(text.encode()), name="t.csv.gz")
    assert raw.frame["a"].tolist() == ["x;y", "two\nlines", 'he said "no"']
    assert raw.frame.index.tolist() == [1, 2, 3]


def test_option_delimiter_decimal_and_encoding(tmp_path: Path) -> None:
    raw = table(tmp_path, "navn|tall\nTrøndelag|1\n".encode("latin-1"), delimiter="|", encoding="latin-1", decimal=".")
    assert raw.frame["navn"].tolist() == ["Trøndelag"]
    assert raw.decimal == "."
    with pytest.raises(DataError, match=r"t\.csv: line 2 is not utf-8 text"):
        table(tmp_path, "navn;b\nTrøndelag;1\n".encode("latin-1"), encoding="utf-8")
    with pytest.raises(DataError, match="encoding 'klingon' is unknown"):
        table(tmp_path, "a;b\n1;2\n", encoding="klingon")


def test_repeated_and_nameless_columns_get_names(tmp_path: Path) -> None:
    raw = table(tmp_path, "a;a;;a\n1;2;3;4\n")
    assert list(raw.frame.columns) == ["a", "a#2", "column#3", "a#3"]
    assert raw.notes == ("column 'a' occurs 3 times; read as a, a#2 …",)


@given(st.lists(st.sampled_from(["1;2", "1", "1;2;3", '"1;2', '"1";2', "", ";"]), min_size=1, max_size=15))
def test_every_line_is_a_row_or_rejected(tmp_path_factory: Any, lines: list[str]) -> None:
    folder = tmp_path_factory.getbasetemp()
    raw = table(folder, "\n".join(["a;b", ";", *lines]) + "\n", name="lines.csv")
    filled = 1 + sum(bool(line) for line in lines)
    assert len(raw.frame) + len(raw.rejected) == filled
    assert not set(raw.frame.index) & set(raw.rejected["row"])
    assert (raw.frame.notna().sum(axis=1) <= 2).all()


# Mapping


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("12", ".", 12.0), ("12.5", ".", 12.5), ("-3", ".", -3.0), ("1e3", ".", 1000.0), ("12,5", ",", 12.5),
        ("12.5", ",", 12.5), ("12 500", ".", 12_500.0), ("12\u00a0500,5", ",", 12_500.5),
        ("1 234 567", ".", 1_234_567.0),
        ("12,5", ".", None), ("1.234,5", ",", None), ("1,234,567", ",", None), ("12 50", ".", None), ("nan", ".", None),
        ("inf", ".", None), ("x", ".", None), ("", ".", None),
    ],
)  # fmt: skip
def test_number(text: str, decimal: str, number: float | None) -> None:
    value = as_number(pd.Series([text], dtype="str"), decimal=decimal).iloc[0]
    assert np.isnan(value) if number is None else value == number


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([301.0, None], ["301", None]),
        ([1.5, 1e300], ["1.5", "1e+300"]),
        ([1e300], ["1e+300"]),
        ([301, 5001], ["301", "5001"]),
        ([True, False], ["true", "false"]),
        ([" a ", ""], ["a", None]),
        ([pd.Timestamp("2024-06-30"), pd.NaT], ["2024-06-30", None]),
        ([None, None], [None, None]),
    ],
)
def test_text(values: list[Any], text: list[str | None]) -> None:
    found = as_text(pd.Series(values))
    assert found.dtype == "str"
    assert [None if pd.isna(value) else value for value in found] == text


def test_constants_defaults_identity_and_recoding() -> None:
    rows = batch(
        {
            "theirs": ["FTTH", "xDSL", "fibre"],
            "status": ["planned", None, "existing"],
            "when": ["2025-01-31", None, ""],
        },
        columns={"technology": "theirs", "available_from": "when"},
        constants={"provider": "Nett", "down_mbps": 100},
        values={"technology": {"FTTH": "fibre", "xDSL": "dsl"}},
    )
    fields = (
        Field("provider", required=True),
        Field("technology", required=True, allowed=schemas.TECHNOLOGIES),
        Field("down_mbps", "number", required=True),
        Field("status", default="existing", allowed=schemas.OFFER_STATUSES),
        Field("available_from", "date"),
        Field("upgradeable", "flag", default=False),
        Field("nothing"),
    )
    map_fields(rows, fields, defaults={})
    frame = rows.frame
    assert rows.rejected.empty
    assert frame["technology"].tolist() == ["fibre", "dsl", "fibre"]
    assert frame["status"].tolist() == ["planned", "existing", "existing"]
    assert frame["provider"].tolist() == ["Nett"] * 3
    assert frame["down_mbps"].tolist() == [100.0] * 3
    assert frame["available_from"].dtype == "datetime64[s]"
    assert frame["available_from"].iloc[0] == pd.Timestamp(2025, 1, 31)
    assert frame["upgradeable"].dtype == bool
    assert frame["nothing"].isna().all()
    assert frame["nothing"].dtype == "str"


def test_flags() -> None:
    words = ["true", "Ja", "1", "no", "0", None, "perhaps"]
    rows = batch({"ferry": words})
    map_fields(rows, (Field("ferry", "flag", default=False),), defaults={})
    assert rows.frame["ferry"].tolist() == [True, True, True, False, False, False]
    assert rows.rejected[["row", "value", "reason"]].to_numpy().tolist() == [[7, "perhaps", "expected true or false"]]
    # With a recoding, the named values set the flag and all others leave it unset.
    rows = batch({"type": ["bilferje", "vei", None]}, columns={"ferry": "type"}, values={"ferry": {"bilferje": True}})
    map_fields(rows, (Field("ferry", "flag", default=False),), defaults={})
    assert rows.frame["ferry"].tolist() == [True, False, False]


def test_a_row_is_rejected_once_by_its_first_bad_field() -> None:
    rows = batch({"kind": ["shop", "business", "business"], "weight": ["-1", "x", "2"]})
    fields = (Field("kind", required=True, allowed=schemas.KINDS), Field("weight", "number", low=0.0))
    map_fields(rows, fields, defaults={})
    assert rows.rejected[["row", "field", "value"]].to_numpy().tolist() == [[1, "kind", "shop"], [2, "weight", "x"]]
    assert rows.frame["weight"].tolist() == [2.0]


def test_date_format_and_misspelt_columns() -> None:
    rows = batch({"date": ["30.06.2025", "2025-06-30"], "emploees": ["1", "2"]}, columns={"available_from": "date"},
                 options={"date_format": "%d.%m.%Y"})  # fmt: skip
    map_fields(rows, (Field("available_from", "date"), Field("employees", "number")), defaults={})
    assert rows.frame["available_from"].tolist() == [pd.Timestamp(2025, 6, 30)]
    assert rows.rejected["reason"].tolist() == ["expected a date of the form %d.%m.%Y"]
    assert rows.notes == ["column 'emploees' is not used; the nearest expected name is 'employees'"]


def test_dates_are_read_year_first_or_with_dots_day_first() -> None:
    told = ["2025-06-30", "30.06.2025", "2025-06-30T12:00:00", "1.7.2025", "31.02.2025", "06/30/2025"]
    rows = batch({"available_from": told})
    map_fields(rows, (Field("available_from", "date"),), defaults={})
    assert rows.frame["available_from"].astype("str").tolist() == ["2025-06-30"] * 3 + ["2025-07-01"]
    assert rows.rejected["value"].tolist() == ["31.02.2025", "06/30/2025"]
    assert rows.rejected["reason"].unique().tolist() == [
        "expected a date such as 2025-06-30 or 30.06.2025 (another form: options.date_format)"
    ]


def test_constant_that_does_not_fit_is_refused() -> None:
    rows = batch({"a": ["1"]}, constants={"kind": "shop"})
    with pytest.raises(DataError, match=r"constants\.kind is 'shop'"):
        map_fields(rows, (Field("kind", required=True, allowed=schemas.KINDS),), defaults={})


def test_where_keeps_the_rows_asked_for_and_counts_the_others(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("fylke;nr\n50;5001\n46;4601\n50;1804\n;\n", encoding="utf-8")
    rows, _ = open_batch(spec(tmp_path / "t.csv", where={"fylke": ("50", "46")}, where_prefix={"nr": "50"}))
    assert rows.frame.index.tolist() == [1]
    assert rows.left_out == 3
    assert rows.notes == [
        "1 rows left out: where fylke is not 50 or 46",
        "2 rows left out: where nr does not start with 50",
    ]
    with pytest.raises(DataError, match="no column 'fylk' for 'where'; the nearest known is 'fylke'"):
        open_batch(spec(tmp_path / "t.csv", where={"fylk": ("50",)}))
    with pytest.raises(DataError, match="none of 4 rows is in the study"):
        open_batch(spec(tmp_path / "t.csv", where={"fylke": ("99",)}))


# Geometry


def test_polygonal_part_of_a_collection() -> None:
    square, line = box(0, 0, 2, 2), LineString([(5, 5), (6, 6)])
    shapes = np.array([GeometryCollection([square, line]), line, square, GeometryCollection([square, box(4, 4, 5, 5)])])
    found = polygonal(shapes)
    assert found[0].equals(square)
    assert found[1].is_empty
    assert found[2].equals(square)
    assert found[3].area == 5


def test_bow_tie_is_repaired_and_heights_are_dropped() -> None:
    tie = Polygon([(X0, Y0), (X0 + 10, Y0 + 10), (X0 + 10, Y0), (X0, Y0 + 10)])
    high = Polygon([(X0, Y0, 5), (X0 + 10, Y0, 5), (X0 + 10, Y0 + 10, 5)])
    flat = Polygon([(X0, Y0), (X0 + 10, Y0), (X0 + 20, Y0)])
    rows = geo_batch([tie, high, flat], role="offers")
    clean(rows, ("polygon",))
    assert rows.geo.geometry.is_valid.all()
    assert rows.geo.area.tolist() == pytest.approx([50, 50])
    assert not rows.geo.geometry.has_z.any()
    assert rows.repaired == 1
    assert rows.rejected[["row", "reason"]].to_numpy().tolist() == [[3, "is invalid, and no polygon is left of it"]]


def test_coordinates_that_are_no_numbers() -> None:
    rows = geo_batch([Point(X0, np.inf), Point(X0, Y0), LineString([(X0, Y0), (np.inf, Y0)])])
    clean(rows, ("point", "line"))
    assert rows.frame.index.tolist() == [2]
    assert rows.rejected["reason"].unique().tolist() == ["has coordinates that are no numbers"]


@given(
    st.lists(
        st.sampled_from([None, Point(), Point(1, 2), LineString([(0, 0), (1, 1)]), LineString([(0, 0), (0, 0)]),
                         box(0, 0, 1, 1), Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), MultiPoint([(0, 0), (1, 1)]),
                         GeometryCollection([Point(0, 0), box(0, 0, 1, 1)]), Point(np.nan, 1)]),
        max_size=12,
    ),
    st.sets(st.sampled_from(["point", "line", "polygon"]), min_size=1),
)  # fmt: skip
def test_clean_keeps_or_rejects_each_row_once(shapes: list[Any], families: set[Any]) -> None:
    rows = geo_batch(shapes)
    clean(rows, sorted(families))
    assert sorted([*rows.frame.index, *rows.rejected["row"]]) == list(range(1, len(shapes) + 1))
    assert rows.geo.geometry.is_valid.all()
    assert not rows.geo.geometry.is_empty.any()


# Municipalities and position


def test_locate_prefers_inside_then_the_nearest_and_the_smallest_code() -> None:
    spots = [(1000, 1000), (11_000, 1000), (10_000, 5000), (-100, 5000), (-101, 5000), (10_000, 10_050), (10_001, -50)]
    points = gpd.GeoDataFrame(geometry=[Point(X0 + x, Y0 + y) for x, y in spots], crs=CRS)
    assert locate(points, AREA, nearest_m=100).tolist()[:4] == ["5001", "5002", "5001", "5001"]
    assert pd.isna(locate(points, AREA, nearest_m=100).iloc[4])
    assert locate(points, AREA, nearest_m=100).tolist()[5:] == ["5001", "5002"]  # equally near: the smaller; nearer: it
    assert locate(points, AREA, nearest_m=0).isna().tolist() == [False, False, False, True, True, True, True]


@given(st.lists(st.tuples(st.integers(-2, 22), st.integers(-2, 12)), min_size=1, max_size=30))
def test_locate_agrees_with_sjoin(cells: list[tuple[int, int]]) -> None:
    points = gpd.GeoDataFrame(geometry=[Point(X0 + 1000 * x, Y0 + 1000 * y) for x, y in cells], crs=CRS)
    joined = points.sjoin(AREA.municipalities[["municipality_code", "geometry"]], predicate="intersects", how="left")
    expected = joined["municipality_code"].groupby(level=0).min()
    found = locate(points, AREA, nearest_m=0)
    assert found.fillna("–").tolist() == expected.fillna("–").tolist()


def test_parts_of_a_municipality_are_joined_and_codes_filled(tmp_path: Path) -> None:
    shapes = [box(X0, Y0, X0 + 10, Y0 + 10), box(X0 + 10, Y0, X0 + 20, Y0 + 10), box(X0 + 50, Y0, X0 + 60, Y0 + 10)]
    frame = gpd.GeoDataFrame({"nr": [301, 1508, 301], "name": ["Oslo", "Ålesund", "Oslo"]}, geometry=shapes, crs=CRS)
    frame.to_file(tmp_path / "m.gpkg")
    source = spec(tmp_path / "m.gpkg", "municipalities", "vector", columns={"municipality_code": "nr"},
                  options={"code_digits": 4})  # fmt: skip
    rows, found = read_municipalities(source, crs=CRS)
    assert found["municipality_code"].tolist() == ["0301", "1508"]
    assert found.area.tolist() == [200, 100]
    assert rows.notes == ["3 rows joined to 2 municipalities by their code"]


def test_municipality_on_the_other_side_of_the_earth_is_rejected(tmp_path: Path) -> None:
    frame = studymaker.municipalities().to_crs("EPSG:4326")
    frame = frame.set_geometry(
        [shapely.affinity.scale(frame.geometry.iloc[0], 1, -1, origin=(0, 0)), frame.geometry[1]]
    )
    frame.to_file(tmp_path / "m.geojson")
    columns = {"municipality_code": "kommunenummer", "name": "kommunenavn"}
    rows, found = read_municipalities(
        spec(tmp_path / "m.geojson", "municipalities", "vector", columns=columns), crs=CRS
    )
    assert found["municipality_code"].tolist() == ["5002"]
    assert "area of use of EPSG:25833" in rows.rejected["reason"].iloc[0]


# Roles


def test_footprints_and_single_multipoints_stand_for_points(tmp_path: Path) -> None:
    house = box(X0 + 10, Y0 + 10, X0 + 20, Y0 + 20)
    shapes = [house, MultiPoint([(X0 + 5, Y0 + 5)]), MultiPoint([(X0, Y0), (X0 + 1, Y0)]), Point(X0 + 7, Y0 + 7)]
    gpd.GeoDataFrame({"kind": "household"}, index=range(4), geometry=shapes, crs=CRS).to_file(tmp_path / "p.gpkg")
    rows = read_premises(spec(tmp_path / "p.gpkg", kind="vector"), area=AREA)
    assert rows.geo.geom_type.unique().tolist() == ["Point"]
    assert house.contains(rows.geo.geometry.iloc[0])
    assert rows.frame["place_id"].tolist() == ["s-1", "s-2", "s-4"]
    assert rows.rejected[["row", "value", "reason"]].to_numpy().tolist() == [
        [3, "2 points", "has several points; expected one"]
    ]


def test_weight_is_divided_and_size_class_is_by_premises(tmp_path: Path) -> None:
    text = "x;y;weight;employees\n" + "\n".join(
        f"{X0 + 5};{Y0 + 5};{weight};{staff}"
        for weight, staff in [(5, ""), (1, 9), (1, 10), (2, 98), (1, 249.5), (1, 250)]
    )
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    source = spec(tmp_path / "p.csv", crs=CRS, constants={"kind": "business"}, options={"divide_weight_by": 2.0})
    frame = read_premises(source, area=AREA).frame
    assert frame["weight"].tolist() == [2.5, 0.5, 0.5, 1.0, 0.5, 0.5]
    assert frame["size_class"].tolist() == ["unknown", "micro", "small", "small", "medium", "large"]


def offers(tmp_path: Path, text: str, shape: str, **changes: Any) -> tuple[Batch, Any]:
    (tmp_path / "o.csv").write_text(text, encoding="utf-8")
    options = {"shape": shape, **changes.pop("options", {})}
    source = spec(
        tmp_path / "o.csv", "offers", options=options, constants={"provider": "P", "technology": "dsl"}, **changes
    )
    return read_offers(source, area=AREA, places=pd.DataFrame({"place_id": ["a", "b"], "kind": "business"}))


def test_offers_by_address_in_kbps(tmp_path: Path) -> None:
    text = (
        "place_id;down_mbps;up_mbps;down_max_mbps;status;available_from\n"
        "a;30000;5000;100000;;\nb;1000;;;planned;2025-01-01\nz;1;1;1;;\nb;1000;500;;planned;2025-01-01\n"
    )
    rows, layer = offers(tmp_path, text, "place", options={"speed_unit": "kbps"})
    assert layer.shape == "place"
    assert not isinstance(layer.frame, gpd.GeoDataFrame)
    assert layer.frame["place_id"].tolist() == ["a", "b"]
    assert layer.frame[["down_mbps", "up_mbps", "down_max_mbps", "up_max_mbps"]].to_numpy().tolist() == [
        [30, 5, 100, 5],
        [1, 0.5, 1, 0.5],
    ]
    assert layer.frame["status"].tolist() == ["existing", "planned"]
    assert layer.frame["basis"].tolist() == ["claimed"] * 2
    assert layer.frame["source_row"].tolist() == [1, 4]
    assert rows.rejected[["row", "field"]].to_numpy().tolist() == [[2, "up_mbps"], [3, "place_id"]]
    schemas.check(layer.frame, schemas.OFFERS, where="offers")


def test_offers_by_cell_need_their_size_and_the_study_crs(tmp_path: Path) -> None:
    text = f"cell_x;cell_y;down_mbps;up_mbps\n{X0};{Y0};10;1\n"
    _, layer = offers(tmp_path, text, "cell", crs=CRS, options={"cell_m": 250.0})
    assert layer.cell_m == 250
    assert layer.frame[["cell_x", "cell_y"]].to_numpy().tolist() == [[X0, Y0]]
    with pytest.raises(DataError, match="no cell_m"):
        offers(tmp_path, text, "cell", crs=CRS)
    with pytest.raises(CrsError, match="states no crs"):
        offers(tmp_path, text, "cell", options={"cell_m": 250.0})
    with pytest.raises(CrsError, match="cells in EPSG:25832"):
        offers(tmp_path, text, "cell", crs="EPSG:25832", options={"cell_m": 250.0})
    with pytest.raises(DataError, match="needs a vector layer"):
        offers(tmp_path, text, "polygon")


def test_network_from_a_table_and_as_a_stand_in(tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text("lon,lat,name\n10.42,63.36,A\n", encoding="utf-8")
    source = spec(tmp_path / "n.csv", "network", crs="EPSG:4326", options={"stand_in": True})
    _, frame = read_network(source, area=AREA)
    assert frame["flagged"].tolist() == [True]
    assert frame.crs.to_string() == CRS
    assert 250_000 < frame.geometry.iloc[0].x < 290_000


def test_roads_are_taken_apart_into_lines(tmp_path: Path) -> None:
    first, second = LineString([(X0, Y0), (X0 + 5, Y0)]), LineString([(X0 + 9, Y0), (X0 + 9, Y0 + 5)])
    lines = [shapely.MultiLineString([first, second]), first]
    gpd.GeoDataFrame({"private": ["yes", "no"]}, geometry=lines, crs=CRS).to_file(tmp_path / "r.gpkg")
    rows, frame = read_roads(spec(tmp_path / "r.gpkg", "roads", "vector"), area=AREA)
    assert frame.geom_type.unique().tolist() == ["LineString"]
    assert frame["private"].tolist() == [True, True, False]
    assert frame["source_row"].tolist() == [1, 1, 2]
    assert rows.report().rows_read == 2


def test_clip_leaves_out_what_lies_beyond_the_area(tmp_path: Path) -> None:
    lines = [LineString([(X0, Y0), (X0 + 5, Y0)]), LineString([(X0 - 900_000, Y0), (X0 - 900_000, Y0 + 5)])]
    gpd.GeoDataFrame(geometry=lines, crs=CRS).to_file(tmp_path / "r.gpkg")
    source = spec(tmp_path / "r.gpkg", "roads", "vector")
    rows, frame = read_roads(replace(source, options={"clip": True}), area=AREA)
    assert (len(frame), rows.left_out, len(rows.rejected)) == (1, 1, 0)
    rows, frame = read_roads(source, area=AREA)
    assert (len(frame), rows.left_out, len(rows.rejected)) == (1, 0, 1)


def test_truth_keeps_its_columns(tmp_path: Path) -> None:
    frame = studymaker.municipalities().assign(served=["10", "20"], label=["a", "b"])
    frame.to_file(tmp_path / "t.gpkg")
    source = spec(tmp_path / "t.gpkg", "truth", "vector", columns={"served": "served", "class": "label"})
    _, found = read_truth(source, area=AREA)
    assert found["served"].tolist() == [10.0, 20.0]
    assert found["class"].tolist() == ["a", "b"]
    with pytest.raises(DataError, match="no column 'unserved'"):
        read_truth(replace(source, columns={"unserved": "unserved"}), area=AREA)


def test_names_match_either_part_of_a_bilingual_name() -> None:
    towns = pd.DataFrame(
        {"municipality_code": ["1", "2", "3", "4"], "name": ["Trondheim - Tråante", "Rosse - Røros", "Våler", "VÅLER"]}
    )
    names = pd.Series(["TRONDHEIM", "tråante", "Røros", "Rosse - Røros", "Våler", "Oslo", "Trond"], dtype="str")
    assert match_names(names, towns).fillna("–").tolist() == ["1", "1", "2", "2", "–", "–", "–"]


def shares(tmp_path: Path, text: str, **changes: Any) -> Batch:
    (tmp_path / "s.csv").write_text(text, encoding="utf-8")
    return read_shares(spec(tmp_path / "s.csv", "shares", **changes), area=AREA)


def test_shares_by_name_in_percent(tmp_path: Path) -> None:
    text = "kommune;f100;f30;mobile\nVESTBY;80,5;95;99\nnuortta;;50;\nOslo;100;100;100\n"
    rows = shares(
        tmp_path, text, options={"unit": "percent"}, columns={"name": "kommune", "fixed_100": "f100", "fixed_30": "f30"}
    )
    assert rows.frame["municipality_code"].tolist() == ["5001", "5002"]
    assert rows.frame["fixed_30"].tolist() == [0.95, 0.5]
    assert rows.frame["fixed_100"].iloc[0] == pytest.approx(0.805)
    assert rows.left_out == 1
    merged, warnings = merge_shares([rows], AREA)
    assert merged is not None
    assert list(merged.columns) == ["municipality_code", "fixed_30", "fixed_100", "mobile"]
    assert warnings == []


def test_bad_shares_are_rejected(tmp_path: Path) -> None:
    text = "municipality_code;fixed_30;fixed_100\n5001;0,5;0,9\n5002;0,9;0,902\n5002;1,2;1\n"
    rows = shares(tmp_path, text)
    assert rows.frame["municipality_code"].tolist() == ["5002"]
    assert rows.rejected[["row", "reason"]].to_numpy().tolist() == [
        [1, "the share rises with the speed; expected no more homes with a higher speed"],
        [3, "expected a number from 0 to 1"],
    ]
    _, warnings = merge_shares([rows], AREA)
    assert warnings == ["shares: no share for 1 municipalities: 5001"]
    with pytest.raises(DataError, match=r"all 2 rows were rejected .*several rows match one municipality"):
        shares(tmp_path, "municipality_code;mobile\n5001;0,5\n5001;0,9\n")
    with pytest.raises(DataError, match="no share"):
        shares(tmp_path, "municipality_code;x\n5001;0,5\n")
    with pytest.raises(DataError, match="'municipality_code' or 'name'"):
        shares(tmp_path, "kommune;mobile\n5001;0,5\n")


def test_two_share_sources_are_merged(tmp_path: Path) -> None:
    fixed = shares(tmp_path, "municipality_code;fixed_30\n5001;0,5\n5002;0,6\n")
    mobile = shares(tmp_path, "name;mobile\nØstby;0,9\n")
    merged, _ = merge_shares([fixed, mobile], AREA)
    assert merged is not None
    assert merged["fixed_30"].tolist() == [0.5, 0.6]
    assert merged["mobile"].isna().tolist() == [True, False]


# Rasters, registry, digests


def test_raster_facts(tmp_path: Path) -> None:
    studymaker.write_raster(tmp_path / "m.tif")
    facts = inspect_raster(spec(tmp_path / "m.tif", "mobile", "raster"), crs=CRS)
    assert (facts.cells, facts.valid, facts.low, facts.high, facts.nodata) == (25, 24, -120, -80, -9999)
    assert facts.bounds == (X0, Y0 - 5000, X0 + 20_000, Y0 + 15_000)
    with pytest.raises(CrsError, match="EPSG:25832"):
        inspect_raster(spec(tmp_path / "m.tif", "mobile", "raster", crs="EPSG:25832"), crs=CRS)


def test_unknown_format_names_the_known() -> None:
    with pytest.raises(DataError, match=r"format 'xml'; expected one of .*csv"):
        reader_of(spec(Path("x"), format="xml"))
    with pytest.raises(DataError, match="format 'csv'; expected one of"):
        reader_of(spec(Path("x"), kind="vector", format="csv"))


def test_digest_of_a_shapefile_covers_its_parts(tmp_path: Path) -> None:
    studymaker.roads().to_file(tmp_path / "r.shp")
    before = digest(tmp_path / "r.shp")
    (tmp_path / "r.dbf").write_bytes((tmp_path / "r.dbf").read_bytes() + b" ")
    assert digest(tmp_path / "r.shp") != before
    (tmp_path / "one.csv").write_text("a")
    assert digest(tmp_path / "one.csv") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"


def test_real_municipalities_are_repaired(data_root: Path) -> None:
    path = data_root / "norway" / "boundaries" / "Kommuner-M.geojson"
    columns = {"municipality_code": "kommunenummer", "name": "kommunenavn"}
    source = spec(path, "municipalities", "vector", columns=columns, as_of=dt.date(2024, 1, 1))
    rows, found = read_municipalities(source, crs=CRS)
    assert len(found) == 357
    assert rows.repaired == 33  # counted by hand in the file
    assert found.geometry.is_valid.all()
    assert rows.rejected.empty
    assert isinstance(found.geometry.iloc[0], Polygon | MultiPolygon)
