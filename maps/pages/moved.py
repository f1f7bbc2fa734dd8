"""What differs between two assessments, in words: what was different before, areas that moved, and the files of it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from coverage.compare import Comparison
from coverage.compare.words import Words, areas_told, changes_told
from coverage.reports import write_comparison
from maps import language, style
from maps.language import _, ngettext
from maps.pages import downloads, parts

MILLION = 1e6
MOST_CHANGES = 12
MOST_ROWS = 12  # that are all shown at once
MOST_HEIGHT = 420  # pixels of a table with more
WHEN = ("before", "after")


def told(comparison: Comparison) -> None:
    """Say what differed before anything was reckoned: files, rules, prices, weights, money."""
    said = changes_told(comparison, language=language.current())
    if not said:
        st.caption(_("No file, rule, price, weight or budget differs."))
        return
    st.markdown("\n".join(f"- {style.plain(sentence)}" for sentence in said[:MOST_CHANGES]))
    if (left := len(said) - MOST_CHANGES) > 0:
        said_more = ngettext(
            "{count} more difference: see the Excel file.", "{count} more differences: see the Excel file.", left
        )
        st.caption(said_more)


def decided_otherwise(areas: pd.DataFrame) -> pd.Series:
    """Say which rows of a comparison are decided on otherwise, came or went."""
    return (areas["decision_before"] != areas["decision_after"]) | areas["move"].isin(("came", "went"))


def table(comparison: Comparison, *, names: tuple[str, str], key: str) -> None:
    """Draw the areas that differ, first those that are decided on otherwise alone; `names` are those of the sides."""
    areas = comparison.areas
    chosen = decided_otherwise(areas)
    if areas.empty:
        st.caption(_("No area differs."))
        return
    every = not chosen.any() or st.toggle(
        _("Also areas whose decision is the same ({count})", count=style.number(int((~chosen).sum()))),
        key=f"{key}-every",
        disabled=bool(chosen.all()),
    )
    if not chosen.any():
        st.caption(_("Every area is decided on as before; these stand or cost otherwise."))
    sentences = pd.Series(areas_told(comparison, language=language.current()), index=areas.index, dtype="str")
    shown = areas if every else areas[chosen]
    words, currency = Words(language.current()), str(comparison.after.summary["currency"])
    grants = [f"grant_{when}" for when in WHEN]
    written = pd.DataFrame(
        {
            "area": shown["name"],
            **{when: [_decision(row, when) for row in shown.to_dict("records")] for when in WHEN},
            **{f"rank_{when}": shown[f"rank_{when}"].astype("Float64") for when in WHEN},
            **{name: shown[name].astype(float) / MILLION for name in grants},
            "cause": [_cause(row, words) for row in shown.to_dict("records")],
            "told": sentences[shown.index],
        }
    )
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    st.dataframe(
        parts.written(written, dict.fromkeys((f"rank_{when}" for when in WHEN), 0) | dict.fromkeys(grants, 2)),
        hide_index=True,
        height="content" if len(written) <= MOST_ROWS else MOST_HEIGHT,
        key=f"{key}-table",
        column_config={
            "area": text(_("Area"), width=170),
            **{when: text(_("Decision: {side}", side=side)) for when, side in zip(WHEN, names, strict=True)},
            **{f"rank_{when}": number(_("Rank: {side}", side=side)) for when, side in zip(WHEN, names, strict=True)},
            **{
                f"grant_{when}": number(_("Grant, {money}: {side}", money=style.millions(currency), side=side))
                for when, side in zip(WHEN, names, strict=True)
            },
            "cause": text(_("Cause"), width=150),
            "told": text(_("What became of it, and why"), width=520),
        },
    )


def _decision(row: dict[str, object], when: str) -> str:
    code = row[f"decision_{when}"]
    return "–" if pd.isna(code) else style.decision(str(code), float(str(row[f"grant_{when}"])))


def _cause(row: dict[str, object], words: Words) -> str:
    """Name the causes that are certain, then those that cannot be excluded."""
    certain, possible = words.causes(str(row["causes"])), words.causes(str(row["possible_causes"]))
    if not possible:
        return certain
    perhaps = _("possibly {causes}", causes=possible)
    return f"{certain}; {perhaps}" if certain else perhaps


def files(comparison: Comparison, *, study: str) -> None:
    """Draw the buttons that save the comparison: what `python -m coverage compare` writes."""
    spoken = language.current()  # asked now: the file is made later, where no session is known
    with st.container(horizontal=True):
        for ending in ("xlsx", "csv"):
            downloads.file(
                _("Comparison, {format}", format=_(downloads.GOOD_FOR[ending][0])),
                lambda path: write_comparison(comparison, path, spoken),
                name=f"comparison-{study}.{ending}",
            )


def counted(comparison: Comparison) -> str:
    """Say in one sentence how many areas are funded now and were not, no longer, and as before."""
    counts = comparison.counts()
    after = comparison.after.areas
    stay = int((after["decision"] == "fund").sum()) - counts["now_funded"]
    return _(
        "Funded on both sides: {stay} areas; now and not before: {new}; no longer: {gone}.",
        stay=style.number(stay),
        new=style.number(counts["now_funded"]),
        gone=style.number(counts["no_longer_funded"]),
    )
