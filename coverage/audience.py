"""Who is looking: everybody, a council, one operator, or the people who work with the study.

An assessment says for whom it is (`Assessment.audience`); coverage/disclosure is the one gate that narrows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from coverage.errors import DataError

INTERNAL_KIND: Final = "internal"
OPERATOR_KIND: Final = "operator"
KINDS: Final = (INTERNAL_KIND, "council", OPERATOR_KIND, "public")


@dataclass(frozen=True)
class Audience:
    """Name one audience; `operator` is the operator's name where the kind is `operator`, and empty elsewhere.

    Raises DataError for a kind that is not there, for an operator without a name and for a name without an operator.
    """

    kind: str
    operator: str = ""

    def __post_init__(self) -> None:
        """Refuse what names no audience."""
        if self.kind not in KINDS:
            raise DataError(f"audience {self.kind!r} is not known; expected one of {', '.join(KINDS)}")
        if self.kind == OPERATOR_KIND and not self.operator.strip():
            raise DataError("an audience of kind operator needs the operator's name; expected operator:NAME")
        if self.kind != OPERATOR_KIND and self.operator:
            raise DataError(f"the audience {self.kind} has no operator; expected operator:{self.operator}")

    @classmethod
    def parse(cls, text: str) -> Audience:
        """Read `internal`, `council`, `public` or `operator:NAME`. Raises DataError for anything else."""
        kind, colon, name = text.strip().partition(":")
        if colon and kind.strip() != OPERATOR_KIND:
            raise DataError(f"audience {text!r} is not known; expected one of {', '.join(KINDS)}, or operator:NAME")
        return cls(kind.strip(), name.strip())

    @classmethod
    def named(cls, kind: str = "", operator: str = "") -> Audience:
        """Return the audience that two options name: without any the internal one; an operator alone is enough."""
        if not kind:
            return cls(OPERATOR_KIND, operator.strip()) if operator else INTERNAL
        return cls(kind, operator.strip()) if operator else cls.parse(kind)

    def __str__(self) -> str:
        """Return what `parse` reads."""
        return f"{self.kind}:{self.operator}" if self.operator else self.kind

    @property
    def internal(self) -> bool:
        """Say whether nothing is withheld."""
        return self.kind == INTERNAL_KIND


INTERNAL: Final = Audience(INTERNAL_KIND)
