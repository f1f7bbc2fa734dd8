"""Back-casting: what the model would have said of past awards, how far that was off, and multipliers fitted from it.

The multipliers are shown and exported; they change nothing until a scenario holds them (`calibrated`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.awards import BASES, rebuild
from coverage.calibration import OVERALL, Rules, by_class, load_rules
from coverage.costbook import INDEX_PREFIX, CostBook, load_costs
from coverage.costs import price
from coverage.errors import DataError
from coverage.kinds import is_mobile
from coverage.parts import building_items
from coverage.preparation import Prepared
from coverage.scenario import Pairs, Scenario
from coverage.subsidy import estimate

# A cost per premises of comparable areas says what is left to do, and the cheapest was awarded first: not fitted.
COMPARABLE: Final = "comparable"
AWARD_COLUMNS: Final = (
    "award_id", "name", "municipality_code", "year", "technology", "status", "premises", "basis", "fitted",
    "size_class", "terrain_class", "route_m", "route_m_model", "actual_cost", "model_cost", "cost_ratio",
    "actual_grant", "model_gap", "model_grant", "grant_ratio", "note",
)  # fmt: skip
CLASSES: Final = {"size": "size_class", "terrain": "terrain_class"}
PRICE_COLUMNS: Final = ("technology", "item", "unit", "book_value", "multiplier", "fitted_value")
SIGNIFICANT: Final = 6  # digits of a price in a scenario file

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Backcast:
    """Hold the awards beside the model (AWARD_COLUMNS), the ratios by class, and the multiplier of each technology.

    Amounts are in the prices of `price_year`. `prices` (PRICE_COLUMNS) holds every building price of the cost book
    that a multiplier is for, before and after it.
    """

    awards: pd.DataFrame
    classes: pd.DataFrame
    multipliers: dict[str, float]
    prices: pd.DataFrame
    policy: str
    currency: str
    price_year: int

    @property
    def overrides(self) -> Pairs:
        """Return the fitted prices as a scenario holds them."""
        return tuple(sorted(zip(self.prices["item"], self.prices["fitted_value"], strict=True)))

    def summary(self) -> dict[str, Any]:
        """Return the result as plain JSON-able values."""
        return {
            "policy": self.policy,
            "currency": self.currency,
            "price_year": self.price_year,
            "compared": int((self.awards["basis"] != "").sum()),
            "fitted": int(self.awards["fitted"].sum()),
            "multipliers": {name: round(value, 4) for name, value in self.multipliers.items()},
            "costs": dict(self.overrides),
            "classes": _plain(self.classes),
            "awards": _plain(self.awards),
        }

    def calibrated(self, scenario: Scenario) -> Scenario:
        """Return the scenario with the fitted prices in its cost overrides: then, and only then, they are used."""
        costs = {**dict(scenario.costs), **dict(self.overrides)}
        return scenario.with_changes(costs=tuple(sorted(costs.items())))


def backcast(prepared: Prepared, scenario: Scenario, *, rules: Rules | None = None) -> Backcast:
    """Set the model beside the study's past awards, and fit a multiplier per technology from what they cost.

    What an award cost and got is brought to the study's price year by the cost book's index. The model's cost rests on
    what the award built (`awards.rebuild`), else on the cost per premises of the study's areas of its size: that basis,
    `comparable`, is shown and not fitted. Basis "": nothing could be set beside the award. `cost_ratio` and
    `grant_ratio` are model / actual; `model_grant` is the gap less the policy's local share. `multipliers`: see
    `calibration.multiplier`. Raises DataError where the study has no awards.
    """
    study, policy = prepared.study, prepared.policy
    rules = rules or load_rules()
    if prepared.inputs.awards.empty:
        raise DataError(
            f"study {study.id}: nothing to look back on; expected a source of the role 'awards' in study.toml"
        )
    book = load_costs(study.costs, currency=study.currency, price_year=study.price_year, overrides=scenario.costs)
    awards = _inflated(prepared.inputs.awards, book, study.price_year)
    works, notes = rebuild(prepared, awards[awards["actual_cost"].notna()])
    notes |= dict.fromkeys(
        awards["award_id"][awards["actual_cost"].isna()], "the cost book has no price index of its year"
    )
    found = awards.merge(_priced(works, awards, prepared, book, scenario), on="award_id", how="left")
    found = _compare_rest(found, prepared, book, scenario, rules)
    found["note"] = [
        _joined(notes.get(award, ""), note) for award, note in zip(found["award_id"], found["note"], strict=True)
    ]
    found["model_grant"] = found["model_gap"] / (1.0 + policy.subsidy.local_share)
    for name in ("cost", "grant"):
        actual = found[f"actual_{name}"]
        found[f"{name}_ratio"] = found[f"model_{name}"] / actual.where(actual > 0)
    found["fitted"] = found["basis"].isin(BASES) & (found["cost_ratio"] > 0)
    found["size_class"] = rules.size_class(found["premises"].to_numpy(dtype=float))
    found["terrain_class"] = _terrain(found, rules)
    classes = by_class(found[found["fitted"]], classes=CLASSES, credibility=rules.credibility_awards)
    whole = classes[classes["by"] == OVERALL]
    fitted = {str(name): float(value) for name, value in zip(whole["technology"], whole["multiplier"], strict=True)}
    return Backcast(
        awards=found[list(AWARD_COLUMNS)].reset_index(drop=True),
        classes=classes,
        multipliers=fitted,
        prices=_prices(fitted, book),
        policy=policy.id,
        currency=study.currency,
        price_year=study.price_year,
    )


def _inflated(awards: gpd.GeoDataFrame, book: CostBook, year: int) -> pd.DataFrame:
    """Return the awards by id with `actual_cost` and `actual_grant` in the prices of `year`; NaN without an index."""
    index = {row.year: row.value for row in book.items if row.item.startswith(INDEX_PREFIX)}
    factor = awards["year"].map(lambda then: index[year] / index[then] if then in index else np.nan).astype(float)
    frame: pd.DataFrame = awards.assign(
        actual_cost=awards["total_cost"] * factor, actual_grant=awards["grant"] * factor
    )
    return frame.sort_values("award_id", kind="stable", ignore_index=True)


def _priced(
    works: gpd.GeoDataFrame, awards: pd.DataFrame, prepared: Prepared, book: CostBook, scenario: Scenario
) -> pd.DataFrame:
    """Return award_id, basis, route_m_model, model_cost and model_gap of the works, in its award's technology."""
    built = awards.set_index("award_id")["technology"].reindex(works["area_id"]).to_numpy()
    costs = _cost_and_gap(works.assign(technology=built), works, prepared, book, scenario)
    return pd.DataFrame(
        {
            "award_id": pd.array(works["area_id"], dtype="str"),
            "basis": works["basis"],
            "route_m_model": works["trench_m"] + works["subsea_m"],
            "model_cost": costs["cost"].to_numpy(),
            "model_gap": costs["gap"].to_numpy(),
        }
    )


