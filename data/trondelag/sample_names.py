# ruff: noqa: SIM905
"""Made-up names: roads, hamlets, firms, public buildings, and lines of business with SN2007 codes."""

from __future__ import annotations

import numpy as np

_FIRST = (
    "Bjørk Furu Gran Selje Rogn Hegg Lauv Einer Or Ask Lyng Mose Berg Hammer Stein Haug Bakke Dal Myr Moa Elve Bekke "
    "Foss Tjønn Sjø Strand Nes Vik Sund Naust Brygge Kvern Sag Smed Prest Skole Kirke Stasjons Sæter Løe Stabbur Hest "
    "Saue Geit Bukk Orr Tiur Rype Ørne Ravne Reve Bjørne Elg Sol Nord Sør Øst Vest Midt Øvre Nedre Gamle Nye Lang "
    "Brei Høg Djup Kald Lys Grønn Rød Blå Kvit"
).split()
_ROAD = "vegen vegen vegen vegen gata lia bakken åsen stien tunet haugen kroken svingen moen".split()
_HAMLET = "grenda lia dalen bygda moen aunet haugan vika neset setra løkkja teigen bakkan ryggen støa".split()
_FIRM_A = (
    "Nord Sør Midt Fjord Fjell Kyst Dal Elv Skog Berg Hav Vind Lys Sol Stein Jern Furu Bjørk Tind Skar Vidde Bre "
    "Skjær Holm Odd Strøm Torv Malm Kvarts Glimmer"
).split()
_FIRM_B = "vang tun borg heim lund stad vik nes mo haug fell kvist grind spor kant bru verk lag krets sirkel".split()
_FORM = ("AS", "AS", "AS", "ENK", "DA", "SA")

# (SN2007 code, line of business, weight in towns, weight in the country, mean headcount, tail)
TRADES = (
    ("01.410", "agriculture", 0.0, 24.0, 0.9),
    ("01.450", "agriculture", 0.0, 12.0, 0.6),
    ("01.500", "agriculture", 0.0, 8.0, 0.7),
    ("02.100", "forestry", 0.1, 6.0, 0.6),
    ("03.111", "fishing", 0.1, 0.0, 1.4),
    ("03.211", "aquaculture", 0.0, 0.0, 9.0),
    ("10.202", "food processing", 0.4, 0.6, 14.0),
    ("16.100", "wood products", 0.4, 1.4, 6.0),
    ("25.110", "metal products", 0.9, 0.8, 8.0),
    ("33.120", "machine repair", 0.9, 1.0, 4.0),
    ("35.111", "energy", 0.4, 0.7, 5.0),
    ("41.200", "construction", 5.5, 5.0, 4.0),
    ("43.210", "construction", 2.6, 2.0, 6.0),
    ("43.320", "construction", 3.6, 3.6, 1.8),
    ("45.200", "vehicle repair", 2.0, 2.0, 4.0),
    ("46.740", "wholesale", 3.2, 0.8, 6.0),
    ("47.111", "retail", 4.5, 1.8, 9.0),
    ("47.710", "retail", 5.5, 0.8, 4.0),
    ("49.410", "road transport", 2.6, 3.2, 3.0),
    ("55.101", "tourism", 0.9, 1.6, 9.0),
    ("55.300", "tourism", 0.1, 1.8, 1.0),
    ("56.101", "restaurants", 4.0, 0.8, 7.0),
    ("62.010", "information technology", 3.6, 0.9, 7.0),
    ("68.209", "property", 9.0, 3.6, 0.5),
    ("69.201", "accounting", 1.8, 0.7, 4.0),
    ("70.220", "consulting", 5.5, 2.2, 1.3),
    ("71.129", "engineering", 3.6, 1.0, 6.0),
    ("74.101", "design", 2.2, 0.9, 0.6),
    ("81.210", "cleaning", 1.8, 0.8, 4.0),
    ("85.201", "education", 2.2, 1.0, 22.0),
    ("86.211", "health", 3.4, 0.6, 6.0),
    ("87.102", "care", 1.6, 0.8, 30.0),
    ("88.911", "childcare", 2.6, 1.4, 13.0),
    ("90.011", "arts", 3.6, 1.4, 0.5),
    ("93.120", "sports clubs", 3.0, 2.4, 0.5),
    ("96.020", "personal services", 4.0, 1.2, 1.2),
)
PUBLIC = ("Barneskole", "Ungdomsskole", "Barnehage", "Helsesenter", "Omsorgssenter", "Brannstasjon", "Bibliotek",
          "Kommunehus", "Idrettshall", "Grendehus")  # fmt: skip


def road_name(rng: np.random.Generator, kind: np.ndarray) -> list[str]:
    """Return a made-up name per road; ferries have none."""
    a, b = rng.integers(0, len(_FIRST), len(kind)), rng.integers(0, len(_ROAD), len(kind))
    return ["" if k == 3 else _FIRST[i] + _ROAD[j] for k, i, j in zip(kind, a, b, strict=True)]


def hamlet_name(rng: np.random.Generator, taken: set[str]) -> str:
    """Return a hamlet's made-up name that this municipality has not used yet."""
    for _ in range(200):
        name = _FIRST[rng.integers(len(_FIRST))] + _HAMLET[rng.integers(len(_HAMLET))]
        if name not in taken:
            break
    else:
        name = f"{name} {len(taken)}"
    taken.add(name)
    return name


def firm_names(rng: np.random.Generator, lines: list[str]) -> list[str]:
    """Return made-up firm names; none is meant to be a real firm's."""
    n = len(lines)
    a, b = rng.integers(0, len(_FIRM_A), n), rng.integers(0, len(_FIRM_B), n)
    f, serial = rng.integers(0, len(_FORM), n), rng.integers(1, 100, n)
    word = {
        "agriculture": "gård", "forestry": "skog", "fishing": "fiske", "aquaculture": "laks", "construction": "bygg",
        "retail": "handel", "tourism": "opplevelser", "restaurants": "kjøkken", "information technology": "data",
        "property": "eiendom", "accounting": "regnskap", "health": "helse", "care": "omsorg", "childcare": "barnehage",
        "education": "skole", "road transport": "transport", "energy": "energi", "sports clubs": "idrettslag",
        "food processing": "mat", "wood products": "tre", "metal products": "metall", "machine repair": "maskin",
        "vehicle repair": "bil", "wholesale": "engros", "consulting": "rådgivning", "engineering": "prosjektering",
        "design": "design", "cleaning": "reinhold", "arts": "kunst", "personal services": "velvære",
    }  # fmt: skip
    out = []
    for i, j, k, s, line in zip(a, b, f, serial, lines, strict=True):
        out.append(f"{_FIRM_A[i]}{_FIRM_B[j]} {word[line]} {s} {_FORM[k]} (fiktiv)")
    return out
