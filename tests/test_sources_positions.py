"""Places without coordinates: the middle of a cell, the point of a postcode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coverage.errors import CrsError, DataError
from coverage.inputs import Inputs, SourceSpec
from coverage.sources.positions import stand_on_postcodes
from coverage.sources.premises import read_premises
from coverage.study import Study
from tests.fuzz.harness import AREA
from tests.studymaker import CRS, X0, Y0, TinyStudy, tiny_study

COLUMNS = {"postcode": "POSTNR", "lon": "LON", "lat": "LAT"}
POSTCODES = "POSTNR\tSTED\tLAT\tLON\n0150\tVestby\t63.36\t10.42\n7010\tØstby\t63.37\t10.6\n9999\tuten\t\t\n"


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    return tiny_study(tmp_path / "tiny")


def write(tiny: TinyStudy, text: str) -> None:
    (tiny.folder / "premises.csv").write_text(text, encoding="utf-8")


def load(tiny: TinyStudy) -> Inputs:
    return Study.open(tiny.save()).load()


@pytest.mark.parametrize("cell_m", [100, 250, 1000])
def test_cell_ids_of_any_size_stand_for_the_middle_of_their_cell(tiny: TinyStudy, cell_m: int) -> None:
    east, north = int(X0) + 3000, int(Y0) + 4000
    write(tiny, f"id;type;celle\na;B;{2_000_000 + east}{north}\nb;B;123\nc;B;\n")
    source = tiny.source("premises")
    source.pop("crs")
    source["columns"] = {"place_id": "id", "kind": "type", "cell_id": "celle"}
    with pytest.raises(DataError, match="cell_id but not the size of its cells; expected cell_m"):
        load(tiny)
    source["constants"] = {"cell_m": cell_m}
    inputs = load(tiny)
    assert inputs.places[["place_id", "cell_m"]].to_numpy().tolist() == [["a", cell_m]]
    point = inputs.places.geometry.iloc[0]
    assert (point.x, point.y) == (east + cell_m / 2, north + cell_m / 2)
    assert inputs.rejected[["row", "field", "reason"]].to_numpy().tolist() == [
        [2, "celle", "is not a cell id of 14 digits"],
        [3, "celle", "is empty; expected a value"],
    ]
    report = next(item for item in inputs.reports if item.source == "premises")
    assert report.crs_found == "EPSG:25833 (in the cell ids)"
    source["crs"] = "EPSG:25832"
    with pytest.raises(CrsError, match="has cell ids, which are in EPSG:25833, but states EPSG:25832"):
        load(tiny)


def by_postcode(tiny: TinyStudy, **options: Any) -> None:
    (tiny.folder / "postnummer.csv").write_text(POSTCODES, encoding="utf-8")
    source = tiny.source("premises")
    source.pop("crs", None)
    source["columns"] = {"place_id": "id", "kind": "type", "postcode": "post"}
    source["options"] = {
        "postcodes": "postnummer.csv", "postcode_columns": COLUMNS, "postcode_crs": "EPSG:4326", **options
    }  # fmt: skip


def test_postcodes_stand_for_a_point_and_say_so(tiny: TinyStudy) -> None:
    write(tiny, "id;type;post\na;B;150\nb;H;0150\nc;H;7010\nd;H;8888\ne;H;\nf;H;9999\n")
    by_postcode(tiny)
    inputs = load(tiny)
    places = inputs.places
    assert places["place_id"].tolist() == ["a", "b", "c"]
    assert places["position_basis"].tolist() == ["postcode"] * 3
    assert places["postcode"].tolist() == ["150", "0150", "7010"]
    assert places.geometry.iloc[0].equals(places.geometry.iloc[1])  # the leading zero that a spreadsheet dropped
    assert places["municipality_code"].tolist() == ["5001", "5001", "5002"]
    assert inputs.rejected[["row", "field", "value", "reason"]].to_numpy().tolist() == [
        [4, "post", "8888", "is no postcode of postnummer.csv"],
        [5, "post", "", "is empty; expected a postcode"],
        [6, "post", "9999", "is no postcode of postnummer.csv"],
    ]
    report = next(item for item in inputs.reports if item.source == "premises")
    assert "3 rows stand at the point of their postcode: a district, not an address" in report.notes
    assert "postnummer.csv" in Study.open(tiny.folder).fingerprint()


def test_postcodes_that_cannot_be_used(tiny: TinyStudy) -> None:
    write(tiny, "id;type;post\na;B;150\n")
    by_postcode(tiny, postcode_crs="")
    with pytest.raises(CrsError, match="states no postcode_crs"):
        load(tiny)
    by_postcode(tiny, postcode_crs=CRS)
    with pytest.raises(CrsError, match="lon and lat, but postcode_crs is not in degrees"):
        load(tiny)
    by_postcode(tiny, postcode_columns={"postcode": "POSTNR"})
    with pytest.raises(DataError, match=r"postcode_columns is .*expected e\.g\."):
        load(tiny)
    by_postcode(tiny, postcode_columns={**COLUMNS, "lat": "LATT"})
    with pytest.raises(DataError, match=r"is 'LATT', which postnummer\.csv has not; the nearest known is 'LAT'"):
        load(tiny)
    by_postcode(tiny)
    (tiny.folder / "postnummer.csv").write_text("POSTNR;LAT;LON\n1;63;10\n01;63;10\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"postnummer\.csv: postcode '1' occurs twice"):
        load(tiny)
    by_postcode(tiny, postcodes="../elsewhere.csv")
    with pytest.raises(DataError, match="leads outside"):
        load(tiny)
    assert stand_on_postcodes.__doc__


def test_real_postcodes_tab_separated_and_municipalities_without_leading_zero(data_root: Path, tmp_path: Path) -> None:
    # Rows of a register that know no more than a postcode, in the real table: tabs in a .csv, KOMMNR 301 for 0301.
    source = tmp_path / "data"
    source.mkdir()
    table = (data_root / "norway" / "postcodes" / "postnummer.csv").read_bytes()
    (source / "postnummer.csv").write_bytes(table)
    (source / "register.csv").write_text("id;post\na;7080\nb;7081\nc;1\n", encoding="utf-8")
    spec = SourceSpec(
        id="s", role="premises", kind="table", path=source / "register.csv", columns={"postcode": "post"},
        constants={"kind": "business"},
        options={"postcodes": "postnummer.csv", "postcode_columns": COLUMNS, "postcode_crs": "EPSG:4326"},
    )  # fmt: skip
    batch = read_premises(spec, area=AREA)
    found = batch.geo.to_crs("EPSG:4326")
    assert batch.rejected["reason"].str.contains("far outside").tolist() == [True]  # 0001 is in Oslo
    assert found.geometry.y.between(63.2, 63.5).all()
    assert len(found) == 2


def test_real_table_of_addresses_by_code_digits(data_root: Path) -> None:
    from coverage.sources.mapping import fill_codes
    from coverage.sources.table import read_table

    path = data_root / "norway" / "postcodes" / "postnummer.csv"
    spec = SourceSpec(id="s", role="premises", kind="table", path=path, options={"code_digits": 4})
    raw = read_table(spec)
    assert len(raw.frame) == 5786
    codes = fill_codes(raw.frame["KOMMNR"], spec)
    assert raw.frame["KOMMNR"].iloc[0] == "301"
    assert codes.iloc[0] == "0301"
    assert codes.dropna().str.len().eq(4).all()
    assert raw.frame["POSTNR"].iloc[0] == "0001"


def test_real_population_counts_are_five_where_few(data_root: Path) -> None:
    from coverage.sources import READERS

    path = data_root / "norway" / "population" / "ssb_NOR0250M_POP_2022.csv"
    raw = READERS["ssb_grid"].read(SourceSpec(id="s", role="premises", kind="table", path=path))
    assert len(raw.frame) == 223_347
    assert any("153,580 of 223,347 cells hold 5" in note for note in raw.notes)
    assert not raw.frame["pop_tot"].isin(["6", "7", "8", "9"]).any()
