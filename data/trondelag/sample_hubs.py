"""Made-up business parks, business gardens and incubators of the sample county, in hubs.csv.

    python data/trondelag/sample_hubs.py    from the committed settlements.csv and premises.parquet

A park stands where most of a municipality's workshops, wholesalers and hauliers are; gardens and incubators stand in
real settlements, spread over the county, under names that are nobody's.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

HERE = Path(__file__).parent
CRS = "EPSG:25833"
TRADES = ("metal products", "machine repair", "vehicle repair", "wholesale", "road transport")
BLOCK_M = 500  # a park is looked for in blocks of this side
PARK_FROM = 600  # a municipality with as many businesses has a park
PARK_NAMES = ("Tindvang", "Elvlund", "Fjordmo", "Skogheim", "Havnes", "Bergtun", "Dalborg", "Myrlund", "Vindhaug",
              "Strandfell", "Furumo", "Steintun", "Kystvang", "Bjørklund", "Malmheim", "Jernmo", "Lyngvang", "Nordtun",
              "Brevik", "Solhaug")  # fmt: skip
GARDEN_NAMES = ("Lyshagen", "Havgløtt", "Fjellfrø", "Elvespire", "Kystspire", "Dalgro")
INCUBATOR_NAMES = ("Startblokka", "Idénaustet", "Vekstkuben")
LARGE = 1500  # residents of a settlement that may have a garden


def make_hubs(settlements: pd.DataFrame, premises: pd.DataFrame) -> pd.DataFrame:
    """Return name, hub_kind, x and y (whole metres, EPSG:25833), sorted by kind and name.

    `premises` has municipality_code, line_of_business, x and y.
    """
    towns = gpd.GeoSeries(gpd.points_from_xy(settlements["lon"], settlements["lat"]), crs="EPSG:4326").to_crs(CRS)
    seats = settlements.assign(x=towns.x.round().to_numpy(), y=towns.y.round().to_numpy())
    city = seats[seats["municipality_code"] == "5001"].nlargest(2, "residents")
    others = seats[(seats["municipality_code"] != "5001") & (seats["residents"] >= LARGE)]
    others = others.sort_values(["residents", "postcode"], ascending=[False, True], ignore_index=True)
    incubators = pd.concat([city, others.iloc[[1]]])
    found = [(f"{name} inkubator (fiktiv)", "incubator", x, y)
             for name, x, y in zip(INCUBATOR_NAMES, incubators["x"], incubators["y"], strict=True)]  # fmt: skip
    gardens = _spread(others, len(GARDEN_NAMES))
    found += [(f"{name} næringshage (fiktiv)", "business_garden", x, y)
              for name, x, y in zip(GARDEN_NAMES, gardens["x"], gardens["y"], strict=True)]  # fmt: skip
    firms = premises[premises["line_of_business"].notna()]
    size = firms.groupby("municipality_code").size()
    codes = sorted(size[size >= PARK_FROM].nlargest(len(PARK_NAMES)).index)
    for name, code in zip(PARK_NAMES, codes, strict=False):
        mine = firms[(firms["municipality_code"] == code) & firms["line_of_business"].isin(TRADES)]
        block = mine.groupby([mine["x"] // BLOCK_M, mine["y"] // BLOCK_M])[["x", "y"]]
        table = block.median().assign(count=block.size()).reset_index(drop=True)
        best = table.sort_values(["count", "x", "y"], ascending=[False, True, True]).iloc[0]
        found.append((f"{name} næringspark (fiktiv)", "business_park", best["x"], best["y"]))
    hubs = pd.DataFrame(found, columns=["name", "hub_kind", "x", "y"])
    hubs[["x", "y"]] = hubs[["x", "y"]].round().astype(np.int64)
    return hubs.sort_values(["hub_kind", "name"], ignore_index=True)


def _spread(seats: pd.DataFrame, count: int) -> pd.DataFrame:
    """Take the largest settlement, then each time the one that lies farthest from those taken."""
    xy = seats[["x", "y"]].to_numpy(dtype=float)
    taken = [0]
    while len(taken) < count:
        gap = np.hypot(*(xy[:, None, :] - xy[taken][None, :, :]).transpose(2, 0, 1)).min(axis=1)
        taken.append(int(gap.argmax()))
    return seats.iloc[taken]


def write_hubs(out: Path, settlements: pd.DataFrame, premises: pd.DataFrame) -> None:
    """Write hubs.csv."""
    make_hubs(settlements, premises).to_csv(out / "hubs.csv", index=False, lineterminator="\n")


def main() -> int:
    """Make hubs.csv from the files of the sample."""
    settlements = pd.read_csv(HERE / "settlements.csv", dtype={"municipality_code": str, "postcode": str})
    points = gpd.read_parquet(HERE / "premises.parquet")
    write_hubs(HERE, settlements, points.assign(x=points.geometry.x, y=points.geometry.y))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
