from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from coverage.areas import delineate
from coverage.errors import DataError
from coverage.policy import load_policy
from coverage.roads import attach, build_graph
from tests.roadside import municipalities, network, places, random_town, roads

STREET = roads([(0, 0), (20_000, 0)])
TOWNS = municipalities(m5001="Vik", m5002="Ås")


def policy(**rules: object):
    pack = load_policy("no-2024")
    return replace(pack, areas=replace(pack.areas, **{"cut_m": 1000.0, "min_premises": 1.0, **rules}))


def run(houses: gpd.GeoDataFrame, *, lines: gpd.GeoDataFrame = STREET, towns=TOWNS, lots=None, **rules: object):
    start = network(Point(lines.geometry.iloc[0].coords[0]))
    attached = attach(build_graph(lines), houses, mask=houses["eligible"].to_numpy() > 0, network=start)
    return delineate(houses, attached=attached, policy=policy(**rules), municipalities=towns, lots=lots)


def node_of(houses: gpd.GeoDataFrame, lines: gpd.GeoDataFrame) -> np.ndarray:
    start = network(Point(lines.geometry.iloc[0].coords[0]))
    return attach(build_graph(lines), houses, mask=houses["eligible"].to_numpy() > 0, network=start).place_node


def groups(marked: gpd.GeoDataFrame) -> set[frozenset[str]]:
    inside = marked[marked["area_id"].notna()]
    return {frozenset(part) for _, part in inside.groupby("area_id")["place_id"]}


def test_neighbours_along_the_road_share_an_area_and_a_long_link_is_cut() -> None:
    marked, areas = run(places((100, 9), (1000, 9), (2001, 9), (3001, 9)))
    assert groups(marked) == {frozenset({"p000", "p001"}), frozenset({"p002", "p003"})}
    assert areas["premises"].tolist() == [2.0, 2.0]


def test_distance_is_along_the_road_not_across_the_fjord() -> None:
    shore = roads([(0, 0), (3000, 0), (3000, 200), (0, 200)])
    marked, _ = run(places((10, 0), (10, 200)), lines=shore)
    assert len(groups(marked)) == 2


def test_only_eligible_places_get_an_area_and_rows_stay() -> None:
    houses = places((100, 9), (200, 9), (300, 9), eligible=[1.0, 0.0, 1.0])
    houses.index = pd.Index([7, 3, 9])
    marked, areas = run(houses)
    pd.testing.assert_index_equal(marked.index, houses.index)
    assert marked["area_id"].isna().tolist() == [False, True, False]
    assert areas["places"].tolist() == [2]
    pd.testing.assert_frame_equal(marked.drop(columns="area_id"), houses)


def test_municipalities_are_split_or_joined_as_the_policy_says() -> None:
    houses = places((100, 9), (200, 9), (300, 9), municipality_code=["5001", "5002", "5002"])
    split, areas = run(houses)
    assert len(groups(split)) == 2
    assert areas["municipality_code"].tolist() == ["5001", "5002"]
    joined, areas = run(houses, split_by_municipality=False)
    assert len(groups(joined)) == 1
    assert areas["municipality_code"].tolist() == ["5002"]


def test_a_neighbour_in_another_municipality_does_not_part_two_of_the_same() -> None:
    houses = places((100, 9), (900, 9), (1050, 9), municipality_code=["5001", "5002", "5001"])
    marked, _ = run(houses)
    assert groups(marked) == {frozenset({"p000", "p002"}), frozenset({"p001"})}


def test_a_place_outside_every_municipality_is_not_lost() -> None:
    marked, areas = run(places((100, 9), municipality_code=[None]))
    assert areas["municipality_code"].tolist() == ["outside"]
    assert marked["area_id"].notna().all()


def test_a_large_area_is_halved_at_its_long_link() -> None:
    xs = [100, 200, 300, 1200, 1300, 1400]
    marked, areas = run(places(*[(x, 9) for x in xs]), max_premises=4.0)
    assert groups(marked) == {frozenset({"p000", "p001", "p002"}), frozenset({"p003", "p004", "p005"})}
    assert areas["premises"].max() <= 4


def test_a_tiny_area_joins_the_nearest_within_three_cuts() -> None:
    marked, _ = run(places((0, 9), (100, 9), (3050, 9), (7000, 9), (7100, 9)), min_premises=2.0)
    assert groups(marked) == {frozenset({"p000", "p001", "p002"}), frozenset({"p003", "p004"})}


def test_a_tiny_area_far_from_all_others_stays_alone() -> None:
    marked, _ = run(places((0, 9), (100, 9), (3150, 9)), min_premises=2.0)
    assert groups(marked) == {frozenset({"p000", "p001"}), frozenset({"p002"})}


