"""Where farmland and roads lack mobile coverage: the parts of them that too few operators reach at the policy's level.

Exact like what `coverage.extent` measures: what is drawn adds up to what is told, but for parts too small to see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage.policy import Policy
from coverage.regions import LEVELS, Series, of_dimension

Ints = npt.NDArray[np.int64]
Shapes = npt.NDArray[np.object_]

LEAST: Final = 1.0  # m, or m²: smaller parts are left by rounding along the border of a region
COLUMNS: Final = {
    "source": "str", "what": "str", "unit": "str", "municipality_code": "str", "amount": "float64",
}  # fmt: skip


def enough(near: Mapping[tuple[int, int], Any], names: Sequence[Series], *, policy: Policy) -> Any:
    """Return where as many operators as the policy asks for have its level, of `Regions.near`; None where nowhere.

    An operator's technologies are taken together.
    """
    level = LEVELS.index(policy.mobile.level)
    if policy.mobile.operators <= 1:
        return near.get((0, level))
    own: dict[str, list[Any]] = {}
    for (series, at), region in sorted(near.items(), key=lambda item: item[0]):
        if series and at == level:
            own.setdefault(names[series][0], []).append(region)
    whole = [shapely.union_all(parts) for parts in own.values()]
    shared = [shapely.intersection_all(list(some)) for some in combinations(whole, policy.mobile.operators)]
    return shapely.union_all(shared) if shared else None


def outside(shapes: Shapes, region: Any) -> Shapes:
    """Return what of shapes lies outside a region (None: there is no region): None where nothing does."""
    if region is None:
        return shapes
    shapely.prepare(region)
    found: Shapes = shapes.copy()
    found[shapely.covers(region, shapes)] = None
    cut = np.flatnonzero(~shapely.is_missing(found) & shapely.intersects(region, shapes))
    rest, dimension = shapely.difference(shapes[cut], region), shapely.get_dimensions(shapes[cut])
    found[cut] = [of_dimension(part, one) for part, one in zip(rest, dimension, strict=True)]
    return found


def tabulate(piece: Ints, parts: Shapes, about: pd.DataFrame, *, crs: Any) -> gpd.GeoDataFrame:
    """Return one row per piece that lacks coverage: its parts joined, with COLUMNS, in the order of `about`.

    `piece` is the position in `about` (source, what, unit, municipality_code) that each part belongs to. `amount` is
    in `unit` (km2 or km). There are at most as many rows as pieces.
    """
    found, group = np.unique(piece, return_inverse=True)
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(len(found) + 1))
    joined = np.empty(len(found), dtype=object)
    for number, (first, last) in enumerate(pairwise(ends)):
        joined[number] = _joined(parts[order[first:last]])
    table = about.iloc[found].reset_index(drop=True)
    line = table["unit"].eq("km").to_numpy()
    size = np.where(line, shapely.length(joined), shapely.area(joined))
    table = table.assign(amount=size / np.where(line, 1e3, 1e6)).astype(COLUMNS)
    whole = gpd.GeoDataFrame(table, geometry=joined, crs=crs)
    return whole[size >= LEAST].reset_index(drop=True)


def _joined(parts: Shapes) -> Any:
    if len(parts) == 1:
        return parts[0]
    whole = shapely.union_all(parts)
    return shapely.line_merge(whole) if shapely.get_dimensions(whole) == 1 else whole
