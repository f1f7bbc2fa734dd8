"""Networks assumed in the densest cells: as many as the published share of fibre says, and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon, box

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.ssb_network import densest, read_dense_cells

OPTIONS = {
    "municipalities": "two.gpkg",
    "municipality_column": "number",
    "municipality_name": "called",
    "shares": "sheet.csv",
    "stand_in": True,
}
SHEET = """Dekning;;;
;;Teknologidekning;
Kommune;Fylke;Fiber;DSL
VESTBY;TRØNDELAG;{west};90,0 %
ØSTBY;TRØNDELAG;{east};80,0 %
ANNETSTEDS;AGDER;50,0 %;70,0 %
"""
# Vestby: cells of 40, 30, 10, 10, 5 and 5 people; Østby: 20 and 5. People per cell by its lower-left corner.
PEOPLE = {
    (269_000, 7_041_000): 40,
    (269_250, 7_041_000): 30,
    (269_000, 7_041_500): 10,
    (269_500, 7_041_500): 10,
    (269_000, 7_041_750): 5,
    (269_250, 7_041_750): 5,
    (270_000, 7_041_000): 20,
    (270_500, 7_041_000): 5,
}


def spec(folder: Path, *, west: str = "85,0 %", east: str = "50,0 %", **options: Any) -> SourceSpec:
    squares = [box(269_000, 7_041_000, 270_000, 7_042_000), box(270_000, 7_041_000, 271_000, 7_042_000)]
    frame = gpd.GeoDataFrame({"number": ["5001", "5002"], "called": ["Vestby", "Østby - Nuortta"]}, geometry=squares)
    frame.set_crs("EPSG:25833").to_file(folder / "two.gpkg")
    (folder / "sheet.csv").write_text(SHEET.format(west=west, east=east), encoding="utf-8")
    rows = "".join(f"{x + 2_000_000}{y};{people}\n" for (x, y), people in PEOPLE.items())
    path = folder / "people.csv"
    path.write_text(f"SSBID0250M;pop_tot\n{rows}", encoding="utf-8")
    return SourceSpec(
        id="dense",
        role="network",
        kind="table",
        path=path,
        file=path.name,
        format="ssb_network",
        options={**OPTIONS, **options},
        where_prefix={"municipality": "50"},
    )


def square(x: float, y: float) -> Polygon:
    return box(x, y, x + 250, y + 250)


def test_the_densest_cells_hold_the_share_and_equal_cells_go_together(tmp_path: Path) -> None:
    table = read_dense_cells(spec(tmp_path))
    west, east = table.frame.itertuples()
    # 85 % of Vestby's 100 people: 40 + 30; with both cells of 10 it would be 90.
    assert (west.municipality, west.name, west.cells, west.people) == ("5001", "Vestby", 2, 70)
    assert west.geometry.equals(box(269_000, 7_041_000, 269_500, 7_041_250))
    # The cell of 20 is more than half of Østby's 25 people, but some cell must be the start.
    assert (east.municipality, east.cells, east.people) == ("5002", 1, 20)
    assert east.geometry.equals(square(270_000, 7_041_000))
    assert table.frame.crs.to_epsg() == 25833
    assert "in 3 cells of 2 municipalities, the densest, which hold 72.0% of the people there" in table.notes[-1]
    assert table.warnings == ()


def test_a_larger_share_reaches_farther_out(tmp_path: Path) -> None:
    west = read_dense_cells(spec(tmp_path, west="90,0 %")).frame.iloc[0]
    assert (west["cells"], west["people"]) == (4, 90)
    assert len(west["geometry"].geoms) == 3  # two cells touch, two stand alone
    assert read_dense_cells(spec(tmp_path, west="100,0 %")).frame.iloc[0]["cells"] == 6


def test_no_fibre_no_network_and_a_warning(tmp_path: Path) -> None:
    table = read_dense_cells(spec(tmp_path, east="0,0 %"))
    assert table.frame["municipality"].tolist() == ["5001"]
    assert table.warnings == ("no share of fibre, so no network is assumed: Østby - Nuortta",)
    with pytest.raises(DataError, match="no municipality has a share of fibre"):
        read_dense_cells(spec(tmp_path, east="0,0 %", west="0,0 %"))


def test_another_column_may_say_where_a_network_is(tmp_path: Path) -> None:
    table = read_dense_cells(spec(tmp_path, share_column="Teknologidekning | DSL"))
    assert table.frame["cells"].tolist() == [4, 1]
    with pytest.raises(DataError, match=r"sheet\.csv: no column 'Teknologidekning | Kabel'"):
        read_dense_cells(spec(tmp_path, share_column="Teknologidekning | Kabel"))


@pytest.mark.parametrize("option", ["municipalities", "municipality_column", "municipality_name", "shares"])
def test_a_missing_option_is_named(tmp_path: Path, option: str) -> None:
    whole = spec(tmp_path)
    options = {name: value for name, value in whole.options.items() if name != option}
    with pytest.raises(DataError, match=f"source 'dense': option {option} is missing"):
        read_dense_cells(SourceSpec(**{**vars(whole), "options": options}))


def test_a_grid_without_people_is_refused(tmp_path: Path) -> None:
    whole = spec(tmp_path)
    whole.path.write_text("SSBID0250M;est_tot\n22690007041000;1\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"people\.csv: no column 'pop_tot'"):
        read_dense_cells(whole)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=60), st.floats(0.001, 1))
def test_no_more_people_than_the_share_unless_one_class_of_cells_is(people: list[int], share: float) -> None:
    counts = np.array(people, dtype=float)
    chosen = densest(counts, share)
    assert counts[chosen].min() > counts[~chosen].max(initial=0)
    held = counts[chosen].sum()
    assert held <= share * counts.sum() + 1e-6 or (counts[chosen] == counts.max()).all()
    # The next class would be too much.
    if not chosen.all():
        assert held + counts[counts == counts[~chosen].max()].sum() > share * counts.sum()


def test_every_municipality_of_trondelag_has_a_start(data_root: Path) -> None:
    path = data_root / "norway/population/ssb_NOR0250M_POP_2022.csv"
    found = read_dense_cells(
        SourceSpec(
            id="dense",
            role="network",
            kind="table",
            path=path,
            options={
                "municipalities": "../boundaries/Kommuner-M.geojson",
                "municipality_column": "kommunenummer",
                "municipality_name": "kommunenavn",
                "municipality_within_m": 2000,
                "shares": "../coverage/nkom_Dekning_fbb_kommuner_husstander.csv",
            },
            where_prefix={"municipality": "50"},
        )
    )
    assert len(found.frame) == 38
    assert found.frame["cells"].min() >= 1
    assert found.warnings == ()
