"""Past awards beside the model: how far it was off by size and terrain, and the prices fitted from that."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from coverage.backcast import CLASSES, Backcast, backcast
from coverage.backcast_tables import backcast_tables, in_words, scenario_text
from coverage.calibration import OVERALL
from coverage.errors import CoverageError
from coverage.reports.side_books import write_backcast
from coverage.reports.wording import load_wording
from coverage.scenario import Scenario
from maps import audience, charts, language, style, words, work
from maps.halt import stop
from maps.language import _, ngettext
from maps.pages import charted, downloads, parts
from maps.patience import wait
from maps.session import Key, View
from maps.store import Shelf
from maps.words import word

AWARDS: Final = "awards"  # the role of a source
_FOUND: Final = Shelf(6)


def render(view: View) -> None:
    """Draw the button that looks back, and what it finds; an empty state where the study has no awards."""
    if not any(source.role == AWARDS for source in view.assessment.study.sources):
        st.info(
            _(
                "This study has no past awards. To look back on them, name their file in study.toml as a source with "
                '`role = "awards"`: year, premises and total cost; grant, metres of route, terrain or an outline where '
                "they are known."
            )
        )
        parts.or_bring(view.assessment)
        return
    if audience.withheld(view.assessment):
        return
    st.caption(
        _(
            "What the cost book's own figures would have said of each award, in the prices of {year}. Nothing is "
            "changed by looking.",
            year=view.assessment.study.price_year,
        )
    )
    found = _look_back(view)
    if found is not None:
        _show(view, found)


def asked_of(scenario: Scenario, *, budget: float) -> Scenario:
    """Return what the look back depends on: prices are the book's own, so that fitted ones are not fitted again."""
    return scenario.with_changes(costs=(), weights=(), budget=budget)


def _look_back(view: View) -> Backcast | None:
    """Return what was found; None until somebody has asked."""
    study, policy = view.assessment.study, view.assessment.policy
    scenario = asked_of(view.assessment.scenario, budget=study.budget)
    key, ready = work.prepare(study, policy)
    room = st.empty()
    found: Backcast | None = _FOUND.peek((key, scenario))
    if found is not None:
        return found
    with room.container():
        if not st.button(_("Look back"), key="look-back-run", icon=":material/history:", type="primary"):
            return None
    try:
        with room.container():
            found = wait(
                _FOUND,
                (key, scenario),
                lambda _note: backcast(ready, scenario),
                said=lambda *_step: _("Setting the model beside past awards"),
                cancelled=lambda: None,  # nothing to take back: the button has to be pressed again
            )
    except CoverageError as error:
        stop(error, help_text=_("Nothing was changed. Correct the file, then reload this page."))
    room.empty()
    return found


def _show(view: View, found: Backcast) -> None:
    compared, fitted = int((found.awards["basis"] != "").sum()), int(found.awards["fitted"].sum())
    parts.headline(
        [
            (_("awards"), style.number(len(found.awards)), ""),
            (_("set beside the model"), style.number(compared), ""),
            (_("fitted"), style.number(fitted), _("Those with an outline, a project area or metres of route.")),
            *(
                (_("multiplier, {technology}", technology=word(name)), _factor(value), _about_multiplier())
                for name, value in sorted(found.multipliers.items())
            ),
        ]
    )
    st.subheader(_("How far the model is off"))
    if fitted:
        left, right = st.columns([1, 1.3], gap="medium")
        with left:
            charted.show(
                _chart(found),
                found.awards[found.awards["fitted"]],
                about=_("The model's cost over the actual one, award by award; 1 is where they agree."),
                columns={"award_id": _("award"), "cost_ratio": _("model / actual cost")},
                name="past-awards-ratio",
                assessment=view.assessment,
            )
        with right:
            _classes(found)
    else:
        st.info(load_wording(language.current()).text("backcast_book", "nothing_fitted"))
    st.subheader(_("Award by award"))
    _awards(found)
    study, policy, wording = view.assessment.study, view.assessment.policy, load_wording(language.current())

    def write(path: Path) -> None:
        write_backcast(backcast_tables(found, study=study), path, study=study, policy=policy, wording=wording)

    downloads.file(_("All of it as Excel"), write, name=f"past-awards-{study.id}.xlsx")
    if found.multipliers:
        _prices(view, found)


