"""What becomes of the funded areas if plans come late, lapse or arrive: on the tiny study and the command line."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from shapely.geometry import box

from coverage import pipeline
from coverage.mobile_areas import plan_mobile
from coverage.pipeline import Prepared
from coverage.plans import ARRIVE, LAPSE, lapse, what_ifs
from coverage.policy import load_policy
from coverage.radio import load_radio
from coverage.roads import build_graph
from coverage.scenario import Scenario
from coverage.stress import KEPT, TODAY, Stress, stress
from coverage.study import Study
from tests import hills
from tests.command import run
from tests.studymaker import CRS, SIDE, X0, Y0, TinyStudy, tiny_study

POLICY = load_policy("no-2024")
AS_OF = dt.date(2024, 6, 30)  # of the tiny study
ROOT = Path(__file__).parent.parent


def with_plans(folder: Path) -> TinyStudy:
    """Return the tiny study with three plans: A in the south-east, B in the north-east, and A in the west, but late."""
    tiny = tiny_study(folder)
    east = X0 + SIDE
    shapes = [
        box(east, Y0, east + SIDE, Y0 + 4000),
        box(east, Y0 + 6000, east + SIDE, Y0 + SIDE),
        box(X0, Y0 + 6000, X0 + 5000, Y0 + SIDE),
    ]
    columns = {
        "provider": ["A Fiber", "B Nett", "A Fiber"],
        "available_from": ["2025-06-01", "2026-09-01", "2029-06-01"],
        "claim": "plan", "technology": "fibre", "down_mbps": 1000, "up_mbps": 1000,
    }  # fmt: skip
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)
    frame.to_file(folder / "plans.gpkg")
    tiny.sources.append(
        {"id": "plans", "role": "hearing", "kind": "vector", "path": "plans.gpkg", "as_of": AS_OF,
         "options": {"shape": "polygon"}}
    )  # fmt: skip
    tiny.save()
    return tiny


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    study = Study.open(with_plans(tmp_path_factory.mktemp("stress") / "tiny").folder)
    return pipeline.prepare(study, POLICY)


@pytest.fixture(scope="module")
def scenario(prepared: Prepared) -> Scenario:
    """Return a budget that buys about half of what the county needs."""
    whole = pipeline.decide(prepared, Scenario(policy=POLICY.id, budget=1e12))
    return Scenario(policy=POLICY.id, budget=float(whole.areas["grant"].sum() / 2))


@pytest.fixture(scope="module")
def found(prepared: Prepared, scenario: Scenario) -> Stress:
    return stress(prepared, scenario)


# --- the tiny study ------------------------------------------------------------------------------------------


def test_today_stands_first_and_every_what_if_has_a_row_and_a_column(found: Stress, prepared: Prepared) -> None:
    ids = [case.id for case in what_ifs(prepared.inputs, as_of=AS_OF)]
    assert ids == ["late_12", "late_24", "lapse_a_fiber", "lapse_b_nett", LAPSE, ARRIVE]
    assert found.whatifs["whatif"].tolist() == [TODAY, *ids]
    assert [name for name in found.areas if name.startswith(KEPT)] == [f"{KEPT}{name}" for name in ids]
    today = found.whatifs.set_index("whatif").loc[TODAY]
    assert today["kept_share"] == 1
    assert today["kept_premises"] == today["funded_premises"]
    assert today["grant_at_risk"] == 0


def test_what_lapses_comes_back_and_what_arrives_goes(found: Stress) -> None:
    rows = found.whatifs.set_index("whatif")
    today, all_lapse, all_arrive = (rows.loc[name, "eligible_premises"] for name in (TODAY, LAPSE, ARRIVE))
    each = rows.loc[["lapse_a_fiber", "lapse_b_nett"], "eligible_premises"] - today
    assert each.min() > 0
    # The two have no place in common: what comes back adds up.
    assert all_lapse - today == each.sum()
    assert all_arrive < today
    # B's plan comes too late after a year; A's stands until two years have passed.
    assert rows.loc["late_12", "eligible_premises"] == rows.loc["lapse_b_nett", "eligible_premises"]
    assert rows.loc["late_24", "eligible_premises"] == rows.loc["lapse_b_nett", "eligible_premises"]


def test_premises_kept_built_and_displaced_are_all_there_are(found: Stress) -> None:
    rows = found.whatifs
    total = rows[["kept_premises", "built_premises", "displaced_premises"]].sum(axis=1)
    assert total.tolist() == pytest.approx([rows["funded_premises"].iloc[0]] * len(rows))
    assert (rows.loc[rows["whatif"] != ARRIVE, "built_premises"] == 0).all()
    assert (found.areas.filter(like=KEPT).to_numpy() <= 1 + 1e-9).all()
    np.testing.assert_allclose(found.areas["grant_at_risk"], found.areas["grant"] * found.areas["built_anyway"])
    at_risk = rows.set_index("whatif").loc[ARRIVE, "grant_at_risk"]
    assert found.areas["grant_at_risk"].sum() == pytest.approx(at_risk)


def test_survival_is_of_the_worst_in_which_plans_come_late_or_lapse(found: Stress) -> None:
    worse = found.areas.filter(like=KEPT).drop(columns=f"{KEPT}{ARRIVE}")
    least = worse.min(axis=1).clip(upper=1)
    np.testing.assert_allclose(found.areas["least_kept"], least)
    expected = np.where(least >= 0.9, "safe", np.where(least <= 0.1, "lost", "partly"))
    assert found.areas["survives"].tolist() == expected.tolist()
    assert json.loads(json.dumps(found.summary()))["survives"] == {
        word: int((expected == word).sum()) for word in ("safe", "partly", "lost")
    }


def test_newcomers_are_mostly_not_funded_today(found: Stress) -> None:
    counts = found.newcomers["whatif"].value_counts()
    rows = found.whatifs.set_index("whatif")
    assert rows["newcomers"].to_dict() == {name: int(counts.get(name, 0)) for name in rows.index}
    assert (found.newcomers["new_share"] > 0.5).all()
    assert rows["newcomers"].sum() > 0


def test_preparing_again_is_preparing_from_files(prepared: Prepared, tmp_path: Path) -> None:
    tiny = with_plans(tmp_path / "tiny")
    tiny.drop("plans")
    tiny.save()
    fresh = pipeline.prepare(Study.open(tiny.folder), POLICY)
    again = pipeline.prepare_again(prepared, lapse(prepared.inputs, as_of=AS_OF))
    names = [name for name in fresh.places if name in again.places]
    assert set(fresh.places) == set(names)
    assert_frame_equal(pd.DataFrame(fresh.places[names]), pd.DataFrame(again.places[names]))
    assert_frame_equal(pd.DataFrame(fresh.areas), pd.DataFrame(again.areas))
    assert_frame_equal(pd.DataFrame(fresh.routes), pd.DataFrame(again.routes))
    assert fresh.counts == again.counts


def test_what_changes_no_verdict_changes_nothing(prepared: Prepared) -> None:
    same = pipeline.prepare_again(prepared, prepared.inputs)
    assert same.places is prepared.places
    assert same.areas is prepared.areas


def test_the_order_of_rows_does_not_matter(prepared: Prepared, scenario: Scenario, found: Stress) -> None:
    (plans,) = prepared.inputs.hearing
    turned = dataclasses.replace(plans, frame=plans.frame.iloc[::-1].reset_index(drop=True))
    other = pipeline.prepare_again(prepared, dataclasses.replace(prepared.inputs, hearing=(turned,)))
    again = stress(other, scenario)
    assert_frame_equal(found.areas, again.areas)
    assert_frame_equal(found.whatifs, again.whatifs)
    assert_frame_equal(found.newcomers, again.newcomers)


def test_a_study_without_plans_has_nothing_to_stress(tmp_path: Path, scenario: Scenario) -> None:
    study = Study.open(tiny_study(tmp_path / "tiny").folder)
    alone = stress(pipeline.prepare(study, POLICY), scenario)
    assert alone.whatifs["whatif"].tolist() == [TODAY]
    assert alone.newcomers.empty
    assert set(alone.areas["survives"]) <= {"safe"}


# --- areas of kind mobile ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def masted(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Prepare the tiny study on a plain, under a policy that pays for mobile coverage: one mast for the east."""
    tiny = with_plans(tmp_path_factory.mktemp("masted") / "tiny")
    hills.model(tiny.folder / "plain.tif", hills.flat(120, 120, height=100), cell=250, west=X0 - 5000, south=Y0 - 5000)
    tiny.sources.append({"id": "plain", "role": "terrain", "kind": "raster", "path": "plain.tif"})
    slope = {"value": 0.1, "unit": "m per m", "source": "drawn by hand", "confidence": "assumed"}
    tiny.settings["parameters"] |= {"steep_slope": slope}
    tiny.save()
    return pipeline.prepare(Study.open(tiny.folder), load_policy("no-2026"))


