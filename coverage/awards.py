"""What past awards built: the quantities that a bill needs, from an outline, a project area, or the award's own metres.

A room below `backcast`.
"""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage import roads, routes
from coverage.kinds import is_mobile
from coverage.preparation import Prepared

BASES: Final = ("polygon", "area", "quantities")
WORKS: Final = ("area_id", "premises", "businesses", "public", "trench_m", "subsea_m", "drop_m")

Floats = npt.NDArray[np.float64]


def rebuild(prepared: Prepared, awards: pd.DataFrame) -> tuple[gpd.GeoDataFrame, dict[str, str]]:
    """Return what each award built where that can be told, and notes by `award_id` on why it cannot be told better.

    `awards` holds schemas.AWARDS. One row per award told, in no order: WORKS, with the award's id as `area_id`, its
    geometry (metres; empty where unknown) and `basis`, the first of BASES that it allows:

    - polygon: the places inside its outline (no holiday homes) give the route from the nearest network outside all
      outlines (what lies inside one may have been built by it), the kinds of premises and the drops;
    - area: the project area that it names gives them;
    - quantities: its own metres of route (fibre alone), with the study's mean drop and mix of premises.

    The award's own premises are billed, whatever number of premises the study has there.
    """
    inside, notes = _by_polygon(prepared, awards[awards["geometry"].notna()])
    known = _by_area(prepared, awards[~awards["award_id"].isin(inside["area_id"])])
    rest = awards[~awards["award_id"].isin([*inside["area_id"], *known["area_id"]])]
    lost = rest[rest["area_id"].notna()]
    notes |= {
        str(award): f"no area {area} in this run" for award, area in zip(lost["award_id"], lost["area_id"], strict=True)
    }
    told = _by_quantities(prepared, rest[rest["route_m"].notna() & (rest["technology"] == "fibre")])
    whole = pd.concat([inside, known, told], ignore_index=True)
    return gpd.GeoDataFrame(whole, geometry="geometry", crs=prepared.places.crs), notes


