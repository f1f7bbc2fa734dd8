"""The profile of businesses: codes of both classifications, weights, grounds, parks and hubs, drawn by hand."""

from __future__ import annotations

import csv
import importlib.util
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, box

from coverage import business, nace, schemas
from coverage.errors import CrsError, DataError
from coverage.ground import Reach, measure_ground
from coverage.hubs import find_hubs
from coverage.inputs import ExtentLayer, MobileLayer, SourceSpec
from coverage.policy import load_policy
from coverage.roads import build_graph
from coverage.study import Study
from tests import drawn, roadside
from tests.studymaker import municipalities, tiny_study

NORWAY = load_policy("no-2024")
ROOT = Path(__file__).parent.parent
# Land west of x = 10 km, sea east of it.
LAND = gpd.GeoDataFrame(
    {"municipality_code": ["5001"], "name": ["Vik"]}, geometry=[box(0, 0, 10_000, 10_000)], crs=drawn.CRS
)
REACH = Reach(land_radius_m=1000, sea_radius_m=1000, step_m=250, shore_m=500)
NO_HUBS = gpd.GeoDataFrame()


def firms(*xy: tuple[float, float], **columns: Any) -> gpd.GeoDataFrame:
    """Return businesses p0, p1, … with every column that a profile reads."""
    defaults: dict[str, Any] = {
        "nace": None, "line_of_business": None, "employees": np.nan, "size_class": "unknown", "source": "register",
        "short_fixed": 1.0, "eligible": 1.0,
    }  # fmt: skip
    frame = drawn.places(xy or [(5000, 5000)], **(defaults | columns))
    return frame.assign(**{name: frame[name].astype("str") for name in ("nace", "line_of_business")})


def plain(column: pd.Series, null: Any = None) -> list[Any]:
    return [null if pd.isna(value) else value for value in column]


def told(*codes: str | None, source: str = "register", **versions: str) -> pd.DataFrame:
    series = pd.Series(codes, dtype="str")
    return nace.classify(series, source=pd.Series(source, index=series.index), versions=versions)


def profiled(places: gpd.GeoDataFrame, **changes: Any) -> gpd.GeoDataFrame:
    given_: dict[str, Any] = {"hubs": NO_HUBS, "extents": (), "mobile": (), "municipalities": LAND, "policy": NORWAY}
    return business.profile(places, **(given_ | changes))


def polygons(*shapes: Any, level: str = "good", operator: str = "A") -> MobileLayer:
    frame = gpd.GeoDataFrame({"level": [level] * len(shapes)}, geometry=list(shapes), crs=drawn.CRS)
    return MobileLayer("map", operator, "4g", polygons=frame)


def hubs(*rows: tuple[str, str, Any]) -> gpd.GeoDataFrame:
    names, kinds, shapes = zip(*rows, strict=True)
    frame = pd.DataFrame({"name": names, "hub_kind": kinds, "source": "hubs", "source_row": range(1, len(rows) + 1)})
    return gpd.GeoDataFrame(frame, geometry=list(shapes), crs=drawn.CRS)


# --- the classification


@pytest.mark.parametrize(
    ("code", "division", "section"),
    [("62.010", "62", "J"), ("62.01", "62", "J"), ("62010", "62", "J"), ("6201", "62", "J"), ("62", "62", "J"),
     ("J62", "62", "J"), ("J 62.01", "62", "J"), ("j62", "62", "J"), (" 01.410 ", "01", "A"), ("1.41", "01", "A"),
     ("1", "01", "A"), ("45.200", "45", "G"), ("J", None, "J")],
)  # fmt: skip
def test_a_code_is_read_however_it_is_written(code: str, division: str | None, section: str) -> None:
    row = told(code, register="sn2007").iloc[0]
    assert row["nace_section"] == section
    assert (None if pd.isna(row["nace_division"]) else row["nace_division"]) == division
    assert row["nace_standard"] == "sn2007"
    assert pd.isna(row["nace_note"])


