"""What was different before anything was reckoned: files, rules, prices, weights, money, and how it was drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from coverage.compare.runs import Run
from coverage.errors import DataError
from coverage.policy import POLICY_DIR, load_policy

# What can make two runs differ, in the order in which it is told. `tables` are the program's own figures on businesses
# and radio, `software` the packages and the program itself.
CAUSES: Final = (
    "data", "rule", "cost", "weights", "budget", "residents", "wishes", "draws", "tables", "software",
)  # fmt: skip
STUDY_FILE: Final = "study.toml"
ANY_ROLE: Final = "any"  # of a changed file that no source names
DATE: Final = "date"  # the day that the data are judged on acts as a role
_RULES: Final = ("view", "mobile", "template")  # settings of a scenario that change a rule of the policy
_RESIDENTS: Final = ("connection_fee", "dugnad_m")
_DRAWS: Final = ("seed", "draws")
_TOLD: Final = frozenset({"policy", "budget", "weights", "costs", "areas", *_RULES, *_RESIDENTS, *_DRAWS})


@dataclass(frozen=True)
class Change:
    """Hold one difference: its cause, the code of its text, and what the text is filled with."""

    cause: str
    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Levers:
    """Hold what differed: all of it as `changes`; `causes` of those that can explain a figure by themselves.

    `roles` of the sources whose files differ, and `sources`, their ids, say which data it can be. study.toml also
    holds the budget and the policy, so that its change alone is no cause: `study_file` is what is left to name.
    """

    changes: tuple[Change, ...]
    causes: frozenset[str]
    roles: frozenset[str]
    sources: frozenset[str]
    study_file: bool
    weights: tuple[Mapping[str, float] | None, Mapping[str, float] | None]  # before and after; None: not known


def levers(before: Run, after: Run) -> Levers:
    """Say what differed between two runs of one study. Raises DataError for runs of different studies or money."""
    for what, one, other in (
        ("study", before.run["study"], after.run["study"]),
        ("currency", before.summary.get("currency"), after.summary.get("currency")),
    ):
        if one != other:
            raise DataError(f"{after.folder}: its {what} is {other!r}; expected {one!r}, as in {before.folder}")
    weights = (_weights(before), _weights(after))
    found = [*_data(before, after), *_rules(before, after), *_prices(before, after), *_question(before, after, weights)]
    versions = list(_versions(before, after))
    roles, sources = _touched(before, after)
    study_file = before.run["inputs"].get(STUDY_FILE) != after.run["inputs"].get(STUDY_FILE)
    causes = frozenset(change.cause for change in found if change.cause in CAUSES)
    return Levers((*found, *versions), causes, roles, sources, study_file, weights)


def _data(before: Run, after: Run) -> Iterator[Change]:
    old, new = before.run["inputs"], after.run["inputs"]
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) == new.get(name):
            continue
        if name == STUDY_FILE:
            yield Change("study", "study_file")
        else:
            code = "file_new" if name not in old else "file_gone" if name not in new else "file_changed"
            yield Change("data", code, {"file": name})
    days = before.summary.get("as_of"), after.summary.get("as_of")
    if days[0] != days[1]:
        yield Change("data", "date", {"before": days[0], "after": days[1]})


def _touched(before: Run, after: Run) -> tuple[frozenset[str], frozenset[str]]:
    """Return the roles and the ids of the sources whose files differ, or that only one of the runs has."""
    old, new = ({item["source"]: item for item in run.run["sources"]} for run in (before, after))
    ids = {
        name
        for name in old.keys() | new.keys()
        if (old.get(name) or {}).get("sha256") != (new.get(name) or {}).get("sha256")
    }
    roles = {item["role"] for name in ids for item in (old.get(name), new.get(name)) if item}
    # Some readers are not told which source a file is of; what has changed of it can then be anything.
    known = {STUDY_FILE, *(item["path"] for run in (old, new) for item in run.values() if "path" in item)}
    names = before.run["inputs"].keys() | after.run["inputs"].keys()
    differing = {name for name in names if before.run["inputs"].get(name) != after.run["inputs"].get(name)}
    if differing - known:
        roles.add(ANY_ROLE)
    if before.summary.get("as_of") != after.summary.get("as_of"):
        roles.add(DATE)
    return frozenset(roles), frozenset(ids)


def _rules(before: Run, after: Run) -> Iterator[Change]:
    old, new = before.run["policy"], after.run["policy"]
    if old["id"] != new["id"]:
        yield Change("rule", "policy", {"before": old["id"], "after": new["id"]})
    elif old["sha256"] != new["sha256"]:
        yield Change("rule", "pack", {"policy": new["id"]})
    points = [run.run.get("template") or {} for run in (before, after)]  # an older run does not tell
    if points[0].get("id") and points[0]["id"] == points[1].get("id") and points[0]["sha256"] != points[1]["sha256"]:
        yield Change("rule", "pack", {"policy": points[1]["id"]})
    yield from _pairs("rule", "area_rule", before.scenario, after.scenario, "areas")
    for name in _RULES:
        yield from _single("rule", name, before.scenario, after.scenario, name)
    for name in ("business", "radio", "criteria"):
        told = name in before.run and name in after.run  # an older run does not tell
        if told and before.run[name] != after.run[name]:
            yield Change("tables", f"{name}_tables")


def _prices(before: Run, after: Run) -> Iterator[Change]:
    old, new = before.run["costs"], after.run["costs"]
    if old["id"] != new["id"]:
        yield Change("cost", "book", {"before": old["id"], "after": new["id"]})
    elif old["sha256"] != new["sha256"]:
        yield Change("cost", "book_content", {"book": new["id"]})
    yield from _pairs("cost", "price", before.scenario, after.scenario, "costs")


def _question(
    before: Run, after: Run, weights: tuple[Mapping[str, float] | None, Mapping[str, float] | None]
) -> Iterator[Change]:
    old, new = before.scenario, after.scenario
    same_pack = before.run["policy"] == after.run["policy"]
    if not (same_pack and weights[0] is not None and weights[0] == weights[1]):
        yield from _pairs("weights", "weight", old, new, "weights")
    yield from _single("budget", "budget", old, new, "budget", currency=after.summary.get("currency"))
    for name in _RESIDENTS:
        yield from _single("residents", name, old, new, name, currency=after.summary.get("currency"))
    for name in _DRAWS:
        yield from _single("draws", name, old, new, name)
    for name in sorted((old.keys() | new.keys()) - _TOLD):
        if (old.get(name) or None) != (new.get(name) or None):  # an older run may not know the setting
            yield Change("wishes", "wish", {"name": name})


def _single(
    cause: str, code: str, old: Mapping[str, Any], new: Mapping[str, Any], name: str, **more: Any
) -> Iterator[Change]:
    if (old.get(name) or None) != (new.get(name) or None):
        yield Change(cause, code, {"before": old.get(name), "after": new.get(name), **more})


def _pairs(cause: str, code: str, old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> Iterator[Change]:
    one, other = old.get(name) or {}, new.get(name) or {}
    for key in sorted(one.keys() | other.keys()):
        if one.get(key) != other.get(key):
            yield Change(cause, code, {"name": key, "before": one.get(key), "after": other.get(key)})


def _versions(before: Run, after: Run) -> Iterator[Change]:
    old, new = before.run["versions"], after.run["versions"]
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            values = {"name": name, "before": old.get(name, "–"), "after": new.get(name, "–")}
            yield Change("software", "version", values)


def _weights(run: Run) -> Mapping[str, float] | None:
    """Return the weights that a run ranked by; None for those of a template, or if the pack is not as it was."""
    if run.scenario.get("template"):
        return None
    path = POLICY_DIR / f"{run.run['policy']['id']}.toml"
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != run.run["policy"]["sha256"]:
        return None
    policy = load_policy(run.run["policy"]["id"])
    return {item.id: float(item.weight) for item in policy.criteria} | dict(run.scenario.get("weights") or {})
