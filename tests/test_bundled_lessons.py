"""The lessons that come with genlib: whole, short, and true of what comes with genlib, too."""

import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from genlib.data import assets
from genlib.data.toy2d import make_points
from genlib.gmm import fit_em, select_components, several_starts
from genlib.gmm.selection import parameter_count
from genlib.lessons import Lesson, find_lesson, list_lessons
from genlib.library import recorded
from genlib.preprocess import try_scalings, try_ways
from genlib.repair.bench import stored as repaired
from genlib.scoring import score_mixture
from genlib.scoring import stored as scored
from genlib.settings import BenchConfig, MixtureConfig, PointsConfig

pytestmark = pytest.mark.fast
NAMES = ["em", "choosing-k", "autoencoder", "beta", "gan", "psnr", "scoreboard", "labels", "data"]
WORDS, FEEDBACK, SHORT, ALL = 62, 36, 36, 120  # at most so many words: a card is narrow, and need not be scrolled
FIT = MixtureConfig(initialisation="random_from_data")


def test_they_stand_in_the_order_in_which_they_are_taught():
    lessons, faults = list_lessons()
    assert not faults
    assert [each.name for each in lessons] == ["tour", *NAMES]
    assert max(Counter(each.title for each in lessons).values()) == 1


@pytest.mark.parametrize("name", NAMES)
def test_each_has_an_aim_something_to_try_and_something_to_predict(name):
    lesson = find_lesson(name)
    assert lesson.aim
    assert 5 <= lesson.minutes <= 10
    assert 4 <= len(lesson.steps) <= 6
    assert lesson.steps[0].view
    assert any(step.attempt for step in lesson.steps)
    asked = [step for step in lesson.steps if step.question]
    assert asked
    for step in asked:
        assert [answer.right for answer in step.answers].count(True) == 1, step.title
        assert len(step.answers) == len({answer.text for answer in step.answers}) == 3, step.title
        assert all(answer.feedback for answer in step.answers), step.title
    places = [[answer.right for answer in step.answers].index(True) for step in asked]
    assert len(set(places)) > 1, "the right answer always stands in the same place"


@pytest.mark.parametrize("name", ["tour", *NAMES])
def test_no_step_is_longer_than_its_card(name):
    for step in find_lesson(name).steps:
        assert len(step.title.split()) <= 5, step.title
        assert 5 <= len(step.text.split()) <= WORDS, (step.title, len(step.text.split()))
        for text in [step.attempt, step.question, *(answer.text for answer in step.answers)]:
            assert len(text.split()) <= SHORT, text
        feedback = [len(answer.feedback.split()) for answer in step.answers]
        assert all(words <= FEEDBACK for words in feedback), (step.title, feedback)
        asked = [step.text, step.attempt, step.question, *(answer.text for answer in step.answers)]
        assert len(" ".join(asked).split()) + max(feedback, default=0) <= ALL, step.title


def test_the_tour_runs_by_itself_in_five_minutes():
    steps = find_lesson("tour").steps
    assert 9 <= len(steps) <= 12
    assert all(20 <= step.seconds <= 40 and step.view and not step.question for step in steps)
    assert sum(step.seconds for step in steps) <= 300
    assert [step.handout for step in steps] == [False] * (len(steps) - 1) + [True]


# What they say of recorded runs, stored scores and fits is what these say. Repairs and labels: see the pages' tests.


def says(name: str, *figures: str) -> None:
    """A lesson gives these figures, the sign as it is printed."""
    for figure in figures:
        assert figure.replace("-", "−") in _text(find_lesson(name)), f"{name} does not say {figure}"


def _text(lesson: Lesson) -> str:
    parts = [text for step in lesson.steps for text in (step.text, step.question)]
    return "\n".join(parts + [answer.feedback for step in lesson.steps for answer in step.answers])


def fitted(dataset: str, **values):
    """The steps of a fit."""
    return list(fit_em(make_points(PointsConfig(dataset=dataset)).x, replace(FIT, **values)))


def judged(run: str) -> dict[str, float]:
    """The last judgement of a recorded run."""
    path = next(each.path for each in recorded() if each.id == run)
    rows = [json.loads(line) for line in (path / "metrics.jsonl").read_text("utf-8").splitlines()]
    last = {row["split"]: row for row in rows}
    return last["train"] | last["validation"]