def test_the_same_code_has_another_letter_in_the_newer_version() -> None:
    assert told("64.190", register="sn2007")["nace_section"].tolist() == ["K"]
    assert told("64.190", register="sn2025")["nace_section"].tolist() == ["L"]


def test_one_code_that_only_one_version_lists_tells_the_version_of_its_register() -> None:
    new = told("64.190", "96.210", "01.410")  # 96.02 of SN2007 is 96.21 of SN2025
    assert new["nace_standard"].tolist() == ["sn2025"] * 3
    assert new["nace_section"].tolist() == ["L", "T", "A"]
    old = told("64.190", "45.200")
    assert old["nace_standard"].tolist() == ["sn2007"] * 2
    assert old["nace_section"].tolist() == ["K", "G"]


def test_a_register_tells_nothing_of_another() -> None:
    codes = pd.Series(["96.210", "64.190"], dtype="str")
    found = nace.classify(codes, source=pd.Series(["new", "other"]), versions={})
    assert found["nace_standard"].tolist()[0] == "sn2025"
    assert found["nace_note"].tolist()[1] == "ambiguous"


def test_what_both_versions_list_is_told_only_where_they_agree() -> None:
    found = told("01.410", "64.190", "58.110", "58", "J", "A")
    assert found["nace_standard"].isna().all()
    assert plain(found["nace_section"]) == [
        "A",
        None,
        None,
        None,
        None,
        "A",
    ]
    assert plain(found["nace_note"], "") == ["", *["ambiguous"] * 4, ""]
    # J of SN2007 is information and communication, of SN2025 publishing and broadcasting.
    assert nace.section_name("sn2007", "J") != nace.section_name("sn2025", "J")


def test_codes_of_both_versions_in_one_register_stand_for_themselves() -> None:
    found = told("45.200", "96.210", "64.190")
    assert plain(found["nace_section"]) == ["G", "T", None]
    assert plain(found["nace_standard"]) == ["sn2007", "sn2025", None]


@pytest.mark.parametrize(
    ("code", "note", "section"),
    [(None, "not_stated", None), ("", "not_stated", None), ("00.000", "not_stated", None), ("0", "not_stated", None),
     ("62.77", "unknown", "J"), ("44.000", "unknown", None), ("Bygg", "unknown", None), ("1234567", "unknown", None),
     ("96.210", "other_version", "T"), ("K62", "other_version", "K"), ("V", "other_version", "V")],
)  # fmt: skip
def test_a_code_that_is_not_in_the_list_is_noted_and_kept(code: str | None, note: str, section: str | None) -> None:
    row = told(code, register="sn2007").iloc[0]
    assert row["nace_note"] == note
    assert (None if pd.isna(row["nace_section"]) else row["nace_section"]) == section


def test_the_lists_are_as_long_as_the_regulations_say() -> None:
    old, new = (nace.load_standards()[name] for name in schemas.NACE_STANDARDS)
    sizes = [(len(s.names["en"]), len(s.section_of), sum(len(c) == 4 for c in s.codes)) for s in (old, new)]
    assert sizes == [(21, 88, 615), (22, 87, 651)]
    assert set(old.section_of) - set(new.section_of) == {"45"}
    assert not set(new.section_of) - set(old.section_of)
    for standard in (old, new):
        assert set(standard.names["nb"]) == set(standard.names["en"]) == set(standard.section_of.values())
        assert all(standard.names[tongue][letter] for tongue in ("en", "nb") for letter in standard.names["en"])


def test_every_row_of_the_tables_has_source_year_and_confidence() -> None:
    for name in nace.TABLES:
        rows = nace.read_rows(name)
        assert rows
        assert all(row["source"] and row["year"].isdigit() for row in rows), name
        assert {row["confidence"] for row in rows} <= {"published", "derived", "assumed"}, name


