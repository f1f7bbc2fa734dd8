"""From what a study brings to a verdict on every place: the one way in which places are judged.

The pipeline, `check`, the contrast of two policies and the account of a hearing all go this way.
"""

from __future__ import annotations

import datetime as dt

import geopandas as gpd

from coverage import gaps, overlay
from coverage.inputs import Inputs
from coverage.policy import Policy
from coverage.schemas import SERVICE, VERDICT, check


def serve_inputs(inputs: Inputs, *, policy: Policy, as_of: dt.date) -> gpd.GeoDataFrame:
    """Return the places with their service (schemas.SERVICE): every offer, and what operators said in the hearing."""
    served, _ = overlay.overlay(
        inputs.places,
        offers=(*inputs.offers, *inputs.hearing),
        mobile=inputs.mobile,
        shares=inputs.shares,
        policy=policy,
        as_of=as_of,
    )
    return check(served, SERVICE, where="service")


def judge_inputs(inputs: Inputs, *, policy: Policy, as_of: dt.date) -> gpd.GeoDataFrame:
    """Return the places with service and verdict (schemas.VERDICT), `area_id` still null. Same rows, same index."""
    judged = gaps.judge(serve_inputs(inputs, policy=policy, as_of=as_of), policy=policy, as_of=as_of)
    return check(judged, VERDICT, where="verdict")
