"""Norway's register of business units where it names only their municipality: spread over the cells of a grid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.matching import match_names
from coverage.sources.names import nearest
from coverage.sources.raw import RawTable, rejections
from coverage.sources.ssb import CELL_M, CRS, read_beside, read_ssb_grid
from coverage.sources.table import read_table

UNIT: Final = "Org. nr."
MUNICIPALITY: Final = "Beliggenhetsadresse - Kommune"
HEADCOUNT: Final = "Antall ansatte"
INDUSTRY: Final = "NACE 1"
FORM: Final = "Organisasjonsform - Kode"
BUSINESS: Final = "BEDR"  # the form of units that trade; the others are units of associations and the like
WITHHELD_BELOW: Final = 5  # the register states a headcount from here on

UNIT_COLUMNS: Final = {
    "place_id": UNIT, "org_number": UNIT, "name": "Navn", "nace": INDUSTRY, "line_of_business": "NACE 1 - Bransje",
    "municipality_code": "municipality", "employees": "employees", "legal_form": FORM,
}  # fmt: skip
NEEDED: Final = (
    "municipalities", "municipality_column", "municipality_name", "cells", "sizes", "withheld_headcount",
)  # fmt: skip

ESTABLISHMENTS: Final = "est_tot"

# Statistics Norway's table of businesses by municipality, industry and number of employees.
SIZE_COLUMNS: Final = ("region", "næring (SN2007)", "antall ansatte", "år", "value")
FEW: Final = "1-4 ansatte"
UNSTATED: Final = "Uoppgitt"
# Sections of the Norwegian industry classification by the last two-digit division in each, as that table names them
# (Statistics Norway, SN2007). The classification of 2025 renames sections but keeps the divisions in this order.
SECTIONS: Final = (
    (0, UNSTATED), (3, "Jordbruk, skogbruk og fiske"), (9, "Bergverksdrift og utvinning"), (33, "Industri"),
    (35, "Kraftforsyning"), (39, "Vannforsyning, avløp og renovasjon"), (43, "Bygge- og anleggsvirksomhet"),
    (47, "Varehandel, reparasjon av motorvogner"), (53, "Transport og lagring"),
    (56, "Overnattings- og serveringsvirksomhet"), (63, "Informasjon og kommunikasjon"),
    (66, "Finansiering og forsikring"), (68, "Omsetning og drift av fast eiendom"),
    (75, "Faglig, vitenskapelig og teknisk tjenesteyting"), (82, "Forretningsmessig tjenesteyting"),
    (84, "Offentlig administrasjon og forsvar, trygdeordninger underlagt offentlig forvaltning"),
    (85, "Undervisning"), (88, "Helse- og sosialtjenester"), (93, "Kultur, underholdning og fritid i alt"),
    (96, "Personlig tjenesteyting"), (98, "Lønnet arbeid i private husholdninger"), (99, "Internasjonale organer"),
)  # fmt: skip


def read_units_by_municipality(spec: SourceSpec) -> RawTable:
    """Read a register extract that names each unit's municipality and nothing nearer, and stand the units in cells.

    Within a municipality units are spread over the cells of the business grid (option `cells`, relative to the
    register's file) in proportion to its establishments: each cell gets its exact part, rounded up or down. Units go
    by rising organisation number into cells by rising id: which unit stands in which cell says nothing.
    `position_basis` is "spread", `cell_m` 250. The options `municipalities`, `municipality_column`,
    `municipality_name` and `municipality_within_m` are as for the grid; with `where_prefix` on `municipality`, names
    need only be unique there.

    The register withholds headcounts below 5. Option `sizes` names Statistics Norway's table of businesses by
    municipality, industry and size (option `sizes_year`, else its last year): as many of the units without a headcount
    as it counts with 1 to 4 employees get `withheld_headcount`, evenly among trading units first, the others 0.
    `employees_basis` is "imputed" for both.

    A unit whose municipality's name is not known, or has no cell with a business, is rejected. Raises DataError.
    """
    for option in NEEDED:
        if option not in spec.options:
            raise DataError(f"study.toml: source {spec.id!r}: option {option} is missing; expected it for this format")
    raw = read_table(spec)
    for column in (UNIT, MUNICIPALITY, HEADCOUNT, INDUSTRY):
        if column not in raw.frame:
            known = [str(name) for name in raw.frame.columns]
            raise DataError(f"{spec.name}: no column {column!r}; {nearest(column, known)}")
    units = raw.frame.assign(municipality=_municipality(raw.frame[MUNICIPALITY], spec))
    cells = _cells(spec, units["municipality"])
    homeless = ~units["municipality"].isin(cells["municipality"]).to_numpy()
    lost = rejections(
        spec.id, rows=units.index[homeless], field=MUNICIPALITY, values=units[MUNICIPALITY][homeless],
        reason="is the name of no municipality with business cells, or of several",
    )  # fmt: skip
    units = units[~homeless].sort_values(UNIT, kind="stable")
    units, notes = _with_headcounts(units, spec)
    home = np.full(len(units), -1, dtype=np.int64)
    for code, part in cells.groupby("municipality", sort=True):
        mine = np.flatnonzero(units["municipality"] == code)
        home[mine] = part["position"].to_numpy()[spread(part[ESTABLISHMENTS].to_numpy(dtype=float), len(mine))]
    points = np.asarray(cells.geometry.array, dtype=object)[home]
    frame = gpd.GeoDataFrame(
        units.assign(cell=cells["cell"].array.take(home), cell_m=float(CELL_M), position_basis="spread"),
        geometry=points, crs=CRS,
    ).sort_index()  # fmt: skip
    note = f"{len(frame):,} units are known by municipality only: spread over {len(np.unique(home)):,} business cells"
    return replace(
        raw,
        frame=frame,
        rejected=pd.concat([raw.rejected, lost], ignore_index=True) if len(lost) else raw.rejected,
        crs_found=f"{CRS} (of the business cells)",
        notes=(*raw.notes, note, *notes),
    )


def spread(weights: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.int64]:
    """Return the position of a weight for each of `count` things, in order: as many at each as its part, within one."""
    edges = np.cumsum(weights)
    asked = (np.arange(count) + 0.5) / max(count, 1) * edges[-1]
    found: npt.NDArray[np.int64] = np.searchsorted(edges, asked, side="right").astype(np.int64)
    return found


def _municipality(names: pd.Series, spec: SourceSpec) -> pd.Series:
    polygons = read_beside(spec, "municipalities", columns=("municipality_column", "municipality_name"))
    known = pd.DataFrame(
        {
            "municipality_code": polygons["municipality_column"].astype("str"),
            "name": polygons["municipality_name"].astype("str"),
        }
    ).drop_duplicates("municipality_code")
    known = known[known["municipality_code"].str.startswith(spec.where_prefix.get("municipality", ""))]
    written = pd.Series(names.dropna().unique(), dtype="str")
    codes = dict(zip(written, match_names(written, known), strict=True))
    return names.map(codes).astype("str")


def _cells(spec: SourceSpec, wanted: pd.Series) -> gpd.GeoDataFrame:
    """Return the cells with businesses in the wanted municipalities, by municipality and id, with their `position`."""
    file = str(spec.options["cells"])
    written = (Path(spec.file or spec.path.name).parent / file).as_posix()
    grid = read_ssb_grid(replace(spec, path=spec.path.parent / file, file=written)).frame
    if ESTABLISHMENTS not in grid:
        raise DataError(f"{written}: no column {ESTABLISHMENTS!r}; expected the grid of businesses")
    count = pd.to_numeric(grid[ESTABLISHMENTS], errors="coerce").fillna(0.0)
    cells = gpd.GeoDataFrame(grid.assign(**{ESTABLISHMENTS: count}))
    cells = cells[(count > 0) & cells["municipality"].isin(wanted.dropna().unique())]
    cells = cells.sort_values(["municipality", "cell"], ignore_index=True)
    return cells.assign(position=np.arange(len(cells)))


def _with_headcounts(units: pd.DataFrame, spec: SourceSpec) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Add `employees` and `employees_basis`; units come sorted by number."""
    each = spec.options["withheld_headcount"]
    if isinstance(each, bool) or not isinstance(each, int | float) or not 1 <= each < WITHHELD_BELOW:
        raise DataError(
            f"study.toml: source {spec.id!r}: withheld_headcount is {each!r}; expected a number from 1 to 4, "
            "the mean of the units with 1 to 4 employees"
        )
    text = units[HEADCOUNT].str.strip()
    employees = pd.to_numeric(text, errors="coerce")
    withheld = text.isna().to_numpy() | (text == "").to_numpy(dtype=bool, na_value=False)
    few, year = _few(spec)
    trading = (units[FORM] == BUSINESS).to_numpy() if FORM in units else np.ones(len(units), dtype=bool)
    chosen = np.zeros(len(units), dtype=bool)
    asked = 0
    groups = pd.DataFrame(
        {"region": units[MUNICIPALITY].str.strip().str.casefold(), "section": section(units[INDUSTRY])},
        index=pd.RangeIndex(len(units)),
    )
    for key, rows in groups[withheld].groupby(["region", "section"], sort=True).groups.items():
        count = int(few.get(key, 0))
        asked += count
        # Trading units first; among as many as are needed, evenly.
        at = np.asarray(rows)[np.argsort(~trading[np.asarray(rows)], kind="stable")]
        pool = at[: max(count, int(trading[at].sum()))]
        count = min(count, len(pool))
        chosen[pool[((np.arange(count) + 0.5) * len(pool) / max(count, 1)).astype(np.int64)]] = True
    imputed = pd.Series(np.where(chosen, f"{each:g}", "0"), index=units.index, dtype="str")
    headcount = text.mask(withheld, imputed)
    notes = (
        f"{withheld.sum():,} of {len(units):,} headcounts are withheld (below {WITHHELD_BELOW}) and imputed: "
        f"{chosen.sum():,} units get {each:g}, of {asked:,} that Statistics Norway counts with 1 to 4 employees in "
        f"{year} in the same municipality and industry; the others 0",
        f"{employees.sum():,.0f} employees are reported and {chosen.sum() * each:,.0f} imputed",
    )
    basis = pd.Series(np.where(withheld, "imputed", "reported"), index=units.index, dtype="str")
    return units.assign(employees=headcount.astype("str"), employees_basis=basis), notes


def section(nace: pd.Series) -> pd.Series:
    """Return the section of the industry code, as the table of sizes names it; unstated where there is no code."""
    division = pd.to_numeric(nace.str[:2], errors="coerce").fillna(0).to_numpy()
    last = [number for number, _ in SECTIONS]
    names = np.array([name for _, name in SECTIONS] + [UNSTATED], dtype=object)
    return pd.Series(names[np.searchsorted(last, division, side="left")], dtype="str")


def _few(spec: SourceSpec) -> tuple[dict[Any, int], str]:
    """Return how many businesses with 1 to 4 employees each municipality and section has, and the year."""
    file = str(spec.options["sizes"])
    written = (Path(spec.file or spec.path.name).parent / file).as_posix()
    options = {name: value for name, value in spec.options.items() if name in ("encoding", "delimiter")}
    sizes = read_table(replace(spec, path=spec.path.parent / file, file=written, options=options)).frame
    for column in SIZE_COLUMNS:
        if column not in sizes:
            raise DataError(f"{written}: no column {column!r}; expected {', '.join(SIZE_COLUMNS)}")
    region, industry, size, years, value = SIZE_COLUMNS
    year = str(spec.options.get("sizes_year", sizes[years].max()))
    table = sizes[(sizes[years] == year) & (sizes[size].str.strip() == FEW)]
    if table.empty:
        raise DataError(f"{written}: no rows of {FEW!r} for {year}; expected businesses by number of employees")
    count = pd.to_numeric(table[value], errors="coerce").fillna(0).astype("int64")
    keys = [table[region].str.strip().str.casefold(), table[industry].str.strip()]
    return count.groupby(keys).sum().to_dict(), year
