"""The part of the panel that tells of the project area that was clicked."""

from __future__ import annotations

from typing import Any

import pandas as pd

from coverage.assessment import Assessment
from maps import masts, style
from maps.language import _
from maps.pages import area_facts, life, why_basis
from maps.pages.parts import definitions, head
from maps.words import word


def panel(assessment: Assessment, area: pd.Series[Any], *, opened: bool = False) -> str:
    """Return what is told of one project area as HTML; every text from data is escaped.

    What it rests on is folded, or `opened`.
    """
    currency = assessment.study.currency
    build = word(area["technology"])
    if area["technology"] == "fibre":  # `route_m` is the fibre route, whatever is proposed
        build = _("{technology}, route {length}", technology=build, length=style.length(area["route_m"]))
    grant = _(
        "{grant}, {each} per premises",
        grant=style.money(area["grant"], currency),
        each=style.money(area["grant_per_premises"], currency),
    )
    pairs = [
        *_standing(assessment, area),
        (_("premises"), _premises(assessment, area)),
        (_("build"), build),
        *_money(area, currency),
        (_("grant"), grant),
        *life.pairs(assessment, area),
        *area_facts.pairs(assessment, area),
    ]
    title = head(area["name"], _("project area {id}", id=area["area_id"]))
    return title + definitions(pairs) + why_basis.html(assessment, area, opened=opened)


def _premises(assessment: Assessment, area: pd.Series[Any]) -> str:
    """Count an area's premises; where they are expected values, about how many."""
    whole = float(area["premises"]).is_integer() and float(area["businesses"]).is_integer()
    digits = None if whole else 2
    premises, businesses = (style.number(area[name], digits=digits) for name in ("premises", "businesses"))
    if not assessment.areas["businesses"].any():  # the study tells no businesses apart
        return premises if whole else _("about {count}", count=premises)
    if whole:
        return _("{premises}, of them {businesses} businesses", premises=premises, businesses=businesses)
    return _("about {premises}, of them about {businesses} businesses", premises=premises, businesses=businesses)


def mobile_panel(assessment: Assessment, area: pd.Series[Any], *, opened: bool = False) -> str:
    """Return what is told of one area of kind mobile as HTML, likewise."""
    pairs = [
        *_standing(assessment, area),
        *area_facts.of_mast(assessment, area),
        *_money(area, assessment.study.currency),
        (_("grant"), style.money(area["grant"], assessment.study.currency)),
        *life.pairs(assessment, area),
    ]
    title = head(masts.name(area), _("mobile area {id}", id=area["area_id"]))
    return title + definitions(pairs) + why_basis.html(assessment, area, opened=opened)


def name_of(assessment: Assessment, area_id: object) -> str:
    """Return an area's name by its id; "" where there is none."""
    if not isinstance(area_id, str):
        return ""
    found = assessment.areas[assessment.areas["area_id"] == area_id]
    return masts.name(found.iloc[0]) if len(found) else ""


def _standing(assessment: Assessment, area: pd.Series[Any]) -> list[tuple[str, str]]:
    """Return where an area stands in the list, and what becomes of it."""
    stands = _(
        "{rank} of {count}, score {score}",
        rank=area["rank"],
        count=style.number(len(assessment.areas)),
        score=style.number(area["score"], digits=3),
    )
    if why := masts.reason(area):
        return [(_("rank"), stands), (_("decision"), f"{style.decision(area['decision'], area['grant'])}: {why}")]
    decision = _(
        "{decision}; {certainty} (funded in {share} of draws)",
        decision=style.decision(area["decision"], area["grant"]),
        certainty=word(area["certainty"]),
        share=style.percent(area["funded_share"]),
    )
    return [(_("rank"), stands), (_("decision"), decision)]


def _money(area: pd.Series[Any], currency: str) -> list[tuple[str, str]]:
    gap = style.money_range(area["funding_gap_p10"], area["funding_gap_p90"], currency)
    return [(_("investment"), style.money(area["capex"], currency)), (_("funding gap"), f"{gap} (P10–P90)")]
