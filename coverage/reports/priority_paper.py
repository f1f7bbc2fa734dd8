"""priority-list.pdf: one-page summary, the ranked list with its line, criteria, method, sources, fingerprint."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

from coverage.reports import area_pages, differences, firmness, mobile, money_curve, pdf, points, static_map, tables
from coverage.reports.selection import Selection
from coverage.reports.wording import Wording

BELOW_LINE: Final = 40  # areas shown below the line even if none of them is proposed
CURVE_FILE: Final = "curve.svg"
SHORT_RUN: Final = 3  # a run of hidden rows shorter than this is shown instead


def write_priority_paper(selection: Selection, path: Path, *, wording: Wording, fingerprint: str) -> None:
    """Write the priority list as PDF."""
    assessment = selection.assessment
    every = tables.ranked_areas(assessment)
    paid = every[every["decision"] == "fund"]
    # Counted apart: premises that a mast reaches may be those of a fixed area.
    areas, funded = mobile.fixed_areas(every), mobile.fixed_areas(paid)
    data = pdf.common_data(
        selection,
        wording,
        title=wording.text("priority", "title"),
        subject=wording.text("priority", "subject"),
        fingerprint={wording.text("pdf", "fingerprint_priority"): fingerprint},
    )
    title = selection.title(wording)
    curve, chart = money_curve.section(money_curve.curve_table(selection), selection, wording, file=CURVE_FILE)
    picture = static_map.decision_map(assessment, wording=wording, attribution=pdf.attribution(selection, wording))
    sheets, maps = area_pages.section(selection, wording)
    data |= {
        "lead": mobile.selected(selection, wording)
        if mobile.only_masts(assessment)
        else _lead(selection, funded, wording, masts=len(paid) - len(funded)),
        "figures": _figures(selection, areas, funded, paid, wording),
        "who": _who(paid, assessment.study.currency, wording),
        "certain": _certain(areas, funded, wording),
        "ranked": _ranked(areas, funded, wording),
        "list": _list(selection, every, wording),
        "areas": sheets,
        "mobile": mobile.section(selection, wording),
        "firm": firmness.section(selection, wording),
        "differences": differences.section(selection, wording),
        "curve": curve,
        "near": points.section(assessment, wording),
        "change": selection.change_section(wording),
        "criteria": _criteria(selection, wording),
        "method": _method(selection, wording),
        "map": {
            "file": "map.svg",
            "ratio": picture.ratio,
            "alt": wording.text("priority", "map_alt", scope=title, areas=wording.number(len(funded))),
            "caption": wording.text("priority", "map_caption", labels=static_map.LABELS),
        },
    }
    pictures = {"map.svg": picture.svg, **maps} | ({CURVE_FILE: chart.svg} if chart else {})
    path.write_bytes(pdf.compile_pdf("priority-list", data, pictures, as_of=assessment.study.as_of))


def _lead(selection: Selection, funded: pd.DataFrame, wording: Wording, *, masts: int) -> str:
    currency = selection.assessment.study.currency
    budget = wording.money(selection.assessment.scenario.money, currency)
    study = wording.said(selection.assessment.study.name)
    also = f" {wording.text('mobile', 'also', areas=wording.number(masts))}" if masts else ""
    if funded.empty:
        return also.strip() or _lead_none(selection, wording, budget=budget, study=study)
    return (
        wording.text(
            "priority",
            "lead",
            budget=budget,
            study=study,
            areas=wording.number(len(funded)),
            businesses=wording.number(float(funded["businesses"].sum())),
            households=wording.number(float(funded["households"].sum())),
            grant=wording.money(float(funded["grant"].sum()), currency),
        )
        + also
    )


def _lead_none(selection: Selection, wording: Wording, *, budget: str, study: str) -> str:
    if selection.whole:
        return wording.text("priority", "lead_none", budget=budget, study=study)
    if selection.assessment.areas.empty:
        return wording.text("gap", "no_areas")
    areas = wording.number(len(selection.assessment.areas))
    return wording.text("priority", "lead_none_part", budget=budget, study=study, areas=areas)


def _figures(
    selection: Selection, areas: pd.DataFrame, funded: pd.DataFrame, paid: pd.DataFrame, wording: Wording
) -> list[dict[str, str]]:
    currency, budget = selection.assessment.study.currency, selection.assessment.scenario.money
    if mobile.only_masts(selection.assessment):
        return [{"value": value, "label": label} for value, label in mobile.figures(selection.assessment, wording)]
    grant = float(paid["grant"].sum())
    shown = [
        (wording.money(budget, currency), wording.text("priority", "figure_budget")),
        (wording.money(grant, currency), wording.text("priority", "figure_grant")),
        (
            wording.number(len(funded)),
            wording.text("priority", "figure_areas", areas=wording.number(len(areas))),
        ),
        (wording.number(float(funded["businesses"].sum())), wording.text("priority", "figure_businesses")),
        (wording.number(float(funded["households"].sum())), wording.text("priority", "figure_households")),
    ]
    if selection.whole:
        left = wording.percent((budget - grant) / budget if budget else None)
        shown.append((left, wording.text("priority", "figure_left")))
    return [{"value": value, "label": label} for value, label in shown]


def _who(funded: pd.DataFrame, currency: str, wording: Wording) -> dict[str, Any]:
    total = float(funded["funding_gap_p50"].sum())
    parts = {"state": "state_share", "county": "county_share", "municipal": "municipal_share"}
    parts["private"] = "private_share"
    amounts = [(key, float(funded[column].sum())) for key, column in parts.items()]
    rows = [
        [
            wording.text("priority", f"who_{key}"),
            f"{wording.number(amount)} {currency}",
            wording.percent(amount / total if total else None),
        ]
        for key, amount in [*amounts, ("sum", total)]
    ]
    return {
        "title": wording.text("priority", "who"),
        "header": wording.lines("priority", "who_table"),
        "rows": rows if len(funded) else [],
        "last_apart": True,
        "intro": "",
    }


def _certain(areas: pd.DataFrame, funded: pd.DataFrame, wording: Wording) -> dict[str, Any]:
    safe = int((funded["certainty"] == "safe yes").sum())
    toss = int((funded["certainty"] == "toss-up").sum())
    others = int((areas["certainty"] == "toss-up").sum()) - toss
    lines = []
    if len(funded):
        values = {"yes": safe, "areas": len(funded), "toss": toss}
        counts = {key: wording.number(value) for key, value in values.items()}
        lines.append(wording.text("priority", "certain_text", **counts))
    if others:
        lines.append(wording.text("priority", "certain_others", toss=wording.number(others)))
    return {"title": wording.text("priority", "certain"), "lines": [*lines, *tables.no_grant_notes(areas, wording)]}


def _ranked(areas: pd.DataFrame, funded: pd.DataFrame, wording: Wording) -> dict[str, Any]:
    by_rank = areas[areas["ranked_decision"] == "fund"]
    if areas.empty:
        return {"title": wording.text("priority", "ranked"), "lines": []}
    if set(by_rank["area_id"]) == set(funded["area_id"]):
        line = wording.text("priority", "ranked_same")
    else:
        line = wording.text(
            "priority",
            "ranked_text",
            areas=wording.number(len(by_rank)),
            premises=wording.number(float(by_rank["premises"].sum())),
            set_premises=wording.number(float(funded["premises"].sum())),
        )
    return {"title": wording.text("priority", "ranked"), "lines": [line]}


def _list(selection: Selection, areas: pd.DataFrame, wording: Wording) -> dict[str, Any]:
    currency, budget = selection.assessment.study.currency, selection.assessment.scenario.money
    names = selection.municipality_names()
    areas = mobile.named(areas, wording)
    has_mobile = len(mobile.mobile_areas(areas)) > 0
    above = (areas["cumulative_grant"] <= budget).to_numpy()
    shown = _shown(areas, above)
    rows: list[dict[str, Any]] = []
    amount = wording.money(budget, currency)
    line_drawn, hidden = False, []
    for number, row in enumerate(tables.records(areas)):
        if not above[number] and not line_drawn:
            rows.append({"kind": "line", "text": wording.text("priority", "line", budget=amount)})
            line_drawn = True
        if not shown[number]:
            hidden.append(int(row.rank))
            continue
        rows += _gap_in_rows(hidden, wording)
        hidden = []
        rows.append({"kind": row.decision, "id": str(row.area_id), "cells": _cells(row, names, wording)})
    rows += _gap_in_rows(hidden, wording)
    if not line_drawn and len(areas):
        rows.append({"kind": "line", "text": wording.text("priority", "line_all", budget=amount)})
    return {
        "title": wording.text("priority", "list"),
        "intro": wording.text("priority", "list_intro", currency=currency)
        + (f" {wording.text('priority', 'list_ranks')}" if "rank_p10" in areas else "")
        + (f" {wording.text('mobile', 'list_note')}" if has_mobile else ""),
        "header": wording.lines("priority", "list_table"),
        "rows": rows,
    }


def _shown(areas: pd.DataFrame, above: Any) -> list[bool]:
    """Say which rows a paper shows: those above the line, the next ones below it, and every proposed area."""
    last = int(above.sum()) + BELOW_LINE
    wanted = [number < last or decision == "fund" for number, decision in enumerate(areas["decision"])]
    for start in range(len(wanted)):
        run = wanted[start : start + SHORT_RUN]
        if not run[0] and any(run) and (start == 0 or wanted[start - 1]):
            wanted[start : start + run.index(True)] = [True] * run.index(True)
    return wanted


def _gap_in_rows(hidden: list[int], wording: Wording) -> list[dict[str, Any]]:
    if not hidden:
        return []
    key = "skipped" if len(hidden) > 1 else "skipped_one"
    text = wording.text("priority", key, count=wording.number(len(hidden)), first=hidden[0], last=hidden[-1])
    return [{"kind": "skipped", "text": text}]


def _cells(row: Any, names: dict[str, str], wording: Wording) -> list[str]:
    def thousand(value: float) -> str:
        return wording.number(value / 1000)

    span = f"{thousand(row.funding_gap_p10)}–{thousand(row.funding_gap_p90)}"
    return [
        _rank(row, wording),
        f"{row.name}\n{row.area_id}",
        names.get(str(row.municipality_code), str(row.municipality_code)),
        wording.number(row.premises),
        wording.number(row.businesses),
        wording.number(row.households),
        wording.value("technology", row.technology),
        thousand(row.capex),
        f"{thousand(row.funding_gap_p50)}\n{span}",
        thousand(row.grant),
        thousand(row.cumulative_grant),
        wording.number(row.score, decimals=1),
        f"{wording.value('certainty', row.certainty)}\n{wording.percent(row.funded_share)}",
        wording.value("ranked_decision", row.ranked_decision),
        wording.value("decision", row.decision) + (f"\n{wording.text('priority', 'free')}" if _free(row) else ""),
    ]


def _rank(row: Any, wording: Wording) -> str:
    """Return the rank, with the ranks that it lies between in eight of ten draws below it where they are known."""
    rank = str(int(row.rank))
    if not hasattr(row, "rank_p10") or row.decision == "ineligible":
        return rank
    return f"{rank}\n{wording.number(row.rank_p10)}–{wording.number(row.rank_p90)}"


def _free(row: Any) -> bool:
    return bool(row.decision == "fund" and row.grant == 0)


def _criteria(selection: Selection, wording: Wording) -> dict[str, Any]:
    policy = selection.assessment.policy
    weights = points.weights(selection.assessment)
    rows = [
        [
            points.label(item, wording) + ("" if item.confidence == "published" else "*"),
            _bound(weights[item.id], wording),
            _bound(item.low, wording),
            _bound(item.high, wording),
            wording.said(item.unit),
        ]
        for item in policy.criteria
    ]
    return {
        "title": wording.text("priority", "criteria"),
        "intro": wording.text("priority", "criteria_intro", total=_bound(sum(weights.values()), wording)),
        "template": points.template_text(selection.assessment, wording).split("\n"),
        "header": wording.lines("priority", "criteria_table"),
        "rows": rows,
        "last_apart": False,
    }


def _bound(value: float, wording: Wording) -> str:
    return wording.number(value, decimals=0 if float(value).is_integer() else 1 if value * 10 % 1 == 0 else 2)


def _method(selection: Selection, wording: Wording) -> dict[str, Any]:
    assessment = selection.assessment
    lines = wording.lines(
        "priority",
        "method_text",
        funding_gap=tables.funding_gap_text(assessment, wording),
        draws=wording.number(assessment.scenario.draws),
    )
    return {"title": wording.text("priority", "method"), "lines": lines}
