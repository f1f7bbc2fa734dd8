"""One source as study.toml writes it: the block that makes an uploaded file a lasting part of a study."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Final

from coverage.errors import DataError
from coverage.sources.specs import SOURCE_KEYS

_BARE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def source_block(table: Mapping[str, Any]) -> str:
    """Return a table of keys (specs.SOURCE_KEYS) as the text of one [[sources]] block.

    Raises DataError for a key that no source has, and for a value that TOML does not know.
    """
    unknown = sorted(set(table) - set(SOURCE_KEYS))
    if unknown:
        raise DataError(f"a source has no key {unknown[0]!r}; expected those of study.toml")
    return "\n".join(_lines("[[sources]]", "sources", {key: table[key] for key in SOURCE_KEYS if key in table})) + "\n"


def _lines(head: str, name: str, table: Mapping[str, Any]) -> list[str]:
    plain = [f"{_key(key)} = {_value(value)}" for key, value in table.items() if not isinstance(value, Mapping)]
    lines = [head, *plain]
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            inner = f"{name}.{_key(key)}"
            lines += _lines(f"[{inner}]", inner, value)
    return lines


def _key(key: str) -> str:
    return key if key and _BARE.issuperset(key) else _text(key)


def _text(text: str) -> str:
    # JSON escapes what TOML forbids, but for the one control character that JSON allows.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _text(value)
        case int() | float():
            return repr(value)
        case dt.date():
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(_value(item) for item in value)}]"
        case _:
            raise DataError(f"{value!r} cannot stand in study.toml; expected text, a number, a date or a list")
