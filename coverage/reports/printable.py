"""Texts that the fonts of the papers can show: a name may hold a letter of any script, or a picture.

A document of PDF/UA-1 must not hold a letter that its fonts lack, so typesetting one fails, and with it the whole
paper. The fonts are those that come with the typst package; what they can show was tried letter by letter.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

STAND_IN: Final = "□"
CHARACTERS: Final = 8_000  # of one text: what a document may hold of one is 32767 bytes
# Latin, Greek and Cyrillic, punctuation, money, arrows, mathematics, boxes; both ends are in.
BLOCKS: Final = (
    (0x20, 0x7E), (0xA0, 0x4FF), (0x1E00, 0x20C0), (0x2100, 0x23FF), (0x2500, 0x25FF), (0xFB00, 0xFB06),
)  # fmt: skip
LACKING: Final = "ԀԁԂԃ⁁⁃℟℡℣℥⅒ↅↆↇↈ↉↊↋"
KEPT: Final = "\n\u00ad\u2060"  # between lines, where a word may break, and where it may not
UNUSED: Final = ("Cn", "Co", "Cs")  # no letters at all
UNSEEN: Final = ("Cc", "Cf", "Me")  # they show nothing of their own, so nothing stands in for them


def printable(value: Any) -> Any:
    """Return texts, and lists and mappings of them, with a box for each letter that the fonts lack; none too long."""
    if isinstance(value, str):
        text = value if len(value) <= CHARACTERS else f"{value[: CHARACTERS - 1]}…"
        return text if _shown().issuperset(text) else "".join(map(_letter, text))
    if isinstance(value, Mapping):
        return {key: printable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [printable(inner) for inner in value]
    return value


@functools.cache
def _shown() -> frozenset[str]:
    letters = (chr(code) for low, high in BLOCKS for code in range(low, high + 1))
    hidden = (*UNUSED, *UNSEEN)
    kept = (one for one in letters if unicodedata.category(one) not in hidden and one not in LACKING)
    return frozenset((*kept, *KEPT))


def _letter(one: str) -> str:
    if one in _shown():
        return one
    if one.isspace():
        return " "
    return "" if unicodedata.category(one) in (*UNSEEN, "Mn") else STAND_IN
