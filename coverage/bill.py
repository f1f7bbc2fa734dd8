"""The bill of quantities: what each technology needs in each area, at which price, and how long each part lasts.

A room below `costs` and `subsidy`, which both need it and may not import each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage.costbook import CostBook
from coverage.errors import DataError
from coverage.finance import Array, annuity, replacement, residual

FIXED_TECHNOLOGIES: Final = ("fibre", "fwa", "voucher")
# What a policy's list of fixed technologies calls them.
POLICY_NAMES: Final = {"fibre": "fibre", "fwa": "fwa", "voucher": "satellite"}
# Metres of land route are priced as a mix of these surfaces.
TRENCH: Final = "trench_m"
SURFACE_ITEMS: Final = ("verge_trench_m", "soil_trench_m", "rock_trench_m", "aerial_m")
OVERHEAD: Final = "design_overhead"


@dataclass(frozen=True)
class Part:
    """Stand for one priced part: `life` names a life_ item (route: duct and cable mixed), `upkeep` an opex_ item."""

    item: str
    life: str
    upkeep: str
    designed: bool  # carries the overhead for design, permits and supervision


PARTS: Final[Mapping[str, tuple[Part, ...]]] = {
    "fibre": (
        Part(TRENCH, "route", "passive", designed=True),
        Part("subsea_m", "cable", "passive", designed=True),
        Part("subsea_landing", "duct", "passive", designed=True),
        Part("splitter_premises", "cable", "passive", designed=True),
        Part("drop_m", "cable", "passive", designed=False),
        Part("drop_premises", "cable", "passive", designed=False),
        Part("active_premises", "active", "active", designed=False),
        Part("cpe", "cpe", "none", designed=False),
    ),
    "fwa": (
        Part("fwa_new_site", "mast", "active", designed=True),
        Part("fwa_site_upgrade", "active", "active", designed=True),
        Part("fwa_cpe", "cpe", "none", designed=False),
    ),
    "voucher": (Part("voucher_premises", "cpe", "none", designed=False),),
}


@dataclass(frozen=True)
class Levels:
    """Hold one or more settings of what is uncertain: prices by item, shares and rates, each of n values."""

    prices: Mapping[str, Array]
    rock_share: Array
    take_up_household: Array
    take_up_business: Array
    rate: Array  # real, before tax


@dataclass(frozen=True)
class Bill:
    """Hold the quantities of one technology for some areas, in the order of PARTS.

    `fixed` is built whoever connects; `home` and `business` are for all homes or all businesses and public
    bodies, and are multiplied by their take-up. Each is areas × parts; `homes` and `businesses` count premises.
    """

    technology: str
    fixed: Array
    home: Array
    business: Array
    homes: Array
    businesses: Array
    premises: Array

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return the priced parts, one per column."""
        return PARTS[self.technology]

    def rows(self, select: slice | Array) -> Bill:
        """Return the bill of some of the areas."""
        keep = ("fixed", "home", "business", "homes", "businesses", "premises")
        return Bill(self.technology, **{name: getattr(self, name)[select] for name in keep})

    def quantities(self, column: int, levels: Levels) -> Array:
        """Return areas × n quantities of one part."""
        return np.asarray(
            self.fixed[:, column, None]
            + self.home[:, column, None] * levels.take_up_household
            + self.business[:, column, None] * levels.take_up_business
        )

    def amounts(self, levels: Levels, book: CostBook) -> Iterator[tuple[Part, Array]]:
        """Yield each part with its capex, areas × n; parts that no area needs are left out."""
        for column, part in enumerate(self.parts):
            if self.fixed[:, column].any() or self.home[:, column].any() or self.business[:, column].any():
                yield part, self.quantities(column, levels) * price_of(part, levels, book)


def base_levels(book: CostBook) -> Levels:
    """Return the book's own values as one setting."""
    return Levels(
        prices={row.item: np.array([row.value]) for row in book.items},
        rock_share=np.array([book["rock_share"].value]),
        take_up_household=np.array([book["take_up_household"].value]),
        take_up_business=np.array([book["take_up_business"].value]),
        rate=np.array([(1.0 + book["wacc"].value) / (1.0 + book["inflation"].value) - 1.0]),
    )


def surface_shares(book: CostBook, rock_share: Array) -> dict[str, Array]:
    """Split land route over surfaces: soil and rock are shares of what is not aerial, the verge takes the rest."""
    buried = 1.0 - book["aerial_share"].value
    soil = book["soil_share"].value
    same = np.ones_like(rock_share)
    shares = ((1.0 - soil - rock_share) * buried, soil * buried * same, rock_share * buried, (1.0 - buried) * same)
    return {item: np.asarray(share) for item, share in zip(SURFACE_ITEMS, shares, strict=True)}


def price_of(part: Part, levels: Levels, book: CostBook) -> Array:
    """Return the price of one unit of a part: land route mixed over its surfaces, design overhead put on top."""
    if part.item == TRENCH:
        price = np.zeros_like(levels.rock_share)
        for item, share in surface_shares(book, levels.rock_share).items():
            price += share * levels.prices[item]
    else:
        price = levels.prices[part.item]
    return np.asarray(price * (1.0 + levels.prices[OVERHEAD])) if part.designed else price


def life_mix(part: Part, book: CostBook) -> dict[int, float]:
    """Return a part's lives in years with the share of its cost that has each."""
    if part.life != "route":
        return {int(book[f"life_{part.life}"].value): 1.0}
    cable = book["cable_share"].value
    mix: dict[int, float] = {}
    for name, share in (("duct", 1.0 - cable), ("cable", cable)):
        life = int(book[f"life_{name}"].value)
        mix[life] = mix.get(life, 0.0) + share
    return mix


