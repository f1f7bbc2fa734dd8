"""The panel that answers "why?": service, verdict, clause, area and source of what was clicked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from coverage import reasons
from coverage.assessment import Assessment
from coverage.schemas import SERVED
from maps import language, style
from maps.language import N_, _, ngettext
from maps.pages import area_facts, why_area, why_changes, why_profile
from maps.pages.origins import as_text, origin, source_of, supplied
from maps.pages.parts import definitions, head
from maps.picking import Picked
from maps.themes import class_labels
from maps.words import operator, word

# Where a place's own position is not known.
POSITIONS = {
    "spread": N_("somewhere in the municipality: its own position is not known"),
    "postcode": N_("in the middle of its postcode: its own position is not known"),
}
# Why an offer that exists does not count.
UNCOUNTED = {
    "technology": N_("does not count: the policy does not count this technology"),
    "latency": N_("does not count: it answers too slowly"),
    "closing": N_("does not count: it closes"),
}


def panel_of_two(sides: Sequence[tuple[str, str, Assessment]], picked: Picked, outcome: str) -> str:
    """Return the panel of a place that two policies judge, as HTML; every text from data is escaped.

    Each side holds the policy's name, its sign as HTML, and the assessment with the places as that policy judges them;
    `outcome` says in words who supports the place.
    """
    assert picked.place is not None  # noqa: S101 - for the type checker; the caller has asked
    first = sides[0][2]
    parts = [_heading(picked) + f'<div class="verdict">{style.escape(outcome)}</div>']
    for name, sign, assessment in sides:
        place = assessment.places.loc[picked.place.name]
        reason, change = _told(place, assessment)
        pairs = [(_("why"), reason), (_("what would change it"), change), (_("clause"), _clause(place, assessment))]
        side = f'<div class="bg-side-by">{sign}<b>{style.escape(name)}</b></div>'
        parts.append(f"<section>{side}{_verdict(place, assessment)}{definitions(pairs)}</section>")
    origins = [
        (_("service from"), _service_origin(picked.place, first)),
        (_("place from"), origin(picked.place, "source", first)),
    ]
    return _scrolling("<hr>".join([*parts, definitions(origins)]))


def panel(assessment: Assessment, picked: Picked, *, first: str = "") -> str:
    """Return the panel as HTML, with `first` on top; every text from data is escaped."""
    parts = [first] if first else []
    if picked.place is not None:
        parts.append(_place(assessment, picked))
    if picked.route:
        parts.append(head(_("Fibre route"), _("It is built for the area that is told here.")))
    if picked.area is not None:
        parts.append(why_area.panel(assessment, picked.area, opened=picked.place is None))
    if picked.mobile is not None:
        parts.append(why_area.mobile_panel(assessment, picked.mobile, opened=len(parts) == 0))
    if not parts:
        where = (
            _("The position lies in {municipality}.", municipality=picked.municipality)
            if picked.municipality
            else _("The position lies outside every municipality of the study.")
        )
        parts.append(head(_("No place near here"), where))
    return _scrolling("<hr>".join(parts))


def _scrolling(inner: str) -> str:
    """Return a panel that scrolls in itself beside a map, also by the keyboard: a long one moves nothing below."""
    label = style.escape(_("why"))
    return f'<div class="bg-panel bg-tall" tabindex="0" role="region" aria-label="{label}">{inner}</div>'


def _heading(picked: Picked) -> str:
    """Return the place's name, and what and where it is."""
    place = picked.place
    assert place is not None  # noqa: S101 - for the type checker; the caller has asked
    title = as_text(place["name"]) or as_text(place["address"]) or style.sentence(word(place["kind"]))
    facts = [word(place["kind"]), as_text(place["address"]), as_text(place["locality"])]
    if place["weight"] != 1:
        facts.append(_("stands for {count} premises", count=style.number(place["weight"], digits=3)))
    if position := POSITIONS.get(as_text(place.get("position_basis"))):
        facts.append(_(position))
    if picked.distance_m > 60:
        facts.append(_("{distance} from the click", distance=style.length(picked.distance_m)))
    return head(title, " · ".join(dict.fromkeys(fact for fact in facts if fact and fact != title)))


