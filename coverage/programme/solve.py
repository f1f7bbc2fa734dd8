"""Solve the problem as a mixed-integer programme with HiGHS; the answer is checked in exact sums."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from coverage.errors import CoverageError
from coverage.programme.model import Bools, Floats, Ints, Model
from coverage.selection import SCALE

# A limit on the solver's nodes, not on its seconds: the same answer on every machine. Nodes of large models are slow.
MOST_NODES: Final = 50_000
LEAST_NODES: Final = 500
NODES_BY_COLUMNS: Final = 5_000_000
# Rows of money that the solver's tolerance overdrew by a few cents are tightened, and it is asked again.
TIGHTENED_AT_MOST: Final = 20
INFEASIBLE: Final = 2  # scipy's status


class UnsolvedError(CoverageError):
    """Report that the solver reached its limit without any choice."""


@dataclass(frozen=True)
class Answer:
    """Hold the chosen columns of a model and the proven upper bound on any choice's gain."""

    columns: Ints
    bound: float


def solve(model: Model, *, gap: float, keep: Bools | None = None, must: Bools | None = None) -> Answer | None:
    """Choose the columns with the largest gain to a proven `gap`, or return None where no choice keeps every row.

    With `keep`, only these columns are open, and the bound holds for them alone; `must` raises the lower bound of
    columns to 1. Raises UnsolvedError if the limit of nodes is reached without any choice.
    """
    open_ = np.arange(model.columns) if keep is None else np.flatnonzero(keep)
    matrix = model.matrix[:, open_].tocsr()
    high = model.high.copy()
    unit = np.ones(len(high))
    largest = np.asarray(abs(matrix[: model.paying]).max(axis=1).todense(), dtype=float).ravel() if len(open_) else 0.0
    most_of = np.maximum(high[: model.paying], largest)
    unit[: model.paying] = SCALE / np.where(most_of > 0, most_of, SCALE)
    low, scaled = model.low * unit, matrix.multiply(unit[:, None]).tocsr()
    if not len(open_):
        return Answer(open_, 0.0) if bool(((low <= 0) & (high >= 0)).all()) else None
    most = float(model.gain[open_].max()) or 1.0
    lower = np.zeros(len(open_)) if must is None else must[open_].astype(float)
    nodes = min(MOST_NODES, max(LEAST_NODES, NODES_BY_COLUMNS // len(open_)))
    for _ in range(TIGHTENED_AT_MOST):
        result = milp(
            -model.gain[open_] / most,
            constraints=LinearConstraint(scaled, lb=low, ub=high * unit),
            integrality=np.ones(len(open_), dtype=np.int64),
            bounds=Bounds(lower, np.ones(len(open_))),
            options={"mip_rel_gap": gap, "node_limit": nodes},
        )
        if result.x is None:
            if result.status == INFEASIBLE:
                return None
            raise UnsolvedError(f"the best programme was not found: {result.message}")
        picked = np.flatnonzero(result.x > 0.5)
        over = _overdrawn(matrix, picked, model)
        if not over.any():
            bound = -float(result.mip_dual_bound) * most
            return Answer(open_[picked], max(bound, math.fsum(model.gain[open_[picked]])))
        high[: model.paying] -= np.where(over > 0, over + 1e-9 * model.high[: model.paying], 0.0)
    raise UnsolvedError("the best programme was not found: the solver overdraws the money again and again")


def _overdrawn(matrix: object, picked: Ints, model: Model) -> Floats:
    """Return by how much each row of money is overdrawn, summed exactly."""
    over = np.zeros(model.paying)
    part = matrix[: model.paying][:, picked].tocsr()  # type: ignore[index]
    for row in range(model.paying):
        spent = math.fsum(part.data[part.indptr[row] : part.indptr[row + 1]])
        over[row] = max(0.0, spent - model.high[row])
    return over
