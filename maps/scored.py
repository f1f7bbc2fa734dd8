"""What a study can be judged and scored by: policies, templates, and the criteria that can have weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from coverage.errors import PolicyError
from coverage.policy import Criterion, Policy, list_policies, load_policy
from coverage.scenario import Pairs, Scenario
from coverage.study import Study
from coverage.templates import REFERENCE_PRICE, choose_template, list_templates, load_template, optional_criteria

MOST_WEIGHT: Final = 1_000.0  # of a criterion in a link


def criteria_of(policy: Policy, template_id: str) -> tuple[Criterion, ...]:
    """Return the criteria that can have weight: those of the template, else of the policy; then those to be added."""
    template = choose_template(policy, template_id=template_id)
    if template.rule == REFERENCE_PRICE:
        return template.criteria
    own = {item.id for item in template.criteria}
    return (*template.criteria, *(item for item in optional_criteria() if item.id not in own))


def templates_for(study: Study, *, asked: str) -> list[str]:
    """List the templates whose amounts are in the study's currency, "" (the policy's criteria) first; and `asked`."""
    found = [""]
    for name in list_templates():
        template = load_template(name)
        prices = {item.currency for item in template.references}
        if template.currency in ("", study.currency) and (not prices or study.currency in prices):
            found.append(name)
    return found if asked in found else [*found, asked]


def to_add() -> tuple[Criterion, ...]:
    """Return the criteria that can be added to a template, of weight 0."""
    return optional_criteria()


def changed_weights(policy: Policy, template_id: str, typed: Mapping[str, float | None]) -> Pairs:
    """Return the weights that differ from the template's own, sorted by criterion; None is not typed yet."""
    own = {item.id: item.weight for item in criteria_of(policy, template_id)}
    pairs = ((name, float(weight)) for name, weight in typed.items() if weight is not None)
    return tuple(sorted((name, weight) for name, weight in pairs if weight != own[name]))


def check(policy: Policy, scenario: Scenario) -> None:
    """Raise PolicyError if the scenario's template or weights cannot be followed, or shown on a slider."""
    for name, weight in scenario.weights:
        if weight > MOST_WEIGHT:
            raise PolicyError(f"weight of {name} is {weight:.6g}; expected at most {MOST_WEIGHT:.0f}")
    template = choose_template(policy, template_id=scenario.template, weights=scenario.weights)
    template.with_weights(dict(scenario.weights))


def check_study(study: Study, policy_id: str) -> None:
    """Raise PolicyError if a policy is not one that the study can be judged by."""
    if policy_id not in policies_for(study):
        known = ", ".join(policies_for(study))
        raise PolicyError(f"policy is {policy_id[:40]!r}; expected one of {known}, in {study.currency}")


def policies_for(study: Study) -> list[str]:
    """List the policies of the study's country, the study's own among them."""
    return [name for name in list_policies() if name == study.policy or load_policy(name).country == study.country]
