"""What corrections do to a study: on the tiny study, whose premises p00 … p39 stand on a lattice.

number % 4 gives business, household, household, holiday; fibre serves the south-western corner (p00, p01, p08, p09).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from pandas.testing import assert_frame_equal

from coverage import pipeline
from coverage.assessment import Assessment
from coverage.corrections import COLUMNS, correct
from coverage.inputs import Inputs, OfferLayer
from coverage.overlay import overlay
from coverage.policy import load_policy
from coverage.study import Study
from coverage.verdicts import judge_inputs
from tests import command
from tests.drawn import offers
from tests.studymaker import CRS, PLACES, X0, Y0, TinyStudy, premises, tiny_study

OFFICE = "Synthetic office, Vestby"
OTHER = "Synthetic office, Østby"
ROWS: list[dict[str, Any]] = [
    {"place_id": "p02", "correction": "not_inhabited", "comment": "empty since 2019", "date": "2024-05-01"},
    {"place_id": "p04", "correction": "not_inhabited", "comment": "the firm has closed"},
    {"place_id": "p03", "correction": "wrong_kind", "kind": "household", "comment": "lived in all year"},
    {"place_id": "p00", "correction": "wrong_speed", "down_mbps": 12, "up_mbps": 1, "technology": "dsl",
     "provider": "Tiny Copper", "comment": "no fibre past the river", "date": "2024-05-02"},
    {"place_id": "p01", "correction": "wrong_speed", "down_mbps": 0, "comment": "nothing can be bought"},
    {"place_id": "p05", "correction": "wrong_speed", "down_mbps": 500, "up_mbps": 500, "comment": "has fibre"},
    {"correction": "missing_address", "kind": "household", "weight": 2, "address": "Nyveien 1", "x": X0 + 9000,
     "y": Y0 + 5200, "comment": "new houses", "office": OTHER},
    {"place_id": "p02", "correction": "wrong_kind", "kind": "business", "comment": "a workshop", "office": OTHER,
     "date": "2024-06-01"},
]  # fmt: skip


def add_corrections(study: TinyStudy, rows: Sequence[dict[str, Any]]) -> Study:
    pd.DataFrame([{"office": OFFICE} | row for row in rows]).to_csv(study.folder / "corrections.csv", index=False)
    if not any(source["id"] == "corrections" for source in study.sources):
        study.sources.append(
            {"id": "corrections", "role": "corrections", "kind": "table", "path": "corrections.csv", "crs": CRS,
             "data_status": "synthetic"}
        )  # fmt: skip
    return Study.open(study.save())


def run(study: Study) -> Assessment:
    return pipeline.assess(study, study.default_scenario())


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return run(Study.open(tiny_study(tmp_path_factory.mktemp("plain")).folder))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return add_corrections(tiny_study(tmp_path_factory.mktemp("corrected")), ROWS)


@pytest.fixture(scope="module")
def result(study: Study) -> Assessment:
    return run(study)


def place(result: Assessment, place_id: str) -> pd.Series:
    return result.places.set_index("place_id").loc[place_id]


def test_every_place_keeps_its_row_and_missing_addresses_follow(result: Assessment, plain: Assessment) -> None:
    assert result.places["place_id"].tolist() == [*plain.places["place_id"], "corrections-7"]
    alike = result.places["correction"].isna()
    columns = [name for name in plain.places.columns if name not in ("area_id", "reason")]
    assert alike.sum() == PLACES - 6
    left = result.places.loc[alike, columns].reset_index(drop=True)
    untouched = plain.places[plain.places["place_id"].isin(left["place_id"])]
    assert_geodataframe_equal(left, untouched[columns].reset_index(drop=True))


def test_place_that_is_not_inhabited_is_not_eligible(result: Assessment, plain: Assessment) -> None:
    assert place(plain, "p04")["eligible"] == 1.0
    shop = place(result, "p04")
    assert (shop["year_round"], shop["eligible"], shop["reason_code"]) == (False, 0.0, "not-year-round")


def test_wrong_kind_takes_the_right_one(result: Assessment, plain: Assessment) -> None:
    assert (place(plain, "p03")["kind"], place(plain, "p03")["eligible"]) == ("holiday", 0.0)
    assert (place(result, "p03")["kind"], place(result, "p03")["eligible"]) == ("household", 1.0)


def test_corrected_speed_replaces_what_others_say_exists_there(result: Assessment, plain: Assessment) -> None:
    assert place(plain, "p00")["fixed_down_mbps"] == 1000.0
    slow = place(result, "p00")
    assert (slow["fixed_down_mbps"], slow["fixed_technology"], slow["fixed_provider"]) == (12.0, "dsl", "Tiny Copper")
    assert (slow["fixed_source"], slow["fixed_source_row"], slow["eligible"]) == ("corrections", 4, 1.0)
    none = place(result, "p01")
    assert (none["fixed_down_mbps"], pd.isna(none["fixed_provider"]), none["eligible"]) == (0.0, True, 1.0)
    fast = place(result, "p05")
    assert (fast["fixed_down_mbps"], fast["tier"], fast["eligible"]) == (500.0, "below_1000", 0.0)
    assert place(result, "p08")["fixed_down_mbps"] == 1000.0


def test_missing_address_is_judged_like_any_other(result: Assessment) -> None:
    new = place(result, "corrections-7")
    assert (new["kind"], new["weight"], new["buildings"], new["municipality_code"]) == ("household", 2.0, 2.0, "5001")
    assert (new["source"], new["source_row"], new["address"]) == ("corrections", 7, "Nyveien 1")
    assert (new["size_class"], new["year_round"], new["eligible"]) == ("unknown", True, 1.0)
    assert new["area_id"].startswith("5001-")


def test_in_use_brings_a_place_back(tmp_path: Path) -> None:
    tiny = tiny_study(tmp_path)
    premises().assign(year_round=False).to_csv(tmp_path / "premises.csv", sep=";", index=False)
    study = add_corrections(tiny, [{"place_id": "p05", "correction": "in_use", "comment": "a family moved in"}])
    out = judge_inputs(study.load(), policy=load_policy("no-2024"), as_of=study.as_of).set_index("place_id")
    assert out.index[out["year_round"]].tolist() == ["p05"]
    assert out.index[out["eligible"] > 0].tolist() == ["p05"]


def test_a_row_that_stands_for_a_cell_is_corrected_as_a_whole_and_by_its_id_alone(tmp_path: Path) -> None:
    tiny = tiny_study(tmp_path)
    tiny.source("premises").setdefault("constants", {})["cell_m"] = 250
    rows = [
        {"place_id": "p05", "correction": "not_inhabited", "comment": "the village is deserted"},
        {"correction": "not_inhabited", "x": X0 + 3500, "y": Y0 + 1000, "comment": "by its position"},
        {"correction": "missing_address", "kind": "household", "x": X0 + 9000, "y": Y0 + 5200, "comment": "new"},
    ]
    add_corrections(tiny, rows)
    tiny.source("corrections")["options"] = {"within_m": 50.0}
    inputs = Study.open(tiny.save()).load()
    assert inputs.rejected[["row", "reason"]].to_numpy().tolist() == [[2, "has no premises within 50 m"]]
    places = correct(inputs).places
    assert places["cell_m"].tolist() == [250.0] * PLACES + [0.0]  # what is missing stands where it is said to stand


def test_operators_objections_do_not_stand_against_a_corrected_speed(tmp_path: Path) -> None:
    tiny = tiny_study(tmp_path)
    (tmp_path / "hearing.csv").write_text(
        "place_id,provider,claim,down_mbps,up_mbps,available_from\n"
        "p05,Tiny Air,exists,200,50,\np06,Tiny Air,exists,200,50,\np05,Tiny Fibre,plan,1000,1000,2025-01-01\n",
        encoding="utf-8",
    )
    tiny.sources.append(
        {"id": "hearing", "role": "hearing", "kind": "table", "path": "hearing.csv", "options": {"shape": "address"}}
    )
    told = {"place_id": "p05", "correction": "wrong_speed", "down_mbps": 0, "comment": "in the radio shadow"}
    study = add_corrections(tiny, [told])
    prepared = pipeline.prepare(study, load_policy("no-2024"))
    places = prepared.places.set_index("place_id")
    assert places.loc[["p05", "p06"], "fixed_down_mbps"].tolist() == [0.0, 200.0]
    assert places.loc["p05", "planned_down_mbps"] == 1000.0
    again = pipeline.prepare_again(prepared, replace(prepared.inputs, hearing=()))
    assert again.places["place_id"].tolist() == prepared.places["place_id"].tolist()
    assert again.places.set_index("place_id").loc["p05", "eligible"] == 1.0


def test_places_say_what_was_corrected_by_whom_and_when(result: Assessment) -> None:
    two = place(result, "p02")
    assert two["correction"] == "not_inhabited, wrong_kind"
    assert two["corrected_by"] == f"{OFFICE}, {OTHER}"
    assert two["corrected_on"] == pd.Timestamp("2024-06-01")
    assert (two["correction_source"], two["correction_row"]) == ("corrections", 8)
    assert place(result, "p04")["corrected_by"] == OFFICE
    assert pd.isna(place(result, "p04")["corrected_on"])
    assert place(result, "p06")["correction_row"] == 0
    assert f"{OFFICE}" in place(result, "p00")["reason"]


def test_corrections_are_listed_with_what_was_and_what_is(result: Assessment) -> None:
    table = result.corrections
    assert tuple(table.columns) == COLUMNS
    rows = {(row["place_id"], row["correction"]): row for row in table.to_dict("records")}
    assert list(rows) == sorted(rows)
    assert len(rows) == len(ROWS)
    texts = {key: (row["field"], row["was"], row["now"]) for key, row in rows.items()}
    assert texts == {
        ("corrections-7", "missing_address"): ("place_id", "", "corrections-7"),
        ("p00", "wrong_speed"): (
            "fixed_down_mbps", "1000/1000 Mbit/s fibre, Tiny Fibre", "12/1 Mbit/s dsl, Tiny Copper",
        ),
        ("p01", "wrong_speed"): ("fixed_down_mbps", "1000/1000 Mbit/s fibre, Tiny Fibre", ""),
        ("p02", "not_inhabited"): ("year_round", "true", "false"),
        ("p02", "wrong_kind"): ("kind", "household", "business"),
        ("p03", "wrong_kind"): ("kind", "holiday", "household"),
        ("p04", "not_inhabited"): ("year_round", "true", "false"),
        ("p05", "wrong_speed"): ("fixed_down_mbps", "", "500/500 Mbit/s other, a provider not named"),
    }  # fmt: skip
    eligible = {key: (row["eligible_before"], row["eligible_after"]) for key, row in rows.items()}
    assert eligible[("corrections-7", "missing_address")] == (0.0, 2.0)
    assert eligible[("p00", "wrong_speed")] == (0.0, 1.0)
    assert eligible[("p02", "wrong_kind")] == eligible[("p02", "not_inhabited")] == (1.0, 0.0)
    assert rows[("p00", "wrong_speed")]["comment"] == "no fibre past the river"


def test_summary_counts_corrections_and_what_they_did(result: Assessment) -> None:
    told = result.summary["corrections"]
    assert told["total"] == 8
    assert told["places"] == 7
    assert told["kinds"] == {
        "not_inhabited": 2, "in_use": 0, "wrong_kind": 2, "missing_address": 1, "wrong_speed": 3,
    }  # fmt: skip
    assert told["offices"] == {OFFICE: 6, OTHER: 2}
    # Before: p02 and p05 (homes) and p04 (a firm); after: p00 (a firm), p01, p03 and the two new homes.
    assert told["eligible_before"] == {"businesses": 1.0, "households": 2.0}
    assert told["eligible_after"] == {"businesses": 1.0, "households": 4.0}
    assert json.loads(json.dumps(told)) == told


def test_eligible_premises_move_by_what_the_corrections_say(result: Assessment, plain: Assessment) -> None:
    told, before, after = result.summary["corrections"], plain.summary["eligible"], result.summary["eligible"]
    for kind in ("businesses", "households"):
        assert after[kind] - before[kind] == told["eligible_after"][kind] - told["eligible_before"][kind]


def test_areas_count_corrected_premises_and_sources_their_digest(result: Assessment, plain: Assessment) -> None:
    assert result.areas["corrected"].sum() == 2.0 + 3.0  # the new homes, p00, p01 and p03
    assert "corrected" not in plain.areas
    assert plain.corrections.empty
    assert "corrections" not in plain.summary
    assert "corrections.csv" in result.provenance["inputs"]
    assert [source["source"] for source in result.provenance["sources"]][-1] == "corrections"


def test_sources_are_never_edited(study: Study) -> None:
    loaded = study.load()
    places, fibre = loaded.places.copy(), loaded.offers[0].frame.copy()
    corrected = correct(loaded)
    assert_geodataframe_equal(loaded.places, places)
    assert_frame_equal(loaded.offers[0].frame, fibre)
    assert len(corrected.places) == PLACES + 1
    assert correct(corrected) is corrected


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_order_of_rows_makes_no_difference(tmp_path: Path, order: tuple[int, ...]) -> None:
    def judged(name: str, rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
        study = add_corrections(tiny_study(tmp_path / name), rows)
        places = judge_inputs(study.load(), policy=load_policy("no-2024"), as_of=study.as_of)
        return places.drop(columns=["correction_row", "fixed_source_row"])

    rows = [ROWS[at] for at in (0, 3, 7)]
    assert_geodataframe_equal(judged("one", rows), judged("other", [rows[at] for at in order]))


def test_file_without_rows_and_without_the_file_give_the_same(tmp_path: Path, plain: Assessment) -> None:
    study = tiny_study(tmp_path)
    add_corrections(study, ROWS[:1])
    (tmp_path / "corrections.csv").write_text("place_id,correction,comment,office\n", encoding="utf-8")
    empty = run(Study.open(study.folder))
    assert_geodataframe_equal(empty.places, plain.places)
    assert_geodataframe_equal(empty.areas, plain.areas)
    assert empty.summary == plain.summary
    assert empty.corrections.empty


def test_plans_and_measurements_stay_where_a_speed_is_corrected() -> None:
    point = gpd.GeoDataFrame({"place_id": ["a"], "municipality_code": ["1"], "kind": "household"},
                             geometry=gpd.points_from_xy([0], [0]), crs=CRS)  # fmt: skip
    policy, as_of = load_policy("no-2024"), pd.Timestamp("2024-06-30").date()
    told = offers(
        [
            {"down_mbps": 900.0},
            {"down_mbps": 300.0, "status": "planned", "available_from": "2025-01-01", "provider": "B"},
            {"down_mbps": 40.0, "basis": "measured"},
        ]
    ).assign(place_id="a")
    mine = offers([{"down_mbps": 8.0, "provider": "C"}]).assign(place_id="a")
    layers = [OfferLayer("list", "place", told), OfferLayer("corrections", "place", mine, overrides=True)]
    for order in (layers, layers[::-1]):
        out, _ = overlay(point, offers=order, mobile=(), shares=None, policy=policy, as_of=as_of)
        (row,) = out.to_dict("records")
        assert (row["fixed_down_mbps"], row["fixed_provider"], row["fixed_networks_100"]) == (8.0, "C", 0)
        assert (row["planned_down_mbps"], row["measured_down_mbps"]) == (300.0, 40.0)


def shares_study(folder: Path) -> Inputs:
    study = tiny_study(folder)
    study.drop("fibre")
    (folder / "shares.csv").write_text(
        "municipality_code,fixed_30,fixed_100,fixed_1000\n5001,0.9,0.8,0.6\n5002,0.5,0.4,0.2\n", encoding="utf-8"
    )
    study.sources.append({"id": "shares", "role": "shares", "kind": "table", "path": "shares.csv"})
    rows = [ROWS[3], {**ROWS[4], "place_id": "p07"}, ROWS[1]]
    return add_corrections(study, rows).load()


def test_where_service_is_a_share_only_the_corrected_place_is_exact(tmp_path: Path) -> None:
    loaded = shares_study(tmp_path)
    policy, as_of = load_policy("no-2024"), pd.Timestamp("2024-06-30").date()
    out = judge_inputs(loaded, policy=policy, as_of=as_of).set_index("place_id")
    plain = judge_inputs(replace(loaded, corrections=loaded.corrections.iloc[:0]), policy=policy, as_of=as_of)
    plain = plain.set_index("place_id")
    exact = out["service_basis"] == "offer"
    assert out.index[exact].tolist() == ["p00", "p07"]
    assert out.loc["p00", ["fixed_down_mbps", "tier", "short_fixed", "eligible"]].tolist() == [
        12.0,
        "below_30",
        1.0,
        1.0,
    ]
    assert out.loc["p07", ["fixed_down_mbps", "tier"]].tolist() == [0.0, "below_30"]
    shares = [f"share_{tier}" for tier in policy.tier_ids]
    assert out.loc["p00", shares].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert (out[shares].sum(axis=1) - 1.0).abs().max() < 1e-12
    assert_frame_equal(pd.DataFrame(out.loc[~exact, shares]), pd.DataFrame(plain.loc[~exact, shares]))
    assert out.loc["p01", "short_fixed"] == pytest.approx(0.2)
    assert (plain.loc["p04", "eligible"], out.loc["p04", "eligible"]) == (pytest.approx(0.6), 0.0)


def test_command_line_applies_corrections_and_without_the_file_gives_the_same_bytes(tmp_path: Path) -> None:
    def assess(folder: Path, out: Path) -> dict[str, Any]:
        done = command.run("assess", folder, "--out", out, "--json")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    study = tiny_study(tmp_path / "study")
    first = assess(study.folder, tmp_path / "before")
    add_corrections(study, ROWS)
    told = assess(study.folder, tmp_path / "corrected")
    assert told["corrections"]["total"] == len(ROWS)
    places = gpd.read_parquet(tmp_path / "corrected" / "places.parquet")
    assert places["correction"].notna().sum() == 7
    study.drop("corrections")
    study.save()
    (study.folder / "corrections.csv").unlink()
    assert assess(study.folder, tmp_path / "after") == first
    tables = ("places.parquet", "areas.parquet", "priority-list.csv", "rejected.csv", "corrections.csv")
    for name in (*tables, "summary.json"):
        assert (tmp_path / "before" / name).read_bytes() == (tmp_path / "after" / name).read_bytes(), name
