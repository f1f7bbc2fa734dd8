from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from maps import export, style
from tests import toy, toy_masts, toy_told
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


def test_every_area_and_municipality_can_be_found_and_told_of() -> None:
    given = toy_masts.masted(competing=True)
    page = export.to_html(given)
    found = set(re.findall(r'"i":\["([^"]+)"', page))
    assert found == set(given.areas["area_id"])
    for code, name in zip(given.municipalities["municipality_code"], given.municipalities["name"], strict=True):
        assert f'"m":["{code}","{name}"]' in page
    row = given.areas.iloc[0]
    for label, text in (
        ("rank", str(row["rank"])),
        ("funding gap (P50)", style.money(row["funding_gap_p50"], "NOK")),
        ("P10 to P90", style.money_range(row["funding_gap_p10"], row["funding_gap_p90"], "NOK")),
    ):
        assert f'["{label}","{text}"]' in page
    assert '"foot":"SYNTHETIC · as of 2022-06-30 · policy no-2024"' in page


def test_search_is_a_combobox_whose_words_are_the_readers() -> None:
    page = export.to_html(toy.assessment(), language="nb")
    field = re.search(r"<input[^>]*>", page[page.index('class="map-find"') :])
    assert field is not None
    for said in ('role="combobox"', 'aria-controls="map-hits"', 'aria-autocomplete="list"', 'aria-expanded="false"'):
        assert said in field[0]
    assert 'role="listbox" id="map-hits"' in page
    assert 'role="status"' in page
    assert 'aria-label="Finn kommune eller område"' in page
    assert '"nothing":"Ingenting heter det.' in page


def test_file_tells_its_sources_and_its_fingerprint() -> None:
    given = dataclasses.replace(toy.assessment(), provenance={"fingerprint": "0123456789abcdef"})
    page = export.to_html(given)
    about = page[page.index('<details class="map-about">') :].split("</details>")[0]
    assert len(given.study.sources) > 0
    assert about.count("<li>") == len(given.study.sources)
    assert "<code>0123456789ab</code>" in about


def test_file_that_would_grow_too_big_shows_the_areas_that_come_first_and_says_so(monkeypatch) -> None:
    given = toy.assessment()
    monkeypatch.setattr(export, "MOST_BYTES", len(export.to_html(given).encode()) - 1)
    monkeypatch.setattr(export, "MOST_AREAS", (len(given.areas), 3))
    page = export.to_html(given)
    order = given.areas.assign(later=given.areas["decision"] != "fund").sort_values(["later", "rank"])
    assert set(re.findall(r'"i":\["([^"]+)"', page)) == set(order["area_id"].iloc[:3])
    assert f"the 3 areas that come first of {len(given.areas)}:" in page


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
