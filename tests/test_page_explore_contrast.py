"""Explore with a second policy beside the first, on the tiny study as the pipeline judges it."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest
import streamlit_folium
from streamlit.testing.v1 import AppTest

from coverage import comparisons, pipeline
from coverage.contrast import Contrast
from coverage.policy import load_policy
from coverage.study import Study
from maps import style
from maps.pages import contrast_view, finder
from maps.session import Key
from tests.studymaker import tiny_study

FIELD = f"{Key.AGAINST}-field"


def page() -> None:
    import json

    import streamlit as st

    from maps import session
    from maps.pages import explore

    scenario = session.scenario_of(session.open_study())
    st.text(json.dumps(session.address(scenario)))
    explore.render()


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Return the tiny study with 500 Mbit/s in its footprint: enough in Norway, short of the guidelines."""
    folder = tiny_study(tmp_path_factory.mktemp("tiny")).folder
    file = folder / "fibre.geojson"
    text = file.read_text(encoding="utf-8")
    changed = re.sub(r'"(down|up)": 1000(\.0)?', r'"\1": 500.0', text)
    assert changed != text
    file.write_text(changed, encoding="utf-8")
    return Study.open(folder)


@pytest.fixture(scope="module")
def found(study: Study) -> Contrast:
    return comparisons.contrast_study(study, study.load(), policy=load_policy("no-2024"), other=load_policy("eu-2023"))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, study: Study) -> dict[str, object]:
    """Return what the map component was given last."""
    monkeypatch.setenv("COVERAGE_STUDY", str(study.folder))
    monkeypatch.delenv("COVERAGE_DATA_ROOT", raising=False)
    seen: dict[str, object] = {}
    monkeypatch.setattr(streamlit_folium, "_component_func", lambda **given: seen.update(given) or {})
    return seen


