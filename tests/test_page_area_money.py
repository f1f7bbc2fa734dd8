"""The money of one area on the page Priorities: levers for a typed target, the cash flow, the clawback."""

from __future__ import annotations

import dataclasses
import re

import pytest
from streamlit.testing.v1 import AppTest

from coverage.assessment import Assessment
from coverage.clawback import clawback
from coverage.contributions import contributions
from coverage.levers import LEVERS, MEASURES, WHYS, levers
from coverage.scenario import Scenario
from coverage.subsidy import cash_flow, estimate
from maps import language, session, style
from maps.pages import area_money, lever_words
from maps.session import Key
from tests import toy, toy_view
from tests.screen_texts import texts_of

AREA_ID = "5001-A00002"


def page(area_id: str) -> None:
    from maps import session
    from maps.pages import area_money

    session.scenario_of(session.open_study())
    area_money.show(session.current(), area_id)


def money_page(monkeypatch: pytest.MonkeyPatch, change: object = None) -> AppTest:
    def decide(_study: object, scenario: Scenario) -> Assessment:
        found = toy_view.decide(scenario)
        return change(found) if callable(change) else found

    monkeypatch.setattr(session, "open_study", toy.study)
    monkeypatch.setattr(session, "assess", decide)
    return AppTest.from_function(page, args=(AREA_ID,), default_timeout=60)


