"""A QGIS project inside a GeoPackage: its layers in the reader's language, one above the other, in the study's CRS.

QGIS keeps a project in the table `qgis_projects`, as a packed document written in hexadecimal digits; it opens with
Project, Open From, GeoPackage, or by a click in the browser. Layers are found by the file's name, beside the project.
"""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from coverage.reports import palette
from coverage.reports.wording import Wording

VERSION: Final = "3.22.0"
# From the top of the layer list down. Areas let the premises below them shine through: these would hide them.
ORDER: Final = (
    "corrections", "sites", "routes", "areas", "places", "municipalities", "contrast_places", "contrast_municipalities"
)  # fmt: skip
_TABLE: Final = "CREATE TABLE qgis_projects (name TEXT PRIMARY KEY, metadata BLOB, content BLOB)"
_EXTENT: Final = """
SELECT min_x, min_y, max_x, max_y, organization, organization_coordsys_id, definition
FROM gpkg_contents JOIN gpkg_spatial_ref_sys USING (srs_id) WHERE table_name = ?
"""
_DOCTYPE: Final = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
_MARGIN: Final = 0.03  # of a side, around everything
_DAY: Final = (1980, 1, 1, 0, 0, 0)  # what a packed file says of its time where nobody asks


@dataclass(frozen=True)
class Style:
    """Hold how a layer of points, lines or polygons is drawn, and how it is labelled ("" for not at all)."""

    geometry: str
    renderer: str
    labels: str = ""

    def document(self) -> str:
        """Return the style as QML."""
        named = "1" if self.labels else "0"
        return (
            f'{_DOCTYPE}<qgis version="{VERSION}" styleCategories="Symbology|Labeling" labelsEnabled="{named}">'
            f"{self.renderer}{self.labels}</qgis>"
        )


@dataclass(frozen=True)
class _Layer:
    """Hold a layer of the file: its table, its name in the reader's language, its extent and its CRS as XML."""

    table: str
    name: str
    style: Style
    extent: tuple[float, float, float, float]
    crs: str

    @property
    def key(self) -> str:
        """Return what the project calls the layer: QGIS gives ids of few signs away for others."""
        return f"coverage_{self.table}"

    def source(self, file: str) -> str:
        return f"./{file}|layername={self.table}"


def add(base: sqlite3.Connection, styles: Mapping[str, Style], *, file: str, stamp: str, wording: Wording) -> None:
    """Add a project of those layers that have a style and an extent; none where no layer has."""
    layers = [found for name in ORDER if name in styles and (found := _layer(base, name, styles[name], wording))]
    if not layers:
        return
    title = wording.text("qgis", "project")
    metadata = {"last_modified_time": stamp[:19], "last_modified_user": ""}
    base.execute(_TABLE)
    base.execute(
        "INSERT INTO qgis_projects VALUES (?, ?, ?)",
        (title, json.dumps(metadata), _packed(_document(layers, file, title))),
    )


def _layer(base: sqlite3.Connection, table: str, style: Style, wording: Wording) -> _Layer | None:
    row = base.execute(_EXTENT, (table,)).fetchone()
    if row is None or row[0] is None:
        return None
    return _Layer(table, wording.text("qgis", table), style, tuple(row[:4]), _crs(*row[4:]))


def _crs(organization: str, code: int, definition: str) -> str:
    """Return a CRS as QGIS reads it: by its code where an organisation gives it one, else as it is defined."""
    named = f"<authid>{escape(organization.upper())}:{code}</authid>" if organization.upper() == "EPSG" else ""
    return f"<spatialrefsys><wkt>{escape(definition)}</wkt>{named}</spatialrefsys>"


def _packed(document: str) -> str:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        entry = zipfile.ZipInfo("project.qgs", _DAY)
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, document.encode("utf-8"))
    return file.getvalue().hex()


def _document(layers: list[_Layer], file: str, title: str) -> str:
    crs = layers[-1].crs
    tree = "".join(
        f'<layer-tree-layer id="{layer.key}" name={quoteattr(layer.name)} source={quoteattr(layer.source(file))} '
        'providerKey="ogr" checked="Qt::Checked" expanded="1"/>'
        for layer in layers
    )
    order = "".join(f'<layer id="{layer.key}"/>' for layer in layers)
    view = _around(layers)
    return (
        f'{_DOCTYPE}<qgis version="{VERSION}" projectname={quoteattr(title)}><homePath path=""/>'
        f"<title>{escape(title)}</title><projectCrs>{crs}</projectCrs>"
        f'<layer-tree-group>{tree}<custom-order enabled="0"/></layer-tree-group>'
        f'<mapcanvas name="theMapCanvas" annotationsVisible="1"><units>meters</units><extent>{_sides(view)}</extent>'
        f"<rotation>0</rotation><destinationsrs>{crs}</destinationsrs></mapcanvas>"
        f"<projectlayers>{''.join(_map_layer(layer, file) for layer in layers)}</projectlayers>"
        f'<layerorder>{order}</layerorder><properties><Paths><Absolute type="bool">false</Absolute></Paths>'
        f"<Gui>{_canvas(palette.SEA)}</Gui>"
        '<SpatialRefSys><ProjectionsEnabled type="int">1</ProjectionsEnabled></SpatialRefSys></properties>'
        '<ProjectViewSettings UseProjectScales="0"><Scales/>'
        f'<DefaultViewExtent xmin="{view[0]}" ymin="{view[1]}" xmax="{view[2]}" ymax="{view[3]}">{crs}'
        "</DefaultViewExtent></ProjectViewSettings></qgis>"
    )


def _map_layer(layer: _Layer, file: str) -> str:
    return (
        f'<maplayer type="vector" geometry="{layer.style.geometry}" styleCategories="AllStyleCategories" '
        f'labelsEnabled="{1 if layer.style.labels else 0}" hasScaleBasedVisibilityFlag="0">'
        f"<extent>{_sides(layer.extent)}</extent><id>{layer.key}</id>"
        f"<datasource>{escape(layer.source(file))}</datasource><layername>{escape(layer.name)}</layername>"
        f'<srs>{layer.crs}</srs><provider encoding="UTF-8">ogr</provider>'
        f"{layer.style.renderer}{layer.style.labels}</maplayer>"
    )


def _canvas(colour: str) -> str:
    """Return the colour below everything."""
    parts = zip(("Red", "Green", "Blue"), (colour[at : at + 2] for at in (1, 3, 5)), strict=True)
    return "".join(
        f'<CanvasColor{name}Part type="int">{int(digits, 16)}</CanvasColor{name}Part>' for name, digits in parts
    )


def _sides(extent: tuple[float, float, float, float]) -> str:
    return "".join(
        f"<{name}>{value}</{name}>" for name, value in zip(("xmin", "ymin", "xmax", "ymax"), extent, strict=True)
    )


def _around(layers: list[_Layer]) -> tuple[float, float, float, float]:
    """Return the extent of everything, with a margin."""
    west, south = (min(layer.extent[at] for layer in layers) for at in (0, 1))
    east, north = (max(layer.extent[at] for layer in layers) for at in (2, 3))
    wide, tall = _MARGIN * max(east - west, 1.0), _MARGIN * max(north - south, 1.0)
    return (west - wide, south - tall, east + wide, north + tall)
