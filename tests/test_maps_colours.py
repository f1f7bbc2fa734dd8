"""What charts tell apart by colour is told apart by every kind of colour vision, on a light page and on a dark one."""

from __future__ import annotations

from itertools import combinations

import pytest
from coloraide import Color

from maps import dark, style, work

TIERS = style.tier_colours([("worst", True), ("mild", True), ("fast", False)])
GROUPS = {
    "tiers": TIERS,
    "technologies": style.TECHNOLOGY_COLOURS,
    "two policies": style.CONTRAST_COLOURS,
    "one operator and others": {"alone": style.ACCENT, "shared": style.ACCENT_FADED},
    "of the most": {"here": style.ACCENT, "most": style.RAIL},
}
SIGHTS = ("", "protan", "deutan", "tritan")
APART = 10.0  # CIEDE2000; 1 is just noticeable side by side, 10 is seen at a glance
TEXT = 4.5  # WCAG AA
GRAPHICS = 3.0


def on(page: str, colour: str) -> str:
    return dark.COUNTERPARTS.get(colour, colour) if page == "dark" else colour


def seen(colour: str, sight: str) -> Color:
    return Color(colour).filter(sight) if sight else Color(colour)


@pytest.mark.parametrize("page", ["light", "dark"])
@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("group", GROUPS)
def test_colours_of_a_chart_are_apart(group: str, sight: str, page: str) -> None:
    close = {
        (one, other): distance
        for (one, a), (other, b) in combinations(GROUPS[group].items(), 2)
        if (distance := seen(on(page, a), sight).delta_e(seen(on(page, b), sight), method="2000")) < APART
    }
    assert not close


@pytest.mark.parametrize("page", ["light", "dark"])
def test_the_ramp_of_tiers_is_in_order_without_any_colour(page: str) -> None:
    shades = [Color(on(page, TIERS[name])).luminance() for name in ("worst", "mild", "fast")]
    assert shades == sorted(shades)


@pytest.mark.parametrize(("page", "paper"), [("light", "#ffffff"), ("light", "#f3f5f6"), ("dark", dark.PAGE)])
@pytest.mark.parametrize("colour", [style.INK, style.MUTED, style.WARNING, style.ACCENT])
def test_text_and_lines_stand_out_from_the_page(colour: str, page: str, paper: str) -> None:
    assert Color(on(page, colour)).contrast(paper, method="wcag21") >= TEXT


def test_every_colour_of_a_dark_page_can_be_seen_on_it() -> None:
    lit = {light: tone for light, tone in dark.COUNTERPARTS.items() if light not in ("white", style.RAIL, style.GRID)}
    faint = {style.ACCENT_FADED, style.SERVED_COLOUR, style.TECHNOLOGY_COLOURS["voucher"]}  # beside a stronger one
    for light, tone in lit.items():
        assert Color(tone).contrast(dark.PAGE, method="wcag21") >= (GRAPHICS - 0.5 if light in faint else GRAPHICS)


def test_the_page_is_the_one_that_streamlit_is_told() -> None:
    config = (work.ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert f'backgroundColor = "{dark.PAGE}"' in config


def test_the_sheet_changes_lines_and_fills_alone() -> None:
    sheet = dark.sheet()
    assert sheet.count("light-dark(") == 2 * len(dark.COUNTERPARTS)
    assert f'.stVegaLiteChart [fill="{style.INK}"] {{ fill: light-dark({style.INK}, #e4e9ed); }}' in sheet
