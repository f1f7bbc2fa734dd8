"""Areas of kind mobile: hamlets without coverage, drawn masts and ridges, and what must hold of any plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal
from shapely.geometry import LineString, Point, box

from coverage import mobile_areas
from coverage.areas import delineate
from coverage.inputs import ExtentLayer, Inputs, MobileLayer, TerrainLayer
from coverage.mobile_areas import MobilePlan, plan_mobile
from coverage.policy import Policy, load_policy
from coverage.radio import Radio, load_radio
from coverage.roads import attach, build_graph
from coverage.routes import route
from tests import roadside
from tests.test_overlay import write_raster

AS_IT_IS = load_policy("no-2024")
NORWAY = replace(AS_IT_IS, mobile=replace(AS_IT_IS.mobile, gain_per_km2=0.0, gain_per_road_km=0.0))
RADIO = load_radio()
CRS = roadside.CRS
SIDE = 60_000  # of the country that is drawn
XY = tuple[float, float]
ROAD = roadside.roads([(100.0, 30_000.0), (59_900.0, 30_000.0)])
TWO = gpd.GeoDataFrame(
    {"municipality_code": ["5001", "5002"], "name": ["Vik - Vijke", "Nes"]},
    geometry=[box(0, 0, SIDE / 2, SIDE), box(SIDE / 2, 0, SIDE, SIDE)],
    crs=CRS,
)


@dataclass(frozen=True)
class Country:
    """Hold two elevation models of the same country: a plain, and one with a wall from south to north."""

    plain: TerrainLayer
    walled: TerrainLayer


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Country:
    folder = tmp_path_factory.mktemp("terrain")
    grid = np.full((SIDE // 250, SIDE // 250), 100.0, dtype=np.float32)
    down = Affine(250, 0, 0, 0, -250, SIDE)
    plain = write_raster(folder / "plain.tif", grid, transform=down)
    grid[:, 50:52] = 400.0  # x from 12,500 to 13,000
    walled = write_raster(folder / "walled.tif", grid, transform=down)
    return Country(TerrainLayer("plain", plain), TerrainLayer("walled", walled))


def with_items(**values: float) -> Radio:
    items = tuple(replace(row, value=values.get(row.item, row.value), low=-1e9, high=1e9) for row in RADIO.items)
    return Radio(items)


FEW = with_items(high_ground_gain_m=10_000.0)  # no sites but masts and at roads


def hamlet(at: XY, count: int = 12, **columns: Any) -> gpd.GeoDataFrame:
    """Return households 20 m apart, each short of fixed and of mobile service, named by where they stand."""
    xy = [(at[0] + 20.0 * number, at[1]) for number in range(count)]
    code = "5001" if at[0] < SIDE / 2 else "5002"
    names = [f"h{at[0]:.0f}-{at[1]:.0f}-{number:03d}" for number in range(count)]
    defaults = {"place_id": names, "municipality_code": code, "short_mobile": 1.0, "gap_kind": "both", "weight": 1.0}
    return roadside.places(*xy, **(defaults | columns))


def together(*parts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=CRS)


def masts(*at: XY, names: Sequence[str] = ()) -> gpd.GeoDataFrame:
    ids = list(names) or [f"m{number}" for number in range(len(at))]
    frame = pd.DataFrame(
        {
            "mast_id": pd.array(ids, dtype="str"),
            "name": pd.array([None] * len(at), dtype="str"),
            "operator": pd.array([None] * len(at), dtype="str"),
            "height_m": np.nan,
            "source": "masts",
            "source_row": range(1, len(at) + 1),
        }
    )
    return gpd.GeoDataFrame(frame, geometry=[Point(one) for one in at], crs=CRS)


def covered(*shapes: Any) -> MobileLayer:
    frame = gpd.GeoDataFrame({"level": ["good"] * len(shapes)}, geometry=list(shapes), crs=CRS)
    return MobileLayer("m", "A", "4g", polygons=frame)


def plan(
    places: gpd.GeoDataFrame,
    terrain: TerrainLayer | None,
    *,
    stand: gpd.GeoDataFrame | None = None,
    extents: Sequence[ExtentLayer] = (),
    mobile: Sequence[MobileLayer] = (covered(box(-200, -200, -100, -100)),),
    policy: Policy = NORWAY,
    radio: Radio = FEW,
    roads: gpd.GeoDataFrame = ROAD,
) -> MobilePlan:
    inputs = Inputs(
        municipalities=TWO,
        places=places,
        roads=roads,
        network=roadside.network(Point(100, 30_000)),
        mobile=tuple(mobile),
        masts=masts() if stand is None else stand,
        terrain=() if terrain is None else (terrain,),
        extents=tuple(extents),
    )
    return plan_mobile(places, inputs, graph=build_graph(roads), policy=policy, radio=radio)


def test_one_hamlet_gets_one_site_and_is_one_area(country: Country) -> None:
    places = hamlet((9_000, 30_300), kind=["business", *["household"] * 9, "holiday", "public"], employees=7.0)
    made = plan(places, country.plain)
    assert len(made.areas) == 1
    area = made.areas.iloc[0]
    assert (area["kind"], area["status"], area["municipality_code"]) == ("mobile", "modelled", "5001")
    assert area["area_id"].startswith("5001-mob-")
    assert len(area["area_id"]) == len("5001-mob-") + 6
    assert area["name"] == "Vik, Vik (mobile)"
    counts = ["premises", "businesses", "households", "holiday", "public", "places", "employees", "mobile_gain"]
    assert area[counts].tolist() == [12, 1, 9, 1, 1, 12, 84, 18]
    assert area[["sites_new", "sites_existing", "business_need", "deliver_down_mbps"]].tolist() == [1, 0, 0, 0]
    assert np.isnan(area["mean_log2_down"])
    assert area["site_basis"] == "roadside"
    site = made.sites.geometry.iloc[0]
    assert area["power_m"] == pytest.approx(places.distance(site).min(), abs=0.001)
    assert area.geometry.covers(site)
    assert area.geometry.covers(places.union_all())
    assert made.mobile_area_id.tolist() == [area["area_id"]] * 12
    assert made.counts["premises_short"] == made.counts["premises_served"] == 12
    assert made.warnings == ()


def test_an_existing_mast_comes_first_where_it_adds_as_much(country: Country) -> None:
    same = with_items(high_ground_gain_m=10_000.0, effort_existing=1.0)
    for radio in (same, FEW):
        made = plan(hamlet((9_000, 30_300)), country.plain, stand=masts((8_000, 33_000)), radio=radio)
        assert made.areas["site_id"].tolist() == ["mast-m0"]
        area = made.areas.iloc[0]
        assert area[["sites_new", "sites_existing", "power_m"]].tolist() == [0, 1, 0]


def test_sites_are_weighed_by_their_effort(country: Country) -> None:
    # A new site at the road reaches both hamlets, the mast only the northern one.
    two = together(hamlet((9_000, 30_300)), hamlet((9_000, 22_000), 13))
    stand = masts((8_000, 36_000))
    same = with_items(high_ground_gain_m=10_000.0, effort_existing=1.0)
    made = plan(two, country.plain, stand=stand, radio=same)
    assert made.areas[["site_basis", "premises"]].values.tolist() == [["roadside", 25]]
    made = plan(two, country.plain, stand=stand)
    assert sorted(made.areas[["site_basis", "premises"]].values.tolist()) == [["mast", 12], ["roadside", 13]]


def test_of_masts_that_add_as_much_the_first_by_name_is_chosen(country: Country) -> None:
    stand = masts((8_000, 33_000), (9_000, 33_000), names=["b", "a"])
    assert plan(hamlet((9_000, 30_300)), country.plain, stand=stand).areas["site_id"].tolist() == ["mast-a"]


def test_a_ridge_between_mast_and_hamlet_takes_the_signal(country: Country) -> None:
    # No road near, so that the mast is the only candidate; 6 km off, out of sight is too far.
    away = roadside.roads([(100.0, 100.0), (900.0, 100.0)])
    places, stand = hamlet((16_000, 40_000)), masts((10_000, 40_000))
    free = plan(places, country.plain, stand=stand, roads=away)
    assert free.areas["site_id"].tolist() == ["mast-m0"]
    hidden = plan(places, country.walled, stand=stand, roads=away)
    assert hidden.areas.empty
    assert hidden.counts["premises_short"] == 12
    assert hidden.counts["premises_served"] == 0
    assert hidden.mobile_area_id.isna().all()
    assert hidden.demand["area_id"].isna().all()
    # Near enough, what is left behind the ridge is enough.
    near = plan(hamlet((13_300, 40_000)), country.walled, stand=masts((12_200, 40_000)), roads=away)
    assert near.areas["premises"].tolist() == [12]
    # A site on the ridge sees both sides, but 40 km off every road it takes too much.
    on_top = plan(places, country.walled, stand=stand, roads=away, radio=with_items(effort_off_road=0.0))
    assert on_top.areas["site_basis"].tolist() == ["high_ground"]
    assert plan(places, country.walled, stand=stand, roads=away, radio=RADIO).areas.empty


def test_beyond_its_range_a_mast_serves_nothing(country: Country) -> None:
    away = roadside.roads([(100.0, 100.0), (900.0, 100.0)])
    for metres, count in ((8_000, 1), (10_500, 0)):
        made = plan(hamlet((10_000, 40_000)), country.plain, stand=masts((10_000, 40_000 + metres)), roads=away)
        assert len(made.areas) == count


def test_height_of_the_mast_and_level_of_the_policy_decide_how_far_it_reaches(country: Country) -> None:
    away = roadside.roads([(100.0, 100.0), (900.0, 100.0)])
    places, stand = hamlet((10_000, 40_000)), masts((10_000, 48_000))
    assert len(plan(places, country.plain, stand=stand, roads=away).areas) == 1
    assert plan(places, country.plain, stand=stand.assign(height_m=10.0), roads=away).areas.empty
    strict = replace(NORWAY, mobile=replace(NORWAY.mobile, level="very_good"))
    assert plan(places, country.plain, stand=stand, roads=away, policy=strict).areas.empty


def test_an_area_belongs_to_the_municipality_of_most_of_its_gain(country: Country) -> None:
    places = together(
        hamlet((29_000, 30_300), 12), hamlet((31_000, 30_300), 3, kind="business", employees=[5.0, 5.0, 5.0])
    )
    area = plan(places, country.plain).areas.iloc[0]
    assert area["premises"] == 15
    assert area["municipality_code"] == "5002"
    assert area["area_id"].startswith("5002-mob-")


def test_a_site_must_add_the_least_gain(country: Country) -> None:
    assert plan(hamlet((9_000, 30_300), 9), country.plain).areas.empty
    assert len(plan(hamlet((9_000, 30_300), 10), country.plain).areas) == 1
    assert len(plan(hamlet((9_000, 30_300), 9), country.plain, radio=with_items(least_mobile_gain=9.0)).areas) == 1


def test_two_masts_share_no_premises(country: Country) -> None:
    # Between two masts; the western one reaches more and so counts all that both reach.
    away = roadside.roads([(100.0, 100.0), (900.0, 100.0)])
    places = together(hamlet((3_000, 40_000), 15), hamlet((12_000, 40_000), 12), hamlet((20_000, 40_000), 11))
    made = plan(places, country.plain, stand=masts((7_500, 40_000), (16_000, 40_000)), roads=away)
    assert made.areas.set_index("site_id")["premises"].to_dict() == {"mast-m0": 27, "mast-m1": 11}
    assert made.mobile_area_id.notna().all()


def test_farmland_and_roads_pull_a_mast_only_where_the_policy_says_so(country: Country) -> None:
    field = gpd.GeoDataFrame(geometry=[box(8_000, 30_000, 10_000, 31_000)], crs=CRS)
    way = gpd.GeoDataFrame(geometry=[LineString([(8_000, 30_000), (9_000, 30_000)])], crs=CRS)
    extents = [ExtentLayer("f", "farmland", field, "land"), ExtentLayer("r", "main roads", way)]
    nobody = hamlet((9_000, 30_300), short_mobile=0.0)
    unpaid = plan(nobody, country.plain, extents=extents)
    assert unpaid.areas.empty
    assert unpaid.counts["farmland_km2_short"] == pytest.approx(2)
    assert unpaid.counts["farmland_km2_served"] == 0
    # Counted with the mast that the hamlet gets, without being a reason for it.
    beside = plan(hamlet((9_000, 30_300)), country.plain, extents=extents)
    assert beside.areas[["mobile_gain", "farmland_km2", "mobile_road_km"]].round(6).values.tolist() == [[12, 2, 1]]
    assert beside.counts["road_km_served"] == pytest.approx(1)
    paid = replace(NORWAY, mobile=replace(NORWAY.mobile, gain_per_km2=5.0, gain_per_road_km=3.0))
    alone = plan(nobody, country.plain, extents=extents, policy=paid)
    assert alone.areas[["mobile_gain", "premises", "places"]].round(6).values.tolist() == [[13, 0, 0]]
    assert alone.areas["name"].tolist() == ["Vik - Vijke (mobile)"]
    assert alone.mobile_area_id.isna().all()


def test_what_is_short_of_mobile_alone_is_told_apart(country: Country) -> None:
    kinds = ["mobile"] * 4 + ["both"] * 8
    made = plan(hamlet((9_000, 30_300), gap_kind=kinds, short_fixed=[0.0] * 4 + [1.0] * 8), country.plain)
    assert made.areas[["premises", "mobile_only_premises"]].values.tolist() == [[12, 4]]
    assert made.areas["municipality_short_share"].tolist() == [pytest.approx(8 / 12)]
    assert made.counts["mobile_only_premises_served"] == 4


@pytest.mark.parametrize(
    ("terrain", "mobile", "said"),
    [
        (False, (covered(box(0, 0, 1, 1)),), "no elevation model (role terrain)"),
        (True, (), "no mobile layer of 4g or 5g"),
        (False, (), "no mobile layer of 4g or 5g and no elevation model (role terrain)"),
    ],
)
def test_without_terrain_or_layers_a_warning_says_so(
    country: Country, terrain: bool, mobile: tuple[MobileLayer, ...], said: str
) -> None:
    made = plan(hamlet((9_000, 30_300)), country.plain if terrain else None, mobile=mobile)
    assert made.areas.empty
    assert made.sites.empty
    assert made.mobile_area_id.isna().all()
    assert made.warnings == (f"mobile areas: none are made, for the study has {said}",)


def test_mobile_areas_stand_in_one_table_with_fixed_ones(country: Country) -> None:
    places = together(hamlet((9_000, 30_010)), hamlet((45_000, 30_010), 3, short_mobile=0.0))
    graph = build_graph(ROAD)
    attached = attach(graph, places, mask=np.ones(len(places), bool), network=roadside.network(Point(100, 30_000)))
    _, fixed = delineate(places, attached=attached, policy=NORWAY, municipalities=TWO)
    for made in (plan(places, country.plain), plan(places.assign(short_mobile=0.0), country.plain)):
        own = made.areas[[name for name in made.areas if name in fixed]]
        assert own.columns.tolist() == fixed.columns.tolist()
        assert own.dtypes.to_dict() == fixed.dtypes.to_dict()
        both = gpd.GeoDataFrame(pd.concat([fixed, made.areas], ignore_index=True))
        assert both[list(fixed.columns)].dtypes.to_dict() == fixed.dtypes.to_dict()
        assert both.crs == fixed.crs
        assert both["area_id"].is_unique
        extra = [name for name in made.areas if name not in fixed]
        assert both.loc[both["kind"] == "fixed", extra].isna().all(axis=None)


def test_sites_can_be_routed_as_places_are(country: Country) -> None:
    places = together(hamlet((9_000, 30_300)), hamlet((40_000, 30_300)))
    made = plan(places, country.plain)
    attached = attach(
        build_graph(ROAD), made.sites, mask=np.ones(2, dtype=bool), network=roadside.network(Point(100, 30_000))
    )
    routed = route(made.areas, made.sites, attached=attached)
    assert routed["area_id"].tolist() == made.areas["area_id"].tolist()
    along = made.sites.geometry.x - 100
    np.testing.assert_allclose(routed["route_m"], along, atol=0.01)


def test_looking_at_few_pairs_at_a_time_changes_nothing(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    places = together(hamlet((9_000, 30_300)), hamlet((11_000, 31_000)), hamlet((40_000, 30_300)))
    stand = masts((8_000, 33_000), (12_000, 33_000), (41_000, 31_000))
    whole = plan(places, country.walled, stand=stand)
    monkeypatch.setattr(mobile_areas, "CHUNK", 10)
    parts = plan(places, country.walled, stand=stand)
    assert len(whole.areas) > 1
    assert_frame_equal(pd.DataFrame(whole.areas), pd.DataFrame(parts.areas))
    assert_series_equal(whole.mobile_area_id, parts.mobile_area_id)


def test_the_order_of_places_and_masts_changes_nothing(country: Country) -> None:
    places = together(hamlet((9_000, 30_300)), hamlet((14_000, 34_000), 11), hamlet((40_000, 30_300), 20))
    stand = masts((8_000, 33_000), (12_000, 33_000), (41_000, 31_000))
    first = plan(places, country.plain, stand=stand)
    order = np.random.default_rng(3).permutation(len(places))
    mixed = places.iloc[order].reset_index(drop=True)
    again = plan(mixed, country.plain, stand=stand.iloc[::-1].reset_index(drop=True))
    pd.testing.assert_frame_equal(again.areas, first.areas)
    pd.testing.assert_frame_equal(again.sites, first.sites)
    assert again.mobile_area_id.tolist() == first.mobile_area_id.iloc[order].tolist()
    assert len(first.areas) == 2


def test_what_happens_elsewhere_leaves_an_area_as_it_is(country: Country) -> None:
    here = hamlet((9_000, 30_300))
    before = plan(here, country.plain).areas
    after = plan(together(hamlet((45_000, 30_300), 30), here), country.plain, stand=masts((50_000, 31_000))).areas
    kept = after[after["municipality_code"] == "5001"].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before)


def test_equal_names_are_numbered_by_size_and_localities_name_areas(country: Country) -> None:
    places = together(
        hamlet((5_000, 30_300), 12, locality="Øvre"),
        hamlet((28_000, 30_300), 14, locality="Øvre"),
        hamlet((50_000, 30_300), 12, locality=["Sund"] * 5 + ["Os"] * 4 + [None] * 3),
    )
    names = plan(places, country.plain).areas.set_index("premises")["name"]
    assert names.loc[14] == "Vik - Vijke, Øvre 1 (mobile)"
    assert sorted(names.loc[12]) == ["Nes, Sund (mobile)", "Vik - Vijke, Øvre 2 (mobile)"]


def test_equal_digests_are_made_longer(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    def equal(text: str, *, length: int = 6) -> str:
        return ("SAMEID" + text.replace("-", ""))[:length]

    monkeypatch.setattr("coverage.mobile_areas.digest", equal)
    places = together(hamlet((5_000, 30_300)), hamlet((28_000, 30_300)), hamlet((50_000, 30_300)))
    ids = plan(places, country.plain, stand=masts((5_000, 31_000), (28_000, 31_000), names=["a1", "b1"])).areas
    assert ids["area_id"].is_unique
    assert ids["area_id"].str.len().tolist() == [len("5001-mob-") + 12] * 2 + [len("5002-mob-") + 6]


def test_where_everything_is_covered_there_is_nothing_to_plan(country: Country) -> None:
    field = gpd.GeoDataFrame(geometry=[box(8_000, 30_000, 10_000, 31_000)], crs=CRS)
    made = plan(
        hamlet((9_000, 30_300), short_mobile=0.0),
        country.plain,
        extents=[ExtentLayer("f", "farmland", field, "land")],
        mobile=[covered(box(0, 0, SIDE, SIDE))],
    )
    assert made.areas.empty
    assert made.demand.empty
    assert made.warnings == ()


SPOT = st.tuples(st.integers(1, 59), st.integers(20, 40)).map(lambda at: (1000.0 * at[0], 1000.0 * at[1]))


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(SPOT, st.integers(1, 15)), min_size=1, max_size=6, unique_by=lambda one: one[0]),
    st.lists(SPOT, max_size=5, unique=True),
    st.booleans(),
)
def test_whatever_is_drawn_each_premises_is_in_one_area_at_most(
    country: Country, hamlets: list[tuple[XY, int]], stand: list[XY], walled: bool
) -> None:
    places = together(*[hamlet(at, count) for at, count in hamlets])
    made = plan(places, country.walled if walled else country.plain, stand=masts(*stand), radio=RADIO)
    assert made.mobile_area_id.index.equals(places.index)
    served = made.mobile_area_id.notna()
    assert made.areas["premises"].sum() == places["weight"][served].sum() == made.counts["premises_served"]
    by_area = places["weight"].groupby(made.mobile_area_id.to_numpy()).sum()
    assert made.areas.set_index("area_id")["premises"].to_dict() == by_area.to_dict()
    new = 1 + RADIO["effort_off_road"].value * made.sites["road_m"].to_numpy() / 1000
    effort = np.where(made.sites["basis"] == "mast", RADIO["effort_existing"].value, new)
    assert (made.areas["mobile_gain"].to_numpy() >= RADIO["least_mobile_gain"].value * effort - 1e-6).all()
    assert made.areas["area_id"].is_unique
    assert made.areas["name"].is_unique
    assert (made.areas["sites_new"] + made.areas["sites_existing"] == 1).all()
    assert made.sites["area_id"].tolist() == made.areas["area_id"].tolist()
    # Nobody is served from beyond the range, and whoever is has the site of its area there.
    at = made.sites.set_index("area_id").geometry.reindex(made.mobile_area_id[served])
    gap = shapely.distance(places.geometry[served].to_numpy(), at.to_numpy())
    assert (gap <= RADIO["mobile_range_m"].value).all()
