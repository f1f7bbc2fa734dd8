from __future__ import annotations

import re
from pathlib import Path

from maps import export
from tests import toy, toy_told
from tests.test_maps_layers import HOSTILE, hostile


def test_file_holds_everything_and_asks_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    export.write_html(toy.assessment(), path)
    page = path.read_text(encoding="utf-8")
    assert "coverageMap" in page
    assert "L.map(" in page
    for tag in re.findall(r"<(?:script|link|img|iframe)\b[^>]*>", page):
        assert "src=" not in tag, tag
        assert "href=" not in tag, tag
    assert not re.findall(r"url\((?!data:|#)", page)
    assert "@import" not in page
    assert path.stat().st_size < 1_000_000


def test_file_says_what_the_data_is(tmp_path: Path) -> None:
    page = export.to_html(toy.assessment())
    for text in ("SYNTHETIC", "as of 2022-06-30", "policy no-2024", "Toytown", "planning estimate"):
        assert text in page


def test_same_assessment_gives_the_same_bytes() -> None:
    assert export.to_html(toy.assessment()) == export.to_html(toy.assessment())


def test_names_from_data_bring_no_html() -> None:
    page = export.to_html(hostile())
    assert HOSTILE not in page
    assert "<script>alert" not in page
    assert '<img src="http' not in page


def test_file_tells_of_corrections_in_the_readers_language() -> None:
    told = toy_told.assessment()
    told.areas["corrected"] = 0.0
    told.areas.loc[0, "corrected"] = 2.0
    page = export.to_html(told)
    assert "Corrections: 2, by Office &lt;of&gt; Westby. They are listed in every report." in page
    assert page.count('["corrected premises","2"]') == 1
    assert "Rettelser: 2, fra Office" in export.to_html(told, language="nb")
    assert "Corrections: " not in export.to_html(toy.assessment())
