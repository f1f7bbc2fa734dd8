"""The 250 m grid: cell ids to points, and what its counts do and do not say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon, box

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.ssb import read_ssb_grid


def spec(path: Path, **options: Any) -> SourceSpec:
    return SourceSpec(
        id="cells", role="premises", kind="table", path=path, file=path.name, format="ssb_grid", options=options
    )


def grid(folder: Path, text: str, **options: Any) -> SourceSpec:
    path = folder / "cells.csv"
    path.write_text(text, encoding="utf-8")
    return spec(path, **options)


BUSINESSES = "\ufeffogc_fid;SSBID250M;est_tot;emp_tot\n1;22695007041500;3;12\n2;22695007041750;1;0\n"
PEOPLE = "SSBID0250M;pop_tot\n22695007041500;5\n22695007041750;21\n"


def test_a_cell_stands_at_its_centre(tmp_path: Path) -> None:
    table = read_ssb_grid(grid(tmp_path, BUSINESSES))
    assert table.frame.crs.to_epsg() == 25833
    assert [(point.x, point.y) for point in table.frame.geometry] == [(269625, 7041625), (269625, 7041875)]
    assert table.frame["cell"].tolist() == ["22695007041500", "22695007041750"]
    assert table.frame["est_tot"].tolist() == ["3", "1"]
    assert table.frame["cell_m"].tolist() == [250, 250]


def test_no_employees_is_not_reported_rather_than_nought(tmp_path: Path) -> None:
    table = read_ssb_grid(grid(tmp_path, BUSINESSES))
    assert table.frame["emp_tot"].iloc[0] == "12"
    assert table.frame["emp_tot"].isna().tolist() == [False, True]
    assert "1 of 2 cells report no employees" in table.notes[0]


def test_small_populations_are_noted(tmp_path: Path) -> None:
    table = read_ssb_grid(grid(tmp_path, PEOPLE))
    assert table.frame["pop_tot"].tolist() == ["5", "21"]
    assert "1 of 2 cells hold 5" in table.notes[0]


@pytest.mark.parametrize("cell", ["2269500704150", "x2695007041500", "", "226950070415000"])
def test_a_row_without_a_cell_id_is_rejected(tmp_path: Path, cell: str) -> None:
    table = read_ssb_grid(grid(tmp_path, f"SSBID0250M;pop_tot\n{cell};5\n22695007041750;21\n"))
    assert list(table.frame.index) == [2]
    assert table.rejected[["source", "row", "field", "value"]].values.tolist() == [["cells", 1, "SSBID0250M", cell]]


def test_a_file_without_cell_ids_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cells\.csv: no column with cell ids"):
        read_ssb_grid(grid(tmp_path, "a;b\n1;2\n"))


@given(east=st.integers(-400, 4400), north=st.integers(25_000, 32_000))
def test_any_cell_comes_back_from_its_id(tmp_path_factory: pytest.TempPathFactory, east: int, north: int) -> None:
    corner = (east * 250, north * 250)
    text = f"SSBID250M;est_tot\n{corner[0] + 2_000_000:07d}{corner[1]:07d};1\n"
    point = read_ssb_grid(grid(tmp_path_factory.mktemp("cell"), text)).frame.geometry.iloc[0]
    assert (point.x, point.y) == (corner[0] + 125, corner[1] + 125)


def municipalities(folder: Path) -> Path:
    """Write two neighbours: ours west of x = 270,000, theirs east of it; ours is a bow tie that must be repaired."""
    ours = Polygon([(269_000, 7_041_000), (270_000, 7_042_000), (270_000, 7_041_000), (269_000, 7_042_000)])
    path = folder / "two.gpkg"
    shapes = [box(270_000, 7_041_000, 271_000, 7_042_000), ours]
    gpd.GeoDataFrame({"number": ["1", "0"]}, geometry=shapes, crs="EPSG:25833").to_file(path)
    return path


def test_a_cell_belongs_to_the_municipality_of_its_centre_else_the_nearest(tmp_path: Path) -> None:
    municipalities(tmp_path)
    # Centres: in the west half of ours; in theirs; 125 m south of theirs; 1,375 m south of both.
    corners = [(269_000, 7_041_500), (270_250, 7_041_250), (270_500, 7_040_750), (269_500, 7_039_500)]
    text = "SSBID250M;est_tot\n" + "".join(f"{east + 2_000_000}{north};1\n" for east, north in corners)
    options = {"municipalities": "two.gpkg", "municipality_column": "number"}
    strict = read_ssb_grid(grid(tmp_path, text, **options)).frame["municipality"]
    assert strict.fillna("").tolist() == ["0", "1", "", ""]
    nearest = read_ssb_grid(grid(tmp_path, text, **options, municipality_within_m=200)).frame["municipality"]
    assert nearest.fillna("").tolist() == ["0", "1", "1", ""]


def test_an_unknown_municipality_column_is_named(tmp_path: Path) -> None:
    municipalities(tmp_path)
    with pytest.raises(DataError, match=r"municipality_column is 'code', which two\.gpkg does not have"):
        read_ssb_grid(grid(tmp_path, BUSINESSES, municipalities="two.gpkg", municipality_column="code"))


def test_the_real_businesses_of_one_county(data_root: Path) -> None:
    path = data_root / "norway/businesses/ssb_bedrifter_250m_2025.csv"
    options = {"municipalities": "../boundaries/Kommuner-M.geojson", "municipality_column": "kommunenummer"}
    strict = read_ssb_grid(spec(path, **options)).frame
    assert strict.loc[strict["municipality"].str.startswith("50", na=False), "est_tot"].astype(int).sum() == 50_945
    joined = read_ssb_grid(spec(path, **options, municipality_within_m=2000)).frame
    assert joined.loc[joined["municipality"].str.startswith("50", na=False), "est_tot"].astype(int).sum() == 52_112


def test_the_real_grids_hold_the_published_totals(data_root: Path) -> None:
    businesses = read_ssb_grid(spec(data_root / "norway/businesses/ssb_bedrifter_250m_2025.csv"))
    assert len(businesses.frame) == 134_050
    assert businesses.rejected.empty
    assert businesses.frame["est_tot"].astype(int).sum() == 633_069
    assert businesses.frame["emp_tot"].dropna().astype(int).sum() == 2_913_376
    people = read_ssb_grid(spec(data_root / "norway/population/ssb_NOR0250M_POP_2022.csv"))
    assert len(people.frame) == 223_347
    assert "153,580 of 223,347" in people.notes[0]
    assert people.frame["pop_tot"].astype(int).sum() == 5_609_140
