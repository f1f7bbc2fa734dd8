"""All sources of a study to Inputs: municipalities first, for they say where everything else must lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import geopandas as gpd
import pandas as pd

from coverage.errors import DataError
from coverage.inputs import ExtentLayer, Inputs, MobileLayer, OfferLayer, SourceReport, SourceSpec, TerrainLayer
from coverage.sources import open_batch
from coverage.sources.applications import gather_applications
from coverage.sources.area import StudyArea
from coverage.sources.awards import gather_awards
from coverage.sources.batch import Batch
from coverage.sources.corrections import add_missing, gather_corrections
from coverage.sources.hearing import read_hearing
from coverage.sources.layers import (
    read_extent,
    read_hubs,
    read_mobile_raster,
    read_municipalities,
    read_network,
    read_roads,
    read_terrain,
    read_truth,
    read_water,
)
from coverage.sources.lots import gather_lots
from coverage.sources.mobile_layers import read_mobile_shapes
from coverage.sources.offers import read_offers
from coverage.sources.premises import one_frame, read_premises, reject_repeated
from coverage.sources.reading import Progress, Reading
from coverage.sources.roles import REQUIRED_ROLES
from coverage.sources.shares import merge_shares, read_shares
from coverage.sources.structures import gather_masts, gather_reuse

Places: TypeAlias = gpd.GeoDataFrame | None

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


def read_inputs(
    specs: Sequence[SourceSpec], *, crs: str, progress: Progress, needed: Sequence[str] = REQUIRED_ROLES
) -> Inputs:
    """Read every source into the study's CRS; bad rows go to `rejected`, and a report says what became of each.

    `progress` is called with a few words before each source. Roads and network may be missing where they are not
    among the roles `needed`, and are then empty. Raises DataError or CrsError where a whole source is unusable.
    """
    reading = Reading(specs, progress)
    municipalities = _municipalities(reading, crs)
    if municipalities is None:
        raise DataError("study.toml: a study needs at least one source of municipalities")
    return _read_all(reading, StudyArea(crs, municipalities), needed)


def inspect_inputs(
    specs: Sequence[SourceSpec], *, crs: str, progress: Progress, needed: Sequence[str] = REQUIRED_ROLES
) -> Inspection:
    """Read what can be read of every source: one that is unusable is a sentence under `failures`, not an error."""
    reading = Reading(specs, progress, tolerant=True)
    municipalities = _municipalities(reading, crs)
    inputs, area = None, None
    if municipalities is None:
        reading.unread.append("positions: without municipalities nothing says where the other sources must lie")
        _open_only(reading)
    else:
        whole = StudyArea(crs, municipalities)
        area = whole.bounds
        try:
            inputs = _read_all(reading, whole, needed)
        except _MissingError as error:
            reading.unread.append(str(error))
    return Inspection(
        inputs=inputs,
        area=area,
        reports=reading.all_reports(),
        rejected=reading.all_rejected(),
        warnings=tuple(reading.warnings),
        failures=reading.failures,
        unread=tuple(reading.unread),
    )


class _MissingError(DataError):
    """Report that a part of the study which the stages need is not there."""


def _read_all(reading: Reading, area: StudyArea, needed: Sequence[str]) -> Inputs:
    reading.municipalities = area.municipalities
    places = _places(reading, area)
    if places is not None:
        reading.homes = places.set_index("place_id")["municipality_code"]
    offers = _offers(reading, "offers", read_offers, area, places)
    corrections = gather_corrections(reading, area=area, places=places)
    named = add_missing(places, corrections)  # those that a list may name
    hearing = _offers(reading, "hearing", read_hearing, area, named)
    mobile = _mobile(reading, area, places)
    shares = _shares(reading, area)
    roads = _layers(reading, "roads", read_roads, area)
    network = _layers(reading, "network", read_network, area)
    truth = _layers(reading, "truth", read_truth, area)
    hubs = _layers(reading, "hubs", read_hubs, area)
    water = _layers(reading, "water", read_water, area)
    awards = gather_awards(reading, area=area)
    applications, applied = gather_applications(reading, area=area, places=named)
    lots = gather_lots(reading, area=area)
    terrain = _terrain(reading, area)
    masts = gather_masts(reading, area=area)
    reuse = gather_reuse(reading, area=area)
    extents = tuple[ExtentLayer, ...](reading.gather("extent", lambda spec: read_extent(spec, area=area)))
    if not mobile and (shares is None or "mobile" not in shares):
        reading.warnings.append(NO_MOBILE)
    if places is None:
        raise _MissingError("the study as a whole: it has no usable premises")
    if any(layer is None and role in needed for role, layer in (("roads", roads), ("network", network))):
        raise _MissingError("study.toml: a study needs at least one source of roads and one of network")
    return Inputs(
        municipalities=area.municipalities,
        places=places,
        roads=_empty(area, ferry=bool, private=bool) if roads is None else roads,
        network=_empty(area, flagged=bool) if network is None else network,
        offers=offers,
        hearing=hearing,
        corrections=corrections,
        hubs=_empty(area, name="str", hub_kind="str") if hubs is None else hubs,
        water=_empty(area) if water is None else water,
        awards=awards,
        applications=applications,
        applied=applied,
        lots=lots,
        mobile=mobile,
        shares=shares,
        truth=truth,
        terrain=terrain,
        masts=masts,
        reuse=reuse,
        extents=extents,
        rejected=reading.all_rejected(),
        reports=reading.all_reports(),
        warnings=tuple(reading.warnings),
    )


def _municipalities(reading: Reading, crs: str) -> gpd.GeoDataFrame | None:
    found = []
    for spec in reading.of("municipalities"):

        def read(spec: SourceSpec = spec) -> gpd.GeoDataFrame:
            batch, frame = read_municipalities(spec, crs=crs)
            reading.close(batch)
            return frame

        if (frame := reading.attempt(spec, read)) is not None:
            found.append(frame)
    if not found:
        return None
    whole = pd.concat(found, ignore_index=True).sort_values("municipality_code", ignore_index=True)
    twice = whole["municipality_code"].duplicated()
    if twice.any():
        code = whole["municipality_code"][twice].iloc[0]
        text = f"study.toml: municipality {code!r} is in two sources; expected it in one"
        if not reading.tolerant:
            raise DataError(text)
        reading.failures[next(spec.id for spec in reading.specs if spec.role == "municipalities")] = text
        whole = whole[~twice].reset_index(drop=True)
    return gpd.GeoDataFrame(whole, geometry="geometry", crs=crs)


def _places(reading: Reading, area: StudyArea) -> gpd.GeoDataFrame | None:
    batches: list[Batch] = []
    taken = pd.Index([], dtype="str")
    for spec in reading.of("premises"):

        def read(spec: SourceSpec = spec, taken: pd.Index = taken) -> Batch:
            batch = read_premises(spec, area=area)
            reject_repeated(batch, taken)
            reading.close(batch)
            return batch

        if (batch := reading.attempt(spec, read)) is not None:
            taken = taken.append(pd.Index(batch.frame["place_id"]))
            batches.append(batch)
    return one_frame(batches, area.crs) if batches else None


def _offers(
    reading: Reading, role: str, read: Callable[..., tuple[Batch, OfferLayer]], area: StudyArea, places: Places
) -> tuple[OfferLayer, ...]:
    def made(spec: SourceSpec) -> tuple[Batch, OfferLayer]:
        return read(spec, area=area, places=_need_places(spec, places))

    return tuple(reading.gather(role, made))


def _mobile(reading: Reading, area: StudyArea, places: gpd.GeoDataFrame | None) -> tuple[MobileLayer, ...]:
    layers = []
    for spec in reading.of("mobile"):

        def read(spec: SourceSpec = spec) -> MobileLayer:
            if spec.kind == "raster":
                reading.reports[spec.id], layer = read_mobile_raster(spec, area=area)
                reading.doubt(reading.reports[spec.id])
                return layer
            batch, layer = read_mobile_shapes(spec, area=area, places=_need_places(spec, places))
            reading.close(batch)
            return layer

        if (layer := reading.attempt(spec, read)) is not None:
            layers.append(layer)
    return tuple(layers)


def _terrain(reading: Reading, area: StudyArea) -> tuple[TerrainLayer, ...]:
    layers = []
    for spec in reading.of("terrain"):

        def read(spec: SourceSpec = spec) -> TerrainLayer:
            reading.reports[spec.id], layer = read_terrain(spec, area=area)
            return layer

        if (layer := reading.attempt(spec, read)) is not None:
            layers.append(layer)
    return tuple(layers)


def _need_places(spec: SourceSpec, places: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Return the places, or where they could not be read an empty frame for shapes that do not ask for them."""
    if places is not None:
        return places
    if spec.options.get("shape") in ("place", "address"):
        raise DataError(f"{spec.name}: not looked at, since the premises that its rows are for could not be read")
    return gpd.GeoDataFrame({"place_id": [], "kind": []}, geometry=[])


def _shares(reading: Reading, area: StudyArea) -> pd.DataFrame | None:
    def made(spec: SourceSpec) -> tuple[Batch, Batch]:
        batch = read_shares(spec, area=area)
        return batch, batch

    shares, warnings = merge_shares(reading.gather("shares", made), area)
    reading.warnings += warnings
    return shares


def _layers(
    reading: Reading, role: str, read: Callable[..., tuple[Batch, gpd.GeoDataFrame]], area: StudyArea
) -> gpd.GeoDataFrame | None:
    frames = reading.gather(role, lambda spec: read(spec, area=area))
    if not frames:
        return None
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=area.crs)


def _open_only(reading: Reading) -> None:
    """Read the files of the other sources as they are, without asking where their rows lie."""
    for spec in reading.specs:
        if spec.role == "municipalities" or spec.kind == "raster":
            continue
        reading.progress(f"reading {spec.id}")

        def read(spec: SourceSpec = spec) -> None:
            batch, _ = open_batch(spec)
            reading.reports[spec.id] = batch.report()
            reading.rejected[spec.id] = batch.rejected

        reading.attempt(spec, read)


def _empty(area: StudyArea, **columns: Any) -> gpd.GeoDataFrame:
    frame = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([], crs=area.crs))
