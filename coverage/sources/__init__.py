"""Other people's files to our frames: one module per format or supplier.

A *reader* turns one file into a `RawTable` (rows as they stand in the file). `READERS` names them; study.toml
picks one by `format`, else the kind of the source decides. What the rows mean (roles) is not theirs to know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.batch import Batch
from coverage.sources.maine import (
    AREA_COLUMNS,
    EXCHANGE_COLUMNS,
    PREMISES_COLUMNS,
    read_exchanges,
    read_project_areas,
    read_road_premises,
)
from coverage.sources.mapping import keep_wanted
from coverage.sources.nkom import FIXED_COLUMNS, MOBILE_COLUMNS, read_nkom
from coverage.sources.raw import RawTable
from coverage.sources.ssb import GRID_COLUMNS, read_ssb_grid
from coverage.sources.ssb_network import NETWORK_COLUMNS, read_dense_cells
from coverage.sources.table import read_table
from coverage.sources.vector import read_vector


@dataclass(frozen=True)
class Reader:
    """Name one way to read a file.

    `read` raises DataError or CrsError where the whole file is unusable. `columns` is the mapping (our column
    = their column) that holds where study.toml does not say otherwise; `options` are the option names it knows,
    `files` those of them that name more files, relative to the folder of the source's own.
    """

    read: Callable[[SourceSpec], RawTable]
    kind: str = "table"
    columns: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


GRID_OPTIONS: Final = ("municipalities", "municipality_column", "municipality_within_m")

READERS: Final[Mapping[str, Reader]] = {
    "csv": Reader(read_table),
    "vector": Reader(read_vector, kind="vector"),
    "nkom_fixed": Reader(read_nkom, columns=FIXED_COLUMNS),
    "nkom_mobile": Reader(read_nkom, columns=MOBILE_COLUMNS),
    "ssb_grid": Reader(
        read_ssb_grid,
        columns=GRID_COLUMNS,
        options=GRID_OPTIONS,
        files=("municipalities",),
    ),
    "ssb_network": Reader(
        read_dense_cells,
        columns=NETWORK_COLUMNS,
        options=(*GRID_OPTIONS, "municipality_name", "shares", "share_column"),
        files=("municipalities", "shares"),
    ),
    "maine_areas": Reader(read_project_areas, kind="vector", columns=AREA_COLUMNS),
    "maine_exchanges": Reader(
        read_exchanges,
        kind="vector",
        columns=EXCHANGE_COLUMNS,
        options=("segments", "metric_crs"),
        files=("segments",),
    ),
    "maine_premises": Reader(
        read_road_premises,
        kind="vector",
        columns=PREMISES_COLUMNS,
        options=("segments", "metric_crs", "rule", "spacing_m"),
        files=("segments",),
    ),
}


def reader_of(spec: SourceSpec) -> Reader:
    """Return the reader of a source: by its `format`, else by its kind."""
    name = spec.format or ("csv" if spec.kind == "table" else spec.kind)
    if name not in READERS or READERS[name].kind != spec.kind:
        known = ", ".join(sorted(key for key, reader in READERS.items() if reader.kind == spec.kind))
        raise DataError(f"study.toml: source {spec.id!r} has format {name!r}; expected one of {known}")
    return READERS[name]


def open_batch(spec: SourceSpec) -> tuple[Batch, Mapping[str, str]]:
    """Read a source, keep the rows that study.toml asks for, and return them with the format's own mapping."""
    reader = reader_of(spec)
    batch = Batch(spec, reader.read(spec))
    keep_wanted(batch)
    batch.require_rows()
    return batch, reader.columns
