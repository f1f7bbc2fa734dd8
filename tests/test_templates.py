from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from coverage.business import parameter
from coverage.errors import PolicyError
from coverage.policy import load_policy
from coverage.templates import (
    TEMPLATE_DIR,
    choose_template,
    list_templates,
    load_template,
    of_policy,
    optional_criteria,
    template_digest,
)

NORWAY = load_policy("no-2024")
ALL = ("cost-per-premises", "germany", "louisiana", "nkom")
OPTIONAL = ["worst_served", "remoteness", "single_operator_risk", "hub_distance"]


def test_the_templates_are_listed_and_each_says_what_is_not_published() -> None:
    assert list_templates() == ALL
    for name in ALL:
        template = load_template(name)
        assert template.id == name
        assert template.confidence == "published"
        assert all(item.source for item in template.criteria)
    assert ("criterion remaining_need", "unconfirmed") in load_template("germany").marked()
    assert ("reference in NOK", "derived") in load_template("louisiana").marked()


def test_nkoms_template_is_what_the_norwegian_pack_has() -> None:
    ours = [(item.id, item.weight, item.low, item.high, item.unit, item.label) for item in NORWAY.criteria]
    theirs = load_template("nkom").criteria
    assert [(item.id, item.weight, item.low, item.high, item.unit, item.label) for item in theirs] == ours
    assert [item.weight for item in theirs] == [25, 20, 10, 15, 15, 15]


def test_the_weights_of_the_german_template_are_its_points() -> None:
    template = load_template("germany")
    assert [item.weight * template.max_points / 100 for item in template.criteria] == [200, 125, 100, 75]
    pack = {item.id: (item.weight, item.low, item.high) for item in load_policy("de-gigabit-2").criteria}
    ours = {item.id: (item.weight, item.low, item.high) for item in template.criteria}
    assert ours.pop("white_spot_share") == pack.pop("municipality_short_share")
    assert ours == pack


def test_a_template_stands_in_for_the_criteria_of_a_policy_and_for_nothing_else() -> None:
    template = load_template("germany")
    other = template.on(NORWAY)
    assert other.criteria == template.criteria
    assert (other.id, other.tiers, other.clauses) == (NORWAY.id, NORWAY.tiers, NORWAY.clauses)
    assert of_policy(NORWAY).on(NORWAY) is NORWAY


def test_without_a_template_the_policys_criteria_are_one() -> None:
    template = choose_template(NORWAY)
    assert template == of_policy(NORWAY)
    assert (template.id, template.currency, template.max_points) == ("no-2024", "NOK", 100)
    assert choose_template(NORWAY, template_id="germany") == load_template("germany")


def test_optional_criteria_join_only_where_they_have_weight() -> None:
    assert [item.id for item in optional_criteria()] == OPTIONAL
    assert all(item.weight == 0 for item in optional_criteria())
    plain = of_policy(NORWAY)
    assert plain.extend(()) is plain
    assert plain.extend((("remoteness", 0.0), ("premises", 5.0))) is plain
    longer = choose_template(NORWAY, weights=(("charm", 3.0), ("hub_distance", 1.0), ("remoteness", 10.0)))
    assert [item.id for item in longer.criteria[6:]] == ["remoteness", "hub_distance"]
    assert longer.criteria[:6] == NORWAY.criteria
    assert longer.extend((("remoteness", 1.0),)) is longer
    weights = longer.with_weights({"hub_distance": 1.0, "remoteness": 10.0})
    assert list(weights.values()) == [25, 20, 10, 15, 15, 15, 10, 1]
    assert longer.on(NORWAY).criteria == longer.criteria


def test_nothing_can_join_a_template_that_scores_by_price_alone() -> None:
    with pytest.raises(PolicyError, match=r"weights\.remoteness cannot join louisiana"):
        choose_template(NORWAY, template_id="louisiana", weights=(("remoteness", 1.0),))


def test_the_digest_of_a_template_is_that_of_its_file() -> None:
    text = (TEMPLATE_DIR / "nkom.toml").read_bytes()
    assert template_digest("nkom") == hashlib.sha256(text).hexdigest()
    assert template_digest("") == ""


def test_the_bounds_of_the_distance_to_a_hub_are_the_profiles_near_and_far() -> None:
    hub = next(item for item in optional_criteria() if item.id == "hub_distance")
    assert (hub.high, hub.low) == (parameter("hub_near_m"), parameter("hub_far_m"))


# --- files that cannot be used ------------------------------------------------------------------------------


def written(folder: Path, *, name: str, old: str, new: str) -> Path:
    text = (TEMPLATE_DIR / f"{name}.toml").read_text(encoding="utf-8")
    assert old in text, old
    (folder / "odd.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "old", "new", "match"),
    [
        ("nkom", "[criteria.premises]", "[criteria.charm]", r"'charm' is not known"),
        ("nkom", 'rule = "weighted_sum"', 'rule = "lottery"', r"rule 'lottery' is none of"),
        ("nkom", 'rule = "weighted_sum"', 'rule = "reference_price"', r"prices are needed"),
        ("nkom", "max_points = 100", "max_points = 0", r"max_points must be above 0"),
        ("nkom", "max_points = 100", 'max_points = "many"', r"max_points is 'many'; expected a number"),
        ("nkom", "max_points = 100", "points = 100", r"unknown key 'points'"),
        ("nkom", "max_points = 100", "", r"the key 'max_points' is missing"),
        ("nkom", "high = 150", "high = 0", r"low and high are equal"),
        ("nkom", "weight = 25", "weight = -25", r"weight is below 0"),
        ("nkom", "weight = 25", "weight = inf", r"weight is inf; expected a number"),
        ("nkom", ', nb = "Støttebehov per enhet"', "", r"expected a text in each of en, nb"),
        ("nkom", 'currency = "NOK"', "currency = 7", r"currency is 7; expected a text"),
        ("nkom", 'confidence = "assumed"', 'confidence = "sure"', r"confidence 'sure'"),
        ("germany", "points = 350", "point = 350", r"marks: unknown key 'point'"),
        ("louisiana", "points_above = 100", "points_above = 250", r"points_within less 100"),
        ("louisiana", "points_within = 300", "points_within = 301", r"points_within must not be above max_points"),
        ("louisiana", "per_premises = 147700", "per_premises = 0", r"per_premises must be above 0"),
        ("louisiana", "[criteria.reference_percent]", "[criteria.premises]", r"one criterion, reference_percent"),
        ("louisiana", "[prices]", "[prices", r"not a readable TOML file"),
        ("cost-per-premises", "weight = 100", "weight = 0", r"must add up to more than 0"),
    ],
)
def test_a_template_that_cannot_be_used_is_named(name: str, old: str, new: str, match: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=match) as caught:
        load_template("odd", directory=written(tmp_path, name=name, old=old, new=new))
    assert str(caught.value).startswith("odd.toml")


def test_an_unknown_template_is_answered_with_those_there_are() -> None:
    with pytest.raises(PolicyError, match="cost-per-premises, germany, louisiana, nkom"):
        load_template("france")
    with pytest.raises(PolicyError, match="not known"):
        load_template("../policies/no-2024")


def test_an_optional_criterion_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    path = tmp_path / "optional.toml"
    path.write_text('[charm]\nlabel = { en = "a", nb = "b" }\nlow = 1\nhigh = 1\nunit = ""\nconfidence = "sure"\n')
    with pytest.raises(PolicyError, match=r"low and high are equal; .*'charm' is not known.*; confidence 'sure'"):
        optional_criteria(path)
