"""The bill of quantities: what each technology needs in each area.

A room below `costs` and `subsidy`, which both need it and may not import each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.costbook import CostBook
from coverage.errors import DataError
from coverage.finance import Array
from coverage.parts import (
    FIELD_TRENCH,
    MIXED,
    MOBILE_SITE,
    PARTS,
    STEEP_TRENCH,
    SURFACE_ITEMS,
    TRENCH,
    WAY,
    Levels,
    Part,
    base_levels,
    net_arpu_year,
    price_of,
    surface_mix,
    wanted_part,
)

Bools = npt.NDArray[np.bool_]

REACH_SLACK: Final = 1e-9  # of a share that is a sum of floats


@dataclass(frozen=True)
class Bill:
    """Hold the quantities of one technology for some areas, in the order of PARTS.

    `fixed` is built whoever connects; `home` and `business` are for all homes or all businesses and public
    bodies, and are multiplied by their take-up. Each is areas × parts; `homes` and `businesses` count premises that
    can become customers: none of a mobile site. `down_mbps` is the speed that is left for the furthest customer under
    load, and `reaches` whether every premises can be connected.
    """

    technology: str
    fixed: Array
    home: Array
    business: Array
    homes: Array
    businesses: Array
    premises: Array
    down_mbps: Array
    reaches: Bools

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return the priced parts, one per column."""
        return PARTS[self.technology]

    def rows(self, select: slice | Array) -> Bill:
        """Return the bill of some of the areas."""
        keep = ("fixed", "home", "business", "homes", "businesses", "premises", "down_mbps", "reaches")
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


