from __future__ import annotations

import dataclasses
import inspect
import re

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from coverage import reports
from coverage.assessment import Assessment
from coverage.curve import Reach, curve
from coverage.programme import Finding
from coverage.programme import explain as explain_differences
from coverage.scenario import Scenario
from maps import session, style
from maps.pages import differences, money_curve, standing
from maps.session import Key, View
from maps.store import STORE
from tests import toy, toy_firm


def page() -> None:
    from maps import session
    from maps.pages import priorities

    session.scenario_of(session.open_study())
    priorities.render()


def show(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(session, "open_study", toy.study)
    monkeypatch.setattr(session, "assess", lambda study, scenario: toy_firm.assessment(scenario))
    return AppTest.from_function(page, default_timeout=30).run()


def figures(test: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in test.metric}


def listed(test: AppTest) -> pd.DataFrame:
    return next(frame.value for frame in test.dataframe if "rank" in frame.value)


def test_where_businesses_are_not_told_apart_none_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def decide(study: object, scenario: Scenario) -> Assessment:
        found = toy_firm.assessment(scenario)
        return dataclasses.replace(found, areas=found.areas.assign(businesses=0.0))

    monkeypatch.setattr(session, "open_study", toy.study)
    monkeypatch.setattr(session, "assess", decide)
    told = figures(AppTest.from_function(page, default_timeout=30).run())
    assert "homes reached" in told
    assert "businesses reached" not in told


def test_page_shows_the_line_the_set_and_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch)
    assert not test.exception
    assert figures(test)["areas funded"] == "8"
    assert figures(test)["plain ranked cut instead"] == "8 areas; 60 premises"
    assert "reaches down to rank 8" in "".join(caption.value for caption in test.caption)
    table = listed(test)
    assert list(table["rank"]) == list(range(1, 13))
    assert set(table["certainty"]) == {"safe yes", "toss-up", "safe no"}
    assert len(test.get("download_button")) == len(reports.FORMATS["priority"]) + 1, "and the curve over the ceiling"
    assert [title.value for title in test.subheader] == [
        "What the money reaches",
        "What the funding gap hangs on",
        "Cost curve",
        "Where the money goes",
        "What a ceiling on the cost of a connection would buy",
    ]


def test_the_slider_decides_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch)
    test.slider(key=Key.BUDGET_SLIDER).set_value(5.0).run()
    assert not test.exception
    assert test.session_state[Key.BUDGET] == 5.0
    assert figures(test)["areas funded"] == "3"
    assert list(listed(test)["decision"]).count("fund") == 3
    assert toy_firm.assessment(toy.assessment().scenario.with_changes(budget=5e6)).areas["grant"][:3].sum() <= 5e6


def test_no_money_funds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch)
    test.slider(key=Key.BUDGET_SLIDER).set_value(0.0).run()
    assert not test.exception
    assert figures(test)["areas funded"] == "0"
    assert "funds no area" in "".join(caption.value for caption in test.caption)


def opened(monkeypatch: pytest.MonkeyPatch, assessment: Assessment, area_id: str) -> AppTest:
    def script(area_id: str) -> None:
        from maps import session
        from maps.pages import standing

        standing.show(session.current().assessment, area_id)

    monkeypatch.setattr(session, "current", lambda: View(assessment, "", ""))
    test = AppTest.from_function(script, args=(area_id,), default_timeout=30).run()
    assert not test.exception
    return test


def said(test: AppTest) -> str:
    captions = [caption.value.replace("\\", "") for caption in test.caption]
    return " ".join([*captions, *(item.proto.body for item in test.get("html"))])


def test_a_picked_row_opens_its_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    test = opened(monkeypatch, toy.assessment(), "5001-A00002")
    assert test.subheader[0].value == "Westby 3: rank 3, fund (toss-up)"
    text = said(test)
    assert "<dt>state</dt>" in text
    assert "<dt>county</dt>" not in text, "a share of nothing is not listed"
    assert list(test.dataframe[0].value["item"]) == ["Trench, mixed ground"]
    assert "Above: Westby 2" in text
    assert "Below: Westby 4" in text


def test_what_the_criteria_give_adds_up_to_the_score() -> None:
    weights = (("premises", 40.0), ("cost_efficiency", 0.0))
    firm = toy_firm.assessment(toy.assessment().scenario.with_changes(weights=weights))
    for _, area in firm.areas.iterrows():
        beside = standing.neighbours(firm, area)
        frame = standing.contributions(firm, area, beside)
        assert len(frame) == 5, "a criterion without weight gives nothing and is not drawn"
        assert frame["here"].sum() == pytest.approx(area["score"])
        assert frame["most"].sum() == pytest.approx(100)
        assert all(frame[side].sum() == pytest.approx(row["score"]) for side, row in beside.items())
    assert set(beside) == {"above"}, "nothing stands below the last"


def test_the_weight_that_turns_two_neighbours_turns_them(monkeypatch: pytest.MonkeyPatch) -> None:
    firm = toy_firm.assessment()
    pair = firm.stability.swaps.iloc[1]
    test = opened(monkeypatch, firm, pair["above"])
    names = firm.areas.set_index("area_id")["name"]
    weight = f"{pair['swap_weight']:.1f}"
    assert f"changes places with {names[pair['below']]} where the weight of" in said(test)
    assert f"“Business need and mobile gain” goes from 15 to {weight}" in said(test)
    changed = firm.scenario.with_changes(weights=((pair["criterion"], pair["swap_weight"] - 0.01),))
    rank = toy_firm.assessment(changed).areas.set_index("area_id")["rank"]
    assert rank[pair["above"]] > rank[pair["below"]]


