"""What the best set does otherwise than money that follows the ranking, in words: as a sheet and in the paper."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from coverage.assessment import Assessment
from coverage.programme import Finding
from coverage.reports.once import once
from coverage.reports.selection import Selection
from coverage.reports.wording import Wording, shortened

COLUMNS: Final = (
    "rank", "area_id", "municipality_code", "name", "difference", "decision", "ranked_decision", "grant", "told",
    "policy", "as_of", "currency", "data_status",
)  # fmt: skip
DECISIONS: Final = ("decision", "ranked_decision")
OF_ALL: Final = ("totals", "line", "same")  # codes that speak of the whole list, not of one area
ALIKE: Final = 0.0005  # a smaller difference in benefit is told as none


def difference_table(selection: Selection, wording: Wording) -> pd.DataFrame:
    """Return one row per sentence: of the whole first, then of areas by rank; empty where nothing is known."""
    assessment = selection.assessment
    rows = []
    areas = assessment.areas.set_index("area_id")
    for finding in _told(selection):
        sentence = tell(finding, assessment, wording)
        whole = finding.code in OF_ALL
        area = None if whole else str(finding.values["area_id"])
        kind = "whole" if whole else finding.code.partition("_")[0]
        row = {"difference": kind, "area_id": area, "told": sentence}
        if area is not None:
            known = areas.loc[area]
            row |= {name: known[name] for name in ("rank", "name", "municipality_code", *DECISIONS)}
            row["grant"] = finding.values["grant"]
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(COLUMNS[:-4]))
    for name in ("rank", "grant"):
        table[name] = table[name].astype(float)
    return table.assign(
        policy=assessment.policy.id,
        as_of=assessment.study.as_of.isoformat(),
        currency=assessment.study.currency,
        data_status=assessment.study.data_status,
    )


def section(selection: Selection, wording: Wording) -> dict[str, Any]:
    """Return the part of a paper on the two sets as wholes; without lines where nothing is known of them.

    What is said of one area stands on its half page, or in the table of those near the line.
    """
    told = _told(selection)
    lines = [tell(finding, selection.assessment, wording) for finding in told if finding.code in OF_ALL]
    if lines and len(told) > len(lines):
        lines.append(wording.text("differences", "where"))
    return {"title": wording.text("differences", "title"), "lines": lines}


def of_areas(selection: Selection, wording: Wording, *, longest: int) -> dict[str, str]:
    """Return the sentence on each area that is told of, by its id; names of other areas cut to so many characters."""
    this = wording.text("differences", "this_area")
    return {
        str(finding.values["area_id"]): tell(finding, selection.assessment, wording, this=this, longest=longest)
        for finding in _told(selection)
        if finding.code not in OF_ALL
    }


def _told(selection: Selection) -> list[Finding]:
    """Return the findings to be told: in a part of the study only those of its areas."""
    assessment = selection.assessment
    shown = set(assessment.areas["area_id"])
    return [
        finding
        for finding in assessment.differences
        if (selection.whole if finding.code in OF_ALL else finding.values["area_id"] in shown)
    ]


@once
def _names(assessment: Assessment) -> dict[str, str]:
    return dict(zip(assessment.areas["area_id"], assessment.areas["name"], strict=True))


def tell(
    finding: Finding, assessment: Assessment, wording: Wording, *, this: str = "", longest: int | None = None
) -> str:
    """Say one finding of `programme.explain` in a sentence.

    `this`: what its own area is called, by default name and id; `longest`: characters of the names of others.
    """
    values, code = finding.values, finding.code
    if code == "totals":
        return _totals(values, assessment.study.currency, wording)

    def money(name: str) -> str:
        return wording.money(values[name], assessment.study.currency) if name in values else ""

    names = _names(assessment)
    towns = dict(zip(assessment.municipalities["municipality_code"], assessment.municipalities["name"], strict=True))

    def called(area: str) -> str:
        return f"{shortened(names[area], longest)} ({area})" if area in names else area

    def listed(areas: Iterable[str]) -> str:
        return ", ".join(map(called, areas))

    code_of_town = values.get("municipality_code", "")
    key, share = _key(code, values)
    return wording.text(
        "differences",
        key,
        area=this or (called(values["area_id"]) if "area_id" in values else ""),
        grant=money("grant"),
        left=money("left"),
        most=money("most"),
        cap=money("cap"),
        given=money("given"),
        least=values.get("least", ""),
        needed_by=listed(values.get("needed_by", ())),
        needs=listed(values.get("needs", ())),
        municipality=towns.get(code_of_town, code_of_town),
        times=wording.number(share, decimals=1 if share < 10 else 0),
        share=wording.percent(share),
        before=wording.value("technology", values.get("from")),
        after=wording.value("technology", values.get("to")),
    )


def _key(code: str, values: Mapping[str, Any]) -> tuple[str, float]:
    """Return the text of a code, and how much more or less an area brings for its money than the others together."""
    if code not in ("gained_more_per_grant", "lost_less_per_grant"):
        return code, 0.0
    other = float(values["lost_rate" if code.startswith("gained") else "gained_rate"])
    share = float(values["rate"]) / other if other > 0 else math.inf
    if not 0 < share < math.inf:
        return f"{'gained_more' if code.startswith('gained') else 'lost_less'}_plain", 0.0
    return code, share


def _totals(values: Mapping[str, Any], currency: str, wording: Wording) -> str:
    change = values["benefit_best"] / values["benefit_cut"] - 1 if values["benefit_cut"] else np.nan
    key = "none" if np.isnan(change) else "alike" if abs(change) < ALIKE else "more" if change > 0 else "less"
    said = wording.text(
        "differences",
        f"totals_{key}",
        areas_best=wording.number(values["areas_best"]),
        areas_cut=wording.number(values["areas_cut"]),
        grant_best=wording.money(values["grant_best"], currency),
        grant_cut=wording.money(values["grant_cut"], currency),
        change=wording.percent(abs(change)),
    )
    gap = float(values["gap"])
    proof = wording.text("differences", "gap" if gap > 0 else "gap_none", gap=wording.percent(gap))
    return f"{said} {proof}"
