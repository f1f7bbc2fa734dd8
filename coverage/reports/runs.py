"""The run that `write_all` would write of an assessment, made without a file: what two scenarios are compared by."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from coverage.assessment import Assessment
from coverage.compare import Run, make_run
from coverage.compare.runs import compared
from coverage.reports import delimited, geo


def run_of(assessment: Assessment) -> Run:
    """Return an assessment as the run that `read_run` would read if it were written to a folder.

    Raises DataError where an area or a place stands twice.
    """
    areas, places = geo.full_areas(assessment), assessment.places
    chosen = places[[name for name in places.columns if compared(str(name))]]
    return make_run(
        assessment.study.folder,
        _as_read(delimited.to_json({**assessment.provenance, "data_status": assessment.study.data_status})),
        _as_read(delimited.summary_json(assessment.summary)),
        areas=pd.DataFrame(areas.drop(columns=areas.geometry.name)),
        places=pd.DataFrame(chosen).assign(geometry=places.geometry.to_wkb()),
    )


def _as_read(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found
