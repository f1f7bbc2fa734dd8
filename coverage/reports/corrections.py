"""What a municipality corrected, listed in every report: place, what was and what is, office, day, and the effect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from coverage.assessment import Assessment
from coverage.reports.selection import Selection
from coverage.reports.short import NAMED_KINDS
from coverage.reports.tables import records
from coverage.reports.wording import Wording

SHOWN: Final = 40  # rows in a paper; the workbooks hold all
COLUMNS: Final = (
    "place_id", "municipality_code", "address", "correction", "was", "now", "comment", "office", "date",
    "correction_source", "correction_row", "eligible_before", "eligible_after",
)  # fmt: skip
STAMP: Final = ("policy", "as_of", "data_status")
# An offer as the table of corrections has it: 50/10 Mbit/s fwa, Radiobru.
_OFFER: Final = re.compile(r"(?P<speed>\S+ Mbit/s) (?P<technology>\w+), (?P<provider>.+)")
# The column that was changed -> the column whose words its values have; others are shown as they are.
_WORDED: Final[Mapping[str, str]] = {"year_round": "year_round", "kind": "kind", "fixed_down_mbps": "service_basis"}


def correction_table(assessment: Assessment, wording: Wording) -> pd.DataFrame:
    """Return one row per correction with COLUMNS; values before and after in words, addresses of homes left out."""
    table = assessment.corrections
    if table.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    told = {
        name: [_word(str(field), str(value), wording) for field, value in zip(table["field"], table[name], strict=True)]
        for name in ("was", "now")
    }
    return _renamed(table.assign(address=table["address"].where(_named(assessment)), **told))


def plain_table(assessment: Assessment) -> pd.DataFrame:
    """Return one row per correction with COLUMNS for other programs: codes, days as text, no addresses of homes.

    Without corrections it has the columns and no row.
    """
    table = assessment.corrections
    if table.empty:
        return pd.DataFrame(columns=[*COLUMNS, *STAMP])
    told = _renamed(table.assign(address=table["address"].where(_named(assessment))))
    status = {source.id: source.data_status for source in assessment.study.sources}
    return told.assign(
        policy=assessment.policy.id,
        as_of=assessment.study.as_of.isoformat(),
        data_status=told["correction_source"].map(status).fillna(assessment.study.data_status),
    )


def correction_layer(assessment: Assessment) -> gpd.GeoDataFrame:
    """Return `plain_table` as points, at the places that were corrected, in the study's CRS."""
    table = plain_table(assessment)
    where = assessment.places.drop_duplicates("place_id").set_index("place_id").geometry
    points = where.reindex(table["place_id"])
    return gpd.GeoDataFrame(table, geometry=points.to_numpy(), crs=assessment.places.crs)


def _named(assessment: Assessment) -> pd.Series:
    """Say which corrections are of places whose address a report may hold."""
    kinds = dict(zip(assessment.places["place_id"], assessment.places["kind"], strict=True))
    return assessment.corrections["place_id"].map(kinds).isin(NAMED_KINDS)


def _renamed(table: pd.DataFrame) -> pd.DataFrame:
    named = {"source": "correction_source", "source_row": "correction_row"}
    days = pd.to_datetime(table["date"]).dt.strftime("%Y-%m-%d")
    return table.assign(date=days).rename(columns=named).loc[:, list(COLUMNS)].reset_index(drop=True)


def _word(field: str, value: str, wording: Wording) -> str:
    if not value:
        return str(wording.texts["none"])
    offer = _OFFER.fullmatch(value)
    if offer:
        technology = wording.value("fixed_technology", offer["technology"])
        return f"{offer['speed']} {technology}, {wording.value('fixed_provider', offer['provider'])}"
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
            f"{wording.value('office', row.office)}\n{wording.date(row.date, short=True)}",
            wording.value("comment", row.comment) or wording.texts["none"],
        ]
        for row in records(table.head(SHOWN))
    ]
    intro = wording.text(
        "corrections",
        "intro",
        count=wording.number(len(table)),
        places=wording.number(len(places)),
        offices=wording.joined(sorted(table["office"].dropna().unique())) or wording.text("corrections", "no_office"),
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
