"""The check as a page: sources with age and reach, findings by weight, rejected rows by reason, and read again."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from coverage.audience import Audience
from coverage.reports.wording import load_wording
from coverage.schemas import empty_rejected
from maps import language, session, style
from maps.pages import checks
from maps.session import View
from tests import toy
from tests.studymaker import tiny_study


def page() -> None:
    from maps import session
    from maps.pages import checks

    assessment = session.current().assessment
    checks.sources(assessment)
    checks.render(assessment)


def show(monkeypatch: pytest.MonkeyPatch, assessment, **query: str) -> AppTest:
    monkeypatch.setattr(session, "current", lambda: View(assessment, "", ""))
    test = AppTest.from_function(page, default_timeout=30)
    for name, value in query.items():
        test.query_params[name] = value
    return test.run()


def found(*findings: tuple[str, str, str], rejections: tuple[dict, ...] = (), facts: dict | None = None):
    """Return the toy with findings (severity, source, sentence), rejections and facts about its source."""
    finished = toy.assessment()
    told = [dict(zip(("severity", "source", "finding"), finding, strict=True)) for finding in findings]
    sources = [{**item, "facts": facts or {}} for item in finished.provenance.get("sources", [{"source": "premises"}])]
    provenance = {
        **finished.provenance,
        "check": {"findings": told, "rejections": list(rejections)},
        "sources": sources,
    }
    return dataclasses.replace(finished, provenance=provenance)


def said(test: AppTest) -> list[str]:
    return [element.value for element in test.markdown]


def test_problems_come_first_and_what_data_say_is_never_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(
        monkeypatch,
        found(
            ("problem", "premises", "3 rows are there <b>twice</b>"),
            ("note", "roads", "the file has no rows: it corrects nothing"),
            ("note", "", "dates differ"),
        ),
    )
    assert not test.exception
    assert said(test) == [r":material/error: Problem: **premises**: 3 rows are there \<b\>twice\</b\>"]
    test.segmented_control(key="checks-weight").set_value("note").run()
    assert [text.partition(": ")[2] for text in said(test)] == [
        r"Note: **roads**: the file has no rows\: it corrects nothing",
        "Note: dates differ",
    ]
    test.segmented_control(key="checks-weight").set_value("all").run()
    assert len(said(test)) == 3
    test.selectbox(key="checks-source").set_value("roads").run()
    assert len(said(test)) == 1
    test.segmented_control(key="checks-weight").set_value("problem").run()
    assert not test.exception
    assert said(test) == []
    assert "Nothing of that kind was found there." in [caption.value for caption in test.caption]


def test_clean_data_are_called_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, dataclasses.replace(found(), rejected=empty_rejected()))
    assert not test.exception
    assert [element.value for element in test.success] == [
        "No problems were found in the data.",
        "No row of any source was rejected.",
    ]


def test_rejected_rows_follow_source_and_reason_and_come_as_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    rejected = pd.DataFrame(
        {
            "source": ["premises", "premises", "fibre"],
            "row": [1, 2, 3],
            "field": ["kind", "x", "up"],
            "value": ["=1+1", "<b>", None],
            "reason": ["is not known", "is empty; expected a number", "is not known"],
        }
    )
    reasons = (
        {"source": "premises", "field": "kind", "reason": "is not known", "rows": 1, "for example": "row 1: =1+1"},
        {"source": "fibre", "field": "up", "reason": "is not known", "rows": 1, "for example": "row 3: "},
    )
    test = show(monkeypatch, dataclasses.replace(found(rejections=reasons), rejected=rejected))
    assert not test.exception
    _sources, by_reason, rows = (element.value for element in test.dataframe)
    assert (len(by_reason), len(rows)) == (2, 3)
    test.selectbox(key="checks-rejected-source").set_value("premises").run()
    assert [len(element.value) for element in test.dataframe][1:] == [1, 2]
    test.selectbox(key="checks-rejected-reason").set_value("is empty; expected a number").run()
    assert not test.exception
    assert test.dataframe[-1].value["row"].tolist() == [2]
    assert any(element.proto.label == "Rejected rows as CSV" for element in test.get("download_button"))


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        (None, "– no date"),
        (dt.date(2024, 6, 15), "● of the study's date"),
        (dt.date(2023, 9, 1), "● within a year"),
        (dt.date(2024, 12, 1), "● within a year"),
        (dt.date(2022, 6, 30), "◐ 2 years older"),
        (dt.date(2026, 6, 30), "◐ 2 years newer"),
        (dt.date(2019, 1, 1), "○ 5.5 years older"),
    ],
)
def test_the_age_of_a_source_is_told_in_words_and_with_a_sign(as_of: dt.date | None, words: str) -> None:
    study = dataclasses.replace(toy.assessment().study, as_of=dt.date(2024, 6, 30), max_years_apart=3.0)
    sort, told = checks.age(as_of, study)
    assert told == words
    assert told.startswith(checks.AGES[sort][0])


def test_every_age_can_be_read_without_colour_and_in_it() -> None:
    signs = [sign for sign, _, _ in checks.AGES.values()]
    assert len(set(signs)) == len(signs)
    for _sign, background, text in checks.AGES.values():
        light, dark = (_luminance(colour) for colour in (background, text))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, "AA"


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_a_source_tells_how_far_it_reaches(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, found(facts={"municipalities": 2}))
    assert not test.exception
    whole = len(toy.assessment().municipalities)
    assert test.dataframe[0].value["reach"].tolist() == [f"2 of {whole}"]
    assert show(monkeypatch, found()).dataframe[0].value["reach"].tolist() == ["–"]


def test_others_see_no_button_that_reads_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, dataclasses.replace(toy.assessment(), audience=Audience("public")))
    assert not test.exception
    assert [button.key for button in test.button] == []
    assert [button.key for button in show(monkeypatch, toy.assessment()).button] == ["checks-button"]


def test_reading_again_sees_what_has_changed_and_only_in_this_session(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = tiny_study(tmp_path / "tiny")
    monkeypatch.setenv("COVERAGE_STUDY", str(made.folder))
    monkeypatch.setattr(session, "current", session.current)
    first, other = (AppTest.from_function(page, default_timeout=60).run() for _ in range(2))
    assert not first.exception
    assert first.dataframe[0].value.set_index("source").loc["premises", "reach"] == "2 of 2"
    assert not any(caption.value.startswith("Read anew") for caption in first.caption)
    first.button(key="checks-button").click().run()
    assert not first.exception
    assert any(caption.value.startswith("Read anew at") for caption in first.caption)
    assert first.dataframe[0].value.set_index("source").loc["premises", "rows read"] == 40
    other.run()
    assert not any(caption.value.startswith("Read anew") for caption in other.caption)


def test_what_is_found_is_said_in_norwegian(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = "7 of 40 rows repeat an earlier row in every column that is used; premises may be counted twice"
    test = show(monkeypatch, found(("problem", "premises", sentence)), lang="nb")
    assert not test.exception
    (told,) = said(test)
    assert style.plain(load_wording("nb").said(sentence)) in told
    assert "repeat" not in told
    with language.using("nb"):
        assert checks.age(None, toy.assessment().study)[1] == "– uten dato"
