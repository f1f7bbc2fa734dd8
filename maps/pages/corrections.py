"""What municipalities have corrected: the list, by office, and what it did to who is eligible."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.corrections import summarise
from coverage.reports.corrections import correction_table
from coverage.reports.wording import load_wording
from maps import language, style
from maps.language import _, ngettext
from maps.pages import downloads, parts
from maps.pages.origins import source_of


def render(assessment: Assessment) -> None:
    """Draw the corrections; without any, how to add them."""
    if assessment.corrections.empty:
        st.info(
            _(
                "Nothing has been corrected. To add a municipality's corrections, name their file in study.toml as a "
                'source with `role = "corrections"`: place, what is wrong, comment, office and date.'
            )
        )
        parts.or_bring(assessment)
        return
    counts = summarise(assessment.corrections)
    said = ngettext("{count} correction", "{count} corrections", counts["total"], count=style.number(counts["total"]))
    places = ngettext("of {count} place", "of {count} places", counts["places"], count=style.number(counts["places"]))
    st.markdown(f"{said} {places}.")
    st.caption(_("They are applied as data: no source is changed. What is eligible there counts all of them together."))
    left, right = st.columns([1, 1.4], gap="medium")
    with left:
        if counts["offices"]:
            _offices(counts["offices"])
    with right:
        _effect(counts)
    wording = load_wording(language.current())
    table = correction_table(assessment, wording)
    shown = table.assign(
        correction=[wording.value("correction", code) for code in table["correction"]],
        place=table["address"].fillna("").where(table["address"].notna(), table["place_id"]),
        municipality=table["municipality_code"].map(
            assessment.municipalities.set_index("municipality_code")["name"].to_dict()
        ),
        date=pd.to_datetime(table["date"]).dt.date,
        file=[_file(assessment, source) for source in table["correction_source"]],
    )
    columns = ["place", "municipality", "correction", "was", "now", "eligible_before", "eligible_after", "comment"]
    st.dataframe(
        parts.written(
            shown[[*columns, "office", "date", "file", "correction_row", "place_id"]],
            {"eligible_before": None, "eligible_after": None, "correction_row": 0},
        ),
        hide_index=True,
        column_config={
            "place": _("place"),
            "municipality": _("municipality"),
            "correction": _("what was corrected"),
            "was": st.column_config.TextColumn(_("before"), width=150),
            "now": st.column_config.TextColumn(_("now"), width=110),
            "eligible_before": st.column_config.NumberColumn(_("eligible before"), help=_("Premises, by weight.")),
            "eligible_after": st.column_config.NumberColumn(_("eligible after"), help=_("Premises, by weight.")),
            "comment": _("comment"),
            "office": _("office"),
            "date": parts.date_column(_("date")),
            "file": _("file"),
            "correction_row": _("row"),
            "place_id": _("place id"),
        },
    )
    downloads.table(assessment, table, name="corrections", label=_("Corrections as CSV"))


def _file(assessment: Assessment, source_id: str) -> str:
    source = source_of(assessment, source_id)
    return source_id if source is None else source.name


def _offices(offices: dict[str, int]) -> None:
    frame = pd.DataFrame({"office": list(offices), "corrections": list(offices.values())})
    st.dataframe(
        parts.written(frame, {"corrections": 0}),
        hide_index=True,
        column_config={"office": _("office"), "corrections": _("corrections")},
    )


def _effect(counts: dict[str, dict[str, float]]) -> None:
    labels = {"businesses": _("businesses"), "households": _("homes")}
    frame = pd.DataFrame(
        [
            {"premises": label, "before": counts["eligible_before"][code], "after": counts["eligible_after"][code]}
            for code, label in labels.items()
        ]
    )
    st.dataframe(
        parts.written(frame, {"before": None, "after": None}),
        hide_index=True,
        column_config={
            "premises": _("at the corrected places"),
            "before": _("eligible before"),
            "after": _("eligible after"),
        },
    )
