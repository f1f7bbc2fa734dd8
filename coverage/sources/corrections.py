"""A municipality's corrections to schemas.CORRECTIONS."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from coverage import schemas
from coverage.inputs import SourceSpec
from coverage.sources import open_batch
from coverage.sources.area import StudyArea
from coverage.sources.batch import Batch
from coverage.sources.mapping import map_fields
from coverage.sources.roles import ROLES


def read_corrections(spec: SourceSpec, *, area: StudyArea, places: pd.DataFrame) -> tuple[Batch, pd.DataFrame]:
    """Read one file of corrections (schemas.CORRECTIONS)."""
    batch, defaults = open_batch(spec)
    map_fields(batch, ROLES["corrections"].fields, defaults=defaults)
    batch.frame = batch.frame.assign(
        source=pd.Series(spec.id, index=batch.frame.index, dtype="str"),
        source_row=batch.frame.index.to_numpy(dtype="int64"),
    )
    return batch, schemas.check(batch.frame.reset_index(drop=True), schemas.CORRECTIONS, where=spec.name)


def one_table(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the corrections of all files in their order."""
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
