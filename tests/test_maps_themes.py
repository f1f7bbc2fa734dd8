"""What the discs show: each theme's classes on hand-drawn tiles, their words in the legend, and when one is offered."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import geopandas as gpd
import numpy as np
import pytest

from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.policy import load_policy
from maps import build, legends, style
from maps.language import using
from maps.themes import GAP, MOBILE, PLANNED, SERVICE, THEMES, Theme, there
from maps.tiles.places import PlaceTiles
from maps.tiles.pyramid import MAX_ZOOM, MIN_ZOOM, POINT_ZOOM
from tests import toy
from tests.test_maps_tiles import colours_in, tile_at
from tests.test_maps_tiles import places as plain

POLICY = load_policy("no-2024")
AT = (10.0, 63.5)


def places(rows: int = 1, **columns: object) -> gpd.GeoDataFrame:
    told: dict[str, Any] = {
        "fixed_down_mbps": 100.0, "planned_down_mbps": 0.0, "planned_networks": 0, "mobile_level": "good",
        "mobile_operators": 2,
    }  # fmt: skip
    return plain([AT[0]] * rows, [AT[1]] * rows, **told | columns)


def drawn(theme: Theme, given: gpd.GeoDataFrame, zoom: int) -> set[tuple[int, ...]]:
    png = PlaceTiles.build(given, POLICY, theme=theme).png(*tile_at(*AT, zoom))
    return set() if png is None else colours_in(png)


def colour(theme: Theme, name: str) -> tuple[int, ...]:
    return style.rgba({kind.id: kind.colour for kind in theme.classes(POLICY)}[name])[:3]


def test_service_today_has_a_class_for_each_range_of_speeds() -> None:
    speeds = [0.0, 0.5, 9.9, 10.0, 29.9, 30.0, 99.0, 100.0, 999.0, 1000.0, 10_000.0]
    code = SERVICE.paint(places(len(speeds), fixed_down_mbps=speeds), POLICY).code
    assert [SERVICE.classes(POLICY)[number - 1].id for number in code] == [
        "none", "slower", "slower", "from-10", "from-10", "from-30", "from-30", "from-100", "from-100", "from-1000",
        "from-1000",
    ]  # fmt: skip


def test_each_class_of_service_is_seen_from_afar_and_close_up() -> None:
    apart = plain(list(np.linspace(9.99, 10.05, 6)), [AT[1]] * 6, fixed_down_mbps=[0.0, 5.0, 20.0, 50.0, 500.0, 1000.0])
    tiles = PlaceTiles.build(apart, POLICY, theme=SERVICE)
    wanted = {style.rgba(kind.colour)[:3] for kind in SERVICE.classes(POLICY)}
    for zoom in (POINT_ZOOM - 1, POINT_ZOOM):
        z, x, y = tile_at(*AT, zoom)
        found = [tiles.png(z, x + step, y) for step in (-1, 0, 1)]
        assert wanted <= set().union(*(colours_in(png) for png in found if png)), zoom


def test_a_disc_of_service_counts_all_premises_and_has_the_class_of_most() -> None:
    given = places(3, fixed_down_mbps=[1000.0, 20.0, 20.0], weight=[5.0, 1.0, 1.0], short_fixed=[0.0, 1.0, 1.0])
    tiles = PlaceTiles.build(given, POLICY, theme=SERVICE)
    assert tiles.cells[8].weight.tolist() == [7.0]
    assert colour(SERVICE, "from-1000") in drawn(SERVICE, given, 8)
    assert colour(SERVICE, "from-10") not in drawn(SERVICE, given, 8)
    assert PlaceTiles.build(given, POLICY).cells[8].weight.tolist() == [2.0], "by gap, only what is short counts"


def test_of_service_that_is_a_share_no_place_is_drawn_as_if_it_were_known() -> None:
    shares = places(2, fixed_down_mbps=0.0, service_basis="expected_share")
    assert drawn(SERVICE, shares, 8) == drawn(SERVICE, shares, 14) == set()
    assert SERVICE not in there(shares)
    mixed = places(2, service_basis=["expected_share", "offer"], fixed_down_mbps=[0.0, 50.0])
    assert SERVICE in there(mixed)
    assert colour(SERVICE, "none") not in drawn(SERVICE, mixed, 14)


@pytest.mark.parametrize(("down", "networks", "name"), [(100.0, 1, "counts"), (100.0, 0, "idle"), (0.0, 1, "counts")])
def test_a_planned_build_is_drawn_by_whether_it_counts(down: float, networks: int, name: str) -> None:
    given = places(planned_down_mbps=down, planned_networks=networks)
    assert PLANNED in there(given)
    for zoom in (8, 14):
        assert colour(PLANNED, name) in drawn(PLANNED, given, zoom), zoom


def test_a_place_without_a_plan_is_a_small_dot_close_up_and_nothing_else() -> None:
    assert PLANNED not in there(places())
    assert drawn(PLANNED, places(), 8) == set()
    assert drawn(PLANNED, places(), 14) == {colour(PLANNED, "none")}


@pytest.mark.parametrize("level", ["none", "basic", "good", "very_good"])
def test_the_mobile_level_is_drawn_and_ringed_where_it_is_not_enough(level: str) -> None:
    short = level in ("none", "basic")
    given = places(mobile_level=level, mobile_operators=0 if short else 1)
    ring = style.rgba(style.MOBILE_COLOUR)[:3]
    assert colour(MOBILE, level) in drawn(MOBILE, given, 8)
    close = drawn(MOBILE, given, 14)
    assert colour(MOBILE, level) in close
    if level != "very_good":
        assert (ring in close) == short
    assert MOBILE not in there(places(mobile_level=None))


def test_no_two_classes_of_a_theme_look_alike_and_service_darkens_as_it_worsens() -> None:
    for theme in THEMES.values():
        kinds = theme.classes(POLICY)
        assert len({kind.colour for kind in kinds}) == len({kind.label for kind in kinds}) == len(kinds), theme.id
        assert "_" not in theme.id, "the map component ignores changes after an underscore"
    light = [float(np.dot(style.rgba(kind.colour)[:3], (0.2126, 0.7152, 0.0722))) for kind in SERVICE.classes(POLICY)]
    assert all(b < 0.85 * a for a, b in itertools.pairwise(light)), "in order, also in grey print"


@pytest.mark.parametrize("theme", list(THEMES.values()), ids=list(THEMES))
def test_tiles_of_every_theme_stay_small_with_many_places(theme: Theme) -> None:
    rng, rows = np.random.default_rng(3), 60_000
    short = rng.random(rows) < 0.4
    many = plain(
        list(rng.normal(AT[0], 0.3, rows)),
        list(rng.normal(AT[1], 0.1, rows)),
        short_fixed=short.astype(float),
        fixed_down_mbps=rng.choice([0.0, 5.0, 20.0, 50.0, 500.0, 1000.0], rows),
        planned_down_mbps=rng.choice([0.0, 100.0], rows),
        planned_networks=rng.integers(0, 2, rows),
        mobile_level=rng.choice(["none", "basic", "good", "very_good"], rows),
        mobile_operators=rng.integers(0, 3, rows),
    )
    tiles = PlaceTiles.build(many, POLICY, theme=theme)
    for zoom in (MIN_ZOOM, 7, 9, POINT_ZOOM - 1, POINT_ZOOM, 14, MAX_ZOOM):
        png = tiles.png(*tile_at(*AT, zoom))
        assert png is None or len(png) < 40_000, zoom


def planned_toy() -> Assessment:
    found = toy.assessment()
    there = np.arange(len(found.places)) % 10 == 0
    told = found.places.assign(planned_down_mbps=np.where(there, 100.0, 0.0), planned_networks=there.astype(int))
    return dataclasses.replace(found, places=told)


def test_the_legend_tells_what_the_discs_show_in_both_languages() -> None:
    given = planned_toy()
    assert [theme.id for theme in there(given.places)] == ["gap", "service", "planned", "mobile"]
    assert "no fixed service" in legends.discs(given, SERVICE)
    assert "30–100\u202fMbit/s" in legends.discs(given, SERVICE)
    assert "planned, and it counts" in legends.discs(given, PLANNED)
    assert "very good" in legends.discs(given, MOBILE)
    with using("nb"):
        assert "1\u202f000 Mbit/s eller mer" in legends.discs(given, SERVICE)
        assert "planlagt, men teller ikke" in legends.discs(given, PLANNED)
    shares = given.places.assign(service_basis=["expected_share"] + ["offer"] * (len(given.places) - 1))
    assert "Not drawn" in legends.discs(dataclasses.replace(given, places=shares), SERVICE)
    assert "Not drawn" not in legends.discs(given, SERVICE)
    assert "sees all of its own" not in legends.discs(given, PLANNED)
    public = dataclasses.replace(given, audience=Audience.parse("public"))
    assert "sees all of its own" in legends.discs(public, PLANNED)


def test_the_tiles_address_names_the_theme_and_the_legend_takes_the_place_of_the_gaps() -> None:
    groups = build.scenario_groups(key="k", ground="g", theme=SERVICE, told=legends.discs(planned_toy(), SERVICE))
    (discs,) = [part for part in groups if part.layer_name == "Places: service today"]
    parts = list(discs._children.values())
    assert '"url":"/tiles/g/service/all/{z}/{x}/{y}.png"' in parts[0].options_json
    assert '"section":"discs"' in parts[1].options_json
    assert '<section class="discs">' in legends.legend(planned_toy())
    (plainly,) = [part for part in build.scenario_groups(key="k", ground="g") if part.layer_name == "Places: gap"]
    assert len(plainly._children) == 1
    assert f"/tiles/g/{GAP.id}/all/" in next(iter(plainly._children.values())).options_json
