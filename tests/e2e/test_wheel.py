"""The wheel, installed into an environment of its own and used from another folder."""

from __future__ import annotations

import json
import re
import site
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.served import ROOT, Server

pytestmark = pytest.mark.e2e
PAGES = re.findall(r'url_path="(\w+)"', (ROOT / "pages" / "site.py").read_text("utf-8"))
PAGES.remove("class")  # only with a teacher's key
# What comes of bundled files; what else a page computes is for other tests to wait for.
DRAWN = {
    "": ".hero canvas",
    "mixture": ".flipbook canvas",
    "lab": ".lane[data-shown]",
    "train": "canvas.samples",
    "latent": ".studio[data-state=whole]",
    "portraits": ".portraits[data-state=whole]",
    "compare": ".lane[data-shown]",
}


def run(*command, **options):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("wheel")


@pytest.fixture(scope="module")
def wheel(folder):
    pip = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index")
    run(*pip, "--wheel-dir", folder, ROOT)
    (built,) = folder.glob("genlib-*.whl")
    return built


@pytest.fixture
def installed(wheel, folder):
    """Where an environment has its commands that holds the wheel and, beside it, what this one has, but not genlib."""
    venv = folder / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv)
    paths = {"base": str(venv), "platbase": str(venv)}
    packages = Path(sysconfig.get_path("purelib", vars=paths))
    run(
        sys.executable, "-m", "pip", "--python", venv, "install", "-q", "--no-deps", "--no-index", "--no-compile", wheel
    )
    # Named in a .pth, a folder is searched, but what its own .pth files name is not: not the checkout.
    (packages / "beside.pth").write_text("\n".join(site.getsitepackages()))
    return Path(sysconfig.get_path("scripts", vars=paths)), packages


def contents(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_the_wheel_holds_what_runs_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("genlib", "pages", "assets", ".streamlit")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    code = {name for name in found if name.startswith("genlib/")}
    app = {f"genlib/_app/{name}" for name in found - code | {"app.py"} if not name.startswith("assets/pictures/")}
    assert {name for name in names if ".dist-info/" not in name} == code | app


def test_the_app_starts_from_anywhere(installed, tmp_path, visit, monkeypatch):
    scripts, packages = installed
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")  # else what is written tells nothing
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    genlib = scripts / "genlib"
    where = run(scripts / "python", "-c", "import genlib; print(genlib.__file__)", cwd=elsewhere)
    assert Path(where.strip()).is_relative_to(packages)
    before = contents(packages)
    assert "MNIST, whole" in run(genlib, "info", cwd=elsewhere)
    assert "gan-labels" in {each["name"] for each in json.loads(run(genlib, "models", "--json", cwd=elsewhere))}

    command = (str(genlib),)
    server = Server(tmp_path / "home", command=command, folder=elsewhere)
    try:
        page = visit(server.url).go("/", DRAWN[""])
        for name in PAGES:
            title = page.locator("h1").inner_text()
            page.get_by_test_id("stSidebarNav").locator(f"a[href$='/{name}']").click()
            expect(page.locator("h1")).not_to_have_text(title)
            page.wait_for_selector(DRAWN.get(name, "h1"))
            assert page.get_by_test_id("stException").count() == 0, name
            assert page.get_by_text("Page not found").count() == 0, name
        page.close()  # which would miss the server
    finally:
        server.stop()
    log = (server.home / "server.log").read_text("utf-8")
    assert "Traceback" not in log, log
    assert contents(packages) == before, "nothing is written where it is installed"
    assert list(elsewhere.iterdir()) == [], "nor where the command was given"
