from __future__ import annotations

import dataclasses
import html
import json
import math
import re
from collections import OrderedDict

import pandas as pd
import pytest
import streamlit_folium
from streamlit.testing.v1 import AppTest

from coverage.reasons import explain
from coverage.schemas import GROUND_BASES, GROUNDS, HUB_DISTANCE_BASES, NACE_NOTES
from maps import assets, language, session, style
from maps.pages import finder, search_box, why, why_profile
from maps.picking import Index, pick
from maps.session import View
from maps.store import STORE
from maps.tiles.places import PlaceTiles
from tests import toy, toy_told


def page() -> None:
    from maps.pages import explore

    explore.render()


def show(monkeypatch: pytest.MonkeyPatch, assessment, click: dict[str, float] | None = None) -> AppTest:
    # The same study under the same scenario is one assessment to the store: here it is another in every test.
    monkeypatch.setattr(STORE, "_entries", OrderedDict())
    monkeypatch.setattr(session, "current", lambda: View(assessment, *STORE.put(assessment)))
    test = AppTest.from_function(page, default_timeout=30)
    if click:
        test.session_state[session.Key.MAP] = {"last_clicked": click}
    return test.run()


def html_of(test: AppTest) -> str:
    return "".join(element.proto.body for element in test.get("html"))


def test_page_tells_the_county_in_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy.assessment())
    assert not test.exception
    metrics = {metric.label: metric.value for metric in test.metric}
    assert metrics["businesses below 100 Mbit/s"] == "20"
    assert metrics["homes below 100 Mbit/s"] == "40"
    assert metrics["project areas"] == "12"
    assert metrics["funding gap, all areas"].endswith("NOK")
    assert "–" in metrics["funding gap, all areas"], "an estimate is shown as a range"
    assert "Click on the map" in "".join(caption.value for caption in test.caption)


def test_choosing_a_municipality_changes_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy.assessment())
    test.multiselect(key=finder.MUNICIPALITIES).select("5058").run()
    assert not test.exception
    assert "<h4>Eastby - Austi</h4>" in html_of(test)
    assert "6 project areas" in html_of(test)


def test_map_loads_its_files_from_here_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}
    monkeypatch.setattr(streamlit_folium, "_component_func", lambda **given: seen.update(given) or {})
    test = show(monkeypatch, toy.assessment())
    assert not test.exception
    assert seen["js_links"] == [assets.address(assets.BUNDLE)]
    assert seen["css_links"] == [assets.address(name) for name in assets.SHEETS]
    sent_back = ["last_clicked", "last_active_drawing"]
    assert seen["returned_objects"] == sent_back, "panning and zooming run nothing again"
    sent = json.dumps({name: value for name, value in seen.items() if isinstance(value, str)})
    assert "http://" not in sent
    assert "https://" not in sent
    assert len(sent) < 20_000, "data travels by address, not in the message"


def test_a_click_tells_why(monkeypatch: pytest.MonkeyPatch) -> None:
    assessment = toy.assessment()
    at = assessment.places.to_crs(4326).geometry.iloc[0]
    test = show(monkeypatch, assessment, click={"lat": at.y, "lng": at.x})
    assert not test.exception
    text = html_of(test)
    assert "short of fixed service: below 30 Mbit/s" in text
    assert "Oldnet reports 18/2 Mbit/s by DSL" in text
    assert "no-2024 § eligible" in text
    assert "premises.gpkg, row 1 (Toy Ltd, 2022-06-30; SYNTHETIC)" in text
    assert "project area 5001-A00000" in text


