from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from coverage import traits
from coverage.errors import CrsError, DataError
from coverage.policy import load_policy
from coverage.traits import COLUMNS, area_columns, centrality, mobile_by_operator
from tests import drawn

NORWAY = load_policy("no-2024")


def places(rows: int, **columns: Any) -> gpd.GeoDataFrame:
    """Return businesses in area A in Trondheim: eligible at 18 Mbit/s, one mobile operator, no fast network."""
    defaults: dict[str, Any] = {
        "area_id": pd.Series(["A"] * rows, dtype="str"),
        "eligible": 1.0,
        "tier": "below_30",
        "service_basis": "offer",
        "fixed_down_mbps": 18.0,
        "fixed_networks_100": 0,
        "mobile_level": pd.Series(["good"] * rows, dtype="str"),
        "mobile_operators": 1,
        "hub_distance_m": np.nan,
    }
    return drawn.places([(float(number), 0.0) for number in range(rows)], **(defaults | columns))


def areas(ids: Sequence[str] = ("A",), **columns: Any) -> pd.DataFrame:
    defaults: dict[str, Any] = {"kind": "fixed", "municipality_code": "5001"}
    return pd.DataFrame({"area_id": pd.Series(ids, dtype="str")} | defaults | columns, index=pd.RangeIndex(len(ids)))


def told(table: pd.DataFrame, judged: gpd.GeoDataFrame, **options: Any) -> pd.DataFrame:
    out = area_columns(table, judged, **({"policy": NORWAY, "country": "no"} | options))
    assert out.columns.tolist() == list(COLUMNS)
    assert out.index.equals(table.index)
    assert all(pd.api.types.is_float_dtype(kind) for kind in out.dtypes)
    return out


def test_the_worst_served_are_those_in_the_lowest_tier() -> None:
    judged = places(4, tier=["below_30", "below_100", "below_100", "below_30"], weight=[1.0, 1.0, 2.0, 9.0],
                    eligible=[1.0, 1.0, 0.5, 0.0])  # fmt: skip
    assert told(areas(), judged)["worst_served_share"].tolist() == pytest.approx([1 / 3])


def test_of_a_share_the_lowest_tier_is_a_share_too() -> None:
    judged = places(
        2,
        service_basis="expected_share",
        weight=[10.0, 10.0],
        tier="served",
        eligible=[0.4, 0.0],  # of the second a clause excludes all
        share_below_30=[0.1, 0.5],
        share_below_100=[0.3, 0.2],
    )
    out = told(areas(), judged).iloc[0]
    assert out["worst_served_share"] == pytest.approx(0.25)
    assert out["white_spot_share"] == pytest.approx(1 / 20)
    assert np.isnan(out["single_operator_share"]), "shares do not tell how many networks pass a place"


def test_remoteness_is_the_mean_class_over_the_premises() -> None:
    # Trondheim is of class 2, Steinkjer of 4, Leka of 6.
    judged = places(3, municipality_code=["5001", "5006", "5052"], weight=[2.0, 1.0, 1.0])
    out = told(areas(), judged).iloc[0]
    assert out["centrality_class"] == pytest.approx((2 * 2 + 4 + 6) / 4)
    assert out["municipalities"] == 3


def test_remoteness_is_not_told_of_municipalities_that_are_not_listed() -> None:
    judged = places(2, municipality_code=["5001", "9999"])
    assert np.isnan(told(areas(), judged)["centrality_class"].iloc[0])
    assert np.isnan(told(areas(), places(1), country="us")["centrality_class"].iloc[0])


def test_an_area_of_farmland_alone_has_the_class_of_its_municipality() -> None:
    table = areas(("A", "B"), kind=["fixed", "mobile"], municipality_code=["5001", "5052"])
    out = told(table, places(1)).iloc[1]
    assert (out["centrality_class"], out["municipalities"]) == (6, 1)
    assert np.isnan(out["single_operator_share"])


