"""Column names, units and checks of every frame that crosses a border between modules.

One schema per border. `check` gathers all failures and raises once. Geometry is never coerced: a frame in
the wrong CRS is an error upstream, not something to be mended here.
"""

from __future__ import annotations

from typing import Final, TypeVar

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from coverage.errors import DataError

KINDS: Final = ("business", "household", "holiday", "public")
SIZE_CLASSES: Final = ("micro", "small", "medium", "large", "unknown")
TECHNOLOGIES: Final = ("fibre", "cable", "dsl", "fwa", "fwa_unlicensed", "satellite", "other")
BUILD_TECHNOLOGIES: Final = ("fibre", "fwa", "mobile_site", "voucher")
MOBILE_LEVELS: Final = ("none", "basic", "good", "very_good")
GAP_KINDS: Final = ("none", "fixed", "mobile", "both")
DATA_STATUSES: Final = ("real", "modelled", "synthetic")
OFFER_STATUSES: Final = ("existing", "planned")
# What an operator says in a hearing: it will build; service is there already; its plan, or its word, stands no more.
CLAIMS: Final = ("plan", "exists", "lapsed", "withdrawn")
STANDING: Final = ("plan", "exists")
OFFER_BASES: Final = ("claimed", "modelled", "measured")
# spread: known by municipality only, and stood in one of its cells; postcode: stands at the point of its postcode
POSITION_BASES: Final = ("given", "spread", "postcode")
EMPLOYEES_BASES: Final = ("reported", "imputed")
HUB_KINDS: Final = ("business_garden", "incubator", "business_park")
NACE_STANDARDS: Final = ("sn2007", "sn2025")  # NACE Rev. 2 and Rev. 2.1 in Norway
NACE_NOTES: Final = ("not_stated", "unknown", "ambiguous", "other_version")
GROUNDS: Final = ("land", "sea")  # what a farm, forester or fish farm works on
# A layer of such ground (farmland), all land of the municipalities, or all that is not land.
GROUND_BASES: Final = ("layer", "land", "sea")
HUB_DISTANCE_BASES: Final = ("road", "straight_line")
CORRECTION_KINDS: Final = ("not_inhabited", "in_use", "wrong_kind", "missing_address", "wrong_speed")
# Past awards: what was built (as the cost books name it), and what became of them; a cancelled one cost nothing.
AWARD_TECHNOLOGIES: Final = ("fibre", "fwa", "voucher")
AWARD_STATUSES: Final = ("awarded", "built", "cancelled")
# An application is open while it is applied; one that has its grant goes on to awarded and built.
APPLICATION_STATUSES: Final = ("applied", "awarded", "built", "refused", "withdrawn")
AREA_STATUSES: Final = ("modelled", "applied", "awarded", "built")
CONNECTIONS: Final = ("connected", "passed")
UNCOUNTED: Final = ("technology", "latency", "closing")  # why an existing offer may not count; the first holds
CERTAINTIES: Final = ("safe yes", "toss-up", "safe no")
DECISIONS: Final = ("fund", "reserve", "ineligible")
SERVED: Final = "served"

SHARE_PREFIX: Final = "share_"

Frame = TypeVar("Frame", bound=pd.DataFrame)


def _text(values: tuple[str, ...] | None = None, *, nullable: bool = False, required: bool = True) -> pa.Column:
    checks = [pa.Check.isin(values)] if values else []
    return pa.Column(str, checks, nullable=nullable, required=required)


def _number(
    low: float | None = 0.0, high: float | None = None, *, nullable: bool = False, required: bool = True
) -> pa.Column:
    checks = []
    if low is not None:
        checks.append(pa.Check.ge(low))
    if high is not None:
        checks.append(pa.Check.le(high))
    return pa.Column(float, checks, nullable=nullable, required=required)


MUNICIPALITIES: Final = pa.DataFrameSchema(
    {"municipality_code": _text(), "name": _text()}, unique=["municipality_code"]
)

