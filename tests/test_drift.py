"""Where the codes on the home page go: from the distributions that they are said to come from, and not astray."""

import numpy as np
import pytest
import torch

from genlib.checkpoint import load_model
from genlib.drift import drift
from genlib.facts import STORY
from genlib.knobs import InputError
from genlib.latent import circle, line, read_atlas
from genlib.library import find_model
from genlib.runs import RunFolder
from genlib.studio import decode

pytestmark = pytest.mark.fast

SHOWN = [(fact.model, fact.seed, None) for fact in STORY.values()] + [("gan-labels", 1, 7)]


@pytest.fixture(params=SHOWN, ids=lambda each: each[0])
def shown(request):
    name, seed, label = request.param
    run = find_model(name)
    return run, drift(run, seed, label), label


def way(found):
    """Codes all along the way, 20 from one stop to the next."""
    go, t = circle if found.circle else line, np.arange(20) / 20
    return np.concatenate([go(a, b, t) for a, b in zip(found.stops, np.roll(found.stops, -1, 0), strict=True)])


def test_images_are_what_the_model_makes_of_the_stops(shown):
    run, found, label = shown
    labels = None if label is None else np.full(len(found.stops), label)
    made = decode(run.path, found.stops, labels)
    assert np.abs(made.astype(int) - found.images).max() <= 1
    assert (found.images.reshape(len(found.images), -1).max(1) > 128).all()


def test_a_hand_moves_what_it_reads(shown):
    _, found, _ = shown
    np.testing.assert_allclose(np.diag(found.reads @ found.axes.T), 1, rtol=1e-6)
    atlas = read_atlas(shown[0].path)
    drawn = np.random.default_rng(0).normal(size=(4000, len(found.mean)))
    codes = drawn if found.circle else atlas.codes.astype(float)
    np.testing.assert_allclose(((codes - found.mean) @ found.reads.T).std(0), 1, rtol=0.06)


def test_an_autoencoder_stays_among_its_codes():
    run = find_model(STORY["ae"].model)
    found, codes = drift(run, STORY["ae"].seed), read_atlas(run.path).codes.astype(float)
    assert all((np.abs(codes - stop).max(1) < 1e-2).any() for stop in found.stops)

    def far(z, skip):
        """Distance to the nearest code but itself."""
        return np.sort(np.linalg.norm(codes - z, axis=1))[skip]

    usual = [far(code, 1) for code in codes[:300]]
    along = [far(z, 0) for z in way(found)]
    assert np.mean(np.array(along) <= np.quantile(usual, 0.95)) > 0.9
    # A code drawn from a wide cloud does not: the test can fail.
    astray = found.mean + 3 * np.random.default_rng(0).normal(size=(300, len(found.mean))) * codes.std(0)
    assert np.mean([far(z, 0) for z in astray] <= np.quantile(usual, 0.95)) < 0.1


def test_under_a_prior_the_way_stays_as_far_from_the_middle_as_drawn_codes():
    for family in ("vae", "gan"):
        found = drift(find_model(STORY[family].model), STORY[family].seed)
        d = len(found.mean)
        lengths = np.linalg.norm(way(found), axis=1)
        drawn = np.linalg.norm(np.random.default_rng(0).normal(size=(20_000, d)), axis=1)
        assert drawn.min() < lengths.min()
        assert lengths.max() < drawn.max()
        assert abs(lengths.mean() - drawn.mean()) < 0.5


def test_a_mixture_stops_at_draws_from_itself():
    run = find_model(STORY["mixture"].model)
    stops = torch.tensor(np.concatenate([drift(run, seed).stops for seed in range(20)]))
    model = load_model(run.path)
    weights = model.weights.double() / model.weights.double().sum()
    family = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(weights),
        torch.distributions.MultivariateNormal(model.means.double(), model.covariances.double()),
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = family.log_prob(family.sample((5000,)))
    mine = family.log_prob(stops)
    error = (drawn.var() * (1 / len(drawn) + 1 / len(mine))).sqrt()
    assert abs(mine.mean() - drawn.mean()) < 3.5 * error
    assert 0.8 < mine.std() / drawn.std() < 1.25


def test_the_same_seed_gives_the_same_stops():
    run = find_model("gan")
    np.testing.assert_array_equal(drift(run, 3).stops, drift(run, 3).stops)
    assert (drift(run, 3).stops != drift(run, 4).stops).any()


def test_a_mixture_without_weights_is_refused(tmp_path):
    run = find_model("mixture")
    for name in ("run.json", "decoder.json", "decoder.safetensors", "atlas.safetensors"):
        (tmp_path / name).write_bytes((run.path / name).read_bytes())
    with pytest.raises(InputError, match="weights of the mixture"):
        drift(RunFolder(tmp_path), 0)
