"""Say why a place is judged as it is, and what would change that, in every language of the project.

Each distinct case is written once; the words are in coverage/phrases.py and its texts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.errors import DataError
from coverage.phrases import Phrases, texts
from coverage.policy import ALLOWING, EXPECTED_SHARE, LANGUAGES, Clause, Policy
from coverage.schemas import MOBILE_LEVELS, SHARE_PREFIX

__all__ = ["LANGUAGES", "explain"]

# What a case is told by: column -> what stands for "not known". Those of later stages or other sources may be absent.
FACTS: Final[Mapping[str, Any]] = {
    "reason_code": "", "also_excluded_by": "", "tier": "", "service_basis": "offer", "short_fixed": 0.0,
    "short_mobile": 0.0, "fixed_down_mbps": 0.0, "fixed_up_mbps": 0.0, "fixed_class_down_mbps": 0.0,
    "fixed_class_up_mbps": 0.0, "fixed_technology": "", "fixed_provider": "", "fixed_closes": pd.NaT,
    "uncounted_down_mbps": 0.0, "uncounted_up_mbps": 0.0, "uncounted_technology": "", "uncounted_provider": "",
    "uncounted_why": "", "planned_by": "", "planned_down_mbps": 0.0, "planned_up_mbps": 0.0, "planned_date": pd.NaT,
    "planned_networks": 0, "plan_told": True, "mobile_level": "", "mobile_operators": 0, "correction": "",
    "corrected_by": "", "corrected_on": pd.NaT,
}  # fmt: skip


def explain(places: pd.DataFrame, *, policy: Policy, as_of: dt.date, language: str = "en") -> pd.DataFrame:
    """Write the columns `reason` and `change` for judged places, on their index.

    `reason` tells the service that the verdict rests on, the clause that decides, and the verdict; then mobile service
    where it is short, and what a municipality has corrected. `change` names what would turn the verdict on support:
    for an excluded place everything that must change together, for an eligible place each thing that is enough; of
    what networks and plans can do, not of how the premises are used.

    `places` holds schemas.SERVICE and VERDICT as `gaps.judge` made them by `policy` on `as_of`. Raises DataError for a
    language that is not there, and for places that were judged by another policy.
    """
    if language not in LANGUAGES:
        raise DataError(f"reasons: language {language!r} is none of {', '.join(LANGUAGES)}")
    known = {EXPECTED_SHARE, *(clause.id for clause in policy.clauses)}
    strange = sorted(set(places["reason_code"].unique()) - known)
    if strange:
        raise DataError(f"reasons: policy {policy.id} has no clause {strange[0]!r}; the places were judged by another")
    facts = _facts(places, policy)
    number = _cases(facts)
    first = np.unique(number, return_index=True)[1]
    writer = _Writer(policy, as_of, language)
    cases = list(facts.iloc[first].itertuples(index=False))
    written = {"reason": [writer.reason(case) for case in cases], "change": [writer.change(case) for case in cases]}
    return pd.DataFrame(
        {name: pd.Series(texts, dtype="str").array.take(number) for name, texts in written.items()}, index=places.index
    )


def _facts(places: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Take the columns that a case is told by, nothing missing but dates."""
    facts: dict[str, Any] = {}
    for name, unknown in FACTS.items():
        if name not in places:
            facts[name] = np.datetime64("NaT", "s") if unknown is pd.NaT else unknown
        elif unknown is pd.NaT:
            facts[name] = pd.to_datetime(places[name]).astype("datetime64[s]").array
        else:
            facts[name] = places[name].fillna(unknown).array
    by_share = np.asarray(places["service_basis"] == "expected_share") if "service_basis" in places else False
    for tier in policy.eligible_tiers:
        name = f"{SHARE_PREFIX}{tier}"
        facts[name] = np.where(by_share, _told(places[name].fillna(0)), 0.0) if name in places else 0.0
    networks = "fixed_networks_100_planned" if "fixed_networks_100_planned" in places else "fixed_networks_100"
    black = any(clause.rule == "black_area" for clause in policy.clauses)
    facts["networks"] = places[networks].array if black else 0
    left = "fixed_networks_100_lapsed" if "fixed_networks_100_lapsed" in places else networks
    facts["networks_left"] = places[left].array if black else 0
    out = pd.DataFrame(facts, index=pd.RangeIndex(len(places)))
    return out.assign(short_fixed=_told(out["short_fixed"]), short_mobile=_told(out["short_mobile"]))


