"""Their columns to ours: names, constants, recoded values, types. A value that does not fit rejects its row."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.batch import Batch, Mask
from coverage.sources.limits import MAX_TEXT
from coverage.sources.names import likely_name, nearest
from coverage.sources.roles import Field

Reasons = npt.NDArray[np.object_]  # per row, "" where there is nothing to object

TRUE_WORDS: Final = ("true", "1", "yes", "y", "ja", "j")
FALSE_WORDS: Final = ("false", "0", "no", "n", "nei")
# 12 500 and 12 500 with the thin and hard spaces that spreadsheets write
_GROUPING: Final = r"(?<=\d)[\s\u00a0\u2009\u202f](?=\d{3}(?:\D|$))"
_THOUSANDS: Final = r"-?[1-9]\d{0,2}\.\d{3}"  # of several points none is read
POSITIONS: Final = ("x", "y", "lon", "lat", "cell_x", "cell_y")
_PERCENT: Final = r"[\s\u00a0\u2009\u202f]*%$"


def keep_wanted(batch: Batch) -> None:
    """Leave out the rows that `where` and `where_prefix` do not ask for. Raises DataError for an unknown column."""
    for column, wanted in batch.spec.where.items():
        text = as_text(_theirs(batch, column, "where"))
        batch.leave_out(~text.isin(list(wanted)).to_numpy(), why=f"where {column} is not {' or '.join(wanted)}")
    for column, prefix in batch.spec.where_prefix.items():
        text = as_text(_theirs(batch, column, "where_prefix"))
        fits = text.str.startswith(prefix).fillna(False).to_numpy(dtype=bool)
        batch.leave_out(~fits, why=f"where {column} does not start with {prefix}")


def source_column(batch: Batch, name: str, defaults: Mapping[str, str]) -> str | None:
    """Return their column for one of ours: as mapped, the format's own, or one of the same name; None without."""
    if name in batch.spec.columns:
        return batch.spec.columns[name]
    if name in batch.spec.constants:
        return None
    for candidate in (defaults.get(name), name):
        if candidate is not None and candidate in batch.frame.columns:
            return candidate
    return None


def map_fields(batch: Batch, fields: Sequence[Field], *, defaults: Mapping[str, str]) -> None:
    """Replace the batch's columns by ours, typed and checked; geometry is kept.

    Raises DataError where a required or mapped column is missing, or a constant does not fit.
    """
    frame = batch.frame
    out: dict[str, pd.Series] = {}
    alive = np.ones(len(frame), dtype=bool)
    problems: list[tuple[Mask, str, pd.Series, Reasons]] = []
    for field in fields:
        column = source_column(batch, field.name, defaults)
        if column is None:
            out[field.name] = _without_column(batch, field)
            continue
        text = _recoded(batch, field, _theirs(batch, column, field.name))
        values, reasons = _typed(text, field, batch)
        if field.type == "number" and field.name not in POSITIONS:
            _doubt_points(batch, column, text)
        out[field.name] = values
        bad = reasons.astype(bool) & alive
        if bad.any():
            problems.append((bad, column, as_text(frame[column]), reasons))
            alive &= ~bad
    columns = {field.name: source_column(batch, field.name, defaults) for field in fields}
    batch.named = {ours: theirs for ours, theirs in columns.items() if theirs is not None}
    note_unused(batch, columns)
    mapped = pd.DataFrame(out, index=frame.index)
    if isinstance(frame, gpd.GeoDataFrame):
        mapped = gpd.GeoDataFrame(mapped, geometry=frame.geometry.array, crs=frame.crs)
    batch.frame = mapped
    remaining = np.arange(len(mapped))
    for bad, column, text, reasons in problems:
        batch.reject(
            bad[remaining],
            field=column,
            values=text.iloc[remaining],
            reason=reasons[remaining],
        )
        remaining = remaining[~bad[remaining]]


