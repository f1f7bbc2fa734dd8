"""Tell a comparison in words, in every language of the project. The texts are data: coverage/texts/compare.toml."""

from __future__ import annotations

import datetime as dt
import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from coverage.compare.evidence import OUTCOME
from coverage.errors import DataError
from coverage.policy import LANGUAGES, list_policies, load_policy

if TYPE_CHECKING:
    from coverage.compare import Comparison

TEXTS: Final = Path(__file__).parent.parent / "texts" / "compare.toml"
MONEY: Final = frozenset({"capex", "grant", "budget", "connection_fee"})  # codes whose figures are amounts


@functools.cache
def texts() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return every text: section, name, language."""
    return tomllib.loads(TEXTS.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Words:
    """Write texts, numbers and amounts in one language. Raises DataError for a language that is not there."""

    language: str
    criteria: Mapping[str, str] = field(default_factory=dict)  # what the policy calls its criteria

    def __post_init__(self) -> None:
        """Refuse a language without texts."""
        if self.language not in LANGUAGES:
            raise DataError(f"comparison: language {self.language!r} is none of {', '.join(LANGUAGES)}")

    def text(self, section: str, name: str, /, **values: object) -> str:
        """Return one text with its {names} filled in; of the number 1 the text that is meant for it."""
        found = texts()[section]
        if values.get("number") == 1 and f"{name}_one" in found:
            name = f"{name}_one"
        said = {key: self.number(value) if isinstance(value, int | float) else value for key, value in values.items()}
        return found[name][self.language].format(**said)

    def known(self, section: str, name: str) -> str:
        """Return the text of a code, or the code itself where there is none."""
        return texts()[section][name][self.language] if name in texts()[section] else name

    def causes(self, codes: str) -> str:
        """Name the causes that a row of a comparison holds as codes."""
        return ", ".join(self.known("cause", code) for code in codes.split(", ") if code)

    def number(self, value: float, *, decimals: int = 3) -> str:
        """Write a number with the language's signs, without zeros at its end."""
        plain = f"{value:,.{decimals}f}"
        plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
        group, decimal = self.text("form", "group"), self.text("form", "decimal")
        return plain.replace(",", "\0").replace(".", decimal).replace("\0", group)

    def money(self, value: float, currency: str) -> str:
        """Write an amount in whole units."""
        return self.text("form", "money", number=self.number(value, decimals=0), currency=currency)

    def listed(self, items: Iterable[str]) -> str:
        """Set texts in one line: a, b and c."""
        *first, last = items
        return self.text("form", "last", list=self.text("form", "list").join(first), item=last) if first else last

    def day(self, iso: str) -> str:
        """Write a day in figures."""
        return f"{dt.date.fromisoformat(iso):{self.text('form', 'date')}}"

    def value(self, code: str, key: str, value: Any, currency: str) -> Any:
        """Write one value of a change or a reason, by the code it belongs to."""
        if key == "currency":
            return currency
        if value is None:
            return self.text("form", {"price": "book", "weight": "default"}.get(code, "none"))
        if isinstance(value, bool) or code == "seed":
            return str(value).lower()
        if isinstance(value, int | float):
            return self.money(value, currency) if code in MONEY else self.number(value, decimals=_decimals(code))
        if isinstance(value, list):
            return self.listed(map(str, value))
        if code == "weight" and key == "name":
            return self.criteria.get(value, value)
        if code == "date":
            return self.day(value)
        if code == "technology":
            return self.known("technology", value)
        return value or self.text("form", "default")


def sentences(comparison: Comparison, *, language: str = "en", most: int | None = None) -> list[str]:
    """Tell what differed, how many areas moved, and of each area that changed by itself or is decided on otherwise why.

    Areas that only stand elsewhere because others do are counted in the last sentence. `most`: of how many areas to
    tell at most, those first that are decided on otherwise, came or went; the rest is counted. Raises DataError for a
    language that is not there.
    """
    words, currency = _words(comparison, language)
    if comparison.is_empty:
        return [words.text("summary", "nothing")]
    said = changes_told(comparison, language=language)
    if comparison.areas.empty:
        return [*said, words.text("summary", "no_area")]
    said.append(words.text("summary", "counts", **comparison.counts()))
    rows = list(zip(comparison.areas.itertuples(index=False), comparison.reasons, strict=True))
    told = [pair for pair in rows if not _is_moved_only(pair[0])]
    chosen = told if most is None else sorted(told, key=lambda pair: _weight(pair[0]))[:most]
    said += [_area(words, row, reasons, currency) for row, reasons in chosen]
    for name, number in (("more", len(told) - len(chosen)), ("others", len(rows) - len(told))):
        if number:
            said.append(words.text("summary", name, number=number))
    return said


