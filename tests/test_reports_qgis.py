"""What QGIS finds in our GeoPackages: a style for every layer, whose classes are the data's, and a project of them."""

from __future__ import annotations

import io
import re
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import pyogrio
import pytest

from coverage.reports import render
from coverage.reports.qgis import layer_styles
from coverage.reports.wording import load_wording
from tests import toy, toy_masts, toy_told


def _read(text: str) -> ET.Element:
    return ET.fromstring(text.split(">", 1)[1])  # noqa: S314 - our own, behind a line that names QGIS's form


class Opened:
    """Hold what stands in a GeoPackage beside its layers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.layers = [name for name, shape in pyogrio.list_layers(path) if shape is not None]
        with closing(sqlite3.connect(path)) as base:
            self.styles = {name: _read(text) for name, text in base.execute(
                "SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault = 1")}  # fmt: skip
            self.name, packed = base.execute("SELECT name, content FROM qgis_projects").fetchone()
            self.values = {
                (layer, column): {row[0] for row in base.execute(f'SELECT DISTINCT "{column}" FROM "{layer}"')}  # noqa: S608
                for layer, column in (("places", "gap_kind"), ("areas", "decision"), ("sites", "basis"))
                if layer in self.layers
            }
        archive = zipfile.ZipFile(io.BytesIO(bytes.fromhex(packed)))
        (entry,) = archive.namelist()
        assert entry.endswith(".qgs")
        self.project = _read(archive.read(entry).decode())


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> dict[str, Opened]:
    folder = tmp_path_factory.mktemp("qgis")
    made = {}
    for language in ("en", "nb"):
        for name, given in (("masts", toy_masts.masted(competing=True)), ("told", toy_told.assessment())):
            path = folder / f"{name} & {language}.gpkg"
            render(given, "gap", format="gpkg", path=path, language=language)
            made[f"{name}-{language}"] = Opened(path)
    return made


def test_every_layer_has_a_default_style_and_gdal_sees_our_layers_alone(opened) -> None:
    for found in opened.values():
        assert set(found.styles) == set(found.layers)
        assert {name for name, _ in pyogrio.list_layers(found.path)} == {*found.layers, "layer_styles"}
    assert "sites" in opened["masts-en"].layers
    assert "corrections" in opened["told-en"].layers


def test_every_symbol_that_a_class_names_is_there(opened) -> None:
    for found in opened.values():
        for style in found.styles.values():
            symbols = {symbol.get("name") for symbol in style.findall("renderer-v2/symbols/symbol")}
            named = [
                item.get("symbol") for tag in ("category", "rule") for item in style.iter(tag) if item.get("symbol")
            ]
            assert set(named) <= symbols
            assert symbols


def test_classes_are_the_values_in_the_data(opened) -> None:
    found = opened["masts-en"]
    rules = [rule.get("filter") or "" for rule in found.styles["places"].iter("rule")]
    assert {re.findall(r"= '(\w+)'", rule)[0] for rule in rules} >= found.values[("places", "gap_kind")]
    areas = [item.get("value") or "" for item in found.styles["areas"].iter("category")]
    assert {value.removeprefix("mobile ") for value in areas} >= found.values[("areas", "decision")]
    assert "mobile fund" in areas
    assert {item.get("value") for item in found.styles["sites"].iter("category")} >= found.values[("sites", "basis")]
    plain = opened["told-en"].styles["areas"]
    assert [item.get("value") for item in plain.iter("category")] == ["fund", "reserve", "ineligible"]


def test_the_legend_lists_what_the_file_holds_and_served_places_are_drawn_close_up_alone(opened) -> None:
    rules = list(opened["masts-en"].styles["places"].iter("rule"))
    assert not [rule for rule in rules if "'none'" in (rule.get("filter") or "")], "the report holds places short alone"
    full = _read(layer_styles(load_wording("en"), gaps=("none", "both"))["places"].document())
    scales = {rule.get("label"): rule.get("scalemaxdenom") for rule in full.iter("rule") if rule.get("filter")}
    assert scales == {"served": "100000", "short of both": None}


def test_areas_and_municipalities_are_labelled(opened) -> None:
    for layer, said in (("areas", "rank"), ("municipalities", "name")):
        style = opened["masts-en"].styles[layer]
        assert style.get("labelsEnabled") == "1"
        assert said in (style.find("labeling/settings/text-style").get("fieldName") or "")
    close = opened["masts-en"].styles["areas"].find("labeling/settings/rendering")
    assert close.get("scaleVisibility") == "1"


def test_project_finds_its_layers_beside_it_in_order_and_in_the_readers_language(opened) -> None:
    for language, names in (
        ("en", ["Masts", "Fibre routes", "Project areas", "Premises", "Municipalities"]),
        ("nb", ["Master", "Fibertraseer", "Prosjektområder", "Enheter", "Kommuner"]),
    ):
        found = opened[f"masts-{language}"]
        tree = found.project.findall("layer-tree-group/layer-tree-layer")
        assert [item.get("name") for item in tree] == names
        layers = found.project.findall("projectlayers/maplayer")
        assert [item.findtext("layername") for item in layers] == names
        assert [item.findtext("id") for item in layers] == [item.get("id") for item in tree]
        assert len({item.findtext("id") for item in layers}) == len(layers)
        for item, shown in zip(layers, tree, strict=True):
            file, table = item.findtext("datasource").split("|layername=")
            assert shown.get("source") == item.findtext("datasource")
            assert (found.path.parent / file).resolve() == found.path
            assert file.startswith("./")
            assert table in found.layers
            assert item.find("renderer-v2") is not None
    assert opened["masts-nb"].name == "Manglende bredbånd"
    assert "Rettelser" in [item.findtext("layername") for item in opened["told-nb"].project.iter("maplayer")]


def test_project_is_in_the_studys_crs_and_shows_everything(opened) -> None:
    found = opened["masts-en"].project
    assert found.findtext("projectCrs/spatialrefsys/authid") == toy.CRS
    view = [float(found.findtext(f"mapcanvas/extent/{side}")) for side in ("xmin", "ymin", "xmax", "ymax")]
    default = found.find("ProjectViewSettings/DefaultViewExtent")
    assert [float(default.get(side)) for side in ("xmin", "ymin", "xmax", "ymax")] == view
    west, south, east, north = toy_masts.masted(competing=True).areas.total_bounds
    assert view[0] < west < east < view[2]
    assert view[1] < south < north < view[3]


def test_same_report_gives_the_same_project(opened, tmp_path: Path) -> None:
    found = opened["told-nb"]
    again = tmp_path / found.path.name
    render(toy_told.assessment(), "gap", format="gpkg", path=again, language="nb")
    query = "SELECT name, metadata, content FROM qgis_projects"
    with closing(sqlite3.connect(found.path)) as one, closing(sqlite3.connect(again)) as other:
        assert one.execute(query).fetchall() == other.execute(query).fetchall()


def test_the_comparison_of_policies_has_its_styles_in_words() -> None:
    style = _read(layer_styles(load_wording("nb"))["contrast_places"].document())
    assert [item.get("value") for item in style.iter("category")] == ["only_a", "only_b"]
    assert [item.get("label") for item in style.iter("category")] == [
        "støtteberettiget bare etter regelverk A", "støtteberettiget bare etter regelverk B",
    ]  # fmt: skip
