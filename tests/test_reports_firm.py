"""What the list says of itself: how certain it is, what the best set does otherwise, what money reaches, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pypdf
import pytest

from coverage.assessment import Assessment
from coverage.curve import curve
from coverage.policy import LANGUAGES
from coverage.programme import Finding
from coverage.reports import differences, firmness, money_curve, points, render
from coverage.reports.selection import cut
from coverage.reports.wording import NO_BREAK, load_wording
from coverage.scenario import Scenario
from coverage.stability import DRIVERS
from coverage.templates import list_templates, load_template
from coverage.wishes import Wishes
from tests import toy_firm
from tests.reported import toy_assessment

EN = load_wording("en")
BUDGET = 8e6


@pytest.fixture(scope="module")
def assessment() -> Assessment:
    return toy_firm.assessment(Scenario("no-2024", BUDGET))


def book_of(assessment: Assessment, tmp_path: Path, language: str, **part: Any) -> Any:
    path = tmp_path / f"{language}.xlsx"
    render(assessment, "priority", format="xlsx", path=path, language=language, **part)
    return openpyxl.load_workbook(path)


def sheet(book: Any, key: str, language: str) -> pd.DataFrame:
    rows = list(book[load_wording(language).text("sheets", key)].iter_rows(values_only=True))
    return pd.DataFrame(rows[1:], columns=rows[0])


def paper(assessment: Assessment, path: Path, language: str = "en", **part: Any) -> str:
    render(assessment, "priority", format="pdf", path=path, language=language, **part)
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    return " ".join(text.replace("\u2060", "").split())


@pytest.fixture(scope="module")
def book(assessment: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Return what hands over the workbook in a language, written once for all who only look at it."""
    return cache(lambda language: book_of(assessment, tmp_path_factory.mktemp("book"), language))


