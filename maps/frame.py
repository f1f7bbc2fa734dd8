"""The frame around every page: title, navigation, and the sidebar with the scenario."""

from pathlib import Path

import streamlit as st

from coverage.errors import CoverageError
from coverage.policy import load_policy
from maps import dark, language, session
from maps.halt import stop
from maps.language import _
from maps.pages import data_and_rules, explore, gap_report, priorities, sidebar

LIST = ":material/format_list_numbered:"
ASSETS = Path(__file__).parent / "assets"


def tell_language(code: str) -> None:
    """Tell browser and screen reader the page's language: Streamlit calls every page English."""
    st.html(f"<script>document.documentElement.lang = '{code}';</script>", unsafe_allow_javascript=True)


def main() -> None:
    """Draw the frame and the page that is open."""
    st.set_page_config(page_title=_("Broadband gaps"), page_icon=str(ASSETS / "icon.svg"), layout="wide")
    st.html(ASSETS / "page.css")
    st.html(dark.sheet())
    tell_language(language.current())
    page = st.navigation(
        [
            st.Page(explore.render, title=_("Explore"), url_path="explore", icon=":material/map:", default=True),
            st.Page(gap_report.render, title=_("Gap report"), url_path="gap-report", icon=":material/description:"),
            st.Page(priorities.render, title=_("Priorities"), url_path="priorities", icon=LIST),
            st.Page(
                data_and_rules.render, title=_("Data and rules"), url_path="data-and-rules", icon=":material/rule:"
            ),
        ],
        position="top",
    )
    study = session.open_study()
    try:
        scenario = session.scenario_of(study)
        with st.sidebar:
            sidebar.render(study, scenario)
        st.html(sidebar.strip(study, load_policy(scenario.policy)))
    except CoverageError as error:  # a policy that cannot be read
        stop(error, help_text=_("Correct the file, then reload this page."))
    st.query_params.from_dict(session.address(scenario))
    page.run()


main()
