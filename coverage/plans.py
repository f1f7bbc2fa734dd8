"""What if plans come late, lapse, or all arrive: the offers and the hearing of a study, changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.claims import GONE, operator_key
from coverage.inputs import Inputs, OfferLayer

Bools = npt.NDArray[np.bool_]
Change = Callable[[OfferLayer], OfferLayer]

LATE_MONTHS: Final = (12, 24)
LAPSE, ARRIVE = "lapse_all", "arrive_all"
# The status of a plan that has arrived. It is no survey: shares of a municipality go on to count beside it; and it came
# after every correction, so that no corrected speed stands against it.
BUILT: Final = "built"


@dataclass(frozen=True)
class WhatIf:
    """Name one change of a study's plans. `id` is fit for a column name; `operator` is empty where it is no one's."""

    id: str
    label: str
    operator: str
    plans: int  # offers that are changed
    inputs: Inputs


def what_ifs(inputs: Inputs, *, as_of: dt.date) -> tuple[WhatIf, ...]:
    """Return every change of the plans of a study: late, lapsed by operator and all together, all arrived.

    A plan is an offer that is planned on `as_of`, of the role offers or hearing, whatever its date. Where there is no
    plan at all there is nothing to change. Operators come in the order of their names.
    """
    owners = plan_owners(inputs, as_of=as_of)
    if owners.empty:
        return ()
    count = len(owners)
    found = [
        WhatIf(f"late_{months}", f"every plan {months} months late", "", count, late(inputs, months, as_of=as_of))
        for months in LATE_MONTHS
    ]
    keys = operator_key(owners)
    names = owners.groupby(keys).min().sort_values(kind="stable")
    taken: set[str] = set()
    for key, name in names.items():
        mine = int((keys == key).sum())
        changed = lapse(inputs, as_of=as_of, operator=str(name))
        found.append(WhatIf(_identity(str(name), taken), f"the plans of {name} lapse", str(name), mine, changed))
    found.append(WhatIf(LAPSE, "all plans lapse", "", count, lapse(inputs, as_of=as_of)))
    arrived = count + sum(int(_lapsed(layer.frame).sum()) for layer in inputs.hearing)
    found.append(WhatIf(ARRIVE, "all plans arrive", "", arrived, arrive(inputs, as_of=as_of)))
    return tuple(found)


def plan_owners(inputs: Inputs, *, as_of: dt.date) -> pd.Series:
    """Return the operator of every plan."""
    layers = (*inputs.offers, *inputs.hearing)
    parts = [layer.frame["provider"][planned(layer.frame, as_of=as_of)] for layer in layers]
    return pd.concat([pd.Series(dtype="str"), *parts], ignore_index=True)


def planned(frame: pd.DataFrame, *, as_of: dt.date) -> Bools:
    """Say which offers are plans on a day: not there yet, not lapsed, and of some speed."""
    to_come = (frame["status"] == "planned") | (frame["available_from"] > pd.Timestamp(as_of))
    plans = np.asarray(to_come & (frame["basis"] != "measured") & (frame["down_max_mbps"] > 0), dtype=bool)
    if "claim" not in frame:
        return plans
    later = np.asarray(frame["lapsed_on"] > pd.Timestamp(as_of), dtype=bool)
    gone = np.asarray(frame["claim"].isin(GONE), dtype=bool) & ~later
    return np.asarray(plans & ~gone, dtype=bool)


def late(inputs: Inputs, months: int, *, as_of: dt.date) -> Inputs:
    """Return the inputs with every plan so many months later. A plan without a date stays without."""

    def change(layer: OfferLayer) -> OfferLayer:
        plans = planned(layer.frame, as_of=as_of)
        later = layer.frame["available_from"] + pd.DateOffset(months=months)
        day = layer.frame["available_from"].mask(plans, later.astype("datetime64[s]"))
        return replace(layer, frame=layer.frame.assign(available_from=day))

    return _changed(inputs, change)


def lapse(inputs: Inputs, *, as_of: dt.date, operator: str | None = None) -> Inputs:
    """Return the inputs without the plans of one operator, or without any."""
    key = None if operator is None else operator_key(pd.Series([operator])).iloc[0]

    def change(layer: OfferLayer) -> OfferLayer:
        lost = planned(layer.frame, as_of=as_of)
        if key is not None:
            lost = lost & np.asarray(operator_key(layer.frame["provider"]) == key, dtype=bool)
        return replace(layer, frame=layer.frame[~lost].reset_index(drop=True))

    return _changed(inputs, change)


def arrive(inputs: Inputs, *, as_of: dt.date) -> Inputs:
    """Return the inputs with every plan built: those with a late date, with none, and those that have lapsed too.

    Nothing is withdrawn any more either, so that what was said is all there.
    """

    def change(layer: OfferLayer) -> OfferLayer:
        frame = layer.frame
        if "claim" in frame:
            frame = frame[(frame["claim"] != "withdrawn").to_numpy()].reset_index(drop=True)
        built = planned(frame, as_of=as_of) | _lapsed(frame)
        columns = {
            "status": frame["status"].mask(built, BUILT),
            "available_from": frame["available_from"].mask(built),
        }
        if "claim" in frame:
            columns["claim"] = frame["claim"].mask(built, "exists")
        return replace(layer, frame=frame.assign(**columns))

    return _changed(inputs, change)


def _lapsed(frame: pd.DataFrame) -> Bools:
    return np.asarray(frame["claim"] == "lapsed", dtype=bool) if "claim" in frame else np.zeros(len(frame), dtype=bool)


def _changed(inputs: Inputs, change: Change) -> Inputs:
    offers, hearing = (tuple(change(layer) for layer in layers) for layers in (inputs.offers, inputs.hearing))
    return replace(inputs, offers=offers, hearing=hearing)


def _identity(name: str, taken: set[str]) -> str:
    """Return an id for the lapse of an operator's plans that no other has."""
    plain = "".join(letter if letter.isalnum() else "_" for letter in name.casefold()).strip("_") or "operator"
    number, found = 1, f"lapse_{plain}"
    while found in taken or found == LAPSE:
        number += 1
        found = f"lapse_{plain}_{number}"
    taken.add(found)
    return found
