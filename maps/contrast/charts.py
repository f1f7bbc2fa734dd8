"""The chart of a comparison: what changes per municipality, to either side of zero."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from coverage.contrast import Contrast
from maps import charts, style
from maps.contrast.layers import CHANGED, LEAST, short_name
from maps.language import _


def by_municipality(found: Contrast, municipalities: pd.DataFrame, *, what: str) -> pd.DataFrame:
    """Return what changes per municipality and outcome, long: code, municipality, outcome, premises, share.

    `what` is premises, businesses or households; `share` is of all of them in the municipality. Municipalities
    without a change are left out; the one where most changes stands first.
    """
    table = found.municipalities
    names = dict(zip(municipalities["municipality_code"].astype(str), municipalities["name"], strict=True))
    code = table["municipality_code"].astype(str)
    parts = [
        pd.DataFrame(
            {
                "code": code,
                "municipality": code.map(names).fillna(code),
                "outcome": outcome,
                "premises": table[f"{what}_{outcome}"],
                "share": table[f"{what}_{outcome}"] / table[what].where(table[what] > 0),
            }
        )
        for outcome in CHANGED
    ]
    long = pd.concat(parts, ignore_index=True)
    total = long.groupby("code")["premises"].transform("sum").round(9)
    long = long.assign(total=total)[total >= LEAST]
    order = long.sort_values(["total", "code", "outcome"], ascending=[False, True, True], kind="stable")
    return order.drop(columns="total").reset_index(drop=True)


def sides(frame: pd.DataFrame, found: Contrast, *, share: bool, unit: str) -> Any:
    """Return bars to the left for the first policy alone, to the right for the second. `frame`: by_municipality."""
    value = "share" if share else "premises"
    labels = {
        "only_a": _("{policy} alone", policy=short_name(found.policy_a)),
        "only_b": _("{policy} alone", policy=short_name(found.policy_b)),
    }
    data = frame.assign(
        label=frame["outcome"].map(labels),
        signed=frame[value].where(frame["outcome"] == "only_b", -frame[value]),
    )
    # Names may be the same in two municipalities, codes are not.
    twice = data.drop_duplicates("code")["municipality"].duplicated(keep=False)
    same = set(data.drop_duplicates("code").loc[twice, "municipality"])
    data["municipality"] = data["municipality"].where(
        ~data["municipality"].isin(same), data["municipality"] + " (" + data["code"] + ")"
    )
    longest = data.assign(size=data["signed"].abs()).groupby("municipality", sort=False)["size"].sum()
    order = longest.sort_values(ascending=False, kind="stable")
    form = ".2~%" if share else ",d"
    axis = alt.Axis(tickCount=5, tickMinStep=0 if share else 1, labelExpr=f"format(abs(datum.value), '{form}')")
    title = _("share of {unit} that change", unit=unit) if share else _("{unit} that change", unit=unit)
    chart = (
        alt.Chart(data)
        .mark_bar()
        .encode(
            y=charts.municipalities_down(order.index),
            x=alt.X("signed:Q", title=title, axis=axis),
            color=alt.Color(
                "label:N",
                scale=alt.Scale(domain=list(labels.values()), range=[style.CONTRAST_COLOURS[way] for way in CHANGED]),
                legend=alt.Legend(title=None, orient="top", columns=1, labelLimit=320),
            ),
            tooltip=[
                alt.Tooltip("municipality:N", title=_("municipality")),
                alt.Tooltip("label:N", title=_("eligible under")),
                alt.Tooltip("premises:Q", title=unit, format=",.0f"),
                alt.Tooltip("share:Q", title=_("share"), format=".1%"),
            ],
        )
        .properties(height=alt.Step(charts.BAR))
    )
    return charts.finished(chart)
