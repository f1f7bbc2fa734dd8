"""The command line as its users meet it: exit codes, one sentence, nothing half written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from tests.command import Finished, run, run_apart
from tests.studymaker import TinyStudy, tiny_study

FILES = {
    "places.parquet", "areas.parquet", "assessment.gpkg", "gap-report.xlsx", "gap-report.pdf", "priority-list.xlsx",
    "priority-list.csv", "priority-list.pdf", "map.html", "rejected.csv", "corrections.csv",
    "summary.json", "run.json",
}  # fmt: skip
SAME_BYTES = ("places.parquet", "areas.parquet", "priority-list.csv", "rejected.csv", "corrections.csv", "summary.json")


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    return tiny_study(tmp_path / "study")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Finished]:
    """Return the study, the output folder and the finished run of one assessment with --json."""
    base = tmp_path_factory.mktemp("cli")
    folder = tiny_study(base / "study").folder
    return folder, base / "out", run_apart("assess", folder, "--out", base / "out", "--json")


def test_assess_writes_every_file_and_prints_json_alone(
    done: tuple[Path, Path, Finished],
) -> None:
    _, out, finished = done
    assert finished.returncode == 0, finished.stderr
    assert {path.name for path in out.iterdir()} == FILES
    summary = json.loads(finished.stdout)
    assert summary == json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["data_status"] == "synthetic"
    assert {"places", "gaps", "tiers", "eligible", "funding_gap", "funded", "municipalities"} <= set(summary)


def test_two_runs_give_the_same_bytes(done: tuple[Path, Path, Finished], tmp_path: Path) -> None:
    folder, out, _ = done
    assert run("assess", folder, "--out", tmp_path / "again").returncode == 0
    for name in SAME_BYTES:
        assert (out / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_run_json_traces_every_input(done: tuple[Path, Path, Finished]) -> None:
    folder, out, _ = done
    run_file = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert {"study.toml", *(path.name for path in folder.iterdir())} == set(run_file["inputs"])
    assert all(len(digest) == 64 for digest in run_file["inputs"].values())
    assert run_file["versions"]["geopandas"]
    assert run_file["timings_s"]
    assert run_file["seed"] == 2024


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda tiny: (tiny.folder / "premises.csv").unlink(), "premises.csv"),
        (lambda tiny: (tiny.folder / "study.toml").write_text("[study", encoding="utf-8"), "study.toml"),
        (lambda tiny: (tiny.folder / "mobile.tif").write_bytes(b"II*\0" + b"\0" * 40), "mobile.tif"),
    ],
    ids=["missing file", "broken toml", "not a raster"],
)
def test_unusable_input_is_one_sentence_and_leaves_the_last_output(
    done: tuple[Path, Path, Finished], tiny: TinyStudy, tmp_path: Path, damage: object, sentence: str
) -> None:
    out = tmp_path / "out"
    shutil.copytree(done[1], out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    damage(tiny)  # type: ignore[operator]
    failed = run_apart("assess", tiny.folder, "--out", out)
    assert failed.returncode == 2
    errors = [line for line in failed.stderr.splitlines() if not line.startswith("…")]
    assert len(errors) == 1, failed.stderr
    assert errors[0].startswith("error: ")
    assert sentence in errors[0]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert not [path for path in tmp_path.iterdir() if path.name not in {"out", "study"}]


def test_check_says_what_is_wrong_and_exits_1(tiny: TinyStudy) -> None:
    assert run("check", tiny.folder).returncode == 0
    table = (tiny.folder / "premises.csv").read_text(encoding="utf-8").replace("p03;F", "p03;X")
    (tiny.folder / "premises.csv").write_text(table, encoding="utf-8")
    found = run("check", tiny.folder, "--json")
    assert found.returncode == 1
    rejected = json.loads(found.stdout)["rejected"]
    assert [(item["source"], item["field"], item["rows"]) for item in rejected] == [("premises", "type", 1)]


@pytest.mark.parametrize(
    ("kind", "format_"),
    [("gap", "xlsx"), ("gap", "csv"), ("gap", "geojson"), ("gap", "html"), ("priority", "csv"), ("priority", "pdf")],
)
def test_report_writes_one_file(done: tuple[Path, Path, Finished], tmp_path: Path, kind: str, format_: str) -> None:
    target = tmp_path / f"report.{format_}"
    finished = run("report", kind, done[0], "--format", format_, "--out", target, "--municipality", "5002")
    assert finished.returncode == 0, finished.stderr
    assert target.stat().st_size > 200


def test_a_report_in_norwegian(done: tuple[Path, Path, Finished], tmp_path: Path) -> None:
    target = tmp_path / "liste.xlsx"
    finished = run("report", "priority", done[0], "--format", "xlsx", "--out", target, "--lang", "nb")
    assert finished.returncode == 0, finished.stderr
    assert openpyxl.load_workbook(target).sheetnames[:2] == ["Les meg", "Prioriteringsliste"]


def test_every_output_in_norwegian_with_the_same_data(done: tuple[Path, Path, Finished], tmp_path: Path) -> None:
    folder, out, _ = done
    finished = run("assess", folder, "--out", tmp_path / "ut", "--lang", "nb")
    assert finished.returncode == 0, finished.stderr
    assert {path.name for path in (tmp_path / "ut").iterdir()} == FILES
    assert openpyxl.load_workbook(tmp_path / "ut" / "gap-report.xlsx").sheetnames[0] == "Les meg"
    assert '<html lang="nb"' in (tmp_path / "ut" / "map.html").read_text(encoding="utf-8")
    for name in SAME_BYTES:
        assert (out / name).read_bytes() == (tmp_path / "ut" / name).read_bytes(), name


@pytest.mark.parametrize("command", [("assess",), ("report", "gap")], ids=["assess", "report"])
def test_an_unknown_language_is_one_sentence(tiny: TinyStudy, tmp_path: Path, command: tuple[str, ...]) -> None:
    options = ("--format", "csv") if command[0] == "report" else ()
    finished = run(*command, tiny.folder, *options, "--out", tmp_path / "x", "--lang", "sv")
    assert finished.returncode == 2
    assert finished.stderr == "error: the reports have no texts in language 'sv'; expected one of en, nb\n"
    assert not (tmp_path / "x").exists()


def test_an_unknown_format_is_one_sentence(tiny: TinyStudy, tmp_path: Path) -> None:
    finished = run("report", "priority", tiny.folder, "--format", "docx", "--out", tmp_path / "x.docx")
    assert finished.returncode == 2
    assert "docx" in finished.stderr
    assert not (tmp_path / "x.docx").exists()


def test_an_unknown_policy_names_the_known_ones(tiny: TinyStudy, tmp_path: Path) -> None:
    finished = run("assess", tiny.folder, "--policy", "no-1999", "--out", tmp_path / "out")
    assert finished.returncode == 2
    assert "no-2024" in finished.stderr
    assert not (tmp_path / "out").exists()


def test_contrast_prints_counts_and_writes_a_table(tiny: TinyStudy, tmp_path: Path) -> None:
    target = tmp_path / "contrast.csv"
    finished = run("contrast", tiny.folder, "--against", "eu-2023", "--json", "--out", target)
    assert finished.returncode == 0, finished.stderr
    told = json.loads(finished.stdout)
    assert (told["policy_a"], told["policy_b"]) == ("no-2024", "eu-2023")
    # Norway leaves holiday homes out; under the guidelines they count.
    assert told["only_b"]["premises"] > 0
    assert told["only_b"]["businesses"] == told["only_b"]["households"] == 0
    assert sum(told[name]["premises"] for name in ("both", "only_a", "only_b", "neither")) == told["places"]["premises"]
    lines = target.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("municipality_code,municipality,premises_changed,premises,")
    assert sum(int(line.split(",")[2]) for line in lines[1:]) == told["only_b"]["premises"]
    shown = run("contrast", tiny.folder, "--policy", "eu-2023", "--against", "no-2024", "--lang", "nb")
    assert shown.returncode == 0, shown.stderr
    assert "eu-2023 (A) mot no-2024 (B)" in shown.stdout


def test_contrast_with_itself_or_with_nothing_known_is_one_sentence(tiny: TinyStudy, tmp_path: Path) -> None:
    for against, sentence in (("no-2024", "compared with itself"), ("no-1999", "no-2023")):
        failed = run("contrast", tiny.folder, "--against", against, "--out", tmp_path / "out")
        assert failed.returncode == 2
        assert sentence in failed.stderr
    assert not (tmp_path / "out").exists()


def test_two_runs_are_compared_in_words_and_as_a_table(done: tuple[Path, Path, Finished], tmp_path: Path) -> None:
    folder, out, _ = done
    same = run("compare", out, out)
    assert (same.returncode, len(same.stdout.splitlines())) == (0, 1)
    assert run("assess", folder, "--out", tmp_path / "poor", "--budget", 100_000).returncode == 0
    told = run("compare", out, tmp_path / "poor", "--out", tmp_path / "moved.csv")
    assert "budget" in told.stdout
    table = pd.read_csv(tmp_path / "moved.csv")
    assert set(table["causes"].dropna()) == {"budget"}
    norwegian = run("compare", out, tmp_path / "poor", "--lang", "nb").stdout
    assert "udsjett" in norwegian
    assert json.loads(run("compare", out, tmp_path / "poor", "--json").stdout)
    broken = run("compare", out, tmp_path)
    assert (broken.returncode, len(broken.stderr.strip().splitlines())) == (2, 1)


def test_a_report_is_for_whom_it_is_asked(done: tuple[Path, Path, Finished], tmp_path: Path) -> None:
    path = tmp_path / "gap.csv"
    for asked, told in (
        (("--audience", "public"), "public"),
        (("--operator", "Tiny Fibre"), "operator:Tiny Fibre"),
    ):
        finished = run("report", "gap", done[0], "--format", "csv", "--out", path, *asked)
        assert finished.returncode == 0, finished.stderr
        table = pd.read_csv(path)
        assert table["audience"].unique().tolist() == [told]
        assert table["place_id"].str.startswith("cell-").any() == (told == "public")


@pytest.mark.parametrize(
    ("asked", "words"),
    [(("--audience", "neighbours"), "expected one of internal, council, operator, public"),
     (("--audience", "operator"), "operator:NAME"),
     (("--audience", "public", "--operator", "X"), "has no operator"),
     (("--operator", "Nobody"), "no operator 'Nobody'")],
)  # fmt: skip
def test_a_report_for_nobody_is_one_sentence(
    tiny: TinyStudy, tmp_path: Path, asked: tuple[str, ...], words: str
) -> None:
    finished = run("report", "gap", tiny.folder, "--format", "csv", "--out", tmp_path / "x.csv", *asked)
    assert finished.returncode == 2
    assert words in finished.stderr
    assert finished.stderr.splitlines()[-1].startswith("error: ")
    assert not (tmp_path / "x.csv").exists()


def test_a_list_is_verified_against_the_data(done: tuple[Path, Path, Finished], tmp_path: Path) -> None:
    folder, out, _ = done
    good = run("report", "priority", folder, "--verify", out / "priority-list.csv")
    assert good.returncode == 0, good.stderr
    changed = tmp_path / "list.csv"
    lines = (out / "priority-list.csv").read_text(encoding="utf-8").splitlines()
    changed.write_text("\n".join([lines[0], *lines[2:]]) + "\n", encoding="utf-8")
    bad = run("report", "priority", folder, "--verify", changed)
    assert bad.returncode == 1
    assert lines[1].split(",")[1] in bad.stdout
    for arguments in ((), ("--format", "csv"), ("--verify", changed, "--format", "csv", "--out", tmp_path / "x.csv")):
        refused = run("report", "priority", folder, *arguments)
        assert (refused.returncode, len(refused.stderr.strip().splitlines())) == (2, 1)


def test_applications_are_written_beside_the_model(tiny: TinyStudy, tmp_path: Path) -> None:
    finished = run("applications", tiny.folder, "--out", tmp_path / "applications.csv")
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "applications.csv").read_text(encoding="utf-8").startswith("application_id,")
