"""One question put to a study: which policy, budget, weights, cost overrides and seed.

A Scenario is frozen and hashable, so it can key caches, and it travels as TOML or in a URL.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from coverage.errors import PolicyError
from coverage.policy import AREA_RULES, VIEWS, Policy
from coverage.rules import Pairs as Pairs
from coverage.wishes import Wishes

DEFAULT_SEED: Final = 2024
DEFAULT_DRAWS: Final = 1000
MOST_WHOLE: Final = 2**53  # what a number in JSON holds exactly

PAIRS: Final = ("weights", "costs", "areas")
SPLIT: Final = "split_by_municipality"

MOBILE_CHOICES: Final = ("", "fund", "exclude")

RESIDENT_FIELDS: Final = ("connection_fee", "dugnad_m")


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
    areas: Pairs = ()  # one of AREA_RULES -> value (of split_by_municipality 0 or 1), only where changed
    connection_fee: float = 0.0  # what each connected customer gives towards the build, once; in the study's currency
    dugnad_m: float = 0.0  # metres of trench that residents dig for nothing, in each area
    template: str = ""  # "" = the policy's own criteria; else one of data/templates, that scores in their place
    wishes: Wishes = field(default_factory=Wishes)  # what is asked of the chosen set beside the largest benefit
    mobile: str = ""  # whether areas of kind mobile may be funded: "" as the policy says, or one of MOBILE_CHOICES

    def __post_init__(self) -> None:
        """Refuse values that no run could use."""
        if not 0 <= self.budget < math.inf:
            raise PolicyError(f"scenario: budget is {self.budget!r}; expected an amount of 0 or more")
        if self.draws < 1:
            raise PolicyError(f"scenario: draws is {self.draws!r}; expected 1 or more")
        if self.view and self.view not in VIEWS:
            raise PolicyError(f"scenario: view is {self.view!r}; expected one of {', '.join(VIEWS)}")
        if self.mobile not in MOBILE_CHOICES:
            raise PolicyError(f"scenario: mobile is {self.mobile!r}; expected one of {', '.join(MOBILE_CHOICES[1:])}")
        residents = ((name, getattr(self, name)) for name in RESIDENT_FIELDS)
        for name, value in (*self.weights, *self.costs, *residents):
            if not (value >= 0 and math.isfinite(value)):
                raise PolicyError(f"scenario: {name} is {value!r}; expected a number of 0 or more")
        for name, value in self.areas:
            _check_area_rule(name, value)

    def with_changes(self, **changes: Any) -> Scenario:
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    def shape(self, policy: Policy) -> Policy:
        """Return the policy with the rules for areas that this scenario changes; raise PolicyError if none can follow.

        Areas and routes follow from it, so it goes to `prepare` and must be part of what a cache is kept under.
        """
        return policy.with_area_rules(self.areas)

    @property
    def money(self) -> float:
        """Return the grant money there is: the budget, or what the wishes name as pots in its place."""
        return math.fsum(amount for _, amount in self.wishes.money(self.budget))

    def funds_mobile(self, policy: Policy) -> bool:
        """Say whether areas of kind mobile compete for the budget."""
        return policy.mobile.supported if not self.mobile else self.mobile == "fund"

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
            "areas": {name: _area_value(name, value) for name, value in self.areas},
            "connection_fee": self.connection_fee,
            "dugnad_m": self.dugnad_m,
            "mobile": self.mobile,
            "template": self.template,
            "wishes": self.wishes.to_mapping(),
        }

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any], *, where: str = "scenario") -> Scenario:
        """Build a scenario from plain values, or raise PolicyError naming the key."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(raw) - known)
        if unknown:
            raise PolicyError(f"{where}: unknown key {unknown[0]!r}; expected one of {', '.join(sorted(known))}")
        values = dict(raw)
        for name in PAIRS:
            values[name] = tuple(
                sorted((str(k), _number(v, f"{where}: {name}.{k}")) for k, v in dict(raw.get(name, {})).items())
            )
        if "policy" not in raw or "budget" not in raw:
            raise PolicyError(f"{where}: the keys 'policy' and 'budget' are needed")
        values["budget"] = _number(raw["budget"], f"{where}: budget")
        for name in ("seed", "draws"):
            if name in raw:
                values[name] = _whole(raw[name], f"{where}: {name}")
        for name in RESIDENT_FIELDS:
            if name in raw:
                values[name] = _number(raw[name], f"{where}: {name}")
        if not isinstance(wished := raw.get("wishes", {}), Mapping):
            raise PolicyError(f"{where}: wishes is {wished!r}; expected a table")
        values["wishes"] = Wishes.from_mapping(wished, where=f"{where}: wishes")
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
        if self.mobile:
            lines.append(f'mobile = "{self.mobile}"')
        if self.template:
            lines.append(f'template = "{self.template}"')
        lines += [f"{name} = {getattr(self, name)!r}" for name in RESIDENT_FIELDS if getattr(self, name)]
        for name in PAIRS:
            pairs: dict[str, float | bool] = self.to_mapping()[name]
            if pairs:
                lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in pairs.items())]
        wished = self.wishes.to_mapping()
        tables = {name: value for name, value in wished.items() if isinstance(value, dict)}
        if wished:
            lines += ["", "[wishes]", *(f"{k} = {_json(v)}" for k, v in wished.items() if k not in tables)]
        for name, table in tables.items():
            lines += ["", f"[wishes.{name}]", *(f"{_json(key)} = {value!r}" for key, value in table.items())]
        return "\n".join(lines) + "\n"

    def to_query(self) -> dict[str, str]:
        """Return the scenario as URL query parameters; nothing private is in it."""
        query = {"policy": self.policy, "budget": f"{self.budget:.0f}", "seed": str(self.seed)}
        if self.view:
            query["view"] = self.view
        if self.mobile:
            query["mobile"] = self.mobile
        if self.template:
            query["template"] = self.template
        query |= {name: f"{getattr(self, name):.12g}" for name in RESIDENT_FIELDS if getattr(self, name)}
        query |= {f"w.{key}": f"{value:.12g}" for key, value in self.weights}
        query |= {f"c.{key}": f"{value:.12g}" for key, value in self.costs}
        query |= {f"a.{key}": f"{value:.12g}" for key, value in self.areas}
        if self.wishes:
            query["wishes"] = json.dumps(self.wishes.to_mapping(), separators=(",", ":"))
        return query

    @classmethod
    def from_query(cls, query: Mapping[str, str], *, default: Scenario) -> Scenario:
        """Build a scenario from URL query parameters; what is not given comes from `default`."""
        raw = default.to_mapping()
        raw |= {
            key: query[key]
            for key in ("policy", "budget", "seed", "view", "mobile", "template", *RESIDENT_FIELDS)
            if key in query
        }
        for prefix, name in (("w.", "weights"), ("c.", "costs"), ("a.", "areas")):
            raw[name] |= {key[2:]: value for key, value in query.items() if key.startswith(prefix)}
        if "wishes" in query:
            try:
                raw["wishes"] = json.loads(query["wishes"])
            except ValueError as error:
                raise PolicyError(f"link: wishes is no JSON ({error})") from error
        return cls.from_mapping(raw, where="link")


def _check_area_rule(name: str, value: float) -> None:
    if name not in AREA_RULES:
        raise PolicyError(f"scenario: areas.{name} is not known; expected one of {', '.join(AREA_RULES)}")
    if name == SPLIT and value not in (0, 1):
        raise PolicyError(f"scenario: areas.{name} is {value!r}; expected true or false")
    if not (value > 0 or (value == 0 and name in (SPLIT, "min_premises"))) or math.isinf(value):
        raise PolicyError(f"scenario: areas.{name} is {value!r}; expected a number above 0")


def _area_value(name: str, value: float) -> float | bool:
    return bool(value) if name == SPLIT else value


def _json(value: object) -> str:
    """Write a text, number or list as JSON that TOML reads as well: it knows no pairs of surrogates."""
    return json.dumps(value, ensure_ascii=False)


def _toml(value: float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _whole(value: object, where: str) -> int:
    number = _number(value, where)
    if not (0 <= number < MOST_WHOLE and number.is_integer()):
        raise PolicyError(f"{where} is {str(value)[:40]!r}; expected a whole number of 0 or more")
    return int(number)


def _number(value: object, where: str) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise PolicyError(f"{where} is {value!r}; expected a number") from error
