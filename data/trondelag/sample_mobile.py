"""Mobile signal of one municipality in dBm, bent so that the published shares of households come out.

Masts stand at settlements and along main roads of the whole county, so neighbours meet. The signal is a loss with
distance plus coherent shadow. A rising curve then takes each municipality's best signal to -100 dBm at the share
that has 30 Mbit/s and to -90 dBm at the share that has 100 Mbit/s.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import rasterio.features
import shapely
from sample_fixed import pick
from sample_land import CELL_M, CRS, SEA, SEED, Land, smooth_noise, unit
from scipy import ndimage
from scipy.spatial import cKDTree

RASTER_OPERATORS = ("Nordlurmobil", "Trollsignal")
POLYGON_OPERATOR = "Kystklang"
TECHNOLOGIES = ("4g", "5g")
GOOD_DBM, VERY_GOOD_DBM, BASIC_DBM = -100, -90, -110
LEVELS = ((BASIC_DBM, "basic"), (GOOD_DBM, "good"), (VERY_GOOD_DBM, "very_good"))
NODATA = -32768
LOWEST, HIGHEST = -128, -55
# Over water the signal of the nearest shore goes on, weaker by so much per kilometre; beyond the reach there is none.
SEA_REACH_KM, SEA_LOSS_DB_PER_KM = 10.0, 1.5
# The municipalities by the sea or a fjord: elsewhere the neighbour of the county is land.
COASTAL = (
    "5001", "5006", "5007", "5014", "5020", "5028", "5029", "5031", "5035", "5036", "5037",
    "5038", "5049", "5052", "5053", "5054", "5055", "5056", "5057", "5058", "5059", "5060",
)  # fmt: skip


@dataclass
class Air:
    """Hold the county's masts and shadow fields per operator and technology."""

    masts: dict[tuple[str, str], tuple[cKDTree, np.ndarray]]
    shadow: dict[tuple[str, str], np.ndarray]
    points: pd.DataFrame


def make_air(land: Land, main: np.ndarray) -> Air:
    """Put up the masts and draw the shadows, for the county as a whole."""
    rng = np.random.default_rng([SEED, 3])
    width = land.shape[1]
    towns = land.settlements[["row", "column"]].to_numpy()
    big = land.settlements["residents"].to_numpy()
    ends = np.unique(main)
    ends = ends[land.centre_owner.ravel()[ends] >= 0]
    masts, shadow, points = {}, {}, []
    common = smooth_noise(rng, land.shape, 9)
    for operator, reach in zip((*RASTER_OPERATORS, POLYGON_OPERATOR), (1.0, 0.85, 0.6), strict=True):
        along = ends[rng.random(len(ends)) < reach / 26]
        sites = np.concatenate([towns[rng.random(len(towns)) < 0.55 + 0.4 * reach], np.stack(divmod(along, width), 1)])
        for technology in TECHNOLOGIES:
            if technology == "5g":
                strong = np.r_[big > 1500, np.zeros(len(along), bool)][: len(sites)]
                used = sites[(rng.random(len(sites)) < 0.16) | strong]
            else:
                used = sites
            power = rng.normal(0, 3, len(used))
            masts[operator, technology] = (cKDTree(used + rng.uniform(0, 0.9, used.shape)), power)
            own = smooth_noise(rng, land.shape, 5)
            fine = 0 if operator == POLYGON_OPERATOR else 1.3 * smooth_noise(rng, land.shape, 1.2)
            shadow[operator, technology] = (4.0 * common + 3.5 * own + fine - 6 * (1 - reach)).astype(np.float32)
            for r, c in used.tolist():
                points.append((operator, technology, land.x0 + (c + 0.5) * CELL_M, land.y0 + (r + 0.5) * CELL_M))
    table = pd.DataFrame(points, columns=["operator", "technology", "x", "y"])
    return Air(masts, shadow, table.assign(height_m=_mast_heights(land, table)))


def _mast_heights(land: Land, points: pd.DataFrame) -> np.ndarray:
    """Return how high the antennas hang above the ground: by the position alone, for a mast is one for all on it.

    In settlements they hang on roofs and short masts, between them on taller ones.
    """
    rows, columns = land.cell_of(points["x"].to_numpy(), points["y"].to_numpy())
    draw = unit(rows.astype(np.uint64) * np.uint64(1 << 20) + columns.astype(np.uint64))
    towns = set(zip(land.settlements["row"].tolist(), land.settlements["column"].tolist(), strict=True))
    in_town = np.array([cell in towns for cell in zip(rows.tolist(), columns.tolist(), strict=True)])
    return np.where(in_town, np.choose((draw * 4).astype(int), (18, 24, 24, 30)),
                    np.choose((draw * 4).astype(int), (24, 30, 36, 42)))  # fmt: skip


