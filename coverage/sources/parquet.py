"""Parquet tables without geometry, as suppliers of address-level data give them."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.archive import local_file
from coverage.sources.limits import brief
from coverage.sources.raw import RawTable
from coverage.sources.table import read_table
from coverage.sources.vector import check_parquet

SUFFIX = ".parquet"


def read_rows(spec: SourceSpec) -> RawTable:
    """Read a table, as Parquet or as text by the ending of its name."""
    return read_parquet(spec) if spec.path.suffix.lower() == SUFFIX else read_table(spec)


def read_parquet(spec: SourceSpec) -> RawTable:
    """Read a Parquet file as a table with its own types. Raises DataError where it is missing, broken or empty."""
    with local_file(spec) as path:
        try:
            check_parquet(path, spec)
            table = pq.read_table(path)
            table.validate(full=True)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DataError(f"{spec.name}: not readable as Parquet ({brief(error)}); expected a whole file") from error
    frame = pd.DataFrame(table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype()}.get))
    if frame.empty:
        raise DataError(f"{spec.name}: the file has no rows; expected at least one")
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return RawTable(frame)
