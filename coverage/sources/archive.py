"""One data set inside a zip file: found, checked against every trick that archives know, and unpacked for reading.

Nothing is unpacked before the archive's own list of contents has been checked; what is unpacked is counted as it
comes; and the names in the archive decide nothing but the last part of a file name in a new temporary folder.
"""

from __future__ import annotations

import atexit
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.limits import CHUNK, MAX_MEMBERS, brief, check_unpacked

ARCHIVES: Final = (".zip", ".kmz")
NESTED: Final = (".zip", ".kmz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz")
# What a data set of each kind may be called inside an archive.
SUFFIXES: Final = {
    "vector": (".gpkg", ".shp", ".geojson", ".json", ".fgb", ".parquet", ".geoparquet", ".kml", ".gdb", ".pbf"),
    "table": (".csv", ".tsv", ".txt", ".xlsx", ".parquet"),
    "raster": (".tif", ".tiff", ".hgt", ".asc"),
}
SIDECARS: Final = (".shp", ".tif", ".tiff", ".asc")  # files of the same stem belong to these

_END: Final = b"PK\x05\x06"  # the end record of the contents: 22 bytes and a comment of at most 65,535
_END_SIZE: Final = 22
_ENTRY_BYTES: Final = 512  # of the contents, for one member: more is not a list of data files


def split_archive(path: Path) -> tuple[Path, str]:
    """Return the file on disk and the member inside it: ``a.zip/b/c.shp`` is ``b/c.shp`` in ``a.zip``.

    A path that leads through no archive is itself, with no member.
    """
    for place in path.parents:
        if place.suffix.lower() in ARCHIVES and place.is_file():
            return place, path.relative_to(place).as_posix()
    return path, ""


@contextmanager
def local_file(spec: SourceSpec) -> Iterator[Path]:
    """Give the file of a source as a path to read: its own, or unpacked from its archive until the block ends.

    Raises DataError where there is no such file, or where the archive or the member is not as it should be.
    """
    path, member = split_archive(spec.path)
    if not exists(path):
        raise DataError(f"{spec.name}: the file does not exist; expected a {spec.kind} for source {spec.id!r}")
    if path.suffix.lower() not in ARCHIVES:
        yield spec.path
        return
    with tempfile.TemporaryDirectory(prefix="coverage-") as folder:
        yield _unpack(path, member or str(spec.options.get("member", "")), spec, Path(folder))


def kept_file(spec: SourceSpec) -> Path:
    """Return the file of a source as a path that stays until the program ends: stages read rasters where they lie."""
    path, member = split_archive(spec.path)
    if path.suffix.lower() not in ARCHIVES or not exists(path):
        return spec.path
    member = member or str(spec.options.get("member", ""))
    key = (path, path.stat().st_mtime_ns, path.stat().st_size, member)
    if key not in _KEPT:
        folder = tempfile.TemporaryDirectory(prefix="coverage-", ignore_cleanup_errors=True)
        atexit.register(folder.cleanup)
        try:
            _KEPT[key] = _unpack(path, member, spec, Path(folder.name))
        except DataError:
            folder.cleanup()
            raise
    return _KEPT[key]


