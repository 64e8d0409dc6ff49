"""For everybody: what axe-core finds on every page, in both colour schemes, what the keyboard reaches, and
whether all of it fits a phone.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.served import ROOT, settle

pytestmark = pytest.mark.e2e

SITE = (ROOT / "pages" / "site.py").read_text("utf-8")
PAGES = ["/", *(f"/{path}" for path in re.findall(r'url_path="([\w-]+)"', SITE))]
VIEWS = [
    "/bench?of=images",
    "/latent?view=between",
    "/lessons?lesson=choosing-k",
    "/latent?view=image",
    "/latent?view=numbers",
    "/latent?view=python",
    "/portraits?view=between",
    "/portraits?view=good",
    "/portraits?view=repair",
    "/portraits?view=tangle",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
KEYBOARD = Path(__file__).with_name("keyboard.js").read_text("utf-8")
MOST_TABS = 300
CONTEXT = {"exclude": [".js-plotly-plot svg"]}  # a figure with a name: its thousand points tell axe nothing
GRAVE = ("serious", "critical")
TOO = ("heading-order",)  # of what is less grave, what a reader leaps along
# What is Streamlit's, and cannot be mended from outside: by rule, what the path to the part that is found has in it.
EXCEPTIONS = {
    "list": "stSidebarNavItems",  # sections of the navigation are blocks between the list and its items
    "listitem": "stSidebarNavItems",
}


def found(page: Page, rules: dict[str, Any]) -> list[str]:
    """What axe finds that is serious or critical, without the exceptions."""
    told, options = [], {"runOnly": rules, "resultTypes": ["violations"]}
    for rule in Axe().run(page, CONTEXT, options).response["violations"]:
        for node in rule["nodes"] if rule["impact"] in GRAVE or rule["id"] in TOO else []:
            known = EXCEPTIONS.get(rule["id"])
            if known is None or not inside(page, node["target"], known):
                reasons = [each["message"] for each in (*node["any"], *node["all"], *node["none"])][:1]
                told.append(f"{rule['id']}: {json.dumps(node['target'][-1])[-120:]} {node['html'][:120]} {reasons}")
    return told


def inside(page: Page, target: list[Any], name: str) -> bool:
    """Whether the part that is found is a part of Streamlit's, or is it."""
    at = "([selector, name]) => !!document.querySelector(selector)?.closest(`[data-testid=${name}]`)"
    return isinstance(target[0], str) and bool(page.evaluate(at, [target[0], name]))


def walked(page: Page) -> dict[str, list[str]]:
    """What is wrong for whoever has a keyboard only: Tab from the first control to behind the last."""
    page.evaluate("document.activeElement?.blur(), getSelection().removeAllRanges()")
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        stands = page.evaluate("keys.step()")
        if stands == "table":
            page.keyboard.press("Escape")  # leaves it; else Tab goes from cell to cell
        elif stands and stands != "page within":
            break
    ends = [] if stands == "end" else [f"the way does not end: {stands}"]
    return {"trap": ends, "not reached": page.evaluate("keys.missed()"), "focus not seen": page.evaluate("keys.faint")}


def wider(page: Page, width: int) -> bool:
    """Whether there is anything to scroll sideways."""
    page.set_viewport_size({"width": width, "height": 844})
    page.wait_for_timeout(500)
    settle(page)
    return page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") > width


@pytest.mark.parametrize("path", [*PAGES, *(pytest.param(view, marks=pytest.mark.slow) for view in VIEWS)])
def test_everybody_can_use_it(visit, path):
    page = visit(reduced_motion="reduce", color_scheme="light").go(path, "h1")
    settle(page)
    wrong = {"light": found(page, {"type": "tag", "values": RULES})}
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("getComputedStyle(document.querySelector('.stApp')).colorScheme === 'dark'")
    page.wait_for_timeout(500)
    settle(page)
    wrong["dark"] = found(page, {"type": "rule", "values": ["color-contrast"]})
    page.evaluate(KEYBOARD)
    wrong["picture without a name"] = page.evaluate("keys.nameless()")
    if page.evaluate("keys.pictures()") and not page.evaluate("keys.takes()"):
        wrong["pictures, and no data to take away"] = [path]
    wrong |= walked(page)
    wrong["wider than the screen"] = [str(width) for width in (1440, 390) if wider(page, width)]
    assert {kind: cases for kind, cases in wrong.items() if cases} == {}
