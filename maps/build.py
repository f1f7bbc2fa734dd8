"""Put layers together to a folium map; and make sure that it asks nothing of the outside world.

What does not depend on the scenario is the base map. What does comes as feature groups, which Streamlit swaps
without losing the view. Layer addresses hold no underscore: the component ignores changes after one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import branca.colormap
import folium
import geopandas as gpd
import numpy as np
from branca.element import Element
from rasterio.warp import transform_bounds

from coverage.assessment import Assessment
from coverage.crs import GEOGRAPHIC_CRS
from maps import background, lacking, landmarks, language, layers, legends, masts
from maps.language import _
from maps.themes import GAP, Theme
from maps.tiles.mobile import choices, geographic_bounds, mercator_bounds
from maps.tiles.pyramid import MAX_ZOOM

MIN_ZOOM: Final = 5
ZOOM_STEP: Final = 0.5
VIEW: Final = (760, 520)  # pixels that a first view is made for
FOCUS_ZOOM: Final = 13
DOTS_BELOW: Final = 9.5  # in a wider view areas are dots
MARK_M: Final = 90.0  # radius of the ring around what was clicked


def view_of(
    frame: gpd.GeoDataFrame, *, size: tuple[int, int] = VIEW, most: int = 13
) -> tuple[tuple[float, float], float]:
    """Return the centre (lat, lon) and the zoom at which the frame fits a map of `size` pixels."""
    if frame.empty:
        return (0.0, 0.0), float(MIN_ZOOM)
    west, south, east, north = _degrees(frame)
    tall = math.asinh(math.tan(math.radians(north))) - math.asinh(math.tan(math.radians(south)))
    wide = max(math.radians(east - west), 1e-6)
    fits = [
        math.log2(side * 2 * math.pi / (256 * span)) for side, span in zip(size, (wide, max(tall, 1e-6)), strict=True)
    ]
    zoom = float(np.clip(math.floor(min(fits) / ZOOM_STEP) * ZOOM_STEP, MIN_ZOOM, most))
    return ((south + north) / 2, (west + east) / 2), zoom


def _degrees(frame: gpd.GeoDataFrame) -> tuple[float, float, float, float]:
    """Return the frame's bounds in degrees: west, south, east, north."""
    west, south, east, north = transform_bounds(frame.crs, GEOGRAPHIC_CRS, *frame.total_bounds)
    return (west, south, east, north)


