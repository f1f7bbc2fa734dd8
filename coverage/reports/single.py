"""Write one report in one format, for all of an assessment or for a part of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

import pandas as pd

from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.disclosure import shown_to
from coverage.errors import DataError
from coverage.reports import address_form, addresses, delimited, gap_paper, geo, priority_paper, short, tables, xlsx
from coverage.reports.audience import mark
from coverage.reports.folder import gap_fingerprint, priority_fingerprint
from coverage.reports.selection import Selection, cut
from coverage.reports.wording import Wording, load_wording

# What the command line offers; the page to send, html, is drawn by the maps.
FORMATS: Final = {
    "gap": ("xlsx", "csv", "pdf", "gpkg", "geojson", "html"),
    "priority": ("xlsx", "csv", "pdf"),
    "addresses": ("xlsx", "csv"),
}

Writer = Callable[[Selection, Path, Wording, str], None]


def require_format(report: str, format: str) -> None:  # noqa: A002 - the command line's own word
    """Raise DataError unless the report exists in that format."""
    if report not in FORMATS:
        raise DataError(f"there is no report {report!r}; expected one of {', '.join(FORMATS)}")
    if format not in FORMATS[report]:
        raise DataError(f"there is no {report} report as {format!r}; expected one of {', '.join(FORMATS[report])}")


def render(
    assessment: Assessment,
    report: str,
    *,
    format: str,  # noqa: A002 - the command line's own word
    path: Path,
    municipality: Collection[str] = (),
    area: Collection[str] = (),
    technology: str | None = None,
    language: str = "en",
    audience: Audience | None = None,
) -> None:
    """Write a report (`gap`, `priority`, `addresses`) to a file, whole or cut to municipalities, areas, a technology.

    It holds what `audience` may see, by default what the assessment's own may. The file appears only when it is
    complete. Raises DataError for an unknown report, format, code or area, PolicyError for an audience that may see
    what was withheld already.
    """
    if (report, format) not in _WRITERS:
        known = ", ".join(f"{name} {kind}" for name, kind in _WRITERS)
        raise DataError(f"there is no report {report!r} in format {format!r} here; expected one of {known}")
    wording = load_wording(language)
    if audience is not None:
        assessment = shown_to(assessment, audience)
    selection = cut(assessment, municipality=municipality, area=area, technology=technology)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
        made = Path(folder) / path.name
        write(selection, report, format=format, path=made, wording=wording)
        made.replace(path)


def write(
    selection: Selection,
    report: str,
    *,
    format: str,  # noqa: A002 - the command line's own word
    path: Path,
    wording: Wording,
) -> None:
    """Write a report of a selection straight to a file, which a failure leaves half made."""
    if report == "priority":
        fingerprint = priority_fingerprint(selection.assessment)
    else:
        fingerprint = gap_fingerprint(selection.cut_from or selection.assessment)
    _WRITERS[report, format](selection, path, wording, fingerprint)


def _gap_csv(selection: Selection, path: Path, wording: Wording, fingerprint: str) -> None:
    extra = mark(selection.assessment)
    places = short.pieces(selection.assessment)
    plain = places.then(lambda part: pd.DataFrame(part.drop(columns=part.geometry.name)).assign(**extra))
    delimited.write_csv(plain, path)


def _gap_gpkg(selection: Selection, path: Path, wording: Wording, fingerprint: str) -> None:
    assessment = selection.assessment
    geo.write_geopackage(geo.gap_layers(assessment), path, as_of=assessment.study.as_of, wording=wording)


def _gap_geojson(selection: Selection, path: Path, wording: Wording, fingerprint: str) -> None:
    study, policy = selection.assessment.study, selection.assessment.policy
    layers = geo.gap_layers(selection.assessment)
    layers = {name: layer for name, layer in layers.items() if name != "municipalities"}
    facts = {
        "name": wording.text("read_me", "gap_title", study=selection.title(wording)),
        "data_status": study.data_status,
        "notice": wording.text("banner", study.data_status),
        **mark(selection.assessment),
        "policy": policy.id,
        "as_of": study.as_of.isoformat(),
        "currency": study.currency,
    }
    geo.write_geojson(layers, path, facts=facts)


def _priority_csv(selection: Selection, path: Path, wording: Wording, fingerprint: str) -> None:
    listed = tables.priority_file(selection.assessment)
    delimited.write_csv(listed.assign(**mark(selection.assessment)), path)


def _gap_xlsx(selection: Selection, path: Path, wording: Wording, fingerprint: str) -> None:
    xlsx.write_gap_report(selection, path, wording=wording, fingerprint=fingerprint)


def _priority_xlsx(selection: Selection, path: Path, wording: Wording, fingerprint: str) -> None:
    xlsx.write_priority_list(selection, path, wording=wording, fingerprint=fingerprint)


def _addresses_xlsx(selection: Selection, path: Path, wording: Wording, fingerprint: str) -> None:
    address_form.write_form(selection, path, wording=wording, fingerprint=fingerprint)


def _addresses_csv(selection: Selection, path: Path, wording: Wording, fingerprint: str) -> None:
    addresses.write_list(selection, path, wording)


def _gap_pdf(selection: Selection, path: Path, wording: Wording, fingerprint: str) -> None:
    gap_paper.write_gap_paper(selection, path, wording=wording, fingerprint=fingerprint)


def _priority_pdf(selection: Selection, path: Path, wording: Wording, fingerprint: str) -> None:
    priority_paper.write_priority_paper(selection, path, wording=wording, fingerprint=fingerprint)


_WRITERS: Final[dict[tuple[str, str], Writer]] = {
    ("gap", "xlsx"): _gap_xlsx,
    ("gap", "csv"): _gap_csv,
    ("gap", "pdf"): _gap_pdf,
    ("gap", "gpkg"): _gap_gpkg,
    ("gap", "geojson"): _gap_geojson,
    ("priority", "xlsx"): _priority_xlsx,
    ("priority", "csv"): _priority_csv,
    ("priority", "pdf"): _priority_pdf,
    ("addresses", "xlsx"): _addresses_xlsx,
    ("addresses", "csv"): _addresses_csv,
}
