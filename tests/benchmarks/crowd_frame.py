"""Run maps/frame.py with a crowd in place of a study folder and the pipeline."""

import runpy
from pathlib import Path

from maps import session
from tests.benchmarks import crowd_study

session.open_study, session.assess = crowd_study.open_study, crowd_study.assess
runpy.run_path(str(Path(__file__).parents[2] / "maps" / "frame.py"), run_name="__main__")
