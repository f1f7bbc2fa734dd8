"""The hearing: what operators said, what it removed from the lists, by whom, and the stress test of it."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.hearing import COUNTED, FIGURES
from coverage.policy import Policy
from maps import audience, charts, style, words
from maps.language import N_, _, ngettext
from maps.pages import charted, downloads, parts

WHAT: Final = {"premises": N_("all premises"), "businesses": N_("businesses"), "households": N_("homes")}
CLAIMS: Final = {
    "plan": N_("plans"), "exists": N_("“is there already”"), "lapsed": N_("lapsed"), "withdrawn": N_("withdrawn"),
}  # fmt: skip


def render(assessment: Assessment) -> None:
    """Draw what the hearing removed, by list and by operator; without a hearing, how to add one."""
    account: dict[str, Any] = assessment.summary.get("hearing", {})
    if not account:
        st.info(
            _(
                "This study has no hearing. To add what operators say, name their file in study.toml as a source with "
                '`role = "hearing"`: addresses or polygons with operator, speed, date and claim.'
            )
        )
        parts.or_bring(assessment)
        return
    st.subheader(_("What the hearing removed"))
    st.caption(
        _(
            "Premises on each list without what operators said in the hearing, and with it. A list holds all eligible "
            "premises below its speed, so the lower list is part of the higher one."
        )
    )
    lists = pd.DataFrame(account["lists"])
    _lists(assessment, lists)
    _published(lists)
    if account.get("overdue_claims"):
        st.caption(
            ngettext(
                "{count} plan is overdue: its day has passed and a place that it names has no such speed yet.",
                "{count} plans are overdue: their day has passed and a place that they name has no such speed yet.",
                account["overdue_claims"],
                count=style.number(account["overdue_claims"]),
            )
        )
    st.subheader(_("By operator"))
    own = pd.DataFrame(account["operators"])
    if len(own) or not audience.withheld(assessment):
        _operators(assessment, own)


def _label(policy: Policy, tier_id: str) -> str:
    """Name a list: it holds all that is below the tier's speed, not only what is in the tier."""
    tier = policy.tier(tier_id)
    speed = "/".join(style.number(mbps) for mbps in (tier.down_mbps, tier.up_mbps) if mbps)
    return _("below {speed} Mbit/s", speed=speed)


def _lists(assessment: Assessment, lists: pd.DataFrame) -> None:
    """Draw a row per list and kind of premises; beside all premises what a published hearing removed."""
    rows = []
    for one in lists.to_dict("records"):
        for what in COUNTED:
            before, after, removed, back, overdue = (one[f"{what}_{figure}"] for figure in FIGURES)
            published = one.get("published_share") if what == "premises" else None
            rows.append(
                {
                    "list": _label(assessment.policy, one["list"]),
                    "premises": _(WHAT[what]),
                    "before": before,
                    "after": after,
                    "removed": removed,
                    "share": 100 * removed / before if before else None,
                    "published": "–" if published is None or pd.isna(published) else style.percent(published),
                    "back": back,
                    "overdue": overdue,
                }
            )
    frame = pd.DataFrame(rows).astype({"share": float})
    if (frame["published"] == "–").all():
        frame = frame.drop(columns="published")
    counts = dict.fromkeys(("before", "after", "removed", "back", "overdue"), 0)
    hearing = next((one["published_hearing"] for one in lists.to_dict("records") if one.get("published_hearing")), "")
    st.dataframe(
        parts.written(frame, {**counts, "share": 1}),
        hide_index=True,
        column_config={
            "list": _("list"),
            "premises": _("premises"),
            "before": _("before"),
            "after": _("after"),
            "removed": _("removed"),
            "share": _("removed, %"),
            "published": st.column_config.TextColumn(
                _("hearing of {year}", year=hearing),
                help=_("What the last published hearing of the country removed."),
            ),
            "back": st.column_config.NumberColumn(_("put back"), help=_("Back on the list: the claim has lapsed.")),
            "overdue": st.column_config.NumberColumn(
                _("overdue"), help=_("Off the list because of plans alone whose day has passed.")
            ),
        },
    )
    downloads.table(assessment, lists, name="hearing-lists", label=_("Lists as CSV"))


def _published(lists: pd.DataFrame) -> None:
    """Say in words how this hearing compares with the published one, and whose figures those are."""
    told = [row for row in lists.to_dict("records") if row.get("published_share") is not None and row["removed_share"]]
    if not told:
        return
    compared = ", ".join(
        _(
            "{here} here against {there} of the list below {speed} Mbit/s",
            here=style.percent(row["removed_share"]),
            there=style.percent(row["published_share"]),
            speed=style.number(row["below_mbps"]),
        )
        for row in told
    )
    source = _("Source: {source}", source=words.said(told[0]["published_source"]))
    year = told[0]["published_hearing"]
    st.markdown(
        style.plain(_("Compared with the published hearing of {year}: {compared}.", year=year, compared=compared))
    )
    st.caption(style.plain(source))


def _operators(assessment: Assessment, operators: pd.DataFrame) -> None:
    if operators.empty:
        st.caption(_("No operator is named in the hearing."))
        return
    policy = assessment.policy
    ids = list(dict.fromkeys(operators["list"]))
    with st.container(horizontal=True):
        chosen = st.segmented_control(
            _("List"), ids, format_func=lambda tier: _label(policy, tier), default=ids[-1], key="hearing-list"
        )
        what = st.segmented_control(
            _("Premises"), list(WHAT), format_func=lambda code: _(WHAT[code]), default="premises", key="hearing-what"
        )
    mine, what = operators[operators["list"] == (chosen or ids[-1])], what or "premises"
    parts_of = pd.DataFrame(
        {
            "operator": mine["operator"],
            **{claim: mine[claim] for claim in CLAIMS},
            **{name: mine[f"{what}_{name}"] for name in ("claimed", "alone", "shared", "put_back", "overdue")},
        }
    ).sort_values(["claimed", "operator"], ascending=[False, True])
    charted.show(
        charts.heard(parts_of, unit=_(WHAT[what])),
        parts_of,
        about=_("What each operator's word removed from the list, alone and together with others."),
        columns={
            "operator": _("operator"),
            "alone": _("by this operator alone"),
            "shared": _("by others too"),
        },
        name="hearing-by-operator",
        assessment=assessment,
    )
    st.dataframe(
        parts.written(parts_of, dict.fromkeys([*CLAIMS, "claimed", "alone", "shared", "put_back", "overdue"], 0)),
        hide_index=True,
        column_config={
            "operator": _("operator"),
            **{claim: _(label) for claim, label in CLAIMS.items()},
            "claimed": st.column_config.NumberColumn(_("removed"), help=_("Removed premises that it has claimed.")),
            "alone": st.column_config.NumberColumn(
                _("alone"), help=_("Of these, back on the list if only this operator's claims are left out.")
            ),
            "shared": st.column_config.NumberColumn(_("shared"), help=_("Claimed by others too.")),
            "put_back": _("put back"),
            "overdue": _("overdue"),
        },
    )
    downloads.table(assessment, operators, name="hearing-operators", label=_("Operators as CSV"))
