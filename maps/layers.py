"""Turn frames into what the map draws: compact GeoJSON with styles, and folium elements.

Geometry travels by address (fetched once, kept by the browser) or embedded for the file that opens alone.
Tooltips and popups are lists of plain text; `assets/map.js` sets them as text, so no name can bring HTML.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import folium
import geopandas as gpd
import numpy as np
import shapely
from branca.element import MacroElement
from folium.map import Layer
from folium.template import Template

from coverage.assessment import Assessment
from coverage.crs import GEOGRAPHIC_CRS, to_crs
from coverage.kinds import is_mobile
from coverage.schemas import CERTAINTIES
from maps import assets, language, style
from maps.language import _
from maps.themes import GAP
from maps.tiles.places import PlaceTiles
from maps.words import refusal, said, word

MOST_SHAPES: Final = 1_500  # of one layer that is handed over whole: more are slow to draw in a browser
MAX_VERTICES: Final = 14_000  # likewise
MOST_DOUBLED: Final = 12  # tolerances that are tried
DECIMALS: Final = 5  # of a degree: about a metre

Collection = dict[str, Any]


def simplified(frame: gpd.GeoDataFrame, *, start_m: float, shared: bool = False, whole: bool = False) -> gpd.GeoSeries:
    """Return the geometry in degrees, with fewer vertices: tolerance is doubled until MAX_VERTICES is met.

    What is not handed over whole (see maps/payload.py) keeps the first tolerance, unless `whole` says that it is
    however much there is. `shared` keeps the borders that neighbours share identical, so that no slivers open.
    """
    shapes = frame.geometry.to_numpy()
    thin = shapes
    for doubled in range(MOST_DOUBLED if whole or len(shapes) <= MOST_SHAPES else 1):
        tolerance = start_m * 2**doubled
        thin = shapely.coverage_simplify(shapes, tolerance) if shared else shapely.simplify(shapes, tolerance)
        if shapely.get_num_coordinates(thin).sum() <= MAX_VERTICES:
            break
    located = to_crs(gpd.GeoDataFrame(geometry=thin, crs=frame.crs), GEOGRAPHIC_CRS, where="map").geometry
    return gpd.GeoSeries(shapely.transform(located.to_numpy(), lambda xy: np.round(xy, DECIMALS)), crs=GEOGRAPHIC_CRS)


def collection(shapes: Iterable[Any], properties: Iterable[Mapping[str, Any]], styles: Mapping[str, Any]) -> Collection:
    """Return a feature collection with the styles that its features name in `k`; `compact` makes GeoJSON of it."""
    features = [
        {"type": "Feature", "geometry": shape, "properties": dict(about)}
        for shape, about in zip(shapes, properties, strict=True)
        if shape is not None and not shape.is_empty
    ]
    return {"type": "FeatureCollection", "styles": dict(styles), "features": features}


def compact(data: object) -> str:
    """Return JSON that is also safe inside a script element."""
    text = json.dumps(
        data, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=shapely.geometry.mapping
    )
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def municipalities(assessment: Assessment, *, named: bool = False) -> Collection:
    """Return the land: one shape per municipality, with its name as a label; `named` ones are found by code and name.

    Those are for the file that opens alone: they are handed over whole.
    """
    frame = assessment.municipalities
    if frame.empty:
        return collection([], [], {})
    shapes = simplified(frame, start_m=60.0, shared=True, whole=named)
    points = to_crs(gpd.GeoDataFrame(geometry=frame.representative_point(), crs=frame.crs), GEOGRAPHIC_CRS, where="map")
    look = {"color": style.BORDER, "weight": 0.8, "fillColor": style.LAND, "fillOpacity": 1.0}
    about: list[dict[str, Any]] = [{"k": ""} for _ in range(len(frame))]
    if named:
        pairs = zip(frame["municipality_code"], frame["name"], strict=True)
        about = [{"k": "", "m": [str(code), str(name)]} for code, name in pairs]
    data = collection(shapes, about, {"": look})
    names = [str(name).replace(" - ", "\n") for name in frame["name"]]  # one line per language
    largest = np.argsort(-frame.area.to_numpy(), kind="stable")
    data["labels"] = [
        [round(points.geometry.iloc[row].y, 4), round(points.geometry.iloc[row].x, 4), names[row]] for row in largest
    ]
    data["labelZoom"] = 8
    return data


def water(assessment: Assessment) -> Collection:
    """Return lakes and the sea where the study gives them, in the colour of the sea."""
    look = {"stroke": False, "fillColor": style.SEA, "fillOpacity": 1.0}
    if assessment.water.empty:
        return collection([], [], {"": look})
    shapes = simplified(assessment.water, start_m=40.0)
    return collection(shapes, ({"k": ""} for _shape in shapes), {"": look})


@dataclass(frozen=True)
class Shades:
    """Hold what areas are filled by: the class of an area, and the colour and opacity of each class."""

    of: Callable[[Mapping[Any, Any]], str]
    colours: Mapping[str, str]
    fill: Mapping[str, float]


DECIDED: Final = Shades(lambda row: str(row["decision"]), style.DECISION_COLOURS, style.DECISION_FILL)


def areas(assessment: Assessment, *, popups: bool = False, shades: Shades = DECIDED) -> Collection:
    """Return the fixed project areas: fill by decision, or as `shades` say, and outline by certainty."""
    frame = assessment.areas[~is_mobile(assessment.areas)].sort_values("rank", ascending=False)
    styles = {
        f"{name}/{certainty}": {
            "color": colour,
            "weight": style.CERTAINTY_WIDTH[certainty],
            "dashArray": style.CERTAINTY_DASH[certainty] or None,
            "fillColor": colour,
            "fillOpacity": shades.fill[name],
        }
        for name, colour in shades.colours.items()
        for certainty in CERTAINTIES
    }
    currency, rows = assessment.study.currency, frame.drop(columns="geometry").to_dict("records")
    about = [_area_about(row, currency, popups=popups) | {"k": f"{shades.of(row)}/{row['certainty']}"} for row in rows]
    shapes = simplified(frame, start_m=20.0)
    for item, point in zip(about, shapes.representative_point(), strict=True):
        item["c"] = [round(point.y, 4), round(point.x, 4)]
    return collection(shapes, about, styles)


def _area_about(row: Mapping[Any, Any], currency: str, *, popups: bool) -> dict[str, Any]:
    decision = style.decision(row["decision"], row["grant"])
    about: dict[str, Any] = {
        "n": int(row["rank"]),
        "r": round(4.5 + min(row["premises"], 400) / 200, 1) if row["decision"] == "fund" else 3.0,
        "t": [
            str(row["name"]),
            _("rank {rank}", rank=row["rank"]) + f" · {decision} · {word(row['certainty'])}",
            _(
                "{premises} premises · grant {grant}",
                premises=style.number(row["premises"], digits=3),
                grant=style.money(row["grant"], currency),
            ),
        ],
    }
    if popups:
        about |= {"i": [str(row["area_id"]), str(row["municipality_code"])], "p": _popup(row, currency)}
    return about


def _popup(row: Mapping[Any, Any], currency: str) -> list[list[str]]:
    """Return what is told of a fixed area where it is pressed: pairs of a label and a text."""
    kinds = {"businesses": _("businesses"), "households": _("homes"), "public": _("public buildings")}
    kinds["holiday"] = _("holiday homes")
    counted = [
        [label, style.number(row[kind], digits=3)] for kind, label in kinds.items() if kind in row and row[kind] > 0
    ]
    told = [
        *head_rows(row),
        [_("premises"), style.number(row["premises"], digits=3)],
        *counted,
        [_("technology"), _technology(row)],
        [_("route"), style.length(row["route_m"])],
        *money_rows(row, currency),
    ]
    if row.get("corrected"):  # only of a study with corrections
        told.append([_("corrected premises"), style.number(row["corrected"], digits=3)])
    return told


def _technology(row: Mapping[Any, Any]) -> str:
    down, up = row.get("delivered_down_mbps"), row.get("delivered_up_mbps")
    if not (down and up and np.isfinite(down) and np.isfinite(up)):
        return word(row["technology"])
    speed = _("{down}/{up} Mbit/s", down=style.number(down), up=style.number(up))
    return f"{word(row['technology'])}, {speed}"


def head_rows(row: Mapping[Any, Any]) -> list[list[str]]:
    """Return what the popup of any area begins with: its id, its rank, what is proposed and how certain that is."""
    decision = style.decision(row["decision"], row["grant"])
    why = refusal(row.get("ineligible_because"))
    return [
        [_("area"), str(row["area_id"])],
        [_("rank"), str(row["rank"])],
        [_("decision"), f"{decision} ({why or word(row['certainty'])})"],
    ]


def money_rows(row: Mapping[Any, Any], currency: str) -> list[list[str]]:
    """Return what the popup of any area tells of money, and its score."""
    return [
        [_("investment"), style.money(row["capex"], currency)],
        [_("funding gap (P50)"), style.money(row["funding_gap_p50"], currency)],
        [_("P10 to P90"), style.money_range(row["funding_gap_p10"], row["funding_gap_p90"], currency)],
        [_("grant"), style.money(row["grant"], currency)],
        [_("score"), style.number(row["score"], digits=3)],
    ]


def routes(assessment: Assessment) -> Collection:
    """Return the fibre routes, thin; those of funded areas in the accent colour, the backhaul of masts in theirs."""
    frame, areas_ = assessment.routes, assessment.areas.set_index("area_id")
    masts = areas_.index[is_mobile(areas_)]
    kind = np.where(frame["area_id"].isin(masts), style.MOBILE_ONLY, "fibre")
    decision = frame["area_id"].map(areas_["decision"]).to_numpy()
    look = {"color": style.INK, "weight": 1.1, "opacity": 0.55, "fill": False}
    strong = {"weight": 2.0, "opacity": 0.9}
    styles = {"": look, "fund": look | strong | {"color": style.ACCENT}} | {
        f"mast-{code}": look | (strong if code == "fund" else {}) | {"color": colour, "dashArray": "5 4"}
        for code, colour in style.MAST_COLOURS.items()
    }
    looks = [
        f"mast-{code}" if what == style.MOBILE_ONLY else "fund" if code == "fund" else ""
        for what, code in zip(kind, decision, strict=True)
    ]
    return collection(simplified(frame, start_m=30.0), ({"k": code} for code in looks), styles)


def chosen(shape: gpd.GeoSeries) -> Collection:
    """Return the mark around what was clicked or selected: an outline in ink."""
    located = shape.to_crs(GEOGRAPHIC_CRS)
    look = {"color": style.INK, "weight": 3, "opacity": 0.9, "fill": False}
    return collection(located, ({"k": ""} for _ in range(len(located))), {"": look})


def cells(assessment: Assessment, tiles: PlaceTiles, *, most: int = 9_000) -> dict[str, Any]:
    """Return places short of service added up per cell, for every zoom with at most `most` cells."""
    levels = {}
    for zoom, marks in sorted(tiles.cells.items()):
        if len(marks.u) > most and levels:
            break
        lon, lat = 360 * (marks.u - 0.5), np.degrees(2 * np.arctan(np.exp(2 * np.pi * (0.5 - marks.v))) - np.pi / 2)
        columns = (np.round(lat, 4), np.round(lon, 4), np.round(marks.weight, 1), marks.code.astype(int) - 1)
        levels[zoom] = [[a, b, c, int(d)] for a, b, c, d in zip(*(col.tolist() for col in columns), strict=True)]
    kinds = [{"colour": kind.colour, "label": kind.label} for kind in GAP.classes(assessment.policy)]
    return {"classes": kinds, "levels": levels}


def credit(assessment: Assessment) -> str:
    """Return whose shapes and heights the map shows, as their licences ask."""
    roles = ("municipalities", "water", *(["terrain"] if assessment.terrain else []))
    sources = [source for role in roles for source in assessment.study.sources if source.role == role]
    told = [f"{said(source.supplier)}, {_licence(source.licence)}" for source in sources if source.supplier]
    return " · ".join(dict.fromkeys(told))


def _licence(text: str) -> str:
    """Return a licence so that it can stand behind a name: `not stated` alone would not tell what is not."""
    return _("licence {text}", text=text) if text.startswith("not ") else text


class Script(MacroElement):
    """Stand for a call of `coverageMap` in the browser that draws no layer of its own."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            coverageMap.{{ this.call }}({{ this._parent.get_name() }}{{ this.arguments }});
        {% endmacro %}
        """
    )

    def __init__(self, call: str, *parts: object) -> None:
        super().__init__()
        self._name, self.call = "Script", call
        self.arguments = "".join(f", {compact(part)}" for part in parts)


def begin(assessment: Assessment, *, foot: str = "") -> Script:
    """Return what a map begins with: whose shapes it shows, the words of its buttons, and what ends every popup."""
    words = {
        "language": language.current(),
        "failed": _("The layer “{name}” did not load. Reload the page."),
        "map": _("Map: arrow keys move it, plus and minus zoom"),
        "zoomIn": _("Zoom in"),
        "zoomOut": _("Zoom out"),
        "layers": _("Layers"),
        **({"foot": foot} if foot else {}),
    }
    return Script("begin", credit(assessment), words)


class DrawnLayer(Layer):
    """Stand for a layer that `coverageMap` draws (`vector`, `tiles`), from an address or from embedded data."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = coverageMap.{{ this.call }}({{ this.options_json }});
        {% endmacro %}
        """
    )

    def __init__(self, call: str, *, name: str, show: bool = True, control: bool = True, **options: Any) -> None:
        super().__init__(name=name, overlay=True, control=control, show=show)
        self._name, self.call = "DrawnLayer", call
        self.options_json = compact({"name": name, **options})


class OfflineMap(folium.Map):
    """A folium map whose scripts and sheets come from our own `/assets/`."""

    def __init__(self, *, base: str = "", **options: Any) -> None:
        super().__init__(tiles=None, font_size="12px", **options)
        self.default_js = [(assets.BUNDLE, base + assets.address(assets.BUNDLE))]
        self.default_css = [(name, base + assets.address(name)) for name in assets.SHEETS]


def group(layers: Sequence[Layer], *, name: str, show: bool = True) -> folium.FeatureGroup:
    """Return a feature group around layers that belong together in the layer list."""
    bundle = folium.FeatureGroup(name=name, show=show)
    for layer in layers:
        layer.add_to(bundle)
    return bundle
