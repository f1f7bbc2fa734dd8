"""The priced parts of each technology: which there are, at what price, and how long each lasts.

A room below `bill`, which counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from coverage.costbook import CostBook
from coverage.finance import Array, annuity, replacement, residual
from coverage.kinds import FIXED, MOBILE

FIXED_TECHNOLOGIES: Final = ("fibre", "fwa", "voucher")
MOBILE_SITE: Final = "mobile_site"
# Which technologies an area of each kind can be built in.
TECHNOLOGIES: Final[Mapping[str, tuple[str, ...]]] = {FIXED: FIXED_TECHNOLOGIES, MOBILE: (MOBILE_SITE,)}
# What a policy's list of fixed technologies calls them.
POLICY_NAMES: Final = {"fibre": "fibre", "fwa": "fwa", "voucher": "satellite"}
# Metres along roads, and metres on no known ground, are priced as a mix of these surfaces.
TRENCH: Final = "trench_m"
STEEP_TRENCH: Final = "steep_trench_m"
FIELD_TRENCH: Final = "field_trench_m"
SURFACE_ITEMS: Final = ("verge_trench_m", "soil_trench_m", "rock_trench_m", "aerial_m")
# Parts whose metres are a mix of surfaces, each with its own shares: see `surface_mix`.
MIXED: Final = (TRENCH, STEEP_TRENCH, FIELD_TRENCH)
OVERHEAD: Final = "design_overhead"


@dataclass(frozen=True)
class Part:
    """Stand for one priced part: `life` names a life_ item (route: duct and cable mixed), `upkeep` an opex_ item."""

    item: str
    life: str
    upkeep: str
    designed: bool  # carries the overhead for design, permits and supervision


# A cable's way on land and in the sea. On poles and in ducts that stand there already only the cable wears out.
WAY: Final = (
    Part(TRENCH, "route", "passive", designed=True),
    Part(STEEP_TRENCH, "route", "passive", designed=True),
    Part(FIELD_TRENCH, "route", "passive", designed=True),
    Part("aerial_m", "cable", "passive", designed=True),
    Part("existing_duct_m", "cable", "duct", designed=True),
    Part("subsea_m", "cable", "passive", designed=True),
    Part("subsea_landing", "duct", "passive", designed=True),
)
PARTS: Final[Mapping[str, tuple[Part, ...]]] = {
    "fibre": (
        *WAY,
        Part("splitter_premises", "cable", "passive", designed=True),
        Part("drop_m", "cable", "passive", designed=False),
        Part("drop_premises", "cable", "passive", designed=False),
        Part("active_premises", "active", "active", designed=False),
        Part("cpe", "cpe", "none", designed=False),
    ),
    "fwa": (
        Part("fwa_new_site", "mast", "active", designed=True),
        Part("fwa_site_upgrade", "active", "active", designed=True),
        Part("fwa_sector", "active", "active", designed=True),
        Part("power_m", "duct", "passive", designed=True),
        Part(TRENCH, "route", "passive", designed=True),
        Part("fwa_cpe", "cpe", "none", designed=False),
    ),
    "voucher": (Part("voucher_premises", "cpe", "none", designed=False),),
    MOBILE_SITE: (
        Part("mobile_new_site", "mast", "active", designed=True),
        Part("mobile_equipment", "active", "active", designed=True),
        Part("power_m", "duct", "passive", designed=True),
        Part("microwave_link", "active", "active", designed=True),
        *WAY,
    ),
}


def book_items(part: Part) -> tuple[str, ...]:
    """List the items of a cost book that set the price of a part."""
    if part.item not in MIXED:
        return (part.item,)
    return SURFACE_ITEMS[1:3] if part.item == FIELD_TRENCH else SURFACE_ITEMS


def wanted_part(technology: str, item: str) -> Part:
    """Return one part of a technology by its item, or raise KeyError."""
    return {part.item: part for part in PARTS[technology]}[item]


def building_items(technology: str) -> tuple[str, ...]:
    """List the items that set what a technology costs to build, each once, without the overhead for design."""
    return tuple(dict.fromkeys(item for part in PARTS[technology] for item in book_items(part)))


@dataclass(frozen=True)
class Levels:
    """Hold one or more settings of what is uncertain: prices by item, shares and rates, each of n values."""

    prices: Mapping[str, Array]
    rock_share: Array
    steep_rock_share: Array
    take_up_household: Array
    take_up_business: Array
    rate: Array  # real, before tax


def base_levels(book: CostBook) -> Levels:
    """Return the book's own values as one setting."""
    return Levels(
        prices={row.item: np.array([row.value]) for row in book.items},
        rock_share=np.array([book["rock_share"].value]),
        steep_rock_share=np.array([book["steep_rock_share"].value]),
        take_up_household=np.array([book["take_up_household"].value]),
        take_up_business=np.array([book["take_up_business"].value]),
        rate=np.array([(1.0 + book["wacc"].value) / (1.0 + book["inflation"].value) - 1.0]),
    )


