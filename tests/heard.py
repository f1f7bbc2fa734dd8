"""What operators say in a hearing, drawn by hand, and places judged with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from coverage.gaps import judge
from coverage.inputs import OfferLayer
from coverage.overlay import overlay
from coverage.policy import Policy, load_policy
from tests import drawn

AS_OF = dt.date(2022, 6, 30)
NORWAY = load_policy("no-2024")
SOON, LATE = dt.date(2024, 6, 1), dt.date(2027, 6, 1)


def said(rows: Sequence[dict[str, Any]], source: str = "hearing") -> OfferLayer:
    """Return a hearing: rows with `place`, `operator`, `claim` and what offers have; by default 1000 Mbit/s by SOON."""
    table = []
    for row in rows:
        claim = row.get("claim", "plan")
        table.append(
            {
                "place_id": row["place"],
                "provider": row.get("operator", "A"),
                "technology": row.get("technology", "fibre"),
                "down_mbps": float(row.get("down", 1000.0)),
                "status": "existing" if claim == "exists" else "planned",
                "available_from": None if claim == "exists" else row.get("day", SOON),
                "claim": claim,
                "lapsed_on": row.get("lapsed_on"),
                "as_of": row.get("as_of", AS_OF),
            }
        )
    frame = drawn.offers(table, source=source)
    for name in ("lapsed_on", "as_of"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
    return OfferLayer(source, "place", frame)


def offered(rows: Sequence[dict[str, Any]]) -> OfferLayer:
    table = [{"place_id": row["place"], **{k: v for k, v in row.items() if k != "place"}} for row in rows]
    return OfferLayer("list", "place", drawn.offers(table))


def county(number: int, **columns: Any) -> gpd.GeoDataFrame:
    return drawn.places([(100.0 * at, 0.0) for at in range(number)], **columns)


def judged(
    places: gpd.GeoDataFrame,
    layers: Sequence[OfferLayer],
    *,
    policy: Policy = NORWAY,
    shares: pd.DataFrame | None = None,
) -> gpd.GeoDataFrame:
    served, _ = overlay(places, offers=layers, mobile=(), shares=shares, policy=policy, as_of=AS_OF)
    return judge(served, policy=policy, as_of=AS_OF)
