"""Bytes of a text file to UTF-8: what the file says of itself, else UTF-8, else Windows-1252, and never a mixture."""

from __future__ import annotations

import codecs
import re
from typing import Final

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.limits import CHUNK, brief

FALLBACK: Final = "cp1252"  # Windows' Western European; where it differs from Latin-1 it has letters for control codes
MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# A letter of two or three bytes in UTF-8. In Windows-1252 it would read "Ã¸" or "â€“", which no register means.
_MULTIBYTE: Final = re.compile(rb"[\xc3-\xcb][\x80-\xbf]|\xe2[\x80-\x82][\x80-\xbf]")


def to_utf8(data: bytes, spec: SourceSpec) -> tuple[bytes, tuple[str, ...]]:
    """Return the text as UTF-8 without a byte order mark, and a note where its encoding was found out.

    Option `encoding` decides; else a byte order mark; else the text is UTF-8 if all of it is valid UTF-8, and
    Windows-1252 if none of its other characters are. Raises DataError naming the line where it is neither.
    """
    given = str(spec.options.get("encoding", ""))
    if given:
        return _decoded(data, given, spec), ()
    for mark, name in MARKS:
        if data.startswith(mark):
            return (_decoded(data, name, spec), ()) if name == "utf-8" else (_decoded(data, name, spec), (_note(name),))
    wrong = _first_wrong(data)
    if wrong is None:
        return data, ()
    line = data.count(b"\n", 0, wrong) + 1
    if is_mixed(data):
        raise DataError(
            f"{spec.name}: line {line} is not UTF-8 text, though other lines are; expected one encoding throughout"
        )
    try:
        return data.decode(FALLBACK).encode("utf-8"), (_note("Windows-1252"),)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{spec.name}: line {line} is neither UTF-8 nor Windows-1252 text; expected text, or its options.encoding"
        ) from error


def is_mixed(data: bytes) -> bool:
    """Return whether bytes that are not all UTF-8 nevertheless hold letters in UTF-8."""
    return _MULTIBYTE.search(data) is not None


def _decoded(data: bytes, encoding: str, spec: SourceSpec) -> bytes:
    try:
        text = data.decode(encoding)
        if not isinstance(text, str):  # "hex" and the like turn bytes into bytes
            raise LookupError(encoding)
        return text.removeprefix("\ufeff").encode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f'{spec.name}: line {line} is not {encoding} text; expected {encoding}, or options.encoding = "cp1252"'
        ) from error
    except UnicodeEncodeError as error:  # half of a pair that UTF-16 writes rare characters with
        raise DataError(f"{spec.name}: not whole {encoding} text ({brief(error)}); expected a whole file") from error
    except LookupError as error:
        raise DataError(f"{spec.name}: encoding {encoding!r} is unknown; expected e.g. 'utf-8' or 'cp1252'") from error


def _first_wrong(data: bytes) -> int | None:
    """Return where the bytes stop being UTF-8, or None; a part at a time, so that no second copy is made."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    start = 0
    for start in range(0, len(data), CHUNK):
        kept = len(decoder.getstate()[0])
        try:
            decoder.decode(data[start : start + CHUNK])
        except UnicodeDecodeError as error:
            return start - kept + error.start
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return len(data) - 1
    return None


def _note(name: str) -> str:
    return f"the text is read as {name}, because it is not UTF-8"
