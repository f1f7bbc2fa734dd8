"""The sample study against the facts it is calibrated to, straight from its files and without the model."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

REPOSITORY_LIMIT_BYTES = 25_000_000
SHARE_TOLERANCE_POINTS = 2.0
COUNT_TOLERANCE = 0.02
CELL_M = 250
SMALL = "5052"  # Leka
NEIGHBOUR = "5043"  # Røyrvik

OPERATORS = ("nordlurmobil", "trollsignal")
FIXED = {
    "hh_fixed_30_pct": ("best", 30),
    "hh_fixed_100_pct": ("best", 100),
    "hh_fixed_1000_pct": ("best", 1000),
    "hh_fibre_pct": ("fibre", 0),
    "hh_cable_pct": ("cable", 0),
    "hh_dsl_pct": ("dsl", 0),
    "hh_fwa_pct": ("fwa", 0),
}
MOBILE = {
    f"hh_{technology}_{speed}_pct": (technology, dbm)
    for technology in ("4g", "5g")
    for speed, dbm in ((30, -100), (100, -90))
}


@pytest.fixture(scope="session")
def facts(sample_study: Path) -> pd.DataFrame:
    table = pd.read_csv(sample_study / "municipality_facts.csv", dtype={"municipality_code": str})
    return table.set_index("municipality_code")


@pytest.fixture(scope="session")
def municipalities(sample_study: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(sample_study / "municipalities.gpkg")


@pytest.fixture(scope="session")
def premises(sample_study: Path) -> gpd.GeoDataFrame:
    return gpd.read_parquet(sample_study / "premises.parquet")


@pytest.fixture(scope="session")
def roads(sample_study: Path) -> gpd.GeoDataFrame:
    return gpd.read_parquet(sample_study / "roads.parquet")


def _cells(places: gpd.GeoDataFrame) -> pd.DataFrame:
    lower = {f"cell_{axis}": np.floor(getattr(places.geometry, axis) / CELL_M) * CELL_M for axis in "xy"}
    return pd.DataFrame(lower, index=places.index).astype("int64")


def _best_in_polygons(places: gpd.GeoDataFrame, offers: gpd.GeoDataFrame, value: str) -> pd.Series:
    pairs = gpd.sjoin(places[["geometry"]], offers[[value, "geometry"]], predicate="intersects")
    return pairs.groupby(level=0)[value].max().reindex(places.index)


@pytest.fixture(scope="session")
def service(sample_study: Path, premises: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return what every place gets: Mbit/s per technology (null: none), and the best dBm per mobile technology."""
    found = {
        name: _best_in_polygons(premises, gpd.read_file(sample_study / f"{name}_footprints.gpkg"), "down_mbps")
        for name in ("fibre", "cable")
    }
    cells = _cells(premises)
    for name in ("dsl", "fwa"):
        table = pd.read_csv(sample_study / f"{name}_cells.csv.gz").set_index(["cell_x", "cell_y"])["down_mbps"]
        assert table.index.is_unique
        found[name] = pd.Series(table.reindex(pd.MultiIndex.from_frame(cells)).to_numpy(), index=premises.index)
    result = pd.DataFrame(found)
    result["best"] = result.max(axis=1)
    for technology in ("4g", "5g"):
        levels = gpd.read_file(sample_study / "mobile_kystklang.gpkg", layer=technology)
        levels["dbm"] = levels["level"].map({"basic": -110.0, "good": -100.0, "very_good": -90.0})
        signals = [_best_in_polygons(premises, levels, "dbm").fillna(-999.0)]
        for operator in OPERATORS:
            values, nodata = _signal(sample_study / f"mobile_{operator}_{technology}.tif", premises)
            signals.append(pd.Series(np.where(values == nodata, -999.0, values), index=premises.index))
        result[technology] = pd.concat(signals, axis=1).max(axis=1)
    return result


def _signal(path: Path, places: gpd.GeoDataFrame) -> tuple[np.ndarray, float]:
    """Return the pixel that every place stands in, and the raster's nodata value."""
    with rasterio.open(path) as source:
        assert source.crs.to_epsg() == 25833
        columns, rows = ~source.transform @ np.stack([places.geometry.x, places.geometry.y])
        band = source.read(1)
        assert band[0, 0] == source.nodata
        return band[np.floor(rows).astype(int), np.floor(columns).astype(int)].astype(float), source.nodata


