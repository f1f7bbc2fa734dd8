"""Premises taken alone: laid out as a drawn area of their own on the roads of a study, whatever else is there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from coverage.layout import Clock, both_kinds, lay_fixed
from coverage.preparation import Prepared
from coverage.radio import load_radio
from coverage.roads import Attached, RoadGraph, attach, build_graph

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ground:
    """Hold the roads of a study, and the same with its network and all its eligible places on them.

    Slow to make; it serves every drawing on one study under one policy.
    """

    graph: RoadGraph
    attached: Attached

    @classmethod
    def of(cls, prepared: Prepared) -> Ground:
        """Put the eligible places and the network on the roads, as the study's own areas are made of them."""
        graph = build_graph(prepared.inputs.roads)
        mask = prepared.places["eligible"].to_numpy(dtype=float) > 0
        found = cls(graph, attach(graph, prepared.places, mask=mask, network=prepared.inputs.network))
        found.attached.to_network()  # what every route asks for first; the rest is kept as attaching made it
        return found


def lay_alone(
    prepared: Prepared,
    lots: gpd.GeoDataFrame,
    *,
    part: Floats,
    graph: RoadGraph,
    attached: Attached | None = None,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Lay out the premises of drawn lots (schemas.LOTS) and no others: places with `area_id`, areas and routes.

    `part` tells of every place of the study how much of it is to be served, 0 outside the lots. Without `attached`,
    on which every place with a part must be, these places alone are put on the graph.
    """
    chosen = prepared.places.assign(eligible=part)
    inputs = replace(prepared.inputs, lots=lots)
    if attached is None:
        attached = attach(graph, chosen, mask=part > 0, network=inputs.network)
    placed, fixed, routes = lay_fixed(
        chosen, inputs, study=prepared.study, policy=prepared.policy, graph=graph, attached=attached,
        radio=load_radio(), clock=Clock(),
    )  # fmt: skip
    return placed, both_kinds(fixed, prepared.masts.areas.iloc[:0]), routes
