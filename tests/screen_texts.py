"""Everything that a page shows as text, read from the messages that AppTest receives."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
from streamlit.testing.v1 import AppTest

_TAG = re.compile(r"<[^>]*>")
# What an element says of itself that nobody reads.
_UNSEEN = frozenset({
    "id", "element_id", "form_id", "icon", "url", "data_url", "color", "type", "mime", "file_name", "format", "key",
    "selection_mode", "fragment_id", "component_name", "name", "page_script_hash", "theme", "delta_generator",
    "deferred_file_id", "uuid",
})  # fmt: skip


def texts_of(test: AppTest) -> list[str]:
    """Return the texts of a page and its sidebar, one by one: labels, figures, tables, charts, panels."""
    return [text for text in map(str.strip, _walk(test._tree)) if text]


def _walk(block: Any) -> Iterator[str]:
    children = getattr(block, "children", None)
    if children is None:
        yield from _element(block)
        return
    yield from _strings(block.proto) if getattr(block, "proto", None) is not None else ()
    for child in children.values():
        yield from _walk(child)


def _element(element: Any) -> Iterator[str]:
    proto = element.proto
    if element.type == "html":
        yield from (html.unescape(part) for part in _TAG.split(proto.body))
    elif element.type == "dataframe":  # with the forms of a table written by a Styler
        yield from _table(element.value, json.loads(proto.columns or "{}"))
    elif "vega" in element.type:
        yield from _chart(json.loads(proto.spec))
    elif element.type != "component_instance":
        yield from _strings(proto)


def _strings(proto: Any) -> Iterator[str]:
    for field, value in proto.ListFields():
        if field.name in _UNSEEN:
            continue
        repeated = not isinstance(value, (str, bytes)) and hasattr(value, "__iter__")
        for part in value if repeated else (value,):
            if isinstance(part, str):
                yield part
            elif hasattr(part, "ListFields"):
                yield from _strings(part)


def _table(frame: pd.DataFrame, columns: dict[str, Any]) -> Iterator[str]:
    for name in frame.columns:
        given = columns.get(str(name)) or {}
        if given.get("hidden"):
            continue
        yield str(given.get("label") or name)
        yield str(given.get("help") or "")
        if not pd.api.types.is_numeric_dtype(frame[name]):
            yield from (str(value) for value in frame[name].dropna().unique())


def _chart(spec: Any) -> Iterator[str]:
    """Return titles, legends and marks of a chart, and the words in data that it brings along."""
    if isinstance(spec, dict):
        for name, value in spec.items():
            if name in ("title", "text", "domain", "sort") and isinstance(value, (str, list)):
                yield from (part for part in ([value] if isinstance(value, str) else value) if isinstance(part, str))
            elif name == "value" and isinstance(value, str) and not value.startswith("#"):
                yield value
            elif name not in ("$schema", "config"):
                yield from _chart(value)
    elif isinstance(spec, list):
        for part in spec:
            yield from _chart(part)
