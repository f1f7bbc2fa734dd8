"""Two policies side by side, on paper: tables per municipality and per place that changes, and the files of both.

No name and no address is in these tables: `place_id` leads back to the places of an assessment.
"""

from __future__ import annotations

import functools
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from coverage.contrast import COUNTED, OUTCOMES, SHORT, Contrast
from coverage.errors import CoverageError, DataError
from coverage.policy import Policy, load_policy
from coverage.reports import delimited, geo, side_books
from coverage.reports.side_books import Sheet
from coverage.reports.wording import Wording, load_wording
from coverage.study import Study

TEXT_DIR: Final = Path(__file__).parent / "texts" / "contrast"
FORMATS: Final = ("csv", "gpkg", "xlsx")
STEM: Final = "contrast"
DECIMALS: Final = 3  # of a count, where shares make it fractional
SHOWN: Final = OUTCOMES[:-1]  # what the table per municipality on the terminal tells: who is eligible at all
PLACE_COLUMNS: Final = (
    "place_id", "municipality_code", "kind", "weight", "contrast", "changed", "eligible_a", "eligible_b",
    "tier_a", "tier_b", "reason_code_a", "reason_code_b",
)  # fmt: skip


@functools.cache
def texts(language: str) -> Mapping[str, Any]:
    """Return the texts of a language, or raise CoverageError naming the languages there are."""
    path = TEXT_DIR / f"{language}.toml"
    if path.parent != TEXT_DIR or not path.is_file():
        known = ", ".join(sorted(file.stem for file in TEXT_DIR.glob("*.toml")))
        raise CoverageError(f"the comparison has no texts in language {language!r}; expected one of {known}")
    return MappingProxyType(tomllib.loads(path.read_text(encoding="utf-8")))


def municipality_counts(found: Contrast, *, municipalities: gpd.GeoDataFrame, study: Study) -> gpd.GeoDataFrame:
    """Return one row per municipality with its counts and shape, the one where most premises change first.

    Columns: municipality_code, municipality, premises_changed, then all, each outcome and what is short under each
    policy, for premises, businesses and households; policy_a, policy_b, as_of, data_status. Municipalities without
    places have zeros; places outside every municipality have a row without name and shape.
    """
    counts = found.municipalities.set_index("municipality_code")
    codes = sorted({*counts.index.astype(str), *municipalities["municipality_code"].astype(str)})
    table = counts.reindex(codes, fill_value=0.0).round(DECIMALS)
    about = municipalities.set_index(municipalities["municipality_code"].astype(str))
    columns = {"municipality_code": table.index, "municipality": about["name"].reindex(codes).array}
    columns |= {"premises_changed": (table["premises_only_a"] + table["premises_only_b"]).round(DECIMALS)}
    columns |= {
        name: table[name] for what in COUNTED for name in (what, *(f"{what}_{part}" for part in (*OUTCOMES, *SHORT)))
    }
    frame = gpd.GeoDataFrame(
        pd.DataFrame(columns, index=table.index).reset_index(drop=True),
        geometry=about.geometry.reindex(codes).array,
        crs=municipalities.crs,
    )
    order = np.lexsort((frame["municipality_code"], -frame["premises_changed"]))
    return _stamped(frame.iloc[order].reset_index(drop=True), found, study)


def changed_places(found: Contrast, *, study: Study) -> gpd.GeoDataFrame:
    """Return the places of which any premises are eligible under one policy alone, in the order of the study."""
    rows = found.places.loc[found.places["changed"] > 0, [*PLACE_COLUMNS, "geometry"]]
    return _stamped(rows.reset_index(drop=True), found, study)


def _stamped(frame: gpd.GeoDataFrame, found: Contrast, study: Study) -> gpd.GeoDataFrame:
    stamped: gpd.GeoDataFrame = frame.assign(
        policy_a=found.policy_a,
        policy_b=found.policy_b,
        as_of=study.as_of.isoformat(),
        data_status=study.data_status,
    )
    return stamped


