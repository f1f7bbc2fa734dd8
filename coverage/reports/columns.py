"""How each column of a report's table is written: its kind of number, its width, and its label from the texts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from coverage.policy import Policy
from coverage.reports.wording import Wording
from coverage.study import Study

SCORE_PREFIX: Final = "score_"
MEASURE_PREFIX: Final = "measure_"
CONTRIBUTION_PREFIX: Final = "contribution_"
REACHES_PREFIX: Final = "reaches_"  # of marks of a template
NO_LABELS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({})

# style -> decimals in CSV and GeoJSON, Excel number format, column width in characters
STYLES: Final[dict[str, tuple[int, str, float]]] = {
    "text": (0, "@", 16),
    "wide": (0, "@", 30),
    "list": (0, "@", 44),
    "long": (0, "@", 60),
    "short": (0, "@", 11),
    "count": (3, "#,##0", 10.5),
    "money": (2, "#,##0", 14),
    "price": (2, "#,##0.00", 14),
    "share": (4, "0.0%", 9.5),
    "score": (2, "0.0", 9.5),
    "metres": (1, "#,##0", 11),
    "quantity": (3, "#,##0.0", 12),
    "factor": (2, "0.00", 9.5),
    "row": (0, "0", 9.5),
    "place": (1, "0.0", 13),
    "degrees": (7, "0.000000", 12),
    "speed": (2, "#,##0.##", 9.5),
    "flag": (0, "@", 9),
    "date": (0, "yyyy-mm-dd", 11),  # text such as 2022-06-30 in frames and CSV; a language has its own form
}

_BY_STYLE: Final = {
    "short": "municipality_code status decision ranked_decision certainty technology policy currency "
    "data_status kind fixed_technology mobile_level tier confidence area_id place_id "
    "fixed_source planned_source correction_source size_class nace nace_standard works_on hub_distance_basis list "
    "published_hearing fwa_basis backhaul_by backhaul_with survives policy_a policy_b award_id basis by pot series "
    "area_id_before policy_before policy_after as_of_before as_of_after fingerprint "
    "today_technology",
    "list": "excluded_because smes_by_line employees_by_line mobile_by_operator",
    "wide": "name address municipality line_of_business gap_kind item unit service_basis fixed_provider "
    "fixed_file planned_by planned_file reason_code correction corrected_by office was now nace_section "
    "business_park hub_name hearing_removed_by operator label weakest contrast reason_code_a reason_code_b "
    "application_id against criterion driver difference not_measured causes possible_causes "
    "terrain_class class ineligible_because site_id site_basis link_to lever takes change_unit change_technology",
    "long": "reason reason_nb change change_nb source comment published_source note told why remarks",
    "count": "rank businesses households public premises employees weight mobile_operators places eligible_before "
    "eligible_after corrected plan exists lapsed withdrawn plans areas eligible_premises eligible_businesses "
    "eligible_households funded_areas funded_premises kept_premises built_premises displaced_premises newcomers "
    "newcomer_premises awards sites_new sites_existing holiday mobile_only_premises fwa_sites_new fwa_sites_existing "
    "premises_below_delivery areas_above areas_changed rank_p10 rank_p50 rank_p90 phase short_businesses reached "
    "outside slower not_funded mobile_areas mobile_premises mobile_businesses mobile_households mobile_employees "
    "premises_in premises_out excluded_premises planned_premises upgradeable_premises smes farms connections",
    "money": "capex capex_per_premises opex_per_year revenue_per_year pv_revenue pv_opex funding_gap_p10 "
    "funding_gap_p50 funding_gap_p90 state_share county_share municipal_share private_share grant grant_per_premises "
    "cumulative_grant amount budget funding_gap grant_at_risk displaced_grant newcomer_grant "
    "stranding_capex stranding_capex_median stranding_capex_max "
    "municipal_confirmed requested_grant reference_grant budget_change grant_limit money grant_p10 grant_p50 grant_p90 "
    "backhaul_saving ceiling actual_cost model_cost actual_grant model_gap model_grant target_grant grant_after",
    "price": "unit_cost book_value fitted_value",
    "share": "funded_share eligible ground_covered_share removed_share published_share kept_share built_anyway "
    "fwa_reach_share least_kept new_share eligible_a eligible_b changed applied_share awarded_share weight_share",
    "score": "score points",
    "metres": "route_m trench_m subsea_m drop_m backhaul_m hub_distance_m route_m_model verge_trench_m soil_trench_m "
    "rock_trench_m aerial_m existing_duct_m in_duct_m on_poles_m verge_dug_m steep_dug_m field_dug_m climb_m steep_m "
    "fwa_furthest_m fwa_power_m fwa_backhaul_m power_m link_m backhaul_saving_m mast_m "
    "terrain_m access_m private_m crow_link_m",
    "quantity": "farmland_km2 mobile_road_km mobile_gain quantity ground_km2 change_by change_from change_to",
    "factor": "weight_now weight_then benefit low high "
    "upload_dependence cost_ratio grant_ratio median_ratio spread multiplier",
    "place": "x y",
    "degrees": "lon lat",
    "row": "fixed_source_row planned_source_row correction_row price_year year",
    "speed": "below_mbps fixed_down_mbps fixed_up_mbps measured_down_mbps planned_down_mbps planned_up_mbps "
    "fwa_edge_mbps mbps today_down_mbps today_up_mbps",
    "flag": "drawn over_ceiling measured_flag fitted reaches own_figures below_line",
    "date": "as_of fixed_closes fixed_as_of planned_date planned_as_of planned_earliest corrected_on date",
}
_STYLE_OF: Final = {name: style for style, names in _BY_STYLE.items() for name in names.split()}
# Of columns that there are many of, such as premises_removed and kept_late_12.
_FAMILIES: Final = {
    SCORE_PREFIX: "score", "kept_": "share", "premises_": "count", "businesses_": "count", "households_": "count",
    MEASURE_PREFIX: "factor", CONTRIBUTION_PREFIX: "score", REACHES_PREFIX: "flag",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """Hold how one column is written."""

    name: str
    label: str
    meaning: str
    style: str

    @property
    def is_text(self) -> bool:
        """Say whether the cells are text."""
        return STYLES[self.style][1] == "@"

    @property
    def excel_format(self) -> str:
        """Return the Excel number format."""
        return STYLES[self.style][1]

    @property
    def width(self) -> float:
        """Return the width in characters."""
        return STYLES[self.style][2]


def style_of(name: str) -> str:
    """Return the style of a column by its name; an unknown column is text; of two runs `<name>_before`, `_after`."""
    plain = name.removesuffix("_before").removesuffix("_after")
    if name not in _STYLE_OF and plain in _STYLE_OF:
        return _STYLE_OF[plain]
    family = next((style for prefix, style in _FAMILIES.items() if name.startswith(prefix)), "text")
    return _STYLE_OF.get(name, family)


def words(name: str, *, wording: Wording, policy: Policy) -> Mapping[str, str]:
    """Return the words for the codes of a column, in the reports' language: where it has labels, the policy's own."""
    fixed: Mapping[str, str] = wording.texts["values"].get(name, {})
    if name == "today_technology":
        return {**wording.texts["values"]["fixed_technology"], **fixed}
    if name == "tier":
        return {**fixed, **{tier.id: tier.label.get(wording.language, tier.id) for tier in policy.tiers}}
    if name == "reason_code":
        return {**fixed, **{clause.id: clause.label.get(wording.language, clause.id) for clause in policy.clauses}}
    return fixed


def describe(
    names: list[str],
    *,
    wording: Wording,
    study: Study,
    policy: Policy,
    own: Mapping[str, tuple[str, str]] = NO_LABELS,
) -> list[Column]:
    """Describe columns in the given order, with labels and meanings in the reports' language.

    `own` gives both of columns that the texts do not name, or name otherwise.
    """
    labels = {item.id: item.label.get(wording.language, item.id) for item in policy.criteria}
    values = {"currency": study.currency, "price_year": study.price_year, "crs": study.crs}
    columns = []
    for name in names:
        key = name
        if name.startswith(SCORE_PREFIX):
            key = "score_criterion"
            values["criterion"] = labels.get(name.removeprefix(SCORE_PREFIX), name)
        if name in own:
            label, meaning = own[name]
        elif key in wording.texts["columns"]:
            label, meaning = wording.lines("columns", key, **values)
        else:
            label, meaning = name, ""
        columns.append(Column(name=name, label=label, meaning=meaning, style=style_of(name)))
    return columns


def rounded(value: Any, style: str) -> float | int | None:
    """Round a number as its style says; whole numbers become integers, missing ones None."""
    if value is None or not math.isfinite(value):
        return None
    result = round(float(value), STYLES[style][0])
    return int(result) if result.is_integer() else result
