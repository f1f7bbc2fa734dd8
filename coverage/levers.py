"""What would change this: the smallest change, of each kind, that brings one area's money under a target.

A room above the estimate: every figure here is an estimate made again with one thing changed, by the model's own sums
and the scenario's own draws. Money and metres follow in closed form, because what is given is taken off the gap one
for one; take-up and further premises are searched for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import geopandas as gpd
import pandas as pd

from coverage.bill import customers_per_sector, most_customers
from coverage.contributions import dugnad_limit_m, dugnad_price
from coverage.costbook import CostBook
from coverage.costs import price
from coverage.errors import DataError
from coverage.parts import MOBILE_SITE
from coverage.policy import Policy
from coverage.scenario import Scenario
from coverage.subsidy import estimate

# What a target may be set for. `funding_gap`: the P50 less what residents and others give; `grant`: state + county.
MEASURES: Final = ("funding_gap", "grant", "gap_per_premises")
LEVERS: Final = ("take_up", "further_premises", "connection_fee", "operator", "municipality", "dugnad", "technology")
LEVER_COLUMNS: Final = (
    "lever", "change", "unit", "start", "end", "technology", "before", "after", "feasible", "why",
)  # fmt: skip
# Why a lever does not reach the target, or need not.
WHYS: Final = ("", "already", "not_enough", "costs_more", "no_connections", "no_trench", "no_technology")
MOST_FURTHER: Final = 10  # times the area's own premises: beyond that it is another area
GRID: Final = 8  # looks at this many values of take-up, first, in each stretch between two steps
CLOSE: Final = 0.25  # of a unit of currency: how near below the target a search stops


@dataclass(frozen=True)
class _Case:
    """Hold what the estimate of one area rests on, so that one thing at a time can be changed."""

    area: gpd.GeoDataFrame
    route: pd.DataFrame
    book: CostBook
    policy: Policy
    scenario: Scenario
    measure: str
    private: dict[str, float] = field(default_factory=dict)

    def row(self) -> pd.Series:
        """Return the estimated area."""
        found, _ = estimate(
            self.area, self.route, book=self.book, policy=self.policy, scenario=self.scenario, private=self.private
        )
        row: pd.Series = found.iloc[0]
        return row

    def value(self) -> float:
        """Return what the target is set for."""
        return measured(self.row(), self.measure)

    @property
    def premises(self) -> float:
        return float(self.area["premises"].iloc[0])

    @property
    def technology(self) -> str:
        return str(self.area["technology"].iloc[0])

    @property
    def each(self) -> float:
        """Return how many connections one more wireless site or sector holds."""
        return float(customers_per_sector(self.area, self.book)[0])

    @property
    def most(self) -> float:
        """Return how many connections the area can have: the masts that were found hold no more sectors."""
        return float(most_customers(self.area, self.book)[0]) if self.technology == "fwa" else math.inf

    def with_take_up(self, part: float) -> _Case:
        """Let this part of all who would not connect do so, homes and businesses alike."""
        pairs = []
        for item in ("take_up_household", "take_up_business"):
            value = self.book[item].value
            pairs.append((item, value + part * (1.0 - value)))
        return replace(self, book=self.book.with_values(tuple(pairs)))

    def with_further(self, homes: float) -> _Case:
        """Let further homes along the trench take part, as far from it as the others."""
        premises = self.premises + homes
        route = self.route.assign(drop_m=self.route["drop_m"] * (premises / self.premises))
        return replace(self, area=self.area.assign(premises=premises), route=route)

    def with_money(self, amount: float) -> _Case:
        """Give an amount towards the gap, taken off before the public shares."""
        area_id = str(self.area["area_id"].iloc[0])
        return replace(self, private={**self.private, area_id: self.private.get(area_id, 0.0) + amount})

    def with_technology(self, technology: str) -> _Case:
        return replace(self, area=self.area.assign(technology=technology))


def measured(row: pd.Series, measure: str) -> float:
    """Return one of MEASURES for an estimated area: what is left to pay after what is given, at the P50.

    NaN per premises where there are none (a mast for roads or farmland alone).
    """
    if measure == "grant":
        return float(row["grant"])
    left = float(row["funding_gap_p50"] - row["private_share"])
    if measure == "funding_gap":
        return left
    return left / float(row["premises"]) if row["premises"] > 0 else math.nan


def levers(
    area: gpd.GeoDataFrame,
    routes: pd.DataFrame,
    *,
    book: CostBook,
    policy: Policy,
    scenario: Scenario,
    target: float,
    measure: str = "funding_gap",
) -> pd.DataFrame:
    """Find, for each of LEVERS alone, the smallest change that brings an area's `measure` to the target or below.

    `area` is one row with its proposed technology. One row per lever (LEVER_COLUMNS): `change` in `unit`, from `start`
    to `end`; `before` and `after` are the measure. Where the lever cannot reach the target, `feasible` is false, `why`
    names the reason (WHYS) and the change is the most that was tried. Units: take_up counts connections (the same part
    of homes and of businesses that would not connect does), further_premises whole homes along the trench, as far
    from it as the others and at the same take-up (looked for up to MOST_FURTHER times the area's own); connection_fee
    is money per connection; operator and municipality are money (the municipality's above its share); dugnad is
    metres of verge and soil; technology names in `technology` the one that delivers and leaves least. A mobile site
    connects nobody: only money moves it.
    Raises DataError for another number of areas than one, an unknown measure, one per premises where there are none,
    or a target below 0.
    """
    if len(area) != 1:
        raise DataError(f"levers: {len(area)} areas are given; expected one")
    if measure not in MEASURES:
        raise DataError(f"levers: measure is {measure!r}; expected one of {', '.join(MEASURES)}")
    if not (target >= 0 and math.isfinite(target)):
        raise DataError(f"levers: the target is {target!r}; expected an amount of 0 or more")
    if measure == "gap_per_premises" and not area["premises"].iloc[0] > 0:
        raise DataError(f"levers: the area {area['area_id'].iloc[0]!r} has no premises; expected another measure")
    route = routes[routes["area_id"] == area["area_id"].iloc[0]]
    case = _Case(area, route, book, policy, scenario, measure)
    now = case.row()
    before = measured(now, measure)
    rows = [
        _take_up(case, now, target, before),
        _further(case, target, before),
        *_money(case, now, target, before),
        _dugnad(case, target, before),
        _technology(case, target, before),
    ]
    return pd.DataFrame(rows)[list(LEVER_COLUMNS)]


def _entry(
    lever: str,
    unit: str,
    before: float,
    *,
    after: float,
    start: float = math.nan,
    change: float = math.nan,
    technology: str = "",
    why: str = "",
) -> dict[str, object]:
    end = start + change
    ways = {"technology": technology, "before": before, "after": after, "feasible": why in ("", "already"), "why": why}
    return {"lever": lever, "change": change, "unit": unit, "start": start, "end": end, **ways}


def _money_of(case: _Case) -> float:
    """Return the money that moves the measure by 1."""
    return {"funding_gap": 1.0, "grant": 1.0 + case.policy.subsidy.local_share, "gap_per_premises": case.premises}[
        case.measure
    ]


def _take_up(case: _Case, now: pd.Series, target: float, before: float) -> dict[str, object]:
    start, room = float(now["connections"]), case.premises - float(now["connections"])

    def entry(part: float, after: float, why: str = "") -> dict[str, object]:
        return _entry("take_up", "connections", before, after=after, start=start, change=part * room, why=why)

    if before <= target:
        return entry(0.0, before, "already")
    if case.technology == MOBILE_SITE:
        return entry(0.0, before, "no_connections")
    if room <= 0 or case.most <= start:
        return entry(0.0, before, "not_enough")

    def value(part: float) -> float:
        return case.with_take_up(part).value()

    tried = [(0.0, before)]
    for part in _parts(case, start, room):
        tried.append((part, value(part)))
        if tried[-1][1] <= target:
            return entry(*_bisect(value, tried[-2][0], tried[-1], target=target, scale=_money_of(case)))
    best = min(tried, key=lambda found: found[1])
    return entry(*(best if best[0] > 0 else tried[-1]), "not_enough" if best[0] > 0 else "costs_more")


def _parts(case: _Case, start: float, room: float) -> Iterator[float]:
    """Yield parts in 0..1 to look at, rising: a wireless site is full where the next one is built, and costs a step."""
    top = min(1.0, (case.most * (1 - 1e-9) - start) / room)
    ends = [top]
    if case.technology == "fwa" and (each := case.each) > 0:
        counts = range(math.floor(start / each) + 1, math.ceil((start + room) / each) + 1)
        # A hair below the full site: at it, rounding decides whether one more is built.
        ends = [part for count in counts if 0 < (part := (count * each * (1 - 1e-9) - start) / room) < top] + ends
    begin = 0.0
    for end in ends:
        yield from (begin + (end - begin) * step / GRID for step in range(1, GRID + 1))
        begin = end


def _bisect(
    value: Callable[[float], float], low: float, found: tuple[float, float], *, target: float, scale: float
) -> tuple[float, float]:
    """Return the smallest x between low (above the target) and the one found (not above it), and its value."""
    high, reached = found
    for _ in range(80):
        middle = (low + high) / 2
        if (target - reached) * scale <= CLOSE or not low < middle < high:
            break
        at = value(middle)
        if at <= target:
            high, reached = middle, at
        else:
            low = middle
    return high, reached


def _further(case: _Case, target: float, before: float) -> dict[str, object]:
    def entry(homes: int, after: float, why: str = "") -> dict[str, object]:
        start, change = case.premises, float(homes)
        return _entry("further_premises", "premises", before, after=after, start=start, change=change, why=why)

    if before <= target:
        return entry(0, before, "already")
    if case.technology == MOBILE_SITE:
        return entry(0, before, "no_connections")

    def value(homes: int) -> float:
        return case.with_further(homes).value()

    tried = [(0, before)]
    for homes in _counts(case):
        tried.append((homes, value(homes)))
        if tried[-1][1] <= target:
            low, (high, reached) = tried[-2][0], tried[-1]
            while high - low > 1:
                middle = (low + high) // 2
                at = value(middle)
                if at <= target:
                    high, reached = middle, at
                else:
                    low = middle
            return entry(high, reached)
    best = min(tried, key=lambda found: found[1])
    why = "not_enough" if best[0] > 0 or len(tried) == 1 else "costs_more"
    return entry(*(best if best[0] > 0 else tried[-1]), why)


def _counts(case: _Case) -> Sequence[int]:
    """List the counts of further homes to look at, rising: doubled, and where a wireless site is full."""
    most = max(1, round(MOST_FURTHER * case.premises))
    share, start = case.book["take_up_household"].value, float(case.row()["connections"])
    if share > 0 and math.isfinite(case.most):
        most = min(most, math.floor((case.most * (1 - 1e-9) - start) / share))
    if most < 1:
        return []
    looked = {min(most, 2**power) for power in range(math.ceil(math.log2(most)) + 1)}
    if case.technology == "fwa" and share > 0 and (size := case.each) > 0:
        full = range(math.floor(start / size) + 1, math.ceil((start + most * share) / size) + 1)
        counts = (math.floor((count * size * (1 - 1e-9) - start) / share) for count in full)
        looked |= {count for count in counts if 0 < count < most}
    return sorted(looked)


def _money(case: _Case, now: pd.Series, target: float, before: float) -> list[dict[str, object]]:
    """Say what residents, the operator or the municipality would have to give. Money comes off one for one."""
    need = max(0.0, before - target) * _money_of(case)
    customers = float(now["connections"])
    unit, start = case.book.currency, case.scenario.connection_fee
    why = "already" if before <= target else ""
    fee = need / customers if customers > 0 else 0.0
    dearer = replace(case, scenario=case.scenario.with_changes(connection_fee=start + fee))
    rows = [
        _entry(
            "connection_fee",
            f"{unit} per connection",
            before,
            after=dearer.value(),
            start=start,
            change=fee,
            why=why or ("" if customers > 0 else "no_connections"),
        )
    ]
    given = case.with_money(need).value()
    rows.append(_entry("operator", unit, before, after=given, start=0.0, change=need, why=why))
    if case.measure == "grant":  # what the municipality pays beyond its share comes straight off the grant
        need = max(0.0, before - target)
        given = before - need
    rows.append(_entry("municipality", unit, before, after=given, start=0.0, change=need, why=why))
    return rows


def _dugnad(case: _Case, target: float, before: float) -> dict[str, object]:
    limit = float(dugnad_limit_m(case.area, case.route, book=case.book)[0])
    saved = dugnad_price(case.book)
    start = min(case.scenario.dugnad_m, limit)

    def entry(metres: float, after: float, why: str = "") -> dict[str, object]:
        return _entry("dugnad", "m", before, after=after, start=start, change=metres, why=why)

    if before <= target:
        return entry(0.0, before, "already")
    if limit - start <= 0 or saved <= 0:
        return entry(0.0, before, "no_trench")
    metres = (before - target) * _money_of(case) / saved
    dug = min(start + metres, limit)
    after = replace(case, scenario=case.scenario.with_changes(dugnad_m=dug)).value()
    return entry(dug - start, after, "" if start + metres <= limit else "not_enough")


def _technology(case: _Case, target: float, before: float) -> dict[str, object]:
    now = case.technology
    options, _ = price(case.area, case.route, book=case.book, policy=case.policy)
    able = [str(name) for name in options.loc[options["meets_delivery"], "technology"] if name != now]
    found = {name: case.with_technology(name).value() for name in able}
    if before <= target:
        return _entry("technology", "", before, after=before, technology=now, why="already")
    if not found:
        return _entry("technology", "", before, after=before, technology=now, why="no_technology")
    best = min(found, key=lambda name: found[name])  # ties: in the order of the cost book's technologies
    why = "" if found[best] <= target else "not_enough" if found[best] < before else "costs_more"
    return _entry("technology", "", before, after=found[best], technology=best, why=why)
