"""What a reader's session knows: the study, the scenario from sidebar and address, and the loaded assessment.

A finished assessment depends on the study's files, the policy and the scenario alone, so sessions share it; it is
read-only. What differs between readers lives in st.session_state under the keys of `Key`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.earlier import Earlier
from coverage.errors import CoverageError
from coverage.policy import list_policies, load_policy
from coverage.scenario import Scenario
from coverage.study import Study
from coverage.wishes import Wishes
from maps import audience, clash, compare, language, scored, style
from maps.halt import stop
from maps.language import _
from maps.store import STORE
from maps.uploads import Desk
from maps.work import assess, data_root, narrowed, open_by, study_folder

MILLION: Final = 1e6
LINK: Final = "lang"  # what the language is called in an address
BESIDE_KEPT: Final = "kept"  # stands for the kept scenario where the id of a run could stand
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
    KEPT = "compare-kept"  # the scenario that was kept to compare with
    BESIDE = "compare-beside"  # what stands beside the present: "", BESIDE_KEPT or the id of a run
    PLACES = "explore-places"
    DESK = "own-files"
    TOLD = "own-files-told"  # what is to be said of them on the next page
    MAP = "explore-map"
    BUDGET_SLIDER = "priorities-budget"


@dataclass(frozen=True)
class View:
    """Hold what a page shows and the addresses under which the server's routes know it."""

    assessment: Assessment
    key: str
    ground: str


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
    compared, kept = against(scenario.policy), beside_in_link()
    more = {AGAINST: compared, compare.LINK: kept}
    return {**scenario.to_query(), **{name: text for name, text in more.items() if text}, LINK: spoken()}


def open_study() -> Study:
    """Read study.toml, or say in one sentence what is wrong and stop; with the files that this session has brought."""
    try:
        study = Study.open(study_folder(), data_root=data_root())
    except CoverageError as error:
        told = _("Correct the file, then reload this page. COVERAGE_STUDY names the study's folder.")
        stop(error, help_text=told)
    if lost := desk().lost():
        st.session_state[Key.TOLD] = _("{file} is no longer here: files are kept for a day.", file=", ".join(lost))
    return desk().apply(study)


open_by(lambda: open_study())  # asked anew: whoever shows another study puts another function in its place


def desk() -> Desk:
    """Return the files that this session has brought. No other session can reach them."""
    found: Desk = st.session_state.setdefault(Key.DESK, Desk())
    _present(found)
    return found


@st.cache_resource(scope="session", on_release=Desk.leave, show_spinner=False)
def _present(_desk: Desk) -> Desk:
    """Keep the files of a reader who is there; Streamlit lets go of this when the connection ends."""
    _desk.stay()
    return _desk


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
    if told := st.session_state.pop(Key.TOLD, ""):
        st.error(style.plain(told), icon=":material/error:")
    scenario = scenario_of(study)
    try:
        assessment = assess(study, scenario)
        st.session_state[Key.GOOD] = scenario
        if desk().hold():
            st.rerun()  # what was drawn so far said that the newest file was still being taken in
    except CoverageError as error:
        _go_on_without_the_newest_file(error)
        assessment = _last_that_held(study, scenario, error)
    with st.sidebar:
        audience.choose(assessment)
    try:
        return view_of(assessment)
    except CoverageError as error:
        stop(error, help_text=_("COVERAGE_AUDIENCE names for whom this server shows the study. Start it again."))


def view_of(assessment: Assessment, whom: Audience | None = None) -> View:
    """Return an assessment as an audience may see it; whatever a page shows has come through here.

    The audience is this session's, or a narrower one: of one that is not internal there is no other. Raises DataError
    for an operator that the assessment names nowhere, PolicyError for an audience that may see more.
    """
    shown = narrowed(assessment, audience.of_session())
    shown = shown if whom is None else narrowed(shown, whom)
    key, ground = STORE.put(shown)
    return View(shown, key, ground)


def _go_on_without_the_newest_file(error: CoverageError) -> None:
    """Take out the file that was added last if the study has not held since, and begin again without it."""
    if file := desk().give_back():
        st.session_state[Key.TOLD] = _("{file} cannot be used here: {error}. It was taken out.", file=file, error=error)
        st.rerun()


def view_of_run(run: Earlier, view: View) -> View:
    """Return an earlier run as this session's audience may see it, to stand beside what it looks at.

    Raises DataError or PolicyError with one sentence where the run cannot be read.
    """
    whole = assess(open_study(), view.assessment.scenario)  # the view may be narrowed, which the run is then too
    return view_of(compare.read(run, whole))


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
    """Return the policy that this session compares with `policy_id`, or None; whom it would support is internal."""
    if not audience.of_session().internal:
        return None
    other = st.session_state.get(Key.AGAINST)
    return None if other == policy_id else other


def beside_in_link() -> str:
    """Return how a link names what the present is compared with; "" where that is nothing."""
    state = st.session_state
    chosen = str(state.get(Key.BESIDE) or "")
    if chosen != BESIDE_KEPT:
        return compare.to_link(chosen) if chosen else ""
    study = open_study()
    return compare.to_link(state[Key.KEPT], default=Scenario(policy=study.policy, budget=study.budget))


def _take_beside(default: Scenario) -> None:
    """Take over what the address names to compare with; the sidebar says if it names a run that is not listed."""
    state, text = st.session_state, st.query_params.get(compare.LINK, "")
    try:
        given = compare.from_link(text, default=default) if text else ""
        if isinstance(given, Scenario):
            policy = load_policy(given.policy)
            given.shape(policy)
            scored.check(policy, given)
            state[Key.KEPT], given = given, BESIDE_KEPT
    except CoverageError as error:
        told = _("The link compares with what cannot be read ({error}); nothing is compared.", error=style.plain(error))
        st.warning(told)
        given = ""
    state[Key.BESIDE] = given


def choose_against() -> None:
    """Take over what the reader has chosen to compare with."""
    st.session_state[Key.AGAINST] = st.session_state[f"{Key.AGAINST}-field"]


def compare_with_nothing() -> None:
    """Take the choice of a policy to compare with back."""
    st.session_state[Key.AGAINST] = None


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
        scored.check_study(study, given.policy)
    except CoverageError as error:
        told = _("The link could not be read ({error}); the study's own settings are shown.", error=style.plain(error))
        st.warning(told)
        given = default
    fill(given)
    other = st.query_params.get(AGAINST)
    if other is not None and other not in list_policies():
        st.warning(_("The link compares with a policy that is not here; nothing is compared."))
        other = None
    state[Key.AGAINST] = other
    _take_beside(default)
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
