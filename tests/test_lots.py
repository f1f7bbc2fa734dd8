"""Drawn lots: 100 % of the eligible places inside, ids that rest on the drawing, and what is said of odd ones."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from coverage.areas import delineate
from coverage.errors import CrsError
from coverage.lots import find_lots, lot_ids, remarks
from coverage.policy import load_policy
from coverage.reports.wording import load_wording
from coverage.roads import attach, build_graph
from coverage.sources.lots import overlaps
from tests.roadside import CRS, municipalities, network, places, random_town
from tests.test_areas import STREET, groups, run


def lots(*boxes: tuple[float, float, float, float], **columns: object) -> gpd.GeoDataFrame:
    frame = pd.DataFrame(
        {
            "lot_id": [chr(ord("A") + number) for number in range(len(boxes))],
            "name": [f"Lot {number}" for number in range(len(boxes))],
            "municipality_code": "5001",
            "source": "lots",
            "source_row": range(1, len(boxes) + 1),
        }
    ).assign(**columns)
    return gpd.GeoDataFrame(frame, geometry=[box(*one) for one in boxes], crs=CRS)


def test_all_eligible_places_inside_make_the_lot_and_the_rest_is_clustered_without_them() -> None:
    # A row of houses 400 m apart: one area by itself; the lot takes the middle two out, which parts the rest.
    houses = places(*[(x, 9) for x in range(0, 2400, 400)], (30_000, 9), eligible=[1, 1, 1, 1, 0, 1, 1])
    plain, _ = run(houses, cut_m=900.0)
    assert groups(plain) == {frozenset({"p000", "p001", "p002", "p003", "p005"}), frozenset({"p006"})}
    drawn = lots((700, -50, 1300, 50))
    marked, areas = run(houses, cut_m=900.0, lots=drawn)
    assert groups(marked) == {
        frozenset({"p002", "p003"}),
        frozenset({"p000", "p001"}),
        frozenset({"p005"}),
        frozenset({"p006"}),
    }
    area = areas.set_index("area_id").loc["5001-lot-A"]
    assert (area["name"], area["premises"], bool(area["drawn"])) == ("Lot 0", 2.0, True)
    assert area.geometry.equals(drawn.geometry.iloc[0])
    assert area["area_km2"] == pytest.approx(0.06)
    assert areas["drawn"].sum() == 1


def test_no_rule_parts_a_lot() -> None:
    far = places((0, 9), (9000, 9), (18_000, 9), municipality_code=["5001", "5002", "5002"])
    marked, areas = run(far, cut_m=100.0, max_premises=2.0, lots=lots((-10, -10, 19_000, 50)))
    assert len(groups(marked)) == 1
    assert areas["municipality_code"].tolist() == ["5001"]
    assert remarks(marked, lots((-10, -10, 19_000, 50))) == (
        "lots: 'A' holds eligible places of 5001, 5002; it stays one area, counted under 5001",
    )


def test_a_place_in_two_lots_goes_to_the_first_and_the_second_is_told() -> None:
    houses = places((100, 9), (200, 9), (300, 9))
    both = lots((50, 0, 250, 20), (150, 0, 350, 20), (190, 0, 210, 20))
    assert find_lots(houses, both).tolist() == [0, 0, 1]
    assert find_lots(houses, both.iloc[::-1]).tolist() == [2, 0, 1]
    assert remarks(houses, both) == (
        "lots: eligible places in both 'A' and 'B': 1; they belong to 'A', which comes first",
        "lots: eligible places in both 'A' and 'C': 1; they belong to 'A', which comes first",
        "lots: no eligible place is left for 'C', so it makes no area",
    )
    marked, areas = run(houses, lots=both)
    assert marked["area_id"].tolist() == ["5001-lot-A", "5001-lot-A", "5001-lot-B"]
    assert areas["area_id"].tolist() == ["5001-lot-A", "5001-lot-B"]


def test_a_place_on_the_border_is_inside() -> None:
    assert find_lots(places((100, 9), (101, 9)), lots((0, 0, 100, 20))).tolist() == [0, -1]


def test_a_lot_counted_elsewhere_than_its_places_is_told() -> None:
    assert remarks(places((100, 9)), lots((0, 0, 200, 20), municipality_code="5002")) == (
        "lots: 'A' is counted under 5002, and its eligible places are all in 5001",
    )


def test_nothing_is_said_of_lots_that_are_as_they_should_be() -> None:
    assert remarks(places((100, 9)), lots((0, 0, 200, 20))) == ()
    assert remarks(places((100, 9)), gpd.GeoDataFrame()) == ()


def test_ids_rest_on_the_lot_alone_and_are_unique() -> None:
    names = ["A", "Nes Øst/1", "Nes-Øst-1", "5001-K7QZ2A", "5001-lot-A", "50010"]
    made = lot_ids(lots(*[(0, 0, 1, 1)] * 6, lot_id=names))
    assert len(set(made)) == 6
    assert made[2:] == ["5001-lot-Nes-Øst-1", "5001-K7QZ2A", "5001-lot-A", "5001-lot-50010"]
    assert made[0].startswith("5001-lot-A-")
    assert made[1].startswith("5001-lot-Nes-Øst-1-")
    assert lot_ids(lots((0, 0, 1, 1), municipality_code=[None])) == ["outside-lot-A"]


def test_an_area_given_back_as_a_lot_keeps_its_id_even_when_its_first_place_leaves() -> None:
    houses = places((100, 9), (200, 9), (300, 9), (9000, 9))
    _, areas = run(houses)
    before = areas[areas["places"] == 3].iloc[0]
    given = lots((0, 0, 400, 20), lot_id=[before["area_id"]], name=[before["name"]])
    marked, after = run(houses.iloc[1:], lots=given)
    assert marked["area_id"].tolist()[:2] == [before["area_id"]] * 2
    assert before["area_id"] in set(after["area_id"])
    # Drawn smaller, without the place that the id came from: that one gets an id of its own.
    marked, after = run(houses, lots=given.set_geometry([box(150, 0, 400, 20)], crs=CRS))
    assert after["area_id"].is_unique
    assert marked["area_id"].iloc[0] != marked["area_id"].iloc[1] == before["area_id"]


def test_names_of_planners_stand_and_others_give_way() -> None:
    houses = places(*[(x, 9) for x in (0, 3000, 6000, 9000, 12_000)], locality="Nes")
    drawn = lots((-10, 0, 10, 20), (2990, 0, 3010, 20), (5990, 0, 6010, 20), name=["Vik, Nes 1", "North", "North"])
    _, areas = run(houses, lots=drawn)
    assert sorted(areas["name"]) == ["North (B)", "North (C)", "Vik, Nes 1", "Vik, Nes 2", "Vik, Nes 3"]
    _, areas = run(houses, lots=drawn.assign(name=None))
    assert areas["name"].is_unique


def test_lots_in_another_system_are_refused() -> None:
    with pytest.raises(CrsError, match="lots: the coordinate system differs"):
        find_lots(places((100, 9)), lots((0, 0, 200, 20)).set_crs("EPSG:25832", allow_override=True))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 4))
def test_whatever_is_drawn_every_eligible_place_is_in_one_area_and_lots_are_whole(
    seed: int, count: int, drawn: int
) -> None:
    rng = np.random.default_rng(seed)
    houses = places(
        *map(tuple, np.round(rng.uniform(-50, 600, (count, 2)), 1)),
        eligible=rng.choice([0.0, 0.4, 1.0], count),
        municipality_code=rng.choice(["5001", "5002"], count),
    )
    corner = rng.uniform(-100, 500, (drawn, 2))
    shapes = lots(
        *[(x, y, x + w, y + h) for (x, y), (w, h) in zip(corner, rng.uniform(1, 400, (drawn, 2)), strict=True)]
    )
    town = random_town(seed)
    rules = {"cut_m": 150.0, "max_premises": 8.0}
    marked, areas = run(houses, lines=town, lots=shapes, **rules)
    pd.testing.assert_series_equal(marked["area_id"].notna(), houses["eligible"] > 0, check_names=False)
    assert areas["area_id"].is_unique
    assert areas["name"].is_unique
    left = houses[houses["eligible"] > 0]
    for name, shape in zip(lot_ids(shapes), shapes.geometry, strict=True):
        inside = left[left.geometry.intersects(shape)]
        assert set(marked.loc[inside.index, "area_id"]) <= {name}
        assert (name in set(areas["area_id"])) == (len(inside) > 0)
        left = left.drop(inside.index)
    # The rest is what it is when the others are not there.
    alone = houses.assign(eligible=houses["eligible"].where(houses.index.isin(left.index), 0.0))
    without, _ = run(alone, lines=town, **rules)
    assert groups(without) == groups(marked.loc[left.index])
    # Drawing a lot anew, or in another order of places, changes no other id.
    again, areas_again = run(houses.sample(frac=1, random_state=seed % 89), lines=town, lots=shapes, **rules)
    pd.testing.assert_frame_equal(areas, areas_again)
    pd.testing.assert_series_equal(marked["area_id"], again["area_id"].sort_index())


def test_lots_need_no_columns_where_there_are_none() -> None:
    houses = places((100, 9))
    attached = attach(
        build_graph(STREET), houses, mask=np.array([True]), network=network(STREET.geometry.iloc[0].boundary.geoms[0])
    )
    marked, areas = delineate(
        houses,
        attached=attached,
        policy=load_policy("no-2024"),
        municipalities=municipalities(m5001="Vik"),
        lots=gpd.GeoDataFrame(),
    )
    assert marked["area_id"].notna().all()
    assert not areas["drawn"].any()


def test_every_remark_is_said_in_norwegian() -> None:
    houses = places((100, 9), (200, 9), (300, 9), municipality_code=["5001", "5001", "5002"])
    drawn = lots((50, 0, 350, 20), (90, 0, 110, 20), (900, 0, 950, 20))
    elsewhere = lots((50, 0, 250, 20), municipality_code="5002")
    told = [*remarks(houses, drawn), *remarks(houses, elsewhere), *overlaps(drawn)]
    assert len(told) == 6
    norwegian = [load_wording("nb").said(text) for text in told]
    assert [text.split(": ")[0] for text in norwegian] == ["inntegnede områder"] * 6
    assert norwegian[0].endswith("i både 'A' og 'B': 1; de hører til 'A', som kommer først")
