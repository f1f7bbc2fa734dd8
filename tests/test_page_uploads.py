"""Own files in a session: brought, mapped, checked, used, taken out; and what is wrong with them told in a sentence."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import streamlit as st
from shapely.geometry import box
from streamlit.testing.v1 import AppTest

from coverage.audience import Audience
from coverage.errors import DataError
from coverage.reports.address_sheet import HEADER
from coverage.sources.roles import ROLES
from coverage.sources.written import source_block
from coverage.study import Study
from maps import language, work
from maps.pages import upload_templates
from maps.pages.upload_words import FIELDS, KINDS, VALUES
from maps.session import Key
from maps.words import WORDS
from tests import toy
from tests.studymaker import CRS, X0, Y0, tiny_study

CORRECTIONS = (
    "sted_nr;Feil;Kommentar;Kontor;Dato\n"
    "p00;nedlagt;Stengt;Vestby kommune;01.05.2024\n"
    "p01;ikke bebodd;Tom;Vestby kommune;01.05.2024\n"
    "p99;nedlagt;Borte;Vestby kommune;01.05.2024\n"
)


def page() -> None:
    import streamlit as st

    from maps import session
    from maps.pages import sidebar, uploads

    study = session.open_study()
    with st.sidebar:
        sidebar.render(study, session.scenario_of(study))
    view = session.current()
    uploads.render(view)
    st.text(f"corrected: {len(view.assessment.corrections)}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_study(tmp_path_factory.mktemp("own") / "tiny").folder


@pytest.fixture
def test(monkeypatch: pytest.MonkeyPatch, folder: Path) -> AppTest:
    return open_page(monkeypatch, folder)


def open_page(monkeypatch: pytest.MonkeyPatch, folder: Path, **query: str) -> AppTest:
    monkeypatch.setenv("COVERAGE_STUDY", str(folder))
    test = AppTest.from_function(page, default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    return fine(test.run())


def fine(test: AppTest) -> AppTest:
    assert not test.exception
    return test


def bring(test: AppTest, name: str, data: bytes | str, *, kind: str = "corrections") -> AppTest:
    if test.selectbox(key="own-kind").value != kind:
        test.selectbox(key="own-kind").set_value(kind).run()
    content = data.encode() if isinstance(data, str) else data
    return fine(test.file_uploader[0].upload(name, content, "text/csv").run())


def corrected(test: AppTest) -> int:
    return int(test.text[-1].value.removeprefix("corrected: "))


def check(test: AppTest) -> AppTest:
    return fine(test.button(key="own-check").click().run())


def keys(test: AppTest) -> list[str]:
    return [button.key for button in test.button if str(button.key).startswith("own-")]


def mapped(test: AppTest, text: str = CORRECTIONS) -> AppTest:
    bring(test, "Rettelser (1).csv", text)
    return fine(test.selectbox(key="upload-col-place_id").set_value("sted_nr").run())


def test_the_way_from_a_file_to_the_map_and_back(test: AppTest) -> None:
    assert corrected(test) == 0
    mapped(test)
    assert test.selectbox(key="upload-col-correction").value == "Feil"
    assert test.selectbox(key="upload-col-office").value == "Kontor"
    check(test)
    assert [(metric.label, metric.value) for metric in test.metric] == [
        ("rows read", "3"),
        ("used", "2"),
        ("rejected", "1"),
        ("left out", "0"),
    ]
    assert test.dataframe[-1].value[["row", "field", "value"]].to_numpy().tolist() == [[3, "sted_nr", "p99"]]
    assert any("1 of 3 rows rejected" in element.value for element in test.markdown)
    fine(test.button(key="own-use").click().run())
    assert corrected(test) == 2
    assert any("With your file Rettelser\\_1.csv" in element.value.replace("\\.", ".") for element in test.markdown)
    fine(test.button(key="own-out-rettelser-1").click().run())
    assert corrected(test) == 0
    assert keys(test) == []


def test_no_other_session_sees_it_and_equal_files_share_the_work(
    monkeypatch: pytest.MonkeyPatch, test: AppTest, folder: Path
) -> None:
    fine(check(mapped(test)).button(key="own-use").click().run())
    other = open_page(monkeypatch, folder)
    assert (corrected(test), corrected(other)) == (2, 0)
    assert keys(other) == []
    assert not any("With your file" in element.value for element in other.markdown)
    made = []
    prepare = work.pipeline.prepare
    monkeypatch.setattr(work.pipeline, "prepare", lambda *args, **more: made.append(1) or prepare(*args, **more))
    fine(check(mapped(other)).button(key="own-use").click().run())
    assert corrected(other) == 2
    assert made == [], "the same file, read in the same way, is prepared once"
    desks = [session.session_state[Key.DESK] for session in (test, other)]
    assert desks[0].folder != desks[1].folder
    assert [desk.used["rettelser-1"].spec.path.parent for desk in desks] == [desk.folder for desk in desks]
    # The same file read in another way is another study.
    fine(other.button(key="own-out-here-rettelser-1").click().run())
    bring(other, "Rettelser (1).csv", CORRECTIONS)
    fine(other.selectbox(key="upload-col-place_id").set_value("sted_nr").run())
    fine(other.text_input(key="upload-supplier").set_value("Another").run())
    fine(check(other).button(key="own-use").click().run())
    assert made == [1]
    assert (corrected(test), corrected(other)) == (2, 2)


def test_the_saved_block_gives_the_same_result_and_fills_the_form_again(test: AppTest, tmp_path: Path) -> None:
    fine(check(mapped(test)).button(key="own-use").click().run())
    desk = test.session_state[Key.DESK]
    upload = desk.used["rettelser-1"]
    block = source_block(upload.table)
    lasting = tiny_study(tmp_path / "lasting").folder
    (lasting / upload.spec.path.name).write_bytes(upload.spec.path.read_bytes())
    with (lasting / "study.toml").open("a", encoding="utf-8") as file:
        file.write("\n" + block)
    kept = Study.open(lasting).load()
    used = desk.apply(Study.open(lasting).without("rettelser-1")).load()
    pd.testing.assert_frame_equal(kept.corrections, used.corrections)
    fine(test.button(key="own-out-rettelser-1").click().run())
    fine(test.file_uploader[1].upload("rettelser-1.toml", block.encode(), "application/toml").run())
    bring(test, "neste.csv", CORRECTIONS)
    assert test.selectbox(key="upload-col-place_id").value == "sted_nr"
    assert check(test).metric[1].value == "2"


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("tom.csv", "", "the file is empty"),
        ("bare_hode.csv", "a;b\n", "the file has a header but no rows"),
        ("ødelagt.zip", "PK", "not a readable archive"),
        ("ødelagt.xlsx", "PK", "not a readable"),
        ("ødelagt.gpkg", "SQLite format 3", "not a readable vector file"),
        ("blandet.csv", b"a;b\n" + "æøå;1\n".encode() + b"\xe6\xf8\xe5;2\n", "one encoding throughout"),
        ("bombe.csv.gz", gzip.compress(b"0" * 60_000_000), "times its size"),
    ],
)
def test_a_bad_file_is_one_sentence_and_nothing_changes(
    test: AppTest, name: str, data: bytes | str, sentence: str
) -> None:
    bring(test, name, data)
    told = " ".join(error.value for error in test.error).replace("\\", "")
    assert sentence in told
    assert len(test.error) == 1
    assert "own-check" not in keys(test)
    assert corrected(test) == 0


def test_an_archive_that_leads_out_of_itself_is_refused(test: AppTest) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../evil.csv", "a;b\n1;2\n")
    bring(test, "arkiv.zip", packed.getvalue())
    assert "leads out of it" in test.error[0].value.replace("\\", "")


def test_a_file_without_usable_rows_can_be_corrected_but_not_used(test: AppTest) -> None:
    bring(test, "alt_feil.csv", CORRECTIONS.replace("p0", "q0"))
    fine(test.selectbox(key="upload-col-place_id").set_value("sted_nr").run())
    check(test)
    assert "all 3 rows were rejected" in test.error[0].value.replace("\\", "")
    assert "own-use" not in keys(test)
    assert len(test.dataframe[-1].value) == 3
    fine(test.button(key="own-aside").click().run())
    assert keys(test) == []
    assert corrected(test) == 0


def test_wrong_columns_are_asked_for_before_anything_is_read(test: AppTest) -> None:
    bring(test, "annet.csv", "a;b\n1;2\n")
    assert test.button(key="own-check").disabled
    asked = [element.value for element in test.markdown if "arrow_right" in element.value]
    assert [text.partition(" ")[2] for text in asked] == [
        "Say which column is “what is wrong”, or give one value for all rows.",
        "Say which column is “comment”, or give one value for all rows.",
        "Say which column is “who says so”, or give one value for all rows.",
        "Say which column names the place: its id, its address or its coordinates.",
    ]


def test_one_value_can_stand_for_all_rows(test: AppTest) -> None:
    bring(test, "liste.csv", "sted_nr\np00\np01\n")
    for name, value in (("correction", "not_inhabited"), ("comment", "befaring"), ("office", "Vestby kommune")):
        fine(test.selectbox(key=f"upload-col-{name}").set_value("\0one").run())
        field = test.selectbox if name == "correction" else test.text_input
        fine(field(key=f"upload-one-{name}").set_value(value).run())
    fine(test.selectbox(key="upload-col-place_id").set_value("sted_nr").run())
    assert check(test).metric[1].value == "2"


def test_words_are_given_their_meaning_and_coordinates_their_system(test: AppTest) -> None:
    rows = f"slag;x;y\nbolig;{X0 + 2000};{Y0 + 2000}\nnaust;{X0 + 2500};{Y0 + 2500}\n"
    bring(test, "hus.csv", rows, kind="premises")
    fine(test.selectbox(key="upload-col-kind").set_value("slag").run())
    assert "coordinate system" in [text.value for text in test.markdown if "arrow_right" in text.value][-1]
    assert test.selectbox(key="upload-crs").value is None, "a coordinate system is never guessed"
    fine(test.selectbox(key="upload-crs").set_value(CRS).run())
    words = {box_.label: box_ for box_ in test.selectbox if str(box_.key).startswith("upload-word-kind-")}
    assert set(words) == {"bolig", "naust"}
    fine(words["bolig"].set_value("household").run())
    check(test)
    assert test.metric[1].value == "1"
    words = {box_.label: box_ for box_ in test.selectbox if str(box_.key).startswith("upload-word-kind-")}
    fine(words["naust"].set_value("holiday").run())
    assert "own-use" not in keys(test), "what the form says has changed since the check"
    assert check(test).metric[1].value == "2"


def test_planned_builds_come_as_areas_with_their_day(test: AppTest, tmp_path: Path) -> None:
    area = gpd.GeoDataFrame(
        {"Tilbyder": ["A Fiber"], "Teknologi": ["fiber"], "Ned": [1000], "Opp": [1000], "Ferdig": ["31.12.2025"]},
        geometry=[box(X0, Y0, X0 + 9000, Y0 + 9000)], crs=CRS,
    )  # fmt: skip
    area.to_file(tmp_path / "a.gpkg", layer="planer")
    area.head(1).to_file(tmp_path / "a.gpkg", layer="andre")
    bring(test, "planer.gpkg", (tmp_path / "a.gpkg").read_bytes(), kind="plans")
    assert "own-check" not in keys(test), "the file has two layers"
    fine(test.selectbox(key="upload-layer").set_value("planer").run())
    assert test.selectbox(key="upload-shape").value == "polygon"
    assert test.selectbox(key="upload-col-available_from").value == "Ferdig"
    assert "upload-col-status" not in [box_.key for box_ in test.selectbox]
    assert check(test).metric[1].value == "1"
    fine(test.button(key="own-use").click().run())
    (spec,) = (upload.spec for upload in test.session_state[Key.DESK].used.values())
    assert dict(spec.constants) == {"status": "planned"}
    assert dict(spec.values) == {"technology": {"fiber": "fibre"}}
    assert spec.layer == "planer"


def test_a_file_that_the_study_does_not_bear_is_taken_out_again(monkeypatch: pytest.MonkeyPatch, test: AppTest) -> None:
    check(mapped(test, CORRECTIONS.replace("Stengt", "Fraflyttet")))

    def fail(*args: object, **more: object) -> None:
        raise DataError("rettelser: does not fit the rest")

    monkeypatch.setattr(work.pipeline, "prepare", fail)
    fine(test.button(key="own-use").click().run())
    assert "rettelser: does not fit the rest. It was taken out." in test.error[0].value.replace("\\", "")
    assert corrected(test) == 0
    assert keys(test) == []


def test_names_and_contents_are_never_markup(test: AppTest) -> None:
    rows = CORRECTIONS.replace("Feil", "<b>Feil</b>").replace("Stengt", "=cmd|'/C calc'!A0")
    bring(test, "<script>alert(1)<script>.csv", rows)
    texts = [element.value for element in (*test.markdown, *test.caption, *test.html)]
    assert not any("<script>alert" in text or "<b>Feil" in text for text in texts)
    assert "<b>Feil</b>" in test.dataframe[0].value.columns, "a table shows it as text"


def test_files_are_not_offered_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    from maps import session
    from maps.session import View

    def alone() -> None:
        from maps import session
        from maps.pages import uploads

        uploads.render(session.current())

    public = dataclasses.replace(toy.assessment(), audience=Audience("public"))
    monkeypatch.setattr(session, "current", lambda: View(public, "", ""))
    test = fine(AppTest.from_function(alone, default_timeout=30).run())
    assert not test.file_uploader
    assert "on a server that is theirs alone" in test.info[0].value


def test_the_form_is_norwegian_too(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    with language.using("nb"):  # AppTest makes labels of the fields' values outside the session
        test = check(mapped(open_page(monkeypatch, folder, lang="nb")))
    assert test.selectbox(key="upload-col-correction").label == "hva som er feil *"
    assert [metric.label for metric in test.metric] == ["rader lest", "brukt", "avvist", "utelatt"]
    assert test.dataframe[-1].value["reason"].tolist() == ["er ikke place_id for noen enhet i studien"]


def test_everything_that_the_form_can_show_has_a_name() -> None:
    offered = {kind.role for kind in KINDS.values()}
    fields = [field for role in offered for field in ROLES[role].fields]
    assert {field.name for field in fields} <= set(FIELDS)
    assert {value for field in fields for value in field.allowed} <= {*VALUES, *WORDS}


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_template_has_our_columns_and_says_that_its_row_is_made_up(kind: str, tmp_path: Path) -> None:
    table = upload_templates.template(kind)
    known = {field.name for field in ROLES[KINDS[kind].role].fields} | set(FIELDS)
    assert set(table.columns) - {"example"} <= known
    assert table["example"].tolist() == ["EXAMPLE: made up, delete this row"]
    needed = {field.name for field in ROLES[KINDS[kind].role].fields if field.required}
    assert needed <= {*table.columns, *KINDS[kind].constants}
    for write, ending in ((upload_templates._csv(table), "csv"), (upload_templates._xlsx(table), "xlsx")):
        write(tmp_path / f"a.{ending}")
        assert (tmp_path / f"a.{ending}").stat().st_size > 50


def test_a_filled_address_form_is_used_without_a_mapping_by_hand(
    monkeypatch: pytest.MonkeyPatch, test: AppTest, tmp_path: Path
) -> None:
    made: dict[str, Callable[[], bytes]] = {}
    monkeypatch.setattr(st, "download_button", lambda label, data, **_: made.update({label: data}))
    fine(test.selectbox(key="own-form").set_value("5001").run())
    path = tmp_path / "form.xlsx"
    path.write_bytes(made["Address form of Vestby, Excel"]())
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[1]
    at = {cell.value: cell.column for cell in sheet[HEADER + 1]}
    row = next(row for row in range(HEADER + 2, sheet.max_row) if sheet.cell(row, at["Reason"]).value)
    sheet.cell(row, at["What is wrong"]).value = "not inhabited"
    sheet.cell(row, at["Comment"]).value = "stands empty"
    new = next(row for row in range(HEADER + 2, sheet.max_row) if sheet.cell(row, at["What is wrong"]).value)
    new = max(new, sheet.max_row - 3)
    told = {"Address": "Nyveien 1", "Right kind": "business", "Comment": "new", "Longitude (WGS84)": 10.5}
    for label, value in {**told, "Latitude (WGS84)": 63.38}.items():
        sheet.cell(new, at[label]).value = value
    book.save(path)
    bring(test, "form.xlsx", path.read_bytes())
    assert not [element for element in test.selectbox if element.key == "upload-sheet"], "found without naming it"
    assert test.selectbox(key="upload-col-comment").value == "Comment"
    assert not [element for element in test.selectbox if element.key == "upload-crs"], "the form says it"
    fine(test.button(key="own-check").click().run())
    assert {metric.label: metric.value for metric in test.metric}["used"] == "2"


def test_a_mapping_that_is_none_is_told(test: AppTest) -> None:
    fine(test.file_uploader[1].upload("x.toml", b"[[sources", "application/toml").run())
    assert "expected a [[sources]] block" in test.error[0].value.replace("\\", "")