def _told(share: pd.Series) -> pd.Series:
    """Round a share to what is printed, but none that is there to nothing: fewer cases are distinct then."""
    return share.round(3).where(share == 0, share.round(3).clip(lower=0.001))


def _cases(facts: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Number the distinct rows."""
    number = np.zeros(len(facts), dtype=np.int64)
    for name in facts:
        code, values = pd.factorize(facts[name], use_na_sentinel=False)
        number = pd.factorize(number * (len(values) + 1) + code)[0].astype(np.int64)
    return number


@dataclass(frozen=True)
class _Writer(Phrases):
    """Write the sentences of one language under one policy. A `case` is a row of `_facts`."""

    def reason(self, case: Any) -> str:
        parts = [self._service(case), self._clause(case), self._verdict(case)]
        sentences = ["; ".join(part for part in parts if part) + ".", self._mobile(case), self._corrected(case)]
        return " ".join(sentence for sentence in sentences if sentence)

    def change(self, case: Any) -> str:
        by_share = case.service_basis == "expected_share"
        excluding = self._excluding(case)
        items = [self._undo(case, clause) for clause in excluding] if excluding else self._ends(case)
        if not excluding:
            lead = "share_no_longer_eligible" if by_share else "no_longer_eligible"
        else:
            share = by_share and case.short_fixed > 0
            lead = ("share_" if share else "") + "becomes_eligible" + ("_all" if len(items) > 1 else "")
        said = self.text("form", "all_of" if excluding else "one_of").join(items)
        first = self.text("lead", lead, items=said) if items else ""
        return " ".join(part for part in (first, self._mobile_change(case)) if part)

    # --- why ------------------------------------------------------------------------------------------------

    def _service(self, case: Any) -> str:
        top = self.threshold(self.top)
        if case.service_basis == "expected_share":
            if self._reached_here(case):
                return self.text("service", "share_reached", offer=self._best(case), threshold=top)
            here = (
                "; " + self.text("service", "share_offer", offer=self._best(case)) if self._has(case, "fixed") else ""
            )
            if not case.short_fixed:
                return self.text("service", "share_none", threshold=top) + here
            tiers = [(tier, getattr(case, f"{SHARE_PREFIX}{tier}")) for tier in self.policy.eligible_tiers]
            parts = [
                self.text("service", "share_part", tier=self.label(self.policy.tier(tier)), share=self.percent(share))
                for tier, share in tiers
                if share
            ]
            return self.text("service", "share", share=self.percent(case.short_fixed), parts="; ".join(parts)) + here
        other = self._uncounted(case)
        if not self._has(case, "fixed"):
            return self.text("service", "none_counts", **other) if other else self.text("service", "none")
        offer = self._best(case)
        if case.tier not in self.policy.eligible_tiers:
            return self.text("service", "reaches", offer=offer, threshold=top)
        tier = self.policy.tier(case.tier)
        name = "below" if np.isinf(tier.or_down_mbps) else "reaches_neither"
        said = self.text("service", name, offer=offer, threshold=self.threshold(tier, both="neither"))
        left_out = (case.uncounted_down_mbps, case.uncounted_up_mbps)
        if other and self.policy.tier_index(*left_out) > self.policy.tier_ids.index(case.tier):
            said += "; " + self.text("service", "better_uncounted", **other)
        return said

    def _uncounted(self, case: Any) -> dict[str, str]:
        if not case.uncounted_why:
            return {}
        latency = self.number(self.policy.fixed.max_latency_ms)
        why = self.text("uncounted", case.uncounted_why, latency=latency, limit=self.limit)
        return {"offer": self._offer(case, "uncounted"), "why": why}

    def _clause(self, case: Any) -> str:
        clause = self._decisive(case)
        if clause is None or clause.rule in ALLOWING:
            several = sum(item.rule in ALLOWING for item in self.policy.clauses) > 1
            label = self.label(clause) if clause is not None and several else ""
            return "; ".join(part for part in (self._plan(case), label) if part)
        if clause.rule == "not_short":
            return ""
        if clause.rule == "planned_within_horizon":
            if not case.plan_told:
                return self.text("plan", "withheld")
            speed = self.speed(case.planned_down_mbps, case.planned_up_mbps)
            return self.text("plan", "counts", provider=self._plan_by(case), speed=speed, day=self._plan_day(case))
        return self.label(clause)

    def _plan(self, case: Any) -> str:
        """Say why no plan keeps an eligible place from support; nothing where plans are withheld."""
        if not case.plan_told:
            return ""
        years = self.policy.fixed.plan_horizon_years
        if not any(clause.rule == "planned_within_horizon" for clause in self.policy.clauses):
            return ""
        if not self._has(case, "planned"):
            said = self.text("form", "year" if years == 1 else "years", number=self.number(years))
            return self.text("plan", "none", years=said)
        if pd.isna(case.planned_date):
            return self.text("plan", "undated", provider=self._plan_by(case))
        if case.planned_date.date() > self.policy.plan_limit(self.as_of):
            day = self._plan_day(case)
            return self.text("plan", "late", provider=self._plan_by(case), day=day, limit=self.limit)
        speed = self.speed(case.planned_down_mbps, case.planned_up_mbps)
        return self.text("plan", "slow", provider=self._plan_by(case), speed=speed)

    def _verdict(self, case: Any) -> str:
        if self._excluding(case):
            return self.text("verdict", "not_eligible")
        by_share = case.service_basis == "expected_share"
        return self.text("verdict", "share_eligible" if by_share else "eligible")

    def _mobile(self, case: Any) -> str:
        rules = self.policy.mobile
        if not case.short_mobile:
            return ""
        if not case.mobile_level:
            return self.text("mobile", "share", share=self.percent(case.short_mobile))
        needed = self.text("level", rules.level)
        if case.mobile_level == MOBILE_LEVELS[0]:
            return self.text("mobile", "nothing", needed=needed)
        if MOBILE_LEVELS.index(case.mobile_level) < MOBILE_LEVELS.index(rules.level):
            return self.text("mobile", "level", level=self.text("level", case.mobile_level), needed=needed)
        return self.text("mobile", "operators", needed=needed, number=case.mobile_operators, operators=rules.operators)

    def _corrected(self, case: Any) -> str:
        if not case.correction:
            return ""
        known = texts("corrected")
        codes = [code.strip() for code in case.correction.split(",")]
        what = ", ".join(self.text("corrected", code) if code in known else code for code in codes)
        office = case.corrected_by or self.text("corrected", "no_office")
        if pd.isna(case.corrected_on):
            return self.text("corrected", "undated", office=office, what=what)
        return self.text("corrected", "dated", office=office, what=what, day=self.date(case.corrected_on))

    # --- what would change it -------------------------------------------------------------------------------

    def _undo(self, case: Any, clause: Clause) -> str:
        """Say what must be so for a clause not to exclude the place."""
        name = clause.rule
        if name == "not_short" and case.service_basis == "expected_share" and not self._reached_here(case):
            name = "not_short_share"
        others = max(case.planned_networks - 1, 0)
        if name == "planned_within_horizon" and others:
            name = "planned_by_two" if others == 1 else "planned_by_several"
        return self.text(
            "undo",
            name,
            threshold=self.threshold(self.top),
            provider=self._plan_by(case),
            others=others,
            limit=self.limit,
            network=self.number(self.policy.fixed.network_counts_from_mbps),
        )

    def _ends(self, case: Any) -> list[str]:
        """List what would, each alone, make a clause exclude an eligible place: offers, plans, networks."""
        by_share = case.service_basis == "expected_share"
        wanted = {
            "not_short": not by_share,  # an offer would end the share itself
            "planned_within_horizon": True,
            "upgradeable": self._has(case, "fixed"),
            "black_area": not by_share,
        }
        tier = self.top if by_share else self.policy.tier(case.tier)
        said = {
            "threshold": self.threshold(self.top),
            "plan": self.threshold(tier, plan=True),
            "limit": self.limit,
            "network": self.number(self.policy.fixed.network_counts_from_mbps),
        }
        rules = [clause.rule for clause in self.policy.clauses if wanted.get(clause.rule)]
        return [
            self.text("end", "black_area_both" if rule == "black_area" and not case.networks else rule, **said)
            for rule in rules
        ]

    def _mobile_change(self, case: Any) -> str:
        rules = self.policy.mobile
        if not case.short_mobile or not case.mobile_level:
            return ""
        name = "mobile_one" if rules.operators == 1 else "mobile"
        return self.text("lead", name, operators=rules.operators, needed=self.text("level", rules.level))

    # --- clauses --------------------------------------------------------------------------------------------

    def _decisive(self, case: Any) -> Clause | None:
        """Return the clause that decides, None where the verdict is a share that no clause excludes."""
        return next((clause for clause in self.policy.clauses if clause.id == case.reason_code), None)

    def _excluding(self, case: Any) -> Sequence[Clause]:
        """Return the clauses that exclude the place by themselves: what must change together for it to be eligible.

        A plan excludes it too that would do so if the best offer fell away; two networks do not that are fewer once
        the plans lapse.
        """
        ids = {case.reason_code, *case.also_excluded_by.split(", ")}
        rules = {clause.rule for clause in self.policy.clauses if clause.id in ids}
        if "not_short" in rules and self._plan_waits(case):
            rules.add("planned_within_horizon")
        if "planned_within_horizon" in rules and case.networks_left < 2:
            rules.discard("black_area")
        return [clause for clause in self.policy.clauses if clause.rule in rules and clause.rule not in ALLOWING]

    def _plan_waits(self, case: Any) -> bool:
        above = self.policy.highest_eligible if case.service_basis == "expected_share" else 0
        plan = (case.planned_down_mbps, case.planned_up_mbps, case.planned_date.to_datetime64())
        return bool(self.policy.plan_counts(*plan, above=above, as_of=self.as_of))

    # --- the offer and the plan -------------------------------------------------------------------------------

    def _has(self, case: Any, kind: str) -> bool:
        """Say whether there is such an offer: a provider may be blank, and a class of speeds may begin at 0."""
        if kind == "planned":
            return bool(case.planned_by or case.planned_down_mbps)
        return bool(case.fixed_provider or case.fixed_class_down_mbps)

    def _reached_here(self, case: Any) -> bool:
        """Say whether an offer ends the shortfall where the rest is known as a share: one that a hearing told of."""
        tier = self.policy.tier_index(case.fixed_down_mbps, case.fixed_up_mbps)
        return case.service_basis == "expected_share" and bool(tier > self.policy.highest_eligible)

    def _best(self, case: Any) -> str:
        """Name the best offer, and the day on which it closes."""
        closes = "" if pd.isna(case.fixed_closes) else self.text("service", "closes", day=self.date(case.fixed_closes))
        return self._offer(case, "fixed") + closes

    def _plan_by(self, case: Any) -> str:
        return self.provider(case.planned_by)

    def _plan_day(self, case: Any) -> str:
        return self.date(case.planned_date)

    def _offer(self, case: Any, kind: str) -> str:
        down, up = getattr(case, f"{kind}_down_mbps"), getattr(case, f"{kind}_up_mbps")
        technology = self.text("technology", getattr(case, f"{kind}_technology") or "other")
        words = {
            "technology": f" {technology}" if technology else "",
            "provider": self.provider(getattr(case, f"{kind}_provider")),
        }
        if kind == "fixed" and case.fixed_class_down_mbps > down:
            top = (case.fixed_class_down_mbps, case.fixed_class_up_mbps)
            low, high = self.speed(down, up, both=top[1] > 0), self.speed(*top)
            return self.text("offer", "class", speed=low, class_speed=high, **words)
        return self.text("offer", "exact", speed=self.speed(down, up), **words)
