"""The profile of businesses: sector, upload dependence, the ground that farms and fish farms work on, parks and hubs.

What a sector's code says is data in `data/business`: every row has its source, year and confidence. The upload
dependence is a weight of the criterion "business and mobile" and nothing else: it decides no place's eligibility.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.errors import DataError
from coverage.ground import Reach, measure_ground
from coverage.hubs import find_hubs
from coverage.inputs import ExtentLayer, MobileLayer, SourceSpec
from coverage.nace import classify, load_standards, read_rows, section_name
from coverage.policy import Policy
from coverage.roads import RoadGraph
from coverage.schemas import GROUNDS, NACE_STANDARDS, PROFILE, SIZE_CLASSES

Floats = npt.NDArray[np.float64]

NEUTRAL: Final = 1.0
NOT_TOLD: Final = ""  # stands for a section that is not known
EXAMPLES: Final = 3
# What is said of codes by their note; that a register states none for some is no fault.
REMARKS: Final = {
    "unknown": "that neither SN2007 nor SN2025 lists",
    "ambiguous": "whose section differs between SN2007 and SN2025, and nace_version does not say which it is of",
    "other_version": "of the other version than nace_version says",
}


def profile(
    places: gpd.GeoDataFrame,
    *,
    hubs: gpd.GeoDataFrame,
    extents: Sequence[ExtentLayer],
    mobile: Sequence[MobileLayer],
    municipalities: gpd.GeoDataFrame,
    policy: Policy,
    sources: Sequence[SourceSpec] = (),
    graph: RoadGraph | None = None,
) -> gpd.GeoDataFrame:
    """Return the places with the columns of schemas.PROFILE; `line_of_business` is filled where it is empty.

    Businesses alone have a profile: elsewhere `upload_dependence` is 1 and the others are null. A source's option
    `nace_version` says which version of the classification its codes are of, see `nace.classify`. An empty
    `line_of_business` becomes the section's English name. Raises DataError or CrsError naming the layer that cannot be
    used.
    """
    business = (places["kind"] == "business").to_numpy()
    rows = places.loc[business]
    versions = {spec.id: str(spec.options["nace_version"]) for spec in sources if "nace_version" in spec.options}
    coded = classify(rows["nace"], source=rows["source"], versions=versions)
    works_on = _works_on(rows["nace"], coded)
    reach = Reach(*(parameter(name) for name in ("land_radius_m", "sea_radius_m", "ground_step_m", "shore_m")))
    parts = [
        coded,
        works_on.to_frame(),
        measure_ground(
            rows,
            works_on=works_on,
            extents=extents,
            mobile=mobile,
            municipalities=municipalities,
            policy=policy,
            reach=reach,
        ),
        find_hubs(rows, hubs=hubs, park_radius_m=parameter("park_radius_m"), graph=graph),
    ]
    told = pd.concat(parts, axis=1).assign(upload_dependence=_upload_dependence(coded))
    added: dict[str, Any] = {}
    for name in PROFILE.columns:
        value = np.full(len(places), NEUTRAL if name == "upload_dependence" else np.nan)
        if told[name].dtype == float:
            value[business] = told[name].to_numpy(dtype=float)
            added[name] = value
        else:
            text = np.full(len(places), None, dtype=object)
            text[business] = told[name].to_numpy(dtype=object, na_value=None)
            added[name] = pd.array(text, dtype="str")
    line = np.array(places["line_of_business"].to_numpy(dtype=object, na_value=None))
    line[business] = np.where(pd.isna(line[business]), _names(coded), line[business])
    return places.assign(line_of_business=pd.array(line, dtype="str"), **added)


def summarise_profile(places: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return the businesses in figures for summary.json: by size, section, ground and distance to a support hub.

    Premises are counted by weight: `businesses`, those `short` of fixed service, those `eligible`, and `employees`.
    Size is by headcount. Of farms and of those who work on the sea `covered_share` is the mean over premises of the
    share of their ground with the policy's mobile level, null where the mobile data do not tell it of any.
    """
    firms = places[places["kind"] == "business"]
    weight = firms["weight"].to_numpy(dtype=float)
    counts = pd.DataFrame(
        {
            "businesses": weight,
            "short": weight * firms["short_fixed"].to_numpy(dtype=float),
            "eligible": weight * firms["eligible"].to_numpy(dtype=float),
            "employees": firms["employees"].fillna(0).to_numpy(dtype=float),
        },
        index=firms.index,
    )
    sizes = firms["size_class"].to_numpy(dtype=object)
    notes = counts["businesses"].groupby(firms["nace_note"].to_numpy(dtype=object)).sum()
    return {
        "by_headcount": {name: _plain(counts[sizes == name].sum()) for name in SIZE_CLASSES if (sizes == name).any()},
        "by_section": _by_section(firms, counts),
        "codes": {str(name): _round(value) for name, value in notes.items()},
        "works_on": {ground: _ground(firms[firms["works_on"].eq(ground).fillna(False)]) for ground in GROUNDS},
        **_distances(firms, counts),
    }


