"""A municipality's corrections to schemas.CORRECTIONS: what is wrong at which premises, what is right, who says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage import schemas
from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources import open_batch
from coverage.sources.addresses import match_places, plain_address, plain_code
from coverage.sources.area import StudyArea, locate
from coverage.sources.batch import Batch, Mask
from coverage.sources.codes import TECHNOLOGY_CODES
from coverage.sources.disputes import settle
from coverage.sources.mapping import as_text, fill_codes, source_column
from coverage.sources.matching import match_names
from coverage.sources.parts import map_with_positions, part_of, take_losses
from coverage.sources.raw import NoRowsError, RawTable
from coverage.sources.reading import Reading
from coverage.sources.roles import ROLES

# What an address form says where nothing is to be corrected.
NOTHING: Final = ("ok", "ingen", "none", "riktig", "correct")
# Words that need no mapping in study.toml; case does not count.
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "correction": {
        "not inhabited": "not_inhabited", "ikke bebodd": "not_inhabited", "ikke i bruk": "not_inhabited",
        "fraflyttet": "not_inhabited", "ubebodd": "not_inhabited", "nedlagt": "not_inhabited",
        "in use": "in_use", "bebodd": "in_use", "i bruk": "in_use",
        "wrong kind": "wrong_kind", "feil type": "wrong_kind", "feil bygningstype": "wrong_kind",
        "missing address": "missing_address", "mangler adresse": "missing_address", "mangler": "missing_address",
        "manglende adresse": "missing_address",
        "wrong speed": "wrong_speed", "feil hastighet": "wrong_speed", "feil dekning": "wrong_speed",
    },
    "kind": {
        "bolig": "household", "helårsbolig": "household", "fritidsbolig": "holiday", "hytte": "holiday",
        "næring": "business", "bedrift": "business", "virksomhet": "business", "offentlig": "public",
    },
    "technology": {**TECHNOLOGY_CODES["nkom"], "kobber": "dsl", "fast trådløst": "fwa", "mobilt bredbånd": "fwa"},
}  # fmt: skip
# A border may be generalised by so much: a position may lie so far outside the municipality that its row names.
BORDER_M: Final = 1000.0
ADDRESS: Final = ("place_id", "address", "postcode", "municipality_code")  # what a row of a list may name a place by
SHOWN: Final = 3  # ids that an ambiguous row names
SEVERAL: Final = "may mean several premises; expected the place_id of one"
COLUMNS: Final = tuple(schemas.CORRECTIONS.columns)


def read_corrections(spec: SourceSpec, *, area: StudyArea, places: gpd.GeoDataFrame) -> Batch:
    """Read one file of corrections as points in the study's CRS (schemas.CORRECTIONS, not yet settled).

    `places` holds schemas.PLACES. A row is about the premises that it names (``sources.addresses``), of several at one
    address the one with its `name`, and stands where they do; a row that leads to none or to several is rejected. A
    missing address stands at its own position and gets the id `<source>-<row>`. A row that lacks what its correction
    needs is rejected, a row without correction and comment is left out. A file without rows corrects nothing. Raises
    DataError or CrsError.
    """
    try:
        batch, defaults = open_batch(spec)
    except NoRowsError:
        return Batch(spec, RawTable(_no_corrections(area.crs), notes=("the file has no rows: it corrects nothing",)))
    _leave_out_blank(batch, defaults)
    for name in WORDS:
        _recode(batch, name, defaults)
    map_with_positions(batch, ROLES["corrections"], defaults, area)
    batch.frame = batch.geo.assign(
        municipality_code=_code_of(batch, area),
        source=pd.Series(spec.id, index=batch.frame.index, dtype="str"),
        source_row=batch.frame.index.to_numpy(dtype="int64"),
    )
    _reject_incomplete(batch)
    _find_places(batch, places, area)
    _name_municipality(batch, area)
    if batch.rows_rejected:
        batch.require_rows()
    batch.frame = batch.geo[[*COLUMNS, "geometry"]]
    return batch


def gather_corrections(reading: Reading, *, area: StudyArea, places: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Read all files of corrections, settle those of one place and kind, and return what is to be applied, in order."""
    batches = []
    for spec in reading.of("corrections"):

        def read(spec: SourceSpec = spec) -> Batch:
            if places is None:
                raise DataError(f"{spec.name}: not looked at, since the premises that it is about could not be read")
            return read_corrections(spec, area=area, places=places)

        if (batch := reading.attempt(spec, read)) is not None:
            batches.append(batch)
    settle(batches)
    for batch in batches:
        reading.close(batch, may_be_empty=True)
    whole = pd.concat([_no_corrections(area.crs), *(batch.geo for batch in batches)], ignore_index=True)
    return schemas.check(
        gpd.GeoDataFrame(whole, geometry="geometry", crs=area.crs), schemas.CORRECTIONS, where="corrections"
    )


