"""`check` says per source what was rejected, repaired and left out, and nothing else."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio import Affine
from rich.console import Console
from shapely.geometry import Point, box

from coverage import check
from coverage.study import Study
from tests.studymaker import CRS, SIDE, X0, Y0, TinyStudy, premises, roads, tiny_study, write_raster


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    return tiny_study(tmp_path / "tiny")


def printed(report: check.CheckReport, width: int = 200) -> str:
    out = io.StringIO()
    report.print(Console(file=out, width=width))
    return out.getvalue()


def inspected(tiny: TinyStudy) -> check.CheckReport:
    return check.inspect(Study.open(tiny.folder))


def test_clean_study_has_no_problems(tiny: TinyStudy) -> None:
    steps: list[str] = []
    report = check.inspect(Study.open(tiny.folder), progress=steps.append)
    assert len(steps) == len(tiny.sources)
    assert report.problems == ()
    assert "No problems found." in printed(report)
    mapping = report.to_mapping()
    assert mapping["places"] == {
        "rows": 40,
        "premises": {"business": 10.0, "holiday": 10.0, "household": 20.0},
        "outside_every_municipality": 0,
        "share_outside": 0.0,
    }
    assert mapping["dates"] == {"first": "2024-01-01", "last": "2024-03-01"}
    assert [source["rows_read"] for source in mapping["sources"]] == [2, 40, 1, 25, 94, 1]


def test_problems_are_counted_by_reason_with_examples(tiny: TinyStudy) -> None:
    path = tiny.folder / "premises.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[1:6] = [line.replace(";1;", ";many;", 1) for line in lines[1:6]]
    lines[7] = "[red]p06[/red];shop;1;276000.0;7033000.0;"
    lines[8] = "p07;F;1;230000.0;7033000.0;"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = check.inspect(Study.open(tiny.folder))
    assert report.problems == (
        "premises: 1 of 34 places lie outside every municipality",
        "premises: 6 of 40 rows rejected, 5 because count: expected a number of 0 or more",
    )
    first, second = report.rejections
    assert (first.field, first.rows, first.examples) == ("count", 5, ((1, "many"), (2, "many"), (3, "many")))
    assert (second.field, second.rows, second.examples) == ("type", 1, ((7, "shop"),))
    mapping = report.to_mapping()
    assert json.loads(json.dumps(mapping)) == mapping
    assert mapping["rejected"][1] == {
        "source": "premises",
        "field": "type",
        "reason": "expected one of business, household, holiday, public",
        "rows": 1,
        "examples": [{"row": 7, "value": "shop"}],
    }
    text = printed(report)
    assert "row 1: many; row 2: many; row 3: many" in text
    assert "Problems found: 2." in text
    assert "Problem: premises: 1 of 34" in text
    assert mapping["places"]["share_outside"] == 0.0294


def test_values_from_files_are_never_markup(tiny: TinyStudy) -> None:
    path = tiny.folder / "premises.csv"
    path.write_text("id;type;count;east;north\na;B;1;271000;7031000\nb;[bold]x[/];1;271000;7031000\n", encoding="utf-8")
    assert "row 2: [bold]x[/]" in printed(check.inspect(Study.open(tiny.folder)))


def test_rows_follow_the_columns(tiny: TinyStudy) -> None:
    report = check.inspect(Study.open(tiny.folder))
    assert all(len(row) == len(check.COLUMNS) for row in report.rows())
    assert report.rows()[0] == (
        "municipalities", "municipalities", "2", "0", "0", "0", "EPSG:25833", "100% of the area", "2024-01-01",
        "real",
    )  # fmt: skip


def test_unusable_sources_are_listed_and_the_others_are_read(tiny: TinyStudy) -> None:
    (tiny.folder / "roads.gpkg").unlink()
    (tiny.folder / "fibre.geojson").write_text("nothing", encoding="utf-8")
    swapped = premises().rename(columns={"east": "north", "north": "east"})
    swapped.to_csv(tiny.folder / "premises.csv", sep=";", index=False)
    report = inspected(tiny)
    text = "\n".join(report.problems)
    assert "roads: roads.gpkg: the file does not exist" in text
    assert "fibre: fibre.geojson: " in text
    assert "premises: premises.csv: all 40 rows were rejected" in text
    assert "easting and northing look swapped" in text
    assert "not checked: the study as a whole: it has no usable premises" in report.problems
    assert {source.source for source in report.sources} == {"municipalities", "premises", "mobile", "network"}
    assert [item.rows for item in report.rejections] == [40]
    rows = {row[0]: row for row in report.rows()}
    assert list(rows) == [source["id"] for source in tiny.sources]
    assert rows["roads"][2:8] == ("–", "–", "–", "–", "unusable", "–")
    assert rows["premises"][3] == "40"
    assert json.loads(json.dumps(report.to_mapping()))["places"] == {}
    assert f"Problems found: {len(report.problems)}." in printed(report)


def test_without_municipalities_the_files_are_still_opened(tiny: TinyStudy) -> None:
    (tiny.folder / "municipalities.gpkg").unlink()
    (tiny.folder / "roads.gpkg").write_text("nothing", encoding="utf-8")
    report = inspected(tiny)
    assert any("without municipalities nothing says where" in problem for problem in report.problems)
    assert any(problem.startswith("municipalities: municipalities.gpkg") for problem in report.problems)
    assert any(problem.startswith("roads: roads.gpkg") for problem in report.problems)
    assert {source.source for source in report.sources} == {"premises", "fibre", "network"}
    assert report.area is None


def test_offers_for_places_that_could_not_be_read_are_not_called_wrong(tiny: TinyStudy) -> None:
    (tiny.folder / "premises.csv").unlink()
    (tiny.folder / "list.csv").write_text("place_id;down_mbps;up_mbps\np01;10;1\n", encoding="utf-8")
    source = {"id": "list", "role": "offers", "kind": "table", "path": "list.csv", "options": {"shape": "place"}}
    tiny.sources.append(source | {"constants": {"provider": "P", "technology": "dsl"}})
    tiny.save()
    said = next(problem for problem in inspected(tiny).problems if problem.startswith("list: "))
    assert "not looked at, since the premises that its rows are for could not be read" in said


def test_no_mobile_data_is_a_note_and_no_problem(tiny: TinyStudy) -> None:
    tiny.drop("mobile")
    tiny.save()
    report = inspected(tiny)
    assert report.problems == ()
    assert "no mobile data: mobile shortfall is not judged" in report.notes
    assert "Note: no mobile data" in printed(report)


def test_dates_far_apart_are_a_problem_unless_the_study_says_how_far(tiny: TinyStudy) -> None:
    tiny.source("premises")["as_of"] = dt.date(2019, 6, 30)
    tiny.source("roads")["as_of"] = dt.date(2024, 3, 1)
    tiny.save()
    assert inspected(tiny).problems == (
        "dates of the sources run from 2019-06-30 to 2024-03-01; the study is as of 2024-06-30: 4.7 years between "
        "premises and fibre, more than 3 (max_years_apart in study.toml)",
    )
    tiny.settings["max_years_apart"] = 5
    tiny.save()
    report = inspected(tiny)
    assert report.problems == ()
    assert "dates of the sources run from 2019-06-30 to 2024-03-01; the study is as of 2024-06-30" in report.notes


def test_a_source_without_a_date_is_noted(tiny: TinyStudy) -> None:
    del tiny.source("fibre")["as_of"]
    tiny.save()
    assert "fibre: no as_of in study.toml: nothing says from when it is" in inspected(tiny).notes


def test_columns_that_nothing_uses_are_named_with_what_they_may_be(tiny: TinyStudy) -> None:
    frame = premises().assign(navn="x", poststed="y", Weigth=1, colour="red")
    frame.to_csv(tiny.folder / "premises.csv", sep=";", index=False)
    tiny.source("premises")["columns"].pop("weight")
    tiny.save()
    report = inspected(tiny)
    assert (
        "premises: 5 columns are not used: 'count' (may be 'weight'), 'navn' (may be 'name'), "
        "'poststed' (may be 'locality'), 'Weigth' (may be 'weight'), 'colour'"
    ) in report.notes
    assert report.problems == ()
    (source,) = [one for one in report.to_mapping()["sources"] if one["source"] == "premises"]
    assert {"column": "colour", "nearest": None} in source["columns_not_used"]


def test_premises_twice_are_a_problem_and_offers_twice_a_note(tiny: TinyStudy) -> None:
    frame = pd.concat([premises(), premises().iloc[:3]])
    tiny.source("premises")["columns"].pop("place_id")
    frame.drop(columns="id").to_csv(tiny.folder / "premises.csv", sep=";", index=False)
    twice = gpd.read_file(tiny.folder / "fibre.geojson")
    pd.concat([twice, twice]).to_file(tiny.folder / "fibre.geojson")
    tiny.save()
    report = inspected(tiny)
    assert report.problems == (
        "premises: 3 of 43 rows repeat an earlier row in every column that is used; premises may be counted twice",
    )
    assert "fibre: 1 of 2 rows repeat an earlier row in every column that is used" in report.notes


def test_rows_with_ids_of_their_own_are_no_repetition(tiny: TinyStudy) -> None:
    frame = pd.concat([premises(), premises().iloc[:3].assign(id=["a", "b", "c"])])
    frame.to_csv(tiny.folder / "premises.csv", sep=";", index=False)
    assert inspected(tiny).problems == ()


def test_a_given_municipality_is_held_against_the_position(tiny: TinyStudy) -> None:
    frame = premises().assign(komm="5001")
    east = frame["east"] > X0 + SIDE
    frame.loc[east, "komm"] = "5002"
    frame.loc[0, "komm"] = "5002"  # 9 km inside the western square
    frame.loc[3, "komm"] = "5002"  # 1.5 km inside it
    frame.to_csv(tiny.folder / "premises.csv", sep=";", index=False)
    tiny.source("premises")["columns"]["municipality_code"] = "komm"
    tiny.save()
    report = inspected(tiny)
    assert report.problems == (
        "premises: 2 of 40 places have a municipality that does not hold their position; 2 of them by far "
        "(row 1: komm says 5002 (Østby - Nuortta), the position is in 5001 (Vestby), 9.0 km away; "
        "row 4: komm says 5002 (Østby - Nuortta), the position is in 5001 (Vestby), 1.5 km away)",
    )
    tiny.source("premises")["options"] = {"nearest_municipality_m": 20_000.0}
    tiny.save()
    report = inspected(tiny)
    assert report.problems == ()
    assert "premises: 2 of 40 places have a municipality that does not hold their position" in report.notes


def test_extents_are_told_and_a_layer_beside_the_area_is_a_problem(tiny: TinyStudy) -> None:
    roads().translate(40_000).to_frame("geometry").assign(type="road").to_file(tiny.folder / "roads.gpkg")
    spot = gpd.GeoDataFrame({"down": [1.0], "up": [1.0]}, geometry=[box(X0, Y0, X0 + 1, Y0 + 1)], crs=CRS)
    spot.to_file(tiny.folder / "fibre.geojson")
    report = inspected(tiny)
    assert report.problems == ("roads: its rows lie 20 km beside the study area; none touches its box",)
    rows = {row[0]: row[7] for row in report.rows()}
    assert rows["roads"] == "20 km outside"
    assert rows["fibre"] == "under 1% of the area"
    assert rows["premises"] == "70% of the area"
    assert rows["mobile"] == "100% of the area, 5 km beyond"
    sources = {source["source"]: source for source in report.to_mapping()["sources"]}
    assert sources["premises"]["extent"] == [X0 + 1000, Y0 + 1000, X0 + 18_500, Y0 + 9000]
    assert sources["roads"]["share_of_area_covered"] == 0
    assert sources["premises"]["share_of_area_covered"] == 0.7


def test_a_clipped_layer_that_is_elsewhere_says_why(tiny: TinyStudy) -> None:
    frame = gpd.GeoDataFrame({"name": ["A"]}, geometry=[Point(Y0 + 3000, X0 + 2500)], crs=CRS)
    frame.to_file(tiny.folder / "network.gpkg")
    tiny.source("network").update(path="network.gpkg", options={"clip": True})
    tiny.save()
    said = next(problem for problem in inspected(tiny).problems if problem.startswith("network: "))
    assert "the whole layer lies far outside the study area: easting and northing look swapped" in said


def test_published_figures_are_compared_where_the_study_has_any(tiny: TinyStudy) -> None:
    report = inspected(tiny)
    assert report.agreement == {}
    path = tiny.folder / "study.toml"
    control = '[[controls]]\nid = "b"\nmeasure = "businesses"\nvalue = 12\nsource = "counted by hand"\n'
    path.write_text(path.read_text(encoding="utf-8") + control, encoding="utf-8")
    report = inspected(tiny)
    assert report.agreement["controls"][0]["measured"] == 10
    assert report.to_mapping()["agreement"]["controls"][0]["difference"] == -2
    assert "b: 10 here, 12 published (-2; counted by hand)." in printed(report)
    assert report.problems == ()
    (tiny.folder / "fibre.geojson").unlink()
    assert inspected(tiny).agreement == {}, "half of the service is no basis to compare on"


def test_records_for_a_page(tiny: TinyStudy) -> None:
    path = tiny.folder / "premises.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("p03;F;1", "p03;shop;1"), encoding="utf-8")
    study = Study.open(tiny.folder)
    report = check.CheckReport.from_inputs(study.load(), study=study)
    assert [tuple(record.values()) for record in report.source_rows()] == report.rows()
    assert list(report.source_rows()[0]) == [name for name, _ in check.COLUMNS]
    assert report.finding_rows()[0] == {
        "severity": "problem",
        "source": "premises",
        "finding": "1 of 40 rows rejected, all because type: expected one of business, household, holiday, public",
    }
    assert report.rejection_rows() == [
        {
            "source": "premises",
            "field": "type",
            "reason": "expected one of business, household, holiday, public",
            "rows": 1,
            "for example": "row 4: shop",
        }
    ]
    assert report.problems == inspected(tiny).problems
    assert len(report.finding_rows()) == len(report.problems) + len(report.notes)


def test_a_study_of_service_alone_is_checked_but_not_assessed(tiny: TinyStudy) -> None:
    tiny.drop("roads")
    tiny.drop("network")
    tiny.settings["scope"] = "service"
    tiny.save()
    report = inspected(tiny)
    assert report.problems == ()
    assert "the scope is service: areas, routes and costs are not worked out" in report.notes


def test_a_raster_in_the_wrong_zone_is_named(tiny: TinyStudy) -> None:
    # As if its cells were counted in zone 32 and labelled as zone 33: some 300 km off.
    write_raster(tiny.folder / "mobile.tif", crs="EPSG:25833", left=575_000.0)
    report = inspected(tiny)
    said = next(problem for problem in report.problems if problem.startswith("mobile: "))
    assert "lies outside the study area (these look like UTM zone 32)" in said


def in_zone_32(points: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return positions as they are counted in zone 32: some 300 km farther east."""
    return points.to_crs("EPSG:25832")


