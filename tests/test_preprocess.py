"""The data bench: what is lost, what is put in, and that nothing is learned from what judges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from genlib.data.toy2d import make_points
from genlib.gmm import fit_em
from genlib.knobs import InputError
from genlib.preprocess import COMPLETE, WAYS, Outcome, prepare, try_scalings, try_ways, unequal
from genlib.preprocess.gaps import lose, stray
from genlib.seeding import numpy_rng
from genlib.settings import BenchConfig, MixtureConfig, PointsConfig

pytestmark = pytest.mark.fast
THREE = MixtureConfig(components=3)


def points(n=600, dataset="stretched"):
    return make_points(PointsConfig(dataset=dataset, n=n)).x


def outcomes(x, config, mixture=THREE):
    *_, last = try_ways(x, config, mixture)
    return last.outcomes


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.sampled_from(BenchConfig.knob("gaps").choices), share=st.floats(0, 0.9), n=st.integers(1, 80),
    d=st.integers(2, 5), already=st.floats(0, 0.6), seed=st.integers(0, 1000),
)  # fmt: skip
def test_a_share_of_the_rows_loses_one_value_and_none_the_last(gaps, share, n, d, already, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    x[rng.random(x.shape) < already] = np.nan
    x[:, 0] = 0.5
    missing = lose(x, BenchConfig(share=share, gaps=gaps), numpy_rng(seed, "lose"))
    before = np.isnan(x)
    assert (missing >= before).all()
    lost = (missing & ~before).sum(axis=1)
    assert lost.max() <= 1
    assert lost.sum() <= round(share * n)
    assert not missing.all(axis=1).any()
    if not already:
        assert lost.sum() == round(share * n)
    if gaps != "mcar":
        assert not missing[:, 0].any(), "what tells is always there"
    assert np.array_equal(missing, lose(x, BenchConfig(share=share, gaps=gaps), numpy_rng(seed, "lose")))


def test_what_is_lost_depends_on_what_it_should():
    x = np.random.default_rng(0).normal(size=(4000, 2))

    def alike(gaps, column):
        missing = lose(x, BenchConfig(gaps=gaps), numpy_rng(0, "lose"))[:, 1]
        return ks_2samp(x[missing, column], x[~missing, column]).pvalue

    assert alike("mcar", 0) > 0.01
    assert alike("mcar", 1) > 0.01
    assert alike("mar", 0) < 1e-20
    assert alike("mar", 1) > 0.01, "the lost column is independent of what tells"
    assert alike("mnar", 0) > 0.01
    assert alike("mnar", 1) < 1e-20


def test_outliers_are_ten_deviations_away():
    x = np.random.default_rng(0).normal(size=(500, 3)) * [1, 10, 100]
    found, rows = stray(x, 0.1, numpy_rng(0, "stray"))
    assert len(rows) == len(set(rows.tolist())) == 50
    moved = np.abs(found - x) / x.std(0)
    assert np.allclose(moved[rows].max(1), 10)
    assert moved.sum() == pytest.approx(500)
    assert not moved[np.setdiff1d(np.arange(500), rows)].any()


def test_the_parts_share_nothing_and_are_only_harmed_as_asked():
    x = points()
    config = BenchConfig(share=0.5, outliers=0.1, stretch=100.0)
    bench = prepare(x, config)
    whole = x * [1, 100]
    assert sorted(map(tuple, [*bench.clean, *bench.truth])) == sorted(map(tuple, whole))
    assert len(bench.clean) == 420
    kept = ~np.isnan(bench.train)
    assert ((bench.train == bench.clean)[kept].sum()) >= kept.sum() - len(bench.strays)
    assert np.isnan(bench.train).sum() == 210
    assert np.isnan(bench.test).sum() == 90
    seen = ~np.isnan(bench.test)
    assert np.array_equal(bench.test[seen], bench.truth[seen]), "no outlier there"


@pytest.mark.parametrize("scaling", BenchConfig.knob("scaling").choices)
@pytest.mark.parametrize("way", ["mean", "neighbours", "iterative"])
def test_imputers_are_scikit_learns_in_a_pipeline_fitted_on_the_training_part(scaling, way):
    x, config = points(200), BenchConfig(scaling=scaling, stretch=5.0)
    bench = prepare(x, config)
    imputer = {
        "mean": SimpleImputer(), "neighbours": KNNImputer(n_neighbors=5), "iterative": IterativeImputer(random_state=0)
    }[way]  # fmt: skip
    scales = {"minmax": [MinMaxScaler()], "standard": [StandardScaler()], "robust": [RobustScaler()], "raw": []}[
        scaling
    ]
    pipeline = make_pipeline(*scales, imputer).fit(bench.train)
    expected = pipeline.transform(bench.test)
    if scales:
        expected = pipeline[0].inverse_transform(expected)
    found = outcomes(x, config)[way]
    np.testing.assert_allclose(found.filled, expected, rtol=1e-6, atol=1e-9)
    hidden = np.isnan(bench.test)
    error = np.sqrt(np.square(((expected - bench.truth) / bench.truth.std(0))[hidden]).mean())
    assert found.error == pytest.approx(error, rel=1e-6)


def test_what_judges_changes_nothing_that_is_learned():
    """The same training rows beside other test rows: the models are the same to the last bit."""
    x = points()
    config = BenchConfig()
    order = numpy_rng(config.bench_seed, "bench").permutation(len(x))
    other = x.copy()
    other[order[420:]] += 5.0
    ours, theirs = outcomes(x, config), outcomes(other, config)
    for name in ours:
        assert np.array_equal(ours[name].samples, theirs[name].samples), name
        assert ours[name].log_likelihood != theirs[name].log_likelihood


def scalings(*asked):
    *_, last = try_scalings(*asked)
    return last.outcomes


def test_likelihoods_are_in_the_unit_of_the_table():
    """One full Gaussian fits alike after any scaling, and a table twice as wide costs log 2."""
    one = MixtureConfig(components=1, regularisation=0.0)
    x = points()
    logs = {name: each.log_likelihood for name, each in scalings(x, BenchConfig(share=0.0), one).items()}
    assert logs["minmax"] == pytest.approx(logs["raw"], abs=1e-6)
    assert logs["standard"] == pytest.approx(logs["raw"], abs=1e-6)
    assert logs["robust"] == pytest.approx(logs["raw"], abs=1e-6)
    wide = scalings(x, BenchConfig(share=0.0, stretch=2.0), one)["standard"].log_likelihood
    assert wide == pytest.approx(logs["standard"] - np.log(2), abs=1e-6)
    bench = prepare(x, BenchConfig(share=0.0))
    *_, last = fit_em(bench.train, one)
    assert logs["raw"] == pytest.approx(last.mixture.log_prob(bench.truth).mean(), abs=1e-6)


def test_where_nothing_is_missing_all_ways_are_one():
    found = outcomes(points(), BenchConfig(share=0.0))
    assert set(found) == {COMPLETE, *WAYS}
    assert all(each.error is None for each in found.values())
    for each in found.values():
        assert each.rows == 420
        assert each.log_likelihood == pytest.approx(found[COMPLETE].log_likelihood, abs=1e-6)


def test_the_nearest_values_and_the_best_model_are_not_of_one_way():
    found = outcomes(points(3000), BenchConfig(share=0.6))
    errors = {name: each.error for name, each in found.items() if each.error is not None}
    assert min(errors, key=errors.get) in ("mixture_mean", "direct")
    assert errors["mixture_draw"] > 1.2 * errors["mixture_mean"]
    logs = {name: each.log_likelihood for name, each in found.items()}
    assert min(logs["mixture_draw"], logs["direct"]) > logs["mixture_mean"] + 0.1
    assert logs["direct"] == pytest.approx(logs[COMPLETE], abs=0.05)
    assert min(logs["mean"], logs["iterative"]) < logs["neighbours"] - 0.1
    assert found["mean"].energy > 3 * found["direct"].energy


def test_rows_that_are_dropped_by_their_values_mislead():
    random, told = (outcomes(points(2000), BenchConfig(gaps=gaps, share=0.5)) for gaps in ("mcar", "mar"))
    assert random["drop"].log_likelihood == pytest.approx(random[COMPLETE].log_likelihood, abs=0.05)
    assert told["drop"].log_likelihood < told[COMPLETE].log_likelihood - 0.3
    assert told["direct"].log_likelihood > told["drop"].log_likelihood + 0.2
    assert random["drop"].rows == 700


def test_unequal_columns_break_a_spherical_mixture_and_the_sentence_says_so():
    round_ones = MixtureConfig(components=3, covariance="spherical")
    config = BenchConfig(stretch=1000.0, share=0.0, scaling="raw")
    found = scalings(points(), config, round_ones)
    assert found["raw"].log_likelihood < found["standard"].log_likelihood - 3
    bench = prepare(points(), config)
    assert "spherical Gaussian has one radius" in unequal(bench, config, round_ones)
    assert "k-means" in unequal(bench, config, THREE)
    assert unequal(bench, BenchConfig(stretch=1000.0), round_ones) == ""
    assert unequal(prepare(points(), BenchConfig()), BenchConfig(scaling="raw"), round_ones) == ""


def test_a_table_with_gaps_of_its_own_is_judged_by_what_is_known():
    rng = np.random.default_rng(0)
    x = np.concatenate([points(900), rng.normal(size=(900, 1))], axis=1)
    x[rng.random(x.shape) < 0.1] = np.nan
    for each in outcomes(x, BenchConfig(), MixtureConfig(components=3)).values():
        assert np.isfinite([each.log_likelihood, each.energy]).all()
        if each.filled is not None:
            assert np.isfinite(each.filled).all()
            assert np.isfinite(each.error)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (np.zeros((19, 2)), "at least 2 columns and 20 rows"),
        (np.zeros((50, 1)), "at least 2 columns and 20 rows"),
        (np.column_stack([np.arange(50.0), np.full(50, np.nan)]), "has no value at all"),
        (np.column_stack([np.arange(50.0), np.ones(50)]), "same for all points"),
        (np.column_stack([np.arange(50.0), np.arange(50.0) * 1e10]), "beyond 1,000,000,000"),
    ],
)
def test_tables_that_cannot_be_used_get_one_sentence(table, told):
    with pytest.raises(InputError, match=told):
        list(try_ways(table, BenchConfig(), THREE))


def test_one_way_that_cannot_go_on_leaves_the_others():
    found = outcomes(points(20), BenchConfig(share=0.9), MixtureConfig(components=2))
    assert "rows are complete" in found["drop"]
    assert isinstance(found["mean"], Outcome)
    done = [each.done for each in try_ways(points(100), BenchConfig(), THREE)]
    assert done == [pytest.approx((i + 1) / 8) for i in range(8)]


def test_what_lies_outside_the_picture_is_counted():
    bench = prepare(points(), BenchConfig(share=0.0))
    assert bench.outside(bench.truth) == 0
    (low, high), _ = bench.reach
    assert (low, high) == pytest.approx(
        (1.15 * bench.truth.min(0) - 0.15 * bench.truth.max(0))[0:1].tolist()
        + [1.15 * bench.truth[:, 0].max() - 0.15 * bench.truth[:, 0].min()]
    )
    assert bench.outside(np.array([[low - 1e-6, 0.0], [high, 0.0], [0.0, 1e9], [0.0, 0.0]])) == 0.5


def test_a_column_that_is_nearly_empty_has_neighbours():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8000, 3))
    x[rng.permutation(8000)[12:], 2] = np.nan
    found = outcomes(x, BenchConfig(share=0.0))
    assert isinstance(found["neighbours"], Outcome)
    assert not np.isnan(found["neighbours"].filled).any()


def test_what_would_be_has_all_outliers():
    bench = prepare(points(1000), BenchConfig(outliers=0.1, share=0.5))
    moved = (bench.dirty != bench.clean).any(axis=1)
    assert set(np.flatnonzero(moved)) == set(bench.strays.tolist())
    seen = ~np.isnan(bench.train)
    assert np.array_equal(bench.train[seen], bench.dirty[seen])
    assert not np.isnan(bench.dirty).any()


def test_of_a_very_large_table_some_rows_are_taken():
    bench = prepare(np.random.default_rng(0).normal(size=(20_000, 20)), BenchConfig(share=0.0))
    assert len(bench.train) + len(bench.test) == 5000
