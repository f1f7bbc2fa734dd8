from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from coverage.criteria import measure
from coverage.errors import DataError, PolicyError
from coverage.policy import Policy, load_policy
from coverage.priority import criterion_weights, prioritise
from coverage.programme import InfeasibleError
from coverage.scenario import Scenario
from coverage.wishes import Wishes
from tests import drawn

NORWAY = load_policy("no-2024")


def areas(rows: int, **columns: Any) -> gpd.GeoDataFrame:
    """Return equal areas A00, A01, … (10 premises, gap 1.3 million, grant 1 million), save for the columns given."""
    defaults: dict[str, Any] = {
        "area_id": pd.Series([f"A{number:02d}" for number in range(rows)], dtype="str"),
        "municipality_code": "5001",
        "name": "Westby",
        "technology": pd.Series(["fibre"] * rows, dtype="str"),
        "premises": 10.0,
        "businesses": 2.0,
        "households": 8.0,
        "public": 0.0,
        "employees": 6.0,
        "business_need": 6.0,
        "mean_log2_down": 4.0,
        "delivered_down_mbps": 1024.0,
        "funding_gap_p50": 1_300_000.0,
        "municipal_share": 300_000.0,
        "grant": 1_000_000.0,
        "pv_revenue": 300_000.0,
        "pv_opex": 100_000.0,
    }
    frame = pd.DataFrame(defaults | columns, index=pd.RangeIndex(rows))
    return gpd.GeoDataFrame(frame, geometry=shapely.points(np.arange(2.0 * rows).reshape(rows, 2)), crs=drawn.CRS)


def rank(table: gpd.GeoDataFrame, *, budget: float = 3e6, policy: Policy = NORWAY, **change: Any) -> gpd.GeoDataFrame:
    out = prioritise(table, policy=policy, scenario=Scenario("no-2024", budget, **change))
    assert sorted(out["area_id"]) == sorted(table["area_id"])
    assert out["rank"].tolist() == list(range(1, len(table) + 1))
    assert isinstance(out, gpd.GeoDataFrame)
    assert out.crs == table.crs
    return out


def test_scores_of_one_area_by_hand() -> None:
    out = rank(areas(1)).iloc[0]
    expected = {
        "premises": (10, 100 * 10 / 150),
        "cost_efficiency": (130_000, 100 * (350_000 - 130_000) / 350_000),
        "local_cofunding": (3 / 13, 100 * (3 / 13) / 0.5),
        "sustainable_operation": (2, 50),
        "capacity_uplift": (6, 100 * 6 / 7),
        "business_and_mobile": (6, 3),
    }
    for name, (raw, score) in expected.items():
        assert out[f"measure_{name}"] == pytest.approx(raw), name
        assert out[f"score_{name}"] == pytest.approx(score), name
    weights = [25, 20, 10, 15, 15, 15]
    assert out["score"] == pytest.approx(np.average([score for _, score in expected.values()], weights=weights))
    assert out["local_cofunding_basis"] == "policy default"


def test_what_residents_give_is_local_money_and_never_lowers_the_score() -> None:
    plain = rank(areas(1)).iloc[0]
    # 130,000 of fees: the rest is shared 10 to 3, so the municipality's part falls to 270,000.
    giving = areas(1, private_share=130_000.0, municipal_share=270_000.0, grant=900_000.0)
    out = rank(giving).iloc[0]
    assert out["measure_local_cofunding"] == pytest.approx(400_000 / 1_300_000)
    assert out["score"] > plain["score"]
    assert out["local_cofunding_basis"] == "scenario"
    none = rank(areas(1, private_share=0.0)).iloc[0]
    assert (none["score"], none["local_cofunding_basis"]) == (plain["score"], "policy default")


def test_the_german_points_by_hand() -> None:
    germany = load_policy("de-gigabit-2")
    table = areas(3, municipality_short_share=[0.2, 0.1, 0.9], inhabitants_per_km2=[100.0, 75.0, 20.0])
    out = rank(table, policy=germany, budget=2e6).set_index("area_id").sort_index()
    # 40 for a share of 20 % or more, 20 for 50 inhabitants or fewer; what no column holds scores 0.
    assert out["score"].tolist() == pytest.approx([40, 20 + 10, 40 + 20])
    assert out["score_remaining_need"].eq(0).all()
    assert out["measure_municipalities"].isna().all()
    assert out["rank"].tolist() == [2, 3, 1]
    assert out["decision"].tolist().count("fund") == 2, "no point adds up over areas, so the budget buys premises"


