"""How certain the list is: a sentence for each area near the line, and the paper's table of those not proposed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from coverage.assessment import Assessment
from coverage.reports import differences
from coverage.reports.selection import Selection
from coverage.reports.wording import Wording, shortened
from coverage.stability import NEAR, Stability

SHOWN: Final = 17  # areas in the paper, those nearest the line; the workbook has all
LONG: Final = 60  # characters of an area's name in a cell's sentence
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


def sentences(assessment: Assessment, wording: Wording, *, longest: int) -> dict[str, str]:
    """Return the sentences on each area near the line by its id; names of others cut to so many characters."""
    line, names, labels = _line(assessment), _names(assessment, longest), criterion_labels(assessment, wording)
    currency = assessment.study.currency
    return {str(row["area_id"]): tell(row, names, labels, wording, currency) for row in _rows(line)}


def plainly(row: Mapping[Any, Any], wording: Wording) -> str:
    """Say of any area, of the list alone, in how many draws it is funded, and the ranks it lies between."""
    code = f"{row['decision']}: {row['certainty']}"
    if pd.isna(row["funded_share"]) or code not in wording.texts["firm"]:
        return ""
    said = wording.text("firm", code, share=wording.percent(row["funded_share"]))
    low, high = row.get("rank_p10"), row.get("rank_p90")
    if low is None or pd.isna(low):
        return said
    ranks = {"low": wording.number(low), "high": wording.number(high)}
    return f"{said} {wording.text('firm', 'rank_one' if low == high else 'ranks', **ranks)}"


def section(selection: Selection, wording: Wording) -> dict[str, Any]:
    """Return the part of a paper on how firm the list is, with a table of the areas near the line not proposed.

    Where nothing was drawn, only areas that the plain ranked cut would fund are in it. What is said of a proposed
    area stands on its half page.
    """
    assessment = selection.assessment
    firm, out = assessment.stability, differences.of_areas(selection, wording, longest=LONG)
    part: dict[str, Any] = {
        "title": wording.text("firm", "title"),
        "lines": notes(firm, wording, key="paper_intro") if firm else [],
        "header": wording.lines("firm", "near_table"),
        "rows": [],
        "after": [],
        "last_apart": False,
    }
    areas = assessment.areas[assessment.areas["decision"] != "fund"].set_index("area_id")
    line = _line(assessment)
    near = line.set_index("area_id") if len(line) else pd.DataFrame(columns=["budget_change"])
    first = near["budget_change"].astype(float).abs().sort_values(kind="stable").index
    wanted = [area for area in dict.fromkeys([*out, *first]) if area in areas.index]
    shown = areas.loc[wanted[:SHOWN]].sort_values("rank", kind="stable")
    for area, row in shown.iterrows():
        told = near.loc[area] if area in near.index else None
        part["rows"].append(_near(row, told, str(area), out.get(str(area), ""), wording))
    if not part["rows"]:
        part["lines"] += [wording.text("firm", "none")] if firm else []
        return part
    if not firm:
        part["lines"] = [wording.text("firm", "out_intro")]
    if len(wanted) > len(shown):
        part["after"].append(wording.text("firm", "more", count=wording.number(len(wanted) - len(shown))))
    if firm:
        part["after"].append(wording.text("firm", "whole"))
    return part


def _near(row: pd.Series, told: pd.Series | None, area: str, out: str, wording: Wording) -> list[str]:
    """Return the cells of one area near the line that is not proposed; a dash where nothing was drawn."""
    none = str(wording.texts["none"])
    rank, reach, limit = wording.number(row["rank"]), none, none
    sure = f"{wording.value('certainty', row['certainty'])}\n{wording.percent(row['funded_share'])}"
    if told is not None:
        rank += f"\n{wording.number(told['rank_p10'])}–{wording.number(told['rank_p90'])}"
        if not pd.isna(told["driver"]):
            sure += f", {wording.value('driver', told['driver'])}"
        change = float(told["budget_change"])
        key = "reach_up" if told["side"] == "below" else "reach_down" if change < 0 else "reach_edge"
        reach = wording.text("firm", key, money=wording.number(abs(change) / 1000))
        limit = wording.number(told["grant_limit"] / 1000)
    name = f"{row['name']}\n{area}{f': {out}' if out else ''}"
    return [rank, name, sure, reach, wording.number(row["grant"] / 1000), limit]


def notes(firm: Stability, wording: Wording, *, key: str = "intro") -> list[str]:
    """Say how the draws were made, how good the choice in them is, and whether the budget held."""
    said = [wording.text("firm", key, draws=wording.number(firm.draws), near=wording.number(NEAR))]
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


def _names(assessment: Assessment, longest: int | None = None) -> dict[str, str]:
    """Return how areas are called in a sentence: name and id; one outside a selection by its id alone."""
    pairs = zip(assessment.areas["area_id"], assessment.areas["name"], strict=True)
    return {str(area): f"{shortened(str(name), longest)} ({area})" for area, name in pairs}


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
