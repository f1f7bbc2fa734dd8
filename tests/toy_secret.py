"""The toy with everything that some audience must not see, each text marked by a token that nothing else holds."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from coverage.assessment import Assessment
from coverage.schemas import empty_rejected
from tests import toy_told
from tests.kept import kept

OWN, RIVAL, BUILDER = "Ownnet Midt", "Rivalnet AS", "Planbygg"
PERSON, HOME, ROAD, POSTCODE, ORG, ID = "PERSONNAME", "HOMENAME", "SECRETROAD", "PSTCODE", "ORGSECRET", "REGID"
COMMENT, OFFICE, REJECTED, APPLICATION, CHECKED = "SAIDBYHAND", "OFFICEX", "BADROW", "APPLIEDFOR", "ROWQUOTED"
ASKED = 123_456_789.0  # what a vendor asks for
COMPANY, OPEN_ID = "Openfirm", "open"

# What must occur nowhere, for each audience; the rest of the tokens is told to some of them.
NOBODY = (PERSON, HOME, ROAD, POSTCODE, ORG, COMMENT, REJECTED, CHECKED)
FORBIDDEN = {
    "council": (*NOBODY, BUILDER),
    f"operator:{OWN}": (*NOBODY, BUILDER, RIVAL, OFFICE, APPLICATION),
    "public": (*NOBODY, BUILDER, RIVAL, OWN, OFFICE, APPLICATION, ID),
}
EXPECTED = {
    "council": (COMPANY, RIVAL, OWN, OFFICE, APPLICATION, ID, OPEN_ID),
    f"operator:{OWN}": (COMPANY, OWN, ID, OPEN_ID),
    "public": (COMPANY, OPEN_ID),
}


@kept
def assessment() -> Assessment:
    """Return the toy; a third of its firms are companies, the others may be persons'."""
    plain = toy_told.assessment()
    places = plain.places.copy()
    number = np.arange(len(places))
    firm = (places["kind"] == "business").to_numpy()
    company = firm & (number // 5 % 3 == 1)
    open_ = company | (places["kind"] == "public").to_numpy()

    def text(values: list[str | None]) -> pd.Series:
        return pd.Series(values, index=places.index, dtype="str")

    before = dict(zip(places["place_id"], range(len(places)), strict=True))
    marks = np.where(open_, OPEN_ID, ID)
    places["place_id"] = text([f"{mark}{row:04d}" for row, mark in enumerate(marks)])
    places["name"] = text(
        [
            f"{COMPANY} {row} AS" if shown else f"{PERSON} {row}" if one else f"{HOME} {row}"
            for row, one, shown in zip(number, firm, open_, strict=True)
        ]
    )
    stated = np.where(company, "AS", None)
    stated[firm & ~company & (number % 2 == 0)] = "ENK"
    places["legal_form"] = text(list(stated))
    # The register states that these are persons', whatever their names look like.
    places.loc[places["legal_form"] == "ENK", "name"] += " AS"
    places["address"] = text([f"{'Open' if shown else ROAD} {row}" for row, shown in zip(number, open_, strict=True)])
    places["postcode"] = text([f"{7000 + row}" if shown else f"{POSTCODE}{row}" for row, shown in zip(number, open_)])  # noqa: B905
    places["org_number"] = text([f"9{row:08d}" if shown else f"{ORG}{row}" for row, shown in zip(number, open_)])  # noqa: B905
    provider = np.where(number % 2, OWN, RIVAL)
    planned = np.select([number % 6 == 0, number % 6 == 3], [BUILDER, OWN], "")
    has = planned != ""
    places = places.assign(
        fixed_provider=text(list(provider)),
        fixed_source=text(["offers-rivalnet" if name == RIVAL else "offers" for name in provider]),
        fixed_source_row=number + 1,
        fixed_connection="connected",
        uncounted_provider=text([RIVAL if row % 4 == 0 else None for row in number]),
        uncounted_down_mbps=np.where(number % 4 == 0, 2000.0, 0.0),
        uncounted_up_mbps=np.where(number % 4 == 0, 2000.0, 0.0),
        uncounted_technology=text(["satellite" if row % 4 == 0 else None for row in number]),
        uncounted_why=text(["technology" if row % 4 == 0 else None for row in number]),
        uncounted_source=text(["offers-rivalnet" if row % 4 == 0 else None for row in number]),
        uncounted_source_row=np.where(number % 4 == 0, number + 1, 0),
        planned_by=text([name or None for name in planned]),
        planned_down_mbps=np.where(has, 1000.0, 0.0),
        planned_up_mbps=np.where(has, 1000.0, 0.0),
        planned_date=pd.Series(np.where(has, np.datetime64("2023-05-17"), np.datetime64("NaT")), dtype="datetime64[s]"),
        planned_source=text(["plans" if one else None for one in has]),
        planned_source_row=np.where(has, number + 1, 0),
        planned_networks=has.astype(int),
        fixed_networks_100_planned=places["fixed_networks_100"] + has,
        measured_down_mbps=11.5,
        measured_flag=True,
        also_excluded_by="",
    )
    counts = has & (places["short_fixed"] > 0).to_numpy() & (number % 12 == 0)
    places.loc[counts, "reason_code"] = "planned"
    heard = places["hearing_removed_by"].notna()
    places.loc[heard, "hearing_removed_by"] = f"{BUILDER}, {OWN}"
    places.loc[places["hearing_lapsed_by"].notna(), "hearing_lapsed_by"] = BUILDER
    places.loc[places["corrected_by"].notna(), "corrected_by"] = OFFICE
    jitter = np.where(open_, 0.0, 37.31)
    places = places.set_geometry(
        places.geometry.from_xy(places.geometry.x + jitter, places.geometry.y + jitter, crs=places.crs)
    )
    corrections = plain.corrections.assign(
        place_id=[places["place_id"].iloc[before[one]] for one in plain.corrections["place_id"]],
        comment=COMMENT, office=OFFICE, address=f"{ROAD} 9",
        now=[f"50/10 Mbit/s fwa, {RIVAL}" if "Mbit" in str(now) else now for now in plain.corrections["now"]],
    )  # fmt: skip
    rejected = empty_rejected()
    rejected.loc[0] = ["premises", 17, "name", f"{REJECTED} Ola", "expected a kind"]
    return dataclasses.replace(
        plain,
        places=places,
        areas=plain.areas.assign(application_id=APPLICATION, requested_grant=ASKED),
        corrections=corrections,
        rejected=rejected,
        study=_study(plain),
        summary=_summary(plain.summary),
        provenance=_provenance(plain.provenance),
    )


def _study(plain: Assessment) -> Any:
    spec = plain.study.sources[0]
    more = {
        "offers": ("offers", "offers.gpkg", "County"),
        "offers-rivalnet": ("offers", "rivalnet_as.gpkg", RIVAL),
        "plans": ("offers", "planbygg-2022.gpkg", BUILDER),
    }
    sources = [
        dataclasses.replace(spec, id=name, role=role, path=spec.path.with_name(file), file=file, supplier=supplier)
        for name, (role, file, supplier) in more.items()
    ]
    heard = [
        dataclasses.replace(one, file="hearing.csv", constants={"provider": BUILDER}) if one.role == "hearing" else one
        for one in plain.study.sources
    ]
    return dataclasses.replace(plain.study, sources=(*heard, *sources))


def _summary(summary: dict[str, Any]) -> dict[str, Any]:
    names = {"A Fiber": OWN, "B Nett": RIVAL, "C Net": BUILDER}
    rows = [row | {"operator": names.get(row["operator"], row["operator"])} for row in summary["hearing"]["operators"]]
    offices = {OFFICE: summary["corrections"]["total"]}
    return summary | {
        "hearing": summary["hearing"] | {"operators": rows},
        "corrections": summary["corrections"] | {"offices": offices},
    }


def _provenance(provenance: dict[str, Any]) -> dict[str, Any]:
    finding = {"severity": "problem", "source": "premises", "finding": f"{CHECKED} in row 3"}
    rejection = {"source": "premises", "field": "name", "reason": "expected", "rows": 1, "for example": CHECKED}
    return provenance | {
        "inputs": {"premises.gpkg": "00", "rivalnet_as.gpkg": "01", "planbygg-2022.gpkg": "02", "hearing.csv": "03"},
        "warnings": [f"premises: {CHECKED}", f"the plans of {BUILDER} are old", "Toy data."],
        "sources": [
            {"source": "premises", "role": "premises", "rows_read": 300, "notes": [CHECKED], "reasons": [[CHECKED]]},
            {"source": "plans", "role": "offers", "path": "planbygg-2022.gpkg", "supplier": BUILDER, "rows_read": 3},
        ],
        "check": {"findings": [finding], "rejections": [rejection], "sources": []},
    }