def test_a_layer_in_the_wrong_zone_is_named_in_a_county_as_wide_as_a_zone(tiny: TinyStudy) -> None:
    # No row is so far outside that it is rejected.
    low, high, middle = Y0 - 160_000, Y0 + 160_000, X0 + SIDE
    halves = [box(150_000, low, middle, high), box(middle, low, 470_000, high)]
    names = {"kommunenummer": ["5001", "5002"], "kommunenavn": ["Vestby", "Austby"]}
    gpd.GeoDataFrame(names, geometry=halves, crs=CRS).to_file(tiny.folder / "municipalities.gpkg")
    assert inspected(tiny).problems == ()
    register = premises()
    moved = in_zone_32(gpd.GeoSeries.from_xy(register["east"], register["north"], crs=CRS))
    register.assign(east=moved.x, north=moved.y).to_csv(tiny.folder / "premises.csv", sep=";", index=False)
    corners = "".join(
        f"{x:.0f};{y:.0f};30;5\n" for x, y in zip(moved.x // 100 * 100, moved.y // 100 * 100, strict=True)
    )
    (tiny.folder / "cells.csv").write_text("cell_x;cell_y;down_mbps;up_mbps\n" + corners, encoding="utf-8")
    cells = {"id": "cells", "role": "offers", "kind": "table", "path": "cells.csv", "crs": CRS}
    more = {"constants": {"provider": "P", "technology": "dsl"}, "options": {"shape": "cell", "cell_m": 100.0}}
    tiny.sources.append(cells | more)
    tiny.save()
    write_raster(tiny.folder / "mobile.tif", left=575_000.0)
    report = inspected(tiny)
    assert report.rejections == ()
    zone = "these look like UTM zone 32"
    for name, rows in (("premises", 40), ("cells", 40)):
        text = f"{name}: {rows} of {rows} rows lie more than 50 km outside the study area's box: {zone}, which would "
        assert f"{text}bring {rows} of them into it" in report.problems
    assert any(problem.startswith("mobile: ") and zone in problem for problem in report.problems)


def test_a_raster_that_touches_the_area_but_is_in_the_wrong_zone_is_named(tiny: TinyStudy) -> None:
    wide = box(150_000, Y0 - 160_000, 470_000, Y0 + 160_000)
    names = {"kommunenummer": ["5001"], "kommunenavn": ["Vestby"]}
    gpd.GeoDataFrame(names, geometry=[wide], crs=CRS).to_file(tiny.folder / "municipalities.gpkg")
    profile = {"driver": "GTiff", "height": 4, "width": 8, "count": 1, "dtype": "float32", "nodata": -9999}
    for left, problems in ((450_000.0, 1), (160_000.0, 0), (440_000.0, 1)):
        transform = Affine(40_000, 0, left, 0, -40_000, Y0 + 80_000)
        with rasterio.open(tiny.folder / "mobile.tif", "w", crs=CRS, transform=transform, **profile) as raster:
            raster.write(np.full((4, 8), -90, dtype="float32"), 1)
        found = [problem for problem in inspected(tiny).problems if "these look like UTM zone 32" in problem]
        assert len(found) == problems, left


def test_a_neighbours_layer_is_not_doubted(tiny: TinyStudy) -> None:
    spots = [Point(X0 - 40_000 - 1000 * k, Y0 + 5000) for k in range(9)]
    gpd.GeoDataFrame({"name": ["A"] * 9}, geometry=spots, crs=CRS).to_file(tiny.folder / "network.gpkg")
    tiny.source("network")["path"] = "network.gpkg"
    tiny.save()
    assert inspected(tiny).problems == ("network: its rows lie 40 km beside the study area; none touches its box",)


def test_offers_that_begin_after_the_studys_day_are_noted(tiny: TinyStudy) -> None:
    tiny.source("fibre")["constants"]["available_from"] = "2024-07-01"
    tiny.save()
    note = "fibre: 1 of 1 offers begin after 2024-06-30 and are taken as planned, though their status is existing"
    assert note in inspected(tiny).notes


def test_reasons_read_as_sentences(tiny: TinyStudy) -> None:
    path = tiny.folder / "premises.csv"
    path.write_text(path.read_text(encoding="utf-8") + "p99;B;1;271000;7031000;3;4\n", encoding="utf-8")
    assert inspected(tiny).problems == (
        "premises: 1 of 41 rows rejected, all because the row has 7 fields; expected 6",
    )


def test_a_raster_of_other_things_than_signals_is_refused(tiny: TinyStudy) -> None:
    profile = {"driver": "GTiff", "height": 1, "width": 4, "count": 1, "dtype": "int16"}
    transform = Affine(5000, 0, X0, 0, -10_000, Y0 + SIDE)
    for highest, words in ((0, "mobile.tif: holds -95 to 0 where signals are expected, in dBm below 0"), (-1, "")):
        with rasterio.open(tiny.folder / "mobile.tif", "w", crs=CRS, transform=transform, **profile) as raster:
            raster.write(np.array([[-95, -90, highest, -90]], dtype="int16"), 1)
        found = [problem for problem in inspected(tiny).problems if problem.startswith("mobile: ")]
        assert len(found) == bool(words)
        assert all(words in problem for problem in found)


@pytest.mark.parametrize("column", ["org_number", "name"])
def test_premises_registered_twice_under_other_ids_are_a_problem(tiny: TinyStudy, column: str) -> None:
    table = premises().assign(extra=[f"Firm {i}" for i in range(40)])
    again = table.iloc[[4, 8]].assign(id=["q1", "q2"])
    pd.concat([table, again]).to_csv(tiny.folder / "premises.csv", sep=";", index=False)
    tiny.source("premises")["columns"][column] = "extra"
    tiny.save()
    (problem,) = inspected(tiny).problems
    assert problem.startswith("2 of 42 premises have the organisation number, or the name, kind and position")
    assert problem.endswith("(q1, q2)")


def test_homes_without_name_or_number_are_not_taken_for_twins(tiny: TinyStudy) -> None:
    table = premises()
    pd.concat([table, table.iloc[[1]].assign(id="q1")]).to_csv(tiny.folder / "premises.csv", sep=";", index=False)
    assert inspected(tiny).problems == ()
