"""Workbooks: gap-report.xlsx and priority-list.xlsx."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from coverage.reports import (
    assumptions,
    businesses,
    ceiling_sheet,
    change,
    differences,
    firmness,
    hearing,
    mobile,
    money_curve,
    points,
    short,
    tables,
    technical,
)  # fmt: skip
from coverage.reports.corrections import correction_table
from coverage.reports.evidence import in_language
from coverage.reports.read_me import add_read_me
from coverage.reports.reading_order import FROZEN, for_readers
from coverage.reports.selection import Selection, share_notes
from coverage.reports.wording import Wording
from coverage.reports.workbook import Book

MARK: Final = 12  # characters of the run's fingerprint in each row; the file's properties hold it whole


def write_gap_report(selection: Selection, path: Path, *, wording: Wording, fingerprint: str) -> None:
    """Write gap-report.xlsx: read-me, areas, places short of service, cost lines, hearing, corrections, columns."""
    assessment = selection.assessment
    said = {"assumed": assumptions.assumed_text(assessment, wording)}
    areas = for_readers(tables.in_words(tables.area_table(assessment).assign(**said), assessment, wording))
    places = short.pieces(assessment).then(
        lambda part: businesses.in_words(in_language(part.drop(columns=part.geometry.name), wording), wording)
    )
    costs = tables.cost_table(assessment)
    title = wording.text("read_me", "gap_title", study=selection.title(wording))
    book = _book(path, selection, wording, title=title, rows=len(places) + len(costs) + len(areas))
    # The first of the texts says how to handle names that only the internal version holds.
    first = 0 if assessment.audience.internal else 1
    notes = [*share_notes(selection, wording), *wording.lines("read_me", "gap_notes")[first:]]
    if assumptions.is_profiled(assessment):
        notes.append(wording.text("businesses", "weight_note"))
    notes += mobile.notes(assessment, wording)
    notes += hearing.notes(selection, wording)
    what = wording.text("read_me", "gap_what")
    add_read_me(book, selection, what=what, fingerprint=fingerprint, notes=notes)
    take_up = tables.take_up_labels(assessment, wording)
    book.add_table(areas, sheet="areas", name="areas", frozen=FROZEN, labels=take_up)
    _mobile(book, selection)
    book.add_table(places, sheet="addresses", name="places", frozen=1)
    book.add_table(costs, sheet="cost_lines", name="cost_lines", frozen=1)
    _finish(book, selection)


def write_priority_list(selection: Selection, path: Path, *, wording: Wording, fingerprint: str) -> None:
    """Write priority-list.xlsx: read-me, list, how certain it is, the two sets, criteria, curve, changes, columns."""
    assumed = {"assumed": assumptions.assumed_text(selection.assessment, wording)}
    listed = tables.stamped(
        tables.priority_table(selection.assessment).assign(**assumed), selection.assessment, characters=MARK
    )
    table = for_readers(tables.in_words(listed, selection.assessment, wording))
    title = wording.text("read_me", "priority_title", study=selection.title(wording))
    book = _book(path, selection, wording, title=title, rows=len(table))
    notes = [*tables.no_grant_notes(table, wording), *wording.lines("read_me", "priority_notes")]
    notes.append(wording.text("read_me", "line"))
    notes += mobile.notes(selection.assessment, wording)
    curve = ceiling_sheet.ceiling_table(selection.assessment)
    if len(curve):
        notes.append(wording.text("ceiling", "note"))
    firm = firmness.firm_table(selection.assessment, wording)
    steps = money_curve.curve_table(selection)
    said = [(len(firm), "firm"), (len(steps), "curve"), (len(table), "score")]
    notes += [wording.text(section, "note") for there, section in said if there]
    notes += hearing.notes(selection, wording)
    what = wording.text("read_me", "priority_what")
    add_read_me(book, selection, what=what, fingerprint=fingerprint, notes=notes)
    own = points.labels(selection.assessment, wording)
    sheet = book.add_table(table, sheet="priority", name="priority_list", frozen=FROZEN, labels=own)
    book.draw_line(sheet, table, selection.assessment.scenario.money)
    if len(firm):
        book.add_table(firm, sheet="firm", name="firm", frozen=4)
    differing = differences.difference_table(selection, wording)
    if len(differing):
        book.add_table(differing, sheet="differences", name="differences", frozen=4)
    points.add_sheets(book, selection.assessment)
    money_curve.add_sheets(book, steps, selection)
    changes = change.in_words(selection.changes, wording)
    if len(changes):
        book.add_table(changes, sheet="change", name="change", frozen=4)
    _mobile(book, selection)
    ceiling_sheet.add_ceiling(book, curve)
    built = mobile.named(technical.technical_table(selection.assessment), wording)
    book.add_table(built, sheet="technical", name="technical", frozen=2)
    _finish(book, selection)


def _mobile(book: Book, selection: Selection) -> None:
    """Write the sheet on what the masts of mobile areas would serve, where there are any."""
    table = mobile.mobile_table(selection.assessment)
    if len(table):
        shown = mobile.named(table.assign(kind="mobile"), book.wording).drop(columns="kind")
        book.add_table(shown, sheet="mobile", name="mobile", frozen=2)


def _book(path: Path, selection: Selection, wording: Wording, *, title: str, rows: int) -> Book:
    assessment = selection.assessment
    book = Book(path, study=assessment.study, policy=assessment.policy, wording=wording, title=title, rows=rows)
    book.carry(tables.FINGERPRINT, str(assessment.provenance.get(tables.FINGERPRINT, "")))
    return book


def _finish(book: Book, selection: Selection) -> None:
    """Write the sheets that every report ends with: the hearing and the corrections, where there are any; columns."""
    stamp = {
        "policy": book.policy.id,
        "as_of": book.study.as_of.isoformat(),
        "data_status": book.study.data_status,
    }
    hearing.add_sheets(book, selection.assessment.summary.get("hearing", {}), stamp)
    corrected = correction_table(selection.assessment, book.wording)
    if len(corrected):
        book.add_table(corrected.assign(**stamp), sheet="corrections", name="corrections", frozen=1)
    book.add_columns()
    book.close()