def _about_multiplier() -> str:
    return _("What the model's cost is to be multiplied by: from the median, drawn towards 1 while awards are few.")


def _factor(value: float) -> str:
    return style.fixed(value, decimals=2)


def _columns(found: Backcast, *names: str) -> dict[str, Any]:
    """Return the columns of a table with the labels and meanings that the reports give them."""
    wording = load_wording(language.current())
    told = {
        name: wording.lines("backcast_columns", name, currency=found.currency, price_year=found.price_year)
        for name in names
    }
    return {name: st.column_config.Column(label, help=meaning) for name, (label, meaning) in told.items()}


def _classes(found: Backcast) -> None:
    wording, table = load_wording(language.current()), found.classes
    whole = table["by"] == OVERALL
    order = {name: at for at, name in enumerate(_in_order(found, "size_class"))}
    table = table.assign(order=table["class"].map(order).fillna(0))
    table = table.sort_values(["technology", "by", "order"], kind="stable")  # "all" comes first
    names = ["by", "class", "awards", "median_ratio", "multiplier", "spread"]
    if len(table["technology"].unique()) > 1:
        names.insert(0, "technology")
    shown = table.assign(
        technology=table["technology"].map(word),
        by=table["by"].map(lambda code: wording.value("by", code)),
        spread=table["spread"].map(lambda value: _factor(value) or "–"),
        **{"class": table["class"].map(wording.said).mask(whole, "")},
    )[names]
    st.dataframe(
        parts.written(shown, {"awards": 0, "median_ratio": 2, "multiplier": 2}),
        hide_index=True,
        column_config=_columns(found, *names),
    )


def _in_order(found: Backcast, column: str) -> list[str]:
    """List the classes of fitted awards: sizes from small to large, terrain by name."""
    used = found.awards[found.awards["fitted"]].sort_values(column)
    if column == "size_class":
        used = used.sort_values("premises")
    return [str(name) for name in used[column].drop_duplicates()]


def _awards(found: Backcast) -> None:
    wording, table = load_wording(language.current()), found.awards
    names = [
        "award_id", "name", "year", "technology", "premises", "actual_cost", "model_cost", "cost_ratio", "actual_grant",
        "model_grant", "grant_ratio", "basis", "size_class", "terrain_class", "fitted", "note",
    ]  # fmt: skip
    names = [name for name in names if name != "name" or table["name"].notna().any()]
    shown = table.assign(
        name=table["name"].fillna(""),
        technology=table["technology"].map(word),
        basis=table["basis"].map(lambda code: wording.value("basis", code)),
        size_class=table["size_class"].map(wording.said),
        terrain_class=table["terrain_class"].map(wording.said),
        note=table["note"].map(lambda note: in_words(note, wording)),
    )[names]
    money = dict.fromkeys(("actual_cost", "model_cost", "actual_grant", "model_grant", "premises"), 0)
    config = _columns(found, *names)
    config["year"] = st.column_config.NumberColumn(config["year"]["label"], help=config["year"]["help"], format="%d")
    st.dataframe(
        parts.written(shown, {**money, "cost_ratio": 2, "grant_ratio": 2}),
        hide_index=True,
        height=min(430, 38 + 35 * max(1, len(shown))),
        column_config=config,
    )


