"""The one gate between an assessment and who is looking: what an audience must not see is not there behind it."""

from coverage.disclosure.gate import shown_to

__all__ = ["shown_to"]