@pytest.mark.parametrize(
    ("operators", "networks", "expected"), [(0, 0, 1), (1, 1, 1), (2, 0, 0), (1, 2, 0), (0, 2, 0), (3, 3, 0)]
)
def test_one_operator_at_most_means_of_both_kinds(operators: int, networks: int, expected: int) -> None:
    judged = places(1, mobile_operators=operators, fixed_networks_100=networks)
    assert told(areas(), judged)["single_operator_share"].tolist() == [expected]


def test_dependence_on_one_operator_counts_premises_of_which_it_is_known() -> None:
    level = pd.Series(["good", "good", None, None], dtype="str")
    judged = places(4, mobile_level=level, mobile_operators=[1, 2, 0, 0], fixed_networks_100=[0, 0, 0, 2],
                    weight=[3.0, 1.0, 50.0, 2.0])  # fmt: skip
    assert told(areas(), judged)["single_operator_share"].tolist() == [0.5]
    assert np.isnan(told(areas(), judged.iloc[[2]])["single_operator_share"].iloc[0])


def test_half_of_the_businesses_are_within_the_distance_to_a_hub() -> None:
    judged = places(5, hub_distance_m=[4000.0, 1000.0, np.nan, 3000.0, 2000.0])
    assert told(areas(), judged)["hub_distance_m"].tolist() == [2000]
    heavy = judged.assign(weight=[9.0, 1.0, 1.0, 1.0, 1.0])
    assert told(areas(), heavy)["hub_distance_m"].tolist() == [4000]
    assert np.isnan(told(areas(), judged.drop(columns="hub_distance_m"))["hub_distance_m"].iloc[0])


def test_two_areas_each_have_their_own() -> None:
    area = pd.Series(["B", "A", "B", None], dtype="str")
    judged = places(4, area_id=area, hub_distance_m=[1.0, 2.0, 3.0, 9.0], tier=["below_30", "below_100"] * 2)
    out = told(areas(("A", "B", "C")), judged)
    assert out["hub_distance_m"].tolist()[:2] == [2, 1]
    assert out["worst_served_share"].tolist()[:2] == [0, 1]
    assert out.loc[2, ["hub_distance_m", "worst_served_share"]].isna().all(), "nobody is in it"


def test_white_spots_are_of_the_whole_municipality() -> None:
    # Trondheim: 2 of 10 premises are below 30 Mbit/s and may be built; Leka: 3 of 4.
    judged = places(
        5,
        area_id=pd.Series(["A", None, None, "B", None], dtype="str"),
        municipality_code=["5001", "5001", "5001", "5052", "5052"],
        weight=[2.0, 3.0, 5.0, 3.0, 1.0],
        eligible=[1.0, 0.0, 1.0, 1.0, 0.0],  # the second has a plan
        fixed_down_mbps=[18.0, 18.0, 50.0, 29.9, 1000.0],
    )
    out = told(areas(("A", "B", "C"), municipality_code=["5001", "5052", "5006"]), judged)["white_spot_share"]
    assert out.tolist()[:2] == pytest.approx([0.2, 0.75])
    assert np.isnan(out[2]), "no premises are known there"
    both = judged.assign(area_id=pd.Series(["A", None, None, "A", None], dtype="str"))
    assert told(areas(), both)["white_spot_share"].tolist() == pytest.approx([5 / 14])


