"""Areas by rank: where the ramp breaks, which step each area is on, and what the legend says of it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from coverage.assessment import Assessment
from maps import build, legends, ranking, server, style
from maps.language import using
from maps.store import STORE
from tests import toy
from tests.asking import ask


def ranked(funded: int, *, ineligible: int = 0) -> Assessment:
    """Return the toy with its first areas above the line, and its last ones not eligible."""
    given = toy.assessment()
    rank, count = given.areas["rank"], len(given.areas)
    said = rank.map(lambda at: "fund" if at <= funded else "ineligible" if at > count - ineligible else "reserve")
    return dataclasses.replace(given, areas=given.areas.assign(decision=said, ranked_decision=said))


@pytest.mark.parametrize(
    ("funded", "ends"),
    [(4, [(1, 2), (3, 4), (5, 8), (9, 12)]), (1, [(1, 1), (2, 2), (3, 12)]), (7, [(1, 4), (5, 7), (8, 12)]),
     (12, [(1, 6), (7, 12)]), (0, [(1, 3), (4, 6), (7, 9), (10, 12)])],
)  # fmt: skip
def test_the_ramp_breaks_at_the_line(funded: int, ends: list[tuple[int, int]]) -> None:
    found = ranking.steps(ranked(funded))
    assert [(step.first, step.last) for step in found] == ends
    assert [step.funded for step in found] == [last <= funded for _, last in ends]
    assert len({step.colour for step in found}) == len(found)


def test_an_area_has_the_colour_of_its_step_and_its_rank_as_a_label() -> None:
    data = ranking.areas(ranked(4, ineligible=3))
    seen: dict[int, Any] = {}
    for feature in data["features"]:
        about = feature["properties"]
        seen[about["n"]] = data["styles"][about["k"]]["fillColor"]
    dark, mild, next_, _ = style.RANK_COLOURS
    assert [seen[rank] for rank in (1, 2, 3, 4, 5, 8)] == [dark, dark, mild, mild, next_, next_]
    assert seen[12] == style.DECISION_COLOURS["ineligible"]
    assert [label[2] for label in data["labels"]] == [str(rank) for rank in sorted(seen)], "the best is written first"
    assert len({look["dashArray"] for look in data["styles"].values()}) == 3, "certainty is told by the outline"


def test_the_legend_tells_the_ranks_of_each_step_in_both_languages() -> None:
    told = ranking.legend(ranked(4, ineligible=3))
    assert "1–2, within the budget" in told
    assert "5–8<" in told
    assert "ineligible" in told
    assert "ineligible" not in ranking.legend(ranked(4))
    with using("nb"):
        assert "innenfor budsjettet" in ranking.legend(ranked(4))


def test_the_layer_comes_by_its_key_and_takes_the_place_of_the_decisions_in_the_legend() -> None:
    given = ranked(4)
    key = STORE.put(dataclasses.replace(given, study=dataclasses.replace(given.study, id="ranked")))[0]
    answer = ask(server.routes(), f"/data/{key}/nb/ranked.json")
    assert answer.status == 200
    assert json.loads(answer.body)["labelZoom"] == ranking.LABEL_ZOOM
    told = ranking.legend(given)
    (areas,) = [part for part in build.scenario_groups(key=key, ground="g", ranked=told) if len(part._children) == 2]
    drawn, words = areas._children.values()
    assert f"/data/{key}/en/ranked.json" in drawn.options_json
    assert f'"section":"{legends.AREAS}"' in words.options_json
    assert f'<section class="{legends.AREAS}">' in legends.legend(given)