def test_a_click_tells_what_was_measured_what_closes_and_what_reaches_indoors(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    places = given.places.assign(
        measured_down_mbps=7.0,
        measured_tests=12.0,
        measured_flag=True,
        fixed_closes=pd.Timestamp("2025-12-31"),
        mobile_level_indoor="none",
    )
    at = given.places.to_crs(4326).geometry.iloc[0]
    text = html_of(show(monkeypatch, dataclasses.replace(given, places=places), click={"lat": at.y, "lng": at.x}))
    assert "7 Mbit/s down, mean of 12 tests: well below what is claimed" in text
    assert "it closes on 2025-12-31" in text
    assert "indoors none" in text


def test_a_click_names_where_the_service_is_from(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    claims = dataclasses.replace(given.study.sources[0], id="offers", role="offers", file="of<f>.csv", supplier="R&D")
    study = dataclasses.replace(given.study, sources=(*given.study.sources, claims))
    at = given.places.to_crs(4326).geometry.iloc[0]
    places = given.places.assign(
        fixed_source_row=7,
        planned_down_mbps=1000.0,
        planned_by="Builder",
        planned_date=pd.Timestamp("2025-05-01"),
        planned_source="offers",
        planned_source_row=9,
    )
    told = dataclasses.replace(given, study=study, places=places)
    text = html_of(show(monkeypatch, told, click={"lat": at.y, "lng": at.x}))
    assert "<dt>service from</dt><dd>of&lt;f&gt;.csv, row 7 (R&amp;D, 2022-06-30; SYNTHETIC)</dd>" in text
    assert "<dt>planned</dt><dd>Builder plans 1\u202f000 Mbit/s by 2025-05</dd>" in text
    assert "<dt>plan from</dt><dd>of&lt;f&gt;.csv, row 9 (R&amp;D, 2022-06-30; SYNTHETIC)</dd>" in text


@pytest.mark.parametrize(
    ("cause", "said"), [("technology", "this technology"), ("latency", "slowly"), ("closing", "closes")]
)
def test_an_offer_that_does_not_count_is_told_and_nobody_is_said_to_report_nothing(
    monkeypatch: pytest.MonkeyPatch, cause: str, said: str
) -> None:
    given = toy.assessment()
    nothing = dict.fromkeys(("fixed_down_mbps", "fixed_up_mbps", "fixed_down_max_mbps", "fixed_up_max_mbps"), 0.0)
    claim = {"uncounted_down_mbps": 150.0, "uncounted_up_mbps": 20.0, "uncounted_technology": "satellite"}
    claim |= {"uncounted_provider": "Sky", "uncounted_source": "premises", "uncounted_source_row": 3}
    places = given.places.assign(**nothing, **claim, uncounted_why=cause, fixed_provider=None, fixed_technology=None)
    at = places.to_crs(4326).geometry.iloc[0]
    text = html_of(show(monkeypatch, dataclasses.replace(given, places=places), click={"lat": at.y, "lng": at.x}))
    assert "Sky reports 150/20 Mbit/s by satellite (2022-06-30); does not count: " in text
    assert said in text
    assert "premises.gpkg, row 3 (Toy Ltd, 2022-06-30; SYNTHETIC)" in text
    assert "nobody reports" not in text


def test_a_click_tells_why_and_what_would_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    at = given.places.to_crs(4326).geometry.iloc[0]
    for spoken, words in (("en", ("why", "what would change it")), ("nb", ("hvorfor", "hva som ville endre det"))):
        told = explain(given.places.iloc[[0]], policy=given.policy, as_of=given.study.as_of, language=spoken).iloc[0]
        with language.using(spoken):
            text = why.panel(given, pick(given, Index.build(given.places), lat=at.y, lon=at.x))
        for word, sentence in zip(words, (told["reason"], told["change"]), strict=True):
            assert sentence
            assert f"<dt>{word}</dt><dd>{html.escape(sentence)}</dd>" in text


def test_a_share_is_told_as_one_and_names_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    shares = dataclasses.replace(given.study.sources[0], id="statistics", role="shares", file="shares.csv")
    study = dataclasses.replace(given.study, sources=(*given.study.sources, shares))
    places = given.places.assign(
        service_basis="expected_share",
        short_fixed=0.25,
        eligible=0.25,
        fixed_source=None,
        position_basis="spread",
        employees_basis="imputed",
    )
    at = places.to_crs(4326).geometry.iloc[0]
    told = dataclasses.replace(given, study=study, places=places)
    text = html_of(show(monkeypatch, told, click={"lat": at.y, "lng": at.x}))
    assert "an estimated 25\u202f% of such premises in the municipality are short: not known for this one" in text
    assert "counted as 25\u202f% eligible for support" in text
    assert "<dt>service from</dt><dd>shares.csv (Toy Ltd, 2022-06-30; SYNTHETIC)</dd>" in text
    assert "its own position is not known" in text
    assert "imputed, not reported" in text
    assert "Estimated: fixed service is known only as a share per municipality." in text


def test_a_class_of_speeds_from_nothing_is_service_that_somebody_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    slow = {"fixed_down_mbps": 0.0, "fixed_up_mbps": 0.0, "fixed_down_max_mbps": 25.0, "fixed_provider": "not named"}
    told = dataclasses.replace(given, places=given.places.assign(**slow))
    at = told.places.to_crs(4326).geometry.iloc[0]
    text = html_of(show(monkeypatch, told, click={"lat": at.y, "lng": at.x}))
    assert "a provider that is not named reports 0 to 25 Mbit/s down by DSL" in text


def test_page_names_up_and_down_where_the_policy_asks_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    tiers = tuple(dataclasses.replace(tier, up_mbps=20.0) if tier.eligible else tier for tier in given.policy.tiers)
    both = dataclasses.replace(given, policy=dataclasses.replace(given.policy, tiers=tiers))
    labels = [metric.label for metric in show(monkeypatch, both).metric]
    assert "homes below 100/20 Mbit/s" in labels


def test_page_tells_how_much_road_lies_without_mobile(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    row = {"source": "roads", "what": "main <roads>", "unit": "km", "municipality_code": None, "operator": "any"}
    row |= {"technology": "any", "level": "good", "total": 80.0, "covered": 60.0, "share": 0.75}
    weaker = row | {"level": "basic", "covered": 79.0}
    told = dataclasses.replace(given, summary=given.summary | {"extents": [weaker, row]})
    text = html_of(show(monkeypatch, told))
    assert "main &lt;roads&gt;, mobile" in text
    assert "· 20 km" in text
    assert "1 km" not in text


def test_names_from_data_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    assessment = toy.assessment()
    at = assessment.places.to_crs(4326).geometry.iloc[0]
    text = html_of(show(monkeypatch, assessment, click={"lat": at.y, "lng": at.x}))
    assert "<b>AS</b>" not in text
    assert "&lt;b&gt;AS&lt;/b&gt;" in text


def test_click_in_the_sea(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy.assessment(), click={"lat": 60.0, "lng": 1.0})
    assert not test.exception
    assert "outside every municipality" in html_of(test)


def test_page_without_areas_and_without_mobile_data(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    places = given.places.assign(
        mobile_level=None, short_mobile=0.0, short_fixed=0.0, eligible=0.0, gap_kind="none", area_id=None
    )
    bare = dataclasses.replace(given, places=places, areas=given.areas.iloc[:0], routes=given.routes.iloc[:0])
    test = show(monkeypatch, bare)
    assert not test.exception
    assert {metric.label: metric.value for metric in test.metric}["project areas"] == "0"
    assert "homes, mobile" not in html_of(test)


# --- corrections, the hearing and the profile of businesses ---------------------------------------------------


def panel_at(row: int, spoken: str = "en", **columns: object) -> str:
    """Return what the panel tells of a row of the toy with everything in it, with columns of it replaced."""
    told = toy_told.assessment()
    places = told.places.copy()
    for name, value in columns.items():
        places.loc[row, name] = value
    told = dataclasses.replace(told, places=places)
    at = places.to_crs(4326).geometry.iloc[row]
    with language.using(spoken):
        return why.panel(told, pick(told, Index.build(places), lat=at.y, lon=at.x)).replace(style.THIN, " ")


def test_a_corrected_place_says_what_was_corrected_by_whom_when_and_where_it_stands() -> None:
    text = panel_at(toy_told.CORRECTED)
    assert (
        "<dt>corrected</dt><dd>not inhabited: in year-round use → not in use. "
        "By Office &lt;of&gt; Westby, 2022-05-02: “moved &lt;out&gt;”</dd>"
    ) in text
    assert "wrong speed: 1000/1000 Mbit/s fibre, Newnet → 50/2 Mbit/s DSL, Oldnet" in text
    assert "<dt>correction from</dt><dd>rettelser.csv, row 4 (Toy Ltd, 2022-06-30; SYNTHETIC)</dd>" in text
    nb = panel_at(toy_told.CORRECTED, "nb")
    assert "<dt>rettet</dt><dd>ikke bebodd: i helårsbruk → ikke i bruk. Av Office" in nb
    assert "02.05.2022: «moved &lt;out&gt;»</dd>" in nb
    assert "corrected" not in panel_at(toy_told.FARM)


def test_a_place_of_the_hearing_says_who_took_it_off_the_list_or_whose_plan_lapsed() -> None:
    assert "<dt>hearing</dt><dd>taken off the list by the hearing: A Fiber, B &lt;Nett&gt;</dd>" in panel_at(
        toy_told.REMOVED
    )
    assert "put back on the list: the plan of A Fiber lapsed on 2022-05-02</dd>" in panel_at(toy_told.PUT_BACK)
    assert "tilbake på listen: planen fra A Fiber falt bort 02.05.2022" in panel_at(toy_told.PUT_BACK, "nb")
    undated = panel_at(toy_told.PUT_BACK, hearing_lapsed_on=pd.NaT)
    assert "the plan of A Fiber has lapsed</dd>" in undated
    overdue = panel_at(toy_told.OVERDUE)
    assert "<dt>planned</dt><dd>overdue: C Net planned 1 000 Mbit/s by 2022-03-01</dd>" in overdue
    assert "<dt>hearing</dt>" not in panel_at(toy_told.FARM)


def test_a_business_is_told_with_size_code_upload_ground_park_and_hub() -> None:
    text = panel_at(toy_told.FARM)
    assert "size class by headcount: micro</dd>" in text
    assert "01.110 (the same in SN2007 and SN2025), section A Agriculture, forestry and fishing</dd>" in text
    assert "<dd>1 (1 is neutral): a weight in the ranking, never eligibility. ⚑ Source (assumed): " in text
    assert "1.38 km² of land within 1 km, worked or not; 85 % of it has “good” mobile coverage or better</dd>" in text
    assert "<dt>business park</dt><dd>Park</dd>" in text
    assert "<dt>nearest support hub</dt><dd>Garden &lt;b&gt;, 1.06 km as the crow flies</dd>" in text
    by_road = panel_at(toy_told.FARM, hub_distance_basis="road")
    assert "1.06 km by road</dd>" in by_road
    nb = panel_at(toy_told.FARM, "nb")
    assert "størrelse etter antall ansatte: mikro" in nb
    assert "næringshovedområde A Jordbruk, skogbruk og fiske" in nb


def test_ground_whose_coverage_nobody_tells_is_said_to_be_not_known() -> None:
    text = panel_at(toy_told.FISHERY)
    assert "7.12 km² of sea within 3 km; how much of it has mobile coverage is not known</dd>" in text
    layer = panel_at(toy_told.FARM, ground_basis="layer")
    assert "1.38 km² of the worked land within 1 km; 85 %" in layer


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"nace": "62.010", "nace_section": "J", "nace_standard": "sn2007"}, "62.010 (SN2007), section J Information"),
        ({"nace": "99.999", "nace_note": "unknown", "nace_section": None}, "99.999: neither SN2007 nor SN2025 lists"),
        ({"nace": "J", "nace_note": "ambiguous", "nace_section": None}, "J: SN2007 and SN2025 put it in different"),
        ({"nace": None, "nace_note": "not_stated", "nace_section": None}, "not stated in the register"),
    ],
)
def test_an_industry_code_is_told_with_its_version_or_with_what_is_wrong(columns: dict[str, object], said: str) -> None:
    assert f"<dt>industry code</dt><dd>{said}" in panel_at(toy_told.FARM, **columns)


