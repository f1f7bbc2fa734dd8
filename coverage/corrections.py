"""A municipality's corrections, applied to what was loaded: no source is edited, and every change can be traced.

Corrections of use, of kind and missing addresses change or add places; a corrected speed is an offer at one place that
replaces what other sources say exists there. What is planned, and what was measured, stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage.inputs import Inputs, OfferLayer
from coverage.schemas import CORRECTED, CORRECTION_KINDS, check

# What a place is told by that a municipality adds: nothing else is known of it.
NEW: Final[Mapping[str, Any]] = {
    "size_class": "unknown", "year_round": True, "funded_earlier": False, "cell_m": 0.0, "position_basis": "given",
    "employees_basis": "reported",
}  # fmt: skip
TAKEN: Final = (
    "place_id",
    "kind",
    "weight",
    "name",
    "address",
    "postcode",
    "municipality_code",
    "source",
    "source_row",
)
# The column that each correction changes; a corrected speed changes all of the service.
FIELDS: Final[Mapping[str, str]] = {
    "not_inhabited": "year_round", "in_use": "year_round", "wrong_kind": "kind", "missing_address": "place_id",
    "wrong_speed": "fixed_down_mbps",
}  # fmt: skip
COUNTED: Final = {"businesses": "business", "households": "household"}
# Of `trace`, in this order.
COLUMNS: Final = (
    "place_id", "municipality_code", "address", "correction", "field", "was", "now", "comment", "office", "date",
    "source", "source_row", "kind_before", "kind_after", "eligible_before", "eligible_after",
)  # fmt: skip
UNNAMED: Final = "a provider not named"


def correct(inputs: Inputs) -> Inputs:
    """Return the inputs with their corrections applied to places and offers; those of a corrected study as they are."""
    if inputs.corrections.empty or "correction" in inputs.places:
        return inputs
    return replace(
        inputs,
        places=apply(inputs.places, inputs.corrections),
        offers=(*inputs.offers, *speed_layers(inputs.corrections)),
    )


def uncorrected(inputs: Inputs) -> Inputs:
    """Return what is said, without any correction, of the places alone that a correction is about."""
    mine = inputs.places["place_id"].isin(inputs.corrections["place_id"])
    return replace(inputs, places=inputs.places[mine], corrections=inputs.corrections.iloc[:0])


def apply(places: gpd.GeoDataFrame, corrections: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the places (schemas.PLACES) as corrected by settled `corrections` (schemas.CORRECTIONS).

    Every place keeps its row and its order; missing addresses come after them, with `source` and `source_row` of the
    corrections. not_inhabited makes `year_round` false (of firms and public buildings: no longer active), in_use true.
    Corrected places tell so in `correction` (codes, ", " between), `corrected_by`, `corrected_on` and `correction_row`
    with `correction_source` (of the latest one). Without corrections the places are returned as they are.
    """
    if corrections.empty:
        return places
    whole = pd.concat([places, _new_places(places, corrections)], ignore_index=True)
    at = pd.Series(pd.Index(whole["place_id"]).get_indexer(corrections["place_id"]), index=corrections.index)
    year_round, kind = whole["year_round"].to_numpy(copy=True), whole["kind"].to_numpy(dtype=object, copy=True)
    which = corrections["correction"]
    year_round[at[which == "not_inhabited"]] = False
    year_round[at[which == "in_use"]] = True
    kind[at[which == "wrong_kind"]] = corrections.loc[which == "wrong_kind", "kind"]
    corrected = whole.assign(
        year_round=year_round, kind=pd.array(kind, dtype="str"), **_marks(len(whole), at.to_numpy(), corrections)
    )
    return check(gpd.GeoDataFrame(corrected, geometry="geometry", crs=places.crs), CORRECTED, where="corrections")


def speed_layers(corrections: pd.DataFrame) -> tuple[OfferLayer, ...]:
    """Return the corrected speeds as offers (schemas.OFFERS) per place, one layer per file; 0 Mbit/s is no offer."""
    mine = corrections[corrections["correction"] == "wrong_speed"]
    layers = []
    for source, rows in mine.groupby("source", sort=False):
        frame = pd.DataFrame(
            {
                "place_id": rows["place_id"],
                "provider": rows["provider"].fillna(UNNAMED),
                "technology": rows["technology"].fillna("other"),
                "down_mbps": rows["down_mbps"],
                "up_mbps": rows["up_mbps"],
                "down_max_mbps": rows["down_mbps"],
                "up_max_mbps": rows["up_mbps"],
                "status": "existing",
                "available_from": pd.Series(pd.NaT, index=rows.index, dtype="datetime64[s]"),
                "basis": "claimed",
                "upgradeable": False,
                "as_of": rows["date"],
                "source": rows["source"],
                "source_row": rows["source_row"],
            }
        ).reset_index(drop=True)
        text = dict.fromkeys(("provider", "technology", "status", "basis"), "str")
        layers.append(OfferLayer(str(source), "place", frame.astype(text), overrides=True))
    return tuple(layers)


