"""What a reader wants to see of the places: a filter by kind, municipality, line of business, size, gap and operator.

Within a field one of the chosen values must hold, and every field that has any. The words of places are kept as
categories (`facts`), so that choosing among them looks values up once, not row by row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coverage.schemas import KINDS, SHARE_PREFIX

Bools = NDArray[np.bool_]

NOBODY: Final = ""  # stands for no operator at all
# Field of a filter -> the column of places that it asks.
COLUMNS: Final[Mapping[str, str]] = {
    "kinds": "kind",
    "municipalities": "municipality_code",
    "lines": "line_of_business",
    "sizes": "size_class",
    "gaps": "gap_kind",
    "tiers": "tier",
    "operators": "fixed_provider",
    "builders": "planned_by",
}
ALL: Final = "all"  # the code of the filter that chooses everything
CODE_DIGITS: Final = 16
_COUNTED: Final = ("weight", "short_fixed", "short_mobile", "eligible")
_SAID: Final = (*COLUMNS.values(), "service_basis", "mobile_level")


def facts(places: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that filters and counts ask for, words as categories; rows as in `places`."""
    shares = [name for name in places if str(name).startswith(SHARE_PREFIX)]
    columns: dict[str, Any] = {name: pd.Categorical(places[name]) for name in _SAID if name in places}
    columns |= {name: places[name].to_numpy(float) for name in (*_COUNTED, *shares)}
    return pd.DataFrame(columns, index=places.index)


@dataclass(frozen=True)
class Filter:
    """Hold the values chosen in every field, sorted; a field without any lets everything through.

    Municipalities are codes, gaps of schemas.GAP_KINDS, tiers of the policy (or `served`); NOBODY among the operators
    (of the best fixed service today) or the builders (of a planned one) stands for places without.
    """

    kinds: tuple[str, ...] = ()
    municipalities: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    builders: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, values in self.chosen.items():
            object.__setattr__(self, name, tuple(sorted(set(values))))

    @property
    def chosen(self) -> dict[str, tuple[str, ...]]:
        """Return the fields in which something is chosen, with their values."""
        return {part.name: values for part in fields(self) if (values := getattr(self, part.name))}

    @property
    def code(self) -> str:
        """Return what stands for the filter in an address: `all`, a kind of premises, or hexadecimal digits.

        Addresses of map layers hold no underscore, or the map keeps an old layer.
        """
        chosen = self.chosen
        if not chosen:
            return ALL
        if list(chosen) == ["kinds"] and len(self.kinds) == 1 and self.kinds[0] in KINDS:
            return self.kinds[0]
        text = json.dumps(chosen, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:CODE_DIGITS]

    def without(self, *names: str) -> Filter:
        """Return the filter with nothing chosen in these fields."""
        return replace(self, **dict.fromkeys(names, ()))

    def mask(self, given: pd.DataFrame) -> Bools:
        """Tell which rows of `facts` the filter lets through."""
        through = np.ones(len(given), dtype=bool)
        for name, values in self.chosen.items():
            if COLUMNS[name] not in given:  # a study that does not tell has nothing of what is asked
                return np.zeros(len(given), dtype=bool)
            words = given[COLUMNS[name]].cat
            # Where a place tells nothing its code is -1: the last one.
            through &= np.append(np.isin(words.categories, values), NOBODY in values)[words.codes]
        return through


PLAIN: Final[Mapping[str, Filter]] = {ALL: Filter(), **{kind: Filter(kinds=(kind,)) for kind in KINDS}}
