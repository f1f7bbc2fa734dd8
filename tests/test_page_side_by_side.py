"""Explore with a kept scenario or an earlier run beside the present, and Priorities since last time, in every state."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit_folium
from streamlit.testing.v1 import AppTest

from coverage import pipeline
from coverage.compare import compare_runs
from coverage.compare.words import areas_told, changes_told
from coverage.earlier import list_runs
from coverage.policy import load_policy
from coverage.scenario import Scenario
from coverage.study import Study
from maps import compare, style
from maps.pages import keep, moved, side_by_side
from maps.session import BESIDE_KEPT, Key, View
from maps.store import Shelf
from tests import toy
from tests.studymaker import tiny_study
from tests.written import write_run

LATER = {"budget": "12000000", "w.premises": "60"}
HOSTILE = "run <img src=x onerror=alert(1)>"


def kept(policy: str = "no-2024", **settings: str) -> str:
    """Return how a link names a scenario to compare with."""
    return json.dumps({"policy": policy, **settings}, separators=(",", ":"))


OWN = kept()  # the study's own settings


def page() -> None:
    import json

    import streamlit as st

    from maps import session
    from maps.pages import explore, keep

    study = session.open_study()
    scenario = session.scenario_of(study)
    with st.sidebar:
        keep.render(study, scenario)
    st.text(json.dumps(session.address(scenario)))
    explore.render()


def tab() -> None:
    from maps import session
    from maps.pages import since_last

    since_last.show(session.current())


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study.open(tiny_study(tmp_path_factory.mktemp("tiny")).folder)


@pytest.fixture(scope="module")
def root(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two runs: of the study's own settings, and of LATER."""
    folder = tmp_path_factory.mktemp("runs")
    prepared = pipeline.prepare(study, load_policy(study.policy))
    own = study.default_scenario()
    for name, asked in (("tiny", own), ("later", Scenario.from_query(LATER, default=own))):
        write_run(pipeline.decide(prepared, asked), folder / name)
    return folder


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, study: Study, tmp_path: Path) -> dict[str, Any]:
    """Return what the map component was given last; no run is there."""
    monkeypatch.setenv("COVERAGE_STUDY", str(study.folder))
    monkeypatch.setenv("COVERAGE_RUNS", str(tmp_path))
    for name in ("COVERAGE_DATA_ROOT", "COVERAGE_AUDIENCE"):
        monkeypatch.delenv(name, raising=False)
    seen: dict[str, Any] = {}
    monkeypatch.setattr(streamlit_folium, "_component_func", lambda **given: seen.update(given) or {})
    monkeypatch.setattr(compare, "_READ", Shelf(2))
    return seen


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, sent: dict[str, Any], root: Path) -> dict[str, str]:
    """Put the two runs where the dashboard looks; return the id of each by its folder."""
    monkeypatch.setenv("COVERAGE_RUNS", str(root))
    return {run.folder.name: run.id for run in list_runs(root, study="tiny").runs}


def show(what: Callable[[], None] = page, **query: str) -> AppTest:
    test = AppTest.from_function(what, default_timeout=90)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, test.exception
    return test


def html_of(test: AppTest) -> str:
    return "".join(element.proto.body for element in test.get("html"))


def said(test: AppTest) -> str:
    parts = [test.markdown, test.caption, test.info, test.error, test.warning, test.success]
    return "\n".join(str(item.value) for kind in parts for item in kind)


def address(test: AppTest) -> dict[str, str]:
    found: dict[str, str] = json.loads(test.text[0].value)
    return found


def figures(test: AppTest) -> dict[str, list[str]]:
    rows = re.findall(r"<tr><th scope='row'>(.*?)</th>(.*?)</tr>", html_of(test))
    return {label: re.findall(r"<td>(.*?)</td>", cells) for label, cells in rows}


def press(test: AppTest, label: str) -> AppTest:
    test = next(button for button in test.button if button.label == label).click().run()
    assert not test.exception
    return test


# --- a kept scenario ----------------------------------------------------------------------------------------------


def test_nothing_is_compared_at_first(sent: dict[str, Any]) -> None:
    test = show()
    assert test.selectbox(key=keep.FIELD).value == ""
    assert "beside" not in address(test)
    assert "coverageMap.swipe" not in str(sent)