def remarks(places: gpd.GeoDataFrame) -> tuple[str, ...]:
    """Say what of the profile is not as a reader would expect: codes by source, and ground that is not told of."""
    firms = places[places["kind"] == "business"]
    found = []
    for source in sorted(firms["source"].unique()):
        mine = firms[firms["source"] == source]
        for note, what in REMARKS.items():
            some = mine[mine["nace_note"].eq(note).fillna(False)]
            if len(some):
                listed = ", ".join(sorted(some["nace"].unique())[:EXAMPLES])
                found.append(
                    f"{source}: {len(some):,} of {len(mine):,} businesses have an industry code {what}: {listed}"
                )
    at_sea = firms[firms["works_on"].eq("sea").fillna(False) & (firms["ground_km2"] > 0)]
    if len(at_sea) and places["mobile_level"].notna().any() and at_sea["ground_covered_share"].isna().all():
        found.append(
            "the mobile layers end at the shore: how much of the sea is covered is not known "
            f"(businesses that work there: {len(at_sea):,})"
        )
    return tuple(found)


def parameter(name: str) -> float:
    """Return a value of `data/business/parameters.csv`; raises DataError if it is not there or no number."""
    value = next((row["value"] for row in read_rows("parameters.csv") if row["id"] == name), None)
    try:
        return float(value or "")
    except ValueError as error:
        raise DataError(f"data/business/parameters.csv: {name} is {value!r}; expected a number") from error


def assumed() -> list[str]:
    """Name what of the profile is general knowledge or a judgement of ours: rows marked as assumed."""
    sectors = [f"upload dependence: {row['sector']}" for row in _marked("upload_dependence.csv")]
    grounds = [f"works on {row['works_on']}: {row['what']}" for row in _marked("works_on.csv")]
    return [*(row["id"] for row in _marked("parameters.csv")), *sectors, *grounds]


def _marked(name: str) -> list[dict[str, str]]:
    return [row for row in read_rows(name) if row["confidence"] == "assumed"]


@cache
def _factors() -> Mapping[str, float]:
    """Return the upload dependence of each division."""
    found = {}
    for row in read_rows("upload_dependence.csv"):
        for division in range(int(row["division_from"]), int(row["division_to"]) + 1):
            found[f"{division:02d}"] = float(row["factor"])
    return found


def _upload_dependence(coded: pd.DataFrame) -> Floats:
    """Return the factor of each division; of a bare section that of its divisions if all have the same; else 1."""
    factors = _factors()
    by_section = {}
    for standard in load_standards().values():
        for section in standard.names["en"]:
            values = {factors.get(number, NEUTRAL) for number, of in standard.section_of.items() if of == section}
            by_section[(standard.id, section)] = values.pop() if len(values) == 1 else NEUTRAL
    listed = {number for standard in load_standards().values() for number in standard.section_of}
    division = coded["nace_division"].map({number: factors.get(number, NEUTRAL) for number in listed})
    bare = [by_section.get(key, NEUTRAL) for key in zip(coded["nace_standard"], coded["nace_section"], strict=True)]
    return np.where(division.notna(), division.to_numpy(dtype=float), np.array(bare, dtype=float))