def trace(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, corrections: pd.DataFrame) -> pd.DataFrame:
    """Return one row per correction (COLUMNS): what it changed, and what that did to the premises eligible there.

    `before` holds the judged places that corrections are about as they would be without any, `after` all judged places.
    `field` names the column that changed, `was` and `now` its value as text ("" where there was nothing: a missing
    address, no offer); `eligible_before` and `eligible_after` are premises by weight under all corrections of the place
    together, of `kind_before` and `kind_after`. Sorted by place, then correction.
    """
    old = before.set_index("place_id").reindex(corrections["place_id"]).reset_index()
    new = after.set_index("place_id").reindex(corrections["place_id"]).reset_index()
    told = corrections.reset_index(drop=True)
    texts = [
        (_text(field, first), _text(field, second))
        for field, first, second in zip(
            told["correction"].map(FIELDS), old.to_dict("records"), new.to_dict("records"), strict=True
        )
    ]
    table = pd.DataFrame(
        {
            **{name: told[name] for name in ("place_id", "correction", "comment", "office", "date")},
            "source": told["source"],
            "source_row": told["source_row"],
            "municipality_code": new["municipality_code"],
            "address": new["address"],
            "field": told["correction"].map(FIELDS).astype("str"),
            "was": pd.array([was for was, _ in texts], dtype="str"),
            "now": pd.array([now for _, now in texts], dtype="str"),
            "kind_before": old["kind"].astype("str"),
            "kind_after": new["kind"].astype("str"),
            "eligible_before": (old["weight"] * old["eligible"]).fillna(0.0),
            "eligible_after": new["weight"] * new["eligible"],
        }
    )
    return table[list(COLUMNS)].sort_values(["place_id", "correction"], ignore_index=True)


def summarise(table: pd.DataFrame) -> dict[str, Any]:
    """Count the corrections of `trace` by kind and office, and the premises eligible at their places before and after.

    Returns plain JSON-able values. A place that several corrections are about is counted once.
    """
    once = table.drop_duplicates("place_id")

    def eligible(when: str) -> dict[str, float]:
        premises, kind = once[f"eligible_{when}"], once[f"kind_{when}"]
        return {label: round(float(premises[kind == name].sum()), 1) for label, name in COUNTED.items()}

    return {
        "total": len(table),
        "places": len(once),
        "kinds": {kind: int((table["correction"] == kind).sum()) for kind in CORRECTION_KINDS},
        "offices": {str(office): int(count) for office, count in table.groupby("office", sort=True).size().items()},
        "eligible_before": eligible("before"),
        "eligible_after": eligible("after"),
    }


def corrected_premises(areas: pd.DataFrame, places: pd.DataFrame) -> pd.Series:
    """Return the premises of each area (on the index of `areas`) that stand at corrected places."""
    mine = places[places["correction"].notna() & places["area_id"].notna()]
    counts = mine.groupby("area_id")["weight"].sum()
    return areas["area_id"].map(counts).fillna(0.0).astype(float)


def _new_places(places: gpd.GeoDataFrame, corrections: pd.DataFrame) -> gpd.GeoDataFrame:
    mine = corrections[corrections["correction"] == "missing_address"]
    columns: dict[str, Any] = {}
    for name, kind in places.dtypes.items():
        if name in TAKEN or name == "geometry":
            continue
        unknown = False if kind.kind == "b" else 0 if kind.kind in "iu" else None
        columns[str(name)] = pd.Series([NEW.get(str(name), unknown)] * len(mine), index=mine.index, dtype=kind)
    columns |= {name: mine[name].astype(places[name].dtype) for name in TAKEN}
    columns["buildings"] = mine["weight"]
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(mine["geometry"], crs=places.crs))
    return frame[list(places.columns)]


def _marks(rows: int, at: Any, corrections: pd.DataFrame) -> dict[str, Any]:
    """Return the columns that say of each place what was corrected, by whom and when."""
    order = {kind: number for number, kind in enumerate(CORRECTION_KINDS)}
    told = corrections.assign(_at=at, _kind=corrections["correction"].map(order))
    told = told.sort_values(["_at", "date", "_kind"], na_position="first", kind="stable")
    place = told.groupby("_at", sort=True)
    latest = place.tail(1).set_index("_at")
    codes = told.sort_values(["_at", "_kind"]).groupby("_at")["correction"].agg(", ".join)
    offices = place["office"].agg(lambda names: ", ".join(dict.fromkeys(names)))

    def spread(values: pd.Series, dtype: Any) -> pd.Series:
        return values.reindex(np.arange(rows)).astype(dtype)

    return {
        "correction": spread(codes, "str"),
        "corrected_by": spread(offices, "str"),
        "corrected_on": spread(latest["date"], "datetime64[s]"),
        "correction_row": latest["source_row"].reindex(np.arange(rows), fill_value=0).astype("int64"),
        "correction_source": spread(latest["source"], "str"),
    }


def _text(field: str, place: Mapping[str, Any]) -> str:
    """Return the value of a place's column as text; of a speed the whole offer."""
    if pd.isna(place["kind"]):
        return ""  # it was not in the register
    match field:
        case "year_round":
            return "true" if place["year_round"] else "false"
        case "place_id":
            return str(place["place_id"])
        case "kind":
            return str(place["kind"])
        case _:
            return _offer_text(place)


def _offer_text(place: Mapping[str, Any]) -> str:
    if place["service_basis"] == "expected_share":
        return "expected_share"
    if pd.isna(place["fixed_provider"]):
        return ""
    speed = f"{place['fixed_down_mbps']:g}/{place['fixed_up_mbps']:g} Mbit/s"
    return f"{speed} {place['fixed_technology']}, {place['fixed_provider']}"
