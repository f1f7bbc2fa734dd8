"""Damage a seed and read it: the outcome must be a result, or one sentence."""

from __future__ import annotations

import random
import re
import tempfile
import warnings
from pathlib import Path

from coverage.errors import CoverageError
from coverage.inputs import SourceSpec
from coverage.sources.area import StudyArea
from coverage.sources.layers import read_mobile_raster, read_municipalities, read_roads
from coverage.sources.premises import read_premises
from tests import studymaker
from tests.fuzz.seeds import Seed
from tests.studymaker import CRS

AREA = StudyArea(
    CRS, studymaker.municipalities().rename(columns={"kommunenummer": "municipality_code", "kommunenavn": "name"})
)
COLUMNS = {
    "municipalities": {"municipality_code": "nr", "name": "label"},
    "premises": {"kind": "type"},
    "roads": {},
    "mobile": {},
}
TABLE = {"place_id": "id", "kind": "type", "weight": "count", "x": "east", "y": "north", "name": "navn"}
OPTIONS = {"mobile": {"operator": "o", "technology": "4g"}}
MAX_SENTENCE = 700


def damaged(rng: random.Random, seed: Seed, others: list[bytes]) -> dict[str, bytes]:
    """Return the files of a seed with one of them damaged, in one to four ways."""
    files = dict(seed[3])
    name = rng.choice(sorted(files))
    data = bytearray(files[name])
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        _damage(rng, data, rng.choice(others))
    files[name] = bytes(data)
    if rng.random() < 0.03 and len(files) > 1:
        del files[rng.choice(sorted(files))]
    return files


def _damage(rng: random.Random, data: bytearray, other: bytes) -> None:
    at = rng.randrange(len(data) + 1)
    length = rng.choice((1, 2, 4, 8, 16, 100, 1000))
    match rng.randrange(9):
        case 0:
            del data[at:]
        case 1:
            del data[at : at + length]
        case 2:
            data[at:at] = data[at : at + length] * rng.choice((1, 2, 50))
        case 3:
            start = rng.randrange(len(other) + 1)
            data[at : at + length] = other[start : start + length]
        case 4:
            start = rng.randrange(len(other) + 1)
            data[at:at] = other[start : start + length]
        case 5:
            for _ in range(rng.choice((1, 2, 10))):
                if data:
                    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        case 6:
            number = rng.choice((0, 1, 0x7F, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFFFFFFFFFF))
            size = 8 if number > 0xFFFFFFFF else rng.choice((4, 8)) if number > 0xFF else rng.choice((1, 2, 4))
            data[at : at + size] = number.to_bytes(size, rng.choice(("little", "big")))
        case 7:
            data[at:at] = rng.choice(
                (b"\0", b"\xff\xfe", b'"', b"<!DOCTYPE x>", b"=1+1", b"../", b"\x1b[31m", b"NaN", b"1e999")
            )
        case 8:
            data[at : at + length] = rng.randbytes(length)


def outcome(seed: Seed, files: dict[str, bytes], *, options: dict[str, object] | None = None) -> str:
    """Read the files: "read" or "refused"; whatever else is raised is a finding and comes through."""
    role, kind, main, _ = seed
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for name, data in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        chosen = {**OPTIONS.get(role, {}), **(options or {})}
        if kind == "raster" and "c.tif" in files:
            chosen["classes"] = {"0": "none", "1": "basic", "2": "good", "3": "very_good"}
        spec = SourceSpec(
            id="s", role=role, kind=kind, path=Path(folder) / main, crs=CRS if kind == "table" else "", options=chosen,
            columns=TABLE if kind == "table" else COLUMNS[role],
            values={"kind": {"B": "business", "H": "household"}} if role == "premises" else {},
        )  # fmt: skip
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                _read(spec)
        except CoverageError as error:
            check_sentence(str(error), folder)
            return "refused"
    return "read"


def check_sentence(sentence: str, folder: str) -> None:
    """A refusal is one line of printable text that says which file, and not where it lay."""
    assert sentence
    assert "\n" not in sentence
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", sentence), repr(sentence)
    assert len(sentence) <= MAX_SENTENCE, sentence
    assert folder not in sentence, sentence


def _read(spec: SourceSpec) -> None:
    if spec.role == "municipalities":
        batch, _ = read_municipalities(spec, crs=CRS)
    elif spec.role == "roads":
        batch, _ = read_roads(spec, area=AREA)
    elif spec.role == "mobile":
        read_mobile_raster(spec, area=AREA)
        return
    else:
        batch = read_premises(spec, area=AREA)
    report = batch.report()
    listed = len(batch.frame) + report.rows_rejected + report.rows_left_out
    assert report.rows_read >= listed - 10_000  # municipalities are joined, and roads taken apart
    for note in (*report.notes, *batch.warnings):
        assert "\n" not in note, note
