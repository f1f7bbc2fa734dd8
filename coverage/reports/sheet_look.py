"""How a sheet of a workbook looks: widths that hold the headers, columns that fold away, pages, and what stands out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from coverage.reports import palette
from coverage.reports.columns import SCORE_PREFIX, Column
from coverage.reports.wording import Wording

LINE_POINTS: Final = 15.0
TALLEST: Final = 405.0  # a row of a workbook
HEADER_LINES: Final = 4  # a label that needs more widens its column
HEADER_BROADER: Final = 1.05  # bold letters
FILTER_BUTTON: Final = 2.5  # characters that the button takes of the last line
WIDEST: Final = 44.0  # of a header
TEXT_WIDEST: Final = {
    "text": 28.0,
    "short": 24.0,
    "flag": 24.0,
    "wide": 44.0,
    "long": 80.0,
}  # by style, where texts are longer
SEEN_ROWS: Final = 1000  # whose texts say how wide a column is
USUAL: Final = 0.98  # of the texts stand whole in their column
CELL_LINES: Final = 8
LETTERS: Final = 1.1  # to a width that is counted in digits
MANY: Final = 100  # lines that are not worth breaking one by one
WRAPPED: Final = ("long", "list")  # styles
WRAPPED_ROWS: Final = 300  # longer sheets are lists to filter: one line a row
PAGE_CHARACTERS: Final = 190.0  # beside each other on a landscape page of A4 that can still be read
HEADER_LIMIT: Final = 255  # Excel's, of all of a page's header
# Where a figure comes from, and what is the same in every row, waits behind the + above the columns. The data status
# never does.
_FOLDED: Final = (
    "fixed_source fixed_file fixed_source_row fixed_as_of planned_source planned_file planned_source_row planned_as_of "
    "correction_source correction_row nace_standard nace_section hub_distance_basis service_basis works_on ground_km2 "
    "ground_covered_share upload_dependence policy as_of currency assumed fingerprint climb_m steep_m terrain_m "
    "site_basis crow_link_m"
)
FOLDED: Final = frozenset(_FOLDED.split())
KEYS: Final = ["rank", "area_id"]
FUND: Final = "fund"
EMPHASIS: Final[Mapping[str, Mapping[str, str]]] = {
    "decision": {"fund": "fund", "ineligible": "ineligible"},
    "ranked_decision": {"fund": "fund", "ineligible": "ineligible"},
    "certainty": {"safe yes": "fund", "toss-up": "toss-up"},
}


def is_folded(name: str) -> bool:
    """Say whether a column waits behind the + above the columns; points by criterion have a sheet of their own."""
    return name in FOLDED or name.startswith(SCORE_PREFIX)


def in_reading_order(names: Sequence[str], frozen: int) -> tuple[list[str], int]:
    """Return columns and how many of them stay in view: an area's name goes beside its rank and id."""
    ordered = list(names)
    if frozen == len(KEYS) and ordered[: len(KEYS)] == KEYS and "name" in ordered:
        ordered.remove("name")
        ordered.insert(len(KEYS), "name")
        frozen += 1
    return ordered, frozen


def width(column: Column, label: str, held: Sequence[Any] = ()) -> float:
    """Return a column's width in characters: that of its style, or more where its header or its texts need it."""
    texts = sorted(len(value) for value in held[:SEEN_ROWS] if isinstance(value, str))
    usual = texts[int(USUAL * (len(texts) - 1))] + 1.0 if texts else 0.0
    needed = max(column.width, min(usual, TEXT_WIDEST.get(column.style, 0.0)))
    chosen = max(needed, min(WIDEST, max(map(len, label.split()), default=0) * HEADER_BROADER + FILTER_BUTTON))
    while chosen < WIDEST and _header_lines(label, chosen) > HEADER_LINES:
        chosen += 1
    return chosen


def _header_lines(label: str, characters: float) -> int:
    return len(textwrap.wrap(label, max(1, int(characters / HEADER_BROADER)))) or 1


