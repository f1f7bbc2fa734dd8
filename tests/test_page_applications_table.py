from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from coverage import applications, pipeline
from coverage.policy import load_policy
from coverage.study import Study
from maps import language, session, work
from maps.pages import applications_table
from maps.session import View
from maps.store import Shelf
from tests import toy, toy_firm
from tests.studymaker import tiny_study
from tests.test_life import apply_for


def page() -> None:
    from maps import session
    from maps.pages import applications_table

    applications_table.show(session.current())


def table(study: Study) -> pd.DataFrame:
    policy = load_policy(study.policy)
    return applications.beside(pipeline.prepare(study, policy), study.default_scenario().with_changes(draws=20))


@pytest.fixture
def applied(tmp_path: Path) -> Study:
    tiny = tiny_study(tmp_path / "tiny")
    apply_for(tiny, municipal_money=1e5, vendor="Nettlaget", vendor_cost=9e9, vendor_share=1e6, technology="fibre")
    tiny.save()
    return Study.open(tiny.folder)


def test_every_flag_and_every_lack_has_its_words() -> None:
    assert tuple(applications_table.FLAGS) == applications.FLAGS
    assert tuple(applications_table.MISSING) == applications.MISSING


def test_applications_are_shown_in_words_beside_the_model(applied: Study) -> None:
    found = table(applied)
    assessment = pipeline.assess(applied, applied.default_scenario().with_changes(draws=20))
    row = applications_table.shown(found, assessment).iloc[0]
    assert row["application"] == "Nordgrenda"
    assert row["vendor"] == "Nettlaget"
    assert row["cost"] == pytest.approx(9000)
    assert row["model"] == pytest.approx(found["model_cost"].iloc[0] / 1e6)
    assert "costs more than the model says" in row["flags"]
    assert "list of addresses" in row["missing"]
    with language.using("nb"):
        assert "koster mer enn modellen sier" in applications_table.shown(found, assessment).iloc[0]["flags"]


def test_the_table_is_made_once_it_is_asked_for(monkeypatch: pytest.MonkeyPatch, applied: Study) -> None:
    asked = []
    assessment = pipeline.assess(applied, applied.default_scenario().with_changes(draws=20))
    policy = load_policy(applied.policy)
    ready = pipeline.prepare(applied, policy)
    monkeypatch.setattr(work, "_BESIDE", Shelf(2))
    monkeypatch.setattr(work, "prepare", lambda study, policy: asked.append(study) or (("key",), ready))
    monkeypatch.setattr(session, "current", lambda: View(assessment, "", ""))
    test = AppTest.from_function(page, default_timeout=60).run()
    assert not test.exception
    assert not asked
    assert not test.dataframe
    test.toggle[0].set_value(True).run()
    assert not test.exception
    assert len(asked) == 1
    assert list(test.dataframe[0].value["application"]) == ["Nordgrenda"]


def test_only_a_study_with_applications_has_the_table() -> None:
    firm = toy_firm.assessment()
    assert not applications_table.told(firm)
    source = dataclasses.replace(toy.study().sources[0], id="drawn", role="applications")
    study = dataclasses.replace(firm.study, sources=(*firm.study.sources, source))
    assert applications_table.told(dataclasses.replace(firm, study=study))