def surface_metres(bill: Bill, levels: Levels, book: CostBook) -> dict[str, Array]:
    """Return areas × n metres on each surface (SURFACE_ITEMS) of all that a bill digs or hangs, ducts and sea aside."""
    found = {item: np.zeros((len(bill.premises), len(levels.rock_share))) for item in SURFACE_ITEMS}
    for column, part in enumerate(bill.parts):
        if part.item in MIXED:
            for item, share in surface_mix(part.item, levels, book).items():
                found[item] += bill.quantities(column, levels) * share
        elif part.item in found:
            found[part.item] += bill.quantities(column, levels)
    return found


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
    drop_m and, where they are told, the metres by surface (`_way`). Homes are premises less businesses and public
    bodies, so holiday homes count as homes where a policy lets them in. Public bodies take up and pay as businesses.
    A sub-sea route is given two landings.

    Wireless sites are planned at the book's take-up. Where the terrain was read (`fwa_basis` is "terrain"), see
    `_wireless`; else their number is the larger of what capacity and what range ask for, and at least one.

    A mobile site (areas of kind mobile: sites_new, sites_existing, power_m) is a new mast or room on one that stands,
    one operator's equipment on it, power, and its backhaul: the route, or a radio link where one can reach a mast
    that stands (`link_m`) and costs less to build. It earns nothing, and its premises are no customers.
    """
    route = aligned(areas, routes)
    premises = areas["premises"].to_numpy(dtype=float)
    businesses = np.minimum(premises, (areas["businesses"] + areas["public"]).to_numpy(dtype=float))
    homes = premises - businesses
    items = [part.item for part in PARTS[technology]]
    fixed, home, business = (np.zeros((len(areas), len(items))) for _ in range(3))
    down, reaches = np.full(len(areas), np.inf), np.ones(len(areas), dtype=bool)

    def put(item: str, *, whole: Array | None = None, each: Array | float = 0.0) -> None:
        column = items.index(item)
        if whole is not None:
            fixed[:, column] = whole
        home[:, column], business[:, column] = each * homes, each * businesses

    if technology == "fibre":
        for item, metres in _way(route, book).items():
            put(item, whole=metres)
        drop = route["drop_m"].to_numpy(dtype=float)
        put("splitter_premises", whole=premises)
        put("drop_m", each=np.divide(drop, premises, out=np.zeros_like(drop), where=premises > 0))
        for item in ("drop_premises", "active_premises", "cpe"):
            put(item, each=1.0)
    elif technology == "fwa":
        needed = _wireless(areas, homes, businesses, book)
        for item, quantity in needed.quantities.items():
            put(item, whole=quantity)
        put("fwa_cpe", each=1.0)
        down, reaches = needed.down_mbps, needed.reaches
    elif technology == MOBILE_SITE:
        new, old = (_told(areas, name) for name in ("sites_new", "sites_existing"))
        put("mobile_new_site", whole=new)
        put("mobile_equipment", whole=new + old)
        put("power_m", whole=_power(_told(areas, "power_m"), new, book))
        way = _way(route, book)
        linked = _link_price(areas, book) < _way_price(way, book)
        put("microwave_link", whole=linked.astype(float))
        for item, metres in way.items():
            put(item, whole=np.where(linked, 0.0, metres))
        homes, businesses = np.zeros_like(homes), np.zeros_like(homes)
        down = np.zeros(len(areas))
    else:
        put("voucher_premises", each=1.0)
    return Bill(technology, fixed, home, business, homes, businesses, premises, down, reaches)


def _told(frame: pd.DataFrame, name: str) -> Array:
    """Return a column of metres or counts, 0 where it is not told."""
    if name not in frame:
        return np.zeros(len(frame))
    return np.asarray(np.nan_to_num(frame[name].to_numpy(dtype=float, na_value=np.nan)))


def _way(route: pd.DataFrame, book: CostBook) -> dict[str, Array]:
    """Return the metres of each part of WAY, and the landings.

    Routes may tell what `trench_m` runs through: in_duct_m, on_poles_m, steep_dug_m and field_dug_m; the rest is dug
    along roads. Where poles are known, they count towards the book's `aerial_share`, so that the share of the way
    along roads (steep or not) on poles is the larger of what is known and what the book takes.
    """
    duct, poles, steep, field = (
        _told(route, name) for name in ("in_duct_m", "on_poles_m", "steep_dug_m", "field_dug_m")
    )
    trench = route["trench_m"].to_numpy(dtype=float)
    verge = np.maximum(0.0, trench - duct - poles - steep - field)
    dug, buried = verge + steep, 1.0 - book["aerial_share"].value
    # The metres priced as a mix that holds `aerial_share` on poles: as many as leave what is dug in it.
    mixed = np.minimum(dug + poles, dug / buried) if buried > 0 else dug + poles
    more = np.divide(mixed, dug, out=np.ones_like(dug), where=dug > 0)
    subsea = route["subsea_m"].to_numpy(dtype=float)
    return {
        TRENCH: verge * more,
        STEEP_TRENCH: steep * more,
        FIELD_TRENCH: field,
        "aerial_m": np.where(dug > 0, dug + poles - mixed, poles),
        "existing_duct_m": duct,
        "subsea_m": subsea,
        "subsea_landing": np.where(subsea > 0, 2.0, 0.0),
    }


def _way_price(way: Mapping[str, Array], book: CostBook) -> Array:
    """Return what a way costs to build at the book's own figures."""
    levels = base_levels(book)
    prices = {part.item: float(price_of(part, levels, book)[0]) for part in WAY}
    total = np.zeros(len(way[TRENCH]))
    for item, metres in way.items():
        total += metres * prices[item]
    return total


def _link_price(areas: pd.DataFrame, book: CostBook) -> Array:
    """Return what a radio link to a mast that stands costs to build, with the overhead for design; inf: none can."""
    link = float(price_of(wanted_part(MOBILE_SITE, "microwave_link"), base_levels(book), book)[0])
    return np.where(_told(areas, "link_m") > 0, link, np.inf)


def backhaul_saving(areas: pd.DataFrame, routes: pd.DataFrame, *, book: CostBook) -> Array:
    """Price what each mobile site would save if it shared a fibre trench for its backhaul; in the areas' order.

    `backhaul_saving_m` are the metres of its route that it need not dig then, taken to lie along roads. What is saved
    is counted from the cheaper of its own route and a radio link. If both are built; it is taken off nothing.
    """
    alone = _way_price(_way(aligned(areas, routes), book), book)
    metre = float(price_of(wanted_part(MOBILE_SITE, TRENCH), base_levels(book), book)[0])
    shared = np.maximum(0.0, alone - _told(areas, "backhaul_saving_m") * metre)
    return np.asarray(np.maximum(0.0, np.minimum(alone, _link_price(areas, book)) - shared))


def _power(metres: Array, new_sites: Array, book: CostBook) -> Array:
    """Return the metres of power line beyond what the price of a new site holds."""
    return np.maximum(0.0, metres - new_sites * book["site_power_m"].value)


