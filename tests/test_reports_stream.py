"""Lists that are written piece by piece: the same files as in one piece, with a piece or two in memory at a time."""

from __future__ import annotations

import gc
import json
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest

from coverage.assessment import Assessment
from coverage.reports import geo, short, workbook
from coverage.reports.columns import describe
from coverage.reports.delimited import write_csv
from coverage.reports.pieces import Pieces, by_value, in_pieces
from coverage.reports.wording import load_wording
from coverage.reports.workbook import Book
from tests.reported import changed_places, empty_assessment, toy_assessment

EN = load_wording("en")
TINY = 7  # rows: parts every area of the toy


@pytest.fixture(scope="module")
def assessment() -> Assessment:
    """Return the toy with columns that hold nothing before the last rows of the list."""
    toy = toy_assessment()
    late = toy.places["area_id"] == toy.places["area_id"].max()
    return changed_places(
        toy,
        planned_by=pd.array(np.where(late, "Nynett <&>", None), dtype="str"),
        planned_date=pd.Series(pd.NaT, index=toy.places.index).mask(late, pd.Timestamp("2024-05-01")),
        measured_down_mbps=np.where(late, 12.5, np.nan),
        fixed_closes=pd.Series(pd.NaT, index=toy.places.index).mask(late, pd.Timestamp("2025-12-31")),
        works_on=None,
    )


def plain(table: Pieces) -> Pieces:
    """Return a list of places without its shapes."""
    return table.then(lambda part: pd.DataFrame(part.drop(columns=part.geometry.name)))


def test_pieces_put_together_are_the_list(assessment: Assessment) -> None:
    whole = short.short_places(assessment)
    for size in (TINY, len(whole) - 1, len(whole)):
        parts = list(short.pieces(assessment, size=size))
        assert max(map(len, parts)) <= size
        pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)
    first, second = list(short.pieces(assessment, size=TINY))[:2]
    assert first["area_id"].iloc[-1] == second["area_id"].iloc[0]  # a border inside an area
    assert whole["area_id"].isna().iloc[-1]  # places in no area come last
    assert whole["area_id"].dropna().is_monotonic_increasing


def test_every_piece_has_the_columns_and_types_of_the_head(assessment: Assessment) -> None:
    for table in (short.pieces(assessment, size=TINY), geo.every_place(assessment, size=TINY)):
        head = table.head
        assert len(head) == 0
        for part in table:
            assert part.dtypes.equals(head.dtypes)
    assert short.pieces(assessment, size=TINY).head["ground_km2"].dtype == float  # no place tells it


def test_a_csv_in_pieces_is_the_same_file(assessment: Assessment, tmp_path: Path) -> None:
    whole = short.short_places(assessment)
    write_csv(pd.DataFrame(whole.drop(columns="geometry")), tmp_path / "whole.csv")
    for size in (TINY, 119):
        write_csv(plain(short.pieces(assessment, size=size)), tmp_path / "parts.csv")
        assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_geojson_in_pieces_is_the_same_file(assessment: Assessment, tmp_path: Path) -> None:
    for name, places in (("whole", short.short_places(assessment)), ("parts", short.pieces(assessment, size=TINY))):
        layers = geo.assessment_layers(assessment, places)
        geo.write_geojson(layers, tmp_path / f"{name}.geojson", facts={"policy": assessment.policy.id})
    text = (tmp_path / "parts.geojson").read_bytes()
    assert text == (tmp_path / "whole.geojson").read_bytes()
    assert len(json.loads(text)["features"]) > len(short.short_places(assessment))


def packaged(assessment: Assessment, places: geo.Layer, path: Path) -> Path:
    """Write the layers with these places as a GeoPackage."""
    layers = geo.assessment_layers(assessment, places)
    geo.write_geopackage(layers, path, as_of=assessment.study.as_of, wording=EN)
    return path