def make_mobile(
    land: Land, air: Air, index: int, places: pd.DataFrame, facts: pd.Series
) -> tuple[dict[tuple[str, str], np.ndarray], tuple[slice, slice], np.ndarray, gpd.GeoDataFrame]:
    """Return the signal (whole dBm) per operator and technology on the municipality's cells, and level polygons."""
    view = land.window(index)
    mask = land.cell_owner[view] == index
    rows, columns = np.nonzero(mask)
    at = np.stack([rows + view[0].start, columns + view[1].start], 1)
    flat = at[:, 0] * land.shape[1] + at[:, 1]
    dwelling = places[places["kind"] == "household"]
    r, c = land.cell_of(dwelling["x"].to_numpy(), dwelling["y"].to_numpy())
    where = np.searchsorted(flat, r * land.shape[1] + c)
    homes = np.bincount(where, dwelling["weight"].to_numpy(), minlength=len(flat))
    lived = homes > 0
    operators = (*RASTER_OPERATORS, POLYGON_OPERATOR)
    result, polygons = {}, []
    for technology in TECHNOLOGIES:
        raw = []
        for operator in operators:
            tree, power = air.masts[operator, technology]
            d, near = tree.query(at, k=min(4, tree.n))
            km = (d + 0.6) * CELL_M / 1000
            slope = 33 if technology == "4g" else 40
            level = np.max(-74 - slope * np.log10(km) + power[near], axis=1)
            raw.append(level + air.shadow[operator, technology].ravel()[flat])
        raw = np.stack(raw)
        best = raw.max(axis=0)
        good_share = float(facts[f"hh_{technology}_30_pct"]) / 100
        best_share = float(facts[f"hh_{technology}_100_pct"]) / 100
        very = pick(best, homes, best_share, within=lived)
        good = pick(best, homes, good_share, base=very, within=lived)
        bent = _bend(raw, best, homes, good_share, best_share)
        # The last homes: a whole cell may be too much for the share, then the next one takes its place.
        strongest = raw == best
        for mask_of, floor in ((good, GOOD_DBM), (very, VERY_GOOD_DBM)):
            lift = mask_of & (bent.max(axis=0) < floor)
            bent = np.where(strongest & lift, floor, bent)
            bent = np.where((lived & ~mask_of) & (bent >= floor), floor - 1, bent)
        for k, operator in enumerate(operators):
            if operator == POLYGON_OPERATOR:
                polygons.append(_levels(land, view, rows, columns, bent[k], technology))
            else:
                result[operator, technology] = bent[k].astype(np.int16)
    return result, view, mask, pd.concat(polygons, ignore_index=True)


def carry_out_to_sea(land: Land, values: np.ndarray) -> np.ndarray:
    """Return the signal with that of the nearest shore carried out over the sea; a shore without one carries none."""
    water = land.cell_owner == SEA
    distance, (row, column) = ndimage.distance_transform_edt(water, return_indices=True)
    shore, owner = values[row, column], land.cell_owner[row, column]
    km = distance * CELL_M / 1000
    weaker = np.floor(shore - SEA_LOSS_DB_PER_KM * km)
    coastal = np.isin(owner, [land.codes.index(code) for code in COASTAL])
    heard = water & coastal & (shore != NODATA) & (km <= SEA_REACH_KM) & (weaker >= LOWEST)
    return np.where(heard, weaker, values).astype(np.int16)


def _bend(raw: np.ndarray, best: np.ndarray, homes: np.ndarray, good: float, very: float) -> np.ndarray:
    """Take the signal through a rising curve with the two shares as its knots, to whole dBm."""
    order = np.argsort(-best, kind="stable")
    run = np.cumsum(homes[order]) / homes.sum()

    def knot(share: float) -> float:
        if share <= 0:
            return float(best.max()) + 6.0
        return float(best[order[min(np.searchsorted(run, share), len(order) - 1)]])

    low, high = knot(good), knot(very)
    high = max(high, low + 2.0)
    xs = np.array([low - 40, low, high, high + 40])
    ys = np.array([GOOD_DBM - 30.0, GOOD_DBM, VERY_GOOD_DBM, VERY_GOOD_DBM + 32.0])
    bent = np.interp(raw, xs, ys)
    return np.clip(np.floor(bent + 1e-9), LOWEST, HIGHEST)


def _levels(
    land: Land, view: tuple[slice, slice], rows: np.ndarray, columns: np.ndarray, signal: np.ndarray, technology: str
) -> gpd.GeoDataFrame:  # fmt: skip
    """Turn one operator's signal into polygons per level; the levels do not overlap."""
    step = np.zeros(land.cell_owner[view].shape, np.uint8)
    step[rows, columns] = np.searchsorted([low for low, _ in LEVELS], signal, side="right")
    place = rasterio.Affine(CELL_M, 0, land.x0 + view[1].start * CELL_M, 0, CELL_M, land.y0 + view[0].start * CELL_M)
    found = list(rasterio.features.shapes(step, mask=step > 0, transform=place))
    shapes = shapely.normalize(shapely.set_precision([shapely.geometry.shape(g) for g, _ in found], 1.0))
    return gpd.GeoDataFrame(
        {
            "operator": POLYGON_OPERATOR,
            "technology": technology,
            "level": [LEVELS[int(v) - 1][1] for _, v in found],
        },
        geometry=shapes,
        crs=CRS,
    )
