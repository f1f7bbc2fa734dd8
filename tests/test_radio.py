"""What is left of a signal: by hand, against the corners of the published model, and as it must always be."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.errors import PolicyError
from coverage.radio import LIMITS, RADIO_FILE, Radio, load_radio, path_loss_db, sector_mbps, signal_dbm

BOOK = load_radio()
BANDS = ("mobile", "fwa")


def figures(**values: float) -> Radio:
    """Return the book with other values."""
    assert values.keys() <= {row.item for row in BOOK.items}
    return Radio(tuple(replace(row, value=values.get(row.item, row.value)) for row in BOOK.items))


# The book


def rows() -> list[list[str]]:
    with RADIO_FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def written(folder: Path, table: list[list[str]]) -> Path:
    path = folder / "mine.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(table)
    return path


def test_every_figure_says_where_it_is_from() -> None:
    assert {row.item for row in BOOK.items} == set(LIMITS)
    assert len(BOOK.version) == 64
    for row in BOOK.items:  # a figure with no source says so, and is flagged; a flagged one claims no source
        assert row.low <= row.value <= row.high
        assert row.source.startswith("general knowledge") == (row.confidence == "assumed"), row.item
        least, most = LIMITS[row.item]
        assert least <= row.low <= row.high <= most, row.item
    assert BOOK["mast_new_m"].unit == "m"
    assert BOOK["mast_new_m"] in BOOK.assumed()
    assert BOOK["shannon_share"] not in BOOK.assumed()
    with pytest.raises(KeyError):
        BOOK["nothing"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"value": "high"}, "mine.csv: mast_new_m: value is 'high'; expected a number"),
        ({"value": "9"}, "mine.csv: mast_new_m: expected low <= value <= high, got 20, 9, 40; mast_new_m is 9; exp"),
        ({"value": "300", "high": "300"}, "mine.csv: mast_new_m is 300; expected 10 to 150"),
        ({"year": "2024.5"}, "mine.csv: mast_new_m: year is '2024.5'; expected a number"),
        ({"source": ""}, r"mine.csv: row \d+ \(mast_new_m\): 'source' is empty; every row needs all 8"),
        ({"confidence": "sure"}, "mine.csv: mast_new_m: confidence 'sure' is none of published, derived, assumed"),
        ({"item": "mast"}, "mine.csv: mast is no item that is read; .*; these items are missing: mast_new_m"),
        ({"item": "mast_existing_m"}, "mine.csv: mast_existing_m is given twice; these items are missing: mast_new_m"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, change: dict[str, str], sentence: str) -> None:
    table = rows()
    row = next(row for row in table if row[0] == "mast_new_m")
    for field, value in change.items():
        row[table[0].index(field)] = value
    with pytest.raises(PolicyError, match=sentence):
        load_radio(written(tmp_path, table))


def test_what_is_no_book_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"none\.csv: cannot be read \(No such file"):
        load_radio(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("item,værdi".encode("latin-1"))
    with pytest.raises(PolicyError, match=r"latin\.csv: not valid UTF-8"):
        load_radio(tmp_path / "latin.csv")
    with pytest.raises(PolicyError, match=r"mine\.csv: the header row must be item,value,low,high,unit,year,source,"):
        load_radio(written(tmp_path, [["item", "value"]]))
    with pytest.raises(PolicyError, match="there are too many fields"):
        load_radio(written(tmp_path, [*rows(), [*rows()[1], "more"]]))


# Path loss


def test_in_sight_it_is_nearly_that_of_free_space_before_the_breakpoint() -> None:
    # 3.6 GHz, 30 m and 5 m: the breakpoint lies beyond 11 km.
    distance = np.array([100.0, 1000, 5000])
    slant = np.hypot(distance, 25)
    free = 20 * np.log10(slant) + 20 * math.log10(3.6e9) - 147.55
    loss = path_loss_db(distance, sight=True, radio=BOOK, mast_m=30, band="fwa")
    by_hand = 0.03 * 5**1.72 * np.log10(slant) - 0.044 * 5**1.72 + 0.002 * math.log10(5) * slant
    np.testing.assert_allclose(loss, free + by_hand, atol=0.02)


def test_behind_the_breakpoint_it_grows_with_the_fourth_power() -> None:
    # 800 MHz, 30 m and 1.5 m: the breakpoint is at 2 pi 30 x 1.5 x 0.8e9 / c = 755 m.
    far = path_loss_db([2000, 4000, 8000], sight=True, radio=BOOK, mast_m=30)
    np.testing.assert_allclose(np.diff(far), 40 * math.log10(2), atol=0.01)
    near = path_loss_db([180, 360, 720], sight=True, radio=BOOK, mast_m=30)
    assert (np.diff(near) < 7).all()
    around = path_loss_db([754, 754.5, 755.5], sight=True, radio=BOOK, mast_m=30)
    assert np.abs(np.diff(around)).max() < 0.1  # no step


def test_out_of_sight_by_hand() -> None:
    # 700 MHz at 1,000 m on the slant: the term in the distance is 0.
    radio = figures(mobile_mhz=700)
    ground = math.sqrt(1000**2 - (35 - 1.5) ** 2)
    by_hand = (
        161.04
        - 7.1 * math.log10(20)
        + 7.5 * math.log10(5)
        - (24.37 - 3.7 * (5 / 35) ** 2) * math.log10(35)
        + 20 * math.log10(0.7)
        - (3.2 * math.log10(11.75 * 1.5) ** 2 - 4.97)
    )
    assert path_loss_db(ground, sight=False, radio=radio, mast_m=35).item() == pytest.approx(by_hand)


def test_beyond_what_the_model_holds_for_there_is_no_claim() -> None:
    distance = np.array([5000.0, 5001, 10_000, 10_001])
    assert np.isnan(path_loss_db(distance, sight=False, radio=BOOK, mast_m=30)).tolist() == [False, True, True, True]
    assert np.isnan(path_loss_db(distance, sight=True, radio=BOOK, mast_m=30)).tolist() == [False] * 3 + [True]
    assert np.isnan(signal_dbm(distance, sight=[False, False, True, True], radio=BOOK)).tolist() == [0, 1, 0, 1]
    assert (sector_mbps(distance, sight=[False, False, True, True], radio=BOOK) > 0).tolist() == [1, 0, 1, 0]
    assert np.isnan(path_loss_db(np.nan, sight=True, radio=BOOK, mast_m=30))


def test_nearer_than_ten_metres_is_ten_metres_and_shapes_are_broadcast() -> None:
    loss = path_loss_db(np.array([[0.0], [10.0]]), sight=[True, False], radio=BOOK, mast_m=[30, 30])
    assert loss.shape == (2, 2)
    np.testing.assert_array_equal(loss[0], loss[1])
    assert path_loss_db([], sight=[], radio=BOOK, mast_m=[]).shape == (0,)
    low, least = (path_loss_db(500, sight=True, radio=BOOK, mast_m=height) for height in (4, 10))
    assert low == least


@given(
    st.floats(0, 10_000), st.floats(0, 10_000), st.floats(10, 150), st.floats(500, 4000), st.sampled_from(BANDS),
    st.booleans(),
)  # fmt: skip
def test_more_distance_never_raises_the_signal(
    one: float, two: float, mast: float, mhz: float, band: str, sight: bool
) -> None:
    radio = figures(**{f"{band}_mhz": mhz})
    near, far = path_loss_db(sorted([one, two]), sight=sight, radio=radio, mast_m=mast, band=band)
    assert not far < near  # NaN: no claim
    level = signal_dbm(sorted([one, two]), sight=sight, radio=radio, mast_m=mast)
    assert not level[1] > level[0]
    mbps = sector_mbps(sorted([one, two]), sight=sight, radio=radio, mast_m=mast)
    assert mbps[1] <= mbps[0]


@given(st.floats(0, 5_000), st.floats(10, 150), st.sampled_from(BANDS))
def test_out_of_sight_is_never_better_than_in_sight(distance: float, mast: float, band: str) -> None:
    hidden, seen = path_loss_db(distance, sight=[False, True], radio=BOOK, mast_m=mast, band=band)
    assert hidden >= seen


# Level and capacity


def test_a_level_by_hand() -> None:
    # 46 dBm over 600 subcarriers is 18.2 dBm each, and 15 dBi on top.
    loss = path_loss_db(3000, sight=True, radio=BOOK, mast_m=30)
    assert signal_dbm(3000, sight=True, radio=BOOK, mast_m=30).item() == pytest.approx(33.218 - loss, abs=0.001)
    assert signal_dbm(3000, sight=True, radio=BOOK).item() == signal_dbm(3000, sight=True, radio=BOOK, mast_m=30)
    # In sight a rural mast gives -100 dBm (good) for some kilometres, out of sight for two to three.
    assert signal_dbm(8000, sight=True, radio=BOOK) > -100
    assert signal_dbm(2000, sight=False, radio=BOOK) > -100 > signal_dbm(3000, sight=False, radio=BOOK)


def test_a_sector_near_the_mast_carries_the_truncated_bound() -> None:
    most = 0.6 * math.log2(1 + 10**3) * 2 * 100 * 0.75 * 0.86
    assert sector_mbps(200, sight=True, radio=BOOK).item() == pytest.approx(most)
    one = figures(fwa_layers=1)
    assert sector_mbps(200, sight=True, radio=one).item() == pytest.approx(most / 2)


def test_a_sector_at_the_edge_by_hand() -> None:
    loss = path_loss_db(9000, sight=True, radio=BOOK, mast_m=30, band="fwa").item()
    noise = -174 + 80 + 9 + 3
    ratio = 70 + 10 - loss - 5.1 - noise - 10 * math.log10(2)
    by_hand = 0.6 * math.log2(1 + 10 ** (ratio / 10)) * 2 * 100 * 0.75 * 0.86
    assert sector_mbps(9000, sight=True, radio=BOOK, mast_m=30).item() == pytest.approx(by_hand)


def test_a_signal_below_the_least_ratio_carries_nothing() -> None:
    faint = figures(fwa_eirp_dbm=20)
    assert sector_mbps([100, 4900], sight=False, radio=faint)[1] == 0
    assert sector_mbps([100, 4900], sight=False, radio=faint)[0] > 0
