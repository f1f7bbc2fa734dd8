"""A study folder is read whole, or refused with one sentence that says what to mend."""

from __future__ import annotations

import datetime as dt
import gzip
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from coverage import pipeline, schemas
from coverage.errors import CrsError, DataError
from coverage.inputs import Inputs, SourceSpec
from coverage.scenario import Scenario
from coverage.sources import READERS
from coverage.sources.area import StudyArea
from coverage.sources.premises import one_frame, read_premises, reject_repeated
from coverage.sources.roles import COMMON_OPTIONS, ROLES, TABLE_OPTIONS
from coverage.sources.specs import SOURCE_KEYS
from coverage.study import Study
from tests import studymaker
from tests.studymaker import CRS, SIDE, X0, Y0, TinyStudy, tiny_study


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    return tiny_study(tmp_path / "tiny")


def load(tiny: TinyStudy) -> Inputs:
    return Study.open(tiny.save()).load()


def refused(tiny: TinyStudy, *words: str, error: type[DataError] = DataError) -> str:
    """Load a study that must be refused; return the sentence after checking it is one, and names what it should."""
    with pytest.raises(error) as caught:
        load(tiny)
    sentence = str(caught.value)
    assert "\n" not in sentence
    for word in words:
        assert word in sentence
    return sentence


def premises_csv(tiny: TinyStudy, *lines: str) -> None:
    (tiny.folder / "premises.csv").write_text("id;type;count;east;north\n" + "\n".join(lines) + "\n", encoding="utf-8")


# The whole


def test_whole_study_loads(tiny: TinyStudy) -> None:
    steps: list[str] = []
    inputs = Study.open(tiny.folder).load(progress=steps.append)
    assert steps == [
        f"reading {name}" for name in ("municipalities", "premises", "fibre", "mobile", "roads", "network")
    ]
    places = inputs.places
    assert len(places) == studymaker.PLACES
    assert places.index.equals(pd.RangeIndex(studymaker.PLACES))
    assert places["source_row"].tolist() == list(range(1, studymaker.PLACES + 1))
    assert places["municipality_code"].value_counts().to_dict() == {"5001": 20, "5002": 20}
    assert places["kind"].value_counts().to_dict() == {"household": 20, "business": 10, "holiday": 10}
    # businesses are p00, p04 … p36, and report as many employees as their number
    assert places["size_class"].value_counts().to_dict() == {"unknown": 30, "small": 7, "micro": 3}
    assert inputs.roads["ferry"].sum() == 1
    assert not inputs.roads["private"].any()
    assert inputs.network["flagged"].tolist() == [False]
    assert inputs.offers[0].shape == "polygon"
    assert inputs.mobile[0].raster == tiny.folder / "mobile.tif"
    assert inputs.rejected.empty
    assert list(inputs.rejected.columns) == list(schemas.REJECTED_COLUMNS)
    assert inputs.warnings == ()
    assert [report.source for report in inputs.reports] == [source["id"] for source in tiny.sources]


def test_a_register_of_cells_says_so_and_others_have_no_column_for_it(tiny: TinyStudy) -> None:
    assert "cell_m" not in load(tiny).places
    tiny.source("premises").setdefault("constants", {})["cell_m"] = 500
    tiny.save()
    assert (load(tiny).places["cell_m"] == 500).all()


def test_every_frame_is_in_the_study_crs_and_meets_its_schema(tiny: TinyStudy) -> None:
    inputs = load(tiny)
    for frame in (inputs.municipalities, inputs.places, inputs.roads, inputs.network, inputs.offers[0].frame):
        assert frame.crs.to_string() == CRS
    schemas.check(inputs.places, schemas.PLACES, where="places")
    schemas.check(inputs.municipalities, schemas.MUNICIPALITIES, where="municipalities")
    schemas.check(inputs.offers[0].frame, schemas.OFFERS, where="offers")
    # the footprint went through longitude and latitude and came back within a millimetre
    assert inputs.offers[0].frame.total_bounds == pytest.approx([X0, Y0, X0 + 5000, Y0 + 5000], abs=0.05)


def test_two_loads_are_equal(tiny: TinyStudy) -> None:
    first, second = load(tiny), load(tiny)
    pd.testing.assert_frame_equal(first.places, second.places)
    assert first.reports == second.reports


def test_fingerprint_names_every_file_and_follows_its_content(tiny: TinyStudy) -> None:
    study = Study.open(tiny.folder)
    before = study.fingerprint()
    assert set(before) == {"study.toml"} | {source["path"] for source in tiny.sources}
    premises_csv(tiny, "a;B;1;271000;7031000")
    after = study.fingerprint()
    assert {name for name in before if before[name] != after[name]} == {"premises.csv"}