def _chart(found: Backcast) -> Any:
    """Return a point per award: model over actual on a scale of factors, by size and by terrain, with a rule at 1."""
    wording, used = load_wording(language.current()), found.awards[found.awards["fitted"]]
    heads = {code: wording.value("by", code) for code in CLASSES}
    data = pd.concat(
        [
            pd.DataFrame(
                {
                    "by": heads[code],
                    "class": used[column].map(wording.said).replace("", _("not stated")),
                    "ratio": used["cost_ratio"],
                    "award": used["award_id"],
                    "technology": used["technology"].map(word),
                }
            )
            for code, column in CLASSES.items()
        ]
    )
    order = [wording.said(name) for column in CLASSES.values() for name in _in_order(found, column)]
    far = max(2.0, float(np.exp(np.abs(np.log(data["ratio"])).max())))
    # So that half and double stand equally far from 1.
    scale = alt.Scale(type="log", domain=[1 / far, far])
    ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10) if 1 / far <= tick <= far]
    base = alt.Chart(data)
    points = base.mark_point(filled=True, size=60, color=style.ACCENT, opacity=0.65).encode(
        y=alt.Y("class:N", title=None, sort=order, axis=alt.Axis(labelLimit=190)),
        x=alt.X("ratio:Q", title=_("model / actual cost"), scale=scale, axis=alt.Axis(values=ticks, format=",.1~f")),
        tooltip=[
            alt.Tooltip("award:N", title=_("award")),
            alt.Tooltip("technology:N", title=_("technology")),
            alt.Tooltip("ratio:Q", title=_("model / actual cost"), format=",.2f"),
        ],
    )
    rule = base.mark_rule(color=style.INK, strokeDash=[5, 3]).encode(x=alt.datum(1))
    by = alt.Row("by:N", sort=list(heads.values()), title=None, header=alt.Header(orient="top", labelAnchor="start"))
    return charts.finished(
        (rule + points).properties(width=300, height=alt.Step(24)).facet(row=by).resolve_scale(y="independent")
    )


def _prices(view: View, found: Backcast) -> None:
    """Tell the prices before and after, and how a scenario uses them."""
    table, assessment, study = found.prices, view.assessment, view.assessment.study
    used = set(found.overrides) <= set(assessment.scenario.costs)
    st.subheader(_("The fitted prices, in use") if used else _("The fitted prices, before use"))
    if used:
        st.success(_("This scenario uses them: every figure on the other pages rests on them."))
    else:
        st.caption(_("No figure rests on them until a scenario holds them."))
    names = ["technology", "item", "unit", "book_value", "multiplier", "fitted_value"]
    shown = table[names].assign(
        technology=table["technology"].map(word),
        item=table["item"].map(parts.item),
        unit=table["unit"].map(words.said),
    )
    st.dataframe(
        parts.written(shown, {"book_value": None, "multiplier": 2, "fitted_value": None}),
        hide_index=True,
        column_config=_columns(found, *names) | {"book_value": _("price in the cost book")},
    )
    text = scenario_text(found, assessment.scenario, study=study)

    def write(path: Path) -> None:
        path.write_text(text, encoding="utf-8")

    with st.container(horizontal=True):
        if used:
            st.button(_("Back to the cost book's prices"), key="look-back-undo", on_click=_drop, args=(found,))
        else:
            st.button(_("Use these prices"), key="look-back-use", on_click=_use, args=(found,), icon=":material/check:")
        downloads.file(
            _("Scenario file with these prices"),
            write,
            name=f"scenario-{study.id}-fitted.toml",
        )
    with st.expander(
        ngettext(
            "What a scenario file needs ({count} price)",
            "What a scenario file needs ({count} prices)",
            len(found.overrides),
        )
    ):
        st.code(text, language="toml")
        st.caption(_("On the command line: the option --scenario with this file."))


def _use(found: Backcast) -> None:
    """Put the fitted prices into this session's scenario."""
    st.session_state[Key.EXTRA] = found.calibrated(st.session_state[Key.EXTRA])


def _drop(found: Backcast) -> None:
    """Take the fitted prices out of this session's scenario."""
    extra: Scenario = st.session_state[Key.EXTRA]
    fitted = set(found.overrides)
    st.session_state[Key.EXTRA] = extra.with_changes(costs=tuple(pair for pair in extra.costs if pair not in fitted))