def test_scores_are_clipped_and_adding_an_area_does_not_reshuffle_the_others() -> None:
    table = areas(3, premises=[150.0, 9_000.0, 30.0], funding_gap_p50=[9e9, 1.3e6, 1.3e6])
    out = rank(table).set_index("area_id")
    assert out.loc[["A00", "A01"], "score_premises"].tolist() == [100, 100]
    assert out.loc["A00", "score_cost_efficiency"] == 0
    alone = rank(table.iloc[[2]]).iloc[0]
    assert alone["score"] == out.loc["A02", "score"]


def test_an_area_that_needs_nothing_is_funded_free() -> None:
    table = areas(2, grant=[0.0, 1e6], funding_gap_p50=[0.0, 1.3e6], municipal_share=[0.0, 3e5], premises=[1.0, 90.0])
    out = rank(table, budget=0.0).set_index("area_id")
    assert out.loc["A00", ["decision", "ranked_decision"]].tolist() == ["fund", "fund"]
    assert out.loc["A01", ["decision", "ranked_decision"]].tolist() == ["reserve", "reserve"]
    # Nobody has committed money to either: both have the policy's default.
    assert out["score_local_cofunding"].tolist() == pytest.approx([100 * (3 / 13) / 0.5] * 2)


def test_ineligible_areas_stand_last_and_cost_nothing() -> None:
    technology = pd.Series(["fibre", None, "fibre", "fibre"], dtype="str")
    table = areas(4, technology=technology, premises=[10.0, 99.0, 0.0, 20.0], grant=[1e6, 1e6, 1e6, np.nan])
    out = rank(table, budget=9e9)
    assert out["area_id"].iloc[0] == "A00"
    assert out["decision"].tolist() == ["fund", "ineligible", "ineligible", "ineligible"]
    assert out["ranked_decision"].tolist() == out["decision"].tolist()
    assert out["cumulative_grant"].tolist() == [1e6] * 4


def test_the_cut_and_the_optimum_side_by_side() -> None:
    # The largest area scores highest and eats the budget; two smaller ones bring more together.
    table = areas(
        3,
        premises=[60.0, 50.0, 50.0],
        grant=[3e6, 1.5e6, 1.5e6],
        funding_gap_p50=[3.9e6, 1.95e6, 1.95e6],
        municipal_share=[9e5, 4.5e5, 4.5e5],
        business_need=[90.0, 30.0, 30.0],
    )
    out = rank(table, budget=3.2e6).set_index("area_id")
    assert out["cumulative_grant"].tolist() == [3e6, 4.5e6, 6e6]
    assert out["ranked_decision"].to_dict() == {"A00": "fund", "A01": "reserve", "A02": "reserve"}
    assert out["decision"].to_dict() == {"A00": "reserve", "A01": "fund", "A02": "fund"}
    assert out.attrs["selection"]["gap"] == pytest.approx(0, abs=1e-9)


def test_weights_of_the_scenario_replace_the_policys() -> None:
    table = areas(2, premises=[20.0, 10.0], pv_revenue=[1e5, 5e5])
    assert rank(table)["area_id"].tolist() == ["A01", "A00"]
    only = tuple((criterion.id, 1.0 if criterion.id == "premises" else 0.0) for criterion in NORWAY.criteria)
    assert rank(table, weights=only)["area_id"].tolist() == ["A00", "A01"]
    with pytest.raises(PolicyError, match=r"weights\.premisses"):
        rank(table, weights=(("premisses", 1.0),))
    with pytest.raises(PolicyError, match="nothing to buy"):
        rank(table, weights=(("premises", 0.0), ("business_and_mobile", 0.0)))
    assert list(criterion_weights(NORWAY, Scenario("no-2024", 0.0))) == [item.id for item in NORWAY.criteria]


def test_unknown_criteria_and_missing_columns_are_named() -> None:
    odd = replace(NORWAY, criteria=(*NORWAY.criteria, replace(NORWAY.criteria[0], id="charm")))
    with pytest.raises(PolicyError, match="'charm'"):
        rank(areas(1), policy=odd)
    with pytest.raises(DataError, match="'pv_opex'"):
        rank(areas(1).drop(columns="pv_opex"))


def test_what_cannot_be_measured_scores_nothing() -> None:
    uplift, running = NORWAY.criteria[4], NORWAY.criteria[3]
    table = areas(3, mean_log2_down=[np.nan, 10.0, 11.0], pv_opex=[0.0, 0.0, 1e5], pv_revenue=[1.0, 0.0, 1e5])
    assert measure(table, running).tolist()[0] == np.inf
    assert np.isnan(measure(table, running)[1])
    assert measure(table, uplift).tolist()[1:] == [0, -1]
    out = rank(table).set_index("area_id")
    assert out["score_sustainable_operation"].to_dict() == {"A00": 100, "A01": 0, "A02": 0}
    assert out["score_capacity_uplift"].to_dict() == {"A00": 0, "A01": 0, "A02": 0}


