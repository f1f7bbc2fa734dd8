"""What would let the areas nearest the line in: the smallest change, of each kind, that makes the budget's rest enough.

The areas in reserve that most draws fund. The target is the grant that is left of the budget: an area that asks for
no more fits in beside those proposed. Each figure is the model's own estimate, made again with one thing changed.
"""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd

from coverage.assessment import Assessment
from coverage.levers import LEVERS, levers
from coverage.reports.once import once
from coverage.reports.wording import Wording

NEAREST: Final = 6  # the estimate is made again some hundred times for each
FIXED: Final = "fixed"
COLUMNS: Final = (
    "rank", "area_id", "municipality_code", "name", "funded_share", "premises", "grant", "target_grant", "lever",
    "takes", "change_by", "change_unit", "change_from", "change_to", "change_technology", "grant_after", "reaches",
    "policy", "as_of", "currency", "data_status",
)  # fmt: skip
SHARES: Final = ("take_up",)


@once
def change_table(assessment: Assessment) -> pd.DataFrame:
    """Return one row per area near the line and lever, areas in the order of rank; empty where none is in reserve.

    Columns: those of the area, `target_grant`, and those of `coverage.levers.levers` for the measure grant.
    """
    summary, areas = assessment.summary, assessment.areas
    left = max(0.0, float(summary["budget"]) - float(summary["funded"]["grant"]))
    near = areas[(areas["decision"] == "reserve") & (areas["kind"] == FIXED) & (areas["grant"] > left)]
    near = near.sort_values(["funded_share", "rank"], ascending=[False, True], kind="stable").head(NEAREST)
    found = []
    for area_id in near.sort_values(["rank", "area_id"], kind="stable")["area_id"]:
        area = areas[areas["area_id"] == area_id]
        asked = {"book": assessment.costs, "policy": assessment.policy, "scenario": assessment.scenario}
        rows = levers(area, assessment.routes, target=left, measure="grant", **asked)  # type: ignore[arg-type]
        row = area.iloc[0]
        held = {name: row[name] for name in ("rank", "area_id", "municipality_code", "name", "funded_share")}
        found.append(
            rows.rename(
                columns={
                    "change": "change_by", "start": "change_from", "end": "change_to", "unit": "change_unit",
                    "technology": "change_technology", "after": "grant_after", "feasible": "reaches",
                }
            ).assign(**held, premises=float(row["premises"]), grant=float(row["grant"]), target_grant=left)
        )  # fmt: skip
    stamp = {
        "policy": assessment.policy.id,
        "as_of": assessment.study.as_of.isoformat(),
        "currency": assessment.study.currency,
        "data_status": assessment.study.data_status,
    }
    whole = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*COLUMNS, "why"])
    return whole.assign(**stamp)


def in_words(table: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return the table with what each lever takes as a phrase in `takes`, and without the codes it replaces."""
    said = [phrase(row, wording) for row in table.to_dict("records")]
    shown = table.assign(takes=pd.Series(said, index=table.index, dtype="str"))
    same = shown["lever"] != "technology"
    shown["change_technology"] = shown["change_technology"].where(~same & (shown["change_technology"] != ""))
    return shown[list(COLUMNS)]


def section(table: pd.DataFrame, wording: Wording, *, of: int, study: str) -> dict[str, Any]:
    """Return the part of a paper that says what would change: one row per area, one column per lever.

    `of` is the number of areas near the line in the whole study, of which a selection shows some.
    """
    rows = []
    for area_id in dict.fromkeys(table["area_id"]):
        mine = table[table["area_id"] == area_id]
        first = mine.iloc[0]
        takes = {row["lever"]: phrase(row, wording) for row in mine.to_dict("records")}
        rows.append(
            [
                str(int(first["rank"])),
                f"{first['name']}\n{area_id}",
                wording.number(first["grant"] / 1000),
                *(takes[name] for name in LEVERS),
            ]
        )
    left = float(table["target_grant"].iloc[0]) if len(table) else 0.0
    currency = str(table["currency"].iloc[0]) if len(table) else ""
    intro = "intro" if len(rows) == of else "intro_part_one" if len(rows) == 1 else "intro_part"
    counts = {"areas": wording.number(len(rows)), "of": wording.number(of), "study": study}
    return {
        "title": wording.text("change", "title"),
        "intro": wording.text("change", intro, left=wording.money(left, currency), **counts)
        + " "
        + wording.text("gap", "money_unit", currency=currency),
        "header": [
            *wording.lines("change", "table"),
            *(_upper(wording.value("lever", name)) for name in LEVERS),
        ],
        "rows": rows,
        "note": wording.text("change", "note"),
        "last_apart": False,
    }


def phrase(row: dict[Any, Any], wording: Wording) -> str:
    """Say in a few words what one lever takes, rounded up, or why it is not enough."""
    lever, why, currency = str(row["lever"]), str(row["why"]), str(row["currency"])
    key = lever if row["reaches"] else f"not_{lever}" if why == "not_enough" else why
    share = wording.percent(math.ceil(100 * row["change_to"] / row["premises"]) / 100) if lever in SHARES else ""
    return wording.text(
        "change",
        key,
        share=share,
        count=wording.number(up(row["change_by"])),
        start=wording.number(row["change_from"]),
        metres=wording.number(up(row["change_to"])),
        money=wording.money(up(row["change_to"] if lever == "connection_fee" else row["change_by"]), currency),
        technology=wording.value("technology", row["change_technology"]),
        left=wording.money(row["grant_after"], currency),
    )


def up(value: float) -> float:
    """Round up to three figures: what is read must be enough. Nothing stays as it is."""
    if not value > 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(value)) - 2)
    return float(math.ceil(value / step - 1e-6) * step) if step >= 1 else float(math.ceil(value - 1e-6))


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
