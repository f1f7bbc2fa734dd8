"""What a run found, for the terminal; tables of a hearing and of a stress test for it and for files."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from coverage import agreement
from coverage.assessment import Assessment
from coverage.errors import DataError
from coverage.hearing import Account
from coverage.policy import load_policy
from coverage.reports import hearing, side_books
from coverage.reports.delimited import write_csv
from coverage.reports.wording import Wording, load_wording
from coverage.stress import SURVIVES, TODAY, Stress
from coverage.study import Study

FORMATS: Final = ("csv", "xlsx")
DECIMALS: Final = 4
Tables = Mapping[str, pd.DataFrame]
# A workbook's writer, by a table that it alone has.
BOOKS: Final = {
    "whatifs": side_books.write_stress,
    "lists": side_books.write_hearing,
    "prices": side_books.write_backcast,
}


def print_summary(result: Assessment, folder: Path, console: Console) -> None:
    """Print what a run found, in a few lines."""
    figures = result.summary
    if result.study.data_status != "real":
        console.print(f"[bold]{result.study.data_status.upper()} DATA[/bold]: figures describe no real place exactly.")
    eligible, funded, gap = figures["eligible"], figures["funded"], figures["funding_gap"]
    money = figures["currency"]
    console.print(
        f"{result.study.name}, policy {figures['policy']}, as of {figures['as_of']}\n"
        f"eligible: {eligible['businesses']:,.0f} businesses and {eligible['households']:,.0f} homes "
        f"in {figures['areas']} areas\n"
        f"funding gap: {gap['p10'] / 1e6:,.0f}–{gap['p90'] / 1e6:,.0f} million {money} (P10–P90)\n"
        f"budget {figures['budget'] / 1e6:,.1f} million {money} funds {funded['areas']} areas: "
        f"{funded['businesses']:,.0f} businesses and {funded['households']:,.0f} homes"
        + (f"; {funded['areas_without_gap']} of them need no grant" if funded["areas_without_gap"] else "")
    )
    if figures["rejected"]:
        console.print(f"{figures['rejected']} rows were set aside: see {folder / 'rejected.csv'}")
    for line in agreement.lines(figures.get("agreement", {})):
        console.print(line)
    for warning in result.provenance["warnings"]:
        console.print(f"note: {warning}")
    console.print(f"written to {folder}")


def hearing_tables(account: Account, *, study: Study) -> Tables:
    """Return the tables of a hearing by name, each row stamped with what it is of."""
    return {name: _stamped(table, account.policy, study) for name, table in
            (("operators", account.operators), ("lists", account.lists))}  # fmt: skip


def stress_tables(found: Stress, *, study: Study) -> Tables:
    """Return the tables of a stress test by name, each row stamped with what it is of."""
    tables = {"areas": found.areas, "whatifs": found.whatifs, "newcomers": found.newcomers}
    return {
        name: _stamped(table, found.policy, study).assign(budget=found.budget, currency=found.currency)
        for name, table in tables.items()
    }


def require_file(path: Path | None) -> None:
    """Raise DataError where a file of tables has another ending than FORMATS, or no folder to lie in."""
    if path is None:
        return
    if path.suffix.lower().lstrip(".") not in FORMATS:
        raise DataError(f"{path.name}: expected a file that ends in {' or '.join('.' + ending for ending in FORMATS)}")
    if not path.resolve().parent.is_dir():
        raise DataError(f"{path.parent}: no such folder; expected one to write {path.name} to")


def write_tables(tables: Tables, path: Path, *, study: Study, policy: str, language: str = "en") -> list[Path]:
    """Write the tables to one workbook, or the first to `path` and the others beside it, and return what was written.

    A workbook is in the reader's language, CSV holds codes. The files are moved to their place when all are whole.
    """
    require_file(path)
    with tempfile.TemporaryDirectory(dir=path.resolve().parent) as folder:
        made: dict[Path, Path] = {}
        if path.suffix.lower() == ".xlsx":
            made[path] = Path(folder) / path.name
            write = next(writer for name, writer in BOOKS.items() if name in tables)
            write(tables, made[path], study=study, policy=load_policy(policy), wording=load_wording(language))
        else:
            for number, (name, table) in enumerate(tables.items()):
                target = path if number == 0 else path.with_name(f"{path.stem}-{name}{path.suffix}")
                made[target] = Path(folder) / target.name
                write_csv(table, made[target])
        for target, file in made.items():
            file.replace(target)
    return list(made)


def print_hearing(account: Account, console: Console, *, study: Study, language: str = "en") -> None:
    """Print what a hearing removed from each list, then the same by operator, in the reader's language."""
    wording, heard = load_wording(language), account.summary()
    _head(console, study, account.policy, wording)
    told = hearing.lists_in_words(heard, wording)
    _print_table(console, told["header"], told["rows"])
    for line in hearing.published_lines(heard, wording):
        console.print(escape(line))
    if account.operators.empty:
        console.print(wording.text("hearing", "nobody"))
        return
    header = wording.lines("hearing", "operators_table")
    for shown in heard["lists"]:
        name = hearing.list_name(shown["below_mbps"], wording)
        rows = [row for of, row in hearing.operators_in_words(heard, wording) if of == shown["list"]]
        _print_table(console, header, rows, title=wording.text("hearing", "widest", list=name))
    if account.overdue_claims:
        console.print(hearing.overdue_line(heard, wording))


