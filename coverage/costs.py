"""What each technology costs in each area, and which one is proposed.

Amounts are in the cost book's currency and price year, without VAT. Capex holds what is built for everybody and
the connections that the book's take-up expects; `connected` is never `passed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage.bill import Bill, make_bill, revenue, surface_metres
from coverage.costbook import CostBook, CostItem, load_costs
from coverage.errors import PolicyError
from coverage.finance import Array
from coverage.kinds import FIXED, MOBILE, is_mobile
from coverage.parts import (
    MIXED,
    MOBILE_SITE,
    OVERHEAD,
    POLICY_NAMES,
    SURFACE_ITEMS,
    TECHNOLOGIES,
    base_levels,
    earning_years,
    factors,
    project_share,
    upkeep_share,
)
from coverage.policy import Policy

__all__ = ["CostBook", "CostItem", "load_costs", "price", "propose"]

OPTION_COLUMNS: Final = (
    "area_id", "technology", "premises", "capex", "capex_per_premises", "opex_per_year", "pv_opex", "pv_replacement",
    "pv_residual", "pv_revenue", "lifetime_cost", "net_cost", "down_mbps", "up_mbps", "meets_delivery",
)  # fmt: skip
TOTALS: Final = ("capex", "opex_per_year", "pv_opex", "pv_replacement", "pv_residual", "pv_revenue")
LINE_COLUMNS: Final = (
    "area_id", "technology", "item", "quantity", "unit", "unit_cost", "amount", "source", "confidence",
)  # fmt: skip


def price(
    areas: gpd.GeoDataFrame, routes: pd.DataFrame, *, book: CostBook, policy: Policy
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Price every technology that an area of its kind can be built in: fixed (also where no kind is told) or mobile.

    Returns the options (OPTION_COLUMNS, one row per area and technology) and the cost lines (LINE_COLUMNS) that sum
    to each option's capex. `lifetime_cost` is capex + the present value of upkeep and replacement less the residual,
    over the policy's horizon at the book's real rate, before tax; `net_cost` takes the revenue off as well and, where
    above 0, is the funding gap of the business case.
    An option meets the delivery clause if the policy counts its technology as fixed service, it reaches every premises
    and its speeds reach what the area's tiers demand: of wireless what is left under load for the furthest customer,
    where the terrain was read. A mobile site gives no fixed speed (0) and owes none.
    """
    options, lines = [], []
    levels = base_levels(book)
    years = earning_years(book, rate=levels.rate, horizon=policy.subsidy.horizon_years)
    for some, technology in _to_price(areas):
        bill = make_bill(some, routes, technology=technology, book=book)
        value = factors(technology, book, rate=levels.rate, horizon=policy.subsidy.horizon_years)
        totals = {name: np.zeros(len(some)) for name in TOTALS}
        for part, amounts in bill.amounts(levels, book):
            amount, factor = amounts[:, 0], value[part.item]
            totals["capex"] += amount
            totals["opex_per_year"] += amount * upkeep_share(part, book) * project_share(technology, book)
            totals["pv_opex"] += amount * factor.opex
            totals["pv_replacement"] += amount * factor.replacement
            totals["pv_residual"] += amount * factor.residual
        totals["pv_revenue"] += revenue(bill, levels, book, years=years)[:, 0]
        options.append(_option(some, bill, totals, book=book, policy=policy))
        lines.append(_lines(some, bill, book=book))
    # Stable: within an area the technologies keep the order of TECHNOLOGIES and the lines that of the bill.
    return (
        pd.concat(options, ignore_index=True).sort_values("area_id", kind="stable", ignore_index=True),
        pd.concat(lines, ignore_index=True).sort_values("area_id", kind="stable", ignore_index=True),
    )


def _to_price(areas: gpd.GeoDataFrame) -> Iterator[tuple[gpd.GeoDataFrame, str]]:
    """Yield the areas of each kind with each technology for them; without mobile areas all are fixed."""
    mobile = is_mobile(areas)
    for kind, some in ((FIXED, areas if not mobile.any() else areas[~mobile]), (MOBILE, areas[mobile])):
        if len(some) or kind == FIXED:
            yield from ((some, technology) for technology in TECHNOLOGIES[kind])


