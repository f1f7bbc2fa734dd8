"""The cost book, and what each technology costs in each area."""

from __future__ import annotations

from dataclasses import dataclass


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
    """Hold the unit figures of one country, by item name."""

    id: str
    currency: str
    items: tuple[CostItem, ...]

    def __getitem__(self, item: str) -> CostItem:
        """Return one item, or raise KeyError."""
        return next(row for row in self.items if row.item == item)