def _share_of_homes(premises: gpd.GeoDataFrame, reached: pd.Series) -> pd.Series:
    homes = premises["weight"].where(premises["kind"] == "household", 0.0)
    by = premises["municipality_code"]
    return 100 * homes.where(reached, 0.0).groupby(by).sum() / homes.groupby(by).sum()


def test_boundaries_are_the_38_municipalities(municipalities: gpd.GeoDataFrame, facts: pd.DataFrame) -> None:
    assert list(municipalities["municipality_code"]) == list(facts.index)
    assert list(municipalities["name"]) == list(facts["name"])
    assert municipalities.crs.to_epsg() == 25833
    assert municipalities.is_valid.all()
    assert shapely.coverage_is_valid(municipalities.geometry.to_numpy())
    area = pd.Series(municipalities.area.to_numpy() / 1e6, index=facts.index)
    assert ((area / facts["land_km2"] - 1).abs() < 0.02).all()


def test_businesses_and_employees_meet_the_facts(premises: gpd.GeoDataFrame, facts: pd.DataFrame) -> None:
    firms = premises[premises["kind"] == "business"]
    by = firms.groupby("municipality_code")
    assert ((by["weight"].sum() / facts["establishments_2025"] - 1).abs() <= COUNT_TOLERANCE).all()
    assert ((by["employees"].sum() / facts["employees_2025"] - 1).abs() <= COUNT_TOLERANCE).all()
    assert firms["weight"].sum() == pytest.approx(52_112, rel=COUNT_TOLERANCE)


def test_headcounts_have_a_heavy_tail(premises: gpd.GeoDataFrame) -> None:
    staff = premises.loc[premises["kind"] == "business", "employees"]
    assert 0.7 < (staff <= 4).mean() < 0.9
    assert staff.nlargest(len(staff) // 100).sum() > 0.15 * staff.sum()


def test_homes_follow_from_population_weight_and_household_size(
    sample_study: Path, premises: gpd.GeoDataFrame, facts: pd.DataFrame
) -> None:
    study = tomllib.loads((sample_study / "study.toml").read_text(encoding="utf-8"))
    given = study["study"]["parameters"]
    per_home = given["household_size"]["value"] / given["population_grid_correction"]["value"]
    homes = premises[premises["kind"] == "household"].groupby("municipality_code")["weight"].sum()
    assert ((homes / (facts["population_weight_2022"] / per_home) - 1).abs() < COUNT_TOLERANCE).all()
    assert 190_000 < homes.sum() < 230_000


@pytest.mark.parametrize("measure", FIXED)
def test_fixed_share_is_the_published_one(
    measure: str, premises: gpd.GeoDataFrame, service: pd.DataFrame, facts: pd.DataFrame
) -> None:
    column, mbps = FIXED[measure]
    off = _share_of_homes(premises, service[column] >= mbps) - facts[measure]
    assert off.abs().max() <= SHARE_TOLERANCE_POINTS, off[off.abs() > SHARE_TOLERANCE_POINTS].to_dict()


@pytest.mark.parametrize("measure", MOBILE)
def test_mobile_share_is_the_published_one(
    measure: str, premises: gpd.GeoDataFrame, service: pd.DataFrame, facts: pd.DataFrame
) -> None:
    technology, dbm = MOBILE[measure]
    off = _share_of_homes(premises, service[technology] >= dbm) - facts[measure]
    assert off.abs().max() <= SHARE_TOLERANCE_POINTS, off[off.abs() > SHARE_TOLERANCE_POINTS].to_dict()


def test_every_place_is_on_land_in_its_own_municipality(
    premises: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame
) -> None:
    pairs = gpd.sjoin(premises, municipalities[["municipality_code", "geometry"]], predicate="intersects")
    assert len(pairs) == len(premises)
    assert (pairs["municipality_code_left"] == pairs["municipality_code_right"]).all()


def test_no_place_stands_on_the_edge_of_a_cell(premises: gpd.GeoDataFrame) -> None:
    assert not ((premises.geometry.x % CELL_M == 0) | (premises.geometry.y % CELL_M == 0)).any()


def test_every_place_has_a_signal_and_the_open_sea_has_none(
    sample_study: Path, premises: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame
) -> None:
    fjord, open_sea = shapely.Point(262_000, 7_050_000), shapely.Point(160_500, 7_150_000)
    assert municipalities.distance(fjord).min() > 3000
    assert municipalities.distance(open_sea).min() > 10_000
    paths = sorted(sample_study.glob("mobile_*.tif"))
    assert len(paths) == 2 * len(OPERATORS)
    for path in paths:
        values, nodata = _signal(path, premises)
        assert nodata is not None
        assert not (values == nodata).any()
        with rasterio.open(path) as raster:
            at_sea = [int(value[0]) for value in raster.sample([(p.x, p.y) for p in (fjord, open_sea)])]
        assert at_sea[0] > nodata or "5g" in path.name, "5G is too weak so far out"
        assert at_sea[1] == nodata
        assert ((values > -140) & (values < -40)).all()


def test_roads_are_one_network_that_shares_its_end_nodes(roads: gpd.GeoDataFrame) -> None:
    assert set(roads["road_type"]) == {"main", "local", "track", "ferry"}
    assert (roads["ferry"] == (roads["road_type"] == "ferry")).all()
    assert roads["private"].isin([0, 1]).all()
    lines = roads.geometry.to_numpy()
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(lines, k)) for k in (0, -1)])
    nodes, at = np.unique(ends, axis=0, return_inverse=True)
    pairs = at.reshape(2, -1)
    graph = coo_array((np.ones(len(lines)), (pairs[0], pairs[1])), shape=(len(nodes), len(nodes)))
    assert connected_components(graph, directed=False)[0] == 1


