"""A stress test of the funded areas: the same budget and rules, if plans come late, lapse, or all arrive.

Areas change shape when other places become eligible, so what survives is counted in premises, not in ids. Masts stay
where they are whatever becomes of plans for fixed service: one survives whole, where it is funded then, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.assessment import Assessment
from coverage.kinds import is_mobile
from coverage.pipeline import Prepared, decide, prepare_again
from coverage.plans import ARRIVE, WhatIf, what_ifs
from coverage.priority import SAFE_NO, SAFE_YES
from coverage.scenario import Scenario

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Progress = Callable[[str], None]

TODAY: Final = "today"
SURVIVES: Final = ("safe", "partly", "lost")
NEW: Final = 0.5  # an area is a newcomer where more of its premises than this are not funded today
KEPT: Final = "kept_"
NAMED: Final = ("area_id", "kind", "municipality_code", "name", "rank")


@dataclass(frozen=True)
class Stress:
    """Hold what becomes of today's funded areas. Premises are eligible ones by weight; money is public grant.

    `areas` has one row per area funded today: area_id, kind, municipality_code, name, rank, grant, premises; one
    column `kept_<what-if>` each, the share of its premises that lie in funded areas then (of kind mobile 1 where the
    area itself is funded then, else 0); `built_anyway`, the share that gets
    a commercial build if all plans arrive, and `grant_at_risk`, that share of its grant; `least_kept` and `weakest`
    (the what-if that keeps least), of those in which plans come late or lapse; `survives`: safe from SAFE_YES of its
    premises on in each of these, lost up to SAFE_NO in one, else partly.

    `whatifs` has one row for today and one per what-if: whatif, label, operator, plans (changed), eligible premises,
    businesses and households, areas, funding_gap (P50 of the total), funded_areas, funded_premises, grant; and of
    today's funded premises and grant: kept_premises, kept_share, built_premises and grant_at_risk (they get a
    commercial build instead), displaced_premises and displaced_grant (they are eligible still, but others come
    before); newcomers (areas), newcomer_premises and newcomer_grant. Areas and premises are those of kind fixed, but
    grant, displaced_grant, newcomers and newcomer_grant are of both kinds.

    `newcomers` has one row per what-if and area that is funded then and mostly not today.
    """

    areas: pd.DataFrame
    whatifs: pd.DataFrame
    newcomers: pd.DataFrame
    currency: str
    policy: str
    budget: float

    def summary(self) -> dict[str, Any]:
        """Return everything as plain JSON-able values."""
        counts = self.areas["survives"].value_counts()
        return {
            "policy": self.policy,
            "currency": self.currency,
            "budget": self.budget,
            "survives": {word: int(counts.get(word, 0)) for word in SURVIVES},
            "whatifs": [_plain(row) for row in self.whatifs.to_dict("records")],
            "areas": [_plain(row) for row in self.areas.to_dict("records")],
            "newcomers": [_plain(row) for row in self.newcomers.to_dict("records")],
        }


def stress(
    prepared: Prepared,
    scenario: Scenario,
    *,
    cases: Sequence[WhatIf] | None = None,
    progress: Progress = lambda step: None,
) -> Stress:
    """Run every what-if of the study's plans under one scenario, and compare with today. No file is read again.

    `cases` are by default all of `plans.what_ifs`. `progress` is called with a few words before each. Raises
    PolicyError as `pipeline.decide` does.
    """
    progress(TODAY)
    today = decide(prepared, scenario)
    funded = _Funded(today)
    rows = [{**_headline(today), **funded.compare(today)[0]}]
    kept: dict[str, Floats] = {}
    built = np.zeros(len(funded.areas))
    newcomers = []
    if cases is None:
        cases = what_ifs(prepared.inputs, as_of=prepared.study.as_of)
    for case in cases:
        progress(case.label)
        changed = prepare_again(prepared, case.inputs)
        then = today if changed.places is prepared.places else decide(changed, scenario)
        figures, new = funded.compare(then)
        rows.append({**_headline(then, case), **figures})
        kept[f"{KEPT}{case.id}"] = funded.kept_shares(then)
        if case.id == ARRIVE:
            built = funded.shares(funded.built(then))
        newcomers.append(new.assign(whatif=case.id))
    return Stress(
        areas=_survival(funded.areas, kept, built),
        whatifs=pd.DataFrame(rows),
        newcomers=_stacked(newcomers),
        currency=prepared.study.currency,
        policy=prepared.policy.id,
        budget=scenario.budget,
    )


@dataclass(frozen=True)
class _Funded:
    """Hold the areas that are funded today, and compare them with another run on the same places."""

    today: Assessment

    @property
    def areas(self) -> gpd.GeoDataFrame:
        areas = self.today.areas
        return areas[areas["decision"] == "fund"].reset_index(drop=True)

    def shares(self, premises: Floats) -> Floats:
        """Return the share of each funded area's premises that a count per place makes up."""
        return self._per_area(premises) / np.maximum(self._per_area(_premises(self.today)), 1e-12)

    def kept_shares(self, then: Assessment) -> Floats:
        """Return the share of each funded area that is funded then: of its premises, or of a mast as a whole."""
        again = self.areas["area_id"].isin(_funded_ids(then))
        return np.where(is_mobile(self.areas), again, self.shares(self.kept(then)))

    def kept(self, then: Assessment) -> Floats:
        """Return, per place, today's funded premises that are in a funded area then."""
        both = np.minimum(_premises(self.today), _premises(then))
        return np.where(_in_funded(self.today) & _in_funded(then), both, 0.0)

    def built(self, then: Assessment) -> Floats:
        """Return, per place, today's funded premises that are not eligible then."""
        less = np.maximum(_premises(self.today) - _premises(then), 0.0)
        return np.where(_in_funded(self.today), less, 0.0)

    def compare(self, then: Assessment) -> tuple[dict[str, Any], pd.DataFrame]:
        """Return what becomes of the funded premises and grants as one row, and the newcomers."""
        all_ = np.where(_in_funded(self.today), _premises(self.today), 0.0)
        kept, built = self.kept(then), self.built(then)
        grant = self.areas["grant"].to_numpy(dtype=float)
        kept_share, built_share = self.kept_shares(then), self.shares(built)
        new = self._newcomers(then)
        return {
            "kept_premises": float(kept.sum()),
            "kept_share": float(kept.sum() / all_.sum()) if all_.sum() else 1.0,
            "built_premises": float(built.sum()),
            "grant_at_risk": float((grant * built_share).sum()),
            "displaced_premises": float((all_ - kept - built).sum()),
            "displaced_grant": float((grant * np.maximum(1.0 - kept_share - built_share, 0.0)).sum()),
            "newcomers": len(new),
            "newcomer_premises": float(new.loc[~is_mobile(new), "premises"].sum()),
            "newcomer_grant": float(new["grant"].sum()),
        }, new

    def _per_area(self, premises: Floats) -> Floats:
        sums = pd.Series(premises).groupby(self.today.places["area_id"].to_numpy(dtype=object)).sum()
        return np.asarray(sums.reindex(self.areas["area_id"]).fillna(0.0), dtype=float)

    def _newcomers(self, then: Assessment) -> pd.DataFrame:
        premises = _premises(then)
        fresh = np.maximum(premises - np.where(_in_funded(self.today), _premises(self.today), 0.0), 0.0)
        owner = then.places["area_id"].to_numpy(dtype=object)
        sums = pd.DataFrame({"premises": premises, "fresh": fresh}).groupby(owner).sum()
        areas = then.areas[then.areas["decision"] == "fund"]
        mast = is_mobile(areas)
        table = areas.loc[~mast, [*NAMED, "grant"]].merge(sums, left_on="area_id", right_index=True, how="left")
        table["new_share"] = table["fresh"] / table["premises"]
        came = mast & ~areas["area_id"].isin(_funded_ids(self.today))
        table = pd.concat([table, areas.loc[came, [*NAMED, "grant", "premises"]].assign(new_share=1.0)])
        chosen = pd.DataFrame(table[table["new_share"] > NEW].drop(columns="fresh"))
        return chosen.sort_values(["rank", "area_id"]).reset_index(drop=True)


