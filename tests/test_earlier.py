"""Runs of `assess` are listed by what they hold, read back as they were written, and harmless whatever lies there."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from coverage import pipeline
from coverage.assessment import Assessment
from coverage.compare import compare, compare_runs, read_run
from coverage.earlier import READ_BACK, list_runs, read_back
from coverage.errors import DataError, PolicyError
from coverage.policy import load_policy
from coverage.reports.runs import run_of
from coverage.study import Study
from tests.studymaker import tiny_study
from tests.written import write_run

Pair = tuple[Assessment, Assessment, Path]
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """Return two assessments of the tiny study, and the folder in which each stands as a run: before, after."""
    root = tmp_path_factory.mktemp("runs")
    study = Study.open(tiny_study(tmp_path_factory.mktemp("study")).folder)
    scenario = study.default_scenario()
    prepared = pipeline.prepare(study, load_policy(study.policy))
    before = pipeline.decide(prepared, scenario)
    after = pipeline.decide(prepared, scenario.with_changes(budget=12e6, weights=(("premises", 60.0),)))
    for name, made in (("before", before), ("after", after)):
        write_run(made, root / name)
    return before, after, root


def test_a_scenario_compares_as_its_run_on_disk_does(pair: Pair) -> None:
    before, after, root = pair
    written = compare_runs(root / "before", root / "after")
    found = compare(run_of(before), run_of(after))
    assert len(found.areas) > 0
    pd.testing.assert_frame_equal(found.areas, written.areas)
    assert found.changes == written.changes
    assert found.reasons == written.reasons
    assert found.to_mapping() == written.to_mapping()
    mixed = compare(read_run(root / "before"), run_of(after))
    assert mixed.to_mapping() == written.to_mapping()


def test_a_run_is_read_back_as_it_was_written(pair: Pair) -> None:
    before, after, root = pair
    runs = {run.folder.name: run for run in list_runs(root, study="tiny").runs}
    found = read_back(runs["before"], after)
    assert found.scenario == before.scenario
    assert (found.policy, found.study.as_of) == (before.policy, before.study.as_of)
    for mine, theirs in ((found.areas, before.areas), (found.places, before.places), (found.routes, before.routes)):
        key = "place_id" if "place_id" in theirs else "area_id"
        one, other = (frame.sort_values(key).set_index(key) for frame in (mine, theirs))
        assert list(one.index) == list(other.index)
        assert one.geometry.geom_equals_exact(other.geometry, 1e-6).all()
    assert list(found.areas["decision"]) == list(before.areas.sort_values("rank")["decision"])
    assert found.mobile == ()
    assert len(found.cost_lines) == 0
    assert found.provenance[READ_BACK] == runs["before"].id
    again = compare(run_of(found), run_of(after))
    assert again.to_mapping() == compare_runs(root / "before", root / "after").to_mapping()


def test_runs_are_listed_newest_first_and_each_once(pair: Pair, tmp_path: Path) -> None:
    for number, name in enumerate(("before", "after")):
        shutil.copytree(pair[2] / name, tmp_path / name)
        os.utime(tmp_path / name / "run.json", (1_700_000_000 + 1000 * number,) * 2)
    shutil.copytree(tmp_path / "before", tmp_path / "copy of before")
    shutil.copytree(tmp_path / "before", tmp_path / ".before-being-written")
    (tmp_path / "notes").mkdir()
    listing = list_runs(tmp_path, study="tiny")
    assert [run.scenario.budget for run in listing.runs] == [12e6, 5e6]
    assert (listing.broken, listing.others) == ((), 0)
    assert all(run.id.isalnum() and run.id.isascii() and len(run.id) == 12 for run in listing.runs)
    assert [run.id for run in list_runs(tmp_path / "after", study="tiny").runs] == [listing.runs[0].id], "a run itself"
    assert list_runs(tmp_path / "nowhere", study="tiny").runs == ()
    assert list_runs(tmp_path, study="another").others == 3


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "{}", '{"study": "tiny"}', '{"study": "tiny", "scenario": 3}', "\xff"]
)
def test_what_is_no_run_is_named_and_left_out(pair: Pair, tmp_path: Path, text: str) -> None:
    shutil.copytree(pair[2] / "before", tmp_path / "good")
    shutil.copytree(pair[2] / "before", tmp_path / HOSTILE.replace("/", ""))
    (tmp_path / HOSTILE / "run.json").write_bytes(text.encode("latin-1"))
    listing = list_runs(tmp_path, study="tiny")
    assert [run.folder.name for run in listing.runs] == ["good"]
    assert listing.broken == (HOSTILE,)


@pytest.mark.parametrize("name", ["../good", "/etc", "..", "", "good", "run.json", "\0", "%2e%2e%2fgood"])
def test_only_what_is_listed_can_be_named(pair: Pair, name: str) -> None:
    assert list_runs(pair[2], study="tiny").find(name) is None


def damaged(pair: Pair, tmp_path: Path, name: str) -> Path:
    shutil.copytree(pair[2] / "before", tmp_path / "run")
    return tmp_path / "run" / name


@pytest.mark.parametrize("name", ["places.parquet", "areas.parquet"])
@pytest.mark.parametrize("harm", ["gone", "empty", "column"])
def test_a_run_that_is_damaged_is_told_in_one_sentence(pair: Pair, tmp_path: Path, name: str, harm: str) -> None:
    file = damaged(pair, tmp_path, name)
    if harm == "gone":
        file.unlink()
    elif harm == "empty":
        file.write_bytes(b"")
    else:
        gpd.read_parquet(file).drop(columns="kind").to_parquet(file)
    run = list_runs(tmp_path, study="tiny").runs[0]
    with pytest.raises(DataError, match=f"^{name} of this run") as told:
        read_back(run, pair[1])
    assert str(tmp_path) not in str(told.value), "where the run lies is nobody's business"


def test_routes_that_are_not_there_are_left_out(pair: Pair, tmp_path: Path) -> None:
    damaged(pair, tmp_path, "assessment.gpkg").unlink()
    found = read_back(list_runs(tmp_path, study="tiny").runs[0], pair[1])
    assert found.routes.empty
    assert found.routes.crs == pair[1].routes.crs
    assert len(found.areas) == len(pair[0].areas)


def test_a_run_under_a_policy_that_is_gone_is_refused(pair: Pair, tmp_path: Path) -> None:
    file = damaged(pair, tmp_path, "run.json")
    told = json.loads(file.read_text(encoding="utf-8"))
    told["scenario"]["policy"] = "no-1999"
    file.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(PolicyError, match="no-1999"):
        read_back(list_runs(tmp_path, study="tiny").runs[0], pair[1])


def test_tiers_that_the_policy_has_no_more_are_refused(pair: Pair, tmp_path: Path) -> None:
    file = damaged(pair, tmp_path, "places.parquet")
    gpd.read_parquet(file).assign(tier="below_12").to_parquet(file)
    with pytest.raises(DataError, match="below_12"):
        read_back(list_runs(tmp_path, study="tiny").runs[0], pair[1])
