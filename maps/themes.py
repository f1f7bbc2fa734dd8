"""What the discs on the map can show: a theme gives every place a class, and says how much of it counts.

The classes of a theme are an ordered ramp, drawn from first to last, so that the last lies on top. Tiles draw any
theme in the same way (`maps/tiles/places.py`), and the legend takes its words from here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from coverage.policy import Policy
from coverage.schemas import MOBILE_LEVELS, SERVED
from maps import language, style
from maps.language import N_, _
from maps.words import word

MIN_SHORT: Final = 0.02  # premises; less of a row than this is not drawn as short
SPEEDS: Final = (10.0, 30.0, 100.0, 1000.0)  # Mbit/s down, where classes of today's service begin

Codes = NDArray[np.uint8]
Numbers = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Class:
    """Describe one class of places; what is `minor` is drawn close up alone, small and without an edge."""

    id: str
    colour: str
    label: str
    minor: bool = False


@dataclass(frozen=True)
class Painted:
    """Hold what a theme makes of places, aligned to their rows."""

    code: Codes  # position among the theme's classes from 1; 0: not drawn
    weight: Numbers  # premises that count towards a disc
    ring: Bools  # drawn with a ring close up


@dataclass(frozen=True)
class Theme:
    """Describe one way to look at places."""

    id: str  # in addresses: no underscore
    name: str  # English, as the choice above the map calls it
    heading: str  # English, of the legend
    note: str  # English, below the classes in the legend
    classes: Callable[[Policy], tuple[Class, ...]]
    paint: Callable[[gpd.GeoDataFrame, Policy], Painted]
    there: Callable[[gpd.GeoDataFrame], bool]  # whether places tell anything of it
    estimated: str = ""  # English, of service that is known only as a share


def classes(policy: Policy) -> tuple[str, ...]:
    """Return the classes of places by gap from least to most severe, in the order in which they are drawn."""
    tiers = [tier.id for tier in reversed(policy.tiers)]
    eligible = set(policy.eligible_tiers)
    return (
        SERVED,
        *(t for t in tiers if t not in eligible),
        style.MOBILE_ONLY,
        *(t for t in tiers if t in eligible),
    )


def class_labels(policy: Policy) -> dict[str, str]:
    """Return the words for every class of places by gap."""
    labels = {tier.id: language.label(tier.label, tier.id) for tier in policy.tiers}
    return labels | {
        SERVED: _("served"),
        style.MOBILE_ONLY: _("mobile only, below “{level}”", level=word(policy.mobile.level)),
    }


def short_weight(places: gpd.GeoDataFrame) -> Numbers:
    """Return the premises of every row that are short of fixed or mobile service."""
    fixed, mobile = places["short_fixed"].to_numpy(float), places["short_mobile"].to_numpy(float)
    weight: Numbers = places["weight"].to_numpy(float) * (1 - (1 - fixed) * (1 - mobile))
    return weight


def _gap_classes(policy: Policy) -> tuple[Class, ...]:
    colours = style.tier_colours([(tier.id, tier.eligible) for tier in policy.tiers])
    labels, names = class_labels(policy), classes(policy)
    first_short = names.index(style.MOBILE_ONLY)
    return tuple(Class(name, colours[name], labels[name], at < first_short) for at, name in enumerate(names))


def _gap(places: gpd.GeoDataFrame, policy: Policy) -> Painted:
    order = {name: number for number, name in enumerate(classes(policy), start=1)}
    codes = places["tier"].map(order).to_numpy(dtype=np.uint8)
    gap, weight = places["gap_kind"].to_numpy(), short_weight(places)
    mildest = order[policy.eligible_tiers[-1]]
    codes = np.where((gap == "mobile") & (codes < mildest), order[style.MOBILE_ONLY], codes)
    # A row of which only a part is short (known from a municipality's share) is at least in the mildest class.
    partly = (weight >= MIN_SHORT) & (gap != "mobile")
    codes = np.where(partly, np.maximum(codes, mildest), codes).astype(np.uint8)
    return Painted(codes, weight, np.asarray(gap == "both", dtype=bool))


def _service_classes(policy: Policy) -> tuple[Class, ...]:
    names = [style.mbps_range(low, high) for low, high in pairwise((*SPEEDS, math.inf))]
    words = (*reversed(names), _("below {speed} Mbit/s", speed=style.number(SPEEDS[0])), _("no fixed service"))
    ids = (*(f"from-{speed:.0f}" for speed in reversed(SPEEDS)), "slower", "none")
    return tuple(Class(*parts) for parts in zip(ids, style.SPEED_COLOURS, words, strict=True))


def _service(places: gpd.GeoDataFrame, policy: Policy) -> Painted:
    """Class places by the best fixed download that can be bought; of estimated rows nothing is known of a place."""
    down = places["fixed_down_mbps"].to_numpy(float)
    reached = np.searchsorted(SPEEDS, down, side="right")  # 0: below the lowest
    code = np.where(down > 0, len(SPEEDS) + 1 - reached, len(SPEEDS) + 2)
    known = ~_estimated(places)
    return Painted(np.where(known, code, 0).astype(np.uint8), places["weight"].to_numpy(float), _no_ring(places))


def _estimated(places: gpd.GeoDataFrame) -> Bools:
    if "service_basis" not in places:
        return np.zeros(len(places), dtype=bool)
    return np.asarray(places["service_basis"] == "expected_share", dtype=bool)


def _no_ring(places: gpd.GeoDataFrame) -> Bools:
    return np.zeros(len(places), dtype=bool)


def _planned_classes(policy: Policy) -> tuple[Class, ...]:
    return (
        Class("none", style.SERVED_COLOUR, _("no planned build"), minor=True),
        Class("idle", style.PLAN_COLOURS["idle"], _("planned, but it does not count")),
        Class("counts", style.PLAN_COLOURS["counts"], _("planned, and it counts")),
    )


def _planned(places: gpd.GeoDataFrame, policy: Policy) -> Painted:
    """Class places by the plan of an operator: whether it ends a shortfall in time, or not."""
    planned, counts = _is_planned(places), np.asarray(places["planned_networks"] > 0)
    code = 1 + planned.astype(np.uint8) + counts.astype(np.uint8)
    return Painted(code, np.where(planned, places["weight"].to_numpy(float), 0.0), _no_ring(places))


def _is_planned(places: gpd.GeoDataFrame) -> Bools:
    """Tell where a plan is known; of a plan withheld from an audience no speed is told, only that it counts."""
    return np.asarray((places["planned_down_mbps"] > 0) | (places["planned_networks"] > 0))


def _mobile_classes(policy: Policy) -> tuple[Class, ...]:
    return tuple(Class(level, style.MOBILE_DISC_COLOURS[level], word(level)) for level in reversed(MOBILE_LEVELS))


def _mobile(places: gpd.GeoDataFrame, policy: Policy) -> Painted:
    """Class places by the best level of any operator; ringed where fewer operators than asked have the policy's."""
    order = {level: number for number, level in enumerate(reversed(MOBILE_LEVELS), start=1)}
    code = places["mobile_level"].map(order).fillna(0).to_numpy(dtype=np.uint8)
    short = places["mobile_operators"].to_numpy() < policy.mobile.operators
    return Painted(code, places["weight"].to_numpy(float), np.asarray(short, dtype=bool))


