"""Lots through study.toml: from any vector file into the study's system, nothing lost, and what is said of odd ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely.geometry import LineString, box
from shapely.geometry.base import BaseGeometry

from coverage import pipeline
from coverage.errors import DataError
from coverage.inputs import Inputs
from coverage.policy import load_policy
from coverage.scenario import Scenario
from coverage.study import Study
from tests.studymaker import CRS, X0, Y0, TinyStudy, tiny_study


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    return tiny_study(tmp_path)


def square(x: float, y: float, side: float = 3000.0) -> BaseGeometry:
    return box(X0 + x, Y0 + y, X0 + x + side, Y0 + y + side)


def draw(
    tiny: TinyStudy, shapes: list[BaseGeometry], *, source: str = "lots", file: str = "lots.gpkg", **columns: Any
) -> None:
    """Write lots to a file and add it to the study; columns are by the planner's own names."""
    frame = gpd.GeoDataFrame({"id": [f"L{n}" for n in range(len(shapes))], **columns}, geometry=shapes, crs=CRS)
    frame.to_crs("EPSG:4326").to_file(tiny.folder / file)
    mapped = {"lot_id": "id", **{ours: theirs for ours, theirs in NAMES.items() if theirs in columns}}
    tiny.sources.append({"id": source, "role": "lots", "kind": "vector", "path": file, "columns": mapped})
    tiny.save()


NAMES = {"name": "navn", "municipality_code": "kommune"}


def load(tiny: TinyStudy) -> Inputs:
    return Study.open(tiny.folder).load()


def test_a_study_without_lots_has_none(tiny: TinyStudy) -> None:
    lots = load(tiny).lots
    assert len(lots) == 0
    assert list(lots.columns) == ["lot_id", "name", "municipality_code", "source", "source_row", "geometry"]


@pytest.mark.parametrize("file", ["lots.gpkg", "lots.geojson", "lots.fgb", "lots.shp"])
def test_lots_of_any_vector_file_come_in_the_study_system(tiny: TinyStudy, file: str) -> None:
    draw(tiny, [square(500, 500), square(9000, 0), square(14_000, 0)], file=file, navn=["Sør", None, "Aust"])
    lots = load(tiny).lots
    assert lots["source_row"].tolist() == [1, 2, 3]
    lots = lots.sort_values("lot_id")  # a FlatGeobuf has an order of its own
    assert lots["lot_id"].tolist() == ["L0", "L1", "L2"]
    assert lots["name"].fillna("").tolist() == ["Sør", "", "Aust"]
    assert lots["municipality_code"].tolist() == ["5001", "5002", "5002"], "1 km in the west, 2 in the east"
    assert lots.crs == CRS
    assert lots.area.to_numpy() == pytest.approx([9e6] * 3, rel=1e-4)


def test_the_planners_municipality_stands_and_one_the_study_lacks_is_rejected(tiny: TinyStudy) -> None:
    draw(tiny, [square(500, 500), square(4000, 500)], kommune=["5002", "9999"])
    inputs = load(tiny)
    assert inputs.lots["municipality_code"].tolist() == ["5002"]
    rejected = inputs.rejected.to_dict("records")
    assert [(row["row"], row["field"], row["value"], row["reason"]) for row in rejected] == [
        (2, "kommune", "9999", "is no municipality of the study")
    ]


def test_parts_of_a_lot_are_joined(tiny: TinyStudy) -> None:
    draw(tiny, [square(500, 500, 500), square(4000, 500, 500), square(2000, 500, 500)], id=["A", "B", "A"])
    inputs = load(tiny)
    assert inputs.lots["lot_id"].tolist() == ["A", "B"]
    assert inputs.lots.area.to_numpy() == pytest.approx([5e5, 2.5e5], rel=1e-3)
    assert "3 rows joined to 2 lots by their lot_id" in next(r for r in inputs.reports if r.source == "lots").notes


def test_a_lot_id_of_an_earlier_source_is_rejected(tiny: TinyStudy) -> None:
    draw(tiny, [square(500, 500)])
    draw(tiny, [square(500, 500), square(6000, 500)], source="more", file="more.gpkg")
    inputs = load(tiny)
    assert inputs.lots["source"].tolist() == ["lots", "more"]
    assert inputs.lots["lot_id"].tolist() == ["L0", "L1"]
    assert inputs.rejected["reason"].tolist() == ["is a lot_id of an earlier source; the earlier lot is kept"]


