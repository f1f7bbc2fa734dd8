"""What a council asks of the chosen set beside the largest benefit: must, never, caps, order, pots of money, years.

A Wishes is frozen and hashable, as the Scenario that carries it, and travels as plain values for TOML and JSON.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from coverage.errors import PolicyError
from coverage.rules import Pairs

LISTS: Final = ("must", "never")
TABLES: Final = ("caps", "sources")
# The shares of the years are written with a few decimals: a third thrice is 1 within this.
SHARES_SUM_WITHIN: Final = 1e-6


@dataclass(frozen=True)
class Wishes:
    """Hold the wishes; without any, the best set under one budget is chosen at once."""

    must: tuple[str, ...] = ()  # areas to fund in any case
    never: tuple[str, ...] = ()  # areas not to fund
    caps: Pairs = ()  # municipality_code -> the most grant money for it over all years
    cap: float = math.inf  # the same for every municipality that `caps` does not name
    least_municipalities: int = 0  # municipalities with at least one chosen area
    needs: tuple[tuple[str, str], ...] = ()  # (area, another that must be built no later)
    sources: Pairs = ()  # name of a pot -> its money; without any, one pot: the scenario's budget
    phases: tuple[float, ...] = ()  # share of each pot's money per year; without any, one year

    def __post_init__(self) -> None:
        """Put what has no order in one, so that equal wishes are equal; refuse what no run could use or is at odds."""
        for name in (*LISTS, *TABLES, "needs"):
            object.__setattr__(self, name, tuple(sorted(getattr(self, name))))
        for name in LISTS:
            _refuse_repeated(name, getattr(self, name))
        for name in TABLES:
            _refuse_repeated(name, [key for key, _ in getattr(self, name)])
            for key, value in getattr(self, name):
                if not (value >= 0 and math.isfinite(value)):
                    raise PolicyError(f"wishes: {name}.{key} is {value!r}; expected an amount of 0 or more")
        both = sorted(set(self.must) & set(self.never))
        if both:
            raise PolicyError(f"wishes: area {both[0]} is both in must and in never; expected it in one of them")
        if not self.cap >= 0:
            raise PolicyError(f"wishes: cap is {self.cap!r}; expected an amount of 0 or more")
        if self.least_municipalities < 0:
            raise PolicyError(f"wishes: least_municipalities is {self.least_municipalities}; expected 0 or more")
        for area, other in self.needs:
            if area == other:
                raise PolicyError(f"wishes: needs: area {area} needs itself; expected another area")
        if any(not (share >= 0 and math.isfinite(share)) for share in self.phases):
            raise PolicyError("wishes: phases holds a share below 0 or not finite; expected shares from 0 to 1")
        if self.phases and abs(math.fsum(self.phases) - 1.0) > SHARES_SUM_WITHIN:
            raise PolicyError(f"wishes: phases add up to {math.fsum(self.phases):g}; expected shares that add up to 1")

    def __bool__(self) -> bool:
        """Say whether anything is wished at all."""
        return self != Wishes()

    def money(self, budget: float) -> Pairs:
        """Return the pots with their money, sorted by name: the sources, else one nameless pot of the budget."""
        return tuple(sorted(self.sources)) or (("", budget),)

    def cap_of(self, municipality: str) -> float:
        """Return the most grant money for a municipality, infinite where nobody capped it."""
        return dict(self.caps).get(municipality, self.cap)

    def to_mapping(self) -> dict[str, Any]:
        """Return what is wished as plain values for TOML and JSON; what is not wished is left out."""
        values: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value == field.default:
                continue
            if field.name in TABLES:
                values[field.name] = dict(value)
            elif field.name == "needs":
                values["needs"] = [list(pair) for pair in value]
            else:
                values[field.name] = list(value) if isinstance(value, tuple) else value
        return values

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any], *, where: str = "wishes") -> Wishes:
        """Build wishes from plain values, lists sorted; or raise PolicyError naming the key."""
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(raw) - set(known))
        if unknown:
            raise PolicyError(f"{where}: unknown key {unknown[0]!r}; expected one of {', '.join(known)}")
        values: dict[str, Any] = {}
        for name in raw:
            at = f"{where}: {name}"
            if name in LISTS:
                values[name] = tuple(sorted(str(item) for item in _sequence(raw[name], at, "area ids")))
            elif name in TABLES:
                if not isinstance(raw[name], Mapping):
                    raise PolicyError(f"{at} is {raw[name]!r}; expected a table of amounts")
                pairs = ((str(key), _number(value, f"{at}.{key}")) for key, value in raw[name].items())
                values[name] = tuple(sorted(pairs))
            elif name == "needs":
                pairs_of_ids = [_sequence(pair, at, "pairs of area ids") for pair in _sequence(raw[name], at, "pairs")]
                if any(len(pair) != 2 for pair in pairs_of_ids):
                    raise PolicyError(f"{at}: expected pairs: an area, and the one that must be built no later")
                values[name] = tuple(sorted((str(area), str(other)) for area, other in pairs_of_ids))
            elif name == "phases":
                values[name] = tuple(_number(item, at) for item in _sequence(raw[name], at, "shares"))
            elif name == "least_municipalities":
                count = _number(raw[name], at)
                if count != int(count):
                    raise PolicyError(f"{at} is {raw[name]!r}; expected a whole number")
                values[name] = int(count)
            else:
                values[name] = _number(raw[name], at)
        return cls(**values)


def _refuse_repeated(name: str, items: Sequence[str]) -> None:
    seen: set[str] = set()
    for item in items:
        if item in seen:
            raise PolicyError(f"wishes: {name} names {item} twice; expected it once")
        seen.add(item)


def _sequence(value: object, where: str, what: str) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise PolicyError(f"{where} is {value!r}; expected a list of {what}")
    return value


def _number(value: object, where: str) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise PolicyError(f"{where} is {value!r}; expected a number") from error
    if isinstance(value, bool) or not math.isfinite(number):
        raise PolicyError(f"{where} is {value!r}; expected a finite number")
    return number
