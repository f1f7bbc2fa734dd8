"""One more source, read as the study would read it and before the study uses it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from coverage.check import CheckReport
from coverage.findings import Finding, twice_registered
from coverage.inputs import SourceReport, SourceSpec
from coverage.study import Inspection, Progress, Study, ignore

# What a source is read beside: where it must lie, and the premises that its rows may name.
BESIDE: Final = ("municipalities", "premises", "corrections")


@dataclass(frozen=True)
class Trial:
    """Hold what became of one source. `report` is None where the file could not be read at all."""

    spec: SourceSpec
    report: SourceReport | None
    rejected: pd.DataFrame  # schemas.REJECTED_COLUMNS
    findings: tuple[Finding, ...]  # of this source alone, problems first
    failure: str  # why nothing of it can be used; "" where something can

    @property
    def usable(self) -> bool:
        """Return whether the study can take it in."""
        return not self.failure

    @property
    def rows_used(self) -> int:
        """Return how many rows are neither rejected nor left out."""
        if self.report is None:
            return 0
        return self.report.rows_read - self.report.rows_rejected - self.report.rows_left_out


def try_source(study: Study, spec: SourceSpec, *, progress: Progress = ignore) -> Trial:
    """Read one source beside the municipalities, premises and corrections of a study; nothing else is opened.

    Whatever is wrong with the file is in the trial: no error is raised for it.
    """
    beside = tuple(own for own in study.sources if own.role in BESIDE and own.id != spec.id)
    few = replace(study, sources=(*beside, spec), scope="service", network_from=())
    found = few.inspect(progress=progress)
    whole = CheckReport.from_inspection(found, study=few)
    return Trial(
        spec=spec,
        report=next((report for report in found.reports if report.source == spec.id), None),
        rejected=found.rejected[found.rejected["source"] == spec.id].reset_index(drop=True),
        findings=tuple(_own(whole, found, spec)),
        failure=found.failures.get(spec.id, ""),
    )


def _own(whole: CheckReport, found: Inspection, spec: SourceSpec) -> Iterator[Finding]:
    """Yield what the check says of this source, and of nothing else; a failure stands apart."""
    for finding in whole.findings:
        said = finding.text.removeprefix(f"{spec.id}: ")
        if finding.source == spec.id and finding.text != found.failures.get(spec.id):
            yield finding
        elif not finding.source and said != finding.text:
            yield Finding(finding.severity, spec.id, said)
    if spec.role == "premises" and found.inputs is not None:
        yield from twice_registered(found.inputs.places)