def test_default_scenario_and_parameters(tiny: TinyStudy) -> None:
    study = Study.open(tiny.folder)
    assert study.default_scenario() == Scenario(policy="no-2024", budget=5_000_000)
    assert study.parameter("household_size") == 2.0
    with pytest.raises(DataError, match=r"study\.parameters\.ville"):
        study.parameter("ville")


def test_sample_study_loads_clean(sample_study: Path) -> None:
    if not (sample_study / "study.toml").exists():
        pytest.skip("the sample study has not been generated")
    inputs = Study.open(sample_study).load()
    assert len(inputs.municipalities) == 38
    assert inputs.places["municipality_code"].notna().all()
    assert inputs.rejected.empty
    assert inputs.warnings == ()


# What makes a whole file unusable


@pytest.mark.parametrize(
    ("source", "column", "renamed"),
    [
        ("premises", "east", "eastt"),
        ("premises", "type", "typ"),
        ("municipalities", "kommunenummer", "komunenummer"),
        ("fibre", "down", "dwn"),
    ],
)
def test_missing_required_column_names_the_nearest(tiny: TinyStudy, source: str, column: str, renamed: str) -> None:
    path = tiny.folder / tiny.source(source)["path"]
    if path.suffix == ".csv":
        pd.read_csv(path, sep=";").rename(columns={column: renamed}).to_csv(path, sep=";", index=False)
    else:
        frame = gpd.read_file(path).rename(columns={column: renamed})
        path.unlink()
        frame.to_file(path)
    refused(tiny, path.name, f"no column {column!r}", f"the nearest known is {renamed!r}")


def test_unmapped_required_column_says_where_to_map_it(tiny: TinyStudy) -> None:
    del tiny.source("premises")["columns"]["kind"]
    refused(tiny, "premises.csv", "'kind'", "[sources.columns]", "[sources.constants]")


def test_no_coordinates(tiny: TinyStudy) -> None:
    del tiny.source("premises")["columns"]["y"]
    refused(tiny, "premises.csv", "no column for 'y'", "x and y")


def test_layer_without_crs(tiny: TinyStudy) -> None:
    path = tiny.folder / "roads.gpkg"
    path.unlink()
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        studymaker.roads().set_crs(None, allow_override=True).to_file(path)
    refused(tiny, "roads.gpkg", "states no coordinate system", error=CrsError)
    tiny.source("roads")["crs"] = CRS
    inputs = load(tiny)
    assert inputs.roads.crs.to_string() == CRS
    assert next(r for r in inputs.reports if r.source == "roads").crs_found == f"none; study.toml says {CRS}"


def test_layer_whose_crs_contradicts_study_toml(tiny: TinyStudy) -> None:
    tiny.source("roads")["crs"] = "EPSG:25832"
    refused(tiny, "roads.gpkg", "EPSG:25833", "EPSG:25832", error=CrsError)


def test_table_without_crs(tiny: TinyStudy) -> None:
    del tiny.source("premises")["crs"]
    refused(tiny, "'premises'", "states no crs", error=CrsError)


def test_lon_and_lat_in_metres(tiny: TinyStudy) -> None:
    columns = tiny.source("premises")["columns"]
    columns["lon"], columns["lat"] = columns.pop("x"), columns.pop("y")
    refused(tiny, "'premises'", "not in degrees", error=CrsError)


def test_empty_layer(tiny: TinyStudy) -> None:
    path = tiny.folder / "roads.gpkg"
    path.unlink()
    studymaker.roads().iloc[:0].to_file(path)
    refused(tiny, "roads.gpkg", "the layer is empty")


def test_several_layers_and_none_named(tiny: TinyStudy) -> None:
    path = tiny.folder / "roads.gpkg"
    studymaker.network().to_file(path, layer="other")
    refused(tiny, "roads.gpkg", "the layers roads, other", "layer")
    tiny.source("roads")["layer"] = "road"
    refused(tiny, "roads.gpkg", "no layer 'road'")
    tiny.source("roads")["layer"] = "roads"
    assert len(load(tiny).roads) == len(studymaker.roads())


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_truncated_geotiff(tiny: TinyStudy, keep: float) -> None:
    path = tiny.folder / "mobile.tif"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    refused(tiny, "mobile.tif", "expected")


@pytest.mark.parametrize("name", ["roads.gpkg", "fibre.geojson", "mobile.tif", "premises.csv"])
def test_file_that_is_something_else(tiny: TinyStudy, name: str) -> None:
    (tiny.folder / name).write_bytes(b"\x00\xff not what it says\n" * 20)
    refused(tiny, name, "expected")


@pytest.mark.parametrize("name", ["roads.gpkg", "fibre.geojson", "mobile.tif", "premises.csv", "network.geojson"])
def test_missing_file(tiny: TinyStudy, name: str) -> None:
    (tiny.folder / name).unlink()
    refused(tiny, name, "does not exist")


