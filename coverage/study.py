"""A study: a folder with study.toml that names the files, their meaning, date, licence and source."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from coverage.errors import DataError
from coverage.inputs import SourceSpec as SourceSpec


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
