"""The geometry of codes in a real browser, against scipy, numpy and genlib's own."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2, norm

from genlib.latent import circle, line, read_atlas
from genlib.library import bundled
from genlib.seeding import numpy_rng

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
ENCODING = [run.id for run in bundled() if run.id.split("-")[0] in ("ae", "vae", "mixture")]
SCRIPTS = ("draw.js", "tensors.js", "decoder.js", "latent.js", "player.js", "morph.js")
ATLAS = """(given) => {
  window.atlas = Object.fromEntries(Object.entries(given).map(([name, flat]) => [name, Float32Array.from(flat)]));
  atlas.factor = given.factor ? Float64Array.from(given.factor) : spreadOf(atlas.codes, atlas.mean, atlas.mean.length);
}"""


def given(page, name, factor=None):
    """Hand the atlas of a bundled model to the page."""
    atlas = read_atlas(ROOT / "assets" / "models" / name)
    arrays = {each: getattr(atlas, each).ravel().tolist() for each in ("codes", "mean", "deviation", "directions")}
    page.evaluate(ATLAS, arrays if factor is None else arrays | {"factor": factor.ravel().tolist()})
    return atlas


def codes_of(atlas):
    """The codes in double precision, less their mean, and the Cholesky factor of their covariance."""
    centred = atlas.codes.astype(float) - atlas.mean
    return centred, np.linalg.cholesky(centred.T @ centred / len(centred))


def test_the_inverse_of_the_normal_distribution(page):
    p = np.concatenate([np.linspace(1e-6, 1 - 1e-6, 2001), [1e-12, 0.02425, 0.97575, 1 - 1e-12]])
    found = np.array(page.evaluate("(p) => p.map(inverseNormal)", p.tolist()))
    np.testing.assert_allclose(found, norm.ppf(p), rtol=1.2e-9, atol=1e-12)


def test_normal_numbers_are_normal_and_truncated_where_they_have_to_be(page):
    draw = (
        "([seed, most, n]) => { const r = makeRandom(seed); return Array.from({ length: n }, () => r.normal(most)); }"
    )
    free = np.array(page.evaluate(draw, [3, 1e9, 20_000]))
    heights = np.arange(1, 20_001) / 20_000
    assert np.abs(norm.cdf(np.sort(free)) - heights).max() < 1.63 / np.sqrt(20_000), "Kolmogorov and Smirnov, 1 %"
    bound = np.array(page.evaluate(draw, [3, 0.5, 20_000]))
    assert np.abs(bound).max() <= 0.5
    within = (norm.cdf(np.sort(bound)) - norm.cdf(-0.5)) / (norm.cdf(0.5) - norm.cdf(-0.5))
    assert np.abs(within - heights).max() < 1.63 / np.sqrt(20_000)
    assert page.evaluate(draw, [3, 1e9, 5]) == free[:5].tolist() != page.evaluate(draw, [4, 1e9, 5])


@pytest.mark.parametrize("name", ENCODING)
def test_codes_are_whitened_by_the_factor_of_their_covariance(page, name):
    atlas = given(page, name)
    centred, factor = codes_of(atlas)
    found = np.array(page.evaluate("Array.from(atlas.factor)")).reshape(factor.shape)
    np.testing.assert_allclose(found, factor, rtol=1e-7, atol=1e-9 * np.abs(factor).max())
    z = atlas.codes[:100].astype(float)
    white = page.evaluate("(codes) => codes.map((z) => Array.from(whitened(atlas.factor, atlas.mean, z)))", z.tolist())
    np.testing.assert_allclose(white, np.linalg.solve(factor, centred[:100].T).T, rtol=1e-6, atol=1e-6)


def test_a_coordinate_that_never_moves_is_no_end_of_the_world(page):
    codes = numpy_rng(0, "flat").standard_normal((50, 3))
    codes[:, 1] = 4.0
    found = page.evaluate(
        "([codes, mean]) => Array.from(whitened(spreadOf(codes, mean, 3), mean, codes.slice(0, 3)))",
        [codes.ravel().tolist(), codes.mean(0).tolist()],
    )
    assert np.isfinite(found).all()
    assert found[1] == pytest.approx(0, abs=1e-6)


def read(page, axes, codes):
    return np.array(
        page.evaluate(f"(codes) => {{ const axes = {axes}; return codes.map(axes.read); }}", codes.tolist())
    )


@pytest.mark.parametrize("name", [*ENCODING, "gan", "gan-labels"])
def test_sliders_tell_moves_along_directions(page, name):
    # A model without an encoder has the prior's covariance, which its directions were made for.
    drawn = name.startswith("gan")
    atlas = given(page, name, np.eye(32) if drawn else None)
    rows = atlas.directions.astype(float)
    moves = numpy_rng(1, "moves").uniform(-3, 3, (20, len(rows)))
    start = atlas.codes[:20].astype(float)
    before, after = (read(page, "directionAxes(atlas)", z) for z in (start, start + moves @ rows))
    np.testing.assert_allclose(after - before, moves, atol=1e-3)
    np.testing.assert_allclose(read(page, "directionAxes(atlas)", atlas.mean[None].astype(float)), 0, atol=1e-9)
    stands = read(page, "directionAxes(atlas)", atlas.codes.astype(float))
    np.testing.assert_allclose(stands.std(0), 1, atol=0.06 if drawn else 1e-3)


@pytest.mark.parametrize("prior", [True, False])
def test_coordinates_are_themselves_in_their_order(page, prior):
    atlas = given(page, "vae-20d")
    order = list(range(20))[::-1]
    axes = f"coordinateAxes(atlas, {order}, {str(prior).lower()})"
    np.testing.assert_array_equal(read(page, axes, atlas.codes[:5]), atlas.codes[:5, ::-1])
    told = page.evaluate(
        f"(({{ names, ranges, rows }}) => ({{ names, ranges, rows: rows.map((r) => [...r]) }}))({axes})"
    )
    assert told["names"][:2] == ["z20", "z19"]
    np.testing.assert_array_equal(told["rows"], np.eye(20)[::-1])
    reach = np.ones(20) if prior else atlas.deviation
    middle = np.zeros(20) if prior else atlas.mean
    expected = np.stack([middle - 3 * reach, middle + 3 * reach], 1)[::-1]
    np.testing.assert_allclose(told["ranges"], expected, rtol=1e-6)


DEPTH = "([codes, prior]) => { const depth = makeDepth(atlas, prior); return codes.map((z) => depth(z)); }"


@pytest.mark.parametrize("name", ["vae-2d", "vae-20d", "gan"])
def test_how_far_out_a_code_is_under_the_prior(page, name):
    atlas = given(page, name)
    d = len(atlas.mean)
    z = numpy_rng(2, "depth", name).standard_normal((200, d)) * np.linspace(0, 2, 200)[:, None]
    told = page.evaluate(DEPTH, [z.tolist(), True])
    shares = np.array([each["share"] for each in told])
    # 2,000 draws: Kolmogorov and Smirnov, 1 %.
    assert np.abs(shares - chi2.cdf((z**2).sum(1), d)).max() < 1.63 / np.sqrt(2000)
    np.testing.assert_allclose([each["logp"] for each in told], norm.logpdf(z).sum(1), rtol=1e-9)


def test_how_far_out_a_code_is_among_test_images(page):
    atlas = given(page, "ae-2d")
    centred, factor = codes_of(atlas)
    far = (np.linalg.solve(factor, centred.T) ** 2).sum(0)
    told = page.evaluate(DEPTH, [atlas.codes[:300].astype(float).tolist(), False])
    expected = [(far < each).mean() for each in far[:300]]
    np.testing.assert_allclose([each["share"] for each in told], expected, atol=1.5 / len(far))
    assert {each["logp"] for each in told} == {None}


RNG = numpy_rng(3, "ways")
WAYS = {
    "any": (RNG.standard_normal(32), 2 * RNG.standard_normal(32)),
    "two numbers": ([2.0, 0.0], [0.0, 4.0]),
    "opposite": ([1.0, 0.0, 0.0], [-3.0, 0.0, 0.0]),
    "opposite, across": ([0.3, -1.2, 0.7], [-0.6, 2.4, -1.4]),
    "nearly opposite": ([1.0, 0.0, 0.0], [-3.0, 1e-6, 0.0]),
    "the same": ([3.0, 4.0], [3.0, 4.0]),
    "nearly the same": ([3.0, 4.0], [3.0, 4.0 + 1e-9]),
    "one length and another": ([3.0, 4.0], [6.0, 8.0]),
    "from the middle": ([0.0, 0.0], [1.0, 2.0]),
    "to the middle": ([1.0, 2.0], [0.0, 0.0]),
    "one number": ([0.3], [-2.0]),
}


@pytest.mark.parametrize("name", WAYS)
def test_the_way_in_the_browser_is_the_way_of_the_film(page, name):
    a, b = (np.array(each) for each in WAYS[name])
    t = np.linspace(0, 1, 13)
    ask = "([a, b, times, circle]) => times.map((t) => between(a, b, t, circle))"
    for way, round_ in ((line, False), (circle, True)):
        found = page.evaluate(ask, [a.tolist(), b.tolist(), t.tolist(), round_])
        np.testing.assert_allclose(found, way(a, b, t), rtol=1e-9, atol=1e-9)
