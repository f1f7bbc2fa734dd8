"""Applications from disk: drawn areas, lists of addresses and registers joined by their id, good rows and bad ones.

The tiny study's places are a lattice: p00 stands in the south-west, 2.5 km between columns, 2 km between rows.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point, box
from shapely.geometry.base import BaseGeometry

from coverage.errors import CrsError, DataError
from coverage.inputs import Inputs
from coverage.study import Study
from tests.studymaker import CRS, X0, Y0, TinyStudy, premises, tiny_study


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    """Return the tiny study with addresses: Tinyvegen 0 to 39; p00 and p01 share the first, 30 m apart."""
    tiny = tiny_study(tmp_path / "tiny")
    table = premises()
    table["address"] = [f"Tinyvegen {number}" for number in range(len(table))]
    table.loc[1, ["address", "east", "north"]] = ["Tinyvegen 0", table["east"][0] + 30, table["north"][0]]
    table.to_csv(tiny.folder / "premises.csv", sep=";", index=False)
    return tiny


def add_table(tiny: TinyStudy, shape: str, rows: list[dict[str, Any]], *, file: str = "list", **source: Any) -> None:
    """Write rows to a table, whose columns have our names, and add it to the study."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with (tiny.folder / f"{file}.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns, delimiter=";", restval="")
        writer.writeheader()
        writer.writerows(rows)
    options = {"shape": shape, **source.pop("options", {})}
    tiny.sources.append(
        {"id": file, "role": "applications", "kind": "table", "path": f"{file}.csv", "options": options, **source}
    )
    tiny.save()


def add_outlines(tiny: TinyStudy, shapes: list[BaseGeometry], *, file: str = "drawn", **columns: Any) -> None:
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)
    frame.to_crs("EPSG:4326").to_file(tiny.folder / f"{file}.geojson")
    tiny.sources.append(
        {"id": file, "role": "applications", "kind": "vector", "path": f"{file}.geojson",
         "options": {"shape": "polygon"}}
    )  # fmt: skip
    tiny.save()


def load(tiny: TinyStudy) -> Inputs:
    return Study.open(tiny.folder).load()


def pairs(inputs: Inputs) -> list[tuple[str, str]]:
    return list(zip(inputs.applied["application_id"], inputs.applied["place_id"], strict=True))


def test_a_study_without_applications_has_none(tiny: TinyStudy) -> None:
    inputs = load(tiny)
    assert inputs.applications.empty
    assert inputs.applied.empty
    assert inputs.applications.crs == CRS


def test_a_drawn_area_a_list_and_a_register_are_one_application(tiny: TinyStudy) -> None:
    add_outlines(tiny, [box(X0, Y0, X0 + 4000, Y0 + 2000)], application_id=["7/24"], name=["Sørgrenda"])
    add_table(
        tiny,
        "address",
        [{"application_id": "7/24", "address": "tinyvegen 0", "comment": "bebodd"},
         {"application_id": "7/24", "address": "Tinyvegen 2", "comment": ""}],
    )  # fmt: skip
    add_table(
        tiny,
        "register",
        [{"application_id": "7/24", "municipality_code": "5001", "vendor": "Tiny Fibre", "vendor_cost": "1 500 000",
          "vendor_share": 400000, "municipal_money": 250000, "interest": 3, "contact_office": "Vestby kommune",
          "date": "2024-02-01", "technology": "fwa", "comment": "haster"}],
        file="register",
    )  # fmt: skip
    inputs = load(tiny)
    (row,) = inputs.applications.to_dict("records")
    assert (row["application_id"], row["name"], row["municipality_code"]) == ("7/24", "Sørgrenda", "5001")
    assert (row["vendor_cost"], row["vendor_share"], row["municipal_money"]) == (1.5e6, 4e5, 2.5e5)
    assert (row["interest"], row["contact_office"], row["vendor"]) == (3.0, "Vestby kommune", "Tiny Fibre")
    assert (row["date"], row["technology"], row["status"]) == (pd.Timestamp("2024-02-01"), "fwa", "applied")
    assert (row["comment"], row["listed_rows"], row["unmatched_rows"]) == ("haster", 2, 0)
    assert (row["source"], row["source_row"]) == ("drawn", 1)
    assert row["geometry"].area == pytest.approx(8e6, rel=1e-4)
    assert pairs(inputs) == [("7/24", "p00"), ("7/24", "p01"), ("7/24", "p02")]
    assert inputs.applied["comment"].fillna("").tolist() == ["bebodd", "bebodd", ""]
    assert inputs.warnings == ()
    assert inputs.rejected.empty


