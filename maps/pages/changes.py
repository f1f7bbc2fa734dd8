"""What follows when a reader changes a field: other fields that belong to it are taken over, or kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from coverage.policy import load_policy
from coverage.scenario import Scenario
from coverage.study import Study
from maps import scored
from maps.session import Key, fill

KEPT: Final = (
    "scenario-",
    "explore-municipality",
    "explore-places",
    "priorities-kind",
    "priorities-whole-curve",
    "priorities-curve-kind",
    "wishes-",
    "gap-report-municipalities",
    "gap-report-technology",
    "upload-",
    "own-kind",
    "own-form",
)


def reset(study: Study) -> None:
    """Put every scenario field back to the study's own settings."""
    fill(Scenario(policy=study.policy, budget=study.budget))


def change_language() -> None:
    """Keep what the reader has set: a field whose words change is a new field to Streamlit, which would empty it."""
    state = st.session_state
    for name in [str(name) for name in state if str(name).startswith(KEPT)]:
        if state[name] is not None:  # the same as not set
            state[name] = state[name]


def change_policy() -> None:
    """Take over the weights, the view and the rules for areas of a newly chosen policy."""
    policy = load_policy(st.session_state[Key.POLICY])
    st.session_state[Key.VIEW] = policy.subsidy.view
    st.session_state[Key.EXTRA] = st.session_state[Key.EXTRA].with_changes(areas=())
    if not st.session_state.get(Key.TEMPLATE):  # else the weights are the template's
        change_template()


def change_template() -> None:
    """Take over the weights of a newly chosen template; criteria that were added to the old one stay beside it."""
    state = st.session_state
    policy, template = load_policy(state[Key.POLICY]), str(state.get(Key.TEMPLATE, ""))
    kept = {item.id: float(state.get(f"{Key.WEIGHT}{item.id}", 0.0)) for item in scored.to_add()}
    for name in [str(name) for name in state if str(name).startswith(Key.WEIGHT)]:
        del state[name]
    for item in scored.criteria_of(policy, template):
        state[f"{Key.WEIGHT}{item.id}"] = item.weight or kept.get(item.id, 0.0)


def set_budget_from(key: str) -> Callable[[], None]:
    """Return a callback that copies a page's own budget field to the scenario."""

    def copy() -> None:
        st.session_state[Key.BUDGET] = float(st.session_state[key])

    return copy
