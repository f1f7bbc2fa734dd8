"""Areas drawn on a map: hand-drawn outlines on the tiny study, and that the list says the same of them.

The study's places are a lattice: p00 stands in the south-west, eight columns 2.5 km apart, five rows 2 km apart. Those
in the south-west have fibre, and every fourth is a holiday home.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as some
from shapely.geometry import Polygon, box

from coverage import pipeline, sketch
from coverage.assessment import Assessment
from coverage.drawn import Ground
from coverage.errors import DataError
from coverage.pipeline import Prepared
from coverage.policy import load_policy
from coverage.sketch import FIGURES, OutlineError, Sketch, estimate_drawn, read_outline
from coverage.study import Study
from tests.studymaker import CRS, SIDE, X0, Y0, tiny_study
from tests.test_backcast import hand_cost

CORNER = box(X0, Y0 + 6500, X0 + 4000, Y0 + SIDE)  # p24, p25, p32, p33
# p25, p26, p33, p34 in the west, p28 and p36 in the east; p27 and p35 are holiday homes.
BOTH_TOWNS = box(X0 + 3000, Y0 + 6500, X0 + 11_500, Y0 + SIDE)
QUESTION = {"draws": 50}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    tiny = tiny_study(tmp_path_factory.mktemp("sketch") / "tiny")
    return pipeline.prepare(Study.open(tiny.folder), load_policy("no-2024"))


@pytest.fixture(scope="module")
def ground(prepared: Prepared) -> Ground:
    return Ground.of(prepared)


@pytest.fixture(scope="module")
def assessment(prepared: Prepared) -> Assessment:
    return pipeline.decide(prepared, question(prepared))


@pytest.fixture(scope="module")
def drawing(prepared: Prepared, ground: Ground, assessment: Assessment) -> Any:
    def draw(outline: Polygon, **changes: Any) -> Sketch:
        return estimate_drawn(prepared, outline, question(prepared, **changes), ground=ground, ranked=assessment.areas)

    return draw


def question(prepared: Prepared, **changes: Any) -> Any:
    return prepared.study.default_scenario().with_changes(**QUESTION, **changes)


def feature(outline: Polygon, crs: str = CRS) -> dict[str, Any]:
    located = gpd.GeoSeries([outline], crs=crs).to_crs(4326)
    return json.loads(located.to_json())["features"][0]


def with_source(folder: Path, drawn: Sketch, prepared: Prepared, source: dict[str, Any]) -> Assessment:
    """Assess the tiny study with what a planner has downloaded as one more source."""
    tiny = tiny_study(folder)
    text = json.dumps(sketch.as_geojson(drawn, study=prepared.study, policy=prepared.policy, name="Corner"))
    (folder / "drawn.geojson").write_text(text, encoding="utf-8")
    tiny.sources.append({"id": "drawn", "kind": "vector", "path": "drawn.geojson", **source})
    tiny.save()
    study = Study.open(tiny.folder)
    return pipeline.assess(study, study.default_scenario().with_changes(**QUESTION))


def figures(row: Any) -> dict[str, Any]:
    return {name: row[name] if name == "technology" else pytest.approx(row[name], rel=1e-9) for name in FIGURES}


def test_the_corner_is_priced_by_hand(drawing: Any, prepared: Prepared) -> None:
    drawn = drawing(CORNER)
    area = drawn.estimate.area
    assert area["premises"] == 4
    assert (area["businesses"], area["households"], area["public"]) == (2, 2, 0)
    # See test_backcast: 6.5 km between the four, and 5 to the exchange.
    assert area["route_m"] == pytest.approx(11_500, rel=1e-3)
    fibre = drawn.estimate.options.set_index("technology").loc["fibre", "capex"]
    assert fibre == pytest.approx(hand_cost(premises=4, route_m=area["route_m"], drop_m=0), rel=0.001)
    assert area["capex"] < fibre, "wireless delivers as well"
    assert drawn.estimate.lines["amount"].sum() == pytest.approx(area["capex"])
    assert drawn.towns.to_dict() == {"5001": 4.0}
    who = ("state_share", "county_share", "municipal_share", "private_share")
    assert area[list(who)].sum() == pytest.approx(area["funding_gap_p50"])
    assert area["grant"] == pytest.approx(area["state_share"] + area["county_share"])
    route = drawn.estimate.routes.iloc[0]
    surfaces = ("in_duct_m", "on_poles_m", "steep_dug_m", "field_dug_m", "verge_dug_m", "subsea_m")
    assert route[list(surfaces)].sum() == pytest.approx(route["route_m"])


def test_the_study_says_the_same_of_the_outline_as_a_lot(tmp_path: Path, drawing: Any, prepared: Prepared) -> None:
    """What is downloaded and given back as a lot is the same area, to the last figure of the draws."""
    drawn = drawing(CORNER)
    other = with_source(tmp_path / "lots", drawn, prepared, {"role": "lots"})
    area = other.areas[other.areas["drawn"]].iloc[0]
    assert area["area_id"] == drawn.estimate.area["area_id"]
    assert (area["name"], area["municipality_code"]) == ("Corner", "5001")
    assert figures(drawn.estimate.area) == {name: area[name] for name in FIGURES}
    assert drawn.estimate.standing.score == pytest.approx(area["score"])


def test_what_is_downloaded_is_an_application(tmp_path: Path, drawing: Any, prepared: Prepared) -> None:
    drawn = drawing(CORNER)
    other = with_source(
        tmp_path / "applied", drawn, prepared, {"role": "applications", "options": {"shape": "polygon"}}
    )
    applied = other.areas[other.areas["application_id"] == drawn.lot["lot_id"].iloc[0]]
    assert applied["status"].tolist() == ["applied"]
    assert applied["capex"].iloc[0] == pytest.approx(drawn.estimate.area["capex"])
    assert applied["premises"].iloc[0] == 4


def test_a_present_area_keeps_its_figures_and_its_place(drawing: Any, assessment: Assessment) -> None:
    tested = 0
    for area in assessment.areas.itertuples():
        drawn = drawing(area.geometry)
        if list(drawn.overlaps["area_id"]) != [area.area_id]:
            continue  # its outline takes in a neighbour
        tested += 1
        found = drawn.estimate
        assert found.area["area_id"] == area.area_id
        assert figures(found.area) == {name: getattr(area, name) for name in FIGURES}
        assert (found.standing.rank, found.standing.areas) == (area.rank, len(assessment.areas))
        assert found.standing.score == pytest.approx(area.score)
        assert found.standing.reached == (area.ranked_decision == "fund")
        assert drawn.overlaps[["share_of_area", "share_of_drawn"]].to_numpy().tolist() == [[1.0, 1.0]]
    assert tested > 2


def test_budget_and_view_are_those_of_the_scenario(drawing: Any) -> None:
    assert not drawing(CORNER, budget=0.0).estimate.standing.reached
    assert drawing(CORNER, budget=1e9).estimate.standing.reached
    capped = drawing(CORNER, view="private_cap").estimate.area
    assert capped["funding_gap_p50"] != drawing(CORNER).estimate.area["funding_gap_p50"]
    assert capped["capex"] == drawing(CORNER).estimate.area["capex"]


def test_two_outlines_of_the_same_premises_say_the_same(drawing: Any) -> None:
    wider = drawing(CORNER.buffer(300))
    assert figures(wider.estimate.area) == {name: drawing(CORNER).estimate.area[name] for name in FIGURES}


def test_each_option_is_told_and_the_cheapest_that_delivers_is_proposed(drawing: Any) -> None:
    found = drawing(CORNER).estimate
    able = found.options[found.options["meets_delivery"]]
    assert found.area["technology"] == able.loc[able["net_cost"].idxmin(), "technology"]
    assert set(found.options["technology"]) == {"fibre", "fwa", "voucher"}


def test_an_outline_across_two_municipalities_is_counted_under_the_one_with_most(drawing: Any) -> None:
    drawn = drawing(BOTH_TOWNS)
    assert drawn.towns.to_dict() == {"5001": 4.0, "5002": 2.0}
    assert drawn.lot["municipality_code"].iloc[0] == drawn.estimate.area["municipality_code"] == "5001"
    assert drawn.estimate.area["premises"] == 6
    as_many = drawing(box(X0 + 5500, Y0 + 6500, X0 + 11_500, Y0 + SIDE))
    assert as_many.towns.to_dict() == {"5001": 2.0, "5002": 2.0}
    assert as_many.lot["municipality_code"].iloc[0] == "5001"
    assert drawn.overlaps["share_of_drawn"].sum() == pytest.approx(1.0)


def test_an_outline_with_nobody_eligible_is_an_answer(drawing: Any, prepared: Prepared) -> None:
    served = box(X0 + 500, Y0 + 500, X0 + 1500, Y0 + 1500)  # p00, which has fibre
    drawn = drawing(served)
    assert drawn.estimate is None
    assert drawn.towns.empty
    assert drawn.overlaps.empty
    assert list(drawn.overlaps.columns) == list(sketch.OVERLAP_COLUMNS)
    told = sketch.left_out(prepared.places.iloc[sketch.inside(prepared.places, served)])
    assert told.to_dict("records") == [
        {"reason_code": "served", "premises": 1.0, "businesses": 1.0, "households": 0.0, "public": 0.0, "holiday": 0.0}
    ]
    nothing = box(X0 + 4400, Y0 + 6100, X0 + 4500, Y0 + 6200)
    assert drawing(nothing).estimate is None
    assert len(sketch.left_out(prepared.places.iloc[sketch.inside(prepared.places, nothing)])) == 0
    made = sketch.as_geojson(drawn, study=prepared.study, policy=prepared.policy)["features"][0]["properties"]
    assert made["lot_id"].startswith("outside-lot-drawn-")
    assert "capex" not in made


def test_everybody_inside_is_either_eligible_or_told_why_not(drawing: Any, prepared: Prepared) -> None:
    whole = box(X0, Y0, X0 + 2 * SIDE, Y0 + SIDE)
    told = sketch.left_out(prepared.places.iloc[sketch.inside(prepared.places, whole)])
    assert told["premises"].sum() + drawing(whole).estimate.area["premises"] == 40
    assert told.loc[told["reason_code"] == "holiday-home", "holiday"].tolist() == [10.0]
    assert told["premises"].is_monotonic_decreasing


@pytest.mark.parametrize(
    ("corners", "code"),
    [
        ([(0, 0), (4000, 4000), (4000, 0), (0, 4000)], "crossing"),
        ([(0, 0), (4000, 0), (4000, 4000), (4000, 0), (2000, 0)], "crossing"),
        ([(0, 0), (2000, 0), (4000, 0)], "no_area"),
        ([(-9000, 0), (-5000, 0), (-5000, 4000)], "outside"),
    ],
)
def test_an_outline_that_cannot_be_used_is_one_sentence(
    prepared: Prepared, drawing: Any, corners: list[tuple[float, float]], code: str
) -> None:
    outline = Polygon([(X0 + x, Y0 + y) for x, y in corners])
    with pytest.raises(OutlineError) as told:
        drawing(outline)
    assert told.value.code == code
    assert isinstance(told.value, DataError)
    assert str(told.value).startswith("outline: ")
    if code != "no_area":  # a straight line is not one in degrees
        with pytest.raises(OutlineError) as again:
            read_outline(feature(outline), crs=CRS, municipalities=prepared.inputs.municipalities)
        assert again.value.code == code


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (None, "no_polygon"),
        ("<script>", "no_polygon"),
        ({"geometry": None}, "no_polygon"),
        ({"geometry": {"type": "Point", "coordinates": [10, 63]}}, "no_polygon"),
        ({"geometry": {"type": "Polygon", "coordinates": []}}, "no_polygon"),
        ({"geometry": {"type": "Polygon", "coordinates": [[[10, 63]], [[10, 63]]]}}, "no_polygon"),
        ({"geometry": {"type": "Polygon", "coordinates": [[["a", 63], [10, 64], [11, 63]]]}}, "no_polygon"),
        ({"geometry": {"type": "Polygon", "coordinates": [[[1e999, 63], [10, 64], [11, 63]]]}}, "no_polygon"),
        ({"geometry": {"type": "Polygon", "coordinates": [[[190, 63], [10, 64], [11, 63]]]}}, "no_polygon"),
        ({"geometry": {"type": "Polygon", "coordinates": [[10, 63, 5]]}}, "no_polygon"),
        ({"geometry": {"type": "Polygon", "coordinates": [[[10, 63], [10, 63], [10, 63], [10, 63]]]}}, "no_area"),
        ({"geometry": {"type": "Polygon", "coordinates": [[[n / 99, 63] for n in range(600)]]}}, "too_many_corners"),
        ({"geometry": {"type": "Polygon", "coordinates": [[[-90, -89], [10, -89], [90, -88]]]}}, "outside"),
    ],
)
def test_whatever_a_browser_sends_is_an_outline_or_one_sentence(prepared: Prepared, sent: object, code: str) -> None:
    with pytest.raises(OutlineError) as told:
        read_outline(sent, crs=CRS, municipalities=prepared.inputs.municipalities)
    assert told.value.code == code


def test_who_is_inside_is_told_by_where_the_reader_sees_places(
    prepared: Prepared, ground: Ground, assessment: Assessment, drawing: Any
) -> None:
    """A home that is shown in the middle of its cell is inside an outline around that middle, and in no other."""
    seen = prepared.places.copy()
    home = int(np.flatnonzero(seen["place_id"] == "p25")[0])
    moved = np.asarray(seen.geometry.array, dtype=object).copy()
    moved[home] = shapely.Point(X0 + 3600, Y0 + 7125)  # it stands 100 m to the west
    seen = seen.set_geometry(gpd.GeoSeries(moved, index=seen.index, crs=CRS))

    def draw(outline: Polygon) -> Sketch:
        asked = question(prepared)
        return estimate_drawn(prepared, outline, asked, ground=ground, ranked=assessment.areas, seen=seen)

    around = shapely.Point(X0 + 3600, Y0 + 7125).buffer(50)
    assert drawing(around).estimate is None, "nobody stands there"
    found = draw(around).estimate.area
    at_home = drawing(shapely.Point(X0 + 3500, Y0 + 7000).buffer(50))
    assert figures(found) == {name: at_home.estimate.area[name] for name in FIGURES}
    assert draw(shapely.Point(X0 + 3500, Y0 + 7000).buffer(50)).estimate is None
    assert draw(CORNER).estimate.area["premises"] == 4


def test_an_outline_comes_back_in_metres(prepared: Prepared) -> None:
    outline = read_outline(feature(CORNER), crs=CRS, municipalities=prepared.inputs.municipalities)
    assert outline.hausdorff_distance(CORNER) < 0.01


def test_what_is_downloaded_follows_the_standard(drawing: Any, prepared: Prepared) -> None:
    made = sketch.as_geojson(drawing(CORNER), study=prepared.study, policy=prepared.policy)
    json.dumps(made, allow_nan=False)
    assert set(made) == {"type", "features"}, "no crs: longitude and latitude of WGS 84"
    ring = np.array(made["features"][0]["geometry"]["coordinates"][0])
    assert ring[0].tolist() == ring[-1].tolist()
    assert shapely.is_ccw(shapely.LinearRing(ring))
    assert ((ring > (5, 60)) & (ring < (15, 70))).all(), "longitude first"
    told = made["features"][0]["properties"]
    assert (told["data_status"], told["currency"], told["policy"]) == ("synthetic", "NOK", "no-2024")
    assert told["grant"] <= told["funding_gap_p50"]
    clockwise = Polygon(list(CORNER.exterior.coords)[::-1])
    assert (
        sketch.as_geojson(drawing(clockwise), study=prepared.study, policy=prepared.policy)["features"][0]["properties"]
        == told
    )


def test_neither_the_order_of_rows_nor_where_the_ring_begins_matters(
    drawing: Any, prepared: Prepared, assessment: Assessment
) -> None:
    order = np.random.default_rng(3).permutation(len(prepared.places))
    mixed = dataclasses.replace(
        prepared,
        places=prepared.places.iloc[order].reset_index(drop=True),
        inputs=dataclasses.replace(prepared.inputs, roads=prepared.inputs.roads.iloc[::-1]),
    )
    ring = list(BOTH_TOWNS.exterior.coords)[:-1]
    found = estimate_drawn(
        mixed, Polygon([*ring[2:], *ring[:2]]), question(mixed), ground=Ground.of(mixed),
        ranked=assessment.areas.iloc[::-1],
    )  # fmt: skip
    plain = drawing(BOTH_TOWNS)
    assert figures(found.estimate.area) == {name: plain.estimate.area[name] for name in FIGURES}
    assert found.estimate.area["area_id"] == plain.estimate.area["area_id"]
    assert found.estimate.standing == plain.estimate.standing
    pd.testing.assert_frame_equal(found.overlaps, plain.overlaps)
    pd.testing.assert_series_equal(found.towns, plain.towns)


@settings(max_examples=12, deadline=None)
@given(
    west=some.floats(0, 15_000), south=some.floats(0, 8_000), wide=some.floats(50, 5_000), more=some.floats(0, 4_000)
)
def test_a_larger_outline_never_holds_fewer(
    prepared: Prepared, drawing: Any, west: float, south: float, wide: float, more: float
) -> None:
    small, large = (
        box(X0 + west - side, Y0 + south - side, X0 + west + wide + side, Y0 + south + wide + side)
        for side in (0.0, more)
    )
    one, other = drawing(small), drawing(large)
    assert set(sketch.inside(prepared.places, small)) <= set(sketch.inside(prepared.places, large))
    assert one.towns.sum() <= other.towns.sum()
    assert one.overlaps["premises"].sum() <= other.overlaps["premises"].sum()
    if one.estimate is not None:
        assert other.estimate.area["premises"] >= one.estimate.area["premises"]
        assert other.estimate.area["premises"] == pytest.approx(other.towns.sum())