def _clause(place: pd.Series[Any], assessment: Assessment) -> str:
    """Name the clause that decides, with a mark where its text is not published."""
    clause = next((item for item in assessment.policy.clauses if item.id == place["reason_code"]), None)
    rule = f"{assessment.policy.id} § {place['reason_code']}"
    if clause is not None and clause.confidence != "published":
        rule += f" ({word(clause.confidence)})"
    return rule


def _place(assessment: Assessment, picked: Picked) -> str:
    place = picked.place
    assert place is not None  # noqa: S101 - for the type checker; the caller has asked
    reason, change = _told(place, assessment)
    pairs = [
        (_("why"), reason),
        (_("what would change it"), change),
        (_("clause"), _clause(place, assessment)),
        *why_changes.pairs(place, assessment),
        (_("fixed"), _fixed(place, assessment)),
        (_("service from"), _service_origin(place, assessment)),
        (_("does not count"), _uncounted(place, assessment)),
        (_("measured"), _measured(place)),
        (_("planned"), _planned(place, assessment)),
        (_("plan from"), origin(place, "planned_source", assessment)),
        (_("mobile"), _mobile(place, assessment)),
        (_("mobile area"), why_area.name_of(assessment, place.get("mobile_area_id"))),
        (_("if left out"), area_facts.left_out(place, assessment)),
        (_("place from"), origin(place, "source", assessment)),
    ]
    parts = [_heading(picked) + _verdict(place, assessment) + definitions(pairs)]
    if profile := why_profile.pairs(place, assessment):
        parts.append(definitions(profile))
    return "<hr>".join(parts)


def _told(place: pd.Series[Any], assessment: Assessment) -> tuple[str, str]:
    """Return why the place is judged as it is, and what would change that, in the reader's language."""
    one = assessment.places.loc[[place.name]]
    study = assessment.study
    told = reasons.explain(one, policy=assessment.policy, as_of=study.as_of, language=language.current()).iloc[0]
    return str(told["reason"]), str(told["change"])


def _service_origin(place: pd.Series[Any], assessment: Assessment) -> str:
    """Name the source of the best offer, or of the shares that stand for offers."""
    if place.get("service_basis") == "expected_share":
        return "; ".join(
            source.name + supplied(source) for source in assessment.study.sources if source.role == "shares"
        )
    return origin(place, "fixed_source", assessment)


def _verdict(place: pd.Series[Any], assessment: Assessment) -> str:
    policy = assessment.policy
    colours = style.tier_colours([(tier.id, tier.eligible) for tier in policy.tiers])
    labels = {name: text.replace(": ", ", ") for name, text in class_labels(policy).items()}
    kind = place["gap_kind"]
    if place.get("service_basis") == "expected_share":
        text = _(
            "an estimated {share} of such premises in the municipality are short: not known for this one",
            share=style.percent(place["short_fixed"]),
        )
        colour = colours[policy.eligible_tiers[-1]]
    elif kind == "mobile":
        text, colour = _("short of mobile service"), colours[style.MOBILE_ONLY]
    elif kind == "none":
        tier = labels[place["tier"]]
        text = tier if place["tier"] == SERVED else _("not short: {tier}", tier=tier)
        colour = colours[place["tier"]]
    elif kind == "both":
        text = _("short of fixed service: {tier}, and short of mobile", tier=labels[place["tier"]])
        colour = colours[place["tier"]]
    else:
        text, colour = _("short of fixed service: {tier}", tier=labels[place["tier"]]), colours[place["tier"]]
    eligible = place["eligible"]
    verdict = (
        _("eligible for support")
        if eligible >= 0.995
        else _("not eligible for support")
        if eligible <= 0.005
        else _("counted as {share} eligible for support", share=style.percent(eligible))
    )
    return (
        f'<div class="verdict"><i class="bg-dot" style="background:{colour}"></i>{style.escape(text)}</div>'
        f"<div>{style.escape(verdict)}</div>"
    )


def _speed(place: pd.Series[Any], claim: str) -> str:
    down, up = (place[f"{claim}_{way}_mbps"] for way in ("down", "up"))
    return _("{down}/{up} Mbit/s", down=style.number(down), up=style.number(up))


