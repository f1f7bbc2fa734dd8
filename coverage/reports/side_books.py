"""Workbooks beside the reports: of a hearing, of a stress test, of two policies side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd

from coverage.policy import Policy
from coverage.reports import hearing
from coverage.reports.columns import NO_LABELS, words
from coverage.reports.read_me import named, study_facts
from coverage.reports.wording import Wording
from coverage.reports.workbook import Book
from coverage.study import Study

Tables = Mapping[str, pd.DataFrame]
KEPT: Final = "kept_"
TODAY: Final = "today"
STAMP: Final = ("policy", "as_of", "data_status")  # columns that every table ends with


@dataclass(frozen=True)
class Sheet:
    """Hold one table of a workbook: the key of its sheet's name, and labels of columns that the texts do not name."""

    key: str
    table: pd.DataFrame
    frozen: int = 1
    labels: Mapping[str, tuple[str, str]] = field(default_factory=lambda: NO_LABELS)


def write_hearing(tables: Tables, path: Path, *, study: Study, policy: Policy, wording: Wording) -> None:
    """Write what a hearing changed: `lists` and `operators`, in words."""
    own = hearing.labels(wording)
    sheets = [Sheet("hearing", hearing.in_words(_with_stamp(hearing.list_table, tables["lists"]), wording), labels=own)]
    if len(tables["operators"]):
        table = hearing.in_words(_with_stamp(hearing.operator_table, tables["operators"]), wording)
        sheets.append(Sheet("hearing_operators", table, frozen=2, labels=own))
    _write("hearing_book", sheets, path, study=study, policy=policy, wording=wording)


def _with_stamp(ordered: Callable[[pd.DataFrame], pd.DataFrame], table: pd.DataFrame) -> pd.DataFrame:
    return ordered(table).assign(**{name: table[name] for name in STAMP if name in table})


def write_stress(tables: Tables, path: Path, *, study: Study, policy: Policy, wording: Wording) -> None:
    """Write a stress test: `areas`, `whatifs` and `newcomers`, what is supposed in words."""
    cases = tables["whatifs"]
    names = dict(zip(cases["whatif"], map(wording.said, cases["label"]), strict=True))
    none = wording.texts["none"]
    labels = {
        f"{KEPT}{case}": (
            wording.text("stress_book", "kept", case=name),
            wording.text("stress_book", "kept_meaning", case=name),
        )
        for case, name in names.items()
    }
    areas = tables["areas"]
    weakest = areas["weakest"].map(lambda case: none if case == TODAY else names.get(case, case))
    new = tables["newcomers"]
    sheets = [
        Sheet("stress_areas", areas.assign(weakest=weakest), frozen=3, labels=labels),
        Sheet("stress_whatifs", cases.assign(whatif=cases["whatif"].map(names)).drop(columns="label")),
        Sheet("stress_newcomers", new.assign(whatif=new["whatif"].map(names)), frozen=2),
    ]
    _write("stress_book", sheets, path, study=study, policy=policy, wording=wording)


def write_backcast(tables: Tables, path: Path, *, study: Study, policy: Policy, wording: Wording) -> None:
    """Write past awards beside the model: `awards`, `classes` and `prices`, what the model says in words."""
    values = {"currency": study.currency, "price_year": study.price_year}
    labels = {}
    for name in wording.texts["backcast_columns"]:
        label, meaning = wording.lines("backcast_columns", name, **values)
        labels[name] = (label, meaning)
    awards, classes, prices = tables["awards"], tables["classes"], tables["prices"]

    def said(table: pd.DataFrame, *names: str) -> dict[str, pd.Series]:
        return {
            name: table[name].map(lambda text: "; ".join(map(wording.said, str(text).split("; ")))) for name in names
        }

    awards = awards.assign(**said(awards, "size_class", "terrain_class", "note"))
    items = {"item": prices["item"].map(wording.item)}
    sheets = [
        Sheet("backcast_awards", awards, labels=labels),
        Sheet("backcast_classes", classes.assign(**said(classes, "class")), labels=labels),
        Sheet("backcast_prices", prices.assign(**said(prices, "unit"), **items), labels=labels),
    ]
    _write("backcast_book", sheets, path, study=study, policy=policy, wording=wording)


def write_contrast(
    sheets: Sequence[Sheet], path: Path, *, study: Study, policies: tuple[Policy, Policy], notes: Sequence[str],
    wording: Wording,
) -> None:  # fmt: skip
    """Write two policies side by side: the sheets given, with a read-me sheet that names both."""
    shown = [_sides_in_words(sheet, policies, wording) for sheet in sheets]
    sides = [dict(_facts("contrast_book", study, policy, wording)) for policy in policies]
    facts = [
        (key, value if value == sides[1][key] else f"A: {value}\nB: {sides[1][key]}") for key, value in sides[0].items()
    ]
    _fill("contrast_book", shown, path, facts, study=study, policy=policies[0], wording=wording, notes=notes)


def _sides_in_words(sheet: Sheet, policies: tuple[Policy, Policy], wording: Wording) -> Sheet:
    """Return a sheet whose tiers and clauses of either policy are in that policy's own words."""
    changed = {}
    for side, policy in zip("ab", policies, strict=True):
        for name in ("tier", "reason_code"):
            column = f"{name}_{side}"
            if column in sheet.table:
                known = words(name, wording=wording, policy=policy)
                changed[column] = sheet.table[column].map(lambda code, known=known: known.get(code, code))
    return Sheet(sheet.key, sheet.table.assign(**changed), sheet.frozen, sheet.labels)


def _facts(key: str, study: Study, policy: Policy, wording: Wording) -> list[tuple[str, str]]:
    banner = wording.text("banner", study.data_status) or wording.text("status", study.data_status)
    what = wording.text(key, "what")
    return study_facts(study, policy, wording, what=what, banner=banner)


def _write(
    key: str, sheets: Sequence[Sheet], path: Path, *, study: Study, policy: Policy, wording: Wording
) -> None:  # fmt: skip
    facts = _facts(key, study, policy, wording)
    _fill(key, sheets, path, facts, study=study, policy=policy, wording=wording, notes=wording.lines(key, "notes"))


def _fill(
    key: str, sheets: Sequence[Sheet], path: Path, facts: Sequence[tuple[str, str]], *, study: Study, policy: Policy,
    wording: Wording, notes: Sequence[str],
) -> None:  # fmt: skip
    title = wording.text(key, "title", study=wording.said(study.name))
    rows = sum(len(sheet.table) for sheet in sheets)
    book = Book(path, study=study, policy=policy, wording=wording, title=title, rows=rows)
    facts = [*facts, ("notes", "\n".join(map(wording.said, study.notes)))]
    book.add_read_me(named(facts, wording), notes=notes)
    for sheet in sheets:
        book.add_table(sheet.table, sheet=sheet.key, name=sheet.key, frozen=sheet.frozen, labels=sheet.labels)
    book.add_columns()
    book.close()
