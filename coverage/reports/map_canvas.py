"""The paper under a printed map: frame, land, points, lines, legend, scale bar, north arrow, attribution.

Drawn on matplotlib's own figures, without pyplot and its global state; the same input gives the same bytes.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import shapely
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.patheffects import withStroke

from coverage.reports import palette
from coverage.reports.small_picture import round_length

WIDTH_IN: Final = 6.4
MAX_HEIGHT_IN: Final = 5.3  # about what the first page of a paper leaves: so letters are printed in their size
DETAIL: Final = 1 / 1200  # boundaries are drawn to this share of the map's width
LABEL_WIDTH_PT: Final = 16.0
LABEL_HEIGHT_PT: Final = 9.0
LABEL_RINGS_PT: Final = (10.0, 15.0, 21.0, 28.0, 36.0)  # how far from its point a label may stand
LABEL_SIDES: Final = 16
LED_PT: Final = 12.0  # from so far on, a line leads from the point to its label

# matplotlib reads the salt of its SVG ids from global settings, so one map is drawn at a time.
_LOCK: Final = threading.Lock()


@dataclass(frozen=True)
class Picture:
    """Hold a finished map: SVG bytes, and its height over its width."""

    svg: bytes
    ratio: float


class Canvas:
    """Draw one map inside a frame of coordinates."""

    def __init__(self, bounds: Sequence[float], *, margin: float = 0.02, least_m: float = 0.0) -> None:
        """Set the frame around `bounds` with a margin (share of the longer side), at least `least_m` wide and high."""
        west, south, east, north = (float(value) for value in bounds)
        edge = margin * max(east - west, north - south)
        across, up = (edge + max(0.0, least_m - size - 2 * edge) / 2 for size in (east - west, north - south))
        self.west, self.south, self.east, self.north = west - across, south - up, east + across, north + up
        self.ratio = (self.north - self.south) / (self.east - self.west)
        width = min(WIDTH_IN, MAX_HEIGHT_IN / self.ratio)
        self.points_per_m = 72 * width / (self.east - self.west)
        self.figure = Figure(figsize=(width, width * self.ratio))
        FigureCanvasSVG(self.figure)
        self.axes: Any = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.axes.set_xlim(self.west, self.east)
        self.axes.set_ylim(self.south, self.north)
        self.axes.set_aspect("equal")
        self.axes.set_axis_off()
        self._land: list[Any] = []

    def land(self, frame: gpd.GeoDataFrame, colours: list[str], *, edge: str, width: float) -> None:
        """Draw municipalities, simplified together so that no slivers open between neighbours."""
        tolerance = (self.east - self.west) * DETAIL
        shapes = shapely.coverage_simplify(frame.geometry.to_numpy(), tolerance)
        shapes = shapely.intersection(shapes, shapely.box(self.west, self.south, self.east, self.north))
        self._land = list(shapes)
        self._polygons(shapes, colours, edge=edge, width=width, z=1)

    def polygons(self, frame: gpd.GeoDataFrame, *, colour: str, edge: str, z: int) -> None:
        """Draw areas as they are."""
        self._polygons(frame.geometry.to_numpy(), [colour] * len(frame), edge=edge, width=0.8, z=z)

    def _polygons(self, shapes: Any, colours: list[str], *, edge: str, width: float, z: int) -> None:
        drawn = [(PathPatch(_outline(shape)), colour) for shape, colour in zip(shapes, colours, strict=True) if shape]
        faces = [colour for _, colour in drawn]
        patches = [patch for patch, _ in drawn]
        self.axes.add_collection(
            PatchCollection(patches, facecolors=faces, edgecolors=edge, linewidths=width, zorder=z)
        )

    def lines(self, frame: gpd.GeoDataFrame, *, colour: str, width: float, z: int) -> None:
        """Draw routes."""
        parts = shapely.get_parts(frame.geometry.dropna().to_numpy())
        paths = [shapely.get_coordinates(part) for part in parts if not part.is_empty]
        self.axes.add_collection(LineCollection(paths, colors=colour, linewidths=width, zorder=z))

    def points(
        self,
        frame: gpd.GeoDataFrame,
        *,
        colour: str,
        edge: str,
        size: float,
        z: int,
        width: float = 0.4,
        marker: str = "o",
    ) -> None:
        """Draw a dot, or another marker, inside each area."""
        at = frame.geometry.representative_point()
        self.axes.scatter(at.x, at.y, s=size, c=colour, edgecolors=edge, linewidths=width, zorder=z, marker=marker)

    def labels(self, frame: gpd.GeoDataFrame, texts: Sequence[str]) -> None:
        """Write a label near each area, clear of the other areas and of the labels before it where there is room."""
        at = frame.geometry.representative_point()
        points = np.column_stack([at.x, at.y]) * self.points_per_m
        taken: list[tuple[float, float]] = []
        for text, x, y, (left, low) in zip(texts, at.x, at.y, points, strict=True):
            dx, dy = _free_side((left, low), points, taken)
            taken.append((left + dx, low + dy))
            line = {"arrowstyle": "-", "color": palette.MUTED, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2.5}
            self.axes.annotate(
                text, (x, y), xytext=(dx, dy), textcoords="offset points", fontsize=8, ha="center",
                va="center", color=palette.INK, fontweight="bold", zorder=8, path_effects=[_halo()],
                arrowprops=line if np.hypot(dx, dy) > LED_PT else None,
            )  # fmt: skip

    def finish(self, handles: list[Any], *, north: str, attribution: str, title: str | None) -> Picture:
        """Add legend, scale bar, north arrow and attribution; return the picture."""
        corner = self._free_corner()
        legend = self.axes.legend(
            handles=handles, loc=f"upper {corner}", fontsize=8, title=title, title_fontsize=8, frameon=True,
            framealpha=0.92, edgecolor="none", labelcolor=palette.INK, borderpad=0.6, alignment="left",
        )  # fmt: skip
        legend.set_zorder(10)
        self._scale_bar()
        self._north(north, 0.96 if corner == "left" else 0.04)
        self.axes.annotate(
            attribution, (1, 0), xycoords="axes fraction", xytext=(-4, 4), textcoords="offset points",
            ha="right", fontsize=5.5, color=palette.MUTED, zorder=10, path_effects=[_halo()],
        )  # fmt: skip
        return picture_of(self.figure, ratio=self.ratio)

    def _free_corner(self) -> str:
        """Say which upper corner has less land in it; the lower ones hold the scale bar and the attribution."""
        width, height = self.east - self.west, self.north - self.south
        floor = self.north - 0.3 * height
        left = shapely.box(self.west, floor, self.west + 0.35 * width, self.north)
        right = shapely.box(self.east - 0.35 * width, floor, self.east, self.north)
        covered = [shapely.area(shapely.intersection(self._land, corner)).sum() for corner in (left, right)]
        return "left" if covered[0] <= covered[1] else "right"

    def _scale_bar(self) -> None:
        length = round_length((self.east - self.west) / 5)
        x = self.west + 0.03 * (self.east - self.west)
        y = self.south + 0.035 * (self.north - self.south)
        self.axes.plot([x, x + length], [y, y], color=palette.INK, linewidth=2, solid_capstyle="butt", zorder=10)
        label = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
        self.axes.annotate(
            label, (x + length / 2, y), xytext=(0, 3), textcoords="offset points", ha="center", fontsize=7.5,
            color=palette.INK, zorder=10, path_effects=[_halo()],
        )  # fmt: skip

    def _north(self, text: str, across: float) -> None:
        self.axes.annotate(
            text, (across, 0.985), (across, 0.91), xycoords="axes fraction", textcoords="axes fraction",
            ha="center", va="top", fontsize=8, color=palette.INK, zorder=10,
            arrowprops={"arrowstyle": "-|>", "color": palette.INK, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip


def picture_of(figure: Figure, *, ratio: float) -> Picture:
    """Return a figure as SVG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with _LOCK, mpl.rc_context({"svg.hashsalt": "coverage", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return Picture(buffer.getvalue(), ratio)


def dot(face: str, edge: str, label: str, *, size: float = 9.0, width: float = 0.4, marker: str = "o") -> Line2D:
    """Return a legend entry that looks like the dots of `Canvas.points`."""
    return Line2D(
        [], [], linestyle="none", marker=marker, markersize=size**0.5, markerfacecolor=face, markeredgecolor=edge,
        markeredgewidth=width, label=label,
    )  # fmt: skip


def _outline(shape: Any) -> Outline:
    polygons = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    rings = [
        Outline(np.asarray(ring.coords)[:, :2], closed=True)
        for polygon in polygons
        for ring in (polygon.exterior, *polygon.interiors)
    ]
    return Outline.make_compound_path(*rings)


def _free_side(
    point: tuple[float, float], points: npt.NDArray[np.float64], taken: list[tuple[float, float]]
) -> tuple[float, float]:
    """Return the nearest offset of a label, in print points, that keeps clear of all points and of labels so far."""
    angles = np.pi / 6 + 2 * np.pi * np.arange(LABEL_SIDES) / LABEL_SIDES
    ways = np.column_stack([np.cos(angles), np.sin(angles)])
    offsets = np.concatenate([ring * ways for ring in LABEL_RINGS_PT])
    labels = np.asarray(taken, dtype=float).reshape(-1, 2)
    blocked = np.zeros(len(offsets), dtype=bool)
    for others, width, height in ((labels, LABEL_WIDTH_PT, LABEL_HEIGHT_PT), (points, LABEL_WIDTH_PT / 2, 6.0)):
        apart = np.abs((np.asarray(point) + offsets)[:, None, :] - others[None, :, :])
        blocked |= ((apart[..., 0] < width) & (apart[..., 1] < height)).any(axis=1)
    free = np.flatnonzero(~blocked)
    dx, dy = offsets[free[0] if len(free) else 0]
    return float(dx), float(dy)


def _halo() -> Any:
    return withStroke(linewidth=1.8, foreground="white")
