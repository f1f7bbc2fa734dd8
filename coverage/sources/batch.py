"""The rows of one source on their way through mapping and checks, with a memory of what was rejected and why."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.errors import DataError
from coverage.inputs import SourceReport, SourceSpec
from coverage.sources.raw import RawTable, rejections

Mask = npt.NDArray[np.bool_]
Values = pd.Series | Callable[[Mask], Iterable[object]]


class Batch:
    """Carry one source's rows. `frame` shrinks as rows are rejected or left out; its index is their row number.

    Every data row ends in exactly one place: in `frame`, among the rejected, or counted in `left_out`.
    """

    def __init__(self, spec: SourceSpec, raw: RawTable) -> None:
        self.spec = spec
        self.frame = raw.frame
        self.decimal = raw.decimal
        self.crs_found = raw.crs_found
        self.position = "geometry"  # the field that a rejected position is reported under
        self.notes = list(raw.notes)
        self.warnings = [f"{spec.id}: {text}" for text in raw.warnings]
        self.repaired = 0
        self.left_out = 0
        self._read = len(raw.frame) + len(raw.rejected)
        self._rejected = [raw.rejected]

    @property
    def geo(self) -> gpd.GeoDataFrame:
        """Return the frame of a source that has geometry."""
        if not isinstance(self.frame, gpd.GeoDataFrame):
            raise TypeError(f"source {self.spec.id} has no geometry")
        return self.frame

    def reject(self, bad: Mask, *, field: str, values: Values, reason: object) -> None:
        """Move rows to the rejected; `values` and a many-valued `reason` are aligned with all rows.

        `values` may be a function of `bad` that returns the values of the bad rows alone.
        """
        if not bad.any():
            return
        chosen = values(bad) if callable(values) else values[bad].to_numpy()
        reasons = reason if isinstance(reason, str) else np.asarray(reason, dtype=object)[bad]
        part = rejections(self.spec.id, rows=self.frame.index[bad], field=field, values=chosen, reason=reasons)
        self._rejected.append(part)
        self.frame = self.frame[~bad]

    def leave_out(self, unwanted: Mask, *, why: str) -> None:
        """Set rows aside that the study does not ask for: neither used nor rejected, but counted."""
        count = int(unwanted.sum())
        if count:
            self.left_out += count
            self.notes.append(f"{count:,} rows left out: {why}")
            self.frame = self.frame[~unwanted]

    def require_rows(self) -> None:
        """Raise DataError where nothing usable is left, with the most frequent reason."""
        if len(self.frame):
            return
        if self.left_out and not len(self.rejected):
            raise DataError(f"{self.spec.name}: none of {self._read:,} rows is in the study ({'; '.join(self.notes)})")
        first = self.rejected.groupby(["field", "reason"], sort=False).size().sort_values(kind="stable").index[-1]
        where = f"{first[0]}: " if first[0] else ""
        raise DataError(
            f"{self.spec.name}: all {len(self.rejected):,} rows were rejected ({where}{first[1]}); expected usable rows"
        )

    @property
    def rejected(self) -> pd.DataFrame:
        """Return the rejected rows (schemas.REJECTED_COLUMNS) in the order of the file."""
        return pd.concat(self._rejected, ignore_index=True).sort_values("row", kind="stable", ignore_index=True)

    def report(self) -> SourceReport:
        """Say what became of the source."""
        spec = self.spec
        return SourceReport(
            source=spec.id,
            role=spec.role,
            path=spec.name,
            sha256=digest(spec.path),
            supplier=spec.supplier,
            licence=spec.licence,
            as_of=spec.as_of,
            data_status=spec.data_status,
            rows_read=self._read,
            rows_rejected=len(self.rejected),
            geometries_repaired=self.repaired,
            crs_found=self.crs_found,
            rows_left_out=self.left_out,
            notes=tuple(self.notes),
        )


def digest(path: Path) -> str:
    """Return the SHA-256 of a source: of the file, or of all files that belong to a shapefile or a folder."""
    if path.is_dir():
        files = sorted(item for item in path.rglob("*") if item.is_file())
    elif path.suffix.lower() == ".shp":
        files = sorted(item for item in path.parent.glob(f"{path.stem}.*") if item.is_file())
    else:
        files = [path]
    whole = hashlib.sha256()
    for item in files:
        with item.open("rb") as file:
            one = hashlib.file_digest(file, "sha256")
        if len(files) == 1:
            return one.hexdigest()
        whole.update(f"{item.relative_to(path.parent).as_posix()} {one.hexdigest()}\n".encode())
    return whole.hexdigest()