def _premises(run: Assessment) -> Floats:
    places = run.places
    return np.asarray(places["weight"].to_numpy(dtype=float) * places["eligible"].to_numpy(dtype=float), dtype=float)


def _funded_ids(run: Assessment) -> pd.Series[str]:
    funded: pd.Series[str] = run.areas.loc[run.areas["decision"] == "fund", "area_id"]
    return funded


def _in_funded(run: Assessment) -> Bools:
    return np.asarray(run.places["area_id"].isin(_funded_ids(run)), dtype=bool)


def _headline(run: Assessment, case: WhatIf | None = None) -> dict[str, Any]:
    figures = run.summary
    places = run.places
    eligible = pd.Series(_premises(run)).groupby(places["kind"].to_numpy(dtype=object)).sum()
    return {
        "whatif": case.id if case else TODAY,
        "label": case.label if case else "as the plans stand",
        "operator": case.operator if case else "",
        "plans": case.plans if case else 0,
        "eligible_premises": float(eligible.sum()),
        "eligible_businesses": float(eligible.get("business", 0.0)),
        "eligible_households": float(eligible.get("household", 0.0)),
        "areas": int(figures["areas"]),
        "funding_gap": float(figures["funding_gap"]["p50"]),
        "funded_areas": int(figures["funded"]["areas"]),
        "funded_premises": float(_premises(run)[_in_funded(run)].sum()),
        "grant": float(figures["funded"]["grant"]),
    }


def _survival(areas: gpd.GeoDataFrame, kept: Mapping[str, Floats], built: Floats) -> pd.DataFrame:
    columns = [*NAMED, "grant", "premises"]
    table = pd.DataFrame(areas[columns]).assign(**kept)
    worse = {name: share for name, share in kept.items() if name != f"{KEPT}{ARRIVE}"}
    grid = np.column_stack([np.ones(len(table)), *worse.values()])
    least, at = grid.min(axis=1), grid.argmin(axis=1)
    names = pd.Series([TODAY, *(name.removeprefix(KEPT) for name in worse)], dtype="str")
    return table.assign(
        built_anyway=built,
        grant_at_risk=table["grant"] * built,
        least_kept=least,
        weakest=names.array.take(at),
        survives=np.select([least >= SAFE_YES, least <= SAFE_NO], ["safe", "lost"], default="partly"),
    ).sort_values(["rank", "area_id"], ignore_index=True)


def _stacked(newcomers: list[pd.DataFrame]) -> pd.DataFrame:
    columns = ["whatif", *NAMED, "premises", "new_share", "grant"]
    return (
        pd.concat([pd.DataFrame(columns=columns), *newcomers], ignore_index=True)[columns]
        if newcomers
        else (pd.DataFrame(columns=columns))
    )


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    def one(value: Any) -> Any:
        if isinstance(value, str) or value is None:
            return value
        if pd.isna(value):
            return None
        rounded = round(float(value), 4)
        return int(rounded) if rounded.is_integer() else rounded

    return {str(name): one(value) for name, value in row.items()}