def test_inhabitants_are_households_over_the_area_of_the_municipalities() -> None:
    judged = places(3, municipality_code=["5001", "5001", "5052"], kind=["household", "business", "household"],
                    weight=[60.0, 9.0, 20.0], area_id=pd.Series(["A", "A", "B"], dtype="str"))  # fmt: skip
    square = [shapely.box(0, 0, 2000, 1000), shapely.box(0, 5000, 1000, 6000)]
    boundaries = gpd.GeoDataFrame({"municipality_code": ["5001", "5052"]}, geometry=square, crs=drawn.CRS)
    table = areas(("A", "B"), municipality_code=["5001", "5052"])
    out = told(table, judged, municipalities=boundaries, household_size=2.0)["inhabitants_per_km2"]
    assert out.tolist() == [60, 40]
    together = judged.assign(area_id="A")
    assert told(areas(), together, municipalities=boundaries, household_size=2.0)["inhabitants_per_km2"][0] == (
        pytest.approx(160 / 3)
    )
    assert told(table, judged, municipalities=boundaries)["inhabitants_per_km2"].isna().all()
    with pytest.raises(CrsError):
        told(table, judged, municipalities=boundaries.to_crs("EPSG:4326"), household_size=2.0)


def test_a_mast_has_the_premises_that_it_reaches_and_no_tier() -> None:
    mast = pd.Series(["M", "M", None], dtype="str")
    judged = places(3, mobile_area_id=mast, eligible=[0.0, 1.0, 1.0], mobile_operators=[0, 2, 1],
                    area_id=pd.Series([None, "A", "A"], dtype="str"), hub_distance_m=[7.0, 8.0, 9.0],
                    municipality_code=["5052", "5001", "5001"])  # fmt: skip
    out = told(areas(("A", "M"), kind=["fixed", "mobile"]), judged)
    assert out["worst_served_share"].tolist()[0] == 1
    assert out.loc[1, ["worst_served_share", "white_spot_share"]].isna().all()
    assert out["single_operator_share"].tolist() == [0.5, 0.5]
    assert out["centrality_class"].tolist() == [2, 4]
    assert out["hub_distance_m"].tolist() == [8, 7]


def test_no_areas_and_no_places() -> None:
    assert told(areas(()), places(2)).empty
    assert np.isnan(told(areas(), places(0))["worst_served_share"].iloc[0])


# --- the table of centrality classes ------------------------------------------------------------------------


def test_every_class_follows_from_its_index() -> None:
    table = pd.read_csv(traits.CRITERIA_DIR / "centrality.csv", dtype={"municipality_code": "str"})
    # Statistics Norway's bounds: 925, 870, 775, 670 and 565 of 1000.
    expected = 6 - np.digitize(table["index"], [565, 670, 775, 870, 925])
    assert table["class"].tolist() == expected.tolist()
    assert set(table["confidence"]) == {"published"}


def test_all_municipalities_of_the_sample_are_listed() -> None:
    boundaries = gpd.read_file(traits.CRITERIA_DIR.parent / "trondelag" / "municipalities.gpkg")
    known = centrality("no")
    assert set(boundaries["municipality_code"]) <= set(known)
    county = pd.Series({code: known[code] for code in boundaries["municipality_code"]})
    assert county.value_counts().sort_index().to_dict() == {2: 1, 3: 3, 4: 7, 5: 14, 6: 13}
    assert centrality("us") == {}


@pytest.mark.parametrize("rows", ["no,5001,7", "no,5001,2\nno,5001,2", "no,5001,"])
def test_a_table_that_cannot_be_used_is_named(rows: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "centrality.csv").write_text(f"country,municipality_code,class\n{rows}\n", encoding="utf-8")
    monkeypatch.setattr(traits, "CRITERIA_DIR", tmp_path)
    centrality.cache_clear()
    try:
        with pytest.raises(DataError, match="municipality 5001"):
            centrality("no")
    finally:
        centrality.cache_clear()


