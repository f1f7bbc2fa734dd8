"""Jobs done side by side by processes, each of which takes over what all jobs need once."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from coverage.errors import CoverageError

Shared = TypeVar("Shared")
Job = TypeVar("Job")

_held: tuple[Any, Any] | None = None  # what this worker does, and with what


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(work: Callable[[Shared, Job], None], jobs: Sequence[Job], *, shared: Shared, workers: int) -> Iterator[Job]:
    """Do `work` for every job and yield each as it is done: in this process by one worker, else in one process each.

    The jobs that stand first are begun first. What `work` raises is raised here, and no further job is begun then.
    Raises CoverageError that names the job where a process ends before its job is done.
    """
    workers = min(workers, len(jobs))
    if workers <= 1:
        for job in jobs:
            work(shared, job)
            yield job
        return
    pool = ProcessPoolExecutor(workers, mp_context=_context(), initializer=_begin, initargs=(work, shared))
    waiting: dict[Future[None], Job] = {}
    try:
        waiting |= {pool.submit(_do, job): job for job in jobs}
        for done in as_completed(waiting):
            try:
                done.result()
            except BrokenProcessPool as error:
                raise CoverageError(
                    f"{waiting[done]}: the process ended before this was written; it may have lacked memory, "
                    "of which fewer municipalities or formats at a time need less"
                ) from error
            yield waiting[done]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _context() -> multiprocessing.context.BaseContext:
    # A fork copies nothing. But what typesets documents starts threads, which a fork would lose and then wait for in
    # vain: before the first document its module is not there. And macOS's own libraries do not bear a fork.
    forked = sys.platform == "linux" and "typst" not in sys.modules
    return multiprocessing.get_context("fork" if forked else "spawn")


def _begin(work: Any, shared: Any) -> None:
    global _held
    _held = (work, shared)
    gc.freeze()  # what all jobs share is never garbage: no search need go through it, and no page of it be copied


def _do(job: Any) -> None:
    assert _held is not None  # noqa: S101 - for the type checker; `_begin` came first
    work, shared = _held
    work(shared, job)
