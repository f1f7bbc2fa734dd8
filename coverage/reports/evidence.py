"""What a verdict rests on, for exports: its reason in every language; file, row and date of the offers behind it."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage import reasons
from coverage.assessment import Assessment
from coverage.reports.wording import Wording

TEXTS: Final = ("reason", "change")
OFFERS: Final = ("fixed", "planned")  # whose `_source` and `_source_row` lead back to the data
DEFAULT: Final = "en"  # the language whose columns carry no suffix


def text_columns(language: str) -> tuple[str, ...]:
    """Return the columns that hold the texts of one language: `reason`, `change`, or with its suffix `_nb`."""
    known = language if language in reasons.LANGUAGES else DEFAULT
    return tuple(name if known == DEFAULT else f"{name}_{known}" for name in TEXTS)


def with_evidence(places: gpd.GeoDataFrame, assessment: Assessment) -> gpd.GeoDataFrame:
    """Add to judged places the texts of every language, and where the offers that they rest on are from.

    New columns: `change`, `reason_nb`, `change_nb`; for `fixed` and `planned`: `_file` (the file's name), `_as_of`
    (the date that its source describes), and `_source`, `_source_row` (null where there is none).
    """
    added: dict[str, object] = {}
    for language in reasons.LANGUAGES:
        said = reasons.explain(places, policy=assessment.policy, as_of=assessment.study.as_of, language=language)
        added |= {column: said[name].array for name, column in zip(TEXTS, text_columns(language), strict=True)}
    added["reason"] = places["reason"].array  # as it was judged
    files = {source.id: source.name for source in assessment.study.sources}
    dates = {source.id: source.as_of.isoformat() for source in assessment.study.sources if source.as_of}
    nothing = pd.Series(None, index=places.index, dtype="str")
    for offer in OFFERS:
        source = places.get(f"{offer}_source", nothing)
        row = places.get(f"{offer}_source_row", pd.Series(np.nan, index=places.index)).astype("Float64")
        added[f"{offer}_source"] = source.astype("str").array
        added[f"{offer}_source_row"] = row.where(row > 0).array  # rows count from 1; 0 stands for none
        added[f"{offer}_file"] = source.map(files).astype("str").array
        added[f"{offer}_as_of"] = source.map(dates).astype("str").array
    return places.assign(**added)


def in_language(table: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return the table without the texts of other languages than the reader's."""
    kept = set(text_columns(wording.language))
    other = {name for language in reasons.LANGUAGES for name in text_columns(language)} - kept
    return table.drop(columns=[name for name in table.columns if name in other])
