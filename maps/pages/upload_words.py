"""What a reader may bring, and what the form calls our columns and the shapes of a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from maps.language import N_, _
from maps.words import word


@dataclass(frozen=True)
class Kind:
    """Describe one kind of file: its role, what is the same in every row of it, and the shapes that a row may have.

    `first` are columns that the form shows at once although they may be missing.
    """

    role: str
    label: str
    about: str
    constants: Mapping[str, Any] = field(default_factory=dict)
    table_shapes: tuple[str, ...] = ()
    vector_shapes: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    clip: bool = False  # rows outside the study are usual: a national register


ADDRESSED: Final = ("place_id", "address", "postcode", "municipality_code")
KINDS: Final[Mapping[str, Kind]] = {
    "corrections": Kind(
        "corrections",
        N_("Corrections"),
        N_("What a municipality says is wrong: homes that stand empty, missing addresses, wrong speeds."),
        first=(*ADDRESSED, "kind", "date"),
    ),
    "plans": Kind(
        "offers",
        N_("Operators' planned builds"),
        N_("Areas or addresses that operators say they will build, with the day on which they are ready."),
        constants={"status": "planned"},
        table_shapes=("place", "point", "cell", "h3", "quadkey"),
        vector_shapes=("polygon", "line", "point"),
        first=("available_from",),
        clip=True,
    ),
    "hearing": Kind(
        "hearing",
        N_("Answers to the hearing"),
        N_("What operators say in the public hearing: plans, what exists already, and what has lapsed."),
        table_shapes=("address",),
        vector_shapes=("polygon", "address"),
        first=("claim", "technology", "down_mbps", "up_mbps", "available_from", *ADDRESSED),
    ),
    "offers": Kind(
        "offers",
        N_("Coverage today"),
        N_("What can be bought: areas, lines, addresses or cells, with provider, technology and speed."),
        table_shapes=("place", "point", "cell", "h3", "quadkey"),
        vector_shapes=("polygon", "line", "point"),
        clip=True,
    ),
    "premises": Kind(
        "premises",
        N_("Businesses or homes"),
        N_("One row for each, or for each building or cell, with its position. They are added to those of the study."),
        first=("place_id", "name", "employees", "nace", "address", "postcode"),
        clip=True,
    ),
    "applications": Kind(
        "applications",
        N_("Applications for support"),
        N_("Vendors' calculations, drawn areas or lists of addresses, and confirmed municipal money."),
        table_shapes=("register", "address"),
        vector_shapes=("polygon", "address"),
        first=("name", "municipality_code", "vendor_cost", "municipal_money", "technology", "status", "area_id"),
    ),
    "awards": Kind(
        "awards",
        N_("Past awards"),
        N_("What earlier rounds cost: year, premises, total cost and grant, with an outline where there is one."),
        first=("award_id", "name", "grant", "technology", "route_m", "status", "area_id"),
    ),
}
SHAPES: Final[Mapping[str, str]] = {
    "polygon": N_("an area"),
    "line": N_("a line that is served alongside"),
    "point": N_("a point"),
    "place": N_("one place, by its id"),
    "cell": N_("a square cell"),
    "h3": N_("a hexagon of H3"),
    "quadkey": N_("a web map tile"),
    "address": N_("one address of a list"),
    "register": N_("one application"),
}
FORMATS: Final[Mapping[str, str]] = {
    "": N_("the columns are as I say below"),
    "fcc_availability": N_("FCC availability data"),
    "nkom_fbb": N_("Nkom, offers per address"),
    "ookla": N_("Ookla's tiles"),
    "ookla_table": N_("Ookla's tiles"),
}
PARTS: Final[Mapping[str, str]] = {
    "member": N_("Data set in the archive"),
    "layer": N_("Layer"),
    "sheet": N_("Sheet"),
}
FIELDS: Final[Mapping[str, str]] = {
    "address": N_("address"),
    "application_id": N_("application number"),
    "area_id": N_("project area"),
    "as_of": N_("when it was said"),
    "available_from": N_("can be bought from"),
    "available_until": N_("shuts down on"),
    "award_id": N_("award number"),
    "basis": N_("how it is known"),
    "buildings": N_("buildings"),
    "cell_id": N_("cell id"),
    "cell_m": N_("side of the cell, m"),
    "cell_x": N_("corner of the cell, east"),
    "cell_y": N_("corner of the cell, north"),
    "claim": N_("what is said"),
    "comment": N_("comment"),
    "connected": N_("connected already"),
    "contact_office": N_("contact office"),
    "correction": N_("what is wrong"),
    "date": N_("date"),
    "down_max_mbps": N_("download at most, Mbit/s"),
    "down_mbps": N_("download, Mbit/s"),
    "employees": N_("employees"),
    "employees_basis": N_("how the employees are known"),
    "funded_earlier": N_("had support before"),
    "grant": N_("grant"),
    "h3": N_("H3 index"),
    "interest": N_("households that signed up"),
    "kind": N_("business, home or other"),
    "lapsed_on": N_("lapsed on"),
    "lat": N_("latitude"),
    "latency_ms": N_("round trip, ms"),
    "legal_form": N_("legal form"),
    "line_of_business": N_("line of business"),
    "locality": N_("locality"),
    "lon": N_("longitude"),
    "municipal_money": N_("confirmed municipal money"),
    "municipality": N_("municipality, by name"),
    "municipality_code": N_("municipality code"),
    "nace": N_("industry code"),
    "name": N_("name"),
    "office": N_("who says so"),
    "org_number": N_("organisation number"),
    "place_id": N_("place id"),
    "position_basis": N_("how the position is known"),
    "postcode": N_("postcode"),
    "premises": N_("premises"),
    "provider": N_("provider"),
    "quadkey": N_("quadkey"),
    "route_m": N_("route, m"),
    "size_class": N_("size class"),
    "status": N_("status"),
    "technology": N_("technology"),
    "terrain": N_("terrain"),
    "tests": N_("tests"),
    "total_cost": N_("total cost"),
    "up_max_mbps": N_("upload at most, Mbit/s"),
    "up_mbps": N_("upload, Mbit/s"),
    "upgradeable": N_("easily upgraded"),
    "vendor": N_("vendor"),
    "vendor_cost": N_("the vendor's cost"),
    "vendor_share": N_("the vendor's share"),
    "weight": N_("premises in the row"),
    "x": N_("x (east)"),
    "y": N_("y (north)"),
    "year": N_("year"),
    "year_round": N_("in year-round use"),
}
# Words for values that `maps.words` has not, or has for something else.
VALUES: Final[Mapping[str, str]] = {
    "existing": N_("existing"),
    "planned": N_("planned"),
    "claimed": N_("as claimed"),
    "modelled": N_("as modelled"),
    "measured": N_("as measured"),
    "plan": N_("a plan"),
    "exists": N_("is there already"),
    "lapsed": N_("has lapsed"),
    "withdrawn": N_("was withdrawn"),
    "awarded": N_("awarded"),
    "built": N_("built"),
    "cancelled": N_("cancelled"),
    "applied": N_("applied for"),
    "refused": N_("refused"),
    "given": N_("as the file gives it"),
    "reported": N_("as reported"),
    "imputed": N_("imputed"),
    "spread": N_("spread over the municipality"),
    "postcode": N_("at its postcode"),
}


def field_name(name: str) -> str:
    """Return what a reader calls one of our columns."""
    return _(FIELDS[name]) if name in FIELDS else name.replace("_", " ")


def value_name(value: str) -> str:
    """Return what a reader calls one of our values."""
    return _(VALUES[value]) if value in VALUES else word(value)
