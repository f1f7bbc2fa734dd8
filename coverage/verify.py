"""Say whether a priority list that was handed over still follows from the data: against a fresh run, row by row."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from coverage import reports
from coverage.assessment import Assessment
from coverage.compare.words import Words
from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.policy import LANGUAGES
from coverage.reports.columns import describe
from coverage.reports.tables import priority_file
from coverage.reports.wording import load_wording
from coverage.sources.table import read_table

NEEDED: Final = ("area_id", "rank", "decision", "grant")  # without them a table is no priority list
DECISIONS: Final = ("decision", "ranked_decision", "certainty", "below_line")
STAMPS: Final = ("policy", "as_of", "currency", "data_status", "assumed")  # every row of a run holds the same
FINGERPRINT: Final = "fingerprint"
LEAST_MARK: Final = 12  # characters of a fingerprint that a list has to carry
LIST_FILES: Final = (".csv", ".xlsx")
# A spreadsheet that saves a list as text may round long figures to what it shows; from this many digits on, a figure
# need only agree as far as it was written.
LONG_FIGURE: Final = 7


@dataclass(frozen=True)
class Difference:
    """Hold one difference: the code of its sentence, the area and column it is in, what the list says and the run.

    `area` is empty where the difference is of the whole list.
    """

    code: str
    area: str = ""
    column: str = ""
    given: str = ""
    fresh: str = ""


@dataclass(frozen=True)
class Verification:
    """Hold what was found: the differences by rank, and how much was compared.

    `fingerprint` is "same", "differs" or "none" (the list carries none); `marks` are the list's and the run's.
    `lacking` columns are in the run alone, `unknown` ones on the list alone; neither is a difference.
    """

    differences: tuple[Difference, ...]
    areas: int
    figures: int
    identical: bool
    fingerprint: str
    marks: tuple[str, str]
    lacking: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def follows(self) -> bool:
        """Say whether the list says what the data give, whatever has changed without changing it."""
        return not self.differences

    def sentences(self, *, language: str = "en") -> list[str]:
        """Tell the result, then one sentence per difference, then what was not compared. Raises DataError."""
        words = Words(language)
        if self.follows:
            said = [words.text("list", "follows", areas=self.areas, figures=self.figures)]
        else:
            said = [words.text("list", "fails", number=len(self.differences))]
        if self.identical:
            said.append(words.text("list", "identical"))
        marks = {"given": self.marks[0], "fresh": self.marks[1]}
        said.append(words.text("list", f"fingerprint_{self.fingerprint}", **marks))
        said += [_sentence(item, words) for item in self.differences]
        for name, columns in (("lacking", self.lacking), ("unknown", self.unknown)):
            if columns:
                said.append(words.text("list", name, columns=", ".join(columns)))
        return said

    def to_mapping(self) -> dict[str, Any]:
        """Return plain JSON-able values."""
        return {"follows": self.follows, **asdict(self)}


def verify_list(path: Path, assessment: Assessment) -> Verification:
    """Compare a priority-list.csv or .xlsx, in any language, with what an assessment gives now.

    A list of a part of the study is compared with the same part (`reports.select`). Text is compared as text, figures
    as figures, whatever decimal sign and delimiter the file was saved with. Raises DataError where the file cannot be
    read or is no priority list.
    """
    if path.suffix.lower() not in LIST_FILES:
        raise DataError(f"{path.name}: expected a priority list as {' or '.join(LIST_FILES)}")
    with tempfile.TemporaryDirectory() as folder:
        fresh_csv = Path(folder) / "fresh.csv"
        reports.render(assessment, "priority", format="csv", path=fresh_csv)
        identical = path.is_file() and path.read_bytes() == fresh_csv.read_bytes()
        given, rejected, language = _read(path, assessment)
        if assessment.areas.empty:
            fresh = given.iloc[:0]
        elif language:
            fresh_path = Path(folder) / "fresh.xlsx"
            reports.render(assessment, "priority", format="xlsx", path=fresh_path, language=language)
            fresh = _read(fresh_path, assessment)[0]
        else:
            fresh = _read(fresh_csv, assessment)[0]
    mark = str(assessment.provenance.get(FINGERPRINT, ""))
    carried = _carried(given)
    columns = [name for name in fresh.columns if name in given.columns and name != FINGERPRINT]
    compared = [*rejected, *_compare(given, fresh, columns)]
    return Verification(
        differences=tuple(compared),
        areas=len(fresh),
        figures=len(fresh) * len(columns),
        identical=identical,
        fingerprint=_judged(carried, mark),
        marks=(carried, mark[: max(len(carried), LEAST_MARK)]),
        lacking=tuple(str(name) for name in fresh.columns if name not in given.columns and name != FINGERPRINT),
        unknown=tuple(str(name) for name in given.columns if name not in fresh.columns and name != FINGERPRINT),
    )


# --- reading ------------------------------------------------------------------------------------------------------


def _read(path: Path, assessment: Assessment) -> tuple[pd.DataFrame, list[Difference], str]:
    """Return a list as text by the columns' names in data files, its broken rows, and the language of its header."""
    spec = SourceSpec(id="list", role="list", kind="table", path=path)
    sheets = [load_wording(language).text("sheets", "priority") for language in LANGUAGES]
    tries = [{"sheet": name} for name in sheets] if path.suffix.lower() == ".xlsx" else []
    raw, problem = None, None
    for options in [*tries, {}]:
        try:
            raw = read_table(replace(spec, options=options))
            break
        except DataError as error:
            problem = problem or error
    if raw is None:
        raise problem or DataError(f"{path.name}: no sheet holds a priority list")
    rejected = [
        Difference("unreadable", given=str(row), fresh=str(reason))
        for row, reason in zip(raw.rejected["row"].tolist(), raw.rejected["reason"].tolist(), strict=True)
    ]
    frame, language = raw.frame, ""
    if not set(NEEDED) <= set(frame.columns):
        language, names = _labels(frame, assessment)
        frame = frame.rename(columns=names)
    lacking = [name for name in NEEDED if name not in frame.columns]
    if lacking:
        raise DataError(f"{path.name}: no column {lacking[0]!r}; expected a priority list as the tool writes it")
    return frame.reset_index(drop=True), rejected, language