def upkeep_share(part: Part, book: CostBook) -> float:
    """Return the yearly cost of running a part, as a share of its capex."""
    return 0.0 if part.upkeep == "none" else book[f"opex_{part.upkeep}"].value


@dataclass(frozen=True)
class Factors:
    """Hold today's value of a part's upkeep, replacement and residual, per unit of its capex; one per rate."""

    opex: Array
    replacement: Array
    residual: Array

    @property
    def whole_life(self) -> Array:
        """Return capex + upkeep + replacement - residual, per unit of capex."""
        return np.asarray(1.0 + self.opex + self.replacement - self.residual)


def factors(technology: str, book: CostBook, *, rate: Array, horizon: int) -> dict[str, Factors]:
    """Return the present-value factors of each part of a technology, by item."""
    years = annuity(rate, horizon)
    found = {}
    for part in PARTS[technology]:
        again, left = np.zeros_like(rate), np.zeros_like(rate)
        for life, share in life_mix(part, book).items():
            again = again + share * replacement(rate, life, horizon)
            left = left + share * residual(rate, life, horizon)
        found[part.item] = Factors(upkeep_share(part, book) * years, again, left)
    return found


def net_arpu_year(book: CostBook, *, kind: str, technology: str) -> float:
    """Return a year's revenue per connection, without VAT and cost of sales; `kind` is household or business."""
    cost = "voucher_cost_of_sales" if technology == "voucher" else "cost_of_sales"
    month = book[f"arpu_{kind}_month"].value * (1.0 - book["vat_share"].value) * (1.0 - book[cost].value)
    return 12.0 * month


def earning_years(book: CostBook, *, rate: Array, horizon: int) -> Array:
    """Return today's value of 1 a year at full take-up, with the ramp before it; one per rate."""
    return annuity(rate, horizon, book["take_up_ramp_years"].value)


def revenue(bill: Bill, levels: Levels, book: CostBook, *, years: Array) -> Array:
    """Return today's value of net revenue over `years` (of `earning_years`), areas × n; homes and businesses apart."""
    home = net_arpu_year(book, kind="household", technology=bill.technology) * levels.take_up_household
    business = net_arpu_year(book, kind="business", technology=bill.technology) * levels.take_up_business
    return np.asarray((bill.homes[:, None] * home + bill.businesses[:, None] * business) * years)


def aligned(areas: pd.DataFrame, routes: pd.DataFrame) -> pd.DataFrame:
    """Return the routes in the order of the areas, or raise DataError naming the first area without its route."""
    for name, frame in (("areas", areas), ("routes", routes)):
        twice = frame["area_id"][frame["area_id"].duplicated()]
        if len(twice):
            raise DataError(f"{name}: the area {twice.iloc[0]!r} is there twice; expected one row per area_id")
    missing = areas["area_id"][~areas["area_id"].isin(routes["area_id"])]
    if len(missing):
        raise DataError(f"routes: the area {missing.iloc[0]!r} has no route; expected one row per area_id")
    return routes.set_index("area_id").loc[list(areas["area_id"])]


def make_bill(areas: gpd.GeoDataFrame, routes: pd.DataFrame, *, technology: str, book: CostBook) -> Bill:
    """Count what one technology needs in each area.

    Uses from `areas`: premises, businesses, public and geometry (metres); from `routes`: trench_m, subsea_m,
    drop_m. Homes are premises less businesses and public bodies, so holiday homes count as homes where a
    policy lets them in. Public bodies take up and pay as businesses. A sub-sea route is given two landings.
    The number of wireless sites is planned at the book's take-up: the larger of what capacity and what range
    ask for, and at least one.
    """
    route = aligned(areas, routes)
    premises = areas["premises"].to_numpy(dtype=float)
    businesses = np.minimum(premises, (areas["businesses"] + areas["public"]).to_numpy(dtype=float))
    homes = premises - businesses
    items = [part.item for part in PARTS[technology]]
    fixed, home, business = (np.zeros((len(areas), len(items))) for _ in range(3))

    def put(item: str, *, whole: Array | None = None, each: Array | float = 0.0) -> None:
        column = items.index(item)
        if whole is not None:
            fixed[:, column] = whole
        home[:, column], business[:, column] = each * homes, each * businesses

    if technology == "fibre":
        subsea = route["subsea_m"].to_numpy(dtype=float)
        drop = route["drop_m"].to_numpy(dtype=float)
        put(TRENCH, whole=route["trench_m"].to_numpy(dtype=float))
        put("subsea_m", whole=subsea)
        put("subsea_landing", whole=np.where(subsea > 0, 2.0, 0.0))
        put("splitter_premises", whole=premises)
        put("drop_m", each=np.divide(drop, premises, out=np.zeros_like(drop), where=premises > 0))
        for item in ("drop_premises", "active_premises", "cpe"):
            put(item, each=1.0)
    elif technology == "fwa":
        connections = homes * book["take_up_household"].value + businesses * book["take_up_business"].value
        by_capacity = np.ceil(connections / book["fwa_premises_per_site"].value)
        radius = areas.geometry.minimum_bounding_radius().to_numpy(dtype=float)
        by_range = np.ceil((radius / book["fwa_range_m"].value) ** 2)
        sites = np.maximum(1.0, np.maximum(by_capacity, by_range))
        put("fwa_new_site", whole=sites * book["fwa_new_site_share"].value)
        put("fwa_site_upgrade", whole=sites)
        put("fwa_cpe", each=1.0)
    else:
        put("voucher_premises", each=1.0)
    return Bill(technology, fixed, home, business, homes, businesses, premises)
