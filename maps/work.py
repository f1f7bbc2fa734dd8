"""The slow work behind the pages, done once and shared: what is prepared, decided, compared and stressed.

A result depends on the study's files, the policy and the scenario alone, so readers share it; it is read-only. Who
comes while another reader's work is under way waits for it and sees how far it is.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st

from coverage import applications, pipeline
from coverage.assessment import Assessment
from coverage.contrast import Contrast
from coverage.errors import CoverageError
from coverage.plans import what_ifs
from coverage.policy import Policy, load_policy
from coverage.scenario import Scenario
from coverage.stress import TODAY, Stress, stress
from coverage.study import Study, ignore
from maps.halt import stop
from maps.language import _
from maps.store import STORE, Shelf
from maps.words import word

LOG: Final = logging.getLogger(__name__)
ROOT: Final = Path(__file__).parent.parent

_PREPARED: Final = Shelf(3)
_DECIDED: Final = Shelf(32)
_CONTRASTED: Final = Shelf(6)
_STRESSED: Final = Shelf(6)
_BESIDE: Final = Shelf(6)
_UNDER_WAY: Final[dict[Any, str]] = {}  # key in _PREPARED -> the step that its building has reached


def study_folder() -> Path:
    """Return the study's folder: COVERAGE_STUDY, else the sample study."""
    return Path(os.environ.get("COVERAGE_STUDY", ROOT / "data" / "trondelag")).resolve()


def data_root() -> Path | None:
    """Return the folder of shared data, if COVERAGE_DATA_ROOT names one."""
    given = os.environ.get("COVERAGE_DATA_ROOT")
    return Path(given).resolve() if given else None


def _stamp(study: Study) -> tuple[Any, ...]:
    """Return what changes when any file of the study does."""
    paths = [study.folder / "study.toml", *(source.path for source in study.sources)]
    found = [(str(path), path.stat()) for path in paths if path.exists()]
    return tuple((name, info.st_mtime_ns, info.st_size) for name, info in found)


def _key(study: Study, policy: Policy) -> tuple[Any, ...]:
    return (str(study.folder), _stamp(study), policy.id, policy.areas.changed)


def _build(key: tuple[Any, ...], study: Study, policy: Policy, tell: Callable[[str], None]) -> pipeline.Prepared:
    """Do the slow part, noting the step it has reached for those who wait."""

    def note(step: str) -> None:
        _UNDER_WAY[key] = step
        tell(step)

    try:
        if not policy.areas.changed:
            return pipeline.prepare(study, policy, progress=note)
        # Other rules for areas: nothing need be read or judged again.
        plain = load_policy(policy.id)
        own = _key(study, plain)
        return pipeline.redraw(_PREPARED.get(own, lambda: _build(own, study, plain, note)), policy, progress=note)
    finally:
        _UNDER_WAY.pop(key, None)


def warm() -> None:
    """Prepare the study with its own settings before anybody asks; needs no session.

    What goes wrong is one line in the log: the reader who comes repeats the work and is told on the page.
    """
    try:
        study = Study.open(study_folder(), data_root=data_root())
        policy = load_policy(study.policy)
        key = _key(study, policy)
        ready = _PREPARED.get(key, lambda: _build(key, study, policy, ignore))
        scenario = study.default_scenario()
        _DECIDED.get((key, scenario), lambda: pipeline.decide(ready, scenario))
    except CoverageError as error:
        LOG.warning("The study was not prepared: %s", error)
    except Exception as error:  # noqa: BLE001 - nothing may die in a thread that nobody looks at
        LOG.warning("The study was not prepared: %s: %s", type(error).__name__, error)


def warm_in_background() -> threading.Thread:
    """Start `warm` in a thread of its own, which ends with the server."""
    thread = threading.Thread(target=warm, name="warm-start", daemon=True)
    thread.start()
    return thread


