"""Colours of printed maps and of QGIS styles: safe for colour-blind readers and readable in grey."""

from __future__ import annotations

from typing import Final

INK: Final = "#1f2933"
MUTED: Final = "#5f6b78"
LAND: Final = "#f3f4f2"
SEA: Final = "#dde6eb"
BORDER: Final = "#9aa5b1"
ROUTE: Final = "#5b6770"

# Okabe and Ito's blue and orange; what is not proposed stays grey.
DECISION: Final = {"fund": "#0072b2", "reserve": "#8b96a1", "ineligible": "#ffffff"}
AREA: Final = "#cfe3f1"
TOSS_UP: Final = "#d55e00"
# Cells of a workbook and what stands in them; the word says the same without the colour.
CELLS: Final = {"fund": ("#dcebf7", "#0b3d63"), "toss-up": ("#fbe3d2", "#7a2e00"), "ineligible": ("#ffffff", "#5b6770")}
NEIGHBOUR: Final = "#e9ebee"
# Premises by kind; each has a shape of its own, too.
KIND: Final = {"household": "#0072b2", "holiday": "#cc79a7", "public": "#009e73", "business": "#d55e00"}
LACKING: Final = "#e69f00"  # roads without mobile service
FARMLAND: Final = "#e2e6b8"
GAP: Final = {"none": "#e9ecef", "fixed": "#d95f0e", "mobile": "#7570b3", "both": "#7f2704"}
# Share short of service: pale to dark in even steps of lightness.
RAMP: Final = ("#fff7e6", "#fdd9a0", "#f5a65b", "#cf6a2a", "#8a3a0e")
RAMP_BOUNDS: Final = (0.05, 0.15, 0.30, 0.50)  # below the first: first colour; from the last: last colour
