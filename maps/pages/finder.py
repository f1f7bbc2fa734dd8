"""The filters of Explore: the fields in which a reader chooses, what is left, and the line that says so."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.schemas import SERVED, SIZE_CLASSES
from maps import style
from maps.filters import ALL, COLUMNS, NOBODY, PLAIN, Filter
from maps.language import N_, _, ngettext
from maps.pages import why_profile
from maps.session import Key, View
from maps.store import STORE, Entry
from maps.themes import class_labels
from maps.words import operator, said, word

MUNICIPALITIES: Final = "explore-municipalities"  # in the session, as the fields below
AIM: Final = "explore-aim"  # likewise: what the map's view was moved to, None where it follows the municipalities
KINDS: Final = {
    ALL: N_("All premises"),
    "business": N_("Businesses"),
    "household": N_("Homes"),
    "public": N_("Public buildings"),
}
GAPS: Final = {
    "fixed": N_("short of fixed service alone"),
    "mobile": N_("short of mobile service alone"),
    "both": N_("short of both"),
    "none": N_("short of neither"),
}
# Fields behind the button, in their order.
FOLDED: Final = {
    "gaps": N_("Gap"),
    "tiers": N_("Tier"),
    "lines": N_("Line of business"),
    "sizes": N_("Size"),
    "operators": N_("Best fixed service today from"),
    "builders": N_("Build planned by"),
}
NAMED: Final = 3  # values of a field that the line names; the others it counts
LONGEST: Final = 40  # letters of one


@dataclass(frozen=True)
class Shown:
    """Hold what the page shows of an assessment.

    `left` is the assessment with the places that the filter lets through (as `filters.facts`), and with the areas that
    hold such places; `premises` counts them, `code` is what the server's routes know the filter by.
    """

    filter: Filter
    code: str
    left: Assessment
    premises: float
    all: float

    @property
    def plain(self) -> bool:
        """Tell whether everything is shown."""
        return not self.filter.chosen

    def known(self, name: str, view: View) -> Entry:
        """Return the entry of a key, a ground or a comparison, which knows the filter from now on."""
        entry = STORE.held(name, view.assessment)
        entry.register(self.filter)
        return entry


def fields(view: View) -> Filter:
    """Draw the fields in a row; return what is chosen."""
    assessment = view.assessment
    facts = STORE.held(view.ground, assessment).facts()
    there = {name: _there(facts, column) for name, column in COLUMNS.items() if column in facts}
    towns = _names(assessment, "municipalities", assessment.municipalities["municipality_code"])
    chosen = {
        "municipalities": _many(
            MUNICIPALITIES,
            _("Municipality"),
            dict(sorted(towns.items(), key=lambda town: town[1])),
            placeholder=_("All of {study}", study=said(assessment.study.name)),
            width=250,
            on_change=_follow,
        )
    }
    kinds = [ALL, *(kind for kind in KINDS if kind in there["kinds"])]
    if st.session_state.get(Key.PLACES) not in kinds:
        st.session_state[Key.PLACES] = ALL
    kind = st.segmented_control(
        _("Premises"),
        kinds,
        format_func=lambda kind: _(KINDS[kind]),
        key=Key.PLACES,
        persist_state="session",
        wrap=True,  # a phone has no room for them side by side
    )
    names = {name: _names(assessment, name, there.get(name, ())) for name in FOLDED}
    names = {name: found for name, found in names.items() if len(found) > 1}
    count = sum(bool(st.session_state.get(_key(name))) for name in names)
    label = _("Filters ({count})", count=count) if count else _("Filters")
    with st.popover(label, icon=":material/filter_list:", key="explore-filters", disabled=not names):
        for name, found in names.items():
            chosen[name] = _many(_key(name), _(FOLDED[name]), found, placeholder=_("any"), width=380)
    return dataclasses.replace(PLAIN[kind or ALL], **chosen)


def shown(view: View, chosen: Filter) -> Shown:
    """Return what is left of the assessment under a filter, and make the filter known to the server's routes."""
    ground, own = (STORE.held(name, view.assessment) for name in (view.ground, view.key))
    facts, code = ground.facts(), ground.register(chosen)
    weight = facts["weight"].to_numpy()
    rows = ground.rows(code)
    if rows is None:
        left = own.derive("left", lambda given: dataclasses.replace(given, places=facts))
        return Shown(chosen, code, left, float(weight.sum()), float(weight.sum()))

    def leave(given: Assessment) -> Assessment:
        areas = given.areas
        if chosen.municipalities:
            areas = areas[areas["municipality_code"].isin(chosen.municipalities)]
        if chosen.without("municipalities").chosen:
            held = [given.places[name][rows].unique() for name in ("area_id", "mobile_area_id") if name in given.places]
            areas = areas[areas["area_id"].isin({area for ids in held for area in ids})]
        return dataclasses.replace(given, places=facts[rows], areas=areas)

    return Shown(chosen, code, own.filtered("left", code, leave), float(weight @ rows), float(weight.sum()))


