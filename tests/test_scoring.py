from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from coverage.errors import DataError, PolicyError
from coverage.policy import load_policy
from coverage.scoring import score
from coverage.templates import Template, choose_template, list_templates, load_template, of_policy
from tests.test_criteria import areas

NORWAY = load_policy("no-2024")
GERMAN = {"white_spot_share": 0.0, "remaining_need": 0.0, "inhabitants_per_km2": 200.0, "municipalities": 1.0}


def scored(table: pd.DataFrame, template: str | Template, **options: Any) -> pd.DataFrame:
    chosen = load_template(template) if isinstance(template, str) else template
    out = score(table, chosen, **({"currency": "NOK"} | options))
    assert out.index.equals(table.index)
    assert out["score"].between(0, 100).all()
    return out


def test_nkoms_score_by_hand() -> None:
    out = scored(areas(), "nkom", local_share=0.3).iloc[0]
    parts = [100 / 15, 100 * 22 / 35, 100 * (3 / 13) / 0.5, 50, 100 * 6 / 7, 3]
    assert out["score"] == pytest.approx(np.average(parts, weights=[25, 20, 10, 15, 15, 15]))
    assert out["points"] == pytest.approx(out["score"])
    assert_frame_equal(scored(areas(3), "nkom"), scored(areas(3), of_policy(NORWAY)))


def test_an_optional_criterion_weighs_in() -> None:
    weights = (("remoteness", 25.0), *((item.id, 0.0) for item in NORWAY.criteria[1:]))
    template = choose_template(NORWAY, weights=weights)
    out = scored(areas(3, centrality_class=[6.0, 1.0, np.nan], premises=[150.0, 75.0, 150.0]), template,
                 weights=dict(weights))  # fmt: skip
    assert out["score"].tolist() == [100, 25, 50]
    assert out["not_measured"].tolist() == ["", "", "remoteness"]


def test_the_german_points_by_hand() -> None:
    table = areas(
        5,
        white_spot_share=[0.2, 0.1, 0.5, 0.0, 0.2],
        remaining_need=[0.0, 0.4, 1.0, 0.0, 0.4],
        inhabitants_per_km2=[49.0, 75.0, 10.0, 200.0, 50.0],
        municipalities=[1.0, 3.0, 6.0, 1.0, 1.0],
    )
    out = scored(table, "germany", currency="EUR")
    # 200 points at 20 %, 125 for all that remains, 100 at 50 inhabitants per km2, 75 for five municipalities.
    assert out["points"].tolist() == pytest.approx(
        [200 + 0 + 100 + 0, 100 + 50 + 50 + 37.5, 200 + 125 + 100 + 75, 0, 200 + 50 + 100 + 0]
    )
    assert out["reaches_fast_lane"].tolist() == [False, False, True, False, True]
    assert out["score"].tolist() == pytest.approx([60, 47.5, 100, 0, 70])
    assert out["not_measured"].eq("").all()


def test_what_is_not_measured_is_said_and_scores_nothing() -> None:
    table = areas(2, white_spot_share=[0.2, np.nan], inhabitants_per_km2=40.0, municipalities=1.0)
    out = scored(table, "germany")
    assert out["not_measured"].tolist() == ["remaining_need", "white_spot_share, remaining_need"]
    assert out["points"].tolist() == pytest.approx([300, 100])


@pytest.mark.parametrize(
    ("percent", "points", "rejected"),
    [
        (0.0, 300, False),
        (40.0, 260, False),
        (62.4, 238, False),
        (62.5, 237, False),  # a half is rounded up
        (100.0, 200, False),
        (100.4, 100, False),  # no request above the reference has more than 100
        (101.0, 99, False),
        (150.0, 50, False),
        (200.0, 0, False),
        (200.5, 0, True),
        (900.0, 0, True),
    ],
)
def test_louisianas_points_by_hand(percent: float, points: int, rejected: bool) -> None:
    table = areas(reference_grant=1000.0, grant=10 * percent)
    out = scored(table, "louisiana", currency="USD").iloc[0]
    assert (out["points"], out["rejected"]) == (points, rejected)
    assert out["score"] == pytest.approx(points / 3)


def test_a_reference_is_the_areas_own_or_the_price_of_the_currency() -> None:
    grants = [147_700.0, 147_700.0 * 10, 147_700.0 * 15]
    table = areas(3, premises=10.0, grant=grants, reference_grant=[np.nan, np.nan, 147_700.0 * 30])
    assert scored(table, "louisiana")["measure_reference_percent"].tolist() == [10, 100, 50]
    plain = scored(table.drop(columns="reference_grant"), "louisiana")
    assert plain["points"].tolist() == [290, 200, 50]
    assert plain["reference_grant"].tolist() == [1_477_000] * 3
    assert "reference_grant" not in scored(areas(), "nkom")
    dollars = areas(premises=10.0, grant=43_310.0)
    assert scored(dollars, "louisiana", currency="USD")["points"].tolist() == [200]
    with pytest.raises(PolicyError, match="no reference price in GBP"):
        scored(dollars, "louisiana", currency="GBP")
    own = scored(dollars.assign(reference_grant=86_620.0), "louisiana", currency="GBP")
    assert own["points"].tolist() == [250]


