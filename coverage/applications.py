"""Applications beside the model: what the same premises would cost and need if they were a drawn area of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage import costs, subsidy
from coverage.costbook import INDEX_PREFIX, CostBook, load_costs
from coverage.drawn import lay_alone
from coverage.figure_files import read_rules
from coverage.lots import lot_ids
from coverage.preparation import Prepared
from coverage.roads import build_graph
from coverage.scenario import Scenario
from coverage.status import OPEN, members

RULES_FILE: Final = Path(__file__).parent.parent / "data" / "applications.csv"
BESIDE_COLUMNS: Final = (
    "application_id", "name", "municipality_code", "vendor", "technology", "status", "date", "contact_office", "basis",
    "listed_rows", "unmatched_rows", "premises", "businesses", "eligible_premises", "not_eligible_because",
    "unlisted_premises", "outside_premises", "interest", "expected_homes", "route_m", "vendor_cost", "model_cost",
    "cost_ratio", "vendor_share", "vendor_gap", "model_gap_p10", "model_gap_p50", "model_gap_p90", "municipal_money",
    "local_cofunding", "asked_grant", "model_grant", "model_technology", "competes_with", "missing", "flags",
)  # fmt: skip
# What an application brings, and the column that tells it.
BROUGHT: Final = {
    "calculation": "vendor_cost", "vendor_share": "vendor_share", "municipal_money": "municipal_money",
    "interest": "interest", "contact_office": "contact_office",
}  # fmt: skip
MISSING: Final = (*BROUGHT, "outline", "address_list")
FLAGS: Final = (
    "no_premises", "cost_above", "cost_below", "gap_above", "gap_below", "more_than_cost", "interest_below",
    "too_slow", "not_eligible", "unlisted", "outside", "unmatched", "competes", "no_price_index",
)  # fmt: skip
MODEL: Final = (
    "businesses", "expected_homes", "route_m", "model_cost", "model_gap_p10", "model_gap_p50", "model_gap_p90",
    "default_grant", "given", "model_technology", "meets_delivery",
)  # fmt: skip

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rules:
    """Hold by how much an application may differ from the model before it is flagged; from `data/applications.csv`."""

    cost_differs: float
    gap_differs: float
    interest_below: float


def load_rules(path: Path = RULES_FILE) -> Rules:
    """Read the rules; raises DataError naming the row that is missing or no number above 0."""
    return read_rules(Rules, path)


def beside(prepared: Prepared, scenario: Scenario, *, rules: Rules | None = None) -> pd.DataFrame:
    """Set every open application beside what the model says of the same premises: BESIDE_COLUMNS, sorted by id.

    The premises are those that it lists, whether eligible or not; without a list those eligible in its outline, else
    those of the area that it names (`basis`). They are laid out, routed and priced alone, as a drawn area is, in the
    technology that is applied for; `model_technology` is the cheapest that meets the delivery clause. Amounts are in
    the study's price year: the vendor's are brought there by the cost book's index from the year of `date` (without a
    date they are taken to be in it). `cost_ratio` is model / vendor; `vendor_gap` is the vendor's cost less its share,
    to be held against `model_gap_…`; `asked_grant` is that less the municipal money, `model_grant` the model's P50 less
    it (the policy's local share where no sum is told); `local_cofunding` is the municipal money over the model's P50.

    `unlisted_premises`: eligible inside the outline, and not in the list; `outside_premises`: listed, and outside the
    outline. `missing` names what an application should bring and does not (MISSING), `flags` what a county should look
    at (FLAGS), both ", " between and "" for nothing. An application that holds nobody is there without model figures.
    """
    rules = rules or load_rules()
    study, inputs, places = prepared.study, prepared.inputs, prepared.places
    whole = inputs.applications
    asked = whole[(whole["status"] == OPEN).to_numpy()] if len(whole) else whole
    if not len(asked):
        return pd.DataFrame({name: [] for name in BESIDE_COLUMNS})
    asked = asked.sort_values("application_id", ignore_index=True)
    book = load_costs(study.costs, currency=study.currency, price_year=study.price_year, overrides=scenario.costs)
    held = members(places, asked, by="application_id", listed=inputs.applied)
    weight, eligible = (places[name].to_numpy(dtype=float) for name in ("weight", "eligible"))
    at = held["place"].to_numpy(dtype=np.int64)
    by_list = (held["basis"] == "list").to_numpy()
    held = held.assign(part=np.where(by_list, 1.0, eligible[at]), weight=weight[at], eligible=weight[at] * eligible[at])
    held = held[held["part"] * held["weight"] > 0]
    model = pd.concat(_priced(prepared, scenario, asked, held, book)) if len(held) else pd.DataFrame()
    table = _facts(asked, held, model, prepared)
    table = _money(table, asked, book, study.price_year)
    return _judged(table, asked, rules)[list(BESIDE_COLUMNS)]


def _priced(
    prepared: Prepared, scenario: Scenario, asked: gpd.GeoDataFrame, held: pd.DataFrame, book: CostBook
) -> Iterator[pd.DataFrame]:
    """Yield MODEL by application, of as many applications at a time as share no position."""
    places = prepared.places
    points = np.asarray(places.geometry.array, dtype=object)
    xy = shapely.get_coordinates(points)
    spot = np.unique(xy, axis=0, return_inverse=True)[1].reshape(-1)
    graph = build_graph(prepared.inputs.roads)
    for names in _apart(held, spot):
        mine = held[held["application_id"].isin(names)]
        part = np.zeros(len(places))
        part[mine["place"].to_numpy(dtype=np.int64)] = mine["part"].to_numpy(dtype=float)
        lots = _as_lots(mine, points, places, asked)
        _, areas, routes = lay_alone(prepared, lots, part=part, graph=graph)
        owner = dict(zip(lot_ids(lots), lots["lot_id"], strict=True))
        areas = areas.assign(application_id=areas["area_id"].map(owner))
        yield _estimated(areas, routes, asked, book, prepared, scenario)


def _as_lots(
    mine: pd.DataFrame, points: npt.NDArray[np.object_], places: gpd.GeoDataFrame, asked: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return one lot per application, drawn as the points of its premises and nothing else."""
    codes = places["municipality_code"].to_numpy(dtype=object)
    rows = []
    for name, some in mine.groupby("application_id", sort=True):
        at = some["place"].to_numpy(dtype=np.int64)
        sums = pd.Series(some["weight"].to_numpy(), index=codes[at]).groupby(level=0).sum()
        code = sums.sort_index().idxmax() if len(sums) else None
        shape = shapely.multipoints(points[at])
        rows.append({"lot_id": name, "name": None, "municipality_code": code, "geometry": shape})
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=places.crs)
    return frame.astype({"lot_id": "str", "name": "str", "municipality_code": "str"})


