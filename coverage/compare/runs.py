"""Read back what `assess` wrote into a folder, as far as two runs are compared by it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from coverage.errors import DataError

NEEDED: Final = ("run.json", "summary.json", "areas.parquet", "places.parquet")
TRACED: Final = ("study", "fingerprint", "inputs", "policy", "costs", "scenario", "sources", "versions")

# What is known of premises before any rule is applied to them.
PREMISES: Final = (
    "kind", "weight", "buildings", "municipality_code", "employees", "year_round", "funded_earlier", "nace",
    "ground_km2", "ground_covered_share", "geometry",
)  # fmt: skip
# Fixed and mobile service and the plans for it, as far as verdicts and criteria follow from it. A policy may count
# other offers, so these can change with it too.
FIXED: Final = (
    "fixed_down_mbps", "fixed_up_mbps", "fixed_class_down_mbps", "fixed_class_up_mbps", "fixed_networks_100",
    "fixed_networks_100_planned", "fixed_networks_100_lapsed", "planned_down_mbps", "planned_up_mbps", "planned_date",
    "planned_networks", "upgradeable", "service_basis",
)  # fmt: skip
MOBILE: Final = ("mobile_level", "mobile_operators")
SOURCES: Final = ("fixed_source", "planned_source", "uncounted_source")  # of the offers that were looked at
VERDICT: Final = ("eligible", "short_mobile", "area_id", "mobile_area_id")
PLACES: Final = frozenset({"place_id", *PREMISES, *FIXED, *MOBILE, *SOURCES, *VERDICT})
SHARES: Final = "share_"


@dataclass(frozen=True, eq=False)
class Run:
    """Hold one finished run: `run` is its run.json; `areas` and `places` are without geometry to draw.

    `areas` is in the order of area_id; `places` holds place_id and those of the columns above that are there
    (`geometry` as bytes, to see whether a place has moved).
    """

    folder: Path
    run: Mapping[str, Any]
    summary: Mapping[str, Any]
    areas: pd.DataFrame
    places: pd.DataFrame

    @property
    def scenario(self) -> Mapping[str, Any]:
        """Return the scenario as plain values."""
        found: Mapping[str, Any] = self.run["scenario"]
        return found


def read_run(folder: Path) -> Run:
    """Read the outputs of one run. Raises DataError where the folder is none that `assess` wrote."""
    for name in NEEDED:
        if not (folder / name).is_file():
            raise DataError(f"{folder}: there is no {name}; expected a folder that `assess` wrote")
    run, summary = read_json(folder / "run.json"), read_json(folder / "summary.json")
    lacking = [name for name in TRACED if name not in run]
    if lacking:
        raise DataError(f"{folder / 'run.json'}: {lacking[0]!r} is missing; expected what `assess` writes")
    areas, places = _parquet(folder / "areas.parquet"), _parquet(folder / "places.parquet", compared)
    return make_run(folder, run, summary, areas=areas, places=places)


def make_run(
    folder: Path, run: Mapping[str, Any], summary: Mapping[str, Any], *, areas: pd.DataFrame, places: pd.DataFrame
) -> Run:
    """Return a run made of what its files hold. Raises DataError where an id is missing or stands twice."""
    for name, table, key in (("areas.parquet", areas, "area_id"), ("places.parquet", places, "place_id")):
        if key not in table or table[key].duplicated().any():
            raise DataError(f"{folder / name}: expected a column {key!r} in which no value stands twice")
    areas = areas.drop(columns="geometry", errors="ignore").sort_values("area_id", ignore_index=True)
    return Run(folder, run, summary, areas, places)


def compared(name: str) -> bool:
    """Say whether runs are compared by a column of their places."""
    return name in PLACES or name.startswith(SHARES)


def read_json(path: Path) -> Mapping[str, Any]:
    """Read one of a run's files of JSON. Raises DataError where it is none, or no table."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not readable as JSON ({error}); expected what `assess` writes") from error
    if not isinstance(found, dict):
        raise DataError(f"{path}: holds a {type(found).__name__}; expected what `assess` writes")
    return found


def _parquet(path: Path, wanted: Callable[[str], bool] | None = None) -> pd.DataFrame:
    """Read a table, or those of its columns that are wanted."""
    try:
        names = pq.read_schema(path).names
        chosen = [name for name in names if wanted is None or wanted(name)]
        return pd.read_parquet(path, columns=chosen)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: not readable as Parquet ({error}); expected what `assess` writes") from error
