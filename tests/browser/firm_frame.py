"""Run maps/frame.py with the toy's study, ranked under the scenario by the model, in place of the pipeline."""

import runpy
from pathlib import Path

from maps import session
from tests import toy, toy_firm

session.open_study = toy.study
session.assess = lambda study, scenario: toy_firm.assessment(scenario)
runpy.run_path(str(Path(__file__).parents[2] / "maps" / "frame.py"), run_name="__main__")
