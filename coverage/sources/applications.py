"""Applications for support to schemas.APPLICATIONS and APPLIED: what a vendor asks, what is drawn, who is named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coverage import schemas
from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources import open_batch
from coverage.sources.addresses import match_places
from coverage.sources.area import StudyArea, bring_into
from coverage.sources.batch import Batch
from coverage.sources.geometry import clean
from coverage.sources.mapping import fill_codes, map_fields
from coverage.sources.parts import map_with_positions
from coverage.sources.reading import Reading
from coverage.sources.roles import PLACE_FIELDS, ROLES, Field

COLUMNS: Final = tuple(schemas.APPLICATIONS.columns)
LISTED: Final = tuple(schemas.APPLIED.columns)
# What is told of the whole application, by any of its rows in any source.
TOLD: Final = tuple(
    name for name in COLUMNS if name not in ("application_id", "listed_rows", "unmatched_rows", "source", "source_row")
)
# What no source tells.
DEFAULTS: Final = {"technology": "fibre", "status": "applied"}
KINDS: Final = {"number": "float64", "date": "datetime64[s]"}  # of fields; all others are text
# Of a row in a list of addresses these are about the premises, not about the application.
OF_PREMISES: Final = ("municipality_code", "comment")


@dataclass(frozen=True)
class Rows:
    """Hold what one source tells: a row for each of its rows, the premises that it lists, and its rows in lists.

    `told` has application_id, TOLD, source, source_row and geometry (an outline or null); `rows` has application_id and
    `matched`, whether a row of a list named premises of the study.
    """

    told: gpd.GeoDataFrame
    listed: pd.DataFrame
    rows: pd.DataFrame


def read_applications(spec: SourceSpec, *, area: StudyArea, places: gpd.GeoDataFrame) -> tuple[Batch, Rows]:
    """Read one file of applications: drawn areas, lists of addresses, or a register without either, by option `shape`.

    - polygon: each row is the area that an application draws, or a part of it;
    - address: each row names premises that an application is to serve, as a row of a hearing does
      (`sources.addresses`); one that names none is rejected, and counted with its application. The column `name` is
      the application's only where study.toml maps it: in such lists it is more often a resident's;
    - register: each row is an application.

    A cost of 0 and a municipality that the study does not have reject their row. Raises DataError or CrsError.
    """
    batch, defaults = open_batch(spec)
    shape, role = str(spec.options["shape"]), ROLES["applications"]
    if shape == "address":
        known = {*spec.columns, *spec.constants}
        own = tuple(field for field in role.fields if field.name != "name" or "name" in known)
        wanted = (*own, *(field for field in PLACE_FIELDS if field.name not in {field.name for field in own}))
        map_with_positions(batch, replace(role, fields=wanted, families=("point",)), defaults, area)
    else:
        map_fields(batch, role.fields, defaults=defaults)
        if shape == "polygon":
            if not isinstance(batch.frame, gpd.GeoDataFrame):
                raise DataError(f"{spec.name}: shape 'polygon' needs a vector layer; a table is a list or a register")
            clean(batch, role.families)
            bring_into(batch, area)
        elif isinstance(batch.frame, gpd.GeoDataFrame):
            batch.frame = pd.DataFrame(batch.geo.drop(columns=batch.geo.geometry.name))
    batch.frame = batch.frame.assign(municipality_code=fill_codes(batch.frame["municipality_code"], spec))
    _reject_impossible(batch, area, shape)
    told = _told(batch, shape, area)
    rows, listed = _no_rows(), _no_listed()
    if shape == "address":
        rows, listed = _match(batch, area, places)
    return batch, Rows(told, listed, rows)


def gather_applications(
    reading: Reading, *, area: StudyArea, places: gpd.GeoDataFrame | None
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Read all files of applications and join them by `application_id`; return schemas.APPLICATIONS and APPLIED.

    `places` are those that a list may name, missing addresses included. What several rows tell of one application is
    taken from the first that tells it, in the order of the sources; a warning names each that says otherwise. Parts of
    an outline are joined. Sorted by `application_id`, the listed premises then by `place_id`; nothing is left out.
    """
    found: list[Rows] = []
    for spec in reading.of("applications"):

        def read(spec: SourceSpec = spec) -> Rows:
            if places is None and spec.options["shape"] == "address":
                raise DataError(f"{spec.name}: not looked at, since the premises that it names could not be read")
            known = gpd.GeoDataFrame({"place_id": []}, geometry=[]) if places is None else places
            batch, rows = read_applications(spec, area=area, places=known)
            reading.close(batch)
            return rows

        if (rows := reading.attempt(spec, read)) is not None:
            found.append(rows)
    told = pd.concat([part.told for part in found], ignore_index=True) if found else _no_told(area.crs)
    applications = _join(gpd.GeoDataFrame(told, geometry="geometry", crs=area.crs), reading)
    each = pd.concat([_no_rows(), *(part.rows for part in found)], ignore_index=True).groupby("application_id")[
        "matched"
    ]
    ids = applications["application_id"]
    count = each.size().reindex(ids, fill_value=0).to_numpy(dtype=np.int64)
    matched = each.sum().reindex(ids, fill_value=0).to_numpy(dtype=np.int64)
    applications = applications.assign(listed_rows=count, unmatched_rows=count - matched)
    whole = applications[[*COLUMNS, "geometry"]]
    listed = pd.concat([_no_listed(), *(part.listed for part in found)], ignore_index=True)
    listed = listed.drop_duplicates(["application_id", "place_id"])
    listed = listed.sort_values(["application_id", "place_id"], ignore_index=True)
    return (
        schemas.check(whole, schemas.APPLICATIONS, where="applications"),
        schemas.check(listed, schemas.APPLIED, where="applications"),
    )


