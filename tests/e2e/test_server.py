"""What the server process holds."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

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
