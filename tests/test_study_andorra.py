"""A study on OpenStreetMap's roads and SRTM's heights of Andorra, from study.toml to the files that it writes.

Service is an assumption, and prices are Norwegian: what is looked at here is the ground. The figures were measured once
and are kept as a record: a change in any of them is a finding.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from coverage.policy import load_policy
from coverage.preparation import Prepared, prepare
from coverage.study import Study
from coverage.surfaces import SURFACES
from tests.conftest import ROOT

FOLDER = Path(__file__).parent / "studies" / "andorra"


@pytest.fixture(scope="module")
def root(data_root: Path) -> Path:
    if not (data_root / "andorra").is_dir():
        pytest.skip(f"no files of Andorra at {data_root / 'andorra'}")
    return data_root


@pytest.fixture(scope="module")
def andorra(root: Path) -> Prepared:
    study = Study.open(FOLDER, data_root=root)
    return prepare(study, load_policy(study.policy))


def test_what_is_assumed_is_named_so(andorra: Prepared) -> None:
    assert andorra.study.data_status == "synthetic"
    assert set(andorra.places["fixed_provider"]) == {"assumed for this study"}
    assert set(andorra.places["fixed_down_mbps"]) == {10.0}
    assert andorra.inputs.network["flagged"].all()
    assert andorra.routes["stand_in"].all()
    assert any("Nothing here says who in Andorra has broadband" in note for note in andorra.study.notes)


def test_every_place_needs_a_route_and_lies_in_one_area(andorra: Prepared) -> None:
    places = andorra.places
    assert places["kind"].value_counts().to_dict() == {"household": 301, "business": 101}
    assert len(andorra.inputs.rejected) == 0
    assert (places["eligible"] == 1).all()
    assert places["area_id"].notna().all()
    assert sorted(andorra.inputs.municipalities["municipality_code"]) == [f"AD-{n:02d}" for n in range(3, 9)]
    assert len(andorra.areas) == len(andorra.routes) == 32


def test_routes_tell_the_mountains_that_they_cross(andorra: Prepared) -> None:
    routes = andorra.routes
    total = routes.select_dtypes("number").sum() / 1000
    np.testing.assert_allclose(routes[list(SURFACES)].sum(axis=1), routes["trench_m"], atol=0.003)
    assert total["trench_m"] == pytest.approx(314.9, abs=0.5)
    assert total["subsea_m"] == total["in_duct_m"] == total["on_poles_m"] == 0
    assert total["steep_dug_m"] == pytest.approx(57.8, abs=0.5)
    assert total["climb_m"] == pytest.approx(28.7, abs=0.3)  # about 90 m per km
    assert total["terrain_m"] > 0.98 * total["route_m"]
    # Four areas lie at tracks that no road joins to the rest.
    apart = routes[~routes["connected"]]
    assert len(apart) == 4
    assert apart["crow_link_m"].sum() / 1000 == pytest.approx(10.0, abs=0.1)
    # Along roads the steep metres are those that the drawn route has, but for where its steps begin.
    on_roads = routes[routes["connected"]]
    assert on_roads["steep_dug_m"].sum() == pytest.approx(on_roads["steep_m"].sum(), rel=0.05)


def test_the_command_line_takes_it_from_end_to_end(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "coverage", "assess", FOLDER, "--data-root", root]
    finished = subprocess.run(
        [*map(str, command), "--out", str(tmp_path), "--json"],
        cwd=ROOT, capture_output=True, text=True, check=False, encoding="utf-8",
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    summary = json.loads(finished.stdout)
    assert summary["data_status"] == "synthetic"
    assert summary["funding_gap"]["p10"] < summary["funding_gap"]["p50"] < summary["funding_gap"]["p90"]
    drawn = gpd.read_file(tmp_path / "assessment.gpkg", layer="routes")
    assert drawn.crs == "EPSG:25831"
    assert len(drawn) == 32
