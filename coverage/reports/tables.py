"""The tables behind every report: plain frames with the contract's column names, rows in a fixed order."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage.assessment import Assessment
from coverage.kinds import is_mobile
from coverage.policy import Policy
from coverage.reports import mobile, portrait, remarks, technical
from coverage.reports.columns import REACHES_PREFIX, SCORE_PREFIX
from coverage.reports.once import once
from coverage.reports.wording import Wording
from coverage.schemas import AREA_COLUMNS, AREA_TAIL, REJECTED_COLUMNS

AREA_MONEY: Final = (
    "opex_per_year", "connections", "revenue_per_year", "pv_revenue", "pv_opex", "over_ceiling", *technical.STRANDING,
)  # fmt: skip
AREA_EXTRAS: Final = ("premises", *technical.LENGTHS, *technical.SURFACES, *AREA_MONEY)
FINGERPRINT: Final = "fingerprint"  # of a run: in provenance, and a column of the lists made of it
CORRECTED: Final = "corrected"  # of areas, where something was corrected: premises at corrected places
# How firm an area's place is; when and from which pot it is paid; what was applied for and awarded.
FIRM: Final = ("rank_p10", "rank_p50", "rank_p90", "driver")
ASKED: Final = (
    "phase", "pot", "applied_share", "application_id", "requested_grant", "municipal_confirmed", "awarded_share",
    "award_id",
)  # fmt: skip
SHARES: Final = ("applied_share", "awarded_share")
POINTS: Final = ("points", "reference_grant")  # by a template
BELOW_LINE: Final = "below_line"
HOLIDAY: Final = "holiday"
# Of the premises of an area and of its build, after what the council votes on.
BESIDE: Final = (
    "municipality", "premises", HOLIDAY, *portrait.COLUMNS, *technical.SURFACES, BELOW_LINE, remarks.COLUMN,
)  # fmt: skip
COST_COLUMNS: Final = (
    "area_id", "technology", "item", "quantity", "unit", "unit_cost", "amount", "source", "confidence",
    "currency", "data_status",
)  # fmt: skip


def records(table: pd.DataFrame) -> list[Any]:
    """Return the rows as tuples with the columns' names, to be printed one by one."""
    return list(table.itertuples(index=False))


def priority_columns(policy: Policy) -> list[str]:
    """Return the columns of the list that a council votes on, in order."""
    return [*AREA_COLUMNS, *(f"{SCORE_PREFIX}{item.id}" for item in policy.criteria), *AREA_TAIL]


def ranked_areas(assessment: Assessment) -> gpd.GeoDataFrame:
    """Return the areas in the order of rank; ties and missing ranks by area_id."""
    return assessment.areas.sort_values(["rank", "area_id"], kind="stable").reset_index(drop=True)


@once
def priority_table(assessment: Assessment) -> pd.DataFrame:
    """Return the priority list: one row per area, the contract's columns in the contract's order.

    In a study with corrections the premises at corrected places follow as `corrected`, and where areas are ineligible,
    `ineligible_because`; then whatever of FIRM and ASKED the run tells of any area, marks of a template, and of BESIDE
    what is told of any area. `below_line` says of which areas money that follows the ranking falls short.
    """
    areas = assessment.areas
    marks = [str(name) for name in areas.columns if str(name).startswith(REACHES_PREFIX)]
    names = (CORRECTED, technical.WHY, *FIRM, *ASKED, *(POINTS if assessment.scenario.template else ()), *marks)
    columns = [*priority_columns(assessment.policy), *(name for name in names if _is_told(areas, name))]
    listed = _described(assessment)
    return listed.loc[:, [*columns, *_beside(listed, columns)]]


def _beside(table: pd.DataFrame, columns: list[str]) -> list[str]:
    """List what a table tells of BESIDE; of holiday homes only where fixed areas have any."""
    fixed = table[~is_mobile(table)]
    told = {name: fixed if name == HOLIDAY else table for name in BESIDE if name not in columns and name in table}
    return [name for name, rows in told.items() if portrait.is_told(rows, name)]


@once
def _described(assessment: Assessment) -> pd.DataFrame:
    """Return the areas in the order of rank, without their geometry, and with BESIDE."""
    ranked = ranked_areas(assessment)
    metres = technical.with_metres(ranked, assessment)
    names = dict(zip(assessment.municipalities["municipality_code"], assessment.municipalities["name"], strict=True))
    told = portrait.portrait(assessment).reindex(ranked["area_id"])
    said = remarks.remarks(assessment).reindex(ranked["area_id"])
    return pd.DataFrame(metres.drop(columns=metres.geometry.name)).assign(
        **{str(name): column.array for name, column in told.items()},
        **{remarks.COLUMN: said.array, BELOW_LINE: ranked["ranked_decision"].eq("reserve")},
        municipality=ranked["municipality_code"].map(names),
    )


def _is_told(areas: pd.DataFrame, name: str) -> bool:
    """Say whether a column tells anything of any area: a share of 0 everywhere does not."""
    if name not in areas:
        return False
    return bool((areas[name].fillna(0.0) > 0).any() if name in SHARES else areas[name].notna().any())


def stamped(table: pd.DataFrame, assessment: Assessment, *, characters: int | None = None) -> pd.DataFrame:
    """Return the table with the run's fingerprint in every row, whole or its first characters; none where none is."""
    mark = str(assessment.provenance.get(FINGERPRINT, ""))[:characters]
    return table.assign(**{FINGERPRINT: pd.array([mark] * len(table), dtype="str")}) if mark else table


