"""Images of one's own in a real browser: brought, kept, trained on, there after a refresh."""

import re

import pytest
from playwright.sync_api import expect

from tests.brought import folders
from tests.served import bring

pytestmark = pytest.mark.e2e


def test_a_zip_of_ones_own_is_kept_and_trained_on(visit, tmp_path):
    (tmp_path / "pets.zip").write_bytes(folders(60, **{"broken.png": b"x"}))
    page = visit().go("/own", "text=Bring 50 images")
    bring(page, tmp_path / "pets.zip")
    page.get_by_text("60 images in 2 classes").wait_for()
    page.get_by_text("1 file was left out").wait_for()
    page.get_by_role("button", name="Keep these images").click()
    page.get_by_text("pets is kept").wait_for()
    page.reload()
    page.get_by_role("link", name="Train on it").click()
    page.locator(".lane[data-shown]").wait_for()
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url("**run=*")
    expect(page.get_by_role("heading", name="New images")).to_be_visible()
    page.get_by_text("VAE · pets ·").wait_for()
    page.locator(".lane[data-shown]").wait_for()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.locator(".state", has_text="Stopped").wait_for()
    page.get_by_role("link", name="Explore").click()
    page.locator(".studio[data-state=whole]").wait_for()
    expect(page.locator(".studio .digit h2")).to_have_text("The image")
    expect(page.locator(".studio .neighbours canvas").first).to_have_attribute("aria-label", re.compile("cats|dogs"))
    page.locator(".arithmetic summary").click()
    expect(page.locator(".studio [data-of=plus] option")).to_have_text(["cats", "dogs"])
    expect(page.locator(".studio .asked")).to_be_hidden()
    page.get_by_role("link", name="Repair studio").click()
    page.get_by_role("combobox", name=re.compile("^Images|pets|MNIST")).first.click()
    page.get_by_role("option", name="pets").click()
    page.get_by_text(re.compile("like (cats|dogs)")).first.wait_for()