def test_em_creeps_and_never_falls():
    steps = fitted("overlapping", components=3)
    curve = [step.log_likelihood for step in steps]
    assert all(later >= earlier for earlier, later in pairwise(curve))
    assert curve[-1] - curve[len(curve) // 4] < 0.02
    says("em", f"{steps[-1].iteration} iterations")


def test_em_ends_where_it_began_to_climb():
    good, bad = fitted("blobs", components=4)[-1], fitted("blobs", components=4, seed=1)[-1]
    assert bad.converged
    assert good.log_likelihood > bad.log_likelihood + 0.3
    weights = sorted(bad.mixture.weights)
    assert weights[3] == pytest.approx(0.5, abs=0.01), "one lies over two groups of four"
    assert weights[0] + weights[1] == pytest.approx(0.25, abs=0.01), "two share another"
    says("em", f"{bad.iteration} iterations")


def test_no_random_start_of_four_finds_the_ring_and_k_means_does():
    x = make_points(PointsConfig(dataset="ring")).x
    ends = {
        name: [each[-1] for each in several_starts(x, replace(FIT, components=8, initialisation=name), 4)]
        for name in ("random_from_data", "kmeans", "random")
    }
    assert all(abs(each.mixture.weights - 1 / 8).max() < 0.01 for each in ends["kmeans"])
    assert all(abs(each.mixture.weights - 1 / 8).max() > 0.05 for each in ends["random_from_data"])
    assert all(abs(each.mixture.means).max() < 1 for each in ends["random"]), "all lie in the middle"
    assert {each.iteration for each in ends["random"]} == {2}
    best = {name: max(each.log_likelihood for each in found) for name, found in ends.items()}
    says("em", f"{best['random_from_data']:.2f}", f"{best['kmeans']:.2f}", f"{best['random']:.2f}", "416")


def test_twelve_components_fit_a_hundred_points_best_and_explain_new_ones_worst():
    x = make_points(PointsConfig(dataset="blobs", n=100)).x
    found = list(select_components(x, MixtureConfig(), range(1, 13)))
    assert min(found, key=lambda each: each.bic).components == 4
    assert max(found, key=lambda each: each.held_out_log_likelihood).components == 4
    assert max(found, key=lambda each: each.train_log_likelihood).components == 12
    assert min(found, key=lambda each: each.held_out_log_likelihood).components == 12
    says("choosing-k", *(f"{found[k - 1].train_log_likelihood:.2f}" for k in (4, 12)))


@pytest.mark.parametrize(
    ("dataset", "best", "others"), [("overlapping", 3, (1, 2, 4, 12)), ("moons", 10, (2, 4, 9, 11))]
)
def test_bic_chooses_as_it_is_said(dataset, best, others):
    x = make_points(PointsConfig(dataset=dataset)).x

    def bic(k):
        fit = list(fit_em(x, MixtureConfig(components=k)))[-1]
        return parameter_count(k, 2, "full") * np.log(len(x)) - 2 * len(x) * fit.log_likelihood

    assert all(bic(best) < bic(k) for k in others)


def test_ten_components_make_better_moons_and_worse_groups():
    config = PointsConfig(dataset="moons")
    for k in (2, 10):
        metrics = score_mixture(make_points(config).x, MixtureConfig(components=k), config, 1000).metrics
        says("choosing-k", f"{metrics['told_apart']:.2f}", f"{metrics['rand']:.2f}")


def test_recorded_runs_on_points_do_what_is_said_of_them():
    says("autoencoder", f"{judged('ae2d')['high_quality']:.0%}".replace("%", " %"))
    says("beta", f"{judged('vae2d')['high_quality']:.0%}".replace("%", " %"), f"{judged('vae2d')['squared_error']:.3f}")
    assert judged("vae2d-collapse")["kl"] < 0.01
    assert judged("gan2d")["modes"] == judged("gan2d-packing")["modes"] == 8
    assert judged("gan2d-collapse")["modes"] == 0
    assert judged("gan2d-oscillation")["modes"] <= 1
    says("gan", f"{judged('gan2d')['loss_d']:.2f}", f"{judged('gan2d-collapse')['loss_d']:.2f}")
    slow, packed = (next(each for each in recorded() if each.id == f"gan2d-{name}") for name in ("collapse", "packing"))
    assert slow.settings["model"]["d_rate"] == packed.settings["model"]["d_rate"] == 0.2
    says("autoencoder", *(f"{judged(name)['squared_error']:.1f}" for name in ("ae-2d", "vae-2d")))


def test_the_scoreboard_says_what_is_said_of_it():
    table = {(each.model, each.features, each.n): each for each in scored()}

    def figure(model, name="frechet", features="classifier", n=10_000):
        return table[model, features, n].metrics[name]

    says("autoencoder", *(f"{figure(name):.0f}" for name in ("ae-denoising", "vae-20d")))
    says("labels", *(f"{figure(name):.0f}" for name in ("gan", "gan-labels", "vae-20d", "vae-labels")))
    models = {model for model, *_ in table}
    assert min(models, key=figure) == "gan-labels"
    by_pca = sorted(models, key=lambda name: figure(name, features="pca"))
    assert (by_pca[0], by_pca[2], len(by_pca)) == ("vae-labels", "gan-labels", 10)
    says("scoreboard", *(f"{figure(name, features='pca'):.2f}" for name in ("vae-labels", "gan-labels", "mixture")))
    said = [f"{figure('gan-labels', n=n):.0f}" for n in (1000, 10_000)]
    real = [table["gan", "classifier", n].real_vs_real["frechet"] for n in (1000, 10_000)]
    says("scoreboard", *said, *(f"{each:.0f}" for each in real))
    noise, truth = table["gan", "pca", 10_000].bad, table["gan", "pca", 10_000].real_vs_real
    assert noise["precision"] > truth["precision"]
    says("scoreboard", *(f"{each:.2f}" for each in (noise["precision"], truth["precision"], noise["recall"])))
    says("scoreboard", f"{table['gan', 'classifier', 10_000].bad['precision']:.2f}")
    gan = table["gan", "classifier", 10_000]
    says("scoreboard", *(f"{told['copied']:.3f}" for told in (gan.metrics, gan.real_vs_real, gan.stderr)))
    says("scoreboard", f"{figure('vae-50d', 'nll'):.1f}")
    says("scoreboard", *(f"{figure(m, f):.2f}" for m in ("vae-50d", "vae-20d") for f in ("precision", "recall")))
    assert figure("vae-50d", "nll") == min(figure(m, "nll") for m in models if m.startswith("vae"))
    best = [max(models, key=lambda name: figure(name, column)) for column in ("precision", "recall")]
    assert best[0] != best[1]


def test_repairs_of_many_images_are_as_said():
    rows = {(each.method, each.hole): each for each in repaired()}
    holes = {hole for _, hole in rows}
    assert len(holes) == 4
    assert all(rows["linear", hole].psnr_db >= rows["gan-search", hole].psnr_db for hole in holes)
    says("psnr", *(f"{25 * sum(rows[m, hole].reads for hole in holes):.0f} %" for m in ("linear", "gan-search")))


def test_the_bench_is_as_said():
    x = make_points(PointsConfig(dataset="stretched")).x

    def last(try_all, covariance, stretch=1.0):
        *_, tried = try_all(x, BenchConfig(stretch=stretch), MixtureConfig(components=3, covariance=covariance))
        return tried.outcomes

    plain, round_, full = (
        {name: each.log_likelihood for name, each in last(try_scalings, *how).items()}
        for how in (("spherical",), ("spherical", 1000.0), ("full", 1000.0))
    )
    assert max(abs(each + 5.33) for each in plain.values()) < 0.015
    says("data", f"{round_.pop('raw'):.1f}", f"{max(round_.values()):.1f}")
    assert max(abs(each + 11.51) for each in full.values()) < 0.01
    ways = last(try_ways, "spherical")
    put = {name: each.error for name, each in ways.items() if each.error is not None}
    assert max(put, key=put.get) == "mixture_draw"
    says("data", *(f"{put[name]:.2f}" for name in ("mixture_mean", "mixture_draw")))
    says("data", *(f"{ways[name].log_likelihood:.2f}" for name in ("mixture_mean", "mixture_draw")))


def test_the_sheet_for_teachers_leads_to_lessons_that_there_are():
    text = (assets() / "teaching.md").read_text("utf-8")
    names = {part.split("&")[0].split(")")[0] for part in text.split("lesson=")[1:]}
    assert names >= set(NAMES) - {"data"}
    for name in names:
        find_lesson(name)