def test_mobile_gain_adds_to_business_need_where_there_is_any() -> None:
    out = rank(areas(2).assign(mobile_gain=[0.0, 50.0])).set_index("area_id")
    assert out["measure_business_and_mobile"].to_dict() == {"A00": 6, "A01": 56}


def test_no_areas_at_all() -> None:
    out = rank(areas(0))
    assert len(out) == 0


# --- invariants ---------------------------------------------------------------------------------------------

LEVEL = st.integers(0, 3)
TRAITS = st.tuples(*[LEVEL] * 6)


def traits(rows: list[tuple[int, ...]]) -> gpd.GeoDataFrame:
    """Turn six levels into an area: the higher, the better in that criterion, over and beyond the bounds."""
    level = np.array(rows, dtype=float)
    premises = 40.0 + 60 * level[:, 0]
    gap = premises * (400_000 - 130_000 * level[:, 1])
    return areas(
        len(rows),
        premises=premises,
        funding_gap_p50=gap,
        grant=gap * (1 - 0.2 * level[:, 2]),
        municipal_share=gap * 0.2 * level[:, 2],
        pv_revenue=100_000.0 * (1 + 2 * level[:, 3]),
        mean_log2_down=10.0 - 3 * level[:, 4],
        business_need=100.0 * level[:, 5],
    )


@settings(max_examples=80, deadline=None)
@given(st.lists(TRAITS, min_size=2, max_size=9))
def test_a_dominated_area_never_ranks_above_the_one_that_dominates_it(rows: list[tuple[int, ...]]) -> None:
    table = traits(rows)
    place = rank(table, budget=2e7).set_index("area_id")["rank"]
    for number, better in enumerate(rows):
        for other, worse in enumerate(rows):
            if better != worse and all(a >= b for a, b in zip(better, worse, strict=True)):
                assert place[f"A{number:02d}"] < place[f"A{other:02d}"]
            if better == worse and number < other:
                assert place[f"A{number:02d}"] < place[f"A{other:02d}"], "equal areas: by id"


@settings(max_examples=50, deadline=None)
@given(st.lists(TRAITS, min_size=2, max_size=9), st.data(), st.integers(0, 100))
def test_row_order_never_matters(rows: list[tuple[int, ...]], data: st.DataObject, millions: int) -> None:
    table = traits(rows)
    order = list(data.draw(st.permutations(range(len(rows)))))
    first = rank(table, budget=1e6 * millions)
    second = rank(table.iloc[order], budget=1e6 * millions)
    assert_frame_equal(pd.DataFrame(first), pd.DataFrame(second))
    for column in ("decision", "ranked_decision"):
        assert first.loc[first[column] == "fund", "grant"].sum() <= 1e6 * millions + 1e-6


# Areas of kind mobile


def mixed(**columns: Any) -> gpd.GeoDataFrame:
    """Return a fixed area, and a mast that reaches 40 premises without mobile coverage and some farmland."""
    defaults: dict[str, Any] = {
        "kind": ["fixed", "mobile"],
        "technology": ["fibre", "mobile_site"],
        "premises": [10.0, 40.0],
        "business_need": [6.0, 0.0],
        "mobile_gain": [0.0, 60.0],
        "delivered_down_mbps": [1024.0, np.nan],
        "mean_log2_down": [4.0, np.nan],
    }
    return areas(2, **(defaults | columns))


def test_a_mast_brings_mobile_gain_and_no_eligible_premises() -> None:
    fixed, mast = (row for _, row in rank(mixed(), mobile="fund").sort_values("area_id").iterrows())
    assert (fixed["measure_premises"], mast["measure_premises"]) == (10, 0)
    assert (fixed["measure_business_and_mobile"], mast["measure_business_and_mobile"]) == (6, 60)
    assert mast["measure_cost_efficiency"] == pytest.approx(1_300_000 / 40)
    assert np.isnan(mast["measure_capacity_uplift"])
    assert (fixed["decision"], mast["decision"]) == ("fund", "fund")
    assert pd.isna(mast["ineligible_because"])


def test_under_a_policy_for_fixed_service_alone_a_mast_is_listed_last_and_says_why() -> None:
    out = rank(mixed(premises=[1.0, 400.0]))
    assert out["area_id"].tolist() == ["A00", "A01"]
    assert out["decision"].tolist() == ["fund", "ineligible"]
    assert out["ineligible_because"].tolist()[1] == "mobile_not_supported"
    assert pd.isna(out["ineligible_because"].iloc[0])


