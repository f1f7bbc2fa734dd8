"""Where the score comes from: weights, bounds and sources of the criteria, and what each adds for every area."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from coverage.assessment import Assessment
from coverage.policy import Criterion
from coverage.reports.columns import CONTRIBUTION_PREFIX, MEASURE_PREFIX, REACHES_PREFIX, SCORE_PREFIX
from coverage.reports.once import once
from coverage.reports.wording import Wording
from coverage.reports.workbook import Book
from coverage.templates import Template, load_template

UPRIGHT: Final = 7  # criteria that stand beside each other on an upright page
NEAR: Final = 5  # areas above and below the line that are set side by side
RULES: Final = (
    "criterion", "weight_now", "weight_share", "low", "high", "unit", "confidence", "source", "policy", "as_of",
    "data_status",
)  # fmt: skip
FIRST: Final = ("rank", "area_id", "municipality_code", "name", "decision", "score")
STAMP: Final = ("policy", "as_of", "data_status")
COLOURS: Final = (
    "#0072b2", "#e69f00", "#009e73", "#a64d79", "#56b4e9", "#d55e00", "#8b96a1", "#b8a400", "#1f3a4d", "#7570b3",
)  # fmt: skip
CHART: Final = {"width": 1100, "height": 440}
BELOW: Final = 2  # rows between the table and its chart
SHEET: Final = "contributions"


def template_of(assessment: Assessment) -> Template | None:
    """Return the published way of scoring that the scenario has chosen; None where it is the policy's own."""
    return load_template(assessment.scenario.template) if assessment.scenario.template else None


def weights(assessment: Assessment) -> dict[str, float]:
    """Return the weight of each criterion of the list, in points: the scenario's, else its own."""
    changed = dict(assessment.scenario.weights)
    return {item.id: float(changed.get(item.id, item.weight)) for item in assessment.policy.criteria}


def rule_table(assessment: Assessment, wording: Wording) -> pd.DataFrame:
    """Return one row per criterion, in words: weight, bounds, unit, and where they are from."""
    held = weights(assessment)
    total = sum(held.values())
    rows = [
        {
            "criterion": label(item, wording),
            "weight_now": held[item.id],
            "weight_share": held[item.id] / total if total else np.nan,
            "low": float(item.low),
            "high": float(item.high),
            "unit": item.unit,
            "confidence": item.confidence,
            "source": item.source or None,
            "policy": assessment.policy.id,
            "as_of": assessment.study.as_of.isoformat(),
            "data_status": assessment.study.data_status,
        }
        for item in assessment.policy.criteria
    ]
    return pd.DataFrame(rows, columns=list(RULES))


@once
def contribution_table(assessment: Assessment) -> pd.DataFrame:
    """Return one row per area in the order of rank: its score, what each criterion adds, and what was measured."""
    areas = assessment.areas.sort_values(["rank", "area_id"], kind="stable").reset_index(drop=True)
    held = weights(assessment)
    total = sum(held.values())
    columns: dict[str, Any] = {name: areas[name] for name in FIRST}
    for name, weight in held.items():
        columns[f"{CONTRIBUTION_PREFIX}{name}"] = areas[f"{SCORE_PREFIX}{name}"].astype(float) * weight / total
    for name in held:
        if f"{MEASURE_PREFIX}{name}" in areas:
            columns[f"{MEASURE_PREFIX}{name}"] = areas[f"{MEASURE_PREFIX}{name}"]
    if "not_measured" in areas and (areas["not_measured"] != "").any():
        columns["not_measured"] = areas["not_measured"].where(areas["not_measured"] != "")
    return pd.DataFrame(columns | {name: areas[name] for name in STAMP})


def labels(assessment: Assessment, wording: Wording) -> dict[str, tuple[str, str]]:
    """Return label and meaning of the columns that hang on criteria and on marks of the template."""
    found: dict[str, tuple[str, str]] = {}
    for item in assessment.policy.criteria:
        for prefix, key in ((CONTRIBUTION_PREFIX, "contribution"), (MEASURE_PREFIX, "measured")):
            name, meaning = wording.lines("columns", key, criterion=label(item, wording))
            found[f"{prefix}{item.id}"] = (
                name,
                f"{meaning} ({wording.said(item.unit)})" if key == "measured" else meaning,
            )
    template = template_of(assessment)
    for mark in template.marks if template else ():
        told = mark.label.get(wording.language, mark.id)
        name, meaning = wording.lines("columns", "reaches_mark", mark=told, points=wording.number(mark.points))
        found[f"{REACHES_PREFIX}{mark.id}"] = (name, meaning)
    return found


def label(item: Criterion, wording: Wording) -> str:
    """Return what a criterion is called in the reports' language."""
    return item.label.get(wording.language, item.id)


