"""Every chart is told in words and can be taken home as a table."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from maps import session
from maps.pages import charted, cost_curve, downloads
from tests import toy, toy_view

MAPS = Path(downloads.__file__).parents[1]
KINDS = ("vega_lite_chart", "arrow_vega_lite_chart")
PAGES = {"explore": 3, "priorities": 6, "gap_report": 0}


def page(name: str) -> None:
    import importlib

    importlib.import_module(f"maps.pages.{name}").render()


def show(monkeypatch: pytest.MonkeyPatch, name: str, spoken: str) -> AppTest:
    monkeypatch.setattr(session, "open_study", lambda: toy_view.ASSESSMENT.study)
    monkeypatch.setattr(session, "assess", lambda _study, scenario: toy_view.decide(scenario))
    test = AppTest.from_function(page, args=(name,), default_timeout=60)
    test.query_params["lang"] = spoken
    return test.run()


@pytest.mark.parametrize(("name", "least"), PAGES.items())
def test_every_chart_says_what_it_shows_and_has_its_table(
    monkeypatch: pytest.MonkeyPatch, name: str, least: int
) -> None:
    test = show(monkeypatch, name, "en")
    assert not test.exception
    specs = [json.loads(chart.proto.spec) for kind in KINDS for chart in test.get(kind)]
    assert len(specs) >= least
    for spec in specs:
        assert spec["description"].strip()
    assert not files_of(test), "nothing is sent before it is asked for"
    doors = [key for key in test.session_state._state.filtered_state if str(key).startswith(charted.OPEN)]
    assert len(doors) == len(specs)
    for key in doors:
        test.session_state[key] = True
    test.run()
    assert not test.exception
    assert len(files_of(test)) == len(specs)
    for spec in specs:
        assert spec["description"] in [caption.value for caption in test.caption]


def files_of(test: AppTest) -> list[str]:
    return [button.label for button in test.get("download_button") if button.label == "Download as CSV"]


def test_charts_are_drawn_in_one_place_alone() -> None:
    calls = {
        path.name
        for path in MAPS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in ("altair_chart", "vega_lite_chart", "bar_chart", "plotly_chart")
    }
    assert calls == {"charted.py"}


def test_the_cost_curve_counts_premises_from_the_cheapest_to_the_dearest() -> None:
    assessment = toy.assessment()
    found = cost_curve.curve(assessment)
    assert found["capex_per_premises"].is_monotonic_increasing
    assert found["cumulative_premises"].iloc[-1] == pytest.approx(assessment.areas["premises"].sum())
    assert np.allclose(np.diff(found["cumulative_premises"]), found["premises"].iloc[1:])
    data = pd.DataFrame(cost_curve.chart(found, assessment).layer[0].data)
    assert data["cost"].iloc[0] == data["cost"].iloc[1], "the first step begins at no premises"
    assert data["cumulative"].iloc[0] == 0
