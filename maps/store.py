"""The assessments that are loaded now, by digest: what the pages put in, the server's routes read; and slow results.

The *key* stands for one assessment (study, files, policy and scenario), the *ground* for what does not depend
on budget, weights or costs: places, municipalities and mobile layers. Tiles are addressed by the ground, so
that a new budget draws no tile again.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coverage.assessment import Assessment
from coverage.contrast import Contrast
from coverage.earlier import READ_BACK
from maps import filters
from maps.filters import PLAIN, Filter

Value = TypeVar("Value")
MAX_ENTRIES: Final = 48
MAX_CONTRASTS: Final = 6
MAX_FILTERS: Final = 256  # known by their codes
MAX_FILTERED: Final = 24  # of what was made under filters: rows and tiles


def digest(*parts: object) -> str:
    """Return 20 hex digits that stand for JSON-able values."""
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def ground_of(assessment: Assessment) -> str:
    """Return the digest of what the map's places depend on; each audience has a ground of its own."""
    told = assessment.provenance
    mine = (assessment.study.id, told.get("inputs"), assessment.policy.id, told.get(READ_BACK))
    return digest(*mine, str(assessment.audience))


def key_of(assessment: Assessment) -> str:
    """Return the digest of the whole assessment."""
    return digest(ground_of(assessment), assessment.scenario.to_mapping())


class Shelf:
    """Keep a few slow results; a second reader waits for the first one's work instead of repeating it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Any, Any] = OrderedDict()
        self._locks: dict[Any, threading.Lock] = {}
        self._lock = threading.Lock()

    def has(self, key: Any) -> bool:
        """Tell whether a result is there already."""
        return key in self._kept

    def peek(self, key: Any) -> Any:
        """Return a result that is there already, or None."""
        return self._kept.get(key)

    def get(self, key: Any, build: Callable[[], Any]) -> Any:
        """Return the result of `build` for the key, built once.

        What `build` raises is not kept: who waited then builds itself, and gets the error first hand.
        """
        with self._lock:
            own = self._locks.setdefault(key, threading.Lock())
        with own:
            with self._lock:
                there, value = key in self._kept, self._kept.get(key)
            if not there:
                value = build()
            with self._lock:
                self._kept[key] = value
                self._kept.move_to_end(key)
                while len(self._kept) > self._size:
                    old, _ = self._kept.popitem(last=False)
                    self._locks.pop(old, None)  # who waits for it still has the lock, and builds anew
            return value


@dataclass
class Entry:
    """Hold an assessment and what was derived from it; each thing is derived once, also by two threads."""

    assessment: Assessment
    contrast: Contrast | None = None  # with another policy, where the entry stands for that
    _derived: dict[str, Any] = field(default_factory=dict)
    _filters: OrderedDict[str, Filter] = field(default_factory=OrderedDict)
    _filtered: Shelf = field(default_factory=lambda: Shelf(MAX_FILTERED))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def derive(self, name: str, build: Callable[[Assessment], Value]) -> Value:
        """Return what `build` makes of the assessment, made at the first call."""
        if name not in self._derived:
            with self._lock:
                if name not in self._derived:
                    self._derived[name] = build(self.assessment)
        value: Value = self._derived[name]
        return value

    def register(self, chosen: Filter) -> str:
        """Take a filter in, so that the routes know it by its code; return the code."""
        code = chosen.code
        if code not in PLAIN:
            with self._lock:
                self._filters[code] = chosen
                self._filters.move_to_end(code)
                while len(self._filters) > MAX_FILTERS:
                    self._filters.popitem(last=False)
        return code

    def knows(self, code: str) -> bool:
        """Tell whether a code stands for a filter: of one kind of premises, or one that was registered."""
        return code in PLAIN or code in self._filters

    def rows(self, code: str) -> NDArray[np.bool_] | None:
        """Tell which places the filter of a code lets through, all if None; raises KeyError if nobody knows it."""
        chosen = PLAIN.get(code) or self._filters[code]
        if not chosen.chosen:
            return None
        return self.filtered("rows", code, lambda _: chosen.mask(self.facts()))

    def facts(self) -> pd.DataFrame:
        """Return what filters and counts ask of the places, see `filters.facts`."""
        return self.derive("facts", lambda given: filters.facts(given.places))

    def filtered(self, name: str, code: str, build: Callable[[Assessment], Value]) -> Value:
        """Return what `build` makes of the assessment under a filter; of many filters the last ones are kept."""
        value: Value = self._filtered.get((name, code), lambda: build(self.assessment))
        return value


class Store:
    """Keep the assessments used last."""

    def __init__(self, size: int = MAX_ENTRIES) -> None:
        self._size = size
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, assessment: Assessment) -> tuple[str, str]:
        """Register an assessment; return its key and its ground."""
        key, ground = key_of(assessment), ground_of(assessment)
        with self._lock:
            for name in (key, ground):
                self._entries.setdefault(name, Entry(assessment))
                self._entries.move_to_end(name)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
        return key, ground

    def put_contrast(self, assessment: Assessment, contrast: Contrast) -> str:
        """Register what another policy changes; return its key."""
        key = digest(ground_of(assessment), "against", contrast.policy_b)
        with self._lock:
            self._entries.setdefault(key, Entry(assessment, contrast))
            self._entries.move_to_end(key)
            compared = [name for name, entry in self._entries.items() if entry.contrast is not None]
            for name in compared[:-MAX_CONTRASTS]:
                del self._entries[name]
        return key

    def get(self, name: str) -> Entry | None:
        """Return the entry of a key, a ground or a comparison, or None."""
        with self._lock:
            entry = self._entries.get(name)
            if entry is not None:
                self._entries.move_to_end(name)
        return entry

    def held(self, name: str, assessment: Assessment) -> Entry:
        """Return the entry of a key or a ground; if so many others came that it is gone, one that is not kept."""
        return self.get(name) or Entry(assessment)


STORE: Final = Store()
