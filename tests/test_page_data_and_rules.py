from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from coverage.policy import list_policies, load_policy
from coverage.study import Study
from maps import session, style, work
from maps.pages import downloads
from maps.pages.rules import policy_html
from maps.session import View
from tests import toy, toy_told
from tests.studymaker import tiny_study
from tests.test_stress import with_plans


def page() -> None:
    from maps.pages import data_and_rules

    data_and_rules.render()


def show(monkeypatch: pytest.MonkeyPatch, assessment) -> AppTest:
    monkeypatch.setattr(session, "current", lambda: View(assessment, "", ""))
    return AppTest.from_function(page, default_timeout=30).run()


def test_page_names_sources_rejected_rows_costs_and_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy.assessment())
    assert not test.exception
    sources, rejected, criteria, costs, index = (element.value for element in test.dataframe)
    assert sources.iloc[0][["source", "supplier", "licence", "data"]].to_list() == [
        "premises",
        "Toy Ltd",
        "CC0",
        "SYNTHETIC",
    ]
    assert sources.iloc[0]["rejected"] == 1
    assert len(criteria) == len(toy.assessment().policy.criteria)
    assert "⚑ assumed" in costs["confidence"].to_list()
    assert len(costs) + len(index) == len(toy.assessment().costs.items)
    assert rejected.iloc[0]["reason"].startswith("expected one of")
    assert "SYNTHETIC" in test.warning[0].value


@pytest.mark.parametrize("policy_id", list_policies())
def test_policy_is_told_in_sentences_with_every_clause_and_mark(policy_id: str) -> None:
    policy = load_policy(policy_id)
    text = policy_html(policy)
    for clause in policy.clauses:
        assert f"<code>{clause.id}</code>" in text
    for tier in policy.tiers:
        assert f"<code>{tier.id}</code>" in text
    assert ('class="mark"' in text) == bool(policy.assumed())


def test_policy_text_is_escaped() -> None:
    policy = dataclasses.replace(load_policy("no-2024"), name="<script>x</script>", source="<img src=x>")
    text = policy_html(policy)
    assert "<script>" not in text
    assert "<img" not in text


def test_what_a_pack_asks_for_and_what_was_not_read_is_told() -> None:
    norway = policy_html(load_policy("no-2026"))
    assert norway.count("⚑ unconfirmed") >= 10
    assert "by 2030-12-31. It decides no place." in norway
    assert "along transport routes" in norway
    assert "5 bn NOK" in norway.replace("\u2009", " ").replace("\u00a0", " ").replace("\u202f", " ")
    assert "at least 2 times the upload speed of the best offer there" in policy_html(load_policy("no-2023"))
    assert "500 Mbit/s down alone" in policy_html(load_policy("de-gigabit-2"))
    assert "within 1 year and give at least 10 Mbit/s down and 1 Mbit/s up" in policy_html(load_policy("uk-uso"))


# --- hearing, stress test, corrections -----------------------------------------------------------------------


def tables(test: AppTest, column: str) -> list[pd.DataFrame]:
    return [element.value for element in test.dataframe if column in element.value]


def test_the_hearing_is_told_by_list_beside_the_published_one(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy_told.assessment())
    assert not test.exception
    (lists,) = tables(test, "published")
    assert lists[["list", "premises"]].iloc[[0, 3]].to_numpy().tolist() == [
        ["below 30 Mbit/s", "all premises"],
        ["below 100 Mbit/s", "all premises"],
    ]
    first = lists.iloc[0]
    assert first[["before", "after", "removed", "back", "overdue"]].tolist() == [15, 8, 7, 3, 4]
    assert first["share"] == pytest.approx(100 * 7 / 15)
    assert lists["published"].str.replace(style.THIN, " ").tolist() == ["60 %", "–", "–", "38 %", "–", "–"]
    said = "".join(element.value for element in test.markdown).replace("\\", "").replace(style.THIN, " ")
    assert "Compared with the published hearing of 2022: 47 % here against 60 % of the list below 30 Mbit/s" in said
    assert any("1 plan is overdue" in caption.value for caption in test.caption)


def test_the_hearing_is_told_by_operator_and_follows_the_chosen_list(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy_told.assessment())
    (found,) = tables(test, "claimed")
    assert found[["operator", "claimed", "alone", "put_back", "overdue"]].to_numpy().tolist() == [
        ["C Net", 4, 4, 0, 4],
        ["B Nett", 2, 2, 0, 0],
        ["A Fiber", 1, 1, 3, 0],
    ]
    test.segmented_control(key="hearing-what").set_value("businesses").run()
    assert not test.exception
    (found,) = tables(test, "claimed")
    assert found[["operator", "claimed"]].to_numpy().tolist() == [["A Fiber", 1], ["B Nett", 0], ["C Net", 0]]


