"""What a rule pack says: tiers, offers that count, clauses, mobile levels, money, areas, criteria.

Plain frozen values and the few questions they answer; coverage/policy.py reads and checks them.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from coverage.errors import PolicyError
from coverage.schemas import SERVED

# The tests that a clause may name, in coverage/gaps.py. Those of ALLOWING make a place eligible, all others exclude it.
RULES: Final = (
    "outside_study",
    "not_short",
    "holiday",
    "not_year_round",
    "planned_within_horizon",
    "upgradeable",
    "earlier_funded_area",
    "black_area",
    "white_area",
    "eligible",
)
ALLOWING: Final = ("white_area", "eligible")
EXPECTED_SHARE: Final = "expected-share"  # the reason code where service is known as a share only
LANGUAGES: Final = ("en", "nb")  # every label of a pack stands in each of them

AREA_RULES: Final = ("split_by_municipality", "cut_m", "max_premises", "min_premises")  # that a scenario may change

Text = dict[str, str]  # language code -> text
Pairs = tuple[tuple[str, float], ...]  # name -> value, sorted by name: what is changed, frozen and hashable


@dataclass(frozen=True)
class Tier:
    """Stand for one step of service: a place is in it if its best offer stays below `down_mbps` or `up_mbps`.

    An offer of at least `or_down_mbps` down reaches the tier too, whatever it gives up. A funded network must give
    the speeds in `deliver_…_mbps`, and no less than `deliver_…_factor` times the best existing offer of its area.
    """

    id: str
    label: Text
    down_mbps: float
    up_mbps: float
    eligible: bool
    confidence: str
    deliver_down_mbps: float = 0.0
    deliver_up_mbps: float = 0.0
    deliver_down_factor: float = 0.0
    deliver_up_factor: float = 0.0
    or_down_mbps: float = math.inf
    source: str = ""
    deliver_confidence: str = ""  # where it is not that of the threshold

    def reached(self, down_mbps: npt.ArrayLike, up_mbps: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Say which offers reach the threshold."""
        down, up = np.asarray(down_mbps, float), np.asarray(up_mbps, float)
        fast = (down >= self.down_mbps) & (up >= self.up_mbps)
        return np.asarray(fast | (down >= self.or_down_mbps), dtype=bool)

    @property
    def speed(self) -> str:
        """Return the threshold as text, without its unit."""
        both = f"{self.down_mbps:g}/{self.up_mbps:g}" if self.up_mbps else f"{self.down_mbps:g}"
        return both if math.isinf(self.or_down_mbps) else f"{both} or {self.or_down_mbps:g}"


@dataclass(frozen=True)
class FixedRules:
    """Say which fixed offers count, and how credible plans are treated."""

    technologies: tuple[str, ...]
    plan_horizon_years: float
    plan_min_down_mbps: float
    network_counts_from_mbps: float
    source: str
    confidence: str
    plan_min_up_mbps: float = 0.0
    max_latency_ms: float = math.inf  # an offer known to be slower to answer does not count
    counts_closing: bool = True  # an offer that ends within the plan horizon counts until it does
    counts_overdue_plans: bool = True  # a plan whose day has passed, and that nobody has said to have lapsed, counts


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
    source: str = ""


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
    transport_routes: bool = False  # the scheme supports coverage along transport routes
    supported: bool = False  # the scheme gives money to mobile coverage
    supported_source: str = ""
    # What farmland and main roads count beside people, in weighted employees: the unit of business need.
    gain_per_km2: float = 0.0
    gain_per_road_km: float = 0.0
    gain_source: str = ""


@dataclass(frozen=True)
class SubsidyRules:
    """Hold the parameters of the funding gap and of who pays it. Amounts in the pack's currency; inf: no limit."""

    view: str
    horizon_years: int
    local_share: float
    county_share: float
    private_cap_per_premises: float
    source: str
    confidence: str
    ceiling_per_premises: float = math.inf
    scheme_ceiling: float = math.inf  # of all support under the scheme together
    scheme_ceiling_source: str = ""
    scheme_ceiling_confidence: str = "published"
    clawback_above: float = math.inf  # aid to one project above which the law demands a clawback
    clawback_source: str = ""


@dataclass(frozen=True)
class AreaRules:
    """Say how eligible places become project areas. `changed`: what a scenario says otherwise than the pack."""

    split_by_municipality: bool
    cut_m: float
    max_premises: float
    min_premises: float
    source: str
    confidence: str
    changed: tuple[tuple[str, float], ...] = field(default=(), metadata={"own": True})


