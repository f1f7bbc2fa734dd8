"""How firm the list is, in words: rank intervals, what turns an area, and a sentence for each area near the line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from maps import language, masts, style
from maps.language import N_, _

Row = Mapping[str, Any]

# Wishes that the choice in the draws does not follow: `wishes_not_drawn` of the provenance.
NOT_DRAWN: Final = {
    "least_municipalities": N_("the number of municipalities"),
    "needs": N_("the order of areas"),
    "sources": N_("the pots"),
    "phases": N_("the years"),
}
# What makes an area a toss-up: coverage.stability.DRIVERS.
DRIVERS: Final = {
    "costs": N_("costs"),
    "weights": N_("weights"),
    "each": N_("costs or weights"),
    "together": N_("costs and weights together"),
}
TURNS: Final = {
    "costs": N_("What it will cost decides that."),
    "weights": N_("The weights of the criteria decide that."),
    "each": N_("Other costs or other weights would each turn it."),
    "together": N_("Only other costs and other weights together turn it."),
}
# The decision and its certainty: `code` of coverage.stability.Stability.line.
STANDS: Final = {
    "fund: safe yes": N_("Funded, and in {share} of the draws too."),
    "fund: toss-up": N_("Funded, but in {share} of the draws only."),
    "fund: safe no": N_("Funded, though in {share} of the draws only."),
    "reserve: safe yes": N_("Not funded, though {share} of the draws fund it."),
    "reserve: toss-up": N_("Not funded, but {share} of the draws fund it."),
    "reserve: safe no": N_("Not funded, and funded in {share} of the draws only."),
}
HEIGHT: Final = 330  # pixels of the list


def interval(area: Row) -> str:
    """Return the ranks between which an area stands in eight of ten draws; "" where nothing was drawn."""
    low, high = area.get("rank_p10"), area.get("rank_p90")
    if low is None or pd.isna(low) or pd.isna(high):
        return ""
    return str(int(low)) if low == high else f"{int(low)}–{int(high)}"


def driver(area: Row) -> str:
    """Return in a word what makes an area a toss-up; "" for the others."""
    code = area.get("driver")
    return _(DRIVERS[code]) if isinstance(code, str) else ""


def show(assessment: Assessment) -> None:
    """Draw the sentence of each area near the line, down the ranking, with the line between them."""
    firm = assessment.stability
    if firm is None or firm.line.empty:
        st.caption(_("Nothing was drawn, so nothing is known of how firm the list is."))
        return
    rows = firm.line.to_dict("records")
    names = _names(assessment)
    items, side = [], rows[0]["side"]
    between = style.escape(_("The line of the ranked cut"))
    for row in rows:
        if row["side"] != side:
            items.append(f'<li class="line">{between}</li>')
            side = row["side"]
        told = style.escape(" ".join(sentences(row, assessment, names)))
        head = style.escape(f"{row['rank']}. {names[row['area_id']]}")
        items.append(f'<li class="{style.escape(row["decision"])}"><b>{head}</b> <span>{told}</span></li>')
    with st.container(height=HEIGHT if len(rows) > 5 else "content"):
        st.html(f'<ul class="bg-line">{"".join(items)}</ul>')
    drawn = _(
        "From {draws} draws of costs and of weights. A toss-up is funded in more than 10 % and fewer than 90 % "
        "of them.",
        draws=style.number(firm.draws),
    )
    st.caption(style.plain(" ".join(filter(None, (drawn, not_drawn(assessment))))))


def not_drawn(assessment: Assessment) -> str:
    """Name the wishes that the choice in the draws leaves aside; "" for none."""
    left = assessment.provenance.get("selection", {}).get("wishes_not_drawn", ())
    if not left:
        return ""
    names = [NOT_DRAWN[name] for name in left]
    return _("The choice in the draws leaves aside: {wishes}.", wishes=", ".join(_(name) for name in names))


def sentences(row: Row, assessment: Assessment, names: Mapping[str, str], *, whole: bool = False) -> list[str]:
    """Return what is said of a row of `Stability.line`, unescaped; `whole`: its rank and its grant as well.

    `names` are those of all areas, by id.
    """
    code, turned_by = row["code"], row["driver"]
    said = [_(STANDS[code]).format(share=style.percent(row["funded_share"]))]
    if isinstance(turned_by, str):
        said.append(_(TURNS[turned_by]))
    if whole and interval(row):
        said.append(_("Its rank is {ranks} in eight of ten draws.", ranks=interval(row)))
    return [*said, *_money(row, assessment.study.currency, whole=whole), *_against(row, assessment, names)]


def of_area(assessment: Assessment, area_id: str) -> str:
    """Return all that is said of one area near the line; "" for an area that stands far from it."""
    firm = assessment.stability
    if firm is None:
        return ""
    rows = firm.line[firm.line["area_id"] == area_id].to_dict("records")
    return " ".join(sentences(rows[0], assessment, _names(assessment), whole=True)) if rows else ""


def swap(row: Row, assessment: Assessment, *, other: str, above: bool) -> str:
    """Say which weight turns an area and `other`, the area `above` which, or below which, it stands.

    `row` has code (of coverage.swaps.CODES), criterion, weight and swap_weight.
    """
    if row["code"] == "same":
        return _("It is equal to {other} in every criterion.", other=other)
    if row["code"] == "dominates":
        return (
            _("No single weight lifts {other} above it.", other=other)
            if above
            else _("No single weight lifts it above {other}.", other=other)
        )
    name = criterion(assessment, row["criterion"])
    if row["code"] == "tied":
        return _(
            "It has the score of {other}; any other weight of “{criterion}” parts them.", other=other, criterion=name
        )
    return _(
        "It changes places with {other} where the weight of “{criterion}” goes from {now} to {then}.",
        other=other,
        criterion=name,
        now=style.number(row["weight"], digits=3),
        then=style.number(row["swap_weight"], digits=3),
    )


def criterion(assessment: Assessment, name: str) -> str:
    """Return what a criterion of the ranking is called."""
    labels = {item.id: item.label for item in assessment.policy.criteria}
    return language.label(labels.get(name, {}), name)


def _money(row: Row, currency: str, *, whole: bool) -> list[str]:
    """Say how far the budget, and of an area told in whole the grant, may move before it changes sides."""
    if not row["grant"] > 0:  # needs no money: no budget moves it
        return []
    change = style.money(abs(row["budget_change"]), currency)
    said = [
        _("The ranked cut drops it if the budget falls by more than {money}.", money=change)
        if row["side"] == "above"
        else _("The ranked cut reaches it with {money} more.", money=change)
    ]
    limit = row["grant_limit"]
    if whole and not pd.isna(limit):
        money = style.money(limit, currency)
        said.append(
            _("Up to a grant of {money} it brings as much for the money as the edge of the best set.", money=money)
            if row["grant"] <= limit
            else _(
                "At a grant of {money} it would bring as much for the money as the edge of the best set.", money=money
            )
        )
    return said


def _against(row: Row, assessment: Assessment, names: Mapping[str, str]) -> list[str]:
    if not isinstance(row["against"], str) or not isinstance(row["swap_code"], str):
        return []
    other = names[row["against"]]
    return [swap({**row, "code": row["swap_code"]}, assessment, other=other, above=row["side"] == "above")]


def _names(assessment: Assessment) -> dict[str, str]:
    return {row["area_id"]: masts.name(row) for row in assessment.areas[["area_id", "name"]].to_dict("records")}
