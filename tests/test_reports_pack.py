"""Packs: every report of each municipality in a folder of its own, side by side, all or nothing."""

from __future__ import annotations

import dataclasses
import io
import json
import multiprocessing
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.affinity import translate

from coverage import handouts, side_by_side
from coverage.assessment import Assessment
from coverage.audience import INTERNAL, Audience
from coverage.disclosure import shown_to
from coverage.errors import CoverageError, DataError
from coverage.reports import FORMATS, check_folder, pack, render
from coverage.reports.wording import load_wording
from tests import toy_secret
from tests.command import run
from tests.reported import toy_assessment
from tests.studymaker import TinyStudy, tiny_study

EN = load_wording("en")
EMPTY, LAST = "5999", "5998"  # municipalities without areas; the second has a name that no folder may have
HOSTILE = "../Ærøy: <b>&</b> \N{TENT}" + "y" * 300
CSV = (("gap", "csv"), ("priority", "csv"))
Bytes = dict[str, bytes]


def write_map(assessment: Assessment, path: Path) -> None:
    path.write_text(f"{assessment.study.name}: {len(assessment.places)} places", encoding="utf-8")


def no_map(assessment: Assessment, path: Path) -> None:
    path.write_text("half a map", encoding="utf-8")
    if assessment.municipalities["municipality_code"].tolist() == ["5058"]:
        raise OSError("no room on the disk")


