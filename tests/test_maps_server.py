from __future__ import annotations

import dataclasses
import gzip
import json

import pytest

from coverage.inputs import MobileLayer
from maps import assets, server
from maps.store import STORE, Store, key_of
from maps.tiles.places import PlaceTiles
from tests import toy
from tests.asking import ask
from tests.test_maps_tiles import tile_at

ROUTES = server.routes()
ASSESSMENT = toy.assessment()


@pytest.fixture
def known() -> tuple[str, str]:
    return STORE.put(ASSESSMENT)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("leaflet/leaflet.js", "text/javascript"), ("leaflet/leaflet.css", "text/css"), ("map.js", "text/javascript"),
     ("map.css", "text/css"), ("leaflet/images/layers.png", "image/png")],
)  # fmt: skip
def test_known_assets_are_served(name: str, kind: str) -> None:
    answer = ask(ROUTES, f"/assets/{name}")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.body


def test_assets_whose_address_holds_their_version_are_kept_by_the_browser() -> None:
    plain = ask(ROUTES, "/assets/map.js")
    assert plain.headers["cache-control"] == "no-cache"
    kept, packed = (ask(ROUTES, assets.address("map.js"), accept_gzip=gz) for gz in (False, True))
    assert "immutable" in kept.headers["cache-control"]
    assert kept.body == plain.body == gzip.decompress(packed.body)
    image = ask(ROUTES, assets.address("leaflet/images/layers.png"))
    assert (image.status, image.headers["content-type"]) == (200, "image/png")
    assert "content-encoding" not in image.headers
    for other in (
        "000000000000/map.js",
        f"{assets.version()}/../app.py",
        f"{assets.version()}/{assets.version()}/map.js",
    ):
        assert ask(ROUTES, f"/assets/{other}").status == 404


def test_the_bundle_holds_every_script_of_a_map_in_order() -> None:
    text = ask(ROUTES, assets.address(assets.BUNDLE)).body.decode()
    at = [text.index(assets.known()[name].text()) for name in assets.LIVE]
    assert at == sorted(at)


@pytest.mark.parametrize(
    "path",
    ["/assets/", "/assets/../app.py", "/assets/..%2fapp.py", "/assets/%2e%2e/app.py", "/assets//etc/passwd",
     "/assets/../../etc/passwd",
     "/assets/leaflet/../map.js", "/assets/page.css", "/assets/leaflet/images/../leaflet.js", "/assets/map.js%00.css",
     "/tiles/nokey/gap/all/8/136/68.png",
     "/overlay/nokey/best4g.png", "/data/nokey/areas.json", "/data/../../areas.json"],
)  # fmt: skip
def test_what_is_not_known_is_not_found(path: str) -> None:
    answer = ask(ROUTES, path)
    assert answer.status == 404
    assert b"import" not in answer.body
    assert b"root:" not in answer.body


def test_tiles_come_by_the_ground_and_empty_ones_are_clear(known: tuple[str, str]) -> None:
    _, ground = known
    zoom, x, y = tile_at(10.45, 63.35, 11)
    full = ask(ROUTES, f"/tiles/{ground}/gap/all/{zoom}/{x}/{y}.png")
    assert (full.status, full.headers["content-type"]) == (200, "image/png")
    assert full.body.startswith(b"\x89PNG")
    assert "immutable" in full.headers["cache-control"]
    empty = ask(ROUTES, f"/tiles/{ground}/gap/all/{zoom}/{x + 20}/{y}.png")
    assert empty.status == 200
    assert len(empty.body) < 100


@pytest.mark.parametrize(
    "rest",
    [
        "gap/everything/8/136/68.png",
        "gap/all/8/136/-1.png",
        "gap/all/8/136/68.jpg",
        "gap/all/eight/1/1.png",
        "../all/8/1/1.png",
        "all/8/136/68.png",
        "mood/all/8/136/68.png",
        "contrast/all/8/136/68.png",
    ],
)
def test_unknown_tiles_are_not_found(known: tuple[str, str], rest: str) -> None:
    assert ask(ROUTES, f"/tiles/{known[1]}/{rest}").status == 404


@pytest.mark.parametrize("rest", ["gap/all/99/1/1.png", "gap/all/8/99999999999999999999/1.png"])
def test_tiles_outside_the_world_are_clear(known: tuple[str, str], rest: str) -> None:
    answer = ask(ROUTES, f"/tiles/{known[1]}/{rest}")
    assert answer.status == 200
    assert len(answer.body) < 100


@pytest.mark.parametrize("layer", ["municipalities", "en/areas", "nb/areas", "routes"])
def test_layer_data_is_geojson_and_packed(known: tuple[str, str], layer: str) -> None:
    plain, packed = (ask(ROUTES, f"/data/{known[0]}/{layer}.json", accept_gzip=gz) for gz in (False, True))
    data = json.loads(plain.body)
    assert data["type"] == "FeatureCollection"
    assert {feature["properties"]["k"] for feature in data["features"]} <= set(data["styles"])
    if len(plain.body) > 1000:
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body


def test_what_holds_words_comes_in_the_language_of_its_address(known: tuple[str, str]) -> None:
    english, norwegian, again = (ask(ROUTES, f"/data/{known[0]}/{spoken}/areas.json") for spoken in ("en", "nb", "en"))
    assert "rank 1 · fund · safe yes".encode() in english.body
    assert "plass 1 · støttes · sikkert ja".encode() in norwegian.body
    assert again.body == english.body, "one language never answers for the other"
    for path in ("de/areas", "../areas", "nb/routes", "areas", "NB/areas"):
        assert ask(ROUTES, f"/data/{known[0]}/{path}.json").status == 404


def test_unknown_layer_is_not_found(known: tuple[str, str]) -> None:
    assert ask(ROUTES, f"/data/{known[0]}/places.json").status == 404
    assert ask(ROUTES, f"/overlay/{known[1]}/best4g.png").status == 404


def test_a_mobile_picture_is_served() -> None:
    towns = ASSESSMENT.municipalities
    layer = MobileLayer("m", "North", "4g", polygons=towns[["geometry"]].assign(level="good"))
    study = dataclasses.replace(ASSESSMENT.study, id="with-mobile")
    _, ground = STORE.put(dataclasses.replace(ASSESSMENT, mobile=(layer,), study=study))
    answer = ask(ROUTES, f"/overlay/{ground}/best4g.png")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    assert ask(ROUTES, f"/overlay/{ground}/best5g.png").status == 404


def test_store_tells_scenarios_apart_and_shares_the_ground() -> None:
    store = Store()
    other = dataclasses.replace(ASSESSMENT, scenario=ASSESSMENT.scenario.with_changes(budget=1.0))
    (key_a, ground_a), (key_b, ground_b) = store.put(ASSESSMENT), store.put(other)
    assert key_a != key_b
    assert ground_a == ground_b
    assert store.put(toy.assessment()) == (key_a, ground_a)
    assert store.get(key_b).assessment.scenario.budget == 1.0
    assert store.get("nothing") is None


def test_store_forgets_the_oldest_and_derives_once() -> None:
    store = Store(size=3)
    first = key_of(ASSESSMENT)
    for budget in range(5):
        store.put(dataclasses.replace(ASSESSMENT, scenario=ASSESSMENT.scenario.with_changes(budget=float(budget))))
    assert store.get(first) is None
    entry = store.get(store.put(ASSESSMENT)[1])
    calls = []
    for _ in range(3):
        entry.derive("x", lambda given: calls.append(given) or PlaceTiles.build(given.places, given.policy))
    assert len(calls) == 1
