"""What is known of the premises of each area: who is left out, what they have today, who works there.

Cells that hold several codes keep them, as `planned (12); holiday-home (3)` or `Fjellfiber: good`; `in_words` says them
in a language.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd

from coverage import enclosed
from coverage.assessment import Assessment
from coverage.kinds import is_mobile
from coverage.policy import Policy
from coverage.reports import businesses
from coverage.reports.once import once
from coverage.reports.wording import Wording

TODAY: Final = ("today_technology", "today_down_mbps", "today_up_mbps")
BY_OPERATOR: Final = "mobile_by_operator"
SIZES: Final = tuple(f"businesses_{size}" for size in businesses.KNOWN_SIZES)
FIRMS: Final = ("smes", *SIZES, "smes_by_line", "employees_by_line", "farms")
COLUMNS: Final = (*enclosed.COLUMNS, *TODAY, BY_OPERATOR, *FIRMS)
COUNTED: Final = ("excluded_because", "smes_by_line", "employees_by_line")  # codes, each with its figure

NOTHING, UNKNOWN, OTHER = "none", "unknown", "other"
LARGE: Final = "businesses_large"  # all other sizes are those of SMEs
LINES: Final = 8  # of business that a cell names; smaller ones are added up
# Growing of crops and keeping of animals, in NACE Rev. 2 and 2.1 alike; 01.6 serves farms and 01.7 is hunting.
FARMING: Final = ("01.1", "01.2", "01.3", "01.4", "01.5")
_PART: Final = re.compile(r"(?P<code>.*) \((?P<figure>[\d.]+)\)")


@once
def portrait(assessment: Assessment) -> pd.DataFrame:
    """Return COLUMNS for every area, on its area_id, in the order of `areas`.

    What stands in the outline (`enclosed.COLUMNS`) and `mobile_by_operator` the areas tell themselves. Of areas that do
    not, the former is found where the audience may know where premises are, and the latter stays empty. Of the eligible
    premises of a fixed area: `today_technology` is that of the best offer of most of them, `none` where most have no
    offer; `today_down_mbps` and `today_up_mbps` are the speeds that at least half of them do not exceed; where service
    is known as a share only, nothing is told. `smes` are businesses with fewer than 250 employees, `businesses_<size>`
    all businesses by headcount, `farms` those that grow crops or keep animals; `smes_by_line` and `employees_by_line`
    count both by line of business. Of areas of kind mobile, neither is told.
    """
    areas = assessment.areas
    ids = pd.Index(areas["area_id"], dtype="str", name="area_id")
    table = pd.DataFrame(index=ids)
    missing = [name for name in enclosed.COLUMNS if name not in areas]
    if not missing:
        found = areas
    elif assessment.audience.internal:
        found = enclosed.area_columns(areas, assessment.places, policy=assessment.policy)
    else:
        found = pd.DataFrame(columns=list(enclosed.COLUMNS), index=areas.index)
    for name in enclosed.COLUMNS:
        table[name] = found[name].array
    held = _eligible(assessment)
    today, firms = _today(held).reindex(ids), _firms(held).reindex(ids)
    for name in TODAY:
        table[name] = today[name].array
    empty = pd.array([None] * len(areas), dtype="str")
    table[BY_OPERATOR] = areas[BY_OPERATOR].array if BY_OPERATOR in areas else empty
    sizes = businesses.area_sizes(assessment).reindex(ids, fill_value=0.0)
    counts = {**{str(name): column for name, column in sizes.items()}, "farms": firms["farms"].fillna(0.0)}
    counts["smes"] = sizes[[name for name in SIZES if name != LARGE]].sum(axis=1)
    masts = is_mobile(areas)
    for name in FIRMS:
        told = counts[name].mask(masts) if name in counts else firms[name]
        table[name] = told.array
    return table[list(COLUMNS)]


def _eligible(assessment: Assessment) -> pd.DataFrame:
    """Return the eligible places in areas by their ids, with `premises`: how many of each row are eligible."""
    places = assessment.places
    mine = np.flatnonzero(places["area_id"].notna().to_numpy() & (places["eligible"] > 0).to_numpy())
    read = [name for name in (
        "area_id", "place_id", "kind", "weight", "eligible", "employees", "nace", "line_of_business", "size_class",
        "service_basis", "fixed_technology", "fixed_down_mbps", "fixed_up_mbps",
    ) if name in places]  # fmt: skip
    held = pd.DataFrame({name: places[name].array.take(mine) for name in read})
    held["premises"] = held["weight"] * held["eligible"]
    # Figures of a row with several premises are those of all of them.
    held["employees"] = held["employees"].fillna(0.0) * held["eligible"]
    return held.sort_values("place_id", kind="stable", ignore_index=True)


def _today(held: pd.DataFrame) -> pd.DataFrame:
    offered = held[held["service_basis"].eq("offer")] if "service_basis" in held else held
    technology = offered["fixed_technology"].fillna(NOTHING)
    most = offered["premises"].groupby([offered["area_id"], technology]).sum().rename("sum").reset_index()
    most = most.sort_values(["sum", "fixed_technology"], ascending=[False, True], kind="stable")
    most = most.drop_duplicates("area_id").set_index("area_id")
    return pd.DataFrame(
        {
            "today_technology": most["fixed_technology"].astype("str"),
            "today_down_mbps": _median(offered, "fixed_down_mbps"),
            "today_up_mbps": _median(offered, "fixed_up_mbps"),
        },
        index=most.index,
    )


def _median(held: pd.DataFrame, name: str) -> pd.Series[float]:
    """Return for each area the smallest value that at least half of its premises do not exceed."""
    ordered = held.sort_values(["area_id", name], kind="stable")
    so_far = ordered["premises"].groupby(ordered["area_id"]).cumsum()
    half = ordered["premises"].groupby(ordered["area_id"]).transform("sum") / 2.0
    return ordered[so_far >= half * (1.0 - 1e-9)].groupby("area_id")[name].first()


def _firms(held: pd.DataFrame) -> pd.DataFrame:
    """Return by area the lines of business of SMEs and of employees, and the farms."""
    firms = held[held["kind"] == "business"]
    area, line = firms["area_id"], firms["line_of_business"].fillna(UNKNOWN)
    small = firms["size_class"].isin([size for size in businesses.KNOWN_SIZES if f"businesses_{size}" != LARGE])
    smes = firms["premises"].where(small, 0.0).groupby([area, line]).sum()
    employees = firms["employees"].groupby([area, line]).sum()
    farming = firms["nace"].fillna("").astype("str").str.startswith(FARMING)
    table = pd.DataFrame({"farms": firms["premises"].where(farming, 0.0).groupby(area).sum()})
    for name, sums in (("smes_by_line", smes), ("employees_by_line", employees)):
        table[name] = enclosed.counted(sums, at_most=LINES, other=OTHER).reindex(table.index).array
    return table


# --- in words ---------------------------------------------------------------------------------------------------------


def in_words(table: pd.DataFrame, wording: Wording, policy: Policy) -> pd.DataFrame:
    """Return a table with the codes of COUNTED and `mobile_by_operator` in words, and figures as a reader has them."""
    said = {
        name: table[name].map(_reader(name, wording, policy), na_action="ignore").astype("str")
        for name in (*COUNTED, BY_OPERATOR)
        if name in table
    }
    return table.assign(**said)


def _reader(name: str, wording: Wording, policy: Policy) -> Callable[[str], str]:
    if name == BY_OPERATOR:
        return lambda text: wording.joined(_level(part, wording) for part in text.split("; "))
    say = _lines(wording) if name != "excluded_because" else _reasons(wording, policy)
    return lambda text: wording.joined(_count(part, say, wording) for part in text.split("; "))


def _level(part: str, wording: Wording) -> str:
    operator, colon, level = part.rpartition(": ")
    return f"{operator}{colon}{wording.value('mobile_level', level)}" if colon else part


def _count(part: str, say: Callable[[str], str], wording: Wording) -> str:
    found = _PART.fullmatch(part)
    if found is None:
        return part
    figure = float(found["figure"])
    return f"{say(found['code'])} ({wording.number(figure, decimals=0 if figure.is_integer() else 1)})"


def _lines(wording: Wording) -> Callable[[str], str]:
    sections = businesses.section_words(wording)
    own = wording.texts["values"]["by_line"]
    return lambda code: str(own[code]) if code in own else sections.get(code) or wording.said(code)


def _reasons(wording: Wording, policy: Policy) -> Callable[[str], str]:
    """Say in short why premises are left out: by the rule of the clause, so that every policy is understood."""
    rules = {clause.id: clause.rule for clause in policy.clauses}
    labels = {clause.id: clause.label.get(wording.language, clause.id) for clause in policy.clauses}
    short = wording.texts["values"]["excluded_because"]
    return lambda code: str(short.get(rules.get(code, code), labels.get(code, code)))


def is_told(table: pd.DataFrame, name: str) -> bool:
    """Say whether a column tells anything of any area: figures that are 0 everywhere do not, and a no does."""
    column = table[name]
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return bool((column.fillna(0.0) != 0.0).any())
    return bool(column.notna().any())
