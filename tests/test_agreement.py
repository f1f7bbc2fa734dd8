"""Agreement with published figures, on three hand-drawn areas whose numbers can be counted by eye."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from coverage import agreement
from coverage.errors import CrsError, DataError
from coverage.inputs import SourceSpec
from coverage.policy import load_policy
from coverage.study import Control, Study

CRS = "EPSG:26919"
POLICY = load_policy("us-bead-2022")
NORWAY = load_policy("no-2024")


def study(**options: Any) -> Study:
    truth = SourceSpec(
        id="counted",
        role="truth",
        kind="vector",
        path=Path("truth.gpkg"),
        supplier="the state",
        options={"unserved_below": [50, 10], "served_from": [100, 100], **options},
    )
    return Study(
        id="three",
        name="Three areas",
        country="us",
        crs=CRS,
        currency="USD",
        price_year=2025,
        as_of=dt.date(2022, 3, 1),
        policy=POLICY.id,
        costs="us",
        budget=1.0,
        data_status="real",
        folder=Path(),
        sources=(truth,),
    )


def places(rows: list[tuple[float, float, tuple[float, float], tuple[float, float]]]) -> gpd.GeoDataFrame:
    """One row each: x, premises, (down, up) at the lower end, (down, up) at the upper end."""
    return gpd.GeoDataFrame(
        {
            "place_id": [f"p{number}" for number in range(len(rows))],
            "kind": "household",
            "weight": [row[1] for row in rows],
            "employees": np.nan,
            "municipality_code": "a",
            "fixed_down_mbps": [row[2][0] for row in rows],
            "fixed_up_mbps": [row[2][1] for row in rows],
            "fixed_down_max_mbps": [row[3][0] for row in rows],
            "fixed_up_max_mbps": [row[3][1] for row in rows],
        },
        geometry=gpd.points_from_xy([row[0] for row in rows], [5.0] * len(rows)),
        crs=CRS,
    )


# Three areas side by side, 10 m wide; the fourth has no subscribers, the fifth no premises.
TRUTH = gpd.GeoDataFrame(
    {
        "name": ["West", "Middle", "East", "Empty", "Unreached"],
        "unserved": [6, 1, 0, 0, 3],
        "unserved_least": [2, 0, 1, 0, 0],
        "underserved": [2, 9, 3, 0, 0],
        "served": [0, 0, 6, 0, 0],
    },
    geometry=[box(left, 0, left + 10, 10) for left in (0, 10, 20, 30, 40)],
    crs=CRS,
)
SLOW, CLASS, FAST = ((10.0, 1.0), (10.0, 1.0)), ((50.0, 10.0), (100.0, 100.0)), ((300.0, 100.0), (300.0, 100.0))
# West: 3 of 4 premises slow (truth 8 of 10). Middle: 1 of 5 slow (truth 1 of 10), the rest in the class from 50/10 to
# 100/100. East: none slow (truth 1 of 10), half in the class and half fast. One place lies outside every area.
PLACES = places(
    [
        (1.0, 3.0, *SLOW),
        (2.0, 1.0, *CLASS),
        (11.0, 1.0, *SLOW),
        (12.0, 4.0, *CLASS),
        (21.0, 2.0, *CLASS),
        (22.0, 2.0, *FAST),
        (31.0, 1.0, *SLOW),
        (90.0, 7.0, *SLOW),
    ]
)


def compare(found: gpd.GeoDataFrame = PLACES, truth: gpd.GeoDataFrame = TRUTH, **options: Any) -> dict[str, Any]:
    return agreement.compare(found, truth=truth, controls=(), policy=POLICY, study=study(**options))["truth"]


def test_shares_without_service_are_compared_area_by_area() -> None:
    found = compare()
    assert (found["source"], found["supplier"], found["areas"]) == ("counted", "the state", 3)
    assert (found["areas_without_count"], found["areas_without_premises"]) == (1, 1)
    assert found["premises"] == {"published": 33.0, "modelled": 14.0, "outside": 7.0}
    unserved = found["measures"][0]
    assert (unserved["id"], unserved["below_mbps"]) == ("unserved", [50.0, 10.0])
    assert unserved["published_share"] == 0.3333  # (8 + 1 + 1) of 30
    # Modelled 0.75, 0.20, 0.00 against 0.80, 0.10, 0.10: errors of 0.05, 0.10 and 0.10.
    lower = unserved["lower_end"]
    assert lower["mae"] == lower["mae_weighted"] == 0.0833
    assert lower["correlation"] == round(float(np.corrcoef([0.75, 0.2, 0.0], [0.8, 0.1, 0.1])[0, 1]), 4)
    assert lower["majority_right"] == 1.0
    assert lower["share"] == 0.3077  # 4 of 13 premises
    assert unserved["upper_end"] == lower  # the class starts at 50/10: never unserved


def test_a_class_that_straddles_the_line_gives_an_interval() -> None:
    short = compare()["measures"][1]
    # Truth 1.0, 1.0, 0.4. Lower end: 1.0, 1.0, 0.5. Upper end: 0.75, 0.20, 0.00.
    assert short["published_share"] == 0.8  # 24 of 30
    assert short["lower_end"]["mae"] == 0.0333
    assert short["upper_end"]["mae"] == 0.4833
    assert short["lower_end"]["majority_right"] == 1.0
    assert short["upper_end"]["majority_right"] == 0.6667
    assert short["between"] == 1.0


def test_the_largest_differences_come_first_with_their_names() -> None:
    listed = compare()["measures"][0]["largest_differences"]
    assert [entry["area"] for entry in listed] == ["Middle", "East", "West"]
    assert listed[0] == {"area": "Middle", "premises": 10.0, "published": 0.1, "modelled": 0.2}


def test_a_place_on_a_common_edge_counts_once() -> None:
    found = compare(places([(10.0, 1.0, *SLOW), (12.0, 1.0, *FAST), (22.0, 1.0, *FAST)]))
    assert found["premises"]["modelled"] == 3.0
    assert found["measures"][0]["lower_end"]["majority_right"] == 1.0  # the edge belongs to West


def test_where_nothing_varies_there_is_no_correlation() -> None:
    found = compare(places([(1.0, 1.0, *SLOW), (11.0, 1.0, *SLOW), (21.0, 1.0, *SLOW)]))
    assert found["measures"][0]["lower_end"]["correlation"] is None
    assert "correlation none" in agreement.lines({"truth": found})[1]


def test_without_any_common_area_there_is_nothing_to_compare() -> None:
    found = compare(places([(90.0, 1.0, *SLOW)]))
    assert found["areas"] == 0
    assert found["measures"][0]["lower_end"]["mae"] is None
    assert "nothing to compare" in agreement.lines({"truth": found})[1]


def test_places_outside_every_municipality_are_left_out() -> None:
    far = PLACES.assign(municipality_code=["a"] * 7 + [None])
    assert compare(far)["premises"]["outside"] == 0.0


@pytest.mark.parametrize("value", [None, [50], "50/10", [50, -1], [True, 1]])
def test_the_lines_of_the_truth_must_be_stated(value: object) -> None:
    with pytest.raises(DataError, match="unserved_below"):
        compare(unserved_below=value)


def test_a_truth_without_a_count_is_refused() -> None:
    with pytest.raises(DataError, match="column 'served' is missing"):
        compare(truth=TRUTH.drop(columns="served"))
    with pytest.raises(DataError, match="row 2: unserved is not a number"):
        compare(truth=TRUTH.assign(unserved=["6", "many", "0", "0", "3"]))


def test_a_truth_in_another_crs_is_refused() -> None:
    with pytest.raises(CrsError, match="EPSG:32619"):
        compare(truth=TRUTH.to_crs("EPSG:32619"))


def test_a_share_of_a_municipality_is_not_compared_with_areas_inside_it() -> None:
    with pytest.raises(DataError, match="share only"):
        compare(PLACES.assign(service_basis="expected_share"))


def shared() -> gpd.GeoDataFrame:
    """Two municipalities known by share: 30 businesses at 90 % and 10 at 50 % with at least 100 Mbit/s."""
    frame = places([(1.0, 30.0, *SLOW), (2.0, 10.0, *SLOW), (3.0, 100.0, *SLOW)])
    return frame.assign(
        kind=["business", "business", "household"],
        employees=[80.0, np.nan, np.nan],
        service_basis="expected_share",
        share_below_30=[0.02, 0.2, 0.0],
        share_below_100=[0.08, 0.3, 0.0],
        share_below_1000=[0.1, 0.1, 0.0],
        share_served=[0.8, 0.4, 1.0],
        tier="served",
    )


def control(measure: str, value: float = 0.8666, explanation: str = "") -> Control:
    return Control("businesses_100", measure, value, "Nkom", explanation)


def controlled(frame: gpd.GeoDataFrame, one: Control) -> dict[str, Any]:
    found = agreement.compare(frame, truth=None, controls=(one,), policy=NORWAY, study=study())
    assert list(found) == ["controls"]
    return found["controls"][0]


def test_a_control_on_expected_shares() -> None:
    found = controlled(shared(), control("share_businesses_down_100", explanation="homes,\n  not businesses"))
    # 30 × 0.9 + 10 × 0.5 = 32 of 40
    assert found["measured"] == 0.8
    assert found["difference"] == -0.0666
    assert found["explanation"] == "homes, not businesses"
    (said,) = agreement.lines({"controls": [found]})
    assert said == "businesses_100: 80.00% here, 86.66% published (-6.66 points; Nkom). homes, not businesses"


def test_a_control_on_offers() -> None:
    found = controlled(PLACES, control("share_households_down_100"))
    assert found["measured"] == round(2 / 21, 4)
    assert controlled(PLACES, control("share_households_down_50"))["measured"] == round(9 / 21, 4)


def test_a_control_on_totals() -> None:
    assert controlled(shared(), control("businesses", 41))["difference"] == -1.0
    assert controlled(shared(), control("households", 100))["difference"] == 0.0
    assert controlled(shared(), control("employees", 82))["measured"] == 80.0
    (said,) = agreement.lines({"controls": [controlled(shared(), control("employees", 82))]})
    assert said == "businesses_100: 80 here, 82 published (-2; Nkom)."


def test_a_control_that_cannot_be_told_says_why() -> None:
    found = controlled(shared(), control("share_businesses_down_50"))
    assert found["measured"] is None
    assert "no tier of policy no-2024 ends at 50 Mbit/s" in found["note"]
    assert "not comparable" in agreement.lines({"controls": [found]})[0]
    assert controlled(PLACES, control("share_businesses_down_100"))["note"] == "the study has no businesses"


def test_an_unknown_measure_is_refused() -> None:
    with pytest.raises(DataError, match="measure 'share_shops'"):
        controlled(shared(), control("share_shops"))


def test_without_published_figures_there_is_no_comparison() -> None:
    found = agreement.compare(PLACES, truth=None, controls=(), policy=POLICY, study=study())
    assert found == {}
    assert agreement.lines(found) == []


@given(
    counts=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=6),
    premises=st.lists(st.tuples(st.integers(0, 5), st.sampled_from([SLOW, CLASS, FAST])), min_size=1, max_size=20),
)
def test_the_comparison_stays_within_its_bounds_and_is_plain_json(
    counts: list[tuple[int, int, int]], premises: list[tuple[int, Any]]
) -> None:
    truth = gpd.GeoDataFrame(
        counts,
        columns=["unserved", "underserved", "served"],
        geometry=[box(10 * number, 0, 10 * number + 10, 10) for number in range(len(counts))],
        crs=CRS,
    )
    found = compare(places([(10.0 * slot + 5, 1.0, *offer) for slot, offer in premises]), truth)
    assert found["areas"] + found["areas_without_count"] + found["areas_without_premises"] == len(counts)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    for entry in found["measures"]:
        for end in ("lower_end", "upper_end"):
            figures = entry[end]
            if figures["mae"] is not None:
                assert 0 <= figures["mae"] <= 1
                assert 0 <= figures["majority_right"] <= 1
            if figures["correlation"] is not None:
                assert -1 <= figures["correlation"] <= 1
    assert compare(places([(10.0 * slot + 5, 1.0, *offer) for slot, offer in premises]), truth) == found


def test_a_truth_equal_to_the_model_agrees_fully() -> None:
    same = TRUTH.iloc[:3].assign(unserved=[3, 1, 0], unserved_least=0, underserved=[1, 4, 2], served=[0, 0, 2])
    unserved, short = compare(PLACES.iloc[:6], same)["measures"]
    assert unserved["lower_end"] == {
        "share": 0.3077,
        "correlation": 1.0,
        "mae": 0.0,
        "mae_weighted": 0.0,
        "majority_right": 1.0,
    }
    assert short["lower_end"]["mae"] == 0.0
