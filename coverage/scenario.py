"""One question put to a study: which policy, budget, weights, cost overrides and seed.

A Scenario is frozen and hashable, so it can key caches, and it travels as TOML or in a URL.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from coverage.errors import PolicyError
from coverage.policy import VIEWS

DEFAULT_SEED: Final = 2024
DEFAULT_DRAWS: Final = 1000

Pairs = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Scenario:
    """Hold one scenario. `budget` is public grant money in the study's currency."""

    policy: str
    budget: float
    seed: int = DEFAULT_SEED
    draws: int = DEFAULT_DRAWS
    view: str = ""  # "" = the policy's; else one of VIEWS
    weights: Pairs = ()  # criterion id -> weight, only where changed
    costs: Pairs = ()  # cost book item -> value, only where changed

    def __post_init__(self) -> None:
        """Refuse values that no run could use."""
        if not self.budget >= 0:
            raise PolicyError(f"scenario: budget is {self.budget!r}; expected an amount of 0 or more")
        if self.draws < 1:
            raise PolicyError(f"scenario: draws is {self.draws!r}; expected 1 or more")
        if self.view and self.view not in VIEWS:
            raise PolicyError(f"scenario: view is {self.view!r}; expected one of {', '.join(VIEWS)}")
        for name, value in (*self.weights, *self.costs):
            if not value >= 0:
                raise PolicyError(f"scenario: {name} is {value!r}; expected a number of 0 or more")

    def with_changes(self, **changes: Any) -> Scenario:
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    def to_mapping(self) -> dict[str, Any]:
        """Return the scenario as plain JSON-able values, in a fixed order."""
        return {
            "policy": self.policy,
            "budget": self.budget,
            "seed": self.seed,
            "draws": self.draws,
            "view": self.view,
            "weights": dict(self.weights),
            "costs": dict(self.costs),
        }

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any], *, where: str = "scenario") -> Scenario:
        """Build a scenario from plain values, or raise PolicyError naming the key."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(raw) - known)
        if unknown:
            raise PolicyError(f"{where}: unknown key {unknown[0]!r}; expected one of {', '.join(sorted(known))}")
        values = dict(raw)
        for name in ("weights", "costs"):
            values[name] = tuple(
                sorted((str(k), _number(v, f"{where}: {name}.{k}")) for k, v in dict(raw.get(name, {})).items())
            )
        if "policy" not in raw or "budget" not in raw:
            raise PolicyError(f"{where}: the keys 'policy' and 'budget' are needed")
        values["budget"] = _number(raw["budget"], f"{where}: budget")
        for name in ("seed", "draws"):
            if name in raw:
                values[name] = int(_number(raw[name], f"{where}: {name}"))
        return cls(**values)

    @classmethod
    def from_toml(cls, path: Path) -> Scenario:
        """Read a scenario file, or raise PolicyError."""
        try:
            return cls.from_mapping(tomllib.loads(path.read_text(encoding="utf-8")), where=path.name)
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise PolicyError(f"{path.name}: not a readable scenario file ({error})") from error

    def to_toml(self) -> str:
        """Return the scenario as TOML text that `from_toml` reads back."""
        lines = [
            f'policy = "{self.policy}"',
            f"budget = {self.budget!r}",
            f"seed = {self.seed}",
            f"draws = {self.draws}",
        ]
        if self.view:
            lines.append(f'view = "{self.view}"')
        for name in ("weights", "costs"):
            pairs: Pairs = getattr(self, name)
            if pairs:
                lines += ["", f"[{name}]", *(f"{key} = {value!r}" for key, value in pairs)]
        return "\n".join(lines) + "\n"

    def to_query(self) -> dict[str, str]:
        """Return the scenario as URL query parameters; nothing private is in it."""
        query = {"policy": self.policy, "budget": f"{self.budget:.0f}", "seed": str(self.seed)}
        if self.view:
            query["view"] = self.view
        query |= {f"w.{key}": f"{value:g}" for key, value in self.weights}
        query |= {f"c.{key}": f"{value:g}" for key, value in self.costs}
        return query

    @classmethod
    def from_query(cls, query: Mapping[str, str], *, default: Scenario) -> Scenario:
        """Build a scenario from URL query parameters; what is not given comes from `default`."""
        raw = default.to_mapping()
        raw |= {key: query[key] for key in ("policy", "budget", "seed", "view") if key in query}
        for prefix, name in (("w.", "weights"), ("c.", "costs")):
            raw[name] |= {key[2:]: value for key, value in query.items() if key.startswith(prefix)}
        return cls.from_mapping(raw, where="link")


def _number(value: object, where: str) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise PolicyError(f"{where} is {value!r}; expected a number") from error
