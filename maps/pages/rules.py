"""A policy told in sentences, each with its clause id; what is not confirmed carries a mark."""

from __future__ import annotations

import math
from collections.abc import Iterator

from coverage.policy import Policy, Tier
from maps import style

Sentence = tuple[str, str, str, str]  # clause id, text, source, confidence; plain text


def policy_html(policy: Policy) -> str:
    """Return the whole policy as HTML; every text is escaped."""
    until = f" to {policy.valid_to:%Y-%m-%d}" if policy.valid_to else ""
    about = f"In force from {policy.valid_from:%Y-%m-%d}{until}. {policy.legal_basis}. Source: {policy.source}"
    sections = (
        ("Who is short of fixed service", "ul", _tiers(policy)),
        ("Who is eligible: the first clause that holds decides", "ol", _clauses(policy)),
        ("Mobile", "ul", _mobile(policy)),
        ("Money", "ul", _money(policy)),
        ("Project areas", "ul", _areas(policy)),
    )
    body = "".join(
        f"<h4>{style.escape(heading)}</h4><{kind}>{''.join(map(_item, sentences))}</{kind}>"
        for heading, kind, sentences in sections
    )
    return f"<h3>{style.escape(policy.name)}</h3><p>{style.escape(about)}</p><div class='bg-rules'>{body}</div>"


def _item(sentence: Sentence) -> str:
    clause, text, source, confidence = sentence
    code = f"<code>{style.escape(clause)}</code> " if clause else ""
    mark = "" if confidence == "published" else f' <span class="mark">⚑ {style.escape(confidence)}</span>'
    where = f' <span class="bg-sub">({style.escape(source)})</span>' if source else ""
    return f"<li>{code}{style.escape(text)}{mark}{where}</li>"


def _speed(down: float, up: float) -> str:
    return f"{style.number(down)} Mbit/s" + (f" down and {style.number(up)} Mbit/s up" if up else "")


def _tiers(policy: Policy) -> Iterator[Sentence]:
    for tier in policy.tiers:
        threshold = _speed(tier.down_mbps, tier.up_mbps)
        if math.isfinite(tier.or_down_mbps):
            threshold += f", nor {_speed(tier.or_down_mbps, 0)} down alone"
        confidence = tier.confidence if tier.confidence != "published" else tier.deliver_confidence or "published"
        yield tier.id, f"No existing offer reaches {threshold}: {_support(tier)}.", tier.source, confidence
    fixed = policy.fixed
    counted = ", ".join(style.word(name) for name in fixed.technologies)
    yield "", f"What counts as an offer: {counted}.", fixed.source, fixed.confidence
    years = style.number(fixed.plan_horizon_years)
    within = "1 year" if fixed.plan_horizon_years == 1 else f"{years} years"
    least = _speed(fixed.plan_min_down_mbps, fixed.plan_min_up_mbps)
    yield "", f"Plans count if they come within {within} and give at least {least}.", "", fixed.confidence
    if math.isfinite(fixed.max_latency_ms):
        text = f"An offer known to answer in more than {style.number(fixed.max_latency_ms)} ms does not count."
        yield "", text, "", fixed.confidence
    if policy.aim:
        text = f"The scheme's aim: {_speed(policy.aim.down_mbps, 0)} by {policy.aim.by:%Y-%m-%d}. It decides no place."
        yield "", text, policy.aim.source, policy.aim.confidence


def _support(tier: Tier) -> str:
    if not tier.eligible:
        return "is not supported"
    must = f"may be supported; a funded network must deliver {_speed(tier.deliver_down_mbps, tier.deliver_up_mbps)}"
    factors = ((tier.deliver_down_factor, "download"), (tier.deliver_up_factor, "upload"))
    for factor, what in factors:
        if factor:
            must += f", and at least {style.number(factor)} times the {what} speed of the best offer there"
    return must


def _clauses(policy: Policy) -> Iterator[Sentence]:
    for clause in policy.clauses:
        yield clause.id, clause.label.get("en", clause.id), clause.source, clause.confidence


def _mobile(policy: Policy) -> Iterator[Sentence]:
    rules = policy.mobile
    by = " or ".join(style.word(name) for name in rules.technologies)
    who = "one operator" if rules.operators == 1 else f"{rules.operators} operators"
    yield "", f"Enough is level “{style.word(rules.level)}” from {who} by {by}.", rules.source, rules.confidence
    levels = (("basic", rules.basic_dbm), ("good", rules.good_dbm), ("very good", rules.very_good_dbm))
    said = ", ".join(f"{name} from {style.number(dbm)} dBm" for name, dbm in levels)
    yield "", f"Levels: {said}.", "", rules.confidence
    if rules.transport_routes:
        yield "", "The scheme supports mobile coverage along transport routes too.", "", rules.confidence


def _money(policy: Policy) -> Iterator[Sentence]:
    rules, currency = policy.subsidy, policy.currency
    yield "", f"The cash flows run over {rules.horizon_years} years.", rules.source, rules.confidence
    local = style.percent(rules.local_share)
    yield "", f"The municipality adds {local} of the public grant.", "", rules.confidence
    if math.isfinite(rules.ceiling_per_premises):
        ceiling = style.money(rules.ceiling_per_premises, currency)
        yield "", f"An area above {ceiling} per premises is flagged.", "", rules.confidence
    if policy.has_scheme_ceiling:
        text = f"All support under the scheme together is at most {style.money(rules.scheme_ceiling, currency)}."
        yield "", text, rules.scheme_ceiling_source, rules.scheme_ceiling_confidence


def _areas(policy: Policy) -> Iterator[Sentence]:
    rules = policy.areas
    least, most = style.number(rules.min_premises), style.number(rules.max_premises)
    inside = ", within one municipality" if rules.split_by_municipality else ""
    text = (
        f"Places are grouped where the next one is at most {style.length(rules.cut_m)} of road away: "
        f"{least} to {most} premises an area{inside}."
    )
    yield "", text, rules.source, rules.confidence
