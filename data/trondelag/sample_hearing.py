"""Made-up answers of fictitious operators to a hearing, as an address list: hearing_addresses.csv.

    python data/trondelag/sample_hearing.py [OUT]    from the files of the sample that are there already

Four operators answer, each in two or three municipalities: one will build to single addresses, one objects that its
fixed wireless is there, one tells that a part of its planned builds has lapsed, and one has a plan whose day has
passed. The planned builds themselves are in planned_builds.gpkg, as before.
"""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

HERE = Path(__file__).parent
SEED = 20220630
COLUMNS = ("kommunenummer", "adresse", "postnummer", "tilbyder", "svar", "teknologi", "ned_mbps", "opp_mbps",
           "ferdig", "bortfalt", "kommentar")  # fmt: skip
# operator, answer, technology, down, up, finished, lapsed, comment; municipalities, addresses in each
ANSWERS = (
    ("Midtlys Breiband", "plan", "fiber", 1000, 1000, "2024-10-01", "", "enkeltadresser langs ny trasé",
     ("5027", "5059", "5053"), 40),
    ("Radiobru", "finnes", "trådløst", 100, 20, "", "", "eget nett målt hos kunder i nabolaget",
     ("5054", "5021", "5038"), 30),
    ("Dovrelys Fiber", "bortfalt", "fiber", "", "", "", "2022-05-15", "for få bestillinger",
     ("5028", "5027"), 30),
    ("Namlys Fiber", "plan", "fiber", 1000, 1000, "2022-03-01", "", "forsinket, ikke meldt ferdig",
     ("5007", "5060"), 20),
)  # fmt: skip
FAST = 100  # Mbit/s: who has as much is left alone
HORIZON = "2025-06-30"


def make_hearing(premises: gpd.GeoDataFrame, lacking: np.ndarray, planned: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the list, sorted by operator and address.

    `premises` has municipality_code, address, postcode and points; `lacking` says which have less than FAST; `planned`
    holds the planned builds. An address is named once, and only where all premises that have it stand close together.
    """
    soon = planned[planned["available_from"] <= HORIZON]
    rows = []
    for operator, answer, technology, down, up, finished, lapsed, comment, codes, count in ANSWERS:
        mine = soon[soon["provider"] == operator]
        inside = premises.index.isin(gpd.sjoin(premises[["geometry"]], mine[["geometry"]]).index)
        wanted = (
            inside
            if answer == "bortfalt"
            else lacking & ~premises.index.isin(gpd.sjoin(premises[["geometry"]], soon[["geometry"]]).index)
        )
        for code in codes:
            here = premises[wanted & (premises["municipality_code"] == code).to_numpy()]
            here = here[here["kind"].isin(["household", "business"])]
            addresses = _clear(premises[premises["municipality_code"] == code])
            named = here[["address", "postcode"]].drop_duplicates().merge(addresses, on=["address", "postcode"])
            named = named.sort_values(["postcode", "address"], ignore_index=True)
            rng = np.random.default_rng([SEED, int(code), len(rows)])
            start = int(rng.integers(0, max(1, len(named) - count + 1)))
            told = (operator, answer, technology, down, up, finished, lapsed, comment)
            chosen = named.iloc[start : start + count]
            rows += [(code, row.address, row.postcode, *told) for row in chosen.itertuples()]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.sort_values(["tilbyder", "kommunenummer", "postnummer", "adresse"], kind="stable", ignore_index=True)


def _clear(premises: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the addresses whose premises stand within 200 m of each other."""
    table = pd.DataFrame(
        {
            "address": premises["address"],
            "postcode": premises["postcode"],
            "x": premises.geometry.x,
            "y": premises.geometry.y,
        }
    )
    grouped = table.groupby(["address", "postcode"])[["x", "y"]]
    spread = (grouped.max() - grouped.min()).max(axis=1)
    return spread[spread <= 200].reset_index()[["address", "postcode"]]


def lacks_fast(premises: gpd.GeoDataFrame, folder: Path) -> np.ndarray:
    """Say which premises have no offer of FAST in the files of fixed coverage."""
    reached = np.zeros(len(premises), dtype=bool)
    for name in ("fibre_footprints", "cable_footprints"):
        offers = gpd.read_file(folder / f"{name}.gpkg")
        hit = gpd.sjoin(premises[["geometry"]], offers.loc[offers["down_mbps"] >= FAST, ["geometry"]]).index
        reached |= premises.index.isin(hit)
    corner = pd.MultiIndex.from_arrays([np.floor(getattr(premises.geometry, axis) / 250) * 250 for axis in "xy"])
    for name in ("dsl", "fwa"):
        table = pd.read_csv(folder / f"{name}_cells.csv.gz")
        fast = table[table["down_mbps"] >= FAST]
        reached |= corner.isin(pd.MultiIndex.from_arrays([fast["cell_x"].astype(float), fast["cell_y"].astype(float)]))
    return ~reached


def write_hearing(folder: Path, out: Path) -> None:
    """Write hearing_addresses.csv into `out` from the other files of `folder`: UTF-8, semicolons."""
    premises = gpd.read_parquet(folder / "premises.parquet")
    planned = gpd.read_file(folder / "planned_builds.gpkg")
    planned["available_from"] = planned["available_from"].astype(str).str[:10]
    table = make_hearing(premises, lacks_fast(premises, folder), planned)
    table.to_csv(out / "hearing_addresses.csv", sep=";", index=False, lineterminator="\n")


if __name__ == "__main__":
    write_hearing(HERE, Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
