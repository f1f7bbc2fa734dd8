"""What a reader of a list of areas must know of one of them beside its figures, as codes."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.assessment import Assessment
from coverage.kinds import is_mobile
from coverage.reports.wording import Wording

COLUMN: Final = "remarks"
CODES: Final = ("no_grant", "over_ceiling", "straight_route", "assumed_start", "drawn", "shares")
ROUTED: Final = "fibre"  # the technology that follows the route


def remarks(assessment: Assessment) -> pd.Series[str]:
    """Return the CODES that hold of each area, "; " between, on its area_id; null where none does.

    no_grant: it is proposed and needs no money; over_ceiling: it costs more for each premises than the policy's
    ceiling; straight_route and assumed_start: of the fibre route a part is a straight line where no road is known, or
    the network that it starts at is only assumed to be there; drawn: by a planner; shares: service is known as a share
    of the municipality only.
    """
    areas, places = assessment.areas, assessment.places
    ids = pd.Index(areas["area_id"], dtype="str", name="area_id")
    routes = assessment.routes.set_index("area_id").reindex(ids)
    fibre = (areas["technology"].eq(ROUTED) & ~is_mobile(areas)).to_numpy(dtype=bool)
    by_share = places["area_id"].notna().to_numpy() & _flag(places, "service_basis", value="expected_share")
    holds = {
        "no_grant": (areas["decision"].eq("fund") & areas["grant"].eq(0.0)).to_numpy(dtype=bool),
        "over_ceiling": _flag(areas, "over_ceiling"),
        "straight_route": fibre & _flag(routes, "connected", value=False),
        "assumed_start": fibre & _flag(routes, "stand_in"),
        "drawn": _flag(areas, "drawn"),
        "shares": ids.isin(places.loc[by_share, "area_id"].unique()),
    }
    told = pd.DataFrame({code: holds[code] for code in CODES}, index=ids)
    said = ["; ".join(code for code in CODES if row[code]) or None for row in told.to_dict("records")]
    return pd.Series(said, index=ids, dtype="str", name=COLUMN)


def in_words(table: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return a table with its remarks, where it has any, in words."""
    if COLUMN not in table:
        return table
    said = table[COLUMN].map(
        lambda text: wording.joined(wording.value(COLUMN, code) for code in text.split("; ")), na_action="ignore"
    )
    return table.assign(**{COLUMN: said.astype("str")})


def _flag(frame: pd.DataFrame, name: str, *, value: bool | str = True) -> npt.NDArray[np.bool_]:
    return frame[name].eq(value).to_numpy(dtype=bool) if name in frame else np.zeros(len(frame), dtype=bool)
