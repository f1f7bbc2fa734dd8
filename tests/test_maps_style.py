from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.policy import list_policies, load_policy
from coverage.schemas import (
    BUILD_TECHNOLOGIES,
    CERTAINTIES,
    DECISIONS,
    KINDS,
    MOBILE_LEVELS,
    SERVED,
    TECHNOLOGIES,
)
from maps import language, style, words
from maps.themes import classes


def lightness(colour: str) -> float:
    red, green, blue, _ = style.rgba(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("policy_id", list_policies())
def test_every_class_has_a_colour_and_the_worst_is_darkest(policy_id: str) -> None:
    policy = load_policy(policy_id)
    colours = style.tier_colours([(tier.id, tier.eligible) for tier in policy.tiers])
    assert set(classes(policy)) <= set(colours)
    eligible = [lightness(colours[tier]) for tier in policy.eligible_tiers]
    assert eligible == sorted(eligible), "from worst to best, lighter and lighter"
    assert lightness(colours[SERVED]) > max(eligible)
    assert len({colours[name] for name in classes(policy)}) == len(classes(policy))


def test_every_code_has_colours_or_words() -> None:
    assert set(style.MOBILE_LEVEL_COLOURS) == set(MOBILE_LEVELS)
    assert set(style.DECISION_COLOURS) == set(style.DECISION_FILL) == set(DECISIONS)
    assert set(style.CERTAINTY_DASH) == set(style.CERTAINTY_WIDTH) == set(CERTAINTIES)
    assert set(style.TECHNOLOGY_COLOURS) == set(BUILD_TECHNOLOGIES)
    assert {*KINDS, *TECHNOLOGIES, *BUILD_TECHNOLOGIES, *MOBILE_LEVELS} <= set(words.WORDS)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (6948, 3, "6 950"),
        (0, 3, "0"),
        (12.34, None, "12.3"),
        (1.5, None, "1.5"),
        (-110, None, "−110"),
        (float("nan"), 3, "–"),
        (999.6, 3, "1 000"),
    ],
)
def test_numbers(value: float, digits: int | None, text: str) -> None:
    assert style.number(value, digits=digits).replace(style.THIN, " ") == text


def test_figures_of_tables_keep_their_decimals() -> None:
    given = [0.0475, 0.968, 150_000.0, 10_521.25, 0.0, 1e9, -3.5, float("nan")]
    assert [style.exact(value).replace(style.THIN, " ") for value in given] == [
        "0.0475", "0.968", "150 000", "10 521.25", "0", "1 000 000 000", "−3.5", "",
    ]  # fmt: skip
    assert style.fixed(1234.5, decimals=2).replace(style.THIN, " ") == "1 234.50"
    with language.using("nb"):
        assert style.exact(0.0475) == "0,0475"
        assert style.fixed(1234.5, decimals=2).replace(style.THIN, " ") == "1 234,50"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(1.9e9, 3.1e9, "1.9–3.1 bn NOK"), (20e6, 32e6, "20–32 M NOK"), (5.0, 5.0, "5 NOK"), (0.0, 0.0, "0 NOK")],
)
def test_ranges_share_one_unit(low: float, high: float, text: str) -> None:
    assert style.money_range(low, high, "NOK").replace(style.THIN, " ") == text


def test_money_and_shares_and_lengths() -> None:
    assert style.money(58_410_000, "NOK").replace(style.THIN, " ") == "58.4 M NOK"
    assert style.percent(0.004).replace(style.THIN, " ") == "< 1 %"
    assert style.percent(0.0).replace(style.THIN, " ") == "0 %"
    assert style.length(950).replace(style.THIN, " ") == "950 m"
    assert style.length(7200).replace(style.THIN, " ") == "7.2 km"


@given(st.floats(min_value=1, max_value=1e12))
def test_headline_numbers_stay_within_one_percent(value: float) -> None:
    shown = float(style.number(value, digits=3).replace(style.THIN, ""))
    assert shown == pytest.approx(value, rel=0.006)


@given(st.text(alphabet="<>&\"'ab*_[]()!`$\\", max_size=40))
def test_escaped_text_holds_no_live_signs(text: str) -> None:
    assert not set(style.escape(text)) & {"<", ">", '"', "'"}
    bare = style.plain(text)
    for at, sign in enumerate(bare):
        if sign in "<>*_[]()!`$":
            assert bare[at - 1] == "\\"


@pytest.mark.parametrize(
    "text", ["see http://evil.example now", "WWW.evil.example", "mail a@evil.example", ":material/bolt:", ":smile: x"]
)
def test_text_of_data_becomes_neither_link_nor_icon_once_its_escapes_are_gone(text: str) -> None:
    left = style.plain(text).replace("\\", "")
    assert not re.search(r"https?://|www\.\w|\w@\w|:[a-z/]+:", left, re.IGNORECASE)
    assert left.replace(style.JOINER, "") == text