def stressed(masted: Prepared, budget: float) -> Stress:
    return stress(masted, Scenario(policy="no-2026", budget=budget, draws=20))


def test_a_mast_that_is_funded_today_and_then_is_kept_whole(masted: Prepared) -> None:
    (mast,) = masted.masts.areas["area_id"]
    found = stressed(masted, 1e12)
    row = found.areas.set_index("area_id").loc[mast]
    assert (row["kind"], row["survives"], row["built_anyway"], row["grant_at_risk"]) == ("mobile", "safe", 0, 0)
    assert row[[name for name in found.areas if name.startswith(KEPT)]].eq(1).all()
    assert found.whatifs["displaced_grant"].to_numpy() == pytest.approx(0, abs=1e-6)


def test_a_mast_is_lost_where_others_come_before_it(masted: Prepared) -> None:
    (mast,) = masted.masts.areas["area_id"]
    found = stressed(masted, 23e6)
    row = found.areas.set_index("area_id").loc[mast]
    assert (row["survives"], row[f"{KEPT}late_12"], row[f"{KEPT}{ARRIVE}"]) == ("lost", 0, 1)
    displaced = found.whatifs.set_index("whatif")["displaced_grant"]
    assert displaced[TODAY] == pytest.approx(0, abs=1e-6)
    assert displaced["late_12"] >= row["grant"] * (1 - 1e-9)


