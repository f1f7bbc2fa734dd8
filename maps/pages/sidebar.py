"""The sidebar: what the data is, and the scenario that the whole app follows."""

from __future__ import annotations

import streamlit as st

from coverage.policy import VIEWS, Policy, load_policy
from coverage.scenario import Scenario
from coverage.study import Study
from maps import session, style
from maps.session import Key

VIEW_LABELS = {
    "business_case": "Business case: cash flows over the horizon",
    "private_cap": "Private cap: a fixed contribution per premises",
}


def render(study: Study, scenario: Scenario) -> None:
    """Draw the study's badge and the scenario's fields."""
    st.html(badge(study))
    policies = session.policies_for(study)
    st.selectbox("Policy", policies, key=Key.POLICY, format_func=_policy_name, on_change=session.change_policy)
    st.number_input(
        f"Budget, M{style.THIN}{study.currency}",
        min_value=0.0,
        step=5.0,
        format="%.2f",
        key=Key.BUDGET,
        help="Public grant money, state and county together.",
    )
    policy = load_policy(scenario.policy)
    with st.expander("How the gap is reckoned"):
        st.radio("View", VIEWS, key=Key.VIEW, format_func=lambda view: VIEW_LABELS[view], label_visibility="collapsed")
    with st.expander("Weights of the criteria"):
        for item in policy.criteria:
            st.slider(item.label.get("en", item.id), 0.0, 50.0, step=1.0, format="%.0f", key=f"{Key.WEIGHT}{item.id}")
    st.button("Back to the study's settings", on_click=session.reset, args=(study,), type="tertiary")
    st.caption("The address of this page holds the scenario: copy it to share what you see.")


def badge(study: Study) -> str:
    """Return the study's name, what its data is and its date, as escaped HTML."""
    status = style.escape(study.data_status)
    return (
        f'<div class="bg-side"><b>{style.escape(study.name)}</b>'
        f'<span class="bg-status {status}">{style.escape(style.word(study.data_status))}</span>'
        f'<span class="when">as of {study.as_of:%Y-%m-%d}</span></div>'
    )


def strip(study: Study, policy: Policy) -> str:
    """Return the badge in one line, for a page whose sidebar is folded: no figure stands without it."""
    return f'{badge(study).removesuffix("</div>")}<span class="when">{style.escape(policy.name)}</span></div>'.replace(
        'class="bg-side"', 'class="bg-side bg-strip"'
    )


def _policy_name(policy_id: str) -> str:
    return load_policy(policy_id).name