def test_the_digest_is_of_all_tables(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = traits.tables_digest()
    assert sorted(path.name for path in traits.CRITERIA_DIR.iterdir()) == sorted(traits.TABLES)
    for name in traits.TABLES:
        (tmp_path / name).write_bytes((traits.CRITERIA_DIR / name).read_bytes())
    monkeypatch.setattr(traits, "CRITERIA_DIR", tmp_path)
    assert traits.tables_digest() == before
    (tmp_path / traits.TABLES[0]).write_bytes(b"")
    assert traits.tables_digest() != before


# --- invariants ---------------------------------------------------------------------------------------------

PLACE = st.tuples(
    st.sampled_from(["A", "B", None]),
    st.sampled_from(["5001", "5006"]),
    st.integers(1, 5),
    st.sampled_from([0.0, 1.0]),
    st.sampled_from(["below_30", "below_100"]),
    st.integers(0, 3),
    st.one_of(st.just(np.nan), st.floats(0, 1e5)),
)


def many(rows: list[tuple[Any, ...]], first: int = 0) -> gpd.GeoDataFrame:
    area, code, weight, eligible, tier, operators, metres = zip(*rows, strict=True)
    return places(
        len(rows),
        place_id=pd.Series([f"p{first + number:03d}" for number in range(len(rows))], dtype="str"),
        area_id=pd.Series(area, dtype="str"),
        municipality_code=list(code),
        weight=np.array(weight, dtype=float),
        eligible=list(eligible),
        tier=list(tier),
        mobile_operators=list(operators),
        hub_distance_m=list(metres),
    )


@given(st.lists(PLACE, min_size=1, max_size=12), st.lists(PLACE, min_size=1, max_size=5), st.data())
def test_another_area_elsewhere_changes_nothing_and_neither_does_the_order(
    rows: list[tuple[Any, ...]], more: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    here = many(rows)
    elsewhere = many([("Z", "5052", *row[2:]) for row in more], first=500)
    before = told(areas(("A", "B")), here)
    together = pd.concat([here, elsewhere], ignore_index=True)
    order = list(data.draw(st.permutations(range(len(together)))))
    after = told(areas(("A", "B", "Z")), together.iloc[order].reset_index(drop=True))
    assert_frame_equal(before, after.iloc[:2], check_exact=True)
    shares = after[["worst_served_share", "single_operator_share", "white_spot_share"]].to_numpy()
    assert ((shares >= 0) & (shares <= 1) | np.isnan(shares)).all()


def test_of_each_operator_the_level_of_at_least_half_of_the_premises_is_told() -> None:
    judged = places(4, weight=[1.0, 1.0, 1.0, 3.0], eligible=[1.0, 1.0, 1.0, 1 / 3])
    levels = {"Fjell": np.array([3, 2, 1, 0]), "Hav": np.array([1, 0, 0, 3]), "Vidde": np.zeros(4, dtype=int)}
    found = mobile_by_operator(areas(("A", "B")), judged, levels=levels)
    # of the four premises Fjell gives two "good" or better; Hav gives two "basic" or better and one of them more
    assert found.iloc[0] == "Fjell: good; Hav: basic; Vidde: none"
    assert found.isna().tolist() == [False, True]


def test_of_a_mast_every_premises_counts_and_without_operators_nothing_is_told() -> None:
    judged = places(3, area_id=pd.Series([None] * 3, dtype="str"), eligible=0.0, mobile_area_id="M")
    table = areas(("M",), kind="mobile")
    assert mobile_by_operator(table, judged, levels={"Fjell": np.array([1, 3, 1])}).tolist() == ["Fjell: basic"]
    assert mobile_by_operator(table, judged, levels={}).isna().all()


@given(st.permutations(range(5)))
def test_the_order_of_places_does_not_change_what_is_told_of_operators(order: list[int]) -> None:
    judged = places(5, weight=[1.0, 2.0, 1.0, 1.0, 3.0], eligible=[0.3, 1.0, 0.7, 0.1, 1.0])
    level = np.array([1, 2, 3, 0, 2])
    plain = mobile_by_operator(areas(), judged, levels={"Fjell": level})
    mixed = mobile_by_operator(areas(), judged.iloc[order], levels={"Fjell": level[order]})
    assert mixed.tolist() == plain.tolist() == ["Fjell: good"]
