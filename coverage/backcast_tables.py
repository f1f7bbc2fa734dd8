"""A look back on past awards as tables for the terminal and for files, and as a scenario file to use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from coverage.backcast import Backcast
from coverage.calibration import OVERALL
from coverage.errors import DataError
from coverage.reports.wording import Wording, load_wording
from coverage.scenario import Scenario
from coverage.study import Study

DECIMALS: Final = 4
SECTION: Final = "backcast_book"


def backcast_tables(found: Backcast, *, study: Study) -> dict[str, pd.DataFrame]:
    """Return the awards, their classes and the prices before and after, each row stamped with what it is of."""
    stamp = {"policy": found.policy, "as_of": study.as_of.isoformat(), "data_status": study.data_status}
    return {
        "awards": _rounded(found.awards).assign(currency=found.currency, price_year=found.price_year, **stamp),
        "classes": _rounded(found.classes).assign(**stamp),
        "prices": _rounded(found.prices).assign(currency=found.currency, price_year=found.price_year, **stamp),
    }


def scenario_text(found: Backcast, scenario: Scenario, *, study: Study) -> str:
    """Return the scenario with the fitted prices as TOML, saying on top where they are from."""
    factors = ", ".join(f"{name} {value:.3f}" for name, value in found.multipliers.items())
    head = (
        f"# Prices under [costs] are those of the cost book {study.costs!r} in {found.price_year} times a multiplier\n"
        f"# ({factors}), fitted from {int(found.awards['fitted'].sum())} past awards of the study {study.id!r}.\n"
    )
    return head + found.calibrated(scenario).to_toml()


def write_scenario(found: Backcast, scenario: Scenario, path: Path, *, study: Study) -> None:
    """Write the scenario with the fitted prices.

    Raises DataError where no award could be fitted, or the file cannot be written.
    """
    if not found.multipliers:
        raise DataError(f"study {study.id}: no past award could be fitted, so there are no prices for {path.name}")
    try:
        path.write_text(scenario_text(found, scenario, study=study), encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"{path.name}: cannot be written ({error.strerror}); expected a folder that is there"
        ) from error


def print_backcast(found: Backcast, console: Console, *, study: Study, language: str = "en") -> None:
    """Print every award beside the model, the ratios by class, and what each price would become."""
    wording = load_wording(language)
    banner = wording.text("banner", study.data_status)
    if banner:
        console.print(f"[bold]{escape(banner)}[/bold]")
    what = wording.text(SECTION, "title", study=wording.said(study.name))
    console.print(escape(f"{what} ({found.policy}, {found.currency} {found.price_year})"))

    def heads(*names: str) -> list[str]:
        return [wording.lines("backcast_columns", name, currency=found.currency)[0] for name in names]

    def factor(value: float) -> str:
        return wording.number(value, decimals=2)

    words = wording.value
    rows = [
        [
            row["award_id"], str(row["year"]), words("technology", row["technology"]), words("basis", row["basis"]),
            wording.said(row["terrain_class"]), wording.number(row["premises"]), wording.number(row["actual_cost"]),
            wording.number(row["model_cost"]), factor(row["cost_ratio"]), factor(row["grant_ratio"]),
        ]
        for row in found.awards.to_dict("records")
    ]  # fmt: skip
    names = ("award_id", "year", "technology", "basis", "terrain_class", "premises", "actual_cost", "model_cost")
    _show(console, heads(*names, "cost_ratio", "grant_ratio"), rows, left=range(5))
    for award, note in zip(found.awards["award_id"], found.awards["note"], strict=True):
        if note:
            console.print(escape(f"{award}: {in_words(note, wording)}"))
    if not found.multipliers:
        console.print(wording.text(SECTION, "nothing_fitted"))
        return
    rows = [
        [
            words("technology", row["technology"]), words("by", row["by"]),
            "" if row["by"] == OVERALL else wording.said(row["class"]), wording.number(row["awards"]),
            *(factor(row[name]) for name in ("median_ratio", "spread", "multiplier")),
        ]
        for row in found.classes.to_dict("records")
    ]  # fmt: skip
    ratios = heads("median_ratio", "spread", "multiplier")
    _show(console, [*heads("technology", "by", "class", "awards"), *ratios], rows, left=range(3))
    rows = [
        [
            wording.item(row["item"]), wording.said(row["unit"]), wording.number(row["book_value"], decimals=2),
            wording.number(row["fitted_value"], decimals=2),
        ]
        for row in found.prices.to_dict("records")
    ]  # fmt: skip
    _show(console, heads("item", "unit", "book_value", "fitted_value"), rows, left=range(2))
    console.print(wording.text(SECTION, "not_used"))


def in_words(note: str, wording: Wording) -> str:
    """Return a row's notes in the reader's language."""
    return "; ".join(wording.said(part) for part in note.split("; ") if part)


def _show(console: Console, header: list[str], rows: list[list[str]], *, left: Sequence[int]) -> None:
    columns = (Column(escape(text), justify="left" if at in left else "right") for at, text in enumerate(header))
    table = Table(*columns)
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    floats = [name for name in table if pd.api.types.is_float_dtype(table[name].dtype)]
    return table.assign(**{str(name): table[name].round(DECIMALS) for name in floats})
