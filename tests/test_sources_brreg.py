"""A register that names municipalities only: spread over cells in proportion, small headcounts imputed, both said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources import READERS
from coverage.sources.brreg import read_units_by_municipality, section, spread
from coverage.sources.raw import RawTable

CRS = "EPSG:25833"
HEADER = (
    "Org. nr.,Navn,Overordnet enhet,Antall ansatte,Organisasjonsform - Kode,Organisasjonsform,NACE 1,NACE 1 - Bransje,"
    "Beliggenhetsadresse - Kommune,Postadresse - Kommune"
)
SIZES = (
    "region,næring (SN2007),antall ansatte,statistikkvariabel,år,value\n"
    'Skien,"Jordbruk, skogbruk og fiske",1-4 ansatte,Bedrifter,2025,9\n'
    'Skien,"Jordbruk, skogbruk og fiske",1-4 ansatte,Bedrifter,2026,1\n'
    'Skien,"Jordbruk, skogbruk og fiske",Ingen ansatte,Bedrifter,2026,7\n'
    "Skien,Industri,1-4 ansatte,Bedrifter,2026,5\n"
)
OPTIONS: dict[str, Any] = {
    "municipalities": "m.geojson",
    "municipality_column": "nr",
    "municipality_name": "navn",
    "cells": "cells.csv",
    "sizes": "sizes.csv",
    "withheld_headcount": 2.0,
}


def unit(number: int, *, headcount: str = "", form: str = "BEDR", nace: str = "01.110", place: str = "Skien") -> str:
    return f"{number},Bedrift {number},9,{headcount},{form},Underenhet,{nace},Bransje,{place},"


def cell(x: int, y: int, businesses: int) -> str:
    return f"1;{2_000_000 + x:07d}{y:07d};{businesses};0"


def write(folder: Path, *units: str, sizes: str = SIZES) -> None:
    polygons = [box(0, 6_500_000, 10_000, 6_510_000), box(10_000, 6_500_000, 20_000, 6_510_000)]
    frame = gpd.GeoDataFrame({"nr": ["4003", "4001"], "navn": ["Skien", "Porsgrunn"]}, geometry=polygons, crs=CRS)
    frame.to_file(folder / "m.geojson")
    (folder / "units.csv").write_text("\n".join([HEADER, *units]) + "\n", encoding="utf-8")
    cells = [cell(500, 6_500_500, 3), cell(1000, 6_500_500, 1), cell(1500, 6_500_500, 0), cell(12_000, 6_500_500, 5)]
    (folder / "cells.csv").write_text("\n".join(["ogc_fid;SSBID250M;est_tot;emp_tot", *cells]) + "\n", encoding="utf-8")
    (folder / "sizes.csv").write_text(sizes, encoding="utf-8")


def read(folder: Path, **options: Any) -> RawTable:
    spec = SourceSpec(
        id="register", role="premises", kind="table", path=folder / "units.csv", options={**OPTIONS, **options}
    )
    return read_units_by_municipality(spec)


def test_units_are_spread_in_proportion_and_say_so(tmp_path: Path) -> None:
    write(tmp_path, *(unit(n) for n in (14, 11, 13, 12)), unit(20, place="PORSGRUNN"), unit(30, place="Bergen"))
    raw = read(tmp_path)
    frame = gpd.GeoDataFrame(raw.frame)
    assert frame.index.tolist() == [1, 2, 3, 4, 5]
    # Three of four establishments are in the first cell; units go by number, whatever their order in the file.
    assert frame.geometry.x.tolist() == [1125, 625, 625, 625, 12_125]
    assert frame.geometry.y.tolist() == [6_500_625] * 5
    assert frame["municipality"].tolist() == ["4003"] * 4 + ["4001"]
    assert (frame["position_basis"] == "spread").all()
    assert (frame["cell_m"] == 250).all()
    assert raw.crs_found == "EPSG:25833 (of the business cells)"
    assert raw.rejected[["row", "value"]].to_numpy().tolist() == [[6, "Bergen"]]
    assert "5 units are known by municipality only: spread over 3 business cells" in raw.notes


def test_headcounts_are_kept_or_imputed_from_the_table_of_sizes(tmp_path: Path) -> None:
    units = [
        unit(1, headcount="2137.0"),
        unit(2),
        unit(3, form="AAFY"),
        unit(4),
        unit(5, nace="25.110"),
        unit(6, nace=""),
        unit(7, nace="25.110", headcount="5.0"),
    ]
    write(tmp_path, *units)
    raw = read(tmp_path)
    frame = raw.frame.set_index("Org. nr.")
    # One of the three farms without a headcount, a trading one; all of the one factory, though five are counted.
    assert frame["employees"].tolist() == ["2137.0", "0", "0", "2", "2", "0", "5.0"]
    assert frame["employees_basis"].tolist() == ["reported", *["imputed"] * 5, "reported"]
    assert any("5 of 7 headcounts are withheld" in note and "2 units get 2, of 6" in note for note in raw.notes)
    assert any("2,142 employees are reported and 4 imputed" in note for note in raw.notes)
    earlier = read(tmp_path, sizes_year=2025).frame.set_index("Org. nr.")
    assert earlier["employees"].tolist() == ["2137.0", "2", "2", "2", "0", "0", "5.0"]


def test_the_form_of_a_unit_is_kept_as_the_register_codes_it() -> None:
    assert READERS["brreg_municipal"].columns["legal_form"] in HEADER.split(",")


def test_order_of_the_file_changes_nothing(tmp_path: Path) -> None:
    units = [unit(number, form="AAFY" if number % 3 else "BEDR") for number in range(100, 130)]
    write(tmp_path, *units)
    once = gpd.GeoDataFrame(read(tmp_path).frame).set_index("Org. nr.").sort_index()
    write(tmp_path, *reversed(units))
    again = gpd.GeoDataFrame(read(tmp_path).frame).set_index("Org. nr.").sort_index()
    pd.testing.assert_frame_equal(pd.DataFrame(once), pd.DataFrame(again))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"withheld_headcount": 5}, "expected a number from 1 to 4"),
        ({"withheld_headcount": "two"}, "expected a number from 1 to 4"),
        ({"sizes_year": 1999}, "no rows of '1-4 ansatte' for 1999"),
        ({"sizes": "units.csv"}, "no column 'region'"),
        ({"cells": "sizes.csv"}, "no column with cell ids"),
    ],
)
def test_what_cannot_be_used(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    write(tmp_path, unit(1))
    with pytest.raises(DataError, match=words):
        read(tmp_path, **options)


def test_missing_option_and_column(tmp_path: Path) -> None:
    write(tmp_path, unit(1))
    spec = SourceSpec(id="register", role="premises", kind="table", path=tmp_path / "units.csv")
    with pytest.raises(DataError, match="option municipalities is missing"):
        read_units_by_municipality(spec)
    (tmp_path / "units.csv").write_text("Org. nr.,Kommune\n1,Skien\n", encoding="utf-8")
    with pytest.raises(DataError, match="no column 'Beliggenhetsadresse - Kommune'"):
        read(tmp_path)


def test_sections_by_division() -> None:
    codes = pd.Series(["01.110", "86.101", "99.000", "00.000", None, "47.1", "x"], dtype="str")
    assert section(codes).tolist() == [
        "Jordbruk, skogbruk og fiske",
        "Helse- og sosialtjenester",
        "Internasjonale organer",
        "Uoppgitt",
        "Uoppgitt",
        "Varehandel, reparasjon av motorvogner",
        "Uoppgitt",
    ]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.integers(0, 400))
def test_every_weight_gets_its_part_to_within_one(weights: list[int], count: int) -> None:
    found = spread(np.array(weights, dtype=float), count)
    assert len(found) == count
    assert (np.diff(found) >= 0).all()
    got = np.bincount(found, minlength=len(weights))
    exact = np.array(weights) / sum(weights) * count
    assert (np.abs(got - exact) <= 1 + 1e-9).all()
