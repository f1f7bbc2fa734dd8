"""Fixed coverage of one municipality, calibrated to the published shares of households.

The grain is the 250 m cell. Cells are taken from dense to sparse with coherent noise until the share is met, so
what is left out is the sparse end, in patches. Every class is made consistent with the others: the cells with
1000 Mbit/s are within those with 100, those within those with 30, and fibre is within 1000.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import rasterio.features
import shapely
from sample_land import CELL_M, CRS, Land, smooth_noise
from scipy import ndimage

# Every provider is made up.
FIBRE_BY_REGION = {
    "north": "Namlys Fiber",
    "inner": "Innfjord Lysnett",
    "coast": "Havbris Breiband",
    "south": "Dovrelys Fiber",
    "city": "Elvebyen Fiber",
}
SECOND_FIBRE = "Midtlys Breiband"
CABLE = "Bykoaks"
DSL = "Kobberlinja"
FWA = ("Luftsprang", "Radiobru")
DSL_CLOSES = dt.date(2025, 12, 31)
REGION = {
    "north": "5007 5042 5043 5044 5045 5046 5047 5049 5052 5060",
    "inner": "5006 5036 5037 5038 5041 5053 5035 5034",
    "coast": "5014 5020 5054 5055 5056 5057 5058",
    "south": "5021 5022 5025 5026 5027 5032 5033 5059 5061 5028 5029",
    "city": "5001 5031",
}


@dataclass
class Fixed:
    """Hold what one municipality contributes to each file of fixed coverage."""

    fibre: gpd.GeoDataFrame
    cable: gpd.GeoDataFrame
    planned: gpd.GeoDataFrame
    dsl: pd.DataFrame
    fwa: pd.DataFrame
    network: gpd.GeoDataFrame


def pick(
    score: np.ndarray,
    homes: np.ndarray,
    share: float,
    *,
    base: np.ndarray | None = None,
    within: np.ndarray | None = None,
) -> np.ndarray:
    """Choose cells by falling score until they hold the share of the homes; `base` is in, nothing outside `within`."""
    total = homes.sum()
    chosen = np.zeros(len(homes), bool) if base is None else base.copy()
    free = ~chosen if within is None else ~chosen & within
    target = share * total
    slack = max(0.5, 0.002 * total)
    falling = [k for k in np.lexsort((np.arange(len(score)), -score)) if free[k]]
    have, most = homes[chosen].sum(), homes[chosen | free].sum()
    if target > 0.5 * total:
        # Leave cells out from the low end instead: a large cell that comes late then cannot be missed.
        chosen |= free
        for k in reversed(falling):
            if most <= target + 0.25:
                break
            if most - homes[k] >= target - slack:
                chosen[k] = False
                most -= homes[k]
        return chosen
    for k in falling:
        if have >= target - 0.25:
            break
        if have + homes[k] <= target + slack:
            chosen[k] = True
            have += homes[k]
    return chosen


def region_of(code: str) -> str:
    """Return the part of the county that a municipality is in."""
    return next(name for name, codes in REGION.items() if code in codes.split())


def make_fixed(
    land: Land,
    index: int,
    places: pd.DataFrame,
    facts: pd.Series,
    mine: pd.DataFrame,
    nodes: np.ndarray,
    rng: np.random.Generator,
) -> Fixed:
    """Lay fibre, cable, DSL, FWA and planned builds over one municipality."""
    code = land.codes[index]
    view = land.window(index, 2)
    shape = land.centre_owner[view].shape
    r, c = land.cell_of(places["x"].to_numpy(), places["y"].to_numpy())
    flat = (r - view[0].start) * shape[1] + (c - view[1].start)
    cells = np.unique(flat)
    at = np.searchsorted(cells, flat)
    dwelling = (places["kind"] == "household").to_numpy()
    homes = np.bincount(at[dwelling], places["weight"].to_numpy()[dwelling], minlength=len(cells))
    grid = np.zeros(shape)
    grid.ravel()[cells] = homes
    dense = ndimage.gaussian_filter(grid, 1.3).ravel()[cells]
    urban = np.log(dense + 0.3)

    def coherent(grain: float) -> np.ndarray:
        return smooth_noise(rng, shape, grain).ravel()[cells]

    def share(column: str) -> float:
        return float(facts[column]) / 100

    s1000, s100, s30 = share("hh_fixed_1000_pct"), share("hh_fixed_100_pct"), share("hh_fixed_30_pct")
    fibre_share, cable_share = min(share("hh_fibre_pct"), s1000), share("hh_cable_pct")
    base_score = urban + 1.0 * coherent(7) + 0.5 * coherent(2)
    top = pick(base_score, homes, s1000)
    fast = pick(base_score + 0.7 * coherent(4), homes, s100, base=top)
    basic = pick(0.5 * urban + 1.2 * coherent(5), homes, s30, base=fast)
    # What reaches 1000 without fibre is cable, in the towns.
    only_cable = pick(urban + 0.8 * coherent(4), homes, max(0.0, s1000 - fibre_share), within=top)
    fibre = top & ~only_cable
    slow_cable = np.zeros(len(cells), bool)
    if cable_share > 0.05:
        slow_cable = pick(urban + coherent(3), homes, 0.003, within=basic & ~fast)
    cable = pick(urban + 0.6 * coherent(4), homes, max(0.0, cable_share), base=only_cable | slow_cable, within=fast)
    must_air = fast & ~top & ~cable
    air = pick(coherent(9) + 0.4 * coherent(2), homes, share("hh_fwa_pct"), base=must_air)
    must_copper = basic & ~fast & ~air & ~slow_cable
    copper = pick(0.5 * urban + coherent(6), homes, share("hh_dsl_pct"), base=must_copper)

    row, column = divmod(cells, shape[1])
    frame = {
        "cell_x": land.x0 + (column + view[1].start) * CELL_M,
        "cell_y": land.y0 + (row + view[0].start) * CELL_M,
    }
    n = len(cells)
    near_town = urban > np.quantile(urban, 0.6)
    down = np.where(rng.random(n) < 0.22, 40, np.where(rng.random(n) < 0.5, 20, 15))
    down = np.where(
        (down >= 30) & basic & near_town, np.where(rng.random(n) < 0.5, 50, 40), np.where(down >= 30, 20, down)
    )
    down = np.where(must_copper, np.where(rng.random(n) < 0.4, 50, 30), down)
    down = np.where(~basic, np.where(rng.random(n) < 0.6, 10, 20), down)
    dsl = pd.DataFrame(
        {
            **frame,
            "provider": DSL,
            "technology": "dsl",
            "down_mbps": down,
            "up_mbps": np.maximum(1, down // 5),
            "closes": DSL_CLOSES.isoformat(),
            "upgradeable": 0,
        }
    )[copper]
    speed = np.where(must_air, 100 + 50 * (rng.random(n) < 0.35), np.where(fast, 50 + 50 * (rng.random(n) < 0.5), 50))
    speed = np.where(basic & ~fast, np.where(rng.random(n) < 0.5, 30, 50), np.where(~basic, 20, speed))
    who = np.where(coherent(14) > 0.15, FWA[0], FWA[1])
    fwa = pd.DataFrame(
        {
            **frame,
            "provider": who,
            "technology": "fwa",
            "down_mbps": speed,
            "up_mbps": np.maximum(2, speed // 5),
            "upgradeable": 0,
        }
    )[air]

    provider = FIBRE_BY_REGION[region_of(code)]
    second = np.zeros(n, bool)
    if mine["central_homes"].max() > 700 or code == "5001":
        second = pick(urban + 1.2 * coherent(5), homes, 0.22 if code == "5001" else 0.10, within=fibre)
    taken = np.zeros(shape, bool)
    taken.ravel()[cells] = True

    def footprint(mask: np.ndarray, **offer: object) -> gpd.GeoDataFrame:
        """Dissolve cells to polygons; empty cells between covered ones are taken along."""
        field = np.zeros(shape, bool)
        field.ravel()[cells[mask]] = True
        if not field.any():
            return gpd.GeoDataFrame({k: [] for k in ("provider", *offer)}, geometry=[], crs=CRS)
        filled = ndimage.binary_closing(field, np.ones((3, 3)), iterations=2)
        field |= filled & ~taken & (land.cell_owner[view] == index)
        place = rasterio.Affine(
            CELL_M, 0, land.x0 + view[1].start * CELL_M, 0, CELL_M, land.y0 + view[0].start * CELL_M
        )
        shapes = [
            shapely.geometry.shape(g)
            for g, v in rasterio.features.shapes(field.astype("uint8"), mask=field, transform=place)
            if v
        ]
        shapes = shapely.normalize(shapely.set_precision(shapes, 1.0))
        return gpd.GeoDataFrame({k: [v] * len(shapes) for k, v in offer.items()}, geometry=shapes, crs=CRS)

    fibre_frame = pd.concat(
        [
            footprint(fibre, provider=provider, technology="fibre", down_mbps=1000, up_mbps=1000, status="existing"),
            footprint(second, provider=SECOND_FIBRE, technology="fibre", down_mbps=500, up_mbps=500, status="existing"),
        ]
    )
    cable_frame = pd.concat(
        [
            footprint(
                cable & top,
                provider=CABLE,
                technology="cable",
                down_mbps=1000,
                up_mbps=50,
                status="existing",
                upgradeable=0,
            ),
            footprint(
                cable & fast & ~top,
                provider=CABLE,
                technology="cable",
                down_mbps=500,
                up_mbps=50,
                status="existing",
                upgradeable=1,
            ),
            footprint(
                slow_cable,
                provider=CABLE,
                technology="cable",
                down_mbps=50,
                up_mbps=10,
                status="existing",
                upgradeable=1,
            ),
        ]
    )

    # Planned builds: patches next to today's fibre; some soon, some after the policy's horizon.
    todo = ~fast
    field = np.zeros(shape, bool)
    field.ravel()[cells[fibre]] = True
    away = ndimage.distance_transform_edt(~field).ravel()[cells] if field.any() else np.full(n, 9.0)
    wish = -0.35 * away + 1.4 * coherent(5)
    gap = homes[todo].sum() / homes.sum()
    soon = pick(wish, homes, 0.10 * gap, within=todo)
    later = pick(wish, homes, 0.06 * gap, within=todo & ~soon)
    soon_date = dt.date(2023 + int(rng.integers(0, 2)), int(rng.choice([3, 6, 9, 12])), 1)
    late_date = dt.date(2026 + int(rng.integers(0, 2)), 6, 1)
    planned = pd.concat(
        [
            footprint(
                soon,
                provider=provider,
                technology="fibre",
                down_mbps=1000,
                up_mbps=1000,
                status="planned",
                available_from=soon_date.isoformat(),
            ),
            footprint(
                later,
                provider=provider,
                technology="fibre",
                down_mbps=1000,
                up_mbps=1000,
                status="planned",
                available_from=late_date.isoformat(),
            ),
        ]
    )

    # Exchanges and street cabinets of the fibre operator: a road node in each settlement and larger patch with fibre.
    width = shape[1]
    nr, nc = land.cell_of(nodes[:, 0], nodes[:, 1])
    inside = (nr >= view[0].start) & (nr < view[0].stop) & (nc >= view[1].start) & (nc < view[1].stop)
    nodes, nr, nc = nodes[inside], nr[inside] - view[0].start, nc[inside] - view[1].start
    label, patches = ndimage.label(field, np.ones((3, 3)))
    held = ndimage.sum_labels(grid, label, np.arange(1, patches + 1)) if patches else []
    lit = field[nr, nc]
    found = []
    if lit.any():
        xy, patch = nodes[lit], label[nr[lit], nc[lit]]
        density = ndimage.gaussian_filter(grid, 1.5).ravel()[nr[lit] * width + nc[lit]]
        for p in range(1, patches + 1):
            here = np.flatnonzero(patch == p)
            if len(here) and held[p - 1] >= 5:
                best = here[np.lexsort((xy[here, 1], xy[here, 0], -density[here]))[0]]
                found.append((*xy[best], "exchange" if held[p - 1] >= 150 else "node"))
        for seat in mine.itertuples():
            x = land.x0 + (seat.column + 0.5) * CELL_M
            y = land.y0 + (seat.row + 0.5) * CELL_M
            d = np.hypot(xy[:, 0] - x, xy[:, 1] - y)
            if d.min() < 1500:
                found.append((*xy[d.argmin()], "exchange"))
    table = pd.DataFrame(found, columns=["x", "y", "kind"]).drop_duplicates(["x", "y"]).sort_values(["x", "y"])
    network = gpd.GeoDataFrame(
        {"provider": provider, "kind": table["kind"], "municipality_code": code},
        geometry=gpd.points_from_xy(table["x"], table["y"]),
        crs=CRS,
    )
    return Fixed(fibre_frame, cable_frame, planned, dsl, fwa, network)
