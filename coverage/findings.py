"""Sentences about the data of a study: a *problem* must be looked at before the result is trusted, a *note* known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import geopandas as gpd
import pandas as pd

from coverage.inputs import OfferLayer, SourceReport, SourceSpec
from coverage.study import NO_MOBILE, Inspection, Study

COLUMNS_SHOWN: Final = 12
EXAMPLES: Final = 3
DAYS_A_YEAR: Final = 365.25
DOUBLES: Final = 0.001  # share of premises that may be the same twice before it is a problem
# Roles whose rows are service or places: of these it matters from when they are.
DATED_ROLES: Final = ("premises", "offers", "hearing", "mobile", "shares")

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Finding:
    """Hold one sentence about a source (or about the study, where `source` is empty)."""

    severity: Literal["problem", "note"]
    source: str
    text: str

    @property
    def sentence(self) -> str:
        """Return the sentence with the source before it."""
        return f"{self.source}: {self.text}" if self.source else self.text


def find(found: Inspection, study: Study) -> tuple[Finding, ...]:
    """Return everything that is to be said about what could be read of a study, problems first."""
    findings = (*_study_findings(found, study), *_source_findings(found, study))
    return tuple(sorted(findings, key=lambda finding: finding.severity != "problem"))


def _study_findings(found: Inspection, study: Study) -> Iterator[Finding]:
    """Say what concerns the study as a whole."""
    for text in found.unread:
        yield Finding("problem", "", f"not checked: {text}")
    span = date_span(study.sources)
    if span is not None and span[0] != span[1]:
        years = (span[1] - span[0]).days / DAYS_A_YEAR
        words = f"dates of the sources run from {span[0]} to {span[1]}; the study is as of {study.as_of}"
        if years > study.max_years_apart:
            first, last = (_of_date(study.sources, date) for date in span)
            yield Finding(
                "problem", "",
                f"{words}: {years:.1f} years between {first} and {last}, more than {study.max_years_apart:g} "
                "(max_years_apart in study.toml)",
            )  # fmt: skip
        else:
            yield Finding("note", "", words)
    if found.inputs is not None:
        yield from twice_registered(found.inputs.places)
    for warning in found.warnings:
        yield Finding("note" if warning == NO_MOBILE else "problem", "", warning)
    if found.inputs is not None:
        for layer in found.inputs.offers:
            begins = layer.frame["available_from"] > pd.Timestamp(study.as_of)
            later = int((begins & (layer.frame["status"] == "existing")).sum())
            if later:
                yield Finding(
                    "note", layer.source,
                    f"{later:,} of {len(layer.frame):,} offers begin after {study.as_of} and are taken as planned, "
                    "though their status is existing",
                )  # fmt: skip
        for layer in found.inputs.hearing:
            yield from _heard(layer, study)
    if not study.assessable:
        yield Finding("note", "", "the scope is service: areas, routes and costs are not worked out")


def _heard(layer: OfferLayer, study: Study) -> Iterator[Finding]:
    """Say what in a hearing waits for an answer: plans whose day has passed, and plans without a day."""
    rows = layer.frame.drop_duplicates("source_row")
    plans = rows["claim"] == "plan"
    overdue = int((plans & (rows["available_from"] <= pd.Timestamp(study.as_of))).sum())
    if overdue:
        yield Finding(
            "note", layer.source,
            f"{overdue:,} of {int(plans.sum()):,} plans were to be built by {study.as_of} and nobody has said that "
            "they lapsed: they count as plans, unless the policy leaves out overdue ones",
        )  # fmt: skip
    undated = int((plans & rows["available_from"].isna()).sum())
    if undated:
        yield Finding("note", layer.source, f"{undated:,} of {int(plans.sum()):,} plans have no date and do not count")


def _source_findings(found: Inspection, study: Study) -> Iterator[Finding]:
    reports = {report.source: report for report in found.reports}
    for spec in study.sources:
        if spec.id in found.failures:
            yield Finding("problem", spec.id, found.failures[spec.id])
        elif spec.id in reports and reports[spec.id].rows_rejected:
            yield Finding("problem", spec.id, _rejected_words(reports[spec.id]))
        if spec.role in DATED_ROLES and spec.as_of is None:
            yield Finding("note", spec.id, "no as_of in study.toml: nothing says from when it is")
        if spec.id in reports:
            yield from _facts(reports[spec.id], found.area)


def twice_registered(places: gpd.GeoDataFrame) -> Iterator[Finding]:
    """Say which premises stand in the registers more than once under other ids: one organisation number, or one name
    of one kind at one point. Rows without a name or a number (homes, cells) cannot be told apart by either.
    """
    named = pd.DataFrame(
        {"kind": places["kind"], "name": places["name"].str.casefold(), "x": places.geometry.x, "y": places.geometry.y}
    )
    again = (named.duplicated() & places["name"].notna()) | (
        places["org_number"].duplicated() & places["org_number"].notna()
    )
    if again.any():
        shown = ", ".join(places["place_id"][again].head(EXAMPLES))
        yield Finding(
            "problem" if again.mean() > DOUBLES else "note", "",
            f"{int(again.sum()):,} of {len(places):,} premises have the organisation number, or the name, kind and "
            f"position, of an earlier one: they may be counted twice ({shown})",
        )  # fmt: skip


def _facts(report: SourceReport, area: Box | None) -> Iterator[Finding]:
    facts, name = report.facts, report.source
    used = report.rows_read - report.rows_rejected - report.rows_left_out
    if facts.extent is not None and area is not None and report.role != "municipalities":
        covered, beyond = shared_part(facts.extent, area)
        if not covered:
            yield Finding(
                "problem", name, f"its rows lie {beyond / 1000:,.0f} km beside the study area; none touches its box"
            )
    if facts.duplicates:
        double = report.role == "premises" and facts.duplicates > used * DOUBLES
        text = f"{facts.duplicates:,} of {used:,} rows repeat an earlier row in every column that is used"
        if double:
            text = f"{text}; premises may be counted twice"
        yield Finding("problem" if double else "note", name, text)
    if facts.elsewhere:
        text = f"{facts.elsewhere:,} of {used:,} places have a municipality that does not hold their position"
        if facts.elsewhere_far:
            text = f"{text}; {facts.elsewhere_far:,} of them by far ({_row_words(facts.elsewhere_examples)})"
        yield Finding("problem" if facts.elsewhere_far else "note", name, text)
    if facts.unused:
        yield Finding("note", name, _unused_words(facts.unused))
    for note in report.notes:
        yield Finding("note", name, note)


def _rejected_words(report: SourceReport) -> str:
    text = f"{report.rows_rejected:,} of {report.rows_read:,} rows rejected"
    where, reason, count = max(report.reasons, key=lambda item: item[2])
    if len(report.reasons) > 1 and count < report.rows_rejected / 2:
        return text
    some = "all" if count == report.rows_rejected else f"{count:,}"
    return f"{text}, {some} because {where}: {reason}" if where else f"{text}, {some} because {reason}"


def _row_words(examples: Sequence[tuple[int, str]]) -> str:
    (row, words), *rest = examples
    return f"row {row}: {words}; {_row_words(rest)}" if rest else f"row {row}: {words}"


def _unused_words(unused: Sequence[tuple[str, str]]) -> str:
    # Those that may be meant for something come first.
    ordered = sorted(unused, key=lambda item: not item[1])
    shown = [f"{theirs!r} (may be {ours!r})" if ours else repr(theirs) for theirs, ours in ordered[:COLUMNS_SHOWN]]
    names, more = ", ".join(shown), len(ordered) - COLUMNS_SHOWN
    named = f"{names} and {more} more" if more > 0 else names
    return f"1 column is not used: {named}" if len(ordered) == 1 else f"{len(ordered)} columns are not used: {named}"


def date_span(specs: Sequence[SourceSpec]) -> tuple[dt.date, dt.date] | None:
    """Return the first and the last as-of date of the sources, or None where no source has one."""
    known = [spec.as_of for spec in specs if spec.as_of is not None]
    return (min(known), max(known)) if known else None


def _of_date(specs: Sequence[SourceSpec], date: dt.date) -> str:
    return next(spec.id for spec in specs if spec.as_of == date)


def shared_part(extent: Box, area: Box) -> tuple[float, float]:
    """Return the part of the area's box that an extent covers, and how many metres it reaches beyond the box.

    A point has no area: it covers the least part there is. Where they do not touch, the part is 0 and the metres are
    those between them.
    """
    width = min(extent[2], area[2]) - max(extent[0], area[0])
    height = min(extent[3], area[3]) - max(extent[1], area[1])
    if width < 0 or height < 0:
        return 0.0, max(-width, 0.0) if -width > -height else max(-height, 0.0)
    whole = (area[2] - area[0]) * (area[3] - area[1])
    beyond = max(area[0] - extent[0], area[1] - extent[1], extent[2] - area[2], extent[3] - area[3], 0.0)
    return max(width * height / whole, 1e-9), beyond
