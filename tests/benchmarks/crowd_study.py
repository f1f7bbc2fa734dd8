"""The crowd that crowd_app.py and peer_app.py serve, made once for a server."""

from __future__ import annotations

import dataclasses
import os
from functools import cache, lru_cache

import numpy as np

from coverage.assessment import Assessment
from coverage.scenario import Scenario
from coverage.study import Study
from coverage.summary import summarise_areas
from tests import toy
from tests.crowd import Size, crowd
from tests.reported import summarised


def size() -> Size:
    """Return the size that the environment names."""
    return Size(*map(int, os.environ["CROWD"].split(",")))


@cache
def whole() -> Assessment:
    """Return the crowd with its full summary."""
    return summarised(crowd(size()))


def open_study() -> Study:
    """Return the crowd's study."""
    return whole().study


@lru_cache(maxsize=4)
def decide(scenario: Scenario) -> Assessment:
    """Return the crowd cut at a budget, down the ranked list."""
    given = whole()
    areas = given.areas.copy()
    areas["decision"] = np.where(areas["cumulative_grant"] <= scenario.budget, "fund", "reserve")
    areas["ranked_decision"] = areas["decision"]
    money = summarise_areas(areas, funding_gap=toy.funding_gap(areas), budget=scenario.budget)
    return dataclasses.replace(given, areas=areas, scenario=scenario, summary={**given.summary, **money})


def assess(study: Study, scenario: Scenario) -> Assessment:
    """Stand for maps.work.assess."""
    return decide(scenario)
