"""The figures above the map of Explore: what is short of service, and what the areas would take."""

from __future__ import annotations

import pandas as pd

from coverage.assessment import Assessment
from coverage.kinds import is_mobile
from maps import figures, masts, style
from maps.language import _
from maps.pages import parts
from maps.pages.finder import Shown
from maps.words import NO_MONEY


def show(assessment: Assessment, shown: Shown) -> None:
    """Draw the figures of what is shown of an assessment."""
    left, currency = shown.left, assessment.study.currency
    mobile = is_mobile(left.areas)
    areas, funded = left.areas[~mobile], left.areas[left.areas["decision"] == "fund"]
    spent, budget = style.money(funded["grant"].sum(), currency), style.money(assessment.scenario.money, currency)
    parts.headline(
        [
            *_short(left),
            (_("project areas"), style.number(len(areas)), ""),
            *([(_("mobile areas"), style.number(mobile.sum()), _of_masts(assessment))] if mobile.any() else []),
            _gap(assessment) if shown.plain else _gap_of(areas, currency),
            (
                _("funded within the budget"),
                parts.areas_and_masts(funded),
                _("Their grants: {spent} of {budget}.", spent=spent, budget=budget),
            ),
        ]
    )


def _short(left: Assessment) -> list[tuple[str, str, str]]:
    """Return how many businesses and homes are below the fastest tier that earns support."""
    found = figures.figures(left.places)
    about = "≈ " if found.expected_share else ""
    best = max((tier.down_mbps, tier.up_mbps) for tier in left.policy.tiers if tier.eligible)
    speed = "/".join(style.number(mbps) for mbps in best if mbps)
    counts = []
    if found.businesses:
        short = about + style.number(found.businesses_short, digits=3)
        counts.append((_("businesses below {speed} Mbit/s", speed=speed), short, ""))
    if found.homes:
        short = about + style.number(found.homes_short, digits=3)
        counts.append((_("homes below {speed} Mbit/s", speed=speed), short, ""))
    return counts


def _gap(assessment: Assessment) -> tuple[str, str, str]:
    gap = assessment.summary["funding_gap"]
    told = _("Planning estimate, P10 to P90 of the draws. The grant itself is set by competition.")
    return _("funding gap, all areas"), style.money_range(gap["p10"], gap["p90"], assessment.study.currency), told


def _gap_of(areas: pd.DataFrame, currency: str) -> tuple[str, str, str]:
    """Return the funding gap of some areas: their ranges cannot be added up, their middles can."""
    total = style.money(areas["funding_gap_p50"].sum(), currency)
    told = _("The whole areas that hold what is shown: the sum of their P50. The grant itself is set by competition.")
    return _("funding gap of these areas"), f"≈ {total}", told


def _of_masts(assessment: Assessment) -> str:
    """Say how much of what is short of mobile the masts would serve, and why none is funded where none competes."""
    lacking = assessment.summary.get("mobile", {}).get("lacking", {})
    told = []
    if short := lacking.get("premises_short"):
        told.append(
            _(
                "They would serve {served} of the {short} premises that are short of mobile.",
                served=style.number(lacking["premises_served"], digits=3),
                short=style.number(short, digits=3),
            )
        )
    if not masts.compete(assessment):
        told.append(_("They are not eligible: {reason}.", reason=_(NO_MONEY)))
    return " ".join(told)