MAPS: Mapping[str, pack.Writer] = {"html": write_map}
BROKEN: Mapping[str, pack.Writer] = {"html": no_map}


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers be forked where they can: they typeset nothing here, and starting afresh takes seconds."""
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    monkeypatch.setattr(side_by_side, "_context", lambda: context)


def quiet(step: str) -> None:
    pass


def contents(folder: Path) -> Bytes:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.fixture(scope="module")
def assessment() -> Assessment:
    """Return the toy with two further municipalities in which nobody lives."""
    plain = toy_assessment()
    towns = plain.municipalities
    first = towns.iloc[[0, 0]].assign(municipality_code=[EMPTY, LAST], name=["Tomvik", HOSTILE])
    first = first.set_geometry([translate(shape, 0, -60_000 * n) for n, shape in enumerate(first.geometry, start=1)])
    return dataclasses.replace(plain, municipalities=pd.concat([towns, first], ignore_index=True))


@pytest.fixture(scope="module")
def packed(assessment: Assessment, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame, list[str]]:
    """Return the folder of all packs, the index and what was told as they were written."""
    folder, steps = tmp_path_factory.mktemp("packed") / "packs", list[str]()
    index = pack.write_packs(
        assessment,
        folder,
        reports=pack.asked_for("all", None, INTERNAL),
        writers=MAPS,
        workers=1,
        progress=steps.append,
    )
    return folder, index, steps


def test_each_municipality_has_every_report_in_every_format(
    assessment: Assessment, packed: tuple[Path, pd.DataFrame, list[str]]
) -> None:
    folder, _, steps = packed
    files = {pack.file_name(report, kind) for report, kinds in FORMATS.items() for kind in kinds}
    assert len(files) == sum(map(len, FORMATS.values()))
    towns = [item for item in folder.iterdir() if item.is_dir()]
    assert {item.name for item in folder.iterdir()} == {"index.csv", "run.json", *(town.name for town in towns)}
    assert [town.name[:4] for town in sorted(towns)] == ["5001", "5058", LAST, EMPTY]
    for town in towns:
        assert {path.name for path in town.iterdir()} == files
    told = [step.split()[0] for step in steps]
    assert told[:2] == ["5001", "5058"] or told[:2] == ["5058", "5001"], "the largest are begun first"
    assert sorted(told) == ["5001", "5058", LAST, EMPTY]
    assert steps[-1].endswith("(4/4)")


def test_the_index_tells_of_every_file(assessment: Assessment, packed: tuple[Path, pd.DataFrame, list[str]]) -> None:
    folder, index, _ = packed
    read = pd.read_csv(folder / "index.csv", dtype={"municipality_code": str})
    assert read["file"].tolist() == index["file"].tolist() == sorted(read["file"])
    assert {name: (folder / name).stat().st_size for name in read["file"]} == dict(
        zip(read["file"], read["bytes"], strict=True)
    )
    one = read.drop_duplicates("municipality_code").set_index("municipality_code")
    assert one["areas"].sum() == len(assessment.areas)
    assert one["grant"].sum() == pytest.approx(assessment.areas["grant"].sum(), abs=1)
    assert one["funded_areas"].sum() == (assessment.areas["decision"] == "fund").sum()
    assert one.loc[EMPTY, ["areas", "premises", "grant", "funded_areas"]].tolist() == [0, 0, 0, 0]
    assert set(read["data_status"]) == {"synthetic"}
    assert set(read["currency"]) == {"NOK"}


def test_a_pack_holds_what_single_reports_hold(
    assessment: Assessment, packed: tuple[Path, pd.DataFrame, list[str]], tmp_path: Path
) -> None:
    (town,) = packed[0].glob("5001-*")
    for report, kinds in FORMATS.items():
        for kind in set(kinds) - {"html"}:
            path = tmp_path / pack.file_name(report, kind)
            render(assessment, report, format=kind, path=path, municipality=["5001"])
            if kind == "gpkg":  # the free bytes of SQLite are not promised
                for layer in gpd.list_layers(path)["name"]:
                    pd.testing.assert_frame_equal(
                        gpd.read_file(path, layer=layer), gpd.read_file(town / path.name, layer=layer)
                    )
            else:
                assert path.read_bytes() == (town / path.name).read_bytes(), path.name
    part = assessment.places["municipality_code"] == "5001"
    assert (town / "map.html").read_text(encoding="utf-8") == f"Toytown: {part.sum()} places"


def test_a_municipality_without_areas_is_told_so(packed: tuple[Path, pd.DataFrame, list[str]]) -> None:
    (town,) = packed[0].glob(f"{EMPTY}-tomvik")
    assert len(pd.read_csv(town / "gap-report.csv")) == len(pd.read_csv(town / "priority-list.csv")) == 0
    said = EN.text("gap", "no_areas")
    for name in ("gap-report", "priority-list"):
        text = " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(town / f"{name}.pdf").pages).split())
        assert said in text


def test_run_json_lists_the_files_so_that_a_later_run_may_replace_them(
    assessment: Assessment, packed: tuple[Path, pd.DataFrame, list[str]], tmp_path: Path
) -> None:
    listed = json.loads((packed[0] / "run.json").read_text(encoding="utf-8"))
    assert set(listed["files"]) == {*packed[1]["file"], "index.csv"}
    assert all(len(item["sha256"]) == 64 for item in listed["files"].values())
    assert listed["audience"] == "internal"
    check_folder(packed[0])
    folder = tmp_path / "packs"
    pack.write_packs(assessment, folder, reports=CSV, workers=1, progress=quiet)
    pack.write_packs(assessment, folder, reports=CSV[:1], municipality=["5058"], workers=1, progress=quiet)
    (town,) = (item for item in folder.iterdir() if item.is_dir())
    assert [item.name for item in town.iterdir()] == ["gap-report.csv"]
    (town / "my notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match=f"holds '{town.name}/my notes.txt', which an earlier run did not write"):
        pack.write_packs(assessment, folder, reports=CSV, workers=1, progress=quiet)
    assert (town / "my notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.usefixtures("forked")
def test_side_by_side_writes_what_one_after_the_other_does(assessment: Assessment, tmp_path: Path) -> None:
    reports = (*CSV, ("gap", "geojson"), ("gap", "html"))
    told = list[str]()
    for name, workers, step in (("one", 1, quiet), ("two", 2, told.append)):
        pack.write_packs(assessment, tmp_path / name, reports=reports, writers=MAPS, workers=workers, progress=step)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert sorted(step.split()[0] for step in told) == ["5001", "5058", LAST, EMPTY]


@pytest.mark.usefixtures("forked")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_failure_names_municipality_and_file_and_leaves_what_was_there(
    assessment: Assessment, tmp_path: Path, workers: int
) -> None:
    folder = tmp_path / "packs"
    pack.write_packs(assessment, folder, reports=CSV[:1], workers=1, progress=quiet)
    before = contents(folder)
    with pytest.raises(CoverageError, match=r"^.+ \(5058\): map\.html cannot be written: no room on the disk$"):
        pack.write_packs(
            assessment, folder, reports=(("gap", "html"),), writers=BROKEN, workers=workers, progress=quiet
        )
    assert contents(folder) == before
    assert [item.name for item in tmp_path.iterdir()] == ["packs"]


# --- for whom ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secret() -> Assessment:
    return toy_secret.assessment()


@pytest.mark.parametrize("whom", sorted(toy_secret.FORBIDDEN))
def test_a_pack_holds_what_its_audience_may_have(secret: Assessment, whom: str, tmp_path: Path) -> None:
    audience = Audience.parse(whom)
    shown = shown_to(secret, audience)
    reports = pack.asked_for("all", None, audience)
    assert {report for report, _ in reports} == {"gap", "priority"}, "lists of addresses are for those who work with it"
    text = tuple(item for item in reports if item[1] in ("csv", "geojson"))
    pack.write_packs(shown, tmp_path / "packs", reports=text, workers=1, progress=quiet)
    every = b"".join(contents(tmp_path / "packs").values()).decode()
    assert not [token for token in toy_secret.FORBIDDEN[whom] if token in every]
    assert json.loads((tmp_path / "packs" / "run.json").read_text(encoding="utf-8"))["audience"] == whom


# --- names ---------------------------------------------------------------------------------------------------------


def test_a_folder_has_a_name_that_every_system_takes(assessment: Assessment) -> None:
    assert {order.code: order.folder for order in pack.orders(assessment)}[LAST] == f"{LAST}-aeroy-b-b-{'y' * 37}"
    assert pack.slug("Raarvihke - Røyrvik") == "raarvihke-royrvik"
    assert pack.slug("Åre/Ås") == "are-as"


@given(
    st.lists(st.text(max_size=60), min_size=1, max_size=6),
    st.lists(st.text(max_size=4), min_size=1, max_size=6, unique=True),
)
def test_names_of_folders_are_safe_and_each_municipalitys_own(names: list[str], codes: list[str]) -> None:
    towns = pd.DataFrame({"municipality_code": codes, "name": [names[n % len(names)] for n in range(len(codes))]})
    found = pack.orders(SimpleNamespace(municipalities=towns))  # type: ignore[arg-type]
    folders = [order.folder for order in found]
    assert len({folder.lower() for folder in folders}) == len(codes)
    assert all(set(folder) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and folder[0] != "-" for folder in folders)
    assert all(0 < len(folder) < 110 for folder in folders)


def test_an_unknown_municipality_is_one_sentence(assessment: Assessment, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="municipality '1234' is not in this assessment"):
        pack.write_packs(assessment, tmp_path / "x", reports=CSV, municipality=["1234"], workers=1, progress=quiet)
    assert list(tmp_path.iterdir()) == []


# --- one zip -------------------------------------------------------------------------------------------------------


def test_a_zip_holds_the_pack_of_one_municipality(
    assessment: Assessment, packed: tuple[Path, pd.DataFrame, list[str]]
) -> None:
    made = pack.zipped(assessment, EMPTY, writers=MAPS)
    (town,) = packed[0].glob(f"{EMPTY}-*")
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.testzip() is None
        held = {name: archive.read(name) for name in archive.namelist()}
    plain = {f"{town.name}/{path.name}": path.read_bytes() for path in town.iterdir()}
    assert held.keys() == plain.keys()
    assert {name for name in held if held[name] != plain[name]} <= {f"{town.name}/gap-report.gpkg"}


# --- the command line ----------------------------------------------------------------------------------------------


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    return tiny_study(tmp_path / "tiny")


def test_the_command_writes_a_folder_for_each_municipality(
    tiny: TinyStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack, "cores", lambda: 1)
    out = tmp_path / "packs"
    done = run("report", "all", tiny.folder, "--each-municipality", "--format", "csv", "--out", out, "--lang", "nb")
    assert done.returncode == 0, done.stderr
    towns = ["5001-vestby", "5002-ostby-nuortta"]
    names = ["address-list.csv", "gap-report.csv", "priority-list.csv"]
    assert sorted(contents(out)) == sorted(
        ["index.csv", "run.json", *(f"{town}/{name}" for town in towns for name in names)]
    )
    assert "writing 2 municipalities" in done.stderr
    assert "5002 Østby - Nuortta (" in done.stderr
    assert f"wrote 6 files for 2 municipalities into {out}" in done.stderr


def test_all_reports_of_a_selection_are_one_folder(assessment: Assessment, tmp_path: Path) -> None:
    asked = handouts.Asked("all", None, tmp_path / "one", municipality=("5001", "5058"))
    asked.require(INTERNAL)
    asked = dataclasses.replace(asked, format="csv")
    assert handouts.write(asked, assessment, language="en", writers=MAPS) == f"wrote {tmp_path / 'one'}"
    held = contents(tmp_path / "one")
    assert sorted(held) == ["address-list.csv", "gap-report.csv", "priority-list.csv", "run.json"]
    render(assessment, "priority", format="csv", path=tmp_path / "p.csv", municipality=["5001", "5058"])
    assert held["priority-list.csv"] == (tmp_path / "p.csv").read_bytes()
    asked = dataclasses.replace(asked, municipality=())
    handouts.write(asked, assessment, language="en", writers=MAPS)
    assert sorted(contents(tmp_path / "one")) == ["gap-report.csv", "priority-list.csv", "run.json"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("priority", "--each-municipality", "--verify", "x.csv"), "--verify is of one priority list"),
        (("gap", "--each-municipality", "--out", "x", "--area", "A"), "leave --area and --technology away"),
        (("gap", "--each-municipality"), "--out is needed; expected the folder"),
        (("all", "--municipality", "5001"), "--out is needed; expected the folder"),
        (("priority", "--each-municipality", "--out", "x", "--format", "gpkg"), "no priority report as 'gpkg'"),
        (("all", "--each-municipality", "--out", "x", "--format", "docx"), "no report as 'docx'; expected one of xlsx"),
        (("everything", "--each-municipality", "--out", "x"), "no report 'everything'"),
        (("gap", "--format", "csv"), "--format and --out are needed"),
        (("addresses", "--each-municipality", "--out", "x", "--audience", "public"), "not made for the audience"),
        (("addresses", "--format", "csv", "--out", "x"), "expected --municipality or --area"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_one_sentence(
    arguments: tuple[str, ...], said: str, tiny: TinyStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("report", arguments[0], tiny.folder, *arguments[1:])
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert [item.name for item in tmp_path.iterdir()] == ["tiny"]


def test_a_folder_with_other_files_is_refused_before_the_work(tiny: TinyStudy, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine", encoding="utf-8")
    done = run("report", "all", tiny.folder, "--each-municipality", "--out", tmp_path / "mine")
    assert done.returncode == 2
    assert "holds 'notes.txt', which an earlier run did not write" in done.stderr
    assert "…" not in done.stderr, "nothing was read"
