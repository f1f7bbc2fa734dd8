"""Areas of kind mobile in reports: what their mast would serve, how it is powered and joined, why it may be ineligible.

Their premises are those to which the mast newly gives the policy's mobile level. Many of them may be in fixed areas
too, so no report adds the two up.
"""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage.assessment import Assessment
from coverage.kinds import is_mobile
from coverage.policy import Policy
from coverage.reports.once import once
from coverage.reports.selection import Selection
from coverage.reports.technical import WHY
from coverage.reports.wording import Wording
from coverage.scenario import Scenario

TOP: Final = 25  # areas that a paper shows
SUFFIX: Final = " (mobile)"  # that the names of mobile areas end with
LINK: Final = "microwave_link"  # the item of the cost book
CABLE, RADIO = "cable", "radio"
BY: Final = {CABLE: "route_m", RADIO: "link_m"}  # the metres of each way to the network
COLUMNS: Final = (
    "rank", "area_id", "municipality_code", "municipality", "name", "decision", WHY, "certainty",
    "site_id", "site_basis", "sites_new", "sites_existing", "mast_m", "mobile_gain", "premises",
    "mobile_only_premises", "businesses", "households", "holiday", "public", "employees", "farmland_km2",
    "mobile_road_km", "power_m", "backhaul_by", "route_m", "link_to", "link_m", "backhaul_with", "backhaul_saving_m",
    "backhaul_saving", "capex", "opex_per_year", "funding_gap_p10", "funding_gap_p50", "funding_gap_p90", "grant",
    "score", "x", "y", "policy", "as_of", "currency", "data_status",
)  # fmt: skip