def _works_on(codes: pd.Series, coded: pd.DataFrame) -> pd.Series:
    """Return what the longest prefix of a code that `works_on.csv` names works on; null where none does."""
    found = np.full(len(codes), None, dtype=object)
    digits = codes.fillna("").astype("str").str.replace(r"^\s*[A-Va-v]?\s*", "", regex=True)
    rest = digits.str.replace(r"^\d{1,2}\.", "", regex=True).where(digits.str.contains(".", regex=False))
    full = (coded["nace_division"].fillna("") + rest.fillna(digits.str.slice(2))).to_numpy(dtype=object)
    rules = sorted(read_rows("works_on.csv"), key=lambda row: len(row["code"]))
    starts = full.astype("str")
    for row in rules:
        found[np.char.startswith(starts, row["code"].replace(".", ""))] = row["works_on"]
    return pd.Series(pd.array(found, dtype="str"), index=codes.index, name="works_on")


def _names(coded: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return the English name of each section; of a version that is not told, the newest one's."""
    standard = coded["nace_standard"].fillna(NACE_STANDARDS[-1])
    names = [
        None if pd.isna(section) else section_name(version, section)
        for version, section in zip(standard, coded["nace_section"], strict=True)
    ]
    return np.array(names, dtype=object)


def _by_section(firms: gpd.GeoDataFrame, counts: pd.DataFrame) -> list[dict[str, Any]]:
    keys = (firms[name].fillna(NOT_TOLD).astype("str") for name in ("nace_standard", "nace_section"))
    both = pd.Series([f"{standard} {section}" for standard, section in zip(*keys, strict=True)], index=firms.index)
    found = []
    for key, row in counts.groupby(both.to_numpy()).sum().iterrows():
        standard, section = str(key).split(" ")
        known = standard or NACE_STANDARDS[-1]
        names = {
            f"name_{tongue}": section_name(known, section, language=tongue) if section else None
            for tongue in ("en", "nb")
        }
        found.append({"standard": standard or None, "section": section or None, **names, **_plain(row)})
    return found


def _ground(firms: gpd.GeoDataFrame) -> dict[str, Any]:
    weight, share = firms["weight"].to_numpy(dtype=float), firms["ground_covered_share"].to_numpy(dtype=float)
    told = ~np.isnan(share)
    total = float(weight[told].sum())
    return {
        "businesses": _round(weight.sum()),
        "told": _round(total),
        "covered_share": round(float((weight * share)[told].sum()) / total, 4) if total else None,
        "wholly_covered": _round(weight[told & (share >= 1)].sum()),
        "not_covered": _round(weight[told & (share <= 0)].sum()),
    }


def _distances(firms: gpd.GeoDataFrame, counts: pd.DataFrame) -> dict[str, Any]:
    """Count businesses in parks, and by the distance to the nearest hub; nothing where the study has neither."""
    found: dict[str, Any] = {}
    if firms["business_park"].notna().any():
        found["in_business_parks"] = _plain(counts[firms["business_park"].notna().to_numpy()].sum())
    metres = firms["hub_distance_m"].to_numpy(dtype=float)
    if not np.isnan(metres).all():
        near, far = parameter("hub_near_m"), parameter("hub_far_m")
        found["hub_distance"] = {
            f"up_to_{near / 1000:g}_km": _plain(counts[metres <= near].sum()),
            f"up_to_{far / 1000:g}_km": _plain(counts[(metres > near) & (metres <= far)].sum()),
            f"over_{far / 1000:g}_km": _plain(counts[metres > far].sum()),
        }
    return found


def _plain(row: pd.Series) -> dict[str, float | int]:
    return {str(name): _round(value) for name, value in row.items()}


def _round(value: float) -> float | int:
    rounded = round(float(value), 1)
    return int(rounded) if rounded.is_integer() else rounded
