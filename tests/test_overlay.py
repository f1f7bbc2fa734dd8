from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_index_equal
from shapely.geometry import LineString, Point, Polygon, box

from coverage.errors import CrsError, DataError
from coverage.inputs import MobileLayer, OfferLayer
from coverage.mobile import classify, sample
from coverage.overlay import overlay, reach
from coverage.policy import load_policy
from coverage.schemas import MOBILE, SERVICE, check
from tests import drawn

NORWAY = load_policy("no-2024")
BEAD = load_policy("us-bead-2022")
AS_OF = dt.date(2022, 6, 30)
LINE_OF_FIVE = [(float(x), 0.0) for x in range(5)]


def serve(places: gpd.GeoDataFrame, *layers: OfferLayer, **given_: Any) -> gpd.GeoDataFrame:
    options: dict[str, Any] = {"mobile": (), "shares": None, "policy": NORWAY, "as_of": AS_OF} | given_
    out, levels = overlay(places, offers=layers, **options)
    assert_index_equal(out.index, places.index)
    assert_frame_equal(pd.DataFrame(out[list(places.columns)]), pd.DataFrame(places))
    check(out, SERVICE, where="service")
    check(levels, MOBILE, where="mobile")
    return out


def at_places(place_ids: list[str], *rows: dict[str, Any], source: str = "list") -> OfferLayer:
    frame = drawn.offers(list(rows), source=source).assign(place_id=place_ids)
    return OfferLayer(source, "place", frame)


def test_a_place_without_a_claim_is_unserved_and_stays() -> None:
    out = serve(drawn.places(LINE_OF_FIVE))
    assert out["fixed_down_mbps"].eq(0).all()
    assert out[["fixed_technology", "fixed_provider", "planned_by", "mobile_level"]].isna().all(axis=None)
    assert out["fixed_networks_100"].eq(0).all()
    assert out["measured_down_mbps"].isna().all()
    assert set(out["service_basis"]) == {"offer"}


def test_no_places_at_all() -> None:
    layer = OfferLayer("a", "polygon", drawn.offers([{}], geometry=[box(0, 0, 1, 1)]))
    assert len(serve(drawn.places([]), layer)) == 0


def test_polygon_with_hole_and_border() -> None:
    ring = box(0, 0, 10, 10).difference(box(4, 4, 6, 6))
    #                    inside  in the hole  on the hole's edge  on the outer corner  outside
    places = drawn.places([(1, 1), (5, 5), (4, 5), (10, 10), (10.000001, 10)])
    out = serve(places, OfferLayer("a", "polygon", drawn.offers([{}], geometry=[ring])))
    assert out["fixed_down_mbps"].tolist() == [100, 0, 100, 100, 0]


def test_overlapping_polygons_give_one_row_and_the_best_offer() -> None:
    frame = drawn.offers(
        [
            {"provider": "B", "down_mbps": 100, "up_mbps": 50},
            {"provider": "A", "down_mbps": 100, "up_mbps": 50},
            {"provider": "C", "down_mbps": 100, "up_mbps": 10},
            {"provider": "D", "down_mbps": 50, "up_mbps": 500},
            {"provider": "A", "down_mbps": 300, "technology": "satellite"},
        ],
        geometry=[box(0, 0, 10, 10)] * 5,
    )
    out = serve(drawn.places([(5, 5)]), OfferLayer("a", "polygon", frame))
    best = out.iloc[0]
    assert (best["fixed_down_mbps"], best["fixed_up_mbps"], best["fixed_provider"]) == (100, 50, "A")
    assert best["fixed_source"] == "list"
    assert best["fixed_networks_100"] == 3, "A, B and C; a satellite does not count here"


def test_a_faster_download_with_less_upload_does_not_hide_the_offer_that_serves() -> None:
    layer = at_places(
        ["p0", "p0"], {"down_mbps": 200, "up_mbps": 5}, {"provider": "B", "down_mbps": 100, "up_mbps": 20}
    )
    out = serve(drawn.places([(0, 0)]), layer, policy=BEAD)
    assert out["fixed_provider"].tolist() == ["B"]


