"""Statistics Norway's 250 m grid: one row per cell, the cell named by the coordinates of its lower-left corner."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.geometry import polygonal
from coverage.sources.raw import RawTable, rejections
from coverage.sources.table import read_table
from coverage.sources.vector import read_vector

CRS: Final = "EPSG:25833"
CELL_M: Final = 250
FALSE_EASTING_M: Final = 2_000_000  # added to the easting so that every cell id has 14 digits

# The id has another name in each of the agency's files.
CELL_NAMES: Final = ("SSBID250M", "SSBID0250M", "ssbid_250")
GRID_COLUMNS: Final = {"municipality_code": "municipality"}
EMPLOYEES: Final = "emp_tot"
PEOPLE: Final = "pop_tot"
FEW_PEOPLE: Final = "5"  # how the population file writes any count from 1 to 9


def read_ssb_grid(spec: SourceSpec) -> RawTable:
    """Read a table of grid cells as points at the cells' centres, in EPSG:25833.

    A cell id has 14 digits: easting plus 2,000,000 in the first seven, northing in the last seven, both of the
    lower-left corner; the centre is 125 m further. A row whose id is not of that form is rejected.

    `emp_tot` 0 becomes null: an establishment without registered employees and one that reports none are
    written alike. The agency writes any population from 1 to 9 as 5, so that sums overshoot; that is noted. `cell_m`
    is the side of a cell. Raises DataError where the file has no cell ids.

    The grid is national and so must be the decision which municipality a cell belongs to: near a border, a cell
    outside the county's coastline may still be the neighbour's. The option `municipalities` names a file of all the
    country's municipalities, relative to the grid's; `municipality_column` is their code there. Then `municipality`
    is the code of the polygon that holds the centre, else of the nearest within `municipality_within_m` metres (0),
    else null; `where_prefix` can select a county by it.
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
    frame = frame[good].assign(cell=ids[good], cell_m=float(CELL_M))
    frame, notes = _employees(frame)
    east = frame["cell"].str[:7].astype("int64").to_numpy() - FALSE_EASTING_M
    north = frame["cell"].str[7:].astype("int64").to_numpy()
    points = gpd.points_from_xy(east + CELL_M / 2, north + CELL_M / 2, crs=CRS)
    cells = gpd.GeoDataFrame(frame, geometry=points)
    if "municipalities" in spec.options:
        cells = cells.assign(municipality=_municipality(cells, spec))
    return replace(
        raw,
        frame=cells,
        rejected=pd.concat([raw.rejected, broken], ignore_index=True) if len(broken) else raw.rejected,
        crs_found=f"{CRS} (in the cell ids)",
        notes=(*raw.notes, *notes, *_people(frame)),
    )


def read_beside(spec: SourceSpec, option: str, *, columns: tuple[str, ...]) -> gpd.GeoDataFrame:
    """Read the vector file that an option names, relative to the source's own.

    The columns that the options `columns` name are renamed to those options. Raises DataError for one that the file
    does not have.
    """
    file = str(spec.options[option])
    written = (Path(spec.file or spec.path.name).parent / file).as_posix()
    raw = read_vector(replace(spec, kind="vector", path=spec.path.parent / file, file=written, layer="", crs=""))
    wanted = {name: str(spec.options.get(name, "")) for name in columns}
    for name, column in wanted.items():
        if column not in raw.frame:
            raise DataError(f"study.toml: source {spec.id!r}: {name} is {column!r}, which {file} does not have")
    frame = gpd.GeoDataFrame(raw.frame)
    chosen = {name: frame[column] for name, column in wanted.items()}
    return gpd.GeoDataFrame(chosen, geometry=frame.geometry.array, crs=frame.crs)


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


def _municipality(cells: gpd.GeoDataFrame, spec: SourceSpec) -> pd.Series:
    """Return the code of each cell's municipality. On a border and at equal distances the smallest code wins."""
    within_m = float(spec.options.get("municipality_within_m", 0.0))
    polygons = read_beside(spec, "municipalities", columns=("municipality_column",)).to_crs(CRS)
    polygons = polygons.sort_values("municipality_column", kind="stable")
    codes = np.array([*polygons["municipality_column"].astype("str"), None], dtype=object)
    shapes = np.asarray(polygons.geometry.array, dtype=object)
    shapes = np.where(shapely.is_valid(shapes), shapes, polygonal(shapely.make_valid(shapes)))
    centres = np.asarray(cells.geometry.array, dtype=object)
    home = np.full(len(centres), len(shapes))
    polygon, cell = shapely.STRtree(centres).query(shapes, predicate="intersects")
    np.minimum.at(home, cell, polygon)
    lost = np.flatnonzero(home == len(shapes))
    if within_m > 0 and len(lost):
        asked, polygon = shapely.STRtree(shapes).query_nearest(centres[lost], max_distance=within_m)
        np.minimum.at(home, lost[asked], polygon)
    return pd.Series(codes[home], index=cells.index).astype("str")
