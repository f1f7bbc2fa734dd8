"""The colours of a dark page: each colour that charts are drawn in has its counterpart there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from maps import style

PAGE: Final = "#14191d"  # as .streamlit/config.toml has it
_RAMP: Final = style.tier_colours([("worst", True), ("mild", True)])

# What is dark to stand out from paper is lit up; orders of ramps and differences of hue stay.
COUNTERPARTS: Final[Mapping[str, str]] = {
    "white": PAGE,
    style.INK: "#e4e9ed",
    style.MUTED: "#a3aeb7",
    style.ACCENT: "#4fb3aa",
    style.ACCENT_FADED: "#2a6660",
    style.RAIL: "#333e47",
    style.GRID: "#2a333a",
    style.WARNING: "#e8b06a",
    style.MOBILE_COLOUR: "#9d89d6",
    style.SERVED_COLOUR: "#56626c",
    style.TECHNOLOGY_COLOURS["voucher"]: "#56626c",
    _RAMP["worst"]: "#d2551a",
    _RAMP["mild"]: "#f3b568",
    style.CONTRAST_COLOURS["both"]: "#8d979f",
    style.CONTRAST_COLOURS["only_a"]: "#e8813f",
    style.CONTRAST_COLOURS["only_b"]: "#57a5e6",
}


def sheet() -> str:
    """Return the style sheet that gives charts, which are SVG, the colours of the page that they stand on."""
    rules = (
        f'.stVegaLiteChart [{part}="{light}"] {{ {part}: light-dark({light}, {dark}); }}'
        for light, dark in COUNTERPARTS.items()
        for part in ("fill", "stroke")
    )
    return "<style>" + "\n".join(rules) + "</style>"
