"""From what a study brings to a verdict on every place: the one way in which places are judged.

The pipeline, `check`, the contrast of two policies and the account of a hearing all go this way.
"""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import pandas as pd

from coverage import gaps, overlay
from coverage.corrections import correct, trace, uncorrected
from coverage.inputs import Inputs
from coverage.policy import Policy
from coverage.schemas import SERVICE, VERDICT, check


def serve_inputs(inputs: Inputs, *, policy: Policy, as_of: dt.date) -> gpd.GeoDataFrame:
    """Return the corrected places with their service (schemas.SERVICE): offers, and what was said in the hearing."""
    inputs = correct(inputs)
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
    """Return the places with service and verdict (schemas.VERDICT), `area_id` still null, as corrected."""
    judged = gaps.judge(serve_inputs(inputs, policy=policy, as_of=as_of), policy=policy, as_of=as_of)
    return check(judged, VERDICT, where="verdict")


def trace_corrections(inputs: Inputs, judged: gpd.GeoDataFrame, *, policy: Policy, as_of: dt.date) -> pd.DataFrame:
    """Say what each correction of a loaded study changed (`corrections.trace`); empty without corrections.

    `judged` are all its places as corrected; those that a correction is about are judged without any, too.
    """
    if inputs.corrections.empty:
        return pd.DataFrame()
    before = judge_inputs(uncorrected(inputs), policy=policy, as_of=as_of)
    return trace(before, judged, inputs.corrections)
