"""Files that a reader brings: in a folder of their session alone, under names of our own, and gone with the session.

What a file is called on the reader's machine decides nothing but the last part of its name here.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import time
import tomllib
import unicodedata
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.limits import brief
from coverage.sources.offered import ENDINGS, Preview, kind_of
from coverage.sources.specs import SOURCE_KEYS
from coverage.study import Study
from coverage.trial import Trial
from maps.language import _

MOST_MB: Final = 200  # of one file
MOST_FILES: Final = 20  # of one session
KEPT_S: Final = 86_400.0  # a file is removed after a day at the latest, whatever becomes of its session
AWAY_S: Final = 150.0  # a reader whose connection broke may come back for two minutes; then the session is over
PREFIX: Final = "coverage-upload-"
NAME_LENGTH: Final = 60
# What a mapping may say of the file; all else of it (where it lies, other files) is not taken from a reader.
MAPPED: Final = tuple(key for key in SOURCE_KEYS if key not in ("path", "root", "id", "kind"))


@dataclass(frozen=True)
class Upload:
    """Hold one file in use: the table that says how it is read, and the source that it makes."""

    table: Mapping[str, Any]
    spec: SourceSpec


@dataclass
class Pending:
    """Hold the file that the form is about, and what has been found out about it."""

    path: Path
    kind: str
    preview: Preview | None = None
    parts: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)  # offered.parts_of, by member
    read_as: tuple[str, ...] = ()  # the format and the part that `preview` was read as
    trial: Trial | None = None
    tried: str = ""  # the block that `trial` was of


class Desk:
    """Keep the files of one session. The folder goes when the session does, and after a day in any case."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._folder: Path | None = None
        self.pending: Pending | None = None
        self.used: dict[str, Upload] = {}
        self.unproven: tuple[str, Upload | None] | None = None  # id of the newest, and what it stands in place of
        self._leaving: threading.Timer | None = None

    @property
    def folder(self) -> Path:
        """Return the session's folder, which nobody but this server's user may enter; made when it is first needed."""
        if self._folder is None or not self._folder.is_dir():
            sweep(now=self._clock())
            self._folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
            _FOLDERS.add(self._folder)
            weakref.finalize(self, _remove, self._folder)
        return self._folder

    def leave(self, *, after_s: float = AWAY_S) -> None:
        """Remove the files in a while, unless the reader comes back: the connection has ended."""
        self.stay()
        if self._folder is not None:
            self._leaving = threading.Timer(after_s, _remove, [self._folder])
            self._leaving.daemon = True
            self._leaving.start()

    def stay(self) -> None:
        """Keep the files: the reader is there."""
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    def keep(self, given: str, data: bytes) -> Path:
        """Write an uploaded file under a name of our own and return its path.

        The same name with other contents gets a number, so that nothing that is in use changes. Raises DataError for
        an ending that is not read, an empty file, one that is too large and one too many.
        """
        name = safe_name(given)
        if not data:
            raise DataError(_("{file}: the file is empty; expected rows", file=name))
        if len(data) > MOST_MB * 1_000_000:
            raise DataError(
                _(
                    "{file}: larger than {most} MB; expected less, or a file of the study itself",
                    file=name,
                    most=MOST_MB,
                )
            )
        stem, ending = _parted(name)
        for number in range(1, MOST_FILES + 1):
            path = self.folder / (name if number == 1 else f"{stem}-{number}{ending}")
            if not path.exists():
                path.write_bytes(data)
                return path
            if path.read_bytes() == data:
                return path
        raise DataError(
            _("{file}: {count} files of this name are here; expected another name", file=name, count=MOST_FILES)
        )

    def open(self, given: str, data: bytes) -> Pending:
        """Take a file in as the one that the form is about. Raises DataError where it cannot be a source."""
        path = self.keep(given, data)
        self.pending = None
        kind = kind_of(path, SourceSpec(id="upload", role="", kind="table", path=path, file=path.name, uploaded="?"))
        self.pending = Pending(path, kind)
        return self.pending

    def name_for(self, path: Path, study: Study) -> str:
        """Return the id of the source that a file makes: from its name, and none that the study has."""
        plain = unicodedata.normalize("NFKD", _parted(path.name)[0]).encode("ascii", "ignore").decode()
        wanted = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower() or "file"
        taken = {source.id for source in study.sources if not source.uploaded}
        return f"upload-{wanted}" if wanted in taken else wanted

    def use(self, upload: Upload) -> None:
        """Add a file to the session's study, in place of what has its id; it is unproven until the study holds."""
        self.unproven = (upload.spec.id, self.used.get(upload.spec.id))
        self.used[upload.spec.id] = upload

    def take_out(self, source_id: str) -> None:
        """Leave a file out of the session's study again."""
        self.used.pop(source_id, None)

    def give_back(self) -> str:
        """Undo the last `use` if the study has not held since; return the file's name, or "" if nothing is undone."""
        if self.unproven is None:
            return ""
        source_id, before = self.unproven
        self.unproven = None
        dropped = self.used.pop(source_id, None)
        if before is not None:
            self.used[source_id] = before
        return dropped.spec.path.name if dropped else ""

    def hold(self) -> bool:
        """Remember that the study held with all that is in use; return whether that was not known before."""
        news, self.unproven = self.unproven is not None, None
        return news

    def lost(self) -> list[str]:
        """Take out the files that are no longer there, as after a day, and return their names."""
        gone = [name for name, upload in self.used.items() if not upload.spec.path.is_file()]
        return [self.used.pop(name).spec.path.name for name in gone]

    def apply(self, study: Study) -> Study:
        """Return the study with everything that is in use."""
        for upload in self.used.values():
            study = study.with_source(upload.spec)
        return study


