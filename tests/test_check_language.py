"""What `check` and the readers say of data, in Norwegian: every reason, note and finding, and the parts of them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import coverage
from coverage.reports.wording import LONGEST, load_wording
from maps import style

ROOT = Path(coverage.__file__).parent
NB = load_wording("nb")
# Modules whose sentences a reader of the dashboard may meet.
MODULES = (
    "addresses", "applications", "awards", "batch", "classes", "corrections", "disputes", "encoding", "filled_form",
    "geometry", "headers", "hearing", "mapping", "offers", "parts", "positions", "premises", "shapes", "shares",
    "table", "tally",
)  # fmt: skip
# Parts of sentences, names and what is shown as a value: said in the sentence that they stand in, or in every language.
PARTS = {
    "ikke i bruk", "a provider not named", "study.toml: source {}", "study.toml: source {}, crs", " or ", "one of {}",
    "none; study.toml says {}", "bytes of text", "Mbit/s above 0", "dBm or Mbit/s that rise from level to level",
    "{} (row {} of {}: {})", "{} (in the cell ids)", "{} (of the {} ids)", "study.toml: source {}: postcode_columns",
    "{} from {}", "{} ({})", " (and {} more rows for this reason, which are not listed)",
    "column#{}", " / ",
}  # fmt: skip


def template(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def sentences(path: Path) -> set[str]:
    """Return the texts of three words and more in a module that are neither docstrings nor in an error."""
    tree, left = ast.parse(path.read_text(encoding="utf-8")), set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and isinstance(node.body[0], ast.Expr):
            left.add(id(node.body[0].value))
        if isinstance(node, ast.JoinedStr):
            left |= {id(part) for part in node.values}
        if isinstance(node, ast.Raise):
            left |= {id(part) for part in ast.walk(node)}
    found = {text for node in ast.walk(tree) if id(node) not in left and (text := template(node))}  # type: ignore[arg-type]
    return {text for text in found if text.count(" ") >= 2} - PARTS


def filled(text: str) -> str:
    return text.replace("{}", "⟦1⟧")


@pytest.mark.parametrize("path", [*(ROOT / "sources" / f"{name}.py" for name in MODULES), ROOT / "findings.py"])
def test_every_sentence_about_data_is_said_in_norwegian(path: Path) -> None:
    loose = [text for text in sorted(sentences(path)) if NB.said(filled(text)) == filled(text)]
    assert loose == []


def test_a_sentence_is_said_with_all_its_parts() -> None:
    thin = style.THIN

    def said(text: str) -> str:
        return NB.said(text).replace(thin, " ")

    assert said("1,234 of 2,000 rows rejected, all because type: expected one of business, household") == (
        "1 234 av 2 000 rader avvist, alle fordi type: ventet en av business, household"
    )
    assert said("3 of 40 rows rejected, 2 because the row has 5 fields; expected 7") == (
        "3 av 40 rader avvist, 2 fordi raden har 5 felt; ventet 7"
    )
    assert said("2 columns are not used: 'a' (may be 'b'), 'c' (may be 'd')") == (
        "2 kolonner er ikke brukt: 'a' (kan være 'b'), 'c' (kan være 'd')"
    )
    assert said("dates of the sources run from 2020-01-01 to 2022-06-30; the study is as of 2022-06-30") == (
        "kildenes datoer går fra 01.01.2020 til 30.06.2022; studien er per 30.06.2022"
    )
    assert said(
        "upload/a.csv: all 7 rows were rejected (kind: is empty; expected true or false); expected usable rows"
    ) == ("upload/a.csv: alle 7 rader ble avvist (kind: er tom; ventet true eller false); ventet rader som kan brukes")
    assert said("9 rows left out: outside the study area (clip)") == "9 rader utelatt: utenfor studieområdet (clip)"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing that is known",
        "<b>x</b>",
        "{source}",
        "2024-13-01",
        "2024-02-30",
        "a" * (LONGEST + 1),
        "\n of \n rows rejected",
    ],
)
def test_what_is_not_known_stays_as_it_is(text: str) -> None:
    assert NB.said(text) == text


def test_a_long_hostile_text_costs_no_time_worth_noting() -> None:
    for part in ("row 1: x; ", " because ", " of 1 rows rejected, ", "'a' (may be 'b'), "):
        text = part * (LONGEST // len(part))
        assert isinstance(NB.said(text), str)
