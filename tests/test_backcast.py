"""Past awards beside the model: hand-made awards with known answers, on the tiny study and the command line."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Polygon, box

from coverage import pipeline
from coverage.backcast import Backcast, backcast
from coverage.costbook import load_costs
from coverage.errors import DataError
from coverage.parts import building_items
from coverage.pipeline import Prepared
from coverage.policy import load_policy
from coverage.scenario import Scenario
from coverage.study import Study
from tests.command import run
from tests.studymaker import CRS, SIDE, X0, Y0, TinyStudy, tiny_study

POLICY = load_policy("no-2024")
ROOT = Path(__file__).parent.parent
HEADER = ("award_id", "year", "premises", "total_cost", "grant", "route_m", "terrain", "area_id")


def with_awards(folder: Path, rows: list[tuple[Any, ...]]) -> TinyStudy:
    """Return the tiny study with a table of awards (HEADER)."""
    tiny = tiny_study(folder)
    with (folder / "awards.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    tiny.sources.append({"id": "awards", "role": "awards", "kind": "table", "path": "awards.csv"})
    tiny.save()
    return tiny


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    tiny = with_awards(tmp_path_factory.mktemp("backcast") / "tiny", [("a", 2025, 10, 1_000_000, 500_000, 500, "", "")])
    return pipeline.prepare(Study.open(tiny.folder), POLICY)


def awards(*rows: dict[str, Any]) -> gpd.GeoDataFrame:
    usual = {"name": None, "year": 2025, "premises": 10.0, "total_cost": 1e6, "grant": np.nan, "technology": "fibre",
             "municipality_code": None, "route_m": np.nan, "terrain": None, "status": "built", "area_id": None,
             "source": "awards", "geometry": None}  # fmt: skip
    if not rows:
        return gpd.GeoDataFrame()
    named = [{**usual, "award_id": f"a{at}", "source_row": at, **row} for at, row in enumerate(rows, start=1)]
    return gpd.GeoDataFrame(named, geometry="geometry", crs=CRS)


def look_back(prepared: Prepared, *rows: dict[str, Any], **changes: Any) -> Backcast:
    inputs = dataclasses.replace(prepared.inputs, awards=awards(*rows))
    question = prepared.study.default_scenario().with_changes(**changes)
    return backcast(dataclasses.replace(prepared, inputs=inputs), question)


def unit(item: str, *, year: int = 2025) -> float:
    return load_costs("norway", currency="NOK", price_year=year)[item].value


def hand_cost(*, premises: float, route_m: float, drop_m: float) -> float:
    """Price fibre by hand at the book's figures: the same take-up for homes and businesses."""
    soil, rock = unit("soil_share"), unit("rock_share")
    metre = (1 - soil - rock) * unit("verge_trench_m") + soil * unit("soil_trench_m") + rock * unit("rock_trench_m")
    built = (route_m * metre + premises * unit("splitter_premises")) * (1 + unit("design_overhead"))
    each = unit("drop_premises") + unit("active_premises") + unit("cpe")
    return built + unit("take_up_household") * (drop_m * unit("drop_m") + premises * each)


def test_premises_and_metres_are_priced_as_one_does_by_hand(prepared: Prepared) -> None:
    found = look_back(prepared, {"premises": 40.0, "route_m": 3000.0, "total_cost": 2e6})
    row = found.awards.iloc[0]
    mean_drop = prepared.routes["drop_m"].sum() / prepared.areas["premises"].sum()
    assert row["basis"] == "quantities"
    assert row["model_cost"] == pytest.approx(hand_cost(premises=40, route_m=3000, drop_m=40 * mean_drop))
    assert row["cost_ratio"] == pytest.approx(row["model_cost"] / 2e6)
    assert row["route_m_model"] == 3000
    assert (row["size_class"], row["terrain_class"]) == ("20 to 100 premises", "50 to 150 m a premises")


