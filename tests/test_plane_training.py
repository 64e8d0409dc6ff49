"""Training in the plane: what frames and figures show, the best discriminator, and runs that are taken up again."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal, kl_divergence

from genlib.checkpoint import load, save
from genlib.data.cloud import load_cloud
from genlib.metrics import divergence
from genlib.seeding import numpy_rng, torch_rng
from genlib.settings import PLANE_CONFIGS, PlaneGANConfig, PlanePoints, PointsConfig, TrainConfig
from genlib.training import Frame, Report, Run, train
from genlib.training.plane import MESH, NET, best_discriminator, draw_plane, figures, make_points_of

pytestmark = pytest.mark.fast

torch.set_num_threads(1)
CLOUD = load_cloud(PlanePoints(PointsConfig(dataset="ring", n=400)))
SHORT = TrainConfig(epochs=20, batch_size=64, learning_rate=3e-3, device="cpu")


def run_of(family, **asked):
    return Run.new(family, PLANE_CONFIGS[family](**asked), SHORT)


def state(run):
    kept = {
        f"{name}.{index}.{key}": value
        for name, optimizer in run.optimizers.items()
        for index, found in optimizer.state_dict()["state"].items()
        for key, value in found.items()
    }
    return run.model.state_dict() | kept


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize(
    ("family", "asked"),
    [(family, {}) for family in PLANE_CONFIGS]
    + [("gan2d", {"loss": "wasserstein"}), ("gan2d", {"packing": 3, "d_steps": 2, "loss": "hinge"})],
)
def test_saved_and_resumed_is_unbroken_bit_for_bit(tmp_path, family, asked):
    whole, part = run_of(family, **asked), run_of(family, **asked)
    for _ in train(whole, CLOUD, 20):
        pass
    for _ in train(part, CLOUD, 7):
        pass
    figures(part, CLOUD)  # looking changes nothing
    draw_plane(part, CLOUD)
    save(part, tmp_path)
    resumed = load(tmp_path, "cpu")
    for _ in train(resumed, CLOUD, 20):
        pass
    assert same(state(whole), state(resumed))
    assert not same(state(whole), state(part))


@pytest.mark.parametrize("family", PLANE_CONFIGS)
def test_frames_and_figures_come_together(family):
    events = list(train(run_of(family), CLOUD, 40))
    frames = {event.step: event for event in events if isinstance(event, Frame)}
    judged = {event.step: event for event in events if isinstance(event, Report) and event.split == "validation"}
    assert frames.keys() == judged.keys() >= {0, 40}
    for step, frame in frames.items():
        assert all(array.dtype == np.float32 and np.isfinite(array).all() for array in frame.arrays.values())
        assert judged[step].metrics.keys() >= {"energy", "missing", "invented", "modes", "high_quality"}


@pytest.mark.parametrize(("family", "d"), [("gan2d", 2), ("vae2d", 2), ("ae2d", 3)])
def test_the_warped_grid_is_what_is_decoded(family, d):
    run = run_of(family, latent_dim=d)
    for _ in train(run, CLOUD, 10):
        pass
    grid = draw_plane(run, CLOUD)["grid"]
    line = np.linspace(-MESH, MESH, NET)
    for i, j in ((0, 0), (3, 17), (20, 4)):
        code = torch.zeros(1, d)
        code[0, 0], code[0, 1] = line[j], line[i]
        with torch.no_grad():
            decoded = run.model.eval().decode(code).double().numpy()
        np.testing.assert_allclose(grid[i * NET + j], CLOUD.own(decoded)[0], rtol=1e-4, atol=1e-4)


def test_modes_and_quality_are_counted_as_by_hand():
    run = run_of("gan2d")
    for _ in train(run, CLOUD, 60):
        pass
    found = figures(run, CLOUD)
    made = CLOUD.own(make_points_of(run.model, CLOUD, 2000, torch_rng(0, "judged")).double().numpy())
    good, modes = 0, set()
    for x, y in made:
        near = [k for k, (a, b) in enumerate(CLOUD.truth[0]) if (x - a) ** 2 + (y - b) ** 2 <= (3 * 0.6) ** 2]
        good, modes = good + bool(near), modes | set(near)
    assert 0 < good < 2000
    assert found["high_quality"] == pytest.approx(good / 2000)
    assert found["modes"] == len(modes)


def test_the_divergence_of_two_gaussians_is_near_its_closed_form():
    one = MultivariateNormal(torch.zeros(2), torch.eye(2))
    other = MultivariateNormal(torch.tensor([0.5, 0.5]), torch.tensor([[1.2, 0.3], [0.3, 0.8]]))
    x, y = (
        rng.normal(size=(1500, 2)) @ np.linalg.cholesky(each.covariance_matrix.numpy()).T + each.mean.numpy()
        for each, rng in ((one, numpy_rng(0, "x")), (other, numpy_rng(0, "y")))
    )
    for a, b, p, q in ((x, y, one, other), (y, x, other, one)):
        found, error = divergence(a, b, 5)
        assert found == pytest.approx(kl_divergence(p, q).item(), abs=3 * error + 0.05)  # with a bias
        assert 0 < error < 0.05


class Given(torch.nn.Module):
    """A G that draws from one known Gaussian, in standardised units."""

    def __init__(self, mean, scale):
        super().__init__()
        self.mean, self.scale = torch.tensor(mean, dtype=torch.float32), scale

    def forward(self, z, labels=None):
        return self.mean + self.scale * z

    def run(self, z):
        return [z, self(z)]


def test_the_discriminator_comes_to_the_ratio_of_the_densities():
    """D alone against a G that is a known Gaussian, on data that are another: D = p / (p + p_G) where both are."""
    x = numpy_rng(0, "data").normal(size=(2000, 2))
    cloud = load_cloud(PlanePoints(None, tuple(map(tuple, x.tolist()))))
    run = Run.new("gan2d", PlaneGANConfig(turns=1, average=0.0), replace(SHORT, epochs=1000, batch_size=256))
    run.model.generator = Given([1.0, 0.0], 0.8)
    for _ in train(run, cloud, 800):
        pass
    places = torch.cartesian_prod(torch.linspace(-1.5, 2.0, 8), torch.linspace(-1.5, 1.5, 7))
    p = MultivariateNormal(torch.zeros(2), torch.eye(2)).log_prob(places)
    p_g = MultivariateNormal(torch.tensor([1.0, 0.0]), 0.64 * torch.eye(2)).log_prob(places)
    best, found = (p - p_g).sigmoid(), run.model.surface(places, torch.tensor(cloud.train))
    assert (found - best).abs().mean() < 0.04
    assert (found - best).abs().max() < 0.15
    assert best.std() > 0.2  # no constant would do


def test_the_ideal_surface_is_the_ratio_of_the_densities():
    """Of points that come from the same Gaussians the best D is one half wherever there are any; of none, 1."""
    fresh = CLOUD.own(np.concatenate([CLOUD.test, CLOUD.validation]))
    surface = best_discriminator(CLOUD, fresh).reshape(40, 40)
    left, right, low, high = CLOUD.box
    columns, rows = np.linspace(left, right, 40), np.linspace(low, high, 40)
    nearest = [(np.abs(rows - y).argmin(), np.abs(columns - x).argmin()) for x, y in CLOUD.truth[0]]
    assert np.array([surface[place] for place in nearest]) == pytest.approx(0.5, abs=0.1)
    half = best_discriminator(CLOUD, fresh[fresh[:, 0] < -3]).reshape(40, 40)
    for (i, j), (x, _) in zip(nearest, CLOUD.truth[0], strict=True):
        if x > 1:
            assert half[i, j] > 0.99
        if x < -4:
            assert half[i, j] < 0.5
