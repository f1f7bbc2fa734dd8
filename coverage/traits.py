"""What the places of an area, and its municipalities, tell of it: how badly served, how remote, how dependent.

These are the columns that optional criteria and some templates read; coverage/criteria.py says which.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.crs import require_metric
from coverage.errors import DataError
from coverage.kinds import is_mobile
from coverage.policy import Policy
from coverage.schemas import MOBILE_LEVELS, SHARE_PREFIX

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer[Any]]

CRITERIA_DIR: Final = Path(__file__).parent.parent / "data" / "criteria"
TABLES: Final = ("centrality.csv", "optional.toml")
HALF_ROUNDING: Final = 1e-9  # sums of shares may fall short of a half by their last digit
WHITE_MBPS: Final = 30.0  # gigabit-projekttraeger.de (2024): a white spot has less than this down
COLUMNS: Final = (
    "worst_served_share",
    "centrality_class",
    "single_operator_share",
    "hub_distance_m",
    "white_spot_share",
    "inhabitants_per_km2",
    "municipalities",
)


def area_columns(
    areas: pd.DataFrame,
    places: pd.DataFrame,
    *,
    policy: Policy,
    country: str,
    municipalities: gpd.GeoDataFrame | None = None,
    household_size: float | None = None,
) -> pd.DataFrame:
    """Return COLUMNS on the index of the areas; NaN where the data do not tell.

    An area's premises are weight x eligible of the places with its `area_id`, or weight of those with its
    `mobile_area_id`; its municipalities are those of these places, or where it has none its own.

    - `worst_served_share`: of its premises those in the lowest tier; not of masts.
    - `centrality_class`: 1 (most central) to 6, mean over its premises, of the country's municipalities in
      `data/criteria/centrality.csv`; NaN where any of them is not listed.
    - `single_operator_share`: of its premises those that at most one mobile operator reaches with the policy's level
      and at most one fixed network passes, so that nothing takes over when that one is down. Premises of which the
      data tell too little are left out.
    - `hub_distance_m`: half of its businesses are within this road distance of a support hub.
    - `white_spot_share`: of all premises of its municipalities those below 30 Mbit/s down that are eligible.
    - `inhabitants_per_km2` of its municipalities together: households x `household_size` over the area of
      `municipalities`, in a metric system; where the boundaries take in the sea, so does the figure.
    - `municipalities`: how many there are.
    """
    members = _members(areas, places)
    rows, at, premises = members.rows, members.area, members.premises
    size = len(areas)
    mobile = is_mobile(areas)
    lowest = _lowest_tier(places, policy)[rows]
    risk, told = _single_operator(places)
    pairs = _municipalities_of(areas, places, members)
    sums = _municipality_sums(places, policy)
    together = sums.reindex(pairs["code"]).groupby(pairs["at"].to_numpy()).sum().reindex(range(size), fill_value=0.0)
    found: dict[str, Any] = {
        "worst_served_share": np.where(mobile, np.nan, _share(lowest, premises, at=at, size=size)),
        "centrality_class": _centrality(places, members, pairs, country=country, size=size),
        "single_operator_share": _share(premises * risk[rows], premises * told[rows], at=at, size=size),
        "hub_distance_m": _half_within(places, members, size=size),
        "white_spot_share": np.where(mobile, np.nan, _ratio(together["white"], together["told"])),
        "inhabitants_per_km2": _density(together, pairs, municipalities, household_size, size=size),
        "municipalities": np.bincount(pairs["at"], minlength=size).astype(float),
    }
    return pd.DataFrame(found, index=areas.index)[list(COLUMNS)]


def mobile_by_operator(areas: pd.DataFrame, places: pd.DataFrame, *, levels: Mapping[str, Ints]) -> pd.Series[str]:
    """Say which mobile level at least half of an area's premises have from each operator, on the index of the areas.

    `levels` are positions in schemas.MOBILE_LEVELS on the rows of the places, by operator; premises are those of
    `area_columns`. Each is told as `<operator>: <level>`, with "; " between; null where an area has no premises, or
    nothing is known of any operator.
    """
    members = _members(areas, places)
    size = len(areas)
    told: list[list[str]] = [[] for _ in range(size)]
    whole = np.bincount(members.area, members.premises, minlength=size)
    for operator, level in levels.items():
        best = np.zeros(size, dtype=np.int64)
        for rank in range(1, len(MOBILE_LEVELS)):
            reached = np.bincount(members.area, members.premises * (level[members.rows] >= rank), minlength=size)
            best[reached >= whole / 2.0 - HALF_ROUNDING * whole] = rank
        for row in np.flatnonzero(whole > 0):
            told[row].append(f"{operator}: {MOBILE_LEVELS[best[row]]}")
    return pd.Series(["; ".join(parts) or None for parts in told], index=areas.index, dtype="str")


def tables_digest() -> str:
    """Return the SHA-256 of all tables of `data/criteria`, in the order of their names."""
    return hashlib.sha256(b"".join((CRITERIA_DIR / name).read_bytes() for name in TABLES)).hexdigest()


@cache
def centrality(country: str) -> Mapping[str, float]:
    """Return the centrality class of each listed municipality of a country, 1 (most central) to 6; {} for none.

    Raises DataError if the table cannot be read, or has a municipality twice or a class that is none.
    """
    path = CRITERIA_DIR / "centrality.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["country"] == country]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"data/criteria/{path.name}: the table cannot be read ({error})") from error
    found: dict[str, float] = {}
    for row in rows:
        code, value = row["municipality_code"], row["class"]
        if code in found or value not in {"1", "2", "3", "4", "5", "6"}:
            raise DataError(
                f"data/criteria/{path.name}: municipality {code} has class {value!r}; expected one class from 1 to 6"
            )
        found[code] = float(value)
    return found


@dataclass(frozen=True)
class _Members:
    """Hold which place is in which area: positions of both, and the premises of each. A place may be in two."""

    rows: Ints
    area: Ints
    premises: Floats


def _members(areas: pd.DataFrame, places: pd.DataFrame) -> _Members:
    ids = pd.Index(areas["area_id"])
    # By id, so that sums do not hang on the order of the places.
    order = np.argsort(places["place_id"].to_numpy(dtype=object), kind="stable")
    weight = places["weight"].to_numpy(dtype=float)
    eligible = weight * places["eligible"].to_numpy(dtype=float)
    rows, at, premises = [], [], []
    for name, counted in (("area_id", eligible), ("mobile_area_id", weight)):
        if name in places:
            found = ids.get_indexer(pd.Index(places[name].to_numpy(dtype=object)))[order]
            inside = found >= 0
            rows.append(order[inside])
            at.append(found[inside])
            premises.append(counted[order[inside]])
    joined = (np.concatenate([np.empty(0), *part]) for part in (rows, at, premises))
    row, area, premise = joined
    return _Members(row.astype(np.int64), area.astype(np.int64), premise)


def _lowest_tier(places: pd.DataFrame, policy: Policy) -> Floats:
    """Return the premises of each place that are in the policy's lowest tier and eligible."""
    first = policy.tiers[0].id
    weight, eligible = (places[name].to_numpy(dtype=float) for name in ("weight", "eligible"))
    lowest = np.where(places["tier"].eq(first).to_numpy(), eligible, 0.0)
    name = f"{SHARE_PREFIX}{first}"
    if name in places:
        share = places[name].fillna(0.0).to_numpy(dtype=float)
        lowest = np.where(_by_share(places), np.where(eligible > 0, share, 0.0), lowest)
    return np.asarray(weight * lowest, dtype=float)


