"""Which claims of service stand: a plan that has lapsed, or a word that is withdrawn, reaches nobody any more."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.policy import Policy
from coverage.schemas import CLAIMS, STANDING

Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

GONE: Final = tuple(claim for claim in CLAIMS if claim not in STANDING)
ANY_TECHNOLOGY: Final = "other"  # what a claim says that names no technology


@dataclass(frozen=True)
class Claims:
    """Hold the offers of all layers in one table (`service.complete`), and pairs: positions of places and of offers."""

    table: pd.DataFrame
    place: Ints
    offer: Ints

    def keep(self, offers: Bools) -> Claims:
        """Return the claims with the pairs of the chosen offers alone; the table stays whole."""
        kept = offers[self.offer]
        return replace(self, place=self.place[kept], offer=self.offer[kept])

    def among(self, places: Ints) -> Claims:
        """Return the claims with the pairs of the chosen places alone (positions, sorted), numbered anew."""
        at = np.searchsorted(places, self.place)
        kept = np.append(places, -1)[at] == self.place
        return replace(self, place=at[kept], offer=self.offer[kept])

    @property
    def planned(self) -> Bools:
        """Say which offers are plans."""
        return np.asarray((self.table["status"] == "planned") & (self.table["basis"] != "measured"), dtype=bool)

    @property
    def heard(self) -> Bools:
        """Say which offers were said in a hearing."""
        return self.table["claim"].notna().to_numpy(dtype=bool)

    def gone(self, as_of: dt.date) -> Bools:
        """Say which rows tell of a claim that stands no more on `as_of`; one that is to lapse later stands yet."""
        later = (self.table["lapsed_on"] > pd.Timestamp(as_of)).to_numpy(dtype=bool)
        return self.table["claim"].isin(GONE).to_numpy(dtype=bool) & ~later

    def overdue(self, as_of: dt.date) -> Bools:
        """Say which offers are plans whose day has passed."""
        return self.planned & (self.table["available_from"] <= pd.Timestamp(as_of)).to_numpy(dtype=bool)


def operator_key(names: pd.Series) -> pd.Series:
    """Return the names of operators as they are compared: case and spaces do not count."""
    known = pd.Series(names.unique(), dtype="str")
    plain = known.str.casefold().str.replace(r"\s+", " ", regex=True).str.strip()
    return names.map(dict(zip(known, plain, strict=True))).astype("str")


def operator_codes(names: pd.Series) -> Ints:
    """Number the operators that `operator_key` tells apart."""
    code, known = pd.factorize(names)
    own, _ = pd.factorize(operator_key(pd.Series(known, dtype="str")))
    return np.asarray(own[code], dtype=np.intp)


def standing(claims: Claims, *, policy: Policy, as_of: dt.date, lapses: bool = True) -> Claims:
    """Return the pairs that stand on `as_of`.

    A row that says "lapsed" takes away, at every place that it reaches, the plans of its operator in its technology
    ("other" is any) that were said no later than it (`as_of` of both; one without a date counts as said before), in
    the hearing and among the offers; "withdrawn" takes away also what the operator said in the hearing to exist.
    Where the policy does not count overdue plans, those whose day has passed are taken away too. Without `lapses`, what
    has lapsed or was withdrawn is read as if it still stood.
    """
    gone = claims.gone(as_of) & lapses
    dropped = gone[claims.offer]
    if gone.any():
        dropped |= _cancelled(claims, gone)
    if not policy.fixed.counts_overdue_plans:
        dropped |= claims.overdue(as_of)[claims.offer]
    if not dropped.any():
        return claims
    return replace(claims, place=claims.place[~dropped], offer=claims.offer[~dropped])


def _cancelled(claims: Claims, gone: Bools) -> Bools:
    """Say which pairs a row of the same operator at the same place takes away."""
    table = claims.table
    facts = pd.DataFrame(
        {
            "place": claims.place,
            "operator": operator_codes(table["provider"])[claims.offer],
            "technology": table["technology"].to_numpy(dtype=object)[claims.offer],
            "said": table["as_of"].to_numpy()[claims.offer],
        }
    )
    # What a plan said again later is not meant by an earlier lapse.
    withdrawn = (table["claim"] == "withdrawn").to_numpy(dtype=bool)[claims.offer]
    lapse = gone[claims.offer]
    exposed = ~lapse & (claims.planned | claims.heard)[claims.offer]
    pairs = (
        facts[exposed]
        .assign(pair=np.flatnonzero(exposed), plan=claims.planned[claims.offer][exposed])
        .merge(facts[lapse].assign(whole=withdrawn[lapse]), on=["place", "operator"], suffixes=("", "_gone"))
    )
    same = (
        (pairs["technology"] == pairs["technology_gone"])
        | (pairs["technology"] == ANY_TECHNOLOGY)
        | (pairs["technology_gone"] == ANY_TECHNOLOGY)
    )
    again = pairs["said"] > pairs["said_gone"]
    hit = same & ~again & (pairs["plan"] | pairs["whole"])
    out = np.zeros(len(claims.place), dtype=bool)
    out[pairs["pair"][hit]] = True
    return out
