"""Write the map as one HTML file that opens from a disk, with no network: scripts, sheets and data inside.

However many areas a study has, the file stays below MOST_BYTES: it shows those that come first, and says so.
"""

from __future__ import annotations

import base64
import dataclasses
import re
from pathlib import Path
from typing import Final

from coverage.assessment import Assessment
from maps import assets, background, build, layers, legends, masts, style
from maps.heading import foot, heading, searching
from maps.language import DEFAULT, _, current, using
from maps.tiles.places import PlaceTiles
from maps.words import said

MOST_BYTES: Final = 5_000_000  # what a mailbox takes and a phone opens
MOST_AREAS: Final = (layers.MOST_SHAPES, 700, 300, 100)  # that are tried
DOTS_BELOW: Final = 9.0  # in a wider view the areas that are funded have a dot each
NAMES_FROM: Final = 6.5  # the zoom from which municipalities are named
_STYLE_URL: Final = re.compile(r"url\(([^)]+)\)")
_VIEWPORT: Final = re.compile(r'<meta name="viewport".*?/>', re.DOTALL)


def write_html(assessment: Assessment, path: Path, *, language: str = DEFAULT) -> None:
    """Write the map of an assessment to `path` in a language; the same assessment gives the same bytes."""
    path.write_text(to_html(assessment, language=language), encoding="utf-8", newline="\n")


def to_html(assessment: Assessment, *, language: str = DEFAULT) -> str:
    """Return the page as text."""
    with using(language):
        page = ""
        for most in MOST_AREAS:
            page = _page(_first(assessment, most), of=len(assessment.areas))
            if len(page.encode("utf-8")) <= MOST_BYTES:
                break
        return page


def _first(assessment: Assessment, most: int) -> Assessment:
    """Return the assessment with the areas that come first, at most so many: those that are funded, then by rank."""
    areas = assessment.areas
    if len(areas) <= most:
        return assessment
    order = areas.assign(later=areas["decision"] != "fund").sort_values(["later", "rank"], kind="stable")
    kept = areas[areas["area_id"].isin(order["area_id"].iloc[:most])]
    return dataclasses.replace(
        assessment,
        areas=kept,
        routes=assessment.routes[assessment.routes["area_id"].isin(kept["area_id"])],
    )


def _page(assessment: Assessment, *, of: int) -> str:
    built = _map(assessment)
    build.number(built.get_root())
    built.default_js, built.default_css = [], []
    page = built.get_root()
    page.title = style.escape(_("{study}: broadband gaps", study=said(assessment.study.name)))
    sheets = "".join(f"<style>{_inlined_sheet(name)}</style>" for name in assets.ALONE_SHEETS)
    scripts = "".join(f"<script>{assets.known()[name].text()}</script>" for name in assets.ALONE)
    html = page.render().replace("<html>", f'<html lang="{current()}">', 1)
    html = _VIEWPORT.sub('<meta name="viewport" content="width=device-width, initial-scale=1"/>', html, count=1)
    html = html.replace("<head>", f"<head>{sheets}{scripts}", 1)
    return html.replace("<body>", f"<body>{heading(assessment, of=of)}", 1)


def _map(assessment: Assessment) -> layers.OfflineMap:
    centre, zoom = build.view_of(assessment.municipalities)
    built = layers.OfflineMap(
        location=centre, zoom_start=zoom, minZoom=build.MIN_ZOOM, maxZoom=14, zoomSnap=build.ZOOM_STEP
    )
    layers.begin(assessment, foot=foot(assessment)).add_to(built)

    def vector(name: str, data: layers.Collection, **options: object) -> None:
        layers.DrawnLayer("vector", name=name, data=data, **options).add_to(built)

    land = layers.municipalities(assessment, named=True) | {"labelZoom": NAMES_FROM}
    vector(_("Municipalities"), land, control=False, pane="land", interactive=False, find=True)
    if not assessment.water.empty:
        vector(_("Water"), layers.water(assessment), control=False, pane="water", interactive=False)
    relief = background.embedded_relief(assessment)
    if relief is not None:
        relief.add_to(built)
    dotted = {"dotsBelow": DOTS_BELOW, "dotsOf": "fund"}
    vector(_("Project areas"), layers.areas(assessment, popups=True), pane="areas", lift=3.5, find=True, **dotted)
    if masts.there(assessment):
        bundle = [
            layers.DrawnLayer("vector", name=_("Mobile areas"), data=data, find=True, **options)
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
    dot = legends.line(style.swatch(style.ACCENT), _("area that is funded, seen from afar"))
    told = legends.legend(assessment, tiles=False) + dot + masts.legend(assessment)
    layers.Script("legend", told).add_to(built)
    view = layers.DrawnLayer("focus", name="view", control=False, **build.focus_of(assessment.municipalities))
    view.add_to(built)
    build.layer_control().add_to(built)
    layers.Script("search", searching()).add_to(built)
    layers.Script("paper").add_to(built)
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
