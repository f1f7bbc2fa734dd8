"""Multipliers from ratios of estimate to actual: known answers, and what must hold of any awards."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.calibration import OVERALL, RULES_FILE, Rules, by_class, load_rules, multiplier, spread
from coverage.errors import DataError

RATIO = st.floats(0.05, 20.0)
RATIOS = st.lists(RATIO, min_size=1, max_size=30)
CLASSES = {"size": "size_class"}


def table(ratios: list[float], *, sizes: list[str] | None = None, technology: str = "fibre") -> pd.DataFrame:
    return pd.DataFrame({"technology": technology, "cost_ratio": ratios, "size_class": sizes or ["one"] * len(ratios)})


def test_four_awards_at_half_the_cost_go_half_the_way_with_a_credibility_of_four() -> None:
    fitted = multiplier(np.array([0.5] * 4), credibility=4.0)
    assert fitted == pytest.approx(math.sqrt(2.0))  # log m = 4 / 8 x log 2
    assert multiplier(np.array([0.5] * 4), credibility=4.0, prior=2.0) == pytest.approx(2.0)
    assert multiplier(np.array([]), credibility=4.0, prior=1.3) == 1.3


def test_one_odd_award_moves_nothing() -> None:
    usual = multiplier(np.array([0.8, 0.8, 0.8, 0.8, 0.8]), credibility=4.0)
    assert multiplier(np.array([0.8, 0.8, 0.8, 0.8, 0.001]), credibility=4.0) == usual


def test_the_spread_is_a_factor_about_the_median() -> None:
    assert spread(np.array([0.5, 1.0, 2.0])) == pytest.approx(2.0**1.4826)
    assert spread(np.array([0.7, 0.7])) == 1.0
    assert math.isnan(spread(np.array([0.7])))


def test_classes_are_shrunk_towards_all_awards_of_their_technology() -> None:
    found = by_class(
        table([0.5, 0.5, 0.5, 1.0], sizes=["small", "small", "small", "large"]), classes=CLASSES, credibility=4.0
    ).set_index("class")
    whole = 2.0 ** (4 / 8)
    assert found.loc[OVERALL, "multiplier"] == pytest.approx(whole)
    assert found.loc["small", "multiplier"] == pytest.approx(math.exp((3 * math.log(2) + 4 * math.log(whole)) / 7))
    assert found.loc["large", "multiplier"] == pytest.approx(whole ** (4 / 5))
    assert list(found["awards"]) == [4, 1, 3]
    assert found.loc["small", "median_ratio"] == 0.5


def test_technologies_are_kept_apart() -> None:
    both = pd.concat([table([0.5] * 4), table([2.0] * 4, technology="fwa")])
    found = by_class(both, classes={}, credibility=4.0).set_index("technology")["multiplier"]
    assert found["fibre"] == pytest.approx(1 / found["fwa"])


def test_no_awards_make_no_classes() -> None:
    assert by_class(table([]), classes=CLASSES, credibility=4.0).empty


@given(ratio=RATIO, count=st.integers(1, 200), credibility=st.floats(0.5, 50.0))
def test_more_awards_of_one_ratio_move_the_multiplier_towards_it(ratio: float, count: int, credibility: float) -> None:
    fewer, more = (multiplier(np.full(n, ratio), credibility=credibility) for n in (count, count + 1))
    target = 1.0 / ratio
    assert abs(math.log(more / target)) <= abs(math.log(fewer / target)) + 1e-12
    assert min(1.0, target) - 1e-9 <= fewer <= max(1.0, target) + 1e-9
    assert multiplier(np.full(1_000_000, ratio), credibility=credibility) == pytest.approx(target, rel=1e-3)


@given(ratios=RATIOS, data=st.data())
def test_the_order_of_awards_changes_nothing(ratios: list[float], data: st.DataObject) -> None:
    sizes = [("small", "large")[n % 2] for n in range(len(ratios))]
    order = data.draw(st.permutations(range(len(ratios))))
    whole = table(ratios, sizes=sizes)
    one = by_class(whole, classes=CLASSES, credibility=4.0)
    pd.testing.assert_frame_equal(one, by_class(whole.iloc[order], classes=CLASSES, credibility=4.0), check_exact=True)


@given(count=st.integers(1, 50), credibility=st.floats(0.5, 50.0))
def test_awards_that_equal_the_model_leave_it(count: int, credibility: float) -> None:
    assert multiplier(np.ones(count), credibility=credibility) == 1.0
    assert (by_class(table([1.0] * count), classes=CLASSES, credibility=credibility)["multiplier"] == 1.0).all()


@given(ratios=RATIOS)
def test_dearer_awards_never_lower_a_multiplier(ratios: list[float]) -> None:
    dearer = [ratio / 1.1 for ratio in ratios]
    fitted = multiplier(np.array(ratios), credibility=4.0)
    assert multiplier(np.array(dearer), credibility=4.0) >= fitted * (1 - 1e-12)


def test_the_rules_name_the_classes() -> None:
    rules = Rules(4, 20, 100, 50, 150, 3)
    assert rules.size_class(np.array([1.0, 19.9, 20.0, 100.0])) == [
        "under 20 premises", "under 20 premises", "20 to 100 premises", "100 premises or more",
    ]  # fmt: skip
    assert rules.terrain_class(np.array([0.0, 50.0, 151.0])) == [
        "under 50 m a premises", "50 to 150 m a premises", "150 m a premises or more",
    ]  # fmt: skip


def test_the_rules_are_read_from_the_data_and_a_bad_one_is_named(tmp_path: Path) -> None:
    assert load_rules().credibility_awards > 0
    text = RULES_FILE.read_text(encoding="utf-8")
    for old, new, sentence in [
        ("remote_from,150", "remote_from,far", "data/rules.csv: remote_from is 'far'; expected a number"),
        ("remote_from,150", "remote_from,0", "data/rules.csv: remote_from is 0; expected more than 0"),
        ("remote_from,150", "elsewhere,150", "data/rules.csv: remote_from is None; expected a number"),
    ]:
        path = tmp_path / "rules.csv"
        path.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(DataError) as caught:
            load_rules(path)
        assert str(caught.value) == sentence
    with pytest.raises(DataError, match="the table cannot be read"):
        load_rules(tmp_path / "nothing.csv")