@dataclass(frozen=True)
class Wireless:
    """Hold what wireless needs in each area, by item, and what the furthest customer is left under load."""

    quantities: dict[str, Array]
    down_mbps: Array
    reaches: Bools


def customers_per_sector(areas: pd.DataFrame, book: CostBook) -> Array:
    """Return how many connections one more sector (where the terrain was read) or site (elsewhere) can hold.

    A sector's capacity is taken to be that at its furthest customer for all of them (fwa_edge_mbps), which is
    cautious. In the busy hour each connection asks for fwa_busy_mbps on average; no more than fwa_load_share of the
    sector may be asked for, and what the others leave must still reach what the area's tiers ask for, if it can.
    """
    edge, ask = _told(areas, "fwa_edge_mbps"), _told(areas, "deliver_down_mbps")
    busy = book["fwa_busy_mbps"].value
    by_load = book["fwa_load_share"].value * edge / busy
    left = 1.0 + (edge - ask) / busy
    held = np.where(edge >= ask, np.minimum(by_load, left), by_load)
    return np.where(_sited(areas), np.maximum(held, 0.0), book["fwa_premises_per_site"].value)


def most_customers(areas: pd.DataFrame, book: CostBook) -> Array:
    """Return how many connections the sites found can hold with all the sectors that fit on them; inf: no limit."""
    sectors = (_told(areas, "fwa_sites_new") + _told(areas, "fwa_sites_existing")) * book["fwa_sectors_most"].value
    return np.where(_sited(areas), sectors * customers_per_sector(areas, book), np.inf)


def _sited(areas: pd.DataFrame) -> Bools:
    """Say where masts were looked for in the terrain, and found."""
    if "fwa_basis" not in areas:
        return np.zeros(len(areas), dtype=bool)
    sites = _told(areas, "fwa_sites_new") + _told(areas, "fwa_sites_existing")
    return np.asarray(areas["fwa_basis"].eq("terrain").fillna(value=False).to_numpy(dtype=bool) & (sites > 0))


def _wireless(areas: gpd.GeoDataFrame, homes: Array, businesses: Array, book: CostBook) -> Wireless:
    """Count sites and sectors, and say what speed is left.

    With terrain: sites_new and sites_existing as found, each with equipment for `fwa_site_sectors` sectors; further
    ones, up to `fwa_sectors_most` a site, as `customers_per_sector` asks; power and backhaul metres as found. The
    furthest customer is left its sector's capacity there less what the other customers of the sector ask for in the
    busy hour. Where no site was found the sites are counted without terrain, and reach nobody.
    """
    connections = homes * book["take_up_household"].value + businesses * book["take_up_business"].value
    sited = _sited(areas)
    new, old = _told(areas, "fwa_sites_new"), _told(areas, "fwa_sites_existing")
    held = customers_per_sector(areas, book)
    asked = np.ceil(np.divide(connections, held, out=np.full(len(areas), np.inf), where=held > 0))
    radius = areas.geometry.minimum_bounding_radius().to_numpy(dtype=float)
    by_range = np.ceil((radius / book["fwa_range_m"].value) ** 2)
    sites = np.where(sited, new + old, np.maximum(1.0, np.maximum(asked, by_range)))
    sectors = np.where(sited, np.clip(asked, sites, sites * book["fwa_sectors_most"].value), 0.0)
    each = np.divide(connections, sectors, out=np.zeros(len(areas)), where=sectors > 0)
    left = _told(areas, "fwa_edge_mbps") - np.maximum(0.0, each - 1.0) * book["fwa_busy_mbps"].value
    known = areas["fwa_basis"].eq("terrain").fillna(value=False).to_numpy(dtype=bool) if "fwa_basis" in areas else sited
    return Wireless(
        quantities={
            "fwa_new_site": np.where(sited, new, sites * book["fwa_new_site_share"].value),
            "fwa_site_upgrade": sites,
            "fwa_sector": np.maximum(0.0, sectors - sites * book["fwa_site_sectors"].value),
            "power_m": np.where(sited, _power(_told(areas, "fwa_power_m"), new, book), 0.0),
            TRENCH: np.where(sited, _told(areas, "fwa_backhaul_m"), 0.0),
        },
        down_mbps=np.where(known, np.maximum(0.0, left), np.inf),
        reaches=~known | (_told(areas, "fwa_reach_share") >= 1.0 - REACH_SLACK),
    )
