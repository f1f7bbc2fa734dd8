"""Files of corrections: which premises a row is about, what it lacks, which word counts; on the tiny study.

Premises p00 … p39 stand on a lattice: number % 4 gives business, household, household, holiday; p00 at (1000, 1000).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest

from coverage.check import inspect
from coverage.errors import CrsError, DataError
from coverage.inputs import Inputs
from coverage.sources.disputes import CONTRADICTED, OVERTAKEN, REPEATED
from coverage.study import Study
from tests.studymaker import CRS, X0, Y0, TinyStudy, premises, tiny_study

OFFICE = "Synthetic office, Vestby"


def corrected(folder: Path, rows: list[dict[str, Any]], *, name: str = "corrections", **settings: Any) -> TinyStudy:
    """Return a tiny study with one more source of corrections: each row has a comment, the office and a date."""
    study = tiny_study(folder) if not (folder / "study.toml").exists() else settings.pop("study")
    table = pd.DataFrame([{"comment": "seen on a visit", "office": OFFICE, "date": "2024-05-01"} | row for row in rows])
    table.to_csv(folder / f"{name}.csv", index=False)
    study.sources.append(
        {"id": name, "role": "corrections", "kind": "table", "path": f"{name}.csv", "data_status": "synthetic"}
        | settings
    )
    study.save()
    return study


def load(study: TinyStudy) -> Inputs:
    return Study.open(study.folder).load()


def why(inputs: Inputs) -> list[tuple[int, str, str]]:
    return [(int(row.row), str(row.field), str(row.reason)) for row in inputs.rejected.itertuples()]


def addressed(study: TinyStudy) -> None:
    """Give the premises addresses: Fjellveien <number> with a postcode; p08 and p09 share one."""
    table = premises()
    table["address"] = [f"Fjellveien {number}" for number in range(len(table))]
    table.loc[9, "address"] = "Fjellveien 8"
    table.loc[9, ["east", "north"]] = table.loc[8, ["east", "north"]]
    table["name"] = [f"Firm {number}" if number % 4 == 0 else None for number in range(len(table))]
    table["postcode"] = "0701"
    table.to_csv(study.folder / "premises.csv", sep=";", index=False)


def test_row_names_premises_by_id_and_stands_where_they_do(tmp_path: Path) -> None:
    inputs = load(corrected(tmp_path, [{"place_id": "p01", "correction": "not_inhabited"}]))
    (row,) = inputs.corrections.to_dict("records")
    assert (row["place_id"], row["correction"], row["office"], row["source"], row["source_row"]) == (
        "p01", "not_inhabited", OFFICE, "corrections", 1,
    )  # fmt: skip
    assert row["date"] == pd.Timestamp("2024-05-01")
    assert row["municipality_code"] == "5001"
    assert (row["geometry"].x, row["geometry"].y) == (X0 + 3500, Y0 + 1000)
    assert inputs.corrections.crs == CRS
    assert inputs.rejected.empty


@pytest.mark.parametrize(
    ("row", "about"),
    [
        ({"address": "fjellveien  2", "postcode": "701"}, "p02"),
        ({"address": "Fjellveien 2", "municipality_code": "5001"}, "p02"),
        ({"address": "Fjellveien 2", "municipality": "vestby"}, "p02"),
        ({"address": "Fjellveien 8", "postcode": "0701", "name": "firm 8"}, "p08"),
        ({"x": X0 + 3500 + 15, "y": Y0 + 1000}, "p01"),
    ],
)
def test_row_names_premises_by_address_name_or_position(tmp_path: Path, row: dict[str, Any], about: str) -> None:
    study = corrected(tmp_path, [{"correction": "in_use"} | row], crs=CRS, options={"within_m": 25.0})
    addressed(study)
    inputs = load(study)
    assert why(inputs) == []
    assert inputs.corrections["place_id"].tolist() == [about]


def test_what_leads_to_none_or_to_several_is_rejected_with_its_reason(tmp_path: Path) -> None:
    rows = [
        {"place_id": "p01"},
        {"place_id": "p99"},
        {"address": "Fjellveien 8", "postcode": "0701"},
        {"address": "Fjellveien 77", "postcode": "0701"},
        {"x": X0 + 3500 + 26, "y": Y0 + 1000},
        {"x": X0 + 3500},
        {"x": Y0, "y": X0},
        {"place_id": "p02", "municipality_code": "5002"},
        {},
    ]
    study = corrected(tmp_path, [{"correction": "in_use"} | row for row in rows], crs=CRS, options={"within_m": 25.0})
    addressed(study)
    inputs = load(study)
    assert inputs.corrections["place_id"].tolist() == ["p01"]
    assert why(inputs) == [
        (2, "place_id", "is the place_id of no premises in the study"),
        (3, "address", "may mean several premises; expected the place_id of one"),
        (4, "address", "is the address of no premises in the study"),
        (5, "x y", "has no premises within 25 m"),
        (6, "x y", "is half a position; expected both coordinates"),
        (7, "x y", "lies far outside the study area: easting and northing look swapped"),
        (8, "municipality_code", "is not the municipality of the premises that the row names"),
        (9, "x y", "names no premises: expected a place_id, an address or coordinates"),
    ]
    assert inputs.rejected["value"].tolist()[1] == "Fjellveien 8 (p08, p09)"
    report = next(report for report in inputs.reports if report.source == "corrections")
    assert (report.rows_read, report.rows_rejected) == (9, 8)


def test_position_beyond_all_numbers_rejects_its_row_alone(tmp_path: Path) -> None:
    rows = [{"place_id": "p01", "correction": "in_use"}, {"correction": "in_use", "x": "1e308", "y": "1e308"}]
    inputs = load(corrected(tmp_path, rows, crs=CRS, options={"within_m": 25.0}))
    assert inputs.corrections["place_id"].tolist() == ["p01"]
    assert [(row, field) for row, field, _ in why(inputs)] == [(2, "x y")]


def test_coordinates_need_a_crs(tmp_path: Path) -> None:
    study = corrected(tmp_path, [{"correction": "in_use", "x": X0, "y": Y0}])
    with pytest.raises(CrsError, match="states no crs"):
        load(study)


def test_row_that_lacks_what_its_correction_needs_is_rejected(tmp_path: Path) -> None:
    rows = [
        {"place_id": "p00", "correction": "wrong_kind"},
        {"place_id": "p00", "correction": "wrong_speed"},
        {"place_id": "p00", "correction": "wrong_speed", "down_mbps": 10},
        {"place_id": "p00", "correction": "wrong_speed", "down_mbps": 0},
        {"place_id": "p00", "correction": "wrong_speed", "down_mbps": -1, "up_mbps": 1},
        {"correction": "missing_address", "x": X0 + 1, "y": Y0 + 1},
        {"correction": "missing_address", "kind": "household"},
        {"correction": "missing_address", "kind": "household", "x": X0 + 1, "y": Y0 + 1, "municipality_code": "9999"},
        {"correction": "missing_address", "kind": "household", "x": X0 + 1, "y": Y0 + 1, "municipality_code": "5002"},
        {"correction": "missing_address", "kind": "household", "x": X0 - 9, "y": Y0 + 1},
        {"correction": "missing_address", "kind": "household", "x": X0 + 1, "y": Y0 + 1, "place_id": "p00"},
        {"place_id": "p00", "correction": "in_use", "comment": None},
        {"place_id": "p00", "correction": "in_use", "office": None},
        {"place_id": "p00", "correction": "in_use", "date": "in May"},
        {"place_id": "p00", "correction": "moved"},
        {"place_id": "p00", "correction": None},
    ]
    inputs = load(corrected(tmp_path, rows, crs=CRS))
    assert inputs.corrections[["correction", "down_mbps", "up_mbps"]].to_numpy().tolist() == [["wrong_speed", 0.0, 0.0]]
    assert [(row, field) for row, field, _ in why(inputs)] == [
        (1, "kind"), (2, "down_mbps"), (3, "up_mbps"), (5, "down_mbps"), (6, "kind"), (7, "x y"),
        (8, "municipality_code"), (9, "municipality_code"), (10, "x y"), (11, "place_id"), (12, "comment"),
        (13, "office"), (14, "date"), (15, "correction"), (16, "correction"),
    ]  # fmt: skip
    reasons = {row: reason for row, _, reason in why(inputs)}
    assert reasons[1] == (
        "is empty; wrong_kind needs the kind that is right, one of business, household, holiday, public"
    )
    assert reasons[7] == "is empty; missing_address needs the position of what is missing"
    assert reasons[9] == "is a municipality that ends more than 1000 m from the position"
    assert reasons[10] == "lies outside every municipality of the study"
    assert reasons[12] == "is empty; expected a value"


def test_missing_address_gets_an_id_a_position_and_a_municipality(tmp_path: Path) -> None:
    row = {
        "correction": "missing_address",
        "kind": "household",
        "weight": 2,
        "address": "Nyveien 1",
        "lon": 10.45,
        "lat": 63.35,
    }
    inputs = load(corrected(tmp_path, [row], crs="EPSG:4326"))
    (found,) = inputs.corrections.to_dict("records")
    assert (found["place_id"], found["municipality_code"], found["weight"]) == ("corrections-1", "5001", 2.0)
    there = gpd.GeoSeries.from_xy([10.45], [63.35], crs="EPSG:4326").to_crs(CRS).iloc[0]
    assert found["geometry"].distance(there) < 0.01


def test_address_that_the_register_has_is_not_missing(tmp_path: Path) -> None:
    new = {
        "correction": "missing_address",
        "address": "Fjellveien 2",
        "postcode": "0701",
        "x": X0 + 6000,
        "y": Y0 + 1000,
    }
    rows = [new | {"kind": "household"}, new | {"kind": "business"}]
    study = corrected(tmp_path, rows, crs=CRS)
    addressed(study)
    inputs = load(study)
    assert why(inputs) == [(1, "address", "is in the register already, for premises of this kind")]
    assert inputs.corrections["place_id"].tolist() == ["corrections-2"]


def test_norwegian_words_are_known_and_study_toml_may_add_others(tmp_path: Path) -> None:
    rows = [
        {"place_id": "p01", "correction": "Ikke bebodd"},
        {"place_id": "p02", "correction": "feil type", "kind": "Fritidsbolig"},
        {"place_id": "p05", "correction": "Feil hastighet", "down_mbps": "12,5", "up_mbps": 1, "technology": "kobber"},
        {"place_id": "p06", "correction": "tomt hus"},
    ]
    study = corrected(tmp_path, rows, values={"correction": {"tomt hus": "not_inhabited"}}, options={"decimal": ","})
    inputs = load(study)
    assert why(inputs) == []
    assert inputs.corrections["correction"].tolist() == ["not_inhabited", "wrong_kind", "wrong_speed", "not_inhabited"]
    assert inputs.corrections["kind"].tolist()[1] == "holiday"
    assert inputs.corrections[["down_mbps", "technology"]].to_numpy().tolist()[2] == [12.5, "dsl"]


def test_rows_in_which_nothing_is_corrected_are_left_out(tmp_path: Path) -> None:
    rows = [
        {"place_id": "p01", "correction": None, "comment": None},
        {"place_id": "p02", "correction": "OK"},
        {"place_id": "p05", "correction": "in_use"},
    ]
    inputs = load(corrected(tmp_path, rows))
    report = next(report for report in inputs.reports if report.source == "corrections")
    assert (report.rows_read, report.rows_left_out, report.rows_rejected) == (3, 2, 0)
    assert inputs.corrections["place_id"].tolist() == ["p05"]


def test_file_with_nothing_to_correct_corrects_nothing(tmp_path: Path) -> None:
    study = corrected(tmp_path, [{"place_id": "p01", "correction": "ok"}])
    assert load(study).corrections.empty
    (tmp_path / "corrections.csv").write_text("place_id,correction,comment,office,date\n", encoding="utf-8")
    inputs = load(study)
    assert inputs.corrections.empty
    report = next(report for report in inputs.reports if report.source == "corrections")
    assert report.notes == ("the file has no rows: it corrects nothing",)
    (tmp_path / "corrections.csv").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="the file is empty"):
        load(study)


def test_file_of_which_no_row_is_usable_is_an_error(tmp_path: Path) -> None:
    study = corrected(tmp_path, [{"place_id": "p99", "correction": "in_use"}] * 2)
    with pytest.raises(DataError, match=r"all 2 rows were rejected \(place_id: is the place_id of no premises"):
        load(study)
    report = inspect(Study.open(tmp_path))
    assert any("corrections" in problem and "all 2 rows were rejected" in problem for problem in report.problems)


def test_later_date_counts_whatever_the_order_of_rows(tmp_path: Path) -> None:
    rows = [
        {"place_id": "p01", "correction": "not_inhabited", "date": "2024-05-01"},
        {"place_id": "p01", "correction": "in_use", "date": "2024-05-02"},
        {"place_id": "p01", "correction": "in_use", "date": None},
        {"place_id": "p01", "correction": "wrong_kind", "kind": "business", "date": "2023-01-01"},
        {"place_id": "p02", "correction": "in_use", "date": "2024-05-01"},
        {"place_id": "p02", "correction": "not_inhabited", "date": "2024-05-01"},
        {"place_id": "p02", "correction": "in_use", "date": "2020-05-01"},
        {"place_id": "p05", "correction": "in_use", "date": "2024-05-01"},
        {"place_id": "p05", "correction": "in_use", "date": "2024-05-01"},
    ]
    inputs = load(corrected(tmp_path, rows))
    expected = {("p01", "in_use"), ("p01", "wrong_kind"), ("p05", "in_use")}
    assert set(zip(inputs.corrections["place_id"], inputs.corrections["correction"], strict=True)) == expected
    assert [(row, reason) for row, _, reason in why(inputs)] == [
        (1, OVERTAKEN), (3, OVERTAKEN), (5, CONTRADICTED), (6, CONTRADICTED), (7, OVERTAKEN), (9, REPEATED),
    ]  # fmt: skip
    assert inputs.rejected["value"].tolist() == [
        "in_use (row 2 of corrections: 2024-05-02)",
        "in_use (row 2 of corrections: 2024-05-02)",
        "not_inhabited (row 6 of corrections: 2024-05-01)",
        "in_use (row 5 of corrections: 2024-05-01)",
        "in_use (row 5 of corrections: 2024-05-01)",
        "in_use (row 8 of corrections: 2024-05-01)",
    ]
    again = load(corrected(tmp_path / "again", rows[::-1]))
    assert set(zip(again.corrections["place_id"], again.corrections["correction"], strict=True)) == expected
    assert len(again.rejected) == len(inputs.rejected)


def test_later_file_is_settled_with_the_earlier_and_may_be_left_empty(tmp_path: Path) -> None:
    study = corrected(tmp_path, [{"place_id": "p01", "correction": "in_use", "date": "2024-01-01"}])
    corrected(
        tmp_path, [{"place_id": "p01", "correction": "not_inhabited", "date": "2024-02-01"}], name="later", study=study
    )
    inputs = load(study)
    assert inputs.corrections[["place_id", "source"]].to_numpy().tolist() == [["p01", "later"]]
    assert why(inputs) == [(1, "correction", OVERTAKEN)]
    assert inputs.rejected["value"].tolist() == ["not_inhabited (row 1 of later: 2024-02-01)"]


def test_two_missing_addresses_of_one_building_are_one(tmp_path: Path) -> None:
    new = {"correction": "missing_address", "kind": "household", "address": "Nyveien 1", "x": X0 + 6000, "y": Y0 + 1000}
    firm = new | {"kind": "business", "name": "Nyveien bakeri"}
    inputs = load(corrected(tmp_path, [new, new | {"comment": "again"}, firm, firm | {"name": "Nyveien rør"}], crs=CRS))
    assert inputs.corrections["place_id"].tolist() == ["corrections-2", "corrections-3", "corrections-4"]
    assert why(inputs) == [(1, "correction", REPEATED)]


def test_spreadsheet_and_layer_are_read_like_a_table(tmp_path: Path) -> None:
    study = corrected(tmp_path, [{"place_id": "p01", "correction": "in_use"}])
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (("place_id", "correction", "comment"), ("p01", "bebodd", "family moved in"), ("p02", None, None)):
        sheet.append(line)
    book.save(tmp_path / "form.xlsx")
    layer = gpd.GeoDataFrame(
        {"place_id": ["p05", None], "correction": "in_use", "comment": "visited"},
        geometry=gpd.GeoSeries.from_xy([X0 + 100, X0 + 6000], [Y0, Y0 + 1000], crs=CRS),
    )
    layer.to_file(tmp_path / "layer.gpkg")
    for name, kind, options in (("form.xlsx", "table", {}), ("layer.gpkg", "vector", {"within_m": 1.0})):
        study.source("corrections").update(path=name, kind=kind, options=options, constants={"office": OFFICE})
        study.save()
        found = load(study).corrections
        assert found["office"].tolist() == [OFFICE] * len(found)
        assert found["place_id"].tolist() == (["p01"] if kind == "table" else ["p05", "p02"])


def test_check_shows_rejected_corrections(tmp_path: Path) -> None:
    rows = [{"place_id": "p01", "correction": "in_use"}, {"place_id": "p99", "correction": "in_use"}]
    report = inspect(Study.open(corrected(tmp_path, rows).folder))
    (rejection,) = [item for item in report.rejections if item.source == "corrections"]
    assert (rejection.field, rejection.rows, rejection.examples) == ("place_id", 1, ((2, "p99"),))
    assert any(problem.startswith("corrections: 1 of 2 rows rejected") for problem in report.problems)


# --- the address form, as `report addresses` writes it ---------------------------------------------------------------

LABELS = {
    "place_id": "Sted-ID", "address": "Adresse", "postcode": "Postnr.", "municipality": "Kommune", "name": "Navn",
    "correction": "Hva er feil", "kind": "Riktig type", "down_mbps": "Ned", "up_mbps": "Opp", "technology": "Teknologi",
    "provider": "Tilbyder", "comment": "Kommentar", "office": "Kontor", "date": "Dato",
    "x": "Øst", "y": "Nord", "lon": "Lengdegrad", "lat": "Breddegrad",
}  # fmt: skip


def form(path: Path, rows: list[dict[str, Any]], *, version: str = "1", lost: str = "") -> None:
    """Write a form by hand: read-me, two rows above the header, the rows, and the hidden sheet; `lost`: a column."""
    book = openpyxl.Workbook()
    book.active.append(["Les meg"])
    sheet = book.create_sheet("Skjema")
    sheet.append(["Adresseliste"])
    sheet.append(["Fyll ut de gule cellene"])
    shown = [name for name in LABELS if name != lost]
    sheet.append(["Begrunnelse", *(LABELS[name] for name in shown)])
    sheet.append(["", "Prosjektområde Vestby 1"])
    for row in rows:
        sheet.append(["not read", *(row.get(name) for name in shown)])
    hidden = book.create_sheet("address-form")
    hidden.append(["address-form", version])
    for field, ours, theirs in (
        ("correction", "ok", "riktig"), ("correction", "not_inhabited", "tomt hus"),
        ("correction", "missing_address", "ny"), ("kind", "household", "bustad"),
    ):  # fmt: skip
        hidden.append(["word", field, ours, theirs])
    hidden.append(["crs", "", CRS])
    hidden.append(["office", "", "{municipality} kommune"])
    for name in shown:
        hidden.append(["column", "", name, LABELS[name]])
    hidden.sheet_state = "hidden"
    book.save(path)


def with_form(folder: Path, rows: list[dict[str, Any]], **how: str) -> Inputs:
    """Load the tiny study with the form; study.toml says of it what it is, and nothing of its columns or words."""
    study = tiny_study(folder)
    form(folder / "form.xlsx", rows, **how)
    study.sources.append({"id": "form", "role": "corrections", "kind": "table", "path": "form.xlsx"})
    study.save()
    return load(study)


def test_a_form_is_read_as_it_is_and_only_where_something_was_filled_in(tmp_path: Path) -> None:
    rows = [
        {"place_id": "p00", "municipality": "Vestby"},
        {"place_id": "p01", "municipality": "Vestby", "correction": "Tomt hus", "comment": "seen"},
        {"place_id": "p02", "municipality": "Vestby", "correction": "riktig", "comment": "seen"},
        {"place_id": "p03", "municipality": "Vestby", "office": "Somebody", "date": "2024-05-01"},
        {"correction": "ny", "municipality": "Vestby"},
        {"correction": "ny", "municipality": "Vestby", "address": "Nyveien 1", "kind": "bustad", "comment": "new",
         "x": X0 + 10, "y": Y0 + 20, "lon": 1.0, "lat": 1.0},
        {"address": "Nyveien 2", "kind": "bustad", "comment": "written beneath", "x": f"{X0 + 11:.0f},5", "y": Y0 + 20,
         "office": "Somebody"},
    ]  # fmt: skip
    inputs = with_form(tmp_path, rows)
    assert why(inputs) == []
    told = inputs.corrections[["correction", "kind", "office", "source_row"]].astype(object)
    assert told.where(told.notna(), None).to_numpy().tolist() == [
        ["not_inhabited", None, "Vestby kommune", 3],
        ["missing_address", "household", "Vestby kommune", 7],
        ["missing_address", "household", "Somebody", 8],
    ]
    assert [(point.x, point.y) for point in inputs.corrections.geometry.iloc[1:]] == [
        (X0 + 10, Y0 + 20), (X0 + 11.5, Y0 + 20),
    ]  # fmt: skip
    report = next(report for report in inputs.reports if report.source == "form")
    assert (report.rows_read, report.rows_left_out) == (8, 5)
    assert "4 rows left out: nothing is filled in" in report.notes


def test_what_a_form_lacks_is_told_by_its_own_labels(tmp_path: Path) -> None:
    rows = [
        {"place_id": "p00", "kind": "bustad"},
        {"place_id": "p01", "correction": "tomt hus"},
        {"address": "Nyveien 1", "kind": "bustad", "comment": "new"},
        {"address": "Nyveien 2", "kind": "bustad", "comment": "new", "lon": 10.5},
        {"address": "Nyveien 3", "kind": "bustad", "comment": "new", "x": "west", "y": Y0},
        {"place_id": "p02", "correction": "burnt down", "comment": "gone"},
        {"place_id": "p03", "correction": "tomt hus", "comment": "seen", "office": "Somebody"},
    ]
    inputs = with_form(tmp_path, rows)
    assert inputs.corrections["place_id"].tolist() == ["p03"]
    half = "is half a position, or no number; expected both coordinates"
    assert [(row, field, reason.partition(", one of")[0]) for row, field, reason in why(inputs)] == [
        (2, "Hva er feil", "is empty; expected what is wrong, since the row says something"),
        (3, "Kommentar", "is empty; expected a value"),
        (4, "Øst Nord Lengdegrad Breddegrad", "is empty; missing_address needs the position of what is missing"),
        (5, "Øst Nord Lengdegrad Breddegrad", half),
        (6, "Øst Nord Lengdegrad Breddegrad", half),
        (7, "Hva er feil", "expected one of not_inhabited, in_use, wrong_kind, missing_address, wrong_speed"),
    ]


def test_a_form_of_another_version_or_without_its_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"form\.xlsx: an address form of version 2; expected version 1"):
        with_form(tmp_path / "a", [], version="2")
    study = tiny_study(tmp_path / "b")
    form(study.folder / "form.xlsx", [])
    book = openpyxl.load_workbook(study.folder / "form.xlsx")
    book["Skjema"].delete_rows(3)
    book.save(study.folder / "form.xlsx")
    study.sources.append({"id": "form", "role": "corrections", "kind": "table", "path": "form.xlsx"})
    study.save()
    with pytest.raises(DataError, match=r"has lost its header.*the columns Sted-ID, Hva er feil, Kommentar"):
        load(study)


def test_a_workbook_that_is_no_form_still_needs_the_name_of_its_sheet(tmp_path: Path) -> None:
    study = tiny_study(tmp_path)
    book = openpyxl.Workbook()
    book.create_sheet("another")
    book.save(tmp_path / "form.xlsx")
    study.sources.append({"id": "form", "role": "corrections", "kind": "table", "path": "form.xlsx"})
    study.save()
    with pytest.raises(DataError, match="the file has the sheets Sheet, another; name one"):
        load(study)
