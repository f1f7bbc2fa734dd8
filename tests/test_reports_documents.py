"""Workbooks read by openpyxl, PDFs by pypdf: values, banner, tags, and pages that hold together."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import replace

import openpyxl
import pandas as pd
import pypdf
import pytest
from shapely.geometry import box

from coverage.policy import load_policy
from coverage.reports import gap_paper, palette, render, static_map, write_all
from coverage.reports.map_canvas import Canvas
from coverage.reports.selection import cut
from coverage.reports.wording import load_wording
from coverage.reports.xlsx import write_gap_report
from tests.reported import changed_places, empty_assessment, summarised, toy_assessment, with_status

EN = load_wording("en")
SYNTHETIC = "SYNTHETIC DATA"


@pytest.fixture(scope="module")
def assessment():
    return toy_assessment()


@pytest.fixture(scope="module")
def out(assessment, tmp_path_factory):
    folder = tmp_path_factory.mktemp("documents") / "toy"
    write_all(assessment, folder, progress=lambda step: None)
    return folder


def _text(path) -> list[str]:
    pages = pypdf.PdfReader(path).pages
    return [page.extract_text().replace("\u202f", " ").replace("\u00a0", " ").replace("\u2060", "") for page in pages]


def _rows(sheet) -> list[dict[str, object]]:
    rows = list(sheet.iter_rows(values_only=True))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def test_priority_workbook_holds_the_areas(assessment, out):
    book = openpyxl.load_workbook(out / "priority-list.xlsx")
    assert book.sheetnames == [
        "Read me",
        "Priority list",
        "Criteria",
        "Parts of the score",
        "What would change it",
        "Ceilings",
        "Technical",
        "Columns",
    ]
    rows = _rows(book["Priority list"])
    areas = assessment.areas.sort_values("rank")
    assert [row["Area"] for row in rows] == areas["area_id"].tolist()
    assert [row["Rank"] for row in rows] == areas["rank"].tolist()
    for label, name in (("Capex (NOK)", "capex"), ("Grant (NOK)", "grant"), ("Grant so far (NOK)", "cumulative_grant")):
        assert [row[label] for row in rows] == pytest.approx(areas[name].tolist(), abs=0.006)
    assert {row["Data status"] for row in rows} == {"synthetic"}


def test_workbook_tables_are_ready_for_work(out):
    sheet = openpyxl.load_workbook(out / "gap-report.xlsx")["Areas"]
    assert sheet.freeze_panes == "D2"
    assert [cell.value for cell in sheet[1][:3]] == ["Rank", "Area", "Name"]
    (table,) = sheet.tables.values()
    assert table.name == "areas"
    assert table.ref == sheet.dimensions
    assert table.autoFilter is not None
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.page_setup.orientation == "landscape"
    assert SYNTHETIC in sheet.oddHeader.right.text
    capex = next(cell for cell in sheet[1] if cell.value == "Capex (NOK)")
    assert sheet.cell(2, capex.column).number_format == "#,##0"


def test_gap_workbook_lists_short_places_and_cost_lines(assessment, out):
    book = openpyxl.load_workbook(out / "gap-report.xlsx")
    assert book.sheetnames == ["Read me", "Areas", "Short of service", "Cost lines", "Columns"]
    short = assessment.places[assessment.places["gap_kind"] != "none"].set_index("place_id")
    rows = _rows(book["Short of service"])
    assert {row["Place"] for row in rows} == set(short.index)
    for row in rows:
        place = short.loc[row["Place"]]
        assert row["Reason"] == place["reason"]
        assert row["Down (Mbit/s)"] == place["fixed_down_mbps"]
        assert row["East (EPSG:25833)"] == pytest.approx(place.geometry.x, abs=0.06)
        if place["kind"] in ("household", "holiday"):
            assert row["Name"] is None
            assert row["Address"] is None
    amounts = pd.DataFrame(_rows(book["Cost lines"])).groupby("Area")["Amount (NOK)"].sum()
    capex = assessment.areas.set_index("area_id")["capex"]
    assert amounts.to_dict() == pytest.approx(capex.to_dict(), abs=0.01)


def test_read_me_says_what_when_and_how_real(assessment, out):
    for name in ("gap-report.xlsx", "priority-list.xlsx"):
        book = openpyxl.load_workbook(out / name)
        text = "\n".join(str(cell.value) for row in book["Read me"] for cell in row if cell.value is not None)
        for expected in (SYNTHETIC, "2022-06-30", "no-2024", "Toy Ltd", "CC0", "trench_m", "Share in rock"):
            assert expected in text
        assert book.properties.created == dt.datetime(2022, 6, 30)  # noqa: DTZ001 - Excel knows no zone


def test_long_sheets_are_split_and_say_so(assessment, tmp_path, monkeypatch):
    monkeypatch.setattr("coverage.reports.workbook.SHEET_ROWS", 52)
    write_gap_report(cut(assessment), tmp_path / "x.xlsx", wording=EN, fingerprint="0")
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    parts = [name for name in book.sheetnames if name.startswith("Short of service")]
    assert parts == ["Short of service", "Short of service 2", "Short of service 3"]
    short = assessment.places[assessment.places["gap_kind"] != "none"]
    found = [row["Place"] for name in parts for row in _rows(book[name])]
    notes = [value for value in found if "Continued on the sheet" in str(value)]
    assert len(notes) == 2
    assert sorted(set(found) - set(notes)) == sorted(short["place_id"])
    assert all(book[name].max_row <= 52 for name in parts)


def test_a_workbook_that_streams_holds_the_same_cells_with_filters_for_named_tables(assessment, tmp_path, monkeypatch):
    write_gap_report(cut(assessment), tmp_path / "a.xlsx", wording=EN, fingerprint="0")
    monkeypatch.setattr("coverage.reports.workbook.STREAM_ROWS", 10)
    write_gap_report(cut(assessment), tmp_path / "b.xlsx", wording=EN, fingerprint="0")
    first, second = (openpyxl.load_workbook(tmp_path / name) for name in ("a.xlsx", "b.xlsx"))
    for name in ("Areas", "Short of service", "Cost lines", "Columns", "Read me"):
        assert [[c.value for c in row] for row in first[name]] == [[c.value for c in row] for row in second[name]]
    (named,) = first["Areas"].tables.values()
    assert second["Areas"].auto_filter.ref == named.ref


@pytest.mark.parametrize("name", ["gap-report.pdf", "priority-list.pdf"])
def test_pdf_is_dated_and_carries_the_banner_on_every_page(out, name):
    reader = pypdf.PdfReader(out / name)
    assert reader.metadata.creation_date.date() == dt.date(2022, 6, 30)
    assert "Toytown" in reader.metadata.title
    pages = _text(out / name)
    assert len(pages) >= 3
    for number, page in enumerate(pages, start=1):
        assert SYNTHETIC in page
        assert "Data as of 2022-06-30" in page
        assert f"Page {number} of {len(pages)}" in page


@pytest.mark.parametrize(("status", "banner"), [("modelled", "MODELLED DATA"), ("real", "")])
def test_banner_follows_the_data_status(assessment, tmp_path, status, banner):
    for report in ("gap", "priority"):
        render(with_status(assessment, status), report, format="pdf", path=tmp_path / "x.pdf")
        pages = _text(tmp_path / "x.pdf")
        assert all(banner in page for page in pages)
        assert not any(SYNTHETIC in page for page in pages)


def test_gap_paper_says_the_summarys_figures(assessment, out):
    text = " ".join("\n".join(_text(out / "gap-report.pdf")).split())
    short = {
        kind: assessment.summary["gaps"]["fixed"][kind] + assessment.summary["gaps"]["both"][kind]
        for kind in ("businesses", "households")
    }
    assert f"{short['businesses']} of 60 businesses and {short['households']} of 120 homes" in text
    gap = assessment.summary["funding_gap"]
    assert EN.money_range(gap["p10"], gap["p90"], "NOK").replace("\u2060", "").replace("\u00a0", " ") in text
    for tier in assessment.policy.tiers:
        assert tier.label["en"] in text
    assert "Westby" in text
    assert "Eastby - Austi" in text
    assert "general knowledge" in text


def test_priority_paper_lists_the_areas_in_rank_order_with_the_line(assessment, out):
    pages = _text(out / "priority-list.pdf")
    assert "9 project areas are proposed" in " ".join(pages[0].split())
    text = "\n".join(pages)
    ordered = assessment.areas.sort_values("rank")
    places = [text.index(str(area)) for area in ordered["area_id"]]
    assert places == sorted(places)
    line = text.index("The line: going down the ranking")
    funded = int((ordered["cumulative_grant"] <= assessment.scenario.budget).sum())
    assert places[funded - 1] < line < places[funded]
    digest = hashlib.sha256((out / "priority-list.csv").read_bytes()).hexdigest()
    assert digest in text


def test_fingerprint_of_a_part_is_that_of_its_own_list(assessment, tmp_path):
    render(assessment, "priority", format="csv", path=tmp_path / "x.csv", municipality=["5001"])
    render(assessment, "priority", format="pdf", path=tmp_path / "x.pdf", municipality=["5001"])
    assert hashlib.sha256((tmp_path / "x.csv").read_bytes()).hexdigest() in "\n".join(_text(tmp_path / "x.pdf"))


def test_a_report_of_one_area_prints_no_range_of_a_total(assessment, tmp_path):
    area = str(assessment.areas["area_id"].iloc[0])
    render(assessment, "gap", format="pdf", path=tmp_path / "x.pdf", area=[area])
    first = _text(tmp_path / "x.pdf")[0]
    assert area in first
    assert EN.text("gap", "figure_gap") not in first


def test_many_areas_with_long_names_fit(assessment, tmp_path):
    copies = [
        assessment.areas.assign(
            area_id=assessment.areas["area_id"] + f"-{number}",
            name="Snåase-Raarvihke ytre Namdalseid og Nærøysund, " + assessment.areas["name"],
            rank=assessment.areas["rank"] + 12 * number,
            cumulative_grant=assessment.areas["cumulative_grant"] + 20e6 * number,
            decision="fund" if number in (0, 8) else "reserve",
        )
        for number in range(10)
    ]
    areas = pd.concat(copies, ignore_index=True)
    routes = [assessment.routes.assign(area_id=assessment.routes["area_id"] + f"-{number}") for number in range(10)]
    many = summarised(replace(assessment, areas=areas, routes=pd.concat(routes, ignore_index=True)))
    render(many, "priority", format="pdf", path=tmp_path / "x.pdf")
    reader = pypdf.PdfReader(tmp_path / "x.pdf")
    text = " ".join("\n".join(_text(tmp_path / "x.pdf")).split())
    shown = [area for area in areas["area_id"] if area in text]
    assert set(areas.loc[areas["decision"] == "fund", "area_id"]) <= set(shown)
    assert len(shown) < len(areas)
    # Every hidden row is accounted for by a line that says so.
    assert "areas in reserve or ineligible, ranks" in text
    hidden = len(areas) - len(shown)
    told = [int(part.split()[-1]) for part in text.split(" areas in reserve or ineligible")[:-1]]
    assert sum(told) == hidden
    sheets = -(-int((areas["decision"] == "fund").sum()) // 2)
    assert len(reader.pages) < 14 + sheets


def test_a_paper_without_areas_says_so(tmp_path):
    render(empty_assessment(), "gap", format="pdf", path=tmp_path / "g.pdf")
    assert "there are no project areas" in " ".join("\n".join(_text(tmp_path / "g.pdf")).split())
    render(empty_assessment(), "priority", format="pdf", path=tmp_path / "p.pdf")
    assert "no project area can be funded" in " ".join("\n".join(_text(tmp_path / "p.pdf")).split())


def test_maps_are_the_same_each_time_and_leave_no_global_state(assessment):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    pictures = [static_map.decision_map(assessment, wording=EN, attribution="Toy") for _ in range(2)]
    assert pictures[0] == pictures[1]
    assert pictures[0].svg.lstrip().startswith(b"<?xml")
    assert dict(mpl.rcParams) == before


def test_map_is_drawn_from_the_areas(assessment):
    all_funded = replace(assessment, areas=assessment.areas.assign(decision="fund"))
    first = static_map.decision_map(assessment, wording=EN, attribution="Toy")
    second = static_map.decision_map(all_funded, wording=EN, attribution="Toy")
    blue = static_map.palette.DECISION["fund"].encode()
    assert second.svg.count(blue) > first.svg.count(blue) > 0


def test_area_map_frames_what_it_shows(assessment):
    part = cut(assessment, area=[str(assessment.areas["area_id"].iloc[0])]).assessment
    near = static_map.area_map(part, close=True, wording=EN, attribution="Toy")
    far = static_map.area_map(part, close=False, wording=EN, attribution="Toy")
    assert near.svg != far.svg
    # The municipality is 5 by 7.5 km, with 2 % of the longer side around it.
    assert far.ratio == pytest.approx((7500 + 2 * 150) / (5000 + 2 * 150))


def test_coordinates_outside_the_frame_are_cut_off(assessment):
    # A neighbour far beyond the frame must not widen the picture.
    canvas = Canvas((0.0, 0.0, 1000.0, 500.0), margin=0.0)
    land = assessment.municipalities.set_geometry(
        [box(-1e6, -1e6, 1e6, 1e6), box(2e6, 0, 3e6, 1e6)], crs=assessment.municipalities.crs
    )
    canvas.land(land, ["#ffffff", "#ffffff"], edge="black", width=1)
    assert canvas.finish([], north="N", attribution="", title=None).ratio == 0.5
    assert canvas.axes.get_xlim() == (0.0, 1000.0)


def test_an_area_that_cannot_be_priced_is_shown_with_dashes(assessment, tmp_path):
    areas = assessment.areas.copy()
    last = areas["rank"] == areas["rank"].max()
    areas.loc[last, ["decision", "ranked_decision"]] = "ineligible"
    areas.loc[last, "technology"] = None
    money = ["capex", "grant", "cumulative_grant", "funding_gap_p10", "funding_gap_p50", "funding_gap_p90"]
    areas.loc[last, money] = float("nan")
    unpriced = replace(assessment, areas=areas)
    render(unpriced, "priority", format="pdf", path=tmp_path / "p.pdf")
    text = "\n".join(_text(tmp_path / "p.pdf"))
    row = text[text.index(str(areas.loc[last, "area_id"].iloc[0])) :].split("ineligible")[0]
    assert [part for part in row.split() if part == "–"] == ["–"] * 5  # technology, capex, gap, grant, grant so far
    render(unpriced, "gap", format="pdf", path=tmp_path / "g.pdf")
    render(unpriced, "priority", format="xlsx", path=tmp_path / "p.xlsx")
    cells = _rows(openpyxl.load_workbook(tmp_path / "p.xlsx")["Priority list"])[-1]
    assert cells["Decision"] == "ineligible"
    assert cells["Capex (NOK)"] is None


def test_areas_that_need_no_grant_are_named(assessment, tmp_path):
    areas = assessment.areas.copy()
    areas.loc[areas["rank"] <= 2, "grant"] = 0.0
    free = replace(assessment, areas=areas)
    render(free, "priority", format="pdf", path=tmp_path / "p.pdf")
    front, table, *_ = (" ".join(page.split()) for page in _text(tmp_path / "p.pdf"))
    assert "areas that need no grant: 2." in front
    assert table.count("no grant needed") == 2
    render(free, "priority", format="xlsx", path=tmp_path / "p.xlsx")
    read_me = openpyxl.load_workbook(tmp_path / "p.xlsx").worksheets[0]
    assert any("need no grant: 2." in str(cell.value) for row in read_me.iter_rows() for cell in row)


@pytest.mark.parametrize(("view", "said"), [("", "present values"), ("private_cap", "a builder is taken to pay")])
@pytest.mark.parametrize("report", ["gap", "priority"])
def test_papers_say_how_the_funding_gap_was_reckoned(assessment, tmp_path, report, view, said):
    asked = replace(assessment, scenario=assessment.scenario.with_changes(view=view))
    render(asked, report, format="pdf", path=tmp_path / "p.pdf")
    text = " ".join(" ".join(_text(tmp_path / "p.pdf")).split())
    assert text.count(said) == 1
    assert "operation and revenue are not in it" in text or not view


def test_premises_of_the_list_are_those_of_the_areas_holiday_homes_included(assessment, tmp_path):
    areas = assessment.areas.assign(premises=assessment.areas["premises"] + 7000)  # a policy may let them in
    render(replace(assessment, areas=areas), "priority", format="pdf", path=tmp_path / "p.pdf")
    table = _text(tmp_path / "p.pdf")[1]
    assert f"{areas['premises'].iloc[0]:,.0f}".replace(",", " ") in table


def test_no_mobile_data_does_not_look_like_no_shortfall(assessment, tmp_path):
    fixed_only = assessment.places["gap_kind"].replace({"both": "fixed", "mobile": "none"})
    silent = summarised(changed_places(assessment, mobile_level=None, short_mobile=0.0, gap_kind=fixed_only))
    render(silent, "gap", format="pdf", path=tmp_path / "g.pdf")
    text = " ".join("\n".join(_text(tmp_path / "g.pdf")).split())
    assert "mobile service: not judged, no data" in text
    assert "short of both" not in text


def test_gap_paper_shades_municipalities_where_there_are_others_to_compare(assessment, tmp_path, monkeypatch):
    monkeypatch.setattr(gap_paper, "SHADED_FROM", 1)
    render(assessment, "gap", format="pdf", path=tmp_path / "g.pdf")
    text = " ".join(" ".join(_text(tmp_path / "g.pdf")).split())
    assert EN.text("gap", "map_caption") in text
    shares = {"5001": 0.02, "5058": 0.5}
    picture = static_map.gap_map(assessment, shares=shares, wording=EN, attribution="Toy")
    land = re.search(rb'id="PatchCollection_1">(.*?)</g>', picture.svg, re.DOTALL)
    fills = re.findall(rb"fill: (#[0-9a-f]{6})", land[1])
    assert fills == [palette.RAMP[0].encode(), palette.RAMP[-1].encode()]


def test_what_was_not_read_is_marked_in_the_workbook(assessment, tmp_path):
    unread = replace(assessment, policy=load_policy("no-2026"))
    render(unread, "gap", format="xlsx", path=tmp_path / "x.xlsx")
    cells = [
        [cell.value for cell in row if cell.value is not None]
        for sheet in openpyxl.load_workbook(tmp_path / "x.xlsx").worksheets
        for row in sheet.iter_rows()
    ]
    marked = {row[1]: row for row in cells if row and row[0] == "policy no-2026"}
    assert "unconfirmed" in marked["tier “30 to below 100 Mbit/s”"]
    assert "unconfirmed" in marked["clause “the existing network is easily upgraded to 1 Gbit/s”"]
    assert "assumed" in marked["project areas"]