def test_overlapping_lots_are_told(tiny: TinyStudy) -> None:
    draw(tiny, [square(500, 500), square(2500, 500), square(6000, 500)])
    assert load(tiny).warnings == (
        "lots: 'L0' and 'L1' share 3.000 km²; places there belong to 'L0', which comes first",
    )


def test_lots_that_only_touch_do_not_overlap(tiny: TinyStudy) -> None:
    draw(tiny, [square(500, 500), square(3500, 500)])
    assert load(tiny).warnings == ()


def test_a_line_is_no_lot_and_a_file_of_none_is_unusable(tiny: TinyStudy) -> None:
    draw(tiny, [LineString([(X0, Y0), (X0 + 900, Y0 + 900)])])
    with pytest.raises(
        DataError, match=r"lots.gpkg: all 1 rows were rejected \(geometry: is a line; expected a polygon"
    ):
        load(tiny)


def test_a_row_without_lot_id_is_rejected(tiny: TinyStudy) -> None:
    draw(tiny, [square(500, 500), square(6000, 500)], id=["A", None])
    inputs = load(tiny)
    assert inputs.lots["lot_id"].tolist() == ["A"]
    assert inputs.rejected["row"].tolist() == [2]


def test_a_whole_study_with_lots(tiny: TinyStudy) -> None:
    # The first takes the four places of a corner, the second lies where all have fibre, the third spans the border.
    draw(
        tiny,
        [square(5500, 5500, 4000), square(0, 0, 500), box(X0 + 5500, Y0, X0 + 11_500, Y0 + 4000)],
        navn=["North", "Empty", "Border"],
    )
    study = Study.open(tiny.folder)
    prepared = pipeline.prepare(study, load_policy("no-2024"))
    places, areas = prepared.places, prepared.areas.set_index("area_id")
    assert areas[areas["drawn"]]["name"].to_dict() == {"5001-lot-L0": "North", "5001-lot-L2": "Border"}
    for name, area in areas[areas["drawn"]].iterrows():
        inside = places[(places["eligible"] > 0) & places.geometry.intersects(area.geometry)]
        assert set(inside["area_id"]) == {name}
        assert set(places.index[places["area_id"] == name]) == set(inside.index)
    assert "lots: no eligible place is left for 'L1', so it makes no area" in prepared.warnings
    assert any("'L2' holds eligible places of 5001, 5002" in text for text in prepared.warnings)
    result = pipeline.decide(prepared, study.default_scenario())
    assert result.areas["drawn"].sum() == 2
    assert set(result.routes["area_id"]) == set(result.areas["area_id"])


def test_a_scenario_joins_areas_across_the_border(tiny: TinyStudy) -> None:
    study = Study.open(tiny.folder)
    wide = {"cut_m": 6000.0, "min_premises": 1.0}
    split = Scenario.from_mapping({"policy": "no-2024", "budget": 1e6, "areas": wide})
    joined = Scenario.from_mapping(
        {"policy": "no-2024", "budget": 1e6, "areas": {**wide, "split_by_municipality": False}}
    )
    apart, together = pipeline.assess(study, split), pipeline.assess(study, joined)
    assert apart.areas["municipality_code"].nunique() == 2
    assert len(together.areas) < len(apart.areas)
    assert (together.places.groupby("area_id")["municipality_code"].nunique() > 1).any()
    assert (apart.places.groupby("area_id")["municipality_code"].nunique() == 1).all()
    assert together.provenance["scenario"]["areas"]["split_by_municipality"] is False
    assert apart.provenance["fingerprint"] != together.provenance["fingerprint"]


def test_areas_of_a_run_given_back_as_lots_keep_ids_names_and_places(tiny: TinyStudy, tmp_path: Path) -> None:
    study = Study.open(tiny.folder)
    first = pipeline.assess(study, study.default_scenario())
    file = tiny.folder / "published.gpkg"
    first.areas.to_file(file, layer="areas")
    columns = {"lot_id": "area_id"}
    tiny.sources.append(
        {"id": "published", "role": "lots", "kind": "vector", "path": file.name, "layer": "areas", "columns": columns}
    )
    tiny.save()
    # Under other rules than those that they came from.
    question = study.default_scenario().with_changes(areas=(("cut_m", 10.0), ("min_premises", 0.0)))
    again = pipeline.assess(Study.open(tiny.folder), question)
    assert again.areas["drawn"].all()
    named = first.areas.set_index("area_id")["name"]
    assert again.areas.set_index("area_id")["name"].to_dict() == named.to_dict()
    assert again.places["area_id"].equals(first.places["area_id"])
