"""The same places under two policies: who is eligible under both, under one alone, or under neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.errors import DataError
from coverage.policy import Policy

Floats = npt.NDArray[np.float64]

OUTCOMES: Final = ("both", "only_a", "only_b", "neither")  # as codes of the column `contrast`
SHORT: Final = ("short_a", "short_b")
COUNTED: Final = {"premises": None, "businesses": "business", "households": "household"}
OUTSIDE: Final = "outside"  # stands for the code of a municipality where there is none


@dataclass(frozen=True)
class Contrast:
    """Hold two verdicts side by side.

    `places` has the index of the judged places: place_id, municipality_code, kind, weight, tier_a, tier_b,
    eligible_a, eligible_b (shares of the row's premises), reason_code_a, reason_code_b, `contrast` (one of OUTCOMES,
    the one with the most premises), `changed` (premises eligible under one policy alone), geometry.

    `municipalities` has one row per code, sorted, and columns `<what>_<outcome>` and `<what>_short_a`,
    `<what>_short_b`, where what is premises, businesses or households, counted by weight; `premises`, `businesses`
    and `households` are all there are. `total` is its sum.

    `judged_a` and `judged_b` are the frames of judged places that were compared, with service and reason.
    """

    policy_a: str
    policy_b: str
    places: gpd.GeoDataFrame
    municipalities: pd.DataFrame
    total: pd.Series[float]
    judged_a: gpd.GeoDataFrame
    judged_b: gpd.GeoDataFrame

    def summary(self) -> dict[str, Any]:
        """Return the counts as plain JSON-able values, one decimal where shares make counts fractional."""
        rows = self.municipalities.set_index("municipality_code")
        return {
            "policy_a": self.policy_a,
            "policy_b": self.policy_b,
            **_nested(self.total),
            "municipalities": [{"code": str(code), **_nested(row)} for code, row in rows.iterrows()],
        }


def contrast(places_a: gpd.GeoDataFrame, places_b: gpd.GeoDataFrame, *, policy_a: Policy, policy_b: Policy) -> Contrast:
    """Set the verdicts of two policies on the same places side by side.

    Both frames hold schemas.PLACES and VERDICT for the same place ids in the same order. Where service is a share of
    a municipality, both policies draw a line through the same speeds, so that the smaller eligible share lies inside
    the larger one. Raises DataError if the places are not the same.
    """
    same = len(places_a) == len(places_b) and (places_a["place_id"].to_numpy() == places_b["place_id"].to_numpy()).all()
    if not same:
        raise DataError(
            f"contrast: the places judged under {policy_a.id!r} and {policy_b.id!r} are not the same; expected the "
            "same place ids in the same order"
        )
    a, b = (places["eligible"].to_numpy(dtype=float) for places in (places_a, places_b))
    both, either = np.minimum(a, b), np.maximum(a, b)
    shares = np.column_stack([both, a - both, b - both, 1.0 - either])
    weight = places_a["weight"].to_numpy(dtype=float)
    columns = {
        name: places_a[name].array for name in ("place_id", "municipality_code", "kind", "weight")
    } | {
        f"{name}_{side}": places[name].array
        for name in ("tier", "eligible", "reason_code")
        for side, places in (("a", places_a), ("b", places_b))
    }  # fmt: skip
    frame = gpd.GeoDataFrame(
        {
            **columns,
            "contrast": pd.Series(OUTCOMES, dtype="str").array.take(shares.argmax(axis=1)),
            "changed": weight * (either - both),
        },
        index=places_a.index,
        geometry=places_a.geometry.array,
        crs=places_a.crs,
    )
    short = np.column_stack([places["short_fixed"].to_numpy(dtype=float) for places in (places_a, places_b)])
    counts = _counts(places_a, np.column_stack([shares, short]) * weight[:, None], weight)
    code = places_a["municipality_code"].fillna(OUTSIDE).to_numpy(dtype=object)
    table = counts.groupby(code, sort=True).sum()
    return Contrast(
        policy_a=policy_a.id,
        policy_b=policy_b.id,
        places=frame,
        municipalities=table.rename_axis("municipality_code").reset_index(),
        total=table.sum(),
        judged_a=places_a,
        judged_b=places_b,
    )


def _counts(places: gpd.GeoDataFrame, parts: Floats, weight: Floats) -> pd.DataFrame:
    kind = places["kind"].to_numpy(dtype=object)
    columns: dict[str, Any] = {}
    for what, wanted in COUNTED.items():
        here = np.ones(len(places)) if wanted is None else (kind == wanted).astype(float)
        columns[what] = weight * here
        for number, outcome in enumerate((*OUTCOMES, *SHORT)):
            columns[f"{what}_{outcome}"] = parts[:, number] * here
    return pd.DataFrame(columns, index=places.index)


def _nested(row: pd.Series) -> dict[str, Any]:
    return {
        "places": {what: _count(row[what]) for what in COUNTED},
        **{outcome: {what: _count(row[f"{what}_{outcome}"]) for what in COUNTED} for outcome in (*OUTCOMES, *SHORT)},
    }


def _count(value: float) -> float | int:
    rounded = round(float(value), 1)
    return int(rounded) if rounded.is_integer() else rounded
