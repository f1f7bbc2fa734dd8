"""Why this one: what is known of one area of the list; its score by criterion, held against its neighbours'."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.templates import load_template
from maps import charts, language, masts, style, words
from maps.language import _, pgettext
from maps.pages import area_facts, certainty, charted, life, parts
from maps.words import word

Area = pd.Series  # a row of `Assessment.areas`
SIGNS: Final = {"above": "▲", "below": "▼"}  # as in the chart
ALL: Final = 100.0  # points that the weights share out


def show(assessment: Assessment, area_id: str) -> None:
    """Draw what is known of one area: its score by criterion, who pays, and the cost lines."""
    area = assessment.areas[assessment.areas["area_id"] == area_id].iloc[0]
    st.subheader(
        _(
            "{area}: rank {rank}, {decision} ({certainty})",
            area=style.plain(masts.name(area)),
            rank=area["rank"],
            decision=style.decision(area["decision"], area["grant"]),
            certainty=word(area["certainty"]),
        )
    )
    told = certainty.of_area(assessment, area_id)
    if told:
        st.caption(style.plain(told))
    one, two, three = st.columns([1.6, 1, 1.3], gap="medium")
    with one:
        _score(assessment, area)
    with two:
        _money(assessment, area)
    with three:
        cost_lines(assessment, area)


def weights_of(assessment: Assessment) -> dict[str, float]:
    """Return the weight of each criterion of the ranking: the scenario's, else its own."""
    changed = dict(assessment.scenario.weights)
    return {item.id: float(changed.get(item.id, item.weight)) for item in assessment.policy.criteria}


def contributions(assessment: Assessment, area: Area, beside: dict[str, Area]) -> pd.DataFrame:
    """Return what each criterion with weight gives to the score: criterion, weight, most, here, and each of `beside`.

    The points of an area add up to its score.
    """
    weights = weights_of(assessment)
    total = sum(weights.values())
    rows = []
    for item in assessment.policy.criteria:
        share = weights[item.id] / total
        if share > 0:
            points = {name: share * float(row[f"score_{item.id}"]) for name, row in {"here": area, **beside}.items()}
            label = language.label(item.label, item.id)
            rows.append({"criterion": label, "weight": weights[item.id], "most": ALL * share, **points})
    return pd.DataFrame(rows)


def neighbours(assessment: Assessment, area: Area) -> dict[str, Area]:
    """Return the areas next above and next below in the list that can be funded, by `above` and `below`."""
    if area["decision"] == "ineligible":
        return {}
    by_rank = assessment.areas.set_index("rank", drop=False)
    found = {"above": area["rank"] - 1, "below": area["rank"] + 1}
    rows = {side: by_rank.loc[rank] for side, rank in found.items() if rank in by_rank.index}
    return {side: row for side, row in rows.items() if row["decision"] != "ineligible"}


def _score(assessment: Assessment, area: Area) -> None:
    """Draw the score, criterion by criterion, with those of the neighbours, and say what would turn them."""
    score = style.number(area["score"], digits=3)
    parts.caption_of(_("The score, {score}: what each criterion gives", score=score))
    beside = neighbours(assessment, area)
    names = {side: _title(side, row) for side, row in beside.items()}
    given = contributions(assessment, area, beside)
    charted.show(
        charts.contributions(given, names=names),
        given,
        about=_("What each criterion gives to the score of this area and of its neighbours in the list."),
        columns={
            "criterion": _("criterion"),
            "weight": _("weight"),
            "here": _("points of the score"),
            "most": _("points at most"),
            **names,
        },
        name=f"score-{area['area_id']}",
        assessment=assessment,
    )
    said = [f"{SIGNS[side]} {name}." for side, name in names.items()]
    said.append(_("Grey: the most that the criterion can give."))
    said += points(assessment, area)
    missing = area.get("not_measured", "")
    if isinstance(missing, str) and missing:
        listed = ", ".join(certainty.criterion(assessment, name) for name in missing.split(", "))
        said.append(_("Not measured here, so it gives nothing: {criteria}.", criteria=listed))
    st.caption(style.plain(" ".join([*said, *_turns(assessment, area, beside)])))


