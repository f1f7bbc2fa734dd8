"""CSV, JSON, GeoParquet, GeoPackage and GeoJSON, each read back by another program's reader."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
import xml.etree.ElementTree as ET
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pypdf
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from coverage.errors import DataError
from coverage.reports import render, select
from coverage.reports.columns import SCORE_PREFIX
from coverage.reports.delimited import safe_text, summary_json, to_json, write_csv
from coverage.reports.folder import FILES, write_all
from coverage.reports.technical import SURFACES
from coverage.schemas import AREA_COLUMNS, AREA_TAIL
from tests.reported import changed_places, empty_assessment, toy_assessment


def _quiet(step: str) -> None:
    pass


@pytest.fixture(scope="module")
def assessment():
    return toy_assessment()


@pytest.fixture(scope="module")
def out(assessment, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports") / "toy"
    write_all(assessment, folder, progress=_quiet)
    return folder


def test_priority_csv_has_the_contracts_columns_and_the_areas_values(assessment, out):
    text = (out / "priority-list.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    scores = [f"{SCORE_PREFIX}{item.id}" for item in assessment.policy.criteria]
    contract = [*AREA_COLUMNS, *scores, *AREA_TAIL]
    assert list(rows[0])[: len(contract)] == contract
    assert [*SURFACES] == [name for name in rows[0] if name in SURFACES]
    assert text.startswith("rank,area_id,")
    areas = assessment.areas.sort_values("rank")
    assert [row["area_id"] for row in rows] == areas["area_id"].tolist()
    for name in ("capex", "grant", "funding_gap_p50", "cumulative_grant", "employees", "route_m", "score"):
        assert [float(row[name]) for row in rows] == pytest.approx(areas[name].tolist(), abs=0.006)
    assert {row["data_status"] for row in rows} == {"synthetic"}
    assert {row["policy"] for row in rows} == {"no-2024"}


def test_csv_amounts_of_each_area_sum_to_its_p50(out):
    table = pd.read_csv(out / "priority-list.csv")
    parts = table[["state_share", "county_share", "municipal_share", "private_share"]].sum(axis=1)
    assert parts.tolist() == pytest.approx(table["funding_gap_p50"].tolist(), abs=0.03)


@pytest.mark.parametrize("text", ["=1+1", "+47 22", "-5", "@SUM(A1)", "\tx", "\rx", " =1", "\uff1d1", "\uff0b1"])
def test_csv_text_that_could_run_gets_an_apostrophe(text, tmp_path):
    write_csv(pd.DataFrame({"name": [text, "plain"], "capex": [-5.0, 1.5]}), tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1:] == [["'" + text.replace("\r", "\n"), "-5"], ["plain", "1.5"]]


@given(st.text())
def test_safe_text_never_starts_with_a_formula(text):
    assert not safe_text(text).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert safe_text(text).replace("'", "") == text.replace("'", "")


def test_csv_numbers_have_no_exponent_and_missing_cells_are_empty(tmp_path):
    write_csv(
        pd.DataFrame({"capex": [1.23e15, np.nan], "lon": [1e-7, -0.0], "note": [None, 'a,"b"\nc']}),
        tmp_path / "x.csv",
    )
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == [["1230000000000000", "0.0000001", ""], ["", "0", 'a,"b"\nc']]


def test_empty_table_still_has_its_header(tmp_path):
    write_csv(pd.DataFrame({"a": pd.Series(dtype=float), "b": pd.Series(dtype="str")}), tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text(encoding="utf-8") == "a,b\n"


def test_long_table_has_one_header(tmp_path):
    write_csv(pd.DataFrame({"weight": np.arange(120_001.0)}), tmp_path / "x.csv")
    lines = (tmp_path / "x.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "weight"
    assert [int(line) for line in lines[1:]] == list(range(120_001))


def test_summary_json_rounds_money_to_whole_units_and_keeps_counts():
    text = summary_json(
        {
            "capex": 12.6,
            "funding_gap": {"p10": 1.4, "p50": np.float64(2.6)},
            "funded": {"grant": 9.51, "businesses": 3.25},
            "agreement": {"share": 0.123456, "mean": float("nan")},
            "tiers": {"served": {"businesses": np.int64(4), "households": 2.0}},
            "name": "Trøndelag",
        }
    )
    assert json.loads(text) == {
        "capex": 13,
        "funding_gap": {"p10": 1, "p50": 3},
        "funded": {"grant": 10, "businesses": 3.25},
        "agreement": {"share": 0.1235, "mean": None},
        "tiers": {"served": {"businesses": 4, "households": 2}},
        "name": "Trøndelag",
    }
    assert "Trøndelag" in text
    assert next(iter(json.loads(text))) == "capex"


def test_json_refuses_what_it_cannot_hold():
    with pytest.raises(TypeError, match=r"a\.b is a set"):
        to_json({"a": {"b": {1, 2}}})


def test_rejected_rows_are_written_with_their_reason(out):
    table = pd.read_csv(out / "rejected.csv")
    assert table.to_dict("records") == [
        {
            "source": "premises",
            "row": 17,
            "field": "kind",
            "value": "shop",
            "reason": "expected one of business, household, holiday, public",
            "data_status": "synthetic",
        }
    ]


def test_parquet_holds_every_place_with_its_crs(assessment, out):
    places = gpd.read_parquet(out / "places.parquet")
    assert places.crs == assessment.places.crs
    assert len(places) == len(assessment.places)
    assert places["place_id"].tolist() == assessment.places["place_id"].tolist()
    assert places["tier"].tolist() == assessment.places["tier"].tolist()
    assert places.geometry.tolist() == assessment.places.geometry.tolist()
    assert set(places["data_status"]) == {"synthetic"}
    assert b"geo" in pq.read_schema(out / "places.parquet").metadata


def test_area_parquet_follows_the_contract(assessment, out):
    areas = gpd.read_parquet(out / "areas.parquet")
    assert set(AREA_COLUMNS) | set(AREA_TAIL) <= set(areas.columns)
    assert areas["capex"].tolist() == assessment.areas["capex"].tolist()


def test_geopackage_layers_agree_with_the_assessment(assessment, out):
    path = out / "assessment.gpkg"
    layers = {str(name): str(kind) for name, kind in pyogrio.list_layers(path) if kind}
    assert layers == {
        "municipalities": "MultiPolygon",
        "areas": "MultiPolygon",
        "routes": "MultiLineString",
        "places": "Point",
    }
    for name, frame in (
        ("places", assessment.places),
        ("areas", assessment.areas),
        ("routes", assessment.routes),
        ("municipalities", assessment.municipalities),
    ):
        read = gpd.read_file(path, layer=name)
        assert read.crs == frame.crs
        assert len(read) == len(frame)
        assert set(read["data_status"]) == {"synthetic"}
        assert read.geometry.union_all().equals_exact(frame.geometry.union_all().normalize(), 0.01) or (
            read.geometry.union_all().symmetric_difference(frame.geometry.union_all()).area < 1e-6
        )
    read = gpd.read_file(path, layer="areas")
    assert read["capex"].tolist() == assessment.areas["capex"].tolist()


def test_geopackage_has_a_default_style_for_every_layer(out):
    base = sqlite3.connect(out / "assessment.gpkg")
    try:
        styles = dict(base.execute("SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault = 1"))
        stamps = {row[0] for row in base.execute("SELECT last_change FROM gpkg_contents")}
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        base.close()
    assert set(styles) == {"municipalities", "areas", "routes", "places"}
    categories = ET.fromstring(styles["areas"].split(">", 1)[1]).iter("category")  # noqa: S314 - our own
    assert [item.get("value") for item in categories] == ["fund", "reserve", "ineligible"]
    assert stamps == {"2022-06-30T00:00:00.000Z"}


def test_geojson_follows_rfc_7946(assessment, tmp_path):
    path = tmp_path / "gap.geojson"
    render(assessment, "gap", format="geojson", path=path)
    text = path.read_text(encoding="utf-8")
    found = json.loads(text)
    assert found["type"] == "FeatureCollection"
    assert "crs" not in found
    assert found["data_status"] == "synthetic"
    layers = [feature["properties"]["layer"] for feature in found["features"]]
    short = (assessment.places["gap_kind"] != "none").sum()
    assert {name: layers.count(name) for name in set(layers)} == {"areas": 12, "routes": 12, "places": short}
    for feature in found["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        west, south, east, north = shape.bounds
        assert 9 < west <= east < 12
        assert 62 < south <= north < 65
        if feature["properties"]["layer"] == "areas":
            assert shape.exterior.is_ccw
        xy = shapely.get_coordinates(shape)
        assert np.array_equal(np.round(xy, 7), xy)
    read = gpd.read_file(path)  # GDAL
    assert read.crs == "EPSG:4326"
    moved = read[read["layer"] == "places"].to_crs(assessment.places.crs).sort_values("place_id")
    truth = assessment.places[assessment.places["gap_kind"] != "none"].sort_values("place_id")
    assert moved.geometry.distance(truth.geometry.set_axis(moved.index)).max() < 0.02


def test_homes_have_neither_name_nor_address_in_a_gap_report(assessment, tmp_path):
    named = changed_places(assessment, name="Somebody", address="Road 1")
    render(named, "gap", format="csv", path=tmp_path / "gap.csv")
    table = pd.read_csv(tmp_path / "gap.csv")
    homes = table["kind"].isin(["household", "holiday"])
    assert homes.any()
    assert table.loc[homes, ["name", "address"]].isna().all(axis=None)
    assert (table.loc[~homes, "address"] == "Road 1").all()
    render(named, "gap", format="gpkg", path=tmp_path / "gap.gpkg")
    places = gpd.read_file(tmp_path / "gap.gpkg", layer="places")
    assert places.loc[places["kind"].isin(["household", "holiday"]), ["name", "address"]].isna().all(axis=None)


def test_gap_csv_lists_the_short_places_with_both_kinds_of_coordinates(assessment, tmp_path):
    render(assessment, "gap", format="csv", path=tmp_path / "gap.csv")
    table = pd.read_csv(tmp_path / "gap.csv").set_index("place_id")
    short = assessment.places[assessment.places["gap_kind"] != "none"].set_index("place_id")
    assert set(table.index) == set(short.index)
    points = gpd.GeoSeries(gpd.points_from_xy(table["lon"], table["lat"]), index=table.index, crs="EPSG:4326")
    moved = points.to_crs(assessment.places.crs)
    assert (abs(moved.x - table["x"]) < 0.1).all()
    assert (abs(moved.y - table["y"]) < 0.1).all()
    assert table["reason"].tolist() == short.loc[table.index, "reason"].tolist()


def test_filters_keep_what_was_asked_for(assessment, tmp_path):
    render(assessment, "priority", format="csv", path=tmp_path / "a.csv", municipality=["5058"])
    table = pd.read_csv(tmp_path / "a.csv", dtype={"municipality_code": str})
    assert set(table["municipality_code"]) == {"5058"}
    whole = assessment.areas.set_index("area_id")
    assert table["rank"].tolist() == whole.loc[table["area_id"], "rank"].tolist()

    area = str(assessment.areas["area_id"].iloc[0])
    part = select(assessment, area=[area])
    assert set(part.places["area_id"]) == set(part.cost_lines["area_id"]) == set(part.routes["area_id"]) == {area}
    assert part.municipalities["municipality_code"].tolist() == ["5001"]
    assert len(select(assessment, technology="fibre").areas) == 12


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"municipality": ["9999"]}, "municipality '9999' is not in this assessment; it has 2, such as 5001, 5058"),
        ({"area": ["x"]}, "area 'x' is not in this assessment"),
        ({"technology": "voucher"}, "technology 'voucher' is not in this assessment; it has 1, such as fibre"),
    ],
)
def test_unknown_filters_are_one_sentence(assessment, tmp_path, asked, sentence):
    with pytest.raises(DataError, match=sentence):
        render(assessment, "gap", format="csv", path=tmp_path / "x.csv", **asked)
    assert list(tmp_path.iterdir()) == []


def test_unknown_format_is_one_sentence(assessment, tmp_path):
    with pytest.raises(DataError, match="'docx'"):
        render(assessment, "gap", format="docx", path=tmp_path / "x")


def test_failed_report_leaves_the_old_file(assessment, tmp_path, monkeypatch):
    path = tmp_path / "gap.csv"
    path.write_text("old", encoding="utf-8")

    def fail(table, path):
        path.write_text("half", encoding="utf-8")
        raise OSError("disk full")

    monkeypatch.setattr("coverage.reports.single.delimited.write_csv", fail)
    with pytest.raises(OSError, match="disk full"):
        render(assessment, "gap", format="csv", path=path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["gap.csv"]


def test_an_assessment_without_gaps_is_written_whole(tmp_path):
    write_all(empty_assessment(), tmp_path / "out", progress=_quiet)
    assert {item.name for item in (tmp_path / "out").iterdir()} == set(FILES)
    assert len(pd.read_csv(tmp_path / "out" / "priority-list.csv")) == 0
    assert len(gpd.read_file(tmp_path / "out" / "assessment.gpkg", layer="areas")) == 0
    render(empty_assessment(), "gap", format="geojson", path=tmp_path / "x.geojson")
    assert json.loads((tmp_path / "x.geojson").read_text(encoding="utf-8"))["features"] == []


def test_run_json_names_every_file_with_size_and_digest(assessment, out):
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert set(run["files"]) == set(FILES) - {"run.json"}
    for name, entry in run["files"].items():
        content = (out / name).read_bytes()
        assert entry["bytes"] == len(content)
        if "sha256" in entry:
            assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    assert run["seed"] == assessment.provenance["seed"]
    assert run["data_status"] == "synthetic"


def test_listed_premises_add_up_to_the_areas_where_service_is_a_share(assessment, tmp_path):
    places = assessment.places.copy()
    part = places["area_id"].notna()
    places.loc[part, ["eligible", "short_fixed"]] = 0.25
    places.loc[part, "gap_kind"] = "none"
    places["service_basis"] = "expected_share"
    shares = replace(assessment, places=places)
    render(shares, "gap", format="csv", path=tmp_path / "gap.csv")
    table = pd.read_csv(tmp_path / "gap.csv")
    listed = (table["weight"] * table["eligible"]).groupby(table["area_id"]).sum()
    expected = (places["weight"] * places["eligible"])[part].groupby(places["area_id"]).sum()
    assert listed.to_dict() == pytest.approx(expected.to_dict())
    render(shares, "gap", format="pdf", path=tmp_path / "gap.pdf")
    text = " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(tmp_path / "gap.pdf").pages).split())
    assert "Each place carries that expected share" in text
