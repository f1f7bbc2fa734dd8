"""Column names of a table: from one header row or several, each name once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.limits import MAX_COLUMNS, MAX_TEXT

JOINT: Final = " / "  # between the parts of a name that stands in several rows
MAX_HEADER_ROW: Final = 1_000  # how far down a header may stand


def header_rows(spec: SourceSpec) -> tuple[int, ...]:
    """Return the 1-based rows of the file that hold column names; data begin below the last.

    Option `header_rows` is a number of rows, or a list of them: 2 is the first two, [3, 4] the third and fourth.
    """
    given = spec.options.get("header_rows", 1)
    rows = list(range(1, given + 1)) if isinstance(given, int) and not isinstance(given, bool) else given
    good = isinstance(rows, list) and rows and all(isinstance(row, int) and not isinstance(row, bool) for row in rows)
    if not good or sorted(set(rows)) != rows or rows[0] < 1 or rows[-1] > MAX_HEADER_ROW:
        raise DataError(
            f"study.toml: source {spec.id!r}: header_rows is {given!r}; expected a number or a rising list of numbers"
        )
    return tuple(rows)


def column_names(rows: Sequence[Sequence[str]], spec: SourceSpec) -> tuple[list[str], tuple[str, ...]]:
    """Return one unique name per column, and notes on those that had to be told apart.

    Of several header rows, a name joins the parts from top to bottom; an upper cell holds for the empty ones to its
    right, as merged cells do. A column without a name of its own is a spacer. A name that occurs again becomes
    `name#2`, `name#3` …; a column without a name `column#<number>`. Raises DataError for too many columns.
    """
    width = max(len(row) for row in rows)
    if width > MAX_COLUMNS:
        raise DataError(f"{spec.name}: the header has {width:,} columns; expected no more than {MAX_COLUMNS:,}")
    cells = [[_clean(text) for text in (*row, *[""] * (width - len(row)))] for row in rows]
    if any(re.search(r"[\x00-\x1f\x7f]", text) for row in cells for text in row):
        raise DataError(f"{spec.name}: the header holds control characters, so this is no text; expected column names")
    if any(len(text) > MAX_TEXT for row in cells for text in row):
        raise DataError(f"{spec.name}: a column name has more than {MAX_TEXT:,} characters; expected a header row")
    groups = [_spread(row) for row in cells[:-1]]
    taken: set[str] = set()
    seen: dict[str, int] = {}
    names, bases = [], []
    for position in range(width):
        own = [row[position] for row in cells if row[position]]
        parts = [group[position] for group in groups if group[position]] if cells[-1][position] else own
        whole = [*parts, cells[-1][position]] if cells[-1][position] else parts
        base = JOINT.join(whole) or f"column#{position + 1}"
        bases.append(base)
        seen[base] = number = seen.get(base, 0) + 1
        name = base if number == 1 else f"{base}#{number}"
        while name in taken:  # a file may itself have a column "a#2"
            seen[base] = number = number + 1
            name = f"{base}#{number}"
        taken.add(name)
        names.append(name)
    notes = [
        f"column {name!r} occurs {count} times; read as {name}, {name}#2 …"
        for name, count in Counter(bases).items()
        if count > 1
    ]
    return names, tuple(notes)


def _clean(text: str) -> str:
    """Return a name on one line, trimmed; spaces inside a line stay as they are."""
    return " ".join(part.strip() for part in text.replace("\u00a0", " ").splitlines() if part.strip())


def _spread(row: Sequence[str]) -> list[str]:
    out, last = [], ""
    for text in row:
        last = text or last
        out.append(last)
    return out
