"""Masts and the places they see, on drawn valleys and ridges whose answers are visible; and by SRTM in Andorra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio import Affine
from shapely.geometry import LineString, Point

from coverage.errors import CrsError
from coverage.inputs import SourceSpec, TerrainLayer
from coverage.radio import Radio, load_radio, sector_mbps
from coverage.roads import DETOUR, build_graph
from coverage.sight import in_sight
from coverage.sources.area import StudyArea
from coverage.sources.layers import read_terrain
from coverage.wireless import MEASURES, plan_wireless
from tests.roadside import CRS, XY, network, places, roads

CELL = 100.0
WIDTH, DEPTH = 12_000.0, 4_000.0
VOID = -32768
BOOK = load_radio()
FAR_ROAD = roads([(0, -40_000), (1000, -40_000)])  # too far away for a new site
ROAD = roads([(100, 1000), (12_000, 1000)])
WEST, EAST = (2000, 1000), (10_000, 1000)


def figures(**values: float) -> Radio:
    """Return the book with other values."""
    rows = [
        replace(row, value=value, low=value, high=value)
        for row in BOOK.items
        for value in [values.get(row.item)]
        if value is not None
    ]
    kept = [row for row in BOOK.items if row.item not in values]
    return Radio((*kept, *rows))


RADIO = figures(high_ground_gain_m=10_000)  # no new sites but those at roads


def model(path: Path, heights: np.ndarray, *, crs: str = CRS) -> TerrainLayer:
    """Write heights, the first row in the north, as a raster whose lower-left corner is at (0, 0)."""
    rows, columns = heights.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=1, dtype="float32", crs=crs, nodata=VOID,
        transform=Affine(CELL, 0, 0, 0, -CELL, rows * CELL),
    ) as raster:  # fmt: skip
        raster.write(heights.astype(np.float32), 1)
    return TerrainLayer(path.stem, path)


def flat() -> np.ndarray:
    return np.zeros((int(DEPTH / CELL), int(WIDTH / CELL)))


def ridge(*at: float, wide: float = 500) -> np.ndarray:
    """Return a plain with walls from south to north, 300 m high, at x = 6000 if nowhere else."""
    ground = flat()
    x = (np.arange(ground.shape[1]) + 0.5) * CELL
    for middle in at or (6000.0,):
        ground[:, np.abs(x - middle) <= wide / 2] = 300
    return ground


def masts(*points: XY, height: float = 30.0) -> gpd.GeoDataFrame:
    frame = {
        "mast_id": pd.array([f"m{number}" for number in range(len(points))], dtype="str"),
        "name": pd.array([None] * len(points), dtype="str"),
        "operator": pd.array(["A"] * len(points), dtype="str"),
        "height_m": [height] * len(points),
        "source": "masts",
        "source_row": range(1, len(points) + 1),
    }
    return gpd.GeoDataFrame(frame, geometry=[Point(point) for point in points], crs=CRS)


def areas(*ids: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"area_id": list(ids)}, geometry=[None] * len(ids), crs=CRS)


def homes(*points: XY, area: Any = "a", **columns: Any) -> gpd.GeoDataFrame:
    return places(*points, area_id=area, **columns)


def plan(
    houses: gpd.GeoDataFrame,
    there: gpd.GeoDataFrame,
    terrain: Sequence[TerrainLayer],
    *,
    lines: gpd.GeoDataFrame = FAR_ROAD,
    ids: Sequence[str] = ("a",),
    radio: Radio = RADIO,
) -> pd.DataFrame:
    """Plan with a network at the start of the first road."""
    first = lines.geometry.iloc[0].coords[0]
    return plan_wireless(
        areas(*ids), houses, masts=there, terrain=terrain, graph=build_graph(lines), network=network(Point(first)),
        radio=radio, crs=CRS,
    ).set_index("area_id")  # fmt: skip


# What a mast sees


@pytest.mark.parametrize(
    ("mast", "share", "furthest"),
    [((3000, 1000), 0.25, 1000), ((9000, 1000), 0.75, 1000), ((6000, 1000), 1.0, 4000)],
    ids=["this side", "that side", "on the ridge"],
)
def test_a_mast_serves_the_side_of_the_ridge_that_it_sees(
    tmp_path: Path, mast: XY, share: float, furthest: float
) -> None:
    wall = model(tmp_path / "wall.tif", ridge())
    found = plan(homes(WEST, EAST, weight=[1.0, 3.0]), masts(mast), [wall]).loc["a"]
    assert found["fwa_basis"] == "terrain"
    assert found["fwa_reach_share"] == share
    assert found["fwa_furthest_m"] == furthest
    assert found["fwa_sites_existing"] == 1
    assert found[["fwa_sites_new", "fwa_power_m", "fwa_backhaul_m"]].tolist() == [0, 0, 0]


def test_the_furthest_customer_says_what_a_sector_carries(tmp_path: Path) -> None:
    plain = model(tmp_path / "plain.tif", flat())
    found = plan(homes((1500, 1000), (4000, 1000), (9000, 1000)), masts((1000, 1000), height=60), [plain]).loc["a"]
    assert found["fwa_furthest_m"] == 8000
    carried = sector_mbps([8000], sight=True, radio=RADIO, mast_m=60).item()
    assert found["fwa_edge_mbps"] == pytest.approx(carried, abs=0.001)
    assert 0 < carried < sector_mbps([3000], sight=True, radio=RADIO, mast_m=60).item()


def test_each_customer_has_the_best_of_the_masts_taken(tmp_path: Path) -> None:
    # Only a mast on a wall sees behind it; from both one sees (5000, 1000).
    walls = model(tmp_path / "walls.tif", ridge(1750, 8950, wide=10))
    both = masts((2250, 1000), (10_500, 1000), height=150)
    houses = homes((1000, 1000), (2500, 1000), (11_500, 1000), (5000, 1000))
    found = plan(houses, masts((1750, 1000), (8950, 1000)), [walls]).loc["a"]
    assert found["fwa_sites_existing"] == 2
    assert found["fwa_reach_share"] == 1
    assert found["fwa_furthest_m"] == 3250  # not 3950 from the other
    assert plan(houses, both, [walls]).loc["a", "fwa_reach_share"] == 0.75


def test_a_place_that_nobody_sees_is_not_reached(tmp_path: Path) -> None:
    ground = flat() + 200
    ground[28:32, 98:102] = 0  # a shaft around (10 000, 1000), 400 m wide
    shaft = model(tmp_path / "shaft.tif", ground)
    found = plan(homes(WEST, EAST), masts((3000, 1000), (6000, 3000)), [shaft], lines=roads([(0, 1000), (7000, 1000)]))
    assert found.loc["a", "fwa_basis"] == "terrain"
    assert found.loc["a", "fwa_reach_share"] == 0.5
    assert found.loc["a", "fwa_sites_existing"] == 1
    assert found.loc["a", "fwa_sites_new"] == 0  # for none sees into it either
    alone = plan(homes(EAST), masts((3000, 1000)), [shaft]).loc["a"]
    assert alone["fwa_reach_share"] == 0
    assert alone[["fwa_furthest_m", "fwa_edge_mbps"]].isna().all()
    assert alone[["fwa_sites_new", "fwa_sites_existing", "fwa_power_m", "fwa_backhaul_m"]].tolist() == [0, 0, 0, 0]


def test_out_of_range_is_not_reached(tmp_path: Path) -> None:
    plain = model(tmp_path / "plain.tif", flat())
    near = figures(high_ground_gain_m=10_000, fwa_range_m=5000)
    houses = homes((6000, 1000), (6001, 1000))
    assert plan(houses, masts((1000, 1000)), [plain], radio=near).loc["a", "fwa_reach_share"] == 0.5
    weak = figures(high_ground_gain_m=10_000, fwa_eirp_dbm=0)  # in sight, and not heard
    assert plan(houses, masts((1000, 1000)), [plain], radio=weak).loc["a", "fwa_reach_share"] == 0


# Which masts are taken


def test_existing_masts_come_before_a_new_one_that_sees_more(tmp_path: Path) -> None:
    wall = model(tmp_path / "wall.tif", ridge())
    houses = homes(WEST, (1000, 1000), EAST)
    over = roads([(6000, 0), (6000, 2000)])  # on the ridge, with a network at (6000, 0): sees both sides
    assert plan(houses, masts(), [wall], lines=over).loc["a", ["fwa_sites_new", "fwa_reach_share"]].tolist() == [1, 1]
    found = plan(houses, masts((3000, 1000)), [wall], lines=over).loc["a"]
    assert found[["fwa_sites_existing", "fwa_sites_new", "fwa_reach_share"]].tolist() == [1, 1, 1]
    found = plan(houses, masts((3000, 1000), (9000, 1000)), [wall], lines=over).loc["a"]
    assert found[["fwa_sites_existing", "fwa_sites_new", "fwa_reach_share"]].tolist() == [2, 0, 1]


def test_the_mast_that_adds_most_premises_is_taken_first(tmp_path: Path) -> None:
    wall = model(tmp_path / "wall.tif", ridge())
    houses = homes(WEST, EAST, weight=[1.0, 3.0])
    # The one on the ridge sees both, so that neither of the others adds anything.
    found = plan(houses, masts((3000, 1000), (9000, 1000), (6000, 1000)), [wall]).loc["a"]
    assert found["fwa_sites_existing"] == 1
    assert found["fwa_reach_share"] == 1
    # Without it, two are needed; a third that sees what they see is not taken.
    assert plan(houses, masts((3000, 1000), (9000, 1000), (9500, 1000)), [wall]).loc["a", "fwa_sites_existing"] == 2


def test_a_mast_whose_customers_all_have_a_better_one_is_given_up(tmp_path: Path) -> None:
    ground = flat()
    ground[20, 25:] = 300  # a wall from west to east, at y = 1950 and x from 2500 on
    wall = model(tmp_path / "wall.tif", ground)
    near = figures(high_ground_gain_m=10_000, fwa_range_m=4500)
    houses = homes((5000, 1000), (5000, 3000), (8000, 1000), (8000, 3000), weight=[3.0, 3.0, 1.0, 1.0])
    # The one in the west is taken first, for both sides of the wall; those beside it only for who is too far from it.
    there = masts((1000, 2000), (4500, 1000), (4500, 3000))
    found = plan(houses, there, [wall], radio=near).loc["a"]
    assert found[["fwa_sites_existing", "fwa_reach_share", "fwa_furthest_m"]].tolist() == [2, 1, 3500]
    first = plan(houses.iloc[:2], there, [wall], radio=near).loc["a"]
    assert first[["fwa_sites_existing", "fwa_reach_share"]].tolist() == [1, 1]


def test_of_equal_masts_the_nearest_is_taken(tmp_path: Path) -> None:
    plain = model(tmp_path / "plain.tif", flat())
    found = plan(homes((8000, 1000)), masts((1000, 1000), (7000, 1000), (3000, 1000)), [plain]).loc["a"]
    assert found["fwa_sites_existing"] == 1
    assert found["fwa_furthest_m"] == 1000


def test_a_new_site_needs_power_and_a_cable_from_the_network(tmp_path: Path) -> None:
    plain = model(tmp_path / "plain.tif", flat())
    # Sites at the road every 2 km from (1000, 1000) on: the first needs the shortest cable and the shortest power.
    houses = homes((1000, 1300), (3000, 1400))
    found = plan(houses, masts(), [plain], lines=ROAD).loc["a"]
    assert found["fwa_sites_new"] == 1
    assert found["fwa_backhaul_m"] == pytest.approx(900)
    assert found["fwa_power_m"] == pytest.approx(300)
    assert found["fwa_furthest_m"] == pytest.approx(np.hypot(2000, 400), abs=0.001)
    # A place that needs nothing has power all the same.
    more = homes((1000, 1300), (3000, 1400), (1000, 990), eligible=[1.0, 1.0, 0.0], area=["a", "a", None])
    assert plan(more, masts(), [plain], lines=ROAD).loc["a", "fwa_power_m"] == pytest.approx(10)


def test_a_new_site_is_looked_for_in_the_cell_of_a_place_however_near_it_must_be(tmp_path: Path) -> None:
    road = roads([(100.0, 600.0), (1900.0, 600.0)])
    near = figures(high_ground_gain_m=10_000, site_near_m=0)
    row = plan(homes((300, 700)), masts(), [model(tmp_path / "z.tif", flat())], lines=road, radio=near).loc["a"]
    assert row[["fwa_sites_new", "fwa_reach_share"]].tolist() == [1, 1]


def test_two_new_sites_share_their_trench_and_one_off_the_network_is_joined(tmp_path: Path) -> None:
    wall = model(tmp_path / "wall.tif", ridge())
    found = plan(homes((3000, 1000), EAST), masts(), [wall], lines=ROAD).loc["a"]
    # One at (3000, 1000), one at (9000, 1000): as far from the house as (11 000, 1000), nearer to the network.
    assert found[["fwa_sites_new", "fwa_reach_share"]].tolist() == [2, 1]
    assert found["fwa_backhaul_m"] == pytest.approx(8900)
    gap = roads([(100, 1000), (4000, 1000)], [(8000, 1000), (12_000, 1000)])
    found = plan(homes((9000, 1500)), masts(), [wall], lines=gap).loc["a"]
    # The site at (8000, 1000) has a road that leads to no network: straight to the end of that which does, along it.
    assert found["fwa_backhaul_m"] == pytest.approx(4000 * DETOUR + 3900)


def test_a_site_on_a_hill_off_the_road_is_joined_straight(tmp_path: Path) -> None:
    ground = flat()
    ground[28:32, 68:72] = 100  # a hill around (7000, 1000)
    hill = model(tmp_path / "hill.tif", ground)
    short = roads([(100, 1000), (2000, 1000)])
    found = plan(homes((9000, 1000)), masts(), [hill], lines=short, radio=BOOK).loc["a"]
    assert found[["fwa_sites_new", "fwa_reach_share"]].tolist() == [1, 1]
    assert found["fwa_furthest_m"] == pytest.approx(2000, abs=150)
    assert found["fwa_power_m"] == pytest.approx(2000, abs=200)
    assert found["fwa_backhaul_m"] == pytest.approx(5000 * DETOUR + 1900, abs=200)


def test_each_area_has_its_own_masts(tmp_path: Path) -> None:
    wall = model(tmp_path / "wall.tif", ridge())
    houses = homes(WEST, (2500, 1000), EAST, area=["b", "c", "a"])
    found = plan(houses, masts((3000, 1000)), [wall], ids=["c", "a", "b", "none"])
    assert found.index.tolist() == ["c", "a", "b", "none"]
    assert found["fwa_sites_existing"].tolist()[:3] == [1, 0, 1]
    assert found["fwa_reach_share"].tolist()[:3] == [1, 0, 1]
    assert pd.isna(found.loc["none", "fwa_basis"])
    assert found.loc["none", list(MEASURES)].isna().all()


def test_premises_weigh_by_their_share(tmp_path: Path) -> None:
    wall = model(tmp_path / "wall.tif", ridge())
    houses = homes(WEST, EAST, weight=[8.0, 4.0], eligible=[0.25, 0.5])
    assert plan(houses, masts((3000, 1000)), [wall]).loc["a", "fwa_reach_share"] == 0.5
    none = homes(WEST, EAST, weight=[8.0, 4.0], eligible=[0.25, 0.0])
    assert plan(none, masts((3000, 1000)), [wall]).loc["a", "fwa_reach_share"] == 1


# What is not known


def test_without_terrain_nothing_is_said(tmp_path: Path) -> None:
    houses = homes(WEST, EAST)
    found = plan(houses, masts((3000, 1000)), [], lines=ROAD)
    assert found["fwa_basis"].isna().all()
    assert found[list(MEASURES)].isna().all(axis=None)
    plain = model(tmp_path / "plain.tif", flat())
    far = homes((50_000, 1000), (51_000, 1000), area="b")
    both = gpd.GeoDataFrame(pd.concat([houses, far], ignore_index=True), crs=CRS)
    found = plan(both, masts((3000, 1000), (50_500, 1000)), [plain], lines=ROAD, ids=["a", "b"])
    assert found["fwa_basis"].tolist()[0] == "terrain"
    assert found["fwa_basis"].isna().tolist() == [False, True]
    assert found.loc["b", list(MEASURES)].isna().all()


def test_a_gap_in_the_terrain_matters_only_where_it_could_hide_a_mast(tmp_path: Path) -> None:
    ground = flat()
    ground[:, 55:65] = VOID  # x from 5500 to 6500
    hole = model(tmp_path / "hole.tif", ground)
    houses = homes(WEST, EAST)
    assert plan(houses, masts((3000, 1000)), [hole])["fwa_basis"].isna().all()  # does it see EAST?
    found = plan(houses, masts((3000, 1000), (9000, 1000)), [hole]).loc["a"]
    assert found[["fwa_basis", "fwa_sites_existing", "fwa_reach_share"]].tolist() == ["terrain", 2, 1]
    ground[:, 40:45] = 300  # whatever lies in the gap, the wall before it is in the way
    walled = model(tmp_path / "walled.tif", ground)
    found = plan(houses, masts((3000, 1000)), [walled]).loc["a"]
    assert found[["fwa_basis", "fwa_reach_share"]].tolist() == ["terrain", 0.5]


def test_a_gap_before_a_new_site_or_under_a_place_is_told(tmp_path: Path) -> None:
    ground = flat()
    ground[:, 55:65] = VOID
    hole = model(tmp_path / "hole.tif", ground)
    west = roads([(100, 1000), (5000, 1000)])
    assert plan(homes(EAST), masts(), [hole], lines=west)["fwa_basis"].isna().all()  # does a site at (5000,) see it?
    assert plan(homes((6000, 1000)), masts(), [hole])["fwa_basis"].isna().all()


def test_sums_do_not_hang_on_the_order_of_rows(tmp_path: Path) -> None:
    wall = model(tmp_path / "wall.tif", ridge())
    houses = homes(WEST, WEST, WEST, EAST, weight=[0.1, 0.2, 0.3, 1.0])
    first = plan(houses, masts((3000, 1000)), [wall])
    pd.testing.assert_frame_equal(plan(houses.iloc[::-1], masts((3000, 1000)), [wall]), first, check_exact=True)


def test_no_areas_and_no_masts_are_no_trouble(tmp_path: Path) -> None:
    plain = model(tmp_path / "plain.tif", flat())
    empty = plan(homes(WEST), gpd.GeoDataFrame(), [plain], ids=[])
    assert list(empty.columns) == ["fwa_basis", *MEASURES]
    assert not len(empty)
    found = plan(homes(WEST), gpd.GeoDataFrame(), [plain])
    assert found.loc["a", ["fwa_basis", "fwa_reach_share", "fwa_sites_existing"]].tolist() == ["terrain", 0, 0]


def test_one_system_for_all(tmp_path: Path) -> None:
    plain = model(tmp_path / "plain.tif", flat())
    with pytest.raises(CrsError, match="places: the coordinate system differs from that of the roads"):
        plan(homes(WEST).to_crs("EPSG:25832"), masts(), [plain])
    with pytest.raises(CrsError, match="masts"):
        plan(homes(WEST), masts(WEST).to_crs("EPSG:25832"), [plain])


# Rules that always hold


class Country:
    """Hold a random landscape: hills, a crooked road, places of three areas, masts."""

    def __init__(self, seed: int, folder: Path) -> None:
        rng = np.random.default_rng(seed)
        self.rng = rng
        self.folder = folder
        self.ground = np.kron(rng.choice([0, 0, 40, 150], (10, 30)), np.ones((4, 4)))
        xy = np.round(rng.uniform((200, 200), (WIDTH - 200, DEPTH - 200), (14, 2)), 1)
        xy[1] = xy[0]  # two rows at one point
        self.houses = homes(
            *[tuple(point) for point in xy.tolist()],
            area=np.array(["a", "b", "c"])[rng.integers(0, 3, 14)],
            weight=rng.choice([0.0, 1.0, 2.0, 0.1], 14),
            eligible=rng.choice([0.0, 0.3, 1.0, 1.0], 14),
        )
        self.masts = masts(*[tuple(point) for point in rng.uniform((0, 0), (WIDTH, DEPTH), (5, 2)).round(1).tolist()])
        turns = np.column_stack([np.linspace(100, 11_900, 7), rng.uniform(300, 3700, 7)]).round(1)
        self.lines = roads([tuple(turn) for turn in turns.tolist()])
        self.terrain = model(folder / "country.tif", self.ground)

    def plan(self, houses: gpd.GeoDataFrame | None = None, there: gpd.GeoDataFrame | None = None, **rest: Any) -> Any:
        houses = self.houses if houses is None else houses
        there = self.masts if there is None else there
        rest = {"ids": ["a", "b", "c"], "lines": self.lines, "radio": BOOK, "terrain": [self.terrain]} | rest
        return plan(houses, there, rest.pop("terrain"), **rest)


seeds = given(seed=st.integers(0, 2**32 - 1))
tries = settings(deadline=None, max_examples=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("country")


@seeds
@tries
def test_what_is_planned_hangs_together(folder: Path, seed: int) -> None:
    country = Country(seed, folder)
    found = country.plan()
    houses = country.houses
    served = houses[houses["weight"] * houses["eligible"] > 0]
    points = served.assign(at=served.geometry.to_wkt()).groupby("area_id")["at"].nunique()
    assert found["fwa_basis"].notna().equals(found.index.to_series().isin(points.index).rename("fwa_basis"))
    found = found[found["fwa_basis"].notna()]
    sites = found["fwa_sites_new"] + found["fwa_sites_existing"]
    assert (sites <= points.reindex(found.index)).all()  # never more masts than places
    assert found["fwa_reach_share"].between(0, 1).all()
    assert ((sites > 0) == (found["fwa_reach_share"] > 0)).all()
    assert found["fwa_edge_mbps"].notna().equals((sites > 0).rename("fwa_edge_mbps"))
    assert (found["fwa_furthest_m"].dropna() <= BOOK["fwa_range_m"].value).all()
    best = sector_mbps(found["fwa_furthest_m"].dropna().to_numpy(), sight=True, radio=BOOK)  # all masts are as high
    assert found["fwa_edge_mbps"].dropna().to_numpy() == pytest.approx(best, abs=0.01)
    without = found["fwa_sites_new"] == 0
    assert (found.loc[without, ["fwa_power_m", "fwa_backhaul_m"]] == 0).all(axis=None)
    assert (found.loc[~without, "fwa_power_m"] > 0).all()


@seeds
@tries
def test_the_order_of_rows_does_not_matter_and_no_area_knows_of_another(folder: Path, seed: int) -> None:
    country = Country(seed, folder)
    found = country.plan()
    mixed = country.plan(
        country.houses.sample(frac=1, random_state=seed), country.masts.sample(frac=1, random_state=seed),
        ids=["c", "a", "b"],
    )  # fmt: skip
    pd.testing.assert_frame_equal(mixed.loc[["a", "b", "c"]], found, check_exact=True)
    alone = country.plan(ids=["b"])
    pd.testing.assert_frame_equal(alone, found.loc[["b"]], check_exact=True, check_dtype=False)


@seeds
@tries
def test_more_masts_never_lower_the_reach(folder: Path, seed: int) -> None:
    country = Country(seed, folder)
    few = country.plan(there=country.masts.iloc[:2])
    many = country.plan()
    assert (many["fwa_reach_share"].dropna() >= few["fwa_reach_share"].dropna() - 1e-12).all()


@seeds
@tries
def test_higher_ground_between_never_raises_the_reach(folder: Path, seed: int) -> None:
    country = Country(seed, folder)
    before = country.plan(lines=FAR_ROAD, radio=RADIO)  # from the same masts
    raised = country.ground.copy()
    raise_some = country.rng.random(raised.shape) < 0.3
    for point in [*country.houses.geometry, *country.masts.geometry]:  # what stands on the ground stays where it is
        row, column = int((DEPTH - point.y) / CELL), int(point.x / CELL)
        raise_some[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = False
    raised[raise_some] += country.rng.choice([5, 50, 300], int(raise_some.sum()))
    after = country.plan(lines=FAR_ROAD, radio=RADIO, terrain=[model(folder / "raised.tif", raised)])
    assert (after["fwa_reach_share"].dropna() <= before["fwa_reach_share"].dropna() + 1e-12).all()


@seeds
@tries
def test_the_choice_is_that_of_plain_loops(folder: Path, seed: int) -> None:
    """Greedily over sets, one area and one pair at a time."""
    country = Country(seed, folder)
    found = country.plan(lines=FAR_ROAD, radio=RADIO)
    for area, row in found.iterrows():
        houses = country.houses[country.houses["area_id"] == area]
        premises: dict[tuple[float, float], float] = {}
        for point, weight, eligible in zip(houses.geometry, houses["weight"], houses["eligible"], strict=True):
            if weight * eligible > 0:
                premises[point.x, point.y] = premises.get((point.x, point.y), 0.0) + weight * eligible
        if not premises:
            continue
        sees = _seen(country.masts, list(premises), country.terrain)
        left, taken = set(premises), []
        while True:
            adds = {name: round(sum(premises[at] for at in seen & left), 6) for name, seen in sees.items()}
            apart = {
                name: sum(premises[at] * Point(at).distance(_at(country.masts, name)) for at in seen & left)
                for name, seen in sees.items()
            }
            most = min(adds, key=lambda name: (-adds[name], round(apart[name], 3), name))
            if adds[most] <= 0:
                break
            taken.append(most)
            left -= sees[most]
        best = {
            min((Point(at).distance(_at(country.masts, name)), name) for name in taken if at in sees[name])[1]
            for at in premises if at not in left
        }  # fmt: skip
        assert row["fwa_sites_existing"] == len(best)
        assert row["fwa_reach_share"] == pytest.approx(1 - sum(premises[at] for at in left) / sum(premises.values()))
        ways = [
            min(Point(at).distance(_at(country.masts, name)) for name in taken if at in sees[name])
            for at in premises if at not in left
        ]  # fmt: skip
        assert ways == [] or row["fwa_furthest_m"] == pytest.approx(max(ways), abs=0.001)


def _at(there: gpd.GeoDataFrame, name: str) -> Point:
    return there.geometry[there["mast_id"] == name].iloc[0]


def _seen(there: gpd.GeoDataFrame, points: list[XY], terrain: TerrainLayer) -> dict[str, set[XY]]:
    pairs = [(mast, point) for mast in there.itertuples() for point in points]
    ends = np.array([(mast.geometry.x, mast.geometry.y, *point) for mast, point in pairs])
    clear = in_sight(
        ends[:, :2], 30.0, ends[:, 2:], RADIO["fwa_receiver_m"].value,
        terrain=[terrain], crs=CRS, radio=RADIO, band="fwa",
    ).clear  # fmt: skip
    seen: dict[str, set[XY]] = {name: set() for name in there["mast_id"]}
    for (mast, point), sees in zip(pairs, clear.tolist(), strict=True):
        if sees and mast.geometry.distance(Point(point)) <= RADIO["fwa_range_m"].value:
            seen[mast.mast_id].add(point)
    return seen


# Andorra by SRTM: real valleys


def test_a_mast_in_a_valley_of_the_pyrenees_serves_that_valley(data_root: Path) -> None:
    utm = "EPSG:25831"
    square = gpd.GeoDataFrame(
        {"municipality_code": ["AD"], "name": ["Andorra"]}, geometry=[Point(1.58, 42.54).buffer(0.3)], crs="EPSG:4326"
    )
    path = data_root / "andorra" / "N42E001.hgt.zip"
    spec = SourceSpec(id="srtm", role="terrain", kind="raster", path=path)
    _, srtm = read_terrain(spec, area=StudyArea(utm, square.to_crs(utm)))
    towns = {  # longitude, latitude
        "Andorra la Vella": (1.5218, 42.5075),
        "Escaldes": (1.5390, 42.5090),
        "Ordino": (1.5331, 42.5562),
        "Canillo": (1.5975, 42.5676),
    }
    xy = gpd.GeoSeries.from_xy(*zip(*towns.values(), strict=True), crs="EPSG:4326").to_crs(utm)
    houses = homes(*[(point.x, point.y) for point in xy], area=list(towns)).set_crs(utm, allow_override=True)
    mast = masts((xy.iloc[0].x - 300, xy.iloc[0].y)).set_crs(utm, allow_override=True)
    road = gpd.GeoDataFrame({"ferry": [False]}, geometry=[LineString(list(xy))], crs=utm)

    def run(there: gpd.GeoDataFrame) -> pd.DataFrame:
        return plan_wireless(
            areas(*towns).set_crs(utm, allow_override=True), houses, masts=there, terrain=[srtm],
            graph=build_graph(road), network=gpd.GeoDataFrame({"flagged": [False]}, geometry=[xy.iloc[0]], crs=utm),
            radio=BOOK, crs=utm,
        ).set_index("area_id")  # fmt: skip

    found = run(mast)
    assert (found["fwa_basis"] == "terrain").all()
    # All are within 9 km of the mast; ridges of 2,000 m and more hide the two valleys in the north from it.
    assert found["fwa_sites_existing"].to_dict() == {
        "Andorra la Vella": 1, "Escaldes": 1, "Ordino": 0, "Canillo": 0,
    }  # fmt: skip
    assert (found["fwa_reach_share"] == 1).all()
    assert found.loc[["Ordino", "Canillo"], "fwa_sites_new"].tolist() == [1, 1]
    assert (found["fwa_furthest_m"] < 6000).all()
    assert (found.loc[["Ordino", "Canillo"], "fwa_backhaul_m"] > 1000).all()
