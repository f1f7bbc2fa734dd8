"""Two policies on the same places: what both, one or neither would support."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_index_equal, assert_series_equal

from coverage import comparisons, pipeline
from coverage.contrast import COUNTED, OUTCOMES, Contrast, contrast
from coverage.errors import DataError, PolicyError
from coverage.gaps import judge
from coverage.inputs import OfferLayer
from coverage.overlay import overlay
from coverage.policy import Policy, list_policies, load_policy
from coverage.study import Study
from coverage.verdicts import judge_inputs
from tests import drawn
from tests.studymaker import tiny_study

NORWAY = load_policy("no-2024")
GUIDELINES = load_policy("eu-2023")
BRITAIN = load_policy("uk-uso")
PACKS = [load_policy(policy_id) for policy_id in list_policies()]
AS_OF = dt.date(2022, 6, 30)


def judged(speeds: list[float], policy: Policy, *, shares: pd.DataFrame | None = None, **columns: Any):
    places = drawn.places([(float(number), 0.0) for number in range(len(speeds))], **columns)
    table = drawn.offers([{"down_mbps": speed, "upgradeable": False} for speed in speeds])
    table = table.assign(place_id=places["place_id"])[[speed > 0 for speed in speeds]]
    layers = [OfferLayer("list", "place", table)] if len(table) else []
    served, _ = overlay(places, offers=layers, mobile=(), shares=shares, policy=policy, as_of=AS_OF)
    return judge(served, policy=policy, as_of=AS_OF)


def compared(speeds: list[float], policy_a: Policy, policy_b: Policy, **columns: Any) -> Contrast:
    return contrast(
        judged(speeds, policy_a, **columns), judged(speeds, policy_b, **columns), policy_a=policy_a, policy_b=policy_b
    )


def test_each_outcome_on_a_drawn_place() -> None:
    # A holiday home is left out in Norway alone; 500 Mbit/s is short of the guidelines alone; 18 is fine in Britain.
    out = compared(
        [0, 500, 1000, 0],
        NORWAY,
        GUIDELINES,
        kind=["business", "household", "household", "holiday"],
        weight=[1.0, 4.0, 2.0, 3.0],
        municipality_code=pd.Series(["5001", "5001", "5002", "5002"], dtype="str"),
    )
    assert out.places["contrast"].tolist() == ["both", "only_b", "neither", "only_b"]
    assert out.places["changed"].tolist() == [0, 4, 0, 3]
    assert out.places["reason_code_a"].tolist() == ["eligible", "served", "served", "holiday-home"]
    assert out.places["reason_code_b"].tolist() == ["white-area", "grey-area", "served", "white-area"]
    table = out.municipalities.set_index("municipality_code")
    assert table.index.tolist() == ["5001", "5002"]
    assert table["premises_both"].tolist() == [1, 0]
    assert table["premises_only_a"].tolist() == [0, 0]
    assert table["premises_only_b"].tolist() == [4, 3]
    assert table["premises_neither"].tolist() == [0, 2]
    assert table["businesses_both"].tolist() == [1, 0]
    assert table["households_only_b"].tolist() == [4, 0], "a holiday home is no household"
    assert table["premises_short_a"].tolist() == [1, 3]
    assert table["premises_short_b"].tolist() == [5, 3]


def test_only_the_first() -> None:
    out = compared([18], NORWAY, BRITAIN)
    assert out.places["contrast"].tolist() == ["only_a"]
    assert compared([18], BRITAIN, NORWAY).places["contrast"].tolist() == ["only_b"]


def test_the_summary_is_plain_json() -> None:
    codes = pd.Series(["5002", None], dtype="str")
    summary = compared([0, 1000], NORWAY, GUIDELINES, weight=[2.0, 1.5], municipality_code=codes).summary()
    assert json.loads(json.dumps(summary)) == summary
    assert (summary["policy_a"], summary["policy_b"]) == ("no-2024", "eu-2023")
    assert summary["places"] == {"premises": 3.5, "businesses": 3.5, "households": 0}
    assert summary["both"] == {"premises": 2, "businesses": 2, "households": 0}
    assert summary["short_a"]["premises"] == 2
    assert [row["code"] for row in summary["municipalities"]] == ["5002", "outside"]
    assert summary["municipalities"][1]["neither"]["premises"] == 1.5


def test_of_two_shares_the_smaller_lies_inside_the_larger() -> None:
    shares = pd.DataFrame(
        {"municipality_code": ["5001"], "fixed_10": [0.95], "fixed_30": [0.9], "fixed_100": [0.7], "fixed_1000": [0.2]}
    )
    out = compared([0], NORWAY, BRITAIN, shares=shares, weight=[100.0])
    row = out.total
    found = [row[f"premises_{name}"] for name in OUTCOMES]
    assert found == pytest.approx([5, 25, 0, 70])
    assert out.places["contrast"].tolist() == ["neither"]
    assert out.places["changed"].tolist() == pytest.approx([25])


def test_other_places_are_refused() -> None:
    one, two = judged([0, 0], NORWAY), judged([0, 0], GUIDELINES)
    for other in (two.iloc[::-1], two.iloc[:1]):
        with pytest.raises(DataError, match="judged under 'no-2024' and 'eu-2023' are not the same"):
            contrast(one, other, policy_a=NORWAY, policy_b=GUIDELINES)


def test_no_places_make_an_empty_table() -> None:
    none = judged([0], NORWAY).iloc[:0]
    out = contrast(none, none, policy_a=NORWAY, policy_b=NORWAY)
    assert len(out.municipalities) == 0
    assert out.summary()["places"] == {"premises": 0, "businesses": 0, "households": 0}


SPEED = st.sampled_from([0.0, 5.0, 18.0, 50.0, 100.0, 300.0, 500.0, 1000.0])
KIND = st.sampled_from(["business", "household", "holiday", "public"])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(SPEED, KIND), min_size=1, max_size=8), st.sampled_from(PACKS), st.sampled_from(PACKS))
def test_every_premises_has_one_outcome_and_swapping_swaps(
    rows: list[tuple[float, str]], policy_a: Policy, policy_b: Policy
) -> None:
    speeds, kinds = [speed for speed, _ in rows], [kind for _, kind in rows]
    weight = np.arange(1.0, len(rows) + 1)
    out = compared(speeds, policy_a, policy_b, kind=kinds, weight=weight)
    assert isinstance(out.places, gpd.GeoDataFrame)
    assert_index_equal(out.places.index, pd.RangeIndex(len(rows)), exact=False)
    for what in COUNTED:
        assert sum(out.total[f"{what}_{name}"] for name in OUTCOMES) == pytest.approx(out.total[what])
    back = compared(speeds, policy_b, policy_a, kind=kinds, weight=weight)
    assert back.total["premises_only_a"] == out.total["premises_only_b"]
    assert_series_equal(back.places["changed"], out.places["changed"])
    if policy_a is policy_b:
        assert out.places["changed"].eq(0).all()


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Return the tiny study with 500 Mbit/s in its footprint: enough in Norway, short of the guidelines."""
    tiny = tiny_study(tmp_path_factory.mktemp("tiny"))
    text = (tiny.folder / "fibre.geojson").read_text(encoding="utf-8")
    (tiny.folder / "fibre.geojson").write_text(text.replace('"down": 1000.0', '"down": 500.0'), encoding="utf-8")
    return Study.open(tiny.folder)