def test_what_no_row_tells_is_empty_and_the_rest_has_its_defaults(tiny: TinyStudy) -> None:
    add_table(tiny, "register", [{"application_id": "b"}, {"application_id": "a"}])
    frame = load(tiny).applications
    assert frame["application_id"].tolist() == ["a", "b"]
    assert frame["technology"].tolist() == ["fibre", "fibre"]
    assert frame["status"].tolist() == ["applied", "applied"]
    nothing = ["vendor_cost", "vendor_share", "municipal_money", "interest", "date", "name", "area_id", "geometry"]
    assert frame[nothing].isna().all().all()


def test_parts_of_an_outline_are_joined(tiny: TinyStudy) -> None:
    corners = [box(X0, Y0, X0 + 100, Y0 + 100), box(X0 + 500, Y0, X0 + 600, Y0 + 100)]
    add_outlines(tiny, corners, application_id=["a", "a"])
    frame = load(tiny).applications
    assert frame.geometry.geom_type.tolist() == ["MultiPolygon"]
    assert frame.area.tolist() == pytest.approx([20_000], rel=1e-3)


def test_an_address_that_names_nothing_is_rejected_and_counted(tiny: TinyStudy) -> None:
    rows = [{"application_id": "a", "address": text} for text in ("Tinyvegen 5", "Storgata 1", "Tinyvegen 5")]
    add_table(tiny, "address", [*rows, {"application_id": "b", "address": "Storgata 2"}])
    inputs = load(tiny)
    assert inputs.applications[["application_id", "listed_rows", "unmatched_rows"]].to_numpy().tolist() == [
        ["a", 3, 1],
        ["b", 1, 1],
    ]
    assert pairs(inputs) == [("a", "p05")]
    assert inputs.rejected[["row", "field", "value"]].to_numpy().tolist() == [
        [2, "address", "Storgata 1"],
        [4, "address", "Storgata 2"],
    ]
    notes = next(report.notes for report in inputs.reports if report.source == "list")
    assert "1 premises are named again by their application: they count once" in notes


def test_a_list_in_which_nothing_is_known_is_one_sentence(tiny: TinyStudy) -> None:
    add_table(tiny, "address", [{"application_id": "a", "address": "Storgata 1"}])
    with pytest.raises(DataError, match=r"list.csv: all 1 rows were rejected \(address: is the address of no premises"):
        load(tiny)


def test_rows_that_say_otherwise_are_told_and_the_first_stands(tiny: TinyStudy) -> None:
    add_table(
        tiny,
        "address",
        [{"application_id": "a", "address": "Tinyvegen 5", "vendor_cost": 100, "municipality_code": ""},
         {"application_id": "a", "address": "Tinyvegen 6", "vendor_cost": 200, "municipality_code": "5001"},
         {"application_id": "a", "address": "Tinyvegen 7", "vendor_cost": 200, "municipality_code": ""}],
    )  # fmt: skip
    inputs = load(tiny)
    assert inputs.applications["vendor_cost"].tolist() == [100.0]
    assert inputs.applications["municipality_code"].isna().all(), "of an address, not of the application"
    assert inputs.warnings == (
        "applications: 'a' has another vendor_cost in row 2 of list than where it is told first; the first is taken",
    )


def test_the_names_of_residents_are_left_alone_unless_they_are_mapped(tiny: TinyStudy) -> None:
    rows = [{"application_id": "a", "address": "Tinyvegen 5", "name": "Kari"}]
    add_table(tiny, "address", rows)
    assert load(tiny).applications["name"].isna().all()
    tiny.source("list")["columns"] = {"name": "name"}
    tiny.save()
    assert load(tiny).applications["name"].tolist() == ["Kari"]
    tiny.source("list").update(columns={}, constants={"name": "Grenda"})
    tiny.save()
    assert load(tiny).applications["name"].tolist() == ["Grenda"]


