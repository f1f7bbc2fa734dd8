"""Mobile coverage by polygon, H3 cell, square and address, with levels as they are or from numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import h3
import pandas as pd
import pytest
from shapely.geometry import Point, box

from coverage.errors import DataError
from coverage.inputs import Inputs
from coverage.overlay import overlay
from coverage.policy import load_policy
from coverage.study import Study
from tests.studymaker import CRS, X0, Y0, TinyStudy, premises, tiny_study

DBM = {"basic": -110, "good": -100, "very_good": -90}


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    study = tiny_study(tmp_path / "tiny")
    study.drop("mobile")
    return study


def add(tiny: TinyStudy, name: str, kind: str, *, options: dict[str, Any], **source: Any) -> None:
    who = {"operator": "Verizon", "technology": "4g"}
    tiny.sources.append({"id": "m", "role": "mobile", "kind": kind, "path": name, "options": who | options, **source})
    tiny.save()


def load(tiny: TinyStudy) -> Inputs:
    return Study.open(tiny.folder).load()


def levels(tiny: TinyStudy) -> pd.Series:
    study = Study.open(tiny.folder)
    inputs = study.load()
    served, _ = overlay(
        inputs.places, offers=inputs.offers, mobile=inputs.mobile, shares=None, policy=load_policy("no-2024"),
        as_of=study.as_of,
    )  # fmt: skip
    return served.set_index("place_id")["mobile_level"]


def test_fcc_polygons_get_levels_from_their_signal(tiny: TinyStudy) -> None:
    frame = gpd.GeoDataFrame(
        {
            "frn": ["1"] * 3,
            "providerid": [1, 1, 2],
            "brandname": ["Verizon", "Verizon", "T-Mobile"],
            "technology": [400, 400, 400],
            "mindown": [5.0, 5.0, 35.0],
            "minup": [1.0, 1.0, 3.0],
            "minsignal": [-95.0, -120.0, -80.0],
            "environmnt": [1, 1, 1],
        },
        geometry=[
            box(X0, Y0, X0 + 5000, Y0 + 10_000),
            box(X0 + 5000, Y0, X0 + 10_000, Y0 + 10_000),
            box(X0 + 10_000, Y0, X0 + 20_000, Y0 + 10_000),
        ],
        crs=CRS,
    ).to_crs("EPSG:4326")
    frame.to_file(tiny.folder / "fcc.gpkg")
    add(
        tiny, "fcc.gpkg", "vector", options={"levels": DBM}, columns={"signal_dbm": "minsignal"},
        where={"brandname": ["Verizon"]},
    )  # fmt: skip
    inputs = load(tiny)
    (layer,) = inputs.mobile
    assert layer.polygons is not None
    assert layer.polygons["level"].tolist() == ["good", "none"]
    (report,) = [report for report in inputs.reports if report.source == "m"]
    assert "level by signal_dbm: basic from -110, good from -100, very_good from -90" in report.notes
    found = levels(tiny)
    assert found.loc["p00"] == "good"
    assert found.loc[["p02", "p05"]].tolist() == ["none", "none"]


def test_h3_cells_from_a_table(tiny: TinyStudy) -> None:
    row = premises().set_index("id").loc["p00"]
    point = gpd.GeoSeries([Point(row["east"], row["north"])], crs=CRS).to_crs("EPSG:4326").iloc[0]
    cell = h3.latlng_to_cell(point.y, point.x, 9)
    text = f"h3_res9_id,minsignal,mindown\n{cell},-89,35\nnonsense,-89,35\n{cell},,35\n"
    (tiny.folder / "m.csv").write_text(text, encoding="utf-8")
    add(
        tiny, "m.csv", "table", options={"levels": DBM, "shape": "h3"},
        columns={"signal_dbm": "minsignal", "h3": "h3_res9_id"},
    )  # fmt: skip
    assert load(tiny).rejected[["row", "field", "reason"]].to_numpy().tolist() == [
        [2, "h3_res9_id", "is no H3 cell"],
        [3, "minsignal", "is empty; expected a number"],
    ]
    found = levels(tiny)
    assert found.loc["p00"] == "very_good"
    assert found.drop("p00").eq("none").all()


def test_address_level_speeds_in_kbps(tiny: TinyStudy) -> None:
    table = pd.DataFrame(
        {
            "adrid": ["p00", "p01", "p02", "p02", "gone"],
            "tilb": ["telenor", "telenor", "telenor", "telia", "telenor"],
            "tek": ["4g", "4g", "5g", "4g", "4g"],
            "ned": pd.array([30_000, 2_000, 300_000, 300_000, 30_000], dtype="Int32"),
        }
    )
    table.to_parquet(tiny.folder / "mob.parquet")
    add(
        tiny, "mob.parquet", "table", format="nkom_mob",
        options={"levels": {"basic": 2, "good": 30, "very_good": 100}}, where={"tilb": ["telenor"], "tek": ["4g"]},
    )  # fmt: skip
    inputs = load(tiny)
    assert inputs.rejected[["row", "field", "value"]].to_numpy().tolist() == [[5, "adrid", "gone"]]
    found = levels(tiny)
    assert found.loc[["p00", "p01", "p02"]].tolist() == ["good", "basic", "none"]
    tiny.source("m")["options"]["clip"] = True
    tiny.save()
    assert len(load(tiny).rejected) == 0


def test_squares_by_corner(tiny: TinyStudy) -> None:
    text = f"cell_x;cell_y;level\n{X0 + 950};{Y0 + 950};good\n{X0 + 3450};{Y0 + 950};\n"
    (tiny.folder / "m.csv").write_text(text, encoding="utf-8")
    add(tiny, "m.csv", "table", options={"shape": "cell", "cell_m": 100.0}, crs=CRS)
    assert load(tiny).rejected[["row", "field"]].to_numpy().tolist() == [[2, "level"]]
    found = levels(tiny)
    assert found[found == "good"].index.tolist() == ["p00"]


@pytest.mark.parametrize(
    ("columns", "options", "words"),
    [
        ({"signal_dbm": "dbm"}, {}, "option levels is None; expected from which signal_dbm on"),
        ({"signal_dbm": "dbm"}, {"levels": {"good": -110, "basic": -100}}, "each more than the one before"),
        ({"signal_dbm": "dbm"}, {"levels": {"fair": -110}}, "expected from which signal_dbm on"),
        ({"signal_dbm": "dbm"}, {"levels": {"basic": "low"}}, "levels.basic is 'low'"),
        ({"signal_dbm": "dbm"}, {"levels": {"basic": -110, "good": -110}}, "says one number twice"),
        ({}, {}, "nothing says how good the coverage is"),
        ({"signal_dbm": "dbm", "down_mbps": "down"}, {"levels": DBM}, "signal_dbm and down_mbps says"),
    ],
)
def test_levels_need_one_number_and_rising_thresholds(
    tiny: TinyStudy, columns: dict[str, str], options: dict[str, Any], words: str
) -> None:
    (tiny.folder / "m.csv").write_text("place;dbm;down\np00;-90;5\n", encoding="utf-8")
    add(tiny, "m.csv", "table", options=options | {"shape": "place"}, columns=columns | {"place_id": "place"})
    with pytest.raises(DataError, match=words):
        load(tiny)


def test_extents_keep_polygons_or_lines(tiny: TinyStudy) -> None:
    fields = gpd.GeoDataFrame(
        {"id": ["a", "b"]},
        geometry=[box(X0, Y0, X0 + 1000, Y0 + 1000), Point(X0, Y0)],
        crs=CRS,
    )
    fields.to_file(tiny.folder / "fields.geojson")
    for name, path in (("fields", "fields.geojson"), ("main", "roads.gpkg")):
        tiny.sources.append(
            {"id": name, "role": "extent", "kind": "vector", "path": path, "options": {"what": f"{name} of the county"}}
        )
    tiny.save()
    inputs = load(tiny)
    assert [(layer.source, layer.what, len(layer.frame)) for layer in inputs.extents] == [
        ("fields", "fields of the county", 1),
        ("main", "main of the county", 94),
    ]
    assert all(layer.frame.crs == CRS for layer in inputs.extents)
    assert inputs.rejected["reason"].tolist() == ["is a point; expected a polygon"]


def test_a_signal_without_its_minus_is_rejected(tiny: TinyStudy) -> None:
    west, east = (box(X0 + left, Y0, X0 + left + 10_000, Y0 + 10_000) for left in (0, 10_000))
    frame = gpd.GeoDataFrame({"minsignal": [95.0, -95.0]}, geometry=[west, east], crs=CRS)
    frame.to_file(tiny.folder / "fcc.gpkg")
    add(tiny, "fcc.gpkg", "vector", options={"levels": DBM}, columns={"signal_dbm": "minsignal"})
    inputs = load(tiny)
    assert inputs.rejected[["row", "field", "reason"]].to_numpy().tolist() == [
        [1, "minsignal", "expected a signal in dBm, below 0"]
    ]
    assert levels(tiny).loc[["p00", "p04"]].tolist() == ["none", "good"]
