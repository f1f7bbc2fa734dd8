"""Files of past awards: what is read, what is rejected and why, tables and outlines."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point, box

from coverage.errors import DataError
from coverage.inputs import Inputs
from coverage.study import Study
from tests.studymaker import CRS, X0, Y0, tiny_study

HEADER = ("Sak", "År", "Adresser", "Kostnad", "Tilskudd", "Grøft", "Status")
COLUMNS = {"award_id": "Sak", "year": "År", "premises": "Adresser", "total_cost": "Kostnad", "grant": "Tilskudd",
           "route_m": "Grøft", "status": "Status"}  # fmt: skip
VALUES = {"status": {"bygd": "built", "trukket": "cancelled"}}


def loaded(folder: Path, *files: list[tuple[Any, ...]], **source: Any) -> Inputs:
    tiny = tiny_study(folder / "tiny")
    for number, rows in enumerate(files, start=1):
        with (tiny.folder / f"awards{number}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=";").writerows([HEADER, *rows])
        tiny.sources.append(
            {"id": f"awards{number}", "role": "awards", "kind": "table", "path": f"awards{number}.csv",
             "columns": COLUMNS, "values": VALUES, **source}
        )  # fmt: skip
    tiny.save()
    return Study.open(tiny.folder).load()


def test_a_table_of_a_county_is_read(tmp_path: Path) -> None:
    inputs = loaded(
        tmp_path, [("7/20", 2020, 85, "4 250 000", "1 500 000", 9100, "bygd"), ("", 2021, 12, 900000, "", "", "bygd")]
    )
    first, second = inputs.awards.to_dict("records")
    assert (first["award_id"], first["year"], first["premises"]) == ("7/20", 2020, 85.0)
    assert (first["total_cost"], first["grant"], first["route_m"]) == (4_250_000.0, 1_500_000.0, 9100.0)
    assert (first["technology"], first["status"], first["geometry"]) == ("fibre", "built", None)
    assert second["award_id"] == "awards1-2"
    assert pd.isna(second["grant"])
    assert pd.isna(second["area_id"])
    assert inputs.awards.crs == CRS


def test_a_study_without_awards_has_none(tmp_path: Path) -> None:
    assert loaded(tmp_path).awards.empty


def test_rows_that_no_award_can_be_are_rejected_with_their_reason(tmp_path: Path) -> None:
    inputs = loaded(
        tmp_path,
        [
            ("a", 2020, 10, 100, 50, "", "bygd"),
            ("a", 2020, 10, 100, 50, "", "bygd"),
            ("b", 2020.5, 10, 100, 50, "", "bygd"),
            ("c", 1890, 10, 100, 50, "", "bygd"),
            ("d", 2020, 0, 100, 50, "", "bygd"),
            ("e", 2020, 10, 0, "", "", "bygd"),
            ("f", 2020, 10, 100, 150, "", "bygd"),
            ("g", 2020, 10, "dyrt", 50, "", "bygd"),
            ("h", 2020, 10, 100, 50, -5, "bygd"),
            ("i", 2020, 10, 100, 50, "", "tapt"),
            ("j", 2020, 10, 100, 50, "", "trukket"),
        ],
    )
    assert list(inputs.awards["award_id"]) == ["a"]
    rejected = inputs.rejected.set_index("row")
    assert list(rejected.index) == list(range(2, 11))
    reasons = {row: (rejected.loc[row, "field"], rejected.loc[row, "value"]) for row in rejected.index}
    assert reasons[2] == ("Sak", "a")
    assert reasons[3] == ("År", "2020.5")
    assert reasons[7] == ("Tilskudd", "150")
    assert rejected.loc[3, "reason"] == "is no whole year"
    assert rejected.loc[5, "reason"] == "is no number of premises; expected more than 0"
    assert rejected.loc[6, "reason"] == "is no amount of money; expected more than 0"
    assert rejected.loc[7, "reason"] == "is more than the award's whole cost"
    (report,) = (report for report in inputs.reports if report.source == "awards1")
    assert (report.rows_read, report.rows_rejected, report.rows_left_out) == (11, 9, 1)
    assert "1 rows left out: the award was cancelled" in report.notes


def test_an_award_in_two_files_is_read_once_and_files_come_in_the_order_of_ids(tmp_path: Path) -> None:
    inputs = loaded(
        tmp_path,
        [("b", 2020, 10, 100, "", "", "bygd")],
        [("b", 2021, 9, 90, "", "", ""), ("a", 2021, 9, 90, "", "", "")],
    )
    assert list(zip(inputs.awards["award_id"], inputs.awards["source"], strict=True)) == [
        ("a", "awards2"), ("b", "awards1"),
    ]  # fmt: skip
    assert list(inputs.rejected["reason"]) == ["is a repeated award_id; the first row is kept"]


def test_outlines_come_in_the_studys_system_and_other_shapes_are_rejected(tmp_path: Path) -> None:
    tiny = tiny_study(tmp_path)
    shapes = [box(X0, Y0, X0 + 1000, Y0 + 1000), Point(X0 + 5, Y0 + 5), None]
    columns = {"award_id": ["a", "b", "c"], "year": 2022, "premises": 5, "total_cost": 1e6, "terrain": " Fjell "}
    gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS).to_crs("EPSG:4326").to_file(tmp_path / "awards.gpkg")
    tiny.sources.append({"id": "awards", "role": "awards", "kind": "vector", "path": "awards.gpkg"})
    inputs = Study.open(tiny.save()).load()
    (award,) = inputs.awards.to_dict("records")
    assert award["terrain"] == "fjell"
    assert award["geometry"].symmetric_difference(shapes[0]).area < 1.0
    assert sorted(inputs.rejected["reason"]) == ["has no geometry", "is a point; expected a polygon"]


def test_a_file_without_a_usable_award_or_without_a_cost_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="all 1 rows were rejected"):
        loaded(tmp_path, [("a", 2020, 0, 100, 50, "", "bygd")])
    columns = {name: theirs for name, theirs in COLUMNS.items() if name != "total_cost"}
    with pytest.raises(DataError, match="total_cost"):
        loaded(tmp_path, [("a", 2020, 1, 100, 50, "", "bygd")], columns=columns)
