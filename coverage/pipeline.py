"""The only composer of the stages: from a study and a scenario to an Assessment.

`prepare` does what depends on the data and the policy (slow); `decide` does what depends on budget, weights,
costs and seed (fast), so that a dashboard can move a slider without reading a file.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from coverage import (
    agreement,
    areas,
    business,
    corrections,
    costs,
    extent,
    gaps,
    hearing,
    nace,
    priority,
    roads,
    routes,
    subsidy,
    summary,
    verdicts,
)
from coverage.assessment import Assessment
from coverage.check import CheckReport
from coverage.contrast import Contrast, contrast
from coverage.errors import PolicyError
from coverage.inputs import Inputs
from coverage.policy import POLICY_DIR, Policy, load_policy
from coverage.scenario import Scenario
from coverage.schemas import AREA_COLUMNS, AREA_TAIL, MUNICIPALITIES, PLACES, PROFILE, VERDICT, check
from coverage.study import Study

Progress = Callable[[str], None]

PACKAGES: Final = ("geopandas", "numpy", "pandas", "pyogrio", "pyproj", "rasterio", "scipy", "shapely")
# The steps a whole run goes through, in order; a progress bar counts them.
STEPS: Final = ("overlay", "verdict", "areas", "routes", "costs", "subsidy", "priority")
# What a hearing adds to places: told of the study as it is, not of what it might be.
HEARD: Final = ("hearing", "hearing_removed_by")
# Of fixed service and the verdict, what areas, routes and costs follow from.
DRIVERS: Final = ("tier", "eligible", "fixed_down_mbps", "fixed_up_mbps")


def ignore(step: str) -> None:
    """Take a progress message and do nothing."""


@dataclass(frozen=True)
class Prepared:
    """Hold what depends on the data and the policy alone."""

    study: Study
    policy: Policy
    inputs: Inputs
    places: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    joint_route_m: float
    digests: dict[str, str]  # SHA-256 of every input file
    counts: dict[str, Any]
    agreement: dict[str, Any]
    checked: CheckReport  # what `check` says of the same data
    warnings: tuple[str, ...]
    timings: dict[str, float]
    extents: list[dict[str, Any]] = field(default_factory=list)  # mobile coverage by area or length
    hearing: dict[str, Any] = field(default_factory=dict)  # what the hearing changed: hearing.Account.summary
    corrections: pd.DataFrame = field(default_factory=pd.DataFrame)  # what was corrected: corrections.trace


def assess(study: Study, scenario: Scenario, *, progress: Progress = ignore) -> Assessment:
    """Run every stage on a study under a scenario.

    Raises DataError, CrsError or PolicyError with one sentence where the input cannot be used.
    """
    policy = load_policy(scenario.policy)
    policy.require_currency(study.currency, where=f"study {study.id}")
    return decide(prepare(study, policy, progress=progress), scenario, progress=progress)


def prepare(study: Study, policy: Policy, *, progress: Progress = ignore) -> Prepared:
    """Load the study, overlay coverage, judge every place, delineate areas and find their routes."""
    study.require_assessable()
    clock = _Clock()
    loaded = study.load(progress=progress)
    inputs = corrections.correct(loaded)
    clock.lap("load")
    check(inputs.municipalities, MUNICIPALITIES, where="municipalities")
    check(inputs.places, PLACES, where="premises")

    progress("overlay")
    served = verdicts.serve_inputs(inputs, policy=policy, as_of=study.as_of)
    by_extent = extent.measure_extents(
        inputs.extents, inputs.mobile, municipalities=inputs.municipalities, policy=policy
    )
    clock.lap("overlay")

    progress("verdict")
    judged = gaps.judge(served, policy=policy, as_of=study.as_of)
    check(judged, VERDICT, where="verdict")
    traced = verdicts.trace_corrections(loaded, judged, policy=policy, as_of=study.as_of)
    heard = account(inputs, judged, policy=policy, as_of=study.as_of) if inputs.hearing else None
    if heard is not None:
        judged = judged.assign(**{str(name): column for name, column in heard.places.items()})
    clock.lap("verdict")

    graph = roads.build_graph(inputs.roads)
    profiled = business.profile(
        judged,
        hubs=inputs.hubs,
        extents=inputs.extents,
        mobile=inputs.mobile,
        municipalities=inputs.municipalities,
        policy=policy,
        sources=study.sources,
        graph=graph,
    )
    check(profiled, PROFILE, where="business profile")
    clock.lap("businesses")

    laid = _lay_out(profiled, inputs, policy=policy, graph=graph, clock=clock, progress=progress)
    grouped = laid["places"]

    agreed = agreement.compare(grouped, truth=inputs.truth, controls=study.controls, policy=policy, study=study)
    return Prepared(
        study=study,
        policy=policy,
        inputs=inputs,
        **laid,
        digests=study.fingerprint(),
        counts=_counts(grouped, inputs, policy),
        agreement=agreed,
        checked=CheckReport.from_inputs(loaded, study=study, agreement=agreed),
        warnings=(*inputs.warnings, *business.remarks(grouped)),
        timings=clock.timings,
        extents=extent.summarise_extents(by_extent),
        hearing={} if heard is None else heard.summary(),
        corrections=traced,
    )


def account(inputs: Inputs, judged: gpd.GeoDataFrame, *, policy: Policy, as_of: dt.date) -> hearing.Account:
    """Say what the hearing of a study changed; `judged` are its places with the verdict on them."""
    inputs = corrections.correct(inputs)
    return hearing.removed(
        judged,
        offers=inputs.offers,
        hearing=inputs.hearing,
        shares=inputs.shares,
        policy=policy,
        as_of=as_of,
    )


def account_study(study: Study, inputs: Inputs, *, policy: Policy) -> hearing.Account:
    """Judge the places of a loaded study, and say what its hearing changed."""
    judged = verdicts.judge_inputs(inputs, policy=policy, as_of=study.as_of)
    return account(inputs, judged, policy=policy, as_of=study.as_of)


def prepare_again(prepared: Prepared, inputs: Inputs) -> Prepared:
    """Return what would have been prepared of other offers and another hearing; no file is read or checked again.

    What does not follow from fixed service (the profile of businesses, mobile coverage) is taken over. Where the
    verdict on every place is the same, so is everything else, and the areas are those of `prepared`.
    """
    policy = prepared.policy
    judged = verdicts.judge_inputs(inputs, policy=policy, as_of=prepared.study.as_of)
    if all(judged[name].equals(prepared.places[name]) for name in DRIVERS):
        return replace(prepared, inputs=inputs)
    known = prepared.places[[name for name in prepared.places.columns if name not in judged and name not in HEARD]]
    places = judged.assign(**{str(name): column for name, column in known.items()})
    laid = _lay_out(places, inputs, policy=policy, graph=roads.build_graph(inputs.roads), clock=_Clock())
    counts = _counts(laid["places"], inputs, policy)
    return replace(prepared, inputs=inputs, **laid, counts=counts, hearing={}, agreement={})


def _counts(places: gpd.GeoDataFrame, inputs: Inputs, policy: Policy) -> dict[str, Any]:
    return {
        **summary.summarise_places(places, municipalities=inputs.municipalities, policy=policy),
        "businesses": business.summarise_profile(places),
    }


def _lay_out(
    places: gpd.GeoDataFrame,
    inputs: Inputs,
    *,
    policy: Policy,
    graph: roads.RoadGraph,
    clock: _Clock,
    progress: Progress = ignore,
) -> dict[str, Any]:
    """Group eligible places to areas and find their routes; return the fields of Prepared that hold them."""
    progress("areas")
    attached = roads.attach(graph, places, mask=places["eligible"].to_numpy() > 0, network=inputs.network)
    grouped, delineated = areas.delineate(
        places, attached=attached, policy=policy, municipalities=inputs.municipalities
    )
    if "correction" in grouped:
        delineated = delineated.assign(corrected=corrections.corrected_premises(delineated, grouped))
    clock.lap("areas")
    progress("routes")
    routed = routes.route(delineated, grouped, attached=attached)
    joint_m = routes.joint_length_m(delineated, grouped, attached=attached)
    clock.lap("routes")
    return {"places": grouped, "areas": delineated, "routes": routed, "joint_route_m": joint_m}


def decide(prepared: Prepared, scenario: Scenario, *, progress: Progress = ignore) -> Assessment:
    """Price, estimate the subsidy and rank, under one budget, one set of weights and one seed.

    Raises PolicyError if the scenario's policy is not the one that `prepared` was made with, or in another currency.
    """
    study, policy = prepared.study, prepared.policy
    if scenario.policy != policy.id:
        raise PolicyError(f"the places were judged under {policy.id!r}, not under the scenario's {scenario.policy!r}")
    policy.require_currency(study.currency, where=f"study {study.id}")
    clock = _Clock()
    progress("costs")
    book = costs.load_costs(study.costs, currency=study.currency, price_year=study.price_year, overrides=scenario.costs)
    options, lines = costs.price(prepared.areas, prepared.routes, book=book, policy=policy)
    priced = costs.propose(prepared.areas, options, policy=policy)
    priced = priced.assign(route_m=priced["area_id"].map(prepared.routes.set_index("area_id")["route_m"]))
    clock.lap("costs")

    progress("subsidy")
    estimated, draws = subsidy.estimate(priced, prepared.routes, book=book, policy=policy, scenario=scenario)
    clock.lap("subsidy")

    progress("priority")
    ranked = priority.prioritise(estimated, draws=draws, policy=policy, scenario=scenario)
    ranked = ranked.assign(
        policy=policy.id,
        as_of=study.as_of.isoformat(),
        currency=study.currency,
        data_status=study.data_status,
        assumed=_assumed(policy, book),
    )
    clock.lap("priority")

    figures = {
        "study": study.id,
        "policy": policy.id,
        "currency": study.currency,
        "data_status": study.data_status,
        "as_of": study.as_of.isoformat(),
        "rejected": sum(report.rows_rejected for report in prepared.inputs.reports),
        **{key: value for key, value in prepared.counts.items() if key != "municipalities"},
        **summary.summarise_areas(ranked, funding_gap=draws.total_quantiles(), budget=scenario.budget),
        "route_m": round(float(prepared.routes["route_m"].sum())),
        "route_m_if_all_built": round(prepared.joint_route_m),
        "municipalities": prepared.counts["municipalities"],
        **({"corrections": corrections.summarise(prepared.corrections)} if len(prepared.corrections) else {}),
        **({"hearing": prepared.hearing} if prepared.hearing else {}),
        **({"extents": prepared.extents} if prepared.extents else {}),
        **({"agreement": prepared.agreement} if prepared.agreement else {}),
    }
    return Assessment(
        places=prepared.places,
        areas=_ordered(ranked, policy),
        routes=prepared.routes,
        municipalities=prepared.inputs.municipalities,
        cost_lines=_proposed(lines, ranked),
        rejected=prepared.inputs.rejected,
        study=study,
        scenario=scenario,
        policy=policy,
        costs=book,
        mobile=prepared.inputs.mobile,
        summary=figures,
        provenance=_provenance(prepared, scenario, book, clock.timings) | {"selection": ranked.attrs["selection"]},
        corrections=prepared.corrections,
    )


def contrast_policies(prepared: Prepared, other: Policy, *, progress: Progress = ignore) -> Contrast:
    """Set the verdicts of a second policy beside those of a prepared study. Nothing is grouped, routed or priced."""
    return _contrast_with(prepared.places, prepared.inputs, prepared.study, prepared.policy, other, progress=progress)


def contrast_study(
    study: Study, inputs: Inputs, *, policy: Policy, other: Policy, progress: Progress = ignore
) -> Contrast:
    """Judge a study's inputs under two policies and set the verdicts side by side.

    Raises PolicyError where both are the same policy, DataError where the study cannot be assessed.
    """
    study.require_assessable()
    if policy.id == other.id:
        raise PolicyError(f"{policy.id} would be compared with itself; name another policy")
    progress(f"verdict under {policy.id}")
    judged = verdicts.judge_inputs(inputs, policy=policy, as_of=study.as_of)
    return _contrast_with(judged, inputs, study, policy, other, progress=progress)


def _contrast_with(
    judged: gpd.GeoDataFrame, inputs: Inputs, study: Study, policy: Policy, other: Policy, *, progress: Progress
) -> Contrast:
    progress(f"verdict under {other.id}")
    judged_too = verdicts.judge_inputs(inputs, policy=other, as_of=study.as_of)
    return contrast(judged, judged_too, policy_a=policy, policy_b=other)


def swings(assessment: Assessment) -> pd.DataFrame:
    """Return what moves the funding gap of all areas most: see `subsidy.tornado`."""
    return subsidy.tornado(
        assessment.areas,
        assessment.routes,
        book=assessment.costs,
        policy=assessment.policy,
        scenario=assessment.scenario,
    )


def _assumed(policy: Policy, book: costs.CostBook) -> str:
    """Say what the figures of a row rest on that is general knowledge: it travels with every row of every export."""
    return f"{len(book.assumed())} of {len(book.items)} cost figures; policy: {', '.join(policy.assumed()) or 'none'}"


def _proposed(lines: pd.DataFrame, areas: gpd.GeoDataFrame) -> pd.DataFrame:
    """Keep the cost lines of each area's proposed technology: they sum to its capex."""
    chosen = lines["area_id"].map(areas.set_index("area_id")["technology"])
    return lines[lines["technology"] == chosen].reset_index(drop=True)


def _ordered(ranked: gpd.GeoDataFrame, policy: Policy) -> gpd.GeoDataFrame:
    scores = [f"score_{criterion.id}" for criterion in policy.criteria]
    first = [*AREA_COLUMNS, *scores, *AREA_TAIL]
    return ranked[[*first, *(name for name in ranked.columns if name not in first)]]


def _provenance(
    prepared: Prepared, scenario: Scenario, book: costs.CostBook, timings: dict[str, float]
) -> dict[str, Any]:
    study, policy = prepared.study, prepared.policy
    pack = hashlib.sha256((POLICY_DIR / f"{policy.id}.toml").read_bytes()).hexdigest()
    traced = {
        "inputs": prepared.digests,
        "policy": {"id": policy.id, "sha256": pack},
        "costs": {"id": book.id, "sha256": book.version},
        "business": {"sha256": nace.tables_digest()},
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


class _Clock:
    """Measure the seconds between laps."""

    def __init__(self) -> None:
        self.timings: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.timings[name] = round(now - self._last, 3)
        self._last = now
