"""Applications beside the model: hand-drawn areas and lists on the tiny study, and what is flagged of them.

The study's places are a lattice: p00 stands in the south-west, eight columns 2.5 km apart, five rows 2 km apart.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point, box

from coverage import pipeline
from coverage.applications import BESIDE_COLUMNS, beside, load_rules
from coverage.costbook import load_costs
from coverage.errors import DataError
from coverage.pipeline import Prepared
from coverage.policy import load_policy
from coverage.scenario import Scenario
from coverage.study import Study
from tests.studymaker import CRS, SIDE, X0, Y0, tiny_study
from tests.test_backcast import hand_cost
from tests.test_status import applications, listed

CORNER = box(X0, Y0 + 6500, X0 + 4000, Y0 + SIDE)  # p24, p25, p32, p33
QUESTION = {"draws": 50}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    tiny = tiny_study(tmp_path_factory.mktemp("applications") / "tiny")
    return pipeline.prepare(Study.open(tiny.folder), load_policy("no-2024"))


def question(prepared: Prepared, **changes: Any) -> Scenario:
    return prepared.study.default_scenario().with_changes(**QUESTION, **changes)


def shown(
    prepared: Prepared, *rows: dict[str, Any], lists: dict[str, list[int]] | None = None, view: str = ""
) -> pd.DataFrame:
    named = listed(**(lists or {}))
    names = [f"p{int(place[1:]):02d}" for place in named["place_id"]]
    inputs = dataclasses.replace(
        prepared.inputs, applications=applications(*rows), applied=named.assign(place_id=pd.array(names, dtype="str"))
    )
    return beside(dataclasses.replace(prepared, inputs=inputs), question(prepared, view=view))


def test_a_study_without_open_applications_has_nothing_to_show(prepared: Prepared) -> None:
    assert list(shown(prepared).columns) == list(BESIDE_COLUMNS)
    assert shown(prepared, {"geometry": CORNER, "status": "refused"}).empty


def test_a_drawn_application_is_priced_as_a_drawn_area_of_the_study_is(tmp_path: Path, prepared: Prepared) -> None:
    tiny = tiny_study(tmp_path / "drawn")
    gpd.GeoDataFrame({"lot_id": ["a1"]}, geometry=[CORNER], crs=CRS).to_file(tmp_path / "drawn" / "lots.gpkg")
    tiny.sources.append({"id": "lots", "role": "lots", "kind": "vector", "path": "lots.gpkg"})
    tiny.save()
    study = Study.open(tiny.folder)
    assessment = pipeline.assess(study, study.default_scenario().with_changes(**QUESTION))
    area = assessment.areas.set_index("area_id").loc["5001-lot-a1"]
    row = shown(prepared, {"geometry": CORNER, "technology": area["technology"], "vendor_cost": 1e6}).iloc[0]
    assert row["model_technology"] == area["technology"]
    assert row["model_cost"] == pytest.approx(area["capex"])
    for name in ("p10", "p50", "p90"):
        assert row[f"model_gap_{name}"] == pytest.approx(area[f"funding_gap_{name}"])
    assert row["model_grant"] == pytest.approx(area["grant"])
    assert (row["premises"], row["basis"], row["municipality_code"]) == (area["premises"], "outline", "5001")
    assert row["route_m"] == pytest.approx(area["route_m"])


def test_a_list_is_priced_by_hand_whoever_is_eligible(prepared: Prepared) -> None:
    """p08 and p09 have fibre already; from (1000, 3000) the exchange is where the back-cast's tests find it."""
    row = shown(prepared, {"vendor_cost": 1e6, "listed_rows": 4}, lists={"a1": [24, 25, 32, 33]}).iloc[0]
    assert row["basis"] == "list"
    assert row["premises"] == 4
    assert row["route_m"] == pytest.approx(
        11_500, rel=1e-3
    )  # see test_backcast: 6.5 km between them, 5 to the exchange
    assert row["model_cost"] == pytest.approx(hand_cost(premises=4, route_m=row["route_m"], drop_m=0), rel=0.001)
    assert row["cost_ratio"] == pytest.approx(row["model_cost"] / 1e6)
    assert (row["not_eligible_because"], "not_eligible" in row["flags"]) == ("", False)
    served = shown(prepared, {}, lists={"a1": [0, 1, 24]}).iloc[0]
    assert (served["premises"], served["eligible_premises"]) == (3, 1)
    assert served["not_eligible_because"] == "served"
    assert "not_eligible" in served["flags"]


