"""In the sidebar: keep what is seen, or name an earlier run, and Explore shows it beside the present."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from coverage.earlier import Earlier, Listing
from coverage.policy import list_policies
from coverage.scenario import Scenario
from coverage.study import Study
from maps import audience, compare, language, style
from maps.contrast.layers import short_name
from maps.language import _, ngettext
from maps.session import BESIDE_KEPT, Key

FIELD = f"{Key.BESIDE}-field"


def render(study: Study, scenario: Scenario) -> None:
    """Draw the button that keeps the scenario, and the field that names what the present is compared with."""
    state = st.session_state
    listing = compare.runs_of(study)
    kept: Scenario | None = state.get(Key.KEPT)
    labels = {"": _("nothing")}
    if kept is not None:
        labels[BESIDE_KEPT] = _("kept: {what}", what=brief(kept, study))
    labels |= {run.id: named(run, study) for run in listing.runs}
    if state.get(Key.BESIDE, "") not in labels:  # a run that is gone, or that a link made up
        state[Key.BESIDE] = ""
        st.warning(_("What the link compares with is not here; nothing is compared."))
    state[FIELD] = state.get(Key.BESIDE, "")
    st.selectbox(_("Compare with"), list(labels), format_func=lambda code: labels[code], key=FIELD, on_change=_choose)
    st.button(
        _("Keep this to compare with"), on_click=_keep, args=(scenario,), icon=":material/push_pin:", width="stretch"
    )
    if scenario == kept and state[Key.BESIDE] == BESIDE_KEPT:
        st.caption(_("This is what you have kept. Change a setting, and Explore shows both side by side."))
    elif state[Key.BESIDE]:
        st.caption(_("Explore shows both side by side."))
    if told := left_out(listing):
        st.caption(style.plain(told))


def _choose() -> None:
    st.session_state[Key.BESIDE] = st.session_state[FIELD]


def _keep(scenario: Scenario) -> None:
    st.session_state[Key.KEPT], st.session_state[Key.BESIDE] = scenario, BESIDE_KEPT


def end() -> None:
    """Compare with nothing."""
    st.session_state[Key.BESIDE] = ""


def brief(scenario: Scenario, study: Study) -> str:
    """Return the policy and the money of a scenario."""
    known = scenario.policy in list_policies()  # an old run may be of one that is gone
    name = short_name(scenario.policy) if known else scenario.policy
    return f"{name} · {style.money(scenario.money, study.currency)}"


def named(run: Earlier, study: Study) -> str:
    """Return what tells a run from others: its folder, for those who keep them; when it was made, policy and money."""
    folder = (run.folder.name[:40],) if audience.of_session().internal else ()
    return " · ".join([*folder, moment(run.made), brief(run.scenario, study)])


def moment(when: dt.datetime) -> str:
    """Write a date and a time of day."""
    return f"{language.date(when)} {when:%H:%M}"


def left_out(listing: Listing, *, named: bool = False) -> str:
    """Say that folders hold runs that cannot be read, by name if `named`; "" where there are none."""
    if not listing.broken:
        return ""
    said = ngettext(
        "{count} folder holds a run that cannot be read.",
        "{count} folders hold runs that cannot be read.",
        len(listing.broken),
    )
    return f"{said} ({', '.join(name[:60] for name in listing.broken[:3])})" if named else said
