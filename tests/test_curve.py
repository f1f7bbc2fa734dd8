from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from coverage.curve import COUNTED, at_money, budget_to_reach, curve
from coverage.errors import DataError
from tests.knapsack import optimum
from tests.ranked import NORWAY, ROWS, ranked

CUMULATIVE = ["money", "areas", "benefit", *COUNTED]


def steps(rows: list[Any], **columns: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    table, _, scenario = ranked(rows, budget=3e6, **columns)
    return table, curve(table, policy=NORWAY, scenario=scenario)


def series(found: pd.DataFrame, name: str) -> pd.DataFrame:
    return found[found["series"] == name].reset_index(drop=True)


def test_three_areas_by_hand() -> None:
    # The first scores highest and is dear; the third needs no grant.
    rows = [(40, 60, 5200, 1, 400), (20, 0, 1300, 1, 100), (10, 4, 0, 1, 100)]
    table, found = steps(rows)
    cut, best = series(found, "ranked"), series(found, "optimum")
    assert cut["money"].tolist() == pytest.approx([0, 4e6, 5e6])
    assert cut["area_id"].fillna("").tolist() == ["", "A00", "A01"]
    assert cut["premises"].tolist() == [10, 50, 70]
    # 20 premises for 1 million bring 25·20/150; 40 premises and 60 employees for 4 million 25·40/150 + 15·60/200.
    assert best["benefit"].diff().tolist()[1:] == pytest.approx([25 * 20 / 150, 25 * 40 / 150 + 4.5])
    assert best["area_id"].fillna("").tolist() == ["", "A01", "A00"]
    assert best["businesses"].tolist() == [2, 7, 17]
    assert best["households"].tolist() == [8, 23, 53]
    assert best["employees"].tolist() == [4, 4, 64]
    assert at_money(found, 4.5e6)["premises"].tolist() == [50, 30]
    assert len(table) == 3


@settings(max_examples=80, deadline=None)
@given(ROWS)
def test_the_curve_never_falls_and_ends_at_all_areas(rows: list[Any]) -> None:
    table, found = steps(rows)
    able = table[table["decision"] != "ineligible"]
    for name in ("ranked", "optimum"):
        each = series(found, name)
        assert (np.diff(each[CUMULATIVE].to_numpy(dtype=float), axis=0) >= 0).all()
        last = each.iloc[-1]
        assert last["areas"] == len(able)
        assert last["money"] == pytest.approx(able["grant"].sum())
        for column in COUNTED:
            assert last[column] == pytest.approx(able[column].sum())
    assert series(found, "ranked")["benefit"].iloc[-1] == pytest.approx(series(found, "optimum")["benefit"].iloc[-1])


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_each_step_of_the_optimum_is_the_best_set_for_its_money_and_never_below_the_cut(rows: list[Any]) -> None:
    table, found = steps(rows)
    first = table.sort_values("area_id")
    gain = (25 * first["premises"] / 150 + 15 * first["business_need"] / 200).to_numpy()
    grant = first["grant"].to_numpy(dtype=float)
    for step in series(found, "optimum").to_dict("records"):
        exact = optimum(gain, grant, budget=step["money"] * (1 + 1e-12))
        assert step["benefit"] == pytest.approx(exact.benefit)
        cut = at_money(found, step["money"] * (1 + 1e-12)).set_index("series")["benefit"]
        assert step["benefit"] >= cut["ranked"] - 1e-9
    best = series(found, "optimum")
    for step in series(found, "ranked").to_dict("records"):
        # Between two steps the straight line is what no set can beat.
        assert np.interp(step["money"], best["money"], best["benefit"]) >= step["benefit"] - 1e-9


def test_masts_are_counted_apart_and_what_cannot_be_funded_not_at_all() -> None:
    rows = [(40, 0, 1300, 1, 400), (7, 0, 1300, 1, 100), (10, 4, 650, 1, 100)]
    table, _, scenario = ranked(rows, budget=3e6)
    table = table.sort_values("area_id").assign(
        kind=["fixed", "mobile", "fixed"], mobile_gain=[np.nan, 3.0, np.nan], decision=["fund", "fund", "ineligible"]
    )
    last = series(curve(table, policy=NORWAY, scenario=scenario), "ranked").iloc[-1]
    assert last[["areas", "premises", "mobile_areas", "mobile_premises"]].tolist() == [1, 40, 1, 7]
    assert last["money"] == pytest.approx(2e6)
    none = curve(table.assign(decision="ineligible"), policy=NORWAY, scenario=scenario)
    assert none[CUMULATIVE].to_numpy().tolist() == [[0] * len(CUMULATIVE)] * 2


def businesses(*rows: tuple[str | None, float, float], kind: str = "business") -> pd.DataFrame:
    """Return places: the area, download speed, premises."""
    frame = pd.DataFrame(rows, columns=["area_id", "fixed_down_mbps", "weight"])
    return frame.assign(kind=kind, area_id=pd.Series([row[0] for row in rows], dtype="str"))


def test_the_money_that_reaches_every_business_below_a_speed() -> None:
    rows = [(40, 0, 1300, 1, 400), (7, 0, 2600, 1, 100), (10, 4, 650, 1, 100), (3, 3, 650, 1, 100)]
    technology = pd.Series(["fibre", "fibre", "fibre", None], dtype="str")
    speed = [1024.0, 1024.0, 50.0, np.nan]
    table, draws, _ = ranked(rows, budget=3e6, spread=0.1, technology=technology, delivered_down_mbps=speed)
    places = pd.concat(
        [
            businesses(
                ("A00", 10, 1),
                ("A00", 50, 2),
                ("A01", 50, 4),
                ("A02", 20, 8),
                ("A03", 5, 16),
                (None, 20, 32),
                (None, 500, 64),
            ),
            businesses(("A01", 10, 1), kind="household"),
        ]
    )
    slow = budget_to_reach(table, places, 30, policy=NORWAY, draws=draws)
    assert (slow.businesses, slow.reached, slow.outside, slow.slower, slow.not_funded) == (57, 9, 32, 0, 16)
    assert (slow.areas, slow.grant) == (2, pytest.approx(1.5e6))
    fast = budget_to_reach(table, places, 100, policy=NORWAY)
    assert (fast.businesses, fast.reached, fast.outside, fast.slower, fast.not_funded) == (63, 7, 32, 8, 16)
    assert (fast.areas, fast.grant, fast.p50) == (2, pytest.approx(3e6), None)
    rows_of = [draws.area_ids.index(area) for area in ("A00", "A02")]
    assert slow.p90 == pytest.approx(np.quantile(draws.grant[rows_of].sum(axis=0), 0.9))
    assert slow.p10 is not None
    assert slow.p10 < slow.grant < slow.p90
    with pytest.raises(DataError, match="expected Mbit/s above 0"):
        budget_to_reach(table, places, 0, policy=NORWAY)


def test_with_shares_a_place_is_short_by_its_tiers() -> None:
    table, _, _ = ranked([(40, 0, 1300, 1, 400)], budget=3e6)
    tiers = {f"share_{name}": 0.0 for name in NORWAY.tier_ids}
    first, second = NORWAY.tiers[0], NORWAY.tiers[1]
    places = businesses(("A00", 0, 10)).assign(
        service_basis="expected_share", **tiers | {f"share_{first.id}": 0.2, f"share_{second.id}": 0.3}
    )
    assert budget_to_reach(table, places, first.down_mbps, policy=NORWAY).reached == pytest.approx(2)
    assert budget_to_reach(table, places, second.down_mbps, policy=NORWAY).reached == pytest.approx(5)
    with pytest.raises(DataError, match="known as shares of tiers"):
        budget_to_reach(table, places, first.down_mbps + 1, policy=NORWAY)


def test_draws_of_other_areas_are_refused() -> None:
    table, draws, _ = ranked([(40, 0, 1300, 1, 400)], budget=3e6)
    with pytest.raises(DataError, match="other areas"):
        budget_to_reach(table.assign(area_id="B"), businesses(("B", 0, 1)), 30, policy=NORWAY, draws=draws)
