"""The life of areas on a street drawn by hand: ten homes 100 m apart, five in the area west, five in the area east."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box
from shapely.geometry.base import BaseGeometry

from coverage import gaps, lots
from coverage.errors import CrsError
from coverage.policy import load_policy
from coverage.schemas import APPLICATIONS, APPLIED, AWARDS, LOTS, check
from coverage.status import advance, committed, members, remarks, requested, summarise, take_off, with_lots

CRS = "EPSG:25833"
X0, Y0 = 270_000.0, 7_030_000.0


def street() -> gpd.GeoDataFrame:
    number = np.arange(10)
    columns = {
        "place_id": [f"p{n}" for n in number],
        "kind": "household",
        "weight": 1.0,
        "eligible": 1.0,
        "municipality_code": np.where(number < 5, "5001", "5002"),
        "area_id": np.where(number < 5, "west", "east"),
    }
    points = [Point(X0 + 100 * n, Y0) for n in number]
    return gpd.GeoDataFrame(columns, geometry=points, crs=CRS).astype({"area_id": "str", "municipality_code": "str"})


def towns() -> gpd.GeoDataFrame:
    """Return the areas of the street, and one of kind mobile."""
    columns = {"area_id": ["east", "mast", "west"], "kind": ["fixed", "mobile", "fixed"], "status": "modelled",
               "premises": [5.0, 40.0, 5.0]}  # fmt: skip
    return gpd.GeoDataFrame(columns, geometry=[box(0, 0, 1, 1)] * 3, crs=CRS)


def around(first: int, last: int) -> BaseGeometry:
    return box(X0 + 100 * first - 50, Y0 - 50, X0 + 100 * last + 50, Y0 + 50)


def applications(*rows: dict[str, Any]) -> gpd.GeoDataFrame:
    usual = {"municipality_code": None, "name": None, "vendor": None, "technology": "fibre", "vendor_cost": np.nan,
             "vendor_share": np.nan, "municipal_money": np.nan, "interest": np.nan, "contact_office": None,
             "date": pd.NaT, "status": "applied", "area_id": None, "comment": None, "listed_rows": 0,
             "unmatched_rows": 0, "source": "s", "geometry": None}  # fmt: skip
    if not rows:
        return gpd.GeoDataFrame()
    named = [{**usual, "application_id": f"a{at}", "source_row": at, **row} for at, row in enumerate(rows, start=1)]
    frame = gpd.GeoDataFrame(named, geometry="geometry", crs=CRS)
    frame = frame.astype(dict.fromkeys(("municipality_code", "name", "vendor", "area_id", "comment"), "str"))
    frame = frame.astype({"contact_office": "str", "date": "datetime64[s]"})
    return check(frame, APPLICATIONS, where="test")


def listed(**ids: list[int]) -> pd.DataFrame:
    rows = [(name, f"p{number}", None, "s", 1) for name, numbers in ids.items() for number in numbers]
    frame = pd.DataFrame(rows, columns=list(APPLIED.columns))
    return check(frame.astype({"application_id": "str", "place_id": "str", "comment": "str", "source": "str",
                               "source_row": "int64"}), APPLIED, where="test")  # fmt: skip


def awards(*rows: dict[str, Any]) -> gpd.GeoDataFrame:
    usual = {"name": None, "year": 2023, "premises": 5.0, "total_cost": 1e6, "grant": np.nan, "technology": "fibre",
             "municipality_code": None, "route_m": np.nan, "terrain": None, "status": "awarded", "area_id": None,
             "source": "s", "geometry": None}  # fmt: skip
    if not rows:
        return gpd.GeoDataFrame()
    named = [{**usual, "award_id": f"w{at}", "source_row": at, **row} for at, row in enumerate(rows, start=1)]
    frame = gpd.GeoDataFrame(named, geometry="geometry", crs=CRS)
    text = ("name", "municipality_code", "terrain", "area_id")
    return check(frame.astype(dict.fromkeys(text, "str")), AWARDS, where="test")


NOBODY = listed()


def live(
    apps: gpd.GeoDataFrame,
    won: gpd.GeoDataFrame,
    *,
    lists: pd.DataFrame = NOBODY,
    places: gpd.GeoDataFrame | None = None,
) -> dict[str, Any]:
    """Return status, shares and names of the areas by their id."""
    found = advance(towns(), street() if places is None else places, applications=apps, applied=lists, awards=won)
    return found.set_index("area_id").to_dict("index")


def test_without_applications_and_awards_every_area_is_modelled() -> None:
    found = live(applications(), awards())
    assert {row["status"] for row in found.values()} == {"modelled"}
    assert all(pd.isna(row["application_id"]) and pd.isna(row["award_id"]) for row in found.values())
    places = street()
    assert take_off(places, awards=awards(), applications=applications(), applied=NOBODY) is places
    assert committed(towns(), places, applications=applications(), applied=NOBODY) == {}
    assert remarks(towns(), places, applications=applications(), applied=NOBODY) == ()
    assert with_lots(gpd.GeoDataFrame(), applications(), places).empty


def test_a_list_wins_over_an_outline_and_an_outline_over_a_named_area() -> None:
    apps = applications(
        {"geometry": around(0, 3), "area_id": "east"},
        {"geometry": around(0, 3), "area_id": "east"},
        {"area_id": "east"},
        {},
    )
    found = members(street(), apps, by="application_id", listed=listed(a1=[9, 8]))
    held = found.groupby("application_id")["place"].agg(list).to_dict()
    assert held == {"a1": [8, 9], "a2": [0, 1, 2, 3], "a3": [5, 6, 7, 8, 9]}
    assert found.groupby("application_id")["basis"].first().to_dict() == {"a1": "list", "a2": "outline", "a3": "area"}


def test_outlines_in_another_system_are_refused() -> None:
    with pytest.raises(CrsError, match="differs from that of the places"):
        members(street(), applications({"geometry": around(0, 1)}).to_crs("EPSG:25832"), by="application_id")


def test_an_area_is_applied_for_once_most_of_its_eligible_premises_are() -> None:
    apps = applications({"geometry": around(0, 2)}, {"geometry": around(5, 6)})
    found = live(apps, awards())
    assert (found["west"]["status"], found["west"]["applied_share"]) == ("applied", pytest.approx(0.6))
    assert (found["east"]["status"], found["east"]["applied_share"]) == ("modelled", pytest.approx(0.4))
    assert (found["west"]["application_id"], found["east"]["application_id"]) == ("a1", "a2")
    places = street()
    places.loc[[7, 8, 9], "eligible"] = 0.0
    assert live(apps, awards(), places=places)["east"]["status"] == "applied", "two of two that are eligible"


def test_premises_that_two_applications_hold_count_once() -> None:
    found = live(applications({"geometry": around(0, 1)}, {"geometry": around(1, 1)}), awards())
    assert found["west"]["applied_share"] == pytest.approx(0.4)
    assert found["west"]["application_id"] == "a1, a2"


@pytest.mark.parametrize("status", ["refused", "withdrawn"])
def test_an_application_that_is_no_more_holds_nothing(status: str) -> None:
    apps = applications({"geometry": around(0, 9), "status": status, "municipal_money": 5.0})
    assert {row["status"] for row in live(apps, awards()).values()} == {"modelled"}
    assert committed(towns(), street(), applications=apps, applied=NOBODY) == {}
    assert take_off(street(), awards=awards(), applications=apps, applied=NOBODY).equals(street())


def test_the_later_stage_of_life_stands() -> None:
    apps = applications({"geometry": around(0, 9)})
    won = awards({"area_id": "west"}, {"geometry": around(5, 9), "status": "built"}, {"area_id": "mast"})
    found = live(apps, won)
    assert {name: row["status"] for name, row in found.items()} == {
        "west": "awarded", "east": "built", "mast": "awarded",
    }  # fmt: skip
    assert (found["west"]["award_id"], found["east"]["award_id"]) == ("w1", "w2")


def test_an_application_that_was_awarded_is_an_award() -> None:
    found = live(applications({"status": "awarded"}, {"status": "built", "area_id": "east"}), awards(),
                 lists=listed(a1=[0, 1, 2]))  # fmt: skip
    assert (found["west"]["status"], found["west"]["award_id"]) == ("awarded", "a1")
    assert (found["east"]["status"], found["east"]["applied_share"]) == ("built", 0.0)


def test_an_award_of_an_area_that_is_no_more_changes_nothing() -> None:
    assert {row["status"] for row in live(applications(), awards({"area_id": "gone"})).values()} == {"modelled"}


def test_what_an_award_outlines_is_taken_off_and_what_it_only_names_is_not() -> None:
    won = awards({"geometry": around(0, 1)}, {"geometry": around(1, 2)}, {"area_id": "east"})
    apps = applications({"status": "awarded", "geometry": around(0, 9)}, {"geometry": around(5, 9)})
    found = take_off(street(), awards=won, applications=apps, applied=listed(a1=[4]))
    assert found.loc[found["funded_earlier"], "place_id"].tolist() == ["p0", "p1", "p2", "p4"]
    assert found["funded_by"].fillna("").tolist() == ["w1", "w1", "w2", "", "a1", "", "", "", "", ""]
    before = street().assign(funded_earlier=[False] * 9 + [True])
    again = take_off(before, awards=won, applications=apps, applied=NOBODY)
    assert again["funded_earlier"].tolist() == [True] * 10, "an outline stands where no list does"
    only = take_off(before, awards=awards({"geometry": around(0, 0)}), applications=applications(), applied=NOBODY)
    assert only.loc[only["funded_earlier"], "place_id"].tolist() == ["p0", "p9"]


def test_a_policy_with_the_clause_lets_them_out() -> None:
    policy = load_policy("no-2024")
    blank = {"fixed_down_mbps": 10.0, "fixed_up_mbps": 1.0, "fixed_down_max_mbps": 10.0, "fixed_up_max_mbps": 1.0}
    places = street().assign(
        **blank, year_round=True, planned_down_mbps=0.0, planned_up_mbps=0.0, planned_date=pd.NaT, planned_by=None,
        upgradeable=False, fixed_networks_100=0, fixed_technology="dsl", fixed_provider="x", mobile_level="good",
        mobile_operators=3, uncounted_down_mbps=0.0, uncounted_up_mbps=0.0, uncounted_technology=None,
        uncounted_provider=None, uncounted_why=None, planned_networks=0,
    )  # fmt: skip
    off = take_off(places, awards=awards({"geometry": around(0, 4)}), applications=applications(), applied=NOBODY)
    judged = gaps.judge(off, policy=policy, as_of=pd.Timestamp("2024-06-30").date())
    assert judged["eligible"].tolist() == [0.0] * 5 + [1.0] * 5
    assert judged["reason_code"].tolist()[:5] == ["earlier-funded"] * 5


def test_confirmed_money_goes_to_the_areas_that_an_application_mostly_holds() -> None:
    places = street()
    places.loc[0, "weight"] = 2.0
    apps = applications(
        {"geometry": around(0, 4), "municipal_money": 600.0},
        {"geometry": around(4, 9), "municipal_money": 500.0},
        {"geometry": around(0, 9)},
        {"area_id": "mast", "municipal_money": 70.0},
    )
    money = committed(towns(), places, applications=apps, applied=NOBODY)
    assert money == {"east": 500.0, "mast": 70.0, "west": 600.0}, "the sixth of west that a2 holds is not most of it"
    both = applications({"geometry": around(0, 9), "municipal_money": 1100.0})
    assert committed(towns(), places, applications=both, applied=NOBODY) == pytest.approx({"east": 500, "west": 600})


def test_competing_applications_bring_the_larger_sum_and_a_told_nothing_is_nothing() -> None:
    apps = applications(
        {"geometry": around(0, 4), "municipal_money": 300.0}, {"geometry": around(0, 4), "municipal_money": 200.0}
    )
    assert committed(towns(), street(), applications=apps, applied=NOBODY) == {"west": 300.0}
    none = applications({"geometry": around(0, 4), "municipal_money": 0.0})
    assert committed(towns(), street(), applications=none, applied=NOBODY) == {"west": 0.0}


def test_what_is_asked_for_is_cost_less_what_others_pay_and_the_smaller_of_two() -> None:
    west = {"geometry": around(0, 4), "vendor_cost": 900.0}
    apps = applications(
        {**west, "vendor_share": 200.0, "municipal_money": 100.0},
        {**west, "vendor_share": 250.0, "municipal_money": 0.0},
        {**west, "vendor_share": np.nan},
        {"geometry": around(5, 9), "vendor_cost": 900.0, "vendor_share": 950.0},
    )
    asked = requested(towns(), street(), applications=apps, applied=NOBODY)
    assert asked == {"east": 0.0, "west": 600.0}
    assert requested(towns(), street(), applications=applications(), applied=NOBODY) == {}
    untold = applications({"geometry": around(0, 9), "vendor_cost": 900.0})
    assert requested(towns(), street(), applications=untold, applied=NOBODY) == {}


def test_what_a_county_must_know_of_applications_is_said() -> None:
    apps = applications(
        {"geometry": around(0, 1), "municipal_money": 9.0},
        {"geometry": around(20, 21), "municipal_money": 9.0},
        {"geometry": around(1, 4)},
        {"area_id": "mast", "municipal_money": 9.0},
    )
    assert remarks(towns(), street(), applications=apps, applied=NOBODY) == (
        "applications: 'a1' holds less than half of every area it touches, so its municipal money is not counted; draw "
        "it as an area of its own",
        "applications: 'a2' holds no eligible premises of the study",
        "applications: 'a1' and 'a3' compete for 1 eligible premises",
    )


def test_drawn_applications_are_lots_before_those_of_the_planner() -> None:
    planned = gpd.GeoDataFrame(
        {"lot_id": ["a2", "L1"], "name": ["old", "kept"], "municipality_code": ["5001", "5001"], "source": "lots",
         "source_row": [1, 2]},
        geometry=[around(0, 9), around(0, 9)], crs=CRS,
    )  # fmt: skip
    apps = applications(
        {"geometry": around(3, 8), "date": pd.Timestamp("2024-03-01"), "name": "Grenda"},
        {"geometry": around(0, 4), "date": pd.Timestamp("2024-02-01"), "municipality_code": "5002"},
        {"geometry": around(0, 0), "area_id": "5001-abcdef"},
        {"geometry": around(0, 9), "status": "withdrawn"},
        {"area_id": "east"},
    )
    whole = check(with_lots(planned, apps, street()), LOTS, where="test")
    assert whole["lot_id"].tolist() == ["a2", "a1", "5001-abcdef", "L1"]
    assert whole["municipality_code"].tolist() == ["5002", "5002", "5001", "5001"], "a1: four of six in the east"
    assert lots.lot_ids(whole)[:3] == ["5002-lot-a2", "5002-lot-a1", "5001-abcdef"]
    assert whole.crs == CRS


def test_areas_and_applications_are_counted_by_status() -> None:
    apps = applications({"geometry": around(0, 4)}, {"status": "refused"})
    found = advance(towns(), street(), applications=apps, applied=NOBODY, awards=awards())
    assert summarise(found, applications=apps) == {
        "areas": {"modelled": 2, "applied": 1, "awarded": 0, "built": 0},
        "premises": {"modelled": 45.0, "applied": 5.0, "awarded": 0.0, "built": 0.0},
        "applications": {"applied": 1, "refused": 1},
    }
    assert summarise(found, applications=applications())["applications"] == {}


spans = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from([np.nan, 0.0, 100.0, 250.0])),
    min_size=1,
    max_size=5,
)


@given(spans, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_money_is_never_made_and_order_never_matters(drawn: list[tuple[int, int, float]], random: Any) -> None:
    rows = [
        {"application_id": f"a{at}", "geometry": around(min(a, b), max(a, b)), "municipal_money": money}
        for at, (a, b, money) in enumerate(drawn)
    ]
    apps = applications(*rows)
    places = street()
    money = committed(towns(), places, applications=apps, applied=NOBODY)
    assert sum(money.values()) <= apps["municipal_money"].sum() + 1e-9
    found = advance(towns(), places, applications=apps, applied=NOBODY, awards=awards())
    assert found["applied_share"].between(0, 1).all()
    assert ((found["applied_share"] >= 0.5) == (found["status"] == "applied")).all()
    mixed = list(range(len(rows)))
    random.shuffle(mixed)
    other, shuffled = apps.iloc[mixed], places.sample(frac=1, random_state=random.randint(0, 99))
    again = shuffled.reset_index(drop=True)
    assert committed(towns(), again, applications=other, applied=NOBODY) == pytest.approx(money)
    pd.testing.assert_frame_equal(
        pd.DataFrame(found), pd.DataFrame(advance(towns(), again, applications=other, applied=NOBODY, awards=awards()))
    )
