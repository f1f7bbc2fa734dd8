"""Say of every pair of areas which of the causes at work has changed it.

The stages of a run are gone through in their order: premises, service, verdict, grouping, metres, price, grant, score,
rank, decision. What differs at a stage, and not because of an earlier one, can only come of causes that act there.
One such cause among those that differ is certain; of several each is possible. Areas that no earlier stage has touched
are the control group: where a cause acts on none of them, it is not named for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.compare.changes import ANY_ROLE, CAUSES, DATE, Levers
from coverage.compare.places import CODES, SERVICE, differ

Bools = npt.NDArray[np.bool_]

# The roles of sources that say what a stage works on.
ROLES: Final[Mapping[str, frozenset[str]]] = {
    "premises": frozenset({"premises", "corrections", "municipalities", "network", "extent", "hubs"}),
    "service": frozenset({"offers", "hearing", "corrections", "mobile", "shares", DATE}),
    "verdict": frozenset({DATE, "awards"}),
    "grouping": frozenset({"roads", "network", "lots", "municipalities"}),
    "metres": frozenset({"roads", "network", "terrain", "masts", "poles", "ducts", "extent"}),
    "score": frozenset({"premises", "corrections", "shares", "offers", "mobile", "extent"}),
}
# The causes that act at a stage; `data` only where a source of its roles differs.
ACT: Final[Mapping[str, frozenset[str]]] = {
    "premises": frozenset({"data"}),
    "service": frozenset({"data", "rule"}),
    "verdict": frozenset({"data", "rule"}),
    "grouping": frozenset({"data", "rule"}),
    "metres": frozenset({"data", "rule", "tables"}),
    "price": frozenset({"cost", "rule", "tables"}),
    "grant": frozenset({"cost", "rule", "tables", "residents", "draws"}),
    "score": frozenset({"data", "rule", "tables", "weights"}),
    "decision": frozenset({"budget", "wishes", "rule", "draws"}),
}
QUANTITIES: Final = (
    "premises", "businesses", "households", "public", "places", "route_m", "sites_new", "sites_existing",
    "mobile_gain", "link_m",
)  # fmt: skip
# What is dug and hung follows from the technology too: compared where that is the same.
METRES: Final = (
    "trench_m", "subsea_m", "drop_m", "backhaul_m", "verge_trench_m", "soil_trench_m", "rock_trench_m", "aerial_m",
    "existing_duct_m", "in_duct_m", "fwa_sites_new", "fwa_sites_existing",
)  # fmt: skip
MONEY: Final = ("grant", "funding_gap_p10", "funding_gap_p50", "funding_gap_p90", "private_share")
OUTCOME: Final = ("decision", "ranked_decision", "certainty")
AMOUNT: Final = 0.005  # half of the smallest amount that a list shows


@dataclass(eq=False)
class Found:
    """Hold what was found out on one pair: causes, those not to be excluded, and codes with values for the text."""

    causes: set[str] = field(default_factory=set)
    possible: set[str] = field(default_factory=set)
    why: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    own: bool = False  # its own figures differ, not only its place among the others

    def name(self, causes: Collection[str]) -> None:
        """Take one cause as certain, several as possible."""
        (self.causes if len(causes) == 1 else self.possible).update(causes)

    def told(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the causes and the possible ones, in the order of CAUSES; a certain one is not also possible."""
        certain = tuple(cause for cause in CAUSES if cause in self.causes)
        return certain, tuple(cause for cause in CAUSES if cause in self.possible - self.causes)


