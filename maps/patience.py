"""What a reader sees of slow work: how far it is, a button to cancel it, and then a page that waits to be told."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from maps import jobs, style
from maps.language import _
from maps.store import Shelf, digest

CANCELLED: Final = "work-cancelled"  # the key of what this reader has cancelled


def wait(
    shelf: Shelf,
    key: Any,
    build: Callable[[jobs.Note], Any],
    *,
    said: Callable[..., str],
    about: str = "",
    cancelled: Callable[[], None] | None = None,
) -> Any:
    """Return what `build` makes for a key of the shelf, with its progress shown meanwhile and a button to cancel.

    `said` puts what the work has noted last into words, `about` tells how long it takes. Who cancels ends the own
    wait; the work goes on only for others who follow it. `cancelled` takes back what had asked for the work; without
    it, the page says that the work was cancelled and begins it again when told to.
    """
    room = st.empty()  # there in every run, or all that follows moves up, and what the reader has opened closes
    if shelf.has(key):
        return shelf.get(key, lambda: build(_unheard))
    state = st.session_state
    if state.get(CANCELLED) == key:
        with room.container():
            st.info(_("Cancelled. Nothing was changed."), icon=":material/pause_circle:")
            st.button(_("Start again"), on_click=state.pop, args=(CANCELLED, None), icon=":material/restart_alt:")
        st.stop()
    state.pop(CANCELLED, None)
    begun = time.monotonic()
    with room.container():
        status = st.status(said(), expanded=False)
        if about:
            st.caption(about)
        st.button(
            _("Cancel"),
            key=f"cancel-{digest(key)}",
            on_click=cancelled or (lambda: cancel(key)),
            icon=":material/close:",
        )

        def tell(*reached: Any) -> None:
            passed = _("{count} s", count=style.number(int(time.monotonic() - begun)))
            status.update(label=f"{said(*reached)} · {passed}")

        try:
            return jobs.follow(shelf, key, build, tell=tell)
        finally:
            room.empty()


def cancel(key: Any) -> None:
    """Keep in mind that this reader has cancelled the work for a key."""
    st.session_state[CANCELLED] = key


def _unheard(*_step: Any) -> None:
    """Hear the progress of work that nobody watches."""
