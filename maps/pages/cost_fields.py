"""The cost book as a table whose values can be typed over; what is typed is part of the scenario and its address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.costbook import INDEX_PREFIX, CostBook, CostItem, load_costs
from coverage.errors import PolicyError
from coverage.scenario import Pairs
from coverage.study import Study
from maps import style, words
from maps.language import N_, _
from maps.pages import parts
from maps.session import Key
from maps.store import digest

REFUSED: Final = "costs-refused"  # why the last value that was typed was not taken
ALL, ASSUMED, CHANGED = "all", "assumed", "changed"
SHOWN: Final = {ALL: N_("all"), ASSUMED: N_("to be confirmed"), CHANGED: N_("changed here")}


def render(assessment: Assessment) -> None:
    """Draw the book with the field for each value, and below it the price index, which is no unit figure."""
    study, changed = assessment.study, assessment.scenario.costs
    own = load_costs(study.costs, currency=study.currency, price_year=study.price_year)
    assumed = own.assumed()
    st.caption(
        _(
            "{count} figures, {assumed} of them general knowledge (⚑) that the county must confirm.",
            count=len(own.items),
            assumed=len(assumed),
        )
    )
    choices = [ALL, ASSUMED, *([CHANGED] if changed else [])]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = st.segmented_control(
            _("Show"), choices, default=ALL, key="costs-which", format_func=lambda code: _(SHOWN[code])
        )
        if changed:
            st.button(
                _("Back to the book's values"), key="costs-back", on_click=_take, args=((),), icon=":material/undo:"
            )
    if told := st.session_state.get(REFUSED):
        st.error(style.plain(told), icon=":material/error:")
        st.caption(_("Nothing was changed."))
    _editor(assessment, own, which or ALL)
    index = [item for item in own.items if item.item.startswith(INDEX_PREFIX)]
    if index:
        with st.expander(_("Price index")):
            st.dataframe(
                parts.written(pd.DataFrame([_told(item) for item in index]), {"value": None}),
                hide_index=True,
                column_config={**_columns(), "low": None, "high": None},
            )


def _editor(assessment: Assessment, own: CostBook, which: str) -> None:
    """Draw the unit figures; only their values can be typed."""
    study, changed = assessment.study, dict(assessment.scenario.costs)
    items = [
        item
        for item in assessment.costs.items
        if not item.item.startswith(INDEX_PREFIX)
        and (which == ALL or (item.item in changed if which == CHANGED else own[item.item].confidence == "assumed"))
    ]
    rows = [
        {**_told(item), "book": own[item.item].value} for item in items
    ]  # fmt: skip
    # Another table gets another key: what was typed into the one before it has been taken over.
    key = f"costs-{digest(sorted(changed.items()), which)}"
    st.data_editor(
        pd.DataFrame(rows, columns=["item", "value", "book", "low", "high", "unit", "year", "confidence", "source"]),
        key=key,
        hide_index=True,
        height=520,
        disabled=[name for name in _columns() if name != "value"],
        column_config=_columns(),
        on_change=_typed,
        args=(key, study, [item.item for item in items]),
    )


def _told(item: CostItem) -> dict[str, Any]:
    return {
        "item": parts.item(item.item),
        "value": item.value,
        "low": item.low,
        "high": item.high,
        "unit": words.said(item.unit),
        "year": item.year,
        "confidence": parts.marked(item.confidence),
        "source": words.said(item.source),
    }


def _columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "item": _("item"),
        "value": number(
            _("value"), format="localized", min_value=0.0,
            help=_("Type another value here; empty puts the book's back. Its range is scaled with it."),
        ),
        "book": number(_("in the cost book"), format="localized"),
        "low": number(_("low"), format="localized"),
        "high": number(_("high"), format="localized"),
        "unit": _("unit"),
        "year": number(_("year"), format="%d"),
        "confidence": _("confidence"),
        "source": _("source"),
    }  # fmt: skip


def _typed(key: str, study: Study, items: list[str]) -> None:
    """Take over what was typed, unless the book refuses it."""
    edited: Mapping[int, Mapping[str, Any]] = st.session_state[key]["edited_rows"]
    typed = {items[row]: change["value"] for row, change in edited.items() if "value" in change}
    costs, refused = changed_costs(study, st.session_state[Key.EXTRA].costs, typed)
    _take(costs)
    st.session_state[REFUSED] = refused


def _take(costs: Pairs) -> None:
    st.session_state[Key.EXTRA] = st.session_state[Key.EXTRA].with_changes(costs=costs)
    st.session_state[REFUSED] = ""


def changed_costs(study: Study, before: Pairs, typed: Mapping[str, float | None]) -> tuple[Pairs, str]:
    """Return the costs that differ from the study's book after some values were typed (None: the book's own again).

    Where the book refuses one, the costs stay as they were, and the second value says why.
    """
    own = load_costs(study.costs, currency=study.currency, price_year=study.price_year)
    whole = {**dict(before), **typed}
    kept = sorted(
        (name, float(value)) for name, value in whole.items() if value is not None and float(value) != own[name].value
    )
    try:
        load_costs(study.costs, currency=study.currency, price_year=study.price_year, overrides=tuple(kept))
    except PolicyError as error:
        return before, f"{error}"
    return tuple(kept), ""
