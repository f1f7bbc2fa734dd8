"""Write the map as one HTML file that opens from a disk, with no network: scripts, sheets and data inside."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Final

from coverage.assessment import Assessment
from maps import assets, background, build, layers, legends, masts, style
from maps.language import DEFAULT, _, current, date, using
from maps.tiles.places import PlaceTiles
from maps.words import word

_STYLE_URL: Final = re.compile(r"url\(([^)]+)\)")


def write_html(assessment: Assessment, path: Path, *, language: str = DEFAULT) -> None:
    """Write the map of an assessment to `path` in a language; the same assessment gives the same bytes."""
    path.write_text(to_html(assessment, language=language), encoding="utf-8", newline="\n")


def to_html(assessment: Assessment, *, language: str = DEFAULT) -> str:
    """Return the page as text."""
    with using(language):
        return _page(assessment)


def _page(assessment: Assessment) -> str:
    built = _map(assessment)
    build.number(built.get_root())
    built.default_js, built.default_css = [], []
    page = built.get_root()
    page.title = style.escape(_("{study}: broadband gaps", study=assessment.study.name))
    sheets = "".join(f"<style>{_inlined_sheet(name)}</style>" for name in assets.SHEETS)
    scripts = "".join(f"<script>{assets.known()[name].text()}</script>" for name in assets.ALONE)
    html = page.render().replace("<html>", f'<html lang="{current()}">', 1)
    html = html.replace("<head>", f"<head>{sheets}{scripts}", 1)
    return html.replace("<body>", f"<body>{_banner(assessment)}", 1)


def _map(assessment: Assessment) -> layers.OfflineMap:
    centre, zoom = build.view_of(assessment.municipalities)
    built = layers.OfflineMap(
        location=centre, zoom_start=zoom, minZoom=build.MIN_ZOOM, maxZoom=14, zoomSnap=build.ZOOM_STEP
    )
    layers.begin(assessment).add_to(built)

    def vector(name: str, data: layers.Collection, **options: object) -> None:
        layers.DrawnLayer("vector", name=name, data=data, **options).add_to(built)

    vector(_("Municipalities"), layers.municipalities(assessment), control=False, pane="land", interactive=False)
    if not assessment.water.empty:
        vector(_("Water"), layers.water(assessment), control=False, pane="water", interactive=False)
    relief = background.embedded_relief(assessment)
    if relief is not None:
        relief.add_to(built)
    vector(_("Project areas"), layers.areas(assessment, popups=True), pane="areas", lift=3.5)
    if masts.there(assessment):
        bundle = [
            layers.DrawnLayer("vector", name=_("Mobile areas"), data=data, **options)
            for data, options in (
                (masts.areas(assessment, popups=True), {"pane": "served", "minZoom": masts.CLOSE}),
                (masts.signs(assessment, popups=True), {"pane": "signs", "minZoom": masts.CLOSE}),
                (masts.funded_signs(assessment, popups=True), {"pane": "signs"}),
            )
        ]
        layers.group(bundle, name=_("Mobile areas")).add_to(built)
    vector(_("Fibre routes"), layers.routes(assessment), pane="routes", interactive=False, minZoom=9)
    cells = layers.cells(assessment, PlaceTiles.build(assessment.places, assessment.policy))
    if cells["levels"]:
        layers.DrawnLayer("discs", name=_("Premises short of service"), **cells).add_to(built)
    layers.Script("legend", legends.legend(assessment, tiles=False) + masts.legend(assessment)).add_to(built)
    view = layers.DrawnLayer("focus", name="view", control=False, **build.focus_of(assessment.municipalities))
    view.add_to(built)
    build.layer_control().add_to(built)
    return built


def _inlined_sheet(name: str) -> str:
    """Return a style sheet with its pictures inside."""
    known = assets.known()

    def picture(match: re.Match[str]) -> str:
        target = match[1].strip("\"'")
        asset = known.get(f"{name.rsplit('/', 1)[0]}/{target}")
        if asset is None:
            return match[0] if target.startswith("#") else "none"
        return f"url(data:{asset.media_type};base64,{base64.b64encode(asset.path.read_bytes()).decode()})"

    return _STYLE_URL.sub(picture, known[name].text())


def _banner(assessment: Assessment) -> str:
    study = assessment.study
    status = style.escape(word(study.data_status))
    facts = (
        _("as of {date}", date=date(study.as_of)),
        _("policy {policy}", policy=assessment.policy.id),
        _("budget {money}", money=style.money(assessment.scenario.money, study.currency)),
    )
    notes = [_("The funding gap is a planning estimate; the grant is set by competition.")]
    if len(assessment.corrections):
        offices = "; ".join(sorted(assessment.corrections["office"].dropna().unique()))
        offices = offices or _("an office that is not named")
        count = style.number(len(assessment.corrections))
        notes.append(
            _("Corrections: {count}, by {offices}. They are listed in every report.", count=count, offices=offices)
        )
    note = " ".join(notes)
    return (
        f'<div class="map-banner"><strong>{style.escape(study.name)}</strong> · <span class="status">{status}</span> · '
        f"{style.escape(' · '.join(facts))}<br>{style.escape(note)}</div>"
    )
