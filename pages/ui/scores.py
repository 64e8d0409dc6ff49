"""The scoreboard as tables and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from genlib.scoring import MEANINGS, POINT_MEANINGS, Look, Meaning, PointScore, Score
from genlib.settings import FAMILY_NAMES
from pages.ui import figure
from pages.ui.picker import inline
from pages.ui.words import duration, plain

__all__ = ["anatomy", "explained", "meanings", "points_table", "table"]

_COLUMNS = ("frechet", "precision", "recall", "density", "coverage", "classes", "histogram_distance", "copied")
_BY = {
    "classifier": "in the features of the bundled classifier",
    "pca": "in their coordinates along the 50 main axes of training images, which any data have and no classifier",
}
_SOME = ("squared_error", "nll", "nll_gap")  # not of every model


def table(scores: Sequence[Score], titles: Sequence[str], things: str) -> None:
    """All models below each other, between real digits, or whatever ``things`` are, and noise."""
    first = scores[0]
    names = [name for name in _COLUMNS if name in first.metrics] + list(_SOME)
    rows = [_row(f"Real {things}", names, first.real_vs_real, {})]
    rows += [_row(title, names, each.metrics, each.cost) for title, each in zip(titles, scores, strict=True)]
    rows += [_row(f"Noise around the mean {things[:-1]}", names, first.bad, {})]
    form = {
        MEANINGS[name].title: st.column_config.NumberColumn(
            format=f"%.{MEANINGS[name].digits}f", help=f"{MEANINGS[name].means} {MEANINGS[name].misleads}"
        )
        for name in names
    }
    form |= {
        "Model": st.column_config.TextColumn(pinned=True, width=220),
        "Trained for (s)": st.column_config.NumberColumn(format="%.0f"),
        "Weights": st.column_config.NumberColumn(format="localized"),
        "MB": st.column_config.NumberColumn(format="%.1f"),
    }
    figure.table(rows, "How near to real the drawings of each model are", column_config=form, height="content",
                 placeholder="–")  # fmt: skip
    worst = {name: max((each.stderr.get(name, 0.0) for each in scores), default=0.0) for name in MEANINGS}
    share = max(worst[name] for name in ("precision", "recall", "coverage", "histogram_distance"))
    st.caption(
        f"{first.n:,} drawings of each model against {first.n:,} test images, seed {first.seed}, "
        f"{_BY[first.features]}. Real {things}: as many training images. Standard errors are at most "
        f"{worst['frechet']:.2f} (Fréchet), {share:.3f} (shares), {worst['density']:.3f} (density), "
        f"{worst['copied']:.3f} (nearer to training). Click a column to sort by it; an empty place is what a model "
        "cannot do."
    )


def _row(title: str, names: Sequence[str], metrics: Any, cost: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"Model": title} | {MEANINGS[name].title: metrics.get(name) for name in names}
    megabytes = cost["bytes"] / 1e6 if cost else None
    return row | {"Trained for (s)": cost.get("seconds"), "Weights": cost.get("parameters"), "MB": megabytes}


def anatomy(score: Score, title: str, look: Look, learned: int) -> None:
    """One model closer: its figures in words, its best and worst drawings, and the nearest of so many images."""
    trained = f"{FAMILY_NAMES[score.family]}, {score.cost['parameters']:,} weights, trained for "
    still = " It is still being trained: these are the figures of its last saved state." if score.training else ""
    st.caption(plain(f"{title}: {trained}{duration(score.cost['seconds'])}, {score.step:,} steps.{still}"))
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Most like real ones**")
        st.html(inline(look.best, "The drawings with most real images around them", 400))
        st.markdown("**Least like real ones**")
        st.html(inline(look.worst, "The drawings farthest from any real image", 400))
        st.caption(f"Of {look.n:,} drawings, by density: how many real images each has around it.")
    with right:
        st.markdown("**Its nearest training images**")
        st.html(inline(look.pairs, "Drawings above, the nearest training image of each below", 400))
        st.caption(
            f"Above ten drawings, as they came; below each the nearest of all {learned:,} training images. Alike is "
            "good, the same would be learnt by heart."
        )
        if score.histogram:
            st.markdown("**How often it draws each digit**")
            from genlib.plots import shares_chart

            figure.figure(shares_chart(score.histogram, look.shares), "shares")
    kinds = {"most like real ones": look.best, "least like real ones": look.worst, "nearest": look.pairs}
    figure.pictures({f"{title} {kind}": image for kind, image in kinds.items()}, "anatomy")


def meanings(score: Score, things: str) -> None:
    """Every figure of a model with its error, its ends, what it means, when it misleads, and its source."""
    explained(score, MEANINGS, "noise")
    quarter, half = score.n // 4, score.n // 2
    few = [f"{score.metrics[f'frechet_at_{part}']:.2f} with {part:,}" for part in (quarter, half)]
    real = [f"{score.real_vs_real[f'frechet_at_{part}']:.2f}" for part in (quarter, half)]
    st.caption(
        f"The bias of the Fréchet distance: {', '.join(few)} and {score.metrics['frechet']:.2f} with {score.n:,} "
        f"drawings; real {things} {', '.join(real)} and {score.real_vs_real['frechet']:.2f}. ± is one standard error: "
        "of the Fréchet distance by leaving out a tenth at a time, else of the spread over the images. "
        f"n {score.n:,}, seed {score.seed}."
    )


def explained(score: Score | PointScore, known: Mapping[str, Meaning], bad: str) -> None:
    """Figures in words, in two columns; ``bad`` is what to call the bad model."""
    columns = st.columns(2, gap="large")
    shown = [name for name in known if name in score.metrics]
    for i, name in enumerate(shown):
        meaning = known[name]
        error = f" ± {score.stderr[name]:.{max(meaning.digits, 1)}f}" if name in score.stderr else ""
        ends = {"real": score.real_vs_real, bad: score.bad}
        beside = [f"{title} {each[name]:.{meaning.digits}f}" for title, each in ends.items() if name in each]
        columns[i >= -(-len(shown) // 2)].markdown(
            f"**{meaning.title}: {score.metrics[name]:.{meaning.digits}f}{error}** :gray[{' · '.join(beside)}]  \n"
            f"{meaning.means} *{meaning.misleads}*  \n:small[:gray[{meaning.source}]]"
        )


def points_table(score: PointScore, title: str) -> None:
    """A mixture between real points and a plain Gaussian."""
    rows = {"Fresh real points": score.real_vs_real, title: score.metrics, "One Gaussian along the axes": score.bad}
    titles = {name: meaning.title for name, meaning in POINT_MEANINGS.items() if name in score.metrics}
    figure.table(
        [
            {"Points": row} | {title: metrics.get(name) for name, title in titles.items()}
            for row, metrics in rows.items()
        ],
        "How near points of the mixture are to real ones",
        placeholder="–",
        column_config={"Points": st.column_config.TextColumn(pinned=True)}
        | {
            title: st.column_config.NumberColumn(
                format=f"%.{POINT_MEANINGS[name].digits}f",
                help=f"{POINT_MEANINGS[name].means} {POINT_MEANINGS[name].misleads}",
            )
            for name, title in titles.items()
        },
    )
