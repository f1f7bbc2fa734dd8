"""The picture of a small map, written as SVG: its frame of land, lines, fills, marks, scale bar and north arrow.

Lengths in the picture are tenths of a print point, in whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from coverage.reports import palette

UNIT: Final = 10.0  # of the picture, to a print point
MARGIN: Final = 0.07  # of the longer side, around the area and its route
LEAST_M: Final = 1200.0  # a single house is shown with some land around it
DETAIL: Final = 0.35  # of a print point: bends finer than this are not drawn
BAR_SHARE: Final = 0.3  # of the width, that the scale bar takes at most
CROWD: Final = 60  # with more marks of a kind than this,
CROWDED: Final = 0.75  # they are drawn to this share of their size
FULL: Final = 200.0  # print points: on a map narrower than this, marks of premises are smaller
HALO: Final = 0.4  # print points of white around a mark
MARK: Final = 9.0  # print points: a mark in the legend
FONT: Final = 'font-family="Libertinus Serif"'
KINDS: Final = ("household", "holiday", "public", "business")  # drawn in this order: the few above the many
AROUND: Final = ("border", "neighbour", "other_route")
# Width of a line in print points, colour, dash.
LINES: Final[dict[str, tuple[float, str, str]]] = {
    "route": (1.1, palette.INK, ""),
    "other_route": (0.5, palette.BORDER, ""),
    "border": (0.6, palette.MUTED, "25 15"),
    "road": (2.2, palette.LACKING, ""),
}
FILLS: Final[dict[str, tuple[str, str, float]]] = {  # colour, edge, its width
    "outline": (palette.AREA, palette.DECISION["fund"], 0.8),
    "neighbour": (palette.NEIGHBOUR, palette.BORDER, 0.4),
    "farmland": (palette.FARMLAND, "none", 0.0),
}
MARKS: Final[dict[str, tuple[float, str]]] = {  # size in print points, colour
    **{kind: (2.6, palette.KIND[kind]) for kind in KINDS},
    "start": (5.0, palette.INK),
    "mast": (7.0, palette.GAP["mobile"]),
}
# How each mark is drawn around its middle, in shares of its size.
SHAPES: Final[dict[str, str]] = {
    "square": "m{h},{h}h-{s}v-{s}h{s}z",
    "diamond": "m0,-{d}l{d},{d}l-{d},{d}l-{d},-{d}z",
    "triangle": "m0,-{d}l{d},{s}h-{t}z",
}
FORM: Final = {"business": "square", "public": "diamond", "holiday": "triangle", "mast": "triangle"}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SmallMap:
    """Hold a finished map, the names of what is drawn on it, in the order of a legend, and its height over width."""

    svg: bytes
    shown: tuple[str, ...]
    ratio: float


@dataclass(frozen=True)
class Frame:
    """Hold the land that a map shows: its lower left corner, print points to a metre, and the size on paper."""

    west: float
    south: float
    scale: float
    width: float
    height: float

    @classmethod
    def around(cls, shapes: Sequence[Any], *, width: float, height: float) -> Frame:
        """Return the frame around some shapes, with the sides of the picture."""
        west, south, east, north = shapely.total_bounds(np.asarray(shapes, dtype=object))
        side = max(east - west, north - south)
        across, up = (max(size + 2 * MARGIN * side, LEAST_M) for size in (east - west, north - south))
        scale = min(width / across, height / up)
        middle = (west + east) / 2, (south + north) / 2
        return cls(middle[0] - width / scale / 2, middle[1] - height / scale / 2, scale, width, height)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return the edges, a little beyond the frame, so that cut edges are not seen."""
        more = 4 / self.scale
        east, north = self.west + self.width / self.scale, self.south + self.height / self.scale
        return self.west - more, self.south - more, east + more, north + more

    @property
    def box(self) -> Any:
        """Return the frame as a polygon."""
        return shapely.box(*self.bounds)

    def paper(self, xy: Floats) -> npt.NDArray[np.int64]:
        """Return coordinates as whole units of the picture, from its upper left corner."""
        across = (xy[:, 0] - self.west) * self.scale
        down = self.height - (xy[:, 1] - self.south) * self.scale
        return np.rint(UNIT * np.column_stack([across, down])).astype(np.int64)


