"""An area that the reader draws on the map: whom it holds, what serving them would take, where it would stand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import folium
import geopandas as gpd
import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.errors import CoverageError
from coverage.policy import EXPECTED_SHARE
from coverage.sketch import MOST_CORNERS, Estimate, OutlineError, Sketch, as_geojson, corners_of, inside, left_out
from coverage.sketch import read_outline as read
from maps import language, layers, masts, sketches, style
from maps.language import N_, _, ngettext
from maps.pages import area_facts, downloads, parts, standing
from maps.session import View
from maps.words import word

SENT: Final = "last_active_drawing"  # what the map calls the shape that was drawn or clicked last
DRAWN: Final = "sketch-drawn"  # in the session: the feature that was drawn last
SEEN: Final = "sketch-seen"  # its number, also after it was removed
NAME: Final = "sketch-name"
MOST_AREAS: Final = 3  # present areas that are named
REFUSED: Final = {
    "no_polygon": N_("That is no outline: click three corners or more on the map."),
    "too_many_corners": N_("The outline has more than {count} corners; draw fewer."),
    "no_area": N_("The outline encloses nothing; its corners lie in one line."),
    "crossing": N_("The edges of the outline cross; draw it so that it meets itself nowhere."),
    "outside": N_("The outline lies outside the study."),
}


def offer(built: layers.OfflineMap, key: str) -> list[folium.FeatureGroup]:
    """Let the reader draw on a map, and return what was drawn last as a layer; `key` is that of the map."""
    words = {
        "draw": _("Draw an area"),
        "cancel": _("Cancel drawing"),
        "about": _("Click the corners of an area to see what serving it would take"),
        "begin": _("Click the corners. Escape cancels; the space bar sets a corner in the middle of the map."),
        "end": _("Double-click, click the first corner or press Enter to close. Backspace takes a corner back."),
        "crossing": _("The edges must not cross."),
    }
    layers.Script("drawing", words).add_to(built)
    _take((st.session_state.get(key) or {}).get(SENT))
    try:
        ring = [[round(lat, 6), round(lon, 6)] for lon, lat in corners_of(st.session_state.get(DRAWN))]
    except OutlineError:
        return []
    shape = layers.DrawnLayer("drawn", name="drawn", control=False, ring=ring)
    return [layers.group([shape], name=_("Drawn area"))]


def _take(sent: object) -> None:
    """Keep what was drawn since the last run; a click on any other shape is sent in the same place and is none."""
    about = sent.get("properties") if isinstance(sent, Mapping) else None
    number = about.get("drawn") if isinstance(about, Mapping) else None
    if isinstance(number, (int, float)) and number != st.session_state.get(SEEN):
        st.session_state[SEEN], st.session_state[DRAWN] = number, sent


@dataclass(frozen=True)
class Drawn:
    """Hold what was found of a drawn area, and the places inside as the reader may see them."""

    sketch: Sketch
    held: gpd.GeoDataFrame


def panel(view: View) -> Drawn | None:
    """Tell of the area that was drawn last, and return what `details` shows; nothing if none is."""
    feature, assessment = st.session_state.get(DRAWN), view.assessment
    if feature is None:
        sketches.begin(assessment)
        return None
    try:
        outline = read(feature, crs=assessment.places.crs, municipalities=assessment.municipalities)
        with st.spinner(_("Estimating the drawn area")):
            found = sketches.estimate(assessment, outline)
    except OutlineError as error:
        _sorry(_(REFUSED[error.code], count=style.number(MOST_CORNERS)))
        return None
    except CoverageError as error:
        _sorry(style.plain(error))
        return None
    held = assessment.places.iloc[inside(assessment.places, outline)]
    st.html(f'<div class="bg-panel">{told(assessment, found, held)}</div>')
    _downloads(assessment, found, held)
    return Drawn(found, held)


def details(view: View, drawn: Drawn | None) -> None:
    """Tell below the map how the drawn area would be built, what each part costs, and who is left out."""
    if drawn is None:
        return
    assessment, found = view.assessment, drawn.sketch.estimate
    if found is not None:
        with st.expander(_("The drawn area: how it would be built")):
            _build(replace(assessment, cost_lines=found.lines, routes=found.routes), found)
    _left_out(assessment, drawn.held)


def _sorry(sentence: str) -> None:
    st.warning(sentence, icon=":material/draw:")
    _remove()


def _remove() -> None:
    st.button(_("Remove the drawn area"), on_click=_forget, icon=":material/delete:", key="sketch-remove")


def _forget() -> None:
    st.session_state.pop(DRAWN, None)


def told(assessment: Assessment, found: Sketch, held: pd.DataFrame) -> str:
    """Return what is told of a drawn area as HTML; every text from data is escaped."""
    towns = assessment.municipalities.set_index("municipality_code")["name"].to_dict()
    if found.estimate is None:
        count = style.number(held["weight"].sum(), digits=3)
        nobody = (
            _("None of the {count} premises inside is eligible.", count=count)
            if len(held)
            else _("Nobody is inside: the outline holds no premises.")
        )
        return parts.head(_("Drawn area"), nobody)
    area, currency = found.estimate.area, assessment.study.currency
    places = [f"{towns.get(str(code), str(code))} {_count(number)}" for code, number in found.towns.items()]
    route = style.length(area["route_m"]) if area["technology"] == "fibre" else ""
    gap = style.money_range(area["funding_gap_p10"], area["funding_gap_p90"], currency)
    pairs = [
        (_("eligible premises"), _who(area)),
        (_("municipalities"), ", ".join(places) if len(places) > 1 else ""),
        (_("build"), word(area["technology"])),
        (_("route"), route),
        (_("investment"), _each(area["capex"], area["capex_per_premises"], currency)),
        (_("funding gap"), f"{gap} (P10–P90), {style.money(area['funding_gap_p50'], currency)} (P50)"),
        (_("grant"), _each(area["grant"], area["grant_per_premises"], currency)),
        (_("who pays"), ", ".join(f"{who} {money}" for who, money in standing.payers(area, currency))),
        (_("rank"), _stands(found.estimate)),
        (_("present areas"), _present(found)),
    ]
    about = towns.get(str(found.towns.index[0]), "")
    warning = _("Planning estimate. The grant itself is set by competition.")
    return (
        parts.head(_("Drawn area"), about)
        + parts.definitions(pairs)
        + f'<hr><div class="mark">{style.escape(warning)}</div>'
    )


def _build(assessment: Assessment, found: Estimate) -> None:
    """Draw what each technology costs, what the route runs through, and the bill of what is proposed.

    `assessment` has the bill and the route of the drawn area and of no other.
    """
    area = found.area.drop("drawn")  # it is known to be
    pairs = [(_("options"), _options(found, assessment.study.currency)), *area_facts.pairs(assessment, area)]
    left, right = st.columns([1, 1.9], gap="medium")
    with left:
        st.html(f'<div class="bg-panel">{parts.definitions(pairs)}</div>')
        st.caption(
            _(
                "Laid out and priced as the study’s own areas are. Its rank is among them, without those that lie "
                "wholly inside it."
            )
        )
    with right:
        standing.cost_lines(assessment, area)


def _count(number: float) -> str:
    return style.number(number, digits=None if float(number).is_integer() else 2)


def _who(area: pd.Series[Any]) -> str:
    kinds = (
        (area["businesses"], lambda n: ngettext("{count} business", "{count} businesses", n, count=_count(n))),
        (area["households"], lambda n: ngettext("{count} home", "{count} homes", n, count=_count(n))),
        (area["public"], lambda n: ngettext("{count} public building", "{count} public buildings", n, count=_count(n))),
        (area["employees"], lambda n: ngettext("{count} employee", "{count} employees", n, count=_count(n))),
    )
    return f"{_count(area['premises'])}: " + ", ".join(say(number) for number, say in kinds if number)


def _each(whole: float, each: float, currency: str) -> str:
    return _("{money}, {each} per premises", money=style.money(whole, currency), each=style.money(each, currency))


def _options(found: Estimate, currency: str) -> str:
    """Return the investment in each technology, and which do not give what the policy asks for."""
    said = []
    for row in found.options.to_dict("records"):
        name, money = word(row["technology"]), style.money(row["capex"], currency)
        said.append(
            f"{name} {money}"
            if row["meets_delivery"]
            else _("{technology} {money} (does not deliver)", technology=name, money=money)
        )
    return "; ".join(said)


def _stands(found: Estimate) -> str:
    stand = found.standing
    where = _(
        "{rank} of {count}, score {score}",
        rank=style.number(stand.rank),
        count=style.number(stand.areas),
        score=style.number(stand.score, digits=3),
    )
    if why := masts.reason({"ineligible_because": stand.ineligible_because}):
        return f"{where}; {why}"
    reach = _("the budget reaches it") if stand.reached else _("the budget does not reach it")
    return f"{where}; {reach}"


def _present(found: Sketch) -> str:
    """Name the present areas that hold the same premises, and how much of each."""
    shown = [
        _("{share} of {area}", share=style.percent(row["share_of_area"]), area=row["name"])
        for row in found.overlaps.head(MOST_AREAS).to_dict("records")
    ]
    if more := len(found.overlaps) - len(shown):
        shown.append(ngettext("{count} more", "{count} more", more, count=style.number(more)))
    return ", ".join(shown)


def _left_out(assessment: Assessment, held: gpd.GeoDataFrame) -> None:
    table = left_out(held)
    if table.empty:
        return
    words = {clause.id: language.label(clause.label, clause.id) for clause in assessment.policy.clauses}
    words[EXPECTED_SHARE] = _("expected to have an offer, by the share of the municipality")
    with st.expander(_("In the drawn area, not eligible: {count}", count=style.number(table["premises"].sum()))):
        shown = table.drop(columns="holiday").assign(
            reason_code=table["reason_code"].map(lambda code: words.get(code, code))
        )
        number = st.column_config.NumberColumn
        st.dataframe(
            parts.written(shown, dict.fromkeys(shown.columns[1:], None)),
            hide_index=True,
            column_config={
                "reason_code": st.column_config.TextColumn(_("Why"), width="large"),
                "premises": number(_("Premises")),
                "businesses": number(_("Businesses")),
                "households": number(_("Homes")),
                "public": number(_("Public buildings")),
            },
        )


def _downloads(assessment: Assessment, found: Sketch, held: gpd.GeoDataFrame) -> None:
    """Let the reader name the area, take it away and remove it."""
    name = st.text_input(_("Name of the area"), key=NAME, max_chars=80, placeholder=_("as other areas are named"))
    made = found.lot["lot_id"].iloc[0]
    with st.container(horizontal=True):
        st.download_button(
            _("GeoJSON"),
            data=lambda: _geojson(assessment, found, name),
            file_name=f"{made}.geojson",
            mime=downloads.MIME["geojson"],
            key="sketch-geojson",
            on_click="ignore",
            icon=":material/download:",
            help=_("The outline with its figures; a study reads it as a drawn area or as an application"),
        )
        st.download_button(
            _("Addresses"),
            data=_addresses(assessment, held),
            file_name=f"{made}-addresses.csv",
            mime=downloads.MIME["csv"],
            key="sketch-addresses",
            on_click="ignore",
            icon=":material/download:",
            help=_("The premises inside that are short of service, with what is known of each (CSV)"),
        )
        _remove()


def _geojson(assessment: Assessment, found: Sketch, name: str) -> bytes:
    made = as_geojson(found, study=assessment.study, policy=assessment.policy, name=name.strip())
    return json.dumps(made, ensure_ascii=False, allow_nan=False).encode()


def _addresses(assessment: Assessment, held: gpd.GeoDataFrame) -> Callable[[], bytes]:
    return lambda: downloads.make(replace(assessment, places=held), "gap", format_="csv")
