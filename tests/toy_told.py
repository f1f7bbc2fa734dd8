"""The toy with all that a study may tell beside coverage: a hearing, corrections, support hubs, profiles of businesses.

The hearing's table is that of five places drawn by hand (tests/heard.py); places and corrections are the toy's own.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import Point, box

from coverage import business, corrections, hearing
from coverage.assessment import Assessment
from coverage.stress import Stress
from coverage.study import SourceSpec
from tests import toy
from tests.heard import AS_OF, NORWAY, county, judged, said
from tests.kept import kept
from tests.reported import toy_assessment

REMOVED, PUT_BACK, OVERDUE, CORRECTED, FARM, FISHERY = 30, 42, 60, 15, 0, 45  # rows of the toy's places
DAY = pd.Timestamp("2022-05-02")


def hubs() -> gpd.GeoDataFrame:
    """Return a business garden and an incubator as points, and a park as a polygon around the first places."""
    return gpd.GeoDataFrame(
        {
            "name": ["Garden <b>", "Incubator", "Park"],
            "hub_kind": ["business_garden", "incubator", "business_park"],
            "source": "hubs",
            "source_row": [1, 2, 3],
        },
        geometry=[
            Point(toy.X0 + 1000, toy.Y0 + 1000),
            Point(toy.X0 + 9000, toy.Y0 + 7000),
            box(toy.X0, toy.Y0, toy.X0 + 400, toy.Y0 + 400),
        ],
        crs=toy.CRS,
    )


@kept
def account() -> hearing.Account:
    """Return what a small hearing did: A's plan and B's word remove, A's lapsed plan puts back, C's is overdue."""
    places = county(5, kind=["business", "household", "household", "household", "household"], weight=[1, 2, 3, 4, 5.0])
    told = said(
        [
            {"place": "p0", "operator": "A Fiber"},
            {"place": "p1", "operator": "B Nett", "claim": "exists", "down": 100},
            {"place": "p2", "operator": "A Fiber"},
            {"place": "p2", "operator": "A Fiber", "claim": "lapsed", "lapsed_on": DAY},
            {"place": "p3", "operator": "C Net", "day": pd.Timestamp("2022-03-01")},
        ]
    )
    whole = judged(places, [told])
    return hearing.removed(whole, offers=(), hearing=[told], shares=None, policy=NORWAY, as_of=AS_OF)


@kept
def assessment() -> Assessment:
    """Return the toy with everything in it."""
    plain = toy_assessment()
    places = _heard(plain.places)
    places.loc[FISHERY, "nace"] = "03.211"
    places = business.profile(
        places, hubs=hubs(), extents=(), mobile=(), municipalities=plain.municipalities, policy=plain.policy
    )
    places.loc[FARM, "ground_covered_share"] = 0.85  # the toy has no mobile layers: elsewhere it is not known
    table = _corrections(places)
    summary = plain.summary | {
        "hearing": account().summary(),
        "businesses": business.summarise_profile(places),
        "corrections": corrections.summarise(table),
    }
    spec = plain.study.sources[0]
    files = {"hearing": "hearing.csv", "corrections": "rettelser.csv", "hubs": "hubs.csv"}
    sources = (*plain.study.sources, *(_source(spec, role, file) for role, file in files.items()))
    return dataclasses.replace(
        plain,
        study=dataclasses.replace(plain.study, id="told", sources=sources),
        places=places,
        summary=summary,
        corrections=table,
        hubs=hubs(),
    )


def stressed() -> Stress:
    """Return a stress test of two of the toy's areas, one safe and one lost, with one newcomer."""
    areas = toy.areas(toy.places()).iloc[:2]
    kept = {"kept_late_12": [1.0, 0.0], "kept_lapse_c_net": [1.0, 1.0], "kept_lapse_all": [1.0, 0.5]}
    columns = ["area_id", "municipality_code", "name", "rank", "grant", "premises"]
    table = pd.DataFrame(areas[columns]).assign(
        **kept, kept_arrive_all=[1.0, 0.4], built_anyway=[0.0, 0.6], grant_at_risk=[0.0, 1e6], least_kept=[1.0, 0.0],
        weakest=["today", "late_12"], survives=["safe", "lost"],
    )  # fmt: skip
    labels = {"today": "", "late_12": "", "late_1": "", "lapse_c_net": "C Net", "lapse_all": "", "arrive_all": ""}
    cases = pd.DataFrame({"whatif": list(labels), "label": "said by the model", "operator": list(labels.values())})
    counts = (
        "plans", "eligible_premises", "eligible_businesses", "eligible_households", "areas", "funding_gap",
        "funded_areas", "funded_premises", "grant", "kept_premises", "kept_share", "built_premises", "grant_at_risk",
        "displaced_premises", "displaced_grant", "newcomers", "newcomer_premises", "newcomer_grant",
    )  # fmt: skip
    newcomer = {"whatif": ["late_12"], "area_id": ["5001-Z"], "municipality_code": ["5001"], "name": ["Westby 9"]}
    numbers = {"rank": [4], "premises": [12.0], "new_share": [1.0], "grant": [2e6]}
    return Stress(
        areas=table,
        whatifs=cases.assign(**dict.fromkeys(counts, 1.0)),
        newcomers=pd.DataFrame(newcomer | numbers),
        currency="NOK",
        policy="no-2024",
        budget=1e7,
    )


