"""Policy packs are read whole or refused with one sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from coverage.errors import PolicyError
from coverage.policy import POLICY_DIR, list_policies, load_policy


@pytest.mark.parametrize("policy_id", list_policies())
def test_every_pack_reads(policy_id: str) -> None:
    policy = load_policy(policy_id)
    assert policy.id == policy_id
    assert policy.tier_ids[-1] == "served"
    assert policy.eligible_tiers
    assert all({"en", "nb"} <= set(part.label) for part in (*policy.tiers, *policy.clauses, *policy.criteria))


def test_norway_2024_says_what_the_call_said() -> None:
    policy = load_policy("no-2024")
    assert policy.tier_ids == ("below_30", "below_100", "below_1000", "served")
    assert policy.eligible_tiers == ("below_30", "below_100")
    assert [policy.tier(name).deliver_down_mbps for name in policy.eligible_tiers] == [100, 300]
    assert [criterion.weight for criterion in policy.criteria] == [25, 20, 10, 15, 15, 15]
    assert policy.fixed.plan_horizon_years == 3
    assert "mobile" in policy.assumed()
    assert "clause planned" not in policy.assumed()


def test_bead_2022_tiers() -> None:
    policy = load_policy("us-bead-2022")
    assert [(tier.id, tier.down_mbps, tier.up_mbps) for tier in policy.tiers] == [
        ("unserved", 25, 3),
        ("underserved", 100, 20),
    ]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('legal_basis = "', 'legal_bases = "', "unknown key 'legal_bases'"),
        ("down_mbps = 30\n", "down_mbps = 300\n", "rising order"),
        ("up_mbps = 0\neligible", 'up_mbps = "fast"\neligible', "up_mbps is 'fast'; expected a number"),
        ("plan_horizon_years = 3\n", "", "'plan_horizon_years' is missing"),
        ('rule = "holiday"', 'rule = "cabin"', "unknown rule 'cabin'"),
        ('technologies = ["fibre", ', 'technologies = ["fiber", ', "'fiber' is none of"),
        ("good_dbm = -100", "good_dbm = -120", "thresholds must rise"),
        ("deliver_down_mbps = 300", "deliver_down_mbps = 50", "at least its own threshold"),
        ('view = "business_case"', 'view = "guess"', "subsidy.view 'guess'"),
        ("low = 350000\nhigh = 0", "low = 5\nhigh = 5", "low and high are equal"),
        ("[fixed]", "[fixed", "not valid TOML"),
    ],
)
def test_a_broken_pack_is_one_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    text = (POLICY_DIR / "no-2024.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "no-2024.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PolicyError, match=re.escape(sentence)) as error:
        load_policy("no-2024", directory=tmp_path)
    assert "no-2024.toml" in str(error.value)
    assert "\n" not in str(error.value) or "TOML" in str(error.value)


def test_an_unknown_pack_names_the_known_ones() -> None:
    with pytest.raises(PolicyError, match="no-2024, us-bead-2022"):
        load_policy("no-1999")
    with pytest.raises(PolicyError, match="not known"):
        load_policy("../costs/norway")
