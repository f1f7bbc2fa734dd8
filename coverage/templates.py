"""Ways of scoring areas that others have published: weights, bounds and the rule of the score, as data.

Templates are TOML files in ``data/templates``. A template is read once, checked whole, and never changed. Where a
policy says who is eligible and what must be delivered, a template only says who comes first; the policy's own criteria
are one too. coverage/scoring.py scores by them.
"""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

from coverage.criteria import MEASURES
from coverage.errors import PolicyError
from coverage.policy import LANGUAGES, Criterion, Policy, read_part

Text = dict[str, str]  # language code -> text

Pairs = tuple[tuple[str, float], ...]  # criterion id -> weight, as a scenario holds them

TEMPLATE_DIR: Final = Path(__file__).parent.parent / "data" / "templates"
OPTIONAL: Final = Path(__file__).parent.parent / "data" / "criteria" / "optional.toml"
# derived: arithmetic on published figures; assumed: general knowledge; unconfirmed: a text that was not read
CONFIDENCES: Final = ("published", "derived", "assumed", "unconfirmed")
WEIGHTED_SUM: Final = "weighted_sum"
REFERENCE_PRICE: Final = "reference_price"
REFERENCE_PERCENT: Final = "reference_percent"  # the only criterion of a reference price
RULES: Final = (WEIGHTED_SUM, REFERENCE_PRICE)

Part = TypeVar("Part")


@dataclass(frozen=True)
class Mark:
    """Name a number of points that opens something, such as a fast lane."""

    id: str
    label: Text
    points: float
    source: str
    confidence: str


@dataclass(frozen=True)
class Prices:
    """Say how a request is scored against a reference price: points less percent, within it and above it."""

    points_within: float
    points_above: float
    reject_above: float  # percent of the reference
    source: str
    confidence: str


@dataclass(frozen=True)
class Reference:
    """Hold a reference price for areas that have none of their own: public money per premises."""

    currency: str
    per_premises: float
    source: str
    confidence: str


@dataclass(frozen=True)
class Template:
    """Hold one way of scoring, whole and checked. `currency` is that of its amounts, "" where it has none."""

    id: str
    name: Text
    rule: str
    max_points: float
    source: str
    confidence: str
    note: Text
    criteria: tuple[Criterion, ...]
    currency: str = ""
    marks: tuple[Mark, ...] = ()
    prices: Prices | None = None
    references: tuple[Reference, ...] = ()

    def with_weights(self, changed: Mapping[str, float]) -> dict[str, float]:
        """Return the weight of every criterion, in order: the changed ones, and else its own.

        An optional criterion that it does not have may be given the weight 0. Raises PolicyError for other names that
        it does not have, for what is no weight, and if nothing has any.
        """
        weights = {criterion.id: float(criterion.weight) for criterion in self.criteria}
        for name, value in changed.items():
            if not 0 <= value < math.inf:
                raise PolicyError(f"scenario: weights.{name} is {value!r}; expected a number of 0 or more")
            if name in weights:
                weights[name] = float(value)
            elif value > 0 or name not in {criterion.id for criterion in optional_criteria()}:
                raise PolicyError(f"scenario: weights.{name}: {self.id} has only {', '.join(weights)}")
        if not sum(weights.values()) > 0:
            raise PolicyError(f"scenario: weights: one of {', '.join(weights)} must be above 0 in {self.id}")
        return weights

    def extend(self, weights: Pairs) -> Template:
        """Return the template with the optional criteria to which `weights` gives more than 0, after its own.

        They have the weight 0 in it: the weights themselves stay the scenario's. Raises PolicyError where the rule
        takes no other criteria.
        """
        asked = {name for name, value in weights if value > 0} - {criterion.id for criterion in self.criteria}
        more = tuple(criterion for criterion in optional_criteria() if criterion.id in asked)
        if more and self.rule == REFERENCE_PRICE:
            raise PolicyError(f"scenario: weights.{more[0].id} cannot join {self.id}, which scores by price alone")
        return replace(self, criteria=(*self.criteria, *more)) if more else self

    def on(self, policy: Policy) -> Policy:
        """Return the policy with the criteria of this template in place of its own."""
        return policy if self.criteria == policy.criteria else replace(policy, criteria=self.criteria)

    def marked(self) -> tuple[tuple[str, str], ...]:
        """List the parts that are not published, and their confidence."""
        parts = [("template", self.confidence)]
        parts += [(f"criterion {criterion.id}", criterion.confidence) for criterion in self.criteria]
        parts += [(f"mark {mark.id}", mark.confidence) for mark in self.marks]
        parts += [("prices", self.prices.confidence)] if self.prices else []
        parts += [(f"reference in {item.currency}", item.confidence) for item in self.references]
        return tuple((name, confidence) for name, confidence in parts if confidence != "published")


def list_templates(directory: Path = TEMPLATE_DIR) -> tuple[str, ...]:
    """List the ids of the templates in a folder, sorted."""
    return tuple(sorted(path.stem for path in directory.glob("*.toml")))


def load_template(template_id: str, *, directory: Path = TEMPLATE_DIR) -> Template:
    """Read and check the template `template_id`; raises PolicyError naming the file, the key and what was expected."""
    path = directory / f"{template_id}.toml"
    if path.parent != directory or not path.is_file():
        known = ", ".join(list_templates(directory)) or "none"
        raise PolicyError(f"template {template_id!r} is not known; those in data/templates are: {known}")
    return _template(_text(path), path.name)


