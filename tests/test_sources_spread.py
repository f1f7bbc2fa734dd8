"""In how many municipalities a source lies: by code, by the premises that it names, by geometry, by cells."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, box

from coverage.sources import spread
from coverage.sources.spread import count_municipalities
from coverage.study import Study
from tests.studymaker import tiny_study

CRS = "EPSG:25833"
TWO = gpd.GeoDataFrame(
    {"municipality_code": ["1", "2"]}, geometry=[box(0, 0, 10, 10), box(10, 0, 20, 10)], crs=CRS
)  # fmt: skip
HOMES = pd.Series({"a": "1", "b": "2", "c": "2"})


def count(frame: pd.DataFrame, **more: float) -> int | None:
    return count_municipalities(frame, municipalities=TWO, homes=HOMES, **more)


def shapes(*geometry: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(geometry), crs=CRS)


def test_codes_are_believed_where_there_are_any() -> None:
    assert count(pd.DataFrame({"municipality_code": ["1", "1", None]})) == 1
    assert count(pd.DataFrame({"municipality_code": ["1", "2", "9"]})) == 2


def test_geometry_lies_where_it_touches() -> None:
    assert count(shapes(Point(5, 5))) == 1
    assert count(shapes(Point(50, 50))) == 0
    assert count(shapes(LineString([(5, 5), (15, 5)]))) == 2
    assert count(shapes(box(2, 2, 4, 4), box(12, 2, 14, 4))) == 2
    assert count(shapes(Point(5, 5), None).assign(municipality_code=None)) == 1


def test_of_a_cell_its_middle_counts() -> None:
    assert count(pd.DataFrame({"cell_x": [8.0], "cell_y": [2.0]}), cell_m=2.0) == 1
    assert count(pd.DataFrame({"cell_x": [6.0, 12.0], "cell_y": [2.0, 2.0]}), cell_m=2.0) == 2


def test_a_list_lies_where_its_premises_do() -> None:
    assert count(pd.DataFrame({"place_id": ["b", "c", "none"]})) == 1
    assert count_municipalities(pd.DataFrame({"place_id": ["b"]}), municipalities=TWO, homes=None) is None
    assert count(pd.DataFrame({"x": [1]})) is None


def test_of_very_many_rows_every_nth_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "MOST_ROWS", 10)
    assert count(shapes(*[Point(1 + (i % 18), 5) for i in range(1000)])) == 2


def test_the_readers_note_it(tmp_path) -> None:
    reports = Study.open(tiny_study(tmp_path / "tiny").folder).load().reports
    assert {report.source: report.facts.municipalities for report in reports} == {
        "municipalities": None,
        "premises": 2,
        "fibre": 1,
        "mobile": None,
        "roads": 2,
        "network": 1,
    }
