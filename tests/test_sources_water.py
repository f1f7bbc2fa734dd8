"""Lakes and the sea as a source: read for the map, judged like every other layer, and in no figure."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import LineString, box

from coverage import pipeline
from coverage.check import inspect
from coverage.study import Study
from maps import build, export, layers, server, style
from maps.store import STORE
from tests.asking import ask
from tests.studymaker import CRS, X0, Y0, TinyStudy, tiny_study


@pytest.fixture
def lakes(tmp_path: Path) -> TinyStudy:
    tiny = tiny_study(tmp_path)
    lake, stream = box(X0 + 4000, Y0 + 4000, X0 + 6000, Y0 + 6000), LineString([(X0, Y0), (X0 + 900, Y0)])
    frame = gpd.GeoDataFrame(geometry=[lake, stream, box(0, 0, 1, 1)], crs=CRS)
    frame.to_crs("EPSG:4326").to_file(tiny.folder / "water.geojson")
    tiny.sources.append({"id": "lakes", "role": "water", "kind": "vector", "path": "water.geojson"})
    tiny.save()
    return tiny


def test_polygons_are_read_and_what_is_none_or_far_away_is_rejected_with_its_row(lakes: TinyStudy) -> None:
    inputs = Study.open(lakes.folder).load()
    assert inputs.water.crs == CRS
    assert inputs.water.area.round(-3).tolist() == [4_000_000.0]
    assert inputs.rejected.loc[inputs.rejected["source"] == "lakes", "row"].tolist() == [2, 3]
    (report,) = [report for report in inputs.reports if report.source == "lakes"]
    assert (report.role, report.rows_read, report.rows_rejected) == ("water", 3, 2)
    assert any(source == "lakes" for source in json.dumps(inspect(Study.open(lakes.folder)).to_mapping()).split('"'))


def test_water_lies_on_the_land_and_changes_no_figure(lakes: TinyStudy) -> None:
    study = Study.open(lakes.folder)
    with_water = pipeline.assess(study, study.default_scenario())
    lakes.sources.pop()
    lakes.save()
    without = pipeline.assess(Study.open(lakes.folder), study.default_scenario())
    assert with_water.areas.drop(columns="geometry").equals(without.areas.drop(columns="geometry"))
    assert without.water.empty
    data = layers.water(with_water)
    assert data["styles"][""]["fillColor"] == style.SEA
    assert len(data["features"]) == 1
    ground = STORE.put(with_water)[1]
    urls = [getattr(part, "options_json", "") for part in build.base_map(with_water, ground=ground)._children.values()]
    assert [url for url in urls if "water.json" in url]
    assert ask(server.routes(), f"/data/{ground}/water.json").status == 200
    assert '"pane":"water"' in export.to_html(with_water)
    assert '"pane":"water"' not in export.to_html(without)
    dry = STORE.put(without)[1]
    assert not [part for part in build.base_map(without, ground=dry)._children.values()
                if "water.json" in getattr(part, "options_json", "")]  # fmt: skip
