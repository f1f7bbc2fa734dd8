"""Which places may tell of a person: homes, and firms that may be one person's.

A register that states the owner's legal form decides it; otherwise the firm's name does. A name that ends in the form
of a company (AS, Ltd, …: data/business/legal_forms.csv) is a company's; every other name may be a person's and is taken
for one. So some companies are withheld, and a sole trader whose surname reads like a form, in capitals (BA), is not: a
register with legal forms is the remedy.
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.errors import DataError

FORMS: Final = Path(__file__).parent.parent.parent / "data" / "business" / "legal_forms.csv"
HOMES: Final = ("household", "holiday")
COMPANY: Final = "company"
UNIT: Final = "unit"  # a form of a unit, which says nothing of its owner
# What registers add behind a name: a remark in brackets, a branch.
_ADDED: Final = re.compile(r"\s*(\([^()]*\)|,?\s+(AVD|avd|Avd)\b.*)\s*$")

Bools = npt.NDArray[np.bool_]


@functools.cache
def _forms() -> Mapping[str, tuple[str, str, bool]]:
    """Return owner, spelling and whether names end in it, by the form in capitals. Raises DataError."""
    try:
        with FORMS.open(encoding="utf-8", newline="") as file:
            return {
                row["form"].upper(): (row["owner"], row["form"], row["in_names"] == "yes")
                for row in csv.DictReader(file)
            }
    except (OSError, KeyError) as error:
        raise DataError(f"data/business/{FORMS.name}: the table cannot be read ({error})") from error


def are_personal(places: pd.DataFrame) -> Bools:
    """Say which places (schemas.PLACES) are homes, or firms that may be one person's; public buildings never are."""
    kind = places["kind"]
    home = kind.isin(HOMES).to_numpy(dtype=bool)
    firm = np.flatnonzero((kind == "business").to_numpy(dtype=bool))
    names = places["name"].iloc[firm]
    stated = (
        places["legal_form"].iloc[firm] if "legal_form" in places else pd.Series(None, index=names.index, dtype="str")
    )
    pairs = pd.DataFrame({"name": names.fillna("").astype(str), "form": stated.fillna("").astype(str)})
    known = {
        (name, form): _is_company(name, form)
        for name, form in pairs.drop_duplicates().itertuples(index=False, name=None)
    }
    company = np.array([known[pair] for pair in pairs.itertuples(index=False, name=None)], dtype=bool)
    personal = home.copy()
    personal[firm[~company]] = True
    return personal


def _is_company(name: str, form: str) -> bool:
    """Say whether a firm is a company by its stated form, else by its name; a form that is not known is none."""
    owner = _forms().get(form.strip().upper(), ("", "", False))[0]
    if form.strip() and owner != UNIT:
        return owner == COMPANY
    plain = name.strip()
    while (shorter := _ADDED.sub("", plain)) != plain:
        plain = shorter
    words = plain.split()
    if len(words) < 2:  # a form alone is nobody's name
        return False
    last = re.sub(r"[./]", "", words[-1])
    owner, spelling, in_names = _forms().get(last.upper(), ("", "", False))
    return owner == COMPANY and in_names and last in (spelling, spelling.upper())
