"""What stands in the cells of a workbook: numbers as they are, dates as dates, codes in the words of a language."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from coverage.policy import Policy
from coverage.reports.columns import Column, rounded, words
from coverage.reports.pieces import by_value
from coverage.reports.wording import Wording

CELL_CHARACTERS: Final = 32_767  # Excel's limit
# Came with the data, as whole texts.
SAID: Final = ("unit", "change_unit", "source", "line_of_business", "label", "published_source")
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
SEVERAL: Final = "correction"  # of a place that was corrected more than once: several codes


def cells(values: pd.Series, column: Column, wording: Wording, policy: Policy) -> list[Any]:
    """Return what a column's cells hold; None where there is nothing."""
    if not (column.is_text or column.style == "date"):
        values = pd.Series(values.to_numpy(dtype=float, na_value=np.nan))
    return by_value(values, _shown(column, wording, policy))


def _shown(column: Column, wording: Wording, policy: Policy) -> Callable[[Any], Any]:
    """Return what turns a value of a column that is there into what a cell holds."""
    if column.style == "flag":
        return lambda value: wording.value("flag", str(bool(value)).lower())
    if column.style == "date":
        return lambda value: dt.date.fromisoformat(str(value))
    if not column.is_text:
        # Excel has no NaN, and a number is shown rounded by its format but kept as finely as the CSV has it.
        return lambda value: rounded(value, column.style)
    say = _reader(column.name, wording, policy)
    return lambda value: clipped(say(str(value)))


def clipped(text: str) -> str:
    """Return the text, or as much of it as a cell can hold; what no XML can hold is replaced."""
    text = _UNWRITABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text if len(text) <= CELL_CHARACTERS else f"{text[: CELL_CHARACTERS - 1]}…"


def _reader(name: str, wording: Wording, policy: Policy) -> Callable[[str], str]:
    """Return what turns the text in a column's cells into the words that a reader sees."""
    if name == "item":
        return lambda item: f"{wording.item(item)} ({item})"
    if name in SAID:
        return wording.said
    known = words(name, wording=wording, policy=policy)
    if name == SEVERAL:
        return lambda text: ", ".join(known.get(part, part) for part in text.split(", "))
    return lambda text: known.get(text, text)
