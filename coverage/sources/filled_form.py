"""The address form that a municipality has filled in: known by its hidden sheet, read without a mapping by hand.

The hidden sheet (coverage/form.py) begins with its name and version. Each row below it is one of: `crs`, the form's
coordinate system; `office`, who speaks where nobody is named; `column`, our name and the form's label; `word`, our
column, our value and the form's word. A list as CSV has our names and words, and says its `crs` in every row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj

from coverage.crs import GEOGRAPHIC_CRS, parse_crs
from coverage.errors import DataError
from coverage.form import FILLED, MISSING, PLACE, POSITION, SHEET, VERSION
from coverage.inputs import SourceSpec
from coverage.sources.mapping import as_number, as_text
from coverage.sources.raw import NoRowsError, RawTable, rejections

READ: Final = (*PLACE, *FILLED)  # what corrections are made of
NEEDED: Final = ("place_id", "correction", "comment")  # without these labels a row of a sheet is no header
IN_CSV: Final = frozenset((*READ, *POSITION, "crs"))
HEADER_WITHIN: Final = 20  # rows of a sheet
MOST_SAID: Final = 1_000  # rows of the hidden sheet
ESCAPED: Final = ("'=", "'+", "'-", "'@")  # a list as CSV sets an apostrophe before what a spreadsheet could run

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Form:
    """Hold what a form says of itself: ours = its label, and per column of ours its word (case folded) = our value."""

    crs: str
    office: str
    columns: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]
    sheet: str = ""
    header_row: int = 1


def form_of_book(book: Any, spec: SourceSpec) -> Form | None:
    """Return the form that a workbook is, with the sheet and the row of its header; None where it is none.

    Raises DataError for a form of another version, or one whose header is gone.
    """
    sheets = {sheet.title: sheet for sheet in book.worksheets if hasattr(sheet, "iter_rows")}
    hidden = sheets.pop(SHEET, None)
    if hidden is None:
        return None
    said = [[_said(value) for value in row] for row in _first(hidden, MOST_SAID)]
    head = (said[0] if said else [])[:2]
    if head != [SHEET, VERSION]:
        version = head[1] if head[:1] == [SHEET] and len(head) > 1 else "unknown"
        raise DataError(
            f"{spec.name}: an address form of version {version}; expected version {VERSION}, as "
            "`report addresses` writes it"
        )
    form = _form([(*row, "", "", "", "")[:4] for row in said[1:]])
    needed = {form.columns.get(name, "") for name in NEEDED} - {""}
    for title, sheet in sheets.items():
        for number, row in enumerate(_first(sheet, HEADER_WITHIN), start=1):
            if len(needed) == len(NEEDED) and needed <= {_said(value) for value in row}:
                return replace(form, sheet=title, header_row=number)
    labels = ", ".join(form.columns.get(name, name) for name in NEEDED)
    raise DataError(f"{spec.name}: the address form has lost its header; expected a row with the columns {labels}")


def form_of_list(frame: pd.DataFrame, spec: SourceSpec) -> Form | None:
    """Return the form that a list as CSV is, None where it is none. Raises DataError where its rows differ in CRS."""
    if not set(frame.columns) >= IN_CSV:
        return None
    stated = as_text(frame["crs"]).dropna().unique()
    if len(stated) != 1:
        raise DataError(f"{spec.name}: the column crs has {len(stated)} values; expected one coordinate system")
    return Form(crs=str(stated[0]), office="", columns={name: name for name in (*READ, *POSITION)}, words={})


def filled_rows(raw: RawTable, form: Form, spec: SourceSpec) -> RawTable:
    """Return the rows of a form in which something was filled in, with our words, and what the form says of itself.

    A row without a place id is a missing address and stands at its own coordinates; of other rows these say nothing.
    Where no office is named, the form's stands in. A row that says what is right but not what is wrong is rejected, and
    so is a missing address that stands nowhere. Raises NoRowsError where nothing was filled in.
    """
    frame = pd.DataFrame({name: _column(raw.frame, label) for name, label in form.columns.items()})
    missing = frame["place_id"].isna()
    # Beneath the list the correction and the municipality stand there already, and who and when alone says nothing.
    told = frame[[name for name in FILLED if name not in ("office", "date")]].notna()
    own = frame[["address", "name", *POSITION]].notna().any(axis=1) | told.drop(columns="correction").any(axis=1)
    touched = np.asarray(own.where(missing, told.any(axis=1)), dtype=bool)
    if not touched.any():
        raise NoRowsError(f"{spec.name}: nothing is filled in the address form; expected at least one correction")
    frame, missing = frame[touched], missing[touched]
    for name, words in form.words.items():
        if name in frame:
            known = frame[name].str.casefold()
            frame[name] = frame[name].mask(known.isin(list(words)), known.map(words)).astype("str")
    frame["correction"] = frame["correction"].mask(missing & frame["correction"].isna(), MISSING)
    if form.office:
        offices = frame["municipality"].map(
            lambda town: form.office.replace("{municipality}", town), na_action="ignore"
        )
        frame["office"] = frame["office"].fillna(offices).astype("str")
    points, reasons = _positions(frame, missing, form, raw.decimal)
    position = " ".join(form.columns[name] for name in POSITION)
    unsaid = frame["correction"].isna()
    lost = [
        _rejected(frame["comment"], unsaid, spec, form.columns["correction"],
                  "is empty; expected what is wrong, since the row says something"),
        *(
            _rejected(frame["address"], (reasons == reason) & ~unsaid, spec, position, reason)
            for reason in reasons.unique() if reason
        ),
    ]  # fmt: skip
    kept = ~unsaid & (reasons == "")
    whole: pd.DataFrame = frame.loc[kept, list(READ)].rename(columns=form.columns)
    if points[kept].notna().any():
        whole = gpd.GeoDataFrame(whole, geometry=points[kept].to_numpy(), crs=form.crs)
    left = int((~touched).sum())
    return replace(
        raw,
        frame=whole,
        rejected=pd.concat([raw.rejected, *lost], ignore_index=True),
        left_out=raw.left_out + left,
        notes=(*raw.notes, f"{left:,} rows left out: nothing is filled in") if left else raw.notes,
        columns={name: form.columns[name] for name in READ},
    )


def _form(rows: list[tuple[str, ...]]) -> Form:
    columns = {ours: theirs for what, _, ours, theirs in rows if what == "column"}
    words: dict[str, dict[str, str]] = {}
    for what, name, ours, theirs in rows:
        if what == "word":
            words.setdefault(name, {})[theirs.casefold()] = ours
    single = {what: ours for what, _, ours, _ in rows if what in ("crs", "office")}
    names = (*READ, *POSITION)
    return Form(
        crs=single.get("crs", ""),
        office=single.get("office", ""),
        columns={name: columns.get(name, name) for name in names},
        words=words,
    )


def _first(sheet: Any, most: int) -> Iterator[tuple[Any, ...]]:
    sheet.reset_dimensions()
    return islice(sheet.iter_rows(values_only=True), most)


def _said(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _column(frame: pd.DataFrame, label: str) -> pd.Series:
    """Return a column as text; where the form has lost it, an empty one."""
    if label not in frame:
        return pd.Series(None, index=frame.index, dtype="str")
    text = as_text(frame[label])
    return text.mask(text.str.startswith(ESCAPED).fillna(False), text.str[1:]).astype("str")


def _positions(frame: pd.DataFrame, missing: pd.Series, form: Form, decimal: str) -> tuple[pd.Series, pd.Series]:
    """Return the points of missing addresses in the form's CRS (None elsewhere), and what is wrong with a position."""
    points = pd.Series(None, index=frame.index, dtype=object)
    reasons = pd.Series("", index=frame.index, dtype=object)
    number = {name: as_number(frame[name], decimal=decimal) for name in POSITION}
    for pair in (POSITION[2:], POSITION[:2]):  # metres win over degrees
        first, second = (number[name] for name in pair)
        written = frame[list(pair)].notna()
        reasons[missing & written.any(axis=1) & ~(first.notna() & second.notna())] = (
            "is half a position, or no number; expected both coordinates"
        )
        good = missing & first.notna() & second.notna()
        if good.any():
            x, y = first[good].to_numpy(), second[good].to_numpy()
            crs = parse_crs(form.crs, where=f"{SHEET}: crs")
            if pair[0] == "lon":
                x, y = pyproj.Transformer.from_crs(GEOGRAPHIC_CRS, crs, always_xy=True).transform(x, y)
            points[good] = np.asarray(gpd.points_from_xy(x, y), dtype=object)
    nowhere = missing & (frame["correction"] == MISSING) & points.isna() & (reasons == "")
    reasons[nowhere] = "is empty; missing_address needs the position of what is missing"
    return points, reasons


def _rejected(values: pd.Series, bad: pd.Series, spec: SourceSpec, field: str, reason: str) -> pd.DataFrame:
    return rejections(spec.id, rows=values.index[bad], field=field, values=values[bad], reason=reason)
