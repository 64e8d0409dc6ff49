"""What a click calls runs to its end, even when the browser has more to tell at once."""

import pytest
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.testing.v1 import AppTest

from genlib.cli.whole import whole

pytestmark = pytest.mark.fast

NAME = "on_script_will_rerun"


def page():
    import streamlit as st
    from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

    def act():
        get_script_run_ctx().script_requests.request_rerun(RerunData())
        st.session_state["done"] = st.session_state.get("done", 0) + 1

    st.button("Act", on_click=act)
    st.write(f"done {st.session_state.get('done', 0)}")


def clicked():
    test = AppTest.from_function(page).run()
    test.button[0].click().run()
    return test.session_state.get("done", 0)


def test_a_newer_message_waits_for_what_a_click_calls(monkeypatch):
    monkeypatch.setattr(SafeSessionState, NAME, whole(getattr(SafeSessionState, NAME)))
    assert clicked() == 1
