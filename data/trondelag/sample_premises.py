"""Homes, holiday homes, businesses and public buildings along the roads of one municipality."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from sample_land import CELL_M, SEA, Land
from sample_names import PUBLIC, TRADES, firm_names
from sample_roads import FERRY, LOCAL, MAIN, TRACK, Network
from scipy.spatial import cKDTree

# Persons per private household, Statistics Norway 2019 (5 277 899 persons in 2 439 242 private households).
HOUSEHOLD_SIZE = 2.16
# The population grid stores every count of 1 to 9 as 5; nationally it sums to 5 609 140 people, of 5.43 million.
GRID_CORRECTION = 5_430_000 / 5_609_140
HOLIDAY_PER_CODE = {
    "5021": 520,
    "5025": 420,
    "5056": 330,
    "5014": 170,
    "5022": 230,
    "5032": 230,
    "5033": 210,
    "5059": 200,
}
HOLIDAY_ELSEWHERE = 55
COLUMNS = (
    "place_id",
    "kind",
    "weight",
    "name",
    "org_number",
    "municipality_code",
    "nace",
    "line_of_business",
    "employees",
    "address",
    "postcode",
    "locality",
    "year_round",
)


def homes_of(population_weight: float) -> int:
    """Return the homes that a municipality's population weight stands for."""
    return round(population_weight * GRID_CORRECTION / HOUSEHOLD_SIZE)


def seats_of(land: Land, code: str, homes: int) -> tuple[pd.DataFrame, int]:
    """Return the municipality's settlements with their central homes, and the homes outside every centre."""
    mine = land.settlements[land.settlements["municipality_code"] == code].reset_index(drop=True)
    share = mine["residents"] / mine["residents"].sum() * homes
    city = code == "5001"
    central = np.select([share < 120, share < 500, share < 1500], [0.40, 0.55, 0.70], 0.84)
    if city:
        central = np.where(share > 500, 0.985, 0.8)
    mine["central_homes"] = np.maximum(1, np.floor(share * central)).astype(int)
    full = 14 + 26 * np.clip(np.log10(mine["central_homes"] / 20), 0, 1.6)
    if city:
        downtown = np.hypot(mine["lon"] - 10.40, (mine["lat"] - 63.425) * 2.2)
        full = np.where(mine["central_homes"] > 300, 82 + 150 * np.exp(-downtown / 0.035), 30)
    mine["homes_per_cell"] = full
    return mine, homes - int(mine["central_homes"].sum())


class Spots:
    """Put points beside half edges: on land, in this municipality alone, and never on a cell's edge."""

    def __init__(self, land: Land, index: int, network: Network, rng: np.random.Generator) -> None:
        self.land, self.index, self.network, self.rng = land, index, network, rng
        self.polygon = land.municipalities.geometry.iloc[index]
        shapely.prepare(self.polygon)
        xy = network.xy
        self.a = np.array([xy[int(n)] for n in network.half[:, 0]], float)
        self.b = np.array([xy[int(n)] for n in network.half[:, 1]], float)

    def place(self, edge: np.ndarray, near: float, far: float) -> pd.DataFrame:
        """Return x, y, edge and side; an edge where no point will do is exchanged for one where it does."""
        n = len(edge)
        edge = edge.copy()
        x, y, t = np.zeros(n), np.zeros(n), np.zeros(n)
        side = np.zeros(n, int)
        todo = np.arange(n)
        for attempt in range(40):
            if not len(todo):
                break
            if attempt > 5 and len(todo) < n:
                good = np.setdiff1d(np.arange(n), todo, assume_unique=True)
                edge[todo] = edge[self.rng.choice(good, len(todo))]
            elif attempt > 5:
                edge[todo] = self.rng.integers(0, len(self.a), len(todo))
            e = edge[todo]
            a, b = self.a[e], self.b[e]
            along = self.rng.uniform(0.04, 0.96, len(todo))
            hand = self.rng.integers(0, 2, len(todo)) * 2 - 1
            off = self.rng.uniform(near, far, len(todo)) * hand
            d = b - a
            length = np.maximum(np.hypot(d[:, 0], d[:, 1]), 1)
            px = np.rint(a[:, 0] + along * d[:, 0] - off * d[:, 1] / length)
            py = np.rint(a[:, 1] + along * d[:, 1] + off * d[:, 0] / length)
            px += px % CELL_M == 0
            py += py % CELL_M == 0
            r, c = self.land.cell_of(px, py)
            ok = self.land.exclusive[r, c] & (self.land.cell_owner[r, c] == self.index) & ~self.land.lake[r, c]
            ok[ok] = shapely.contains_xy(self.polygon, px[ok], py[ok])
            hit = todo[ok]
            x[hit], y[hit], t[hit], side[hit] = px[ok], py[ok], along[ok], hand[ok]
            todo = todo[~ok]
        if len(todo):
            raise RuntimeError(f"{len(todo)} places found no dry ground in {self.land.codes[self.index]}")
        return pd.DataFrame({"x": x.astype(np.int64), "y": y.astype(np.int64), "edge": edge, "t": t, "side": side})