@dataclass(frozen=True)
class Aim:
    """Name the speed that the scheme works towards, and by when. It decides no place."""

    down_mbps: float
    by: dt.date
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
    source: str = ""


@dataclass(frozen=True)
class Policy:
    """Hold one rule pack, whole and checked."""

    id: str
    name: str
    country: str
    currency: str
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
    aim: Aim | None = None

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
            index += (index == number) & tier.reached(down, up)
        return index

    @property
    def highest_eligible(self) -> int:
        """Return the index in `tier_ids` of the highest tier whose places may be supported."""
        return max(self.tier_ids.index(tier) for tier in self.eligible_tiers)

    def plan_counts(
        self,
        down_mbps: npt.ArrayLike,
        up_mbps: npt.ArrayLike,
        day: npt.ArrayLike,
        *,
        above: npt.ArrayLike,
        as_of: dt.date,
    ) -> npt.NDArray[np.bool_]:
        """Say which planned builds count: dated by `plan_limit`, fast enough, and lifting above a tier's index.

        `day` holds dates (datetime64, NaT: none). A plan without a date is not credible.
        """
        down, up = np.asarray(down_mbps, float), np.asarray(up_mbps, float)
        in_time = np.asarray(day, "datetime64[s]") <= np.datetime64(self.plan_limit(as_of), "s")
        fast = (down >= self.fixed.plan_min_down_mbps) & (up >= self.fixed.plan_min_up_mbps)
        return np.asarray(in_time & fast & (self.tier_index(down, up) > np.asarray(above)), dtype=bool)

    def plan_limit(self, as_of: dt.date) -> dt.date:
        """Return the last day on which a planned build must be available to count as credible on `as_of`."""
        months = as_of.month - 1 + round(12 * self.fixed.plan_horizon_years)
        year, month = as_of.year + months // 12, months % 12 + 1
        return dt.date(year, month, min(as_of.day, calendar.monthrange(year, month)[1]))

    def require_currency(self, currency: str, *, where: str) -> None:
        """Raise PolicyError if money of `where` is not in the pack's currency: places may be judged, not priced."""
        if self.currency != currency:
            raise PolicyError(
                f"policy {self.id}: its amounts are in {self.currency} and those of {where} in {currency}; "
                "it can judge places there, but not price areas"
            )

    def with_area_rules(self, changed: tuple[tuple[str, float], ...]) -> Policy:
        """Return the pack with other rules for areas (names of AREA_RULES), or raise PolicyError if they contradict."""
        if not changed:
            return self
        new = {name: bool(value) if name == AREA_RULES[0] else value for name, value in changed}
        areas = replace(self.areas, **new, changed=changed, confidence="assumed")  # type: ignore[arg-type]
        if areas.min_premises > areas.max_premises:
            raise PolicyError(
                f"areas: min_premises is {areas.min_premises:g} and max_premises {areas.max_premises:g}; "
                "expected a minimum that is not above the maximum"
            )
        return replace(self, areas=areas)

    def marked(self) -> tuple[tuple[str, str], ...]:
        """List the parts that are not published and their confidence: assumed (general knowledge) or unconfirmed."""
        parts = [
            ("mobile", self.mobile.confidence),
            ("subsidy", self.subsidy.confidence),
            ("areas", self.areas.confidence),
            ("fixed", self.fixed.confidence),
        ]
        parts += [("scheme ceiling", self.subsidy.scheme_ceiling_confidence)] if self.has_scheme_ceiling else []
        parts += [("aim", self.aim.confidence)] if self.aim else []
        parts += [("measured", self.measured.confidence)] if self.measured.flag_below else []
        parts += [(f"tier {tier.id}", tier.confidence) for tier in self.tiers]
        parts += [(f"delivery in tier {tier.id}", tier.deliver_confidence or "published") for tier in self.tiers]
        parts += [(f"clause {clause.id}", clause.confidence) for clause in self.clauses]
        parts += [(f"criterion {criterion.id}", criterion.confidence) for criterion in self.criteria]
        return tuple((name, confidence) for name, confidence in parts if confidence != "published")

    @property
    def has_scheme_ceiling(self) -> bool:
        """Say whether the pack names a ceiling for the whole scheme."""
        return math.isfinite(self.subsidy.scheme_ceiling)

    def assumed(self) -> tuple[str, ...]:
        """List the parts that must be marked wherever shown; those whose text was not read say `unconfirmed`."""
        return tuple(
            f"{name} ({confidence})" if confidence == "unconfirmed" else name for name, confidence in self.marked()
        )
