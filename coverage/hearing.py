"""What a public hearing changed: who is no longer eligible because of what an operator said, and who is so again.

Three verdicts on the same places are compared: *before*, without what operators said in the hearing; *after*, with it;
and with everything that has lapsed or was withdrawn read as if it still stood. What has lapsed stands in neither of the
first two, also where it was an offer's plan before the hearing. Lists are cumulative, as Nkom's are: who lacks
30 Mbit/s is on the list of those who lack 100 Mbit/s too.
"""

from __future__ import annotations

import csv
import datetime as dt
import itertools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.claims import Claims, operator_key, standing
from coverage.errors import DataError
from coverage.gaps import judge, tier_weights
from coverage.inputs import OfferLayer
from coverage.overlay import pair_offers, serve_fixed
from coverage.policy import Policy
from coverage.schemas import CLAIMS

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

PUBLISHED: Final = Path(__file__).parent.parent / "data" / "hearings.csv"
COUNTED: Final = {"premises": None, "businesses": "business", "households": "household"}
FIGURES: Final = ("before", "after", "removed", "put_back", "overdue")
REMOVED, PUT_BACK = "removed", "put_back"
_NOTHING: Final = 1e-9  # shares that differ by less are equal


@dataclass(frozen=True)
class Account:
    """Hold what a hearing changed. Counts are premises by weight, fractional where service is a share.

    `lists` has one row per list of the policy (`list`: an eligible tier's id, `below_mbps`) and columns
    `<what>_<figure>`, where what is premises, businesses or households, and figure one of FIGURES: before and after the
    hearing, removed by it (before − after), put back because a claim has lapsed, and removed by overdue plans alone;
    `removed_share` of the list before; and `published_share` with `published_hearing` and `published_source`, what the
    last published hearing of the country removed, to set beside it.

    `operators` has one row per operator and list: rows of each claim (of the file, the same on every list), `claimed`
    (removed premises that the operator's claims are about), `alone` (of these, back on the list if only
    this operator's claims are left out), `shared` (the others), `put_back` and `overdue`, each per what.

    `places` has the index of all places: `hearing` ("removed", "put_back", null), `hearing_removed_by`, and of places
    put back `hearing_lapsed_by`, the operators whose claim has lapsed there, and `hearing_lapsed_on`, the last such
    day.
    """

    policy: str
    lists: pd.DataFrame
    operators: pd.DataFrame
    places: pd.DataFrame
    overdue_claims: int

    def summary(self) -> dict[str, Any]:
        """Return the counts as plain JSON-able values, one decimal where shares make counts fractional."""
        return {
            "policy": self.policy,
            "lists": [_nested(row) for row in self.lists.to_dict("records")],
            "operators": [_nested(row) for row in self.operators.to_dict("records")],
            "overdue_claims": self.overdue_claims,
        }


def removed(
    places: gpd.GeoDataFrame,
    *,
    offers: Sequence[OfferLayer],
    hearing: Sequence[OfferLayer],
    shares: pd.DataFrame | None,
    policy: Policy,
    as_of: dt.date,
) -> Account:
    """Say what a hearing removed from the lists of the policy, by whom, and what has come back.

    `places` are judged with everything (schemas.PLACES, SERVICE, VERDICT). Only places that a row of the hearing
    reaches are judged again. A place that several operators claim is `alone` to the one whose claims it needs to be
    off the list; where any of them would do, or it needs several, it is shared. An operator that nobody else knows is
    an operator like any other; names that differ in case or spaces are one.
    """
    claims = pair_offers(places, [*offers, *hearing], as_of=as_of)
    reached = np.unique(claims.place[claims.heard[claims.offer]])
    case = _Case(places.iloc[reached], claims.among(reached), shares, policy, as_of)
    return case.account(places, reached)


