"""A file that somebody brings: what it can be, what is in it, and which of its columns are probably which of ours.

Nothing here decides: a person sees the guesses in a form, and what the form says is checked as study.toml is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from coverage.errors import CrsError, DataError
from coverage.inputs import SourceSpec
from coverage.sources import READERS, reader_of
from coverage.sources.archive import ARCHIVES, SUFFIXES, data_sets
from coverage.sources.codes import TECHNOLOGY_CODES
from coverage.sources.corrections import WORDS as CORRECTION_WORDS
from coverage.sources.limits import brief
from coverage.sources.mapping import FALSE_WORDS, TRUE_WORDS, as_text
from coverage.sources.names import likely_name, means
from coverage.sources.raw import RawTable
from coverage.sources.roles import SHAPE_FIELDS, Field, known_fields
from coverage.sources.spreadsheet import SPREADSHEETS, sheet_names
from coverage.sources.vector import layer_names

HEAD: Final = 8  # rows that are shown
MOST_VALUES: Final = 40  # different values of a column that can be told apart one by one
PLAIN: Final = ""  # no format of a supplier: the columns are as the form says
# What a file may be called; a shapefile is several files, so it comes in a zip file.
ENDINGS: Final[Mapping[str, str]] = {
    ".csv": "table", ".tsv": "table", ".txt": "table", ".gz": "table", ".xlsx": "table", ".gpkg": "vector",
    ".geojson": "vector", ".json": "vector", ".fgb": "vector", ".kml": "vector", ".geoparquet": "vector",
    ".parquet": "", ".zip": "", ".kmz": "",
}  # fmt: skip
# Formats that read one file and need no option of their own.
SUPPLIED: Final = ("fcc_availability", "nkom_fbb", "ookla", "ookla_table")
# Words for our values, beside those that corrections know.
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    **CORRECTION_WORDS,
    "claim": {
        "planlagt": "plan", "planned": "plan", "finnes": "exists", "eksisterer": "exists", "bortfalt": "lapsed",
        "trukket": "withdrawn",
    },
    "status": {
        "eksisterende": "existing", "i dag": "existing", "planlagt": "planned", "tildelt": "awarded", "bygd": "built",
        "bygget": "built", "avlyst": "cancelled", "søkt": "applied", "avslått": "refused", "trukket": "withdrawn",
    },
}  # fmt: skip
# In lists of addresses these name the municipality, never the place itself.
_OF_MUNICIPALITY: Final = ("kommunenavn", "kommune")


@dataclass(frozen=True)
class Preview:
    """Hold one file as it was read, before any mapping. `crs` is what it states; "" for a table, or where none is."""

    raw: RawTable
    crs: str
    needs_crs: bool  # it has geometry and states no coordinate system

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the file's own columns, the geometry left out."""
        return tuple(str(name) for name in self.raw.frame.columns if name != "geometry")

    @property
    def rows(self) -> int:
        """Return how many rows could be read."""
        return len(self.raw.frame)

    @cached_property
    def head(self) -> pd.DataFrame:
        """Return the first rows as text; of a geometry its kind alone."""
        first = self.raw.frame.head(HEAD)
        shown = pd.DataFrame({name: as_text(first[name]) for name in self.columns}, index=first.index)
        if isinstance(first, gpd.GeoDataFrame):
            shown["geometry"] = list(first.geometry.geom_type)
        return shown

    @cached_property
    def family(self) -> str:
        """Return what most of the geometries are: point, line or polygon; "" for a table."""
        if not isinstance(self.raw.frame, gpd.GeoDataFrame):
            return ""
        dimension = pd.Series(shapely.get_dimensions(self.raw.frame.geometry.array))
        most = int(dimension[dimension >= 0].mode().max()) if (dimension >= 0).any() else 2
        return ("point", "line", "polygon")[most]

    def guess(self, fields: Sequence[Field]) -> dict[str, str]:
        """Return our column = theirs: what the file says itself, else what the names of its columns suggest."""
        known = {field.name for field in fields}
        said = {ours: theirs for ours, theirs in self.raw.columns.items() if ours in known}
        return said or guess_columns(self.columns, fields)

    def values(self, column: str) -> tuple[str, ...]:
        """Return the different values of a column, the most frequent first, as many as MOST_VALUES."""
        counts = as_text(self.raw.frame[column]).value_counts()
        return tuple(str(value) for value in counts.head(MOST_VALUES).index)


