"""The address list of a municipality's application: what an office checks and corrects, and hands back as corrections.

Its rows are the addresses of the chosen areas; of whole municipalities also the eligible ones in no area; then those
that lie inside an area's outline and are excluded, with the reason. `address_form` writes it as the form to fill in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from coverage import form, reasons
from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.crs import GEOGRAPHIC_CRS
from coverage.enclosed import enclosed
from coverage.errors import DataError, PolicyError
from coverage.kinds import is_mobile
from coverage.reports import delimited
from coverage.reports.mobile import fixed_areas
from coverage.reports.selection import Selection
from coverage.reports.short import NAMED_KINDS
from coverage.reports.wording import Wording

AREA, NO_AREA, EXCLUDED = "area", "no_area", "excluded"
PARTS: Final = (AREA, NO_AREA, EXCLUDED)  # of the list, from top to bottom
KNOWN: Final = (
    "place_id", "address", "postcode", "locality", "municipality", "name", "kind_now", "year_round",
    "fixed_down_mbps", "fixed_up_mbps", "fixed_technology", "eligible", "reason",
)  # fmt: skip
REFERENCE: Final = ("area", "area_id", "part", "municipality_code", *form.POSITION)
COLUMNS: Final = (*KNOWN, *form.FILLED, *REFERENCE)
STAMP: Final = ("crs", "policy", "as_of", "data_status")  # of the list as CSV
NUMBERS: Final = ("down_mbps", "up_mbps")  # to fill in
NEAR_M: Final = 1.0  # beyond the outlines, so that rounding loses none on their edge


def address_list(selection: Selection, wording: Wording) -> pd.DataFrame:
    """Return one row per address with COLUMNS, by part, area and address; what is to be filled in is empty.

    Names of residents are left out, and so are grid cells, which have no address (see `cells_left`). Raises PolicyError
    for an audience from which addresses of homes are withheld, DataError where neither municipalities nor areas are
    chosen and for an area of kind mobile.
    """
    require_asked(selection)
    whole = selection.cut_from or selection.assessment
    areas = fixed_areas(selection.assessment.areas)
    places, part, area = _chosen(selection, whole)
    names = dict(zip(areas["area_id"], areas["name"], strict=True))
    towns = dict(zip(whole.municipalities["municipality_code"], whole.municipalities["name"], strict=True))
    said = reasons.explain(places, policy=whole.policy, as_of=whole.study.as_of, language=wording.language)
    degrees = places.geometry.to_crs(GEOGRAPHIC_CRS)
    empty = pd.Series(None, index=places.index, dtype="str")
    table = pd.DataFrame(
        {
            **{name: places[name] for name in ("place_id", "address", "postcode", "locality", "year_round")},
            "municipality": places["municipality_code"].map(towns),
            "name": places["name"].where(places["kind"].isin(NAMED_KINDS)),
            "kind_now": places["kind"],
            **{name: places[name] for name in ("fixed_down_mbps", "fixed_up_mbps", "fixed_technology", "eligible")},
            "reason": said["reason"],
            **{name: np.nan if name in NUMBERS else empty for name in form.FILLED},
            "area": area.map(names),
            "area_id": area,
            "part": part,
            "municipality_code": places["municipality_code"],
            "x": places.geometry.x,
            "y": places.geometry.y,
            "lon": degrees.x,
            "lat": degrees.y,
        }
    )
    return _ordered(table)[list(COLUMNS)]


def write_list(selection: Selection, path: Path, wording: Wording) -> None:
    """Write the list as CSV for other programs, with the coordinate system that x and y are in, in every row."""
    study = selection.assessment.study
    stamp = (study.crs, selection.assessment.policy.id, study.as_of.isoformat(), study.data_status)
    delimited.write_csv(address_list(selection, wording).assign(**dict(zip(STAMP, stamp, strict=True))), path)


def cells_left(selection: Selection) -> int:
    """Return how many grid cells the list leaves out, which are eligible and have no address."""
    places = selection.assessment.places
    return int((_are_cells(places) & (places["eligible"] > 0).to_numpy()).sum())


def require_asked(selection: Selection) -> None:
    """Raise PolicyError or DataError where there can be no such list, see `address_list`."""
    require_known(selection.assessment.audience, chosen=bool(selection.municipality or selection.area))
    asked = selection.assessment.areas
    masts = asked[is_mobile(asked) & asked["area_id"].isin(selection.area)]
    if len(masts):
        raise DataError(
            f"area {masts['area_id'].iloc[0]!r} is of kind mobile and has no address list; expected areas of kind fixed"
        )


def require_known(audience: Audience, *, chosen: bool) -> None:
    """Raise PolicyError or DataError where there can be no such list for an audience, or without any place chosen."""
    if not audience.internal:
        raise PolicyError(
            "the address list holds addresses of homes, which are withheld from all but those who work with the study; "
            f"it is not made for the audience {audience}, expected internal"
        )
    if not chosen:
        raise DataError("an address list is made for municipalities or areas; expected --municipality or --area")


def _chosen(selection: Selection, whole: Assessment) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Return the places of the list, which part each is in, and the area that it is in or inside whose outline."""
    areas = fixed_areas(selection.assessment.areas)
    places = whole.places
    addressed = ~_are_cells(places)
    held = places["area_id"].isin(areas["area_id"]).to_numpy() & addressed
    part = np.full(len(places), "", dtype=object)
    part[held] = AREA
    if selection.by_municipality:
        loose = (places["eligible"] > 0) & places["area_id"].isna()
        here = places["municipality_code"].isin(selection.municipality)
        part[(loose & here).to_numpy() & addressed] = NO_AREA
    area = places["area_id"].where(held)
    out = _outside(whole, areas, addressed)
    part[places.index.get_indexer(out.index)] = EXCLUDED
    area = out.reindex(places.index).fillna(area).astype("str")
    rows = part != ""
    return places[rows], pd.Series(part[rows], index=places.index[rows], dtype="str"), area[rows]


def _outside(whole: Assessment, areas: pd.DataFrame, addressed: np.ndarray) -> pd.Series:
    """Return the area of each address inside the outline of one of the areas and not eligible; looks only near them."""
    if areas.empty:
        return pd.Series(dtype="str")
    west, south, east, north = areas.total_bounds + np.array([-NEAR_M, -NEAR_M, NEAR_M, NEAR_M])
    x, y = whole.places.geometry.x.to_numpy(), whole.places.geometry.y.to_numpy()
    near = (x >= west) & (x <= east) & (y >= south) & (y <= north) & addressed
    return enclosed(whole.places[near], areas)


def _are_cells(places: pd.DataFrame) -> np.ndarray:
    return (places["cell_m"] > 0).to_numpy() if "cell_m" in places else np.zeros(len(places), dtype=bool)


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows by part, area and address: house 2 before house 10, and no address last."""
    text = table["address"].str.extract(r"^(.*?)\s*(\d+)\s*(\D*)$")
    key = table.assign(
        _part=table["part"].map({name: at for at, name in enumerate(PARTS)}),
        _street=text[0].fillna(table["address"]),
        _number=pd.to_numeric(text[1]),
        _letter=text[2],
    )
    by = ["_part", "area", "area_id", "_street", "_number", "_letter", "place_id"]
    return key.sort_values(by, kind="stable", na_position="last").drop(columns=by[:1] + by[3:6]).reset_index(drop=True)
