"""A finished Assessment made by hand: two square municipalities, 300 places, 12 areas. For reports, maps and pages."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import LineString, MultiLineString, Point, box

from coverage.assessment import Assessment
from coverage.costs import load_costs
from coverage.policy import load_policy
from coverage.scenario import Scenario
from coverage.schemas import empty_rejected
from coverage.study import SourceSpec, Study
from coverage.summary import summarise_areas, summarise_places
from tests.kept import kept

CRS = "EPSG:25833"
X0, Y0 = 270_000.0, 7_030_000.0
AS_OF = dt.date(2022, 6, 30)


def study() -> Study:
    """Return the toy's study description."""
    source = SourceSpec(
        id="premises",
        role="premises",
        kind="vector",
        path=Path("premises.gpkg"),
        supplier="Toy Ltd",
        licence="CC0",
        as_of=AS_OF,
        data_status="synthetic",
    )
    return Study(
        id="toy",
        name="Toytown",
        country="no",
        crs=CRS,
        currency="NOK",
        price_year=2025,
        as_of=AS_OF,
        policy="no-2024",
        costs="norway",
        budget=14_000_000.0,
        data_status="synthetic",
        folder=Path(),
        notes=("SYNTHETIC: drawn by hand for tests.",),
        sources=(source,),
    )