def add_missing(places: gpd.GeoDataFrame | None, corrections: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    """Return the places with the missing addresses after them, as far as a list can name them: a hearing may."""
    missing = corrections[corrections["correction"] == "missing_address"]
    if places is None or missing.empty:
        return places
    known = [name for name in (*ADDRESS, "geometry") if name in places]
    exact = {name: value for name, value in {"cell_m": 0.0, "position_basis": "given"}.items() if name in places}
    whole = pd.concat([places[[*known, *exact]], missing[known].assign(**exact)], ignore_index=True)
    whole = whole.astype({name: "str" for name in ADDRESS if name in known})  # two empty columns make one of no type
    return gpd.GeoDataFrame(whole, geometry="geometry", crs=places.crs)


def _no_corrections(crs: str) -> gpd.GeoDataFrame:
    columns = {name: pd.Series(dtype=_dtype(name)) for name in COLUMNS}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=crs))


def _dtype(name: str) -> str:
    return str(schemas.CORRECTIONS.columns[name].dtype or "str")


def _leave_out_blank(batch: Batch, defaults: Mapping[str, str]) -> None:
    """Leave out the rows of an address form in which nobody wrote anything, or that nothing is wrong."""
    columns = [source_column(batch, name, defaults) for name in ("correction", "comment")]
    if columns[0] is None:
        return
    texts = [as_text(batch.frame[name]) for name in columns if name is not None and name in batch.frame]
    if not texts:
        return
    blank = np.logical_and.reduce([text.isna() for text in texts])
    fine = texts[0].str.casefold().isin(NOTHING).to_numpy() if columns[0] in batch.frame else np.zeros(len(blank), bool)
    batch.leave_out(np.asarray(blank | fine), why="nothing is to be corrected in them")


def _recode(batch: Batch, name: str, defaults: Mapping[str, str]) -> None:
    """Put our words for those that are known; what study.toml says under values wins."""
    column = source_column(batch, name, defaults)
    if column is None or column not in batch.frame:
        return
    text = as_text(batch.frame[column])
    word = text.str.casefold()
    words = {**{ours: ours for ours in WORDS[name].values()}, **WORDS[name]}
    known = word.isin(list(words)) & ~text.isin([str(key) for key in batch.spec.values.get(name, {})])
    batch.frame = batch.frame.assign(**{column: text.mask(known, word.map(words)).astype("str")})


