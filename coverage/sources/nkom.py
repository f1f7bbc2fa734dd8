"""Nkom's coverage statistics per municipality: CSV files with titles, a row of groups and a row of names."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Final

import pandas as pd

from coverage import schemas
from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.archive import local_file
from coverage.sources.encoding import to_utf8
from coverage.sources.limits import brief
from coverage.sources.raw import RawTable, rejections

NAME: Final = "Kommune"  # the header of the first column, by which the row of names is known
COUNTY: Final = "Fylke"
GROUP_MARK: Final = " | "

ALL_TECHNOLOGIES: Final = "Hastighet - alle teknologier på fast bredbånd"
MOBILE: Final = "4G + 5G"

# Shares of households that can get at least so many Mbit/s down over any fixed technology, fixed wireless included.
FIXED_COLUMNS: Final = {
    "name": NAME,
    "fixed_30": f"{ALL_TECHNOLOGIES}{GROUP_MARK}≥ 30",
    "fixed_100": f"{ALL_TECHNOLOGIES}{GROUP_MARK}≥ 100",
    "fixed_1000": f"{ALL_TECHNOLOGIES}{GROUP_MARK}≥ 1000",
}
# Shares of households with at least 30 Mbit/s over 4G or 5G. The columns of the older method (-110 dBm outdoors) say
# where a phone finds a network at all, which is nearly everywhere, and nothing about what it carries.
MOBILE_COLUMNS: Final = {"name": NAME, "mobile": f"{MOBILE}{GROUP_MARK}≥ 30"}

_PERCENT: Final = re.compile(r"\d{1,3}(?:[.,]\d+)?\s*%")


def read_nkom(spec: SourceSpec) -> RawTable:
    """Read a municipality sheet of Nkom's coverage workbook, saved as CSV with ``;``.

    Rows above the one that starts with ``Kommune`` are titles; the last of them names groups of columns, which repeat
    the same names. A column becomes ``<group> | <name>``; empty columns between the groups are left out.
    Percentages such as ``94,2 %`` become fractions 0 to 1. A row with another number of fields, or with a value
    that is no percentage, is rejected. Raises DataError where the file has no such header or no rows.
    """
    rows = _rows(spec)
    top = next((number for number, row in enumerate(rows) if row and row[0].strip() == NAME), None)
    if top is None:
        raise DataError(f"{spec.name}: no header row; expected a row whose first field is {NAME!r}")
    names = _names(rows[top - 1] if top else [], rows[top])
    records, numbers, bad = [], [], [schemas.empty_rejected()]
    for number, row in enumerate((row for row in rows[top + 1 :] if any(row)), start=1):
        fields, values = _record(row, names)
        if fields:
            bad.append(rejections(spec.id, rows=[number], field=fields[0], values=[fields[1]], reason=fields[2]))
        else:
            records.append(values)
            numbers.append(number)
    if not records and len(bad) == 1:
        raise DataError(f"{spec.name}: the file has a header but no rows; expected one row per municipality")
    frame = pd.DataFrame(records, index=pd.Index(numbers, dtype="int64", name="row"), columns=[n for n in names if n])
    return RawTable(frame, pd.concat(bad, ignore_index=True) if len(bad) > 1 else bad[0])


def _rows(spec: SourceSpec) -> list[list[str]]:
    try:
        with local_file(spec) as path:
            data = path.read_bytes()
        text = to_utf8(data, spec)[0].decode("utf-8")
        return list(csv.reader(io.StringIO(text), delimiter=";"))
    except (OSError, csv.Error) as error:
        raise DataError(f"{spec.name}: not a readable table ({brief(error)}); expected Nkom's sheet as CSV") from error


def _names(groups: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Join group and column names; a column without a name gets none."""
    group, names = "", []
    for position, column in enumerate(columns):
        here = groups[position].strip() if position < len(groups) else ""
        group = here if position >= 2 and here else group
        name = column.strip()
        names.append(f"{group}{GROUP_MARK}{name}" if name and group else name)
    return names


def _record(row: Sequence[str], names: Sequence[str]) -> tuple[tuple[str, str, str] | None, list[str | float | None]]:
    """Return the fault (field, value, reason), if any, and the values of the named columns."""
    if len(row) != len(names):
        return ("", ";".join(row), f"the row has {len(row)} fields; expected {len(names)}"), []
    values: list[str | float | None] = []
    for name, raw in zip(names, row, strict=True):
        text = raw.replace("\xa0", " ").strip()
        if not name:
            continue
        if name in (NAME, COUNTY) or not text:
            values.append(text or None)
        elif _PERCENT.fullmatch(text) and (share := float(text.rstrip("% ").replace(",", ".")) / 100) <= 1:
            values.append(round(share, 6))
        else:
            return (name, text, "not a percentage from 0 to 100, such as '94,2 %'"), []
    return None, values