def attributes(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return a layer without its shapes: what a table of it holds."""
    return pd.DataFrame(frame.drop(columns=frame.geometry.name))


def to_mapping(found: Contrast, *, study: Study) -> dict[str, Any]:
    """Return what `--json` prints."""
    head = {"study": study.id, "as_of": study.as_of.isoformat(), "data_status": study.data_status}
    return head | found.summary()


def files_for(path: Path) -> list[Path]:
    """Return the files that a folder or a file's name stands for, or raise DataError for an ending not of FORMATS."""
    ending = path.suffix.removeprefix(".").lower()
    if path.is_dir() or not ending:
        return [path / f"{STEM}.{format_}" for format_ in FORMATS]
    if ending not in FORMATS:
        raise DataError(f"{path.name}: expected a folder, or a file that ends in {', '.join(FORMATS)}")
    return [path]


def write_contrast(
    found: Contrast, path: Path, *, municipalities: gpd.GeoDataFrame, study: Study, language: str = "en"
) -> list[Path]:
    """Write the comparison to a file by its ending, or to contrast.csv, .gpkg and .xlsx in a folder.

    A CSV holds the table per municipality; GeoPackage and workbook hold the places that change too. Files appear
    when they are complete. Raises DataError for an ending that is not of FORMATS, and where nothing can be written.
    """
    targets = files_for(path)
    layers = {
        "contrast_municipalities": municipality_counts(found, municipalities=municipalities, study=study),
        "contrast_places": changed_places(found, study=study),
    }
    policies = (load_policy(found.policy_a), load_policy(found.policy_b))
    folder = targets[0].parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: this folder cannot be made ({error.strerror}); name another") from error
    with tempfile.TemporaryDirectory(prefix=f".{STEM}-", dir=folder) as room:
        for target in targets:
            _WRITERS[target.suffix.removeprefix(".").lower()](
                layers, Path(room) / target.name, study, policies, language
            )
        for target in targets:
            (Path(room) / target.name).replace(target)
    return targets


def write_places(found: Contrast, path: Path, *, study: Study) -> None:
    """Write the places that change as CSV, with x and y in the study's CRS."""
    places = changed_places(found, study=study)
    delimited.write_csv(attributes(places).assign(x=places.geometry.x, y=places.geometry.y), path)


Layers = Mapping[str, gpd.GeoDataFrame]


def _write_csv(layers: Layers, path: Path, study: Study, policies: tuple[Policy, Policy], language: str) -> None:
    delimited.write_csv(attributes(layers["contrast_municipalities"]), path)


def _write_gpkg(layers: Layers, path: Path, study: Study, policies: tuple[Policy, Policy], language: str) -> None:
    geo.write_geopackage(layers, path, as_of=study.as_of, wording=load_wording(language))


def _write_xlsx(layers: Layers, path: Path, study: Study, policies: tuple[Policy, Policy], language: str) -> None:
    said, wording = texts(language), load_wording(language)
    municipalities, places = (attributes(layer) for layer in layers.values())
    places = places.assign(contrast=places["contrast"].map(said["outcomes"]))
    sheets = [
        Sheet("contrast_municipalities", municipalities, frozen=2, labels=_labels(wording, said)),
        Sheet("contrast_places", places, frozen=1),
    ]
    side_books.write_contrast(sheets, path, study=study, policies=policies, notes=said["about"], wording=wording)


def _labels(wording: Wording, said: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return label and meaning of every column of counts."""
    found = {}
    for what in COUNTED:
        counted = wording.text("counted", what)
        found[what] = (counted, wording.text("contrast_book", "whole_meaning"))
        for outcome in OUTCOMES:
            label = wording.text("contrast_book", "side", counted=counted, outcome=said["outcomes"][outcome])
            found[f"{what}_{outcome}"] = (label, wording.text("contrast_book", "side_meaning"))
        for short in SHORT:
            label = wording.text("contrast_book", "short", counted=counted, side=short[-1].upper())
            found[f"{what}_{short}"] = (label, wording.text("contrast_book", "short_meaning"))
    return found


def _heading(policy_a: str, policy_b: str, study: Study, language: str) -> list[str]:
    said = texts(language)
    wording = load_wording(language)
    names = [wording.said(load_policy(policy).name) for policy in (policy_a, policy_b)]
    as_of = wording.date(study.as_of, short=True)
    lines = [said["heading"].format(study=study.name, as_of=as_of, a=policy_a, b=policy_b)]
    if study.data_status in said:
        lines.append(str(said[study.data_status]))
    return [*lines, *(said["name"].format(side=side, name=name) for side, name in zip("AB", names, strict=True))]


_WRITERS: Final[dict[str, Callable[[Layers, Path, Study, tuple[Policy, Policy], str], None]]] = {
    "csv": _write_csv,
    "gpkg": _write_gpkg,
    "xlsx": _write_xlsx,
}


def print_contrast(
    found: Contrast, console: Console, *, municipalities: gpd.GeoDataFrame, study: Study, language: str = "en"
) -> None:
    """Print the totals and the table per municipality."""
    said = texts(language)
    for line in _heading(found.policy_a, found.policy_b, study, language):
        console.print(escape(line))
    total = Table(said["outcome"], *(_right(said["counted"][what]) for what in COUNTED))
    for outcome in OUTCOMES:
        total.add_row(said["outcomes"][outcome], *(_count(found.total[f"{what}_{outcome}"]) for what in COUNTED))
    console.print(total)
    if not found.places["changed"].any():
        console.print(said["same"])
    heads = [_right(said["counted"]["premises"])]
    heads += [_right(said["outcomes"][outcome]) for outcome in SHOWN]
    heads += [_right(f"{said['changed']}: {said['counted'][what]}") for what in COUNTED]
    table = Table(said["municipality"], *heads)
    rows = municipality_counts(found, municipalities=municipalities, study=study)
    for row in attributes(rows).to_dict("records"):
        name = row["municipality_code"] if pd.isna(row["municipality"]) else row["municipality"]
        shown = [row["premises"], *(row[f"premises_{outcome}"] for outcome in SHOWN)]
        shown += [row[f"{what}_only_a"] + row[f"{what}_only_b"] for what in COUNTED]
        table.add_row(escape(str(name)), *(_count(value) for value in shown))
    console.print(table)


def _right(text: str) -> Column:
    return Column(text, justify="right")


def _count(value: float) -> str:
    """Write a count with thin spaces; one decimal where shares make it fractional."""
    rounded = round(float(value), 1)
    text = f"{rounded:,.0f}" if rounded.is_integer() else f"{rounded:,.1f}"
    return text.replace(",", "\u202f")
