"""What each audience must not see, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from coverage.audience import Audience
from coverage.phrases import ANOTHER, SOME


@dataclass(frozen=True)
class Limits:
    """Hold what is withheld beside what nobody but the people who work with the study may see."""

    providers: bool  # who gives service today, by name; and who is its customer
    offices: bool  # who corrected a place
    positions: bool  # where homes and persons' firms are, nearer than a cell of the grid; their ids in the register
    stand_in: str  # what stands for an operator's name


LIMITS: Final[Mapping[str, Limits]] = {
    "council": Limits(providers=False, offices=False, positions=False, stand_in=SOME),
    "operator": Limits(providers=True, offices=True, positions=False, stand_in=ANOTHER),
    "public": Limits(providers=True, offices=True, positions=True, stand_in=SOME),
}


def limits_of(audience: Audience) -> Limits:
    """Return the limits of an audience; the internal one has none, so KeyError."""
    return LIMITS[audience.kind]