def test_truncated_vector_files(tiny: TinyStudy) -> None:
    path = tiny.folder / "fibre.geojson"
    path.write_bytes(path.read_bytes()[:-60])
    refused(tiny, "fibre.geojson", "not a readable vector file")


def test_truncated_parquet_and_gzip(tiny: TinyStudy) -> None:
    source = tiny.source("roads")
    source["path"] = "roads.parquet"
    studymaker.roads().to_parquet(tiny.folder / "roads.parquet")
    assert len(load(tiny).roads) == len(studymaker.roads())
    whole = (tiny.folder / "roads.parquet").read_bytes()
    (tiny.folder / "roads.parquet").write_bytes(whole[:-200])
    refused(tiny, "roads.parquet", "GeoParquet")
    source["path"] = "roads.gpkg"
    packed = gzip.compress((tiny.folder / "premises.csv").read_bytes())
    tiny.source("premises")["path"] = "premises.csv.gz"
    (tiny.folder / "premises.csv.gz").write_bytes(packed)
    assert len(load(tiny).places) == studymaker.PLACES
    (tiny.folder / "premises.csv.gz").write_bytes(packed[:-20])
    refused(tiny, "premises.csv.gz", "cannot be read to its end")


def test_raster_without_crs_with_two_bands_or_elsewhere(tiny: TinyStudy) -> None:
    studymaker.write_raster(tiny.folder / "mobile.tif", crs=None)
    refused(tiny, "mobile.tif", "states no coordinate system", error=CrsError)
    studymaker.write_raster(tiny.folder / "mobile.tif", bands=2)
    refused(tiny, "mobile.tif", "2 bands")
    studymaker.write_raster(tiny.folder / "mobile.tif", crs="EPSG:25829")
    refused(tiny, "mobile.tif", "outside the study area")


def test_every_row_rejected(tiny: TinyStudy) -> None:
    premises_csv(tiny, "a;shop;1;271000;7031000", "b;shop;1;271000;7031000")
    refused(tiny, "premises.csv", "all 2 rows were rejected", "type", "one of business")


def test_columns_only(tiny: TinyStudy) -> None:
    (tiny.folder / "premises.csv").write_text("id;type;count;east;north\n", encoding="utf-8")
    refused(tiny, "premises.csv", "no rows")


# What rejects a row


def test_three_broken_rows_are_rejected_and_the_rest_is_used(tiny: TinyStudy) -> None:
    path = tiny.folder / "premises.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[3] = "p02;H;1;276000"  # fields missing
    lines[7] = lines[7] + ";x;y"  # fields too many
    lines[11] = '"p10;H;1;276000.0;7033000.0;'  # a quotation mark that never ends
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    inputs = load(tiny)
    assert inputs.rejected["row"].tolist() == [3, 7, 11]
    assert inputs.rejected["source"].unique().tolist() == ["premises"]
    assert inputs.rejected["reason"].tolist() == [
        "the row has 4 fields; expected 6",
        "the row has 8 fields; expected 6",
        "a quotation mark is opened and not closed",
    ]
    assert inputs.rejected["value"].iloc[0] == "p02;H;1;276000"
    assert len(inputs.places) == studymaker.PLACES - 3
    assert not {"p02", "p06", "p10"} & set(inputs.places["place_id"])
    # the rows that follow still know their place in the file
    assert inputs.places.set_index("place_id")["source_row"]["p11"] == 12


@pytest.mark.parametrize(
    ("line", "field", "value", "reason"),
    [
        ("a;;1;271000;7031000", "type", "", "is empty; expected one of business, household, holiday, public"),
        ("a;shop;1;271000;7031000", "type", "shop", "expected one of business, household, holiday, public"),
        ("a;B;-1;271000;7031000", "count", "-1", "expected a number of 0 or more"),
        ("a;B;many;271000;7031000", "count", "many", "expected a number of 0 or more"),
        ("a;B;nan;271000;7031000", "count", "nan", "expected a number of 0 or more"),
        ("a;B;inf;271000;7031000", "count", "inf", "expected a number of 0 or more"),
        ("a;B;;271000;7031000", "count", "", "is empty; expected a number of 0 or more"),
        ("a;B;1;;7031000", "east", "", "is empty; expected a number"),
        ("a;B;1;271000;north", "north", "north", "expected a number"),
        (";B;1;271000;7031000", "id", "", "is empty; expected a value"),
        ("p;B;1;271000;7031000", "id", "p", "is a repeated place_id; the first row with it is kept"),
        (
            "a;B;1;7031000;271000",
            "east north",
            "7031000 271000",
            "lies far outside the study area: easting and northing look swapped",
        ),
        (
            "a;B;1;271000;-7031000",
            "east north",
            "271000 -7031000",
            "lies far outside the study area: wrong hemisphere, the sign of the northing looks wrong",
        ),
        (
            "a;B;1;10.4;63.4",
            "east north",
            "10.4 63.4",
            "lies far outside the study area: these look like degrees (longitude, latitude)",
        ),
        ("a;B;1;271000;6531000", "east north", "271000 6531000", "lies far outside the study area"),
    ],
)
def test_bad_row_is_rejected_with_its_reason(tiny: TinyStudy, line: str, field: str, value: str, reason: str) -> None:
    premises_csv(tiny, "p;H;1;273500;7033000", line)
    inputs = load(tiny)
    assert inputs.places["place_id"].tolist() == ["p"]
    assert inputs.rejected.to_dict("records") == [
        {"source": "premises", "row": 2, "field": field, "value": value, "reason": reason}
    ]


