"""The slow work behind the pages, done once and shared: what is prepared, decided, compared and stressed.

A result depends on the study's files, the policy and the scenario alone, so readers share it; it is read-only. Who
comes while another reader's work is under way waits for it and sees how far it is; each may cancel the own wait.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from coverage import applications, pipeline
from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.check import CheckReport
from coverage.contrast import Contrast
from coverage.disclosure import shown_to
from coverage.errors import CoverageError
from coverage.plans import what_ifs
from coverage.policy import Policy, load_policy
from coverage.scenario import Scenario
from coverage.stress import TODAY, Stress, stress
from coverage.study import SourceSpec, Study
from coverage.trial import Trial, try_source
from maps import jobs, words
from maps.halt import stop
from maps.language import _
from maps.patience import wait
from maps.store import STORE, Shelf, digest, key_of
from maps.words import word

LOG: Final = logging.getLogger(__name__)
ROOT: Final = Path(__file__).parent.parent

_PREPARED: Final = Shelf(3)
_DECIDED: Final = Shelf(32)
_CONTRASTED: Final = Shelf(6)
_STRESSED: Final = Shelf(6)
_BESIDE: Final = Shelf(6)
_NARROWED: Final = Shelf(12)
_TRIED: Final = Shelf(6)


def study_folder() -> Path:
    """Return the study's folder: COVERAGE_STUDY, else the sample study."""
    return Path(os.environ.get("COVERAGE_STUDY", ROOT / "data" / "trondelag")).resolve()


def data_root() -> Path | None:
    """Return the folder of shared data, if COVERAGE_DATA_ROOT names one."""
    given = os.environ.get("COVERAGE_DATA_ROOT")
    return Path(given).resolve() if given else None


def _stamp(study: Study) -> tuple[Any, ...]:
    """Return what changes when any file of the study does; uploaded files are the same wherever they lie."""
    own = (source.path for source in study.sources if not source.uploaded)
    paths = [study.folder / "study.toml", *own]
    found = [(str(path), path.stat()) for path in paths if path.exists()]
    return (*((name, info.st_mtime_ns, info.st_size) for name, info in found), *study.brought)


_OPENERS: Final[list[Callable[[], Study]]] = [lambda: Study.open(study_folder(), data_root=data_root())]


def open_by(opener: Callable[[], Study]) -> None:
    """Make known who opens the study of the reader that is being answered, with what that reader has brought."""
    _OPENERS[:] = [opener]


def _whole(study: Study) -> Study:
    """Return the study as its files say it: one that was narrowed to an audience can no longer be read."""
    return _OPENERS[0]() if study.told else study


def stands_for(study: Study) -> str:
    """Return a digest of the study's files as they are now, the uploaded ones among them."""
    return digest(str(study.folder), _stamp(study))


def _key(study: Study, policy: Policy) -> tuple[Any, ...]:
    return (str(study.folder), _stamp(study), policy.id, policy.areas.changed)


def _build(study: Study, policy: Policy, note: Callable[[str], None]) -> pipeline.Prepared:
    """Do the slow part, noting the step it has reached for those who wait."""
    if not policy.areas.changed:
        return pipeline.prepare(study, policy, progress=note)
    # Other rules for areas: nothing need be read or judged again.
    plain = load_policy(policy.id)
    ready = jobs.follow(_PREPARED, _key(study, plain), lambda noted: _build(study, plain, noted), tell=_step(note))
    return pipeline.redraw(ready, policy, progress=note)


def _step(note: Callable[[str], None]) -> jobs.Note:
    """Return what hands on the step of other work, once that has reached one."""
    return lambda *reached: note(str(reached[0]) if reached else "")


def warm() -> None:
    """Prepare the study with its own settings before anybody asks; needs no session.

    What goes wrong is one line in the log: the reader who comes repeats the work and is told on the page.
    """
    try:
        study = Study.open(study_folder(), data_root=data_root())
        policy = load_policy(study.policy)
        key = _key(study, policy)
        ready = jobs.follow(_PREPARED, key, lambda note: _build(study, policy, note), tell=lambda *_reached: None)
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
    study = _whole(study)
    key = _key(study, policy)

    def said(step: str = "") -> str:
        return _("Preparing {study}: {step}", study=words.said(study.name), step=word(step) if step else _("beginning"))

    about = _(
        "The first visit after the server has started takes up to a minute for a county; then everything is at hand."
    )
    return key, wait(_PREPARED, key, lambda note: _build(study, policy, note), said=said, about=about)


def at_hand(study: Study, policy: Policy) -> tuple[tuple[Any, ...], pipeline.Prepared | None]:
    """Return what `prepare` returns, without the slow part where it has not been made."""
    study = _whole(study)
    key = _key(study, policy)
    return key, _PREPARED.peek(key)


