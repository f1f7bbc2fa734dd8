"""Mobile areas on the pages: their panel, their part of the list, and that fixed premises are counted without them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from coverage.assessment import Assessment
from coverage.policy import load_policy
from maps import session, style
from maps.pages import area_facts, why
from maps.pages.rules import policy_html
from maps.picking import Index, pick
from maps.session import View
from maps.store import STORE
from tests import toy_masts
from tests.test_page_priorities import listed
from tests.toy_masts import NEW, OLD, SHARES


def row(given: Assessment, area_id: str):
    return given.areas[given.areas["area_id"] == area_id].iloc[0]


def told(given: Assessment, area_id: str) -> dict[str, str]:
    pairs = area_facts.of_mast(given, row(given, area_id))
    return {name: text.replace(style.THIN, " ") for name, text in pairs if text}


def test_a_new_mast_is_told_with_what_it_serves_power_backhaul_and_shared_trench() -> None:
    given = toy_masts.masted()
    facts = told(given, NEW)
    assert facts["serves"] == "25 premises, 3.1 km² of farmland, 2.4 km of main road"
    assert facts["of them"] == "18 short of mobile alone, 5 businesses"
    assert facts["mast"] == "a new mast on high ground"
    assert facts["power"] == "800 m"
    assert facts["backhaul"] == "3 km of fibre; a radio link to mast m7, 5.6 km away, would cost more"
    assert facts["by surface"] == "Cable ploughed in along the road 3 km", "electricity is not of the route"
    saved = "1.2 km less to dig, about 340 k NOK saved; not taken off here"
    assert facts["shared trench"] == f"with {row(given, SHARES)['name']}, if both are built: {saved}"
    nothing = dataclasses.replace(given, areas=given.areas.assign(backhaul_saving=0.0))
    assert told(nothing, NEW)["shared trench"].endswith("less to dig, but the radio link costs less still")
    link = given.cost_lines.iloc[-1:].assign(item="microwave_link", quantity=1.0, unit="NOK per link")
    linked = dataclasses.replace(given, cost_lines=pd.concat([given.cost_lines, link]))
    assert told(linked, NEW)["backhaul"] == "a radio link to mast m7, 5.6 km away; 3 km of fibre would cost more"
    alone = dataclasses.replace(given, areas=given.areas.assign(link_to=None))
    assert told(alone, NEW)["backhaul"] == "3 km of fibre"


def test_an_existing_mast_needs_neither_power_nor_trench() -> None:
    facts = told(toy_masts.masted(), OLD)
    assert facts == {
        "serves": "6 km of main road", "mast": "an existing mast", "backhaul": "taken to be there already"
    }  # fmt: skip


def test_wireless_is_told_where_the_terrain_was_read() -> None:
    given = toy_masts.masted()
    area = row(given, SHARES)
    assert "over the air" not in dict(filter(lambda pair: pair[1], area_facts.pairs(given, area)))
    wireless = {"fwa_basis": "terrain", "fwa_sites_existing": 2.0, "fwa_sites_new": 1.0, "fwa_reach_share": 0.92,
                "fwa_furthest_m": 4200.0, "fwa_edge_mbps": 610.0}  # fmt: skip
    for name, value in wireless.items():
        area[name] = value
    text = dict(area_facts.pairs(given, area))["over the air"].replace(style.THIN, " ")
    assert text == (
        "masts: 2 existing, 1 new; they see 92 % of the premises; "
        "the furthest 4.2 km away, where a sector carries 610 Mbit/s in all"
    )
    area["fwa_furthest_m"] = np.nan
    assert "furthest" not in dict(area_facts.pairs(given, area))["over the air"]


def test_the_panel_of_a_place_names_its_mast_and_why_it_gets_no_money() -> None:
    given = toy_masts.masted()
    at = given.places.to_crs(4326).geometry.iloc[toy_masts.SERVED]
    text = why.panel(given, pick(given, Index.build(given.places), lat=at.y, lon=at.x))
    assert f"mobile area {NEW}" in text
    assert "ineligible: neither the policy nor the scenario gives money to mobile coverage" in text
    assert "Westby &lt;i&gt;Hill&lt;/i&gt; (mobile)" in text
    assert f"project area {SHARES}" in text, "the fixed area is told beside it"


def priorities() -> None:
    from maps.pages import priorities

    priorities.render()


def gap_report() -> None:
    from maps.pages import gap_report

    gap_report.render()


def explore() -> None:
    from maps.pages import explore

    explore.render()


def show(monkeypatch: pytest.MonkeyPatch, given: Assessment, page=priorities) -> AppTest:
    monkeypatch.setattr(session, "current", lambda: View(given, *STORE.put(given)))
    test = AppTest.from_function(page, default_timeout=60).run()
    assert not test.exception
    return test


def figures(test: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in test.metric}


def test_the_list_holds_both_kinds_and_premises_of_fixed_service_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy_masts.masted(competing=True))
    table = listed(test)
    assert len(table) == 14
    mobile = table[table["serves"] != ""]
    assert mobile["premises"].to_list() == [0.0, 0.0]
    assert mobile["technology"].to_list() == ["mobile site", "mobile site"]
    assert figures(test)["masts funded"] == "1"
    found = figures(test)
    test.segmented_control(key="priorities-kind").set_value("mobile").run()
    assert not test.exception
    assert listed(test)["id"].to_list() == [NEW, OLD]
    plain = figures(show(monkeypatch, toy_masts.toy_assessment()))
    for name in ("areas funded", "businesses reached", "homes reached"):
        assert found[name] == plain[name], "masts are not added to fixed service"


def test_without_money_for_mobile_no_mast_is_counted_as_funded(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy_masts.masted())
    assert "masts funded" not in figures(test)
    assert list(listed(test)["decision"])[-2:] == ["ineligible", "ineligible"]


def test_the_gap_report_tells_the_kinds_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy_masts.masted()
    test = show(monkeypatch, given, gap_report)
    told = next(part.value for part in test.markdown if "project areas" in part.value)
    premises = style.number(toy_masts.toy_assessment().areas["premises"].sum(), digits=3)
    assert f"**12 project areas** in all of Toytown: {premises} premises" in told
    assert "**2 mobile areas** beside them, never added up: 25 premises, 3" in told
    table = listed(test)
    assert table.loc[table["serves"] != "", "premises"].to_list() == [0.0, 0.0]


def test_the_policy_says_whether_it_pays_for_mobile_coverage() -> None:
    rules = load_policy("no-2024").mobile
    for supported, told in ((True, "gives money to mobile"), (False, "gives no money to mobile")):
        policy = dataclasses.replace(
            load_policy("no-2024"),
            mobile=dataclasses.replace(rules, supported=supported, gain_per_km2=2.0, gain_per_road_km=0.5),
        )
        text = policy_html(policy)
        assert told in text
        assert "2 for each km² of farmland, 0.5 for each km of main road" in text


def test_explore_counts_mobile_areas_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    found = figures(show(monkeypatch, toy_masts.masted(competing=True), explore))
    assert found["project areas"] == "12"
    assert found["mobile areas"] == "2"
    assert found["funded within the budget"].endswith(" areas, 1 mast")
    test = show(monkeypatch, toy_masts.masted(), explore)
    (about,) = [metric.help for metric in test.metric if metric.label == "mobile areas"]
    assert "neither the policy nor the scenario" in about
    lacking = {"premises_short": 60.0, "premises_served": 25.0}
    given = toy_masts.masted(competing=True)
    mobile = given.summary["mobile"] | {"lacking": lacking}
    told = dataclasses.replace(given, summary=given.summary | {"mobile": mobile})
    (about,) = [metric.help for metric in show(monkeypatch, told, explore).metric if metric.label == "mobile areas"]
    assert about == "They would serve 25 of the 60 premises that are short of mobile."
    assert "2 mobile areas, 0 of them funded" in "".join(part.proto.body for part in test.get("html"))
