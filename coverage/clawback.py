"""What is paid back if more connect than was assumed when the grant was set.

Aid without competitive selection may not be more than the eligible costs less the operating profit, projected over
the economic life and checked again afterwards by a clawback (GBER art. 52(2), EUR-Lex). That it is mandatory from
EUR 10 million of aid is general knowledge (`subsidy.clawback_above` of the policy, inf: never) and so marked.
A room above the estimate: it is made again at the take-up that came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import geopandas as gpd
import pandas as pd

from coverage.costbook import CostBook
from coverage.errors import DataError
from coverage.policy import Policy
from coverage.scenario import Scenario
from coverage.subsidy import estimate

CLAWBACK_COLUMNS: Final = (
    "take_up", "connections", "needed", "paid", "paid_back", "state_back", "county_back", "municipal_back", "mandatory",
)  # fmt: skip
TAKE_UPS: Final = ("take_up_household", "take_up_business")
PUBLIC: Final = {"state_back": "state_share", "county_back": "county_share", "municipal_back": "municipal_share"}


def clawback(
    area: gpd.GeoDataFrame,
    routes: pd.DataFrame,
    *,
    book: CostBook,
    policy: Policy,
    scenario: Scenario,
    parts: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
) -> pd.DataFrame:
    """Reckon what one area's operator pays back where more connect than the cost book assumes.

    `area` is one row with its technology and `parts` are shares, 0 to 1, of those who were not expected to connect and
    do. One row per part (CLAWBACK_COLUMNS): take_up is connections over premises; `paid` is the public money
    (state, county and municipality) of the scenario's own estimate, `needed` what the business case at the new
    take-up shows, after what residents and others gave; `paid_back` is what was paid above it, in today's real
    money, to each purse in the measure in which it paid; `mandatory` says whether the policy demands it at that aid.
    Raises DataError for another number of areas than one or a part outside 0..1.
    """
    if len(area) != 1:
        raise DataError(f"clawback: {len(area)} areas are given; expected one")
    wrong = [part for part in parts if not 0 <= part <= 1]
    if wrong:
        raise DataError(f"clawback: a part of {wrong[0]!r} cannot connect; expected 0 to 1")
    routes = routes[routes["area_id"] == area["area_id"].iloc[0]]
    then = estimate(area, routes, book=book, policy=policy, scenario=scenario)[0].iloc[0]
    paid = float(then["grant"] + then["municipal_share"])
    pledged = {str(then["area_id"]): float(then["private_share"])}
    checked = scenario.with_changes(view="business_case", connection_fee=0.0, dugnad_m=0.0)
    premises, rows = float(then["premises"]), []
    for part in parts:
        changed = tuple((item, book[item].value + part * (1.0 - book[item].value)) for item in TAKE_UPS)
        seen = book.with_values(changed) if part else book
        # What residents pledged stays what it was: it is their money too that would be too much.
        now = estimate(area, routes, book=seen, policy=policy, scenario=checked, private=pledged)[0].iloc[0]
        needed = float(now["grant"] + now["municipal_share"])
        back = max(0.0, paid - needed)
        purses = {name: back * float(then[share]) / paid if paid else 0.0 for name, share in PUBLIC.items()}
        rows.append(
            {
                "take_up": float(now["connections"]) / premises if premises else 0.0,
                "connections": float(now["connections"]),
                "needed": needed,
                "paid": paid,
                "paid_back": back,
                **purses,
                "mandatory": paid > policy.subsidy.clawback_above,
            }
        )
    return pd.DataFrame(rows, columns=list(CLAWBACK_COLUMNS))
