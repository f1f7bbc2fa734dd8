"""What reports derive from an assessment, made once for all who ask."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

from coverage.assessment import Assessment

Made = TypeVar("Made")


def once(make: Callable[[Assessment], Made]) -> Callable[[Assessment], Made]:
    """Make something of an assessment the first time it is asked for; then return the same, to be read only.

    It is kept in the assessment, as `functools.cached_property` would: it lives as long, goes with it to another
    process, and `dataclasses.replace` leaves it behind.
    """
    key = f"{make.__module__}.{make.__qualname__}"

    @functools.wraps(make)
    def made(assessment: Assessment) -> Made:
        kept = vars(assessment)
        if key not in kept:
            kept[key] = make(assessment)
        found: Made = kept[key]
        return found

    return made