def test_statistics_norways_list_has_the_codes_of_both_versions_and_no_other(data_root: Path) -> None:
    """The file says SN2007, but merges both versions; of its sections only A to I are right, so codes are compared."""
    path = data_root / "norway" / "businesses" / "ssb_standard_for_naeringsgruppering.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ours = set().union(*(standard.codes for standard in nace.load_standards().values()))
    theirs = {row[f"Nace_{level}_nr"].replace(".", "") for row in rows for level in (2, 4)}
    assert {code for code in ours if len(code) != 3} == theirs
    old = nace.load_standards()["sn2007"]
    early = [row for row in rows if row["Nace_1_nr"] <= "I"]
    assert {row["Nace_2_nr"] for row in early} == {code for code, of in old.section_of.items() if of <= "I"}
    assert all(old.section_of[row["Nace_2_nr"]] == row["Nace_1_nr"] for row in early)
    subclasses = pd.Series([row["Nace_5_nr"] for row in rows], dtype="str")
    found = nace.classify(subclasses, source=pd.Series("list", index=subclasses.index), versions={})
    assert set(found["nace_note"].dropna()) == {"ambiguous"}, "every code is in one list at least"
    for version in schemas.NACE_STANDARDS:
        read = nace.classify(subclasses, source=pd.Series("list", index=subclasses.index), versions={"list": version})
        assert read["nace_section"].notna().all()