@dataclass(frozen=True, eq=False)
class Weighing:
    """Hold the pairs (`before` and `after` merged, one row each, index = number) and what differs of them.

    `counts` is `places.by_pair` of both kinds, reindexed to the pairs; `partners` is `places.exchanged`.
    """

    pairs: pd.DataFrame
    counts: pd.DataFrame
    partners: Mapping[int, set[int]]
    levers: Levers

    def explain(self) -> list[Found]:
        """Go through the stages and return what was found, in the order of the pairs."""
        found = [Found() for _ in range(len(self.pairs))]
        both = self.pairs["matched"].to_numpy()
        places = (self.counts[list(CODES)].sum(axis=1) > 0).to_numpy()
        technology, price = both & self._differ(("technology",)), both & self._differ(("capex",))
        metres = both & (self._differ(QUANTITIES) | (self._differ(METRES) & ~technology))
        grant, score = both & self._differ(MONEY), both & self._differ(("score",))
        measures = both & self._family("measure_")
        scales = both & self._family("score_") & ~measures
        self._places(found)
        touched = places | ~both
        self._stage(found, metres, touched, stage="metres", why=self._metres)
        # The same technology for the same premises and metres costs what its prices are, whatever is on offer there.
        built = (self.counts[[code for code in CODES if code != "service_changed"]].sum(axis=1) > 0).to_numpy()
        known = built | ~both | metres | (technology & touched)
        self._stage(found, price | technology, known, stage="price", why=self._price, first={"cost"})
        touched = touched | metres
        touched = touched | price | technology
        self._stage(
            found, grant, touched, stage="grant", why=self._amounts("grant"), first={"cost", "residents", "draws"}
        )
        touched = touched | grant
        self._score(found, score, touched, measures=measures, scales=scales)
        figures = metres | technology | price | grant | score | measures | ~both
        for item, own in zip(found, figures.tolist(), strict=True):
            item.own = own
            if not own:  # what became of its premises has not changed a figure
                item.causes.clear()
                item.possible.clear()
                item.why.clear()
            elif not item.causes | item.possible:
                item.name(self._acting("metres", ()))
        self._standing(found, both)
        return found

    # --- stages ---------------------------------------------------------------------------------------------

    def _places(self, found: list[Found]) -> None:
        """Name what changed the premises themselves; regrouped ones by what changed those around them."""
        rows = self.counts.to_dict("index")
        for number, row in rows.items():
            here = found[int(str(number))]
            for code in CODES[:3]:
                if row[code] > 0:
                    here.name(self._acting("premises", ()))
            for code in SERVICE:
                if row[code] > 0:
                    offered = row[f"offered_{code}"]
                    causes: tuple[str, ...] = self._acting("service", ())
                    if set(causes) == {"data", "rule"} and (offered == 0 or offered == row[code]):
                        causes = ("data",) if offered else ("rule",)
                    here.name(causes)
            for code in CODES[6:8]:
                if row[code] > 0:
                    here.name(self._acting("verdict", ()))
            here.why += [(code, {"number": row[code]}) for code in CODES if row[code] > 0]
        certain = {number: set(item.causes) for number, item in enumerate(found)}
        possible = {number: set(item.possible) for number, item in enumerate(found)}
        ids = self.pairs["after"].fillna(self.pairs["before"])
        labels = (self.pairs["name"] + " (" + ids + ")").to_numpy()
        for number, partners in sorted(self.partners.items()):
            here = found[number]
            group = self._group(number)
            nearby: set[str] = set().union(*(certain[other] | possible[other] for other in group))
            nearby |= set(self._strong("grouping"))
            here.name(nearby or self._acting("grouping", ()))
            here.why.append(("exchanged", {"areas": [str(labels[other]) for other in sorted(partners)]}))

    def _group(self, number: int) -> set[int]:
        """Return the pairs that premises went between, from one to the next."""
        group, ahead = {number}, [number]
        while ahead:
            for other in self.partners.get(ahead.pop(), ()):
                if other not in group:
                    group.add(other)
                    ahead.append(other)
        return group

    def _stage(
        self,
        found: list[Found],
        changed: Bools,
        touched: Bools,
        *,
        stage: str,
        why: Callable[[int], list[tuple[str, dict[str, Any]]]],
        first: Collection[str] = (),
    ) -> None:
        """Name the causes of a stage. `first` acts in it where no control group can say so."""
        alone = changed & ~touched
        control = ~touched & self.pairs["matched"].to_numpy()
        for number in np.flatnonzero(alone):
            found[number].name(self._acting(stage, ()))
        for number in np.flatnonzero(changed):
            found[number].why += why(int(number))
        acts = set(self._strong(stage)) if alone.any() else set() if control.any() else set(first) & self.levers.causes
        for number in np.flatnonzero(changed & touched):
            found[number].possible |= acts

    def _score(self, found: list[Found], score: Bools, touched: Bools, *, measures: Bools, scales: Bools) -> None:
        weighed = self._weighed() & self.pairs["matched"].to_numpy()
        alone = score & ~touched & ~weighed
        if "weights" in self.levers.causes:
            for number in np.flatnonzero(weighed):
                found[number].causes.add("weights")
                found[number].why.append(("weights", {}))
        for number in np.flatnonzero(alone | (measures & ~touched)):
            own = {"data", "tables", "rule"} if measures[number] else {"rule"}
            found[number].name(self._acting("score", own))
            found[number].why.append(("measured" if measures[number] else "scaled", {}))
        for number in np.flatnonzero(scales & touched & ~alone):
            found[number].possible |= {"rule"} & self.levers.causes

    def _standing(self, found: list[Found], both: Bools) -> None:
        """Name why an area stands elsewhere in the list, or is decided on otherwise, beyond its own figures."""
        moved = both & self._differ(("rank",))
        decided = both & self._differ(OUTCOME)
        everywhere: set[str] = set().union(*(item.causes | item.possible for item in found if item.own))
        direct = set(self._strong("decision"))
        before, after = (self.pairs[name].to_numpy(dtype=float) for name in ("rank_before", "rank_after"))
        own = np.array([item.own for item in found], dtype=bool)
        told = {cause: np.array([cause in item.causes | item.possible for item in found]) for cause in CAUSES}
        budget = next((change.values for change in self.levers.changes if change.code == "budget"), None)
        for number in np.flatnonzero(moved | decided):
            here = found[number]
            if decided[number]:
                causes = direct | (set() if here.own else everywhere)
                if here.own:
                    here.possible |= causes
                else:
                    here.name(causes or self._acting("decision", ()))
                if budget is not None and "budget" in self.levers.causes:
                    here.why.append(("budget", dict(budget)))
            if moved[number] and not here.own:
                crossed = own & ~((before < before[number]) == (after < after[number]))
                causes = {cause for cause, named in told.items() if (crossed & named).any()}
                here.name(causes or self._acting("decision", ()))
            if not here.own and everywhere:
                here.why.append(("others", {}))

    # --- causes ---------------------------------------------------------------------------------------------

    def _strong(self, stage: str) -> tuple[str, ...]:
        """Return the causes that differ and act at the stage; data only where a source that the stage uses differs."""
        acting = ACT[stage] & self.levers.causes
        if "data" in acting and not self.levers.roles & (ROLES.get(stage, frozenset()) | {ANY_ROLE}):
            acting = acting - {"data"}
        return tuple(sorted(acting))

    def _acting(self, stage: str, only: Collection[str]) -> tuple[str, ...]:
        """Return the causes of a stage; where none of them differs, whatever does; else what can always be it."""
        found = [cause for cause in self._strong(stage) if not only or cause in only]
        if found:
            return tuple(found)
        if self.levers.causes:
            return tuple(sorted(self.levers.causes))
        return ("data",) if self.levers.study_file else ("software",)

    def _weighed(self) -> Bools:
        """Say of which areas other weights alone would have changed the score."""
        nothing = np.zeros(len(self.pairs), dtype=bool)
        if "weights" not in self.levers.causes:
            return nothing
        old, new = self.levers.weights
        if old is None or new is None or old.keys() != new.keys():
            return self._differ(("score",))
        scores = {name: self.pairs.get(f"score_{name}_after") for name in new}
        if any(column is None for column in scores.values()):
            return self._differ(("score",))
        table = np.array([np.asarray(column, dtype=float) for column in scores.values()])
        then, now = (np.array([weights[name] for name in new]) for weights in (old, new))
        moved = np.abs(now @ table / now.sum() - then @ table / then.sum()) > 1e-9
        return np.asarray(moved, dtype=bool)

    # --- figures and texts ----------------------------------------------------------------------------------

    def _differ(self, names: Collection[str]) -> Bools:
        changed = np.zeros(len(self.pairs), dtype=bool)
        for name in names:
            if f"{name}_before" in self.pairs and f"{name}_after" in self.pairs:
                old, new = self.pairs[f"{name}_before"], self.pairs[f"{name}_after"]
                here = differ(old, new)
                if pd.api.types.is_numeric_dtype(old.dtype) and pd.api.types.is_numeric_dtype(new.dtype):
                    here &= ~(np.abs(old.to_numpy(dtype=float) - new.to_numpy(dtype=float)) <= 1e-6)
                changed |= here
        return changed

    def _family(self, prefix: str) -> Bools:
        names = {str(name).rsplit("_", 1)[0] for name in self.pairs.columns if str(name).startswith(prefix)}
        return self._differ(sorted(names - {prefix.removesuffix("_")}))

    def _pair(self, number: int, name: str) -> tuple[Any, Any]:
        row = self.pairs.loc[number]
        return row.get(f"{name}_before"), row.get(f"{name}_after")

    def _metres(self, number: int) -> list[tuple[str, dict[str, Any]]]:
        old, new = self._pair(number, "route_m")
        return [] if pd.isna(old) or pd.isna(new) or old == new else [("route", {"before": old, "after": new})]

    def _price(self, number: int) -> list[tuple[str, dict[str, Any]]]:
        said: list[tuple[str, dict[str, Any]]] = []
        old, new = self._pair(number, "technology")
        if not pd.isna(old) and not pd.isna(new) and old != new:
            said.append(("technology", {"before": old, "after": new}))
        return said + self._amounts("capex")(number)

    def _amounts(self, name: str) -> Callable[[int], list[tuple[str, dict[str, Any]]]]:
        def say(number: int) -> list[tuple[str, dict[str, Any]]]:
            old, new = self._pair(number, name)
            if pd.isna(old) or pd.isna(new) or abs(old - new) <= AMOUNT:
                return []
            return [(name, {"before": old, "after": new})]

        return say
