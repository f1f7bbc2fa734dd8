"""The panel of a drawn area, in all its states: on the tiny study, with what a browser would send."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import streamlit_folium
from shapely.geometry import Polygon, box
from streamlit.testing.v1 import AppTest

from coverage import pipeline
from coverage.audience import Audience
from coverage.disclosure import shown_to
from coverage.drawn import Ground
from coverage.errors import PolicyError
from coverage.pipeline import Prepared
from coverage.policy import load_policy
from coverage.sketch import inside
from coverage.study import Study
from maps import assets, session, sketches, work
from maps.pages import sketch
from maps.session import Key, View
from maps.store import STORE
from tests import toy
from tests.studymaker import CRS, SIDE, X0, Y0, tiny_study

CORNER = box(X0, Y0 + 6500, X0 + 4000, Y0 + SIDE)  # p24, p25, p32, p33
SERVED = box(X0 + 500, Y0 + 500, X0 + 1500, Y0 + 1500)  # p00, which has fibre


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    tiny = tiny_study(tmp_path_factory.mktemp("sketch") / "tiny")
    return pipeline.prepare(Study.open(tiny.folder), load_policy("no-2024"))


@pytest.fixture(scope="module")
def assessment(prepared: Prepared) -> Any:
    found = pipeline.decide(prepared, prepared.study.default_scenario().with_changes(draws=50))
    places = found.places.copy()
    names = places["name"].astype(object)
    names[places["place_id"] == "p24"] = "<script>alert(1)</script>"
    return replace(found, places=places.assign(name=pd.array(names, dtype="str")))


@pytest.fixture(autouse=True)
def _at_hand(monkeypatch: pytest.MonkeyPatch, prepared: Prepared, assessment: Any) -> None:
    monkeypatch.setattr(work, "prepare", lambda study, policy: (("tiny",), prepared))
    monkeypatch.setattr(work, "at_hand", lambda study, policy: (("tiny",), prepared))
    monkeypatch.setattr(work, "assess", lambda study, scenario: assessment)


def page() -> None:
    from maps import session
    from maps.pages import map_view, sketch

    view = session.current()
    map_view.show(view, key=session.Key.MAP, height=300)
    sketch.details(view, sketch.panel(view))


def feature(outline: Polygon, number: float = 1, **changes: Any) -> dict[str, Any]:
    made = json.loads(gpd.GeoSeries([outline], crs=CRS).to_crs(4326).to_json())["features"][0]
    return {"type": "Feature", "properties": {"drawn": number}, "geometry": made["geometry"], **changes}


def show(monkeypatch: pytest.MonkeyPatch, assessment: Any, sent: object = None) -> AppTest:
    monkeypatch.setattr(session, "current", lambda: View(assessment, *STORE.put(assessment)))
    test = AppTest.from_function(page, default_timeout=30)
    return draw(test, sent)


def draw(test: AppTest, sent: object) -> AppTest:
    test.session_state[Key.MAP] = {"last_clicked": None, sketch.SENT: sent}
    return test.run()


def html_of(test: AppTest) -> str:
    return "".join(element.proto.body for element in test.get("html"))


def test_the_map_offers_drawing_and_sends_it_back(monkeypatch: pytest.MonkeyPatch, assessment: Any) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(streamlit_folium, "_component_func", lambda **given: seen.update(given) or {})
    test = show(monkeypatch, assessment)
    assert not test.exception
    assert seen["returned_objects"] == ["last_clicked", "last_active_drawing"]
    assert seen["js_links"] == [assets.address(assets.BUNDLE)]
    assert "draw.js" in assets.LIVE
    assert "coverageMap.drawing(" in seen["script"]
    assert "coverageMap.drawn(" not in seen["feature_group"]
    assert html_of(test) == "", "nothing was drawn"


def test_the_drawn_shape_stays_on_the_map_until_it_is_removed(monkeypatch: pytest.MonkeyPatch, assessment: Any) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(streamlit_folium, "_component_func", lambda **given: seen.update(given) or {})
    test = show(monkeypatch, assessment)
    script = seen["script"]
    test.session_state[sketch.DRAWN] = feature(CORNER)
    test.run()
    assert "coverageMap.drawn(" in seen["feature_group"]
    assert seen["script"] == script, "or the map is drawn anew, and the reader's view is lost"
    test.button(key="sketch-remove").click().run()
    assert "coverageMap.drawn(" not in seen["feature_group"]
    assert html_of(test) == ""


def test_the_panel_tells_what_the_area_would_take(monkeypatch: pytest.MonkeyPatch, assessment: Any) -> None:
    test = show(monkeypatch, assessment, feature(CORNER))
    assert not test.exception
    text = html_of(test)
    assert "<h4>Drawn area</h4><div class='bg-sub'>Vestby</div>" in text
    assert "<dd>4: 2 businesses, 2 homes" in text
    for label in ("investment", "funding gap", "grant", "who pays", "rank", "present areas", "options"):
        assert f"<dt>{label}</dt>" in text, label
    assert "(P10–P90)" in text
    assert "voucher" in text
    assert "(does not deliver)" in text
    assert "Planning estimate. The grant itself is set by competition." in text
    lines = test.dataframe[0].value
    assert {"source", "confidence"} <= set(lines.columns)
    assert [button.label for button in test.get("download_button")] == ["GeoJSON", "Addresses"]


def test_what_is_drawn_again_takes_the_place_of_the_first(monkeypatch: pytest.MonkeyPatch, assessment: Any) -> None:
    test = show(monkeypatch, assessment, feature(CORNER))
    draw(test, feature(SERVED, number=2))
    assert "None of the 1 premises inside is eligible." in html_of(test)
    test.button(key="sketch-remove").click().run()
    draw(test, feature(SERVED, number=2))
    assert html_of(test) == "", "what was removed is still what the map sent last"
    draw(test, feature(CORNER, number=3))
    assert "<dd>4: " in html_of(test)


def test_a_click_on_another_shape_leaves_the_drawn_one_alone(monkeypatch: pytest.MonkeyPatch, assessment: Any) -> None:
    test = show(monkeypatch, assessment, feature(CORNER))
    draw(test, feature(SERVED, properties={"t": ["an area"]}))
    draw(test, "<b>")
    draw(test, None)
    assert "<dd>4: 2 businesses" in html_of(test)


def test_who_is_left_out_is_told_by_clause(monkeypatch: pytest.MonkeyPatch, assessment: Any) -> None:
    test = show(monkeypatch, assessment, feature(box(X0, Y0, X0 + SIDE, Y0 + SIDE)))
    table = test.dataframe[-1].value
    assert table["reason_code"].tolist() == [
        "holiday home: not funded", "has an offer that reaches the threshold"
    ]  # fmt: skip
    assert table["premises"].tolist() == [5, 4]
    assert any(item.label == "In the drawn area, not eligible: 9" for item in test.expander)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (feature(Polygon([(X0, Y0), (X0 + 9, Y0 + 9), (X0 + 9, Y0), (X0, Y0 + 9)])), "The edges of the outline cross"),
        (feature(box(X0 - 9000, Y0, X0 - 5000, Y0 + 100)), "The outline lies outside the study."),
        ({"properties": {"drawn": 4}, "geometry": {"type": "Point"}}, "That is no outline"),
        ({"properties": {"drawn": 4}}, "That is no outline"),
    ],
)
def test_an_outline_that_cannot_be_used_is_one_sentence_and_can_be_removed(
    monkeypatch: pytest.MonkeyPatch, assessment: Any, sent: object, said: str
) -> None:
    test = show(monkeypatch, assessment, sent)
    assert not test.exception
    assert said in test.warning[0].value
    test.button(key="sketch-remove").click().run()
    assert not test.warning


def test_what_no_technology_delivers_is_one_sentence(monkeypatch: pytest.MonkeyPatch, assessment: Any) -> None:
    def fail(*_args: object) -> None:
        raise PolicyError("area 5001-x: no technology gives 1000/1000 Mbit/s")

    monkeypatch.setattr(sketches, "estimate", fail)
    test = show(monkeypatch, assessment, feature(CORNER))
    assert "no technology gives" in test.warning[0].value


def test_nobody_inside_is_an_answer(monkeypatch: pytest.MonkeyPatch, assessment: Any) -> None:
    test = show(monkeypatch, assessment, feature(box(X0 + 4400, Y0 + 6100, X0 + 4500, Y0 + 6200)))
    assert "Nobody is inside: the outline holds no premises." in html_of(test)
    assert not test.dataframe


def test_all_is_said_in_norwegian(monkeypatch: pytest.MonkeyPatch, assessment: Any) -> None:
    monkeypatch.setattr(session, "current", lambda: View(assessment, *STORE.put(assessment)))
    test = AppTest.from_function(page, default_timeout=30)
    test.session_state[Key.LANGUAGE] = "nb"
    draw(test, feature(CORNER))
    text = html_of(test)
    assert "<h4>Tegnet område</h4>" in text
    assert "<dt>støttebehov</dt>" in text
    assert "Planleggingsanslag. Selve tilskuddet avgjøres av konkurranse." in text
    assert "Fjern det tegnede området" in [button.label for button in test.button]


def test_the_downloads_hold_what_the_panel_tells(assessment: Any) -> None:
    outline = sketch.read(feature(CORNER), crs=CRS, municipalities=assessment.municipalities)
    found = sketches.estimate(assessment, outline)
    made = json.loads(sketch._geojson(assessment, found, " Hjørnet <b> "))["features"][0]["properties"]
    assert (made["name"], made["premises"], made["municipality_code"]) == ("Hjørnet <b>", 4.0, "5001")
    held = assessment.places.iloc[inside(assessment.places, outline)]
    rows = sketch._addresses(assessment, held)().decode("utf-8").splitlines()
    assert rows[0].startswith("place_id,kind,")
    assert sorted(row.split(",")[0] for row in rows[1:]) == ["p24", "p25", "p32", "p33"]


def test_a_public_reader_sees_the_cells_and_no_name(assessment: Any) -> None:
    """Who is inside is told by the middle of the cell: a ring around the house itself holds nobody."""
    public = shown_to(assessment, Audience("public"))
    home = public.places["place_id"].str.startswith("cell-") & (assessment.places["eligible"] > 0)
    row = int(np.flatnonzero(home)[0])
    stands, seen = assessment.places.geometry.iloc[row], public.places.geometry.iloc[row]
    assert stands.distance(seen) > 20
    assert sketches.estimate(public, stands.buffer(10)).estimate is None
    found = sketches.estimate(public, seen.buffer(10))
    assert found.estimate is not None
    assert found.estimate.area["premises"] == 1
    held = public.places.iloc[inside(public.places, CORNER)]
    rows = sketch._addresses(public, held)().decode("utf-8")
    assert "p25" not in rows
    assert "script" not in rows


def test_hostile_names_are_told_as_text(assessment: Any) -> None:
    towns = assessment.municipalities.assign(name=["<img src=x onerror=alert(1)>", "B" * 200])
    areas = assessment.areas.assign(name="<b>area</b>")
    hostile = replace(assessment, municipalities=towns, areas=areas)
    both = box(X0 + 3000, Y0 + 6500, X0 + 11_500, Y0 + SIDE)
    found = sketches.estimate(assessment, both)
    found = replace(found, overlaps=found.overlaps.assign(name="<b>area</b>"))
    text = sketch.told(hostile, found, assessment.places)
    assert "<img" not in text
    assert "<b>" not in text
    assert "&lt;img" in text


def test_the_roads_are_made_ready_before_anybody_draws(
    monkeypatch: pytest.MonkeyPatch, assessment: Any, prepared: Prepared
) -> None:
    monkeypatch.setattr(work, "at_hand", lambda study, policy: (("other",), prepared))
    sketches.begin(assessment)
    assert isinstance(sketches._ground(("other",), prepared), Ground)  # waits for the thread
    monkeypatch.setattr(work, "at_hand", lambda study, policy: (("none",), None))
    sketches.begin(toy.assessment())
    assert not sketches._GROUNDS.has(("none",))


def test_the_drawing_script_is_ours_and_small() -> None:
    text = assets.known()["draw.js"].text()
    assert len(text.splitlines()) <= 120
    assert "innerHTML" not in text
    assert "http" not in text
    assert "draw.js" not in assets.SCRIPTS, "the map in one file has no drawing"
    assert Path(assets.known()["draw.js"].path).is_relative_to(assets.OWN)
