"""Municipalities by the names that statistics give them."""

from __future__ import annotations

import pandas as pd


def match_names(names: pd.Series, municipalities: pd.DataFrame) -> pd.Series:
    """Return the municipality_code for each name, null without a match or with several.

    Case does not count, and either part of a bilingual name ("Trondheim - Tråante") matches.
    """
    owners: dict[str, set[str]] = {}
    for code, name in zip(municipalities["municipality_code"], municipalities["name"], strict=True):
        for part in _parts(str(name)):
            owners.setdefault(part, set()).add(str(code))
    found = []
    for name in names:
        codes = set().union(*(owners.get(part, set()) for part in _parts(str(name))))
        found.append(codes.pop() if len(codes) == 1 else None)
    return pd.Series(found, index=names.index, dtype="str")


def _parts(name: str) -> set[str]:
    folded = " ".join(name.casefold().split())
    return {folded, *(part.strip() for part in folded.split(" - "))}