def _doubt_points(batch: Batch, column: str, text: pd.Series) -> None:
    """Warn where a point may group thousands: 1.000 in a table with decimal commas is read as one."""
    if batch.decimal != "," or types.is_numeric_dtype(batch.frame[column].dtype):
        return
    pointed = text[text.str.contains(".", regex=False).fillna(False).to_numpy(dtype=bool)]
    if len(pointed) and pointed.str.fullmatch(_THOUSANDS).all():
        batch.warnings.append(
            f"{batch.spec.id}: column {column!r} has numbers such as {pointed.iloc[0]}, read with a decimal point, "
            "though decimal commas are expected; if the point groups thousands, take it out, else say "
            'options.decimal = "."'
        )


def fill_codes(codes: pd.Series, spec: SourceSpec) -> pd.Series:
    """Return municipality codes with the leading zeros that option `code_digits` asks for."""
    digits = spec.options.get("code_digits")
    return codes.str.zfill(int(digits)) if digits else codes


def as_text(values: pd.Series) -> pd.Series:
    """Return a column as trimmed text, null where there is nothing; whole numbers without a decimal point."""
    if types.is_bool_dtype(values.dtype):
        values = values.map({True: "true", False: "false"})
    elif types.is_float_dtype(values.dtype) and _whole(values):
        values = values.astype("Int64")
    elif types.is_datetime64_any_dtype(values.dtype):
        values = values.dt.strftime("%Y-%m-%d")
    text = values.astype("str").str.strip()
    return text.mask(values.isna() | (text == ""))


def _whole(values: pd.Series) -> bool:
    numbers = values.dropna()
    return bool(((numbers % 1 == 0) & (numbers.abs() < 2**53)).all())


def as_number(text: pd.Series, *, decimal: str, percent: float = 100.0) -> pd.Series:
    """Return text as float, NaN where it is not a finite number; `decimal` "," understands 12,5 and 12.5.

    A percent sign divides by `percent`: 94,2 % is 0.942. A long minus sign is a minus sign.
    """
    number = pd.to_numeric(text, errors="coerce").astype("float64")
    doubtful = number.isna() & text.notna()
    if doubtful.any():
        rest = text[doubtful].str.replace(_GROUPING, "", regex=True)
        signed = rest.str.endswith("%").to_numpy(dtype=bool)
        rest = rest.str.replace(_PERCENT, "", regex=True).str.replace(r"^\u2212", "-", regex=True)
        if decimal == ",":
            single = ~rest.str.contains(".", regex=False)  # 1.234,5 could be two numbers: not read
            rest = rest.where(~single, rest.str.replace(",", ".", n=1, regex=False))
        number = number.copy()
        number[doubtful] = pd.to_numeric(rest, errors="coerce").astype("float64") / np.where(signed, percent, 1.0)
    return number.where(np.isfinite(number))


def note_unused(batch: Batch, names: Mapping[str, str | None]) -> None:
    """Remember the columns that nothing uses, each with the expected name nearest to it; note those nearly right.

    `names` holds the expected names, each with the column that is taken for it.
    """
    spec = batch.spec
    reached = spec.options.get("reaches", {})
    used = {*names.values(), *spec.where, *spec.where_prefix, *reached, "geometry"}
    unused = [str(name) for name in batch.frame.columns if name not in used]
    wanted = [name for name, column in names.items() if column is None and name not in spec.constants]
    if batch.tell_unused:
        told = tuple((column, likely_name(column, wanted)) for column in unused)
        batch.facts = replace(batch.facts, unused=told)
    for name in wanted:
        batch.notes += [
            f"column {near!r} is not used; the nearest expected name is {name!r}"
            for near in difflib.get_close_matches(name, unused, n=1, cutoff=0.85)
        ]


def _theirs(batch: Batch, column: str, ours: str) -> pd.Series:
    frame = batch.frame
    if column not in frame.columns:
        columns = [str(name) for name in frame.columns if name != "geometry"]
        raise DataError(f"{batch.spec.name}: no column {column!r} for {ours!r}; {nearest(column, columns)}")
    return frame[column]