@lru_cache(maxsize=64)
def _template(text: str, where: str) -> Template:
    """Return the template of a file's text: the same text is checked once, however often a page asks for it."""
    raw = _read(text, where)
    criteria = _criteria(raw.pop("criteria", {}), where)
    raw["marks"] = tuple(_part(Mark, item, f"{where}: marks") for item in raw.get("marks", []))
    raw["references"] = tuple(_part(Reference, item, f"{where}: references") for item in raw.get("references", []))
    raw["prices"] = _part(Prices, raw["prices"], f"{where}: prices") if "prices" in raw else None
    template = _part(Template, raw | {"criteria": criteria}, where)
    problems = _problems(template)
    if problems:
        raise PolicyError(f"{where}: " + "; ".join(problems))
    return template


def optional_criteria(path: Path = OPTIONAL) -> tuple[Criterion, ...]:
    """Return the criteria that no policy has by itself, of weight 0. Raises PolicyError where they cannot be used."""
    return _optional(_text(path), path.name)


@lru_cache(maxsize=8)
def _optional(text: str, where: str) -> tuple[Criterion, ...]:
    raw = {name: {"weight": 0.0, **table} for name, table in _read(text, where).items()}
    criteria = _criteria(raw, where)
    problems = _criterion_problems(criteria)
    if problems:
        raise PolicyError(f"{where}: " + "; ".join(problems))
    return criteria


def of_policy(policy: Policy) -> Template:
    """Return the policy's own criteria as a template: the weighted mean of their scores."""
    return Template(
        id=policy.id,
        name=dict.fromkeys(LANGUAGES, policy.name),
        rule=WEIGHTED_SUM,
        max_points=100.0,
        source=policy.source,
        confidence="published",
        note={},
        criteria=policy.criteria,
        currency=policy.currency,
    )


def choose_template(policy: Policy, *, template_id: str = "", weights: Pairs = ()) -> Template:
    """Return what areas are scored by: a template, or where none is named the policy's criteria; with optional ones.

    Raises PolicyError for a template that is not known or that optional criteria with weight cannot join.
    """
    return (load_template(template_id) if template_id else of_policy(policy)).extend(weights)


def template_digest(template_id: str) -> str:
    """Return the SHA-256 of a template's file, "" for none."""
    return hashlib.sha256((TEMPLATE_DIR / f"{template_id}.toml").read_bytes()).hexdigest() if template_id else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path.name, error) from error


def _read(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(where, error) from error


def _unreadable(where: str, error: Exception) -> PolicyError:
    return PolicyError(f"{where}: not a readable TOML file ({error})")


def _criteria(raw: Mapping[str, Any], where: str) -> tuple[Criterion, ...]:
    return tuple(_part(Criterion, {"id": key, **table}, f"{where}: criteria.{key}") for key, table in raw.items())


def _part(kind: type[Part], raw: Mapping[str, Any], where: str) -> Part:
    part = read_part(kind, raw, where)
    for name, type_ in ((item.name, str(item.type)) for item in fields(kind)):  # type: ignore[arg-type]
        value = getattr(part, name)
        if type_ == "float" and not math.isfinite(value):
            raise PolicyError(f"{where}: {name} is {value!r}; expected a number")
        if type_ == "str" and not isinstance(value, str):
            raise PolicyError(f"{where}: {name} is {value!r}; expected a text")
        told = isinstance(value, dict) and all(str(value.get(language, "")).strip() for language in LANGUAGES)
        if type_ == "Text" and not told:
            raise PolicyError(f"{where}: {name} is {value!r}; expected a text in each of {', '.join(LANGUAGES)}")
    return part


def _problems(template: Template) -> list[str]:
    priced = template.rule == REFERENCE_PRICE
    problems = _criterion_problems(template.criteria)
    if template.rule not in RULES:
        problems.append(f"rule {template.rule!r} is none of {', '.join(RULES)}")
    if not template.max_points > 0:
        problems.append("max_points must be above 0")
    if not sum(criterion.weight for criterion in template.criteria) > 0:
        problems.append("the criteria's weights must add up to more than 0")
    if priced != (template.prices is not None):
        problems.append(f"prices are needed by the rule {REFERENCE_PRICE}, and by no other")
    if priced and [criterion.id for criterion in template.criteria] != [REFERENCE_PERCENT]:
        problems.append(f"the rule {REFERENCE_PRICE} has one criterion, {REFERENCE_PERCENT}")
    if template.prices and not template.prices.points_within >= template.prices.points_above + 100:
        problems.append("prices: points_within less 100 must not be below points_above")
    if template.prices and not template.prices.points_within <= template.max_points:
        problems.append("prices: points_within must not be above max_points")
    problems += [f"reference in {item.currency}: per_premises must be above 0" for item in template.references
                 if not item.per_premises > 0]  # fmt: skip
    problems += [
        f"confidence {confidence!r} of {name} is none of {', '.join(CONFIDENCES)}"
        for name, confidence in template.marked()
        if confidence not in CONFIDENCES
    ]
    return problems


def _criterion_problems(criteria: Sequence[Criterion]) -> list[str]:
    problems = [f"criterion {item.id!r}: low and high are equal" for item in criteria if item.low == item.high]
    problems += [f"criterion {item.id!r}: its weight is below 0" for item in criteria if item.weight < 0]
    problems += [
        f"criterion {item.id!r} is not known; expected one of {', '.join(MEASURES)}"
        for item in criteria
        if item.id not in MEASURES
    ]
    problems += [
        f"confidence {item.confidence!r} of criterion {item.id!r} is none of {', '.join(CONFIDENCES)}"
        for item in criteria
        if item.confidence not in CONFIDENCES
    ]
    return problems
