"""The [[sources]] tables of study.toml to SourceSpec: every key, path, column and option checked."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from coverage import schemas
from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources import READERS, reader_of
from coverage.sources.archive import ARCHIVES, split_archive
from coverage.sources.limits import brief
from coverage.sources.names import Key, checked, nearest, texts
from coverage.sources.roles import COMMON_OPTIONS, REQUIRED_ROLES, ROLES, TABLE_OPTIONS, Field, known_fields

ROOTS: Final = ("study", "data")
KINDS: Final = ("vector", "raster", "table")
MAX_NAME: Final = 200  # bytes or more in one part of a path: no file system takes more than 255

SOURCE_KEYS: Final[Mapping[str, Key]] = {
    "id": Key(str, required=True),
    "role": Key(str, required=True),
    "kind": Key(str, required=True),
    "path": Key(str, required=True),
    "root": Key(str, allowed=ROOTS),
    "layer": Key(str),
    "crs": Key(str),
    "format": Key(str),
    "supplier": Key(str),
    "licence": Key(str),
    "url": Key(str),
    "as_of": Key(dt.date),
    "data_status": Key(str, allowed=schemas.DATA_STATUSES),
    "columns": Key(dict),
    "constants": Key(dict),
    "values": Key(dict),
    "options": Key(dict),
    "where": Key(dict),
    "where_prefix": Key(dict),
}


def read_specs(
    tables: Sequence[Any],
    *,
    folder: Path,
    data_root: Path | None,
    parameters: Mapping[str, float],
    roles: Sequence[str] = REQUIRED_ROLES,
) -> tuple[SourceSpec, ...]:
    """Turn the [[sources]] tables into specs, or raise DataError with the first thing that is wrong.

    Paths must stay inside the study folder, or the data root for root = "data". Option `divide_weight_by` may name
    one of `parameters`. `roles`: what must be there.
    """
    specs: list[SourceSpec] = []
    for number, table in enumerate(tables, start=1):
        spec = read_spec(table, number, folder=folder, data_root=data_root, parameters=parameters)
        if any(spec.id == other.id for other in specs):
            raise DataError(f"study.toml: two sources have the id {spec.id!r}; expected ids that occur once")
        specs.append(spec)
    have = {spec.role for spec in specs}
    for role in roles:
        if role not in have:
            raise DataError(f"study.toml: no source has the role {role!r}; expected at least one")
    if not have & {"offers", "shares"}:
        raise DataError("study.toml: no source has the role 'offers' or 'shares'; expected at least one of them")
    return tuple(specs)


def extra_files(spec: SourceSpec) -> tuple[Path, ...]:
    """Return the further files that a format reads beside the source's own."""
    names = [name for option in reader_files(spec) for name in _listed(spec.options.get(option))]
    return tuple(split_archive(spec.path.parent / name)[0] for name in names)


def reader_files(spec: SourceSpec) -> tuple[str, ...]:
    """Return the options of a source that name files."""
    return () if spec.kind == "raster" else reader_of(spec).files


def mapping_digest(spec: SourceSpec) -> str:
    """Return the SHA-256 of everything that a source says of itself, but where its file lies."""
    said = {key: value for key, value in dataclasses.asdict(spec).items() if key != "path"}
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str, ensure_ascii=False).encode()).hexdigest()


def read_spec(
    table: Any,
    number: int,
    *,
    folder: Path,
    data_root: Path | None,
    parameters: Mapping[str, float],
    of: str = "study.toml",
) -> SourceSpec:
    """Turn one [[sources]] table into a spec, or raise DataError naming the source; `of`: what it stands in."""
    name = table.get("id") if isinstance(table, Mapping) else None
    where = f"{of}: source {name!r}" if name else f"{of}: source number {number}"
    raw = checked(table, SOURCE_KEYS, where=where)
    role, kind = raw["role"], raw["kind"]
    if role not in ROLES:
        raise DataError(f"{where}: unknown role {role!r}; {nearest(role, ROLES)}")
    if kind not in KINDS:
        raise DataError(f"{where}: unknown kind {kind!r}; {nearest(kind, KINDS)}")
    if kind not in ROLES[role].kinds:
        raise DataError(f"{where}: role {role!r} cannot be a {kind}; expected {' or '.join(ROLES[role].kinds)}")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", raw["id"]):
        raise DataError(f"{where}: id is {raw['id']!r}; expected letters, digits, hyphens and underscores")
    root = folder if raw.get("root", "study") == "study" else data_root
    if root is None:
        raise DataError(f"{where} lies under the data root; give it with --data-root or COVERAGE_DATA_ROOT")
    if not root.is_dir():
        raise DataError(f"{where} lies under the data root, but {root} is no folder; expected the folder of the data")
    spec = SourceSpec(
        **{key: raw[key] for key in raw if key not in ("path", "where", "where_prefix", "columns")},
        path=_inside(root, raw["path"], where),
        file=raw["path"],
        columns=texts(raw.get("columns", {}), where=f"{where}: columns"),
        where={key: _wanted(value, f"{where}: where.{key}") for key, value in raw.get("where", {}).items()},
        where_prefix=texts(raw.get("where_prefix", {}), where=f"{where}: where_prefix"),
    )
    _enter_archive(spec, where)
    _check_format(spec, where)
    _take_defaults(spec)
    _check_options(spec, where, parameters)
    _check_columns(spec, where)
    for file in extra_files(spec):
        _inside(root, str(file), where)
    return spec


