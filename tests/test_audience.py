"""What an audience must not see is in nothing that it gets: no frame, no summary, no file."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import zipfile
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pypdf
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point, box

from coverage import reports, schemas
from coverage.assessment import Assessment
from coverage.audience import INTERNAL, Audience
from coverage.disclosure import names, operators, places, shown_to
from coverage.disclosure.cells import CELL_M, along_cells, cells_of, in_cells
from coverage.disclosure.names import Hidden
from coverage.disclosure.persons import are_personal
from coverage.errors import CoverageError, DataError, PolicyError
from coverage.inputs import MobileLayer
from coverage.reasons import explain
from coverage.schemas import SERVICE
from maps import export
from tests import toy, toy_secret
from tests.reported import toy_assessment
from tests.told import positions_of, texts_of
from tests.toy_secret import ASKED, BUILDER, EXPECTED, FORBIDDEN, OWN, RIVAL

AUDIENCES = tuple(FORBIDDEN)


@cache
def whole() -> Assessment:
    return toy_secret.assessment()


@cache
def plain() -> Assessment:
    return toy_assessment()


@cache
def shown(who: str) -> Assessment:
    return shown_to(whole(), Audience.parse(who))


def homes() -> gpd.GeoDataFrame:
    """Return the places that the register names a person at."""
    places = whole().places
    return places[places["place_id"].str.startswith(toy_secret.ID)]


# Who is looking


@pytest.mark.parametrize("who", ["internal", "council", "public", "operator:Nett: Midt AS"])
def test_an_audience_is_read_as_it_is_written(who: str) -> None:
    assert str(Audience.parse(who)) == who


@pytest.mark.parametrize("who", ["", "everybody", "operator", "operator: ", "council:Rennebu", "public:x"])
def test_nonsense_is_refused_in_one_sentence(who: str) -> None:
    with pytest.raises(DataError, match="expected") as raised:
        Audience.parse(who)
    assert "\n" not in str(raised.value)


def test_two_options_name_an_audience() -> None:
    assert Audience.named() == INTERNAL
    assert Audience.named("public") == Audience("public")
    assert Audience.named(operator="X") == Audience.named("operator", "X") == Audience.named("operator:X")
    for given_ in (("operator", ""), ("public", "X"), ("neighbours", "X")):
        with pytest.raises(DataError):
            Audience.named(*given_)


# The gate


@pytest.mark.parametrize("who", AUDIENCES)
def test_nothing_that_is_withheld_is_in_any_frame_summary_or_provenance(who: str) -> None:
    texts = list(texts_of(shown(who)))
    for token in FORBIDDEN[who]:
        assert [text for text in texts if token.casefold() in text.casefold()] == [], token
    assert str(ASKED) not in texts
    for token in EXPECTED[who]:
        assert any(token in text for text in texts), token


@pytest.mark.parametrize("who", AUDIENCES)
def test_the_tokens_are_there_to_be_found(who: str) -> None:
    texts = "\n".join(texts_of(whole()))
    assert [token for token in FORBIDDEN[who] if token not in texts] == []


def test_the_public_sees_a_home_in_a_cell_and_nowhere_near() -> None:
    places = shown("public").places.loc[homes().index]
    xy = np.column_stack([places.geometry.x, places.geometry.y])
    assert ((xy / CELL_M) % 1 == 0.5).all()
    assert (cells_of(places.geometry) == cells_of(homes().geometry)).all()
    there = set(positions_of(homes().geometry))
    for frame in ("places", "areas", "routes", "sites"):
        table = getattr(shown("public"), frame)
        assert not there & set(positions_of(table.geometry)) if len(table) else True


def test_coverage_told_per_home_is_told_by_its_cell() -> None:
    at = homes().geometry.iloc[:5].reset_index(drop=True)
    box_ = box(toy.X0, toy.Y0, toy.X0 + 3, toy.Y0 + 3)
    shapes = gpd.GeoDataFrame({"level": "good"}, geometry=[*at, box_], index=range(6), crs=toy.CRS)
    layer = MobileLayer("offers-rivalnet", "Mobile One", "4g", polygons=shapes)
    given_ = dataclasses.replace(whole(), mobile=(layer,))
    told = shown_to(given_, Audience("public")).mobile[0]
    assert told.operator == "Mobile One", "the operators publish these maps"
    assert told.source != layer.source
    assert not set(positions_of(told.polygons.geometry.iloc[:5])) & set(positions_of(at))
    assert told.polygons.geometry.iloc[5].equals(box_)
    assert shown_to(given_, Audience("council")).mobile[0].polygons.geometry.iloc[0].equals(at.iloc[0])


@pytest.mark.parametrize("who", AUDIENCES)
def test_only_the_public_has_positions_taken(who: str) -> None:
    moved = shown(who).places.geometry.geom_equals(whole().places.geometry).to_numpy()
    assert moved.all() == (who != "public")
    assert not are_personal(whole().places)[~moved].size or are_personal(whole().places)[~moved].all()


def test_ids_of_a_cell_follow_what_everybody_sees_and_not_the_register() -> None:
    places = toy.places(40).assign(kind="household", name=None)
    at = gpd.GeoSeries([Point(toy.X0 + 100, toy.Y0 + 100)] * len(places), crs=toy.CRS)
    given_ = dataclasses.replace(toy_assessment(), places=places.set_geometry(at))
    turned = dataclasses.replace(given_, places=given_.places.iloc[::-1].reset_index(drop=True))
    columns = ["place_id", "kind", "area_id", "tier", "reason"]
    one, other = (shown_to(each, Audience("public")).places[columns] for each in (given_, turned))
    pd.testing.assert_frame_equal(
        *(each.sort_values("place_id").reset_index(drop=True) for each in (one, other)), check_dtype=False
    )
    assert one["place_id"].is_unique


def test_a_plan_counts_and_whose_it_is_is_not_told() -> None:
    for who, name in (("council", "an operator"), (f"operator:{OWN}", "another operator"), ("public", "an operator")):
        places = shown(who).places
        decided = places["reason_code"] == "planned"
        assert decided.any()
        assert set(places.loc[decided, "planned_by"]) == {name}
        assert places.loc[decided, "reason"].str.contains("; a planned build counts; not eligible").all()
        assert (places.loc[decided, ["planned_down_mbps", "planned_source_row"]] == 0).all(axis=None)
        assert places.loc[decided, "planned_date"].isna().all()
        others = ~decided & (whole().places["planned_by"] == BUILDER)
        assert places.loc[others, "planned_by"].isna().all()
        assert not places.loc[~places["plan_told"], "reason"].str.contains("plan within|the plan of").any()


def test_an_operator_keeps_its_own_plans_customers_and_claims() -> None:
    before, after = whole().places, shown(f"operator:{OWN}").places
    mine = before["planned_by"] == OWN
    columns = ["planned_by", "planned_down_mbps", "planned_date", "planned_source_row"]
    pd.testing.assert_frame_equal(after.loc[mine, columns], before.loc[mine, columns])
    assert set(after["fixed_provider"]) == {OWN, "another operator"}
    assert after.loc[after["fixed_provider"] != OWN, ["fixed_connection", "measured_down_mbps"]].isna().all(axis=None)
    assert (after.loc[after["fixed_provider"] == OWN, "measured_down_mbps"] == 11.5).all()
    assert set(after["hearing_removed_by"].dropna()) == {f"another operator, {OWN}"}
    assert {row["operator"] for row in shown(f"operator:{OWN}").summary["hearing"]["operators"]} == {OWN}
    assert (after["fixed_source_row"] > 0).tolist() == (after["fixed_provider"] == OWN).tolist()


def test_names_are_the_same_whatever_their_case_and_spaces() -> None:
    loud = shown_to(whole(), Audience.parse(f"operator: {OWN.upper().replace(' ', '  ')}"))
    assert (loud.places["fixed_provider"] == OWN).any()


@pytest.mark.parametrize("language", ["en", "nb"])
@pytest.mark.parametrize("who", AUDIENCES)
def test_reasons_explained_from_what_is_shown_name_nobody(who: str, language: str) -> None:
    view = shown(who)
    said = explain(view.places, policy=view.policy, as_of=view.study.as_of, language=language)
    text = "\n".join(said.to_numpy().ravel())
    assert [token for token in FORBIDDEN[who] if token in text] == []
    if language == "nb":
        assert ("en annen operatør" if "operator" in who else "en operatør") in text
        assert "another operator" not in text


@pytest.mark.parametrize("who", AUDIENCES)
def test_rows_order_and_figures_stay(who: str) -> None:
    same(whole(), shown(who))


def same(before: Assessment, after: Assessment) -> None:
    """Assert that nothing was narrowed that a figure is made of."""
    columns = ["kind", "weight", "tier", "gap_kind", "eligible", "short_fixed", "area_id", "reason_code", "employees"]
    columns += ["municipality_code", "fixed_down_mbps", "mobile_level", "line_of_business", "size_class"]
    pd.testing.assert_frame_equal(pd.DataFrame(after.places[columns]), pd.DataFrame(before.places[columns]))
    assert after.places["place_id"].is_unique
    assert list(after.areas.columns) == list(before.areas.columns)
    kept = [name for name in before.areas if name not in ("geometry", "application_id", "award_id", "requested_grant")]
    pd.testing.assert_frame_equal(pd.DataFrame(after.areas[kept]), pd.DataFrame(before.areas[kept]))
    pd.testing.assert_frame_equal(
        pd.DataFrame(after.routes.drop(columns="geometry")), pd.DataFrame(before.routes.drop(columns="geometry"))
    )
    for name in ("places", "gaps", "tiers", "eligible", "funded", "municipalities", "rejected"):
        assert after.summary[name] == before.summary[name]
    SERVICE.columns["plan_told"].validate(pd.DataFrame(after.places[["plan_told"]]))
    assert shown_to(after, after.audience) is after


@settings(max_examples=15, deadline=None)
@given(
    rows=st.integers(1, 60),
    who=st.sampled_from(["council", "public", "operator:Oldnet"]),
    seed=st.integers(0, 2**16),
)
def test_narrowing_never_changes_a_figure(rows: int, who: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = toy.places(rows)
    names = np.array(["Kari", "Kari AS", "Ltd", "", "Ola (avd) ASA", "=cmd|x AS", "Bø & Li <b>"], dtype=object)
    places["name"] = pd.array(names[rng.integers(0, len(names), rows)], dtype="str")
    places["fixed_provider"] = pd.array(rng.choice(["Oldnet", "Newnet", "not named"], rows), dtype="str")
    places.loc[0, "fixed_provider"] = "Oldnet"
    places = places.set_geometry(places.geometry.translate(*rng.uniform(-200, 200, 2)))
    before = dataclasses.replace(plain(), places=places)
    same(before, shown_to(before, Audience.parse(who)))


def test_every_part_and_column_has_been_thought_of() -> None:
    """Whoever adds one says here that all may see it, or narrows it in coverage/disclosure."""
    parts = {
        "places", "areas", "routes", "municipalities", "cost_lines", "rejected", "study", "scenario", "policy", "costs",
        "mobile", "terrain", "water", "summary", "provenance", "corrections", "hubs", "sites", "lacking", "stability",
        "differences", "reach", "audience",
    }  # fmt: skip
    assert {field.name for field in dataclasses.fields(Assessment)} == parts
    frames = (schemas.PLACES, schemas.CORRECTED, schemas.SERVICE, schemas.VERDICT, schemas.PROFILE)
    columns = {str(name) for frame in frames for name in frame.columns}
    narrowed = {
        *places.PERSONAL, *places.MEASURED, *places.PLANNED, *places.DISTANCES, *names.OFFERS, *names.PLANS,
        *names.HEARD, *(f"{offer}_source{row}" for offer in places.REFERRED for row in ("", "_row")),
        "place_id", "source", "source_row", "measured_flag", "planned_date", "planned_networks", "plan_told",
        "fixed_connection", "hearing_lapsed_on", "reason", "corrected_by", "correction_source", "correction_row",
    }  # fmt: skip
    told = {
        "kind", "weight", "buildings", "cell_m", "municipality_code", "nace", "line_of_business", "employees",
        "size_class", "locality", "year_round", "funded_earlier", "position_basis", "employees_basis", "legal_form",
        "correction", "corrected_on", "fixed_down_mbps", "fixed_up_mbps", "fixed_down_max_mbps", "fixed_up_max_mbps",
        "fixed_technology", "fixed_class_down_mbps", "fixed_class_up_mbps", "fixed_networks_100",
        "fixed_networks_100_planned", "fixed_networks_100_lapsed", "fixed_networks_1000", "fixed_latency_ms",
        "fixed_closes", "uncounted_down_mbps", "uncounted_up_mbps", "uncounted_technology", "uncounted_why",
        "upgradeable", "mobile_level", "mobile_operators", "mobile_single_operator", "mobile_level_indoor", "tier",
        "tier_best", "gap_kind", "short_fixed", "short_mobile", "eligible", "reason_code", "also_excluded_by",
        "area_id", "hearing", "nace_standard", "nace_division", "nace_section", "nace_note", "upload_dependence",
        "works_on", "ground_basis", "ground_km2", "ground_covered_share", "business_park", "hub_name",
        "hub_distance_basis",
    }  # fmt: skip
    assert columns - narrowed == told


def test_narrowing_changes_nothing_of_what_it_was_given() -> None:
    before = "\n".join(texts_of(toy_secret.assessment()))
    for who in AUDIENCES:
        shown_to(whole(), Audience.parse(who))
    assert "\n".join(texts_of(whole())) == before


def test_what_was_withheld_cannot_be_had_back() -> None:
    for who in AUDIENCES:
        for other in {"internal", *AUDIENCES} - {who}:
            with pytest.raises(PolicyError, match="start from the internal"):
                shown_to(shown(who), Audience.parse(other))


def test_an_operator_that_the_study_does_not_know_is_refused_and_no_other_named() -> None:
    with pytest.raises(DataError, match="names no operator 'Nobody'") as raised:
        shown_to(whole(), Audience("operator", "Nobody"))
    assert not any(name in str(raised.value) for name in operators(whole()))


def test_a_narrowed_study_tells_its_sources_and_cannot_be_read() -> None:
    told = shown("public").study
    assert [source.role for source in told.sources] == [source.role for source in whole().study.sources]
    assert {source.id for source in told.sources} >= {"premises", "offers"}
    with pytest.raises(DataError, match="narrowed"):
        told.load()


def test_an_assessment_without_any_of_it_can_be_narrowed() -> None:
    places = toy.places(0)
    areas = toy_assessment().areas.iloc[:0]
    empty = dataclasses.replace(toy_assessment(), places=places, areas=areas, routes=toy_assessment().routes.iloc[:0])
    assert len(shown_to(empty, Audience("public")).places) == 0


# Whose firm it is


@pytest.mark.parametrize(
    ("name", "form", "personal"),
    [
        ("Kari Nordmann", None, True),
        ("Nordmann Data AS", None, False),
        ("NORDMANN DATA AS", None, False),
        ("Nordmann Data A/S", None, False),
        ("Acme Ltd.", None, False),
        ("Muster GmbH", None, False),
        ("Nordmann Data AS AVD RENNEBU", None, False),
        ("Nordmann DA (fiktiv)", None, False),
        ("MARIA DA SILVA", None, True),  # a form in the middle is none
        ("Mari As", None, True),  # nor one that is not written as forms are
        ("AS", None, True),
        ("", None, True),
        ("Nordmann Data AS", "ENK", True),  # what the register states decides
        ("Kari Nordmann", "AS", False),
        ("Kari Nordmann", "BEDR", True),  # a unit's form says nothing of its owner
        ("Nordmann Data AS", "BEDR", False),
        ("Nordmann Data AS", "XYZ", True),  # and a form that nobody knows may be a person's
    ],
)
def test_a_firm_is_a_persons_unless_it_says_that_it_is_not(name: str, form: str | None, personal: bool) -> None:
    places = toy.places(1).assign(name=name, legal_form=pd.array([form], dtype="str"))
    assert are_personal(places).tolist() == [personal]


def test_homes_are_personal_and_public_buildings_are_not() -> None:
    kinds = ["household", "holiday", "public", "business"]
    places = toy.places(4).assign(kind=kinds, name="Kari Nordmann")
    assert are_personal(places).tolist() == [True, True, False, True]


def test_a_name_is_found_in_files_whatever_its_signs() -> None:
    hidden = Hidden(("Nord-Nett AS", "Bø"))
    assert [hidden.within(text) for text in ("plans/nord_nett_as 2022.gpkg", "bø.csv", "bølge.csv", "Nett")] == [
        True,
        True,
        False,
        False,
    ]


# Cells


def test_an_area_is_drawn_by_the_cells_of_its_places() -> None:
    places = gpd.GeoDataFrame(
        {"area_id": ["a", "a", "b", None]}, geometry=[Point(10, 10), Point(260, 20), Point(900, 900), Point(0, 9000)],
        crs=toy.CRS,
    )  # fmt: skip
    areas = gpd.GeoDataFrame({"area_id": ["a", "b", "c"]}, geometry=[Point(1, 1).buffer(9)] * 3, crs=toy.CRS)
    drawn = in_cells(areas, places, by="area_id").geometry
    assert drawn.iloc[0].equals(box(0, 0, 500, 250))
    assert drawn.iloc[1].equals(box(750, 750, 1000, 1000))
    assert drawn.iloc[2].equals(areas.geometry.iloc[2])


def test_a_route_goes_from_centre_to_centre() -> None:
    ways = [
        MultiLineString([[(0, 0), (40, 0), (300, 10)]]),
        MultiLineString([[(0, 0), (3, 3)]]),
        LineString([(0, 0), (0, 600)]),
    ]
    routes = gpd.GeoDataFrame({"area_id": list("abc")}, geometry=ways, crs=toy.CRS)
    drawn = along_cells(routes).geometry
    assert drawn.iloc[0].equals(MultiLineString([[(125, 125), (375, 125)]]))
    assert drawn.iloc[1].is_empty
    assert shapely.length(drawn.iloc[2]) == 500


# Files


def contents(path: Path) -> str:
    """Return everything that a file says as one text."""
    if path.suffix == ".pdf":
        reader = pypdf.PdfReader(path)
        return "\n".join(page.extract_text() for page in reader.pages) + str(reader.metadata)
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    if path.suffix == ".gpkg":
        with sqlite3.connect(path) as base:
            names = [row[0] for row in base.execute("select name from sqlite_master where type = 'table'")]
            return "\n".join(str(row) for name in names for row in base.execute(f'select * from "{name}"'))  # noqa: S608
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("who", "language"), list(zip(AUDIENCES, ("en", "nb", "nb"), strict=True)))
def test_no_file_holds_what_its_audience_must_not_see(who: str, language: str, tmp_path: Path) -> None:
    for report, formats in reports.FORMATS.items():
        for format_ in formats:
            path = tmp_path / f"{report}.{format_}"
            if report == "addresses":
                asked = {"municipality": ["5001"], "audience": Audience.parse(who), "language": language}
                with pytest.raises(PolicyError, match="holds addresses of homes"):
                    reports.render(whole(), report, format=format_, path=path, **asked)
                continue
            if format_ == "html":
                export.write_html(shown(who), path, language=language)
            else:
                reports.render(
                    whole(), report, format=format_, path=path, audience=Audience.parse(who), language=language
                )
            text = contents(path)
            found = [token for token in FORBIDDEN[who] if token in text]
            assert found == [], f"{path.name}: {text[text.index(found[0]) - 200 :][:400]}"
            assert "123456789" not in text.replace("\u202f", "").replace(" ", "")


def test_a_file_says_for_whom_it_is(tmp_path: Path) -> None:
    for format_, expected in (
        ("pdf", "For the public"),
        ("xlsx", "For the public"),
        ("csv", "public"),
        ("geojson", '"audience": "public"'),
    ):
        path = tmp_path / f"gap.{format_}"
        reports.render(whole(), "gap", format=format_, path=path, audience=Audience("public"))
        assert expected in contents(path)
    path = tmp_path / "internal.csv"
    reports.render(whole(), "gap", format="csv", path=path, audience=INTERNAL)
    assert "audience" not in contents(path)


def test_a_report_of_a_narrowed_assessment_is_for_its_audience(tmp_path: Path) -> None:
    reports.render(shown("public"), "gap", format="csv", path=tmp_path / "a.csv")
    reports.render(whole(), "gap", format="csv", path=tmp_path / "b.csv", audience=Audience("public"))
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    with pytest.raises(CoverageError):
        reports.render(shown("public"), "gap", format="csv", path=tmp_path / "c.csv", audience=INTERNAL)


def test_the_public_map_has_no_home_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "gap.geojson"
    reports.render(whole(), "gap", format="geojson", path=path, audience=Audience("public"))
    degrees = homes().to_crs("EPSG:4326").geometry
    there = {(round(x, 6), round(y, 6)) for x, y in zip(degrees.x, degrees.y, strict=True)}
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    shapes = [shapely.from_geojson(json.dumps(one["geometry"])) for one in features if one["geometry"]]
    assert not there & {(round(x, 6), round(y, 6)) for x, y in shapely.get_coordinates(shapes)}


def test_rivals_are_named_to_the_council_where_they_serve_and_nowhere_where_they_plan() -> None:
    places = shown("council").places
    assert set(places["fixed_provider"]) == {OWN, RIVAL}
    assert set(places["planned_by"].dropna()) == {"an operator"}
