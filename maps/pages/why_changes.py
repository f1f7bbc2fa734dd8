"""What the panel tells of what changed a place: a municipality's corrections, and the hearing."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from coverage.assessment import Assessment
from coverage.reports.corrections import correction_table
from coverage.reports.wording import load_wording
from maps import language
from maps.language import _
from maps.pages.origins import as_text, stands_in
from maps.words import operator


def pairs(place: pd.Series[Any], assessment: Assessment) -> list[tuple[str, str]]:
    """Return what was corrected and what the hearing did, as labels and texts; nothing where neither did anything."""
    return [(_("hearing"), heard(place)), *corrected(place, assessment)]


def corrected(place: pd.Series[Any], assessment: Assessment) -> list[tuple[str, str]]:
    """Return a label and a text for each correction of a place, and where it stands."""
    table = assessment.corrections
    mine = table[table["place_id"] == place["place_id"]] if len(table) else table
    if not len(mine):
        return []
    wording = load_wording(language.current())
    one = dataclasses.replace(assessment, corrections=mine, places=assessment.places.loc[[place.name]])
    found = []
    for row in correction_table(one, wording).to_dict("records"):
        change = _(
            "{what}: {was} → {now}", what=wording.value("correction", row["correction"]), was=row["was"], now=row["now"]
        )
        found += [
            (_("corrected"), f"{change}. {_said(row)}"),
            (_("correction from"), stands_in(row["correction_source"], row["correction_row"], assessment)),
        ]
    return found


def _said(row: dict[Any, Any]) -> str:
    """Say which office says so, when, and in what words."""
    office = as_text(row["office"]) or _("an office that is not named")
    day = as_text(row["date"])
    who = (
        _("By {office}, {date}", office=office, date=language.date(pd.Timestamp(day)))
        if day
        else _("By {office}", office=office)
    )
    comment = as_text(row["comment"])
    return _("{who}: “{comment}”", who=who, comment=comment) if comment else f"{who}."


def heard(place: pd.Series[Any]) -> str:
    """Say what the hearing did to a place: taken off the list, or put back on it; "" where nothing."""
    change = as_text(place.get("hearing"))
    if change == "removed":
        return _("taken off the list by the hearing: {operators}", operators=_named(place["hearing_removed_by"]))
    if change != "put_back":
        return ""
    who, day = _named(place.get("hearing_lapsed_by")), place.get("hearing_lapsed_on")
    if not who:
        return _("put back on the list: what was said of it in the hearing has lapsed")
    if day is None or pd.isna(day):
        return _("put back on the list: the plan of {operators} has lapsed", operators=who)
    return _("put back on the list: the plan of {operators} lapsed on {date}", operators=who, date=language.date(day))


def _named(operators: object) -> str:
    """Return operators with ", " between; who stands for one that is withheld, in the reader's words."""
    return ", ".join(map(operator, as_text(operators).split(", ")))