def fixed_areas(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the areas that are not of kind mobile."""
    return areas[~is_mobile(areas)]


def mobile_areas(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the areas of kind mobile."""
    return areas[is_mobile(areas)]


def named(table: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return a table of areas with the names of mobile ones marked in the reader's language."""
    if "kind" not in table or not is_mobile(table).any():
        return table
    plain = table["name"].str.removesuffix(SUFFIX)
    marked = plain + f" ({wording.value('kind', 'mobile')})"
    return table.assign(name=table["name"].where(table["name"] == plain, marked))


@once
def mobile_table(assessment: Assessment) -> pd.DataFrame:
    """Return one row per area of kind mobile, in the order of rank; the position is that of its mast."""
    found = mobile_areas(assessment.areas).sort_values(["rank", "area_id"], kind="stable").reset_index(drop=True)
    table = pd.DataFrame(found.drop(columns=found.geometry.name))
    if not len(table):
        return pd.DataFrame(columns=list(COLUMNS))
    names = dict(zip(assessment.municipalities["municipality_code"], assessment.municipalities["name"], strict=True))
    sites = assessment.sites.set_index("area_id")
    at = gpd.GeoSeries(sites.geometry).reindex(table["area_id"])
    return table.assign(
        municipality=table["municipality_code"].map(names),
        mast_m=table["area_id"].map(sites["mast_m"]) if "mast_m" in sites else np.nan,
        x=at.x.to_numpy(),
        y=at.y.to_numpy(),
        backhaul_by=_backhaul(table, assessment),
    ).reindex(columns=list(COLUMNS))


def _backhaul(table: pd.DataFrame, assessment: Assessment) -> pd.Series[str]:
    """Say how each mast is joined to the network, as its cost lines price it; null where it is taken to be."""
    lines = assessment.cost_lines
    radio = table["area_id"].isin(lines.loc[lines["item"] == LINK, "area_id"])
    how = pd.Series(np.where(radio, RADIO, CABLE), index=table.index, dtype="str")
    return how.where(radio | (table["sites_new"] > 0))


def why(policy: Policy, scenario: Scenario, wording: Wording) -> str:
    """Say whether money may go to mobile areas, by whose word, and what the policy says."""
    key = f"{scenario.mobile or 'policy'}_{'yes' if policy.mobile.supported else 'no'}"
    return wording.text("mobile", key, policy=policy.id, source=wording.said(policy.mobile.supported_source))


def notes(assessment: Assessment, wording: Wording) -> list[str]:
    """Return what a workbook's first sheet must say where there are mobile areas; else nothing."""
    if not is_mobile(assessment.areas).any():
        return []
    return [wording.text("mobile", "note"), why(assessment.policy, assessment.scenario, wording)]


def only_masts(assessment: Assessment) -> bool:
    """Say whether all areas are of kind mobile: then there is no fixed one to lead with."""
    return bool(len(assessment.areas)) and bool(is_mobile(assessment.areas).all())


def selected(selection: Selection, wording: Wording) -> str:
    """Say in one sentence that mobile areas alone are shown."""
    areas = selection.assessment.areas
    names = selection.municipality_names().values()
    return wording.text("mobile", "selected", areas=wording.number(len(areas)), municipalities=", ".join(names))


def figures(assessment: Assessment, wording: Wording) -> list[tuple[str, str]]:
    """Return the headline figures of mobile areas, each with its label."""
    areas, currency = assessment.areas, assessment.study.currency
    return [
        (wording.number(len(areas)), wording.text("mobile", "figure_areas")),
        (wording.money(float(areas["capex"].sum()), currency), wording.text("gap", "figure_capex")),
        (wording.money(float(areas["grant"].sum()), currency), wording.text("gap", "figure_grant")),
    ]


def section(selection: Selection, wording: Wording) -> dict[str, Any]:
    """Return the part of a paper on mobile areas: what masts would serve and cost, and the first of them by rank."""
    assessment, currency = selection.assessment, selection.assessment.study.currency
    table = named(mobile_table(assessment).assign(kind="mobile"), wording)
    funded = table[table["decision"] == "fund"]
    lines = []
    if len(table):
        lines.append(wording.text("mobile", "lead", **_sums(table, currency, wording)))
        if len(funded):
            lines.append(wording.text("mobile", "funded", **_sums(funded, currency, wording)))
        lines += [why(assessment.policy, assessment.scenario, wording), wording.text("mobile", "assumed")]
    top = table.head(TOP)
    return {
        "title": wording.text("mobile", "title"),
        "lines": lines,
        "intro": wording.text(
            "mobile", "intro", shown=wording.number(len(top)), areas=wording.number(len(table)), currency=currency
        ),
        "header": wording.lines("mobile", "table"),
        "rows": [_cells(row, wording) for row in top.to_dict("records")],
        "last_apart": False,
    }


def _sums(table: pd.DataFrame, currency: str, wording: Wording) -> dict[str, str]:
    whole = table[["sites_new", "sites_existing", "businesses", "households", "capex", "grant"]].sum()
    return {
        "areas": wording.number(len(table)),
        "new": wording.number(whole["sites_new"]),
        "existing": wording.number(whole["sites_existing"]),
        "businesses": wording.number(whole["businesses"]),
        "households": wording.number(whole["households"]),
        "farmland": wording.number(table["farmland_km2"].sum()),
        "roads": wording.number(table["mobile_road_km"].sum()),
        "capex": wording.money(whole["capex"], currency),
        "grant": wording.money(whole["grant"], currency),
    }


def _cells(row: dict[Any, Any], wording: Wording) -> list[str]:
    how = row["backhaul_by"]
    backhaul = wording.value("backhaul_by", how)
    if how in BY:
        backhaul += f" {wording.number(row[BY[how]] / 1000, decimals=1)}"
    if row["backhaul_saving"] > 0:
        backhaul += "\n" + wording.text("mobile", "shared", area=row["backhaul_with"])

    def kilometres(metres: float) -> str:
        return wording.number(metres / 1000, decimals=1)

    return [
        str(int(row["rank"])),
        f"{row['name']}\n{row['area_id']}",
        wording.value("site_basis", row["site_basis"]),
        wording.number(row["premises"]),
        wording.number(row["mobile_only_premises"]),
        wording.number(row["businesses"]),
        wording.number(row["households"]),
        wording.number(row["farmland_km2"], decimals=1),
        wording.number(row["mobile_road_km"], decimals=1),
        kilometres(row["power_m"]),
        backhaul,
        wording.number(row["capex"] / 1000),
        wording.number(row["grant"] / 1000),
        wording.value("decision", row["decision"]),
    ]
