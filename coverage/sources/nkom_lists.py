"""Nkom's lists of addresses that lack a speed: two lists become one row per address with the class of what it has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.classes import LEAST_MBPS
from coverage.sources.names import nearest
from coverage.sources.raw import RawTable
from coverage.sources.table import read_table

ID: Final = "adresseid"
LIST_COLUMNS: Final = {"place_id": ID}
# A list says how fast service is at most, and names neither provider nor technology.
LIST_CONSTANTS: Final = {"provider": "a provider not named", "technology": "other", "up_mbps": 0.0}


def read_lacking(spec: SourceSpec) -> RawTable:
    """Read a list of addresses that lack `lacking_mbps` (100), and another, `slower_list`, of those that lack less.

    The second list lies beside the first and is of those that lack `slower_mbps` (30). `down_mbps` and `down_max_mbps`
    are the ends of the class that an address is left with: on the slower list from 0 to just below 30, else from 30
    (without a slower list from 0) to just below 100. Option `id_column` is the column that names an address in both
    lists (adresseid). An address that is on the slower list alone is added from there, and counted in a warning.
    Raises DataError where a list has no such column, or the speeds do not rise.
    """
    fast, slow = float(spec.options.get("lacking_mbps", 100)), float(spec.options.get("slower_mbps", 30))
    if not fast > slow > 0:
        raise DataError(
            f"study.toml: source {spec.id!r}: slower_mbps is {slow:g} and lacking_mbps {fast:g}; expected 0 < slower"
        )
    raw = read_table(spec)
    key = str(spec.options.get("id_column", ID))
    ids = _ids(raw, key, spec)
    file = spec.options.get("slower_list")
    if file is None:
        frame = raw.frame.assign(down_mbps=0.0, down_max_mbps=fast - LEAST_MBPS)
        return replace(raw, frame=frame, notes=(*raw.notes, f"every address lacks {fast:g} Mbit/s"))
    written = (Path(spec.file or spec.path.name).parent / str(file)).as_posix()
    other_spec = replace(spec, path=spec.path.parent / str(file), file=written)
    other = read_table(other_spec)
    theirs = _ids(other, key, other_spec)
    slower = ids.isin(theirs.dropna()).to_numpy()
    extra = other.frame[~theirs.isin(ids).to_numpy() & theirs.notna().to_numpy()]
    frame = raw.frame.assign(
        down_mbps=np.where(slower, 0.0, slow), down_max_mbps=np.where(slower, slow, fast) - LEAST_MBPS
    )
    warnings: tuple[str, ...] = ()
    if len(extra):
        # Their rows are numbered on from the end of the first list.
        more = extra.assign(down_mbps=0.0, down_max_mbps=slow - LEAST_MBPS)
        more.index = pd.Index(np.arange(len(more)) + int(raw.frame.index.max()) + 1, name=raw.frame.index.name)
        frame = pd.concat([frame, more])
        warnings = (
            f"{len(extra):,} addresses lack {slow:g} Mbit/s by {file} but are not on the list of those that lack "
            f"{fast:g}; they are added, as rows after its last",
        )
    broken = len(other.rejected)
    if broken:
        warnings = (*warnings, f"{broken:,} broken rows of {file} are not used")
    note = f"{int(slower.sum()) + len(extra):,} addresses lack {slow:g} Mbit/s, {int((~slower).sum()):,} only {fast:g}"
    return replace(raw, frame=frame, notes=(*raw.notes, note), warnings=(*raw.warnings, *warnings))


def _ids(raw: RawTable, key: str, spec: SourceSpec) -> pd.Series:
    if key not in raw.frame:
        known = [str(name) for name in raw.frame.columns]
        raise DataError(f"{spec.name}: no column {key!r}; {nearest(key, known)}; name it with option id_column")
    return raw.frame[key].str.strip()
