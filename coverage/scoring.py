"""Score areas by a template: its rule, weights and bounds, whatever other areas there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.criteria import column, measure_all, scale, weigh
from coverage.errors import PolicyError
from coverage.templates import REFERENCE_PERCENT, REFERENCE_PRICE, Prices, Template

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def score(
    areas: pd.DataFrame,
    template: Template,
    *,
    currency: str,
    weights: Mapping[str, float] | None = None,
    local_share: float = 0.0,
) -> pd.DataFrame:
    """Score areas by a template, on their index; the score of an area hangs on no other area.

    Adds `measure_<criterion>` (raw), `score_<criterion>` (0 to 100), `score` (0 to 100), `points` (of
    `template.max_points`), `rejected` (above the highest price that is accepted; such an area scores 0),
    `not_measured` (ids of the criteria that the data do not tell, ", " between), `reaches_<mark>` and, where there are
    prices, the `reference_grant` compared with. `weights` stand in place of the template's; `local_share` is the
    policy's, see `criteria.measure_all`.

    Raises PolicyError if the template's amounts are in another currency than `currency`, or if it has no reference
    price in it and the areas have no `reference_grant`; DataError if a column is missing.
    """
    require_currency(template, currency)
    if template.rule == REFERENCE_PRICE:
        areas = _with_reference(areas, template, currency)
    chosen = template.with_weights(weights or {})
    raw = measure_all(areas, template.criteria, local_share=local_share)
    rejected = np.zeros(len(areas), dtype=bool)
    if template.prices is not None:
        points, rejected = price_points(raw[REFERENCE_PERCENT], template.prices)
        total = 100.0 * points / template.max_points
        scores = {REFERENCE_PERCENT: total}
    else:
        scores = {criterion.id: scale(raw[criterion.id], criterion) for criterion in template.criteria}
        total = weigh(scores, chosen, rows=len(areas))
        points = total * template.max_points / 100.0
    found: dict[str, Any] = {f"measure_{name}": values for name, values in raw.items()}
    found |= {f"score_{name}": values for name, values in scores.items()}
    found |= {"score": total, "points": points, "rejected": rejected, "not_measured": _not_measured(raw)}
    if template.rule == REFERENCE_PRICE:
        found["reference_grant"] = column(areas, "reference_grant")
    # A sum of weighted parts may miss a round number by its last digit.
    found |= {f"reaches_{mark.id}": points >= mark.points - 1e-9 * template.max_points for mark in template.marks}
    return pd.DataFrame(found, index=areas.index)


def require_currency(template: Template, currency: str) -> None:
    """Raise PolicyError if a template's amounts are in another currency than those of the areas."""
    if template.currency not in ("", currency):
        raise PolicyError(
            f"template {template.id}: its amounts are in {template.currency}, and those of the areas in {currency}"
        )


def price_points(percent: Floats, prices: Prices) -> tuple[Floats, Bools]:
    """Return the points of requests in percent of their reference, none below 0, and which of them are rejected."""
    within = prices.points_within - _whole(percent)
    above = prices.points_above - _whole(percent - 100.0)
    points = np.where(percent <= 100.0, within, above)
    rejected = np.asarray(percent > prices.reject_above, dtype=bool)
    return np.where(np.isnan(percent) | rejected, 0.0, np.maximum(points, 0.0)), rejected


def _whole(percent: Floats) -> Floats:
    """Round to whole numbers, halves up."""
    return np.asarray(np.floor(percent + 0.5), dtype=float)


def _with_reference(areas: pd.DataFrame, template: Template, currency: str) -> pd.DataFrame:
    """Return the areas with a `reference_grant` each: their own, else the template's price times their premises."""
    own = column(areas, "reference_grant") if "reference_grant" in areas else np.full(len(areas), np.nan)
    if not np.isnan(own).any():
        return areas
    price = next((item.per_premises for item in template.references if item.currency == currency), None)
    if price is None:
        raise PolicyError(
            f"template {template.id}: it has no reference price in {currency}; give the areas a reference_grant"
        )
    premises = column(areas, "premises")
    return areas.assign(reference_grant=np.where(np.isnan(own), price * premises, own))


def _not_measured(raw: Mapping[str, Floats]) -> Any:
    names = np.array(list(raw), dtype=object)
    missing = np.column_stack([np.isnan(values) for values in raw.values()])
    return pd.array([", ".join(names[row]) for row in missing], dtype="str")
