from __future__ import annotations

import dataclasses
import gzip
import json

import folium
import pytest

from coverage.schemas import HUB_KINDS
from maps import build, landmarks, language, layers, server, style
from maps.store import STORE
from tests import toy, toy_told
from tests.asking import ask


def test_hubs_are_signs_by_kind_with_name_and_kind() -> None:
    drawn = landmarks.hubs(toy_told.assessment())
    about = [
        (item["geometry"].geom_type, item["properties"]["k"], item["properties"]["t"]) for item in drawn["features"]
    ]
    assert about == [
        ("Polygon", "business_park", ["Park", "business park"]),
        ("Point", "business_garden", ["Garden <b>", "business garden"]),
        ("Point", "incubator", ["Incubator", "incubator"]),
    ]
    assert {kind: look["sign"] for kind, look in drawn["styles"].items()} == {kind: kind for kind in HUB_KINDS}
    assert set(style.HUB_COLOURS) == set(HUB_KINDS)
    with language.using("nb"):
        assert landmarks.hubs(toy_told.assessment())["features"][1]["properties"]["t"][1] == "næringshage"


def test_corrected_places_have_a_ring_with_what_by_whom_and_when() -> None:
    told = toy_told.assessment()
    (ring,) = landmarks.corrected(told)["features"]
    at = told.places.to_crs(4326).geometry.iloc[toy_told.CORRECTED]
    assert (ring["geometry"].x, ring["geometry"].y) == pytest.approx((at.x, at.y))
    assert ring["properties"]["t"] == ["Corrected: not inhabited, wrong speed", "Office <of> Westby, 2022-05-02"]
    undated = told.places.assign(corrected_on=None, corrected_by=None)
    (ring,) = landmarks.corrected(dataclasses.replace(told, places=undated))["features"]
    assert ring["properties"]["t"][1] == "an office that is not named"


def test_a_study_without_hubs_and_corrections_has_neither_layer_nor_legend() -> None:
    plain = toy.assessment()
    assert landmarks.names(plain) == {}
    assert landmarks.legend(plain) == ""
    assert landmarks.hubs(plain)["features"] == []
    assert landmarks.corrected(plain)["features"] == []
    assert _drawn(build.base_map(plain, ground="g")) == ["municipalities"]


def test_the_map_fetches_both_in_the_readers_language_and_the_legend_tells_them() -> None:
    told = toy_told.assessment()
    assert _drawn(build.base_map(told, ground="g")) == ["municipalities", "en/hubs", "en/corrected"]
    text = landmarks.legend(told)
    assert text.startswith('<section class="stays">'), "it stays beside the legend of a comparison"
    for words in ("business garden", "incubator", "business park", "corrected by a municipality"):
        assert words in text
    with language.using("nb"):
        assert _drawn(build.base_map(told, ground="g")) == ["municipalities", "nb/hubs", "nb/corrected"]
        assert "næringspark" in landmarks.legend(told)


@pytest.mark.parametrize("layer", ["hubs", "corrected"])
def test_the_server_gives_them_in_each_language(layer: str) -> None:
    _, ground = STORE.put(toy_told.assessment())
    told = {}
    for spoken in language.LANGUAGES:
        answer = ask(server.routes(), f"/data/{ground}/{spoken}/{layer}.json", accept_gzip=True)
        assert answer.status == 200
        body = gzip.decompress(answer.body) if "content-encoding" in answer.headers else answer.body
        told[spoken] = json.loads(body)["features"][0]["properties"]["t"]
    assert told["en"] != told["nb"]
    assert b"<b>" not in answer.body


def _drawn(built: folium.Map) -> list[str]:
    """Return the addresses of the layers that the map fetches, without what they begin with."""
    parts = [part for part in built._children.values() if isinstance(part, layers.DrawnLayer)]
    return [json.loads(part.options_json)["url"].removeprefix("/data/g/").removesuffix(".json") for part in parts]
