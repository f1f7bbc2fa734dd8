"""What the discs on the map can show: a theme gives every place a class, and says how much of it counts.

The classes of a theme are an ordered ramp, drawn from first to last, so that the last lies on top. Tiles draw any
theme in the same way (`maps/tiles/places.py`), and the legend takes its words from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from coverage.policy import Policy
from coverage.schemas import SERVED
from maps import language, style
from maps.language import N_, _
from maps.words import word

MIN_SHORT: Final = 0.02  # premises; less of a row than this is not drawn as short

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
    classes: Callable[[Policy], tuple[Class, ...]]
    paint: Callable[[gpd.GeoDataFrame, Policy], Painted]
    there: Callable[[gpd.GeoDataFrame], bool]  # whether places tell anything of it


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


GAP: Final = Theme(
    id="gap",
    name=N_("Gap"),
    heading=N_("Premises short of service"),
    classes=_gap_classes,
    paint=_gap,
    there=lambda places: True,
)
THEMES: Final[Mapping[str, Theme]] = {theme.id: theme for theme in (GAP,)}
