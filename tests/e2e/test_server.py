"""What the server process holds, and how it ends."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.served import ROOT, Server

VISIT = """
import sys
from streamlit.testing.v1 import AppTest
from genlib.runs import RunFolder, Status
from genlib.settings import RunSettings

run = RunFolder.create(RunSettings().to_json(), "key")
run.write_status(Status("running", step=5, pid=1))
test = AppTest.from_file("pages/site.py", default_timeout=60).run()
tables = ("images/runs.py", "two_d/bench.py")
pictures = ("start/home.py", "two_d/mixture.py", "images/train.py", "images/compare.py", "images/portraits.py")
for page in (*pictures, *tables):
    test.query_params["run"] = run.id
    test.switch_page(page).run()
    assert not test.exception, test.exception
    assert page in tables or test.get("bidi_component"), page
print(sorted({"torch", "sklearn"} & set(sys.modules)))
"""


@pytest.mark.fast
def test_home_a_first_mixture_and_a_watcher_need_no_heavy_library():
    done = subprocess.run([sys.executable, "-c", VISIT], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr


@pytest.mark.e2e
@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_and_says_nothing_of_what_it_was_about(tmp_path, visit, ends):
    server = Server(tmp_path, start_new_session=True)
    visit(server.url).go("/mixture", ".flipbook canvas").close()
    os.killpg(server.process.pid, ends)  # as a terminal does, to the worker too
    assert server.process.wait(10) == 0
    deadline = time.monotonic() + 5
    while any_of(server.process.pid):
        assert time.monotonic() < deadline, "the worker ends too"
        time.sleep(0.1)
    *_, last = (tmp_path / "server.log").read_text("utf-8").split()
    assert last == server.url


def any_of(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