def test_a_geopackage_in_pieces_has_the_same_layers_types_and_rows(assessment: Assessment, tmp_path: Path) -> None:
    whole = packaged(assessment, short.short_places(assessment), tmp_path / "whole.gpkg")
    parts = packaged(assessment, short.pieces(assessment, size=TINY), tmp_path / "parts.gpkg")
    assert pyogrio.list_layers(parts).tolist() == pyogrio.list_layers(whole).tolist()
    for layer in ("places", "areas"):
        first, second = (pyogrio.read_info(path, layer=layer) for path in (whole, parts))
        for known in ("crs", "fields", "ogr_types", "ogr_subtypes", "geometry_type", "geometry_name", "features"):
            assert str(first[known]) == str(second[known]), known
    first, second = (gpd.read_file(path, layer="places") for path in (whole, parts))
    pd.testing.assert_frame_equal(first, second)
    assert second["planned_by"].dropna().unique().tolist() == ["Nynett <&>"]


def test_a_list_without_rows_keeps_its_columns_and_types(assessment: Assessment, tmp_path: Path) -> None:
    served = empty_assessment()
    served = replace(served, places=assessment.places.assign(gap_kind="none", eligible=0.0, area_id=None))
    table = short.pieces(served, size=TINY)
    assert len(table) == 0
    assert list(table) == []
    write_csv(plain(table), tmp_path / "none.csv")
    assert (tmp_path / "none.csv").read_text(encoding="utf-8").splitlines() == [",".join(plain(table).columns)]
    none = pyogrio.read_info(packaged(served, table, tmp_path / "none.gpkg"), layer="places")
    some = packaged(assessment, short.pieces(assessment, size=TINY), tmp_path / "some.gpkg")
    told = pyogrio.read_info(some, layer="places")
    assert none["features"] == 0
    assert dict(zip(none["fields"], none["ogr_types"], strict=True)) == dict(
        zip(told["fields"], told["ogr_types"], strict=True)
    )
    assert none["geometry_type"] == told["geometry_type"] == "Point"


def test_parquet_in_pieces_tells_the_same_of_itself_and_holds_the_same_rows(
    assessment: Assessment, tmp_path: Path
) -> None:
    geo.write_parquet(geo.every_place(assessment).together(), tmp_path / "whole.parquet")
    for name in ("parts", "again"):
        geo.write_parquet_pieces(geo.every_place(assessment, size=70), tmp_path / f"{name}.parquet")
    assert (tmp_path / "parts.parquet").read_bytes() == (tmp_path / "again.parquet").read_bytes()
    whole, parts = (pq.ParquetFile(tmp_path / f"{name}.parquet") for name in ("whole", "parts"))
    assert parts.num_row_groups == 5
    assert parts.schema_arrow.equals(whole.schema_arrow, check_metadata=True)
    read = [gpd.read_parquet(tmp_path / f"{name}.parquet") for name in ("whole", "parts")]
    pd.testing.assert_frame_equal(*read)


# --- workbooks ------------------------------------------------------------------------------------------------------


def booked(assessment: Assessment, table: pd.DataFrame | Pieces, path: Path) -> Any:
    """Write a table of places into a workbook and open it with another program's reader."""
    study, policy = assessment.study, assessment.policy
    book = Book(path, study=study, policy=policy, wording=EN, title="T", rows=len(table))
    book.add_table(table, sheet="addresses", name="places", frozen=1)
    book.close()
    return openpyxl.load_workbook(path)


def values(sheet: Any) -> list[tuple[Any, ...]]:
    """Return what the cells of a sheet hold."""
    return list(sheet.iter_rows(values_only=True))


