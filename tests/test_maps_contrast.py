"""A comparison of two policies as the browser gets it: shapes, legend, chart, routes."""

from __future__ import annotations

import dataclasses
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import maps.layers
from coverage.assessment import Assessment
from coverage.contrast import Contrast, contrast
from coverage.policy import load_policy
from coverage.schemas import KINDS
from maps import build, language, server, style
from maps.contrast import charts, layers
from maps.store import MAX_CONTRASTS, STORE, Entry, Store
from tests import toy
from tests.asking import ask
from tests.test_maps_layers import HOSTILE, hostile
from tests.test_maps_tiles import tile_at

ROUTES = server.routes()


def compared(given: Assessment | None = None) -> Contrast:
    """Let the second policy drop what is short in the west and add what is served in the east."""
    given = given or toy.assessment()
    places = given.places
    west = (places["municipality_code"] == "5001").to_numpy()
    other = places.assign(eligible=np.where(west, 0.0, 1.0))
    return contrast(places, other, policy_a=load_policy("no-2024"), policy_b=load_policy("eu-2023"))


@pytest.fixture
def key() -> str:
    return STORE.put_contrast(toy.assessment(), compared())


def changes(found: Contrast) -> dict[str, dict]:
    data = layers.changes(toy.assessment(), found)
    return {feature["properties"]["t"][0]: feature["properties"] | {"look": data["styles"][feature["properties"]["k"]]}
            for feature in data["features"]}  # fmt: skip


def test_municipalities_are_shaded_in_the_hue_of_their_direction() -> None:
    found = compared()
    west, east = (shape for _, shape in sorted(changes(found).items(), reverse=True))
    assert west["look"]["fillColor"] in style.CONTRAST_SHADES["only_a"]
    assert east["look"]["fillColor"] in style.CONTRAST_SHADES["only_b"]
    table = found.municipalities.set_index("municipality_code")
    assert west["t"][1] == f"Norway 2024 alone: {table.loc['5001', 'premises_only_a']:.0f} premises"
    assert west["t"][2] == "EU and EEA 2023 alone: 0 premises"
    assert east["t"][2] == f"EU and EEA 2023 alone: {table.loc['5058', 'premises_only_b']:.0f} premises"


def test_where_nothing_changes_nothing_is_shaded_and_the_legend_says_so() -> None:
    given = toy.assessment()
    same = contrast(given.places, given.places, policy_a=load_policy("no-2024"), policy_b=load_policy("no-2023"))
    assert all(shape["look"]["fillOpacity"] == 0 for shape in changes(same).values())
    assert "Nothing changes" in layers.legend(same)
    assert charts.by_municipality(same, given.municipalities, what="premises").empty


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (0.0, ()),
        (0.4, (0.0,)),
        (7.0, (0.0,)),
        (42.0, (0.0, 10.0)),
        (596.0, (0.0, 10.0, 100.0)),
        (16447.0, (0.0, 100.0, 1000.0, 10000.0)),
        (2e6, (0.0, 10000.0, 100000.0, 1000000.0)),
    ],
)
def test_classes_are_ten_times_each_other(most: float, expected: tuple[float, ...]) -> None:
    assert layers.breaks(most) == expected
    if expected:
        ramp = [layers.shade("only_b", value, expected) for value in (*expected, most)]
        assert len(set(ramp)) == len(expected) <= layers.CLASSES
        assert ramp[-1] == style.CONTRAST_SHADES["only_b"][-1], "the most is the darkest"


def test_as_many_both_ways_is_a_direction_of_its_own() -> None:
    table = pd.DataFrame({"premises_only_a": [2.0, 0.0, 3.0, 0.01], "premises_only_b": [2.0, 1.0, 0.0, 0.0]})
    assert layers.directions(table).tolist() == ["even", "only_b", "only_a", ""]


def test_legend_names_both_directions_and_their_classes() -> None:
    text = layers.legend(compared())
    for words in ("both policies", "Norway 2024 alone", "EU and EEA 2023 alone", "more under Norway 2024",
                  "more under EU and EEA 2023"):  # fmt: skip
        assert words in text
    for name in style.CONTRAST_COLOURS:
        assert style.sign(name) in text
    with language.using("nb"):
        assert "begge regelverk" in layers.legend(compared())


def test_a_share_is_told_as_an_estimate() -> None:
    given = toy.assessment()
    shared = dataclasses.replace(given, places=given.places.assign(service_basis="expected_share"))
    assert "Estimated from shares per municipality" in layers.legend(compared(shared))


def test_groups_are_ours_small_and_leave_the_base_alone(key: str) -> None:
    mark = toy.assessment().areas.geometry.iloc[:1]
    groups = layers.groups(compared(), key=key, places="all", focus=toy.assessment().municipalities, mark=mark)
    sent = 0
    for group in groups:
        build.assert_offline(group)
        sent += sum(len(getattr(part, "options_json", "")) for part in build._walk(group))
    assert 500 < sent < 20_000, "data travels by address"
    assert [group.control for group in groups] == [True, True, False, True, False]