@once
def priority_file(assessment: Assessment) -> pd.DataFrame:
    """Return the priority list as a file for other programs: its columns, then what each area would be built of.

    Where there are areas of kind mobile, what their masts serve and need follows; of fixed areas it is empty. Every
    row carries the fingerprint of the run, so that a list that was handed over can be held against the data.
    """
    table = stamped(priority_table(assessment), assessment)
    built = technical.technical_table(assessment)
    table = table.assign(**{str(name): built[name].to_numpy() for name in built.columns if name not in table.columns})
    masts = mobile.mobile_table(assessment).set_index("area_id")
    if not len(masts):
        return table
    more = masts.drop(columns=[name for name in masts.columns if name in table.columns]).reindex(table["area_id"])
    return table.assign(**{str(name): column.array for name, column in more.items()})


def in_words(table: pd.DataFrame, assessment: Assessment, wording: Wording) -> pd.DataFrame:
    """Return a table of areas as a workbook has it: its compound cells in words, the names of mobile areas marked."""
    said = remarks.in_words(portrait.in_words(table, wording, assessment.policy), wording)
    return mobile.named(said, wording)


def take_up_labels(assessment: Assessment, wording: Wording) -> dict[str, tuple[str, str]]:
    """Return label and meaning of the revenue of a year, which say at which take-up it is reckoned."""
    label, meaning = wording.lines("columns", "revenue_per_year", currency=assessment.study.currency)
    shares = {
        kind: wording.percent(assessment.costs[f"take_up_{item}"].value)
        for kind, item in (("homes", "household"), ("businesses", "business"))
    }
    return {"revenue_per_year": (label, wording.text("area_sheet", "revenue", meaning=meaning, **shares))}


@once
def area_table(assessment: Assessment) -> pd.DataFrame:
    """Return the priority list's columns, and the quantities that a builder asks for, for every area."""
    table = _described(assessment).copy()
    for name in AREA_EXTRAS:
        if name not in table.columns:
            table[name] = np.nan
    columns = priority_columns(assessment.policy)
    at = columns.index("businesses") + 1
    columns[at:at] = portrait.SIZES
    columns.insert(columns.index("municipality_code") + 1, "municipality")
    at = columns.index("capex")
    metres = technical.metre_columns(assessment)
    ordered = [*columns[: at - 1], "premises", columns[at - 1], *metres, *columns[at:], *AREA_MONEY]
    drawn = [technical.DRAWN] if technical.DRAWN in table and table[technical.DRAWN].any() else []
    more = [name for name in (CORRECTED, technical.WHY) if name in table and table[name].notna().any()]
    return table.loc[:, [*ordered, *drawn, *more, *_beside(table, [*ordered, *more])]]


def cost_table(assessment: Assessment) -> pd.DataFrame:
    """Return the cost lines of each area's proposed technology, in the order of the areas' rank."""
    areas = ranked_areas(assessment)
    chosen = areas[["area_id", "technology"]].assign(_order=np.arange(len(areas)))
    lines = assessment.cost_lines.merge(chosen, on=["area_id", "technology"], how="inner", validate="many_to_one")
    lines = lines.sort_values(["_order", "item"], kind="stable").reset_index(drop=True)
    lines["currency"] = assessment.study.currency
    lines["data_status"] = assessment.study.data_status
    return lines.loc[:, list(COST_COLUMNS)]


def no_grant_notes(areas: pd.DataFrame, wording: Wording) -> list[str]:
    """Return a sentence on the areas that are proposed and ask for no money, or nothing where there are none."""
    count = int(((areas["decision"] == "fund") & (areas["grant"] == 0)).sum())
    return [wording.text("priority", "no_grant", count=wording.number(count))] if count else []


def funding_gap_text(assessment: Assessment, wording: Wording) -> str:
    """Say how the funding gap was reckoned, under the view that was chosen, and what residents give."""
    rules, scenario, currency = assessment.policy.subsidy, assessment.scenario, assessment.study.currency
    said = [
        wording.text(
            "funding_gap",
            scenario.view or rules.view,
            horizon=rules.horizon_years,
            cap=wording.money(rules.private_cap_per_premises, currency),
        )
    ]
    if scenario.connection_fee:
        fee = wording.money(scenario.connection_fee, currency)
        said.append(wording.text("funding_gap", "connection_fee", fee=fee))
    if scenario.dugnad_m:
        said.append(wording.text("funding_gap", "dugnad", metres=wording.number(scenario.dugnad_m)))
    return " ".join(said)


def rejected_table(assessment: Assessment) -> pd.DataFrame:
    """Return the rejected rows with the data status of the source they came from."""
    status = {source.id: source.data_status for source in assessment.study.sources}
    table = assessment.rejected.loc[:, list(REJECTED_COLUMNS)].copy()
    table["data_status"] = table["source"].map(status).fillna(assessment.study.data_status)
    return table.reset_index(drop=True)


def source_table(assessment: Assessment, wording: Wording) -> pd.DataFrame:
    """Return one row per source, in words: source, role, supplier, as_of, licence, data_status, url.

    No path of any machine.
    """
    rows = [
        (
            item.id,
            wording.value("role", item.role),
            wording.said(item.supplier),
            wording.date(item.as_of, short=True) if item.as_of else None,
            item.licence,
            wording.value("data_status", item.data_status),
            item.url,
        )
        for item in assessment.study.sources
    ]
    return pd.DataFrame(
        rows, columns=["source", "role", "supplier", "as_of", "licence", "data_status", "url"], dtype=object
    )