@pytest.mark.parametrize(
    ("lon", "lat", "words"),
    [
        (63.36, 10.4, "longitude and latitude look swapped"),
        (10.4, -63.36, "wrong hemisphere, the sign of the latitude looks wrong"),
        (-10.4, 63.36, "wrong hemisphere, the sign of the longitude looks wrong"),
        (-10.4, -63.36, "wrong hemisphere, the signs of longitude and latitude look wrong"),
        (-74.0, 40.7, "lies far outside the study area"),
        (10.4, 163.36, "outside the area of use"),
        (271000, 7031000, "these look like metres"),
    ],
)
def test_longitude_and_latitude_in_the_wrong_place(tiny: TinyStudy, lon: float, lat: float, words: str) -> None:
    source = tiny.source("premises")
    source["crs"] = "EPSG:4326"
    source["columns"] = {"place_id": "id", "kind": "type", "lon": "lon", "lat": "lat"}
    text = f"id,type,lon,lat\nhere,B,10.4,63.36\nthere,B,{lon},{lat}\n"
    (tiny.folder / "premises.csv").write_text(text, encoding="utf-8")
    inputs = load(tiny)
    assert inputs.places["place_id"].tolist() == ["here"]
    assert inputs.rejected["row"].tolist() == [2]
    assert inputs.rejected["field"].tolist() == ["lon lat"]
    assert words in inputs.rejected["reason"].iloc[0]


def test_wrong_utm_zone_is_named(tiny: TinyStudy) -> None:
    here = gpd.GeoSeries([Point(X0 + 3000, Y0 + 3000)], crs=CRS).to_crs("EPSG:25832").iloc[0]
    tiny.settings["crs"] = CRS
    premises_csv(tiny, "p;H;1;273500;7033000", f"a;B;1;{here.x:.1f};{here.y:.1f}")
    # Zone 32 puts the place 300 km east of the study: far enough to be sure, near enough to be explained.
    inputs = load(tiny)
    assert inputs.rejected["reason"].tolist() == ["lies far outside the study area: these look like UTM zone 32"]


def test_register_with_wrong_axes_throughout_is_refused_with_the_cause(tiny: TinyStudy) -> None:
    columns = tiny.source("premises")["columns"]
    columns["x"], columns["y"] = columns["y"], columns["x"]
    refused(tiny, "premises.csv", "all 40 rows were rejected", "easting and northing look swapped")


def test_invalid_municipality_is_repaired_and_counted(tiny: TinyStudy) -> None:
    # A spike of no width runs out of the western square: valid again, it is the square alone.
    west = Polygon(
        [(X0, Y0), (X0 + SIDE, Y0), (X0 + SIDE, Y0 + SIDE), (X0, Y0 + SIDE), (X0, Y0 + 5000), (X0 - 900, Y0 + 5000),
         (X0, Y0 + 5000)]
    )  # fmt: skip
    east = box(X0 + SIDE, Y0, X0 + 2 * SIDE, Y0 + SIDE)
    frame = studymaker.municipalities().set_geometry([west, east], crs=CRS)
    assert not west.is_valid
    (tiny.folder / "municipalities.gpkg").unlink()
    frame.to_file(tiny.folder / "municipalities.gpkg")
    inputs = load(tiny)
    assert inputs.municipalities.geometry.is_valid.all()
    assert inputs.municipalities.geometry.iloc[0].equals(box(X0, Y0, X0 + SIDE, Y0 + SIDE))
    assert inputs.reports[0].geometries_repaired == 1


def test_rows_without_geometry_and_of_the_wrong_kind_are_rejected(tiny: TinyStudy) -> None:
    lines = studymaker.roads().geometry.tolist()
    spot = Point(X0 + 1, Y0 + 1)
    geometry = [lines[0], None, LineString(), spot, LineString([(X0, Y0), (X0, Y0)]), lines[1]]
    (tiny.folder / "roads.gpkg").unlink()
    gpd.GeoDataFrame({"type": "road"}, index=range(6), geometry=geometry, crs=CRS).to_file(tiny.folder / "roads.gpkg")
    inputs = load(tiny)
    assert len(inputs.roads) == 2
    assert inputs.rejected[["row", "reason"]].to_numpy().tolist() == [
        [2, "has no geometry"],
        [3, "has no geometry"],
        [4, "is a point; expected a line"],
        [5, "is a line without length"],
    ]


