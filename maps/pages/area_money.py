"""The money of one area: what would change it, its cash flow, and what is paid back if more connect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import altair as alt
import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.clawback import clawback
from coverage.contributions import contributions
from coverage.levers import levers, measured
from coverage.subsidy import cash_flow, estimate
from maps import charts, style
from maps.language import N_, _, pgettext
from maps.pages import charted, lever_words, parts
from maps.session import MILLION, Key, View
from maps.store import Shelf

PRICED: Final = ("fibre", "fwa", "voucher")  # what the cost book holds a bill of quantities for
MOBILE_SITE: Final = "mobile_site"
OPERATOR_SHARE: Final = "mobile_operator_share"  # of upkeep and renewal
MEASURES: Final = {
    "funding_gap": N_("the funding gap that is left"),
    "grant": N_("the grant of state and county"),
    "gap_per_premises": N_("the funding gap per premises"),
}
FLOWS: Final = {
    "year": N_("year"),
    "capex": N_("investment"),
    "opex": N_("running costs"),
    "replacement": N_("replacement"),
    "revenue": N_("revenue"),
    "residual": N_("residual value"),
    "net_cost": N_("net cost"),
    "discount_factor": N_("discount factor"),
    "present_value": N_("present value"),
}
ALONG_M: Final = 200.0  # told beside the count
_LEVERS: Final = Shelf(64)


def show(view: View, area_id: str) -> None:
    """Draw the three questions on one area's money, if the cost book prices its technology; of a mast one."""
    areas = view.assessment.areas
    technology = areas.loc[areas["area_id"] == area_id, "technology"].iloc[0]
    if technology == MOBILE_SITE:  # it connects nobody: no lever, and nothing to pay back
        (flow,) = st.tabs([_("Cash flow")])
        with flow:
            _cash_flow(view.assessment, area_id)
            share = style.percent(view.assessment.costs[OPERATOR_SHARE].value)
            told = _(
                "The operator bears {share} of running and renewing it, says the cost book; a mast earns nothing here.",
                share=style.plain(share),
            )
            st.caption(told)
    if technology not in PRICED:
        return
    change, flow, back = st.tabs([_("What would change this"), _("Cash flow"), _("If more connect")])
    with change:
        left, right = st.columns([1.6, 1], gap="medium")
        with left:
            _levers(view, area_id)
        with right:
            _residents(view.assessment, area_id)
    with flow:
        _cash_flow(view.assessment, area_id)
    with back:
        _clawback(view.assessment, area_id)


def _given(assessment: Assessment) -> dict[str, Any]:
    """Return what every estimate rests on."""
    return {"book": assessment.costs, "policy": assessment.policy, "scenario": assessment.scenario}


def _one(assessment: Assessment, area_id: str) -> Any:
    return assessment.areas[assessment.areas["area_id"] == area_id]


@st.fragment
def _levers(view: View, area_id: str) -> None:
    """Ask for a target, and say what each lever alone would take."""
    assessment = view.assessment
    currency, area = assessment.study.currency, _one(assessment, area_id)
    now, _draws = estimate(area, assessment.routes, **_given(assessment))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = st.selectbox(
            _("Bring down"), list(MEASURES), format_func=lambda name: _(MEASURES[name]), key="levers-measure"
        )
        before = measured(now.iloc[0], measure)
        size = 1000 if measure == "gap_per_premises" else MILLION
        unit = _("k {currency}", currency=currency) if size == 1000 else style.millions(currency)
        target = size * st.number_input(
            _("to at most, {money}", money=unit),
            min_value=0.0,
            value=round(0.9 * before / size, 2),
            step=0.1 if size == MILLION else 1.0,
            format="%.2f",
            key=f"levers-target-{measure}-{area_id}",
        )
    st.caption(
        _(
            "Today {money}: the P50, less what residents give. Each change alone, all else as it is; rounded up.",
            money=style.money(before, currency),
        )
    )
    if before <= target:
        st.success(_("The target is reached already: nothing need change."))
        return
    table = _LEVERS.get(
        (view.key, area_id, measure, target),
        lambda: levers(area, assessment.routes, target=target, measure=measure, **_given(assessment)),
    )
    premises, customers = (float(now[name].iloc[0]) for name in ("premises", "connections"))
    cells = "".join(
        f"<dt>{style.escape(_(lever_words.NAMES[row['lever']]))}</dt><dd>{'✓' if row['feasible'] else '✗'} "
        f"{style.escape(lever_words.sentence(row, currency=currency, premises=premises, customers=customers))}</dd>"
        for row in table.to_dict("records")
    )
    st.html(f'<div class="bg-panel"><dl>{cells}</dl></div>')
    told = _("Whether people would join, pay or dig the model does not know: it says how much it takes.")
    beside = along(assessment, area_id)
    if beside is not None:
        near = _(
            "Within {metres} of the route stand {count} further premises without fibre.",
            metres=lever_words.metres(ALONG_M),
            count=style.number(beside),
        )
        told = f"{near} {told}"
    st.caption(told)