def points(assessment: Assessment, area: Area) -> list[str]:
    """Say how many of a template's points an area has, and which marks it reaches; nothing without a template."""
    if not assessment.scenario.template:
        return []
    template = load_template(assessment.scenario.template)
    have, most = style.number(area["points"], digits=3), style.number(template.max_points)
    said = [_("{points} of {most} points of the template.", points=have, most=most)]
    for mark in template.marks:
        if area[f"reaches_{mark.id}"]:
            label = language.label(mark.label, mark.id)
            said.append(_("{mark} ({points} points).", mark=label, points=style.number(mark.points)))
    return said


def _title(side: str, row: Area) -> str:
    score = style.number(row["score"], digits=3)
    sentence = _("Above: {area} (score {score})") if side == "above" else _("Below: {area} (score {score})")
    return sentence.format(area=masts.name(row), score=score)


def _turns(assessment: Assessment, area: Area, beside: dict[str, Area]) -> list[str]:
    """Say at which weight the area changes places with each neighbour."""
    if assessment.stability is None:
        return []
    swaps, said = assessment.stability.swaps, []
    for side, row in beside.items():
        pair = (row["area_id"], area["area_id"]) if side == "above" else (area["area_id"], row["area_id"])
        found = swaps[(swaps["above"] == pair[0]) & (swaps["below"] == pair[1])].to_dict("records")
        if found:
            said.append(certainty.swap(found[0], assessment, other=masts.name(row), above=side == "below"))
    return said


def _money(assessment: Assessment, area: Area) -> None:
    currency = assessment.study.currency
    parts.caption_of(_("Who pays the funding gap (P50)"))
    pairs = payers(area, currency)
    pairs.append((_("funding gap"), style.money(area["funding_gap_p50"], currency)))
    pairs.append(("P10–P90", style.money_range(area["funding_gap_p10"], area["funding_gap_p90"], currency)))
    pairs.append((_("investment"), style.money(area["capex"], currency)))
    if area["technology"] == "fibre":
        pairs.append((_("route"), style.length(area["route_m"])))
    pairs += [(_("not eligible"), masts.reason(area)), *life.pairs(assessment, area)]
    of_kind = area_facts.of_mast if area["kind"] == "mobile" else area_facts.pairs
    pairs += of_kind(assessment, area)
    st.html(f'<div class="bg-panel">{parts.definitions(pairs)}</div>')


def payers(area: Area, currency: str) -> list[tuple[str, str]]:
    """Return who pays how much of an area's funding gap, those who pay nothing left out."""
    shares = {
        pgettext("who pays", "state"): "state_share",
        pgettext("who pays", "county"): "county_share",
        pgettext("who pays", "municipality"): "municipal_share",
        pgettext("who pays", "private"): "private_share",
    }
    return [(who, style.money(area[column], currency)) for who, column in shares.items() if area[column] > 0]


def cost_lines(assessment: Assessment, area: Area) -> None:
    """Draw the cost lines of an area's proposed technology, each with its source and confidence."""
    parts.caption_of(_("Cost lines; “assumed” figures are general knowledge that the county must confirm"))
    lines = assessment.cost_lines
    mine = lines[(lines["area_id"] == area["area_id"]) & (lines["technology"] == area["technology"])]
    columns = ["item", "quantity", "unit", "unit_cost", "amount", "confidence", "source"]
    shown = mine[columns].assign(
        item=mine["item"].map(parts.item),
        unit=mine["unit"].map(words.said),
        source=mine["source"].map(words.said),
        confidence=mine["confidence"].map(word),
    )
    labels: dict[str, Any] = {
        "item": _("item"),
        "quantity": _("quantity"),
        "unit": _("unit"),
        "unit_cost": _("unit cost"),
        "amount": _("amount, {money}", money=assessment.study.currency),
        "confidence": _("confidence"),
        "source": _("source"),
    }
    st.dataframe(
        parts.written(shown, {"quantity": 1, "unit_cost": 2, "amount": 0}),
        hide_index=True,
        height=230,
        column_config=labels,
    )
