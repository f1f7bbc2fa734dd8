"""Masts, poles and ducts through study.toml: one mast per position, nothing lost, lines and points as they are."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import LineString, Point

from coverage.errors import DataError
from coverage.inputs import Inputs
from coverage.study import Study
from tests.studymaker import CRS, X0, Y0, TinyStudy, tiny_study


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    return tiny_study(tmp_path)


def load(tiny: TinyStudy) -> Inputs:
    tiny.save()
    return Study.open(tiny.folder).load()


def masts(tiny: TinyStudy, rows: list[dict[str, object]], *, source: str = "masts") -> None:
    file = f"{source}.csv"
    pd.DataFrame(rows).to_csv(tiny.folder / file, index=False)
    tiny.sources.append({"id": source, "role": "masts", "kind": "table", "path": file, "crs": CRS})


def at(x: float, y: float, **columns: object) -> dict[str, object]:
    return {"x": X0 + x, "y": Y0 + y, **columns}


def test_a_study_without_masts_or_lines_has_none(tiny: TinyStudy) -> None:
    inputs = load(tiny)
    assert len(inputs.masts) == 0
    assert inputs.masts.crs == CRS
    assert inputs.reuse == ()


def test_rows_at_one_position_are_one_mast_with_all_its_operators(tiny: TinyStudy) -> None:
    masts(
        tiny,
        [
            at(900, 900, operator="B", height_m=30, name=None),
            at(900.2, 900, operator="A", height_m=45, name="Åsen"),
            at(100, 100, operator="A", height_m=None, name=None),
            at(900, 900, operator="A", height_m=None, name=None),
        ],
    )
    found = load(tiny).masts
    assert found["mast_id"].tolist() == [f"{X0 + 100:.0f}-{Y0 + 100:.0f}", f"{X0 + 900:.0f}-{Y0 + 900:.0f}"]
    assert found["operator"].tolist() == ["A", "A, B"]
    assert found["height_m"].tolist() == pytest.approx([float("nan"), 45], nan_ok=True)
    assert found["name"].tolist()[1] == "Åsen"
    assert found["source_row"].tolist() == [3, 1]


def test_an_id_of_another_position_rejects_its_row_across_sources(tiny: TinyStudy) -> None:
    masts(tiny, [at(100, 100, mast_id="m1"), at(200, 200, mast_id="m1"), at(300, 300, mast_id="m2")], source="first")
    masts(tiny, [at(100, 100, mast_id="m1", operator="C"), at(400, 400, mast_id="m2"), at(9, 9)], source="second")
    inputs = load(tiny)
    assert sorted(inputs.masts["mast_id"]) == [f"{X0 + 9:.0f}-{Y0 + 9:.0f}", "m1", "m2"]
    assert inputs.masts.set_index("mast_id")["operator"]["m1"] == "C"
    assert inputs.rejected[["source", "row", "field", "value"]].to_numpy().tolist() == [
        ["first", 2, "mast_id", "m1"],
        ["second", 2, "mast_id", "m2"],
    ]


def test_a_mast_below_a_metre_is_rejected_with_its_row(tiny: TinyStudy) -> None:
    masts(tiny, [at(100, 100, height_m=0), at(200, 200, height_m=20)])
    inputs = load(tiny)
    assert len(inputs.masts) == 1
    assert inputs.rejected[["row", "field"]].to_numpy().tolist() == [[1, "height_m"]]


def test_ducts_come_before_poles_and_keep_their_reach(tiny: TinyStudy) -> None:
    line = LineString([(X0, Y0), (X0 + 500, Y0)])
    gpd.GeoDataFrame(geometry=[Point(X0, Y0), Point(X0 + 50, Y0)], crs=CRS).to_file(tiny.folder / "poles.gpkg")
    gpd.GeoDataFrame(geometry=[line], crs=CRS).to_crs("EPSG:4326").to_file(tiny.folder / "ducts.gpkg")
    tiny.sources.append({"id": "poles", "role": "poles", "kind": "vector", "path": "poles.gpkg"})
    tiny.sources.append(
        {"id": "ducts", "role": "ducts", "kind": "vector", "path": "ducts.gpkg", "options": {"within_m": 5}}
    )
    ducts, poles = load(tiny).reuse
    assert (ducts.what, ducts.within_m, ducts.source) == ("ducts", 5.0, "ducts")
    assert ducts.frame.geometry.iloc[0].length == pytest.approx(500, abs=0.5)
    assert (poles.what, poles.within_m, len(poles.frame)) == ("poles", 30.0, 2)


def test_ducts_of_points_only_are_refused(tiny: TinyStudy) -> None:
    gpd.GeoDataFrame(geometry=[Point(X0, Y0)], crs=CRS).to_file(tiny.folder / "ducts.gpkg")
    tiny.sources.append({"id": "ducts", "role": "ducts", "kind": "vector", "path": "ducts.gpkg"})
    with pytest.raises(DataError, match="ducts"):
        load(tiny)
