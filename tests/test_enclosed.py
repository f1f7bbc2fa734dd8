"""What an area's outline holds beside its premises: hand-drawn squares whose answers can be counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from coverage import enclosed
from coverage.assessment import Assessment
from coverage.enclosed import area_columns, counted
from coverage.policy import load_policy
from coverage.reports.outsiders import outsiders
from tests import toy


def drawn(
    points: list[tuple[float, float, float]], outlines: dict[str, tuple[float, float, float, float]]
) -> Assessment:
    """Return an assessment of points (x, y, eligible) and square areas; an id that begins with m is a mast's."""
    places = gpd.GeoDataFrame(
        {"place_id": [f"p{number}" for number in range(len(points))], "eligible": [point[2] for point in points]},
        geometry=[Point(*point[:2]) for point in points],
        crs=toy.CRS,
    )
    areas = gpd.GeoDataFrame(
        {"area_id": list(outlines), "kind": ["mobile" if name.startswith("m") else "fixed" for name in outlines]},
        geometry=[box(*edges) for edges in outlines.values()],
        crs=toy.CRS,
    )
    return replace(toy.assessment(), places=places, areas=areas)


def test_places_inside_an_outline_that_are_not_eligible_are_found() -> None:
    points = [(5, 5, 0.0), (6, 6, 1.0), (7, 7, 0.2), (50, 50, 0.0), (10, 3, 0.0)]
    found = outsiders(drawn(points, {"A": (0, 0, 10, 10), "mast": (40, 40, 60, 60)}))
    # p1 and p2 are eligible, p3 stands in the circle of a mast alone, p4 on the edge of A
    assert found.to_dict() == {0: "A", 4: "A"}


def test_of_several_outlines_the_smallest_area_counts_then_the_first_by_name() -> None:
    outlines = {"large": (0, 0, 20, 20), "small": (4, 4, 6, 6), "same": (14, 14, 16, 16), "again": (14, 14, 16, 16)}
    found = outsiders(drawn([(5, 5, 0.0), (15, 15, 0.0), (1, 1, 0.0)], outlines))
    assert found.to_dict() == {0: "small", 1: "again", 2: "large"}


def test_nothing_is_found_where_there_is_no_area() -> None:
    found = outsiders(drawn([(5, 5, 0.0)], {}))
    assert found.empty
    assert found.name == "area_id"


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(8)), st.permutations(range(3)))
def test_neither_the_order_of_places_nor_of_areas_matters(rows: list[int], order: list[int]) -> None:
    points = [(float(2 * row), float(row % 3), 0.0) for row in range(8)]
    whole = drawn(points, {"A": (0, 0, 7, 5), "B": (3, 0, 9, 5), "C": (0, 0, 14, 1)})
    mixed = replace(whole, places=whole.places.iloc[rows], areas=whole.areas.iloc[order])
    pd.testing.assert_series_equal(outsiders(mixed).sort_index(), outsiders(whole))
    assert outsiders(mixed).index.tolist() == [row for row in rows if row in outsiders(whole).index]
    assert np.isin(outsiders(mixed), ["A", "B", "C"]).all()


# --- counted ----------------------------------------------------------------------------------------------------------


