"""A page that waits for the worker gives way to what its visitor asks next."""

import os
import threading
import time

import pytest
from streamlit.testing.v1 import AppTest

from genlib import worker
from pages.ui import server

pytestmark = pytest.mark.fast


def page():
    import threading
    import time

    import streamlit as st
    from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

    from pages.ui.server import compute

    if "first" not in st.session_state:
        st.session_state["first"] = "broken off"
        requests = get_script_run_ctx().script_requests
        threading.Timer(0.5, requests.request_rerun, [RerunData()]).start()
        try:
            compute(time.sleep, 30)
        except Exception as error:  # to give way is none
            st.session_state["first"] = repr(error)
    else:
        st.session_state["second"] = "ran"


@pytest.fixture(autouse=True)
def nobody_waits_for_it():
    yield
    for lane in (worker.QUICK, worker.LONG):
        worker.executor(lane).shutdown(wait=False, kill_workers=True)
        worker.forget(lane)


def test_a_newer_wish_breaks_the_wait_off():
    began = time.monotonic()
    test = AppTest.from_function(page, default_timeout=25).run()
    assert time.monotonic() - began < 20
    assert (test.session_state["first"], test.session_state["second"]) == ("broken off", "ran")


def test_what_is_quick_does_not_wait_for_what_is_long():
    server.compute(os.getpid)  # it has started
    waiting = threading.Thread(target=lambda: server.compute_part(time.sleep, 6))
    waiting.start()
    began = time.monotonic()
    assert server.compute(os.getpid) != os.getpid()
    assert time.monotonic() - began < 4
    assert waiting.is_alive()
    waiting.join()
