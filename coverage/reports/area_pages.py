"""The half page of each proposed area in the council's paper: map, facts, money, points, and what is to be said of it.

What is said of one proposed area stands here and nowhere else in the paper, so that a council reads the list and the
half pages of its own areas. All of it is derived from the assessment as its audience may see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from coverage.reports import area_facts, differences, firmness, mobile, points, tables
from coverage.reports.area_facts import OWN, Known, Row
from coverage.reports.area_maps import Drawer
from coverage.reports.columns import CONTRIBUTION_PREFIX
from coverage.reports.selection import Selection
from coverage.reports.wording import Wording

MAP: Final = (227.0, 190.0)  # print points: width and height of a half page's map
PAYERS: Final = ("state", "county", "municipal", "private")
LONG: Final = 60  # characters of another area's name in a sentence; its id follows


def section(selection: Selection, wording: Wording) -> tuple[dict[str, Any], Mapping[str, bytes]]:
    """Return the part of the paper with one half page per proposed area, by rank, and the files of its maps."""
    assessment = selection.assessment
    currency = assessment.study.currency
    part: dict[str, Any] = {
        "title": wording.text(OWN, "title"),
        "intro": wording.text(OWN, "intro"),
        "page_of": wording.texts[OWN]["page_of"],
        "pages": [],
        "money_header": wording.lines(OWN, "money_table", currency=currency),
        "score_header": wording.lines(OWN, "score_table"),
    }
    ranked = tables.ranked_areas(assessment)
    funded = mobile.named(ranked[ranked["decision"] == "fund"], wording)
    if funded.empty:
        return part, {}
    drawer = Drawer(selection, wording, size=MAP)
    # Of the whole study: an area that was asked for by name leaves out places that its mast serves.
    known = area_facts.gather(selection.cut_from or assessment, funded["area_id"], wording)
    towns = selection.municipality_names()
    parts = area_facts.by_area(points.contribution_table(assessment))
    why = differences.of_areas(selection, wording, longest=LONG)
    firm = firmness.sentences(assessment, wording, longest=LONG)
    for row in funded.to_dict("records"):
        area, code = str(row["area_id"]), str(row["municipality_code"])
        how_firm = firm.get(area) or firmness.plainly(row, wording)
        part["pages"].append(
            {
                "id": area,
                "rank": str(int(row["rank"])),
                "name": str(row["name"]),
                "place": f"{towns.get(code, code)} · {area}",
                "map": drawer.draw(area, str(row["name"])),
                "facts": area_facts.facts(row, known, wording),
                "money": _money(row, wording),
                "score": _score(row, parts[area], known, wording),
                "words": _words(row, [why.get(area, ""), how_firm], known, wording),
            }
        )
    return part, drawer.files


def _money(row: Row, wording: Wording) -> list[list[str]]:
    premises = float(row["premises"])

    def cells(key: str, amount: float) -> list[str]:
        each = amount / premises if premises else np.nan
        return [wording.text(OWN, f"money_{key}"), wording.number(amount / 1000), wording.number(each)]

    low, middle, high = (wording.number(row[f"funding_gap_{name}"] / 1000) for name in ("p10", "p50", "p90"))
    paid = [(name, float(row[f"{name}_share"])) for name in PAYERS]
    gap = cells("gap", row["funding_gap_p50"])
    return [
        cells("capex", row["capex"]),
        [gap[0], f"{low} – {middle} – {high}", gap[2]],
        *(cells(name, amount) for name, amount in paid if amount > 0),
        cells("grant", row["grant"]),
    ]


def _score(row: Row, parts: Row, known: Known, wording: Wording) -> dict[str, Any]:
    """Return what each criterion that counts gives of what it can give, with its share for a bar, and the sum."""
    weights = points.weights(known.assessment)
    total = sum(weights.values())
    rows: list[list[Any]] = []
    for item in known.assessment.policy.criteria:
        if weights[item.id] <= 0:
            continue
        got, most = float(parts[f"{CONTRIBUTION_PREFIX}{item.id}"]), 100 * weights[item.id] / total
        whole = abs(most - round(most)) < 0.05
        said = wording.text(
            OWN, "points", got=wording.number(got, decimals=1), most=wording.number(most, decimals=0 if whole else 1)
        )
        rows.append([points.label(item, wording), said, 0.0 if np.isnan(got) else round(min(1.0, got / most), 3)])
    return {"rows": rows, "sum": [wording.text(OWN, "score_sum"), wording.number(row["score"], decimals=1)]}


def _words(row: Row, told: Iterable[str], known: Known, wording: Wording) -> list[str]:
    said = [wording.text(OWN, "no_grant")] if row["grant"] == 0 else []
    said += told
    if row.get("status", "modelled") != "modelled":
        said.append(wording.text(OWN, "status", status=wording.value("status", row["status"])))
    found = known.corrections.get(str(row["area_id"]))
    if found is not None:
        places = found.drop_duplicates("place_id")  # the effect is of all corrections of a place together
        counts = {"count": float(len(found)), "places": float(len(places))}
        counts |= {name: float(places[f"eligible_{name}"].sum()) for name in ("before", "after")}
        said.append(wording.text(OWN, "corrected", **{name: wording.number(n) for name, n in counts.items()}))
    return [sentence for sentence in said if sentence]
