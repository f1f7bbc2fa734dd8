"""For whom this server shows the study: its own audience, and on an internal server the one that a reader looks as.

The server's audience is what COVERAGE_AUDIENCE names; without it the internal one where the server listens on this
machine alone, and the public where it listens on another address. It never stands in an address of a page. A reader of
an internal server may look at the study as another audience; of any other server nobody can look at more.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from typing import Final

import streamlit as st

from coverage.assessment import Assessment
from coverage.audience import INTERNAL, Audience
from coverage.disclosure import operators
from maps import style
from maps.language import N_, _
from maps.store import STORE, ground_of

VARIABLE: Final = "COVERAGE_AUDIENCE"
SHOWN_AS: Final = "shown-as"  # the audience that this session looks as, as text; the field itself has -field after it
NAMES: Final = {"internal": N_("internal"), "council": N_("the council"), "public": N_("the public")}


def beyond_this_machine() -> bool:
    """Say whether the server listens on an address that other machines may reach."""
    address = str(st.get_option("server.address") or "").strip()
    if address == "localhost":
        return False
    try:
        return not ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:  # none is every address; and a name may stand for any
        return True


def of_server() -> Audience:
    """Return the audience that this server shows the study to. Raises DataError where COVERAGE_AUDIENCE names none."""
    if given := os.environ.get(VARIABLE, "").strip():
        return Audience.parse(given)
    return Audience("public") if beyond_this_machine() else INTERNAL


def of_session() -> Audience:
    """Return the audience that this session is shown the study as: the server's, or one that an internal one offers."""
    server = of_server()
    return Audience.parse(st.session_state.get(SHOWN_AS) or str(INTERNAL)) if server.internal else server


def name(audience: Audience | str) -> str:
    """Return what an audience is called."""
    found = Audience.parse(audience) if isinstance(audience, str) else audience
    return found.operator or _(NAMES[found.kind])


def offered(assessment: Assessment) -> list[str]:
    """List the audiences that a reader of an internal server may look as: each operator of the study is one."""
    return ["internal", "council", *(f"operator:{operator}" for operator in operators(assessment)), "public"]


def choose(assessment: Assessment) -> None:
    """Offer, on an internal server, to look at an internal assessment as another audience; else say who looks."""
    if not of_server().internal:
        return
    field = f"{SHOWN_AS}-field"
    known: Sequence[str] = STORE.held(ground_of(assessment), assessment).derive("audiences", offered)
    now = str(of_session())
    if now not in known:  # the data that named this operator are gone
        now = st.session_state[SHOWN_AS] = known[0]
    st.session_state[field] = now
    labels = {who: name(who) for who in known}
    st.selectbox(
        _("Show as"),
        known,
        format_func=labels.__getitem__,
        key=field,
        on_change=_take_over,
        help=_("What this audience must not see is left out of every page, map and download."),
    )


def _take_over() -> None:
    st.session_state[SHOWN_AS] = st.session_state[f"{SHOWN_AS}-field"]


def told() -> str:
    """Return for whom the study is shown, where that is not for internal readers of this machine alone; else ""."""
    audience = of_session()
    if beyond_this_machine():
        return _(
            "Whoever reaches this address can read what is shown here. It is shown as to: {audience}.",
            audience=style.plain(name(audience)),
        )
    if audience.internal:
        return ""
    return _(
        "Shown as to: {audience}. What that audience must not see is left out.", audience=style.plain(name(audience))
    )


def warning() -> str:
    """Return the sentence that a server prints as it starts where other machines may reach it, else ""."""
    if not beyond_this_machine():
        return ""
    return (
        "Other machines may reach this server: whoever does can read the study as the audience "
        f"{of_server()} ({VARIABLE} sets another: internal, council, operator:NAME or public)."
    )


def withheld(assessment: Assessment) -> bool:
    """Say in one sentence that what would stand here is internal, and whether it is withheld from this audience."""
    if assessment.audience.internal:
        return False
    st.info(
        _(
            "This is for internal readers alone, and not shown to: {audience}.",
            audience=style.plain(name(assessment.audience)),
        ),
        icon=":material/visibility_off:",
    )
    return True


def untraceable(assessment: Assessment) -> bool:
    """Say in one sentence that premises cannot be followed from one result to another, where their ids are withheld."""
    if assessment.audience.kind != "public":
        return False
    st.info(
        _("Comparing follows single premises from one result to the other: it is not shown to the public."),
        icon=":material/visibility_off:",
    )
    return True
