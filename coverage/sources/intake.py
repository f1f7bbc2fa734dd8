"""All sources of a study to Inputs: municipalities first, for they say where everything else must lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coverage import schemas
from coverage.errors import DataError
from coverage.inputs import ExtentLayer, Inputs, MobileLayer, OfferLayer, SourceReport, SourceSpec
from coverage.sources import open_batch
from coverage.sources.area import StudyArea
from coverage.sources.batch import Batch, NothingLeftError
from coverage.sources.layers import (
    read_extent,
    read_mobile_raster,
    read_municipalities,
    read_network,
    read_roads,
    read_truth,
)
from coverage.sources.mobile_layers import read_mobile_shapes
from coverage.sources.offers import read_offers
from coverage.sources.premises import one_frame, read_premises, reject_repeated
from coverage.sources.shares import merge_shares, read_shares

Progress = Callable[[str], None]
Read = TypeVar("Read")

NO_MOBILE: Final = "no mobile data: mobile shortfall is not judged"


@dataclass(frozen=True)
class Inspection:
    """Hold what could be read of a study although some of it may be unusable.

    `inputs` is None where something that the stages need is missing. `failures` has one sentence per source that is
    unusable, by its id; `unread` says what could not be looked at because of them.
    """

    inputs: Inputs | None
    area: tuple[float, float, float, float] | None  # bounding box of the municipalities
    reports: tuple[SourceReport, ...]
    rejected: pd.DataFrame
    warnings: tuple[str, ...]
    failures: dict[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


class _Intake:
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

    def close(self, batch: Batch) -> None:
        """Take over a finished batch. Raises DataError where nothing is left of it."""
        batch.require_rows()
        _look_closely(batch)
        self.reports[batch.spec.id] = batch.report()
        self.rejected[batch.spec.id] = batch.rejected
        self.warnings += batch.warnings
        self.doubt(self.reports[batch.spec.id])

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


def read_inputs(specs: Sequence[SourceSpec], *, crs: str, progress: Progress, roads_needed: bool = True) -> Inputs:
    """Read every source into the study's CRS; bad rows go to `rejected`, and a report says what became of each.

    `progress` is called with a few words before each source. Without `roads_needed`, roads and network may be missing
    and are then empty. Raises DataError or CrsError where a whole source is unusable.
    """
    intake = _Intake(specs, progress)
    municipalities = _municipalities(intake, crs)
    if municipalities is None:
        raise DataError("study.toml: a study needs at least one source of municipalities")
    return _read_all(intake, StudyArea(crs, municipalities), roads_needed)


def inspect_inputs(
    specs: Sequence[SourceSpec], *, crs: str, progress: Progress, roads_needed: bool = True
) -> Inspection:
    """Read what can be read of every source: one that is unusable is a sentence under `failures`, not an error."""
    intake = _Intake(specs, progress, tolerant=True)
    municipalities = _municipalities(intake, crs)
    inputs, area = None, None
    if municipalities is None:
        intake.unread.append("positions: without municipalities nothing says where the other sources must lie")
        _open_only(intake)
    else:
        whole = StudyArea(crs, municipalities)
        area = whole.bounds
        try:
            inputs = _read_all(intake, whole, roads_needed)
        except _MissingError as error:
            intake.unread.append(str(error))
    return Inspection(
        inputs=inputs,
        area=area,
        reports=intake.all_reports(),
        rejected=intake.all_rejected(),
        warnings=tuple(intake.warnings),
        failures=intake.failures,
        unread=tuple(intake.unread),
    )


class _MissingError(DataError):
    """Report that a part of the study which the stages need is not there."""


def _read_all(intake: _Intake, area: StudyArea, roads_needed: bool) -> Inputs:
    places = _places(intake, area)
    offers = _offers(intake, area, places)
    mobile = _mobile(intake, area, places)
    shares = _shares(intake, area)
    roads = _layers(intake, "roads", read_roads, area)
    network = _layers(intake, "network", read_network, area)
    truth = _layers(intake, "truth", read_truth, area)
    extents = _extents(intake, area)
    if not mobile and (shares is None or "mobile" not in shares):
        intake.warnings.append(NO_MOBILE)
    if places is None:
        raise _MissingError("the study as a whole: it has no usable premises")
    if roads_needed and (roads is None or network is None):
        raise _MissingError("study.toml: a study needs at least one source of roads and one of network")
    return Inputs(
        municipalities=area.municipalities,
        places=places,
        roads=_empty(area, ferry=bool, private=bool) if roads is None else roads,
        network=_empty(area, flagged=bool) if network is None else network,
        offers=offers,
        mobile=mobile,
        shares=shares,
        truth=truth,
        extents=extents,
        rejected=intake.all_rejected(),
        reports=intake.all_reports(),
        warnings=tuple(intake.warnings),
    )


def _municipalities(intake: _Intake, crs: str) -> gpd.GeoDataFrame | None:
    found = []
    for spec in intake.of("municipalities"):

        def read(spec: SourceSpec = spec) -> gpd.GeoDataFrame:
            batch, frame = read_municipalities(spec, crs=crs)
            intake.close(batch)
            return frame

        if (frame := intake.attempt(spec, read)) is not None:
            found.append(frame)
    if not found:
        return None
    whole = pd.concat(found, ignore_index=True).sort_values("municipality_code", ignore_index=True)
    twice = whole["municipality_code"].duplicated()
    if twice.any():
        code = whole["municipality_code"][twice].iloc[0]
        text = f"study.toml: municipality {code!r} is in two sources; expected it in one"
        if not intake.tolerant:
            raise DataError(text)
        intake.failures[next(spec.id for spec in intake.specs if spec.role == "municipalities")] = text
        whole = whole[~twice].reset_index(drop=True)
    return gpd.GeoDataFrame(whole, geometry="geometry", crs=crs)


def _places(intake: _Intake, area: StudyArea) -> gpd.GeoDataFrame | None:
    batches: list[Batch] = []
    taken = pd.Index([], dtype="str")
    for spec in intake.of("premises"):

        def read(spec: SourceSpec = spec, taken: pd.Index = taken) -> Batch:
            batch = read_premises(spec, area=area)
            reject_repeated(batch, taken)
            intake.close(batch)
            return batch

        if (batch := intake.attempt(spec, read)) is not None:
            taken = taken.append(pd.Index(batch.frame["place_id"]))
            batches.append(batch)
    return one_frame(batches, area.crs) if batches else None


def _offers(intake: _Intake, area: StudyArea, places: gpd.GeoDataFrame | None) -> tuple[OfferLayer, ...]:
    layers = []
    for spec in intake.of("offers"):

        def read(spec: SourceSpec = spec) -> OfferLayer:
            batch, layer = read_offers(spec, area=area, places=_need_places(spec, places))
            intake.close(batch)
            return layer

        if (layer := intake.attempt(spec, read)) is not None:
            layers.append(layer)
    return tuple(layers)


def _mobile(intake: _Intake, area: StudyArea, places: gpd.GeoDataFrame | None) -> tuple[MobileLayer, ...]:
    layers = []
    for spec in intake.of("mobile"):

        def read(spec: SourceSpec = spec) -> MobileLayer:
            if spec.kind == "raster":
                intake.reports[spec.id], layer = read_mobile_raster(spec, area=area)
                intake.doubt(intake.reports[spec.id])
                return layer
            batch, layer = read_mobile_shapes(spec, area=area, places=_need_places(spec, places))
            intake.close(batch)
            return layer

        if (layer := intake.attempt(spec, read)) is not None:
            layers.append(layer)
    return tuple(layers)


def _need_places(spec: SourceSpec, places: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Return the places, or where they could not be read an empty frame for shapes that do not ask for them."""
    if places is not None:
        return places
    if spec.options.get("shape") == "place":
        raise DataError(f"{spec.name}: not looked at, since the premises that its rows are for could not be read")
    return gpd.GeoDataFrame({"place_id": [], "kind": []}, geometry=[])