def test_places_outside_every_municipality_are_kept_and_counted(tiny: TinyStudy) -> None:
    premises_csv(tiny, "in;H;1;273500;7033000", f"near;H;1;{X0 - 150};7033000", f"out;H;1;{X0 - 5000};7033000")
    tiny.source("premises")["options"] = {"nearest_municipality_m": 200.0}
    inputs = load(tiny)
    assert inputs.places["municipality_code"].isna().tolist() == [False, False, True]
    assert inputs.places["municipality_code"].iloc[1] == "5001"
    assert inputs.warnings == ("premises: 1 of 3 places lie outside every municipality",)
    tiny.source("premises")["options"]["clip"] = True
    inputs = load(tiny)
    assert inputs.places["place_id"].tolist() == ["in", "near"]
    assert inputs.rejected.empty
    assert inputs.reports[1].rows_left_out == 1


def test_place_on_a_border_belongs_to_the_smallest_code(tiny: TinyStudy) -> None:
    premises_csv(tiny, f"edge;H;1;{X0 + SIDE};7033000", f"corner;H;1;{X0 + SIDE};{Y0 + SIDE}")
    assert load(tiny).places["municipality_code"].tolist() == ["5001", "5001"]


def test_register_says_the_municipality(tiny: TinyStudy) -> None:
    tiny.source("premises")["columns"] |= {"municipality_code": "kommune"}
    text = "id;type;count;east;north;kommune\na;H;1;273500;7033000;5002\nb;H;1;273500;7033000;\nc;H;1;273500;7033000;9"
    (tiny.folder / "premises.csv").write_text(text, encoding="utf-8")
    inputs = load(tiny)
    assert inputs.places["municipality_code"].tolist() == ["5002", "5001"]
    assert inputs.rejected["reason"].tolist() == ["is no municipality of the study"]


def test_place_ids_are_unique_across_registers(tiny: TinyStudy) -> None:
    tiny.sources.append({**tiny.source("premises"), "id": "more", "path": "more.csv"})
    text = "id;type;count;east;north\np05;H;1;273500;7033000\nnew;H;1;273500;7033000\n"
    (tiny.folder / "more.csv").write_text(text, encoding="utf-8")
    inputs = load(tiny)
    assert inputs.places["place_id"].tolist() == [*(f"p{i:02d}" for i in range(40)), "new"]
    assert inputs.rejected[["source", "row", "field", "value"]].to_numpy().tolist() == [["more", 1, "id", "p05"]]


