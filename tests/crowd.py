"""A study of any size, made of the toy's rows many times over: towns strewn over a country, seeded."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from coverage.assessment import Assessment
from tests import toy
from tests.toy_masts import masted

WIDE, TALL = 300_000.0, 600_000.0  # metres
TOWN_M = 2_500.0  # how far a town reaches
SIDES = 14  # of an area
BENDS = 10  # of a route


@dataclass(frozen=True)
class Size:
    """Hold how much of everything there is."""

    places: int
    areas: int
    masts: int
    municipalities: int
    hubs: int = 0


def crowd(size: Size, *, seed: int = 7) -> Assessment:
    """Return a finished assessment of that size; the same seed gives the same one."""
    rng = np.random.default_rng(seed)
    plain = masted(competing=True)
    towns = _towns(size, rng)
    codes, municipalities = _municipalities(size.municipalities, towns)
    areas, routes = _areas(plain, size, towns=towns, codes=codes, rng=rng)
    masts = areas[areas["kind"] == "mobile"]
    sites = gpd.GeoDataFrame(
        {"area_id": masts["area_id"].to_numpy(), "site_id": masts["site_id"].to_numpy(), "basis": "high_ground"},
        geometry=masts.geometry.centroid.to_numpy(),
        crs=toy.CRS,
    )
    hubs = gpd.GeoDataFrame(
        {"name": [f"Hub {row}" for row in range(size.hubs)], "hub_kind": "incubator"},
        geometry=shapely.points(towns[np.arange(size.hubs) % len(towns)] + rng.normal(0, 900, (size.hubs, 2))),
        crs=toy.CRS,
    )
    study = dataclasses.replace(plain.study, id=f"crowd-{size.places}", name="Crowdland", budget=2e9)
    return dataclasses.replace(
        plain,
        places=_places(plain, size.places, towns=towns, codes=codes, areas=areas, rng=rng),
        areas=areas,
        routes=routes,
        municipalities=municipalities,
        sites=sites,
        hubs=hubs if size.hubs else plain.hubs,
        study=study,
        scenario=plain.scenario.with_changes(budget=study.budget),
        provenance=plain.provenance | {"inputs": {"crowd": f"{size} {seed}"}},
    )


def busiest(size: Size, *, seed: int = 7) -> tuple[float, float]:
    """Return the latitude and longitude of the town with most places."""
    at = gpd.GeoSeries(shapely.points(_towns(size, np.random.default_rng(seed))[:1]), crs=toy.CRS).to_crs(4326).iloc[0]
    return at.y, at.x


def _towns(size: Size, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return where the towns are: one for every area."""
    count = max(size.areas, size.municipalities, 1)
    return np.array([toy.X0, toy.Y0]) + rng.random((count, 2)) * (WIDE, TALL)


def _municipalities(count: int, towns: NDArray[np.float64]) -> tuple[NDArray[np.object_], gpd.GeoDataFrame]:
    """Cut the country into rectangles; return the code of the one of every town, and their shapes."""
    across = max(1, round(np.sqrt(count * WIDE / TALL)))
    down = -(-count // across)
    wide, tall = WIDE / across, TALL / down
    column, row = np.divmod(np.arange(across * down), down)
    west, south = toy.X0 + column * wide, toy.Y0 + row * tall
    codes = np.array([f"{1000 + number}" for number in range(across * down)], dtype=object)
    # Corners along the borders, as real ones have.
    shapes = shapely.segmentize(shapely.box(west, south, west + wide, south + tall), max(wide, tall) / 40)
    frame = gpd.GeoDataFrame(
        {"municipality_code": codes, "name": [f"Municipality {code}" for code in codes]}, geometry=shapes, crs=toy.CRS
    )
    at = ((towns - (toy.X0, toy.Y0)) // (wide, tall)).astype(int)
    return codes[at[:, 0] * down + at[:, 1]], frame


def _areas(
    plain: Assessment, size: Size, *, towns: NDArray[np.float64], codes: NDArray[np.object_], rng: np.random.Generator
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return ragged areas around towns, the last ones of kind mobile, and a bent route to each."""
    count = size.areas + size.masts
    fixed, mobile = (np.flatnonzero(plain.areas["kind"] == kind) for kind in ("fixed", "mobile"))
    like = np.concatenate([fixed[np.arange(size.areas) % len(fixed)], mobile[np.arange(size.masts) % len(mobile)]])
    frame = plain.areas.take(like).reset_index(drop=True)
    town = np.arange(count) % len(towns)
    grant = rng.lognormal(14, 1, count).round()
    masted = (frame["kind"] == "mobile").to_numpy()
    order = rng.permutation(count) + 1
    frame = frame.assign(
        area_id=[f"{codes[town[row]]}-{row:06d}" for row in range(count)],
        name=[f"Place {row % 977} {row}" for row in range(count)],
        municipality_code=codes[town],
        rank=order,
        grant=grant,
        premises=rng.integers(2, 200, count).astype(float),
        site_id=[f"site-{row}" if masted[row] else None for row in range(count)],
    )
    frame["cumulative_grant"] = frame["grant"].iloc[np.argsort(order)].cumsum().reindex(frame.index)
    frame["decision"] = np.where(frame["cumulative_grant"] <= 2e9, "fund", "reserve")
    frame["ranked_decision"] = frame["decision"]
    turn = np.linspace(0, 2 * np.pi, SIDES, endpoint=False)
    reach = rng.uniform(300, 1200, (count, SIDES)) * np.where(masted, 4.0, 1.0)[:, None]
    centre = towns[town]
    ring = centre[:, None, :] + np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=-1)
    frame = frame.set_geometry(gpd.GeoSeries(shapely.polygons(ring), crs=toy.CRS, index=frame.index))
    way = centre[:, None, :] + np.cumsum(rng.normal(0, 400, (count, BENDS, 2)), axis=1)
    routes = plain.routes.take(np.zeros(count, int)).reset_index(drop=True).assign(area_id=frame["area_id"])
    return frame, routes.set_geometry(gpd.GeoSeries(shapely.linestrings(way), crs=toy.CRS, index=frame.index))


def _places(
    plain: Assessment,
    count: int,
    *,
    towns: NDArray[np.float64],
    codes: NDArray[np.object_],
    areas: gpd.GeoDataFrame,
    rng: np.random.Generator,
) -> gpd.GeoDataFrame:
    """Return places around towns, a few towns large and most small; some stand at one position."""
    number = np.arange(count)
    frame = pd.DataFrame(plain.places.drop(columns="geometry")).take(number % len(plain.places))
    town = np.minimum((len(towns) * rng.random(count) ** 3).astype(int), len(towns) - 1)
    at = towns[town] + rng.normal(0, TOWN_M, (count, 2))
    at[::50] = towns[town[::50]]
    fixed = areas.loc[areas["kind"] == "fixed", "area_id"].to_numpy()
    frame = frame.reset_index(drop=True).assign(
        place_id=pd.Series(number).map("p{:07d}".format), municipality_code=codes[town], source_row=number + 1
    )
    short = frame["area_id"].notna().to_numpy()
    frame["area_id"] = np.where(short & (town < len(fixed)), fixed[np.minimum(town, len(fixed) - 1)], None)
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(at[:, 0], at[:, 1]), crs=toy.CRS)
