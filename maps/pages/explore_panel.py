"""The panel beside the map of Explore: how much of what is shown is short of service, and its areas."""

from __future__ import annotations

from collections.abc import Sequence

from coverage.assessment import Assessment
from coverage.kinds import is_mobile
from maps import figures, style
from maps.lacking import said
from maps.language import _, ngettext


def html(assessment: Assessment, *, codes: Sequence[str], title: str) -> str:
    """Return the panel of an assessment that holds what is shown: of these municipalities, of all if none."""
    areas = assessment.areas
    found = figures.figures(assessment.places)
    colour = style.tier_colours([(tier.id, tier.eligible) for tier in assessment.policy.tiers])
    worst = colour[assessment.policy.eligible_tiers[0]]
    rows = [
        (_("businesses, fixed"), found.businesses_short, found.businesses, worst),
        (_("homes, fixed"), found.homes_short, found.homes, worst),
    ]
    if found.mobile_known:
        rows += [
            (_("businesses, mobile"), found.businesses_mobile, found.businesses, style.MOBILE_COLOUR),
            (_("homes, mobile"), found.homes_mobile, found.homes, style.MOBILE_COLOUR),
        ]
    meters = "".join(_meter(*row) for row in rows if row[2]) + _extents(assessment, codes)
    masted = areas[is_mobile(areas)]
    areas = areas[~is_mobile(areas)]
    total = style.money(areas["funding_gap_p50"].sum(), assessment.study.currency)
    funded = int((areas["decision"] == "fund").sum())
    foot = ngettext(
        "{count} project area, funding gap about {total}; {funded} funded within the budget",
        "{count} project areas, funding gap about {total}; {funded} funded within the budget",
        len(areas),
        count=style.number(len(areas)),
        total=total,
        funded=style.number(funded),
    )
    if len(masted):
        foot += "; " + ngettext(
            "{count} mobile area, {funded} of them funded",
            "{count} mobile areas, {funded} of them funded",
            len(masted),
            count=style.number(len(masted)),
            funded=style.number((masted["decision"] == "fund").sum()),
        )
    about = _("share short of service")
    told = _("Estimated: fixed service is known only as a share per municipality.")
    basis = f"<div class='mark'>{style.escape(told)}</div>" if found.expected_share else ""
    return (
        f'<div class="bg-panel"><h4>{style.escape(title)}</h4>'
        f'<div class="bg-sub">{style.escape(about)}</div>'
        f'<div class="bg-meter">{meters}</div><hr>{style.escape(foot)}{basis}</div>'
    )


def _extents(assessment: Assessment, codes: Sequence[str]) -> str:
    """Return a meter per kind of land or road: how much of it lies below the policy's mobile level."""
    added: dict[tuple[str, str], tuple[float, float]] = {}
    for row in assessment.summary.get("extents", []):
        asked = (row["operator"], row["technology"], row["level"]) == ("any", "any", assessment.policy.mobile.level)
        if asked and row["municipality_code"] in (codes or (None,)):
            kind = (str(row["what"]), str(row["unit"]))
            lacking, total = added.get(kind, (0.0, 0.0))
            added[kind] = (lacking + row["total"] - row["covered"], total + row["total"])
    return "".join(
        _meter(_("{what}, mobile", what=said(what)), lacking, total, style.MOBILE_COLOUR, unit.replace("km2", "km²"))
        for (what, unit), (lacking, total) in added.items()
        if total > 0
    )


def _meter(label: str, short: float, total: float, colour: str, unit: str = "") -> str:
    share = short / total
    figure = style.escape(f"{style.number(short, digits=3)} {unit}".strip())
    return (
        f"<span>{style.escape(label)}</span>"
        f'<span class="rail"><i style="width:{100 * share:.1f}%;background:{colour}"></i></span>'
        f'<span class="figure">{style.percent(share)} · {figure}</span>'
    )
