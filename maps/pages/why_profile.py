"""What the panel tells of a business: size, line of business, upload dependence, ground, park and nearest hub."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from coverage import business
from coverage.assessment import Assessment
from coverage.nace import load_standards, read_rows, section_name
from coverage.schemas import NACE_STANDARDS
from maps import language, style
from maps.language import N_, _, ngettext
from maps.pages.origins import as_text
from maps.words import said, word

# Why a code tells less than a reader expects.
NOTES: Final = {
    "unknown": N_("{code}: neither SN2007 nor SN2025 lists it"),
    "ambiguous": N_(
        "{code}: SN2007 and SN2025 put it in different sections, and the register does not say which it uses"
    ),
    "other_version": N_("{code}: not of the version that the register says it uses"),
}
# What the ground is that was measured.
GROUNDS: Final = {
    ("land", "layer"): N_("{area} km² of the worked land within {radius}"),
    ("land", "land"): N_("{area} km² of land within {radius}, worked or not"),
    ("sea", "layer"): N_("{area} km² of the sites at sea within {radius}"),
    ("sea", "sea"): N_("{area} km² of sea within {radius}"),
}
BASES: Final = {"road": N_("by road"), "straight_line": N_("as the crow flies")}


def pairs(place: pd.Series[Any], assessment: Assessment) -> list[tuple[str, str]]:
    """Return what is told of a business as labels and texts; nothing of other premises."""
    if place["kind"] != "business":
        return []
    return [
        (_("business"), _size(place)),
        (_("industry code"), _industry(place)),
        (_("upload dependence"), _upload(place)),
        (_("ground"), _ground(place, assessment)),
        (_("business park"), as_text(place.get("business_park"))),
        (_("nearest support hub"), _hub(place)),
    ]


def section_label(standard: str | None, section: str) -> str:
    """Return a section's letter and name in the reader's language; of a version not told, the newest one's name."""
    return f"{section} {section_name(standard or NACE_STANDARDS[-1], section, language=language.current())}"


def sections() -> dict[str, str]:
    """Return the names of the sections of both versions in the reader's language, by the English ones."""
    return {
        name: standard.names[language.current()][code]
        for standard in load_standards().values()
        for code, name in standard.names["en"].items()
    }


def line_of_business(place: pd.Series[Any]) -> str:
    """Return the register's line of business; where the model filled in its section's English name, in our words."""
    given, section = as_text(place["line_of_business"]), as_text(place.get("nace_section"))
    if given and section:
        known = as_text(place.get("nace_standard")) or NACE_STANDARDS[-1]
        if given == section_name(known, section):
            return section_name(known, section, language=language.current())
    return given


def _size(place: pd.Series[Any]) -> str:
    staff = _("employees not reported")
    if not pd.isna(place["employees"]):
        count = place["employees"]
        staff = ngettext("{count} employee", "{count} employees", count, count=style.number(count))
    if place.get("employees_basis") == "imputed":
        staff = _("{employees} (imputed, not reported)", employees=staff)
    size = (
        "" if place["size_class"] == "unknown" else _("size class by headcount: {size}", size=word(place["size_class"]))
    )
    return "; ".join(part for part in (", ".join(p for p in (line_of_business(place), staff) if p), size) if part)


def _industry(place: pd.Series[Any]) -> str:
    if "nace_section" not in place:
        return as_text(place["nace"])
    code, note = as_text(place["nace"]), as_text(place["nace_note"])
    if note == "not_stated" or not code:
        return _("not stated in the register")
    standard, section = as_text(place["nace_standard"]), as_text(place["nace_section"])
    version = standard.upper() or _("the same in SN2007 and SN2025")
    told = _(NOTES[note], code=code) if note in NOTES else f"{code} ({version})"
    if not section:
        return told
    return _("{code}, section {section}", code=told, section=section_label(standard or None, section))


def _upload(place: pd.Series[Any]) -> str:
    factor = place.get("upload_dependence")
    if factor is None or pd.isna(factor):
        return ""
    told = _("{factor} (1 is neutral): a weight in the ranking, never eligibility", factor=style.exact(float(factor)))
    division = as_text(place.get("nace_division"))
    row = next(
        (row for row in read_rows("upload_dependence.csv") if row["division_from"] <= division <= row["division_to"]),
        None,
    )
    if row is None:
        return told
    mark = "⚑ " if row["confidence"] == "assumed" else ""
    whose = _(
        "Source ({confidence}): {source}, {year}",
        confidence=word(row["confidence"]),
        source=said(row["source"]),
        year=row["year"],
    )
    return f"{told}. {mark}{whose}"


def _ground(place: pd.Series[Any], assessment: Assessment) -> str:
    """Say how much of the ground that a farm or a fish farm works on has mobile coverage, or that it is not known."""
    works, basis = as_text(place.get("works_on")), as_text(place.get("ground_basis"))
    if not works or not basis or pd.isna(place["ground_km2"]):
        return ""
    radius = style.length(business.parameter(f"{works}_radius_m"))
    told = _(GROUNDS[works, basis], area=style.number(float(place["ground_km2"])), radius=radius)
    share = place["ground_covered_share"]
    if pd.isna(share):
        return told + _("; how much of it has mobile coverage is not known")
    level = word(assessment.policy.mobile.level)
    return told + _("; {share} of it has “{level}” mobile coverage or better", share=style.percent(share), level=level)


def _hub(place: pd.Series[Any]) -> str:
    name = as_text(place.get("hub_name"))
    if not name:
        return ""
    how = _(BASES[as_text(place["hub_distance_basis"])])
    return _("{hub}, {distance} {how}", hub=name, distance=style.length(place["hub_distance_m"]), how=how)