# One row per place; a row may stand for several premises (`weight`). Index: RangeIndex, in register order.
PLACES: Final = pa.DataFrameSchema(
    {
        "place_id": _text(),
        "kind": _text(KINDS),
        "weight": _number(),  # premises
        "buildings": _number(),  # what the premises stand in: each needs a drop of its own
        "cell_m": _number(required=False),  # side of the cell the row stands for, which `geometry` is the middle of
        "name": _text(nullable=True),
        "org_number": _text(nullable=True),
        "municipality_code": _text(nullable=True),  # null: outside every municipality
        "nace": _text(nullable=True),
        "line_of_business": _text(nullable=True),
        "employees": _number(nullable=True),  # of the whole row, null: not reported
        "size_class": _text(SIZE_CLASSES),
        "address": _text(nullable=True),
        "postcode": _text(nullable=True),
        "locality": _text(nullable=True),  # post town, hamlet or neighbourhood: names areas
        "year_round": pa.Column(bool),
        "funded_earlier": pa.Column(bool, required=False),  # in an area that public money was given to before
        "position_basis": _text(POSITION_BASES, required=False),  # where any is not given
        "employees_basis": _text(EMPLOYEES_BASES, required=False),  # where any is not reported
        "legal_form": _text(nullable=True, required=False),  # of the owner, as a register codes it (AS, ENK)
        "source": _text(),  # id of the source in study.toml
        "source_row": pa.Column(int),  # 1-based data row in that source
    },
    unique=["place_id"],
)

# One row per claim of service. Geometry is the footprint; `place_id` instead where the offer is per address.
OFFERS: Final = pa.DataFrameSchema(
    {
        "provider": _text(),
        "technology": _text(TECHNOLOGIES),
        "down_mbps": _number(),
        "up_mbps": _number(),
        "down_max_mbps": _number(),  # upper end where the source gives a class; else equal to down_mbps
        "up_max_mbps": _number(),
        "status": _text(OFFER_STATUSES),
        "available_from": pa.Column("datetime64[s]", nullable=True),  # for planned builds
        "basis": _text(OFFER_BASES),
        "upgradeable": pa.Column(bool),  # the net behind the offer can easily be raised to 1 Gbit/s
        "latency_ms": _number(nullable=True, required=False),  # null: not known
        # The premises are connected to the net, not only passed by it; null: not known.
        "connected": pa.Column(None, pa.Check.isin([True, False]), nullable=True, required=False),
        "available_until": pa.Column("datetime64[s]", nullable=True, required=False),  # the last day of the offer
        "tests": _number(nullable=True, required=False),  # behind a measured speed
        "claim": _text(CLAIMS, nullable=True, required=False),  # of a hearing
        "lapsed_on": pa.Column("datetime64[s]", nullable=True, required=False),  # the day a claim stands no more
        "comment": _text(nullable=True, required=False),
        "source": _text(),
        "source_row": pa.Column(int),
    }
)

# Sites that the county works through (business gardens, incubators), and business parks.
HUBS: Final = pa.DataFrameSchema(
    {"name": _text(), "hub_kind": _text(HUB_KINDS), "source": _text(), "source_row": pa.Column(int)}
)

# Past awards of support; amounts in the study's currency and the award's year, without VAT. Geometry: outline or null.
AWARDS: Final = pa.DataFrameSchema(
    {
        "award_id": _text(),
        "name": _text(nullable=True),
        "year": pa.Column(int),
        "premises": pa.Column(float, pa.Check.gt(0)),  # that the award was to serve
        "total_cost": pa.Column(float, pa.Check.gt(0)),
        "grant": _number(nullable=True),  # public grant money; null: not told
        "municipality_code": _text(nullable=True),
        "technology": _text(AWARD_TECHNOLOGIES),
        "route_m": _number(nullable=True),  # built or bid, where told
        "terrain": _text(nullable=True),  # a class of the county's own, where told
        "status": _text(AWARD_STATUSES),
        "area_id": _text(nullable=True),  # a project area of the study
        "source": _text(),
        "source_row": pa.Column(int),
    },
    unique=["award_id"],
)

