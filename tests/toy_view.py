"""Put the toy where a session finds its study and assessment."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from coverage.assessment import Assessment
from coverage.scenario import Scenario
from coverage.study import Study
from tests.reported import summarised, toy_assessment

ASSESSMENT = toy_assessment()


def decide(scenario: Scenario) -> Assessment:
    """Return the toy cut at the scenario's budget, down the ranked list."""
    areas = ASSESSMENT.areas.copy()
    areas["decision"] = np.where(areas["cumulative_grant"] <= scenario.budget, "fund", "reserve")
    areas["ranked_decision"] = areas["decision"]
    return summarised(dataclasses.replace(ASSESSMENT, areas=areas, scenario=scenario))


def install(session: Any) -> None:
    """Replace the two functions of maps.session that read files."""

    def open_study() -> Study:
        return ASSESSMENT.study

    def assess(study: Study, scenario: Scenario) -> Assessment:
        return decide(scenario)

    session.open_study, session.assess = open_study, assess
