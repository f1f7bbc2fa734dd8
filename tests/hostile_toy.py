"""The toy with names that try to be markup, scripts, links and formulas, wherever the data bring a text."""

from __future__ import annotations

import dataclasses

import pandas as pd

from coverage.assessment import Assessment

NAME = (
    "<img src=x onerror=alert(1)></script><script>alert(2)</script>\"'`${alert(3)}"
    "[click](http://evil.example)![i](http://evil.example/i.png) \u202etxt.exe\u202c :material/bolt: $x^2$ " + "ø" * 300
)
TEXTS = ("name", "address", "locality", "fixed_provider", "line_of_business")
# What a spreadsheet could run or follow, and what a file format cannot hold.
TRICKS = (
    "=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(1;1)", '=HYPERLINK("http://evil.example","x")', "=cmd|' /C calc'!A0",
    "\t=1+1", "\r=1+1", "x\r\n=1+1", "x;=1+1", 'x;"=1+1', " =1+1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff201",
    "'=1+1", '"=1+1', "http://evil.example/", "mailto:a@evil.example", "\\\\evil.example\\share", "internal:Areas!A1",
    "{=1+1}", "_x003D_1+1", "&L&F&G", "\x00\x01\x0b\x1b\x7f", "\ufffe\uffff", "\u2028\u2029\x85", "\u202e1+1=\u202c",
    "\U0001f600 ø", "x" * 40_000, "[x]y", "</t><f>1+1</f>",
)  # fmt: skip
TOLD = (
    *TEXTS, "planned_by", "hearing_removed_by", "hearing_lapsed_by", "corrected_by", "fixed_file", "planned_file",
    "reason", "change", "reason_nb", "change_nb", "business_park", "hub_name",
)  # fmt: skip


def hostile(given: Assessment) -> Assessment:
    """Return the assessment with NAME as the name of every place, area, municipality, source and study."""
    places = given.places.assign(**{column: NAME for column in TEXTS if column in given.places})
    towns = given.municipalities.assign(name=[f"{NAME}{number}" for number in range(len(given.municipalities))])
    sources = tuple(dataclasses.replace(source, supplier=NAME, licence=NAME) for source in given.study.sources)
    study = dataclasses.replace(given.study, name=NAME, notes=(NAME,), sources=sources)
    rejected = pd.DataFrame(
        [{"source": "offers", "row": 3, "field": NAME, "value": NAME, "reason": NAME}], columns=given.rejected.columns
    )
    return dataclasses.replace(
        given,
        places=places,
        areas=given.areas.assign(name=NAME),
        municipalities=towns,
        study=study,
        rejected=rejected,
        provenance={**given.provenance, "inputs": "hostile"},
    )


def tricked(given: Assessment) -> Assessment:
    """Return the assessment with a trick in every text that a supplier, a register or an office could have written."""
    places = given.places.assign(**{name: turns(len(given.places), at) for at, name in enumerate(TOLD)})
    areas = given.areas.assign(name=turns(len(given.areas)))
    towns = given.municipalities.assign(name=turns(len(given.municipalities), 4))
    study = dataclasses.replace(given.study, name=TRICKS[4], notes=TRICKS)
    corrected = given.corrections
    written = {name: turns(len(corrected), at) for at, name in enumerate(("comment", "office")) if name in corrected}
    return dataclasses.replace(
        given, places=places, areas=areas, municipalities=towns, study=study, corrections=corrected.assign(**written)
    )


def turns(count: int, start: int = 0) -> list[str]:
    """Return as many tricks as rows, from one of them on."""
    return [TRICKS[(start + at) % len(TRICKS)] for at in range(count)]