def test_an_application_may_name_an_area(prepared: Prepared) -> None:
    area = prepared.areas[prepared.areas["kind"] == "fixed"].iloc[0]
    row = shown(prepared, {"area_id": area["area_id"]}).iloc[0]
    assert (row["basis"], row["premises"]) == ("area", pytest.approx(area["premises"]))
    route = prepared.routes.set_index("area_id").loc[area["area_id"], "route_m"]
    assert row["route_m"] == pytest.approx(route)


def test_differences_above_the_stated_share_are_flagged_with_their_direction(prepared: Prepared) -> None:
    capped = {"view": "private_cap"}  # then an operator pays so much for each of the four, and the rest is the gap
    cost, gap = shown(prepared, {"geometry": CORNER}, **capped).iloc[0][["model_cost", "model_gap_p50"]]
    assert 0 < gap < 1.2 * cost
    rows = shown(
        prepared,
        {"geometry": CORNER, "vendor_cost": cost * 1.2, "vendor_share": cost * 1.2 - gap},
        {"geometry": CORNER, "vendor_cost": cost * 1.4, "vendor_share": cost * 1.4 - gap},
        {"geometry": CORNER, "vendor_cost": cost * 0.7, "vendor_share": 0.0},
        {"geometry": CORNER, "vendor_cost": cost * 0.9, "vendor_share": cost * 0.9},
        {"geometry": CORNER, "vendor_cost": gap * 1.4, "vendor_share": 0.0},
        **capped,
    )
    known = ("cost_above", "cost_below", "gap_above", "gap_below")
    flags = [", ".join(code for code in known if code in text.split(", ")) for text in rows["flags"]]
    assert flags[:2] == ["", "cost_above"]
    assert flags[2].startswith("cost_below")
    assert flags[3] == "gap_below"
    assert flags[4].endswith("gap_above")
    assert set(rows["competes_with"]) == {
        ", ".join(f"a{other}" for other in range(1, 6) if other != mine) for mine in range(1, 6)
    }


def test_municipal_money_is_held_against_the_gap_and_leaves_the_rest_to_the_county(prepared: Prepared) -> None:
    told, none, untold = (
        shown(prepared, {"geometry": CORNER, "vendor_cost": 2e6, "vendor_share": 5e5, **money}).iloc[0]
        for money in ({"municipal_money": 3e5}, {"municipal_money": 0.0}, {})
    )
    gap = told["model_gap_p50"]
    assert told["vendor_gap"] == 1.5e6
    assert (told["asked_grant"], none["asked_grant"], untold["asked_grant"]) == (1.2e6, 1.5e6, 1.5e6)
    assert told["model_grant"] == pytest.approx(max(0.0, gap - 3e5))
    assert none["model_grant"] == pytest.approx(gap)
    assert untold["model_grant"] == pytest.approx(gap / 1.3)
    assert told["local_cofunding"] == pytest.approx(3e5 / gap)
    assert none["local_cofunding"] == 0
    assert np.isnan(untold["local_cofunding"])
    more = shown(prepared, {"geometry": CORNER, "vendor_cost": 1e6, "vendor_share": 9e5, "municipal_money": 2e5})
    assert "more_than_cost" in more["flags"].iloc[0]


def test_a_list_is_held_against_the_outline(prepared: Prepared) -> None:
    row = shown(prepared, {"geometry": CORNER, "listed_rows": 4, "unmatched_rows": 1}, lists={"a1": [24, 32, 37]}).iloc[
        0
    ]
    inside = prepared.places[prepared.places.intersects(CORNER) & ~prepared.places["place_id"].isin(["p24", "p32"])]
    assert row["unlisted_premises"] == (inside["eligible"] * inside["weight"]).sum() > 0
    assert row["outside_premises"] == 1
    assert {"unlisted", "outside", "unmatched"} <= set(row["flags"].split(", "))


