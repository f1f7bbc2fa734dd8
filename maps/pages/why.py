"""The panel that answers "why?": service, verdict, clause, area and source of what was clicked."""

from __future__ import annotations

from typing import Any

import pandas as pd

from coverage.assessment import Assessment
from maps import style
from maps.layers import class_labels
from maps.picking import Picked

# Where a place's own position is not known.
POSITIONS = {
    "spread": "somewhere in the municipality: its own position is not known",
    "postcode": "in the middle of its postcode: its own position is not known",
}


def panel(assessment: Assessment, picked: Picked) -> str:
    """Return the panel as HTML; every text from data is escaped."""
    parts = []
    if picked.place is not None:
        parts.append(_place(assessment, picked))
    if picked.area is not None:
        parts.append(_area(assessment, picked.area))
    if not parts:
        where = (
            f"in {style.escape(picked.municipality)}"
            if picked.municipality
            else "outside every municipality of the study"
        )
        parts.append(f"<h4>No place near here</h4><div class='bg-sub'>The position lies {where}.</div>")
    return f'<div class="bg-panel">{"<hr>".join(parts)}</div>'


def _rows(pairs: list[tuple[str, str]]) -> str:
    """Return a definition list; values are escaped here."""
    return "<dl>" + "".join(f"<dt>{style.escape(k)}</dt><dd>{style.escape(v)}</dd>" for k, v in pairs if v) + "</dl>"


def _head(title: str, subtitle: str) -> str:
    return f"<h4>{style.escape(title)}</h4><div class='bg-sub'>{style.escape(subtitle)}</div>"


def _place(assessment: Assessment, picked: Picked) -> str:
    place = picked.place
    assert place is not None  # noqa: S101 - for the type checker; the caller has asked
    title = _text(place["name"]) or _text(place["address"]) or style.word(place["kind"]).capitalize()
    facts = [style.word(place["kind"]), _text(place["address"]), _text(place["locality"])]
    if place["weight"] != 1:
        facts.append(f"stands for {style.number(place['weight'], digits=3)} premises")
    facts.append(POSITIONS.get(_text(place.get("position_basis")), ""))
    if picked.distance_m > 60:
        facts.append(f"{style.length(picked.distance_m)} from the click")
    subtitle = " · ".join(dict.fromkeys(fact for fact in facts if fact and fact != title))
    origin = f"{place['source']}, row {place['source_row']}{_supplied(assessment, place['source'])}"
    clause = next((item for item in assessment.policy.clauses if item.id == place["reason_code"]), None)
    rule = f"{assessment.policy.id} § {place['reason_code']}"
    if clause is not None and clause.confidence != "published":
        rule += f" ({clause.confidence})"
    pairs = [
        ("fixed", _fixed(place, assessment)),
        ("measured", _measured(place)),
        ("planned", _planned(place)),
        ("mobile", _mobile(place, assessment)),
        ("rule", f"{_text(place['reason'])}"),
        ("clause", rule),
        ("business", _business(place)),
        ("place from", origin),
        ("service from", _service_origin(place, assessment)),
    ]
    return _head(title, subtitle) + _verdict(place, assessment) + _rows(pairs)


def _supplied(assessment: Assessment, source_id: str) -> str:
    """Return supplier, date and status of a source, in brackets."""
    source = next((item for item in assessment.study.sources if item.id == source_id), None)
    if source is None or not source.supplier:
        return ""
    when = f", {source.as_of:%Y-%m-%d}" if source.as_of else ""
    return f" ({source.supplier}{when}; {style.word(source.data_status)})"


def _service_origin(place: pd.Series[Any], assessment: Assessment) -> str:
    """Name the source of the best offer, or of the shares that stand for offers."""
    if place.get("service_basis") == "expected_share":
        found = [source.id for source in assessment.study.sources if source.role == "shares"]
    else:
        found = [text for text in (_text(place["fixed_source"]),) if text]
    return "; ".join(f"{name}{_supplied(assessment, name)}" for name in found)


def _verdict(place: pd.Series[Any], assessment: Assessment) -> str:
    policy = assessment.policy
    colours = style.tier_colours([(tier.id, tier.eligible) for tier in policy.tiers])
    labels = {name: text.replace(": ", ", ") for name, text in class_labels(policy).items()}
    kind = place["gap_kind"]
    if place.get("service_basis") == "expected_share":
        text = (
            f"an estimated {style.percent(place['short_fixed'])} of such premises in the municipality are short: "
            "not known for this one"
        )
        colour = colours[policy.eligible_tiers[-1]]
    elif kind == "mobile":
        text, colour = "short of mobile service", colours[style.MOBILE_ONLY]
    elif kind == "none":
        text, colour = f"not short: {labels[place['tier']]}", colours[place["tier"]]
    else:
        extra = ", and short of mobile" if kind == "both" else ""
        text, colour = f"short of fixed service: {labels[place['tier']]}{extra}", colours[place["tier"]]
    eligible = place["eligible"]
    verdict = (
        "eligible"
        if eligible >= 0.995
        else "not eligible"
        if eligible <= 0.005
        else f"counted as {style.percent(eligible)} eligible"
    )
    return (
        f'<div class="verdict"><i class="bg-dot" style="background:{colour}"></i>{style.escape(text)}</div>'
        f"<div>{style.escape(verdict)} for support</div>"
    )


