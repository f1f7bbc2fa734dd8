"""The errors of this project: one small family, each message one sentence a planner can act on."""


class CoverageError(Exception):
    """Stand at the head of the family: catch this to catch every error raised on purpose here."""


class DataError(CoverageError):
    """Report input that cannot be used: the message names file, row or field, and what was expected."""


class CrsError(DataError):
    """Report a missing, unknown or unsuitable coordinate system."""


class PolicyError(CoverageError):
    """Report a policy pack, cost book or scenario that cannot be used."""


class SourceError(CoverageError):
    """Report a supplier that could not be reached or that answered with something unusable."""
