"""Checked look-ups in what a person wrote: unknown names are answered with the nearest known one."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from coverage.errors import DataError

_TYPE_NAMES: Final[Mapping[type, str]] = {
    str: "text",
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    dt.date: "a date",
    list: "a list",
    dict: "a table",
}


# What registers call some of our columns, in the languages of the studies so far.
SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "employees": ("antall ansatte", "antallansatte", "ansatte", "emp_tot", "headcount"),
    "name": ("navn", "kommunenavn"),
    "org_number": ("org. nr.", "orgnr", "organisasjonsnummer"),
    "municipality_code": ("kommunenummer", "kommunenr", "komnr", "kommune", "geoid", "county_fips"),
    "postcode": ("postnr", "postnummer", "zip", "zipcode"),
    "locality": ("poststed", "sted", "city", "town"),
    "address": ("adresse", "adressetekst", "street"),
    "lat": ("breddegrad", "latitude"),
    "lon": ("lengdegrad", "longitude", "lng", "long"),
    "x": ("øst", "ost", "east", "easting", "utm_x"),
    "y": ("nord", "north", "northing", "utm_y"),
    "down_mbps": ("ned", "nedlasting", "download", "mindown", "max_advertised_download_speed", "avg_d_kbps"),
    "up_mbps": ("opp", "opplasting", "upload", "minup", "max_advertised_upload_speed", "avg_u_kbps"),
    "provider": ("tilb", "tilbyder", "operatør", "brand_name", "brandname", "isp"),
    "technology": ("tek", "teknologi", "technology_code"),
    "nace": ("næringskode", "naeringskode", "nace 1", "naics"),
    "line_of_business": ("bransje", "næring", "nace 1 - bransje"),
    "kind": ("type", "bygningstype", "use"),
    "weight": ("antall", "count", "units", "boliger", "est_tot", "pop_tot"),
    "place_id": ("id", "adrid", "adresseid", "location_id", "bygningsnummer", "byggnr"),
    "ferry": ("ferje", "ferge", "typeveg"),
    "level": ("minsignal", "dekningsgrad"),
    "municipality": ("kommunenavn",),
    "correction": ("feil", "hva er feil", "retting", "rettelse", "what is wrong"),
    "comment": ("kommentar", "merknad", "begrunnelse", "remark"),
    "office": ("kontor", "avsender", "meldt av", "etat"),
    "date": ("dato",),
    "claim": ("svar", "uttalelse", "answer"),
    "status": ("tilstand",),
    "available_from": ("ferdig", "ferdigstilt", "ferdigstilles", "planlagt ferdig", "ready"),
    "available_until": ("stenges", "legges ned", "closes"),
    "lapsed_on": ("bortfalt", "falt bort", "lapsed"),
    "latency_ms": ("forsinkelse", "latency"),
    "application_id": ("søknadsnummer", "søknadsnr", "saksnummer", "søknad", "application"),
    "vendor": ("utbygger", "leverandør"),
    "vendor_cost": ("kalkyle", "utbyggers kostnad"),
    "municipal_money": ("kommunale midler", "kommunal andel"),
    "contact_office": ("kontaktkontor", "kontakt"),
    "award_id": ("tildeling", "tilskuddsnummer"),
    "year": ("år", "tildelingsår"),
    "premises": ("antall adresser", "antall husstander"),
    "total_cost": ("totalkostnad", "total kostnad", "kostnad"),
    "grant": ("tilskudd", "støtte"),
    "route_m": ("traselengde", "traselengde_m", "grøftelengde"),
    "terrain": ("terreng",),
    "cell_id": ("ssbid", "ssbid250m", "ssbid0250m", "ssbid_250", "rute"),
}


def means(theirs: str, ours: str) -> bool:
    """Return whether a column is called what we call it, or what registers do."""
    folded = theirs.strip().casefold()
    return folded == ours or folded in SYNONYMS.get(ours, ())


def likely_name(theirs: str, expected: Collection[str]) -> str:
    """Return the expected name that a column most likely means, by what registers call it or by spelling; or ""."""
    folded = theirs.strip().casefold()
    for ours in expected:
        if means(theirs, ours):
            return ours
    close = difflib.get_close_matches(folded, list(expected), n=1, cutoff=0.7)
    return close[0] if close else ""


def nearest(name: str, known: Collection[str]) -> str:
    """Return what to say about an unknown name: the nearest known one, else the first known ones."""
    folded = {item.casefold(): item for item in known}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.5)
    if close:
        return f"the nearest known is {folded[close[0]]!r}"
    shown = sorted(known)
    return f"known are {', '.join(shown[:12])}{' …' if len(shown) > 12 else ''}" if shown else "none is known here"


@dataclass(frozen=True)
class Key:
    """Describe one key of a TOML table; `type` is str, float, int, bool, dt.date, list or dict."""

    type: type
    required: bool = False
    allowed: tuple[str, ...] = ()
    low: float | None = None


def checked(table: object, keys: Mapping[str, Key], *, where: str) -> dict[str, Any]:
    """Return the table with its types checked, numbers as float where float is asked.

    Raises DataError naming the first unknown key (with the nearest known), missing key or wrong value.
    """
    if not isinstance(table, Mapping):
        raise DataError(f"{where} is {table!r}; expected a table")
    for name in table:
        if name not in keys:
            raise DataError(f"{where}: unknown key {name!r}; {nearest(str(name), keys)}")
    for name, key in keys.items():
        if key.required and name not in table:
            raise DataError(f"{where}: the key {name!r} is missing; expected {_wanted(key)}")
    return {name: _value(value, keys[name], where=f"{where}: {name}") for name, value in table.items()}


def texts(table: Mapping[str, Any], *, where: str) -> dict[str, str]:
    """Return a table whose values are all text, or raise DataError."""
    return {name: str(_value(value, Key(str), where=f"{where}: {name}")) for name, value in table.items()}


def _value(value: Any, key: Key, *, where: str) -> Any:
    fine = isinstance(value, key.type)
    if key.type in (float, int):  # TOML's true is not a number, and 5 will do for 5.0
        fine = isinstance(value, (int, float) if key.type is float else int) and not isinstance(value, bool)
    if key.type is dt.date and isinstance(value, dt.datetime):
        fine = False
    if key.type is str and fine and key.required and not value.strip():
        fine = False
    if not fine:
        raise DataError(f"{where} is {value!r}; expected {_wanted(key)}")
    if key.allowed and value not in key.allowed:
        raise DataError(f"{where} is {value!r}; expected one of {', '.join(key.allowed)}")
    if key.low is not None and not value >= key.low:
        raise DataError(f"{where} is {value!r}; expected {key.low:g} or more")
    return float(value) if key.type is float else value


def _wanted(key: Key) -> str:
    if key.allowed:
        return f"one of {', '.join(key.allowed)}"
    return _TYPE_NAMES.get(key.type, key.type.__name__)
