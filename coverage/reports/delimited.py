"""CSV and JSON files: UTF-8, one header row, decimal point, fixed order, fixed rounding.

Formula injection: a spreadsheet runs a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return.
Such *text* cells get an apostrophe in front, which a spreadsheet shows as text; so does such a sign inside a text
where a new cell would begin for a spreadsheet that parts the cells by semicolons or tabs, as a Norwegian one does.
Numbers are written by this module from numbers and keep their sign.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from coverage.reports.columns import rounded, style_of
from coverage.reports.pieces import Pieces, by_value, in_pieces

_SIGNS: Final = "=+\\-@\uff1d\uff0b\uff0d\uff20"  # some spreadsheets take the full-width ones for the same
_FIRST: Final = re.compile(rf"[\t\r]|\s*[{_SIGNS}]")
_INSIDE: Final = re.compile(rf"([;\t\r\n][\s\"]*)(?=[{_SIGNS}])")
MONEY_KEYS: Final = frozenset(
    {"capex", "funding_gap", "budget", "grant", "state_share", "county_share", "municipal_share", "private_share"}
)


def safe_text(value: str) -> str:
    """Return the text with an apostrophe before whatever a spreadsheet could take for a formula."""
    return _INSIDE.sub(r"\1'", f"'{value}" if _FIRST.match(value) else value)


def write_csv(table: pd.DataFrame | Pieces, path: Path) -> None:
    """Write a table as CSV: UTF-8, comma, decimal point, one header row; the same rows give the same bytes."""
    parts = in_pieces(table)
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(map(_text, parts.columns))
        for part in parts:
            lines.writerows(zip(*(_cells(part[name]) for name in part.columns), strict=True))


def _cells(column: pd.Series) -> list[str]:
    if pd.api.types.is_bool_dtype(column.dtype):
        return by_value(column, lambda value: "true" if value else "false")
    if pd.api.types.is_numeric_dtype(column.dtype):
        style = style_of(str(column.name))
        plain = style if style in _NUMERIC else "degrees"
        numbers = pd.Series(column.to_numpy(dtype=float, na_value=np.nan))
        return by_value(numbers, lambda value: _number(value, plain), missing="")
    return by_value(column, lambda value: _text(str(value)), missing="")


def _text(value: str) -> str:
    # A lone carriage return would end the row for many readers; inside a cell a line feed says the same.
    return safe_text(value).replace("\r\n", "\n").replace("\r", "\n")


_NUMERIC: Final = frozenset(
    {"count", "money", "price", "share", "score", "metres", "quantity", "factor", "row", "place", "degrees", "speed"}
)


def _number(value: float, style: str) -> str:
    number = rounded(value, style)
    if number is None:
        return ""
    # Ten thousand million and 0.0000001 both stay plain decimals: no exponent in a table for people.
    return str(number) if isinstance(number, int) else f"{number:.7f}".rstrip("0")


def to_json(value: Mapping[str, Any], *, indent: int = 2) -> str:
    """Return JSON text in the order given: UTF-8 characters, no NaN (null instead), line feed at the end."""
    return json.dumps(_plain(value, ""), ensure_ascii=False, indent=indent, allow_nan=False) + "\n"


def write_json(value: Mapping[str, Any], path: Path) -> None:
    """Write JSON as `to_json` gives it."""
    path.write_text(to_json(value), encoding="utf-8", newline="\n")


def summary_json(summary: Mapping[str, Any]) -> str:
    """Return summary.json: money in whole units, every other figure with at most four decimals."""
    return to_json(_rounded(summary, money=False))


def _rounded(value: Any, *, money: bool) -> Any:
    value = _scalar(value)
    if isinstance(value, Mapping):
        return {
            str(key): _rounded(item, money=money or (str(key) in MONEY_KEYS and not _is_count(item)))
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_rounded(item, money=money) for item in value]
    if isinstance(value, float) and math.isfinite(value):
        number = round(value) if money else round(value, 4)
        return int(number) if float(number).is_integer() else number
    return value


def _is_count(value: Any) -> bool:
    return isinstance(value, Mapping) and "businesses" in value


def _plain(value: Any, where: str) -> Any:
    value = _scalar(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, where) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, Path):
        return value.as_posix()
    raise TypeError(f"{where.lstrip('.')} is a {type(value).__name__}, which JSON cannot hold")


def _scalar(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
