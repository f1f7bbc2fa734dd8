"""The premises that lie inside the outline of an area and are not eligible there: what its list leaves out, and why."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from coverage.assessment import Assessment
from coverage.reports.mobile import fixed_areas


def outsiders(assessment: Assessment) -> pd.Series[str]:
    """Return the area_id of each place inside the outline of a fixed area that is eligible in none.

    On the index of those places, in the order of their rows; their reason stands in `places.reason_code`. Inside
    several outlines a place belongs to the smallest area, of areas as large to the first by area_id; on the edge it
    is inside. A place of which any share is eligible is in an area, and no outsider of another.
    """
    places, areas = assessment.places, fixed_areas(assessment.areas)
    rows = np.flatnonzero(~(places["eligible"] > 0).to_numpy(dtype=bool))
    outlines = np.asarray(areas.geometry.array, dtype=object)
    tree = shapely.STRtree(np.asarray(places.geometry.array, dtype=object)[rows])
    area, place = tree.query(outlines, predicate="intersects")
    ids = areas["area_id"].astype(str).to_numpy(dtype=object)
    order = np.lexsort((ids.astype(str)[area], shapely.area(outlines)[area], place))
    found, first = np.unique(place[order], return_index=True)
    return pd.Series(ids[area[order][first]], index=places.index[rows[found]], dtype="str", name="area_id")
