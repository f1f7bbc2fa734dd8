"""Choose among the offers that reach a place: the best there is, the best that is planned, how many networks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.claims import operator_codes
from coverage.measured import compare_measured
from coverage.policy import Policy
from coverage.schemas import UNCOUNTED

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

GIGABIT_MBPS: Final = 1000.0
# What an offer table holds, and what stands where a layer does not say.
COLUMNS: Final[dict[str, Any]] = {
    "provider": "str", "technology": "str", "down_mbps": "float64", "up_mbps": "float64", "down_max_mbps": "float64",
    "up_max_mbps": "float64", "status": "str", "available_from": "datetime64[s]", "basis": "str", "source": "str",
    "source_row": "int64",
}  # fmt: skip
OPTIONAL: Final[dict[str, tuple[Any, Any]]] = {
    "upgradeable": ("bool", False), "latency_ms": ("float64", np.nan), "connected": ("boolean", None),
    "available_until": ("datetime64[s]", None), "tests": ("float64", np.nan),
    "as_of": ("datetime64[s]", None), "claim": ("str", None), "lapsed_on": ("datetime64[s]", None),
}  # fmt: skip


def complete(offers: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of schemas.OFFERS alone, those that a layer lacks filled with what is not known."""
    columns: dict[str, Any] = {name: offers[name].astype(kind) for name, kind in COLUMNS.items()}
    for name, (kind, unknown) in OPTIONAL.items():
        given = offers[name] if name in offers else pd.Series([unknown] * len(offers), index=offers.index)
        columns[name] = given.astype(kind)
    return pd.DataFrame(columns, index=offers.index).reset_index(drop=True)


def no_offers() -> pd.DataFrame:
    """Return an offer table without rows."""
    return complete(pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()}))


