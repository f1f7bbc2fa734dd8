from __future__ import annotations

import io

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import binary_dilation

from maps.tiles.pyramid import MARGIN, MAX_ZOOM, MIN_ZOOM, SCREEN, TILE, exists, mercator
from maps.tiles.shapes import SIGNS, ShapeTiles

STYLES = {
    "solid": {"color": "#112233", "weight": 2, "fillColor": "#aa0000", "fillOpacity": 0.5},
    "dashed": {"color": "#445566", "weight": 1.6, "dashArray": "6 4", "fill": False},
    "hidden": {"stroke": False, "fillOpacity": 0.0},
}
SQUARE = shapely.box(10.0, 63.0, 10.5, 63.2)


def tile_of(lon: float, lat: float, zoom: int) -> tuple[int, int, int, int, int]:
    """Return the tile of a position, and its pixel on the screen."""
    across, down = (float(part[0]) * (1 << zoom) for part in mercator(np.array([lon]), np.array([lat])))
    return zoom, int(across), int(down), int(across % 1 * SCREEN), int(down % 1 * SCREEN)


def pixels(png: bytes | None) -> np.ndarray:
    assert png is not None
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    assert image.size == (TILE, TILE)
    return np.asarray(image)


def pixel(tiles: ShapeTiles, lon: float, lat: float, zoom: int) -> tuple[int, ...]:
    *tile, px, py = tile_of(lon, lat, zoom)
    return tuple(int(part) for part in pixels(tiles.png(*tile))[2 * py, 2 * px])


def test_a_polygon_is_filled_outlined_and_hollow_where_it_has_a_hole() -> None:
    hole = shapely.box(10.2, 63.08, 10.3, 63.12)
    tiles = ShapeTiles.build([SQUARE - hole], ["solid"], STYLES)
    assert pixel(tiles, 10.1, 63.05, 10) == (0xAA, 0, 0, 128)
    assert pixel(tiles, 10.25, 63.1, 10)[3] == 0, "nothing is drawn in the hole"
    assert pixel(tiles, 10.0, 63.05, 12) == (0x11, 0x22, 0x33, 255), "the outline lies on the edge"
    assert tiles.png(10, 0, 0) is None


def test_later_shapes_lie_on_top_and_are_the_ones_that_are_pointed_at() -> None:
    tiles = ShapeTiles.build([SQUARE, SQUARE.buffer(-0.05)], ["solid", "dashed"], STYLES)
    assert tiles.at(*tile_of(10.25, 63.1, 10)) == 1
    assert tiles.at(*tile_of(10.02, 63.02, 10)) == 0
    assert tiles.at(*tile_of(11.0, 64.0, 10)) is None


def test_a_line_is_pointed_at_from_a_few_pixels_away() -> None:
    tiles = ShapeTiles.build([shapely.LineString([(10.0, 63.0), (10.5, 63.0)])], ["dashed"], STYLES)
    zoom, x, y, px, py = tile_of(10.2, 63.0, 12)
    assert tiles.at(zoom, x, y, px, py) == 0
    assert tiles.at(zoom, x, y, px, max(py - 5, 0)) == 0
    assert tiles.at(zoom, x, y, px, py - 12 if py > 12 else py + 12) is None


def test_a_dashed_line_has_gaps() -> None:
    tiles = ShapeTiles.build([SQUARE], ["dashed"], STYLES)
    zoom, x, y, _, py = tile_of(10.25, 63.0, 12)
    line = pixels(tiles.png(zoom, x, y))[2 * py, :, 3] > 0
    assert 0.3 < line.mean() < 0.8


def test_what_is_smaller_than_a_pixel_is_still_a_dot() -> None:
    tiles = ShapeTiles.build([shapely.box(10.0, 63.0, 10.0001, 63.0001)], ["solid"], STYLES)
    for zoom in range(MIN_ZOOM, MAX_ZOOM + 1):
        assert (pixels(tiles.png(*tile_of(10.00005, 63.00005, zoom)[:3]))[:, :, 3] > 0).sum() >= 4, zoom


def test_every_sign_is_drawn_in_its_shape() -> None:
    seen = set()
    for name in SIGNS:
        tiles = ShapeTiles.build([shapely.Point(10.0, 63.0)], [""], {"": {"sign": name, "color": "#003300"}})
        drawn = pixels(tiles.png(*tile_of(10.0, 63.0, 9)[:3]))
        assert tuple(drawn[drawn[:, :, 3] > 0][0]) == (0, 0x33, 0, 255)
        seen.add((drawn[:, :, 3] > 0).sum())
    assert len(seen) == len(SIGNS)


def test_nothing_and_nowhere_are_harmless() -> None:
    nothing = ShapeTiles.build([], [], STYLES)
    assert nothing.png(8, 135, 68) is None
    tiles = ShapeTiles.build([SQUARE], ["no such style"], STYLES)
    for tile in ((3, 0, 0), (MAX_ZOOM + 1, 0, 0), (8, -1, 5), (8, 256, 5), (8, 5, -7)):
        assert tiles.png(*tile) is None
        assert tiles.at(*tile, 0, 0) is None
    hidden = ShapeTiles.build([SQUARE], ["hidden"], STYLES)
    assert not pixels(hidden.png(*tile_of(10.2, 63.1, 10)[:3]))[:, :, 3].any()


@given(
    st.lists(st.tuples(st.floats(10, 10.6), st.floats(63, 63.3)), min_size=3, max_size=8, unique=True),
    st.sampled_from(("solid", "dashed")),
    st.integers(8, 13),
)
def test_neighbouring_tiles_agree_at_their_border(corners: list[tuple[float, float]], look: str, zoom: int) -> None:
    tiles = ShapeTiles.build([shapely.LineString([*corners, corners[0]])], [look], STYLES)
    _, x, y, *_ = tile_of(*corners[1], zoom)
    assert exists(zoom, x + 1, y)
    left, right = (tiles.canvas(zoom, column, y) for column in (x, x + 1))
    assert left is not None
    if right is None:
        right = np.zeros_like(left)
    # The margin of the one is drawn again in the other; two pixels may differ by how a line is rounded.
    strip = MARGIN // 2
    one, other = left[:, MARGIN + TILE : MARGIN + TILE + strip] > 0, right[:, MARGIN : MARGIN + strip] > 0
    within = slice(MARGIN, -MARGIN)
    for a, b in ((one, other), (other, one)):
        assert not (a & ~binary_dilation(b, iterations=3))[within, 3:-3].any()