def _shares(intake: _Intake, area: StudyArea) -> pd.DataFrame | None:
    batches = []
    for spec in intake.of("shares"):

        def read(spec: SourceSpec = spec) -> Batch:
            batch = read_shares(spec, area=area)
            intake.close(batch)
            return batch

        if (batch := intake.attempt(spec, read)) is not None:
            batches.append(batch)
    shares, warnings = merge_shares(batches, area)
    intake.warnings += warnings
    return shares


def _layers(
    intake: _Intake, role: str, read: Callable[..., tuple[Batch, gpd.GeoDataFrame]], area: StudyArea
) -> gpd.GeoDataFrame | None:
    frames = []
    for spec in intake.of(role):

        def closed(spec: SourceSpec = spec) -> gpd.GeoDataFrame:
            batch, frame = read(spec, area=area)
            intake.close(batch)
            return frame

        if (frame := intake.attempt(spec, closed)) is not None:
            frames.append(frame)
    if not frames:
        return None
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=area.crs)


def _extents(intake: _Intake, area: StudyArea) -> tuple[ExtentLayer, ...]:
    layers = []
    for spec in intake.of("extent"):

        def read(spec: SourceSpec = spec) -> ExtentLayer:
            batch, layer = read_extent(spec, area=area)
            intake.close(batch)
            return layer

        if (layer := intake.attempt(spec, read)) is not None:
            layers.append(layer)
    return tuple(layers)


def _open_only(intake: _Intake) -> None:
    """Read the files of the other sources as they are, without asking where their rows lie."""
    for spec in intake.specs:
        if spec.role == "municipalities" or spec.kind == "raster":
            continue
        intake.progress(f"reading {spec.id}")

        def read(spec: SourceSpec = spec) -> None:
            batch, _ = open_batch(spec)
            intake.reports[spec.id] = batch.report()
            intake.rejected[spec.id] = batch.rejected

        intake.attempt(spec, read)


def _empty(area: StudyArea, **columns: Any) -> gpd.GeoDataFrame:
    frame = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([], crs=area.crs))


def _look_closely(batch: Batch) -> None:
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
