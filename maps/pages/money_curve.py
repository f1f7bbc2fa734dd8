"""What money reaches: businesses, homes, employees, down the ranked list and by the best sets; what all would take."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.curve import Reach, curve
from maps import charts, masts, style
from maps.language import N_, _, ngettext
from maps.pages import charted, parts
from maps.session import View
from maps.store import Shelf

WHOLE: Final = "priorities-whole-curve"
KIND: Final = "priorities-curve-kind"
COUNTED: Final = {
    "businesses": N_("businesses"),
    "households": N_("homes"),
    "employees": N_("employees"),
}
BEYOND: Final = 4.0  # times the budget: the money that is drawn unless the reader asks for all of it
_FOUND: Final = Shelf(12)


def show(view: View) -> None:
    """Draw a curve for each thing that is counted, and say what brings every business up to a speed."""
    assessment = view.assessment
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(_("What the money reaches"))
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            prefix = _kind(assessment)
            whole = st.toggle(_("Up to all areas"), key=WHOLE)
    steps: pd.DataFrame = _FOUND.get(view.key, lambda: _steps(assessment)) if view.key else _steps(assessment)
    columns = [name for name in COUNTED if steps[prefix + name].any()]
    currency = assessment.study.currency
    budget = assessment.scenario.money
    shown = steps if whole else near(steps, budget)
    labels = {"ranked": _("down the ranked list"), "optimum": _("the best sets")}
    marks = {} if prefix else {_speed(item): item.grant for item in assessment.reach if item.areas}
    for slot, name in zip(st.columns(max(len(columns), 1), gap="medium"), columns, strict=False):
        with slot:
            counted = shown.assign(reached=shown[prefix + name])
            chart = charts.reached(
                counted,
                labels=labels,
                budget=budget,
                marks=marks,
                title=_(COUNTED[name]),
                currency=currency,
            )
            charted.show(
                chart,
                counted[["series", "money", "reached"]].assign(label=counted["series"].map(labels), currency=currency),
                about=_("How many {what} a sum of grant money reaches, in two orders.", what=_(COUNTED[name])),
                columns={
                    "label": _("order"),
                    "money": _("grant money, {money}", money=currency),
                    "reached": _(COUNTED[name]),
                },
                name=f"reached-{prefix}{name}",
                assessment=assessment,
            )
    st.caption(
        _(
            "The best sets are those of one budget, without further wishes. They bring the largest benefit in the "
            "weights, so in one of these counts alone the ranked list may lie above them."
        )
    )
    if assessment.reach:
        rows = [
            (_("every business to {speed}", speed=_speed(item)), told(item, assessment)) for item in assessment.reach
        ]
        st.html(f'<div class="bg-panel bg-wide">{parts.definitions(rows)}</div>')


def near(steps: pd.DataFrame, budget: float) -> pd.DataFrame:
    """Return the steps up to BEYOND budgets, at least the first few: far beyond, they say nothing to this decision."""
    most = steps["money"].max()
    first = steps.groupby("series", sort=False)["money"].apply(lambda money: money.head(6).max()).max()
    end = min(most, max(BEYOND * budget, float(first)))
    kept = steps[steps["money"] <= end]
    last = kept.groupby("series", sort=False).tail(1)  # it holds to the end of what is drawn
    return pd.concat([kept, last[last["money"] < (1 - 1e-9) * end].assign(money=end)], ignore_index=True)


def told(item: Reach, assessment: Assessment) -> str:
    """Say what brings every business up to a speed, and who is not reached by it."""
    currency = assessment.study.currency
    if not item.businesses:
        return _("No business is below it.")
    count = ngettext("{count} area", "{count} areas", item.areas, count=style.number(item.areas))
    said = [
        _(
            "{grant} in {areas} reach {reached} of the {all} businesses below it.",
            grant=style.money(item.grant, currency),
            areas=count,
            reached=style.number(item.reached, digits=3),
            all=style.number(item.businesses, digits=3),
        )
    ]
    if item.p10 is not None and item.p90 is not None and item.areas:
        said.append(_("In the draws: {range}.", range=style.money_range(item.p10, item.p90, currency)))
    for count_, sentence in (
        (item.outside, _("{count} lie in no area.")),
        (item.slower, _("{count} lie in areas whose network would be slower.")),
        (item.not_funded, _("{count} lie in areas that cannot be funded.")),
    ):
        if count_ > 0:
            said.append(sentence.format(count=style.number(count_, digits=3)))
    return " ".join(said)


def _speed(item: Reach) -> str:
    return _("{speed} Mbit/s", speed=style.number(item.mbps))


def _steps(assessment: Assessment) -> pd.DataFrame:
    return curve(assessment.areas, policy=assessment.policy, scenario=assessment.scenario)


def _kind(assessment: Assessment) -> str:
    """Ask what is counted, where masts compete: their premises are never added to those with fixed service."""
    if not masts.compete(assessment):
        return ""
    names = {"": _("Fixed service"), "mobile_": _("Mobile coverage")}
    kind = st.segmented_control(
        _("Counted"), list(names), format_func=names.get, default="", key=KIND, label_visibility="collapsed"
    )
    return kind or ""