def print_stress(found: Stress, console: Console, *, study: Study, language: str = "en") -> None:
    """Print the what-ifs, then what becomes of the areas that are funded today, in the reader's language."""
    wording = load_wording(language)
    _head(console, study, found.policy, wording)
    million = f"{wording.texts['million']} {found.currency}"

    def header(*names: str) -> list[str]:
        return [wording.lines("columns", name, currency=million)[0] for name in names]

    def money(value: float) -> str:
        return wording.number(value / 1e6, decimals=1)

    console.print(f"{wording.text('read_me', 'budget')}: {money(found.budget)} {million}")
    labels = {row["whatif"]: wording.said(row["label"]) for row in found.whatifs.to_dict("records")}
    rows = []
    for row in found.whatifs.to_dict("records"):
        rest = [
            wording.percent(row["kept_share"]), wording.number(row["built_premises"]), money(row["grant_at_risk"]),
            money(row["displaced_grant"]), wording.number(row["newcomers"]),
        ]  # fmt: skip
        counts = [wording.number(row["eligible_premises"]), wording.number(row["funded_areas"])]
        rows.append([labels[row["whatif"]], *counts, *([""] * len(rest) if row["whatif"] == TODAY else rest)])
    compared = ("kept_share", "built_premises", "grant_at_risk", "displaced_grant", "newcomers")
    _print_table(console, header("whatif", "eligible_premises", "funded_areas", *compared), rows)
    if len(found.whatifs) == 1:
        console.print(wording.text("stress_book", "no_plans"))
        return
    rows = [
        [
            row["name"], wording.value("survives", row["survives"]),
            "" if row["weakest"] == TODAY else labels[row["weakest"]], wording.number(row["premises"]),
            money(row["grant"]), wording.percent(row["least_kept"]), wording.percent(row["built_anyway"]),
        ]
        for row in found.areas.to_dict("records")
    ]  # fmt: skip
    named = header("area_id", "survives", "weakest", "premises", "grant", "least_kept", "built_anyway")
    _print_table(console, named, rows, words=3, title=wording.text("sheets", "stress_areas"))
    tally = found.areas["survives"].value_counts()
    console.print(
        ", ".join(f"{wording.value('survives', word)}: {wording.number(int(tally.get(word, 0)))}" for word in SURVIVES)
    )


def _print_table(
    console: Console, header: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1, title: str | None = None
) -> None:
    """Print a table with its first `words` columns set left and the others, figures, set right."""
    columns = [Column(name, justify="left" if at < words else "right") for at, name in enumerate(header)]
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)


def _head(console: Console, study: Study, policy: str, wording: Wording) -> None:
    banner = wording.text("banner", study.data_status)
    if banner:
        console.print(f"[bold]{escape(banner)}[/bold]")
    facts = (wording.text("pdf", "policy", policy=policy), wording.text("pdf", "as_of", date=wording.date(study.as_of)))
    console.print(escape(f"{wording.said(study.name)}. {'. '.join(facts)}."))


def _stamped(table: pd.DataFrame, policy: str, study: Study) -> pd.DataFrame:
    numbers = {name: table[name].round(DECIMALS) for name in table if pd.api.types.is_float_dtype(table[name].dtype)}
    return table.assign(
        **{str(name): column for name, column in numbers.items()},
        policy=policy,
        as_of=study.as_of.isoformat(),
        data_status=study.data_status,
    )
