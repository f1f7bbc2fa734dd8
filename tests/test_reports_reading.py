"""Papers and workbooks as other programs read them: tags, order of text, words to search for, sheets ready for work."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pypdf
import pytest
from pypdf.generic import NameObject, TextStringObject

from coverage.reports import render, sheet_look
from coverage.reports.wording import load_wording
from tests.pdf_structure import Element, faults
from tests.reported import toy_assessment

REPORTS = ("gap", "priority")
PAPERS = [(report, language, part) for report in REPORTS for language, part in (("en", ""), ("nb", ""), ("nb", "area"))]


@pytest.fixture(scope="module")
def assessment():
    return toy_assessment()


@pytest.fixture(scope="module")
def out(assessment, tmp_path_factory) -> Path:
    """Return a folder with both papers in both languages, those of one area, and both workbooks."""
    folder = tmp_path_factory.mktemp("reading")
    area = str(assessment.areas["area_id"].iloc[0])
    for report, language, part in PAPERS:
        path = folder / f"{report}-{language}-{part}.pdf"
        render(assessment, report, format="pdf", path=path, language=language, area=[area] if part else [])
    for report in REPORTS:
        render(assessment, report, format="xlsx", path=folder / f"{report}.xlsx")
    return folder


@pytest.mark.parametrize(("report", "language", "part"), PAPERS)
def test_a_program_finds_no_fault_in_the_tags_of_a_paper(out, report, language, part):
    assert not faults(out / f"{report}-{language}-{part}.pdf", language=language)


def _without_picture_text(tree: Element) -> None:
    figure = next(element for element in tree.walk() if element.role == "Figure")
    del figure.found["/Alt"]


def _skipped_level(tree: Element) -> None:
    heading = next(element for element in tree.walk() if element.role == "H2")
    heading.found[NameObject("/S")] = NameObject("/H3")


def _short_row(tree: Element) -> None:
    row = [element for element in tree.walk() if element.role == "TR"][1]
    row.found["/K"].pop()


def _own_role(tree: Element) -> None:
    next(element for element in tree.walk() if element.role == "P").found[NameObject("/S")] = NameObject("/Mine")


def _no_scope(tree: Element) -> None:
    head = next(element for element in tree.walk() if element.role == "TH")
    del head.found["/A"]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (_without_picture_text, "a Figure has no text in its place"),
        (_skipped_level, "a heading of level 3 follows one of level 1"),
        (_short_row, "rows of a table have"),
        (_own_role, "Mine is no standard role"),
        (_no_scope, "a header cell has no scope"),
    ],
)
def test_a_fault_in_the_tags_is_found(out, tmp_path, harm, said):
    writer = pypdf.PdfWriter(clone_from=out / "gap-nb-area.pdf")
    root = writer.root_object["/StructTreeRoot"]
    harm(Element(root, None, {}))
    writer.write(tmp_path / "x.pdf")
    assert any(said in fault for fault in faults(tmp_path / "x.pdf", language="nb"))


def test_unmarked_content_and_another_language_are_found(out, tmp_path):
    writer = pypdf.PdfWriter(clone_from=out / "gap-nb-area.pdf")
    page = writer.pages[0]
    stream = page.get_contents()
    stream.set_data(stream.get_data() + b"\n0 0 10 10 re f\n")
    page[NameObject("/Contents")] = stream
    del page["/Tabs"]
    writer.root_object[NameObject("/Lang")] = TextStringObject("en")
    writer.write(tmp_path / "x.pdf")
    found = faults(tmp_path / "x.pdf", language="nb")
    assert "page 1 paints by f outside any mark" in found
    assert "page 1 does not follow the order of the tags" in found
    assert "the language is en, expected nb" in found


def by_pypdf(path: Path) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


def by_poppler(path: Path) -> str:
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("poppler's pdftotext is not on this machine")
    # Raw: in the order of the file, not of where things stand on the page, where two columns are read as one.
    done = subprocess.run([program, "-raw", "-enc", "UTF-8", str(path), "-"], capture_output=True, check=True)
    return done.stdout.decode("utf-8")


@pytest.mark.parametrize("read", [by_pypdf, by_poppler])
@pytest.mark.parametrize("report", REPORTS)
def test_text_is_in_the_order_of_the_page_and_can_be_searched(assessment, out, report, read):
    path = out / f"{report}-nb-.pdf"
    # A soft hyphen stands where a word breaks at the end of a line, and nowhere else: a viewer's search passes over it.
    text = " ".join(re.sub("\u00ad\\s+", "", read(path)).split())
    headings = [str(item.title) for item in pypdf.PdfReader(path).outline[0] if not isinstance(item, list)]
    headings += [str(item.title) for item in pypdf.PdfReader(path).outline[1] if not isinstance(item, list)]
    places, at = [], 0
    for heading in headings:
        at = text.index(heading, at)
        places.append(at)
    assert places == sorted(places)
    # Letters as they are typed, no two of them in one sign.
    assert not {"\u00ad", "\ufb00", "\ufb01", "\ufb02", "\ufb03", "\ufb04", "\ufffd"} & set(text)
    for word in ("Støttebehov", "fiber", "Fingeravtrykk", "støtteberettig", "områder"):
        assert word in text
    assert set(assessment.areas["area_id"]) <= set(text.split()) | {part.strip("(),") for part in text.split()}


# --- workbooks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report", "sheet"), [("gap", "Areas"), ("gap", "Short of service"), ("priority", "Priority list")]
)
def test_what_says_where_a_figure_comes_from_is_folded_away_and_the_status_never(out, report, sheet):
    found = openpyxl.load_workbook(out / f"{report}.xlsx")[sheet]
    names = {
        row[0]: row[1] for row in openpyxl.load_workbook(out / f"{report}.xlsx")["Columns"].iter_rows(values_only=True)
    }
    hidden = set()
    for dimension in found.column_dimensions.values():
        if dimension.hidden:
            assert dimension.outlineLevel == 1
            hidden |= {found.cell(1, at).value for at in range(dimension.min, dimension.max + 1)} - {None}
    assert "policy" in {names[label] for label in hidden}
    assert all(sheet_look.is_folded(names[label]) for label in hidden)
    assert "Data status" not in hidden
    assert found.sheet_format.outlineLevelCol == 1


def test_a_sheet_prints_on_pages_that_can_be_read_with_its_keys_on_each(out):
    sheet = openpyxl.load_workbook(out / "gap.xlsx")["Areas"]
    assert sheet.print_title_cols == "$A:$C"
    assert sheet.page_setup.fitToHeight == 0
    shown = sum(
        dimension.width * (dimension.max - dimension.min + 1)
        for dimension in sheet.column_dimensions.values()
        if not dimension.hidden
    )
    assert shown / sheet.page_setup.fitToWidth < 1.5 * sheet_look.PAGE_CHARACTERS
    assert sheet.oddFooter.right.text == "Page &P of &N"


def test_headers_stand_whole_and_a_list_has_even_rows(out):
    sheet = openpyxl.load_workbook(out / "priority.xlsx")["Priority list"]
    widths = {
        at: dimension.width
        for dimension in sheet.column_dimensions.values()
        for at in range(dimension.min, dimension.max + 1)
    }
    for cell in sheet[1]:
        assert max(map(len, cell.value.split())) <= widths[cell.column]
        assert (
            sheet_look.lines(cell.value, widths[cell.column]) * sheet_look.LINE_POINTS <= sheet.row_dimensions[1].height
        )


def test_what_is_proposed_stands_out_and_the_line_is_drawn(assessment, out):
    sheet = openpyxl.load_workbook(out / "priority.xlsx")["Priority list"]
    labels = {cell.value: cell.column_letter for cell in sheet[1]}
    rules = {
        str(block.sqref).split(":")[0]: [rule.formula for rule in block.rules] for block in sheet.conditional_formatting
    }
    assert ['"fund"'] in rules[f"{labels['Decision']}2"]
    assert ['"toss-up"'] in rules[f"{labels['Certainty']}2"]
    above = assessment.areas["cumulative_grant"] <= assessment.scenario.money
    assert [f"$A2={assessment.areas.loc[above, 'rank'].max()}"] in rules["A2"]
    assert load_wording("en").text("read_me", "line") in {cell.value for cell in sheet.parent["Read me"]["A"]}


def test_a_workbook_opens_on_its_read_me_and_says_what_it_is(out):
    for report in REPORTS:
        book = openpyxl.load_workbook(out / f"{report}.xlsx")
        assert book.active.title == "Read me"
        assert "Toytown" in book.properties.title
        assert "SYNTHETIC DATA" in book.properties.subject
