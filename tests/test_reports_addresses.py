"""The address list of a municipality's application: its rows, the form's look and locks, and that it is read back."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from coverage import form as agreed
from coverage import reports, schemas
from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.errors import DataError, PolicyError
from coverage.inputs import Inputs
from coverage.reports import addresses
from coverage.reports.address_sheet import COLUMNS, FILLED, HEADER
from coverage.reports.outsiders import outsiders
from coverage.reports.selection import cut
from coverage.reports.wording import load_wording
from coverage.study import Study
from tests import toy, toy_masts
from tests.reported import changed_places, toy_assessment
from tests.studymaker import tiny_study

EN = load_wording("en")
FORMULA = "=HYPERLINK(0)"
WEST = "5001"
LOOSE = "p0021"  # eligible, and in no area


@pytest.fixture(scope="module")
def assessment() -> Assessment:
    plain = toy_assessment()
    places = plain.places
    loose = places["place_id"] == LOOSE
    assert places.loc[loose, "eligible"].tolist() == [1.0]
    return changed_places(
        plain,
        area_id=places["area_id"].mask(loose),
        address=places["address"].mask(places["place_id"] == "p0000", FORMULA),
    )


@pytest.fixture(scope="module")
def table(assessment: Assessment) -> pd.DataFrame:
    return addresses.address_list(cut(assessment, municipality=[WEST]), EN)


@pytest.fixture(scope="module", params=["nb", "en"])
def form(request: Any, assessment: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("form") / f"form-{request.param}.xlsx"
    reports.render(assessment, "addresses", format="xlsx", path=path, municipality=[WEST], language=request.param)
    return path


@pytest.fixture(scope="module")
def book(form: Path) -> Any:
    return openpyxl.load_workbook(form)


def language_of(book: Any) -> Any:
    return load_wording("nb" if book.worksheets[1].title == "Adresser" else "en")


def rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    return sheet.iter_rows(min_row=HEADER + 2)


# --- the rows ------------------------------------------------------------------------------------------------


def test_eligible_addresses_come_first_by_area_then_those_in_none_then_the_excluded(
    table: pd.DataFrame, assessment: Assessment
) -> None:
    places = assessment.places[assessment.places["municipality_code"] == WEST]
    assert table["part"].drop_duplicates().tolist() == list(addresses.PARTS)
    by_part = table.groupby("part")["place_id"].agg(set)
    assert by_part["area"] == set(places["place_id"][places["area_id"].notna()])
    assert by_part["no_area"] == {LOOSE}
    mine = assessment.areas[assessment.areas["municipality_code"] == WEST]
    out = outsiders(replace(assessment, areas=mine))
    assert len(out)
    assert by_part["excluded"] == set(assessment.places.loc[out.index, "place_id"])
    assert table["place_id"].is_unique
    inside = table[table["part"] == "area"]
    assert inside["area"].is_monotonic_increasing
    assert table["reason"].notna().all()
    assert table.loc[table["part"] == "excluded", "reason"].str.len().min() > 3
    assert table[list(agreed.FILLED)].isna().all(axis=None)


def test_house_2_stands_before_house_10() -> None:
    given = ["Road 10", "Road 2 B", "Road 2", "Road", "Alley 7", None]
    table = pd.DataFrame(
        {"address": pd.array(given, dtype="str"), "part": "area", "area": "A", "area_id": "a", "place_id": "p"}
    )
    told = addresses._ordered(table)["address"]
    assert told.iloc[:5].tolist() == ["Alley 7", "Road 2", "Road 2 B", "Road 10", "Road"]
    assert pd.isna(told.iloc[5])


def test_chosen_areas_bring_their_own_addresses_and_what_their_outline_leaves_out(assessment: Assessment) -> None:
    chosen = assessment.areas["area_id"].iloc[0]
    found = addresses.address_list(cut(assessment, area=[chosen]), EN)
    assert set(found["area_id"]) == {chosen}
    assert set(found["part"]) == {"area", "excluded"}
    inside = assessment.places["area_id"] == chosen
    assert set(found.loc[found["part"] == "area", "place_id"]) == set(assessment.places["place_id"][inside])


def test_names_of_residents_and_grid_cells_are_left_out(assessment: Assessment) -> None:
    places = assessment.places
    cell = places["place_id"] == places["place_id"][places["area_id"].notna()].iloc[0]
    given = changed_places(assessment, name="Somebody", cell_m=cell * 250.0)
    selection = cut(given, municipality=[WEST, "5058"])
    found = addresses.address_list(selection, EN)
    assert not set(found["place_id"]) & set(places["place_id"][cell])
    assert addresses.cells_left(selection) == 1
    homes = found["kind_now"].isin(["household", "holiday"])
    assert found.loc[homes, "name"].isna().all()
    assert (found.loc[~homes, "name"] == "Somebody").all()


def test_a_municipality_without_eligible_addresses_gets_its_rows_for_missing_ones(tmp_path: Path) -> None:
    plain = toy_assessment()
    west = plain.areas["municipality_code"] == WEST
    bare = changed_places(
        replace(plain, areas=plain.areas[~west]),
        area_id=plain.places["area_id"].mask(plain.places["municipality_code"] == WEST),
        eligible=plain.places["eligible"].mask(plain.places["municipality_code"] == WEST, 0.0),
    )
    path = tmp_path / "bare.xlsx"
    reports.render(bare, "addresses", format="xlsx", path=path, municipality=[WEST])
    book = openpyxl.load_workbook(path)
    assert any("No address here is eligible" in str(cell.value) for row in book.worksheets[0] for cell in row)
    assert next(rows(book.worksheets[1]))[0].value.startswith("MISSING")


@pytest.mark.parametrize("who", ["council", "public", "operator:Net"])
def test_who_must_not_see_homes_addresses_gets_no_list_of_them(
    who: str, assessment: Assessment, tmp_path: Path
) -> None:
    narrowed = replace(assessment, audience=Audience.parse(who))
    for format_ in ("xlsx", "csv"):
        with pytest.raises(PolicyError, match=f"holds addresses of homes.*not made for the audience {who}"):
            reports.render(narrowed, "addresses", format=format_, path=tmp_path / "a", municipality=[WEST])
    assert list(tmp_path.iterdir()) == []


def test_what_no_list_can_be_made_of_is_said(assessment: Assessment, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected --municipality or --area"):
        reports.render(assessment, "addresses", format="csv", path=tmp_path / "a.csv")
    with pytest.raises(DataError, match="no addresses report as 'pdf'"):
        reports.require_format("addresses", "pdf")
    masts = toy_masts.masted()
    area = masts.areas.loc[masts.areas["kind"] == "mobile", "area_id"].iloc[0]
    with pytest.raises(DataError, match="is of kind mobile"):
        reports.render(masts, "addresses", format="csv", path=tmp_path / "a.csv", area=[area])


# --- the form ------------------------------------------------------------------------------------------------


def test_the_form_is_locked_but_for_what_is_to_be_filled_in(book: Any, table: pd.DataFrame) -> None:
    sheet = book.worksheets[1]
    assert sheet.protection.sheet
    assert not sheet.protection.password
    assert (sheet.protection.autoFilter, sheet.protection.formatColumns) == (False, False), "False: not forbidden"
    known = below = 0
    for row in rows(sheet):
        open_ = {COLUMNS[at] for at, cell in enumerate(row) if not cell.protection.locked}
        if row[COLUMNS.index("reason")].value:
            known += 1
            assert open_ == set(agreed.FILLED)
            colours = {row[at].fill.start_color.rgb for at in FILLED}
            assert len(colours) == 1, "filled cells look alike"
            assert not colours & {row[at].fill.start_color.rgb for at in range(FILLED[0])}
        elif row[COLUMNS.index("part")].value:
            below += 1
            filled = set(agreed.FILLED) - {"correction"}
            assert open_ == filled | {"address", "postcode", "locality", "name", *agreed.POSITION}
        else:
            assert not open_, "a divider"
    assert known == len(table)
    assert below >= 20


def test_the_form_stands_frozen_filtered_and_fit_for_print(book: Any) -> None:
    sheet = book.worksheets[1]
    assert sheet.freeze_panes == f"C{HEADER + 2}"
    assert sheet.auto_filter.ref.startswith(f"A{HEADER + 1}:")
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == f"$3:${HEADER + 1}"
    assert book.worksheets[-1].title == agreed.SHEET
    assert book.worksheets[-1].sheet_state == "hidden"
    wording = language_of(book)
    labels = [wording.lines("address_columns", name, crs=toy.CRS)[0] for name in COLUMNS]
    assert [cell.value for cell in sheet[HEADER + 1]] == labels
    dividers = [str(row[0].value) for row in rows(sheet) if row[0].value and not row[COLUMNS.index("part")].value]
    assert dividers[-2].startswith(wording.text("address_list", "excluded", count="x")[:8])
    assert dividers[-1] == wording.text("address_list", "missing")


def test_lists_to_choose_from_hold_our_words_and_stand_on_rows_alone(book: Any) -> None:
    sheet, hidden, wording = book.worksheets[1], book.worksheets[-1], language_of(book)
    lists = {}
    for rule in sheet.data_validations.dataValidation:
        column = COLUMNS[next(iter(rule.sqref.ranges)).min_col - 1]
        if rule.type == "list":
            cells = hidden[rule.formula1.split("!")[1].replace("$", "")]
            lists[column] = [cell.value for (cell,) in cells]
        else:
            assert rule.type == {"date": "date"}.get(column, "decimal")
            assert rule.error
    assert lists["kind"] == [wording.value("kind", kind) for kind in schemas.KINDS]
    assert lists["technology"] == [wording.value("fixed_technology", name) for name in schemas.TECHNOLOGIES]
    offered = [agreed.RIGHT, *(kind for kind in schemas.CORRECTION_KINDS if kind != "missing_address")]
    assert lists["correction"] == [wording.lines("address_choices", name)[0] for name in offered]
    divider = next(row for row in rows(sheet) if row[0].value and not row[COLUMNS.index("part")].value)
    at = divider[COLUMNS.index("correction")].coordinate
    assert not any(at in rule.sqref for rule in sheet.data_validations.dataValidation)


def test_no_cell_is_a_formula_and_text_stays_text(book: Any) -> None:
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "b", "d"}
    assert FORMULA in {cell.value for cell in cells}
    assert {type(row[COLUMNS.index("postcode")].value) for row in rows(book.worksheets[1])} <= {str, type(None)}


def test_the_read_me_says_what_is_to_be_done_and_how_real_it_is(book: Any) -> None:
    wording = language_of(book)
    said = "\n".join(str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row if cell.value)
    for key in ("what", "privacy_text"):
        assert wording.text("address_list", key) in said
    assert wording.text("banner", "synthetic") in said
    assert wording.text("address_list", "back_text", study="Toytown") in said
    for word, meaning in wording.texts["address_choices"].values():
        assert f"{word}: {meaning}" in said
    assert "no-2024" in said
    assert "Toy Ltd" in said
    assert "{" not in said


# --- read back -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a study of the toy's municipalities and places."""
    study = tiny_study(tmp_path_factory.mktemp("study") / "tiny")
    plain = toy.assessment()
    towns = plain.municipalities.rename(columns={"municipality_code": "kommunenummer", "name": "kommunenavn"})
    (study.folder / "municipalities.gpkg").unlink()
    towns.to_file(study.folder / "municipalities.gpkg")
    places = plain.places.assign(x=plain.places.geometry.x, y=plain.places.geometry.y)
    names = ["place_id", "kind", "address", "postcode", "municipality_code", "x", "y"]
    pd.DataFrame(places)[names].to_csv(study.folder / "premises.csv", index=False)
    study.source("premises").pop("columns")
    study.source("premises").pop("values")
    study.save()
    return study.folder


