"""The industry classification in both versions: which a code is of, its division and its section.

SN2007 is the Norwegian edition of NACE Rev. 2, SN2025 of NACE Rev. 2.1. The lists are data (`data/business/nace.csv`):
a row per section, division and class, with its source. Both number their divisions alike, but for division 45 (motor
vehicles), which Rev. 2.1 dissolves; their sections differ from J on, so such a letter says nothing without a version.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from coverage.errors import DataError
from coverage.schemas import NACE_NOTES, NACE_STANDARDS

__all__ = [
    "BUSINESS_DIR",
    "Standard",
    "classify",
    "load_standards",
    "read_rows",
    "section_name",
    "tables_digest",
]

BUSINESS_DIR: Final = Path(__file__).parent.parent / "data" / "business"
TABLES: Final = ("nace.csv", "parameters.csv", "upload_dependence.csv", "works_on.csv")
COLUMNS: Final = ("nace_standard", "nace_division", "nace_section", "nace_note")
CODE: Final = re.compile(r"([A-V])?\s*(?:(\d{1,2})(?:\.(\d{1,3}))?|(\d{3,5}))?")
NOT_STATED, UNKNOWN, AMBIGUOUS, OTHER_VERSION = NACE_NOTES
FIRST_MOVED: Final = "J"  # from this section on a letter stands for something else in each version
NOWHERE: Final = "00"  # the register's code for activity that is not stated


@dataclass(frozen=True)
class Standard:
    """Hold one version: names of sections by language, the section of each division, and all codes, without dots."""

    id: str
    names: Mapping[str, Mapping[str, str]]  # language, section
    section_of: Mapping[str, str]  # division
    codes: frozenset[str]  # divisions, groups and classes


def read_rows(name: str) -> list[dict[str, str]]:
    """Read one table of `data/business`, a mapping per row; raises DataError where it cannot be read."""
    try:
        with (BUSINESS_DIR / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise DataError(f"data/business/{name}: the table cannot be read ({error.strerror})") from error


def tables_digest() -> str:
    """Return the SHA-256 of all tables of `data/business`, in the order of their names."""
    return hashlib.sha256(b"".join((BUSINESS_DIR / name).read_bytes() for name in TABLES)).hexdigest()


@cache
def load_standards() -> Mapping[str, Standard]:
    """Read both versions, by id."""
    rows = read_rows("nace.csv")
    found = {}
    for standard in NACE_STANDARDS:
        mine = [row for row in rows if row["standard"] == standard]
        sections = [row for row in mine if row["level"] == "section"]
        classes = [row["code"].replace(".", "") for row in mine if row["level"] == "class"]
        found[standard] = Standard(
            id=standard,
            names={language: {row["code"]: row[f"name_{language}"] for row in sections} for language in ("en", "nb")},
            section_of={row["code"]: row["parent"] for row in mine if row["level"] == "division"},
            codes=frozenset(code[:size] for code in classes for size in (2, 3, 4)),
        )
    return found


def section_name(standard: str, section: str, *, language: str = "en") -> str:
    """Return the name of a section in one version, in English ("en") or bokmål ("nb")."""
    return load_standards()[standard].names[language][section]


def classify(codes: pd.Series, *, source: pd.Series, versions: Mapping[str, str]) -> pd.DataFrame:
    """Tell the version, division and section of industry codes: 62.010, 62.01, 62010, 62, J62, J.

    `source` names the register of each code; `versions` says which version a register uses, by its name. Where it does
    not say, all codes of a register are of the version that alone lists some of them; where both versions alone list
    some, or neither does, each code stands for itself, and is of no version that can be told (`nace_standard` null)
    unless only one lists it.

    Returns `nace_standard`, `nace_division`, `nace_section` and `nace_note` on the index of `codes`. The note is
    "not_stated" where there is no code (also 00.000), "unknown" where no list has it (the section is still that of its
    division), "ambiguous" where the versions put it in different sections (the section is then null), "other_version"
    where only the version that the register does not use has it. Four digits are a class: a spreadsheet that has lost
    a leading zero cannot be told from it.
    """
    text = codes.fillna("").astype("str").str.strip().str.upper().to_numpy(dtype=object)
    register = source.astype("str").to_numpy(dtype=object)
    pairs = pd.MultiIndex.from_arrays([register, text])
    at, distinct = pairs.factorize(sort=True)
    parsed = {code: _parse(code) for code in {code for _, code in distinct}}
    used: dict[str, tuple[str, ...]] = {
        name: (versions[name],) if name in versions else NACE_STANDARDS for name in set(register.tolist())
    }
    for name in used:
        if name not in versions:
            listed = [_listed(*parsed[code]) for register_, code in distinct if register_ == name]
            alone = {which[0] for which in listed if len(which) == 1}
            if len(alone) == 1:
                used[name] = tuple(alone)
    table = np.array([_tell(code, parsed[code], used[name]) for name, code in distinct], dtype=object).reshape(-1, 4)
    told = table[at] if len(at) else np.empty((0, 4), dtype=object)
    columns = {name: pd.array(told[:, number], dtype="str") for number, name in enumerate(COLUMNS)}
    return pd.DataFrame(columns, index=codes.index)


def _parse(code: str) -> tuple[str, str]:
    """Split a code into its letter and its digits; both empty where it is no code at all."""
    match = CODE.fullmatch(code)
    if match is None:
        return "", ""
    letter, division, rest, run = match.groups(default="")
    return letter, run or (division.zfill(2) + rest if division else "")


def _listed(letter: str, digits: str) -> tuple[str, ...]:
    """Return the versions that list a code, under that letter if it has one."""
    standards = load_standards()
    if not digits:
        return tuple(name for name, standard in standards.items() if letter in standard.names["en"])
    return tuple(
        name
        for name, standard in standards.items()
        if digits[:4] in standard.codes and letter in ("", standard.section_of[digits[:2]])
    )


def _tell(code: str, parsed: tuple[str, str], used: tuple[str, ...]) -> tuple[str | None, ...]:
    letter, digits = parsed
    division = digits[:2] or None
    if not code or division == NOWHERE:
        return None, None, None, NOT_STATED
    listed = _listed(letter, digits)
    fits = tuple(name for name in listed if name in used)
    if not listed:
        return (used[0] if len(used) == 1 else None), division, _same(letter, digits, used), UNKNOWN
    if not fits:
        return listed[0], division, _section(letter, digits, listed[0]), OTHER_VERSION
    section = _same(letter, digits, fits)
    return (fits[0] if len(fits) == 1 else None), division, section, None if section else AMBIGUOUS


def _same(letter: str, digits: str, used: tuple[str, ...]) -> str | None:
    """Return the section if it is the same in all versions used: the letter, and not only it, is, up to I."""
    sections = {_section(letter, digits, name) for name in used}
    only = sections.pop() if len(sections) == 1 else None
    return only if only and (len(used) == 1 or only < FIRST_MOVED) else None


def _section(letter: str, digits: str, standard: str) -> str | None:
    known = load_standards()[standard]
    return known.section_of.get(digits[:2]) if digits else (letter if letter in known.names["en"] else None)