def test_what_an_application_lacks_is_named(prepared: Prepared) -> None:
    whole = {"geometry": CORNER, "listed_rows": 1, "vendor_cost": 1e6, "vendor_share": 1.0, "municipal_money": 0.0,
             "interest": 1.0, "contact_office": "Vestby"}  # fmt: skip
    assert shown(prepared, whole, lists={"a1": [24]})["missing"].tolist() == [""]
    assert shown(prepared, {"area_id": "gone"})["missing"].tolist() == [
        "calculation, vendor_share, municipal_money, interest, contact_office, outline, address_list"
    ]


def test_few_who_sign_up_are_flagged(prepared: Prepared) -> None:
    homes = [n for n in (24, 25, 26, 33, 34) if n % 4 in (1, 2)]
    take_up = load_costs("norway", currency="NOK", price_year=2025)["take_up_household"].value
    rows = shown(prepared, {"interest": 0.0}, {"interest": 5.0}, lists={"a1": homes, "a2": homes})
    assert rows["expected_homes"].tolist() == pytest.approx([len(homes) * take_up] * 2)
    assert ["interest_below" in text for text in rows["flags"]] == [True, False]


def test_an_application_that_holds_nobody_is_shown_without_the_model(prepared: Prepared) -> None:
    nowhere = box(X0 + 10, Y0 + 10, X0 + 20, Y0 + 20)
    rows = shown(prepared, {"geometry": nowhere, "vendor_cost": 5.0}, {"geometry": CORNER})
    assert rows["application_id"].tolist() == ["a1", "a2"]
    assert rows["model_cost"].isna().tolist() == [True, False]
    assert rows["flags"].iloc[0] == "no_premises"
    assert shown(prepared, {"geometry": nowhere})["flags"].tolist() == ["no_premises"], "also where it is alone"


def test_overlapping_applications_are_each_priced_as_if_the_other_were_not_there(prepared: Prepared) -> None:
    wide = box(X0, Y0 + 4500, X0 + 9000, Y0 + SIDE)
    alone = [shown(prepared, {"geometry": shape, "application_id": "a"}).iloc[0] for shape in (CORNER, wide)]
    both = shown(prepared, {"geometry": CORNER}, {"geometry": wide})
    assert both["model_cost"].tolist() == pytest.approx([row["model_cost"] for row in alone])
    back = shown(prepared, {"geometry": wide, "application_id": "a2"}, {"geometry": CORNER, "application_id": "a1"})
    pd.testing.assert_frame_equal(back, both)


def test_old_amounts_are_brought_to_the_price_year(prepared: Prepared) -> None:
    day = pd.Timestamp("2022-05-01")
    rows = shown(
        prepared,
        {"geometry": CORNER, "vendor_cost": 1e6, "date": day, "municipal_money": 2e5},
        {"vendor_cost": 1e6, "date": pd.Timestamp("1999-05-01")},
        {"vendor_cost": 1e6, "date": pd.Timestamp("2025-05-01")},
    )
    book = load_costs("norway", currency="NOK", price_year=2025)
    index = {row.year: row.value for row in book.items if row.item.startswith("price_index_")}
    factor = index[2025] / index[2022]
    assert rows["vendor_cost"].iloc[0] == pytest.approx(1e6 * factor)
    assert rows["municipal_money"].iloc[0] == pytest.approx(2e5 * factor)
    assert rows["vendor_cost"].isna().tolist() == [False, True, False]
    assert "no_price_index" in rows["flags"].iloc[1]
    assert rows["vendor_cost"].iloc[2] == 1e6


def test_the_rules_are_read_and_must_be_numbers_above_0(tmp_path: Path) -> None:
    assert load_rules().cost_differs == 0.25
    path = tmp_path / "applications.csv"
    for text, words in (
        ("id,value\ncost_differs,0\n", "cost_differs is 0; expected more than 0"),
        ("id,value\n", "cost_differs is None"),
        ("id,value\ncost_differs,much\n", "expected a number"),
        ("name\nx\n", "cannot be read"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=words):
            load_rules(path)


def test_places_are_where_this_file_says(prepared: Prepared) -> None:
    places = prepared.places.set_index("place_id")
    assert places.loc["p24"].geometry == Point(X0 + 1000, Y0 + 7000)
    assert sorted(places.index[places.intersects(CORNER)]) == ["p24", "p25", "p32", "p33"]
