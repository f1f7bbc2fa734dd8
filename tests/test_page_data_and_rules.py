from __future__ import annotations

import dataclasses

import pytest
from streamlit.testing.v1 import AppTest

from coverage.policy import list_policies, load_policy
from coverage.schemas import empty_rejected
from maps import session
from maps.pages.rules import policy_html
from maps.session import View
from tests import toy


def page() -> None:
    from maps.pages import data_and_rules

    data_and_rules.render()


def show(monkeypatch: pytest.MonkeyPatch, assessment) -> AppTest:
    monkeypatch.setattr(session, "current", lambda: View(assessment, "", ""))
    return AppTest.from_function(page, default_timeout=30).run()


def test_page_names_sources_rejected_rows_costs_and_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy.assessment())
    assert not test.exception
    sources, criteria, costs, rejected = (element.value for element in test.dataframe)
    assert sources.iloc[0][["source", "supplier", "licence", "data"]].to_list() == [
        "premises",
        "Toy Ltd",
        "CC0",
        "SYNTHETIC",
    ]
    assert sources.iloc[0]["rejected"] == 1
    assert len(criteria) == len(toy.assessment().policy.criteria)
    assert costs.iloc[0]["confidence"] == "⚑ assumed"
    assert rejected.iloc[0]["reason"].startswith("expected one of")
    assert "SYNTHETIC" in test.warning[0].value


def test_page_with_nothing_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, dataclasses.replace(toy.assessment(), rejected=empty_rejected()))
    assert not test.exception
    assert "No row of any source was rejected" in test.success[-1].value


def test_page_tells_problems_notes_and_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    finished = toy.assessment()
    check = {
        "sources": [{"source": "premises", "rows": "300", "rejected": "1"}],
        "findings": [
            {"severity": "problem", "source": "premises", "finding": "3 rows are there <b>twice</b>"},
            {"severity": "note", "source": "roads", "finding": "1 column is not used"},
        ],
        "rejections": [
            {"source": "premises", "field": "kind", "reason": "unknown", "rows": 1, "for example": "row 17"}
        ],
    }
    provenance = {**finished.provenance, "check": check}
    test = show(monkeypatch, dataclasses.replace(finished, provenance=provenance))
    assert not test.exception
    # Escaped for Markdown: what data say is text, never markup.
    assert test.error[0].value == r"- premises\: 3 rows are there \<b\>twice\</b\>"
    assert any("1 column is not used" in frame.value.to_string() for frame in test.dataframe)
    assert any("row 17" in frame.value.to_string() for frame in test.dataframe)


@pytest.mark.parametrize("policy_id", list_policies())
def test_policy_is_told_in_sentences_with_every_clause_and_mark(policy_id: str) -> None:
    policy = load_policy(policy_id)
    text = policy_html(policy)
    for clause in policy.clauses:
        assert f"<code>{clause.id}</code>" in text
    for tier in policy.tiers:
        assert f"<code>{tier.id}</code>" in text
    assert ('class="mark"' in text) == bool(policy.assumed())


def test_policy_text_is_escaped() -> None:
    policy = dataclasses.replace(load_policy("no-2024"), name="<script>x</script>", source="<img src=x>")
    text = policy_html(policy)
    assert "<script>" not in text
    assert "<img" not in text


def test_what_a_pack_asks_for_and_what_was_not_read_is_told() -> None:
    norway = policy_html(load_policy("no-2026"))
    assert norway.count("⚑ unconfirmed") >= 10
    assert "by 2030-12-31. It decides no place." in norway
    assert "along transport routes" in norway
    assert "5 bn NOK" in norway.replace("\u2009", " ").replace("\u00a0", " ").replace("\u202f", " ")
    assert "at least 2 times the upload speed of the best offer there" in policy_html(load_policy("no-2023"))
    assert "500 Mbit/s down alone" in policy_html(load_policy("de-gigabit-2"))
    assert "within 1 year and give at least 10 Mbit/s down and 1 Mbit/s up" in policy_html(load_policy("uk-uso"))