def _by_polygon(prepared: Prepared, awards: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    places = prepared.places
    shapes = np.asarray(awards["geometry"], dtype=object)
    if not len(shapes):
        return _no_works(), {}
    points = np.asarray(places.geometry.array, dtype=object)
    counted = ((places["kind"] != "holiday") & (places["weight"] > 0)).to_numpy()
    award, place = shapely.STRtree(points).query(shapes, predicate="intersects")
    award, place = award[counted[place]], place[counted[place]]
    network = _outside(prepared.inputs.network, shapes)
    if not len(network):
        return _no_works(), {str(name): "every known network lies inside the outlines" for name in awards["award_id"]}
    mask = np.zeros(len(places), dtype=bool)
    mask[place] = True
    attached = roads.attach(roads.build_graph(prepared.inputs.roads), places, mask=mask, network=network)
    on_road = attached.place_node[place] >= 0
    award, place = award[on_road], place[on_road]
    empty = np.setdiff1d(np.arange(len(shapes)), award)
    notes = {str(awards["award_id"].iloc[at]): "no premises that a road reaches inside its outline" for at in empty}
    parts = [_no_works()]
    for some in _apart(award, place):
        chosen = np.isin(award, some)
        ids = np.full(len(places), None, dtype=object)
        ids[place[chosen]] = awards["award_id"].to_numpy(dtype=object)[award[chosen]]
        marked = places.assign(area_id=pd.array(ids, dtype="str"), eligible=np.where(pd.notna(ids), 1.0, 0.0))
        mine = gpd.GeoDataFrame(
            {"area_id": awards["award_id"].to_numpy(dtype=object)[some]}, geometry=shapes[some], crs=places.crs
        )
        within = marked[marked["area_id"].notna()]
        counts = within.pivot_table(index="area_id", columns="kind", values="weight", aggfunc="sum", fill_value=0.0)
        routed = routes.route(mine, marked, attached=attached)
        parts.append(_billed(mine, counts, routed, awards, basis="polygon"))
    return pd.concat(parts, ignore_index=True), notes


def _billed(
    mine: gpd.GeoDataFrame, counts: pd.DataFrame, routed: pd.DataFrame, awards: pd.DataFrame, *, basis: str
) -> pd.DataFrame:
    """Bill the award's own premises: kinds and drops as they are inside, the route as it is."""
    ids = mine["area_id"]
    counts = counts.reindex(columns=["business", "household", "public"], fill_value=0.0).reindex(ids)
    lengths = routed.set_index("area_id").loc[list(ids)]
    premises = awards.set_index("award_id").loc[list(ids), "premises"].to_numpy(dtype=float)
    scale = premises / counts.sum(axis=1).to_numpy()
    return pd.DataFrame(
        {
            "area_id": ids.to_numpy(),
            "premises": premises,
            "businesses": counts["business"].to_numpy() * scale,
            "public": counts["public"].to_numpy() * scale,
            "trench_m": lengths["trench_m"].to_numpy(),
            "subsea_m": lengths["subsea_m"].to_numpy(),
            "drop_m": lengths["drop_m"].to_numpy() * scale,
            "geometry": mine.geometry.to_numpy(),
            "basis": basis,
        }
    )


def _fixed(prepared: Prepared) -> gpd.GeoDataFrame:
    """Return the fixed areas: no award of fixed service is set beside a mast."""
    return prepared.areas[~is_mobile(prepared.areas)]


def _by_area(prepared: Prepared, awards: pd.DataFrame) -> pd.DataFrame:
    areas = _fixed(prepared)
    areas = areas[areas["premises"] > 0]
    named = awards[awards["area_id"].isin(areas["area_id"])]
    if named.empty:
        return _no_works()
    rows = areas.set_index("area_id").loc[list(named["area_id"])]
    ids = named["award_id"].to_numpy()
    mine = gpd.GeoDataFrame({"area_id": ids}, geometry=rows.geometry.to_numpy(), crs=areas.crs)
    counts = pd.DataFrame(
        {"business": rows["businesses"].to_numpy(), "public": rows["public"].to_numpy()}, index=ids, dtype=float
    )
    counts["household"] = rows["premises"].to_numpy() - counts.sum(axis=1).to_numpy()
    lengths = prepared.routes.set_index("area_id").loc[list(named["area_id"])].assign(area_id=ids)
    return _billed(mine, counts, lengths, awards, basis="area")


def _by_quantities(prepared: Prepared, awards: pd.DataFrame) -> pd.DataFrame:
    if awards.empty:
        return _no_works()
    areas = _fixed(prepared)
    drops = prepared.routes.loc[prepared.routes["area_id"].isin(areas["area_id"]), "drop_m"]
    total = float(areas["premises"].sum())
    premises = awards["premises"].to_numpy(dtype=float)

    def share(amount: float) -> Floats:
        return premises * (amount / total if total > 0 else 0.0)

    return pd.DataFrame(
        {
            "area_id": awards["award_id"].to_numpy(),
            "premises": premises,
            "businesses": share(float(areas["businesses"].sum())),
            "public": share(float(areas["public"].sum())),
            "trench_m": awards["route_m"].to_numpy(dtype=float),
            "subsea_m": 0.0,
            "drop_m": share(float(drops.sum())),
            "geometry": [shapely.Point()] * len(awards),
            "basis": "quantities",
        }
    )


def _outside(network: gpd.GeoDataFrame, outlines: npt.NDArray[np.object_]) -> gpd.GeoDataFrame:
    whole = shapely.union_all(outlines)
    left = shapely.difference(np.asarray(network.geometry.array, dtype=object), whole)
    cut = network.set_geometry(gpd.GeoSeries(left, index=network.index, crs=network.crs))
    return cut[~cut.geometry.is_empty].reset_index(drop=True)


def _apart(award: npt.NDArray[np.int64], place: npt.NDArray[np.int64]) -> list[list[int]]:
    """Group awards so that no place lies in two of a group, in their order: a place has one area at a time."""
    groups: list[tuple[list[int], set[int]]] = []
    for one in sorted({int(at) for at in award}):
        mine = {int(at) for at in place[award == one]}
        for members, taken in groups:
            if not taken & mine:
                members.append(one)
                taken |= mine
                break
        else:
            groups.append(([one], mine))
    return [members for members, _ in groups]


def _no_works() -> pd.DataFrame:
    return pd.DataFrame({name: [] for name in (*WORKS, "geometry", "basis")}).astype({"area_id": "str", "basis": "str"})