def _labels(frame: pd.DataFrame, assessment: Assessment) -> tuple[str, Mapping[str, str]]:
    """Return the language that a header is written in, and the columns' names by their labels there."""
    names = [str(name) for name in priority_file(assessment).columns]
    for language in LANGUAGES:
        columns = describe(
            names, wording=load_wording(language), study=assessment.study, policy=assessment.policy
        )  # fmt: skip
        known: dict[str, str] = {}
        for column in columns:
            known[f"{column.label} ({column.name})" if column.label in known else column.label] = column.name
        if {label for label, name in known.items() if name in NEEDED} <= set(frame.columns):
            return language, known
    return "", {}


def _carried(given: pd.DataFrame) -> str:
    if FINGERPRINT not in given:
        return ""
    found = given[FINGERPRINT].dropna().unique().tolist()
    return ", ".join(map(str, found))


def _judged(carried: str, mark: str) -> str:
    if not carried:
        return "none"
    return "same" if len(carried) >= LEAST_MARK and mark.startswith(carried) else "differs"


# --- comparing ----------------------------------------------------------------------------------------------------


def _compare(given: pd.DataFrame, fresh: pd.DataFrame, columns: list[str]) -> Iterator[Difference]:
    """Yield the differences: of the whole list, of areas in the order of the run, of areas that it does not have."""
    ids = [str(area) for area in given["area_id"].fillna("")]
    first = {area: row for row, area in reversed(list(enumerate(ids)))}
    known = [str(area) for area in fresh["area_id"]]
    label = {**_labelled(given), **_labelled(fresh)}
    stamps: list[str] = [name for name in STAMPS if name in columns and _is_same(given[name]) and _is_same(fresh[name])]
    for name in stamps:
        pair = _text(given[name].iloc[0]), _text(fresh[name].iloc[0])
        if not same(*pair):
            yield Difference("stamp", column=name, given=pair[0], fresh=pair[1])
    own = [name for name in columns if name not in stamps and name != "area_id"]
    cells = {name: (given[name].tolist(), fresh[name].tolist()) for name in own}
    ranked, places = True, set(known)
    for row, area in enumerate(known):
        if area not in first:
            ranked = False
            yield Difference("missing", area=label[area], fresh=_text(fresh["rank"].iloc[row]))
            continue
        for name in own:
            pair = _text(cells[name][0][first[area]]), _text(cells[name][1][row])
            if not same(*pair):
                ranked = ranked and name != "rank"
                yield Difference(_code(name, *pair), area=label[area], column=name, given=pair[0], fresh=pair[1])
    strange = [area for area in first if area not in places]
    for area in strange:
        yield Difference("extra", area=label.get(area, area))
    for area, rows in Counter(ids).items():
        if rows > 1:
            yield Difference("twice", area=label.get(area, area))
    if ranked and not strange and len(ids) == len(known):
        for row, area in enumerate(known):
            if first[area] != row:
                yield Difference("order", area=label[area], given=str(first[area] + 1), fresh=str(row + 1))


_FLAGS: Final = {"true", "false"}


def same(given: str, fresh: str) -> bool:
    """Say whether two cells hold the same text, or the same figure in whatever form."""
    one, other = _number(given), _number(fresh)
    if one is None or other is None:
        return (
            given.casefold() == fresh.casefold() if {given.casefold(), fresh.casefold()} <= _FLAGS else given == fresh
        )
    plain = given.replace(",", ".")
    long = sum(character.isdigit() for character in plain) >= LONG_FIGURE
    decimals = len(plain.partition(".")[2]) if "e" not in plain.lower() else 15
    room = 0.5 * 10.0**-decimals if long else 0.0
    return abs(one - other) <= room + 1e-12 * max(1.0, abs(other))


def _number(text: str) -> float | None:
    plain = "".join(text.split()).replace("−", "-")
    if "," in plain and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _text(cell: Any) -> str:
    """Return a cell as text, without the apostrophe that keeps a text from being run as a formula."""
    return "" if cell is None or pd.isna(cell) else str(cell).strip().removeprefix("'")


def _labelled(table: pd.DataFrame) -> dict[str, str]:
    """Return what the areas of a list are called in sentences, by their ids."""
    names = table["name"] if "name" in table else table["area_id"]
    pairs = zip(map(_text, table["area_id"]), map(_text, names), strict=True)
    return {area: f"{name} ({area})" for area, name in pairs}


def _is_same(column: pd.Series) -> bool:
    """Say whether a column holds one text in every row."""
    return len(column) > 0 and bool((column.fillna("") == column.fillna("").iloc[0]).all())


def _code(name: str, given: str, fresh: str) -> str:
    if name == "rank":
        return "rank"
    if name in DECISIONS:
        return "decision"
    return "text" if _number(fresh) is None and _number(given) is None else "amount"


def _sentence(item: Difference, words: Words) -> str:
    nothing = words.text("list", "empty")
    if item.code == "unreadable":
        return words.text("list", item.code, row=item.given, reason=item.fresh)
    values = {"area": item.area, "column": item.column, "given": item.given or nothing, "fresh": item.fresh or nothing}
    return words.text("list", item.code, **values)