def test_a_home_has_no_profile() -> None:
    text = panel_at(toy_told.PUT_BACK)
    assert "upload dependence" not in text
    assert "industry code" not in text


def test_every_note_ground_and_basis_of_the_model_has_its_words() -> None:
    assert set(why_profile.NOTES) | {"not_stated"} == set(NACE_NOTES)
    assert {works for works, _ in why_profile.GROUNDS} == set(GROUNDS)
    assert {basis for _, basis in why_profile.GROUNDS} == set(GROUND_BASES)
    assert set(why_profile.BASES) == set(HUB_DISTANCE_BASES)


def test_line_of_business_that_the_model_filled_in_speaks_the_readers_language() -> None:
    filled = {"line_of_business": "Agriculture, forestry and fishing"}
    assert "<dd>Jordbruk, skogbruk og fiske, " in panel_at(toy_told.FARM, "nb", **filled)
    assert "<dd>Agriculture, " in panel_at(toy_told.FARM, "nb"), "what the register says stays"


# --- filters, search, and what is opened besides a place -------------------------------------------------------


def choose(test: AppTest, name: str, *values: str) -> AppTest:
    field = test.multiselect(key=f"explore-{name}")
    for value in values:
        field.select(value)
    return test.run()


def metrics(test: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in test.metric}


