from __future__ import annotations

import ast
import datetime as dt
import re
import threading
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from coverage.policy import list_policies, load_policy
from coverage.reports.wording import load_wording
from coverage.schemas import (
    BUILD_TECHNOLOGIES,
    CERTAINTIES,
    DATA_STATUSES,
    DECISIONS,
    GAP_KINDS,
    KINDS,
    MOBILE_LEVELS,
    TECHNOLOGIES,
    UNCOUNTED,
)
from coverage.sources.roles import ROLES
from maps import export, language, layers, legends, style, words
from maps.pages import why
from tests import toy

MAPS = Path(language.__file__).parent
OTHERS = [code for code in language.LANGUAGES if code != language.DEFAULT]
Id = tuple[str | None, object]


@cache
def extracted() -> frozenset[Id]:
    """Return every message in the code of the dashboard: context and id, or ids for one and for many."""
    found = extract_from_dir(str(MAPS), [("**.py", "python")])
    return frozenset((context, message) for _, _, message, _, context in found)


def messages(code: str) -> list[Message]:
    with language.path_of(code).open("rb") as file:
        catalogue: Catalog = read_po(file, locale=code, abort_invalid=True)
    assert not catalogue.obsolete
    return [message for message in catalogue if message.id]


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_is_translated_and_none_is_left_over(code: str) -> None:
    there = {(message.context, message.id) for message in messages(code)}
    assert extracted() - there == set(), "missing in the catalogue"
    assert there - extracted() == set(), "no longer in the code"


@pytest.mark.parametrize("code", OTHERS)
def test_translations_are_whole_and_name_the_same_things(code: str) -> None:
    for message in messages(code):
        ids = (message.id,) if isinstance(message.id, str) else message.id
        texts = (message.string,) if isinstance(message.string, str) else message.string
        assert not message.fuzzy, message.id
        assert len(ids) == len(texts), message.id
        for text, english in zip(texts, ids, strict=True):
            assert text.strip(), message.id
            assert fields(text) == fields(english), message.id
            assert text[-1:].isspace() == english[-1:].isspace(), message.id
            assert text.endswith(".") == english.endswith(".") or text.endswith("mill.") or text == "mrd.", message.id


def test_every_call_for_a_sentence_is_found_by_the_extraction() -> None:
    """A call inside an f-string would be missed, and its sentence would stay English."""
    called = set()
    for path in sorted(MAPS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                given = [part.value if isinstance(part, ast.Constant) else None for part in node.args]
                if node.func.id in ("_", "N_") and isinstance(given[0], str):
                    called.add((None, given[0]))
                elif node.func.id == "ngettext":
                    called.add((None, tuple(given[:2])))
                elif node.func.id == "pgettext":
                    called.add((given[0], given[1]))
    assert called == extracted()


def test_every_code_of_the_model_has_a_word() -> None:
    codes = {*KINDS, *TECHNOLOGIES, *BUILD_TECHNOLOGIES, *MOBILE_LEVELS, *GAP_KINDS, *DATA_STATUSES, *DECISIONS}
    assert {*codes, *CERTAINTIES, *ROLES, "published", "derived", "assumed", "unconfirmed"} <= set(words.WORDS)
    assert set(why.UNCOUNTED) == set(UNCOUNTED)
    assert set(style.STATUSES) == set(DATA_STATUSES)


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("policy_id", list_policies())
def test_every_label_name_and_unit_of_a_policy_is_there(code: str, policy_id: str) -> None:
    policy, known = load_policy(policy_id), load_wording(code).translated
    for part in (*policy.tiers, *policy.clauses, *policy.criteria):
        assert part.label.get(code), part.id
    assert {policy.name, *(criterion.unit for criterion in policy.criteria)} - set(known) <= {
        f"{policy.currency} per premises"
    }


def test_a_language_is_known_by_the_names_that_browsers_give_it() -> None:
    told = ["nb-NO", "no", "nn-NO", "NB", "en-GB", "en_US", "de-DE", "", None, "../nb", "x" * 500]
    assert [language.known(code) for code in told] == ["nb", "nb", "nb", "nb", "en", "en", None, None, None, None, None]


def test_a_language_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of en, nb"), language.using("de"):
        pass


def test_sentences_numbers_and_dates_follow_the_language() -> None:
    day = dt.date(2022, 6, 30)

    def told() -> list[str]:
        counts = [language.ngettext("{count} area", "{count} areas", number) for number in (0, 1, 2)]
        amounts = [style.money(58_410_000, "NOK"), style.money_range(1.9e9, 3.1e9, "NOK"), style.length(7200)]
        return [*counts, *amounts, style.number(-1234.5), language.date(day), language.month(day), words.word("good")]

    spaced = [text.replace(style.THIN, " ") for text in told()]
    assert spaced == [
        "0 areas", "1 area", "2 areas", "58.4 M NOK", "1.9–3.1 bn NOK", "7.2 km", "−1 234", "2022-06-30", "2022-06",
        "good",
    ]  # fmt: skip
    with language.using("nb"):
        spaced = [text.replace(style.THIN, " ") for text in told()]
    assert spaced == [
        "0 områder", "1 område", "2 områder", "58,4 mill. NOK", "1,9–3,1 mrd. NOK", "7,2 km", "−1 234", "30.06.2022",
        "juni 2022", "god",
    ]  # fmt: skip
    assert language.current() == "en"


def test_what_a_value_says_is_never_read_as_a_form() -> None:
    with language.using("nb"):
        assert language._("Mobile: {operator}", operator="{0.__class__} {x}") == "Mobil: {0.__class__} {x}"


def test_two_threads_never_hear_each_other() -> None:
    heard: dict[str, set[str]] = {"en": set(), "nb": set()}
    both = threading.Barrier(2)

    def speak(code: str) -> None:
        with language.using(code):
            both.wait(10)
            for _ in range(400):
                heard[code].add(language._("Legend"))
            both.wait(10)

    readers = [threading.Thread(target=speak, args=(code,)) for code in heard]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(20)
    assert heard == {"en": {"Legend"}, "nb": {"Tegnforklaring"}}


def test_the_map_speaks_norwegian() -> None:
    with language.using("nb"):
        legend, areas = legends.legend(toy.assessment()), layers.areas(toy.assessment(), popups=True)
    assert "Enheter uten godt nok tilbud" in legend
    assert "under 30 Mbit/s" in legend
    about = areas["features"][-1]["properties"]
    assert about["t"][1] == "plass 1 · støttes · sikkert ja"
    assert [name for name, _ in about["p"]] == [
        "område", "plass", "forslag", "enheter", "virksomheter", "husstander", "offentlige bygg", "teknologi", "trasé",
        "investering", "støttebehov (P50)", "P10 til P90", "tilskudd", "poeng",
    ]  # fmt: skip


def test_the_file_of_the_map_speaks_norwegian() -> None:
    page = export.to_html(toy.assessment(), language="nb")
    assert '<html lang="nb">' in page
    for text in ("SYNTETISK", "per 30.06.2022", "regelverk no-2024", "planleggingsanslag", "Tegnforklaring"):
        assert text in page
    english = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    for _, message in extracted():
        if isinstance(message, str) and " " in message.strip() and "{" not in message:
            assert message not in english
