"""Where fibre may be today, from two statistics: people in grid cells, and the share of homes with fibre."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.matching import match_names
from coverage.sources.nkom import GROUP_MARK, NAME, read_nkom
from coverage.sources.raw import RawTable
from coverage.sources.ssb import CELL_M, CRS, PEOPLE, read_beside, read_ssb_grid

FIBRE: Final = f"Teknologidekning{GROUP_MARK}Fiber"
NETWORK_COLUMNS: Final = {"name": "name"}
NEEDED: Final = ("municipalities", "municipality_column", "municipality_name", "shares")


def read_dense_cells(spec: SourceSpec) -> RawTable:
    """Assume a network in the densest cells of each municipality, as many as its published share of fibre says.

    Fibre is built where people live close together first: an assumption, and a stand-in where no network is
    published. The source's file is the population grid with the options of `read_ssb_grid`. `shares` is Nkom's
    sheet of fixed coverage, relative to the grid's file, with `share_column` (the share of homes that can get fibre
    unless said otherwise); `municipality_name` is the column of the municipalities' file that its names are
    matched with. A study of one county says `where_prefix` with `municipality`, so that names need only be unique
    there.

    In each municipality with a share above 0, cells are taken by falling count of people while they hold no more
    than that share of its people. Cells of one count are taken together or not at all, as nothing ranks them: the
    most populous ones in any case. Cells of 1 to 9 people, all written as 5, are therefore mostly left out.

    A row here is a municipality: `municipality`, `name`, `cells`, `people`, and the squares of its cells as one
    shape in EPSG:25833. Raises DataError where an option or a column is missing or no municipality has a share.
    """
    for option in NEEDED:
        if option not in spec.options:
            raise DataError(f"study.toml: source {spec.id!r}: option {option} is missing; expected it for this format")
    grid = read_ssb_grid(spec)
    if PEOPLE not in grid.frame:
        raise DataError(f"{spec.name}: no column {PEOPLE!r}; expected the grid of people")
    cells = gpd.GeoDataFrame(grid.frame).assign(people=pd.to_numeric(grid.frame[PEOPLE], errors="coerce").fillna(0.0))
    names, share = _shares(spec)
    rows: list[dict[str, Any]] = []
    bare = []
    for code, part in cells[cells["municipality"].isin(names.index)].groupby("municipality", sort=True):
        if not share.get(code, 0.0) > 0:
            bare.append(names[code])
            continue
        chosen = part[densest(part["people"].to_numpy(), float(share[code]))]
        rows.append(
            {
                "municipality": code,
                "name": names[code],
                "cells": len(chosen),
                "people": chosen["people"].sum(),
                "geometry": _squares(chosen),
            }
        )
    if not rows:
        raise DataError(f"{spec.name}: no municipality has a share of fibre; expected {FIBRE!r} in the shares' file")
    frame = gpd.GeoDataFrame(rows, crs=CRS, index=pd.RangeIndex(1, len(rows) + 1, name="row"))
    note = (
        f"a network is assumed in {frame['cells'].sum():,} cells of {len(frame)} municipalities, the densest, which "
        f"hold {frame['people'].sum() / cells.loc[cells['municipality'].isin(names.index), 'people'].sum():.1%} of "
        f"the people there"
    )
    missing = (f"no share of fibre, so no network is assumed: {', '.join(bare)}",) if bare else ()
    return replace(grid, frame=frame, notes=(*grid.notes, note), warnings=(*grid.warnings, *missing))


def densest(people: npt.NDArray[np.float64], share: float) -> npt.NDArray[np.bool_]:
    """Mark the cells with the most people that together hold at most `share` of them; equal cells go together.

    The most populous are marked in any case.
    """
    counts, cell_class = np.unique(-people, return_inverse=True)
    held = np.cumsum(np.bincount(cell_class, people, minlength=len(counts)))
    within = held <= share * people.sum() + 1e-6
    within[0] = True
    return np.asarray(within[cell_class])


def _shares(spec: SourceSpec) -> tuple[pd.Series, pd.Series]:
    """Return the name of every municipality that the study asks for, and the share of those that have one, by code."""
    polygons = read_beside(spec, "municipalities", columns=("municipality_column", "municipality_name"))
    known = pd.DataFrame(
        {
            "municipality_code": polygons["municipality_column"].astype("str"),
            "name": polygons["municipality_name"].astype("str"),
        }
    ).drop_duplicates("municipality_code")
    known = known[known["municipality_code"].str.startswith(spec.where_prefix.get("municipality", ""))]
    file = str(spec.options["shares"])
    written = (Path(spec.file or spec.path.name).parent / file).as_posix()
    sheet = read_nkom(replace(spec, path=spec.path.parent / file, file=written)).frame
    column = str(spec.options.get("share_column", FIBRE))
    if column not in sheet:
        raise DataError(f"{written}: no column {column!r}; expected the share of homes with fibre")
    codes = match_names(sheet[NAME].astype("str"), known)
    found = pd.Series(sheet[column].astype("float64").to_numpy(), index=codes)[codes.notna().to_numpy()]
    return known.set_index("municipality_code")["name"], found[~found.index.duplicated(keep=False)]


def _squares(cells: gpd.GeoDataFrame) -> shapely.Geometry:
    x, y = cells.geometry.x.to_numpy(), cells.geometry.y.to_numpy()
    half = CELL_M / 2
    return shapely.union_all(shapely.box(x - half, y - half, x + half, y + half))