def test_what_is_kept_is_not_compared_with_itself(sent: dict[str, Any]) -> None:
    test = press(show(), "Keep this to compare with")
    assert test.selectbox(key=keep.FIELD).value == BESIDE_KEPT
    assert "This is what you have kept" in said(test)
    assert "coverageMap.swipe" not in str(sent)
    assert address(test)["beside"] == OWN


def test_a_kept_scenario_stands_beside_the_present_one(sent: dict[str, Any], root: Path) -> None:
    test = press(show(), "Keep this to compare with")
    test.session_state[Key.BUDGET] = 12.0
    test.session_state[f"{Key.WEIGHT}premises"] = 60.0
    test.run()
    assert not test.exception
    expected = compare_runs(root / "tiny", root / "later")
    before, after = (run.areas[run.areas["decision"] == "fund"] for run in (expected.before, expected.after))
    found = figures(test)
    assert found["areas funded"][:2] == [str(len(before)), str(len(after))]
    money = [style.number(side["grant"].sum() / 1e6, digits=4) for side in (before, after)]
    assert found[f"their grants, {style.millions('NOK')}"][:2] == money
    assert found["eligible premises"][2] == "="
    for sentence in changes_told(expected):
        assert style.plain(sentence) in said(test)
    table = test.dataframe[0].value
    chosen = moved.decided_otherwise(expected.areas)
    assert chosen.any()
    assert table["area"].tolist() == expected.areas.loc[chosen, "name"].tolist()
    told = pd.Series(areas_told(expected))[chosen.to_numpy()]
    assert table["told"].tolist() == told.tolist()
    assert "coverageMap.swipe" in str(sent["feature_group"])
    for pane in ("areas-left", "areas-right"):
        assert pane in str(sent["feature_group"])
    assert len(str(sent["feature_group"])) < 20_000, "data travels by address, not in the message"


def test_a_link_opens_the_same_comparison(sent: dict[str, Any]) -> None:
    link = {"budget": "12000000", "beside": kept(budget="3000000", **{"w.premises": "40"})}
    test = show(**link)
    assert "coverageMap.swipe" in str(sent["feature_group"])
    again = address(test)
    assert again["beside"] == link["beside"]
    assert figures(show(**again)) == figures(test)


def test_another_policy_shows_the_places_too(sent: dict[str, Any]) -> None:
    show(beside=kept("no-2023"))
    assert "places-left" in str(sent["feature_group"]), "the gaps differ"
    show(beside=kept(budget="1000000"))
    assert "places-left" not in str(sent["feature_group"]), "the same places on both sides would only hide the areas"


def test_tiers_that_differ_have_a_legend_each() -> None:
    held = toy.assessment()
    other = dataclasses.replace(
        held,
        policy=load_policy("us-bead-2025"),
        scenario=held.scenario.with_changes(policy="us-bead-2025"),
        places=held.places.assign(tier="served"),
    )
    mine, theirs = (View(assessment, "k", "g") for assessment in (held, other))
    told = side_by_side._legend(side_by_side.Beside("Kept", "Kept", "", theirs), mine)
    assert told is not None
    for name in ("Kept: ", "Now: ", *(tier.label["en"] for tier in other.policy.tiers)):
        assert style.escape(name) in told
    assert side_by_side._legend(side_by_side.Beside("Kept", "Kept", "", mine), mine) is None


def test_a_policy_that_cannot_price_the_study_is_one_sentence(sent: dict[str, Any]) -> None:
    test = show(beside=kept("eu-2023"))
    assert len(test.error) == 1
    assert "EUR" in test.error[0].value
    assert "Nothing is compared" in said(test)
    assert "coverageMap.swipe" not in str(sent)


@pytest.mark.parametrize(
    "text", ["x", "[]", '{"policy": 3}', kept("no-1999"), kept(budget="1e999"), kept(seed="inf"), "[" * 9000]
)
def test_a_link_that_cannot_be_read_compares_with_nothing(sent: dict[str, Any], text: str) -> None:
    test = show(beside=text)
    assert "nothing is compared" in said(test)
    assert "beside" not in address(test)
    assert "coverageMap.swipe" not in str(sent)


def test_a_click_tells_how_the_area_is_decided_on_on_either_side(
    sent: dict[str, Any], study: Study, root: Path
) -> None:
    areas = list_areas(root / "later")
    row = areas.iloc[0]
    at = areas.geometry.representative_point().to_crs("EPSG:4326").iloc[0]
    test = AppTest.from_function(page, default_timeout=90)
    for name, value in {**LATER, "beside": OWN}.items():
        test.query_params[name] = value
    test.session_state[side_by_side.MAP] = {"last_clicked": {"lat": at.y, "lng": at.x}}
    test.run()
    assert not test.exception
    assert f"<dt>Now</dt><dd>{row['decision']}, rank {row['rank']}" in html_of(test)
    assert "<dt>Kept</dt><dd>" in html_of(test)