def _reject_incomplete(batch: Batch) -> None:
    """Reject the rows that lack what their correction needs."""
    kinds = ", ".join(schemas.KINDS)
    for correction, name, reason in (
        ("wrong_kind", "kind", f"is empty; wrong_kind needs the kind that is right, one of {kinds}"),
        ("missing_address", "kind", f"is empty; missing_address needs what stands there, one of {kinds}"),
        ("wrong_speed", "down_mbps", "is empty; wrong_speed needs the speed that can be bought, 0 for none"),
        ("wrong_speed", "up_mbps", "is empty; wrong_speed needs the upload too"),
    ):
        frame = batch.geo
        bad = (frame["correction"] == correction) & frame[name].isna()
        if name == "up_mbps":
            bad &= frame["down_mbps"] > 0
        batch.reject(bad.to_numpy(), field=_field(batch, name), values=frame[name], reason=reason)
    frame = batch.geo
    nowhere = (frame["correction"] == "missing_address") & frame.geometry.isna()
    reason = "is empty; missing_address needs the position of what is missing"
    batch.reject(nowhere.to_numpy(), field=batch.position, values=frame["address"], reason=reason)
    # Where nothing can be bought, there is no upload either.
    batch.frame = batch.geo.assign(up_mbps=batch.frame["up_mbps"].mask(batch.frame["down_mbps"] == 0, 0.0))


def _find_places(batch: Batch, places: gpd.GeoDataFrame, area: StudyArea) -> None:
    """Give each row the id and the position of the premises that it is about; a missing address gets an id of its own.

    Rows that lead to no premises, or to several, are rejected.
    """
    missing = _missing(batch)
    _reject_known(batch, places, missing)
    missing = _missing(batch)
    part = part_of(batch, ~missing)
    at = _matched(part, places, area)
    take_losses(batch, part, ~missing)
    frame, missing = batch.geo, _missing(batch)
    position = np.full(len(frame), -1, dtype=np.intp)
    position[~missing] = at
    shapes = np.asarray(frame.geometry.array, dtype=object).copy()
    shapes[~missing] = np.asarray(places.geometry.array, dtype=object)[at]
    told = {
        name: pd.Series(places[name].array.take(position, allow_fill=True), index=frame.index)
        for name in ("place_id", "municipality_code")
    }
    own = pd.Series([f"{batch.spec.id}-{row}" for row in frame.index], index=frame.index, dtype="str")
    said = frame["municipality_code"]
    batch.frame = frame.assign(
        place_id=own.where(missing, told["place_id"]),
        municipality_code=said.where(missing | told["municipality_code"].isna(), told["municipality_code"]),
    ).set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))
    elsewhere = ~missing & (said.notna() & told["municipality_code"].notna() & (said != told["municipality_code"]))
    reason = "is not the municipality of the premises that the row names"
    batch.reject(np.asarray(elsewhere), field=_field(batch, "municipality_code"), values=said, reason=reason)


def _matched(part: Batch, places: gpd.GeoDataFrame, area: StudyArea) -> Mask:
    """Return the position of the one place of each row that is left."""
    points = part.geo.geometry
    within_m = float(part.spec.options.get("within_m", 0.0))
    matches = match_places(part, places, municipalities=area.municipalities, points=points, within_m=within_m)
    pairs = pd.DataFrame({"row": matches.row, "place": matches.place})
    named = plain_address(part.frame["name"]).to_numpy(dtype=object)[matches.row]
    same = pd.Series(named == plain_address(places["name"]).to_numpy(dtype=object)[matches.place]) & pd.notna(named)
    # Where several premises share the address, the name may say which is meant.
    pairs = pairs[same | ~same.groupby(pairs["row"]).transform("any")]
    ids = places["place_id"].to_numpy(dtype=object)[pairs["place"]]
    listed = pd.Series(ids).groupby(pairs["row"].to_numpy()).agg(list)
    several = (listed.map(len) > 1).to_numpy()
    shown = [", ".join(found[:SHOWN]) + (" …" if len(found) > SHOWN else "") for found in listed]
    # The ids stand in the value: a reason of each row's own would be one of too many.
    values = part.frame["address"].fillna("") + " (" + pd.Series(shown, index=part.frame.index, dtype="str") + ")"
    part.reject(several, field=_field(part, "address"), values=values, reason=SEVERAL)
    return pairs.drop_duplicates("row")["place"].to_numpy()[~several]