def test_an_area_without_premises_is_neither_scored_nor_rejected() -> None:
    out = scored(areas(premises=0.0), "louisiana").iloc[0]
    assert (out["points"], out["rejected"], out["not_measured"]) == (0, False, "reference_percent")


def test_the_cheapest_premises_come_first() -> None:
    out = scored(areas(4, capex=[3.5e6, 0.0, 1.75e6, 9e9]), "cost-per-premises")
    assert out["score"].tolist() == pytest.approx([0, 100, 50, 0])
    assert out["measure_capex_per_premises"].tolist() == [350_000, 0, 175_000, 9e8]


def test_amounts_are_not_taken_into_another_currency() -> None:
    for name in ("nkom", "cost-per-premises"):
        with pytest.raises(PolicyError, match="in NOK, and those of the areas in EUR"):
            scored(areas(), name, currency="EUR")
    scored(areas(**GERMAN), "germany", currency="SEK")


def test_weights_may_be_changed_and_must_be_usable() -> None:
    table = areas(2, **(GERMAN | {"white_spot_share": [0.2, 0.0], "inhabitants_per_km2": [200.0, 20.0]}))
    out = scored(table, "germany", weights={"white_spot_share": 0.0, "remaining_need": 0.0, "municipalities": 0.0})
    assert out["score"].tolist() == [0, 100]
    assert_frame_equal(scored(table, "germany", weights={"remoteness": 0.0}), scored(table, "germany"))
    for weights, match in (
        ({"charm": 1.0}, r"weights\.charm: germany has only"),
        ({"charm": 0.0}, r"weights\.charm: germany has only"),
        ({"municipalities": -1.0}, r"weights\.municipalities is -1\.0"),
        ({"municipalities": float("nan")}, r"weights\.municipalities is nan"),
        (dict.fromkeys(GERMAN, 0.0), "must be above 0 in germany"),
    ):
        with pytest.raises(PolicyError, match=match):
            scored(table, "germany", weights=weights)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DataError, match="'pv_opex'"):
        scored(areas().drop(columns="pv_opex"), "nkom")


# --- invariants ---------------------------------------------------------------------------------------------

PART = st.one_of(st.just(0.0), st.floats(0.01, 1.5))
TRAITS = st.lists(st.tuples(*[PART] * 4), min_size=1, max_size=6)


def german(rows: list[tuple[float, ...]]) -> pd.DataFrame:
    """Return areas that are the better, the higher their four parts, within the bounds and beyond them."""
    part = np.array(rows, dtype=float)
    return areas(
        len(rows),
        white_spot_share=0.2 * part[:, 0],
        remaining_need=part[:, 1],
        inhabitants_per_km2=100 - 50 * part[:, 2],
        municipalities=1 + 4 * part[:, 3],
        premises=100 * part[:, 0],
        grant=1e6 * part[:, 1],
        capex=1e6 * part[:, 2],
    )


@given(TRAITS, TRAITS, st.sampled_from(list_templates()), st.data())
def test_adding_an_area_does_not_reshuffle_the_others(
    rows: list[tuple[float, ...]], more: list[tuple[float, ...]], name: str, data: st.DataObject
) -> None:
    alone = scored(german(rows), name)
    order = list(data.draw(st.permutations(range(len(rows) + len(more)))))
    among = scored(german(rows + more).iloc[order], name).sort_index().iloc[: len(rows)]
    assert_frame_equal(alone, among, check_exact=True)


@given(TRAITS)
def test_a_better_area_never_has_fewer_points(rows: list[tuple[float, ...]]) -> None:
    points = scored(german(rows), "germany")["points"].tolist()
    for better, its in zip(rows, points, strict=True):
        for worse, other in zip(rows, points, strict=True):
            if all(a >= b for a, b in zip(better, worse, strict=True)):
                assert its >= other


@given(st.lists(st.floats(0.0, 5e6), min_size=2, max_size=9))
def test_asking_for_more_never_brings_points(grants: list[float]) -> None:
    out = scored(areas(len(grants), grant=sorted(grants), reference_grant=1e6), "louisiana")
    assert (np.diff(out["points"]) <= 0).all()
    assert out["rejected"].tolist() == [grant > 2e6 for grant in sorted(grants)]
