"""Classes of speed and signal: columns that say yes or no per speed, and numbers that stand for a mobile level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage import schemas
from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.batch import Batch
from coverage.sources.mapping import FALSE_WORDS, TRUE_WORDS, as_text
from coverage.sources.names import nearest

LEAST_MBPS: Final = 0.001  # the least that a speed is told in: a class ends by so much below the next

# What is sold to homes and firms ends below the first (50 Gbit/s), and no whole file of offers below the second.
FASTEST_MBPS: Final = 50_000.0
SLOWEST_MBPS: Final = 3.0


def read_flags(batch: Batch) -> None:
    """Turn yes-or-no columns, one per speed (option `reaches`: column = Mbit/s), into a class of download speed.

    `down_mbps` is the highest speed that the row reaches (0: none), `down_max_mbps` ends just below the next one, or is
    equal where no higher speed is asked about. A word that is neither yes nor no, and a row that reaches a speed but
    not a lower one, are rejected. Raises DataError for a column that the file does not have.
    """
    columns = speeds_by_column(batch.spec)
    if not columns:
        return
    theirs = [str(name) for name in batch.frame.columns if name != "geometry"]
    for column in columns:
        if column not in batch.frame:
            raise DataError(f"{batch.spec.name}: no column {column!r} for option reaches; {nearest(column, theirs)}")
    for column in columns:
        word = as_text(batch.frame[column])
        strange = ~word.str.lower().isin((*TRUE_WORDS, *FALSE_WORDS)).to_numpy(dtype=bool)
        batch.reject(strange, field=column, values=word, reason="expected true or false")
    flags = np.column_stack([as_text(batch.frame[c]).str.lower().isin(TRUE_WORDS).to_numpy() for c in columns])
    torn = np.asarray((np.diff(flags.astype(int), axis=1) > 0).any(axis=1))
    shown = pd.Series([" ".join("yes" if one else "no" for one in row) for row in flags], index=batch.frame.index)
    reason = "reaches a speed but not a lower one; expected yes up to one speed and no from there"
    batch.reject(torn, field=" ".join(columns), values=shown, reason=reason)
    reached = flags[~torn].sum(axis=1)
    edges = np.array([0.0, *columns.values()])
    ends = np.append(edges[1:] - LEAST_MBPS, edges[-1])
    batch.frame = batch.frame.assign(down_mbps=edges[reached], down_max_mbps=ends[reached])


def doubt_unit(batch: Batch, down: pd.Series | npt.NDArray[np.float64]) -> None:
    """Warn where download speeds in Mbit/s are such that the unit of the file seems to be another than is said."""
    fastest = float(np.nanmax(np.asarray(down, dtype=float), initial=0.0))
    kbps = batch.spec.options.get("speed_unit") == "kbps"
    if fastest > FASTEST_MBPS:
        batch.warnings.append(
            f"{batch.spec.id}: the fastest download is {fastest:,.0f} Mbit/s, which nobody sells; if the file has "
            'kbit/s, say options.speed_unit = "kbps"'
        )
    elif kbps and 0 < fastest < SLOWEST_MBPS:
        batch.warnings.append(
            f"{batch.spec.id}: the fastest download is {fastest:g} Mbit/s if the file has kbit/s, as "
            "options.speed_unit says; it looks like Mbit/s"
        )


def speeds_by_column(spec: SourceSpec) -> dict[str, float]:
    """Return the columns of option `reaches` with their Mbit/s, slowest first. Raises DataError for a wrong speed."""
    return _rising(spec, "reaches", "Mbit/s above 0", low=0.0)


def name_levels(batch: Batch) -> None:
    """Fill in `level` from the one number that the source has instead: `signal_dbm` or `down_mbps`.

    Option `levels` says from which number on each level holds; below the first it is none. Raises DataError where
    the source has neither a level nor a number with thresholds, or more than one of them.
    """
    spec, frame = batch.spec, batch.frame
    have = [name for name in ("level", "signal_dbm", "down_mbps") if frame[name].notna().any()]
    if len(have) != 1:
        raise DataError(
            f"{spec.name}: {' and '.join(have) or 'nothing'} says how good the coverage is; expected one of level, "
            "signal_dbm or down_mbps, mapped in study.toml"
        )
    if have == ["level"]:
        empty = frame["level"].isna().to_numpy()
        levels = ", ".join(schemas.MOBILE_LEVELS)
        field, reason = batch.named.get("level", "level"), f"is empty; expected one of {levels}"
        batch.reject(empty, field=field, values=frame["level"], reason=reason)
        batch.frame = batch.frame.drop(columns=["signal_dbm", "down_mbps"])
        return
    bounds = _rising(spec, "levels", "dBm or Mbit/s that rise from level to level", low=None)
    unknown = [name for name in bounds if name not in schemas.MOBILE_LEVELS[1:]]
    order = [name for name in schemas.MOBILE_LEVELS if name in bounds]
    if not bounds or unknown or order != list(bounds):
        raise DataError(
            f"study.toml: source {spec.id!r}: option levels is {spec.options.get('levels')!r}; expected from which "
            f"{have[0]} on each of {', '.join(schemas.MOBILE_LEVELS[1:])} holds, each more than the one before"
        )
    empty = frame[have[0]].isna().to_numpy()
    field = batch.named.get(have[0], have[0])
    batch.reject(empty, field=field, values=frame[have[0]], reason="is empty; expected a number")
    if have == ["signal_dbm"]:
        signal = batch.frame["signal_dbm"]
        batch.reject((signal >= 0).to_numpy(), field=field, values=signal, reason="expected a signal in dBm, below 0")
    number = batch.frame[have[0]].to_numpy(dtype=float)
    if have[0] == "down_mbps" and spec.options.get("speed_unit") == "kbps":
        number = number / 1000.0
    if have[0] == "down_mbps":
        doubt_unit(batch, number)
    step = np.searchsorted(list(bounds.values()), number, side="right")
    words = np.array(["none", *bounds], dtype=object)[step]
    level = pd.Series(words, index=batch.frame.index, dtype="str")
    batch.frame = batch.frame.drop(columns=["signal_dbm", "down_mbps"]).assign(level=level)
    said = ", ".join(f"{name} from {bound:g}" for name, bound in bounds.items())
    batch.notes.append(f"level by {have[0]}: {said}")


def _rising(spec: SourceSpec, option: str, what: str, *, low: float | None) -> dict[str, float]:
    table: Mapping[str, Any] = spec.options.get(option, {})
    for name, value in table.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or (low is not None and not value > low):
            raise DataError(f"study.toml: source {spec.id!r}: {option}.{name} is {value!r}; expected {what}")
    found = sorted(((str(name), float(value)) for name, value in table.items()), key=lambda item: item[1])
    if len({value for _, value in found}) < len(found):
        raise DataError(f"study.toml: source {spec.id!r}: {option} says one number twice; expected {what}")
    return dict(found)
