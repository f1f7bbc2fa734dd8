"""Write every output of one assessment into a folder: all of it or nothing."""

from __future__ import annotations

import functools
import hashlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from coverage.assessment import Assessment
from coverage.reports import corrections, delimited, gap_paper, geo, priority_paper, tables, xlsx
from coverage.reports.once import once
from coverage.reports.outputs import RUN_FILE, replacing, sha256, write_run
from coverage.reports.selection import cut
from coverage.reports.wording import load_wording

# The same assessment gives the same bytes; run.json lists their SHA-256.
DETERMINISTIC: Final = (
    "places.parquet",
    "areas.parquet",
    "priority-list.csv",
    "rejected.csv",
    "corrections.csv",
    "summary.json",
)
FILES: Final = (
    "summary.json", "rejected.csv", "corrections.csv", "priority-list.csv", "places.parquet", "areas.parquet",
    "assessment.gpkg", "gap-report.xlsx", "priority-list.xlsx", "gap-report.pdf", "priority-list.pdf", RUN_FILE,
)  # fmt: skip

Progress = Callable[[str], None]


def write_all(
    assessment: Assessment,
    folder: Path,
    *,
    progress: Progress,
    extra: Mapping[str, Callable[[Assessment, Path], None]] = MappingProxyType({}),
    language: str = "en",
) -> None:
    """Write all outputs of an assessment to a folder, in place of those of an earlier run.

    `extra` names further files, each with the function that writes it. `progress` is called before each file.
    Raises DataError if the folder holds other people's files, CoverageError if it cannot be replaced.
    """
    with replacing(folder) as made:
        _write_files(assessment, made, progress=progress, language=language)
        for name, write in extra.items():
            progress(f"writing {name}")
            write(assessment, made / name)
        progress(f"writing {RUN_FILE}")
        write_run(assessment, made, hashed=DETERMINISTIC.__contains__)


@once
def priority_fingerprint(assessment: Assessment) -> str:
    """Return the SHA-256 of the priority-list.csv of an assessment, or of the part of one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fingerprint.csv"
        delimited.write_csv(tables.priority_file(assessment), path)
        return sha256(path)


@once
def gap_fingerprint(assessment: Assessment) -> str:
    """Return the SHA-256 of the summary.json of an assessment."""
    return hashlib.sha256(delimited.summary_json(assessment.summary).encode()).hexdigest()


def _write_files(assessment: Assessment, folder: Path, *, progress: Progress, language: str) -> None:
    wording, whole = load_wording(language), cut(assessment)
    as_of = assessment.study.as_of
    summary = folder / "summary.json"
    list_csv = folder / "priority-list.csv"
    places = geo.every_place(assessment)
    brief = places.then(functools.partial(geo.brief_places, wording=wording))
    steps: list[tuple[str, Callable[[Path], None]]] = [
        ("summary.json", lambda path: _write_text(path, delimited.summary_json(assessment.summary))),
        ("rejected.csv", lambda path: delimited.write_csv(tables.rejected_table(assessment), path)),
        ("corrections.csv", lambda path: delimited.write_csv(corrections.plain_table(assessment), path)),
        ("priority-list.csv", lambda path: delimited.write_csv(tables.priority_file(assessment), path)),
        ("places.parquet", lambda path: geo.write_parquet_pieces(places, path)),
        ("areas.parquet", lambda path: geo.write_parquet(geo.full_areas(assessment), path)),
        (
            "assessment.gpkg",
            lambda path: geo.write_geopackage(
                geo.assessment_layers(assessment, brief), path, as_of=as_of, wording=wording
            ),
        ),
        (
            "gap-report.xlsx",
            lambda path: xlsx.write_gap_report(whole, path, wording=wording, fingerprint=sha256(summary)),
        ),
        (
            "priority-list.xlsx",
            lambda path: xlsx.write_priority_list(whole, path, wording=wording, fingerprint=sha256(list_csv)),
        ),
        (
            "gap-report.pdf",
            lambda path: gap_paper.write_gap_paper(whole, path, wording=wording, fingerprint=sha256(summary)),
        ),
        (
            "priority-list.pdf",
            lambda path: priority_paper.write_priority_paper(
                whole, path, wording=wording, fingerprint=sha256(list_csv)
            ),
        ),
    ]
    for name, write in steps:
        progress(f"writing {name}")
        write(folder / name)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
