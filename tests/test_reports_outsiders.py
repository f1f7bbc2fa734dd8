"""Which premises an area's outline holds that its list leaves out."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from coverage.assessment import Assessment
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
