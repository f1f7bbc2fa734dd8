"""How much one file may ask for, so that a broken or hostile one ends in a sentence and not in a full memory.

Each limit is far above what a county's data need. Those that a large country's file could reach are options of a
source in study.toml; the others hold always.
"""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Mapping
from typing import IO, Final

from coverage.errors import DataError
from coverage.inputs import SourceSpec

# Options of a source, and their defaults.
MAX_BYTES: Final = 2_000_000_000  # unpacked, of one source: all addresses of Norway are half of that as text
MAX_ROWS: Final = 12_000_000  # four times the addresses of Norway; a million places take a gigabyte
MAX_PIXELS: Final = 4_000_000_000  # Norway with its sea in 25 m cells
LIMITS: Final[Mapping[str, int]] = {"max_bytes": MAX_BYTES, "max_rows": MAX_ROWS, "max_pixels": MAX_PIXELS}

# A register packs to a tenth, an empty raster to a hundredth; what unpacks to more than this was made for it.
MAX_RATIO: Final = 200
RATIO_FLOOR: Final = 50_000_000  # bytes that any archive may unpack to: small files of zeros are harmless
MAX_MEMBERS: Final = 10_000  # of an archive; a file geodatabase has a few hundred
MAX_COLUMNS: Final = 5_000  # of a table: no register comes near, and each costs memory
MAX_CELLS: Final = 50_000_000  # of a spreadsheet, of which every cell is held apart: a full sheet of 47 columns
MAX_BLOCK_PIXELS: Final = 64_000_000  # that a raster makes a reader hold at once: one strip of 8,000 × 8,000
MAX_TEXT: Final = 1_000  # characters in one text value: names and addresses; a spreadsheet cell ends at 32,767

# A file must not send GDAL to the network. No file name ends so, hence every remote one is refused; GDAL asks for
# this variable whenever it is about to open one.
os.environ.setdefault("CPL_VSIL_CURL_ALLOWED_EXTENSIONS", ".no-network")

CHUNK: Final = 1 << 20


def limit(spec: SourceSpec, name: str) -> int:
    """Return one of LIMITS for a source: its option, else the default."""
    return int(spec.options.get(name, LIMITS[name]))


def check_count(count: int, spec: SourceSpec, name: str, what: str) -> None:
    """Raise DataError where a file announces more of something than its limit allows."""
    most = limit(spec, name)
    if count > most:
        raise DataError(
            f"{spec.name}: {count:,} {what}; expected no more than {most:,}, or a higher options.{name} in study.toml"
        )


def read_bounded(file: IO[bytes] | gzip.GzipFile, spec: SourceSpec, *, packed: int) -> bytes:
    """Read a stream to its end, or raise DataError as soon as it holds more than the limits allow.

    `packed` is how many bytes it takes on disk; a stream that unpacks to MAX_RATIO times as many is refused.
    """
    parts = []
    total = 0
    while chunk := file.read(CHUNK):
        total += len(chunk)
        check_unpacked(total, packed, spec)
        parts.append(chunk)
    return b"".join(parts)


def check_unpacked(total: int, packed: int, spec: SourceSpec) -> None:
    """Raise DataError where `total` bytes from `packed` ones are more than a source may hold."""
    most = limit(spec, "max_bytes")
    if total > most:
        raise DataError(f"{spec.name}: more than {most:,} bytes unpacked; expected less, or a higher options.max_bytes")
    if total > RATIO_FLOOR and total > packed * MAX_RATIO:
        raise DataError(
            f"{spec.name}: unpacks to more than {MAX_RATIO} times its size, as no data does; expected a plain archive"
        )


def brief(error: object, *, length: int = 100) -> str:
    """Return what another library says, as part of one sentence: on one line, printable, not long, and no folders."""
    text = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", str(error)).strip() or type(error).__name__
    text = re.sub(r"(?<![\w./])/(?:[^\s/'\":,;()]+/)+", "", text)
    return text if len(text) <= length else text[: length - 2].rstrip() + " …"
