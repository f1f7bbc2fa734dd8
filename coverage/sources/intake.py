"""All sources of a study to Inputs: municipalities first, for they say where everything else must lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import geopandas as gpd
import pandas as pd

from coverage import schemas
from coverage.errors import DataError
from coverage.inputs import Inputs, MobileLayer, OfferLayer, SourceReport, SourceSpec
from coverage.sources.area import StudyArea
from coverage.sources.batch import Batch
from coverage.sources.layers import (
    read_mobile_polygons,
    read_mobile_raster,
    read_municipalities,
    read_network,
    read_roads,
    read_truth,
)
from coverage.sources.offers import read_offers
from coverage.sources.premises import one_frame, read_premises, reject_repeated
from coverage.sources.shares import merge_shares, read_shares


class _Intake:
    """Hold what the sources have given so far."""

    def __init__(self, specs: Sequence[SourceSpec], progress: Callable[[str], None]) -> None:
        self.specs = specs
        self.progress = progress
        self.reports: dict[str, SourceReport] = {}
        self.rejected: dict[str, pd.DataFrame] = {}
        self.warnings: list[str] = []

    def of(self, role: str) -> Iterator[SourceSpec]:
        """Yield the sources of a role, saying so as each begins."""
        for spec in self.specs:
            if spec.role == role:
                self.progress(f"reading {spec.id}")
                yield spec

    def close(self, batch: Batch) -> None:
        """Take over a finished batch. Raises DataError where nothing is left of it."""
        batch.require_rows()
        self.reports[batch.spec.id] = batch.report()
        self.rejected[batch.spec.id] = batch.rejected
        self.warnings += batch.warnings


def read_inputs(specs: Sequence[SourceSpec], *, crs: str, progress: Callable[[str], None]) -> Inputs:
    """Read every source into the study's CRS; bad rows go to `rejected`, and a report says what became of each.

    `progress` is called with a few words before each source. Raises DataError or CrsError where a whole source is
    unusable.
    """
    intake = _Intake(specs, progress)
    area = StudyArea(crs, _municipalities(intake, crs))
    places = _places(intake, area)
    offers = _offers(intake, area, places["place_id"])
    mobile = _mobile(intake, area)
    shares = _shares(intake, area)
    roads = _layers(intake, "roads", read_roads, area)
    network = _layers(intake, "network", read_network, area)
    truth = _layers(intake, "truth", read_truth, area)
    if roads is None or network is None:
        raise DataError("study.toml: a study needs at least one source of roads and one of network")
    if not mobile and (shares is None or "mobile" not in shares):
        intake.warnings.append("no mobile data: mobile shortfall is not judged")
    rejected = [intake.rejected[spec.id] for spec in specs if spec.id in intake.rejected]
    return Inputs(
        municipalities=area.municipalities,
        places=places,
        roads=roads,
        network=network,
        offers=offers,
        mobile=mobile,
        shares=shares,
        truth=truth,
        rejected=pd.concat([schemas.empty_rejected(), *rejected], ignore_index=True),
        reports=tuple(intake.reports[spec.id] for spec in specs),
        warnings=tuple(intake.warnings),
    )


def _municipalities(intake: _Intake, crs: str) -> gpd.GeoDataFrame:
    found = []
    for spec in intake.of("municipalities"):
        batch, frame = read_municipalities(spec, crs=crs)
        intake.close(batch)
        found.append(frame)
    whole = pd.concat(found, ignore_index=True).sort_values("municipality_code", ignore_index=True)
    twice = whole["municipality_code"][whole["municipality_code"].duplicated()]
    if len(twice):
        raise DataError(f"study.toml: municipality {twice.iloc[0]!r} is in two sources; expected it in one")
    return gpd.GeoDataFrame(whole, geometry="geometry", crs=crs)


def _places(intake: _Intake, area: StudyArea) -> gpd.GeoDataFrame:
    batches: list[Batch] = []
    taken = pd.Index([], dtype="str")
    for spec in intake.of("premises"):
        batch = read_premises(spec, area=area)
        reject_repeated(batch, taken)
        taken = taken.append(pd.Index(batch.frame["place_id"]))
        intake.close(batch)
        batches.append(batch)
    return one_frame(batches, area.crs)


def _offers(intake: _Intake, area: StudyArea, place_ids: pd.Series) -> tuple[OfferLayer, ...]:
    layers = []
    for spec in intake.of("offers"):
        batch, layer = read_offers(spec, area=area, place_ids=place_ids)
        intake.close(batch)
        layers.append(layer)
    return tuple(layers)


def _mobile(intake: _Intake, area: StudyArea) -> tuple[MobileLayer, ...]:
    layers = []
    for spec in intake.of("mobile"):
        if spec.kind == "raster":
            intake.reports[spec.id], layer = read_mobile_raster(spec, area=area)
        else:
            batch, layer = read_mobile_polygons(spec, area=area)
            intake.close(batch)
        layers.append(layer)
    return tuple(layers)


def _shares(intake: _Intake, area: StudyArea) -> pd.DataFrame | None:
    batches = []
    for spec in intake.of("shares"):
        batch = read_shares(spec, area=area)
        intake.close(batch)
        batches.append(batch)
    shares, warnings = merge_shares(batches, area)
    intake.warnings += warnings
    return shares


def _layers(
    intake: _Intake, role: str, read: Callable[..., tuple[Batch, gpd.GeoDataFrame]], area: StudyArea
) -> gpd.GeoDataFrame | None:
    frames = []
    for spec in intake.of(role):
        batch, frame = read(spec, area=area)
        intake.close(batch)
        frames.append(frame)
    if not frames:
        return None
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=area.crs)
