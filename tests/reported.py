"""The toy as a pipeline would hand it over: with the full summary. For tests of reports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coverage.assessment import Assessment
from coverage.summary import summarise_areas, summarise_places
from tests import toy
from tests.kept import kept


def summarised(assessment: Assessment) -> Assessment:
    """Return the assessment with its summary counted from its own frames."""
    gap = toy.funding_gap(assessment.areas)
    counts = summarise_places(assessment.places, municipalities=assessment.municipalities, policy=assessment.policy)
    money = summarise_areas(assessment.areas, funding_gap=gap, budget=assessment.scenario.budget)
    return replace(assessment, summary={**assessment.summary, **counts, **money})


@kept
def toy_assessment() -> Assessment:
    """Return the toy with its full summary."""
    return summarised(toy.assessment())


def empty_assessment() -> Assessment:
    """Return the toy with every place served: no area, no route, no cost line."""
    whole = toy.assessment()
    places = whole.places.assign(
        tier="served",
        gap_kind="none",
        short_fixed=0.0,
        short_mobile=0.0,
        eligible=0.0,
        area_id=None,
        reason_code="served",
    )
    return summarised(
        replace(
            whole,
            places=places,
            areas=whole.areas.iloc[:0],
            routes=whole.routes.iloc[:0],
            cost_lines=whole.cost_lines.iloc[:0],
            rejected=whole.rejected.iloc[:0],
        )
    )


def with_status(assessment: Assessment, status: str) -> Assessment:
    """Return the assessment with another data status throughout."""
    return replace(
        assessment,
        study=replace(assessment.study, data_status=status),
        areas=assessment.areas.assign(data_status=status),
        summary={**assessment.summary, "data_status": status},
    )


def changed_places(assessment: Assessment, **columns: Any) -> Assessment:
    """Return the assessment with columns of its places replaced."""
    return replace(assessment, places=assessment.places.assign(**columns))