def changes_told(comparison: Comparison, *, language: str = "en") -> list[str]:
    """Tell what differed before anything was reckoned, one sentence each."""
    words, currency = _words(comparison, language)
    return [_filled(words, "change", change.code, change.values, currency) for change in comparison.changes]


def areas_told(comparison: Comparison, *, language: str = "en") -> list[str]:
    """Tell of every area that differs what became of it and why, one sentence each, in the order of `areas`."""
    words, currency = _words(comparison, language)
    rows = zip(comparison.areas.itertuples(index=False), comparison.reasons, strict=True)
    return [_area(words, row, reasons, currency) for row, reasons in rows]


def _words(comparison: Comparison, language: str) -> tuple[Words, str]:
    """Return what writes in a language, and the currency that amounts are in."""
    words = Words(language, _criteria(comparison.after.run["policy"]["id"], language))
    return words, str(comparison.after.summary.get("currency"))


def _weight(row: Any) -> int:
    """Say how soon an area is told of: 0 first."""
    if row.decision_before != row.decision_after or row.move in ("came", "went"):
        return 0
    return 1 if row.certainty_before != row.certainty_after else 2


def _criteria(policy_id: str, language: str) -> dict[str, str]:
    """Return what a policy pack calls its criteria; nothing where the pack is no longer there."""
    if policy_id not in list_policies():
        return {}
    return {item.id: f"{item.label.get(language, item.id)} ({item.id})" for item in load_policy(policy_id).criteria}


def _is_moved_only(row: Any) -> bool:
    return not row.own_figures and all(
        getattr(row, f"{name}_before") == getattr(row, f"{name}_after") for name in OUTCOME
    )


def _filled(words: Words, section: str, code: str, values: Mapping[str, Any], currency: str) -> str:
    told = {key: words.value(code, key, value, currency) for key, value in values.items() if key != "number"}
    return words.text(section, code, **{key: value for key, value in values.items() if key == "number"}, **told)


def _area(words: Words, row: Any, reasons: Iterable[tuple[str, Mapping[str, Any]]], currency: str) -> str:
    ranks = {when: _rank(getattr(row, f"rank_{when}")) for when in ("before", "after")}
    said = words.text("area", row.move, area=f"{row.name} ({row.area_id})", **ranks) + _decision(words, row)
    why = dict.fromkeys(_filled(words, "why", code, values, currency) for code, values in reasons)
    if why:
        said = words.text("area", "why", head=said, why="; ".join(why))
    certain, possible = (
        [words.known("cause", cause) for cause in str(causes).split(", ") if cause]
        for causes in (row.causes, row.possible_causes)
    )
    if not certain:
        return words.text("area", "only_possible", said=said, causes=words.listed(possible))
    said = words.text("area", "cause" if len(certain) == 1 else "causes", said=said, causes=words.listed(certain))
    return words.text("area", "possible", said=said, causes=words.listed(possible)) if possible else said


def _decision(words: Words, row: Any) -> str:
    was, now = row.decision_before, row.decision_after
    if row.move == "went":
        return words.text("decision", "was_fund") if was == "fund" else ""
    if row.move == "came":
        return words.text("decision", now)
    if was != now:
        name = "now_fund" if now == "fund" else "reserve_from_fund" if was == "fund" and now == "reserve" else now
        return words.text("decision", name)
    if row.certainty_before != row.certainty_after:
        told = {when: words.known("certainty", getattr(row, f"certainty_{when}")) for when in ("before", "after")}
        return words.text("decision", "certainty", **told)
    if row.ranked_decision_before != row.ranked_decision_after:
        return words.text("decision", "ranked_fund" if row.ranked_decision_after == "fund" else "ranked_other")
    return ""


def _rank(value: Any) -> int | str:
    return "–" if pd.isna(value) else int(value)


def _decimals(code: str) -> int:
    return 0 if code == "route" else 3