def load_with(folder: Path, path: Path) -> Inputs:
    """Load the study with the file as a source of corrections, of which nothing more is said."""
    block = '\n[[sources]]\nid = "form"\nrole = "corrections"\nkind = "table"\npath = "{}"\n'
    (folder / path.name).write_bytes(path.read_bytes())
    told = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(told + block.format(path.name), encoding="utf-8")
    try:
        return Study.open(folder).load()
    finally:
        (folder / "study.toml").write_text(told, encoding="utf-8")


def fill(form: Path, path: Path) -> list[dict[str, Any]]:
    """Fill in some rows as an office would, save the form anew, and return the corrections that it then holds."""
    book = openpyxl.load_workbook(form)
    sheet, wording = book.worksheets[1], language_of(book)
    choice = {name: told[0] for name, told in wording.texts["address_choices"].items()}
    by_id = {row[0].value: row for row in rows(sheet)}
    empty = [row for row in rows(sheet) if row[COLUMNS.index("part")].value and not row[0].value]

    def write(row: Any, **values: Any) -> None:
        for name, value in values.items():
            cell = row[COLUMNS.index(name)]
            assert not cell.protection.locked
            cell.value = value

    write(by_id["p0003"], correction=choice["not_inhabited"], comment="stands empty", date=dt.date(2024, 5, 1))
    write(by_id["p0006"], correction=choice["ok"], comment="seen")
    write(by_id["p0024"], office="Nobody", date=dt.date(2024, 5, 1))
    business = wording.value("kind", "business")
    write(by_id["p0001"], correction=choice["wrong_kind"], kind=business, comment="a shop", office="Office")
    fibre = wording.value("fixed_technology", "fwa_unlicensed")
    speed = {"down_mbps": 20, "up_mbps": 2.5, "technology": fibre, "provider": "Net"}
    write(by_id[LOOSE], correction=choice["wrong_speed"], **speed, comment="measured")
    write(by_id["p0045"], comment="what is wrong is not said")
    home = wording.value("kind", "household")
    write(empty[0], address="Road 99", postcode="7000", kind=home, x=toy.X0 + 1, y=toy.Y0 + 2.5, comment="new")
    write(empty[3], address="Road 98", kind=home, lon=10.4287, lat=63.3365, comment="forgotten")
    write(empty[4], address="Road 97", kind=home, comment="somewhere")
    book.save(path)
    town = "Westby kommune" if wording.language == "nb" else "Municipality of Westby"
    return [
        {"place_id": "p0003", "correction": "not_inhabited", "office": town, "date": pd.Timestamp("2024-05-01")},
        {"place_id": "p0001", "correction": "wrong_kind", "kind": "business", "office": "Office"},
        {"place_id": LOOSE, "correction": "wrong_speed", "technology": "fwa_unlicensed", "up_mbps": 2.5},
        {"correction": "missing_address", "kind": "household", "address": "Road 99", "office": town},
        {"correction": "missing_address", "kind": "household", "address": "Road 98", "municipality_code": WEST},
    ]


