"""The rules that shape project areas, as a form; and whether mobile areas compete for the budget."""

from __future__ import annotations

from typing import Final

import streamlit as st

from coverage.policy import AREA_RULES, Policy, load_policy
from coverage.scenario import MOBILE_CHOICES, SPLIT, Scenario
from coverage.study import Study
from maps import style
from maps.language import N_, _, pgettext
from maps.session import Key

FIELD: Final = "scenario-area-rule-"  # + one of AREA_RULES: as it is typed, until the form is sent
FILLED: Final = "scenario-area-filled"  # the policy and the changed rules that the fields were filled from
CLASH: Final = "scenario-area-clash"  # the form was sent, and no area could follow it

MOBILE_LABELS: Final = {
    "fund": N_("They compete for the budget"),
    "exclude": N_("They get no money"),
}
# The numbers among the rules: label, what it does, least value, step.
NUMBERS: Final = {
    "cut_m": (
        N_("Longest shared trench, m"),
        N_("Neighbours farther apart by road share no trench: there one area ends."),
        1.0,
        100.0,
    ),
    "min_premises": (
        N_("Fewest premises in an area"),
        N_("A smaller area joins the nearest one, unless that is too far or grows too large."),
        0.0,
        1.0,
    ),
    "max_premises": (N_("Most premises in an area"), N_("A larger area is divided."), 1.0, 10.0),
}


def render(study: Study, scenario: Scenario) -> None:
    """Draw both; nothing is grouped anew before the form is sent."""
    policy = load_policy(scenario.policy)
    _mobile(study, policy)
    _fill(policy, scenario)
    told = _("The policy says {value}.")
    with st.form("area-rules", border=False):
        own = pgettext("rule", "yes") if policy.areas.split_by_municipality else pgettext("rule", "no")
        st.toggle(_("Each area within one municipality"), key=FIELD + SPLIT, help=told.format(value=own))
        for name, (label, about, least, step) in NUMBERS.items():
            own = style.number(getattr(policy.areas, name))
            st.number_input(
                _(label),
                min_value=least,
                step=step,
                format="%.0f",
                key=FIELD + name,
                help=f"{_(about)} {told.format(value=own)}",
            )
        st.form_submit_button(_("Draw the areas anew"), on_click=_take, icon=":material/polyline:")
    if st.session_state.get(CLASH):
        st.error(_("The fewest premises are above the most: nothing was changed."), icon=":material/error:")
    if scenario.areas:
        st.caption(_("The areas follow other rules than the policy's."))
    else:
        st.caption(_("Areas and routes are found anew: that can take a minute."))


def _mobile(study: Study, policy: Policy) -> None:
    """Ask whether areas of kind mobile compete for the budget, where the study's data can make such areas."""
    if not {"mobile", "terrain"} <= {source.role for source in study.sources}:
        return
    says = _("As the policy says: they compete") if policy.mobile.supported else _("As the policy says: no money")
    st.radio(
        _("Mobile areas and the budget"),
        MOBILE_CHOICES,
        key=Key.MOBILE,
        format_func=lambda choice: _(MOBILE_LABELS[choice]) if choice else says,
    )


def _fill(policy: Policy, scenario: Scenario) -> None:
    """Fill the fields from the scenario whenever it has changed; what is typed and not sent stays otherwise."""
    state, now = st.session_state, (policy.id, scenario.areas)
    if state.get(FILLED) == now and all(FIELD + name in state for name in AREA_RULES):
        return
    rules = scenario.shape(policy).areas
    for name in AREA_RULES:
        state[FIELD + name] = bool(getattr(rules, name)) if name == SPLIT else float(getattr(rules, name))
    state[FILLED], state[CLASH] = now, False


def _take() -> None:
    """Take over what was sent, unless it contradicts itself: then the old rules stay."""
    state = st.session_state
    sent = {name: float(state[FIELD + name]) for name in AREA_RULES}
    state[CLASH] = sent["min_premises"] > sent["max_premises"]
    if state[CLASH]:
        return
    rules = load_policy(state[Key.POLICY]).areas
    changed = tuple((name, sent[name]) for name in sorted(sent) if sent[name] != float(getattr(rules, name)))
    state[Key.EXTRA] = state[Key.EXTRA].with_changes(areas=changed)
