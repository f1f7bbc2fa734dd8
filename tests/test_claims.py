"""Which claims stand: what has lapsed or was withdrawn reaches nobody any more."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from coverage.claims import operator_key
from coverage.policy import POLICY_DIR, load_policy
from tests.heard import AS_OF, county, judged, offered, said


def test_operators_are_compared_without_case_and_spaces() -> None:
    names = pd.Series(["Fjord  Fiber ", "FJORD FIBER", "Fjord-Fiber", "Åsnett"])
    assert operator_key(names).tolist() == ["fjord fiber", "fjord fiber", "fjord-fiber", "åsnett"]


def test_what_is_said_later_than_the_lapse_stands() -> None:
    again = said([{"place": "p0", "as_of": dt.date(2022, 6, 1)}])
    lapse = said([{"place": "p0", "claim": "lapsed", "as_of": dt.date(2022, 5, 1)}], "lapses")
    same_day = said([{"place": "p0", "claim": "lapsed", "as_of": dt.date(2022, 6, 1)}], "lapses")
    assert judged(county(1), [again, lapse])["eligible"].tolist() == [0]
    assert judged(county(1), [again, same_day])["eligible"].tolist() == [1]


@pytest.mark.parametrize(("technology", "eligible"), [("fibre", 1), ("other", 1), ("fwa", 0)])
def test_a_lapse_is_of_its_technology_and_other_is_any(technology: str, eligible: float) -> None:
    hearing = said([{"place": "p0"}, {"place": "p0", "claim": "lapsed", "technology": technology}])
    assert judged(county(1), [hearing])["eligible"].tolist() == [eligible]


def test_what_is_to_lapse_after_the_day_of_the_study_stands_till_then() -> None:
    hearing = said([{"place": "p0", "claim": "lapsed", "lapsed_on": dt.date(2022, 7, 1)}])
    assert judged(county(1), [hearing])["eligible"].tolist() == [0]
    hearing = said([{"place": "p0", "claim": "lapsed", "lapsed_on": AS_OF}])
    assert judged(county(1), [hearing])["eligible"].tolist() == [1]


@pytest.mark.parametrize(("claim", "eligible"), [("lapsed", 0), ("withdrawn", 1)])
def test_only_what_is_withdrawn_takes_away_an_objection(claim: str, eligible: float) -> None:
    hearing = said([{"place": "p0", "claim": "exists"}, {"place": "p0", "claim": claim}])
    assert judged(county(1), [hearing])["eligible"].tolist() == [eligible]


def test_an_offer_of_the_register_is_never_taken_away() -> None:
    offers = [offered([{"place": "p0", "provider": "A", "down_mbps": 500}])]
    hearing = said([{"place": "p0", "claim": "withdrawn"}])
    assert judged(county(1), [*offers, hearing])["tier"].tolist() == ["below_1000"]


def test_a_pack_may_leave_out_overdue_plans(tmp_path: Path) -> None:
    text = (POLICY_DIR / "no-2024.toml").read_text(encoding="utf-8")
    strict = text.replace("plan_horizon_years = 3", "plan_horizon_years = 3\ncounts_overdue_plans = false")
    (tmp_path / "no-2024.toml").write_text(strict, encoding="utf-8")
    policy = load_policy("no-2024", directory=tmp_path)
    past = said([{"place": "p0", "day": dt.date(2021, 12, 1)}, {"place": "p1"}])
    assert judged(county(2), [past], policy=policy)["eligible"].tolist() == [1, 0]
    assert judged(county(2), [past])["eligible"].tolist() == [0, 0]