def test_a_filled_form_is_a_file_of_corrections_as_it_is(form: Path, folder: Path, tmp_path: Path) -> None:
    expected = fill(form, tmp_path / "filled.xlsx")
    inputs = load_with(folder, tmp_path / "filled.xlsx")
    found = inputs.corrections.to_dict("records")
    assert len(found) == len(expected)
    key = {row.get("place_id") or row["address"]: row for row in expected}
    for row in found:
        told = key[row["place_id"] if row["place_id"] in key else row["address"]]
        assert {name: row[name] for name in told} == told
    (metres,) = (row["geometry"] for row in found if row["address"] == "Road 99")
    assert (metres.x, metres.y) == (toy.X0 + 1, toy.Y0 + 2.5)
    (degrees,) = (row["geometry"] for row in found if row["address"] == "Road 98")
    assert toy.X0 < degrees.x < toy.X0 + 5000
    assert toy.Y0 < degrees.y < toy.Y0 + 7500
    wording = language_of(openpyxl.load_workbook(form))
    wrong = [(row.field, row.reason.partition(";")[0]) for row in inputs.rejected.itertuples()]
    label = wording.lines("address_columns", "correction")[0]
    assert wrong[0] == (label, "is empty")
    assert len(wrong) == 2
    assert wrong[1][1] == "is empty"
    assert wording.lines("address_columns", "lat")[0] in wrong[1][0]


