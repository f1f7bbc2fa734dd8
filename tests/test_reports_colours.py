"""Colours of printed maps, papers and workbooks are told apart by every kind of colour vision; texts can be read."""

from __future__ import annotations

from itertools import combinations

import pytest
from coloraide import Color

from coverage.reports import palette, points
from coverage.reports.money_curve import COLOURS as CURVES

SIGHTS = ("", "protan", "deutan", "tritan")
APART = 10.0  # CIEDE2000, as on the screen
TEXT = 4.5  # WCAG AA
PAPER = "#ffffff"
GROUPS = {
    "decision": palette.DECISION | {"toss-up": palette.TOSS_UP},
    "kind": palette.KIND,
    "gap": palette.GAP,
    "ramp": dict(enumerate(palette.RAMP)),
    "cells": {name: ground for name, (ground, _) in palette.CELLS.items() if name != "ineligible"},
    "curves": dict(CURVES),
    "criteria": dict(enumerate(points.COLOURS[:7])),  # more than any policy has
}


def seen(colour: str, sight: str) -> Color:
    return Color(colour).filter(sight) if sight else Color(colour)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("group", GROUPS)
def test_colours_of_a_legend_are_apart(group: str, sight: str) -> None:
    close = {
        (one, other): round(distance, 1)
        for (one, a), (other, b) in combinations(GROUPS[group].items(), 2)
        if (distance := seen(a, sight).delta_e(seen(b, sight), method="2000")) < APART
    }
    assert not close


def test_the_ramp_is_in_order_in_grey() -> None:
    shades = [Color(colour).luminance() for colour in palette.RAMP]
    assert shades == sorted(shades, reverse=True)


@pytest.mark.parametrize("name", palette.CELLS)
def test_words_in_a_coloured_cell_can_be_read(name: str) -> None:
    ground, ink = palette.CELLS[name]
    assert Color(ink).contrast(ground, method="wcag21") >= TEXT


@pytest.mark.parametrize("ink", [palette.INK, palette.MUTED])
@pytest.mark.parametrize("ground", [PAPER, palette.LAND])
def test_words_on_a_map_can_be_read(ink: str, ground: str) -> None:
    assert Color(ink).contrast(ground, method="wcag21") >= TEXT
