"""The address list as the county's Excel form: what is known is locked, what an office fills in is yellow.

The hidden sheet says what the form is, so that sources read it back as it is: see coverage/sources/filled_form.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from coverage import form, schemas
from coverage.reports import addresses, tables
from coverage.reports.address_sheet import AddressSheet
from coverage.reports.columns import Column, describe
from coverage.reports.read_me import named, study_facts
from coverage.reports.selection import Selection
from coverage.reports.wording import Wording
from coverage.reports.workbook import Book

COLUMNS: Final = addresses.COLUMNS
CHOICES: Final = (form.RIGHT, *(kind for kind in schemas.CORRECTION_KINDS if kind != form.MISSING))


def write_form(selection: Selection, path: Path, *, wording: Wording, fingerprint: str) -> None:
    """Write the form to an .xlsx: read-me, the addresses, what the columns mean, and the hidden sheet.

    Raises as `addresses.address_list` does.
    """
    table, study = addresses.address_list(selection, wording), selection.assessment.study
    title = wording.text("address_list", "title", study=selection.title(wording))
    book = Book(path, study=study, policy=selection.assessment.policy, wording=wording, title=title, rows=len(table))
    book.carry(tables.FINGERPRINT, str(selection.assessment.provenance.get(tables.FINGERPRINT, "")))
    _add_read_me(book, selection, table, fingerprint)
    labels = {}
    for name in COLUMNS:
        label, meaning = wording.lines("address_columns", name, crs=study.crs)
        labels[name] = (label, meaning)
    columns = describe(list(COLUMNS), wording=wording, study=study, policy=book.policy, own=labels)
    words = _words(wording)
    AddressSheet(book, columns, words).write(table, selection)
    book.described |= {column.name: column for column in columns}
    book.add_columns()
    _add_hidden(book, columns, words)
    book.close()


def _add_read_me(book: Book, selection: Selection, table: pd.DataFrame, fingerprint: str) -> None:
    wording, assessment = book.wording, selection.assessment

    def say(key: str, **values: object) -> str:
        return wording.text("address_list", key, **values)

    choice = {name: wording.lines("address_choices", name)[0] for name in wording.texts["address_choices"]}
    known = {"right": choice[form.RIGHT], **{name: choice[name] for name in ("wrong_kind", "wrong_speed")}}
    meant = [wording.lines("address_choices", name) for name in (*CHOICES, form.MISSING)]
    facts = study_facts(
        book.study, book.policy, wording, what=say("what"), banner=book.banner, scope=selection.describe(wording)
    )
    plain = named([fact for fact in facts if fact[0] != "currency"], wording)
    notes = [wording.said(note) for note in book.study.notes]
    left, none = addresses.cells_left(selection), table.empty
    told = [
        *plain[:2],
        (say("privacy"), say("privacy_text")),
        (say("fill"), "\n".join(wording.lines("address_list", "fill_lines", **known))),
        (say("choices"), "\n".join(f"{word}: {meaning}" for word, meaning in meant)),
        (say("back"), say("back_text", study=wording.said(book.study.name))),
        *plain[2:],
        *named(
            [
                ("crs", book.study.crs),
                ("notes", "\n".join(notes)),
                ("sources", "\n".join(_sources(selection, wording))),
                ("fingerprint_run", str(assessment.provenance.get(tables.FINGERPRINT, ""))),
                ("fingerprint", fingerprint),
            ],
            wording,
        ),
    ]
    more = [*([say("none")] if none else []), *([say("cells_left", count=wording.number(left))] if left else [])]
    book.add_read_me(told, notes=more)


def _sources(selection: Selection, wording: Wording) -> list[str]:
    """Return a line on each source, with what its table says of it."""
    listed = tables.source_table(selection.assessment, wording).to_numpy(dtype=object)
    return [wording.joined(str(value) for value in row if value and value == value) for row in listed]


def _words(wording: Wording) -> dict[str, dict[str, str]]:
    """Return the words of the lists to choose from, by our column and our value."""
    return {
        "correction": {name: wording.lines("address_choices", name)[0] for name in (*CHOICES, form.MISSING)},
        "kind": {name: wording.value("kind", name) for name in schemas.KINDS},
        "technology": {name: wording.value("fixed_technology", name) for name in schemas.TECHNOLOGIES},
    }


def _add_hidden(book: Book, columns: Sequence[Column], words: Mapping[str, Mapping[str, str]]) -> None:
    """Write the sheet by which the form is known, with the words that its cells may hold."""
    read = {*form.PLACE, *form.FILLED, *form.POSITION}
    said = str(book.wording.texts["address_list"]["office_of"])
    rows = [
        *(("word", name, ours, theirs) for name, known in words.items() for ours, theirs in known.items()),
        ("crs", "", book.study.crs, ""),
        ("office", "", said, ""),
        *(("column", "", column.name, column.label) for column in columns if column.name in read),
    ]
    sheet = book.book.add_worksheet(form.SHEET)
    for number, row in enumerate([(form.SHEET, form.VERSION), *rows]):
        for at, text in enumerate(row):
            sheet.write_string(number, at, text)
    sheet.protect()
    sheet.hide()
