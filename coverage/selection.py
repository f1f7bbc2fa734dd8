"""What choosing areas under a budget shares: the plain ranked cut, and what a choice redone in every draw holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

# A limit on the solver's nodes, not on its seconds: the same answer on every machine.
MAX_NODES: Final = 50_000
# The budget in the solver's units. Its tolerance of 1e-6 is then 1e-10 of the budget.
SCALE: Final = 1e4
# Items around the line that the shortcut tries to leave out, or to force in, in each draw.
TRIALS: Final = 12


@dataclass(frozen=True)
class Reselection:
    """Hold the choice in every draw (areas × draws), its benefit, and the linear relaxation's bound per draw."""

    chosen: Bools
    benefit: Floats
    bound: Floats

    @property
    def error(self) -> Floats:
        """Return by how much, at most, each draw's choice falls short of its best set: a share of the bound."""
        short = np.maximum(0.0, self.bound - self.benefit)
        return np.divide(short, self.bound, out=np.zeros_like(short), where=self.bound > 0)

    @property
    def funded_share(self) -> Floats:
        """Return the share of draws in which each area is chosen."""
        return np.asarray(self.chosen.mean(axis=1), dtype=float)


def ranked_cut(grant: Floats, *, budget: float) -> Bools:
    """Choose areas in the order given until one does not fit; none after it, save those that need no grant."""
    return np.asarray((np.cumsum(grant) <= budget) | (grant <= 0))