def test_only_ferries_cross_wide_water(roads: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame) -> None:
    on_land = roads[roads["road_type"] != "ferry"]
    county = municipalities.union_all()
    shapely.prepare(county)
    lines = on_land.geometry.to_numpy()
    lines = lines[~shapely.covers(county, lines)]
    wet = shapely.length(shapely.difference(lines, county))
    assert wet.max() < 700
    assert wet.sum() < 0.01 * on_land.length.sum()


def test_places_stand_by_a_road_and_nodes_on_one(
    sample_study: Path, premises: gpd.GeoDataFrame, roads: gpd.GeoDataFrame
) -> None:
    tree = shapely.STRtree(roads.geometry.to_numpy())
    _, away = tree.query_nearest(premises.geometry.to_numpy(), return_distance=True, all_matches=False)
    assert away.max() < 250
    network = gpd.read_file(sample_study / "network.gpkg")
    _, off = tree.query_nearest(network.geometry.to_numpy(), return_distance=True, all_matches=False)
    assert off.max() < 1.0
    assert set(network["municipality_code"]) == set(premises["municipality_code"])


def test_planned_builds_add_nothing_to_what_exists(sample_study: Path) -> None:
    planned = gpd.read_file(sample_study / "planned_builds.gpkg")
    assert set(planned["status"]) == {"planned"}
    dates = pd.to_datetime(planned["available_from"])
    horizon = pd.Timestamp("2025-06-30")
    assert (dates <= horizon).any()
    assert (dates > horizon).any()
    for name in ("fibre", "cable"):
        assert set(gpd.read_file(sample_study / f"{name}_footprints.gpkg")["status"]) == {"existing"}


