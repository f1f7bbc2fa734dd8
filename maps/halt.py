"""End a run with one sentence and what to do: for what is foreseen, and for what nobody foresaw."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Final, NoReturn

import streamlit as st

from coverage.errors import CoverageError
from maps import style
from maps.language import _
from maps.store import digest

LOG: Final = logging.getLogger(__name__)


def stop(error: Exception, *, help_text: str) -> NoReturn:
    """Show one sentence and what to do, and end the run."""
    _show(f"{error}", help_text)
    st.stop()


def fault(error: Exception) -> bool:
    """Show an error that nobody has foreseen; true tells Streamlit that it is shown.

    Streamlit hands it what a page, a fragment or a callback raises. The screen has one sentence and a code; under the
    code the server's log has the whole traceback. What the model says of its input is a sentence already.
    """
    code = code_of(error)
    LOG.error("Fault %s", code, exc_info=error)
    _show(
        f"{error}" if isinstance(error, CoverageError) else _("Something went wrong here. Nothing was changed."),
        _(
            "Reload this page. If it happens again, tell whoever runs the server the code {code}: "
            "the server's log says the rest under it.",
            code=code,
        ),
    )
    return True


def code_of(error: Exception) -> str:
    """Return six characters that stand for a kind of error and the line that raised it."""
    raised = traceback.extract_tb(error.__traceback__)[-1:]
    return digest(type(error).__name__, *((Path(at.filename).name, at.lineno) for at in raised))[:6].upper()


def _show(sentence: str, help_text: str) -> None:
    st.error(style.plain(sentence), icon=":material/error:")
    st.caption(help_text)
