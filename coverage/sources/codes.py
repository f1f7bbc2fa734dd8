"""Published code lists that need no mapping in study.toml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Their technology code = ours, by the name that option `technology_codes` gives.
#   fcc: Broadband Data Collection, availability data: 0 other, 10 copper, 40 coaxial cable, 50 fibre, 60 geostationary
#     and 61 other satellites, 70 unlicensed, 71 licensed and 72 licensed-by-rule fixed wireless.
#   nkom: the technologies of Nkom's address-level coverage (`tek`).
TECHNOLOGY_CODES: Final[Mapping[str, Mapping[str, str]]] = {
    "fcc": {
        "0": "other",
        "10": "dsl",
        "40": "cable",
        "50": "fibre",
        "60": "satellite",
        "61": "satellite",
        "70": "fwa_unlicensed",
        "71": "fwa",
        "72": "fwa",
    },
    "nkom": {
        "fiber": "fibre",
        "kabel": "cable",
        "dsl": "dsl",
        "ftb": "fwa",
        "radio": "fwa",
        "satellitt": "satellite",
        "annet": "other",
    },
}
