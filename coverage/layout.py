"""What would be built: areas of both kinds with their routes and masts, and what each place would need alone."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import pandas as pd

from coverage import (
    areas,
    backhaul,
    corrections,
    enclosed,
    mobile_areas,
    roads,
    routes,
    stranding,
    terrain,
    traits,
    wireless,
)
from coverage.inputs import Inputs
from coverage.mobile import measure_levels, operator_levels
from coverage.policy import Policy
from coverage.radio import Radio, load_radio
from coverage.study import Progress, Study, ignore

# What only areas of kind mobile have; of a fixed area the amounts are 0 and the words are missing.
AMOUNTS: Final = (
    "sites_new", "sites_existing", "power_m", "mobile_gain", "farmland_km2", "mobile_road_km", "mobile_only_premises",
    "backhaul_saving_m",
)  # fmt: skip
WORDS: Final = ("site_basis", "site_id", "backhaul_with", "link_to")


@dataclass(frozen=True, eq=False)
class Masts:
    """Hold the areas of kind mobile: where masts stand follows from mobile coverage, whatever becomes of fixed service.

    `routes` are those of their backhaul, `sites` their points; `mobile_area_id` is on the index of the places.
    """

    areas: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    mobile_area_id: pd.Series
    counts: dict[str, float]  # what lacks coverage, and what of it the masts serve: mobile_areas.MobilePlan.counts
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Layout:
    """Hold the places with `area_id` and `mobile_area_id`, the areas of both kinds, and one route for each of them.

    `joint_route_m` is the length if all fixed areas were built together; `branches` is what each place needs alone
    (`stranding.measure_branches`).
    """

    places: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    joint_route_m: float
    branches: pd.DataFrame
    masts: Masts
    radio: Radio  # the figures that masts and wireless were planned with


class Clock:
    """Measure the seconds between laps."""

    def __init__(self) -> None:
        self.timings: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Note the seconds since the last lap under a name."""
        now = time.perf_counter()
        self.timings[name] = round(now - self._last, 3)
        self._last = now


def lay_out(
    places: gpd.GeoDataFrame,
    inputs: Inputs,
    *,
    study: Study,
    policy: Policy,
    graph: roads.RoadGraph,
    clock: Clock,
    progress: Progress = ignore,
    masts: Masts | None = None,
) -> Layout:
    """Group eligible places to areas, find their routes and masts, and plan what lacks mobile coverage.

    `masts` are taken over where they are given: where they stand does not change with fixed service, but what their
    backhaul could share does, and so does which of the premises that they serve are short of mobile coverage alone.
    """
    attached = roads.attach(graph, places, mask=places["eligible"].to_numpy() > 0, network=inputs.network)
    radio = load_radio()
    grouped, fixed, laid = lay_fixed(
        places, inputs, study=study, policy=policy, graph=graph, attached=attached, radio=radio, clock=clock,
        progress=progress,
    )  # fmt: skip
    joint_m = routes.joint_length_m(fixed, grouped, attached=attached)
    branches = stranding.measure_branches(fixed, grouped, laid, attached=attached)
    if masts is None:
        masts = plan_masts(grouped, inputs, study=study, policy=policy, graph=graph, radio=radio)
    else:
        masts = _told_again(masts, grouped)
    shared = backhaul.share_backhaul(
        masts.areas, masts.sites, masts.routes, laid, graph=graph, network=inputs.network
    )  # fmt: skip
    mobile = masts.areas.assign(**{str(name): column for name, column in shared.items()})
    clock.lap("masts")
    placed, both = grouped.assign(mobile_area_id=masts.mobile_area_id), both_kinds(fixed, mobile)
    return Layout(
        places=placed,
        areas=with_traits(both, placed, inputs, study=study, policy=policy),
        routes=_stack(laid, masts.routes),
        joint_route_m=joint_m,
        branches=branches,
        masts=masts,
        radio=radio,
    )


