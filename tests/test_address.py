"""The app opened to a network: it still asks nobody outside."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.fast
ROOT = Path(__file__).parents[1]

# In place of the server there is what Streamlit does when it begins; whom it asks, it tells.
BEGIN = """
import sys
import requests
from streamlit import config
from streamlit.web import bootstrap, cli
from genlib.cli import main

asked = []
requests.get = lambda address, **options: asked.append(address)

def begin(**options):
    given = dict(each.removeprefix("--").split("=") for each in sys.argv[3:])
    config.get_config_options(True, {"server.address": given["server.address"]})
    bootstrap._print_url(False)

cli.main = begin
if "plain" in sys.argv:
    sys.argv = ["streamlit", "run", "app.py", "--server.address=0.0.0.0"]
    begin()
else:
    main(["app", "--no-browser", "--address", "0.0.0.0"])
print(asked)
"""


def asked(*how):
    done = subprocess.run([sys.executable, "-c", BEGIN, *how], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Network URL" in done.stdout
    return done.stdout.splitlines()[-1]


def test_a_server_open_to_a_network_asks_no_host_for_its_own_address():
    assert asked() == "[]"


def test_which_streamlit_alone_does():
    assert "http" in asked("plain")
