"""Tables of a hearing and of a stress test for the terminal and for files; the command line stays thin."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from coverage.errors import DataError
from coverage.hearing import Account
from coverage.policy import load_policy
from coverage.reports import side_books
from coverage.reports.delimited import write_csv
from coverage.reports.wording import load_wording
from coverage.stress import SURVIVES, TODAY, Stress
from coverage.study import Study

FORMATS: Final = ("csv", "xlsx")
DECIMALS: Final = 4
Tables = Mapping[str, pd.DataFrame]


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
            write = side_books.write_stress if "whatifs" in tables else side_books.write_hearing
            write(tables, made[path], study=study, policy=load_policy(policy), wording=load_wording(language))
        else:
            for number, (name, table) in enumerate(tables.items()):
                target = path if number == 0 else path.with_name(f"{path.stem}-{name}{path.suffix}")
                made[target] = Path(folder) / target.name
                write_csv(table, made[target])
        for target, file in made.items():
            file.replace(target)
    return list(made)


def print_hearing(account: Account, console: Console, *, study: Study) -> None:
    """Print what a hearing removed from each list, then the same by operator."""
    _head(console, study, account.policy)
    lists = Table("list", *map(_right, ("before", "after", "removed", "share", "published", "put back", "overdue")))
    for row in account.lists.to_dict("records"):
        name = f"below {row['below_mbps']:g} Mbit/s"
        shares = (_share(row["removed_share"]), _share(row["published_share"]))
        counts = [_count(row[f"premises_{figure}"]) for figure in ("before", "after", "removed")]
        lists.add_row(name, *counts, *shares, *(_count(row[f"premises_{name}"]) for name in ("put_back", "overdue")))
    console.print(lists)
    for text in account.lists["published_source"].dropna().unique():
        console.print(escape(f"published: {text}"))
    if account.operators.empty:
        console.print("no operator was heard: the study has no source of the role hearing")
        return
    heads = ("plans", "exist", "lapsed", "withdrawn", "premises", "businesses", "homes", "alone", "put back", "overdue")
    table = Table("operator", "list", *map(_right, heads), title="removed, by operator", title_justify="left")
    for row in account.operators.to_dict("records"):
        said = [_count(row[claim]) for claim in ("plan", "exists", "lapsed", "withdrawn")]
        counts = [_count(row[f"{what}_claimed"]) for what in ("premises", "businesses", "households")]
        rest = [_count(row[f"premises_{figure}"]) for figure in ("alone", "put_back", "overdue")]
        table.add_row(escape(row["operator"]), f"<{row['below_mbps']:g}", *said, *counts, *rest)
    console.print(table)
    if account.overdue_claims:
        console.print(
            f"{account.overdue_claims:,} claims are overdue: their day is past, and not all of their places have such "
            "service; they count until they are said to have lapsed, unless the policy says otherwise"
        )


def print_stress(found: Stress, console: Console, *, study: Study) -> None:
    """Print the what-ifs, then what becomes of the areas that are funded today."""
    _head(console, study, found.policy)
    million = f"million {found.currency}"
    console.print(f"budget {found.budget / 1e6:,.1f} {million}")
    heads = ("eligible", "funded areas", "kept", "built anyway", f"at risk, {million}", f"displaced, {million}", "new")
    table = Table("what if", *map(_right, heads))
    for row in found.whatifs.to_dict("records"):
        now = row["whatif"] == TODAY
        rest = [
            _share(row["kept_share"]), _count(row["built_premises"]), _money(row["grant_at_risk"]),
            _money(row["displaced_grant"]), _count(row["newcomers"]),
        ]  # fmt: skip
        counts = (_count(row["eligible_premises"]), _count(row["funded_areas"]))
        table.add_row(escape(row["label"]), *counts, *([""] * 5 if now else rest))
    console.print(table)
    if len(found.whatifs) == 1:
        console.print("the study has no plans: there is nothing to stress")
        return
    areas = Table(
        "area", *map(_right, ("premises", f"grant, {million}", "least kept")), "in", _right("built anyway"), "survives",
        title="areas funded today", title_justify="left",
    )  # fmt: skip
    labels = dict(zip(found.whatifs["whatif"], found.whatifs["label"], strict=True))
    for row in found.areas.to_dict("records"):
        weakest = "" if row["weakest"] == TODAY else labels[row["weakest"]]
        areas.add_row(
            escape(row["name"]), _count(row["premises"]), _money(row["grant"]), _share(row["least_kept"]),
            escape(weakest), _share(row["built_anyway"]), row["survives"],
        )  # fmt: skip
    console.print(areas)
    tally = found.areas["survives"].value_counts()
    console.print(", ".join(f"{int(tally.get(word, 0))} {word}" for word in SURVIVES))


def _head(console: Console, study: Study, policy: str) -> None:
    if study.data_status != "real":
        console.print(f"[bold]{study.data_status.upper()} DATA[/bold]: figures describe no real place exactly.")
    console.print(escape(f"{study.name}, policy {policy}, as of {study.as_of}"))


def _stamped(table: pd.DataFrame, policy: str, study: Study) -> pd.DataFrame:
    numbers = {name: table[name].round(DECIMALS) for name in table if pd.api.types.is_float_dtype(table[name].dtype)}
    return table.assign(
        **{str(name): column for name, column in numbers.items()},
        policy=policy,
        as_of=study.as_of.isoformat(),
        data_status=study.data_status,
    )


def _right(text: str) -> Column:
    return Column(text, justify="right")


def _count(value: float) -> str:
    rounded = round(float(value), 1)
    return f"{rounded:,.0f}" if rounded.is_integer() else f"{rounded:,.1f}"


def _share(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.0%}"


def _money(value: float) -> str:
    return f"{value / 1e6:,.1f}"