def _estimated(
    areas: gpd.GeoDataFrame,
    routes: pd.DataFrame,
    asked: gpd.GeoDataFrame,
    book: CostBook,
    prepared: Prepared,
    scenario: Scenario,
) -> pd.DataFrame:
    """Return MODEL of areas with their `application_id`, in the technology applied for."""
    policy = prepared.policy
    wanted = asked.set_index("application_id")["technology"]
    areas = areas.assign(technology=areas["application_id"].map(wanted).to_numpy())
    options, _ = costs.price(areas, routes, book=book, policy=policy)
    own = options.set_index(["area_id", "technology"]).loc[
        list(zip(areas["area_id"], areas["technology"], strict=True))
    ]
    able = options[options["meets_delivery"]].sort_values(["area_id", "net_cost"], kind="stable")
    cheapest = able.drop_duplicates("area_id").set_index("area_id")["technology"]
    areas = areas.assign(capex=own["capex"].to_numpy())
    estimated, _ = subsidy.estimate(areas, routes, book=book, policy=policy, scenario=scenario)
    homes = estimated["premises"] - estimated["businesses"] - estimated["public"]
    lengths = routes.set_index("area_id")["route_m"]
    return pd.DataFrame(
        {
            "businesses": estimated["businesses"].to_numpy(),
            "expected_homes": homes.to_numpy() * book["take_up_household"].value,
            "route_m": estimated["area_id"].map(lengths).to_numpy(dtype=float),
            "model_cost": estimated["capex"].to_numpy(),
            **{f"model_gap_{name}": estimated[f"funding_gap_{name}"].to_numpy() for name in ("p10", "p50", "p90")},
            "default_grant": estimated["grant"].to_numpy(),
            "given": estimated["private_share"].to_numpy(),
            "model_technology": estimated["area_id"].map(cheapest).to_numpy(),
            "meets_delivery": own["meets_delivery"].to_numpy(dtype=bool),
        },
        index=pd.Index(estimated["application_id"], name="application_id"),
    )


