"""A study: a folder with study.toml that names the files, their meaning, date, licence and source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coverage.errors import DataError


@dataclass(frozen=True)
class SourceSpec:
    """Describe one source as study.toml names it. `path` is absolute."""

    id: str
    role: str
    kind: str
    path: Path
    layer: str = ""
    crs: str = ""
    format: str = ""
    supplier: str = ""
    licence: str = ""
    url: str = ""
    as_of: dt.date | None = None
    data_status: str = "real"
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    where_prefix: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Parameter:
    """Hold one figure about the inputs that is neither policy nor cost."""

    id: str
    value: float
    unit: str
    source: str
    confidence: str


@dataclass(frozen=True)
class Control:
    """Hold one published figure that the result is compared with."""

    id: str
    measure: str
    value: float
    source: str
    explanation: str = ""


@dataclass(frozen=True)
class Study:
    """Describe one study; `load` reads its files."""

    id: str
    name: str
    country: str
    crs: str
    currency: str
    price_year: int
    as_of: dt.date
    policy: str
    costs: str
    budget: float
    data_status: str
    folder: Path
    notes: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    sources: tuple[SourceSpec, ...] = ()
    controls: tuple[Control, ...] = ()

    def parameter(self, name: str) -> float:
        """Return the value of one parameter, or raise DataError."""
        for item in self.parameters:
            if item.id == name:
                return item.value
        raise DataError(f"study.toml: the parameter {name!r} is missing; write [study.parameters.{name}]")