def panel(test: AppTest) -> list[tuple[str, str]]:
    """Return the levers on screen: name and sentence."""
    body = next(part.proto.body for part in test.get("html") if "<dt>" in part.proto.body)
    return [(a, b.replace(style.THIN, " ")) for a, b in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", body)]


def estimated() -> tuple[Assessment, float]:
    assessment = toy_view.decide(session.Scenario(policy="no-2024", budget=toy.study().budget))
    area = assessment.areas[assessment.areas["area_id"] == AREA_ID]
    found, _ = estimate(
        area, assessment.routes, book=assessment.costs, policy=assessment.policy, scenario=assessment.scenario
    )
    return assessment, float(found["funding_gap_p50"].iloc[0])


def test_the_levers_for_a_typed_target_are_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    assessment, before = estimated()
    test = money_page(monkeypatch).run()
    assert not test.exception
    field = next(item for item in test.number_input if item.label.startswith("to at most"))
    assert field.value == pytest.approx(0.9 * before / 1e6, abs=0.006)
    field.set_value(0.5).run()
    assert not test.exception
    said = panel(test)
    assert [name for name, _ in said] == [lever_words.NAMES[lever] for lever in LEVERS]
    area = assessment.areas[assessment.areas["area_id"] == AREA_ID]
    table = levers(
        area,
        assessment.routes,
        book=assessment.costs,
        policy=assessment.policy,
        scenario=assessment.scenario,
        target=5e5,
    )
    assert [text[0] for _, text in said] == ["✓" if feasible else "✗" for feasible in table["feasible"]]
    need = style.money(lever_words.up(before - 5e5), "NOK").replace(style.THIN, " ")
    assert dict(said)["operator"] == f"✓ The operator, or others, puts in {need} more."
    assert dict(said)["technology"] == "✗ No other technology meets the delivery clause."


def test_a_target_that_is_reached_needs_no_lever(monkeypatch: pytest.MonkeyPatch) -> None:
    test = money_page(monkeypatch).run()
    field = next(item for item in test.number_input if item.label.startswith("to at most"))
    field.set_value(999.0).run()
    assert "reached already" in test.success[0].value
    assert not [part for part in test.get("html") if "<dt>" in part.proto.body]


@pytest.mark.parametrize("measure", MEASURES)
def test_the_target_may_be_set_for_gap_grant_or_gap_per_premises(monkeypatch: pytest.MonkeyPatch, measure: str) -> None:
    test = money_page(monkeypatch).run()
    test.selectbox(key="levers-measure").set_value(measure).run()
    assert not test.exception
    assert len(panel(test)) == len(LEVERS)


def test_the_cash_flow_and_the_clawback_are_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    test = money_page(monkeypatch).run()
    flow, back = (frame.value for frame in test.dataframe)
    assessment, _ = estimated()
    given = {"book": assessment.costs, "policy": assessment.policy}
    expected = cash_flow(assessment.areas, assessment.routes, area_id=AREA_ID, **given)  # type: ignore[arg-type]
    assert flow["present_value"].to_list() == pytest.approx(expected["present_value"].to_list())
    assert len(flow) == 26
    area = assessment.areas[assessment.areas["area_id"] == AREA_ID]
    found = clawback(area, assessment.routes, scenario=assessment.scenario, **given)  # type: ignore[arg-type]
    assert back["paid_back"].to_list() == pytest.approx(found["paid_back"].to_list())
    assert any("general knowledge" in caption.value for caption in test.caption)
    assert [tab.label for tab in test.tabs] == ["What would change this", "Cash flow", "If more connect"]


def test_what_residents_bring_goes_into_the_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    test = money_page(monkeypatch).run()
    test.number_input(key="residents-connection_fee").set_value(5000.0).run()
    test.number_input(key="residents-dugnad_m").set_value(250.0).run()
    assert not test.exception
    scenario = test.session_state[Key.EXTRA]
    assert (scenario.connection_fee, scenario.dugnad_m) == (5000.0, 250.0)
    assessment, before = estimated()
    area = assessment.areas[assessment.areas["area_id"] == AREA_ID]
    brought = contributions(area, assessment.routes, book=assessment.costs, scenario=scenario)["private"].iloc[0]
    today = style.money(before - brought, "NOK")
    assert any(caption.value.startswith(f"Today {today}:") for caption in test.caption)
    assert brought > 0


def test_the_premises_along_the_route_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = toy_view.ASSESSMENT
    route = whole.routes.loc[whole.routes["area_id"] == AREA_ID].geometry.iloc[0]
    middle = route.geoms[0].interpolate(0.5, normalized=True)
    geometry = whole.places.geometry.copy()
    technology = whole.places["fixed_technology"].copy()
    area = whole.places["area_id"].copy()
    geometry.iloc[:4] = [middle] * 4
    technology.iloc[:4] = ["dsl", None, "fibre", "dsl"]
    area.iloc[:4] = [None, None, None, AREA_ID]
    weight = whole.places["weight"].copy()
    weight.iloc[:2] = [2.0, 0.5]
    places = whole.places.assign(fixed_technology=technology, area_id=area, weight=weight).set_geometry(geometry)
    near = places[places.geometry.distance(route) <= area_money.ALONG_M]
    others = near[(near["area_id"] != AREA_ID) & (near["fixed_technology"] != "fibre")]
    assert others["weight"].sum() >= 2.5
    told = dataclasses.replace(whole, places=places)
    assert area_money.along(told, AREA_ID) == pytest.approx(others["weight"].sum())
    shares = dataclasses.replace(whole, places=places.assign(service_basis="expected_share"))
    assert area_money.along(shares, AREA_ID) is None
    bare = dataclasses.replace(whole, routes=whole.routes.iloc[:0])
    assert area_money.along(bare, AREA_ID) is None
    test = money_page(monkeypatch, lambda found: dataclasses.replace(found, places=places)).run()
    assert any("Within 200" in caption.value and "without fibre" in caption.value for caption in test.caption)


@pytest.mark.parametrize(("technology", "questions"), [("cable", []), ("mobile_site", ["Cash flow"])])
def test_what_has_no_bill_shows_nothing_and_a_mast_its_cash_flow_alone(
    monkeypatch: pytest.MonkeyPatch, technology: str, questions: list[str]
) -> None:
    def built(found: Assessment) -> Assessment:
        kind = "mobile" if technology == "mobile_site" else "fixed"
        amounts = dict.fromkeys(("sites_new", "sites_existing", "power_m", "backhaul_saving_m"), 1.0)
        areas = found.areas.assign(technology=technology, kind=kind, link_m=float("nan"), **amounts)
        return dataclasses.replace(found, areas=areas)

    test = money_page(monkeypatch, built).run()
    assert not test.exception
    assert [tab.label for tab in test.tabs] == questions
    told = [caption.value for caption in test.caption if "running and renewing" in caption.value]
    assert len(told) == len(questions)


def test_in_norwegian_the_levers_and_tables_are_norwegian(monkeypatch: pytest.MonkeyPatch) -> None:
    test = money_page(monkeypatch)
    test.session_state[Key.LANGUAGE] = "nb"
    test.run()
    assert not test.exception
    text = " ".join(texts_of(test)).replace(style.THIN, " ")
    for expected in ("Hva som ville endre dette", "Tilbyderen eller andre går inn med", "Kommunen går inn med"):
        assert expected in text
    for expected in (
        "nåverdi",
        "Tilbakebetalt, NOK",
        "til fylkeskommune",
        "allmennkunnskap",
        "Grøft gravd på dugnad, m",
    ):
        assert expected in text
    assert "the" not in text.split()


def test_what_is_read_off_the_screen_is_enough() -> None:
    assert [lever_words.up(value) for value in (0.0, 74_347.2, 74_300.0, 1.485, 270.2, 99.97)] == [
        0.0, 74_400.0, 74_300.0, 1.49, 271.0, 100.0,
    ]  # fmt: skip
    for value in (1234.5678, 0.012345, 8.0, 123_456_789.0):
        assert value <= lever_words.up(value) <= 1.01 * value


@pytest.mark.parametrize("spoken", ["en", "nb"])
def test_every_answer_has_its_sentence(spoken: str) -> None:
    reasons = {
        "take_up": ("", "not_enough", "costs_more"),
        "further_premises": ("", "not_enough", "costs_more"),
        "connection_fee": ("", "no_connections"),
        "operator": ("",),
        "municipality": ("",),
        "dugnad": ("", "not_enough", "no_trench"),
        "technology": ("", "not_enough", "costs_more", "no_technology"),
    }
    assert set(reasons) == set(LEVERS)
    assert {why for whys in reasons.values() for why in whys} == set(WHYS) - {"already"}
    said = set()
    with language.using(spoken):
        for lever, whys in reasons.items():
            for why in whys:
                row = {"lever": lever, "change": 17.0, "unit": "", "start": 40.0, "end": 57.0, "technology": "fwa"}
                row |= {"before": 3e6, "after": 2e6, "feasible": why == "", "why": why}
                told = lever_words.sentence(row, currency="NOK", premises=60.0, customers=40.0)
                assert told.endswith(".")
                assert "{" not in told
                said.add(told)
        for lever in ("connection_fee", "dugnad"):
            row = {"lever": lever, "change": 17.0, "start": 0.0, "end": 17.0, "feasible": True, "why": "", "after": 1.0}
            said.add(lever_words.sentence(row, currency="NOK", premises=60.0, customers=40.0))
    assert len(said) == sum(map(len, reasons.values())) + 1  # dear customers are told of alike
    if spoken == "en":
        assert "95 % of the premises connect in place of 66.7 %: 17 more connections." in {
            text.replace(style.THIN, " ") for text in said
        }
