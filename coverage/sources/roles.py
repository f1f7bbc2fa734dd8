"""The roles a source can play: its kinds, our columns with their checks, its options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from coverage import schemas
from coverage.sources.names import Key

Family = Literal["point", "line", "polygon"]


@dataclass(frozen=True)
class Field:
    """Describe one of our columns.

    `required`: the column or a constant must be there, and no row may lack a value. `filled`: where the column
    is there, no row may lack a value. Otherwise a missing column or value becomes `default` (None: null).
    """

    name: str
    type: Literal["text", "number", "flag", "date"] = "text"
    required: bool = False
    filled: bool = False
    default: Any = None
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Role:
    """Describe one role. `open_fields`: a pattern; columns of such names are welcome too."""

    kinds: tuple[str, ...]
    fields: tuple[Field, ...] = ()
    options: Mapping[str, Key] = field(default_factory=dict)
    families: tuple[Family, ...] = ()  # of geometry
    open_fields: str = r"(?!)"  # nothing


TABLE_OPTIONS: Final[Mapping[str, Key]] = {
    "delimiter": Key(str),
    "decimal": Key(str, allowed=(".", ",")),
    "encoding": Key(str),
}
COMMON_OPTIONS: Final[Mapping[str, Key]] = {"clip": Key(bool), "date_format": Key(str)}
CODE_OPTIONS: Final[Mapping[str, Key]] = {"code_digits": Key(int, low=1)}

# Where a table has coordinates, one of these pairs.
COORDINATES: Final = (("x", "y"), ("lon", "lat"))
COORDINATE_FIELDS: Final = tuple(Field(name, "number", required=True) for pair in COORDINATES for name in pair)

ROLES: Final[Mapping[str, Role]] = {
    "municipalities": Role(
        kinds=("vector",),
        fields=(Field("municipality_code", required=True), Field("name", required=True)),
        options=CODE_OPTIONS,
        families=("polygon",),
    ),
    "premises": Role(
        kinds=("table", "vector"),
        fields=(
            Field("place_id", filled=True),
            Field("kind", required=True, allowed=schemas.KINDS),
            Field("weight", "number", filled=True, default=1.0, low=0.0),
            Field("buildings", "number", low=0.0),
            Field("cell_m", "number", low=0.0),
            Field("name"),
            Field("org_number"),
            Field("municipality_code"),
            Field("nace"),
            Field("line_of_business"),
            Field("employees", "number", low=0.0),
            Field("size_class", allowed=schemas.SIZE_CLASSES),
            Field("address"),
            Field("postcode"),
            Field("locality"),
            Field("year_round", "flag", default=True),
        ),
        options={**CODE_OPTIONS, "nearest_municipality_m": Key(float, low=0), "divide_weight_by": Key(object)},
        families=("point", "polygon"),
    ),
    "offers": Role(
        kinds=("vector", "table"),
        fields=(
            Field("provider", required=True),
            Field("technology", required=True, allowed=schemas.TECHNOLOGIES),
            Field("down_mbps", "number", required=True, low=0.0),
            Field("up_mbps", "number", required=True, low=0.0),
            Field("down_max_mbps", "number", low=0.0),
            Field("up_max_mbps", "number", low=0.0),
            Field("status", default="existing", allowed=schemas.OFFER_STATUSES),
            Field("available_from", "date"),
            Field("basis", default="claimed", allowed=schemas.OFFER_BASES),
            Field("upgradeable", "flag", default=False),
        ),
        options={
            "shape": Key(str, required=True, allowed=("polygon", "line", "cell", "place")),
            "within_m": Key(float, low=0),
            "cell_m": Key(float, low=0),
            "speed_unit": Key(str, allowed=("mbps", "kbps")),
        },
    ),
    "mobile": Role(
        kinds=("raster", "vector"),
        fields=(Field("level", required=True, allowed=schemas.MOBILE_LEVELS),),
        options={"operator": Key(str, required=True), "technology": Key(str, required=True, allowed=("4g", "5g"))},
        families=("polygon",),
    ),
    "shares": Role(
        kinds=("table",),
        fields=(Field("municipality_code"), Field("name"), Field("mobile", "number", low=0.0)),
        options={**CODE_OPTIONS, "unit": Key(str, allowed=("fraction", "percent"))},
        open_fields=r"fixed_[0-9]+",
    ),
    "roads": Role(
        kinds=("vector",),
        fields=(Field("ferry", "flag", default=False), Field("private", "flag", default=False)),
        families=("line",),
    ),
    "network": Role(
        kinds=("vector", "table"),
        fields=(Field("name"),),
        options={"stand_in": Key(bool)},
        families=("point", "line", "polygon"),
    ),
    "truth": Role(
        kinds=("vector",),
        options={"unserved_below": Key(list), "served_from": Key(list)},
        families=("polygon",),
        open_fields=r".+",
    ),
}
# What a study cannot do without; it also needs `offers` or `shares`.
REQUIRED_ROLES: Final = ("municipalities", "premises", "roads", "network")

# Columns that the shape of an offer needs beside schemas.OFFERS.
SHAPE_FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "polygon": (),
    "line": (),
    "place": (Field("place_id", required=True),),
    "cell": (Field("cell_x", "number", required=True), Field("cell_y", "number", required=True)),
}


def known_fields(role: str, *, shape: str = "") -> tuple[Field, ...]:
    """Return every column that study.toml may map for a role, coordinates of tables included."""
    fields = (*ROLES[role].fields, *SHAPE_FIELDS.get(shape, ()))
    return (*fields, *COORDINATE_FIELDS) if role in ("premises", "network") else fields
