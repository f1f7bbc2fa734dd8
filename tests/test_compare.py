"""Two runs with one thing changed between them are explained by that and by nothing else."""

from __future__ import annotations

import json
import re
import shutil
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, box

from coverage import pipeline
from coverage.compare import CAUSES, COLUMNS, MOVES, Comparison, compare_runs, sentences
from coverage.compare.changes import levers
from coverage.compare.pairing import LEAST_SHARED, pair_areas, shared_premises
from coverage.compare.places import CODES, differ
from coverage.compare.runs import NEEDED, read_run
from coverage.compare.words import texts
from coverage.errors import DataError
from coverage.policy import LANGUAGES
from coverage.reports import delimited, geo, write_all
from coverage.study import Study
from tests.studymaker import CRS, X0, Y0, TinyStudy, tiny_study

Edit = Callable[[TinyStudy], object]

# --- what changes between two runs ----------------------------------------------------------------------------


def add_offer(study: TinyStudy) -> None:
    """Lay a second footprint over the three southern places of one area: p04, p12 and p20."""
    shape = box(X0 + 10_000, Y0, X0 + 12_500, Y0 + 6000)
    gpd.GeoDataFrame({"down": [1000.0], "up": [1000.0]}, geometry=[shape], crs=CRS).to_file(study.folder / "more.gpkg")
    study.sources.append({**study.source("fibre"), "id": "more", "path": "more.gpkg"})


def edit_premises(edit: Callable[[pd.DataFrame], pd.DataFrame]) -> Edit:
    def change(study: TinyStudy) -> None:
        path = study.folder / "premises.csv"
        edit(pd.read_csv(path, sep=";")).to_csv(path, sep=";", index=False)

    return change


remove_p12 = edit_premises(lambda table: table[table["id"] != "p12"])
employ_more = edit_premises(lambda table: table.assign(employees=table["employees"].where(table["id"] != "p04", 100)))


def move_network(study: TinyStudy) -> None:
    exchange = gpd.GeoDataFrame({"name": ["Exchange"]}, geometry=[Point(X0 + 12_500, Y0 + 7000)], crs=CRS)
    exchange.to_crs("EPSG:4326").to_file(study.folder / "network.geojson")


def cut_roads(study: TinyStudy) -> None:
    roads = gpd.read_file(study.folder / "roads.gpkg")
    gone = roads.intersects(box(X0 + 1900, Y0 + 6500, X0 + 4000, Y0 + 9500))
    roads[~gone].to_file(study.folder / "roads.gpkg")


def nothing(study: TinyStudy) -> None:
    """Leave the study as it is."""


def more_money(study: TinyStudy) -> None:
    study.settings["budget"] = 12_000_000


@dataclass(frozen=True)
class Case:
    """Hold one thing that is changed, the cause it is, and the code of the change that must be told."""

    cause: str
    code: str
    edit: Edit = nothing
    scenario: Mapping[str, Any] = field(default_factory=dict)


CASES: dict[str, Case] = {
    "offer": Case("data", "file_new", add_offer),
    "premises": Case("data", "file_changed", remove_p12),
    "employees": Case("data", "file_changed", employ_more),
    "network": Case("data", "file_changed", move_network),
    "roads": Case("data", "file_changed", cut_roads),
    "policy": Case("rule", "policy", scenario={"policy": "no-2026"}),
    "area rules": Case("rule", "area_rule", scenario={"areas": (("max_premises", 4.0),)}),
    "view": Case("rule", "view", scenario={"view": "private_cap"}),
    "price": Case("cost", "price", scenario={"costs": (("verge_trench_m", 900.0),)}),
    "weights": Case("weights", "weight", scenario={"weights": (("premises", 60.0),)}),
    "budget": Case("budget", "budget", scenario={"budget": 12_000_000.0}),
    "budget of the study": Case("budget", "budget", more_money),
    "residents": Case("residents", "connection_fee", scenario={"connection_fee": 5000.0}),
    "seed": Case("draws", "seed", scenario={"seed": 7}),
}

