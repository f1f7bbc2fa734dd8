"""`check` says per source what was rejected, repaired and left out, and nothing else."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from coverage import check
from coverage.errors import DataError
from coverage.study import Study
from tests.studymaker import TinyStudy, tiny_study


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    return tiny_study(tmp_path / "tiny")


def printed(report: check.CheckReport, width: int = 200) -> str:
    out = io.StringIO()
    report.print(Console(file=out, width=width))
    return out.getvalue()


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
        "premises: 6 of 40 rows rejected",
        "premises: 1 of 34 places lie outside every municipality",
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
    assert "Warning: premises: 1 of 34" in text


def test_values_from_files_are_never_markup(tiny: TinyStudy) -> None:
    path = tiny.folder / "premises.csv"
    path.write_text("id;type;count;east;north\na;B;1;271000;7031000\nb;[bold]x[/];1;271000;7031000\n", encoding="utf-8")
    assert "row 2: [bold]x[/]" in printed(check.inspect(Study.open(tiny.folder)))


def test_rows_follow_the_columns(tiny: TinyStudy) -> None:
    report = check.inspect(Study.open(tiny.folder))
    assert all(len(row) == len(check.COLUMNS) for row in report.rows())
    assert report.rows()[0] == (
        "municipalities", "municipalities", "2", "0", "0", "0", "EPSG:25833", "2024-01-01", "real",
    )  # fmt: skip


def test_unusable_source_is_an_error_not_a_report(tiny: TinyStudy) -> None:
    (tiny.folder / "roads.gpkg").unlink()
    with pytest.raises(DataError, match=r"roads\.gpkg: the file does not exist"):
        check.inspect(Study.open(tiny.folder))