def _reject_impossible(batch: Batch, area: StudyArea, shape: str) -> None:
    cost = batch.frame["vendor_cost"]
    shown = cost.map("{:g}".format, na_action="ignore")
    reason = "is no amount of money; expected more than 0"
    batch.reject((cost == 0).to_numpy(), field=_named(batch, "vendor_cost"), values=shown, reason=reason)
    if shape != "address":  # of an address its own look-up says so
        codes = batch.frame["municipality_code"]
        strange = (codes.notna() & ~codes.isin(area.municipalities["municipality_code"])).to_numpy()
        field = _named(batch, "municipality_code")
        batch.reject(strange, field=field, values=codes, reason="is no municipality of the study")
    batch.require_rows()


def _named(batch: Batch, name: str) -> str:
    return batch.named.get(name, name)


def _told(batch: Batch, shape: str, area: StudyArea) -> gpd.GeoDataFrame:
    """Return what each row tells of its application."""
    frame, index = batch.frame, batch.frame.index
    hidden = OF_PREMISES if shape == "address" else ()
    empty = pd.Series(pd.NA, index=index, dtype="str")
    columns = {name: empty if name in hidden or name not in frame else frame[name] for name in TOLD}
    shapes = batch.geo.geometry.to_numpy() if shape == "polygon" else [None] * len(frame)
    return gpd.GeoDataFrame(
        {
            "application_id": frame["application_id"],
            **columns,
            "source": pd.Series(batch.spec.id, index=index, dtype="str"),
            "source_row": index.to_numpy(dtype="int64"),
        },
        geometry=gpd.GeoSeries(shapes, index=index, crs=area.crs),
    )


def _match(batch: Batch, area: StudyArea, places: gpd.GeoDataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of a list with whether each named premises, and the premises; those that named none go."""
    points = gpd.GeoSeries(batch.geo.geometry.array, index=batch.frame.index, crs=area.crs)
    batch.frame = pd.DataFrame(batch.frame.drop(columns="geometry"))
    asked = batch.frame["application_id"]
    matches = match_places(
        batch,
        places,
        municipalities=area.municipalities,
        points=points if points.notna().any() else None,
        within_m=float(batch.spec.options.get("within_m", 0.0)),
    )
    rows = pd.DataFrame({"application_id": asked.to_numpy(), "matched": asked.index.isin(batch.frame.index)})
    batch.require_rows()
    frame = batch.frame.iloc[matches.row]
    listed = pd.DataFrame(
        {
            "application_id": frame["application_id"].to_numpy(),
            "place_id": places["place_id"].to_numpy()[matches.place],
            "comment": frame["comment"].to_numpy(),
            "source": batch.spec.id,
            "source_row": frame.index.to_numpy(dtype="int64"),
        }
    ).astype({name: "str" for name in LISTED if name != "source_row"})
    again = int(listed.duplicated(["application_id", "place_id"]).sum())
    if again:
        batch.notes.append(f"{again:,} premises are named again by their application: they count once")
    return rows, listed


def _join(told: gpd.GeoDataFrame, reading: Reading) -> gpd.GeoDataFrame:
    """Return one row per application; where its rows disagree, the first stands and a warning says so."""
    ids = pd.Index(told["application_id"].drop_duplicates().sort_values(), name="application_id")
    start = told.drop_duplicates("application_id").set_index("application_id").reindex(ids)
    joined = start[["source", "source_row"]]
    for name in TOLD:
        known = told[told[name].notna()]
        first = known.drop_duplicates("application_id").set_index("application_id")[name]
        joined = joined.assign(**{name: first.reindex(ids)})
        other = known[known[name].to_numpy() != first.reindex(known["application_id"]).to_numpy()]
        for row in other.drop_duplicates("application_id").itertuples():
            reading.warnings.append(
                f"applications: {row.application_id!r} has another {name} in row {row.source_row} of {row.source} "
                "than where it is told first; the first is taken"
            )
    outlines = {name: _union(part) for name, part in told[told["geometry"].notna()].groupby("application_id")}
    joined = joined.reset_index()
    joined = joined.assign(**{name: joined[name].fillna(value) for name, value in DEFAULTS.items()})
    shapes = [outlines.get(name) for name in joined["application_id"]]
    kinds = {field.name: KINDS.get(field.type, "str") for field in ROLES["applications"].fields}
    joined = joined.astype({**kinds, "source": "str"})
    return gpd.GeoDataFrame(joined, geometry=gpd.GeoSeries(shapes, index=joined.index, crs=told.crs))


def _union(part: gpd.GeoDataFrame) -> shapely.Geometry:
    return shapely.union_all(np.asarray(part["geometry"], dtype=object))


def _no_told(crs: str) -> gpd.GeoDataFrame:
    fields: dict[str, Field] = {field.name: field for field in ROLES["applications"].fields}
    columns = {name: pd.Series(dtype=KINDS.get(fields[name].type, "str")) for name in ("application_id", *TOLD)}
    own = {"source": pd.Series(dtype="str"), "source_row": pd.Series(dtype="int64")}
    return gpd.GeoDataFrame({**columns, **own}, geometry=gpd.GeoSeries([], crs=crs))


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame({"application_id": pd.Series(dtype="str"), "matched": pd.Series(dtype=bool)})


def _no_listed() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="int64" if name == "source_row" else "str") for name in LISTED})
