"""The way from an area on the map to its page on Priorities."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from coverage.assessment import Assessment
from maps import masts, style
from maps.language import _
from maps.picking import Picked

AREA: Final = "priorities-asked"  # in the session: the area that was asked for, until a row of the list is picked


def buttons(found: Picked, page: Any) -> None:
    """Draw a button for each area that was clicked, which opens it on the page of Priorities."""
    for area in (found.area, found.mobile):
        if area is not None and st.button(
            _("{area} on Priorities", area=style.plain(masts.name(area))),
            icon=":material/format_list_numbered:",
            type="tertiary",
            key=f"asked-{area['area_id']}",
        ):
            st.session_state[AREA] = str(area["area_id"])
            st.switch_page(page)


def area(assessment: Assessment, picked: str | None) -> str | None:
    """Return the area to be opened: the row that was picked in the list, else the one that was asked for, if there."""
    if picked is not None:
        st.session_state.pop(AREA, None)
        return picked
    wanted = st.session_state.get(AREA)
    return wanted if wanted in set(assessment.areas["area_id"]) else None


def close(picked: str | None) -> None:
    """Draw the button that closes an area that was asked for; a picked row is closed in the list."""
    if picked is None and st.button(_("Close"), icon=":material/close:", type="tertiary", key="asked-close"):
        st.session_state.pop(AREA, None)
        st.rerun()
