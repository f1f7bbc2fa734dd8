"""Statistics Norway's 250 m grid: one row per cell, the cell named by the coordinates of its lower-left corner."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import geopandas as gpd
import pandas as pd

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.raw import RawTable, rejections
from coverage.sources.table import read_table

CRS: Final = "EPSG:25833"
CELL_M: Final = 250
FALSE_EASTING_M: Final = 2_000_000  # added to the easting so that every cell id has 14 digits

# The id has another name in each of the agency's files.
CELL_NAMES: Final = ("SSBID250M", "SSBID0250M", "ssbid_250")
EMPLOYEES: Final = "emp_tot"
PEOPLE: Final = "pop_tot"
FEW_PEOPLE: Final = "5"  # how the population file writes any count from 1 to 9


def read_ssb_grid(spec: SourceSpec) -> RawTable:
    """Read a table of grid cells as points at the cells' centres, in EPSG:25833.

    A cell id has 14 digits: easting plus 2,000,000 in the first seven, northing in the last seven, both of the
    lower-left corner; the centre is 125 m further. A row whose id is not of that form is rejected.

    `emp_tot` 0 becomes null: an establishment without registered employees and one that reports none are
    written alike. The agency writes any population from 1 to 9 as 5, so that sums overshoot; that is noted. Raises
    DataError where the file has no cell ids.
    """
    raw = read_table(spec)
    frame = raw.frame
    cell = next((name for name in CELL_NAMES if name in frame), None)
    if cell is None:
        raise DataError(f"{spec.name}: no column with cell ids; expected one of {', '.join(CELL_NAMES)}")
    ids = frame[cell].fillna("").str.strip()
    good = ids.str.fullmatch(r"\d{14}").to_numpy(dtype=bool)
    broken = rejections(
        spec.id, rows=frame.index[~good], field=cell, values=ids[~good].tolist(), reason="not a cell id of 14 digits"
    )
    frame = frame[good].assign(cell=ids[good])
    frame, notes = _employees(frame)
    east = frame["cell"].str[:7].astype("int64").to_numpy() - FALSE_EASTING_M
    north = frame["cell"].str[7:].astype("int64").to_numpy()
    points = gpd.points_from_xy(east + CELL_M / 2, north + CELL_M / 2, crs=CRS)
    return replace(
        raw,
        frame=gpd.GeoDataFrame(frame, geometry=points),
        rejected=pd.concat([raw.rejected, broken], ignore_index=True) if len(broken) else raw.rejected,
        crs_found=f"{CRS} (in the cell ids)",
        notes=(*raw.notes, *notes, *_people(frame)),
    )


def _employees(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    if EMPLOYEES not in frame:
        return frame, ()
    none = (frame[EMPLOYEES].str.strip() == "0").to_numpy(dtype=bool, na_value=False)
    note = f"{none.sum():,} of {len(frame):,} cells report no employees; read as not reported"
    return frame.assign(**{EMPLOYEES: frame[EMPLOYEES].mask(none)}), (note,)


def _people(frame: pd.DataFrame) -> tuple[str, ...]:
    if PEOPLE not in frame:
        return ()
    few = (frame[PEOPLE].str.strip() == FEW_PEOPLE).to_numpy(dtype=bool, na_value=False)
    return (f"{few.sum():,} of {len(frame):,} cells hold 5, which stands for any count from 1 to 9",)
