"""The network that tells made from real, and the images it is tried on."""

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.library import find_model
from genlib.metrics import verdict
from genlib.scoring import HAND, Deck, deal, deck, teach
from genlib.scoring.scoring import draw
from genlib.worker import advance

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def whole():
    return deck(find_model("gan"))


def rows(images):
    return {each.tobytes() for each in images}


def test_a_deck_is_half_test_images_and_half_drawings(whole):
    assert len(whole.images) == len(whole.made) == 2000
    assert whole.made.sum() == 1000
    assert rows(whole.images[~whole.made]) <= rows(load_images().test)
    assert not rows(whole.images[whole.made]) & rows(load_images().test)
    assert 400 < whole.made[:1000].sum() < 600, "they are mixed"
    again = deck(find_model("gan"))
    assert np.array_equal(again.images, whole.images)
    assert not np.array_equal(deck(find_model("gan"), 1).images, whole.images)


def test_what_is_learned_from_is_not_in_the_deck(whole):
    from genlib.checkpoint import load_model

    lessons = draw(load_model(find_model("gan").path), 100, 0, "lessons")
    assert not rows(lessons) & rows(whole.images)


@pytest.mark.fast
def test_a_coin_decides_for_each_image_of_a_round():
    whole = Deck(np.zeros((2000, 28, 28), np.uint8), np.arange(2000) % 2 == 0)
    hands = [deal(whole, number) for number in range(1, 301)]
    assert all(len(set(hand.tolist())) == HAND for hand in hands)
    made = np.array([whole.made[hand].sum() for hand in hands])
    assert binomtest(int(made.sum()), 300 * HAND).pvalue > 0.001
    assert made.var() == pytest.approx(HAND / 4, rel=0.3)
    assert np.mean([whole.made[hand[0]] for hand in hands]) == pytest.approx(0.5, abs=0.1), "in any order"
    assert np.array_equal(deal(whole, 3), hands[2])


def test_a_network_finds_out_a_pixel_mixture_and_less_of_a_gan(whole, monkeypatch):
    monkeypatch.setattr("genlib.scoring.rival._EPOCHS", 2)  # of six, which tell no other story
    found = {}
    names, steps = ("mixture", "gan"), []
    while len(found) < 2:  # by turns, as two visitors have it: each is left where it is
        for name in names:
            steps.append(advance(("test", name), teach, find_model(name)))
            assert torch.is_grad_enabled()
            if steps[-1].done == 1:
                found[name] = verdict(deck(find_model(name)).made, steps[-1].called)
    assert [each.done for each in steps] == sorted(each.done for each in steps)
    assert all((each.called is None) == (each.done < 1) for each in steps)
    assert found["mixture"].accuracy.value > 0.98
    assert found["gan"].accuracy.interval[0] > 0.5
    assert found["gan"].accuracy.interval[1] < found["mixture"].accuracy.interval[0]


def test_what_draws_nothing_cannot_be_played_against():
    with pytest.raises(InputError):
        deck(find_model("classifier"))
    with pytest.raises(InputError):
        list(teach(find_model("classifier")))


def counted(told, n, fails=False):
    for i in range(n):
        told.append(i)
        yield i
    if fails:
        raise InputError("It broke.")


@pytest.mark.fast
def test_long_work_goes_on_where_it_was_and_keeps_its_end():
    told = []
    assert [advance("a", counted, told, 3) for _ in range(2)] == [0, 1]
    assert advance("b", counted, told, 9) == 0, "others get their turn"
    assert [advance("a", counted, told, 3) for _ in range(3)] == [2, 2, 2], "whoever asks late gets the end"
    assert told == [0, 1, 0, 2]


@pytest.mark.fast
def test_what_broke_or_was_forgotten_begins_anew():
    told = []
    assert advance("broken", counted, told, 1, True) == 0
    with pytest.raises(InputError, match="It broke"):
        advance("broken", counted, told, 1, True)
    assert advance("broken", counted, told, 1, True) == 0
    assert [advance("old", counted, told, 3) for _ in range(2)] == [0, 1]
    for name in range(8):
        advance(name, counted, told, 3)
    assert advance("old", counted, told, 3) == 0
