from __future__ import annotations

import dataclasses
import runpy
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit.elements.lib.mutable_status_container import StatusContainer
from streamlit.testing.v1 import AppTest

from coverage import pipeline
from coverage.errors import DataError
from coverage.policy import load_policy
from coverage.study import Study
from maps import patience, scored, session, style, work
from maps.session import Key
from maps.store import Shelf
from tests import toy
from tests.studymaker import tiny_study


def frame() -> None:
    import streamlit as st

    from maps import session
    from maps.pages import sidebar

    study = session.open_study()
    scenario = session.scenario_of(study)
    sidebar.render(study, scenario)
    st.text(scenario.to_toml())


def show(monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setattr(session, "open_study", toy.study)
    test = AppTest.from_function(frame, default_timeout=30)
    for key, value in query.items():
        test.query_params[key.replace("__", ".")] = value
    return test.run()


def test_without_a_link_the_study_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch)
    assert not test.exception
    assert 'policy = "no-2024"\nbudget = 14000000.0' in test.text[0].value
    assert "[weights]" not in test.text[0].value
    text = test.get("html")[0].proto.body
    assert "SYNTHETIC" in text
    assert "2022-06-30" in text


def test_a_link_opens_its_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, budget="2500000", seed="7", view="private_cap", w__premises="40", c__trench_m="500")
    assert not test.exception
    text = test.text[0].value
    for line in ("budget = 2500000.0", "seed = 7", 'view = "private_cap"', "premises = 40.0", "trench_m = 500.0"):
        assert line in text


def test_a_link_brings_rules_for_areas_and_what_is_prepared_is_kept_by_them(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, a__split_by_municipality="0", a__cut_m="900")
    assert not test.exception
    assert "[areas]\ncut_m = 900.0\nsplit_by_municipality = false" in test.text[0].value
    asked, study = [], toy.study()
    monkeypatch.setattr(pipeline, "prepare", lambda study, policy, *, progress: asked.append(policy) or policy)
    drawn: list[Any] = []
    monkeypatch.setattr(pipeline, "redraw", lambda ready, policy, *, progress: drawn.append(ready) or policy)
    monkeypatch.setattr(
        pipeline, "decide", lambda ready, _, *, progress: SimpleNamespace(study=study, areas=ready.areas)
    )
    monkeypatch.setattr(work, "_PREPARED", Shelf(3))
    monkeypatch.setattr(work, "_DECIDED", Shelf(3))
    plain = study.default_scenario()
    for areas in ((), (("cut_m", 900.0),), ()):
        found = session.assess(study, plain.with_changes(areas=areas))
        assert found.areas.changed == areas
    assert len(asked) == 1  # other rules draw areas anew from what was read and judged once
    assert drawn == asked


def test_a_broken_link_is_said_and_the_study_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for query in (
        {"budget": "lots"},
        {"policy": "../../etc/passwd"},
        {"view": "<script>"},
        {"a.cut_m": "-1"},
        {"a.min_premises": "900"},
    ):
        test = show(monkeypatch, **query)
        assert not test.exception
        assert "could not be read" in test.warning[0].value
        assert "budget = 14000000.0" in test.text[0].value


def test_fields_change_the_scenario_and_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch)
    test.number_input(key=Key.BUDGET).set_value(3.0)
    test.slider(key=f"{Key.WEIGHT}premises").set_value(10.0).run()
    assert "budget = 3000000.0" in test.text[0].value
    assert "premises = 10.0" in test.text[0].value
    next(button for button in test.button if button.label == "Back to the study's settings").click().run()
    assert "budget = 14000000.0" in test.text[0].value
    assert "[weights]" not in test.text[0].value


def test_unusable_data_is_one_sentence_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def page() -> None:
        from maps import session

        session.current()

    def refuse(study: object, scenario: object) -> None:
        raise DataError("offers.csv, row 3: down_mbps is 'fast'; expected a number")

    monkeypatch.setattr(session, "open_study", toy.study)
    monkeypatch.setattr(session, "assess", refuse)
    test = AppTest.from_function(page, default_timeout=30).run()
    assert not test.exception
    assert test.error[0].value == style.plain("offers.csv, row 3: down_mbps is 'fast'; expected a number")
    assert "reload this page" in test.caption[0].value


def test_no_study_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    def page() -> None:
        from maps import session

        session.open_study()

    monkeypatch.setenv("COVERAGE_STUDY", str(tmp_path / "nowhere"))
    test = AppTest.from_function(page, default_timeout=30).run()
    assert not test.exception
    assert len(test.error) == 1
    assert "COVERAGE_STUDY" in test.caption[0].value


