"""What a result rests on: the digests of its inputs, rules and tables, its sources, versions and assumptions."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from dataclasses import asdict
from typing import Any, Final

from coverage import business, nace
from coverage.costbook import CostBook
from coverage.policy import POLICY_DIR, Policy
from coverage.preparation import Prepared
from coverage.radio import load_radio
from coverage.scenario import Scenario

PACKAGES: Final = ("geopandas", "numpy", "pandas", "pyogrio", "pyproj", "rasterio", "scipy", "shapely")


def assumed_text(policy: Policy, book: CostBook, *, sighted: bool = False) -> str:
    """Say what the figures of a row rest on that is general knowledge: it travels with every row of every export.

    `sighted`: there is terrain, so that masts and wireless are planned with the figures of data/radio.csv.
    """
    # The names of sections are words, not figures: they are left out.
    tables = [name for name in nace.TABLES[1:] if any(row["confidence"] == "assumed" for row in nace.read_rows(name))]
    parts = {"policy": policy.assumed(), "businesses": [name.removesuffix(".csv") for name in tables]}
    named = "; ".join(f"{part}: {', '.join(names) or 'none'}" for part, names in parts.items())
    radio = load_radio()
    sight = f"; {len(radio.assumed())} of {len(radio.items)} radio figures" if sighted else ""
    return f"{len(book.assumed())} of {len(book.items)} cost figures; {named}{sight}"


def provenance_of(prepared: Prepared, scenario: Scenario, book: CostBook, timings: dict[str, float]) -> dict[str, Any]:
    """Return what run.json holds, and the fingerprint of inputs, policy, tables, cost book and scenario."""
    study, policy = prepared.study, prepared.policy
    pack = hashlib.sha256((POLICY_DIR / f"{policy.id}.toml").read_bytes()).hexdigest()
    traced = {
        "inputs": prepared.digests,
        "policy": {"id": policy.id, "sha256": pack},
        "costs": {"id": book.id, "sha256": book.version},
        "business": {"sha256": nace.tables_digest()},
        "radio": {"sha256": load_radio().version},
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
            "costs": [item.item for item in book.assumed()],
            "business": business.assumed(),
            "radio": [item.item for item in load_radio().assumed()] if prepared.inputs.terrain else [],
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
