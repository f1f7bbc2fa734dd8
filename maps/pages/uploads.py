"""Own files: brought by a reader, mapped in a form, checked, used in this session alone, and taken out again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from coverage.assessment import Assessment
from coverage.errors import DataError
from coverage.sources import READERS
from coverage.sources.offered import ENDINGS, Preview
from coverage.sources.roles import ROLES
from coverage.sources.written import source_block
from coverage.study import Study
from coverage.trial import Trial
from maps import session, style, words, work
from maps.language import _, ngettext
from maps.pages import downloads, parts, rejected_rows, upload_form, upload_reading, upload_templates
from maps.pages.upload_words import KINDS, Kind
from maps.session import View
from maps.uploads import MOST_MB, Desk, Pending, Upload, read_mapping

KIND: Final = "own-kind"
FILE: Final = "own-file"
MAPPING: Final = "own-mapping"
PROBLEM: Final = "own-problem"  # what was wrong with the last file or mapping
FILLED: Final = "upload-filled"  # what the form's fields were filled for
SAVED: Final = "own-saved"  # a mapping that was brought along
RUN: Final = "own-run"  # the study has changed: not the form alone, everything is to be drawn anew


def render(view: View) -> None:
    """Draw what is in use, and the way to bring one more file."""
    assessment = view.assessment
    if not assessment.audience.internal:
        st.info(_("Files can be brought by those who work with the study, on a server that is theirs alone."))
        return
    st.caption(
        _(
            "A file stays in this session: nobody else sees it or what comes of it, nothing is sent anywhere, and it "
            "is removed when you leave, after a day at the latest. The study's own files are never changed."
        )
    )
    _in_use(session.desk())
    st.session_state.pop(RUN, None)  # all is being drawn
    _bring(assessment)


def badge() -> None:
    """Draw, for the sidebar, which files of the reader's own are in what is shown, and a button to take each out."""
    for source_id, upload in session.desk().used.items():
        said = _("With your file {file}", file=style.plain(upload.spec.path.name))
        st.markdown(f":material/attach_file: {said}")
        if session.desk().unproven is not None:
            st.caption(_("It is being taken in: how far that is stands at the top of the page."))
        st.button(
            _("Take it out"), key=f"own-out-{source_id}", on_click=session.desk().take_out, args=(source_id,),
            icon=":material/close:", type="tertiary",
        )  # fmt: skip


def _in_use(desk: Desk) -> None:
    if not desk.used:
        return
    st.subheader(_("In use in this session"))
    for source_id, upload in desk.used.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            label = next(_(kind.label) for kind in KINDS.values() if kind.role == upload.spec.role)
            st.markdown(f"**{style.plain(upload.spec.path.name)}** · {label}")
            _save_mapping(upload.table, key=f"own-save-{source_id}")
            st.button(
                _("Take it out"), key=f"own-out-here-{source_id}", on_click=desk.take_out, args=(source_id,),
                icon=":material/close:",
            )  # fmt: skip


@st.fragment
def _bring(assessment: Assessment) -> None:
    """Draw the choice of a file, then its form; typing in it draws nothing else anew."""
    desk, study = session.desk(), assessment.study
    if st.session_state.pop(RUN, False):
        st.rerun()
    st.subheader(_("Bring a file"))
    code = st.selectbox(
        _("What is it?"), list(KINDS), key=KIND, format_func=lambda code: _(KINDS[code].label),
        disabled=desk.pending is not None,
    )  # fmt: skip
    kind = KINDS[code]
    st.caption(_(kind.about))
    if problem := st.session_state.get(PROBLEM):
        st.error(style.plain(words.said(problem)), icon=":material/error:")
        st.caption(_("Nothing was changed. Correct the file and bring it again."))
    if desk.pending is None:
        _choose(assessment, desk, code)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{style.plain(desk.pending.path.name)}**")
        st.button(_("Put it aside"), key="own-aside", on_click=_put_aside, args=(desk,), icon=":material/close:")
    _prepare(assessment, study, desk, kind)


def _choose(assessment: Assessment, desk: Desk, code: str) -> None:
    """Ask for the file, and for the mapping of last time."""
    st.file_uploader(
        _("File"),
        type=[ending.lstrip(".") for ending in ENDINGS],
        key=FILE,
        on_change=_take,
        args=(desk,),
        max_upload_size=MOST_MB,
        help=_("CSV, Excel, GeoPackage, GeoJSON, Parquet, or a zip file with a shapefile or one of these."),
    )
    with st.expander(_("I have a mapping from last time")):
        st.file_uploader(
            _("Mapping"), type=["toml"], key=MAPPING, on_change=_take_mapping, max_upload_size=1,
            help=_("The [[sources]] block that this page saved: the form is filled from it."),
        )  # fmt: skip
        if st.session_state.get(SAVED):
            st.caption(_("The form will be filled from the mapping."))
    with st.expander(_("Empty templates")):
        upload_templates.render(assessment, code)


def _take(desk: Desk) -> None:
    """Take over the file that was just brought."""
    file = st.session_state.get(FILE)
    if file is None:
        return
    state = st.session_state
    state[PROBLEM] = ""
    upload_form.clear()
    try:
        desk.open(file.name, file.getvalue())
    except DataError as error:
        state[PROBLEM] = f"{error}"


def _take_mapping() -> None:
    file, state = st.session_state.get(MAPPING), st.session_state
    state[PROBLEM], state[SAVED] = "", None
    if file is None:
        return
    try:
        state[SAVED] = read_mapping(file.getvalue())
    except DataError as error:
        state[PROBLEM] = f"{error}"


