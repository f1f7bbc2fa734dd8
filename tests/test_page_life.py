from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from coverage.assessment import Assessment
from coverage.schemas import AREA_STATUSES
from maps import language, session, style
from maps.pages import life, standing, why_area
from tests import toy, toy_firm
from tests.test_page_priorities import listed, page

APPLIED, AWARDED = 1, 2  # rows of the list


def with_life() -> Assessment:
    """Return the toy with an application for its second area and an award for its third."""
    firm = toy_firm.assessment()
    rows = np.arange(len(firm.areas))
    applied, awarded = rows == APPLIED, rows == AWARDED
    areas = firm.areas.assign(
        status=np.select([applied, awarded], ["applied", "awarded"], "modelled"),
        applied_share=np.where(applied, 0.8, 0.0),
        awarded_share=np.where(awarded, 1.0, 0.0),
        application_id=pd.array(np.where(applied, "A-7, A-9", None), dtype="str"),
        award_id=pd.array(np.where(awarded, "W-1", None), dtype="str"),
        municipal_confirmed=np.where(applied, 400_000.0, np.nan),
        requested_grant=np.where(applied, 1_200_000.0, np.nan),
    )
    areas.loc[awarded, ["decision", "ineligible_because"]] = ["ineligible", "awarded"]
    return dataclasses.replace(firm, areas=areas)


def told(area: pd.Series, assessment: Assessment) -> dict[str, str]:
    return {label: text.replace(style.THIN, " ") for label, text in life.pairs(assessment, area)}


def test_an_area_tells_its_application_and_what_is_confirmed() -> None:
    found = with_life()
    assert told(found.areas.iloc[APPLIED], found) == {
        "status": "applied for",
        "application": "A-7, A-9: 80 % of its premises",
        "confirmed by the municipality": "400 k NOK",
        "grant applied for": "1.2 M NOK",
    }
    assert told(found.areas.iloc[AWARDED], found) == {"status": "awarded", "award": "W-1: 100 % of its premises"}
    with language.using("nb"):
        assert told(found.areas.iloc[0], found) == {"status": "foreslått av modellen"}
    assert life.pairs(toy.assessment(), toy.assessment().areas.iloc[0]) == [], "a study may tell none of it"


def test_every_status_has_its_words() -> None:
    assert set(life.STATUSES) == set(AREA_STATUSES)


def test_the_list_and_the_panels_tell_how_far_an_area_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    found = with_life()
    monkeypatch.setattr(session, "open_study", toy.study)
    monkeypatch.setattr(session, "assess", lambda study, scenario: found)
    test = AppTest.from_function(page, default_timeout=30).run()
    assert not test.exception
    assert list(listed(test)["status"])[:4] == [
        "proposed by the model",
        "applied for",
        "awarded",
        "proposed by the model",
    ]
    panel = why_area.panel(found, found.areas.iloc[AWARDED])
    assert "<dd>awarded</dd>" in panel
    assert "its money has been awarded already" in panel


def test_an_award_has_no_neighbours_in_the_list() -> None:
    found = with_life()
    assert standing.neighbours(found, found.areas.iloc[AWARDED]) == {}
    assert set(standing.neighbours(found, found.areas.iloc[APPLIED])) == {"above"}


def test_points_of_a_template_are_told_with_the_marks_that_are_reached() -> None:
    scenario = toy.assessment().scenario.with_changes(template="nkom")
    found = toy_firm.assessment(scenario)
    area = found.areas.iloc[0]
    assert standing.points(found, area) == [f"{style.number(area['score'], digits=3)} of 100 points of the template."]
    assert standing.points(toy_firm.assessment(), area) == []
