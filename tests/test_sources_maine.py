"""Premises along road segments, project areas and assumed exchanges, on a drawn crossing of four streets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely import LineString, Point, box

from coverage.errors import CrsError, DataError
from coverage.inputs import SourceSpec
from coverage.sources.maine import read_exchanges, read_project_areas, read_road_premises

CRS = "EPSG:26919"
METRIC = {"metric_crs": CRS}


def spec(path: Path, **options: Any) -> SourceSpec:
    return SourceSpec(id="s", role="premises", kind="vector", path=path, file=path.name, options=METRIC | options)


def draw(folder: Path) -> dict[str, Any]:
    """Write two files of segments and return the option that lists them.

    Slow: A of 400 m from x = 0, B of 100 m from x = 400. Fast: C of 500 m from x = 1000, D of 1000 m from x = 1500.
    """
    lines = {"A": (0, 400), "B": (400, 500), "C": (1000, 1500), "D": (1500, 2500)}
    shapes = {name: LineString([(left, 0), (right, 0)]) for name, (left, right) in lines.items()}
    for file, names, column in (("slow", "AB", "Street Name"), ("fast", "CD", "Street_Nam")):
        frame = gpd.GeoDataFrame({column: list(names)}, geometry=[shapes[name] for name in names], crs=CRS)
        frame.to_file(folder / f"{file}.gpkg")
    return {"segments": ["slow.gpkg", "fast.gpkg"]}


def clusters(folder: Path, *, whole_m2: float = 5000.0) -> Path:
    """Write one cluster of 12 locations in two polygons, over B and over the first half of C."""
    path = folder / "clusters.gpkg"
    shapes = [box(400, -10, 500, 10), box(1000, -6, 1250, 6)]  # 2,000 and 3,000 square metres
    columns = {"CLUSTER_ID": [7, 7], "Service Locations": [12, 12], "Area": [whole_m2, whole_m2]}
    gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS).to_file(path)
    return path


def by_street(path: Path, **options: Any) -> dict[str, float]:
    frame = read_road_premises(spec(path, **options)).frame
    return {name: round(value, 3) for name, value in frame.groupby("street")["premises"].sum().items()}


def test_a_clusters_count_is_shared_by_its_segments_and_its_mean_goes_elsewhere(tmp_path: Path) -> None:
    options = draw(tmp_path)
    # In the cluster: all of B and half of C, so 12 locations on 1.5 segments, 8 per segment. Counted once, though two
    # polygons repeat the count.
    found = by_street(clusters(tmp_path), **options, spacing_m=50)
    assert found == {"A": 8.0, "B": 8.0, "C": 8.0, "D": 8.0}
    assert (
        "32 stood along the road segments"
        in read_road_premises(spec(clusters(tmp_path), **options, spacing_m=50)).notes[0]
    )


def test_a_count_outweighs_the_mean(tmp_path: Path) -> None:
    path = tmp_path / "clusters.gpkg"
    shapes = [box(0, -10, 400, 10), box(400.5, -10, 499.5, 10)]  # over A, and over B
    columns = {"CLUSTER_ID": [1, 2], "Service Locations": [1, 9], "Area": [8000.0, 1980.0]}
    gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS).to_file(path)
    options = draw(tmp_path)
    assert by_street(path, **options) == {"A": 1.0, "B": 9.0, "C": 5.0, "D": 5.0}
    assert by_street(path, **options, rule="segments") == {"A": 5.0, "B": 5.0, "C": 5.0, "D": 5.0}
    # 10 locations on 500 m: 20 per km
    assert by_street(path, **options, rule="length") == {"A": 8.0, "B": 2.0, "C": 10.0, "D": 20.0}


def test_a_cluster_cut_off_by_the_county_line_counts_in_part(tmp_path: Path) -> None:
    options = draw(tmp_path)
    # Its whole area is twice what the file holds: 6 of the 12 locations are here.
    assert by_street(clusters(tmp_path, whole_m2=10_000), **options, spacing_m=50)["B"] == 4.0


def test_points_stand_in_the_middle_of_equal_pieces(tmp_path: Path) -> None:
    frame = read_road_premises(spec(clusters(tmp_path), **draw(tmp_path), spacing_m=150)).frame
    assert [point.x for point in frame[frame["street"] == "A"].geometry] == [
        pytest.approx(400 / 6),
        pytest.approx(200),
        pytest.approx(2000 / 6),
    ]
    assert [point.x for point in frame[frame["street"] == "B"].geometry] == [pytest.approx(450)]
    assert list(frame.index) == list(range(1, len(frame) + 1))
    assert frame.crs == CRS


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"segments": []}, DataError, "option segments is missing"),
        ({"segments": ["gone.gpkg"]}, DataError, r"gone\.gpkg: the file does not exist"),
        ({"metric_crs": "EPSG:4326"}, CrsError, "not a projected coordinate system"),
        ({"rule": "truth"}, DataError, "expected one of clusters, segments, length"),
    ],
)
def test_wrong_options_are_named(tmp_path: Path, change: dict[str, Any], error: type, sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        read_road_premises(spec(clusters(tmp_path), **(draw(tmp_path) | change)))


def test_clusters_without_a_count_are_refused(tmp_path: Path) -> None:
    options = draw(tmp_path)
    path = clusters(tmp_path)
    gpd.read_file(path).drop(columns="Service Locations").to_file(path)
    with pytest.raises(DataError, match="column 'Service Locations' is missing"):
        read_road_premises(spec(path, **options))
    far = tmp_path / "far.gpkg"
    columns = {"CLUSTER_ID": [1], "Service Locations": [3], "Area": [1.0]}
    gpd.GeoDataFrame(columns, geometry=[box(0, 900, 1, 901)], crs=CRS).to_file(far)
    with pytest.raises(DataError, match="no cluster with a count touches a road segment"):
        read_road_premises(spec(far, **options))


def areas(folder: Path) -> Path:
    path = folder / "areas.gpkg"
    shapes = [box(-100, -500, 900, 500), box(900, -500, 2600, 500)]
    gpd.GeoDataFrame({"Proj_Area": ["Coplin Plt - 1", "Twp 6 - 2"]}, geometry=shapes, crs=CRS).to_file(path)
    return path


def test_project_areas_get_a_code_and_a_town(tmp_path: Path) -> None:
    frame = read_project_areas(spec(areas(tmp_path))).frame
    assert frame[["code", "town"]].values.tolist() == [["coplin-plt-1", "Coplin Plt"], ["twp-6-2", "Twp 6"]]


def test_an_exchange_stands_in_the_middle_of_an_areas_fast_segments(tmp_path: Path) -> None:
    draw(tmp_path)
    table = read_exchanges(spec(areas(tmp_path), segments=["fast.gpkg"]))
    # Midpoints of C and D at x = 1250 and 2000, 500 and 1000 m long: their mean is at 1750, on D.
    assert table.frame["town"].tolist() == ["Twp 6"]
    assert table.frame.geometry.iloc[0].distance(Point(1750, 0)) == pytest.approx(0)
    with pytest.raises(DataError, match="no segment lies in a project area"):
        read_exchanges(spec(_elsewhere(tmp_path), segments=["fast.gpkg"]))


def _elsewhere(folder: Path) -> Path:
    path = folder / "elsewhere.gpkg"
    gpd.GeoDataFrame({"Proj_Area": ["Far - 1"]}, geometry=[box(9000, 0, 9001, 1)], crs=CRS).to_file(path)
    return path