def test_a_class_that_says_nothing_here_is_no_offer() -> None:
    layer = at_places(["p0", "p1"], {"down_mbps": 0}, {"down_mbps": 0, "down_max_mbps": 10})
    out = serve(drawn.places(LINE_OF_FIVE[:2]), layer)
    assert out["fixed_provider"].fillna("-").tolist() == ["-", "A"]
    assert out["fixed_down_max_mbps"].tolist() == [0, 10]


def test_classes_keep_their_upper_end() -> None:
    layer = at_places(
        ["p0", "p0"],
        {"down_mbps": 50, "down_max_mbps": 100, "up_mbps": 10, "up_max_mbps": 100},
        {"down_mbps": 60, "up_mbps": 10, "provider": "B"},
    )
    out = serve(drawn.places([(0, 0)]), layer).iloc[0]
    assert (out["fixed_down_mbps"], out["fixed_provider"]) == (60, "B")
    assert (out["fixed_down_max_mbps"], out["fixed_up_max_mbps"]) == (100, 100)


def test_line_reaches_within_its_distance_and_ties_take_the_best() -> None:
    frame = drawn.offers(
        [{"down_mbps": 10}, {"down_mbps": 50}, {"down_mbps": 1000}],
        geometry=[LineString([(0, 0), (100, 0)]), LineString([(0, 0), (100, 0)]), LineString([(0, 60), (100, 60)])],
    )
    #                     on the pair  at the limit  beyond it  nearer the fast line  halfway: all three
    places = drawn.places([(50, 0), (50, -20), (50, -20.1), (50, 45), (50, 30)])
    near = serve(places, OfferLayer("roads", "line", frame, within_m=20))
    assert near["fixed_down_mbps"].tolist() == [50, 50, 0, 1000, 0]
    far = serve(places, OfferLayer("roads", "line", frame, within_m=30))
    assert far["fixed_down_mbps"].tolist() == [50, 50, 50, 1000, 1000]
    touching = serve(places, OfferLayer("roads", "line", frame, within_m=0))
    assert touching["fixed_down_mbps"].tolist() == [50, 0, 0, 0, 0]


def test_a_planned_line_nearby_does_not_hide_the_existing_one() -> None:
    frame = drawn.offers(
        [{"down_mbps": 50}, {"down_mbps": 1000, "status": "planned", "available_from": "2024-01-01"}],
        geometry=[LineString([(0, 10), (9, 10)]), LineString([(0, 1), (9, 1)])],
    )
    out = serve(drawn.places([(5, 0)]), OfferLayer("roads", "line", frame, within_m=20)).iloc[0]
    assert (out["fixed_down_mbps"], out["planned_down_mbps"]) == (50, 1000)


def test_cells_are_half_open() -> None:
    frame = drawn.offers([{"down_mbps": 30}, {"down_mbps": 100}]).assign(cell_x=[-250.0, 0.0], cell_y=[0.0, 0.0])
    places = drawn.places([(0, 0), (-0.001, 0), (249.999, 249.999), (250, 0), (0, 250), (-250, 0), (-250.001, 0)])
    out = serve(places, OfferLayer("cells", "cell", frame, cell_m=250))
    assert out["fixed_down_mbps"].tolist() == [100, 30, 100, 0, 0, 30, 0]


def test_cells_of_a_shifted_grid_and_cells_off_the_grid() -> None:
    frame = drawn.offers([{}, {}]).assign(cell_x=[30.0, 130.0], cell_y=[70.0, 70.0])
    out = serve(drawn.places([(30, 70), (29.9, 70)]), OfferLayer("cells", "cell", frame, cell_m=100))
    assert out["fixed_down_mbps"].tolist() == [100, 0]
    with pytest.raises(DataError, match="cells: row 2"):
        serve(drawn.places([(0, 0)]), OfferLayer("cells", "cell", frame.assign(cell_x=[30.0, 131.0]), cell_m=100))
    with pytest.raises(DataError, match="cell_m"):
        serve(drawn.places([(0, 0)]), OfferLayer("cells", "cell", frame))