def test_rows_that_cannot_be_are_rejected_with_their_reason(tiny: TinyStudy) -> None:
    add_table(
        tiny,
        "register",
        [{"application_id": "a", "vendor_cost": 0},
         {"application_id": "", "vendor_cost": 5},
         {"application_id": "b", "vendor_cost": -5},
         {"application_id": "c", "status": "tapt"},
         {"application_id": "d", "municipality_code": "9999"},
         {"application_id": "e", "date": "i fjor"},
         {"application_id": "f", "municipal_money": "mye"},
         {"application_id": "g", "status": "withdrawn"}],
    )  # fmt: skip
    inputs = load(tiny)
    assert inputs.applications[["application_id", "status"]].to_numpy().tolist() == [["g", "withdrawn"]]
    found = inputs.rejected.set_index("row")["field"].to_dict()
    assert found == {
        1: "vendor_cost", 2: "application_id", 3: "vendor_cost", 4: "status", 5: "municipality_code", 6: "date",
        7: "municipal_money",
    }  # fmt: skip


def test_points_name_the_nearest_premises(tiny: TinyStudy) -> None:
    frame = gpd.GeoDataFrame(
        {"application_id": ["a", "a"]},
        geometry=[Point(X0 + 1000 + 2500 * 5, Y0 + 1020), Point(X0 + 1000, Y0 + 5900)],
        crs=CRS,
    )
    frame.to_file(tiny.folder / "points.gpkg")
    tiny.sources.append(
        {"id": "points", "role": "applications", "kind": "vector", "path": "points.gpkg",
         "options": {"shape": "address", "within_m": 50}}
    )  # fmt: skip
    tiny.save()
    inputs = load(tiny)
    assert pairs(inputs) == [("a", "p05")]
    assert inputs.rejected["reason"].tolist() == ["has no premises within 50 m"]


def test_a_municipality_fills_in_its_zeros(tiny: TinyStudy) -> None:
    add_table(tiny, "register", [{"application_id": "a", "municipality_code": "501"}], options={"code_digits": 4})
    with pytest.raises(DataError, match="is no municipality of the study"):
        load(tiny)


def test_a_table_has_no_outlines_and_coordinates_need_a_crs(tiny: TinyStudy) -> None:
    add_table(tiny, "polygon", [{"application_id": "a"}])
    with pytest.raises(DataError, match="shape 'polygon' needs a vector layer; a table is a list or a register"):
        load(tiny)
    tiny.drop("list")
    add_table(tiny, "address", [{"application_id": "a", "x": X0, "y": Y0}])
    with pytest.raises(CrsError, match="states no crs"):
        load(tiny)


def test_a_shape_is_needed_and_must_be_known(tiny: TinyStudy) -> None:
    add_table(tiny, "cell", [{"application_id": "a"}])
    with pytest.raises(DataError, match="shape"):
        Study.open(tiny.folder)
    del tiny.source("list")["options"]["shape"]
    tiny.save()
    with pytest.raises(DataError, match="shape"):
        Study.open(tiny.folder)


def test_a_list_may_name_an_address_that_a_municipality_adds(tiny: TinyStudy) -> None:
    head = "correction;address;municipality_code;kind;x;y;comment;office\n"
    row = f"missing_address;Nyvegen 1;5001;household;{X0 + 1200};{Y0 + 1200};nybygd;Vestby\n"
    (tiny.folder / "corrections.csv").write_text(head + row, encoding="utf-8")
    tiny.sources.append(
        {"id": "fixes", "role": "corrections", "kind": "table", "path": "corrections.csv", "crs": CRS,
         "options": {"nearest_municipality_m": 100}}
    )  # fmt: skip
    add_table(tiny, "address", [{"application_id": "a", "address": "Nyvegen 1"}])
    assert pairs(load(tiny)) == [("a", "fixes-1")]


def test_the_order_of_sources_decides_who_tells_first_and_nothing_else(tiny: TinyStudy) -> None:
    add_table(tiny, "register", [{"application_id": "a", "vendor_cost": 100}, {"application_id": "b"}], file="one")
    add_table(tiny, "register", [{"application_id": "b", "interest": 4}, {"application_id": "a"}], file="two")
    there = load(tiny).applications
    tiny.sources[-2:] = tiny.sources[:-3:-1]
    tiny.save()
    back = load(tiny).applications
    own = ["source", "source_row"]
    pd.testing.assert_frame_equal(pd.DataFrame(there.drop(columns=own)), pd.DataFrame(back.drop(columns=own)))
    assert there["source"].tolist() == ["one", "one"]
    assert back["source"].tolist() == ["two", "two"]
