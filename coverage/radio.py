"""What a radio signal from a mast still is at a distance: path loss, level of mobile coverage, capacity of a sector."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from coverage.errors import PolicyError
from coverage.figure_files import read_items

RADIO_FILE: Final = Path(__file__).parent.parent / "data" / "radio.csv"

RADIO_CONFIDENCES: Final = ("published", "derived", "assumed")
LIGHT_M_PER_S: Final = 299_792_458.0
NOISE_DBM_PER_HZ: Final = -174.0  # of heat, at 290 K
NEAREST_M: Final = 10.0  # nearer than that the model makes no difference

# What is read, and the least and the most that each may be: mostly where 3GPP TR 38.901 RMa holds.
LIMITS: Final = {
    "mobile_mhz": (500, 30_000),
    "mobile_bandwidth_mhz": (1, 400),
    "mobile_subcarriers": (12, 10_000),
    "mobile_power_dbm": (0, 70),
    "mobile_antenna_dbi": (0, 40),
    "mobile_receiver_dbi": (-20, 20),
    "mobile_receiver_m": (1, 10),
    "mobile_range_m": (10, 10_000),
    "mobile_fresnel_share": (0, 1),
    "fwa_mhz": (500, 30_000),
    "fwa_bandwidth_mhz": (1, 400),
    "fwa_eirp_dbm": (0, 90),
    "fwa_receiver_dbi": (-20, 40),
    "fwa_receiver_m": (1, 10),
    "fwa_noise_figure_db": (0, 20),
    "fwa_interference_db": (0, 30),
    "fwa_fading_db": (0, 30),
    "fwa_layers": (1, 8),
    "fwa_downlink_share": (0, 1),
    "fwa_overhead_share": (0, 1),
    "fwa_range_m": (10, 10_000),
    "fwa_fresnel_share": (0, 1),
    "shannon_share": (0, 1),
    "shannon_least_db": (-20, 20),
    "shannon_most_db": (0, 50),
    "nlos_range_m": (10, 5_000),
    "building_m": (5, 50),
    "street_m": (5, 50),
    "mast_existing_m": (10, 150),
    "mast_new_m": (10, 150),
    "earth_radius_factor": (0.5, 10),
    "site_lattice_m": (100, 100_000),
    "site_near_m": (0, 100_000),
    "high_ground_gain_m": (0, 10_000),
    "least_mobile_gain": (0, 100_000),
    "effort_existing": (0.01, 100),
    "effort_off_road": (0, 100),
    "link_range_m": (1, 100_000),
}
MAST_LIMITS_M: Final = LIMITS["mast_new_m"]

Band = Literal["mobile", "fwa"]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class RadioItem:
    """Hold one figure with its range, year and source; `confidence` is published, derived or assumed."""

    item: str
    value: float
    low: float
    high: float
    unit: str
    year: int
    source: str
    confidence: str


@dataclass(frozen=True)
class Radio:
    """Hold the figures of masts and receivers by item name; `version` is the SHA-256 of the file they came from."""

    items: tuple[RadioItem, ...]
    version: str = ""

    def __getitem__(self, item: str) -> RadioItem:
        """Return one item, or raise KeyError."""
        for row in self.items:
            if row.item == item:
                return row
        raise KeyError(item)

    def assumed(self) -> tuple[RadioItem, ...]:
        """List the items that rest on general knowledge and must be marked wherever shown."""
        return tuple(row for row in self.items if row.confidence == "assumed")


def load_radio(path: Path = RADIO_FILE) -> Radio:
    """Read and check the figures, or raise PolicyError naming the file, the row and what was expected."""
    try:
        content = path.read_bytes()
        items = tuple(read_items(RadioItem, content.decode("utf-8-sig"), where=path.name))
    except OSError as error:
        raise PolicyError(f"{path.name}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path.name}: not valid UTF-8 ({error.reason} at byte {error.start})") from error
    problems = list(_problems(items))
    if problems:
        raise PolicyError(f"{path.name}: " + "; ".join(problems))
    return Radio(items, hashlib.sha256(content).hexdigest())


def path_loss_db(
    distance_m: npt.ArrayLike,
    *,
    sight: npt.ArrayLike,
    radio: Radio,
    mast_m: npt.ArrayLike,
    band: Band = "mobile",
) -> Floats:
    """Return the median loss in dB from a mast to a receiver by 3GPP TR 38.901, table 7.4.1-1, rural macro (RMa).

    `distance_m` (on the ground), `sight` (the receiver is in sight of the mast) and `mast_m` (height of the antennas
    above the ground, read as 10 to 150 m) are broadcast against each other; the receiver has the height of its band.
    In sight the loss grows as in free space up to the breakpoint and with the fourth power of the distance behind it;
    out of sight it is never less. NaN where the model makes no claim: beyond 10 km in sight, 5 km out of sight. Nearer
    than 10 m it is that of 10 m. The model holds buildings and trees in its mean: no loss for them is to be added.
    """
    flat, seen, mast = np.broadcast_arrays(
        np.asarray(distance_m, float), np.asarray(sight, bool), np.clip(np.asarray(mast_m, float), *MAST_LIMITS_M)
    )
    receiver = radio[f"{band}_receiver_m"].value
    ghz = radio[f"{band}_mhz"].value / 1000
    ground = np.maximum(flat, NEAREST_M)
    slant = np.hypot(ground, mast - receiver)
    free = _in_sight_db(slant, ground, mast, receiver, ghz, radio)
    loss = np.where(seen, free, np.maximum(free, _out_of_sight_db(slant, mast, receiver, ghz, radio)))
    limit = np.where(seen, radio[f"{band}_range_m"].value, radio["nlos_range_m"].value)
    return np.asarray(np.where(flat <= limit, loss, np.nan))


def signal_dbm(
    distance_m: npt.ArrayLike, *, sight: npt.ArrayLike, radio: Radio, mast_m: npt.ArrayLike | None = None
) -> Floats:
    """Return the median RSRP in dBm of a mobile carrier outdoors, as policies set their levels in (MobileRules).

    Power of one reference signal = the carrier's power shared by all its subcarriers, plus both antennas, less the path
    loss. `mast_m` is the height of a new mast where left out. NaN where the model makes no claim.
    """
    each = radio["mobile_power_dbm"].value - 10 * math.log10(radio["mobile_subcarriers"].value)
    gain = radio["mobile_antenna_dbi"].value + radio["mobile_receiver_dbi"].value
    height = radio["mast_new_m"].value if mast_m is None else mast_m
    return np.asarray(each + gain - path_loss_db(distance_m, sight=sight, radio=radio, mast_m=height))


def sector_mbps(
    distance_m: npt.ArrayLike, *, sight: npt.ArrayLike, radio: Radio, mast_m: npt.ArrayLike | None = None
) -> Floats:
    """Return the Mbit/s downwards that one FWA sector carries in all if its customers all stood at that distance.

    Shannon's bound, attenuated and truncated as in 3GPP TR 36.942 annex A and TR 38.803, for each stream, times the
    streams, the bandwidth, the share of time downwards and what control signals leave. Noise holds heat, the receiver
    and other sectors in use; the signal a margin for fading. 0 where the path loss model makes no claim.
    """
    height = radio["mast_new_m"].value if mast_m is None else mast_m
    loss = path_loss_db(distance_m, sight=sight, radio=radio, mast_m=height, band="fwa")
    bandwidth = radio["fwa_bandwidth_mhz"].value
    layers = radio["fwa_layers"].value
    received = radio["fwa_eirp_dbm"].value + radio["fwa_receiver_dbi"].value - loss - radio["fwa_fading_db"].value
    heat = NOISE_DBM_PER_HZ + 10 * math.log10(bandwidth * 1e6)
    noise = heat + radio["fwa_noise_figure_db"].value + radio["fwa_interference_db"].value
    ratio = received - noise - 10 * math.log10(layers)
    heard = ratio >= radio["shannon_least_db"].value  # false of NaN
    used = 10 ** (np.minimum(np.where(heard, ratio, -math.inf), radio["shannon_most_db"].value) / 10)
    per_hz = radio["shannon_share"].value * np.log2(1 + used)
    kept = radio["fwa_downlink_share"].value * (1 - radio["fwa_overhead_share"].value)
    return np.asarray(per_hz * layers * bandwidth * kept)


def _in_sight_db(slant: Floats, ground: Floats, mast: Floats, receiver: float, ghz: float, radio: Radio) -> Floats:
    building = radio["building_m"].value
    breakpoint_m = 2 * math.pi * mast * receiver * ghz * 1e9 / LIGHT_M_PER_S
    # The table measures the breakpoint on the ground and the loss along the slant.
    at = np.where(ground > breakpoint_m, breakpoint_m, slant)
    loss: Floats = (
        20 * np.log10(40 * math.pi * at * ghz / 3)
        + min(0.03 * building**1.72, 10) * np.log10(at)
        - min(0.044 * building**1.72, 14.77)
        + 0.002 * math.log10(building) * at
        + 40 * np.log10(slant / at)
    )
    return loss


def _out_of_sight_db(slant: Floats, mast: Floats, receiver: float, ghz: float, radio: Radio) -> Floats:
    building, street = radio["building_m"].value, radio["street_m"].value
    height = np.log10(mast)
    loss: Floats = (
        161.04
        - 7.1 * math.log10(street)
        + 7.5 * math.log10(building)
        - (24.37 - 3.7 * (building / mast) ** 2) * height
        + (43.42 - 3.1 * height) * (np.log10(slant) - 3)
        + 20 * math.log10(ghz)
        - (3.2 * math.log10(11.75 * receiver) ** 2 - 4.97)
    )
    return loss


def _problems(items: tuple[RadioItem, ...]) -> Iterator[str]:
    seen: set[str] = set()
    for row in items:
        if row.item in seen:
            yield f"{row.item} is given twice"
        seen.add(row.item)
        if not row.low <= row.value <= row.high:
            yield f"{row.item}: expected low <= value <= high, got {row.low:g}, {row.value:g}, {row.high:g}"
        if row.confidence not in RADIO_CONFIDENCES:
            yield f"{row.item}: confidence {row.confidence!r} is none of {', '.join(RADIO_CONFIDENCES)}"
        if row.item not in LIMITS:
            yield f"{row.item} is no item that is read; expected one of {', '.join(LIMITS)}"
            continue
        least, most = LIMITS[row.item]
        if not least <= row.value <= most:
            yield f"{row.item} is {row.value:g}; expected {least:g} to {most:g}"
    missing = [name for name in LIMITS if name not in seen]
    if missing:
        yield f"these items are missing: {', '.join(missing)}"
