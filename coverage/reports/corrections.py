"""What a municipality corrected, listed in every report: place, what was and what is, office, day, and the effect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from coverage.assessment import Assessment
from coverage.reports.selection import Selection
from coverage.reports.tables import NAMED_KINDS, records
from coverage.reports.wording import Wording

SHOWN: Final = 40  # rows in a paper; the workbooks hold all
COLUMNS: Final = (
    "place_id", "municipality_code", "address", "correction", "was", "now", "comment", "office", "date",
    "correction_source", "correction_row", "eligible_before", "eligible_after",
)  # fmt: skip
# An offer as the table of corrections has it: 50/10 Mbit/s fwa, Radiobru.
_OFFER: Final = re.compile(r"(?P<speed>\S+ Mbit/s) (?P<technology>\w+), (?P<provider>.+)")
# The column that was changed -> the column whose words its values have; others are shown as they are.
_WORDED: Final[Mapping[str, str]] = {"year_round": "year_round", "kind": "kind", "fixed_down_mbps": "service_basis"}


def correction_table(assessment: Assessment, wording: Wording) -> pd.DataFrame:
    """Return one row per correction with COLUMNS; values before and after in words, addresses of homes left out."""
    table = assessment.corrections
    if table.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    kinds = dict(zip(assessment.places["place_id"], assessment.places["kind"], strict=True))
    named = table["place_id"].map(kinds).isin(NAMED_KINDS)
    told = {
        name: [_word(str(field), str(value), wording) for field, value in zip(table["field"], table[name], strict=True)]
        for name in ("was", "now")
    }
    table = table.assign(address=table["address"].where(named), **told)
    table["date"] = pd.to_datetime(table["date"]).dt.strftime("%Y-%m-%d")
    named_columns = {"source": "correction_source", "source_row": "correction_row"}
    return table.rename(columns=named_columns).loc[:, list(COLUMNS)].reset_index(drop=True)


def _word(field: str, value: str, wording: Wording) -> str:
    if not value:
        return str(wording.texts["none"])
    offer = _OFFER.fullmatch(value)
    if offer:
        return f"{offer['speed']} {wording.value('fixed_technology', offer['technology'])}, {offer['provider']}"
    return wording.value(_WORDED[field], value) if field in _WORDED else value


def section(selection: Selection, wording: Wording) -> dict[str, Any]:
    """Return the part of a paper that lists corrections; without any it has no rows."""
    table = correction_table(selection.assessment, wording)
    places = table.drop_duplicates("place_id")  # the effect is of all corrections of a place together
    rows = [
        [
            row.place_id,
            wording.value("correction", row.correction),
            f"{row.was} → {row.now}",
            f"{row.office}\n{wording.date(row.date, short=True)}",
            wording.value("comment", row.comment) or wording.texts["none"],
        ]
        for row in records(table.head(SHOWN))
    ]
    intro = wording.text(
        "corrections",
        "intro",
        count=wording.number(len(table)),
        places=wording.number(len(places)),
        offices=wording.joined(sorted(table["office"].dropna().unique())),
        before=wording.number(float(places["eligible_before"].sum())),
        after=wording.number(float(places["eligible_after"].sum())),
    )
    more = len(table) - len(rows)
    return {
        "title": wording.text("corrections", "title"),
        "intro": f"{intro} {wording.text('corrections', 'more', count=wording.number(more))}" if more else intro,
        "header": wording.lines("corrections", "table"),
        "rows": rows,
    }
