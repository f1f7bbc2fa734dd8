"""Words and numbers as the reports print them: texts from texts/<language>.toml, thin spaces, ranges, units."""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from coverage.errors import CoverageError

TEXT_DIR: Final = Path(__file__).parent / "texts"
NO_BREAK: Final = "\u00a0"
NO_WRAP: Final = "\u2060"  # word joiner: a range stays on one line
HEADLINE_DIGITS: Final = 3
LEAST_PER_CENT: Final = 0.1


@dataclass(frozen=True)
class Wording:
    """Hold the texts of one language, and print numbers the way that language does."""

    texts: Mapping[str, Any]

    @property
    def language(self) -> str:
        """Return the language code, such as `en`."""
        return str(self.texts["language"])

    def text(self, section: str, key: str, **values: object) -> str:
        """Return one text with its {names} filled in, or raise KeyError."""
        return str(self.texts[section][key]).format(**values)

    def lines(self, section: str, key: str, **values: object) -> list[str]:
        """Return a list of texts with their {names} filled in, or raise KeyError."""
        return [str(item).format(**values) for item in self.texts[section][key]]

    def value(self, column: str, value: object) -> str:
        """Return the word for one coded value of a column; an unknown code stands as it is."""
        if _missing(value):
            return str(self.texts["none"])
        return str(self.texts["values"].get(column, {}).get(str(value), value))

    def number(self, value: float | None, *, decimals: int = 0) -> str:
        """Print a number with thin spaces between thousands; a missing one is a dash."""
        if _missing(value):
            return str(self.texts["none"])
        plain = f"{value:,.{decimals}f}"
        if not plain.strip("-0.,"):
            plain = plain.lstrip("-")  # no minus zero
        return (
            plain.replace(",", "\0")
            .replace(".", self.texts["decimal"])
            .replace("\0", self.texts["group"])
            .replace("-", "−")
        )

    def headline(self, value: float | None) -> str:
        """Print a count with at most three significant figures."""
        if value is None or _missing(value):
            return str(self.texts["none"])
        return self.number(_significant(value), decimals=1 if 0 < abs(value) < 10 and value % 1 else 0)

    def money(self, value: float | None, currency: str) -> str:
        """Print an amount with at most three significant figures and its unit."""
        if value is None or _missing(value):
            return str(self.texts["none"])
        scale, unit = self._scale(abs(value))
        return f"{self._scaled(value, scale)}{NO_BREAK}{unit}{currency}"

    def money_range(self, low: float | None, high: float | None, currency: str) -> str:
        """Print the range of an estimate in one unit."""
        if low is None or high is None or _missing(low) or _missing(high):
            return str(self.texts["none"])
        scale, unit = self._scale(max(abs(low), abs(high)))
        return f"{self._scaled(low, scale)}{NO_WRAP}–{NO_WRAP}{self._scaled(high, scale)}{NO_BREAK}{unit}{currency}"

    def percent(self, share: float | None) -> str:
        """Print a share as per cent: one decimal below ten and just below a hundred, else none."""
        if share is None or _missing(share):
            return str(self.texts["none"])
        per_cent = 100 * share
        if 0 < per_cent < LEAST_PER_CENT:
            return f"<{self.number(LEAST_PER_CENT, decimals=1)}{NO_BREAK}%"
        if 100 - LEAST_PER_CENT < per_cent < 100:
            return f">{self.number(100 - LEAST_PER_CENT, decimals=1)}{NO_BREAK}%"
        # Nearly all is not all: 99.8 % must not be printed as 100 %.
        decimals = 1 if 0 < per_cent < 9.95 or 99 < per_cent < 100 else 0
        return f"{self.number(per_cent, decimals=decimals)}{NO_BREAK}%"

    def _scale(self, size: float) -> tuple[float, str]:
        if _significant(size) >= 1e9:
            return 1e9, f"{self.texts['billion']}{NO_BREAK}"
        if _significant(size) >= 1e6:
            return 1e6, f"{self.texts['million']}{NO_BREAK}"
        return 1.0, ""

    def _scaled(self, value: float, scale: float) -> str:
        scaled = _significant(value / scale)
        if scale == 1.0:
            return self.number(scaled)
        whole = len(str(int(abs(scaled))))
        return self.number(scaled, decimals=max(0, HEADLINE_DIGITS - whole))


@functools.cache
def load_wording(language: str) -> Wording:
    """Read the texts of one language, or raise CoverageError naming the languages there are."""
    path = TEXT_DIR / f"{language}.toml"
    if path.parent != TEXT_DIR or not path.is_file():
        known = ", ".join(sorted(file.stem for file in TEXT_DIR.glob("*.toml")))
        raise CoverageError(f"the reports have no texts in language {language!r}; expected one of {known}")
    return Wording(tomllib.loads(path.read_text(encoding="utf-8")))


def _missing(value: object) -> bool:
    # pandas' NA is not a float and refuses to be compared; its NaT and NaN are unequal to themselves.
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def _significant(value: float) -> float:
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, HEADLINE_DIGITS - 1 - math.floor(math.log10(abs(value))))
