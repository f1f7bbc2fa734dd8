"""Wishes that cannot all hold, in the reader's words: a smallest set of them, of which one has to give way."""

from __future__ import annotations

from collections.abc import Sequence

from coverage.assessment import Assessment
from coverage.errors import CoverageError
from coverage.programme import InfeasibleError
from coverage.scenario import Scenario
from maps import masts, style
from maps.language import _, ngettext


def sentence(error: CoverageError, scenario: Scenario, shown: Assessment) -> str:
    """Return what is wrong with the wishes of a scenario; `shown` is a list that knows the names of its areas."""
    if not isinstance(error, InfeasibleError) or not error.rules:
        return str(error)
    listed = "; ".join(_rule(rule, scenario, shown) for rule in error.rules)
    if len(error.rules) == 1:
        return _("This wish cannot hold: {wishes}.", wishes=listed)
    return _("These wishes cannot all hold: {wishes}. One of them has to give way.", wishes=listed)


def _rule(rule: Sequence[str], scenario: Scenario, shown: Assessment) -> str:
    kind, *about = rule
    wishes, currency = scenario.wishes, shown.study.currency

    def area(area_id: str) -> str:
        rows = shown.areas[shown.areas["area_id"] == area_id]
        return masts.name(rows.iloc[0]) if len(rows) else area_id

    if kind == "must":
        return _("{area} funded in any case", area=area(about[0]))
    if kind == "never":
        return _("{area} not funded", area=area(about[0]))
    if kind == "needs":
        return _("{area} not before {other}", area=area(about[0]), other=area(about[1]))
    if kind == "caps":
        towns = shown.municipalities.set_index("municipality_code")["name"]
        most = style.money(wishes.cap_of(about[0]), currency)
        return _("at most {money} for {municipality}", money=most, municipality=towns.get(about[0], about[0]))
    if kind == "cap":
        return _("at most {money} for each municipality", money=style.money(wishes.cap, currency))
    if kind == "phases":
        return _("the money over {count} years", count=len(wishes.phases))
    if kind == "sources":
        return _("each area paid by one pot")
    if kind == "budget":
        return _("no more than {money} in all", money=style.money(scenario.money, currency))
    count = wishes.least_municipalities
    return ngettext("at least {count} municipality", "at least {count} municipalities", count)
