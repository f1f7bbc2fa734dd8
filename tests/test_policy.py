"""Policy packs are read whole or refused with one sentence."""

from __future__ import annotations

import datetime as dt
import math
import re
from pathlib import Path

import pytest

from coverage.criteria import MEASURES
from coverage.errors import PolicyError
from coverage.policy import POLICY_DIR, list_policies, load_policy
from coverage.scenario import Scenario


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


def test_norway_2023_asks_for_more_upload_and_for_local_money() -> None:
    policy = load_policy("no-2023")
    below_30, below_100 = (policy.tier(name) for name in policy.eligible_tiers)
    assert (below_30.down_mbps, below_30.deliver_down_mbps, below_30.deliver_up_factor) == (30, 100, 2)
    assert (below_100.down_mbps, below_100.deliver_down_mbps, below_100.deliver_up_mbps) == (100, 300, 100)
    assert policy.subsidy.local_share >= 0.30
    assert "upgradeable" not in [clause.rule for clause in policy.clauses], "that clause came with 2024"
    assert "tier below_30" not in policy.assumed()


def test_norway_2024_keeps_the_local_part_that_trondelag_uses() -> None:
    policy = load_policy("no-2024")
    share = policy.subsidy.local_share
    assert round(share / (1 + share), 4) == 0.2308
    assert "no national demand in 2024" in policy.subsidy.source
    assert {"upgradeable", "earlier_funded_area", "holiday"} <= {clause.rule for clause in policy.clauses}


def test_norway_2026_marks_what_was_not_read() -> None:
    policy = load_policy("no-2026")
    assert policy.aim is not None
    assert (policy.aim.down_mbps, policy.aim.by.year, policy.aim.confidence) == (1000, 2030, "published")
    assert policy.mobile.transport_routes
    assert policy.subsidy.scheme_ceiling == 5e9
    unread = {name for name, confidence in policy.marked() if confidence == "unconfirmed"}
    assert {f"tier {tier.id}" for tier in policy.tiers} <= unread
    assert {f"clause {item.id}" for item in policy.clauses if item.rule != "outside_study"} <= unread
    assert "tier below_100 (unconfirmed)" in policy.assumed()
    assert not any(name.startswith(("aim", "scheme ceiling")) for name, _ in policy.marked())


def test_the_guidelines_of_2023() -> None:
    policy = load_policy("eu-2023")
    failure = policy.tiers[-1]
    assert (failure.down_mbps, failure.up_mbps, failure.eligible) == (1000, 150, True)
    assert {tier.deliver_down_factor for tier in policy.tiers} == {3}
    assert policy.fixed.network_counts_from_mbps == 100
    assert {"clause black-area", "clause white-area", "clause grey-area"} <= set(policy.assumed())


def test_bead_2025_is_neutral_to_technology() -> None:
    old, new = load_policy("us-bead-2022"), load_policy("us-bead-2025")
    assert set(new.fixed.technologies) - set(old.fixed.technologies) == {"fwa_unlicensed", "satellite"}
    assert [(t.down_mbps, t.up_mbps) for t in new.tiers] == [(t.down_mbps, t.up_mbps) for t in old.tiers]
    assert new.fixed.max_latency_ms == 100
    assert (new.valid_from - (old.valid_to or new.valid_from)).days == 1
    assert "fixed (unconfirmed)" in new.assumed()


def test_the_british_universal_service() -> None:
    policy = load_policy("uk-uso")
    assert [(tier.down_mbps, tier.up_mbps) for tier in policy.tiers] == [(10, 1)]
    assert (policy.subsidy.ceiling_per_premises, policy.currency) == (3400, "GBP")


def test_germany_has_two_ways_to_be_served_and_its_points() -> None:
    policy = load_policy("de-gigabit-2")
    offers = [(200, 200), (500, 50), (499, 199), (1000, 0), (199, 1000), (200, 199)]
    index = policy.tier_index(*zip(*offers, strict=True))
    assert [policy.tier_ids[number] == "served" for number in index] == [True, True, False, True, False, False]
    points = {criterion.id: criterion.weight * 5 for criterion in policy.criteria}
    assert list(points.values()) == [200, 125, 100, 75]
    bounds = {criterion.id: criterion.high for criterion in policy.criteria}
    assert (bounds["municipality_short_share"], bounds["inhabitants_per_km2"], bounds["municipalities"]) == (0.2, 50, 5)
    assert policy.plan_limit(dt.date(2023, 6, 30)) == dt.date(2026, 6, 30)


@pytest.mark.parametrize("policy_id", list_policies())
def test_every_pack_says_where_its_figures_come_from(policy_id: str) -> None:
    policy = load_policy(policy_id)
    assert policy.legal_basis
    assert policy.source
    assert all(part.source for part in (policy.fixed, policy.mobile, policy.subsidy, policy.areas, policy.measured))
    assert policy.valid_to is None or policy.valid_from < policy.valid_to
    assert all(criterion.id in MEASURES for criterion in policy.criteria)


def test_only_two_schemes_pay_for_mobile_coverage_and_both_are_marked() -> None:
    packs = {policy_id: load_policy(policy_id) for policy_id in list_policies()}
    paying = {policy_id for policy_id, policy in packs.items() if policy.mobile.supported}
    assert paying == {"no-2026", "eu-2023"}
    assert "mobile (unconfirmed)" in packs["no-2026"].assumed()
    assert "unconfirmed" in packs["no-2026"].mobile.supported_source
    assert "mobile" in packs["eu-2023"].assumed()
    assert "assumed" in packs["eu-2023"].mobile.supported_source
    assert Scenario("no-2026", 1.0).funds_mobile(packs["no-2026"])
    assert not Scenario("no-2024", 1.0).funds_mobile(packs["no-2024"])


