"""What encoding the texts of a shapefile are in: its sidecar says so, else its table does, else it is found out."""

from __future__ import annotations

import struct
from pathlib import Path

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.encoding import is_mixed
from coverage.sources.limits import check_count

_LANGUAGE = 29  # where a dBase table names its code page; 0: it does not
_ANSI = 0x57  # "whatever this machine uses"


def text_encoding(path: Path, spec: SourceSpec) -> tuple[str | None, tuple[str, ...]]:
    """Return the encoding to read a shapefile's texts in (None: it says so itself), and a note where it is found out.

    Option `encoding` decides. Without a ``.cpg`` file and a code page in the table, texts are UTF-8 where all of them
    are valid UTF-8, else Windows-1252. Raises DataError for a mixture of the two.
    """
    given = str(spec.options.get("encoding", ""))
    if given:
        return given, ()
    sidecars = {item.suffix.lower(): item for item in path.parent.glob(f"{_escaped(path.stem)}.*")}
    table = sidecars.get(".dbf")
    if ".cpg" in sidecars or table is None:
        return None, ()
    check_count(table.stat().st_size, spec, "max_bytes", "bytes in the table")
    data = table.read_bytes()
    if len(data) <= _LANGUAGE or data[_LANGUAGE] not in (0, _ANSI):
        return None, ()
    records = data[struct.unpack_from("<H", data, 8)[0] :]
    if records.isascii():
        return None, ()
    try:
        records.decode("utf-8")
    except UnicodeDecodeError:
        if is_mixed(records):
            raise DataError(
                f"{spec.name}: some texts are UTF-8 and some are not, and there is no .cpg file; expected one encoding"
            ) from None
        return "cp1252", ("there is no .cpg file; the texts are read as Windows-1252, because they are not UTF-8",)
    return "utf-8", ("there is no .cpg file; the texts are read as UTF-8, which they are",)


def _escaped(stem: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in stem)
