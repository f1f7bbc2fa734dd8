"""A dated rule pack: who is short of service, who is eligible, what must be delivered, how areas are scored.

Packs are TOML files in ``data/policies``. A pack is read once, checked whole, and never changed.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
import tomllib
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from coverage.errors import PolicyError
from coverage.schemas import MOBILE_LEVELS, SERVED, TECHNOLOGIES

POLICY_DIR: Final = Path(__file__).parent.parent / "data" / "policies"

RULES: Final = (
    "outside_study",
    "not_short",
    "holiday",
    "not_year_round",
    "planned_within_horizon",
    "upgradeable",
    "eligible",
)
CONFIDENCES: Final = ("published", "assumed", "unconfirmed")
VIEWS: Final = ("business_case", "private_cap")

Text = dict[str, str]  # language code -> text
Part = TypeVar("Part")


@dataclass(frozen=True)
class Tier:
    """Stand for one step of service: a place is in it if its best offer stays below `down_mbps` or `up_mbps`."""

    id: str
    label: Text
    down_mbps: float
    up_mbps: float
    eligible: bool
    confidence: str
    deliver_down_mbps: float = 0.0  # what a funded network must give here
    deliver_up_mbps: float = 0.0


@dataclass(frozen=True)
class FixedRules:
    """Say which fixed offers count, and how credible plans are treated."""

    technologies: tuple[str, ...]
    plan_horizon_years: float
    plan_min_down_mbps: float
    network_counts_from_mbps: float
    source: str
    confidence: str
    max_latency_ms: float = math.inf  # an offer known to be slower to answer does not count
    counts_closing: bool = True  # an offer that ends within the plan horizon counts until it does


@dataclass(frozen=True)
class MeasuredRules:
    """Say when measured speed is so far below claimed speed that the claim is flagged. It never changes a verdict."""

    flag_below: float = 0.0  # of the claimed download speed; 0: never
    min_tests: float = 0.0  # where the number of tests is known
    source: str = ""
    confidence: str = "assumed"


@dataclass(frozen=True)
class Clause:
    """Stand for one rule of eligibility; the first clause of a pack that holds decides a place."""

    id: str
    rule: str
    label: Text
    confidence: str


@dataclass(frozen=True)
class MobileRules:
    """Say which mobile level, of how many operators, is enough, and how levels follow from dBm."""

    level: str
    operators: int
    technologies: tuple[str, ...]
    basic_dbm: float
    good_dbm: float
    very_good_dbm: float
    source: str
    confidence: str
    # Use indoors, never both: from dBm less what the walls take, or from a level, which holds margins already, where
    # a source gives levels only. 0 and "": not told.
    indoor_loss_db: float = 0.0
    indoor_level: str = ""


@dataclass(frozen=True)
class SubsidyRules:
    """Hold the parameters of the funding gap and of who pays it. Amounts in the study's currency."""

    view: str
    horizon_years: int
    local_share: float
    county_share: float
    private_cap_per_premises: float
    ceiling_per_premises: float
    source: str
    confidence: str


@dataclass(frozen=True)
class AreaRules:
    """Say how eligible places become project areas."""

    split_by_municipality: bool
    cut_m: float
    max_premises: float
    min_premises: float
    source: str
    confidence: str


@dataclass(frozen=True)
class Criterion:
    """Map a raw measure to 0..100 by fixed bounds; `low` scores 0, `high` scores 100 (low > high: less is better)."""

    id: str
    label: Text
    weight: float
    low: float
    high: float
    unit: str
    confidence: str