def test_a_prepared_study_is_judged_once_more(study: Study) -> None:
    prepared = pipeline.prepare(study, NORWAY)
    steps: list[str] = []
    found = pipeline.contrast_policies(prepared, GUIDELINES, progress=steps.append)
    assert steps == ["verdict under eu-2023"], "nothing is grouped, routed or priced"
    assert found.judged_a is prepared.places
    judged = judge_inputs(prepared.inputs, policy=GUIDELINES, as_of=study.as_of)
    assert_frame_equal(pd.DataFrame(found.judged_b), pd.DataFrame(judged))
    assert (
        found.total["premises_both"] + found.total["premises_only_a"]
        == prepared.counts["eligible"]["businesses"] + (prepared.counts["eligible"]["households"])
    )
    served = prepared.places["fixed_down_mbps"] == 500
    assert served.any()
    assert set(found.places.loc[served, "reason_code_a"]) == {"served"}
    assert "only_b" in set(found.places.loc[served, "contrast"])


def test_inputs_alone_give_the_same_contrast(study: Study) -> None:
    inputs = study.load()
    found = comparisons.contrast_study(study, inputs, policy=NORWAY, other=GUIDELINES)
    same = pipeline.contrast_policies(pipeline.prepare(study, NORWAY), GUIDELINES)
    assert_frame_equal(pd.DataFrame(found.places), pd.DataFrame(same.places))
    assert_frame_equal(found.municipalities, same.municipalities)


def test_a_policy_is_not_compared_with_itself(study: Study) -> None:
    with pytest.raises(PolicyError, match="no-2024 would be compared with itself"):
        comparisons.contrast_study(study, study.load(), policy=NORWAY, other=NORWAY)