def propose(areas: gpd.GeoDataFrame, options: pd.DataFrame, *, policy: Policy) -> gpd.GeoDataFrame:
    """Give each area the technology of least net cost among those that meet its delivery clause.

    Fibre and wireless earn the same, so between them that is the least lifetime cost; a voucher earns nothing.
    Adds technology, capex, capex_per_premises (0 where there are no premises), opex_per_year, delivered_down_mbps,
    delivered_up_mbps, over_ceiling and over_ceiling_reason: the ceiling is of what a connection may cost, so a mobile
    site is never above it. Ties go to the first of FIXED_TECHNOLOGIES. Raises PolicyError if nothing in the cost
    book reaches what an area must be given.
    """
    able = options[options["meets_delivery"]].sort_values(["area_id", "net_cost"], kind="stable")
    best = able.drop_duplicates("area_id").set_index("area_id")
    without = areas[~areas["area_id"].isin(best.index)]
    if len(without):
        area = without.iloc[0]
        raise PolicyError(
            f"area {area['area_id']}: no technology of the cost book that the policy counts gives "
            f"{area['deliver_down_mbps']:g}/{area['deliver_up_mbps']:g} Mbit/s"
        )
    chosen = best.loc[list(areas["area_id"])]
    ceiling = policy.subsidy.ceiling_per_premises
    each = chosen["capex_per_premises"].to_numpy()
    over = (each > ceiling) & ~is_mobile(areas)
    reasons = [f"{cost:,.0f} per premises is above the policy's ceiling of {ceiling:,.0f}" for cost in each]
    return areas.assign(
        technology=chosen["technology"].to_numpy(),
        capex=chosen["capex"].to_numpy(),
        capex_per_premises=each,
        opex_per_year=chosen["opex_per_year"].to_numpy(),
        delivered_down_mbps=chosen["down_mbps"].to_numpy(),
        delivered_up_mbps=chosen["up_mbps"].to_numpy(),
        over_ceiling=over,
        over_ceiling_reason=pd.array(np.where(over, reasons, "").astype(object), dtype="str"),
    )


def _option(
    areas: pd.DataFrame, bill: Bill, totals: dict[str, Array], *, book: CostBook, policy: Policy
) -> pd.DataFrame:
    if bill.technology == MOBILE_SITE:
        down, up, counted = bill.down_mbps, 0.0, True
    else:
        down = np.minimum(book[f"{bill.technology}_down_mbps"].value, bill.down_mbps)
        up = book[f"{bill.technology}_up_mbps"].value
        counted = POLICY_NAMES[bill.technology] in policy.fixed.technologies
    each = np.divide(totals["capex"], bill.premises, out=np.zeros(len(areas)), where=bill.premises > 0)
    lifetime = totals["capex"] + totals["pv_opex"] + totals["pv_replacement"] - totals["pv_residual"]
    columns = {
        "area_id": areas["area_id"].to_numpy(),
        "technology": bill.technology,
        "premises": bill.premises,
        **totals,
        "capex_per_premises": each,
        "lifetime_cost": lifetime,
        "net_cost": lifetime - totals["pv_revenue"],
        "down_mbps": down,
        "up_mbps": up,
        "meets_delivery": counted
        & bill.reaches
        & (areas["deliver_down_mbps"].to_numpy() <= down)
        & (areas["deliver_up_mbps"].to_numpy() <= up),
    }
    return pd.DataFrame(columns)[list(OPTION_COLUMNS)]


def _lines(areas: pd.DataFrame, bill: Bill, *, book: CostBook) -> pd.DataFrame:
    """Write out the bill: one line per area and item, route by surface, design overhead on its own line."""
    levels = base_levels(book)
    base = np.zeros(len(areas))
    frames = []

    def add(item: str, quantity: Array, unit: str) -> Array:
        row = book[item]
        amount = np.asarray(quantity * row.value)
        frames.append(
            pd.DataFrame(
                {
                    "area_id": areas["area_id"].to_numpy(),
                    "technology": bill.technology,
                    "item": item,
                    "quantity": quantity,
                    "unit": unit,
                    "unit_cost": row.value,
                    "amount": amount,
                    "source": row.source,
                    "confidence": row.confidence,
                }
            )
        )
        return amount

    surfaces = surface_metres(bill, levels, book)
    if any(part.item in MIXED for part in bill.parts):
        for item, metres in surfaces.items():
            base = base + add(item, metres[:, 0], book[item].unit)
    for column, part in enumerate(bill.parts):
        if part.item in MIXED or part.item in SURFACE_ITEMS:
            continue
        amount = add(part.item, bill.quantities(column, levels)[:, 0], book[part.item].unit)
        base = base + (amount if part.designed else 0.0)
    add(OVERHEAD, base, f"{book.currency}, {book[OVERHEAD].unit}")
    lines = pd.concat(frames, ignore_index=True)
    return lines.loc[lines["quantity"] > 0, list(LINE_COLUMNS)]