def focus_of(frame: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return what the browser needs to fit its view to a frame."""
    west, south, east, north = (round(float(side), 4) for side in _degrees(frame))
    return {"bounds": [[south, west], [north, east]], "maxZoom": FOCUS_ZOOM}


def base_map(
    assessment: Assessment, *, ground: str, base: str = "", online: background.Online | None = None
) -> layers.OfflineMap:
    """Return the map with what stays: land, relief, mobile pictures, legend. Addresses start with `base`.

    `online` are tiles of another host to lie on the land, for those who have named one.
    """
    centre, zoom = view_of(assessment.municipalities)
    (south, west), (north, east) = geographic_bounds(mercator_bounds(assessment.municipalities))
    room = 0.6 * max(north - south, (east - west) / 2)
    built = layers.OfflineMap(
        base=base,
        location=centre,
        zoom_start=zoom,
        max_bounds=True,
        min_lat=south - room,
        max_lat=north + room,
        min_lon=west - 2 * room,
        max_lon=east + 2 * room,
        minZoom=MIN_ZOOM,
        maxZoom=MAX_ZOOM,
        zoomSnap=ZOOM_STEP,
    )
    layers.begin(assessment).add_to(built)
    land = layers.DrawnLayer(
        "vector",
        name=_("Municipalities"),
        control=False,
        url=f"{base}/data/{ground}/municipalities.json",
        pane="land",
        interactive=False,
    )
    land.add_to(built)
    if not assessment.water.empty:
        url = f"{base}/data/{ground}/water.json"
        still = {"control": False, "pane": "water", "interactive": False}
        layers.DrawnLayer("vector", name=_("Water"), url=url, **still).add_to(built)
    if online is not None:
        background.tiles(online, max_zoom=MAX_ZOOM).add_to(built)
    relief = background.relief(assessment, f"{base}/overlay/{ground}/{background.HILLSHADE}.png")
    if relief is not None:
        relief.add_to(built)
    bounds = geographic_bounds(mercator_bounds(assessment.municipalities))
    for choice in choices(assessment.mobile, policy=assessment.policy):
        url = f"{base}/overlay/{ground}/{choice.id}.png"
        shown = {"show": False, "opacity": 0.75, "pane": "mobile"}
        background.picture(url, bounds, name=choice.label, **shown).add_to(built)
    for name, label in landmarks.names(assessment).items():
        closer = {"minZoom": landmarks.CORRECTED_FROM} if name == landmarks.CORRECTED else {}
        url = f"{base}/data/{ground}/{language.current()}/{name}.json"
        layers.DrawnLayer("vector", name=label, url=url, pane="signs", **closer).add_to(built)
    for name, label in lacking.names(assessment).items():
        url = f"{base}/data/{ground}/{language.current()}/{name}.json"
        drawn = layers.DrawnLayer("vector", name=label, url=url, pane="lacking", lift=5.5)
        words = layers.DrawnLayer("explain", name="legend", html=lacking.legend(assessment, name), beside=True)
        layers.group([drawn, words], name=label, show=False).add_to(built)
    told = legends.legend(assessment) + masts.legend(assessment) + landmarks.legend(assessment)
    layers.Script("legend", told).add_to(built)
    return built


def scenario_groups(
    *,
    key: str,
    ground: str,
    base: str = "",
    places: str | None = "all",
    focus: gpd.GeoDataFrame | None = None,
    dots: bool = False,
    mark: gpd.GeoSeries | None = None,
    masted: bool = False,
    panes: str = "",
    theme: Theme = GAP,
    told: str = "",
    ranked: str = "",
) -> list[folium.FeatureGroup]:
    """Return what follows the scenario and the page's filters: areas, routes, places, the chosen thing, the view.

    `panes` stands behind the names of the panes that are drawn into, see maps/swipe.py.
    `places` names a layer of places, None leaves them out; `dots` draws areas as dots in a wide view; the view
    is fitted to `focus`, each time it changes; `masted` adds the mobile areas. `theme` is what the discs show, and
    `told` what the legend says of them in place of the gaps; `ranked` fills areas by rank, and is what it says of that.
    """
    seen = {"dotsBelow": DOTS_BELOW} if dots else {}
    # What holds words comes in the reader's language.
    shape = "ranked" if ranked else "areas"
    areas = [_drawn(shape, f"{key}/{language.current()}", base, pane=f"areas{panes}", lift=3.5, **seen)]
    if ranked:
        areas.append(_explained(ranked, legends.AREAS))
    groups = [
        layers.group(areas, name=_("Project areas")),
        layers.group(
            [_drawn("routes", key, base, pane=f"routes{panes}", interactive=False, minZoom=9)],
            name=_("Fibre routes"),
        ),
    ]
    if masted:
        worded = f"{key}/{language.current()}"
        outlines = _drawn("served", worded, base, pane=f"served{panes}", minZoom=masts.CLOSE, lift=3.0)
        signs = [
            _drawn("masts", worded, base, pane=f"signs{panes}", minZoom=masts.CLOSE),
            _drawn("fundedmasts", worded, base, pane=f"signs{panes}"),
        ]
        groups.append(layers.group([outlines, *signs], name=_("Mobile areas")))
    if places is not None:
        discs = [place_tiles(ground, places, theme=theme.id, base=base, panes=panes)]
        if told:
            discs.append(_explained(told, legends.DISCS))
        groups.append(layers.group(discs, name=_("Places: {shown}", shown=_(theme.name).lower())))
    return [*groups, *marks(focus=focus, mark=mark)]


def place_tiles(key: str, places: str, *, theme: str = GAP.id, base: str = "", panes: str = "") -> layers.DrawnLayer:
    """Return the tiles of a layer of places by a theme, by the key that the store knows them by."""
    url = f"{base}/tiles/{key}/{theme}/{places}/{{z}}/{{x}}/{{y}}.png"
    zooms = {"minZoom": MIN_ZOOM, "maxZoom": MAX_ZOOM}
    return layers.DrawnLayer("tiles", name="places", control=False, url=url, pane=f"places{panes}", **zooms)


def marks(*, focus: gpd.GeoDataFrame | None, mark: gpd.GeoSeries | None) -> list[folium.FeatureGroup]:
    """Return the outline of what was clicked or selected, and what the view is fitted to, each time it changes."""
    groups = []
    if mark is not None and len(mark):
        data = layers.chosen(mark)
        drawn = layers.DrawnLayer("vector", name="chosen", control=False, data=data, pane="chosen", interactive=False)
        groups.append(layers.group([drawn], name=_("Selected")))
    if focus is not None and len(focus):
        fit = layers.DrawnLayer("focus", name="view", control=False, **focus_of(focus))
        bundle = layers.group([fit], name="view")
        bundle.control = False
        groups.append(bundle)
    return groups


def _drawn(layer: str, key: str, base: str, **options: Any) -> layers.DrawnLayer:
    names = {
        "areas": _("Project areas"),
        "ranked": _("Project areas"),
        "routes": _("Fibre routes"),
        "served": _("Mobile areas"),
        "masts": _("Mobile areas"),
        "fundedmasts": _("Mobile areas"),
    }
    url = f"{base}/data/{key}/{layer}.json"
    return layers.DrawnLayer("vector", name=names[layer], control=False, url=url, **options)


def _explained(told: str, section: str) -> layers.DrawnLayer:
    """Return what stands in a section of the legend for as long as its layer is on the map."""
    return layers.DrawnLayer("explain", name="legend", control=False, html=told, section=section)


def assert_offline(built: folium.Map, *, online: background.Online | None = None) -> None:
    """Raise RuntimeError if anything of the map would ask another host, but for the tiles that were named.

    One script that does not load leaves the whole map blank, so this runs before every render.
    """
    for part in _walk(built):
        if isinstance(part, branca.colormap.ColorMap):
            raise RuntimeError("map: a branca ColorMap loads d3 from outside; write an HTML legend instead")
        links = [*getattr(part, "default_js", []), *getattr(part, "default_css", [])]
        addresses = [str(address) for _, address in links] + [str(getattr(part, name, "")) for name in ("url", "tiles")]
        allowed = "" if online is None else online.url
        outside = [a for a in addresses if a.startswith(("http:", "https:", "//")) and a != allowed]
        if outside:
            raise RuntimeError(f"map: {outside[0]} is an outside address; serve it from /assets/")


def number(*parts: Element) -> None:
    """Number the elements: folium draws their ids at random, and a map that is as before would be sent anew."""
    for at, part in enumerate(element for whole in parts for element in _walk(whole)):
        part._id = f"{at:032x}"


def _walk(part: Element) -> Iterator[Element]:
    yield part
    for child in part._children.values():
        yield from _walk(child)


def layer_control() -> folium.LayerControl:
    """Return the list of layers, folded."""
    return folium.LayerControl(position="topright", collapsed=True)
