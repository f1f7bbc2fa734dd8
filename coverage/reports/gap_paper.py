"""gap-report.pdf: overview, map, steps of service, municipalities, largest areas with maps, sources, assumptions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from coverage.reports import area_maps, businesses, figures, mobile, pdf, static_map, tables, technical
from coverage.reports.columns import words
from coverage.reports.figures import Counts, Place
from coverage.reports.selection import Selection
from coverage.reports.wording import Wording
from coverage.schemas import GAP_KINDS

TOP_AREAS: Final = 24  # in the tables, and two pages of maps
WATER: Final = "subsea_m"
SHADED_FROM: Final = 3  # with more municipalities than this, the map shades them


def write_gap_paper(selection: Selection, path: Path, *, wording: Wording, fingerprint: str) -> None:
    """Write the gap report as PDF."""
    assessment = selection.assessment
    data = pdf.common_data(
        selection,
        wording,
        title=wording.text("gap", "title"),
        subject=wording.text("gap", "subject"),
        fingerprint={wording.text("pdf", "fingerprint_gap"): fingerprint},
    )
    shares: dict[str, float] = {}
    if selection.by_municipality:
        whole = figures.total(selection)
        parts = figures.by_municipality(selection)
        shares = {part.code: part.share_short for part in parts}
        data |= _overview(selection, whole, wording)
        data["tables"] = [
            _steps(selection, whole, wording),
            _gaps(selection, whole, wording),
            _municipalities(selection, parts, whole, wording),
        ]
    else:
        lead = _area_lead(selection, wording)
        data |= {"lead": lead, "figures": _area_figures(selection, wording), "tables": []}
    data["businesses"] = businesses.section(selection, wording)
    table = mobile.fixed_areas(tables.area_table(assessment))
    top = table.sort_values(["premises", "area_id"], ascending=[False, True]).head(TOP_AREAS)
    data["areas"] = _areas(selection, top, wording)
    data["surfaces"] = _surfaces(selection, top, wording)
    data["maps"], maps = area_maps.section(selection, top, wording)
    data["mobile"] = mobile.section(selection, wording)
    said = wording.lines("gap", "method_text", funding_gap=tables.funding_gap_text(assessment, wording))
    data["method"] = {"title": wording.text("gap", "method"), "lines": said}
    credit = pdf.attribution(selection, wording)
    if len(shares) > SHADED_FROM:
        kind, picture = "", static_map.gap_map(assessment, shares=shares, wording=wording, attribution=credit)
    else:
        # A shade says nothing without others to compare it with; outlines and routes say more.
        close = not selection.by_municipality
        kind = "_areas"
        picture = static_map.area_map(assessment, close=close, wording=wording, attribution=credit)
    scope, count = selection.title(wording), wording.number(len(mobile.fixed_areas(assessment.areas)))
    data["map"] = {
        "file": "map.svg",
        "ratio": picture.ratio,
        "alt": wording.text("gap", f"map_alt{kind}", scope=scope, areas=count),
        "caption": wording.text("gap", f"map_caption{kind}"),
    }
    pictures = {"map.svg": picture.svg, **maps}
    path.write_bytes(pdf.compile_pdf("gap-report", data, pictures, as_of=assessment.study.as_of))


def _area_lead(selection: Selection, wording: Wording) -> str:
    if mobile.only_masts(selection.assessment):
        return mobile.selected(selection, wording)
    areas = mobile.fixed_areas(selection.assessment.areas)
    return wording.text(
        "gap",
        "lead_areas",
        areas=wording.number(len(areas)),
        businesses=wording.number(float(areas["businesses"].sum())),
        households=wording.number(float(areas["households"].sum())),
        municipalities=", ".join(selection.municipality_names().values()),
    )


def _overview(selection: Selection, whole: Place, wording: Wording) -> dict[str, Any]:
    policy = selection.assessment.policy
    lead = wording.text(
        "gap",
        "lead",
        businesses=wording.number(whole.short_fixed.businesses),
        all_businesses=wording.number(whole.all.businesses),
        households=wording.number(whole.short_fixed.households),
        all_households=wording.number(whole.all.households),
        scope=selection.title(wording),
        policy=policy.id,
        areas=wording.number(len(mobile.fixed_areas(selection.assessment.areas))),
    )
    shown = [
        (wording.headline(whole.short_fixed.businesses), wording.text("gap", "figure_businesses")),
        (wording.headline(whole.short_fixed.households), wording.text("gap", "figure_households")),
        (
            (wording.headline(whole.short_mobile.businesses), wording.text("gap", "figure_mobile"))
            if _judges_mobile(selection)
            else (wording.texts["none"], wording.text("gap", "figure_no_mobile"))
        ),
    ]
    return {"lead": lead, "figures": [*_cards(shown), *_area_figures(selection, wording)]}


def _area_figures(selection: Selection, wording: Wording) -> list[dict[str, str]]:
    if mobile.only_masts(selection.assessment):
        return _cards(mobile.figures(selection.assessment, wording))
    areas, currency = mobile.fixed_areas(selection.assessment.areas), selection.assessment.study.currency
    shown = [
        (wording.headline(float(len(areas))), wording.text("gap", "figure_areas")),
        (wording.money(float(areas["capex"].sum()), currency), wording.text("gap", "figure_capex")),
    ]
    if selection.whole:
        gap: Mapping[str, float] = selection.assessment.summary["funding_gap"]
        span = wording.money_range(gap["p10"], gap["p90"], currency)
        shown.append((span, wording.text("gap", "figure_gap")))
    else:
        # Quantiles of a part are not in the assessment, and sums of quantiles would be wrong; grants add up.
        grant = wording.money(float(areas["grant"].sum()), currency)
        shown.append((grant, wording.text("gap", "figure_grant")))
    return _cards(shown)


def _cards(shown: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in shown]


def _counted(label: str, part: Counts, whole: Counts, wording: Wording) -> list[str]:
    return [
        label,
        wording.number(part.businesses),
        wording.percent(_share(part.businesses, whole.businesses)),
        wording.number(part.households),
        wording.percent(_share(part.households, whole.households)),
    ]


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _steps(selection: Selection, whole: Place, wording: Wording) -> dict[str, Any]:
    policy = selection.assessment.policy
    labels = words("tier", wording=wording, policy=policy)
    rows = [_counted(labels[key], counts, whole.all, wording) for key, counts in whole.tiers.items()]
    rows.append(_counted(wording.text("gap", "eligible"), whole.eligible, whole.all, wording))
    return _table("tiers", rows, wording, intro=wording.text("gap", "tiers_intro"), last_apart=True)


def _gaps(selection: Selection, whole: Place, wording: Wording) -> dict[str, Any]:
    judged = _judges_mobile(selection)
    kinds = GAP_KINDS if judged else ("none", "fixed")
    rows = [_counted(wording.value("gap_kind", key), whole.gaps[key], whole.all, wording) for key in kinds]
    rows.append(_counted(wording.text("gap", "total"), whole.all, whole.all, wording))
    intro = "" if judged else wording.text("gap", "gaps_no_mobile")
    return _table("gaps", rows, wording, intro=intro, last_apart=True)


def _judges_mobile(selection: Selection) -> bool:
    """Say whether mobile service was judged at all: no data must not look like no shortfall."""
    places = selection.assessment.places
    return bool(places["mobile_level"].notna().any() or (places["short_mobile"] > 0).any())


def _municipalities(selection: Selection, parts: list[Place], whole: Place, wording: Wording) -> dict[str, Any]:
    areas = mobile.fixed_areas(selection.assessment.areas)
    counts = areas["municipality_code"].value_counts().to_dict()
    rows = [_municipality(part, part.name, counts.get(part.code, 0), wording) for part in parts]
    name = wording.text("gap", "total")
    rows.append(_municipality(whole, name, len(areas), wording))
    intro = wording.text("gap", "municipalities_intro")
    return _table("municipalities", rows, wording, intro=intro, last_apart=True)


def _municipality(part: Place, name: str, areas: int, wording: Wording) -> list[str]:
    short, everyone = part.short_fixed, part.all
    return [
        name,
        wording.number(short.businesses),
        wording.percent(_share(short.businesses, everyone.businesses)),
        wording.number(short.households),
        wording.percent(_share(short.households, everyone.households)),
        wording.number(part.eligible.businesses),
        wording.number(part.eligible.households),
        wording.number(areas),
    ]


def _areas(selection: Selection, top: pd.DataFrame, wording: Wording) -> dict[str, Any]:
    names = selection.municipality_names()
    rows = [
        [
            f"{row.name}\n{row.area_id}",
            names.get(str(row.municipality_code), str(row.municipality_code)),
            wording.number(row.premises),
            wording.number(row.businesses),
            wording.number(row.route_m / 1000, decimals=1),
            wording.value("technology", row.technology),
            wording.number(row.capex / 1000),
            wording.number(row.funding_gap_p50 / 1000),
            f"{wording.number(row.funding_gap_p10 / 1000)}–{wording.number(row.funding_gap_p90 / 1000)}",
        ]
        for row in tables.records(top)
    ]
    key = "areas_intro" if rows else "no_areas"
    shown, count = wording.number(len(rows)), wording.number(len(mobile.fixed_areas(selection.assessment.areas)))
    unit = wording.text("gap", "money_unit", currency=selection.assessment.study.currency)
    intro = wording.text("gap", key, shown=shown, areas=count)
    return _table("areas", rows, wording, intro=f"{intro} {unit}" if rows else intro)


def _surfaces(selection: Selection, top: pd.DataFrame, wording: Wording) -> dict[str, Any]:
    """Return the kilometres by surface of the areas shown and of all, with the climb where heights are known."""
    assessment = selection.assessment
    metres = technical.surface_metres(assessment, (*technical.SURFACES, WATER))
    ground = [name for name in ("climb_m", "steep_m") if name in technical.ground_columns(assessment)]
    metres = metres.loc[mobile.fixed_areas(assessment.areas)["area_id"]]
    metres = metres.join(assessment.routes.set_index("area_id")[ground])

    def cells(label: str, row: pd.Series) -> list[str]:
        return [
            label,
            *(
                wording.number(row[name]) if name == "climb_m" else wording.number(row[name] / 1000, decimals=1)
                for name in metres.columns
            ),
        ]

    rows = [cells(f"{area.name}\n{area.area_id}", metres.loc[area.area_id]) for area in tables.records(top)]
    if rows:
        rows.append(cells(wording.text("gap", "surfaces_all"), metres.sum()))
    intro = wording.text("gap", "surfaces_intro", areas=wording.number(len(metres)))
    header = wording.lines("gap", "surfaces_table")
    labels = dict(zip((*technical.SURFACES, WATER, "climb_m", "steep_m"), header[1:], strict=True))
    if ground:
        intro = f"{intro} {wording.text('gap', 'surfaces_ground')}"
    made = _table("surfaces", rows, wording, intro=intro, last_apart=True)
    return {**made, "header": [header[0], *(labels[str(name)] for name in metres.columns)]}


def _table(
    key: str, rows: list[list[str]], wording: Wording, *, intro: str = "", last_apart: bool = False
) -> dict[str, Any]:
    return {
        "title": wording.text("gap", key),
        "intro": intro,
        "header": wording.lines("gap", f"{key}_table"),
        "rows": rows,
        "last_apart": last_apart,
    }