def surface_mix(item: str, levels: Levels, book: CostBook) -> dict[str, Array]:
    """Split one metre of a part of MIXED over surfaces, by item; shares sum to 1.

    Along a road (TRENCH), soil and rock are shares of what is not aerial and the verge takes the rest. On steep ground
    rock has its own share, never less than elsewhere; of what is left, soil takes its share and the verge the rest.
    Off every road there is no verge and no pole: what is not rock is soil.
    """
    rock, soil = levels.rock_share, book["soil_share"].value
    if item == FIELD_TRENCH:
        return {"soil_trench_m": np.asarray(1.0 - rock), "rock_trench_m": rock}
    buried = 1.0 - book["aerial_share"].value
    same = np.ones_like(rock)
    if item == STEEP_TRENCH:
        rock = np.maximum(rock, levels.steep_rock_share)
        ground = ((1.0 - soil) * (1.0 - rock), soil * (1.0 - rock), rock)
    else:
        ground = (1.0 - soil - rock, soil * same, rock)
    shares = (*(share * buried for share in ground), (1.0 - buried) * same)
    return {name: np.asarray(share) for name, share in zip(SURFACE_ITEMS, shares, strict=True)}


def price_of(part: Part, levels: Levels, book: CostBook) -> Array:
    """Return the price of one unit of a part: metres mixed over their surfaces, design overhead put on top."""
    if part.item in MIXED:
        price = np.zeros_like(levels.rock_share)
        for item, share in surface_mix(part.item, levels, book).items():
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
    years, borne = annuity(rate, horizon), project_share(technology, book)
    found = {}
    for part in PARTS[technology]:
        again, left = np.zeros_like(rate), np.zeros_like(rate)
        for life, share in life_mix(part, book).items():
            again = again + share * replacement(rate, life, horizon)
            left = left + share * residual(rate, life, horizon)
        found[part.item] = Factors(borne * upkeep_share(part, book) * years, borne * again, borne * left)
    return found


def project_share(technology: str, book: CostBook) -> float:
    """Return the share of upkeep, renewal and residual value that is the project's own.

    Of a mobile site the operator that uses it bears `mobile_operator_share`; of all else the project bears all.
    """
    return 1.0 - book["mobile_operator_share"].value if technology == MOBILE_SITE else 1.0


def net_arpu_year(book: CostBook, *, kind: str, technology: str) -> float:
    """Return a year's revenue per connection, without VAT and cost of sales; `kind` is household or business.

    A mobile site earns nothing: who is covered by it has a subscription already. An assumption.
    """
    if technology == MOBILE_SITE:
        return 0.0
    cost = "voucher_cost_of_sales" if technology == "voucher" else "cost_of_sales"
    month = book[f"arpu_{kind}_month"].value * (1.0 - book["vat_share"].value) * (1.0 - book[cost].value)
    return 12.0 * month


def earning_years(book: CostBook, *, rate: Array, horizon: int) -> Array:
    """Return today's value of 1 a year at full take-up, with the ramp before it; one per rate."""
    return annuity(rate, horizon, book["take_up_ramp_years"].value)
