"""Runs that `assess` wrote earlier: found in a folder, and read back as far as they hold an assessment.

A run holds its places, areas, routes and masts, and its figures. It does not hold cost lines, mobile layers, rejected
rows and corrections, nor how firm its list is: of an assessment that is read back these are empty. The texts that say
why places are judged as they are stay in the file: they follow from the rest, and are most of it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyogrio.errors

from coverage.assessment import Assessment
from coverage.compare.runs import NEEDED, read_json
from coverage.errors import CoverageError, DataError
from coverage.kinds import is_mobile
from coverage.policy import load_policy
from coverage.scenario import Scenario

MOST: Final = 100  # runs that are listed, the newest first
MARK: Final = 12  # hexadecimal digits that a run is named by
TEXTS: Final = ("reason", "reason_nb", "change", "change_nb")
READ_BACK: Final = "read_back"  # in the provenance of an assessment that was read back: the run's name
PLACES: Final = (
    "place_id", "kind", "weight", "municipality_code", "tier", "gap_kind", "short_fixed", "short_mobile", "eligible",
    "area_id", "mobile_level",
)  # fmt: skip
AREAS: Final = (
    "area_id", "kind", "municipality_code", "name", "rank", "score", "decision", "ranked_decision", "certainty",
    "premises", "businesses", "households", "technology", "grant", "funding_gap_p10", "funding_gap_p50",
    "funding_gap_p90",
)  # fmt: skip


@dataclass(frozen=True)
class Earlier:
    """Name one run. `id` follows from what it holds and says nothing of where it lies; `made` is in local time."""

    id: str
    folder: Path
    study: str
    made: dt.datetime
    as_of: dt.date
    scenario: Scenario


@dataclass(frozen=True)
class Listing:
    """Hold the runs of one study in a folder, the newest first, and what else lies there.

    `broken` are the names of folders with a run.json that cannot be read; `others` counts runs of other studies.
    """

    runs: tuple[Earlier, ...] = ()
    broken: tuple[str, ...] = ()
    others: int = 0

    def find(self, run_id: str) -> Earlier | None:
        """Return the run of that name, or None: nothing that is not listed can be named."""
        return next((run for run in self.runs if run.id == run_id), None)


def list_runs(root: Path, *, study: str) -> Listing:
    """List the runs of a study in a folder: the folder itself and those directly below it that hold a run.json."""
    runs: dict[str, Earlier] = {}
    broken, others = [], 0
    below = sorted(root.iterdir()) if root.is_dir() else []
    for folder in [root, *(item for item in below if not item.name.startswith("."))]:  # a dot: being written
        file = folder / NEEDED[0]
        if not file.is_file():
            continue
        try:
            told = file.stat()
            found = _headed(folder, told.st_mtime_ns, told.st_size)
        except (CoverageError, OSError, LookupError, TypeError, ValueError, AttributeError):
            broken.append(folder.name)
            continue
        if found.study != study:
            others += 1
        elif found.id not in runs or runs[found.id].made < found.made:
            runs[found.id] = found
    newest = sorted(runs.values(), key=lambda run: (run.made, run.id), reverse=True)
    return Listing(tuple(newest[:MOST]), tuple(broken), others)


@functools.lru_cache(maxsize=4 * MOST)
def _headed(folder: Path, modified_ns: int, _size: int) -> Earlier:
    """Read what names a run; kept until its run.json is another."""
    run, summary = (read_json(folder / name) for name in NEEDED[:2])
    return Earlier(
        id=hashlib.sha256((folder / NEEDED[0]).read_bytes()).hexdigest()[:MARK],
        folder=folder,
        study=str(run["study"]),
        made=dt.datetime.fromtimestamp(modified_ns / 1e9).astimezone(),
        as_of=dt.date.fromisoformat(summary["as_of"]),
        scenario=Scenario.from_mapping(run["scenario"], where=NEEDED[0]),
    )


def read_back(earlier: Earlier, present: Assessment) -> Assessment:
    """Return a run as an assessment, over the municipalities and the cost book of the present one of the same study.

    `assess` withholds nothing, so it is an internal one. Raises DataError or PolicyError, with one sentence, where it
    cannot be drawn and compared.
    """
    run, summary = (read_json(earlier.folder / name) for name in NEEDED[:2])
    if str(run["study"]) != present.study.id:
        raise DataError(f"this run is of the study {run['study']!r}; expected {present.study.id!r}")
    policy = earlier.scenario.shape(load_policy(earlier.scenario.policy))
    places = _frame(earlier.folder, "places.parquet", PLACES, present)
    areas = _frame(earlier.folder, "areas.parquet", AREAS, present)
    if unknown := sorted(set(places["tier"]) - set(policy.tier_ids)):
        raise DataError(
            f"places of this run are in the tier {unknown[0]!r}, which {policy.id} has no more; "
            "run `assess` again to compare with it"
        )
    return Assessment(
        places=places,
        areas=areas,
        routes=_layer(earlier.folder, "routes", areas, present),
        municipalities=present.municipalities,
        cost_lines=present.cost_lines.iloc[:0],
        rejected=present.rejected.iloc[:0],
        study=dataclasses.replace(present.study, as_of=earlier.as_of, data_status=str(summary["data_status"])),
        scenario=earlier.scenario,
        policy=policy,
        costs=present.costs,
        mobile=(),
        summary=dict(summary),
        provenance={**run, READ_BACK: earlier.id},
        sites=_layer(earlier.folder, "sites", areas[is_mobile(areas)], present),
    )


def _frame(folder: Path, name: str, needed: tuple[str, ...], present: Assessment) -> gpd.GeoDataFrame:
    try:
        names = [column for column in pq.read_schema(folder / name).names if column not in TEXTS]
        found = gpd.read_parquet(folder / name, columns=names)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError(f"{name} of this run is not there or not readable; expected what `assess` writes") from error
    lacking = [column for column in needed if column not in found]
    if lacking:
        raise DataError(
            f"{name} of this run has no column {lacking[0]!r}; an older program wrote it, run `assess` again"
        )
    if found.crs != present.places.crs:
        raise DataError(f"{name} of this run is in another coordinate system than the study is now")
    return found


def _layer(folder: Path, layer: str, areas: gpd.GeoDataFrame, present: Assessment) -> gpd.GeoDataFrame:
    """Return a layer of the run's GeoPackage with a row for each area; empty where it holds none, or not all."""
    try:
        found = pyogrio.read_dataframe(folder / "assessment.gpkg", layer=layer)
    except (OSError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError):
        found = None
    whole = found is not None and "area_id" in found and set(areas["area_id"]) <= set(found["area_id"])
    if found is None or not whole or found.crs != present.places.crs:
        nothing: dict[str, Any] = {"area_id": pd.array([], dtype="str")}
        return gpd.GeoDataFrame(nothing, geometry=[], crs=present.places.crs)
    return found
