"""The layers of farmland and roads without mobile coverage: shapes, words, and where they are offered."""

from __future__ import annotations

import dataclasses
import json

import geopandas as gpd
import pytest
from shapely.geometry import LineString, box

from coverage.assessment import Assessment
from maps import build, lacking, server
from maps.language import using
from maps.layers import compact
from maps.store import STORE
from tests import toy
from tests.asking import ask

X, Y = toy.X0, toy.Y0


def given(what: str = "farmland") -> Assessment:
    rows = {
        "source": ["fields", "roads"], "what": [what, "main roads"], "unit": ["km2", "km"],
        "municipality_code": ["5001", "5058"], "amount": [1.0, 2.5],
    }  # fmt: skip
    shapes = [box(X, Y, X + 1000, Y + 1000), LineString([(X, Y), (X + 2500, Y)])]
    return dataclasses.replace(toy.assessment(), lacking=gpd.GeoDataFrame(rows, geometry=shapes, crs=toy.CRS))


def test_each_kind_is_a_layer_of_its_own_named_in_the_readers_language() -> None:
    assert lacking.names(toy.assessment()) == {}
    assert list(lacking.names(given()).values()) == [
        "Farmland below mobile level “good”",
        "Main roads below mobile level “good”",
    ]
    with using("nb"):
        assert list(lacking.names(given()).values())[1] == "Hovedveier under mobilnivå «god»"
        assert "dyrket mark" in lacking.land(given())["features"][0]["properties"]["t"][0].lower()


def test_farmland_is_hatched_and_a_road_is_a_line() -> None:
    fields, roads = lacking.land(given()), lacking.roads(given())
    assert fields["features"][0]["geometry"].geom_type == "Polygon"
    assert fields["styles"][""]["hatch"].startswith("#")
    assert roads["features"][0]["geometry"].geom_type == "LineString"
    assert roads["styles"][""]["fill"] is False
    assert fields["features"][0]["properties"]["t"][0] == "Farmland: 1\u202fkm²"
    assert roads["features"][0]["properties"]["t"] == [
        "Main roads: 2.5\u202fkm",
        "below mobile level “good”, Eastby - Austi",
    ]
    assert lacking.roads(toy.assessment())["features"] == []


def test_the_legend_tells_of_a_layer_and_of_the_operators_asked_for() -> None:
    assert 'class="sw hatch"' in lacking.legend(given(), "lackingland")
    assert 'class="sw road"' in lacking.legend(given(), "lackingroads")
    assert "operators" not in lacking.legend(given(), "lackingroads")
    mobile = dataclasses.replace(given().policy.mobile, operators=2)
    two = dataclasses.replace(given(), policy=dataclasses.replace(given().policy, mobile=mobile))
    assert "2 are asked for" in lacking.legend(two, "lackingroads")


def test_a_hostile_name_is_only_ever_text() -> None:
    hostile = given("<script>alert(1)</script>")
    assert "<script" not in lacking.legend(hostile, "lackingland")
    assert "<" not in compact(lacking.land(hostile))


@pytest.mark.parametrize("layer", ["lackingland", "lackingroads"])
def test_the_layers_come_by_the_ground_and_are_off_at_first(layer: str) -> None:
    shown = dataclasses.replace(given(), study=dataclasses.replace(given().study, id="lacking"))
    ground = STORE.put(shown)[1]
    answer = ask(server.routes(), f"/data/{ground}/nb/{layer}.json")
    assert answer.status == 200
    assert len(json.loads(answer.body)["features"]) == 1
    groups = [part for part in build.base_map(shown, ground=ground)._children.values() if part._name == "FeatureGroup"]
    assert {part.show for part in groups} == {False}
    assert len(groups) == 2
