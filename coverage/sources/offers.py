"""Offers: claims and measurements of fixed service to schemas.OFFERS, in every shape that they are published in."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from coverage import schemas
from coverage.errors import DataError
from coverage.inputs import OfferLayer, OfferShape, SourceSpec
from coverage.sources import open_batch
from coverage.sources.area import StudyArea
from coverage.sources.batch import Batch
from coverage.sources.classes import doubt_unit, read_flags
from coverage.sources.codes import TECHNOLOGY_CODES
from coverage.sources.mapping import as_text, map_fields, source_column
from coverage.sources.roles import ROLES
from coverage.sources.shapes import fields_of, place_rows

SPEEDS: Final = ("down_mbps", "up_mbps", "down_max_mbps", "up_max_mbps")
# How the overlay sees each shape: a cell by its outline, a point as the nearest of lines without length.
SEEN_AS: Final[dict[str, OfferShape]] = {
    "polygon": "polygon", "h3": "polygon", "quadkey": "polygon", "line": "line", "point": "line", "cell": "cell",
    "place": "place",
}  # fmt: skip
# Shapes of which many rows share one cell: equal claims there are one offer.
SHARED: Final = ("h3", "quadkey", "cell")
# Columns of an offer that are left out where no row has a value.
OPTIONAL: Final = ("latency_ms", "connected", "available_until", "as_of", "tests")
OTHERS_KINDS: Final = ("business", "household")
# What is said of the offers to places that are not on a list, unless study.toml says it of the whole source.
OTHERS_TOLD: Final[dict[str, Any]] = {"provider": "a provider not named", "technology": "other", "up_mbps": 0.0}


def read_offers(spec: SourceSpec, *, area: StudyArea, places: pd.DataFrame) -> tuple[Batch, OfferLayer]:
    """Read one source of offers as a layer in the study's CRS (schemas.OFFERS).

    `places` holds schemas.PLACES. `down_max_mbps` and `up_max_mbps` default to the lower ends; option `speed_unit` =
    "kbps" divides by 1000, `technology_codes` names a published code list, `reaches` the columns that say yes or no per
    speed, and `min_tests` leaves out rows with fewer measurements. H3 cells and tiles become polygons; equal claims of
    one cell become one offer. Shape "place" rejects a row whose `place_id` is no place of the study; with
    `others_reach_mbps` it is a list of places that lack service, and all other places reach that speed.
    Raises DataError or CrsError.
    """
    batch, defaults = open_batch(spec)
    shape = str(spec.options["shape"])
    read_flags(batch)
    recode_technology(batch, defaults)
    fields = (*ROLES["offers"].fields, *fields_of(batch, shape, defaults))
    absent = [name for name in OPTIONAL if source_column(batch, name, defaults) is None and name not in spec.constants]
    untold = _untold(batch, source_column(batch, "connected", defaults))
    listed = _listed(batch, source_column(batch, "place_id", defaults))
    nameless = batch.rows_rejected + int(listed.isna().sum())
    map_fields(batch, fields, defaults=defaults)
    batch.frame = batch.frame.drop(columns=[name for name in absent if name in batch.frame])
    if "connected" in batch.frame:
        told = batch.frame["connected"].astype("boolean")
        batch.frame = batch.frame.assign(connected=told.mask(untold.reindex(told.index).to_numpy(dtype=bool)))
    _leave_out_few_tests(batch)
    set_speeds(batch)
    doubt_unit(batch, batch.frame["down_mbps"])
    if shape in SHARED:
        _merge_equal(batch, shape)
    place_rows(batch, shape, area)
    if shape == "place":
        _known_places(batch, places["place_id"])
    batch.require_rows()
    batch.frame = with_origin(batch)
    frame = batch.frame if shape != "place" else _with_others(batch, places, listed, nameless)
    schemas.check(frame, schemas.OFFERS, where=spec.name)
    layer = OfferLayer(
        source=spec.id,
        shape=SEEN_AS[shape],
        frame=frame.reset_index(drop=True),
        within_m=float(spec.options.get("within_m", 0.0)),
        cell_m=float(spec.options.get("cell_m", 0.0)),
    )
    return batch, layer


def recode_technology(batch: Batch, defaults: Any) -> None:
    """Put our word for every code of the published list; what study.toml says under values wins."""
    codes = batch.spec.options.get("technology_codes")
    if codes is None:
        return
    column = source_column(batch, "technology", defaults)
    if column is None or column not in batch.frame:
        raise DataError(f"{batch.spec.name}: no column for 'technology', whose codes are said to be {codes!r}")
    ours = dict(TECHNOLOGY_CODES[codes])
    own = batch.spec.values.get("technology", {})
    text = batch.frame[column].astype("str").str.strip().str.removesuffix(".0")
    known = text.isin(list(ours)) & ~text.isin([str(key) for key in own])
    batch.frame = batch.frame.assign(**{column: text.mask(known, text.map(ours)).astype("str")})


def _leave_out_few_tests(batch: Batch) -> None:
    least = float(batch.spec.options.get("min_tests", 0.0))
    if least:
        if "tests" not in batch.frame:
            raise DataError(f"{batch.spec.name}: no column for 'tests', of which min_tests asks for {least:g}")
        few = ~(batch.frame["tests"] >= least).to_numpy(dtype=bool)
        batch.leave_out(few, why=f"fewer than {least:g} tests")
    batch.require_rows()


def _untold(batch: Batch, column: str | None) -> pd.Series:
    """Mark the rows that do not say whether they are connected: not known is not no."""
    if column is None or column not in batch.frame:
        return pd.Series(False, index=batch.frame.index)
    return as_text(batch.frame[column]).isna()


def set_speeds(batch: Batch) -> None:
    """Bring the speeds to Mbit/s; the upper end of a class is the lower one where the source gives none."""
    frame, spec = batch.frame, batch.spec
    # Classes by option `reaches` are in Mbit/s already.
    unit = 1000.0 if spec.options.get("speed_unit") == "kbps" else 1.0
    speeds = {name: frame[name] / (1.0 if spec.options.get("reaches") and "down" in name else unit) for name in SPEEDS}
    for way in ("down", "up"):
        low, high = speeds[f"{way}_mbps"], speeds[f"{way}_max_mbps"]
        speeds[f"{way}_max_mbps"] = high.fillna(low).clip(lower=low)
    batch.frame = frame.assign(**speeds)


def _merge_equal(batch: Batch, shape: str) -> None:
    """Keep one of equal claims of a cell: locations of which only the cell is known say the same of all of it."""
    again = batch.frame.duplicated().to_numpy()
    if again.any():
        batch.notes.append(
            f"{len(again):,} rows are {len(again) - again.sum():,} different offers: rows of one {shape} cell that are "
            "alike are one offer, which reaches every place in the cell"
        )
        batch.frame = batch.frame[~again]


def with_origin(batch: Batch) -> pd.DataFrame:
    """Return the rows with their source, their row in it, and the source's date where they have none."""
    frame, spec = batch.frame, batch.spec
    if "as_of" not in frame and spec.as_of is not None:
        frame = frame.assign(as_of=pd.Series(pd.Timestamp(spec.as_of), index=frame.index).dt.as_unit("s"))
    return frame.assign(
        source=pd.Series(spec.id, index=frame.index, dtype="str"),
        source_row=frame.index.to_numpy(dtype="int64"),
    )