# Applications for support; amounts in the study's currency, without VAT. Geometry: the area drawn, or null.
APPLICATIONS: Final = pa.DataFrameSchema(
    {
        "application_id": _text(),
        "municipality_code": _text(nullable=True),  # null: not told
        "name": _text(nullable=True),
        "vendor": _text(nullable=True),
        "technology": _text(AWARD_TECHNOLOGIES),
        "vendor_cost": pa.Column(float, pa.Check.gt(0), nullable=True),  # the whole build, as the vendor calculates it
        "vendor_share": _number(nullable=True),  # of it, what the vendor pays itself
        "municipal_money": _number(nullable=True),  # confirmed; null: not told, 0: none
        "interest": _number(nullable=True),  # households that signed up
        "contact_office": _text(nullable=True),
        "date": pa.Column("datetime64[s]", nullable=True),
        "status": _text(APPLICATION_STATUSES),
        "area_id": _text(nullable=True),  # a project area of the study
        "comment": _text(nullable=True),
        "listed_rows": pa.Column(int, pa.Check.ge(0)),  # of its list of addresses; 0: without one
        "unmatched_rows": pa.Column(int, pa.Check.ge(0)),  # of them, those that name no premises of the study
        "source": _text(),
        "source_row": pa.Column(int),  # of its first row
    },
    unique=["application_id"],
)

# The premises that lists of addresses of applications name.
APPLIED: Final = pa.DataFrameSchema(
    {
        "application_id": _text(),
        "place_id": _text(),
        "comment": _text(nullable=True),
        "source": _text(),
        "source_row": pa.Column(int),
    },
    unique=["application_id", "place_id"],
)

# Masts and other sites that hold antennas today, one row per position.
MASTS: Final = pa.DataFrameSchema(
    {
        "mast_id": _text(),
        "name": _text(nullable=True),
        "operator": _text(nullable=True),  # ", " between, where several are on it
        "height_m": pa.Column(float, pa.Check.gt(0), nullable=True),  # of the antennas above the ground
        "source": _text(),
        "source_row": pa.Column(int),  # of the first row at its position
    },
    unique=["mast_id"],
)

# Areas that a planner has drawn, polygons, in the order of the files: a place in two of them belongs to the first.
LOTS: Final = pa.DataFrameSchema(
    {
        "lot_id": _text(),
        "name": _text(nullable=True),  # null: named as other areas are
        "municipality_code": _text(nullable=True),  # null: outside every municipality
        "source": _text(),
        "source_row": pa.Column(int),  # of its first part
    },
    unique=["lot_id"],
)

# What corrected places hold beside PLACES, in studies in which a municipality has corrected something.
CORRECTED: Final = pa.DataFrameSchema(
    {
        "correction": _text(nullable=True),  # CORRECTION_KINDS, ", " between; null: not corrected
        "corrected_by": _text(nullable=True),  # the office
        "corrected_on": pa.Column("datetime64[s]", nullable=True),
        "correction_source": _text(nullable=True),
        "correction_row": pa.Column(int, pa.Check.ge(0)),  # 1-based data row in that source, 0: not corrected
    }
)

