"""How much of an area or a length has coverage: hand-drawn answers, and sums that must agree."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, box

from coverage import pipeline
from coverage.errors import CrsError, DataError
from coverage.extent import measure_extents, summarise_extents
from coverage.inputs import ExtentLayer, MobileLayer
from coverage.policy import load_policy
from coverage.study import Study
from tests import drawn
from tests.studymaker import tiny_study
from tests.test_overlay import write_raster

NORWAY = load_policy("no-2024")
# Two municipalities side by side, west and east of x = 1000.
TWO = gpd.GeoDataFrame(
    {"municipality_code": ["5002", "5001"], "name": ["East", "West"]},
    geometry=[box(1000, 0, 2000, 1000), box(0, 0, 1000, 1000)],
    crs=drawn.CRS,
)


def layer(*shapes: Any, what: str = "farmland") -> ExtentLayer:
    return ExtentLayer("land", what, gpd.GeoDataFrame(geometry=list(shapes), crs=drawn.CRS))


def levels(operator: str, *pairs: tuple[str, Any], technology: str = "4g") -> MobileLayer:
    frame = gpd.GeoDataFrame({"level": [level for level, _ in pairs]}, geometry=[s for _, s in pairs], crs=drawn.CRS)
    return MobileLayer(f"m-{operator}", operator, technology, polygons=frame)


def measure(*extents: ExtentLayer, mobile: Any) -> pd.DataFrame:
    return measure_extents(extents, mobile, municipalities=TWO, policy=NORWAY)


def covered(table: pd.DataFrame, level: str, *, code: str | None = None, operator: str = "any") -> float:
    place = table["municipality_code"].isna() if code is None else table["municipality_code"] == code
    chosen = table[place & (table["level"] == level) & (table["operator"] == operator)]
    assert len(chosen) == 1
    return float(chosen["covered"].iloc[0])


def test_farmland_by_polygons_in_square_kilometres() -> None:
    field = box(500, 0, 1500, 1000)  # 1 km², half in each municipality
    west = levels("A", ("basic", box(0, 0, 900, 1000)), ("good", box(0, 0, 600, 1000)))
    east = levels("B", ("very_good", box(800, 0, 1100, 500)))
    table = measure(layer(field), mobile=[west, east])
    assert set(table["unit"]) == {"km2"}
    assert table[table["municipality_code"].isna()]["total"].iloc[0] == 1
    assert covered(table, "basic", code="5001") == pytest.approx(0.4 + 0.05, abs=1e-12)  # overlap counted once
    assert covered(table, "basic", code="5002") == pytest.approx(0.05, abs=1e-12)
    assert covered(table, "basic") == pytest.approx(0.5, abs=1e-12)
    assert covered(table, "good") == pytest.approx(0.1 + 0.15, abs=1e-12)
    assert covered(table, "very_good") == pytest.approx(0.15, abs=1e-12)
    assert covered(table, "basic", operator="A") == pytest.approx(0.4, abs=1e-12)
    shares = table[table["municipality_code"] == "5001"].set_index(["operator", "level"])["share"]
    assert shares["any", "basic"] == pytest.approx(0.9, abs=1e-12)


def test_roads_in_kilometres_and_what_lies_on_a_border_is_counted_once() -> None:
    across = LineString([(0, 500), (2000, 500)])
    border = LineString([(1000, 0), (1000, 1000)])
    outside = LineString([(-500, 10), (0, 10)])
    mobile = [levels("A", ("good", box(900, 0, 1600, 2000)))]
    table = measure(layer(across, border, outside, what="roads"), mobile=mobile)
    assert set(table["unit"]) == {"km"}
    totals = table.drop_duplicates("municipality_code").set_index("municipality_code")["total"]
    assert totals.iloc[0] == pytest.approx(3)
    assert totals["5001"] == pytest.approx(2), "the border goes to the first by code"
    assert totals["5002"] == pytest.approx(1)
    assert covered(table, "good") == pytest.approx(0.7 + 1)
    assert covered(table, "basic", code="5002") == pytest.approx(0.6)
    assert covered(table, "very_good") == 0


def test_raster_cells_are_measured_by_their_outlines(tmp_path: Path) -> None:
    path = write_raster(
        tmp_path / "a.tif", np.array([[-105, -95], [-85, -999]], dtype="int16"),
        transform=Affine(500, 0, 0, 0, -500, 1000),
    )  # fmt: skip
    field = box(250, 250, 750, 750)  # a quarter of each cell: 0.0625 km²
    table = measure(layer(field), mobile=[MobileLayer("r", "A", "4g", raster=path)])
    assert [covered(table, name) for name in ("basic", "good", "very_good")] == pytest.approx([3 / 16, 2 / 16, 1 / 16])
    classes = MobileLayer("r", "A", "4g", raster=path, classes={-105: "none", -95: "good", -85: "good"})
    assert covered(measure(layer(field), mobile=[classes]), "basic") == pytest.approx(2 / 16)
    bare = write_raster(tmp_path / "bare.tif", np.array([[-90]], dtype="int16"), crs=None)
    with pytest.raises(CrsError, match=r"r: the raster .*bare\.tif states no"):
        measure(layer(field), mobile=[MobileLayer("r", "A", "4g", raster=bare)])


def test_a_raster_in_degrees_agrees_with_its_cells_reprojected(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    grid = rng.integers(-130, -70, (40, 60)).astype("int16")
    path = write_raster(
        tmp_path / "a.tif", grid, crs="EPSG:4326", transform=Affine(0.01, 0, 10.0, 0, -0.005, 63.6)
    )  # fmt: skip
    home = gpd.GeoDataFrame(
        {"municipality_code": ["1"], "name": ["One"]}, geometry=[box(250_000, 7_030_000, 300_000, 7_060_000)],
        crs=drawn.CRS,
    )  # fmt: skip
    table = measure_extents(
        [ExtentLayer("land", "all", home)], [MobileLayer("r", "A", "4g", raster=path)],
        municipalities=home, policy=NORWAY,
    )  # fmt: skip
    row, column = np.nonzero(grid >= -100)
    cells = shapely.box(10 + 0.01 * column, 63.6 - 0.005 * (row + 1), 10 + 0.01 * (column + 1), 63.6 - 0.005 * row)
    shapes = gpd.GeoSeries(cells, crs="EPSG:4326").to_crs(drawn.CRS)
    expected = shapes.intersection(home.geometry.iloc[0]).area.sum() / 1e6
    assert expected > 100
    # Cells that touch overlap or gape by less than a millionth where one side is split and the other is not.
    assert covered(table, "good") == pytest.approx(expected, rel=1e-6)


def test_rasters_and_polygons_of_one_series_cover_together(tmp_path: Path) -> None:
    cells = Affine(500, 0, 0, 0, -500, 1000)
    west = write_raster(tmp_path / "west.tif", np.array([[-95, -999], [-999, -999]], dtype="int16"), transform=cells)
    east = write_raster(tmp_path / "east.tif", np.array([[-85, -999], [-999, -105]], dtype="int16"), transform=cells)
    rasters = [MobileLayer(path.stem, "A", "4g", raster=path) for path in (west, east)]
    drawn_too = levels("A", ("good", box(250, 0, 750, 1000)))
    other = levels("B", ("very_good", box(0, 500, 500, 1000)), technology="5g")
    table = measure(layer(box(0, 0, 1000, 1000)), mobile=[*rasters, drawn_too, other])
    assert set(table["technology"]) == {"any", "4g", "5g"}
    own = [covered(table, name, operator="A") for name in ("basic", "good", "very_good")]
    # Half a square kilometre by the polygon; a quarter of a cell west of it, half of one below right for "basic".
    assert own == pytest.approx([0.5 + 0.125 + 0.125, 0.5 + 0.125, 0.25], abs=1e-12)
    assert covered(table, "very_good") == pytest.approx(0.25, abs=1e-12), "twice the same cell is one"


def test_a_line_between_two_cells_and_one_through_a_corner_are_measured_once(tmp_path: Path) -> None:
    grid = np.array([[-85, -999], [-999, -85]], dtype="int16")  # they meet in a corner
    path = write_raster(tmp_path / "a.tif", grid, transform=Affine(500, 0, 0, 0, -500, 1000))
    lines = [LineString([(0, 500), (1000, 500)]), LineString([(0, 1000), (1000, 0)]), LineString([(0, 0), (999, 999)])]
    found = [
        covered(measure(layer(line, what="roads"), mobile=[MobileLayer("r", "A", "4g", raster=path)]), "good")
        for line in lines
    ]
    assert found == pytest.approx([1, np.sqrt(2), 0], abs=1e-12)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 100, 130]))
def test_cells_combined_as_numbers_are_the_union_of_their_squares(tmp_path: Path, seed: int, shift: int) -> None:
    """Two rasters of one grid, or of two grids (shifted), and polygons give what the squares united one by one give."""
    rng = np.random.default_rng(seed)
    mobile, shapes = [], []
    for operator, west in (("A", 0), ("B", shift)):
        grid = rng.integers(-130, -70, (10, 20)).astype("int16")
        path = write_raster(tmp_path / f"{operator}.tif", grid, transform=Affine(100, 0, west, 0, -100, 1000))
        mobile.append(MobileLayer(operator, operator, "4g", raster=path))
        row, column = np.nonzero(grid >= -100)
        shapes += list(shapely.box(west + 100 * column, 900 - 100 * row, west + 100 * column + 100, 1000 - 100 * row))
    discs = shapely.buffer(shapely.points(rng.uniform(0, 2000, (4, 2))), rng.uniform(20, 300, 4))
    mobile.append(levels("C", *[("good", disc) for disc in discs]))
    united = shapely.union_all([*shapes, *discs])
    fields = [box(130, 70, 1770, 810), LineString(rng.uniform(0, 1000, (3, 2)))]
    table = measure(layer(fields[0]), replace(layer(fields[1]), source="way"), mobile=mobile)
    for source, shape, part in (("land", fields[0], "area"), ("way", fields[1], "length")):
        expected = getattr(shapely.intersection(shape, united), part) / (1e6 if part == "area" else 1e3)
        assert covered(table[table["source"] == source], "good") == pytest.approx(expected, abs=1e-9)


def test_tiles_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    discs = shapely.buffer(shapely.points(rng.uniform(0, 2000, (30, 2))), rng.uniform(20, 300, 30))
    roads = [LineString(rng.uniform(0, 2000, (4, 2))) for _ in range(20)]
    mobile = [levels("A", *[(("basic", "good", "very_good")[k % 3], disc) for k, disc in enumerate(discs)])]
    for shapes in (roads, list(discs[::2])):
        whole = measure(layer(*shapes), mobile=mobile)
        with monkeypatch.context() as patch:
            patch.setattr("coverage.extent.TILE_M", 170.0)
            tiled = measure(layer(*shapes), mobile=mobile)
        pd.testing.assert_frame_equal(whole, tiled, rtol=1e-9)


RECTANGLE = st.tuples(*[st.integers(0, 1900)] * 2, *[st.integers(1, 900)] * 2).map(
    lambda v: box(v[0], v[1], v[0] + v[2], v[1] + v[3])
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(RECTANGLE, min_size=1, max_size=4),
    st.lists(st.tuples(st.sampled_from("AB"), RECTANGLE), min_size=1, max_size=5),
)
def test_sums_agree_and_levels_nest(fields: list[Any], claims: list[tuple[str, Any]]) -> None:
    names = ("basic", "good", "very_good")
    mobile = [levels(operator, (names[k % 3], shape)) for k, (operator, shape) in enumerate(claims)]
    table = measure(layer(*fields), mobile=mobile)
    everything = table[table["municipality_code"].isna()]
    parts = table[table["municipality_code"].notna()].groupby(["operator", "technology", "level"])["covered"].sum()
    for row in everything.itertuples():
        assert row.covered == pytest.approx(parts.get((row.operator, row.technology, row.level), 0.0), abs=1e-9)
        assert 0 <= row.covered <= row.total
        assert row.covered <= covered(table, row.level) + 1e-9
    for first, second in itertools.pairwise(names):
        assert covered(table, first) >= covered(table, second)
    united = shapely.union_all([shape for _, shape in claims])
    inside = [shapely.intersection(field, box(0, 0, 2000, 1000)) for field in fields]
    expected = sum(shapely.intersection(field, united).area for field in inside) / 1e6
    assert covered(table, "basic") == pytest.approx(expected, abs=1e-9)


def test_touching_shapes_leave_nothing_behind() -> None:
    touching = box(2000, 0, 3000, 1000)  # only its edge is in the study
    bent = MultiPolygon([box(0, 0, 10, 10), box(1000, 0, 1100, 10)])
    table = measure(layer(touching, bent), mobile=[levels("A", ("good", box(1990, 0, 2000, 10)))])
    assert table["total"].max() == pytest.approx(0.0011)
    assert table["covered"].eq(0).all()


def test_nothing_to_measure_by_gives_no_rows_and_the_same_columns() -> None:
    old = replace(levels("A", ("good", box(0, 0, 9, 9))), technology="2g")
    table = measure(layer(box(0, 0, 9, 9)), mobile=[old])
    assert table.empty
    assert list(table.columns) == list(measure(layer(box(0, 0, 9, 9)), mobile=[levels("A")]).columns)
    assert summarise_extents(table) == []
    elsewhere = measure(layer(box(-9, -9, -1, -1)), mobile=[levels("A", ("good", box(0, 0, 9, 9)))])
    assert elsewhere["share"].isna().all()
    assert summarise_extents(elsewhere)[0]["share"] is None


def test_unusable_layers_are_named() -> None:
    mobile = [levels("A", ("good", box(0, 0, 9, 9)))]
    with pytest.raises(DataError, match="land: expected polygons or lines"):
        measure(layer(box(0, 0, 9, 9), LineString([(0, 0), (1, 1)])), mobile=mobile)
    with pytest.raises(DataError, match="land: expected polygons or lines"):
        measure(layer(Point(0, 0)), mobile=mobile)
    abroad = ExtentLayer("land", "farmland", layer(box(0, 0, 9, 9)).frame.to_crs("EPSG:4326"))
    with pytest.raises(CrsError, match="land: the layer is in"):
        measure(abroad, mobile=mobile)


def test_the_summary_holds_each_series_in_all_and_any_per_municipality() -> None:
    mobile = [levels("A", ("good", box(0, 0, 1500, 1000))), levels("B", ("basic", box(0, 0, 100, 1000)))]
    found = summarise_extents(measure(layer(box(0, 0, 2000, 1000)), mobile=mobile))
    assert [(row["municipality_code"], row["operator"], row["level"]) for row in found][:4] == [
        (None, "any", "basic"), (None, "any", "good"), (None, "any", "very_good"), (None, "A", "basic"),
    ]  # fmt: skip
    assert {row["operator"] for row in found if row["municipality_code"]} == {"any"}
    assert found[1] == {
        "source": "land", "what": "farmland", "unit": "km2", "municipality_code": None, "operator": "any",
        "technology": "any", "level": "good", "total": 2.0, "covered": 1.5, "share": 0.75,
    }  # fmt: skip


def test_the_pipeline_tells_extents_in_its_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = Study.open(tiny_study(tmp_path).folder)
    inputs = study.load()
    bounds = box(*inputs.municipalities.total_bounds)
    field = ExtentLayer("land", "farmland", gpd.GeoDataFrame(geometry=[bounds], crs=study.crs))
    half = gpd.GeoDataFrame({"level": ["good"]}, geometry=[bounds.buffer(10)], crs=study.crs)
    given = replace(inputs, extents=(field,), mobile=(MobileLayer("m", "A", "4g", polygons=half),))
    plain = pipeline.assess(study, study.default_scenario())
    assert "extents" not in plain.summary, "nothing is said where no such layer is given"
    monkeypatch.setattr(Study, "load", lambda *_, **__: given)
    told = pipeline.assess(study, study.default_scenario()).summary["extents"]
    area = inputs.municipalities.area.sum() / 1e6
    good = next(row for row in told if row["level"] == "good")
    assert (good["what"], good["municipality_code"], good["share"]) == ("farmland", None, 1.0)
    assert good["total"] == pytest.approx(area, abs=1e-3)
    assert json.loads(json.dumps(told)) == told