GAP: Final = Theme(
    id="gap",
    name=N_("Gap"),
    heading=N_("Premises short of service"),
    note=N_("Larger disc = more premises."),
    estimated=N_("Estimated from shares per municipality: no single place is known to be short."),
    classes=_gap_classes,
    paint=_gap,
    there=lambda places: True,
)
SERVICE: Final = Theme(
    id="service",
    name=N_("Service today"),
    heading=N_("Best fixed download today"),
    note=N_("All premises; a disc has the class of most of them."),
    estimated=N_("Not drawn: places whose service is known only as a share of their municipality."),
    classes=_service_classes,
    paint=_service,
    there=lambda places: not bool(_estimated(places).all()),
)
PLANNED: Final = Theme(
    id="planned",
    name=N_("Planned builds"),
    heading=N_("What operators plan to build"),
    note=N_("A plan counts that ends the shortfall within the policy's time. Close up: single places."),
    classes=_planned_classes,
    paint=_planned,
    there=lambda places: bool(_is_planned(places).any()),
)
MOBILE: Final = Theme(
    id="mobile",
    name=N_("Mobile level"),
    heading=N_("Mobile level, best operator"),
    note=N_("All premises; a disc has the level of most of them. Close up, violet ring = below the policy's level."),
    classes=_mobile_classes,
    paint=_mobile,
    there=lambda places: bool(places["mobile_level"].notna().any()),
)
THEMES: Final[Mapping[str, Theme]] = {theme.id: theme for theme in (GAP, SERVICE, PLANNED, MOBILE)}


def there(places: gpd.GeoDataFrame) -> tuple[Theme, ...]:
    """Return the themes that places tell something of."""
    return tuple(theme for theme in THEMES.values() if theme.there(places))