def along(assessment: Assessment, area_id: str) -> float | None:
    """Count the premises of other areas or none that stand along an area's route and have no offer of fibre.

    None where that cannot be told: no route, or service known only as a share of a municipality.
    """
    places, routes = assessment.places, assessment.routes
    line = routes.loc[routes["area_id"] == area_id, routes.geometry.name]
    if line.empty or line.iloc[0] is None or line.iloc[0].is_empty:
        return None
    near = places.iloc[places.sindex.query(line.iloc[0], predicate="dwithin", distance=ALONG_M)]
    if "service_basis" in near and (near["service_basis"] == "expected_share").any():
        return None
    others = (near["area_id"].fillna("") != area_id) & (near["fixed_technology"].fillna("") != "fibre")
    return float(near.loc[others, "weight"].sum())


def _residents(assessment: Assessment, area_id: str) -> None:
    """Let the reader say what residents bring, in all areas alike, and tell what it gives here."""
    scenario, currency = assessment.scenario, assessment.study.currency
    parts.caption_of(_("What residents bring, in every area"))
    fields = (
        ("connection_fee", _("Fee for each connection, {money}", money=currency), 500.0),
        ("dugnad_m", _("Trench dug in dugnad, m"), 50.0),
    )
    for name, label, step in fields:
        key = f"residents-{name}"
        st.session_state[key] = float(getattr(scenario, name))
        st.number_input(label, min_value=0.0, step=step, format="%.0f", key=key, on_change=_take_over(name, key))
    brought = contributions(
        _one(assessment, area_id), assessment.routes, book=assessment.costs, scenario=scenario
    ).iloc[0]
    st.caption(
        _(
            "Here that is {fees} in fees and {worth} of digging ({metres}). It counts as private money, before the "
            "public shares; cable, design and upkeep still cost what they cost.",
            fees=style.money(brought["connection_fees"], currency),
            worth=style.money(brought["dugnad_worth"], currency),
            metres=lever_words.metres(brought["dugnad_m"]),
        )
    )


def _take_over(name: str, key: str) -> Callable[[], None]:
    def copy() -> None:
        state = st.session_state
        state[Key.EXTRA] = state[Key.EXTRA].with_changes(**{name: float(state[key])})

    return copy


