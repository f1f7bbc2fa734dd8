"""Colours, words and number forms: the one place that says how things look.

The gap classes are an ordered ramp from pale (served) to dark (worst) that stays ordered for colour-blind
readers and in grey print; what is short of mobile alone has a second hue; decisions have the accent colour.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from coverage.schemas import SERVED
from maps.language import N_, _, decimal_sign, pgettext
from maps.words import word

ACCENT: Final = "#0b6b66"
INK: Final = "#1d2730"
MUTED: Final = "#5b6770"
LAND: Final = "#f7f6f2"
SEA: Final = "#dde6eb"
BORDER: Final = "#a9b3ba"
WARNING: Final = "#8a5000"
ACCENT_FADED: Final = "#8fc5c0"
RAIL: Final = "#e6eaed"  # what a bar could reach at most
GRID: Final = "#eceff1"

SERVED_COLOUR: Final = "#c9d0d6"
FAST_ENOUGH_COLOUR: Final = "#e3d3a9"  # below a tier that earns no support
MILD: Final = (0xEE, 0x9B, 0x3A)
WORST: Final = (0x7F, 0x27, 0x04)
MOBILE_ONLY: Final = "mobile"
MOBILE_COLOUR: Final = "#6a51a3"
MOBILE_LEVEL_COLOURS: Final[Mapping[str, str]] = {
    "none": "#00000000",
    "basic": "#cbc9e2",
    "good": "#9e9ac8",
    "very_good": "#6a51a3",
}
# Levels at places: what is weak in the hue of what is short, orange and violet as far apart for all colour vision.
MOBILE_DISC_COLOURS: Final[Mapping[str, str]] = {**MOBILE_LEVEL_COLOURS, "none": "#7f2704", "basic": "#f1b261"}
# Download speeds from fast to none: from pale to dark, in order for every kind of colour vision and in grey print.
SPEED_COLOURS: Final = ("#cfe3b4", "#86cba8", "#3ba3b5", "#2a6fae", "#2b3a8c", "#1b1036")
PLAN_COLOURS: Final[Mapping[str, str]] = {"counts": "#0a66b0", "idle": "#e0a43c"}
TECHNOLOGY_COLOURS: Final[Mapping[str, str]] = {
    "fibre": "#0b6b66",
    "fwa": "#b8862b",
    "mobile_site": "#6a51a3",
    "voucher": "#aab3ba",
}

# Sites that the county works through, told apart by shape too; and the ring around a corrected place.
# Business gardens and incubators are of one colour, told apart by shape: blue is taken by what a policy adds.
HUB_COLOURS: Final[Mapping[str, str]] = {
    "business_garden": "#1f6f3a",
    "incubator": "#1f6f3a",
    "business_park": "#3d4a55",
}
CORRECTED_COLOUR: Final = "#c2187a"

# Who supports a place: grey both, and the two hues that readers of every kind of colour vision tell apart.
CONTRAST_COLOURS: Final[Mapping[str, str]] = {"both": "#68727b", "only_a": "#c8540a", "only_b": "#0a66b0"}
# Premises of a municipality that change, from few to many; in the hue of the policy that supports more of them, and
# lighter than the signs of the places that lie on it.
CONTRAST_SIGNS: Final[Mapping[str, str]] = {"both": "●", "only_a": "■", "only_b": "▲"}  # where only text can stand
CONTRAST_SHADES: Final[Mapping[str, tuple[str, ...]]] = {
    "only_a": ("#fdeee1", "#f9d5b5", "#f2b680", "#e6945a"),
    "only_b": ("#e6f0f8", "#c3dbf0", "#97c0e4", "#6aa2d4"),
    "even": ("#f0eef2", "#dad5df", "#bdb5c6", "#9d94aa"),
}

# Decision by fill, certainty by the outline, so that neither rests on colour alone.
DECISION_COLOURS: Final[Mapping[str, str]] = {"fund": ACCENT, "reserve": "#8996a0", "ineligible": "#b9c0c6"}
# Ranks from the first on: two steps above the line where the money ends, two below it.
RANK_COLOURS: Final = ("#084c48", "#4fb3a5", "#5f6f7d", "#aeb7be")
RANK_FILL: Final = 0.45
DECISION_FILL: Final[Mapping[str, float]] = {"fund": 0.34, "reserve": 0.10, "ineligible": 0.04}
# Areas of kind mobile, in the hue of what is short of mobile alone.
MAST_COLOURS: Final[Mapping[str, str]] = {"fund": MOBILE_COLOUR, "reserve": "#9d8bc7", "ineligible": "#b3adc2"}
CERTAINTY_DASH: Final[Mapping[str, str]] = {"safe yes": "", "toss-up": "7 4", "safe no": "1 4"}
CERTAINTY_WIDTH: Final[Mapping[str, float]] = {"safe yes": 2.2, "toss-up": 2.2, "safe no": 1.4}

STATUSES: Final[Mapping[str, str]] = {
    "real": N_("Real data"),
    "modelled": N_("Modelled data"),
    "synthetic": N_("SYNTHETIC data"),
}

THIN: Final = "\u202f"  # narrow no-break space, between thousands and before units
JOINER: Final = "\u2060"  # no width, and no line breaks there
_LINKED = re.compile(r"(?<=:)(?=[/A-Za-z])|(?<=@)(?=\w)|(?<=www)(?=\.)", re.IGNORECASE)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$:~^=&])")


def decision(code: str, grant: float) -> str:
    """Return a decision in words; of an area that is funded and needs no grant, say so."""
    return _("fund, no grant needed") if code == "fund" and grant == 0 else word(code)


def status(code: str) -> str:
    """Return what data is, as the beginning of a sentence."""
    found = STATUSES.get(code)
    return code if found is None else _(found)


def tier_colours(tiers: Sequence[tuple[str, bool]]) -> dict[str, str]:
    """Return a colour for every tier id and `served`.

    `tiers` are (id, eligible) pairs from worst to best. Eligible tiers share the ramp from dark to mild.
    """
    eligible = [name for name, counts in tiers if counts]
    last = max(len(eligible) - 1, 1)
    ramp = {name: _blend(number / last) for number, name in enumerate(eligible)}
    colours = {name: ramp.get(name, FAST_ENOUGH_COLOUR) for name, _ in tiers}
    return colours | {SERVED: SERVED_COLOUR, MOBILE_ONLY: MOBILE_COLOUR}


def _blend(share: float) -> str:
    red, green, blue = (round(dark + share * (mild - dark)) for dark, mild in zip(WORST, MILD, strict=True))
    return f"#{red:02x}{green:02x}{blue:02x}"


def rgba(colour: str) -> tuple[int, int, int, int]:
    """Turn `#rrggbb` or `#rrggbbaa` into four bytes."""
    digits = colour.removeprefix("#")
    parts = [int(digits[at : at + 2], 16) for at in range(0, len(digits), 2)]
    return (parts[0], parts[1], parts[2], parts[3] if len(parts) > 3 else 255)


def number(value: float, *, digits: int | None = None) -> str:
    """Write a number with thin spaces; `digits` keeps that many significant figures."""
    if value is None or not math.isfinite(value):
        return "–"
    if digits is not None and value:
        value = round(value, digits - 1 - math.floor(math.log10(abs(value))))
    decimals = 0 if abs(value) >= 100 or float(value).is_integer() else (1 if abs(value) >= 10 else 2)
    text = f"{value:,.{decimals}f}"
    if decimals:
        text = text.rstrip("0").rstrip(".")
    return _signs(text)


def fixed(value: float, *, decimals: int) -> str:
    """Write a number with a fixed count of decimals, as a column of a table needs it."""
    return _signs(f"{value:,.{decimals}f}") if value is not None and math.isfinite(value) else ""


def exact(value: float) -> str:
    """Write a figure as it was given, to the fourth decimal: a rate of 0.0475 must not become 0.05."""
    return _signs(f"{round(value, 4):,.12g}") if value is not None and math.isfinite(value) else ""


def _signs(text: str) -> str:
    """Give Python's signs of a number the reader's form."""
    return text.translate({ord(","): THIN, ord("."): decimal_sign(), ord("-"): "\u2212"})


def _scaled(value: float) -> tuple[float, str]:
    """Return a readable size for an amount, and its sign."""
    if abs(value) >= 0.9995e9:
        return 1e9, pgettext("size of an amount", "bn")
    if abs(value) >= 0.9995e6:
        return 1e6, millions()
    if abs(value) >= 0.9995e3:
        return 1e3, pgettext("size of an amount", "k")
    return 1.0, ""


def millions(currency: str = "") -> str:
    """Return the sign of millions, of a currency if one is given: `M NOK`."""
    sign = pgettext("size of an amount", "M")
    return f"{sign}{THIN}{currency}" if currency else sign


def money(value: float, currency: str, *, digits: int = 3) -> str:
    """Write an amount in a readable size: `58.4 M NOK`."""
    if value is None or not math.isfinite(value):
        return "–"
    size, letter = _scaled(value)
    return f"{number(value / size, digits=digits)}{THIN}{letter}{THIN if letter else ''}{currency}"


def money_range(low: float, high: float, currency: str) -> str:
    """Write a range of amounts in one unit: `1.9–3.1 bn NOK`."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "–"
    size, letter = _scaled(high)
    ends = [number(value / size, digits=2) for value in (low, high)]
    text = ends[0] if ends[0] == ends[1] else f"{ends[0]}–{ends[1]}"
    return f"{text}{THIN}{letter}{THIN if letter else ''}{currency}"


