"""One lever on an area's money in words: what it takes, or why it does not reach the target."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from maps import style
from maps.language import N_, _, ngettext
from maps.words import word

NAMES: Final = {
    "take_up": N_("take-up"),
    "further_premises": N_("more homes"),
    "connection_fee": N_("residents’ fee"),
    "operator": N_("operator"),
    "municipality": N_("municipality"),
    "dugnad": N_("dugnad"),
    "technology": N_("technology"),
}


def sentence(row: dict[str, Any], *, currency: str, premises: float, customers: float) -> str:
    """Say one lever in the reader's language: what it takes, or why it does not reach the target."""
    left = style.money(row["after"], currency)
    if row["feasible"]:
        return _TAKES[row["lever"]](row, currency, premises, customers)
    if row["why"] == "costs_more" and row["lever"] == "technology":
        return _(
            "{technology} meets the delivery clause too, but leaves more: {money}.",
            technology=style.sentence(word(row["technology"])),
            money=left,
        )
    told = {
        "costs_more": _("Not this way: each further customer costs more than it takes off."),
        "no_connections": _("Nobody is expected to connect, so nobody would pay a fee."),
        "no_trench": _("No trench in verge or soil is left to dig."),
        "no_technology": _("No other technology meets the delivery clause."),
    }
    if row["why"] in told:
        return told[row["why"]]
    short = {
        "take_up": _("Not enough: with all {count} connected, {money} is left.", count=_count(premises), money=left),
        "further_premises": _(
            "Not enough: with {count} further homes, {money} is left.", count=_count(row["change"]), money=left
        ),
        "dugnad": _(
            "Not enough: with all {metres} of verge and soil dug by residents, {money} is left.",
            metres=metres(row["end"]),
            money=left,
        ),
        "technology": _(
            "Not enough: {technology} meets the delivery clause and leaves {money}.",
            technology=word(row["technology"]),
            money=left,
        ),
    }
    return short[row["lever"]]


def _take_up(row: dict[str, Any], _currency: str, premises: float, _customers: float) -> str:
    return _(
        "{share} of the premises connect in place of {now}: {count} more connections.",
        share=f"{style.number(up(100 * row['end'] / premises))}{style.THIN}%",
        now=f"{style.number(100 * row['start'] / premises, digits=3)}{style.THIN}%",
        count=style.number(up(row["change"])),
    )


def _further(row: dict[str, Any], _currency: str, _premises: float, _customers: float) -> str:
    return ngettext(
        "{count} further home along the trench takes part, beside {now}.",
        "{count} further homes along the trench take part, beside {now}.",
        row["change"],
        count=style.number(row["change"]),
        now=_count(row["start"]),
    )


def _fee(row: dict[str, Any], currency: str, _premises: float, customers: float) -> str:
    said = {"count": _count(customers), "money": style.money(up(row["end"]), currency)}
    if not row["start"]:
        return _("Each of {count} customers pays {money} once.", **said)
    now = style.money(row["start"], currency)
    return _("Each of {count} customers pays {money} once, in place of {now}.", now=now, **said)


def _operator(row: dict[str, Any], currency: str, _premises: float, _customers: float) -> str:
    return _("The operator, or others, puts in {money} more.", money=style.money(up(row["change"]), currency))


def _municipality(row: dict[str, Any], currency: str, _premises: float, _customers: float) -> str:
    return _("The municipality puts in {money} beyond its share.", money=style.money(up(row["change"]), currency))


def _dugnad(row: dict[str, Any], _currency: str, _premises: float, _customers: float) -> str:
    dug = metres(up(row["end"]))
    if not row["start"]:
        return _("Residents dig {metres} of the trench in verge and soil.", metres=dug)
    return _(
        "Residents dig {metres} of the trench in verge and soil, in place of {now}.",
        metres=dug,
        now=metres(row["start"]),
    )


def _technology(row: dict[str, Any], currency: str, _premises: float, _customers: float) -> str:
    return _(
        "{technology} meets the delivery clause too, and leaves {money}.",
        technology=style.sentence(word(row["technology"])),
        money=style.money(row["after"], currency),
    )


_TAKES: Final[dict[str, Callable[[dict[str, Any], str, float, float], str]]] = {
    "take_up": _take_up,
    "further_premises": _further,
    "connection_fee": _fee,
    "operator": _operator,
    "municipality": _municipality,
    "dugnad": _dugnad,
    "technology": _technology,
}


def up(value: float) -> float:
    """Round up to three figures: what is read off the screen must be enough."""
    if value <= 0:
        return 0.0
    digits = 2 - math.floor(math.log10(value))
    return float(round(math.ceil(value * 10.0**digits - 1e-6) * 10.0**-digits, max(0, digits)))


def _count(value: float) -> str:
    return style.number(value, digits=3)


def metres(value: float) -> str:
    """Write a length in metres, however long: that is what is dug and paid."""
    return f"{style.number(value, digits=3)}{style.THIN}m"
