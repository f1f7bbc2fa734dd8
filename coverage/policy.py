"""Dated rule packs: who is short of service, who is eligible, what must be delivered, how areas are scored.

Packs are TOML files in ``data/policies``. A pack is read once, checked whole, and never changed.
"""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

from coverage.errors import PolicyError
from coverage.rules import (
    ALLOWING,
    AREA_RULES,
    EXPECTED_SHARE,
    LANGUAGES,
    RULES,
    Aim,
    AreaRules,
    Clause,
    Criterion,
    FixedRules,
    MeasuredRules,
    MobileRules,
    Policy,
    SubsidyRules,
    Tier,
)
from coverage.schemas import MOBILE_LEVELS, SERVED, TECHNOLOGIES

__all__ = [
    "ALLOWING",
    "AREA_RULES",
    "CONFIDENCES",
    "EXPECTED_SHARE",
    "LANGUAGES",
    "POLICY_DIR",
    "RULES",
    "VIEWS",
    "Aim",
    "AreaRules",
    "Clause",
    "Criterion",
    "FixedRules",
    "MeasuredRules",
    "MobileRules",
    "Policy",
    "SubsidyRules",
    "Tier",
    "list_policies",
    "load_policy",
]

POLICY_DIR: Final = Path(__file__).parent.parent / "data" / "policies"

CONFIDENCES: Final = ("published", "assumed", "unconfirmed")
VIEWS: Final = ("business_case", "private_cap")

Part = TypeVar("Part")


def list_policies(directory: Path = POLICY_DIR) -> tuple[str, ...]:
    """List the ids of the packs in a folder, sorted."""
    return tuple(sorted(path.stem for path in directory.glob("*.toml")))


def load_policy(policy_id: str, *, directory: Path = POLICY_DIR) -> Policy:
    """Read and check the pack `policy_id`.

    Raises PolicyError naming the file, the key and what was expected.
    """
    path = directory / f"{policy_id}.toml"
    if path.parent != directory or not path.is_file():
        known = ", ".join(list_policies(directory)) or "none"
        raise PolicyError(f"policy {policy_id!r} is not known; the packs in data/policies are: {known}")
    try:
        return _checked(path.read_text(encoding="utf-8"), path.name)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path.name}: not valid TOML ({error})") from error


@lru_cache(maxsize=64)
def _checked(text: str, where: str) -> Policy:
    """Return the pack of a file's text: the same text is checked once, however often a page asks for it."""
    return _policy(tomllib.loads(text), where)


def _policy(raw: dict[str, Any], where: str) -> Policy:
    tiers = tuple(read_part(Tier, item, f"{where}: tiers") for item in raw.pop("tiers", []))
    clauses = tuple(read_part(Clause, item, f"{where}: clauses") for item in raw.pop("clauses", []))
    criteria = tuple(
        read_part(Criterion, {"id": key, **value}, f"{where}: criteria.{key}")
        for key, value in raw.pop("criteria", {}).items()
    )
    business = raw.pop("business", {})
    policy: Policy = read_part(
        Policy,
        {
            "valid_to": None,
            **raw,
            "tiers": tiers,
            "clauses": clauses,
            "criteria": criteria,
            "fixed": read_part(FixedRules, raw.get("fixed", {}), f"{where}: fixed"),
            "mobile": read_part(MobileRules, raw.get("mobile", {}), f"{where}: mobile"),
            "subsidy": read_part(SubsidyRules, raw.get("subsidy", {}), f"{where}: subsidy"),
            "areas": read_part(AreaRules, raw.get("areas", {}), f"{where}: areas"),
            "employees_cap": business.get("employees_cap", 50),
            "measured": read_part(MeasuredRules, raw.get("measured", {}), f"{where}: measured"),
            "aim": read_part(Aim, raw["aim"], f"{where}: aim") if "aim" in raw else None,
        },
        where,
    )
    problems = list(_problems(policy))
    if problems:
        raise PolicyError(f"{where}: " + "; ".join(problems))
    return policy


def read_part(kind: type[Part], raw: Mapping[str, Any], where: str) -> Part:
    """Build one part of a pack from the values of a TOML table, or raise PolicyError naming the key."""
    known = {field.name: field for field in fields(kind) if not field.metadata.get("own")}  # type: ignore[arg-type]
    unknown = sorted(set(raw) - set(known))
    missing = [name for name, field in known.items() if name not in raw and field.default is MISSING]
    if unknown:
        raise PolicyError(f"{where}: unknown key {unknown[0]!r}; expected one of {', '.join(known)}")
    if missing:
        raise PolicyError(f"{where}: the key {missing[0]!r} is missing")
    for name, value in raw.items():
        expected = str(known[name].type)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if expected in ("float", "int") and not number:
            raise PolicyError(f"{where}: {name} is {value!r}; expected a number")
        if "dt.date" in expected and value is not None and type(value) is not dt.date:
            raise PolicyError(f"{where}: {name} is {value!r}; expected a date such as 2024-01-31")
        if expected == "bool" and not isinstance(value, bool):
            raise PolicyError(f"{where}: {name} is {value!r}; expected true or false")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()})


