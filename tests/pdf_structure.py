"""What of PDF/UA-1 and PDF/A-2a a program can see in a file, said as a list of faults.

Of the Matterhorn protocol's checkpoints: 01 marked content, 02 role maps, 06 metadata, 07 title, 09 and 14 nesting and
headings, 11 language, 13 figures, 15 tables, 28 annotations, 31 fonts. Whether words and order make sense is for a
reader; the order of text is checked beside this, by what two programs extract.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pypdf
from pypdf.generic import ContentStream

_ROLES: Final = (
    "Document Part Art Sect Div BlockQuote Caption TOC TOCI Index NonStruct Private P H H1 H2 H3 H4 H5 H6 L LI Lbl "
    "LBody Table TR TH TD THead TBody TFoot Span Quote Note Reference BibEntry Code Link Annot Ruby Warichu Figure "
    "Formula Form"
)
STANDARD: Final = set(_ROLES.split())
WITHIN: Final[Mapping[str, set[str]]] = {
    "TR": {"Table", "THead", "TBody", "TFoot"},
    "TH": {"TR"},
    "TD": {"TR"},
    "LI": {"L"},
    "LBody": {"LI"},
    "Lbl": {"LI", "Note"},
}
PAINTING: Final = set(b"Tj TJ ' \" f F f* S s B B* b b* sh Do EI".split())


class Element:
    """Hold one element of the tree of tags, its role mapped to a standard one."""

    def __init__(self, found: Any, parent: Element | None, roles: Mapping[str, Any]) -> None:
        self.found, self.parent = found, parent
        own = str(found.get("/S", "/Root"))
        self.role = str(roles.get(own, own)).removeprefix("/")
        kids = _plain(found.get("/K", []))
        self.kids = [_plain(kid) for kid in (kids if isinstance(kids, list) else [kids])]
        self.elements = [Element(kid, self, roles) for kid in self.kids if isinstance(kid, dict) and "/S" in kid]

    def walk(self) -> Iterator[Element]:
        """Return this element and all below it, in the order of reading."""
        yield self
        for element in self.elements:
            yield from element.walk()

    def attribute(self, name: str, otherwise: Any = None) -> Any:
        """Return an attribute such as a table cell's scope."""
        given = _plain(self.found.get("/A", []))
        for item in given if isinstance(given, list) else [given]:
            if name in _plain(item):
                return _plain(item)[name]
        return otherwise

    def holds_content(self) -> bool:
        """Say whether any marked content belongs to the element or to one below it."""
        return any(len(element.kids) > len(element.elements) for element in self.walk())


def _plain(value: Any) -> Any:
    return value.get_object() if hasattr(value, "get_object") else value


def faults(path: Path, *, language: str) -> list[str]:
    """Return what is wrong with the tags of a PDF, a sentence each; nothing where a program finds no fault."""
    reader = pypdf.PdfReader(path)
    catalog = reader.trailer["/Root"]
    tree = Element(catalog["/StructTreeRoot"].get_object(), None, catalog["/StructTreeRoot"].get("/RoleMap", {}))
    return [
        *_declared(reader, catalog, language),
        *(f"{element.role} is no standard role" for element in tree.walk() if _is_odd(element)),
        *_nested(tree),
        *_headed(tree, reader),
        *_pictured(tree),
        *(fault for element in tree.walk() if element.role == "Table" for fault in _tabled(element)),
        *_painted(reader, catalog),
        *_fonts(reader),
        *_annotated(reader),
    ]


def _declared(reader: pypdf.PdfReader, catalog: Any, language: str) -> Iterator[str]:
    told = catalog["/Metadata"].get_object().get_data().decode("utf-8")
    for name, value in (("pdfuaid:part", "1"), ("pdfaid:part", "2"), ("pdfaid:conformance", "A")):
        if not re.search(rf"<{name}[^>]*>{value}<", told):
            yield f"the metadata do not say {name} {value}"
    title = (reader.metadata.title if reader.metadata else "") or ""
    if not title.strip() or "dc:title" not in told:
        yield "the document has no title"
    if not _is_true(catalog.get("/ViewerPreferences", {}).get("/DisplayDocTitle")):
        yield "a viewer is not asked to show the title"
    marked = catalog.get("/MarkInfo", {})
    if not _is_true(marked.get("/Marked")) or _is_true(marked.get("/Suspects")):
        yield "the document is not marked as tagged"
    if catalog.get("/Lang") != language:
        yield f"the language is {catalog.get('/Lang')}, expected {language}"


def _is_true(value: Any) -> bool:
    return value is not None and str(value).lower() == "true"


def _is_odd(element: Element) -> bool:
    return element.parent is not None and element.role not in STANDARD


def _nested(tree: Element) -> Iterator[str]:
    if [element.role for element in tree.elements] != ["Document"]:
        yield "the tree of tags has no document at its root"
    for element in tree.walk():
        if element.parent and element.role in WITHIN and element.parent.role not in WITHIN[element.role]:
            yield f"{element.role} stands in {element.parent.role}"


