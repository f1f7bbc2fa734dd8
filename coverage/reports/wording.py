"""Words, numbers and dates as the reports print them, in the reader's language.

texts/<language>.toml holds what the reports say themselves; texts/data/<language>.toml translates what comes with the
data that the project brings: names of policies, units, cost figures, warnings. What is not in it stays as it is.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from coverage.errors import DataError

TEXT_DIR: Final = Path(__file__).parent / "texts"
NO_BREAK: Final = "\u00a0"
NO_WRAP: Final = "\u2060"  # word joiner: a range stays on one line
HEADLINE_DIGITS: Final = 3
LEAST_PER_CENT: Final = 0.1
_FIGURE: Final = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?|\d+\.\d+")  # 1,234.5 or 0.5
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
LONGEST: Final = 2_000  # characters of a text that may be a known one with something filled in
_PLACEHOLDER: Final = re.compile(r"\\\{(\w+)\\\}")  # a {name} after re.escape


@dataclass(frozen=True)
class Wording:
    """Hold the texts of one language, and print numbers the way that language does."""

    texts: Mapping[str, Any]
    translated: Mapping[str, str] = field(default_factory=dict)  # what others wrote: their text -> in this language

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

    def item(self, item: str) -> str:
        """Return the name of a figure of a cost book or a study by its id; an unknown id stands as it is."""
        names = self.texts["items"]
        stem, _, year = item.rpartition("_")
        if item not in names and year.isdigit() and stem in names:
            return str(names[stem]).format(year=year)
        return str(names.get(item, item))

    def joined(self, parts: Iterable[str]) -> str:
        """Set texts that may hold commas in one line."""
        return str(self.texts["list"]).join(parts)

    def said(self, text: str) -> str:
        """Return in this language a text that came with the data, or the text itself where no translation is known.

        A known text may hold {names}: each stands for any words, which are said in this language in their turn.
        """
        if text in self.translated:
            return self.translated[text]
        for pattern, meant in self._patterns if len(text) <= LONGEST else ():
            found = pattern.fullmatch(text)
            if found:
                return meant.format(**{name: self.said(part) for name, part in found.groupdict().items()})
        if _DAY.fullmatch(text):
            return self._day(text)
        return self._figures(text) if _FIGURE.fullmatch(text) else text

    def _day(self, text: str) -> str:
        """Return a day that was written as 2022-06-30 in this language's form; what is no day stays as it is."""
        try:
            return self.date(text, short=True)
        except ValueError:
            return text

    def _figures(self, text: str) -> str:
        """Return a figure that was written the English way, in this language's form."""
        grouped = text.replace(",", "\0").replace(".", str(self.texts["decimal"]))
        return grouped.replace("\0", str(self.texts["group"]))

    @functools.cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str]]:
        return [
            (re.compile(_PLACEHOLDER.sub(r"(?P<\1>.+?)", re.escape(text))), meant)
            for text, meant in self.translated.items()
            if "{" in text
        ]

    def date(self, day: dt.date | str | None, *, short: bool = False) -> str:
        """Print a date, or a text that holds one as 2022-06-30: in full, or in figures for a table."""
        if day is None or _missing(day):
            return str(self.texts["none"])
        date = dt.date.fromisoformat(day) if isinstance(day, str) else day
        dates = self.texts["dates"]
        form = dates["short" if short else "full"]
        return str(form.format(year=date.year, month=date.month, day=date.day, name=dates["months"][date.month - 1]))

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


def require_language(language: str) -> None:
    """Raise DataError, naming the languages there are, unless the reports have texts in this one."""
    known = sorted(file.stem for file in TEXT_DIR.glob("*.toml"))
    if language not in known:
        raise DataError(f"the reports have no texts in language {language!r}; expected one of {', '.join(known)}")


@functools.cache
def load_wording(language: str) -> Wording:
    """Read the texts of one language, or raise DataError as `require_language` does."""
    require_language(language)
    path = TEXT_DIR / f"{language}.toml"
    others = TEXT_DIR / "data" / path.name
    translated = tomllib.loads(others.read_text(encoding="utf-8")) if others.is_file() else {}
    return Wording(
        tomllib.loads(path.read_text(encoding="utf-8")),
        {text: meant for section in translated.values() for text, meant in section.items()},
    )


def shortened(text: str, longest: int | None) -> str:
    """Return a name of at most so many characters, the last a dot of three where it was cut; None cuts none."""
    return text if longest is None or len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _missing(value: object) -> bool:
    # pandas' NA is not a float and refuses to be compared; its NaT and NaN are unequal to themselves.
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def _significant(value: float) -> float:
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, HEADLINE_DIGITS - 1 - math.floor(math.log10(abs(value))))