def prepare(study: Study, policy: Policy) -> tuple[tuple[Any, ...], Any]:
    """Return the slow part of an assessment, made once per study, files and policy, with its progress shown."""
    key = _key(study, policy)
    room = st.empty()  # there in every run, or all that follows moves up, and what the reader has opened closes
    if _PREPARED.has(key):
        return key, _PREPARED.get(key, lambda: None)
    begun = _("Preparing {study}: the first time takes a while", study=study.name)
    try:
        with room.status(begun, expanded=False) as status:

            def tell(step: str) -> None:
                status.update(label=_("Preparing {study}: {step}", study=study.name, step=word(step)))

            def waiting() -> None:
                if step := _UNDER_WAY.get(key):
                    tell(step)

            ready = _PREPARED.get(key, lambda: _build(key, study, policy, tell), waiting=waiting)
    finally:
        room.empty()
    return key, ready


def assess(study: Study, scenario: Scenario) -> Assessment:
    """Return the assessment of a scenario; what is known already comes at once."""
    key, ready = prepare(study, scenario.shape(load_policy(scenario.policy)))
    room = st.empty()
    if _DECIDED.has((key, scenario)):
        found: Assessment = _DECIDED.get((key, scenario), lambda: None)
        return found
    with room, st.spinner(_("Pricing and ranking the areas")):
        decided: Assessment = _DECIDED.get((key, scenario), lambda: pipeline.decide(ready, scenario))
    return decided


def contrast(assessment: Assessment, policy_id: str) -> tuple[Contrast, str]:
    """Return what another policy changes and the key that the server's routes know it by; made once, and shared."""
    study, policy = assessment.study, assessment.policy
    try:
        other = load_policy(policy_id)
        key, ready = prepare(study, policy)
        if _CONTRASTED.has((key, other.id)):
            found: Contrast = _CONTRASTED.get((key, other.id), lambda: None)
        else:
            with st.spinner(_("Judging every place under {policy}", policy=other.id)):
                found = _CONTRASTED.get((key, other.id), lambda: pipeline.contrast_policies(ready, other))
    except CoverageError as error:
        stop(error, help_text=_("Nothing was changed. Correct the file or the setting, then reload this page."))
    return found, STORE.put_contrast(assessment, found)


def beside(assessment: Assessment) -> pd.DataFrame:
    """Return every open application beside what the model says of its premises (coverage.applications), made once."""
    try:
        key, ready = prepare(assessment.study, assessment.policy)
        with st.spinner(_("Pricing what is applied for")):
            found: pd.DataFrame = _BESIDE.get(
                (key, assessment.scenario), lambda: applications.beside(ready, assessment.scenario)
            )
    except CoverageError as error:
        stop(error, help_text=_("Nothing was changed. Correct the file or the setting, then reload this page."))
    return found


def stressed(assessment: Assessment) -> Stress | None:
    """Return the stress test of what this session looks at if it has been run, by anybody; None if not."""
    key = (_key(assessment.study, assessment.policy), assessment.scenario)
    found: Stress | None = _STRESSED.peek(key)
    return found


def run_stress(assessment: Assessment, *, progress: Callable[[float, str, str], None]) -> Stress:
    """Run the stress test, or wait for another reader's run; what comes of it serves everybody.

    `progress` is told the share done, and the id and the operator of the what-if that begins, "" while another reader
    runs it. A reader who leaves ends the run: the next word of progress is refused, and nothing is kept.
    """
    study, scenario = assessment.study, assessment.scenario
    try:
        key, ready = prepare(study, assessment.policy)

        def build() -> Stress:
            cases = what_ifs(ready.inputs, as_of=study.as_of)
            steps = iter(enumerate([(TODAY, ""), *((case.id, case.operator) for case in cases)]))

            def begin(_label: str) -> None:
                number, step = next(steps)
                progress(number / (len(cases) + 1), *step)

            return stress(ready, scenario, cases=cases, progress=begin)

        found: Stress = _STRESSED.get((key, scenario), build, waiting=lambda: progress(0.0, "", ""))
    except CoverageError as error:
        stop(error, help_text=_("Nothing was changed. Correct the file or the setting, then reload this page."))
    return found
