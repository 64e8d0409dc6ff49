"""With labels and without, in a real browser."""

import pytest
from playwright.sync_api import expect


@pytest.mark.slow
def test_a_pair_is_trained_counted_and_found_again(visit):
    page = visit().go("/labels?family=mixture&seconds=2", "canvas.samples")
    page.get_by_role("button", name="Train both", exact=True).click()
    page.wait_for_url("**runs=*")
    for lane in (1, 2):
        page.locator(f".lane:nth-of-type({lane}) .state", has_text="Finished").wait_for(timeout=60_000)
    names = page.locator(".lane .name").all_inner_texts()
    assert ["with labels" in name for name in names] == [False, True]
    page.get_by_text("So many a classifier reads as the digit asked for").wait_for(timeout=60_000)
    page.reload()
    page.wait_for_selector(".lane:nth-of-type(2)[data-shown]")
    assert page.locator(".lane .name").all_inner_texts() == names


@pytest.mark.e2e
def test_models_that_generate_are_used_to_predict(visit):
    page = visit().go("/labels", "canvas.samples")
    page.get_by_text("Misread by the mixture for each digit").wait_for(timeout=60_000)
    for judged in ("classifier", "conditional VAE"):
        expect(page.get_by_text(f"Misread by the {judged}")).to_have_count(1)
