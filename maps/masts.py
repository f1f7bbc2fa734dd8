"""Areas of kind mobile on the map: the mast of each as a sign, what it serves as an outline; in a hue of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from coverage.assessment import Assessment
from coverage.crs import GEOGRAPHIC_CRS, to_crs
from coverage.kinds import is_mobile
from coverage.schemas import CERTAINTIES, DECISIONS
from maps import layers, legends, style
from maps.language import N_, _, ngettext
from maps.words import refusal, word

CLOSE: Final = 9.5  # the zoom from which outlines are drawn, and signs of masts that are not funded
EXISTING: Final = "mast"
MARK: Final = " (mobile)"  # behind the names that coverage.mobile_areas makes
SITES: Final = {
    EXISTING: N_("an existing mast"),
    "roadside": N_("a new mast by the road"),
    "high_ground": N_("a new mast on high ground"),
}
SIGNS: Final = {True: "mast_existing", False: "mast_new"}


def of(assessment: Assessment) -> gpd.GeoDataFrame:
    """Return the areas of kind mobile."""
    return assessment.areas[is_mobile(assessment.areas)]


def there(assessment: Assessment) -> bool:
    """Say whether the study has areas of kind mobile."""
    return bool(is_mobile(assessment.areas).any())


def compete(assessment: Assessment) -> bool:
    """Say whether any of them may be funded."""
    return bool((of(assessment)["decision"] != "ineligible").any())


def areas(assessment: Assessment, *, popups: bool = False) -> layers.Collection:
    """Return what each mast serves: an outline in the mobile hue, filled by decision."""
    frame = of(assessment).sort_values("rank", ascending=False)
    styles = {
        f"{decision}/{certainty}": {
            "color": style.MAST_COLOURS[decision],
            "weight": style.CERTAINTY_WIDTH[certainty],
            "dashArray": style.CERTAINTY_DASH[certainty] or None,
            "fillColor": style.MAST_COLOURS[decision],
            "fillOpacity": 0.6 * style.DECISION_FILL[decision],
        }
        for decision in DECISIONS
        for certainty in CERTAINTIES
    }
    if frame.empty:
        return layers.collection([], [], styles)
    about = [_about(row, assessment, f"{row['decision']}/{row['certainty']}", popups=popups) for row in _rows(frame)]
    return layers.collection(layers.simplified(frame, start_m=20.0), about, styles)


def funded_signs(assessment: Assessment, *, popups: bool = False) -> layers.Collection:
    """Return the signs of the masts that are funded: they are seen in a wide view too."""
    return signs(assessment, funded=True, popups=popups)


def signs(assessment: Assessment, *, funded: bool = False, popups: bool = False) -> layers.Collection:
    """Return a sign for each mast that is funded, or is not: new and existing ones by shape, the decision by colour."""
    styles = {
        f"{decision}/{shape}": {"sign": shape, "color": style.MAST_COLOURS[decision]}
        for decision in DECISIONS
        for shape in SIGNS.values()
    }
    frame, sites = of(assessment), assessment.sites
    frame = frame[(frame["decision"] == "fund") == funded].sort_values("rank", ascending=False)
    if frame.empty or sites.empty:
        return layers.collection([], [], styles)
    at = sites.set_index("area_id").loc[list(frame["area_id"])]
    located = to_crs(gpd.GeoDataFrame(geometry=at.geometry.to_numpy(), crs=sites.crs), GEOGRAPHIC_CRS, where="map")
    about = [
        _about(row, assessment, f"{row['decision']}/{SIGNS[row['site_basis'] == EXISTING]}", popups=popups)
        for row in _rows(frame)
    ]
    return layers.collection(located.geometry, about, styles)


def _rows(frame: gpd.GeoDataFrame) -> list[dict[Any, Any]]:
    return pd.DataFrame(frame.drop(columns="geometry")).to_dict("records")


def _about(row: Mapping[Any, Any], assessment: Assessment, look: str, *, popups: bool) -> dict[str, Any]:
    currency, decision = assessment.study.currency, style.decision(row["decision"], row["grant"])
    about: dict[str, Any] = {
        "k": look,
        "t": [
            name(row),
            _("mobile area: {site}", site=site(row)),
            _("rank {rank}", rank=row["rank"]) + f" · {decision} · {word(row['certainty'])}",
            serves(row),
        ],
    }
    if popups:
        about |= {
            "n": int(row["rank"]),
            "i": [str(row["area_id"]), str(row["municipality_code"])],
            "p": [
                *layers.head_rows(row),
                [_("mast"), site(row)],
                [_("serves"), serves(row)],
                *layers.money_rows(row, currency),
            ],
        }
    return about


def name(row: Mapping[Any, Any]) -> str:
    """Return an area's name; the model marks those of kind mobile in English, which is told in the reader's words."""
    plain = str(row["name"]).removesuffix(MARK)
    return plain if plain == row["name"] else f"{plain} ({word('mobile')})"


def site(row: Mapping[Any, Any]) -> str:
    """Return in words where the mast stands."""
    code = str(row["site_basis"])
    return _(SITES[code]) if code in SITES else code


def reason(row: Mapping[Any, Any]) -> str:
    """Return why an area is not eligible; "" where it is, or where no reason is told."""
    return refusal(row.get("ineligible_because"))


def serves(row: Mapping[Any, Any]) -> str:
    """Return what the mast newly gives mobile coverage: premises, farmland, roads."""
    said = []
    if row["premises"]:
        said.append(ngettext("{count} premises", "{count} premises", row["premises"], count=_figure(row["premises"])))
    if row["farmland_km2"]:
        said.append(_("{area} km² of farmland", area=_figure(row["farmland_km2"])))
    if row["mobile_road_km"]:
        said.append(_("{length} km of main road", length=_figure(row["mobile_road_km"])))
    return ", ".join(said) or "–"


def _figure(value: float) -> str:
    return style.number(value, digits=3)


def legend(assessment: Assessment) -> str:
    """Return the lines of the legend on masts, as HTML; every text in it is escaped."""
    if not there(assessment):
        return ""
    told = {"mast_new": _("new mast"), "mast_existing": _("existing mast, fitted out")}
    lines = [legends.heading(_("Mobile areas"))]
    lines += [legends.line(_sign(shape, style.MAST_COLOURS["fund"]), text) for shape, text in told.items()]
    lines.append(legends.paragraph(_("Dark: funded. Close up: the others, what each serves, and fibre to it.")))
    return "".join(lines)


def _sign(shape: str, colour: str) -> str:
    return f'<i class="sw hub {shape}" style="background:{colour}"></i>'
