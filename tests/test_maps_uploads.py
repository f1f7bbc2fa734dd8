"""The files of one session: names, limits, what is in use, what is given back, and that nothing is left behind."""

from __future__ import annotations

import gc
import os
import time
from pathlib import Path

import pytest

from coverage.errors import DataError
from coverage.study import Study
from maps import uploads
from maps.uploads import Desk, Upload, read_mapping, safe_name
from tests.studymaker import tiny_study

TABLE = {
    "id": "rettelser",
    "role": "corrections",
    "kind": "table",
    "path": "rettelser.csv",
    "columns": {"place_id": "id", "correction": "feil"},
}


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the files of these tests apart from those of any server on this machine."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(uploads.tempfile, "gettempdir", lambda: str(folder))
    monkeypatch.setattr(uploads.tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("rettelser.csv", "rettelser.csv"),
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\Users\\kari\\Dokumenter\\Blåbær 2025.XLSX", "Blåbær_2025.xlsx"),
        ("/absolute/a.gpkg", "a.gpkg"),
        ('<img src=x onerror="alert(1)">.csv', "img_src_x_onerror_alert_1.csv"),
        ("=cmd|' /C calc'!A0.csv", "C_calc_A0.csv"),
        ("a\0b\n.csv", "a_b.csv"),
        (".csv", "file.csv"),
        ("....csv", "file.csv"),
        ("data.csv.gz", "data.csv.gz"),
        ("x" * 300 + ".zip", "x" * 60 + ".zip"),
        ("🙂.geojson", "file.geojson"),
        ("a;b!c?.gpkg", "a_b_c.gpkg"),
    ],
)
def test_a_name_from_elsewhere_leaves_only_its_last_part(given: str, kept: str) -> None:
    assert safe_name(given) == kept


@pytest.mark.parametrize("given", ["virus.exe", "none", "a.shp", "a.csv/", "study.toml", "page.html", "a.py"])
def test_other_endings_are_refused(given: str) -> None:
    with pytest.raises(DataError, match="expected"):
        safe_name(given)


def test_a_file_lies_in_a_folder_of_the_session_alone(own_folder: Path) -> None:
    desk, other = Desk(), Desk()
    path = desk.keep("../a.csv", b"x\n1\n")
    assert path.parent == desk.folder
    assert path.parent.parent == own_folder.resolve()
    assert desk.folder != other.folder
    assert desk.folder.stat().st_mode & 0o077 == 0, "nobody else may look into it"
    assert desk.keep("a.csv", b"x\n1\n") == path, "the same again is the same file"
    assert desk.keep("a.csv", b"x\n2\n").name == "a-2.csv"
    assert path.read_bytes() == b"x\n1\n"


def test_what_is_no_file_to_use_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    with pytest.raises(DataError, match=r"a\.csv: the file is empty"):
        desk.open("a.csv", b"")
    monkeypatch.setattr(uploads, "MOST_MB", 0.000001)
    with pytest.raises(DataError, match="larger than"):
        desk.open("a.csv", b"too much")
    monkeypatch.undo()
    with pytest.raises(DataError, match="not a readable archive"):
        desk.open("a.zip", b"PK no archive")
    assert desk.pending is None
    for number in range(uploads.MOST_FILES):
        desk.keep("b.csv", b"%d" % number)
    with pytest.raises(DataError, match="expected another name"):
        desk.keep("b.csv", b"one more")


def test_the_folder_goes_with_the_session_and_after_a_day(own_folder: Path) -> None:
    desk = Desk()
    desk.keep("a.csv", b"x\n")
    assert len(list(own_folder.iterdir())) == 1
    del desk
    gc.collect()
    assert list(own_folder.iterdir()) == []
    old, new = Desk(), Desk()
    old.keep("a.csv", b"x\n")
    day = time.time() - uploads.KEPT_S - 60
    os.utime(old.folder, (day, day))
    new.keep("b.csv", b"x\n")  # whoever comes next tidies up
    assert [path.name for path in own_folder.iterdir()] == [new.folder.name]


def test_files_go_a_while_after_the_reader_unless_the_reader_comes_back(own_folder: Path) -> None:
    gone, back = Desk(), Desk()
    Desk().leave(after_s=0.0)  # nothing was brought
    for desk in (gone, back):
        desk.keep("a.csv", b"x\n")
        desk.leave(after_s=0.05 if desk is gone else 30.0)
    back.stay()
    gone._leaving.join(10)
    assert [path.name for path in own_folder.iterdir()] == [back.folder.name]
    assert back._leaving is None
    uploads.remove_all()
    assert list(own_folder.iterdir()) == []


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.open(tiny_study(tmp_path / "tiny").folder)


def in_use(desk: Desk, study: Study, text: bytes = b"id;feil\n", **changes: object) -> Upload:
    path = desk.keep("rettelser.csv", text)
    table = {**TABLE, "path": path.name, **changes}
    upload = Upload(table, study.upload(table, folder=desk.folder))
    desk.use(upload)
    return upload


def test_what_is_in_use_is_in_the_study_until_it_is_taken_out(study: Study) -> None:
    desk = Desk()
    upload = in_use(desk, study)
    assert [source.id for source in desk.apply(study).sources if source.uploaded] == ["rettelser"]
    assert Desk().apply(study) == study, "another session has none of it"
    desk.take_out("rettelser")
    desk.take_out("rettelser")
    assert desk.apply(study) == study
    desk.use(upload)
    upload.spec.path.unlink()
    assert desk.lost() == ["rettelser.csv"]
    assert desk.apply(study) == study
    assert desk.lost() == []


def test_a_file_that_the_study_does_not_bear_is_given_back(study: Study) -> None:
    desk = Desk()
    first = in_use(desk, study)
    assert desk.hold()
    assert not desk.hold(), "nothing new"
    assert desk.give_back() == "", "the study has held with it"
    in_use(desk, study, text=b"id;feil\n1;2\n")
    assert desk.give_back() == "rettelser-2.csv"
    assert desk.used == {"rettelser": first}
    desk.take_out("rettelser")
    in_use(desk, study)
    assert desk.give_back() == "rettelser.csv"
    assert desk.used == {}


def test_a_source_is_named_after_its_file_and_never_as_one_of_the_study(study: Study, tmp_path: Path) -> None:
    desk = Desk()
    assert desk.name_for(tmp_path / "Rettelser Blåb.csv.gz", study) == "rettelser-blab"
    assert desk.name_for(tmp_path / "premises.csv", study) == "upload-premises"
    assert desk.name_for(tmp_path / "Åse (2).csv", study) == "ase-2"
    assert desk.name_for(tmp_path / "中.csv", study) == "file"


def test_a_saved_mapping_says_nothing_of_files() -> None:
    text = (
        '[[sources]]\nid = "x"\nrole = "corrections"\nkind = "table"\npath = "/etc/passwd"\nroot = "data"\n'
        'supplier = "V"\n[sources.columns]\ncomment = "k"\n'
    )
    assert read_mapping(text.encode()) == {"role": "corrections", "supplier": "V", "columns": {"comment": "k"}}


@pytest.mark.parametrize(
    "text",
    ["", "[study]\n", "sources = 3", "[[sources]]\n[[sources]]\n", "[[sources]]\ncolums = 1\n", "\ufffe", "[[sources"],
)
def test_what_is_no_mapping_is_told(text: str) -> None:
    with pytest.raises(DataError, match="the mapping: "):
        read_mapping(text.encode("utf-16" if text == "\ufffe" else "utf-8"))