def test_what_an_area_holds_is_counted_by_weight_and_eligibility() -> None:
    houses = places(
        (100, 9),
        (200, 9),
        (300, 9),
        kind=["business", "household", "public"],
        weight=[2.0, 10.0, 1.0],
        eligible=[0.5, 1.0, 1.0],
        employees=[240.0, np.nan, 7.0],
        fixed_down_mbps=[0.0, 8.0, 32.0],
        tier=["below_30", "below_30", "below_100"],
    )
    _, areas = run(houses)
    area = areas.iloc[0]
    assert area["premises"] == 12
    assert (area["businesses"], area["households"], area["public"], area["holiday"]) == (1, 10, 1, 0)
    assert area["employees"] == 240 * 0.5 + 7
    assert area["mean_log2_down"] == pytest.approx((0 * 1 + 3 * 10 + 5 * 1) / 12)
    assert area["deliver_down_mbps"] == 300
    assert area["business_need"] == 50 * 2 * 0.5  # 120 employees each, capped at 50
    assert (area["kind"], area["status"], area["places"]) == ("fixed", "modelled", 3)


def test_a_factor_applies_to_the_best_offer_of_the_area() -> None:
    houses = places((100, 9), (200, 9), (5000, 9), tier="below_30").assign(
        fixed_down_mbps=[8.0, 24.0, 2.0], fixed_up_mbps=[80.0, 1.0, 0.5]
    )
    attached = attach(
        build_graph(STREET),
        houses,
        mask=np.ones(3, dtype=bool),
        network=network(Point(STREET.geometry.iloc[0].coords[0])),
    )

    def asked(policy_id: str) -> list[tuple[float, float]]:
        pack = load_policy(policy_id)
        tier = replace(pack.tiers[0], id="below_30")
        pack = replace(pack, tiers=(tier,), areas=replace(pack.areas, cut_m=1000.0, min_premises=1.0))
        _, areas = delineate(houses, attached=attached, policy=pack, municipalities=TOWNS)
        areas = areas.sort_values("places", ascending=False)
        return list(zip(areas["deliver_down_mbps"], areas["deliver_up_mbps"], strict=True))

    assert asked("no-2023") == [(100, 160), (100, 1)], "twice the best upload"
    assert asked("eu-2023") == [(100, 0), (100, 0)], "three times 24 is less than 100"
    houses["fixed_down_mbps"] = [60.0, 24.0, 2.0]
    assert asked("eu-2023") == [(180, 0), (100, 0)], "three times the best download"


def test_a_factor_applies_to_the_floor_of_a_share() -> None:
    houses = places(
        (100, 9),
        eligible=[0.5],
        tier="below_1000",
        service_basis="expected_share",
        share_below_100=[0.0],
        share_below_1000=[0.5],
        share_served=[0.5],
    )
    pack = load_policy("eu-2023")
    pack = replace(pack, tiers=(pack.tiers[0], replace(pack.tiers[1], deliver_down_factor=12.0)))
    at = network(Point(STREET.geometry.iloc[0].coords[0]))
    attached = attach(build_graph(STREET), houses.assign(fixed_up_mbps=0.0), mask=np.array([True]), network=at)
    _, areas = delineate(houses, attached=attached, policy=pack, municipalities=TOWNS)
    assert areas["deliver_down_mbps"].tolist() == [1200]


def test_an_area_knows_how_short_its_municipality_is() -> None:
    houses = places((100, 9), (200, 9), (300, 9), weight=[1.0, 2.0, 5.0], eligible=[1.0, 0.0, 0.0])
    _, areas = run(houses.assign(short_fixed=[1.0, 1.0, 0.0]))
    assert areas["municipality_short_share"].tolist() == [3 / 8]


def test_a_business_that_reports_no_employees_counts_as_one() -> None:
    _, areas = run(places((100, 9), kind="business", weight=3.0))
    assert areas["business_need"].tolist() == [3.0]


def test_a_business_counts_by_how_much_its_sector_depends_on_upload() -> None:
    firms = places((100, 9), (200, 9), kind="business", weight=[3.0, 1.0], employees=[np.nan, 60.0])
    _, areas = run(firms.assign(upload_dependence=[0.5, 2.0]))
    assert areas["business_need"].tolist() == [3 * 1 * 0.5 + 50 * 2]


def test_expected_shares_make_fractions_and_speeds_from_tiers() -> None:
    houses = places(
        (100, 9),
        weight=10.0,
        eligible=[0.3],
        tier="served",
        service_basis="expected_share",
        share_below_30=[0.1],
        share_below_100=[0.2],
        share_below_1000=[0.0],
        share_served=[0.7],
    )
    _, areas = run(houses)
    assert areas["premises"].tolist() == pytest.approx([3.0])
    assert areas["mean_log2_down"].tolist() == pytest.approx([(0.1 * 0 + 0.2 * np.log2(30)) / 0.3])
    assert areas["deliver_down_mbps"].tolist() == [300]