def judged(rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    """Return places at (x, 1) with what decides about them; without more a served one with no plan."""
    defaults: dict[str, Any] = {
        "weight": 1.0, "eligible": 0.0, "reason_code": "served", "area_id": None, "planned_by": None,
        "planned_date": None, "upgradeable": False,
    }  # fmt: skip
    frame = pd.DataFrame([defaults | {"place_id": f"p{number}"} | row for number, row in enumerate(rows)])
    frame = frame.astype(dict.fromkeys(("area_id", "planned_by"), "str"))
    frame["planned_date"] = pd.to_datetime(frame["planned_date"]).astype("datetime64[s]")
    return gpd.GeoDataFrame(frame.drop(columns="x"), geometry=[Point(row["x"], 1) for row in rows], crs=toy.CRS)


def squares(*ids: str) -> gpd.GeoDataFrame:
    """Return areas of ten metres side by side; an id that begins with m is a mast's."""
    kinds = ["mobile" if name.startswith("m") else "fixed" for name in ids]
    outlines = [box(10 * number, 0, 10 * number + 9, 9) for number in range(len(ids))]
    return gpd.GeoDataFrame({"area_id": list(ids), "kind": kinds}, geometry=outlines, crs=toy.CRS)


NORWAY = load_policy("no-2024")
IN_A = {"eligible": 1.0, "reason_code": "eligible", "area_id": "A"}
PLAN = {"planned_by": "Fjellfiber", "reason_code": "planned", "planned_date": "2024-09-01"}


def test_premises_that_are_left_out_are_counted_by_reason() -> None:
    places = judged(
        [
            {"x": 1, **IN_A, "weight": 2.0, "planned_by": "Havnett", "planned_date": "2027-01-01"},
            {"x": 2, **PLAN, "weight": 3.0},
            {"x": 3, "reason_code": "holiday-home"},
            {"x": 4, "reason_code": "upgradeable", "upgradeable": True},
            {"x": 5, "planned_by": "Havnett", "planned_date": "2022-07-01", "upgradeable": True, "weight": 4.0},
            {"x": 95, "reason_code": "holiday-home"},
            {"x": 21, **PLAN},
        ]
    )
    found = area_columns(squares("A", "B", "mast"), places, policy=NORWAY)
    assert list(found.columns) == list(enclosed.COLUMNS)
    first, second, mast = (found.loc[row].to_dict() for row in range(3))
    assert first == {
        "excluded_premises": 9.0,
        "excluded_because": "served (4); planned (3); holiday-home (1); upgradeable (1)",
        "planned_premises": 5.0,  # two eligible ones whose plan does not count, three whose plan does; no served ones
        "planned_earliest": "2024-09-01",
        "upgradeable_premises": 1.0,
    }
    assert second["excluded_premises"] == second["planned_premises"] == 0.0
    assert pd.isna(second["excluded_because"])
    assert pd.isna(second["planned_earliest"])
    assert all(pd.isna(value) for value in mast.values())


def test_of_a_row_that_is_eligible_in_part_the_rest_is_served() -> None:
    found = area_columns(squares("A"), judged([{"x": 1, **IN_A, "weight": 8.0, "eligible": 0.25}]), policy=NORWAY)
    assert found.loc[0, "excluded_because"] == "served (6)"
    assert found.loc[0, "excluded_premises"] == 6.0


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["served", "holiday-home", "planned", "in"]), st.integers(1, 5), st.integers(0, 19)),
        min_size=1,
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_eligible_and_excluded_premises_are_all_in_the_outline_in_whatever_order(
    drawn_rows: list[tuple[str, int, int]], chance: Any
) -> None:
    areas = squares("A", "B")
    rows = []
    for reason, weight, x in drawn_rows:
        mine = {"eligible": 0.5, "reason_code": "eligible", "area_id": "AB"[x // 10]}
        rows.append(
            {"x": x % 10 * 0.9 + x // 10 * 10, "weight": float(weight)}
            | (mine if reason == "in" else {"reason_code": reason})
        )
    places = judged(rows)
    found = area_columns(areas, places, policy=NORWAY)
    for name, told in zip(areas["area_id"], found.itertuples(), strict=True):
        inside = places[places.within(areas.geometry[told.Index].buffer(1e-6))]
        eligible = (inside["weight"] * inside["eligible"]).sum()
        assert eligible + told.excluded_premises == inside["weight"].sum(), name
    order = list(range(len(places)))
    chance.shuffle(order)
    pd.testing.assert_frame_equal(area_columns(areas, places.iloc[order], policy=NORWAY), found)


def test_the_smallest_sums_are_added_up_where_there_are_many() -> None:
    keys = [("A", "x"), ("A", "y"), ("A", "z"), ("A", "nothing"), ("B", "y")]
    sums = pd.Series([2.0, 5.0, 1.25, 0.0, 1e7], index=pd.MultiIndex.from_tuples(keys))
    assert counted(sums).to_dict() == {"A": "y (5); x (2); z (1.25)", "B": "y (10000000)"}
    assert counted(sums, at_most=2).to_dict()["A"] == "y (5); other (3.25)"
    assert counted(sums.iloc[:0]).empty
