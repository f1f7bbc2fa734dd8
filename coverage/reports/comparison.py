"""Two runs side by side as a file: a workbook in the reader's language, or the table of codes as CSV."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any, Final

import pandas as pd

from coverage.compare import COLUMNS, SHOWN, Comparison, sentences
from coverage.compare.runs import Run
from coverage.compare.words import Words
from coverage.errors import DataError
from coverage.policy import load_policy
from coverage.reports.delimited import write_csv
from coverage.reports.read_me import named, study_facts
from coverage.reports.wording import Wording, load_wording
from coverage.reports.workbook import Book
from coverage.study import Study

ENDINGS: Final = (".csv", ".xlsx")
WHEN: Final = ("before", "after")
IN_WORDS: Final = ("decision", "ranked_decision", "certainty", "technology")
MARK: Final = 12  # characters of a fingerprint


def write_comparison(comparison: Comparison, path: Path, language: str = "en") -> None:
    """Write what differs between two runs to a .xlsx or .csv file, which appears only when it is complete.

    The workbook holds the sentences and one row per area that differs, in words; CSV holds the rows with codes. Raises
    DataError for another ending, a folder that is not there and a language without texts.
    """
    if path.suffix.lower() not in ENDINGS:
        raise DataError(f"{path.name}: expected a file that ends in {' or '.join(ENDINGS)}")
    if not path.resolve().parent.is_dir():
        raise DataError(f"{path.parent}: no such folder; expected one to write {path.name} to")
    wording = load_wording(language)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.resolve().parent) as folder:
        made = Path(folder) / path.name
        if path.suffix.lower() == ".csv":
            write_csv(comparison.areas, made)
        else:
            _write_book(comparison, made, wording)
        made.replace(path)


def _write_book(comparison: Comparison, path: Path, wording: Wording) -> None:
    study, table = _study(comparison.after), _in_words(comparison, wording)
    policy = load_policy(study.policy)
    title = wording.text("comparison", "title", study=study.name)
    book = Book(path, study=study, policy=policy, wording=wording, title=title, rows=len(table))
    what = wording.text("comparison", "what")
    facts = named(study_facts(study, policy, wording, what=what, banner=book.banner)[:2], wording)
    facts += [
        (wording.text("comparison", when), _run(run, wording))
        for when, run in zip(WHEN, (comparison.before, comparison.after), strict=True)
    ]
    book.add_read_me(facts)
    said = pd.DataFrame({"told": sentences(comparison, language=wording.language)}, dtype="str")
    label, meaning = wording.lines("comparison", "told")
    book.add_table(said, sheet="comparison_told", name="told", frozen=0, labels={"told": (label, meaning)})
    book.add_table(table, sheet="comparison", name="changes", frozen=1, labels=_labels(study, wording))
    book.add_columns()
    book.close()


def _in_words(comparison: Comparison, wording: Wording) -> pd.DataFrame:
    """Return the rows with their codes in words; the sentences say why, so the codes of it are left out."""
    words = Words(wording.language)

    def value(name: str) -> Any:
        return lambda code: wording.value(name, code)

    areas = comparison.areas
    said: dict[str, pd.Series] = {name: areas[name].map(words.causes) for name in ("causes", "possible_causes")}
    for name in IN_WORDS:
        for column in (f"{name}_{when}" for when in WHEN):
            said[column] = areas[column].map(value(name), na_action="ignore")
    return areas.assign(**said)[[name for name in COLUMNS if name != "why"]]


def _labels(study: Study, wording: Wording) -> dict[str, tuple[str, str]]:
    found = {}
    for name in (*SHOWN, "policy", "as_of"):
        label = wording.lines("columns", name, currency=study.currency, price_year="")[0]
        for when in WHEN:
            found[f"{name}_{when}"] = (
                wording.text("comparison", f"label_{when}", label=label),
                wording.text("comparison", f"meaning_{when}"),
            )
    return found


def _study(run: Run) -> Study:
    """Return of a run's study what a workbook prints of it; its folder need not be there any more."""
    told = run.summary
    return Study(
        id=str(run.run["study"]),
        name=str(run.run["study"]),
        country="",
        crs="",
        currency=str(told["currency"]),
        price_year=0,  # no label here speaks of it
        as_of=dt.date.fromisoformat(str(told["as_of"])),
        policy=str(run.run["policy"]["id"]),
        costs="",
        budget=0.0,
        data_status=str(told["data_status"]),
        folder=run.folder,
    )


def _run(run: Run, wording: Wording) -> str:
    return wording.text(
        "comparison",
        "run",
        policy=run.run["policy"]["id"],
        as_of=wording.date(str(run.summary["as_of"])),
        mark=str(run.run["fingerprint"])[:MARK],
    )