def _text(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def _fixed(place: pd.Series[Any], assessment: Assessment) -> str:
    if place.get("service_basis") == "expected_share":
        return "known only as the municipality's share, not at this place"
    if not place["fixed_down_mbps"] and not place["fixed_down_max_mbps"]:
        return "nobody reports fixed service here"
    speed = f"{style.number(place['fixed_down_mbps'])}/{style.number(place['fixed_up_mbps'])} Mbit/s"
    if place["fixed_down_max_mbps"] > place["fixed_down_mbps"]:
        speed = f"{style.number(place['fixed_down_mbps'])} to {style.number(place['fixed_down_max_mbps'])} Mbit/s down"
    source = next((item for item in assessment.study.sources if item.id == place["fixed_source"]), None)
    when = f" ({source.as_of:%Y-%m-%d})" if source is not None and source.as_of else ""
    who = _text(place["fixed_provider"])
    who = "a provider that is not named" if who in ("", "not named") else who
    closes = place.get("fixed_closes")
    until = "" if pd.isna(closes) else f"; it closes on {closes:%Y-%m-%d}"
    return f"{who} reports {speed} by {style.word(place['fixed_technology'])}{when}{until}"


def _measured(place: pd.Series[Any]) -> str:
    if pd.isna(place["measured_down_mbps"]):
        return ""
    tests = place.get("measured_tests")
    count = "" if pd.isna(tests) else f", mean of {style.number(tests)} tests"
    flag = ": well below what is claimed" if place.get("measured_flag") else ""
    return f"{style.number(place['measured_down_mbps'])} Mbit/s down{count}{flag}"


def _planned(place: pd.Series[Any]) -> str:
    if not place["planned_down_mbps"]:
        return "no build reported" if place["short_fixed"] else ""
    when = "" if pd.isna(place["planned_date"]) else f" by {place['planned_date']:%Y-%m}"
    return f"{_text(place['planned_by']) or 'a provider'} plans {style.number(place['planned_down_mbps'])} Mbit/s{when}"


def _mobile(place: pd.Series[Any], assessment: Assessment) -> str:
    if pd.isna(place["mobile_level"]):
        return "no mobile data"
    needed = style.word(assessment.policy.mobile.level)
    level, operators = style.word(place["mobile_level"]), place["mobile_operators"]
    text = f"best level {level}; {operators} {'operator' if operators == 1 else 'operators'} with “{needed}” or better"
    indoor = place.get("mobile_level_indoor")
    return text if pd.isna(indoor) else f"{text}; indoors {style.word(indoor)}"


def _business(place: pd.Series[Any]) -> str:
    if place["kind"] != "business":
        return ""
    staff = "employees not reported" if pd.isna(place["employees"]) else f"{style.number(place['employees'])} employees"
    if place.get("employees_basis") == "imputed":
        staff += " (imputed, not reported)"
    return ", ".join(part for part in (_text(place["line_of_business"]), staff) if part)


def _premises(assessment: Assessment, area: pd.Series[Any]) -> str:
    """Count an area's premises; where they are expected values, about how many."""
    whole = float(area["premises"]).is_integer() and float(area["businesses"]).is_integer()
    about, digits = ("", None) if whole else ("about ", 2)
    text = about + style.number(area["premises"], digits=digits)
    if not assessment.areas["businesses"].any():
        return text  # the study tells no businesses apart
    return f"{text}, of them {about}{style.number(area['businesses'], digits=digits)} businesses"


def _area(assessment: Assessment, area: pd.Series[Any]) -> str:
    currency = assessment.study.currency
    decision = style.decision(area["decision"], area["grant"])
    build = style.word(area["technology"])
    if area["technology"] == "fibre":  # `route_m` is the fibre route, whatever is proposed
        build += f", route {style.length(area['route_m'])}"
    pairs = [
        ("rank", f"{area['rank']} of {len(assessment.areas)}, score {style.number(area['score'], digits=3)}"),
        (
            "decision",
            f"{decision}; {area['certainty']} (funded in {style.percent(area['funded_share'])} of draws)",
        ),
        ("premises", _premises(assessment, area)),
        ("build", build),
        ("investment", style.money(area["capex"], currency)),
        ("funding gap", style.money_range(area["funding_gap_p10"], area["funding_gap_p90"], currency) + " (P10–P90)"),
        (
            "grant",
            f"{style.money(area['grant'], currency)}, {style.money(area['grant_per_premises'], currency)} per premises",
        ),
    ]
    return _head(area["name"], f"project area {area['area_id']}") + _rows(pairs)
