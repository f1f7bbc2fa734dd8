"""In which order a reader finds the columns of a list of areas; files for programs keep the contract's order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pandas as pd

from coverage import enclosed
from coverage.reports import portrait, remarks, tables, technical

# What stands right of a column: what the area is called and where it is; how firm its place is, when and from what it
# is paid; how many premises it has, who is left out of them and what is there today, who works there; the surfaces of
# its route; what must be known beside the figures.
BESIDE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "area_id": ("name", "municipality", "municipality_code", "kind"),
        "ranked_decision": (tables.BELOW_LINE,),
        "funded_share": (*tables.FIRM, *tables.ASKED[:2], "premises"),
        "public": ("holiday", *enclosed.COLUMNS[:2], *portrait.TODAY, *enclosed.COLUMNS[2:], portrait.BY_OPERATOR),
        "employees": portrait.FIRMS,
        "route_m": (*technical.LENGTHS, *technical.SURFACES, *technical.GROUND),
        "cumulative_grant": (technical.WHY, remarks.COLUMN),
    }
)
FROZEN: Final = 3  # rank, id and name stay in sight


def for_readers(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of areas with its columns in the order in which they are read; none is added or left out."""
    names = [str(name) for name in table.columns]
    for after, wanted in BESIDE.items():
        if after in names:
            beside = [name for name in wanted if name in names]
            names = [name for name in names if name not in beside]
            at = names.index(after) + 1
            names[at:at] = beside
    return table[names]
