"""Name the wishes that cannot all hold: a smallest set of rules, found by leaving them out one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from coverage.errors import CoverageError
from coverage.programme.model import NONE, Bins, Options, build
from coverage.programme.solve import solve
from coverage.scenario import Pairs
from coverage.wishes import Wishes


class InfeasibleError(CoverageError):
    """Report wishes that no set of areas can keep; `rules` are (kind, *what it is about), a smallest clashing set."""

    def __init__(self, message: str, rules: tuple[tuple[str, ...], ...]) -> None:
        """Hold the sentence and the rules it names."""
        super().__init__(message)
        self.rules = rules


@dataclass(frozen=True)
class _Rule:
    """Hold one rule: how it is called, and its words in the sentence."""

    name: tuple[str, ...]
    words: str


def clash(options: Options, *, money: Pairs, wishes: Wishes) -> InfeasibleError:
    """Return the error that names a smallest set of clashing rules: without any one of them, the rest can hold.

    Rules are left out in turn, halves of a list first; a rule that is not needed for the clash stays out.
    """
    rules = _rules(wishes, money)

    def clashes(kept: Sequence[_Rule]) -> bool:
        return not _feasible(options, {rule.name for rule in kept}, money=money, wishes=wishes)

    needed = _smallest([], rules, clashes)
    words = [rule.words for rule in needed]
    known = set(options.area.tolist())
    if len(needed) == 1 and needed[0].name[0] == "must":
        row = options.area_ids.index(needed[0].name[1])
        cause = (
            "no technology with a grant is known for it" if row not in known else "it cannot be built in these years"
        )
        message = f"wishes: {words[0]} cannot hold: {cause}"
    elif len(needed) == 1:
        message = f"wishes: {words[0]} cannot hold"
    else:
        message = f"wishes: these cannot all hold: {'; '.join(words)}; expected at least one of them to give way"
    return InfeasibleError(message, tuple(rule.name for rule in needed))


def _rules(wishes: Wishes, money: Pairs) -> list[_Rule]:
    rules = [_Rule(("never", name), f"never fund {name}") for name in wishes.never]
    rules += [_Rule(("needs", *pair), f"{pair[0]} needs {pair[1]} built no later") for pair in wishes.needs]
    rules += [_Rule(("caps", code), f"at most {value:,.0f} for municipality {code}") for code, value in wishes.caps]
    if np.isfinite(wishes.cap):
        rules.append(_Rule(("cap",), f"at most {wishes.cap:,.0f} for each municipality"))
    if len(wishes.phases) > 1:
        shares = ", ".join(f"{share:.0%}" for share in wishes.phases)
        rules.append(_Rule(("phases",), f"the money comes over {len(wishes.phases)} years ({shares})"))
    if len(money) > 1:
        rules.append(_Rule(("sources",), f"each area is paid by one of {len(money)} pots"))
    rules.append(_Rule(("budget",), f"the money is {sum(value for _, value in money):,.0f}"))
    if wishes.least_municipalities:
        words = f"at least {wishes.least_municipalities} municipalities"
        rules.append(_Rule(("least_municipalities",), words))
    return rules + [_Rule(("must", name), f"fund {name} in any case") for name in wishes.must]


def _feasible(options: Options, names: set[tuple[str, ...]], *, money: Pairs, wishes: Wishes) -> bool:
    """Say whether some set keeps the rules of these names."""
    kept = replace(
        wishes,
        must=tuple(name for name in wishes.must if ("must", name) in names),
        never=tuple(name for name in wishes.never if ("never", name) in names),
        needs=tuple(pair for pair in wishes.needs if ("needs", *pair) in names),
        # A cap of its own that is left out is no cap; it does not fall back to the one for every municipality.
        caps=_caps(options, names, wishes),
        cap=np.inf,
        least_municipalities=wishes.least_municipalities if ("least_municipalities",) in names else 0,
        phases=wishes.phases if ("phases",) in names else (),
    )
    pots = money if ("sources",) in names or len(money) < 2 else (("", sum(value for _, value in money)),)
    bins = Bins.of(pots, kept.phases)
    if ("budget",) not in names:
        bins = replace(bins, money=np.where(bins.pot == NONE, 0.0, np.inf))
    if len(wishes.phases) > 1 and not kept.phases:
        options = replace(options, earliest=None)
    model = build(options, bins, kept)
    return solve(replace(model, gain=np.zeros(model.columns)), gap=0.0) is not None


def _caps(options: Options, names: set[tuple[str, ...]], wishes: Wishes) -> Pairs:
    own = dict(wishes.caps)
    caps = {code: value for code, value in own.items() if ("caps", code) in names}
    if ("cap",) in names:
        caps |= {code: wishes.cap for code in options.municipality if code not in own}
    return tuple(sorted((code, value) for code, value in caps.items() if np.isfinite(value)))


def _smallest(sure: list[_Rule], tried: list[_Rule], clashes: Callable[[Sequence[_Rule]], bool]) -> list[_Rule]:
    """Return which of `tried` are needed so that they clash together with `sure` (Junker's QuickXplain)."""
    if clashes(sure):
        return []
    if len(tried) == 1:
        return tried
    half = len(tried) // 2
    first, second = tried[:half], tried[half:]
    of_second = _smallest([*sure, *first], second, clashes)
    of_first = _smallest([*sure, *of_second], first, clashes)
    return [*of_first, *of_second]
