"""What lies below the map: the relief as a layer, and another host's tiles, only if they are named and well formed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from coverage.assessment import Assessment
from coverage.errors import DataError
from maps import background, build, export, layers, server
from maps.background import CREDIT, TILES, Online, online
from maps.store import STORE
from tests import toy
from tests.asking import ask
from tests.test_maps_shade import model, slope

URL = "https://tiles.example.org/grey/{z}/{y}/{x}.png"
NAMED = Online(URL, "© Example & <b>Sons</b>")


def hilly(tmp_path: Path) -> Assessment:
    given = toy.assessment()
    study = dataclasses.replace(given.study, id="hilly")
    return dataclasses.replace(given, study=study, terrain=(model(tmp_path, slope(20, -20)),))


def names(built: object) -> list[str]:
    return [part.layer_name for part in built._children.values() if hasattr(part, "layer_name")]  # type: ignore[attr-defined]


def test_the_relief_is_a_layer_below_all_others_and_comes_from_here(tmp_path: Path) -> None:
    given = hilly(tmp_path)
    ground = STORE.put(given)[1]
    built = build.base_map(given, ground=ground)
    build.assert_offline(built)
    (relief,) = [part for part in built._children.values() if getattr(part, "layer_name", "") == "Relief"]
    assert (relief.url, relief.options["pane"], relief.show) == (f"/overlay/{ground}/hillshade.png", "shade", True)
    answer = ask(server.routes(), relief.url)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    assert answer.body.startswith(b"\x89PNG")


def test_without_an_elevation_model_there_is_no_relief() -> None:
    given = toy.assessment()
    ground = STORE.put(given)[1]
    assert "Relief" not in names(build.base_map(given, ground=ground))
    assert ask(server.routes(), f"/overlay/{ground}/hillshade.png").status == 404


def test_the_file_that_opens_alone_brings_the_relief_along(tmp_path: Path) -> None:
    assert "data:image/png;base64," in export.to_html(hilly(tmp_path)).replace("url(data:image/png", "")
    assert '"Relief"' not in export.to_html(toy.assessment())


def test_no_other_host_is_asked_unless_it_is_named() -> None:
    assert online({}) is None
    assert online({TILES: "  "}) is None
    given = build.base_map(toy.assessment(), ground="g")
    build.assert_offline(given)
    assert not [name for name in names(given) if name.startswith("Map from")]


def test_tiles_that_are_named_are_a_layer_and_nothing_else_is_let_through() -> None:
    found = online({TILES: URL, CREDIT: NAMED.credit})
    assert found == NAMED
    assert found.host == "tiles.example.org"
    built = build.base_map(toy.assessment(), ground="g", online=found)
    assert "Map from tiles.example.org" in names(built)
    build.assert_offline(built, online=found)
    with pytest.raises(RuntimeError, match=r"tiles\.example\.org"):
        build.assert_offline(built)
    with pytest.raises(RuntimeError, match=r"tiles\.example\.org"):
        build.assert_offline(built, online=Online(URL.replace("grey", "colour"), ""))


def test_whose_the_tiles_are_is_told_as_text() -> None:
    layer = background.tiles(NAMED, max_zoom=17)
    assert layer.options["attribution"] == "© Example &amp; &lt;b&gt;Sons&lt;/b&gt;"
    assert layer.tiles == URL


@pytest.mark.parametrize(
    "url",
    ["tiles.example.org/{z}/{x}/{y}.png", "ftp://example.org/{z}/{x}/{y}.png", "https://example.org/{z}/{x}.png",
     "https://{s}.example.org/{z}/{x}/{y}.png", "https://example.org/{z}/{x}/{y}/{y}.png", "javascript:alert(1)",
     "https://example.org/{z}/{x}/{y} .png", "https:///{z}/{x}/{y}.png"],
)  # fmt: skip
def test_an_address_that_would_leave_the_map_blank_is_refused_in_one_sentence(url: str) -> None:
    with pytest.raises(DataError, match=r"COVERAGE_TILES is .*; expected https://") as caught:
        online({TILES: url})
    assert "\n" not in str(caught.value)


def test_the_credit_names_whose_heights_are_shown(tmp_path: Path) -> None:
    given = hilly(tmp_path)
    terrain = dataclasses.replace(given.study.sources[0], id="t", role="terrain", supplier="Heights Ltd", licence="CC0")
    told = dataclasses.replace(given, study=dataclasses.replace(given.study, sources=(terrain,)))
    assert layers.credit(told) == "Heights Ltd, CC0"
    assert layers.credit(dataclasses.replace(told, terrain=())) == ""
