"""The words for codes of the model: kinds, technologies, levels, decisions, roles and steps.

The table holds the English words, marked for the catalogues; `word` gives them in the current language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from coverage.reports.wording import load_wording
from maps.language import N_, _, current

WORDS: Final[Mapping[str, str]] = {
    # technologies
    "fibre": N_("fibre"),
    "cable": N_("cable"),
    "dsl": N_("DSL"),
    "fwa": N_("fixed wireless"),
    "fwa_unlicensed": N_("fixed wireless (unlicensed)"),
    "satellite": N_("satellite"),
    "other": N_("other"),
    "mobile_site": N_("mobile site"),
    "voucher": N_("voucher"),
    "2g": N_("2G"),
    "4g": N_("4G"),
    "5g": N_("5G"),
    # mobile levels
    "none": N_("none"),
    "basic": N_("basic"),
    "good": N_("good"),
    "very_good": N_("very good"),
    # kinds of premises and of gaps
    "business": N_("business"),
    "household": N_("home"),
    "holiday": N_("holiday home"),
    "public": N_("public building"),
    "fixed": N_("fixed"),
    "mobile": N_("mobile"),
    "both": N_("fixed and mobile"),
    # size classes, by headcount
    "micro": N_("micro"),
    "small": N_("small"),
    "medium": N_("medium"),
    "large": N_("large"),
    "unknown": N_("not known"),
    # sites that the county works through
    "business_garden": N_("business garden"),
    "incubator": N_("incubator"),
    "business_park": N_("business park"),
    # what a municipality corrects
    "not_inhabited": N_("not inhabited"),
    "in_use": N_("in use"),
    "wrong_kind": N_("wrong kind"),
    "missing_address": N_("missing address"),
    "wrong_speed": N_("wrong speed"),
    # what becomes of a funded area
    "safe": N_("safe"),
    "partly": N_("kept in part"),
    "lost": N_("lost"),
    # what data is
    "real": N_("real data"),
    "modelled": N_("modelled"),
    "synthetic": N_("SYNTHETIC"),
    # how far a figure is to be trusted
    "published": N_("published"),
    "derived": N_("derived"),
    "assumed": N_("assumed"),
    "unconfirmed": N_("unconfirmed"),
    # decisions and how certain they are
    "fund": N_("fund"),
    "reserve": N_("reserve"),
    "ineligible": N_("ineligible"),
    "safe yes": N_("safe yes"),
    "toss-up": N_("toss-up"),
    "safe no": N_("safe no"),
    # roles of sources
    "municipalities": N_("municipalities"),
    "premises": N_("premises"),
    "offers": N_("offers"),
    "shares": N_("shares"),
    "roads": N_("roads"),
    "network": N_("network"),
    "extent": N_("land and roads"),
    "truth": N_("known results"),
    "awards": N_("past awards"),
    "applications": N_("applications for support"),
    "corrections": N_("corrections"),
    "hearing": N_("hearing"),
    "hubs": N_("support hubs"),
    "lots": N_("lots, as drawn"),
    "terrain": N_("terrain"),
    "masts": N_("masts"),
    "poles": N_("poles"),
    "ducts": N_("ducts"),
    "water": N_("water"),
    # the steps of an assessment
    "overlay": N_("laying coverage over the premises"),
    "verdict": N_("holding the service against the policy"),
    "areas": N_("grouping places into project areas"),
    "routes": N_("finding routes along the roads"),
    # what an uncertain total hangs on
    "unit_cost": N_("unit costs"),
    "rock_share": N_("rock in the ground"),
    "take_up": N_("take-up"),
    "wacc": N_("cost of capital"),
}


# Why an area is not eligible: coverage.priority.INELIGIBLE.
NO_MONEY: Final = N_("neither the policy nor the scenario gives money to mobile coverage")
REFUSALS: Final[Mapping[str, str]] = {
    "mobile_not_supported": NO_MONEY,
    "brings_nothing": N_("it would bring nothing"),
    "not_priced": N_("no technology or no grant is known"),
    "awarded": N_("its money has been awarded already"),
    "above_reference": N_("it asks for more than the template accepts"),
}


# What stands for an operator whose name an audience must not see (coverage.phrases.WITHHELD).
WITHHELD = {"another operator": N_("another operator"), "an operator": N_("an operator")}


def operator(name: str) -> str:
    """Return an operator's name, or the word for one that is withheld."""
    return _(WITHHELD[name]) if name in WITHHELD else name


def refusal(code: object) -> str:
    """Return why an area is not eligible; "" where it is, or where no reason is told."""
    return _(REFUSALS[str(code)]) if str(code) in REFUSALS else ""


def word(code: object) -> str:
    """Return the word people use for a code, or the code itself."""
    found = WORDS.get(str(code))
    return str(code).replace("_", " ") if found is None else _(found)


def said(text: str) -> str:
    """Return a text that the data bring (names of studies, suppliers and policies, units) in the reader's language."""
    return load_wording(current()).said(text)
