"""A folder of outputs: made whole beside the wanted one, then put in its place; its run.json lists what is in it.

A failed run leaves the last good output as it was, and files that no run listed are never replaced.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Final

from coverage.assessment import Assessment
from coverage.errors import CoverageError, DataError
from coverage.reports.delimited import write_json

RUN_FILE: Final = "run.json"
LITTER: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


def check_folder(folder: Path) -> None:
    """Raise DataError if writing to the folder would replace files that this tool did not write."""
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: this is a file; expected a folder to write the outputs to")
    if not folder.exists():
        return
    foreign = _foreign(folder, folder, _listed(folder))
    if foreign:
        raise DataError(
            f"{folder}: holds {foreign!r}, which an earlier run did not write; "
            "name an empty or a new folder, so that nothing of yours is replaced"
        )


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill, which takes the place of `folder` when all went well, and else is gone.

    Raises DataError if the folder holds other people's files, CoverageError if it cannot be replaced.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow a link that the user made
    check_folder(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        made.chmod(0o755)  # a temporary folder is private; the outputs are as open as any other
        yield made
        _replace(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def write_run(
    assessment: Assessment, folder: Path, *, hashed: Callable[[str], bool], more: Mapping[str, Any] | None = None
) -> None:
    """Write run.json: provenance, what `more` says, and each file with its size and, where `hashed`, its SHA-256."""
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        name = path.relative_to(folder).as_posix()
        files[name] = {"bytes": path.stat().st_size}
        if hashed(name):
            files[name]["sha256"] = sha256(path)
    told = {"data_status": assessment.study.data_status, **(more or {})}
    write_json({**assessment.provenance, **told, "files": files}, folder / RUN_FILE)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _listed(folder: Path) -> set[str]:
    """Return the files that an earlier run wrote into the folder, by its run.json, and the folders they are in."""
    try:
        run = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
        names = [RUN_FILE, *run["files"]]
        return {str(part) for name in names for part in (PurePosixPath(name), *PurePosixPath(name).parents)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()  # no earlier run's list: then nothing in the folder counts as ours


def _foreign(inside: Path, folder: Path, ours: set[str]) -> str:
    """Name the first file or folder that is not ours, as it is called from `folder`; nothing where all are."""
    for item in sorted(inside.iterdir()):
        name = item.relative_to(folder).as_posix()
        if name not in ours and item.name not in LITTER:
            return name
        if item.is_dir() and not item.is_symlink() and (within := _foreign(item, folder, ours)):
            return within
    return ""


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
