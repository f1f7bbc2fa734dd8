"""What a result rests on: the digests of its inputs, rules and tables, its sources, versions and assumptions."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from coverage import business, nace, traits
from coverage.costbook import CostBook
from coverage.policy import POLICY_DIR, Policy
from coverage.preparation import Prepared
from coverage.radio import Radio
from coverage.scenario import Scenario
from coverage.templates import Template, choose_template, template_digest

PACKAGES: Final = ("geopandas", "numpy", "pandas", "pyogrio", "pyproj", "rasterio", "scipy", "shapely")


def assumed_text(
    policy: Policy, book: CostBook, *, template: Template | None = None, radio: Radio | None = None
) -> str:
    """Say what the figures of a row rest on that is general knowledge: it travels with every row of every export.

    `policy` has the criteria that areas are scored by, and `template` is the one that they come from, if any.
    `radio` are the figures that masts and wireless were planned with, None where there is no terrain.
    """
    # The names of sections are words, not figures: they are left out.
    tables = [name for name in nace.TABLES[1:] if any(row["confidence"] == "assumed" for row in nace.read_rows(name))]
    parts: dict[str, Sequence[str]] = {"policy": policy.assumed()}
    if template is not None:  # its criteria are named among the policy's
        marked = template.marked()
        parts["template"] = tuple(f"{name} ({word})" for name, word in marked if not name.startswith("criterion "))
    parts |= {"businesses": [name.removesuffix(".csv") for name in tables]}
    named = "; ".join(f"{part}: {', '.join(names) or 'none'}" for part, names in parts.items())
    sight = f"; {len(radio.assumed())} of {len(radio.items)} radio figures" if radio is not None else ""
    return f"{len(book.assumed())} of {len(book.items)} cost figures; {named}{sight}"


def _scored_by(policy: Policy, scenario: Scenario) -> tuple[str, ...]:
    """List what is not published of what areas are scored by, beside the policy: a template, optional criteria."""
    template = choose_template(policy, template_id=scenario.template, weights=scenario.weights)
    own = set() if scenario.template else {f"criterion {criterion.id}" for criterion in policy.criteria}
    return tuple(f"{name} ({confidence})" for name, confidence in template.marked() if name not in own)


def provenance_of(prepared: Prepared, scenario: Scenario, book: CostBook, timings: dict[str, float]) -> dict[str, Any]:
    """Return what run.json holds, and the fingerprint of inputs, policy, tables, cost book and scenario."""
    study, policy = prepared.study, prepared.policy
    pack = hashlib.sha256((POLICY_DIR / f"{policy.id}.toml").read_bytes()).hexdigest()
    traced = {
        "inputs": prepared.digests,
        "policy": {"id": policy.id, "sha256": pack},
        "costs": {"id": book.id, "sha256": book.version},
        "business": {"sha256": nace.tables_digest()},
        "radio": {"sha256": prepared.radio.version},
        "criteria": {"sha256": traits.tables_digest()},
        "template": {"id": scenario.template, "sha256": template_digest(scenario.template)},
        "scenario": scenario.to_mapping(),
    }
    canonical = json.dumps(traced, sort_keys=True, ensure_ascii=False).encode()
    return {
        "study": study.id,
        "fingerprint": hashlib.sha256(canonical).hexdigest(),
        **traced,
        "sources": [
            {key: value.isoformat() if key == "as_of" and value else value for key, value in asdict(report).items()}
            for report in prepared.inputs.reports
        ],
        "notes": list(study.notes),
        "assumed": {
            "policy": list(policy.assumed()),
            "scoring": list(_scored_by(policy, scenario)),
            "costs": [item.item for item in book.assumed()],
            "business": business.assumed(),
            "radio": [item.item for item in prepared.radio.assumed()] if prepared.inputs.terrain else [],
        },
        "warnings": list(prepared.warnings),
        "check": {
            "sources": prepared.checked.source_rows(),
            "findings": prepared.checked.finding_rows(),
            "rejections": prepared.checked.rejection_rows(),
        },
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in PACKAGES},
        },
        "seed": scenario.seed,
        "timings_s": {**prepared.timings, **timings},
    }
