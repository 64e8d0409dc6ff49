"""What every element of our own keeps to, whatever it shows."""

import pytest

from pages.ui.element import module

pytestmark = pytest.mark.e2e

TOLD = "\nexport default function ({ data, parentElement }) { parentElement.textContent = data.text; }"
WAITING = """async (script) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const root = document.createElement("div");
  const tell = async (since) => {
    const loaded = await import(url);
    loaded.default({ parentElement: root, data: { text: since, since } });
  };
  await Promise.all([1, 2, 3].map(tell));
  return root.textContent;
}"""


def test_what_came_while_it_was_loaded_is_shown_as_it_was_at_last(browser, tmp_path):
    (tmp_path / "told.js").write_text(TOLD, "utf-8")
    page = browser.new_page()
    script = module(str(tmp_path / "told.js"))
    shown = {page.evaluate(WAITING, script + f"\n// {i}") for i in range(30)}
    page.close()
    assert shown == {"3"}
