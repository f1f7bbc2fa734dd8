"""Empty files to fill in: our column names, one made-up row, and an address form for corrections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.reports.cells import clipped
from coverage.reports.delimited import safe_text
from maps import style
from maps.language import N_, _
from maps.pages import downloads

NOTE: Final = "example"  # the column that says what the made-up row is
MADE_UP: Final = N_("EXAMPLE: made up, delete this row")
EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "corrections": {
        "place_id": "", "address": "Eksempelveien 1", "postcode": "7000", "municipality_code": "0000",
        "correction": "not_inhabited", "kind": "", "down_mbps": "", "up_mbps": "", "technology": "", "provider": "",
        "comment": "stands empty", "office": "Example office", "date": "2025-06-30",
    },
    "plans": {
        "place_id": "example-1", "provider": "Example Net", "technology": "fibre", "down_mbps": 1000, "up_mbps": 1000,
        "available_from": "2026-12-31",
    },
    "hearing": {
        "address": "Eksempelveien 1", "postcode": "7000", "municipality_code": "0000", "provider": "Example Net",
        "claim": "plan", "technology": "fibre", "down_mbps": 1000, "up_mbps": 1000, "available_from": "2026-12-31",
        "lapsed_on": "", "comment": "",
    },
    "offers": {
        "place_id": "example-1", "provider": "Example Net", "technology": "fibre", "down_mbps": 1000, "up_mbps": 1000,
        "status": "existing",
    },
    "premises": {
        "place_id": "example-1", "kind": "business", "name": "Example Ltd", "employees": 12, "nace": "10.200",
        "address": "Eksempelveien 1", "postcode": "7000", "municipality_code": "0000", "x": 270000, "y": 7030000,
    },
    "applications": {
        "application_id": "example-1", "name": "Example valley", "municipality_code": "0000", "vendor": "Example Net",
        "technology": "fibre", "vendor_cost": 4000000, "municipal_money": 500000, "interest": 60,
        "contact_office": "Example office", "date": "2025-06-30", "status": "applied", "area_id": "",
    },
    "awards": {
        "award_id": "example-1", "name": "Example valley", "year": 2021, "premises": 120, "total_cost": 6000000,
        "grant": 3500000, "municipality_code": "0000", "technology": "fibre", "route_m": 18000, "status": "built",
    },
}  # fmt: skip
TEXTS_ONLY: Final = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def render(assessment: Assessment, kind: str) -> None:
    """Draw the buttons that save the template of a kind of file, and for corrections the address form."""
    table = template(kind)
    with st.container(horizontal=True):
        downloads.file(_("Empty template, CSV"), _csv(table), name=f"template-{kind}.csv")
        downloads.file(_("Empty template, Excel"), _xlsx(table), name=f"template-{kind}.xlsx")
    if kind == "corrections":
        _form(assessment)


def template(kind: str) -> pd.DataFrame:
    """Return one made-up row under our column names; the last column says that it is made up."""
    return pd.DataFrame([{**EXAMPLES[kind], NOTE: _(MADE_UP)}])


def _form(assessment: Assessment) -> None:
    names = assessment.municipalities.set_index("municipality_code")["name"].to_dict()
    left, right = st.columns([1, 1], gap="medium", vertical_alignment="bottom")
    with left:
        code = st.selectbox(
            _("Address form of a municipality"), list(names), index=None, key="own-form", format_func=names.get,
            placeholder=_("Choose a municipality"),
            help=_("The addresses of its areas, and those left out. Rows where nothing is written change nothing."),
        )  # fmt: skip
    if code is not None:
        with right:
            label = _("Address form of {municipality}, Excel", municipality=style.plain(names[code]))
            downloads.address_form(label, assessment, municipality=(code,))


def _csv(table: pd.DataFrame) -> Callable[[Path], None]:
    """Return what writes a table as the CSV that a Norwegian Excel opens: semicolons, and a mark that it is UTF-8."""

    def write(path: Path) -> None:
        table.to_csv(path, index=False, sep=";", encoding="utf-8-sig")

    return write


def _xlsx(table: pd.DataFrame) -> Callable[[Path], None]:
    """Return what writes a table as a workbook; texts that a spreadsheet could run stand as texts."""

    def write(path: Path) -> None:
        plain = table.map(lambda value: clipped(safe_text(value)) if isinstance(value, str) else value)
        with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs={"options": TEXTS_ONLY}) as book:
            plain.to_excel(book, sheet_name="template", index=False)
            book.book.worksheets()[0].autofit()

    return write
