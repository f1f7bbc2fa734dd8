"""Where a claim stands: file, row, supplier, date and status, in the reader's words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from coverage.assessment import Assessment
from coverage.study import SourceSpec
from maps import language
from maps.language import _
from maps.words import said, word


def as_text(value: Any) -> str:
    """Return a value of a place as text, "" where it is null."""
    return "" if value is None or pd.isna(value) else str(value)


def source_of(assessment: Assessment, source_id: object) -> SourceSpec | None:
    """Return the study's source of an id, or None."""
    return next((item for item in assessment.study.sources if item.id == source_id), None)


def origin(place: pd.Series[Any], column: str, assessment: Assessment) -> str:
    """Name the file and the row that a claim of a place stands in, with supplier, date and status."""
    return stands_in(as_text(place.get(column)), place.get(f"{column}_row"), assessment)


def stands_in(source_id: str, row: Any, assessment: Assessment) -> str:
    """Name a file and a row in it, with supplier, date and status; "" without a source."""
    if not source_id:
        return ""
    source = source_of(assessment, source_id)
    told = source_id if source is None else source.name
    if row is not None and not pd.isna(row) and row > 0:
        told = _("{file}, row {row}", file=told, row=int(row))
    return told + supplied(source)


def supplied(source: SourceSpec | None) -> str:
    """Return supplier, date and status of a source, in brackets."""
    if source is None or not source.supplier:
        return ""
    when = f", {language.date(source.as_of)}" if source.as_of else ""
    return f" ({said(source.supplier)}{when}; {word(source.data_status)})"
