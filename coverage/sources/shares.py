"""Shares: published coverage per municipality, matched by code or by name."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pandas as pd

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources import open_batch
from coverage.sources.area import StudyArea
from coverage.sources.batch import Batch
from coverage.sources.mapping import fill_codes, map_fields, source_column
from coverage.sources.matching import match_names
from coverage.sources.roles import Field

_FIXED: Final = re.compile(r"fixed_(\d+)")
# A share with at least 100 Mbit/s cannot exceed the one with at least 30, but published figures are rounded.
ROUNDING: Final = 0.005


def read_shares(spec: SourceSpec, *, area: StudyArea) -> Batch:
    """Read one table of shares 0..1: `municipality_code`, and `fixed_<mbps>` and `mobile` as the source has them.

    Option `unit` = "percent" divides by 100. Rows of other municipalities are left out; two rows that match one
    municipality are both rejected. Raises DataError where there is nothing to match by, or no share.
    """
    batch, defaults = open_batch(spec)
    names = {*spec.columns, *defaults, *(str(column) for column in batch.frame.columns)}
    speeds = sorted((name for name in names if _FIXED.fullmatch(name)), key=lambda name: int(name.split("_")[1]))
    wanted = [name for name in (*speeds, "mobile") if source_column(batch, name, defaults) is not None]
    if not wanted:
        raise DataError(f"{spec.name}: no share; expected columns for fixed_<mbps> (such as fixed_100) or mobile")
    by = next((n for n in ("municipality_code", "name") if source_column(batch, n, defaults) is not None), None)
    if by is None:
        raise DataError(f"{spec.name}: no column for 'municipality_code' or 'name'; expected one of them in study.toml")
    scale = 100.0 if spec.options.get("unit") == "percent" else 1.0
    fields = [Field(name, "number", low=0.0, high=scale) for name in wanted]
    map_fields(batch, [Field(by, required=True), *fields], defaults=defaults)
    _match(batch, by, area)
    batch.frame = batch.frame.assign(**{name: batch.frame[name] / scale for name in wanted})
    fixed = batch.frame[[name for name in wanted if name != "mobile"]]
    rising = np.asarray((np.diff(fixed.ffill(axis=1).to_numpy(), axis=1) > ROUNDING).any(axis=1))
    batch.reject(
        rising,
        field=" ".join(fixed.columns),
        values=lambda bad: [" ".join(f"{share:g}" for share in row) for row in fixed[bad].to_numpy()],
        reason="the share rises with the speed; expected no more homes with a higher speed",
    )
    batch.require_rows()
    return batch


def merge_shares(batches: list[Batch], area: StudyArea) -> tuple[pd.DataFrame | None, list[str]]:
    """Return one row per municipality that has a share, in the order of codes, and warnings about the rest.

    Where two sources give the same share of the same municipality, the earlier one counts.
    """
    if not batches:
        return None, []
    whole: pd.DataFrame = batches[0].frame.set_index("municipality_code")
    for batch in batches[1:]:
        whole = whole.combine_first(batch.frame.set_index("municipality_code"))
    speeds = sorted((n for n in whole.columns if n != "mobile"), key=lambda name: int(name.split("_")[1]))
    ordered = whole[[*speeds, *(n for n in ("mobile",) if n in whole)]].sort_index()
    codes = area.municipalities["municipality_code"]
    bare = codes[~codes.isin(ordered.index)].tolist()
    warnings = [f"shares: no share for {len(bare)} municipalities: {', '.join(bare)}"] if bare else []
    return ordered.reset_index(), warnings


def _match(batch: Batch, by: str, area: StudyArea) -> None:
    municipalities = area.municipalities
    if by == "name":
        codes = match_names(batch.frame["name"], municipalities)
    else:
        codes = fill_codes(batch.frame["municipality_code"], batch.spec)
        codes = codes.where(codes.isin(municipalities["municipality_code"]))
    shown = batch.frame[by]
    batch.leave_out(codes.isna().to_numpy(), why="of a municipality that is not in the study")
    shown, codes = shown[codes.notna()], codes[codes.notna()]
    batch.frame = batch.frame.drop(columns=by).assign(municipality_code=codes)
    twice = codes.duplicated(keep=False).to_numpy()
    field = batch.spec.columns.get(by, by)
    batch.reject(twice, field=field, values=shown, reason="several rows match one municipality; expected one")
