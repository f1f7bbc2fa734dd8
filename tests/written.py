"""Runs on disk for tests: what a comparison, and a run that is read back, take of a folder that `assess` wrote."""

from __future__ import annotations

from pathlib import Path

from coverage.assessment import Assessment
from coverage.reports import delimited, geo
from coverage.reports.wording import load_wording


def write_run(assessment: Assessment, folder: Path) -> Path:
    """Write the files of a run that are read again, as `write_all` does, without its papers and workbooks."""
    folder.mkdir(parents=True, exist_ok=True)
    geo.write_parquet(geo.full_areas(assessment), folder / "areas.parquet")
    geo.write_parquet(geo.every_place(assessment).together(), folder / "places.parquet")
    layers = geo.assessment_layers(assessment, assessment.places)
    chosen = {name: layers[name] for name in ("routes", "sites") if name in layers}
    file, as_of = folder / "assessment.gpkg", assessment.study.as_of
    geo.write_geopackage(chosen, file, as_of=as_of, wording=load_wording("en"))
    (folder / "summary.json").write_text(delimited.summary_json(assessment.summary), encoding="utf-8")
    delimited.write_json(assessment.provenance, folder / "run.json")
    return folder