def load_published(country: str, *, path: Path = PUBLISHED) -> pd.DataFrame:
    """Return the published results of hearings in a country: hearing, below_mbps, before, after, unit, source."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["country"] == country]
    table = pd.DataFrame(rows, columns=["country", "hearing", "below_mbps", "before", "after", "unit", "source"])
    numbers = ["below_mbps", "before", "after"]
    table[numbers] = table[numbers].apply(pd.to_numeric, errors="coerce").astype(float)
    if table[numbers].isna().any(axis=None):
        raise DataError(f"{path.name}: below_mbps, before and after must be numbers in every row")
    return table


def list_weights(places: pd.DataFrame, policy: Policy) -> Floats:
    """Count the premises of each place on each list of the policy: places × eligible tiers, lists cumulative."""
    weights = tier_weights(places, policy)[list(policy.eligible_tiers)].to_numpy(dtype=float)
    short, eligible = (places[name].to_numpy(dtype=float) for name in ("short_fixed", "eligible"))
    part = np.divide(eligible, short, out=np.zeros(len(places)), where=short > 0)
    return np.asarray(np.cumsum(weights * part[:, None], axis=1), dtype=float)


@dataclass(frozen=True)
class _Case:
    """Hold the places that the hearing reaches, and judge them under parts of what was said."""

    places: gpd.GeoDataFrame
    raw: Claims  # whether they stand or not
    shares: pd.DataFrame | None
    policy: Policy
    as_of: dt.date

    @cached_property
    def claims(self) -> Claims:
        """Return what stands. What a lapse takes away does not hang on what else is said, so it is found once."""
        return standing(self.raw, policy=self.policy, as_of=self.as_of)

    def weights(self, keep: Bools | None = None, *, at: Ints | None = None) -> Floats:
        """Return the lists under the chosen offers, for all places or for those `at` positions (sorted)."""
        return self._weights(self.claims if keep is None else self.claims.keep(keep), at=at)

    def _weights(self, claims: Claims, *, at: Ints | None = None) -> Floats:
        places = self.places
        if at is not None:
            places, claims = places.iloc[at], claims.among(at)
        judged = judge(places.assign(**self._serve(places, claims)), policy=self.policy, as_of=self.as_of)
        return list_weights(judged, self.policy)

    def _serve(self, places: gpd.GeoDataFrame, claims: Claims) -> dict[str, Any]:
        return serve_fixed(places, claims, shares=self.shares, policy=self.policy, as_of=self.as_of)

    def reached_by(self, offers: Bools) -> Ints:
        """Return the positions of the places that any of the chosen offers reaches, sorted."""
        return np.unique(self.raw.place[offers[self.raw.offer]])

    @cached_property
    def gone(self) -> Bools:
        return self.claims.heard & self.claims.gone(self.as_of)

    @cached_property
    def said(self) -> Bools:
        """Say which offers are claims that stand. Those that take away are none: they work on either side."""
        return self.claims.heard & ~self.gone

    @cached_property
    def late(self) -> Bools:
        """Say which claims are plans whose day has passed, though a place that they reach has no such speed yet."""
        table, claims = self.claims.table, self.claims
        there = self._serve(self.places, claims)["fixed_down_mbps"]
        slower = there[claims.place] < table["down_mbps"].to_numpy(dtype=float)[claims.offer]
        lacking = np.zeros(len(table), dtype=bool)
        lacking[claims.offer[slower]] = True
        return self.said & claims.overdue(self.as_of) & lacking

    @cached_property
    def after(self) -> Floats:
        return self.weights()

    @cached_property
    def before(self) -> Floats:
        return self.weights(~self.said)

    @cached_property
    def removed(self) -> Floats:
        return self.before - self.after

    @cached_property
    def put_back(self) -> Floats:
        return np.maximum(
            self.after - self._weights(standing(self.raw, policy=self.policy, as_of=self.as_of, lapses=False)), 0.0
        )

    @cached_property
    def overdue(self) -> Floats:
        """Return what only plans whose day has passed keep off the lists."""
        return np.maximum(self.weights(~self.late) - self.after, 0.0)

    @cached_property
    def keys(self) -> pd.Series:
        """Return the operator of each offer as it is compared."""
        return operator_key(self.claims.table["provider"])

    @cached_property
    def names(self) -> pd.Series:
        """Return the operators that were heard, sorted, by the key under which their rows are found."""
        heard = self.claims.heard
        return self.claims.table[heard].groupby(self.keys[heard])["provider"].min().sort_values(kind="stable")

    @cached_property
    def rows(self) -> list[Bools]:
        """Say for each operator which offers are its own."""
        return [np.asarray(self.keys == key, dtype=bool) for key in self.names.index]

    @cached_property
    def parts(self) -> tuple[Bools, Floats]:
        """Return, operators × places × lists, whether its claims are about what is removed, and what hangs on it alone.

        They are where they would remove it without the others', or where nothing is removed without them; where that
        is so of nobody's (any two networks of three will do), where they would beside one other's.
        """
        mine = np.zeros((len(self.rows), *self.after.shape), dtype=bool)
        alone = np.zeros(mine.shape)
        for number, own in enumerate(self.rows):
            claims = own & self.said
            at = self.reached_by(claims)
            if not len(at):
                continue
            alone[number, at] = np.maximum(self.weights(~claims, at=at) - self.after[at], 0.0)
            suffices = self.before[at] - self.weights(~self.said | claims, at=at) > _NOTHING
            mine[number, at] = (suffices | (alone[number, at] > _NOTHING)) & (self.removed[at] > _NOTHING)
        mine |= self._with_another(~mine.any(axis=0) & (self.removed > _NOTHING))
        needed = (alone > _NOTHING).sum(axis=0)
        alone[:, needed > 1] = 0.0  # it takes several together
        return mine, np.minimum(alone, np.maximum(self.removed, 0.0))

    def _with_another(self, wanted: Bools) -> npt.NDArray[np.bool_]:
        """Say, operators × places × lists, whose claims remove what is `wanted` beside those of one other."""
        mine = np.zeros((len(self.rows), *wanted.shape), dtype=bool)
        at = np.flatnonzero(wanted.any(axis=1))
        if not len(at):
            return mine
        alone = [self.weights(~self.said | own, at=at) for own in self.rows]
        for first, second in itertools.combinations(range(len(self.rows)), 2):
            both = self.weights(~self.said | self.rows[first] | self.rows[second], at=at)
            mine[first, at] |= wanted[at] & (alone[second] - both > _NOTHING)
            mine[second, at] |= wanted[at] & (alone[first] - both > _NOTHING)
        return mine

    def account(self, whole: gpd.GeoDataFrame, reached: Ints) -> Account:
        mine, _ = self.parts
        by = np.full(len(self.places), None, dtype=object)
        names = self.names.to_numpy(dtype=object)
        for at in np.flatnonzero(mine[:, :, -1].any(axis=0)):
            by[at] = ", ".join(names[mine[:, at, -1]])
        change = np.select(
            [self.removed[:, -1] > _NOTHING, self.put_back[:, -1] > _NOTHING], [REMOVED, PUT_BACK], default=""
        )
        columns = pd.DataFrame(
            {"hearing": pd.Series(change, dtype="str"), "hearing_removed_by": pd.Series(by, dtype="str")}
        ).set_axis(self.places.index)
        columns["hearing"] = columns["hearing"].mask(columns["hearing"] == "")
        columns = columns.join(self._lapses(np.flatnonzero(change == PUT_BACK)))
        operators = [self._operator(number) for number in range(len(self.rows))]
        return Account(
            policy=self.policy.id,
            lists=self._lists(whole),
            operators=pd.concat(operators, ignore_index=True) if operators else pd.DataFrame(),
            places=columns.reindex(whole.index),
            overdue_claims=int(self.late.sum()),
        )

    def _lapses(self, at: Ints) -> pd.DataFrame:
        """Return who had said what has lapsed, and when, at the places put back; null elsewhere."""
        pairs = self.raw.keep(self.gone)
        mine = np.isin(pairs.place, at)
        place, offer = pairs.place[mine], pairs.offer[mine]
        told = pd.DataFrame(
            {
                "operator": self.keys.map(self.names).to_numpy(dtype=object)[offer],
                "day": self.claims.table["lapsed_on"].to_numpy()[offer],
            }
        ).groupby(place)
        rows = np.arange(len(self.places))
        by = told["operator"].agg(lambda names: ", ".join(sorted(set(names)))).reindex(rows)
        on = told["day"].max().reindex(rows)
        columns = {"hearing_lapsed_by": by.astype("str"), "hearing_lapsed_on": on.astype("datetime64[s]")}
        return pd.DataFrame(columns).set_axis(self.places.index)

    def _lists(self, whole: gpd.GeoDataFrame) -> pd.DataFrame:
        after = _sums(list_weights(whole, self.policy), whole["kind"])
        removed, back, late = (_sums(part, self.places["kind"]) for part in (self.removed, self.put_back, self.overdue))
        table = self._blank()
        for what in COUNTED:
            counts = (after[what] + removed[what], after[what], removed[what], back[what], late[what])
            table = table.assign(**{f"{what}_{figure}": part for figure, part in zip(FIGURES, counts, strict=True)})
        before = table["premises_before"]
        table["removed_share"] = (table["premises_removed"] / before.where(before > 0)).astype(float)
        return table.merge(_published(self.policy.country), on="below_mbps", how="left")

    def _operator(self, number: int) -> pd.DataFrame:
        own = self.rows[number]
        mine, alone = (part[number] for part in self.parts)
        # A row that names an address with several premises is one claim.
        said = self.claims.table[own & self.claims.heard].drop_duplicates(["source", "source_row"])
        counts = said["claim"].value_counts()
        table = self._blank().assign(**{claim: int(counts.get(claim, 0)) for claim in CLAIMS})
        table.insert(0, "operator", self.names.iloc[number])
        figures = {
            "claimed": np.where(mine, self.removed, 0.0),
            "alone": alone,
            "put_back": _only(self.put_back, self.reached_by(own & self.gone)),
            "overdue": _only(self.overdue, self.reached_by(own & self.late)),
        }
        figures["shared"] = figures["claimed"] - alone
        for figure, part in figures.items():
            sums = _sums(part, self.places["kind"])
            table = table.assign(**{f"{what}_{figure}": sums[what] for what in COUNTED})
        return table

    def _blank(self) -> pd.DataFrame:
        tiers = [self.policy.tier(tier) for tier in self.policy.eligible_tiers]
        return pd.DataFrame({"list": [tier.id for tier in tiers], "below_mbps": [tier.down_mbps for tier in tiers]})


def _only(part: Floats, at: Ints) -> Floats:
    out = np.zeros_like(part)
    out[at] = part[at]
    return out


def _sums(part: Floats, kinds: pd.Series) -> dict[str, Floats]:
    """Sum places × lists to one figure per list, for all premises, businesses and households."""
    kind = kinds.to_numpy(dtype=object)
    return {
        what: part[np.ones(len(kind), bool) if one is None else kind == one].sum(axis=0)
        for what, one in COUNTED.items()
    }


def _published(country: str) -> pd.DataFrame:
    """Return the last published hearing of a country, as columns of `Account.lists`."""
    table = load_published(country)
    last = table[table["hearing"] == table["hearing"].max()]
    return pd.DataFrame(
        {
            "below_mbps": last["below_mbps"],
            "published_hearing": last["hearing"],
            "published_share": 1.0 - last["after"] / last["before"],
            "published_source": last["source"],
        }
    )


def _nested(row: Mapping[Hashable, Any]) -> dict[str, Any]:
    return {str(name): _plain(str(name), value) for name, value in row.items()}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return value
    if pd.isna(value):
        return None
    rounded = round(float(value), 4 if name.endswith("_share") else 1)
    return int(rounded) if rounded.is_integer() else rounded
