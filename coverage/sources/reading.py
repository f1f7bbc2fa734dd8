"""Reading the sources of a study one after the other: progress, rejected rows, reports, and what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coverage import schemas
from coverage.errors import DataError
from coverage.inputs import SourceReport, SourceSpec
from coverage.sources.batch import Batch, NothingLeftError
from coverage.sources.spread import count_municipalities

Progress = Callable[[str], None]
Read = TypeVar("Read")


class Reading:
    """Hold what the sources have given so far. A `tolerant` one goes on past a source that is unusable."""

    def __init__(self, specs: Sequence[SourceSpec], progress: Progress, *, tolerant: bool = False) -> None:
        self.specs = specs
        self.progress = progress
        self.tolerant = tolerant
        self.reports: dict[str, SourceReport] = {}
        self.rejected: dict[str, pd.DataFrame] = {}
        self.warnings: list[str] = []
        self.failures: dict[str, str] = {}
        self.unread: list[str] = []
        self.municipalities: gpd.GeoDataFrame | None = None  # once they are read
        self.homes: pd.Series | None = None  # municipality_code by place_id, once the premises are read

    def of(self, role: str) -> Iterator[SourceSpec]:
        """Yield the sources of a role, saying so as each begins."""
        for spec in self.specs:
            if spec.role == role:
                self.progress(f"reading {spec.id}")
                yield spec

    def attempt(self, spec: SourceSpec, read: Callable[[], Read]) -> Read | None:
        """Return what `read` gives; where it fails, remember why and return None, or raise if not tolerant."""
        try:
            return read()
        except DataError as error:
            if not self.tolerant:
                raise
            self.failures[spec.id] = str(error)
            if isinstance(error, NothingLeftError):
                self.reports[spec.id] = error.batch.report()
                self.rejected[spec.id] = error.batch.rejected
            return None

    def close(self, batch: Batch, *, may_be_empty: bool = False) -> None:
        """Take over a finished batch. Raises DataError where nothing is left of it, unless that says something too."""
        if len(batch.frame) or not may_be_empty:
            batch.require_rows()
            look_closely(batch)
            if self.municipalities is not None:
                self._look_around(batch, self.municipalities)
        self.reports[batch.spec.id] = batch.report()
        self.rejected[batch.spec.id] = batch.rejected
        self.warnings += batch.warnings
        self.doubt(self.reports[batch.spec.id])

    def _look_around(self, batch: Batch, municipalities: gpd.GeoDataFrame) -> None:
        """Note in how many municipalities the rows that are used lie."""
        cell_m = float(batch.spec.options.get("cell_m", 0.0))
        reached = count_municipalities(
            batch.frame, municipalities=municipalities, homes=self.homes, cell_m=cell_m
        )  # fmt: skip
        batch.facts = replace(batch.facts, municipalities=reached)

    def doubt(self, report: SourceReport) -> None:
        """Warn of a source that seems to lie elsewhere as a whole."""
        if report.facts.doubt:
            self.warnings.append(f"{report.source}: {report.facts.doubt}")

    def all_rejected(self) -> pd.DataFrame:
        """Return the rejected rows of all sources in their order."""
        parts = [self.rejected[spec.id] for spec in self.specs if spec.id in self.rejected]
        return pd.concat([schemas.empty_rejected(), *parts], ignore_index=True)

    def all_reports(self) -> tuple[SourceReport, ...]:
        """Return the reports in the order of the sources."""
        return tuple(self.reports[spec.id] for spec in self.specs if spec.id in self.reports)

    def gather(self, role: str, read: Callable[[SourceSpec], tuple[Batch, Read]]) -> list[Read]:
        """Return what `read` makes of each source of a role, their batches closed."""
        found = []
        for spec in self.of(role):

            def closed(spec: SourceSpec = spec) -> Read:
                batch, made = read(spec)
                self.close(batch)
                return made

            if (made := self.attempt(spec, closed)) is not None:
                found.append(made)
        return found


def look_closely(batch: Batch) -> None:
    """Note the extent of the rows that are used, and how many say nothing that an earlier row does not say."""
    frame, spec = batch.frame, batch.spec
    extent = None
    if isinstance(frame, gpd.GeoDataFrame):
        west, south, east, north = (float(value) for value in frame.total_bounds)
        extent = (west, south, east, north)
    elif "cell_x" in frame:
        side = float(spec.options.get("cell_m", 0.0))
        x, y = frame["cell_x"], frame["cell_y"]
        extent = (float(x.min()), float(y.min()), float(x.max()) + side, float(y.max()) + side)
    # What the intake itself numbers tells no rows apart.
    own = {"source", "source_row"}
    if spec.role == "premises" and (frame["place_id"] == [f"{spec.id}-{row}" for row in frame.index]).all():
        own.add("place_id")
    plain = frame[[name for name in frame.columns if name not in own and name != "geometry"]]
    if isinstance(frame, gpd.GeoDataFrame):
        plain = pd.DataFrame(plain).assign(_shape=shapely.to_wkb(np.asarray(frame.geometry.array, dtype=object)))
    twice = int(plain.duplicated().sum()) if plain.shape[1] else 0
    batch.facts = replace(batch.facts, extent=extent, duplicates=twice)
