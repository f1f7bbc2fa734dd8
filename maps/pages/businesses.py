"""The businesses in figures: by size, line of business, ground of farms and fish farms, and distance to a hub."""

from __future__ import annotations

import re
from typing import Any, Final

import pandas as pd
import streamlit as st

from coverage import business
from coverage.assessment import Assessment
from maps import charts, language, style
from maps.language import N_, _, ngettext
from maps.pages import charted, parts
from maps.words import word

GROUNDS: Final = {"land": N_("farms and forestry, on land"), "sea": N_("fishing and aquaculture, at sea")}
COUNTS: Final = ("businesses", "short", "eligible", "employees")
_DISTANCE: Final = re.compile(r"(up_to|over)_([\d.]+)_km")


def render(assessment: Assessment, codes: tuple[str, ...]) -> None:
    """Draw the figures of the whole study, or of the chosen municipalities; nothing where no business is told apart."""
    figures = of(assessment, codes)
    if not figures or not figures["by_headcount"]:
        return
    st.subheader(_("Businesses: who is short of service"))
    left, right = st.columns([1, 1.15], gap="large")
    sections = _sections(figures)
    with left:
        _by_size(figures)
        _by_distance(figures)
        _by_ground(assessment, figures)
    with right:
        parts.caption_of(_("By line of business"))
        if (sections["short"] > 0).any():
            ordered = sections.sort_values("short", ascending=False)
            charted.show(
                charts.short_sections(ordered),
                ordered,
                about=_("Businesses short of fixed service by line of business, divided by who is eligible."),
                columns={"line": _("line of business"), **_count_columns()},
                name="businesses-by-line",
                assessment=assessment,
            )
        else:
            st.caption(_("No business here is short of fixed service."))
    with st.expander(_("Every line of business (NACE section)")):
        st.dataframe(
            parts.written(sections, {**dict.fromkeys(COUNTS, 0), "share": 1}),
            hide_index=True,
            column_config={
                "section": _("section"),
                "line": _("line of business"),
                "standard": _("classification"),
                **_count_columns(),
            },
        )


def of(assessment: Assessment, codes: tuple[str, ...]) -> dict[str, Any]:
    """Return the figures that the summary has of the study, or those that the model counts of some municipalities."""
    if not codes:
        return dict(assessment.summary.get("businesses", {}))
    if "nace_section" not in assessment.places:
        return {}
    places = assessment.places
    return business.summarise_profile(places[places["municipality_code"].isin(codes)])


def _count_columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "businesses": number(_("businesses")),
        "short": number(_("short"), help=_("Short of fixed service.")),
        "share": number(_("short, %")),
        "eligible": number(_("eligible"), help=_("Eligible for support.")),
        "employees": number(
            _("employees"), help=_("Reported by the businesses; where none is reported, none is counted.")
        ),
    }


def _counted(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    share = 100 * frame["short"] / frame["businesses"].where(frame["businesses"] > 0)
    frame.insert(list(frame.columns).index("short") + 1, "share", share.astype(float))
    return frame


def _draw(rows: list[dict[str, Any]], label: str) -> None:
    st.dataframe(
        parts.written(_counted(rows), {**dict.fromkeys(COUNTS, 0), "share": 1}),
        hide_index=True,
        column_config={"what": label, **_count_columns()},
    )


def _by_size(figures: dict[str, Any]) -> None:
    _draw(
        [{"what": word(size), **counts} for size, counts in figures["by_headcount"].items()],
        _("size class by headcount"),
    )


def _by_distance(figures: dict[str, Any]) -> None:
    rows, reached = [], ""
    for code, counts in figures.get("hub_distance", {}).items():  # nearest first
        label, reached = _distance(code, reached)
        rows.append({"what": label, **counts})
    if "in_business_parks" in figures:
        rows.append({"what": _("in a business park"), **figures["in_business_parks"]})
    if rows:
        _draw(rows, _("to the nearest support hub"))


def _distance(code: str, begins: str) -> tuple[str, str]:
    """Return the words for a band of distances that the model calls `up_to_30_km`, and where the next one begins."""
    found = _DISTANCE.fullmatch(code)
    if found is None:
        return code, ""
    ends = style.length(1000 * float(found[2]))
    if found[1] == "over":
        return _("over {distance}", distance=ends), ends
    return (_("{begins} to {ends}", begins=begins, ends=ends) if begins else _("up to {distance}", distance=ends)), ends


def _by_ground(assessment: Assessment, figures: dict[str, Any]) -> None:
    """Say how much of the ground that farms and fish farms work on has mobile coverage, as far as it is known."""
    lines = []
    level = word(assessment.policy.mobile.level)
    for ground, found in figures["works_on"].items():
        if not found["businesses"]:
            continue
        told = ngettext(
            "{count} business", "{count} businesses", found["businesses"], count=style.number(found["businesses"])
        )
        if found["covered_share"] is None:
            how = _("how much of their ground has mobile coverage is not known")
        else:
            how = _(
                "{share} of their ground has “{level}” mobile coverage or better; of {known} all of it is covered at "
                "{wholly} and nothing at {nothing}",
                share=style.percent(found["covered_share"]),
                level=level,
                known=style.number(found["told"]),
                wholly=style.number(found["wholly_covered"]),
                nothing=style.number(found["not_covered"]),
            )
        lines.append(f"- {style.plain(_(GROUNDS[ground]))}: {style.plain(told)}; {style.plain(how)}.")
    if lines:
        parts.caption_of(_("Mobile coverage where they work"))
        st.markdown("\n".join(lines))


def _sections(figures: dict[str, Any]) -> pd.DataFrame:
    """Return a row per section, by letter, with its name in the reader's language."""
    rows = [
        {
            "section": row["section"] or "–",
            "line": row[f"name_{language.current()}"] or _("not stated"),
            "standard": (row["standard"] or "").upper(),
            **{name: float(row[name]) for name in COUNTS},
        }
        for row in figures["by_section"]
    ]
    return _counted(rows) if rows else pd.DataFrame(columns=["section", "line", "standard", *COUNTS, "share"])
