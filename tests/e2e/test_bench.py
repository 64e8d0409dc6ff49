"""The data bench in a real browser."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.served import bring

pytestmark = pytest.mark.e2e
LEARNED = "text=Learned from"


@pytest.mark.slow
def test_gaps_are_made_filled_and_kept_in_the_address(visit):
    page = visit().go("/bench?data_n=400", LEARNED)
    expect(page.get_by_text("Nearest values, and the best model of those rows")).to_have_count(1)
    expect(page.locator(".js-plotly-plot").first.locator(".scatterlayer .trace")).to_have_count(4)
    page.get_by_role("slider", name="Rows with a gap").press("End")
    page.wait_for_url("**share=0.9**")
    page.get_by_text("Learned from 280 rows, judged by 120 others; 360 values are missing").wait_for()
    page.get_by_role("radio", name="EM on what is there").click()
    page.get_by_text("Nothing is put in: the mixture is fitted to the values that are there.").wait_for()
    page.reload()
    page.get_by_text("360 values are missing").wait_for()


def test_a_table_of_ones_own_with_gaps(visit, tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        f"{a:.2f},{b:.2f},{'' if i % 5 == 0 else f'{a + b:.2f}'}" for i, (a, b) in enumerate(rng.normal(size=(90, 2)))
    ]
    (tmp_path / "mine.csv").write_text("height,weight,age\n" + "\n".join(rows))
    (tmp_path / "junk.csv").write_bytes(b"\x00\x01\x02")
    page = visit().go("/bench?data_n=100&share=0.2", LEARNED)
    page.get_by_text("Own table from a file").click()
    bring(page, tmp_path / "junk.csv")
    page.get_by_text("not a table in plain text").wait_for()
    bring(page, tmp_path / "mine.csv")
    page.get_by_text("Learned from 63 rows, judged by 27 others").wait_for()
    expect(page.locator(".js-plotly-plot").first.get_by_text("height")).to_have_count(1)
