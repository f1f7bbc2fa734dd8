from __future__ import annotations

import dataclasses
import json

import branca.colormap
import folium
import folium.plugins
import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import box

from coverage.inputs import MobileLayer
from maps import build, layers, legends
from tests import toy

HOSTILE = '<script>alert(1)</script><img src="http://evil.example/x.png">'


def hostile():
    given = toy.assessment()
    areas, towns = given.areas.copy(), given.municipalities.copy()
    areas["name"], towns["name"] = HOSTILE, HOSTILE
    source = dataclasses.replace(given.study.sources[0], role="municipalities", supplier=HOSTILE)
    study = dataclasses.replace(given.study, name=HOSTILE, sources=(source,))
    mobile = (MobileLayer("m", HOSTILE, "4g"),)
    return dataclasses.replace(given, areas=areas, municipalities=towns, study=study, mobile=mobile)


def whole_map(assessment, **options: object) -> folium.Map:
    built = build.base_map(assessment, ground="g0")
    for group in build.scenario_groups(key="k0", ground="g0", **options):
        group.add_to(built)
    return built


def test_map_asks_nothing_of_the_outside_world() -> None:
    mark = toy.assessment().areas.geometry.iloc[:1]
    built = whole_map(toy.assessment(), mark=mark)
    build.assert_offline(built)
    page = built.get_root().render()
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert 'src="//' not in page


@pytest.mark.parametrize(
    "part",
    [
        folium.TileLayer("https://tiles.example/{z}/{x}/{y}.png", attr="x"),
        folium.plugins.MarkerCluster(),
        branca.colormap.LinearColormap(["red", "blue"]),
    ],
)
def test_an_outside_address_is_refused(part: object) -> None:
    built = whole_map(toy.assessment())
    part.add_to(built)  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="map: "):
        build.assert_offline(built)


def test_names_from_data_bring_no_html() -> None:
    page = whole_map(hostile()).get_root().render()
    assert "<script>alert" not in page
    assert "<img" not in page
    for data in (layers.areas(hostile(), popups=True), layers.municipalities(hostile())):
        text = layers.compact(data)
        assert "<" not in text
        assert HOSTILE in json.dumps(json.loads(text), ensure_ascii=False).replace('\\"', '"')
    assert "<script" not in legends.legend(hostile())


def test_legend_tells_what_is_estimated_and_only_what_there_is() -> None:
    given = toy.assessment()
    assert "violet ring" in legends.legend(given)
    assert "Estimated" not in legends.legend(given)
    places = given.places.assign(service_basis="expected_share", gap_kind="fixed")
    shares = dataclasses.replace(given, mobile=(), places=places)
    assert "violet ring" not in legends.legend(shares)
    assert "no single place is known to be short" in legends.legend(shares)
    unstated = tuple(dataclasses.replace(s, role="municipalities", licence="not stated") for s in given.study.sources)
    assert "licence not stated" in layers.credit(
        dataclasses.replace(given, study=dataclasses.replace(given.study, sources=unstated))
    )


def test_zoom_limits_are_set() -> None:
    page = whole_map(toy.assessment()).get_root().render()
    assert '"minZoom": 5' in page
    assert '"maxZoom": 17' in page


def test_addresses_hold_no_underscore() -> None:
    page = whole_map(toy.assessment()).get_root().render()
    for start in ("/data/", "/tiles/", "/overlay/"):
        for piece in page.split(start)[1:]:
            assert "_" not in piece.split('"')[0].replace("{z}/{x}/{y}", "")


def test_geometry_is_thinned_to_the_limit_and_borders_stay_shared() -> None:
    rng = np.random.default_rng(3)
    edge = np.column_stack([np.linspace(0, 50_000, 40_000), 300 * rng.standard_normal(40_000)])
    edge[:, 1] -= np.linspace(edge[0, 1], edge[-1, 1], len(edge))
    upper = shapely.Polygon([*edge, (50_000, 20_000), (0, 20_000)])
    lower = box(0, -20_000, 50_000, 20_000).difference(upper)
    frame = gpd.GeoDataFrame(geometry=[upper, lower], crs=toy.CRS)
    thin = layers.simplified(frame, start_m=20.0, shared=True)
    assert shapely.get_num_coordinates(thin.to_numpy()).sum() <= layers.MAX_VERTICES
    assert thin.iloc[0].intersection(thin.iloc[1]).area < 1e-7


def test_areas_carry_decision_and_certainty_and_empty_frames_work() -> None:
    data = layers.areas(toy.assessment())
    assert {feature["properties"]["k"] for feature in data["features"]} == {
        "fund/safe yes",
        "fund/toss-up",
        "reserve/safe no",
    }
    nothing = dataclasses.replace(
        toy.assessment(), areas=toy.assessment().areas.iloc[:0], routes=toy.assessment().routes.iloc[:0]
    )
    assert layers.areas(nothing)["features"] == []
    assert layers.routes(nothing)["features"] == []


def test_view_fits_the_frame() -> None:
    towns = toy.assessment().municipalities
    (lat, lon), zoom = build.view_of(towns)
    assert (lat, lon) == pytest.approx((63.36, 10.5), abs=0.02)
    assert zoom == 12
    assert build.view_of(towns.iloc[:0])[1] == build.MIN_ZOOM