def _source(spec: SourceSpec, role: str, file: str) -> SourceSpec:
    return dataclasses.replace(spec, id=f"{role}-2022", role=role, kind="table", path=Path(file), file=file)


def _heard(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    row = np.arange(len(places))

    def text(values: dict[int, str]) -> pd.Series:
        return pd.Series([values.get(at) for at in row], dtype="str")

    day = pd.Series(pd.NaT, index=places.index, dtype="datetime64[s]")
    planned = places["planned_date"].copy()
    planned[OVERDUE] = pd.Timestamp("2022-03-01")
    return places.assign(
        hearing=text({REMOVED: "removed", PUT_BACK: "put_back", OVERDUE: "removed"}),
        hearing_removed_by=text({REMOVED: "A Fiber, B <Nett>", OVERDUE: "C Net"}),
        hearing_lapsed_by=text({PUT_BACK: "A Fiber"}),
        hearing_lapsed_on=day.where(row != PUT_BACK, DAY).astype("datetime64[s]"),
        planned_down_mbps=np.where(row == OVERDUE, 1000.0, 0.0),
        planned_by=text({OVERDUE: "C Net"}),
        planned_date=planned,
        correction=text({CORRECTED: "not_inhabited, wrong_speed"}),
        corrected_by=text({CORRECTED: "Office <of> Westby"}),
        corrected_on=day.where(row != CORRECTED, DAY).astype("datetime64[s]"),
        correction_row=np.where(row == CORRECTED, 4, 0),
        correction_source=text({CORRECTED: "corrections-2022"}),
    )


def _corrections(places: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return two corrections of one firm: its use, and its speed, which the register had at 1000 Mbit/s."""
    after = places.copy()
    after.loc[CORRECTED, "year_round"] = False
    before = places.iloc[[CORRECTED]].assign(
        eligible=0.0, fixed_down_mbps=1000.0, fixed_up_mbps=1000.0, fixed_technology="fibre", fixed_provider="Newnet"
    )
    given = pd.DataFrame(
        {
            "place_id": after["place_id"].iloc[CORRECTED],
            "correction": ["not_inhabited", "wrong_speed"],
            "comment": ["moved <out>", "cable cut"],
            "office": ["Office <of> Westby", "Office <of> Westby"],
            "date": pd.Series([DAY, DAY]).astype("datetime64[s]"),
            "source": "corrections-2022",
            "source_row": [3, 4],
        }
    )
    return corrections.trace(before, after, given)