def list_areas(folder: Path) -> Any:
    import geopandas as gpd

    return gpd.read_parquet(folder / "areas.parquet").sort_values("rank")


def test_the_comparison_can_be_ended(sent: dict[str, Any]) -> None:
    test = show(beside=kept(budget="1000000"))
    press(test, "End the comparison")
    assert "beside" not in address(test)


# --- an earlier run -----------------------------------------------------------------------------------------------


def test_an_earlier_run_is_compared_as_the_command_line_does(
    sent: dict[str, Any], runs: dict[str, str], root: Path
) -> None:
    test = show(**LATER)
    test.selectbox(key=keep.FIELD).select(runs["tiny"]).run()
    assert not test.exception
    assert address(test)["beside"] == f"run:{runs['tiny']}"
    expected = compare_runs(root / "tiny", root / "later")
    table = test.dataframe[0].value
    chosen = moved.decided_otherwise(expected.areas)
    assert table["told"].tolist() == pd.Series(areas_told(expected))[chosen.to_numpy()].tolist()
    assert "An earlier run keeps no mobile coverage maps" in html_of(test)
    assert str(root) not in html_of(test) + said(test) + str(sent)


@pytest.mark.parametrize("name", ["../tiny", "/etc/passwd", "tiny", "", "..%2f..", "<script>", "0" * 12, "a" * 5000])
def test_no_other_folder_can_be_named(sent: dict[str, Any], runs: dict[str, str], name: str) -> None:
    test = show(beside=f"run:{name}")
    assert "coverageMap.swipe" not in str(sent)
    assert "beside" not in address(test)
    assert name == "" or "is not here" in said(test)


def test_a_broken_run_is_one_sentence_and_the_page_goes_on(sent: dict[str, Any], root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "tiny", tmp_path / HOSTILE)
    (tmp_path / HOSTILE / "places.parquet").write_bytes(b"none")
    run = list_runs(tmp_path, study="tiny").runs[0]
    test = show(beside=f"run:{run.id}")
    assert len(test.error) == 1
    assert "places\\.parquet of this run" in test.error[0].value
    assert "onerror" not in said(test) + html_of(test), "where it lies is not told"
    assert str(tmp_path) not in said(test)
    assert "coverageMap.swipe" not in str(sent)
    assert sent["script"], "the map is there all the same"


def test_folders_are_named_for_those_who_keep_them_alone(
    monkeypatch: pytest.MonkeyPatch, sent: dict[str, Any], runs: dict[str, str]
) -> None:
    named = [option for option in show().selectbox(key=keep.FIELD).options if "NOK" in option]
    assert sorted(option.split(" · ")[0] for option in named) == ["later", "tiny"]
    monkeypatch.setenv("COVERAGE_AUDIENCE", "council")
    assert "tiny" not in str(show().selectbox(key=keep.FIELD).options)


def test_runs_of_other_studies_and_torn_ones_are_not_offered(sent: dict[str, Any], root: Path, tmp_path: Path) -> None:
    for name, change in (("other", '"study": "other"'), ("torn", "{")):
        shutil.copytree(root / "tiny", tmp_path / name)
        file = tmp_path / name / "run.json"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace('"study": "tiny"', change, 1) if name == "other" else change, encoding="utf-8")
    test = show()
    assert test.selectbox(key=keep.FIELD).options == ["nothing"]
    assert "1 folder holds a run that cannot be read" in said(test)


def test_an_earlier_run_is_narrowed_as_the_present_is(
    monkeypatch: pytest.MonkeyPatch, sent: dict[str, Any], runs: dict[str, str]
) -> None:
    seen = []
    monkeypatch.setattr(compare, "compare", lambda *both: seen.append(both) or real(*both))
    monkeypatch.setattr(compare, "_COMPARED", Shelf(2))
    monkeypatch.setenv("COVERAGE_AUDIENCE", "council")
    given: list[Any] = []
    monkeypatch.setattr(compare, "run_of", lambda assessment: given.append(assessment) or real_run(assessment))
    show(**LATER, beside=f"run:{runs['tiny']}")
    assert [assessment.audience.kind for assessment in given] == ["council", "council"]
    assert len(seen) == 1