@pytest.mark.parametrize("size", [0.1, 12.5, 33.3, 100.0])
@pytest.mark.parametrize("corner", [(569_999.7, 7_030_000.7), (270_000.1, 6_999_999.9)])
def test_corners_with_decimals_stand_in_their_own_cell(size: float, corner: tuple[float, float]) -> None:
    steps = np.arange(-20, 20)
    corners = np.column_stack([corner[0] + steps * size, corner[1] + 3 * steps * size])
    frame = drawn.offers([{}] * len(steps)).assign(cell_x=corners[:, 0], cell_y=corners[:, 1])
    place, cell = reach(drawn.places([tuple(at) for at in corners]), OfferLayer("cells", "cell", frame, cell_m=size))
    assert place.tolist() == cell.tolist() == list(range(len(steps)))


def test_offers_per_place_join_by_id_and_unknown_ids_reach_nobody() -> None:
    layer = at_places(["p2", "p0", "nobody", "p0"], {"down_mbps": 5}, {"down_mbps": 6}, {}, {"down_mbps": 7})
    out = serve(drawn.places(LINE_OF_FIVE), layer)
    assert out["fixed_down_mbps"].tolist() == [7, 0, 5, 0, 0]
    with pytest.raises(DataError, match="place_id"):
        serve(drawn.places(LINE_OF_FIVE), OfferLayer("list", "place", drawn.offers([{}])))


def test_the_plan_within_the_horizon_comes_before_the_faster_one_beyond_it() -> None:
    planned = {"status": "planned"}
    layer = at_places(
        ["p0", "p0", "p0", "p1", "p2", "p3", "p3"],
        {"provider": "late", "down_mbps": 1000, "available_from": "2025-07-01"} | planned,
        {"provider": "in time", "down_mbps": 500, "available_from": "2025-06-30"} | planned,
        {"provider": "slow", "down_mbps": 50, "available_from": "2023-01-01"} | planned,
        {"provider": "undated", "down_mbps": 1000} | planned,
        {"provider": "measured", "down_mbps": 1000, "basis": "measured", "available_from": "2023-01-01"} | planned,
        {"provider": "later", "available_from": "2024-01-01"} | planned,
        {"provider": "sooner", "available_from": "2023-01-01"} | planned,
    )
    out = serve(drawn.places(LINE_OF_FIVE), layer)
    assert out["planned_by"].fillna("-").tolist() == ["in time", "undated", "-", "sooner", "-"]
    assert out["planned_date"].iloc[0] == pd.Timestamp("2025-06-30")
    assert out["fixed_down_mbps"].eq(0).all(), "a plan is not an offer"


def test_an_offer_that_begins_later_is_planned_whatever_its_status() -> None:
    layer = at_places(
        ["p0", "p1"],
        {"down_mbps": 500, "available_from": "2022-07-01"},
        {"down_mbps": 500, "available_from": "2022-06-30"},
    )
    out = serve(drawn.places(LINE_OF_FIVE), layer)
    assert out["fixed_down_mbps"].tolist() == [0, 500, 0, 0, 0]
    assert out["planned_down_mbps"].tolist() == [500, 0, 0, 0, 0]
    assert set(layer.frame["status"]) == {"existing"}, "the layer is left as it is"
    lines = drawn.offers(
        [{"down_mbps": 30}, {"down_mbps": 500, "available_from": "2023-01-01"}],
        geometry=[LineString([(0, 5), (9, 5)]), LineString([(0, 1), (9, 1)])],
    )
    near = serve(drawn.places([(4, 0)]), OfferLayer("roads", "line", lines, within_m=10)).iloc[0]
    assert near[["fixed_down_mbps", "planned_down_mbps"]].tolist() == [30, 500]


def test_measured_speeds_are_a_mean_and_never_an_offer() -> None:
    layer = at_places(
        ["p0", "p0", "p1"],
        {"down_mbps": 10, "basis": "measured"},
        {"down_mbps": 20, "basis": "measured"},
        {"basis": "modelled"},
    )
    out = serve(drawn.places(LINE_OF_FIVE[:2]), layer)
    assert out["measured_down_mbps"].fillna(-1).tolist() == [15, -1]
    assert out["fixed_down_mbps"].tolist() == [0, 100]


