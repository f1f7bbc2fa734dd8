"""The sidebar: what the data is, and the scenario that the whole app follows."""

from __future__ import annotations

import streamlit as st

from coverage.policy import VIEWS, Policy, load_policy
from coverage.scenario import Scenario
from coverage.study import Study
from maps import audience, language, scored, style
from maps.language import LANGUAGES, N_, _
from maps.pages import area_rules, changes, keep, scoring_fields, uploads
from maps.session import Key
from maps.words import said, word

VIEW_LABELS = {
    "business_case": N_("Business case: cash flows over the horizon"),
    "private_cap": N_("Private cap: a fixed contribution per premises"),
}


def render(study: Study, scenario: Scenario) -> None:
    """Draw the language switch, the study's badge and the scenario's fields."""
    st.segmented_control(
        _("Language"),
        list(LANGUAGES),
        format_func=LANGUAGES.get,
        key=Key.LANGUAGE,
        required=True,
        on_change=changes.change_language,
        label_visibility="collapsed",
    )
    st.html(badge(study))
    if told := audience.told():
        st.caption(told)
    uploads.badge()
    policies = scored.policies_for(study)
    st.selectbox(_("Policy"), policies, key=Key.POLICY, format_func=_policy_name, on_change=changes.change_policy)
    about = _policy_about(load_policy(scenario.policy))
    if about:
        st.caption(style.plain(about))
    st.number_input(
        _("Budget, {money}", money=style.millions(study.currency)),
        min_value=0.0,
        step=5.0,
        format="%.2f",
        key=Key.BUDGET,
        help=_("Public grant money, state and county together."),
        disabled=bool(scenario.wishes.sources),  # the pots are the budget
    )
    with st.expander(_("How the gap is reckoned")):
        st.radio(
            _("View"), VIEWS, key=Key.VIEW, format_func=lambda view: _(VIEW_LABELS[view]), label_visibility="collapsed"
        )
    with st.expander(_("Rules for project areas")):
        area_rules.render(study, scenario)
    with st.expander(_("Weights of the criteria")):
        scoring_fields.render(study, scenario)
    with st.expander(_("Compare")):
        keep.render(study, scenario)
    st.button(_("Back to the study's settings"), on_click=changes.reset, args=(study,), type="tertiary")
    st.caption(_("The address of this page holds the scenario: copy it to share what you see."))


def badge(study: Study) -> str:
    """Return the study's name, what its data is and its date, as escaped HTML."""
    status, when = style.escape(study.data_status), _("as of {date}", date=language.date(study.as_of))
    return (
        f'<div class="bg-side"><b>{style.escape(said(study.name))}</b>'
        f'<span class="bg-status {status}">{style.escape(word(study.data_status))}</span>'
        f'<span class="when">{style.escape(when)}</span></div>'
    )


def strip(study: Study, policy: Policy) -> str:
    """Return the badge in one line, for a page whose sidebar is folded: no figure stands without it."""
    name = style.escape(said(policy.name))
    return f'{badge(study).removesuffix("</div>")}<span class="when">{name}</span></div>'.replace(
        'class="bg-side"', 'class="bg-side bg-strip"'
    )


def _policy_name(policy_id: str) -> str:
    """Return what a policy is called; the field has no room for what it says, which stands below it."""
    return said(load_policy(policy_id).name).split(": ")[0]


def _policy_about(policy: Policy) -> str:
    """Return what a policy's name says behind the colon."""
    return said(policy.name).partition(": ")[2]
