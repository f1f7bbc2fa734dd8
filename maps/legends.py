"""The legend of the map, as HTML in which every text is escaped.

What the discs and the areas show stands in sections of their own, which other words can take the place of.
"""

from __future__ import annotations

from typing import Final

from coverage.assessment import Assessment
from coverage.schemas import DECISIONS, MOBILE_LEVELS
from maps import style
from maps.language import _
from maps.themes import GAP, PLANNED, Theme
from maps.words import word

DISCS: Final = "discs"  # the section that tells what the discs show
AREAS: Final = "areas"  # and the one that tells what areas are filled by


def legend(assessment: Assessment, *, tiles: bool = True) -> str:
    """Return the legend of the map, or without `tiles` of the map that opens alone."""
    told = discs(assessment) if tiles else _cells(assessment)
    summary = style.escape(_("Legend"))
    parts = [f'<summary>{summary}</summary><section class="{DISCS}">{told}</section>']
    parts.append(f'<section class="{AREAS}">{_areas()}</section>')
    parts.append(line(style.swatch(style.ACCENT, shape="line"), _("fibre route, funded")))
    if tiles and len(assessment.mobile):
        parts.append('<section data-with="mobile">' + heading(_("Mobile coverage")))
        parts += [
            line(style.swatch(style.MOBILE_LEVEL_COLOURS[level], shape="box"), word(level))
            for level in MOBILE_LEVELS[1:]
        ]
        parts.append("</section>")
    return "".join(parts)


def _areas() -> str:
    """Return what the legend says of project areas by decision."""
    kinds = [
        line(style.swatch(style.DECISION_COLOURS[name], shape="box", fill=style.DECISION_FILL[name]), word(name))
        for name in DECISIONS
    ]
    return "".join([heading(_("Project areas")), *kinds, paragraph(outlines())])


def outlines() -> str:
    """Return what the outlines of areas tell, in words."""
    return _("Outline: solid safe yes, dashed toss-up, dotted safe no.")


def discs(assessment: Assessment, theme: Theme = GAP) -> str:
    """Return what the legend says of the discs by a theme, worst class first."""
    kinds = [kind for kind in theme.classes(assessment.policy) if kind.id != style.MOBILE_ONLY or _mobile(assessment)]
    told = [_(theme.note)]
    if theme is GAP:
        ringed = _("Close up: single places; violet ring = mobile too.")
        told.append(ringed if _mobile(assessment) else _("Close up: single places."))
    if theme is PLANNED and not assessment.audience.internal:
        told.append(_("Plans are told where they count; an operator sees all of its own."))
    parts = [heading(_(theme.heading)), *(line(style.swatch(kind.colour), kind.label) for kind in reversed(kinds))]
    return "".join([*parts, paragraph(" ".join(told)), _estimated(assessment, theme)])


def _cells(assessment: Assessment) -> str:
    """Return what the legend says of the cells of the map that opens alone: only what is short is in them."""
    shown = (*assessment.policy.eligible_tiers, *([style.MOBILE_ONLY] if _mobile(assessment) else []))
    kinds = [kind for kind in GAP.classes(assessment.policy) if kind.id in shown]
    parts = [heading(_(GAP.heading)), *(line(style.swatch(kind.colour), kind.label) for kind in reversed(kinds))]
    return "".join([*parts, paragraph(_(GAP.note)), _estimated(assessment, GAP)])


def _mobile(assessment: Assessment) -> bool:
    """Tell whether the study knows anything of mobile coverage."""
    return len(assessment.mobile) > 0 or bool(assessment.places["gap_kind"].isin(("mobile", "both")).any())


def _estimated(assessment: Assessment, theme: Theme) -> str:
    places = assessment.places
    if not theme.estimated or "service_basis" not in places or not (places["service_basis"] == "expected_share").any():
        return ""
    return paragraph(_(theme.estimated))


def heading(text: str) -> str:
    """Return a heading of the legend as HTML; the text is escaped."""
    return f"<h4>{style.escape(text)}</h4>"


def paragraph(text: str) -> str:
    """Return a paragraph of the legend as HTML; the text is escaped."""
    return f"<p>{style.escape(text)}</p>"


def line(sign: str, text: str) -> str:
    """Return a sign of the legend with its meaning as HTML; the text is escaped."""
    return f"<div>{sign}{style.escape(text)}</div>"