def test_corrections_are_listed_with_their_effect_and_counted_by_office(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy_told.assessment())
    (listed,) = tables(test, "comment")
    assert listed["was"].tolist() == ["in year-round use", "1000/1000 Mbit/s fibre, Newnet"]
    assert listed["comment"].tolist() == ["moved <out>", "cable cut"]
    assert listed[["eligible_before", "eligible_after"]].to_numpy().tolist() == [[0, 1], [0, 1]]
    assert listed[["file", "correction_row"]].to_numpy().tolist() == [["rettelser.csv", 3], ["rettelser.csv", 4]]
    (offices,) = tables(test, "corrections")
    assert offices.to_numpy().tolist() == [["Office <of> Westby", 2]]


def test_without_awards_hearing_and_corrections_the_page_says_how_to_add_them(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy.assessment())
    assert not test.exception
    told = [element.value for element in test.info]
    assert len(told) == 3
    assert 'role = "awards"' in told[0]
    assert 'role = "hearing"' in told[1]
    assert 'role = "corrections"' in told[2]


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_plans(tmp_path_factory.mktemp("rules") / "tiny").folder


def open_study(monkeypatch: pytest.MonkeyPatch, folder: Path, **query: str) -> AppTest:
    monkeypatch.setenv("COVERAGE_STUDY", str(folder))
    test = AppTest.from_function(page, default_timeout=120)
    for name, value in query.items():
        test.query_params[name] = value
    return test.run()


def test_the_stress_test_runs_when_asked_and_serves_the_next_reader(
    monkeypatch: pytest.MonkeyPatch, planned: Path
) -> None:
    test = open_study(monkeypatch, planned)
    assert not test.exception
    assert not tables(test, "kept")
    test.button(key="stress-run").click().run()
    assert not test.exception
    (cases,) = tables(test, "kept")
    assert cases["whatif"].tolist() == [
        "as the plans stand",
        "every plan 12 months late",
        "every plan 24 months late",
        "the plans of A Fiber lapse",
        "the plans of B Nett lapse",
        "all plans lapse",
        "all plans arrive",
    ]
    (areas,) = tables(test, "survives")
    safe, partly, lost = (int(metric.value) for metric in test.metric)
    assert safe + partly + lost == len(areas)
    # Another session finds it done, in its own language; another budget is another question.
    other = open_study(monkeypatch, planned, lang="nb")
    assert "alle planer faller bort" in tables(other, "kept")[0]["whatif"].tolist()
    assert "stress-run" not in [button.key for button in other.button]
    assert "stress-run" in [button.key for button in open_study(monkeypatch, planned, budget="1000").button]


def test_a_reader_who_leaves_ends_the_stress_test_and_nothing_is_kept(
    monkeypatch: pytest.MonkeyPatch, planned: Path
) -> None:
    monkeypatch.setenv("COVERAGE_STUDY", str(planned))
    study = Study.open(planned)
    scenario = study.default_scenario().with_changes(budget=123_000.0)
    view = View(session.assess(study, scenario), "", "")
    steps = ("", "today", "late_12", "late_24", "lapse_a_fiber", "lapse_b_nett", "lapse", "arrive")
    seen = []

    def leave(share: float, code: str, operator: str) -> None:
        seen.append(code)
        assert (operator == "A Fiber") == (code == "lapse_a_fiber")
        if share > 0.4:
            raise StopIteration

    with pytest.raises(StopIteration):
        work.run_stress(view.assessment, progress=leave)
    assert seen == sorted(seen, key=steps.index), "what is under way is looked at from time to time, in order"
    assert work.stressed(view.assessment) is None
    shares = []
    found = work.run_stress(view.assessment, progress=lambda share, code, operator: shares.append(share))
    assert shares == sorted(shares)
    assert set(shares) <= {number / 7 for number in range(7)}
    assert work.stressed(view.assessment) is found


def test_a_study_without_plans_is_told_that_nothing_can_lapse(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    test = open_study(monkeypatch, tiny_study(tmp_path / "tiny").folder)
    test.button(key="stress-run").click().run()
    assert not test.exception
    assert "There is no plan in this study" in test.info[-2].value


def test_tables_are_saved_as_the_projects_csv() -> None:
    saved = downloads.csv_bytes(toy_told.account().operators.assign(operator="=1+1")).decode()
    assert saved.splitlines()[0].startswith("operator,list,below_mbps,plan,exists,lapsed,withdrawn,premises_claimed")
    assert saved.splitlines()[1].startswith("'=1+1,below_30,30,"), "a spreadsheet must not run it"