def test_every_area_near_the_line_has_its_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    test, firm = show(monkeypatch), toy_firm.assessment()
    text = said(test)
    near = firm.stability.line
    names = firm.areas.set_index("area_id")["name"]
    for row in near.to_dict("records"):
        assert f"<b>{row['rank']}. {names[row['area_id']]}</b>" in text
    assert text.index("<b>8. ") < text.index("The line of the ranked cut") < text.index("<b>9. ")
    assert "What it will cost decides that." in text


def test_the_best_set_stands_beside_the_ranked_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    test, firm = show(monkeypatch), toy_firm.assessment()
    beside = next(frame.value for frame in test.dataframe if "Ranked cut" in frame.value)
    chosen, cut = (firm.areas[firm.areas[name] == "fund"] for name in ("decision", "ranked_decision"))
    rows = beside.set_index("what")
    assert rows.loc["employees", "Best set"] == f"{chosen['employees'].sum():.0f}"
    assert rows.loc["premises", "Ranked cut"] == f"{cut['premises'].sum():.0f}"
    text = said(test)
    for name in set(chosen["name"]) - set(cut["name"]):
        assert f"In: {name}, " in text
    for name in set(cut["name"]) - set(chosen["name"]):
        assert f"Out: {name}, " in text
    assert "Proven: no other set of areas brings more" in text


EVERY = {
    "area_id": "5001-A00002", "grant": 2e6, "benefit": 3.0, "rate": 1.5e-6, "left": 1e6, "needed_by": ("5001-A00001",),
    "lost_rate": 1e-6, "gained_rate": 2e-6, "most": 1e6, "needs": ("5001-A00001",), "municipality_code": "5058",
    "cap": 3e6, "given": 2e6, "least": 2, "from": "fibre", "to": "fwa",
}  # fmt: skip


def test_every_difference_that_the_programme_finds_has_a_sentence() -> None:
    source = inspect.getsource(inspect.getmodule(explain_differences))
    codes = set(re.findall(r'"((?:gained|lost)_[a-z_]+)"', source)) - {"lost_rate", "gained_rate"} | {
        "line",
        "technology",
    }
    assert len(codes) >= 12
    found = tuple(Finding(code, EVERY) for code in sorted(codes))
    told = differences.sentences(dataclasses.replace(toy.assessment(), differences=(Finding("totals", {}), *found)))
    assert len(told) == len(codes)
    assert all("Westby 3" in text for _kind, text in told)
    assert ("out", "Out: Westby 3, for Eastby - Austi may have no more than 3 M NOK and has 2 M NOK.") in [
        (kind, text.replace(style.THIN, " ")) for kind, text in told
    ]


def test_what_brings_every_business_up_to_a_speed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(show(monkeypatch)).replace(style.THIN, " ")
    assert "every business to 30 Mbit/s</dt><dd>17.1 M NOK in 10 areas reach 10 of the 10 businesses below it." in text
    some = Reach(100, businesses=20, reached=11, outside=4, slower=3, not_funded=2, areas=1, grant=1e6)
    told = money_curve.told(some, toy.assessment()).replace(style.THIN, " ")
    assert told == (
        "1 M NOK in 1 area reach 11 of the 20 businesses below it. 4 lie in no area. 3 lie in areas whose network "
        "would be slower. 2 lie in areas that cannot be funded."
    )


def test_the_curve_is_drawn_near_the_budget_or_to_its_end() -> None:
    firm = toy_firm.assessment()
    steps = curve(firm.areas, policy=firm.policy, scenario=firm.scenario)
    near = money_curve.near(steps, 1e6)
    assert 1e6 < near["money"].max() < steps["money"].max()
    assert money_curve.near(steps, 1e9).equals(steps)


def test_funded_areas_that_need_no_grant_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy_firm.assessment()
    free = dataclasses.replace(
        given, areas=given.areas.assign(grant=given.areas["grant"].where(given.areas["rank"] > 2, 0))
    )
    monkeypatch.setattr(session, "open_study", toy.study)
    monkeypatch.setattr(session, "current", lambda: View(free, *STORE.put(free)))
    test = AppTest.from_function(page, default_timeout=30).run()
    assert not test.exception
    assert list(listed(test)["decision"])[:3] == ["fund, no grant needed"] * 2 + ["fund"]
    assert any("2 of them need no grant" in caption.value for caption in test.caption)


def test_a_free_area_low_in_the_list_does_not_move_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy_firm.assessment()
    low = given.areas["rank"] == given.areas["rank"].max()
    areas = given.areas.assign(
        grant=given.areas["grant"].mask(low, 0), ranked_decision=given.areas["ranked_decision"].mask(low, "fund")
    )
    free = dataclasses.replace(given, areas=areas)
    monkeypatch.setattr(session, "open_study", toy.study)
    monkeypatch.setattr(session, "current", lambda: View(free, *STORE.put(free)))
    test = AppTest.from_function(page, default_timeout=30).run()
    assert "reaches down to rank 8." in "".join(caption.value for caption in test.caption)


def test_nothing_eligible_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy_firm.assessment()
    bare = dataclasses.replace(given, areas=given.areas.iloc[:0])
    monkeypatch.setattr(session, "open_study", toy.study)
    monkeypatch.setattr(session, "current", lambda: View(bare, *STORE.put(bare)))
    test = AppTest.from_function(page, default_timeout=30).run()
    assert not test.exception
    assert "nothing to rank" in test.info[0].value
