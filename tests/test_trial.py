"""One more source: with_source and without, tried before it is used, written as a block, and known by its contents."""

from __future__ import annotations

import datetime as dt
import shutil
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from coverage.errors import DataError
from coverage.sources.written import source_block
from coverage.study import Study
from coverage.trial import try_source
from tests.studymaker import tiny_study

CORRECTIONS = "nr;hva er feil;kommentar;kontor\np00;nedlagt;Stengt;Vestby\np01;ikke bebodd;Tom;Vestby\n"
TABLE = {
    "id": "rettelser",
    "role": "corrections",
    "kind": "table",
    "path": "rettelser.csv",
    "supplier": 'Vestby "kommune"',
    "as_of": dt.date(2024, 5, 1),
    "columns": {"place_id": "nr", "correction": "hva er feil", "comment": "kommentar", "office": "kontor"},
}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.open(tiny_study(tmp_path / "tiny").folder)


def brought(study: Study, folder: Path, text: str = CORRECTIONS, **changes: object):
    folder.mkdir(exist_ok=True)
    table = {**TABLE, **changes}
    (folder / str(table["path"])).write_text(text, encoding="utf-8")
    return study.upload(table, folder=folder)


def test_a_study_has_one_more_source_and_loses_it_again(study: Study, tmp_path: Path) -> None:
    spec = brought(study, tmp_path / "mine")
    more = study.with_source(spec)
    assert [source.id for source in more.sources][-1] == "rettelser"
    assert more.with_source(spec) == more
    assert more.without("rettelser") == study
    assert study.without("none of this id") == study
    changed = brought(study, tmp_path / "mine", supplier="another")
    assert [source.supplier for source in more.with_source(changed).sources if source.uploaded] == ["another"]
    corrected = more.load().corrections
    assert corrected["place_id"].tolist() == ["p00", "p01"]


def test_an_upload_is_known_by_its_contents_and_its_mapping_not_by_where_it_lies(study: Study, tmp_path: Path) -> None:
    one, other = brought(study, tmp_path / "one"), brought(study, tmp_path / "other")
    assert one != other
    assert study.with_source(one).brought == study.with_source(other).brought
    assert study.with_source(one).fingerprint() == study.with_source(other).fingerprint()
    changed = (
        brought(study, tmp_path / "a", text=CORRECTIONS.replace("Tom", "Full")),
        brought(study, tmp_path / "b", columns={**TABLE["columns"], "name": "kontor"}),
        brought(study, tmp_path / "c", id="andre"),
    )
    marks = [study.with_source(spec).fingerprint() for spec in (one, *changed)]
    assert all(first != second for at, first in enumerate(marks) for second in marks[at + 1 :])
    assert {"upload/rettelser.csv", "upload/rettelser.csv as rettelser"} <= set(marks[0])
    assert study.fingerprint().items() <= marks[0].items()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path": "../rettelser.csv"}, "leads outside"),
        ({"path": "/etc/passwd"}, "leads outside"),
        ({"id": "premises"}, "has a source 'premises' already"),
        ({"root": "data"}, "lies under the data root"),
        ({"options": {"postcodes": "../study.toml"}}, "leads outside"),
        ({"options": {"postcodes": "other.csv"}}, "names other files"),
        ({"columns": {"provder": "x"}}, "the nearest known is 'provider'"),
        ({"role": "correction"}, "the nearest known is 'corrections'"),
    ],
)
def test_a_table_that_names_more_than_its_file_is_refused(
    study: Study, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "rettelser.csv").write_text(CORRECTIONS, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        study.upload({**TABLE, **changes}, folder=folder)


def test_a_trial_says_what_became_of_the_file_and_nothing_of_the_study(study: Study, tmp_path: Path) -> None:
    text = CORRECTIONS + "p99;ikke bebodd;Tom;Vestby\np02;ødelagt;?;Vestby\n"
    found = try_source(study, brought(study, tmp_path / "mine", text=text))
    assert found.usable
    assert (found.report.rows_read, found.rows_used) == (4, 2)
    assert sorted(found.rejected["row"]) == [3, 4]
    assert {finding.source for finding in found.findings} == {"rettelser"}
    assert any("2 of 4 rows rejected" in finding.text for finding in found.findings)
    assert not any("scope" in finding.text for finding in found.findings)


def test_a_file_that_cannot_be_used_is_told_and_not_raised(study: Study, tmp_path: Path) -> None:
    found = try_source(study, brought(study, tmp_path / "mine", text="a;b\n1;2\n"))
    assert not found.usable
    assert "no column 'nr'" in found.failure
    assert found.report is None
    none = try_source(study, brought(study, tmp_path / "none", text=CORRECTIONS.replace("p0", "q0")))
    assert "all 2 rows were rejected" in none.failure
    assert len(none.rejected) == 2


def test_premises_are_tried_beside_those_that_are_there(study: Study, tmp_path: Path) -> None:
    premises = pd.read_csv(study.folder / "premises.csv", sep=";").head(2).assign(id=["p00", "new"], name="Same")
    own = next(source for source in study.sources if source.id == "premises")
    folder = tmp_path / "mine"
    folder.mkdir()
    premises.to_csv(folder / "more.csv", sep=";", index=False)
    table = {
        "id": "more", "role": "premises", "kind": "table", "path": "more.csv", "crs": own.crs,
        "columns": dict(own.columns), "values": {"kind": {"B": "business", "H": "household"}},
    }  # fmt: skip
    found = try_source(study, study.upload(table, folder=folder))
    assert found.rejected["reason"].tolist() == ["is a repeated place_id; the first row with it is kept"]
    assert found.rows_used == 1


def test_a_block_makes_the_file_a_lasting_part_of_the_study(study: Study, tmp_path: Path) -> None:
    spec = brought(study, tmp_path / "mine")
    with_upload = study.with_source(spec).load()
    folder = tmp_path / "copy"
    shutil.copytree(study.folder, folder)
    shutil.copy(spec.path, folder)
    with (folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write("\n" + source_block(TABLE))
    lasting = Study.open(folder).load()
    assert_frame_equal(lasting.corrections, with_upload.corrections)
    assert_frame_equal(lasting.places, with_upload.places)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    columns=st.dictionaries(texts, texts, max_size=4),
    words=st.dictionaries(texts, st.one_of(texts, st.booleans()), max_size=4),
    numbers=st.lists(st.one_of(st.integers(-(2**60), 2**60), st.floats(allow_nan=False)), max_size=3),
)
def test_any_text_survives_the_block(columns: dict, words: dict, numbers: list) -> None:
    table = {
        **TABLE, "columns": columns, "values": {"kind": words}, "options": {"numbers": numbers, "flag": True},
    }  # fmt: skip
    (read,) = tomllib.loads(source_block(table))["sources"]
    expected = {key: value for key, value in table.items() if value != {}}
    expected["values"] = {"kind": words} if words else {}
    assert {**read, "values": read.get("values", {})} == expected


def test_a_block_refuses_what_no_source_says() -> None:
    with pytest.raises(DataError, match="no key 'colums'"):
        source_block({"colums": {}})
    with pytest.raises(DataError, match="cannot stand in"):
        source_block({"options": {"x": None}})
