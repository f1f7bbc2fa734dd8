"""How an uploaded file is read, before anything is said of its columns: format, layer or sheet, header, signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from coverage.inputs import SourceSpec
from coverage.sources.offered import PLAIN, Preview, formats_for, parts_of, read_preview
from coverage.study import Study
from maps.language import _
from maps.pages.upload_form import STAY
from maps.pages.upload_words import FORMATS, PARTS, Kind
from maps.uploads import Pending

AUTO: Final = ""


def ask(kind: Kind, pending: Pending, study: Study) -> tuple[Preview, dict[str, Any]] | None:
    """Ask how the file is to be read and return what is in it, with the answers; None where one is still open.

    Raises DataError where nothing can be read so.
    """
    how: dict[str, Any] = {}
    formats = formats_for(kind.role, pending.kind)
    if len(formats) > 1:
        chosen = st.selectbox(
            _("Format"), formats, key="upload-format", **STAY, format_func=lambda code: _(FORMATS[code])
        )
        how |= {"format": chosen} if chosen != PLAIN else {}
    options = _settings() if pending.kind == "table" else {}
    part, names = _parts(pending, _spec(kind, pending, how, options))
    while part:
        name = st.selectbox(_(PARTS[part]), names, index=None, key=f"upload-{part}", **STAY, placeholder=_("Choose"))
        if name is None:
            return None
        if part == "layer":
            how["layer"] = name
            break
        options[part] = name
        part, names = _parts(pending, _spec(kind, pending, how, options)) if part == "member" else ("", ())
    spec = _spec(kind, pending, how, options)
    asked = (spec.format, spec.layer, str(sorted(options.items())))
    if pending.preview is None or pending.read_as != asked:
        pending.preview, pending.trial = None, None
        with st.spinner(_("Reading {file}", file=pending.path.name)):
            pending.preview = read_preview(spec, crs=study.crs)
        pending.read_as = asked
    return pending.preview, {**how, "options": options}


def _parts(pending: Pending, spec: SourceSpec) -> tuple[str, tuple[str, ...]]:
    """Return what of the file is still to be named; found out once."""
    member = str(spec.options.get("member", ""))
    if member not in pending.parts:
        pending.parts[member] = parts_of(spec)
    return pending.parts[member]


def _settings() -> dict[str, Any]:
    """Ask for what a table does not say of itself; left alone it is found out."""
    with st.expander(_("If the file is read wrongly")):
        first, second, third, fourth = st.columns(4)
        with first:
            rows = st.number_input(
                _("Rows of the header"), min_value=1, max_value=20, value=1, key="upload-header", **STAY
            )
        marks = {AUTO: _("found out"), ";": _("semicolon"), ",": _("comma"), "\t": _("tab"), ".": _("point")}
        with second:
            between = st.selectbox(
                _("Between columns"),
                (AUTO, ";", ",", "\t"),
                key="upload-delimiter",
                **STAY,
                format_func=marks.get,
            )
        with third:
            decimal = st.selectbox(
                _("Decimal sign"), (AUTO, ",", "."), key="upload-decimal", **STAY, format_func=marks.get
            )
        with fourth:
            encoding = st.selectbox(
                _("Encoding"), (AUTO, "utf-8", "cp1252", "utf-16"), key="upload-encoding", **STAY,
                format_func=lambda code: code or _("found out"),
            )  # fmt: skip
    told = {"header_rows": int(rows), "delimiter": between, "decimal": decimal, "encoding": encoding}
    return {name: value for name, value in told.items() if value not in (AUTO, 1)}


def _spec(kind: Kind, pending: Pending, how: Mapping[str, Any], options: Mapping[str, Any]) -> SourceSpec:
    """Return a spec that is good for looking into the file, and for nothing else."""
    return SourceSpec(
        id="own", role=kind.role, kind=pending.kind, path=pending.path, file=pending.path.name,
        format=how.get("format", ""), layer=how.get("layer", ""), options=dict(options), uploaded="preview",
    )  # fmt: skip