def test_telemarks_register_is_of_the_newer_version_and_its_codes_have_sections(
    data_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = data_root / "norway" / "businesses" / "brreg_telemark_underenheter.csv"
    codes = pd.read_csv(path, dtype="str")["NACE 1"]
    found = nace.classify(codes, source=pd.Series("register", index=codes.index), versions={})
    stated = codes.notna() & (codes != "00.000")
    left = codes[stated & found["nace_section"].isna()]
    line = f"Telemark: {stated.sum():,} units state a code, {len(left):,} have no section: {left.unique().tolist()}"
    with capsys.disabled():
        sys.stdout.write(f"\n{line}; {(~stated).sum():,} state none\n")
    assert len(left) <= 0.01 * stated.sum()
    assert set(found.loc[stated, "nace_standard"]) == {"sn2025"}
    assert (found.loc[~stated, "nace_note"] == "not_stated").all()


# --- the profile


def test_businesses_alone_have_a_profile_and_every_row_stays() -> None:
    places = firms((1, 1), (2, 2), (3, 3), kind=["household", "business", "public"], nace=["58.110"] * 3)
    places.index = pd.Index([7, 3, 9])
    found = profiled(places)
    schemas.check(found, schemas.PROFILE, where="profile")
    pd.testing.assert_index_equal(found.index, places.index)
    assert found["place_id"].tolist() == places["place_id"].tolist()
    assert found["nace_section"].notna().tolist() == [False, False, False], "both list it, under another letter"
    assert found["upload_dependence"].tolist() == [1.0, 2.0, 1.0], "the division is the same in both"
    assert plain(found["nace_note"], "") == ["", "ambiguous", ""]


def test_no_place_at_all_is_a_profile_too() -> None:
    found = profiled(firms((1, 1)).iloc[:0])
    schemas.check(found, schemas.PROFILE, where="profile")
    assert not len(found)


def test_the_option_of_a_source_says_its_version() -> None:
    spec = SourceSpec("register", "premises", "table", Path("x.csv"), options={"nace_version": "sn2025"})
    found = profiled(firms((1, 1), nace=["64.190"]), sources=[spec])
    assert found["nace_section"].tolist() == ["L"]


def test_the_registers_line_of_business_is_kept_and_an_empty_one_filled() -> None:
    places = firms((1, 1), (2, 2), (3, 3), nace=["01.410", "01.410", None], line_of_business=["Melk", None, None])
    found = profiled(places)["line_of_business"]
    assert plain(found) == ["Melk", "Agriculture, forestry and fishing", None]


def test_a_factor_is_its_figure_over_the_figure_of_all_between_a_half_and_two() -> None:
    covered: list[str] = []
    for row in nace.read_rows("upload_dependence.csv"):
        if row["confidence"] == "derived":
            ratio = float(row["figure"]) / float(row["figure_all"])
            assert float(row["factor"]) == round(min(2.0, max(0.5, ratio)), 2), row["sector"]
        else:
            assert (row["confidence"], row["factor"], row["figure"]) == ("assumed", "1.00", ""), row["sector"]
        covered += [f"{n:02d}" for n in range(int(row["division_from"]), int(row["division_to"]) + 1)]
    assert len(covered) == len(set(covered)), "no division has two factors"
    assert {d for s in nace.load_standards().values() for d in s.section_of} <= set(covered)


def test_a_sector_without_a_published_figure_counts_once() -> None:
    found = profiled(firms(*[(1, 1)] * 4, nace=["86.100", "62", "99.99.99", None]))
    assert found["upload_dependence"].tolist() == [1.0, 2.0, 1.0, 1.0]


def test_what_is_assumed_is_named() -> None:
    named = business.assumed()
    assert "land_radius_m" in named
    assert "upload dependence: Health and social work" in named
    assert "ground_step_m" not in named


def test_a_missing_parameter_is_one_sentence() -> None:
    with pytest.raises(DataError, match=r"parameters.csv: nowhere_m is None; expected a number"):
        business.parameter("nowhere_m")


@pytest.mark.parametrize(
    ("code", "ground"),
    [("01.410", "land"), ("A01", "land"), ("02", "land"), ("1.5", "land"), ("03.111", "sea"), ("03.211", "sea"),
     ("03", "sea"), ("03.3", "sea"), ("03.120", "land"), ("03220", "land"), ("10.110", None), (None, None)],
)  # fmt: skip
def test_who_works_on_land_and_who_at_sea(code: str | None, ground: str | None) -> None:
    found = profiled(firms((5000, 5000), nace=[code]))["works_on"]
    assert plain(found) == [ground]


# --- the ground


def ground(
    places: gpd.GeoDataFrame, works_on: str, *mobile: MobileLayer, extents: Any = (), **changes: Any
) -> pd.Series:
    known = pd.Series([works_on] * len(places), index=places.index, dtype="str")
    policy = changes.get("policy", NORWAY)
    return measure_ground(
        places, works_on=known, extents=extents, mobile=mobile, municipalities=LAND, policy=policy, reach=REACH
    ).iloc[0]  # fmt: skip


def test_half_the_land_around_a_farm_is_covered() -> None:
    row = ground(firms((5000, 5000)), "land", polygons(box(0, 0, 5000, 10_000)))
    assert row["ground_basis"] == "land"
    assert row["ground_km2"] == pytest.approx(np.pi, rel=0.05)
    assert row["ground_covered_share"] == 0.5


def test_the_policys_level_and_number_of_operators_count() -> None:
    farm = firms((5000, 5000))
    assert ground(farm, "land", polygons(box(0, 0, 9999, 9999), level="basic"))["ground_covered_share"] == 0
    two = load_policy("no-2024")
    two = two.__class__(**{**two.__dict__, "mobile": two.mobile.__class__(**{**two.mobile.__dict__, "operators": 2})})
    west, all_ = polygons(box(0, 0, 5000, 9999)), polygons(box(0, 0, 9999, 9999), operator="B")
    assert ground(farm, "land", west, all_, policy=two)["ground_covered_share"] == 0.5
    assert ground(farm, "land", west, west, policy=two)["ground_covered_share"] == 0, "twice the same operator"


def test_without_a_mobile_layer_that_counts_the_share_is_not_known() -> None:
    row = ground(firms((5000, 5000)), "land")
    assert np.isnan(row["ground_covered_share"])
    assert row["ground_km2"] > 0


def test_farmland_is_the_ground_where_the_study_has_it() -> None:
    field = gpd.GeoDataFrame(geometry=[box(5000, 4750, 5500, 5250)], crs=drawn.CRS)
    layers = [ExtentLayer("ar5", "farmland", field, "land"), ExtentLayer("x", "parks", LAND, "")]
    covered = polygons(box(5000, 4750, 5250, 5250))
    row = ground(firms((5000, 5000)), "land", covered, extents=layers)
    assert (row["ground_basis"], row["ground_km2"], row["ground_covered_share"]) == ("layer", 0.25, 0.5)
    far = ground(firms((2000, 2000)), "land", covered, extents=layers)
    assert far["ground_basis"] == "land", "no field near: all land around"


def test_a_fish_farm_works_on_the_sea_outside_the_municipalities() -> None:
    at_shore = firms((9_990, 5000))
    row = ground(at_shore, "sea", polygons(box(0, 0, 20_000, 5000)))
    assert row["ground_basis"] == "sea"
    assert row["ground_km2"] == pytest.approx(np.pi / 2, rel=0.1), "half its circle is land"
    assert row["ground_covered_share"] == pytest.approx(0.5, abs=0.05)


def test_layers_that_end_at_the_shore_do_not_tell_that_the_sea_is_uncovered() -> None:
    row = ground(firms((9_990, 5000)), "sea", polygons(box(0, 0, 10_300, 10_000)))
    assert np.isnan(row["ground_covered_share"])
    assert row["ground_km2"] > 0


def test_a_sea_layer_is_the_ground_of_fish_farms() -> None:
    site = gpd.GeoDataFrame(geometry=[box(10_000, 5000, 10_500, 5500)], crs=drawn.CRS)
    row = ground(firms((9_990, 5000)), "sea", polygons(box(0, 0, 20_000, 9999)),
                 extents=[ExtentLayer("sites", "aquaculture sites", site, "sea")])  # fmt: skip
    assert (row["ground_basis"], row["ground_km2"], row["ground_covered_share"]) == ("layer", 0.25, 1.0)


def test_a_fisher_far_from_the_sea_has_no_ground() -> None:
    row = ground(firms((1000, 5000)), "sea", polygons(box(0, 0, 20_000, 9999)))
    assert row["ground_km2"] == 0
    assert np.isnan(row["ground_covered_share"])


def test_lines_and_another_coordinate_system_are_refused_as_ground() -> None:
    line = gpd.GeoDataFrame(geometry=[LineString([(0, 0), (9, 9)])], crs=drawn.CRS)
    with pytest.raises(DataError, match="roads: the layer holds lines; expected polygons"):
        ground(firms((5000, 5000)), "land", extents=[ExtentLayer("roads", "roads", line, "land")])
    with pytest.raises(CrsError, match="ar5: the layer is in"):
        ground(firms((5000, 5000)), "land", extents=[ExtentLayer("ar5", "x", LAND.to_crs(25832), "land")])


def test_study_toml_says_what_ground_a_layer_is(tmp_path: Path) -> None:
    study = tiny_study(tmp_path)
    shapes = municipalities()
    shapes.to_file(tmp_path / "fields.gpkg")
    options = {"what": "farmland", "ground": "land"}
    study.sources.append(
        {"id": "fields", "role": "extent", "kind": "vector", "path": "fields.gpkg", "options": options}
    )  # fmt: skip
    study.save()
    assert [layer.ground for layer in Study.open(tmp_path).load().extents] == ["land"]
    shapes.set_geometry(shapes.boundary).to_file(tmp_path / "fields.gpkg")
    with pytest.raises(DataError, match=r"fields.gpkg: ground = 'land' is said of lines; expected polygons"):
        Study.open(tmp_path).load()


# --- parks and hubs


def test_a_place_is_in_the_park_that_holds_it() -> None:
    yard = hubs(("Øst", "business_park", box(0, 0, 100, 100)), ("Vest", "business_park", Point(1000, 0)),
                ("Aker", "business_park", Point(1200, 0)))  # fmt: skip
    found = find_hubs(firms((50, 50), (1100, 0), (5000, 0), (900, 0)), hubs=yard, park_radius_m=250, graph=None)
    park = found["business_park"]
    assert plain(park) == ["Øst", "Aker", None, "Vest"], "in two: the first by name"
    assert found["hub_name"].isna().all(), "a park is no hub"


def test_the_nearest_hub_as_the_crow_flies_where_there_is_no_road() -> None:
    two = hubs(("B", "incubator", Point(0, 0)), ("A", "business_garden", Point(200, 0)))
    found = find_hubs(firms((30, 40), (180, 0), (100, 0)), hubs=two, park_radius_m=1, graph=None)
    assert found["hub_name"].tolist() == ["B", "A", "A"], "equally far: the first by name"
    assert found["hub_distance_m"].tolist() == [50.0, 20.0, 100.0]
    assert set(found["hub_distance_basis"]) == {"straight_line"}


def test_the_distance_is_along_the_road_round_the_fjord() -> None:
    shore = build_graph(roadside.roads([(0, 0), (3000, 0), (3000, 200), (0, 200)]))
    two = hubs(("Across", "incubator", Point(0, 200)), ("Along", "incubator", Point(1500, 10)))
    found = find_hubs(firms((0, -20), (0, 230)), hubs=two, park_radius_m=1, graph=shore)
    assert found["hub_name"].tolist() == ["Along", "Across"]
    assert found["hub_distance_m"].tolist() == [20 + 1500 + 10, 30]
    assert set(found["hub_distance_basis"]) == {"road"}


def test_a_place_and_a_hub_on_one_road_need_not_go_to_its_end() -> None:
    street = build_graph(roadside.roads([(0, 0), (10_000, 0)]))
    found = find_hubs(firms((4000, 0)), hubs=hubs(("H", "incubator", Point(4300, 5))), park_radius_m=1, graph=street)
    assert found["hub_distance_m"].tolist() == [305.0]


def test_an_island_without_a_bridge_is_measured_as_the_crow_flies_and_a_ferry_is_a_way() -> None:
    lines = [[(0, 0), (1000, 0)], [(5000, 0), (6000, 0)]]
    hub = hubs(("H", "incubator", Point(0, 0)))
    apart = find_hubs(firms((6000, 0)), hubs=hub, park_radius_m=1, graph=build_graph(roadside.roads(*lines)))
    assert (apart["hub_distance_basis"][0], apart["hub_distance_m"][0]) == ("straight_line", 6000)
    linked = roadside.roads(*lines, [(1000, 0), (3000, 1500), (5000, 0)], ferry=[False, False, True])
    by_ferry = find_hubs(firms((6000, 0)), hubs=hub, park_radius_m=1, graph=build_graph(linked))
    assert (by_ferry["hub_distance_basis"][0], by_ferry["hub_distance_m"][0]) == ("road", 2000 + 5000)


def test_hubs_in_another_coordinate_system_are_refused() -> None:
    with pytest.raises(CrsError, match="hubs: the layer is in"):
        find_hubs(firms((0, 0)), hubs=hubs(("H", "incubator", Point(0, 0))).to_crs(25832), park_radius_m=1, graph=None)


@given(seed=st.integers(0, 500), count=st.integers(1, 6))
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_no_road_is_shorter_than_the_straight_line_to_the_nearest_hub(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    lines = [[tuple(p) for p in rng.integers(0, 50, (3, 2)) * 20.0] for _ in range(12)]
    lines = [line for line in lines if len(set(line)) > 1]
    graph = build_graph(roadside.roads(*lines))
    points = [tuple(p) for p in rng.integers(0, 1000, (15, 2)).astype(float)]
    sites = [Point(p) for p in rng.integers(0, 1000, (count, 2)).astype(float)]
    some = hubs(*((f"H{number}", "incubator", site) for number, site in enumerate(sites)))
    by_road = find_hubs(firms(*points), hubs=some, park_radius_m=1, graph=graph)
    straight = find_hubs(firms(*points), hubs=some, park_radius_m=1, graph=None)
    assert (by_road["hub_distance_m"] >= straight["hub_distance_m"] - 0.2).all()
    chosen = [Point(p).distance(sites[int(name[1:])]) for p, name in zip(points, by_road["hub_name"], strict=True)]
    assert (by_road["hub_distance_m"].to_numpy() >= np.array(chosen) - 0.2).all()
    # One hub at a time, and the least of them, is the same.
    each = [find_hubs(firms(*points), hubs=some.iloc[[n]], park_radius_m=1, graph=graph) for n in range(count)]
    roads_only = [one["hub_distance_m"].where(one["hub_distance_basis"] == "road", np.inf).to_numpy() for one in each]
    least = np.min(roads_only, axis=0)
    reached = (by_road["hub_distance_basis"] == "road").to_numpy()
    np.testing.assert_allclose(by_road["hub_distance_m"].to_numpy()[reached], least[reached], atol=0.11)
    assert np.isinf(least[~reached]).all()


# --- all together


@given(order=st.permutations(range(8)))
@settings(max_examples=20)
def test_the_order_of_the_rows_never_matters(order: list[int]) -> None:
    codes = ["01.410", "03.211", "62.010", "96.210", "00.000", "nonsense", None, "45.200"]
    xy = [(5000.0, 5000.0), (9990.0, 5000.0), *((1000.0 * n, 700.0 * n) for n in range(6))]
    places = firms(*xy, nace=codes, source=["a", "a", "b", "b", "a", "a", "c", "c"])
    some = hubs(
        ("P", "business_park", Point(5000, 5000)), ("H", "incubator", Point(0, 0)), ("G", "incubator", Point(9, 9))
    )
    graph = build_graph(roadside.roads([(0, 0), (9000, 9000)], [(0, 0), (9000, 0)]))
    layers = [polygons(box(0, 0, 20_000, 5000))]
    whole = profiled(places, hubs=some, graph=graph, mobile=layers)
    mixed = profiled(places.iloc[order], hubs=some.iloc[::-1], graph=graph, mobile=layers)
    pd.testing.assert_frame_equal(mixed.loc[whole.index], whole)


def test_the_summary_counts_premises_by_size_section_ground_and_distance() -> None:
    places = firms(
        (5000, 5000), (2000, 2000), (100, 0), (100, 0),
        nace=["01.410", "01.410", "62.010", None],
        weight=[1.0, 3.0, 2.0, 1.0],
        employees=[2.0, np.nan, 40.0, 7.0],
        size_class=["micro", "unknown", "small", "micro"],
        short_fixed=[1.0, 1.0, 0.0, 0.5],
        eligible=[1.0, 0.5, 0.0, 0.5],
        kind=["business"] * 4,
    )  # fmt: skip
    spec = SourceSpec("register", "premises", "table", Path("x.csv"), options={"nace_version": "sn2007"})
    found = profiled(
        places, sources=[spec], hubs=hubs(("H", "incubator", Point(0, 0))), mobile=[polygons(box(0, 0, 5000, 9999))]
    )
    figures = business.summarise_profile(found)
    assert figures["by_headcount"]["micro"] == {"businesses": 2, "short": 1.5, "eligible": 1.5, "employees": 9}
    assert list(figures["by_headcount"]) == ["micro", "small", "unknown"]
    told_ = {row["section"]: row["businesses"] for row in figures["by_section"]}
    assert told_ == {None: 1, "A": 4, "J": 2}
    assert figures["by_section"][1]["name_nb"] == "Jordbruk, skogbruk og fiske"
    assert figures["codes"] == {"not_stated": 1}
    assert figures["works_on"]["land"] == {
        "businesses": 4, "told": 4, "covered_share": (0.5 + 3) / 4, "wholly_covered": 3, "not_covered": 0,
    }  # fmt: skip
    assert figures["works_on"]["sea"]["covered_share"] is None
    assert {key: row["businesses"] for key, row in figures["hub_distance"].items()} == {
        "up_to_10_km": 7, "up_to_30_km": 0, "over_30_km": 0,
    }  # fmt: skip
    assert "in_business_parks" not in figures


def test_codes_that_are_not_told_and_a_silent_sea_are_said() -> None:
    codes = ["62.77", "44", "64.190", "01.410", None, "03.211"]
    places = firms(*[(9990.0, 5000.0)] * 6, nace=codes, mobile_level="good")
    assert business.remarks(profiled(places, mobile=[polygons(box(0, 0, 10_000, 9999))])) == (
        "register: 2 of 6 businesses have an industry code that neither SN2007 nor SN2025 lists: 44, 62.77",
        "register: 1 of 6 businesses have an industry code whose section differs between SN2007 and SN2025, and "
        "nace_version does not say which it is of: 64.190",
        "the mobile layers end at the shore: how much of the sea is covered is not known "
        "(businesses that work there: 1)",
    )
    heard = profiled(places, mobile=[polygons(box(0, 0, 20_000, 9999))])
    assert len(business.remarks(heard)) == 2
    assert business.remarks(profiled(places.iloc[3:5])) == ()


def test_the_sample_has_farms_fish_farms_parks_and_hubs(sample_study: Path) -> None:
    study = Study.open(sample_study)
    inputs = study.load()
    premises = next(spec for spec in study.sources if spec.role == "premises")
    assert premises.options["nace_version"] == "sn2007"
    assert inputs.hubs["hub_kind"].value_counts().to_dict() == {
        "business_park": 20, "business_garden": 6, "incubator": 3,
    }  # fmt: skip
    assert inputs.hubs["name"].str.endswith("(fiktiv)").all()
    inside = inputs.hubs.sjoin(inputs.municipalities, predicate="intersects")
    assert len(inside) == len(inputs.hubs), "every hub stands in one municipality"
    firms_ = inputs.places[inputs.places["kind"] == "business"].assign(short_fixed=0.0, eligible=0.0)
    found = profiled(firms_, hubs=inputs.hubs, mobile=inputs.mobile, municipalities=inputs.municipalities,
                     sources=study.sources, graph=build_graph(inputs.roads))  # fmt: skip
    figures = business.summarise_profile(found)
    assert figures["codes"] == {}, "every code is in SN2007"
    assert figures["works_on"]["land"]["businesses"] == 9225
    assert figures["works_on"]["sea"]["businesses"] == 354
    assert 0.8 < figures["works_on"]["land"]["covered_share"] < 0.95
    assert 0.6 < figures["works_on"]["sea"]["covered_share"] < 0.9
    assert sum(row["businesses"] for row in figures["by_section"]) == len(firms_)
    assert sum(row["businesses"] for row in figures["hub_distance"].values()) == len(firms_)
    assert set(found["hub_distance_basis"]) == {"road"}
    assert 500 < found["business_park"].notna().sum() < 5000
    assert 0.9 < found["upload_dependence"].mean() < 1.1, "a weight around 1"


def test_the_samples_hubs_are_what_its_program_makes(sample_study: Path, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("sample_hubs", sample_study / "sample_hubs.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    settlements = pd.read_csv(sample_study / "settlements.csv", dtype={"municipality_code": "str", "postcode": "str"})
    points = gpd.read_parquet(sample_study / "premises.parquet")
    made.write_hubs(tmp_path, settlements, points.assign(x=points.geometry.x, y=points.geometry.y))
    assert (tmp_path / "hubs.csv").read_bytes() == (sample_study / "hubs.csv").read_bytes()
