"""What a public hearing changed, in every report: per list beside the published figures, and by operator.

The figures are counted for a study as a whole; a report on a part of it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from coverage.reports.selection import Selection
from coverage.reports.wording import Wording
from coverage.reports.workbook import Book

COUNTED: Final = ("premises", "businesses", "households")
LIST_FIGURES: Final = ("before", "after", "removed", "put_back", "overdue")
OPERATOR_FIGURES: Final = ("claimed", "alone", "shared", "put_back", "overdue")
CLAIMS: Final = ("plan", "exists", "lapsed", "withdrawn")
REMOVED, PUT_BACK = "removed", "put_back"
# Of places, in a study with a hearing.
PLACE_COLUMNS: Final = ("hearing", "hearing_removed_by", "hearing_lapsed_by", "hearing_lapsed_on")


def list_table(rows: Any) -> pd.DataFrame:
    """Return one row per list of the policy: `hearing.Account.lists`, or what the summary holds of it, in order."""
    table = pd.DataFrame(rows)
    published = ["removed_share", "published_share", "published_hearing", "published_source"]
    first = _counts(COUNTED[:1], LIST_FIGURES)
    rest = _counts(COUNTED[1:], LIST_FIGURES)
    return table.reindex(columns=["list", "below_mbps", *first, *published[:1], *rest, *published[1:]])


def operator_table(rows: Any) -> pd.DataFrame:
    """Return one row per operator and list, as `list_table` does."""
    columns = ["operator", "list", "below_mbps", *CLAIMS, *_counts(COUNTED, OPERATOR_FIGURES)]
    return pd.DataFrame(rows, columns=None if len(rows) else columns).reindex(columns=columns)


def in_words(table: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return a table with its lists in words."""
    return table.assign(list=[list_name(speed, wording) for speed in table["below_mbps"]])


def list_name(below_mbps: float, wording: Wording) -> str:
    """Name a list by the speed that its places lack; a tier's own name would say that slower ones are not on it."""
    return wording.text("hearing", "list", speed=wording.number(below_mbps, decimals=0 if below_mbps % 1 == 0 else 1))


def labels(wording: Wording) -> dict[str, tuple[str, str]]:
    """Return label and meaning of every column of counts."""
    found = {}
    for figure in dict.fromkeys((*LIST_FIGURES, *OPERATOR_FIGURES)):
        name, meaning = wording.lines("hearing_figures", figure)
        for what in COUNTED:
            said = wording.text("counted", what)
            found[f"{what}_{figure}"] = (f"{said}: {name}", meaning)
    return found


def add_sheets(book: Book, heard: Mapping[str, Any], stamp: Mapping[str, str]) -> None:
    """Write the two sheets of a hearing, where there was one; each row says that it is of the whole study."""
    if not heard:
        return
    own = labels(book.wording)
    told = {"scope": book.wording.text("read_me", "whole"), **stamp}
    lists = in_words(list_table(heard["lists"]), book.wording).assign(**told)
    book.add_table(lists, sheet="hearing", name="hearing", frozen=1, labels=own)
    if len(heard["operators"]):
        table = in_words(operator_table(heard["operators"]), book.wording).assign(**told)
        book.add_table(table, sheet="hearing_operators", name="operators", frozen=2, labels=own)


def notes(selection: Selection, wording: Wording) -> list[str]:
    """Return what a reader must know of the figures of a hearing; nothing where there was none."""
    heard = selection.assessment.summary.get("hearing")
    return [wording.text("hearing", "intro"), *_own_part(selection, wording)] if heard else []


def section(selection: Selection, wording: Wording) -> dict[str, Any]:
    """Return the part of a paper that tells of the hearing; without one it has no tables."""
    heard = selection.assessment.summary.get("hearing")
    if not heard:
        return {"title": "", "lines": [], "lists": _empty(), "operators": _empty(), "widest": "", "after": []}
    lines = [wording.text("hearing", "intro"), *_own_part(selection, wording)]
    if heard["overdue_claims"]:
        lines.append(overdue_line(heard, wording))
    return {
        "title": wording.text("hearing", "title"),
        "lines": lines,
        "lists": lists_in_words(heard, wording),
        "operators": {
            "header": wording.lines("hearing", "operators_table"),
            # The widest list holds the others.
            "rows": [row for name, row in operators_in_words(heard, wording) if name == heard["lists"][-1]["list"]],
        },
        "widest": wording.text("hearing", "widest", list=list_name(heard["lists"][-1]["below_mbps"], wording)),
        "after": published_lines(heard, wording),
    }


def lists_in_words(heard: Mapping[str, Any], wording: Wording) -> dict[str, Any]:
    """Return header and rows of the table of lists, in words."""
    rows = [
        [
            list_name(row["below_mbps"], wording),
            *(wording.number(row[f"premises_{figure}"]) for figure in LIST_FIGURES[:3]),
            wording.percent(row["removed_share"]),
            wording.percent(row["published_share"]),
            *(wording.number(row[f"premises_{figure}"]) for figure in LIST_FIGURES[3:]),
        ]
        for row in heard["lists"]
    ]
    years = sorted({str(row["published_hearing"]) for row in heard["lists"] if row["published_hearing"]})
    return {"header": wording.lines("hearing", "lists_table", year=", ".join(years)), "rows": rows}


def operators_in_words(heard: Mapping[str, Any], wording: Wording) -> list[tuple[str, list[str]]]:
    """Return the rows of the table of operators, in words, each with the id of its list."""
    return [
        (
            str(row["list"]),
            [
                str(row["operator"]),
                *(wording.number(row[claim]) for claim in CLAIMS),
                *(wording.number(row[f"premises_{figure}"]) for figure in OPERATOR_FIGURES),
            ],
        )
        for row in heard["operators"]
    ]


def overdue_line(heard: Mapping[str, Any], wording: Wording) -> str:
    """Say how many claims are overdue, and that they count."""
    return wording.text("hearing", "overdue", count=wording.number(heard["overdue_claims"]))


def published_lines(heard: Mapping[str, Any], wording: Wording) -> list[str]:
    """Say where the published figures are from."""
    told = dict.fromkeys(str(row["published_source"]) for row in heard["lists"] if row["published_source"])
    return [wording.text("hearing", "published", source=wording.said(source)) for source in told]


def _own_part(selection: Selection, wording: Wording) -> list[str]:
    """Say of a part of the study that the figures are not its own, and what its places tell."""
    places = selection.assessment.places
    if selection.whole:
        return []
    premises = places["weight"].groupby(places["hearing"].to_numpy(dtype=object)).sum() if "hearing" in places else {}
    return [
        wording.text(
            "hearing",
            "whole_study",
            study=wording.said(selection.assessment.study.name),
            removed=wording.number(float(premises.get(REMOVED, 0.0))),
            put_back=wording.number(float(premises.get(PUT_BACK, 0.0))),
        )
    ]


def _counts(what: tuple[str, ...], figures: tuple[str, ...]) -> list[str]:
    return [f"{name}_{figure}" for name in what for figure in figures]


def _empty() -> dict[str, Any]:
    return {"header": [], "rows": []}
