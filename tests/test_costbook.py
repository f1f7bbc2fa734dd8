"""The cost book: what is read, what is refused in one sentence, price years, overrides."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from coverage.costbook import COST_DIR, REQUIRED, CostBook, load_costs
from coverage.errors import PolicyError

CURRENCY = {"norway": "NOK", "us": "USD"}
BOOKS = sorted(CURRENCY)


def rows() -> list[list[str]]:
    with (COST_DIR / "norway.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def written(folder: Path, table: list[list[str]]) -> Path:
    with (folder / "mine.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(table)
    return folder


def changed(folder: Path, name: str, /, **fields: str) -> Path:
    table = rows()
    for row in table[1:]:
        if row[0] == name:
            for field, value in fields.items():
                row[table[0].index(field)] = value
    return written(folder, table)


@pytest.mark.parametrize("name", BOOKS)
def test_every_book_is_whole_and_says_where_each_figure_is_from(name: str) -> None:
    book = load_costs(name, currency=CURRENCY[name], price_year=2025)
    assert {row.item for row in book.items} >= set(REQUIRED)
    assert all(row.low <= row.value <= row.high for row in book.items)
    assert all(row.source for row in book.items)
    assert len(book.version) == 64
    for row in book.items:  # a figure with no source says so, and is flagged; a flagged one claims no source
        assert row.source.startswith("general knowledge") == (row.confidence == "assumed"), row.item
    assert {row.item for row in book.assumed()} == {row.item for row in book.items if row.confidence == "assumed"}
    assert "life_cable" in {row.item for row in book.assumed()}


def test_both_books_hold_the_same_items() -> None:
    names = [{row.item for row in load_costs(name, currency=CURRENCY[name]).items} for name in BOOKS]
    assert names[0] ^ names[1] == {"usd_per_gbp"}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"value": "much"}, "mine.csv: cpe: value is 'much'; expected a number"),
        ({"value": "nan"}, "mine.csv: cpe: value is 'nan'; expected a number"),
        ({"year": "2025.5"}, "mine.csv: cpe: year is '2025.5'; expected a number"),
        ({"low": "3000"}, "mine.csv: cpe: expected 0 <= low <= value <= high, got 3000, 2500, 4000"),
        ({"low": "-1"}, "mine.csv: cpe: expected 0 <= low <= value <= high, got -1, 2500, 4000"),
        ({"currency": "USD"}, "mine.csv: cpe: currency is 'USD'; the study's is 'NOK'"),
        ({"confidence": "sure"}, "mine.csv: cpe: confidence 'sure' is none of published, derived, assumed"),
        ({"source": " "}, "'source' is empty; every row needs all 9"),
        ({"item": "cable"}, "mine.csv: these items are missing: cpe"),
        ({"item": "drop_m"}, "mine.csv: drop_m is given twice; these items are missing: cpe"),
    ],
)
def test_a_bad_row_is_refused_in_one_sentence(tmp_path: Path, fields: dict[str, str], sentence: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_costs("mine", currency="NOK", directory=changed(tmp_path, "cpe", **fields))
    assert sentence in str(caught.value)


def test_shares_lives_and_ranges_that_cannot_be_are_refused(tmp_path: Path) -> None:
    for item, fields, sentence in [
        ("life_duct", {"value": "7.5", "low": "7.5"}, "life_duct is 7.5; expected whole years, 1 or more"),
        ("take_up_ramp_years", {"low": "0"}, "take_up_ramp_years: low is 0; expected more than 0"),
        ("cost_of_sales", {"high": "1.4"}, "cost_of_sales: a share above 1 (1.4)"),
        ("rock_share", {"high": "0.8"}, "soil_share and the high end of rock_share are more than the whole route"),
    ]:
        with pytest.raises(PolicyError) as caught:
            load_costs("mine", currency="NOK", directory=changed(tmp_path, item, **fields))
        assert str(caught.value) == f"mine.csv: {sentence}"


def test_a_book_that_is_not_there_or_has_another_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"cost book 'nowhere' is not known; .*: norway, us"):
        load_costs("nowhere", currency="NOK")
    with pytest.raises(PolicyError, match="is not known"):
        load_costs("../costs/norway", currency="NOK")
    table = rows()
    table[0][1] = "amount"
    with pytest.raises(PolicyError, match=r"mine.csv: the header row must be item,value,low"):
        load_costs("mine", currency="NOK", directory=written(tmp_path, table))
    (tmp_path / "mine.csv").write_bytes("item,value\nblåne".encode("latin-1"))
    with pytest.raises(PolicyError, match=r"mine.csv: not valid UTF-8"):
        load_costs("mine", currency="NOK", directory=tmp_path)


def test_a_row_with_too_many_fields_is_refused(tmp_path: Path) -> None:
    table = rows()
    table[3].append("more")
    with pytest.raises(PolicyError, match=r"row 3 \(rock_trench_m\): there are too many fields"):
        load_costs("mine", currency="NOK", directory=written(tmp_path, table))


def test_money_is_brought_to_the_price_year_and_nothing_else() -> None:
    before = load_costs("norway", currency="NOK")
    after = load_costs("norway", currency="NOK", price_year=2025)
    factor = before["price_index_2025"].value / before["price_index_2017"].value
    assert after["fwa_site_upgrade"].value == pytest.approx(800_000 * factor)
    assert after["fwa_site_upgrade"].high == pytest.approx(1_200_000 * factor)
    assert after["fwa_site_upgrade"].year == 2025
    assert "800000 in 2017" in after["fwa_site_upgrade"].source
    assert after["rock_trench_m"] == before["rock_trench_m"]  # stands in 2025 already
    assert after["rock_share"] == before["rock_share"]
    assert after["wacc"] == before["wacc"]
    assert after.version == before.version


def test_a_price_year_without_an_index_row_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"norway.csv: the row price_index_1999 is missing"):
        load_costs("norway", currency="NOK", price_year=1999)


def test_an_override_moves_the_range_along_and_is_flagged() -> None:
    book = load_costs("norway", currency="NOK", price_year=2025, overrides=(("rock_trench_m", 3000.0),))
    row = book["rock_trench_m"]
    assert (row.low, row.value, row.high) == (2000.0, 3000.0, 4000.0)
    assert row.confidence == "assumed"
    assert row.source == "set in the scenario, in place of 1500"
    shares = (("rock_share", 0.6), ("take_up_household", 0.95))
    book = load_costs("norway", currency="NOK", price_year=2025, overrides=shares)
    assert book["rock_share"].high == pytest.approx(0.7)  # soil takes the rest
    assert book["take_up_household"].high == 1.0
    zero = load_costs("norway", currency="NOK", price_year=2025, overrides=(("cpe", 0.0),))["cpe"]
    assert (zero.low, zero.value, zero.high) == (0.0, 0.0, 0.0)


def test_an_override_of_an_unknown_item_or_to_an_impossible_value_is_named() -> None:
    with pytest.raises(PolicyError, match=r"scenario: costs\.gold is no item of the cost book 'norway'"):
        load_costs("norway", currency="NOK", overrides=(("gold", 1.0),))
    with pytest.raises(PolicyError, match=r"scenario's costs: cost_of_sales: a share above 1"):
        load_costs("norway", currency="NOK", overrides=(("cost_of_sales", 1.5),))


def test_an_unknown_item_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        CostBook("empty", "NOK", ())["cpe"]
