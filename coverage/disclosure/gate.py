"""Narrow an assessment to what one audience may see."""

from __future__ import annotations

from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.errors import PolicyError


def shown_to(assessment: Assessment, audience: Audience) -> Assessment:
    """Return the assessment as an audience may see it; for the audience that it is for already, itself.

    Raises PolicyError where the assessment is for another audience: what was withheld cannot be had back.
    """
    if assessment.audience == audience:
        return assessment
    if not assessment.audience.internal:
        raise PolicyError(
            f"this assessment is for the audience {assessment.audience} and cannot be shown to {audience}; "
            "start from the internal one"
        )
    raise NotImplementedError
