from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from coverage.assessment import Assessment
from maps import landmarks, layers, masts
from maps.payload import DOTS, MOST_BYTES, MOST_BYTES_OF, MOST_NAMES, MOST_PICTURE, SHAPES, Payload, picture
from maps.store import STORE
from maps.tiles.pyramid import HEAVY, MAX_ZOOM, MIN_ZOOM, exists
from tests import toy
from tests.asking import ask
from tests.crowd import Size, crowd
from tests.test_maps_server import ROUTES
from tests.test_maps_tiles import tile_at

DRAW: dict[str, Callable[[Assessment], layers.Collection]] = {
    "municipalities": layers.municipalities,
    "routes": layers.routes,
    "areas": layers.areas,
    "served": masts.areas,
    "masts": masts.signs,
    "hubs": landmarks.hubs,
    "corrected": landmarks.corrected,
}
MANY = Size(places=2_000, areas=4_000, masts=2_200, municipalities=1_600, hubs=1_600)


@pytest.fixture(scope="module")
def many() -> Assessment:
    given = crowd(MANY)
    corrected = given.places["weight"].where(np.arange(len(given.places)) < 1_600).astype(object)
    told = {"correction": corrected.mask(corrected.notna(), "in_use"), "corrected_by": None, "corrected_on": None}
    return dataclasses.replace(given, places=given.places.assign(**told))


def middle(assessment: Assessment) -> tuple[float, float]:
    """Return longitude and latitude of the middle of an area."""
    at = assessment.areas.geometry.iloc[:1].representative_point().to_crs(4326).iloc[0]
    return at.x, at.y


def test_what_is_small_is_handed_over_whole() -> None:
    for name, draw in DRAW.items():
        data = draw(toy.assessment())
        packed = Payload.of(data, layer=name)
        assert json.loads(packed.body) == json.loads(layers.compact(data)), name
        assert not packed.tiles


@pytest.mark.parametrize("name", list(DRAW))
def test_no_layer_is_larger_than_its_cap_whatever_the_study(many: Assessment, name: str) -> None:
    data = DRAW[name](many)
    packed = Payload.of(data, layer=name)
    assert len(packed.packed) <= MOST_BYTES_OF.get(name, MOST_BYTES)
    less = json.loads(packed.body)
    assert less["features"] == []
    assert less["tiles"] == sorted(packed.tiles) == ([DOTS, SHAPES] if name == "areas" else [SHAPES])
    assert len(less.get("labels", [])) <= MOST_NAMES
    assert len(packed.told) == len(data["features"]) > layers.MOST_SHAPES
    lon, lat = middle(many)
    seen = 0
    for tiles in packed.tiles.values():
        for zoom in range(MIN_ZOOM, MAX_ZOOM + 1):
            drawn = tiles.png(*tile_at(lon, lat, zoom)) or b""
            assert len(drawn) <= HEAVY, (name, zoom)
            seen += len(drawn) > 0
    assert seen


def test_a_layer_of_few_shapes_that_are_heavy_comes_as_tiles_too() -> None:
    rng = np.random.default_rng(5)
    lines = [shapely.LineString(10 + np.cumsum(rng.normal(0, 1e-3, (4_000, 2)), axis=0)) for _ in range(9)]
    packed = Payload.of(layers.collection(lines, ({"k": ""} for _ in lines), {"": {"color": "#000000"}}))
    assert list(packed.tiles) == [SHAPES]
    assert len(packed.packed) < 500


def test_a_heavy_picture_comes_with_fewer_pixels() -> None:
    asked: list[int] = []

    def draw(side: int) -> bytes:
        asked.append(side)
        return bytes(side * side // 2)

    assert len(picture(draw, most=400)) == 80_000
    assert asked == [400]
    assert len(picture(draw, most=1000)) <= MOST_PICTURE
    assert asked[1:] == [1000, 700, 500]


@given(st.integers(0, 3_000), st.integers(0, 40))
def test_the_cap_holds_for_any_number_of_shapes_and_length_of_names(count: int, length: int) -> None:
    points = shapely.points(np.linspace(5, 15, count), np.linspace(60, 65, count))
    about: list[dict[str, Any]] = [{"k": "", "t": ["\u00e6\U0001f600" * length + str(row)]} for row in range(count)]
    packed = Payload.of(layers.collection(points, about, {"": {"color": "#000000"}}))
    assert len(packed.packed) <= MOST_BYTES
    assert bool(packed.tiles) or len(json.loads(packed.body)["features"]) == count


def test_the_server_draws_what_it_does_not_hand_over(many: Assessment) -> None:
    key, _ = STORE.put(many)
    lon, lat = middle(many)
    zoom, x, y = tile_at(lon, lat, 11)
    for layer, form in (("en/areas", "shapes"), ("nb/areas", "dots"), ("routes", "shapes")):
        drawn = ask(ROUTES, f"/drawn/{key}/{layer}/{form}/{zoom}/{x}/{y}.png")
        assert (drawn.status, drawn.headers["content-type"]) == (200, "image/png")
        assert "immutable" in drawn.headers["cache-control"]
    small, _ = STORE.put(toy.assessment())
    for path in (
        f"{key}/en/areas/lines/{zoom}/{x}/{y}.png",
        f"{key}/en/places/shapes/{zoom}/{x}/{y}.png",
        f"{key}/de/areas/shapes/{zoom}/{x}/{y}.png",
        f"{key}/en/areas/shapes/-{zoom}/{x}/{y}.png",
        f"{key}/en/areas/shapes/{zoom}/{x}/-1.png",
        f"{key}/en/../shapes/{zoom}/{x}/{y}.png",
        f"nokey/en/areas/shapes/{zoom}/{x}/{y}.png",
        f"{small}/en/areas/shapes/{zoom}/{x}/{y}.png",
        f"{key}/en/areas/shapes/{zoom}/{x}/{y}/1/1/de.json",
        f"{key}/en/areas/lines/{zoom}/{x}/{y}/1/1/en.json",
    ):
        assert ask(ROUTES, f"/drawn/{path}").status == 404, path
    for outside in ("99/1/1", "8/99999999999999999999/1", "0/0/0"):
        answer = ask(ROUTES, f"/drawn/{key}/en/areas/shapes/{outside}.png")
        assert (answer.status, len(answer.body) < 100) == (200, True)
        assert ask(ROUTES, f"/drawn/{key}/en/areas/shapes/{outside}/5/5/en.json").body == b"[]"


def test_what_lies_under_the_pointer_is_told_in_the_readers_language(many: Assessment) -> None:
    key, _ = STORE.put(many)
    lon, lat = middle(many)
    zoom, x, y = tile_at(lon, lat, 15)
    assert exists(zoom, x, y)
    said = [json.loads(ask(ROUTES, f"/drawn/{key}/{to}/areas/shapes/{zoom}/{x}/{y}/128/128/{to}.json").body)
            for to in ("en", "nb")]  # fmt: skip
    assert said[0][0] == said[1][0]
    assert "rank" in said[0][1]
    assert "plass" in said[1][1]