def test_an_outline_gives_the_route_from_the_network_outside_it(prepared: Prepared) -> None:
    """Four places in the north-west corner lie on the roads, in two columns 2.5 km apart and two rows 2 km apart."""
    corner = box(X0, Y0 + 6500, X0 + 4000, Y0 + SIDE)
    row = look_back(prepared, {"premises": 4.0, "geometry": corner}).awards.iloc[0]
    assert row["basis"] == "polygon"
    # Between the four 2, 2 and 2.5 km; from (3500, 7000) south to 3000 and 1 km west to the exchange 5 km.
    assert row["route_m_model"] == pytest.approx(6500 + 5000, rel=1e-3)
    assert row["model_cost"] == pytest.approx(hand_cost(premises=4, route_m=row["route_m_model"], drop_m=0), rel=0.001)


def test_a_network_that_the_award_may_have_built_is_no_start(prepared: Prepared) -> None:
    all_of_it = box(X0, Y0, X0 + SIDE, Y0 + SIDE)  # the exchange is inside
    row = look_back(prepared, {"premises": 20.0, "geometry": all_of_it}).awards.iloc[0]
    assert row["basis"] not in ("polygon", "quantities")
    assert row["note"].startswith("every known network lies inside the outlines")
    elsewhere = Polygon([(X0 + 100, Y0 + 100), (X0 + 200, Y0 + 100), (X0 + 200, Y0 + 200)])
    row = look_back(prepared, {"premises": 20.0, "geometry": elsewhere, "route_m": 900.0}).awards.iloc[0]
    assert (row["basis"], row["note"]) == ("quantities", "no premises that a road reaches inside its outline")


def test_two_outlines_over_the_same_places_are_both_priced(prepared: Prepared) -> None:
    corner = box(X0, Y0 + 6500, X0 + 4000, Y0 + SIDE)
    found = look_back(prepared, {"premises": 4.0, "geometry": corner}, {"premises": 4.0, "geometry": corner})
    assert list(found.awards["basis"]) == ["polygon", "polygon"]
    first, second = found.awards["model_cost"]
    assert first == second


def test_an_award_of_an_area_of_the_study_costs_what_the_area_costs(prepared: Prepared) -> None:
    area = prepared.areas.iloc[0]
    found = look_back(prepared, {"premises": area["premises"], "area_id": area["area_id"]})
    routed = prepared.routes.set_index("area_id").loc[area["area_id"]]
    by_hand = hand_cost(premises=area["premises"], route_m=routed["trench_m"], drop_m=routed["drop_m"])
    by_hand += routed["subsea_m"] * unit("subsea_m") * (1 + unit("design_overhead"))
    by_hand += (2 if routed["subsea_m"] else 0) * unit("subsea_landing") * (1 + unit("design_overhead"))
    assert found.awards["model_cost"].iloc[0] == pytest.approx(by_hand)
    assert found.awards["basis"].iloc[0] == "area"


def test_masts_are_never_what_an_award_of_fixed_service_is_set_beside(prepared: Prepared) -> None:
    first = prepared.areas.iloc[[0]]
    mast = first.assign(area_id="mob", kind="mobile", premises=900.0, businesses=900.0, public=0.0)
    way = prepared.routes.iloc[[0]].assign(area_id="mob", drop_m=9e6)
    masted = dataclasses.replace(
        prepared,
        areas=pd.concat([prepared.areas, mast], ignore_index=True),
        routes=pd.concat([prepared.routes, way], ignore_index=True),
    )
    asked = ({"premises": 7.0}, {"premises": 10.0, "route_m": 500.0}, {"premises": 900.0})
    pd.testing.assert_frame_equal(look_back(masted, *asked).awards, look_back(prepared, *asked).awards)
    assert look_back(masted, {"premises": 900.0, "area_id": "mob"}).awards["basis"].iloc[0] != "area"


