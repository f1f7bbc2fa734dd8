"""Offers in the shapes that regulators publish, from tiny files in their exact formats to the service of places.

The tiny study's places are a lattice; p00 stands in the south-west, 2.5 km between columns and 2 km between rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import h3
import pandas as pd
import pytest
from shapely.geometry import Point

from coverage.errors import CrsError, DataError
from coverage.inputs import Inputs, OfferLayer
from coverage.overlay import overlay, reach
from coverage.policy import load_policy
from coverage.study import Study
from tests.studymaker import CRS, X0, Y0, TinyStudy, premises, tiny_study
from tests.test_sources_cells import key_of

# The FCC's header, and the kind of rows that its files have.
FCC_HEADER = (
    "frn,provider_id,brand_name,location_id,technology,max_advertised_download_speed,max_advertised_upload_speed,"
    "low_latency,business_residential_code,state_usps,block_geoid,h3_res8_id"
)


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    return tiny_study(tmp_path / "tiny")


def add(tiny: TinyStudy, text: str | bytes, *, name: str = "offers.csv", alone: bool = True, **source: Any) -> None:
    """Add a source of offers, instead of the tiny study's own."""
    (tiny.folder / name).write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    if alone:
        tiny.drop("fibre")
    entry = {"id": "offers", "role": "offers", "kind": "table", "path": name}
    tiny.sources.insert(2, entry | source)
    tiny.save()


def load(tiny: TinyStudy) -> Inputs:
    return Study.open(tiny.folder).load()


def only(inputs: Inputs) -> OfferLayer:
    (layer,) = inputs.offers
    return layer


def serve(tiny: TinyStudy, policy: str = "no-2024") -> gpd.GeoDataFrame:
    study = Study.open(tiny.folder)
    inputs = study.load()
    served, _ = overlay(
        inputs.places, offers=inputs.offers, mobile=(), shares=None, policy=load_policy(policy), as_of=study.as_of
    )
    return served.set_index("place_id")


def position(place: str) -> Point:
    """Return where a place stands, in longitude and latitude."""
    row = premises().set_index("id").loc[place]
    return gpd.GeoSeries([Point(row["east"], row["north"])], crs=CRS).to_crs("EPSG:4326").iloc[0]


def cell_of(place: str, resolution: int = 8) -> str:
    point = position(place)
    return h3.latlng_to_cell(point.y, point.x, resolution)


def fcc(*rows: tuple[str, str, int, int, int, int, str]) -> str:
    """Return rows of the FCC's file from brand, location, technology code, down, up, low latency and H3 cell."""
    lines = [
        f"0003768165,130317,{brand},{location},{code},{down},{up},{fast},X,VT,500110102002027,{cell}"
        for brand, location, code, down, up, fast, cell in rows
    ]
    return "\n".join([FCC_HEADER, *lines]) + "\n"


# --- FCC -----------------------------------------------------------------------------------------------------