def assess(study: Study, scenario: Scenario) -> Assessment:
    """Return the assessment of a scenario, all of it; what is known already comes at once."""
    study = _whole(study)
    key, ready = prepare(study, scenario.shape(load_policy(scenario.policy)))
    decided: Assessment = wait(
        _DECIDED,
        (key, scenario),
        lambda note: pipeline.decide(ready, scenario, progress=note),
        said=lambda *_step: _("Pricing and ranking the areas"),
    )
    return _of(decided, study)


def _of(found: Assessment, study: Study) -> Assessment:
    """Return an assessment as one of this study: the same uploads lie in another folder in every session."""
    return found if found.study == study else replace(found, study=study)


def try_file(study: Study, spec: SourceSpec) -> Trial:
    """Return what a study would make of one more file; who cancels gets no answer, and nothing is changed."""
    found: Trial = wait(
        _TRIED,
        (_stamp(study.with_source(spec)), spec.id),
        lambda note: try_source(study, spec, progress=note),
        said=lambda *_step: _("Reading {file}", file=spec.path.name),
        cancelled=lambda: None,
    )
    return replace(found, spec=spec)  # the same file lies in another folder in every session


def check_again(study: Study) -> tuple[CheckReport, pd.DataFrame]:
    """Read all files of a study once more, and return what is wrong with them and the rejected rows."""

    def build(note: Callable[..., None]) -> tuple[CheckReport, pd.DataFrame]:
        found = study.inspect(progress=note)
        return CheckReport.from_inspection(found, study=study), found.rejected

    told: tuple[CheckReport, pd.DataFrame] = wait(
        Shelf(1),
        ("check", stands_for(study)),
        build,
        said=lambda *step: _(
            "Checking {study}: {step}", study=words.said(study.name), step=word(step[0]) if step else "…"
        ),
        cancelled=lambda: None,
    )
    return told


def narrowed(assessment: Assessment, audience: Audience) -> Assessment:
    """Return an assessment as an audience may see it, made once and shared. Raises DataError or PolicyError."""
    if assessment.audience == audience:
        return assessment
    found: Assessment = wait(
        _NARROWED,
        (key_of(assessment), str(audience)),
        lambda _note: shown_to(assessment, audience),
        said=lambda *_step: _("Leaving out what this audience must not see"),
    )
    return found


def contrast(assessment: Assessment, policy_id: str, *, cancelled: Callable[[], None]) -> tuple[Contrast, str]:
    """Return what another policy changes and the key that the server's routes know it by; made once, and shared.

    `cancelled` takes the choice of that policy back.
    """
    study, policy = assessment.study, assessment.policy
    try:
        other = load_policy(policy_id)
        key, ready = prepare(study, policy)
        found: Contrast = wait(
            _CONTRASTED,
            (key, other.id),
            lambda note: pipeline.contrast_policies(ready, other, progress=note),
            said=lambda *_step: _("Judging every place under {policy}", policy=other.id),
            cancelled=cancelled,
        )
    except CoverageError as error:
        stop(error, help_text=_("Nothing was changed. Correct the file or the setting, then reload this page."))
    return found, STORE.put_contrast(assessment, found)


def beside(assessment: Assessment, *, cancelled: Callable[[], None]) -> pd.DataFrame:
    """Return every open application beside what the model says of its premises (coverage.applications), made once.

    `cancelled` takes back what had asked for it.
    """
    try:
        key, ready = prepare(assessment.study, assessment.policy)
        found: pd.DataFrame = wait(
            _BESIDE,
            (key, assessment.scenario),
            lambda _note: applications.beside(ready, assessment.scenario),
            said=lambda *_step: _("Pricing what is applied for"),
            cancelled=cancelled,
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
    """Run the stress test, or follow another reader's run; what comes of it serves everybody.

    `progress` is told the share done, and the id and the operator of the what-if under way. The run ends when nobody
    follows it any more, and nothing is kept.
    """
    study, scenario = assessment.study, assessment.scenario
    try:
        key, ready = prepare(study, assessment.policy)

        def build(note: jobs.Note) -> Stress:
            cases = what_ifs(ready.inputs, as_of=study.as_of)
            steps = iter(enumerate([(TODAY, ""), *((case.id, case.operator) for case in cases)]))

            def begin(_label: str) -> None:
                number, step = next(steps)
                note(number / (len(cases) + 1), *step)

            return stress(ready, scenario, cases=cases, progress=begin)

        def tell(*reached: Any) -> None:
            progress(*(reached or (0.0, "", "")))

        found: Stress = jobs.follow(_STRESSED, (key, scenario), build, tell=tell)
    except CoverageError as error:
        stop(error, help_text=_("Nothing was changed. Correct the file or the setting, then reload this page."))
    return found
