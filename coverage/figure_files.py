"""Read the tables of figures in data/: one figure a row, each with its unit, year, source and confidence."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

from coverage.errors import DataError, PolicyError

Row = TypeVar("Row")


def read_items(kind: type[Row], text: str, *, where: str) -> Iterator[Row]:
    """Yield a dataclass per row of a CSV file whose header is its fields; `item` names the row.

    Fields of type float are finite numbers, those of type int whole ones, the others text; none may be empty. Raises
    PolicyError naming the file, the row and the field.
    """
    reader = csv.DictReader(io.StringIO(text))
    types = {field.name: str(field.type) for field in fields(kind)}  # type: ignore[arg-type]
    if reader.fieldnames != list(types):
        raise PolicyError(f"{where}: the header row must be {','.join(types)}")
    for number, raw in enumerate(reader, start=1):
        row = {key: (value or "").strip() for key, value in raw.items() if isinstance(value, str | None)}
        empty = [name for name in types if not row.get(name)]
        if empty or None in raw:
            problem = f"{empty[0]!r} is empty" if empty else "there are too many fields"
            raise PolicyError(f"{where}: row {number} ({row.get('item')}): {problem}; every row needs all {len(types)}")
        yield kind(**{name: _value(row, name, type_, where) for name, type_ in types.items()})


def read_rules(kind: type[Row], path: Path) -> Row:
    """Read a dataclass of numbers above 0 from a CSV file of `id` and `value`; raises DataError naming the row."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = {row["id"]: row["value"] for row in csv.DictReader(file)}
    except (OSError, KeyError) as error:
        raise DataError(f"data/{path.name}: the table cannot be read ({error})") from error
    values: dict[str, float] = {}
    for name in (field.name for field in fields(kind)):  # type: ignore[arg-type]
        try:
            values[name] = float(rows.get(name, ""))
        except ValueError as error:
            raise DataError(f"data/{path.name}: {name} is {rows.get(name)!r}; expected a number") from error
        if not values[name] > 0:
            raise DataError(f"data/{path.name}: {name} is {values[name]:g}; expected more than 0")
    return kind(**values)


def _value(row: dict[str, str], name: str, type_: str, where: str) -> str | float | int:
    if type_ == "str":
        return row[name]
    try:
        number = float(row[name])
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or (type_ == "int" and number != int(number)):
        raise PolicyError(f"{where}: {row['item']}: {name} is {row[name]!r}; expected a number")
    return int(number) if type_ == "int" else number