def _headed(tree: Element, reader: pypdf.PdfReader) -> Iterator[str]:
    headings = [element for element in tree.walk() if re.fullmatch("H[1-6]", element.role)]
    levels = [int(element.role[1]) for element in headings]
    if levels[:1] != [1] or levels.count(1) != 1:
        yield f"the first heading is not the only one of level 1: {levels}"
    for before, after in itertools.pairwise(levels):
        if after > before + 1:
            yield f"a heading of level {after} follows one of level {before}"
    yield from ("a heading is empty" for element in headings if not element.holds_content())
    marks = list(_outline(reader.outline))
    if len(marks) != len(headings) or not all(mark.strip() for mark in marks):
        yield f"{len(marks)} bookmarks for {len(headings)} headings"


def _outline(items: Any) -> Iterator[str]:
    for item in items:
        if isinstance(item, list):
            yield from _outline(item)
        else:
            yield str(item.title)


def _pictured(tree: Element) -> Iterator[str]:
    for element in tree.walk():
        if element.role in ("Figure", "Formula") and not str(element.found.get("/Alt", "")).strip():
            yield f"a {element.role} has no text in its place"


def _tabled(table: Element) -> Iterator[str]:
    rows = [element for element in table.walk() if element.role == "TR"]
    widths = [sum(int(cell.attribute("/ColSpan", 1)) for cell in row.elements) for row in rows]
    if len(set(widths)) != 1:
        yield f"rows of a table have {sorted(set(widths))} columns"
    heads = [element for element in table.walk() if element.role == "TH"]
    if not rows or not heads or any(cell.role != "TH" for cell in rows[0].elements):
        yield "a table has no header row"
    yield from ("a header cell has no scope" for cell in heads if cell.attribute("/Scope") is None)
    ids = {str(cell.found.get("/ID")) for cell in heads}
    for cell in table.walk():
        if cell.role == "TD" and not {str(head) for head in cell.attribute("/Headers", [])} <= ids:
            yield "a cell names a header that is not there"


def _painted(reader: pypdf.PdfReader, catalog: Any) -> Iterator[str]:
    owners = _number_tree(catalog["/StructTreeRoot"]["/ParentTree"])
    for number, page in enumerate(reader.pages, start=1):
        if page.get("/Tabs") != "/S":
            yield f"page {number} does not follow the order of the tags"
        listed = owners.get(page.get("/StructParents"), [])
        marks: list[int | None] = []  # None: an artifact, or a mark inside another
        stream = ContentStream(page["/Contents"].get_object(), reader)
        for operands, operator in stream.operations:
            if operator == b"BDC":
                given = operands[1] if isinstance(operands[1], dict) else {}
                mark = given.get("/MCID")
                marks.append(mark)
                if mark is None and operands[0] != "/Artifact" and not marks[:-1]:
                    yield f"page {number} marks content that belongs to no tag"
                if mark is not None and (mark >= len(listed) or _plain(listed[mark]) is None):
                    yield f"page {number} marks content {mark}, which no tag owns"
            elif operator == b"BMC":
                marks.append(None)
                if operands[0] != "/Artifact" and not marks[:-1]:
                    yield f"page {number} marks content that belongs to no tag"
            elif operator == b"EMC":
                if not marks:
                    yield f"page {number} ends a mark that did not begin"
                    break
                marks.pop()
            elif operator in PAINTING and not marks:
                yield f"page {number} paints by {operator.decode()} outside any mark"
        if marks:
            yield f"page {number} does not end {len(marks)} marks"


def _number_tree(node: Any) -> dict[int, Any]:
    found: dict[int, Any] = {}
    node = _plain(node)
    numbers = node.get("/Nums", [])
    for at in range(0, len(numbers), 2):
        found[int(numbers[at])] = _plain(numbers[at + 1])
    for kid in node.get("/Kids", []):
        found |= _number_tree(kid)
    return found


def _fonts(reader: pypdf.PdfReader) -> Iterator[str]:
    seen: dict[str, str] = {}
    for page in reader.pages:
        _font_faults(_plain(page.get("/Resources", {})), seen)
    return (fault for fault in seen.values() if fault)


def _font_faults(resources: Any, seen: dict[str, str]) -> None:
    for font in (_plain(item) for item in _plain(resources.get("/Font", {})).values()):
        inner = [_plain(item) for item in font.get("/DescendantFonts", [])] or [font]
        files = ("/FontFile", "/FontFile2", "/FontFile3")
        embedded = all(any(name in _plain(part["/FontDescriptor"]) for name in files) for part in inner)
        name = str(font["/BaseFont"])
        seen[name] = "" if embedded and "/ToUnicode" in font else f"{name} is not embedded, or its text cannot be read"
    for item in (_plain(item) for item in _plain(resources.get("/XObject", {})).values()):
        if item.get("/Subtype") == "/Form":
            _font_faults(_plain(item.get("/Resources", {})), seen)


def _annotated(reader: pypdf.PdfReader) -> Iterator[str]:
    for number, page in enumerate(reader.pages, start=1):
        for note in (_plain(item) for item in _plain(page.get("/Annots", []))):
            if not str(note.get("/Contents", "")).strip() or "/StructParent" not in note:
                yield f"a link on page {number} is not said in words, or belongs to no tag"
