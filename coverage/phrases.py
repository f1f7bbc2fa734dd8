"""Words, numbers, dates and speeds as the model's own sentences write them, in every language of the project.

The texts are data: coverage/texts/reasons.toml, and the labels of the policy packs.
"""

from __future__ import annotations

import datetime as dt
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from coverage.policy import Clause, Policy, Tier

TEXTS: Final = Path(__file__).parent / "texts" / "reasons.toml"
UNNAMED: Final = ("", "not named", "a provider not named")  # what sources write where they name no provider
# What stands for an operator whose name is withheld (coverage/disclosure), and the text that says so.
ANOTHER: Final = "another operator"
SOME: Final = "an operator"
WITHHELD: Final[Mapping[str, str]] = {ANOTHER: "another", SOME: "some"}


@functools.cache
def _read() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return tomllib.loads(TEXTS.read_text(encoding="utf-8"))


def texts(section: str) -> Mapping[str, Mapping[str, str]]:
    """Return one section: its names, and under each the text in every language. Raises KeyError."""
    return _read()[section]


@dataclass(frozen=True)
class Phrases:
    """Write the parts of sentences in one language, of what one policy says on one day."""

    policy: Policy
    as_of: dt.date
    language: str

    @property
    def top(self) -> Tier:
        """Return the highest tier whose places may be supported."""
        return self.policy.tier(self.policy.eligible_tiers[-1])

    @property
    def limit(self) -> str:
        """Return the last day on which a planned build counts."""
        return self.date(self.policy.plan_limit(self.as_of))

    def text(self, section: str, name: str, **values: object) -> str:
        """Return one text with its {names} filled in, or raise KeyError."""
        return texts(section)[name][self.language].format(**values)

    def label(self, part: Clause | Tier) -> str:
        """Return what the pack calls a clause or a tier."""
        return part.label[self.language]

    def number(self, value: float) -> str:
        """Write a number with the language's decimal sign, without zeros at its end."""
        return f"{value:.10g}".replace(".", self.text("form", "decimal"))

    def percent(self, share: float) -> str:
        """Write a share from 0 to 1 as per cent, with one decimal."""
        number = f"{100 * share:.1f}".replace(".", self.text("form", "decimal"))
        return self.text("form", "percent", number=number)

    def date(self, day: Any) -> str:
        """Write a day in figures."""
        return f"{day:{self.text('form', 'date')}}"

    def speed(self, down_mbps: float, up_mbps: float, *, both: bool = False) -> str:
        """Write a speed; without its upload where that is 0 and the policy asks for none, unless `both` is told."""
        asks = any(tier.up_mbps for tier in self.policy.tiers) or self.policy.fixed.plan_min_up_mbps
        down = self.number(down_mbps)
        return f"{down}/{self.number(up_mbps)}" if up_mbps or asks or both else down

    def threshold(self, tier: Tier, *, both: str = "either", plan: bool = False) -> str:
        """Write what reaches a tier's threshold; `plan`: what a planned build must give besides."""
        least_down, least_up = (
            (self.policy.fixed.plan_min_down_mbps, self.policy.fixed.plan_min_up_mbps) if plan else (0.0, 0.0)
        )
        up = max(tier.up_mbps, least_up)
        first = self.number(max(tier.down_mbps, least_down)) + (f"/{self.number(up)}" if up else "")
        if np.isinf(tier.or_down_mbps):
            return first
        other = self.number(max(tier.or_down_mbps, least_down)) + (f"/{self.number(least_up)}" if least_up else "")
        return self.text("form", both, speed=first, other=other)

    def provider(self, name: str) -> str:
        """Return a provider's name, or say that it is not named, or withheld."""
        if name in WITHHELD:
            return self.text("offer", WITHHELD[name])
        return self.text("offer", "not_named") if name in UNNAMED else name
