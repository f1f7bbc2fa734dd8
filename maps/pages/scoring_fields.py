"""By what areas are scored: the template, the weights of its criteria, and criteria that are added to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import streamlit as st

from coverage.policy import Criterion, load_policy
from coverage.scenario import Scenario
from coverage.study import Study
from coverage.templates import choose_template, load_template
from maps import language, scored, style
from maps.language import _
from maps.pages import changes
from maps.session import Key

MOST: Final = 50.0  # of a slider, unless the template itself gives more


def render(study: Study, scenario: Scenario) -> None:
    """Draw the choice of the template and a slider for each weight."""
    policy = load_policy(scenario.policy)
    st.selectbox(
        _("Scored by"),
        scored.templates_for(study, asked=scenario.template),
        key=Key.TEMPLATE,
        format_func=_name,
        on_change=changes.change_template,
        help=_("Ways of scoring that others have published. Who is eligible stays as the policy says."),
    )
    template = choose_template(policy, template_id=scenario.template)
    note = language.label(template.note, "")
    if note:
        st.caption(style.plain(note))
    if len(template.criteria) > 1:
        _sliders(template.criteria)
    else:
        label = language.label(template.criteria[0].label, template.criteria[0].id)
        st.caption(style.plain(_("It has one criterion: {criterion}.", criterion=label)))
    more = scored.criteria_of(policy, scenario.template)[len(template.criteria) :]
    if more:
        st.caption(_("Criteria to add; the weight 0 leaves them out"))
        _sliders(more)


def _sliders(criteria: Iterable[Criterion]) -> None:
    for item in criteria:
        key = f"{Key.WEIGHT}{item.id}"
        now = float(st.session_state.setdefault(key, item.weight))
        label = language.label(item.label, item.id)
        st.slider(label, 0.0, max(MOST, item.weight, now), step=1.0, format="%.0f", key=key)


def _name(template_id: str) -> str:
    return language.label(load_template(template_id).name, template_id) if template_id else _("the policy's criteria")
