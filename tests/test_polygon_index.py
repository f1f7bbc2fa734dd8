from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate, scale, translate
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from coverage import burn
from coverage.polygon_index import PolygonIndex, pair

CRS = "EPSG:25833"
# Whole numbers make points fall on borders, corners and the extensions of edges often.
COORDINATE = st.integers(0, 12)
XY = st.tuples(COORDINATE, COORDINATE)


def joined(points: Any, polygons: Any) -> list[tuple[int, int]]:
    """Return geopandas' answer, sorted."""
    left = gpd.GeoDataFrame(geometry=np.asarray(points, dtype=object), crs=CRS)
    right = gpd.GeoDataFrame(geometry=np.asarray(polygons, dtype=object), crs=CRS)
    pairs = gpd.sjoin(left, right, predicate="intersects")
    return sorted(zip(pairs.index.tolist(), pairs["index_right"].tolist(), strict=True))


def listed(index: PolygonIndex, points: Any) -> list[tuple[int, int]]:
    place, polygon = index.query(np.asarray(points, dtype=object))
    return list(zip(place.tolist(), polygon.tolist(), strict=True))


@st.composite
def polygons(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(["box", "holed", "ring", "sliver", "two", "apart", "overlapping", "hull", "star"]))
    x, y = draw(XY)
    w, h = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    if kind == "holed":  # the hole may touch the shell in a point
        hole = [(x + 1, y + 1), (x + draw(st.integers(2, 6)), y + 3), (x + 2, y + 5)]
        return Polygon(box(x, y, x + 6, y + 6).exterior, [hole])
    if kind == "ring":  # any ring at all: crossing itself, folded, of one point
        return Polygon(draw(st.lists(XY, min_size=3, max_size=9)))
    if kind == "sliver":
        return Polygon([(x, y), (x + w, y + h), (x + 2 * w, y + 2 * h), (x + w, y + h)])
    if kind == "two":  # corner to corner
        return MultiPolygon([box(x, y, x + w, y + h), box(x + w, y + h, x + w + 2, y + h + 2)])
    if kind == "apart":  # with a part in the hole of the other
        return MultiPolygon(
            [box(x, y, x + 6, y + 6) - box(x + 1, y + 1, x + 5, y + 5), box(x + 2, y + 2, x + 4, y + 4)]
        )
    if kind == "overlapping":  # invalid
        return MultiPolygon([box(x, y, x + w, y + h), box(x, y, x + h, y + w)])
    if kind == "hull":  # may be a line or a point
        return shapely.convex_hull(shapely.MultiPoint(draw(st.lists(XY, min_size=1, max_size=7))))
    if kind == "star":
        rays = draw(st.integers(3, 16))
        radius = np.array(draw(st.lists(st.integers(1, 5), min_size=rays, max_size=rays)), dtype=float)
        angle = np.linspace(0, 2 * np.pi, rays, endpoint=False)
        return Polygon(np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)]))
    return box(x, y, x + w, y + h)


PLACE = st.tuples(st.integers(-2, 40), st.integers(-2, 40)).map(lambda xy: Point(xy[0] / 2, xy[1] / 2))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(PLACE, min_size=1, max_size=40),
    st.lists(polygons(), min_size=1, max_size=8),
    st.sampled_from([1, 7, 60, 900, 20_000]),
    st.sampled_from([(0.0, 0.0), (270_000.0, 7_040_000.0), (-0.1, 1e-3)]),
)
def test_pairs_equal_those_of_sjoin(
    points: list[Any], shapes: list[Any], cells: int, origin: tuple[float, float]
) -> None:
    points = [translate(point, *origin) for point in points]
    shapes = [translate(shape, *origin) for shape in shapes]
    # The polygons' own corners, and the middles of their edges, are points too.
    corners = shapely.get_coordinates(np.asarray(shapes, dtype=object))
    points += list(shapely.points(np.concatenate([corners, (corners[1:] + corners[:-1]) / 2])))
    assert listed(PolygonIndex(np.asarray(shapes, dtype=object), cells=cells), points) == joined(points, shapes)


