"""The premises inside the outline of an area that its list leaves out; why, stands in `places.reason_code`."""

from __future__ import annotations

import pandas as pd

from coverage.assessment import Assessment
from coverage.enclosed import enclosed


def outsiders(assessment: Assessment) -> pd.Series[str]:
    """Return the area_id of each place inside the outline of a fixed area that is eligible in none.

    As `enclosed` finds them, on the index of those places in the order of their rows.
    """
    return enclosed(assessment.places, assessment.areas)