def _missing(batch: Batch) -> Mask:
    return np.asarray(batch.frame["correction"] == "missing_address", dtype=bool)


def _reject_known(batch: Batch, places: gpd.GeoDataFrame, missing: Mask) -> None:
    """Reject the missing addresses that the register has: by their id, or by address, kind and name."""
    frame = batch.geo
    known = missing & frame["place_id"].isin(places["place_id"]).to_numpy()
    reason = "is in the register; a missing address has no place_id there"
    batch.reject(known, field=_field(batch, "place_id"), values=frame["place_id"], reason=reason)
    frame, missing = batch.geo, missing[~known]
    # Addresses are slow to compare, postcodes are not.
    near = places[plain_code(places["postcode"]).isin(plain_code(frame["postcode"][missing]))]
    own, theirs = _address_keys(frame), _address_keys(near)
    there = pd.DataFrame({"key": theirs.to_numpy(), "name": plain_address(near["name"]).to_numpy()}).dropna(
        subset="key"
    )
    there = there[there["key"].isin(own[missing])]
    name = plain_address(frame["name"])
    same_name = (own + "|" + name).isin(there["key"] + "|" + there["name"])
    twice = missing & np.asarray(own.isin(there["key"]) & (name.isna() | same_name))
    reason = "is in the register already, for premises of this kind"
    batch.reject(twice, field=_field(batch, "address"), values=frame["address"], reason=reason)


def _address_keys(frame: pd.DataFrame) -> pd.Series:
    """Return kind, address and postcode as one text; null where the address or the postcode is not known."""
    return frame["kind"] + "|" + plain_address(frame["address"]) + "|" + plain_code(frame["postcode"])


def _name_municipality(batch: Batch, area: StudyArea) -> None:
    """Give missing addresses their municipality: the one that the row names, else the one that holds the position."""
    field = _field(batch, "municipality_code")
    known = area.municipalities.set_index("municipality_code").geometry
    frame = batch.geo
    strange = _missing(batch) & np.asarray(
        frame["municipality_code"].notna() & ~frame["municipality_code"].isin(known.index)
    )
    reason = "is no municipality of the study"
    batch.reject(strange, field=field, values=frame["municipality_code"], reason=reason)
    frame = batch.geo
    said = frame["municipality_code"].where(_missing(batch))
    homes = gpd.GeoSeries(list(said.map(known)), index=frame.index, crs=area.crs)
    apart = np.asarray(frame.geometry.distance(homes, align=False) > BORDER_M, dtype=bool)
    reason = f"is a municipality that ends more than {BORDER_M:g} m from the position"
    batch.reject(apart, field=field, values=said, reason=reason)
    frame = batch.geo
    open_ = _missing(batch) & frame["municipality_code"].isna().to_numpy()
    if open_.any():
        nearest = float(batch.spec.options.get("nearest_municipality_m", 0.0))
        codes = frame["municipality_code"].where(~open_, locate(frame[open_], area, nearest_m=nearest))
        batch.frame = frame.assign(municipality_code=codes.astype("str"))
    outside = _missing(batch) & batch.frame["municipality_code"].isna().to_numpy()
    reason = "lies outside every municipality of the study"
    batch.reject(outside, field=batch.position, values=batch.frame["address"], reason=reason)


def _code_of(batch: Batch, area: StudyArea) -> pd.Series:
    """Return the municipality's code as the row gives it, or by the name that it gives."""
    codes = fill_codes(batch.frame["municipality_code"], batch.spec)
    named = codes.isna() & batch.frame["municipality"].notna()
    return codes.mask(named, match_names(batch.frame["municipality"].where(named, ""), area.municipalities)).astype(
        "str"
    )


def _field(batch: Batch, name: str) -> str:
    """Return the name that a person finds in the file for one of our columns."""
    return batch.named.get(name, name)