def serve(
    rows: int, table: pd.DataFrame, place: Ints, offer: Ints, *, policy: Policy, as_of: dt.date
) -> dict[str, Any]:
    """Return the columns of schemas.SERVICE that follow from offers, for `rows` places.

    `place` and `offer` pair positions of places with rows of `table` (see `complete`).

    An offer counts if the policy counts its technology and it is not known to answer too slowly. An existing offer is
    claimed or modelled and has not ended by `as_of`; whether one that ends within the plan horizon still counts, the
    policy says. The best is the one that reaches the highest tier; then the fastest down, up, and the first
    provider by name. `fixed_networks_100_planned` counts providers with an offer that exists or is planned in time. The
    tier comes first so that adding an offer can never lower a place's tier where a tier also
    asks for upload. `*_max` columns are of the offer that is best when every speed class is read at its upper end.

    `fixed_connection` says whether any existing offer that counts comes from a net that the place is connected to, or
    only passed by; null where none says. `fixed_closes` is the last day of the best offer.

    The planned offer kept is the best of those that are dated within the policy's horizon and fast enough to count;
    without one, the best of the others. `planned_networks` counts the providers whose plan would end the shortfall,
    and `fixed_networks_100_lapsed` the networks that remain, there or planned, if all of those lapse.
    Measured speeds never count as an offer. Operators whose names differ in case or spaces are one.

    `fixed_class_…` is the upper end of the best offer's own speed class. `uncounted_…` tells the best existing claim
    that does not count, and why: the first of technology, latency and closing that holds.
    """
    choice = _Choice(rows, table, place, offer, policy, as_of)
    down, up, now = choice.down, choice.up, choice.now
    provider = operator_codes(table["provider"])

    def networks(least_mbps: float, *, among: Bools) -> npt.NDArray[np.int64]:
        fast = (among & (down >= least_mbps))[offer]
        return _distinct(rows, place[fast], provider[offer[fast]])

    now_tier = policy.tier_index(_pick(down, now), _pick(up, now))
    least = np.minimum(now_tier, policy.highest_eligible)[place]
    credible = choice.planned[offer] & policy.plan_counts(
        down[offer], up[offer], table["available_from"].to_numpy()[offer], above=least, as_of=as_of
    )
    fast = (down >= policy.fixed.network_counts_from_mbps)[offer]
    lapsed = fast & ~credible & (choice.existing | (choice.planned & choice.in_time))[offer]
    flagged = (choice.existing & table["upgradeable"].to_numpy(dtype=bool))[offer]
    measured = choice.measured[offer]
    return {
        "fixed_down_mbps": _pick(down, now),
        "fixed_up_mbps": _pick(up, now),
        "fixed_down_max_mbps": _pick(choice.down_max, choice.top),
        "fixed_up_max_mbps": _pick(choice.up_max, choice.top),
        "fixed_technology": _pick_text(table["technology"], now),
        "fixed_provider": _pick_text(table["provider"], now),
        "fixed_source": _pick_text(table["source"], now),
        "fixed_source_row": _pick_row(table["source_row"], now),
        "fixed_class_down_mbps": _pick(choice.down_max, now),
        "fixed_class_up_mbps": _pick(choice.up_max, now),
        "fixed_networks_100": networks(policy.fixed.network_counts_from_mbps, among=choice.existing),
        "fixed_networks_100_planned": networks(
            policy.fixed.network_counts_from_mbps, among=choice.existing | (choice.planned & choice.in_time)
        ),
        "fixed_networks_100_lapsed": _distinct(rows, place[lapsed], provider[offer[lapsed]]),
        "fixed_networks_1000": networks(GIGABIT_MBPS, among=choice.existing),
        "fixed_latency_ms": np.append(table["latency_ms"].to_numpy(), np.nan).take(now),
        "fixed_connection": choice.connection(),
        "fixed_closes": table["available_until"].array.take(now, allow_fill=True),
        "planned_down_mbps": _pick(down, choice.plan),
        "planned_up_mbps": _pick(up, choice.plan),
        "planned_by": _pick_text(table["provider"], choice.plan),
        "planned_date": table["available_from"].array.take(choice.plan, allow_fill=True),
        "planned_source": _pick_text(table["source"], choice.plan),
        "planned_source_row": _pick_row(table["source_row"], choice.plan),
        "planned_networks": _distinct(rows, place[credible], provider[offer[credible]]),
        "uncounted_down_mbps": _pick(down, choice.left_out),
        "uncounted_up_mbps": _pick(up, choice.left_out),
        "uncounted_technology": _pick_text(table["technology"], choice.left_out),
        "uncounted_provider": _pick_text(table["provider"], choice.left_out),
        "uncounted_source": _pick_text(table["source"], choice.left_out),
        "uncounted_source_row": _pick_row(table["source_row"], choice.left_out),
        "uncounted_why": _pick_text(choice.why_uncounted, choice.left_out),
        "upgradeable": np.bincount(place[flagged], minlength=rows) > 0,
        **compare_measured(
            rows, table, place[measured], offer[measured], claimed_mbps=_pick(down, now), rules=policy.measured
        ),
        "service_basis": pd.array(["offer"] * rows, dtype="str"),
    }


