"""Which part of an assessment a report shows: all of it, or some municipalities, areas or one technology."""

from __future__ import annotations

import functools
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from coverage.assessment import Assessment
from coverage.errors import DataError
from coverage.reports.change import change_table, section
from coverage.reports.wording import Wording

TITLE_NAMES: Final = 3  # more municipalities than this do not go into a title


@dataclass(frozen=True)
class Selection:
    """Hold an assessment's frames cut down to one selection, what the selection was, and what it was cut from.

    Ranks, scores and cumulative amounts stay those of the whole study. `by_municipality` says whether the
    summary's figures of whole municipalities describe the selection.
    """

    assessment: Assessment
    municipality: tuple[str, ...] = ()
    area: tuple[str, ...] = ()
    technology: str | None = None
    cut_from: Assessment | None = None  # the whole study

    @property
    def whole(self) -> bool:
        """Say whether nothing was left out."""
        return not (self.municipality or self.area or self.technology)

    @property
    def by_municipality(self) -> bool:
        """Say whether the selection is made of whole municipalities."""
        return not (self.area or self.technology)

    @property
    def titled(self) -> bool:
        """Say whether the title alone tells what is shown."""
        return self.by_municipality and len(self.municipality) <= TITLE_NAMES

    @functools.cached_property
    def changes(self) -> pd.DataFrame:
        """Return what would let those areas in that are nearest the line in the whole study and in the selection."""
        table = change_table(self.cut_from or self.assessment)
        return table[table["area_id"].isin(self.assessment.areas["area_id"])].reset_index(drop=True)

    def change_section(self, wording: Wording) -> dict[str, Any]:
        """Return the part of a paper that says what would let in those areas that are nearest the line."""
        near = change_table(self.cut_from or self.assessment)["area_id"].nunique()
        return section(self.changes, wording, of=near, study=wording.said(self.assessment.study.name))

    def municipality_names(self) -> dict[str, str]:
        """Return the names by code, of the municipalities in the selection."""
        frame = self.assessment.municipalities
        return dict(zip(frame["municipality_code"].astype(str), frame["name"].astype(str), strict=True))

    def describe(self, wording: Wording) -> str:
        """Say in words what is shown."""
        names = self.municipality_names()
        parts = []
        if self.municipality:
            listed = ", ".join(names[code] for code in self.municipality)
            parts.append(wording.text("scope", "municipalities", names=listed))
        if self.area:
            parts.append(wording.text("scope", "areas", names=", ".join(self.area)))
        if self.technology:
            name = wording.value("technology", self.technology)
            parts.append(wording.text("scope", "technology", name=name))
        return "; ".join(parts) or wording.text("read_me", "whole")

    def title(self, wording: Wording) -> str:
        """Return the name for a title: the study's, or that of the municipalities."""
        if self.municipality and self.titled:
            names = self.municipality_names()
            return ", ".join(names[code] for code in self.municipality)
        return wording.said(self.assessment.study.name)


def cut(
    assessment: Assessment,
    *,
    municipality: Collection[str] = (),
    area: Collection[str] = (),
    technology: str | None = None,
) -> Selection:
    """Cut an assessment down to municipalities, areas and a technology; without any, keep it whole.

    Raises DataError if a code, an area or a technology does not occur in the assessment.
    """
    municipality, area = tuple(sorted(set(municipality))), tuple(sorted(set(area)))
    if not (municipality or area or technology):
        return Selection(replace(assessment), cut_from=assessment)  # what is made for its reports goes with it
    areas = assessment.areas
    codes = set(assessment.municipalities["municipality_code"].astype(str))
    _require(municipality, codes, "municipality")
    _require(area, set(areas["area_id"]), "area")
    _require((technology,) if technology else (), set(areas["technology"].dropna()), "technology")
    if municipality:
        areas = areas[areas["municipality_code"].isin(municipality)]
    if area:
        areas = areas[areas["area_id"].isin(area)]
    if technology:
        areas = areas[areas["technology"] == technology]
    kept = set(areas["area_id"])
    places = assessment.places
    if area or technology:
        places = places[places["area_id"].isin(kept)]
        shown = set(areas["municipality_code"])
    else:
        places = places[places["municipality_code"].isin(municipality)]
        shown = set(municipality)
    part = replace(
        assessment,
        places=_reindexed(places),
        areas=_reindexed(areas),
        routes=_of_areas(assessment.routes, kept),
        sites=_of_areas(assessment.sites, kept) if len(assessment.sites) else assessment.sites,
        municipalities=_reindexed(
            assessment.municipalities[assessment.municipalities["municipality_code"].isin(shown)]
        ),
        corrections=_of_places(assessment.corrections, places),
        cost_lines=assessment.cost_lines[assessment.cost_lines["area_id"].isin(kept)].reset_index(drop=True),
    )
    return Selection(part, municipality=municipality, area=area, technology=technology, cut_from=assessment)


def select(
    assessment: Assessment,
    *,
    municipality: Collection[str] = (),
    area: Collection[str] = (),
    technology: str | None = None,
) -> Assessment:
    """Return the assessment with its frames cut down as `cut` does; its summary stays that of the whole study."""
    return cut(assessment, municipality=municipality, area=area, technology=technology).assessment


def share_notes(selection: Selection, wording: Wording) -> list[str]:
    """Return the note that an assessment needs whose service is known only as shares; else nothing."""
    basis = selection.assessment.places.get("service_basis")
    by_share = basis is not None and bool((basis == "expected_share").any())
    return [wording.text("pdf", "expected_shares")] if by_share else []


def _of_places(corrections: pd.DataFrame, places: gpd.GeoDataFrame) -> pd.DataFrame:
    if corrections.empty:
        return corrections
    return corrections[corrections["place_id"].isin(places["place_id"])].reset_index(drop=True)


def _of_areas(frame: gpd.GeoDataFrame, kept: set[str]) -> gpd.GeoDataFrame:
    return _reindexed(frame[frame["area_id"].isin(kept)])


def _reindexed(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.reset_index(drop=True)


def _require(asked: Collection[str], known: set[str], what: str) -> None:
    unknown = sorted(set(asked) - known)
    if unknown:
        some = ", ".join(sorted(known)[:5]) or "none"
        raise DataError(f"{what} {unknown[0]!r} is not in this assessment; it has {len(known)}, such as {some}")