def test_the_hearing_has_every_kind_of_answer_and_is_made_again(sample_study: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(sample_study / "sample_hearing.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    file = sample_study / "hearing_addresses.csv"
    assert (tmp_path / file.name).read_bytes() == file.read_bytes()
    answers = pd.read_csv(file, sep=";", dtype=str)
    assert set(answers["svar"]) == {"plan", "finnes", "bortfalt"}
    overdue = answers["ferdig"] < "2022-06-30"
    assert 0 < overdue.sum() < (answers["svar"] == "plan").sum()
    assert answers.loc[answers["svar"] == "bortfalt", "bortfalt"].notna().all()


def test_several_operators_overlap_and_copper_is_about_to_close(sample_study: Path, premises: gpd.GeoDataFrame) -> None:
    fibre = gpd.read_file(sample_study / "fibre_footprints.gpkg")
    assert fibre["provider"].nunique() >= 4
    pairs = gpd.sjoin(premises[["geometry"]], fibre[["provider", "geometry"]], predicate="intersects")
    assert (pairs.groupby(level=0)["provider"].nunique() >= 2).mean() > 0.05
    dsl = pd.read_csv(sample_study / "dsl_cells.csv.gz")
    assert dsl["closes"].notna().all()
    assert 0.5 < (dsl["down_mbps"] < 30).mean() < 1.0


def test_names_cannot_be_taken_for_real_ones(premises: gpd.GeoDataFrame) -> None:
    firms = premises[premises["kind"] == "business"]
    assert firms["name"].str.endswith("(fiktiv)").all()
    assert firms["org_number"].str.startswith("SYN").all()
    assert premises.loc[premises["kind"].isin(["household", "holiday"]), "name"].isna().all()
    assert premises["place_id"].is_unique


def test_it_says_synthetic_and_keeps_the_attribution(sample_study: Path) -> None:
    study = tomllib.loads((sample_study / "study.toml").read_text(encoding="utf-8"))
    assert study["study"]["data_status"] == "synthetic"
    assert any("SYNTHETIC" in note for note in study["study"]["notes"])
    real = [source["id"] for source in study["sources"] if source["data_status"] == "real"]
    assert real == ["municipalities"]
    readme = (sample_study / "README.md").read_text(encoding="utf-8")
    assert "SYNTHETIC" in readme
    assert "Kartverket" in readme
    assert "CC BY 4.0" in readme


def test_every_named_file_is_there_and_the_whole_is_small(sample_study: Path) -> None:
    study = tomllib.loads((sample_study / "study.toml").read_text(encoding="utf-8"))
    assert all((sample_study / source["path"]).is_file() for source in study["sources"])
    assert sum(path.stat().st_size for path in sample_study.iterdir() if path.is_file()) < REPOSITORY_LIMIT_BYTES


def test_the_generator_and_the_model_do_not_know_each_other(sample_study: Path) -> None:
    for path in sorted(sample_study.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert "import coverage" not in text
        assert "from coverage" not in text
    for path in sorted((sample_study.parents[1] / "coverage").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert "make_sample" not in text
        assert "sample_land" not in text


def test_corrections_are_of_synthetic_offices_and_made_again(sample_study: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(sample_study / "sample_corrections.py"), str(tmp_path)], check=True)
    file = sample_study / "corrections.csv"
    assert (tmp_path / "corrections.csv").read_bytes() == file.read_bytes()
    table = pd.read_csv(file, sep=";", dtype=str)
    assert table["kontor"].str.startswith("Synthetic office, ").all()
    assert table["kommentar"].str.startswith("Syntetisk").all()
    assert table["feil"].nunique() == 6


@pytest.fixture(scope="session")
def made_again(sample_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make two small municipalities again."""
    out = tmp_path_factory.mktemp("again")
    command = [sys.executable, str(sample_study / "make_sample.py"), "--only", SMALL, NEIGHBOUR, "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    return out


@pytest.mark.parametrize("name", ["premises.parquet", "roads.parquet"])
def test_a_municipality_made_alone_has_the_committed_rows(name: str, sample_study: Path, made_again: Path) -> None:
    old = gpd.read_parquet(sample_study / name)
    for code in (SMALL, NEIGHBOUR):
        new = gpd.read_parquet(made_again / name)
        kept = old[old["municipality_code"] == code].reset_index(drop=True)
        fresh = new[new["municipality_code"] == code].reset_index(drop=True)
        assert len(kept) > 20
        assert (kept.geometry.to_wkb() == fresh.geometry.to_wkb()).all()
        pd.testing.assert_frame_equal(
            pd.DataFrame(kept.drop(columns="geometry")), pd.DataFrame(fresh.drop(columns="geometry")), check_dtype=False
        )


@pytest.mark.parametrize("name", ["dsl_cells.csv.gz", "fwa_cells.csv.gz"])
def test_cells_made_alone_are_among_the_committed_ones(name: str, sample_study: Path, made_again: Path) -> None:
    old, new = pd.read_csv(sample_study / name), pd.read_csv(made_again / name)
    assert len(new) > 50
    assert len(new.merge(old, how="inner")) == len(new)


@pytest.mark.parametrize("name", ["fibre_footprints.gpkg", "planned_builds.gpkg", "network.gpkg"])
def test_shapes_made_alone_are_among_the_committed_ones(name: str, sample_study: Path, made_again: Path) -> None:
    old, new = gpd.read_file(sample_study / name), gpd.read_file(made_again / name)
    assert len(new) > 0
    assert set(new.geometry.to_wkb()) <= set(old.geometry.to_wkb())


@pytest.mark.parametrize("technology", ["4g", "5g"])
def test_signal_made_alone_is_the_committed_one(technology: str, sample_study: Path, made_again: Path) -> None:
    for operator in OPERATORS:
        name = f"mobile_{operator}_{technology}.tif"
        with rasterio.open(sample_study / name) as old, rasterio.open(made_again / name) as new:
            kept, fresh = old.read(1), new.read(1)
            mine = fresh != new.nodata
            assert mine.sum() > 1000
            assert (kept[mine] == fresh[mine]).all()


@pytest.fixture(scope="session")
def heights(sample_study: Path) -> tuple[np.ndarray, rasterio.Affine, float]:
    with rasterio.open(sample_study / "terrain.tif") as source:
        assert source.crs.to_epsg() == 25833
        assert source.dtypes == ("int16",)
        assert source.res == (CELL_M, CELL_M)
        return source.read(1), source.transform, source.nodata


def _height_at(heights: tuple[np.ndarray, rasterio.Affine, float], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    values, place, _ = heights
    columns, rows = ~place @ np.stack([x, y])
    return values[np.floor(rows).astype(int), np.floor(columns).astype(int)].astype(float)


def test_the_terrain_is_flat_at_sea_and_stands_on_land(
    heights: tuple[np.ndarray, rasterio.Affine, float], municipalities: gpd.GeoDataFrame
) -> None:
    values, place, nodata = heights
    rows, columns = np.indices(values.shape)
    x, y = place @ np.stack([columns.ravel() + 0.5, rows.ravel() + 0.5])
    county = municipalities.union_all()
    shapely.prepare(county)
    on_land = shapely.contains_xy(county, x, y).reshape(values.shape)
    assert (values[on_land] != nodata).all()
    assert values[on_land].min() >= 1
    assert 1000 < values[on_land].max() < 2500
    # West of every municipality of its row there is nothing but the sea.
    open_sea = np.cumsum(on_land, axis=1) == 0
    open_sea[~on_land.any(axis=1)] = False
    open_sea[y.reshape(values.shape) < 7_010_000] = False  # south of it the neighbour in the west is land
    assert set(np.unique(values[open_sea])) == {nodata, 0}
    fjord = _height_at(heights, np.array([262_000.0, 287_000.0]), np.array([7_050_000.0, 7_046_000.0]))
    assert (fjord == 0).all()


def test_roads_and_settlements_lie_in_the_valleys(
    heights: tuple[np.ndarray, rasterio.Affine, float], premises: gpd.GeoDataFrame, roads: gpd.GeoDataFrame
) -> None:
    values, _, nodata = heights
    ground = np.median(values[(values != nodata) & (values != 0)])
    lived = _height_at(heights, premises.geometry.x.to_numpy(), premises.geometry.y.to_numpy())
    assert (lived != nodata).all()
    assert np.median(lived) < ground / 2
    inland = premises["municipality_code"].isin(["5021", "5022", "5025"]).to_numpy()  # Oppdal, Rennebu, Røros
    coast = premises["municipality_code"].isin(["5014", "5056"]).to_numpy()  # Frøya, Hitra
    assert np.median(lived[inland]) > 5 * np.median(lived[coast])
    middle = shapely.line_interpolate_point(roads.geometry.to_numpy(), 0.5, normalized=True)
    x, y = shapely.get_x(middle), shapely.get_y(middle)
    here = _height_at(heights, x, y)
    beside = [
        _height_at(heights, x + east, y + north) for east, north in ((2000, 0), (-2000, 0), (0, 2000), (0, -2000))
    ]
    around = np.mean(beside, axis=0)
    inside = (np.min(beside, axis=0) > 0) & (here > 0)
    assert inside.sum() > 5000
    assert (here < around)[inside].mean() > 0.7


def test_every_mast_has_one_height_and_stands_on_land(
    sample_study: Path, heights: tuple[np.ndarray, rasterio.Affine, float]
) -> None:
    masts = pd.read_csv(sample_study / "masts.csv")
    assert set(masts["operator"].str.lower()) == {*OPERATORS, "kystklang"}
    assert masts["height_m"].between(18, 42).all()
    by_mast = masts.groupby(["x", "y"])["height_m"]
    assert (by_mast.min() == by_mast.max()).all()
    assert by_mast.first().nunique() > 3
    assert (_height_at(heights, masts["x"].to_numpy(), masts["y"].to_numpy()) >= 1).all()


def test_fields_lie_on_land_around_the_farms(
    sample_study: Path, premises: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame
) -> None:
    fields = gpd.read_parquet(sample_study / "farmland.parquet")
    assert fields.is_valid.all()
    assert set(fields["name"]) == {"synthetic field"}
    whole = fields.union_all()
    assert whole.area == pytest.approx(fields.area.sum(), rel=1e-6), "no field lies on another"
    assert whole.difference(municipalities.union_all()).area < 0.001 * whole.area
    farms = premises[premises["line_of_business"] == "agriculture"]
    assert whole.area / 1e6 == pytest.approx(0.2 * len(farms), rel=0.05)
    assert (farms.distance(whole) < 1000).mean() > 0.6
    assert len(gpd.sjoin(municipalities, fields).index.unique()) == len(municipalities)


@pytest.mark.parametrize(("name", "kinds", "km"), [("poles", "local track", 1100), ("ducts", "main local", 900)])
def test_poles_and_ducts_run_beside_roads(
    name: str, kinds: str, km: float, sample_study: Path, roads: gpd.GeoDataFrame
) -> None:
    lines = gpd.read_parquet(sample_study / f"{name}.parquet")
    assert lines.crs == roads.crs
    assert lines.length.sum() / 1000 == pytest.approx(km, rel=0.05)
    beside = roads[roads["road_type"].isin(kinds.split())]
    middle = gpd.GeoSeries(lines.geometry.interpolate(0.5, normalized=True), crs=roads.crs)
    _, away = beside.sindex.nearest(middle, return_distance=True, return_all=False)
    assert away.min() > 3
    assert away.max() < 15


@pytest.mark.parametrize("name", ["terrain", "farmland", "reuse"])
def test_what_is_made_from_the_other_files_is_made_again(name: str, sample_study: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(sample_study / f"sample_{name}.py"), str(tmp_path)], check=True)
    made = sorted(tmp_path.iterdir())
    assert [path.name for path in made] == {
        "terrain": ["terrain.tif"], "farmland": ["farmland.parquet"], "reuse": ["ducts.parquet", "poles.parquet"]
    }[name]  # fmt: skip
    for path in made:
        assert path.read_bytes() == (sample_study / path.name).read_bytes()


def test_masts_made_with_one_municipality_are_those_of_the_county(sample_study: Path, made_again: Path) -> None:
    assert (made_again / "masts.csv").read_bytes() == (sample_study / "masts.csv").read_bytes()


def test_what_was_added_for_masts_and_routes_is_small_and_called_synthetic(sample_study: Path) -> None:
    study = tomllib.loads((sample_study / "study.toml").read_text(encoding="utf-8"))
    by_role = {source["role"]: source for source in study["sources"]}
    added = [by_role[role] for role in ("terrain", "masts", "poles", "ducts")]
    added += [source for source in study["sources"] if source["id"] == "farmland"]
    assert len(added) == 5
    assert {source["data_status"] for source in added} == {"synthetic"}
    assert all("made up" in source["supplier"] for source in added)
    assert sum((sample_study / source["path"]).stat().st_size for source in added) < 2_500_000
    assert (sample_study / "terrain.tif").stat().st_size < 1_500_000
    assert {source["options"].get("ground") for source in study["sources"] if source["role"] == "extent"} == {
        None,
        "land",
    }
    slope = study["study"]["parameters"]["steep_slope"]
    assert slope["confidence"] == "assumed"
    assert 0 < slope["value"] < 1