def lay_fixed(
    places: gpd.GeoDataFrame,
    inputs: Inputs,
    *,
    study: Study,
    policy: Policy,
    graph: roads.RoadGraph,
    attached: roads.Attached,
    radio: Radio,
    clock: Clock,
    progress: Progress = ignore,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Group eligible places to areas of kind fixed; return the places with `area_id`, the areas and their routes.

    Every eligible place is on `attached`, which is the graph with the network on it. The areas know what serving them
    over the air would take.
    """
    progress("areas")
    grouped, fixed = areas.delineate(
        places, attached=attached, policy=policy, municipalities=inputs.municipalities, lots=inputs.lots
    )
    if "correction" in grouped:
        fixed = fixed.assign(corrected=corrections.corrected_premises(fixed, grouped))
    clock.lap("areas")

    progress("routes")
    laid = routes.route(
        fixed, grouped, attached=attached,
        terrain=inputs.terrain, reuse=inputs.reuse, steep_slope=study.steep_slope,
    )  # fmt: skip
    laid = terrain.describe(laid, terrain=inputs.terrain, steep_slope=study.steep_slope)
    clock.lap("routes")

    progress("masts")
    found = wireless.plan_wireless(
        fixed, grouped, masts=inputs.masts, terrain=inputs.terrain, graph=graph, network=inputs.network, radio=radio,
        crs=study.crs,
    )  # fmt: skip
    return grouped, fixed.assign(**{str(name): found[name].to_numpy() for name in found.columns.drop("area_id")}), laid


def with_traits(
    areas_: gpd.GeoDataFrame, places: gpd.GeoDataFrame, inputs: Inputs, *, study: Study, policy: Policy
) -> gpd.GeoDataFrame:
    """Return the areas with what their places and municipalities tell of them (`traits.COLUMNS`).

    And with what stands in their outlines (`enclosed.COLUMNS`); where there are mobile layers, `mobile_by_operator`
    says how their premises are served by each operator.
    """
    told = traits.area_columns(
        areas_, places, policy=policy, country=study.country, municipalities=inputs.municipalities,
        household_size=next((item.value for item in study.parameters if item.id == "household_size"), None),
    )  # fmt: skip
    beside = enclosed.area_columns(areas_, places, policy=policy)
    found = areas_.assign(**{str(name): column for name, column in (*told.items(), *beside.items())})
    if not inputs.mobile:
        return found
    known = set(areas_["area_id"])
    inside = places[places["area_id"].isin(known) | places["mobile_area_id"].isin(known)]
    levels = operator_levels(measure_levels(inside, inputs.mobile, policy=policy), policy=policy)
    return found.assign(mobile_by_operator=traits.mobile_by_operator(areas_, inside, levels=levels))


def plan_masts(
    places: gpd.GeoDataFrame,
    inputs: Inputs,
    *,
    study: Study,
    policy: Policy,
    graph: roads.RoadGraph,
    radio: Radio,
) -> Masts:
    """Choose masts for what lacks the policy's mobile level, and find how they are joined to the network."""
    plan = mobile_areas.plan_mobile(places, inputs, graph=graph, policy=policy, radio=radio)
    laid = backhaul.lay_backhaul(
        plan.areas, plan.sites, graph=graph, network=inputs.network,
        terrain=inputs.terrain, reuse=inputs.reuse, steep_slope=study.steep_slope,
    )  # fmt: skip
    links = backhaul.link_backhaul(
        plan.areas, plan.sites, inputs.masts, terrain=inputs.terrain, radio=radio, crs=study.crs
    )  # fmt: skip
    return Masts(
        areas=plan.areas.assign(**{str(name): column for name, column in links.items()}),
        routes=terrain.describe(laid, terrain=inputs.terrain, steep_slope=study.steep_slope),
        sites=plan.sites,
        mobile_area_id=plan.mobile_area_id,
        counts=plan.counts,
        warnings=plan.warnings,
    )


def _told_again(masts: Masts, places: gpd.GeoDataFrame) -> Masts:
    """Return the masts with what is told of fixed service where they stand, as `places` are judged now."""
    short = places["weight"] * places["short_mobile"] * places["municipality_code"].notna()
    only = short * places["gap_kind"].eq("mobile")
    served = only.groupby(masts.mobile_area_id).sum()
    found = masts.areas
    told = {
        "mobile_only_premises": found["area_id"].map(served).fillna(0.0).astype(float),
        "municipality_short_share": found["municipality_code"].map(areas.short_share(places)).fillna(0.0).astype(float),
    }
    counts = {
        "mobile_only_premises_short": float(only.sum()),
        "mobile_only_premises_served": float(served.sum()),
    }
    return replace(masts, areas=found.assign(**told), counts=masts.counts | counts)


def both_kinds(fixed: gpd.GeoDataFrame, mobile: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the areas of both kinds, sorted by area_id, all with the same columns."""
    plain = fixed.assign(
        **dict.fromkeys(AMOUNTS, 0.0),
        **{name: pd.Series([None] * len(fixed), dtype="str", index=fixed.index) for name in WORDS},
        link_m=float("nan"),
    )
    if "corrected" in plain:
        mobile = mobile.assign(corrected=type(plain["corrected"].iloc[0])(0) if len(plain) else 0)
    return _stack(plain, mobile).sort_values("area_id", ignore_index=True)


def _stack(fixed: gpd.GeoDataFrame, mobile: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if not len(mobile):
        return fixed
    return gpd.GeoDataFrame(pd.concat([fixed, mobile], ignore_index=True), geometry="geometry", crs=fixed.crs)
