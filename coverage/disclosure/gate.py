"""Narrow an assessment to what one audience may see; the table stands in coverage/disclosure/__init__.py."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.disclosure import places, record
from coverage.disclosure.cells import along_cells, at_centres, in_cells
from coverage.disclosure.limits import Limits, limits_of
from coverage.disclosure.names import Hidden, foreign, knows
from coverage.disclosure.persons import are_personal
from coverage.errors import DataError, PolicyError
from coverage.inputs import MobileLayer

# An offer as the table of corrections has it: 50/10 Mbit/s fwa, Radiobru.
OFFER: Final = re.compile(r"(?P<offer>\S+ Mbit/s \w+), (?P<provider>.+)")


def shown_to(assessment: Assessment, audience: Audience) -> Assessment:
    """Return the assessment as an audience may see it; for the audience that it is for already, itself.

    Rows, their order and every figure of service, verdict, areas and money stay. Raises PolicyError where the
    assessment is for another audience, since what was withheld cannot be had back, and DataError for an operator that
    the study names nowhere.
    """
    if assessment.audience == audience:
        return assessment
    if not assessment.audience.internal:
        raise PolicyError(
            f"what was narrowed to the audience {assessment.audience} cannot be shown to {audience}; "
            "start from the internal assessment"
        )
    if audience.operator and not knows(assessment, audience.operator):
        raise DataError(
            f"the study names no operator {audience.operator!r}; expected the name as its offers or plans write it"
        )
    limits, hidden = limits_of(audience), Hidden.of(assessment, audience)
    shown = places.narrow(assessment, audience=audience, limits=limits)
    sources = record.Sources.of(assessment.study, hidden)
    for name in ("source", "fixed_source", "planned_source", "uncounted_source", "correction_source"):
        if name in shown:
            shown[name] = shown[name].map(lambda told: sources.was.get(told, told), na_action="ignore").astype("str")
    areas = _areas(assessment.areas, limits, hidden)
    if limits.positions:
        areas = in_cells(in_cells(areas, shown, by="area_id"), shown, by="mobile_area_id")
    return replace(
        assessment,
        places=shown,
        areas=areas,
        routes=along_cells(assessment.routes) if limits.positions else assessment.routes,
        rejected=assessment.rejected.iloc[:0],
        mobile=tuple(_mobile(layer, sources, limits) for layer in assessment.mobile),
        study=record.tell_study(assessment.study, sources, hidden),
        summary=record.tell_summary(assessment.summary, audience=audience, limits=limits),
        provenance=record.tell_provenance(assessment, sources, hidden),
        corrections=_corrections(assessment, shown, sources, audience, limits),
        audience=audience,
    )


def _areas(areas: gpd.GeoDataFrame, limits: Limits, hidden: Hidden) -> gpd.GeoDataFrame:
    """Withhold what a vendor asks for, by name which application is about an area, and which plans do not count."""
    shown = areas.copy()
    shown.attrs = {}
    for name in ("requested_grant", "planned_premises"):
        if name in shown:
            shown[name] = np.nan
    if "planned_earliest" in shown:
        shown["planned_earliest"] = pd.array([None] * len(shown), dtype="str")
    for name in ("application_id", "award_id"):
        if name in shown:
            named = shown[name].fillna("").astype(str).map(hidden.within).astype(bool)
            shown[name] = shown[name].mask(named | limits.offices)
    return shown


def _mobile(layer: MobileLayer, sources: record.Sources, limits: Limits) -> MobileLayer:
    """Return coverage as its operator publishes it; where it is told per premises, those are in their cells."""
    told = replace(layer, source=sources.was.get(layer.source, layer.source))
    if not limits.positions or layer.polygons is None:
        return told
    points = (layer.polygons.geom_type == "Point").to_numpy(dtype=bool)
    return replace(told, polygons=layer.polygons.set_geometry(at_centres(layer.polygons.geometry, points)))


def _corrections(
    assessment: Assessment, shown: pd.DataFrame, sources: record.Sources, audience: Audience, limits: Limits
) -> pd.DataFrame:
    """Return what was corrected without the comments, in which people are named, and what else is withheld."""
    table = assessment.corrections
    if table.empty:
        return table
    before = assessment.places["place_id"]
    ids = dict(zip(before, shown["place_id"], strict=True))
    personal = pd.Series(are_personal(assessment.places), index=before.array)
    of_person = table["place_id"].map(personal).fillna(True).to_numpy(dtype=bool)
    told = table.assign(
        place_id=table["place_id"].map(lambda place: ids.get(place, "")).astype("str"),
        comment=pd.array([None] * len(table), dtype="str"),
        address=table["address"].mask(of_person | limits.offices),
        source=table["source"].map(lambda name: sources.was.get(name, name)).astype("str"),
    )
    for name in ("was", "now"):
        values = [ids.get(value, _unnamed(value, audience, limits)) for value in table[name].fillna("").astype(str)]
        told[name] = pd.array(values, dtype="str")
    if limits.offices:
        told["office"] = pd.array([None] * len(table), dtype="str")
        told["source_row"] = 0
    return told


def _unnamed(value: str, audience: Audience, limits: Limits) -> str:
    """Return a corrected value without the operator that it names, where those are withheld."""
    found: Any = OFFER.fullmatch(value) if limits.providers else None
    if found is None or not foreign(pd.Series([found["provider"]], dtype="str"), audience)[0]:
        return value
    return f"{found['offer']}, {limits.stand_in}"
