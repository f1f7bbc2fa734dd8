"""From an application to an award through whole runs: what is applied for, what it does to the money, what leaves."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from pandas.testing import assert_frame_equal
from shapely.geometry import box

from coverage import pipeline
from coverage.assessment import Assessment
from coverage.policy import load_policy
from coverage.study import Study
from tests.studymaker import CRS, SIDE, X0, Y0, TinyStudy, tiny_study

CORNER = box(X0, Y0 + 6500, X0 + 4000, Y0 + SIDE)
APPLIED = "5001-lot-7.24"


def run(tiny: TinyStudy, **changes: Any) -> Assessment:
    tiny.save()
    study = Study.open(tiny.folder)
    return pipeline.assess(study, study.default_scenario().with_changes(draws=60, **changes))


def apply_for(tiny: TinyStudy, **told: Any) -> None:
    frame = gpd.GeoDataFrame({"application_id": ["7.24"], "name": ["Nordgrenda"]}, geometry=[CORNER], crs=CRS)
    frame.to_file(tiny.folder / "drawn.gpkg")
    tiny.sources.append({"id": "drawn", "role": "applications", "kind": "vector", "path": "drawn.gpkg",
                         "options": {"shape": "polygon"}, "constants": told})  # fmt: skip


def award(tiny: TinyStudy, **told: Any) -> None:
    row = {"award_id": "w1", "year": 2024, "premises": 4, "total_cost": 1e6, **told}
    with (tiny.folder / "awards.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)
    tiny.sources.append({"id": "awards", "role": "awards", "kind": "table", "path": "awards.csv"})


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    return tiny_study(tmp_path / "tiny")


def test_without_applications_nothing_is_told_of_any(tiny: TinyStudy) -> None:
    found = run(tiny)
    assert "applied_share" not in found.areas
    assert "status" not in found.summary
    assert set(found.areas["status"]) == {"modelled"}


def test_a_drawn_application_is_an_area_of_its_own_and_confirmed_money_stands_for_the_local_share(
    tiny: TinyStudy,
) -> None:
    apply_for(tiny)
    usual = run(tiny).areas.set_index("area_id").loc[APPLIED]
    assert (usual["status"], usual["name"], usual["application_id"]) == ("applied", "Nordgrenda", "7.24")
    assert usual["municipal_share"] == pytest.approx(usual["funding_gap_p50"] * 0.3 / 1.3)
    assert usual["local_cofunding_basis"] == "policy default"
    tiny.source("drawn")["constants"] = {"municipal_money": 100_000}
    found = run(tiny)
    row = found.areas.set_index("area_id").loc[APPLIED]
    assert row["municipal_share"] == pytest.approx(100_000)
    assert row["grant"] == pytest.approx(row["funding_gap_p50"] - 100_000)
    assert row["state_share"] + row["county_share"] == pytest.approx(row["grant"])
    assert row["measure_local_cofunding"] == pytest.approx(100_000 / row["funding_gap_p50"])
    assert row["local_cofunding_basis"] == "application"
    assert found.summary["status"]["areas"]["applied"] == 1
    tiny.source("drawn")["constants"] = {"municipal_money": 1e9}
    row = run(tiny).areas.set_index("area_id").loc[APPLIED]
    assert (row["grant"], row["measure_local_cofunding"], row["decision"]) == (0.0, 1.0, "fund")


def test_an_award_that_names_an_area_leaves_it_in_the_list_without_money(tiny: TinyStudy) -> None:
    apply_for(tiny)
    everything = run(tiny, budget=1e9)
    assert set(everything.areas["decision"]) == {"fund"}
    award(tiny, area_id=APPLIED)
    found = run(tiny, budget=1e9).areas.set_index("area_id")
    row = found.loc[APPLIED]
    assert (row["status"], row["decision"], row["ineligible_because"]) == ("awarded", "ineligible", "awarded")
    assert (row["award_id"], row["rank"]) == ("w1", len(found))
    assert set(found.drop(APPLIED)["decision"]) == {"fund"}


def test_an_award_with_an_outline_takes_its_premises_off(tiny: TinyStudy) -> None:
    apply_for(tiny)
    before = run(tiny)
    gpd.GeoDataFrame(
        {"award_id": ["w1"], "year": [2024], "premises": [4], "total_cost": [1e6]}, geometry=[CORNER], crs=CRS
    ).to_file(tiny.folder / "won.gpkg")
    tiny.sources.append({"id": "won", "role": "awards", "kind": "vector", "path": "won.gpkg"})
    after = run(tiny)
    assert APPLIED in set(before.areas["area_id"])
    assert APPLIED not in set(after.areas["area_id"])
    inside = after.places[after.places.intersects(CORNER)]
    assert inside["eligible"].eq(0).all()
    assert set(inside["funded_by"]) == {"w1"}
    assert "earlier-funded" in set(inside["reason_code"])
    lost = before.places["eligible"] * before.places["weight"]
    assert (
        before.areas["premises"].sum() - after.areas["premises"].sum() == lost[before.places.intersects(CORNER)].sum()
    )
    assert "applications: '7.24' holds no eligible premises of the study" in after.provenance["warnings"]


def test_an_application_that_was_awarded_does_the_same(tiny: TinyStudy) -> None:
    apply_for(tiny, status="awarded")
    found = run(tiny)
    assert APPLIED not in set(found.areas["area_id"])
    assert set(found.places.loc[found.places.intersects(CORNER), "funded_by"]) == {"7.24"}


def test_areas_drawn_anew_keep_their_status(tiny: TinyStudy) -> None:
    apply_for(tiny)
    award(tiny, area_id=APPLIED)
    tiny.save()
    study = Study.open(tiny.folder)
    scenario = study.default_scenario().with_changes(areas=(("max_premises", 2.0), ("min_premises", 1.0)))
    policy = scenario.shape(load_policy("no-2024"))
    again = pipeline.redraw(pipeline.prepare(study, load_policy("no-2024")), policy)
    assert_frame_equal(again.areas, pipeline.prepare(study, policy).areas)
    assert again.areas.set_index("area_id").loc[APPLIED, "status"] == "awarded"
