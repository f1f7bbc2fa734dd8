"""What lacks mobile coverage: hand-drawn premises, fields and roads, and what must hold of any."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, box

from coverage import demand
from coverage.demand import COLUMNS, mobile_demand
from coverage.errors import CrsError, DataError
from coverage.extent import measure_extents
from coverage.inputs import ExtentLayer, MobileLayer
from coverage.policy import Policy, load_policy
from tests import drawn
from tests.test_overlay import write_raster

AS_IT_IS = load_policy("no-2024")
NORWAY = replace(AS_IT_IS, mobile=replace(AS_IT_IS.mobile, gain_per_km2=0.0, gain_per_road_km=0.0))
PAID = replace(NORWAY, mobile=replace(NORWAY.mobile, gain_per_km2=5.0, gain_per_road_km=2.0))
# Two municipalities side by side, west and east of x = 1000.
TWO = gpd.GeoDataFrame(
    {"municipality_code": ["5002", "5001"], "name": ["East", "West"]},
    geometry=[box(1000, 0, 2000, 1000), box(0, 0, 1000, 1000)],
    crs=drawn.CRS,
)
FAR = box(9000, 9000, 9100, 9100)  # covered, and nothing is there


def judged(*xy: tuple[float, float], **columns: Any) -> gpd.GeoDataFrame:
    defaults = {"employees": np.nan, "short_mobile": 1.0, "short_fixed": 1.0, "gap_kind": "both"}
    return drawn.places(xy, **(defaults | columns))


def fields(*shapes: Any, ground: str = "land") -> ExtentLayer:
    return ExtentLayer("fields", "farmland", gpd.GeoDataFrame(geometry=list(shapes), crs=drawn.CRS), ground)


def roads(*lines: Any) -> ExtentLayer:
    shapes = [line if hasattr(line, "geom_type") else LineString(line) for line in lines]
    return ExtentLayer("roads", "main roads", gpd.GeoDataFrame(geometry=shapes, crs=drawn.CRS))


def covers(*shapes: Any, level: str = "good", operator: str = "A", technology: str = "4g") -> MobileLayer:
    frame = gpd.GeoDataFrame({"level": [level] * len(shapes)}, geometry=list(shapes), crs=drawn.CRS)
    return MobileLayer(f"m-{operator}-{technology}", operator, technology, polygons=frame)


NOWHERE = (covers(FAR),)


def short_of(
    *extents: ExtentLayer, mobile: Any = NOWHERE, places: Any = None, policy: Policy = NORWAY
) -> gpd.GeoDataFrame:
    return mobile_demand(judged() if places is None else places, extents, mobile, policy=policy, municipalities=TWO)


def test_a_business_counts_by_its_employees_and_others_by_their_premises() -> None:
    places = judged(
        *[(100, 100)] * 6,
        kind=["business", "business", "business", "household", "holiday", "public"],
        employees=[12.0, np.nan, 900.0, np.nan, np.nan, 7.0],
        weight=[4.0, 1.0, 2.0, 3.0, 1.0, 1.0],
    )
    found = short_of(places=places)
    assert found["demand_id"].tolist() == [f"place-p{number}" for number in range(6)]
    assert found["weight"].tolist() == [4, 1, 2, 3, 1, 1]
    assert found["gain"].tolist() == [4 * 3, 1, 2 * NORWAY.employees_cap, 3, 1, 1]
    assert found["employees"].tolist() == [12, 0, 900, 0, 0, 7]
    assert found["place_row"].tolist() == list(range(6))
    assert {name: str(dtype) for name, dtype in found.dtypes.items()} == COLUMNS | {"geometry": "geometry"}


def test_shares_and_places_that_are_short_of_mobile_alone() -> None:
    places = judged(
        *[(100, 100)] * 4,
        employees=[8.0, 1.0, 1.0, 1.0],
        weight=[2.0, 1.0, 1.0, 0.0],
        short_mobile=[0.5, 0.0, 1.0, 1.0],
        gap_kind=["both", "fixed", "mobile", "mobile"],
    )
    found = short_of(places=places)
    assert found["place_row"].tolist() == [0, 2]
    assert found["weight"].tolist() == [1, 1]
    assert found["gain"].tolist() == [4, 1]  # half of two premises of four employees each
    assert found["employees"].tolist() == [4, 1]
    assert found["mobile_only"].tolist() == [False, True]


def test_places_outside_every_municipality_are_left_out() -> None:
    found = short_of(places=judged((100, 100), (-50, 0), municipality_code=["5001", None]))
    assert found["demand_id"].tolist() == ["place-p0"]


def test_farmland_is_counted_in_hectares_where_nobody_covers_it() -> None:
    found = short_of(fields(box(0, 0, 1000, 500)), mobile=[covers(box(0, 0, 300, 500))], policy=PAID)
    assert found["kind"].unique().tolist() == ["farmland"]
    assert found["weight"].sum() == pytest.approx(0.35)
    assert found["gain"].sum() == pytest.approx(0.35 * 5)
    assert found["place_row"].eq(-1).all()
    assert not found["mobile_only"].any()
    assert found["demand_id"].iloc[0] == "farmland-350.0-150.0"
    assert found["municipality_code"].unique().tolist() == ["5001"]


def test_what_has_no_gain_is_counted_all_the_same() -> None:
    found = short_of(fields(box(0, 0, 1000, 500)), roads([(0, 700), (1000, 700)]))
    assert found.groupby("kind")["weight"].sum().round(9).to_dict() == {"farmland": 0.5, "road": 1.0}
    assert (found["gain"] == 0).all()


def test_roads_are_counted_in_kilometres_and_shared_out_by_municipality() -> None:
    found = short_of(roads([(500, 500), (1450, 500)]), mobile=[covers(box(0, 0, 690, 1000))], policy=PAID)
    # Ten pieces of 95 m; the middles of two are covered.
    assert len(found) == 8
    assert found["weight"].sum() == pytest.approx(0.76)
    assert found["gain"].sum() == pytest.approx(1.52)
    by = found.groupby("municipality_code")["weight"].sum().round(9).to_dict()
    assert by == {"5001": pytest.approx(0.285), "5002": pytest.approx(0.475)}


def test_what_runs_along_a_border_is_of_the_first_municipality_by_code() -> None:
    assert short_of(roads([(1000, 0), (1000, 1000)]))["municipality_code"].tolist() == ["5001"] * 10


def test_a_line_read_from_its_other_end_or_given_twice_is_the_same_road() -> None:
    there = [(500, 500), (900, 620), (1450, 510)]
    once = short_of(roads(there))
    pd.testing.assert_frame_equal(short_of(roads(there[::-1], there), roads(there)), once)
    parts = gpd.GeoDataFrame(geometry=[LineString(there)], crs=drawn.CRS).union_all()
    pd.testing.assert_frame_equal(short_of(roads(parts)), once)


def test_a_field_given_twice_or_in_parts_is_counted_once() -> None:
    whole = short_of(fields(box(0, 0, 1000, 500)))
    parts = MultiPolygon([box(0, 0, 450, 500), box(450, 0, 1000, 500)])
    pd.testing.assert_frame_equal(short_of(fields(parts)), whole)
    pd.testing.assert_frame_equal(short_of(fields(box(0, 0, 1000, 500)), fields(box(200, 0, 1000, 500))), whole)


def test_a_field_smaller_than_the_lattice_counts_where_it_holds_a_point() -> None:
    assert short_of(fields(box(5, 5, 40, 40))).empty
    assert short_of(fields(box(45, 45, 55, 55)))["weight"].tolist() == [0.01]


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = [box(0, 0, 950, 220), Point(500, 700).buffer(180), box(1200, 300, 1990, 980)]
    whole = short_of(fields(*shapes))
    monkeypatch.setattr(demand, "CHUNK", 7)
    pd.testing.assert_frame_equal(short_of(fields(*shapes)), whole)


def test_ground_of_the_sea_and_of_no_use_is_no_farmland() -> None:
    assert short_of(fields(box(0, 0, 500, 500), ground="sea"), fields(box(0, 0, 500, 500), ground="")).empty


def test_what_lies_outside_every_municipality_is_no_demand() -> None:
    assert short_of(fields(box(-1000, 0, 0, 1000)), roads([(0, 1500), (2000, 1500)])).empty


def test_as_many_operators_as_the_policy_asks_for_must_reach_its_level() -> None:
    two = replace(NORWAY, mobile=replace(NORWAY.mobile, operators=2))
    mobile = [covers(box(0, 0, 600, 1000)), covers(box(0, 0, 300, 1000), operator="B")]
    line = roads([(0, 500), (1000, 500)])
    assert short_of(line, mobile=mobile)["weight"].sum() == pytest.approx(0.4)
    assert short_of(line, mobile=mobile, policy=two)["weight"].sum() == pytest.approx(0.7)
    weak = [covers(box(0, 0, 600, 1000), level="basic")]
    assert short_of(line, mobile=weak)["weight"].sum() == pytest.approx(1.0)


def test_a_raster_in_dbm_tells_what_is_short(tmp_path: Path) -> None:
    path = write_raster(
        tmp_path / "m.tif", np.array([[-80.0, -100.0, -101.0, -999.0]]), transform=Affine(250, 0, 0, 0, -1000, 1000)
    )
    found = short_of(roads([(0, 500), (1000, 500)]), mobile=[MobileLayer("m", "A", "4g", raster=path)])
    assert found["weight"].sum() == pytest.approx(0.5)
    assert found.geometry.x.min() > 500


def test_without_a_layer_that_counts_only_what_is_said_of_places_is_known() -> None:
    old = covers(FAR, technology="2g")
    for mobile in ((), (old,)):
        found = short_of(fields(box(0, 0, 500, 500)), roads([(0, 5), (500, 5)]), mobile=mobile, places=judged((1, 1)))
        assert found["kind"].tolist() == ["business"]


def test_nothing_short_keeps_the_columns() -> None:
    found = short_of()
    assert found.empty
    assert {name: str(dtype) for name, dtype in found.dtypes.items()} == COLUMNS | {"geometry": "geometry"}
    assert found.crs == drawn.CRS


def test_layers_that_cannot_be_used_are_named() -> None:
    elsewhere = ExtentLayer("fields", "farmland", gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs=4326), "land")
    with pytest.raises(CrsError, match="fields: the layer is in EPSG:4326"):
        short_of(elsewhere)
    with pytest.raises(DataError, match="roads: expected polygons or lines"):
        short_of(roads(LineString([(0, 0), (9, 0)]), box(0, 0, 9, 9)))


SQUARE = st.tuples(st.integers(0, 18), st.integers(0, 8), st.integers(1, 8)).map(
    lambda at: box(100 * at[0], 100 * at[1], 100 * (at[0] + at[2]), 100 * (at[1] + at[2]))
)
LINE = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 1000)), min_size=2, max_size=4, unique=True)


@settings(deadline=None, max_examples=40)
@given(st.lists(SQUARE, max_size=4), st.lists(LINE, max_size=3), st.lists(SQUARE, max_size=3), SQUARE)
def test_more_coverage_never_adds_demand(shapes: list[Any], lines: list[Any], covered: list[Any], more: Any) -> None:
    extents = [fields(*shapes), roads(*lines)]
    before = short_of(*extents, mobile=[covers(FAR, *covered)])
    after = short_of(*extents, mobile=[covers(FAR, *covered), covers(more, operator="B")])
    assert set(after["demand_id"]) <= set(before["demand_id"])
    kept = before[before["demand_id"].isin(after["demand_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(after, kept)
    assert before["demand_id"].is_unique


@settings(deadline=None, max_examples=40)
@given(st.lists(SQUARE, max_size=4), st.lists(LINE, max_size=3), st.lists(SQUARE, max_size=3))
def test_what_is_short_is_what_measured_extents_leave(shapes: list[Any], lines: list[Any], covered: list[Any]) -> None:
    # Squares on the lattice are exact; a road is measured to one piece for each end of what is covered.
    mobile = [covers(FAR, *covered)]
    found = short_of(fields(*shapes), mobile=mobile)
    distinct = gpd.GeoSeries(shapes).union_all()
    exact = measure_extents(
        [fields(distinct)] if not distinct.is_empty else [], mobile, municipalities=TWO, policy=NORWAY
    )
    good = exact[(exact["level"] == "good") & (exact["operator"] == "any") & exact["municipality_code"].isna()]
    assert found["weight"].sum() == pytest.approx((good["total"] - good["covered"]).sum(), abs=1e-9)
    for line in lines:
        alone = roads(line)
        exact = measure_extents([alone], mobile, municipalities=TWO, policy=NORWAY)
        good = exact[(exact["level"] == "good") & (exact["operator"] == "any") & exact["municipality_code"].isna()]
        ends = 2 * (len(covered) + 1) * (len(line) - 1)
        left = (good["total"] - good["covered"]).sum()
        assert short_of(alone, mobile=mobile)["weight"].sum() == pytest.approx(left, abs=0.1 * ends)


@settings(deadline=None, max_examples=40)
@given(st.permutations(range(5)), st.permutations(range(4)))
def test_the_order_of_rows_changes_nothing(order: list[int], lines: list[int]) -> None:
    places = judged(*[(100.0 * number, 50) for number in range(5)], employees=[float(number) for number in range(5)])
    ways = [[(0, 10), (700, 310)], [(0, 10), (0, 990)], [(300, 300), (1900, 800)], [(5, 5), (5, 6)]]
    shapes = [box(0, 0, 300, 300), box(200, 200, 800, 900), box(900, 0, 1400, 150), Point(1700, 500).buffer(120)]
    first = short_of(fields(*shapes), roads(*ways), places=places, policy=PAID)
    mixed = places.iloc[order].reset_index(drop=True)
    again = short_of(
        roads(*[ways[at] for at in lines]), fields(*[shapes[at] for at in lines]), places=mixed, policy=PAID
    )
    pd.testing.assert_frame_equal(again.drop(columns="place_row"), first.drop(columns="place_row"))
    named = mixed["place_id"].to_numpy()[again["place_row"][again["place_row"] >= 0]]
    assert [f"place-{name}" for name in named] == again["demand_id"][again["place_row"] >= 0].tolist()


def test_what_comes_elsewhere_leaves_ids_as_they_are() -> None:
    before = short_of(fields(box(0, 0, 300, 300)), roads([(0, 400), (900, 400)]), places=judged((10, 10)))
    after = short_of(
        fields(box(1200, 0, 1500, 400), box(0, 0, 300, 300)),
        roads([(1100, 400), (1900, 400)], [(0, 400), (900, 400)]),
        places=judged((10, 10), (1500, 500)),
    )
    kept = after[after["demand_id"].isin(before["demand_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before)
