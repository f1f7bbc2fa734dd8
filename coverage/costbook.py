"""The cost book: unit figures of one country, each with range, unit, year, source and confidence, read and checked.

A room below `costs` and `subsidy`, which both need the book and may not import each other.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from coverage.errors import PolicyError
from coverage.figure_files import read_items
from coverage.scenario import Pairs

COST_DIR: Final = Path(__file__).parent.parent / "data" / "costs"

BOOK_CONFIDENCES: Final = ("published", "derived", "assumed")
INDEX_PREFIX: Final = "price_index_"

# What the stages read from a book; a book may hold more (exchange rates, price index rows).
REQUIRED: Final = (
    "verge_trench_m", "soil_trench_m", "rock_trench_m", "aerial_m", "soil_share", "rock_share", "aerial_share",
    "cable_share", "subsea_m", "subsea_landing", "splitter_premises", "drop_m", "drop_premises", "cpe",
    "active_premises", "design_overhead", "fwa_site_upgrade", "fwa_new_site", "fwa_new_site_share",
    "fwa_premises_per_site", "fwa_range_m", "fwa_cpe", "fwa_down_mbps", "fwa_up_mbps", "fibre_down_mbps",
    "fibre_up_mbps", "voucher_premises", "voucher_down_mbps", "voucher_up_mbps", "voucher_cost_of_sales",
    "opex_passive", "opex_active", "life_duct", "life_cable", "life_active", "life_cpe", "life_mast",
    "take_up_household", "take_up_business", "take_up_ramp_years", "arpu_household_month", "arpu_business_month",
    "vat_share", "cost_of_sales", "wacc", "inflation", "correlation", "steep_rock_share", "existing_duct_m",
    "opex_duct", "fwa_busy_mbps", "fwa_load_share", "fwa_site_sectors", "fwa_sectors_most", "fwa_sector", "power_m",
    "site_power_m", "mobile_new_site", "mobile_equipment", "mobile_operator_share",
    "microwave_link",
)  # fmt: skip
POSITIVE: Final = ("fwa_premises_per_site", "fwa_range_m", "take_up_ramp_years", "fwa_busy_mbps", "fwa_sectors_most")


@dataclass(frozen=True)
class CostItem:
    """Hold one unit figure with its range, year and source; `confidence` is published, derived or assumed."""

    item: str
    value: float
    low: float
    high: float
    unit: str
    year: int
    currency: str
    source: str
    confidence: str


@dataclass(frozen=True)
class CostBook:
    """Hold the unit figures of one country, by item name; `version` is the SHA-256 of the file it came from."""

    id: str
    currency: str
    items: tuple[CostItem, ...]
    version: str = ""
    price_year: int = 0  # 0: every amount stands in the prices of its own row's year

    def __getitem__(self, item: str) -> CostItem:
        """Return one item, or raise KeyError."""
        return self._by_item[item]

    @cached_property
    def _by_item(self) -> dict[str, CostItem]:
        return {row.item: row for row in reversed(self.items)}

    def assumed(self) -> tuple[CostItem, ...]:
        """List the items that rest on general knowledge and must be marked wherever shown."""
        return tuple(row for row in self.items if row.confidence == "assumed")

    def is_money(self, row: CostItem) -> bool:
        """Say whether an item is an amount of money."""
        return row.unit.startswith(f"{self.currency} per ")

    def with_values(self, overrides: Pairs) -> CostBook:
        """Put values in place of the book's own; an item's range is scaled with its value, a share's up to 1."""
        return _overridden(self, overrides)

    def at_prices_of(self, year: int) -> CostBook:
        """Bring every amount of money to the prices of `year` by the book's own price index rows.

        Raises PolicyError if the index has no row for a year that is needed.
        """
        index = {row.year: row.value for row in self.items if row.item.startswith(INDEX_PREFIX)}
        needed = {year} | {row.year for row in self.items if self.is_money(row)}
        missing = sorted(needed - set(index))
        if missing:
            raise PolicyError(
                f"{self.id}.csv: the row {INDEX_PREFIX}{missing[0]} is missing; it is needed to bring amounts of "
                f"{missing[0]} to the prices of {year}"
            )

        def moved(row: CostItem) -> CostItem:
            if not self.is_money(row) or row.year == year:
                return row
            factor = index[year] / index[row.year]
            source = f"{row.source} [{row.value:g} in {row.year} x {factor:.4f} by price index]"
            low, value, high = row.low * factor, row.value * factor, row.high * factor
            return replace(row, low=low, value=value, high=high, year=year, source=source)

        return replace(self, items=tuple(moved(row) for row in self.items), price_year=year)


