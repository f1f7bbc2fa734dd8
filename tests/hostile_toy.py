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
