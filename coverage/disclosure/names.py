"""The operators that an assessment names, and which of them an audience must not see."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.claims import operator_key
from coverage.disclosure.limits import limits_of
from coverage.phrases import UNNAMED, WITHHELD

PLANS: Final = ("planned_by",)
OFFERS: Final = ("fixed_provider", "uncounted_provider")
HEARD: Final = ("hearing_removed_by", "hearing_lapsed_by")  # ", " between, where there are several
LEAST_LETTERS: Final = 4  # of a name that is looked for inside words

Bools = npt.NDArray[np.bool_]


def operators(assessment: Assessment) -> tuple[str, ...]:
    """Return the operators of fixed service that places and hearing name, sorted, each once by its `operator_key`."""
    found = pd.Series(sorted(_named(assessment, (*OFFERS, *PLANS, *HEARD))), dtype="str")
    return tuple(found[~operator_key(found).duplicated().to_numpy()])


def knows(assessment: Assessment, operator: str) -> bool:
    """Say whether a study names an operator: of fixed service, or of a mobile layer."""
    mobile = (layer.operator for layer in assessment.mobile)
    return key_of(operator) in {key_of(name) for name in (*operators(assessment), *mobile)}


def key_of(operator: str) -> str:
    """Return a name as it is compared."""
    return str(operator_key(pd.Series([operator], dtype="str")).iloc[0])


def foreign(names: pd.Series, audience: Audience) -> Bools:
    """Say which names are those of operators, and not the audience's own; null and names that say nothing are not."""
    other = names.notna() & ~names.isin([*UNNAMED, *WITHHELD])
    if audience.operator:
        other &= operator_key(names.fillna("").astype("str")) != key_of(audience.operator)
    return np.asarray(other, dtype=bool)


@dataclass(frozen=True)
class Hidden:
    """Hold the names that an audience must not meet in a text either, such as the name of a file."""

    names: tuple[str, ...]

    @classmethod
    def of(cls, assessment: Assessment, audience: Audience) -> Hidden:
        """Return the names of all other operators; of a council's, which may know who serves, of those with plans."""
        columns = (*PLANS, *HEARD, *(OFFERS if limits_of(audience).providers else ()))
        names = pd.Series(sorted(_named(assessment, columns)), dtype="str")
        return cls(tuple(names[foreign(names, audience)]))

    def within(self, text: str) -> bool:
        """Say whether a text holds any of the names, whatever their spaces, signs and capitals."""
        whole, words = _letters(text), set(map(_letters, re.split(r"[\W_]+", text)))
        return any(
            plain in whole if len(plain) >= LEAST_LETTERS else plain in words
            for plain in map(_letters, self.names)
            if plain
        )


def _named(assessment: Assessment, columns: Iterable[str]) -> set[str]:
    """Return the names in some columns of the places, and in the account of the hearing."""
    found: set[str] = set()
    for column in columns:
        if column in assessment.places:
            told = map(str, assessment.places[column].dropna().unique())
            found |= {part for text in told for part in (text.split(", ") if column in HEARD else (text,))}
    if any(column in HEARD for column in columns):
        heard = assessment.summary.get("hearing", {}).get("operators", [])
        found |= {str(row["operator"]) for row in heard}
    return {name for name in found if name.strip() and name not in (*UNNAMED, *WITHHELD)}


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
