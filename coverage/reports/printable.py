"""Texts that a paper can show: PDF/UA admits no character that its fonts lack, and names in data hold any.

A character that no font in the typesetter's package has becomes a box, so that one name never costs a whole report.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

BOX: Final = "\u25a1"
CHARACTERS: Final = 8_000  # of one text; PDF holds 32767 bytes
_SURE: Final = re.compile("[\t\n\r\x20-\x7e\xa0-\xac\xae-\u017f]")  # Latin letters and signs: every font has them
_UNSEEN: Final = re.compile("[\u202a-\u202e\u2066-\u2069\ufeff]")  # they turn the letters around them
_TRIAL: Final = b"""#set document(title: "trial")
#set text(font: "Libertinus Serif")
#heading[trial]
#for item in json("data.json") { par(item) }
"""
_shown: dict[str, bool] = {}


def printable(value: Any) -> Any:
    """Return data for a template, its texts without characters that cannot be shown and not longer than can be."""
    found: set[str] = set()
    _gather(value, found)
    rare = sorted(item for item in found if not _SURE.match(item) and not _UNSEEN.match(item))
    if new := [item for item in rare if item not in _shown]:
        # Most often all of them are there, which one trial tells.
        _shown.update(dict.fromkeys(new, True) if _is_typeset(new) else {item: _is_typeset([item]) for item in new})
    return _mapped(value, {ord(item): BOX for item in rare if not _shown[item]})


def _gather(value: Any, found: set[str]) -> None:
    if isinstance(value, str):
        found.update(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            _gather(item, found)
    elif isinstance(value, list | tuple):
        for item in value:
            _gather(item, found)


def _mapped(value: Any, missing: Mapping[int, str]) -> Any:
    if isinstance(value, str):
        text = _UNSEEN.sub("", value).translate(missing)
        return text if len(text) <= CHARACTERS else f"{text[: CHARACTERS - 1]}…"
    if isinstance(value, Mapping):
        return {name: _mapped(item, missing) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(item, missing) for item in value]
    return value


def _is_typeset(items: list[str]) -> bool:
    import typst

    if any("\ud800" <= item <= "\udfff" for item in items):  # half a character
        return False
    files = {"main": _TRIAL, "data.json": json.dumps([f"a{item}b" for item in items]).encode()}
    typeset: Any = typst.compile
    try:
        typeset(files, format="pdf", ignore_system_fonts=True, pdf_standards=["a-2a", "ua-1"], timestamp=0)
    except typst.TypstError:
        return False
    return True
