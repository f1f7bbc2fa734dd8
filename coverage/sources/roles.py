"""The roles a source can play: its kinds, our columns with their checks, its options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from coverage import schemas
from coverage.sources.codes import TECHNOLOGY_CODES
from coverage.sources.limits import LIMITS
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
COMMON_OPTIONS: Final[Mapping[str, Key]] = {
    "clip": Key(bool),
    "date_format": Key(str),
    "member": Key(str),
    **{name: Key(int, low=1) for name in LIMITS},
}
CODE_OPTIONS: Final[Mapping[str, Key]] = {"code_digits": Key(int, low=1)}

OFFER_SHAPES: Final = ("polygon", "line", "point", "cell", "h3", "quadkey", "place")
MOBILE_SHAPES: Final = ("polygon", "cell", "h3", "quadkey", "place")

# Where a table has coordinates, one of these pairs.
COORDINATES: Final = (("x", "y"), ("lon", "lat"))
COORDINATE_FIELDS: Final = (
    *(Field(name, "number", required=True) for pair in COORDINATES for name in pair),
    Field("cell_id", required=True),  # of premises and networks; then `cell_m` is the size of the cell
)

# Columns by which a row of a list may name premises, beside coordinates; a municipality by its code or by its name.
PLACE_FIELDS: Final = (
    Field("place_id"),
    Field("address"),
    Field("postcode"),
    Field("municipality_code"),
    Field("municipality"),
)
POINT_FIELDS: Final[Mapping[tuple[str, str], tuple[Field, ...]]] = {
    pair: tuple(Field(name, "number") for name in pair) for pair in COORDINATES
}

OFFER_FIELDS: Final = (
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
    Field("latency_ms", "number", low=0.0),
    Field("connected", "flag", default=False),
    Field("available_until", "date"),
    Field("as_of", "date"),
    Field("tests", "number", low=0.0),
)
OFFER_OPTIONS: Final[Mapping[str, Key]] = {
    "shape": Key(str, required=True, allowed=OFFER_SHAPES),
    "within_m": Key(float, low=0),
    "cell_m": Key(float, low=0),
    "speed_unit": Key(str, allowed=("mbps", "kbps")),
    "technology_codes": Key(str, allowed=tuple(TECHNOLOGY_CODES)),
    "reaches": Key(dict),
    "min_tests": Key(float, low=0),
    "others_reach_mbps": Key(float, low=0),
    "others_kinds": Key(list),
}

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
            Field("funded_earlier", "flag", default=False),
            Field("position_basis", default="given", allowed=schemas.POSITION_BASES),
            Field("employees_basis", default="reported", allowed=schemas.EMPLOYEES_BASES),
            Field("legal_form"),
        ),
        options={
            **CODE_OPTIONS,
            "nearest_municipality_m": Key(float, low=0),
            "divide_weight_by": Key(object),
            "nace_version": Key(str, allowed=schemas.NACE_STANDARDS),
        },
        families=("point", "polygon"),
    ),
    "offers": Role(kinds=("vector", "table"), fields=OFFER_FIELDS, options=OFFER_OPTIONS),
    "hearing": Role(
        kinds=("vector", "table"),
        fields=(
            Field("provider", required=True),
            Field("claim", default="plan", allowed=schemas.CLAIMS),
            Field("technology", default="other", allowed=schemas.TECHNOLOGIES),
            Field("down_mbps", "number", low=0.0),
            Field("up_mbps", "number", low=0.0),
            Field("down_max_mbps", "number", low=0.0),
            Field("up_max_mbps", "number", low=0.0),
            Field("available_from", "date"),
            Field("lapsed_on", "date"),
            Field("upgradeable", "flag", default=False),
            Field("latency_ms", "number", low=0.0),
            Field("as_of", "date"),
            Field("comment"),
        ),
        options={
            "shape": Key(str, required=True, allowed=("polygon", "address")),
            "within_m": Key(float, low=0),
            "speed_unit": OFFER_OPTIONS["speed_unit"],
            "technology_codes": OFFER_OPTIONS["technology_codes"],
        },
    ),
    "corrections": Role(
        kinds=("table", "vector"),
        fields=(
            Field("place_id"),
            Field("correction", required=True, allowed=schemas.CORRECTION_KINDS),
            Field("kind", allowed=schemas.KINDS),
            Field("down_mbps", "number", low=0.0),
            Field("up_mbps", "number", low=0.0),
            Field("technology", allowed=schemas.TECHNOLOGIES),
            Field("provider"),
            Field("weight", "number", default=1.0, low=0.0),
            Field("name"),
            Field("address"),
            Field("postcode"),
            Field("municipality_code"),
            Field("municipality"),  # its name, where the code is not given
            Field("comment", required=True),
            Field("office", required=True),
            Field("date", "date"),
        ),
        options={**CODE_OPTIONS, "within_m": Key(float, low=0), "nearest_municipality_m": Key(float, low=0)},
        families=("point",),
    ),
    "hubs": Role(
        kinds=("table", "vector"),
        fields=(Field("name", required=True), Field("hub_kind", required=True, allowed=schemas.HUB_KINDS)),
        families=("point", "polygon"),
    ),
    "awards": Role(
        kinds=("table", "vector"),
        fields=(
            Field("award_id"),
            Field("name"),
            Field("year", "number", required=True, low=1990.0, high=2100.0),
            Field("premises", "number", required=True, low=0.0),
            Field("total_cost", "number", required=True, low=0.0),
            Field("grant", "number", low=0.0),
            Field("municipality_code"),
            Field("technology", default="fibre", allowed=schemas.AWARD_TECHNOLOGIES),
            Field("route_m", "number", low=0.0),
            Field("terrain"),
            Field("status", default="awarded", allowed=schemas.AWARD_STATUSES),
            Field("area_id"),
        ),
        options=CODE_OPTIONS,
        families=("polygon",),
    ),
    "applications": Role(
        kinds=("table", "vector"),
        fields=(
            Field("application_id", required=True),
            Field("municipality_code"),
            Field("name"),
            Field("vendor"),
            Field("technology", allowed=schemas.AWARD_TECHNOLOGIES),
            Field("vendor_cost", "number", low=0.0),
            Field("vendor_share", "number", low=0.0),
            Field("municipal_money", "number", low=0.0),
            Field("interest", "number", low=0.0),
            Field("contact_office"),
            Field("date", "date"),
            Field("status", allowed=schemas.APPLICATION_STATUSES),
            Field("area_id"),
            Field("comment"),
        ),
        options={
            **CODE_OPTIONS,
            "shape": Key(str, required=True, allowed=("polygon", "address", "register")),
            "within_m": Key(float, low=0),
        },
        families=("polygon",),
    ),
    "lots": Role(
        kinds=("vector",),
        fields=(Field("lot_id", required=True), Field("name"), Field("municipality_code")),
        options=CODE_OPTIONS,
        families=("polygon",),
    ),
    "mobile": Role(
        kinds=("raster", "vector", "table"),
        fields=(
            Field("level", allowed=schemas.MOBILE_LEVELS),
            Field("signal_dbm", "number"),
            Field("down_mbps", "number", low=0.0),
        ),
        options={
            "operator": Key(str, required=True),
            "technology": Key(str, required=True, allowed=("4g", "5g")),
            "shape": Key(str, allowed=MOBILE_SHAPES),
            "cell_m": Key(float, low=0),
            "speed_unit": Key(str, allowed=("mbps", "kbps")),
            "levels": Key(dict),
            "classes": Key(dict),
        },
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
    "terrain": Role(kinds=("raster",)),
    "masts": Role(
        kinds=("table", "vector"),
        fields=(Field("mast_id"), Field("name"), Field("operator"), Field("height_m", "number", low=1.0)),
        families=("point",),
    ),
    "poles": Role(kinds=("vector",), options={"within_m": Key(float, low=0)}, families=("line", "point")),
    "ducts": Role(kinds=("vector",), options={"within_m": Key(float, low=0)}, families=("line",)),
    "extent": Role(
        kinds=("vector",),
        fields=(Field("name"),),
        options={"what": Key(str, required=True), "ground": Key(str, allowed=schemas.GROUNDS)},
        families=("polygon", "line"),
    ),
    "water": Role(kinds=("vector",), families=("polygon",)),
    "truth": Role(
        kinds=("vector",),
        options={"unserved_below": Key(list), "served_from": Key(list)},
        families=("polygon",),
        open_fields=r".+",
    ),
}
# Roles whose tables say by coordinates where their rows are.
PLACED: Final = ("premises", "network", "hubs", "corrections", "masts")
# What a study cannot do without; it also needs `offers` or `shares`.
SERVICE_ROLES: Final = ("municipalities", "premises")
REQUIRED_ROLES: Final = (*SERVICE_ROLES, "roads", "network")

# Columns that say where a row is, by shape; of a cell either its corner or its id.
SHAPE_FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "polygon": (),
    "line": (),
    "point": COORDINATE_FIELDS[:-1],
    "place": (Field("place_id", required=True),),
    "cell": (
        Field("cell_x", "number", required=True),
        Field("cell_y", "number", required=True),
        Field("cell_id", required=True),
    ),
    "h3": (Field("h3", required=True),),
    "quadkey": (Field("quadkey", required=True),),
    "address": (*PLACE_FIELDS, *(field for pair in POINT_FIELDS.values() for field in pair)),
}


def known_fields(role: str, *, shape: str = "") -> tuple[Field, ...]:
    """Return every column that study.toml may map for a role, coordinates of tables included."""
    fields = (*ROLES[role].fields, *SHAPE_FIELDS.get(shape, ()))
    return (*fields, *COORDINATE_FIELDS) if role in PLACED else fields
