"""The cost book as fields: what is typed becomes the scenario's costs, what the book refuses changes nothing."""

from __future__ import annotations

import dataclasses

import pytest
from streamlit.testing.v1 import AppTest

from coverage.costbook import load_costs
from maps import session
from maps.pages.cost_fields import changed_costs
from maps.session import Key, View
from tests import toy

STUDY = toy.assessment().study
OWN = load_costs(STUDY.costs, currency=STUDY.currency, price_year=STUDY.price_year)


def page() -> None:
    from maps import session
    from maps.pages import cost_fields

    cost_fields.render(session.current().assessment)


def show(monkeypatch: pytest.MonkeyPatch, *costs: tuple[str, float]) -> AppTest:
    scenario = toy.assessment().scenario.with_changes(costs=costs)
    book = load_costs(STUDY.costs, currency=STUDY.currency, price_year=STUDY.price_year, overrides=costs)
    assessment = dataclasses.replace(toy.assessment(), scenario=scenario, costs=book)
    monkeypatch.setattr(session, "current", lambda: View(assessment, "", ""))
    test = AppTest.from_function(page, default_timeout=30)
    test.session_state[Key.EXTRA] = scenario
    return test.run()


def test_what_is_typed_is_kept_where_it_differs_from_the_book() -> None:
    own = OWN["drop_m"].value
    assert changed_costs(STUDY, (), {"drop_m": own + 10}) == ((("drop_m", own + 10),), "")
    assert changed_costs(STUDY, (("drop_m", own + 10),), {"drop_m": own}) == ((), "")
    assert changed_costs(STUDY, (("drop_m", own + 10), ("wacc", 0.07)), {"drop_m": None}) == ((("wacc", 0.07),), "")
    assert changed_costs(STUDY, (("wacc", 0.07),), {"cpe": 2000.0})[0] == (("cpe", 2000.0), ("wacc", 0.07))


@pytest.mark.parametrize(
    ("item", "value", "why"),
    [("soil_share", 1.4, "share"), ("life_duct", 12.5, "whole years"), ("fwa_range_m", 0.0, "more than 0")],
)
def test_what_the_book_refuses_changes_nothing_and_is_told(item: str, value: float, why: str) -> None:
    before = (("wacc", 0.07),)
    costs, refused = changed_costs(STUDY, before, {item: value})
    assert costs == before
    assert why in refused


def test_the_book_is_shown_with_what_is_not_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch)
    assert not test.exception
    figures, index = (element.value for element in test.dataframe)
    assert len(figures) + len(index) == len(OWN.items)
    assert figures["source"].str.len().min() > 0
    assert (figures["value"] == figures["book"]).all()
    test.segmented_control(key="costs-which").set_value("assumed").run()
    assert not test.exception
    shown = test.dataframe[0].value
    assert (shown["confidence"] == "⚑ assumed").all()
    assert 0 < len(shown) < len(figures)


def test_a_changed_value_stands_beside_the_books_own_and_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, ("drop_m", 999.0))
    assert not test.exception
    test.segmented_control(key="costs-which").set_value("changed").run()
    shown = test.dataframe[0].value
    assert shown[["value", "book"]].to_numpy().tolist() == [[999.0, OWN["drop_m"].value]]
    test.button(key="costs-back").click().run()
    assert not test.exception
    assert test.session_state[Key.EXTRA].costs == ()