def test_fcc_locations_reach_the_places_of_their_h3_cell(tiny: TinyStudy) -> None:
    here, there = cell_of("p00"), cell_of("p01")
    assert here != there
    text = fcc(
        ("Xfinity", "1037392925", 40, 1200, 35, 1, here),
        ("Xfinity", "1037392926", 40, 1200, 35, 1, here),
        ("Starlink", "1037392925", 61, 220, 25, 1, here),
        ("Rural DSL", "1037392999", 10, 10, 1, 1, there),
        ("Viasat", "1037392999", 60, 100, 3, 0, there),
        ("Nowhere", "1", 50, 100, 100, 1, "882bab5303fffff"),
        ("Typo", "2", 50, 100, 100, 1, "8zz"),
        ("New code", "3", 80, 100, 100, 1, there),
    )
    add(tiny, text, format="fcc_availability", options={"shape": "h3"})
    inputs = load(tiny)
    layer = only(inputs)
    assert layer.shape == "polygon"
    assert layer.frame["provider"].tolist() == ["Xfinity", "Starlink", "Rural DSL", "Viasat"]
    assert layer.frame["technology"].tolist() == ["cable", "satellite", "dsl", "satellite"]
    assert layer.frame["latency_ms"].tolist() == [100, 100, 100, 101]
    assert layer.frame["basis"].tolist() == ["claimed"] * 4
    assert layer.frame["source_row"].tolist() == [1, 3, 4, 5]
    assert inputs.rejected[["row", "field", "value"]].to_numpy().tolist() == [
        [6, "h3_res8_id", "882bab5303fffff"],
        [7, "h3_res8_id", "8zz"],
        [8, "technology", "80"],
    ]
    (report,) = [report for report in inputs.reports if report.source == "offers"]
    assert report.crs_found == "EPSG:4326 (of the h3 ids)"
    assert any("7 rows are 6 different offers" in note for note in report.notes)
    served = serve(tiny, "us-bead-2022")
    assert served.loc["p00", ["fixed_down_mbps", "fixed_up_mbps", "fixed_technology"]].tolist() == [1200, 35, "cable"]
    assert served.loc["p01", ["fixed_down_mbps", "fixed_technology"]].tolist() == [10, "dsl"]
    assert served["fixed_down_mbps"].gt(0).sum() == 2


def test_fcc_locations_reach_the_place_of_their_id(tiny: TinyStudy) -> None:
    text = fcc(("GWI", "p03", 50, 1000, 1000, 1, ""), ("GWI", "p04", 71, 100, 20, 1, ""))
    add(tiny, text, format="fcc_availability", options={"shape": "place"})
    served = serve(tiny, "us-bead-2022")
    assert served.loc[["p03", "p04"], "fixed_technology"].tolist() == ["fibre", "fwa"]
    assert served["fixed_down_mbps"].gt(0).sum() == 2


def test_unlicensed_fixed_wireless_is_no_licensed_fixed_wireless(tiny: TinyStudy) -> None:
    text = fcc(("Wisp", "p03", 70, 100, 20, 1, ""), ("Wisp", "p04", 72, 100, 20, 1, ""))
    add(tiny, text, format="fcc_availability", options={"shape": "place"})
    assert only(load(tiny)).frame["technology"].tolist() == ["fwa_unlicensed", "fwa"]
    served = serve(tiny, "us-bead-2022")  # counts licensed and licensed-by-rule spectrum alone
    assert served.loc[["p03", "p04"], "fixed_down_mbps"].tolist() == [0, 100]


def test_own_words_win_over_the_published_codes(tiny: TinyStudy) -> None:
    text = fcc(("Wisp", "p03", 70, 100, 20, 1, ""), ("Wisp", "p04", 0, 5, 1, 1, ""))
    add(tiny, text, format="fcc_availability", options={"shape": "place"}, values={"technology": {"70": "fwa"}})
    assert only(load(tiny)).frame["technology"].tolist() == ["fwa", "other"]


def test_formats_say_what_they_are_for(tiny: TinyStudy) -> None:
    add(tiny, fcc(("A", "p01", 50, 1, 1, 1, "")), format="fcc_availability", options={"shape": "place"})
    tiny.source("offers")["role"] = "shares"
    tiny.save()
    with pytest.raises(DataError, match="format 'fcc_availability' is for offers, not for shares"):
        load(tiny)


# --- Nkom ----------------------------------------------------------------------------------------------------

# Columns as in Nkom's lists: an address id, street, number and letter, post code and town, municipality, cadastre.
LIST_HEADER = "adresseid;adressenavn;nummer;bokstav;postnr;poststed;kommunenr;gnr;bnr;fnr;nord;øst"


def lacking(*places: str) -> str:
    rows = [f"{place};Fjellvegen;{n};;7000;VESTBY;5001;12;{n};0;7031000;271000" for n, place in enumerate(places, 1)]
    return "\n".join([LIST_HEADER, *rows]) + "\n"