_FOLDERS: Final[set[Path]] = set()  # of all sessions of this server


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _FOLDERS.discard(folder)


def remove_all() -> None:
    """Remove the files of every session: the server stops."""
    for folder in list(_FOLDERS):
        _remove(folder)


def safe_name(given: str) -> str:
    """Return a file name of letters, digits, hyphens and points, with its known ending; no folder is left of it.

    Raises DataError for an ending that is not read.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    stem, ending = _parted(last)
    plain = re.sub(r"[^\w-]+", "_", stem).strip("_-.")[:NAME_LENGTH] or "file"
    if ending.rpartition(".")[2] and f".{ending.rpartition('.')[2]}" in ENDINGS:
        return f"{plain}{ending}"
    if ending in (".shp", ".dbf", ".shx", ".prj"):
        told = _("{file}: one part of a shapefile; expected all its parts in one .zip file", file=f"{plain}{ending}")
        raise DataError(told)
    shown, known = brief(last, length=NAME_LENGTH), ", ".join(ENDINGS)
    raise DataError(_("{file}: no kind of file that is read; expected one of {endings}", file=shown, endings=known))


def _parted(name: str) -> tuple[str, str]:
    """Return a file name without its ending, and the ending in small letters; .csv.gz is one."""
    stem, dot, ending = name.rpartition(".")
    if not dot:
        return name, ""
    if ending.lower() == "gz" and stem.lower().endswith((".csv", ".tsv", ".txt")):
        return stem[:-4], f"{stem[-4:]}.{ending}".lower()
    return stem, f".{ending}".lower()


def read_mapping(text: bytes) -> dict[str, Any]:
    """Return what a saved [[sources]] block says of columns, words and options, but not of files.

    Raises DataError where it is no such block.
    """
    try:
        blocks = tomllib.loads(text.decode("utf-8-sig")).get("sources")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        told = _("the mapping: not readable ({why}); expected a [[sources]] block in TOML", why=brief(error))
        raise DataError(told) from error
    if not isinstance(blocks, list) or len(blocks) != 1 or not isinstance(blocks[0], dict):
        raise DataError(_("the mapping: expected exactly one [[sources]] block"))
    unknown = sorted(set(blocks[0]) - set(SOURCE_KEYS))
    if unknown:
        told = _("the mapping: unknown key {key}; expected keys of a source in study.toml", key=repr(unknown[0]))
        raise DataError(told)
    return {key: value for key, value in blocks[0].items() if key in MAPPED}


def sweep(*, now: float) -> None:
    """Remove the folders of sessions that nothing was written to for a day, also those of a server that has died."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            old = now - folder.stat().st_mtime > KEPT_S
        except OSError:  # another session's end has just removed it
            continue
        if old:
            shutil.rmtree(folder, ignore_errors=True)
