"""Everything that a value tells as text: of frames every cell, name and coordinate, of dataclasses every field."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely


def texts_of(value: Any) -> Iterator[str]:
    """Yield the texts of a value, one by one; positions as `x y` in whole metres."""
    if isinstance(value, pd.DataFrame):
        yield from map(str, value.columns)
        yield from map(str, value.attrs)
        for name in value:
            if isinstance(value[name], gpd.GeoSeries):
                yield from positions_of(value[name])
            else:
                yield from (str(one) for one in pd.Series(value[name].unique()).dropna())
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from texts_of(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from texts_of(key)
            yield from texts_of(one)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for one in value:
            yield from texts_of(one)
    elif isinstance(value, (np.ndarray, pd.Series)):
        yield from map(str, np.asarray(value).ravel())
    elif isinstance(value, Path):
        yield value.name  # where a study lies on this machine is no part of it
    elif value is not None:
        yield str(value)


def positions_of(shapes: gpd.GeoSeries) -> Iterator[str]:
    """Yield every vertex of some shapes as `x y` in whole metres."""
    for x, y in shapely.get_coordinates(np.asarray(shapes.array, dtype=object)).round():
        yield f"{x:.0f} {y:.0f}"
