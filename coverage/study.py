"""A study: a folder with study.toml that names the files, their meaning, date, licence and source."""

from __future__ import annotations

import datetime as dt
import math
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from coverage import schemas
from coverage.crs import parse_metric_crs
from coverage.errors import DataError
from coverage.inputs import Inputs
from coverage.inputs import SourceSpec as SourceSpec
from coverage.scenario import Scenario
from coverage.sources.batch import digest
from coverage.sources.intake import NO_MOBILE as NO_MOBILE
from coverage.sources.intake import Inspection as Inspection
from coverage.sources.intake import inspect_inputs, read_inputs
from coverage.sources.names import Key, checked, nearest
from coverage.sources.roles import REQUIRED_ROLES, SERVICE_ROLES
from coverage.sources.specs import extra_files, mapping_digest, read_spec, read_specs

FILE: Final = "study.toml"
DATA_ROOT_VARIABLE: Final = "COVERAGE_DATA_ROOT"
# What a study has the data for: the whole journey, or the service at its places alone (no roads, no network).
SCOPES: Final = ("assessment", "service")
YEARS_APART: Final = 3.0  # that the dates of the sources may lie apart before `check` objects
STEEP_SLOPE: Final = "steep_slope"  # the parameter that a study with terrain needs
CONFIDENCES: Final = ("published", "derived", "assumed")

TOP_KEYS: Final[Mapping[str, Key]] = {
    "study": Key(dict, required=True),
    "sources": Key(list, required=True),
    "controls": Key(list),
}
STUDY_KEYS: Final[Mapping[str, Key]] = {
    "id": Key(str, required=True),
    "name": Key(str, required=True),
    "country": Key(str, required=True),
    "crs": Key(str, required=True),
    "currency": Key(str, required=True),
    "price_year": Key(int, required=True),
    "as_of": Key(dt.date, required=True),
    "policy": Key(str, required=True),
    "costs": Key(str, required=True),
    "budget": Key(float, required=True, low=0),
    "data_status": Key(str, required=True, allowed=schemas.DATA_STATUSES),
    "scope": Key(str, allowed=SCOPES),
    "max_years_apart": Key(float, low=0),
    "network_from": Key(list),
    "notes": Key(list),
    "parameters": Key(dict),
}
PARAMETER_KEYS: Final[Mapping[str, Key]] = {
    "value": Key(float, required=True),
    "unit": Key(str, required=True),
    "source": Key(str, required=True),
    "confidence": Key(str, required=True, allowed=CONFIDENCES),
}
CONTROL_KEYS: Final[Mapping[str, Key]] = {
    "id": Key(str, required=True),
    "measure": Key(str, required=True),
    "value": Key(float, required=True),
    "source": Key(str, required=True),
    "explanation": Key(str),
}


Progress = Callable[[str], None]