def show(click: tuple[float, float] | None = None, **query: str) -> AppTest:
    test = AppTest.from_function(page, default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    if click is not None:
        test.session_state[Key.MAP] = {"last_clicked": {"lat": click[0], "lng": click[1]}}
    return test.run()


def html_of(test: AppTest) -> str:
    return "".join(element.proto.body for element in test.get("html"))


def cells(text: str) -> dict[str, list[int]]:
    """Return the table of counts by its row labels."""
    rows = re.findall(r"<tr><th scope='row'>(.*?)</th>(.*?)</tr>", text)
    return {
        re.sub(r"<.*?>", "", label): [int(cell.replace(style.THIN, "")) for cell in re.findall(r"<td>(.*?)</td>", row)]
        for label, row in rows
    }


def test_none_is_chosen_at_first(sent: dict[str, object]) -> None:
    test = show()
    assert not test.exception
    assert test.selectbox(key=FIELD).value is None
    assert "bg-counts" not in html_of(test)
    assert "against" not in json.loads(test.text[0].value)
    assert "changes.json" not in str(sent["feature_group"])


def test_counts_are_those_of_the_model(sent: dict[str, object], found: Contrast) -> None:
    test = show()
    base = sent["script"]
    test.selectbox(key=FIELD).select("eu-2023").run()
    assert not test.exception
    total = found.total
    expected = {
        label: [round(total[f"{what}_{outcome}"]) for what in ("businesses", "households", "premises")]
        for label, outcome in (
            ("both policies", "both"),
            ("Norway 2024 alone", "only_a"),
            ("EU and EEA 2023 alone", "only_b"),
            ("neither", "neither"),
        )
    }
    assert cells(html_of(test)) == expected
    assert expected["EU and EEA 2023 alone"][0] > 0
    assert sent["script"] == base, "the map below stays, and with it the reader's view"
    assert "changes.json" in str(sent["feature_group"])
    assert len(str(sent["feature_group"])) < 20_000, "data travels by address, not in the message"
    table = test.dataframe[0].value
    assert table["changed"].sum() == total["premises_only_b"]
    assert table["changed"].tolist() == sorted(table["changed"], reverse=True)
    assert json.loads(test.text[0].value)["against"] == "eu-2023", "the address opens the same view"


def test_a_link_opens_the_comparison_and_a_municipality_narrows_it(sent: dict[str, object], found: Contrast) -> None:
    test = show(policy="no-2024", against="eu-2023")
    assert not test.exception
    assert test.selectbox(key=FIELD).value == "eu-2023"
    test.multiselect(key=finder.MUNICIPALITIES).select("5002").run()
    row = found.municipalities.set_index("municipality_code").loc["5002"]
    assert cells(html_of(test))["both policies"][2] == row["premises_both"]
    assert cells(html_of(test))["neither"][2] == row["premises_neither"]
    test.selectbox(key=FIELD).select(None).run()
    assert "bg-counts" not in html_of(test)


@pytest.mark.parametrize("against", ["no-1999", "<script>alert(1)</script>", ""])
def test_a_link_with_an_unknown_policy_is_said_and_nothing_compared(sent: dict[str, object], against: str) -> None:
    test = show(against=against)
    assert not test.exception
    assert "compares with a policy that is not here" in test.warning[0].value
    assert test.selectbox(key=FIELD).value is None


def test_a_policy_is_never_compared_with_itself(sent: dict[str, object]) -> None:
    test = show(policy="no-2024", against="no-2024")
    assert not test.exception
    assert test.selectbox(key=FIELD).value is None
    assert "no-2024" not in test.selectbox(key=FIELD).options


def test_a_place_that_one_policy_supports_tells_both_reasons(sent: dict[str, object], found: Contrast) -> None:
    place = found.places[(found.places["contrast"] == "only_b") & (found.places["kind"] != "holiday")].iloc[0]
    point = found.places.loc[[place.name]].to_crs(4326).geometry.iloc[0]
    test = show(click=(point.y, point.x), against="eu-2023")
    assert not test.exception
    text = html_of(test)
    assert "Eligible under EU and EEA 2023 alone" in text
    first, second = text.split("<section>")[1:3]
    assert "no-2024 § served" in first
    assert "not eligible for support" in first
    assert "eu-2023 § grey-area" in second
    assert "not eligible for support" not in second
    assert "Tiny Fibre" in first
    assert "Tiny Fibre" in second


def test_a_click_in_the_sea_while_comparing(sent: dict[str, object]) -> None:
    test = show(click=(60.0, 1.0), against="eu-2023")
    assert not test.exception
    assert "No place near here" in html_of(test)


def test_rules_that_agree_say_that_nothing_changes(sent: dict[str, object]) -> None:
    test = show(policy="no-2024", against="no-2023")
    assert not test.exception
    assert "Nothing changes" in html_of(test)
    assert any("Nothing changes" in caption.value for caption in test.caption)


def test_the_second_reader_waits_for_no_judging(
    sent: dict[str, object], found: Contrast, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(against="eu-2023")
    monkeypatch.setattr(pipeline, "contrast_policies", lambda *_, **__: pytest.fail("judged again"))
    test = show(against="eu-2023")
    assert not test.exception
    assert cells(html_of(test))["both policies"][2] == found.total["premises_both"]


def test_downloads_hold_what_the_page_shows(study: Study, found: Contrast, tmp_path: Path) -> None:
    prepared = pipeline.prepare(study, load_policy("no-2024"))
    assessment = pipeline.decide(prepared, study.default_scenario())
    made = {
        (ending, part): contrast_view.later(assessment, found, ending=ending, part=part)()
        for ending, part in (("csv", "municipalities"), ("csv", "places"), ("xlsx", ""), ("gpkg", ""))
    }
    towns = pd.read_csv(io.BytesIO(made["csv", "municipalities"]))
    assert towns["premises_changed"].sum() == found.total["premises_only_b"]
    places = pd.read_csv(io.BytesIO(made["csv", "places"]))
    assert places["changed"].sum() == found.total["premises_only_b"]
    assert {"x", "y", "reason_code_a", "reason_code_b"} <= set(places.columns)
    assert made["xlsx", ""].startswith(b"PK")
    assert made["gpkg", ""].startswith(b"SQLite format 3")


def test_counts_follow_the_filters(sent: dict[str, object], found: Contrast) -> None:
    test = show(against="eu-2023")
    test.segmented_control(key=Key.PLACES).set_value("business").run()
    assert not test.exception
    counted = cells(html_of(test))
    assert counted["both policies"] == [round(found.total["businesses_both"]), 0, round(found.total["businesses_both"])]
    assert counted["EU and EEA 2023 alone"][0] == round(found.total["businesses_only_b"])
    assert "/contrast/business/" in str(sent["feature_group"])
    test.multiselect(key=finder.MUNICIPALITIES).select("5002").run()
    assert not test.exception
    row = found.municipalities.set_index("municipality_code").loc["5002"]
    assert cells(html_of(test))["neither"][2] == round(row["businesses_neither"])


def test_where_a_filter_leaves_nothing_nothing_is_compared(sent: dict[str, object]) -> None:
    test = show(against="eu-2023")
    assert test.dataframe
    test.multiselect(key="explore-tiers").select("below_1000").run()
    test.multiselect(key="explore-gaps").select("fixed").run()
    assert not test.exception
    assert "No premises are like that" in test.warning[0].value
    assert set(cells(html_of(test))["both policies"]) == {0}
    assert not test.dataframe
