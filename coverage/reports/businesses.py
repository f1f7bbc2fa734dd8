"""The profile of businesses in reports: by size and section, the ground that farms and fish farms work on, hubs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from coverage.assessment import Assessment
from coverage.business import summarise_profile
from coverage.nace import load_standards
from coverage.reports.assumptions import is_profiled
from coverage.reports.selection import Selection
from coverage.reports.wording import Wording
from coverage.schemas import NACE_STANDARDS, SIZE_CLASSES

# Of places; what a study without a profile says in their stead.
COLUMNS: Final[Mapping[str, object]] = {
    "nace": None, "nace_standard": None, "nace_section": None, "line_of_business": None, "size_class": None,
    "employees": None, "upload_dependence": None, "works_on": None, "ground_km2": None, "ground_covered_share": None,
    "business_park": None, "hub_name": None, "hub_distance_m": None, "hub_distance_basis": None,
}  # fmt: skip
FIRMS_ONLY: Final = ("size_class", "upload_dependence")  # other rows hold "unknown" and 1, which would say something
KNOWN_SIZES: Final = tuple(name for name in SIZE_CLASSES if name != "unknown")
COUNTED: Final = ("businesses", "short", "eligible", "employees")
_DISTANCE: Final = re.compile(r"(up_to|over)_([\d.]+)_km")


def of_firms(places: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the columns of the profile, on the index of the places, empty where the row is no business."""
    firm = places["kind"] == "business"
    found = {}
    for name, otherwise in COLUMNS.items():
        column = places[name] if name in places.columns else pd.Series(otherwise, index=places.index, dtype=object)
        found[name] = column.where(firm) if name in FIRMS_ONLY else column
    return found


def area_sizes(assessment: Assessment) -> pd.DataFrame:
    """Return the eligible businesses of each area by size class: area_id and `businesses_<class>`."""
    places = assessment.places
    firms = places[(places["kind"] == "business") & places["area_id"].notna()]
    counts = (firms["weight"] * firms["eligible"]).groupby([firms["area_id"], firms["size_class"]]).sum()
    table = pd.DataFrame(counts.unstack(fill_value=0.0))  # noqa: PD010
    table = table.reindex(columns=list(KNOWN_SIZES), fill_value=0.0)
    return table.add_prefix("businesses_")


def in_words(table: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return a list of places with its sections, and the lines of business named after one, in words."""
    names = {
        (standard.id, section): f"{section} {name}"
        for standard in load_standards().values()
        for section, name in standard.names[_known(wording.language)].items()
    }
    standard = table["nace_standard"].fillna(NACE_STANDARDS[-1])
    sections = [names.get(key) for key in zip(standard, table["nace_section"], strict=True)]
    said = section_words(wording)
    lines = table["line_of_business"].map(lambda line: said.get(line, line), na_action="ignore").astype("str")
    return table.assign(nace_section=pd.array(sections, dtype="str"), line_of_business=lines)


def section(selection: Selection, wording: Wording) -> dict[str, Any]:
    """Return the part of the gap report on businesses; without a profile it has no tables."""
    assessment = selection.assessment
    if not is_profiled(assessment):
        return {"title": "", "intro": "", "tables": [], "note": ""}
    whole = selection.whole and "businesses" in assessment.summary
    told = assessment.summary["businesses"] if whole else summarise_profile(assessment.places)
    tables = [
        _counts(
            "sizes", [(wording.value("size_class", name), row) for name, row in told["by_headcount"].items()], wording
        ),
        _counts("sections", [(_name(row, wording), row) for row in told["by_section"]], wording),
        _grounds(told["works_on"], wording),
        _counts("hubs", _distances(told, wording), wording),
    ]
    key = "intro" if selection.by_municipality else "intro_areas"
    return {
        "title": wording.text("businesses", "title"),
        "intro": wording.text("businesses", key),
        "tables": [table for table in tables if table["rows"]],
        "note": wording.text("businesses", "weight_note"),
    }


def _counts(key: str, rows: list[tuple[str, Mapping[str, Any]]], wording: Wording) -> dict[str, Any]:
    return _table(key, [[name, *(wording.number(row[what]) for what in COUNTED)] for name, row in rows], wording)


def _grounds(told: Mapping[str, Any], wording: Wording) -> dict[str, Any]:
    rows = [
        [
            wording.value("works_on", ground),
            *(wording.number(row[name]) for name in ("businesses", "told")),
            wording.percent(row["covered_share"]),
            *(wording.number(row[name]) for name in ("wholly_covered", "not_covered")),
        ]
        for ground, row in told.items()
        if row["businesses"]
    ]
    return _table("grounds", rows, wording)


def _table(key: str, rows: list[list[str]], wording: Wording) -> dict[str, Any]:
    return {
        "title": wording.text("businesses", key),
        "header": wording.lines("businesses", f"{key}_table"),
        "rows": rows,
        "last_apart": False,
    }


def _distances(told: Mapping[str, Any], wording: Wording) -> list[tuple[str, Mapping[str, Any]]]:
    rows, last = [], 0.0
    for key, row in told.get("hub_distance", {}).items():
        found = _DISTANCE.fullmatch(key)
        if found is None:
            raise KeyError(key)
        km = float(found[2])
        kind = "over" if found[1] == "over" else "between" if last else "up_to"
        shown = {"km": _plain(km, wording), "least": _plain(last, wording)}
        rows.append((wording.text("businesses", kind, **shown), row))
        last = km
    if "in_business_parks" in told:
        rows.append((wording.text("businesses", "in_parks"), told["in_business_parks"]))
    return rows


def _plain(number: float, wording: Wording) -> str:
    return wording.number(number, decimals=0 if number.is_integer() else 1)


def _name(row: Mapping[str, Any], wording: Wording) -> str:
    name = row[f"name_{_known(wording.language)}"]
    return f"{row['section']} {name}" if name else wording.text("businesses", "not_told")


def section_words(wording: Wording) -> dict[str, str]:
    """Return the name of each section in a language by its English one, with which `business` fills empty lines."""
    return {
        english: standard.names[_known(wording.language)][section]
        for standard in load_standards().values()
        for section, english in standard.names["en"].items()
    }


def _known(language: str) -> str:
    return language if language in ("en", "nb") else "en"
