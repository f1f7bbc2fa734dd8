"""A scenario survives TOML and a URL unchanged, and refuses nonsense."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.errors import PolicyError
from coverage.policy import POLICY_DIR, load_policy
from coverage.scenario import Scenario
from coverage.wishes import Wishes

names = st.text("abcdefghij_", min_size=1, max_size=12)
amounts = st.integers(0, 10**9).map(float)
pairs = st.dictionaries(names, st.integers(0, 1000).map(float), max_size=4).map(lambda d: tuple(sorted(d.items())))
area_rules = st.fixed_dictionaries(
    {},
    optional={
        "split_by_municipality": st.sampled_from([0.0, 1.0]),
        "cut_m": st.integers(1, 9000).map(float),
        "max_premises": st.integers(100, 9000).map(float),
        "min_premises": st.integers(0, 99).map(float),
    },
).map(lambda d: tuple(sorted(d.items())))
scenarios = st.builds(
    Scenario,
    policy=st.sampled_from(["no-2024", "us-bead-2022"]),
    budget=amounts,
    seed=st.integers(0, 2**31),
    draws=st.integers(1, 10_000),
    view=st.sampled_from(["", "business_case", "private_cap"]),
    weights=pairs,
    costs=pairs,
    connection_fee=st.integers(0, 99_999).map(float),
    dugnad_m=st.integers(0, 99_999).map(float),
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
        ({"policy": "no-2024", "budget": 1, "connection_fee": -1}, "connection_fee is -1"),
        ({"policy": "no-2024", "budget": 1, "dugnad_m": float("inf")}, "dugnad_m is inf"),
        ({"policy": "no-2024", "budget": 1, "dugnad_m": "far"}, "dugnad_m is 'far'; expected a number"),
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


@pytest.mark.parametrize(
    ("areas", "message"),
    [
        (
            {"cut": 500},
            "areas.cut is not known; expected one of split_by_municipality, cut_m, max_premises, min_premises",
        ),
        ({"split_by_municipality": 2}, r"areas.split_by_municipality is 2.0; expected true or false"),
        ({"cut_m": 0}, r"areas.cut_m is 0.0; expected a number above 0"),
        ({"max_premises": float("inf")}, r"areas.max_premises is inf; expected a number above 0"),
        ({"min_premises": "few"}, r"areas.min_premises is 'few'; expected a number"),
    ],
)
def test_rules_for_areas_that_nothing_can_follow_are_refused(areas: dict[str, object], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        Scenario.from_mapping({"policy": "no-2024", "budget": 1, "areas": areas})


def test_a_scenario_changes_the_rules_for_areas_of_its_policy_and_nothing_else() -> None:
    pack = load_policy("no-2024")
    plain = Scenario(policy="no-2024", budget=1.0)
    assert plain.shape(pack) is pack
    changed = Scenario.from_mapping(
        {"policy": "no-2024", "budget": 1, "areas": {"split_by_municipality": False, "cut_m": 500}}
    )
    shaped = changed.shape(pack)
    assert (shaped.areas.split_by_municipality, shaped.areas.cut_m) == (False, 500)
    assert (shaped.areas.max_premises, shaped.areas.min_premises) == (pack.areas.max_premises, pack.areas.min_premises)
    assert dataclasses.replace(shaped, areas=pack.areas) == pack
    assert "split_by_municipality = false" in changed.to_toml()
    assert changed.to_query()["a.cut_m"] == "500"


def test_a_minimum_above_the_maximum_is_refused() -> None:
    asked = Scenario.from_mapping({"policy": "no-2024", "budget": 1, "areas": {"min_premises": 500}})
    with pytest.raises(PolicyError, match="min_premises is 500 and max_premises 400"):
        asked.shape(load_policy("no-2024"))


def test_a_policy_file_may_not_say_what_a_scenario_changed(tmp_path: Path) -> None:
    text = (POLICY_DIR / "no-2024.toml").read_text(encoding="utf-8")
    path = tmp_path / "no-2024.toml"
    path.write_text(text.replace("[areas]", "[areas]\nchanged = []"), encoding="utf-8")
    with pytest.raises(PolicyError, match="unknown key 'changed'"):
        load_policy("no-2024", directory=tmp_path)


def test_wishes_travel_as_toml_and_in_a_link() -> None:
    wishes = Wishes(
        must=("5001-ABC",),
        never=("5006-XYZ",),
        caps=(("5001", 2e6),),
        cap=5e6,
        least_municipalities=3,
        needs=(("5001-ABC", "5001-DEF"),),
        sources=(("county", 1e6), ("state", 3e6)),
        phases=(0.5, 0.5),
    )
    scenario = Scenario("no-2024", 4e6, wishes=wishes)
    assert Scenario.from_mapping(tomllib.loads(scenario.to_toml())) == scenario
    assert Scenario.from_query(scenario.to_query(), default=Scenario("no-2024", 1.0)) == scenario
    assert json.loads(json.dumps(scenario.to_mapping()))["wishes"]["caps"] == {"5001": 2e6}
    assert "wishes" not in Scenario("no-2024", 4e6).to_query()


@pytest.mark.parametrize("text", ["{", "[1]", '{"must": 3}', '{"cap": -1}', '{"rich": 1}'])
def test_wishes_in_a_link_that_cannot_be_read_are_one_sentence(text: str) -> None:
    with pytest.raises(PolicyError, match="wishes"):
        Scenario.from_query({"wishes": text}, default=Scenario("no-2024", 1.0))


def test_equal_wishes_and_long_figures_travel_unchanged(tmp_path: Path) -> None:
    wishes = Wishes(
        must=("B", "Å𝄞"), never=("D", "C"), needs=(("F", "E"), ("A", "B")), sources=(("b", 2.0), ("a", 1.0))
    )
    asked = Scenario("no-2024", 5e6, costs=(("mast", 1_234_567.0),), weights=(("premises", 12.345678),), wishes=wishes)
    (tmp_path / "asked.toml").write_text(asked.to_toml(), encoding="utf-8")
    for again in (
        Scenario.from_toml(tmp_path / "asked.toml"),
        Scenario.from_mapping(asked.to_mapping()),
        Scenario.from_query(asked.to_query(), default=Scenario("no-2023", 1.0)),
    ):
        assert again == asked
        assert json.dumps(again.to_mapping()) == json.dumps(asked.to_mapping())