def test_any_flagged_existing_offer_makes_a_place_upgradeable() -> None:
    frame = drawn.offers([{"technology": "cable", "down_mbps": 50}, {"down_mbps": 60}, {"status": "planned"}])
    frame = frame.assign(place_id=["p0", "p0", "p1"], upgradeable=[True, False, True])
    assert serve(drawn.places(LINE_OF_FIVE[:2]), OfferLayer("x", "place", frame))["upgradeable"].tolist() == [
        True,
        False,
    ]


def test_layers_in_another_crs_or_without_one_are_refused() -> None:
    frame = drawn.offers([{}], geometry=[box(0, 0, 1, 1)])
    with pytest.raises(CrsError, match="footprint"):
        serve(drawn.places([(0, 0)]), OfferLayer("footprint", "polygon", frame.to_crs("EPSG:4326")))
    with pytest.raises(CrsError, match="footprint"):
        serve(drawn.places([(0, 0)]), OfferLayer("footprint", "polygon", frame.set_crs(None, allow_override=True)))
    with pytest.raises(DataError, match="needs geometry"):
        serve(drawn.places([(0, 0)]), OfferLayer("footprint", "polygon", drawn.offers([{}])))


# --- exactness ---------------------------------------------------------------------------------------------

# Whole numbers make points fall on borders and corners often.
COORDINATE = st.integers(0, 12)


@st.composite
def shapes(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(["box", "holed", "hull", "two", "point"]))
    x, y, w, h = draw(COORDINATE), draw(COORDINATE), draw(st.integers(1, 6)), draw(st.integers(1, 6))
    frame = box(x, y, x + w, y + h)
    if kind == "holed":
        return box(x, y, x + 6, y + 6).difference(box(x + 1, y + 1, x + 1 + draw(st.integers(1, 4)), y + 5))
    if kind == "hull":
        corners = draw(st.lists(st.tuples(COORDINATE, COORDINATE), min_size=3, max_size=7))
        return shapely.convex_hull(shapely.MultiPoint(corners))
    if kind == "two":
        return shapely.union(frame, box(x + w, y + h, x + w + 2, y + h + 2))
    return Point(x, y) if kind == "point" else frame


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=40),
    st.lists(shapes(), min_size=1, max_size=8),
)
def test_pairs_equal_those_of_sjoin(xy: list[tuple[int, int]], polygons: list[Any]) -> None:
    places = drawn.places([(float(x), float(y)) for x, y in xy])
    frame = drawn.offers([{}] * len(polygons), geometry=polygons)
    place, offer = reach(places, OfferLayer("a", "polygon", frame))
    joined = gpd.sjoin(places, frame, predicate="intersects")
    expected = sorted(zip(joined.index, joined["index_right"], strict=True))
    assert list(zip(place.tolist(), offer.tolist(), strict=True)) == expected


def test_pairs_equal_those_of_sjoin_on_ragged_polygons() -> None:
    rng = np.random.default_rng(3)
    angle = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    polygons = []
    for _ in range(20):
        centre, radius = rng.uniform(0, 1000, 2), rng.uniform(50, 150, 300)
        shell = centre + np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None]
        polygons.append(Polygon(shell, [centre + np.column_stack([np.cos(angle), np.sin(angle)]) * 30]))
    corners = np.concatenate([np.asarray(polygon.exterior.coords)[:50] for polygon in polygons])
    places = drawn.places([tuple(xy) for xy in np.concatenate([corners, rng.uniform(0, 1000, (3000, 2))])])
    frame = drawn.offers([{}] * 20, geometry=polygons)
    place, offer = reach(places, OfferLayer("a", "polygon", frame))
    joined = gpd.sjoin(places, frame, predicate="intersects")
    assert len(joined) > 1000
    assert set(zip(place, offer, strict=True)) == set(zip(joined.index, joined["index_right"], strict=True))


