"""Measure the whole pack: every report in every format for every municipality of a study, from one assessment.

Run from the project's root: python -m tests.benchmarks.bench_pack [STUDY] [--workers N] [--data-root DIR]

First all municipalities side by side, by a process a core; then the one with most places short of service alone in this
process, file by file, by the clock and by the processor. Peak memory is that of the largest process. Offline.
"""

# ruff: noqa: T201 - it prints its table
from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from coverage import pipeline
from coverage.assessment import Assessment
from coverage.reports import pack, single
from coverage.reports.selection import cut
from coverage.reports.short import is_short
from coverage.reports.wording import load_wording
from coverage.side_by_side import cores
from coverage.study import Study
from maps.export import write_html

LANGUAGE = "nb"
WRITERS: Mapping[str, pack.Writer] = {"html": partial(write_html, language=LANGUAGE)}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path, nargs="?", default=Path("data/trondelag"))
    parser.add_argument("--workers", type=int, default=cores())
    parser.add_argument("--data-root", type=Path)
    asked = parser.parse_args()
    study = Study.open(asked.study, data_root=asked.data_root)
    start = time.perf_counter()
    assessment = pipeline.assess(study, study.default_scenario(), progress=lambda step: None)
    print(f"{study.name}: {len(assessment.places)} places, {len(assessment.areas)} areas", end="; ")
    print(f"assessed in {time.perf_counter() - start:.1f} s")
    every(assessment, asked.workers)
    largest(assessment)


def every(assessment: Assessment, workers: int) -> None:
    """Write and time the packs of all municipalities."""
    reports = pack.asked_for(pack.ALL, None, assessment.audience)
    done: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        index = pack.write_packs(
            assessment, Path(folder) / "packs", reports=reports, language=LANGUAGE, writers=WRITERS, workers=workers,
            progress=lambda step: done.append(time.perf_counter() - start),
        )  # fmt: skip
        seconds = time.perf_counter() - start
    parent, workers_peak = (
        resource.getrusage(whose).ru_maxrss / 1024 for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(f"{len(done)} municipalities, {len(index)} files, {index['bytes'].sum() / 1e6:.0f} MB, {workers} workers")
    print(
        f"whole run {seconds:.1f} s, the first pack after {done[0]:.1f} s; {seconds / len(done):.2f} s a municipality"
    )
    print(f"peak memory: this process {parent:.0f} MB, the largest worker {workers_peak:.0f} MB")


def largest(assessment: Assessment) -> None:
    """Write and time the pack of the municipality with most places short of service, in this process, twice."""
    short = assessment.places[is_short(assessment.places)]
    code = str(short.groupby("municipality_code").size().idxmax())
    wording = load_wording(LANGUAGE)
    print(f"{code}, {(short['municipality_code'] == code).sum()} places short of service, seconds in this process")
    for run in ("first", "again"):
        parts = {}
        with tempfile.TemporaryDirectory() as folder:
            begun, start, spent = time.perf_counter(), time.perf_counter(), time.process_time()
            selection = cut(assessment, municipality=[code])
            for report, kind in pack.asked_for(pack.ALL, None, assessment.audience):
                path = Path(folder) / pack.file_name(report, kind)
                if kind in WRITERS:
                    WRITERS[kind](selection.assessment, path)
                else:
                    single.write(selection, report, format=kind, path=path, wording=wording)
                parts[path.name], begun = time.perf_counter() - begun, time.perf_counter()
            total, spent = time.perf_counter() - start, time.process_time() - spent
        print(
            f"{run:>6} {total:.2f} (processor {spent:.2f}): "
            + ", ".join(f"{name} {seconds:.2f}" for name, seconds in parts.items())
        )


if __name__ == "__main__":
    main()
