"""Where farmland and roads lack mobile coverage: hand-drawn answers, and sums that agree with what is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, box

from coverage.extent import survey_extents
from coverage.policy import load_policy
from tests.test_extent import NORWAY, TWO, layer, levels

TWO_OPERATORS = replace(NORWAY, mobile=replace(NORWAY.mobile, operators=2))


def lacking(*extents: Any, mobile: Any, policy: Any = NORWAY) -> gpd.GeoDataFrame:
    return survey_extents(extents, mobile, municipalities=TWO, policy=policy).lacking


def test_what_no_operator_reaches_at_the_level_is_drawn() -> None:
    farm, road = layer(box(0, 0, 2000, 1000)), layer(LineString([(0, 500), (2000, 500)]), what="roads")
    mobile = [levels("A", ("good", box(0, 0, 600, 1000)), ("basic", box(600, 0, 2000, 1000)))]
    found = lacking(farm, road, mobile=mobile)
    told = [tuple(row) for row in found.drop(columns=["geometry", "source"]).round(6).to_numpy()]
    assert told == [
        ("farmland", "km2", "5001", 0.4), ("farmland", "km2", "5002", 1.0), ("roads", "km", "5001", 0.4),
        ("roads", "km", "5002", 1.0),
    ]  # fmt: skip
    assert found.geometry[0].equals(box(600, 0, 1000, 1000))
    assert found.geometry[2].equals(LineString([(600, 500), (1000, 500)]))


def test_where_two_operators_are_asked_for_one_is_too_few() -> None:
    mobile = [
        levels("A", ("good", box(0, 0, 800, 1000))),
        levels("B", ("good", box(0, 0, 300, 1000)), technology="4g"),
        levels("B", ("good", box(300, 0, 500, 1000)), technology="5g"),
        levels("C", ("good", box(700, 0, 1000, 1000))),
    ]
    found = lacking(layer(box(0, 0, 1000, 1000)), mobile=mobile, policy=TWO_OPERATORS)
    assert found["amount"].sum() == pytest.approx(0.4)  # 500 to 700 has A alone, 800 to 1000 C alone
    assert found.geometry.union_all().equals(shapely.union_all([box(500, 0, 700, 1000), box(800, 0, 1000, 1000)]))
    alone = lacking(layer(box(0, 0, 1000, 1000)), mobile=mobile[:1], policy=TWO_OPERATORS)
    assert alone["amount"].tolist() == [1.0]


def test_nothing_is_said_to_lack_without_a_layer_or_without_a_level() -> None:
    farm = layer(box(0, 0, 500, 500))
    assert lacking(farm, mobile=[]).empty
    assert lacking(farm, mobile=[]).crs == TWO.crs
    anything = replace(NORWAY, mobile=replace(NORWAY.mobile, level="none"))
    assert lacking(farm, mobile=[levels("A", ("basic", box(0, 0, 100, 100)))], policy=anything).empty
    assert lacking(farm, mobile=[levels("A", ("good", box(-9, -9, 999, 999)))]).empty
    other = [levels("A", ("good", box(-9, -9, 999, 999)), technology="2g")]
    assert lacking(farm, mobile=other).empty, "a technology that does not count tells nothing"


def test_a_piece_across_tiles_is_one_row() -> None:
    wide = gpd.GeoDataFrame(
        {"municipality_code": ["1"], "name": ["Wide"]}, geometry=[box(-1, -1, 90_000, 1000)], crs=TWO.crs
    )
    road = layer(LineString([(0, 500), (80_000, 500)]), what="roads")
    found = survey_extents([road], [levels("A", ("basic", box(0, 0, 1, 1)))], municipalities=wide, policy=NORWAY)
    assert found.lacking["amount"].tolist() == [pytest.approx(80.0)]
    assert found.lacking.geometry[0].geom_type == "LineString"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1900), st.integers(0, 900), st.integers(1, 700)), min_size=1, max_size=6))
def test_what_is_drawn_is_what_is_told_to_lack(squares: list[tuple[int, int, int]]) -> None:
    mobile = [levels("A", *(("good", box(x, y, x + side, y + side)) for x, y, side in squares))]
    extents = [layer(box(10, 10, 1990, 700)), layer(LineString([(0, 0), (2000, 1000)]), what="roads")]
    found = survey_extents(extents, mobile, municipalities=TWO, policy=load_policy("no-2024"))
    table = found.table[(found.table["operator"] == "any") & (found.table["level"] == "good")]
    told = (table["total"] - table["covered"])[table["municipality_code"].isna()].to_numpy()
    drawn = [found.lacking.loc[found.lacking["what"] == what, "amount"].sum() for what in ("farmland", "roads")]
    assert drawn == pytest.approx(told, abs=1e-5)
