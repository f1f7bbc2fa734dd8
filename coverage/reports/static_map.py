"""The printed maps of the papers: gaps by municipality, areas seen close, areas by decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from coverage.assessment import Assessment
from coverage.reports import palette
from coverage.reports.map_canvas import Canvas, Picture, dot
from coverage.reports.mobile import fixed_areas, mobile_areas
from coverage.reports.wording import Wording

LABELS: Final = 40  # so many proposed areas get their rank beside them
CLOSE: Final = 3  # on a map of no more municipalities, proposed areas have outlines
MAST, MAST_SIZE = "^", 20.0  # a triangle is a mast
LEAST_M: Final = 2000.0  # a single small area is shown with some land around it


def gap_map(assessment: Assessment, *, shares: Mapping[str, float], wording: Wording, attribution: str) -> Picture:
    """Draw municipalities shaded by the share short of fixed service, and the areas as points.

    `shares` holds 0..1 by municipality code; a municipality without one stays plain land.
    """
    municipalities = assessment.municipalities
    canvas = Canvas(municipalities.total_bounds)
    colours = [_shade(shares.get(str(code))) for code in municipalities["municipality_code"]]
    canvas.land(municipalities, colours, edge="white", width=0.6)
    areas = fixed_areas(assessment.areas).sort_values("area_id")
    canvas.points(areas, colour=palette.INK, edge="white", size=5, z=4)
    bounds = [f"{100 * value:.0f}" for value in (0.0, *palette.RAMP_BOUNDS, 1.0)]
    handles: list[Any] = [
        Patch(facecolor=colour, edgecolor=palette.BORDER, linewidth=0.5, label=f"{low}–{high} %")
        for colour, low, high in zip(palette.RAMP, bounds, bounds[1:], strict=False)
    ]
    handles.append(dot(palette.INK, "white", wording.text("gap", "map_area")))
    handles += _masts(canvas, assessment, wording)
    return canvas.finish(
        handles,
        north=wording.text("pdf", "map_north"),
        attribution=attribution,
        title=wording.text("gap", "map_legend"),
    )


def area_map(assessment: Assessment, *, close: bool, wording: Wording, attribution: str) -> Picture:
    """Draw the outlines of the areas and their routes; `close` frames the areas, else their municipalities."""
    municipalities = assessment.municipalities
    areas = fixed_areas(assessment.areas).sort_values("area_id")
    routes = assessment.routes[~assessment.routes.geometry.is_empty].sort_values("area_id")
    if close and len(assessment.areas):
        every = [assessment.areas.total_bounds] + ([routes.total_bounds] if len(routes) else [])
        corners = np.array(every)
        bounds = [*corners[:, :2].min(axis=0), *corners[:, 2:].max(axis=0)]
        canvas = Canvas(bounds, margin=0.1, least_m=LEAST_M)
    else:
        canvas = Canvas(municipalities.total_bounds)
    canvas.land(municipalities, [palette.LAND] * len(municipalities), edge=palette.BORDER, width=0.5)
    canvas.polygons(areas, colour=palette.AREA, edge=palette.DECISION["fund"], z=3)
    canvas.lines(routes, colour=palette.INK, width=0.9, z=4)
    handles: list[Any] = [
        Patch(facecolor=palette.AREA, edgecolor=palette.DECISION["fund"], label=wording.text("gap", "map_area")),
        Line2D([], [], color=palette.INK, linewidth=0.9, label=wording.text("gap", "map_route")),
        *_masts(canvas, assessment, wording),
    ]
    return canvas.finish(handles, north=wording.text("pdf", "map_north"), attribution=attribution, title=None)


def decision_map(assessment: Assessment, *, wording: Wording, attribution: str) -> Picture:
    """Draw the areas by decision; proposed ones carry their rank, toss-ups a bold outline."""
    municipalities = assessment.municipalities
    canvas = Canvas(municipalities.total_bounds)
    canvas.land(municipalities, [palette.LAND] * len(municipalities), edge=palette.BORDER, width=0.5)
    every = assessment.areas.sort_values(["rank", "area_id"])  # the order of drawing is fixed
    areas, masts = fixed_areas(every), mobile_areas(every)
    chosen, toss_up = areas["decision"] == "fund", areas["certainty"] == "toss-up"
    colours = palette.DECISION
    if len(municipalities) <= CLOSE:
        canvas.polygons(areas[chosen], colour=palette.AREA, edge=colours["fund"], z=2)
    layers = [
        ("map_ineligible", areas["decision"] == "ineligible", colours["ineligible"], palette.MUTED, 7.0, 3, 0.6),
        ("map_reserve", areas["decision"] == "reserve", colours["reserve"], "white", 8.0, 4, 0.3),
        ("map_fund", chosen & ~toss_up, colours["fund"], "white", 26.0, 6, 0.5),
        ("map_fund_tossup", chosen & toss_up, colours["fund"], palette.TOSS_UP, 30.0, 7, 1.6),
    ]
    handles: list[Any] = []
    for key, mask, face, edge, size, order, width in layers:
        if mask.any():
            canvas.points(areas[mask], colour=face, edge=edge, size=size, z=order, width=width)
            handles.insert(0, dot(face, edge, wording.text("priority", key), size=size, width=width))
    # Where fixed areas are shown, only the masts that are proposed stand beside them.
    kinds = [("map_mobile", masts["decision"] == "fund", colours["fund"], 6)]
    if areas.empty:
        kinds.append(("map_mobile_other", masts["decision"] != "fund", colours["reserve"], 5))
    for key, mask, face, order in kinds:
        if mask.any():
            canvas.points(masts[mask], colour=face, edge="white", size=2 * MAST_SIZE, z=order, marker=MAST)
            label = wording.text("priority", key)
            handles.insert(0, dot(face, "white", label, size=2 * MAST_SIZE, marker=MAST))
    labelled = every[every["decision"] == "fund"].head(LABELS)
    canvas.labels(labelled, [f"{rank:.0f}" for rank in labelled["rank"]])
    return canvas.finish(handles, north=wording.text("pdf", "map_north"), attribution=attribution, title=None)


def _masts(canvas: Canvas, assessment: Assessment, wording: Wording) -> list[Any]:
    """Draw the masts of mobile areas, where there are any; return their entry of the legend."""
    sites = assessment.sites
    if not len(sites):
        return []
    colour = palette.GAP["mobile"]
    canvas.points(sites.sort_values("area_id"), colour=colour, edge="white", size=MAST_SIZE, z=5, marker=MAST)
    return [dot(colour, "white", wording.text("gap", "map_mast"), size=MAST_SIZE, marker=MAST)]


def _shade(share: float | None) -> str:
    if share is None or not np.isfinite(share):
        return palette.LAND
    return palette.RAMP[int(np.searchsorted(palette.RAMP_BOUNDS, share, side="right"))]