class Picture:
    """Write one map, layer by layer."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._parts: list[str] = []
        self._shown: list[str] = []

    def land(self, shapes: Any) -> None:
        """Draw municipalities, and their border where one runs through the frame."""
        path = self._rings(shapes)
        width, colour, dash = LINES["border"]
        if path:
            self._parts.append(f'<path d="{path}" fill="{palette.LAND}" stroke="none"/>')
            self._parts.append(
                f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{UNIT * width:g}" '
                f'stroke-dasharray="{dash}"/>'
            )
        if self._crosses(shapes):
            self._shown.append("border")

    def _crosses(self, shapes: Any) -> bool:
        """Say whether a border runs through the frame: else one piece of land fills it."""
        frame = self._frame
        whole = shapely.box(*frame.bounds).area
        return not any(abs(shape.area - whole) < whole * 1e-9 for shape in np.atleast_1d(shapes))

    def fill(self, name: str, shapes: Iterable[Any]) -> None:
        """Draw surfaces as one of FILLS."""
        colour, edge, width = FILLS[name]
        path = self._rings(list(shapes))
        if path:
            self._shown.append(name)
            line = f' stroke="{edge}" stroke-width="{UNIT * width:g}"' if width else ""
            self._parts.append(f'<path d="{path}" fill="{colour}" fill-rule="evenodd"{line}/>')

    def line(self, name: str, shapes: Iterable[Any]) -> None:
        """Draw lines as one of LINES."""
        width, colour, dash = LINES[name]
        path = "".join(self._path(part) for part in self._clipped(list(shapes)))
        if path:
            self._shown.append(name)
            dashed = f' stroke-dasharray="{dash}"' if dash else ""
            self._parts.append(
                f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{UNIT * width:g}" '
                f'stroke-linejoin="round" stroke-linecap="round"{dashed}/>'
            )

    def marks(self, name: str, xy: Floats, *, larger: float = 1.0) -> None:
        """Draw a mark at each position, one where several would cover each other."""
        if not len(xy):
            return
        size, colour = MARKS[name]
        self._shown.append(name)
        at = np.unique(self._frame.paper(xy), axis=0)
        if name in KINDS and larger == 1.0:
            size *= min(1.0, self._frame.width / FULL) * (CROWDED if len(at) > CROWD else 1.0)
        size *= larger
        form = FORM.get(name)
        if form is None:
            # A line without length and with round ends is a dot, the shortest that a path can say.
            path = "".join(f"M{x},{y}h.1" for x, y in at.tolist())
            widths = ((UNIT * (size + HALO), "white"), (UNIT * size, colour))
            self._parts += [
                f'<path d="{path}" fill="none" stroke="{shade}" stroke-width="{width:g}" stroke-linecap="round"/>'
                for width, shade in widths
            ]
            return
        side = UNIT * size
        sizes = {"s": f"{side:g}", "h": f"{side / 2:g}", "d": f"{side * 0.62:g}", "t": f"{side * 1.24:g}"}
        shape = SHAPES[form].format(**sizes)
        path = "".join(f"M{x},{y}{shape}" for x, y in at.tolist())
        # All the white first: no mark may hide its neighbour with it.
        self._parts += [
            f'<path d="{path}" fill="none" stroke="white" stroke-width="{UNIT * HALO:g}"/>',
            f'<path d="{path}" fill="{colour}"/>',
        ]

    def rings(self, name: str, xy: Floats) -> None:
        """Draw a ring at each position."""
        if not len(xy):
            return
        size, colour = MARKS[name]
        self._shown.append(name)
        self._parts += [
            f'<circle cx="{x}" cy="{y}" r="{UNIT * size / 2:g}" fill="white" stroke="{colour}" stroke-width="12"/>'
            for x, y in np.unique(self._frame.paper(xy), axis=0).tolist()
        ]

    def finish(self, north: str) -> SmallMap:
        """Add the scale bar, the arrow to the north and the edge; return the map."""
        frame = self._frame
        width, height = (round(UNIT * side) for side in (frame.width, frame.height))
        length_m = round_length(BAR_SHARE * frame.width / frame.scale)
        bar = round(UNIT * length_m * frame.scale)
        label = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
        low = height - 60
        text = f'{FONT} font-size="75" fill="{palette.INK}"'
        self._parts += [
            f'<rect x="40" y="{low - 95}" width="{bar + 40}" height="125" fill="white" fill-opacity=".8"/>',
            f'<path d="M60,{low - 20}v20h{bar}v-20" fill="none" stroke="{palette.INK}" stroke-width="10"/>',
            f'<text x="{60 + bar / 2:g}" y="{low - 28}" text-anchor="middle" {text}>{label}</text>',
            f'<rect x="{width - 150}" y="40" width="110" height="200" fill="white" fill-opacity=".8"/>',
            f'<path d="M{width - 95},50l35,90l-35,-22l-35,22z" fill="{palette.INK}"/>',
            f'<text x="{width - 95}" y="220" text-anchor="middle" {text}>{north}</text>',
            f'<rect x="3" y="3" width="{width - 6}" height="{height - 6}" fill="none" '
            f'stroke="{palette.BORDER}" stroke-width="6"/>',
        ]
        order = ("outline", *reversed(KINDS), "mast", "route", "start", "road", "farmland", *reversed(AROUND))
        return SmallMap(self.svg(), tuple(name for name in order if name in self._shown), frame.height / frame.width)

    def svg(self) -> bytes:
        """Return what was drawn so far."""
        wide, high = self._frame.width, self._frame.height
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:g}pt" height="{high:g}pt" '
            f'viewBox="0 0 {UNIT * wide:g} {UNIT * high:g}">'
        )
        return (head + "".join(self._parts) + "</svg>").encode()

    def _clipped(self, shapes: list[Any]) -> list[Any]:
        if not shapes:
            return []
        frame = self._frame
        inside = shapely.clip_by_rect(np.asarray(shapes, dtype=object), *frame.bounds)
        plain = shapely.simplify(inside, DETAIL / frame.scale, preserve_topology=False)
        return [part for part in shapely.get_parts(plain) if not part.is_empty]

    def _rings(self, shapes: Any) -> str:
        parts = self._clipped(list(np.atleast_1d(np.asarray(shapes, dtype=object))))
        flat = [part for part in parts if part.geom_type == "Polygon"]
        return "".join(self._path(ring) + "Z" for part in flat for ring in (part.exterior, *part.interiors))

    def _path(self, line: Any) -> str:
        at = self._frame.paper(shapely.get_coordinates(line))
        return "M" + " ".join(map(str, at.ravel().tolist()))


def legend_mark(name: str) -> bytes:
    """Return the mark of a legend for one of the names in `SmallMap.shown`, a picture of MARK × MARK print points."""
    frame = Frame(0.0, 0.0, 1.0, MARK, MARK)
    picture = Picture(frame)
    middle = np.array([[MARK / 2, MARK / 2]])
    across = shapely.LineString([(0.0, MARK / 2), (MARK, MARK / 2)])
    if name in LINES:
        picture.line(name, [across])
    elif name in FILLS:
        picture.fill(name, [shapely.box(1.0, 2.0, MARK - 1.0, MARK - 2.0)])
    elif name == "start":
        picture.rings(name, middle)
    else:
        picture.marks(name, middle, larger=MARK * 0.6 / MARKS[name][0])
    return picture.svg()


def round_length(most_m: float) -> float:
    """Return the longest of 1, 2 or 5 times a power of ten that is no longer."""
    power = 10 ** np.floor(np.log10(most_m))
    return float(next(step * power for step in (5, 2, 1) if step * power <= most_m))