def exists(path: Path) -> bool:
    """Return whether a file or folder is there; a name that the system cannot have is not there."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def check_archive(path: Path, spec: SourceSpec) -> list[zipfile.ZipInfo]:
    """Return the members of a zip file (folders left out) once its list of contents is found harmless.

    Raises DataError where it is no zip file, lists too many members, or one that leads out of the archive, is a
    symbolic link, is encrypted, or claims to unpack to more than the limits allow.
    """
    try:
        with path.open("rb") as file:
            _check_contents(file, spec)
            with zipfile.ZipFile(file) as archive:
                members = [info for info in archive.infolist() if not info.filename.endswith("/")]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise DataError(f"{spec.name}: not a readable archive ({brief(error)}); expected a whole zip file") from error
    for info in members:
        _check_name(info, spec)
        if stat.S_ISLNK(info.external_attr >> 16):
            raise DataError(f"{spec.name}: the archive holds the link {brief(info.filename)!r}; expected plain files")
        if info.flag_bits & 0x1:
            raise DataError(
                f"{spec.name}: {brief(info.filename)!r} is encrypted; expected an archive without a password"
            )
    check_unpacked(sum(info.file_size for info in members), path.stat().st_size, spec)
    return members


def copy_bounded(source: IO[bytes], target: IO[bytes], spec: SourceSpec, *, packed: int, before: int = 0) -> int:
    """Copy a stream and return the bytes so far, or raise DataError as soon as they are more than the limits allow."""
    total = before
    while chunk := source.read(CHUNK):
        total += len(chunk)
        check_unpacked(total, packed, spec)
        target.write(chunk)
    return total


# Unpacked rasters by file, its version and member; their folders are removed when the program ends.
_KEPT: dict[tuple[Path, int, int, str], Path] = {}


def _check_contents(file: IO[bytes], spec: SourceSpec) -> None:
    """Refuse a list of contents that would itself fill the memory, before it is read."""
    size = file.seek(0, 2)
    start = max(0, size - _END_SIZE - 0xFFFF)
    file.seek(start)
    tail = file.read()
    found = tail.rfind(_END)
    if found < 0 or len(tail) < found + _END_SIZE:
        raise zipfile.BadZipFile("no list of contents")
    count, contents = struct.unpack_from("<HI", tail, found + 10)
    if count == 0xFFFF or contents == 0xFFFFFFFF:
        # Larger numbers stand in an older-looking record's big brother, 56 bytes before its own locator.
        here = tail.rfind(b"PK\x06\x06", 0, found)
        if here < 0:
            raise zipfile.BadZipFile("no list of contents")
        count, contents = struct.unpack_from("<QQ", tail, here + 32)
    if count > MAX_MEMBERS or contents > MAX_MEMBERS * _ENTRY_BYTES:
        raise DataError(f"{spec.name}: the archive lists {count:,} files; expected no more than {MAX_MEMBERS:,}")
    file.seek(0)


def _check_name(info: zipfile.ZipInfo, spec: SourceSpec) -> None:
    # The name as the archive writes it: the library has cut it at a NUL byte and turned backslashes.
    name = info.orig_filename.replace("\\", "/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in name.split("/") or "\0" in name or not name:
        raise DataError(
            f"{spec.name}: the archive holds the path {brief(info.orig_filename)!r}, which leads out of it; "
            f"expected plain file names"
        )


def _unpack(path: Path, member: str, spec: SourceSpec, folder: Path) -> Path:
    """Unpack one data set into an empty folder and return its path there."""
    members = check_archive(path, spec)
    chosen = _choose(members, member, spec)
    main = _flat(chosen)
    wanted = _parts(members, chosen)
    total, packed = 0, path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            for info in wanted:
                target = folder / (main if info.filename == chosen else _flat(info.filename, beside=chosen))
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as source, target.open("xb") as out:
                    total = copy_bounded(source, out, spec, packed=packed, before=total)
    except FileExistsError as error:
        raise DataError(
            f"{spec.name}: the archive holds {brief(member or chosen)!r} twice; expected it once"
        ) from error
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError, RuntimeError, ValueError) as error:
        raise DataError(f"{spec.name}: the archive is damaged ({brief(error)}); expected a whole zip file") from error
    return folder / main


def data_sets(path: Path, spec: SourceSpec) -> tuple[str, ...]:
    """Return what in a zip file can be a source of any kind in SUFFIXES. Raises DataError as `check_archive` does."""
    known = {suffix for suffixes in SUFFIXES.values() for suffix in suffixes}
    names = {_dataset(info.filename) for info in check_archive(path, spec)}
    return tuple(sorted(name for name in names if PurePosixPath(name).suffix.lower() in known))


def _choose(members: Sequence[zipfile.ZipInfo], member: str, spec: SourceSpec) -> str:
    """Return the member that study.toml names, else the only one that can be a source of this kind."""
    names = [info.filename for info in members]
    kinds = SUFFIXES.get(spec.kind, ())
    data = sorted({_dataset(name) for name in names if PurePosixPath(_dataset(name)).suffix.lower() in kinds})
    shown = ", ".join(brief(name, length=60) for name in data[:8]) + (" …" if len(data) > 8 else "")
    if member:
        if member not in names and member not in data:
            known = f"expected one of {shown}" if data else f"it holds nothing that can be a {spec.kind}"
            raise DataError(f"{spec.name}: the archive has no member {brief(member)!r}; {known}")
        if PurePosixPath(member).suffix.lower() in NESTED:
            raise DataError(f"{spec.name}: {brief(member)!r} is an archive in an archive; expected the data set itself")
        return member
    if len(data) > 1:
        raise DataError(f"{spec.name}: the archive holds {shown}; name one as options.member in study.toml")
    if not data:
        nested = next((name for name in names if PurePosixPath(name).suffix.lower() in NESTED), "")
        inner = f"only another archive, {brief(nested)!r}" if nested else "none"
        raise DataError(f"{spec.name}: the archive holds {inner}; expected a {spec.kind} such as *{kinds[0]}")
    return data[0]


def _dataset(name: str) -> str:
    """Return the data set that a member belongs to: a file geodatabase is a folder, any other file is itself."""
    parts = PurePosixPath(name).parts
    for count, part in enumerate(parts[:-1], start=1):
        if part.lower().endswith(".gdb"):
            return PurePosixPath(*parts[:count]).as_posix()
    return name


def _parts(members: Sequence[zipfile.ZipInfo], chosen: str) -> list[zipfile.ZipInfo]:
    """Return the members that make up a data set, sidecar files included."""
    whole = PurePosixPath(chosen)
    if whole.suffix.lower() == ".gdb":
        return [info for info in members if PurePosixPath(info.filename).is_relative_to(whole)]
    if whole.suffix.lower() not in SIDECARS:
        return [info for info in members if info.filename == chosen]
    return [
        info for info in members
        if info.filename == chosen or (
            PurePosixPath(info.filename).parent == whole.parent
            and PurePosixPath(info.filename).name.lower().startswith(f"{whole.stem.lower()}.")
            and PurePosixPath(info.filename).suffix.lower() not in NESTED
        )
    ]  # fmt: skip


def _flat(name: str, *, beside: str = "") -> str:
    """Return the file name to unpack to: the last part alone, or what lies below a file geodatabase."""
    if beside.lower().endswith(".gdb"):
        base = PurePosixPath(beside)
        return (PurePosixPath(base.name) / PurePosixPath(name).relative_to(base)).as_posix()
    return PurePosixPath(name).name
