"""The small maps of a document: their files and legends, and the gap report's pages of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from coverage.reports import mobile, small_map, small_picture
from coverage.reports.selection import Selection
from coverage.reports.small_picture import SmallMap
from coverage.reports.wording import Wording, shortened

OWN: Final = "area_pages"  # the section of the texts
CHOSEN: Final = 48  # areas that were asked for by name are all shown, up to so many
GRID: Final = (156.0, 124.0)  # print points: width and height of a map, of three in a row and twelve to a page
FEW: Final = 6  # no more maps than this stand below the table; others begin a page
LONG: Final = 60  # characters of a name above a map; the table has it whole


class Drawer:
    """Draw the small maps of a document: keep their files, and one of each mark of their legends."""

    def __init__(self, selection: Selection, wording: Wording, *, size: tuple[float, float]) -> None:
        """Take what lies around the areas from the whole study, where the selection was cut from one."""
        self._around = small_map.surroundings(selection.cut_from or selection.assessment)
        self._wording, self._size = wording, size
        self.files: dict[str, bytes] = {}

    def draw(self, area: str, name: str) -> dict[str, Any]:
        """Draw one area; return the map's file, its height over width, its legend and what it says in words."""
        width, height = self._size
        drawn = self._around.draw(area, width=width, height=height, north=self._wording.text("pdf", "map_north"))
        file = f"area-{len(self.files)}.svg"
        self.files[file] = drawn.svg
        legend = self._legend(drawn)
        marks = ", ".join(said for _, said in legend)
        return {
            "file": file,
            "ratio": height / width,
            "legend": legend,
            "alt": self._wording.text(OWN, "map_alt", area=f"{name} ({area})", marks=marks),
        }

    def _legend(self, drawn: SmallMap) -> list[list[str]]:
        for name in drawn.shown:
            file = f"mark-{name}.svg"
            if file not in self.files:
                self.files[file] = small_picture.legend_mark(name)
        return [[f"mark-{name}.svg", self._wording.text(OWN, f"map_{name}")] for name in drawn.shown]


def section(selection: Selection, top: pd.DataFrame, wording: Wording) -> tuple[dict[str, Any], Mapping[str, bytes]]:
    """Return the part of the gap report with a map of each area, and the files of the maps.

    `top`: the areas in the report's table, in its order. Where areas were asked for by name, those with masts too.
    """
    areas = fixed = mobile.fixed_areas(selection.assessment.areas)
    if selection.area:
        areas = selection.assessment.areas
        top = areas.sort_values(["premises", "area_id"], ascending=[False, True]).head(CHOSEN)
    shown = mobile.named(top, wording)
    drawer = Drawer(selection, wording, size=GRID)
    maps: list[dict[str, Any]] = []
    legend: dict[str, str] = {}
    for row in shown.to_dict("records"):
        drawn = drawer.draw(str(row["area_id"]), str(row["name"]))
        legend |= dict(drawn["legend"])
        maps.append(
            {
                "map": drawn,
                "name": shortened(str(row["name"]), LONG),
                "id": str(row["area_id"]),
                "figures": _figures(row, selection, wording),
            }
        )
    counts = {"shown": wording.number(len(maps)), "areas": wording.number(len(areas))}
    part = {
        "title": wording.text(OWN, "maps"),
        "intro": wording.text(OWN, "maps_intro", **counts),
        "legend": [list(entry) for entry in legend.items()],
        "maps": maps,
        "apart": len(maps) > FEW and len(fixed) > 0,
    }
    return part, drawer.files


def _figures(row: Mapping[Any, Any], selection: Selection, wording: Wording) -> str:
    return wording.text(
        OWN,
        "maps_figures",
        premises=wording.number(row["premises"]),
        route=wording.number(row["route_m"] / 1000, decimals=1),
        gap=wording.money(row["funding_gap_p50"], selection.assessment.study.currency),
    )