def percent(share: float) -> str:
    """Write a share as a whole percentage; small shares never become 0 %."""
    if share is None or not math.isfinite(share):
        return "–"
    value = 100 * share
    if 0 < value < 1:
        return f"<{THIN}1{THIN}%"
    return f"{value:.0f}{THIN}%"


def mbps_range(low: float, high: float) -> str:
    """Write a class of speeds: `30–100 Mbit/s`, without an upper end `1 000 Mbit/s or more`."""
    if math.isinf(high):
        return _("{speed} Mbit/s or more", speed=number(low))
    return f"{number(low)}–{number(high)}{THIN}Mbit/s"


def length(metres: float) -> str:
    """Write a length in metres or kilometres."""
    if metres is None or not math.isfinite(metres):
        return "–"
    if metres < 1000:
        return f"{number(metres, digits=2)}{THIN}m"
    return f"{number(metres / 1000, digits=3)}{THIN}km"


def area(km2: float) -> str:
    """Write an area in square kilometres."""
    return f"{number(km2, digits=3)}{THIN}km²"


def sentence(text: str) -> str:
    """Begin a text with a capital letter."""
    return text[:1].upper() + text[1:]


def plain(text: object) -> str:
    """Escape text for Markdown, so that data can bring neither links, images, formulas, icons nor HTML.

    An address becomes a link, and `:name:` an icon, after escapes are gone: a sign without width parts them.
    """
    return _MARKDOWN.sub(r"\\\1", _LINKED.sub(JOINER, str(text))).replace("\n", " ")


def escape(text: object) -> str:
    """Escape text for HTML."""
    return html.escape(str(text), quote=True)


def sign(outcome: str) -> str:
    """Return the small HTML sign of an outcome of two policies, in the shape that the map gives it."""
    return f'<i class="sw {outcome}" style="background:{CONTRAST_COLOURS[outcome]}"></i>'


def swatch(colour: str, *, shape: str = "dot", dash: str = "", fill: float = 1.0) -> str:
    """Return a small HTML sign for a legend: a dot, a box with an outline, or a line."""
    if shape in ("road", "hatch"):
        return f'<i class="sw {shape}" style="color:{colour}"></i>'
    if shape == "line":
        return f'<i class="sw line" style="border-top-color:{colour}"></i>'
    if shape == "box":
        alpha = f"{round(255 * fill):02x}"
        kind = "dashed" if dash.startswith("7") else "dotted" if dash else "solid"
        return f'<i class="sw box" style="background:{colour}{alpha};border:2px {kind} {colour}"></i>'
    return f'<i class="sw dot" style="background:{colour}"></i>'
