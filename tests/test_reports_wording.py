"""Words and numbers as the reports print them."""

from __future__ import annotations

import dataclasses
import math
import string

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.errors import CoverageError
from coverage.policy import load_policy
from coverage.reports.columns import describe
from coverage.reports.short import ADDRESS_COLUMNS
from coverage.reports.tables import (
    AREA_EXTRAS,
    COST_COLUMNS,
    funding_gap_text,
    priority_columns,
)
from coverage.reports.wording import NO_BREAK, NO_WRAP, load_wording
from coverage.schemas import CERTAINTIES, DATA_STATUSES, DECISIONS, GAP_KINDS, KINDS, TECHNOLOGIES
from tests import toy

EN = load_wording("en")
THIN = "\u202f"


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (1234567.4, 0, f"1{THIN}234{THIN}567"),
        (0, 0, "0"),
        (-0.2, 0, "0"),
        (-1234.5, 1, f"−1{THIN}234.5"),
        (math.nan, 0, "–"),
        (None, 0, "–"),
        (pd.NA, 0, "–"),
    ],
)
def test_number(value, decimals, expected):
    assert EN.number(value, decimals=decimals) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(6948, f"6{THIN}950"), (29349, f"29{THIN}300"), (312, "312"), (2.55, "2.5"), (0, "0"), (7, "7")],
)
def test_headline_keeps_three_significant_figures(value, expected):
    assert EN.headline(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (58_410_000, "58.4 million NOK"),
        (2_345_678_901, "2.35 billion NOK"),
        (999_999_999, "1.00 billion NOK"),
        (123_456, f"123{THIN}000 NOK"),
        (0, "0 NOK"),
    ],
)
def test_money_has_its_unit(value, expected):
    assert EN.money(value, "NOK") == expected.replace(" ", NO_BREAK)


def test_money_range_has_one_unit_and_does_not_break():
    assert EN.money_range(850e6, 3.1e9, "NOK") == f"0.85{NO_WRAP}–{NO_WRAP}3.10{NO_BREAK}billion{NO_BREAK}NOK"


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0, "0"), (0.0004, "<0.1"), (0.0123, "1.2"), (0.0996, "10"), (0.998, "99.8"), (0.9997, ">99.9"), (1, "100")],
)
def test_percent(share, expected):
    assert EN.percent(share) == f"{expected}{NO_BREAK}%"


@given(st.floats(min_value=0.01, max_value=1e12))
def test_headline_is_within_half_a_per_cent(value):
    printed = EN.money(value, "X").replace(THIN, "").split(NO_BREAK)
    scale = {"million": 1e6, "billion": 1e9}.get(printed[1], 1.0)
    if value >= 10:
        assert float(printed[0]) * scale == pytest.approx(value, rel=0.051 if value < 100 else 0.0051)


def test_unknown_language_is_one_sentence():
    with pytest.raises(CoverageError, match="no texts in language 'xx'; expected one of en"):
        load_wording("xx")
    with pytest.raises(CoverageError):
        load_wording("../texts/en")


def test_unknown_code_stands_as_it_is():
    assert EN.value("technology", "string and tin") == "string and tin"


@pytest.mark.parametrize(("column", "codes"), [("decision", DECISIONS), ("gap_kind", GAP_KINDS), ("kind", KINDS)])
def test_every_code_has_a_word(column, codes):
    assert set(codes) <= set(EN.texts["values"][column])


def test_every_status_and_technology_has_a_word():
    assert set(DATA_STATUSES) == set(EN.texts["status"]) == set(EN.texts["banner"])
    assert set(TECHNOLOGIES) <= set(EN.texts["values"]["fixed_technology"])
    assert all(certainty for certainty in CERTAINTIES)


def test_every_column_has_a_label_and_a_meaning():
    policy = load_policy("no-2024")
    names = [*priority_columns(policy), *AREA_EXTRAS, *ADDRESS_COLUMNS, *COST_COLUMNS]
    columns = describe(names, wording=EN, study=toy.study(), policy=policy)
    assert [column.name for column in columns if not column.meaning] == []
    assert next(column for column in columns if column.name == "capex").label == "Capex (NOK)"


def test_texts_have_well_formed_braces():
    def texts(value):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for item in value.values():
                yield from texts(item)
        elif isinstance(value, list):
            for item in value:
                yield from texts(item)

    for text in texts(EN.texts):
        list(string.Formatter().parse(text))  # raises on a lone brace


def test_what_residents_give_is_told_with_the_funding_gap_and_only_if_they_do():
    plain = toy.assessment()
    assert "customer pays" not in funding_gap_text(plain, EN)
    scenario = plain.scenario.with_changes(connection_fee=5000.0, dugnad_m=300.0)
    giving = dataclasses.replace(plain, scenario=scenario)
    for wording, fee, digging in (
        (EN, f"Each connected customer pays 5{THIN}000{NO_BREAK}NOK once", "residents dig up to 300 m"),
        (
            load_wording("nb"),
            f"Hver tilknyttet kunde betaler 5{THIN}000{NO_BREAK}NOK én gang",
            "graver beboerne selv inntil 300 m",
        ),
    ):
        told = funding_gap_text(giving, wording)
        assert told.startswith(funding_gap_text(plain, wording))
        assert fee in told
        assert digging in told