@pytest.fixture(scope="module")
def text_of(assessment: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return what hands over the words of the paper in a language, written once for all who only read it."""
    return cache(lambda language: paper(assessment, tmp_path_factory.mktemp("paper") / "x.pdf", language))


def squeezed(text: str) -> str:
    return "".join(text.split())


# --- how certain ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_area_near_the_line_is_told_of_in_the_workbook_and_on_paper(
    assessment: Assessment, book: Callable[[str], Any], text_of: Callable[[str], str], language: str
) -> None:
    wording = load_wording(language)
    table = firmness.firm_table(assessment, wording)
    assert assessment.stability is not None
    assert table["area_id"].tolist() == assessment.stability.line["area_id"].tolist()
    shown = sheet(book(language), "firm", language)
    assert shown[wording.lines("columns", "told")[0]].tolist() == table["told"].tolist()
    proposed = table["decision"] == "fund"
    assert proposed.any()
    assert not proposed.all()
    text = squeezed(text_of(language))
    assert all(squeezed(told) in text for told in table.loc[proposed, "told"])
    part = firmness.section(cut(assessment), wording)
    others = table[~proposed]
    assert [row[0].split("\n")[0] for row in part["rows"]] == [wording.number(rank) for rank in others["rank"]]
    assert all(squeezed("".join(row)) in text for row in part["rows"])


def test_the_table_of_those_not_proposed_says_what_would_turn_them(assessment: Assessment) -> None:
    part = firmness.section(cut(assessment), EN)
    line = assessment.stability.line.set_index("area_id") if assessment.stability else pd.DataFrame()
    for rank, area, sure, reach, grant, limit in part["rows"]:
        row = line.loc[area.split("\n")[1].split(":")[0]]
        assert rank.split("\n")[1] == f"{row['rank_p10']:.0f}–{row['rank_p90']:.0f}"
        assert EN.percent(row["funded_share"]) in sure
        assert reach.endswith(EN.number(abs(row["budget_change"]) / 1000)) or not row["budget_change"]
        assert (grant, limit) == (EN.number(row["grant"] / 1000), EN.number(row["grant_limit"] / 1000))


LINE: dict[str, Any] = {
    "area_id": "A", "rank": 3, "rank_p10": 2, "rank_p90": 5, "funded_share": 0.61, "driver": "each", "side": "above",
    "code": "fund: toss-up", "budget_change": -1e6, "grant": 2e6, "grant_limit": 3e6, "against": "B",
    "swap_code": "swap", "criterion": "premises", "weight": 25.0, "swap_weight": 31.5, "swap_share": 0.3,
}  # fmt: skip


def told(**changed: Any) -> str:
    text = firmness.tell(LINE | changed, {"A": "Here (A)", "B": "There (B)"}, {"premises": "Premises"}, EN, "NOK")
    return text.replace(NO_BREAK, " ").replace("\u202f", " ")


def test_a_sentence_tells_the_decision_the_ranks_the_money_and_the_weight() -> None:
    assert told() == (
        "Proposed, and funded in 61 % of the draws: a toss-up. Its rank is 2 to 5 in eight of ten draws. Costs and "
        "weights each leave it open by themselves. Money that follows the ranking loses it if the budget falls by more "
        "than 1.00 million NOK. Its grant is 2.00 million NOK; above 3.00 million NOK its money would bring more "
        "elsewhere. It and There (B) change places if the weight of “Premises” rises from 25 to more than 31.5 points, "
        "30 % of all weights."
    )


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"rank_p90": 2}, "Its rank is 2 in at least eight of ten draws."),
        ({"budget_change": 0.0}, "loses it if the budget falls at all."),
        ({"side": "below", "budget_change": 5e5}, "reaches it if the budget rises by 500 000 NOK."),
        ({"grant": 4e6}, "Its grant is 4.00 million NOK; at 3.00 million NOK or less it would bring as much"),
        ({"grant": 3.001e6}, "it brings just what the edge of the best set does."),
        ({"swap_weight": 12.0}, "falls from 25 to less than 12 points"),
        ({"swap_code": "tied"}, "have the same score; any change in the weight of “Premises” parts them."),
        ({"swap_code": "dominates", "criterion": None}, "the one above is no worse in any criterion."),
        ({"swap_code": "same", "criterion": None}, "are alike in every criterion."),
    ],
)
def test_a_sentence_fits_the_case(changed: dict[str, Any], part: str) -> None:
    assert part in told(**changed)


def test_what_is_not_known_is_not_told() -> None:
    short = told(driver=np.nan, grant_limit=np.nan, swap_code=np.nan, code="reserve: safe yes")
    assert short == (
        "Not proposed, though it is funded in 61 % of the draws. Its rank is 2 to 5 in eight of ten draws. Money that "
        "follows the ranking loses it if the budget falls by more than 1.00 million NOK."
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_text(language: str) -> None:
    known = load_wording(language).texts["firm"]
    codes = [f"{decision}: {word}" for decision in ("fund", "reserve") for word in ("safe yes", "toss-up", "safe no")]
    assert {*codes, *(f"driver_{name}" for name in DRIVERS)} <= set(known)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_holds_rank_intervals_and_what_makes_a_toss_up(
    assessment: Assessment, book: Callable[[str], Any], tmp_path: Path, language: str
) -> None:
    wording = load_wording(language)
    shown = sheet(book(language), "priority", language)
    labels = {name: wording.lines("columns", name)[0] for name in ("rank_p10", "rank_p50", "rank_p90", "driver")}
    for name, label in labels.items():
        truth = assessment.areas[name]
        expected = (
            truth.map(lambda code: wording.value("driver", code), na_action="ignore") if name == "driver" else truth
        )
        assert shown[label].dropna().tolist() == expected.dropna().tolist()
    render(assessment, "priority", format="csv", path=tmp_path / "x.csv")
    assert pd.read_csv(tmp_path / "x.csv")["driver"].dropna().tolist() == assessment.areas["driver"].dropna().tolist()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_printed_list_has_the_ranks_of_the_draws_below_the_rank(
    assessment: Assessment, text_of: Callable[[str], str], language: str
) -> None:
    text = text_of(language)
    assert load_wording(language).text("priority", "list_ranks") in text
    row = assessment.areas.iloc[2]
    assert f" {row['rank']} {row['rank_p10']:.0f}–{row['rank_p90']:.0f} {row['name']} " in text


def test_a_part_of_the_study_tells_only_its_own_areas(assessment: Assessment, tmp_path: Path) -> None:
    book = book_of(assessment, tmp_path, "en", municipality=["5058"])
    assert set(sheet(book, "firm", "en")["Municipality code"]) == {"5058"}
    assert set(sheet(book, "differences", "en")["Municipality code"]) == {"5058"}
    assert {"What money reaches", "Every business at a speed"}.isdisjoint(book.sheetnames)
    assert "Every business at a speed" not in paper(assessment, tmp_path / "x.pdf", municipality=["5058"])


def test_without_draws_nothing_is_told_of_certainty(tmp_path: Path) -> None:
    book = book_of(toy_assessment(), tmp_path, "en")
    assert {"How certain", "Best set and plain cut", "What money reaches"}.isdisjoint(book.sheetnames)
    assert "areas near the line" not in paper(toy_assessment(), tmp_path / "x.pdf")


# --- the two sets ---------------------------------------------------------------------------------------------------

AREA: dict[str, Any] = {"area_id": "5001-A00000", "benefit": 3.0, "grant": 1e6, "rate": 3e-6}
FINDINGS: dict[str, dict[str, Any]] = {
    "line": {"area_id": "5001-A00000", "grant": 1e6, "left": 4e5},
    "same": {},
    "gained_must": AREA,
    "gained_needed": AREA | {"needed_by": ("5001-A00001",)},
    "gained_more_per_grant": AREA | {"lost_rate": 1e-6},
    "gained_municipality": AREA | {"municipality_code": "5058", "least": 2},
    "gained_fits": AREA | {"lost_rate": np.nan},
    "lost_never": AREA,
    "lost_larger_than_a_pot": AREA | {"most": 5e5},
    "lost_need": AREA | {"needs": ("5001-A00001", "gone")},
    "lost_cap": AREA | {"municipality_code": "5058", "cap": 1.5e6, "given": 9e5},
    "lost_less_per_grant": AREA | {"gained_rate": 6e-6},
    "lost_no_room": AREA | {"gained_rate": 1e-6},
    "technology": AREA | {"from": "fibre", "to": "fwa"},
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", FINDINGS)
def test_every_difference_is_a_sentence_of_its_own(assessment: Assessment, code: str, language: str) -> None:
    text = differences.tell(Finding(code, FINDINGS[code]), assessment, load_wording(language))
    assert text.endswith(".")
    assert ("Westby 1 (5001-A00000)" in text) == (code != "same")
    assert "None" not in text
    assert "nan" not in text


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("gained_more_per_grant", "it brings 3.0 times as much as the areas that give way"),
        ("lost_less_per_grant", "it brings 50 % of what the areas that come in bring"),
        ("lost_cap", "would take Eastby - Austi above its cap of 1.50 million NOK; 900 000 NOK is given there already"),
        ("gained_municipality", "the only one of Eastby - Austi, and the county asks for areas in at least 2 municip"),
        ("lost_need", "it needs Westby 2 (5001-A00001), gone, which"),
        ("technology", "by fibre in the plain cut and by fixed wireless in the best set"),
    ],
)
def test_a_difference_names_its_figures(assessment: Assessment, code: str, part: str) -> None:
    text = differences.tell(Finding(code, FINDINGS[code]), assessment, EN)
    assert part in text.replace(NO_BREAK, " ").replace("\u202f", " ")


@pytest.mark.parametrize(("code", "rates"), [("gained_more_per_grant", {"lost_rate": 0.0}),
                                             ("gained_more_per_grant", {"rate": np.inf}),
                                             ("lost_less_per_grant", {"gained_rate": np.inf})])  # fmt: skip
def test_rates_without_end_are_not_told_as_numbers(assessment: Assessment, code: str, rates: dict[str, float]) -> None:
    text = differences.tell(Finding(code, FINDINGS[code] | rates), assessment, EN)
    assert "inf" not in text
    assert "it brings more than" in text or "it brings less than" in text


@pytest.mark.parametrize(
    ("best", "cut_", "part"),
    [
        (12.0, 10.0, "brings 20 % more"),
        (9.0, 10.0, "brings 10 % less"),
        (10.0, 10.0, "Both bring the same"),
        (5.0, 0.0, "funds 2 for"),
    ],
)
def test_the_whole_is_told_by_what_it_brings(assessment: Assessment, best: float, cut_: float, part: str) -> None:
    values = {"areas_best": 3, "areas_cut": 2, "grant_best": 2e6, "grant_cut": 1e6, "benefit_best": best,
              "benefit_cut": cut_, "gap": 2e-5}  # fmt: skip
    text = differences.tell(Finding("totals", values), assessment, EN).replace(NO_BREAK, " ")
    assert part in text
    assert "more than <0.1 % beyond it" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_differences_stand_in_the_workbook_and_on_paper(
    assessment: Assessment, book: Callable[[str], Any], text_of: Callable[[str], str], language: str
) -> None:
    wording = load_wording(language)
    expected = [differences.tell(item, assessment, wording) for item in assessment.differences]
    shown = sheet(book(language), "differences", language)
    assert shown[wording.lines("columns", "told")[0]].tolist() == expected
    text = squeezed(text_of(language))
    wholes = [item for item in assessment.differences if item.code in differences.OF_ALL]
    assert wholes
    assert all(squeezed(differences.tell(item, assessment, wording)) in text for item in wholes)
    # Each area's own stands on its half page, or in the table of those near the line, without its name.
    own = differences.of_areas(cut(assessment), wording, longest=60)
    assert len(own) == len(expected) - len(wholes)
    assert all(squeezed(sentence) in text for sentence in own.values())


# --- what money reaches ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_curve_stands_in_the_workbook_with_a_chart(
    assessment: Assessment, book: Callable[[str], Any], text_of: Callable[[str], str], language: str
) -> None:
    wording = load_wording(language)
    shown = sheet(book(language), "curve", language)
    steps = curve(assessment.areas, policy=assessment.policy, scenario=assessment.scenario)
    assert len(book(language)[wording.text("sheets", "curve")]._charts) == 1
    assert shown[wording.lines("columns", "curve_businesses")[0]].tolist() == steps["businesses"].tolist()
    assert set(shown.iloc[:, 0]) == {wording.value("series", name) for name in ("ranked", "optimum")}
    aims = sheet(book(language), "reach", language)
    assert aims.iloc[:, :3].to_numpy().tolist() == [
        [item.mbps, item.businesses, item.reached] for item in assessment.reach
    ]
    text = squeezed(text_of(language))
    lines = money_curve.reach_lines(cut(assessment), wording)
    assert len(lines) == 2
    assert all(squeezed(line) in text for line in lines)


def test_an_aim_tells_what_it_cannot_reach(assessment: Assessment) -> None:
    one, other = assessment.reach
    rest = replace(one, outside=3.0, slower=2.0, not_funded=1.0)
    there = replace(other, businesses=0.0, reached=0.0, areas=0)
    lines = money_curve.reach_lines(cut(replace(assessment, reach=(rest, there))), EN)
    assert "Not reached: 3 in no project area, 2 in areas whose proposal is slower, 1 in areas that cannot" in lines[0]
    assert lines[1] == "Every business gets 100 Mbit/s or more already."


def test_a_chart_ends_where_it_can_still_be_read(assessment: Assessment) -> None:
    steps = money_curve.curve_table(cut(assessment))
    most = steps["money"].max()
    assert money_curve.chart_end(steps, 1e6) == 5e6
    assert money_curve.chart_end(steps, most) == most
    assert money_curve.chart_end(steps, 0.0) == most


def test_the_chart_is_the_same_bytes_each_time(assessment: Assessment) -> None:
    steps = money_curve.curve_table(cut(assessment))
    assert money_curve.draw(steps, assessment, EN).svg == money_curve.draw(steps, assessment, EN).svg


# --- why this one ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", ["", *(name for name in list_templates() if name != "germany")])
def test_the_parts_add_up_to_the_score(template: str) -> None:
    found = toy_firm.assessment(Scenario("no-2024", BUDGET, template=template))
    table = points.contribution_table(found)
    parts = table[[name for name in table if name.startswith("contribution_")]].sum(axis=1)
    assert parts.tolist() == pytest.approx(table["score"].tolist())
    assert table["rank"].is_monotonic_increasing


def test_changed_weights_and_optional_criteria_stand_in_the_rules() -> None:
    scenario = Scenario("no-2024", BUDGET, weights=(("premises", 50.0), ("worst_served", 25.0)))
    rules = points.rule_table(toy_firm.assessment(scenario), EN).set_index("criterion")
    assert rules.loc["Eligible premises reached", "weight_now"] == 50
    assert rules.loc["Share of premises in the lowest tier", "weight_share"] == pytest.approx(25 / 150)
    assert rules["weight_share"].sum() == pytest.approx(1.0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_template_is_named_with_its_marked_figures(tmp_path: Path, language: str) -> None:
    found = toy_firm.assessment(Scenario("no-2024", BUDGET, template="louisiana"))
    wording, template = load_wording(language), load_template("louisiana")
    book = book_of(found, tmp_path, language)
    first = [row for row in book.worksheets[0].iter_rows(values_only=True) if row[0]]
    facts = {row[0]: row[1] for row in first}
    assert facts[wording.text("read_me", "template")].startswith(f"{template.name[language]} (louisiana); ")
    assert template.note[language] in facts[wording.text("read_me", "template")]
    where = wording.text("score", "where_template", id="louisiana")
    assert {row[1] for row in first if row[0] == where} == {
        wording.text("score", "part_reference", currency=currency) for currency in ("NOK", "USD")
    }
    shown = sheet(book, "priority", language)
    label = wording.lines("columns", "points")[0]
    assert shown[label].tolist() == pytest.approx(found.areas["points"].tolist(), abs=0.01)
    assert squeezed(template.name[language]) in squeezed(paper(found, tmp_path / "x.pdf", language))


def test_the_areas_around_the_line_are_set_side_by_side(
    assessment: Assessment, book: Callable[[str], Any], text_of: Callable[[str], str]
) -> None:
    near = points.around_the_line(assessment)
    above = int((assessment.areas["cumulative_grant"] <= BUDGET).sum())
    assert near["rank"].tolist() == list(range(above - points.NEAR + 1, above + points.NEAR + 1))
    part = points.section(assessment, EN)
    assert len(part["rows"]) == len(near)
    assert EN.text("score", "near") in text_of("en")
    (chart,) = book("en")["Parts of the score"]._charts
    assert len(chart.series) == len(assessment.policy.criteria)


# --- years, pots, applications --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_years_pots_and_applications_have_columns_where_there_are_any(tmp_path: Path, language: str) -> None:
    wishes = Wishes(sources=(("county", 3e6), ("state", 5e6)), phases=(0.5, 0.5))
    found = toy_firm.assessment(Scenario("no-2024", BUDGET, wishes=wishes))
    areas = found.areas.assign(
        applied_share=0.0,
        awarded_share=[1.0] + [0.0] * (len(found.areas) - 1),
        application_id=None,
        requested_grant=np.nan,
    )
    areas["status"] = ["awarded"] + ["modelled"] * (len(areas) - 1)
    areas.loc[[10, 11], "ineligible_because"] = ["awarded", "above_reference"]
    found = replace(found, areas=areas)
    wording = load_wording(language)
    shown = sheet(book_of(found, tmp_path, language), "priority", language)

    def column(name: str) -> str:
        return wording.lines("columns", name, currency="NOK")[0]

    assert shown[column("phase")].dropna().tolist() == areas["phase"].dropna().tolist()
    assert set(shown[column("pot")].dropna()) == {"county", "state"}
    assert shown[column("awarded_share")].iloc[0] == 1
    assert {column("applied_share"), column("application_id"), column("requested_grant")}.isdisjoint(shown.columns)
    assert shown[column("status")].iloc[0] == wording.value("status", "awarded")
    told_why = shown[column("ineligible_because")].dropna().tolist()
    assert told_why == [wording.value("ineligible_because", code) for code in ("awarded", "above_reference")]
    assert "awarded" not in told_why
    assert "above_reference" not in told_why
