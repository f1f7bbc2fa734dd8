"""What an outline holds beside the premises that the area is for: who is left out and why, and what is planned.

An outline holds premises that are not eligible: served ones, holiday homes, those that somebody is to build to. A list
of areas counts them, and a list of addresses has them at its bottom.
"""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coverage.kinds import is_mobile
from coverage.policy import Policy

COLUMNS: Final = (
    "excluded_premises", "excluded_because", "planned_premises", "planned_earliest", "upgradeable_premises",
)  # fmt: skip
READ: Final = (
    "place_id", "weight", "eligible", "reason_code", "area_id", "planned_by", "planned_date", "upgradeable",
)  # fmt: skip
NOT_SHORT: Final = "not_short"  # the rule that excludes what is served


def enclosed(places: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> pd.Series[str]:
    """Return the area_id of each place inside the outline of a fixed area that is eligible in none.

    On the index of those places, in the order of their rows. Inside several outlines a place belongs to the smallest
    area, of areas as large to the first by area_id; on the edge it is inside. A place of which any share is eligible is
    in an area, and left out of no other.
    """
    fixed = areas[~is_mobile(areas)]
    rows = np.flatnonzero(~(places["eligible"] > 0).to_numpy(dtype=bool))
    outlines = np.asarray(fixed.geometry.array, dtype=object)
    tree = shapely.STRtree(np.asarray(places.geometry.array, dtype=object)[rows])
    area, place = tree.query(outlines, predicate="intersects")
    ids = fixed["area_id"].astype(str).to_numpy(dtype=object)
    order = np.lexsort((ids.astype(str)[area], shapely.area(outlines)[area], place))
    found, first = np.unique(place[order], return_index=True)
    return pd.Series(ids[area[order][first]], index=places.index[rows[found]], dtype="str", name="area_id")


def area_columns(areas: gpd.GeoDataFrame, places: gpd.GeoDataFrame, *, policy: Policy) -> pd.DataFrame:
    """Return COLUMNS on the index of the areas; nothing is told of areas of kind mobile.

    - `excluded_premises`: premises in the outline that are not eligible; with the eligible ones they are all of them.
    - `excluded_because`: how many there are for each reason, as `counted` writes it; null where there are none.
    - `planned_premises` and `planned_earliest`: premises not served that an operator says it will
      build to, and the earliest day (2024-09-01) of such a plan, null where none is told.
    - `upgradeable_premises`: premises not served whose network can easily be raised to 1 Gbit/s.
    """
    left_out = enclosed(places, areas)
    plain = pd.DataFrame({name: places[name] for name in READ})
    mine = plain["area_id"].isin(areas.loc[~is_mobile(areas), "area_id"])
    held = pd.concat([plain[mine], plain.loc[left_out.index].assign(area_id=left_out)])
    held = held.sort_values("place_id", kind="stable")  # so that sums do not hang on the order of the places
    weight, area = held["weight"], held["area_id"]
    served = next((clause.id for clause in policy.clauses if clause.rule == NOT_SHORT), NOT_SHORT)
    # Of a row that stands for many premises, those that are not eligible are served.
    reason = held["reason_code"].where(~(held["eligible"] > 0), served)
    out = (weight * (1.0 - held["eligible"])).groupby([area, reason]).sum()
    short = ~held["reason_code"].eq(served)
    planned, upgradeable = short & held["planned_by"].notna(), short & held["upgradeable"].astype(bool)
    dates = pd.to_datetime(held.loc[planned, "planned_date"]).groupby(area[planned]).min().dropna()
    sums = {
        "excluded_premises": out.groupby(level=0).sum(),
        "planned_premises": weight[planned].groupby(area[planned]).sum(),
        "upgradeable_premises": weight[upgradeable].groupby(area[upgradeable]).sum(),
    }
    found: dict[str, pd.Series] = {name: areas["area_id"].map(told).fillna(0.0) for name, told in sums.items()}
    found["excluded_because"] = areas["area_id"].map(counted(out)).astype("str")
    found["planned_earliest"] = areas["area_id"].map(dates.dt.strftime("%Y-%m-%d")).astype("str")
    table = pd.DataFrame(found, index=areas.index)[list(COLUMNS)]
    return table.mask(np.repeat(is_mobile(areas)[:, None], len(COLUMNS), axis=1))


def counted(sums: pd.Series, *, at_most: int | None = None, other: str = "other") -> pd.Series[str]:
    """Write sums by area and code as one text for each area: `planned (12); holiday-home (3)`, the largest first.

    Sums of 0 are left out; codes as large stand in their alphabetical order. Beyond `at_most` codes the smallest
    are added up as `other`.
    """
    found: dict[str, list[tuple[float, str]]] = {}
    some = sums[sums > 0]
    for area, code, amount in zip(*(some.index.get_level_values(level) for level in (0, 1)), some, strict=True):
        found.setdefault(str(area), []).append((-float(amount), str(code)))
    said: dict[str, str] = {}
    for area, parts in found.items():
        largest = sorted(parts)
        if at_most is not None and len(largest) > at_most:
            rest = sum(amount for amount, _ in largest[at_most - 1 :])
            largest = [*largest[: at_most - 1], (rest, other)]
        said[area] = "; ".join(f"{code} ({_figure(-amount)})" for amount, code in largest)
    return pd.Series(said, dtype="str")


def _figure(amount: float) -> str:
    return f"{amount:.3f}".rstrip("0").rstrip(".")
