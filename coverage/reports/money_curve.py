"""What each amount of grant money reaches, by the ranking and by the best sets: a sheet with a chart, and the paper."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, Final

import pandas as pd
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from coverage.assessment import Assessment
from coverage.curve import COUNTED, SERIES, curve
from coverage.reports import palette
from coverage.reports.map_canvas import Picture, picture_of
from coverage.reports.selection import Selection
from coverage.reports.wording import Wording
from coverage.reports.workbook import Book

SHEET: Final = "curve"
CHART: Final = {"width": 1100, "height": 420}
COLOURS: Final = {"ranked": palette.TOSS_UP, "optimum": palette.DECISION["fund"]}
SIZE_IN: Final = (6.8, 3.0)
MILLION: Final = 1e6
BUDGETS: Final = 5  # a chart ends at so many budgets: what is decided would be a point on the way to all areas
REACH: Final = (
    "mbps", "short_businesses", "reached", "outside", "slower", "not_funded", "areas", "grant", "grant_p10",
    "grant_p50", "grant_p90",
)  # fmt: skip


def curve_table(selection: Selection) -> pd.DataFrame:
    """Return the steps of `coverage.curve.curve`; empty for a part of the study, whose money nobody has split off.

    Columns of areas of kind mobile are there where any of them can be funded.
    """
    assessment = selection.assessment
    areas = assessment.areas
    if not selection.whole or assessment.stability is None or not (areas["decision"] != "ineligible").any():
        return pd.DataFrame()
    steps = curve(areas, policy=assessment.policy, scenario=assessment.scenario)
    if not steps["mobile_areas"].any():
        steps = steps.drop(columns=[name for name in steps if str(name).startswith("mobile_")])
    return steps.assign(**_stamp(assessment))


def reach_table(selection: Selection) -> pd.DataFrame:
    """Return one row per speed: what it takes to bring every business up to it; of the whole study only."""
    assessment = selection.assessment
    if not selection.whole or not assessment.reach:
        return pd.DataFrame()
    table = pd.DataFrame([asdict(item) for item in assessment.reach])
    table = table.rename(columns={"businesses": "short_businesses", **{p: f"grant_{p}" for p in ("p10", "p50", "p90")}})
    return table[list(REACH)].astype(float).assign(**_stamp(assessment))


def reach_lines(selection: Selection, wording: Wording) -> list[str]:
    """Say what it takes to bring every business up to each speed."""
    currency = selection.assessment.study.currency
    said = []
    for item in selection.assessment.reach if selection.whole else ():
        speed = wording.number(item.mbps)
        if not item.businesses > 0:
            said.append(wording.text("curve", "reach_all_there", mbps=speed))
            continue
        counts = {name: wording.number(getattr(item, name)) for name in ("businesses", "reached", "areas")}
        parts = [wording.text("curve", "reach", mbps=speed, grant=wording.money(item.grant, currency), **counts)]
        if item.p10 is not None and item.areas:
            ends = {"low": wording.money(item.p10, currency), "high": wording.money(item.p90, currency)}
            parts.append(wording.text("curve", "reach_draws", **ends))
        rest = {name: getattr(item, name) for name in ("outside", "slower", "not_funded")}
        if any(rest.values()):
            told = {name: wording.number(value) for name, value in rest.items()}
            parts.append(wording.text("curve", "reach_rest", **told))
        said.append(" ".join(parts))
    return said


def section(
    steps: pd.DataFrame, selection: Selection, wording: Wording, *, file: str
) -> tuple[dict[str, Any], Picture | None]:
    """Return the part of a paper on what money reaches, and its chart; without lines where there is no curve."""
    lines = reach_lines(selection, wording)
    part: dict[str, Any] = {
        "title": wording.text("curve", "title"),
        "lines": [],
        "reach": {"title": wording.text("curve", "reach_title"), "lines": lines},
        "chart": None,
    }
    if steps.empty:
        return part, None
    assessment = selection.assessment
    picture = draw(steps, assessment, wording)
    last = steps[steps["series"] == SERIES[0]].iloc[-1]
    part["lines"] = [wording.text("curve", "intro")]
    part["chart"] = {
        "file": file,
        "ratio": picture.ratio,
        "alt": wording.text(
            "curve",
            "alt",
            businesses=wording.number(last["businesses"]),
            money=wording.money(last["money"], assessment.study.currency),
        ),
        "caption": wording.text(
            "curve",
            "caption",
            end=wording.money(chart_end(steps, assessment.scenario.money), assessment.study.currency),
        ),
    }
    return part, picture


def chart_end(steps: pd.DataFrame, money: float) -> float:
    """Return the amount at which a chart ends: BUDGETS times the money there is, or less where less reaches all."""
    most = float(steps["money"].max())
    return min(most, BUDGETS * money) if money > 0 else most


def draw(steps: pd.DataFrame, assessment: Assessment, wording: Wording) -> Picture:
    """Draw businesses reached over grant money as two stairs, with the budget as an upright line."""
    figure = Figure(figsize=SIZE_IN)
    FigureCanvasSVG(figure)
    axes: Any = figure.add_axes((0.09, 0.16, 0.89, 0.8))
    styles = {"ranked": "--", "optimum": "-"}
    for series in SERIES:
        mine = steps[steps["series"] == series]
        axes.step(
            mine["money"] / MILLION, mine["businesses"], where="post", color=COLOURS[series], linestyle=styles[series],
            linewidth=1.6, label=wording.value("series", series),
        )  # fmt: skip
    money = assessment.scenario.money / MILLION
    axes.axvline(money, color=palette.MUTED, linewidth=0.9)
    axes.annotate(
        wording.text("curve", "budget"), (money, 0), xycoords=("data", "axes fraction"), xytext=(3, 4),
        textcoords="offset points", fontsize=8, color=palette.INK,
    )  # fmt: skip
    end = chart_end(steps, assessment.scenario.money)
    axes.set_xlim(0, (end / MILLION) or 1.0)
    axes.set_ylim(0, 1.05 * float(steps.loc[steps["money"] <= end, "businesses"].max()) or 1.0)
    axes.set_xlabel(wording.text("curve", "axis_money", currency=assessment.study.currency), fontsize=8)
    axes.set_ylabel(wording.text("curve", "axis_count"), fontsize=8)
    plain = FuncFormatter(lambda value, _: wording.number(value, decimals=0 if float(value).is_integer() else 1))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(plain)
    axes.tick_params(labelsize=8, colors=palette.INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color=palette.BORDER, linewidth=0.3)
    axes.legend(loc="lower right", fontsize=8, frameon=False)
    return picture_of(figure, ratio=SIZE_IN[1] / SIZE_IN[0])


def add_sheets(book: Book, steps: pd.DataFrame, selection: Selection) -> None:
    """Write the sheet of the curve with its chart, and that of the aims; nothing where there is neither."""
    wording = book.wording
    own = {}
    for name in ("areas", *COUNTED):
        label, meaning = wording.lines("columns", f"curve_{name}")
        own[name] = (label, meaning)
    if len(steps):
        sheet = book.add_table(steps, sheet=SHEET, name=SHEET, frozen=2, labels=own)
        _add_chart(book, sheet, steps, own, end=chart_end(steps, selection.assessment.scenario.money))
    aims = reach_table(selection)
    if len(aims):
        name = "areas"
        book.add_table(aims, sheet="reach", name="reach", frozen=1, labels={name: own[name]})


def _add_chart(book: Book, sheet: Any, steps: pd.DataFrame, own: dict[str, tuple[str, str]], *, end: float) -> None:
    wording, columns = book.wording, list(steps.columns)
    name = wording.text("sheets", SHEET)
    chart = book.book.add_chart({"type": "scatter", "subtype": "straight"})
    for series in SERIES:
        rows = steps.index[steps["series"] == series]
        first, last = int(rows[0]) + 1, int(rows[-1]) + 1

        def cells(of: str, first: int = first, last: int = last) -> list[str | int]:
            return [name, first, columns.index(of), last, columns.index(of)]

        chart.add_series(
            {
                "name": wording.value("series", series), "categories": cells("money"), "values": cells("businesses"),
                "line": {
                    "color": COLOURS[series], "width": 2.25, "dash_type": "dash" if series == SERIES[0] else "solid",
                },
            }
        )  # fmt: skip
    last_row = steps[steps["series"] == SERIES[0]].iloc[-1]
    said = wording.text(
        "curve",
        "alt",
        businesses=wording.number(last_row["businesses"]),
        money=wording.money(last_row["money"], book.study.currency),
    )
    chart.set_title({"name": wording.text("curve", "title"), "name_font": {"size": 12}})
    end = end or 1.0
    chart.set_x_axis({"name": book.described["money"].label, "num_format": "#,##0", "min": 0, "max": end})
    reached = float(steps.loc[steps["money"] <= end, "businesses"].max())
    chart.set_y_axis({"name": own["businesses"][0], "num_format": "#,##0", "min": 0, "max": math.ceil(reached) or 1})
    chart.set_legend({"position": "bottom"})
    chart.set_size(CHART)
    # Beside the table, which is too long to be looked for below; on paper it is the council's paper that has the chart.
    sheet.insert_chart(1, len(columns) + 1, chart, {"description": said, "object_position": 3})
    sheet.print_area(0, 0, len(steps), len(columns) - 1)


def _stamp(assessment: Assessment) -> dict[str, str]:
    return {
        "policy": assessment.policy.id,
        "as_of": assessment.study.as_of.isoformat(),
        "currency": assessment.study.currency,
        "data_status": assessment.study.data_status,
    }
