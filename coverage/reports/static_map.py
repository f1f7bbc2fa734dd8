"""Printed maps: municipalities and project areas as SVG, with legend, scale bar, north arrow and attribution.

Drawn on matplotlib's own figures, without pyplot and its global state; the same input gives the same bytes.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline

from coverage.assessment import Assessment
from coverage.reports import palette
from coverage.reports.wording import Wording

WIDTH_IN: Final = 6.4
MAX_HEIGHT_IN: Final = 6.2
DETAIL: Final = 1 / 1200  # boundaries are drawn to this share of the map's width
LABELS: Final = 25  # so many proposed areas get their rank beside them

# matplotlib reads the salt of its SVG ids from global settings, so one map is drawn at a time.
_LOCK: Final = threading.Lock()


def gap_map(assessment: Assessment, *, shares: Mapping[str, float], wording: Wording, attribution: str) -> bytes:
    """Draw municipalities shaded by the share short of fixed service, and the areas as points. Returns SVG.

    `shares` holds 0..1 by municipality code; a municipality without one stays plain land.
    """
    figure, axes = _figure(assessment.municipalities)
    land = _simplified(assessment.municipalities)
    colours = [_shade(shares.get(str(code))) for code in land["municipality_code"]]
    _draw_polygons(axes, land, colours, edge="white", width=0.6)
    _draw_points(axes, assessment.areas.sort_values("area_id"), colour=palette.INK, edge="white", size=5, z=4)
    handles: list[Any] = []
    if shares:
        bounds = (0.0, *palette.RAMP_BOUNDS, 1.0)
        handles += [
            Patch(
                facecolor=colour,
                edgecolor=palette.BORDER,
                linewidth=0.5,
                label=f"{low:.0%}–{high:.0%}".replace("%–", "–").replace("%", " %"),
            )
            for colour, low, high in zip(palette.RAMP, bounds, bounds[1:], strict=False)
        ]
    handles.append(_dot(palette.INK, "white", wording.text("gap", "map_area")))
    title = wording.text("gap", "map_legend") if shares else None
    return _finished(figure, axes, handles, wording=wording, attribution=attribution, title=title)


def decision_map(assessment: Assessment, *, wording: Wording, attribution: str) -> bytes:
    """Draw the areas by decision; proposed ones carry their rank, toss-ups a bold outline. Returns SVG."""
    figure, axes = _figure(assessment.municipalities)
    land = _simplified(assessment.municipalities)
    _draw_polygons(axes, land, [palette.LAND] * len(land), edge=palette.BORDER, width=0.5)
    areas = assessment.areas.sort_values(["rank", "area_id"])  # the order of drawing is fixed
    chosen, toss_up = areas["decision"] == "fund", areas["certainty"] == "toss-up"
    colours = palette.DECISION
    layers = [
        ("map_ineligible", areas["decision"] == "ineligible", colours["ineligible"], palette.MUTED, 7.0, 3, 0.6),
        ("map_reserve", areas["decision"] == "reserve", colours["reserve"], "white", 8.0, 4, 0.3),
        ("map_fund", chosen & ~toss_up, colours["fund"], "white", 26.0, 6, 0.5),
        ("map_fund_tossup", chosen & toss_up, colours["fund"], palette.TOSS_UP, 30.0, 7, 1.6),
    ]
    handles: list[Any] = []
    for key, mask, face, edge, size, order, width in layers:
        if mask.any():
            _draw_points(axes, areas[mask], colour=face, edge=edge, size=size, z=order, width=width)
            handles.insert(0, _dot(face, edge, wording.text("priority", key), size=size, width=width))
    _label_ranks(axes, areas[chosen])
    return _finished(figure, axes, handles, wording=wording, attribution=attribution, title=None)


def height_to_width(municipalities: gpd.GeoDataFrame) -> float:
    """Return the height of a map over its width."""
    west, south, east, north = _frame(municipalities)
    return (north - south) / (east - west)


def _frame(municipalities: gpd.GeoDataFrame) -> tuple[float, float, float, float]:
    west, south, east, north = (float(value) for value in municipalities.total_bounds)
    margin = 0.02 * max(east - west, north - south)
    return west - margin, south - margin, east + margin, north + margin


def _figure(municipalities: gpd.GeoDataFrame) -> tuple[Figure, Any]:
    west, south, east, north = _frame(municipalities)
    ratio = height_to_width(municipalities)
    width = min(WIDTH_IN, MAX_HEIGHT_IN / ratio)
    figure = Figure(figsize=(width, width * ratio))
    FigureCanvasSVG(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect("equal")
    axes.set_axis_off()
    return figure, axes


def _simplified(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    west, _, east, _ = frame.total_bounds
    tolerance = (east - west) * DETAIL
    # Shared boundaries stay shared, so no slivers open between neighbours.
    shapes = shapely.coverage_simplify(frame.geometry.to_numpy(), tolerance)
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def _draw_polygons(axes: Any, frame: gpd.GeoDataFrame, colours: list[str], *, edge: str, width: float) -> None:
    patches = [PathPatch(_outline(shape)) for shape in frame.geometry]
    axes.add_collection(PatchCollection(patches, facecolors=colours, edgecolors=edge, linewidths=width, zorder=1))


def _outline(shape: Any) -> Outline:
    rings = [
        Outline(np.asarray(ring.coords)[:, :2], closed=True)
        for polygon in shapely.get_parts(shape)
        for ring in (polygon.exterior, *polygon.interiors)
    ]
    return Outline.make_compound_path(*rings)


def _draw_points(
    axes: Any, frame: gpd.GeoDataFrame, *, colour: str, edge: str, size: float, z: int, width: float = 0.4
) -> None:
    points = frame.geometry.representative_point()
    axes.scatter(points.x, points.y, s=size, c=colour, edgecolors=edge, linewidths=width, zorder=z)


def _label_ranks(axes: Any, chosen: gpd.GeoDataFrame) -> None:
    labelled = chosen.sort_values(["rank", "area_id"]).head(LABELS)
    points = labelled.geometry.representative_point()
    for rank, x, y in zip(labelled["rank"], points.x, points.y, strict=True):
        axes.annotate(
            f"{int(rank)}", (x, y), xytext=(4, 3), textcoords="offset points", fontsize=7.5, color=palette.INK,
            fontweight="bold", zorder=8, path_effects=[_halo()],
        )  # fmt: skip


def _halo() -> Any:
    from matplotlib.patheffects import withStroke

    return withStroke(linewidth=1.8, foreground="white")


def _dot(face: str, edge: str, label: str, *, size: float = 9.0, width: float = 0.4) -> Line2D:
    return Line2D(
        [], [], linestyle="none", marker="o", markersize=size**0.5, markerfacecolor=face, markeredgecolor=edge,
        markeredgewidth=width, label=label,
    )  # fmt: skip


def _shade(share: float | None) -> str:
    if share is None or not np.isfinite(share):
        return palette.LAND
    return palette.RAMP[int(np.searchsorted(palette.RAMP_BOUNDS, share, side="right"))]


def _finished(
    figure: Figure, axes: Any, handles: list[Any], *, wording: Wording, attribution: str, title: str | None
) -> bytes:
    legend = axes.legend(
        handles=handles, loc=_free_corner(axes), fontsize=8, title=title, title_fontsize=8, frameon=True,
        framealpha=0.92, edgecolor="none", labelcolor=palette.INK, borderpad=0.6, alignment="left",
    )  # fmt: skip
    legend.set_zorder(10)
    _scale_bar(axes)
    _north(axes, wording)
    axes.annotate(
        attribution, (1, 0), xycoords="axes fraction", xytext=(-4, 4), textcoords="offset points", ha="right",
        fontsize=5.5, color=palette.MUTED, zorder=10,
    )  # fmt: skip
    buffer = io.BytesIO()
    with _LOCK, mpl.rc_context({"svg.hashsalt": "coverage", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return buffer.getvalue()


def _free_corner(axes: Any) -> str:
    """Return the upper corner with the least land in it; the lower ones hold the scale bar and the attribution."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    land = [path for item in axes.collections if isinstance(item, PatchCollection) for path in item.get_paths()]
    xy = np.concatenate([path.vertices for path in land])
    high = xy[:, 1] > south + 0.7 * (north - south)
    left = np.sum(high & (xy[:, 0] < west + 0.35 * (east - west)))
    right = np.sum(high & (xy[:, 0] > east - 0.35 * (east - west)))
    return "upper left" if left <= right else "upper right"


def _scale_bar(axes: Any) -> None:
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    wanted = (east - west) / 5
    power = 10 ** np.floor(np.log10(wanted))
    length = next(step * power for step in (5, 2, 1) if step * power <= wanted)
    x, y = west + 0.03 * (east - west), south + 0.035 * (north - south)
    axes.plot([x, x + length], [y, y], color=palette.INK, linewidth=2, solid_capstyle="butt", zorder=10)
    label = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.annotate(
        label, (x + length / 2, y), xytext=(0, 3), textcoords="offset points", ha="center", fontsize=7.5,
        color=palette.INK, zorder=10, path_effects=[_halo()],
    )  # fmt: skip


def _north(axes: Any, wording: Wording) -> None:
    corner = 0.96 if _free_corner(axes) == "upper left" else 0.04
    axes.annotate(
        wording.text("pdf", "map_north"), (corner, 0.985), (corner, 0.91), xycoords="axes fraction",
        textcoords="axes fraction", ha="center", va="top", fontsize=8, color=palette.INK, zorder=10,
        arrowprops={"arrowstyle": "-|>", "color": palette.INK, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