def test_premises_alone_are_set_beside_areas_of_their_size_and_not_fitted(prepared: Prepared) -> None:
    three = [prepared.areas.iloc[[0]].assign(area_id=f"same-{n}", premises=5.0 * n) for n in (1, 2, 3)]
    lengths = prepared.routes.set_index("area_id").loc[prepared.areas["area_id"].iloc[0]]
    routed = gpd.GeoDataFrame([lengths.rename(f"same-{n}") for n in (1, 2, 3)], geometry="geometry", crs=CRS)
    routed = routed.rename_axis("area_id").reset_index()
    alike = dataclasses.replace(prepared, areas=pd.concat(three, ignore_index=True), routes=routed)
    found = look_back(alike, {"premises": 7.0}, {"premises": 5000.0}, {"premises": 7.0, "area_id": "nowhere"})
    assert list(found.awards["basis"]) == ["comparable", "", "comparable"]
    assert found.awards["note"].iloc[0] == "median of 3 areas of under 20 premises"
    middle = look_back(alike, {"premises": 10.0, "area_id": "same-2"}).awards["model_cost"].iloc[0] / 10
    assert found.awards["model_cost"].iloc[0] == pytest.approx(7 * middle)
    assert found.awards["note"].iloc[1] == "fewer than 3 areas of 100 premises or more to compare with"
    assert found.awards["note"].iloc[2].startswith("no area nowhere in this run")
    assert not found.awards["fitted"].any()
    assert (found.multipliers, found.overrides) == ({}, ())


def test_amounts_come_to_the_price_year_by_the_books_index(prepared: Prepared) -> None:
    row = look_back(prepared, {"year": 2017, "route_m": 500.0, "total_cost": 1e6, "grant": 4e5}).awards.iloc[0]
    factor = unit("price_index_2025") / unit("price_index_2017")
    assert row["actual_cost"] == pytest.approx(1e6 * factor)
    assert row["actual_grant"] == pytest.approx(4e5 * factor)
    old = look_back(prepared, {"year": 1999, "route_m": 500.0}).awards.iloc[0]
    assert (old["basis"], old["note"]) == ("", "the cost book has no price index of its year")
    assert np.isnan(old["model_cost"])


def test_awards_that_cost_what_the_model_says_leave_it_as_it_is(prepared: Prepared) -> None:
    rows = [{"premises": 30.0, "route_m": 1000.0 * n} for n in (1, 2, 3)]
    costs = look_back(prepared, *rows).awards["model_cost"]
    exact = look_back(prepared, *(row | {"total_cost": cost} for row, cost in zip(rows, costs, strict=True)))
    assert exact.multipliers == {"fibre": pytest.approx(1.0)}
    assert dict(exact.overrides) == {item: pytest.approx(unit(item)) for item in dict(exact.overrides)}
    assert exact.classes["multiplier"].to_numpy() == pytest.approx(1.0)
    assert exact.classes["spread"].dropna().to_numpy() == pytest.approx(1.0)


def test_the_fitted_prices_bring_the_model_by_the_multiplier_and_only_if_the_scenario_holds_them(
    prepared: Prepared, tmp_path: Path
) -> None:
    rows = [{"premises": 30.0, "route_m": 1000.0 * n, "total_cost": 3e6} for n in (1, 2, 3)]
    found = look_back(prepared, *rows)
    before = prepared.study.default_scenario()
    path = tmp_path / "local.toml"
    path.write_text(found.calibrated(before).to_toml(), encoding="utf-8")
    assert before.costs == ()
    after = Scenario.from_toml(path)
    again = look_back(prepared, *rows, costs=after.costs)
    raised = again.awards["model_cost"] / found.awards["model_cost"]
    assert raised.to_numpy() == pytest.approx(found.multipliers["fibre"], rel=1e-5)
    items = set(building_items("fibre"))
    assert {item for item, _ in after.costs} == items


def test_the_grant_is_the_gap_less_the_local_share(prepared: Prepared) -> None:
    row = look_back(prepared, {"route_m": 9000.0, "premises": 10.0, "grant": 2e5}).awards.iloc[0]
    assert row["model_gap"] > 0
    assert row["model_grant"] == pytest.approx(row["model_gap"] / (1 + POLICY.subsidy.local_share))
    assert row["grant_ratio"] == pytest.approx(row["model_grant"] / 2e5)


def test_the_order_of_rows_changes_nothing(prepared: Prepared) -> None:
    corner = box(X0, Y0 + 6500, X0 + 4000, Y0 + SIDE)
    rows = [
        {"award_id": f"x{n}", "premises": 8.0 * n, "route_m": 700.0 * n, "total_cost": 4e5 * n} for n in range(1, 6)
    ]
    rows += [
        {"award_id": "y", "premises": 4.0, "geometry": corner},
        {"award_id": "z", "terrain": "rock", "premises": 9.0},
    ]
    one, other = look_back(prepared, *rows), look_back(prepared, *rows[::-1])
    pd.testing.assert_frame_equal(one.awards, other.awards, check_exact=True)
    pd.testing.assert_frame_equal(one.classes, other.classes, check_exact=True)
    assert one.overrides == other.overrides


