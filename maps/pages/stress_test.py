"""The stress test: what becomes of the funded areas if plans come late, lapse, or all arrive."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from coverage.plans import ARRIVE, LAPSE
from coverage.stress import SURVIVES, TODAY, Stress
from maps import audience, session, style, work
from maps.language import N_, _, ngettext
from maps.pages import downloads, parts
from maps.session import View
from maps.words import word

NAMED: Final = {
    TODAY: N_("as the plans stand"),
    LAPSE: N_("all plans lapse"),
    ARRIVE: N_("all plans arrive"),
}
LATE: Final = "late_"


def render(view: View) -> None:
    """Draw the button that runs the test, and its result once there is one; every reader's run serves all."""
    st.subheader(_("Stress test of the funded areas"))
    st.caption(
        _(
            "The same budget and rules, if plans come late, lapse, or all arrive. Counted in premises: areas change "
            "shape when other places become eligible."
        )
    )
    if audience.withheld(view.assessment):
        return
    found = work.stressed(view.assessment)
    if found is None:
        found = _run(view)
    if found is not None:
        _show(view, found)


def _run(view: View) -> Stress | None:
    room = st.empty()
    with room.container():
        asked = st.button(_("Run the stress test"), key="stress-run", icon=":material/experiment:", type="primary")
        st.caption(_("It takes up to a minute; it can be cancelled."))
    if not asked:
        return None
    with room.container():
        bar = st.progress(0.0, text=_("Beginning"))
        st.button(_("Cancel"), key="stress-cancel", icon=":material/close:")  # any rerun ends the wait

        def tell(share: float, code: str, operator: str) -> None:
            bar.progress(share, text=style.plain(what_if(code, operator)) if code else _("Beginning"))

        found = work.run_stress(view.assessment, progress=tell)
    room.empty()
    return found


def what_if(code: str, operator: str = "") -> str:
    """Return the words for a what-if of the model; of an operator's plans, with its name."""
    if operator:
        return _("the plans of {operator} lapse", operator=operator)
    if code in NAMED:
        return _(NAMED[code])
    if code.startswith(LATE):
        months = int(code.removeprefix(LATE))
        return ngettext("every plan {count} month late", "every plan {count} months late", months)
    return code


def _show(view: View, found: Stress) -> None:
    assessment, currency = view.assessment, found.currency
    if len(found.whatifs) == 1:
        st.info(_("There is no plan in this study that could come late or lapse."))
        return
    names = {row["whatif"]: what_if(row["whatif"], row["operator"]) for row in found.whatifs.to_dict("records")}
    counts = found.areas["survives"].value_counts()
    parts.headline([(_(SAID[code]), style.number(int(counts.get(code, 0))), _(ABOUT[code])) for code in SURVIVES])
    _what_ifs(found, names, currency)
    downloads.table(assessment, found.whatifs, name="stress-what-ifs", label=_("What-ifs as CSV"))
    st.subheader(_("Funded areas"))
    _areas(found, names, currency)
    downloads.table(assessment, found.areas, name="stress-areas", label=_("Areas as CSV"))
    st.subheader(_("Newcomers"))
    if found.newcomers.empty:
        st.caption(_("No area that is not funded today is funded in any of them."))
        return
    st.caption(_("Areas that are funded then, and mostly not today."))
    _newcomers(found, names, currency)
    downloads.table(assessment, found.newcomers, name="stress-newcomers", label=_("Newcomers as CSV"))


SAID: Final = {
    "safe": N_("funded areas that are safe"),
    "partly": N_("kept in part"),
    "lost": N_("lost in one what-if or more"),
}
ABOUT: Final = {
    "safe": N_("At least 90 % of their premises stay funded in each what-if in which plans come late or lapse."),
    "partly": N_("In some what-if fewer of their premises stay funded."),
    "lost": N_("In some what-if at most 10 % of their premises stay funded."),
}