def test_a_sheet_that_streams_in_pieces_holds_the_same_cells(
    assessment: Assessment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = ["=1+1", " spaced ", 'a<b>&"c"', "line\nbreak", "\x07bell", "æøå 🏔", "x" * 40_000, ""]
    table = pd.DataFrame(plain(short.pieces(assessment, size=TINY)).together())
    table["name"] = pd.array([odd[number % len(odd)] for number in range(len(table))], dtype="str")
    table["reason"] = pd.array([odd[number // 20] for number in range(len(table))], dtype="str")
    table.loc[3, ["x", "weight"]] = [np.nan, 1e15]
    by_cell = booked(assessment, table, tmp_path / "cells.xlsx").worksheets[0]
    monkeypatch.setattr(workbook, "STREAM_ROWS", 5)
    for size in (TINY, 45, 1000):
        sheet = booked(assessment, in_pieces(table, size=size), tmp_path / "parts.xlsx").worksheets[0]
        assert values(sheet) == values(by_cell)
        for name in ("A1", "A2", "B5", "H9", "S30"):
            assert sheet[name].number_format == by_cell[name].number_format
            assert repr(sheet[name].font) == repr(by_cell[name].font)
        assert sheet.auto_filter.ref == sheet.dimensions == by_cell.tables["places"].ref
        assert sheet.freeze_panes == by_cell.freeze_panes
        assert all(cell.data_type != "f" or cell.value == "=1+1" for row in sheet for cell in row)


def test_a_table_in_pieces_is_split_over_sheets_wherever_the_pieces_end(
    assessment: Assessment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = plain(short.pieces(assessment, size=TINY))
    monkeypatch.setattr(workbook, "STREAM_ROWS", 5)
    monkeypatch.setattr(workbook, "SHEET_ROWS", 52)
    book = booked(assessment, table, tmp_path / "split.xlsx")
    title = EN.text("sheets", "addresses")
    assert book.sheetnames == [title, f"{title} 2", f"{title} 3"]
    listed = [row[0] for sheet in book for row in values(sheet)[1:51]]
    assert listed == table.together()["place_id"].tolist()
    for name, following in zip(book.sheetnames[:-1], book.sheetnames[1:], strict=True):
        rows = values(book[name])
        assert len(rows) == 52
        said = EN.text("sheets", "continued", sheet=following, limit=EN.number(52))
        assert [value for value in rows[51] if value is not None] == [said]
        assert book[name].auto_filter.ref.endswith("51")


# --- memory ---------------------------------------------------------------------------------------------------------


class Watched:
    """Count how many of the frames that a step makes are alive at a time."""

    def __init__(self) -> None:
        """Begin with none."""
        self.made: list[weakref.ref[Any]] = []
        self.most = 0

    def __call__(self, part: Any) -> Any:
        """Return a copy of the frame, watched."""
        gc.collect(0)
        kept = part.copy()
        self.made.append(weakref.ref(kept))
        self.most = max(self.most, sum(frame() is not None for frame in self.made))
        return kept


@pytest.mark.parametrize("kind", ["csv", "geojson", "gpkg", "parquet", "xlsx"])
def test_no_more_than_two_pieces_are_alive_at_a_time(
    assessment: Assessment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    watched = Watched()
    table = short.pieces(assessment, size=25).then(watched)
    path = tmp_path / f"x.{kind}"
    if kind == "csv":
        write_csv(plain(table), path)
    elif kind == "geojson":
        geo.write_geojson({"places": table}, path, facts={})
    elif kind == "gpkg":
        packaged(assessment, table, path)
    elif kind == "parquet":
        geo.write_parquet_pieces(table, path)
    else:
        monkeypatch.setattr(workbook, "STREAM_ROWS", 5)
        monkeypatch.setattr(workbook, "SEEN_ROWS", 25)
        booked(assessment, plain(table), path)
    assert len(watched.made) >= len(table) // 25
    # The head, which has no rows, stays beside them.
    assert watched.most <= 3


# --- distinct values ------------------------------------------------------------------------------------------------


def test_what_is_said_of_a_value_is_said_once_and_values_that_python_calls_equal_stay_apart() -> None:
    asked = []

    def say(value: Any) -> str:
        asked.append(value)
        return repr(value)

    assert by_value(pd.Series(["b", None, "a", "b"], dtype="str"), say, missing="-") == ["'b'", "-", "'a'", "'b'"]
    assert asked == ["b", "a"]
    assert by_value(pd.Series([1, True, 1.0, None], dtype=object), say) == ["1", "True", "1.0", None]
    assert by_value(pd.Series([], dtype=float), say) == []
    assert by_value(pd.Series([np.nan, np.nan]), say, missing="") == ["", ""]


def test_columns_of_the_list_are_described(assessment: Assessment) -> None:
    names = plain(short.pieces(assessment, size=TINY)).columns
    told = describe(names, wording=EN, study=assessment.study, policy=assessment.policy)
    assert [column.name for column in told] == names