def _known_places(batch: Batch, place_ids: pd.Series) -> None:
    ids = batch.frame["place_id"]
    strange = ~ids.isin(place_ids).to_numpy()
    if batch.spec.options.get("clip", False):
        batch.leave_out(strange, why="for a place that is not in the study (clip)")
    else:
        field = batch.named.get("place_id", "place_id")
        batch.reject(strange, field=field, values=ids, reason="is the place_id of no premises in the study")


def _listed(batch: Batch, column: str | None) -> pd.Series:
    """Return the places that a list names, also in rows that will be rejected: those are on it all the same."""
    known = column is not None and column in batch.frame
    return as_text(batch.frame[column]) if known else pd.Series(dtype="str")


def _with_others(batch: Batch, places: pd.DataFrame, listed: pd.Series, nameless: int) -> pd.DataFrame:
    """Add what a complete list of places without service says about the places that are not on it (`listed`).

    Of what reaches those the list tells nothing but the speed; `nameless` rows of it name no place.
    """
    spec, frame = batch.spec, pd.DataFrame(batch.frame)
    speed = spec.options.get("others_reach_mbps")
    if speed is None:
        return frame
    kinds = _kinds(spec)
    others = places[places["kind"].isin(kinds) & ~places["place_id"].isin(listed)]
    batch.notes.append(
        f"the list is taken to be complete: {len(others):,} places of kind {' or '.join(kinds)} are not on it and are "
        f"said to reach {speed:g} Mbit/s"
    )
    if nameless:
        batch.warnings.append(
            f"{spec.id}: {nameless:,} rows of the list name no place, so as many places that lack service may be "
            f"among those said to reach {speed:g} Mbit/s"
        )
    if others.empty:
        return frame
    told = {name: frame[name].iloc[0] for name in OTHERS_TOLD if name in spec.constants}
    rest = frame.iloc[[0] * len(others)].assign(
        **(OTHERS_TOLD | told),
        place_id=others["place_id"].to_numpy(), down_mbps=float(speed), down_max_mbps=float(speed), source_row=0,
    )  # fmt: skip
    rest = rest.assign(up_max_mbps=rest["up_mbps"], upgradeable=False)
    unknown = [name for name in ("available_from", *OPTIONAL) if name in rest and name != "as_of"]
    return pd.concat([frame, rest.drop(columns=unknown)], ignore_index=True)


def _kinds(spec: SourceSpec) -> tuple[str, ...]:
    kinds = tuple(str(kind) for kind in spec.options.get("others_kinds", OTHERS_KINDS))
    strange = [kind for kind in kinds if kind not in schemas.KINDS]
    if strange or not kinds:
        known = ", ".join(schemas.KINDS)
        raise DataError(f"study.toml: source {spec.id!r}: others_kinds is {list(kinds)}; expected some of {known}")
    return kinds