def lines(text: str, characters: float) -> int:
    """Return how many lines a text takes in a cell of a width that is given in characters."""
    room = max(1, int(characters * LETTERS))
    return sum(_broken(part, room) for part in text.split("\n"))


def _broken(text: str, room: int) -> int:
    return -(-len(text) // room) if len(text) > MANY * room else len(textwrap.wrap(text, room)) or 1


def points(said: Iterable[tuple[str, float]]) -> float:
    """Return the height of a row that shows texts whole, each in a cell of its width, as far as a row can be high."""
    return min(TALLEST, LINE_POINTS * max((lines(text, characters) for text, characters in said), default=1))


def row_points(held: Sequence[Any], columns: Sequence[Column], widths: Sequence[float]) -> float | None:
    """Return the height of a row in which the wrapped texts stand whole, up to a few lines; None where one will do."""
    tallest = max(
        (
            lines(value, characters)
            for value, column, characters in zip(held, columns, widths, strict=True)
            if column.style in WRAPPED and isinstance(value, str) and (len(value) > characters or "\n" in value)
        ),
        default=1,
    )
    return min(CELL_LINES, tallest) * LINE_POINTS if tallest > 1 else None


def arrange(
    worksheet: Any,
    columns: Sequence[Column],
    labels: Sequence[str],
    formats: Sequence[Any],
    held: Sequence[Sequence[Any]],
    *,
    header: Any,
    frozen: int,
) -> list[float]:
    """Set widths, folded columns, the header's height and the pages for what the columns hold; return the widths."""
    folded = [is_folded(column.name) for column in columns]
    widths, tallest = [], 1
    for at, (column, label, form) in enumerate(zip(columns, labels, formats, strict=True)):
        characters = width(column, label, held[at])
        widths.append(characters)
        options: dict[str, Any] = {"level": 1, "hidden": True} if folded[at] else {}
        tallest = max(tallest, _header_lines(label, characters))
        if at and folded[at - 1] and not folded[at]:
            options["collapsed"] = True
        worksheet.set_column(at, at, characters, form, options)
    if folded and folded[-1]:
        worksheet.set_column(len(folded), len(folded), None, None, {"collapsed": True})
    worksheet.set_row(0, tallest * LINE_POINTS + 3, header)
    shown = [characters for characters, away in zip(widths, folded, strict=True) if not away]
    keys = sum(widths[:frozen])
    worksheet.fit_to_pages(max(1, round((sum(shown) - keys) / max(PAGE_CHARACTERS - keys, 1.0))), 0)
    if frozen:
        worksheet.repeat_columns(0, frozen - 1)
    return widths


def emphasise(
    worksheet: Any, columns: Sequence[Column], formats: Mapping[str, Any], *, rows: int, wording: Wording
) -> None:
    """Colour what is proposed, what is ineligible and what is a toss-up, as the papers do."""
    for at, column in enumerate(columns):
        for code, look in EMPHASIS.get(column.name, {}).items():
            said = wording.value(column.name, code).replace('"', '""')
            rule = {"type": "cell", "criteria": "==", "value": f'"{said}"', "format": formats[look]}
            worksheet.conditional_format(1, at, max(rows, 1), at, rule)


def page_header(name: str, banner: str) -> str:
    """Return what stands on top of every printed page: whose data these are, and how real; within Excel's limit."""
    right = f"&R{_escaped(banner)}"
    return f"&L{_escaped(name, HEADER_LIMIT - len(right) - 2)}{right}"


def _escaped(text: str, room: int = HEADER_LIMIT) -> str:
    plain = " ".join(text.split())
    while len(plain.replace("&", "&&")) > room:
        plain = f"{plain[:-2]}…"
    return plain.replace("&", "&&")


def looks(book: Any) -> dict[str, Any]:
    """Return the formats of what stands out, by name."""
    return {
        name: book.add_format({"bg_color": ground, "font_color": ink, "bold": name == FUND})
        for name, (ground, ink) in palette.CELLS.items()
    }