def test_lists_of_addresses_that_lack_become_classes(tiny: TinyStudy) -> None:
    (tiny.folder / "Mangler_30Mbit.csv").write_text(lacking("p01", "p09"), encoding="utf-8")
    text = lacking("p00", "p01", "p02")
    source = {"format": "nkom_lacking", "options": {"slower_list": "Mangler_30Mbit.csv"}}
    add(tiny, text, name="Mangler_100Mbit.csv", **source)
    inputs = load(tiny)
    frame = only(inputs).frame
    assert frame["place_id"].tolist() == ["p00", "p01", "p02", "p09"]
    assert frame["down_mbps"].tolist() == [30, 0, 30, 0]
    assert frame["down_max_mbps"].tolist() == [99.999, 29.999, 99.999, 29.999]
    assert frame["source_row"].tolist() == [1, 2, 3, 4]
    assert inputs.warnings == (
        "offers: 1 addresses lack 30 Mbit/s by Mangler_30Mbit.csv but are not on the list of those that lack 100; "
        "they are added, as rows after its last",
    )
    served = serve(tiny)
    assert served.loc[["p00", "p01", "p09"], "fixed_down_mbps"].tolist() == [30, 0, 0]
    # The list says nothing about the others: nothing is claimed for them.
    assert served.drop(index=["p00", "p01", "p02", "p09"])["fixed_provider"].isna().all()
    assert set(Study.open(tiny.folder).fingerprint()) >= {"Mangler_100Mbit.csv", "Mangler_30Mbit.csv"}


def test_a_list_that_is_said_to_be_complete_serves_the_others(tiny: TinyStudy) -> None:
    add(tiny, lacking("p00", "p01"), format="nkom_lacking", options={"others_reach_mbps": 100.0})
    inputs = load(tiny)
    frame = only(inputs).frame
    kinds = inputs.places.set_index("place_id")["kind"]
    others = frame[frame["source_row"] == 0]
    assert set(others["place_id"]) == set(kinds[kinds != "holiday"].index) - {"p00", "p01"}
    assert (others["down_mbps"] == 100).all()
    assert (others["down_max_mbps"] == 100).all()
    served = serve(tiny)
    assert served.loc[kinds[kinds == "holiday"].index, "fixed_down_mbps"].eq(0).all()
    assert served.loc["p04", "fixed_down_mbps"] == 100
    assert served.loc["p00", "fixed_down_mbps"] == 0
    (report,) = [report for report in inputs.reports if report.source == "offers"]
    assert any("28 places of kind business or household are not on it" in note for note in report.notes)


def test_a_broken_row_of_a_complete_list_serves_nobody(tiny: TinyStudy) -> None:
    text = "id;tek;ned;opp;fra\np00;dsl;10;1;2020-01-01\np01;dsl;many;1;\np02;dsl;10;1;;\n;dsl;10;1;\n"
    columns = {"place_id": "id", "technology": "tek", "down_mbps": "ned", "up_mbps": "opp", "available_from": "fra"}
    options = {"shape": "place", "others_reach_mbps": 100.0}
    add(tiny, text, columns=columns, constants={"provider": "A", "connected": True}, options=options)
    inputs = load(tiny)
    assert inputs.rejected["row"].tolist() == [2, 3, 4]
    assert inputs.warnings == (
        "offers: 2 rows of the list name no place, so as many places that lack service may be among those said to "
        "reach 100 Mbit/s",
    )
    frame = only(inputs).frame.set_index("place_id")
    assert "p01" not in frame.index, "its row is unusable, but it is on the list"
    # Nothing but the speed, and what study.toml says of the whole source, is known of the others.
    other = frame.loc["p04"]
    assert other[["provider", "technology", "down_mbps", "up_mbps"]].tolist() == ["A", "other", 100, 0]
    assert other[["available_from", "connected"]].isna().all()
    assert serve(tiny).loc[["p00", "p01", "p04"], "fixed_down_mbps"].tolist() == [10, 0, 100]


