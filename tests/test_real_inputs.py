"""Two real inputs that are hard to use: Telemark's register without addresses, and Hawaii's tiles of measured speed.

The figures asserted here were measured once and are kept as a record: a change in any of them is a finding.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from coverage import check, pipeline
from coverage.assessment import Assessment
from coverage.errors import DataError
from coverage.inputs import Inputs
from coverage.overlay import overlay
from coverage.policy import load_policy
from coverage.sources.area import StudyArea
from coverage.sources.offers import read_offers
from coverage.study import Study

STUDIES = Path(__file__).parent / "studies"


@pytest.fixture(scope="module")
def telemark_study(data_root: Path) -> Study:
    return Study.open(STUDIES / "telemark-register", data_root=data_root)


@pytest.fixture(scope="module")
def prepared(telemark_study: Study) -> pipeline.Prepared:
    """Read and prepare Telemark once: to look at what was read, at what `check` says of it, and to assess it."""
    return pipeline.prepare(telemark_study, telemark_study.default_scenario().shape(load_policy(telemark_study.policy)))


@pytest.fixture(scope="module")
def telemark(prepared: pipeline.Prepared) -> Inputs:
    return prepared.inputs


@pytest.fixture(scope="module")
def assessed(prepared: pipeline.Prepared) -> Assessment:
    return pipeline.decide(prepared, prepared.study.default_scenario())


@pytest.fixture(scope="module")
def hawaii(data_root: Path) -> Study:
    return Study.open(STUDIES / "hawaii-ookla", data_root=data_root)


# --- Telemark ------------------------------------------------------------------------------------------------


def test_every_unit_of_the_register_is_a_place_in_its_municipality(telemark: Inputs, data_root: Path) -> None:
    assert len(telemark.rejected) == 0
    units = telemark.places[telemark.places["source"] == "register"]
    assert len(units) == 26_241
    register = pd.read_csv(data_root / "norway/businesses/brreg_telemark_underenheter.csv", dtype=str)
    names = telemark.municipalities.set_index("municipality_code")["name"]
    assert units["org_number"].tolist() == register["Org. nr."].tolist()
    assert (
        units["municipality_code"].map(names).tolist() == register["Beliggenhetsadresse - Kommune"].tolist()
    )  # fmt: skip
    assert (units["position_basis"] == "spread").all()
    assert (telemark.places.loc[telemark.places["kind"] == "household", "position_basis"] == "given").all()
    assert (units["cell_m"] == 250).all()


def test_units_stand_in_cells_as_the_grid_counts_establishments(telemark: Inputs, data_root: Path) -> None:
    grid = pd.read_csv(
        data_root / "norway/businesses/ssb_bedrifter_250m_2025.csv",
        sep=";",
        dtype={"SSBID250M": str},
        encoding="utf-8-sig",
    )
    x = grid["SSBID250M"].str[:7].astype(int) - 2_000_000 + 125
    y = grid["SSBID250M"].str[7:].astype(int) + 125
    counted = pd.Series(grid["est_tot"].to_numpy(), index=pd.MultiIndex.from_arrays([x, y]))
    units = telemark.places[telemark.places["source"] == "register"]
    at = pd.MultiIndex.from_arrays([units.geometry.x.astype(int), units.geometry.y.astype(int)])
    stood = pd.Series(1, index=at).groupby(level=[0, 1]).sum()
    assert len(stood) == 6_093
    assert stood.index.isin(counted.index).all()
    for code, part in units.groupby("municipality_code"):
        here = pd.MultiIndex.from_arrays([part.geometry.x.astype(int), part.geometry.y.astype(int)]).unique()
        share = counted.loc[here] / counted.loc[here].sum()
        # Cells that got none are missing here, so the parts are a little smaller than these.
        assert (stood.loc[here] - share * len(part)).max() <= 1.01, code


def test_headcounts_are_the_registers_or_said_to_be_imputed(telemark: Inputs) -> None:
    units = telemark.places[telemark.places["source"] == "register"]
    reported = units[units["employees_basis"] == "reported"]
    imputed = units[units["employees_basis"] == "imputed"]
    assert len(reported) == 3_780
    assert reported["employees"].sum() == 93_990
    assert reported["employees"].min() == 5
    assert imputed["employees"].value_counts().to_dict() == {0.0: 19_309, 2.0: 3_152}
    assert set(imputed["size_class"]) == {"micro"}


def test_the_shares_of_the_former_county_join_by_name(telemark: Inputs) -> None:
    assert telemark.shares is not None
    assert telemark.shares["municipality_code"].tolist() == telemark.municipalities["municipality_code"].tolist()
    assert len(telemark.municipalities) == 17
    tinn = telemark.shares.set_index("municipality_code").loc["4026"]
    assert tinn[["fixed_100", "fixed_1000"]].tolist() == [0.947, 0.946]
    assert telemark.shares.notna().all().all()


def test_telemark_checks_clean_and_says_what_is_assumed(prepared: pipeline.Prepared) -> None:
    report = prepared.checked
    assert report.problems == ()
    notes = "\n".join(report.notes)
    assert "22,461 of 26,241 headcounts are withheld" in notes
    assert "26,241 units are known by municipality only: spread over 6,093 business cells" in notes
    assert report.agreement["controls"][0]["measured"] == 26_241


@pytest.mark.slow
def test_telemark_is_assessed(assessed: Assessment) -> None:
    figures = assessed.summary
    assert figures["places"]["business"] == 26_241
    assert figures["places"]["household"] == pytest.approx(184_234 / 2.16, abs=1)
    assert figures["eligible"]["businesses"] == pytest.approx(2_031.6, abs=0.1)
    assert figures["eligible"]["households"] == pytest.approx(5_721.5, abs=0.1)
    assert figures["areas"] == len(assessed.areas) == len(assessed.routes)
    assert {row["code"] for row in figures["municipalities"]} == set(assessed.municipalities["municipality_code"])
    assert (assessed.places["service_basis"] == "expected_share").all()
    assert {"position_basis", "employees_basis"} <= set(assessed.places.columns)
    assert figures["funded"]["grant"] <= 20_000_000
    assert assessed.routes["stand_in"].all()


# --- Hawaii --------------------------------------------------------------------------------------------------


def test_hawaii_reads_cleanly_as_measured_service(hawaii: Study) -> None:
    report = check.inspect(hawaii)
    assert report.problems == ()
    inputs = hawaii.load()
    (layer,) = inputs.offers
    assert len(layer.frame) == 1_645
    assert (layer.frame["basis"] == "measured").all()
    assert len(inputs.rejected) == 0
    policy = load_policy(hawaii.policy)
    served, _ = overlay(inputs.places, offers=inputs.offers, mobile=(), shares=None, policy=policy, as_of=hawaii.as_of)
    by_tile = layer.frame.set_index(layer.frame["source_row"])
    row = served["source_row"].to_numpy()
    np.testing.assert_allclose(served["measured_down_mbps"], by_tile.loc[row, "down_mbps"], rtol=1e-12)
    np.testing.assert_allclose(served["measured_up_mbps"], by_tile.loc[row, "up_mbps"], rtol=1e-12)
    assert served["measured_down_mbps"].median() == pytest.approx(195.513)
    assert served["weight"].sum() == 5_392
    slow = served["measured_down_mbps"] < 100
    assert served.loc[slow, "weight"].sum() / served["weight"].sum() == pytest.approx(0.1499, abs=0.0001)
    # Measured is not offered: nobody claims service here.
    assert (served["fixed_down_mbps"] == 0).all()
    assert served["fixed_provider"].isna().all()


def test_tiles_stand_where_ookla_draws_them(hawaii: Study, data_root: Path) -> None:
    (layer,) = hawaii.load().offers
    drawn = gpd.read_file(data_root / "ookla/fixed_hawaii-island_2023Q4.geojson").to_crs(hawaii.crs)
    ours = np.asarray(layer.frame.geometry.array, dtype=object)
    apart = shapely.area(shapely.symmetric_difference(ours, np.asarray(drawn.geometry.array, dtype=object)))
    assert apart.max() < 1.0, "square metres of a tile of some 330,000"


def test_mobile_tiles_are_read_as_measured_too(hawaii: Study, data_root: Path) -> None:
    """They name neither operator nor technology, so no level follows; the speeds are measured all the same."""
    inputs = hawaii.load()
    area = StudyArea(hawaii.crs, inputs.municipalities)
    fixed = next(spec for spec in hawaii.sources if spec.role == "offers")
    spec = replace(fixed, path=data_root / "ookla/mobile_hawaii-island_2023Q4.geojson")
    batch, layer = read_offers(spec, area=area, places=inputs.places)
    assert (len(layer.frame), len(batch.rejected)) == (354, 0)
    features = json.loads((data_root / "ookla/mobile_hawaii-island_2023Q4.geojson").read_text(encoding="utf-8"))
    speeds = [feature["properties"]["avg_d_kbps"] / 1000 for feature in features["features"]]
    assert layer.frame["down_mbps"].tolist() == speeds
    served, _ = overlay(
        inputs.places, offers=[layer], mobile=(), shares=None, policy=load_policy(hawaii.policy), as_of=hawaii.as_of
    )  # fmt: skip
    fixed_keys = set(inputs.places["place_id"])
    keys = [feature["properties"]["quadkey"] for feature in features["features"]]
    # Places stand in the tiles of the fixed file: measured where the mobile file has the same tile.
    assert served["measured_down_mbps"].notna().sum() == len(fixed_keys.intersection(keys)) == 277


def test_hawaii_is_not_assessed(hawaii: Study) -> None:
    with pytest.raises(DataError, match="its scope is 'service'"):
        pipeline.assess(hawaii, hawaii.default_scenario())