def _provider(place: pd.Series[Any], claim: str) -> str:
    who = as_text(place[f"{claim}_provider"])
    return _("a provider that is not named") if who in ("", "not named") else operator(who)


def _claim(place: pd.Series[Any], claim: str, speed: str, assessment: Assessment) -> str:
    """Say who reports what, by which technology, and as of when."""
    source = source_of(assessment, as_text(place.get(f"{claim}_source")))
    technology = as_text(place[f"{claim}_technology"])
    said = {"provider": _provider(place, claim), "speed": speed}
    if technology in ("", "other"):  # the source names none
        text = _("{provider} reports {speed}", **said)
    else:
        text = _("{provider} reports {speed} by {technology}", **said, technology=word(technology))
    return text + (f" ({language.date(source.as_of)})" if source is not None and source.as_of else "")


def _fixed(place: pd.Series[Any], assessment: Assessment) -> str:
    if place.get("service_basis") == "expected_share":
        return _("known only as the municipality's share, not at this place")
    if not place["fixed_down_mbps"] and not place["fixed_down_max_mbps"]:
        # A claim that does not count is told below: then somebody does report service.
        return "" if as_text(place.get("uncounted_why")) else _("nobody reports fixed service here")
    speed = _speed(place, "fixed")
    if place["fixed_down_max_mbps"] > place["fixed_down_mbps"]:
        speed = _(
            "{low} to {high} Mbit/s down",
            low=style.number(place["fixed_down_mbps"]),
            high=style.number(place["fixed_down_max_mbps"]),
        )
    text = _claim(place, "fixed", speed, assessment)
    closes = place.get("fixed_closes")
    return text if pd.isna(closes) else text + _("; it closes on {date}", date=language.date(closes))


def _uncounted(place: pd.Series[Any], assessment: Assessment) -> str:
    """Tell the best offer that exists and does not count, why it does not, and where it stands."""
    why = as_text(place.get("uncounted_why"))
    if not why:
        return ""
    text = _claim(place, "uncounted", _speed(place, "uncounted"), assessment)
    stands = origin(place, "uncounted_source", assessment)
    return "; ".join(part for part in (text, _(UNCOUNTED[why]), stands) if part)


def _measured(place: pd.Series[Any]) -> str:
    if pd.isna(place["measured_down_mbps"]):
        return ""
    speed, tests = style.number(place["measured_down_mbps"]), place.get("measured_tests")
    if pd.isna(tests):
        text = _("{speed} Mbit/s down", speed=speed)
    else:
        text = ngettext(
            "{speed} Mbit/s down, from {tests} test",
            "{speed} Mbit/s down, mean of {tests} tests",
            tests,
            speed=speed,
            tests=style.number(tests),
        )
    return _("{measured}: well below what is claimed", measured=text) if place.get("measured_flag") else text


def _planned(place: pd.Series[Any], assessment: Assessment) -> str:
    if not place.get("plan_told", True):
        return _("a planned build counts; whose and when is not shown") if as_text(place["planned_by"]) else ""
    if not place["planned_down_mbps"]:
        return _("no build reported") if place["short_fixed"] else ""
    said = {
        "provider": as_text(place["planned_by"]) or _("a provider"),
        "speed": style.number(place["planned_down_mbps"]),
    }
    day = place["planned_date"]
    if pd.isna(day):
        return _("{provider} plans {speed} Mbit/s", **said)
    if day.date() <= assessment.study.as_of:  # reported as planned still, though nothing as fast is there
        return _("overdue: {provider} planned {speed} Mbit/s by {date}", **said, date=language.date(day))
    return _("{provider} plans {speed} Mbit/s by {month}", **said, month=language.month(day))


def _mobile(place: pd.Series[Any], assessment: Assessment) -> str:
    if pd.isna(place["mobile_level"]):
        return _("no mobile data")
    text = ngettext(
        "best level {level}; {count} operator with “{needed}” or better",
        "best level {level}; {count} operators with “{needed}” or better",
        int(place["mobile_operators"]),
        level=word(place["mobile_level"]),
        needed=word(assessment.policy.mobile.level),
    )
    indoor = place.get("mobile_level_indoor")
    return text if pd.isna(indoor) else text + _("; indoors {level}", level=word(indoor))
