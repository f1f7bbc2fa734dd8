"""The two kinds of areas: fixed ones, and those that a mast serves with mobile coverage."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

FIXED: Final = "fixed"
MOBILE: Final = "mobile"


def is_mobile(areas: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Say which areas are of kind mobile; where no kind is told, none is."""
    if "kind" not in areas:
        return np.zeros(len(areas), dtype=bool)
    return np.asarray(areas["kind"].eq(MOBILE).to_numpy(dtype=bool))
