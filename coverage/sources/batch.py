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
from coverage.inputs import SourceFacts, SourceReport, SourceSpec
from coverage.sources.raw import RawTable
from coverage.sources.tally import Positions, Tally

Mask = npt.NDArray[np.bool_]
Values = pd.Series | Callable[[Mask], Iterable[object]]


class NothingLeftError(DataError):
    """Report a source of which no row is usable, with the batch that says why."""

    def __init__(self, message: str, batch: Batch) -> None:
        super().__init__(message)
        self.batch = batch


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
        self.left_out = raw.left_out
        self.facts = SourceFacts()
        self.tell_unused = True  # whether columns that nothing uses are told
        self.named: dict[str, str] = {}  # our column = the file's, as mapped
        self._tally = Tally(spec.id)
        self._tally.add_frame(raw.rejected, raw.unlisted)
        self._read = len(raw.frame) + self._tally.count + raw.left_out

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
        at = np.flatnonzero(bad)
        many = [reason] if isinstance(reason, str) else pd.unique(np.asarray(reason, dtype=object)[bad])
        for one in many:
            mine = at if isinstance(reason, str) else at[np.asarray(reason, dtype=object)[bad] == one]
            rows = self.frame.index[mine]
            self._tally.add(rows, field=field, reason=str(one), values=_chosen(values, mine, len(bad)))
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
        if self.left_out and not self._tally.count:
            why = "; ".join(self.notes)
            raise NothingLeftError(f"{self.spec.name}: none of {self._read:,} rows is in the study ({why})", self)
        field, reason, _ = max(self._tally.reasons, key=lambda item: item[2])
        name, count = self.spec.name, self._tally.count
        if field:
            text = f"{name}: all {count:,} rows were rejected ({field}: {reason}); expected usable rows"
        else:
            text = f"{name}: all {count:,} rows were rejected ({reason}); expected usable rows"
        raise NothingLeftError(text, self)

    @property
    def rows_rejected(self) -> int:
        """Return how many rows were rejected so far, listed or not."""
        return self._tally.count

    @property
    def reasons(self) -> tuple[tuple[str, str, int], ...]:
        """Return (field, reason, rows rejected for it) in the order in which they came up."""
        return self._tally.reasons

    @property
    def rejected(self) -> pd.DataFrame:
        """Return the rejected rows (schemas.REJECTED_COLUMNS) in the order of the file; of very many, examples."""
        return self._tally.table()

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
            rows_rejected=self._tally.count,
            geometries_repaired=self.repaired,
            crs_found=self.crs_found,
            rows_left_out=self.left_out,
            notes=tuple(self.notes),
            facts=self.facts,
            reasons=self._tally.reasons,
        )


def _chosen(values: Values, mine: Positions, length: int) -> Callable[[Positions], Iterable[object]]:
    """Return a function from positions among the rejected rows to their values."""

    def pick(at: Positions) -> Iterable[object]:
        if not callable(values):
            return list(values.iloc[mine[at]])
        mask = np.zeros(length, dtype=bool)
        mask[mine[at]] = True
        return values(mask)

    return pick


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