def _labels(policy: Policy) -> list[tuple[str, Any]]:
    """Name every label of a pack that people read."""
    labels: list[tuple[str, Any]] = [(f"tier {tier.id!r}", tier.label) for tier in policy.tiers]
    labels += [(f"clause {clause.id!r}", clause.label) for clause in policy.clauses]
    return labels + [(f"criterion {criterion.id!r}", criterion.label) for criterion in policy.criteria]


def _problems(policy: Policy) -> list[str]:
    problems = []
    downs = [tier.down_mbps for tier in policy.tiers]
    if not downs or downs != sorted(set(downs)):
        problems.append("tiers must be given in rising order of down_mbps, none twice")
    if not policy.eligible_tiers:
        problems.append("no tier is eligible")
    problems += [f"tier id {tier.id!r} is reserved" for tier in policy.tiers if tier.id == SERVED]
    problems += [
        f"tier {tier.id!r} must deliver at least its own threshold"
        for tier in policy.tiers
        if tier.eligible and not tier.reached(tier.deliver_down_mbps, tier.deliver_up_mbps)
    ]
    problems += [
        f"clause {clause.id!r}: unknown rule {clause.rule!r}; expected one of {', '.join(RULES)}"
        for clause in policy.clauses
        if clause.rule not in RULES
    ]
    problems += [
        f"the label of {name} lacks the language {language!r}; expected a text in each of {', '.join(LANGUAGES)}"
        for name, label in _labels(policy)
        for language in LANGUAGES
        if not (isinstance(label, dict) and isinstance(label.get(language), str) and label[language].strip())
    ]
    eligible = [tier.eligible for tier in policy.tiers]
    if eligible != sorted(eligible, reverse=True):
        problems.append("the eligible tiers must stand below those that are not")
    if not policy.clauses or policy.clauses[-1].rule != "eligible":
        problems.append("the last clause must have the rule 'eligible'")
    unknown = sorted(set(policy.fixed.technologies) - set(TECHNOLOGIES))
    allowing = [clause.rule in ALLOWING for clause in policy.clauses]
    if allowing != sorted(allowing):
        problems.append(f"clauses that exclude must stand before those with the rule {' or '.join(ALLOWING)}")
    problems += [
        f"tier {tier.id!r}: or_down_mbps must be above down_mbps"
        for tier in policy.tiers
        if not tier.or_down_mbps > tier.down_mbps
    ]
    problems += [
        f"tier {tier.id!r}: a delivery factor is 0 (none) or at least 1"
        for tier in policy.tiers
        for factor in (tier.deliver_down_factor, tier.deliver_up_factor)
        if factor and factor < 1
    ]
    if not (len(policy.currency) == 3 and policy.currency.isupper()):
        problems.append(f"currency is {policy.currency!r}; expected three capital letters such as NOK")
    if policy.valid_to is not None and policy.valid_to < policy.valid_from:
        problems.append("valid_to is before valid_from")
    if unknown:
        problems.append(f"fixed.technologies: {unknown[0]!r} is none of {', '.join(TECHNOLOGIES)}")
    if policy.mobile.level not in MOBILE_LEVELS:
        problems.append(f"mobile.level {policy.mobile.level!r} is none of {', '.join(MOBILE_LEVELS)}")
    if not policy.mobile.basic_dbm < policy.mobile.good_dbm < policy.mobile.very_good_dbm:
        problems.append("mobile thresholds must rise from basic_dbm to very_good_dbm")
    if policy.mobile.indoor_level not in ("", *MOBILE_LEVELS[1:]):
        problems.append(f"mobile.indoor_level {policy.mobile.indoor_level!r} is none of {', '.join(MOBILE_LEVELS[1:])}")
    if policy.mobile.indoor_loss_db < 0:
        problems.append("mobile.indoor_loss_db is below 0")
    problems += [
        f"mobile.{name} is {getattr(policy.mobile, name)}; expected a finite number, not below 0"
        for name in ("gain_per_km2", "gain_per_road_km")
        if not 0 <= getattr(policy.mobile, name) < math.inf
    ]
    if not 0 <= policy.measured.flag_below <= 1:
        problems.append("measured.flag_below must be a share from 0 to 1")
    if not policy.fixed.max_latency_ms > 0:
        problems.append("fixed.max_latency_ms must be above 0")
    if policy.subsidy.view not in VIEWS:
        problems.append(f"subsidy.view {policy.subsidy.view!r} is none of {', '.join(VIEWS)}")
    problems += [f"criterion {item.id!r}: low and high are equal" for item in policy.criteria if item.low == item.high]
    if sum(item.weight for item in policy.criteria) <= 0:
        problems.append("the criteria's weights must add up to more than 0")
    problems += [
        f"confidence {confidence!r} of {name} is none of {', '.join(CONFIDENCES)}"
        for name, confidence in policy.marked()
        if confidence not in CONFIDENCES
    ]
    return problems
