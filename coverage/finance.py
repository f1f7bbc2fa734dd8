"""Present values: real, before tax, end-of-year flows, capex undiscounted in year 0.

Every function takes a rate or an array of rates (one per draw) and returns the same shape.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def real_rate(nominal: Array, inflation: float) -> Array:
    """Turn a nominal rate into a real one: (1 + nominal) / (1 + inflation) - 1 (Fisher)."""
    return np.asarray((1.0 + nominal) / (1.0 + inflation) - 1.0)


def discount(rate: Array, year: int) -> Array:
    """Return today's value of 1 paid at the end of `year`."""
    return np.asarray((1.0 + rate) ** -float(year))


def ramp(year: int, ramp_years: float) -> float:
    """Return the part of the full take-up that is reached in `year`: a straight line over `ramp_years`."""
    return min(1.0, year / ramp_years)


def annuity(rate: Array, horizon: int, ramp_years: float | None = None) -> Array:
    """Return today's value of 1 a year for `horizon` years, growing along the ramp if one is given."""
    total = np.zeros_like(np.asarray(rate, dtype=float))
    for year in range(1, horizon + 1):
        total = total + discount(rate, year) * (1.0 if ramp_years is None else ramp(year, ramp_years))
    return total


def replacement_years(life: int, horizon: int) -> range:
    """List the years in which a part is bought again; what would fall on the horizon itself is not bought."""
    return range(life, horizon, life)


def replacement(rate: Array, life: int, horizon: int) -> Array:
    """Return today's value of buying a part of cost 1 again, each time its life has run out."""
    total = np.zeros_like(np.asarray(rate, dtype=float))
    for year in replacement_years(life, horizon):
        total = total + discount(rate, year)
    return total


def residual_share(life: int, horizon: int) -> float:
    """Return what is left at the horizon of the last purchase, straight line, as a share of its cost."""
    last = max(replacement_years(life, horizon), default=0)
    return 1.0 - (horizon - last) / life


def residual(rate: Array, life: int, horizon: int) -> Array:
    """Return today's value of what is left of a part of cost 1 at the horizon."""
    return residual_share(life, horizon) * discount(rate, horizon)
