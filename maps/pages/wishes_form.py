"""What the council asks of the chosen set, as a form: areas in any case and never, caps, order, pots, years."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.errors import PolicyError
from coverage.scenario import Scenario
from coverage.wishes import Wishes
from maps import masts, style
from maps.language import _, ngettext
from maps.session import MILLION, Key

FIELD: Final = "wishes-"  # + the name of a field: as it is typed, until the form is sent
FILLED: Final = "wishes-filled"  # the wishes that the fields were filled from
PROBLEM: Final = "wishes-problem"  # why what was sent could not be taken
WITHIN: Final = 0.05  # percent by which the shares of the years may miss 100


@dataclass(frozen=True)
class Typed:
    """Hold the form as it was sent; amounts in millions, shares in percent, tables as (name, value) rows."""

    must: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    cap: float | None = None
    least: int = 0
    years: str = ""
    caps: tuple[tuple[Any, Any], ...] = ()
    pots: tuple[tuple[Any, Any], ...] = ()
    needs: tuple[tuple[Any, Any], ...] = ()


def render(assessment: Assessment, scenario: Scenario) -> None:
    """Draw the form; nothing is chosen anew before it is sent. `scenario` is what is asked, even if it cannot hold."""
    wishes = scenario.wishes
    count = len(summary(wishes))
    with st.expander(_("What the council asks for"), expanded=PROBLEM in st.session_state):
        _fill(wishes, assessment)
        with st.form("wishes", border=False):
            sent = _fields(assessment, wishes)
        if problem := st.session_state.get(PROBLEM):
            st.error(style.plain(problem), icon=":material/error:")
        st.caption(
            _(
                "The best set keeps every wish; the plain ranked cut follows none. Each area is paid by one pot in one "
                "year, and what a year leaves over is not carried on."
            )
        )
        if wishes:
            st.button(_("Without wishes"), on_click=_take, args=(Wishes(),), type="tertiary")
    if count:  # not in the title: a form whose name changes is folded
        st.caption(ngettext("The best set keeps {count} wish.", "The best set keeps {count} wishes.", count))
    if sent is not None:
        _send(sent)


def summary(wishes: Wishes) -> list[str]:
    """Name the kinds of wishes that are set."""
    return [item.name for item in fields(wishes) if getattr(wishes, item.name) != item.default]


def collect(typed: Typed) -> Wishes:
    """Return the wishes that a form says; raises PolicyError with a sentence in the reader's language."""
    both = sorted(set(typed.must) & set(typed.never))
    if both:
        raise PolicyError(_("The same area is wanted in any case and not at all."))
    return Wishes(
        must=tuple(sorted(typed.must)),
        never=tuple(sorted(typed.never)),
        cap=math.inf if typed.cap is None else typed.cap * MILLION,
        least_municipalities=int(typed.least),
        phases=shares(typed.years),
        caps=_amounts(typed.caps),
        sources=_amounts(typed.pots),
        needs=_pairs(typed.needs),
    )


def shares(text: str) -> tuple[float, ...]:
    """Read the percentages of the years, such as `40 30 30`; one year, or none told, is no share at all."""
    parts = [part for part in re.split(r"[\s;/%+]+", text) if part]
    try:
        numbers = [float(part.replace(",", ".")) for part in parts]
    except ValueError:
        raise PolicyError(_("The years are told in percent with spaces between, such as 40 30 30.")) from None
    if not all(math.isfinite(number) and number >= 0 for number in numbers):
        raise PolicyError(_("The years are told in percent with spaces between, such as 40 30 30."))
    if numbers and abs(math.fsum(numbers) - 100) > WITHIN:
        raise PolicyError(_("The years add up to {sum} % and not to 100 %.", sum=style.number(math.fsum(numbers))))
    return tuple(number / math.fsum(numbers) for number in numbers) if len(numbers) > 1 else ()


def _amounts(rows: Iterable[tuple[Any, Any]]) -> tuple[tuple[str, float], ...]:
    """Return names with their money; rows without either are passed over, and half ones refused."""
    found: dict[str, float] = {}
    for name, amount in rows:
        told = [not _empty(name), not _empty(amount)]
        if not any(told):
            continue
        if not all(told):
            raise PolicyError(_("A row of money lacks its name or its amount."))
        if name in found:
            raise PolicyError(_("{name} stands on two rows.", name=name))
        found[str(name)] = float(amount) * MILLION
    return tuple(sorted(found.items()))


def _pairs(rows: Iterable[tuple[Any, Any]]) -> tuple[tuple[str, str], ...]:
    found = set()
    for area, other in rows:
        if _empty(area) and _empty(other):
            continue
        if _empty(area) or _empty(other) or area == other:
            raise PolicyError(_("A row of the order needs two areas."))
        found.add((str(area), str(other)))
    return tuple(sorted(found))


def _empty(value: Any) -> bool:
    return value is None or value == "" or bool(pd.isna(value))


