"""Write every output of one assessment into a folder: all of it or nothing.

Files are made in a temporary folder beside the wanted one, which then takes its place. A failed run leaves the
last good output as it was.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from coverage.assessment import Assessment
from coverage.errors import CoverageError, DataError
from coverage.reports import corrections, delimited, gap_paper, geo, priority_paper, tables, xlsx
from coverage.reports.selection import Selection, cut
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
RUN_FILE: Final = "run.json"
FILES: Final = (
    "summary.json", "rejected.csv", "corrections.csv", "priority-list.csv", "places.parquet", "areas.parquet",
    "assessment.gpkg", "gap-report.xlsx", "priority-list.xlsx", "gap-report.pdf", "priority-list.pdf", RUN_FILE,
)  # fmt: skip
LITTER: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})

Progress = Callable[[str], None]


def check_folder(folder: Path) -> None:
    """Raise DataError if writing to the folder would replace files that this tool did not write."""
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: this is a file; expected a folder to write the outputs to")
    if not folder.exists():
        return
    ours = _listed(folder)
    foreign = sorted(item.name for item in folder.iterdir() if item.name not in ours | LITTER)
    if foreign:
        raise DataError(
            f"{folder}: holds {foreign[0]!r}, which an earlier run did not write; "
            "name an empty or a new folder, so that nothing of yours is replaced"
        )


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
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow a link that the user made
    check_folder(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        made.chmod(0o755)  # a temporary folder is private; the outputs are as open as any other
        _write_files(assessment, made, progress=progress, language=language)
        for name, write in extra.items():
            progress(f"writing {name}")
            write(assessment, made / name)
        progress(f"writing {RUN_FILE}")
        _write_run(assessment, made)
        _replace(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def priority_fingerprint(selection: Selection, folder: Path) -> str:
    """Return the SHA-256 of the priority-list.csv of a selection, made in the folder and removed again."""
    path = folder / "fingerprint.csv"
    delimited.write_csv(tables.priority_file(selection.assessment), path)
    digest = sha256(path)
    path.unlink()
    return digest


def gap_fingerprint(assessment: Assessment) -> str:
    """Return the SHA-256 of the summary.json of an assessment."""
    return hashlib.sha256(delimited.summary_json(assessment.summary).encode()).hexdigest()


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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


def _write_run(assessment: Assessment, folder: Path) -> None:
    files = {}
    for path in sorted(folder.iterdir()):
        files[path.name] = {"bytes": path.stat().st_size}
        if path.name in DETERMINISTIC:
            files[path.name]["sha256"] = sha256(path)  # type: ignore[assignment]
    run = {**assessment.provenance, "data_status": assessment.study.data_status, "files": files}
    delimited.write_json(run, folder / RUN_FILE)


def _listed(folder: Path) -> set[str]:
    """Return the names that an earlier run wrote into the folder, by its run.json."""
    try:
        run = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
        return {RUN_FILE, *run["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()  # no earlier run's list: then nothing in the folder counts as ours


def _replace(made: Path, folder: Path) -> None:
    # Windows cannot rename over a folder, nor move one in which a file is open in another program.
    if not folder.exists():
        made.rename(folder)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    kept = aside / folder.name
    try:
        folder.rename(kept)
    except OSError as error:
        aside.rmdir()
        raise CoverageError(
            f"{folder}: cannot be replaced ({error.strerror}); close the programs that have its files open"
        ) from error
    try:
        made.rename(folder)
    except OSError as error:
        kept.rename(folder)
        aside.rmdir()
        raise CoverageError(f"{folder}: cannot be written ({error.strerror})") from error
    shutil.rmtree(aside, ignore_errors=True)
