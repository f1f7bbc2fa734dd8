"""What became of the premises of two runs: in or out of the data, of eligibility, of an area; and whose doing it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.compare.runs import FIXED, MOBILE, PREMISES, SHARES, SOURCES, Run

Bools = npt.NDArray[np.bool_]

# Of areas of each kind: where a place says to which it belongs, how far it counts there, and the service looked at.
MEMBERS: Final = {"fixed": ("area_id", "eligible"), "mobile": ("mobile_area_id", "short_mobile")}
SAME: Final = 1e-9  # relative: what another machine's arithmetic may move
# What can be said of a place, in the order in which a run comes to it.
CODES: Final = (
    "premises_new", "premises_gone", "premises_changed", "service_lost", "service_reached", "service_changed",
    "rule_in", "rule_out", "regrouped_in", "regrouped_out",
)  # fmt: skip
FACTS: Final = CODES[:6]
SERVICE: Final = CODES[3:6]


@dataclass(frozen=True, eq=False)
class Members:
    """Hold the premises in areas of one kind, in either run.

    `table` has place_id, `before` and `after` (area, null where in none), `weight_before`, `weight_after`, and a
    column of truth for each of CODES but the regrouped; `offered`: the offer looked at is of a source that differs.
    """

    kind: str
    table: pd.DataFrame


def follow(before: Run, after: Run, *, kind: str, sources: frozenset[str]) -> Members:
    """Set the places of two runs side by side, as far as they are in an area of the kind in either of them.

    `sources` are the ids of those whose files differ.
    """
    member, counts = MEMBERS[kind]
    old, new = (_of_kind(run.places, member) for run in (before, after))
    inside = pd.Index(old.loc[old["area"].notna(), "place_id"]).union(new.loc[new["area"].notna(), "place_id"])
    old, new = (table.set_index("place_id").reindex(inside) for table in (old, new))
    was, now = (pd.Index(run.places["place_id"]).get_indexer(inside) >= 0 for run in (before, after))
    both = was & now
    facts = both & _differ(old, new, PREMISES)
    shares = sorted({str(name) for name in (*old, *new) if str(name).startswith(SHARES)})
    service = both & _differ(old, new, (*FIXED, *shares) if kind == "fixed" else MOBILE)
    # Ineligible is what stands in no area for the verdict on it, and counts for nothing.
    part = [np.nan_to_num(table[counts].to_numpy(dtype=float, na_value=np.nan)) for table in (old, new)]
    rose, fell = both & (part[1] > part[0] + SAME), both & (part[1] < part[0] - SAME)
    told = facts | service
    table = pd.DataFrame(
        {
            "place_id": inside,
            "before": old["area"].to_numpy(dtype=object),
            "after": new["area"].to_numpy(dtype=object),
            "weight_before": old["weight"].to_numpy(dtype=float, na_value=np.nan),
            "weight_after": new["weight"].to_numpy(dtype=float, na_value=np.nan),
            "premises_new": ~was,
            "premises_gone": ~now,
            "premises_changed": facts,
            "service_lost": service & rose,
            "service_reached": service & fell,
            "service_changed": service & ~rose & ~fell & (part[1] > 0),
            "rule_in": rose & ~told,
            "rule_out": fell & ~told,
            "offered": _of_sources(old, sources) | _of_sources(new, sources),
        }
    )
    return Members(kind, table)


def by_pair(members: Members, pair_before: pd.Series, pair_after: pd.Series) -> pd.DataFrame:
    """Count, for each pair of areas, the premises of which each of CODES holds; index: the pair's number.

    `pair_before` and `pair_after` give the number of the pair that an area is in. SERVICE is told twice: `offered_`
    before the code counts those whose offer is of a source that differs. A place that an area took over from another
    one counts in both.
    """
    table = members.table
    old, new = table["before"].map(pair_before), table["after"].map(pair_after)
    moved = old.notna() & new.notna() & (old != new)
    weight = table["weight_after"].fillna(table["weight_before"])
    counted = {name: weight * table[name] for name in CODES[:8]}
    counted |= {f"offered_{name}": weight * (table[name] & table["offered"]) for name in SERVICE}
    frame = pd.DataFrame(counted)
    at = pd.concat([new.fillna(old), old[moved]])
    own = pd.concat([frame, frame[moved]]).groupby(at.to_numpy()).sum()
    came = weight[moved].groupby(new[moved].to_numpy()).sum()
    went = weight[moved].groupby(old[moved].to_numpy()).sum()
    return own.assign(regrouped_in=came, regrouped_out=went).fillna(0.0)


def exchanged(members: Members, pair_before: pd.Series, pair_after: pd.Series) -> dict[int, set[int]]:
    """Return, for each pair of areas, the pairs that it gave premises to or took them from."""
    old, new = members.table["before"].map(pair_before), members.table["after"].map(pair_after)
    moved = old.notna() & new.notna() & (old != new)
    found: dict[int, set[int]] = {}
    for one, other in zip(old[moved].astype(int).tolist(), new[moved].astype(int).tolist(), strict=True):
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found


def _of_kind(places: pd.DataFrame, member: str) -> pd.DataFrame:
    area = places[member] if member in places else pd.Series(None, index=places.index, dtype="str")
    return places.assign(area=area)


def _of_sources(places: pd.DataFrame, sources: frozenset[str]) -> Bools:
    named = [places[name].isin(sources).to_numpy() for name in SOURCES if name in places]
    return np.any(named, axis=0) if named else np.zeros(len(places), dtype=bool)


def _differ(old: pd.DataFrame, new: pd.DataFrame, names: Sequence[str]) -> Bools:
    """Say of which rows any of the columns differ; a column that only one run has says nothing."""
    found = np.zeros(len(old), dtype=bool)
    for name in names:
        if name in old and name in new:
            found |= differ(old[name], new[name])
    return found


def differ(old: pd.Series, new: pd.Series) -> Bools:
    """Say where two columns differ; missing is equal to missing, numbers within SAME of each other."""
    if _is_number(old) and _is_number(new):
        one, other = (column.to_numpy(dtype=float, na_value=np.nan) for column in (old, new))
        return np.asarray(~np.isclose(one, other, rtol=SAME, atol=SAME, equal_nan=True), dtype=bool)
    gone = old.isna().to_numpy(), new.isna().to_numpy()
    equal = np.equal(old.to_numpy(dtype=object), new.to_numpy(dtype=object), dtype=object)
    there = ~gone[0] & ~gone[1]
    return np.asarray((gone[0] != gone[1]) | (there & ~(np.asarray(equal) == np.True_)), dtype=bool)


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype)
