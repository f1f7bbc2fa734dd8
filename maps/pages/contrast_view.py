"""Explore with a second policy beside the first: the map, the counts, why under both, municipalities, downloads."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.contrast import OUTCOMES, Contrast, contrast
from coverage.policy import list_policies, load_policy
from coverage.reports import contrast_table
from maps import language, session, style
from maps.contrast import charts
from maps.contrast.layers import LEAST, groups, short_name
from maps.filters import ALL
from maps.language import N_, _
from maps.pages import charted, map_view, parts, why
from maps.pages.downloads import GOOD_FOR, MIME
from maps.picking import Index, Picked, pick
from maps.session import Key, View
from maps.store import STORE

COUNTED: Final = {"businesses": N_("businesses"), "households": N_("homes"), "premises": N_("all premises")}
# What a comparison asks of judged places.
JUDGED: Final = [
    "place_id", "municipality_code", "kind", "weight", "tier", "eligible", "reason_code", "short_fixed",
    "service_basis", "geometry",
]  # fmt: skip
MOST_BARS: Final = 45
MOST_ROWS: Final = 460  # pixels of the table


def choose(assessment: Assessment) -> None:
    """Draw the field that names the policy to compare with; none by default, and none but for internal readers."""
    if not assessment.audience.internal:
        return
    field, policy = f"{Key.AGAINST}-field", assessment.policy
    st.session_state[field] = session.against(policy.id)
    others = [name for name in list_policies() if name != policy.id]
    near = sorted(others, key=lambda name: (load_policy(name).country not in (policy.country, "eu"), name))
    st.selectbox(
        _("Compare with another policy"),
        [None, *near],
        format_func=lambda name: _("no comparison") if name is None else short_name(name),
        key=field,
        placeholder=_("no comparison"),
        on_change=session.choose_against,
        width=260,
    )


def find(assessment: Assessment, found: Contrast, key: str, at: tuple[float, float], code: str = ALL) -> Picked:
    """Return what was clicked under a filter; of two places, one that either policy supports comes first."""
    entry = STORE.held(key, assessment)
    supported = ((found.places["eligible_a"] > 0) | (found.places["eligible_b"] > 0)).to_numpy()

    def build(given: Assessment) -> Index:
        return Index.build(given.places, first=supported, shown=entry.rows(code))

    return pick(assessment, entry.filtered("index", code, build), lat=at[0], lon=at[1])


def show_map(
    view: View,
    found: Contrast,
    key: str,
    *,
    height: int,
    places: str,
    focus: gpd.GeoDataFrame | None,
    mark: gpd.GeoSeries | None,
) -> None:
    """Draw the comparison on the map that Explore has."""
    seen = view.assessment.municipalities if focus is None else focus
    map_view.show(
        view,
        key=Key.MAP,
        height=height,
        instead=lambda base: groups(found, key=key, base=base, places=places, focus=seen, mark=mark),
    )


def panel(assessment: Assessment, found: Contrast, picked: Picked) -> str:
    """Return why the place that was clicked is judged as it is, under both policies."""
    if picked.place is None:
        return why.panel(assessment, picked)
    judged = dataclasses.replace(assessment, policy=load_policy(found.policy_b), places=found.judged_b)
    names = short_name(found.policy_a), short_name(found.policy_b)
    row = found.places.loc[picked.place.name]
    sides = [
        (names[0], style.sign("only_a"), dataclasses.replace(assessment, places=found.judged_a)),
        (names[1], style.sign("only_b"), judged),
    ]
    return why.panel_of_two(sides, picked, _outcome(row, names))


def _outcome(row: pd.Series[Any], names: tuple[str, str]) -> str:
    if 0 < row["changed"] < row["weight"] * 0.995:
        return _("An expected share of such premises changes: not known for this one")
    return {
        "both": _("Eligible under both policies"),
        "only_a": _("Eligible under {policy} alone", policy=names[0]),
        "only_b": _("Eligible under {policy} alone", policy=names[1]),
        "neither": _("Eligible under neither policy"),
    }[str(row["contrast"])]


def under(assessment: Assessment, found: Contrast, key: str, code: str) -> Contrast:
    """Return the comparison of the places that a filter lets through."""
    entry = STORE.held(key, assessment)
    rows = entry.rows(code)
    if rows is None:
        return found

    def narrow(_given: Assessment) -> Contrast:
        judged = (places[JUDGED][rows] for places in (found.judged_a, found.judged_b))
        return contrast(*judged, policy_a=load_policy(found.policy_a), policy_b=load_policy(found.policy_b))

    return entry.filtered("contrast", code, narrow)


def counts(found: Contrast, title: str) -> str:
    """Return the counts of a comparison as an HTML table."""
    row = found.total
    names = short_name(found.policy_a), short_name(found.policy_b)
    labels = {
        "both": _("both policies"),
        "only_a": _("{policy} alone", policy=names[0]),
        "only_b": _("{policy} alone", policy=names[1]),
        "neither": _("neither"),
    }
    head = "".join(f"<th scope='col'>{style.escape(_(text))}</th>" for text in COUNTED.values())
    lines = []
    for outcome in OUTCOMES:
        cells = "".join(f"<td>{style.number(round(float(row[f'{what}_{outcome}'])))}</td>" for what in COUNTED)
        sign = style.sign(outcome) if outcome in style.CONTRAST_COLOURS else ""
        lines.append(f"<tr><th scope='row'>{sign}{style.escape(labels[outcome])}</th>{cells}</tr>")
    about = style.escape(_("eligible for support under"))
    told = "".join(f"<div>{style.escape(text)}</div>" for text in _sentences(row, names))
    return (
        f'<div class="bg-panel"><h4>{style.escape(title)}</h4>'
        f'<div class="bg-sub">{about}</div>'
        '<div class="bg-narrow"><table class="bg-counts">'
        f"<tr><td></td>{head}</tr>{''.join(lines)}</table></div><hr>{told}</div>"
    )


def _sentences(row: pd.Series[Any], names: tuple[str, str]) -> list[str]:
    """Say what the second policy adds and what it leaves out."""
    if row["premises_only_a"] < LEAST and row["premises_only_b"] < LEAST:
        return [_("Nothing changes: the same premises are eligible under both.")]
    said = {
        "only_b": _("{policy} adds {businesses} businesses and {homes} homes."),
        "only_a": _("{policy} leaves out {businesses} businesses and {homes} homes."),
    }
    return [
        text.format(
            policy=names[1],
            businesses=style.number(round(float(row[f"businesses_{way}"]))),
            homes=style.number(round(float(row[f"households_{way}"]))),
        )
        for way, text in said.items()
        if row[f"premises_{way}"] >= LEAST
    ]


def below(assessment: Assessment, found: Contrast, chosen: Contrast) -> None:
    """Draw the chart of municipalities and their table, of what a filter leaves, and the downloads of all of it."""
    names = short_name(found.policy_a), short_name(found.policy_b)
    left, right = st.columns([1, 1.25], gap="large")
    with left:
        st.subheader(_("What changes, by municipality"))
        with st.container(horizontal=True):
            what = (
                st.segmented_control(
                    _("Premises"),
                    list(COUNTED),
                    format_func=lambda what: _(COUNTED[what]),
                    default="premises",
                    key="contrast-counted",
                    label_visibility="collapsed",
                )
                or "premises"
            )
            share = st.toggle(_("as a share"), value=True, key="contrast-share")
        frame = charts.by_municipality(chosen, assessment.municipalities, what=what)
        shown = frame["code"].drop_duplicates().head(MOST_BARS)
        if frame.empty:
            st.caption(_("Nothing changes: the same premises are eligible under both."))
        else:
            if frame["code"].nunique() > MOST_BARS:
                left_out = frame["code"].nunique() - MOST_BARS
                st.caption(
                    _(
                        "The {shown} municipalities with most; {left_out} more are not shown.",
                        shown=MOST_BARS,
                        left_out=left_out,
                    )
                )
            kept = frame[frame["code"].isin(shown)]
            alone = {f"only_{side}": _("{policy} alone", policy=name) for side, name in zip("ab", names, strict=True)}
            charted.show(
                charts.sides(kept, chosen, share=share, unit=_(COUNTED[what])),
                kept.assign(label=kept["outcome"].map(alone)),
                about=_("Premises that one of the two policies alone supports, by municipality."),
                columns={
                    "municipality": _("municipality"),
                    "label": _("eligible under"),
                    "premises": _(COUNTED[what]),
                    "share": _("share"),
                },
                name="contrast-by-municipality",
                assessment=assessment,
            )
    with right:
        st.subheader(_("{a} against {b}", a=names[0], b=names[1]))
        _table(assessment, chosen, names)
        st.caption(
            _("Only who is eligible is compared: areas, costs and the priority list follow {policy}.", policy=names[0])
        )
        _downloads(assessment, found)


def _table(assessment: Assessment, found: Contrast, names: tuple[str, str]) -> None:
    rows = contrast_table.municipality_counts(found, municipalities=assessment.municipalities, study=assessment.study)
    table = pd.DataFrame(rows.drop(columns=rows.geometry.name))
    alone = {"only_a": _("{policy} alone", policy=names[0]), "only_b": _("{policy} alone", policy=names[1])}
    alone = {way: text for way, text in alone.items() if found.total[f"premises_{way}"] >= LEAST}
    shown = pd.DataFrame(
        {
            "name": table["municipality"].fillna(table["municipality_code"]),
            "changed": table["premises_changed"],
            "share": 100 * table["premises_changed"] / table["premises"].where(table["premises"] > 0),
        }
        | {f"{what}_{way}": table[f"{what}_{way}"] for way in alone for what in COUNTED if what != "premises"}
    )
    config = {
        "name": st.column_config.Column(_("municipality")),
        "changed": st.column_config.Column(_("premises that change")),
        "share": st.column_config.Column(_("share, %")),
    } | {
        f"{what}_{way}": st.column_config.Column(f"{style.CONTRAST_SIGNS[way]} {_(text)}", help=f"{_(text)}: {about}")
        for way, about in alone.items()
        for what, text in COUNTED.items()
        if what != "premises"
    }
    decimals: dict[str, int | None] = dict.fromkeys(list(shown)[1:], 0)
    st.dataframe(
        parts.written(shown, decimals | {"share": 1}),
        hide_index=True,
        height=min(MOST_ROWS, 38 + 35 * max(len(shown), 1)),
        column_config=config,
    )
    if alone:
        st.caption("   ".join(f"{style.CONTRAST_SIGNS[way]} {style.plain(about)}" for way, about in alone.items()))


def _downloads(assessment: Assessment, found: Contrast) -> None:
    """Draw a button per file; each is made when it is asked for."""
    stem = f"contrast-{assessment.study.id}-{found.policy_a}-{found.policy_b}"
    with st.container(horizontal=True):
        for label, ending, part in (
            (N_("Municipalities, CSV"), "csv", "municipalities"),
            (N_("Places that change, CSV"), "csv", "places"),
            (N_("Excel"), "xlsx", ""),
            (N_("GeoPackage"), "gpkg", ""),
        ):
            name = f"{stem}-{part}" if part else stem
            st.download_button(
                _(label),
                data=later(assessment, found, ending=ending, part=part),
                file_name=f"{name}.{ending}",
                mime=MIME[ending],
                key=f"contrast-{part}-{ending}",
                on_click="ignore",
                width="content",
                help=_(GOOD_FOR[ending][1]),
                icon=":material/download:",
            )


def later(assessment: Assessment, found: Contrast, *, ending: str, part: str) -> Callable[[], bytes]:
    """Return what makes a file of the comparison: the table of `part`, or both tables in one file."""
    spoken = language.current()  # asked now: the file is made later, where no session is known

    def make() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"contrast.{ending}"
            if part == "places":
                contrast_table.write_places(found, path, study=assessment.study)
            else:
                contrast_table.write_contrast(
                    found, path, municipalities=assessment.municipalities, study=assessment.study, language=spoken
                )
            return path.read_bytes()

    return make
