"""The languages of the screen: English sentences are the message ids, the other languages come from catalogues.

Which language is meant is asked anew at every sentence: first of the `using` block that the call stands in (the
server's routes and files that are written), else of the reader's session, which `ask` makes known. Nothing is kept
in a variable that two readers share, so neither thread can bring its language to the other.
"""

from __future__ import annotations

import datetime as dt
import functools
import gettext as catalogues
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import get_decimal_symbol

LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "nb": "Norsk"}  # each in its own words
DEFAULT: Final = "en"
CATALOGUES: Final = Path(__file__).parent / "locale"
# What browsers call a language whose readers read one of ours.
_READ_AS: Final = {"no": "nb", "nn": "nb"}

_SAID: ContextVar[str | None] = ContextVar("language", default=None)
_SOURCES: Final[list[Callable[[], str]]] = []


def ask(source: Callable[[], str]) -> None:
    """Make known who tells the language outside a `using` block; the last one counts."""
    _SOURCES[:] = [source]


def current() -> str:
    """Return the language that this call is to be answered in."""
    said = _SAID.get()
    if said is not None:
        return said
    return _SOURCES[0]() if _SOURCES else DEFAULT


@contextmanager
def using(language: str) -> Iterator[None]:
    """Answer in a language, in this thread and until the block ends."""
    if language not in LANGUAGES:
        raise ValueError(f"language is {language!r}; expected one of {', '.join(LANGUAGES)}")
    before = _SAID.set(language)
    try:
        yield
    finally:
        _SAID.reset(before)


def known(wanted: str | None) -> str | None:
    """Return our language for a code such as `nb`, `nb-NO` or `nn`; None for one that we have not."""
    try:
        code = Locale.parse((wanted or "").replace("_", "-"), sep="-").language
    except (ValueError, UnknownLocaleError):
        return None
    code = _READ_AS.get(code, code)
    return code if code in LANGUAGES else None


@functools.cache
def catalogue(language: str) -> catalogues.NullTranslations:
    """Return the sentences of a language; those of English are the ids themselves."""
    if language == DEFAULT:
        return catalogues.NullTranslations()
    with path_of(language).open("rb") as file:
        read = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return catalogues.GNUTranslations(compiled)


def path_of(language: str) -> Path:
    """Return the file that holds the sentences of a language."""
    return CATALOGUES / language / "LC_MESSAGES" / "dashboard.po"


def _(message: str, **values: object) -> str:
    """Return a sentence in the current language, with its {names} filled in."""
    return _filled(catalogue(current()).gettext(message), values)


def ngettext(one: str, many: str, number: float, /, **values: object) -> str:
    """Return the sentence for one thing or for several; {count} is the number itself unless it is given in words."""
    whole = int(number) if float(number).is_integer() else 2  # 0.5 of a thing is not one thing
    return _filled(catalogue(current()).ngettext(one, many, whole), {"count": number, **values})


def pgettext(context: str, message: str, **values: object) -> str:
    """Return a word that is translated differently in a context than elsewhere."""
    return _filled(catalogue(current()).pgettext(context, message), values)


def N_(message: str) -> str:  # noqa: N802 - the name that extracts are made by everywhere
    """Mark a text of a table for the catalogues; `_` translates it where it is shown."""
    return message


def _filled(text: str, values: Mapping[str, object]) -> str:
    return text.format(**values) if values else text


def label(labels: Mapping[str, str], code: str) -> str:
    """Return a label of the policy in the current language, else in English, else the code."""
    return labels.get(current()) or labels.get(DEFAULT) or code


def decimal_sign() -> str:
    """Return the sign between whole numbers and decimals."""
    return _decimal_sign(current())


@functools.cache
def _decimal_sign(code: str) -> str:
    return get_decimal_symbol(code)


def date(day: dt.date) -> str:
    """Write a date: `2022-06-30` in English, which is read alike everywhere; else as the language has it."""
    return f"{day:%Y-%m-%d}" if current() == DEFAULT else format_date(day, "short", locale=current())


def month(day: dt.date) -> str:
    """Write the month of a date: `2022-06` in English, else as the language has it."""
    return f"{day:%Y-%m}" if current() == DEFAULT else format_skeleton("yMMMM", day, locale=current())