def kind_of(path: Path, spec: SourceSpec) -> str:
    """Return whether a file holds a table or geometry: by its ending, of zip files and Parquet by what is in them.

    Raises DataError for an ending that is not in ENDINGS and for a zip file without a data set.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        if ending in (".shp", ".dbf", ".shx", ".prj"):
            raise DataError(f"{spec.name}: is one part of a shapefile; expected all its parts in one .zip file")
        raise DataError(
            f"{spec.name}: files that end in {ending or 'nothing'!r} are not read; expected one of {', '.join(ENDINGS)}"
        )
    if ending == ".parquet":
        try:
            return "vector" if b"geo" in (pq.read_metadata(path).metadata or {}) else "table"
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{spec.name}: not readable as Parquet ({brief(error)}); expected a whole file") from error
    if ending in ARCHIVES:
        inside = data_sets(path, spec)
        if not inside:
            raise DataError(f"{spec.name}: the archive holds no data set; expected a shapefile, a table or the like")
        return "vector" if Path(inside[0]).suffix.lower() in SUFFIXES["vector"] else "table"
    return ENDINGS[ending]


def parts_of(spec: SourceSpec) -> tuple[str, tuple[str, ...]]:
    """Return what of a file must be named where it has several, and their names: member, layer or sheet.

    Of a zip file with several data sets these come first. Raises DataError where the file cannot be opened.
    """
    if spec.path.suffix.lower() in ARCHIVES and "member" not in spec.options:
        inside = [name for name in data_sets(spec.path, spec) if Path(name).suffix.lower() in SUFFIXES[spec.kind]]
        return ("member", tuple(inside)) if len(inside) > 1 else ("", ())
    if spec.kind == "vector":
        layers = layer_names(spec)
        return ("layer", layers) if len(layers) > 1 else ("", ())
    if spec.path.suffix.lower() in SPREADSHEETS:
        sheets = sheet_names(spec.path, spec)
        return ("sheet", sheets) if len(sheets) > 1 else ("", ())
    return "", ()


def formats_for(role: str, kind: str) -> tuple[str, ...]:
    """Return the formats that a person may choose for a file: PLAIN, then those of suppliers."""
    supplied = (name for name in SUPPLIED if READERS[name].kind == kind and role in READERS[name].roles)
    return (PLAIN, *supplied)


def read_preview(spec: SourceSpec, *, crs: str) -> Preview:
    """Read a file as it is. Where geometry states no coordinate system, `crs` stands in for it until one is told.

    Raises DataError where nothing can be read.
    """
    read = reader_of(spec).read
    try:
        raw, stated = read(replace(spec, crs="")), True
    except CrsError:
        raw, stated = read(replace(spec, crs=crs)), False
    frame = raw.frame
    found = frame.crs.to_string() if isinstance(frame, gpd.GeoDataFrame) and stated and frame.crs is not None else ""
    return Preview(raw, crs=found, needs_crs=not stated)


def fields_for(role: str, *, kind: str, shape: str) -> tuple[Field, ...]:
    """Return our columns that a file of this role may have; with geometry none that say where its rows are."""
    fields = {field.name: field for field in known_fields(role, shape=shape)}
    if role == "corrections":  # one is about one place, never about a cell
        fields.pop("cell_id")
    if kind == "vector":
        keep = {"place_id", "h3", "quadkey"} if shape in ("place", "h3", "quadkey", "address") else set()
        placing = {field.name for field in SHAPE_FIELDS["point"]} | {"cell_id", "cell_x", "cell_y"}
        fields = {name: field for name, field in fields.items() if name not in placing - keep}
    return tuple(fields.values())


def guess_columns(columns: Sequence[str], fields: Sequence[Field]) -> dict[str, str]:
    """Return our column = theirs where a name says so, no column twice: by what it means, then by its spelling."""
    free = list(columns)
    found: dict[str, str] = {}
    for field in fields:
        for theirs in free:
            folded = theirs.strip().casefold()
            if means(theirs, field.name) and not (field.name == "name" and folded in _OF_MUNICIPALITY):
                found[field.name] = theirs
                free.remove(theirs)
                break
    rest = [field.name for field in fields if field.name not in found]
    for theirs in list(free):
        ours = likely_name(theirs, rest)
        if ours and not means(theirs, ours):  # what it means was asked before
            found[ours] = theirs
            rest.remove(ours)
    return found


def guess_value(field: Field, theirs: str) -> str | None:
    """Return our value for one of theirs where the words are known, else None."""
    word = theirs.strip().casefold()
    known: dict[str, str] = {value: value for value in field.allowed}
    known |= WORDS.get(field.name, {})
    if field.name == "technology":
        known |= TECHNOLOGY_CODES["nkom"]
    found = known.get(word)
    return found if found in field.allowed else None


def is_known(field: Field, theirs: str, *, role: str) -> bool:
    """Return whether the readers understand a value as it stands, so that nobody need say what it means."""
    if field.type == "flag":
        return theirs.casefold() in (*TRUE_WORDS, *FALSE_WORDS)
    if not field.allowed:
        return True
    understood: Collection[str] = CORRECTION_WORDS.get(field.name, {}) if role == "corrections" else ()
    return theirs in field.allowed or theirs.casefold() in understood
