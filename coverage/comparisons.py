"""Questions that verdicts alone answer: two policies side by side, and what the hearing of a study changed.

Nothing is grouped, routed or priced.
"""

from __future__ import annotations

import datetime as dt

import geopandas as gpd

from coverage import corrections, hearing, verdicts
from coverage.contrast import Contrast, contrast
from coverage.errors import PolicyError
from coverage.inputs import Inputs
from coverage.policy import Policy
from coverage.study import Progress, Study, ignore


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


def contrast_study(
    study: Study,
    inputs: Inputs,
    *,
    policy: Policy,
    other: Policy,
    judged: gpd.GeoDataFrame | None = None,
    progress: Progress = ignore,
) -> Contrast:
    """Judge a study's inputs under two policies and set the verdicts side by side.

    `judged` are its places under the first of them, where they are known already.
    Raises PolicyError where both are the same policy, DataError where the study cannot be assessed.
    """
    study.require_assessable()
    if policy.id == other.id:
        raise PolicyError(f"{policy.id} would be compared with itself; name another policy")
    if judged is None:
        progress(f"verdict under {policy.id}")
        judged = verdicts.judge_inputs(inputs, policy=policy, as_of=study.as_of)
    progress(f"verdict under {other.id}")
    judged_too = verdicts.judge_inputs(inputs, policy=other, as_of=study.as_of)
    return contrast(judged, judged_too, policy_a=policy, policy_b=other)