def _cash_flow(assessment: Assessment, area_id: str) -> None:
    currency = assessment.study.currency
    flow = cash_flow(
        assessment.areas, assessment.routes, book=assessment.costs, policy=assessment.policy, area_id=area_id
    )
    left, right = st.columns([0.8, 1.9], gap="medium")
    with left:
        parts.caption_of(_("What is not yet paid back, in today’s money"))
        charted.show(
            uncovered(flow, currency=currency),
            flow.assign(left=flow["present_value"].cumsum(), currency=currency),
            about=_("What is not yet paid back of the area's costs, year by year."),
            columns={"year": _("year"), "left": _("not yet paid back, {money}", money=currency)},
            name=f"cash-flow-{area_id}",
            assessment=assessment,
        )
        end = float(flow["present_value"].sum())
        told = (
            _(
                "After {years} years {money} is left: the funding gap of the business case.",
                years=len(flow) - 1,
                money=style.money(end, currency),
            )
            if end > 0
            else _(
                "After {years} years everything is paid back: no funding gap in the business case.", years=len(flow) - 1
            )
        )
        st.caption(told)
    with right:
        parts.caption_of(_("Year by year, {money}", money=currency))
        shown = flow[list(FLOWS)]
        whole = {name: 0 for name in FLOWS if name not in ("year", "discount_factor")}
        st.dataframe(
            parts.written(shown, {"year": 0, "discount_factor": 3, **whole}),
            hide_index=True,
            height=300,
            column_config={name: st.column_config.NumberColumn(_(label)) for name, label in FLOWS.items()},
        )
    st.caption(
        _(
            "At the cost book’s own figures, in real money and before tax, so it differs from the P50 of the draws. "
            "Costs and revenue are both positive; net cost is costs less revenue and residual value."
        )
    )


def uncovered(flow: pd.DataFrame, *, currency: str) -> Any:
    """Return the running sum of an area's present values, year by year; `flow` as from `subsidy.cash_flow`."""
    data = pd.DataFrame({"year": flow["year"], "left": flow["present_value"].cumsum() / MILLION})
    encoded = {
        "x": alt.X("year:Q", title=_("year"), axis=alt.Axis(format="d", tickMinStep=1), scale=alt.Scale(nice=False)),
        "y": alt.Y("left:Q", title=_("not yet paid back, {money}", money=style.millions(currency))),
        "tooltip": [
            alt.Tooltip("year:Q", title=_("year"), format="d"),
            alt.Tooltip("left:Q", title=_("not yet paid back, {money}", money=style.millions(currency)), format=",.2f"),
        ],
    }
    line = alt.Chart(data).mark_line(color=style.ACCENT, point=alt.OverlayMarkDef(color=style.ACCENT)).encode(**encoded)
    zero = alt.Chart(pd.DataFrame({"left": [0.0]})).mark_rule(color=style.INK, strokeDash=[5, 3]).encode(y="left:Q")
    return charts.finished((zero + line).properties(height=240))


def _clawback(assessment: Assessment, area_id: str) -> None:
    currency, above = assessment.study.currency, assessment.policy.subsidy.clawback_above
    found = clawback(_one(assessment, area_id), assessment.routes, **_given(assessment))
    st.caption(
        _(
            "Aid given without competition is checked again afterwards: what turns out to be more than was needed "
            "goes back (GBER art. 52(2))."
        )
    )
    shown = found.assign(take_up=100 * found["take_up"])[
        ["take_up", "connections", "needed", "paid_back", "state_back", "county_back", "municipal_back"]
    ]
    number = st.column_config.NumberColumn
    money = dict.fromkeys(shown.columns[2:], 0)
    st.dataframe(
        parts.written(shown, {"take_up": 0, "connections": 1, **money}),
        hide_index=True,
        column_config={
            "take_up": number(_("Connected, %")),
            "connections": number(_("Connections")),
            "needed": number(_("Public money needed, {money}", money=currency)),
            "paid_back": number(_("Paid back, {money}", money=currency)),
            "state_back": number(_("to the {payer}", payer=pgettext("who pays", "state"))),
            "county_back": number(_("to the {payer}", payer=pgettext("who pays", "county"))),
            "municipal_back": number(_("to the {payer}", payer=pgettext("who pays", "municipality"))),
        },
    )
    paid = style.money(float(found["paid"].iloc[0]), currency)
    if above == float("inf"):
        st.caption(_("{money} of public money. The policy names no amount from which this is mandatory.", money=paid))
        return
    limit = style.money(above, currency)
    law = (
        _("{money} of public money: above {limit}, so the check is mandatory.", money=paid, limit=limit)
        if found["mandatory"].iloc[0]
        else _(
            "{money} of public money: not above {limit}, from which the check is mandatory.", money=paid, limit=limit
        )
    )
    st.caption(law + " " + _("That limit is general knowledge and must be confirmed."))
