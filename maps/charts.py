"""The charts: bars by municipality, tier and line of business; money against premises reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import altair as alt
import pandas as pd

from maps import style
from maps.language import _, decimal_sign

BAR: Final = 15  # pixels per bar


def _locale() -> dict[str, Any]:
    return {
        "number": {"decimal": decimal_sign(), "thousands": style.THIN, "grouping": [3], "currency": ["", ""]},
    }


def municipalities_down(order: Iterable[str]) -> alt.Y:
    """Return the axis of municipalities from top to bottom, each with its name."""
    return alt.Y(
        "municipality:N",
        sort=list(order),
        title=None,
        axis=alt.Axis(labelLimit=190, labelOverlap=False, labelFontSize=10),
    )


def finished(chart: Any) -> Any:
    """Return a chart in the look and the number form that all charts share."""
    return (
        chart.configure(locale=_locale())
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=style.MUTED, titleColor=style.MUTED, titleFontWeight="normal", gridColor=style.GRID, domain=False
        )
        .configure_axisY(labelFlush=False)  # flush, the first name stands below its bar
        .configure_legend(labelColor=style.INK, title=None, orient="top")
    )


def by_municipality(
    frame: pd.DataFrame, *, labels: Mapping[str, str], colours: Mapping[str, str], share: bool, unit: str
) -> Any:
    """Return stacked bars, one per municipality, longest first. `frame`: figures.by_municipality."""
    value = "share" if share else "premises"
    data = frame.assign(label=frame["tier"].map(labels), order=frame["tier"].map({t: n for n, t in enumerate(labels)}))
    # Rounded, so that equal sums are equal whatever they were added up from, and stand by name.
    data = data.assign(total=data.groupby("municipality")[value].transform("sum").round(9))
    longest = data.drop_duplicates("municipality").sort_values(["total", "municipality"], ascending=[False, True])
    axis = alt.Axis(format="%" if share else ",d", tickCount=6)
    chart = (
        alt.Chart(data)
        .mark_bar()
        .encode(
            y=municipalities_down(longest["municipality"]),
            x=alt.X(f"{value}:Q", title=_("share of {unit}", unit=unit) if share else unit, axis=axis),
            color=_colour(list(labels.values()), [colours[tier] for tier in labels]),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("municipality:N", title=_("municipality")),
                alt.Tooltip("label:N", title=_("tier")),
                alt.Tooltip("premises:Q", title=_("premises"), format=",.0f"),
                alt.Tooltip("share:Q", title=_("share"), format=".1%"),
            ],
        )
        .properties(height=alt.Step(BAR))
    )
    return finished(chart)


def _colour(domain: Sequence[str], colours: Sequence[str]) -> Any:
    return alt.Color(
        "label:N",
        scale=alt.Scale(domain=list(domain), range=list(colours)),
        legend=alt.Legend(title=None, columns=1, labelLimit=220),
    )


def by_tier(frame: pd.DataFrame, *, labels: Mapping[str, str], colours: Mapping[str, str]) -> Any:
    """Return one bar per kind of premises, divided by tier. `frame`: figures.by_tier."""
    total = frame.groupby("kind")["premises"].transform("sum")
    data = frame.assign(
        label=frame["tier"].map(labels),
        share=frame["premises"] / total.where(total > 0),
        order=frame["tier"].map({t: n for n, t in enumerate(labels)}),
    )
    chart = (
        alt.Chart(data)
        .mark_bar(stroke="white", strokeWidth=0.6)
        .encode(
            y=alt.Y("kind:N", title=None),
            x=alt.X(
                "share:Q",
                title=_("share of premises"),
                axis=alt.Axis(format="%", tickCount=5),
                scale=alt.Scale(domain=[0, 1]),
            ),
            color=_colour(list(labels.values()), [colours[tier] for tier in labels]),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("kind:N", title=_("kind")),
                alt.Tooltip("label:N", title=_("tier")),
                alt.Tooltip("premises:Q", title=_("premises"), format=",.0f"),
                alt.Tooltip("share:Q", title=_("share"), format=".1%"),
            ],
        )
        .properties(height=alt.Step(30))
    )
    return finished(chart)


def lines_of_business(frame: pd.DataFrame, *, colour: str) -> Any:
    """Return a bar per line of business, longest first. `frame`: figures.by_line_of_business."""
    chart = (
        alt.Chart(frame)
        .mark_bar(color=colour)
        .encode(
            y=alt.Y("line of business:N", sort="-x", title=None, axis=alt.Axis(labelLimit=210)),
            x=alt.X("businesses:Q", title=_("businesses"), axis=alt.Axis(format=",d", tickMinStep=1, tickCount=6)),
            tooltip=[
                alt.Tooltip("line of business:N", title=_("line of business")),
                alt.Tooltip("businesses:Q", title=_("businesses"), format=",.0f"),
            ],
        )
        .properties(height=alt.Step(BAR + 3))
    )
    return finished(chart)


def short_sections(frame: pd.DataFrame) -> Any:
    """Return a bar per line of business that is short of fixed service, largest first, divided by who is eligible.

    `frame` has line, businesses, short and eligible (at most short), share (per cent short), sorted.
    """
    data = frame[frame["short"] > 0]
    kinds = {"eligible": _("eligible for support"), "rest": _("short, but not eligible")}
    data = data.assign(rest=(data["short"] - data["eligible"]).clip(lower=0.0), share=data["share"] / 100)
    long = data.melt(["line", "businesses", "short", "share"], list(kinds), var_name="code", value_name="count")
    long = long.assign(
        label=long["code"].map(kinds), order=long["code"].map({code: at for at, code in enumerate(kinds)})
    )
    ramp = style.tier_colours([("worst", True), ("mild", True)])
    chart = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            y=alt.Y("line:N", sort=list(data["line"]), title=None, axis=alt.Axis(labelLimit=260, labelOverlap=False)),
            x=alt.X("count:Q", title=_("businesses"), axis=alt.Axis(format=",d", tickMinStep=1, tickCount=6)),
            color=_colour(list(kinds.values()), [ramp["worst"], ramp["mild"]]),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("line:N", title=_("line of business")),
                alt.Tooltip("label:N", title=" "),
                alt.Tooltip("count:Q", title=_("businesses"), format=",.0f"),
                alt.Tooltip("short:Q", title=_("short of fixed service"), format=",.0f"),
                alt.Tooltip("share:Q", title=_("share"), format=".1%"),
            ],
        )
        .properties(height=alt.Step(BAR + 3))
    )
    return finished(chart)


def heard(frame: pd.DataFrame, *, unit: str) -> Any:
    """Return a bar per operator: what its word alone removed from a list, and what others' would have too.

    `frame` has operator, alone and shared, sorted.
    """
    kinds = {"alone": _("by this operator alone"), "shared": _("by others too")}
    long = frame.melt(["operator"], list(kinds), var_name="code", value_name="count")
    long = long.assign(
        label=long["code"].map(kinds), order=long["code"].map({code: at for at, code in enumerate(kinds)})
    )
    chart = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            y=alt.Y("operator:N", sort=list(frame["operator"]), title=None, axis=alt.Axis(labelLimit=200)),
            x=alt.X(
                "count:Q",
                title=_("removed from the list, {unit}", unit=unit),
                axis=alt.Axis(format=",d", tickMinStep=1, tickCount=5),
            ),
            color=_colour(list(kinds.values()), [style.ACCENT, style.ACCENT_FADED]),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("operator:N", title=_("operator")),
                alt.Tooltip("label:N", title=" "),
                alt.Tooltip("count:Q", title=unit, format=",.0f"),
            ],
        )
        .properties(height=alt.Step(BAR + 3))
    )
    return finished(chart)


def contributions(frame: pd.DataFrame, *, names: Mapping[str, str]) -> Any:
    """Return what each criterion gives to an area's score, over the most that it can give, and to its neighbours'.

    `frame` has criterion, weight, most and `here`, in points of the score, in the order to show; and `above` and
    `below` where `names` has them: what the areas are called, by column.
    """
    criterion = alt.Y("criterion:N", sort=None, title=None, axis=alt.Axis(labelLimit=230, labelOverlap=False))
    tooltip = [
        alt.Tooltip("criterion:N", title=_("criterion")),
        alt.Tooltip("here:Q", title=_("points of the score"), format=".1f"),
        alt.Tooltip("most:Q", title=_("points at most"), format=".1f"),
        alt.Tooltip("weight:Q", title=_("weight"), format=".1f"),
    ]
    base = alt.Chart(frame)
    most = base.mark_bar(color=style.RAIL).encode(y=criterion, x=alt.X("most:Q", title=_("points of the score")))
    here = base.mark_bar(color=style.ACCENT, height=BAR - 6).encode(y=criterion, x="here:Q", tooltip=tooltip)
    layers = [most, here]
    beside = {column: names[column] for column in ("above", "below") if column in names}
    if beside:
        long = frame.melt(["criterion"], list(beside), var_name="side", value_name="points")
        long = long.assign(area=long["side"].map(beside))
        shapes = {"above": "triangle-up", "below": "triangle-down"}
        marks = (
            alt.Chart(long)
            .mark_point(filled=True, size=70, opacity=1, color=style.INK)
            .encode(
                y=criterion,
                x="points:Q",
                shape=alt.Shape(
                    "area:N",
                    scale=alt.Scale(domain=list(beside.values()), range=[shapes[side] for side in beside]),
                    legend=None,  # the page has more room for it
                ),
                tooltip=[
                    alt.Tooltip("area:N", title=_("area")),
                    alt.Tooltip("criterion:N", title=_("criterion")),
                    alt.Tooltip("points:Q", title=_("points of the score"), format=".1f"),
                ],
            )
        )
        layers.append(marks)
    return finished(alt.layer(*layers).properties(height=alt.Step(BAR + 7)))


def reached(
    steps: pd.DataFrame, *, labels: Mapping[str, str], budget: float, marks: Mapping[str, float], title: str,
    currency: str,
) -> Any:  # fmt: skip
    """Return what money reaches, a step line per series, with a rule at the budget and at each of `marks`.

    `steps` has series, money, reached; `labels` say what the series are called, the plain one first; `marks` are
    amounts by what they pay for.
    """
    data = steps.assign(label=steps["series"].map(labels), money=steps["money"] / 1e6)
    money = alt.X("money:Q", title=_("grant money, {money}", money=style.millions(currency)),
                  axis=alt.Axis(format=",.0f", tickCount=5), scale=alt.Scale(nice=False))  # fmt: skip
    lines = (
        alt.Chart(data)
        .mark_line(interpolate="step-after", strokeWidth=1.8)
        .encode(
            x=money,
            y=alt.Y("reached:Q", title=title, axis=alt.Axis(format=",.0f", tickMinStep=1, tickCount=5)),
            color=alt.Color(
                "label:N",
                scale=alt.Scale(domain=list(labels.values()), range=[style.MUTED, style.ACCENT]),
                legend=alt.Legend(title=None, orient="bottom", columns=1, symbolType="stroke", labelLimit=230),
            ),
            strokeDash=alt.StrokeDash("label:N", scale=alt.Scale(domain=list(labels.values()), range=[[5, 2], [1, 0]])),
            tooltip=[
                alt.Tooltip("label:N", title=" "),
                alt.Tooltip("money:Q", title=_("grant money, {money}", money=style.millions(currency)), format=",.1f"),
                alt.Tooltip("reached:Q", title=title, format=",.0f"),
            ],
        )
    )
    aims = pd.DataFrame({"money": [budget / 1e6, *(value / 1e6 for value in marks.values())],
                         "label": [_("budget"), *marks], "row": range(1 + len(marks))})  # fmt: skip
    aims = aims[aims["money"] <= data["money"].max()]
    rules = alt.Chart(aims).mark_rule(color=style.INK, strokeDash=[5, 3]).encode(x="money:Q")
    layers = [lines, rules]
    for aim in aims.to_dict("records"):
        late = aim["money"] > 0.6 * data["money"].max()  # no room to its right
        words = alt.Chart(pd.DataFrame([aim])).mark_text(
            align="right" if late else "left", dx=-4 if late else 4, color=style.INK, fontSize=10, baseline="bottom"
        )
        # One below the other: two amounts may stand close together.
        layers.append(words.encode(x="money:Q", text="label:N", y=alt.value(9 + 12 * aim["row"])))
    return finished(alt.layer(*layers).properties(height=230))


def swings(frame: pd.DataFrame, *, currency: str) -> Any:
    """Return a bar per uncertain group, from the total at its low end to that at its high end, and a rule at the base.

    `frame` has `cause`, `low`, `base` and `high`, amounts of money; the largest swing first.
    """
    million = 1e6
    data = frame.assign(**{name: frame[name] / million for name in ("low", "base", "high")})
    money = alt.X(
        "low:Q",
        title=_("funding gap of all areas, {money}", money=style.millions(currency)),
        axis=alt.Axis(format=",.0f", tickCount=5),
    )
    bars = (
        alt.Chart(data)
        .mark_bar(color=style.ACCENT, opacity=0.75)
        .encode(
            y=alt.Y("cause:N", sort=None, title=None),
            x=money,
            x2="high:Q",
            tooltip=[
                alt.Tooltip("cause:N", title=_("cause")),
                alt.Tooltip("low:Q", title=_("low"), format=",.0f"),
                alt.Tooltip("high:Q", title=_("high"), format=",.0f"),
            ],
        )
    )
    rule = alt.Chart(data.head(1)).mark_rule(color=style.INK).encode(x="base:Q")
    return finished((bars + rule).properties(height=alt.Step(BAR + 3)))
