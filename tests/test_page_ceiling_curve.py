"""The curve over the ceiling on the page of priorities."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from coverage.ceiling import COLUMNS
from maps import language, session
from maps.pages import ceiling_curve
from maps.session import View
from tests import toy, toy_masts


def page() -> None:
    from maps import session
    from maps.pages import ceiling_curve

    ceiling_curve.show(session.current())


def show(monkeypatch: pytest.MonkeyPatch, given) -> AppTest:
    monkeypatch.setattr(session, "current", lambda: View(given, "", ""))
    test = AppTest.from_function(page, default_timeout=30).run()
    assert not test.exception
    return test


def test_a_higher_ceiling_never_lowers_fibre_and_masts_are_left_out() -> None:
    table = ceiling_curve.reckon(toy_masts.masted(competing=True))
    assert set(COLUMNS) < set(table.columns)
    assert set(table["currency"]) == {"NOK"}
    assert table["premises_fibre"].is_monotonic_increasing
    assert table["capex"].is_monotonic_increasing
    premises = table[[f"premises_{code}" for code in ceiling_curve.TECHNOLOGIES]].sum(axis=1)
    assert np.allclose(premises, toy.assessment().areas["premises"].sum())


def test_the_page_draws_both_curves_and_offers_their_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy.assessment())
    assert len(test.get("vega_lite_chart")) + len(test.get("arrow_vega_lite_chart")) == 2
    assert [button.label for button in test.get("download_button")] == ["The curve as CSV"]
    assert any("Without a ceiling" in caption.value for caption in test.caption)


def test_without_fixed_areas_there_is_no_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    test = show(monkeypatch, dataclasses.replace(given, areas=given.areas.iloc[:0]))
    assert not test.subheader


def test_the_curve_speaks_norwegian(monkeypatch: pytest.MonkeyPatch) -> None:
    with language.using("nb"):
        spec = ceiling_curve.premises_chart(ceiling_curve.reckon(toy.assessment()).iloc[:-1], toy.assessment())
    assert "kostnadstak per enhet, tusen NOK" in spec.to_json()
