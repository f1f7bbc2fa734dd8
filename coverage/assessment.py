"""The finished answer: everything that reports, maps and pages may see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd

from coverage.audience import INTERNAL, Audience
from coverage.costs import CostBook
from coverage.curve import Reach
from coverage.inputs import MobileLayer, TerrainLayer
from coverage.policy import Policy
from coverage.programme import Finding
from coverage.scenario import Scenario
from coverage.stability import Stability
from coverage.study import Study


@dataclass(frozen=True)
class Assessment:
    """Hold one study under one scenario. Frames are read-only by convention and in the study's CRS.

    `places` has schemas.PLACES + SERVICE + VERDICT; `areas` has AREA_COLUMNS, `score_<criterion>`, AREA_TAIL and
    geometry; `routes` has one row per area (`route_m`, `trench_m`, `subsea_m`, `drop_m`, `backhaul_m`);
    `cost_lines` has area_id, technology, item, quantity, unit, unit_cost, amount, source, confidence.
    """

    places: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    municipalities: gpd.GeoDataFrame
    cost_lines: pd.DataFrame
    rejected: pd.DataFrame
    study: Study
    scenario: Scenario
    policy: Policy
    costs: CostBook
    mobile: tuple[MobileLayer, ...]
    summary: dict[str, Any]
    provenance: dict[str, Any]
    # One row per correction, see `coverage.corrections.trace`; empty where a study has none.
    corrections: pd.DataFrame = field(default_factory=pd.DataFrame)
    hubs: gpd.GeoDataFrame = field(default_factory=gpd.GeoDataFrame)  # schemas.HUBS; empty where a study has none
    # The mast of each area of kind mobile (points: site_id, area_id, basis, mast_m, …); empty where there is none.
    sites: gpd.GeoDataFrame = field(default_factory=gpd.GeoDataFrame)
    # The parts of farmland and roads that lack the policy's mobile level: extent.Survey.lacking.
    lacking: gpd.GeoDataFrame = field(default_factory=gpd.GeoDataFrame)
    water: gpd.GeoDataFrame = field(default_factory=gpd.GeoDataFrame)  # lakes and sea, a background; often empty
    terrain: tuple[TerrainLayer, ...] = ()  # for a hillshade; of several, the first that holds a height counts
    stability: Stability | None = None  # how firm the list is; None where nothing was drawn
    differences: tuple[Finding, ...] = ()  # what the best set does otherwise than the plain ranked cut, and why
    reach: tuple[Reach, ...] = ()  # what it takes to bring every business up to a speed
    audience: Audience = INTERNAL  # for whom it is; coverage.disclosure.shown_to narrows it
