"""The counts that a report prints, read from the assessment's summary: never counted a second way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coverage.reports.selection import Selection
from coverage.schemas import GAP_KINDS


@dataclass(frozen=True)
class Counts:
    """Hold premises by weight."""

    businesses: float = 0.0
    households: float = 0.0

    def __add__(self, other: Counts) -> Counts:
        """Add two counts."""
        return Counts(self.businesses + other.businesses, self.households + other.households)


@dataclass(frozen=True)
class Place:
    """Hold the figures of one municipality, of several, or of the whole study."""

    code: str
    name: str
    gaps: Mapping[str, Counts]
    tiers: Mapping[str, Counts]
    eligible: Counts

    @property
    def all(self) -> Counts:
        """Return all premises."""
        return _sum(self.gaps.values())

    @property
    def short_fixed(self) -> Counts:
        """Return the premises short of fixed service."""
        return self.gaps["fixed"] + self.gaps["both"]

    @property
    def short_mobile(self) -> Counts:
        """Return the premises short of mobile service."""
        return self.gaps["mobile"] + self.gaps["both"]

    @property
    def share_short(self) -> float:
        """Return the share of homes and businesses short of fixed service, 0 where there are none."""
        total = self.all.businesses + self.all.households
        short = self.short_fixed
        return (short.businesses + short.households) / total if total else 0.0


def total(selection: Selection) -> Place:
    """Return the figures of the whole selection, which is made of whole municipalities."""
    summary = selection.assessment.summary
    if selection.whole:
        return _place(summary, code="", name=selection.assessment.study.name, tiers=_tiers(selection))
    parts = by_municipality(selection)
    none = {name: Counts() for name in GAP_KINDS}
    return Place(
        code="",
        name="",
        gaps={name: _sum(part.gaps[name] for part in parts) for name in none},
        tiers={name: _sum(part.tiers[name] for part in parts) for name in _tiers(selection)},
        eligible=_sum(part.eligible for part in parts),
    )


def by_municipality(selection: Selection) -> list[Place]:
    """Return the figures of each municipality in the selection, in the summary's order."""
    shown = set(selection.municipality_names())
    return [
        _place(row, code=str(row["code"]), name=str(row["name"]), tiers=_tiers(selection))
        for row in selection.assessment.summary["municipalities"]
        if str(row["code"]) in shown
    ]


def _tiers(selection: Selection) -> tuple[str, ...]:
    return selection.assessment.policy.tier_ids


def _place(row: Mapping[str, Any], *, code: str, name: str, tiers: tuple[str, ...]) -> Place:
    return Place(
        code=code,
        name=name,
        gaps={key: _counts(row["gaps"][key]) for key in GAP_KINDS},
        tiers={key: _counts(row["tiers"][key]) for key in tiers},
        eligible=_counts(row["eligible"]),
    )


def _counts(value: Mapping[str, Any]) -> Counts:
    return Counts(float(value["businesses"]), float(value["households"]))


def _sum(counts: Any) -> Counts:
    return sum(counts, start=Counts())
