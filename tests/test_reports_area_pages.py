"""The half pages of proposed areas and the small maps: order, figures, room, and what an audience must not see."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pypdf
import pytest
import shapely
from shapely.geometry import LineString, MultiLineString, Point

from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.disclosure import shown_to
from coverage.policy import LANGUAGES
from coverage.reports import (
    area_facts,
    area_maps,
    area_pages,
    differences,
    firmness,
    points,
    render,
    small_map,
    small_picture,
)
from coverage.reports.outsiders import outsiders
from coverage.reports.portrait import in_words, portrait
from coverage.reports.selection import cut
from coverage.reports.small_picture import SmallMap
from coverage.reports.wording import load_wording
from coverage.scenario import Scenario
from tests import toy, toy_firm, toy_masts, toy_secret, toy_told
from tests.reported import empty_assessment, summarised, toy_assessment

EN = load_wording("en")
SIZE = {"width": 200.0, "height": 150.0, "north": "N"}
LONG = "Snåase-Raarvihke <b>=SUM(A1)</b> 🌲 " + "ytre Namdalseid og Nærøysund " * 6


@pytest.fixture(scope="module")
def assessment() -> Assessment:
    return toy_firm.assessment(Scenario("no-2024", 8e6))


def paper(assessment: Assessment, path: Path, report: str = "priority", **asked: Any) -> pypdf.PdfReader:
    render(assessment, report, format="pdf", path=path, **asked)
    return pypdf.PdfReader(path)


def texts(reader: pypdf.PdfReader) -> list[str]:
    return [" ".join(page.extract_text().replace("\u2060", "").split()) for page in reader.pages]


def squeezed(text: str) -> str:
    return "".join(text.replace("\u2060", "").split())


def many(assessment: Assessment, *, of: int, name: str, copies: int) -> Assessment:
    """Return an assessment with the first areas copied, all of them proposed, under one long name each."""
    first = assessment.areas.sort_values("rank").head(of)
    areas = [
        first.assign(
            area_id=first["area_id"] + f"-{number}",
            name=name + first["name"],
            rank=first["rank"] + of * number,
            decision="fund",
        )
        for number in range(copies)
    ]
    routes = [assessment.routes.assign(area_id=assessment.routes["area_id"] + f"-{number}") for number in range(copies)]
    return summarised(
        replace(
            assessment,
            areas=gpd.GeoDataFrame(pd.concat(areas, ignore_index=True), crs=assessment.areas.crs),
            routes=gpd.GeoDataFrame(pd.concat(routes, ignore_index=True), crs=assessment.routes.crs),
            municipalities=assessment.municipalities.assign(name=name + assessment.municipalities["name"]),
        )
    )


def seen(page: pypdf.PageObject) -> tuple[str, list[str]]:
    """Return the text of a page without its spaces, and the pieces that begin in its margins or beyond."""
    found = []
    width, height = float(page.mediabox.width), float(page.mediabox.height)

    def visit(text: str, ctm: list[float], matrix: list[float], font: object, size: float) -> None:
        x = matrix[4] * ctm[0] + matrix[5] * ctm[2] + ctm[4]
        y = matrix[4] * ctm[1] + matrix[5] * ctm[3] + ctm[5]
        if text.strip() and not (30 <= x <= width - 30 and 20 <= y <= height - 20):
            found.append(f"{text} at {x:.0f}, {y:.0f}")

    return squeezed(page.extract_text(visitor_text=visit)), found


# --- half pages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_proposed_area_has_half_a_page_by_rank_two_to_a_page(
    assessment: Assessment, tmp_path: Path, language: str
) -> None:
    wording = load_wording(language)
    pages = texts(paper(assessment, tmp_path / "x.pdf", language=language))
    first = next(at for at, page in enumerate(pages) if wording.text("area_pages", "title") in page)
    funded = assessment.areas[assessment.areas["decision"] == "fund"].sort_values("rank")
    assert len(funded) > 2
    for number, row in enumerate(funded.to_dict("records")):
        page = pages[first + number // 2]
        assert f"{row['rank']} {row['name']}" in page
        assert f"· {row['area_id']}" in page
    # The list says on which page each is.
    told = [wording.texts["area_pages"]["page_of"].format(page=first + 1 + n // 2) for n in range(len(funded))]
    said = re.findall(told[0].replace(str(first + 1), r"\d+").replace(".", r"\."), pages[1])
    assert said == told


def test_the_figures_are_those_of_the_assessment(assessment: Assessment) -> None:
    part, files = area_pages.section(cut(assessment), EN)
    funded = assessment.areas[assessment.areas["decision"] == "fund"].sort_values("rank")
    parts = points.contribution_table(assessment).set_index("area_id")
    assert [page["id"] for page in part["pages"]] == funded["area_id"].tolist()
    for page, row in zip(part["pages"], funded.to_dict("records"), strict=True):
        money = {label: cells for label, *cells in page["money"]}
        assert money["Capex"] == [EN.number(row["capex"] / 1000), EN.number(row["capex"] / row["premises"])]
        assert money["Grant (state and county)"][0] == EN.number(row["grant"] / 1000)
        shown = [EN.number(row[f"funding_gap_{name}"] / 1000) for name in ("p10", "p50", "p90")]
        assert money["Funding gap P10–P50–P90"][0] == " – ".join(shown)
        assert {name for name in area_pages.PAYERS if row[f"{name}_share"] > 0} == {
            name for name in area_pages.PAYERS if EN.text("area_pages", f"money_{name}") in money
        }
        assert page["score"]["sum"][1] == EN.number(row["score"], decimals=1)
        got = [parts.loc[row["area_id"], f"contribution_{item.id}"] for item in assessment.policy.criteria]
        assert [said.split(" of ")[0] for _, said, _ in page["score"]["rows"]] == [
            EN.number(g, decimals=1) for g in got
        ]
        assert all(0 <= share <= 1 for *_, share in page["score"]["rows"])
        assert page["map"]["file"] in files
        assert {file for file, _ in page["map"]["legend"]} <= set(files)


def test_the_words_say_why_and_how_firm(assessment: Assessment) -> None:
    part, _ = area_pages.section(cut(assessment), EN)
    why = differences.of_areas(cut(assessment), EN, longest=60)
    firm = firmness.sentences(assessment, EN, longest=60)
    shown = {page["id"]: page["words"] for page in part["pages"]}
    assert set(why) & set(shown)
    assert set(firm) & set(shown)
    for area, words in shown.items():
        assert why.get(area, words[0]) in words
        row = assessment.areas.set_index("area_id").loc[area]
        assert (firm.get(area) or firmness.plainly(row.to_dict(), EN)) in words
        assert not any("(" + area + ")" in sentence for sentence in words), "its own name is above"


def test_premises_service_and_businesses_are_counted_from_the_places() -> None:
    plain = toy_told.assessment()
    area = str(plain.areas["area_id"].iloc[0])
    row = plain.areas.set_index("area_id", drop=False).loc[area].to_dict()
    known = area_facts.gather(plain, [area], EN)
    facts = dict(area_facts.facts(row, known, EN))
    mine = plain.places[(plain.places["area_id"] == area) & (plain.places["eligible"] > 0)]
    assert facts["Premises"].startswith(f"{mine['weight'].sum():.0f} eligible")
    for tier in plain.policy.tiers:
        count = mine.loc[mine["tier"] == tier.id, "weight"].sum()
        assert (f"{tier.label['en']} {count:.0f}" in facts["Service today"]) == (count > 0)
    firms = mine[mine["kind"] == "business"]
    assert f"in {firms['weight'].sum():.0f} businesses" in facts["Businesses"]
    assert "Agriculture" in facts["Businesses"]
    assert facts["To be built"].startswith("Fibre, route")


def test_who_is_left_out_inside_an_outline_is_told_with_the_reason() -> None:
    plain = toy_assessment()
    told = portrait(plain)
    area = str(told.index[(told["excluded_premises"] > 0).to_numpy()][0])
    row = plain.areas.set_index("area_id", drop=False).loc[area].to_dict()
    said = dict(area_facts.facts(row, area_facts.gather(plain, [area], EN), EN))["Premises"]
    assert f"{told.loc[area, 'excluded_premises']:.0f} others inside the outline are left out: " in said
    assert in_words(told.loc[[area]], EN, plain.policy)["excluded_because"].iloc[0] in said


def test_corrections_are_told_of_the_area_that_they_are_in() -> None:
    plain = toy_told.assessment()
    place = plain.places.set_index("place_id").loc[plain.corrections["place_id"].iloc[0]]
    if pd.isna(place["area_id"]):
        inside = outsiders(plain)
        area = inside.loc[plain.places.index[plain.places["place_id"] == place.name][0]]
    else:
        area = place["area_id"]
    chosen = replace(plain, areas=plain.areas.assign(decision="fund"))
    part, _ = area_pages.section(cut(chosen), EN)
    told = {page["id"] for page in part["pages"] if any("corrected 2 facts" in said for said in page["words"])}
    assert told == {area}


def test_sixty_areas_with_long_names_keep_to_their_half_pages(assessment: Assessment, tmp_path: Path) -> None:
    crowd = many(assessment, of=6, name=LONG, copies=10)
    pages = [seen(page) for page in paper(crowd, tmp_path / "x.pdf", language="nb").pages]
    title = squeezed(load_wording("nb").text("area_pages", "title"))
    first = next(at for at, (text, _) in enumerate(pages) if title in text)
    ordered = crowd.areas.sort_values("rank")["area_id"]
    assert len(ordered) == 60
    for number, area in enumerate(ordered):
        assert f"·{area}" in pages[first + number // 2][0]
    assert not [piece for _, beyond in pages for piece in beyond]
    assert (tmp_path / "x.pdf").stat().st_size < 2_000_000


@pytest.mark.parametrize("count", [0, 1])
def test_none_and_one_area_make_a_paper(assessment: Assessment, tmp_path: Path, count: int) -> None:
    found = (
        empty_assessment() if not count else cut(assessment, area=[str(assessment.areas["area_id"].iloc[0])]).assessment
    )
    if count:
        found = replace(found, areas=found.areas.assign(decision="fund"))
    text = " ".join(texts(paper(found, tmp_path / "x.pdf")))
    assert (EN.text("area_pages", "title") in text) == bool(count)


def test_a_mobile_area_has_its_mast_and_what_it_serves(tmp_path: Path) -> None:
    found = toy_masts.masted(competing=True)
    only = cut(found, area=[toy_masts.NEW, toy_masts.OLD])
    part, files = area_pages.section(only, EN)
    (page,) = part["pages"]
    facts = dict(page["facts"])
    assert facts["Premises"] == (
        "25 get the policy’s mobile level with the mast (businesses 5, homes 20, public buildings 2). "
        "Also 3.1 km² of farmland. Also 2.4 km of main road."
    )
    assert facts["To be built"].startswith("New mast, high ground, power cable 0.8 km, backhaul: cable 3.0 km")
    level = EN.value("mobile_level", found.places["mobile_level"].iloc[toy_masts.SERVED])
    assert facts["Service today"] == f"Mobile level where the mast reaches: {level} 1."
    assert "mark-mast.svg" in files
    assert "mark-start.svg" not in files
    assert EN.text("area_pages", "title") in " ".join(texts(paper(found, tmp_path / "x.pdf", area=[toy_masts.NEW])))


def test_a_route_of_unknown_start_or_without_a_road_says_so(assessment: Assessment) -> None:
    area = str(assessment.areas["area_id"].iloc[0])
    row = assessment.areas.iloc[0].to_dict() | {"technology": "fibre"}
    unsure = replace(assessment, routes=assessment.routes.assign(connected=False, stand_in=True))
    said = dict(area_facts.facts(row, area_facts.gather(unsure, [area], EN), EN))["To be built"]
    assert "straight line without a known road" in said
    assert "start of the route is assumed" in said


# --- audiences ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", toy_secret.FORBIDDEN)
def test_half_pages_and_maps_say_nothing_that_an_audience_must_not_see(name: str) -> None:
    kind, _, operator = name.partition(":")
    whole = toy_secret.assessment()
    narrowed = shown_to(
        replace(whole, areas=whole.areas.assign(decision="fund", status="applied")), Audience(kind, operator)
    )
    for language in LANGUAGES:
        part, files = area_pages.section(cut(narrowed), load_wording(language))
        told = repr(part) + repr(files)
        assert len(part["pages"]) == len(whole.areas)
        assert not [token for token in toy_secret.FORBIDDEN[name] if token in told]


def test_the_public_sees_no_home_nearer_than_its_cell() -> None:
    whole = toy_secret.assessment()
    area = str(whole.areas["area_id"].iloc[0])
    shown = shown_to(whole, Audience("public"))
    drawn = small_map.surroundings(shown).draw(area, **SIZE)
    assert "start" not in drawn.shown
    assert drawn.svg != small_map.surroundings(whole).draw(area, **SIZE).svg
    # A home moved about in its cell leaves the public's map as it was.
    homes = (whole.places["kind"] == "household").to_numpy()
    moved = whole.places.geometry.where(~homes, whole.places.geometry.translate(1.5, -1.5))
    other = shown_to(replace(whole, places=whole.places.set_geometry(moved)), Audience("public"))
    assert small_map.surroundings(other).draw(area, **SIZE).svg == drawn.svg


# --- small maps -----------------------------------------------------------------------------------------------------


def coordinates(drawn: SmallMap, colour: str) -> list[list[int]]:
    paths = re.findall(rf'<path d="([^"]*)"[^>]*(?:stroke|fill)="{colour}"', drawn.svg.decode())
    return [[int(number) for number in re.findall(r"-?\d+(?!\.)", path)] for path in paths]


def test_a_small_map_shows_the_whole_route_and_where_it_starts(assessment: Assessment) -> None:
    area = str(assessment.areas["area_id"].iloc[0])
    member = assessment.places[(assessment.places["area_id"] == area) & (assessment.places["eligible"] > 0)]
    home = member.geometry.iloc[0]
    far = Point(home.x + 9000, home.y)
    routes = assessment.routes.copy()
    routes.loc[routes["area_id"] == area, "geometry"] = MultiLineString([LineString([home, far])])
    one = replace(assessment, routes=routes, places=assessment.places.drop(member.index[1:]))
    drawn = small_map.surroundings(one).draw(area, **SIZE)
    assert {"outline", "route", "start"} <= set(drawn.shown)
    (route,) = coordinates(drawn, small_picture.palette.INK)[:1]
    assert all(0 <= x <= 10 * SIZE["width"] for x in route[::2])
    assert all(0 <= y <= 10 * SIZE["height"] for y in route[1::2])
    ring = re.search(r'<circle cx="(\d+)" cy="(\d+)"', drawn.svg.decode())
    assert ring
    assert [int(ring[1]), int(ring[2])] in (route[:2], route[-2:])
    assert int(ring[1]) == max(route[::2]), "the network is in the east"


def test_the_scale_bar_is_true(assessment: Assessment) -> None:
    area = str(assessment.areas["area_id"].iloc[0])
    routes = assessment.routes.copy()
    line = LineString([(toy.X0, toy.Y0), (toy.X0 + 8000, toy.Y0)])
    routes.loc[routes["area_id"] == area, "geometry"] = MultiLineString([line])
    drawn = small_map.surroundings(replace(assessment, routes=routes)).draw(area, **SIZE).svg.decode()
    bar = re.search(r"v20h(\d+)v-20.*?>(\d+) (k?m)<", drawn)
    assert bar
    metres = float(bar[2]) * (1000 if bar[3] == "km" else 1)
    route = re.search(rf'<path d="M(\d+) \d+ (\d+) \d+" fill="none" stroke="{small_picture.palette.INK}"', drawn)
    assert route
    assert int(bar[1]) / metres == pytest.approx((int(route[2]) - int(route[1])) / 8000, rel=0.01)


@pytest.mark.parametrize(("most", "length"), [(999.0, 500.0), (1000.0, 1000.0), (2600.0, 2000.0), (70.0, 50.0)])
def test_scale_bars_are_of_round_lengths(most: float, length: float) -> None:
    assert small_picture.round_length(most) == length


def test_every_mark_has_a_picture_and_words_in_every_language(assessment: Assessment) -> None:
    names = {*small_picture.LINES, *small_picture.FILLS, *small_picture.MARKS}
    assert len({small_picture.legend_mark(name) for name in names}) == len(names)
    for language in LANGUAGES:
        assert all(load_wording(language).text("area_pages", f"map_{name}") for name in names)


def test_what_lies_around_is_drawn_faintly_and_only_where_it_is_near(assessment: Assessment) -> None:
    first, other = assessment.areas["area_id"].iloc[:2]
    shapes = assessment.areas.geometry.copy()
    shapes.iloc[1] = shapely.affinity.translate(shapes.iloc[0], 300, 0)
    beside = replace(assessment, areas=assessment.areas.set_geometry(shapes))
    apart = replace(beside, areas=beside.areas[beside.areas["area_id"] == first])
    assert "neighbour" in small_map.surroundings(beside).draw(str(first), **SIZE).shown
    assert "neighbour" not in small_map.surroundings(apart).draw(str(first), **SIZE).shown
    assert str(other) not in small_map.surroundings(beside).draw(str(first), **SIZE).svg.decode()


def test_maps_are_the_same_each_time_and_of_few_bytes(assessment: Assessment) -> None:
    area = str(assessment.areas["area_id"].iloc[0])
    drawn = [small_map.Surroundings(assessment).draw(area, **SIZE).svg for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) < 20_000


# --- the gap report's maps ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_gap_report_has_a_map_of_each_area_it_shows(tmp_path: Path, language: str) -> None:
    wording, plain = load_wording(language), toy_assessment()
    reader = paper(plain, tmp_path / "x.pdf", "gap", language=language)
    pages = texts(reader)
    first = next(at for at, page in enumerate(pages) if wording.text("area_pages", "maps") in page)
    shown = " ".join(pages[first : first + 2])
    for row in plain.areas.to_dict("records"):
        gap = " ".join(wording.money(row["funding_gap_p50"], "NOK").split())
        assert f"{row['premises']:.0f}" in shown
        assert gap in shown
        assert str(row["area_id"]) in shown


def test_areas_that_were_asked_for_are_all_mapped_masts_included() -> None:
    found = toy_masts.masted()
    chosen = [toy_masts.NEW, str(found.areas["area_id"].iloc[0])]
    selection = cut(found, area=chosen)
    part, files = area_maps.section(selection, selection.assessment.areas, EN)
    assert {item["id"] for item in part["maps"]} == set(chosen)
    assert "mark-mast.svg" in files
    assert all(file in files for file, _ in part["legend"])


def test_pictures_have_alternative_texts(assessment: Assessment, tmp_path: Path) -> None:
    for report in ("priority", "gap"):
        reader = paper(assessment, tmp_path / f"{report}.pdf", report)
        figures = [node for node in _nodes(reader.trailer["/Root"]["/StructTreeRoot"]) if node.get("/S") == "/Figure"]
        areas = assessment.areas
        wanted = int((areas["decision"] == "fund").sum()) if report == "priority" else len(areas)
        assert len(figures) > wanted
        assert all(str(node.get("/Alt", "")) for node in figures)


def _nodes(node: Any) -> list[Any]:
    """Return a node of the tree of tags and all below it."""
    found = node.get_object()
    if isinstance(found, list):
        return [inner for item in found for inner in _nodes(item)]
    if not isinstance(found, dict):
        return []
    return [found, *(_nodes(found["/K"]) if "/K" in found else [])]


def test_positions_of_members_are_those_of_their_rows() -> None:
    ids = pd.Series(["a", None, "b", "a"], index=[7, 3, 5, 9], dtype="str")
    assert {name: list(rows) for name, rows in small_map._positions(ids, ids.index).items()} == {"a": [0, 3], "b": [2]}


def test_no_start_is_drawn_where_every_end_leads_to_a_place() -> None:
    route = MultiLineString([LineString([(0, 0), (100, 0)])])
    both = np.array([(0.0, 5.0), (100.0, -4.0)])
    assert not len(small_map._starts(route, both))
    assert small_map._starts(route, both[:1]).tolist() == [[100.0, 0.0]]
    assert not len(small_map._starts(MultiLineString(), both))
