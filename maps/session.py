"""What a reader's session knows: the study, the scenario from sidebar and address, and the loaded assessment.

A finished assessment depends on the study's files, the policy and the scenario alone, so sessions share it; it is
read-only. What differs between readers lives in st.session_state under the keys of `Key`.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from coverage import applications, pipeline
from coverage.assessment import Assessment
from coverage.contrast import Contrast
from coverage.errors import CoverageError
from coverage.plans import what_ifs
from coverage.policy import Policy, list_policies, load_policy
from coverage.scenario import Scenario
from coverage.stress import TODAY, Stress, stress
from coverage.study import Study, ignore
from coverage.wishes import Wishes
from maps import clash, language, scored, style
from maps.language import _
from maps.store import STORE, Shelf
from maps.words import word

LOG: Final = logging.getLogger(__name__)
ROOT: Final = Path(__file__).parent.parent
MILLION: Final = 1e6
LINK: Final = "lang"  # what the language is called in an address
AGAINST: Final = "against"  # what the policy to compare with is called in an address


class Key(StrEnum):
    """Name what is kept in a session."""

    LANGUAGE = "language"
    READY = "scenario-ready"
    POLICY = "scenario-policy"
    BUDGET = "scenario-budget"  # in millions, as it is typed
    VIEW = "scenario-view"
    TEMPLATE = "scenario-template"
    WEIGHT = "scenario-weight-"  # + criterion id
    MOBILE = "scenario-mobile"
    GOOD = "last-good"  # the scenario of the last list that could be made
    EXTRA = "scenario-extra"  # what no field shows: seed, draws, cost overrides; and rules for areas as they were sent
    MUNICIPALITY = "explore-municipality"
    AGAINST = "explore-against"  # the policy to compare with, or None; the field itself has -field after it
    PLACES = "explore-places"
    MAP = "explore-map"
    BUDGET_SLIDER = "priorities-budget"


@dataclass(frozen=True)
class View:
    """Hold what a page shows and the addresses under which the server's routes know it."""

    assessment: Assessment
    key: str
    ground: str


_PREPARED: Final = Shelf(3)
_DECIDED: Final = Shelf(32)
_CONTRASTED: Final = Shelf(6)
_STRESSED: Final = Shelf(6)
_BESIDE: Final = Shelf(6)
_UNDER_WAY: Final[dict[Any, str]] = {}  # key in _PREPARED -> the step that its building has reached


def spoken() -> str:
    """Return this session's language: what the reader chose, else the link's, else the browser's, else English.

    Outside a session there is no reader to ask, and English is answered.
    """
    if get_script_run_ctx(suppress_warning=True) is None:
        return language.DEFAULT
    state = st.session_state
    if state.get(Key.LANGUAGE) not in language.LANGUAGES:
        wanted = (st.query_params.get(LINK), st.context.locale)
        state[Key.LANGUAGE] = next(filter(None, map(language.known, wanted)), language.DEFAULT)
    return str(state[Key.LANGUAGE])


language.ask(spoken)


def address(scenario: Scenario) -> dict[str, str]:
    """Return what a link must say to open the same view: the scenario, what it is compared with, the language."""
    compared = against(scenario.policy)
    return {**scenario.to_query(), **({AGAINST: compared} if compared else {}), LINK: spoken()}


def study_folder() -> Path:
    """Return the study's folder: COVERAGE_STUDY, else the sample study."""
    return Path(os.environ.get("COVERAGE_STUDY", ROOT / "data" / "trondelag")).resolve()


def data_root() -> Path | None:
    """Return the folder of shared data, if COVERAGE_DATA_ROOT names one."""
    given = os.environ.get("COVERAGE_DATA_ROOT")
    return Path(given).resolve() if given else None


def open_study() -> Study:
    """Read study.toml, or say in one sentence what is wrong and stop."""
    try:
        return Study.open(study_folder(), data_root=data_root())
    except CoverageError as error:
        told = _("Correct the file, then reload this page. COVERAGE_STUDY names the study's folder.")
        stop(error, help_text=told)


def stop(error: Exception, *, help_text: str) -> Any:
    """Show one sentence and what to do, and end the run."""
    st.error(f"{error}", icon=":material/error:")
    st.caption(help_text)
    st.stop()


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


def current() -> View:
    """Return what this session looks at now, loading it if need be."""
    study = open_study()
    try:
        study.require_assessable()
    except CoverageError as error:
        only_service = _(
            "This study ends with service: `python -m coverage check` with its folder tells what its data holds. "
            "For the dashboard, set COVERAGE_STUDY to the folder of another study and start the server again."
        )
        stop(error, help_text=only_service)
    scenario = scenario_of(study)
    try:
        assessment = assess(study, scenario)
        st.session_state[Key.GOOD] = scenario
    except CoverageError as error:
        assessment = _last_that_held(study, scenario, error)
    key, ground = STORE.put(assessment)
    return View(assessment, key, ground)


