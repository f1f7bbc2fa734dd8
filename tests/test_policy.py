"""Policy packs are read whole or refused with one sentence."""

from __future__ import annotations

import math
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


def test_latency_and_measured_speed_are_rules_of_the_pack() -> None:
    assert load_policy("us-bead-2022").fixed.max_latency_ms == 100
    norway = load_policy("no-2024")
    assert math.isinf(norway.fixed.max_latency_ms)
    assert norway.fixed.counts_closing
    assert "measured" in norway.assumed()


def test_a_pack_without_the_newer_rules_says_nothing_by_them(tmp_path: Path) -> None:
    text = (POLICY_DIR / "no-2024.toml").read_text(encoding="utf-8")
    text = re.sub(r"\[measured\].*?\n\n", "", text, flags=re.DOTALL)
    text = re.sub(r"indoor_(loss_db|level) = .*\n", "", text)
    (tmp_path / "old.toml").write_text(text, encoding="utf-8")
    policy = load_policy("old", directory=tmp_path)
    assert (policy.measured.flag_below, policy.mobile.indoor_loss_db, policy.mobile.indoor_level) == (0, 0, "")
    assert "measured" not in policy.assumed()


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
        ("flag_below = 0.5", "flag_below = 50", "a share from 0 to 1"),
        ("indoor_loss_db = 13", "indoor_loss_db = -13", "indoor_loss_db is below 0"),
        ('indoor_level = "very_good"', 'indoor_level = "none"', "indoor_level 'none' is none of"),
        ("plan_horizon_years = 3\n", "plan_horizon_years = 3\nmax_latency_ms = 0\n", "must be above 0"),
        ("plan_horizon_years = 3\n", "plan_horizon_years = 3\ncounts_closing = 1\n", "expected true or false"),
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
