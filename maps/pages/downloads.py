"""Download buttons whose file is made only when it is asked for."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd
import streamlit as st

from coverage import reports
from coverage.assessment import Assessment
from coverage.reports import pack
from coverage.reports.delimited import write_csv
from maps import export, language
from maps.language import N_, _

GOOD_FOR: Final = {
    "xlsx": (N_("Excel"), N_("read, filter and hand on")),
    "csv": (N_("CSV"), N_("load into any program")),
    "pdf": (N_("PDF"), N_("print, or attach to a case")),
    "gpkg": (N_("GeoPackage"), N_("open in QGIS or ArcGIS")),
    "geojson": (N_("GeoJSON"), N_("web maps and scripts")),
    "html": (N_("One-file map"), N_("opens with no network")),
}
MIME: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "pdf": "application/pdf",
    "gpkg": "application/geopackage+sqlite3",
    "geojson": "application/geo+json",
    "html": "text/html",
    "toml": "application/toml",
    "zip": "application/zip",
}


def make(
    assessment: Assessment,
    report: str,
    *,
    format_: str,
    municipality: Collection[str] = (),
    area: Collection[str] = (),
    technology: str | None = None,
    spoken: str = language.DEFAULT,
    named: str = "",
) -> bytes:
    """Return one report as bytes, whole or cut to a selection, in the language `spoken`.

    `named` is what the file will be called: the QGIS project in a GeoPackage finds its layers by that.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / re.sub(r"[/\\]", "_", named or f"{report}.{format_}")
        selection = {"municipality": tuple(municipality), "area": tuple(area), "technology": technology}
        if format_ == "html":
            export.write_html(reports.select(assessment, **selection), path, language=spoken)
        else:
            reports.render(assessment, report, format=format_, path=path, language=spoken, **selection)
        return path.read_bytes()


def buttons(
    assessment: Assessment,
    report: str,
    *,
    short: bool = False,
    municipality: Collection[str] = (),
    area: Collection[str] = (),
    technology: str | None = None,
) -> None:
    """Draw one button per format of a report."""
    for format_ in reports.FORMATS[report]:
        name, use = map(_, GOOD_FOR[format_])
        parts = [report, "report" if report == "gap" else "list", assessment.study.id, *municipality]
        file = f"{'-'.join(parts[:6])}{_whom(assessment)}.{format_}"
        st.download_button(
            name if short else f"{name} – {use}",
            data=_later(assessment, report, format_, municipality, area, technology, named=file),
            file_name=file,
            mime=MIME[format_],
            key=f"download-{report}-{format_}",
            on_click="ignore",
            width="content" if short else "stretch",
            help=use if short else None,
            icon=":material/download:",
        )


def everything(assessment: Assessment, code: str) -> None:
    """Draw the button that saves every report on a municipality that its audience may have, in every format."""
    spoken = language.current()  # asked now, as for `_later`
    writers = {"html": partial(export.write_html, language=spoken)}
    told = _("Every report in every format, in one file.")
    if pack.INTERNAL & {report for report, _kind in pack.asked_for(pack.ALL, None, assessment.audience)}:
        told = f"{told} {_('It holds addresses of homes: for the municipality alone, not to be published.')}"
    st.download_button(
        _("Everything about this municipality (zip)"),
        data=lambda: pack.zipped(assessment, code, language=spoken, writers=writers),
        file_name=f"{assessment.study.id}-{code}{_whom(assessment)}.zip",
        mime=MIME["zip"],
        key="download-everything",
        on_click="ignore",
        width="stretch",
        help=told,
        icon=":material/folder_zip:",
    )


def address_form(
    label: str,
    assessment: Assessment,
    *,
    municipality: Collection[str] = (),
    area: Collection[str] = (),
    technology: str | None = None,
) -> None:
    """Draw the button that saves the form in which a municipality checks and corrects its addresses."""
    st.download_button(
        label,
        data=_later(assessment, "addresses", "xlsx", municipality, area, technology),
        file_name=f"{'-'.join(['addresses', assessment.study.id, *municipality][:6])}.xlsx",
        mime=MIME["xlsx"],
        key="download-addresses",
        on_click="ignore",
        width="stretch",
        icon=":material/edit_note:",
        help=_("Addresses with what is known of them, and yellow cells to fill in; it comes back as corrections."),
    )


def _whom(assessment: Assessment) -> str:
    """Return what a file's name says of its audience: nothing for the internal one."""
    whom = assessment.audience
    told = re.sub(r"\W+", "-", whom.operator or whom.kind).strip("-").lower()
    return "" if whom.internal else f"-{told or whom.kind}"


def _later(
    assessment: Assessment,
    report: str,
    format_: str,
    municipality: Collection[str],
    area: Collection[str],
    technology: str | None,
    *,
    named: str = "",
) -> Callable[[], bytes]:
    spoken = language.current()  # asked now: the file is made later, where no session is known
    return lambda: make(
        assessment,
        report,
        format_=format_,
        municipality=municipality,
        area=area,
        technology=technology,
        spoken=spoken,
        named=named,
    )


def table(assessment: Assessment, frame: pd.DataFrame, *, name: str, label: str) -> None:
    """Draw the button that saves a table as CSV, with what a figure must not stand without: policy, date, status."""
    study = assessment.study
    said = frame.assign(policy=assessment.policy.id, as_of=study.as_of.isoformat(), data_status=study.data_status)
    if any("grant" in str(column) for column in frame):
        said = said.assign(currency=study.currency)
    st.download_button(
        label,
        data=lambda: csv_bytes(said),
        file_name=f"{name}-{study.id}.csv",
        mime=MIME["csv"],
        key=f"download-{name}",
        on_click="ignore",
        width="content",
        icon=":material/download:",
    )


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as the project's CSV: UTF-8, comma, decimal point, one header row."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_csv(frame, path)
        return path.read_bytes()


def file(label: str, write: Callable[[Path], None], *, name: str) -> None:
    """Draw the button that saves what `write` makes, when it is asked for; its ending tells the form."""
    ending = name.rpartition(".")[2]

    def read() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            write(path)
            return path.read_bytes()

    st.download_button(
        label,
        data=read,
        file_name=name,
        mime=MIME[ending],
        key=f"download-{name}",
        on_click="ignore",
        width="content",
        icon=":material/download:",
    )