def _without_column(batch: Batch, field: Field) -> pd.Series:
    spec, index = batch.spec, batch.frame.index
    if field.name in spec.constants:
        value = spec.constants[field.name]
        one, reason = _typed(as_text(pd.Series([value])), field, batch)
        if reason[0]:
            raise DataError(f"study.toml: source {spec.id!r}: constants.{field.name} is {value!r}: {reason[0]}")
        return pd.Series(one.iloc[0], index=index, dtype=one.dtype)
    if field.required:
        columns = [str(name) for name in batch.frame.columns if name != "geometry"]
        raise DataError(
            f"{spec.name}: no column for {field.name!r}, which {spec.role} must have; {nearest(field.name, columns)}: "
            f"map it under [sources.columns] or give one value under [sources.constants] in study.toml"
        )
    empty = pd.Series(pd.NA, index=index, dtype="str")
    return _typed(empty, Field(field.name, field.type, default=field.default), batch)[0]


def _recoded(batch: Batch, field: Field, values: pd.Series) -> pd.Series:
    """Return their column as text in our words."""
    text = as_text(values)
    table = batch.spec.values.get(field.name)
    if not table:
        return text
    words = {str(theirs): as_text(pd.Series([ours])).iloc[0] for theirs, ours in table.items()}
    known = text.isin(list(words))
    # A flag names the values that set it; the others leave it unset.
    rest = text.where(text.isna(), "false") if field.type == "flag" else text
    return rest.mask(known, text.map(words)).astype("str")


def _typed(text: pd.Series, field: Field, batch: Batch) -> tuple[pd.Series, Reasons]:
    """Return typed values with defaults filled in, and per row a reason to reject it ("" if none)."""
    reasons = np.full(len(text), "", dtype=object)
    missing = text.isna().to_numpy()
    if field.required or field.filled:
        reasons[missing] = f"is empty; expected {_expected(field)}"
    if field.type == "number":
        # Where study.toml says that a column is in percent, the sign repeats it.
        percent = 1.0 if batch.spec.options.get("unit") == "percent" else 100.0
        values = as_number(text, decimal=batch.decimal, percent=percent)
        wrong = values.isna().to_numpy() & ~missing
        if field.low is not None:
            wrong |= (values < field.low).to_numpy()
        if field.high is not None:
            wrong |= (values > field.high).to_numpy()
    elif field.type == "date":
        values = _dates(text, str(batch.spec.options.get("date_format", "")))
        wrong = values.isna().to_numpy() & ~missing
    elif field.type == "flag":
        word = text.str.lower()
        values = word.isin(TRUE_WORDS)
        wrong = ~(word.isin((*TRUE_WORDS, *FALSE_WORDS)) | text.isna()).to_numpy()
    else:
        values = text
        wrong = ~text.isin(list(field.allowed)).to_numpy() & ~missing if field.allowed else np.zeros(len(text), bool)
        if not field.allowed:
            long = (text.str.len() > MAX_TEXT).to_numpy(dtype=bool, na_value=False)
            reasons[long] = f"is longer than {MAX_TEXT:,} characters"
    form = batch.spec.options.get("date_format") if field.type == "date" else None
    reasons[wrong] = f"expected a date of the form {form}" if form else f"expected {_expected(field)}"
    if field.default is not None and missing.any():
        values = values.mask(missing, field.default)
    return values, reasons


def _dates(text: pd.Series, form: str) -> pd.Series:
    if form:
        return pd.to_datetime(text, format=form, errors="coerce").dt.as_unit("s")
    # Days only: whatever follows a T or a space in an ISO time stamp is cut off. With dots, the day comes first.
    days = text.str.replace(r"[T ].*$", "", regex=True)
    iso, dotted = (pd.to_datetime(days, format=form, errors="coerce") for form in ("%Y-%m-%d", "%d.%m.%Y"))
    return iso.fillna(dotted).dt.as_unit("s")


def _expected(field: Field) -> str:
    if field.allowed:
        return f"one of {', '.join(field.allowed)}"
    if field.type == "number":
        if field.high is not None:
            return f"a number from {field.low or 0:g} to {field.high:g}"
        return f"a number of {field.low:g} or more" if field.low is not None else "a number"
    return {
        "date": "a date such as 2025-06-30 or 30.06.2025 (another form: options.date_format)",
        "flag": "true or false",
    }.get(field.type, "a value")