def places(rows: int = 300) -> gpd.GeoDataFrame:
    """Return judged places: x and y on a grid, every third one short of service and in an area."""
    number = np.arange(rows)
    rng = np.random.default_rng(7)
    kind = np.array(["business", "household", "household", "public", "holiday"])[number % 5]
    short = (number % 3 == 0) & (kind != "holiday")
    west = number % 20 < 10
    down = np.where(short, np.where(number % 2 == 0, 18.0, 50.0), 1000.0)
    area = np.where(west, "5001-", "5058-") + pd.Series(number // 50).map("A{:05d}".format).to_numpy(dtype=object)
    business = kind == "business"
    frame = pd.DataFrame(
        {
            "place_id": [f"p{i:04d}" for i in number],
            "kind": kind,
            "weight": 1.0,
            "buildings": 1.0,
            "name": [f"Firm {i} <b>AS</b>" if b else None for i, b in enumerate(business)],
            "org_number": None,
            "municipality_code": np.where(west, "5001", "5058"),
            "nace": np.where(business, "01.110", None),
            "line_of_business": np.where(business, "Agriculture", None),
            "employees": np.where(business, rng.integers(1, 40, rows).astype(float), np.nan),
            "size_class": np.where(business, "micro", "unknown"),
            "address": [f"Road {i // 10} {i % 10 + 1}" for i in number],
            "postcode": "7000",
            "locality": np.where(west, "Westby", "Eastby"),
            "year_round": kind != "holiday",
            "source": "premises",
            "source_row": number + 1,
            "fixed_down_mbps": down,
            "fixed_up_mbps": np.where(short, 2.0, 1000.0),
            "fixed_down_max_mbps": down,
            "fixed_up_max_mbps": np.where(short, 2.0, 1000.0),
            "fixed_technology": np.where(short, "dsl", "fibre"),
            "fixed_provider": np.where(short, "Oldnet", "Newnet"),
            "fixed_source": "offers",
            "fixed_networks_100": np.where(short, 0, 1),
            "planned_down_mbps": 0.0,
            "planned_up_mbps": 0.0,
            "planned_networks": 0,
            "planned_by": None,
            "planned_date": pd.Series([pd.NaT] * rows, dtype="datetime64[s]"),
            "upgradeable": False,
            "measured_down_mbps": np.nan,
            "mobile_level": np.where(number % 7 == 0, "basic", "good"),
            "mobile_operators": np.where(number % 7 == 0, 0, 2),
            "service_basis": "offer",
            "tier": np.where(short, np.where(down < 30, "below_30", "below_100"), "served"),
            "tier_best": np.where(short, np.where(down < 30, "below_30", "below_100"), "served"),
            "short_fixed": short.astype(float),
            "short_mobile": (number % 7 == 0).astype(float),
            "eligible": short.astype(float),
            "reason_code": np.where(short, "eligible", "served"),
            "reason": np.where(short, "Best offer 18/2 Mbit/s DSL from Oldnet is below 100 Mbit/s.", "Served."),
            "area_id": pd.Series(np.where(short, area, None)).mask(~pd.Series(short), None),
        }
    )
    short_mobile = frame["short_mobile"] > 0
    frame["gap_kind"] = np.select([short & short_mobile, short, short_mobile], ["both", "fixed", "mobile"], "none")
    text = [name for name in frame.columns if pd.api.types.is_object_dtype(frame[name])]
    frame[text] = frame[text].astype("str")
    points = [Point(X0 + 500 * (i % 20) + 250, Y0 + 500 * (i // 20) + 250) for i in number]
    return gpd.GeoDataFrame(frame, geometry=points, crs=CRS)


def areas(judged: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return ranked and priced areas that agree with the places."""
    short = judged[judged["area_id"].notna()]
    rows = []
    for number, (area_id, group) in enumerate(short.groupby("area_id")):
        premises = float(group["eligible"].sum())
        capex = 400_000.0 * premises + 50_000.0 * number
        gap = 0.7 * capex
        grant = gap / 1.3
        rows.append(
            {
                "area_id": area_id,
                "kind": "fixed",
                "municipality_code": str(area_id)[:4],
                "name": f"{group['locality'].iloc[0]} {number + 1}",
                "status": "modelled",
                "businesses": float((group["kind"] == "business").sum()),
                "households": float((group["kind"] == "household").sum()),
                "public": float((group["kind"] == "public").sum()),
                "employees": float(group["employees"].sum()),
                "premises": premises,
                "places": len(group),
                "technology": "fibre",
                "route_m": 900.0 * premises,
                "capex": capex,
                "capex_per_premises": capex / premises,
                "opex_per_year": 0.02 * capex,
                "over_ceiling": number == 3,
                "funding_gap_p10": 0.8 * gap,
                "funding_gap_p50": gap,
                "funding_gap_p90": 1.3 * gap,
                "state_share": grant,
                "county_share": 0.0,
                "municipal_share": gap - grant,
                "private_share": 0.0,
                "grant": grant,
                "grant_per_premises": grant / premises,
                "pv_revenue": 0.5 * capex,
                "pv_opex": 0.3 * capex,
                "score": 90.0 - 5 * number,
                "mean_log2_down": 4.5,
                "deliver_down_mbps": 300.0,
                "deliver_up_mbps": 0.0,
                "delivered_down_mbps": 1000.0,
                "geometry": group.geometry.union_all().buffer(150).convex_hull,
            }
        )
    frame = gpd.GeoDataFrame(rows, crs=CRS)
    for criterion in load_policy("no-2024").criteria:
        frame[f"score_{criterion.id}"] = frame["score"]
        frame[f"measure_{criterion.id}"] = criterion.low + frame["score"] / 100 * (criterion.high - criterion.low)
    frame["rank"] = np.arange(1, len(frame) + 1)
    frame["cumulative_grant"] = frame["grant"].cumsum()
    funded = frame["cumulative_grant"] <= 14_000_000
    frame["decision"] = np.where(funded, "fund", "reserve")
    frame["ranked_decision"] = frame["decision"]
    frame["funded_share"] = np.where(funded, 0.95, 0.05)
    frame["certainty"] = np.where(funded, "safe yes", "safe no")
    frame.loc[frame["rank"] == 3, "funded_share"] = 0.5
    frame.loc[frame["rank"] == 3, "certainty"] = "toss-up"
    frame["assumed"] = "1 of 60 cost figures; policy: mobile"
    frame["policy"], frame["as_of"], frame["currency"], frame["data_status"] = (
        "no-2024",
        "2022-06-30",
        "NOK",
        "synthetic",
    )
    return frame


def funding_gap(areas: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return made-up quantiles of the total, per kind."""
    middle = {kind: float(areas.loc[areas["kind"] == kind, "funding_gap_p50"].sum()) for kind in ("fixed", "mobile")}
    return {kind: {"p10": 0.85 * sum_, "p50": 1.05 * sum_, "p90": 1.25 * sum_} for kind, sum_ in middle.items()}


@kept
def assessment() -> Assessment:
    """Return the toy, finished and consistent."""
    judged = places()
    ranked = areas(judged)
    municipalities = gpd.GeoDataFrame(
        {"municipality_code": ["5001", "5058"], "name": ["Westby", "Eastby - Austi"]},
        geometry=[box(X0, Y0, X0 + 5000, Y0 + 7500), box(X0 + 5000, Y0, X0 + 10000, Y0 + 7500)],
        crs=CRS,
    )
    centres = ranked.geometry.representative_point()
    routes = gpd.GeoDataFrame(
        {
            "area_id": ranked["area_id"],
            "route_m": ranked["route_m"],
            "trench_m": ranked["route_m"] - 100,
            "subsea_m": 100.0,
            "drop_m": 300.0,
            "backhaul_m": 500.0,
            "connected": True,
            "stand_in": False,
        },
        geometry=[MultiLineString([LineString([(c.x - 800, c.y), (c.x, c.y), (c.x, c.y + 400)])]) for c in centres],
        crs=CRS,
    )
    lines = pd.DataFrame(
        {
            "area_id": ranked["area_id"],
            "technology": "fibre",
            "item": "trench_m",
            "quantity": ranked["route_m"],
            "unit": "NOK per m",
            "unit_cost": ranked["capex"] / ranked["route_m"],
            "amount": ranked["capex"],
            "source": "general knowledge",
            "confidence": "assumed",
        }
    )
    rejected = empty_rejected()
    rejected.loc[0] = ["premises", 17, "kind", "shop", "expected one of business, household, holiday, public"]
    description = study()
    return Assessment(
        places=judged,
        areas=ranked,
        routes=routes,
        municipalities=municipalities,
        cost_lines=lines,
        rejected=rejected,
        study=description,
        scenario=Scenario(policy="no-2024", budget=description.budget),
        policy=load_policy("no-2024"),
        costs=load_costs("norway", currency="NOK", price_year=2025),
        mobile=(),
        summary={
            "study": "toy",
            "policy": "no-2024",
            "currency": "NOK",
            "data_status": "synthetic",
            "as_of": "2022-06-30",
            "rejected": 1,
            **summarise_places(judged, municipalities=municipalities, policy=load_policy("no-2024")),
            **summarise_areas(ranked, funding_gap=funding_gap(ranked), budget=description.budget),
        },
        provenance={"study": "toy", "inputs": {}, "warnings": ["toy"], "seed": 2024},
    )