def _what_ifs(found: Stress, names: dict[str, str], currency: str) -> None:
    table, million = found.whatifs, session.MILLION
    frame = pd.DataFrame(
        {
            "whatif": table["whatif"].map(names),
            "plans": table["plans"],
            "eligible": table["eligible_premises"],
            "funded": table["funded_areas"],
            "kept": 100 * table["kept_share"],
            "displaced": table["displaced_premises"],
            "built": table["built_premises"],
            "risk": table["grant_at_risk"] / million,
            "new": table["newcomers"],
            "gap": table["funding_gap"] / million,
        }
    )
    money, number = style.millions(currency), st.column_config.NumberColumn
    decimals = {"plans": 0, "eligible": 0, "funded": 0, "kept": 0, "displaced": 0, "built": 0, "risk": 1, "new": 0}
    st.dataframe(
        parts.written(frame, {**decimals, "gap": 0}),
        hide_index=True,
        height="content",
        column_config={
            "whatif": st.column_config.TextColumn(_("what if"), width=215),
            "plans": number(_("plans"), help=_("Plans that are changed.")),
            "eligible": number(_("eligible"), help=_("Premises that are eligible then.")),
            "funded": number(_("funded areas")),
            "kept": number(_("kept, %"), help=_("Of the premises that are funded today, those that are funded then.")),
            "displaced": number(_("displaced"), help=_("Eligible still, but others come before them.")),
            "built": number(_("built anyway"), help=_("Not eligible then: they get a commercial build.")),
            "risk": number(
                _("grant at risk, {money}", money=money),
                help=_("Today's grants to premises that get a commercial build instead."),
            ),
            "new": number(_("newcomers"), help=_("Areas funded then and mostly not today.")),
            "gap": number(_("funding gap, {money}", money=money), help=_("P50 of all areas.")),
        },
    )


def _areas(found: Stress, names: dict[str, str], currency: str) -> None:
    table = found.areas
    frame = pd.DataFrame(
        {
            "rank": table["rank"],
            "area": table["name"],
            "survives": table["survives"].map(word),
            "least": 100 * table["least_kept"],
            "weakest": table["weakest"].map(names).mask(table["survives"] == "safe", ""),
            "premises": table["premises"],
            "grant": table["grant"] / session.MILLION,
            "built": 100 * table["built_anyway"],
            "risk": table["grant_at_risk"] / session.MILLION,
        }
    )
    money, number = style.millions(currency), st.column_config.NumberColumn
    st.dataframe(
        parts.written(frame, {"rank": 0, "least": 0, "premises": 0, "grant": 1, "built": 0, "risk": 1}),
        hide_index=True,
        height=min(430, 38 + 35 * max(1, len(frame))),
        column_config={
            "rank": number("#", width=45),
            "area": st.column_config.TextColumn(_("Area"), width=190),
            "survives": _("survives"),
            "least": number(_("least kept, %")),
            "weakest": st.column_config.TextColumn(_("weakest what-if"), width=230),
            "premises": number(_("Premises")),
            "grant": number(_("grant, {money}", money=money)),
            "built": number(
                _("built anyway, %"), help=_("Share of its premises with a commercial build if all plans arrive.")
            ),
            "risk": number(_("grant at risk, {money}", money=money)),
        },
    )


def _newcomers(found: Stress, names: dict[str, str], currency: str) -> None:
    table = found.newcomers
    frame = pd.DataFrame(
        {
            "whatif": table["whatif"].map(names),
            "area": table["name"],
            "rank": table["rank"].astype(float),
            "premises": table["premises"].astype(float),
            "grant": table["grant"].astype(float) / session.MILLION,
        }
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        parts.written(frame, {"rank": 0, "premises": 0, "grant": 1}),
        hide_index=True,
        height=min(430, 38 + 35 * len(frame)),
        column_config={
            "whatif": st.column_config.TextColumn(_("what if"), width=230),
            "area": st.column_config.TextColumn(_("Area"), width=190),
            "rank": number(_("rank then")),
            "premises": number(_("Premises")),
            "grant": number(_("grant, {money}", money=style.millions(currency))),
        },
    )