def test_a_budget_for_one_buys_the_larger_benefit_of_both_kinds() -> None:
    # By no-2024's weights and bounds: 25 x 10/150 + 15 x 6/200 = 2.1 against 15 x 60/200 = 4.5.
    out = rank(mixed(), budget=1e6, mobile="fund").set_index("area_id")
    assert out["decision"].to_dict() == {"A00": "reserve", "A01": "fund"}
    out = rank(mixed(mobile_gain=[0.0, 20.0]), budget=1e6, mobile="fund").set_index("area_id")
    assert out["decision"].to_dict() == {"A00": "fund", "A01": "reserve"}


def test_a_mast_for_farmland_alone_is_eligible_and_one_for_nothing_is_not() -> None:
    out = rank(mixed(premises=[10.0, 0.0]), mobile="fund").set_index("area_id")
    assert out.loc["A01", "decision"] == "fund"
    out = rank(mixed(mobile_gain=[0.0, 0.0]), mobile="fund").set_index("area_id")
    assert out.loc["A01", "ineligible_because"] == "brings_nothing"


def test_where_no_criterion_adds_up_a_mast_brings_its_mobile_gain() -> None:
    germany = load_policy("de-gigabit-2")
    table = mixed(municipality_short_share=0.2, inhabitants_per_km2=100.0)
    out = rank(table, policy=germany, budget=1e6, mobile="fund").set_index("area_id")
    assert out["decision"].to_dict() == {"A00": "reserve", "A01": "fund"}
    out = rank(table.assign(mobile_gain=[0.0, 9.0]), policy=germany, budget=1e6, mobile="fund").set_index("area_id")
    assert out["decision"].to_dict() == {"A00": "fund", "A01": "reserve"}


# What the council wishes


def test_wishes_change_the_choice_and_never_the_ranking() -> None:
    table = areas(4, premises=[40.0, 30.0, 20.0, 10.0])
    plain = rank(table, budget=2e6)
    wished = rank(table, budget=2e6, wishes=Wishes(must=("A03",), never=("A00",)))
    assert wished["area_id"].tolist() == plain["area_id"].tolist()
    assert wished["ranked_decision"].tolist() == plain["ranked_decision"].tolist()
    funded = wished.loc[wished["decision"] == "fund", "area_id"].tolist()
    assert funded == ["A01", "A03"]
    codes = {item.values.get("area_id"): item.code for item in wished.attrs["differences"] if item.code != "line"}
    assert (codes["A03"], codes["A00"]) == ("gained_must", "lost_never")


def test_years_and_pots_are_told_of_what_is_funded_alone() -> None:
    table = areas(3, premises=[40.0, 30.0, 20.0])
    wishes = Wishes(sources=(("county", 1e6), ("state", 1e6)), phases=(1.0,))
    out = rank(table, wishes=wishes).set_index("area_id")
    assert out["decision"].to_dict() == {"A00": "fund", "A01": "fund", "A02": "reserve"}
    assert sorted(out["pot"].dropna()) == ["county", "state"]
    assert out["phase"].tolist() == [1, 1, pd.NA]
    assert "pot" not in rank(table)


def test_wishes_that_clash_are_one_sentence() -> None:
    with pytest.raises(InfeasibleError, match="A00"):
        rank(areas(3), budget=1e6, wishes=Wishes(must=("A00", "A01")))
    with pytest.raises(PolicyError, match="Z99"):
        rank(areas(3), wishes=Wishes(must=("Z99",)))


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"status": "awarded"}, "it has its money already"),
        ({"status": "built"}, "it has its money already"),
        ({"premises": 0.0}, "it brings nothing that counts"),
        ({"grant": np.nan}, "no technology with a grant is known for it"),
    ],
)
def test_a_wish_to_fund_what_cannot_be_funded_says_why(columns: dict[str, Any], reason: str) -> None:
    with pytest.raises(InfeasibleError, match=f"^wishes: fund A00 in any case cannot hold: {reason}$") as caught:
        rank(areas(1, **columns), wishes=Wishes(must=("A00",)))
    assert caught.value.rules == (("must", "A00"),)


def test_a_need_for_what_has_its_money_already_is_met() -> None:
    table = areas(2, status=pd.Series(["modelled", "awarded"], dtype="str"))
    wished = rank(table, wishes=Wishes(needs=(("A00", "A01"),))).set_index("area_id")
    assert wished["decision"].to_dict() == {"A00": "fund", "A01": "ineligible"}
    with pytest.raises(PolicyError, match="needs: there is no area Z99"):
        rank(table, wishes=Wishes(needs=(("Z99", "A01"),)))
