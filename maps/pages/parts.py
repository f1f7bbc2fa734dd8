"""Small parts that several pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.kinds import is_mobile
from coverage.reports.wording import load_wording
from maps import language, style
from maps.language import _, ngettext
from maps.words import word

MOST_CELLS: Final = 200_000  # Streamlit refuses to write more of them in a form of their own


def written(frame: pd.DataFrame, decimals: Mapping[str, int | None]) -> Any:
    """Return a table whose numbers stand in the reader's form, still sorted as numbers.

    `decimals` gives the count of decimals by column, None as many as a figure needs. A very large table stays as it is.
    """
    if frame.size > MOST_CELLS:
        return frame
    forms = {
        name: style.exact if count is None else lambda value, count=count: style.fixed(value, decimals=count)
        for name, count in decimals.items()
        if name in frame
    }
    return frame.style.format(forms, na_rep="")


def without(table: Any, rows: Any, columns: Iterable[str]) -> Any:
    """Return a table of `written` with nothing in some columns of the rows told by `rows` (bools, in its order)."""
    if not hasattr(table, "format"):  # very large: left as it is
        return table
    there = [name for name in columns if name in table.data]
    return table.format(lambda _value: "", subset=pd.IndexSlice[table.data.index[rows], there])


def item(code: str) -> str:
    """Return the name of a figure of the cost book or of the study."""
    name = load_wording(language.current()).item(code)
    return code.replace("_", " ") if name == code else name


def marked(confidence: str) -> str:
    """Return how far a figure is to be trusted, with a mark where it is general knowledge or not confirmed."""
    return f"{word(confidence)}" if confidence in ("published", "derived") else f"⚑ {word(confidence)}"


def or_bring(assessment: Assessment) -> None:
    """Say that a file may also be brought for this session alone, to those who may."""
    if assessment.audience.internal:
        st.caption(_("Or bring the file under “Own files”: it then counts in this session alone."))


def date_column(label: str) -> Any:
    """Return a column of dates in the reader's form."""
    return st.column_config.DateColumn(label, format="YYYY-MM-DD" if language.current() == "en" else "DD.MM.YYYY")


def headline(figures: Iterable[tuple[str, str, str]]) -> None:
    """Draw figures side by side, as many to a line as fit: label, value, and what the reader should know of it."""
    with st.container(horizontal=True, gap="medium"):
        for label, value, about in figures:
            st.metric(label, value, help=about or None, width="content")


def caption_of(text: str) -> None:
    """Draw what stands over a table or a chart that is one of several under a heading."""
    st.markdown(f"**{style.plain(text)}**")


def definitions(pairs: Iterable[tuple[str, str]]) -> str:
    """Return labels and texts as an HTML list; they are escaped here, and pairs without a text left out."""
    return "<dl>" + "".join(f"<dt>{style.escape(k)}</dt><dd>{style.escape(v)}</dd>" for k, v in pairs if v) + "</dl>"


def head(title: str, subtitle: str) -> str:
    """Return the heading of a panel as HTML; both texts are escaped."""
    return f"<h4>{style.escape(title)}</h4><div class='bg-sub'>{style.escape(subtitle)}</div>"


def areas_and_masts(areas: pd.DataFrame) -> str:
    """Count areas by kind, which are never added up: `9 areas`, and with mobile ones `9 areas, 4 masts`."""
    masts = int(is_mobile(areas).sum())
    fixed = len(areas) - masts
    said = [ngettext("{count} area", "{count} areas", fixed, count=style.number(fixed))]
    if masts:
        said.append(ngettext("{count} mast", "{count} masts", masts, count=style.number(masts)))
    return ", ".join(said)
