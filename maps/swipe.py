"""Two assessments on one map: one left of a divider, the other right of it, each in panes of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import folium
import geopandas as gpd

from maps import build, layers, legends
from maps.language import _

LEFT: Final = "-left"
RIGHT: Final = "-right"


@dataclass(frozen=True)
class Side:
    """Hold one side: how the store knows it, whether it has masts, and what is said of it in lines."""

    key: str
    ground: str
    masted: bool
    said: tuple[str, ...]


def groups(
    left: Side,
    right: Side,
    *,
    base: str = "",
    places: str | None = "all",
    focus: gpd.GeoDataFrame | None = None,
    mark: gpd.GeoSeries | None = None,
    told: str | None = None,
) -> list[folium.FeatureGroup]:
    """Return what stands on the map in place of one scenario's areas, routes and places.

    `places`, `focus` and `mark` are those of `build.scenario_groups`; `told` is what the legend says of the discs in
    place of its own words, as HTML in which every text is escaped.
    """
    divider = layers.DrawnLayer(
        "swipe",
        name="divider",
        control=False,
        left=list(left.said),
        right=list(right.said),
        label=_("Divider: {left} to the left of it, {right} to the right", left=left.said[0], right=right.said[0]),
        value=_("{left} on {share} % of the map", left=left.said[0], share="{share}"),
    )
    sides = [
        build.scenario_groups(
            key=side.key,
            ground=side.ground,
            base=base,
            places=places,
            dots=True,
            masted=side.masted,
            panes=panes,
        )
        for side, panes in ((left, LEFT), (right, RIGHT))
    ]
    unlisted = [divider]
    if told is not None:
        unlisted.append(layers.DrawnLayer("explain", name="legend", control=False, html=told, section=legends.DISCS))
    hidden = [layers.group([layer], name=layer.layer_name) for layer in unlisted]
    for bundle in hidden:
        bundle.control = False
    return [*hidden, *_together(*sides), *build.marks(focus=focus, mark=mark)]


def _together(*sides: Sequence[folium.FeatureGroup]) -> list[folium.FeatureGroup]:
    """Put groups of one name into one: the reader shows or hides a layer on both sides at once."""
    found: dict[str, folium.FeatureGroup] = {}
    for bundle in (item for side in sides for item in side):
        whole = found.setdefault(str(bundle.layer_name), bundle)
        if whole is not bundle:
            for child in list(bundle._children.values()):
                child.add_to(whole)
    return list(found.values())