def test_a_list_is_a_register_of_premises_too(tiny: TinyStudy) -> None:
    (tiny.folder / "Mangler_100Mbit.csv").write_bytes(lacking("a1", "a2").encode("latin-1"))
    tiny.drop("premises")
    source = {
        "id": "premises", "role": "premises", "kind": "table", "path": "Mangler_100Mbit.csv", "crs": CRS,
        "format": "nkom_lacking", "options": {"encoding": "latin-1"}, "constants": {"kind": "household"},
        "columns": {"x": "øst", "y": "nord", "postcode": "postnr", "locality": "poststed"},
    }  # fmt: skip
    tiny.sources.insert(1, source)
    tiny.save()
    places = load(tiny).places
    assert places["place_id"].tolist() == ["a1", "a2"]
    assert places["postcode"].tolist() == ["7000", "7000"]
    assert places["municipality_code"].tolist() == ["5001", "5001"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"id_column": "adrid"}, "no column 'adrid'"),
        ({"lacking_mbps": 30, "slower_mbps": 100}, "expected 0 < slower"),
        ({"slower_list": "nothing.csv"}, "nothing.csv: the file does not exist"),
        ({"others_reach_mbps": 100.0, "others_kinds": ["shop"]}, "others_kinds is"),
    ],
)
def test_lists_that_cannot_be_used(tiny: TinyStudy, options: dict[str, Any], words: str) -> None:
    add(tiny, lacking("p00"), format="nkom_lacking", options=options)
    with pytest.raises(DataError, match=words):
        load(tiny)


def test_the_building_file_of_2019_as_offers_by_number_and_by_point(tiny: TinyStudy) -> None:
    text = (
        "komnr;byggnr;boliger;nord;ost;10mbit;30mbit;100mbit\n"
        f"5001;p00;1;{Y0 + 1000:.0f};{X0 + 1000:.0f};1;1;1\n"
        f"5001;p01;2;{Y0 + 1000:.0f};{X0 + 3500:.0f};1;0;0\n"
        f"5001;p02;1;{Y0 + 1000:.0f};{X0 + 6000:.0f};0;0;0\n"
        f"5001;p03;1;{Y0 + 1000:.0f};{X0 + 8500:.0f};0;1;0\n"
        f"5002;p04;1;{Y0 + 1000:.0f};{X0 + 11000:.0f};x;1;0\n"
    )
    source: dict[str, Any] = {
        "constants": {"provider": "a provider not named", "technology": "other", "up_mbps": 0},
        "options": {"shape": "place", "reaches": {"100mbit": 100, "10mbit": 10, "30mbit": 30}},
        "columns": {"place_id": "byggnr"},
    }
    add(tiny, text, **source)
    inputs = load(tiny)
    frame = only(inputs).frame
    assert frame["place_id"].tolist() == ["p00", "p01", "p02"]
    assert frame[["down_mbps", "down_max_mbps"]].to_numpy().tolist() == [[100, 100], [10, 29.999], [0, 9.999]]
    assert inputs.rejected[["row", "field", "value"]].to_numpy().tolist() == [
        [4, "10mbit 30mbit 100mbit", "no yes no"],
        [5, "10mbit", "x"],
    ]
    tiny.source("offers").update(
        crs=CRS, columns={"x": "ost", "y": "nord"}, options=source["options"] | {"shape": "point", "within_m": 5.0}
    )
    tiny.save()
    by_point = only(load(tiny))
    assert by_point.shape == "line"
    place, offer = reach(load(tiny).places, by_point)
    assert place.tolist() == offer.tolist() == [0, 1, 2]
    served = serve(tiny)
    assert served.loc[["p00", "p01", "p02", "p03"], "fixed_down_mbps"].tolist() == [100, 10, 0, 0]


