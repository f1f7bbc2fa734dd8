"""The stages together, on a tiny county drawn by hand: what is counted, what never changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from pandas.testing import assert_frame_equal

from coverage import enclosed, pipeline, traits
from coverage.assessment import Assessment
from coverage.errors import PolicyError
from coverage.policy import load_policy
from coverage.schemas import AREA_COLUMNS, AREA_TAIL
from coverage.study import Study
from coverage.templates import template_digest
from tests.studymaker import PLACES, tiny_study


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_study(tmp_path_factory.mktemp("tiny")).folder


@pytest.fixture(scope="module")
def study(folder: Path) -> Study:
    return Study.open(folder)


@pytest.fixture(scope="module")
def prepared(study: Study) -> pipeline.Prepared:
    return pipeline.prepare(study, load_policy("no-2024"))


@pytest.fixture(scope="module")
def result(prepared: pipeline.Prepared, study: Study) -> Assessment:
    return pipeline.decide(prepared, study.default_scenario())


def test_every_place_keeps_its_row(result: Assessment) -> None:
    assert len(result.places) == PLACES
    assert list(result.places["place_id"]) == [f"p{i:02d}" for i in range(PLACES)]
    assert (result.places["eligible"] > 0).sum() == result.places["area_id"].notna().sum()


def test_places_inside_the_footprint_are_served_and_the_others_short(result: Assessment) -> None:
    inside = result.places.within(result.municipalities.geometry[0].buffer(0)) & (result.places["fixed_down_mbps"] > 0)
    assert set(result.places.loc[inside, "tier"]) == {"served"}
    assert set(result.places.loc[~inside, "tier"]) == {"below_30"}
    # A holiday home is short of service and still not eligible.
    holiday = result.places["kind"] == "holiday"
    assert set(result.places.loc[holiday & ~inside, "reason_code"]) == {"holiday-home"}
    assert set(result.places.loc[holiday, "eligible"]) == {0.0}


def test_figures_add_up(result: Assessment) -> None:
    summary = result.summary
    assert sum(summary["places"].values()) == PLACES
    for group in ("gaps", "tiers"):
        assert sum(part["businesses"] for part in summary[group].values()) == summary["places"]["business"]
        assert sum(part["households"] for part in summary[group].values()) == summary["places"]["household"]
    for label in ("businesses", "households"):
        assert sum(row["eligible"][label] for row in summary["municipalities"]) == summary["eligible"][label]
        assert result.areas[label].sum() == summary["eligible"][label]
    assert summary["funding_gap"]["p10"] <= summary["funding_gap"]["p50"] <= summary["funding_gap"]["p90"]
    assert summary["funded"]["grant"] <= summary["budget"]
    assert result.cost_lines.groupby("area_id")["amount"].sum().sum() == pytest.approx(result.areas["capex"].sum())


def test_areas_have_the_contract_columns_in_order(result: Assessment) -> None:
    scores = [f"score_{criterion.id}" for criterion in result.policy.criteria]
    expected = [*AREA_COLUMNS, *scores, *AREA_TAIL]
    assert list(result.areas.columns[: len(expected)]) == expected
    assert list(result.areas["rank"]) == list(range(1, len(result.areas) + 1))
    payers = result.areas[["state_share", "county_share", "municipal_share", "private_share"]].sum(axis=1)
    assert payers.to_numpy() == pytest.approx(result.areas["funding_gap_p50"].to_numpy())
    assert set(result.areas["data_status"]) == {"synthetic"}


def test_areas_tell_of_their_outlines_their_operators_and_their_revenue(result: Assessment) -> None:
    areas, places = result.areas, result.places
    operators = sorted({layer.operator for layer in result.mobile})
    for told in areas["mobile_by_operator"].dropna():
        assert [part.partition(": ")[0] for part in told.split("; ")] == operators
    assert areas["mobile_by_operator"].notna().all()
    fixed = areas[areas["kind"] == "fixed"]
    outside = enclosed.enclosed(places, areas)
    counted = places.loc[outside.index, "weight"].groupby(outside).sum()
    assert fixed["excluded_premises"].tolist() == fixed["area_id"].map(counted).fillna(0.0).tolist()
    assert ((areas["revenue_per_year"] > 0) == (areas["connections"] > 0)).all()


def test_every_funded_area_is_joined_to_the_network(result: Assessment) -> None:
    routes = result.routes.set_index("area_id")
    assert set(routes.index) == set(result.areas["area_id"])
    assert routes["connected"].all()
    assert (routes["route_m"] >= routes["backhaul_m"] - 1e-6).all()
    assert result.summary["route_m_if_all_built"] <= result.summary["route_m"] + 1


def test_more_budget_funds_no_less(prepared: pipeline.Prepared, study: Study) -> None:
    question = study.default_scenario()
    reached = []
    for budget in (0.0, 1e6, 5e6, 1e12):
        summary = pipeline.decide(prepared, question.with_changes(budget=budget)).summary
        reached.append(summary["funded"]["businesses"] + summary["funded"]["households"])
    assert reached[0] == 0
    assert reached == sorted(reached)
    eligible = summary["eligible"]
    assert reached[-1] == eligible["businesses"] + eligible["households"]


def test_same_question_same_answer(study: Study, result: Assessment) -> None:
    again = pipeline.assess(study, study.default_scenario())
    pd.testing.assert_frame_equal(pd.DataFrame(again.areas), pd.DataFrame(result.areas))
    pd.testing.assert_frame_equal(pd.DataFrame(again.places), pd.DataFrame(result.places))
    assert again.summary == result.summary
    assert again.provenance["fingerprint"] == result.provenance["fingerprint"]


def test_the_fingerprint_follows_the_question(prepared: pipeline.Prepared, study: Study, result: Assessment) -> None:
    other = pipeline.decide(prepared, study.default_scenario().with_changes(seed=7))
    assert other.provenance["fingerprint"] != result.provenance["fingerprint"]


def test_the_fingerprint_holds_what_areas_are_scored_by(
    prepared: pipeline.Prepared, study: Study, result: Assessment, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = result.provenance
    assert (plain["template"], plain["assumed"]["scoring"]) == ({"id": "", "sha256": ""}, [])
    assert plain["criteria"] == {"sha256": traits.tables_digest()}
    wished = study.default_scenario().with_changes(template="germany", weights=(("remoteness", 5.0),))
    found = pipeline.decide(prepared, wished)
    assert found.provenance["template"] == {"id": "germany", "sha256": template_digest("germany")}
    scoring = found.provenance["assumed"]["scoring"]
    assert {"criterion remaining_need (unconfirmed)", "criterion remoteness (assumed)"} <= set(scoring)
    louisiana = pipeline.decide(prepared, study.default_scenario().with_changes(template="louisiana"))
    assert "template: reference in NOK (derived)" in louisiana.areas["assumed"].iloc[0]
    monkeypatch.setattr(traits, "tables_digest", lambda: "other")
    assert pipeline.decide(prepared, wished).provenance["fingerprint"] != found.provenance["fingerprint"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"template": "lousiana"}, "template 'lousiana' is not known"),
        ({"template": "germany", "weights": (("premises", 5.0),)}, "weights.premises: germany has only"),
        ({"template": "cost-per-premises", "policy": "us-bead-2022"}, "its amounts are in NOK, .* in USD"),
        ({"weights": (("nonsense", 5.0),)}, "weights.nonsense"),
    ],
)
def test_what_areas_cannot_be_scored_by_is_said_before_the_work(
    study: Study, changes: dict[str, Any], message: str
) -> None:
    done: list[str] = []
    dollars = replace(study, currency="USD") if "policy" in changes else study
    with pytest.raises(PolicyError, match=message):
        pipeline.assess(dollars, study.default_scenario().with_changes(**changes), progress=done.append)
    assert not done


def test_a_decision_under_another_policy_is_refused(prepared: pipeline.Prepared, study: Study) -> None:
    with pytest.raises(PolicyError, match="judged under 'no-2024'"):
        pipeline.decide(prepared, study.default_scenario().with_changes(policy="us-bead-2022"))


@pytest.mark.parametrize(
    "rules", [(("max_premises", 2.0), ("min_premises", 1.0)), (("cut_m", 100.0), ("split_by_municipality", 0.0))]
)
def test_areas_drawn_anew_are_those_of_a_whole_run(
    prepared: pipeline.Prepared, study: Study, rules: tuple[tuple[str, float], ...]
) -> None:
    scenario = study.default_scenario().with_changes(areas=rules)
    policy = scenario.shape(load_policy("no-2024"))
    again = pipeline.redraw(prepared, policy)
    whole = pipeline.prepare(study, policy)
    assert len(again.areas) != len(prepared.areas)
    for name in ("places", "areas", "routes", "branches"):
        assert_frame_equal(getattr(again, name), getattr(whole, name))
    assert again.joint_route_m == whole.joint_route_m
    assert pipeline.decide(again, scenario).summary == pipeline.decide(whole, scenario).summary


def test_areas_are_not_drawn_anew_under_another_pack(prepared: pipeline.Prepared) -> None:
    with pytest.raises(PolicyError, match="no-2023"):
        pipeline.redraw(prepared, load_policy("no-2023"))


def test_money_in_another_currency_is_one_sentence(study: Study, prepared: pipeline.Prepared) -> None:
    scenario = study.default_scenario().with_changes(policy="us-bead-2022")
    with pytest.raises(PolicyError, match=f"us-bead-2022: its amounts are in USD and those of study {study.id} in NOK"):
        pipeline.assess(study, scenario)
    foreign = replace(prepared, policy=load_policy("us-bead-2022"))
    with pytest.raises(PolicyError, match="can judge places there, but not price areas"):
        pipeline.decide(foreign, scenario)


def test_progress_names_every_step(study: Study) -> None:
    seen: list[str] = []
    pipeline.assess(study, study.default_scenario(), progress=seen.append)
    assert seen[-len(pipeline.STEPS) :] == list(pipeline.STEPS)
    assert len(seen) >= len(pipeline.STEPS) + len(study.sources)


def test_the_order_of_rows_does_not_matter(tmp_path: Path, result: Assessment) -> None:
    folder = tiny_study(tmp_path / "tiny").folder
    head, *rows = (folder / "premises.csv").read_text(encoding="utf-8").splitlines()
    (folder / "premises.csv").write_text("\n".join([head, *reversed(rows)]) + "\n", encoding="utf-8")
    for name in ("municipalities.gpkg", "roads.gpkg"):
        frame = gpd.read_file(folder / name).sample(frac=1, random_state=3)
        (folder / name).unlink()
        frame.to_file(folder / name)
    study = Study.open(folder)
    again = pipeline.assess(study, study.default_scenario())
    assert again.summary == result.summary
    assert_geodataframe_equal(again.areas, result.areas)
    for frame, other in ((again.places, result.places), (again.routes, result.routes)):
        key = "place_id" if "place_id" in frame else "area_id"
        assert_geodataframe_equal(*(side.sort_values(key, ignore_index=True).drop(columns="source_row", errors="ignore")
                                    for side in (frame, other)))  # fmt: skip


def test_provenance_tells_how_good_the_choice_provably_is(result: Assessment) -> None:
    found = result.provenance["selection"]
    assert found["gap"] == pytest.approx(0, abs=1e-9)
    assert 0 <= found["redrawn_error_mean"] <= found["redrawn_error_max"] < 1


def test_swings_are_of_the_total_at_the_books_own_figures(result: Assessment) -> None:
    found = pipeline.swings(result)
    assert set(found["group"]) == {"unit_cost", "rock_share", "take_up", "wacc"}
    assert found["base"].to_numpy() == pytest.approx(result.areas["funding_gap"].sum())
    assert found["swing"].is_monotonic_decreasing