def test_told_terrain_goes_before_metres_per_premises(prepared: Prepared) -> None:
    found = look_back(prepared, {"route_m": 100.0, "terrain": "rock"}, {"route_m": 100.0}, {"route_m": 1500.0})
    assert list(found.awards["terrain_class"]) == ["rock", "under 50 m a premises", "150 m a premises or more"]
    by_terrain = found.classes[found.classes["by"] == "terrain"]
    assert dict(zip(by_terrain["class"], by_terrain["awards"], strict=True)) == {
        "rock": 1, "under 50 m a premises": 1, "150 m a premises or more": 1,
    }  # fmt: skip


def test_a_study_without_awards_is_told_so(prepared: Prepared) -> None:
    with pytest.raises(DataError, match="study tiny: nothing to look back on; expected a source of the role 'awards'"):
        look_back(prepared)


def test_the_summary_is_plain_json(prepared: Prepared) -> None:
    found = look_back(prepared, {"route_m": 500.0}, {"premises": 9000.0})
    told = json.loads(json.dumps(found.summary(), allow_nan=False))
    assert (told["compared"], told["fitted"], told["price_year"]) == (1, 1, 2025)
    assert told["awards"][1]["model_cost"] is None


def test_the_command_line_prints_writes_and_makes_a_scenario(tmp_path: Path) -> None:
    rows = [(f"a{n}", 2024, 10 * n, 900_000 * n, 300_000 * n, 900 * n, "fjell", "") for n in range(1, 5)]
    rows.append(("old", 1999, 10, 100_000, "", "", "", ""))
    folder = str(with_awards(tmp_path / "tiny", rows).folder)
    book, toml = tmp_path / "awards.xlsx", tmp_path / "local.toml"
    done = run("backcast", folder, "--lang", "nb", "--out", str(book), "--write-scenario", str(toml))
    assert done.returncode == 0, done.stderr
    assert "meter trasé" in done.stdout
    assert "old: kostnadsboken har ingen prisindeks for året" in done.stdout
    assert "brukes bare av et scenario" in done.stdout
    sheets = pd.read_excel(book, sheet_name=None)
    assert list(sheets) == ["Les meg", "Tildelinger", "Klasser", "Priser", "Kolonner"]
    assert len(sheets["Tildelinger"]) == 5
    held = Scenario.from_toml(toml)
    assert dict(held.costs)["verge_trench_m"] != unit("verge_trench_m")
    assert "4 past awards of the study 'tiny'" in toml.read_text(encoding="utf-8")

    table = tmp_path / "awards.csv"
    done = run("backcast", folder, "--json", "--scenario", str(toml), "--out", str(table))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["fitted"], told["awards"][0]["basis"]) == (4, "quantities")
    written = {path.name: pd.read_csv(path) for path in sorted(tmp_path.glob("awards*.csv"))}
    assert set(written) == {"awards.csv", "awards-classes.csv", "awards-prices.csv"}
    ours = written["awards.csv"]
    assert (ours["data_status"] == "synthetic").all()
    assert set(ours["price_year"]) == {2025}
    assert dict(zip(written["awards-prices.csv"]["item"], written["awards-prices.csv"]["book_value"], strict=True)) == {
        item: pytest.approx(value, abs=0.01) for item, value in held.costs
    }


def test_the_command_line_refuses_in_one_sentence(tmp_path: Path) -> None:
    folder = str(tiny_study(tmp_path / "bare").folder)
    done = run("backcast", folder)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2, "error: study tiny: nothing to look back on; expected a source of the role 'awards' in study.toml",
    )  # fmt: skip
    folder = str(with_awards(tmp_path / "tiny", [("a", 1999, 10, 100, 50, 500, "", "")]).folder)
    done = run("backcast", folder, "--write-scenario", str(tmp_path / "x.toml"))
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2, "error: study tiny: no past award could be fitted, so there are no prices for x.toml",
    )  # fmt: skip
    assert not (tmp_path / "x.toml").exists()