def _put_aside(desk: Desk) -> None:
    desk.pending = None
    st.session_state[PROBLEM], st.session_state[SAVED] = "", None
    upload_form.clear()


def _prepare(assessment: Assessment, study: Study, desk: Desk, kind: Kind) -> None:
    """Draw the form of the file that is about to be used, and what the check says of it."""
    pending = desk.pending
    if pending is None or pending.kind not in ROLES[kind.role].kinds:
        st.error(_("A file of this kind cannot hold that: it has no geometry, or nothing else."))
        return
    try:
        told = upload_reading.ask(kind, pending, study)
    except DataError as error:
        st.error(style.plain(words.said(f"{error}")), icon=":material/error:")
        st.caption(_("Correct the file and bring it again, or say above how it is to be read."))
        return
    if told is None:
        return
    preview, how = told
    rows = ngettext("{count} row", "{count} rows", preview.rows, count=style.number(preview.rows))
    system = _("coordinates in {crs}", crs=preview.crs) if preview.crs else ""
    st.caption(style.plain(" · ".join(part for part in (rows, system) if part)))
    st.dataframe(preview.head, height="content", column_config={"_index": _("row")})
    table = _mapped(assessment, study, desk, kind, pending, preview, how)
    lacking = upload_form.lacking(table, kind, pending, preview) if not how.get("format") else []
    for sentence in lacking:
        st.markdown(f":material/arrow_right: {sentence}")
    with st.container(horizontal=True):
        asked = st.button(
            _("Check this file"), key="own-check", disabled=bool(lacking), icon=":material/fact_check:", type="primary"
        )
        if not lacking:
            _save_mapping(table, key="own-save")
    block = source_block(table)
    if asked:
        pending.trial, pending.tried = None, block
        try:
            spec = study.upload(table, folder=desk.folder)
            pending.trial = work.try_file(study.without(spec.id), spec)
        except DataError as error:
            st.error(style.plain(words.said(f"{error}")), icon=":material/error:")
            return
    if pending.trial is not None and pending.tried == block:
        _told(pending.trial)
        if pending.trial.usable:
            st.button(
                _("Use in this session"), key="own-use", on_click=_use, args=(desk, table, pending.trial),
                type="primary", icon=":material/done:",
                help=_("Map, lists and downloads follow. The areas are made anew, which can take a minute."),
            )  # fmt: skip


def _use(desk: Desk, table: Mapping[str, Any], trial: Trial) -> None:
    """Take the file into the session's study: everything on screen follows."""
    desk.use(Upload(dict(table), trial.spec))
    _put_aside(desk)
    st.session_state[RUN] = True


def _mapped(
    assessment: Assessment,
    study: Study,
    desk: Desk,
    kind: Kind,
    pending: Pending,
    preview: Preview,
    how: Mapping[str, Any],
) -> dict[str, Any]:
    """Draw the form, filled from a saved mapping or a guess the first time, and return the whole table."""
    state, supplied = st.session_state, str(how.get("format", ""))
    shapes = upload_form.shapes_of(kind, preview)
    ready = (str(pending.path), kind.label, pending.read_as)
    if state.get(FILLED) != ready:
        saved = state.get(SAVED)
        own = saved if saved and saved.get("role", kind.role) == kind.role else None
        shape = shapes[0] if shapes else ""
        upload_form.fill(own or upload_form.guess(kind, pending, preview, shape=shape), kind, pending, preview)
        state[FILLED] = ready
    digits = {len(code) for code in assessment.municipalities["municipality_code"]}
    table = upload_form.render(
        study, kind, pending, preview, digits=digits.pop() if len(digits) == 1 else 0, plain=not supplied
    )
    options = {**READERS[supplied].defaults, **how["options"]} if supplied else how["options"]
    whole = {
        "id": desk.name_for(pending.path, study), "path": pending.path.name, **table,
        **{key: how[key] for key in ("format", "layer") if key in how},
        "options": {**table.get("options", {}), **options},
    }  # fmt: skip
    return {key: value for key, value in whole.items() if value != {}}


def _told(trial: Trial) -> None:
    """Draw what became of the file: counts, what was found, and the rows that could not be used."""
    report = trial.report
    if report is not None:
        parts.headline(
            [
                (_("rows read"), style.number(report.rows_read), ""),
                (_("used"), style.number(trial.rows_used), ""),
                (_("rejected"), style.number(report.rows_rejected), ""),
                (_("left out"), style.number(report.rows_left_out), _("Not asked for, so neither used nor rejected.")),
            ]
        )
    if not trial.usable:
        st.error(style.plain(words.said(trial.failure)), icon=":material/error:")
        st.caption(_("Nothing of the file can be used. Correct it, or what the form says of it, and check again."))
    for finding in trial.findings:
        sign = ":material/error:" if finding.severity == "problem" else ":material/info:"
        st.markdown(f"{sign} {style.plain(words.said(finding.text))}")
    if len(trial.rejected):
        rejected_rows.render(trial.rejected, name="own-rejected")
    elif trial.usable:
        st.success(_("No row was rejected."))


def _save_mapping(table: Mapping[str, Any], *, key: str) -> None:
    st.download_button(
        _("Save the mapping"),
        data=source_block(table),
        file_name=f"{table['id']}.toml",
        mime=downloads.MIME["toml"],
        key=key,
        on_click="ignore",
        icon=":material/download:",
        help=_("A [[sources]] block: put it into study.toml to keep the file for good, or bring it again next time."),
    )