def test_pairs_equal_those_of_sjoin_on_real_municipalities(data_root: Path) -> None:
    files = sorted(data_root.glob("norway/**/*ommune*.geojson")) + sorted(data_root.glob("norway/**/*ommune*.gpkg"))
    if not files:
        pytest.skip("no file of Norwegian municipality boundaries under the data root")
    polygons = gpd.read_file(files[0])
    polygons = polygons[~polygons.geometry.is_empty].to_crs(drawn.CRS).reset_index(drop=True).iloc[:60]
    polygons.geometry = polygons.geometry.make_valid()
    rng = np.random.default_rng(5)
    west, south, east, north = polygons.total_bounds
    xy = np.column_stack([rng.uniform(west, east, 20_000), rng.uniform(south, north, 20_000)])
    vertices = shapely.get_coordinates(polygons.geometry.to_numpy())[::97]
    places = drawn.places([tuple(row) for row in np.concatenate([xy, vertices])])
    frame = drawn.offers([{}] * len(polygons), geometry=list(polygons.geometry))
    place, offer = reach(places, OfferLayer("a", "polygon", frame))
    joined = gpd.sjoin(places, frame, predicate="intersects")
    assert len(joined) > len(vertices)
    assert set(zip(place, offer, strict=True)) == set(zip(joined.index, joined["index_right"], strict=True))


SPEEDS = st.sampled_from([5.0, 18.0, 30.0, 99.0, 100.0, 300.0, 1000.0])
OFFER = st.fixed_dictionaries(
    {
        "down_mbps": SPEEDS,
        "up_mbps": st.sampled_from([1.0, 3.0, 20.0, 100.0]),
        "provider": st.sampled_from("ABC"),
        "technology": st.sampled_from(["fibre", "dsl", "satellite", "other"]),
        "status": st.sampled_from(["existing", "planned"]),
        "basis": st.sampled_from(["claimed", "modelled", "measured"]),
        "available_from": st.sampled_from([None, "2023-01-01", "2024-01-01", "2030-01-01"]),
    }
)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_the_order_of_offers_and_layers_is_irrelevant(data: st.DataObject) -> None:
    rows = data.draw(st.lists(OFFER, min_size=2, max_size=10))
    ids = data.draw(st.lists(st.sampled_from(["p0", "p1", "p2"]), min_size=len(rows), max_size=len(rows)))
    frame = drawn.offers(rows).assign(place_id=ids)
    order = data.draw(st.permutations(range(len(rows))))
    cut = data.draw(st.integers(0, len(rows)))
    shuffled = frame.iloc[list(order)]
    places = drawn.places(LINE_OF_FIVE[:3])
    whole = serve(places, OfferLayer("x", "place", frame))
    parts = serve(places, OfferLayer("y", "place", shuffled.iloc[cut:]), OfferLayer("x", "place", shuffled.iloc[:cut]))
    assert_frame_equal(pd.DataFrame(whole), pd.DataFrame(parts))


# --- mobile ------------------------------------------------------------------------------------------------


def write_raster(
    path: Path, values: Any, *, transform: Any = None, crs: str | None = drawn.CRS, **profile: Any
) -> Path:
    grid = np.asarray(values)
    options = {"nodata": -999} | profile
    scale, offset = options.pop("scale", 1.0), options.pop("offset", 0.0)
    where = Affine(10, 0, 0, 0, -10, 10 * grid.shape[0]) if transform is None else transform
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=grid.shape[0],
        width=grid.shape[1],
        count=1,
        dtype=grid.dtype,
        crs=crs,
        transform=where,
        **options,
    ) as raster:
        raster.write(grid, 1)
        raster.scales, raster.offsets = (scale,), (offset,)
    return path


def cells(*columns: float) -> list[tuple[float, float]]:
    return [(10.0 * column + 5, 5.0) for column in columns]


def test_levels_hold_from_their_threshold() -> None:
    dbm = np.array([-110.001, -110, -100.001, -100, -90.001, -90, np.nan])
    assert classify(dbm, policy=NORWAY).tolist() == [0, 1, 1, 2, 2, 3, 0]


