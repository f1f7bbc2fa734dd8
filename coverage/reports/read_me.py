"""What the first sheet of a report's workbook says: how real it is, under which rules, from which sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from coverage.policy import Policy
from coverage.reports import assumptions, audience, points, tables
from coverage.reports.front_sheet import Block
from coverage.reports.selection import Selection
from coverage.reports.wording import Wording
from coverage.reports.workbook import Book
from coverage.study import Study

# How many of the sheet's columns each column of a table takes.
SPANS: Final = {
    "sources": (1, 2, 3, 1, 1, 1, 2),
    "business_sources": (1, 1, 7, 1, 1),
    "assumed": (1, 3, 1, 2, 3, 1),
}


def add_read_me(book: Book, selection: Selection, *, what: str, fingerprint: str, notes: Sequence[str]) -> None:
    """Write the read-me sheet of a report on a selection."""
    assessment, wording = selection.assessment, book.wording
    scenario = assessment.scenario
    warnings = [wording.said(str(item)) for item in assessment.provenance.get("warnings", [])]
    facts = [
        *study_facts(
            book.study, book.policy, wording, what=what, banner=book.banner, scope=selection.describe(wording)
        ),
        *([("audience", told)] if (told := audience.for_whom(assessment, wording)) else []),
        ("budget", f"{wording.number(scenario.money)} {book.study.currency}"),
        ("template", points.template_text(assessment, wording)),
        ("seed", f"{scenario.seed}; {wording.number(scenario.draws)}"),
        *([("area_rules", _area_rules(book.policy, wording))] if scenario.areas else []),
        ("crs", book.study.crs),
        ("notes", "\n".join(map(wording.said, book.study.notes))),
        ("warnings", "\n".join(warnings)),
        ("fingerprint_run", str(assessment.provenance.get(tables.FINGERPRINT, ""))),
        ("fingerprint", fingerprint),
    ]
    said = [*audience.withheld(assessment, wording), *notes, wording.text("read_me", "look")]
    book.add_read_me(named(facts, wording), notes=said, blocks=_blocks(selection, wording))


def study_facts(
    study: Study, policy: Policy, wording: Wording, *, what: str, banner: str, scope: str = ""
) -> list[tuple[str, str]]:
    """Return what every workbook says first, by the keys of the texts: study, date, policy, currency."""
    return [
        ("what", what),
        ("status", banner),
        ("study", f"{wording.said(study.name)} ({study.id})"),
        ("scope", scope),
        ("as_of", wording.date(study.as_of)),
        ("policy", f"{wording.said(policy.name)} ({policy.id})"),
        ("legal_basis", wording.said(policy.legal_basis)),
        ("currency", f"{study.currency}, {study.price_year}"),
    ]


def _area_rules(policy: Policy, wording: Wording) -> str:
    rules = policy.areas
    figures = {"cut": rules.cut_m, "least": rules.min_premises, "most": rules.max_premises}
    said = {name: wording.number(value) for name, value in figures.items()}
    return wording.text("read_me", "areas_split" if rules.split_by_municipality else "areas_joined", **said)


def named(facts: Sequence[tuple[str, str]], wording: Wording) -> list[tuple[str, str]]:
    """Return facts with their labels in place of their keys."""
    return [(wording.text("read_me", key), value) for key, value in facts]


def _blocks(selection: Selection, wording: Wording) -> list[Block]:
    assessment = selection.assessment
    policy = assessment.policy
    where = wording.text("read_me", "where_policy", id=policy.id)
    assumed = assumptions.assumption_table(assessment, wording)
    assumed["figure"] = assumed["figure"] + " (" + assumed["item"] + ")"
    marks = [(name, wording.value("confidence", mark)) for name, mark in assumptions.rule_marks(policy, wording)]
    held = [(where, name, None, None, None, mark) for name, mark in marks]
    scored = wording.text("score", "where_template", id=assessment.scenario.template)
    held += [
        (scored, name, None, None, None, wording.value("confidence", mark))
        for name, mark in points.template_marks(assessment, wording)
    ]
    rules = pd.DataFrame(
        held,
        columns=["where", "figure", "value", "unit", "source", "confidence"],
        dtype=object,
    )
    shown = [rules, assumed.drop(columns=["item", "low", "high"])]
    given = {
        "sources": tables.source_table(assessment, wording),
        "business_sources": assumptions.business_sources(assessment, wording),
        "assumed": pd.concat([part for part in shown if len(part)] or [rules], ignore_index=True),
    }
    headers = {"sources": "source_header", "business_sources": "business_header", "assumed": "assumed_header"}
    return [
        Block(wording.text("read_me", key), wording.lines("read_me", headers[key]), table, SPANS[key])
        for key, table in given.items()
    ]
