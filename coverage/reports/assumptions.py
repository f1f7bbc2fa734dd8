"""What a report rests on that no published source states: cost figures, parts of the policy, tables on businesses."""

from __future__ import annotations

from typing import Final

import pandas as pd

from coverage.assessment import Assessment
from coverage.nace import read_rows
from coverage.policy import Policy
from coverage.reports.wording import Wording

COLUMNS: Final = ("where", "item", "figure", "value", "low", "high", "unit", "source", "confidence")
# The tables of `data/business`, by their file's stem, in the order in which a reader meets them.
BUSINESS_TABLES: Final = ("nace", "upload_dependence", "works_on", "parameters")
PUBLISHED, ASSUMED = "published", "assumed"


def assumed_text(assessment: Assessment, wording: Wording) -> str:
    """Say in one line how much of the cost book, and which parts of the policy and tables on businesses are assumed."""
    tables = [wording.text("business_tables", name) for name in BUSINESS_TABLES[1:] if _holds_assumed(name)]
    return wording.text(
        "read_me",
        "assumed_cell",
        count=len(assessment.costs.assumed()),
        all=len(assessment.costs.items),
        names=wording.joined(marked_rules(assessment.policy, wording)) or wording.texts["none"],
        tables=", ".join(tables) if is_profiled(assessment) else wording.texts["none"],
    )


def marked_rules(policy: Policy, wording: Wording) -> list[str]:
    """Name the parts of a policy that are not published, by its own labels; those not read say so."""
    return [
        name if confidence == "assumed" else f"{name} ({wording.value('confidence', confidence)})"
        for name, confidence in rule_marks(policy, wording)
    ]


def rule_marks(policy: Policy, wording: Wording) -> list[tuple[str, str]]:
    """Return the parts of a policy that are not published, in words, and their confidence."""
    return [(_rule_name(name, policy, wording), confidence) for name, confidence in policy.marked()]


def _rule_name(name: str, policy: Policy, wording: Wording) -> str:
    """Return in words one part of a policy, as `Policy.marked` names it: a kind, and the id of one of its kind."""
    kind, _, item = name.rpartition(" ")
    for word, parts in (("tier", policy.tiers), ("clause", policy.clauses), ("criterion", policy.criteria)):
        labels = {part.id: part.label.get(wording.language, part.id) for part in parts}
        if kind.endswith(word) and item in labels:
            return wording.text("rule_parts", kind, label=labels[item])
    return wording.text("rule_parts", name)


def assumption_table(assessment: Assessment, wording: Wording) -> pd.DataFrame:
    """Return the figures that no published source states as they are, in words.

    Columns: where, item (its id), figure (its name), value, low, high, unit, source, confidence.
    """
    costs, study = assessment.costs, assessment.study
    where = wording.text("read_me", "where_costs", id=costs.id)
    given: list[tuple[str, str, str, float, float | None, float | None, str, str, str]] = [
        (where, item.item, wording.item(item.item), item.value, item.low, item.high, item.unit, item.source,
         item.confidence)
        for item in costs.items
    ]  # fmt: skip
    where = wording.text("read_me", "where_study", id=study.id)
    given += [
        (where, item.id, wording.item(item.id), item.value, None, None, item.unit, item.source, item.confidence)
        for item in study.parameters
    ]
    if is_profiled(assessment):
        given += _business_figures(wording)
    rows = [
        (
            where, item, figure, value, low, high, wording.said(unit), wording.said(source),
            wording.value("confidence", confidence),
        )
        for where, item, figure, value, low, high, unit, source, confidence in given
        if confidence != PUBLISHED
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def business_sources(assessment: Assessment, wording: Wording) -> pd.DataFrame:
    """Return the sources of the tables on businesses, in words; nothing where businesses have no profile.

    Columns: table, rows that rest on the source, source, year, confidence.
    """
    columns = ["table", "rows", "source", "year", "confidence"]
    if not is_profiled(assessment):
        return pd.DataFrame(columns=columns)
    found: dict[tuple[str, str, str, str], int] = {}
    for name in BUSINESS_TABLES:
        for row in read_rows(f"{name}.csv"):
            key = (name, row["source"], row["year"], row["confidence"])
            found[key] = found.get(key, 0) + 1
    rows = [
        (wording.text("business_tables", name), count, wording.said(source), int(year),
         wording.value("confidence", confidence))
        for (name, source, year, confidence), count in found.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns, dtype=object)


def is_profiled(assessment: Assessment) -> bool:
    """Say whether the businesses of an assessment have a profile at all."""
    places = assessment.places
    return "nace_note" in places.columns and bool((places["kind"] == "business").any())


def _business_figures(
    wording: Wording,
) -> list[tuple[str, str, str, float, float | None, float | None, str, str, str]]:
    """Return the figures about businesses as rows of `assumption_table`; sectors with one factor and source as one."""
    where = wording.text("read_me", "where_businesses")
    figures: list[tuple[str, str, str, float, float | None, float | None, str, str, str]] = [
        (where, row["id"], wording.item(row["id"]), float(row["value"]), None, None, row["unit"], row["source"],
         row["confidence"])
        for row in read_rows("parameters.csv")
    ]  # fmt: skip
    sectors: dict[tuple[str, str, str], list[str]] = {}
    for row in read_rows("upload_dependence.csv"):
        key = (row["factor"], row["source"], row["confidence"])
        sectors.setdefault(key, []).append(wording.said(row["sector"]))
    for (factor, source, confidence), named in sectors.items():
        name = wording.text("business_tables", "upload_dependence_of", sectors=wording.joined(named))
        figures.append((where, "upload_dependence", name, float(factor), None, None, "ratio", source, confidence))
    return figures


def _holds_assumed(table: str) -> bool:
    return any(row["confidence"] == ASSUMED for row in read_rows(f"{table}.csv"))