def test_rasters_per_operator(tmp_path: Path) -> None:
    first = write_raster(tmp_path / "a.tif", np.array([[-120, -105, -95, -85, -999]], dtype="int16"))
    second = write_raster(tmp_path / "b.tif", np.array([[-120, -95, -95, -999, -999]], dtype="int16"))
    old = write_raster(tmp_path / "c.tif", np.array([[-50, -50, -50, -50, -50]], dtype="int16"))
    layers = [
        MobileLayer("a", "A", "4g", raster=first),
        MobileLayer("b", "B", "4g", raster=second),
        MobileLayer("b5", "B", "5g", raster=second),
        MobileLayer("c", "C", "2g", raster=old),
    ]
    places = drawn.places(cells(0, 1, 2, 3, 4, 9))
    out = serve(places, mobile=layers[:3])
    assert out["mobile_level"].tolist() == ["none", "good", "good", "very_good", "none", "none"]
    assert out["mobile_operators"].tolist() == [0, 1, 2, 1, 0, 0], "B counts once, whatever its technologies"
    _, table = overlay(places, offers=(), mobile=layers[:2], shares=None, policy=NORWAY, as_of=AS_OF)
    assert table[table["place_id"] == "p1"].values.tolist() == [
        ["p1", "A", "4g", "basic", -105],
        ["p1", "B", "4g", "good", -95],
    ]
    assert set(table["place_id"]) == {"p1", "p2", "p3"}
    other, _ = overlay(places, offers=(), mobile=layers[3:], shares=None, policy=NORWAY, as_of=AS_OF)
    assert other["mobile_level"].isna().all(), "a technology that the policy does not count says nothing"


