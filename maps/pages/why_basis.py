"""What an area rests on: the rules that let its places in, the largest cost lines, and where its data are from."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from coverage.assessment import Assessment
from coverage.kinds import MOBILE
from maps import style, words
from maps.language import _, ngettext
from maps.pages import parts
from maps.pages.origins import as_text, stands_in, supplied
from maps.themes import class_labels
from maps.words import word

MOST_LINES: Final = 4  # cost lines that are told one by one
ROUTED: Final = ("roads", "network")  # roles of the sources that a route is found in
SEEN: Final = ("masts", "terrain")  # likewise of a mast


def html(assessment: Assessment, area: pd.Series[Any], *, opened: bool) -> str:
    """Return it as HTML that unfolds, or has been unfolded; every text from data is escaped."""
    summary = style.escape(_("Rules, cost lines and sources"))
    inner = parts.definitions(_pairs(assessment, area)) + _costs(assessment, area)
    return f"<details{' open' if opened else ''}><summary>{summary}</summary>{inner}</details>"


def _pairs(assessment: Assessment, area: pd.Series[Any]) -> list[tuple[str, str]]:
    masted = area["kind"] == MOBILE
    column = "mobile_area_id" if masted else "area_id"
    places = assessment.places
    here = places.loc[(places[column] == area["area_id"]).to_numpy()] if column in places else places.iloc[:0]
    roles = (*ROUTED, *SEEN) if masted else ROUTED
    return [
        (_("tiers"), "" if masted else _tiers(here, assessment)),
        (_("clause"), "" if masted else _clauses(here, assessment)),
        (_("service from"), _origins(here, "fixed_source", assessment)),
        (_("places from"), _origins(here, "source", assessment)),
        (_("route from"), "; ".join(s.name + supplied(s) for s in assessment.study.sources if s.role in roles)),
    ]


def _costs(assessment: Assessment, area: pd.Series[Any]) -> str:
    """Return the largest cost lines with unit cost, source and confidence."""
    lines, currency = assessment.cost_lines, assessment.study.currency
    mine = lines[(lines["area_id"] == area["area_id"]) & (lines["technology"] == area["technology"])]
    mine = mine[mine["amount"] > 0].sort_values("amount", ascending=False, kind="stable")
    if mine.empty:
        return ""
    told = []
    for line in mine.head(MOST_LINES).to_dict("records"):
        sums = _(
            "{quantity} × {cost} = {amount}",
            quantity=style.number(line["quantity"], digits=3),
            cost=f"{style.number(line['unit_cost'], digits=3)} ({words.said(line['unit'])})",
            amount=style.money(line["amount"], currency),
        )
        basis = f"{word(line['confidence'])}: {words.said(line['source'])}"
        told.append(
            f"<dt>{style.escape(parts.item(line['item']))}</dt>"
            f"<dd>{style.escape(sums)}<div class='bg-source'>{style.escape(basis)}</div></dd>"
        )
    title = ngettext(
        "Cost lines: the largest {shown} of {count}",
        "Cost lines: the largest {shown} of {count}",
        len(mine),
        shown=style.number(len(told)),
        count=style.number(len(mine)),
    )
    return f"<div class='bg-sub'>{style.escape(title)}</div><dl>{''.join(told)}</dl>"


def _tiers(here: pd.DataFrame, assessment: Assessment) -> str:
    labels = class_labels(assessment.policy)
    counted = here["weight"].groupby(here["tier"]).sum()
    return "; ".join(
        f"{labels[tier]}: {style.number(counted[tier], digits=3)}"
        for tier in assessment.policy.tier_ids
        if counted.get(tier)
    )


def _clauses(here: pd.DataFrame, assessment: Assessment) -> str:
    """Name the clauses that decide in the area, most premises first, with a mark where a text is not published."""
    unsure = {item.id: item.confidence for item in assessment.policy.clauses if item.confidence != "published"}
    counted = here["weight"].groupby(here["reason_code"]).sum().sort_values(ascending=False, kind="stable")
    return "; ".join(
        f"{assessment.policy.id} § {code}"
        + (f" ({word(unsure[code])})" if code in unsure else "")
        + f": {style.number(count, digits=3)}"
        for code, count in counted.items()
    )


def _origins(here: pd.DataFrame, column: str, assessment: Assessment) -> str:
    """Name the sources of places with supplier and date, and count the premises of each, those of most first."""
    if column not in here:
        return ""
    counted = here["weight"].groupby(here[column]).sum().sort_values(ascending=False, kind="stable")
    return "; ".join(
        _("{source}: {count}", source=stands_in(as_text(name), None, assessment), count=style.number(count, digits=3))
        for name, count in counted.items()
    )
