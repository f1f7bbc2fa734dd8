"""PDF documents by Typst: templates/*.typ hold the layout, texts/*.toml the words, this module the compiling.

Documents are tagged and made to PDF/A-2a and PDF/UA-1, and use only the fonts inside the typst package, so they
look the same on every machine. Their time stamp is the as-of date; the same input gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from coverage.reports import assumptions, audience, corrections, hearing, tables
from coverage.reports.printable import printable
from coverage.reports.selection import Selection, share_notes
from coverage.reports.wording import Wording

TEMPLATE_DIR: Final = Path(__file__).parent / "templates"
SHARED: Final = ("common.typ", "area-pages.typ")  # what the templates import
STANDARDS: Final = ["a-2a", "ua-1"]


def compile_pdf(template: str, data: Mapping[str, Any], pictures: Mapping[str, bytes], *, as_of: dt.date) -> bytes:
    """Compile a template with its data and pictures to PDF bytes. The machine's fonts and files are not used."""
    import typst  # here: it tells `side_by_side` whether this process has typeset anything

    stamp = dt.datetime.combine(as_of, dt.time(), tzinfo=dt.UTC)
    files = {
        "main": (TEMPLATE_DIR / f"{template}.typ").read_bytes(),
        **{name: (TEMPLATE_DIR / name).read_bytes() for name in SHARED},
        "data.json": json.dumps(printable(data), ensure_ascii=False, allow_nan=False).encode(),
        **pictures,
    }
    # Documents may come as a mapping of names to bytes, which typst's own type stubs do not say.
    typeset: Any = typst.compile
    compiled: bytes = typeset(
        files, format="pdf", ignore_system_fonts=True, pdf_standards=STANDARDS, timestamp=int(stamp.timestamp())
    )
    return compiled


def attribution(selection: Selection, wording: Wording) -> str:
    """Name the suppliers of the boundaries on a printed map, with their licences."""
    used = [item for item in selection.assessment.study.sources if item.role == "municipalities"]
    named = [", ".join(part for part in (wording.said(item.supplier), item.licence) if part) for item in used]
    return "; ".join(dict.fromkeys(name for name in named if name)) or wording.said(selection.assessment.study.name)


def common_data(
    selection: Selection, wording: Wording, *, title: str, subject: str, fingerprint: Mapping[str, str]
) -> dict[str, Any]:
    """Return the parts that every document has: banner, dates, sources, assumptions, warnings, fingerprint."""
    assessment = selection.assessment
    study, policy = assessment.study, assessment.policy
    run = str(assessment.provenance.get("fingerprint", ""))
    fingerprints = [(wording.text("pdf", "fingerprint_run"), run), *fingerprint.items()]
    rejected = int(assessment.summary["rejected"])
    return {
        "lang": wording.language,
        "title": title,
        "subject": subject,
        "place": selection.title(wording),
        "study": wording.said(study.name),
        "banner": wording.text("banner", study.data_status),
        "date": [study.as_of.year, study.as_of.month, study.as_of.day],
        "meta": [
            wording.text("pdf", "as_of", date=wording.date(study.as_of)),
            wording.text("pdf", "policy", policy=policy.id),
            wording.text("pdf", "prices", currency=study.currency, price_year=study.price_year),
            wording.text("status", study.data_status),
            *filter(None, [audience.for_whom(assessment, wording)]),
        ],
        "rules": wording.text(
            "pdf",
            "rules",
            name=wording.said(policy.name),
            id=policy.id,
            since=wording.date(policy.valid_from),
            basis=wording.said(policy.legal_basis),
        ),
        "scope": "" if selection.titled else selection.describe(wording),
        "page": wording.texts["pdf"]["page"],
        "sources": {
            "title": wording.text("pdf", "sources"),
            "header": wording.lines("pdf", "sources_table"),
            "rows": _source_rows(selection, wording),
        },
        "hearing": hearing.section(selection, wording),
        "corrections": corrections.section(selection, wording),
        "assumed": _assumed(selection, wording),
        "notes": {
            "title": wording.text("pdf", "notes"),
            "lines": [
                *audience.withheld(assessment, wording),
                *map(wording.said, study.notes),
                *share_notes(selection, wording),
            ],
        },
        "warnings": {
            "title": wording.text("pdf", "warnings"),
            "lines": [
                *(wording.said(str(item)) for item in assessment.provenance.get("warnings", [])),
                wording.text("pdf", "rejected", count=wording.number(rejected))
                if rejected
                else wording.text("pdf", "rejected_none"),
            ],
        },
        "fingerprint": {
            "title": wording.text("pdf", "fingerprint"),
            "how": wording.text("pdf", "fingerprint_how"),
            "parts": [[text, value] for text, value in fingerprints if value],
        },
    }


def _source_rows(selection: Selection, wording: Wording) -> list[list[str]]:
    none = wording.texts["none"]
    return [
        [
            _named(row.role, row.source),
            ", ".join(part for part in (row.supplier, row.url) if part) or none,
            row.as_of or none,
            row.licence or none,
            row.data_status,
        ]
        for row in tables.records(tables.source_table(selection.assessment, wording))
    ]


def _assumed(selection: Selection, wording: Wording) -> dict[str, Any]:
    policy = selection.assessment.policy
    rows = []
    for row in tables.records(assumptions.assumption_table(selection.assessment, wording)):
        fixed = row.low is None or row.low == row.high
        span = wording.texts["none"] if fixed else f"{_plain(wording, row.low)}–{_plain(wording, row.high)}"
        rows.append([_named(row.figure, row.item), _plain(wording, row.value), span, row.unit, row.source])
    rules = assumptions.marked_rules(policy, wording)
    return {
        "title": wording.text("pdf", "assumed"),
        "intro": wording.text("pdf", "assumed_intro" if rows or rules else "assumed_none"),
        "policy": wording.text("pdf", "assumed_policy", names=wording.joined(rules)) if rules else "",
        "header": wording.lines("pdf", "assumed_table"),
        "rows": rows,
    }


def _named(name: str, item: str) -> str:
    """Return a name with the id, by which it is found in its file, in small print below it."""
    return name if name == item else f"{name}\n{item}"


def _plain(wording: Wording, value: float) -> str:
    decimals = (
        0 if abs(value) >= 100 or float(value).is_integer() else min(4, len(f"{value:.4f}".rstrip("0").split(".")[1]))
    )
    return wording.number(value, decimals=decimals)