def _facts(asked: gpd.GeoDataFrame, held: pd.DataFrame, model: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    """Return what is told, who is held and the model's figures of each application, in their order."""
    places = prepared.places
    ids = asked["application_id"].to_numpy(dtype=object)
    at = held["place"].to_numpy(dtype=np.int64)
    each = held.assign(
        premises=held["weight"] * held["part"],
        code=places["municipality_code"].to_numpy(dtype=object)[at],
        because=places["reason_code"].to_numpy(dtype=object)[at],
    )
    sums = each.groupby("application_id")[["premises", "eligible"]].sum().reindex(ids).fillna(0.0)
    out = each[(each["basis"] == "list") & (each["eligible"] < each["weight"])]
    reasons = out.groupby("application_id")["because"].agg(lambda codes: ", ".join(sorted(set(codes))))
    most = each.groupby(["application_id", "code"])["premises"].sum().reset_index()
    most = most.sort_values(["application_id", "premises", "code"], ascending=[True, False, True])
    main = most.drop_duplicates("application_id").set_index("application_id")["code"]
    inside = _outline_pairs(asked, prepared)
    unlisted, outside = _beyond(asked, held, inside, prepared)
    told = pd.DataFrame(asked.drop(columns="geometry")).set_index("application_id")
    shared = each.merge(each, on="place", suffixes=("", "_other"))
    shared = shared[shared["application_id"] != shared["application_id_other"]]
    rivals = shared.groupby("application_id")["application_id_other"].agg(lambda names: ", ".join(sorted(set(names))))
    columns = {
        "municipality_code": told["municipality_code"].fillna(main.reindex(ids)),
        "basis": each.groupby("application_id")["basis"].first().reindex(ids).fillna(""),
        "premises": sums["premises"],
        "eligible_premises": sums["eligible"],
        "not_eligible_because": reasons.reindex(ids).fillna(""),
        "unlisted_premises": unlisted.reindex(ids).fillna(0.0),
        "outside_premises": outside.reindex(ids).fillna(0.0),
        "competes_with": rivals.reindex(ids).fillna(""),
    }
    table = told.assign(**columns)
    return table.join(model.reindex(ids) if len(model) else pd.DataFrame(index=ids, columns=list(MODEL), dtype=float))


def _outline_pairs(asked: gpd.GeoDataFrame, prepared: Prepared) -> pd.DataFrame:
    """Return which places lie in the outline of each application that draws one."""
    drawn = asked[asked["geometry"].notna()]
    return members(prepared.places, drawn.assign(area_id=None), by="application_id")


def _beyond(
    asked: gpd.GeoDataFrame, held: pd.DataFrame, inside: pd.DataFrame, prepared: Prepared
) -> tuple[pd.Series, pd.Series]:
    """Count eligible premises inside an outline that the list leaves out, and listed premises outside the outline."""
    both = held.loc[(held["basis"] == "list") & held["application_id"].isin(inside["application_id"])]
    keys = ["application_id", "place"]
    merged = inside[inside["application_id"].isin(both["application_id"])][keys].merge(
        both[[*keys, "weight"]], on=keys, how="outer", indicator=True
    )
    at = merged["place"].to_numpy(dtype=np.int64)
    weight, eligible = (prepared.places[name].to_numpy(dtype=float)[at] for name in ("weight", "eligible"))
    unlisted = merged.assign(premises=weight * eligible)[(merged["_merge"] == "left_only").to_numpy()]
    outside = merged.assign(premises=weight)[(merged["_merge"] == "right_only").to_numpy()]
    return (
        unlisted.groupby("application_id")["premises"].sum(),
        outside.groupby("application_id")["premises"].sum(),
    )


def _money(table: pd.DataFrame, asked: gpd.GeoDataFrame, book: CostBook, price_year: int) -> pd.DataFrame:
    """Add what is asked and what the model says is needed, in the prices of the study's year."""
    index = {row.year: row.value for row in book.items if row.item.startswith(INDEX_PREFIX)}
    year = asked["date"].dt.year.to_numpy(dtype=float)
    factor = np.array([1.0 if np.isnan(y) or y == price_year else _factor(index, int(y), price_year) for y in year])
    cost, share, money = (
        table[name].to_numpy(dtype=float) * factor for name in ("vendor_cost", "vendor_share", "municipal_money")
    )
    gap = np.maximum(0.0, cost - share)
    p50, given = table["model_gap_p50"].to_numpy(dtype=float), table["given"].to_numpy(dtype=float)
    left = np.maximum(0.0, p50 - given - money)
    return table.assign(
        vendor_cost=cost,
        vendor_share=share,
        municipal_money=money,
        cost_ratio=table["model_cost"].to_numpy(dtype=float) / cost,
        vendor_gap=gap,
        local_cofunding=np.divide(money, p50, out=np.full(len(table), np.nan), where=p50 > 0),
        asked_grant=np.maximum(0.0, gap - np.nan_to_num(money)),
        model_grant=np.where(np.isnan(money), table["default_grant"].to_numpy(dtype=float), left),
        no_price_index=np.isnan(factor),
    )


def _factor(index: dict[int, float], then: int, now: int) -> float:
    return index[now] / index[then] if then in index and now in index else float("nan")


def _judged(table: pd.DataFrame, asked: gpd.GeoDataFrame, rules: Rules) -> pd.DataFrame:
    """Add `missing` and `flags`."""
    lacks: dict[str, Any] = {name: table[column].isna() for name, column in BROUGHT.items()}
    lacks["outline"] = asked["geometry"].isna().to_numpy()
    lacks["address_list"] = table["listed_rows"] == 0
    cost, model = table["vendor_cost"], table["model_cost"]
    apart = table["vendor_gap"] - table["model_gap_p50"]
    sure = table["meets_delivery"].eq(False)
    raised = {
        "no_premises": table["premises"] == 0,
        "cost_above": cost - model > rules.cost_differs * cost,
        "cost_below": model - cost > rules.cost_differs * cost,
        "gap_above": apart > rules.gap_differs * cost,
        "gap_below": -apart > rules.gap_differs * cost,
        "more_than_cost": table["vendor_share"].fillna(0.0) + table["municipal_money"].fillna(0.0) > cost,
        "interest_below": table["interest"] < rules.interest_below * table["expected_homes"],
        "too_slow": sure,
        "not_eligible": table["not_eligible_because"] != "",
        "unlisted": table["unlisted_premises"] > 0,
        "outside": table["outside_premises"] > 0,
        "unmatched": table["unmatched_rows"] > 0,
        "competes": table["competes_with"] != "",
        "no_price_index": table["no_price_index"],
    }
    return table.assign(missing=_listed(lacks, MISSING), flags=_listed(raised, FLAGS)).reset_index()


def _listed(holds: dict[str, Any], order: tuple[str, ...]) -> list[str]:
    rows = zip(*(np.asarray(holds[name], dtype=bool) for name in order), strict=True)
    return [", ".join(name for name, held in zip(order, row, strict=True) if held) for row in rows]


def _apart(held: pd.DataFrame, spot: npt.NDArray[np.int64]) -> list[list[str]]:
    """Group applications so that no two of a group hold places at one position, in their order: a place has one lot."""
    groups: list[tuple[list[str], set[int]]] = []
    for name, some in held.groupby("application_id", sort=True):
        mine = {int(at) for at in spot[some["place"].to_numpy(dtype=np.int64)]}
        for members_of, taken in groups:
            if not taken & mine:
                members_of.append(str(name))
                taken |= mine
                break
        else:
            groups.append(([str(name)], mine))
    return [names for names, _ in groups]
