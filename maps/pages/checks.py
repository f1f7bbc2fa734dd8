"""What `check` says of the data: a row per source with its age and reach, findings by weight, and rejected rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd
import streamlit as st

from coverage import agreement
from coverage.assessment import Assessment
from coverage.check import CheckReport
from coverage.study import Study
from maps import audience, style, words, work
from maps.language import N_, _, ngettext
from maps.pages import parts, rejected_rows
from maps.words import word

DAYS_A_YEAR: Final = 365.25
FRESH: Final = 1.0  # years from the study's date that nobody would call a difference of time
AGAIN: Final = "checks-again"  # what this session has read anew: (what stands for the study's files, Checked)
PROBLEM, NOTE, ALL = "problem", "note", "all"
WEIGHTS: Final = {ALL: N_("everything"), PROBLEM: N_("problems"), NOTE: N_("notes")}
# Sign, background and text of an age: the words say it too, so that nobody needs the colour.
AGES: Final = {
    "fresh": ("●", "#dcefe3", "#14432a"),
    "apart": ("◐", "#fdf0cd", "#5a4200"),
    "far": ("○", "#fbdcd6", "#6b1a0e"),
    "unknown": ("–", "#e8ebee", "#1d2730"),
}


@dataclass(frozen=True)
class Checked:
    """Hold what is known of a study's data: as it was read for the result, or read anew."""

    reports: Mapping[str, Mapping[str, Any]]  # inputs.SourceReport as a mapping, by source
    findings: pd.DataFrame  # check.FINDING_COLUMNS
    rejected: pd.DataFrame  # schemas.REJECTED_COLUMNS
    rejections: pd.DataFrame  # a row per source and reason
    at: dt.datetime | None = None  # when it was read anew


def render(assessment: Assessment) -> None:
    """Draw the findings, the rejected rows, and how the result compares with what is published."""
    if not audience.withheld(assessment):
        _rows(assessment)
    sentences = agreement.lines(assessment.summary.get("agreement", {}))
    if sentences:
        st.subheader(_("Compared with published figures"))
        st.markdown("\n".join(f"- {style.plain(sentence)}" for sentence in sentences))


def _rows(assessment: Assessment) -> None:
    """Draw what is found in the rows of the files: for internal readers alone, since it quotes them."""
    checked = _checked(assessment)
    _again(assessment.study, checked)
    _findings(checked.findings)
    st.subheader(_("Rejected rows"))
    if checked.rejected.empty:
        st.success(_("No row of any source was rejected."))
    else:
        _rejected(checked)


def sources(assessment: Assessment) -> None:
    """Draw one row per source: whose it is, from when, what was read of it and how far it reaches."""
    study, checked = assessment.study, _checked(assessment)
    whole = len(assessment.municipalities)
    rows, ages = [], []
    for source in study.sources:
        report = checked.reports.get(source.id, {})
        sort, said = age(source.as_of, study)
        ages.append(sort)
        rows.append(
            {
                "source": source.id,
                "role": word(source.role),
                "supplier": words.said(source.supplier),
                "as of": source.as_of,
                "age": said,
                "licence": source.licence,
                "rows read": report.get("rows_read"),
                "rejected": report.get("rows_rejected", int((checked.rejected["source"] == source.id).sum())),
                "left out": report.get("rows_left_out"),
                "reach": _reach(report, whole),
                "data": word(source.data_status),
                "coordinates": report.get("crs_found") or source.crs,
                "file": source.name,
                "address": source.url,
            }
        )
    table = parts.written(pd.DataFrame(rows), {"rows read": 0, "rejected": 0, "left out": 0})
    if hasattr(table, "apply"):
        table = table.apply(lambda _column: [_colours(sort) for sort in ages], subset=["age"])
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "source": _("source"),
            "role": _("what it is"),
            "supplier": st.column_config.TextColumn(_("supplier"), width=200),
            "as of": parts.date_column(_("as of")),
            "age": st.column_config.TextColumn(_("age"), help=_("Beside the date that the study describes.")),
            "licence": _("licence"),
            "rows read": _("rows read"),
            "rejected": _("rejected"),
            "left out": st.column_config.NumberColumn(
                _("left out"), help=_("Not asked for, so neither used nor rejected.")
            ),
            "reach": st.column_config.TextColumn(_("municipalities"), help=_("In how many of them any row lies.")),
            "data": _("data"),
            "coordinates": _("coordinates"),
            "file": _("file"),
            "address": _("address"),
        },
    )


def age(as_of: dt.date | None, study: Study) -> tuple[str, str]:
    """Return how old a source is beside the study: one of AGES, and the words with their sign."""
    if as_of is None:
        said = _("no date")
        return "unknown", f"{AGES['unknown'][0]} {said}"
    years = (study.as_of - as_of).days / DAYS_A_YEAR
    apart = abs(years)
    sort = "fresh" if apart <= FRESH else "apart" if apart <= study.max_years_apart else "far"
    count = style.number(round(apart, 1))
    if apart < 1 / 12:
        said = _("of the study's date")
    elif apart < FRESH:
        said = _("within a year")
    elif years > 0:
        said = ngettext("{count} year older", "{count} years older", round(apart, 1), count=count)
    else:
        said = ngettext("{count} year newer", "{count} years newer", round(apart, 1), count=count)
    return sort, f"{AGES[sort][0]} {said}"


