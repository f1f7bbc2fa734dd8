"""What stands above the map in one file: whose study it is, how real, under which policy; the search; where it is from.

Everything is HTML in which every text is escaped; the words of the search go to `assets/find.js`.
"""

from __future__ import annotations

from typing import Final

from coverage.assessment import Assessment
from maps import style
from maps.language import _, date
from maps.words import said, word

FIGURES: Final = 12  # of the fingerprint, as reports print it
FEW: Final = 3  # municipalities that are named


def heading(assessment: Assessment, *, of: int) -> str:
    """Return the head of the page of an assessment that shows its areas, all `of` the study or the first of them."""
    study = assessment.study
    status = style.escape(word(study.data_status))
    told = [_("The funding gap is a planning estimate; the grant is set by competition.")]
    always = "map-told"
    if (shown := len(assessment.areas)) < of:
        always += " always"
        told.insert(
            0,
            _(
                "Shown are the {shown} areas that come first of {count}: those that are funded, then by rank.",
                shown=style.number(shown),
                count=style.number(of),
            ),
        )
    if for_whom := _audience(assessment):
        always = "map-told always"
        told.insert(0, for_whom)
    return (
        '<header class="map-banner"><div class="map-said">'
        f"<h1>{style.escape(': '.join([said(study.name), *_part(assessment)]))}</h1>"
        f'<p><span class="status">{status}</span> · {style.escape(" · ".join(_facts(assessment)))}</p>'
        f'<p class="{always}">{style.escape(" ".join(told))}</p></div>{_finder()}{_about(assessment)}</header>'
    )


def foot(assessment: Assessment) -> str:
    """Return what stands below every popup: how real the figures are, and of what day and policy."""
    study = assessment.study
    policy = _("policy {policy}", policy=assessment.policy.id)
    return " · ".join((word(study.data_status), _("as of {date}", date=date(study.as_of)), policy))


def searching() -> dict[str, str]:
    """Return the words of the search that depend on what is typed, by what find.js calls them."""
    return {
        "municipality": _("municipality"),
        "nothing": _("Nothing is called that. Search for a municipality, or for an area's name, id or rank."),
        "found": _("Found: {count}"),
        "first": _("The first {most} of {count}"),
        "shown": _("Shown: {name}"),
    }


def _part(assessment: Assessment) -> list[str]:
    """Return the names of the municipalities, of a map that shows few of them."""
    names = [str(name) for name in assessment.municipalities["name"]]
    return [", ".join(names)] if 0 < len(names) <= FEW else []


def _facts(assessment: Assessment) -> tuple[str, ...]:
    study = assessment.study
    return (
        _("as of {date}", date=date(study.as_of)),
        _("policy {policy}", policy=assessment.policy.id),
        _("budget {money}", money=style.money(assessment.scenario.money, study.currency)),
    )


def _audience(assessment: Assessment) -> str:
    if assessment.audience.internal:
        return ""
    who = {"council": _("the council"), "public": _("the public")}
    name = assessment.audience.operator or who[assessment.audience.kind]
    return _("Shown as to: {audience}. What that audience must not see is left out.", audience=name)


def _finder() -> str:
    label = style.escape(_("Find a municipality or an area"))
    return (
        f'<div class="map-find" hidden><input type="search" role="combobox" aria-label="{label}" placeholder="{label}"'
        ' aria-expanded="false" aria-controls="map-hits" aria-autocomplete="list" autocomplete="off" spellcheck="false"'
        f' maxlength="200"><div class="map-drop"><ul role="listbox" id="map-hits" aria-label="{label}" hidden></ul>'
        '<p role="status"></p></div></div>'
    )


def _about(assessment: Assessment) -> str:
    """Return what can be unfolded: the sources with their days and licences, corrections, the fingerprint."""
    told = [_("The funding gap is a planning estimate; the grant is set by competition.")]
    if len(assessment.corrections):
        offices = "; ".join(sorted(assessment.corrections["office"].dropna().unique()))
        offices = offices or _("an office that is not named")
        count = style.number(len(assessment.corrections))
        told.append(
            _("Corrections: {count}, by {offices}. They are listed in every report.", count=count, offices=offices)
        )
    told += [said(note) for note in assessment.study.notes]
    parts = [f"<p>{style.escape(text)}</p>" for text in told]
    name = style.escape(_("Sources"))
    parts.append(f"<h2>{name}</h2><ul>")
    for source in assessment.study.sources:
        facts = [said(source.supplier) or source.id, word(source.role), source.licence]
        facts += [_("as of {date}", date=date(source.as_of))] if source.as_of else []
        facts.append(word(source.data_status))
        parts.append(f"<li>{style.escape(' · '.join(fact for fact in facts if fact))}</li>")
    parts.append("</ul>")
    if fingerprint := str(assessment.provenance.get("fingerprint", ""))[:FIGURES]:
        name = style.escape(_("Fingerprint"))
        parts.append(f"<p>{name}: <code>{style.escape(fingerprint)}</code></p>")
    name = style.escape(_("About the map"))
    return f'<details class="map-about"><summary>{name}</summary><div>{"".join(parts)}</div></details>'
