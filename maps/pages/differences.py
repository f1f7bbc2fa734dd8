"""The best set and the plain ranked cut beside each other, and in words what differs and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.kinds import is_mobile
from maps import masts, style
from maps.language import _
from maps.words import word

Values = Mapping[str, Any]

SMALL_GAP: Final = 1e-9  # a share below this is rounding
HEIGHT: Final = 330  # pixels of the list


def show(assessment: Assessment) -> None:
    """Draw both sets in figures, and a sentence for each area in one of them alone."""
    found = {finding.code: finding.values for finding in assessment.differences}
    left, right = st.columns([1, 1.5], gap="medium")
    with left:
        table = side_by_side(assessment, found.get("totals", {}))
        st.dataframe(
            table,
            hide_index=True,
            column_config={"what": st.column_config.TextColumn(" ", width=120)},
        )
        st.caption(style.plain(_proven(found.get("totals"))))
    with right:
        told = sentences(assessment)
        if not told:
            st.caption(_("Both fund the same areas."))
            return
        items = "".join(f'<li class="{kind}">{style.escape(text)}</li>' for kind, text in told)
        with st.container(height=HEIGHT if len(told) > 8 else "content"):
            st.html(f'<ul class="bg-line">{items}</ul>')


def side_by_side(assessment: Assessment, totals: Values) -> pd.DataFrame:
    """Return figures of both sets as texts: what, the best set, the ranked cut, and by how much the best is above."""
    areas, currency = assessment.areas, assessment.study.currency
    mobile = is_mobile(areas)
    sets = [(areas["decision"] == "fund").to_numpy(), (areas["ranked_decision"] == "fund").to_numpy()]

    def row(label: str, values: list[float], write: Callable[[float], str]) -> tuple[str, str, str, str]:
        apart = values[0] - values[1]
        sign = "+" if apart > 0 else ""
        return label, write(values[0]), write(values[1]), f"{sign}{write(apart)}" if apart else "–"

    def about(value: float) -> str:
        return style.number(value, digits=3)

    def amount(value: float) -> str:
        return style.money(value, currency)

    rows = [row(_("areas"), [float((chosen & ~mobile).sum()) for chosen in sets], style.number)]
    if masts.compete(assessment):
        rows.append(row(_("masts"), [float((chosen & mobile).sum()) for chosen in sets], style.number))
    counted = {"premises": _("premises"), "businesses": _("businesses"), "households": _("homes"),
               "employees": _("employees")}  # fmt: skip
    for column, label in counted.items():
        if areas[column].any():
            rows.append(row(label, [float(areas.loc[chosen & ~mobile, column].sum()) for chosen in sets], about))
    rows.append(row(_("grants"), [float(areas.loc[chosen, "grant"].sum()) for chosen in sets], amount))
    if totals:
        rows.append(row(_("benefit, in the weights"), [totals["benefit_best"], totals["benefit_cut"]], about))
    names = ["what", _("Best set"), _("Ranked cut"), _("Difference")]
    return pd.DataFrame(rows, columns=names)


def sentences(assessment: Assessment) -> list[tuple[str, str]]:
    """Return a kind (in, out or how) and a sentence, unescaped, for each difference; none where both are the same."""
    tellers: dict[str, tuple[str, Callable[[Values, Assessment], str]]] = {
        "line": ("how", _line),
        "gained_must": ("in", lambda v, a: _("In: {area}, for the council wants it in any case.", **_said(v, a))),
        "gained_needed": ("in", _needed),
        "gained_municipality": ("in", _for_its_town),
        "gained_more_per_grant": ("in", _more),
        "gained_fits": ("in", _fits),
        "lost_never": ("out", lambda v, a: _("Out: {area}, for the council does not want it.", **_said(v, a))),
        "lost_larger_than_a_pot": ("out", _too_large),
        "lost_need": ("out", _lacks),
        "lost_cap": ("out", _capped),
        "lost_less_per_grant": ("out", _less),
        "lost_no_room": ("out", _no_room),
        "technology": ("how", _otherwise),
    }  # fmt: skip
    return [
        (tellers[finding.code][0], tellers[finding.code][1](finding.values, assessment))
        for finding in assessment.differences
        if finding.code in tellers
    ]


def _said(values: Values, assessment: Assessment) -> dict[str, str]:
    return {
        "area": name_of(assessment, values["area_id"]),
        "grant": style.money(values["grant"], assessment.study.currency),
    }


def name_of(assessment: Assessment, area_id: str) -> str:
    """Return what an area of the list is called; one that is not there by its id."""
    rows = assessment.areas[assessment.areas["area_id"] == area_id]
    return masts.name(rows.iloc[0]) if len(rows) else area_id


def _line(values: Values, assessment: Assessment) -> str:
    left = style.money(values["left"], assessment.study.currency)
    return _("The ranked cut stops before {area}, which asks for {grant}; {left} stay unused.",
             left=left, **_said(values, assessment))  # fmt: skip


def _fits(values: Values, assessment: Assessment) -> str:
    return _("In: {area}, for it fits in the money that was left ({grant}).", **_said(values, assessment))


def _needed(values: Values, assessment: Assessment) -> str:
    by = ", ".join(name_of(assessment, name) for name in values["needed_by"])
    return _("In: {area}, for it must be built before {other}.", other=by, **_said(values, assessment))


def _for_its_town(values: Values, assessment: Assessment) -> str:
    return _("In: {area}, the only one of its municipality, for areas in at least {least} municipalities are wanted.",
             least=str(values["least"]), **_said(values, assessment))  # fmt: skip


def _rates(values: Values, other: float, assessment: Assessment) -> dict[str, str]:
    """Return what an area brings per million of grant, and what the areas do that it is held against."""
    sign = style.millions(assessment.study.currency)
    pair = {"here": values["rate"], "there": other}
    return {name: style.number(rate * 1e6, digits=3) for name, rate in pair.items()} | {"unit": sign}


def _more(values: Values, assessment: Assessment) -> str:
    return _(
        "In: {area}, for it brings more for its money ({here} of benefit per {unit} against {there} of what gave way).",
        **_said(values, assessment),
        **_rates(values, values["lost_rate"], assessment),
    )


def _less(values: Values, assessment: Assessment) -> str:
    return _(
        "Out: {area}, for it brings less for its money ({here} of benefit per {unit} against {there} of what came in).",
        **_said(values, assessment),
        **_rates(values, values["gained_rate"], assessment),
    )


def _too_large(values: Values, assessment: Assessment) -> str:
    most = style.money(values["most"], assessment.study.currency)
    return _("Out: {area}, for it asks for {grant}, more than any pot has in a year ({most}).",
             most=most, **_said(values, assessment))  # fmt: skip


def _lacks(values: Values, assessment: Assessment) -> str:
    missing = ", ".join(name_of(assessment, name) for name in values["needs"])
    return _("Out: {area}, for it needs {other}, which is not funded.", other=missing, **_said(values, assessment))


def _capped(values: Values, assessment: Assessment) -> str:
    towns = assessment.municipalities.set_index("municipality_code")["name"]
    code, currency = values["municipality_code"], assessment.study.currency
    return _(
        "Out: {area}, for {municipality} may have no more than {cap} and has {given}.",
        municipality=towns.get(code, code),
        cap=style.money(values["cap"], currency),
        given=style.money(values["given"], currency),
        **_said(values, assessment),
    )


def _no_room(values: Values, assessment: Assessment) -> str:
    return _(
        "Out: {area}, which would bring no less for its money, but beside the others its {grant} do not fit.",
        **_said(values, assessment),
    )


def _otherwise(values: Values, assessment: Assessment) -> str:
    return _(
        "{area} is built with {new} instead of {old}.",
        new=word(values["to"]),
        old=word(values["from"]),
        area=name_of(assessment, values["area_id"]),
    )


def _proven(totals: Values | None) -> str:
    """Say how good the choice provably is."""
    if totals is None:
        return ""
    gap = totals["gap"]
    if gap <= SMALL_GAP:
        return _("Proven: no other set of areas brings more benefit within the money and the wishes.")
    return _("Proven: no other set brings more than {share} of benefit beyond this one.", share=_percent(gap))


def _percent(share: float) -> str:
    return f"{style.exact(100 * share)}{style.THIN}%"