def told(test: AppTest) -> str:
    return " ".join(caption.value for caption in test.caption).replace(style.THIN, " ")


def test_figures_panel_charts_and_tiles_follow_the_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}
    monkeypatch.setattr(streamlit_folium, "_component_func", lambda **given: seen.update(given) or {})
    given = toy.assessment()
    test = choose(show(monkeypatch, given), "tiers", "below_30")
    assert not test.exception
    slow = given.places[given.places["tier"] == "below_30"]
    kinds = slow["kind"].value_counts()
    assert metrics(test)["businesses below 100 Mbit/s"] == str(kinds["business"])
    assert metrics(test)["homes below 100 Mbit/s"] == str(kinds["household"])
    assert metrics(test)["project areas"] == str(slow["area_id"].nunique())
    assert "funding gap of these areas" in metrics(test)
    assert f"Shown: {len(slow)} of 300 premises: below 30 Mbit/s" in told(test).replace("\\", "")
    assert f"{slow['area_id'].nunique()} project areas" in html_of(test)
    code = finder.Filter(tiers=("below_30",)).code
    assert f"/gap/{code}/" in str(seen["feature_group"])
    assert f"/gap/{finder.ALL}/" not in str(seen["feature_group"])
    charts = [json.loads(chart.proto.spec) for chart in test.get("vega_lite_chart")] or test.get(
        "arrow_vega_lite_chart"
    )
    assert charts
    test.button(key="explore-clear").click().run()
    assert metrics(test)["homes below 100 Mbit/s"] == "40"
    assert f"/gap/{finder.ALL}/" in str(seen["feature_group"])


