"""Things that many tests begin with: made once in a process, and handed out as copies."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def kept(make: Callable[P, T]) -> Callable[P, T]:
    """Make what is asked for once for each question, and hand out a copy, so that no test sees another's changes."""
    first = cache(make)

    @wraps(make)
    def again(*args: P.args, **kwargs: P.kwargs) -> T:
        return copy.deepcopy(first(*args, **kwargs))

    return again