def test_a_mast_can_be_a_newcomer_and_its_premises_are_not_added_to_those_of_fixed_areas(masted: Prepared) -> None:
    found = stressed(masted, 21e6)
    assert set(found.areas["kind"]) == {"fixed"}
    came = found.newcomers[found.newcomers["whatif"] == ARRIVE]
    assert came.loc[came["kind"] == "mobile", ["premises", "new_share"]].to_numpy().tolist() == [[15, 1]]
    row = found.whatifs.set_index("whatif").loc[ARRIVE]
    assert row["newcomers"] == len(came)
    assert row["newcomer_premises"] == came.loc[came["kind"] == "fixed", "premises"].sum()
    assert row["newcomer_grant"] == pytest.approx(came["grant"].sum())


def test_masts_stay_but_who_is_short_of_mobile_alone_is_told_again(masted: Prepared) -> None:
    arrived = next(case for case in what_ifs(masted.inputs, as_of=AS_OF) if case.id == ARRIVE)
    again = pipeline.prepare_again(masted, arrived.inputs)
    fresh = plan_mobile(
        again.places, again.inputs, graph=build_graph(again.inputs.roads), policy=masted.policy, radio=load_radio()
    )
    names = list(fresh.areas.columns)
    assert_frame_equal(pd.DataFrame(again.masts.areas[names]), pd.DataFrame(fresh.areas))
    assert again.masts.counts == fresh.counts
    assert again.masts.counts["mobile_only_premises_served"] > masted.masts.counts["mobile_only_premises_served"]
    shown = again.areas.loc[again.areas["kind"] == "mobile", "mobile_only_premises"]
    assert shown.tolist() == fresh.areas["mobile_only_premises"].tolist()


