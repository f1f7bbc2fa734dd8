"""A scenario survives TOML and a URL unchanged, and refuses nonsense."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.errors import PolicyError
from coverage.scenario import Scenario

names = st.text("abcdefghij_", min_size=1, max_size=12)
amounts = st.integers(0, 10**9).map(float)
pairs = st.dictionaries(names, st.integers(0, 1000).map(float), max_size=4).map(lambda d: tuple(sorted(d.items())))
scenarios = st.builds(
    Scenario,
    policy=st.sampled_from(["no-2024", "us-bead-2022"]),
    budget=amounts,
    seed=st.integers(0, 2**31),
    draws=st.integers(1, 10_000),
    view=st.sampled_from(["", "business_case", "private_cap"]),
    weights=pairs,
    costs=pairs,
)


@given(scenario=scenarios)
def test_toml_gives_it_back(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("scenario") / "scenario.toml"
    path.write_text(scenario.to_toml(), encoding="utf-8")
    assert Scenario.from_toml(path) == scenario


@given(scenario=scenarios)
def test_a_link_gives_it_back(scenario: Scenario) -> None:
    plain = Scenario(policy="no-2024", budget=1.0, draws=scenario.draws)
    assert Scenario.from_query(scenario.to_query(), default=plain) == scenario


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"policy": "no-2024"}, "'budget' are needed"),
        ({"policy": "no-2024", "budget": "much"}, "budget is 'much'; expected a number"),
        ({"policy": "no-2024", "budget": -1}, "0 or more"),
        ({"policy": "no-2024", "budget": float("nan")}, "0 or more"),
        ({"policy": "no-2024", "budget": 1, "draws": 0}, "1 or more"),
        ({"policy": "no-2024", "budget": 1, "view": "x"}, "expected one of"),
        ({"policy": "no-2024", "budget": 1, "bugdet": 2}, "unknown key 'bugdet'"),
        ({"policy": "no-2024", "budget": 1, "weights": {"premises": -3}}, "premises is -3"),
    ],
)
def test_nonsense_is_refused(raw: dict[str, object], sentence: str) -> None:
    with pytest.raises(PolicyError, match=sentence):
        Scenario.from_mapping(raw)


def test_an_unreadable_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"none\.toml: not a readable scenario file"):
        Scenario.from_toml(tmp_path / "none.toml")