# study.toml itself


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.settings.update(budgett=1), ["unknown key 'budgett'", "'budget'"]),
        (lambda t: t.settings.pop("currency"), ["'currency' is missing"]),
        (lambda t: t.settings.update(budget="much"), ["budget is 'much'", "a number"]),
        (lambda t: t.settings.update(budget=-1), ["budget is -1", "0 or more"]),
        (lambda t: t.settings.update(budget=True), ["budget is True", "a number"]),
        (lambda t: t.settings.update(as_of="2024-06-30"), ["as_of is '2024-06-30'", "a date"]),
        (lambda t: t.settings.update(data_status="fake"), ["data_status is 'fake'", "synthetic"]),
        (lambda t: t.settings.update(id="Two Words"), ["id is 'Two Words'"]),
        (lambda t: t.settings.update(notes=[1]), ["notes is [1]"]),
        (lambda t: t.settings.update(crs="EPSG:4326"), ["EPSG:4326", "in metres"]),
        (lambda t: t.settings.update(crs="EPSG:1"), ["EPSG:1", "not a known coordinate system"]),
        (lambda t: t.settings["parameters"]["household_size"].pop("source"), ["household_size", "'source'"]),
        (lambda t: t.source("roads").update(role="road"), ["unknown role 'road'", "'roads'"]),
        (lambda t: t.source("roads").update(kind="vektor"), ["unknown kind 'vektor'", "'vector'"]),
        (lambda t: t.source("roads").update(kind="raster"), ["'roads' cannot be a raster"]),
        (lambda t: t.source("roads").update(licens="CC0"), ["unknown key 'licens'", "'licence'"]),
        (lambda t: t.source("roads").update(id="fibre"), ["two sources have the id 'fibre'"]),
        (lambda t: t.source("roads").update(id="a b"), ["id is 'a b'"]),
        (lambda t: t.source("roads").pop("path"), ["'roads'", "'path' is missing"]),
        (lambda t: t.source("premises").update(format="cvs"), ["unknown format 'cvs'", "'csv'"]),
        (lambda t: t.source("premises")["columns"].update(emploees="e"), ["no column 'emploees'", "'employees'"]),
        (lambda t: t.source("premises")["values"]["kind"].update(X="shop"), ["values.kind.X is 'shop'"]),
        (lambda t: t.source("fibre")["options"].update(shape="polygone"), ["shape is 'polygone'", "polygon"]),
        (lambda t: t.source("fibre").pop("options"), ["'shape' is missing"]),
        (lambda t: t.source("fibre")["options"].update(withinn_m=5), ["unknown key 'withinn_m'", "'within_m'"]),
        (lambda t: t.source("fibre")["constants"].update(down_mbps=9), ["'down_mbps' is under columns and"]),
        (lambda t: t.source("fibre")["constants"].update(technology="fiber"), ["constants.technology is 'fiber'"]),
        (lambda t: t.source("mobile")["options"].pop("operator"), ["'operator' is missing"]),
        (lambda t: t.source("premises").update(options={"divide_weight_by": "house"}), ["names 'house'"]),
        (lambda t: t.source("premises").update(options={"divide_weight_by": 0}), ["divide_weight_by is 0"]),
        (lambda t: t.source("mobile").update(format="csv"), ["a raster has no format"]),
        (lambda t: t.source("roads")["values"].update(ferry=1), ["values.ferry is 1"]),
        (lambda t: t.source("roads")["values"]["ferry"].update(ferry="yes"), ["values.ferry.ferry is 'yes'"]),
        (lambda t: t.source("roads").update(columns={"ferry": 1}), ["columns: ferry is 1", "expected text"]),
        (lambda t: t.source("roads").update(columns=[]), ["columns is []", "a table"]),
        (lambda t: t.sources.clear(), ["'sources' is missing"]),
        (lambda t: t.drop("municipalities"), ["no source has the role 'municipalities'"]),
        (lambda t: t.drop("roads"), ["no source has the role 'roads'"]),
        (lambda t: t.drop("fibre"), ["'offers' or 'shares'"]),
        (lambda t: t.source("roads").update(root="data"), ["'roads'", "--data-root"]),
    ],
)
def test_study_toml_is_checked(tiny: TinyStudy, monkeypatch: pytest.MonkeyPatch, change: Any, words: list[str]) -> None:
    monkeypatch.delenv("COVERAGE_DATA_ROOT", raising=False)
    change(tiny)
    refused(tiny, *words)


@pytest.mark.parametrize("path", ["../elsewhere.gpkg", "/etc/passwd", "a/../../elsewhere.gpkg", "."])
def test_path_may_not_leave_the_study_folder(tiny: TinyStudy, path: str) -> None:
    tiny.source("roads")["path"] = path
    refused(tiny, "'roads'", repr(path), "outside tiny")


def test_link_may_not_leave_the_study_folder(tiny: TinyStudy, tmp_path: Path) -> None:
    (tiny.folder / "roads.gpkg").rename(tmp_path / "roads.gpkg")
    (tiny.folder / "roads.gpkg").symlink_to(tmp_path / "roads.gpkg")
    refused(tiny, "'roads'", "outside tiny")


