"""The curve of ceilings in a workbook: what each ceiling on the cost of a connection would buy, as table and chart."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd

from coverage.assessment import Assessment
from coverage.ceiling import COLUMNS, sweep
from coverage.costs import price
from coverage.reports.mobile import fixed_areas
from coverage.reports.workbook import Book

SHEET: Final = "ceiling"
BELOW: Final = 2  # rows between the table and the chart
SHOWN: Final = 0.9  # of the ceilings, in the chart; the table holds all
CHART: Final = {"width": 1100, "height": 420}


def ceiling_table(assessment: Assessment) -> pd.DataFrame:
    """Return the curve of the fixed areas, rising, without the row that has no ceiling; empty without areas.

    That row is the proposal itself, which the last ceiling, the dearest proposal, leaves as it is too.
    """
    areas = fixed_areas(assessment.areas)
    columns = [*COLUMNS, "policy", "as_of", "currency", "data_status"]
    if not len(areas):
        return pd.DataFrame(columns=columns)
    options, _ = price(areas, assessment.routes, book=assessment.costs, policy=assessment.policy)
    found = sweep(areas, options, policy=assessment.policy, view=assessment.scenario.view)
    found = found[np.isfinite(found["ceiling"])].reset_index(drop=True)
    stamped: pd.DataFrame = found.assign(
        policy=assessment.policy.id,
        as_of=assessment.study.as_of.isoformat(),
        currency=assessment.study.currency,
        data_status=assessment.study.data_status,
    )
    return stamped[columns]


def _shown(ceilings: pd.Series[float]) -> float:
    """Return where the chart ends: a few very dear areas would press the curve against its left side."""
    most = float(ceilings.quantile(SHOWN))
    step = 10.0 ** max(0, math.floor(math.log10(most))) if most > 0 else 1.0
    return math.ceil(most / step) * step


def add_ceiling(book: Book, table: pd.DataFrame) -> None:
    """Write the sheet of the curve with its chart: premises with fibre, and the capital cost, over the ceiling."""
    if not len(table):
        return
    sheet = book.add_table(table, sheet=SHEET, name=SHEET, frozen=1)
    wording, rows = book.wording, len(table)
    labels = [book.described[name].label for name in table.columns]
    name = wording.text("sheets", SHEET)

    def column(of: str) -> list[str | int]:
        at = list(table.columns).index(of)
        return [name, 1, at, rows, at]

    def label(of: str) -> str:
        return labels[list(table.columns).index(of)]

    chart = book.book.add_chart({"type": "scatter", "subtype": "straight"})
    for of, second, colour in (("premises_fibre", False, "#1f5a99"), ("capex", True, "#a33b00")):
        chart.add_series(
            {
                "name": label(of), "categories": column("ceiling"), "values": column(of), "y2_axis": second,
                "line": {"color": colour, "width": 2.25, "dash_type": "dash" if second else "solid"},
            }
        )  # fmt: skip
    chart.set_title({"name": wording.text("ceiling", "title"), "name_font": {"size": 12}})
    chart.set_x_axis({"name": label("ceiling"), "num_format": "#,##0", "min": 0, "max": _shown(table["ceiling"])})
    chart.set_y_axis({"name": label("premises_fibre"), "num_format": "#,##0", "min": 0})
    chart.set_y2_axis({"name": label("capex"), "num_format": "#,##0", "min": 0})
    chart.set_legend({"position": "bottom"})
    chart.set_size(CHART)
    sheet.insert_chart(rows + BELOW, 0, chart, {"description": wording.text("ceiling", "alt"), "object_position": 3})
