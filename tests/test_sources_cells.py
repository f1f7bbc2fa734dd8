"""Ids of cells to outlines: known cells, and every point lies in the cell that its id names."""

from __future__ import annotations

import json
from pathlib import Path

import h3
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from coverage.sources.cells import h3_outlines, quadkey_bounds, quadkey_outlines, ssb_corner

LON = st.floats(-179, 179)
LAT = st.floats(-80, 80)


def series(*ids: str | None) -> pd.Series:
    return pd.Series(list(ids), dtype="str")


def test_a_published_h3_cell_lies_where_its_location_is() -> None:
    # The row of the FCC's file that the reference quotes is in Washington county, Vermont.
    outlines = h3_outlines(series("882bab5303fffff", "882BAB5303FFFFF", "88zz", None))
    assert outlines.crs == "EPSG:4326"
    assert outlines[0].contains(shapely.Point(-72.800, 44.905))
    assert outlines[0].equals(outlines[1])
    assert outlines[0].area > 0
    assert outlines.isna().tolist() == [False, False, True, True]


@given(LON, LAT, st.integers(5, 9))
def test_h3_cells_hold_the_points_they_are_named_for(lon: float, lat: float, resolution: int) -> None:
    cell = h3.latlng_to_cell(lat, lon, resolution)
    outline = h3_outlines(series(cell))[0]
    west, _, east, _ = outline.bounds
    if east - west < 180:  # not across the date line, where a straight outline means nothing
        # Edges are great circles: a point on one may lie a hair outside the straight line.
        assert outline.buffer((east - west) * 1e-3).contains(shapely.Point(lon, lat))


def test_tiles_by_hand() -> None:
    west, south, east, north = (value.tolist() for value in quadkey_bounds(series("0", "3", "12", "213")))
    assert west == [-180, 0, 0, -45]
    assert east == [0, 180, 90, 0]
    assert north == pytest.approx([85.0511287798, 0, 66.5132604431, -40.9798980696])
    assert south == pytest.approx([0, -85.0511287798, 0, -66.5132604431])


def key_of(lon: float, lat: float, zoom: int) -> str:
    """Return the quadkey of a point by halving the map, as one does by hand."""
    key, west, east, top, bottom = "", 0.0, 1.0, 0.0, 1.0
    x, y = (lon + 180) / 360, (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2
    for _ in range(zoom):
        column, row = int(x >= (west + east) / 2), int(y >= (top + bottom) / 2)
        west, east = ((west + east) / 2, east) if column else (west, (west + east) / 2)
        top, bottom = ((top + bottom) / 2, bottom) if row else (top, (top + bottom) / 2)
        key += str(column + 2 * row)
    return key


@given(LON, LAT, st.integers(1, 23))
def test_tiles_hold_the_points_they_are_named_for(lon: float, lat: float, zoom: int) -> None:
    outline = quadkey_outlines(series(key_of(lon, lat, zoom)))[0]
    assert outline.buffer(1e-9).intersects(shapely.Point(lon, lat))
    assert outline.bounds[2] - outline.bounds[0] == pytest.approx(360 / 2**zoom)


def test_what_is_no_quadkey_has_no_outline() -> None:
    found = quadkey_outlines(series("0123", "0124", "", None, "0" * 24))
    assert found.isna().tolist() == [False, True, True, True, True]


def test_quadkeys_agree_with_the_outlines_that_ookla_publishes(data_root: Path) -> None:
    features = json.loads((data_root / "ookla/fixed_hawaii-island_2023Q4.geojson").read_text(encoding="utf-8"))
    rows = features["features"]
    keys = series(*(row["properties"]["quadkey"] for row in rows))
    ours = np.array([shape.bounds for shape in quadkey_outlines(keys)])
    theirs = np.array([shapely.geometry.shape(row["geometry"]).bounds for row in rows])
    assert len(rows) == 1645
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


def test_ssb_ids() -> None:
    x, y = ssb_corner(series("22700007030000", "19207506461000"))
    assert x.tolist() == [270_000, -79_250]
    assert y.tolist() == [7_030_000, 6_461_000]