@pytest.mark.parametrize("crs", [drawn.CRS, "EPSG:4326"])
def test_sampling_equals_rasterio(tmp_path: Path, crs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coverage.mobile.MAX_CELLS", 500)  # several strips
    rng = np.random.default_rng(11)
    grid = rng.integers(-130, -60, (60, 50)).astype("int16")
    grid[rng.random(grid.shape) < 0.2] = -999
    geographic = crs == "EPSG:4326"
    transform = Affine(0.002, 0, 10.0, 0, -0.001, 63.6) if geographic else Affine(25, 0, 270_000, 0, -25, 7_040_000)
    path = write_raster(tmp_path / "r.tif", grid, transform=transform, crs=crs)
    edges = [(10.0 + 0.002 * i, 63.6 - 0.001 * i) for i in range(-2, 63)]
    if not geographic:
        edges = [(270_000 + 25.0 * i, 7_040_000 - 25.0 * i) for i in range(-2, 63)]
    west, north = edges[2]
    east, south = edges[-1]
    loose = np.column_stack([rng.uniform(west - (east - west) / 9, east, 800), rng.uniform(south, north, 800)])
    points = gpd.GeoSeries(gpd.points_from_xy(*np.concatenate([edges, loose]).T), crs=crs).to_crs(drawn.CRS)
    places = drawn.places(list(zip(points.x, points.y, strict=True)))
    back = places.to_crs(crs)
    with rasterio.open(path) as raster:
        xy = list(zip(back.geometry.x, back.geometry.y, strict=True))
        expected = [float(value[0]) if not value.mask[0] else np.nan for value in raster.sample(xy, masked=True)]
    found = sample(places, MobileLayer("r", "A", "4g", raster=path))
    assert np.isfinite(found).sum() > 200
    np.testing.assert_array_equal(found, expected)


def test_scale_and_offset_are_applied(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "s.tif", np.array([[0, 20, 255]], dtype="uint8"), nodata=255, scale=0.5, offset=-110)
    found = sample(drawn.places(cells(0, 1, 2)), MobileLayer("s", "A", "4g", raster=path))
    np.testing.assert_array_equal(found, [-110, -100, np.nan])


def test_unusable_rasters_are_named(tmp_path: Path) -> None:
    grid = np.random.default_rng(1).integers(-120, -80, (300, 300)).astype("int16")
    bare = write_raster(tmp_path / "bare.tif", grid, crs=None)
    with pytest.raises(CrsError, match=r"antenna.*bare\.tif"):
        sample(drawn.places([(5, 5)]), MobileLayer("antenna", "A", "4g", raster=bare))
    cut = write_raster(tmp_path / "cut.tif", grid)
    cut.write_bytes(cut.read_bytes()[:60_000])
    with pytest.raises(DataError, match=r"antenna.*cut\.tif cannot be read"):
        sample(drawn.places([(5, 5), (2995, 2995)]), MobileLayer("antenna", "A", "4g", raster=cut))
    with pytest.raises(DataError, match="neither"):
        serve(drawn.places([(5, 5)]), mobile=[MobileLayer("antenna", "A", "4g")])


def test_polygons_by_level_take_the_best() -> None:
    levels = gpd.GeoDataFrame(
        {"level": ["basic", "very_good", "good"]},
        geometry=[box(0, 0, 30, 10), box(0, 0, 10, 10), box(5, 0, 20, 10)],
        crs=drawn.CRS,
    )
    out = serve(drawn.places(cells(0, 1, 2, 3)), mobile=[MobileLayer("m", "A", "5g", polygons=levels)])
    assert out["mobile_level"].tolist() == ["very_good", "good", "basic", "none"]
    assert out["mobile_operators"].tolist() == [1, 1, 0, 0]
    with pytest.raises(DataError, match="'super'"):
        serve(drawn.places([(0, 0)]), mobile=[MobileLayer("m", "A", "5g", polygons=levels.assign(level="super"))])
    with pytest.raises(DataError, match="column 'level'"):
        serve(drawn.places([(0, 0)]), mobile=[MobileLayer("m", "A", "5g", polygons=levels.drop(columns="level"))])
    with pytest.raises(CrsError, match="m: the layer is in"):
        serve(drawn.places([(0, 0)]), mobile=[MobileLayer("m", "A", "5g", polygons=levels.to_crs("EPSG:4326"))])


# --- shares ------------------------------------------------------------------------------------------------

SHARES = pd.DataFrame(
    {
        "municipality_code": ["5001", "5058"],
        "fixed_30": [1.0, 0.9],
        "fixed_100": [0.95, 0.6],
        "fixed_1000": [0.8, 0.1],
        "mobile": [1.0, 0.75],
    }
)


def test_shares_are_expected_and_never_painted_as_covered() -> None:
    places = drawn.places(LINE_OF_FIVE[:3], municipality_code=pd.Series(["5058", "5001", None], dtype="str"))
    out = serve(places, shares=SHARES)
    columns = [f"share_{tier}" for tier in NORWAY.tier_ids]
    np.testing.assert_allclose(out[columns], [[0.1, 0.3, 0.5, 0.1], [0, 0.05, 0.15, 0.8], [1, 0, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(out["share_short_mobile"], [0.25, 0, 1])
    assert out["fixed_down_mbps"].eq(0).all()
    assert out["fixed_technology"].isna().all()
    assert set(out["service_basis"]) == {"expected_share"}


def test_shares_give_way_to_offers_but_not_to_plans() -> None:
    places = drawn.places(LINE_OF_FIVE[:2])
    assert "share_served" not in serve(places, at_places(["p0"], {}), shares=SHARES)
    plan = at_places(["p0"], {"status": "planned"})
    assert "share_served" in serve(places, plan, shares=SHARES)


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        (SHARES.drop(columns="fixed_1000"), "fixed_1000"),
        (SHARES.assign(fixed_30=[100.0, 90.0]), "from 0 to 1"),
        (SHARES.assign(fixed_1000=[0.97, 0.1]), "municipality 5001"),
        (SHARES.iloc[1:], "no row for municipality 5001"),
        (pd.concat([SHARES, SHARES]), "several rows"),
    ],
)
def test_unusable_shares_are_named(shares: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        serve(drawn.places(LINE_OF_FIVE), shares=shares)


def test_the_policy_decides_which_technologies_count() -> None:
    narrow = replace(NORWAY, fixed=replace(NORWAY.fixed, technologies=("dsl",)))
    layer = at_places(["p0", "p0"], {"down_mbps": 1000}, {"down_mbps": 8, "technology": "dsl"})
    assert serve(drawn.places([(0, 0)]), layer)["fixed_down_mbps"].tolist() == [1000]
    assert serve(drawn.places([(0, 0)]), layer, policy=narrow)["fixed_down_mbps"].tolist() == [8]
