"""What the present is compared with, a scenario that was kept or an earlier run, and what differs between the two.

A link names a scenario by what it changes of the study's own settings, and a run by an id that says nothing of where
it lies. Only runs that are listed can be named.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from coverage.assessment import Assessment
from coverage.compare import Comparison, compare
from coverage.earlier import Earlier, Listing, list_runs, read_back
from coverage.errors import PolicyError
from coverage.kinds import is_mobile
from coverage.reports.runs import run_of
from coverage.scenario import Scenario
from coverage.study import Study
from maps.store import Shelf

LINK: Final = "beside"  # what the present is compared with is called in an address
RUN: Final = "run:"  # before the id of a run, in an address
LONGEST: Final = 1500  # characters of a scenario in an address; a longer one stays in the session
ROOT: Final = Path(__file__).parent.parent

_READ: Final = Shelf(3)
_COMPARED: Final = Shelf(8)


def runs_of(study: Study) -> Listing:
    """List the runs of a study in the folder that COVERAGE_RUNS names, else in `out`."""
    return list_runs(Path(os.environ.get("COVERAGE_RUNS", ROOT / "out")), study=study.id)


def last_of(study: Study, listing: Listing) -> Earlier | None:
    """Return the run that `assess` wrote last where it writes by default, else the newest; None if there is none."""
    usual = (run for run in listing.runs if run.folder.name == study.id)
    return next(usual, next(iter(listing.runs), None))


def read(run: Earlier, present: Assessment) -> Assessment:
    """Return a run as the assessment that it was, read once; it takes much of the present one, which must be internal.

    Raises DataError or PolicyError with one sentence.
    """
    found: Assessment = _READ.get((run.id, str(present.study.folder)), lambda: read_back(run, present))
    return found


def compared(before: tuple[str, Assessment], after: tuple[str, Assessment]) -> Comparison:
    """Return what differs between two assessments, found once; each comes with the key that the store knows it by."""
    found: Comparison = _COMPARED.get((before[0], after[0]), lambda: compare(run_of(before[1]), run_of(after[1])))
    return found


def to_link(choice: Scenario | str, *, default: Scenario | None = None) -> str:
    """Return how an address names a scenario or the id of a run; "" where the scenario is too long for one."""
    if isinstance(choice, str):
        return RUN + choice
    plain = default.to_query() if default else {}
    changed = {key: value for key, value in choice.to_query().items() if key == "policy" or plain.get(key) != value}
    text = json.dumps(changed, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= LONGEST else ""


def from_link(text: str, *, default: Scenario) -> Scenario | str:
    """Return the scenario or the id of a run that an address names. Raises PolicyError for what is neither."""
    if text.startswith(RUN):
        return text.removeprefix(RUN)
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise PolicyError(f"link: {LINK} is not readable; expected settings of a scenario in JSON, or {RUN} and an id")
    return Scenario.from_query(given, default=default)


@dataclass(frozen=True)
class Standing:
    """Hold what one assessment comes to; counts are in premises, amounts in the study's currency."""

    areas: int
    masts: int
    grant: float
    businesses: float
    homes: float
    need_p10: float
    need_p50: float
    need_p90: float
    eligible: float


def standing(assessment: Assessment) -> Standing:
    """Add up what is funded, what all areas need, and the premises that are eligible."""
    funded = assessment.areas[assessment.areas["decision"] == "fund"]
    mobile = is_mobile(funded)
    fixed, gap, places = funded[~mobile], assessment.summary["funding_gap"], assessment.places
    return Standing(
        areas=len(fixed),
        masts=int(mobile.sum()),
        grant=float(funded["grant"].sum()),
        businesses=float(fixed["businesses"].sum()),
        homes=float(fixed["households"].sum()),
        need_p10=float(gap["p10"]),
        need_p50=float(gap["p50"]),
        need_p90=float(gap["p90"]),
        eligible=float(places["weight"].to_numpy(float) @ places["eligible"].to_numpy(float)),
    )
