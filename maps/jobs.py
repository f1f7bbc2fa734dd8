"""Slow work in threads of its own: several readers may follow one piece of it, and each of them may leave.

A reader who leaves harms nobody. Work that nobody follows any more ends at its next word of progress.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Final

from maps.store import Shelf

LOG: Final = logging.getLogger(__name__)
WAIT_S: Final = 0.25  # between two looks at what the work has reached
Note = Callable[..., None]  # called by the work with what it has reached


class Left(Exception):  # noqa: N818 - no fault: nobody follows the work any more
    """End work that everybody has left."""


class Job:
    """Hold one piece of work under way: what it has reached, and how many follow it."""

    def __init__(self, make: Callable[[Note], Any]) -> None:
        self.followers = 0
        self.reached: tuple[Any, ...] = ()
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None
        self._make = make

    def note(self, *step: Any) -> None:
        """Take down what the work has reached; end the work here if nobody follows it."""
        if self.followers == 0:
            raise Left
        self.reached = step

    def work(self, forget: Callable[[], None]) -> None:
        """Do the work; what goes wrong is handed to those who follow."""
        try:
            self.result = self._make(self.note)
        except BaseException as error:
            self.error = error
            if self.followers == 0 and not isinstance(error, Left):
                LOG.warning("Work that nobody follows any more went wrong", exc_info=error)
        finally:
            forget()
            self.done.set()


_UNDER_WAY: Final[dict[tuple[int, Any], Job]] = {}
_LOCK: Final = threading.Lock()


def follow(shelf: Shelf, key: Any, build: Callable[[Note], Any], *, tell: Note) -> Any:
    """Return what `build` makes for a key of the shelf, made once however many ask.

    `tell` is called in this thread, again and again while the work goes on, with what `build` noted last. Whatever
    `tell` raises ends this reader's wait. What `build` raises is raised here; it is not kept.
    """
    while True:
        job = _join(shelf, key, build)
        try:
            while not job.done.wait(WAIT_S):
                tell(*job.reached)
        finally:
            with _LOCK:
                job.followers -= 1
        if isinstance(job.error, Left):
            continue  # everybody had left it just as this reader came
        if job.error is not None:
            raise job.error
        return job.result


def _join(shelf: Shelf, key: Any, build: Callable[[Note], Any]) -> Job:
    """Follow the work under way, or begin it."""
    name = (id(shelf), key)
    with _LOCK:
        job = _UNDER_WAY.get(name)
        begins = job is None
        if job is None:
            job = _UNDER_WAY[name] = Job(lambda note: shelf.get(key, lambda: build(note)))
        job.followers += 1
    if begins:
        threading.Thread(target=job.work, args=(lambda: _forget(name),), name="job", daemon=True).start()
    return job


def _forget(name: tuple[int, Any]) -> None:
    with _LOCK:
        del _UNDER_WAY[name]