def _last_that_held(study: Study, scenario: Scenario, error: CoverageError) -> Assessment:
    """Say which wishes clash and return the last list that held; where nothing is wished, stop."""
    told = _("Nothing was changed. Correct the file or the setting, then reload this page.")
    if not scenario.wishes:
        stop(error, help_text=told)
    good = st.session_state.get(Key.GOOD) or scenario
    kept = good.policy == scenario.policy and good.areas == scenario.areas and good != scenario
    try:
        shown = assess(study, good if kept else scenario.with_changes(wishes=Wishes()))
    except CoverageError as other:
        stop(other, help_text=told)
    st.error(style.plain(clash.sentence(error, scenario, shown)), icon=":material/error:")
    st.caption(_("Shown is the last list that held.") if kept else _("Shown is the list without wishes."))
    return shown


def against(policy_id: str) -> str | None:
    """Return the policy that this session compares with `policy_id`, or None."""
    other = st.session_state.get(Key.AGAINST)
    return None if other == policy_id else other


def choose_against() -> None:
    """Take over what the reader has chosen to compare with."""
    st.session_state[Key.AGAINST] = st.session_state[f"{Key.AGAINST}-field"]


def contrast(view: View, policy_id: str) -> tuple[Contrast, str]:
    """Return what another policy changes and the key that the server's routes know it by; made once, and shared."""
    study, policy = view.assessment.study, view.assessment.policy
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
    return found, STORE.put_contrast(view.assessment, found)


def beside(view: View) -> pd.DataFrame:
    """Return every open application beside what the model says of its premises (coverage.applications), made once."""
    assessment = view.assessment
    try:
        key, ready = prepare(assessment.study, assessment.policy)
        with st.spinner(_("Pricing what is applied for")):
            found: pd.DataFrame = _BESIDE.get(
                (key, assessment.scenario), lambda: applications.beside(ready, assessment.scenario)
            )
    except CoverageError as error:
        stop(error, help_text=_("Nothing was changed. Correct the file or the setting, then reload this page."))
    return found


def stressed(view: View) -> Stress | None:
    """Return the stress test of what this session looks at if it has been run, by anybody; None if not."""
    key = (_key(view.assessment.study, view.assessment.policy), view.assessment.scenario)
    found: Stress | None = _STRESSED.peek(key)
    return found


def run_stress(view: View, *, progress: Callable[[float, str, str], None]) -> Stress:
    """Run the stress test, or wait for another reader's run; what comes of it serves everybody.

    `progress` is told the share done, and the id and the operator of the what-if that begins, "" while another reader
    runs it. A reader who leaves ends the run: the next word of progress is refused, and nothing is kept.
    """
    study, scenario = view.assessment.study, view.assessment.scenario
    try:
        key, ready = prepare(study, view.assessment.policy)

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


def scenario_of(study: Study) -> Scenario:
    """Return the scenario that the sidebar's fields say."""
    state = st.session_state
    _begin(study)
    policy = load_policy(state[Key.POLICY])
    extra: Scenario = state[Key.EXTRA]
    template = str(state.get(Key.TEMPLATE, extra.template))
    typed = {item.id: state.get(f"{Key.WEIGHT}{item.id}") for item in scored.criteria_of(policy, template)}
    weights = scored.changed_weights(policy, template, typed)
    view = state[Key.VIEW] if state[Key.VIEW] != policy.subsidy.view else ""
    budget = float(round(state[Key.BUDGET] * MILLION))
    return extra.with_changes(
        policy=policy.id,
        budget=budget,
        view=view,
        weights=weights,
        template=template,
        mobile=str(state.get(Key.MOBILE, extra.mobile)),
    )


def _begin(study: Study) -> None:
    """Fill the sidebar's fields from the address once per session."""
    state = st.session_state
    if Key.READY in state:
        return
    default = Scenario(policy=study.policy, budget=study.budget)
    try:
        given = Scenario.from_query(st.query_params.to_dict(), default=default)
        policy = load_policy(given.policy)
        given.shape(policy)
        scored.check(policy, given)
    except CoverageError as error:
        st.warning(_("The link could not be read ({error}); the study's own settings are shown.", error=error))
        given = default
    fill(given)
    other = st.query_params.get(AGAINST)
    if other is not None and other not in list_policies():
        st.warning(_("The link compares with a policy that is not here; nothing is compared."))
        other = None
    state[Key.AGAINST] = other
    state[Key.READY] = True


def fill(scenario: Scenario) -> None:
    """Put every field of the sidebar to what a scenario says."""
    state = st.session_state
    policy = load_policy(scenario.policy)
    state[Key.POLICY], state[Key.BUDGET] = policy.id, scenario.budget / MILLION
    state[Key.VIEW] = scenario.view or policy.subsidy.view
    state[Key.EXTRA], state[Key.MOBILE] = scenario, scenario.mobile
    state[Key.TEMPLATE], given = scenario.template, dict(scenario.weights)
    for item in scored.criteria_of(policy, scenario.template):
        state[f"{Key.WEIGHT}{item.id}"] = float(given.get(item.id, item.weight))
