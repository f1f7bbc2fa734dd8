"""A policy told in sentences, each with its clause id; what is not confirmed carries a mark."""

from __future__ import annotations

import math
from collections.abc import Iterator

from coverage.policy import Policy, Tier
from maps import language, style
from maps.language import _, ngettext
from maps.words import said, word

Sentence = tuple[str, str, str, str]  # clause id, text, source, confidence; plain text


def policy_html(policy: Policy) -> str:
    """Return the whole policy as HTML; every text is escaped."""
    first = language.date(policy.valid_from)
    force = (
        _("In force from {first} to {last}.", first=first, last=language.date(policy.valid_to))
        if policy.valid_to
        else _("In force from {first}.", first=first)
    )
    about = f"{force} {said(policy.legal_basis)}. " + _("Source: {source}", source=said(policy.source))
    sections = (
        (_("Who is short of fixed service"), "ul", _tiers(policy)),
        (_("Who is eligible: the first clause that holds decides"), "ol", _clauses(policy)),
        (_("Mobile"), "ul", _mobile(policy)),
        (_("Money"), "ul", _money(policy)),
        (_("Project areas"), "ul", _areas(policy)),
    )
    body = "".join(
        f"<h4>{style.escape(heading)}</h4><{kind}>{''.join(map(_item, sentences))}</{kind}>"
        for heading, kind, sentences in sections
    )
    return f"<h3>{style.escape(said(policy.name))}</h3><p>{style.escape(about)}</p><div class='bg-rules'>{body}</div>"


def _item(sentence: Sentence) -> str:
    clause, text, source, confidence = sentence
    code = f"<code>{style.escape(clause)}</code> " if clause else ""
    mark = "" if confidence == "published" else f' <span class="mark">⚑ {style.escape(word(confidence))}</span>'
    where = f' <span class="bg-sub">({style.escape(said(source))})</span>' if source else ""
    return f"<li>{code}{style.escape(text)}{mark}{where}</li>"


def _speed(down: float, up: float) -> str:
    if up:
        return _("{down} Mbit/s down and {up} Mbit/s up", down=style.number(down), up=style.number(up))
    return _("{down} Mbit/s", down=style.number(down))


def _tiers(policy: Policy) -> Iterator[Sentence]:
    for tier in policy.tiers:
        threshold = _speed(tier.down_mbps, tier.up_mbps)
        if math.isfinite(tier.or_down_mbps):
            threshold = _("{speed}, nor {other} down alone", speed=threshold, other=_speed(tier.or_down_mbps, 0))
        confidence = tier.confidence if tier.confidence != "published" else tier.deliver_confidence or "published"
        text = _("No existing offer reaches {threshold}: {support}.", threshold=threshold, support=_support(tier))
        yield tier.id, text, tier.source, confidence
    fixed = policy.fixed
    counted = ", ".join(word(name) for name in fixed.technologies)
    yield "", _("What counts as an offer: {technologies}.", technologies=counted), fixed.source, fixed.confidence
    text = ngettext(
        "Plans count if they come within {years} year and give at least {speed}.",
        "Plans count if they come within {years} years and give at least {speed}.",
        fixed.plan_horizon_years,
        years=style.number(fixed.plan_horizon_years),
        speed=_speed(fixed.plan_min_down_mbps, fixed.plan_min_up_mbps),
    )
    yield "", text, "", fixed.confidence
    if math.isfinite(fixed.max_latency_ms):
        slowest = style.number(fixed.max_latency_ms)
        text = _("An offer known to answer in more than {slowest} ms does not count.", slowest=slowest)
        yield "", text, "", fixed.confidence
    if policy.aim:
        text = _(
            "The scheme's aim: {speed} by {date}. It decides no place.",
            speed=_speed(policy.aim.down_mbps, 0),
            date=language.date(policy.aim.by),
        )
        yield "", text, policy.aim.source, policy.aim.confidence


def _support(tier: Tier) -> str:
    if not tier.eligible:
        return _("is not supported")
    must = _(
        "may be supported; a funded network must deliver {speed}",
        speed=_speed(tier.deliver_down_mbps, tier.deliver_up_mbps),
    )
    if tier.deliver_down_factor:
        factor = style.number(tier.deliver_down_factor)
        must += _(", and at least {factor} times the download speed of the best offer there", factor=factor)
    if tier.deliver_up_factor:
        factor = style.number(tier.deliver_up_factor)
        must += _(", and at least {factor} times the upload speed of the best offer there", factor=factor)
    return must


def _clauses(policy: Policy) -> Iterator[Sentence]:
    for clause in policy.clauses:
        yield clause.id, language.label(clause.label, clause.id), clause.source, clause.confidence


def _mobile(policy: Policy) -> Iterator[Sentence]:
    rules = policy.mobile
    text = ngettext(
        "Enough is level “{level}” from one operator by {technologies}.",
        "Enough is level “{level}” from {count} operators by {technologies}.",
        rules.operators,
        level=word(rules.level),
        technologies=_(" or ").join(word(name) for name in rules.technologies),
    )
    yield "", text, rules.source, rules.confidence
    levels = (("basic", rules.basic_dbm), ("good", rules.good_dbm), ("very_good", rules.very_good_dbm))
    said = ", ".join(_("{level} from {dbm} dBm", level=word(name), dbm=style.number(dbm)) for name, dbm in levels)
    yield "", _("Levels: {levels}.", levels=said), "", rules.confidence
    money = (
        _("The scheme gives money to mobile coverage.")
        if rules.supported
        else _("The scheme gives no money to mobile coverage; a scenario may.")
    )
    yield "", money, rules.supported_source, rules.confidence
    if rules.gain_per_km2 or rules.gain_per_road_km:
        text = _(
            "What a mast newly serves counts in weighted employees: {farmland} for each km² of farmland, {road} for "
            "each km of main road.",
            farmland=style.number(rules.gain_per_km2),
            road=style.number(rules.gain_per_road_km),
        )
        yield "", text, rules.gain_source, rules.confidence
    if rules.transport_routes:
        yield "", _("The scheme supports mobile coverage along transport routes too."), "", rules.confidence


def _money(policy: Policy) -> Iterator[Sentence]:
    rules, currency = policy.subsidy, policy.currency
    text = _("The cash flows run over {years} years.", years=rules.horizon_years)
    yield "", text, rules.source, rules.confidence
    text = _("The municipality adds {share} of the public grant.", share=style.percent(rules.local_share))
    yield "", text, "", rules.confidence
    if math.isfinite(rules.ceiling_per_premises):
        ceiling = style.money(rules.ceiling_per_premises, currency)
        yield "", _("An area above {ceiling} per premises is flagged.", ceiling=ceiling), "", rules.confidence
    if policy.has_scheme_ceiling:
        most = style.money(rules.scheme_ceiling, currency)
        text = _("All support under the scheme together is at most {money}.", money=most)
        yield "", text, rules.scheme_ceiling_source, rules.scheme_ceiling_confidence


def _areas(policy: Policy) -> Iterator[Sentence]:
    rules = policy.areas
    least, most = style.number(rules.min_premises), style.number(rules.max_premises)
    text = _(
        "Places are grouped where the next one is at most {distance} of road away: {least} to {most} premises an area.",
        distance=style.length(rules.cut_m),
        least=least,
        most=most,
    )
    if rules.split_by_municipality:
        text += " " + _("An area lies within one municipality.")
    if rules.changed:
        text += " " + _("Some of this is changed in the sidebar.")
    yield "", text, rules.source, rules.confidence