def around_the_line(assessment: Assessment) -> pd.DataFrame:
    """Return the contributions of the last areas that the ranked money reaches, and of the first that it does not."""
    table = contribution_table(assessment)
    able = table[table["decision"] != "ineligible"]
    areas = assessment.areas.set_index("area_id")
    above = int((able["area_id"].map(areas["cumulative_grant"]) <= assessment.scenario.money).sum())
    return able.iloc[max(0, above - NEAR) : above + NEAR]


def section(assessment: Assessment, wording: Wording) -> dict[str, Any]:
    """Return the part of a paper that sets the areas around the line side by side."""
    near = around_the_line(assessment)
    items = [item for item in assessment.policy.criteria if weights(assessment)[item.id] > 0]
    rows = [
        [
            wording.number(row["rank"]),
            f"{row['name']}\n{row['area_id']}",
            *(wording.number(row[f"{CONTRIBUTION_PREFIX}{item.id}"], decimals=1) for item in items),
            wording.number(row["score"], decimals=1),
        ]
        for row in near.to_dict("records")
    ]
    return {
        "title": wording.text("score", "near"),
        "intro": wording.text("score", "near_intro"),
        "header": [
            *wording.lines("score", "near_table"),
            *(label(item, wording) for item in items),
            wording.text("score", "near_score"),
        ],
        "rows": rows,
        "last_apart": False,
        # An id, which stands where a criterion has no label in the language, breaks nowhere.
        "wide": len(items) > UPRIGHT or any("_" in label(item, wording) for item in items),
    }


def template_text(assessment: Assessment, wording: Wording) -> str:
    """Say by which published way of scoring the list was made, with its note; empty where it is the policy's own."""
    template = template_of(assessment)
    if template is None:
        return ""
    said = [
        wording.text(
            "score",
            "template_of",
            name=template.name.get(wording.language, template.id),
            id=template.id,
            points=wording.number(template.max_points),
            source=wording.said(template.source),
        )
    ]
    if template.prices:
        held = {name: wording.number(getattr(template.prices, key)) for name, key in
                (("within", "points_within"), ("above", "points_above"), ("reject", "reject_above"))}  # fmt: skip
        said.append(wording.text("score", "how_price", **held))
    return "\n".join([*said, *filter(None, [template.note.get(wording.language, "")])])


def template_marks(assessment: Assessment, wording: Wording) -> list[tuple[str, str]]:
    """Return the parts of the template beside its criteria that are not published, in words, and their confidence."""
    template = template_of(assessment)
    if template is None:
        return []
    marks = {mark.id: mark.label.get(wording.language, mark.id) for mark in template.marks}
    found = []
    for name, confidence in template.marked():
        kind, _, item = name.rpartition(" ")
        if kind == "criterion":
            continue  # named with those of the policy, in whose place they stand
        if kind == "mark":
            said = wording.text("score", "part_mark", label=marks[item])
        elif kind:
            said = wording.text("score", "part_reference", currency=item)
        else:
            said = wording.text("score", f"part_{name}")
        found.append((said, confidence))
    return found


def add_sheets(book: Book, assessment: Assessment) -> None:
    """Write the sheets of the criteria and of the parts of the score, with a chart of the areas around the line."""
    if assessment.areas.empty:
        return
    wording = book.wording
    book.add_table(rule_table(assessment, wording), sheet="score_rules", name="score_rules", frozen=1)
    table = contribution_table(assessment)
    sheet = book.add_table(table, sheet=SHEET, name=SHEET, frozen=4, labels=labels(assessment, wording))
    near = around_the_line(assessment)
    if near.empty:
        return
    first, last = int(near.index[0]) + 1, int(near.index[-1]) + 1
    name, columns = wording.text("sheets", SHEET), list(table.columns)
    named = columns.index("name")
    chart = book.book.add_chart({"type": "bar", "subtype": "stacked"})
    for number, item in enumerate(assessment.policy.criteria):
        at = columns.index(f"{CONTRIBUTION_PREFIX}{item.id}")
        chart.add_series(
            {
                "name": label(item, wording), "categories": [name, first, named, last, named],
                "values": [name, first, at, last, at], "fill": {"color": COLOURS[number % len(COLOURS)]}, "gap": 40,
            }
        )  # fmt: skip
    chart.set_title({"name": wording.text("score", "chart"), "name_font": {"size": 12}})
    chart.set_y_axis({"reverse": True})
    chart.set_x_axis({"num_format": "0", "min": 0})
    chart.set_legend({"position": "bottom"})
    chart.set_size(CHART)
    sheet.insert_chart(
        len(table) + BELOW, 0, chart, {"description": wording.text("score", "alt"), "object_position": 3}
    )
