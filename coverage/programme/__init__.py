"""Choose the programme: areas, technologies, pots and years, for the largest benefit within a council's wishes."""

from coverage.programme.choose import Programme, choose
from coverage.programme.clash import InfeasibleError
from coverage.programme.explain import Finding, explain
from coverage.programme.model import NONE, Options

__all__ = ["NONE", "Finding", "InfeasibleError", "Options", "Programme", "choose", "explain"]