def _inside(root: Path, path: str, where: str) -> Path:
    """Return the absolute path, or raise DataError where it leaves its root (symbolic links followed)."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:|/?vsi", path) or "\0" in path or max(map(len, path.split("/"))) > MAX_NAME:
        raise DataError(f"{where}: path {brief(path)!r} is no path of a file; expected one such as 'roads.gpkg'")
    base = root.resolve()
    whole = (base / path).resolve()
    if not whole.is_relative_to(base) or whole == base:
        raise DataError(f"{where}: path {path!r} leads outside {root.name or root}; expected a path inside it")
    return whole


def _enter_archive(spec: SourceSpec, where: str) -> None:
    """Take ``a.zip/b.shp`` apart: the path is the archive, option `member` what is in it.

    The spec is ours alone until it is returned.
    """
    path, member = split_archive(spec.path)
    given = spec.options.get("member")
    if member and given:
        raise DataError(f"{where}: a member stands in the path and in options.member; expected it in one of them")
    if given and path.suffix.lower() not in ARCHIVES:
        raise DataError(f"{where}: options.member is {given!r}, but {spec.name} is no archive; expected a *.zip")
    if member:
        object.__setattr__(spec, "path", path)
        object.__setattr__(spec, "options", {**spec.options, "member": member})


def _check_format(spec: SourceSpec, where: str) -> None:
    if spec.kind == "raster":
        if spec.format:
            raise DataError(f"{where}: a raster has no format; expected none, not {spec.format!r}")
        return
    if spec.format and spec.format not in READERS:
        raise DataError(f"{where}: unknown format {spec.format!r}; {nearest(spec.format, READERS)}")
    reader_of(spec)


def _take_defaults(spec: SourceSpec) -> None:
    """Put the format's constants, values and options where study.toml says nothing else. Its columns follow on reading.

    The spec is ours alone until it is returned.
    """
    if spec.kind == "raster":
        return
    reader = reader_of(spec)
    known = {field.name for field in ROLES[spec.role].fields}
    wanted = {name: value for name, value in reader.constants.items() if name in known and name not in spec.columns}
    options = {name: value for name, value in reader.defaults.items() if name in ROLES[spec.role].options}
    object.__setattr__(spec, "constants", {**wanted, **spec.constants})
    object.__setattr__(spec, "values", {**reader.values, **spec.values})
    object.__setattr__(spec, "options", {**options, **spec.options})


def _check_options(spec: SourceSpec, where: str, parameters: Mapping[str, float]) -> None:
    keys = {**ROLES[spec.role].options, **COMMON_OPTIONS}
    if spec.kind == "table":
        keys |= TABLE_OPTIONS
    if spec.kind != "raster":
        keys |= {name: Key(object) for name in reader_of(spec).options}
    options = checked(spec.options, keys, where=f"{where}: options")
    for name in ("divide_weight_by", *(() if spec.kind == "raster" else reader_of(spec).parameters)):
        value = options.get(name)
        if isinstance(value, str):
            if value not in parameters:
                raise DataError(f"{where}: {name} names {value!r}; {nearest(value, parameters)}")
            options[name] = parameters[value]
    divisor = options.get("divide_weight_by")
    if divisor is not None and (isinstance(divisor, bool) or not isinstance(divisor, int | float) or not divisor > 0):
        raise DataError(f"{where}: divide_weight_by is {divisor!r}; expected a number above 0 or a parameter's name")
    # Checked, and numbers are float.
    object.__setattr__(spec, "options", options)


def _check_columns(spec: SourceSpec, where: str) -> None:
    """Raise DataError for a column that the role does not know, or a word that the column does not know."""
    fields = {field.name: field for field in known_fields(spec.role, shape=str(spec.options.get("shape", "")))}
    known = (*fields, "fixed_30", "fixed_100", "fixed_1000") if spec.role == "shares" else tuple(fields)
    for part in ("columns", "constants", "values"):
        for name in getattr(spec, part):
            if name not in fields and not re.fullmatch(ROLES[spec.role].open_fields, name):
                raise DataError(f"{where}: {part}: {spec.role} has no column {name!r}; {nearest(name, known)}")
    both = sorted(set(spec.columns) & set(spec.constants))
    if both:
        raise DataError(f"{where}: {both[0]!r} is under columns and under constants; expected one of the two")
    for name, words in spec.values.items():
        if not isinstance(words, Mapping):
            raise DataError(f"{where}: values.{name} is {words!r}; expected a table of their value = our value")
        for theirs, ours in words.items():
            _check_word(fields.get(name), ours, f"{where}: values.{name}.{theirs}")


def _check_word(field: Field | None, value: object, where: str) -> None:
    if field is None:
        return
    if field.type == "flag" and not isinstance(value, bool):
        raise DataError(f"{where} is {value!r}; expected true or false")
    if field.allowed and value not in field.allowed:
        raise DataError(f"{where} is {value!r}; {nearest(str(value), field.allowed)}")


def _wanted(value: object, where: str) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, str | int) and not isinstance(item, bool) for item in items):
        raise DataError(f"{where} is {value!r}; expected a list of texts")
    return tuple(str(item) for item in items)


def _listed(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)] if value else []