def test_address_level_offers_in_kbps(tiny: TinyStudy) -> None:
    table = pd.DataFrame(
        {
            "adrid": pd.array([1, 2, 2, 3], dtype="Int64"),
            "tilb": ["Tiny Fibre", "Tiny Radio", "Tiny Fibre", "Annet"],
            "tek": ["fiber", "ftb", "fiber", "satellitt"],
            "ned": pd.array([1_000_000, 30_000, 500_000, 100_000], dtype="Int64"),
            "opp": pd.array([1_000_000, 5_000, 500_000, 10_000], dtype="Int64"),
            "hc": pd.array([True, False, None, False], dtype="boolean"),
            "egen": [True, True, True, False],
        }
    )
    table.to_parquet(tiny.folder / "fbb.parquet")
    register = premises().assign(id=range(1, 41))
    register.to_csv(tiny.folder / "premises.csv", sep=";", index=False)
    tiny.drop("fibre")
    tiny.sources.append(
        {"id": "fbb", "role": "offers", "kind": "table", "format": "nkom_fbb", "path": "fbb.parquet"}
    )  # fmt: skip
    tiny.save()
    frame = only(load(tiny)).frame
    assert frame["technology"].tolist() == ["fibre", "fwa", "fibre", "satellite"]
    assert frame["down_mbps"].tolist() == [1000, 30, 500, 100]
    assert frame["up_mbps"].tolist() == [1000, 5, 500, 10]
    assert frame["connected"].tolist()[:2] == [True, False]
    assert pd.isna(frame["connected"].iloc[2]), "not told is not no"
    served = serve(tiny)
    assert served.loc[["1", "2", "3"], "fixed_down_mbps"].tolist() == [1000, 500, 0]
    assert served.loc[["1", "2"], "fixed_connection"].tolist() == ["connected", "passed"]


# --- Tiles and cells -----------------------------------------------------------------------------------------


def tile_of(place: str, zoom: int = 16) -> str:
    point = position(place)
    return key_of(point.x, point.y, zoom)


def test_ookla_tiles_are_measured_service(tiny: TinyStudy) -> None:
    text = (
        "quadkey,tile,tile_x,tile_y,avg_d_kbps,avg_u_kbps,avg_lat_ms,avg_lat_down_ms,avg_lat_up_ms,tests,devices\n"
        f'{tile_of("p00")},"POLYGON((0 0,1 0,1 1,0 0))",0,0,112270,91129,13,20,30,12,4\n'
        f'{tile_of("p01")},"POLYGON((0 0,1 0,1 1,0 0))",0,0,8000,900,45,,,2,1\n'
        'x,"POLYGON((0 0,1 0,1 1,0 0))",0,0,8000,900,45,,,9,1\n'
    )
    add(tiny, text, alone=False, format="ookla_table")
    inputs = load(tiny)
    frame = inputs.offers[0].frame
    assert frame["basis"].tolist() == ["measured"] * 2
    assert frame[["down_mbps", "up_mbps", "latency_ms", "tests"]].to_numpy().tolist() == [
        [112.27, 91.129, 13, 12],
        [8, 0.9, 45, 2],
    ]
    assert inputs.rejected[["row", "field", "value"]].to_numpy().tolist() == [[3, "quadkey", "x"]]
    served = serve(tiny)
    # Beside what is claimed, never in its place.
    assert served.loc["p00", ["fixed_down_mbps", "measured_down_mbps"]].tolist() == [1000, 112.27]
    assert served.loc["p01", ["fixed_down_mbps", "measured_down_mbps"]].tolist() == [1000, 8]
    assert served.loc["p05", ["fixed_down_mbps"]].tolist() == [0]
    assert served["measured_down_mbps"].notna().sum() == 2
    tiny.source("offers")["options"] = {"min_tests": 5.0}
    tiny.save()
    few = load(tiny)
    assert len(few.offers[0].frame) == 1
    assert next(report for report in few.reports if report.source == "offers").rows_left_out == 1