def _colours(sort: str) -> str:
    _sign, background, text = AGES[sort]
    return f"background-color: {background}; color: {text}"


def _reach(report: Mapping[str, Any], whole: int) -> str:
    reached = report.get("facts", {}).get("municipalities")
    return "–" if reached is None else _("{some} of {all}", some=style.number(reached), all=style.number(whole))


def _checked(assessment: Assessment) -> Checked:
    """Return what was read anew in this session, as long as it is of the same study; else what the result rests on."""
    found = st.session_state.get(AGAIN)
    if found is not None and found[0] == work.stands_for(assessment.study) and assessment.audience.internal:
        again: Checked = found[1]
        return again
    told = assessment.provenance.get("check", {})
    return Checked(
        reports={str(item.get("source")): item for item in assessment.provenance.get("sources", [])},
        findings=pd.DataFrame(told.get("findings", []), columns=["severity", "source", "finding"]),
        rejected=assessment.rejected,
        rejections=pd.DataFrame(told.get("rejections", [])),
    )


def _again(study: Study, checked: Checked) -> None:
    """Draw the button that reads all files once more, and say when that was last done."""
    with st.container(horizontal=True, vertical_alignment="center"):
        asked = st.button(_("Check again"), key="checks-button", icon=":material/refresh:")
        if checked.at is not None:
            st.caption(_("Read anew at {time}.", time=f"{checked.at:%H:%M}"))
        else:
            st.caption(_("As the files were read for what is shown. Checking again reads them all once more."))
    if asked:
        report, rejected = work.check_again(study)
        st.session_state[AGAIN] = (work.stands_for(study), _of(report, rejected))
        st.rerun()


def _of(report: CheckReport, rejected: pd.DataFrame) -> Checked:
    return Checked(
        reports={item.source: asdict(item) for item in report.sources},
        findings=pd.DataFrame(report.finding_rows(), columns=["severity", "source", "finding"]),
        rejected=rejected,
        rejections=pd.DataFrame(report.rejection_rows()),
        at=dt.datetime.now(),  # noqa: DTZ005 - the reader's clock on the wall
    )


def _findings(findings: pd.DataFrame) -> None:
    """Draw the findings of the chosen weight and source, problems first."""
    problems = int((findings["severity"] == PROBLEM).sum())
    if not problems:
        st.success(_("No problems were found in the data."))
    if findings.empty:
        return
    counts = {ALL: len(findings), PROBLEM: problems, NOTE: len(findings) - problems}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        weight = st.segmented_control(
            _("Show"), [name for name in WEIGHTS if counts[name]], default=PROBLEM if problems else ALL,
            key="checks-weight", format_func=lambda name: f"{_(WEIGHTS[name])} ({style.number(counts[name])})",
        )  # fmt: skip
        named = sorted(name for name in findings["source"].unique() if name)
        source = st.selectbox(
            _("Source"), named, index=None, key="checks-source", placeholder=_("all sources"), width=240
        )
    shown = findings[(findings["severity"] == weight) | (weight in (ALL, None))]
    shown = shown if source is None else shown[shown["source"] == source]
    if shown.empty:
        st.caption(_("Nothing of that kind was found there."))
    for row in shown.itertuples():
        sign = ":material/error:" if row.severity == PROBLEM else ":material/info:"
        label = _("Problem") if row.severity == PROBLEM else _("Note")
        where = f"**{style.plain(row.source)}**: " if row.source else ""
        st.markdown(f"{sign} {label}: {where}{style.plain(words.said(row.finding))}")


def _rejected(checked: Checked) -> None:
    """Draw the rejected rows by reason and one by one, of the chosen source and reason."""
    st.caption(_("Each row that could not be used, and why. What the study's own filters leave out is not in it."))
    rows = checked.rejected
    left, right = st.columns(2, gap="medium")
    with left:
        source = st.selectbox(
            _("Source"), sorted(rows["source"].unique()), index=None, key="checks-rejected-source",
            placeholder=_("all sources"),
        )  # fmt: skip
    rows = rows if source is None else rows[rows["source"] == source]
    with right:
        reason = st.selectbox(
            _("Reason"), list(rows["reason"].value_counts().index), index=None, key="checks-rejected-reason",
            format_func=lambda text: words.said(str(text)), placeholder=_("all reasons"),
        )  # fmt: skip
    rows = rows if reason is None else rows[rows["reason"] == reason]
    if reason is None and not checked.rejections.empty:
        _by_reason(checked.rejections, source)
    rejected_rows.render(rows.reset_index(drop=True), name="rejected-rows")


def _by_reason(rejections: pd.DataFrame, source: str | None) -> None:
    mine = rejections if source is None else rejections[rejections["source"] == source]
    st.dataframe(
        parts.written(mine.assign(reason=[words.said(str(text)) for text in mine["reason"]]), {"rows": 0}),
        hide_index=True,
        column_config={
            "source": _("source"),
            "field": _("field"),
            "reason": _("reason"),
            "rows": _("rows"),
            "for example": _("for example"),
        },
    )
