"""Project areas by rank: a ramp that breaks at the line where the money ends, and each area's rank close up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd

from coverage.assessment import Assessment
from coverage.kinds import is_mobile
from maps import layers, legends, style
from maps.language import _
from maps.words import word

INELIGIBLE: Final = "ineligible"
LABEL_ZOOM: Final = 10.5


@dataclass(frozen=True)
class Step:
    """Describe one step of the ramp: the ranks from first to last, both in it."""

    first: int
    last: int
    colour: str
    funded: bool  # above the line


def steps(assessment: Assessment) -> tuple[Step, ...]:
    """Return the steps, best first: two above the line, as many ranks again below it, and the rest.

    The line is that of the plain ranked cut. Where nothing is above it, the list is cut in four.
    """
    ranked = _areas(assessment)
    ranked = ranked[ranked["decision"] != INELIGIBLE]
    last = int(ranked["rank"].max()) if len(ranked) else 0
    above = ranked.loc[ranked["ranked_decision"] == "fund", "rank"]
    line = int(above.max()) if len(above) else 0
    quarters = tuple(math.ceil(last * part / 4) for part in (1, 2, 3, 4))
    ends = (math.ceil(line / 2), line, 2 * line, last) if line else quarters
    found, first = [], 1
    for end, colour in zip(ends, style.RANK_COLOURS, strict=True):
        if first <= min(end, last):
            found.append(Step(first, min(end, last), colour, 0 < end <= line))
            first = end + 1
    return tuple(found)


def areas(assessment: Assessment) -> layers.Collection:
    """Return the fixed project areas: fill by rank, outline by certainty, the rank as a label close up."""
    ramp = steps(assessment)

    def step_of(row: Mapping[Any, Any]) -> str:
        if row["decision"] == INELIGIBLE:
            return INELIGIBLE
        return next(str(step.first) for step in ramp if row["rank"] <= step.last)

    colours = {str(step.first): step.colour for step in ramp} | {INELIGIBLE: style.DECISION_COLOURS[INELIGIBLE]}
    fills = {str(step.first): style.RANK_FILL for step in ramp} | {INELIGIBLE: style.DECISION_FILL[INELIGIBLE]}
    data = layers.areas(assessment, shades=layers.Shades(step_of, colours, fills))
    numbered = [about for feature in data["features"] if (about := feature["properties"])]
    data["labels"] = [[*about["c"], str(about["n"])] for about in sorted(numbered, key=lambda about: about["n"])]
    data["labelZoom"] = LABEL_ZOOM
    return data


def legend(assessment: Assessment) -> str:
    """Return what the legend says of areas by rank, as HTML; every text in it is escaped."""
    parts = [legends.heading(_("Project areas by rank"))]
    for step in steps(assessment):
        ranks = f"{step.first}–{step.last}" if step.last > step.first else str(step.first)
        text = _("{ranks}, within the budget", ranks=ranks) if step.funded else ranks
        parts.append(legends.line(style.swatch(step.colour, shape="box", fill=style.RANK_FILL), text))
    if (_areas(assessment)["decision"] == INELIGIBLE).any():
        colour, fill = style.DECISION_COLOURS[INELIGIBLE], style.DECISION_FILL[INELIGIBLE]
        parts.append(legends.line(style.swatch(colour, shape="box", fill=fill), word(INELIGIBLE)))
    return "".join([*parts, legends.paragraph(legends.outlines())])


def _areas(assessment: Assessment) -> gpd.GeoDataFrame:
    return assessment.areas[~is_mobile(assessment.areas)]