# A municipality's word against a source's: what is wrong, what is right, who says so. Geometry: where the place is.
CORRECTIONS: Final = pa.DataFrameSchema(
    {
        "place_id": _text(),  # of a missing address: the id that it gets, <source>-<source_row>
        "correction": _text(CORRECTION_KINDS),
        "kind": _text(KINDS, nullable=True),  # of wrong_kind and missing_address: what it is
        "down_mbps": _number(nullable=True),  # of wrong_speed: the best that can be bought there; 0: nothing
        "up_mbps": _number(nullable=True),
        "technology": _text(TECHNOLOGIES, nullable=True),
        "provider": _text(nullable=True),
        "weight": _number(),  # of missing_address: premises
        "name": _text(nullable=True),
        "address": _text(nullable=True),
        "postcode": _text(nullable=True),
        "municipality_code": _text(nullable=True),
        "comment": _text(),
        "office": _text(),  # who says so
        "date": pa.Column("datetime64[s]", nullable=True),
        "source": _text(),
        "source_row": pa.Column(int),
    }
)

SERVICE: Final = pa.DataFrameSchema(
    {
        "fixed_down_mbps": _number(),  # 0 where nobody claims service
        "fixed_up_mbps": _number(),
        "fixed_down_max_mbps": _number(),
        "fixed_up_max_mbps": _number(),
        "fixed_technology": _text(TECHNOLOGIES, nullable=True),
        "fixed_provider": _text(nullable=True),
        "fixed_source": _text(nullable=True),
        "fixed_source_row": pa.Column(int, pa.Check.ge(0)),  # 1-based data row in that source, 0: none
        "fixed_class_down_mbps": _number(),  # upper end of the best offer's own speed class
        "fixed_class_up_mbps": _number(),
        "fixed_networks_100": pa.Column(int, pa.Check.ge(0)),
        "fixed_networks_100_planned": pa.Column(int, pa.Check.ge(0), required=False),  # there, or planned in time
        "fixed_networks_100_lapsed": pa.Column(int, pa.Check.ge(0)),  # the same without planned_networks
        "fixed_networks_1000": pa.Column(int, pa.Check.ge(0), required=False),
        "fixed_latency_ms": _number(nullable=True, required=False),  # of the best offer, null: not known
        "fixed_connection": _text(CONNECTIONS, nullable=True, required=False),  # to any net that counts
        "fixed_closes": pa.Column("datetime64[s]", nullable=True, required=False),  # the best offer's last day
        "planned_down_mbps": _number(),
        "planned_up_mbps": _number(),
        "planned_by": _text(nullable=True),  # provider
        "planned_date": pa.Column("datetime64[s]", nullable=True),
        "planned_source": _text(nullable=True),
        "planned_source_row": pa.Column(int, pa.Check.ge(0)),
        "planned_networks": pa.Column(int, pa.Check.ge(0)),  # providers whose plan would end the shortfall
        "plan_told": pa.Column(bool, required=False),  # false: plans are withheld here, and whether there is any
        "uncounted_down_mbps": _number(),  # the best existing offer that does not count, 0: none
        "uncounted_up_mbps": _number(),
        "uncounted_technology": _text(TECHNOLOGIES, nullable=True),
        "uncounted_provider": _text(nullable=True),
        "uncounted_source": _text(nullable=True),
        "uncounted_source_row": pa.Column(int, pa.Check.ge(0)),
        "uncounted_why": _text(UNCOUNTED, nullable=True),
        "upgradeable": pa.Column(bool),  # the existing net can easily be raised to 1 Gbit/s
        "measured_down_mbps": _number(nullable=True),
        "measured_up_mbps": _number(nullable=True, required=False),
        "measured_tests": _number(nullable=True, required=False),
        "measured_flag": pa.Column(bool, required=False),  # measured well below claimed
        "mobile_level": _text(MOBILE_LEVELS, nullable=True),  # null: no mobile data at all
        "mobile_operators": pa.Column(int, pa.Check.ge(0)),
        "mobile_single_operator": pa.Column(bool, required=False),
        "mobile_level_indoor": _text(MOBILE_LEVELS, nullable=True, required=False),  # null: no data, or no rule for it
    }
)

MOBILE: Final = pa.DataFrameSchema(
    {
        "place_id": _text(),
        "operator": _text(),
        "technology": _text(("4g", "5g")),
        "level": _text(MOBILE_LEVELS),
        "signal_dbm": _number(None, nullable=True),
    }
)

