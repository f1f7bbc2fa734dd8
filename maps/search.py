"""Find what a reader types among names and ids, however many there are.

All names stand in one long text, with a sign between them. A query is looked for as a whole name, at the beginning of
one, at the beginning of a word, and inside; then its words one by one, in the names and in where the thing lies. Each
search ends with the first hits that are asked for, so that two million names are answered while the reader types.
Nothing that is typed is ever read as a pattern.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MOST: Final = 20  # results
LONGEST: Final = 200  # signs of a name or a query that are compared
FEW: Final = 2_000  # hits that are all looked at
TRIED: Final = 20_000  # lines with one of several words that are looked through for the others
EDGE: Final = "\x1f"  # before and after every name
BY_WORDS: Final = 4  # a rank
_LETTERS: Final = (("æ", "ae"), ("ø", "oe"), ("å", "aa"))
_APART: Final = r"[\s\x00-\x1f!-/:-@\[-`{-~]+"  # between words
_SPACE: Final = r"[\s\x00-\x1f]+"

Texts = Sequence[str | None] | pd.Series


def folded(texts: Texts) -> pa.LargeStringArray:
    """Return texts as they are compared: lower case, words apart by one space, æ ø å as ae oe aa, no other accents.

    What holds nothing but signs keeps them. Nothing stays nothing.
    """
    text = pa.array(texts, type=pa.large_string(), from_pandas=True)
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks()
    text = pc.utf8_lower(pc.utf8_slice_codeunits(text, 0, LONGEST))
    beyond = pc.fill_null(pc.invert(pc.string_is_ascii(text)), False)
    text = pc.replace_with_mask(text, beyond, _plain(text.filter(beyond)))
    words = _spaced(text, _APART)
    only_signs = pc.fill_null(pc.equal(words, ""), False)
    return pc.replace_with_mask(words, only_signs, _spaced(text.filter(only_signs), _SPACE))


def _plain(text: pa.Array) -> pa.Array:
    """Return lower-case texts without letters that are not among the plain ones."""
    text = pc.utf8_lower(pc.utf8_normalize(text, form="NFKC"))
    for letter, plain in _LETTERS:
        text = pc.replace_substring(text, letter, plain)
    return pc.replace_substring_regex(pc.utf8_normalize(text, form="NFKD"), r"\p{Mn}+", "")


def _spaced(text: pa.Array, apart: str) -> pa.Array:
    """Return texts with one space for whatever stands apart, and none at the ends."""
    return pc.utf8_trim(pc.replace_substring_regex(text, apart, " "), " ")


class Hit(NamedTuple):
    """Name a row and how it was found: 0 by a whole name, 1 or 2 by how one or a word begins, 3 inside, 4 by words."""

    rank: int
    row: int


@dataclass(frozen=True)
class Index:
    """Hold the names of everything that can be found, a line of them for every row, and where each thing lies."""

    text: bytes
    begins: NDArray[np.int64]  # of every line, and the end of the last one
    places: tuple[bytes, ...]  # the different places in which things lie
    place: NDArray[np.integer[Any]]  # of every row: among `places`, -1: not told

    @classmethod
    def build(cls, names: Sequence[Texts], *, where: Texts) -> Index:
        """Index rows by their names, a column each; a row may lack any. `where` helps several words alone."""
        columns = [pc.fill_null(folded(column), "") for column in names]
        none, edge = (pa.scalar(sign, pa.large_string()) for sign in ("", EDGE))
        lines = pc.binary_join_element_wise(none, *columns, none, edge)
        _, offsets, data = lines.buffers()
        begins = np.frombuffer(offsets, np.int64, len(lines) + 1)
        lying = pd.Categorical(where)
        return cls(
            text=data.to_pybytes()[: begins[-1]] if data else b"",
            begins=begins,
            places=tuple(str(name).encode() for name in folded(lying.categories.to_series()).to_pylist()),
            place=lying.codes,
        )

    def find(self, query: str, *, most: int = MOST) -> list[Hit]:
        """Return the rows that were meant, best first, at most `most` of them; equal ones in their order."""
        wanted = str(folded([query.encode(errors="replace").decode()])[0].as_py()).encode()
        found: dict[int, int] = {}  # row -> rank
        for rank, row in self._ranked(wanted) if wanted else ():
            found.setdefault(row, rank)
            if len(found) >= most:
                break
        return [Hit(rank, row) for row, rank in found.items()]

    def _ranked(self, wanted: bytes) -> Iterator[Hit]:
        hits = list(islice(self._hits(wanted), FEW + 1))
        if len(hits) > FEW:  # each rank ends with the first hits
            edge = EDGE.encode()
            for rank, pattern in enumerate((edge + wanted + edge, edge + wanted, b" " + wanted, wanted)):
                yield from (Hit(rank, row) for row in self._rows(pattern))
        elif hits:
            yield from sorted(Hit(self._rank(at, len(wanted)), self._row(at)) for at in hits)
        else:
            yield from (Hit(BY_WORDS, row) for row in self._by_words(wanted.split(b" ")))

    def _by_words(self, words: list[bytes]) -> Iterator[int]:
        """Return the rows that hold every word, in a name or in where they lie; the longest word in a name first."""
        words = sorted(set(words), key=lambda word: (-len(word), word))
        for word in words if len(words) > 1 else ():
            others = [other for other in words if other != word]
            for row in islice(self._rows(word), TRIED):
                said = self.text[self.begins[row] : self.begins[row + 1]]
                if (at := self.place[row]) >= 0:
                    said += self.places[at]
                if all(other in said for other in others):
                    yield row

    def _rank(self, at: int, length: int) -> int:
        """Tell how well the hit at a position fits."""
        edge = ord(EDGE)
        before, after = self.text[at - 1], self.text[at + length]
        return {edge: 0 if after == edge else 1, ord(" "): 2}.get(before, 3)

    def _row(self, at: int) -> int:
        return int(np.searchsorted(self.begins, at, side="right")) - 1

    def _hits(self, pattern: bytes) -> Iterator[int]:
        at = self.text.find(pattern)
        while at >= 0:
            yield at
            at = self.text.find(pattern, at + 1)

    def _rows(self, pattern: bytes) -> Iterator[int]:
        """Return the rows in whose lines a pattern stands, each once."""
        at = self.text.find(pattern)
        while at >= 0:
            row = self._row(at)
            yield row
            at = self.text.find(pattern, int(self.begins[row + 1]))


def of_places(places: pd.DataFrame, municipalities: pd.DataFrame) -> Index:
    """Index places by name, address and ids; they lie in a locality, a postcode and a municipality."""
    towns = places["municipality_code"].map(municipalities.set_index("municipality_code")["name"])
    parts = [column.fillna("") for column in (places["locality"], places["postcode"], towns)]
    where = parts[0].str.cat(parts[1:], sep=" ")
    return Index.build([places[name] for name in ("name", "address", "org_number", "place_id")], where=where)


def of_areas(areas: pd.DataFrame, municipalities: pd.DataFrame) -> Index:
    """Index municipalities by name and code, and behind them the areas by name and id; these lie in a municipality."""
    towns = areas["municipality_code"].map(municipalities.set_index("municipality_code")["name"])
    names, ids = (
        pd.concat([municipalities[first], areas[second]], ignore_index=True)
        for first, second in (("name", "name"), ("municipality_code", "area_id"))
    )
    return Index.build([names, ids], where=pd.concat([municipalities["name"], towns], ignore_index=True))
