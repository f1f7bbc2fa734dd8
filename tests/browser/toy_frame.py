"""Run maps/frame.py with the toy's study and assessment in place of the pipeline."""

import runpy
from pathlib import Path

from maps import session
from tests import toy_view

toy_view.install(session)
runpy.run_path(str(Path(__file__).parents[2] / "maps" / "frame.py"), run_name="__main__")
