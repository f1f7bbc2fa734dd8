"""What lists tell of the premises of each area: a toy whose counts can be read off, in codes and in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from coverage import enclosed, reports
from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.disclosure import shown_to
from coverage.reports import portrait, remarks, tables
from coverage.reports.portrait import COLUMNS
from coverage.reports.reading_order import for_readers
from coverage.reports.wording import load_wording
from tests import toy, toy_masts, toy_secret
from tests.reported import toy_assessment

EN, NB = load_wording("en"), load_wording("nb")
IN = {"eligible": 1.0, "reason_code": "eligible", "area_id": "A"}
FIRM = IN | {"kind": "business", "size_class": "micro", "employees": 2.0}
DSL = {"fixed_technology": "dsl", "fixed_down_mbps": 20.0, "fixed_up_mbps": 2.0}
FWA = {"fixed_technology": "fwa", "fixed_down_mbps": 50.0, "fixed_up_mbps": 5.0}
ROWS: tuple[dict[str, Any], ...] = (
    FIRM | DSL | {"line_of_business": "fishing", "nace": "03.110", "weight": 2.0, "employees": 11.0},
    FIRM | DSL | {"line_of_business": "farming", "nace": "01.410"},
    FIRM | FWA | {"line_of_business": "farming", "nace": "01.610", "size_class": "medium", "employees": None},
    FIRM | FWA | {"line_of_business": None, "size_class": "large", "employees": 400.0},
    IN | {"kind": "household", "fixed_down_mbps": 0.0, "fixed_up_mbps": 0.0},
    {"kind": "holiday", "reason_code": "holiday-home"},
    {"kind": "household", "reason_code": "planned", "planned_by": "Fjellfiber", "planned_date": "2024-09-01"},
    {"kind": "household", "reason_code": "served", "upgradeable": True, "weight": 3.0},
)


def drawn(rows: tuple[dict[str, Any], ...] = ROWS, **areas: Any) -> Assessment:
    """Return the toy with these places alone, in an area A of ten metres and beside a served one in B."""
    defaults = {
        "kind": "household", "weight": 1.0, "eligible": 0.0, "reason_code": "served", "area_id": None, "nace": None,
        "line_of_business": None, "employees": None, "size_class": "unknown", "service_basis": "offer",
        "fixed_technology": None, "fixed_down_mbps": 0.0, "fixed_up_mbps": 0.0, "planned_by": None,
        "planned_date": None, "upgradeable": False,
    }  # fmt: skip
    frame = pd.DataFrame([defaults | {"place_id": f"p{number}"} | row for number, row in enumerate(rows)])
    text = ["area_id", "nace", "line_of_business", "fixed_technology", "planned_by"]
    frame = frame.astype({**dict.fromkeys(text, "str"), "employees": "float64"})
    frame["planned_date"] = pd.to_datetime(frame["planned_date"]).astype("datetime64[s]")
    plain = toy_assessment()
    places = gpd.GeoDataFrame(frame, geometry=[Point(number % 9, 1) for number in range(len(rows))], crs=toy.CRS)
    outlines = [box(-1, 0, 9, 9), box(20, 0, 29, 9)]
    made = plain.areas.iloc[:2].assign(area_id=["A", "B"], **areas).set_geometry(outlines)
    routes = plain.routes.iloc[:2].assign(area_id=["A", "B"])
    return replace(plain, places=places, areas=gpd.GeoDataFrame(made, crs=toy.CRS), routes=routes)


def test_the_portrait_of_a_drawn_area_can_be_counted() -> None:
    found = portrait.portrait(drawn(mobile_by_operator=["Hav: good; Vidde: none", None]))
    assert list(found.columns) == list(COLUMNS)
    assert found.loc["A"].to_dict() == {
        "excluded_premises": 5.0,
        "excluded_because": "served (3); holiday-home (1); planned (1)",
        "planned_premises": 1.0,
        "planned_earliest": "2024-09-01",
        "upgradeable_premises": 0.0,  # whoever is served needs no better network
        "today_technology": "dsl",
        "today_down_mbps": 20.0,
        "today_up_mbps": 2.0,
        "mobile_by_operator": "Hav: good; Vidde: none",
        "smes": 4.0,
        "businesses_micro": 3.0,
        "businesses_small": 0.0,
        "businesses_medium": 1.0,
        "businesses_large": 1.0,
        "smes_by_line": "farming (2); fishing (2)",
        "employees_by_line": "unknown (400); fishing (11); farming (2)",
        "farms": 1.0,  # 01.6 serves farms and is none
    }
    empty = found.loc["B"]
    assert empty[["excluded_premises", "planned_premises", "smes", "farms"]].tolist() == [0.0] * 4
    told = ["excluded_because", "planned_earliest", "today_technology", "today_down_mbps", "smes_by_line"]
    assert empty[told].isna().all()


def test_most_have_no_offer_where_nobody_serves_most() -> None:
    rows = ({**IN, "weight": 3.0}, {**IN, **DSL, "weight": 2.0}, {**IN, **FWA, "service_basis": "expected_share"})
    found = portrait.portrait(drawn(rows)).loc["A"]
    assert found[["today_technology", "today_down_mbps"]].tolist() == ["none", 0.0]


@pytest.mark.parametrize(
    ("wording", "because", "lines", "mobile"),
    [
        (EN, "served (3); holiday home (1); planned build (1)", "not told (400); fishing (11); farming (2)",
         "Hav: good; Vidde: none"),
        (NB, "godt nok tilbud (3); fritidsbolig (1); planlagt utbygging (1)",
         "ikke oppgitt (400); fiske (11); farming (2)", "Hav: god; Vidde: ingen"),
    ],
)  # fmt: skip
def test_codes_in_cells_become_words(wording: Any, because: str, lines: str, mobile: str) -> None:
    assessment = drawn(mobile_by_operator=["Hav: good; Vidde: none", None])
    table = tables.in_words(tables.priority_table(assessment), assessment, wording).set_index("area_id")
    assert table.loc["A", "excluded_because"] == because
    assert table.loc["A", "employees_by_line"] == lines
    assert table.loc["A", "mobile_by_operator"] == mobile
    assert table.loc["B", ["excluded_because", "mobile_by_operator"]].isna().all()


def test_every_rule_that_leaves_a_place_out_has_a_short_word() -> None:
    for wording in (EN, NB):
        known = set(wording.texts["values"]["excluded_because"])
        assert {"not_short", "holiday", "not_year_round", "planned_within_horizon", "upgradeable"} <= known
        assert set(remarks.CODES) <= set(wording.texts["values"]["remarks"])
    # A clause whose rule has none is said by its label.
    policy = toy.assessment().policy
    labelled = pd.DataFrame({"excluded_because": pd.array(["eligible (2)", "unheard-of (1.5)"], dtype="str")})
    said = portrait.in_words(labelled, NB, policy)["excluded_because"].tolist()
    assert said == ["under terskelen, og ingen regel utelukker støtte (2)", "unheard-of (1,5)"]


def test_what_must_be_known_of_an_area_is_remarked() -> None:
    plain = drawn(
        technology=["fibre", "fwa"], decision="fund", grant=[0.0, 5.0], over_ceiling=[True, False], drawn=True
    )
    routes = plain.routes.assign(connected=False, stand_in=[True, True])
    found = remarks.remarks(replace(plain, routes=routes))
    assert found.to_dict() == {"A": "no_grant; over_ceiling; straight_route; assumed_start; drawn", "B": "drawn"}
    assert remarks.remarks(drawn(over_ceiling=False)).isna().all()


def test_the_list_follows_the_contract_and_holds_no_empty_column() -> None:
    table = tables.priority_table(drawn())
    contract = tables.priority_columns(toy.assessment().policy)
    assert list(table.columns[: len(contract)]) == contract
    assert {"municipality", "excluded_premises", "smes_by_line", "farms", "below_line"} <= set(table)
    more = table.columns[len(contract) :]
    assert table[more].notna().any().all()
    # Nobody can be upgraded, there is no mobile layer, and no surface is priced.
    assert not {"upgradeable_premises", "mobile_by_operator", "verge_trench_m"} & set(table)
    shown = for_readers(table)
    assert list(shown.columns[:4]) == ["rank", "area_id", "name", "municipality"]
    assert sorted(shown.columns) == sorted(table.columns)


def test_the_line_is_where_money_that_follows_the_ranking_ends() -> None:
    table = tables.priority_table(toy_assessment())
    assert table["below_line"].tolist() == (table["ranked_decision"] == "reserve").tolist()
    assert table["below_line"].nunique() == 2


def test_of_a_mast_neither_outline_nor_firms_are_told() -> None:
    masts = toy_masts.masted()
    mobile = masts.areas.loc[masts.areas["kind"] == "mobile", "area_id"]
    assert len(mobile)
    found = portrait.portrait(masts).loc[mobile]
    assert found.drop(columns="mobile_by_operator").isna().all(axis=None)


def test_the_revenue_says_at_which_take_up_it_is_reckoned(tmp_path: Path) -> None:
    plain = toy_assessment()
    assessment = replace(plain, areas=plain.areas.assign(revenue_per_year=1200.0, connections=3.0))
    path = tmp_path / "gap.xlsx"
    reports.render(assessment, "gap", format="xlsx", path=path)
    book = openpyxl.load_workbook(path, read_only=True)
    areas = list(book["Areas"].iter_rows(values_only=True))
    assert areas[1][areas[0].index("Revenue per year (NOK)")] == 1200
    meanings = {row[1]: row[2] for row in book["Columns"].iter_rows(values_only=True)}
    share = EN.percent(assessment.costs["take_up_household"].value)
    assert f"{share} of homes" in meanings["revenue_per_year"]


@pytest.mark.parametrize("who", list(toy_secret.FORBIDDEN))
def test_nobody_is_told_which_plans_do_not_count(who: str) -> None:
    whole = toy_secret.assessment()
    beside = enclosed.area_columns(whole.areas, whole.places, policy=whole.policy)
    assert (beside["planned_premises"] > 0).any()
    told = replace(whole, areas=whole.areas.assign(**{str(name): column for name, column in beside.items()}))
    found = portrait.portrait(shown_to(told, Audience.parse(who)))
    assert found[["planned_premises", "planned_earliest"]].isna().all(axis=None)
    # Who is left out and why is told as it was counted before positions were withheld.
    same = ["excluded_premises", "excluded_because"]
    pd.testing.assert_frame_equal(found[same], portrait.portrait(told)[same])
    # Where the run did not count it, nobody counts what stands in cells.
    assert portrait.portrait(shown_to(whole, Audience.parse(who)))[same].isna().all(axis=None)


def _row(draw: tuple[int, int, bool]) -> dict[str, Any]:
    """Return a place in A or B; one without premises of its own is excluded."""
    number, weight, eligible = draw
    base = ROWS[number % len(ROWS)] if eligible else {"reason_code": ("served", "holiday-home")[number % 2]}
    return base | {"weight": float(weight)}


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4), st.booleans()), min_size=1, max_size=10),
    st.randoms(use_true_random=False),
)
def test_premises_add_up_and_neither_order_of_places_nor_of_areas_matters(
    draws: list[tuple[int, int, bool]], chance: Any
) -> None:
    assessment = drawn(tuple(map(_row, draws)))
    found = portrait.portrait(assessment)
    places = assessment.places
    eligible = float((places["weight"] * places["eligible"]).sum())
    assert eligible + found["excluded_premises"].sum() == places["weight"].sum()
    assert found["smes"].sum() + found["businesses_large"].sum() <= eligible
    order = list(range(len(places)))
    chance.shuffle(order)
    mixed = replace(assessment, places=places.iloc[order], areas=assessment.areas.iloc[::-1])
    pd.testing.assert_frame_equal(portrait.portrait(mixed).loc[found.index], found)