def ignore(message: str) -> None:
    """Take a progress message and do nothing with it."""


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
    scope: str = SCOPES[0]
    max_years_apart: float = YEARS_APART
    network_from: tuple[str, ...] = ()  # routes start at places with service of these technologies, too
    notes: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    sources: tuple[SourceSpec, ...] = ()
    controls: tuple[Control, ...] = ()
    told: bool = False  # to an audience that must not know how its sources are read: it cannot be loaded

    def parameter(self, name: str) -> float:
        """Return the value of one parameter, or raise DataError."""
        for item in self.parameters:
            if item.id == name:
                return item.value
        raise DataError(f"study.toml: the parameter {name!r} is missing; write [study.parameters.{name}]")

    @classmethod
    def open(cls, folder: Path, *, data_root: Path | None = None) -> Study:
        """Read and check the study.toml of a folder; no other file is opened yet.

        `data_root` (default: the environment variable COVERAGE_DATA_ROOT) is where sources with root = "data" lie.
        Raises DataError or CrsError with the first thing that is wrong.
        """
        raw = _read_toml(folder / FILE)
        table = checked(raw["study"], STUDY_KEYS, where=f"{FILE}: [study]")
        if not re.fullmatch(r"[a-z0-9-]+", table["id"]):
            raise DataError(f"{FILE}: id is {table['id']!r}; expected small letters, digits and hyphens")
        parse_metric_crs(table["crs"], where=f"{FILE}: crs")
        parameters = tuple(_parameter(name, item) for name, item in table.pop("parameters", {}).items())
        notes = table.pop("notes", [])
        if not all(isinstance(note, str) for note in notes):
            raise DataError(f"{FILE}: notes is {notes!r}; expected a list of texts")
        table["network_from"] = _technologies(table.get("network_from", []))
        root = data_root or (Path(os.environ[DATA_ROOT_VARIABLE]) if os.environ.get(DATA_ROOT_VARIABLE) else None)
        known = {item.id: item.value for item in parameters}
        controls = (checked(item, CONTROL_KEYS, where=f"{FILE}: [[controls]]") for item in raw.get("controls", []))
        study = cls(
            **table,
            folder=folder.resolve(),
            notes=tuple(notes),
            parameters=parameters,
            sources=read_specs(
                raw["sources"],
                folder=folder,
                data_root=root,
                parameters=known,
                roles=_needed(table.get("scope", SCOPES[0]), table["network_from"]),
            ),
            controls=tuple(Control(**item) for item in controls),
        )
        if study.steep_slope <= 0:
            raise DataError(f"{FILE}: the parameter {STEEP_SLOPE!r} is {study.steep_slope:g}; expected more than 0")
        return study

    def load(self, *, progress: Callable[[str], None] = ignore) -> Inputs:
        """Read every source into the study's CRS. Raises DataError or CrsError where one is unusable."""
        if self.told:
            raise DataError(f"study {self.id}: was narrowed to an audience; open its folder to read its sources")
        return read_inputs(self.sources, crs=self.crs, progress=progress, needed=self._needed)

    def inspect(self, *, progress: Callable[[str], None] = ignore) -> Inspection:
        """Read what can be read: a source that is unusable is named, and the others are read all the same."""
        return inspect_inputs(self.sources, crs=self.crs, progress=progress, needed=self._needed)

    @property
    def steep_slope(self) -> float:
        """Return the slope (m per m) from which on a route is steep: a parameter; infinite without any terrain."""
        return self.parameter(STEEP_SLOPE) if any(spec.role == "terrain" for spec in self.sources) else math.inf

    @property
    def _needed(self) -> tuple[str, ...]:
        return _needed(self.scope, self.network_from)

    @property
    def assessable(self) -> bool:
        """Return whether the study brings what the whole journey needs."""
        return self.scope == "assessment"

    def require_assessable(self) -> None:
        """Raise DataError where the study describes service only."""
        if not self.assessable:
            raise DataError(
                f"study {self.id}: its scope is {self.scope!r}, so it has no roads and no network; expected scope "
                "'assessment' for areas, routes and costs"
            )

    def upload(self, table: Mapping[str, Any], *, folder: Path) -> SourceSpec:
        """Return the spec of a file that lies in a reader's own folder, from a table as in [[sources]].

        The table is checked as study.toml's own are, and it may name no other file than the one in `folder`. Raises
        DataError for what it says wrong, for an id that the study has, and for a file that is not there.
        """
        known = {item.id: item.value for item in self.parameters}
        spec = read_spec(table, 1, folder=folder, data_root=None, parameters=known, of="the mapping")
        if extra_files(spec) or spec.path.parent != folder.resolve():
            raise DataError(f"the mapping: source {spec.id!r} names other files; expected the uploaded one alone")
        if any(spec.id == own.id for own in self.sources if not own.uploaded):
            raise DataError(f"the mapping: the study has a source {spec.id!r} already; expected an id of its own")
        if not spec.path.is_file():
            raise DataError(f"{spec.name}: the file is not there; expected it to be uploaded")
        return replace(spec, uploaded=digest(spec.path))

    def with_source(self, spec: SourceSpec) -> Study:
        """Return the study with one more source, or with this one in the place of the one that has its id."""
        others = [spec if own.id == spec.id else own for own in self.sources]
        return replace(self, sources=tuple(others if spec in others else [*others, spec]))

    def without(self, source_id: str) -> Study:
        """Return the study without one source; without any that has this id, the study as it is."""
        return replace(self, sources=tuple(own for own in self.sources if own.id != source_id))

    @property
    def brought(self) -> tuple[str, ...]:
        """Return what stands for the uploaded sources: their contents and how they are read, not where they lie."""
        return tuple(mapping_digest(spec) for spec in self.sources if spec.uploaded)

    def default_scenario(self) -> Scenario:
        """Return the study's own question: its policy and its budget."""
        return Scenario(policy=self.policy, budget=self.budget)

    def fingerprint(self) -> dict[str, str]:
        """Return the SHA-256 of study.toml and of every source file, by name as study.toml writes it.

        How an uploaded file is read stands in no study.toml: it has a mark of its own.
        """
        marks = {FILE: digest(self.folder / FILE)}
        for spec in self.sources:
            for path in (spec.path, *extra_files(spec)):
                name = spec.name if path == spec.path else str(Path(spec.name).parent / path.name)
                if not path.exists():
                    raise DataError(f"{name}: the file does not exist; expected it for source {spec.id!r}")
                marks[name] = digest(path)
            if spec.uploaded:
                marks[f"{spec.name} as {spec.id}"] = mapping_digest(spec)
        return dict(sorted(marks.items()))


def _read_toml(path: Path) -> dict[str, Any]:
    if not path.parent.is_dir():
        raise DataError(f"{path.parent}: no such folder; expected a study folder with a {FILE}")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path.parent}: no {FILE} in this folder; expected a study folder") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name}: not readable ({error}); expected TOML text in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{path.name}: not valid TOML: {error}") from error
    return checked(raw, TOP_KEYS, where=path.name)


def _technologies(given: list[object]) -> tuple[str, ...]:
    for name in given:
        if name not in schemas.TECHNOLOGIES:
            raise DataError(f"{FILE}: network_from has {name!r}; {nearest(str(name), schemas.TECHNOLOGIES)}")
    return tuple(str(name) for name in given)


def _needed(scope: str, network_from: tuple[str, ...]) -> tuple[str, ...]:
    """Return the roles that a study cannot do without."""
    if scope == "service":
        return SERVICE_ROLES
    return tuple(role for role in REQUIRED_ROLES if role != "network" or not network_from)


def _parameter(name: str, table: object) -> Parameter:
    return Parameter(id=name, **checked(table, PARAMETER_KEYS, where=f"{FILE}: [study.parameters.{name}]"))