def load_costs(
    book_id: str,
    *,
    currency: str,
    price_year: int | None = None,
    overrides: Pairs = (),
    directory: Path = COST_DIR,
) -> CostBook:
    """Read and check the book `book_id`, bring it to the prices of `price_year`, and put overrides in.

    `overrides` are values by item, in the prices of `price_year`; the item's range is scaled with its value.
    Raises PolicyError naming the file, the row and what was expected.
    """
    path = directory / f"{book_id}.csv"
    if path.parent != directory or not path.is_file():
        known = ", ".join(sorted(file.stem for file in directory.glob("*.csv"))) or "none"
        raise PolicyError(f"cost book {book_id!r} is not known; the books in data/costs are: {known}")
    content = path.read_bytes()
    try:
        items = tuple(read_items(CostItem, content.decode("utf-8-sig"), where=path.name))
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path.name}: not valid UTF-8 ({error.reason} at byte {error.start})") from error
    book = CostBook(id=book_id, currency=currency, items=items, version=hashlib.sha256(content).hexdigest())
    _refuse(book, path.name)
    if price_year is not None:
        book = book.at_prices_of(price_year)
    if overrides:
        book = book.with_values(overrides)
        _refuse(book, f"{path.name} with the scenario's costs")
    return book


def _overridden(book: CostBook, overrides: Pairs) -> CostBook:
    items = {row.item: row for row in book.items}
    for name, value in overrides:
        if name not in items:
            raise PolicyError(f"scenario: costs.{name} is no item of the cost book {book.id!r}")
        row = items[name]
        scale = value / row.value if row.value else 0.0
        limit = 1.0 if row.unit.startswith("share") else math.inf
        items[name] = replace(
            row,
            value=value,
            low=min(row.low * scale, value) if scale else value,
            high=max(min(row.high * scale, limit), value) if scale else value,
            year=book.price_year if book.is_money(row) and book.price_year else row.year,
            source=f"set in the scenario, in place of {row.value:g}",
            confidence="assumed",
        )
    if "soil_share" in items and "rock_share" in items:  # a scaled range must still leave a whole route
        rock, room = items["rock_share"], 1.0 - items["soil_share"].value
        items["rock_share"] = replace(rock, high=max(rock.value, min(rock.high, room)))
    return replace(book, items=tuple(items[row.item] for row in book.items))


def _refuse(book: CostBook, where: str) -> None:
    problems = list(_problems(book))
    if problems:
        raise PolicyError(f"{where}: " + "; ".join(problems))


def _problems(book: CostBook) -> Iterator[str]:
    seen: dict[str, CostItem] = {}
    for row in book.items:
        if row.item in seen:
            yield f"{row.item} is given twice"
        seen[row.item] = row
        if not 0 <= row.low <= row.value <= row.high:
            yield f"{row.item}: expected 0 <= low <= value <= high, got {row.low:g}, {row.value:g}, {row.high:g}"
        if row.currency != book.currency:
            yield f"{row.item}: currency is {row.currency!r}; the study's is {book.currency!r}"
        if row.confidence not in BOOK_CONFIDENCES:
            yield f"{row.item}: confidence {row.confidence!r} is none of {', '.join(BOOK_CONFIDENCES)}"
        if row.unit.startswith("share") and row.high > 1:
            yield f"{row.item}: a share above 1 ({row.high:g})"
        if row.item.startswith("life_") and not (row.low >= 1 and row.value == int(row.value)):
            yield f"{row.item} is {row.value:g}; expected whole years, 1 or more"
        if (row.item in POSITIVE or row.item.startswith(INDEX_PREFIX)) and not row.low > 0:
            yield f"{row.item}: low is {row.low:g}; expected more than 0"
    missing = [name for name in REQUIRED if name not in seen]
    if missing:
        yield f"these items are missing: {', '.join(missing)}"
    elif seen["soil_share"].value + seen["rock_share"].high > 1:
        yield "soil_share and the high end of rock_share are more than the whole route"