def _fields(assessment: Assessment, wishes: Wishes) -> Typed | None:
    """Draw the fields; return what was sent, None where nothing was."""
    currency, state = assessment.study.currency, st.session_state
    areas, towns = area_names(assessment), town_names(assessment)
    unit = style.millions(currency)
    left, right = st.columns(2, gap="medium")
    with left:
        st.multiselect(
            _("Fund in any case"), list(areas), format_func=areas.get, key=f"{FIELD}must", placeholder=_("no area")
        )
    with right:
        st.multiselect(
            _("Do not fund"), list(areas), format_func=areas.get, key=f"{FIELD}never", placeholder=_("no area")
        )
    one, two, three = st.columns(3, gap="medium")
    with one:
        st.number_input(
            _("At most for each municipality, {money}", money=unit),
            min_value=0.0,
            step=1.0,
            value=None,
            key=f"{FIELD}cap",
            placeholder=_("no limit"),
        )
    with two:
        st.number_input(_("Municipalities with a funded area, at least"), 0, len(towns), step=1, key=f"{FIELD}least")
    with three:
        st.text_input(
            _("Money in each year, %"),
            key=f"{FIELD}years",
            placeholder="40 30 30",
            help=_("In percent with spaces between; empty: all in one year."),
        )
    told = _("Where pots are named, they are the budget.")
    first, second, third = st.columns(3, gap="medium")
    # A table whose rows change anew when other wishes stand: what was typed in it belongs to the old ones.
    stamp = f"asked-{abs(hash(state[FILLED]))}"
    amount = st.column_config.NumberColumn(unit, min_value=0.0, step=0.1, format="%.2f")
    with first:
        caps = _editor(
            {"municipality": [towns.get(code, code) for code, _money in wishes.caps], "money": _millions(wishes.caps)},
            {"municipality": st.column_config.SelectboxColumn(_("At most for"), options=list(towns.values())),
             "money": amount},
            key=f"{stamp}-caps",
        )  # fmt: skip
    with second:
        pots = _editor(
            {"pot": [name for name, _money in wishes.sources], "money": _millions(wishes.sources)},
            {"pot": st.column_config.TextColumn(_("Pot of money"), help=told),
             "money": amount},
            key=f"{stamp}-pots",
        )  # fmt: skip
    with third:
        choose = list(areas.values())
        needs = _editor(
            {"area": [areas.get(area, area) for area, _other in wishes.needs],
             "other": [areas.get(other, other) for _area, other in wishes.needs]},
            {"area": st.column_config.SelectboxColumn(_("Area"), options=choose),
             "other": st.column_config.SelectboxColumn(_("not before"), options=choose)},
            key=f"{stamp}-needs",
        )  # fmt: skip
    if not st.form_submit_button(_("Choose within these wishes"), icon=":material/how_to_vote:"):
        return None
    area_ids, codes = _turned(areas), _turned(towns)
    return Typed(
        must=tuple(state[f"{FIELD}must"]),
        never=tuple(state[f"{FIELD}never"]),
        cap=state[f"{FIELD}cap"],
        least=int(state[f"{FIELD}least"]),
        years=str(state[f"{FIELD}years"] or ""),
        caps=tuple((codes.get(name, name), money) for name, money in _rows(caps)),
        pots=tuple(_rows(pots)),
        needs=tuple((area_ids.get(area, area), area_ids.get(other, other)) for area, other in _rows(needs)),
    )


def _editor(columns: Mapping[str, list[Any]], config: Mapping[str, Any], *, key: str) -> pd.DataFrame:
    frame = pd.DataFrame({name: pd.Series(values, dtype="float64" if name == "money" else "object")
                          for name, values in columns.items()})  # fmt: skip
    found: pd.DataFrame = st.data_editor(
        frame, num_rows="dynamic", hide_index=True, column_config=dict(config), key=key, height=145
    )
    return found


def _rows(frame: pd.DataFrame) -> list[tuple[Any, Any]]:
    return [(row[0], row[1]) for row in frame.itertuples(index=False)]


def _millions(pairs: Iterable[tuple[str, float]]) -> list[float]:
    return [money / MILLION for _name, money in pairs]


def area_names(assessment: Assessment) -> dict[str, str]:
    """Return what to call each area that can be chosen, by id and in rank order; two of one name with their ids."""
    areas = assessment.areas[assessment.areas["decision"] != "ineligible"].sort_values("rank")
    named = {row["area_id"]: masts.name(row) for row in areas[["area_id", "name"]].to_dict("records")}
    return _apart(named)


def town_names(assessment: Assessment) -> dict[str, str]:
    """Return what to call each municipality that has an area, by code; two of one name with their codes."""
    towns = assessment.municipalities
    towns = towns[towns["municipality_code"].isin(assessment.areas["municipality_code"])].sort_values("name")
    return _apart(dict(zip(towns["municipality_code"], towns["name"], strict=True)))


def _apart(named: Mapping[str, str]) -> dict[str, str]:
    names = list(named.values())
    return {key: name if names.count(name) == 1 else f"{name} ({key})" for key, name in named.items()}


def _turned(named: Mapping[str, str]) -> dict[str, str]:
    return {name: key for key, name in named.items()}


def _fill(wishes: Wishes, assessment: Assessment) -> None:
    """Fill the fields from the scenario whenever its wishes have changed; what is typed and not sent stays else."""
    state, names = st.session_state, ("must", "never", "cap", "least", "years")
    if state.get(FILLED) == wishes and all(FIELD + name in state for name in names):
        return
    known = set(area_names(assessment))
    state[f"{FIELD}must"] = [name for name in wishes.must if name in known]
    state[f"{FIELD}never"] = [name for name in wishes.never if name in known]
    state[f"{FIELD}cap"] = wishes.cap / MILLION if math.isfinite(wishes.cap) else None
    state[f"{FIELD}least"] = min(wishes.least_municipalities, len(town_names(assessment)))
    state[f"{FIELD}years"] = " ".join(f"{100 * share:.4g}" for share in wishes.phases)
    state[FILLED] = wishes


def _send(typed: Typed) -> None:
    """Take over what was sent, unless it contradicts itself: then the old wishes stay."""
    try:
        wishes = collect(typed)
    except PolicyError as error:
        st.session_state[PROBLEM] = str(error)
    else:
        _take(wishes)
    st.rerun()


def _take(wishes: Wishes) -> None:
    state = st.session_state
    state.pop(PROBLEM, None)
    state[Key.EXTRA] = state[Key.EXTRA].with_changes(wishes=wishes)