def test_the_public_cannot_follow_premises_from_a_run_to_the_present(
    monkeypatch: pytest.MonkeyPatch, sent: dict[str, Any], runs: dict[str, str]
) -> None:
    monkeypatch.setenv("COVERAGE_AUDIENCE", "public")
    monkeypatch.setattr(compare, "compare", lambda *both: pytest.fail("compared"))
    test = show(**LATER, beside=f"run:{runs['tiny']}")
    assert not test.exception
    assert "not shown to the public" in test.info[0].value


real, real_run = compare.compare, compare.run_of


# --- since last time ----------------------------------------------------------------------------------------------


def test_a_folder_whose_name_is_hostile_is_named_as_text(sent: dict[str, Any], root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "tiny", tmp_path / HOSTILE)
    (tmp_path / HOSTILE / "run.json").write_text("{", encoding="utf-8")
    assert "\\<img src" in said(show(tab))
    assert "onerror" not in said(show()) + html_of(show())


def test_without_a_run_it_says_how_to_make_one(sent: dict[str, Any]) -> None:
    test = show(tab)
    assert "There is no earlier run" in said(test)
    assert "python -m coverage assess" in said(test)


def test_the_list_is_held_against_the_last_run(sent: dict[str, Any], runs: dict[str, str], root: Path) -> None:
    test = show(tab, **LATER)
    expected = compare_runs(root / "tiny", root / "later")
    assert test.selectbox(key="since-last-run").value == runs["tiny"], "where `assess` writes by default"
    counts = expected.counts()
    assert f"{counts['rose']} rose, {counts['fell']} fell" in said(test).replace("\\", "")
    test.toggle(key="since-last-every").set_value(True).run()
    assert test.dataframe[0].value["told"].tolist() == areas_told(expected)
    test.selectbox(key="since-last-run").select(runs["later"]).run()
    assert "Nothing has changed since" in said(test)


def test_the_files_are_those_of_the_command_line(
    sent: dict[str, Any], runs: dict[str, str], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: dict[str, Any] = {}
    from maps.pages import downloads

    monkeypatch.setattr(downloads, "file", lambda label, write, *, name: written.update({name: write}))
    show(tab, **LATER)
    assert set(written) == {"comparison-tiny.xlsx", "comparison-tiny.csv"}
    file = tmp_path / "x.csv"
    written["comparison-tiny.csv"](file)
    expected = compare_runs(root / "tiny", root / "later").areas
    assert pd.read_csv(io.BytesIO(file.read_bytes()), dtype={"area_id": str})["area_id"].tolist() == (
        expected["area_id"].tolist()
    )


def test_a_broken_run_is_told_on_the_tab(sent: dict[str, Any], root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "tiny", tmp_path / "tiny")
    (tmp_path / "tiny" / "areas.parquet").unlink()
    test = show(tab)
    assert "areas.parquet" in test.error[0].value.replace("\\", "")


@pytest.mark.parametrize("what", [page, tab])
def test_all_of_it_is_there_in_norwegian(sent: dict[str, Any], runs: dict[str, str], what: Callable[[], None]) -> None:
    test = show(what, **LATER, lang="nb", beside=f"run:{runs['tiny']}")
    whole = html_of(test) + said(test)
    assert "Budsjett" in whole
    for word in ("Kept", "Then", "Now", "Funded", "funded", "Earlier run", "areas"):
        assert not re.search(rf"\b{word}\b", re.sub(r"<[^>]*>", " ", whole)), word


# --- what a link holds --------------------------------------------------------------------------------------------


def test_a_scenario_comes_back_from_a_link_as_it_was() -> None:
    plain = Scenario(policy="no-2024", budget=5e6)
    for changed in (
        {},
        {"budget": 1e6},
        {"policy": "eu-2023"},
        {"weights": (("premises", 60.0),), "view": "private_cap"},
    ):
        asked = plain.with_changes(**changed)
        text = compare.to_link(asked, default=plain)
        assert compare.from_link(text, default=plain) == asked
        assert len(text) < 90
    assert compare.from_link(compare.to_link("0123456789ab"), default=plain) == "0123456789ab"


def test_a_scenario_too_long_for_an_address_stays_in_the_session() -> None:
    plain = Scenario(policy="no-2024", budget=5e6)
    long = plain.with_changes(costs=tuple((f"item_{number:04d}", 1.0) for number in range(200)))
    assert compare.to_link(long, default=plain) == ""