def test_cells_by_the_agencys_id(tiny: TinyStudy) -> None:
    corner = f"{2_000_000 + int(X0) + 1000:07d}{int(Y0) + 1000:07d}"  # p00 stands on it
    text = f"ssbid;ned;opp\n{corner};50;10\n227100x7031000;50;10\n29990007031000;50;10\n"
    source: dict[str, Any] = {
        "columns": {"cell_id": "ssbid", "down_mbps": "ned", "up_mbps": "opp"},
        "constants": {"provider": "P", "technology": "dsl"},
        "options": {"shape": "cell", "cell_m": 100.0},
    }
    add(tiny, text, **source)
    inputs = load(tiny)
    layer = only(inputs)
    assert (layer.shape, layer.cell_m) == ("cell", 100)
    assert layer.frame[["cell_x", "cell_y"]].to_numpy().tolist() == [[X0 + 1000, Y0 + 1000]]
    assert inputs.rejected[["row", "reason"]].to_numpy().tolist() == [
        [2, "is not a cell id of 14 digits"],
        [3, "lies far outside the study area"],
    ]
    assert serve(tiny)["fixed_down_mbps"].gt(0).sum() == 1
    tiny.settings["crs"] = "EPSG:25832"
    tiny.save()
    with pytest.raises(CrsError, match="has cells in EPSG:25833; expected the study's EPSG:25832"):
        load(tiny)


def test_cells_outside_may_be_clipped(tiny: TinyStudy) -> None:
    text = f"x;y;down_mbps;up_mbps\n{X0};{Y0};10;1\n{X0 + 30_000};{Y0};10;1\n"
    source: dict[str, Any] = {
        "columns": {"cell_x": "x", "cell_y": "y"},
        "constants": {"provider": "P", "technology": "dsl"},
        "options": {"shape": "cell", "cell_m": 100.0, "clip": True},
        "crs": CRS,
    }
    add(tiny, text, **source)
    inputs = load(tiny)
    assert len(only(inputs).frame) == 1
    assert len(inputs.rejected) == 0


# --- Polygons and lines --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["polygon", "line"])
def test_a_table_is_no_footprint(tiny: TinyStudy, shape: str) -> None:
    add(
        tiny,
        "down_mbps;up_mbps\n1;1\n",
        constants={"provider": "P", "technology": "dsl"},
        options={"shape": shape},
    )
    with pytest.raises(DataError, match=f"shape '{shape}' needs a vector layer"):
        load(tiny)


def test_every_offer_carries_its_date(tiny: TinyStudy) -> None:
    frame = only(load(tiny)).frame
    assert frame["as_of"].tolist() == [pd.Timestamp(2024, 3, 1)]
    tiny.source("fibre")["constants"]["as_of"] = "2023-12-31"
    tiny.save()
    assert only(load(tiny)).frame["as_of"].tolist() == [pd.Timestamp(2023, 12, 31)]


@pytest.mark.parametrize(
    ("speeds", "unit", "words"),
    [
        ("500000;100000", "mbps", "the fastest download is 500,000 Mbit/s, which nobody sells"),
        ("500000;100000", "kbps", ""),
        ("1000;500", "kbps", "the fastest download is 1 Mbit/s if the file has kbit/s"),
        ("50000;500", "mbps", ""),
        ("0;0", "kbps", ""),
    ],
)
def test_speeds_in_another_unit_than_is_said_are_doubted(tiny: TinyStudy, speeds: str, unit: str, words: str) -> None:
    text = f"place_id;down_mbps;up_mbps\np00;{speeds}\n"
    options = {"shape": "place", "speed_unit": unit}
    add(tiny, text, constants={"provider": "A", "technology": "fibre"}, options=options)
    warnings = load(tiny).warnings
    assert len(warnings) == bool(words)
    assert all(words in warning for warning in warnings)


@pytest.mark.parametrize(
    ("number", "decimal", "doubted"),
    [("1.000", "", True), ("1.000", ".", False), ("1.00", "", False), ("0.125", "", False), ("1000", "", False)],
)
def test_points_that_may_group_thousands_are_doubted(tiny: TinyStudy, number: str, decimal: str, doubted: bool) -> None:
    text = f"place_id;down_mbps;up_mbps\np00;{number};1\np01;7;1\n"
    options = {"shape": "place"} | ({"decimal": decimal} if decimal else {})
    add(tiny, text, constants={"provider": "A", "technology": "fibre"}, options=options)
    warnings = load(tiny).warnings
    assert len(warnings) == doubted
    assert all("column 'down_mbps' has numbers such as 1.000" in warning for warning in warnings)