def test_a_mast_shares_no_trench_with_an_area_that_gets_no_fibre(masted: Prepared) -> None:
    scenario = Scenario(policy="no-2026", budget=0, draws=20)
    mast = pipeline.decide(masted, scenario).areas.set_index("kind").loc["mobile"]
    assert mast["backhaul_with"] in set(masted.areas["area_id"])
    assert mast["backhaul_saving"] > 0
    # With wireless from a mast that stands, and dear trenches, no fixed area gets fibre.
    wireless = {
        "fwa_basis": "terrain", "fwa_reach_share": 1.0, "fwa_edge_mbps": 500.0, "fwa_sites_existing": 1.0,
        "fwa_sites_new": 0.0, "fwa_power_m": 0.0, "fwa_backhaul_m": 0.0, "deliver_down_mbps": 100.0,
        "deliver_up_mbps": 10.0,
    }  # fmt: skip
    fixed = masted.areas["kind"] == "fixed"
    areas = masted.areas.assign(**{name: masted.areas[name].mask(fixed, value) for name, value in wireless.items()})
    dear = tuple((f"{ground}_trench_m", 1e5) for ground in ("verge", "soil", "rock"))
    found = pipeline.decide(dataclasses.replace(masted, areas=areas), scenario.with_changes(costs=dear)).areas
    assert set(found.loc[found["kind"] == "fixed", "technology"]) == {"fwa"}
    mast = found.set_index("kind").loc["mobile"]
    assert pd.isna(mast["backhaul_with"])
    assert mast[["backhaul_saving", "backhaul_saving_m"]].tolist() == [0, 0]


# --- the command line ----------------------------------------------------------------------------------------


def test_the_command_line_tells_of_the_hearing_and_of_the_stress_test(tmp_path: Path) -> None:
    folder = with_plans(tmp_path / "tiny").folder
    told = run("hearing", folder, "--json", "--out", tmp_path / "hearing.csv")
    assert told.returncode == 0, told.stderr
    summary = json.loads(told.stdout)
    assert [row["operator"] for row in summary["operators"]] == ["A Fiber", "A Fiber", "B Nett", "B Nett"]
    table = pd.read_csv(tmp_path / "hearing.csv")
    assert set(table["data_status"]) == {"synthetic"}
    lists = pd.read_csv(tmp_path / "hearing-lists.csv")
    assert (lists["premises_removed"] == lists["premises_before"] - lists["premises_after"]).all()
    shown = run("hearing", folder)
    assert "SYNTHETIC" in shown.stdout
    assert "B Nett" in shown.stdout
    norwegian = run("hearing", folder, "--lang", "nb", "--out", tmp_path / "hearing.xlsx").stdout
    assert "Per operatør, på listen under 100 Mbit/s" in norwegian
    assert not re.search(r"\b(removed|below|premises)\b", norwegian)
    written = pd.read_excel(tmp_path / "hearing.xlsx", sheet_name=None)
    assert list(written) == ["Les meg", "Høring", "Høring per operatør", "Kolonner"]
    assert run("stress", folder, "--lang", "sv").returncode == 2
    tested = run("stress", folder, "--budget", 3_000_000, "--out", tmp_path / "stress.xlsx")
    assert tested.returncode == 0, tested.stderr
    assert "all plans lapse" in tested.stdout
    sheets = pd.read_excel(tmp_path / "stress.xlsx", sheet_name=None)
    assert list(sheets) == ["Read me", "Funded areas", "What if", "Newcomers", "Columns"]
    assert set(sheets["Funded areas"]["Budget (NOK)"]) <= {3_000_000}
    result = run("assess", folder, "--json", "--out", tmp_path / "out")
    assert json.loads(result.stdout)["hearing"] == summary


@pytest.mark.parametrize("name", ["tables.docx", "nowhere/tables.csv"])
def test_a_file_that_cannot_be_written_is_one_sentence_before_anything_is_read(tmp_path: Path, name: str) -> None:
    folder = tiny_study(tmp_path / "tiny").folder
    failed = run("stress", folder, "--out", tmp_path / name)
    assert failed.returncode == 2
    assert failed.stderr.startswith("error: ")
    assert failed.stderr.count("\n") == 1


def test_a_study_without_a_hearing_says_so(tmp_path: Path) -> None:
    told = run("hearing", tiny_study(tmp_path / "tiny").folder)
    assert told.returncode == 0, told.stderr
    assert "No operator was heard" in told.stdout