def _white(places: pd.DataFrame, policy: Policy) -> tuple[Floats, Bools]:
    """Return which part of each place's eligible premises is below WHITE_MBPS, and of which places that is told."""
    eligible = places["eligible"].to_numpy(dtype=float)
    white = eligible * (places["fixed_down_mbps"].to_numpy(dtype=float) < WHITE_MBPS)
    by_share = _by_share(places)
    below = [tier.id for tier in policy.tiers if tier.down_mbps <= WHITE_MBPS]
    names = [f"{SHARE_PREFIX}{tier}" for tier in below]
    exact = any(tier.down_mbps == WHITE_MBPS for tier in policy.tiers) and set(names) <= set(places.columns)
    if not exact:
        return white, ~by_share
    share = places[names].fillna(0.0).to_numpy(dtype=float).sum(axis=1)
    return np.where(by_share, np.where(eligible > 0, np.minimum(share, 1.0), 0.0), white), np.ones(len(white), bool)


def _by_share(places: pd.DataFrame) -> Bools:
    """Say of which places the fixed service is known as a share of a municipality only."""
    if "service_basis" not in places:
        return np.zeros(len(places), dtype=bool)
    return np.asarray(places["service_basis"].eq("expected_share").fillna(False), dtype=bool)


def _single_operator(places: pd.DataFrame) -> tuple[Bools, Bools]:
    """Say which places have one operator of each kind at most, and of which the data tell whether they do."""
    mobile_told, fixed_told = places["mobile_level"].notna().to_numpy(), ~_by_share(places)
    mobile = places["mobile_operators"].to_numpy(dtype=float)
    fixed = places["fixed_networks_100"].to_numpy(dtype=float)
    second = (mobile_told & (mobile >= 2)) | (fixed_told & (fixed >= 2))
    told = second | (mobile_told & fixed_told)
    return np.asarray(told & ~second, dtype=bool), np.asarray(told, dtype=bool)