def test_ids_rest_on_the_smallest_place_inside() -> None:
    houses = places((100, 9), (200, 9), (9000, 9))
    _, both = run(houses)
    _, alone = run(houses.iloc[:2])
    _, grown = run(pd.concat([houses, places((300, 9)).assign(place_id="zzz")], ignore_index=True))
    assert set(alone["area_id"]) < set(both["area_id"])
    assert grown["area_id"].tolist() == both["area_id"].tolist()
    assert both["area_id"].str.fullmatch(r"5001-[A-Z2-7]{6}").all()
    assert both["area_id"].is_monotonic_increasing


def test_names_are_the_place_people_know_and_unique() -> None:
    towns = municipalities(m5001="Vik - Vïhke", m5002="Snåase - Snåsa")
    houses = places(
        *[(x, 9) for x in (0, 3000, 3100, 6000, 9000, 12000)],
        municipality_code=["5001", "5001", "5001", "5001", "5002", "5002"],
        locality=["Vik", "Nes", "Nes", "Nes", "Agle", None],
    )
    _, areas = run(houses, towns=towns)
    assert sorted(areas["name"]) == [
        "Snåase - Snåsa",
        "Snåase - Snåsa, Agle",
        "Vik, Nes 1",
        "Vik, Nes 2",
        "Vik, Vik",
    ]
    assert areas.loc[areas["name"] == "Vik, Nes 1", "premises"].item() == 2


def test_nothing_eligible_makes_an_empty_frame_with_its_columns() -> None:
    marked, areas = run(places((100, 9), eligible=[0.0]))
    assert len(areas) == 0
    assert {"area_id", "premises", "business_need", "geometry"} <= set(areas.columns)
    assert marked["area_id"].isna().all()


def test_an_eligible_place_off_the_graph_is_named() -> None:
    houses = places((100, 9), (200, 9))
    attached = attach(build_graph(STREET), houses, mask=np.array([True, False]), network=network(Point(0, 0)))
    with pytest.raises(DataError, match="'p001' is not on the road graph"):
        delineate(houses, attached=attached, policy=policy(), municipalities=TOWNS)


@settings(deadline=None, max_examples=50)
@given(
    st.integers(0, 10_000), st.integers(1, 40), st.sampled_from([80.0, 150.0, 400.0]), st.sampled_from([3.0, 8.0, 99.0])
)
def test_every_eligible_place_is_in_exactly_one_area_whatever_the_order(
    seed: int, count: int, cut: float, most: float
) -> None:
    rng = np.random.default_rng(seed)
    houses = places(
        *map(tuple, np.round(rng.uniform(-50, 600, (count, 2)), 1)),
        eligible=rng.choice([0.0, 0.4, 1.0], count),
        weight=rng.integers(1, 4, count).astype(float),
        municipality_code=rng.choice(["5001", "5002"], count),
    )
    rules = {"cut_m": cut, "max_premises": most, "min_premises": 2.0}
    town = random_town(seed)
    marked, areas = run(houses, lines=town, **rules)
    pd.testing.assert_series_equal(marked["area_id"].notna(), houses["eligible"] > 0, check_names=False)
    assert set(marked["area_id"].dropna()) == set(areas["area_id"])
    assert areas["area_id"].is_unique
    assert areas["name"].is_unique
    assert areas["premises"].sum() == pytest.approx((houses["weight"] * houses["eligible"]).sum())
    assert areas[["businesses", "households", "public", "holiday"]].sum().sum() == pytest.approx(
        areas["premises"].sum()
    )
    # Only what meets the road at one point cannot be parted.
    crowded = areas[areas["premises"] > most + 1e-9]["area_id"]
    feet = pd.Series(node_of(houses, town), index=houses.index)
    assert all(len(set(feet[marked["area_id"] == area])) == 1 for area in crowded)
    shapes = areas.set_index("area_id").geometry
    inside = marked[marked["area_id"].notna()]
    assert shapes.is_valid.all()
    assert inside.geometry.covered_by(shapes.reindex(inside["area_id"]).set_axis(inside.index)).all()
    assert (
        inside["municipality_code"].to_numpy()
        == areas.set_index("area_id")["municipality_code"].reindex(inside["area_id"])
    ).all()

    shuffled = houses.sample(frac=1, random_state=seed % 89)
    again, areas_again = run(shuffled, lines=town.sample(frac=1, random_state=seed % 83), **rules)
    pd.testing.assert_frame_equal(areas, areas_again)
    pd.testing.assert_series_equal(marked["area_id"], again["area_id"].sort_index())
