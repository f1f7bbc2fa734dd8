"""What differs between two assessments, in words: what was different before, areas that moved, and the files of it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from coverage.compare import Comparison
from coverage.compare.words import Words, areas_told, changes_told
from coverage.reports import write_comparison
from maps import language, style
from maps.language import _, ngettext
from maps.pages import downloads

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


@st.fragment
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
    rows = shown.to_dict("records")
    written = pd.DataFrame(
        {
            "area": shown["name"],
            **{when: [_decision(row, when) for row in rows] for when in WHEN},
            "rank": [_both(row, "rank", 1, decimals=0) for row in rows],
            "grant": [_both(row, "grant", MILLION, decimals=2) for row in rows],
            "cause": [_cause(row, words) for row in rows],
            "told": sentences[shown.index],
        }
    )
    text = st.column_config.TextColumn
    st.dataframe(
        written,
        hide_index=True,
        height="content" if len(written) <= MOST_ROWS else MOST_HEIGHT,
        key=f"{key}-table",
        column_config={
            "area": text(_("Area"), width=170),
            **{when: text(side, width=105, help=_("Decision")) for when, side in zip(WHEN, names, strict=True)},
            "rank": text(_("Rank"), width=90),
            "grant": text(_("Grant, {money}", money=style.millions(currency)), width=125),
            "cause": text(_("Cause"), width=150),
            "told": text(_("What became of it, and why"), width=520),
        },
    )


def _decision(row: dict[str, object], when: str) -> str:
    code = row[f"decision_{when}"]
    return "–" if pd.isna(code) else style.decision(str(code), float(str(row[f"grant_{when}"])))


def _both(row: dict[str, object], name: str, size: float, *, decimals: int) -> str:
    """Write a figure of both sides, once where it is the same."""
    values = [float(str(row[f"{name}_{when}"])) / size for when in WHEN]
    one, other = ("–" if pd.isna(value) else style.fixed(value, decimals=decimals) for value in values)
    return one if one == other else f"{one} → {other}"


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
