"""Tiles of places by the policies that support them."""

from __future__ import annotations

import io

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maps.style import CONTRAST_COLOURS, rgba
from maps.tiles.contrast import DRAWN, ContrastTiles, outcome_weights
from maps.tiles.pyramid import MAX_ZOOM, MIN_ZOOM, POINT_ZOOM, TILE
from tests.test_maps_tiles import tile_at

ELIGIBLE = {"both": (1.0, 1.0), "only_a": (1.0, 0.0), "only_b": (0.0, 1.0), "neither": (0.0, 0.0)}


def compared(
    outcomes: list[str], lon: list[float], lat: list[float], *, weight: float = 1.0, kind: object = "household"
) -> gpd.GeoDataFrame:
    """Return what ContrastTiles needs of Contrast.places."""
    a, b = zip(*(ELIGIBLE[outcome] for outcome in outcomes), strict=True) if outcomes else ((), ())
    frame = pd.DataFrame({"eligible_a": a, "eligible_b": b}, dtype=float).assign(weight=weight, kind=kind)
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")


def pixels(png: bytes | None) -> dict[str, int]:
    """Count the pixels of each outcome's colour."""
    assert png is not None
    image = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")).reshape(-1, 4)
    assert len(image) == TILE * TILE
    return {
        name: int((image[:, :3] == rgba(colour)[:3]).all(axis=1).sum()) for name, colour in CONTRAST_COLOURS.items()
    }


@pytest.mark.parametrize("outcome", DRAWN)
def test_one_place_is_drawn_in_its_colour_at_every_zoom(outcome: str) -> None:
    tiles = ContrastTiles.build(compared([outcome], [10.0], [63.5]))
    for zoom in range(MIN_ZOOM, MAX_ZOOM + 1):
        counted = pixels(tiles.png(*tile_at(10.0, 63.5, zoom)))
        assert counted.pop(outcome) > 10, zoom
        assert not any(counted.values()), zoom


def test_neither_is_not_drawn() -> None:
    tiles = ContrastTiles.build(compared(["neither"], [10.0], [63.5]))
    for zoom in range(MIN_ZOOM, MAX_ZOOM + 1):
        assert tiles.png(*tile_at(10.0, 63.5, zoom)) is None
    assert ContrastTiles.build(compared([], [], [])).png(6, 33, 16) is None


def test_the_signs_differ_in_shape() -> None:
    zoom = POINT_ZOOM + 3
    drawn = {}
    for outcome in DRAWN:
        png = ContrastTiles.build(compared([outcome], [10.0], [63.5])).png(*tile_at(10.0, 63.5, zoom))
        assert png is not None
        image = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
        rows, columns = np.nonzero((image[:, :, :3] == rgba(CONTRAST_COLOURS[outcome])[:3]).all(axis=2))
        here = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        drawn[outcome] = (here[:, :, :3] == rgba(CONTRAST_COLOURS[outcome])[:3]).all(axis=2)
    assert drawn["only_a"].all(), "a square fills its box"
    assert 0.7 < drawn["both"].mean() < 0.9, "a disc"
    assert drawn["only_b"][0].sum() < 0.3 * drawn["only_b"][-1].sum(), "a triangle stands on its base"


def test_a_disc_is_cut_as_its_premises_divide() -> None:
    # One cell at a low zoom: two thirds eligible under both, a third under the second alone.
    tiles = ContrastTiles.build(compared(["both", "both", "only_b"], [10.0] * 3, [63.5] * 3, weight=100.0))
    counted = pixels(tiles.png(*tile_at(10.0, 63.5, 8)))
    assert counted["only_a"] == 0
    assert counted["only_b"] / (counted["only_b"] + counted["both"]) == pytest.approx(1 / 3, abs=0.05)


def test_what_changes_lies_on_top() -> None:
    tiles = ContrastTiles.build(compared(["only_b", "both"], [10.0, 10.0], [63.5, 63.5]))
    counted = pixels(tiles.png(*tile_at(10.0, 63.5, 15)))
    assert counted["only_b"] > counted["both"]


def test_shares_divide_a_row() -> None:
    frame = compared(["both"], [10.0], [63.5], weight=100.0).assign(eligible_a=0.05, eligible_b=0.3)
    assert outcome_weights(frame)[0] == pytest.approx([5, 0, 25])
    tiles = ContrastTiles.build(frame)
    assert DRAWN[tiles.points.code[0] - 1] == "only_b"
    for cells in tiles.cells.values():
        assert cells.marks.weight.tolist() == pytest.approx([30])
        assert cells.shares[0] == pytest.approx([1 / 6, 0, 5 / 6])


def test_layers_hold_their_kind_alone() -> None:
    frame = compared(["both", "only_a"], [10.0, 10.1], [63.5, 63.5], kind=["business", "household"])
    assert len(ContrastTiles.build(frame).points.key) == 2
    business = ContrastTiles.build(frame, rows=(frame["kind"] == "business").to_numpy())
    assert business.points.code.tolist() == [1]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(ELIGIBLE)), st.integers(0, 400)), min_size=1, max_size=30))
def test_no_premises_are_lost_on_the_way_down(rows: list[tuple[str, int]]) -> None:
    outcomes = [outcome for outcome, _ in rows]
    tiles = ContrastTiles.build(compared(outcomes, [10 + step / 100 for _, step in rows], [63.5] * len(rows)))
    for cells in tiles.cells.values():
        totals = (cells.shares * cells.marks.weight[:, None]).sum(axis=0)
        assert totals == pytest.approx([outcomes.count(outcome) for outcome in DRAWN])
        assert (np.diff(cells.marks.key.astype(np.int64)) > 0).all()


@pytest.mark.parametrize("rows", [200_000])
def test_tiles_stay_small_with_many_places(rows: int) -> None:
    rng = np.random.default_rng(1)
    lon, lat = rng.normal(10.4, 0.4, rows), rng.normal(63.4, 0.15, rows)
    outcomes = rng.choice(list(ELIGIBLE), rows).tolist()
    tiles = ContrastTiles.build(compared(outcomes, list(lon), list(lat)))
    for zoom in range(MIN_ZOOM, MAX_ZOOM + 1):
        drawn = tiles.png(*tile_at(10.4, 63.4, zoom))
        assert drawn is None or len(drawn) < 40_000, zoom