@pytest.mark.parametrize("policy_id", list_policies())
def test_what_mobile_coverage_of_land_and_roads_counts_is_modest_and_called_assumed(policy_id: str) -> None:
    mobile = load_policy(policy_id).mobile
    assert mobile.supported_source
    assert "assumed" in mobile.gain_source
    # A square kilometre of fields, or a kilometre of road, is less than a firm with a handful of people.
    assert 0 < mobile.gain_per_road_km <= mobile.gain_per_km2 <= 3


def test_money_of_another_currency_is_refused() -> None:
    load_policy("no-2024").require_currency("NOK", where="study x")
    with pytest.raises(PolicyError, match="uk-uso: its amounts are in GBP and those of study x in NOK"):
        load_policy("uk-uso").require_currency("NOK", where="study x")


def test_latency_and_measured_speed_are_rules_of_the_pack() -> None:
    assert load_policy("us-bead-2022").fixed.max_latency_ms == 100
    norway = load_policy("no-2024")
    assert math.isinf(norway.fixed.max_latency_ms)
    assert norway.fixed.counts_closing
    assert "measured" in norway.assumed()


def test_a_pack_without_the_newer_rules_says_nothing_by_them(tmp_path: Path) -> None:
    text = (POLICY_DIR / "no-2024.toml").read_text(encoding="utf-8")
    text = re.sub(r"\[measured\].*?\n\n", "", text, flags=re.DOTALL)
    text = re.sub(r"(indoor|supported|gain)(_\w+)? = .*\n", "", text)
    (tmp_path / "old.toml").write_text(text, encoding="utf-8")
    policy = load_policy("old", directory=tmp_path)
    assert (policy.measured.flag_below, policy.mobile.indoor_loss_db, policy.mobile.indoor_level) == (0, 0, "")
    assert (policy.mobile.supported, policy.mobile.gain_per_km2, policy.mobile.gain_per_road_km) == (False, 0, 0)
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
        ("supported = false", "supported = 0", "supported is 0; expected true or false"),
        ("gain_per_km2 = 2", 'gain_per_km2 = "much"', "gain_per_km2 is 'much'; expected a number"),
        ("gain_per_km2 = 2", "gain_per_km2 = -2", "mobile.gain_per_km2 is -2; expected a finite number, not below"),
        ("gain_per_km2 = 2", "gain_per_km2 = inf", "mobile.gain_per_km2 is inf; expected"),
        ("gain_per_road_km = 1", "gain_per_road_km = nan", "mobile.gain_per_road_km is nan; expected"),
        ('indoor_level = "very_good"', 'indoor_level = "none"', "indoor_level 'none' is none of"),
        ("plan_horizon_years = 3\n", "plan_horizon_years = 3\nmax_latency_ms = 0\n", "must be above 0"),
        ("plan_horizon_years = 3\n", "plan_horizon_years = 3\ncounts_closing = 1\n", "expected true or false"),
        ("[fixed]", "[fixed", "not valid TOML"),
        ('currency = "NOK"', 'currency = "kroner"', "currency is 'kroner'; expected three capital letters"),
        ('currency = "NOK"\n', "", "'currency' is missing"),
        ("valid_to = 2024-12-31", "valid_to = 2023-12-31", "valid_to is before valid_from"),
        ("valid_to = 2024-12-31", 'valid_to = "2024"', "expected a date such as"),
        ("up_mbps = 0\neligible", "up_mbps = 0\nor_down_mbps = 20\neligible", "or_down_mbps must be above down_mbps"),
        ("up_mbps = 0\neligible", "up_mbps = 10\neligible", "must deliver at least its own threshold"),
        ("deliver_up_mbps = 0\n", "deliver_up_mbps = 0\ndeliver_up_factor = 0.5\n", "0 (none) or at least 1"),
        ('rule = "not_short"', 'rule = "eligible"', "must stand before those with the rule white_area or eligible"),
        ('confidence = "published"', 'confidence = "certain"', "confidence 'certain' of tier below_30 is none of"),
        ("[measured]", '[aim]\ndown_mbps = 1000\nby = "soon"\n[measured]', "aim: the key 'source' is missing"),
        (', nb = "ikke i helårsbruk"', "", "the label of clause 'not-year-round' lacks the language 'nb'"),
        (
            'en = "below 30 Mbit/s", ',
            "",
            "the label of tier 'below_30' lacks the language 'en'; expected a text in each",
        ),
        (', nb = "Støttebehov per enhet"', ', nb = " "', "the label of criterion 'cost_efficiency' lacks the language"),
        ('{ en = "below 30 Mbit/s", nb = "under 30 Mbit/s" }', '"below"', "the label of tier 'below_30' lacks the"),
        ("up_mbps = 0\neligible = true", "up_mbps = 0\neligible = false", "eligible tiers must stand below those that"),
        (
            "[measured]",
            '[aim]\ndown_mbps = 1\nby = "soon"\nsource = "x"\nconfidence = "assumed"\n[measured]',
            "aim: by is 'soon'; expected a date",
        ),
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
    with pytest.raises(PolicyError, match="no-2023, no-2024, no-2026, uk-uso, us-bead-2022"):
        load_policy("no-1999")
    with pytest.raises(PolicyError, match="not known"):
        load_policy("../costs/norway")
