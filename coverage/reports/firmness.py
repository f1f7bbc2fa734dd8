"""How certain the list is: for each area near the line a sentence, as a sheet and as a section of the paper."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from coverage.assessment import Assessment
from coverage.reports.wording import Wording
from coverage.stability import NEAR, Stability

SHOWN: Final = 24  # areas in the paper, those nearest the line; the workbook has all
EDGE: Final = 0.005  # a grant this near to what an area may cost reads the same
COLUMNS: Final = (
    "rank", "area_id", "municipality_code", "name", "decision", "ranked_decision", "rank_p10", "rank_p90",
    "funded_share", "certainty", "driver", "budget_change", "grant", "grant_limit", "against", "criterion",
    "weight_now", "weight_then", "told", "policy", "as_of", "currency", "data_status",
)  # fmt: skip


def firm_table(assessment: Assessment, wording: Wording) -> pd.DataFrame:
    """Return one row per area near the line with its sentence, in the order of rank; empty where nothing was drawn."""
    line = _line(assessment)
    if line.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    areas = assessment.areas.set_index("area_id")
    names = _names(assessment)
    labels = criterion_labels(assessment, wording)
    stamp = {name: areas[name].reindex(line["area_id"]).to_numpy() for name in COLUMNS[-4:]}
    table = line.assign(
        municipality_code=line["area_id"].map(areas["municipality_code"]),
        name=line["area_id"].map(areas["name"]),
        told=pd.Series(
            [tell(row, names, labels, wording, assessment.study.currency) for row in _rows(line)], dtype="str"
        ),
        against=line["against"].map(lambda area: names.get(area, area), na_action="ignore"),
        criterion=line["criterion"].map(labels, na_action="ignore"),
        weight_now=line["weight"],
        weight_then=line["swap_weight"],
        **stamp,
    )
    return table[list(COLUMNS)]


def tell(row: dict[Any, Any], names: dict[str, str], labels: dict[str, str], wording: Wording, currency: str) -> str:
    """Say in a few sentences how firm one area near the line is, and what would turn it."""
    ranks = {"low": wording.number(row["rank_p10"]), "high": wording.number(row["rank_p90"])}
    said = [
        wording.text("firm", row["code"], share=wording.percent(row["funded_share"])),
        wording.text("firm", "rank_one" if row["rank_p10"] == row["rank_p90"] else "ranks", **ranks),
    ]
    if not pd.isna(row["driver"]):
        said.append(wording.text("firm", f"driver_{row['driver']}"))
    change = float(row["budget_change"])
    key = "below" if row["side"] == "below" else "above" if change < 0 else "above_any"
    said.append(wording.text("firm", key, money=wording.money(abs(change), currency)))
    if not pd.isna(row["grant_limit"]):
        grant, limit = float(row["grant"]), float(row["grant_limit"])
        key = "limit_edge" if abs(grant - limit) < EDGE * limit else "limit_above" if grant < limit else "limit_below"
        amounts = {"grant": wording.money(grant, currency), "limit": wording.money(limit, currency)}
        said.append(wording.text("firm", key, **amounts))
    if not pd.isna(row["swap_code"]):
        said.append(_swap(row, names, labels, wording))
    return " ".join(said)


def section(assessment: Assessment, wording: Wording) -> dict[str, Any]:
    """Return the part of a paper that tells the areas nearest the line; without rows where nothing was drawn."""
    firm, table = assessment.stability, firm_table(assessment, wording)
    part: dict[str, Any] = {
        "title": wording.text("firm", "title"),
        "lines": [],
        "header": wording.lines("firm", "table"),
        "rows": [],
        "after": [],
        "last_apart": False,
    }
    if firm is None:
        return part
    part["lines"] = notes(firm, wording)
    if table.empty:
        part["lines"].append(wording.text("firm", "none"))
        return part
    nearest = table["budget_change"].abs().sort_values(kind="stable").index[:SHOWN]
    shown = table.loc[sorted(nearest)]
    part["rows"] = [
        [wording.number(row["rank"]), f"{row['name']}\n{row['area_id']}", row["told"]] for row in _rows(shown)
    ]
    if len(table) > len(shown):
        part["after"] = [wording.text("firm", "more", count=wording.number(len(table) - len(shown)))]
    return part


def notes(firm: Stability, wording: Wording) -> list[str]:
    """Say how the draws were made, how good the choice in them is, and whether the budget held."""
    said = [wording.text("firm", "intro", draws=wording.number(firm.draws), near=wording.number(NEAR))]
    if firm.error_max > 0:
        errors = {"most": wording.percent(firm.error_max), "mean": wording.percent(firm.error_mean)}
        said.append(wording.text("firm", "error", **errors))
    if firm.overspent_share > 0:
        said.append(wording.text("firm", "overspent", share=wording.percent(firm.overspent_share)))
    return said


def criterion_labels(assessment: Assessment, wording: Wording) -> dict[str, str]:
    """Return what each criterion of the list is called in the reports' language, by its id."""
    return {item.id: item.label.get(wording.language, item.id) for item in assessment.policy.criteria}


def _line(assessment: Assessment) -> pd.DataFrame:
    if assessment.stability is None:
        return pd.DataFrame()
    line = assessment.stability.line
    return line[line["area_id"].isin(assessment.areas["area_id"])].reset_index(drop=True)


def _names(assessment: Assessment) -> dict[str, str]:
    """Return how areas are called in a sentence: name and id; one outside a selection by its id alone."""
    pairs = zip(assessment.areas["area_id"], assessment.areas["name"], strict=True)
    return {str(area): f"{name} ({area})" for area, name in pairs}


def _rows(table: pd.DataFrame) -> list[dict[Any, Any]]:
    return table.to_dict("records")


def _swap(row: dict[Any, Any], names: dict[str, str], labels: dict[str, str], wording: Wording) -> str:
    code = str(row["swap_code"])
    if code == "swap":
        code = "swap_up" if row["swap_weight"] > row["weight"] else "swap_down"
    return wording.text(
        "firm",
        code,
        against=names.get(row["against"], row["against"]),
        criterion=labels.get(row["criterion"], row["criterion"]),
        weight=_points(row["weight"], wording),
        then=_points(row["swap_weight"], wording),
        share=wording.percent(row["swap_share"]),
    )


def _points(weight: float, wording: Wording) -> str:
    return wording.number(weight, decimals=0 if float(weight).is_integer() else 1)