def _municipalities_of(areas: pd.DataFrame, places: pd.DataFrame, members: _Members) -> pd.DataFrame:
    """Return every pair of an area (`at`) and one of its municipalities (`code`), sorted."""
    codes = places["municipality_code"].to_numpy(dtype=object)[members.rows]
    found = pd.DataFrame({"at": members.area, "code": codes})[members.premises > 0].dropna().drop_duplicates()
    alone = np.setdiff1d(np.arange(len(areas)), found["at"])
    own = pd.DataFrame({"at": alone, "code": areas["municipality_code"].to_numpy(dtype=object)[alone]}).dropna()
    return pd.concat([found, own]).sort_values(["at", "code"], kind="stable", ignore_index=True)


def _municipality_sums(places: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Sum up premises by municipality: `told` and `white` of them, and `households`."""
    weight = places["weight"].to_numpy(dtype=float)
    white, told = _white(places, policy)
    table = pd.DataFrame(
        {
            "white": weight * white * told,
            "told": weight * told,
            "households": weight * (places["kind"] == "household").to_numpy(),
        }
    )
    order = np.argsort(places["place_id"].to_numpy(dtype=object), kind="stable")
    code = places["municipality_code"].to_numpy(dtype=object)
    return table.iloc[order].groupby(code[order]).sum()


def _centrality(places: pd.DataFrame, members: _Members, pairs: pd.DataFrame, *, country: str, size: int) -> Floats:
    """Return the mean class over the premises of each area; of an area without premises that of its municipality."""
    known = centrality(country)
    of_place = places["municipality_code"].map(known).to_numpy(dtype=float)[members.rows]
    some = members.premises > 0
    mean = _share(members.premises[some] * of_place[some], members.premises[some], at=members.area[some], size=size)
    own = np.full(size, np.nan)
    own[pairs["at"]] = pairs["code"].map(known).to_numpy(dtype=float)
    bare = np.bincount(members.area[some], minlength=size) == 0
    return np.where(bare, own, mean)


def _half_within(places: pd.DataFrame, members: _Members, *, size: int) -> Floats:
    """Return the distance to a hub within which half of the businesses of each area are, by weight."""
    found = np.full(size, np.nan)
    if "hub_distance_m" not in places:
        return found
    metres = places["hub_distance_m"].to_numpy(dtype=float)[members.rows]
    use = np.flatnonzero(~np.isnan(metres) & (members.premises > 0))
    use = use[np.lexsort((metres[use], members.area[use]))]
    begins = np.flatnonzero(np.diff(members.area[use], prepend=-1))
    for part in np.split(use, begins[1:]) if len(use) else []:
        reached = np.cumsum(members.premises[part])
        found[members.area[part[0]]] = metres[part[np.searchsorted(reached, reached[-1] / 2.0)]]
    return found


def _density(
    together: pd.DataFrame,
    pairs: pd.DataFrame,
    municipalities: gpd.GeoDataFrame | None,
    household_size: float | None,
    *,
    size: int,
) -> Floats:
    if municipalities is None or household_size is None:
        return np.full(size, np.nan)
    require_metric(municipalities, where="municipalities")
    km2 = pd.Series(municipalities.area.to_numpy() / 1e6, index=municipalities["municipality_code"].to_numpy())
    total = np.bincount(pairs["at"], km2.reindex(pairs["code"]).to_numpy(dtype=float), minlength=size)
    return _ratio(household_size * together["households"], total)


def _share(part: Floats, whole: Floats, *, at: Ints, size: int) -> Floats:
    return _ratio(np.bincount(at, part, minlength=size), np.bincount(at, whole, minlength=size))


def _ratio(part: Any, whole: Any) -> Floats:
    above, below = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    out = np.full(len(below), np.nan)
    return np.asarray(np.divide(above, below, out=out, where=below > 0), dtype=float)