def _cost_and_gap(
    areas: gpd.GeoDataFrame, lengths: pd.DataFrame, prepared: Prepared, book: CostBook, scenario: Scenario
) -> pd.DataFrame:
    """Return `cost` and `gap` of areas with their `technology`, at the book's own figures, in their order."""
    if not len(areas):
        return pd.DataFrame({"cost": [], "gap": []}, dtype=float)
    asked = areas.assign(deliver_down_mbps=0.0, deliver_up_mbps=0.0)
    options, _ = price(asked, lengths, book=book, policy=prepared.policy)
    capex = options.set_index(["area_id", "technology"])["capex"]
    once = scenario.with_changes(draws=1)  # the gap at the book's figures needs no draws
    gaps, _ = estimate(asked, lengths, book=book, policy=prepared.policy, scenario=once)
    keys = list(zip(asked["area_id"], asked["technology"], strict=True))
    return pd.DataFrame({"cost": capex.loc[keys].to_numpy(), "gap": gaps["funding_gap"].to_numpy()})


def _compare_rest(
    found: pd.DataFrame, prepared: Prepared, book: CostBook, scenario: Scenario, rules: Rules
) -> pd.DataFrame:
    """Fill in what only comparable areas can tell: of the award's size, in its municipality where there are enough."""
    found = found.assign(basis=found["basis"].fillna("").astype(object), note="")
    areas = prepared.areas[(prepared.areas["premises"] > 0) & ~is_mobile(prepared.areas)]
    missing = found.index[(found["basis"] == "") & found["actual_cost"].notna()]
    lengths = prepared.routes.set_index("area_id").reindex(areas["area_id"])["route_m"].to_numpy()
    sizes = np.asarray(rules.size_class(areas["premises"].to_numpy(dtype=float)), dtype=object)
    codes = areas["municipality_code"].to_numpy(dtype=object)
    for technology, rows in found.loc[missing].groupby("technology", sort=True):
        costs = _cost_and_gap(areas.assign(technology=technology), prepared.routes, prepared, book, scenario)
        each = pd.DataFrame({"cost": costs["cost"], "gap": costs["gap"], "route": lengths})
        each = each.div(areas["premises"].to_numpy(dtype=float), axis=0)
        for at, award in rows.iterrows():
            (size,) = rules.size_class(np.array([float(award["premises"])]))
            alike = sizes == size
            near = alike & (codes == award["municipality_code"])
            enough = near.sum() >= rules.fewest_comparable
            chosen = near if enough else alike
            count = int(chosen.sum())
            if count < rules.fewest_comparable:
                found.loc[at, "note"] = f"fewer than {rules.fewest_comparable:g} areas of {size} to compare with"
                continue
            middle = each[chosen].median() * float(award["premises"])
            found.loc[at, ["model_cost", "model_gap", "route_m_model"]] = middle[["cost", "gap", "route"]].to_numpy()
            found.loc[at, "basis"] = COMPARABLE
            told = f"median of {count} areas of {size}"
            found.loc[at, "note"] = (
                f"median of {count} areas of {size} in {award['municipality_code']}" if enough else told
            )
    return found


def _terrain(found: pd.DataFrame, rules: Rules) -> list[str]:
    """Name the terrain of each award: as told, else by the metres per premises of its route; "" where none is known."""
    metres = (found["route_m"].fillna(found["route_m_model"]) / found["premises"]).to_numpy(dtype=float)
    classes = rules.terrain_class(np.nan_to_num(metres))
    guessed = ["" if np.isnan(each) else name for each, name in zip(metres, classes, strict=True)]
    return [own if told else other for own, told, other in
            zip(found["terrain"], found["terrain"].notna(), guessed, strict=True)]  # fmt: skip


def _prices(multipliers: dict[str, float], book: CostBook) -> pd.DataFrame:
    """List every building price of a technology, route by surface, times its multiplier."""
    rows = []
    for technology, factor in sorted(multipliers.items()):
        for item in building_items(technology):
            value = book[item].value
            fitted = float(f"{value * factor:.{SIGNIFICANT}g}")
            rows.append((technology, item, book[item].unit, value, factor, fitted))
    return pd.DataFrame(rows, columns=list(PRICE_COLUMNS))


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows: Sequence[dict[Any, Any]] = table.to_dict("records")
    return [{str(name): _value(value) for name, value in row.items()} for row in rows]


def _value(value: Any) -> Any:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    plain = value.item() if isinstance(value, np.generic) else value
    return round(plain, 4) if isinstance(plain, float) else plain
