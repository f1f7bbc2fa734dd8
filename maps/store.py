"""The assessments that are loaded now, by digest: what the pages put in, the server's routes read.

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

from coverage.assessment import Assessment

Value = TypeVar("Value")
MAX_ENTRIES: Final = 48


def digest(*parts: object) -> str:
    """Return 20 hex digits that stand for JSON-able values."""
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def ground_of(assessment: Assessment) -> str:
    """Return the digest of what the map's places depend on."""
    return digest(assessment.study.id, assessment.provenance.get("inputs"), assessment.policy.id)


def key_of(assessment: Assessment) -> str:
    """Return the digest of the whole assessment."""
    return digest(ground_of(assessment), assessment.scenario.to_mapping())


@dataclass
class Entry:
    """Hold an assessment and what was derived from it; each thing is derived once, also by two threads."""

    assessment: Assessment
    _derived: dict[str, Any] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def derive(self, name: str, build: Callable[[Assessment], Value]) -> Value:
        """Return what `build` makes of the assessment, made at the first call."""
        if name not in self._derived:
            with self._lock:
                if name not in self._derived:
                    self._derived[name] = build(self.assessment)
        value: Value = self._derived[name]
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

    def get(self, name: str) -> Entry | None:
        """Return the entry of a key or ground, or None."""
        with self._lock:
            entry = self._entries.get(name)
            if entry is not None:
                self._entries.move_to_end(name)
        return entry


STORE: Final = Store()
