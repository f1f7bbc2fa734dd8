"""The life of an area: applied for, awarded, built; by whom, and what its municipality has confirmed."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from coverage.assessment import Assessment
from maps import style
from maps.language import N_, _, pgettext

# coverage.schemas.AREA_STATUSES
STATUSES: Final = {
    "modelled": N_("proposed by the model"),
    "applied": N_("applied for"),
    "awarded": N_("awarded"),
    "built": N_("built"),
}


def told(assessment: Assessment) -> bool:
    """Say whether any area is more than proposed by the model."""
    return bool((assessment.areas["status"] != "modelled").any())


def status(code: str) -> str:
    """Return in words how far an area has come."""
    return _(STATUSES[code]) if code in STATUSES else code


def pairs(assessment: Assessment, area: pd.Series[Any]) -> list[tuple[str, str]]:
    """Return labels and texts of an area's life; nothing where a study tells neither applications nor awards."""
    if "applied_share" not in area:
        return []
    currency = assessment.study.currency
    found = [(pgettext("of an area", "status"), status(str(area["status"])))]
    for label, ids, share in (
        (_("application"), "application_id", "applied_share"),
        (_("award"), "award_id", "awarded_share"),
    ):
        if isinstance(area[ids], str):
            part = style.percent(float(area[share]))
            found.append((label, _("{ids}: {share} of its premises", ids=area[ids], share=part)))
    for label, column in (
        (_("confirmed by the municipality"), "municipal_confirmed"),
        (_("grant applied for"), "requested_grant"),
    ):
        amount = area.get(column)
        if amount is not None and not pd.isna(amount):
            found.append((label, style.money(float(amount), currency)))
    return found
