"""Compare two finished runs: which areas rose, fell, came or went, and what made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from coverage.compare.changes import CAUSES as CAUSES
from coverage.compare.changes import Change as Change
from coverage.compare.changes import levers
from coverage.compare.evidence import METRES, MONEY, OUTCOME, QUANTITIES, Found, Weighing
from coverage.compare.pairing import pair_areas, shared_premises
from coverage.compare.places import CODES, MEMBERS, SERVICE, Members, by_pair, differ, exchanged, follow
from coverage.compare.runs import Run as Run
from coverage.compare.runs import make_run as make_run
from coverage.compare.runs import read_run
from coverage.compare.words import sentences as sentences

MOVES: Final = ("came", "rose", "same", "fell", "went")
SHOWN: Final = (
    "rank", "decision", "ranked_decision", "certainty", "score", "premises", "businesses", "households", "technology",
    "route_m", "capex", "funding_gap_p50", "grant",
)  # fmt: skip
COLUMNS: Final = (
    "area_id", "area_id_before", "kind", "municipality_code", "name", "move",
    *(f"{name}_{when}" for name in SHOWN for when in ("before", "after")),
    "premises_in", "premises_out", "causes", "possible_causes", "own_figures", "why",
    "policy_before", "policy_after", "as_of_before", "as_of_after", "currency", "data_status",
)  # fmt: skip
# Of whatever else a row holds, what makes it one: an area that stands and costs as before is not told.
_TOLD: Final = tuple(dict.fromkeys(("rank", *OUTCOME, "score", "technology", "capex", *QUANTITIES, *METRES, *MONEY)))


@dataclass(frozen=True, eq=False)
class Comparison:
    """Hold what differs between two runs of one study.

    `changes` are the differences before anything was reckoned (files, rules, prices, weights, money); `causes` those
    of CAUSES that can explain a figure, and any that has to. `areas` has one row for each area that differs,
    COLUMNS, by the later rank and then the earlier; `reasons` the codes and values behind each row, in its order.
    """

    before: Run
    after: Run
    changes: tuple[Change, ...]
    causes: tuple[str, ...]
    areas: pd.DataFrame
    reasons: tuple[tuple[tuple[str, Mapping[str, Any]], ...], ...]

    @property
    def is_empty(self) -> bool:
        """Say whether the runs differ in nothing."""
        return not self.changes and self.areas.empty

    def counts(self) -> dict[str, int]:
        """Count the areas by their move, and those that money now goes to or no longer goes to."""
        moves = {move: int((self.areas["move"] == move).sum()) for move in MOVES}
        was, now = (self.areas[f"decision_{when}"] == "fund" for when in ("before", "after"))
        return moves | {"now_funded": int((now & ~was).sum()), "no_longer_funded": int((was & ~now).sum())}

    def to_mapping(self) -> dict[str, Any]:
        """Return plain JSON-able values."""
        rows = self.areas.astype(object).where(self.areas.notna(), None).to_dict("records")
        told = [[{"code": code, **values} for code, values in reasons] for reasons in self.reasons]
        return {
            "study": self.after.run["study"],
            "fingerprint_before": self.before.run["fingerprint"],
            "fingerprint_after": self.after.run["fingerprint"],
            "causes": list(self.causes),
            "changes": [{"cause": item.cause, "code": item.code, **item.values} for item in self.changes],
            "counts": self.counts(),
            "areas": [{**row, "reasons": reasons} for row, reasons in zip(rows, told, strict=True)],
        }


def compare_runs(folder_before: Path, folder_after: Path) -> Comparison:
    """Compare two folders that `assess` wrote, the earlier one first.

    Raises DataError for a folder that is no run, and for runs of different studies or in different currencies.
    """
    return compare(read_run(folder_before), read_run(folder_after))


def compare(before: Run, after: Run) -> Comparison:
    """Compare two runs, the earlier one first.

    Areas are matched by area_id, then by the premises that both hold. Each row names the causes that must have changed
    it, and apart from them those that cannot be excluded; see coverage/compare/evidence.py. Raises DataError for runs
    of different studies or in different currencies.
    """
    differing = levers(before, after)
    pairs, members = _pairs(before, after, differing.sources)
    numbers = [pairs.dropna(subset=[when]).set_index(when)["number"] for when in _WHEN]
    counted = [by_pair(item, numbers[0], numbers[1]) for item in members]
    names = [*CODES, *(f"offered_{code}" for code in SERVICE)]
    counts = pd.concat(counted).groupby(level=0).sum().reindex(pairs.index, fill_value=0.0)[names]
    partners = {
        number: others for item in members for number, others in exchanged(item, numbers[0], numbers[1]).items()
    }
    found = Weighing(pairs, counts, partners, differing).explain()
    areas, order = _table(pairs, counts, found, before=before, after=after)
    return Comparison(
        before=before,
        after=after,
        changes=differing.changes,
        causes=tuple(cause for cause in CAUSES if cause in differing.causes.union(*(item.causes for item in found))),
        areas=areas,
        reasons=tuple(tuple(found[number].why) for number in order),
    )


_WHEN: Final = ("before", "after")


def _pairs(before: Run, after: Run, sources: frozenset[str]) -> tuple[pd.DataFrame, list[Members]]:
    """Return the pairs of areas of both kinds, with every column of either run, and their premises."""
    members, rows = [], []
    for kind in MEMBERS:
        followed = follow(before, after, kind=kind, sources=sources)
        members.append(followed)
        sides = [
            followed.table[["place_id", when, f"weight_{when}"]].set_axis(["place_id", "area", "weight"], axis=1)
            for when in _WHEN
        ]
        of_kind = [run.areas[run.areas["kind"] == kind] for run in (before, after)]
        sizes: list[dict[str, float]] = []
        for side, areas in zip(sides, of_kind, strict=True):
            summed = side.groupby("area")["weight"].sum()
            sizes.append({str(area): float(summed.get(area, 0.0)) for area in areas["area_id"]})
        rows += pair_areas(sizes[0], sizes[1], shared_premises(sides[0], sides[1]))
    table = pd.DataFrame(rows, columns=["before", "after"], dtype="str")
    for when, run in zip(_WHEN, (before, after), strict=True):
        areas = run.areas.set_index("area_id", drop=False).add_suffix(f"_{when}")
        table = table.join(areas, on=when)
    table["matched"] = table["before"].notna() & table["after"].notna()
    for name in ("kind", "name", "municipality_code"):
        table[name] = table[f"{name}_after"].fillna(table[f"{name}_before"])
    table["number"] = np.arange(len(table))
    return table, members


def _table(
    pairs: pd.DataFrame, counts: pd.DataFrame, found: list[Found], *, before: Run, after: Run
) -> tuple[pd.DataFrame, list[int]]:
    """Return the rows that differ, in their order, and the number of the pair of each."""
    told = ~pairs["matched"].to_numpy() | differ(pairs["before"], pairs["after"])
    for name in _TOLD:
        if f"{name}_before" in pairs and f"{name}_after" in pairs:
            told |= pairs["matched"].to_numpy() & differ(pairs[f"{name}_before"], pairs[f"{name}_after"])
    names = [item.told() for item in found]
    columns: dict[str, Any] = {
        "area_id": pairs["after"].fillna(pairs["before"]),
        "area_id_before": pairs["before"],
        **{name: pairs[name] for name in ("kind", "municipality_code", "name")},
        "move": _move(pairs),
        **{
            f"{name}_{when}": pairs.get(f"{name}_{when}", pd.Series(np.nan, index=pairs.index))
            for name in SHOWN
            for when in _WHEN
        },
        "premises_in": _sum(counts, "premises_new", "service_lost", "rule_in", "regrouped_in"),
        "premises_out": _sum(counts, "premises_gone", "service_reached", "rule_out", "regrouped_out"),
        "causes": [", ".join(certain) for certain, _ in names],
        "possible_causes": [", ".join(possible) for _, possible in names],
        "own_figures": [item.own for item in found],
        "why": ["; ".join(dict.fromkeys(code for code, _ in item.why)) for item in found],
        "policy_before": before.run["policy"]["id"],
        "policy_after": after.run["policy"]["id"],
        "as_of_before": before.summary.get("as_of"),
        "as_of_after": after.summary.get("as_of"),
        "currency": after.summary.get("currency"),
        "data_status": after.summary.get("data_status"),
    }
    table = pd.DataFrame(columns, index=pairs.index)[list(COLUMNS)]
    chosen = table[told].sort_values(["rank_after", "rank_before", "area_id"], kind="stable", na_position="last")
    return chosen.reset_index(drop=True), [int(number) for number in chosen.index]


def _move(pairs: pd.DataFrame) -> Any:
    old, new = (pairs[f"rank_{when}"].to_numpy(dtype=float, na_value=np.nan) for when in _WHEN)
    holds = [pairs["before"].isna().to_numpy(), pairs["after"].isna().to_numpy(), new < old, new > old]
    return np.select(holds, [np.array(move) for move in ("came", "went", "rose", "fell")], default=np.array("same"))


def _sum(counts: pd.DataFrame, *names: str) -> pd.Series:
    return counts[list(names)].sum(axis=1)