Runner = Callable[..., Path]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Return what assesses a tiny study with one edit and one scenario, once each, and gives the folder of outputs."""
    done: dict[tuple[Any, ...], Path] = {}

    def assess(*edits: Edit, **scenario: Any) -> Path:
        key = (edits, tuple(sorted(scenario.items())))
        if key not in done:
            study = tiny_study(tmp_path_factory.mktemp("study"))
            for edit in edits:
                edit(study)
            opened = Study.open(study.save())
            result = pipeline.assess(opened, opened.default_scenario().with_changes(**scenario))
            out = tmp_path_factory.mktemp("run")
            geo.write_parquet(geo.full_areas(result), out / "areas.parquet")
            geo.write_parquet(geo.every_place(result).together(), out / "places.parquet")
            (out / "summary.json").write_text(delimited.summary_json(result.summary), encoding="utf-8")
            delimited.write_json(result.provenance, out / "run.json")
            done[key] = out
        return done[key]

    return assess


@cache
def compared(run: Runner, name: str, *, back: bool = False) -> Comparison:
    """Return what differs between the plain run and one case, compared once for all tests that look at it."""
    case = CASES[name]
    folders = run(nothing), run(case.edit, **case.scenario)
    return compare_runs(*(reversed(folders) if back else folders))


def row(found: Comparison, area_id: str) -> Any:
    rows = [item for item in found.areas.itertuples(index=False) if item.area_id == area_id]
    assert len(rows) == 1, area_id
    return rows[0]


# --- one cause ----------------------------------------------------------------------------------------------------


def test_two_equal_runs_give_an_empty_comparison(run: Runner, tmp_path: Path) -> None:
    one = run(nothing)
    other = shutil.copytree(one, tmp_path / "other")
    found = compare_runs(one, other)
    assert found.is_empty
    assert found.causes == ()
    assert list(found.areas.columns) == list(COLUMNS)
    assert sentences(found) == ["The two runs differ in nothing."]
    assert set(found.counts().values()) == {0}


def test_a_study_assessed_twice_gives_an_empty_comparison(run: Runner) -> None:
    def leave(study: TinyStudy) -> None:
        """Leave it too: another edit, so another run."""

    assert compare_runs(run(nothing), run(leave)).is_empty


@pytest.mark.parametrize("back", [False, True], ids=["there", "back"])
@pytest.mark.parametrize("name", CASES)
def test_one_thing_changed_is_named_as_the_cause_and_nothing_else_is(run: Runner, name: str, *, back: bool) -> None:
    found = compared(run, name, back=back)
    assert found.causes == (CASES[name].cause,)
    assert {change.cause for change in found.changes} <= {CASES[name].cause, "study"}
    assert len(found.areas)
    assert set(found.areas["causes"]) == {CASES[name].cause}
    assert set(found.areas["possible_causes"]) == {""}
    if not back:
        assert CASES[name].code in {change.code for change in found.changes}


@pytest.mark.parametrize("name", CASES)
def test_the_way_back_tells_the_same_areas_the_other_way_round(run: Runner, name: str) -> None:
    there, back = compared(run, name), compared(run, name, back=True)
    turned = {"rose": "fell", "fell": "rose", "came": "went", "went": "came", "same": "same"}
    for found, other in ((there, back), (back, there)):
        told = {(item.area_id_before, turned[item.move]) for item in found.areas.itertuples() if item.move != "came"}
        assert told <= {(item.area_id, item.move) for item in other.areas.itertuples()}
    assert {turned[move]: there.counts()[move] for move in MOVES} == {move: back.counts()[move] for move in MOVES}
    assert there.counts()["now_funded"] == back.counts()["no_longer_funded"]


def test_an_offer_that_came_takes_its_premises_out_of_the_area(run: Runner) -> None:
    found = compared(run, "offer")
    # The area lost the place that names it, p04, so that its id changed; it is found by p28 and p36.
    area = row(found, "5002-FKL62B")
    assert (area.area_id_before, area.move, area.premises_before, area.premises_after) == ("5002-ZRMESH", "fell", 5, 2)
    assert (area.premises_in, area.premises_out) == (0, 3)
    assert area.why.startswith("service_reached; route")
    # Another area rose into its place, with the figures that it had.
    risen = row(found, "5001-MPLLCW")
    assert (risen.move, risen.own_figures, risen.why) == ("rose", False, "others")
    assert len(found.areas) == 2


def test_a_premises_that_was_removed_is_told_where_it_was(run: Runner) -> None:
    found = compared(run, "premises")
    assert "premises_gone" in row(found, "5002-ZRMESH").why
    assert found.areas.loc[found.areas["why"].str.contains("premises_"), "area_id"].tolist() == ["5002-ZRMESH"]
    # The others were divided anew around it: one area came, one went.
    assert sorted(found.areas["move"]) == ["came", "fell", "fell", "went"]
    assert set(found.areas.loc[found.areas["move"].isin(["came", "went"]), "why"]) == {
        "regrouped_in; exchanged", "regrouped_out; exchanged",
    }  # fmt: skip


def test_premises_that_change_areas_are_counted_once_on_either_side(run: Runner) -> None:
    for name in ("premises", "area rules", "roads"):
        found = compared(run, name)
        came, went = (sum(v["number"] for r in found.reasons for code, v in r if code == f"regrouped_{way}")
                      for way in ("in", "out"))  # fmt: skip
        assert came == went > 0, name


def test_a_price_is_told_only_of_areas_that_it_is_paid_in(run: Runner) -> None:
    found = compared(run, "price")
    own = found.areas[found.areas["own_figures"]]
    # Two areas would be built with fibre, and so in a trench; fixed wireless has none.
    assert own["technology_before"].tolist() == ["fibre", "fibre"]
    assert set(found.areas.loc[~found.areas["own_figures"], "why"]) == {"others"}


def test_a_budget_changes_no_rank_and_no_score(run: Runner) -> None:
    areas = compared(run, "budget").areas
    assert set(areas["move"]) == {"same"}
    assert areas["score_before"].tolist() == areas["score_after"].tolist()
    assert not areas["own_figures"].any()
    assert {(row.decision_before, row.decision_after) for row in areas.itertuples()} >= {("reserve", "fund")}


def test_a_policy_that_decides_alike_changes_no_area(run: Runner) -> None:
    found = compare_runs(run(nothing), run(nothing, policy="no-2023"))
    assert found.causes == ("rule",)
    assert not found.is_empty
    assert found.areas.empty
    assert sentences(found) == ["Rules: the policy is no-2023, before no-2024.", "No area differs."]


def test_a_file_without_effect_is_told_but_moves_no_area(run: Runner) -> None:
    def reorder(study: TinyStudy) -> None:
        edit_premises(lambda table: table.iloc[::-1])(study)

    found = compare_runs(run(nothing), run(reorder))
    assert [change.code for change in found.changes] == ["file_changed"]
    assert found.areas.empty


# --- several causes -----------------------------------------------------------------------------------------------


def test_of_two_causes_each_area_is_told_the_one_that_reached_it(run: Runner) -> None:
    price = {"costs": (("verge_trench_m", 900.0),)}
    found = compare_runs(run(nothing), run(add_offer, **price))
    assert found.causes == ("data", "cost")
    # Built with fibre, with no offer near: the price alone.
    for area in ("5001-MPLLCW", "5001-CBPZQU"):
        assert (row(found, area).causes, row(found, area).possible_causes) == ("cost", "")
    # The offer took its premises; that the price has no part in its grant cannot be told from outside.
    offered = row(found, "5002-FKL62B")
    assert (offered.causes, offered.possible_causes) == ("data", "cost")


def test_the_same_metres_at_another_price_are_cost_for_certain_whatever_is_on_offer(run: Runner) -> None:
    def slow_offer(study: TinyStudy) -> None:
        """Offer something to the places of one area that leaves them short: they stay eligible."""
        shape = box(X0, Y0 + 4500, X0 + 2500, Y0 + 10_000)
        slow = gpd.GeoDataFrame({"down": [20.0], "up": [2.0]}, geometry=[shape], crs=CRS)
        slow.to_file(study.folder / "slow.gpkg")
        study.sources.append({**study.source("fibre"), "id": "slow", "path": "slow.gpkg"})

    found = compare_runs(run(nothing), run(slow_offer, costs=(("verge_trench_m", 350.0),)))
    told = found.areas[found.areas["why"].str.contains("service_changed")]
    assert len(told)
    for area in told.itertuples():
        assert area.capex_before != area.capex_after
        assert (area.causes, area.possible_causes) == ("data, cost", "")


def test_weights_are_no_cause_of_what_premises_did(run: Runner) -> None:
    found = compare_runs(run(nothing), run(add_offer, weights=(("premises", 60.0),)))
    assert row(found, "5002-FKL62B").causes == "data, weights"
    assert set(found.areas.loc[found.areas["area_id"] != "5002-FKL62B", "causes"]) == {"weights"}


def test_service_that_changed_with_its_source_is_data_under_another_policy_too(run: Runner) -> None:
    found = compare_runs(run(nothing), run(add_offer, policy="no-2026"))
    assert found.causes == ("data", "rule")
    assert row(found, "5002-FKL62B").causes == "data"
    others = found.areas[found.areas["own_figures"] & (found.areas["area_id"] != "5002-FKL62B")]
    assert set(others["causes"]) == {"rule"}
    assert len(others) > 1


def test_a_decision_that_money_and_another_cause_can_have_changed_names_money_as_possible(run: Runner) -> None:
    found = compare_runs(run(nothing), run(nothing, weights=(("premises", 60.0),), budget=12_000_000.0))
    funded = row(found, "5002-ZRMESH")
    assert (funded.causes, funded.possible_causes) == ("weights", "budget")
    unmoved = found.areas[found.areas["decision_before"] == found.areas["decision_after"]]
    assert "weights" in set(unmoved["causes"])


def test_where_nothing_that_is_traced_differs_the_program_is_named(run: Runner, tmp_path: Path) -> None:
    folder = shutil.copytree(run(nothing), tmp_path / "edited")
    areas = gpd.read_parquet(folder / "areas.parquet")
    areas.loc[0, ["capex", "grant"]] += 1000.0
    areas.to_parquet(folder / "areas.parquet")
    found = compare_runs(run(nothing), folder)
    assert found.changes == ()
    assert found.causes == ("software",)
    assert found.areas["causes"].tolist() == ["software"]
    assert not found.is_empty


def test_what_only_the_description_of_the_study_can_have_changed_is_data(run: Runner, tmp_path: Path) -> None:
    folder = shutil.copytree(run(nothing), tmp_path / "edited")
    areas = gpd.read_parquet(folder / "areas.parquet")
    areas.loc[0, "route_m"] += 100.0
    areas.to_parquet(folder / "areas.parquet")
    edit_run(folder, lambda told: told["inputs"].update({"study.toml": "another"}))
    found = compare_runs(run(nothing), folder)
    assert [change.code for change in found.changes] == ["study_file"]
    assert found.areas["causes"].tolist() == ["data"]


# --- what differed before -----------------------------------------------------------------------------------------


def edit_run(folder: Path, edit: Callable[[dict[str, Any]], object], *, file: str = "run.json") -> None:
    told = json.loads((folder / file).read_text(encoding="utf-8"))
    edit(told)
    (folder / file).write_text(json.dumps(told), encoding="utf-8")


@pytest.mark.parametrize(
    ("edit", "cause", "code"),
    [
        (lambda told: told["policy"].update(sha256="0"), "rule", "pack"),
        (lambda told: told["scenario"].update(mobile="fund"), "rule", "mobile"),
        (lambda told: told["scenario"].update(template="germany"), "rule", "template"),
        (lambda told: told["costs"].update(sha256="0"), "cost", "book_content"),
        (lambda told: told["costs"].update(id="maine"), "cost", "book"),
        (lambda told: told["scenario"].update(dugnad_m=100.0), "residents", "dugnad_m"),
        (lambda told: told["scenario"].update(draws=10), "draws", "draws"),
        (lambda told: told["scenario"].update(wishes={"must": ["5001-MPLLCW"]}), "wishes", "wish"),
        (lambda told: told["business"].update(sha256="0"), "tables", "business_tables"),
        (lambda told: told["radio"].update(sha256="0"), "tables", "radio_tables"),
        (lambda told: told["versions"].update(numpy="0"), "software", "version"),
        (lambda told: told["inputs"].pop("mobile.tif"), "data", "file_gone"),
    ],
)
def test_every_difference_of_the_settings_is_told(
    run: Runner, tmp_path: Path, edit: Callable[[dict[str, Any]], object], cause: str, code: str
) -> None:
    folder = shutil.copytree(run(nothing), tmp_path / "edited")
    edit_run(folder, edit)
    changes = levers(read_run(run(nothing)), read_run(folder)).changes
    assert [(change.cause, change.code) for change in changes] == [(cause, code)]
    for language in LANGUAGES:
        assert "{" not in sentences(compare_runs(run(nothing), folder), language=language)[0]


def test_the_text_of_a_template_that_has_changed_is_a_rule(run: Runner, tmp_path: Path) -> None:
    folders = [shutil.copytree(run(nothing), tmp_path / name) for name in ("before", "after")]
    for folder, digest in zip(folders, "01", strict=True):
        edit_run(folder, lambda told, digest=digest: told.update(template={"id": "nkom", "sha256": digest}))
    before, after = map(read_run, folders)
    assert [(item.code, item.values) for item in levers(before, after).changes] == [("pack", {"policy": "nkom"})]
    edit_run(folders[0], lambda told: told.pop("template"))
    assert not levers(read_run(folders[0]), after).changes


def test_a_setting_that_an_older_run_does_not_know_is_no_change(run: Runner, tmp_path: Path) -> None:
    folder = shutil.copytree(run(nothing), tmp_path / "older")
    edit_run(folder, lambda told: told["scenario"].pop("dugnad_m"))
    assert compare_runs(folder, run(nothing)).is_empty


def test_another_day_is_a_change_of_the_data(run: Runner, tmp_path: Path) -> None:
    folder = shutil.copytree(run(nothing), tmp_path / "edited")
    edit_run(folder, lambda told: told.update(as_of="2025-06-30"), file="summary.json")
    found = compare_runs(run(nothing), folder)
    assert found.causes == ("data",)
    assert sentences(found)[0] == "Data: they are judged as of 2025-06-30, before as of 2024-06-30."
    assert sentences(found, language="nb")[0] == "Data: de er vurdert per 30.06.2025, før per 30.06.2024."


def test_a_weight_that_is_given_as_the_policy_has_it_is_no_change(run: Runner) -> None:
    assert compare_runs(run(nothing), run(nothing, weights=(("premises", 25.0),))).is_empty


# --- the folders --------------------------------------------------------------------------------------------------


def test_the_outputs_of_a_whole_run_can_be_compared(run: Runner, tmp_path: Path) -> None:
    opened = Study.open(tiny_study(tmp_path / "study").folder)
    result = pipeline.assess(opened, opened.default_scenario())
    write_all(result, tmp_path / "out", progress=lambda step: None)
    assert compare_runs(run(nothing), tmp_path / "out").is_empty
    assert not compare_runs(tmp_path / "out", run(nothing, budget=12_000_000.0)).is_empty


@pytest.mark.parametrize("name", NEEDED)
def test_a_folder_without_one_of_the_files_is_refused(run: Runner, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(run(nothing), tmp_path / "less")
    (folder / name).unlink()
    with pytest.raises(DataError, match=f"there is no {name}"):
        compare_runs(run(nothing), folder)


@pytest.mark.parametrize("name", NEEDED)
def test_a_damaged_file_is_refused(run: Runner, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(run(nothing), tmp_path / "damaged")
    (folder / name).write_bytes(b"[1, 2" if name.endswith("json") else (folder / name).read_bytes()[:200])
    with pytest.raises(DataError, match="not readable"):
        compare_runs(run(nothing), folder)


@pytest.mark.parametrize(("file", "key"), [("run.json", "study"), ("summary.json", "currency")])
def test_runs_of_another_study_or_money_are_refused(run: Runner, tmp_path: Path, file: str, key: str) -> None:
    folder = shutil.copytree(run(nothing), tmp_path / "other")
    edit_run(folder, lambda told: told.update({key: "other"}), file=file)
    with pytest.raises(DataError, match=f"its {key} is 'other'"):
        compare_runs(run(nothing), folder)


def test_a_run_without_what_is_traced_is_refused(run: Runner, tmp_path: Path) -> None:
    folder = shutil.copytree(run(nothing), tmp_path / "less")
    edit_run(folder, lambda told: told.pop("scenario"))
    with pytest.raises(DataError, match="'scenario' is missing"):
        compare_runs(run(nothing), folder)


# --- words --------------------------------------------------------------------------------------------------------


def test_every_text_stands_in_every_language_with_the_same_names_in_braces() -> None:
    for section, names in texts().items():
        for name, said in names.items():
            assert set(said) == set(LANGUAGES), f"{section}.{name}"
            fields = [{part[1] for part in string.Formatter().parse(text) if part[1]} for text in said.values()]
            assert all(found == fields[0] for found in fields), f"{section}.{name}"


def test_every_cause_and_code_has_its_text() -> None:
    assert set(texts()["cause"]) == set(CAUSES)
    assert set(CODES) <= set(texts()["why"])
    assert set(MOVES) <= set(texts()["area"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CASES)
def test_every_area_that_changed_is_told_or_counted(run: Runner, name: str, language: str) -> None:
    found = compared(run, name)
    said = sentences(found, language=language)
    text = "\n".join(said)
    assert "{" not in text
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)
    for area in found.areas[found.areas["own_figures"]].itertuples():
        assert any(line.startswith(f"{area.name} ({area.area_id})") for line in said)
    cause = texts()["cause"][CASES[name].cause][language]
    told = [line for line in said if line.endswith(f": {cause}.")]
    counted = (~found.areas["own_figures"]).sum()
    assert len(found.areas) - counted <= len(told) <= len(found.areas)


def test_a_sentence_says_what_moved_and_why(run: Runner) -> None:
    said = sentences(compared(run, "offer"))
    assert said[0] == "Data: the file more.gpkg is new."
    assert said[2] == "Areas: 0 new, 0 gone, 1 rose, 1 fell; 0 now funded, 0 no longer."
    # Money that follows the ranking reaches the area that rose; nothing else of it is new.
    assert said[3] == (
        "Vestby 3 (5001-MPLLCW) rose from rank 2 to 1, and the plain ranked cut now funds it: its own figures are as "
        "before, those of other areas are not. Cause: data."
    )
    assert said[4].startswith(
        "Østby - Nuortta 3 (5002-FKL62B) fell from rank 1 to 2, now a safe no, before a toss-up: 3 premises are no "
        "longer eligible, as the service or the plans known there have changed; the route is 14\u202f500 m, "
        "before 16\u202f500 m; "
    )
    assert said[4].endswith(" Cause: data.")
    assert len(said) == 5
    nb = sentences(compared(run, "offer"), language="nb")
    assert nb[4].startswith("Østby - Nuortta 3 (5002-FKL62B) falt fra plass 1 til 2, nå sikkert nei, før på vippen: ")
    assert nb[4].endswith(" Årsak: data.")


def test_areas_that_others_moved_are_counted_and_not_told_one_by_one(run: Runner) -> None:
    for name, ending in (("price", "3 more areas stand"), ("premises", "1 more area stands")):
        said = sentences(compared(run, name))
        assert said[-1] == f"{ending} elsewhere only because others do."


def test_of_many_areas_those_decided_otherwise_are_told_first_and_the_rest_counted(run: Runner) -> None:
    found = compared(run, "price")
    said = sentences(found, most=1)
    assert said[2].startswith("Vestby 3 (5001-MPLLCW) keeps rank 2, and is no longer funded: ")
    assert said[3:] == [
        "1 more area has changed: see the table.",
        "3 more areas stand elsewhere only because others do.",
    ]
    assert sentences(found, most=100) == sentences(found)


def test_a_language_that_is_not_there_is_refused(run: Runner) -> None:
    with pytest.raises(DataError, match="'fr' is none of"):
        sentences(compared(run, "offer"), language="fr")


def test_the_comparison_is_plain_json(run: Runner) -> None:
    found = compared(run, "premises")
    told = json.loads(json.dumps(found.to_mapping(), allow_nan=False))
    assert told["causes"] == ["data"]
    assert len(told["areas"]) == len(found.areas)
    assert told["fingerprint_before"] != told["fingerprint_after"]
    assert told["areas"][0]["reasons"]


# --- matching -----------------------------------------------------------------------------------------------------

Grouping = dict[str, str | None]  # place -> area
PLACES = [f"p{number}" for number in range(12)]
GROUPINGS = st.fixed_dictionaries({place: st.sampled_from([None, "a", "b", "c", "d"]) for place in PLACES})


def frame(grouping: Mapping[str, str | None], weight: float = 1.0) -> pd.DataFrame:
    places = list(grouping)
    area = pd.array([grouping[place] for place in places], dtype="str")
    return pd.DataFrame({"place_id": places, "area": area, "weight": weight})


def sizes(grouping: Mapping[str, str | None]) -> dict[str, float]:
    found: dict[str, float] = {}
    for area in grouping.values():
        if area is not None:
            found[area] = found.get(area, 0.0) + 1.0
    return found


def paired(before: Mapping[str, str | None], after: Mapping[str, str | None]) -> list[tuple[str | None, str | None]]:
    return pair_areas(sizes(before), sizes(after), shared_premises(frame(before), frame(after)))


def renamed(grouping: Mapping[str, str | None]) -> Grouping:
    """Give every area an id that the other run does not have."""
    return {place: area and f"{area}-new" for place, area in grouping.items()}


@given(GROUPINGS, GROUPINGS, st.booleans())
def test_every_area_is_in_one_pair_and_the_same_ids_belong_together(
    before: Grouping, after: Grouping, new: bool
) -> None:
    after = renamed(after) if new else after
    pairs = paired(before, after)
    assert sorted(old for old, _ in pairs if old) == sorted(sizes(before))
    assert sorted(new for _, new in pairs if new) == sorted(sizes(after))
    assert {(area, area) for area in sizes(before).keys() & sizes(after).keys()} <= set(pairs)


@given(GROUPINGS, GROUPINGS)
def test_swapping_the_runs_swaps_the_pairs(before: Grouping, after: Grouping) -> None:
    after = renamed(after)
    assert sorted(map(str, paired(before, after))) == sorted(str((old, new)) for new, old in paired(after, before))


@given(GROUPINGS, GROUPINGS)
def test_areas_of_other_ids_are_paired_only_by_what_they_share_and_as_long_as_any_share_enough(
    before: Grouping, after: Grouping
) -> None:
    after = renamed(after)
    shared = {(row.before, row.after): row.shared for row in shared_premises(frame(before), frame(after)).itertuples()}
    small = {pair: min(sizes(before)[pair[0]], sizes(after)[pair[1]]) for pair in shared}
    enough = {pair for pair, count in shared.items() if count >= LEAST_SHARED * small[pair]}
    pairs = set(paired(before, after))
    matched = {pair for pair in pairs if None not in pair}
    assert matched <= enough
    came, went = {new for old, new in pairs if old is None}, {old for old, new in pairs if new is None}
    assert not {pair for pair in enough if pair[0] in went and pair[1] in came}


@given(GROUPINGS)
def test_other_ids_for_the_same_areas_are_seen_through(grouping: Grouping) -> None:
    assert paired(grouping, renamed(grouping)) == [(area, f"{area}-new") for area in sorted(sizes(grouping))]


@given(GROUPINGS, GROUPINGS, st.randoms(use_true_random=False))
def test_the_order_of_the_places_does_not_matter(before: Grouping, after: Grouping, random: Any) -> None:
    after = renamed(after)
    places = PLACES.copy()
    random.shuffle(places)
    shuffled = {place: before[place] for place in places}
    assert paired(shuffled, after) == paired(before, after)


def test_a_split_area_goes_on_in_its_larger_part() -> None:
    before: Grouping = dict.fromkeys(PLACES[:10], "a")
    after: Grouping = {place: "x" if number < 6 else "y" for number, place in enumerate(PLACES[:10])}
    assert paired(before, after) == [("a", "x"), (None, "y")]
    assert paired(after, before) == [("x", "a"), ("y", None)]


def test_an_area_that_shares_less_than_half_is_another() -> None:
    before: Grouping = dict.fromkeys(PLACES[:5], "a")
    after: Grouping = dict.fromkeys([*PLACES[3:5], *PLACES[8:12]], "x")
    assert paired(before, after) == [(None, "x"), ("a", None)]


def test_of_a_place_whose_weight_changed_the_smaller_counts() -> None:
    grouping: Grouping = {"p0": "a"}
    shared = shared_premises(frame(grouping, 5.0), frame(grouping, 2.0))
    assert shared["shared"].tolist() == [2.0]


# --- differing ----------------------------------------------------------------------------------------------------


def test_missing_is_equal_to_missing_and_figures_within_what_another_machine_may_move() -> None:
    old, new = pd.Series([1.0, np.nan, np.nan, 1e6, 0.0]), pd.Series([1.0, np.nan, 1.0, 1e6 + 1e-5, 1e-12])
    assert differ(old, new).tolist() == [False, False, True, False, False]
    text, other = pd.Series(["a", None, "b", None], dtype="str"), pd.Series(["a", None, "c", "d"], dtype="str")
    assert differ(text, other).tolist() == [False, False, True, True]
    flags, mixed = pd.Series([True, False, True]), pd.Series([True, True, None], dtype=object)
    assert differ(flags, mixed).tolist() == [False, True, True]