def _split(rng: np.random.Generator, homes: int, mean: float) -> list[int]:
    """Divide a cell's homes into buildings."""
    if mean < 1.15:
        return [1] * homes
    out = []
    left = homes
    while left > 0:
        size = 1 if rng.random() < 0.45 / mean + 0.12 else 1 + int(rng.geometric(1 / (mean * 1.3)))
        size = min(size, left, 40)
        out.append(size)
        left -= size
    return out


def make_premises(
    land: Land,
    index: int,
    network: Network,
    mine: pd.DataFrame,
    facts: pd.Series,
    rural_homes: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return every place of one municipality, with x and y in whole metres."""
    code = land.codes[index]
    spots = Spots(land, index, network, rng)
    usable = network.kind != FERRY
    in_town = np.isin(network.cell_of_edge, network.town["cell"].to_numpy())
    rows, columns = divmod(network.cell_of_edge, land.shape[1])
    own = usable & (land.centre_owner.ravel()[network.cell_of_edge] == index)
    town_edges = pd.Series(np.flatnonzero(own & in_town)).groupby(network.cell_of_edge[own & in_town]).apply(np.array)

    hamlet_d = np.full(len(rows), 50.0)
    if len(network.hamlets):
        tree = cKDTree(network.hamlets[["row", "column"]].to_numpy())
        hamlet_d = tree.query(np.stack([rows, columns], 1))[0]
    country = own & ~in_town
    if not country.any():
        country = own
    kind_pull = np.select([network.kind == MAIN, network.kind == LOCAL, network.kind == TRACK], [0.45, 1.0, 0.8], 0.0)
    ragged = np.exp(rng.normal(0, 0.9, len(rows)))
    pull = country * kind_pull * ragged * (1 + 7 * np.exp(-hamlet_d / 1.2)) / (1 + network.remoteness / 10)
    pull /= pull.sum()
    every = np.arange(len(rows))

    # Homes in towns, cell by cell; a building of several dwellings is one row.
    weights, edges = [], []
    spill = 0
    for seat in range(len(mine)):
        cells = network.town[network.town["seat"] == seat]
        cells = cells[cells["cell"].isin(town_edges.index)]
        if not len(cells):
            spill += int(mine["central_homes"].iloc[seat])
            continue
        share = cells["share"] / cells["share"].sum()
        counts = rng.multinomial(int(mine["central_homes"].iloc[seat]), share)
        for cell, count in zip(cells["cell"], counts, strict=True):
            mean = 1.0 if count < 16 else 1.2 + (count - 16) / 40 if count < 60 else 2.6 + (count - 60) / 22
            sizes = _split(rng, int(count), mean)
            weights += sizes
            edges.append(rng.choice(town_edges[cell], len(sizes)))
    lone = rng.choice(every, rural_homes + spill, p=pull)
    town_homes = spots.place(np.concatenate(edges), 14, 45)
    rural = spots.place(lone, 18, 110)
    home = pd.concat([town_homes, rural], ignore_index=True)
    home["weight"] = np.r_[weights, np.ones(len(rural))].astype(float)
    home["kind"] = "household"
    home["year_round"] = True

    # Holiday homes: far out along tracks and by the shore.
    holiday_pull = country * np.where(network.kind == TRACK, 1.0, 0.25) * (0.2 + network.remoteness) * ragged
    cabins = spots.place(
        rng.choice(every, HOLIDAY_PER_CODE.get(code, HOLIDAY_ELSEWHERE), p=holiday_pull / holiday_pull.sum()), 25, 120
    )
    cabins["weight"], cabins["kind"], cabins["year_round"] = 1.0, "holiday", False

    firms = _firms(land, index, network, mine, facts, pull, own & in_town, town_edges, spots, rng)
    count = max(4, round(homes_of(facts["population_weight_2022"]) / 260))
    civic_edges = np.concatenate([town_edges[c] for c in town_edges.index])
    civic = spots.place(
        np.where(rng.random(count) < 0.8, rng.choice(civic_edges, count), rng.choice(every, count, p=pull)), 25, 60
    )
    civic["weight"], civic["kind"], civic["year_round"] = 1.0, "public", True
    civic["what"] = rng.choice(PUBLIC, count)
    table = pd.concat([firms, civic, home, cabins], ignore_index=True)
    return _address(land, table, network, mine, code)


def _firms(
    land: Land,
    index: int,
    network: Network,
    mine: pd.DataFrame,
    facts: pd.Series,
    pull: np.ndarray,
    urban: np.ndarray,
    town_edges: pd.Series,
    spots: Spots,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Place the municipality's establishments: centres, parks, homes, farms, and fish farms by the shore."""
    total, staff = int(facts["establishments_2025"]), int(facts["employees_2025"])
    code = land.codes[index]
    rows, columns = divmod(network.cell_of_edge, land.shape[1])
    every = np.arange(len(rows))
    farm_share = float(np.clip(0.46 - 0.13 * np.log10(total / 60), 0.05, 0.38)) if code != "5001" else 0.010
    farms = int(total * farm_share)
    shore = (land.sea_distance[rows, columns] <= 2) & (pull > 0)
    coastal = bool(np.mean(land.sea_distance[land.centre_owner == index] <= 6) > 0.35)
    sea_firms = min(int(total * 0.07), 60) if coastal and shore.any() else 0
    parks = int((total - farms) * 0.17)
    at_home = int((total - farms) * 0.14)
    centre = total - farms - sea_firms - parks - at_home

    homes_pull = network.town.set_index("cell")["share"] * mine["central_homes"].to_numpy()[network.town["seat"]]
    homes_pull = homes_pull[homes_pull.index.isin(town_edges.index)]
    seat_size = mine["central_homes"].to_numpy()[network.town.set_index("cell").loc[homes_pull.index, "seat"]]
    nearness = np.exp(-1.6 * network.town.set_index("cell").loc[homes_pull.index, "d"].to_numpy())
    core = homes_pull.to_numpy() * nearness * seat_size**0.15
    pick = rng.choice(homes_pull.index.to_numpy(), centre, p=core / core.sum())
    centre_edges = np.array([rng.choice(town_edges[c]) for c in pick], np.int64)

    # Business parks: a few cells at the rim of the larger settlements.
    rim = network.town[(network.town["d"] > 0.75) & network.town["cell"].isin(town_edges.index)]
    size = mine["central_homes"].to_numpy()[rim["seat"]]
    wanted = max(1, min(14, parks // 45 + 1))
    if len(rim) == 0:
        rim, size = network.town[network.town["cell"].isin(town_edges.index)], None
    chance = None if size is None else size / size.sum()
    park_cells = rng.choice(rim["cell"].to_numpy(), min(wanted, len(rim)), replace=False, p=chance)
    bias = rng.dirichlet(np.full(len(park_cells), 2.0))
    park_edges = np.array([rng.choice(town_edges[c]) for c in rng.choice(park_cells, parks, p=bias)], np.int64)
    home_edges = np.where(
        rng.random(at_home) < (0.9 if code == "5001" else 0.6),
        np.array(
            [rng.choice(town_edges[c]) for c in rng.choice(homes_pull.index, at_home, p=homes_pull / homes_pull.sum())],
            np.int64,
        )
        if at_home
        else np.zeros(0, np.int64),
        rng.choice(every, at_home, p=pull),
    )
    farm_edges = rng.choice(every, farms, p=pull)
    sea_edges = (
        rng.choice(every, sea_firms, p=pull * shore / (pull * shore).sum()) if sea_firms else np.zeros(0, np.int64)
    )

    groups = (
        (farm_edges, 25, 130, "farm"),
        (sea_edges, 20, 90, "sea"),
        (park_edges, 20, 60, "park"),
        (centre_edges, 10, 40, "town"),
        (home_edges, 12, 60, "country"),
    )
    parts = []
    codes = np.array([t[0] for t in TRADES])
    lines = np.array([t[1] for t in TRADES])
    means = np.array([t[4] for t in TRADES])
    town_chance = np.array([t[2] for t in TRADES])
    land_chance = np.array([t[3] for t in TRADES])
    for edges, near, far, group in groups:
        if not len(edges):
            continue
        part = spots.place(np.asarray(edges, np.int64), near, far)
        if group == "farm":
            chance = np.where(np.isin(lines, ("agriculture", "forestry")), land_chance, 0)
        elif group == "sea":
            chance = np.where(
                lines == "aquaculture",
                4.0,
                np.where(lines == "fishing", 5.0, np.where(lines == "food processing", 1.0, 0)),
            )
        elif group == "park":
            chance = town_chance * np.isin(
                lines,
                (
                    "metal products",
                    "machine repair",
                    "construction",
                    "vehicle repair",
                    "wholesale",
                    "road transport",
                    "engineering",
                    "information technology",
                    "food processing",
                    "wood products",
                    "retail",
                    "energy",
                ),
            )
        elif group == "town":
            chance = town_chance
        else:
            chance = np.where(np.isin(lines, ("agriculture", "forestry", "education", "care")), 0, land_chance)
        trade = rng.choice(len(TRADES), len(part), p=chance / chance.sum())
        part["nace"], part["line_of_business"], part["mean"] = codes[trade], lines[trade], means[trade]
        parts.append(part)
    firms = pd.concat(parts, ignore_index=True)
    firms["employees"] = _headcount(firms["mean"].to_numpy(), staff, rng)
    firms["weight"], firms["kind"], firms["year_round"] = 1.0, "business", True
    firms["name"] = firm_names(rng, firms["line_of_business"].tolist())
    return firms.drop(columns="mean")


def _headcount(mean: np.ndarray, total: int, rng: np.random.Generator) -> np.ndarray:
    """Draw heavy-tailed headcounts (most 0 to 4) that sum to the municipality's employees."""
    busy = rng.random(len(mean)) < 0.30 + 0.38 * mean / (mean + 3)
    raw = np.where(busy, mean * rng.lognormal(-0.55, 1.15, len(mean)), 0.0)
    if raw.sum() == 0:
        raw[0] = 1
    staff = np.floor(raw * total / raw.sum() + rng.random(len(mean)) * (raw > 0)).astype(int)
    short = total - int(staff.sum())
    while short != 0:
        where = np.flatnonzero(staff > (1 if short < 0 else 0))
        where = where if len(where) else np.arange(len(staff))
        chosen = rng.choice(where, min(abs(short), len(where)), replace=False)
        staff[chosen] += 1 if short > 0 else -1
        short = total - int(staff.sum())
    return staff


def _address(land: Land, table: pd.DataFrame, network: Network, mine: pd.DataFrame, code: str) -> pd.DataFrame:
    """Add street and number, postcode, locality, and ids; sort the rows along the streets."""
    lines = network.lines
    edge = table["edge"].to_numpy()
    chain = network.chain[edge]
    middle = shapely.points(table["x"], table["y"])
    geometry = lines["geometry"].to_numpy()[chain]
    along = shapely.line_locate_point(geometry, middle)
    table["chain"] = chain
    number = 2 * (along // 14).astype(int) + 1 + (table["side"].to_numpy() > 0)
    table["address"] = [f"{a} {b}" for a, b in zip(lines["name"].to_numpy()[chain], number, strict=True)]
    x, y = table["x"].to_numpy(), table["y"].to_numpy()
    row, column = land.cell_of(x, y)
    here = np.stack([row, column], 1)
    pull = np.sqrt(mine["central_homes"].to_numpy() / mine["homes_per_cell"].to_numpy()) + 1.0
    seats = mine[["row", "column"]].to_numpy()
    d = np.hypot(*(here[:, None, :] - seats[None, :, :]).transpose(2, 0, 1)) / pull
    nearest = d.argmin(axis=1)
    table["postcode"] = mine["postcode"].to_numpy()[nearest]
    locality = mine["locality"].to_numpy()[nearest].astype(object)
    if len(network.hamlets):
        reach, which = cKDTree(network.hamlets[["row", "column"]].to_numpy()).query(here)
        own = (reach < d.min(axis=1) * pull[nearest]) & (d.min(axis=1) > 1.1)
        locality[own] = network.hamlets["locality"].to_numpy()[which[own]]
    table["locality"] = locality
    civic = (table["kind"] == "public").to_numpy()
    table["name"] = table.get("name", pd.Series(index=table.index, dtype=object)).astype(object)
    table.loc[civic, "name"] = table.loc[civic, "what"] + " " + table.loc[civic, "locality"] + " (fiktiv)"
    rank = {"business": 0, "public": 1, "household": 2, "holiday": 3}
    table["rank"] = table["kind"].map(rank)
    table = table.sort_values(["rank", "postcode", "chain", "x", "y"], kind="stable", ignore_index=True)
    letter = table["kind"].map({"business": "b", "public": "p", "household": "h", "holiday": "f"})
    serial = table.groupby("kind").cumcount() + 1
    table["place_id"] = code + "-" + letter + serial.astype(str).str.zfill(5)
    # No register number has letters: nobody can take it for a real one.
    firm = table["kind"] == "business"
    table["org_number"] = ("SYN" + code + serial.astype(str).str.zfill(5)).where(firm, None)
    table["municipality_code"] = code
    return table[[*COLUMNS, "x", "y"]]


__all__ = ["COLUMNS", "GRID_CORRECTION", "HOUSEHOLD_SIZE", "SEA", "homes_of", "make_premises", "seats_of"]
