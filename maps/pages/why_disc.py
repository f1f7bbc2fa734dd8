"""The part of the panel that tells what a disc of the map stands for."""

from __future__ import annotations

from coverage.policy import Policy
from maps import style
from maps.language import _
from maps.pages.parts import head
from maps.themes import Theme
from maps.tiles.hit import Disc


def panel(disc: Disc, theme: Theme, policy: Policy) -> str:
    """Return the premises that a disc stands for, by class of the theme, as HTML; every text from data is escaped."""
    title = _("Disc of {count} premises", count=style.number(disc.premises, digits=3))
    lines = [
        f"<div class='bg-class'>{style.swatch(kind.colour)}<span>{style.escape(kind.label)}</span>"
        f"<span class='figure'>{style.number(count, digits=3)}</span></div>"
        for kind, count in reversed(list(zip(theme.classes(policy), disc.by_class, strict=True)))
        if count
    ]
    foot = style.escape(_("Zoom in to see each. The one nearest to the click is told below."))
    return head(title, _(theme.heading)) + "".join(lines) + f"<div class='bg-sub'>{foot}</div>"