def test_a_kind_of_premises_and_two_municipalities_are_filters_too(monkeypatch: pytest.MonkeyPatch) -> None:
    test = choose(show(monkeypatch, toy.assessment()), "municipalities", "5001", "5058")
    assert "<h4>2 municipalities</h4>" in html_of(test)
    test.segmented_control(key=session.Key.PLACES).set_value("business").run()
    assert not test.exception
    assert "homes below 100 Mbit/s" not in metrics(test)
    assert "Businesses" in told(test)


def test_where_nothing_is_like_that_one_sentence_says_so_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    test = choose(show(monkeypatch, toy.assessment()), "tiers", "below_30")
    choose(test, "operators", "Newnet")
    assert not test.exception
    assert "No premises are like that" in test.warning[0].value
    assert "Take a filter away." in test.warning[0].value.replace("\\", "")
    assert not test.get("arrow_vega_lite_chart")
    test.button(key="explore-clear").click().run()
    assert not test.warning
    assert metrics(test)["project areas"] == "12"


def test_a_click_under_a_filter_means_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    at = given.places.to_crs(4326).geometry.iloc[
        0
    ]  # a business below 30 Mbit/s; beside it stands a home that is served
    test = show(monkeypatch, given, click={"lat": at.y, "lng": at.x, "alt": 15})
    assert "Firm 0 &lt;b&gt;AS&lt;/b&gt;" in html_of(test)
    choose(test, "sizes", "unknown")
    assert not test.exception
    assert "Firm 0" not in html_of(test)


def test_a_search_finds_lists_and_opens_why(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy.assessment())
    test.text_input(key=search_box.QUERY).set_value("firm 25").run()
    assert not test.exception
    labels = [
        button.label.replace("\\", "") for button in test.button if (button.key or "").startswith("explore-found")
    ]
    assert labels[0] == "**Firm 25 <b>AS</b>** · business, Road 2 6, Westby"
    assert len(labels) == 3, "firm 25, 250 and 255"
    test.button(key="explore-found-0").click().run()
    assert not test.exception
    assert "Firm 25 &lt;b&gt;AS&lt;/b&gt;" in html_of(test)
    assert "no-2024 §" in html_of(test)
    assert not [button for button in test.button if (button.key or "").startswith("explore-found")]
    at = toy.assessment().places.to_crs(4326).geometry.iloc[0]
    test.session_state[session.Key.MAP] = {"last_clicked": {"lat": at.y, "lng": at.x}}
    test.run()
    assert "Firm 25" not in html_of(test), "a click after it comes first"
    assert "Firm 0 " in html_of(test)


