"""Run maps/frame.py with the toy that has masts in place of the pipeline."""

import dataclasses
import runpy
from pathlib import Path

from coverage.assessment import Assessment
from coverage.policy import load_policy
from coverage.scenario import Scenario
from coverage.study import Study
from maps import session
from tests import toy_masts

TOYS = {competing: toy_masts.masted(competing=competing) for competing in (False, True)}


def assess(_study: Study, scenario: Scenario) -> Assessment:
    """Return the toy whose new mast is funded if the scenario lets masts compete."""
    return dataclasses.replace(TOYS[scenario.funds_mobile(load_policy(scenario.policy))], scenario=scenario)


session.open_study, session.assess = lambda: TOYS[False].study, assess
runpy.run_path(str(Path(__file__).parents[2] / "maps" / "frame.py"), run_name="__main__")
