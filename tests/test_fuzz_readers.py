"""A short run of the fuzzer, the same inputs each time; `python -m tests.fuzz.fuzz_readers` runs as long as asked."""

from __future__ import annotations

import collections

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.fuzz_readers import case
from tests.fuzz.harness import outcome
from tests.fuzz.seeds import seeds
from tests.fuzz.texts import csv_texts

SEEDS = seeds()
INPUTS = 400

# Texts that once ended in a traceback.
TEXTS = [
    b'id;type;count;east;north;navn\n"\n;\r;',
    b'id;type;count;east;north;navn\n0";"\na;B;1;271000;7031000;x\n\0\0',
    b"id;type;count;east;north;navn\n\0\n\xef\xbb\xbf",
]


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_undamaged_seed_is_read(name: str) -> None:
    assert outcome(SEEDS[name], SEEDS[name][3]) == "read"


def test_damaged_files_end_in_a_result_or_in_one_sentence() -> None:
    counts: collections.Counter[str] = collections.Counter()
    for number in range(INPUTS):
        name, seed, files = case(0, number, SEEDS)
        try:
            counts[outcome(seed, files)] += 1
        except Exception as error:
            error.add_note(f"input {number} of seed 0, from {name}")
            raise
    assert counts.total() == INPUTS
    assert counts["read"] > INPUTS // 20  # damage in places that do not matter: the fuzzer reaches the inside
    assert counts["refused"] > INPUTS // 2


@pytest.mark.parametrize("text", TEXTS)
def test_text_that_was_once_found(text: bytes) -> None:
    assert outcome(SEEDS["csv-semicolon"], {"t.csv": text}) in ("read", "refused")


@settings(max_examples=100, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(csv_texts())
def test_any_text_ends_in_a_result_or_in_one_sentence(text: bytes) -> None:
    assert outcome(SEEDS["csv-semicolon"], {"t.csv": text}) in ("read", "refused")