@dataclass(frozen=True)
class Policy:
    """Hold one rule pack, whole and checked."""

    id: str
    name: str
    country: str
    valid_from: dt.date
    valid_to: dt.date | None
    legal_basis: str
    source: str
    tiers: tuple[Tier, ...]
    fixed: FixedRules
    clauses: tuple[Clause, ...]
    mobile: MobileRules
    subsidy: SubsidyRules
    areas: AreaRules
    criteria: tuple[Criterion, ...]
    employees_cap: float
    measured: MeasuredRules = field(default_factory=MeasuredRules)

    @property
    def tier_ids(self) -> tuple[str, ...]:
        """Return the ids of all tiers in rising order, `served` last."""
        return (*(tier.id for tier in self.tiers), SERVED)

    @property
    def eligible_tiers(self) -> tuple[str, ...]:
        """Return the ids of the tiers whose places may be supported."""
        return tuple(tier.id for tier in self.tiers if tier.eligible)

    def tier(self, tier_id: str) -> Tier:
        """Return one tier by its id, or raise KeyError."""
        return next(tier for tier in self.tiers if tier.id == tier_id)

    def tier_index(self, down_mbps: npt.ArrayLike, up_mbps: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Place offers in tiers: the index in `tier_ids` of the first tier whose threshold is not reached."""
        down, up = np.broadcast_arrays(np.asarray(down_mbps, float), np.asarray(up_mbps, float))
        index = np.zeros(down.shape, dtype=np.int64)
        for number, tier in enumerate(self.tiers):
            reached = (index == number) & (down >= tier.down_mbps) & (up >= tier.up_mbps)
            index += reached
        return index

    def plan_limit(self, as_of: dt.date) -> dt.date:
        """Return the last day on which a planned build must be available to count as credible on `as_of`."""
        months = as_of.month - 1 + round(12 * self.fixed.plan_horizon_years)
        year, month = as_of.year + months // 12, months % 12 + 1
        return dt.date(year, month, min(as_of.day, calendar.monthrange(year, month)[1]))

    def assumed(self) -> tuple[str, ...]:
        """List the parts of the pack that rest on general knowledge and must be marked wherever shown."""
        parts = [
            ("mobile", self.mobile),
            ("subsidy", self.subsidy),
            ("areas", self.areas),
            ("fixed", self.fixed),
        ]
        parts += [("measured", self.measured)] if self.measured.flag_below else []
        parts += [(f"tier {tier.id}", tier) for tier in self.tiers]
        parts += [(f"clause {clause.id}", clause) for clause in self.clauses]
        parts += [(f"criterion {criterion.id}", criterion) for criterion in self.criteria]
        return tuple(name for name, part in parts if getattr(part, "confidence", "") != "published")


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
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path.name}: not valid TOML ({error})") from error
    return _policy(raw, path.name)


def _policy(raw: dict[str, Any], where: str) -> Policy:
    tiers = tuple(_part(Tier, item, f"{where}: tiers") for item in raw.pop("tiers", []))
    clauses = tuple(_part(Clause, item, f"{where}: clauses") for item in raw.pop("clauses", []))
    criteria = tuple(
        _part(Criterion, {"id": key, **value}, f"{where}: criteria.{key}")
        for key, value in raw.pop("criteria", {}).items()
    )
    business = raw.pop("business", {})
    policy: Policy = _part(
        Policy,
        {
            "valid_to": None,
            **raw,
            "tiers": tiers,
            "clauses": clauses,
            "criteria": criteria,
            "fixed": _part(FixedRules, raw.get("fixed", {}), f"{where}: fixed"),
            "mobile": _part(MobileRules, raw.get("mobile", {}), f"{where}: mobile"),
            "subsidy": _part(SubsidyRules, raw.get("subsidy", {}), f"{where}: subsidy"),
            "areas": _part(AreaRules, raw.get("areas", {}), f"{where}: areas"),
            "employees_cap": business.get("employees_cap", 50),
            "measured": _part(MeasuredRules, raw.get("measured", {}), f"{where}: measured"),
        },
        where,
    )
    problems = list(_problems(policy))
    if problems:
        raise PolicyError(f"{where}: " + "; ".join(problems))
    return policy


def _part(kind: type[Part], raw: dict[str, Any], where: str) -> Part:
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
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
        if expected == "bool" and not isinstance(value, bool):
            raise PolicyError(f"{where}: {name} is {value!r}; expected true or false")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()})


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
        if tier.eligible and tier.deliver_down_mbps < tier.down_mbps
    ]
    problems += [
        f"clause {clause.id!r}: unknown rule {clause.rule!r}; expected one of {', '.join(RULES)}"
        for clause in policy.clauses
        if clause.rule not in RULES
    ]
    if not policy.clauses or policy.clauses[-1].rule != "eligible":
        problems.append("the last clause must have the rule 'eligible'")
    unknown = sorted(set(policy.fixed.technologies) - set(TECHNOLOGIES))
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
    if not 0 <= policy.measured.flag_below <= 1:
        problems.append("measured.flag_below must be a share from 0 to 1")
    if not policy.fixed.max_latency_ms > 0:
        problems.append("fixed.max_latency_ms must be above 0")
    if policy.subsidy.view not in VIEWS:
        problems.append(f"subsidy.view {policy.subsidy.view!r} is none of {', '.join(VIEWS)}")
    problems += [f"criterion {item.id!r}: low and high are equal" for item in policy.criteria if item.low == item.high]
    if sum(item.weight for item in policy.criteria) <= 0:
        problems.append("the criteria's weights must add up to more than 0")
    parts: list[FixedRules | MeasuredRules | MobileRules | SubsidyRules | AreaRules | Tier | Clause | Criterion] = [
        policy.fixed,
        policy.measured,
        policy.mobile,
        policy.subsidy,
        policy.areas,
        *policy.tiers,
        *policy.clauses,
        *policy.criteria,
    ]
    problems += [
        f"confidence {part.confidence!r} is none of {', '.join(CONFIDENCES)}"
        for part in parts
        if part.confidence not in CONFIDENCES
    ]
    return problems
