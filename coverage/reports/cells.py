"""What stands in the cells of a workbook: numbers as they are, dates as dates, codes in the words of a language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from coverage.policy import Policy
from coverage.reports.columns import Column, rounded, words
from coverage.reports.wording import Wording

CELL_CHARACTERS: Final = 32_767  # Excel's limit
# Came with the data, as whole texts.
SAID: Final = ("unit", "change_unit", "source", "line_of_business", "label", "published_source")
SEVERAL: Final = "correction"  # of a place that was corrected more than once: several codes


def cells(values: pd.Series, column: Column, wording: Wording, policy: Policy) -> list[Any]:
    """Return what a column's cells hold; None where there is nothing."""
    if column.style == "flag":
        return [None if pd.isna(value) else wording.value("flag", str(bool(value)).lower()) for value in values]
    if column.style == "date":
        return [None if pd.isna(value) else dt.date.fromisoformat(str(value)) for value in values]
    if not column.is_text:
        # Excel has no NaN, and a number is shown rounded by its format but kept as finely as the CSV has it.
        return [rounded(value, column.style) for value in values.to_numpy(dtype=float, na_value=np.nan)]
    read = _reader(column.name, wording, policy)
    shown = {value: clipped(read(str(value))) for value in values.dropna().unique()}
    missing = values.isna().to_numpy()
    return [None if gone else shown[value] for value, gone in zip(values.to_numpy(dtype=object), missing, strict=True)]


def clipped(text: str) -> str:
    """Return the text, or as much of it as a cell can hold."""
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