@settings(max_examples=60, deadline=None)
@given(st.lists(polygons(), min_size=1, max_size=6), st.integers(0, 359), st.sampled_from([1e-4, 1.0, 1e5]))
def test_turned_and_stretched_polygons(shapes: list[Any], degrees: int, factor: float) -> None:
    def turned(shape: Any) -> Any:
        return scale(rotate(shape, degrees, origin=(0, 0)), factor, factor, origin=(0, 0))

    shapes = [turned(shape) for shape in shapes]
    lattice = [turned(Point(x / 2, y / 2)) for x in range(-2, 38) for y in range(-2, 38)]
    assert listed(PolygonIndex(np.asarray(shapes, dtype=object), cells=500), lattice) == joined(lattice, shapes)


@pytest.mark.parametrize("points", [1, 20, 30_000])
def test_pairing_once_gives_the_same_whichever_way_is_taken(points: int, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []
    kept = PolygonIndex.__init__

    def building(self: PolygonIndex, polygons: Any, **options: Any) -> None:
        built.append(len(polygons))
        kept(self, polygons, **options)

    rng = np.random.default_rng(2)
    shapes = shapely.buffer(shapely.points(rng.uniform(0, 100, (30, 2))), 12.0)
    places = shapely.points(rng.uniform(0, 100, (points, 2)))
    monkeypatch.setattr(PolygonIndex, "__init__", building)
    place, polygon = pair(places, shapes)
    assert built == ([30] if points > 1000 else [])
    assert list(zip(place.tolist(), polygon.tolist(), strict=True)) == joined(places, shapes)


def test_points_on_the_lines_and_corners_of_the_grid() -> None:
    shape = Polygon([(0, 0), (10, 1), (9, 10), (5, 4), (1, 9)], [[(3, 2), (5, 2), (5, 3)]])
    shapes = np.array([shape, box(2, 2, 8, 8)], dtype=object)
    index = PolygonIndex(shapes, cells=200)
    grid = burn.fit_grid(shapes, cells=200)
    assert grid is not None
    x = grid.x0 + np.arange(grid.columns + 1) * grid.size
    y = grid.y0 + np.arange(grid.rows + 1) * grid.size
    reference = grid.x0 + (np.arange(grid.columns) + burn.REFERENCE) * grid.size
    level = grid.y0 + (np.arange(grid.rows) + burn.REFERENCE) * grid.size
    mesh = [np.stack(np.meshgrid(a, b), axis=-1).reshape(-1, 2) for a in (x, reference) for b in (y, level)]
    points = shapely.points(np.concatenate(mesh))
    assert listed(index, points) == joined(points, shapes)


def test_a_reference_point_on_an_edge() -> None:
    extent = np.array([box(0, 0, 16, 16)], dtype=object)
    grid = burn.fit_grid(extent, cells=256)
    assert grid is not None
    x = grid.x0 + (5 + burn.REFERENCE) * grid.size
    y = grid.y0 + (7 + burn.REFERENCE) * grid.size
    shapes = np.array([*extent, box(x, 2, 14, 14), box(3, y, 14, 14), Polygon([(x, y), (9, 9), (9, 1)])], dtype=object)
    index = PolygonIndex(shapes, cells=512)  # twice: the boxes overlap
    around = [Point(x + dx, y + dy) for dx in np.linspace(-1, 1, 41) for dy in np.linspace(-1, 1, 41)]
    assert listed(index, around) == joined(around, shapes)


def test_touching_polygons_share_the_points_between_them() -> None:
    squares = [box(x, y, x + 10, y + 10) for x in (0, 10) for y in (0, 10)]
    index = PolygonIndex(np.asarray(squares, dtype=object))
    points = [Point(10, 10), Point(10, 5), Point(5, 10), Point(5, 5), Point(20, 20), Point(20.001, 20)]
    assert [len([pair for pair in listed(index, points) if pair[0] == k]) for k in range(6)] == [4, 2, 2, 1, 1, 0]


def test_missing_and_empty_shapes_are_in_nothing_and_hold_nothing() -> None:
    shapes = np.array([None, Polygon(), box(0, 0, 2, 2), MultiPolygon(), LineString([(0, 0), (4, 4)])], dtype=object)
    points = np.array([Point(1, 1), None, Point(), Point(3, 3), Point(9, 9)], dtype=object)
    assert listed(PolygonIndex(shapes), points) == [(0, 2), (0, 4), (3, 4)]
    assert listed(PolygonIndex(shapes[:2]), points) == []
    assert listed(PolygonIndex(shapes[:0]), points) == []
    assert listed(PolygonIndex(shapes), points[:0]) == []
    collection = GeometryCollection([box(0, 0, 2, 2), Point(9, 9)])
    assert listed(PolygonIndex(np.array([collection], dtype=object)), points) == [(0, 0), (4, 0)]


def test_polygons_too_small_for_a_grid_of_their_own() -> None:
    tiny = translate(box(0, 0, 1e-8, 1e-8), 270_000, 7_040_000)
    points = [Point(270_000, 7_040_000), Point(270_000 + 1e-7, 7_040_000), Point(270_001, 7_040_000)]
    assert listed(PolygonIndex(np.array([tiny, tiny], dtype=object)), points) == joined(points, [tiny, tiny])


def test_heights_are_ignored() -> None:
    raised = Polygon([(0, 0, 5), (4, 0, 6), (4, 4, 7), (0, 4, 8)])
    assert listed(PolygonIndex(np.array([raised], dtype=object)), [Point(1, 1), Point(9, 1, 5)]) == [(0, 0)]


def test_blocks_and_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    shapes = shapely.buffer(shapely.points(rng.uniform(0, 100, (60, 2))), rng.uniform(2, 15, 60))
    points = shapely.points(rng.uniform(0, 100, (5000, 2)))
    whole = listed(PolygonIndex(shapes), points)
    monkeypatch.setattr("coverage.burn.CHUNK", 150)
    monkeypatch.setattr("coverage.polygon_index.BLOCK", 700)
    monkeypatch.setattr("coverage.polygon_index.TESTS", 50)
    assert listed(PolygonIndex(shapes), points) == whole == joined(points, shapes)


def test_most_points_are_answered_without_an_exact_test(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    exact = shapely.intersects
    monkeypatch.setattr("coverage.polygon_index.shapely.intersects", lambda a, b: asked.append(len(b)) or exact(a, b))
    rng = np.random.default_rng(6)
    shapes = shapely.buffer(shapely.points(rng.uniform(0, 100, (20, 2))), 15.0)
    points = shapely.points(rng.uniform(0, 100, (20_000, 2)))
    index = PolygonIndex(shapes)
    assert len(index.query(points)[0]) > 10_000
    assert asked == []
    corners = shapely.points(shapely.get_coordinates(shapes))
    assert len(index.query(corners)[0]) >= len(corners)
    assert sum(asked) >= len(corners)
    assert not shapely.is_prepared(shapes).any(), "the polygons are left as they were given"


def around(shapes: Any, *, points: int, seed: int) -> Any:
    """Return points all over the extent, every vertex (thinned) and the middles of edges."""
    rng = np.random.default_rng(seed)
    west, south, east, north = shapely.total_bounds(shapes)
    xy = np.column_stack([rng.uniform(west, east, points), rng.uniform(south, north, points)])
    vertices = shapely.get_coordinates(shapes)
    step = max(1, len(vertices) // 20_000)
    middles = (vertices[1:] + vertices[:-1])[::step] / 2
    return shapely.points(np.concatenate([xy, vertices[::step], middles]))


def real(path: Path) -> Any:
    frame = gpd.read_file(path, layer=0)
    return np.asarray(frame.geometry.array, dtype=object)


@pytest.mark.parametrize(
    "name",
    [
        "norway/boundaries/Kommuner-M.geojson",
        "maine/Franklin_unserved.geojson",
        "maine/Franklin_tier_1.geojson",
        "ookla/fixed_hawaii-island_2023Q4.geojson",
    ],
)
def test_pairs_on_real_files(data_root: Path, name: str) -> None:
    shapes = real(data_root / name)
    points = around(shapes, points=15_000, seed=8)
    found = listed(PolygonIndex(shapes), points)
    assert len(found) > 10_000
    assert found == joined(points, shapes)


@pytest.mark.parametrize("name", ["fibre_footprints", "cable_footprints", "planned_builds", "mobile_kystklang"])
def test_pairs_on_the_sample(name: str) -> None:
    shapes = real(Path(__file__).parent.parent / "data" / "trondelag" / f"{name}.gpkg")
    points = around(shapes, points=15_000, seed=9)
    found = listed(PolygonIndex(shapes), points)
    assert len(found) > 2000
    assert found == joined(points, shapes)