def test_names_from_data_never_become_markup() -> None:
    given = hostile()
    data = maps.layers.compact(layers.changes(given, compared(given)))
    assert HOSTILE in json.loads(data)["features"][0]["properties"]["t"][0]  # set as text by map.js
    assert "<script>" not in layers.legend(compared(given))


def test_chart_lists_what_changes_largest_first() -> None:
    found = compared()
    frame = charts.by_municipality(found, toy.assessment().municipalities, what="businesses")
    totals = frame.groupby("code", sort=False)["premises"].sum()
    assert totals.tolist() == sorted(totals, reverse=True)
    table = found.municipalities.set_index("municipality_code")
    for row in frame.itertuples():
        assert row.premises == table.loc[row.code, f"businesses_{row.outcome}"]
        assert row.share == pytest.approx(row.premises / table.loc[row.code, "businesses"])
    drawn = charts.sides(frame, found, share=False, unit="businesses").to_dict()
    signed = [row["signed"] for row in next(iter(drawn["datasets"].values()))]
    assert min(signed) < 0 < max(signed), "one policy to the left, the other to the right"


def test_municipalities_of_one_name_stay_two_bars() -> None:
    towns = toy.assessment().municipalities.assign(name="Same")
    frame = charts.by_municipality(compared(), towns, what="premises")
    drawn = charts.sides(frame, compared(), share=True, unit="premises").to_dict()
    assert {row["municipality"] for row in next(iter(drawn["datasets"].values()))} == {"Same (5001)", "Same (5058)"}


@pytest.mark.parametrize("layer", ["all", *KINDS])
def test_tiles_of_a_comparison_come_by_its_key(key: str, layer: str) -> None:
    zoom, x, y = tile_at(10.45, 63.35, 11)
    answer = ask(ROUTES, f"/tiles/{key}/contrast/{layer}/{zoom}/{x}/{y}.png")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    plain = ask(ROUTES, f"/tiles/{STORE.put(toy.assessment())[1]}/gap/{layer}/{zoom}/{x}/{y}.png")
    assert answer.body != plain.body


def test_changes_come_in_the_readers_language(key: str) -> None:
    said = {}
    for spoken in ("en", "nb"):
        answer = ask(ROUTES, f"/data/{key}/{spoken}/changes.json")
        assert answer.status == 200
        assert "immutable" in answer.headers["cache-control"]
        said[spoken] = json.loads(answer.body)["features"][0]["properties"]["t"]
    assert said["en"] != said["nb"]
    ground = STORE.put(toy.assessment())[1]
    for path in (f"/data/{key}/xx/changes.json", f"/data/{key}/en/areas.json", f"/data/{ground}/en/changes.json",
                 "/data/nokey/en/changes.json", f"/tiles/{key}/contrast/everything/8/1/1.png",
                 f"/tiles/{key}/gap/all/8/1/1.png"):  # fmt: skip
        assert ask(ROUTES, path).status == 404, path


def test_store_keeps_few_comparisons_and_no_other_is_lost() -> None:
    store, given = Store(), toy.assessment()
    ground = store.put(given)[1]
    found = compared()
    keys = [
        store.put_contrast(given, dataclasses.replace(found, policy_b=f"p{number}"))
        for number in range(MAX_CONTRASTS + 2)
    ]
    assert [store.get(key) is not None for key in keys] == [False, False, *[True] * MAX_CONTRASTS]
    assert isinstance(store.get(ground), Entry)
    newest = store.get(keys[-1])
    assert newest is not None
    assert newest.contrast is not None
    assert newest.contrast.policy_b == f"p{MAX_CONTRASTS + 1}"


def test_shapes_are_those_of_the_land(key: str) -> None:
    data = json.loads(ask(ROUTES, f"/data/{key}/en/changes.json").body)
    land = json.loads(ask(ROUTES, f"/data/{STORE.put(toy.assessment())[1]}/municipalities.json").body)
    shapes = [gpd.GeoDataFrame.from_features(part["features"]).geometry.to_wkt() for part in (data, land)]
    assert shapes[0].tolist() == shapes[1].tolist()


# Linear RGB as protanopes and deuteranopes see it: Viénot, Brettel and Mollon (1999).
VISIONS = {
    "usual": np.eye(3),
    "protan": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
    "deutan": np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
}


def linear(colour: str) -> np.ndarray:
    value = np.array(style.rgba(colour)[:3]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("vision", VISIONS)
def test_outcomes_are_told_apart_by_every_kind_of_colour_vision(vision: str) -> None:
    seen = [VISIONS[vision] @ linear(colour) for colour in style.CONTRAST_COLOURS.values()]
    for number, one in enumerate(seen):
        for other in seen[number + 1 :]:
            assert np.linalg.norm(np.clip(one, 0, 1) - np.clip(other, 0, 1)) > 0.15


def test_signs_stand_out_from_the_land_and_shades_grow_darker() -> None:
    for colour in style.CONTRAST_COLOURS.values():
        assert (luminance(style.LAND) + 0.05) / (luminance(colour) + 0.05) >= 3  # WCAG 1.4.11
    for ramp in style.CONTRAST_SHADES.values():
        light = [luminance(colour) for colour in ramp]
        assert light == sorted(light, reverse=True)
        assert min(light) > max(luminance(colour) for colour in style.CONTRAST_COLOURS.values())
