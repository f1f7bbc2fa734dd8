"""Masts on the map: signs and outlines of their own, never mixed with fixed areas."""

from __future__ import annotations

import json

import pytest

from maps import build, export, language, layers, masts, server, style
from maps.picking import Index, pick
from maps.store import STORE
from tests import toy, toy_masts
from tests.asking import ask
from tests.toy_masts import NEW, OLD


def features(data: layers.Collection) -> dict[str, dict[str, object]]:
    return {feature["properties"]["t"][0]: feature["properties"] for feature in data["features"]}


def test_a_study_without_masts_has_no_layer_and_no_legend_of_them() -> None:
    plain = toy.assessment()
    assert not masts.there(plain)
    assert masts.legend(plain) == ""
    assert masts.areas(plain)["features"] == masts.signs(plain)["features"] == []
    assert len(build.scenario_groups(key="k", ground="g", places=None)) == 2


def test_fixed_and_mobile_areas_are_layers_of_their_own() -> None:
    given = toy_masts.masted()
    assert len(layers.areas(given)["features"]) == 12
    served, signs = features(masts.areas(given)), features(masts.signs(given))
    assert set(served) == set(signs) == {"Westby <i>Hill</i> (mobile)", "Eastby (mobile)"}
    assert [sign["k"] for sign in signs.values()] == ["ineligible/mast_existing", "ineligible/mast_new"]
    colours = {
        look["color"] for look in (*masts.areas(given)["styles"].values(), *masts.signs(given)["styles"].values())
    }
    assert not colours & set(style.DECISION_COLOURS.values()), "a hue of their own"
    looks = [feature["properties"]["k"] for feature in layers.routes(given)["features"]]
    assert looks.count("mast-ineligible") == 1, "an existing mast needs no trench"


def test_funded_masts_are_signed_in_a_wide_view_and_the_others_close_up_alone() -> None:
    given = toy_masts.masted(competing=True)
    assert [*features(masts.funded_signs(given))] == ["Westby <i>Hill</i> (mobile)"]
    assert [*features(masts.signs(given))] == ["Eastby (mobile)"]
    assert masts.funded_signs(toy_masts.masted())["features"] == []
    group = build.scenario_groups(key="k", ground="g", places=None, masted=True)[2]
    zooms = [json.loads(layer.options_json).get("minZoom") for layer in group._children.values()]
    assert zooms == [masts.CLOSE, masts.CLOSE, None]


def test_tooltips_tell_what_the_mast_serves_and_where_it_stands() -> None:
    told = features(masts.funded_signs(toy_masts.masted(competing=True), popups=True))["Westby <i>Hill</i> (mobile)"]
    assert told["k"] == "fund/mast_new"
    assert told["t"][1] == "mobile area: a new mast on high ground"
    assert told["t"][3] == "25 premises, 3.1 km² of farmland, 2.4 km of main road"
    why = features(masts.areas(toy_masts.masted(), popups=True))["Eastby (mobile)"]["p"]
    assert ["mast", "an existing mast"] in why
    assert any("gives money to mobile coverage" in text for _, text in why)
    with language.using("nb"):
        assert "Westby <i>Hill</i> (mobil)" in features(masts.signs(toy_masts.masted()))


@pytest.mark.parametrize("layer", ["served", "masts", "fundedmasts"])
def test_the_server_brings_both_layers_in_the_readers_language(layer: str) -> None:
    key, _ground = STORE.put(toy_masts.masted(competing=True))
    answer = ask(server.routes(), f"/data/{key}/nb/{layer}.json")
    assert answer.status == 200
    assert "mobilområde" in answer.body.decode()


def test_the_file_of_the_map_holds_masts_with_popups_and_legend() -> None:
    page = export.to_html(toy_masts.masted())
    assert "mast_existing" in page
    assert "3.1 km² of farmland" in page
    assert "<i>Hill</i>" not in page, "names bring no HTML"


def where(given, x: float, y: float):
    import geopandas as gpd
    from shapely.geometry import Point

    at = gpd.GeoSeries([Point(x, y)], crs=toy.CRS).to_crs(4326).iloc[0]
    return pick(given, Index.build(given.places), lat=at.y, lon=at.x)


def test_a_click_finds_the_mast_of_a_place_the_mast_itself_or_what_it_serves() -> None:
    given = toy_masts.masted()
    place = given.places.geometry.iloc[toy_masts.SERVED]
    assert where(given, place.x, place.y).mobile["area_id"] == NEW
    mast = toy_masts.AT[OLD]
    assert where(given, mast.x + 200, mast.y).mobile["area_id"] == OLD
    assert where(given, mast.x + 600, mast.y).mobile["area_id"] == OLD, "what it serves"
    assert where(given, mast.x, mast.y - 3000).mobile is None
    picked = where(given, mast.x, mast.y)
    assert picked.area is None or picked.area["kind"] == "fixed"
    assert picked.place is None, "the mast was meant, not the place beyond it"
    assert where(toy.assessment(), place.x, place.y).mobile is None