def towns(assessment: Assessment, found: Shown) -> gpd.GeoDataFrame | None:
    """Return the municipalities that were chosen; None where none was."""
    chosen = assessment.municipalities
    chosen = chosen[chosen["municipality_code"].isin(found.filter.municipalities)]
    return None if chosen.empty else chosen


def title(assessment: Assessment, found: Shown) -> str:
    """Return what the figures are of: a municipality, some of them, or the study."""
    names = [*_names(assessment, "municipalities", found.filter.municipalities).values()]
    if len(names) > 1:
        return ngettext("{count} municipality", "{count} municipalities", len(names), count=style.number(len(names)))
    return names[0] if names else said(assessment.study.name)


def line(view: View, found: Shown) -> None:
    """Say what is shown and how many premises that are, with a button that shows all again."""
    if found.plain:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="explore-shown"):
        parts = [
            _few(_names(view.assessment, name, values)[value] for value in values)
            for name, values in found.filter.chosen.items()
        ]
        if found.premises:
            said = ngettext(
                "Shown: {count} of {all} premises",
                "Shown: {count} of {all} premises",
                found.premises,
                count=style.number(found.premises, digits=3 if found.premises % 1 else None),
                all=style.number(found.all, digits=3 if found.all % 1 else None),
            )
            st.caption(style.plain(f"{said}: {' · '.join(parts)}"), width="content")
        else:
            told = _("No premises are like that: {what}. Take a filter away.", what=" · ".join(parts))
            st.warning(style.plain(told), icon=":material/filter_list_off:")
        st.button(_("Clear filters"), icon=":material/close:", on_click=clear, type="tertiary", key="explore-clear")


def clear() -> None:
    """Show everything again."""
    st.session_state[Key.PLACES] = ALL
    _follow()
    for key in (MUNICIPALITIES, *map(_key, FOLDED)):
        st.session_state[key] = []


def _key(name: str) -> str:
    return f"explore-{name}"


def _follow() -> None:
    """Let the map's view follow the municipalities again."""
    st.session_state[AIM] = None


def _many(
    key: str,
    label: str,
    names: Mapping[str, str],
    *,
    placeholder: str,
    width: int,
    on_change: Callable[[], None] | None = None,
) -> tuple[str, ...]:
    """Draw a field in which any of the named values can be chosen; what is no longer there is not chosen."""
    st.session_state[key] = [value for value in st.session_state.get(key, ()) if value in names]
    found = st.multiselect(
        label,
        list(names),
        format_func=lambda value: names[value],
        key=key,
        placeholder=placeholder,
        width=width,
        on_change=on_change,
        select_all=False,  # it is Streamlit's word, in English
        persist_state="session",
    )
    return tuple(found)


def _there(facts: pd.DataFrame, column: str) -> list[str]:
    """Return the values that places have, sorted; NOBODY where some have none."""
    words = facts[column].cat
    return [*words.categories, *([NOBODY] if (words.codes < 0).any() and NOBODY not in words.categories else [])]


def _names(assessment: Assessment, name: str, values: Iterable[str]) -> dict[str, str]:
    """Return what the values of a field are called, in the order in which they are offered."""
    given = list(values)
    if name in ("operators", "builders"):
        nobody = _("nobody") if name == "operators" else _("nobody: no build planned")
        return {value: operator(value) or nobody for value in sorted(given, key=lambda value: (value == NOBODY, value))}
    if name == "municipalities":
        towns = dict(zip(*(assessment.municipalities[part] for part in ("municipality_code", "name")), strict=True))
        return {value: str(towns.get(value, value)) for value in given}
    if name == "lines":
        known = why_profile.sections()
        return dict(sorted(((value, known.get(value, value)) for value in given if value), key=lambda item: item[1]))
    says: dict[str, tuple[Iterable[str], Callable[[str], str]]] = {
        "kinds": (KINDS, lambda kind: _(KINDS[kind])),
        "gaps": (GAPS, lambda gap: _(GAPS[gap])),
        "sizes": (SIZE_CLASSES, word),
        "tiers": ((*assessment.policy.tier_ids, SERVED), class_labels(assessment.policy).__getitem__),
    }
    order, say = says[name]
    return {value: say(value) for value in dict.fromkeys(order) if value in given}


def _few(names: Iterable[str]) -> str:
    """Name the first values, each cut where it is long, and count the others."""
    said = [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in names]
    if len(said) <= NAMED:
        return ", ".join(said)
    return _("{names} and {count} more", names=", ".join(said[:NAMED]), count=len(said) - NAMED)
