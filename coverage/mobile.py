"""Read the mobile level of every place, per operator and technology: from rasters in dBm or classes, or polygons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import rasterio
from rasterio.errors import RasterioError
from rasterio.transform import rowcol
from rasterio.windows import Window

from coverage.crs import to_crs
from coverage.errors import CrsError, DataError
from coverage.inputs import MobileLayer
from coverage.policy import Policy
from coverage.polygon_index import pair
from coverage.schemas import MOBILE_LEVELS

Floats = npt.NDArray[np.float64]
Levels = npt.NDArray[np.int8]  # index into MOBILE_LEVELS

MAX_CELLS: Final = 16_000_000  # of a raster held in memory at once


@dataclass(frozen=True)
class LevelTable:
    """Hold levels (places × series) and signals in dBm (NaN: not known); a series is one operator and technology.

    `indoor` are the levels left indoors, -1 where the policy has no rule that tells.
    """

    series: tuple[tuple[str, str], ...]
    level: Levels
    signal_dbm: Floats
    indoor: Levels

    def table(self, place_id: pd.Series) -> pd.DataFrame:
        """Return schemas.MOBILE: one row per place and series with a level, in the order of the places."""
        row, column = np.nonzero(self.level)
        names = pd.DataFrame(list(self.series), columns=["operator", "technology"], dtype="str")
        return pd.DataFrame(
            {
                "place_id": place_id.astype("str").array.take(row),
                "operator": names["operator"].array.take(column),
                "technology": names["technology"].array.take(column),
                "level": pd.array(list(MOBILE_LEVELS), dtype="str").take(self.level[row, column]),
                "signal_dbm": self.signal_dbm[row, column],
            }
        )


def measure_levels(places: gpd.GeoDataFrame, layers: Sequence[MobileLayer], *, policy: Policy) -> LevelTable:
    """Read every layer at every place; several layers of one operator and technology give the best of them.

    Indoors, a signal in dBm has lost what the policy says walls take, and its level follows from what is left. Where
    a source gives levels, or the policy no loss, the policy's indoor level and those above it are "basic" indoors, and
    nothing more: levels hold margins already, so no loss is taken from them. Raises DataError or CrsError naming the
    layer that cannot be read.
    """
    series = tuple(sorted({(layer.operator, layer.technology) for layer in layers}))
    level = np.zeros((len(places), len(series)), dtype=np.int8)
    indoor = np.full_like(level, -1)
    signal = np.full((len(places), len(series)), np.nan)
    for layer in layers:
        column = series.index((layer.operator, layer.technology))
        if layer.raster is not None and not layer.classes:
            dbm = sample(places, layer)
            found = classify(dbm, policy=policy)
            signal[:, column] = np.fmax(signal[:, column], dbm)
            loss = policy.mobile.indoor_loss_db
            inside = classify(dbm - loss, policy=policy) if loss else _indoors(found, policy)
        elif layer.raster is not None:
            found = name_classes(sample(places, layer), layer)
            inside = _indoors(found, policy)
        elif layer.polygons is not None:
            found = _polygon_levels(places, layer)
            inside = _indoors(found, policy)
        else:
            raise DataError(f"{layer.source}: the mobile layer has neither a raster nor polygons")
        level[:, column] = np.maximum(level[:, column], found)
        indoor[:, column] = np.maximum(indoor[:, column], inside)
    return LevelTable(series, level, signal, indoor)


def _indoors(level: Levels, policy: Policy) -> Levels:
    if not policy.mobile.indoor_level:
        return np.full_like(level, -1)
    return (level >= MOBILE_LEVELS.index(policy.mobile.indoor_level)).astype(np.int8)


def operator_levels(levels: LevelTable, *, policy: Policy) -> dict[str, Levels]:
    """Return the best level of each operator by any of the policy's technologies, by name in alphabetical order."""
    best: dict[str, Levels] = {}
    for number, (operator, technology) in enumerate(levels.series):
        if technology in policy.mobile.technologies:
            best[operator] = np.maximum(best.get(operator, np.int8(0)), levels.level[:, number])
    return dict(sorted(best.items()))


def summarise_levels(levels: LevelTable, *, policy: Policy) -> dict[str, Any]:
    """Return the mobile columns of schemas.SERVICE: the best level of any operator, and how many reach the policy's.

    Only the policy's technologies count. `mobile_level` and `mobile_level_indoor` are null where there is no layer of
    any of them, the latter also where the policy has no rule for use indoors. `mobile_single_operator` is set where
    exactly one operator has the policy's level: no other takes over when its net is down.
    """
    counted = [
        number for number, (_, technology) in enumerate(levels.series) if technology in policy.mobile.technologies
    ]
    rows = len(levels.level)
    unknown = pd.array([None] * rows, dtype="str")
    words = pd.array(list(MOBILE_LEVELS), dtype="str")
    operators: dict[str, npt.NDArray[np.bool_]] = {}
    for number in counted:
        operator = levels.series[number][0]
        enough = levels.level[:, number] >= MOBILE_LEVELS.index(policy.mobile.level)
        operators[operator] = operators.get(operator, False) | enough
    reached = np.sum(list(operators.values()), axis=0, dtype=np.int64) if counted else np.zeros(rows, np.int64)
    indoor = levels.indoor[:, counted].max(axis=1, initial=-1)
    return {
        "mobile_level": words.take(levels.level[:, counted].max(axis=1)) if counted else unknown,
        "mobile_operators": reached,
        "mobile_single_operator": reached == 1,
        "mobile_level_indoor": words.take(indoor, allow_fill=True) if counted else unknown,
    }


