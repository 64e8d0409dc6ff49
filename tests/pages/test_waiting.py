"""A page that waits for the worker gives way to what its visitor asks next."""

import time

import pytest
from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.fast


def page():
    import threading
    import time

    import streamlit as st
    from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

    from pages.ui.server import compute

    if "again" not in st.session_state:
        st.session_state["again"] = True
        requests = get_script_run_ctx().script_requests
        threading.Timer(0.5, requests.request_rerun, [RerunData()]).start()
        compute(time.sleep, 30)
        st.write("waited")
    st.write("second run")


def test_a_newer_wish_breaks_the_wait_off():
    began = time.monotonic()
    test = AppTest.from_function(page, default_timeout=25).run()
    assert time.monotonic() - began < 20
    assert [each.value for each in test.markdown] == ["second run"]