def test_a_form_as_it_was_sent_corrects_nothing(assessment: Assessment, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "sent.xlsx"
    chosen = assessment.areas["area_id"].iloc[0]
    reports.render(assessment, "addresses", format="xlsx", path=path, area=[chosen])
    inputs = load_with(folder, path)
    assert inputs.corrections.empty
    assert inputs.rejected.empty


def test_a_list_as_csv_is_read_back_too(assessment: Assessment, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    reports.render(assessment, "addresses", format="csv", path=path, municipality=[WEST])
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == [*COLUMNS, *addresses.STAMP]
    assert {row["crs"] for row in table} == {toy.CRS}
    assert f"'{FORMULA}" in {row["address"] for row in table}
    assert load_with(folder, path).corrections.empty
    row = next(row for row in table if row["place_id"] == "p0000")
    row |= {"correction": "in_use", "comment": "'-lived in", "office": "Office"}
    new = dict.fromkeys(row, "") | {"address": "Road 99", "postcode": "7000", "kind": "household", "comment": "new"}
    table.append(new | {"office": "Office", "x": f"{toy.X0 + 1}", "y": f"{toy.Y0 + 1}"})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerows(table)
    found = load_with(folder, path).corrections
    assert found["correction"].tolist() == ["in_use", "missing_address"]
    assert found["comment"].tolist() == ["-lived in", "new"]
    assert found["address"].tolist() == [FORMULA, "Road 99"]