def test_data_root(tiny: TinyStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "elsewhere"
    (root / "norway").mkdir(parents=True)
    (tiny.folder / "roads.gpkg").rename(root / "norway" / "roads.gpkg")
    tiny.source("roads").update(root="data", path="norway/roads.gpkg")
    study = Study.open(tiny.save(), data_root=root)
    assert len(study.load().roads) == len(studymaker.roads())
    assert "data-root/norway/roads.gpkg" in study.fingerprint()
    monkeypatch.setenv("COVERAGE_DATA_ROOT", str(root))
    assert Study.open(tiny.folder) == study
    with pytest.raises(DataError, match="is no folder"):
        Study.open(tiny.folder, data_root=tmp_path / "nowhere")


def test_folder_without_a_study(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no study\.toml in this folder"):
        Study.open(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        Study.open(tmp_path / "nowhere")
    (tmp_path / "study.toml").write_text("[study\n", encoding="utf-8")
    with pytest.raises(DataError, match="not valid TOML"):
        Study.open(tmp_path)


def test_study_without_mobile_data_says_so(tiny: TinyStudy) -> None:
    tiny.drop("mobile")
    assert load(tiny).warnings == ("no mobile data: mobile shortfall is not judged",)


def test_controls_are_read(tiny: TinyStudy) -> None:
    tiny.save()
    with (tiny.folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write('[[controls]]\nid = "c"\nmeasure = "share_businesses_down_100"\nvalue = 0.8666\nsource = "Nkom"\n')
    control = Study.open(tiny.folder).controls[0]
    assert (control.id, control.value, control.explanation) == ("c", 0.8666, "")
    assert Study.open(tiny.folder).as_of == dt.date(2024, 6, 30)


# Every row is accounted for

REGISTER = SourceSpec(
    id="premises",
    role="premises",
    kind="table",
    path=Path("premises.csv"),
    crs=CRS,
    columns={"place_id": "id", "kind": "type", "weight": "count", "x": "east", "y": "north"},
    values={"kind": {"B": "business", "H": "household", "F": "holiday"}},
)
AREA = studymaker.municipalities().rename(columns={"kommunenummer": "municipality_code", "kommunenavn": "name"})

CELLS = st.sampled_from(
    ["", "B", "H", "shop", "1", "-3", "2,5", "x", "271000", "7031000", "1e9", "nan", "5001", '"', "é"]
)
GOOD = st.tuples(
    st.sampled_from(["p1", "p2", "p3", "p4", ""]),
    st.sampled_from(["B", "H", "F", ""]),
    st.sampled_from(["1", "0", "2,5", "-1"]),
    st.sampled_from(["271000", "288000,5", "9", ""]),
    st.sampled_from(["7031000", "7039000", "7031000", "-7031000"]),
    st.sampled_from(["", "5"]),
)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.one_of(GOOD, st.lists(CELLS, min_size=1, max_size=8)), min_size=1, max_size=12))
def test_every_row_is_a_place_or_rejected_exactly_once(rows: list[Sequence[str]]) -> None:
    lines = [";".join(row) for row in rows]
    anchor = "anchor;H;1;273500;7033000;"
    text = "\n".join(["id;type;count;east;north;employees", anchor, *lines]) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "premises.csv"
        path.write_text(text, encoding="utf-8")
        batch = read_premises(replace(REGISTER, path=path), area=StudyArea(CRS, AREA))
    reject_repeated(batch, pd.Index([], dtype="str"))
    places, rejected = one_frame([batch], CRS), batch.rejected
    if '"' not in text:  # With a broken quotation, row numbers are line numbers. Blank lines are no rows.
        found = sorted([*places["source_row"], *rejected["row"]])
        assert found == list(range(1, 2 + sum(bool(line) for line in lines)))
    assert not set(places["source_row"]) & set(rejected["row"])
    assert not rejected["row"].duplicated().any()
    assert rejected["reason"].str.len().gt(0).all()


def test_geometry_columns_survive_a_multipolygon(tiny: TinyStudy) -> None:
    parts = MultiPolygon([box(X0, Y0, X0 + 5000, Y0 + 5000), box(X0 + 6000, Y0, X0 + 7000, Y0 + 1000)])
    frame = gpd.GeoDataFrame({"down": [100.0], "up": [50.0]}, geometry=[parts], crs=CRS).to_crs("EPSG:4326")
    (tiny.folder / "fibre.geojson").unlink()
    frame.to_file(tiny.folder / "fibre.geojson")
    offer = load(tiny).offers[0].frame
    assert offer.geometry.iloc[0].area == pytest.approx(26e6, rel=1e-5)
    assert np.isclose(offer["down_max_mbps"].iloc[0], 100)


def test_a_legal_form_is_there_where_a_register_states_one(tiny: TinyStudy) -> None:
    assert "legal_form" not in load(tiny).places
    path = tiny.folder / "premises.csv"
    frame = pd.read_csv(path, sep=";").assign(form=["ENK", None] * 20)
    frame.to_csv(path, sep=";", index=False)
    tiny.source("premises")["columns"]["legal_form"] = "form"
    assert load(tiny).places["legal_form"].fillna("").tolist() == ["ENK", ""] * 20


# The documentation of the format


def readme() -> str:
    return (Path(__file__).parent.parent / "data" / "README.md").read_text(encoding="utf-8")


def test_example_in_the_documentation_opens(tmp_path: Path) -> None:
    text = readme()
    (tmp_path / "study.toml").write_text(text.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    study = Study.open(tmp_path)
    others = {"shares", "truth", "extent", "hearing", "corrections", "hubs", "awards", "lots", "terrain"}
    others |= {"masts", "poles", "ducts", "applications", "water"}
    assert {source.role for source in study.sources} == set(ROLES) - others
    homes = next(source for source in study.sources if source.id == "homes")
    assert homes.options["divide_weight_by"] == 2.16


def test_documentation_names_every_role_column_option_format_and_file() -> None:
    text = readme()
    words = {name for role in ROLES.values() for name in (*role.options, *(field.name for field in role.fields))}
    words |= {*ROLES, *SOURCE_KEYS, *TABLE_OPTIONS, *COMMON_OPTIONS, *READERS} - {"csv", "vector"}
    words |= {option for reader in READERS.values() for option in reader.options}
    assert {word for word in words if f"`{word}`" not in text} == set()
    folder = Path(__file__).parent.parent / "data"
    files = {path.name for part in ("policies", "costs") for path in (folder / part).iterdir() if path.is_file()}
    assert {name for name in files if f"/{name}`" not in text} == set()
    sample = (folder / "trondelag" / "README.md").read_text(encoding="utf-8")
    parts = [path.name for path in (folder / "trondelag").glob("*.*") if path.suffix not in (".tif", ".py", ".md")]
    assert {name for name in parts if name not in sample and name != "study.toml"} == set()


def test_shares_and_filters_through_study_toml(tiny: TinyStudy) -> None:
    tiny.drop("fibre")
    tiny.source("municipalities")["where"] = {"kommunenummer": ["5001", 5002]}
    tiny.sources.append(
        {"id": "s", "role": "shares", "kind": "table", "path": "s.csv", "columns": {"fixed_100": "f", "name": "n"}}
    )
    (tiny.folder / "s.csv").write_text("n;f\nvestby;0,5\nOslo;1\n", encoding="utf-8")
    inputs = load(tiny)
    assert inputs.offers == ()
    assert inputs.shares is not None
    assert inputs.shares.to_dict("records") == [{"municipality_code": "5001", "fixed_100": 0.5}]
    assert inputs.warnings == ("shares: no share for 1 municipalities: 5002",)
    tiny.source("s")["columns"] = {"fixd_100": "f", "name": "n"}
    refused(tiny, "shares has no column 'fixd_100'", "fixed_100")
    tiny.source("s")["columns"] = {"fixed_100": "f", "name": "n"}
    tiny.source("municipalities")["where"] = {"kommunenummer": ["9999"]}
    refused(tiny, "municipalities.gpkg", "none of 2 rows is in the study")
    tiny.source("municipalities")["where"] = {"kommunenummer": [1.5]}
    refused(tiny, "'municipalities'", "where.kommunenummer is [1.5]", "a list of texts")


def test_mobile_coverage_as_polygons(tiny: TinyStudy) -> None:
    frame = studymaker.municipalities().assign(level=["good", "excellent"])
    frame.to_file(tiny.folder / "levels.gpkg")
    tiny.source("mobile").update(kind="vector", path="levels.gpkg")
    inputs = load(tiny)
    layer = inputs.mobile[0]
    assert (layer.operator, layer.technology, layer.raster) == ("Tiny Mobile", "4g", None)
    assert layer.polygons is not None
    assert layer.polygons["level"].tolist() == ["good"]
    assert layer.polygons.crs.to_string() == CRS
    assert inputs.rejected[["row", "field", "value"]].to_numpy().tolist() == [[2, "level", "excellent"]]


def test_truth_and_two_sources_of_one_role(tiny: TinyStudy) -> None:
    municipalities = tiny.source("municipalities")
    tiny.sources.append({**municipalities, "id": "truth", "role": "truth", "columns": {"label": "kommunenavn"}})
    tiny.sources.append({**tiny.source("network"), "id": "stand-in", "options": {"stand_in": True}})
    inputs = load(tiny)
    assert inputs.truth is not None
    assert inputs.truth["label"].tolist() == ["Vestby", "Østby - Nuortta"]
    assert inputs.network["flagged"].tolist() == [False, True]
    assert inputs.network["source"].tolist() == ["network", "stand-in"]
    tiny.sources.append({**municipalities, "id": "again"})
    refused(tiny, "municipality '5001' is in two sources")


def test_scope_service_needs_no_roads_and_cannot_be_assessed(tiny: TinyStudy) -> None:
    tiny.drop("roads")
    tiny.drop("network")
    refused(tiny, "no source has the role 'roads'")
    tiny.settings["scope"] = "service"
    tiny.save()
    study = Study.open(tiny.folder)
    inputs = study.load()
    assert (len(inputs.roads), len(inputs.network), len(inputs.places)) == (0, 0, studymaker.PLACES)
    assert inputs.roads.crs == inputs.network.crs == CRS
    with pytest.raises(DataError, match="its scope is 'service', so it has no roads and no network"):
        pipeline.assess(study, study.default_scenario())


def test_formats_bring_constants_values_and_options_that_study_toml_may_change(tiny: TinyStudy) -> None:
    source = {"id": "tiles", "role": "offers", "kind": "table", "format": "ookla_table", "path": "premises.csv"}
    tiny.sources.append(source | {"constants": {"provider": "Testers"}, "options": {"speed_unit": "mbps"}})
    tiny.save()
    spec = Study.open(tiny.folder).sources[-1]
    assert spec.constants == {"basis": "measured", "technology": "other", "provider": "Testers"}
    assert spec.options == {"shape": "quadkey", "speed_unit": "mbps"}
