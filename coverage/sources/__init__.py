"""Other people's files to our frames: one module per format or supplier.

A *reader* turns one file into a `RawTable` (rows as they stand in the file). `READERS` names them; study.toml
picks one by `format`, else the kind of the source decides. What the rows mean (roles) is not theirs to know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.batch import Batch
from coverage.sources.brreg import UNIT_COLUMNS, read_units_by_municipality
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
from coverage.sources.nkom_lists import LIST_COLUMNS, LIST_CONSTANTS, read_lacking
from coverage.sources.ookla import (
    PLACE_COLUMNS,
    TILE_COLUMNS,
    TILE_CONSTANTS,
    TILE_OPTIONS,
    read_tile_area,
    read_tile_places,
)
from coverage.sources.osm import read_osm_roads
from coverage.sources.parquet import SUFFIX as PARQUET_SUFFIX
from coverage.sources.parquet import read_parquet, read_rows
from coverage.sources.positions import POSTCODE_OPTIONS
from coverage.sources.raw import RawTable
from coverage.sources.ssb import GRID_COLUMNS, read_ssb_grid
from coverage.sources.ssb_network import NETWORK_COLUMNS, read_dense_cells
from coverage.sources.table import TABLE_READER_OPTIONS, read_table
from coverage.sources.vector import VECTOR_READER_OPTIONS, read_vector


@dataclass(frozen=True)
class Reader:
    """Name one way to read a file.

    `read` raises DataError or CrsError where the whole file is unusable. `columns` is the mapping (our column
    = their column) that holds where study.toml does not say otherwise; `options` are the option names it knows,
    `files` those of them that name more files, relative to the folder of the source's own, `parameters` those whose
    value may be the name of a study parameter. `constants`, `values` and `defaults` (of options) hold like `columns`,
    for sources of the `roles` (empty: of any).
    """

    read: Callable[[SourceSpec], RawTable]
    kind: str = "table"
    columns: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


GRID_OPTIONS: Final = ("municipalities", "municipality_column", "municipality_within_m")

# The FCC's availability data per location: max_advertised_…, codes of technology, and a flag for a round trip of at
# most 100 ms, which is read as that bound (101: above it).
FCC_COLUMNS: Final = {
    "provider": "brand_name", "technology": "technology", "down_mbps": "max_advertised_download_speed",
    "up_mbps": "max_advertised_upload_speed", "latency_ms": "low_latency", "h3": "h3_res8_id",
    "place_id": "location_id",
}  # fmt: skip
FCC_LATENCY: Final = {"1": 100, "0": 101}
# Nkom's address-level coverage: offers in kbit/s (fbb), and the addresses they are for (adr).
NKOM_OFFER_COLUMNS: Final = {
    "place_id": "adrid", "provider": "tilb", "technology": "tek", "down_mbps": "ned", "up_mbps": "opp",
    "connected": "hc",
}  # fmt: skip
NKOM_MOBILE_COLUMNS: Final = {"place_id": "adrid", "down_mbps": "ned"}

READERS: Final[Mapping[str, Reader]] = {
    "csv": Reader(read_table, options=(*TABLE_READER_OPTIONS, *POSTCODE_OPTIONS), files=("postcodes",)),
    "parquet": Reader(read_parquet),
    "fcc_availability": Reader(
        read_table,
        columns=FCC_COLUMNS,
        values={"latency_ms": FCC_LATENCY},
        defaults={"technology_codes": "fcc"},
        roles=("offers",),
    ),
    "nkom_fbb": Reader(
        read_rows,
        columns=NKOM_OFFER_COLUMNS,
        defaults={"shape": "place", "speed_unit": "kbps", "technology_codes": "nkom"},
        roles=("offers",),
    ),
    "nkom_mob": Reader(
        read_rows,
        columns=NKOM_MOBILE_COLUMNS,
        defaults={"shape": "place", "speed_unit": "kbps"},
        roles=("mobile",),
    ),
    "nkom_lacking": Reader(
        read_lacking,
        columns=LIST_COLUMNS,
        constants=LIST_CONSTANTS,
        defaults={"shape": "place"},
        options=("lacking_mbps", "slower_list", "slower_mbps", "id_column"),
        files=("slower_list",),
        roles=("offers", "premises"),
    ),
    "osm": Reader(read_osm_roads, kind="vector", options=("highways",), roles=("roads",)),
    "ookla": Reader(
        read_vector,
        kind="vector",
        columns=TILE_COLUMNS,
        constants=TILE_CONSTANTS,
        defaults=TILE_OPTIONS,
        roles=("offers",),
    ),
    "ookla_table": Reader(
        read_rows,
        columns=TILE_COLUMNS,
        constants=TILE_CONSTANTS,
        defaults=TILE_OPTIONS,
        roles=("offers",),
    ),
    "ookla_area": Reader(
        read_tile_area,
        kind="vector",
        columns={"municipality_code": "code"},
        options=("area_code", "area_name"),
        roles=("municipalities",),
    ),
    "ookla_places": Reader(read_tile_places, kind="vector", columns=PLACE_COLUMNS, roles=("premises",)),
    "brreg_municipal": Reader(
        read_units_by_municipality,
        columns=UNIT_COLUMNS,
        options=(*GRID_OPTIONS, "municipality_name", "cells", "sizes", "sizes_year", "withheld_headcount"),
        files=("municipalities", "cells", "sizes"),
        parameters=("withheld_headcount",),
        roles=("premises",),
    ),
    "vector": Reader(read_vector, kind="vector", options=VECTOR_READER_OPTIONS),
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
    name = spec.format or spec.kind
    if name == "table":
        name = "parquet" if spec.path.suffix.lower() == PARQUET_SUFFIX else "csv"
    if name not in READERS or READERS[name].kind != spec.kind:
        known = ", ".join(sorted(key for key, reader in READERS.items() if reader.kind == spec.kind))
        raise DataError(f"study.toml: source {spec.id!r} has format {name!r}; expected one of {known}")
    reader = READERS[name]
    if reader.roles and spec.role not in reader.roles:
        raise DataError(
            f"study.toml: source {spec.id!r}: format {name!r} is for {' or '.join(reader.roles)}, not for {spec.role}"
        )
    return reader


# Readers that give a file's own columns, so that one which nothing uses is worth telling.
PLAIN: Final = (read_table, read_vector, read_parquet, read_rows)


def open_batch(spec: SourceSpec) -> tuple[Batch, Mapping[str, str]]:
    """Read a source, keep the rows that study.toml asks for, and return them with the mapping of format and file."""
    reader = reader_of(spec)
    raw = reader.read(spec)
    batch = Batch(spec, raw)
    batch.tell_unused = reader.read in PLAIN
    keep_wanted(batch)
    batch.require_rows()
    return batch, {**reader.columns, **raw.columns}
