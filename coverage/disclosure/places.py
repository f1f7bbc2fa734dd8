"""The places as an audience may see them: same rows, same figures, less of who and where."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.disclosure.cells import CELL_M, at_centres, cell_ids
from coverage.disclosure.limits import Limits
from coverage.disclosure.names import HEARD, OFFERS, PLANS, foreign
from coverage.disclosure.persons import are_personal
from coverage.policy import Policy
from coverage.reasons import explain

NOT_TOLD: Final = "withheld"  # stands for the source of a row that must not be found again
PERSONAL: Final = ("name", "address", "postcode", "org_number")
MEASURED: Final = ("measured_down_mbps", "measured_up_mbps", "measured_tests")
PLANNED: Final = ("planned_down_mbps", "planned_up_mbps")
DISTANCES: Final = ("hub_distance_m", "stranding_route_m")  # to a metre they would tell where in its cell a place is
REFERRED: Final = ("fixed", "planned", "uncounted")  # offers, each with a source and the row in it
# What tells withheld places of one cell apart in the order of their ids: nothing that is withheld.
ORDER: Final = ("kind", "area_id", "reason", "nace", "employees")

Bools = npt.NDArray[np.bool_]


def narrow(assessment: Assessment, *, audience: Audience, limits: Limits) -> gpd.GeoDataFrame:
    """Return the places of an internal assessment as an audience may see them, their reasons explained anew."""
    places, policy, study = assessment.places, assessment.policy, assessment.study
    personal = are_personal(places)
    heard = [source.id for source in study.sources if source.role == "hearing"]
    shown = places.copy()
    shown.attrs = {}
    _empty(shown, PERSONAL, personal)
    _providers(shown, audience, limits, heard)
    _plans(shown, audience, limits, policy)
    _hearing(shown, audience, limits)
    if limits.offices:
        _empty(shown, ("corrected_by", "correction_source", "funded_by"), np.ones(len(shown), dtype=bool))
        _zero(shown, ("correction_row",), np.ones(len(shown), dtype=bool))
    if audience.operator:  # what is measured at a place is of those who are served there
        own = ~foreign(places["fixed_provider"], audience) & places["fixed_provider"].notna().to_numpy(dtype=bool)
        _measured(shown, ~own)
    elif limits.positions:
        _measured(shown, personal)
    shown["reason"] = explain(shown, policy=policy, as_of=study.as_of)["reason"]
    return _hide(shown, personal) if limits.positions else shown


def _providers(shown: gpd.GeoDataFrame, audience: Audience, limits: Limits, heard: list[str]) -> None:
    """Withhold who serves, whose customer a place is, and where that is written; what was said in a hearing of all."""
    for column in OFFERS:
        if column not in shown:
            continue
        other = foreign(shown[column], audience)
        offer = column.removesuffix("_provider")
        if limits.providers:
            shown[column] = shown[column].mask(other, limits.stand_in)
            _refer_not(shown, offer, other)
            if offer == "fixed":
                _empty(shown, ("fixed_connection",), other)
        elif f"{offer}_source" in shown:
            _refer_not(shown, offer, other & shown[f"{offer}_source"].isin(heard).to_numpy(dtype=bool))


def _plans(shown: gpd.GeoDataFrame, audience: Audience, limits: Limits, policy: Policy) -> None:
    """Withhold plans but the audience's own: left is that one counts, where a clause on plans keeps a place out."""
    by = shown[PLANS[0]]
    own = (by.notna() & ~foreign(by, audience)).to_numpy(dtype=bool) if audience.operator else _none(shown)
    rules = [clause.id for clause in policy.clauses if clause.rule == "planned_within_horizon"]
    excluding = shown["reason_code"].isin(rules).to_numpy(dtype=bool)
    if "also_excluded_by" in shown:
        also = shown["also_excluded_by"].fillna("").astype(str)
        excluding = excluding | np.array([bool(set(text.split(", ")) & set(rules)) for text in also], dtype=bool)
    shown[PLANS[0]] = by.mask(~own & excluding, limits.stand_in).mask(~own & ~excluding)
    _zero(shown, PLANNED, ~own)
    _empty(shown, ("planned_date",), ~own)
    _refer_not(shown, "planned", ~own)
    if "planned_networks" in shown:
        shown["planned_networks"] = shown["planned_networks"].mask(~own, excluding.astype("int64"))
    shown["plan_told"] = own


def _hearing(shown: gpd.GeoDataFrame, audience: Audience, limits: Limits) -> None:
    for column in HEARD:
        if column not in shown:
            continue
        known = {text: _others(str(text), audience, limits.stand_in) for text in shown[column].dropna().unique()}
        shown[column] = shown[column].map(known).astype("str")
        if column == HEARD[1]:
            other = shown[column].isin([limits.stand_in]).to_numpy(dtype=bool)
            _empty(shown, ("hearing_lapsed_on",), other)


def _others(names: str, audience: Audience, stand_in: str) -> str:
    """Return names with ", " between, those of other operators as one that is not named."""
    parts = pd.Series(names.split(", "), dtype="str")
    return ", ".join(dict.fromkeys(parts.mask(foreign(parts, audience), stand_in)))


def _measured(shown: gpd.GeoDataFrame, where: Bools) -> None:
    _empty(shown, MEASURED, where)
    if "measured_flag" in shown:
        shown["measured_flag"] = shown["measured_flag"] & ~where


def _hide(shown: gpd.GeoDataFrame, personal: Bools) -> gpd.GeoDataFrame:
    """Put homes and persons' firms in their cell, and break what leads back to a row of a file."""
    hidden = shown.assign(
        place_id=cell_ids(shown, personal, by=[name for name in ORDER if name in shown]),
        source=shown["source"].mask(personal, NOT_TOLD),
    )
    _zero(hidden, ("source_row", "correction_row"), personal)
    for offer in REFERRED:
        _refer_not(hidden, offer, personal)
    for name in DISTANCES:
        if name in hidden:
            hidden[name] = hidden[name].mask(personal, (hidden[name] / CELL_M).round() * CELL_M)
    _empty(hidden, ("stranding_capex",), personal)
    return hidden.set_geometry(at_centres(hidden.geometry, personal))


def _refer_not(shown: gpd.GeoDataFrame, offer: str, where: Bools) -> None:
    """Withhold in which row of which source an offer stands."""
    _empty(shown, (f"{offer}_source",), where)
    _zero(shown, (f"{offer}_source_row",), where)


def _empty(shown: gpd.GeoDataFrame, columns: tuple[str, ...], where: Bools) -> None:
    for name in columns:
        if name in shown:
            shown[name] = shown[name].mask(where)


def _zero(shown: gpd.GeoDataFrame, columns: tuple[str, ...], where: Bools) -> None:
    for name in columns:
        if name in shown:
            shown[name] = shown[name].mask(where, 0)


def _none(shown: gpd.GeoDataFrame) -> Bools:
    return np.zeros(len(shown), dtype=bool)