def test_a_shelf_builds_once_and_forgets_the_oldest() -> None:
    shelf, built = Shelf(2), []

    def build() -> int:
        time.sleep(0.05)
        built.append(1)
        return len(built)

    readers = [threading.Thread(target=lambda: shelf.get("a", build)) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert built == [1]
    for key in ("b", "c"):
        shelf.get(key, build)
    assert not shelf.has("a")


def test_a_failed_build_is_tried_again() -> None:
    shelf = Shelf(2)
    with pytest.raises(DataError):
        shelf.get("a", lambda: (_ for _ in ()).throw(DataError("no")))
    assert shelf.get("a", lambda: 5) == 5


def at_step(reached: threading.Event, may_go_on: threading.Event, step: str):
    """Return pipeline.prepare that stops at a step until it may go on."""
    whole = pipeline.prepare

    def prepare(study, policy, *, progress):
        def note(now: str) -> None:
            progress(now)
            if now == step:
                reached.set()
                assert may_go_on.wait(60)

        return whole(study, policy, progress=note)

    return prepare


def open_page() -> None:
    import streamlit as st

    from maps import session

    st.text(session.current().assessment.study.id)


def test_a_visitor_waits_only_for_the_rest_of_a_warm_start(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("COVERAGE_STUDY", str(tiny_study(tmp_path / "tiny").folder))
    reached, may_go_on, seen = threading.Event(), threading.Event(), []
    monkeypatch.setattr(work.pipeline, "prepare", at_step(reached, may_go_on, "areas"))
    worker = work.warm_in_background()
    assert reached.wait(30)

    def label(self, *, label: str = "", **given: object) -> None:
        seen.append(label)
        may_go_on.set()

    monkeypatch.setattr(StatusContainer, "update", label)
    monkeypatch.setattr(work.pipeline, "prepare", None)  # whoever comes now prepares nothing
    test = AppTest.from_function(open_page, default_timeout=60).run()
    worker.join(60)
    assert not test.exception
    assert test.text[0].value == "tiny"
    assert "grouping places into project areas" in seen[0]


def test_who_cancels_sees_a_page_that_waits_while_the_warm_start_goes_on(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("COVERAGE_STUDY", str(tiny_study(tmp_path / "tiny").folder))
    study = Study.open(work.study_folder())
    reached, may_go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(work.pipeline, "prepare", at_step(reached, may_go_on, "areas"))
    worker = work.warm_in_background()
    assert reached.wait(30)

    def click_cancel(self, *, label: str = "", **given: object) -> None:
        patience.cancel(work._key(study, load_policy(study.policy)))
        st.rerun()

    monkeypatch.setattr(StatusContainer, "update", click_cancel)
    test = AppTest.from_function(open_page, default_timeout=60).run()
    assert not test.exception
    assert test.info[0].value == "Cancelled. Nothing was changed."
    assert not test.text
    assert not test.run().text, "nothing begins anew by itself"
    may_go_on.set()
    worker.join(60)
    monkeypatch.undo()
    monkeypatch.setenv("COVERAGE_STUDY", str(study.folder))
    monkeypatch.setattr(work.pipeline, "prepare", None)  # the warm start was not harmed: it is there
    assert test.run().text[0].value == "tiny"


def test_cancelled_work_begins_again_when_told_to(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("COVERAGE_STUDY", str(tiny_study(tmp_path / "tiny").folder))
    study = Study.open(work.study_folder())
    test = AppTest.from_function(open_page, default_timeout=60)
    test.session_state[patience.CANCELLED] = work._key(study, load_policy(study.policy))
    test.run()
    assert not test.text
    assert [button.label for button in test.button] == ["Start again"]
    test.button[0].click().run()
    assert not test.exception
    assert test.text[0].value == "tiny"


def test_a_warm_start_that_fails_is_one_line_and_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tiny_study(tmp_path / "tiny").folder
    monkeypatch.setenv("COVERAGE_STUDY", str(folder))

    def refuse(study, policy, *, progress):
        raise DataError("offers.csv, row 3: down_mbps is 'fast'; expected a number")

    def break_down(study, policy, *, progress):
        raise ZeroDivisionError("a fault of ours")

    whole = pipeline.prepare
    for fails in (refuse, break_down):
        monkeypatch.setattr(work.pipeline, "prepare", fails)
        work.warm_in_background().join(60)
    assert [record.exc_info for record in caplog.records] == [None, None]
    assert "row 3: down_mbps is 'fast'" in caplog.messages[0]
    assert "ZeroDivisionError: a fault of ours" in caplog.messages[1]
    assert "Traceback" not in capfd.readouterr().err
    monkeypatch.setattr(work.pipeline, "prepare", refuse)
    told = AppTest.from_function(open_page, default_timeout=60).run()
    assert "row 3" in told.error[0].value
    monkeypatch.setattr(work.pipeline, "prepare", whole)
    assert told.run().text[0].value == "tiny"


def test_a_warm_start_without_a_study_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("COVERAGE_STUDY", str(tmp_path / "nowhere"))
    work.warm()
    assert len(caplog.records) == 1


def test_a_study_of_service_alone_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    only = dataclasses.replace(toy.study(), scope="service")
    monkeypatch.setattr(session, "open_study", lambda: only)
    test = AppTest.from_function(open_page, default_timeout=30).run()
    assert not test.exception
    assert len(test.error) == 1
    assert "its scope is 'service'" in test.error[0].value
    assert "python -m coverage check" in test.caption[0].value


def test_importing_the_app_starts_nothing() -> None:
    before = {thread.name for thread in threading.enumerate()}
    runpy.run_path(str(work.ROOT / "app.py"))
    assert "warm-start" not in {thread.name for thread in threading.enumerate()} - before


def loaded() -> None:
    import streamlit as st

    from maps import session

    session.current()
    st.text("what follows")


def test_what_follows_stands_at_one_place_whether_the_study_was_loaded_or_not(monkeypatch, tmp_path) -> None:
    """Else the tabs below move up with the first click, close, and end the run that the click has begun."""
    monkeypatch.setenv("COVERAGE_STUDY", str(tiny_study(tmp_path / "tiny").folder))
    test = AppTest.from_function(loaded, default_timeout=60)
    places = []
    for _turn in range(2):
        test.run()
        assert not test.exception
        places.append([at for at, part in test.main.children.items() if part.type == "text"])
    assert places[0] == places[1]
    assert len(places[0]) == 1


def test_a_template_brings_its_weights_and_drops_those_it_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch)
    test.slider(key=f"{Key.WEIGHT}premises").set_value(10.0)
    test.slider(key=f"{Key.WEIGHT}remoteness").set_value(12.0).run()
    assert "[weights]\npremises = 10.0\nremoteness = 12.0" in test.text[0].value
    test.selectbox(key=Key.TEMPLATE).set_value("germany").run()
    assert not test.exception
    assert 'template = "germany"' in test.text[0].value
    assert "[weights]\nremoteness = 12.0" in test.text[0].value, "what was added stays, of the rest the template speaks"
    assert test.slider(key=f"{Key.WEIGHT}white_spot_share").value == 40.0
    assert "premises" not in [slider.key.removeprefix(Key.WEIGHT) for slider in test.slider]
    test.slider(key=f"{Key.WEIGHT}municipalities").set_value(5.0).run()
    assert "municipalities = 5.0" in test.text[0].value
    test.selectbox(key=Key.TEMPLATE).set_value("louisiana").run()
    assert not test.exception
    assert "[weights]" not in test.text[0].value, "it scores by price alone"
    assert not [slider for slider in test.slider if slider.key.startswith(Key.WEIGHT)]
    test.selectbox(key=Key.POLICY).set_value("no-2023").run()
    assert 'template = "louisiana"' in test.text[0].value
    next(button for button in test.button if button.label == "Back to the study's settings").click().run()
    assert "template" not in test.text[0].value
    assert test.slider(key=f"{Key.WEIGHT}premises").value == 25.0


def test_a_link_opens_its_template_and_one_that_cannot_be_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, template="cost-per-premises", w__hub_distance="30", w__capex_per_premises="80")
    assert not test.exception
    for line in ('template = "cost-per-premises"', "capex_per_premises = 80.0", "hub_distance = 30.0"):
        assert line in test.text[0].value
    for query in ({"template": "mars"}, {"template": "louisiana", "w__remoteness": "4"}, {"w__unknown": "4"}):
        test = show(monkeypatch, **query)
        assert not test.exception
        assert "could not be read" in test.warning[0].value
        assert "template" not in test.text[0].value


def test_templates_are_those_whose_amounts_can_be_compared() -> None:
    norway = toy.study()
    assert scored.templates_for(norway, asked="") == ["", "cost-per-premises", "germany", "louisiana", "nkom"]
    euro = dataclasses.replace(norway, currency="EUR")
    assert scored.templates_for(euro, asked="") == ["", "germany"]
    assert scored.templates_for(euro, asked="nkom") == ["", "germany", "nkom"]