def test_a_search_opens_an_area_with_rules_costs_and_sources_and_leads_to_its_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    test = show(monkeypatch, toy.assessment())
    test.text_input(key=search_box.QUERY).set_value("5001-A00002").run()
    test.button(key="explore-found-0").click().run()
    assert not test.exception
    text = html_of(test)
    assert "project area 5001-A00002" in text
    assert "<details open><summary>Rules, cost lines and sources</summary>" in text
    assert "<dt>clause</dt><dd>no-2024 § eligible: " in text
    assert "<dt>tiers</dt><dd>below 30 Mbit/s: " in text
    assert "<dt>service from</dt><dd>offers: " in text
    assert "<dt>places from</dt><dd>premises.gpkg (Toy Ltd, 2022-06-30; SYNTHETIC): " in text
    assert "Cost lines: the largest" in text
    assert "× " in text
    assert [button.label for button in test.button if (button.key or "").startswith("asked-")]


def test_a_municipality_that_is_searched_for_becomes_the_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy.assessment())
    test.text_input(key=search_box.QUERY).set_value("EASTBY").run()
    test.button(key="explore-found-0").click().run()
    assert not test.exception
    assert test.multiselect(key=finder.MUNICIPALITIES).value == ["5058"]
    assert "<h4>Eastby - Austi</h4>" in html_of(test)


def test_a_search_for_nothing_that_is_there_says_what_to_search_for(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy.assessment())
    for typed in ("<script>alert(1)</script>", ".*", "%_", "'; drop table", "x" * 5_000):
        test.text_input(key=search_box.QUERY).set_value(typed).run()
        assert not test.exception
        assert "Nothing is called that." in told(test)
    test.text_input(key=search_box.QUERY).set_value("   ").run()
    assert "Nothing is called that." not in told(test)


HOSTILE = "<img src=x onerror=alert(1)> **[x](javascript:alert(1))** $x$ " + "långt " * 60


def test_hostile_names_are_text_in_filters_and_in_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    places = given.places.assign(fixed_provider=HOSTILE, planned_by=HOSTILE, line_of_business=HOSTILE, name=HOSTILE)
    towns = given.municipalities.assign(name=[HOSTILE, "Eastby"])
    test = show(monkeypatch, dataclasses.replace(given, places=places, municipalities=towns))
    choose(test, "municipalities", "5001")
    test.text_input(key=search_box.QUERY).set_value("onerror").run()
    assert not test.exception
    assert "<img" not in html_of(test)
    said = [*(caption.value for caption in test.caption), *(button.label for button in test.button)]
    assert any("img" in text for text in said)
    assert not [text for text in said if re.search(r"(?<!\\)[<\]]", text)], "in Markdown every sign of it is escaped"
    assert all(len(text) < 600 for text in said)
    test.button(key="explore-found-0").click().run()
    assert not test.exception
    assert "<img" not in html_of(test)


def test_the_disc_that_was_clicked_tells_how_many_it_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    tiles = PlaceTiles.build(given.places, given.policy)
    marks = tiles.cells[8]
    largest = int(marks.weight.argmax())
    lat = math.degrees(2 * math.atan(math.exp(2 * math.pi * (0.5 - marks.v[largest]))) - math.pi / 2)
    click = {"lat": lat, "lng": 360 * (marks.u[largest] - 0.5), "alt": 8}
    test = show(monkeypatch, given, click=click)
    assert "<h4>Disc of " in html_of(test)
    assert "bg-class" in html_of(test)
    test.session_state[session.Key.LANGUAGE] = "nb"
    assert "<h4>Sirkel med " in html_of(test.run())
    close = html_of(show(monkeypatch, given, click=click | {"alt": 15}))
    assert "Disc of" not in close
