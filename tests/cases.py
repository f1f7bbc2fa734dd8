"""Sixty places drawn by hand, and what every policy pack says of each: the list in tests/golden/reasons.csv.

`python -m tests.cases` writes that list anew. People read it before it is committed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from coverage.gaps import judge
from coverage.inputs import OfferLayer
from coverage.overlay import overlay
from coverage.policy import Policy, list_policies, load_policy
from coverage.reasons import LANGUAGES, explain
from coverage.schemas import SERVICE, VERDICT, check
from tests import drawn

AS_OF: Final = dt.date(2022, 6, 30)
GOLDEN: Final = Path(__file__).parent / "golden" / "reasons.csv"

Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """Hold one place: the offers that reach it, and what differs from a home of municipality 5001 in year-round use."""

    label: str
    offers: tuple[Row, ...] = ()
    place: Row = field(default_factory=dict)  # columns of the place
    mobile: tuple[str | None, int] = (None, 0)  # best level, operators with the policy's level
    share: bool = False  # service is known only as a share of its municipality (and by plans)

    @property
    def drawn(self) -> str:
        """Describe in words what is drawn."""
        place = DEFAULTS | self.place
        parts = [str(place["kind"])]
        parts += [] if place["year_round"] else ["not in year-round use"]
        parts += ["in no municipality"] if place["municipality_code"] is None else []
        parts += ["in an area funded earlier"] if place["funded_earlier"] else []
        if self.share:
            share = SHARES.set_index("municipality_code").loc[place["municipality_code"]]
            parts.append(f"its municipality: {share['fixed_100']:.0%} have 100 Mbit/s")
        parts += [_offer(offer) for offer in self.offers]
        parts += [] if self.offers or self.share else ["no offer"]
        parts += [f"mobile {self.mobile[0]} ({self.mobile[1]} operators)"] if self.mobile[0] else []
        parts += [f"corrected: {place['correction']}"] if place["correction"] else []
        return "; ".join(parts)


def _offer(offer: Row) -> str:
    row = drawn.offers([offer]).iloc[0]
    speed = f"{row['down_mbps']:g}/{row['up_mbps']:g}"
    if row["down_max_mbps"] > row["down_mbps"]:
        speed += f" to {row['down_max_mbps']:g}/{row['up_max_mbps']:g}"
    text = f"{row['technology']} {speed} of {row['provider']}"
    if row["status"] == "planned":
        day = row["available_from"]
        text = f"plan: {text}" + (" without a date" if pd.isna(day) else f" for {day:%Y-%m-%d}")
    text += ", easily upgraded" if offer.get("upgradeable") else ""
    text += f", {offer['latency_ms']:g} ms" if "latency_ms" in offer else ""
    return text + (f", until {offer['available_until']}" if "available_until" in offer else "")


DEFAULTS: Final[Row] = {
    "kind": "household", "year_round": True, "municipality_code": "5001", "funded_earlier": False,
    "correction": None, "corrected_by": None, "corrected_on": None,
}  # fmt: skip
# 5002: everybody is served, whatever the policy asks for.
SHARES: Final = pd.DataFrame(
    {
        "municipality_code": ["5001", "5002"], "fixed_10": [0.98, 1.0], "fixed_25": [0.95, 1.0],
        "fixed_30": [0.9, 1.0], "fixed_100": [0.7, 1.0], "fixed_200": [0.6, 1.0], "fixed_1000": [0.2, 1.0],
        "mobile": [0.75, 1.0],
    }
)  # fmt: skip


def offer(down: float, up: float, provider: str = "Cablenet", technology: str = "cable", **more: Any) -> Row:
    """Return an existing offer."""
    return {"down_mbps": down, "up_mbps": up, "provider": provider, "technology": technology, **more}


def plan(down: float, day: str | None, *, up: float | None = None, provider: str = "B") -> Row:
    """Return a planned fibre build, by default as fast up as down."""
    row = {"provider": provider, "down_mbps": down, "status": "planned", "available_from": day}
    return row if up is None else row | {"up_mbps": up}


def dsl(down: float = 18, up: float = 2, **more: Any) -> Row:
    """Return an offer by DSL."""
    return offer(down, up, more.pop("provider", "Oldnet"), "dsl", **more)


def fibre(down: float = 1000, up: float = 1000, **more: Any) -> Row:
    """Return an offer by fibre."""
    return offer(down, up, "Newnet", "fibre", **more)


def satellite(technology: str = "satellite", **more: Any) -> Row:
    """Return an offer of 150/20 Mbit/s by satellite, or by another technology that may not count."""
    return offer(150, 20, "Skynet", technology, **more)


def speed_class(low: float, high: float) -> Row:
    """Return an offer known as a class of speeds, of a provider that is not named."""
    return offer(low, low, "not named", "dsl", down_max_mbps=high, up_max_mbps=high)


FUNDED: Final = {"funded_earlier": True}
HOLIDAY: Final = {"kind": "holiday"}
SUMMER: Final = {"year_round": False}
OUTSIDE: Final = {"municipality_code": None}
CORRECTED: Final = {"corrected_by": "Frosta kommune", "corrected_on": "2022-05-01"}

CASES: Final[tuple[Case, ...]] = (
    Case("nothing"),
    Case("dsl", (dsl(),)),
    Case("fibre", (fibre(),)),
    Case("holiday home", (dsl(),), HOLIDAY),
    Case("holiday home with fibre", (fibre(),), HOLIDAY),
    Case("summer only", (dsl(),), SUMMER),
    Case("outside", (dsl(),), OUTSIDE),
    Case("funded before", (dsl(),), FUNDED),
    Case("funded before and fibre now", (fibre(),), FUNDED),
    Case("plan in time", (dsl(), plan(500, "2023-12-31"))),
    Case("plan of 1 Gbit/s in time", (dsl(), plan(1000, "2023-12-31"))),
    Case("plan fast down and slow up", (dsl(), plan(1000, "2022-12-31", up=50))),
    Case("plan too late", (dsl(), plan(500, "2026-12-31"))),
    Case("plan too slow", (dsl(), plan(50, "2022-12-31"))),
    Case("plan undated", (plan(500, None),)),
    Case("plan on the last day", (dsl(), plan(1000, "2025-06-30"))),
    Case("plan of a provider not named", (plan(1000, "2023-01-01", provider="not named"),)),
    Case("cable, easily upgraded", (offer(50, 2, upgradeable=True),)),
    Case("cable, easily upgraded, and a plan", (offer(50, 2, upgradeable=True), plan(1000, "2023-01-01"))),
    Case("cable 500/50", (offer(500, 50),)),
    Case("cable 499/50", (offer(499, 50),)),
    Case("cable 1000/100", (offer(1000, 100),)),
    Case("cable 1000/2", (offer(1000, 2),)),
    Case("cable and fibre of 300", (offer(300, 20), fibre(300, 30))),
    Case("cable of 300 and a plan of 300", (offer(300, 20), plan(300, "2022-12-31"))),
    Case("cable of 300 and plans of two networks", (
        offer(300, 20), plan(1000, "2022-12-31"), plan(1000, "2023-12-31", provider="C"))),
    Case("two networks of 300 and a plan", (offer(300, 20), fibre(300, 30), plan(1000, "2023-12-31"))),
    Case("plans of two networks", (plan(300, "2022-12-31"), plan(300, "2022-12-31", provider="C"))),
    Case("two networks of 1 Gbit/s", (fibre(), offer(1000, 200))),
    Case("fibre and a plan of 1 Gbit/s", (fibre(), plan(1000, "2023-12-31"))),
    Case("holiday home, summer only, and a plan", (dsl(), plan(1000, "2023-12-31")), HOLIDAY | SUMMER),
    Case("holiday home outside", (dsl(),), HOLIDAY | OUTSIDE),
    Case("symmetric 200", (fibre(200, 200),)),
    Case("10/1", (dsl(10, 1),)),
    Case("10/0.5", (dsl(10, 0.5),)),
    Case("exactly 30", (dsl(30, 5),)),
    Case("just below 100", (dsl(99, 20),)),
    Case("100/20", (offer(100, 20),)),
    Case("wireless 100/20", (offer(100, 20, "Airnet", "fwa"),)),
    Case("satellite, low orbit", (satellite(latency_ms=45.0),)),
    Case("satellite, far orbit", (satellite(latency_ms=600.0),)),
    Case("satellite beside dsl", (dsl(), satellite(latency_ms=45.0))),
    Case("satellite and a plan", (satellite(latency_ms=600.0), plan(1000, "2023-12-31"))),
    Case("unlicensed wireless", (satellite("fwa_unlicensed"),)),
    Case("slow to answer", (offer(150, 20, latency_ms=130.0),)),
    Case("unnamed technology", (offer(18, 2, "Oldnet", "other"),)),
    Case("unnamed provider", (dsl(provider="not named"),)),
    Case("class from 0 to 30", (speed_class(0, 30),)),
    Case("class from 30 to 100", (speed_class(30, 100),)),
    Case("dsl that closes", (dsl(available_until="2024-03-31"),)),
    Case("dsl that has closed", (dsl(available_until="2022-06-29"),)),
    Case("a business with basic mobile coverage", (dsl(),), {"kind": "business"}, ("basic", 0)),
    Case("fibre and no mobile coverage", (fibre(),), {"kind": "public"}, ("none", 0)),
    Case("share of a municipality", share=True),
    Case("share, holiday home", (), HOLIDAY, share=True),
    Case("share, and a plan", (plan(1000, "2023-12-31"),), share=True),
    Case("share of nothing", (), {"municipality_code": "5002"}, share=True),
    Case("share of nothing, and a plan", (plan(1000, "2023-12-31"),), {"municipality_code": "5002"}, share=True),
    Case("corrected speed", (dsl(),), {"correction": "wrong_speed"} | CORRECTED),
    Case("corrected: not inhabited", (dsl(),), {"correction": "not_inhabited"} | SUMMER | CORRECTED),
)  # fmt: skip


def verdicts(cases: Sequence[Case], policy: Policy) -> gpd.GeoDataFrame:
    """Judge cases under a policy, on the index of their labels."""
    out = [_verdicts([case for case in cases if case.share is share], policy, share) for share in (False, True)]
    found = pd.concat([frame for frame in out if frame is not None])
    return gpd.GeoDataFrame(found.loc[[case.label for case in cases]])


def _verdicts(cases: Sequence[Case], policy: Policy, share: bool) -> gpd.GeoDataFrame | None:
    if not cases:
        return None
    columns = {name: pd.Series([(DEFAULTS | case.place)[name] for case in cases]) for name in DEFAULTS}
    for name in ("municipality_code", "correction", "corrected_by"):
        columns[name] = columns[name].astype("str")
    columns["corrected_on"] = pd.to_datetime(columns["corrected_on"]).astype("datetime64[s]")
    places = drawn.places([(float(number), 0.0) for number in range(len(cases))], **columns)
    rows = [{"upgradeable": False} | offer for case in cases for offer in case.offers]
    ids = [f"p{number}" for number, case in enumerate(cases) for _ in case.offers]
    listed = drawn.offers(rows).assign(place_id=ids) if rows else None
    if listed is not None and "available_until" in listed:
        listed["available_until"] = pd.to_datetime(listed["available_until"]).astype("datetime64[s]")
    layers = [] if listed is None else [OfferLayer("list", "place", listed)]
    shares = SHARES if share else None
    service, _ = overlay(places, offers=layers, mobile=(), shares=shares, policy=policy, as_of=AS_OF)
    if not share:
        service["mobile_level"] = pd.Series([case.mobile[0] for case in cases], dtype="str")
        service["mobile_operators"] = [case.mobile[1] for case in cases]
    judged = judge(check(service, SERVICE, where="service"), policy=policy, as_of=AS_OF)
    return check(judged, VERDICT, where="verdict").set_axis(pd.Index([case.label for case in cases]))


def table() -> pd.DataFrame:
    """Return the list: every case under every pack, with its reason and its change in every language."""
    parts = []
    for policy in (load_policy(policy_id) for policy_id in list_policies()):
        judged = verdicts(CASES, policy)
        words = {name: explain(judged, policy=policy, as_of=AS_OF, language=name) for name in LANGUAGES}
        shares = judged["eligible"]
        verdict = [{0.0: "not eligible", 1.0: "eligible"}.get(share, f"{share:.0%} eligible") for share in shares]
        part = {"place": judged.index, "drawn": [case.drawn for case in CASES], "policy": policy.id}
        part |= {"tier": judged["tier"].array, "verdict": verdict, "clause": judged["reason_code"].array}
        part |= {"also_excluded_by": judged["also_excluded_by"].array}
        for column in ("reason", "change"):
            part |= {column: words["en"][column].array, f"{column}_nb": words["nb"][column].array}
        parts.append(pd.DataFrame(part))
    listed = pd.concat(parts, ignore_index=True)
    order = {case.label: number for number, case in enumerate(CASES)}
    return listed.sort_values("place", key=lambda place: place.map(order), kind="stable", ignore_index=True)


if __name__ == "__main__":
    table().to_csv(GOLDEN, index=False)