VERDICT: Final = pa.DataFrameSchema(
    {
        "tier": _text(),
        "tier_best": _text(),  # the tier if every class is read at its upper end
        "gap_kind": _text(GAP_KINDS),
        "short_fixed": _number(0.0, 1.0),  # share of the row's premises short of fixed service
        "short_mobile": _number(0.0, 1.0),
        "eligible": _number(0.0, 1.0),  # share of the row's premises eligible for support
        "reason_code": _text(),
        "also_excluded_by": _text(),  # ids of the further excluding clauses that hold, ", " between; "" if none
        "reason": _text(),  # in English; coverage/reasons.py writes the other languages
        "area_id": _text(nullable=True),
        # Of a study with a hearing: taken off the lists by it, or put back since a claim lapsed; and by whom.
        "hearing": _text(("removed", "put_back"), nullable=True, required=False),
        "hearing_removed_by": _text(nullable=True, required=False),
        "hearing_lapsed_by": _text(nullable=True, required=False),  # of places put back
        "hearing_lapsed_on": pa.Column("datetime64[s]", nullable=True, required=False),
    }
)

# What is told of businesses beside their service; all null, and 1.0, at other places.
PROFILE: Final = pa.DataFrameSchema(
    {
        "nace_standard": _text(NACE_STANDARDS, nullable=True),  # null: no code, or one that both versions list
        "nace_division": _text(nullable=True),
        "nace_section": _text(nullable=True),
        "nace_note": _text(NACE_NOTES, nullable=True),
        "upload_dependence": _number(),  # a weight of the sector, around 1
        "works_on": _text(GROUNDS, nullable=True),
        "ground_basis": _text(GROUND_BASES, nullable=True),
        "ground_km2": _number(nullable=True),
        "ground_covered_share": _number(0.0, 1.0, nullable=True),  # null: the mobile data do not tell
        "business_park": _text(nullable=True),
        "hub_name": _text(nullable=True),  # the nearest support hub
        "hub_distance_m": _number(nullable=True),
        "hub_distance_basis": _text(HUB_DISTANCE_BASES, nullable=True),
    }
)

# The list a council votes on; the same columns, in this order, in `areas` and in priority-list.csv.
# `score_<criterion>` columns follow `score`, in the policy's order.
AREA_COLUMNS: Final = (
    "rank",
    "area_id",
    "kind",
    "municipality_code",
    "name",
    "status",
    "decision",
    "ranked_decision",
    "certainty",
    "funded_share",
    "businesses",
    "households",
    "public",
    "employees",
    "technology",
    "route_m",
    "capex",
    "capex_per_premises",
    "funding_gap_p10",
    "funding_gap_p50",
    "funding_gap_p90",
    "state_share",
    "county_share",
    "municipal_share",
    "private_share",
    "grant",
    "grant_per_premises",
    "score",
)
AREA_TAIL: Final = ("cumulative_grant", "policy", "as_of", "currency", "data_status", "assumed")

REJECTED_COLUMNS: Final = ("source", "row", "field", "value", "reason")


def check(frame: Frame, schema: pa.DataFrameSchema, *, where: str) -> Frame:
    """Return the frame if it meets the schema, else raise one DataError that lists every failure."""
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        failures = errors.failure_cases
        found = failures.groupby(["column", "check"], dropna=False, sort=False).size().head(8)
        listed = "; ".join(f"{column}: {rule} ({count}×)" for (column, rule), count in found.items())
        raise DataError(f"{where}: {listed}") from errors
    return frame


def empty_rejected() -> pd.DataFrame:
    """Return an empty `rejected` frame with its columns."""
    return pd.DataFrame({name: pd.Series(dtype="int64" if name == "row" else "str") for name in REJECTED_COLUMNS})