def classify(dbm: Floats, *, policy: Policy) -> Levels:
    """Turn signal levels into indices of MOBILE_LEVELS: a level holds from its threshold upwards; NaN is none."""
    rules = policy.mobile
    thresholds = np.array([rules.basic_dbm, rules.good_dbm, rules.very_good_dbm])
    return np.where(np.isnan(dbm), 0, np.searchsorted(thresholds, dbm, side="right")).astype(np.int8)


def name_classes(values: Floats, layer: MobileLayer) -> Levels:
    """Turn the values of a raster of classes into indices of MOBILE_LEVELS; NaN is none.

    Raises DataError for a value that `layer.classes` does not name, and for a level that is none of ours.
    """
    known = np.array(sorted(layer.classes), dtype=float)
    for value, level in layer.classes.items():
        if level not in MOBILE_LEVELS:
            listed = ", ".join(MOBILE_LEVELS)
            raise DataError(f"{layer.source}: class {value:g} is said to be {level!r}; expected one of {listed}")
    ranks = np.array([MOBILE_LEVELS.index(layer.classes[value]) for value in known], dtype=np.int8)
    at = np.searchsorted(known, values).clip(max=len(known) - 1)
    strange = ~np.isnan(values) & (known[at] != values)
    if strange.any():
        raise DataError(
            f"{layer.source}: the raster holds the class {values[strange][0]:g}; "
            f"expected one of {', '.join(f'{value:g}' for value in known)}"
        )
    return np.where(np.isnan(values), 0, ranks[at]).astype(np.int8)


def sample(places: gpd.GeoDataFrame, layer: MobileLayer) -> Floats:
    """Read the first band of a layer's raster at each place, as ``rasterio.sample`` does; scale and offset are applied.

    Places are reprojected to the raster. NaN: nodata, masked or outside. Raises CrsError where the raster states no
    coordinate system, DataError where it cannot be read.
    """
    try:
        with rasterio.open(layer.raster) as raster:
            if raster.crs is None:
                raise CrsError(f"{layer.source}: the raster {raster.name} states no coordinate system")
            return _sample(raster, *_coordinates(places, raster.crs.to_wkt()))
    except RasterioError as error:
        detail = " ".join(str(error).split())
        raise DataError(f"{layer.source}: the raster {layer.raster} cannot be read ({detail})") from error


def _coordinates(places: gpd.GeoDataFrame, wkt: str) -> tuple[Floats, Floats]:
    x, y = places.geometry.x.to_numpy(), places.geometry.y.to_numpy()
    target = pyproj.CRS.from_wkt(wkt)
    if pyproj.CRS.from_user_input(places.crs) != target:
        x, y = pyproj.Transformer.from_crs(places.crs, target, always_xy=True).transform(x, y)
    return x, y


def _sample(raster: Any, x: Floats, y: Floats) -> Floats:
    out = np.full(len(x), np.nan)
    finite = np.flatnonzero(np.isfinite(x) & np.isfinite(y))  # a point that the raster's CRS cannot hold is outside
    row, col = rowcol(raster.transform, x[finite], y[finite], op=np.floor)
    inside = (row >= 0) & (row < raster.height) & (col >= 0) & (col < raster.width)
    if not inside.any():
        return out
    at, row, col = finite[inside], row[inside].astype(np.int64), col[inside].astype(np.int64)
    left, width = int(col.min()), int(col.max() - col.min()) + 1
    height = max(1, MAX_CELLS // width)
    strip = (row - row.min()) // height
    for number in np.unique(strip):
        chosen = np.flatnonzero(strip == number)
        top = int(row[chosen].min())
        window = Window(left, top, width, int(row[chosen].max()) - top + 1)
        values = raster.read(1, window=window, masked=True)[row[chosen] - top, col[chosen] - left]
        dbm = values.astype(np.float64).filled(np.nan)
        out[at[chosen]] = dbm * raster.scales[0] + raster.offsets[0]
    return out


def polygon_ranks(layer: MobileLayer, crs: Any) -> Levels:
    """Return the level of each polygon of a layer as an index of MOBILE_LEVELS.

    Raises CrsError where the layer is not in `crs`, DataError where a level is missing or none of ours.
    """
    polygons = layer.polygons
    assert polygons is not None  # noqa: S101 - for the type checker; the caller has looked
    if to_crs(polygons, crs, where=layer.source) is not polygons:
        raise CrsError(f"{layer.source}: the layer is in {polygons.crs}, the places in {crs}")
    if "level" not in polygons:
        raise DataError(f"{layer.source}: column 'level' is missing; expected {', '.join(MOBILE_LEVELS)}")
    rank = pd.Index(MOBILE_LEVELS).get_indexer(polygons["level"])
    if (rank < 0).any():
        found = polygons["level"].to_numpy()[rank < 0][0]
        raise DataError(f"{layer.source}: level {found!r} is none of {', '.join(MOBILE_LEVELS)}")
    return rank.astype(np.int8)


def _polygon_levels(places: gpd.GeoDataFrame, layer: MobileLayer) -> Levels:
    polygons = layer.polygons
    assert polygons is not None  # noqa: S101 - for the type checker; the caller has looked
    rank = polygon_ranks(layer, places.crs)
    shapes = np.asarray(polygons.geometry.array, dtype=object)
    place, polygon = pair(np.asarray(places.geometry.array, dtype=object), shapes)
    best = np.zeros(len(places), dtype=np.int8)
    np.maximum.at(best, place, rank[polygon])
    return best
