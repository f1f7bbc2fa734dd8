"""Draw a layer of shapes (areas, routes, signs) as PNG tiles, for layers that are too large to be handed over whole.

Every shape is drawn, so nothing is left out, and a tile is a picture, so its size is bounded. How a shape looks
follows from its own corners and the zoom alone: neighbouring tiles agree at their border.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from maps.style import rgba
from maps.tiles.pyramid import (
    MARGIN,
    SCREEN,
    SHARP,
    TILE,
    Codes,
    Numbers,
    Pixels,
    blank,
    disc,
    exists,
    inner,
    mercator,
    paletted,
    stamp,
)

SIDE: Final = TILE + 2 * MARGIN
ROUGH: Final = 1.0  # pixels of a tile that a thinner line may lie beside the true one
SMALL: Final = 8.0  # pixels of a tile: what reaches no farther is a dot
REACH: Final = 6.0  # pixels of the screen: what lies this close to the pointer was meant
# Corners of the signs as shares of a box, and the box in pixels of the screen: as in map.css.
SIGNS: Final[Mapping[str, tuple[float, tuple[tuple[float, float], ...]]]] = {
    "business_garden": (12, ((0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5))),
    "incubator": (10, ((0.5, 0), (1, 1), (0, 1))),
    "business_park": (8, ((0, 0), (1, 0), (1, 1), (0, 1))),
    "mast_new": (14, ((0.4, 0), (0.6, 0), (1, 1), (0.78, 1), (0.64, 0.66), (0.36, 0.66), (0.22, 1), (0, 1))),
    "mast_existing": (
        14,
        ((0, 0), (0.22, 0), (0.5, 0.34), (0.78, 0), (1, 0), (0.62, 0.52), (0.62, 1), (0.38, 1), (0.38, 0.52)),
    ),
}

Shapes = NDArray[np.object_]


@dataclass(frozen=True)
class Look:
    """Hold how a shape is drawn: codes of colours, 0 for none, and pixels of the tile."""

    stroke: int
    fill: int
    width: float
    dash: tuple[float, float] | None
    radius: float  # of a point
    sign: str  # of a point, "" for a disc

    @property
    def strongest(self) -> int:
        """Return the colour of a shape that is no more than a dot."""
        return self.stroke or self.fill


class _Palette:
    """Number the colours as they are met, from 1."""

    def __init__(self) -> None:
        self.colours: list[tuple[int, int, int, int]] = [(0, 0, 0, 0)]

    def code(self, colour: str, opacity: float) -> int:
        """Return the number of a colour."""
        red, green, blue, alpha = rgba(colour)
        found = (red, green, blue, round(alpha * min(max(opacity, 0.0), 1.0)))
        if not found[3]:
            return 0
        if found not in self.colours:
            self.colours.append(found)
        return self.colours.index(found)

    def look(self, style: Mapping[str, Any]) -> Look:
        """Read a style as Leaflet does, with its defaults."""
        colour = str(style.get("color") or "#3388ff")
        stroke = self.code(colour, float(style.get("opacity", 1.0))) if style.get("stroke", True) else 0
        opacity = 1.0 if style.get("sign") else float(style.get("fillOpacity", 0.2))
        fill = self.code(str(style.get("fillColor") or colour), opacity) if style.get("fill", True) else 0
        lengths = [SHARP * float(part) for part in str(style.get("dashArray") or "").replace(",", " ").split()]
        return Look(
            stroke=stroke,
            fill=fill,
            width=SHARP * float(style.get("weight", 3.0)),
            dash=(lengths[0], lengths[-1]) if lengths else None,
            radius=SHARP * float(style.get("radius", 6.0)),
            sign=str(style.get("sign") or ""),
        )


@dataclass(frozen=True)
class ShapeTiles:
    """Draw tiles of one layer of shapes, later ones on top."""

    world: Shapes  # in shares 0..1 of the web Mercator world
    look: NDArray[np.intp]  # position in `looks`
    looks: tuple[Look, ...]
    palette: NDArray[np.uint8]
    tree: shapely.STRtree

    @classmethod
    def build(cls, shapes: Sequence[Any], names: Sequence[str], styles: Mapping[str, Mapping[str, Any]]) -> ShapeTiles:
        """Take shapes in degrees, the name of the style of each, and the styles; unknown names have that of ""."""
        palette = _Palette()
        order = {name: number for number, name in enumerate(styles)}
        looks = tuple(palette.look(style) for style in styles.values()) or (palette.look({}),)
        fallback = order.get("", 0)
        given = np.array(list(shapes), dtype=object)
        world = shapely.transform(given, lambda at: np.column_stack(mercator(at[:, 0], at[:, 1])))
        return cls(
            world=world,
            look=np.array([order.get(name, fallback) for name in names], np.intp),
            looks=looks,
            palette=np.array(palette.colours, np.uint8),
            tree=shapely.STRtree(world),
        )

    def png(self, z: int, x: int, y: int) -> bytes | None:
        """Return the tile, or None where it is empty or outside the zooms and the world."""
        canvas = self.canvas(z, x, y) if exists(z, x, y) else None
        return None if canvas is None else paletted(Image.fromarray(inner(canvas)), self.palette)

    def canvas(self, z: int, x: int, y: int) -> Codes | None:
        """Return the tile and MARGIN pixels beyond each side as codes of colours; None where nothing lies there."""
        scale, corner = float(TILE << z), np.array([x, y]) / (1 << z)
        west, north = corner - MARGIN / scale
        side = SIDE / scale
        rows = np.sort(self.tree.query(shapely.box(west, north, west + side, north + side)))
        if not len(rows):
            return None

        def placed(shapes: Shapes) -> Shapes:
            return shapely.transform(shapes, lambda at: (at - corner) * scale + MARGIN)

        shapes, looks = self.world[rows], [self.looks[at] for at in self.look[rows]]
        bounds = (shapely.bounds(shapes).reshape(-1, 2, 2) - corner) * scale
        points = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
        dots = ~points & ((bounds[:, 1] - bounds[:, 0]).max(axis=1) < SMALL)
        canvas = blank()
        for code in sorted({look.strongest for look in looks} - {0}):
            here = dots & np.array([look.strongest == code for look in looks])
            _dot(canvas, bounds[here].mean(axis=1), code, disc(2.0))
        large = np.flatnonzero(~points & ~dots)
        if len(large):
            thin = placed(shapely.simplify(shapes[large], ROUGH / scale))
            canvas = _drawn(canvas, thin, [looks[row] for row in large])
        for look in dict.fromkeys(looks[row] for row in np.flatnonzero(points)):
            here = points & np.array([other == look for other in looks])
            _point(canvas, bounds[here, 0], look)
        return canvas

    def at(self, z: int, x: int, y: int, px: int, py: int) -> int | None:
        """Return the row of the shape on top at a pixel (of 256) of a tile, or None."""
        if not exists(z, x, y):
            return None
        scale = float(SCREEN << z)
        across, down, reach = (x * SCREEN + px + 0.5) / scale, (y * SCREEN + py + 0.5) / scale, REACH / scale
        rows = np.sort(self.tree.query(shapely.box(across - reach, down - reach, across + reach, down + reach)))
        away = shapely.distance(self.world[rows], shapely.Point(across, down))
        inside, near = rows[away == 0], rows[away <= reach]
        found = inside if len(inside) else near
        return int(found[-1]) if len(found) else None


def _dot(canvas: Codes, at: Numbers, code: int, offsets: Pixels) -> None:
    left, top = np.floor(at).astype(np.int64).reshape(-1, 2).T
    stamp(canvas, left, top, np.uint8(code), offsets)


def _point(canvas: Codes, at: Numbers, look: Look) -> None:
    """Stamp the points of one look: a sign, or a disc with its line."""
    if look.sign:
        _dot(canvas, at, look.strongest, _sign(look.sign))
        return
    within, beyond = look.radius - look.width / 2, look.radius + look.width / 2
    if look.fill:
        _dot(canvas, at, look.fill, disc(look.radius))
    if look.stroke:
        whole = disc(min(beyond, float(MARGIN - 1)))
        _dot(canvas, at, look.stroke, whole[(whole**2).sum(axis=1) > within * within])


def _sign(name: str) -> Pixels:
    """Return the pixels of a sign around its middle."""
    size, corners = SIGNS.get(name, SIGNS["business_park"])
    side = round(SHARP * size)
    box = Image.new("L", (side + 1, side + 1))
    ImageDraw.Draw(box).polygon([(side * right, side * down) for right, down in corners], fill=1)
    down, right = np.nonzero(np.asarray(box))
    return np.column_stack([right, down]) - side // 2


def _drawn(canvas: Codes, shapes: Shapes, looks: Sequence[Look]) -> Codes:
    """Draw lines and polygons, in pixels of the canvas, one after the other."""
    image = Image.fromarray(canvas)
    draw = ImageDraw.Draw(image)
    lines = np.where(shapely.get_dimensions(shapes) == 2, shapely.boundary(shapes), shapes)
    whole = shapely.clip_by_rect(shapes, 0, 0, SIDE, SIDE)
    cut = shapely.clip_by_rect(lines, 0, 0, SIDE, SIDE)
    for shape, line, part, look in zip(whole, lines, cut, looks, strict=True):
        if look.fill:
            _fill(image, draw, shape, look.fill)
        if not look.stroke:
            continue
        width = max(1, round(look.width))
        # Dashes are counted from where the whole line begins, or they would not meet at the border of two tiles.
        pieces = (dash for one in _lines(line) for dash in _dashes(one, look.dash)) if look.dash else _lines(part)
        for piece in pieces:
            draw.line(piece.ravel().tolist(), fill=look.stroke, width=width, joint="curve" if width > 4 else None)
    return np.array(image)


def _fill(image: Image.Image, draw: ImageDraw.ImageDraw, shape: Any, code: int) -> None:
    for part in shapely.get_parts(shape):
        if shapely.get_dimensions(part) != 2:
            continue
        rings = [shapely.get_coordinates(ring).ravel().tolist() for ring in shapely.get_rings(part)]
        if len(rings) == 1:
            draw.polygon(rings[0], fill=code)
            continue
        mask = Image.new("1", image.size)
        with_holes = ImageDraw.Draw(mask)
        for number, ring in enumerate(rings):
            with_holes.polygon(ring, fill=0 if number else 1)
        image.paste(code, mask=mask)


def _lines(shape: Any) -> Iterator[Numbers]:
    for part in shapely.get_parts(shape):
        at = shapely.get_coordinates(part)
        if len(at) > 1:
            yield at


def _dashes(line: Numbers, pattern: tuple[float, float]) -> Iterator[Numbers]:
    """Cut a line into dashes of the first length with gaps of the second; those far outside the canvas are left out."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    starts = np.arange(0.0, along[-1], sum(pattern))
    ends = np.minimum(starts + pattern[0], along[-1])
    at = np.column_stack([starts, (starts + ends) / 2, ends])
    dashes = np.stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])], axis=-1)
    yield from dashes[np.any(np.all((dashes > 0) & (dashes < SIDE), axis=2), axis=1)]
