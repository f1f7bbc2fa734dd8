"""Hearing files from disk to claims: lists of addresses and polygons, good rows and bad ones.

The tiny study's places are a lattice: p00 stands in the south-west, 2.5 km between columns, 2 km between rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point, box

from coverage.check import inspect
from coverage.errors import CrsError, DataError
from coverage.inputs import Inputs, OfferLayer
from coverage.study import Study
from tests.studymaker import CRS, X0, Y0, TinyStudy, premises, tiny_study

HEAD = (
    "place_id,address,postcode,municipality_code,municipality,provider,claim,technology,down_mbps,up_mbps,"
    "available_from"
)


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    """Return the tiny study with addresses: p00 and p01 share one, p02 has the same words in another district."""
    tiny = tiny_study(tmp_path / "tiny")
    table = premises()
    table["address"] = [f"Tinyvegen {number}" for number in range(len(table))]
    table["postcode"] = "0701"
    table.loc[1, ["address", "east", "north"]] = ["Tinyvegen 0", table["east"][0] + 30, table["north"][0]]
    table.loc[2, ["address", "postcode"]] = ["Tinyvegen 0", "0702"]
    table.loc[3, "address"] = "Storgata 5 B"
    table.loc[[10, 18], "address"] = "Langvegen 1"
    table.to_csv(tiny.folder / "premises.csv", sep=";", index=False)
    return tiny


def add(tiny: TinyStudy, text: str, *, name: str = "hearing.csv", **source: Any) -> None:
    (tiny.folder / name).write_text(text, encoding="utf-8")
    entry = {"id": "heard", "role": "hearing", "kind": "table", "path": name, "options": {"shape": "address"}}
    tiny.sources.append(entry | source)
    tiny.save()


def add_list(tiny: TinyStudy, *rows: str, **source: Any) -> None:
    add(tiny, "\n".join([HEAD, *rows]) + "\n", **source)


def load(tiny: TinyStudy) -> Inputs:
    return Study.open(tiny.folder).load()


def only(inputs: Inputs) -> OfferLayer:
    (layer,) = inputs.hearing
    return layer


def reasons(inputs: Inputs) -> list[list[Any]]:
    return inputs.rejected[["row", "field", "value", "reason"]].to_numpy().tolist()


def test_a_row_names_its_places_by_id_or_by_address(tiny: TinyStudy) -> None:
    add_list(
        tiny,
        "p05,,,,,A,plan,fibre,1000,1000,2025-06-01",
        ",tinyvegen  0,701,,,A,plan,fibre,1000,1000,2025-06-01",
        ",Storgata 5b,,5001,,B,exists,fwa,100,20,",
        ",TINYVEGEN 7,,,østby,New in town,lapsed,,,,",
    )
    inputs = load(tiny)
    layer = only(inputs)
    assert layer.shape == "place"
    # Both premises of the address, and not the one of the same words with another postcode.
    assert layer.frame["place_id"].tolist() == ["p05", "p00", "p01", "p03", "p07"]
    assert layer.frame["source_row"].tolist() == [1, 2, 2, 3, 4]
    assert layer.frame["status"].tolist() == ["planned", "planned", "planned", "existing", "planned"]
    assert layer.frame["claim"].tolist() == ["plan", "plan", "plan", "exists", "lapsed"]
    assert layer.frame["technology"].tolist() == ["fibre"] * 3 + ["fwa", "other"]
    assert layer.frame["provider"].iloc[-1] == "New in town"
    assert inputs.rejected.empty
    (report,) = [report for report in inputs.reports if report.source == "heard"]
    assert [report.rows_read, report.rows_rejected] == [4, 0]
    assert any("4 rows name 5 premises" in note for note in report.notes)


def test_what_is_ambiguous_or_unknown_is_rejected_and_the_rest_is_used(tiny: TinyStudy) -> None:
    add_list(
        tiny,
        "p05,,,,,A,plan,fibre,1000,1000,2025-06-01",
        ",Tinyvegen 0,,,,A,plan,fibre,1000,1000,2025-06-01",
        ",Langvegen 1,,5001,,A,plan,fibre,1000,1000,2025-06-01",
        ",Nowhere 1,,,,A,plan,fibre,1000,1000,2025-06-01",
        ",Tinyvegen 7,9999,,,A,plan,fibre,1000,1000,2025-06-01",
        ",Tinyvegen 7,,,Elsewhere,A,plan,fibre,1000,1000,2025-06-01",
        "px,,,,,A,plan,fibre,1000,1000,2025-06-01",
        ",,0701,,,A,plan,fibre,1000,1000,2025-06-01",
    )
    inputs = load(tiny)
    assert only(inputs).frame["place_id"].tolist() == ["p05"]
    found = {row: (field, value, reason) for row, field, value, reason in reasons(inputs)}
    assert found[2][0:2] == ("address", "Tinyvegen 0")
    assert "ambiguous: 3 premises in 2 districts" in found[2][2]
    assert "ambiguous: 2 premises up to" in found[3][2]
    assert found[4] == ("address", "Nowhere 1", "is the address of no premises in the study")
    assert "none in the postcode" in found[5][2]
    assert found[5][1] == "Tinyvegen 7, 9999"
    assert "none in the municipality" in found[6][2]
    assert found[7][0:2] == ("place_id", "px")
    assert "names no premises" in found[8][2]


def test_bad_values_reject_their_row(tiny: TinyStudy) -> None:
    add_list(
        tiny,
        "p05,,,,,,plan,fibre,1000,1000,2025-06-01",
        "p05,,,,,A,maybe,fibre,1000,1000,2025-06-01",
        "p05,,,,,A,plan,wire,1000,1000,2025-06-01",
        "p05,,,,,A,plan,fibre,fast,1000,2025-06-01",
        "p05,,,,,A,plan,fibre,1000,1000,soon",
        "p05,,,,,A,plan,fibre,,,2025-06-01",
        "p05,,,,,A,plan,fibre,500,,",
    )
    inputs = load(tiny)
    assert [(row, field) for row, field, _, _ in reasons(inputs)] == [
        (1, "provider"), (2, "claim"), (3, "technology"), (4, "down_mbps"), (5, "available_from"), (6, "down_mbps"),
    ]  # fmt: skip
    frame = only(inputs).frame
    # A plan without a date is kept, and one without an upload speed is read as having none.
    assert frame["available_from"].isna().tolist() == [True]
    assert frame["up_mbps"].tolist() == [0.0]
    (report,) = [report for report in inputs.reports if report.source == "heard"]
    assert any("upload" in note for note in report.notes)


def test_our_words_and_columns_can_be_mapped(tiny: TinyStudy) -> None:
    text = "adresseid;tilbyder;svar;tek;ned;dato\np05;A;finnes;fiber;100000;\np06;A;bygger;fiber;1000000;01.06.2025\n"
    add(
        tiny,
        text,
        columns={"place_id": "adresseid", "provider": "tilbyder", "claim": "svar", "technology": "tek",
                 "down_mbps": "ned", "available_from": "dato"},
        values={"claim": {"finnes": "exists", "bygger": "plan"}},
        options={"shape": "address", "technology_codes": "nkom", "speed_unit": "kbps", "date_format": "%d.%m.%Y"},
    )  # fmt: skip
    frame = only(load(tiny)).frame
    assert frame["claim"].tolist() == ["exists", "plan"]
    assert frame["down_mbps"].tolist() == [100, 1000]
    assert frame["available_from"].iloc[1] == pd.Timestamp("2025-06-01")


def test_coordinates_name_the_nearest_premises_within_reach(tiny: TinyStudy) -> None:
    rows = [
        f"{X0 + 1005},{Y0 + 1000},A,plan,fibre,1000,1000,2025-06-01",
        f"{X0 + 1300},{Y0 + 1000},A,plan,fibre,1000,1000,2025-06-01",
        "10.4,63.4,A,plan,fibre,1000,1000,2025-06-01",
    ]
    text = "\n".join(["x,y,provider,claim,technology,down_mbps,up_mbps,available_from", *rows]) + "\n"
    add(tiny, text, crs=CRS, options={"shape": "address", "within_m": 50})
    inputs = load(tiny)
    assert only(inputs).frame["place_id"].tolist() == ["p00"]
    found = {row: (field, value, reason) for row, field, value, reason in reasons(inputs)}
    assert found[2][2] == "has no premises within 50 m"
    assert found[3][1] == "10.4 63.4"
    assert "degrees" in found[3][2]


def test_coordinates_need_a_crs_and_a_reach(tiny: TinyStudy) -> None:
    text = f"x,y,provider,down_mbps\n{X0 + 1000},{Y0 + 1000},A,1000\n"
    add(tiny, text, options={"shape": "address", "within_m": 50})
    with pytest.raises(CrsError, match="'heard' is a table with coordinates but states no crs"):
        load(tiny)
    tiny.source("heard").update(crs=CRS, options={"shape": "address"})
    tiny.save()
    with pytest.raises(DataError, match="rows with coordinates but no within_m"):
        load(tiny)


def test_points_of_a_vector_file_are_positions_too(tiny: TinyStudy) -> None:
    points = [Point(X0 + 900, Y0 + 1000), None]
    frame = gpd.GeoDataFrame(
        {"provider": ["A", "A"], "down_mbps": [1000.0, 1000.0], "place_id": [None, "p05"]}, geometry=points, crs=CRS
    )
    frame.to_file(tiny.folder / "heard.gpkg")
    tiny.sources.append(
        {"id": "heard", "role": "hearing", "kind": "vector", "path": "heard.gpkg",
         "options": {"shape": "address", "within_m": 2000}}
    )  # fmt: skip
    tiny.save()
    inputs = load(tiny)
    assert inputs.rejected.empty
    # The id is the first that counts; the other row names no place by words, so it is the nearest.
    assert only(inputs).frame["place_id"].tolist() == ["p00", "p05"]
    assert set(only(inputs).frame["claim"]) == {"plan"}


def test_polygons_are_claims_of_all_that_they_touch(tiny: TinyStudy) -> None:
    frame = gpd.GeoDataFrame(
        {"provider": ["A", "B", "C"], "status": ["planned", "planned", "built"], "down_mbps": [1000.0, None, 500.0]},
        geometry=[box(X0, Y0, X0 + 2000, Y0 + 2000), box(X0, Y0, X0 + 9000, Y0 + 9000), Point(X0, Y0)],
        crs=CRS,
    )
    frame.to_file(tiny.folder / "heard.gpkg")
    tiny.sources.append(
        {"id": "heard", "role": "hearing", "kind": "vector", "path": "heard.gpkg", "columns": {"claim": "status"},
         "values": {"claim": {"planned": "plan", "built": "exists"}}, "options": {"shape": "polygon"}}
    )  # fmt: skip
    tiny.save()
    inputs = load(tiny)
    assert only(inputs).shape == "polygon"
    assert only(inputs).frame["provider"].tolist() == ["A"]
    assert sorted((row, field) for row, field, _, _ in reasons(inputs)) == [(2, "down_mbps"), (3, "geometry")]


def test_polygons_without_a_crs_are_refused(tiny: TinyStudy) -> None:
    frame = gpd.GeoDataFrame(
        {"provider": ["A"], "down_mbps": [1000.0]}, geometry=[box(X0, Y0, X0 + 9, Y0 + 9)], crs=CRS
    )
    frame.to_file(tiny.folder / "heard.shp")
    (tiny.folder / "heard.prj").unlink()
    tiny.sources.append(
        {"id": "heard", "role": "hearing", "kind": "vector", "path": "heard.shp", "options": {"shape": "polygon"},
         "columns": {"down_mbps": "down_mbps"}}
    )  # fmt: skip
    tiny.save()
    with pytest.raises(CrsError, match=r"heard\.shp"):
        load(tiny)


def test_a_table_has_no_polygons(tiny: TinyStudy) -> None:
    add_list(tiny, "p05,,,,,A,plan,fibre,1000,1000,2025-06-01", options={"shape": "polygon"})
    with pytest.raises(DataError, match="needs a vector layer"):
        load(tiny)


@pytest.mark.parametrize(
    ("options", "words"),
    [({}, "shape"), ({"shape": "line"}, "line"), ({"shape": "address", "min_tests": 3}, "min_tests")],
)
def test_options_that_a_hearing_does_not_know_are_refused(tiny: TinyStudy, options: dict[str, Any], words: str) -> None:
    add_list(tiny, "p05,,,,,A,plan,fibre,1000,1000,2025-06-01", options=options)
    with pytest.raises(DataError, match=words):
        load(tiny)


def test_a_hearing_of_which_nothing_is_left_is_one_sentence(tiny: TinyStudy) -> None:
    add_list(tiny, "px,,,,,A,plan,fibre,1000,1000,2025-06-01")
    with pytest.raises(DataError, match=r"hearing\.csv: all 1 rows were rejected"):
        load(tiny)


def test_check_names_plans_that_are_overdue_or_have_no_date(tiny: TinyStudy) -> None:
    add_list(
        tiny,
        "p05,,,,,A,plan,fibre,1000,1000,2024-06-30",
        ",Tinyvegen 0,701,,,A,plan,fibre,1000,1000,2024-01-01",
        "p06,,,,,A,plan,fibre,1000,1000,2024-07-01",
        "p07,,,,,A,plan,fibre,1000,1000,",
        "p08,,,,,A,exists,fibre,1000,1000,",
    )
    notes = inspect(Study.open(tiny.folder)).notes
    assert any(note.startswith("heard: 2 of 4 plans were to be built by 2024-06-30") for note in notes)
    assert "heard: 1 of 4 plans have no date and do not count" in notes
    assert "heard: no as_of in study.toml: nothing says from when it is" in notes


def test_without_premises_a_list_is_not_looked_at(tiny: TinyStudy) -> None:
    add_list(tiny, "p05,,,,,A,plan,fibre,1000,1000,2024-06-30")
    (tiny.folder / "premises.csv").unlink()
    problems = inspect(Study.open(tiny.folder)).problems
    assert any("hearing.csv: not looked at, since the premises" in problem for problem in problems)


def test_a_hearing_may_name_an_address_that_a_municipality_adds(tiny: TinyStudy) -> None:
    (tiny.folder / "corrections.csv").write_text(
        "correction,kind,address,postcode,x,y,comment,office\n"
        f"missing_address,household,Nyveien 1,0703,{X0 + 9000},{Y0 + 5200},new,Synthetic office\n",
        encoding="utf-8",
    )
    tiny.sources.append({"id": "fix", "role": "corrections", "kind": "table", "path": "corrections.csv", "crs": CRS})
    add_list(tiny, ",Nyveien 1,0703,,,A,plan,fibre,1000,1000,2025-06-01", ",Nyveien 2,,,,A,plan,fibre,1000,1000,")
    inputs = load(tiny)
    assert only(inputs).frame["place_id"].tolist() == ["fix-1"]
    assert inputs.rejected["row"].tolist() == [2]
    assert "fix-1" not in set(inputs.places["place_id"])  # not applied yet