@dataclass(frozen=True)
class _Choice:
    """Hold which offers exist, and the position of the one chosen for each place (-1: none)."""

    rows: int
    table: pd.DataFrame
    place: Ints
    offer: Ints
    policy: Policy
    as_of: dt.date

    @cached_property
    def down(self) -> Floats:
        return self.table["down_mbps"].to_numpy(dtype=float)

    @cached_property
    def up(self) -> Floats:
        return self.table["up_mbps"].to_numpy(dtype=float)

    @cached_property
    def down_max(self) -> Floats:
        return np.asarray(np.fmax(self.down, self.table["down_max_mbps"].to_numpy(dtype=float)), dtype=float)

    @cached_property
    def up_max(self) -> Floats:
        return np.asarray(np.fmax(self.up, self.table["up_max_mbps"].to_numpy(dtype=float)), dtype=float)

    @cached_property
    def technology(self) -> Bools:
        return np.asarray(self.table["technology"].isin(self.policy.fixed.technologies), dtype=bool)

    @cached_property
    def slow(self) -> Bools:
        return np.asarray(self.table["latency_ms"] > self.policy.fixed.max_latency_ms, dtype=bool)

    @cached_property
    def counted(self) -> Bools:
        return self.technology & ~self.slow

    @cached_property
    def measured(self) -> Bools:
        return np.asarray(self.table["basis"] == "measured", dtype=bool)

    @cached_property
    def planned(self) -> Bools:
        """Say which offers are plans that count. Who announces a lapse and names no speed plans nothing by that."""
        planned = (self.table["status"] == "planned").to_numpy() & (self.down_max > 0)
        return np.asarray(planned & ~self.measured & self.counted, dtype=bool)

    @cached_property
    def there(self) -> Bools:
        """Say which offers exist. What has ended is no offer, nor is a source's class "nothing here"."""
        there = (self.table["status"] != "planned").to_numpy() & ~self.measured & (self.down_max > 0)
        ended = self.table["available_until"] < pd.Timestamp(self.as_of)
        return np.asarray(there & ~ended.to_numpy(), dtype=bool)

    @cached_property
    def closing(self) -> Bools:
        """Say which offers the policy leaves out because they end within the horizon."""
        if self.policy.fixed.counts_closing:
            return np.zeros(len(self.table), dtype=bool)
        limit = pd.Timestamp(self.policy.plan_limit(self.as_of))
        return np.asarray(self.table["available_until"] <= limit, dtype=bool)

    @cached_property
    def existing(self) -> Bools:
        """Say which offers exist and count."""
        return self.there & self.counted & ~self.closing

    @cached_property
    def why_uncounted(self) -> pd.Series:
        why = np.select([~self.technology, self.slow, self.closing], list(UNCOUNTED), default="")
        return pd.Series(why, dtype="str")

    @cached_property
    def left_out(self) -> Ints:
        return self._best(self.there & ~self.existing, self.policy.tier_index(self.down, self.up), self.down, self.up)

    @cached_property
    def now(self) -> Ints:
        return self._best(self.existing, self.policy.tier_index(self.down, self.up), self.down, self.up)

    @cached_property
    def top(self) -> Ints:
        tier = self.policy.tier_index(self.down_max, self.up_max)
        return self._best(self.existing, tier, self.down_max, self.up_max)

    @cached_property
    def in_time(self) -> Bools:
        limit = pd.Timestamp(self.policy.plan_limit(self.as_of))
        return np.asarray(self.table["available_from"] <= limit, dtype=bool)

    @cached_property
    def plan(self) -> Ints:
        date, rules = self.table["available_from"], self.policy.fixed
        fast = (self.down >= rules.plan_min_down_mbps) & (self.up >= rules.plan_min_up_mbps)
        credible = self.in_time & fast
        sooner = -date.fillna(pd.Timestamp.max.floor("s")).astype("int64").to_numpy()
        tier = self.policy.tier_index(self.down, self.up)
        return self._best(self.planned, credible.astype(int), tier, self.down, self.up, sooner)

    def connection(self) -> Any:
        told = self.table["connected"]
        answer = np.full(self.rows, -1)
        for number, wanted in ((1, False), (0, True)):
            chosen = (self.existing & (told == wanted).fillna(False).to_numpy(dtype=bool))[self.offer]
            answer[self.place[chosen]] = number
        return pd.array(["connected", "passed"], dtype="str").take(answer, allow_fill=True)

    def _best(self, where: Bools, *keys: npt.NDArray[Any]) -> Ints:
        """Return the first offer by `keys` (first key first, each falling) for each place, -1 where there is none."""
        table = self.table
        names = [pd.factorize(table[name], sort=True)[0] for name in ("provider", "technology", "source")]
        last = [*names, table["source_row"].to_numpy(), np.arange(len(table))]
        order = np.lexsort([*reversed(last), *(-key for key in reversed(keys))])
        rank = np.empty(len(table), dtype=np.intp)
        rank[order] = np.arange(len(table))
        first = np.full(self.rows, len(table), dtype=np.intp)
        kept = where[self.offer]
        np.minimum.at(first, self.place[kept], rank[self.offer[kept]])
        return np.append(order, -1)[first]


def _pick(values: Floats, at: Ints) -> Floats:
    picked: Floats = np.append(values, 0.0).take(at)  # -1 takes the 0
    return picked


def _pick_row(values: pd.Series, at: Ints) -> npt.NDArray[np.int64]:
    picked: npt.NDArray[np.int64] = np.append(values.to_numpy(dtype=np.int64), 0).take(at)
    return picked


def _pick_text(values: pd.Series, at: Ints) -> Any:
    return values.astype("str").array.take(at, allow_fill=True)


def _distinct(rows: int, place: Ints, code: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    codes = int(code.max(initial=0)) + 1
    seen = np.unique(place.astype(np.int64) * codes + code)
    return np.bincount(seen // codes, minlength=rows).astype(np.int64)
