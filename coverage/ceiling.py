"""What each ceiling on the cost of a connection would buy: the curve over which a county can set one.

A room beside the proposal: it asks what the proposal becomes if an area above a ceiling gets something cheaper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.errors import DataError
from coverage.kinds import is_mobile
from coverage.parts import FIXED_TECHNOLOGIES
from coverage.policy import VIEWS, Policy

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

FIBRE: Final = "fibre"
VOUCHER: Final = "voucher"
STEPS: Final = 60
COLUMNS: Final = (
    "ceiling", *(f"premises_{name}" for name in FIXED_TECHNOLOGIES), "premises_below_delivery", "areas_above",
    "areas_changed", "capex", "funding_gap",
)  # fmt: skip


def sweep(
    areas: gpd.GeoDataFrame,
    options: pd.DataFrame,
    *,
    policy: Policy,
    ceilings: Sequence[float] | None = None,
    view: str = "",
) -> pd.DataFrame:
    """Say, for each ceiling on capex per premises, what is built under it and what that costs; rising, one row each.

    `areas` are proposed (`costs.propose`) and `options` their priced technologies (`costs.price`). An area whose
    proposal costs no more than the ceiling keeps it. One above gets, of what costs less per premises than the proposal,
    the cheapest technology within the ceiling that meets its delivery clause, and where there is none, the cheapest of
    those and the voucher, whatever the policy counts; nothing cheaper: it keeps the proposal. Fibre is never what an
    area above a ceiling gets, so a higher ceiling never lowers the premises with fibre, nor capex, and an infinite one
    gives the proposal itself. Areas of kind mobile are left out: the ceiling is of what a connection may cost.

    Columns (COLUMNS): premises by technology; `premises_below_delivery` get less than their clause asks for;
    `areas_above` have a proposal above the ceiling, and `areas_changed` get something else for it; capex; and the
    funding gap at the book's own figures, in the policy's view or `view`. Without `ceilings`: STEPS of them over what
    the proposals cost, the policy's own if it has one, and inf. Raises DataError for a ceiling below 0 or an unknown
    view.
    """
    view = view or policy.subsidy.view
    if view not in VIEWS:
        raise DataError(f"ceiling: view is {view!r}; expected one of {', '.join(VIEWS)}")
    fixed = areas[~is_mobile(areas)].sort_values("area_id", kind="stable")
    each, capex, gap, able = (_table(fixed, options, name) for name in ("each", "capex", "gap", "meets_delivery"))
    gap = _gap(fixed, capex, gap, policy=policy, view=view)
    proposed = pd.Index(FIXED_TECHNOLOGIES).get_indexer(fixed["technology"])
    rows = np.arange(len(fixed))
    own = each[rows, proposed]
    levels = _ceilings(own, policy) if ceilings is None else np.unique(np.asarray(ceilings, dtype=float))
    if np.isnan(levels).any() or (levels < 0).any():
        raise DataError("ceiling: a ceiling below 0, or none; expected amounts of 0 or more")

    names = np.array(FIXED_TECHNOLOGIES)
    cheaper = (each < own[:, None]) & (names != FIBRE)
    meets = cheaper & (able > 0)
    at_last = cheaper & ((able > 0) | (names == VOUCHER))
    last = _cheapest(each, at_last, otherwise=proposed)
    premises = fixed["premises"].to_numpy(dtype=float)
    found = []
    for level in levels:
        within = meets & (each <= level)
        other = np.where(within.any(axis=1), _cheapest(each, within, otherwise=last), last)
        above = own > level
        chosen = np.where(above, other, proposed)
        found.append(
            (
                level,
                *(float(premises[chosen == number].sum()) for number in range(len(names))),
                float(premises[able[rows, chosen] <= 0].sum()),
                int(above.sum()),
                int((chosen != proposed).sum()),
                float(capex[rows, chosen].sum()),
                float(gap[rows, chosen].sum()),
            )
        )
    return pd.DataFrame(found, columns=list(COLUMNS))


def _table(areas: pd.DataFrame, options: pd.DataFrame, name: str) -> Floats:
    """Return areas × FIXED_TECHNOLOGIES of one figure of the options; raises DataError where an option is missing."""
    column = {"each": "capex_per_premises", "gap": "net_cost"}.get(name, name)
    pairs = pd.MultiIndex.from_product([areas["area_id"], FIXED_TECHNOLOGIES])
    found = options.set_index(["area_id", "technology"])[column].reindex(pairs)
    wide = found.to_numpy(dtype=float, na_value=np.nan).reshape(len(areas), len(FIXED_TECHNOLOGIES))
    if np.isnan(wide).any():
        area = areas["area_id"].iloc[int(np.flatnonzero(np.isnan(wide).any(axis=1))[0])]
        raise DataError(f"ceiling: the area {area!r} is not priced in every technology; expected its options")
    return np.asarray(wide)


def _gap(areas: pd.DataFrame, capex: Floats, net_cost: Floats, *, policy: Policy, view: str) -> Floats:
    if view == "private_cap":
        premises = areas["premises"].to_numpy(dtype=float)
        net_cost = capex - policy.subsidy.private_cap_per_premises * premises[:, None]
    return np.maximum(0.0, net_cost)


def _cheapest(each: Floats, allowed: Bools, *, otherwise: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return the column of the least cost per premises among the allowed; ties in the order of FIXED_TECHNOLOGIES."""
    best = np.where(allowed, each, np.inf).argmin(axis=1)
    return np.where(allowed.any(axis=1), best, otherwise)


def _ceilings(own: Floats, policy: Policy) -> Floats:
    """Return STEPS ceilings at even steps of the ranking of what proposals cost, the policy's own, and inf."""
    steps = np.quantile(own, np.linspace(0, 1, STEPS)) if len(own) else np.zeros(0)
    return np.unique(np.append(steps, [policy.subsidy.ceiling_per_premises, np.inf]))
