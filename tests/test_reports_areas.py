"""What reports say of areas: which are drawn, what leaving a place out would cost, and rules that were changed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import openpyxl
import pytest
from shapely.geometry import box

from coverage import pipeline, reports
from coverage.assessment import Assessment
from coverage.reports.short import short_places
from coverage.reports.tables import area_table
from coverage.scenario import Scenario
from coverage.study import Study
from tests import toy
from tests.studymaker import X0, Y0, tiny_study
from tests.test_sources_lots import draw

RULES = {"split_by_municipality": False, "cut_m": 6000.0, "min_premises": 1.0}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    tiny = tiny_study(tmp_path_factory.mktemp("tiny"))
    draw(tiny, [box(X0 + 5500, Y0 + 5500, X0 + 9500, Y0 + 9500)], navn=["North"])
    study = Study.open(tiny.folder)
    return pipeline.assess(study, Scenario.from_mapping({"policy": "no-2024", "budget": 5e6, "areas": RULES}))


def test_areas_tell_who_drew_them_and_what_leaving_a_place_out_would_cost(drawn: Assessment) -> None:
    table = area_table(drawn).set_index("area_id")
    assert table["drawn"].to_dict() == {name: name == "5001-lot-L0" for name in table.index}
    assert table.loc["5001-lot-L0", "name"] == "North"
    fibre = table[table["technology"] == "fibre"]
    assert len(fibre)
    assert (fibre["stranding_capex_median"] <= fibre["stranding_capex_max"]).all()
    assert (table["technology"] == "fibre").equals(table["stranding_capex_max"].notna())
    places = short_places(drawn)
    most = places.groupby("area_id")["stranding_capex"].max()
    assert fibre["stranding_capex_max"].to_dict() == pytest.approx(most.reindex(fibre.index).to_dict())
    assert places["stranding_capex"].notna().equals(places["area_id"].notna())


def test_nothing_is_said_of_drawing_where_nobody_drew() -> None:
    assert "drawn" not in area_table(toy.assessment())


@pytest.mark.parametrize(
    ("language", "label", "said"),
    [
        ("en", "Rules for areas (changed here)", "across municipalities; cut at 6000 m; 1 to 400 premises"),
        ("nb", "Regler for områder (endret her)", "på tvers av kommuner; delt ved 6000 m; 1 til 400 enheter"),
    ],
)
def test_workbooks_say_which_rules_were_changed(
    drawn: Assessment, tmp_path: Path, language: str, label: str, said: str
) -> None:
    def facts(assessment: Assessment) -> dict[str, str]:
        path = tmp_path / "gap.xlsx"
        reports.render(assessment, "gap", format="xlsx", path=path, language=language)
        book = openpyxl.load_workbook(path)
        rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
        book.close()
        return {str(row[0]): str(row[1]) for row in rows if len(row) > 1}

    assert facts(drawn)[label].replace("\u202f", "").replace("\u00a0", "") == said
    plain = dataclasses.replace(drawn, scenario=drawn.scenario.with_changes(areas=()))
    assert label not in facts(plain)
