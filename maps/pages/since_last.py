"""Priorities held against an earlier run: what was different, which areas moved, and why."""

from __future__ import annotations

from typing import Final

import streamlit as st

from coverage.errors import CoverageError
from maps import audience, compare, language, session, style
from maps.language import _
from maps.pages import keep, moved
from maps.session import View

RUN: Final = "since-last-run"


def show(view: View) -> None:
    """Draw the comparison of the present list with the run that the reader chooses, by default the last one."""
    assessment = view.assessment
    if audience.untraceable(assessment):
        return
    study, listing = assessment.study, compare.runs_of(assessment.study)
    last = compare.last_of(study, listing)
    if told := keep.left_out(listing, named=assessment.audience.internal):
        st.caption(style.plain(told))
    if last is None:
        st.info(_("There is no earlier run of this study to compare with."), icon=":material/history:")
        st.caption(
            _(
                "`python -m coverage assess` with the study's folder writes one into `out`; name another folder with "
                "`--out` to keep several. COVERAGE_RUNS tells the dashboard which folder holds them."
            )
        )
        return
    ids = [last.id, *(run.id for run in listing.runs if run.id != last.id)]
    if st.session_state.get(RUN) not in ids:
        st.session_state[RUN] = last.id
    runs = {run.id: run for run in listing.runs}
    chosen = runs[st.selectbox(_("Since"), ids, format_func=lambda code: keep.named(runs[code], study), key=RUN)]
    try:
        with st.spinner(_("Comparing the two")):
            before = session.view_of_run(chosen, view)
            found = compare.compared((before.key, before.assessment), (view.key, assessment))
    except CoverageError as error:
        st.error(style.plain(error), icon=":material/error:")
        st.caption(_("Choose another run, or make one anew with `python -m coverage assess`."))
        return
    if found.is_empty:
        st.success(_("Nothing has changed since: the same data, rules and list."), icon=":material/check:")
        return
    st.markdown(f"**{style.plain(moved.counted(found))}** {style.plain(_counts(found.counts()))}")
    moved.told(found)
    moved.table(found, names=(_("Then"), _("Now")), key="since-last")
    st.caption(
        _(
            "Then: data as of {then}; now: data as of {now}. Areas are matched by their id, then by shared premises.",
            then=language.date(before.assessment.study.as_of),
            now=language.date(study.as_of),
        )
    )
    moved.files(found, study=study.id)


def _counts(counts: dict[str, int]) -> str:
    return _(
        "In the list: {came} new, {went} gone, {rose} rose, {fell} fell.",
        **{name: style.number(counts[name]) for name in ("came", "went", "rose", "fell")},
    )
