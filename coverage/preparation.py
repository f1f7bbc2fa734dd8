"""The slow half of a run: from a study's files and a policy to places, areas and routes."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from coverage import agreement, business, corrections, extent, gaps, lots, roads, status, summary, verdicts
from coverage.check import CheckReport
from coverage.comparisons import account
from coverage.errors import PolicyError
from coverage.inputs import Inputs
from coverage.layout import Clock, Layout, Masts, lay_out
from coverage.policy import Policy
from coverage.radio import Radio
from coverage.schemas import MUNICIPALITIES, PLACES, PROFILE, VERDICT, check
from coverage.study import Progress, Study, ignore

# What a hearing adds to places: told of the study as it is, not of what it might be.
HEARD: Final = ("hearing", "hearing_removed_by", "hearing_lapsed_by", "hearing_lapsed_on")
# Of fixed service and the verdict, what areas, routes and costs follow from.
DRIVERS: Final = ("tier", "eligible", "fixed_down_mbps", "fixed_up_mbps")


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
    branches: pd.DataFrame  # what each place needs alone: stranding.measure_branches
    masts: Masts
    radio: Radio
    digests: dict[str, str]  # SHA-256 of every input file
    counts: dict[str, Any]
    agreement: dict[str, Any]
    checked: CheckReport  # what `check` says of the same data
    warnings: tuple[str, ...]
    timings: dict[str, float]
    extents: list[dict[str, Any]] = field(default_factory=list)  # mobile coverage by area or length
    lacking: gpd.GeoDataFrame = field(default_factory=gpd.GeoDataFrame)  # of it: extent.Survey.lacking
    hearing: dict[str, Any] = field(default_factory=dict)  # what the hearing changed: hearing.Account.summary
    corrections: pd.DataFrame = field(default_factory=pd.DataFrame)  # what was corrected: corrections.trace


def prepare(study: Study, policy: Policy, *, progress: Progress = ignore) -> Prepared:
    """Load the study, overlay coverage, judge every place, delineate areas and find their routes."""
    study.require_assessable()
    clock = Clock()
    loaded = _without_awarded(study.load(progress=progress))
    inputs = _with_applied(_without_awarded(corrections.correct(loaded)))
    clock.lap("load")
    check(inputs.municipalities, MUNICIPALITIES, where="municipalities")
    check(inputs.places, PLACES, where="premises")

    progress("overlay")
    served = verdicts.serve_inputs(inputs, policy=policy, as_of=study.as_of)
    surveyed = extent.survey_extents(inputs.extents, inputs.mobile, municipalities=inputs.municipalities, policy=policy)
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

    inputs = _with_starts(inputs, profiled, study=study, graph=graph)
    laid = lay_out(profiled, inputs, study=study, policy=policy, graph=graph, clock=clock, progress=progress)
    laid = _advanced(laid, inputs)
    grouped = laid.places

    agreed = agreement.compare(grouped, truth=inputs.truth, controls=study.controls, policy=policy, study=study)
    return Prepared(
        study=study,
        policy=policy,
        inputs=inputs,
        **_fields(laid),
        digests=study.fingerprint(),
        counts=_counts(grouped, inputs, policy),
        agreement=agreed,
        checked=CheckReport.from_inputs(loaded, study=study, agreement=agreed),
        warnings=(
            *inputs.warnings,
            *roads.remarks(graph),
            *business.remarks(grouped),
            *lots.remarks(grouped, inputs.lots),
            *status.remarks(laid.areas, grouped, applications=inputs.applications, applied=inputs.applied),
            *laid.masts.warnings,
        ),
        timings=clock.timings,
        extents=extent.summarise_extents(surveyed.table),
        lacking=surveyed.lacking,
        hearing={} if heard is None else heard.summary(),
        corrections=traced,
    )


def prepare_again(prepared: Prepared, inputs: Inputs) -> Prepared:
    """Return what would have been prepared of other offers and another hearing; no file is read or checked again.

    What does not follow from fixed service (the profile of businesses, mobile coverage, masts) is taken over. Where
    the verdict on every place is the same, so is everything else, and the areas are those of `prepared`.
    """
    policy = prepared.policy
    judged = verdicts.judge_inputs(inputs, policy=policy, as_of=prepared.study.as_of)
    drivers = (*DRIVERS, "fixed_technology") if prepared.study.network_from else DRIVERS
    if all(judged[name].equals(prepared.places[name]) for name in drivers):
        return replace(prepared, inputs=inputs)
    known = prepared.places[[name for name in prepared.places.columns if name not in judged and name not in HEARD]]
    places = judged.assign(**{str(name): column for name, column in known.items()})
    graph = roads.build_graph(inputs.roads)
    inputs = _with_starts(inputs, places, study=prepared.study, graph=graph)
    laid = lay_out(
        places, inputs, study=prepared.study, policy=policy, graph=graph, clock=Clock(), masts=prepared.masts
    )
    laid = _advanced(laid, inputs)
    counts = _counts(laid.places, inputs, policy)
    return replace(prepared, inputs=inputs, **_fields(laid), counts=counts, hearing={}, agreement={})


def redraw(prepared: Prepared, policy: Policy, *, progress: Progress = ignore) -> Prepared:
    """Return what would have been prepared under other rules for areas; places, masts and counts are taken over.

    Raises PolicyError where `policy` is another pack than the one that the places were judged under.
    """
    if policy.id != prepared.policy.id:
        raise PolicyError(f"the places were judged under {prepared.policy.id!r}, not under {policy.id!r}")
    graph = roads.build_graph(prepared.inputs.roads)
    laid = lay_out(
        prepared.places,
        prepared.inputs,
        study=prepared.study,
        policy=policy,
        graph=graph,
        clock=Clock(),
        progress=progress,
        masts=prepared.masts,
    )
    laid = _advanced(laid, prepared.inputs)
    return replace(prepared, policy=policy, **_fields(laid))


def _without_awarded(inputs: Inputs) -> Inputs:
    """Return the inputs with what awards outline marked as funded earlier."""
    off = status.take_off(inputs.places, awards=inputs.awards, applications=inputs.applications, applied=inputs.applied)
    return inputs if off is inputs.places else replace(inputs, places=off)


def _with_applied(inputs: Inputs) -> Inputs:
    """Return the inputs with the drawn areas of open applications among the lots."""
    return replace(inputs, lots=status.with_lots(inputs.lots, inputs.applications, inputs.places))


def _advanced(laid: Layout, inputs: Inputs) -> Layout:
    """Return the layout with the status of its areas, in a study that has applications or awards."""
    if not len(inputs.applications) and not len(inputs.awards):
        return laid
    told = {"applications": inputs.applications, "applied": inputs.applied, "awards": inputs.awards}
    return replace(laid, areas=status.advance(laid.areas, laid.places, **told))


def _with_starts(inputs: Inputs, places: gpd.GeoDataFrame, *, study: Study, graph: roads.RoadGraph) -> Inputs:
    """Return the inputs with served places in the network, where the study says that routes start there."""
    if not study.network_from:
        return inputs
    network = roads.with_served(inputs.network, places, graph=graph, technologies=study.network_from)
    return replace(inputs, network=network)


def _counts(places: gpd.GeoDataFrame, inputs: Inputs, policy: Policy) -> dict[str, Any]:
    return {
        **summary.summarise_places(places, municipalities=inputs.municipalities, policy=policy),
        "businesses": business.summarise_profile(places),
    }


def _fields(laid: Layout) -> dict[str, Any]:
    """Return the fields of Prepared that a layout holds."""
    return {field.name: getattr(laid, field.name) for field in fields(laid)}
