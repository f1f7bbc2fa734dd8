"""What drawn areas would take, made once and shared; and the roads that every drawing needs, made beforehand."""

from __future__ import annotations

import logging
import threading
from typing import Any, Final

import shapely

from coverage.assessment import Assessment
from coverage.drawn import Ground
from coverage.errors import CoverageError
from coverage.sketch import Sketch, estimate_drawn
from maps import work
from maps.store import Shelf

LOG: Final = logging.getLogger(__name__)

_GROUNDS: Final = Shelf(3)
_DRAWN: Final = Shelf(64)
_BEGUN: Final[set[Any]] = set()  # what a thread makes ready now


def estimate(assessment: Assessment, outline: shapely.Polygon) -> Sketch:
    """Return what an area with this outline would take, under the scenario of an assessment.

    Who is inside is told by where the assessment's places stand, which its audience may see; the figures are those of
    the whole study. Raises CoverageError with one sentence where there is no answer.
    """
    study, scenario = assessment.study, assessment.scenario
    key, ready = work.prepare(study, assessment.policy)
    ranked = work.assess(study, scenario).areas
    seen = None if assessment.audience.internal else assessment.places

    def draw() -> Sketch:
        return estimate_drawn(ready, outline, scenario, ground=_ground(key, ready), ranked=ranked, seen=seen)

    found: Sketch = _DRAWN.get((key, scenario, str(assessment.audience), outline.wkb), draw)
    return found


def begin(assessment: Assessment) -> None:
    """Make the roads ready in a thread of its own, so that the first drawing need not wait for them."""
    key, ready = work.at_hand(assessment.study, assessment.policy)
    if ready is not None and key not in _BEGUN and not _GROUNDS.has(key):
        _BEGUN.add(key)
        threading.Thread(target=_make, args=(key, ready), name="ground", daemon=True).start()


def _make(key: Any, ready: Any) -> None:
    try:
        _ground(key, ready)
    except CoverageError as error:  # the reader who draws repeats the work and is told on the page
        LOG.warning("The roads for drawings were not made ready: %s", error)
    finally:
        _BEGUN.discard(key)


def _ground(key: Any, ready: Any) -> Ground:
    found: Ground = _GROUNDS.get(key, lambda: Ground.of(ready))
    return found
