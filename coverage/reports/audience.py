"""For whom a report is, and what was withheld from it: said on its first page or sheet, and in its rows."""

from __future__ import annotations

from coverage.assessment import Assessment
from coverage.reports.wording import Wording

AUDIENCE = "audience"


def for_whom(assessment: Assessment, wording: Wording) -> str:
    """Name the audience; nothing for the internal one, from which nothing is withheld."""
    audience = assessment.audience
    return "" if audience.internal else wording.text(AUDIENCE, audience.kind, operator=audience.operator)


def withheld(assessment: Assessment, wording: Wording) -> list[str]:
    """Return the note on what an audience does not get; none for the internal one."""
    audience = assessment.audience
    if audience.internal:
        return []
    note = wording.text(AUDIENCE, f"{audience.kind}_note", operator=audience.operator)
    return [f"{note} {wording.text(AUDIENCE, 'persons_note')}"]


def mark(assessment: Assessment) -> dict[str, str]:
    """Return the column that says for whom a file without a first page is, by name; none for the internal audience."""
    return {} if assessment.audience.internal else {AUDIENCE: str(assessment.audience)}
